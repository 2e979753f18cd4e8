/* Is a child started right, told apart from one that could not be, and gone when it is reaped? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"
#include "spawner/child.h"

#define CHILDREN 40 /* more than there are stacks */

static void start_shell(struct child *child, const char *script, bool ready_pipe)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    const struct child_plan plan = {
        .path = "/bin/sh", .argv = argv, .environment = environ, .ready_pipe = ready_pipe};
    assert_int_equal(child_start(child, &plan, NULL), 0);
    child_settle();
}

static char *read_all(int fd)
{
    struct text text = {0};
    struct pollfd watch = {fd, POLLIN, 0};
    char part[256];
    ssize_t got;
    while (poll(&watch, 1, -1) == 1 && (got = read(fd, part, sizeof part)) > 0)
        text_add_bytes(&text, part, (size_t)got);
    return text_take(&text);
}

static void a_child_speaks_through_its_own_pipes(void **state)
{
    struct child child;
    struct child_end end;
    char *out, *errors, *ready;
    (void)state;
    start_shell(&child, "read line; echo out $line; echo errors >&2; echo >&3; exit 7", true);
    assert_int_equal(write(child.in, "hello\n", 6), 6);
    out = read_all(child.out);
    errors = read_all(child.errors);
    ready = read_all(child.ready);
    assert_string_equal(out, "out hello\n");
    assert_string_equal(errors, "errors\n");
    assert_string_equal(ready, "\n");
    child_reap(&child, &end);
    assert_int_equal(end.status, 7);
    assert_int_equal(end.signal, 0);
    assert_int_equal(child.pid, 0);
    free(out);
    free(errors);
    free(ready);
}

static void what_cannot_be_executed_is_told_with_its_reason(void **state)
{
    static const char *const argv[] = {"prog", NULL};
    static const struct {
        struct child_plan plan;
        const char *text;
    } wrong[] = {
        {{"/no/such", argv, NULL, NULL, true, 0}, "cannot start 'prog': No such file or directory"},
        {{"/etc/passwd", argv, NULL, NULL, true, 0}, "cannot start 'prog': Permission denied"},
        {{"/bin/sh", argv, NULL, "/no/where", false, 0},
         "cannot start 'prog' in directory '/no/where': No such file or directory"},
    };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct child_plan plan = wrong[i].plan;
        struct err err = {0};
        struct child child;
        struct child_end end;
        plan.environment = environ;
        assert_int_equal(child_start(&child, &plan, NULL), 0);
        child_settle();
        assert_int_equal(child_refusal(&child, &err), -1);
        assert_string_equal(err.text, wrong[i].text);
        assert_int_equal(err.code, ERR_UNFIT);
        child_reap(&child, &end);
    }
}

/* Each has its own stack, or waits for one: what one is given never reaches another. */
static void many_children_do_not_mix(void **state)
{
    static struct child children[CHILDREN];
    static char scripts[CHILDREN][32];
    static const char *argv[CHILDREN][4];
    (void)state;
    for (int i = 0; i < CHILDREN; i++) {
        struct child_plan plan = {.path = "/bin/sh", .argv = argv[i], .environment = environ};
        snprintf(scripts[i], sizeof scripts[i], "exit %d", i);
        argv[i][0] = "sh";
        argv[i][1] = "-c";
        argv[i][2] = scripts[i];
        assert_int_equal(child_start(&children[i], &plan, NULL), 0);
    }
    child_settle();
    for (int i = 0; i < CHILDREN; i++) {
        struct child_end end;
        assert_int_equal(child_refusal(&children[i], NULL), 0);
        child_reap(&children[i], &end);
        assert_int_equal(end.status, i);
    }
}

static void the_whole_group_is_ended(void **state)
{
    struct child child;
    struct child_end end;
    char *ready;
    pid_t grandchild;
    (void)state;
    start_shell(&child, "sleep 1000 3>&- & echo $! >&3; exec 3>&-; wait", true);
    ready = read_all(child.ready);
    grandchild = (pid_t)strtol(ready, NULL, 10);
    assert_true(grandchild > 0);
    assert_false(child_exited(&child, &end));
    child_signal(&child, SIGKILL);
    child_reap(&child, &end);
    assert_int_equal(end.signal, SIGKILL);
    assert_int_equal(end.status, -1);
    for (int i = 0; i < 5000 && kill(grandchild, 0) == 0; i++) { /* a zombie until init reaps it */
        char *stat = text_format("/proc/%d/stat", (int)grandchild), *text = NULL;
        size_t length;
        bool zombie = text_read_file(&text, &length, stat, 4096, NULL) < 0 || strstr(text, ") Z ");
        free(stat);
        free(text);
        if (zombie)
            break;
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
        assert_true(i < 4999);
    }
    free(ready);
}

/* Signals that we block, and our raised limit, are not the child's. */
static void the_child_gets_the_mask_and_limits_we_had(void **state)
{
    struct child child;
    struct child_end end;
    struct rlimit before, after;
    char *out, *expected;
    (void)state;
    getrlimit(RLIMIT_NOFILE, &before);
    before.rlim_cur = before.rlim_cur < 200 ? before.rlim_cur : 200;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    child_room(100);
    getrlimit(RLIMIT_NOFILE, &after);
    assert_true(after.rlim_cur > before.rlim_cur);
    start_shell(&child, "ulimit -n; grep -E 'Sig(Blk|Ign)' /proc/self/status", false);
    out = read_all(child.out);
    expected = text_format("%lu\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n",
                           (unsigned long)before.rlim_cur);
    assert_string_equal(out, expected);
    child_reap(&child, &end);
    free(out);
    free(expected);
}

static void programs_are_found_as_a_shell_would(void **state)
{
    char path[PATH_MAX];
    struct err err = {0};
    (void)state;
    assert_int_equal(child_find(path, "sh", NULL), 0);
    assert_int_equal(access(path, X_OK), 0);
    assert_int_equal(child_find(path, "./relative", NULL), 0);
    assert_string_equal(path, "./relative");
    assert_int_equal(child_find(path, "no-such-program-anywhere", &err), -1);
    assert_string_equal(err.text,
                        "cannot start 'no-such-program-anywhere': No such file or directory");
}

static void nothing_stays_open(void **state)
{
    int before = process_count_descriptors(getpid());
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct child child;
        struct child_end end;
        start_shell(&child, "exit 0", i % 2);
        child_reap(&child, &end);
    }
    assert_int_equal(process_count_descriptors(getpid()), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_speaks_through_its_own_pipes),
        cmocka_unit_test(what_cannot_be_executed_is_told_with_its_reason),
        cmocka_unit_test(many_children_do_not_mix),
        cmocka_unit_test(the_whole_group_is_ended),
        cmocka_unit_test(the_child_gets_the_mask_and_limits_we_had),
        cmocka_unit_test(programs_are_found_as_a_shell_would),
        cmocka_unit_test(nothing_stays_open),
    };
    struct err err = {0};
    if (child_prepare(&err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
