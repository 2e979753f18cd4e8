/* test_fixture - stored runs that never happened, made through the store's own interface.
 *
 * Times come from a small generator with a fixed seed: the same fixture gives the same bytes.
 */
#ifndef REPORT_TEST_FIXTURE_H
#define REPORT_TEST_FIXTURE_H

#include <setjmp.h> /* cmocka wants these four */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"
#include "results/results.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"

/* What to invent. Zero members: an honest, complete run. */
struct fixture {
    const char *scenario;      /* its JSON */
    size_t cycles;             /* plan items that are stored, 0: all */
    int fail_every;            /* every so many cycles one agent fails and cancels the others */
    bool all_fail;             /* in every cycle */
    bool hang;                 /* every failed one timed out instead */
    const char *agent_name;    /* instead of the scenario's */
    const char *error, *about; /* what a failed agent tells; the note of the run */
    const char *environment;   /* JSON */
    const char *command;
    const char *finding; /* text of one finding in cycle 3 */
    bool no_store;       /* arms keep no database */
    bool pooled;         /* arms hand out agents that began earlier */
    bool unwitnessed;
    bool partial;
    int burners; /* cores that agents compete for: each burns 20 ms of CPU time, 0: they wait */
    bool linger; /* they go on after they were ready, in the arm sequential until the answer */
    bool skip;   /* agents of the arm parallel do a tenth of the work */
    const char *locked; /* a database whose lock was held in each cycle, by somebody of that name */
};

static uint64_t fixture_random = 1;

static inline double fixture_uniform(void)
{
    fixture_random = fixture_random * 6364136223846793005u + 1442695040888963407u;
    return (double)(fixture_random >> 11) / 9007199254740992.0;
}

/* a little more than `ns`, with a tail */
static inline int64_t fixture_jitter(double ns, double spread)
{
    double u = fixture_uniform();
    return (int64_t)(ns * (1 + spread * (u + (u > 0.97 ? 20 * (u - 0.97) : 0))));
}

static inline void fixture_fail(const struct fixture *fixture, struct cycle *cycle)
{
    cycle->outcome = fixture->hang ? CYCLE_TIMED_OUT : CYCLE_FAILED;
    cycle->spawn_time_ns = cycle->ready_time_ns = -1;
    for (size_t i = 0; i < cycle->agent_count; i++) {
        struct cycle_agent *agent = &cycle->agents[i];
        agent->outcome = i == 1 % cycle->agent_count ? cycle->outcome : CYCLE_CANCELLED;
        agent->own_ready_ns = agent->ready_ns = agent->recorded_ns = 0;
        agent->error =
            agent->outcome == CYCLE_CANCELLED
                ? NULL
                : (char *)(fixture->error ? fixture->error : "exited with 3 before it was ready");
    }
}

/* How long an agent initialises: 45 ms of waiting, or 20 ms of CPU time on shared cores. */
static inline double fixture_own_ns(const struct fixture *fixture, const struct cycle *cycle,
                                    bool sequential)
{
    double own_ns = fixture->burners ? 20e6 : 45e6;
    if (fixture->burners && !sequential && cycle->agent_count > (size_t)fixture->burners)
        own_ns *= (double)cycle->agent_count / fixture->burners;
    return fixture->skip && !sequential ? own_ns / 10 : own_ns;
}

