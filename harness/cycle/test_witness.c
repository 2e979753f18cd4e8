/* Is all heard that agents say, from whom the kernel says it comes, and nothing else believed? */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cycle/cycle_internal.h"

#define EMPTY_DIGEST "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* A cycle of some agents that report to a socket; none of them was started. */
struct fixture {
    struct scenario_agent asked;
    struct witness witness;
    struct cycle cycle;
};

static void set_agents(struct fixture *fixture, size_t count)
{
    cycle_release(&fixture->cycle);
    fixture->cycle = (struct cycle){
        .index = 4, .agents = xcalloc(count, sizeof(struct cycle_agent)), .agent_count = count};
    for (size_t i = 0; i < count; i++) {
        struct cycle_agent *agent = &fixture->cycle.agents[i];
        snprintf(agent->id, sizeof agent->id, "4.%zu", i);
        agent->asked = &fixture->asked;
        agent->output_bytes = -1;
    }
}

static int make(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    struct err err = {0};
    *state = fixture;
    fixture->asked.witness = SCENARIO_WITNESS_SELF;
    set_agents(fixture, 2);
    return witness_open(&fixture->witness, &err);
}

static int unmake(void **state)
{
    struct fixture *fixture = *state;
    witness_close(&fixture->witness);
    cycle_release(&fixture->cycle);
    free(fixture);
    return 0;
}

static int call_witness(const struct fixture *fixture)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(fixture->witness.name);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    memcpy(address.sun_path + 1, fixture->witness.name + 1, length - 1);
    assert_int_equal(connect(fd, (struct sockaddr *)&address,
                             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
                     0);
    return fd;
}

static void say_bytes(const struct fixture *fixture, const void *message, size_t length)
{
    int fd = call_witness(fixture);
    assert_int_equal(send(fd, message, length, MSG_NOSIGNAL), (ssize_t)length);
    close(fd);
}

static void say(const struct fixture *fixture, const char *message)
{
    say_bytes(fixture, message, strlen(message));
}

static void hear(struct fixture *fixture)
{
    witness_hear(&fixture->witness, testimony_take, &fixture->cycle);
}

static void messages_find_their_agents(void **state)
{
    struct fixture *fixture = *state;
    struct cycle_agent *agents = fixture->cycle.agents;
    say(fixture, "ready 4.1 131 141");
    say(fixture, "ready 4.0 9007199254740995 1152921504606846975");
    say(fixture, "done 4.0 3 9223372036854775807 " EMPTY_DIGEST);
    say(fixture, "exec 4.1 99");
    hear(fixture);
    assert_int_equal(agents[0].ready_messages, 1);
    assert_int_equal(agents[0].witness_pid, getpid());
    assert_true(agents[0].main_ns == INT64_C(9007199254740995)); /* every digit */
    assert_true(agents[0].own_ready_ns == INT64_C(1152921504606846975));
    assert_int_equal(agents[0].done_messages, 1);
    assert_int_equal(agents[0].done_pid, getpid());
    assert_int_equal(agents[0].done_status, 3);
    assert_true(agents[0].output_bytes == INT64_MAX);
    assert_string_equal(agents[0].output_sha256, EMPTY_DIGEST);
    assert_int_equal(agents[1].exec_messages, 1);
    assert_true(agents[1].main_ns == 131 && agents[1].output_bytes == -1);
    say(fixture, "ready 4.0 1 2");
    hear(fixture);
    assert_int_equal(agents[0].ready_messages, 2);
    assert_true(agents[0].own_ready_ns == INT64_C(1152921504606846975)); /* the first counts */
    assert_int_equal(fixture->cycle.witness_strays, 0);
}

