/* Did the arms do what they are judged for? One that starts nothing, or of which nothing ever
 * became ready, proves nothing, however well it looks. */
#include <stdio.h>
#include <string.h>

#include "judge/judge_internal.h"

static bool never_ready(const struct results_arm_use *use)
{
    return use->starts && use->cycles > 0 && use->ready == 0;
}

bool verdict_arm_idle(char out[VERDICT_IDLE_BYTES], const char *name,
                      const struct results_arm_use *use)
{
    if (!use->starts)
        snprintf(out, VERDICT_IDLE_BYTES, "arm '%s' says that it starts nothing", name);
    else if (never_ready(use))
        snprintf(out, VERDICT_IDLE_BYTES, "arm '%s': no agent ever became ready: %s", name,
                 *use->error ? use->error : "no error was told");
    return !use->starts || never_ready(use);
}

/* An arm that is there to fail is judged by how it does. */
static bool is_meant(const struct scenario *scenario, size_t arm)
{
    for (size_t i = 0; i < scenario->claim_count; i++)
        if (scenario->claims[i].kind == SCENARIO_CLAIM_FAILURE && scenario->claims[i].arm == arm)
            return true;
    return false;
}

static bool is_broken(const struct scenario *scenario, const struct results_basis *basis,
                      size_t arm)
{
    return never_ready(&basis->uses[arm]) && !is_meant(scenario, arm);
}

void idle_find(struct verdict *out, const struct scenario *scenario,
               const struct results_basis *basis)
{
    size_t length = 0;
    for (size_t i = 0; i < scenario->arm_count; i++) {
        char why[VERDICT_IDLE_BYTES];
        if (!is_broken(scenario, basis, i))
            continue;
        verdict_arm_idle(why, scenario->arms[i].name, &basis->uses[i]);
        if (length + strlen(why) + 3 > sizeof out->could_not)
            return;
        length += (size_t)snprintf(out->could_not + length, sizeof out->could_not - length, "%s%s",
                                   length ? "; " : "", why);
    }
}

static void forbid(struct verdict_item *item, const struct scenario *scenario,
                   const struct results_basis *basis, size_t arm)
{
    const struct results_arm_use *use = &basis->uses[arm];
    item->word = VERDICT_INVALID;
    verdict_arm_idle(item->reason, scenario->arms[arm].name, use);
    snprintf(item->remedy, sizeof item->remedy, "%s",
             use->starts ? "nothing was started, so nothing can be said of it: mend the agents' "
                           "command, or the subject"
                         : "claim it of subjects that start their agents");
    item->hopeless = !use->starts;
}

/* Corruption is claimed of all arms: those that can lose something must be there, and work. */
static void check_intact(struct verdict_item *item, const struct scenario *scenario,
                         const struct results_basis *basis)
{
    bool any = false;
    for (size_t i = 0; i < scenario->arm_count; i++)
        any = any || (basis->uses[i].starts && basis->uses[i].records);
    for (size_t i = 0; i < scenario->arm_count; i++)
        if (is_broken(scenario, basis, i) || (!any && !basis->uses[i].starts)) {
            forbid(item, scenario, basis, i);
            return;
        }
    if (any)
        return;
    item->word = VERDICT_INVALID;
    item->hopeless = true;
    snprintf(item->reason, sizeof item->reason,
             "no arm keeps a store, so there is nothing that could be lost");
    snprintf(item->remedy, sizeof item->remedy, "claim it of a subject that records its starts");
}

void idle_judge(struct verdict_item *item, const struct scenario *scenario,
                const struct results_basis *basis)
{
    const struct scenario_claim *claim = item->claim;
    bool compares = claim->kind == SCENARIO_CLAIM_FASTER || claim->kind == SCENARIO_CLAIM_WITHIN;
    size_t arms[] = {claim->arm, claim->than};
    if (claim->kind == SCENARIO_CLAIM_INTACT && item->word != VERDICT_REFUTED)
        check_intact(item, scenario, basis);
    if (verdict_claim_counts(claim))
        return;
    for (size_t i = 0; i < (compares ? 2 : 1); i++)
        if (is_broken(scenario, basis, arms[i]) || (compares && !basis->uses[arms[i]].starts)) {
            forbid(item, scenario, basis, arms[i]);
            return;
        }
}
