/* What became of a measurement over time? The same for programs, schema spawnbench.history.v1. */
#include <math.h>

#include "base/json.h"
#include "report/trend_words.h"
#include "report/words.h"

static void add_runs(cJSON *root, const struct history *history)
{
    cJSON *rows = cJSON_AddArrayToObject(root, "runs");
    for (size_t i = 0; i < history->run_count; i++) {
        const struct history_run *run = &history->runs[i];
        cJSON *row = cJSON_CreateObject(), *claims;
        char date[WORDS_BYTES];
        json_add_int64(row, "run", run->id);
        cJSON_AddStringToObject(row, "started", words_date(date, run->started_wall_ns));
        cJSON_AddStringToObject(row, "version", run->version);
        cJSON_AddStringToObject(row, "git_commit", run->commit);
        claims = cJSON_AddObjectToObject(row, "claims");
        for (int word = 0; word < VERDICT_WORDS; word++)
            json_add_int64(claims, verdict_word_name((enum verdict_word)word),
                           (int64_t)run->words[word]);
        json_add_int64(row, "findings", run->findings);
        cJSON_AddBoolToObject(row, "accepted", run->accepted);
        if (run->accepted)
            cJSON_AddStringToObject(row, "accepted_note", run->accepted_note);
        cJSON_AddItemToArray(rows, row);
    }
}

static void add_bound(cJSON *row, const char *key, bool there, double value)
{
    json_add_double(row, key, there ? value : INFINITY); /* null where there is none */
}

static void add_points(cJSON *root, const struct history *history,
                       const struct history_series *series)
{
    const char *tail = scenario_metrics[history->metric].more_is_better ? "p5" : "p95";
    cJSON *rows = cJSON_AddArrayToObject(root, "points");
    for (size_t i = 0; i < series->count; i++) {
        const struct history_point *point = &series->points[i];
        cJSON *row = cJSON_CreateObject();
        json_add_int64(row, "run", history->runs[point->run].id);
        json_add_int64(row, "n", (int64_t)point->n);
        json_add_int64(row, "failed", (int64_t)point->failed);
        json_add_double(row, "median", point->median);
        add_bound(row, "lower", point->bounds.has_lower, point->bounds.lower);
        add_bound(row, "upper", point->bounds.has_upper, point->bounds.upper);
        json_add_double(row, "tau", point->tau);
        json_add_double(row, tail, point->p95);
        cJSON_AddBoolToObject(row, "counted", point->counted);
        cJSON_AddItemToArray(rows, row);
    }
}

static void add_steps(cJSON *root, const struct history *history,
                      const struct history_series *series)
{
    cJSON *rows = cJSON_AddArrayToObject(root, "steps");
    for (size_t i = 0; i < series->step_count; i++) {
        const struct history_step *step = &series->steps[i];
        cJSON *row = cJSON_CreateObject();
        json_add_int64(row, "run", history->runs[series->points[step->at].run].id);
        json_add_double(row, "before", step->before);
        json_add_double(row, "after", step->after);
        json_add_double(row, "change", step->after / step->before - 1);
        json_add_double(row, "p", step->p);
        cJSON_AddBoolToObject(row, "blocked", step->blocked);
        cJSON_AddBoolToObject(row, "alarm", step->alarm);
        cJSON_AddBoolToObject(row, "worse", step->worse);
        cJSON_AddBoolToObject(row, "open", step->open);
        if (step->accepted)
            json_add_int64(row, "accepted", step->accepted);
        else
            cJSON_AddNullToObject(row, "accepted");
        cJSON_AddItemToArray(rows, row);
    }
}

static void add_left_out(cJSON *root, const struct history *history)
{
    cJSON *left = cJSON_AddObjectToObject(root, "left_out");
    json_add_int64(left, "other_machines", (int64_t)history->other_machines);
    json_add_int64(left, "other_questions", (int64_t)history->other_questions);
    json_add_int64(left, "partial", (int64_t)history->partial);
}

cJSON *report_history_json(const struct history *history)
{
    cJSON *root = cJSON_CreateObject(), *rows;
    cJSON_AddStringToObject(root, "scenario", history->scenario);
    cJSON_AddStringToObject(root, "machine", history->machine);
    cJSON_AddStringToObject(root, "metric", scenario_metric_names[history->metric]);
    cJSON_AddStringToObject(root, "unit",
                            scenario_units[scenario_metrics[history->metric].unit].name);
    json_add_int64(root, "seed", HISTORY_SEED);
    json_add_int64(root, "open", (int64_t)history_open(history));
    add_runs(root, history);
    rows = cJSON_AddArrayToObject(root, "series");
    for (size_t i = 0; i < history->series_count; i++) {
        const struct history_series *series = &history->series[i];
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "arm", series->arm);
        json_add_int64(row, "agents", (int64_t)series->batch_size);
        add_points(row, history, series);
        add_steps(row, history, series);
        cJSON_AddItemToArray(rows, row);
    }
    add_left_out(root, history);
    return root;
}
