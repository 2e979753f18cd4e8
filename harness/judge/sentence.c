/* Why this word, and what would decide it? One sentence each, with the figures it follows from. */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "judge/judge_internal.h"
#include "judge/stats/anomalies.h"
#include "judge/stats/gate.h"

#define POWER      0.8
#define VALUE_ROOM SENTENCE_VALUE_BYTES

const char *sentence_value(char out[VALUE_ROOM], const struct scenario_claim *claim, double value)
{
    return scenario_units[scenario_metrics[claim->metric].unit].tell(out, value);
}

/* "p95", "the mean" */
static const char *statistic(char out[VALUE_ROOM], const struct scenario_claim *claim)
{
    if (claim->statistic == SCENARIO_MEAN)
        snprintf(out, VALUE_ROOM, "the mean");
    else
        snprintf(out, VALUE_ROOM, "p%.10g", 100 * claim->quantile);
    return out;
}

/* The share of cycles that a quantile claim allows on its wrong side, in percent. */
static double allowed(const struct scenario_claim *claim)
{
    return 100 * (claim->kind == SCENARIO_CLAIM_AT_MOST ? 1 - claim->quantile : claim->quantile);
}

static void explain_counts(struct verdict_item *item, const char *at, const char *bound,
                           const char *limit)
{
    const struct scenario_claim *claim = item->claim;
    bool most = claim->kind == SCENARIO_CLAIM_AT_MOST;
    const char *side = most ? "above" : "below";
    char name[VALUE_ROOM];
    statistic(name, claim);
    if (item->word == VERDICT_SUPPORTED)
        snprintf(item->reason, sizeof item->reason,
                 "%s is %s and %s %s at 95 %%: %zu of %zu cycles were %s %s", name, at,
                 most ? "at most" : "at least", bound, item->bad, item->n, side, limit);
    else if (item->word == VERDICT_REFUTED && isinf(most ? item->lower : item->upper))
        snprintf(item->reason, sizeof item->reason,
                 "too many cycles failed for any %s: %zu of %zu failed or were %s %s, %.4g %% may",
                 name, item->bad, item->n, side, limit, allowed(claim));
    else if (item->word == VERDICT_REFUTED)
        snprintf(item->reason, sizeof item->reason,
                 "%s is %s and %s %s at 95 %%: %zu of %zu cycles were %s %s, %.4g %% may", name, at,
                 most ? "at least" : "at most", bound, item->bad, item->n, side, limit,
                 allowed(claim));
    else
        snprintf(item->reason, sizeof item->reason,
                 "%s is %s; %zu of %zu cycles were %s %s: neither proves nor excludes that "
                 "%.4g %% are",
                 name, at, item->bad, item->n, side, limit, allowed(claim));
}

static void explain_mean(struct verdict_item *item, const char *at, const char *limit)
{
    char lower[VALUE_ROOM], upper[VALUE_ROOM];
    sentence_value(lower, item->claim, item->lower);
    sentence_value(upper, item->claim, item->upper);
    snprintf(
        item->reason, sizeof item->reason,
        "the mean is %s%s, at 95 %% from %s to %s, and %s is claimed; a mean's bounds are good for "
        "usual noise only (reports/statistics.md), a quantile's for any",
        at, isinf(item->estimate) ? " (failed cycles count as endless)" : "",
        isfinite(item->lower) ? lower : "no bound", isfinite(item->upper) ? upper : "no bound",
        limit);
}

static void explain_single(struct verdict_item *item)
{
    const struct scenario_claim *claim = item->claim;
    bool supported = item->word == VERDICT_SUPPORTED, most = claim->kind == SCENARIO_CLAIM_AT_MOST;
    char at[VALUE_ROOM], bound[VALUE_ROOM], limit[VALUE_ROOM];
    sentence_value(at, claim, item->estimate);
    sentence_value(limit, claim, claim->limit);
    sentence_value(bound, claim, supported == most ? item->upper : item->lower);
    if (claim->statistic == SCENARIO_MEAN)
        explain_mean(item, at, limit);
    else
        explain_counts(item, at, bound, limit);
}

static const char *bound_told(char out[VALUE_ROOM], double ratio)
{
    if (isinf(ratio))
        snprintf(out, VALUE_ROOM, "none");
    else
        snprintf(out, VALUE_ROOM, "%.3f", ratio);
    return out;
}

static void explain_faster(struct verdict_item *item)
{
    const struct scenario_claim *claim = item->claim;
    char lower[VALUE_ROOM], upper[VALUE_ROOM];
    if (item->word == VERDICT_SUPPORTED)
        snprintf(item->reason, sizeof item->reason,
                 "median ratio %.3fx, at least %.3fx at 95 %%: %zu of %zu pairs were below %gx",
                 item->estimate, item->lower, item->bad, item->n, claim->ratio);
    else if (item->word == VERDICT_REFUTED)
        snprintf(item->reason, sizeof item->reason,
                 "median ratio %.3fx, at most %.3fx at 95 %%: %zu of %zu pairs were below %gx",
                 item->estimate, item->upper, item->bad, item->n, claim->ratio);
    else
        snprintf(item->reason, sizeof item->reason,
                 "median ratio %.3fx, its interval [%s .. %s] holds the claimed %gx",
                 item->estimate, bound_told(lower, item->lower), bound_told(upper, item->upper),
                 claim->ratio);
}

