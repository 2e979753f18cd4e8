/* Are the numbers that are only printed defined at the edges? */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stats/report_only.h"
#include "stats/stats.h"

static void a_smooth_quantile_at_the_edges(void **state)
{
    double x[100], few[] = {1, 2, 3, 4, 5}, nan = NAN;
    (void)state;
    assert_true(isnan(stats_smooth_quantile(NULL, 0, 0.5)));
    assert_true(isnan(stats_smooth_quantile(&nan, 1, 0.5)));
    assert_true(isnan(stats_smooth_quantile(few, 5, 1.5)));
    for (size_t n = 1; n <= 5; n++) {
        assert_true(stats_smooth_quantile(few, n, 0) == 1);
        assert_true(stats_smooth_quantile(few, n, 1) == (double)n);
        assert_true(fabs(stats_smooth_quantile(few, n, 0.5) - (1 + (double)n) / 2) < 1e-12);
    }
    for (int i = 0; i < 100; i++)
        x[i] = 7;
    assert_true(fabs(stats_smooth_quantile(x, 100, 0.95) - 7) < 1e-12);
    x[99] = INFINITY;
    assert_true(stats_smooth_quantile(x, 100, 0.95) == INFINITY);
    assert_true(fabs(stats_smooth_quantile(x, 100, 0.5) - 7) < 1e-9);
}

static void a_ratio_of_means_at_the_edges(void **state)
{
    double a[] = {6.3, 6.3, 6.3, 6.3, 6.3}, b[] = {2.1, 2.1, 2.1, 2.1, 2.1}, zero[] = {-1, 1};
    double failed[] = {1, INFINITY}, nan = NAN;
    (void)state;
    assert_false(stats_bound_ratio_of_means(NULL, NULL, 0, 0.95).defined);
    assert_false(stats_bound_ratio_of_means(&nan, a, 1, 0.95).defined);
    assert_false(stats_bound_ratio_of_means(a, failed, 2, 0.95).defined);
    assert_false(stats_bound_ratio_of_means(a, zero, 2, 0.95).defined);
    for (size_t n = 1; n <= 5; n++) {
        struct stats_ratio_of_means got = stats_bound_ratio_of_means(a, b, n, 0.95);
        assert_true(got.defined && fabs(got.ratio - 3) < 1e-12);
        assert_int_equal(got.bounded, n > 1);
        assert_true(n == 1 ? isinf(got.upper) : fabs(got.upper - 3) < 1e-9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_smooth_quantile_at_the_edges),
        cmocka_unit_test(a_ratio_of_means_at_the_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
