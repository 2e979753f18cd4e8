/* Does every statistic answer or refuse, whatever it is given? NaN, infinities, constants, ties, no
 * to five samples, durations that are zero or negative. Nothing may crash, and what claims to be
 * defined must be a number in its range. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>

#include "base/text.h"
#include "judge/stats/anomalies.h"
#include "judge/stats/change.h"
#include "judge/stats/dependence.h"
#include "judge/stats/gate.h"
#include "judge/stats/ranks.h"
#include "judge/stats/scaling.h"
#include "judge/stats/stats.h"

#define MOST 12

/* Series of every odd kind; the first n samples of each are a series, too. */
static const double odd[][MOST] = {
    {3, 1, 2, 5, 4, 9, 7, 8, 6, 11, 12, 10},
    {0},
    {7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7},
    {1, 1, 2, 2, 1, 1, 2, 2, 1, 2, 1, 2},
    {-1, -2, -3, 0, -1, 4, -5, 6, -7, 8, -9, 0},
    {NAN, 1, 2, NAN, 3, 4, 5, 6, 7, 8, 9, NAN},
    {INFINITY, 1, 2, 3, INFINITY, 5, 6, 7, 8, 9, 10, INFINITY},
    {INFINITY, INFINITY, INFINITY, INFINITY, INFINITY, INFINITY, INFINITY, INFINITY, INFINITY,
     INFINITY, INFINITY, INFINITY},
    {-INFINITY, 1, INFINITY, -INFINITY, 2, 3, 4, 5, 6, 7, 8, 9},
    {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN},
    {1e308, 1e-308, 1e308, 1e-308, 5e-324, 1e308, 1e308, 1, 2, 3, 1e-308, 1e308},
    {0.0, -0.0, 0.0, -0.0, 1, -0.0, 0.0, 2, -0.0, 0.0, 0.0, 1e-300},
};
#define KINDS (sizeof odd / sizeof odd[0])

static const double odd_numbers[] = {NAN, -INFINITY, INFINITY, -1, 0, 0.5, 0.95, 1, 2, 1e308};
#define NUMBERS (sizeof odd_numbers / sizeof odd_numbers[0])

static bool is_share(double p)
{
    return p >= 0 && p <= 1;
}

/* body(x, n) for every kind and every n from 0 to MOST; each x is memory of exactly n. */
static void each_series(void (*body)(double x[], size_t n))
{
    for (size_t kind = 0; kind < KINDS; kind++)
        for (size_t n = 0; n <= MOST; n++) {
            double *x = xcalloc(n, sizeof *x);
            if (n > 0)
                memcpy(x, odd[kind], n * sizeof *x);
            body(x, n);
            free(x);
        }
}

/* body(x, y, n) for every two kinds */
static void each_pair(void (*body)(const double x[], const double y[], size_t n))
{
    for (size_t one = 0; one < KINDS; one++)
        for (size_t other = 0; other < KINDS; other++)
            for (size_t n = 0; n <= MOST; n++)
                body(odd[one], odd[other], n);
}

static void sort_one(double x[], size_t n)
{
    stats_sort(x, n);
    for (size_t i = 0; i < n; i++)
        assert_true(!isnan(x[i]) && (i == 0 || x[i - 1] <= x[i]));
}

