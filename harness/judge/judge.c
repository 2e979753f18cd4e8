/* Is the claim supported, refuted, or is there not enough to say? Every answer with its reason. */
#include "judge/judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "judge/judge_internal.h"

#define BLOCKS_NEEDED  5
#define SPAN_NEEDED_NS (300 * CLOCK_NS_PER_S)
#define UNKNOWN_MOST   0.05 /* share of cycles whose metric nobody knows */

const char *verdict_word_name(enum verdict_word word)
{
    static const char *const names[] = {"supported", "refuted", "inconclusive", "invalid"};
    return names[word];
}

bool verdict_claim_counts(const struct scenario_claim *claim)
{
    return claim->kind == SCENARIO_CLAIM_INTACT || claim->kind == SCENARIO_CLAIM_FAILURE;
}

/* What nobody measured cannot be judged. */
static void refuse_unknown(struct verdict_item *item, const struct evidence *evidence)
{
    enum scenario_metric metric = item->claim->metric;
    if (!evidence->n || (double)evidence->unknown <= UNKNOWN_MOST * (double)evidence->n)
        return;
    item->word = VERDICT_INVALID;
    item->hopeless = true;
    item->estimate = item->p_support = item->p_refute = NAN; /* what nobody knows is not told */
    item->lower = -INFINITY;
    item->upper = INFINITY;
    snprintf(item->reason, sizeof item->reason, "%s is not known in %zu of %zu %s",
             scenario_metric_names[metric], evidence->unknown, evidence->n,
             evidence->ratio ? "pairs" : "cycles");
    snprintf(
        item->remedy, sizeof item->remedy, "%s",
        scenario_metrics[metric].to
            ? "main and own ready are told by agents that report to the witness, start, seen and "
              "recorded by the subject: claim a phase that somebody tells"
            : "agents were gone before they could be asked, or not told from others: let them run "
              "on until they are given the prompt, or measure where a cgroup holds them "
              "(spawnbench doctor tells: trees)");
}

static void forbid(struct verdict_item *item, const struct diagnosis *diagnosis)
{
    const struct diagnosis_item *why = diagnosis_forbids(diagnosis, item->claim, item->value);
    if (!why || item->word == VERDICT_INVALID)
        return;
    item->word = VERDICT_INVALID;
    snprintf(item->reason, sizeof item->reason, "%s: %s", diagnosis_kind_name(why->kind),
             why->text);
    snprintf(item->remedy, sizeof item->remedy, "%s", why->remedy);
}

static void judge_measured(struct verdict_item *item, const struct scenario *scenario,
                           const struct results_basis *basis, const struct diagnosis *diagnosis)
{
    struct evidence evidence = evidence_take(basis, item->claim, item->value);
    looks_test(item, scenario, &evidence);
    sentence_write(item, scenario, &evidence);
    refuse_unknown(item, &evidence);
    forbid(item, diagnosis);
    evidence_release(&evidence);
}

static void judge_one(struct verdict_item *item, const struct scenario *scenario,
                      const struct results_basis *basis, const struct results_tally *tally,
                      const struct diagnosis *diagnosis)
{
    item->batch_size = scenario->values[item->value];
    item->estimate = item->rate_upper = NAN;
    item->lower = -INFINITY;
    item->upper = INFINITY;
    item->p_support = item->p_refute = NAN;
    item->tau = 1;
    item->this_sitting_only = tally->blocks < BLOCKS_NEEDED || tally->span_ns < SPAN_NEEDED_NS;
    if (verdict_claim_counts(item->claim))
        counted_judge(item, scenario, basis, tally);
    else
        judge_measured(item, scenario, basis, diagnosis);
    idle_judge(item, scenario, basis);
}

static void judge_all(struct verdict *out, const struct scenario *scenario,
                      const struct results_basis *basis)
{
    size_t values = scenario->value_count;
    out->items = xcalloc(scenario->claim_count * values, sizeof *out->items);
    for (size_t i = 0; i < scenario->claim_count * values; i++) {
        const struct scenario_claim *claim = &scenario->claims[i / values];
        struct verdict_item *item = &out->items[out->count];
        int value = (int)(i % values);
        if (claim->at >= 0 && claim->at != value)
            continue;
        out->count++;
        item->claim = claim;
        item->value = value;
        judge_one(item, scenario, basis, &basis->tallies[i], &out->diagnosis);
        out->decided = out->decided && item->word != VERDICT_INCONCLUSIVE &&
                       (item->word != VERDICT_INVALID || item->hopeless);
    }
}

/* What each claim's own samples are worth; with that told, "nothing found" would be a lie. */
static void tell_dependence(struct verdict *out)
{
    struct diagnosis *diagnosis = &out->diagnosis;
    size_t fine = diagnosis->count, before = diagnosis->count;
    for (size_t i = 0; i < before; i++)
        if (diagnosis->items[i].kind == DIAGNOSIS_DEPENDENCE)
            fine = i;
    for (size_t i = 0; i < out->count; i++) {
        const struct verdict_item *item = &out->items[i];
        struct diagnosis_item *told;
        if (verdict_claim_counts(item->claim) || item->hopeless ||
            item->tau <= DIAGNOSIS_TAU_FLAGGED)
            continue;
        told = diagnosis_add(diagnosis, DIAGNOSIS_DEPENDENCE, DIAGNOSIS_FLAGGED, item->tau);
        told->arm = (int)item->claim->arm;
        told->value = item->value;
        diagnosis_say(told, "claim %s: neighbours are so alike that %zu are worth %.3g (tau %.2g)",
                      item->claim->id, item->n, item->effective_n, item->tau);
        diagnosis_advise(told, DIAGNOSIS_DEPENDENCE_REMEDY);
    }
    if (diagnosis->count > before && fine < before)
        diagnosis->items[fine] = diagnosis->items[--diagnosis->count];
    diagnosis_sort(diagnosis);
}

void judge_claims(struct verdict *out, const struct scenario *scenario, const struct plan *plan,
                  const struct results_basis *basis)
{
    *out = (struct verdict){.decided = true};
    diagnosis_make(&out->diagnosis, scenario, plan, basis);
    judge_all(out, scenario, basis);
    idle_find(out, scenario, basis);
    tell_dependence(out);
}

void verdict_release(struct verdict *verdict)
{
    free(verdict->items);
    diagnosis_release(&verdict->diagnosis);
    *verdict = (struct verdict){0};
}

int verdict_graver(int a, int b)
{
    static const int order[] = {0, 3, 1, 2, 5, 4};
    enum { CODES = sizeof order / sizeof order[0], SIGNAL, BUG };
    int ranks[2] = {0}, both[] = {a, b};
    for (int i = 0; i < 2; i++) {
        for (int rank = 0; rank < CODES; rank++)
            ranks[i] = order[rank] == both[i] ? rank : ranks[i];
        ranks[i] = both[i] == 70 ? BUG : both[i] >= 128 ? SIGNAL : ranks[i];
    }
    return ranks[0] >= ranks[1] ? a : b;
}

int verdict_exit_code(const struct verdict *verdict, const struct results_tally *tally)
{
    static const int codes[VERDICT_WORDS] = {0, 1, 3, 5};
    int code = tally->findings_integrity + tally->findings_conduct > 0 ? 4 : 0;
    code = verdict_graver(code, *verdict->could_not ? 5 : 0);
    for (size_t i = 0; i < verdict->count; i++)
        code = verdict_graver(code, codes[verdict->items[i].word]);
    return code;
}
