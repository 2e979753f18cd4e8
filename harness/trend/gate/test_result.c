/* Does the exit code say what was found, and is a baseline that is none refused? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "results/test_synthetic.h"
#include "trend/gate/gating.h"

/* Invented pairs of a derived scenario; zero members: 60 ordinary pairs of 10 ms. */
struct invented {
    double factor; /* of the candidate; 0 means 1 */
    int pairs, baseline_fails, candidate_fails, both_fail;
    const char *finding_baseline, *finding_candidate;
    const char *finding_shared; /* of neither arm */
    int idle;                   /* says that it starts nothing: 1 the baseline, 2 the candidate */
};

static void put_pair(struct synthetic *synthetic, const struct invented *invented, int i)
{
    double factor = invented->factor > 0 ? invented->factor : 1;
    int rank = i * 7 % 60; /* scattered, not in a row */
    bool both = rank < invented->both_fail;
    for (int arm = 0; arm < 2; arm++) {
        double noise = 1 + 0.002 * (i * (arm ? 5 : 8) % 13);
        struct synthetic_cycle cycle = {
            .pair = i, .arm = arm, .spawn_ns = (int64_t)(1e7 * noise * (arm ? factor : 1))};
        if (both || (rank < (arm ? invented->candidate_fails : invented->baseline_fails)))
            cycle.spawn_ns = 0;
        if (i == 3)
            cycle.finding = arm ? invented->finding_candidate : invented->finding_baseline;
        synthetic_put(synthetic, &cycle);
    }
}

static struct gate_result judge(void **state, const struct invented *invented,
                                const struct gate_manners *manners)
{
    struct synthetic *synthetic = *state;
    struct scenario scenario = {.arm_count = 2, .look_count = 1, .value_count = 1};
    struct gate_result result = {.asked = {.metrics = {SCENARIO_SPAWN_TIME},
                                           .metric_count = 1,
                                           .quantiles = {0.5},
                                           .quantile_count = 1,
                                           .tolerance = 0.05,
                                           .alpha = 0.01,
                                           .power = 0.8,
                                           .looks = {50},
                                           .look_count = 1}};
    int pairs = invented->pairs ? invented->pairs : 60;
    synthetic_begin(synthetic, "{}");
    if (invented->idle)
        assert_int_equal(results_arm_put(synthetic->store, synthetic->run,
                                         &(struct results_arm){.index = invented->idle - 1,
                                                               .name = "x",
                                                               .command = (char *)"x",
                                                               .version = (char *)"1"},
                                         &synthetic->err),
                         0);
    for (int i = 0; i < pairs && invented->pairs >= 0; i++)
        put_pair(synthetic, invented, i);
    if (invented->finding_shared)
        assert_int_equal(results_finding_put(synthetic->store, synthetic->run, -1, -1, "rule",
                                             invented->finding_shared, "", "of a shared database",
                                             &synthetic->err),
                         0);
    assert_int_equal(
        gate_paired(&result, &scenario, synthetic->store, synthetic->run, manners, &synthetic->err),
        0);
    gate_settle(&result, manners);
    return result;
}

static void expect(void **state, const struct invented *invented, int code, const char *verdict)
{
    const struct gate_manners strict = {0};
    struct gate_result result = judge(state, invented, &strict);
    if (result.code != code)
        fail_msg("exit %d: %s %s", result.code, gate_verdict(&result), result.reason);
    assert_string_equal(gate_verdict(&result), verdict);
    gate_result_release(&result);
}

static void the_exit_code_follows_from_the_gravest(void **state)
{
    expect(state, &(struct invented){0}, 0, "no regression");
    expect(state, &(struct invented){.factor = 1.5}, 1, "regression");
    expect(state, &(struct invented){.factor = 0.5}, 0, "improvement");
    expect(state, &(struct invented){.factor = 1.05}, 3, "inconclusive");
    expect(state, &(struct invented){.pairs = 49}, 3, "inconclusive");
    expect(state, &(struct invented){.finding_candidate = "integrity"}, 4, "integrity broken");
    expect(state, &(struct invented){.finding_candidate = "conduct", .factor = 0.1}, 4,
           "misconduct");
    expect(state, &(struct invented){.finding_candidate = "integrity", .factor = 9}, 4,
           "integrity broken");
}

