/* Does what was seen of locks come back as sums over cycles, with the longest holds? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "results/test_synthetic.h"

static struct locks_hold hold_of(int64_t most_ns)
{
    struct locks_hold hold = {.kind = LOCKS_WRITE,
                              .who = LOCKS_AGENT,
                              .agent = "0.1",
                              .name = "sharer",
                              .pid = 42,
                              .begin_ns = 5,
                              .seen_ns = most_ns / 2,
                              .most_ns = most_ns};
    return hold;
}

static void put(struct synthetic *synthetic, size_t index, int64_t held_ns)
{
    static char name[] = "/a/shared.sqlite";
    struct locks_told told = {.name = name,
                              .match = LOCKS_BY_DEVICE,
                              .looks = 10,
                              .span_ns = 1000,
                              .gap_ns = 100 + (int64_t)index,
                              .held_ns = {[LOCKS_WRITE] = held_ns, [LOCKS_READ] = 7},
                              .holds_seen = 1,
                              .hold_count = 1,
                              .wait_count = 1};
    struct locks_seen seen = {.items = &told, .count = 1, .looks = 12, .spent_ns = 240};
    struct cycle cycle = {.index = index, .locks = &seen};
    told.holds[0] = hold_of(held_ns);
    told.waits[0] = (struct locks_wait){.agent = "0.2",
                                        .name = "other",
                                        .fate = LOCKS_FAILED,
                                        .span_ns = 900,
                                        .held_ns = held_ns,
                                        .by = hold_of(held_ns)};
    synthetic_put(synthetic, &(struct synthetic_cycle){.pair = (int)index, .spawn_ns = 50});
    assert_int_equal(results_begin(synthetic->store, &synthetic->err), 0);
    assert_int_equal(results_locks_put(synthetic->store, synthetic->run, &cycle, &synthetic->err),
                     0);
    assert_int_equal(results_end(synthetic->store, 0, &synthetic->err), 0);
}

static int check_sums(void *context, const struct results_locks *locks)
{
    ++*(int *)context;
    assert_string_equal(locks->database, "/a/shared.sqlite");
    assert_string_equal(locks->stage, "start");
    assert_string_equal(locks->match, "device");
    assert_int_equal(locks->cycles, 2);
    assert_int_equal(locks->looks, 20);
    assert_int_equal(locks->span_ns, 2000);
    assert_int_equal(locks->gap_ns, 101);
    assert_int_equal(locks->holds, 2);
    assert_int_equal(locks->held_ns[LOCKS_WRITE], 700);
    assert_int_equal(locks->held_ns[LOCKS_EXCLUSIVE], 0);
    assert_int_equal(locks->held_ns[LOCKS_READ], 14);
    return 0;
}

static int check_hold(void *context, const struct results_hold *hold)
{
    ++*(int *)context;
    assert_int_equal(hold->cycle, 1); /* the longest */
    assert_int_equal(hold->most_ns, 400);
    assert_int_equal(hold->seen_ns, 200);
    assert_int_equal(hold->pid, 42);
    assert_string_equal(hold->who, "agent");
    assert_string_equal(hold->agent, "0.1");
    assert_string_equal(hold->name, "sharer");
    assert_string_equal(hold->fate, "");
    return 0;
}

static int check_wait(void *context, const struct results_hold *wait)
{
    ++*(int *)context;
    assert_string_equal(wait->fate, "failed");
    assert_string_equal(wait->waiter, "0.2");
    assert_string_equal(wait->waiter_name, "other");
    assert_string_equal(wait->agent, "0.1");
    assert_int_equal(wait->span_ns, 900);
    return 0;
}

static void what_was_seen_comes_back(void **state)
{
    struct synthetic *synthetic = *state;
    struct results_locks_cost cost;
    struct err *err = &synthetic->err;
    int sums = 0, holds = 0, waits = 0;
    put(synthetic, 0, 300);
    put(synthetic, 1, 400);
    synthetic_reopen(synthetic);
    assert_int_equal(results_locks_cost(&cost, synthetic->store, synthetic->run, err), 0);
    assert_int_equal(cost.cycles, 2);
    assert_int_equal(cost.looks, 24);
    assert_int_equal(cost.spent_ns, 480);
    assert_int_equal(cost.span_ns, 2000);
    assert_int_equal(results_each_locks(synthetic->store, synthetic->run, check_sums, &sums, err),
                     0);
    assert_int_equal(sums, 1);
    assert_int_equal(
        results_each_hold(synthetic->store, synthetic->run, "write", 1, check_hold, &holds, err),
        0);
    assert_int_equal(holds, 1);
    assert_int_equal(
        results_each_hold(synthetic->store, synthetic->run, NULL, 9, check_wait, &waits, err), 0);
    assert_int_equal(waits, 2);
    assert_int_equal(
        results_each_hold(synthetic->store, synthetic->run, "read", 9, check_hold, &holds, err), 0);
    assert_int_equal(holds, 1);
}

/* A store of others may hold any number. */
static void sums_of_anything_are_defined(void **state)
{
    struct synthetic *synthetic = *state;
    struct results_locks_cost cost;
    put(synthetic, 0, INT64_MAX);
    put(synthetic, 1, INT64_MAX);
    assert_int_equal(results_locks_cost(&cost, synthetic->store, synthetic->run, &synthetic->err),
                     0);
}

static void a_run_that_was_not_looked_at_has_none(void **state)
{
    struct synthetic *synthetic = *state;
    struct results_locks_cost cost;
    const struct cycle cycle = {.index = 0};
    synthetic_put(synthetic, &(struct synthetic_cycle){.spawn_ns = 50});
    assert_int_equal(results_locks_put(synthetic->store, synthetic->run, &cycle, &synthetic->err),
                     0);
    assert_int_equal(results_locks_cost(&cost, synthetic->store, synthetic->run, &synthetic->err),
                     0);
    assert_int_equal(cost.cycles, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_seen_comes_back, synthetic_new, synthetic_free),
        cmocka_unit_test_setup_teardown(sums_of_anything_are_defined, synthetic_new,
                                        synthetic_free),
        cmocka_unit_test_setup_teardown(a_run_that_was_not_looked_at_has_none, synthetic_new,
                                        synthetic_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
