/* Is a rule kept in every cycle? One counterexample refutes it,
 * none in enough cycles supports it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "judge/judge_internal.h"

/* The bound says what "none" can mean. */
static void count(struct verdict_item *item, int64_t n, int64_t bad)
{
    item->n = (size_t)n;
    item->bad = (size_t)bad;
    item->effective_n = (double)n;
    item->estimate = n ? (double)bad / (double)n : NAN;
    item->rate_upper = stats_rate_upper(item->bad, item->n, 1 - VERDICT_ALPHA);
    item->lower = 0;
    item->upper = item->rate_upper;
}

/* two significant digits, and never 1e+02 */
static int decimals(double share)
{
    return share >= 0.1 ? 0 : share >= 0.01 ? 1 : share >= 0.001 ? 2 : 3;
}

/* One more part of the reason; what has no room is left out whole. */
static void add(struct verdict_item *item, const char *part)
{
    size_t length = strlen(item->reason);
    if (length + strlen(part) < sizeof item->reason)
        memcpy(item->reason + length, part, strlen(part) + 1);
}

/* ---- corruption ---- */

size_t counted_needed(const struct scenario_claim *claim)
{
    size_t n = stats_minimum_n(1 - claim->share, VERDICT_ALPHA);
    while (n < SCENARIO_MOST_CYCLES && stats_rate_upper(0, n, 1 - VERDICT_ALPHA) >= claim->share)
        n++; /* "below" is not "at most" */
    return n;
}

static void refute_intact(struct verdict_item *item, const struct results_tally *tally)
{
    count(item, tally->cycles, tally->cycles_with_integrity_finding);
    item->word = VERDICT_REFUTED;
    if (item->bad)
        snprintf(item->reason, sizeof item->reason,
                 "%zu of %zu cycles had an integrity finding: true rate below %.*f %% at 95 %%",
                 item->bad, item->n, decimals(item->rate_upper), 100 * item->rate_upper);
    else
        snprintf(item->reason, sizeof item->reason,
                 "%lld integrity findings of the run as a whole, none in one of its %zu cycles",
                 (long long)tally->findings_integrity, item->n);
}

/* Arms that can lose nothing are no part of "none lost". */
static void add_left_out(struct verdict_item *item, const struct scenario *scenario,
                         const struct results_basis *basis)
{
    for (size_t i = 0; i < scenario->arm_count; i++) {
        const struct results_arm_use *use = &basis->uses[i];
        char part[160];
        if (use->starts && use->records)
            continue;
        snprintf(part, sizeof part, "; arm '%s' %s and is not counted", scenario->arms[i].name,
                 use->starts ? "keeps no store" : "starts nothing");
        add(item, part);
    }
}

/* What nobody else than the spawner has told is not covered. Of a batch where all are alike. */
static void add_cover(struct verdict_item *item, const struct results_tally *tally)
{
    int64_t of = tally->cycles_at_risk, agents = tally->agents_at_risk;
    bool told = tally->contents >= 0; /* of the contents, too */
    bool alike = of && agents % of == 0 && tally->witnessed % of == 0 &&
                 (!told || tally->contents % of == 0);
    char part[160];
    if (tally->witnessed < 0 ||
        (tally->witnessed >= agents && (!told || tally->contents >= agents)))
        return;
    of = alike ? of : 1;
    snprintf(part, sizeof part, "; %sstarts of %lld of %lld agents witnessed",
             alike ? "in each batch " : "", (long long)(tally->witnessed / of),
             (long long)(agents / of));
    add(item, part);
    if (!told)
        return;
    snprintf(part, sizeof part, "; contents of %lld", (long long)(tally->contents / of));
    add(item, part);
}

/* Agents that report themselves were asked for answers, and not one was held against their word:
 * all were killed, or cut. */
static bool no_content_is_known(const struct scenario *scenario, const struct results_tally *tally)
{
    for (size_t i = 0; scenario->consensus && i < scenario->agent_count; i++)
        if (scenario->agents[i].witness == SCENARIO_WITNESS_SELF)
            return tally->contents == 0;
    return false;
}

/* What agents share is part of "nothing is corrupt", as far as it was sound and could be read. */
static bool shared_unproved(const struct results_basis *basis)
{
    for (size_t i = 0; i < basis->shared_count; i++)
        if (basis->shared[i].uncertain || basis->shared[i].unread)
            return true;
    return false;
}

static void add_shared(struct verdict_item *item, const struct results_basis *basis)
{
    for (size_t i = 0; i < basis->shared_count; i++) {
        const struct results_shared *shared = &basis->shared[i];
        char *part;
        if (shared->charged ||
            !(shared->before || shared->uncertain || shared->unread || shared->unmatched))
            continue;
        part = text_format("; database '%s' %s%s", shared->name,
                           shared->before      ? "was already broken before the run"
                           : shared->uncertain ? "is broken, and nobody knows since when"
                                               : "was not checked: ",
                           shared->before || shared->uncertain ? "" : shared->why);
        add(item, part);
        free(part);
    }
}

/* What no look at the end could check is no part of "none lost" either. */
static void add_open(struct verdict_item *item, const struct results_left_open *open)
{
    char part[320];
    if (!open->count)
        return;
    if (open->count > 1)
        snprintf(part, sizeof part, "; not checked at the end: %s (and %lld more)", open->first,
                 (long long)open->count - 1);
    else
        snprintf(part, sizeof part, "; not checked at the end: %s", open->first);
    add(item, part);
}

