/* Is what /proc attests of an agent true: of liars a finding, of daemons, the dead and those in
 * namespaces none? */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "cycle/test_attested.h"

/* Until it came to us, as the program that it becomes. */
static void wait_until_adopted(pid_t pid)
{
    for (bool came = false; !came; clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS)) {
        struct process_view children[AGENTS];
        size_t there = process_children(getpid(), children, AGENTS);
        for (size_t i = 0; i < there && i < AGENTS; i++)
            came = came || (children[i].pid == pid && strcmp(children[i].name, "sleep") == 0);
    }
}

static void what_is_right_is_attested(void **state)
{
    struct fixture *fixture = *state;
    pid_t pid = start_cat(fixture, 0);
    assert_attested(attest(fixture), ALIVE | CYCLE_ATTEST_PROGRAM);
    fixture->agents[0].witness = CYCLE_WITNESS_LAUNCHER;
    assert_int_equal(attest_count_witnessed(&fixture->cycle), 0);
    fixture->agents[0].witness_pid = pid;
    assert_attested(attest(fixture), ALIVE | CYCLE_ATTEST_PROGRAM | CYCLE_ATTEST_WITNESS);
    assert_int_equal(attest_count_witnessed(&fixture->cycle), 1);
    fixture->agents[0].late_start = true;
    assert_int_equal(attest_count_witnessed(&fixture->cycle), 0);
    assert_int_equal(fixture->cycle.attested, fixture->agents[0].attested.made);
    assert_true(fixture->cycle.hygiene_ns > 0);
}

static void a_hundred_agents_are_attested(void **state)
{
    struct fixture *fixture = *state;
    fixture->cycle.agent_count = AGENTS;
    for (size_t i = 0; i < AGENTS; i++)
        fixture->agents[i].witness_pid = start_cat(fixture, i);
    fixture->cycle.hygiene_ns = 0;
    attest(fixture);
    print_message("%d agents: %lld us\n", AGENTS, (long long)fixture->cycle.hygiene_ns / 1000);
    for (size_t i = 0; i < AGENTS; i++)
        assert_attested(&fixture->agents[i].attested,
                        ALIVE | CYCLE_ATTEST_PROGRAM | CYCLE_ATTEST_WITNESS);
}

static void nothing_is_asked_of_those_who_start_nothing_or_failed(void **state)
{
    struct fixture *fixture = *state;
    fixture->agents[0].pid = 1;
    fixture->agents[0].outcome = CYCLE_FAILED;
    assert_attested(attest(fixture), 0);
    assert_int_equal(fixture->cycle.attested, 0);
    fixture->agents[0].outcome = CYCLE_READY;
    fixture->arm.opening.starts = false;
    assert_attested(attest(fixture), 0);
}

static void *wait_for_byte(void *ends)
{
    char byte;
    pid_t *told = ends;
    int fd = told[1];
    told[0] = (pid_t)syscall(SYS_gettid);
    return read(fd, &byte, 1) < 0 ? ends : NULL;
}

static void a_process_of_somebody_else_is_no_agent(void **state)
{
    struct fixture *fixture = *state;
    pid_t other = start_cat(fixture, 1);
    volatile pid_t told[2] = {0, 0};
    int ends[2];
    pthread_t thread;
    fixture->agents[0].outcome = CYCLE_READY;
    fixture->agents[0].witness_pid = other;
    fixture->agents[0].pid = 0;
    assert_failed(attest(fixture), CYCLE_ATTEST_OWN, "tells no process");
    fixture->agents[0].pid = getpid();
    assert_failed(attest(fixture), CYCLE_ATTEST_OWN, "the subject itself");
    fixture->agents[0].pid = 1;
    assert_failed(attest(fixture), CYCLE_ATTEST_OWN, "first one");
    fixture->agents[0].pid = getppid();
    assert_failed(attest(fixture), CYCLE_ATTEST_BELONGS, "does not descend");
    assert_int_equal(pipe(ends), 0);
    told[1] = ends[0];
    assert_int_equal(pthread_create(&thread, NULL, wait_for_byte, (void *)(uintptr_t)told), 0);
    while (!told[0])
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
    fixture->agents[0].pid = told[0];
    assert_failed(attest(fixture), CYCLE_ATTEST_OWN, "a thread of process");
    close(ends[1]);
    pthread_join(thread, NULL);
    close(ends[0]);
}

