/* Is an agent of ours that was started with something else than was asked for told from one that
 * was not? */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cycle/test_attested.h"

static const char *const ours[] = {"{agent}", "-u", "-", NULL};

/* cat stands for our agent: it is there until its input ends. */
static void start_as(struct fixture *fixture, const char *const runs[])
{
    process_end(&fixture->running[0], 0, NULL);
    fixture->run.agent_path = (char *)"/bin/cat";
    fixture->asked[0].ours = true;
    start(fixture, 0, runs, ours, true);
}

static void arguments_are_those_asked_for(void **state)
{
    static const char *const right[] = {"cat", "-u", "-", NULL},
                             *const wrong[] = {"cat", "-", NULL},
                             *const more[] = {"cat", "-u", "-", "-", NULL},
                             *const fewer[] = {"cat", "-u", NULL};
    char *hands_on[] = {(char *)"spawner", (char *)"--append", (char *)"-", NULL};
    struct fixture *fixture = *state;
    start_as(fixture, right);
    assert_attested(attest(fixture), ALIVE | CYCLE_ATTEST_PROGRAM);
    start_as(fixture, wrong);
    assert_failed(attest(fixture), CYCLE_ATTEST_PROGRAM, "argument 1 is '-', expected '-u'");
    start_as(fixture, more);
    assert_failed(attest(fixture), CYCLE_ATTEST_PROGRAM, "argument 3 is '-', expected none");
    fixture->arm.argv = hands_on;
    assert_attested(attest(fixture), ALIVE | CYCLE_ATTEST_PROGRAM);
    fixture->arm.argv = NULL;
    start_as(fixture, fewer);
    assert_failed(attest(fixture), CYCLE_ATTEST_PROGRAM, "argument 2 is missing, expected '-'");
    fixture->asked[0].ours = false; /* who knows what it does with its arguments */
    assert_attested(attest(fixture), ALIVE | CYCLE_ATTEST_PROGRAM);
}

static void a_wrapper_is_looked_behind(void **state)
{
    static const char *const right[] = {"sh", "-c", "cat -u -; :", NULL}, *const wrong[] = {
                                                                              "sh", "-c",
                                                                              "cat -; :", NULL};
    struct fixture *fixture = *state;
    start_as(fixture, right);
    assert_attested(attest(fixture), ALIVE | CYCLE_ATTEST_PROGRAM);
    fixture->agents[0].witness_pid = only_child(fixture->agents[0].pid);
    assert_attested(attest(fixture), ALIVE | CYCLE_ATTEST_PROGRAM | CYCLE_ATTEST_WITNESS);
    fixture->agents[0].witness_pid = 0;
    start_as(fixture, wrong);
    assert_failed(attest(fixture), CYCLE_ATTEST_PROGRAM, "argument 1");
}

static void variables_are_those_asked_for(void **state)
{
    static const char *const right[] = {"cat", "-u", "-", NULL};
    struct scenario_variable asked = {(char *)"SPAWNBENCH_TEST_AS_ASKED", (char *)"big=1"};
    struct fixture *fixture = *state;
    fixture->asked[0].environment = &asked;
    fixture->asked[0].environment_count = 1;
    start_as(fixture, right);
    assert_failed(attest(fixture), CYCLE_ATTEST_PROGRAM, "'SPAWNBENCH_TEST_AS_ASKED' is not in");
    assert_int_equal(setenv("SPAWNBENCH_TEST_AS_ASKED", "small", 1), 0);
    start_as(fixture, right);
    assert_failed(attest(fixture), CYCLE_ATTEST_PROGRAM, "'SPAWNBENCH_TEST_AS_ASKED' is not in");
    assert_int_equal(setenv("SPAWNBENCH_TEST_AS_ASKED", "big=1", 1), 0);
    start_as(fixture, right);
    assert_attested(attest(fixture), ALIVE | CYCLE_ATTEST_PROGRAM);
    assert_int_equal(setenv("SPAWNBENCH_AGENT", "2.0", 1), 0);
    start_as(fixture, right);
    assert_failed(attest(fixture), CYCLE_ATTEST_PROGRAM, "'SPAWNBENCH_AGENT' is not in");
    assert_int_equal(setenv("SPAWNBENCH_AGENT", "1.0", 1), 0);
    fixture->asked[0].witness = SCENARIO_WITNESS_SELF;
    snprintf(fixture->arm.witness.name, sizeof fixture->arm.witness.name, "@somewhere");
    start_as(fixture, right);
    assert_failed(attest(fixture), CYCLE_ATTEST_PROGRAM, "'SPAWNBENCH_WITNESS' is not in");
}

static void the_folder_is_that_asked_for(void **state)
{
    static const char *const right[] = {"cat", "-u", "-", NULL};
    struct fixture *fixture = *state;
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    start_as(fixture, right);
    fixture->asked[0].directory = before;
    assert_attested(attest(fixture), ALIVE | CYCLE_ATTEST_PROGRAM);
    fixture->asked[0].directory = (char *)"."; /* of the subject, which is this test */
    assert_attested(attest(fixture), ALIVE | CYCLE_ATTEST_PROGRAM);
    fixture->asked[0].directory = fixture->folder;
    assert_failed(attest(fixture), CYCLE_ATTEST_PROGRAM, "another folder than '/tmp/");
    fixture->asked[0].directory = (char *)"/no/such/folder"; /* no more, or elsewhere */
    assert_attested(attest(fixture), ALIVE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(arguments_are_those_asked_for),
        WITH_FIXTURE(a_wrapper_is_looked_behind),
        WITH_FIXTURE(variables_are_those_asked_for),
        WITH_FIXTURE(the_folder_is_that_asked_for),
    };
    signal(SIGPIPE, SIG_IGN);
    if (setenv("SPAWNBENCH_AGENT", "1.0", 1) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
