/* Is it told of an agent that hangs whether it works or waits? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "cycle/cycle_internal.h"

static struct scenario scenario;
static struct cycle_subjects run = {.options = {.scenario = &scenario}};

/* Its CPU time is known by its clock, so that nobody needs to wait for a fixed time. */
static pid_t start(void (*live)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        live();
        _exit(0);
    }
    return pid;
}

static void burn(void)
{
    for (volatile int i = 0;; i++)
        continue;
}

static void wait_for_ever(void)
{
    for (;;)
        pause();
}

static void await_cpu(pid_t pid, int64_t ns)
{
    clockid_t clock;
    assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
    while (clock_read_ns(clock) < ns)
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
}

static void await_state(pid_t pid, char state)
{
    char text[512] = "";
    const char *at = NULL;
    while (!at || at[2] != state) {
        if (process_read(text, sizeof text, pid, "stat"))
            at = strrchr(text, ')');
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
    }
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void who_works_is_told_from_who_waits(void **state)
{
    struct cycle_arm arm = {0};
    struct cycle_agent agents[] = {{.outcome = CYCLE_TIMED_OUT, .pid = start(burn)},
                                   {.outcome = CYCLE_CANCELLED, .pid = start(wait_for_ever)},
                                   {.outcome = CYCLE_TIMED_OUT, .pid = start(wait_for_ever)},
                                   {.outcome = CYCLE_READY, .pid = start(wait_for_ever)},
                                   {.outcome = CYCLE_TIMED_OUT}};
    struct cycle cycle = {.agents = agents, .agent_count = 5};
    (void)state;
    scenario.deadline_ns = 10 * CLOCK_NS_PER_S;
    kill(agents[2].pid, SIGSTOP);
    await_cpu(agents[0].pid, 150 * CLOCK_NS_PER_MS);
    await_state(agents[1].pid, 'S');
    await_state(agents[2].pid, 'T');
    hung_watch(&run, &arm);
    assert_non_null(arm.subject.late.look);
    arm.subject.late.look(arm.subject.late.context);
    hung_tell(&arm, &cycle);
    assert_non_null(strstr(agents[0].last_seen, "after 9.00 s it was running (R"));
    assert_null(strstr(agents[0].last_seen, " 0.0 s of CPU time"));
    assert_non_null(strstr(agents[1].last_seen, "it was sleeping (S"));
    assert_non_null(strstr(agents[1].last_seen, "had used 0.0 s of CPU time"));
    assert_non_null(strstr(agents[2].last_seen, "it was stopped (T"));
    assert_null(agents[3].last_seen); /* it is ready: nothing is wrong with it */
    assert_null(agents[4].last_seen); /* no process was told */
    for (int i = 0; i < 4; i++)
        end(agents[i].pid);
    for (int i = 0; i < 5; i++)
        free(agents[i].last_seen);
    hung_release(&arm.hung);
}

/* A process of somebody else may have the number that a subject tells. */
static void only_what_is_below_us_is_looked_at(void **state)
{
    struct cycle_arm arm = {0};
    struct cycle_agent agents[] = {{.outcome = CYCLE_TIMED_OUT, .pid = getppid()},
                                   {.outcome = CYCLE_TIMED_OUT, .pid = getpid()}};
    struct cycle cycle = {.agents = agents, .agent_count = 2};
    pid_t child = start(wait_for_ever);
    (void)state;
    scenario.deadline_ns = 10 * CLOCK_NS_PER_S;
    hung_watch(&run, &arm);
    arm.subject.late.look(arm.subject.late.context);
    assert_true(arm.hung.count >= 1);
    hung_tell(&arm, &cycle);
    assert_null(agents[0].last_seen);
    assert_null(agents[1].last_seen);
    end(child);
    hung_release(&arm.hung);
}

/* By then the subject has ended who was late: it would be told that he ended by himself. */
static void who_looks_too_late_has_seen_nothing(void **state)
{
    struct cycle_arm arm = {0};
    pid_t child = start(wait_for_ever);
    (void)state;
    scenario.deadline_ns = 10 * CLOCK_NS_PER_S;
    hung_watch(&run, &arm);
    arm.hung.until_ns = clock_now_ns();
    arm.subject.late.look(arm.subject.late.context);
    assert_int_equal(arm.hung.count, 0);
    end(child);
    hung_release(&arm.hung);
}

static void a_short_deadline_is_not_disturbed(void **state)
{
    struct cycle_arm arm = {0};
    (void)state;
    scenario.deadline_ns = 100 * CLOCK_NS_PER_MS;
    hung_watch(&run, &arm);
    assert_null(arm.subject.late.look);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_works_is_told_from_who_waits),
        cmocka_unit_test(only_what_is_below_us_is_looked_at),
        cmocka_unit_test(who_looks_too_late_has_seen_nothing),
        cmocka_unit_test(a_short_deadline_is_not_disturbed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
