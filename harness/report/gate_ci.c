/* How do programs and CI services read the answer of a gate? Markdown, GitHub's commands, CTest's
 * measurements, one JSON document, and JUnit: one case for each metric, for integrity, for
 * comparability, with names that are the same from run to run. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "report/junit.h"
#include "report/trend_words.h"
#include "report/words.h"

/* ---- Markdown ---- */

static void markdown_row(struct text *out, const struct gate_result *result, size_t i)
{
    const struct gate_item *item = &result->answer.items[i];
    char line[GATE_LINE_BYTES];
    text_add(out, "| ");
    words_markdown(out, gate_words_name(line, result, i));
    text_addf(out, " | %s | ", gate_word_name(item->word));
    words_markdown(out, gate_words_ratio(line, item));
    text_add(out, " | ");
    words_markdown(out, gate_words_worth(line, item));
    words_markdownf(out, " | %s |\n", gate_words_said(line, result, item));
}

void report_gate_markdown(struct text *out, const struct gate_result *result)
{
    char levels[GATE_LINE_BYTES];
    words_markdownf(out, "### spawnbench gate: %s", gate_verdict(result));
    text_add(out, result->advisory && result->code < 4 ? " (advisory)\n\n" : "\n\n");
    text_add(out, "Scenario ");
    words_code(out, result->scenario ? result->scenario : "-");
    text_add(out, ", candidate ");
    words_code(out, result->candidate ? result->candidate : "-");
    text_add(out, " against ");
    words_code(out, result->baseline ? result->baseline : "-");
    text_addf(out, result->paired && result->run ? ", run %lld.\n\n" : ".\n\n",
              (long long)result->run);
    if (result->reason[0]) {
        words_markdownf(out, "%s\n\n", result->reason);
    }
    if (result->answer.count)
        text_addf(out, "| metric | answer | ratio at %s | n | |\n| --- | --- | --- | --- | --- |\n",
                  gate_words_levels(levels, result));
    for (size_t i = 0; i < result->answer.count; i++)
        markdown_row(out, result, i);
    text_add(out, result->answer.count ? "\n" : "");
    gate_words_marks(out, "- ", result, words_markdown);
    text_addf(out, "- %lld findings of the candidate in %lld cycles",
              (long long)result->findings_candidate, (long long)result->cycles);
    text_add(out, result->finding[0] ? ": " : "");
    words_markdownf(out, "%s\n\n", result->finding);
}

/* ---- GitHub Actions ---- */

static void add_escaped(struct text *out, const char *data)
{
    for (; *data; data++)
        if (*data == '%' || *data == '\r' || *data == '\n')
            text_addf(out, "%%%02X", (unsigned)(unsigned char)*data);
        else
            text_add_bytes(out, data, 1);
}

static void annotate(struct text *out, const char *kind, const struct gate_result *result,
                     const char *what)
{
    struct text plain = {0};
    words_plainf(&plain, "%s: %s", result->scenario ? result->scenario : "gate", what);
    text_addf(out, "::%s title=spawnbench gate::", kind);
    add_escaped(out, plain.data);
    text_add(out, "\n");
    text_release(&plain);
}

static void annotate_item(struct text *out, const struct gate_result *result, size_t i)
{
    const struct gate_item *item = &result->answer.items[i];
    char name[GATE_LINE_BYTES], ratio[GATE_LINE_BYTES], said[GATE_LINE_BYTES], *what;
    bool grave = item->word == GATE_REGRESSION && result->code == 1;
    if (item->word == GATE_NO_REGRESSION || item->word == GATE_IMPROVEMENT)
        return;
    what = text_format("%s %s: %s", gate_words_name(name, result, i), gate_words_ratio(ratio, item),
                       gate_words_said(said, result, item));
    annotate(out,
             grave || (result->code == 3 && item->word != GATE_REGRESSION) ? "error" : "warning",
             result, what);
    free(what);
}

void report_gate_annotations(struct text *out, const struct gate_result *result)
{
    char *what;
    if (result->findings_candidate) {
        what = text_format("%s, %lld findings: %s", gate_verdict(result),
                           (long long)result->findings_candidate, result->finding);
        annotate(out, "error", result, what);
        free(what);
    }
    if (result->reason[0])
        annotate(out, "error", result, result->reason);
    if (result->open_steps)
        annotate(out, result->code == 1 ? "error" : "warning", result, result->history);
    for (size_t i = 0; i < result->answer.count && !result->reason[0]; i++)
        annotate_item(out, result, i);
}

/* ---- CTest ---- */

