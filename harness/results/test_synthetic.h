/* test_synthetic - a results store in a folder of its own, filled with invented cycles.
 *
 * For the tests of results/, judge/ and whoever reads runs: synthetic_new as setup, synthetic_free
 * as teardown, synthetic_put for each cycle. What is invented is in struct synthetic_cycle. */
#ifndef RESULTS_TEST_SYNTHETIC_H
#define RESULTS_TEST_SYNTHETIC_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "results/results.h"
#include "results/sql.h"

struct synthetic {
    char folder[64];
    char *path;
    struct results *store;
    int64_t run;
    size_t next; /* index of the next cycle */
    struct err err;
};

/* One invented cycle; zero is a counted cycle of arm 0 whose agents never became ready. */
struct synthetic_cycle {
    int pair, arm, value;
    bool warmup;
    int sitting;          /* 0 means 1 */
    int64_t sent_ns;      /* when; 0 lets cycles follow each other by a second */
    int64_t spawn_ns;     /* 0 or less: the cycle failed */
    const char *outcomes; /* one letter per agent: r f c t; NULL for "rr" or "ff" */
    const char *error;    /* told by every agent that failed */
    const char *finding;  /* severity of a finding, or NULL */
    enum cycle_break broke;
    int block;                         /* 0 means pair / 5 */
    int place;                         /* 0: first of its pair */
    int64_t cpu_ns, peak_bytes;        /* 0: not known */
    int64_t agent_cpu_ns;              /* of each of its agents; 0: not known */
    const struct cycle_strain *strain; /* NULL: this machine does not tell */
    int64_t stopped_ns;                /* as in struct cycle */
    int witnessed, contents;           /* ready agents; 0: not known, negative: none */
};

static inline int64_t synthetic_begin(struct synthetic *synthetic, const char *scenario_text)
{
    struct results_run run = {.scenario_name = (char *)"invented",
                              .scenario_path = (char *)"invented.json",
                              .scenario_text = (char *)scenario_text,
                              .options_json = (char *)"{}",
                              .environment_json = (char *)"{\"kernel\":\"none\"}",
                              .command = (char *)"spawnbench run invented.json",
                              .version = (char *)"0",
                              .seed = UINT64_MAX,
                              .planned = 10};
    assert_int_equal(results_run_begin(synthetic->store, &run, &synthetic->err), 0);
    synthetic->run = run.id;
    synthetic->next = 0;
    return run.id;
}

static inline int synthetic_new(void **state)
{
    struct synthetic *synthetic = xcalloc(1, sizeof *synthetic);
    snprintf(synthetic->folder, sizeof synthetic->folder, "/tmp/spawnbench-test-XXXXXX");
    if (!mkdtemp(synthetic->folder))
        return -1;
    synthetic->path = text_format("%s/spawnbench.sqlite", synthetic->folder);
    *state = synthetic;
    if (results_open(&synthetic->store, synthetic->path, RESULTS_MAKE, &synthetic->err) < 0)
        return -1;
    /* thousands of cycles: what is tested here is not the disk */
    sqlite3_exec(synthetic->store->database, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
    synthetic_begin(synthetic, "{}");
    return 0;
}

static inline int synthetic_free(void **state)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    struct synthetic *synthetic = *state;
    results_close(synthetic->store);
    for (size_t i = 0; i < 4; i++) {
        char *path = text_format("%s%s", synthetic->path, endings[i]);
        unlink(path);
        free(path);
    }
    if (rmdir(synthetic->folder) != 0)
        return -1;
    free(synthetic->path);
    free(synthetic);
    return 0;
}

/* synthetic_reopen - as another process would see it */
static inline void synthetic_reopen(struct synthetic *synthetic)
{
    results_close(synthetic->store);
    synthetic->store = NULL;
    assert_int_equal(
        results_open(&synthetic->store, synthetic->path, RESULTS_READ, &synthetic->err), 0);
}

