/* Does a calibration measure the noise that was put in, and refuse to say what it cannot? */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gsl/gsl_randist.h>

#include "trend/doctor/calibration.h"

#define PAIRS 100

/* What each sitting has: noise of each cycle, a level of its own of the candidate, a step. */
struct noise {
    double sigma, sitting, step, slower;
};

static void add_sittings(struct calibration *calibration, size_t count, struct noise noise,
                         double quantile)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    double baseline[PAIRS], candidate[PAIRS];
    const struct gate_metric metric = {.name = "t",
                                       .quantile = quantile,
                                       .baseline = baseline,
                                       .candidate = candidate,
                                       .n = PAIRS};
    gsl_rng_set(rng, 5);
    calibration->pairs = PAIRS;
    calibration->sittings = count;
    for (size_t s = 0; s < count; s++) {
        double level = gsl_ran_gaussian(rng, noise.sitting) + noise.slower;
        for (size_t i = 0; i < PAIRS; i++) {
            baseline[i] = 1e6 * exp(gsl_ran_gaussian(rng, noise.sigma / M_SQRT2));
            candidate[i] = 1e6 * exp(gsl_ran_gaussian(rng, noise.sigma / M_SQRT2) + level);
            if (noise.step > 0) {
                baseline[i] = noise.step * round(baseline[i] / noise.step);
                candidate[i] = noise.step * round(candidate[i] / noise.step);
            }
        }
        calibration_add(calibration, SCENARIO_SPAWN_TIME, 3, &metric);
    }
    gsl_rng_free(rng);
}

static void expect_within(double value, double low, double high, const char *what)
{
    if (!(value >= low && value <= high))
        fail_msg("%s is %g, not within %g .. %g", what, value, low, high);
}

/* sigma .05, 100 pairs: the standard error is 1.2533 .05 / 10 = .63 % */
static void plain_noise_comes_back_as_it_was_put_in(void **state)
{
    struct calibration calibration = {.position_p = 1};
    struct err err = {0};
    const struct calibration_row *row;
    (void)state;
    add_sittings(&calibration, 40, (struct noise){.sigma = 0.05}, 0.5);
    assert_int_equal(calibration_finish(&calibration, &err), 0);
    assert_int_equal(calibration.count, 1);
    row = &calibration.rows[0];
    assert_int_equal(row->gates, 40);
    assert_int_equal(row->false_alarms, 0);
    expect_within(row->false_alarms_upper, 0.07, 0.073, "bound of 0 in 40");
    expect_within(row->noise_floor, 0.009, 0.02, "floor");
    assert_true(row->largest >= row->noise_floor);
    expect_within(row->sigma_log, 0.04, 0.06, "sigma");
    /* the gate's tau allows for its own doubt: it expects more than independent pairs do */
    expect_within(row->spread, 0.4, 1.3, "spread");
    assert_false(calibration_spread_wide(row));
    /* (2.326 + .842) .63 % = 2.0 % at 100 pairs that are independent, half of that
     * with four times as many */
    expect_within(row->resolvable[1], 0.015, 0.035, "resolvable with 100");
    expect_within(row->resolvable[3] / row->resolvable[1], 0.49, 0.51, "with 400 over with 100");
    expect_within(row->pairs[1], 60, 320, "pairs for 2 %");
    expect_within(row->pairs[0] / row->pairs[1], 3.8, 4.1, "1 % over 2 %");
    assert_true(calibration.position_p == 1); /* none was told */
    calibration_release(&calibration);
}

