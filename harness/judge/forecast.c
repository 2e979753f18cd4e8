/* What can this plan decide? Boundaries,
 * power and needed cycles of each claim, before it is run. */
#include "judge/forecast.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "judge/judge_internal.h"
#include "judge/stats/anomalies.h"
#include "judge/stats/gate.h"

#define POWER        0.8
#define HIGH_POWER   0.9
#define USUAL_SPREAD 0.11

/* What an earlier run knows of the spread of a claim's ratios. */
struct spread {
    double sigma; /* of ln ratio */
    int64_t run;  /* 0: assumed */
};

/* "0 of 100, 3 of 200"; the counts that a look cannot reach are left out */
static size_t add_counts(struct text *out, const struct scenario *scenario,
                         const struct stats_plan *plan, bool support)
{
    size_t possible = 0;
    for (size_t k = 0; k < plan->looks; k++) {
        int count = support ? plan->most_bad[k] : plan->least_bad[k];
        if (support ? count < 0 : count > scenario->looks[k])
            continue;
        text_addf(out, "%s%d of %d", possible++ ? ", " : "", count, scenario->looks[k]);
    }
    return possible;
}

static void add_boundaries(struct text *out, const struct scenario *scenario,
                           const struct stats_plan *plan, bool pairs)
{
    struct text support = {0}, refute = {0};
    const char *what = pairs ? "pairs" : "cycles";
    if (add_counts(&support, scenario, plan, true))
        text_addf(out, "       supported when at most %s %s speak against it", support.data, what);
    else
        text_addf(out, "       so few %s can never support it", what);
    if (add_counts(&refute, scenario, plan, false))
        text_addf(out, ", refuted from %s on\n", refute.data);
    else
        text_add(out, ", and never refute it\n");
    text_release(&support);
    text_release(&refute);
}

/* "100 cycles can support it only if about 99.2 % of cycles are below 50 ms" */
static void add_reach(struct text *out, const struct scenario *scenario,
                      const struct scenario_claim *claim, const struct stats_plan *plan)
{
    const char *side = claim->kind == SCENARIO_CLAIM_AT_MOST ? "at or below" : "at or above";
    char limit[SENTENCE_VALUE_BYTES];
    sentence_value(limit, claim, claim->limit);
    for (size_t k = 0; k < plan->looks; k++) {
        double share;
        if (plan->most_bad[k] < 0) {
            text_addf(out, "       %d cycles can never support it: a p%g needs %zu\n",
                      scenario->looks[k], 100 * claim->quantile,
                      stats_minimum_n(fmax(claim->quantile, 1 - claim->quantile), VERDICT_ALPHA));
            continue;
        }
        /* the share at which so few bad ones have a chance of 80 % */
        share = stats_rate_upper((size_t)plan->most_bad[k], (size_t)scenario->looks[k], 1 - POWER);
        text_addf(out,
                  "       %d cycles can support it only if about %.1f %% of cycles are %s %s "
                  "(8 times in 10)\n",
                  scenario->looks[k], 100 * (1 - share), side, limit);
    }
}

static void add_needed(struct text *out, double p, double share)
{
    size_t most = stats_cycles_needed(p, share, POWER, VERDICT_ALPHA);
    size_t surer = stats_cycles_needed(p, share, HIGH_POWER, VERDICT_ALPHA);
    if (most && surer)
        text_addf(out, "%11zu %9zu\n", most, surer);
    else
        text_add(out, "          -         -\n");
}

static void add_power(struct text *out, const struct scenario *scenario,
                      const struct stats_plan *plan, double p)
{
    static const double parts[] = {0.1, 0.2, 0.4, 0.6,
                                   0.8, 1,   1.4, 2}; /* of what the claim allows */
    text_add(out,
             "       truly against it  supported  refuted  cycles run   needed: 80 %      90 %\n");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        double share = parts[i] * (1 - p);
        struct stats_power power = stats_plan_power(plan, scenario->looks, share);
        if (share >= 1)
            break;
        text_addf(out, "       %14.3g %% %8.0f %% %6.0f %% %11.0f    ", 100 * share,
                  100 * power.support, 100 * power.refute, power.mean_n);
        add_needed(out, p, share);
    }
}

static struct spread find_spread(const struct results_basis *earlier,
                                 const struct scenario_claim *claim)
{
    struct spread spread = {USUAL_SPREAD, 0};
    struct stats_log_spread found;
    struct evidence evidence;
    if (!earlier->run.id)
        return spread;
    evidence = evidence_take(earlier, claim, claim->at >= 0 ? claim->at : 0);
    found = stats_measure_log_spread(evidence.values, evidence.n);
    if (found.defined && evidence.n >= 20 && found.sigma > 0)
        spread = (struct spread){found.sigma, earlier->run.id};
    evidence_release(&evidence);
    return spread;
}

/* However clear the matter, a median has no bound from fewer than five. */
static double pairs_needed(const struct spread *spread, double factor, double power)
{
    return fmax(ceil(stats_pairs_needed(spread->sigma, 1, factor, power)),
                (double)stats_minimum_n(0.5, VERDICT_ALPHA));
}

