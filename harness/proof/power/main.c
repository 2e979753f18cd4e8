/* spawnbench-powerfs: a file system that loses on command what was not synced.
 *
 * Mounted on FOLDER, empty at first, as long as its stdin is open. Each line there is a command
 * that is answered by a line on stdout:
 *
 *     (when it is mounted)   mounted
 *     cut KEPT SEED          cut FILES PAGES KEPT TORN NAMES KEPT     KEPT: nothing, all, part
 *     power                  power
 *     at N KEPT SEED         at; later, before the Nth call that changes or syncs a file: cut ...
 *     release                release
 *     calls                  calls N: such calls since this was asked last
 *
 * Between "cut" and "power" every request fails, and what was open before fails for ever. After a
 * cut at a call they wait until "release" (a second at most). */
#include <argp.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "proof/power/cutfs.h"

#define DEFAULT_BYTES ((size_t)1 << 30)
#define MOST_WORD     16
#define MOST_HOLD_MS  1000

struct asked {
    const char *folder;
    enum cutdisk_names names;
    size_t bytes;
};

static const struct argp_option options[] = {
    {"names", 'n', "WHEN", 0,
     "when a name that is made, removed or changed is durable: ordered (default): at once; strict: "
     "when its file or its directory is synced",
     0},
    {"most", 'm', "SIZE", 0, "how much it may hold, in memory (default: 1GiB)", 0},
    {0}};

static volatile sig_atomic_t ended;

static int find_word(const char *const words[], const char *word)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    double bytes;
    int word;
    switch (key) {
    case 'n':
        word = find_word(cutdisk_names_names, argument);
        if (word < 0)
            argp_error(state, "--names %s: expected ordered or strict", argument);
        asked->names = (enum cutdisk_names)word;
        return 0;
    case 'm':
        if (text_parse_size(&bytes, argument) < 0 || bytes < CUTDISK_PAGE_BYTES || bytes > 1e15)
            argp_error(state, "--most %s: expected a size like 1GiB", argument);
        asked->bytes = (size_t)bytes;
        return 0;
    case ARGP_KEY_ARG:
        if (asked->folder)
            argp_error(state, "unexpected argument '%s': one FOLDER is expected", argument);
        asked->folder = argument;
        return 0;
    case ARGP_KEY_END:
        if (!asked->folder)
            argp_error(state, "no FOLDER is given");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* "KEPT SEED"; -1: it is something else */
static int parse_kept(const char *at, uint64_t *seed)
{
    char word[MOST_WORD], *end;
    const char *space = strchr(at, ' ');
    if (!space || !space[1] || (size_t)(space - at) >= sizeof word)
        return -1;
    snprintf(word, sizeof word, "%.*s", (int)(space - at), at);
    *seed = strtoull(space + 1, &end, 10);
    return *end ? -1 : find_word(cutdisk_kept_names, word);
}

static void tell(const struct cutdisk_told *told)
{
    printf("cut %zu %zu %zu %zu %zu %zu\n", told->files, told->pages, told->pages_kept, told->torn,
           told->names, told->names_kept);
    fflush(stdout);
}

/* One that came at a call, just before it was asked for, has been told. */
static int cut(struct cutfs *fs, const char *words)
{
    uint64_t seed = 0;
    int kept = parse_kept(words, &seed);
    if (kept >= 0 && !cutfs_is_off(fs)) {
        struct cutdisk_told told = cutfs_cut(fs, (enum cutdisk_kept)kept, seed);
        tell(&told);
    }
    return kept < 0 ? -1 : 0;
}

static int cut_at(struct cutfs *fs, const char *words)
{
    char *rest;
    uint64_t nth = strtoull(words, &rest, 10), seed = 0;
    int kept = *rest == ' ' ? parse_kept(rest + 1, &seed) : -1;
    if (nth == 0 || kept < 0)
        return -1;
    cutfs_cut_at(fs, nth, (enum cutdisk_kept)kept, seed);
    puts("at");
    return 0;
}

static int power(struct cutfs *fs, const char *words)
{
    (void)words;
    cutfs_power(fs);
    puts("power");
    return 0;
}

static int release(struct cutfs *fs, const char *words)
{
    (void)words;
    cutfs_release(fs);
    puts("release");
    return 0;
}

static int calls(struct cutfs *fs, const char *words)
{
    (void)words;
    printf("calls %llu\n", (unsigned long long)cutfs_calls(fs));
    return 0;
}

static void answer(struct cutfs *fs, const char *line)
{
    static const struct {
        const char *word;
        int (*take)(struct cutfs *fs, const char *words);
    } commands[] = {
        {"cut", cut}, {"at", cut_at}, {"power", power}, {"release", release}, {"calls", calls}};
    size_t length = strcspn(line, " ");
    int rc = -1;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strlen(commands[i].word) == length && strncmp(line, commands[i].word, length) == 0)
            rc = commands[i].take(fs, line[length] ? line + length + 1 : "");
    if (rc < 0)
        puts(
            "error: expected 'cut nothing|all|part SEED', 'at N nothing|all|part SEED', 'release', "
            "'power' or 'calls'");
    fflush(stdout);
}

/* false: whoever gives the commands has gone */
static bool hear(struct cutfs *fs, struct text *heard)
{
    char bytes[256], *end;
    ssize_t got = read(STDIN_FILENO, bytes, sizeof bytes);
    if (got <= 0)
        return got < 0 && errno == EINTR;
    text_add_bytes(heard, bytes, (size_t)got);
    while ((end = memchr(heard->data, '\n', heard->length))) {
        *end = '\0';
        answer(fs, heard->data);
        text_drop_front(heard, (size_t)(end - heard->data) + 1);
    }
    return true;
}

static void serve(struct cutfs *fs)
{
    struct pollfd ready[] = {{.fd = cutfs_fd(fs), .events = POLLIN},
                             {.fd = STDIN_FILENO, .events = POLLIN}};
    struct text heard = {0};
    struct cutdisk_told told;
    bool goes_on = true;
    while (goes_on && !ended) {
        int count = poll(ready, 2, cutfs_holds(fs) ? MOST_HOLD_MS : -1);
        if (count < 0)
            continue; /* a signal */
        if (count == 0)
            cutfs_release(fs);
        if (ready[0].revents)
            goes_on = cutfs_serve(fs);
        if (cutfs_struck(fs, &told))
            tell(&told);
        if (goes_on && ready[1].revents)
            goes_on = hear(fs, &heard);
    }
    text_release(&heard);
}

static void end(int signal)
{
    (void)signal;
    ended = 1;
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .args_doc = "FOLDER",
        .doc = "Mount an empty file system on FOLDER that loses on command what was not synced. "
               "Commands on stdin: 'cut nothing|all|part SEED', 'power' and others; the end of "
               "stdin unmounts it."};
    const struct sigaction action = {.sa_handler = end};
    struct asked asked = {.bytes = DEFAULT_BYTES};
    struct cutdisk *disk;
    struct cutfs *fs;
    argp_parse(&argp, argc, argv, 0, NULL, &asked);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    disk = cutdisk_new(asked.names, asked.bytes);
    fs = cutfs_mount(disk, asked.folder);
    if (fs) {
        puts("mounted");
        fflush(stdout);
        serve(fs);
        cutfs_unmount(fs);
    } else {
        fprintf(stderr, "spawnbench-powerfs: cannot mount on '%s'\n", asked.folder);
    }
    cutdisk_free(disk);
    return fs ? 0 : 5;
}
