/* test_attested - a subject with agents that are real processes, and what is attested of them.
 * For the tests of attest.c and program.c. */
#ifndef CYCLE_TEST_ATTESTED_H
#define CYCLE_TEST_ATTESTED_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "cycle/cycle_internal.h"
#include "cycle/place.h"

#define AGENTS 100
#define ALIVE  (CYCLE_ATTEST_EXISTS | CYCLE_ATTEST_OWN | CYCLE_ATTEST_BELONGS | CYCLE_ATTEST_BEGAN)

/* This test is the subject; what it starts are its agents. */
struct fixture {
    struct scenario scenario;
    struct cycle_subjects run;
    struct cycle_arm arm;
    struct scenario_agent asked[AGENTS];
    struct cycle_agent agents[AGENTS];
    struct process running[AGENTS];
    struct cycle cycle;
    struct birth request;
    char folder[64];
};

static char *const cat[] = {(char *)"cat", NULL};

static inline int make(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    fixture->run.options.scenario = &fixture->scenario;
    fixture->arm.subject.process.pid = getpid();
    fixture->arm.opening.starts = true;
    fixture->cycle = (struct cycle){.agents = fixture->agents, .agent_count = 1, .witnessed = -1};
    for (size_t i = 0; i < AGENTS; i++) {
        fixture->asked[i].command = (char **)(uintptr_t)cat;
        fixture->agents[i] = (struct cycle_agent){.asked = &fixture->asked[i]};
        snprintf(fixture->agents[i].id, sizeof fixture->agents[i].id, "1.%zu", i);
    }
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/spawnbench-test-XXXXXX");
    if (!mkdtemp(fixture->folder))
        return -1;
    attest_before(&fixture->request, &fixture->arm, &fixture->cycle);
    *state = fixture;
    return 0;
}

static inline int unmake(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < AGENTS; i++)
        process_end(&fixture->running[i], 0, NULL);
    process_reap_adopted(NULL, 0);
    text_remove_tree(fixture->folder);
    free(fixture);
    return 0;
}

/* An agent: what runs, and the command it is told to be. When `echoes` it is waited for until it
 * copies its input, as cat does: what execs on the way has done so by then. */
static inline pid_t start(struct fixture *fixture, size_t which, const char *const runs[],
                          const char *const asked[], bool echoes)
{
    struct process *process = &fixture->running[which];
    struct err err = {0};
    char byte = 'x';
    if (process_start(process, runs, NULL, NULL, -1, &err) < 0)
        fail_msg("%s", err.text);
    fixture->asked[which].command = (char **)(uintptr_t)asked;
    fixture->agents[which].outcome = CYCLE_READY;
    fixture->agents[which].pid = process->pid;
    if (echoes) {
        assert_int_equal(write(process->in, &byte, 1), 1);
        assert_int_equal(read(process->out, &byte, 1), 1);
    }
    return process->pid;
}

static inline pid_t start_cat(struct fixture *fixture, size_t which)
{
    return start(fixture, which, (const char *const *)cat, (const char *const *)cat, true);
}

static inline const struct cycle_attested *attest(struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->cycle.agent_count; i++)
        fixture->agents[i].attested = (struct cycle_attested){0};
    attest_agents(&fixture->run, &fixture->arm, &fixture->request, &fixture->cycle);
    return &fixture->agents[fixture->cycle.agent_count - 1].attested;
}

static inline void assert_attested(const struct cycle_attested *attested, unsigned made)
{
    if (attested->failed || attested->made != made)
        fail_msg("made %#x, not %#x, failed %#x: %s", attested->made, made, attested->failed,
                 attested->text);
}

static inline void assert_failed(const struct cycle_attested *attested, enum cycle_attest what,
                                 const char *why)
{
    if (attested->failed != what || !strstr(attested->text, why))
        fail_msg("failed %#x, not %#x: '%s', not '%s'", attested->failed, what, attested->text,
                 why);
}

static inline pid_t only_child(pid_t parent)
{
    struct process_view child;
    while (process_children(parent, &child, 1) == 0)
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
    return child.pid;
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, make, unmake)

#endif
