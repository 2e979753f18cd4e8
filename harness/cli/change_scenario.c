/* What does the command line change in a scenario?
 * Its text is edited and checked like any other. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/cli.h"
#include "trend/gate/gating.h"

static bool is_kept(const struct cli_change *change, const char *name)
{
    for (size_t i = 0; i < change->arm_count; i++)
        if (name && strcmp(change->arms[i], name) == 0)
            return true;
    return change->arm_count == 0;
}

static int check_arms(const struct scenario *scenario, const struct cli_change *change,
                      struct err *err)
{
    for (size_t i = 0; i < change->arm_count; i++)
        if (scenario_find_arm(scenario, change->arms[i]) < 0)
            return gate_refuse_arm(scenario, change->arms[i], err);
    return 0;
}

static void drop_arms(cJSON *root, const struct cli_change *change)
{
    static const char *const speakers[] = {"arm", "faster", "than", "of"};
    cJSON *arms = cJSON_GetObjectItemCaseSensitive(root, "arms");
    cJSON *claims = cJSON_GetObjectItemCaseSensitive(root, "claims");
    for (cJSON *arm = arms ? arms->child : NULL, *next; arm; arm = next) {
        next = arm->next;
        if (!is_kept(change, json_string(arm, "name")))
            cJSON_Delete(cJSON_DetachItemViaPointer(arms, arm));
    }
    for (cJSON *claim = claims ? claims->child : NULL, *next; claim; claim = next) {
        bool kept = true;
        next = claim->next;
        for (size_t i = 0; i < sizeof speakers / sizeof speakers[0]; i++)
            if (cJSON_GetObjectItemCaseSensitive(claim, speakers[i]))
                kept = kept && is_kept(change, json_string(claim, speakers[i]));
        if (!kept)
            cJSON_Delete(cJSON_DetachItemViaPointer(claims, claim));
    }
    if (claims && !claims->child)
        cJSON_DeleteItemFromObjectCaseSensitive(root, "claims");
}

static void put(cJSON *root, const char *key, cJSON *value)
{
    cJSON_DeleteItemFromObjectCaseSensitive(root, key);
    cJSON_AddItemToObject(root, key, value);
}

/* A claim with "at" a batch size that is no longer there is left out: nothing would be measured
 * that it could be judged by. The others stay, also those about all sizes. */
static void drop_sizes(cJSON *root, const cJSON *values)
{
    cJSON *claims = cJSON_GetObjectItemCaseSensitive(root, "claims");
    for (cJSON *claim = claims ? claims->child : NULL, *next; claim; claim = next) {
        const cJSON *at = cJSON_GetObjectItemCaseSensitive(claim, "at"), *value;
        const cJSON *size = cJSON_GetObjectItemCaseSensitive(at, "agents");
        bool kept = !at;
        next = claim->next;
        cJSON_ArrayForEach(value, values)
            kept = kept || (size && value->valuedouble == size->valuedouble);
        if (!kept)
            cJSON_Delete(cJSON_DetachItemViaPointer(claims, claim));
    }
    if (claims && !claims->child)
        cJSON_DeleteItemFromObjectCaseSensitive(root, "claims");
}

static int put_vary(cJSON *root, const char *vary, struct err *err)
{
    static const char prefix[] = "agents=";
    cJSON *object, *values;
    const char *at = vary + sizeof prefix - 1;
    if (strncmp(vary, prefix, sizeof prefix - 1) != 0)
        return err_set(err, ERR_USAGE, "--vary %s: expected agents=N[,N...]", vary);
    values = cJSON_CreateArray();
    for (;;) {
        char *end;
        long value = strtol(at, &end, 10);
        if (end == at || (*end && *end != ',')) {
            cJSON_Delete(values);
            return err_set(err, ERR_USAGE, "--vary %s: expected agents=N[,N...]", vary);
        }
        cJSON_AddItemToArray(values, cJSON_CreateNumber((double)value));
        if (!*end)
            break;
        at = end + 1;
    }
    object = cJSON_CreateObject();
    cJSON_AddItemToObject(object, "agents", values);
    put(root, "vary", object);
    drop_sizes(root, values);
    return 0;
}

int cli_change_scenario(struct scenario *scenario, const struct cli_change *change, struct err *err)
{
    struct scenario changed = {0};
    cJSON *root = NULL;
    char *text = NULL;
    int rc = -1;
    if (!change->cycles && !change->arm_count && !change->vary && !change->spread)
        return 0;
    if (check_arms(scenario, change, err) < 0 ||
        json_parse(&root, scenario->source, strlen(scenario->source), err) < 0)
        goto done;
    if (change->cycles)
        put(root, "cycles", cJSON_CreateNumber((double)change->cycles));
    if (change->spread)
        put(root, "spread", cJSON_CreateString(change->spread));
    if (change->arm_count)
        drop_arms(root, change);
    if (change->vary && put_vary(root, change->vary, err) < 0)
        goto done;
    text = json_print(root, 1);
    if (scenario_parse(&changed, text, strlen(text), err) < 0) {
        err->code = ERR_USAGE;
        err_wrap(err, "scenario '%s' as changed by the command line", scenario->name);
        goto done;
    }
    scenario_release(scenario);
    *scenario = changed;
    rc = 0;
done:
    free(text);
    cJSON_Delete(root);
    return rc;
}
