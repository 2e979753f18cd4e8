/* Is the tolerance larger than the noise that a calibration found on this machine? */
#include "trend/gate/gating.h"

#include <string.h>

#include "base/json.h"

#define SCHEMA "spawnbench.calibration.v1"

/* The newest calibration that fits; documents come oldest first. */
struct search {
    const char *machine, *scenario;
    cJSON *best;
    bool best_is_own, damaged; /* best is of this very scenario */
};

static bool is(const cJSON *root, const char *key, const char *wanted)
{
    const char *told = json_string(root, key);
    return told && strcmp(told, wanted) == 0;
}

static int look(void *context, const struct results_document *document)
{
    struct search *search = context;
    cJSON *root = NULL;
    bool own;
    if (json_parse(&root, document->text, strlen(document->text), NULL) < 0 ||
        !is(root, "schema", SCHEMA)) {
        search->damaged = true;
        cJSON_Delete(root);
        return 0;
    }
    own = is(root, "scenario", search->scenario);
    if (!is(root, "machine", search->machine) || (search->best_is_own && !own)) {
        cJSON_Delete(root);
        return 0;
    }
    cJSON_Delete(search->best);
    search->best = root;
    search->best_is_own = own;
    return 0;
}

static void hold_against(struct gate_result *result, const cJSON *row,
                         const struct gate_place *place, double quantile, const char *option)
{
    const cJSON *floor = cJSON_GetObjectItemCaseSensitive(row, "noise_floor");
    char statistic[GATE_STATISTIC_BYTES];
    if (!is(row, "metric", scenario_metric_names[place->metric]) ||
        !is(row, "statistic", gate_statistic(statistic, quantile)) || !cJSON_IsNumber(floor) ||
        result->asked.tolerance >= floor->valuedouble)
        return;
    gate_refuse(
        result,
        "--max-regression %.3g%% is below the noise floor of %s %s on this machine, %.3g%%: allow "
        "at least that, or calibrate anew on a quieter machine (spawnbench doctor --calibrate%s)",
        100 * result->asked.tolerance, scenario_metric_names[place->metric], statistic,
        100 * floor->valuedouble, option);
}

static void hold_all(struct gate_result *result, const cJSON *calibration, const char *option)
{
    const struct gate_asked *asked = &result->asked;
    const cJSON *rows = cJSON_GetObjectItemCaseSensitive(calibration, "metrics"), *row;
    cJSON_ArrayForEach(row, rows) {
        for (size_t i = 0; i < asked->metric_count; i++)
            for (size_t q = 0; q < asked->quantile_count; q++) {
                struct gate_place place = {.metric = asked->metrics[i]};
                hold_against(result, row, &place, asked->quantiles[q], option);
            }
    }
}

int gate_check_floor(struct gate_result *result, struct results *store, const char *machine,
                     const char *scenario, struct err *err)
{
    struct search search = {machine, scenario, NULL, false, false};
    char option[RESULTS_OPTION_BYTES];
    results_option(option, store);
    if (results_each_document(store, RESULTS_CALIBRATION, look, &search, err) < 0) {
        cJSON_Delete(search.best);
        return -1;
    }
    if (search.damaged)
        gate_mark(result,
                  "a stored calibration cannot be read and is not held against the "
                  "tolerance (spawnbench doctor --calibrate%s makes a new one)",
                  option);
    hold_all(result, search.best, option);
    cJSON_Delete(search.best);
    return 0;
}
