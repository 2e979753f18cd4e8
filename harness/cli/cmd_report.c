/* spawnbench report: benchmarks.md and its figures, from what is stored, without measuring. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "cli/cli.h"
#include "report/report.h"

struct asked {
    const char *output, *results;
    const char **runs;
    size_t run_count;
    bool quiet;
};

static const struct argp_option options[] = {
    {"output", 'o', "DIR", 0, "where the report goes (default: reports)", 0},
    {"results", CLI_WORD(results), "DIR", 0, "where results are kept (default: results)", 0},
    {"quiet", 'q', NULL, 0, "do not name the files that were written", 0},
    {0}};

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case 'o':
        asked->output = argument;
        return 0;
    case 'q':
        asked->quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        asked->runs[asked->run_count++] = argument;
        return 0;
    default:
        return cli_take(key, argument, state);
    }
}

static int render(void *context, struct results *store, struct err *err)
{
    const struct asked *asked = context;
    size_t count = asked->run_count ? asked->run_count : 1;
    int64_t *runs = xcalloc(count, sizeof *runs);
    bool figures_missing = false;
    char option[RESULTS_OPTION_BYTES];
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = results_run_find(store, asked->run_count ? asked->runs[i] : NULL, &runs[i], err);
    if (rc == 0)
        rc = report_render(asked->output, store, runs, count, &figures_missing, err);
    if (rc == 0 && figures_missing)
        fprintf(stderr,
                "spawnbench: report: figures could not be drawn, the report says why; is "
                "gnuplot there? (Debian: apt install gnuplot-nox, then spawnbench report%s "
                "again)\n",
                results_option(option, store));
    if (rc == 0 && !asked->quiet)
        printf("%s/benchmarks.md\n", asked->output);
    free(runs);
    return rc;
}

int cmd_report(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .args_doc = "[RUN...]",
        .doc = "Write benchmarks.md and its figures from stored runs: by number, by the name of a "
               "scenario (its newest run), or the newest run of all. The first is the headline."};
    struct asked asked = {.output = "reports",
                          .results = "results",
                          .runs = xcalloc((size_t)argc, sizeof *asked.runs)};
    int code;
    argp_parse(&argp, argc, argv, 0, NULL, &asked);
    code = cli_in_store("report", asked.results, RESULTS_READ, render, &asked);
    free(asked.runs);
    return code;
}
