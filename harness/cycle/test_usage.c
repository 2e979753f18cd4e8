/* Is what a spawn cost read of the right processes, and never guessed? */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "cycle/cycle_internal.h"
#include "cycle/strangers.h"

/* This test is the subject; what it starts are its agents. */
struct fixture {
    struct cycle_arm arm;
    struct cycle_agent agents[2];
    struct cycle cycle;
    struct process running[2];
    struct usage before;
};

static int make(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    fixture->arm.subject.process.pid = getpid();
    fixture->cycle =
        (struct cycle){.agents = fixture->agents,
                       .agent_count = 2,
                       .cost = {[SCENARIO_CPU_TIME] = -1, [SCENARIO_PEAK_MEMORY] = -1}};
    for (size_t i = 0; i < 2; i++)
        fixture->agents[i].cpu_ns = fixture->agents[i].peak_bytes = -1;
    tree_started(&fixture->arm.tree, getpid()); /* by descent */
    usage_before(&fixture->before, &fixture->arm, &fixture->cycle);
    *state = fixture;
    return 0;
}

static int unmake(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < 2; i++)
        process_end(&fixture->running[i], 0, NULL);
    free(fixture);
    return 0;
}

/* What an agent does once it has worked for a while: this program itself,
 * run again, is the agent. */
static const char *const waits = "waits", *const helps = "helps", *const ends = "ends";

