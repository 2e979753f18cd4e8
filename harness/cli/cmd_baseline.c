/* spawnbench baseline: give stored runs a name, so that later ones can be gated against them. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/replace.h"
#include "base/text.h"
#include "cli/cli.h"
#include "trend/gate/baseline.h"
#include "trend/gate/gating.h"

#define MOST_NAME 64

struct asked {
    const char *verb, *name, *results, *file;
    const char **runs;
    size_t run_count;
    long last;
    bool json;
};

enum { KEY_LAST = 256 };

static const struct argp_option options[] = {
    {"export", CLI_WORD(file), "FILE", 0, "save: write the baseline there, too, to be committed",
     0},
    {"last", KEY_LAST, "N", 0,
     "save: the newest N runs of the same scenario that fit together, instead of one", 0},
    {"results", CLI_WORD(results), "DIR", 0, "where results are kept (default: results)", 0},
    {"json", CLI_FLAG(json), NULL, 0, "list, show: one JSON document on stdout", 0},
    {0}};

static bool is_name(const char *name)
{
    for (const char *at = name; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr("._-", *at))
            return false;
    return *name && strlen(name) <= MOST_NAME && !strstr(name, ".json") && !isdigit(*name);
}

static void check(const struct asked *asked, const struct argp_state *state)
{
    bool save = asked->verb && strcmp(asked->verb, "save") == 0;
    bool show = asked->verb && strcmp(asked->verb, "show") == 0;
    if (!asked->verb || (!save && !show && strcmp(asked->verb, "list") != 0))
        argp_error(state, "expected save NAME [RUN...], list or show NAME%s%s",
                   asked->verb ? ", got " : "", asked->verb ? asked->verb : "");
    if ((save || show) && !asked->name)
        argp_error(state, "%s needs a NAME", asked->verb);
    if (save && asked->name && !is_name(asked->name))
        argp_error(state,
                   "'%s' is no name for a baseline: expected letters, digits, '.', '_' and '-', "
                   "beginning with no digit, not ending in .json, at most %d",
                   asked->name, MOST_NAME);
    if (!save && (asked->file || asked->last || asked->run_count))
        argp_error(state, "--export, --last and RUN go with save");
    if (asked->last && asked->run_count > 1)
        argp_error(state, "--last takes one RUN at most, the newest of them");
    if (!save && !show && asked->name)
        argp_error(state, "'%s' is too much", asked->name);
}

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case KEY_LAST:
        asked->last = cli_number(state, "last", argument, 1, 1000);
        return 0;
    case ARGP_KEY_ARG:
        if (!asked->verb)
            asked->verb = argument;
        else if (!asked->name)
            asked->name = argument;
        else
            asked->runs[asked->run_count++] = argument;
        return 0;
    case ARGP_KEY_END:
        check(asked, state);
        return 0;
    default:
        return cli_take(key, argument, state);
    }
}

/* ---- save ---- */

/* The newest runs that may stand beside `ids[0]`, which is the newest of them. */
struct gathering {
    const char *scenario;
    int64_t newest, *ids;
    size_t count;
};

static int gather(void *context, const struct results_run *run)
{
    struct gathering *gathering = context;
    if (run->id <= gathering->newest && strcmp(run->scenario_name, gathering->scenario) == 0 &&
        strcmp(run->state, "complete") == 0) {
        gathering->ids = xrealloc(gathering->ids, gathering->count + 1, sizeof *gathering->ids);
        gathering->ids[gathering->count++] = run->id;
    }
    return 0;
}

/* From the newest on back; a run that does not fit to the others is left out and named. */
static int take_last(const struct asked *asked, struct results *store, int64_t newest,
                     int64_t **out, size_t *count, struct err *err)
{
    struct results_run run = {0};
    struct gathering gathering = {.newest = newest};
    int rc = results_run_load(store, newest, &run, err);
    gathering.scenario = run.scenario_name;
    if (rc == 0)
        rc = results_each_run(store, gather, &gathering, err);
    *out = xcalloc((size_t)asked->last + 1, sizeof **out);
    (*out)[(*count)++] = newest;
    for (size_t i = gathering.count; rc == 0 && i > 0 && *count < (size_t)asked->last; i--) {
        struct gate_baseline trial;
        struct err why = {0};
        if (gathering.ids[i - 1] == newest)
            continue;
        (*out)[*count] = gathering.ids[i - 1];
        if (gate_baseline_make(&trial, "trial", store, *out, *count + 1, &why) == 0)
            (*count)++;
        else
            fprintf(stderr, "spawnbench: baseline: left out: %s\n", why.text);
        gate_baseline_release(&trial);
    }
    free(gathering.ids);
    results_run_release(&run);
    return rc;
}

static int find_runs(const struct asked *asked, struct results *store, int64_t **out, size_t *count,
                     struct err *err)
{
    int64_t newest;
    *count = 0;
    if (asked->last) {
        if (results_run_find(store, asked->run_count ? asked->runs[0] : NULL, &newest, err) < 0)
            return -1;
        return take_last(asked, store, newest, out, count, err);
    }
    *out = xcalloc(asked->run_count + 1, sizeof **out);
    if (asked->run_count == 0) {
        *count = 1;
        return results_run_find(store, NULL, &(*out)[0], err);
    }
    for (; *count < asked->run_count; (*count)++)
        if (results_run_find(store, asked->runs[*count], &(*out)[*count], err) < 0)
            return -1;
    return 0;
}

