/* spawnbench run: measure, audit, judge and store scenarios. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/text.h"
#include "cli/cli.h"
#include "judge/forecast.h"
#include "judge/judge.h"
#include "report/report.h"
#include "scenario/plan.h"

struct asked {
    struct cli_change change;
    const char **paths;
    size_t path_count;
    const char *results, *resume;
    uint64_t seed; /* 0: from the clock */
    bool quiet, json, resuming, planning, locks;
};

enum { KEY_CYCLES = 256, KEY_RESUME };

static const struct argp_option options[] = {
    {"cycles", KEY_CYCLES, "N", 0, "run N cycles of each arm instead of the scenario's", 0},
    {"arm", CLI_ARM(change), "NAME", 0,
     "run only this arm (may be repeated); claims about others are left out", 0},
    {"vary", CLI_WORD(change.vary), "agents=N,...", 0, "repeat for these batch sizes", 0},
    {"spread", CLI_WORD(change.spread), "TIME", 0,
     "pause between blocks so that those up to the first look span at least TIME (such as 5m)", 0},
    {"seed", CLI_SEED(seed), "N", 0,
     "seed of the order of cycles (default: from the clock, printed)", 0},
    {"resume", KEY_RESUME, "RUN", OPTION_ARG_OPTIONAL,
     "go on with a partial run (default: the newest), no SCENARIO then", 0},
    {"results", CLI_WORD(results), "DIR", 0, "where results are kept (default: results)", 0},
    {"plan", CLI_FLAG(planning), NULL, 0,
     "run nothing: print the order, the looks, and what each claim needs to be decided", 0},
    {"locks", CLI_FLAG(locks), NULL, 0,
     "tell who held the locks of the store and of the scenario's databases while agents were "
     "started, by samples of /proc/locks",
     0},
    {"quiet", 'q', NULL, 0, "no progress, no summary; the exit code tells", 0},
    {"json", CLI_FLAG(json), NULL, 0, "one JSON document on stdout (schema spawnbench.run.v1)", 0},
    {0}};

/* Options that do not go together. */
static void check_company(const struct asked *asked, const struct argp_state *state)
{
    const struct cli_change *change = &asked->change;
    bool changed = change->cycles || change->arm_count || change->vary || change->spread;
    if (asked->resuming && asked->path_count)
        argp_error(state, "--resume goes on with a stored run and takes no SCENARIO");
    if (asked->resuming && (changed || asked->seed))
        argp_error(state, "--resume goes on with the stored plan; --cycles, --arm, --vary, "
                          "--spread and --seed cannot change it");
    if (asked->planning && (asked->resuming || asked->json || asked->locks))
        argp_error(state, "--plan runs nothing: it goes with none of --resume, --json, --locks");
    if (!asked->resuming && asked->path_count == 0)
        argp_error(state, "no SCENARIO is given (try scenarios/three-agents.json)");
}

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case KEY_CYCLES:
        asked->change.cycles = cli_number(state, "cycles", argument, 1, SCENARIO_MOST_CYCLES);
        return 0;
    case KEY_RESUME:
        asked->resuming = true;
        asked->resume = argument;
        return 0;
    case 'q':
        asked->quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        asked->paths[asked->path_count++] = argument;
        return 0;
    case ARGP_KEY_END:
        check_company(asked, state);
        return 0;
    default:
        return cli_take(key, argument, state);
    }
}

static int tell(const struct asked *asked, const int64_t runs[], size_t count)
{
    struct err err = {0};
    struct results *store = NULL;
    int rc = results_open_in(&store, asked->results, RESULTS_READ, &err);
    if (rc == 0 && asked->json)
        rc = report_json(stdout, store, runs, count, true, &err);
    for (size_t i = 0; rc == 0 && !asked->json && i < count; i++)
        rc = report_terminal(stdout, store, runs[i], cli_colour(), &err);
    results_close(store);
    return rc < 0 ? cli_fail("run", &err) : 0;
}

static int measure_all(const struct asked *asked, struct scenario scenarios[],
                       const char *const paths[], size_t count, uint64_t seed, int64_t resume,
                       const char *command)
{
    int64_t *runs = xcalloc(count, sizeof *runs);
    size_t made = 0;
    int code = 0, told = 0;
    for (size_t i = 0; i < count && code < 128; i++) {
        const struct runner_options how = {.scenario = &scenarios[i],
                                           .results = asked->results,
                                           .path = paths[i],
                                           .command = command,
                                           .seed = seed,
                                           .locks = asked->locks,
                                           .resume = resume};
        code = verdict_graver(code, cli_measure(&how, NULL, asked->quiet, &runs[made]));
        if (runs[made]) {
            if (!asked->quiet && !asked->json)
                told = verdict_graver(told, tell(asked, &runs[made], 1));
            made++;
        }
    }
    if (asked->json)
        told = tell(asked, runs, made);
    free(runs);
    return verdict_graver(code, told);
}

