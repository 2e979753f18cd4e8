/* spawnbench-gate-trials - does the gate cry wolf, and does it see what is there?
 *
 * Simulated gates on noise of known truth; with --real, `spawnbench gate` itself on real processes.
 * Both end up in reports/gate.md. Exit 0: all bars hold; 1: one does not. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate/trials/trials.h"
#include "gate/trials/words.h"

#define DEFAULT_SEED  20261125
#define DEFAULT_GATES 10000
#define SHORT_GATES   300
#define EXIT_MISSED   1
#define EXIT_USAGE    2

static const char usage[] =
    "usage: spawnbench-gate-trials [--replicates N] [--seed N] [--short] [--markdown FILE]\n";

static bool number(const char *word, uint64_t *out)
{
    char *end;
    unsigned long long value = strtoull(word, &end, 10);
    *out = value;
    return word[0] >= '0' && word[0] <= '9' && *end == '\0' && value <= 1000000000;
}

/* false: not understood */
static bool read_options(int argc, char **argv, struct request *request, const char **file)
{
    static const struct option options[] = {
        {"replicates", required_argument, NULL, 'r'},
        {"seed", required_argument, NULL, 's'},
        {"short", no_argument, NULL, 'q'},
        {"markdown", required_argument, NULL, 'm'},
        {"careless", no_argument, NULL, 'c'}, /* not in the usage: shows a bar that is missed */
        {NULL, 0, NULL, 0}};
    uint64_t gates = 0;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        request->shorter = request->shorter || c == 'q';
        request->careless = request->careless || c == 'c';
        if (c == 'm')
            *file = optarg;
        if (c == '?' || (c == 's' && !number(optarg, &request->seed)) ||
            (c == 'r' && (!number(optarg, &gates) || gates == 0)))
            return false;
    }
    request->gates = request->shorter ? SHORT_GATES : DEFAULT_GATES;
    if (gates)
        request->gates = gates;
    return optind == argc;
}

int main(int argc, char **argv)
{
    struct request request = {.seed = DEFAULT_SEED};
    const char *file = NULL;
    struct text text = {0};
    struct bars bars = {0};
    struct err err = {0};
    int status;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    if (!read_options(argc, argv, &request, &file)) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    text_add(&text, report_opening);
    simulated_write(&text, &bars, &request);
    text_add(&text, "## Bars\n\n");
    bars_tell(&text, &bars);
    fputs(text.data, stdout);
    status = bars.missed ? EXIT_MISSED : EXIT_SUCCESS;
    if (file && text_write_file(file, text.data, text.length, &err) != 0) {
        fprintf(stderr, "spawnbench-gate-trials: %s\n", err.text);
        status = err_exit_code(&err);
    }
    text_release(&text);
    text_release(&bars.lines);
    return status;
}
