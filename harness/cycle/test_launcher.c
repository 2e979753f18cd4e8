/* Does spawnbench-witness say that a program starts, and then become it and nothing else? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"
#include "cycle/witness.h"

#define LAUNCHER (BINARY_DIR "/spawnbench-witness")

/* What a start through it came to. */
struct started {
    pid_t pid, witness_pid;
    int status;
    char message[WITNESS_MOST_BYTES + 1]; /* the last one, and how many */
    int messages;
    char *out, *err; /* own */
};

static void take(void *context, pid_t pid, const char *message, size_t length)
{
    struct started *started = context;
    assert_int_equal(strlen(message), length);
    started->witness_pid = pid;
    started->messages++;
    snprintf(started->message, sizeof started->message, "%s", message);
}

static char *read_all(int fd)
{
    struct text text = {0};
    char block[4096];
    ssize_t got;
    while ((got = read(fd, block, sizeof block)) > 0)
        text_add_bytes(&text, block, (size_t)got);
    text_add(&text, "");
    return text_take(&text);
}

static struct started start(const char *const argv[], const char *folder, char *const more[])
{
    struct started started = {0};
    struct witness witness;
    struct process process;
    struct process_exit ended;
    struct err err = {0};
    FILE *log = tmpfile();
    char *environment[8] = {NULL}, *where;
    assert_non_null(log);
    assert_int_equal(witness_open(&witness, &err), 0);
    where = text_format("SPAWNBENCH_WITNESS=%s", witness.name);
    environment[0] = where;
    environment[1] = (char *)"SPAWNBENCH_AGENT=4.0";
    for (size_t i = 0; more && more[i]; i++)
        environment[2 + i] = more[i];
    if (process_start(&process, argv, environment, folder, fileno(log), &err) < 0)
        fail_msg("%s", err.text);
    started.pid = process.pid;
    started.out = read_all(process.out);
    while (!process_wait(&process, clock_now_ns() + CLOCK_NS_PER_S, &ended))
        ;
    started.status = ended.status;
    rewind(log);
    started.err = read_all(fileno(log));
    witness_hear(&witness, take, &started);
    witness_close(&witness);
    fclose(log);
    free(where);
    return started;
}

static void forget(struct started *started)
{
    free(started->out);
    free(started->err);
}

#define START(...) start((const char *const[]){LAUNCHER, __VA_ARGS__, NULL}, NULL, NULL)

static void it_says_so_and_becomes_the_program(void **state)
{
    int64_t before_ns = clock_now_ns();
    struct started started = START("/bin/sh", "-c", "echo $$ \"$1\"; exit 3", "x", "a b");
    long long start_ns = 0;
    char *expected = text_format("%d a b\n", (int)started.pid);
    (void)state;
    assert_int_equal(started.status, 3);
    assert_string_equal(started.out, expected);
    assert_string_equal(started.err, "");
    assert_int_equal(started.messages, 1);
    assert_int_equal(started.witness_pid, started.pid);
    assert_memory_equal(started.message, "exec 4.0 ", 9);
    start_ns = strtoll(started.message + 9, NULL, 10);
    assert_true(start_ns >= before_ns && start_ns <= clock_now_ns());
    free(expected);
    forget(&started);
}

/* Nor does it leave a descriptor to it, or take one of its own. */
static void the_program_has_the_descriptors_it_would_have(void **state)
{
    static const char *const list[] = {"/bin/sh", "-c", "cd /proc/self/fd && echo *", NULL};
    struct started direct = start(list, NULL, NULL);
    struct started started = START(list[0], list[1], list[2]);
    (void)state;
    assert_string_equal(started.out, direct.out);
    forget(&direct);
    forget(&started);
}

static void a_program_without_a_slash_is_looked_up(void **state)
{
    char folder[] = "/tmp/spawnbench-test-XXXXXX", *file, *path;
    char *more[2] = {NULL};
    struct started started;
    struct err err = {0};
    (void)state;
    assert_non_null(mkdtemp(folder));
    file = text_format("%s/a-script", folder);
    assert_int_equal(text_write_file(file, "echo \"$0 $1\"\n", 13, &err), 0);
    path = text_format("PATH=/nowhere:/etc/passwd:%s:/bin", folder);
    more[0] = path;
    started = start((const char *const[]){LAUNCHER, "a-script", "1", NULL}, NULL, more);
    assert_int_equal(started.status, 126); /* it is there, and must not be started */
    assert_non_null(strstr(started.err, "cannot start 'a-script': Permission denied"));
    forget(&started);
    assert_int_equal(chmod(file, 0700), 0); /* no "#!": the shell runs it, as execvp(3) lets it */
    started = start((const char *const[]){LAUNCHER, "a-script", "1", NULL}, NULL, more);
    assert_int_equal(started.status, 0);
    assert_non_null(strstr(started.out, "/a-script 1\n"));
    forget(&started);
    started = start((const char *const[]){LAUNCHER, "./a-script", "2", NULL}, folder, NULL);
    assert_string_equal(started.out, "./a-script 2\n"); /* where it runs */
    forget(&started);
    unlink(file);
    rmdir(folder);
    free(file);
    free(path);
}

static void what_cannot_be_started_is_told(void **state)
{
    struct started started = START("/no/such/program");
    (void)state;
    assert_int_equal(started.status, 127);
    assert_string_equal(
        started.err,
        "spawnbench-witness: cannot start '/no/such/program': No such file or directory\n");
    assert_int_equal(started.messages, 1);
    forget(&started);
    started = START("no-such-program-anywhere");
    assert_int_equal(started.status, 127);
    forget(&started);
    started = START("/etc");
    assert_int_equal(started.status, 126);
    forget(&started);
}

static void nobody_who_listens_is_told(void **state)
{
    char *const nobody[] = {(char *)"SPAWNBENCH_WITNESS=@nobody-listens-here", NULL};
    static const char *const argv[] = {
        "/usr/bin/env", "SPAWNBENCH_WITNESS=@nobody", LAUNCHER, "/bin/echo", "x", NULL};
    struct started started = start(argv, NULL, nobody);
    (void)state;
    assert_int_equal(started.status, 1);
    assert_string_equal(started.out, "");
    assert_string_equal(
        started.err, "spawnbench-witness: cannot reach the witness '@nobody': Connection refused "
                     "(in another network namespace? Then \"witness\": \"none\")\n");
    forget(&started);
    started = start((const char *const[]){LAUNCHER, NULL}, NULL, NULL);
    assert_int_equal(started.status, 2);
    assert_non_null(strstr(started.err, "usage: spawnbench-witness PROGRAM"));
    forget(&started);
    started =
        start((const char *const[]){"/usr/bin/env", "-i", LAUNCHER, "/bin/true", NULL}, NULL, NULL);
    assert_int_equal(started.status, 1);
    assert_non_null(strstr(started.err, "SPAWNBENCH_WITNESS is not set"));
    forget(&started);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_so_and_becomes_the_program),
        cmocka_unit_test(the_program_has_the_descriptors_it_would_have),
        cmocka_unit_test(a_program_without_a_slash_is_looked_up),
        cmocka_unit_test(what_cannot_be_started_is_told),
        cmocka_unit_test(nobody_who_listens_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
