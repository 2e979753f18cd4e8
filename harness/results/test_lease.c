/* Does one process at a time measure a run, and does a kill give it back? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "results/lease.h"

static int make_folder(void **state)
{
    char template[] = "/tmp/spawnbench-lease-XXXXXX";
    if (!mkdtemp(template))
        return -1;
    *state = xstrdup(template);
    return 0;
}

static int remove_folder(void **state)
{
    text_remove_tree(*state);
    free(*state);
    return 0;
}

/* A process that measures the run and says so; it waits to be killed. */
static pid_t start_holder(const char *folder, int64_t run)
{
    int ready[2];
    char said = 0;
    pid_t child;
    assert_int_equal(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        struct lease lease;
        if (lease_take(&lease, folder, run, NULL) == 0 && write(ready[1], "h", 1) == 1)
            pause();
        _exit(1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &said, 1), 1);
    close(ready[0]);
    return child;
}

static void end_holder(pid_t child)
{
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void a_run_is_measured_by_one_process(void **state)
{
    pid_t holder = start_holder(*state, 7);
    char *says = text_format("run 7 is being measured by process %d", (int)holder);
    struct lease lease, other;
    struct err err = {0};
    assert_int_equal(lease_take(&lease, *state, 7, &err), -1);
    assert_int_equal(err.code, ERR_UNFIT);
    assert_non_null(strstr(err.text, says));
    lease_release(&lease); /* nothing is held, nothing goes */
    assert_int_equal(lease_take(&lease, *state, 7, &err), -1);
    assert_int_equal(lease_take(&other, *state, 8, &err), 0); /* another run */
    lease_release(&other);
    assert_int_equal(lease_take(&lease, *state, 7, &err), -1);
    end_holder(holder);
    assert_int_equal(lease_take(&lease, *state, 7, &err), 0);
    lease_release(&lease);
    free(says);
}

static void nothing_is_left_of_it(void **state)
{
    char *path = text_format("%s/runs/7.lock", (char *)*state);
    struct lease lease;
    struct err err = {0};
    assert_int_equal(lease_take(&lease, *state, 7, &err), 0);
    assert_int_equal(access(path, F_OK), 0);
    lease_release(&lease);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(symlink("victim", path), 0); /* of a checkout */
    assert_int_equal(lease_take(&lease, *state, 7, &err), -1);
    assert_int_equal(err.code, ERR_SYSTEM);
    free(path);
}

/* Many take it and give it back, which takes the file away under those who wait at the door. */
static void two_never_hold_it_at_once(void **state)
{
    enum { PROCESSES = 6, TURNS = 300 };
    char *inside = text_format("%s/inside", (char *)*state);
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() != 0)
            continue;
        for (int turns = 0; turns < TURNS;) {
            struct lease lease;
            if (lease_take(&lease, *state, 1, NULL) < 0)
                continue;
            if (symlink("me", inside) != 0 || unlink(inside) != 0)
                _exit(1); /* somebody else is inside, too */
            lease_release(&lease);
            turns++;
        }
        _exit(0);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = -1;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    free(inside);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_run_is_measured_by_one_process, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(nothing_is_left_of_it, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(two_never_hold_it_at_once, make_folder, remove_folder),
    };
    return cmocka_run_group_tests_name("lease", tests, NULL, NULL);
}