static void two_agents_are_two_processes(void **state)
{
    struct fixture *fixture = *state;
    struct process_exit ended;
    pid_t pid = start_cat(fixture, 0);
    fixture->cycle.agent_count = 2;
    fixture->agents[1].outcome = CYCLE_READY;
    fixture->agents[1].pid = pid;
    assert_failed(attest(fixture), CYCLE_ATTEST_OWN, "is told of 1.0 too");
    assert_attested(&fixture->agents[0].attested, ALIVE | CYCLE_ATTEST_PROGRAM);
    process_end(&fixture->running[0], 0, &ended); /* also when it is gone */
    assert_failed(attest(fixture), CYCLE_ATTEST_OWN, "is told of 1.0 too");
}

static void what_has_ended_is_no_finding(void **state)
{
    struct fixture *fixture = *state;
    pid_t pid = start_cat(fixture, 0);
    siginfo_t about;
    kill(pid, SIGKILL);
    waitid(P_PID, (id_t)pid, &about, WEXITED | WNOWAIT);
    assert_attested(attest(fixture), ALIVE);
    assert_non_null(strstr(fixture->agents[0].attested.text, "had ended"));
    process_end(&fixture->running[0], 0, NULL);
    assert_attested(attest(fixture), 0);
    assert_non_null(strstr(fixture->agents[0].attested.text, "had ended"));
    fixture->agents[0].witness_pid = pid; /* it lived when it connected */
    assert_attested(attest(fixture), CYCLE_ATTEST_EXISTS | CYCLE_ATTEST_WITNESS);
}

/* ---- when ---- */

static void what_began_before_the_request_is_no_start(void **state)
{
    struct fixture *fixture = *state;
    struct birth exact;
    start_cat(fixture, 0);
    attest_before(&fixture->request, &fixture->arm, &fixture->cycle);
    exact = fixture->request;
    if (birth_has_order())
        assert_failed(attest(fixture), CYCLE_ATTEST_BEGAN, "began before the request");
    fixture->request.order = 0; /* by ticks: it passes within one, and not within three */
    attest(fixture);
    fixture->request.ticks += 3;
    assert_failed(attest(fixture), CYCLE_ATTEST_BEGAN, "began before the request");
    fixture->request = exact;
    fixture->arm.opening.pooled = true;
    assert_attested(attest(fixture), CYCLE_ATTEST_EXISTS | CYCLE_ATTEST_OWN | CYCLE_ATTEST_BELONGS |
                                         CYCLE_ATTEST_PROGRAM);
    assert_non_null(strstr(fixture->agents[0].attested.text, "hands out"));
}

/* ---- who connected ---- */

static void who_connected_must_descend_from_the_told_process(void **state)
{
    struct fixture *fixture = *state;
    pid_t pid = start_cat(fixture, 0), other = start_cat(fixture, 1), early;
    fixture->agents[0].witness_pid = getpid();
    assert_failed(attest(fixture), CYCLE_ATTEST_WITNESS, "the subject itself");
    fixture->agents[0].witness_pid = other;
    assert_failed(attest(fixture), CYCLE_ATTEST_WITNESS, "another child of the subject");
    fixture->agents[0].witness_pid = getppid();
    assert_failed(attest(fixture), CYCLE_ATTEST_WITNESS, "older than the request");
    fixture->cycle.agent_count = 2; /* exchanged */
    fixture->agents[0].witness_pid = other;
    fixture->agents[1].witness_pid = pid;
    assert_failed(attest(fixture), CYCLE_ATTEST_WITNESS, "told of another agent");
    assert_int_equal(fixture->agents[0].attested.failed, CYCLE_ATTEST_WITNESS);
    fixture->cycle.agent_count = 1;
    early = start_cat(fixture, 2);
    attest_before(&fixture->request, &fixture->arm, &fixture->cycle);
    start_cat(fixture, 0 + 3);
    fixture->agents[0].pid = fixture->agents[3].pid;
    fixture->agents[0].witness_pid = early;
    if (birth_has_order())
        assert_failed(attest(fixture), CYCLE_ATTEST_WITNESS, "older than the request");
    fixture->agents[0].witness_pid = fixture->agents[0].pid;
    assert_int_equal(attest(fixture)->failed, 0);
}