static void everything_else_is_a_stray(void **state)
{
    static const char *const strays[] = {
        "garbage",
        "ready",
        "ready 4.0",
        "ready 4.0 1",
        "ready 4.0 1 2 3",
        "ready 4.0 1 x",
        "ready 4.0 1 -2",
        "ready  4.0 1 2",
        " ready 4.0 1 2",
        "ready 4.0 1 2 ",
        "ready 4.0 1 2\n",
        "Ready 4.0 1 2",
        "4.0 50 1 2",
        "ready 4.2 1 2",
        "ready 3.0 1 2",
        "ready 4.00 1 2",
        "ready 4 1 2",
        "ready 4.99999999999999999999999 1 2",
        "ready an-id-that-is-far-too-long-to-be-one-of-ours 1 2",
        "ready 4.0 1 99999999999999999999",
        "exec 4.0",
        "exec 4.0 1 2",
        "done 4.0 0 0",
        ("done 4.0 256 0 " EMPTY_DIGEST),
        ("done 4.0 0 0 " EMPTY_DIGEST "0"),
        "done 4.0 0 0 E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "\x1b[31m 1 2 3",
    };
    struct fixture *fixture = *state;
    int count = (int)(sizeof strays / sizeof strays[0]);
    for (int i = 0; i < count; i++) {
        say(fixture, strays[i]);
        hear(fixture);
        if (fixture->cycle.witness_strays != i + 1)
            fail_msg("taken for a good message: %s", strays[i]);
    }
    assert_string_equal(fixture->cycle.stray, "?[31m 1 2 3");
    say_bytes(fixture, "ready 4.0 1 2\0x", 15);
    hear(fixture);
    assert_int_equal(fixture->cycle.witness_strays, count + 1);
    assert_int_equal(fixture->cycle.agents[0].ready_messages, 0);
    assert_int_equal(fixture->cycle.agents[0].done_messages, 0);
}

/* Who called is what counts, also when he is gone before we look. */
static void the_kernel_tells_who_called(void **state)
{
    struct fixture *fixture = *state;
    pid_t child = fork();
    if (child == 0) {
        int fd = call_witness(fixture);
        _exit(send(fd, "ready 4.0 1 2", 13, 0) == 13 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    hear(fixture);
    assert_int_equal(fixture->cycle.agents[0].witness_pid, child);
}

static void a_connection_may_be_kept(void **state)
{
    struct fixture *fixture = *state;
    int fd = call_witness(fixture);
    hear(fixture);
    assert_int_equal(send(fd, "ready 4.0 1 2", 13, 0), 13);
    hear(fixture);
    assert_int_equal(fixture->cycle.agents[0].ready_messages, 1);
    assert_int_equal(send(fd, "exec 4.0 1", 10, 0), 10);
    hear(fixture);
    assert_int_equal(fixture->cycle.agents[0].exec_messages, 1);
    assert_int_equal(fixture->witness.caller_count, 1);
    witness_hang_up(&fixture->witness);
    assert_int_equal(fixture->witness.caller_count, 0);
    assert_int_equal(send(fd, "x", 1, MSG_NOSIGNAL), -1);
    close(fd);
}

/* 100 processes report at the same moment, and nobody listens meanwhile. */
static void report_at_once(struct fixture *fixture, int agents)
{
    int gate[2];
    pid_t *pids = xcalloc((size_t)agents, sizeof *pids);
    char byte;
    set_agents(fixture, (size_t)agents);
    assert_int_equal(pipe(gate), 0);
    for (int i = 0; i < agents; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0) {
            char message[128];
            close(gate[1]);
            if (read(gate[0], &byte, 1) != 0)
                _exit(1);
            snprintf(message, sizeof message, "exec 4.%d 1", i);
            say(fixture, message);
            snprintf(message, sizeof message, "ready 4.%d 1 2", i);
            say(fixture, message);
            snprintf(message, sizeof message, "done 4.%d 0 0 " EMPTY_DIGEST, i);
            say(fixture, message);
            _exit(0);
        }
    }
    close(gate[1]);
    close(gate[0]);
    for (int i = 0; i < agents; i++) {
        int status = -1;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    hear(fixture);
    assert_int_equal(fixture->cycle.witness_strays, 0);
    for (int i = 0; i < agents; i++) {
        const struct cycle_agent *agent = &fixture->cycle.agents[i];
        if (agent->exec_messages != 1 || agent->ready_messages != 1 || agent->done_messages != 1 ||
            agent->witness_pid != pids[i])
            fail_msg("agent %d of %d was not heard", i, agents);
    }
    free(pids);
}

static void a_hundred_at_once_are_all_heard(void **state)
{
    report_at_once(*state, 100);
}

static void a_thousand_at_once_are_all_heard(void **state)
{
    if (witness_most_agents() < SCENARIO_MOST_AGENTS)
        skip();
    report_at_once(*state, SCENARIO_MOST_AGENTS);
}

/* Who says too much at once is heard for a while; the others are heard all the same. */
static void a_flood_keeps_nobody_and_fills_nothing(void **state)
{
    struct fixture *fixture = *state;
    char long_one[4096];
    int fd = call_witness(fixture), sent = 0;
    memset(long_one, 'x', sizeof long_one);
    while (send(fd, long_one, sizeof long_one, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
        sent++;
    assert_true(sent > WITNESS_MOST_AT_ONCE);
    say(fixture, "ready 4.0 1 2");
    hear(fixture);
    assert_int_equal(fixture->cycle.witness_strays, WITNESS_MOST_AT_ONCE);
    assert_int_equal(strlen(fixture->cycle.stray), sizeof fixture->cycle.stray - 1);
    assert_int_equal(fixture->cycle.agents[0].ready_messages, 1);
    close(fd);
}

/* Connections that stay open cost us descriptors: of too many some are given up, nobody is lost who
 * calls later. */
static void without_descriptors_the_next_are_still_heard(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit before, few;
    int fds[64];
    for (int i = 0; i < 64; i++)
        fds[i] = call_witness(fixture);
    say(fixture, "ready 4.0 1 2");
    getrlimit(RLIMIT_NOFILE, &before);
    few = before;
    few.rlim_cur = (rlim_t)fds[63] + 10;
    setrlimit(RLIMIT_NOFILE, &few);
    hear(fixture);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_int_equal(fixture->cycle.agents[0].ready_messages, 1);
    for (int i = 0; i < 64; i++)
        close(fds[i]);
}

/* ---- what all of them tell ---- */

static void what_attested_a_ready_agent_is_counted(void **state)
{
    struct fixture *fixture = *state;
    struct scenario_agent real = {.witness = SCENARIO_WITNESS_LAUNCHER};
    set_agents(fixture, 4);
    for (int i = 0; i < 4; i++)
        fixture->cycle.agents[i].outcome = i < 3 ? CYCLE_READY : CYCLE_FAILED;
    fixture->cycle.agents[1].asked = &real;
    say(fixture, "ready 4.0 1 2");
    say(fixture, "exec 4.0 1");
    say(fixture, "exec 4.1 1");
    say(fixture, "ready 4.1 1 2"); /* and may never say "done" */
    say(fixture, "exec 4.2 1");    /* it was to say so itself */
    say(fixture, "ready 4.3 1 2");
    hear(fixture);
    for (int i = 0; i < 4; i++)
        fixture->cycle.agents[i].attested.made = CYCLE_ATTEST_WITNESS;
    testimony_end(&fixture->cycle);
    assert_int_equal(fixture->cycle.agents[0].witness, CYCLE_WITNESS_SELF);
    assert_int_equal(fixture->cycle.agents[1].witness, CYCLE_WITNESS_LAUNCHER);
    assert_int_equal(fixture->cycle.agents[2].witness, CYCLE_WITNESS_NONE);
    assert_int_equal(fixture->cycle.witnessed, 2);
}

static void when_it_was_heard_is_known(void **state)
{
    struct fixture *fixture = *state;
    struct cycle_agent *agents = fixture->cycle.agents;
    say(fixture, "ready 4.0 1 2");
    say(fixture, "done 4.1 0 0 " EMPTY_DIGEST);
    hear(fixture);
    testimony_spawned(&fixture->cycle);
    assert_true(!agents[0].late_start && agents[1].late_start);
    assert_true(!agents[0].early_end && agents[1].early_end);
    testimony_finished(&fixture->cycle);
    assert_true(agents[0].late_end && !agents[1].late_end);
}

/* Who is called by another's connection speaks for nobody. */
static void a_connection_that_was_passed_on_tells_no_process(void **state)
{
    struct fixture *fixture = *state;
    int early = call_witness(fixture), late = call_witness(fixture);
    pid_t child = fork();
    if (child == 0)
        _exit(send(early, "ready 4.0 1 2", 13, 0) == 13 ? 0 : 1);
    assert_int_equal(waitpid(child, NULL, 0), child);
    hear(fixture);
    child = fork();
    if (child == 0)
        _exit(send(late, "done 4.1 0 0 " EMPTY_DIGEST, 77, 0) == 77 ? 0 : 1);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(send(early, "ready 4.1 1 2", 13, 0), 13);
    hear(fixture);
    assert_int_equal(fixture->cycle.agents[0].ready_messages, 1);
    assert_int_equal(fixture->cycle.agents[0].witness_pid, 0);
    assert_int_equal(fixture->cycle.agents[1].done_messages, 1);
    assert_int_equal(fixture->cycle.agents[1].done_pid, 0);
    assert_int_equal(fixture->cycle.agents[1].witness_pid, getpid());
    close(early);
    close(late);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(messages_find_their_agents),
        WITH_FIXTURE(everything_else_is_a_stray),
        WITH_FIXTURE(the_kernel_tells_who_called),
        WITH_FIXTURE(a_connection_may_be_kept),
        WITH_FIXTURE(a_hundred_at_once_are_all_heard),
        WITH_FIXTURE(a_thousand_at_once_are_all_heard),
        WITH_FIXTURE(a_flood_keeps_nobody_and_fills_nothing),
        WITH_FIXTURE(without_descriptors_the_next_are_still_heard),
        WITH_FIXTURE(what_attested_a_ready_agent_is_counted),
        WITH_FIXTURE(when_it_was_heard_is_known),
        WITH_FIXTURE(a_connection_that_was_passed_on_tells_no_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
