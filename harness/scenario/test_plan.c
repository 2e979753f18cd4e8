/* Is the order of cycles balanced, whole, and the same for the same seed? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scenario/plan.h"

/* A scenario with what a plan looks at. */
static struct scenario asked(size_t arms, int look, int block, int warmup)
{
    return (struct scenario){.arm_count = arms,
                             .looks = {look},
                             .look_count = 1,
                             .value_count = 1,
                             .block = block,
                             .warmup = warmup};
}

static void three_sizes_three_looks(struct scenario *scenario)
{
    static const int looks[] = {10, 20, 40};
    static const size_t values[] = {3, 5, 10};
    *scenario = asked(2, 0, 5, 3);
    memcpy(scenario->looks, looks, sizeof looks);
    memcpy(scenario->values, values, sizeof values);
    scenario->look_count = scenario->value_count = 3;
}

/* How often does the plan hold this pair of this arm and value? */
static int times_in(const struct plan *plan, int pair, int arm, int value)
{
    int times = 0;
    for (size_t i = 0; i < plan->count; i++)
        times += plan->items[i].pair == pair && plan->items[i].arm == arm &&
                 plan->items[i].value == value;
    return times;
}

static void every_arm_runs_once_per_pair_and_value(void **state)
{
    struct scenario scenario;
    struct plan plan;
    (void)state;
    three_sizes_three_looks(&scenario);
    plan_build(&plan, &scenario, 7);
    assert_int_equal(plan.count, (3 + 40) * 2 * 3);
    for (int pair = -3; pair < 40; pair++)
        for (int arm = 0; arm < 2; arm++)
            for (int value = 0; value < 3; value++)
                assert_int_equal(times_in(&plan, pair, arm, value), 1);
    plan_release(&plan);
}

static void the_items_of_a_pair_stand_together(void **state)
{
    struct scenario scenario = asked(4, 12, 5, 2);
    struct plan plan;
    (void)state;
    plan_build(&plan, &scenario, 3);
    for (size_t i = 0; i < plan.count; i++) {
        assert_int_equal(plan.items[i].place, i % 4);
        assert_int_equal(plan.items[i].pair, plan.items[i - i % 4].pair);
    }
    plan_release(&plan);
}

static void warm_ups_come_first_and_are_negative(void **state)
{
    struct scenario scenario;
    struct plan plan;
    (void)state;
    three_sizes_three_looks(&scenario);
    plan_build(&plan, &scenario, 7);
    for (size_t i = 0; i < plan.count; i++) {
        bool warm = i < (size_t)18; /* 3 of each arm and size */
        assert_int_equal(plan.items[i].warmup, warm);
        assert_int_equal(plan.items[i].pair < 0, warm);
        assert_int_equal(plan.items[i].block < 0, warm);
        assert_false(warm && plan.items[i].look);
    }
    plan_release(&plan);
}

/* In a block each arm stands at each place equally often, give or take one. */
static void check_balance(const struct plan *plan, size_t arms)
{
    for (size_t first = 0; first < plan->count;) {
        int seen[SCENARIO_MOST_ARMS][SCENARIO_MOST_ARMS] = {0};
        size_t i = first;
        for (; i < plan->count && plan->items[i].block == plan->items[first].block &&
               plan->items[i].value == plan->items[first].value;
             i++)
            seen[plan->items[i].arm][plan->items[i].place]++;
        for (size_t arm = 0; arm < arms; arm++)
            for (size_t place = 0; place < arms; place++) {
                int least = (int)((i - first) / arms / arms);
                assert_in_range(seen[arm][place], least, least + 1);
            }
        first = i;
    }
}

static void positions_are_balanced_in_every_block(void **state)
{
    static const size_t arms[] = {1, 2, 3, 5, 16};
    static const int blocks[] = {1, 2, 5, 8};
    (void)state;
    for (size_t i = 0; i < sizeof arms / sizeof arms[0]; i++)
        for (size_t k = 0; k < sizeof blocks / sizeof blocks[0]; k++)
            for (uint64_t seed = 0; seed < 20; seed++) {
                struct scenario scenario = asked(arms[i], 40, blocks[k], 0);
                struct plan plan;
                plan_build(&plan, &scenario, seed);
                check_balance(&plan, arms[i]);
                plan_release(&plan);
            }
}