static void a_forger_that_is_gone_proves_nothing(void **state)
{
    struct fixture *fixture = *state;
    pid_t other;
    start_cat(fixture, 0);
    other = start_cat(fixture, 1);
    process_end(&fixture->running[1], 0, NULL);
    fixture->agents[0].witness = CYCLE_WITNESS_SELF;
    fixture->agents[0].witness_pid = other;
    assert_attested(attest(fixture), ALIVE | CYCLE_ATTEST_PROGRAM);
    assert_int_equal(attest_count_witnessed(&fixture->cycle), 0);
}

/* Who is dead when it is looked at may have been anybody, where it should live. */
static void of_our_own_agent_the_program_is_seen(void **state)
{
    static const char *const ours[] = {"{agent}", NULL};
    struct fixture *fixture = *state;
    fixture->run.agent_path = (char *)"/bin/cat";
    fixture->agents[0].witness = CYCLE_WITNESS_SELF;
    fixture->asked[0].ours = true;
    assert_int_equal(setenv("SPAWNBENCH_AGENT", fixture->agents[0].id, 1), 0);
    fixture->agents[0].witness_pid = start(fixture, 0, (const char *const *)cat, ours, true);
    attest(fixture);
    assert_int_equal(attest_count_witnessed(&fixture->cycle), 1);
    process_end(&fixture->running[0], 0, NULL);
    assert_attested(attest(fixture), CYCLE_ATTEST_EXISTS | CYCLE_ATTEST_WITNESS);
    assert_int_equal(attest_count_witnessed(&fixture->cycle), 0);
    fixture->asked[0].ready = SCENARIO_READY_EXIT;
    assert_int_equal(attest_count_witnessed(&fixture->cycle), 1);
}

/* The process between the told one and the one that connected has gone. */
static void a_broken_chain_is_not_checked(void **state)
{
    static const char *const shell[] = {"sh", "-c", "(setsid sleep 600 & echo $!); cat; :", NULL};
    struct fixture *fixture = *state;
    char line[32] = "";
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    start(fixture, 0, shell, shell, false);
    assert_true(read(fixture->running[0].out, line, sizeof line - 1) > 0);
    fixture->agents[0].witness_pid = (pid_t)strtol(line, NULL, 10);
    wait_until_adopted(fixture->agents[0].witness_pid);
    assert_attested(attest(fixture), ALIVE | CYCLE_ATTEST_PROGRAM);
    assert_non_null(strstr(fixture->agents[0].attested.text, "is not seen"));
    kill(fixture->agents[0].witness_pid, SIGKILL);
}

