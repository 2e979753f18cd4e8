/* How does a baseline become a file, and is a file still the baseline that was written? */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "trend/gate/baseline.h"

#define MOST_SITTINGS 10000

/* ---- writing ---- */

/* Whole units; null stands for "failed". */
static cJSON *whole(double value)
{
    bool known = isfinite(value) && value >= 0 && value < 9e15;
    return known ? cJSON_CreateNumber(round(value)) : cJSON_CreateNull();
}

static void add_figures(cJSON *object, const struct gate_figures *figures)
{
    cJSON *list;
    json_add_int64(object, "n", (int64_t)figures->n);
    json_add_int64(object, "failed", (int64_t)figures->failed);
    list = cJSON_AddArrayToObject(object, "quantiles");
    for (size_t q = 0; q < GATE_BASELINE_QUANTILES; q++)
        cJSON_AddItemToArray(list, whole(figures->at[q]));
}

static const char *unit_of(enum scenario_metric metric)
{
    enum scenario_unit unit = scenario_metrics[metric].unit;
    return unit == SCENARIO_PER_SECOND ? "ns_per_agent" : scenario_units[unit].name;
}

static cJSON *series_json(const struct gate_baseline *baseline, const struct gate_series *series)
{
    cJSON *object = cJSON_CreateObject(), *list;
    cJSON_AddStringToObject(object, "arm", series->arm);
    json_add_int64(object, "agents", (int64_t)series->batch_size);
    cJSON_AddStringToObject(object, "metric", scenario_metric_names[series->metric]);
    cJSON_AddStringToObject(object, "unit", unit_of(series->metric));
    cJSON_AddItemToObject(object, "median", whole(series->pooled.at[gate_baseline_place(0.5)]));
    cJSON_AddItemToObject(object, "p95", whole(series->pooled.at[gate_baseline_place(0.95)]));
    add_figures(object, &series->pooled);
    list = cJSON_AddArrayToObject(object, "sittings");
    for (size_t i = 0; i < baseline->sitting_count; i++) {
        cJSON *own = cJSON_CreateObject();
        add_figures(own, &series->sittings[i]);
        cJSON_AddItemToArray(list, own);
    }
    return object;
}

static void add_sittings(cJSON *root, const struct gate_baseline *baseline)
{
    cJSON *list = cJSON_AddArrayToObject(root, "sittings");
    for (size_t i = 0; i < baseline->sitting_count; i++) {
        cJSON *object = cJSON_CreateObject();
        json_add_int64(object, "run", baseline->sittings[i].run);
        json_add_int64(object, "started_wall_ns", baseline->sittings[i].started_wall_ns);
        json_add_int64(object, "seed", (int64_t)baseline->sittings[i].seed);
        cJSON_AddItemToArray(list, object);
    }
}

/* Over everything before the last member, which it is; blanks between words do not count. "" when
 * there is none. */
static void checksum_of(char out[SCENARIO_ID_BYTES], const char *text)
{
    char *copy = xstrdup(text), *end;
    out[0] = '\0';
    cJSON_Minify(copy);
    end = strstr(copy, ",\"checksum\":");
    if (end)
        snprintf(out, SCENARIO_ID_BYTES, "%016" PRIx64,
                 hash_bytes(HASH_START, copy, (size_t)(end - copy)));
    free(copy);
}

char *gate_baseline_write(const struct gate_baseline *baseline)
{
    cJSON *root = cJSON_CreateObject(), *machine, *list;
    char checksum[SCENARIO_ID_BYTES], *text;
    cJSON_AddStringToObject(root, "schema", GATE_BASELINE_SCHEMA);
    cJSON_AddStringToObject(root, "name", baseline->name);
    cJSON_AddStringToObject(root, "scenario", baseline->scenario);
    cJSON_AddStringToObject(root, "question_fnv1a", baseline->question);
    cJSON_AddStringToObject(root, "spawnbench", baseline->version);
    cJSON_AddStringToObject(root, "machine", baseline->fingerprint.id);
    machine = cJSON_AddObjectToObject(root, "fingerprint");
    scenario_machine_put(machine, &baseline->fingerprint);
    add_sittings(root, baseline);
    list = cJSON_AddArrayToObject(root, "quantiles");
    for (size_t q = 0; q < GATE_BASELINE_QUANTILES; q++)
        cJSON_AddItemToArray(list, cJSON_CreateNumber(gate_baseline_quantiles[q]));
    list = cJSON_AddArrayToObject(root, "series");
    for (size_t i = 0; i < baseline->series_count; i++)
        cJSON_AddItemToArray(list, series_json(baseline, &baseline->series[i]));
    cJSON_AddStringToObject(root, "checksum", "");
    text = json_print(root, 0);
    checksum_of(checksum, text);
    free(text);
    cJSON_ReplaceItemInObjectCaseSensitive(root, "checksum", cJSON_CreateString(checksum));
    text = json_print(root, 1);
    cJSON_Delete(root);
    return text;
}

