/* Does every metric of a claim come out of the store as one number per cycle? */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "results/test_synthetic.h"

/* Agents of one cycle: name and the six times after it was asked for; 0: not told. */
struct told {
    const char *name;
    int64_t start, main, own_ready, ready, recorded;
};

static int64_t since(int64_t sent_ns, int64_t ns)
{
    return ns ? sent_ns + ns : 0;
}

static void put(struct synthetic *synthetic, int pair, bool ready, const struct told told[],
                size_t count)
{
    struct cycle_agent agents[8] = {0};
    struct scenario_agent asked[8] = {0};
    int64_t sent_ns = 1000 * CLOCK_NS_PER_S + pair;
    struct cycle cycle = {.index = synthetic->next++,
                          .item = {.pair = pair, .block = pair / 2},
                          .agents = agents,
                          .agent_count = count,
                          .outcome = ready ? CYCLE_READY : CYCLE_FAILED,
                          .sent_ns = sent_ns,
                          .answered_ns = sent_ns + 500,
                          .spawn_time_ns = ready ? 500 : -1,
                          .ready_time_ns = ready ? 400 : -1,
                          .cost = {[SCENARIO_CPU_TIME] = -1, [SCENARIO_PEAK_MEMORY] = -1}};
    for (size_t i = 0; i < count; i++) {
        asked[i].name = (char *)told[i].name;
        agents[i] = (struct cycle_agent){.asked = &asked[i],
                                         .outcome = ready ? CYCLE_READY : CYCLE_FAILED,
                                         .start_ns = since(sent_ns, told[i].start),
                                         .main_ns = since(sent_ns, told[i].main),
                                         .own_ready_ns = since(sent_ns, told[i].own_ready),
                                         .ready_ns = since(sent_ns, told[i].ready),
                                         .recorded_ns = since(sent_ns, told[i].recorded)};
    }
    assert_int_equal(
        results_cycle_begin(synthetic->store, synthetic->run, &cycle, 1, 0, &synthetic->err), 0);
    assert_int_equal(results_cycle_commit(synthetic->store, &synthetic->err), 0);
}

/* NaN stands for not known, and equals itself here. */
static void check(struct synthetic *synthetic, enum scenario_metric metric, const char *agent,
                  const double expected[], size_t count)
{
    const struct results_which which = {0, 0, metric, agent};
    struct results_series series;
    size_t unknown = 0;
    assert_int_equal(
        results_series_load(&series, synthetic->store, synthetic->run, &which, &synthetic->err), 0);
    assert_int_equal(series.n, count);
    for (size_t i = 0; i < count; i++) {
        double value = series.values[i];
        if (value != expected[i] && !(isnan(value) && isnan(expected[i])))
            fail_msg("%s of %s, pair %zu: %g instead of %g", scenario_metric_names[metric],
                     agent ? agent : "all", i, value, expected[i]);
        unknown += isnan(value) != 0;
    }
    assert_int_equal(series.unknown, unknown);
    results_series_release(&series);
}

#define CHECK(metric, agent, ...)                                                                  \
    check(synthetic, metric, agent, (double[]){__VA_ARGS__},                                       \
          sizeof((double[]){__VA_ARGS__}) / sizeof(double))

static const struct told two[] = {{"a", 10, 30, 60, 100, 150}, {"b", 12, 31, 161, 163, 164}};

static void a_phase_is_that_of_the_slowest_agent_or_of_the_named_one(void **state)
{
    struct synthetic *synthetic = *state;
    put(synthetic, 0, true, two, 2);
    CHECK(SCENARIO_SPAWN_TIME, NULL, 500);
    CHECK(SCENARIO_READY_TIME, NULL, 400);
    CHECK(SCENARIO_SENT_TO_START, NULL, 12);
    CHECK(SCENARIO_START_TO_MAIN, NULL, 20);
    CHECK(SCENARIO_MAIN_TO_OWN_READY, NULL, 130);
    CHECK(SCENARIO_OWN_READY_TO_SEEN, NULL, 40);
    CHECK(SCENARIO_START_TO_SEEN, NULL, 151);
    CHECK(SCENARIO_SEEN_TO_RECORDED, NULL, 50);
    CHECK(SCENARIO_SENT_TO_START, "a", 10);
    CHECK(SCENARIO_START_TO_MAIN, "b", 19);
    CHECK(SCENARIO_MAIN_TO_OWN_READY, "a", 30);
    CHECK(SCENARIO_OWN_READY_TO_SEEN, "b", 2);
    CHECK(SCENARIO_START_TO_SEEN, "a", 90);
    CHECK(SCENARIO_SEEN_TO_RECORDED, "b", 1);
    CHECK(SCENARIO_SEEN_TO_RECORDED, "nobody", NAN);
    CHECK(SCENARIO_SPAWN_TIME, "nobody", 500); /* only phases belong to an agent */
}

static void agents_that_share_a_name_count_as_the_slowest_of_them(void **state)
{
    static const struct told three[] = {
        {"a", 1, 2, 3, 4, 5}, {"a", 1, 9, 10, 11, 12}, {"b", 1, 99, 100, 101, 102}};
    struct synthetic *synthetic = *state;
    put(synthetic, 0, true, three, 3);
    CHECK(SCENARIO_START_TO_MAIN, "a", 8);
    CHECK(SCENARIO_START_TO_MAIN, "b", 98);
    CHECK(SCENARIO_START_TO_MAIN, NULL, 98);
}

