/* Do the rank methods stay defined at the edges? */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/stats/ranks.h"

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

/* By hand: of 9 pairs x is the smaller in 8, so the share is 8 / 9. */
static void the_share_counts_pairs_and_lies_within_its_bounds(void **state)
{
    double x[] = {1, 2, 5}, y[] = {4, 6, 7}, same[] = {3, 3, 3};
    struct stats_order got = stats_estimate_order(x, 3, y, 3, 1, 0.05);
    struct stats_order other = stats_estimate_order(y, 3, x, 3, 1, 0.05);
    (void)state;
    assert_true(got.defined && !got.separated && fabs(got.share - 8.0 / 9) < 1e-12);
    assert_true(0 < got.lower && got.lower < got.share && got.share < got.upper && got.upper < 1);
    assert_true(fabs(other.share - 1.0 / 9) < 1e-12 && fabs(other.lower - (1 - got.upper)) < 1e-9);
    got = stats_estimate_order(same, 3, same, 3, 1, 0.05);
    assert_true(got.share == 0.5 && got.lower < 0.5 && got.upper > 0.5 && !got.separated);
}

/* 100 of 100 independent trials: more than 0.05^(1/100) of all succeed; 0.05^(1/25) when they are
 * worth 25. */
static void separated_series_have_one_bound(void **state)
{
    double x[100], y[100];
    struct stats_order got;
    (void)state;
    for (int i = 0; i < 100; i++) {
        x[i] = i;
        y[i] = 1000 + i;
    }
    got = stats_estimate_order(x, 100, y, 100, 1, 0.05);
    assert_true(got.separated && got.share == 1 && got.upper == 1);
    assert_true(fabs(got.lower - pow(0.05, 0.01)) < 1e-12);
    assert_true(fabs(stats_estimate_order(x, 100, y, 100, 4, 0.05).lower - pow(0.05, 0.04)) <
                1e-12);
    got = stats_estimate_order(y, 100, x, 100, 1, 0.05);
    assert_true(got.separated && got.share == 0 && got.lower == 0);
    assert_true(fabs(got.upper - (1 - pow(0.05, 0.01))) < 1e-12);
    /* one that lies among the others knows no more than none */
    x[99] = 1000.5;
    got = stats_estimate_order(x, 100, y, 100, 1, 0.05);
    assert_true(!got.separated && got.share < 1 && got.lower < pow(0.05, 0.01));
}

/* Where enough lie among each other, it is the interval of Brunner and Munzel on the logit
 * scale. */
static void many_among_each_other_are_bounded_by_their_placements(void **state)
{
    double x[60], y[60];
    struct stats_order got, wide;
    struct stats_brunner_munzel test;
    double share, t, reach;
    (void)state;
    for (int i = 0; i < 60; i++) {
        x[i] = i;
        y[i] = i + 20.5;
    }
    test = stats_test_brunner_munzel(x, 60, y, 60);
    got = stats_estimate_order(x, 60, y, 60, 1, 0.05);
    wide = stats_estimate_order(x, 60, y, 60, 2, 0.05);
    share = got.share;
    t = (log(share / (1 - share)) - log(got.lower / (1 - got.lower))) * share * (1 - share);
    reach = (share - 0.5) / test.statistic; /* the standard error, from the test itself */
    assert_true(fabs(test.error - reach) < 1e-12);
    assert_true(t / reach > 1.645 && t / reach < 1.69); /* Student's t of 100 and some degrees */
    assert_true(wide.share == share && wide.lower < got.lower && wide.upper > got.upper);
}

static void what_has_no_order_is_refused(void **state)
{
    double one = 1, nan = NAN;
    (void)state;
    assert_false(stats_estimate_order(NULL, 0, &one, 1, 1, 0.05).defined);
    assert_false(stats_estimate_order(&one, 1, &nan, 1, 1, 0.05).defined);
    assert_false(stats_estimate_order(&one, 1, &one, 1, 0.5, 0.05).defined);
    assert_false(stats_estimate_order(&one, 1, &one, 1, NAN, 0.05).defined);
    assert_false(stats_estimate_order(&one, 1, &one, 1, 1, 1).defined);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_gives_no_answer_and_no_surprise),
        cmocka_unit_test(a_failed_cycle_is_the_largest_of_all),
        cmocka_unit_test(all_equal_is_no_difference),
        cmocka_unit_test(the_share_counts_pairs_and_lies_within_its_bounds),
        cmocka_unit_test(separated_series_have_one_bound),
        cmocka_unit_test(many_among_each_other_are_bounded_by_their_placements),
        cmocka_unit_test(what_has_no_order_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
