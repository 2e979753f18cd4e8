/* spawnbench list and show: what is stored. */
#include <cjson/cJSON.h>
#include <stdio.h>

#include "base/json.h"
#include "cli/cli.h"
#include "report/report.h"

struct asked {
    const char *results, *run;
    bool json, takes_run;
};

static const struct argp_option options[] = {
    {"results", CLI_WORD(results), "DIR", 0, "where results are kept (default: results)", 0},
    {"json", CLI_FLAG(json), NULL, 0, "one JSON document on stdout", 0},
    {0}};

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        if (asked->run || !asked->takes_run)
            argp_error(state, "'%s' is too much", argument);
        asked->run = argument;
        return 0;
    default:
        return cli_take(key, argument, state);
    }
}

static int list_line(void *context, const struct results_run *run)
{
    char date[32];
    cli_date(date, run->started_wall_ns);
    if (!context) {
        printf("%5lld  %s  %-20s %-8s %7zu of %zu%s%s\n", (long long)run->id, date,
               run->scenario_name, run->state, run->cycles, run->planned, *run->note ? "  " : "",
               run->note);
        return 0;
    }
    cJSON *row = cJSON_CreateObject();
    json_add_int64(row, "run", run->id);
    cJSON_AddStringToObject(row, "started", date);
    cJSON_AddStringToObject(row, "scenario", run->scenario_name);
    cJSON_AddStringToObject(row, "state", run->state);
    json_add_int64(row, "cycles", (int64_t)run->cycles);
    json_add_int64(row, "planned", (int64_t)run->planned);
    json_add_int64(row, "seed", (int64_t)run->seed);
    cJSON_AddStringToObject(row, "note", run->note);
    cJSON_AddItemToArray(context, row);
    return 0;
}

static int list(void *context, struct results *store, struct err *err)
{
    const struct asked *asked = context;
    cJSON *root, *rows;
    int rc;
    if (!asked->json) {
        printf("  run  started               scenario             state     cycles of planned\n");
        return results_each_run(store, list_line, NULL, err);
    }
    root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "schema", "spawnbench.list.v1");
    rows = cJSON_AddArrayToObject(root, "runs");
    rc = results_each_run(store, list_line, rows, err);
    if (rc == 0)
        json_puts(root);
    cJSON_Delete(root);
    return rc;
}

static int show(void *context, struct results *store, struct err *err)
{
    const struct asked *asked = context;
    int64_t run;
    if (results_run_find(store, asked->run, &run, err) < 0)
        return -1;
    if (asked->json)
        return report_json(stdout, store, &run, 1, true, err);
    return report_terminal(stdout, store, run, cli_colour(), err);
}

int cmd_list(int argc, char **argv)
{
    static const struct argp argp = {.options = options,
                                     .parser = take,
                                     .args_doc = "",
                                     .doc = "List the stored runs, oldest first."};
    struct asked asked = {.results = "results"};
    argp_parse(&argp, argc, argv, 0, NULL, &asked);
    return cli_in_store("list", asked.results, RESULTS_READ, list, &asked);
}

int cmd_show(int argc, char **argv)
{
    static const struct argp argp = {.options = options,
                                     .parser = take,
                                     .args_doc = "[RUN]",
                                     .doc = "Show a stored run: by number, by the name of a "
                                            "scenario (its newest run), or the newest."};
    struct asked asked = {.results = "results", .takes_run = true};
    argp_parse(&argp, argc, argv, 0, NULL, &asked);
    return cli_in_store("show", asked.results, RESULTS_READ, show, &asked);
}
