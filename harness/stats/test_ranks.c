/* Do the rank methods stay defined at the edges? */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stats/ranks.h"

static void nothing_gives_no_answer_and_no_surprise(void **state)
{
    double one = 1, nan = NAN;
    struct stats_signed_rank signs = stats_test_signed_rank(NULL, 0);
    (void)state;
    assert_false(stats_test_mann_whitney(NULL, 0, &one, 1).defined);
    assert_true(stats_test_mann_whitney(&one, 1, NULL, 0).p.two_sided == 1);
    assert_false(stats_test_brunner_munzel(NULL, 0, NULL, 0).defined);
    assert_false(stats_test_brunner_munzel(&one, 1, &one, 1).defined);
    assert_true(signs.defined && signs.n_used == 0 && signs.p.two_sided == 1);
    assert_false(stats_estimate_shift(NULL, 0, &one, 1, 0.05, true).defined);
    assert_false(stats_estimate_centre(NULL, 0, 0.05, true).defined);
    /* NaN is refused, not ranked */
    assert_false(stats_test_mann_whitney(&one, 1, &nan, 1).defined);
    assert_true(stats_test_mann_whitney(&nan, 1, &one, 1).p.less == 1);
    assert_false(stats_test_brunner_munzel(&nan, 1, &one, 1).defined);
    assert_false(stats_test_signed_rank(&nan, 1).defined);
    assert_false(stats_estimate_centre(&nan, 1, 0.05, false).defined);
}

static void few_samples_have_an_estimate_but_no_bounds(void **state)
{
    double x[] = {1, 2, 3, 4, 5}, y[] = {3, 4, 5, 6, 7};
    (void)state;
    for (size_t n = 1; n <= 5; n++) {
        struct stats_location shift = stats_estimate_shift(x, n, y, n, 0.05, n % 2);
        struct stats_location centre = stats_estimate_centre(x, n, 0.05, n % 2);
        assert_true(shift.defined && shift.estimate == 2);
        assert_true(centre.defined && centre.estimate == (1 + (double)n) / 2);
        assert_int_equal(shift.has_bounds, n > 3); /* of 3: P(U = 0) is 0.05, not below */
        assert_int_equal(centre.has_bounds, n > 4);
        assert_true(centre.has_bounds == isfinite(centre.lower));
    }
}

static void a_failed_cycle_is_the_largest_of_all(void **state)
{
    double x[] = {1, 2, 3, INFINITY}, y[] = {1000, INFINITY, INFINITY, INFINITY};
    double d[] = {INFINITY, -INFINITY, 1, 2, 3};
    struct stats_mann_whitney u = stats_test_mann_whitney(x, 4, y, 4);
    struct stats_location shift = stats_estimate_shift(x, 4, y, 4, 0.05, true);
    (void)state;
    assert_true(u.u_x == 2.5); /* one above 1000, three ties */
    assert_false(u.has_exact);
    assert_true(stats_test_brunner_munzel(x, 4, y, 4).defined);
    assert_true(shift.estimate == INFINITY && shift.lower == 0);
    /* sizes 1, 2, 3, inf, inf: the two infinite ones share rank 4.5 */
    assert_true(stats_test_signed_rank(d, 5).w_plus == 1 + 2 + 3 + 4.5);
    assert_true(stats_estimate_centre(d, 5, 0.05, false).estimate == 2);
}

static void all_equal_is_no_difference(void **state)
{
    double x[200], y[200];
    struct stats_location shift;
    (void)state;
    for (int i = 0; i < 200; i++)
        x[i] = y[i] = 5.25;
    shift = stats_estimate_shift(x, 200, y, 200, 0.05, true);
    assert_false(shift.exact); /* wished for, too many */
    assert_true(shift.estimate == 0 && shift.lower == 0 && shift.upper == 0);
    assert_true(stats_test_mann_whitney(x, 200, y, 200).p.greater == 1);
    assert_true(stats_test_brunner_munzel(x, 200, y, 200).p_x_less_y == 0.5);
    assert_true(stats_estimate_centre(x, 200, 0.05, false).lower == 5.25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_gives_no_answer_and_no_surprise),
        cmocka_unit_test(few_samples_have_an_estimate_but_no_bounds),
        cmocka_unit_test(a_failed_cycle_is_the_largest_of_all),
        cmocka_unit_test(all_equal_is_no_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