/* ---- reading ---- */

static int lacks(struct err *err, const char *key, const char *expected)
{
    return err_set(err, ERR_UNFIT, "\"%s\": expected %s", key, expected);
}

static int take_string(char **out, const cJSON *object, const char *key, struct err *err)
{
    const char *told = json_string(object, key);
    if (!told || !*told)
        return lacks(err, key, "a string that is not empty");
    *out = xstrdup(told);
    return 0;
}

static int take_whole(int64_t *out, const cJSON *object, const char *key, int64_t least,
                      struct err *err)
{
    if (json_int64(out, cJSON_GetObjectItemCaseSensitive(object, key)) < 0 || *out < least)
        return lacks(err, key, "a whole number that makes sense");
    return 0;
}

static int read_figures(struct gate_figures *out, const cJSON *object, struct err *err)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, "quantiles"), *one;
    int64_t n, failed, value;
    size_t q = 0;
    if (take_whole(&n, object, "n", 1, err) < 0 ||
        take_whole(&failed, object, "failed", 0, err) < 0)
        return -1;
    if (failed > n || !cJSON_IsArray(list) || cJSON_GetArraySize(list) != GATE_BASELINE_QUANTILES)
        return lacks(err, "quantiles", "one number for each quantile of the document");
    out->n = (size_t)n;
    out->failed = (size_t)failed;
    cJSON_ArrayForEach(one, list) {
        bool number = json_int64(&value, one) == 0 && value >= 0;
        if (!number && !cJSON_IsNull(one))
            return lacks(err, "quantiles", "whole numbers, or null where cycles failed");
        out->at[q] = number ? (double)value : INFINITY;
        if (q && out->at[q] < out->at[q - 1])
            return lacks(err, "quantiles", "numbers that ascend");
        q++;
    }
    return 0;
}

static int read_metric(enum scenario_metric *out, const cJSON *object, struct err *err)
{
    if (scenario_metric_find(out, json_string(object, "metric")) == 0)
        return 0;
    return lacks(err, "metric", "a metric that this spawnbench knows");
}

static int read_series(struct gate_series *out, const struct gate_baseline *baseline,
                       const cJSON *object, struct err *err)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, "sittings"), *one;
    int64_t agents;
    size_t i = 0;
    if (take_string(&out->arm, object, "arm", err) < 0 ||
        take_whole(&agents, object, "agents", 1, err) < 0 ||
        read_metric(&out->metric, object, err) < 0 || read_figures(&out->pooled, object, err) < 0)
        return -1;
    out->batch_size = (size_t)agents;
    if (!cJSON_IsArray(list) || (size_t)cJSON_GetArraySize(list) != baseline->sitting_count)
        return lacks(err, "sittings", "figures of each sitting in each series");
    out->sittings = xcalloc(baseline->sitting_count, sizeof *out->sittings);
    cJSON_ArrayForEach(one, list)
        if (read_figures(&out->sittings[i++], one, err) < 0)
            return -1;
    return 0;
}

static int read_all_series(struct gate_baseline *out, const cJSON *root, struct err *err)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "series"), *one;
    if (!cJSON_IsArray(list) || !list->child)
        return lacks(err, "series", "figures of at least one arm");
    out->series = xcalloc((size_t)cJSON_GetArraySize(list), sizeof *out->series);
    cJSON_ArrayForEach(one, list) {
        if (read_series(&out->series[out->series_count++], out, one, err) < 0)
            return -1;
    }
    return 0;
}

static int read_sittings(struct gate_baseline *out, const cJSON *root, struct err *err)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "sittings"), *one;
    int count = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
    if (count < 1 || count > MOST_SITTINGS)
        return lacks(err, "sittings", "at least one sitting");
    out->sittings = xcalloc((size_t)count, sizeof *out->sittings);
    cJSON_ArrayForEach(one, list) {
        struct gate_sitting *sitting = &out->sittings[out->sitting_count++];
        int64_t seed;
        if (take_whole(&sitting->run, one, "run", 1, err) < 0 ||
            take_whole(&sitting->started_wall_ns, one, "started_wall_ns", 0, err) < 0 ||
            take_whole(&seed, one, "seed", 0, err) < 0)
            return -1;
        sitting->seed = (uint64_t)seed;
    }
    return 0;
}

static int read_quantiles(const cJSON *root, struct err *err)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "quantiles"), *one;
    size_t q = 0;
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) != GATE_BASELINE_QUANTILES)
        return lacks(err, "quantiles", "the six quantiles of this version");
    cJSON_ArrayForEach(one, list)
        if (!cJSON_IsNumber(one) || fabs(one->valuedouble - gate_baseline_quantiles[q++]) > 1e-9)
            return lacks(err, "quantiles", "the six quantiles of this version");
    return 0;
}

