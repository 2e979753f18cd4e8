/* spawnbench list and show: what is stored. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "report/report.h"

enum { KEY_RESULTS = 256, KEY_JSON };

static const struct argp_option options[] = {
    {"results", KEY_RESULTS, "DIR", 0, "where results are kept (default: results)", 0},
    {"json", KEY_JSON, NULL, 0, "one JSON document on stdout", 0},
    {0}};

struct asked {
    const char *results, *run;
    bool json, takes_run;
};

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case KEY_RESULTS:
        asked->results = argument;
        return 0;
    case KEY_JSON:
        asked->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (asked->run || !asked->takes_run)
            argp_error(state, "'%s' is too much", argument);
        asked->run = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
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

static int list(const struct asked *asked, struct results *store, struct err *err)
{
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

static int show(const struct asked *asked, struct results *store, struct err *err)
{
    int64_t run;
    if (results_run_find(store, asked->run, &run, err) < 0)
        return -1;
    if (asked->json)
        return report_json(stdout, store, &run, 1, true, err);
    return report_terminal(stdout, store, run, cli_colour(), err);
}

static int open_and(int argc, char **argv, const struct argp *argp, struct asked *asked,
                    const char *command,
                    int (*work)(const struct asked *, struct results *, struct err *))
{
    struct results *store = NULL;
    struct err err = {0};
    int code = 0;
    argp_parse(argp, argc, argv, 0, NULL, asked);
    if (results_open_in(&store, asked->results, RESULTS_READ, &err) < 0 ||
        work(asked, store, &err) < 0)
        code = cli_fail(command, &err);
    results_close(store);
    return cli_check_stdout(command, code);
}

int cmd_list(int argc, char **argv)
{
    static const struct argp argp = {options, take, "",  "List the stored runs, oldest first.",
                                     NULL,    NULL, NULL};
    struct asked asked = {.results = "results"};
    return open_and(argc, argv, &argp, &asked, "list", list);
}

int cmd_show(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        take,
        "[RUN]",
        "Show a stored run: by number, by the name of a scenario (its newest run), or the newest.",
        NULL,
        NULL,
        NULL};
    struct asked asked = {.results = "results", .takes_run = true};
    return open_and(argc, argv, &argp, &asked, "show", show);
}
