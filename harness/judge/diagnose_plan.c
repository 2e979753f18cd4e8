/* Is what is stored what was declared before the first cycle: order, looks, claims, every cycle? */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "judge/findings.h"
#include "scenario/plan.h"

/* The stored cycles against the planned items. */
struct planned {
    const struct plan *plan;
    size_t stored;
    int64_t other; /* a cycle that is not what was planned; -1: none */
    int64_t last;
};

static int take_cycle(void *context, const struct results_cycle *cycle)
{
    struct planned *planned = context;
    const struct plan_item *item;
    if (cycle->index < 0 || (size_t)cycle->index >= planned->plan->count) {
        planned->other = cycle->index;
        return 1;
    }
    item = &planned->plan->items[cycle->index];
    planned->stored++;
    planned->last = cycle->index;
    if (item->pair != cycle->pair || item->block != cycle->block || item->arm != cycle->arm ||
        item->value != cycle->value || item->place != cycle->place || item->warmup != cycle->warmup)
        planned->other = cycle->index;
    return planned->other >= 0;
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

static int compare(struct diagnosis *out, const struct scenario *scenario, struct results *store,
                   const struct results_run *run, uint64_t fingerprint, const char *text,
                   struct err *err)
{
    struct plan plan;
    struct planned planned = {.plan = &plan, .other = -1, .last = -1};
    char *again;
    int rc;
    plan_build(&plan, scenario, NULL, 0, run->seed);
    again = plan_describe(&plan, scenario);
    rc = results_each_cycle(store, run->id, take_cycle, &planned, err);
    if (rc == 0)
        judge(out, run, &planned,
              fingerprint == plan_fingerprint(&plan) && strcmp(text, again) == 0);
    plan_release(&plan);
    free(again);
    return rc;
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

int diagnose_plan(struct diagnosis *out, const struct scenario *scenario, struct results *store,
                  int64_t run, struct err *err)
{
    struct results_run stored = {0};
    uint64_t fingerprint = 0;
    char *text = NULL;
    int found = results_plan_load(store, run, &fingerprint, &text, err);
    int rc = found < 0 ? -1 : results_run_load(store, run, &stored, err);
    if (rc == 0 && found == 0)
        rc = compare(out, scenario, store, &stored, fingerprint, text, err);
    else if (rc == 0)
        tell_missing(out, &stored);
    results_run_release(&stored);
    free(text);
    return rc;
}
