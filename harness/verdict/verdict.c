/* Is the claim supported, refuted, or is there not enough to say? Every answer with its reason. */
#include "verdict/verdict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "stats/stats.h"

#define ALPHA          0.05
#define BLOCKS_NEEDED  5
#define SPAN_NEEDED_NS (300 * CLOCK_NS_PER_S)
#define TAU            1.0 /* dependence is not corrected in this version; the report says so */

/* The samples of one claim at one batch size, in order of pairs: larger is worse for AT_MOST,
 * smaller is worse for FASTER. */
struct evidence {
    double *values, *sorted;
    size_t n;
    double p;    /* quantile of AT_MOST, 0.5 of FASTER */
    double edge; /* limit in ns, or the claimed ratio */
    bool ratio;
};

const char *verdict_word_name(enum verdict_word word)
{
    static const char *const names[] = {"supported", "refuted", "inconclusive"};
    return names[word];
}

static bool is_bad(const struct evidence *evidence, double value)
{
    return evidence->ratio ? value < evidence->edge : value > evidence->edge;
}

static size_t count_bad(const struct evidence *evidence, size_t n)
{
    size_t bad = 0;
    for (size_t i = 0; i < n; i++)
        bad += is_bad(evidence, evidence->values[i]);
    return bad;
}

static int load_evidence(struct evidence *out, const struct scenario_claim *claim,
                         struct store *store, int64_t run, int value, struct err *err)
{
    double *other = NULL;
    size_t others = 0;
    *out = (struct evidence){.p = claim->quantile, .edge = (double)claim->limit_ns};
    if (store_series(store, run, (int)claim->arm, value, claim->metric, &out->values, &out->n,
                     err) < 0)
        return -1;
    if (claim->kind == SCENARIO_CLAIM_FASTER) {
        if (store_series(store, run, (int)claim->than, value, claim->metric, &other, &others, err) <
            0)
            return -1;
        out->n = others < out->n ? others : out->n;
        stats_ratios(out->values, other, out->values, out->n);
        out->p = 0.5;
        out->edge = claim->ratio;
        out->ratio = true;
        free(other);
    }
    return 0;
}

/* The boundaries the run was planned with: those of its looks, or of the n at hand when it ended
 * before its first look (then nothing is decided, but the bounds are still told). */
static struct stats_plan plan_for(const struct scenario *scenario, const struct evidence *evidence)
{
    struct stats_plan plan;
    stats_plan_looks(&plan, scenario->looks, scenario->look_count, evidence->p, ALPHA);
    return plan;
}

static void test_looks(struct verdict_item *item, const struct scenario *scenario,
                       const struct evidence *evidence, const struct stats_plan *plan)
{
    item->word = VERDICT_INCONCLUSIVE;
    for (size_t k = 0; k < plan->looks && scenario->looks[k] <= (int)evidence->n; k++) {
        item->n = (size_t)scenario->looks[k];
        item->bad = count_bad(evidence, item->n);
        item->look = (int)k + 1;
        item->p_support = stats_p_support(item->bad, item->n, evidence->p, TAU);
        item->p_refute = stats_p_refute(item->bad, item->n, evidence->p, TAU);
        if (item->p_support <= plan->level_support[k] + 1e-12)
            item->word = VERDICT_SUPPORTED;
        else if (item->p_refute <= plan->level_refute[k] + 1e-12)
            item->word = VERDICT_REFUTED;
        if (item->word != VERDICT_INCONCLUSIVE)
            return;
    }
}

/* Bounds at the levels of the look, so that they agree with the word: supported exactly when the
 * bound on the claim's side lies within the claim. */
static void estimate(struct verdict_item *item, struct evidence *evidence,
                     const struct stats_plan *plan)
{
    struct stats_bounds bounds;
    double support = item->look ? plan->level_support[item->look - 1] : ALPHA;
    double refute = item->look ? plan->level_refute[item->look - 1] : ALPHA;
    if (!item->look) {
        item->n = evidence->n;
        item->bad = count_bad(evidence, item->n);
    }
    evidence->sorted = xcalloc(item->n, sizeof *evidence->sorted);
    if (item->n)
        memcpy(evidence->sorted, evidence->values, item->n * sizeof *evidence->sorted);
    stats_sort(evidence->sorted, item->n);
    item->estimate = stats_quantile(evidence->sorted, item->n, evidence->p);
    bounds = evidence->ratio ? stats_median_bounds(evidence->sorted, item->n, TAU, support, refute)
                             : stats_quantile_bounds(evidence->sorted, item->n, evidence->p, TAU,
                                                     refute, support);
    item->lower = bounds.lower;
    item->upper = bounds.upper;
}