static void sorting_leaves_no_nan_and_an_order(void **state)
{
    (void)state;
    each_series(sort_one);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Long series are sorted another way: it must give what comparing gives. */
static void long_series_are_sorted_alike(void **state)
{
    enum { N = 5000 };
    double *x = xcalloc(N, sizeof *x), *y = xcalloc(N, sizeof *y), *ranks = xcalloc(N, sizeof *x);
    uint64_t seed = 1;
    (void)state;
    for (size_t i = 0; i < N; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        x[i] = y[i] = ldexp((double)(int64_t)seed, (int)(seed % 1000) - 600);
    }
    x[7] = y[7] = -INFINITY;
    x[70] = NAN;
    y[70] = x[700] = y[700] = INFINITY;
    x[9] = y[9] = x[10] = y[10] = 0;
    stats_mid_ranks(ranks, x, N);
    stats_sort(x, N);
    qsort(y, N, sizeof *y, ascending);
    assert_memory_equal(x, y, N * sizeof *x);
    assert_true(ranks[7] == 1 && ranks[9] == ranks[10] && ranks[70] == N - 0.5);
    free(x);
    free(y);
    free(ranks);
}

static void describe_one(double x[], size_t n)
{
    struct stats_summary summary;
    stats_sort(x, n);
    summary = stats_summarise(x, n);
    assert_int_equal(summary.n, n);
    assert_true(n == 0 ? isnan(summary.median) : summary.min == x[0] && summary.max == x[n - 1]);
    for (size_t i = 0; i < NUMBERS; i++) {
        double p = odd_numbers[i], quantile = stats_quantile(x, n, p);
        assert_int_equal(isnan(quantile), n == 0 || !is_share(p));
        assert_int_equal(isnan(stats_order_statistic(x, n, p)), n == 0 || !is_share(p));
        for (size_t j = 0; j < NUMBERS; j++) {
            struct stats_bounds got =
                stats_quantile_bounds(x, n, p, 1, odd_numbers[j], odd_numbers[j]);
            assert_true(got.has_lower || got.lower == -INFINITY);
            assert_true(got.has_upper || got.upper == INFINITY);
            stats_median_bounds(x, n, odd_numbers[j], p, p);
        }
    }
}

static void description_and_bounds_are_defined(void **state)
{
    (void)state;
    each_series(describe_one);
}

static void tests_of_counts_are_shares_or_refused(void **state)
{
    (void)state;
    for (size_t n = 0; n <= 5; n++)
        for (size_t bad = 0; bad <= n + 1; bad++)
            for (size_t i = 0; i < NUMBERS; i++)
                for (size_t j = 0; j < NUMBERS; j++) {
                    double p = odd_numbers[i], tau = odd_numbers[j];
                    bool asked = bad <= n && is_share(p) && tau > 0 && tau < INFINITY;
                    double support = stats_p_support(bad, n, p, tau);
                    double refute = stats_p_refute(bad, n, p, tau);
                    assert_true(asked ? is_share(support) : isnan(support));
                    assert_true(asked ? is_share(refute) : isnan(refute));
                    assert_true(!is_share(p) || (is_share(stats_rate_lower(bad, n, p)) &&
                                                 is_share(stats_rate_upper(bad, n, p))));
                    assert_true(is_share(p) || isnan(stats_rate_upper(bad, n, p)));
                    assert_true(is_share(p) || isnan(stats_rate_lower(bad, n, p)));
                    assert_true(stats_minimum_n(p, tau) >= 1);
                }
    assert_true(stats_minimum_n(1, 0.05) == SIZE_MAX && stats_minimum_n(0.95, 0) == SIZE_MAX);
    assert_true(stats_minimum_n(NAN, 0.05) == SIZE_MAX && stats_minimum_n(0.95, NAN) == SIZE_MAX);
    assert_true(stats_minimum_n(0, 0.05) == 1 && stats_minimum_n(0.95, 2) == 1);
}

/* p95 at the sizes where one more bad cycle becomes allowed (judge/STATISTICS.md 2.2 and 10) */
static void p95_allows_bad_cycles_from_59_and_93_on(void **state)
{
    static const struct {
        size_t n;
        int allowed;
    } want[] = {{58, -1}, {59, 0}, {60, 0}, {92, 0}, {93, 1}};
    double x[93];
    (void)state;
    for (size_t i = 0; i < 93; i++)
        x[i] = (double)i + 1;
    for (size_t k = 0; k < sizeof want / sizeof want[0]; k++) {
        size_t n = want[k].n;
        struct stats_bounds bounds = stats_quantile_bounds(x, n, 0.95, 1, 0.05, 0.05);
        for (int bad = 0; bad <= 2; bad++)
            assert_int_equal(stats_p_support((size_t)bad, n, 0.95, 1) <= 0.05,
                             bad <= want[k].allowed);
        assert_int_equal(bounds.has_upper, want[k].allowed >= 0);
        assert_true(!bounds.has_upper || bounds.upper == (double)n - want[k].allowed);
        assert_true(bounds.has_lower && bounds.lower < stats_order_statistic(x, n, 0.95));
    }
    /* k = ceil(0.95 n) */
    assert_true(stats_order_statistic(x, 58, 0.95) == 56);
    assert_true(stats_order_statistic(x, 59, 0.95) == 57);
    assert_true(stats_order_statistic(x, 60, 0.95) == 57);
    assert_true(stats_order_statistic(x, 92, 0.95) == 88);
    assert_true(stats_order_statistic(x, 93, 0.95) == 89);
}

static void compare_one(const double x[], const double y[], size_t n)
{
    double ratios[MOST];
    stats_ratios(ratios, x, y, n);
    for (size_t i = 0; i < n; i++)
        assert_true(ratios[i] >= 0);
    stats_gate_ratios(ratios, x, y, n);
    for (size_t i = 0; i < n; i++)
        assert_true(ratios[i] >= 0);
}

static void ratios_are_defined(void **state)
{
    (void)state;
    each_pair(compare_one);
}

static void rank_one(const double x[], const double y[], size_t n)
{
    struct stats_brunner_munzel w = stats_test_brunner_munzel(x, n, y, n);
    struct stats_order order = stats_estimate_order(x, n, y, n, 1.5, 0.05);
    assert_true(!w.defined || is_share(w.p_x_less_y));
    assert_true(!order.defined || (is_share(order.share) && 0 <= order.lower && order.upper <= 1));
    assert_true(!order.defined || (order.lower <= order.share && order.share <= order.upper));
}

static void rank_methods_are_defined(void **state)
{
    (void)state;
    each_pair(rank_one);
}

static void depend_one(double x[], size_t n)
{
    static const size_t ones[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    double out[MOST];
    for (size_t i = 0; i < NUMBERS; i++) {
        struct stats_dependence got = stats_measure_dependence(x, n, odd_numbers[i], ones, n);
        assert_true(got.tau >= 1 && got.tau < INFINITY);
        assert_true(isnan(got.deff_rank) || got.deff_rank >= 0);
        assert_true(stats_indicator(out, x, n, odd_numbers[i]) <= n);
    }
    stats_mid_ranks(out, x, n);
    for (size_t i = 0; i < n; i++)
        assert_true(out[i] >= 1 && out[i] <= (double)n);
    for (size_t lag = 0; lag <= n + 1; lag++)
        assert_true(!(fabs(stats_autocorrelation(out, n, lag)) > 1 + 1e-12));
    assert_true(!(stats_geyer_tau(x, n) < 1));
}

static void dependence_is_defined(void **state)
{
    (void)state;
    each_series(depend_one);
}

static void diagnose_one(double x[], size_t n)
{
    struct stats_drift drift = stats_find_drift(x, n);
    struct stats_outliers outliers = stats_find_outliers(x, n);
    struct stats_modes modes = stats_find_modes(x, n);
    assert_true(is_share(drift.p) && (drift.defined || !drift.flag));
    assert_true(!drift.defined || !isnan(drift.total_change));
    assert_true(outliers.defined ? outliers.sigma_log >= 0 : outliers.severe_high == 0);
    assert_true(outliers.severe_high <= n);
    assert_true(!modes.flag && (!modes.defined || modes.distance >= 0));
}

static void diagnostics_are_defined(void **state)
{
    (void)state;
    each_series(diagnose_one);
}

static void split_one(double x[], size_t n)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct stats_change_rule rule = {2, STATS_CHANGE_MARK, 19};
    struct stats_change *out = xcalloc(n + 1, sizeof *out);
    for (size_t least = 0; least <= 3; least++) {
        struct stats_split got = stats_find_split(x, n, least);
        assert_true(got.at < n || n == 0);
        assert_true(got.at == 0 || isfinite(got.q));
    }
    assert_true(is_share(stats_split_p(x, n, 2, 1, 19, rng)));
    assert_int_equal(stats_find_changes(out, x, n, rule, rng), 0); /* 1 / 20 is above the level */
    rule.level = NAN;
    assert_int_equal(stats_find_changes(out, x, n, rule, rng), 0);
    free(out);
    gsl_rng_free(rng);
}

static void changes_are_defined(void **state)
{
    (void)state;
    each_series(split_one);
}

/* Sums beyond the largest double tell nothing: no split rather than an alarm. */
static void a_history_beyond_doubles_has_no_change(void **state)
{
    static const double z[] = {1e308, -1e308, 1e308, -1e308, 1e308, -1e308, 1e308, -1e308};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    (void)state;
    assert_int_equal(stats_find_split(z, 8, 3).at, 0);
    assert_true(stats_split_p(z, 8, 3, 1, 99, rng) == 1);
    gsl_rng_free(rng);
}

static void fit_one(const double x[], const double y[], size_t n)
{
    struct stats_batch batch = {x, y, n, 2, 2, 0.1};
    struct stats_makespan bound = stats_bound_makespan(&batch);
    struct stats_usl usl = stats_fit_usl(x, y, n);
    assert_true(bound.defined ? bound.lower_bound >= 0 : isnan(bound.lower_bound));
    assert_true(usl.defined ? usl.t1 > 0 && usl.sigma >= 0 && usl.kappa >= 0 : isnan(usl.t1));
    assert_true(isfinite(stats_usl_time(&usl, 4)) == usl.defined);
    for (size_t i = 0; i < NUMBERS; i++)
        for (size_t j = 0; j < NUMBERS; j++) {
            struct stats_attained got =
                stats_compare_makespan(&bound, odd_numbers[i], odd_numbers[j]);
            assert_true(got.defined ? got.fraction >= 0 : isnan(got.fraction));
        }
}

static void scaling_laws_are_defined(void **state)
{
    (void)state;
    each_pair(fit_one);
}

static void session_one(double x[], size_t n)
{
    for (size_t i = 0; i < NUMBERS; i++) {
        struct stats_sitting got = stats_predict_sitting(x, n, odd_numbers[i]);
        assert_true(is_share(got.p_slower) && (got.defined || got.limit == INFINITY));
    }
    stats_holm(x, x, n);
    for (size_t i = 0; i < n; i++)
        assert_true(is_share(x[i]));
}

static void sessions_and_adjusted_levels_are_defined(void **state)
{
    (void)state;
    each_series(session_one);
}

static void foresight_is_never_negative(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUMBERS; i++)
        for (size_t j = 0; j < NUMBERS; j++) {
            double one = odd_numbers[i], other = odd_numbers[j];
            assert_true(stats_detectable_change(one, other, 100, 0.8) >= 0);
            assert_true(stats_detectable_change(0.15, one, 100, other) >= 0);
            assert_true(stats_pairs_needed(one, 1, other, 0.8) >= 0);
            assert_true(stats_pairs_needed(0.15, one, 1.05, other) >= 0);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorting_leaves_no_nan_and_an_order),
        cmocka_unit_test(long_series_are_sorted_alike),
        cmocka_unit_test(description_and_bounds_are_defined),
        cmocka_unit_test(tests_of_counts_are_shares_or_refused),
        cmocka_unit_test(p95_allows_bad_cycles_from_59_and_93_on),
        cmocka_unit_test(ratios_are_defined),
        cmocka_unit_test(rank_methods_are_defined),
        cmocka_unit_test(dependence_is_defined),
        cmocka_unit_test(diagnostics_are_defined),
        cmocka_unit_test(changes_are_defined),
        cmocka_unit_test(a_history_beyond_doubles_has_no_change),
        cmocka_unit_test(scaling_laws_are_defined),
        cmocka_unit_test(sessions_and_adjusted_levels_are_defined),
        cmocka_unit_test(foresight_is_never_negative),
    };
    gsl_set_error_handler_off();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
