/* spawnbench: is a program that starts other programs as fast as claimed,
 * and does it lose anything? */
#include <gsl/gsl_errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/inherited.h"
#include "base/standard.h"
#include "base/text.h"
#include "cli/cli.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *usage, *does;
    bool measures;
} commands[] = {
    {"run", cmd_run, "run SCENARIO...", "measure, audit, judge, store", true},
    {"gate", cmd_gate, "gate SCENARIO", "is the candidate slower than the baseline? for CI", true},
    {"baseline", cmd_baseline, "baseline save|list", "name stored runs to gate against", false},
    {"report", cmd_report, "report [RUN...]", "write reports/benchmarks.md and its figures", false},
    {"list", cmd_list, "list", "list the stored runs", false},
    {"show", cmd_show, "show [RUN]", "show one stored run", false},
    {"history", cmd_history, "history [SCENARIO]", "runs in time: where did the level change?",
     false},
    {"doctor", cmd_doctor, "doctor", "is this machine fit to measure?", false},
    {"export", cmd_export, "export [RUN]", "write one stored run in the format of another tool",
     false},
    {"audit", cmd_audit, "audit DATABASE...", "integrity audit of SQLite databases, on copies",
     false},
    {"faults", cmd_faults, "faults SCENARIO", "make things fail for real, and audit what is left",
     true},
    {"soak", cmd_soak, "soak [SCENARIO]", "batches with random faults until something is found",
     true},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static int print_help(FILE *out)
{
    fprintf(out, "Usage: spawnbench COMMAND [OPTION...]\n"
                 "Is a program that starts other programs as fast as claimed, and does it lose "
                 "anything?\n\n");
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-20s %s\n", commands[i].usage, commands[i].does);
    fprintf(out,
            "\n  spawnbench COMMAND --help   the options of a command\n"
            "  spawnbench --version\n\n"
            "Exit status: 0 every claim supported, 1 a claim refuted, 2 usage or bad input, 3 "
            "inconclusive,\n4 integrity broken or misconduct, 5 could not measure, 70 fault of "
            "spawnbench, 128+n\nended by signal n.\n"
            "First run: spawnbench run scenarios/three-agents.json\n");
    return 0;
}

static int unknown(const char *word)
{
    const char *known[COMMANDS + 1] = {0};
    const char *near;
    struct err err = {0};
    for (size_t i = 0; i < COMMANDS; i++)
        known[i] = commands[i].name;
    near = text_nearest(word, known);
    err_set(&err, ERR_USAGE, "unknown command '%s'%s%s%s (see: spawnbench --help)", word,
            near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
    fprintf(stderr, "spawnbench: %s\n", err.text);
    return 2;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    inherited_reset();
    standard_open();
    argp_err_exit_status = 2;
    gsl_set_error_handler_off();
    if (argc < 2) {
        print_help(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || !strcmp(argv[1], "help"))
        return cli_check_stdout("--help", print_help(stdout));
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("spawnbench %s\nSQLite %s\n", SPAWNBENCH_VERSION, results_engine());
        return cli_check_stdout("--version", 0);
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        if (cli_check_limits(commands[i].measures, &err) < 0)
            return cli_fail(commands[i].name, &err);
        char *name = text_format("spawnbench %s", commands[i].name);
        argv[1] = name;
        int code = commands[i].run(argc - 1, argv + 1);
        free(name);
        return code;
    }
    return unknown(argv[1]);
}
