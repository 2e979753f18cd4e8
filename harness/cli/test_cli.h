/* test_cli - run the built spawnbench as a user would, in a folder of its own.
 * For the tests of cli/. */
#ifndef CLI_TEST_CLI_H
#define CLI_TEST_CLI_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"

/* What a finished command said. */
struct cli_said {
    int exit_status; /* -1 and the signal when one ended it */
    int signal;
    char *out, *err;
};

/* A command that still runs. */
struct cli_running {
    struct process process;
    int err_fd;
};

#define assert_said(text, part)                                                                    \
    do {                                                                                           \
        if (!strstr(text, part))                                                                   \
            fail_msg("expected '%s' in:\n%s", part, text);                                         \
    } while (0)

static int cli_folder(void **state)
{
    char template[] = "/tmp/spawnbench-test-XXXXXX";
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* so that nothing a command leaves can hide */
    if (!mkdtemp(template))
        return -1;
    *state = xstrdup(template);
    return 0;
}

static int cli_remove_one(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
    (void)about;
    (void)kind;
    (void)walk;
    return remove(path);
}

/* Also the check that holds after every test: no process is left. */
static int cli_folder_remove(void **state)
{
    struct process_view left[16];
    size_t count = 0;
    for (int tries = 0; tries < 200; tries++) {
        count = process_children(getpid(), left, 16);
        for (size_t i = 0; i < count && i < 16; i++)
            if (left[i].state == 'Z')
                process_reap_adopted(NULL, 0);
        if (count == 0)
            break;
        clock_sleep_until(clock_now_ns() + 10 * CLOCK_NS_PER_MS);
    }
    nftw(*state, cli_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(*state);
    if (count) {
        fprintf(stderr, "%zu processes were left, one is '%s'\n", count, left[0].name);
        process_reap_adopted(NULL, 0);
    }
    return count ? -1 : 0;
}

static inline char *cli_path(const char *folder, const char *name)
{
    return text_format("%s/%s", folder, name);
}

static inline char *cli_write(const char *folder, const char *name, const char *text)
{
    struct err err = {0};
    char *path = cli_path(folder, name);
    assert_int_equal(text_write_file(path, text, strlen(text), &err), 0);
    return path;
}

/*
 * cli_scenario - a small scenario file with one arm, "one", that claims to lose nothing where it
 * starts something
 *
 * subject : the JSON words of its command; more: members to add, ending in a comma, or ""
 */
static inline char *cli_scenario(const char *folder, const char *name, const char *subject,
                                 const char *more)
{
    static const char claims[] = ",\n \"claims\": [{\"id\": \"whole\", \"corruption\": \"none\","
                                 " \"below\": \"50%\"}]";
    bool null = strstr(subject, "{null}") != NULL;
    char *file = text_format("%s.json", name), *path;
    char *text = text_format("{\"name\": \"%s\", %s \"about\": \"a test\",\n"
                             " \"agents\": [{\"name\": \"a\", \"command\": [\"{agent}\"], "
                             "\"witness\": \"%s\", \"times\": 3}],\n"
                             " \"arms\": [{\"name\": \"one\", \"subject\": [%s]}],\n"
                             " \"cycles\": 20, \"warmup\": 2, \"deadline\": \"2s\"%s}\n",
                             name, more, null ? "none" : "self", subject, null ? "" : claims);
    path = cli_write(folder, file, text);
    free(file);
    free(text);
    return path;
}

static inline struct cli_running cli_start_words(const char *folder, const char *const words[])
{
    struct cli_running running;
    struct err err = {0};
    char *err_path = cli_path(folder, "stderr");
    running.err_fd = open(err_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(running.err_fd >= 0);
    if (process_start(&running.process, words, NULL, folder, running.err_fd, &err) < 0)
        fail_msg("%s", err.text);
    free(err_path);
    return running;
}

static inline char *cli_read_all(int fd)
{
    struct text text = {0};
    char block[65536];
    ssize_t got;
    while ((got = read(fd, block, sizeof block)) > 0 || (got < 0 && errno == EINTR))
        if (got > 0)
            text_add_bytes(&text, block, (size_t)got);
    return text_take(&text);
}

static inline struct cli_said cli_end(struct cli_running *running)
{
    struct cli_said said;
    struct process_exit ended = {0};
    said.out = cli_read_all(running->process.out);
    while (!process_wait(&running->process, clock_now_ns() + CLOCK_NS_PER_S, &ended))
        ;
    lseek(running->err_fd, 0, SEEK_SET);
    said.err = cli_read_all(running->err_fd);
    said.exit_status = ended.status;
    said.signal = ended.signal;
    close(running->err_fd);
    return said;
}

static inline struct cli_running cli_start_list(const char *folder, va_list args)
{
    static const char *words[32];
    const char *word;
    size_t count = 0;
    char *program = text_format("%s/spawnbench", BINARY_DIR);
    struct cli_running running;
    words[count++] = program;
    while (count < 31 && (word = va_arg(args, const char *)))
        words[count++] = word;
    words[count] = NULL;
    running = cli_start_words(folder, words);
    free(program);
    return running;
}

/* cli_start - start spawnbench with these words (NULL ends them) in the folder */
static inline struct cli_running cli_start(const char *folder, ...)
{
    struct cli_running running;
    va_list args;
    va_start(args, folder);
    running = cli_start_list(folder, args);
    va_end(args);
    return running;
}

/* cli_await_child - wait until it has a child whose name begins so (the kernel keeps 15
 * characters) */
static inline void cli_await_child(const struct cli_running *running, const char *name)
{
    struct process_view children[16];
    for (;;) {
        size_t count = process_children(running->process.pid, children, 16);
        for (size_t i = 0; i < count && i < 16; i++)
            if (strncmp(children[i].name, name, strlen(name)) == 0)
                return;
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
    }
}

/* cli_say - the same, and wait for its end */
static inline struct cli_said cli_say(const char *folder, ...)
{
    struct cli_running running;
    va_list args;
    va_start(args, folder);
    running = cli_start_list(folder, args);
    va_end(args);
    return cli_end(&running);
}

static inline void cli_forget(struct cli_said *said)
{
    free(said->out);
    free(said->err);
}

#endif