static void explain_at_most(struct verdict_item *item, const struct scenario *scenario)
{
    char at[TEXT_DURATION_BYTES], bound[TEXT_DURATION_BYTES], limit[TEXT_DURATION_BYTES];
    const struct scenario_claim *claim = item->claim;
    double percent = 100 * claim->quantile;
    text_duration(at, item->estimate);
    text_duration(limit, (double)claim->limit_ns);
    if (item->word == VERDICT_REFUTED && isinf(item->lower)) {
        snprintf(item->reason, sizeof item->reason,
                 "too many cycles failed for any p%g: %zu of %zu failed or were above %s, %.1f %% "
                 "may",
                 percent, item->bad, item->n, limit, 100 - percent);
    } else if (item->word == VERDICT_SUPPORTED) {
        text_duration(bound, item->upper);
        snprintf(item->reason, sizeof item->reason,
                 "p%g is %s and at most %s at 95 %%: %zu of %zu cycles were above %s", percent, at,
                 bound, item->bad, item->n, limit);
    } else if (item->word == VERDICT_REFUTED) {
        text_duration(bound, item->lower);
        snprintf(item->reason, sizeof item->reason,
                 "p%g is %s and at least %s at 95 %%: %zu of %zu cycles were above %s, %.1f %% may",
                 percent, at, bound, item->bad, item->n, limit, 100 - percent);
    } else if (item->look == 0) {
        snprintf(item->reason, sizeof item->reason, "%zu complete cycles, the first look needs %d",
                 item->n, scenario->looks[0]);
    } else {
        snprintf(item->reason, sizeof item->reason,
                 "p%g is %s; %zu of %zu cycles were above %s: neither proves nor excludes that "
                 "%.1f %% are (run more cycles)",
                 percent, at, item->bad, item->n, limit, 100 - percent);
    }
}

static void explain_faster(struct verdict_item *item, const struct scenario *scenario)
{
    const struct scenario_claim *claim = item->claim;
    if (item->look == 0)
        snprintf(item->reason, sizeof item->reason, "%zu complete pairs, the first look needs %d",
                 item->n, scenario->looks[0]);
    else if (item->word == VERDICT_SUPPORTED)
        snprintf(item->reason, sizeof item->reason,
                 "median ratio %.3fx, at least %.3fx at 95 %%: %zu of %zu pairs were below %gx",
                 item->estimate, item->lower, item->bad, item->n, claim->ratio);
    else if (item->word == VERDICT_REFUTED)
        snprintf(item->reason, sizeof item->reason,
                 "median ratio %.3fx, at most %.3fx at 95 %%: %zu of %zu pairs were below %gx",
                 item->estimate, item->upper, item->bad, item->n, claim->ratio);
    else
        snprintf(item->reason, sizeof item->reason,
                 "median ratio %.3fx, its interval [%.3f .. %.3f] holds the claimed %gx (run "
                 "more cycles)",
                 item->estimate, item->lower, item->upper, claim->ratio);
}

static int judge_measured(struct verdict_item *item, const struct scenario *scenario,
                          struct store *store, int64_t run, struct err *err)
{
    struct evidence evidence;
    struct stats_plan plan;
    if (load_evidence(&evidence, item->claim, store, run, item->value, err) < 0) {
        free(evidence.values);
        return -1;
    }
    plan = plan_for(scenario, &evidence);
    test_looks(item, scenario, &evidence, &plan);
    estimate(item, &evidence, &plan);
    if (evidence.ratio)
        explain_faster(item, scenario);
    else
        explain_at_most(item, scenario);
    free(evidence.values);
    free(evidence.sorted);
    return 0;
}

/* A rule that must hold in every cycle is refuted by one counterexample and supported by none in as
 * many cycles as were planned; the bound says what "none" can mean. */
static void judge_counted(struct verdict_item *item, const struct scenario *scenario, int64_t n,
                          int64_t bad)
{
    /* for INTACT the tally counts all arms: each must have come as far as the first look */
    int64_t arms = item->claim->kind == SCENARIO_CLAIM_INTACT ? (int64_t)scenario->arm_count : 1;
    int64_t wanted = scenario->looks[0] * arms;
    item->n = (size_t)n;
    item->bad = (size_t)bad;
    item->estimate = n ? (double)bad / (double)n : NAN;
    item->rate_upper = stats_rate_upper(item->bad, item->n, 0.95);
    item->lower = 0;
    item->upper = item->rate_upper;
    if (bad)
        item->word = VERDICT_REFUTED;
    else
        item->word = n >= wanted ? VERDICT_SUPPORTED : VERDICT_INCONCLUSIVE;
    item->look = n >= wanted ? 1 : 0;
}