/* Balanced is not enough: an order that alternates would follow any rhythm of the machine. */
static void the_first_of_a_pair_is_random(void **state)
{
    struct scenario scenario = asked(2, 400, 5, 0);
    struct plan plan;
    int first = 0, changes = 0;
    (void)state;
    plan_build(&plan, &scenario, 11);
    for (size_t i = 0; i < plan.count; i += 2) {
        first += plan.items[i].arm;
        changes += i > 0 && plan.items[i].arm != plan.items[i - 2].arm;
    }
    assert_in_range(first, 150, 250);
    assert_in_range(changes, 150, 350);
    plan_release(&plan);
}

static void sizes_take_turns_block_by_block(void **state)
{
    struct scenario scenario;
    struct plan plan;
    size_t per_block = 10, warm = 18;
    (void)state;
    three_sizes_three_looks(&scenario);
    plan_build(&plan, &scenario, 7);
    for (size_t i = warm; i < plan.count; i++) {
        assert_int_equal(plan.items[i].value, (i - warm) / per_block % 3);
        assert_int_equal(plan.items[i].block, (i - warm) / per_block / 3);
    }
    plan_release(&plan);
}

static void looks_close_when_all_their_cycles_are_planned(void **state)
{
    struct scenario scenario;
    struct plan plan;
    int closed = 0;
    (void)state;
    three_sizes_three_looks(&scenario);
    plan_build(&plan, &scenario, 7);
    for (size_t i = 0; i < plan.count; i++) {
        if (!plan.items[i].look)
            continue;
        assert_int_equal(plan.items[i].look, ++closed);
        assert_int_equal(i + 1, (size_t)(3 + scenario.looks[closed - 1]) * 2 * 3);
    }
    assert_int_equal(closed, 3);
    plan_release(&plan);
}

/* Looks that are no multiples of the block: no two blocks may share a number. */
static void a_block_cut_short_by_a_look_keeps_its_number(void **state)
{
    struct scenario scenario = asked(1, 0, 5, 0);
    struct plan plan;
    int sizes[8] = {0};
    static const int expected[8] = {5, 2, 5, 5, 3};
    (void)state;
    scenario.looks[0] = 7;
    scenario.looks[1] = 20;
    scenario.look_count = 2;
    plan_build(&plan, &scenario, 1);
    for (size_t i = 0; i < plan.count; i++)
        sizes[plan.items[i].block]++;
    assert_memory_equal(sizes, expected, sizeof sizes);
    plan_release(&plan);
}

static bool same(const struct plan_item *a, const struct plan_item *b)
{
    return a->pair == b->pair && a->block == b->block && a->arm == b->arm && a->value == b->value &&
           a->place == b->place && a->warmup == b->warmup && a->look == b->look;
}

static size_t differences(const struct scenario *scenario, uint64_t seed, uint64_t other)
{
    struct plan a, b;
    size_t count = 0;
    plan_build(&a, scenario, seed);
    plan_build(&b, scenario, other);
    assert_int_equal(a.count, b.count);
    for (size_t i = 0; i < a.count; i++)
        count += !same(&a.items[i], &b.items[i]);
    plan_release(&a);
    plan_release(&b);
    return count;
}

static void the_seed_alone_decides_the_order(void **state)
{
    struct scenario scenario;
    (void)state;
    three_sizes_three_looks(&scenario);
    assert_int_equal(differences(&scenario, 42, 42), 0);
    assert_true(differences(&scenario, 42, 43) > 20);
}

static void one_cycle_in_a_large_block_is_a_plan(void **state)
{
    struct scenario scenario = asked(16, 1, 1000, 0);
    struct plan plan;
    (void)state;
    plan_build(&plan, &scenario, 9);
    assert_int_equal(plan.count, 16);
    assert_int_equal(plan.items[15].look, 1);
    plan_release(&plan);
    assert_null(plan.items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_arm_runs_once_per_pair_and_value),
        cmocka_unit_test(the_items_of_a_pair_stand_together),
        cmocka_unit_test(warm_ups_come_first_and_are_negative),
        cmocka_unit_test(positions_are_balanced_in_every_block),
        cmocka_unit_test(the_first_of_a_pair_is_random),
        cmocka_unit_test(sizes_take_turns_block_by_block),
        cmocka_unit_test(looks_close_when_all_their_cycles_are_planned),
        cmocka_unit_test(a_block_cut_short_by_a_look_keeps_its_number),
        cmocka_unit_test(the_seed_alone_decides_the_order),
        cmocka_unit_test(one_cycle_in_a_large_block_is_a_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