/* A subject whose agents daemonise: they come to us, and stay its own, beside another arm too. */
static void a_daemon_belongs_to_the_subject(void **state)
{
    static const char *const subject[] = {"sh", "-c", "(setsid sleep 600 & echo $!); cat; :", NULL};
    static const char *const sleeps[] = {"sleep", "600", NULL};
    struct fixture *fixture = *state;
    char line[32] = "";
    struct cycle_arm arms[2] = {0};
    pid_t pid;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    fixture->arm.subject.process.pid = start(fixture, 1, subject, subject, false);
    attest_before(&fixture->request, &fixture->arm, &fixture->cycle);
    assert_true(read(fixture->running[1].out, line, sizeof line - 1) > 0);
    pid = (pid_t)strtol(line, NULL, 10);
    wait_until_adopted(pid);
    attest_before(&fixture->request, &fixture->arm, &fixture->cycle);
    fixture->request = (struct birth){0}; /* when it began is not the question */
    fixture->asked[0].command = (char **)(uintptr_t)sleeps;
    fixture->agents[0].outcome = CYCLE_READY;
    fixture->agents[0].pid = fixture->agents[0].witness_pid = pid;
    assert_attested(attest(fixture),
                    (ALIVE & ~CYCLE_ATTEST_BEGAN) | CYCLE_ATTEST_WITNESS | CYCLE_ATTEST_PROGRAM);
    arms[0] = fixture->arm;
    arms[1].chosen = true;
    arms[1].subject.process.pid = start_cat(fixture, 2);
    fixture->scenario.arm_count = 2;
    fixture->run.arms = arms;
    fixture->agents[0].attested = (struct cycle_attested){0};
    assert_attested(attest(fixture),
                    (ALIVE & ~CYCLE_ATTEST_BEGAN) | CYCLE_ATTEST_WITNESS | CYCLE_ATTEST_PROGRAM);
    kill(pid, SIGKILL);
}

/* ---- another pid namespace ---- */

static void a_number_in_another_namespace_means_the_process_there(void **state)
{
    static const char *const inside[] = {
        "unshare", "--pid", "--fork", "sh", "-c", "exec 3<&0; cat <&3 & echo $!; wait; :", NULL};
    static const char *const shells[] = {"sh", NULL};
    struct fixture *fixture = *state;
    char line[32] = "";
    pid_t shell, pid;
    if (geteuid() != 0)
        skip();
    start(fixture, 1, inside, inside, false);
    if (read(fixture->running[1].out, line, sizeof line - 1) <= 0)
        skip(); /* a container that allows none */
    assert_int_equal(write(fixture->running[1].in, "x", 1), 1);
    assert_int_equal(read(fixture->running[1].out, line + sizeof line - 1, 1), 1);
    line[sizeof line - 1] = '\0';
    shell = only_child(fixture->running[1].pid);
    pid = only_child(shell);
    fixture->arm.subject.process.pid = fixture->running[1].pid;
    fixture->agents[0].outcome = CYCLE_READY;
    fixture->agents[0].pid = (pid_t)strtol(line, NULL, 10);
    assert_true(fixture->agents[0].pid != pid);
    fixture->agents[0].witness_pid = pid;
    assert_attested(attest(fixture), ALIVE | CYCLE_ATTEST_PROGRAM | CYCLE_ATTEST_WITNESS);
    fixture->agents[0].witness_pid = 0; /* its number means something else here, or nothing */
    assert_int_equal(attest(fixture)->failed, 0);
    fixture->agents[0].pid = 1; /* of that namespace: the shell, here the system's first one */
    fixture->asked[0].command = (char **)(uintptr_t)shells;
    assert_int_equal(attest(fixture)->failed, 0);
    kill(shell, SIGKILL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(what_is_right_is_attested),
        WITH_FIXTURE(a_hundred_agents_are_attested),
        WITH_FIXTURE(nothing_is_asked_of_those_who_start_nothing_or_failed),
        WITH_FIXTURE(a_process_of_somebody_else_is_no_agent),
        WITH_FIXTURE(two_agents_are_two_processes),
        WITH_FIXTURE(what_has_ended_is_no_finding),
        WITH_FIXTURE(what_began_before_the_request_is_no_start),
        WITH_FIXTURE(who_connected_must_descend_from_the_told_process),
        WITH_FIXTURE(a_forger_that_is_gone_proves_nothing),
        WITH_FIXTURE(of_our_own_agent_the_program_is_seen),
        WITH_FIXTURE(a_broken_chain_is_not_checked),
        WITH_FIXTURE(a_daemon_belongs_to_the_subject),
        WITH_FIXTURE(a_number_in_another_namespace_means_the_process_there),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