static inline void fixture_times(const struct fixture *fixture, struct cycle *cycle,
                                 const char *arm, int64_t *now_ns)
{
    bool sequential = strncmp(arm, "sequential", 10) == 0;
    bool batch = !sequential || strcmp(arm, "sequential-batch") == 0;
    double cheap = fixture->burners ? 0.03 : 1; /* so that the agents' own time rules */
    int64_t at = *now_ns + fixture_jitter(2e5, 0.5), last = at;
    cycle->sent_ns = *now_ns;
    for (size_t i = 0; i < cycle->agent_count; i++) {
        struct cycle_agent *agent = &cycle->agents[i];
        agent->answered = agent->finished = true;
        agent->pid = (pid_t)(1000 + i);
        agent->start_ns = at;
        agent->main_ns = at + fixture_jitter(6e5 * cheap, 0.6);
        agent->own_ready_ns =
            agent->main_ns +
            fixture_jitter(fixture_own_ns(fixture, cycle, sequential), 0.02 * cheap);
        agent->cpu_ns = fixture->burners ? 20000000 : -1;
        if (fixture->linger && sequential)
            agent->cpu_ns *= 2;
        agent->ready_ns = agent->own_ready_ns + fixture_jitter(6e4, 1);
        agent->recorded_ns = agent->ready_ns + (batch ? 0 : fixture_jitter(12e5 * cheap, 0.8));
        last = agent->recorded_ns > last ? agent->recorded_ns : last;
        at = sequential ? agent->recorded_ns : at + fixture_jitter(3e5, 0.3);
        if (fixture->unwitnessed)
            agent->main_ns = agent->own_ready_ns = 0;
    }
    if (batch)
        last += fixture_jitter(9e5 * cheap, 0.8);
    for (size_t i = 0; i < cycle->agent_count; i++) {
        cycle->agents[i].recorded_ns = fixture->no_store ? 0
                                       : batch           ? last
                                                         : cycle->agents[i].recorded_ns;
        if (cycle->agents[i].ready_ns - cycle->sent_ns > cycle->ready_time_ns)
            cycle->ready_time_ns = cycle->agents[i].ready_ns - cycle->sent_ns;
    }
    cycle->answered_ns = last + fixture_jitter(5e4, 1);
    cycle->spawn_time_ns = cycle->answered_ns - cycle->sent_ns;
    cycle->finish_sent_ns = cycle->answered_ns;
    cycle->finished_ns = cycle->answered_ns + 2000000;
    *now_ns = cycle->finished_ns + 3000000;
}

/* The write lock held for 8 of 40 ms; one agent failed meanwhile. */
static inline void fixture_locks(struct results *store, const struct fixture *fixture, int64_t run,
                                 struct cycle *cycle)
{
    struct locks_hold hold = {.kind = LOCKS_WRITE,
                              .who = LOCKS_STRANGER,
                              .pid = 77,
                              .seen_ns = 8000000,
                              .most_ns = 9000000};
    struct locks_told told = {.name = (char *)fixture->locked,
                              .match = LOCKS_BY_DEVICE,
                              .looks = 80,
                              .span_ns = 40000000,
                              .gap_ns = 1000000,
                              .held_ns = {[LOCKS_WRITE] = 8000000, [LOCKS_PENDING] = 4000000},
                              .holds_seen = 1,
                              .hold_count = 2,
                              .wait_count = 1};
    struct locks_seen seen = {.items = &told, .count = 1, .looks = 80, .spent_ns = 800000};
    struct err err = {0};
    snprintf(hold.name, sizeof hold.name, "%s", fixture->locked);
    told.holds[0] = told.holds[1] = hold;
    told.holds[1].kind = LOCKS_READ;
    told.waits[0] = (struct locks_wait){
        .agent = "1.2", .fate = LOCKS_FAILED, .span_ns = 30000000, .held_ns = 8000000, .by = hold};
    snprintf(told.waits[0].name, sizeof told.waits[0].name, "%s", fixture->locked);
    cycle->locks = &seen;
    assert_int_equal(results_locks_put(store, run, cycle, &err), 0);
    cycle->locks = NULL;
}