static void sittings_that_differ_widen_tau_and_floor(void **state)
{
    struct calibration calm = {0}, moody = {0};
    struct err err = {0};
    (void)state;
    add_sittings(&calm, 20, (struct noise){.sigma = 0.05}, 0.5);
    add_sittings(&moody, 20, (struct noise){.sigma = 0.05, .sitting = 0.03}, 0.5);
    assert_int_equal(calibration_finish(&calm, &err), 0);
    assert_int_equal(calibration_finish(&moody, &err), 0);
    assert_true(calibration_spread_wide(&moody.rows[0]));
    expect_within(moody.rows[0].spread, 2, 8, "spread");
    assert_true(moody.rows[0].tau > 4 * calm.rows[0].tau);
    expect_within(moody.rows[0].noise_floor, 0.04, 0.12, "floor");
    assert_true(moody.rows[0].resolvable[1] > 3 * calm.rows[0].resolvable[1]);
    calibration_release(&calm);
    calibration_release(&moody);
}

/* A rule that cannot be seen to fail is none: a candidate that is slower is no A/A. */
static void what_is_no_a_a_is_full_of_false_alarms(void **state)
{
    struct calibration calibration = {0};
    struct err err = {0};
    (void)state;
    add_sittings(&calibration, 20, (struct noise){.sigma = 0.05, .slower = 0.2}, 0.5);
    assert_int_equal(calibration_finish(&calibration, &err), 0);
    assert_int_equal(calibration.rows[0].false_alarms, 20);
    expect_within(calibration.rows[0].noise_floor, 0.2, 0.3, "floor");
    calibration_release(&calibration);
}

static void a_coarse_metric_resolves_no_more_than_its_steps(void **state)
{
    struct calibration calibration = {0};
    struct err err = {0};
    (void)state;
    add_sittings(&calibration, 20, (struct noise){.sigma = 0.05, .step = 2e5}, 0.5);
    assert_int_equal(calibration_finish(&calibration, &err), 0);
    expect_within(calibration.rows[0].resolution, 0.19, 0.21, "resolution");
    assert_true(calibration.rows[0].noise_floor >= calibration.rows[0].resolution);
    assert_true(calibration.rows[0].resolvable[3] >= calibration.rows[0].resolution);
    assert_true(isinf(calibration.rows[0].pairs[3]));
    calibration_release(&calibration);
}

static void tails_are_calibrated_too(void **state)
{
    struct calibration calibration = {0};
    struct err err = {0};
    (void)state;
    add_sittings(&calibration, 20, (struct noise){.sigma = 0.05}, 0.5);
    add_sittings(&calibration, 20, (struct noise){.sigma = 0.05}, 0.95);
    assert_int_equal(calibration_finish(&calibration, &err), 0);
    assert_int_equal(calibration.count, 2);
    assert_true(calibration.rows[0].quantile == 0.5 && calibration.rows[1].quantile == 0.95);
    assert_true(calibration.rows[1].noise_floor > calibration.rows[0].noise_floor);
    assert_int_equal(calibration.rows[1].false_alarms, 0);
    assert_true(isinf(calibration.rows[1].resolvable[0])); /* 5 cycles above p95 convict nobody */
    assert_true(isfinite(calibration.rows[1].resolvable[1]));
    expect_within(calibration.rows[1].pairs[3], 87, 200, "pairs for 10 % of a p95"); /* 7 bad */
    expect_within(calibration.rows[0].pairs[3], 7, 20, "pairs for 10 % of a median");
    calibration_release(&calibration);
}

static void too_few_sittings_and_unknown_metrics_are_refused(void **state)
{
    struct calibration calibration = {0};
    struct err err = {0};
    double values[PAIRS];
    const struct gate_metric unknown = {
        .name = "t", .quantile = 0.5, .baseline = values, .candidate = values, .n = PAIRS};
    (void)state;
    for (size_t i = 0; i < PAIRS; i++)
        values[i] = i == 50 ? NAN : 1e6;
    add_sittings(&calibration, 4, (struct noise){.sigma = 0.05}, 0.5);
    assert_int_equal(calibration_finish(&calibration, &err), -1);
    assert_non_null(strstr(err.text, "too few"));
    calibration_release(&calibration);
    for (int i = 0; i < 9; i++)
        calibration_add(&calibration, SCENARIO_CPU_TIME, 3, &unknown);
    assert_int_equal(calibration_finish(&calibration, &err), -1);
    assert_non_null(strstr(err.text, "no metric was known"));
    calibration_release(&calibration);
    assert_int_equal(calibration_finish(&calibration, &err), -1);
}

