/* spawnref: which mode, which record; then one line in, one line out, until it is over.
 *
 * Options, the protocol's loop, and an exit status: 0 after "close" or the end of stdin, 2 for a
 * wrong command line or input that cannot be read on, 128 + n when signal n ended it. However it
 * ends, no agent is left.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/inherited.h"
#include "metrics/metrics.h"
#include "spawner/protocol.h"
#include "spawner/spawner.h"

#define READ_BYTES ((size_t)64 << 10)
#define LINE_BYTES ((size_t)64 << 20) /* a request longer than this is no request */

static struct {
    bool sequential;
    const char *extension;
    struct metrics_about about;
    const char *appended[BATCH_MOST_APPENDED];
    size_t appended_count;
} options;

/* ---- the command line ---- */

/* Is it the first? It must be one of the two. */
static bool is_first(const char *option, const char *value, const char *first, const char *second)
{
    if (strcmp(value, first) == 0)
        return true;
    if (strcmp(value, second) == 0)
        return false;
    fprintf(stderr, "spawnref: --%s: expected %s or %s, not '%s' (try --help)\n", option, first,
            second, value);
    exit(2);
}

static void help(void)
{
    puts("usage: spawnref [OPTION]...\n"
         "The reference spawner: starts agents, records them in SQLite. Speaks the subject "
         "protocol\n"
         "(reference/PROTOCOL.md) on stdin and stdout; stderr is its log.\n\n"
         "  --mode MODE       sequential (one after the other, the yardstick) or parallel "
         "(default)\n"
         "  --record HOW      each (a connection and two transactions per agent, as the original)\n"
         "                    or batch (one transaction); default: each if sequential, else batch\n"
         "  --metrics FILE    write spawn_metrics.json there at the end\n"
         "  --spec-id ID      goes into that file\n"
         "  --arm-name NAME   this arm's section in that file (default: the mode)\n"
         "  --append WORD     hand each agent this word, too: plants a slowdown (repeatable)\n"
         "  --vfs-extension FILE  a SQLite extension to load before the database is opened, such "
         "as\n"
         "                    spawnbench-faultvfs.so, which lets the database fail on request\n"
         "  --help, --version");
    exit(0);
}

static void tell_version(void)
{
    puts("spawnref " SPAWNBENCH_VERSION);
    exit(0);
}

static void take_appended(const char *word)
{
    if (options.appended_count == BATCH_MOST_APPENDED) {
        fprintf(stderr, "spawnref: --append: at most %d words\n", BATCH_MOST_APPENDED);
        exit(2);
    }
    options.appended[options.appended_count++] = word;
    batch_append(options.appended, options.appended_count);
}

static void take_option(int option)
{
    if (option == 'm')
        options.sequential = is_first("mode", optarg, "sequential", "parallel");
    else if (option == 'r')
        options.about.record = is_first("record", optarg, "each", "batch") ? "each" : "batch";
    else if (option == 'f')
        options.about.path = optarg;
    else if (option == 's')
        options.about.spec_id = optarg;
    else if (option == 'a')
        options.about.section = optarg;
    else if (option == 'p')
        take_appended(optarg);
    else if (option == 'x')
        options.extension = optarg;
    else if (option == 'h')
        help();
    else if (option == 'V')
        tell_version();
    else
        exit(2); /* getopt_long has said why */
}

static void read_options(int argc, char *argv[])
{
    static const struct option known[] = {
        {"mode", 1, NULL, 'm'},          {"record", 1, NULL, 'r'},
        {"metrics", 1, NULL, 'f'},       {"spec-id", 1, NULL, 's'},
        {"arm-name", 1, NULL, 'a'},      {"append", 1, NULL, 'p'},
        {"vfs-extension", 1, NULL, 'x'}, {"help", 0, NULL, 'h'},
        {"version", 0, NULL, 'V'},       {0}};
    int option;
    while ((option = getopt_long(argc, argv, "h", known, NULL)) != -1)
        take_option(option);
    if (optind < argc) {
        fprintf(stderr, "spawnref: unexpected argument '%s' (try --help)\n", argv[optind]);
        exit(2);
    }
    if (!options.about.record)
        options.about.record = options.sequential ? "each" : "batch";
    if (!options.about.section)
        options.about.section = options.sequential ? "sequential" : "parallel";
}

