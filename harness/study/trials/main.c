/* spawnbench-gate-trials - does the gate cry wolf, and does it see what is there?
 *
 * Simulated gates on noise of known truth; with --real, `spawnbench gate` itself on real processes.
 * Both end up in reports/gate.md. Exit 0: all bars hold; 1: one does not. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
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
    bool is_real;
    const char *markdown;
};

static bool number(const char *word, uint64_t *out)
{
    char *end;
    unsigned long long value = strtoull(word, &end, 10);
    *out = value;
    return word[0] >= '0' && word[0] <= '9' && *end == '\0' && value <= 1000000000;
}

static bool positive(const char *word, size_t *out)
{
    uint64_t value;
    bool good = number(word, &value) && value > 0;
    *out = good ? (size_t)value : 0;
    return good;
}

static bool known_kind(const char *name)
{
    for (size_t k = 0; k < REAL_KINDS; k++)
        if (strcmp(real_kinds[k].name, name) == 0)
            return true;
    return false;
}

static bool take(struct arguments *arguments, int option, size_t *replicates)
{
    struct real_request *real = &arguments->real;
    switch (option) {
    case 'r':
        return positive(optarg, replicates);
    case 's':
        return number(optarg, &arguments->simulated.seed);
    case 'q':
        return arguments->simulated.shorter = true;
    case 'c':
        return arguments->simulated.careless = true;
    case 'm':
        return (arguments->markdown = optarg) != NULL;
    case 'R':
        return arguments->is_real = true;
    case 'o':
        real->only = optarg;
        return known_kind(optarg);
    case 'g':
        return positive(optarg, &real->gates);
    case 'i':
        return text_parse_duration(&real->init_ns, optarg) == 0 && real->init_ns > 0 &&
               real->init_ns <= 1000000000;
    case 'a':
        return real->anew = true;
    case 'd':
        return (real->path = optarg) != NULL;
    default:
        return false;
    }
}

/* false: not understood */
static bool read_options(int argc, char **argv, struct arguments *arguments)
{
    static const struct option options[] = {
        {"replicates", 1, NULL, 'r'},
        {"seed", 1, NULL, 's'},
        {"short", 0, NULL, 'q'},
        {"markdown", 1, NULL, 'm'},
        {"careless", 0, NULL, 'c'}, /* not in the usage: shows a bar that is missed */
        {"real", 0, NULL, 'R'},
        {"only", 1, NULL, 'o'},
        {"gates", 1, NULL, 'g'},
        {"init", 1, NULL, 'i'},
        {"anew", 0, NULL, 'a'},
        {"data", 1, NULL, 'd'},
        {NULL, 0, NULL, 0}};
    size_t replicates = 0;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
        if (!take(arguments, c, &replicates))
            return false;
    arguments->simulated.gates = arguments->simulated.shorter ? SHORT_GATES : DEFAULT_GATES;
    if (replicates)
        arguments->simulated.gates = replicates;
    arguments->real.seed = arguments->simulated.seed;
    return optind == argc;
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
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    if (!read_options(argc, argv, &arguments)) {
        fputs(usage, stderr);
        return EXIT_USAGE;
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
