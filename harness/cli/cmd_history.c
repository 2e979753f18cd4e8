/* spawnbench history: every run of this class of machine in time, and where its level changed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "report/trend_words.h"

struct asked {
    const char *results, *scenario, *arm, *figure, *note;
    char machine[SCENARIO_ID_BYTES]; /* "": this one's */
    enum scenario_metric metric;
    int64_t accept;
    bool metric_given, json, check;
};

enum { KEY_METRIC = 256, KEY_ACCEPT, KEY_MACHINE };

static const struct argp_option options[] = {
    {"metric", KEY_METRIC, "METRIC", 0,
     "what is followed: spawn_time (the default), ready_time, cpu_time, ...", 0},
    {"arm", CLI_WORD(arm), "NAME", 0, "only this arm", 0},
    {"check", CLI_FLAG(check), NULL, 0,
     "exit 1 when a change for the worse at alarm level is open: not accepted, not over", 0},
    {"figure", CLI_WORD(figure), "FILE.svg", 0,
     "draw it too (one SCENARIO); data and script are written beside it", 0},
    {"json", CLI_FLAG(json), NULL, 0, "one JSON document on stdout (schema spawnbench.history.v1)",
     0},
    {"machine", KEY_MACHINE, "CLASS", 0, "the runs of this class instead of this machine's", 0},
    {"results", CLI_WORD(results), "DIR", 0, "where results are kept (default: results)", 0},
    {"accept", KEY_ACCEPT, "RUN", 0,
     "acknowledge that RUN begins a known step: within 2 runs of it none alarms any more", 1},
    {"note", CLI_WORD(note), "TEXT", 0, "(accept) why", 1},
    {0}};

static enum scenario_metric metric_of(const struct argp_state *state, const char *name)
{
    enum scenario_metric metric = SCENARIO_SPAWN_TIME;
    const char *near = text_nearest(name, scenario_metric_names);
    if (scenario_metric_find(&metric, name) < 0)
        argp_error(state, "--metric %s: there is no such metric (did you mean '%s'?)", name,
                   near ? near : scenario_metric_names[0]);
    return metric;
}

static int64_t run_of(const struct argp_state *state, const char *text)
{
    char *end;
    long long run;
    errno = 0;
    run = strtoll(text, &end, 10);
    if (errno || end == text || *end || run < 1)
        argp_error(state, "--accept %s: expected the number of a stored run (see: spawnbench list)",
                   text);
    return run;
}

static void check_company(const struct asked *asked, const struct argp_state *state)
{
    bool looking = asked->metric_given || asked->arm || asked->json || asked->figure ||
                   asked->check || *asked->machine;
    if (asked->accept && (looking || asked->scenario))
        argp_error(state, "--accept goes with --note and --results only");
    if (asked->note && !asked->accept)
        argp_error(state, "--note goes with --accept only");
}

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case KEY_METRIC:
        asked->metric = metric_of(state, argument);
        asked->metric_given = true;
        return 0;
    case KEY_MACHINE:
        if (!*argument || strlen(argument) >= sizeof asked->machine)
            argp_error(state, "--machine %s: there is no such class", argument);
        snprintf(asked->machine, sizeof asked->machine, "%s", argument);
        return 0;
    case KEY_ACCEPT:
        asked->accept = run_of(state, argument);
        return 0;
    case ARGP_KEY_ARG:
        cli_take_one(&asked->scenario, "SCENARIO", argument, state);
        return 0;
    case ARGP_KEY_END:
        check_company(asked, state);
        return 0;
    default:
        return cli_take(key, argument, state);
    }
}

/* Names of scenarios that runs are stored of. */
struct names {
    char **known; /* NULL-terminated */
    size_t count;
    bool own; /* without those that a gate or a calibration derived */
};

static bool is_of_gate(const char *name)
{
    size_t length = strlen(name), suffix = strlen(GATE_SUFFIX);
    return length > suffix && strcmp(name + length - suffix, GATE_SUFFIX) == 0;
}

static int take_name(void *context, const struct results_run *run)
{
    struct names *names = context;
    if (names->own && is_of_gate(run->scenario_name))
        return 0;
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->known[i], run->scenario_name) == 0)
            return 0;
    names->known = xrealloc(names->known, names->count + 2, sizeof *names->known);
    names->known[names->count++] = xstrdup(run->scenario_name);
    names->known[names->count] = NULL;
    return 0;
}

static void forget(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->known[i]);
    free(names->known);
}

/* Is one stored that was asked for? */
static int find_names(struct names *names, const struct asked *asked, struct results *store,
                      struct err *err)
{
    const char *near;
    char option[RESULTS_OPTION_BYTES];
    if (results_each_run(store, take_name, names, err) < 0)
        return -1;
    if (names->count == 0)
        return err_set(
            err, ERR_UNFIT,
            "no run is stored in '%s' (first: spawnbench run SCENARIO%s; runs of gates and "
            "calibrations are shown when SCENARIO" GATE_SUFFIX " is named)",
            asked->results, results_option(option, store));
    if (!asked->scenario)
        return 0;
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->known[i], asked->scenario) == 0)
            return 0;
    near = text_nearest(asked->scenario, (const char *const *)names->known);
    return err_set(err, ERR_UNFIT, "no run of scenario '%s' is stored in '%s'%s%s%s",
                   asked->scenario, asked->results, near ? " (did you mean '" : "",
                   near ? near : "", near ? "'?)" : "");
}

