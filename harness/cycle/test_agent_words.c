/* Does spawnref-agent tell the witness what its spawner can read, and when? */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/sha256.h"
#include "base/text.h"
#include "cycle/cycle_internal.h"

#define AGENT (BINARY_DIR "/spawnref-agent")

/* One agent that got the prompt "hello": what it printed, how it ended, what it said. */
struct told {
    struct scenario_agent asked;
    struct cycle cycle;
    struct cycle_agent agent;
    struct text out;
    int status;
};

static void run_agent(struct told *told, const char *const argv[], const char *variable)
{
    struct witness witness;
    struct process process;
    struct process_exit ended;
    struct err err = {0};
    char block[65536], *where;
    char *environment[4] = {NULL, (char *)"SPAWNBENCH_AGENT=4.0", (char *)variable, NULL};
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    ssize_t got;
    pid_t pid;
    *told = (struct told){.asked = {.witness = SCENARIO_WITNESS_SELF},
                          .agent = {.id = "4.0", .output_bytes = -1}};
    told->agent.asked = &told->asked;
    told->cycle = (struct cycle){.index = 4, .agents = &told->agent, .agent_count = 1};
    assert_int_equal(witness_open(&witness, &err), 0);
    where = text_format("SPAWNBENCH_WITNESS=%s", witness.name);
    environment[0] = where;
    if (process_start(&process, argv, environment, NULL, nowhere, &err) < 0)
        fail_msg("%s", err.text);
    pid = process.pid;
    if (write(process.in, "hello", 5) < 0)
        assert_int_equal(errno, EPIPE); /* it has failed already */
    close(process.in);
    process.in = -1;
    while ((got = read(process.out, block, sizeof block)) > 0)
        text_add_bytes(&told->out, block, (size_t)got);
    while (!process_wait(&process, clock_now_ns() + CLOCK_NS_PER_S, &ended))
        ;
    told->status = ended.status;
    witness_hear(&witness, testimony_take, &told->cycle);
    assert_int_equal(told->cycle.witness_strays, 0);
    if (told->agent.ready_messages)
        assert_int_equal(told->agent.witness_pid, pid);
    witness_close(&witness);
    close(nowhere);
    free(where);
}

/* Its word about all that was printed but the first `before` bytes. */
static void assert_told(const struct told *told, size_t before)
{
    struct sha256 digest;
    char hex[SHA256_HEX_BYTES];
    sha256_begin(&digest);
    sha256_add(&digest, told->out.data + before, told->out.length - before);
    sha256_end(&digest, hex);
    assert_int_equal(told->agent.ready_messages, 1);
    assert_int_equal(told->agent.done_messages, 1);
    assert_int_equal(told->agent.done_pid, told->agent.witness_pid);
    assert_int_equal(told->agent.done_status, told->status);
    assert_int_equal(told->agent.output_bytes, told->out.length - before);
    assert_string_equal(told->agent.output_sha256, hex);
}

static void the_answer_is_what_is_told(void **state)
{
    static const char *const sizes[] = {"0", "1", "63", "4096", "300000"};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const char *const argv[] = {AGENT, "--output", sizes[i], "--ready", "fd", NULL};
        struct told told;
        run_agent(&told, argv, "READY_FD=2");
        assert_told(&told, 0);
        assert_true(told.out.length > strtoul(sizes[i], NULL, 10));
        text_release(&told.out);
    }
}

static void what_stands_before_ready_is_no_output(void **state)
{
    const char *const argv[] = {AGENT, "--ready",  "line", "--ready-text",
                                "up",  "--chatty", "3000", NULL};
    struct told told;
    (void)state;
    run_agent(&told, argv, NULL);
    assert_memory_equal(told.out.data + 3000, "up\n{\"agent\":\"4.0\"", 17);
    assert_told(&told, 3003);
    text_release(&told.out);
}

static void an_agent_ready_by_exit_tells_all_it_printed(void **state)
{
    const char *const argv[] = {AGENT, "--ready", "exit", "--chatty", "3000", NULL};
    struct told told;
    (void)state;
    run_agent(&told, argv, NULL);
    assert_int_equal(told.out.length, 3000);
    assert_told(&told, 0);
    text_release(&told.out);
}

static void a_failure_is_told_when_it_was_ready(void **state)
{
    static const char *const output[] = {AGENT, "--ready", "fd", "--fail", "output", NULL};
    static const char *const early[] = {AGENT, "--ready", "fd", "--fail", "init", NULL};
    struct told told;
    (void)state;
    run_agent(&told, output, "READY_FD=2");
    assert_int_equal(told.status, 1);
    assert_told(&told, 0);
    text_release(&told.out);
    run_agent(&told, early, "READY_FD=2");
    assert_int_equal(told.status, 1);
    assert_int_equal(told.agent.ready_messages + told.agent.done_messages, 0);
    text_release(&told.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_is_what_is_told),
        cmocka_unit_test(what_stands_before_ready_is_no_output),
        cmocka_unit_test(an_agent_ready_by_exit_tells_all_it_printed),
        cmocka_unit_test(a_failure_is_told_when_it_was_ready),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
