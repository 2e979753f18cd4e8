/* Do the numbers that are only printed equal the golden ones, also at the edges? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stats/report_only.h"
#include "stats/stats.h"
#include "stats/test_vectors.h"

static void harrell_davis(void **state)
{
    struct vectors vectors = load("harrell_davis");
    (void)state;
    EACH_CASE(vectors, in, want)
    {
        size_t n;
        double *x = array(in, "x", &n);
        stats_sort(x, n);
        check(&vectors, want, "value", stats_smooth_quantile(x, n, number(in, "p")));
        free(x);
    }
    cJSON_Delete(vectors.root);
}

static void ratio_of_means_fieller(void **state)
{
    struct vectors vectors = load("ratio_of_means_fieller");
    (void)state;
    EACH_CASE(vectors, in, want)
    {
        size_t n, m;
        double *a = array(in, "a", &n), *b = array(in, "b", &m);
        struct stats_ratio_of_means got =
            stats_bound_ratio_of_means(a, b, n, number(in, "conf_one_sided"));
        assert_true(got.defined);
        check(&vectors, want, "ratio", got.ratio);
        check(&vectors, want, "lower", got.lower);
        check(&vectors, want, "upper", got.upper);
        assert_int_equal(got.bounded, !isnan(number(want, "lower")));
        free(a);
        free(b);
    }
    cJSON_Delete(vectors.root);
}

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
        cmocka_unit_test(harrell_davis),
        cmocka_unit_test(ratio_of_means_fieller),
        cmocka_unit_test(a_smooth_quantile_at_the_edges),
        cmocka_unit_test(a_ratio_of_means_at_the_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
