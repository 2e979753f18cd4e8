/* Is what is stored what was declared before the first cycle: order, looks, claims, every cycle? */
#include <math.h>
#include <string.h>

#include "judge/judge_internal.h"

/* The stored cycles against the planned items. */
struct planned {
    const struct plan *plan;
    size_t stored;
    int64_t other; /* a cycle that is not what was planned; -1: none */
    int64_t last;
};

static struct planned hold_against(const struct plan *plan, const struct results_basis *basis)
{
    struct planned planned = {.plan = plan, .other = -1, .last = -1};
    for (size_t i = 0; i < basis->cycle_count && planned.other < 0; i++) {
        const struct results_place *cycle = &basis->cycles[i];
        const struct plan_item *item;
        if (cycle->index < 0 || (size_t)cycle->index >= plan->count) {
            planned.other = cycle->index;
            break;
        }
        item = &plan->items[cycle->index];
        planned.stored++;
        planned.last = cycle->index;
        if (item->pair != cycle->pair || item->block != cycle->block || item->arm != cycle->arm ||
            item->value != cycle->value || item->place != cycle->place ||
            item->warmup != cycle->warmup)
            planned.other = cycle->index;
    }
    return planned;
}

/* A complete run ends at a look, and nothing before that is missing. */
static bool ends_well(const struct planned *planned, const char *state)
{
    if (strcmp(state, "complete") != 0)
        return true;
    return planned->stored > 0 && planned->stored == (size_t)planned->last + 1 &&
           planned->plan->items[planned->last].look > 0;
}

static void judge(struct diagnosis *out, const struct results_run *run,
                  const struct planned *planned, bool declared)
{
    bool fine = declared && planned->other < 0 && ends_well(planned, run->state);
    struct diagnosis_item *item =
        diagnosis_add(out, DIAGNOSIS_PLAN, fine ? DIAGNOSIS_FINE : DIAGNOSIS_INVALID, NAN);
    if (fine)
        diagnosis_say(item, "as declared before the first cycle");
    else if (!declared)
        diagnosis_say(item, "order, looks or claims differ from what was declared before the first "
                            "cycle");
    else if (planned->other >= 0)
        diagnosis_say(item, "cycle %lld is not the one that was planned in its place",
                      (long long)planned->other);
    else
        diagnosis_say(item, "cycles are missing: %zu are stored, the last one is number %lld",
                      planned->stored, (long long)planned->last);
    if (!fine)
        diagnosis_advise(item, "run it anew: a verdict holds only for the plan that was declared");
}

/* The run itself says whether it declared one: a plan that was taken away is no old run. */
static void tell_missing(struct diagnosis *out, const struct results_run *run)
{
    bool gone = strstr(run->options_json, "\"declared\"") != NULL;
    struct diagnosis_item *item =
        diagnosis_add(out, DIAGNOSIS_PLAN, gone ? DIAGNOSIS_INVALID : DIAGNOSIS_UNKNOWN, NAN);
    diagnosis_say(item, gone ? "the plan that was declared is gone from the store"
                             : "the run was made before plans were stored");
    if (gone)
        diagnosis_advise(item, "run it anew: a verdict holds only for the plan that was declared");
}

void diagnose_plan(struct diagnosis *out, const struct plan *plan,
                   const struct results_basis *basis)
{
    struct planned planned;
    if (!basis->plan_text) {
        tell_missing(out, &basis->run);
        return;
    }
    planned = hold_against(plan, basis);
    judge(out, &basis->run, &planned,
          basis->plan_fingerprint == plan->fingerprint &&
              strcmp(basis->plan_text, plan->text) == 0);
}
