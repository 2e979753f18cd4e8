/* Runs whose times are given by a formula, and what the figures are drawn from. */
#ifndef REPORT_TEST_INVENTED_H
#define REPORT_TEST_INVENTED_H

#include "report/figure.h"
#include "report/test_fixture.h"

#define BASE "\"warmup\":0,\"agents\":[{\"name\":\"a\",\"command\":[\"/bin/true\"]}],"
#define PAIR                                                                                       \
    "\"arms\":[{\"name\":\"sequential\",\"subject\":[\"x\"]},{\"name\":\"parallel\",\"subject\":"  \
    "[\"x\"]}]"
#define TWICE                                                                                      \
    "\"claims\":[{\"id\":\"fast\",\"faster\":\"parallel\",\"than\":\"sequential\",\"at_least\":2}" \
    ",{\"id\":\"p90\",\"arm\":\"parallel\",\"quantile\":0.9,\"at_most\":\"5ms\"}]"

/* An invented run: how long each cycle took; 0 or less: it failed. */
typedef double invented_ns(int arm, int value, int pair);

static struct results *store;
static char *folder;
static struct facts facts;

static inline void put_cycle(const struct scenario *scenario, int64_t run,
                             const struct plan_item *item, int64_t index, double ns)
{
    struct cycle cycle = {.index = index, .item = *item, .sent_ns = (index + 1) * 1000000000};
    struct err err = {0};
    cycle.agent_count = scenario->values[item->value];
    cycle.agents = xcalloc(cycle.agent_count, sizeof *cycle.agents);
    cycle.outcome = ns > 0 ? CYCLE_READY : CYCLE_FAILED;
    cycle.spawn_time_ns = cycle.ready_time_ns = ns > 0 ? (int64_t)ns : -1;
    cycle.answered_ns = cycle.finished_ns = cycle.sent_ns + (int64_t)fabs(ns);
    for (size_t i = 0; i < cycle.agent_count; i++) {
        struct cycle_agent *agent = &cycle.agents[i];
        agent->asked = &scenario->agents[scenario->batch[i]];
        agent->outcome = cycle.outcome;
        agent->start_ns = cycle.sent_ns + 200000;
        agent->ready_ns = ns > 0 ? cycle.answered_ns : 0;
    }
    snprintf(cycle.consensus, sizeof cycle.consensus, "agreed");
    if (results_cycle_begin(store, run, &cycle, 1, 0, &err) < 0 ||
        results_cycle_commit(store, &err) < 0)
        fail_msg("%s", err.text);
    free(cycle.agents);
}

/* The facts of such a run, until `forget`. */
static inline void invent(const char *json, invented_ns *took)
{
    struct scenario scenario;
    struct results_run run = {.scenario_path = (char *)"x", .options_json = (char *)"{}"};
    struct plan plan;
    struct err err = {0};
    folder = fixture_folder();
    store = fixture_store(folder);
    if (scenario_parse(&scenario, json, strlen(json), &err) < 0)
        fail_msg("%s", err.text);
    plan_build(&plan, &scenario, 7);
    run.scenario_name = scenario.name;
    run.scenario_text = scenario.source;
    run.environment_json = (char *)"{\"cpus_online\":2}";
    run.command = run.version = (char *)"";
    run.planned = plan.count;
    assert_int_equal(results_run_begin(store, &run, &err), 0);
    for (size_t i = 0; i < plan.count; i++) {
        const struct plan_item *item = &plan.items[i];
        put_cycle(&scenario, run.id, item, (int64_t)i, took(item->arm, item->value, item->pair));
    }
    assert_int_equal(results_run_end(store, run.id, true, "", &err), 0);
    if (facts_load(&facts, store, run.id, &err) < 0)
        fail_msg("%s", err.text);
    plan_release(&plan);
    scenario_release(&scenario);
}

static inline void forget(void)
{
    facts_release(&facts);
    results_close(store);
    fixture_remove(folder);
}

/* ---- invented times ---- */

static inline double thrice(int arm, int value, int pair)
{
    (void)value;
    return arm == 1 ? 1e6 : pair == 1300 ? 9e6 : 3e6 + pair * 7 % 20; /* in no order */
}

/* In pair 2 the fast one fails, in pair 4 the slow one. */
static inline double failing(int arm, int value, int pair)
{
    return (pair == 2 && arm == 1) || (pair == 4 && arm == 0) ? -1e6 : thrice(arm, value, pair);
}

static inline double never(int arm, int value, int pair)
{
    (void)arm, (void)value, (void)pair;
    return -1e6;
}

static inline double constant(int arm, int value, int pair)
{
    (void)arm, (void)value, (void)pair;
    return 2e6;
}

static inline double two_heaps(int arm, int value, int pair)
{
    double jitter = 1 + 0.01 * ((pair * 7919 % 101) / 101.0);
    return (arm == 0 ? 3e6 : pair * 31 % 10 < 3 ? 2e6 : 1e6) * jitter * (value + 1);
}

#endif
