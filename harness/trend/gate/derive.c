/* What is run when two programs are gated side by side? The scenario's own text, edited. */
#include "trend/gate/gating.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "judge/gate_rule.h"

#define FIRST_LOOK 50
#define NAME_ROOM  64 /* of a scenario's name, see scenario/scenario.h */

/* ---- which arm? ---- */

int gate_refuse_arm(const struct scenario *scenario, const char *name, struct err *err)
{
    const char *known[SCENARIO_MOST_ARMS + 1] = {0}, *near;
    for (size_t i = 0; i < scenario->arm_count; i++)
        known[i] = scenario->arms[i].name;
    near = text_nearest(name, known);
    return err_set(err, ERR_USAGE, "--arm %s: scenario '%s' has no such arm%s%s%s", name,
                   scenario->name, near ? " (did you mean '" : "", near ? near : "",
                   near ? "'?)" : "");
}

static int several_arms(const struct scenario *scenario, struct err *err)
{
    struct text names = {0};
    for (size_t i = 0; i < scenario->arm_count; i++)
        text_addf(&names, "%s--arm %s", i ? ", " : "", scenario->arms[i].name);
    err_set(err, ERR_USAGE, "scenario '%s' has several arms, say which one is gated: %s",
            scenario->name, names.data);
    text_release(&names);
    return -1;
}

/* The arm all claims about time speak for; arm_count when there is none, or more than one. */
static size_t spoken_for(const struct scenario *scenario)
{
    size_t arm = scenario->arm_count;
    for (size_t i = 0; i < scenario->claim_count; i++) {
        const struct scenario_claim *claim = &scenario->claims[i];
        if (claim->kind == SCENARIO_CLAIM_INTACT || claim->kind == SCENARIO_CLAIM_FAILURE)
            continue;
        if (arm != scenario->arm_count && arm != claim->arm)
            return scenario->arm_count;
        arm = claim->arm;
    }
    return arm;
}

int gate_pick_arm(size_t *out, const struct scenario *scenario, const char *name, struct err *err)
{
    int named = name ? scenario_find_arm(scenario, name) : 0;
    size_t arm = name ? (size_t)named : spoken_for(scenario);
    if (named < 0)
        return gate_refuse_arm(scenario, name, err);
    if (scenario->arm_count == 1)
        arm = 0;
    if (arm == scenario->arm_count)
        return several_arms(scenario, err);
    *out = arm;
    return 0;
}

size_t gate_looks(int looks[], int most)
{
    size_t count = 0;
    for (int n = FIRST_LOOK; n < most && count < GATE_MOST_LOOKS - 1; n *= 2)
        looks[count++] = n;
    looks[count++] = most;
    return count;
}

/* ---- the text ---- */

static void put(cJSON *root, const char *key, cJSON *value)
{
    cJSON_DeleteItemFromObjectCaseSensitive(root, key);
    cJSON_AddItemToObject(root, key, value);
}

static cJSON *arm_of(const char *name, char *const words[])
{
    cJSON *arm = cJSON_CreateObject(), *subject;
    cJSON_AddStringToObject(arm, "name", name);
    subject = cJSON_AddArrayToObject(arm, "subject");
    for (size_t i = 0; words[i]; i++)
        cJSON_AddItemToArray(subject, cJSON_CreateString(words[i]));
    return arm;
}

static void put_arms(cJSON *root, const struct scenario *scenario, size_t arm,
                     char *const against[])
{
    cJSON *arms = cJSON_CreateArray();
    cJSON_AddItemToArray(arms, arm_of(GATE_BASELINE, against));
    cJSON_AddItemToArray(arms, arm_of(GATE_CANDIDATE, scenario->arms[arm].subject));
    put(root, "arms", arms);
}

static void put_cycles(cJSON *root, const int looks[], size_t count)
{
    cJSON *cycles = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(cycles, "looks");
    for (size_t i = 0; i < count; i++)
        cJSON_AddItemToArray(list, cJSON_CreateNumber(looks[i]));
    put(root, "cycles", cycles);
}

static void put_claims(cJSON *root)
{
    cJSON *claims = cJSON_CreateArray(), *claim = cJSON_CreateObject();
    cJSON_AddStringToObject(claim, "id", "integrity");
    cJSON_AddStringToObject(claim, "corruption", "none");
    cJSON_AddItemToArray(claims, claim);
    put(root, "claims", claims);
}

/* The claim must not change what is measured: witnesses stay those of the scenario itself. */
static void put_witnesses(cJSON *root, const struct scenario *scenario)
{
    cJSON *agents = cJSON_GetObjectItemCaseSensitive(root, "agents");
    for (size_t i = 0; i < scenario->agent_count; i++)
        put(cJSON_GetArrayItem(agents, (int)i), "witness",
            cJSON_CreateString(scenario_witness_names[scenario->agents[i].witness]));
}

static void put_name(cJSON *root, const struct scenario *scenario, size_t arm)
{
    char name[NAME_ROOM + 1];
    char *about = text_format("gate of arm '%s' of %s", scenario->arms[arm].name, scenario->name);
    snprintf(name, sizeof name, "%.*s" GATE_SUFFIX, (int)(NAME_ROOM - strlen(GATE_SUFFIX)),
             scenario->name);
    put(root, "name", cJSON_CreateString(name));
    put(root, "about", cJSON_CreateString(about));
    free(about);
}

int gate_derive(struct scenario *out, const struct scenario *scenario, size_t arm,
                char *const against[], const int looks[], size_t look_count, struct err *err)
{
    cJSON *root = NULL;
    char *text;
    int rc;
    if (json_parse(&root, scenario->source, strlen(scenario->source), err) < 0)
        return -1;
    put_name(root, scenario, arm);
    put_arms(root, scenario, arm, against);
    put_cycles(root, looks, look_count);
    put_claims(root);
    put_witnesses(root, scenario);
    cJSON_DeleteItemFromObjectCaseSensitive(root, "spec_id");
    text = json_print(root, 1);
    rc = scenario_parse(out, text, strlen(text), err);
    if (rc < 0) {
        err->code = ERR_USAGE;
        err_wrap(err, "scenario '%s' with baseline and candidate side by side", scenario->name);
    }
    free(text);
    cJSON_Delete(root);
    return rc;
}
