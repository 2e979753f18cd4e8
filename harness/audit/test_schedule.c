/* Do the full audits keep their budget, and do they happen all the same? Times are made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/schedule.h"

#define MS INT64_C(1000000)

/* What a full audit of a store costs, by the number of cycles it holds. */
typedef int64_t cost_of(int64_t cycles);

static int64_t growing(int64_t cycles)
{
    return 200000 + cycles * 20000;
}
static int64_t dear(int64_t cycles)
{
    return 500 * MS + cycles;
}
static int64_t cheap(int64_t cycles)
{
    return 1000 + cycles;
}

struct tally {
    int64_t full, quick, longest_gap;
};

/* The promise is checked after every single full audit, the first one apart. */
static struct tally play(struct audit_schedule *schedule, int64_t cycles, int64_t cycle_ns,
                         cost_of *cost)
{
    struct tally tally = {0};
    int64_t gap = 0;
    for (int64_t i = 1; i <= cycles; i++) {
        gap++;
        if (audit_schedule_next(schedule, cycle_ns, false) == AUDIT_QUICK) {
            tally.quick++;
            continue;
        }
        audit_schedule_spent(schedule, cost(i));
        tally.full++;
        tally.longest_gap = gap > tally.longest_gap ? gap : tally.longest_gap;
        gap = 0;
        if (tally.full > 1)
            assert_true((double)schedule->spent_ns <= AUDIT_SHARE * (double)(i * cycle_ns));
    }
    return tally;
}

static void full_audits_keep_their_budget_as_the_store_grows(void **state)
{
    struct audit_schedule schedule = {0};
    struct tally tally = play(&schedule, 10000, 5 * MS, growing);
    (void)state;
    assert_true(tally.full + tally.quick == 10000);
    assert_in_range(tally.full, 10, 1000);
    /* and what may be spent is not left lying either */
    assert_true((double)schedule.spent_ns > 0.5 * AUDIT_SHARE * 10000 * 5 * MS);
}

static void what_is_cheap_runs_every_time(void **state)
{
    struct audit_schedule schedule = {0};
    struct tally tally = play(&schedule, 1000, 50 * MS, cheap);
    (void)state;
    assert_int_equal(tally.quick, 0);
}

static void a_first_audit_that_was_dear_is_earned_before_the_next(void **state)
{
    struct audit_schedule schedule = {0};
    struct tally tally = play(&schedule, 2500, 10 * MS, dear);
    (void)state;
    /* 5 % of 25 s is more than two of them, but the second may be twice as dear as the first */
    assert_int_equal(tally.full, 1);
    assert_int_equal(tally.quick, 2499);
}

static void at_a_look_it_runs_whatever_it_costs(void **state)
{
    struct audit_schedule schedule = {0};
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(audit_schedule_next(&schedule, MS, true), AUDIT_FULL);
        audit_schedule_spent(&schedule, 1000 * MS);
        assert_int_equal(audit_schedule_next(&schedule, MS, false), AUDIT_QUICK);
    }
    /* what was forced is part of the sum: 2 s are 5 % of 40 s */
    assert_int_equal(audit_schedule_next(&schedule, 39000 * MS, false), AUDIT_QUICK);
    assert_int_equal(audit_schedule_next(&schedule, 61000 * MS, false), AUDIT_FULL);
}

/* A cycle that broke before it was answered took no time that anybody measured. */
static void cycles_without_a_time_earn_nothing(void **state)
{
    struct audit_schedule schedule = {0};
    struct tally tally = play(&schedule, 100, 0, cheap);
    (void)state;
    assert_int_equal(tally.full, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_audits_keep_their_budget_as_the_store_grows),
        cmocka_unit_test(what_is_cheap_runs_every_time),
        cmocka_unit_test(a_first_audit_that_was_dear_is_earned_before_the_next),
        cmocka_unit_test(at_a_look_it_runs_whatever_it_costs),
        cmocka_unit_test(cycles_without_a_time_earn_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
