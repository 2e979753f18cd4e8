/* Is every kind of claim judged on the right samples, and is dependence allowed for? */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/test_judged.h"

#define MS INT64_C(1000000)

/* Two arms, looks at 100, 200, 400, one claim. */
static struct scenario scenario_with(const char *claim)
{
    struct scenario scenario = {0};
    struct err err = {0};
    char *text = text_format(
        "{\"name\": \"invented\", \"agents\": [{\"name\": \"gemini\", \"command\": [\"x\"],"
        " \"times\": 2}], \"arms\": [{\"name\": \"slow\", \"subject\": [\"x\"]},"
        " {\"name\": \"fast\", \"subject\": [\"x\"]}], \"cycles\": {\"looks\": [100, 200, 400]},"
        " \"claims\": [%s]}",
        claim);
    if (scenario_parse(&scenario, text, strlen(text), &err) < 0)
        fail_msg("%s", err.text);
    free(text);
    return scenario;
}

static const char limit[] =
    "{\"id\": \"C\", \"arm\": \"slow\", \"quantile\": 0.95, \"at_most\": \"50ms\"}";
static const char faster[] =
    "{\"id\": \"C\", \"faster\": \"fast\", \"than\": \"slow\", \"at_least\": 3}";

/* A number without pattern: neighbours do not resemble each other, so tau is 1. */
static int64_t noise(uint32_t number)
{
    number = (number + 0x9e3779b9u) * 0x85ebca6bu;
    number = (number ^ number >> 13) * 0xc2b2ae35u;
    return number ^ number >> 16;
}

static void put(struct synthetic *synthetic, int pair, int arm, int64_t spawn_ns)
{
    synthetic_put(synthetic,
                  &(struct synthetic_cycle){.pair = pair, .arm = arm, .spawn_ns = spawn_ns});
}

static struct verdict judge(struct synthetic *synthetic, const struct scenario *scenario)
{
    struct verdict verdict = judged_verdict(synthetic, scenario);
    assert_int_equal(verdict.count, 1);
    return verdict;
}

/* Judge, and hold the word against the one expected; the caller looks at the copy. */
static struct verdict_item judged(struct synthetic *synthetic, struct scenario *scenario,
                                  enum verdict_word word)
{
    struct verdict verdict = judge(synthetic, scenario);
    struct verdict_item item = verdict.items[0];
    if (item.word != word)
        fail_msg("%s, expected %s: %s (n %zu, bad %zu, tau %g)", verdict_word_name(item.word),
                 verdict_word_name(word), item.reason, item.n, item.bad, item.tau);
    item.claim = NULL;
    verdict_release(&verdict);
    return item;
}

/* ---- dependence ---- */

static void bad_cycles(struct synthetic *synthetic, int bad, bool together)
{
    for (int pair = 0; pair < 400; pair++) {
        bool is_bad = together ? pair >= 300 && pair < 300 + bad : pair % (400 / bad) == 3;
        put(synthetic, pair, 0, is_bad ? 60 * MS : 40 * MS + noise((uint32_t)pair) % MS);
    }
}

static void scattered_bad_cycles_refute_with_tau_one(void **state)
{
    struct scenario scenario = scenario_with(limit);
    struct verdict_item item;
    bad_cycles(*state, 40, false);
    item = judged(*state, &scenario, VERDICT_REFUTED);
    assert_true(item.tau == 1 && item.effective_n == (double)item.n);
    scenario_release(&scenario);
}

static void as_many_in_one_burst_are_worth_fewer(void **state)
{
    struct scenario scenario = scenario_with(limit);
    struct verdict_item item;
    bad_cycles(*state, 40, true);
    item = judged(*state, &scenario, VERDICT_SUPPORTED); /* none among the first 100 */
    assert_int_equal(item.look, 1);
    scenario.looks[0] = 400; /* one look at all of them */
    scenario.look_count = 1;
    item = judged(*state, &scenario, VERDICT_INCONCLUSIVE);
    assert_true(item.tau > 5 && item.effective_n < 80);
    assert_true(strlen(item.remedy) > 0);
    assert_non_null(strstr(item.reason, "so alike that the 400 are worth only"));
    scenario_release(&scenario);
}

static void dependent_pairs_widen_the_bounds_of_a_speedup(void **state)
{
    struct synthetic *synthetic = *state;
    struct scenario scenario = scenario_with(faster);
    struct verdict_item item;
    scenario.looks[0] = 100;
    scenario.look_count = 1;
    for (int pair = 0; pair < 100; pair++) { /* the level changes every 20 pairs: 2.9x, 3.2x */
        double ratio = pair / 20 % 2 ? 2.9 : 3.2;
        put(synthetic, pair, 1, 10 * MS + noise((uint32_t)pair) % 1000);
        put(synthetic, pair, 0, (int64_t)(ratio * 10 * MS) + noise((uint32_t)pair + 500) % 1000);
    }
    item = judged(synthetic, &scenario, VERDICT_INCONCLUSIVE);
    assert_true(item.tau > 3);
    assert_true(item.lower < 3 && item.upper > 3);
    scenario_release(&scenario);
}

