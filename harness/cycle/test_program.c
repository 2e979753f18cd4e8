/* Is another program than the one asked for seen, and no wrapper or script called one? */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cycle/test_attested.h"

static void another_program_is_a_finding_where_there_is_no_other_way(void **state)
{
    static const char *const sleeps[] = {"sleep", "600", NULL}, *const ours[] = {"{agent}", NULL},
                             *const stub[] = {"sh", "-c", "cat; :", NULL},
                             *const shell[] = {"sh", "-c", "sleep 600", NULL},
                             *const nobody[] = {"no-such-program", NULL};
    struct fixture *fixture = *state;
    char *agent_path = process_find_beside_self("cycle_test_program");
    start(fixture, 0, sleeps, (const char *const *)cat, false);
    assert_failed(attest(fixture), CYCLE_ATTEST_PROGRAM, "sleep', not 'cat'");
    fixture->asked[0].command = (char **)(uintptr_t)shell; /* may have become it */
    assert_attested(attest(fixture), ALIVE);
    fixture->asked[0].command = (char **)(uintptr_t)nobody;
    assert_attested(attest(fixture), ALIVE);
    process_end(&fixture->running[0], 0, NULL);
    /* whatever can become another program: of ours it is known that it does not */
    fixture->run.agent_path = agent_path;
    assert_non_null(agent_path);
    fixture->agents[0].witness_pid = start(fixture, 0, stub, ours, true);
    assert_failed(attest(fixture), CYCLE_ATTEST_PROGRAM, "cycle_test_program'");
    fixture->run.agent_path = (char *)"/bin/cat"; /* a wrapper that the spawner put around it */
    fixture->agents[0].witness_pid = 0;
    assert_attested(attest(fixture), ALIVE | CYCLE_ATTEST_PROGRAM);
    fixture->agents[0].witness_pid = only_child(fixture->agents[0].pid);
    assert_attested(attest(fixture), ALIVE | CYCLE_ATTEST_PROGRAM | CYCLE_ATTEST_WITNESS);
    free(agent_path);
}

static void write_script(const struct fixture *fixture, const char *name, const char *text)
{
    char *path = text_format("%s/%s", fixture->folder, name);
    struct err err = {0};
    assert_int_equal(text_write_file(path, text, strlen(text), &err), 0);
    assert_int_equal(chmod(path, 0755), 0);
    free(path);
}

/* Each of them ends up as cat, or as something that runs cat. */
static void wrappers_and_scripts_are_no_findings(void **state)
{
    static const char *const commands[][5] = {{"sh", "-c", "cat; :"},
                                              {"sh", "-c", "exec cat"},
                                              {"env", "A=b", "cat"},
                                              {"nice", "cat"},
                                              {"setsid", "cat"},
                                              {"timeout", "600", "cat"},
                                              {"stdbuf", "-o0", "cat"},
                                              {"./runs-cat"},
                                              {"./becomes-cat"},
                                              {"./by-env"},
                                              {"./runs-script"},
                                              {"/lib64/ld-linux-x86-64.so.2", "/bin/cat"},
                                              {"dash", "-c", "exec cat"},
                                              {"nohup", "cat"},
                                              {"sh", "./runs-cat"},
                                              {"env", "-i", "/bin/cat"},
                                              {"./linked"},
                                              {"sh", "-c", "exec ./by-env"},
                                              {"nice", "./by-env", "arg"},
                                              {"./with-argument"}};
    struct fixture *fixture = *state;
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    write_script(fixture, "runs-cat", "#!/bin/sh\ncat\n:\n");
    write_script(fixture, "becomes-cat", "#! /bin/sh\nexec cat\n");
    write_script(fixture, "by-env", "#!/usr/bin/env -S sh\ncat\n:\n");
    write_script(fixture, "runs-script", "#!/bin/sh\nexec ./by-env\n");
    write_script(fixture, "with-argument", "#!/bin/sh -e\ncat\n:\n");
    assert_int_equal(chdir(fixture->folder), 0);
    assert_int_equal(symlink("by-env", "linked"), 0);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const struct cycle_attested *attested;
        pid_t pid;
        if (commands[i][0][0] == '/' && access(commands[i][0], X_OK) != 0)
            continue;
        pid = start(fixture, 0, commands[i], commands[i], true);
        attested = attest(fixture);
        if (attested->failed)
            fail_msg("%s %s: %s", commands[i][0], commands[i][1], attested->text);
        assert_int_equal(attested->made & ALIVE, ALIVE);
        /* what runs cat is told and may connect by it */
        fixture->agents[0].witness_pid = pid;
        for (struct process_view child;
             process_children(fixture->agents[0].witness_pid, &child, 1);)
            fixture->agents[0].witness_pid = child.pid;
        assert_int_equal(attest(fixture)->made & CYCLE_ATTEST_WITNESS, CYCLE_ATTEST_WITNESS);
        assert_int_equal(attested->failed, 0);
        fixture->agents[0].witness_pid = 0;
        process_end(&fixture->running[0], 0, NULL);
    }
    assert_int_equal(chdir(before), 0);
}

static void scripts_and_wrappers_that_wait_are_recognized(void **state)
{
    static const char *const commands[][4] = {
        {"./runs-cat"}, {"./by-env"}, {"timeout", "600", "cat"}};
    struct fixture *fixture = *state;
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    write_script(fixture, "runs-cat", "#!/bin/sh\ncat\n:\n");
    write_script(fixture, "by-env", "#!/usr/bin/env sh\ncat\n:\n");
    assert_int_equal(chdir(fixture->folder), 0);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        start(fixture, 0, commands[i], commands[i], true);
        assert_attested(attest(fixture), ALIVE | CYCLE_ATTEST_PROGRAM);
        process_end(&fixture->running[0], 0, NULL);
    }
    assert_int_equal(chdir(before), 0);
}

static void a_program_that_was_replaced_is_not_checked(void **state)
{
    struct fixture *fixture = *state;
    char *path = text_format("%s/copy", fixture->folder);
    const char *const copy[] = {path, NULL}, *const copies[] = {"cp", "/bin/cat", path, NULL};
    start(fixture, 1, copies, copies, false);
    process_wait(&fixture->running[1], INT64_MAX, NULL);
    start(fixture, 0, copy, copy, true);
    assert_attested(attest(fixture), ALIVE | CYCLE_ATTEST_PROGRAM);
    assert_int_equal(unlink(path), 0);
    assert_attested(attest(fixture), ALIVE);
    start(fixture, 1, copies, copies, false);
    process_wait(&fixture->running[1], INT64_MAX, NULL);
    assert_attested(attest(fixture), ALIVE);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(another_program_is_a_finding_where_there_is_no_other_way),
        WITH_FIXTURE(wrappers_and_scripts_are_no_findings),
        WITH_FIXTURE(scripts_and_wrappers_that_wait_are_recognized),
        WITH_FIXTURE(a_program_that_was_replaced_is_not_checked),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
