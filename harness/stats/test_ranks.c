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
    (void)state;
    assert_false(stats_test_brunner_munzel(NULL, 0, NULL, 0).defined);
    assert_false(stats_test_brunner_munzel(&one, 1, &one, 1).defined);
    /* NaN is refused, not ranked */
    assert_false(stats_test_brunner_munzel(&nan, 1, &one, 1).defined);
    assert_true(isnan(stats_test_brunner_munzel(&one, 1, &nan, 1).p_x_less_y));
}

/* Of 16 pairs x is the smaller in 12, and in 3 both failed. */
static void a_failed_cycle_is_the_largest_of_all(void **state)
{
    double x[] = {1, 2, 3, INFINITY}, y[] = {1000, INFINITY, INFINITY, INFINITY};
    struct stats_brunner_munzel got = stats_test_brunner_munzel(x, 4, y, 4);
    (void)state;
    assert_true(got.defined && got.p_x_less_y == (12 + 1.5) / 16);
}

static void all_equal_is_no_difference(void **state)
{
    double x[200];
    (void)state;
    for (int i = 0; i < 200; i++)
        x[i] = 5.25;
    assert_true(stats_test_brunner_munzel(x, 200, x, 200).p_x_less_y == 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_gives_no_answer_and_no_surprise),
        cmocka_unit_test(a_failed_cycle_is_the_largest_of_all),
        cmocka_unit_test(all_equal_is_no_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
