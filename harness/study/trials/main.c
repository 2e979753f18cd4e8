/* spawnbench-gate-trials - does the gate cry wolf, and does it see what is there?
 *
 * Simulated gates on noise of known truth; with --real, `spawnbench gate` itself on real processes.
 * Both end up in reports/gate.md. Exit 0: all bars hold; 1: one does not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arguments.h"
#include "base/inherited.h"
#include "base/interrupt.h"
#include "base/standard.h"
#include "study/trials/prose.h"
#include "study/trials/real.h"
#include "study/trials/trials.h"

#define DEFAULT_SEED  20261125
#define DEFAULT_GATES 10000
#define SHORT_GATES   200
#define EXIT_MISSED   1
#define EXIT_USAGE    2

#define DEFAULT_INIT_NS 5000000
#define DEFAULT_FILE    "results/gate-trials.json"

static const char usage[] =
    "usage: spawnbench-gate-trials [--replicates N] [--seed N] [--short] [--markdown FILE]\n"
    "       spawnbench-gate-trials --real [--only NAME] [--gates N] [--init DURATION] [--anew]\n\n"
    "Is `spawnbench gate` calibrated? Simulated gates on noise of known truth, and the report of\n"
    "both on stdout; with --real the gate itself on real processes with planted slowdowns, kept "
    "in\n"
    "a file. Exit 0: all bars hold; 1: one does not.\n\n"
    "  --replicates N   simulated gates of each kind without a change (10000); a quarter with one\n"
    "  --short          few kinds of noise, 200 gates\n"
    "  --seed N         the same seed gives the same gates (20261125)\n"
    "  --markdown FILE  write the report there, too (reports/gate.md)\n"
    "  --data FILE      results of real gates (results/gate-trials.json)\n"
    "  --real           measure: adds gates to FILE until each kind has its number, and tells\n"
    "                   how long that will take; an interruption loses none\n"
    "  --only NAME      one kind of real gates: same, unchanged, slower, little-slower, tail\n"
    "  --gates N        real gates of each kind, instead of 200 (same) and 100\n"
    "  --init DURATION  of the agents (5ms)\n"
    "  --anew           forget what FILE has of these kinds\n";

/* The command line. */
struct arguments {
    struct gate_request simulated;
    struct real_request real;
    bool is_real, help;
    const char *markdown;
};

static int take_kind(void *out, const char *value, struct err *err)
{
    *(const char **)out = value;
    for (size_t k = 0; k < REAL_KINDS; k++)
        if (strcmp(real_kinds[k].name, value) == 0)
            return 0;
    return err_set(err, ERR_USAGE, "there is no kind '%s'", value);
}

static int take_init(void *out, const char *value, struct err *err)
{
    int64_t *init_ns = out;
    if (text_parse_duration(init_ns, value) < 0 || *init_ns <= 0 || *init_ns > 1000000000)
        return err_set(err, ERR_USAGE, "--init wants a duration up to 1s, not '%s'", value);
    return 0;
}

static int read_options(int argc, char **argv, struct arguments *arguments, struct err *err)
{
    struct gate_request *simulated = &arguments->simulated;
    struct real_request *real = &arguments->real;
    uint64_t replicates = 0, gates = 0;
    const struct arguments_row rows[] = {
        {"replicates", ARGUMENTS_NUMBER, &replicates, 1, ARGUMENTS_LARGE, NULL},
        {"seed", ARGUMENTS_NUMBER, &simulated->seed, 0, ARGUMENTS_LARGE, NULL},
        {"short", ARGUMENTS_FLAG, &simulated->shorter, 0, 0, NULL},
        {"markdown", ARGUMENTS_TEXT, &arguments->markdown, 0, 0, NULL},
        /* not in the usage: shows a bar that is missed */
        {"careless", ARGUMENTS_FLAG, &simulated->careless, 0, 0, NULL},
        {"real", ARGUMENTS_FLAG, &arguments->is_real, 0, 0, NULL},
        {"only", ARGUMENTS_OWN, &real->only, 0, 0, take_kind},
        {"gates", ARGUMENTS_NUMBER, &gates, 1, ARGUMENTS_LARGE, NULL},
        {"init", ARGUMENTS_OWN, &real->init_ns, 0, 0, take_init},
        {"anew", ARGUMENTS_FLAG, &real->anew, 0, 0, NULL},
        {"data", ARGUMENTS_TEXT, &real->path, 0, 0, NULL},
        {"help", ARGUMENTS_FLAG, &arguments->help, 0, 0, NULL},
        {0},
    };
    int rc = arguments_read(rows, argc, argv, err);
    simulated->gates = simulated->shorter ? SHORT_GATES : DEFAULT_GATES;
    if (replicates)
        simulated->gates = (size_t)replicates;
    real->gates = (size_t)gates;
    real->seed = simulated->seed;
    return rc;
}

static char *in_one_line(int argc, char **argv)
{
    struct text line = {0};
    text_add(&line, "spawnbench-gate-trials");
    for (int i = 1; i < argc; i++)
        text_addf(&line, " %s", argv[i]);
    return text_take(&line);
}

/* Whole, or the real section alone. */
static void write_report(struct text *out, struct bars *bars, const struct arguments *arguments,
                         const struct real_results *results)
{
    if (arguments->is_real) {
        real_write(out, bars, results);
    } else {
        text_add(out, report_opening);
        real_write(out, bars, results);
        simulated_write(out, bars, &arguments->simulated);
        text_addf(out, report_again, (unsigned long long)arguments->simulated.seed,
                  arguments->simulated.gates);
    }
    text_add(out, "## Bars\n\n");
    bars_tell(out, bars);
}

static int run(const struct arguments *arguments, struct err *err)
{
    struct real_results results = {0};
    struct text text = {0};
    struct bars bars = {0};
    int rc = real_read(&results, arguments->real.path, err);
    if (rc == 0 && arguments->is_real)
        rc = real_measure(&results, &arguments->real, err);
    if (rc == 0) {
        write_report(&text, &bars, arguments, &results);
        fputs(text.data, stdout);
        if (arguments->markdown)
            rc = text_write_file(arguments->markdown, text.data, text.length, err);
    }
    if (rc == 0 && bars.missed)
        rc = EXIT_MISSED;
    text_release(&text);
    text_release(&bars.lines);
    real_release(&results);
    return rc;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {
        .simulated = {.seed = DEFAULT_SEED},
        .real = {.init_ns = DEFAULT_INIT_NS, .path = DEFAULT_FILE},
    };
    struct err err = {0};
    char *command;
    int rc;
    inherited_reset();
    standard_open();
    rc = read_options(argc, argv, &arguments, &err);
    if (rc < 0 || arguments.help) {
        fputs(usage, arguments.help ? stdout : stderr);
        return arguments.help ? EXIT_SUCCESS : EXIT_USAGE;
    }
    if (arguments.is_real)
        interrupt_catch();
    command = in_one_line(argc, argv);
    arguments.real.command = command;
    rc = run(&arguments, &err);
    free(command);
    if (rc >= 0)
        return rc;
    fprintf(stderr, "spawnbench-gate-trials: %s\n", err.text);
    return err_exit_code(&err);
}