static inline void fixture_cycle(struct results *store, const struct fixture *fixture, int64_t run,
                                 const struct scenario *scenario, const struct plan_item *item,
                                 size_t index, int64_t *now_ns)
{
    struct cycle cycle = {.index = index,
                          .item = *item,
                          .harness_ns = fixture_jitter(9e4, 1),
                          .attested = ~CYCLE_ATTEST_PROGRAM & 63,
                          .witnessed = -1,
                          .contents = -1};
    struct scenario_agent renamed = {.name = (char *)fixture->agent_name};
    struct err err = {0};
    cycle.agent_count = scenario->values[item->value];
    cycle.agents = xcalloc(cycle.agent_count, sizeof *cycle.agents);
    for (size_t i = 0; i < cycle.agent_count; i++)
        cycle.agents[i].asked =
            fixture->agent_name ? &renamed : &scenario->agents[scenario->batch[i]];
    fixture_times(fixture, &cycle, scenario->arms[item->arm].name, now_ns);
    if (fixture->all_fail || (fixture->fail_every && index % (size_t)fixture->fail_every ==
                                                         3 % (size_t)fixture->fail_every))
        fixture_fail(fixture, &cycle);
    snprintf(cycle.consensus, sizeof cycle.consensus, "agreed");
    assert_int_equal(results_cycle_begin(store, run, &cycle, 1, fixture_jitter(15e5, 0.5), &err),
                     0);
    if (fixture->finding && index == 3)
        assert_int_equal(results_finding_put(store, run, 3, item->arm,
                                             "every-acknowledged-start-is-recorded", "integrity",
                                             "3.0", fixture->finding, &err),
                         0);
    if (fixture->locked)
        fixture_locks(store, fixture, run, &cycle);
    assert_int_equal(results_cycle_commit(store, &err), 0);
    free(cycle.agents);
}

static inline void fixture_arms(struct results *store, const struct fixture *fixture, int64_t run,
                                const struct scenario *scenario)
{
    struct err err = {0};
    for (size_t i = 0; i < scenario->arm_count; i++) {
        struct results_arm arm = {.index = (int)i,
                                  .command = (char *)"{reference} --mode x",
                                  .version = (char *)"1.0",
                                  .records = !fixture->no_store,
                                  .pooled = fixture->pooled,
                                  .starts = true,
                                  .clean = true,
                                  .user_us = 123456,
                                  .system_us = 234567,
                                  .peak_memory_kb = 4321};
        snprintf(arm.name, sizeof arm.name, "%s", scenario->arms[i].name);
        assert_int_equal(results_arm_put(store, run, &arm, &err), 0);
    }
}

/* fixture_run - one invented run; returns its id */
static inline int64_t fixture_run(struct results *store, const struct fixture *fixture)
{
    struct scenario scenario = {0};
    struct plan plan;
    struct err err = {0};
    struct results_run run = {0};
    int64_t now_ns = 5000000000;
    fixture_random = 1;
    if (scenario_parse(&scenario, fixture->scenario, strlen(fixture->scenario), &err) < 0)
        fail_msg("%s", err.text);
    plan_build(&plan, &scenario, 7);
    run.scenario_name = scenario.name;
    run.scenario_path = (char *)"scenarios/fixture.json";
    run.scenario_text = scenario.source;
    run.options_json = (char *)"{}";
    run.environment_json = (char *)(fixture->environment ? fixture->environment
                                                         : "{\"kernel\":\"6.1\",\"cpus_online\":2,"
                                                           "\"fdatasync_median_ns\":1234567}");
    run.command =
        (char *)(fixture->command ? fixture->command : "run scenarios/fixture.json --seed 7");
    run.version = (char *)"0.1.0";
    run.seed = 7;
    run.planned = plan.count;
    assert_int_equal(results_run_begin(store, &run, &err), 0);
    fixture_arms(store, fixture, run.id, &scenario);
    for (size_t i = 0; i < plan.count && (!fixture->cycles || i < fixture->cycles); i++)
        fixture_cycle(store, fixture, run.id, &scenario, &plan.items[i], i, &now_ns);
    assert_int_equal(results_run_end(store, run.id, !fixture->partial,
                                     fixture->about ? fixture->about : "", &err),
                     0);
    plan_release(&plan);
    scenario_release(&scenario);
    return run.id;
}

