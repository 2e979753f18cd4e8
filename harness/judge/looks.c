/* Is the claim decided at a look? Bad cycles counted, held against the binomial, widened by tau. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "judge/judge_internal.h"
#include "judge/stats/mean.h"
#include "judge/stats/robust.h"

#define SLACK 1e-12

/* The first n samples of the evidence, and what they say. Owned: look_end. */
struct look {
    const struct evidence *evidence;
    size_t n, *sizes, blocks; /* a look may cut a block short */
    double support, refute;   /* the levels of this look */
};

static struct look look_at(const struct evidence *evidence, size_t n, double support, double refute)
{
    struct look look = {evidence, n, xcalloc(evidence->blocks, sizeof(size_t)), 0, support, refute};
    for (size_t sum = 0; sum < n && look.blocks < evidence->blocks; look.blocks++) {
        size_t rest = n - sum, size = evidence->sizes[look.blocks];
        look.sizes[look.blocks] = size < rest ? size : rest;
        sum += look.sizes[look.blocks];
    }
    return look;
}

static void look_end(struct look *look)
{
    free(look->sizes);
}

static size_t count(const struct look *look, double edge, bool below)
{
    size_t bad = 0;
    for (size_t i = 0; i < look->n; i++)
        bad += below ? look->evidence->values[i] < edge : look->evidence->values[i] > edge;
    return bad;
}

static void test_one_sided(struct verdict_item *item, const struct look *look)
{
    const struct evidence *evidence = look->evidence;
    item->bad = count(look, evidence->edge, evidence->ratio);
    item->p_support = stats_p_support(item->bad, look->n, evidence->p, item->tau);
    item->p_refute = stats_p_refute(item->bad, look->n, evidence->p, item->tau);
}

/* Two one-sided tests (Schuirmann 1987): supported when both are, refuted when either is. */
static void test_within(struct verdict_item *item, const struct look *look)
{
    size_t high = count(look, 1 + item->claim->share, false);
    size_t low = count(look, 1 - item->claim->share, true);
    item->bad = high + low;
    item->p_support = fmax(stats_p_support(high, look->n, 0.5, item->tau),
                           stats_p_support(low, look->n, 0.5, item->tau));
    item->p_refute = fmin(stats_p_refute(high, look->n, 0.5, item->tau),
                          stats_p_refute(low, look->n, 0.5, item->tau));
}

/* Samples of "at least" are negated: so is what is told of them. */
static void tell(struct verdict_item *item, const struct look *look, double estimate, double lower,
                 double upper)
{
    bool negated = look->evidence->negated;
    if (negated && scenario_metrics[item->claim->metric].more_is_better && isinf(estimate))
        estimate = 0; /* a failed cycle: 0 by second */
    item->estimate = negated ? -estimate : estimate;
    item->lower = negated ? -upper : lower;
    item->upper = negated ? -lower : upper;
}

/* Bounds at the levels of the look, so that they agree with the word: supported exactly when the
 * bound on the claim's side lies within the claim. */
static void estimate(struct verdict_item *item, const struct look *look)
{
    const struct evidence *evidence = look->evidence;
    double *sorted = xcalloc(look->n, sizeof *sorted);
    struct stats_bounds bounds;
    bool within = item->claim->kind == SCENARIO_CLAIM_WITHIN;
    if (look->n)
        memcpy(sorted, evidence->values, look->n * sizeof *sorted);
    stats_sort(sorted, look->n);
    bounds = evidence->ratio ? stats_median_bounds(sorted, look->n, item->tau, look->support,
                                                   within ? look->support : look->refute)
                             : stats_quantile_bounds(sorted, look->n, evidence->p, item->tau,
                                                     look->refute, look->support);
    tell(item, look, stats_quantile(sorted, look->n, evidence->p), bounds.lower, bounds.upper);
    free(sorted);
}

static void test_quantile(struct verdict_item *item, const struct look *look)
{
    const struct evidence *evidence = look->evidence;
    item->tau = stats_robust_tau(evidence->values, look->n,
                                 stats_quantile_beside_heap(evidence->values, look->n, evidence->p),
                                 look->sizes, look->blocks);
    item->effective_n = (double)look->n / item->tau;
    if (item->claim->kind == SCENARIO_CLAIM_WITHIN)
        test_within(item, look);
    else
        test_one_sided(item, look);
    estimate(item, look);
}

static void test_mean(struct verdict_item *item, const struct look *look)
{
    const struct evidence *evidence = look->evidence;
    struct stats_mean_test found =
        stats_test_mean(evidence->values, look->n, look->sizes, look->blocks, evidence->edge,
                        look->refute, look->support);
    item->bad = count(look, evidence->edge, false);
    item->p_support = found.p_support;
    item->p_refute = found.p_refute;
    item->tau = found.tau >= 1 ? found.tau : 1;
    item->effective_n = (double)look->n / item->tau;
    tell(item, look, found.mean, found.lower, found.upper);
}

static void test(struct verdict_item *item, const struct evidence *evidence, size_t n,
                 double support, double refute)
{
    struct look look = look_at(evidence, n, support, refute);
    bool mean = !evidence->ratio && item->claim->statistic == SCENARIO_MEAN;
    item->n = n;
    if (mean)
        test_mean(item, &look);
    else
        test_quantile(item, &look);
    look_end(&look);
}

static enum verdict_word word_at(const struct verdict_item *item, double support, double refute)
{
    if (item->p_support <= support + SLACK)
        return VERDICT_SUPPORTED;
    return item->p_refute <= refute + SLACK ? VERDICT_REFUTED : VERDICT_INCONCLUSIVE;
}

/* How many of its samples are of the first so many pairs? */
static size_t samples_of(const struct evidence *evidence, size_t pairs)
{
    size_t n = 0;
    while (n < evidence->n && (size_t)evidence->pairs[n] < pairs)
        n++;
    return n;
}

void looks_test(struct verdict_item *item, const struct scenario *scenario,
                const struct evidence *evidence)
{
    struct stats_plan plan;
    stats_plan_looks(&plan, scenario->looks, scenario->look_count, evidence->p, VERDICT_ALPHA);
    if (plan.looks == 1) /* nothing is spent before: all of alpha is left, not the attained level */
        plan.level_support[0] = plan.level_refute[0] = VERDICT_ALPHA;
    item->word = VERDICT_INCONCLUSIVE;
    for (size_t k = 0; k < plan.looks && scenario->looks[k] <= (int)evidence->reached; k++) {
        item->look = (int)k + 1;
        test(item, evidence, samples_of(evidence, (size_t)scenario->looks[k]),
             plan.level_support[k], plan.level_refute[k]);
        item->word = word_at(item, plan.level_support[k], plan.level_refute[k]);
        if (item->word != VERDICT_INCONCLUSIVE)
            return;
    }
    if (item->look)
        return;
    /* it ended before its first look: nothing is decided, the bounds are told all the same */
    test(item, evidence, evidence->n, VERDICT_ALPHA, VERDICT_ALPHA);
    item->p_support = item->p_refute = NAN;
}