static void a_time_that_was_not_told_makes_only_its_phases_unknown(void **state)
{
    static const struct told unwitnessed[] = {{"a", 10, 30, 60, 100, 150}, {"b", 12, 0, 0, 163, 0}};
    struct synthetic *synthetic = *state;
    put(synthetic, 0, true, two, 2);
    put(synthetic, 1, true, unwitnessed, 2);
    put(synthetic, 2, false, unwitnessed, 2);
    put(synthetic, 3, true, two, 0); /* no agent was stored */
    CHECK(SCENARIO_SENT_TO_START, NULL, 12, 12, INFINITY, NAN);
    CHECK(SCENARIO_START_TO_SEEN, NULL, 151, 151, INFINITY, NAN);
    CHECK(SCENARIO_START_TO_MAIN, NULL, 20, NAN, INFINITY, NAN);
    CHECK(SCENARIO_MAIN_TO_OWN_READY, NULL, 130, NAN, INFINITY, NAN);
    CHECK(SCENARIO_OWN_READY_TO_SEEN, NULL, 40, NAN, INFINITY, NAN);
    CHECK(SCENARIO_SEEN_TO_RECORDED, NULL, 50, NAN, INFINITY, NAN);
    CHECK(SCENARIO_SEEN_TO_RECORDED, "a", 50, 50, INFINITY, NAN);
    CHECK(SCENARIO_SEEN_TO_RECORDED, "b", 1, NAN, INFINITY, NAN);
}

static void costs_and_throughput_come_from_the_cycle(void **state)
{
    struct synthetic *synthetic = *state;
    synthetic_put(synthetic, &(struct synthetic_cycle){.pair = 0,
                                                       .spawn_ns = 1000000,
                                                       .cpu_ns = 77,
                                                       .peak_bytes = INT64_C(1) << 40});
    synthetic_put(synthetic, &(struct synthetic_cycle){
                                 .pair = 1, .spawn_ns = 3 * CLOCK_NS_PER_S, .outcomes = "rrr"});
    synthetic_put(synthetic, &(struct synthetic_cycle){
                                 .pair = 2, .spawn_ns = -1, .cpu_ns = 5, .peak_bytes = 6});
    CHECK(SCENARIO_CPU_TIME, NULL, 77, NAN, INFINITY);
    CHECK(SCENARIO_PEAK_MEMORY, NULL, 0x1p40, NAN, INFINITY);
    CHECK(SCENARIO_THROUGHPUT, NULL, 2000, 1, 0);
}

static void blocks_stand_beside_their_values_and_a_hole_ends_them(void **state)
{
    static const int pairs[] = {3, 0, 1, 5, 2}, blocks[] = {0, 0, 1, 1};
    const struct results_which which = {0, 0, SCENARIO_START_TO_SEEN, NULL};
    struct synthetic *synthetic = *state;
    struct results_series series;
    for (size_t i = 0; i < 5; i++)
        put(synthetic, pairs[i], true, two, 2);
    assert_int_equal(
        results_series_load(&series, synthetic->store, synthetic->run, &which, &synthetic->err), 0);
    assert_int_equal(series.n, 4); /* pair 4 is missing: 5 does not count */
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(series.blocks[i], blocks[i]);
    results_series_release(&series);
    assert_null(series.values);
    assert_null(series.blocks);
}

static int take_cycle(void *context, const struct results_cycle *cycle)
{
    *(struct results_cycle *)context = *cycle;
    return 0;
}

static int take_agent(void *context, const struct results_agent *agent)
{
    *(struct results_agent *)context = *agent;
    return 0;
}

static void cost_and_strain_come_back_as_they_were_stored(void **state)
{
    static const struct cycle_strain strain = {1, 2, 3, 4, 5, 6};
    struct synthetic *synthetic = *state;
    struct results_cycle cycle;
    struct results_agent agent;
    synthetic_put(synthetic, &(struct synthetic_cycle){.spawn_ns = 9,
                                                       .block = 6,
                                                       .place = 1,
                                                       .cpu_ns = 7,
                                                       .peak_bytes = 8,
                                                       .agent_cpu_ns = 3,
                                                       .strain = &strain});
    synthetic_reopen(synthetic);
    assert_int_equal(
        results_each_cycle(synthetic->store, synthetic->run, take_cycle, &cycle, &synthetic->err),
        0);
    assert_int_equal(results_each_agent(synthetic->store, synthetic->run, 0, take_agent, &agent,
                                        &synthetic->err),
                     0);
    assert_true(cycle.block == 6 && cycle.place == 1);
    assert_true(cycle.cost[SCENARIO_CPU_TIME] == 7 && cycle.cost[SCENARIO_PEAK_MEMORY] == 8);
    assert_memory_equal(&cycle.strain, &strain, sizeof strain);
    assert_true(agent.cpu_ns == 3 && agent.peak_bytes == -1);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, synthetic_new, synthetic_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(a_phase_is_that_of_the_slowest_agent_or_of_the_named_one),
        WITH_STORE(agents_that_share_a_name_count_as_the_slowest_of_them),
        WITH_STORE(a_time_that_was_not_told_makes_only_its_phases_unknown),
        WITH_STORE(costs_and_throughput_come_from_the_cycle),
        WITH_STORE(blocks_stand_beside_their_values_and_a_hole_ends_them),
        WITH_STORE(cost_and_strain_come_back_as_they_were_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
