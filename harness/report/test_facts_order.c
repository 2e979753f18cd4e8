/* Is the probability that the faster arm's cycle is the shorter one counted over all pairs of
 * cycles, told once for each pair of arms that a claim names, and one-sided without overlap? */
#include "report/report.h"
#include "report/test_fixture.h"

#include "report/facts.h"

#define FASTER(id, fast, slow, more)                                                               \
    "{\"id\":\"" id "\",\"faster\":\"" fast "\",\"than\":\"" slow "\",\"at_least\":1.5" more "}"
#define SCENARIO(claims)                                                                           \
    "{\"name\":\"order\",\"cycles\":100,\"warmup\":5," FIXTURE_AGENTS "," FIXTURE_ARMS             \
    ",\"claims\":[" claims "]}"

static char *folder;
static struct results *store;
static struct facts facts;

static void invent(const struct fixture *fixture)
{
    struct err err = {0};
    folder = fixture_folder();
    store = fixture_store(folder);
    if (facts_load(&facts, store, fixture_run(store, fixture), &err) < 0)
        fail_msg("%s", err.text);
}

static void forget(void)
{
    facts_release(&facts);
    results_close(store);
    fixture_remove(folder);
}

/* Writes the report of the invented run and wants this in it; NULL: no such table. */
static void expect_told(const char *row)
{
    struct err err = {0};
    bool missing;
    char *report;
    assert_int_equal(report_render(folder, store, &facts.run.id, 1, &missing, &err), 0);
    report = fixture_read(folder, "benchmarks.md");
    assert_int_equal(strstr(report, "How often does a cycle of the faster arm") != NULL,
                     row != NULL);
    if (row && !strstr(report, row))
        fail_msg("the report does not say: %s", row);
    free(report);
}

static void arms_without_overlap_have_one_bound(void **state)
{
    const struct facts_order *order;
    char *row;
    (void)state;
    invent(&(struct fixture){.scenario = SCENARIO(FASTER("a", "parallel", "sequential", ""))});
    assert_int_equal(facts.order_count, 1);
    order = &facts.orders[0];
    assert_true(order->fast == 1 && order->slow == 0 && order->n == 100);
    assert_true(order->order.separated && order->order.share == 1 && order->order.upper == 1);
    assert_true(fabs(order->order.lower - pow(0.05, order->tau / 100)) < 1e-12);
    row = text_format("| parallel | sequential | spawn_time | 3 | 100 %%, at least %.1f %% (no "
                      "overlap) | 100",
                      100 * order->order.lower);
    expect_told(row);
    free(row);
    forget();
}

/* A failed cycle takes longer than any other, two failed ones are equal. */
static void failed_cycles_overlap(void **state)
{
    const struct stats_order *order;
    double n = 100, fast_failed, slow_failed;
    char row[200];
    (void)state;
    invent(&(struct fixture){.scenario = SCENARIO(FASTER("a", "parallel", "sequential", "")),
                             .fail_every = 4});
    order = &facts.orders[0].order;
    slow_failed = (double)facts_cell(&facts, 0, 0)->spawn.failed;
    fast_failed = (double)facts_cell(&facts, 1, 0)->spawn.failed;
    assert_true(slow_failed > 0 && fast_failed > 0 && !order->separated);
    assert_true(fabs(order->share - (n - fast_failed + fast_failed * slow_failed / n / 2) / n) <
                1e-12);
    assert_true(order->lower < order->share && order->share < order->upper && order->upper < 1);
    snprintf(row, sizeof row, "| 3 | %.1f %% [%.1f %% .. %.1f %%] | 100", 100 * order->share,
             100 * order->lower, 100 * order->upper);
    expect_told(row);
    forget();
}

/* Widened by the larger tau of both arms, as n / tau cycles. */
static void what_was_widened_says_what_it_is_worth(void **state)
{
    struct facts_order *order;
    char row[100];
    (void)state;
    invent(&(struct fixture){.scenario = SCENARIO(FASTER("a", "parallel", "sequential", "")),
                             .fail_every = 4});
    order = &facts.orders[0];
    assert_true(order->tau >= 1);
    snprintf(row, sizeof row, order->tau > 1 ? "| 100, worth %.0f (tau %.2g) |" : "| 100 |",
             100 / order->tau, order->tau);
    expect_told(row);
    forget();
}

static void each_pair_of_arms_is_told_once(void **state)
{
    (void)state;
    invent(&(struct fixture){
        .scenario = SCENARIO(FASTER("a", "parallel", "sequential", "") "," FASTER(
            "b", "parallel", "sequential",
            "") "," FASTER("c", "parallel", "sequential",
                           ",\"metric\":\"ready_time\"") "," FASTER("d", "sequential", "parallel",
                                                                    ""))});
    assert_int_equal(facts.order_count, 3);
    assert_true(facts.orders[1].metric == SCENARIO_READY_TIME);
    assert_true(facts.orders[2].order.share == 0 && facts.orders[2].order.lower == 0);
    expect_told("| sequential | parallel | spawn_time | 3 | 0 %, at most ");
    forget();
}

static void nothing_is_told_without_a_claim_or_a_cycle(void **state)
{
    (void)state;
    invent(&(struct fixture){.scenario = fixture_sweep});
    assert_int_equal(facts.order_count, 0);
    expect_told(NULL);
    forget();
    invent(&(struct fixture){.scenario = fixture_three_agents, .all_fail = true});
    assert_int_equal(facts.order_count, 0);
    expect_told(NULL);
    forget();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arms_without_overlap_have_one_bound),
        cmocka_unit_test(failed_cycles_overlap),
        cmocka_unit_test(what_was_widened_says_what_it_is_worth),
        cmocka_unit_test(each_pair_of_arms_is_told_once),
        cmocka_unit_test(nothing_is_told_without_a_claim_or_a_cycle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