static void a_baseline_that_is_none_is_refused(void **state)
{
    expect(state, &(struct invented){.finding_baseline = "integrity"}, 5, "could not compare");
    expect(state, &(struct invented){.baseline_fails = 60}, 5, "could not compare");
    expect(state, &(struct invented){.baseline_fails = 10}, 5, "could not compare");
    expect(state, &(struct invented){.both_fail = 60}, 5, "could not compare");
    expect(state, &(struct invented){.pairs = -1}, 5, "could not compare");
}

/* A program that starts nothing is no faster spawner, and one that never works no slower one. */
static void what_agents_of_both_arms_broke_is_charged_to_neither(void **state)
{
    expect(state, &(struct invented){.finding_shared = "integrity"}, 5, "could not compare");
    expect(state,
           &(struct invented){.finding_shared = "integrity", .finding_candidate = "integrity"}, 4,
           "integrity broken");
}

static void what_starts_nothing_is_not_compared(void **state)
{
    expect(state, &(struct invented){.candidate_fails = 60}, 5, "could not compare");
    expect(state, &(struct invented){.factor = 0.1, .idle = 1}, 5, "could not compare");
    expect(state, &(struct invented){.factor = 0.1, .idle = 2}, 5, "could not compare");
}

static void a_regression_stands_beside_a_failing_baseline(void **state)
{
    expect(state, &(struct invented){.baseline_fails = 5, .candidate_fails = 58}, 1, "regression");
}

static void manners_soften_all_but_integrity_and_comparability(void **state)
{
    const struct gate_manners advisory = {.advisory = true}, pass = {.inconclusive_passes = true};
    static const struct {
        struct invented invented;
        int advisory, pass;
    } cases[] = {
        {{.factor = 1.5}, 0, 1},
        {{.factor = 1.05}, 0, 0},
        {{.finding_candidate = "integrity"}, 4, 4},
        {{.baseline_fails = 60}, 5, 5},
    };
    for (size_t i = 0; i < 4; i++) {
        struct gate_result result = judge(state, &cases[i].invented, &advisory);
        assert_int_equal(result.code, cases[i].advisory);
        gate_result_release(&result);
        result = judge(state, &cases[i].invented, &pass);
        assert_int_equal(result.code, cases[i].pass);
        gate_result_release(&result);
    }
}

static void a_lossy_baseline_may_be_allowed_and_is_marked(void **state)
{
    const struct gate_manners allow = {.allow_mismatch = true};
    struct gate_result result =
        judge(state, &(struct invented){.finding_baseline = "integrity"}, &allow);
    assert_int_equal(result.code, 0);
    assert_non_null(strstr(result.marks.data, "marked: the baseline has 1 findings"));
    gate_result_release(&result);
}

/* ---- the noise floor ---- */

static void store_calibration(struct synthetic *synthetic, const char *machine,
                              const char *scenario, const char *rest)
{
    char *text = text_format("{\"schema\": \"spawnbench.calibration.v1\", \"machine\": \"%s\","
                             " \"scenario\": \"%s\", \"metrics\": [%s]}",
                             machine, scenario, rest);
    struct results_document document = {
        .kind = RESULTS_CALIBRATION, .name = scenario, .text = text};
    assert_int_equal(results_document_put(synthetic->store, &document, &synthetic->err), 0);
    free(text);
}