static inline enum cycle_outcome synthetic_outcome(char letter)
{
    return letter == 'r'   ? CYCLE_READY
           : letter == 'f' ? CYCLE_FAILED
           : letter == 'c' ? CYCLE_CANCELLED
                           : CYCLE_TIMED_OUT;
}

static inline void synthetic_put(struct synthetic *synthetic, const struct synthetic_cycle *asked)
{
    static const struct scenario_agent who = {.name = (char *)"gemini"};
    const char *outcomes = asked->outcomes ? asked->outcomes : asked->spawn_ns > 0 ? "rr" : "ff";
    int64_t sent_ns = asked->sent_ns ? asked->sent_ns : 1000000000 * (int64_t)(synthetic->next + 1);
    struct cycle_agent agents[8] = {0};
    struct cycle cycle = {
        .index = synthetic->next++,
        .agents = agents,
        .agent_count = strlen(outcomes),
        .broke = asked->broke,
        .outcome = asked->spawn_ns > 0 ? CYCLE_READY : CYCLE_FAILED,
        .sent_ns = sent_ns,
        .answered_ns = sent_ns + llabs(asked->spawn_ns),
        .spawn_time_ns = asked->spawn_ns > 0 ? asked->spawn_ns : -1,
        .ready_time_ns = asked->spawn_ns > 0 ? asked->spawn_ns / 2 : -1,
        .harness_ns = 5,
        .witnessed = asked->witnessed > 0   ? asked->witnessed
                     : asked->witnessed < 0 ? 0
                                            : -1,
        .contents = asked->contents > 0   ? asked->contents
                    : asked->contents < 0 ? 0
                                          : -1,
        .cost = {[SCENARIO_CPU_TIME] = asked->cpu_ns ? asked->cpu_ns : -1,
                 [SCENARIO_PEAK_MEMORY] = asked->peak_bytes ? asked->peak_bytes : -1},
        .strain = asked->strain ? *asked->strain : (struct cycle_strain){-1, -1, -1, -1, -1, -1},
        .stopped_ns = asked->stopped_ns,
        .consensus = "agreed"};
    cycle.item = (struct plan_item){.pair = asked->pair,
                                    .block = asked->warmup  ? -1
                                             : asked->block ? asked->block
                                                            : asked->pair / 5,
                                    .arm = (short)asked->arm,
                                    .place = asked->place,
                                    .value = (short)asked->value,
                                    .warmup = asked->warmup};
    for (size_t i = 0; i < cycle.agent_count; i++) {
        bool fell = outcomes[i] == 'f' || outcomes[i] == 't';
        snprintf(agents[i].id, sizeof agents[i].id, "%zu.%zu", cycle.index, i);
        agents[i].asked = &who;
        agents[i].outcome = synthetic_outcome(outcomes[i]);
        agents[i].pid = 100 + (pid_t)i;
        agents[i].start_ns = sent_ns + 1;
        agents[i].ready_ns = sent_ns + 2;
        agents[i].recorded_ns = outcomes[i] == 'r' ? sent_ns + 3 : 0;
        agents[i].cpu_ns = asked->agent_cpu_ns ? asked->agent_cpu_ns : -1;
        agents[i].peak_bytes = -1;
        agents[i].error = fell ? (char *)asked->error : NULL;
    }
    assert_int_equal(results_cycle_begin(synthetic->store, synthetic->run, &cycle,
                                         asked->sitting ? asked->sitting : 1, 7, &synthetic->err),
                     0);
    if (asked->finding)
        assert_int_equal(results_finding_put(synthetic->store, synthetic->run, (int64_t)cycle.index,
                                             asked->arm, "invented-rule", asked->finding, "", "why",
                                             &synthetic->err),
                         0);
    assert_int_equal(results_cycle_commit(synthetic->store, &synthetic->err), 0);
}

static inline struct results_tally synthetic_tally(struct synthetic *synthetic, int arm, int value)
{
    struct results_tally tally;
    assert_int_equal(
        results_tally(synthetic->store, synthetic->run, arm, value, &tally, &synthetic->err), 0);
    return tally;
}

#endif
