/* Do the bootstraps give the same intervals for one seed, and stay defined at the edges? The golden
 * vectors are walked by check/. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stats/bootstrap.h"
#include "stats/stats.h"

static const struct stats_statistic mean = {.mean = true}, median = {.p = 0.5};

static void one_seed_gives_one_interval(void **state)
{
    double x[] = {5, 1, 4, 2, 3, 9}, y[] = {2, 1, 2, 1, 2, 3};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct stats_bca first, again;
    struct stats_paired_bootstrap pairs, pairs_again;
    (void)state;
    gsl_rng_set(rng, 7);
    first = stats_bootstrap_random(x, 6, mean, 0.9, 199, rng);
    pairs = stats_bootstrap_blocks_random(x, y, 6, 0.9, 4, 199, rng);
    gsl_rng_set(rng, 7);
    again = stats_bootstrap_random(x, 6, mean, 0.9, 199, rng);
    pairs_again = stats_bootstrap_blocks_random(x, y, 6, 0.9, 4, 199, rng);
    gsl_rng_free(rng);
    assert_true(first.bca_lower == again.bca_lower && first.bca_upper == again.bca_upper);
    assert_true(first.bca_lower < 4 && first.estimate == 4 && first.bca_upper > 4);
    assert_true(pairs.median_ratio_upper == pairs_again.median_ratio_upper);
    assert_true(pairs.ratio_of_medians == 3.5 / 2);
}

static void too_few_have_no_interval(void **state)
{
    double one = 3, nan = NAN;
    size_t index = 0;
    struct stats_bca single = stats_bootstrap(&one, 1, median, 0.9, &index, 1);
    (void)state;
    assert_false(stats_bootstrap(NULL, 0, mean, 0.9, NULL, 0).defined);
    assert_true(isnan(stats_bootstrap(NULL, 0, mean, 0.9, NULL, 0).estimate));
    assert_false(single.defined);
    assert_true(single.estimate == 3 && isnan(single.bca_lower));
    assert_false(stats_bootstrap(&nan, 1, median, 0.9, &index, 1).defined);
    assert_false(stats_bootstrap_blocks(&one, &one, 1, 0.9, 1, &index, 1).defined);
    assert_false(stats_bootstrap_blocks(NULL, NULL, 0, 0.9, 1, NULL, 0).defined);
}

static void a_constant_series_has_no_width(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    double x[] = {4, 4, 4, 4, 4};
    (void)state;
    for (size_t n = 2; n <= 5; n++) {
        struct stats_bca got = stats_bootstrap_random(x, n, mean, 0.9, 99, rng);
        struct stats_paired_bootstrap pairs =
            stats_bootstrap_blocks_random(x, x, n, 0.9, n + 3, 99, rng);
        assert_true(got.has_bca && got.acceleration == 0 && got.z0 == 0);
        assert_true(got.bca_lower == 4 && got.bca_upper == 4);
        assert_true(pairs.median_ratio_lower == 1 && pairs.ratio_of_medians_upper == 1);
    }
    assert_false(stats_bootstrap_blocks_random(x, x, 5, 0.9, 0, 99, rng).defined);
    gsl_rng_free(rng);
}

static void a_failed_cycle_makes_the_upper_bound_infinite(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    double x[] = {1, 2, 3, INFINITY, 4}, y[] = {1, 1, INFINITY, 1, 1};
    struct stats_bca of_mean = stats_bootstrap_random(x, 5, mean, 0.9, 199, rng);
    struct stats_bca of_median = stats_bootstrap_random(x, 5, median, 0.9, 199, rng);
    struct stats_paired_bootstrap pairs = stats_bootstrap_blocks_random(x, y, 5, 0.9, 2, 199, rng);
    (void)state;
    assert_true(of_mean.defined && !of_mean.has_bca && isnan(of_mean.bca_upper));
    assert_true(of_mean.estimate == INFINITY && of_mean.percentile_upper == INFINITY);
    assert_true(isfinite(of_mean.percentile_lower));
    assert_true(of_median.has_bca && of_median.estimate == 3);
    assert_true(pairs.defined && pairs.median_ratio == 2); /* 0, 1, 2, 4, infinity */
    gsl_rng_free(rng);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_seed_gives_one_interval),
        cmocka_unit_test(too_few_have_no_interval),
        cmocka_unit_test(a_constant_series_has_no_width),
        cmocka_unit_test(a_failed_cycle_makes_the_upper_bound_infinite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
