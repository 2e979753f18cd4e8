/* Is the test of a mean defined for every series, and does its word agree with its bounds? */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/stats/mean.h"

#define N 100

/* Skewed and repeatable: no two alike, mean near 1.3. */
static void fill(double x[])
{
    for (size_t i = 0; i < N; i++)
        x[i] = 1 / (0.05 + (double)(i * 37 % 101) / 101);
}

static struct stats_mean_test test_at(const double x[], size_t n, double limit)
{
    return stats_test_mean(x, n, NULL, 0, limit, 0.05, 0.05);
}

static void few_samples_decide_nothing(void **state)
{
    static const double x[] = {1, 2, 3, 4, 5};
    (void)state;
    assert_true(isnan(test_at(x, 0, 1).mean));
    for (size_t n = 0; n <= 5; n++) {
        struct stats_mean_test got = test_at(x, n, 1000);
        assert_false(got.defined);
        assert_true(got.p_support == 1 && got.p_refute == 1);
        assert_true(got.lower == -INFINITY && got.upper == INFINITY);
        assert_true(got.tau == 1);
    }
    assert_true(test_at(x, 5, 1000).mean == 3);
}

static void five_blocks_of_one_are_blocks(void **state)
{
    static const double x[] = {1, 2, 3, 4, 5};
    static const size_t sizes[] = {1, 1, 1, 1, 1};
    struct stats_mean_test got = stats_test_mean(x, 5, sizes, 5, 100, 0.05, 0.05);
    (void)state;
    assert_true(got.defined && got.p_support < 0.001 && got.p_refute > 0.999);
    assert_true(got.lower < 3 && got.upper > 3);
}

/* No skewness, windows of one block: Student's t, here t(.95, 4) = 2.1318 times what the window of
 * one in five costs, (cv(.2) / cv(0)) = 1.2718. */
static void without_skewness_it_is_students_t(void **state)
{
    static const double x[] = {1, 2, 3, 4, 5};
    static const size_t sizes[] = {1, 1, 1, 1, 1};
    struct stats_mean_test got = stats_test_mean(x, 5, sizes, 5, 3, 0.05, 0.05);
    double half = 2.131847 * 1.271750 * sqrt(2.5 / 5);
    (void)state;
    assert_true(fabs(got.upper - 3 - half) < 1e-3 && fabs(3 - got.lower - half) < 1e-3);
    assert_true(fabs(got.p_support - 0.5) < 1e-9 && fabs(got.p_refute - 0.5) < 1e-9);
}

static void a_constant_series_is_certain(void **state)
{
    double x[N];
    (void)state;
    for (size_t i = 0; i < N; i++)
        x[i] = 0.1;
    assert_true(test_at(x, N, 0.2).p_support == 0 && test_at(x, N, 0.2).p_refute == 1);
    assert_true(test_at(x, N, 0.05).p_support == 1 && test_at(x, N, 0.05).p_refute == 0);
    assert_true(test_at(x, N, 0.2).upper == test_at(x, N, 0.2).lower);
    assert_true(test_at(x, N, 0.2).tau == 1);
}

static void one_failed_cycle_makes_the_mean_infinite(void **state)
{
    double x[N];
    struct stats_mean_test got;
    (void)state;
    fill(x);
    x[7] = INFINITY;
    got = test_at(x, N, 1e9);
    assert_true(got.defined && got.mean == INFINITY && got.lower == INFINITY);
    assert_true(got.p_support == 1 && got.p_refute == 0);
    x[7] = NAN;
    assert_true(test_at(x, N, 1e9).mean == INFINITY);
    assert_true(test_at(x, N, INFINITY).p_support == 0);
}

static void infinite_limits_are_clear(void **state)
{
    double x[N];
    (void)state;
    fill(x);
    assert_true(test_at(x, N, INFINITY).p_support < 1e-6);
    assert_true(test_at(x, N, -INFINITY).p_refute < 1e-6);
}

static void the_word_agrees_with_the_bounds(void **state)
{
    double x[N];
    static const double alphas[] = {0.001, 0.0059, 0.05, 0.2, 0.5};
    (void)state;
    fill(x);
    for (size_t a = 0; a < sizeof alphas / sizeof alphas[0]; a++)
        for (int step = 0; step < 149; step++) {
            double limit = 0.5 + 0.037 * step;
            struct stats_mean_test got =
                stats_test_mean(x, N, NULL, 0, limit, alphas[a], alphas[a] / 2);
            assert_int_equal(got.p_support <= alphas[a] / 2, got.upper <= limit);
            assert_int_equal(got.p_refute <= alphas[a], got.lower > limit);
            assert_true(fabs(got.p_support + got.p_refute - 1) < 1e-9);
        }
}

static void a_long_tail_widens_the_upper_side(void **state)
{
    double x[N];
    struct stats_mean_test got;
    (void)state;
    fill(x);
    got = test_at(x, N, 3);
    assert_true(got.upper - got.mean > 1.1 * (got.mean - got.lower));
    for (size_t i = 0; i < N; i++)
        x[i] = -x[i];
    got = test_at(x, N, -3);
    assert_true(got.mean - got.lower > 1.1 * (got.upper - got.mean));
}

static void a_wave_widens_both_sides(void **state)
{
    double still[N], wave[N];
    struct stats_mean_test a, b;
    (void)state;
    fill(still);
    for (size_t i = 0; i < N; i++)
        wave[i] = still[i] + (i / 25 % 2 ? 5 : 0);
    a = test_at(still, N, 3);
    b = test_at(wave, N, 3);
    assert_true(b.tau > 5 && b.tau > 3 * a.tau);
    assert_true(b.upper - b.mean > 2 * (a.upper - a.mean));
}

static void left_over_cycles_join_the_last_block(void **state)
{
    double x[N];
    size_t sizes[19];
    static const size_t wrong[] = {20, 20, 20, 20, 21};
    (void)state;
    fill(x);
    for (size_t g = 0; g < 19; g++)
        sizes[g] = g < 18 ? 5 : 8;
    assert_true(test_at(x, 98, 3).upper == stats_test_mean(x, 98, sizes, 19, 3, 0.05, 0.05).upper);
    assert_true(test_at(x, N, 3).upper == stats_test_mean(x, N, wrong, 5, 3, 0.05, 0.05).upper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_samples_decide_nothing),
        cmocka_unit_test(five_blocks_of_one_are_blocks),
        cmocka_unit_test(without_skewness_it_is_students_t),
        cmocka_unit_test(a_constant_series_is_certain),
        cmocka_unit_test(one_failed_cycle_makes_the_mean_infinite),
        cmocka_unit_test(infinite_limits_are_clear),
        cmocka_unit_test(the_word_agrees_with_the_bounds),
        cmocka_unit_test(a_long_tail_widens_the_upper_side),
        cmocka_unit_test(a_wave_widens_both_sides),
        cmocka_unit_test(left_over_cycles_join_the_last_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