static int check_schema(const cJSON *root, struct err *err)
{
    const char *schema = json_string(root, "schema");
    if (!schema)
        return err_set(err, ERR_UNFIT,
                       "it is no baseline: \"schema\" is missing (make one: "
                       "spawnbench baseline save NAME --export FILE)");
    if (strcmp(schema, GATE_BASELINE_SCHEMA) != 0)
        return err_set(err, ERR_UNFIT,
                       "it has schema '%.60s', this spawnbench reads '%s' (make a new one: "
                       "spawnbench baseline save NAME --export FILE)",
                       schema, GATE_BASELINE_SCHEMA);
    return 0;
}

static int check_sum(const cJSON *root, const char *text, struct err *err)
{
    char sum[SCENARIO_ID_BYTES];
    const char *told = json_string(root, "checksum");
    checksum_of(sum, text);
    if (!told || !*told || strcmp(told, sum) != 0)
        return err_set(err, ERR_UNFIT,
                       "it was changed or damaged after it was made: its checksum does not fit "
                       "(make a new one: spawnbench baseline save NAME --export FILE)");
    return 0;
}

static int read_document(struct gate_baseline *out, const cJSON *root, const char *text,
                         struct err *err)
{
    char *question = NULL;
    if (check_schema(root, err) < 0 || take_string(&out->name, root, "name", err) < 0 ||
        take_string(&out->scenario, root, "scenario", err) < 0 ||
        take_string(&out->version, root, "spawnbench", err) < 0 ||
        take_string(&question, root, "question_fnv1a", err) < 0)
        return -1;
    snprintf(out->question, sizeof out->question, "%s", question);
    free(question);
    if (scenario_machine_take(&out->fingerprint,
                              cJSON_GetObjectItemCaseSensitive(root, "fingerprint"), err) < 0 ||
        read_quantiles(root, err) < 0 || read_sittings(out, root, err) < 0 ||
        read_all_series(out, root, err) < 0)
        return -1;
    return check_sum(root, text, err);
}

/* It may come from anybody, and is told on terminals. */
static void make_printable(struct gate_baseline *baseline)
{
    text_make_printable(baseline->name);
    text_make_printable(baseline->scenario);
    text_make_printable(baseline->version);
    for (size_t i = 0; i < baseline->series_count; i++)
        text_make_printable(baseline->series[i].arm);
}

int gate_baseline_read(struct gate_baseline *out, const char *text, size_t length, struct err *err)
{
    cJSON *root = NULL;
    struct err why = {0};
    *out = (struct gate_baseline){0};
    if (json_parse(&root, text, length, &why) == 0 && read_document(out, root, text, &why) == 0) {
        cJSON_Delete(root);
        make_printable(out);
        return 0;
    }
    cJSON_Delete(root);
    gate_baseline_release(out);
    return err_set(err, ERR_UNFIT, "the baseline cannot be used: %s", why.text);
}

/* ---- finding ---- */

bool gate_is_file(const char *which)
{
    size_t length = strlen(which);
    return strchr(which, '/') || (length > 5 && strcmp(which + length - 5, ".json") == 0);
}

static int read_file(struct gate_baseline *out, const char *path, struct err *err)
{
    char *text = NULL;
    size_t length = 0;
    int rc = text_read_file(&text, &length, path, GATE_BASELINE_MOST_BYTES, err);
    if (rc == 0)
        rc = gate_baseline_read(out, text, length, err);
    else if (err)
        err->code = ERR_UNFIT;
    free(text);
    return rc < 0 ? err_wrap(err, "baseline '%s'", path) : 0;
}

struct reading {
    struct gate_baseline *out;
    struct err *err;
    int rc;
};

static int read_stored(void *context, const struct results_document *document)
{
    struct reading *reading = context;
    reading->rc =
        gate_baseline_read(reading->out, document->text, strlen(document->text), reading->err);
    return 0;
}

int gate_baseline_find(struct gate_baseline *out, const char *which, struct results *store,
                       struct err *err)
{
    struct reading reading = {out, err, 0};
    struct err why = {0};
    char option[RESULTS_OPTION_BYTES];
    int64_t run;
    int rc;
    *out = (struct gate_baseline){0};
    if (gate_is_file(which))
        return read_file(out, which, err);
    rc = store ? results_document_newest(store, RESULTS_BASELINE, which, read_stored, &reading, err)
               : 1;
    if (rc <= 0)
        return rc < 0 || reading.rc < 0 ? err_wrap(err, "baseline '%s'", which) : 0;
    if (!store || results_run_find(store, which, &run, &why) < 0)
        return err_set(err, ERR_UNFIT,
                       "there is no baseline '%s': no file, no saved baseline and no run of that "
                       "name (see: spawnbench baseline list%s)",
                       which, store ? results_option(option, store) : "");
    return gate_baseline_make(out, which, store, &run, 1, err);
}