static void measurement(struct text *out, const char *name, const char *suffix, double value)
{
    if (!isfinite(value))
        return;
    text_add(out, "<CTestMeasurement type=\"numeric/double\" name=\"");
    for (; *name; name++) /* names of metrics and arms: letters of identifiers, no markup */
        text_add_bytes(out, strchr("<>&\"", *name) ? "?" : name, 1);
    text_addf(out, "%s\">%.9g</CTestMeasurement>\n", suffix, value);
}

void report_gate_ctest(struct text *out, const struct gate_result *result)
{
    char name[GATE_LINE_BYTES];
    for (size_t i = 0; i < result->answer.count; i++) {
        const struct gate_item *item = &result->answer.items[i];
        gate_words_name(name, result, i);
        measurement(out, name, " ratio", item->ratio);
        measurement(out, name, " upper bound", item->upper);
    }
}

/* ---- JSON ---- */

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

/* ---- JUnit ---- */

static enum junit_result result_of(const struct gate_result *result, const struct gate_item *item)
{
    switch (item->word) {
    case GATE_NO_REGRESSION:
    case GATE_IMPROVEMENT:
        return JUNIT_PASSED;
    case GATE_REGRESSION: /* an advisory one is told, and fails nothing */
        return result->advisory ? JUNIT_SKIPPED : JUNIT_FAILED;
    default:
        return result->code == 3 ? JUNIT_FAILED : JUNIT_SKIPPED;
    }
}

static void add_item(struct junit *junit, const struct gate_result *result, size_t i)
{
    const struct gate_item *item = &result->answer.items[i];
    char name[GATE_LINE_BYTES], ratio[GATE_LINE_BYTES], said[GATE_LINE_BYTES];
    char worth[GATE_LINE_BYTES], levels[GATE_LINE_BYTES];
    char *message = text_format("%s at %s, %s: %s", gate_words_ratio(ratio, item),
                                gate_words_levels(levels, result), gate_words_worth(worth, item),
                                gate_words_said(said, result, item));
    enum junit_result answer = result_of(result, item);
    junit_case(junit, &(struct junit_case){.name = gate_words_name(name, result, i),
                                           .result = answer,
                                           .type = gate_word_code(item->word),
                                           .message = message,
                                           .detail = answer == JUNIT_PASSED ? message : NULL});
    free(message);
}

static void add_comparable(struct junit *junit, const struct gate_result *result)
{
    bool good = !result->reason[0] && result->answer.count > 0;
    junit_case(junit, &(struct junit_case){.name = "comparable",
                                           .result = good ? JUNIT_PASSED : JUNIT_ERROR,
                                           .type = good ? NULL : "not-comparable",
                                           .message = good ? NULL : result->reason,
                                           .detail = result->marks.data});
}

static void add_integrity(struct junit *junit, const struct gate_result *result)
{
    bool good = result->findings_candidate == 0;
    char *message = text_format("%lld findings of the candidate in %lld cycles: %s",
                                (long long)result->findings_candidate, (long long)result->cycles,
                                result->finding);
    enum junit_result answer = !good                ? JUNIT_FAILED
                               : result->cycles > 0 ? JUNIT_PASSED
                                                    : JUNIT_SKIPPED;
    junit_case(junit, &(struct junit_case){.name = "integrity",
                                           .result = answer,
                                           .type = good ? NULL : gate_verdict(result),
                                           .message = good ? "nothing was audited" : message});
    free(message);
}

/* Only when it was asked. */
static void add_history(struct junit *junit, const struct gate_result *result)
{
    enum junit_result answer = result->open_steps == 0 ? JUNIT_PASSED
                               : result->advisory      ? JUNIT_SKIPPED
                                                       : JUNIT_FAILED;
    if (!*result->history)
        return;
    junit_case(junit, &(struct junit_case){.name = "history",
                                           .result = answer,
                                           .type = "open-step",
                                           .message = result->history,
                                           .detail = result->history});
}

static void add_property(struct junit *junit, const char *name, const char *value)
{
    if (value && *value)
        junit_property(junit, name, value);
}

int report_gate_junit(FILE *out, const struct gate_result *result, struct err *err)
{
    struct junit junit = {0};
    char *suite = text_format("gate %s", result->scenario ? result->scenario : "");
    char seed[32];
    int rc;
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)result->seed);
    junit_suite(&junit, suite, NULL);
    add_property(&junit, "baseline", result->baseline);
    add_property(&junit, "candidate", result->candidate);
    add_property(&junit, "seed", result->paired ? seed : NULL);
    add_property(&junit, "verdict", gate_verdict(result));
    add_comparable(&junit, result);
    add_integrity(&junit, result);
    add_history(&junit, result);
    for (size_t i = 0; i < result->answer.count && !result->reason[0]; i++)
        add_item(&junit, result, i);
    rc = junit_write(&junit, out, "spawnbench gate", err);
    junit_release(&junit);
    free(suite);
    return rc;
}
