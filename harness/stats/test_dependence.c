/* Is tau what the golden values say, and is it defined for short, constant and failed series? */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stats/dependence.h"
#include "stats/stats.h"
#include "stats/test_vectors.h"

/* Member block_sizes; fresh memory, 0 blocks for null. */
static size_t *sizes_of(const cJSON *in, size_t *blocks)
{
    double *read = array(in, "block_sizes", blocks);
    size_t *sizes = xcalloc(*blocks + 1, sizeof *sizes);
    for (size_t g = 0; g < *blocks; g++)
        sizes[g] = (size_t)read[g];
    free(read);
    return sizes;
}

static void check_acf(const struct vectors *vectors, const cJSON *want, const char *key,
                      const double x[], size_t n)
{
    size_t lags;
    double *acf = array(want, key, &lags);
    for (size_t lag = 0; lag < lags; lag++)
        check_value(vectors, json_string(want, "id"), key, acf[lag],
                    stats_autocorrelation(x, n, lag));
    free(acf);
}

static void check_series(const struct vectors *vectors, const cJSON *want, const double x[],
                         size_t n, double p)
{
    double *other = xcalloc(n, sizeof *other);
    check_acf(vectors, want, "acf_raw", x, n);
    check(vectors, want, "tau_geyer_raw", stats_geyer_tau(x, n));
    check(vectors, want, "ess_raw", (double)n / stats_geyer_tau(x, n));
    stats_mid_ranks(other, x, n);
    check_acf(vectors, want, "acf_rank", other, n);
    check(vectors, want, "tau_geyer_rank", stats_geyer_tau(other, n));
    check(vectors, want, "indicator_sum", (double)stats_indicator(other, x, n, p));
    free(other);
}

static void autocorrelation_ess(void **state)
{
    struct vectors vectors = load("autocorrelation_ess");
    (void)state;
    EACH_CASE(vectors, in, want)
    {
        size_t n, blocks, *sizes = sizes_of(in, &blocks);
        double *x = array(in, "x", &n), p = number(in, "p");
        struct stats_dependence got = stats_measure_dependence(x, n, p, sizes, blocks);
        check_series(&vectors, want, x, n, p);
        check(&vectors, want, "tau_geyer_indicator", got.tau_geyer);
        check(&vectors, want, "r1_indicator", got.r1_indicator);
        check(&vectors, want, "gate", got.gate);
        check(&vectors, want, "deff_indicator", got.deff_indicator);
        check(&vectors, want, "deff_rank", got.deff_rank);
        check(&vectors, want, "cluster_significant", got.clustered);
        check(&vectors, want, "tau", got.tau);
        free(x);
        free(sizes);
    }
    cJSON_Delete(vectors.root);
}

static void paired_ratio(void **state)
{
    struct vectors vectors = load("paired_ratio");
    (void)state;
    EACH_CASE(vectors, in, want)
    {
        size_t n, blocks, *sizes = sizes_of(in, &blocks);
        double *slow = array(in, "a", &n), *fast = array(in, "b", &n);
        stats_ratios(slow, slow, fast, n);
        check(&vectors, want, "tau", stats_measure_dependence(slow, n, 0.5, sizes, blocks).tau);
        free(slow);
        free(fast);
        free(sizes);
    }
    cJSON_Delete(vectors.root);
}

static void short_series_count_in_full(void **state)
{
    static const double x[] = {3, 1, 2, 5, 4};
    static const size_t sizes[] = {1, 1, 1, 1, 1};
    (void)state;
    for (size_t n = 0; n <= 4; n++) {
        struct stats_dependence got = stats_measure_dependence(x, n, 0.95, sizes, n);
        assert_true(got.tau == 1 && got.effective_n == (double)n);
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
        cmocka_unit_test(autocorrelation_ess),
        cmocka_unit_test(paired_ratio),
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