/* ---- other claims ---- */

static void series(struct synthetic *synthetic, int arm, int64_t base_ns, int pairs)
{
    for (int pair = 0; pair < pairs; pair++)
        put(synthetic, pair, arm, base_ns + noise((uint32_t)(pair + 1000 * arm)) % MS);
}

static void at_least_looks_at_the_other_tail(void **state)
{
    struct scenario scenario = scenario_with(limit);
    struct scenario_claim *claim = &scenario.claims[0];
    struct verdict_item item;
    series(*state, 0, 40 * MS, 400);
    claim->kind = SCENARIO_CLAIM_AT_LEAST;
    claim->quantile = 0.05;
    claim->limit = 40 * MS;
    item = judged(*state, &scenario, VERDICT_SUPPORTED);
    assert_true(item.lower >= 40 * MS && item.estimate >= item.lower);
    claim->limit = 40.2 * MS; /* a fifth lies below */
    item = judged(*state, &scenario, VERDICT_REFUTED);
    assert_true(item.upper < 40.2 * MS && item.estimate <= item.upper);
    scenario_release(&scenario);
}

static void a_failed_cycle_speaks_against_at_least_too(void **state)
{
    struct scenario scenario = scenario_with(limit);
    struct scenario_claim *claim = &scenario.claims[0];
    for (int pair = 0; pair < 100; pair++)
        put(*state, pair, 0, pair % 4 == 1 ? -1 : 50 * MS + noise((uint32_t)pair) % MS);
    claim->kind = SCENARIO_CLAIM_AT_LEAST;
    claim->quantile = 0.05;
    claim->limit = 40 * MS;
    judged(*state, &scenario, VERDICT_REFUTED);
    scenario_release(&scenario);
}

static void throughput_counts_agents_by_second(void **state)
{
    struct scenario scenario = scenario_with(limit);
    struct scenario_claim *claim = &scenario.claims[0];
    struct verdict_item item;
    series(*state, 0, 40 * MS, 400); /* 2 agents in 40 to 41 ms: 48.8 to 50 by second */
    claim->kind = SCENARIO_CLAIM_AT_LEAST;
    claim->metric = SCENARIO_THROUGHPUT;
    claim->quantile = 0.05;
    claim->limit = 48.7;
    item = judged(*state, &scenario, VERDICT_SUPPORTED);
    assert_true(item.estimate > 48.7 && item.estimate < 50.1);
    claim->limit = 49.5;
    judged(*state, &scenario, VERDICT_REFUTED);
    scenario_release(&scenario);
}

static void a_mean_is_judged_by_its_bounds(void **state)
{
    struct scenario scenario = scenario_with(limit);
    struct scenario_claim *claim = &scenario.claims[0];
    struct verdict_item item;
    series(*state, 0, 40 * MS, 400); /* 40 to 41, mean 40.5 */
    claim->statistic = SCENARIO_MEAN;
    claim->quantile = 0.5;
    claim->limit = 40.7 * MS;
    item = judged(*state, &scenario, VERDICT_SUPPORTED);
    assert_true(item.upper <= 40.7 * MS && item.lower <= item.estimate);
    claim->limit = 40.3 * MS;
    item = judged(*state, &scenario, VERDICT_REFUTED);
    assert_true(item.lower > 40.3 * MS);
    claim->kind = SCENARIO_CLAIM_AT_LEAST;
    item = judged(*state, &scenario, VERDICT_SUPPORTED);
    assert_true(item.lower >= 40.3 * MS && item.estimate > 40.4 * MS && item.estimate < 40.6 * MS);
    scenario_release(&scenario);
}

static void a_failed_cycle_has_no_throughput_in_a_mean(void **state)
{
    struct scenario scenario = scenario_with(limit);
    struct scenario_claim *claim = &scenario.claims[0];
    struct verdict_item item;
    for (int pair = 0; pair < 100; pair++) /* 2 agents in 40 to 41 ms, or none at all */
        put(*state, pair, 0, pair % 5 == 2 ? -1 : 40 * MS + noise((uint32_t)pair) % MS);
    claim->kind = SCENARIO_CLAIM_AT_LEAST;
    claim->metric = SCENARIO_THROUGHPUT;
    claim->statistic = SCENARIO_MEAN;
    claim->quantile = 0.5;
    claim->limit = 20;
    item = judged(*state, &scenario, VERDICT_SUPPORTED);
    assert_true(item.estimate > 38 && item.estimate < 41); /* four fifths of 49 */
    scenario_release(&scenario);
}

