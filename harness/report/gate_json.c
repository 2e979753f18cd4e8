/* What did the gate find, as one JSON document? */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "report/trend_words.h"

/* In the metric's own unit: whole nanoseconds and bytes, rates as they are. */
static void add_figure(cJSON *object, const char *key, const struct gate_place *place, double value)
{
    bool whole = scenario_metrics[place->metric].unit != SCENARIO_PER_SECOND;
    if (whole && isfinite(value) && fabs(value) < 9e18)
        json_add_int64(object, key, llround(value));
    else
        json_add_double(object, key, value);
}

static cJSON *item_of(const struct gate_result *result, size_t at)
{
    const struct gate_item *item = &result->answer.items[at];
    const struct gate_place *place = &result->pairs.places[at];
    cJSON *object = cJSON_CreateObject();
    if (place->arm)
        cJSON_AddStringToObject(object, "arm", place->arm);
    cJSON_AddStringToObject(object, "metric", scenario_metric_names[place->metric]);
    cJSON_AddStringToObject(object, "unit",
                            scenario_units[scenario_metrics[place->metric].unit].name);
    json_add_int64(object, "agents", (int64_t)place->batch_size);
    json_add_double(object, "quantile", result->pairs.metrics[at].quantile);
    cJSON_AddStringToObject(object, "word", gate_word_code(item->word));
    add_figure(object, "baseline", place, place->baseline);
    add_figure(object, "candidate", place, place->candidate);
    json_add_double(object, "ratio", item->ratio);
    json_add_double(object, "lower", item->lower > 0 ? item->lower : NAN);
    json_add_double(object, "upper", item->upper);
    json_add_int64(object, "n", (int64_t)item->n);
    json_add_double(object, "effective_n", item->effective_n);
    json_add_double(object, "tau", item->tau);
    json_add_int64(object, "look", item->look);
    json_add_double(object, "p_regression", item->p_regression);
    json_add_double(object, "p_adjusted", item->p_adjusted);
    json_add_double(object, "p_no_regression", item->p_no_regression);
    json_add_double(object, "p_improvement", item->p_improvement);
    json_add_double(object, "detectable", item->detectable);
    json_add_double(object, "least_regression", item->least_regression);
    json_add_int64(object, "failed_baseline", (int64_t)item->failed_baseline);
    json_add_int64(object, "failed_candidate", (int64_t)item->failed_candidate);
    json_add_int64(object, "doubtful", (int64_t)item->doubtful);
    return object;
}

static void add_asked(cJSON *root, const struct gate_asked *asked)
{
    cJSON *looks;
    json_add_double(root, "tolerance", asked->tolerance);
    json_add_double(root, "alpha", asked->alpha);
    json_add_double(root, "alpha_pass", GATE_ALPHA_PASS);
    json_add_double(root, "power", asked->power);
    looks = cJSON_AddArrayToObject(root, "looks");
    for (size_t i = 0; i < asked->look_count; i++)
        cJSON_AddItemToArray(looks, cJSON_CreateNumber(asked->looks[i]));
}

static void add_marks(cJSON *root, const struct gate_result *result)
{
    cJSON *list = cJSON_AddArrayToObject(root, "marks");
    char *copy = xstrdup(result->marks.data ? result->marks.data : ""), *next = NULL;
    for (char *line = strtok_r(copy, "\n", &next); line; line = strtok_r(NULL, "\n", &next))
        cJSON_AddItemToArray(list, cJSON_CreateString(line));
    free(copy);
}

static void add_words(cJSON *root, const char *key, const char *word)
{
    char *copy = xstrdup(word ? word : "");
    text_make_printable(copy);
    cJSON_AddStringToObject(root, key, copy);
    free(copy);
}

int report_gate_json(FILE *out, const struct gate_result *result, struct err *err)
{
    cJSON *root = cJSON_CreateObject(), *items;
    char *printed;
    int rc = 0;
    cJSON_AddStringToObject(root, "schema", "spawnbench.gate.v1");
    add_words(root, "scenario", result->scenario);
    cJSON_AddStringToObject(root, "kind", result->paired ? "side_by_side" : "stored");
    add_words(root, "baseline", result->baseline);
    add_words(root, "candidate", result->candidate);
    json_add_int64(root, "run", result->run);
    json_add_int64(root, "seed", (int64_t)result->seed);
    json_add_int64(root, "sittings", (int64_t)result->sittings);
    add_asked(root, &result->asked);
    items = cJSON_AddArrayToObject(root, "metrics");
    for (size_t i = 0; i < result->answer.count; i++)
        cJSON_AddItemToArray(items, item_of(result, i));
    json_add_int64(root, "cycles", result->cycles);
    json_add_int64(root, "findings_baseline", result->findings_baseline);
    json_add_int64(root, "findings_candidate", result->findings_candidate);
    add_words(root, "finding", result->finding);
    add_words(root, "history", result->history);
    json_add_int64(root, "open_steps", (int64_t)result->open_steps);
    add_marks(root, result);
    cJSON_AddStringToObject(root, "verdict", gate_verdict(result));
    cJSON_AddStringToObject(root, "reason", result->reason);
    cJSON_AddBoolToObject(root, "advisory", result->advisory);
    json_add_int64(root, "exit", result->code);
    printed = json_print(root, 1);
    if (fprintf(out, "%s\n", printed) < 0)
        rc = err_system(err, "cannot write the JSON document");
    free(printed);
    cJSON_Delete(root);
    return rc;
}
