/* Do the parts of a scenario fit together? */
#include <stdlib.h>
#include <string.h>

#include "scenario/fields.h"
#include "scenario/scenario.h"

/* the member `key` of element `at` of the array `list`, for the line of a complaint */
static const cJSON *place_of(const struct field_place *place, const char *list, size_t at,
                             const char *key)
{
    const cJSON *item =
        cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(place->root, list), (int)at);
    return cJSON_GetObjectItemCaseSensitive(item, key);
}

int check_arms(const struct field_place *place)
{
    const struct scenario *scenario = place->scenario;
    for (size_t i = 1; i < scenario->arm_count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(scenario->arms[i].name, scenario->arms[k].name) == 0)
                return field_complain(place, place_of(place, "arms", i, "name"), "name",
                                      "expected a name of its own for each arm, got \"%s\" twice",
                                      scenario->arms[i].name);
    return 0;
}

int check_claims(const struct field_place *place)
{
    const struct scenario *scenario = place->scenario;
    for (size_t i = 1; i < scenario->claim_count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(scenario->claims[i].id, scenario->claims[k].id) == 0)
                return field_complain(place, place_of(place, "claims", i, "id"), "id",
                                      "expected an id of its own for each claim, got \"%s\" twice",
                                      scenario->claims[i].id);
    return 0;
}

int check_agents(const struct field_place *place)
{
    struct scenario *scenario = place->scenario;
    size_t size = 0;
    for (size_t i = 0; i < scenario->agent_count; i++)
        size += scenario->agents[i].times;
    scenario->values[0] = size;
    if (size > SCENARIO_MOST_AGENTS)
        return field_complain(place, cJSON_GetObjectItemCaseSensitive(place->root, "agents"),
                              "agents",
                              "expected a batch of at most %d agents, got %zu (counting 'times')",
                              SCENARIO_MOST_AGENTS, size);
    return 0;
}

int scenario_find_arm(const struct scenario *scenario, const char *name)
{
    for (size_t i = 0; i < scenario->arm_count; i++)
        if (strcmp(scenario->arms[i].name, name) == 0)
            return (int)i;
    return -1;
}

int scenario_find_size(const struct scenario *scenario, size_t batch_size)
{
    for (size_t i = 0; i < scenario->value_count; i++)
        if (scenario->values[i] == batch_size)
            return (int)i;
    return -1;
}