/* ---- one line in, one line out ---- */

/* More of stdin. 1: some came, 0: its end or a signal that ends us, -1: it cannot be read. */
static int read_more(struct text *input, struct watch *watch)
{
    static char part[READ_BYTES];
    struct pollfd fds[2] = {{watch->signals, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    ssize_t got;
    while (!watch->stop_signal && fds[1].revents == 0) {
        if (poll(fds, 2, -1) > 0 && fds[0].revents)
            watch_signals(watch);
    }
    if (watch->stop_signal)
        return 0;
    got = read(STDIN_FILENO, part, sizeof part);
    if (got > 0)
        text_add_bytes(input, part, (size_t)got);
    if (got > 0 && input->length <= LINE_BYTES)
        return 1;
    if (got == 0 || (got < 0 && errno == EINTR))
        return got < 0;
    fprintf(stderr, "spawnref: cannot read stdin: %s\n",
            got < 0 ? strerror(errno) : "a line of more than 64 MiB");
    return -1;
}

static int answer_line(struct protocol *protocol, struct text *input, size_t length,
                       struct text *answer)
{
    int64_t read_ns = clock_now_ns();
    int rc;
    input->data[length] = '\0';
    protocol_answer(protocol, input->data, length, read_ns, answer);
    rc = text_write(STDOUT_FILENO, answer->data, answer->length);
    if (rc < 0)
        fprintf(stderr, "spawnref: cannot answer: %s\n", strerror(errno));
    text_clear(answer);
    text_drop_front(input, length + 1);
    protocol_tidy(protocol);
    return rc;
}

/* 0: over, -1: unusable input or nobody to answer to */
static int speak(struct protocol *protocol)
{
    struct text input = {0}, answer = {0};
    int rc = 1;
    while (rc > 0 && !protocol->closed && !protocol->spawner->watch.stop_signal) {
        char *end = input.length ? memchr(input.data, '\n', input.length) : NULL;
        if (end)
            rc = answer_line(protocol, &input, (size_t)(end - input.data), &answer) < 0 ? -1 : 1;
        else
            rc = read_more(&input, &protocol->spawner->watch);
    }
    text_release(&input);
    text_release(&answer);
    return rc < 0 ? -1 : 0;
}

static int finish(struct protocol *protocol)
{
    static const char closed[] = "{\"op\":\"closed\"}\n";
    int stop_signal = protocol->spawner->watch.stop_signal;
    struct err err = {0};
    spawner_close(protocol->spawner);
    metrics_set_waits(protocol->metrics, &protocol->spawner->waits);
    if (metrics_write(protocol->metrics, &err) < 0)
        fprintf(stderr, "spawnref: %s\n", err.text);
    if (protocol->closed && write(STDOUT_FILENO, closed, sizeof closed - 1) < 0)
        fprintf(stderr, "spawnref: cannot answer: %s\n", strerror(errno));
    metrics_free(protocol->metrics);
    return stop_signal ? 128 + stop_signal : 0;
}

int main(int argc, char *argv[])
{
    struct spawner spawner;
    struct protocol protocol = {.spawner = &spawner};
    struct err err = {0};
    int rc, status;
    inherited_reset();
    read_options(argc, argv);
    if ((options.extension && store_load_extension(options.extension, &err) < 0) ||
        spawner_open(&spawner, options.sequential ? sequential_start : parallel_start,
                     strcmp(options.about.record, "each") == 0 ? SPAWNER_RECORD_EACH
                                                               : SPAWNER_RECORD_BATCH,
                     &err) < 0) {
        fprintf(stderr, "spawnref: %s\n", err.text);
        return err_exit_code(&err);
    }
    protocol.name = options.about.section;
    protocol.metrics = options.about.path ? metrics_new(&options.about) : NULL;
    rc = speak(&protocol);
    status = finish(&protocol);
    return status ? status : rc < 0 ? 2 : 0;
}
