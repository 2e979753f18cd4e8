/* Do the clocks go forwards, and is what strangers call a time made one to reckon with? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

static void the_clock_goes_forwards(void **state)
{
    int64_t before_ns = clock_now_ns();
    (void)state;
    clock_sleep_until(before_ns + 1000);
    assert_true(clock_now_ns() >= before_ns + 1000);
    assert_true(clock_wall_ns() > INT64_C(1700000000) * CLOCK_NS_PER_S);
}

static void no_difference_of_believable_times_overflows(void **state)
{
    static const int64_t told[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX};
    int64_t difference, sum;
    (void)state;
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        for (size_t k = 0; k < sizeof told / sizeof told[0]; k++) {
            int64_t a = clock_believable(told[i]), b = clock_believable(told[k]);
            assert_false(__builtin_sub_overflow(a, b, &difference));
            assert_false(__builtin_add_overflow(a, b, &sum));
            assert_true(told[i] >= told[k] ? a >= b : a <= b);
        }
}

static void sums_stay_at_the_edge(void **state)
{
    (void)state;
    assert_int_equal(clock_sum(2, -3), -1);
    assert_true(clock_sum(INT64_MAX, 1) == INT64_MAX);
    assert_true(clock_sum(1, INT64_MAX) == INT64_MAX);
    assert_true(clock_sum(INT64_MIN, -1) == INT64_MIN);
}

static void what_can_be_true_stays_as_it_is(void **state)
{
    static const int64_t year_ns = INT64_C(3600000000000) * 24 * 365;
    (void)state;
    for (int64_t ns = -30 * year_ns; ns <= 30 * year_ns; ns += year_ns + 1)
        assert_int_equal(clock_believable(ns), ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock_goes_forwards),
        cmocka_unit_test(no_difference_of_believable_times_overflows),
        cmocka_unit_test(sums_stay_at_the_edge),
        cmocka_unit_test(what_can_be_true_stays_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