static void explain_within(struct verdict_item *item)
{
    char lower[VALUE_ROOM], upper[VALUE_ROOM];
    static const char *const relation[] = {"lies within", "does not reach into", "is not clear of"};
    snprintf(item->reason, sizeof item->reason,
             "median ratio %.3fx, its interval [%s .. %s] %s %.3f .. %.3f", item->estimate,
             bound_told(lower, item->lower), bound_told(upper, item->upper), relation[item->word],
             1 - item->claim->share, 1 + item->claim->share);
}

/* Cycles that would decide it either way, were the share against the claim what it is here: normal
 * approximation of the binomial test's sample size (Fleiss 1981). */
static double cycles_for_share(const struct verdict_item *item, const struct evidence *evidence)
{
    double share = (double)item->bad / (double)item->n, edge = 1 - evidence->p;
    double alpha = gsl_cdf_ugaussian_Qinv(VERDICT_ALPHA), beta = gsl_cdf_ugaussian_Pinv(POWER);
    double spread = alpha * sqrt(edge * (1 - edge)) + beta * sqrt(share * (1 - share));
    double least = (double)stats_minimum_n(evidence->p, VERDICT_ALPHA);
    if (fabs(share - edge) < 1e-9)
        return INFINITY;
    return item->tau * fmax(least, pow(spread / (share - edge), 2));
}

static double cycles_for_ratio(const struct verdict_item *item, const struct evidence *evidence)
{
    struct stats_log_spread spread = stats_measure_log_spread(evidence->values, item->n);
    double edge = item->claim->ratio;
    if (item->claim->kind == SCENARIO_CLAIM_WITHIN)
        edge = item->estimate > 1 ? 1 + item->claim->share : 1 - item->claim->share;
    if (!spread.defined)
        return INFINITY;
    return fmax(item->tau * (double)stats_minimum_n(0.5, VERDICT_ALPHA),
                stats_pairs_needed(spread.sigma, item->tau, item->estimate / edge, POWER));
}

static void advise(struct verdict_item *item, const struct scenario *scenario,
                   const struct evidence *evidence)
{
    double needed = INFINITY;
    int most = scenario->looks[scenario->look_count - 1];
    if (!item->look) {
        snprintf(item->remedy, sizeof item->remedy, "go on with it (--resume), or begin again");
        return;
    }
    if (evidence->ratio)
        needed = cycles_for_ratio(item, evidence);
    else if (item->claim->statistic == SCENARIO_QUANTILE)
        needed = cycles_for_share(item, evidence);
    if (needed > most && needed <= 100000)
        snprintf(item->remedy, sizeof item->remedy,
                 "about %.0f %s would decide it 8 times in 10, if the truth is what was seen "
                 "(--cycles %.0f)",
                 ceil(needed), evidence->ratio ? "pairs" : "cycles", ceil(needed));
    else if (needed <= most)
        snprintf(item->remedy, sizeof item->remedy,
                 "as many cycles decide it 8 times in 10, if the truth is what was seen: run it "
                 "again, or more cycles");
    else
        snprintf(item->remedy, sizeof item->remedy,
                 "the truth lies close to the claim: claim less, or take it as undecided");
}

static const char *noun(const struct evidence *evidence, size_t n)
{
    static const char *const nouns[2][2] = {{"cycles", "cycle"}, {"pairs", "pair"}};
    return nouns[evidence->ratio][n == 1];
}

/* Would as many cycles that do not resemble each other have decided it? Then that is the reason. */
static bool is_too_alike(const struct verdict_item *item, const struct evidence *evidence)
{
    if (item->word != VERDICT_INCONCLUSIVE || item->tau <= 1 ||
        item->claim->kind == SCENARIO_CLAIM_WITHIN || item->claim->statistic == SCENARIO_MEAN)
        return false;
    return stats_p_support(item->bad, item->n, evidence->p, 1) <= VERDICT_ALPHA ||
           stats_p_refute(item->bad, item->n, evidence->p, 1) <= VERDICT_ALPHA;
}

static void explain_alike(struct verdict_item *item, const struct evidence *evidence)
{
    snprintf(item->reason, sizeof item->reason,
             "%zu of %zu %s speak against it, but neighbours are so alike that the %zu are worth "
             "only %.3g: too few to decide",
             item->bad, item->n, noun(evidence, item->n), item->n, item->effective_n);
}

void sentence_write(struct verdict_item *item, const struct scenario *scenario,
                    const struct evidence *evidence)
{
    if (!item->look)
        snprintf(item->reason, sizeof item->reason, "%zu complete %s, the first look needs %d",
                 item->n, noun(evidence, item->n), scenario->looks[0]);
    else if (is_too_alike(item, evidence))
        explain_alike(item, evidence);
    else if (item->claim->kind == SCENARIO_CLAIM_WITHIN)
        explain_within(item);
    else if (evidence->ratio)
        explain_faster(item);
    else
        explain_single(item);
    if (item->word == VERDICT_INCONCLUSIVE)
        advise(item, scenario, evidence);
}
