/* Is a rule kept in every cycle? One counterexample refutes it,
 * none in enough cycles supports it. */
#include <math.h>
#include <stdio.h>

#include "judge/judge_internal.h"

/* The bound says what "none" can mean. */
static void judge(struct verdict_item *item, const struct scenario *scenario, int64_t n,
                  int64_t bad)
{
    /* for INTACT the tally counts all arms: each must have come as far as the first look */
    int64_t arms = item->claim->kind == SCENARIO_CLAIM_INTACT ? (int64_t)scenario->arm_count : 1;
    int64_t wanted = scenario->looks[0] * arms;
    item->n = (size_t)n;
    item->bad = (size_t)bad;
    item->effective_n = (double)n;
    item->estimate = n ? (double)bad / (double)n : NAN;
    item->rate_upper = stats_rate_upper(item->bad, item->n, 1 - VERDICT_ALPHA);
    item->lower = 0;
    item->upper = item->rate_upper;
    if (bad)
        item->word = VERDICT_REFUTED;
    else
        item->word = n >= wanted ? VERDICT_SUPPORTED : VERDICT_INCONCLUSIVE;
    item->look = n >= wanted ? 1 : 0;
}

/* two significant digits, and never 1e+02 */
static int decimals(double share)
{
    return share >= 0.1 ? 0 : share >= 0.01 ? 1 : share >= 0.001 ? 2 : 3;
}

/* good, bad: what a cycle did that kept, or broke, the rule */
static void explain(struct verdict_item *item, const char *good, const char *bad)
{
    const char *few =
        item->word == VERDICT_INCONCLUSIVE ? " (too few cycles to call it supported)" : "";
    if (item->bad || !good)
        snprintf(item->reason, sizeof item->reason,
                 "%zu of %zu cycles %s: true rate below %.*f %% at 95 %%%s", item->bad, item->n,
                 bad, decimals(item->rate_upper), 100 * item->rate_upper, few);
    else
        snprintf(item->reason, sizeof item->reason,
                 "all %zu cycles %s: true rate of exceptions below %.*f %% at 95 %%%s", item->n,
                 good, decimals(item->rate_upper), 100 * item->rate_upper, few);
}

static void judge_intact(struct verdict_item *item, const struct scenario *scenario,
                         const struct results_tally *tally)
{
    judge(item, scenario, tally->cycles, tally->cycles_with_integrity_finding);
    explain(item, NULL, "had an integrity finding");
    if (tally->findings_integrity > 0 && !item->bad) {
        item->word = VERDICT_REFUTED;
        snprintf(item->reason, sizeof item->reason,
                 "%lld integrity findings of the run as a whole, none in one of its %zu cycles",
                 (long long)tally->findings_integrity, item->n);
    }
}

static void judge_failure(struct verdict_item *item, const struct scenario *scenario,
                          const struct results_tally *tally)
{
    bool cancels = item->claim->failure == SCENARIO_CANCEL;
    int64_t good = cancels ? tally->failure_cancelled : tally->failure_degraded;
    judge(item, scenario, tally->cycles, tally->cycles - good);
    if (cancels)
        explain(item, "cancelled the others and told the error",
                "did not cancel all others or did not tell the error");
    else
        explain(item, "let the others go on and told the error",
                "did not let all others go on or did not tell the error");
}

void counted_judge(struct verdict_item *item, const struct scenario *scenario,
                   const struct results_tally *tally)
{
    if (item->claim->kind == SCENARIO_CLAIM_INTACT)
        judge_intact(item, scenario, tally);
    else
        judge_failure(item, scenario, tally);
}
