/* Are drift, outliers and two modes found where they are, and nowhere else? */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/stats/anomalies.h"

static void too_few_samples_raise_no_flag(void **state)
{
    static const double x[] = {5, 1, 900, 2, 4};
    (void)state;
    for (size_t n = 0; n <= 5; n++) {
        struct stats_drift drift = stats_find_drift(x, n);
        struct stats_modes modes = stats_find_modes(x, n);
        struct stats_outliers outliers = stats_find_outliers(x, n);
        assert_true(!drift.defined && !drift.flag && drift.p == 1 && isnan(drift.total_change));
        assert_false(modes.flag);
        assert_int_equal(outliers.defined, n > 0);
        assert_true(outliers.severe_high <= n);
    }
}

static void two_modes_are_flagged_from_40_samples_on(void **state)
{
    double x[40];
    (void)state;
    for (size_t i = 0; i < 40; i++)
        x[i] = (i % 3 ? 10 : 13) + (double)(i * 37 % 41) / 100;
    assert_true(stats_find_modes(x, 39).distance > 4 && !stats_find_modes(x, 39).flag);
    assert_true(stats_find_modes(x, 40).flag);
    assert_true(fabs(stats_find_modes(x, 40).ratio - 1.3) < 0.03);
}

static void a_constant_series_has_nothing_to_report(void **state)
{
    double x[50];
    (void)state;
    for (size_t i = 0; i < 50; i++)
        x[i] = 0.1;
    assert_true(stats_find_drift(x, 50).p == 1 && stats_find_drift(x, 50).total_change == 0);
    assert_int_equal(stats_find_outliers(x, 50).severe_high, 0);
    assert_false(stats_find_modes(x, 50).defined);
    assert_true(isnan(stats_find_modes(x, 50).distance));
    x[7] = 0.31; /* MAD 0: more than three medians is far out */
    assert_int_equal(stats_find_outliers(x, 50).severe_high, 1);
}

static void failed_cycles_are_outliers_and_drift(void **state)
{
    double x[100];
    (void)state;
    for (size_t i = 0; i < 100; i++)
        x[i] = 10 + (double)(i * 37 % 101) / 100;
    x[3] = INFINITY;
    x[4] = NAN;
    assert_int_equal(stats_find_outliers(x, 100).severe_high, 2);
    assert_false(stats_find_drift(x, 100).flag);
    assert_true(stats_find_modes(x, 100).defined && !stats_find_modes(x, 100).flag);
    for (size_t i = 40; i < 100; i++)
        x[i] = INFINITY;
    assert_true(stats_find_drift(x, 100).defined && !isnan(stats_find_drift(x, 100).total_change));
    assert_false(stats_find_outliers(x, 100).defined); /* the median cycle failed: no scale */
    assert_true(stats_find_outliers(x, 100).limit == INFINITY);
}

static void zero_and_negative_durations_have_no_logarithm(void **state)
{
    double x[40];
    (void)state;
    for (size_t i = 0; i < 40; i++)
        x[i] = i % 2 ? -1 : 0;
    assert_false(stats_find_drift(x, 40).defined);
    assert_false(stats_find_outliers(x, 40).defined);
    assert_false(stats_find_modes(x, 40).defined);
    for (size_t i = 0; i < 20; i++)
        x[i] = INFINITY; /* half failed, half not positive: the median is between the infinities */
    assert_false(stats_find_outliers(x, 40).defined);
    assert_false(stats_find_drift(x, 40).defined);
}

static void a_steady_drift_below_five_percent_is_let_pass(void **state)
{
    double x[100];
    struct stats_drift got;
    (void)state;
    for (size_t i = 0; i < 100; i++)
        x[i] = 1000 + 0.2 * (double)i;
    got = stats_find_drift(x, 100);
    assert_true(got.s == 45 && got.p < 0.001 && !got.flag);
    for (size_t i = 0; i < 100; i++)
        x[i] = 1000 + (double)i;
    assert_true(stats_find_drift(x, 100).flag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_few_samples_raise_no_flag),
        cmocka_unit_test(two_modes_are_flagged_from_40_samples_on),
        cmocka_unit_test(a_constant_series_has_nothing_to_report),
        cmocka_unit_test(failed_cycles_are_outliers_and_drift),
        cmocka_unit_test(zero_and_negative_durations_have_no_logarithm),
        cmocka_unit_test(a_steady_drift_below_five_percent_is_let_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
