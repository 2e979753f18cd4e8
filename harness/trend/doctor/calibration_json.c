/* How is a calibration kept? As a JSON document in the results store, read back by name. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "trend/doctor/calibration.h"
#include "trend/gate/gating.h"

static void add_row(cJSON *rows, const struct calibration_row *row)
{
    cJSON *out = cJSON_CreateObject(), *part;
    char key[32], statistic[GATE_STATISTIC_BYTES];
    cJSON_AddStringToObject(out, "metric", scenario_metric_names[row->metric]);
    cJSON_AddStringToObject(out, "statistic", gate_statistic(statistic, row->quantile));
    json_add_int64(out, "agents", (int64_t)row->batch_size);
    json_add_double(out, "noise_floor", row->noise_floor);
    json_add_double(out, "resolution", row->resolution);
    json_add_double(out, "largest", row->largest);
    json_add_double(out, "sigma_log", row->sigma_log);
    json_add_double(out, "tau", row->tau);
    json_add_double(out, "spread", row->spread);
    json_add_int64(out, "false_alarms", (int64_t)row->false_alarms);
    json_add_int64(out, "gates", (int64_t)row->gates);
    json_add_double(out, "false_alarms_upper", row->false_alarms_upper);
    part = cJSON_AddObjectToObject(out, "resolvable");
    for (size_t i = 0; i < CALIBRATION_SIZES; i++) {
        snprintf(key, sizeof key, "%zu", calibration_sizes[i]);
        json_add_double(part, key, row->resolvable[i]);
    }
    part = cJSON_AddObjectToObject(out, "pairs_needed");
    for (size_t i = 0; i < CALIBRATION_CHANGES; i++) {
        snprintf(key, sizeof key, "%g", calibration_changes[i]);
        json_add_double(part, key, row->pairs[i]);
    }
    cJSON_AddItemToArray(rows, out);
}

char *calibration_write(const struct calibration *calibration)
{
    cJSON *root = cJSON_CreateObject(), *rows, *position;
    char *text;
    cJSON_AddStringToObject(root, "schema", CALIBRATION_SCHEMA);
    cJSON_AddStringToObject(root, "machine", calibration->machine);
    cJSON_AddStringToObject(root, "scenario", calibration->scenario);
    cJSON_AddStringToObject(root, "arm", calibration->arm);
    json_add_int64(root, "made_wall_ns", calibration->made_wall_ns);
    json_add_int64(root, "pairs", (int64_t)calibration->pairs);
    json_add_int64(root, "sittings", (int64_t)calibration->sittings);
    cJSON_AddBoolToObject(root, "fit", calibration->fit);
    json_add_double(root, "alpha", GATE_ALPHA);
    json_add_double(root, "power", GATE_POWER);
    json_add_double(root, "tolerance", GATE_TOLERANCE);
    position = cJSON_AddObjectToObject(root, "position");
    json_add_int64(position, "first_slower", (int64_t)calibration->first_slower);
    json_add_int64(position, "pairs", (int64_t)calibration->positions);
    json_add_double(position, "p", calibration->position_p);
    rows = cJSON_AddArrayToObject(root, "metrics");
    for (size_t i = 0; i < calibration->count; i++)
        add_row(rows, &calibration->rows[i]);
    text = json_print(root, 0);
    cJSON_Delete(root);
    return text;
}

/* ---- and back ---- */

static double number(const cJSON *object, const char *key)
{
    const cJSON *node = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(node) ? node->valuedouble : cJSON_IsNull(node) ? INFINITY : NAN;
}

static size_t count(const cJSON *object, const char *key)
{
    int64_t value;
    if (json_int64(&value, cJSON_GetObjectItemCaseSensitive(object, key)) < 0 || value < 0)
        return 0;
    return (size_t)value;
}

static void take_row(struct calibration *out, const cJSON *node)
{
    const cJSON *resolvable = cJSON_GetObjectItemCaseSensitive(node, "resolvable");
    const cJSON *needed = cJSON_GetObjectItemCaseSensitive(node, "pairs_needed");
    const char *statistic = json_string(node, "statistic");
    enum scenario_metric metric;
    struct calibration_row *row;
    char key[32];
    double quantile = statistic && *statistic == 'p' ? strtod(statistic + 1, NULL) / 100 : 0;
    if (scenario_metric_find(&metric, json_string(node, "metric")) < 0 ||
        !(quantile > 0 && quantile < 1) || isnan(number(node, "noise_floor")))
        return;
    out->rows = xrealloc(out->rows, out->count + 1, sizeof *out->rows);
    row = &out->rows[out->count++];
    *row = (struct calibration_row){.metric = metric,
                                    .batch_size = count(node, "agents"),
                                    .quantile = quantile,
                                    .gates = count(node, "gates"),
                                    .false_alarms = count(node, "false_alarms"),
                                    .false_alarms_upper = number(node, "false_alarms_upper"),
                                    .largest = number(node, "largest"),
                                    .resolution = number(node, "resolution"),
                                    .noise_floor = number(node, "noise_floor"),
                                    .sigma_log = number(node, "sigma_log"),
                                    .tau = number(node, "tau"),
                                    .spread = number(node, "spread")};
    for (size_t i = 0; i < CALIBRATION_SIZES; i++) {
        snprintf(key, sizeof key, "%zu", calibration_sizes[i]);
        row->resolvable[i] = number(resolvable, key);
    }
    for (size_t i = 0; i < CALIBRATION_CHANGES; i++) {
        snprintf(key, sizeof key, "%g", calibration_changes[i]);
        row->pairs[i] = number(needed, key);
    }
}

static void take_head(struct calibration *out, const cJSON *root)
{
    const cJSON *position = cJSON_GetObjectItemCaseSensitive(root, "position");
    const char *arm = json_string(root, "arm");
    snprintf(out->machine, sizeof out->machine, "%s", json_string(root, "machine"));
    out->scenario = xstrdup(json_string(root, "scenario"));
    out->arm = xstrdup(arm ? arm : "");
    text_make_printable(out->machine);
    text_make_printable(out->scenario);
    text_make_printable(out->arm);
    out->made_wall_ns = (int64_t)count(root, "made_wall_ns");
    out->pairs = count(root, "pairs");
    out->sittings = count(root, "sittings");
    out->fit = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "fit"));
    out->first_slower = count(position, "first_slower");
    out->positions = count(position, "pairs");
    out->position_p = number(position, "p");
}

int calibration_read(struct calibration *out, const char *text, struct err *err)
{
    cJSON *root = NULL;
    const cJSON *row, *rows;
    const char *schema;
    *out = (struct calibration){0};
    if (json_parse(&root, text, strlen(text), err) < 0)
        return err_wrap(err, "calibration");
    schema = json_string(root, "schema");
    rows = cJSON_GetObjectItemCaseSensitive(root, "metrics");
    if (!schema || strcmp(schema, CALIBRATION_SCHEMA) != 0 || !json_string(root, "machine") ||
        !json_string(root, "scenario") || !cJSON_IsArray(rows)) {
        cJSON_Delete(root);
        return err_set(err, ERR_FORMAT, "calibration: this is no " CALIBRATION_SCHEMA);
    }
    take_head(out, root);
    cJSON_ArrayForEach(row, rows)
        take_row(out, row);
    cJSON_Delete(root);
    return 0;
}
