/* Is tau defined for short, constant and failed series, and right for long ones? */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"
#include "judge/stats/dependence.h"
#include "judge/stats/stats.h"

static void short_series_count_in_full(void **state)
{
    static const double x[] = {3, 1, 2, 5, 4};
    static const size_t sizes[] = {1, 1, 1, 1, 1};
    (void)state;
    for (size_t n = 0; n <= 4; n++) {
        struct stats_dependence got = stats_measure_dependence(x, n, 0.95, sizes, n);
        assert_true(got.tau == 1);
        assert_true(isnan(got.deff_rank) && !got.clustered);
        assert_true(stats_geyer_tau(x, n) == 1);
    }
    assert_true(stats_measure_dependence(x, 5, 0.5, sizes, 5).deff_rank > 0);
}

static void a_constant_series_has_no_dependence(void **state)
{
    double x[40];
    static const size_t sizes[] = {8, 8, 8, 8, 8};
    struct stats_dependence got;
    (void)state;
    for (size_t i = 0; i < 40; i++)
        x[i] = 0.1;
    got = stats_measure_dependence(x, 40, 0.95, sizes, 5);
    assert_true(got.tau == 1 && got.r1_rank == 0 && got.r1_indicator == 0);
    assert_true(got.deff_rank == 0 && got.deff_indicator == 0);
    assert_true(stats_autocorrelation(x, 40, 3) == 0);
}

static void failed_cycles_in_a_row_are_dependence_too(void **state)
{
    double x[100];
    struct stats_dependence got;
    (void)state;
    for (size_t i = 0; i < 100; i++)
        x[i] = i >= 40 && i < 60 ? INFINITY : (double)(i * 37 % 101);
    x[50] = NAN; /* taken as failed */
    got = stats_measure_dependence(x, 100, 0.95, NULL, 0);
    assert_true(got.gate && got.tau > 5 && isfinite(got.tau));
    assert_true(isnan(stats_autocorrelation(x, 100, 1)));
    assert_true(isnan(stats_geyer_tau(x, 100)));
}

static void blocks_that_do_not_add_up_are_no_blocks(void **state)
{
    double x[50];
    static const size_t sizes[] = {10, 10, 10, 10, 11}, empty[] = {10, 0, 15, 10, 15};
    (void)state;
    for (size_t i = 0; i < 50; i++)
        x[i] = (double)(i * 31 % 53);
    assert_true(isnan(stats_measure_dependence(x, 50, 0.5, sizes, 5).deff_rank));
    assert_true(isfinite(stats_measure_dependence(x, 50, 0.5, empty, 5).deff_rank));
}

/* By the definition, without the Fourier transform. */
static double slow_geyer(const double x[], size_t n)
{
    double sum = 0, before = INFINITY;
    for (size_t lag = 0; lag < 1999; lag += 2) {
        double pair = stats_autocorrelation(x, n, lag) + stats_autocorrelation(x, n, lag + 1);
        before = fmin(before, pair);
        if (before <= 0)
            break;
        sum += before;
    }
    return fmax(1, 2 * sum - 1);
}

static void long_series_agree_with_the_definition(void **state)
{
    enum { N = 5000 };
    double *x = xcalloc(N, sizeof *x), want;
    (void)state;
    for (size_t i = 1; i < N; i++)
        x[i] = 0.9 * x[i - 1] + (double)(i * i % 1009) / 1009;
    want = slow_geyer(x, N);
    assert_true(want > 3);
    assert_true(fabs(stats_geyer_tau(x, N) - want) < 1e-9 * want);
    free(x);
}

/* A plain walk of multiples: every size of autocorrelation comes up. */
static void the_gate_opens_at_its_two_limits(void **state)
{
    size_t by_ranks = 0, by_indicator = 0, closed = 0;
    (void)state;
    for (size_t step = 1; step < 400; step++) {
        double x[50], root = sqrt(50);
        struct stats_dependence got;
        for (size_t i = 0; i < 50; i++)
            x[i] = (double)(i * i * step % 401) + (double)(i * step % 211);
        got = stats_measure_dependence(x, 50, 0.9, NULL, 0);
        assert_int_equal(got.gate, got.r1_rank > 1.6448536 / root || got.r1_indicator > 2 / root);
        assert_true(got.tau == (got.gate ? got.tau_geyer : 1));
        closed += !got.gate;
        by_ranks += got.gate && got.r1_indicator <= 2 / root && got.r1_rank < 3 / root;
        by_indicator += got.gate && got.r1_rank <= 1.6448536 / root && got.r1_indicator < 3 / root;
    }
    assert_true(closed > 0 && by_ranks > 0 && by_indicator > 0);
}

static void the_quantile_of_a_whole_rank_is_that_rank(void **state)
{
    double x[400], above[400];
    (void)state;
    for (size_t i = 0; i < 400; i++)
        x[i] = (double)i;
    for (size_t n = 20; n <= 400; n += 20)
        assert_int_equal(stats_indicator(above, x, n, 0.95), n / 20);
    assert_int_equal(stats_indicator(above, x, 100, 0.07), 93); /* 100 * 0.07 > 7 in doubles */
    assert_int_equal(stats_indicator(above, x, 59, 0.95), 2);
    assert_int_equal(stats_indicator(above, x, 60, 0.95), 3);
}

/* The last pair of lags, 6 and 7 of n = 12, is still positive here. */
static void an_even_half_takes_one_more_lag(void **state)
{
    static const double x[] = {0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 1, 1};
    (void)state;
    assert_true(fabs(stats_geyer_tau(x, 12) - 1.2095238095238097) < 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_series_count_in_full),
        cmocka_unit_test(a_constant_series_has_no_dependence),
        cmocka_unit_test(failed_cycles_in_a_row_are_dependence_too),
        cmocka_unit_test(blocks_that_do_not_add_up_are_no_blocks),
        cmocka_unit_test(long_series_agree_with_the_definition),
        cmocka_unit_test(the_gate_opens_at_its_two_limits),
        cmocka_unit_test(the_quantile_of_a_whole_rank_is_that_rank),
        cmocka_unit_test(an_even_half_takes_one_more_lag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