static void tell(const struct gate_baseline *baseline)
{
    printf("%s  scenario %s, %zu %s, machine %s\n", baseline->name, baseline->scenario,
           baseline->sitting_count, baseline->sitting_count == 1 ? "sitting" : "sittings",
           baseline->fingerprint.id);
    if (baseline->sitting_count < GATE_ENOUGH_SITTINGS)
        printf("  fewer than %d sittings: a gate against it only advises\n", GATE_ENOUGH_SITTINGS);
}

static int save(void *context, struct results *store, struct err *err)
{
    const struct asked *asked = context;
    struct gate_baseline baseline = {0};
    struct results_document document = {.kind = RESULTS_BASELINE, .name = asked->name};
    int64_t *runs = NULL;
    size_t count = 0;
    char *text = NULL;
    int rc = find_runs(asked, store, &runs, &count, err);
    if (rc == 0)
        rc = gate_baseline_make(&baseline, asked->name, store, runs, count, err);
    if (rc == 0) {
        text = gate_baseline_write(&baseline);
        document.text = text;
        rc = results_document_put(store, &document, err);
    }
    if (rc == 0 && asked->file)
        rc = replace_file(asked->file, REPLACE_GIVEN, text, strlen(text), err);
    if (rc == 0)
        tell(&baseline);
    gate_baseline_release(&baseline);
    free(text);
    free(runs);
    return rc;
}

/* ---- list and show ---- */

static int list_one(void *context, const struct results_document *document)
{
    struct gate_baseline baseline;
    char *name = xstrdup(document->name);
    struct err err = {0};
    char date[32];
    bool good = gate_baseline_read(&baseline, document->text, strlen(document->text), &err) == 0;
    cli_date(date, document->made_wall_ns);
    text_make_printable(name);
    if (context) {
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "name", document->name);
        cJSON_AddStringToObject(row, "made", date);
        cJSON_AddStringToObject(row, "scenario", good ? baseline.scenario : "");
        json_add_int64(row, "sittings", (int64_t)baseline.sitting_count);
        cJSON_AddStringToObject(row, "machine", good ? baseline.fingerprint.id : "");
        cJSON_AddStringToObject(row, "error", err.text);
        cJSON_AddItemToArray(context, row);
    } else if (good)
        printf("%-20s %s  %-20s %8zu  %s\n", name, date, baseline.scenario, baseline.sitting_count,
               baseline.fingerprint.id);
    else
        printf("%-20s %s  %s\n", name, date, err.text);
    gate_baseline_release(&baseline);
    free(name);
    return 0;
}

static int list(void *context, struct results *store, struct err *err)
{
    const struct asked *asked = context;
    cJSON *root, *rows;
    int rc;
    if (!asked->json) {
        printf("name                 made                  scenario             sittings  "
               "machine\n");
        return results_each_document(store, RESULTS_BASELINE, list_one, NULL, err);
    }
    root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "schema", "spawnbench.baselines.v1");
    rows = cJSON_AddArrayToObject(root, "baselines");
    rc = results_each_document(store, RESULTS_BASELINE, list_one, rows, err);
    if (rc == 0)
        json_puts(root);
    cJSON_Delete(root);
    return rc;
}

/* A rate is kept as the time for each agent. */
static const char *figure(char out[SCENARIO_TELL_BYTES], enum scenario_metric metric, double value)
{
    bool turned = scenario_metrics[metric].more_is_better;
    return scenario_units[turned ? SCENARIO_NS : scenario_metrics[metric].unit].tell(out, value);
}

static void show_series(const struct gate_series *series)
{
    char median[SCENARIO_TELL_BYTES], p95[SCENARIO_TELL_BYTES];
    printf("  %-20s %4zu agents  %-18s p50 %-10s p95 %-10s n %zu%s\n", series->arm,
           series->batch_size, scenario_metric_names[series->metric],
           figure(median, series->metric, series->pooled.at[gate_baseline_place(0.5)]),
           figure(p95, series->metric, series->pooled.at[gate_baseline_place(0.95)]),
           series->pooled.n,
           scenario_metrics[series->metric].more_is_better ? "  (time for each agent)" : "");
}

static int show(void *context, struct results *store, struct err *err)
{
    const struct asked *asked = context;
    struct gate_baseline baseline;
    char *text;
    if (gate_baseline_find(&baseline, asked->name, store, err) < 0)
        return -1;
    if (asked->json) {
        text = gate_baseline_write(&baseline);
        puts(text);
        free(text);
    } else {
        tell(&baseline);
        for (size_t i = 0; i < baseline.series_count; i++)
            show_series(&baseline.series[i]);
        for (size_t i = 0; i < SCENARIO_MACHINE_FACTS; i++)
            if (baseline.fingerprint.facts[i][0])
                printf("  %s: %s\n", scenario_machine_fact_name(i), baseline.fingerprint.facts[i]);
    }
    gate_baseline_release(&baseline);
    return 0;
}

int cmd_baseline(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .args_doc = "save NAME [RUN...]\nlist\nshow NAME",
        .doc = "Give stored runs a name, so that later ones can be gated against them: each run is "
               "one sitting. Default: the newest run. NAME may also be a file for show.\vFewer "
               "than 10 sittings can only advise (spawnbench gate --baseline). Saved under the "
               "same name again, the newest counts."};
    struct asked asked = {.results = "results", .runs = xcalloc((size_t)argc, sizeof *asked.runs)};
    int code;
    argp_parse(&argp, argc, argv, 0, NULL, &asked);
    if (strcmp(asked.verb, "save") == 0)
        code = cli_in_store("baseline", asked.results, RESULTS_WRITE, save, &asked);
    else
        code = cli_in_store("baseline", asked.results, RESULTS_READ,
                            strcmp(asked.verb, "list") == 0 ? list : show, &asked);
    free(asked.runs);
    return code;
}
