/* Is what no scaling law and no least makespan can be computed of refused? */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/stats/scaling.h"

static void too_few_points_use_fewer_terms(void **state)
{
    static const double n[] = {2, 2, 2, 4}, time[] = {6, 6, 6, 10};
    struct stats_usl law;
    (void)state;
    assert_false(stats_fit_usl(n, time, 0).defined);
    for (size_t count = 1; count <= 3; count++) {
        struct stats_usl got = stats_fit_usl(n, time, count);
        assert_true(got.defined && got.sigma == 0 && got.kappa == 0 && isnan(got.peak_n));
        assert_true(fabs(got.t1 - 6) < 1e-12);
    }
    assert_true(fabs(stats_usl_time(&(struct stats_usl){.t1 = 4, .sigma = 0.5}, 4) - 10) < 1e-12);
    law = stats_fit_usl(n, time, 4);
    for (size_t i = 0; i < 4; i++)
        assert_true(fabs(stats_usl_time(&law, n[i]) - time[i]) < 1e-9);
}

static void points_that_are_no_times_are_refused(void **state)
{
    static const double n[] = {1, 2, 4}, wrong[] = {INFINITY, NAN, 0, -1};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        double time[] = {5, 6, wrong[i]}, at[] = {1, 2, wrong[i]};
        assert_false(stats_fit_usl(n, time, 3).defined);
        assert_false(stats_fit_usl(at, n, 3).defined);
        assert_true(isnan(stats_fit_usl(at, n, 3).t1));
    }
}

static void a_curve_that_is_no_law_of_ours_is_flagged(void **state)
{
    struct stats_point points[] = {
        {10, 10, 0.01, 9}, {12, 12.1, 0.01, 9}, {15, 15, 0.01, 9}, {20, 19.9, 0.01, 9}};
    struct stats_misfit got = stats_find_misfit(points, 4, 3);
    double error = 1.2533141373155 * 0.01 / 3;
    (void)state;
    assert_true(got.defined && got.freedom == 1 && !got.flag);
    assert_true(fabs(got.chi2 - (pow(0.1 / 12 / error, 2) + pow(0.1 / 20 / error, 2))) < 1e-9);
    points[2].fit = 18;
    assert_true(stats_find_misfit(points, 4, 3).flag);
    assert_false(stats_find_misfit(points, 3, 3).defined);
    points[1].rounds = 0;
    assert_false(stats_find_misfit(points, 4, 3).defined);
    points[1].rounds = 9;
    points[0].sigma_log = 0; /* no spread: nothing to compare with */
    assert_false(stats_find_misfit(points, 4, 3).defined);
    assert_false(stats_find_misfit(NULL, 0, 0).defined);
}

static void a_batch_that_makes_no_sense_is_refused(void **state)
{
    static const double good[] = {1, 2}, wrong[] = {1, INFINITY};
    const struct stats_batch batches[] = {
        {good, good, 0, 2, 2, 0},   {wrong, good, 2, 2, 2, 0}, {good, wrong, 2, 2, 2, 0},
        {good, good, 2, 0, 2, 0},   {good, good, 2, 2, 0, 0},  {good, good, 2, 2, 2, -1},
        {good, good, 2, NAN, 2, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        struct stats_makespan bound = stats_bound_makespan(&batches[i]);
        assert_false(bound.defined);
        assert_false(stats_compare_makespan(&bound, 3, 2).defined);
    }
}

static void times_that_failed_attain_nothing(void **state)
{
    static const double zero[] = {0, 0};
    const struct stats_batch batch = {zero, zero, 2, 2, 2, 0};
    struct stats_makespan bound = stats_bound_makespan(&batch);
    (void)state;
    assert_true(bound.defined && bound.lower_bound == 0);
    assert_true(isinf(stats_compare_makespan(&bound, 3, 2).max_speedup));
    assert_false(stats_compare_makespan(&bound, INFINITY, 2).defined);
    assert_false(stats_compare_makespan(&bound, 3, INFINITY).defined);
    assert_false(stats_compare_makespan(&bound, 3, 0).defined);
}

static void rounding_makes_no_serial_part(void **state)
{
    double n[12], time[12];
    (void)state;
    for (int tenths = 1; tenths < 100; tenths++) {
        for (int i = 0; i < 12; i++) {
            n[i] = i + 1;
            time[i] = tenths / 10.0;
        }
        assert_true(stats_fit_usl(n, time, 12).sigma == 0);
        assert_true(stats_fit_usl(n, time, 12).kappa == 0);
    }
}

static void heavy_contention_has_no_peak(void **state)
{
    static const double n[] = {1, 2, 4, 8}, time[] = {10, 27, 67, 171}; /* sigma 1.5, kappa 0.1 */
    struct stats_usl got = stats_fit_usl(n, time, 4);
    (void)state;
    assert_true(fabs(got.sigma - 1.5) < 1e-9 && fabs(got.kappa - 0.1) < 1e-9);
    assert_true(isnan(got.peak_n));
    assert_true(isnan(stats_usl_time(&(struct stats_usl){.t1 = NAN}, 4)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_few_points_use_fewer_terms),
        cmocka_unit_test(points_that_are_no_times_are_refused),
        cmocka_unit_test(a_curve_that_is_no_law_of_ours_is_flagged),
        cmocka_unit_test(a_batch_that_makes_no_sense_is_refused),
        cmocka_unit_test(times_that_failed_attain_nothing),
        cmocka_unit_test(rounding_makes_no_serial_part),
        cmocka_unit_test(heavy_contention_has_no_peak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