/* good, bad: what a cycle did that kept, or broke, the rule */
static void explain_counted(struct verdict_item *item, const char *good, const char *bad)
{
    const char *few =
        item->word == VERDICT_INCONCLUSIVE ? " (too few cycles to call it supported)" : "";
    if (item->bad || !good)
        snprintf(item->reason, sizeof item->reason,
                 "%zu of %zu cycles %s: true rate below %.2g %% at 95 %%%s", item->bad, item->n,
                 bad, 100 * item->rate_upper, few);
    else
        snprintf(item->reason, sizeof item->reason,
                 "all %zu cycles %s: true rate of exceptions below %.2g %% at 95 %%%s", item->n,
                 good, 100 * item->rate_upper, few);
}

static void judge_intact(struct verdict_item *item, const struct scenario *scenario,
                         const struct store_tally *tally)
{
    judge_counted(item, scenario, tally->cycles, tally->cycles_with_integrity_finding);
    explain_counted(item, NULL, "had an integrity finding");
    if (tally->findings_integrity > 0 && !item->bad) {
        item->word = VERDICT_REFUTED;
        snprintf(item->reason, sizeof item->reason,
                 "%lld integrity findings of the run as a whole, none in one of its %zu cycles",
                 (long long)tally->findings_integrity, item->n);
    }
}

static void judge_failure(struct verdict_item *item, const struct scenario *scenario,
                          const struct store_tally *tally)
{
    bool cancels = item->claim->failure == SCENARIO_CANCEL;
    int64_t good = cancels ? tally->failure_cancelled : tally->failure_degraded;
    judge_counted(item, scenario, tally->cycles, tally->cycles - good);
    if (cancels)
        explain_counted(item, "cancelled the others and told the error",
                        "did not cancel all others or did not tell the error");
    else
        explain_counted(item, "let the others go on and told the error",
                        "did not let all others go on or did not tell the error");
}

static int judge_one(struct verdict_item *item, const struct scenario *scenario,
                     struct store *store, int64_t run, struct err *err)
{
    struct store_tally tally;
    int arm = item->claim->kind == SCENARIO_CLAIM_INTACT ? -1 : (int)item->claim->arm;
    item->batch_size = scenario_batch_size(scenario, (size_t)item->value);
    item->estimate = item->rate_upper = NAN;
    item->lower = -INFINITY;
    item->upper = INFINITY;
    item->p_support = item->p_refute = NAN;
    if (store_tally(store, run, arm, item->value, &tally, err) < 0)
        return -1;
    item->this_sitting_only = tally.blocks < BLOCKS_NEEDED || tally.span_ns < SPAN_NEEDED_NS;
    switch (item->claim->kind) {
    case SCENARIO_CLAIM_INTACT:
        judge_intact(item, scenario, &tally);
        return 0;
    case SCENARIO_CLAIM_FAILURE:
        judge_failure(item, scenario, &tally);
        return 0;
    case SCENARIO_CLAIM_AT_MOST:
    case SCENARIO_CLAIM_FASTER:
        break;
    }
    return judge_measured(item, scenario, store, run, err);
}

int verdict_judge(struct verdict *out, const struct scenario *scenario, struct store *store,
                  int64_t run, struct err *err)
{
    size_t values = scenario_value_count(scenario);
    struct verdict verdict = {.decided = true};
    verdict.items = xcalloc(scenario->claim_count * values, sizeof *verdict.items);
    for (size_t i = 0; i < scenario->claim_count; i++) {
        for (size_t value = 0; value < values; value++) {
            struct verdict_item *item = &verdict.items[verdict.count++];
            item->claim = &scenario->claims[i];
            item->value = (int)value;
            if (judge_one(item, scenario, store, run, err) < 0) {
                verdict_release(&verdict);
                return -1;
            }
            verdict.decided = verdict.decided && item->word != VERDICT_INCONCLUSIVE;
        }
    }
    *out = verdict;
    return 0;
}

void verdict_release(struct verdict *verdict)
{
    free(verdict->items);
    *verdict = (struct verdict){0};
}

int verdict_exit_code(const struct verdict *verdict, const struct store_tally *tally)
{
    int code = 0;
    if (tally->findings_integrity + tally->findings_conduct > 0)
        return 4;
    for (size_t i = 0; i < verdict->count; i++) {
        if (verdict->items[i].word == VERDICT_REFUTED)
            return 1;
        if (verdict->items[i].word == VERDICT_INCONCLUSIVE)
            code = 3;
    }
    return code;
}