/* Earlier runs are looked at where there are any; nothing is made. */
static void print_plans(const struct asked *asked, const struct scenario scenarios[], uint64_t seed)
{
    char *path = results_path(asked->results ? asked->results : "results");
    struct results *store = NULL;
    struct text text = {0};
    struct err ignored = {0};
    if (access(path, R_OK) != 0 || results_open(&store, path, RESULTS_READ, &ignored) < 0)
        store = NULL;
    for (size_t i = 0; i < asked->path_count; i++) {
        struct results_basis earlier = {0};
        struct plan plan;
        if (store)
            results_basis_earlier(&earlier, &scenarios[i], store);
        plan_build(&plan, &scenarios[i], seed);
        forecast_write(&text, &scenarios[i], &plan, &earlier);
        plan_release(&plan);
        results_basis_release(&earlier);
    }
    fwrite(text.data, 1, text.length, stdout);
    text_release(&text);
    results_close(store);
    free(path);
}

static int run_new(const struct asked *asked, const char *command)
{
    struct scenario *scenarios = xcalloc(asked->path_count, sizeof *scenarios);
    struct err err = {0};
    uint64_t seed = asked->seed ? asked->seed : cli_seed(UINT32_MAX);
    int code = 0;
    /* every scenario is read before the first one runs: a slip in the last costs no hour */
    for (size_t i = 0; i < asked->path_count && code == 0; i++)
        if (scenario_load(&scenarios[i], asked->paths[i], &err) < 0 ||
            cli_change_scenario(&scenarios[i], &asked->change, &err) < 0)
            code = cli_fail("run", &err);
    if (code == 0 && asked->planning)
        print_plans(asked, scenarios, seed);
    else if (code == 0)
        code = measure_all(asked, scenarios, asked->paths, asked->path_count, seed, 0, command);
    for (size_t i = 0; i < asked->path_count; i++)
        scenario_release(&scenarios[i]);
    free(scenarios);
    return code;
}

static int find_partial(void *context, const struct results_run *run)
{
    if (strcmp(run->state, "partial") == 0)
        *(int64_t *)context = run->id;
    return 0;
}

static int load_partial(const struct asked *asked, struct results_run *run, struct err *err)
{
    struct results *store = NULL;
    int64_t id = 0;
    char *path = results_path(asked->results);
    int rc = results_open(&store, path, RESULTS_READ, err);
    if (rc == 0 && asked->resume)
        rc = results_run_find(store, asked->resume, &id, err);
    else if (rc == 0)
        rc = results_each_run(store, find_partial, &id, err);
    if (rc == 0 && id == 0)
        rc = err_set(err, ERR_UNFIT, "no partial run is stored in '%s'", path);
    if (rc == 0)
        rc = results_run_load(store, id, run, err);
    if (rc == 0 && strcmp(run->state, "partial") != 0)
        rc = err_set(err, ERR_USAGE, "run %lld is complete, there is nothing to resume",
                     (long long)id);
    results_close(store);
    free(path);
    return rc;
}

static int run_again(const struct asked *asked, const char *command)
{
    struct results_run run = {0};
    struct scenario scenario = {0};
    struct err err = {0};
    int code;
    if (load_partial(asked, &run, &err) != 0 ||
        scenario_parse_stored(&scenario, run.scenario_text, strlen(run.scenario_text), &err) < 0)
        code = cli_fail("run --resume", &err);
    else
        code = measure_all(asked, &scenario, (const char *const[]){run.scenario_path}, 1, run.seed,
                           run.id, command);
    scenario_release(&scenario);
    results_run_release(&run);
    return code;
}

int cmd_run(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .args_doc = "SCENARIO...",
        .doc =
            "Measure, audit, judge and store: start real agents through each arm of each SCENARIO, "
            "cycle by cycle.\vExit status: 0 every claim supported, 1 a claim refuted, 2 bad "
            "input, 3 inconclusive, 4 integrity broken or misconduct, 5 could not measure or must "
            "not be judged, "
            "128+n ended by signal n (what was measured is kept)."};
    struct asked asked = {.paths = xcalloc((size_t)argc, sizeof *asked.paths)};
    char *command = cli_join_words(argc, argv), *results = NULL;
    struct err err = {0};
    int code;
    argp_parse(&argp, argc, argv, 0, NULL, &asked);
    interrupt_catch();
    /* subjects are told absolute paths, so the folder must exist before it can be resolved */
    if (!asked.planning && runner_settle_results(asked.results, &results, &err) < 0) {
        code = cli_fail("run", &err);
    } else {
        asked.results = results ? results : asked.results;
        code = asked.resuming ? run_again(&asked, command) : run_new(&asked, command);
    }
    free(results);
    free(command);
    free(asked.paths);
    return cli_check_stdout("run", code);
}
