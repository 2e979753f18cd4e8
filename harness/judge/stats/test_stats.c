/* Are the statistics defined at the edges: nothing, one, all equal, failed cycles? */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/stats/stats.h"

static void nothing_is_not_a_number(void **state)
{
    struct stats_summary summary = stats_summarise(NULL, 0);
    struct stats_bounds bounds = stats_quantile_bounds(NULL, 0, 0.95, 1, 0.05, 0.05);
    (void)state;
    assert_int_equal(summary.n, 0);
    assert_true(isnan(summary.mean) && isnan(summary.median) && isnan(summary.p95));
    assert_false(bounds.has_lower || bounds.has_upper);
    bounds = stats_median_bounds(NULL, 0, 1, 0.05, 0.05);
    assert_false(bounds.has_lower || bounds.has_upper);
    assert_true(stats_rate_upper(0, 0, 0.95) == 1);
}

static void a_failed_cycle_is_infinitely_slow_and_never_dropped(void **state)
{
    double x[] = {3, INFINITY, 1, 2};
    struct stats_summary summary;
    (void)state;
    stats_sort(x, 4);
    summary = stats_summarise(x, 4);
    assert_int_equal(summary.failed, 1);
    assert_true(summary.mean == 2);
    assert_true(summary.median == 2.5);
    assert_true(isinf(summary.p95) && isinf(summary.max));
    assert_true(stats_quantile(x, 4, 2.0 / 3) == 3); /* exactly on the third: no NaN from 0 * inf */
}

static void p95_has_a_bound_from_59_cycles_on(void **state)
{
    double x[59];
    (void)state;
    for (int i = 0; i < 59; i++)
        x[i] = i;
    assert_int_equal(stats_minimum_n(0.95, 0.05), 59);
    assert_int_equal(stats_minimum_n(0.5, 0.05), 5);
    assert_false(stats_quantile_bounds(x, 58, 0.95, 1, 0.05, 0.05).has_upper);
    assert_true(stats_quantile_bounds(x, 59, 0.95, 1, 0.05, 0.05).has_upper);
}

static void bounds_agree_with_the_test(void **state)
{
    double x[200];
    (void)state;
    for (int i = 0; i < 200; i++)
        x[i] = i;
    /* 4 above the limit of 200 support p95, 5 do not: the bound is X(196) */
    assert_true(stats_p_support(4, 200, 0.95, 1) <= 0.05);
    assert_true(stats_p_support(5, 200, 0.95, 1) > 0.05);
    assert_true(stats_quantile_bounds(x, 200, 0.95, 1, 0.05, 0.05).upper == 195);
}

static void a_pair_in_which_the_fast_arm_failed_counts_against_it(void **state)
{
    double slow[] = {10, INFINITY, 10, INFINITY}, fast[] = {5, 5, INFINITY, INFINITY}, out[4];
    (void)state;
    stats_ratios(out, slow, fast, 4);
    assert_true(out[0] == 2 && isinf(out[1]) && out[2] == 0 && out[3] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_not_a_number),
        cmocka_unit_test(a_failed_cycle_is_infinitely_slow_and_never_dropped),
        cmocka_unit_test(p95_has_a_bound_from_59_cycles_on),
        cmocka_unit_test(bounds_agree_with_the_test),
        cmocka_unit_test(a_pair_in_which_the_fast_arm_failed_counts_against_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