static void start(struct fixture *fixture, size_t which, const char *then)
{
    const char *argv[] = {"/proc/self/exe", then, NULL};
    struct process *process = &fixture->running[which];
    struct err err = {0};
    char word[5] = "";
    if (process_start(process, argv, NULL, NULL, -1, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(read(process->out, word, sizeof word), 5);
    fixture->agents[which].pid = process->pid;
}

/* Burn CPU time, say so, then wait for the end of stdin, start another one first, or end. */
static int be_agent(const char *then)
{
    struct process helped = {0};
    struct err err = {0};
    struct timespec used = {0};
    const char *argv[] = {"/proc/self/exe", waits, NULL};
    char byte;
    while (used.tv_sec == 0 && used.tv_nsec < 60000000)
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    if (write(STDOUT_FILENO, "done\n", 5) != 5)
        return 1;
    if (strcmp(then, ends) == 0)
        return 0;
    if (strcmp(then, helps) == 0 && process_start(&helped, argv, NULL, NULL, -1, &err) < 0)
        return 1;
    while (read(STDIN_FILENO, &byte, 1) > 0)
        continue;
    return 0;
}

static void running_agents_are_read_and_added_up(void **state)
{
    struct fixture *fixture = *state;
    struct cycle_agent *agents = fixture->agents;
    struct cycle *cycle = &fixture->cycle;
    for (size_t i = 0; i < 2; i++)
        start(fixture, i, waits);
    usage_after(&fixture->before, &fixture->arm, cycle);
    for (size_t i = 0; i < 2; i++) {
        struct process_exit ended;
        int64_t used_ns;
        process_end(&fixture->running[i], 0, &ended);
        used_ns = (ended.usage.ru_utime.tv_sec + ended.usage.ru_stime.tv_sec) * CLOCK_NS_PER_S +
                  (ended.usage.ru_utime.tv_usec + ended.usage.ru_stime.tv_usec) * 1000;
        assert_true(agents[i].cpu_ns <= used_ns + 2000); /* it is told in whole us */
        assert_true(agents[i].cpu_ns >= used_ns / 2);    /* it did nothing afterwards but die */
        assert_true(agents[i].peak_bytes > 65536);
        assert_true(agents[i].peak_bytes < (int64_t)1 << 33);
    }
    assert_true(cycle->cost[SCENARIO_CPU_TIME] > agents[0].cpu_ns + agents[1].cpu_ns);
    assert_true(cycle->cost[SCENARIO_PEAK_MEMORY] >
                agents[0].peak_bytes + agents[1].peak_bytes + 65536);
    assert_true(cycle->hygiene_ns > 0);
}

static void a_pid_of_somebody_else_is_not_believed(void **state)
{
    const pid_t strangers[] = {1, getpid(), getppid(), 0, -1};
    struct fixture *fixture = *state;
    start(fixture, 0, waits);
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        fixture->agents[1].pid = strangers[i];
        usage_after(&fixture->before, &fixture->arm, &fixture->cycle);
        assert_true(fixture->agents[0].cpu_ns > 0);
        assert_true(fixture->agents[1].cpu_ns == -1 && fixture->agents[1].peak_bytes == -1);
        assert_true(fixture->cycle.cost[SCENARIO_CPU_TIME] == -1 &&
                    fixture->cycle.cost[SCENARIO_PEAK_MEMORY] == -1);
    }
}

/* As behind a helper that the subject starts its agents with. */
static void a_child_of_a_child_is_an_agent_too(void **state)
{
    struct fixture *fixture = *state;
    struct process_view child;
    int64_t until_ns;
    start(fixture, 0, helps);
    start(fixture, 1, waits);
    until_ns = clock_now_ns() + 60 * CLOCK_NS_PER_S; /* so that a failure ends, too */
    while (process_children(fixture->running[0].pid, &child, 1) == 0 && clock_now_ns() < until_ns)
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
    assert_int_equal(process_children(fixture->running[0].pid, &child, 1), 1);
    fixture->agents[0].pid = child.pid;
    usage_after(&fixture->before, &fixture->arm, &fixture->cycle);
    assert_true(fixture->agents[0].cpu_ns > 0 && fixture->cycle.cost[SCENARIO_CPU_TIME] > 0);
    kill(child.pid, SIGKILL);
}

static void agents_that_were_reaped_are_known_in_ticks(void **state)
{
    struct fixture *fixture = *state;
    int64_t used_ns = 0;
    for (size_t i = 0; i < 2; i++) {
        struct process_exit ended;
        start(fixture, i, ends);
        process_wait(&fixture->running[i], clock_now_ns() + 60 * CLOCK_NS_PER_S, &ended);
        used_ns += (ended.usage.ru_utime.tv_sec + ended.usage.ru_stime.tv_sec) * CLOCK_NS_PER_S +
                   (ended.usage.ru_utime.tv_usec + ended.usage.ru_stime.tv_usec) * 1000;
    }
    usage_after(&fixture->before, &fixture->arm, &fixture->cycle);
    assert_true(fixture->agents[0].cpu_ns == -1 && fixture->agents[1].cpu_ns == -1);
    assert_true(fixture->cycle.cost[SCENARIO_CPU_TIME] >=
                used_ns - 40 * CLOCK_NS_PER_MS); /* two sums, rounded */
    assert_true(fixture->cycle.cost[SCENARIO_CPU_TIME] > 0);
    assert_true(fixture->cycle.cost[SCENARIO_PEAK_MEMORY] ==
                -1); /* a peak that is gone is not told */
}

static void an_agent_that_ended_but_waits_to_be_reaped_still_has_a_clock(void **state)
{
    struct fixture *fixture = *state;
    siginfo_t about;
    for (size_t i = 0; i < 2; i++) {
        start(fixture, i, ends);
        waitid(P_PID, (id_t)fixture->running[i].pid, &about, WEXITED | WNOWAIT);
    }
    usage_after(&fixture->before, &fixture->arm, &fixture->cycle);
    assert_true(fixture->agents[0].cpu_ns > 0 && fixture->agents[1].cpu_ns > 0);
    assert_true(fixture->cycle.cost[SCENARIO_CPU_TIME] >
                fixture->agents[0].cpu_ns + fixture->agents[1].cpu_ns);
    assert_true(fixture->cycle.cost[SCENARIO_PEAK_MEMORY] == -1);
}

static void a_subject_that_is_gone_leaves_nothing_known(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, 0, ends);
    process_wait(&fixture->running[0], clock_now_ns() + 60 * CLOCK_NS_PER_S, NULL);
    fixture->arm.subject.process.pid = fixture->agents[1].pid = fixture->agents[0].pid;
    usage_before(&fixture->before, &fixture->arm, &fixture->cycle);
    assert_true(fixture->before.cpu_ns == -1 && fixture->before.waited_ns == -1);
    usage_after(&fixture->before, &fixture->arm, &fixture->cycle);
    assert_true(fixture->cycle.cost[SCENARIO_CPU_TIME] == -1 &&
                fixture->cycle.cost[SCENARIO_PEAK_MEMORY] == -1);
}

static void the_machine_is_at_work(void **state)
{
    struct timespec from, now;
    int64_t before_ns = strangers_busy_ns();
    (void)state;
    if (before_ns < 0)
        return;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    do
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    while ((now.tv_sec - from.tv_sec) * CLOCK_NS_PER_S + now.tv_nsec - from.tv_nsec <
           100 * CLOCK_NS_PER_MS);
    assert_true(strangers_busy_ns() - before_ns >= 50 * CLOCK_NS_PER_MS); /* some sample */
    assert_true(*strangers_source());
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(running_agents_are_read_and_added_up),
        WITH_FIXTURE(a_pid_of_somebody_else_is_not_believed),
        WITH_FIXTURE(a_child_of_a_child_is_an_agent_too),
        WITH_FIXTURE(agents_that_were_reaped_are_known_in_ticks),
        WITH_FIXTURE(an_agent_that_ended_but_waits_to_be_reaped_still_has_a_clock),
        WITH_FIXTURE(a_subject_that_is_gone_leaves_nothing_known),
        cmocka_unit_test(the_machine_is_at_work),
    };
    if (argc > 1)
        return be_agent(argv[1]);
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
