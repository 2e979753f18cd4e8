/* spawnbench export: one stored run in the format of another tool, without measuring. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/replace.h"
#include "base/text.h"
#include "cli/cli.h"
#include "report/report.h"

struct asked {
    const char *format, *output, *results, *run;
};

static const struct argp_option options[] = {
    {"format", 'f', "FORMAT", 0, "one of those below (needed)", 0},
    {"output", 'o', "FILE", 0, "write to FILE, whole or not at all (default: stdout)", 0},
    {"results", CLI_WORD(results), "DIR", 0, "where results are kept (default: results)", 0},
    {0}};

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case 'f':
        asked->format = argument;
        return 0;
    case 'o':
        asked->output = strcmp(argument, "-") == 0 ? NULL : argument;
        return 0;
    case ARGP_KEY_ARG:
        if (asked->run)
            argp_error(state, "one run at a time: '%s' is one too many", argument);
        asked->run = argument;
        return 0;
    default:
        return cli_take(key, argument, state);
    }
}

/* the formats, behind the options in --help */
static char *list_formats(int key, const char *text, void *input)
{
    struct text list = {0};
    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)text;
    text_add(&list, "Formats:\n");
    for (size_t i = 0; report_format_at(i); i++)
        text_addf(&list, "  %-24s %s\n", report_format_at(i)->name, report_format_at(i)->about);
    return text_take(&list); /* argp gives it back */
}

/* One that was there stays as it was until the new one is whole. */
static int write_file(const struct asked *asked, struct results *store, int64_t run,
                      struct err *err)
{
    struct replace target;
    FILE *file;
    bool good;
    if (replace_begin(&target, asked->output, REPLACE_GIVEN, err) < 0)
        return -1;
    file = fdopen(fcntl(target.fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1), "w");
    good = file && report_export(file, store, run, asked->format, err) == 0;
    if ((!file || fclose(file) != 0) && (good || !file)) {
        err_system(err, "cannot write '%s'", asked->output);
        good = false;
    }
    return replace_end(&target, good, err);
}

/* Not every format has a place for it that everybody reads. */
static int warn_of_partial(struct results *store, int64_t id, struct err *err)
{
    struct results_run run;
    char option[RESULTS_OPTION_BYTES];
    if (results_run_load(store, id, &run, err) < 0)
        return -1;
    fflush(stdout);
    if (strcmp(run.state, "complete") != 0)
        fprintf(stderr,
                "spawnbench: export: warning: partial run: %zu of %zu cycles (go on with it: "
                "spawnbench run --resume=%lld%s)\n",
                run.cycles, run.planned, (long long)id, results_option(option, store));
    results_run_release(&run);
    return 0;
}

static int export_run(const struct asked *asked, struct err *err)
{
    struct results *store = NULL;
    int64_t run;
    int rc = -1;
    if (results_open_in(&store, asked->results, RESULTS_READ, err) == 0 &&
        results_run_find(store, asked->run, &run, err) == 0)
        rc = asked->output ? write_file(asked, store, run, err)
                           : report_export(stdout, store, run, asked->format, err);
    if (rc == 0)
        rc = warn_of_partial(store, run, err);
    results_close(store);
    return rc;
}

int cmd_export(int argc, char **argv)
{
    static const struct argp argp = {.options = options,
                                     .parser = take,
                                     .args_doc = "[RUN]",
                                     .doc = "Write a stored run in the format of another tool: by "
                                            "number, by the name of a scenario "
                                            "(its newest run), or the newest run of all.\v ",
                                     .help_filter = list_formats};
    struct asked asked = {.results = "results"};
    struct err err = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &asked);
    if (!asked.format) {
        err_set(&err, ERR_USAGE, "say which format: --format json (see: spawnbench export --help)");
        return cli_fail("export", &err);
    }
    if (report_format_find(asked.format, &err) < 0 || export_run(&asked, &err) < 0)
        return cli_fail("export", &err);
    return cli_check_stdout("export", 0);
}
