/* How are gates kept that took half an hour, so that the report can be made again in a second? */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "study/trials/real.h"

#define MOST_BYTES  (16 << 20)
#define DIGITS_ROOM 32

/* ---- writing: one line per kind ---- */

/* Six digits are more than any of these figures can mean. */
static cJSON *short_number(double value)
{
    char digits[DIGITS_ROOM];
    if (!isfinite(value))
        return cJSON_CreateNull();
    snprintf(digits, sizeof digits, "%.6g", value);
    return cJSON_CreateNumber(strtod(digits, NULL));
}

static void add_column(cJSON *object, const char *key, const struct real_series *series,
                       size_t offset)
{
    cJSON *list = cJSON_AddArrayToObject(object, key);
    for (size_t i = 0; i < series->count; i++) {
        double value;
        memcpy(&value, (const char *)&series->gates[i] + offset, sizeof value);
        cJSON_AddItemToArray(list, short_number(value));
    }
}

static cJSON *series_to_json(const struct real_series *series, const char *name)
{
    cJSON *object = cJSON_CreateObject(), *list;
    cJSON_AddStringToObject(object, "name", name);
    cJSON_AddStringToObject(object, "date", series->date);
    cJSON_AddStringToObject(object, "command", series->command ? series->command : "");
    json_add_int64(object, "init_ns", series->init_ns);
    json_add_int64(object, "base_ns", series->base_ns);
    json_add_int64(object, "planted_ns", series->planted_ns);
    json_add_int64(object, "seed", (int64_t)series->seed);
    cJSON_AddItemToObject(object, "load", short_number(series->load));
    scenario_machine_put(cJSON_AddObjectToObject(object, "machine"), &series->machine);
    list = cJSON_AddArrayToObject(object, "verdict");
    for (size_t i = 0; i < series->count; i++)
        cJSON_AddItemToArray(list, cJSON_CreateString(series->gates[i].verdict));
    list = cJSON_AddArrayToObject(object, "pairs");
    for (size_t i = 0; i < series->count; i++)
        cJSON_AddItemToArray(list, cJSON_CreateNumber((double)series->gates[i].pairs));
    add_column(object, "ratio", series, offsetof(struct real_gate, ratio));
    add_column(object, "lower", series, offsetof(struct real_gate, lower));
    add_column(object, "upper", series, offsetof(struct real_gate, upper));
    add_column(object, "detectable", series, offsetof(struct real_gate, detectable));
    add_column(object, "seconds", series, offsetof(struct real_gate, seconds));
    return object;
}

int real_save(const struct real_results *results, const char *path, struct err *err)
{
    struct text text = {0};
    bool first = true;
    int rc;
    text_add(&text, "{\"schema\": \"" REAL_SCHEMA "\", \"kinds\": [");
    for (size_t k = 0; k < REAL_KINDS; k++) {
        cJSON *object;
        char *line;
        if (results->series[k].count == 0)
            continue;
        object = series_to_json(&results->series[k], real_kinds[k].name);
        line = json_print(object, 0);
        text_addf(&text, "%s\n%s", first ? "" : ",", line);
        first = false;
        free(line);
        cJSON_Delete(object);
    }
    text_add(&text, "\n]}\n");
    rc = text_write_file(path, text.data, text.length, err);
    text_release(&text);
    return rc;
}

/* ---- reading ---- */

static int wrong(struct err *err, const char *what)
{
    return err_set(err, ERR_FORMAT, "%s; measure anew with --real --anew", what);
}

static double number_at(const cJSON *object, const char *key, size_t i)
{
    const cJSON *item = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(object, key), (int)i);
    return cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