/* 0 of 60 is a chance of 0.046 at p95: within 5 %, which is what one look may spend */
static void one_look_may_spend_all_of_alpha(void **state)
{
    struct scenario scenario = scenario_with(limit);
    scenario.looks[0] = 60;
    scenario.look_count = 1;
    for (int pair = 0; pair < 60; pair++) /* neighbours are unlike: tau is 1 */
        put(*state, pair, 0, 40 * MS + pair % 2 * MS + pair * 7 % 60);
    judged(*state, &scenario, VERDICT_SUPPORTED);
    scenario_release(&scenario);
}

static void a_failed_cycle_leaves_no_mean_below_any_limit(void **state)
{
    struct scenario scenario = scenario_with(limit);
    for (int pair = 0; pair < 400; pair++)
        put(*state, pair, 0, pair == 77 ? -1 : 40 * MS + noise((uint32_t)pair) % MS);
    scenario.claims[0].statistic = SCENARIO_MEAN;
    scenario.claims[0].quantile = 0.5;
    scenario.looks[0] = 400;
    scenario.look_count = 1;
    assert_true(isinf(judged(*state, &scenario, VERDICT_REFUTED).estimate));
    scenario_release(&scenario);
}

static void equivalence_needs_both_sides(void **state)
{
    struct scenario scenario = scenario_with(faster);
    struct scenario_claim *claim = &scenario.claims[0];
    struct verdict_item item;
    series(*state, 0, 40 * MS, 400);
    series(*state, 1, 41 * MS, 400);
    claim->kind = SCENARIO_CLAIM_WITHIN;
    claim->share = 0.05;
    item = judged(*state, &scenario, VERDICT_SUPPORTED);
    assert_true(item.lower >= 0.95 && item.upper <= 1.05 && item.estimate > 1);
    claim->share = 0.01; /* it is 2.5 % slower */
    item = judged(*state, &scenario, VERDICT_REFUTED);
    assert_true(item.lower > 1.01);
    scenario_release(&scenario);
}

static void a_ratio_that_is_too_small_is_not_equivalent_either(void **state)
{
    struct scenario scenario = scenario_with(faster);
    series(*state, 0, 40 * MS, 100);
    series(*state, 1, 30 * MS, 100);
    scenario.claims[0].kind = SCENARIO_CLAIM_WITHIN;
    scenario.claims[0].share = 0.05;
    judged(*state, &scenario, VERDICT_REFUTED);
    scenario_release(&scenario);
}

static void what_nobody_measured_is_invalid(void **state)
{
    struct scenario scenario = scenario_with(limit);
    struct verdict verdict;
    series(*state, 0, 40 * MS, 100);
    scenario.claims[0].metric = SCENARIO_MAIN_TO_OWN_READY; /* no witness tells it */
    verdict = judge(*state, &scenario);
    assert_int_equal(verdict.items[0].word, VERDICT_INVALID);
    assert_true(verdict.decided); /* more cycles would not help */
    assert_non_null(
        strstr(verdict.items[0].reason, "main_to_own_ready is not known in 100 of 100"));
    assert_true(verdict.items[0].remedy[0]);
    assert_true(isnan(verdict.items[0].estimate));
    assert_int_equal(verdict_exit_code(&verdict, &(struct results_tally){0}), 5);
    assert_int_equal(verdict_exit_code(&verdict, &(struct results_tally){.findings_conduct = 1}),
                     4);
    verdict_release(&verdict);
    scenario_release(&scenario);
}

static void a_claim_at_one_batch_size_is_judged_there_alone(void **state)
{
    struct scenario scenario = scenario_with(limit);
    struct verdict verdict;
    scenario.values[0] = 2;
    scenario.values[1] = 3;
    scenario.value_count = 2;
    scenario.claims[0].at = 1;
    verdict = judge(*state, &scenario);
    assert_int_equal(verdict.items[0].value, 1);
    assert_int_equal(verdict.items[0].batch_size, 3);
    verdict_release(&verdict);
    scenario_release(&scenario);
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, synthetic_new, synthetic_free)
    const struct CMUnitTest tests[] = {
        WITH_STORE(scattered_bad_cycles_refute_with_tau_one),
        WITH_STORE(as_many_in_one_burst_are_worth_fewer),
        WITH_STORE(dependent_pairs_widen_the_bounds_of_a_speedup),
        WITH_STORE(at_least_looks_at_the_other_tail),
        WITH_STORE(a_failed_cycle_speaks_against_at_least_too),
        WITH_STORE(throughput_counts_agents_by_second),
        WITH_STORE(a_mean_is_judged_by_its_bounds),
        WITH_STORE(a_failed_cycle_has_no_throughput_in_a_mean),
        WITH_STORE(one_look_may_spend_all_of_alpha),
        WITH_STORE(a_failed_cycle_leaves_no_mean_below_any_limit),
        WITH_STORE(equivalence_needs_both_sides),
        WITH_STORE(a_ratio_that_is_too_small_is_not_equivalent_either),
        WITH_STORE(what_nobody_measured_is_invalid),
        WITH_STORE(a_claim_at_one_batch_size_is_judged_there_alone),
    };
#undef WITH_STORE
    return cmocka_run_group_tests(tests, NULL, NULL);
}