/* Failures on both sides, all times equal: defined, and nothing crashes. */
static void strange_sittings_are_defined(void **state)
{
    struct calibration calibration = {.pairs = PAIRS};
    struct err err = {0};
    double values[PAIRS], failed[PAIRS];
    const struct gate_metric same = {
        .name = "t", .quantile = 0.5, .baseline = values, .candidate = values, .n = PAIRS};
    const struct gate_metric dead = {
        .name = "t", .quantile = 0.95, .baseline = failed, .candidate = failed, .n = PAIRS};
    (void)state;
    for (size_t i = 0; i < PAIRS; i++) {
        values[i] = 1e6;
        failed[i] = INFINITY;
    }
    for (int i = 0; i < 6; i++) {
        calibration_add(&calibration, SCENARIO_SPAWN_TIME, 3, &same);
        calibration_add(&calibration, SCENARIO_SPAWN_TIME, 3, &dead);
    }
    assert_int_equal(calibration_finish(&calibration, &err), 0);
    assert_true(calibration.rows[0].noise_floor == 0);
    char *text = calibration_write(&calibration);
    assert_non_null(strstr(text, "\"noise_floor\""));
    free(text);
    calibration_release(&calibration);
}

static void a_document_comes_back_and_garbage_does_not(void **state)
{
    static const char no_machine[] = "{\"schema\":\"spawnbench.calibration.v1\",\"machine\":1,"
                                     "\"scenario\":\"x\",\"metrics\":[]}";
    static const char *const garbage[] = {"", "{}", "[]",
                                          "{\"schema\":\"spawnbench.calibration.v2\"}", no_machine};
    struct calibration calibration = {.made_wall_ns = 1700000000000000001, .fit = true}, back;
    struct err err = {0};
    char *text;
    (void)state;
    snprintf(calibration.machine, sizeof calibration.machine, "0123456789abcdef");
    calibration.scenario = strdup("a");
    calibration.arm = strdup("b");
    calibration.first_slower = 60;
    calibration.positions = 100;
    add_sittings(&calibration, 20, (struct noise){.sigma = 0.05}, 0.5);
    assert_int_equal(calibration_finish(&calibration, &err), 0);
    expect_within(calibration.position_p, 0.03, 0.06, "60 of 100");
    text = calibration_write(&calibration);
    assert_int_equal(calibration_read(&back, text, &err), 0);
    assert_string_equal(back.machine, calibration.machine);
    assert_true(back.made_wall_ns == calibration.made_wall_ns);
    assert_int_equal(back.sittings, 20);
    assert_true(back.rows[0].noise_floor == calibration.rows[0].noise_floor);
    assert_true(back.rows[0].resolvable[2] == calibration.rows[0].resolvable[2]);
    assert_true(back.rows[0].pairs[2] == calibration.rows[0].pairs[2]);
    assert_true(back.fit);
    assert_true(back.rows[0].quantile == 0.5);
    assert_non_null(strstr(text, "\"statistic\":\"p50\"")); /* as the gate calls it */
    calibration_release(&back);
    free(text);
    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++)
        assert_int_equal(calibration_read(&back, garbage[i], &err), -1);
    calibration_release(&calibration);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_noise_comes_back_as_it_was_put_in),
        cmocka_unit_test(sittings_that_differ_widen_tau_and_floor),
        cmocka_unit_test(what_is_no_a_a_is_full_of_false_alarms),
        cmocka_unit_test(a_coarse_metric_resolves_no_more_than_its_steps),
        cmocka_unit_test(tails_are_calibrated_too),
        cmocka_unit_test(too_few_sittings_and_unknown_metrics_are_refused),
        cmocka_unit_test(strange_sittings_are_defined),
        cmocka_unit_test(a_document_comes_back_and_garbage_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