/* A ratio's share below the claim follows from how far the truth lies above it and the spread. */
static void add_ratio_power(struct text *out, const struct scenario *scenario,
                            const struct scenario_claim *claim, const struct stats_plan *plan,
                            const struct results_basis *earlier)
{
    static const double gains[] = {1.01, 1.02, 1.05, 1.1, 1.2};
    struct spread spread = find_spread(earlier, claim);
    if (spread.run)
        text_addf(out, "       with the spread of %.2g %% between the pairs of run %lld:\n",
                  100 * spread.sigma, (long long)spread.run);
    else
        text_addf(out, "       with a spread of %.2g %% between pairs (assumed, no earlier run):\n",
                  100 * spread.sigma);
    text_add(out,
             "       true ratio        supported  refuted  pairs run    needed: 80 %      90 %\n");
    for (size_t i = 0; i < sizeof gains / sizeof gains[0]; i++) {
        double share = gsl_cdf_ugaussian_Q(log(gains[i]) / spread.sigma);
        struct stats_power power = stats_plan_power(plan, scenario->looks, share);
        text_addf(out, "       %13.4gx    %8.0f %% %6.0f %% %11.0f    %11.0f %9.0f\n",
                  claim->ratio * gains[i], 100 * power.support, 100 * power.refute, power.mean_n,
                  pairs_needed(&spread, gains[i], POWER),
                  pairs_needed(&spread, gains[i], HIGH_POWER));
    }
}

static void add_within(struct text *out, const struct scenario_claim *claim,
                       const struct results_basis *earlier)
{
    struct spread spread = find_spread(earlier, claim);
    double need = pairs_needed(&spread, 1 + claim->share, POWER);
    double surer = pairs_needed(&spread, 1 + claim->share, HIGH_POWER);
    text_addf(out,
              "       if both are truly equal and pairs spread by %.2g %% (%s), about %.0f pairs "
              "show it 8 times in 10, %.0f 9 times\n",
              100 * spread.sigma, spread.run ? "as in the newest run" : "assumed", need, surer);
}

static void add_counted(struct text *out, const struct scenario *scenario,
                        const struct scenario_claim *claim)
{
    size_t arms = claim->kind == SCENARIO_CLAIM_INTACT ? scenario->arm_count : 1;
    size_t n = (size_t)scenario->looks[0] * arms;
    text_addf(
        out,
        "       refuted by one counterexample; %zu cycles%s without any show a true rate below "
        "%.2g %% at 95 %%\n",
        n, scenario->value_count > 1 ? " of each batch size" : "",
        100 * stats_rate_upper(0, n, 1 - VERDICT_ALPHA));
    if (claim->kind == SCENARIO_CLAIM_INTACT)
        text_addf(
            out,
            "       supported by %zu without any, warm-ups included, in which an agent became "
            "ready and was recorded\n",
            counted_needed(claim));
}

static void add_claim(struct text *out, const struct scenario *scenario,
                      const struct scenario_claim *claim, const struct results_basis *earlier)
{
    bool ratio = claim->kind == SCENARIO_CLAIM_FASTER || claim->kind == SCENARIO_CLAIM_WITHIN;
    double p = claim->kind == SCENARIO_CLAIM_AT_LEAST ? 1 - claim->quantile : claim->quantile;
    struct stats_plan plan;
    text_addf(out, "  %s: %s%s\n", claim->id, claim->text,
              claim->at < 0 && scenario->value_count > 1 ? ", at each batch size" : "");
    if (verdict_claim_counts(claim)) {
        add_counted(out, scenario, claim);
        return;
    }
    if (!ratio && claim->statistic == SCENARIO_MEAN) {
        text_add(out, "       a mean is judged by its bounds at each look; what they will be "
                      "depends on its tail, so no forecast is made\n");
        return;
    }
    stats_plan_looks(&plan, scenario->looks, scenario->look_count, ratio ? 0.5 : p, VERDICT_ALPHA);
    add_boundaries(out, scenario, &plan, ratio);
    if (claim->kind == SCENARIO_CLAIM_FASTER) {
        add_ratio_power(out, scenario, claim, &plan, earlier);
    } else if (claim->kind == SCENARIO_CLAIM_WITHIN) {
        add_within(out, claim, earlier);
    } else {
        add_reach(out, scenario, claim, &plan);
        add_power(out, scenario, &plan, p);
    }
}

static void add_order(struct text *out, const struct scenario *scenario, const struct plan *plan)
{
    size_t values = scenario->value_count;
    text_addf(out, "%s  the plan, nothing is run: seed %llu, order %016llx\n", scenario->name,
              (unsigned long long)plan->seed, (unsigned long long)plan->fingerprint);
    text_addf(out, "  %d warm-up%s of each arm%s, then blocks of %d: %zu cycles at most\n",
              scenario->warmup, scenario->warmup == 1 ? "" : "s",
              values > 1 ? " and batch size" : "", scenario->block, plan->count);
    if (scenario->arm_count == 1)
        text_add(out, "  one arm");
    else
        text_addf(out, "  %zu arms in balanced random order within each block",
                  scenario->arm_count);
    if (values > 1) {
        text_add(out, "; batches of ");
        for (size_t value = 0; value < values; value++)
            text_addf(out, "%s%zu", value ? ", " : "", scenario->values[value]);
        text_add(out, " agents take turns block by block");
    }
    text_add(out, scenario->look_count == 1 ? "\n  one look after " : "\n  looks after ");
    for (size_t k = 0; k < scenario->look_count; k++)
        text_addf(out, "%s%d", k ? ", " : "", scenario->looks[k]);
    text_addf(out, " cycles of each arm%s; 5 %% error on each side%s\n",
              values > 1 ? " and batch size" : "",
              scenario->look_count > 1 ? ", spent over the looks in proportion to their cycles"
                                       : "");
}

void forecast_write(struct text *out, const struct scenario *scenario, const struct plan *plan,
                    const struct results_basis *earlier)
{
    add_order(out, scenario, plan);
    for (size_t i = 0; i < scenario->claim_count; i++)
        add_claim(out, scenario, &scenario->claims[i], earlier);
    if (!scenario->claim_count)
        text_add(out, "  the scenario makes no claim: nothing will be judged\n");
    text_add(out, "  power is that of independent cycles; where neighbours resemble each other it "
                  "needs tau times as many\n");
}