/* fixture_folder - a new folder for one test; fixture_remove takes it away again */
static inline char *fixture_folder(void)
{
    char *folder =
        text_format("%s/spawnbench-report-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(folder));
    return folder;
}

static inline int fixture_unlink(const char *path, const struct stat *about, int kind,
                                 struct FTW *ftw)
{
    (void)about;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static inline void fixture_remove(char *folder)
{
    nftw(folder, fixture_unlink, 16, FTW_DEPTH | FTW_PHYS);
    free(folder);
}

/* fixture_store - a fresh results store in the folder */
static inline struct results *fixture_store(const char *folder)
{
    struct results *store = NULL;
    struct err err = {0};
    char *path = text_format("%s/spawnbench.sqlite", folder);
    if (results_open(&store, path, RESULTS_MAKE, &err) < 0)
        fail_msg("%s", err.text);
    free(path);
    return store;
}

/* fixture_read - a file of the folder; the caller frees it; NULL when it is not there */
static inline char *fixture_read(const char *folder, const char *name)
{
    char *path = text_format("%s/%s", folder, name), *data = NULL;
    size_t length;
    if (text_read_file(&data, &length, path, 64 << 20, NULL) < 0)
        data = NULL;
    free(path);
    return data;
}

#define FIXTURE_AGENTS                                                                             \
    "\"agents\":[{\"name\":\"gemini\",\"command\":[\"{agent}\",\"--init\",\"45ms\"]},"             \
    "{\"name\":\"claude\",\"command\":[\"{agent}\"]},"                                             \
    "{\"name\":\"gpt_pro\",\"command\":[\"{agent}\"]}]"

#define FIXTURE_ARMS                                                                               \
    "\"arms\":[{\"name\":\"sequential\",\"subject\":[\"{reference}\"]},"                           \
    "{\"name\":\"parallel\",\"subject\":[\"{reference}\"]},"                                       \
    "{\"name\":\"sequential-batch\",\"subject\":[\"{reference}\"]}]"

#define FIXTURE_CLAIMS                                                                             \
    "\"claims\":[{\"id\":\"AC1\",\"arm\":\"parallel\",\"quantile\":0.95,\"at_most\":\"50ms\"},"    \
    "{\"id\":\"AC2\",\"faster\":\"parallel\",\"than\":\"sequential\",\"at_least\":3.0},"           \
    "{\"id\":\"AC3\",\"corruption\":\"none\"}]"

__attribute__((unused)) static const char fixture_three_agents[] =
    "{\"name\":\"three-agents\",\"spec_id\":\"SPEC-KIT-933\",\"about\":\"150 ms -> 50 ms\","
    "\"cycles\":100,\"warmup\":5," FIXTURE_AGENTS "," FIXTURE_ARMS "," FIXTURE_CLAIMS "}";

__attribute__((unused)) static const char fixture_cpu_bound[] =
    "{\"name\":\"cpu-bound\",\"cycles\":40,\"warmup\":3,"
    "\"agents\":[{\"name\":\"busy\",\"command\":[\"{agent}\"],\"times\":3}]," FIXTURE_ARMS ","
    "\"claims\":[{\"id\":\"cores\",\"faster\":\"parallel\",\"than\":\"sequential\","
    "\"at_least\":3.0}]}";

__attribute__((unused)) static const char fixture_sweep[] =
    "{\"name\":\"sweep\",\"cycles\":20,\"warmup\":2,"
    "\"agents\":[{\"name\":\"agent\",\"command\":[\"{agent}\"]}],"
    "\"vary\":{\"agents\":[1,2,3,4,6,8]}," FIXTURE_ARMS "}";

static inline bool fixture_have_gnuplot(void)
{
    const char *const argv[] = {"gnuplot", "--version", NULL};
    struct process process;
    struct err err = {0};
    if (process_start(&process, argv, NULL, NULL, -1, &err) < 0)
        return false;
    process_end(&process, 1000000000, NULL);
    return true;
}

#endif
