/* Is the claim decided at a look? Bad cycles counted, held against the binomial, widened by tau. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "stats/dependence.h"
#include "verdict/internal.h"

#define SLACK 1e-12

/* The first n samples of the evidence, and what they say. */
struct look {
    const struct evidence *evidence;
    size_t n;
    double tau;
};

/* Where a heap of equal samples stands at X(k), next to nothing lies above it and the indicator is
 * blind, however the heap is arranged. Then the quantile just below the heap is looked at. */
static double quantile_beside_heap(const double values[], size_t n, double p)
{
    double *sorted, at;
    size_t below = 0, above = 0;
    if (n == 0)
        return p;
    sorted = xcalloc(n, sizeof *sorted);
    memcpy(sorted, values, n * sizeof *sorted);
    stats_sort(sorted, n);
    at = stats_order_statistic(sorted, n, p);
    free(sorted);
    for (size_t i = 0; i < n; i++) {
        below += values[i] < at;
        above += values[i] > at;
    }
    if (below == 0 || n - below - above < 2 || 2 * (double)above >= (double)n * (1 - p))
        return p;
    return (double)below / (double)n;
}

static struct look look_at(const struct evidence *evidence, size_t n)
{
    struct look look = {evidence, n, 1};
    size_t *sizes = xcalloc(evidence->blocks, sizeof *sizes), blocks = 0;
    /* a look may cut a block short */
    for (size_t sum = 0; sum < n && blocks < evidence->blocks; blocks++) {
        size_t rest = n - sum;
        sizes[blocks] = evidence->sizes[blocks] < rest ? evidence->sizes[blocks] : rest;
        sum += sizes[blocks];
    }
    look.tau = stats_measure_dependence(evidence->values, n,
                                        quantile_beside_heap(evidence->values, n, evidence->p),
                                        sizes, blocks)
                   .tau;
    free(sizes);
    return look;
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
    item->p_support = stats_p_support(item->bad, look->n, evidence->p, look->tau);
    item->p_refute = stats_p_refute(item->bad, look->n, evidence->p, look->tau);
}

/* Two one-sided tests (Schuirmann 1987): supported when both are, refuted when either is. */
static void test_within(struct verdict_item *item, const struct look *look)
{
    size_t high = count(look, 1 + item->claim->share, false);
    size_t low = count(look, 1 - item->claim->share, true);
    item->bad = high + low;
    item->p_support = fmax(stats_p_support(high, look->n, 0.5, look->tau),
                           stats_p_support(low, look->n, 0.5, look->tau));
    item->p_refute = fmin(stats_p_refute(high, look->n, 0.5, look->tau),
                          stats_p_refute(low, look->n, 0.5, look->tau));
}

static void test(struct verdict_item *item, const struct look *look)
{
    item->n = look->n;
    item->tau = look->tau;
    item->effective_n = (double)look->n / look->tau;
    if (item->claim->kind == SCENARIO_CLAIM_WITHIN)
        test_within(item, look);
    else
        test_one_sided(item, look);
}

/* Bounds at the levels of the look, so that they agree with the word: supported exactly when the
 * bound on the claim's side lies within the claim. */
static void estimate(struct verdict_item *item, const struct look *look, double support,
                     double refute)
{
    const struct evidence *evidence = look->evidence;
    double *sorted = xcalloc(look->n, sizeof *sorted);
    struct stats_bounds bounds;
    bool within = item->claim->kind == SCENARIO_CLAIM_WITHIN;
    if (look->n)
        memcpy(sorted, evidence->values, look->n * sizeof *sorted);
    stats_sort(sorted, look->n);
    item->estimate = stats_quantile(sorted, look->n, evidence->p);
    bounds =
        evidence->ratio
            ? stats_median_bounds(sorted, look->n, look->tau, support, within ? support : refute)
            : stats_quantile_bounds(sorted, look->n, evidence->p, look->tau, refute, support);
    item->lower = evidence->negated ? -bounds.upper : bounds.lower;
    item->upper = evidence->negated ? -bounds.lower : bounds.upper;
    item->estimate = evidence->negated ? -item->estimate : item->estimate;
    free(sorted);
}

void looks_test(struct verdict_item *item, const struct scenario *scenario,
                const struct evidence *evidence)
{
    struct stats_plan plan;
    struct look look = {evidence, evidence->n, 1};
    double support = VERDICT_ALPHA, refute = VERDICT_ALPHA;
    stats_plan_looks(&plan, scenario->looks, scenario->look_count, evidence->p, VERDICT_ALPHA);
    item->word = VERDICT_INCONCLUSIVE;
    for (size_t k = 0; k < plan.looks && scenario->looks[k] <= (int)evidence->n; k++) {
        look = look_at(evidence, (size_t)scenario->looks[k]);
        support = plan.level_support[k];
        refute = plan.level_refute[k];
        item->look = (int)k + 1;
        test(item, &look);
        if (item->p_support <= support + SLACK)
            item->word = VERDICT_SUPPORTED;
        else if (item->p_refute <= refute + SLACK)
            item->word = VERDICT_REFUTED;
        if (item->word != VERDICT_INCONCLUSIVE)
            break;
    }
    if (!item->look) { /* it ended before its first look: nothing is decided, the bounds are told */
        look = look_at(evidence, evidence->n);
        test(item, &look);
        item->p_support = item->p_refute = NAN;
    }
    estimate(item, &look, support, refute);
}