static void explain_intact(struct verdict_item *item, const struct scenario *scenario,
                           const struct results_tally *tally, const struct results_left_open *open)
{
    snprintf(item->reason, sizeof item->reason,
             "0 of %zu cycles in which something could be lost had an integrity finding (warm-ups "
             "count, too): true rate below %.*f %% at 95 %%",
             item->n, decimals(item->rate_upper), 100 * item->rate_upper);
    if (tally->unread) {
        char part[120];
        snprintf(part, sizeof part, "; in %lld more the store stayed locked and was not read",
                 (long long)tally->unread);
        add(item, part);
    }
    add_open(item, open);
    if (item->word == VERDICT_SUPPORTED)
        return;
    if (open->whole && item->rate_upper < item->claim->share) {
        snprintf(item->remedy, sizeof item->remedy,
                 "see to it that what was not checked can be read when its subject has ended, and "
                 "run it again");
        return;
    }
    if (tally->unread && item->n < counted_needed(item->claim)) {
        snprintf(item->remedy, sizeof item->remedy,
                 "let others read the store while its spawner runs (no locking_mode=EXCLUSIVE, no "
                 "transaction that stays open when it answers)");
        return;
    }
    if (tally->cycles_at_risk && tally->witnessed == 0) {
        add(item, "; but nobody but the spawner itself says that anything was started");
        snprintf(item->remedy, sizeof item->remedy,
                 "let the agents tell it themselves, or start them through the launcher "
                 "(\"witness\": \"self\" or \"launcher\")");
        return;
    }
    if (tally->cycles_at_risk && no_content_is_known(scenario, tally)) {
        add(item, "; but of no agent is known what it answered");
        snprintf(item->remedy, sizeof item->remedy,
                 "let agents end by themselves and store all that they print; the log of the "
                 "subject may tell why they did not");
        return;
    }
    snprintf(item->remedy, sizeof item->remedy,
             "%zu such cycles without a finding show that fewer than %.10g %% lose anything",
             counted_needed(item->claim), 100 * item->claim->share);
}

static void judge_intact(struct verdict_item *item, const struct scenario *scenario,
                         const struct results_basis *basis, const struct results_tally *tally)
{
    if (tally->findings_integrity > 0) {
        refute_intact(item, tally);
        return;
    }
    count(item, tally->cycles_at_risk, 0);
    item->word = item->rate_upper < item->claim->share && tally->witnessed != 0 &&
                         !no_content_is_known(scenario, tally) && !basis->open.whole &&
                         !shared_unproved(basis)
                     ? VERDICT_SUPPORTED
                     : VERDICT_INCONCLUSIVE;
    explain_intact(item, scenario, tally, &basis->open);
    if (item->n >= counted_needed(item->claim) && shared_unproved(basis))
        snprintf(item->remedy, sizeof item->remedy,
                 "mend the database (spawnbench audit tells what is broken), or let others read it "
                 "between batches");
    add_shared(item, basis);
    add_cover(item, tally);
    add_left_out(item, scenario, basis);
}

/* ---- failures ---- */

/* good, bad: what a cycle did that kept, or broke, the rule */
static void explain_failure(struct verdict_item *item, const char *good, const char *bad)
{
    const char *few =
        item->word == VERDICT_INCONCLUSIVE ? " (too few cycles to call it supported)" : "";
    if (item->bad)
        snprintf(item->reason, sizeof item->reason,
                 "%zu of %zu cycles %s: true rate below %.*f %% at 95 %%%s", item->bad, item->n,
                 bad, decimals(item->rate_upper), 100 * item->rate_upper, few);
    else
        snprintf(item->reason, sizeof item->reason,
                 "all %zu cycles %s: true rate of exceptions below %.*f %% at 95 %%%s", item->n,
                 good, decimals(item->rate_upper), 100 * item->rate_upper, few);
}

/* A batch of which something goes on was not cancelled, whatever its spawner calls it. */
static void judge_left(struct verdict_item *item, const struct results_tally *tally)
{
    char part[160];
    if (!tally->findings_left)
        return;
    item->word = VERDICT_REFUTED;
    snprintf(part, sizeof part,
             "; but %lld findings say that something was left running (nothing-is-left-running)",
             (long long)tally->findings_left);
    add(item, part);
}

static void judge_failure(struct verdict_item *item, const struct scenario *scenario,
                          const struct results_tally *tally)
{
    bool cancels = item->claim->failure == SCENARIO_CANCEL;
    int64_t good = cancels ? tally->failure_cancelled : tally->failure_degraded;
    count(item, tally->cycles, tally->cycles - good);
    item->word = item->bad                             ? VERDICT_REFUTED
                 : tally->cycles >= scenario->looks[0] ? VERDICT_SUPPORTED
                                                       : VERDICT_INCONCLUSIVE;
    if (cancels)
        explain_failure(item, "cancelled the others and told the error",
                        "did not cancel all others or did not tell the error");
    else
        explain_failure(item, "let the others go on and told the error",
                        "did not let all others go on or did not tell the error");
    if (cancels)
        judge_left(item, tally);
}

void counted_judge(struct verdict_item *item, const struct scenario *scenario,
                   const struct results_basis *basis, const struct results_tally *tally)
{
    /* for INTACT the tally counts all arms */
    bool intact = item->claim->kind == SCENARIO_CLAIM_INTACT;
    int64_t wanted = scenario->looks[0] * (intact ? (int64_t)scenario->arm_count : 1);
    item->look = tally->cycles >= wanted ? 1 : 0;
    if (intact)
        judge_intact(item, scenario, basis, tally);
    else
        judge_failure(item, scenario, tally);
}