static void read_gates(struct real_series *out, const cJSON *object)
{
    const cJSON *verdicts = cJSON_GetObjectItemCaseSensitive(object, "verdict"), *verdict;
    out->gates = xcalloc((size_t)cJSON_GetArraySize(verdicts) + 1, sizeof *out->gates);
    cJSON_ArrayForEach(verdict, verdicts) {
        size_t i = out->count++;
        double pairs = number_at(object, "pairs", i);
        struct real_gate *gate = &out->gates[i];
        snprintf(gate->verdict, sizeof gate->verdict, "%s",
                 cJSON_IsString(verdict) ? verdict->valuestring : "?");
        text_make_printable(gate->verdict);
        gate->pairs = pairs >= 0 && pairs < 1e9 ? (size_t)pairs : 0;
        gate->ratio = number_at(object, "ratio", i);
        gate->lower = number_at(object, "lower", i);
        gate->upper = number_at(object, "upper", i);
        gate->detectable = number_at(object, "detectable", i);
        gate->seconds = number_at(object, "seconds", i);
    }
}

static int read_series(struct real_results *out, const cJSON *object, struct err *err)
{
    const char *name = json_string(object, "name"), *date = json_string(object, "date");
    const char *command = json_string(object, "command");
    const cJSON *load = cJSON_GetObjectItemCaseSensitive(object, "load");
    struct real_series *series = NULL;
    int64_t seed;
    for (size_t k = 0; name && k < REAL_KINDS; k++)
        if (strcmp(name, real_kinds[k].name) == 0)
            series = &out->series[k];
    if (!series || series->gates || !date || !command)
        return wrong(err, "a kind without a known name, a date or a command, or one given twice");
    if (json_int64(&series->init_ns, cJSON_GetObjectItemCaseSensitive(object, "init_ns")) < 0 ||
        json_int64(&series->base_ns, cJSON_GetObjectItemCaseSensitive(object, "base_ns")) < 0 ||
        json_int64(&series->planted_ns, cJSON_GetObjectItemCaseSensitive(object, "planted_ns")) <
            0 ||
        json_int64(&seed, cJSON_GetObjectItemCaseSensitive(object, "seed")) < 0)
        return wrong(err, "init_ns, base_ns, planted_ns and seed must be whole numbers");
    series->seed = (uint64_t)seed;
    series->load = cJSON_IsNumber(load) ? load->valuedouble : NAN;
    series->command = xstrdup(command);
    text_make_printable(series->command);
    snprintf(series->date, sizeof series->date, "%s", date);
    text_make_printable(series->date);
    read_gates(series, object);
    return scenario_machine_take(&series->machine,
                                 cJSON_GetObjectItemCaseSensitive(object, "machine"), err);
}

static int read_root(struct real_results *out, const cJSON *root, struct err *err)
{
    const char *schema = json_string(root, "schema");
    const cJSON *object;
    if (!schema || strcmp(schema, REAL_SCHEMA) != 0)
        return wrong(err, "the schema is not '" REAL_SCHEMA "'");
    cJSON_ArrayForEach(object, cJSON_GetObjectItemCaseSensitive(root, "kinds")) {
        if (read_series(out, object, err) < 0)
            return -1;
    }
    return 0;
}

int real_read(struct real_results *out, const char *path, struct err *err)
{
    struct real_results draft = {0};
    cJSON *root = NULL;
    char *data = NULL;
    size_t length;
    int rc = -1;
    *out = draft;
    if (access(path, F_OK) != 0)
        return 0;
    if (text_read_file(&data, &length, path, MOST_BYTES, err) == 0 &&
        json_parse(&root, data, length, err) == 0)
        rc = read_root(&draft, root, err);
    if (rc == 0) {
        *out = draft;
        draft = (struct real_results){0};
    } else {
        err_wrap(err, "results of real gates in '%s'", path);
    }
    real_release(&draft);
    cJSON_Delete(root);
    free(data);
    return rc;
}

void real_release(struct real_results *results)
{
    for (size_t k = 0; k < REAL_KINDS; k++) {
        free(results->series[k].gates);
        free(results->series[k].command);
    }
    *results = (struct real_results){0};
}