/* What is said of all scenarios together. */
struct said {
    cJSON *rows; /* NULL: a terminal */
    size_t runs, elsewhere, series, open;
};

static int draw(const struct asked *asked, const struct history *history, struct err *err)
{
    char trouble[REPORT_TROUBLE_BYTES];
    if (report_history_figure(asked->figure, history, trouble, err) < 0)
        return -1;
    if (*trouble)
        fprintf(stderr, "spawnbench: history: no picture: %s%s; data and script are beside '%s'\n",
                trouble, strstr(trouble, "cannot start") ? " (remedy: install gnuplot)" : "",
                asked->figure);
    return 0;
}

static int one(const struct asked *asked, struct results *store, const char *scenario,
               struct said *said, struct err *err)
{
    const struct history_wanted wanted = {.scenario = scenario,
                                          .machine = asked->machine,
                                          .metric = asked->metric,
                                          .arm = asked->arm};
    struct history history;
    int rc = 0;
    if (history_load(&history, store, &wanted, err) < 0)
        return -1;
    said->runs += history.run_count;
    said->elsewhere += history.other_machines;
    said->series += history.series_count;
    said->open += history_open(&history);
    if (said->rows)
        cJSON_AddItemToArray(said->rows, report_history_json(&history));
    else if (history.run_count == 0 || history.series_count)
        report_history(stdout, &history, cli_colour());
    if (asked->figure && history.series_count)
        rc = draw(asked, &history, err);
    history_release(&history);
    return rc;
}

static int check_said(const struct asked *asked, const struct said *said, struct err *err)
{
    char option[RESULTS_OPTION_BYTES];
    results_option_in(option, asked->results);
    if (said->runs == 0)
        return err_set(err, ERR_UNFIT,
                       "no complete run of machine class %s is stored in '%s', %zu of others are "
                       "(first: spawnbench run SCENARIO%s)",
                       asked->machine, asked->results, said->elsewhere, option);
    if (said->series == 0)
        return err_set(err, ERR_USAGE, "no stored run has an arm '%s' (see: spawnbench show%s)",
                       asked->arm ? asked->arm : "", option);
    return 0;
}

static int look(void *context, struct results *store, struct err *err)
{
    struct asked *asked = context;
    struct names names = {.own = !asked->scenario};
    struct said said = {0};
    cJSON *root = NULL;
    int rc;
    if (!*asked->machine)
        cli_machine_class(asked->machine, asked->results);
    rc = find_names(&names, asked, store, err);
    if (rc == 0 && asked->figure && !asked->scenario && names.count > 1)
        rc = err_set(err, ERR_USAGE, "--figure draws one scenario: name one of the %zu stored",
                     names.count);
    if (rc == 0 && asked->json) {
        root = cJSON_CreateObject();
        cJSON_AddStringToObject(root, "schema", "spawnbench.history.v1");
        said.rows = cJSON_AddArrayToObject(root, "scenarios");
    }
    for (size_t i = 0; i < names.count && rc == 0; i++)
        if (!asked->scenario || strcmp(names.known[i], asked->scenario) == 0)
            rc = one(asked, store, names.known[i], &said, err);
    if (rc == 0 && root)
        json_puts(root);
    if (rc == 0)
        rc = check_said(asked, &said, err);
    cJSON_Delete(root);
    forget(&names);
    return rc == 0 ? asked->check && said.open : -1;
}

static int accept(void *context, struct results *store, struct err *err)
{
    const struct asked *asked = context;
    if (history_accept(store, asked->accept, asked->note ? asked->note : "", err) < 0)
        return -1;
    printf("run %lld is accepted as the beginning of a known step: one within %d runs of it does "
           "not alarm any more\n",
           (long long)asked->accept, HISTORY_NEAR);
    return 0;
}

int cmd_history(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .args_doc = "[SCENARIO]\n--accept RUN",
        .doc =
            "Every complete run of a scenario (or of all) on this class of machine, in time, for "
            "each arm and batch size, and where the level changed: E-divisive on the logarithms of "
            "the medians, p by permutation. Runs of other machine classes are counted, never mixed "
            "in.\v"
            "A change is marked from p .01 on and alarms from p .001 on when it is for the worse; "
            "it needs three runs on either side. It is open until somebody accepts it or the level "
            "comes back.\n\nExit status: 0 shown (with --check: no change for the worse is open), "
            "1 (--check only) one is, 2 bad input, 5 nothing is stored."};
    struct asked asked = {.results = "results"};
    argp_parse(&argp, argc, argv, 0, NULL, &asked);
    return cli_in_store("history", asked.results, asked.accept ? RESULTS_WRITE : RESULTS_READ,
                        asked.accept ? accept : look, &asked);
}
