/* Do real subjects make whole cycles, and is it told when one dies or will not open? */
#include <ftw.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cycle/cycle_internal.h"

struct fixture {
    char folder[64];
    struct err err;
};

static int make(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    *state = fixture;
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/spawnbench-test-XXXXXX");
    return mkdtemp(fixture->folder) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
    (void)about;
    (void)kind;
    (void)walk;
    return remove(path);
}

/* Also the check that holds after every test: nothing is left running. */
static int unmake(void **state)
{
    struct fixture *fixture = *state;
    struct process_view left;
    size_t count = process_children(getpid(), &left, 1);
    nftw(fixture->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(fixture);
    return count ? -1 : 0;
}

#define SIMPLE_AGENT "\"command\": [\"true\"]"

static struct scenario scenario_of(const char *subject, const char *agent)
{
    struct scenario scenario = {0};
    struct err err = {0};
    char *text = text_format("{\"name\": \"t\", \"deadline\": \"100ms\", \"agents\": ["
                             "{\"name\": \"a\", %s, \"times\": 3}],"
                             " \"arms\": [{\"name\": \"arm\", \"subject\": [%s]}], \"cycles\": 5}",
                             agent, subject);
    if (scenario_parse(&scenario, text, strlen(text), &err) < 0)
        fail_msg("%s", err.text);
    free(text);
    return scenario;
}

static int open_run(struct fixture *fixture, const char *subject, const char *agent,
                    struct scenario *scenario, struct cycle_subjects **run)
{
    static const bool all[SCENARIO_MOST_ARMS] = {true};
    struct cycle_options options = {.scenario = scenario,
                                    .run_label = "1.1",
                                    .folder = fixture->folder,
                                    .metrics_path = "m",
                                    .arm_chosen = all};
    *scenario = scenario_of(subject, agent);
    return cycle_open(run, &options, &fixture->err);
}

static void the_null_subject_makes_whole_cycles(void **state)
{
    struct fixture *fixture = *state;
    struct scenario scenario;
    struct cycle_subjects *run = NULL;
    struct cycle cycle = {0};
    struct cycle_arm_end end;
    if (open_run(fixture, "\"" BINARY_DIR "/spawnbench-null\"", SIMPLE_AGENT, &scenario, &run) < 0)
        fail_msg("%s", fixture->err.text);
    assert_null(cycle_database(run, 0));
    assert_string_equal(cycle_version(run, 0), "null " SPAWNBENCH_VERSION);
    for (size_t i = 0; i < 5; i++) {
        struct plan_item item = {.pair = (int)i};
        assert_int_equal(cycle_run(run, i, &item, &cycle, &fixture->err), 0);
        assert_int_equal(cycle.broke, CYCLE_WHOLE);
        assert_int_equal(cycle.outcome, CYCLE_READY);
        assert_int_equal(cycle.agent_count, 3);
        assert_true(cycle.spawn_time_ns == cycle.answered_ns - cycle.sent_ns);
        assert_true(cycle.ready_time_ns >= 0 && cycle.ready_time_ns <= cycle.spawn_time_ns);
        assert_true(cycle.harness_ns > 0 && cycle.finished_ns >= cycle.finish_sent_ns);
        assert_true(cycle.children_left == 0 && cycle.orphans == 0 && cycle.answer_strays == 0);
        assert_int_equal(cycle.descriptors_first >= 0, i >= 3); /* after it has settled */
        assert_true(cycle.cost[SCENARIO_CPU_TIME] == -1 &&
                    cycle.cost[SCENARIO_PEAK_MEMORY] == -1); /* its agents are invented */
    }
    cycle_stop(run, &end);
    assert_true(end.asked && end.clean && end.restarts == 0 && end.orphans == 0);
    assert_int_equal(end.exit.status, 0);
    cycle_close(run);
    cycle_release(&cycle);
    scenario_release(&scenario);
}

/* Of three agents that wait, and of three that have ended, which this subject does not reap before
 * it is asked to finish: they keep their clocks, but their memory is gone. It is known where the
 * kernel has counted that of the tree. */
static void what_a_spawn_cost_is_known(void **state)
{
    static const char *const agents[] = {
        "\"command\": [\"sh\", \"-c\", \"echo up; read prompt; echo yes\"],"
        " \"ready\": {\"by\": \"line\", \"text\": \"up\"}",
        "\"command\": [\"true\"], \"ready\": {\"by\": \"exit\"}"};
    struct fixture *fixture = *state;
    for (size_t which = 0; which < 2; which++) {
        struct scenario scenario;
        struct cycle_subjects *run = NULL;
        struct cycle cycle = {0};
        struct plan_item item = {0};
        int64_t sum_ns = 0, sum_bytes = 0;
        if (open_run(fixture, "\"" BINARY_DIR "/spawnref\", \"--mode\", \"parallel\"",
                     agents[which], &scenario, &run) < 0)
            fail_msg("%s", fixture->err.text);
        assert_int_equal(cycle_run(run, which, &item, &cycle, &fixture->err), 0);
        if (cycle.outcome != CYCLE_READY)
            fail_msg("%s%s", cycle.agents[0].error ? cycle.agents[0].error : "",
                     cycle.trouble ? cycle.trouble : "");
        for (size_t i = 0; i < cycle.agent_count; i++) {
            assert_true(cycle.agents[i].cpu_ns > 0);
            assert_int_equal(cycle.agents[i].peak_bytes > 0, which == 0);
            sum_ns += cycle.agents[i].cpu_ns;
            sum_bytes += cycle.agents[i].peak_bytes;
        }
        assert_true(cycle.cost[SCENARIO_CPU_TIME] > sum_ns); /* and of the subject */
        assert_true(which == 1 && !tree_has_peaks() ? cycle.cost[SCENARIO_PEAK_MEMORY] == -1
                                                    : cycle.cost[SCENARIO_PEAK_MEMORY] > sum_bytes);
        assert_true(cycle.strangers_ns >= 0);
        assert_true(cycle.strain.total_ticks >= 0 && cycle.strain.suspended_ns >= 0);
        cycle_close(run);
        cycle_release(&cycle);
        scenario_release(&scenario);
    }
}

static void a_subject_that_dies_each_time_is_started_anew_and_given_up(void **state)
{
    struct fixture *fixture = *state;
    struct scenario scenario;
    struct cycle_subjects *run = NULL;
    struct cycle cycle = {0};
    struct cycle_arm_end end;
    if (open_run(fixture,
                 "\"" BINARY_DIR "/spawnbench-liar\", \"dies\", \"" BINARY_DIR "/spawnbench-null\"",
                 SIMPLE_AGENT, &scenario, &run) < 0)
        fail_msg("%s", fixture->err.text);
    for (size_t i = 0; i < CYCLE_MOST_RESTARTS + 3; i++) {
        struct plan_item item = {.pair = (int)i};
        bool down = i > CYCLE_MOST_RESTARTS;
        assert_int_equal(cycle_run(run, i, &item, &cycle, &fixture->err), 0);
        assert_int_equal(cycle.broke, down ? CYCLE_BROKE_DOWN : CYCLE_BROKE_SPAWN);
        assert_int_equal(cycle.answer, SUBJECT_ENDED);
        assert_non_null(strstr(cycle.trouble, down ? "its arm is down" : "I give up"));
        assert_int_equal(cycle.outcome, CYCLE_UNKNOWN);
        assert_true(cycle.spawn_time_ns == -1 && cycle.ready_time_ns == -1);
        assert_true(cycle.harness_ns == 0);
        assert_true(cycle.cost[SCENARIO_CPU_TIME] == -1 && cycle.cost[SCENARIO_PEAK_MEMORY] == -1);
        assert_true(cycle.strain.total_ticks >= 0 && cycle.strain.suspended_ns >= 0);
    }
    cycle_stop(run, &end);
    assert_true(!end.asked && !end.clean);
    assert_int_equal(end.restarts, CYCLE_MOST_RESTARTS);
    cycle_close(run);
    cycle_release(&cycle);
    scenario_release(&scenario);
}

static void a_subject_that_will_not_open_is_told_with_its_log(void **state)
{
    static const char *const subjects[][2] = {
        {"\"cat\"", "expected one JSON object"},
        {"\"true\"", "would not start"},
        {"\"/no/such/spawner\"", "No such file"},
        {"\"" BINARY_DIR "/spawnbench-liar\", \"exits-at-once\"", "liar: not today"},
        {"\"{reference}\"", "not beside spawnbench"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        struct scenario scenario;
        struct cycle_subjects *run = NULL;
        assert_int_equal(open_run(fixture, subjects[i][0], SIMPLE_AGENT, &scenario, &run), -1);
        assert_int_equal(fixture->err.code, ERR_UNFIT);
        if (!strstr(fixture->err.text, subjects[i][1]))
            fail_msg("expected '%s' in: %s", subjects[i][1], fixture->err.text);
        scenario_release(&scenario);
    }
}

/* In a child that is the first process of a pid namespace and sees the /proc of ours. */
static void open_there(struct fixture *fixture)
{
    struct scenario scenario;
    struct cycle_subjects *run = NULL;
    int rc = open_run(fixture, "\"" BINARY_DIR "/spawnbench-null\"", SIMPLE_AGENT, &scenario, &run);
    bool told = rc == -1 && fixture->err.code == ERR_UNFIT &&
                strstr(fixture->err.text, "/proc belongs to another pid namespace");
    _exit(told ? 0 : 1);
}

static void where_proc_is_that_of_others_nothing_is_measured(void **state)
{
    int status = 0;
    pid_t outer = fork();
    if (outer == 0) {
        pid_t first = unshare(CLONE_NEWPID) == 0 ? fork() : -1;
        if (first == 0)
            open_there(*state);
        if (first < 0 || waitpid(first, &status, 0) < 0)
            _exit(77);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    }
    assert_int_equal(waitpid(outer, &status, 0), outer);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(the_null_subject_makes_whole_cycles),
        WITH_FIXTURE(what_a_spawn_cost_is_known),
        WITH_FIXTURE(a_subject_that_dies_each_time_is_started_anew_and_given_up),
        WITH_FIXTURE(a_subject_that_will_not_open_is_told_with_its_log),
        WITH_FIXTURE(where_proc_is_that_of_others_nothing_is_measured),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