static bool is_refused(struct synthetic *synthetic, double tolerance, const char *machine,
                       const char *scenario)
{
    struct gate_result result = {.asked = {.metrics = {SCENARIO_SPAWN_TIME},
                                           .metric_count = 1,
                                           .quantiles = {0.5},
                                           .quantile_count = 1,
                                           .tolerance = tolerance}};
    bool refused;
    assert_int_equal(
        gate_check_floor(&result, synthetic->store, machine, scenario, &synthetic->err), 0);
    refused = result.reason[0] != '\0';
    if (refused)
        assert_non_null(strstr(result.reason, "noise floor of spawn_time p50"));
    gate_result_release(&result);
    return refused;
}

#define FLOOR(share)                                                                               \
    "{\"metric\": \"spawn_time\", \"statistic\": \"p50\", \"noise_floor\": " share "}"

static void a_tolerance_below_the_floor_is_refused(void **state)
{
    struct synthetic *synthetic = *state;
    assert_false(is_refused(synthetic, 0.001, "here", "s")); /* nothing is known */
    store_calibration(synthetic, "here", "s", FLOOR("0.02"));
    assert_true(is_refused(synthetic, 0.019, "here", "s"));
    assert_false(is_refused(synthetic, 0.02, "here", "s"));
    assert_false(is_refused(synthetic, 0.001, "elsewhere", "s"));
    assert_true(is_refused(synthetic, 0.019, "here", "another")); /* better than nothing */
    store_calibration(synthetic, "here", "another", FLOOR("0.5"));
    assert_false(is_refused(synthetic, 0.03, "here", "s")); /* its own counts */
    assert_true(is_refused(synthetic, 0.03, "here", "another"));
    store_calibration(synthetic, "here", "s", FLOOR("0.01")); /* the newest counts */
    assert_false(is_refused(synthetic, 0.019, "here", "s"));
    store_calibration(synthetic, "here", "s",
                      "{\"metric\": \"spawn_time\", \"statistic\": \"p95\", \"noise_floor\": 0.9}");
    assert_false(is_refused(synthetic, 0.001, "here", "s"));
}

static void a_calibration_nobody_can_read_is_marked(void **state)
{
    struct synthetic *synthetic = *state;
    struct results_document document = {
        .kind = RESULTS_CALIBRATION, .name = "s", .text = "{\"schema\": \"v0\"}"};
    struct gate_result result = {0};
    assert_int_equal(results_document_put(synthetic->store, &document, &synthetic->err), 0);
    assert_int_equal(gate_check_floor(&result, synthetic->store, "here", "s", &synthetic->err), 0);
    assert_string_equal(result.reason, "");
    assert_non_null(strstr(result.marks.data, "cannot be read"));
    gate_result_release(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_exit_code_follows_from_the_gravest, synthetic_new,
                                        synthetic_free),
        cmocka_unit_test_setup_teardown(a_baseline_that_is_none_is_refused, synthetic_new,
                                        synthetic_free),
        cmocka_unit_test_setup_teardown(what_agents_of_both_arms_broke_is_charged_to_neither,
                                        synthetic_new, synthetic_free),
        cmocka_unit_test_setup_teardown(what_starts_nothing_is_not_compared, synthetic_new,
                                        synthetic_free),
        cmocka_unit_test_setup_teardown(a_regression_stands_beside_a_failing_baseline,
                                        synthetic_new, synthetic_free),
        cmocka_unit_test_setup_teardown(manners_soften_all_but_integrity_and_comparability,
                                        synthetic_new, synthetic_free),
        cmocka_unit_test_setup_teardown(a_lossy_baseline_may_be_allowed_and_is_marked,
                                        synthetic_new, synthetic_free),
        cmocka_unit_test_setup_teardown(a_tolerance_below_the_floor_is_refused, synthetic_new,
                                        synthetic_free),
        cmocka_unit_test_setup_teardown(a_calibration_nobody_can_read_is_marked, synthetic_new,
                                        synthetic_free),
    };
    return cmocka_run_group_tests_name("trend/gate/result", tests, NULL, NULL);
}
