/* Does a plan promise what judge/STATISTICS.md 5 computed, and do its chances add up? */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/stats/stats.h"

#define ALPHA 0.05

static struct stats_power power_of(const int n[], size_t looks, double p, double bad_share)
{
    struct stats_plan plan;
    stats_plan_looks(&plan, n, looks, p, ALPHA);
    return stats_plan_power(&plan, n, bad_share);
}

/* The tables of judge/STATISTICS.md 5 are printed in whole or tenth per cents. */
static void assert_near(double got, double wanted, double unit)
{
    if (!(fabs(got - wanted) <= 0.5001 * unit))
        fail_msg("%g is not %g", got, wanted);
}

static void a_single_look_is_a_binomial_tail(void **state)
{
    static const int n[] = {100};
    struct stats_power got = power_of(n, 1, 0.95, 0.01);
    (void)state;
    assert_near(got.support, 0.74, 0.01);
    assert_true(got.mean_n == 100);
    assert_near(power_of(n, 1, 0.95, 0.02).support, 0.40, 0.01);
    assert_near(power_of(n, 1, 0.95, 0.10).refute, 0.55, 0.01);
    got = power_of(n, 1, 0.95, 0.05);
    assert_near(got.support, 0.037, 0.001);
    assert_near(got.refute, 0.028, 0.001);
}

static void looks_in_between_save_cycles(void **state)
{
    static const int n[] = {100, 200, 400};
    struct stats_power got = power_of(n, 3, 0.95, 0.02);
    (void)state;
    assert_near(got.support, 0.94, 0.01);
    assert_near(got.mean_n, 297, 1);
    got = power_of(n, 3, 0.95, 0.01);
    assert_near(got.support, 1.00, 0.01);
    assert_near(got.mean_n, 190, 1);
}

static void errors_at_the_boundary_stay_below_alpha(void **state)
{
    static const int n[] = {100, 200, 400};
    struct stats_power got = power_of(n, 3, 0.95, 0.05);
    (void)state;
    assert_near(got.support, 0.044, 0.001);
    assert_near(got.refute, 0.043, 0.001);
    got = power_of(n, 3, 0.5, 0.5);
    assert_near(got.support, 0.046, 0.001);
    assert_near(got.refute, 0.046, 0.001);
}

static void certain_shares_give_certain_verdicts(void **state)
{
    static const int n[] = {59, 118};
    struct stats_power got = power_of(n, 2, 0.95, 1);
    (void)state;
    assert_near(got.refute, 1, 1e-9);
    assert_true(got.support == 0 && got.mean_n == 59);
    got = power_of(n, 2, 0.95, 0);
    assert_near(got.support, 1, 1e-9);
    assert_true(got.refute == 0 && got.mean_n == 118); /* half of alpha is not enough at 59 */
    for (int step = 0; step <= 16; step++) {
        got = power_of(n, 2, 0.5, step / 16.0);
        assert_true(got.support >= 0 && got.refute >= 0 && got.support + got.refute <= 1 + 1e-9);
        assert_true(got.mean_n >= 59 && got.mean_n <= 118);
    }
}

static void nonsense_has_no_power(void **state)
{
    static const int n[] = {100};
    (void)state;
    assert_true(isnan(power_of(n, 1, 0.95, -0.1).support));
    assert_true(isnan(power_of(n, 1, 0.95, 1.1).refute));
    assert_true(isnan(power_of(n, 1, 0.95, NAN).mean_n));
    assert_true(isnan(power_of(n, 0, 0.95, 0.5).mean_n));
}

/* By the definition: the power of the single look at n. */
static double power_at(size_t n, double p, double bad_share)
{
    const int looks[] = {(int)n};
    return power_of(looks, 1, p, bad_share).support;
}

static void cycles_needed_is_the_first_that_reaches_the_power(void **state)
{
    static const double shares[] = {0, 0.005, 0.01, 0.02, 0.03};
    (void)state;
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        size_t got = stats_cycles_needed(0.95, shares[i], 0.8, ALPHA), first = 1;
        while (power_at(first, 0.95, shares[i]) < 0.8)
            first++;
        assert_int_equal(got, first);
    }
}

static void cycles_needed_agrees_with_the_table(void **state)
{
    (void)state;
    assert_int_equal(stats_cycles_needed(0.95, 0, 0.8, ALPHA), 59);
    assert_int_equal(stats_cycles_needed(0.99, 0, 0.8, ALPHA), 299);
    assert_int_equal(stats_cycles_needed(0.5, 0, 1, ALPHA), 5);
    /* 2.2: 74 % at n = 59 and .5 %, 87 % at 124 and 1 %, 94 % at 400 and 2 % */
    assert_int_equal(stats_cycles_needed(0.95, 0.005, 0.74, ALPHA), 59);
    assert_int_equal(stats_cycles_needed(0.95, 0.01, 0.86, ALPHA), 124);
    assert_true(stats_cycles_needed(0.95, 0.02, 0.935, ALPHA) <= 400);
    assert_true(stats_cycles_needed(0.95, 0.02, 0.64, ALPHA) <= 200);
    assert_true(stats_cycles_needed(0.95, 0.03, 0.60, ALPHA) > 300);
}

static void claims_no_run_can_support(void **state)
{
    (void)state;
    assert_int_equal(stats_cycles_needed(0.95, 0.05, 0.8, ALPHA), 0);
    assert_int_equal(stats_cycles_needed(0.95, 0.5, 0.8, ALPHA), 0);
    assert_int_equal(stats_cycles_needed(0.95, 0.0499, 0.8, ALPHA), 0); /* a million is too few */
    assert_int_equal(stats_cycles_needed(0.95, 0.01, 1.5, ALPHA), 0);
    assert_int_equal(stats_cycles_needed(1, 0, 0.8, ALPHA), 0);
    assert_int_equal(stats_cycles_needed(0.95, NAN, 0.8, ALPHA), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_look_is_a_binomial_tail),
        cmocka_unit_test(looks_in_between_save_cycles),
        cmocka_unit_test(errors_at_the_boundary_stay_below_alpha),
        cmocka_unit_test(certain_shares_give_certain_verdicts),
        cmocka_unit_test(nonsense_has_no_power),
        cmocka_unit_test(cycles_needed_is_the_first_that_reaches_the_power),
        cmocka_unit_test(cycles_needed_agrees_with_the_table),
        cmocka_unit_test(claims_no_run_can_support),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
