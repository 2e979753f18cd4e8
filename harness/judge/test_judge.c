/* Does the word follow from the numbers, at every look, and do bounds and reasons agree with it? */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/test_judged.h"

#define LIMIT_NS 50000000

/* Two arms, three looks, one claim, and as many batch sizes as there are cases. */
static struct scenario scenario_with(const char *claim, int values)
{
    struct scenario scenario = {0};
    struct err err = {0};
    struct text text = {0};
    text_add(&text,
             "{\"name\": \"invented\", \"agents\": [{\"name\": \"a\", \"command\": [\"x\"]}],"
             " \"arms\": [{\"name\": \"slow\", \"subject\": [\"x\"]},"
             "            {\"name\": \"fast\", \"subject\": [\"x\"]}],"
             " \"cycles\": {\"looks\": [100, 200, 400]}, \"vary\": {\"agents\": [1");
    for (int i = 2; i <= values; i++)
        text_addf(&text, ", %d", i);
    text_addf(&text, "]}, \"on_failure\": \"%s\", \"claims\": [%s]}",
              strstr(claim, "degrades") ? "degrade" : "cancel", claim);
    if (scenario_parse(&scenario, text.data, text.length, &err) < 0)
        fail_msg("%s", err.text);
    text_release(&text);
    return scenario;
}

static const char at_most[] =
    "{\"id\": \"C\", \"arm\": \"slow\", \"quantile\": 0.95, \"at_most\": \"50ms\"}";
static const char faster[] =
    "{\"id\": \"C\", \"faster\": \"fast\", \"than\": \"slow\", \"at_least\": 3}";
static const char unharmed[] = "{\"id\": \"C\", \"corruption\": \"none\"}";
static const char cancels[] = "{\"id\": \"C\", \"arm\": \"slow\", \"failure\": \"cancels\"}";
static const char degrades[] = "{\"id\": \"C\", \"arm\": \"slow\", \"failure\": \"degrades\"}";

/* What is invented for one batch size, and what must be said of it. */
struct series {
    int pairs;
    int bad[3]; /* within the cycles up to the first, from there to the second, third look */
    enum verdict_word word;
    int look;
    size_t n, bad_judged;
};

/* A number without pattern: neighbours do not resemble each other, so tau is 1. */
static uint32_t noise(uint32_t number)
{
    number = (number + 0x9e3779b9u) * 0x85ebca6bu;
    number = (number ^ number >> 13) * 0xc2b2ae35u;
    return number ^ number >> 16;
}

/* The bad ones lie evenly spread within each stretch: as far from bursts as can be. */
static bool is_bad(const struct series *series, int pair)
{
    static const int starts[] = {0, 100, 200, 400};
    for (int k = 0; k < 3; k++) {
        int length = starts[k + 1] - starts[k], at = pair - starts[k];
        if (pair < starts[k + 1])
            return (at + 1) * series->bad[k] / length > at * series->bad[k] / length;
    }
    return false;
}

static struct verdict judge(struct synthetic *synthetic, const struct scenario *scenario)
{
    struct verdict verdict = judged_verdict(synthetic, scenario);
    return verdict;
}

static void check(const struct verdict_item *item, const struct series *series)
{
    if (item->word != series->word || item->look != series->look || item->n != series->n ||
        item->bad != series->bad_judged)
        fail_msg("size %zu: %s at look %d, %zu of %zu bad; expected %s at look %d, %zu of %zu: %s",
                 item->batch_size, verdict_word_name(item->word), item->look, item->bad, item->n,
                 verdict_word_name(series->word), series->look, series->bad_judged, series->n,
                 item->reason);
    assert_true(item->reason[0]);
}

/* Around the boundaries 0, 3, 12 and 11, 18, 29 of judge/STATISTICS.md 5. */
static const struct series p95[] = {
    {400, {0, 0, 0}, VERDICT_SUPPORTED, 1, 100, 0},
    {100, {11, 0, 0}, VERDICT_REFUTED, 1, 100, 11},
    {100, {1, 0, 0}, VERDICT_INCONCLUSIVE, 1, 100, 1},
    {199, {10, 0, 0}, VERDICT_INCONCLUSIVE, 1, 100, 10},
    {200, {1, 2, 0}, VERDICT_SUPPORTED, 2, 200, 3},
    {200, {1, 3, 0}, VERDICT_INCONCLUSIVE, 2, 200, 4},
    {200, {10, 7, 0}, VERDICT_INCONCLUSIVE, 2, 200, 17},
    {200, {10, 8, 0}, VERDICT_REFUTED, 2, 200, 18},
    {400, {4, 4, 4}, VERDICT_SUPPORTED, 3, 400, 12},
    {400, {4, 4, 5}, VERDICT_INCONCLUSIVE, 3, 400, 13},
    {400, {10, 7, 11}, VERDICT_INCONCLUSIVE, 3, 400, 28},
    {400, {10, 7, 12}, VERDICT_REFUTED, 3, 400, 29},
    {400, {0, 100, 200}, VERDICT_SUPPORTED, 1, 100, 0}, /* decided is decided */
    {400, {11, 0, 0}, VERDICT_REFUTED, 1, 100, 11},
    {99, {100, 0, 0}, VERDICT_INCONCLUSIVE, 0, 99, 99},
    {0, {0, 0, 0}, VERDICT_INCONCLUSIVE, 0, 0, 0},
};

static void put_p95(struct synthetic *synthetic, int value, const struct series *series,
                    int64_t bad_ns)
{
    for (int pair = 0; pair < series->pairs; pair++)
        synthetic_put(synthetic,
                      &(struct synthetic_cycle){
                          .pair = pair,
                          .value = value,
                          .spawn_ns = is_bad(series, pair)
                                          ? bad_ns
                                          : LIMIT_NS - noise((uint32_t)pair * 7) % 1000});
}

static void check_p95(struct synthetic *synthetic, int64_t bad_ns)
{
    enum { CASES = sizeof p95 / sizeof p95[0] };
    struct scenario scenario = scenario_with(at_most, CASES);
    struct verdict verdict;
    for (int i = 0; i < CASES; i++)
        put_p95(synthetic, i, &p95[i], bad_ns);
    verdict = judge(synthetic, &scenario);
    assert_int_equal(verdict.count, CASES);
    assert_false(verdict.decided);
    for (int i = 0; i < CASES; i++) {
        const struct verdict_item *item = &verdict.items[i];
        check(item, &p95[i]);
        assert_int_equal(item->batch_size, i + 1);
        assert_int_equal(item->value, i);
        if (!item->look)
            continue;
        assert_int_equal(item->upper <= LIMIT_NS, item->word == VERDICT_SUPPORTED);
        assert_int_equal(item->lower > LIMIT_NS, item->word == VERDICT_REFUTED);
        assert_true(item->lower <= item->estimate && item->estimate <= item->upper);
    }
    assert_int_equal(verdict_exit_code(&verdict, &(struct results_tally){0}), 1);
    verdict_release(&verdict);
    scenario_release(&scenario);
}

static void a_quantile_is_judged_at_each_look(void **state)
{
    check_p95(*state, LIMIT_NS + 1);
}

static void a_failed_cycle_is_a_bad_one(void **state)
{
    check_p95(*state, -1);
}

/* Around 38, 84, 181 and 62, 116, 219. */
static const struct series medians[] = {
    {100, {38, 0, 0}, VERDICT_SUPPORTED, 1, 100, 38},
    {100, {39, 0, 0}, VERDICT_INCONCLUSIVE, 1, 100, 39},
    {100, {61, 0, 0}, VERDICT_INCONCLUSIVE, 1, 100, 61},
    {100, {62, 0, 0}, VERDICT_REFUTED, 1, 100, 62},
    {200, {39, 45, 0}, VERDICT_SUPPORTED, 2, 200, 84},
    {200, {39, 46, 0}, VERDICT_INCONCLUSIVE, 2, 200, 85},
    {200, {61, 55, 0}, VERDICT_REFUTED, 2, 200, 116},
    {400, {50, 50, 81}, VERDICT_SUPPORTED, 3, 400, 181},
    {400, {50, 50, 82}, VERDICT_INCONCLUSIVE, 3, 400, 182},
    {400, {55, 55, 109}, VERDICT_REFUTED, 3, 400, 219},
    {200, {38, 100, 0}, VERDICT_SUPPORTED, 1, 100, 38},
    {50, {0, 0, 0}, VERDICT_INCONCLUSIVE, 0, 50, 0},
};

/* A good pair is exactly 3 times as fast: ties are good.
 * In a bad one it is slower, or it failed. */
static void put_medians(struct synthetic *synthetic, int value, const struct series *series,
                        bool by_failing)
{
    for (int pair = 0; pair < series->pairs; pair++) {
        bool bad = is_bad(series, pair);
        int64_t fast_ns = 1000 + pair % 5;
        synthetic_put(synthetic,
                      &(struct synthetic_cycle){
                          .pair = pair, .value = value, .arm = 0, .spawn_ns = 3 * fast_ns});
        synthetic_put(synthetic, &(struct synthetic_cycle){.pair = pair,
                                                           .value = value,
                                                           .arm = 1,
                                                           .spawn_ns = !bad         ? fast_ns
                                                                       : by_failing ? -1
                                                                                    : fast_ns + 1});
    }
}

static void check_medians(struct synthetic *synthetic, bool by_failing)
{
    enum { CASES = sizeof medians / sizeof medians[0] };
    struct scenario scenario = scenario_with(faster, CASES);
    struct verdict verdict;
    for (int i = 0; i < CASES; i++)
        put_medians(synthetic, i, &medians[i], by_failing);
    verdict = judge(synthetic, &scenario);
    for (int i = 0; i < CASES; i++) {
        const struct verdict_item *item = &verdict.items[i];
        check(item, &medians[i]);
        if (!item->look)
            continue;
        assert_int_equal(item->lower >= 3, item->word == VERDICT_SUPPORTED);
        assert_int_equal(item->upper < 3, item->word == VERDICT_REFUTED);
        assert_true(item->lower <= item->estimate && item->estimate <= item->upper);
    }
    verdict_release(&verdict);
    scenario_release(&scenario);
}

static void a_speedup_is_judged_at_each_look(void **state)
{
    check_medians(*state, false);
}

static void a_pair_in_which_the_faster_arm_failed_is_a_bad_one(void **state)
{
    check_medians(*state, true);
}

static void a_pair_in_which_only_the_slower_arm_failed_is_a_good_one(void **state)
{
    struct synthetic *synthetic = *state;
    struct scenario scenario = scenario_with(faster, 1);
    struct verdict verdict;
    for (int pair = 0; pair < 100; pair++) {
        synthetic_put(synthetic,
                      &(struct synthetic_cycle){
                          .pair = pair, .arm = 0, .spawn_ns = -1, .outcomes = pair ? "ff" : "rf"});
        synthetic_put(synthetic, &(struct synthetic_cycle){.pair = pair, .arm = 1, .spawn_ns = 9});
    }
    verdict = judge(synthetic, &scenario);
    assert_int_equal(verdict.items[0].word, VERDICT_SUPPORTED);
    assert_true(verdict.decided);
    verdict_release(&verdict);
    scenario_release(&scenario);
}

static void too_few_cycles_are_told_and_never_decide(void **state)
{
    struct synthetic *synthetic = *state;
    struct scenario scenario = scenario_with(at_most, 1);
    struct series ninety_nine = {.pairs = 99};
    struct verdict verdict;
    put_p95(synthetic, 0, &ninety_nine, 0);
    verdict = judge(synthetic, &scenario);
    assert_int_equal(verdict.items[0].word, VERDICT_INCONCLUSIVE);
    assert_string_equal(verdict.items[0].reason, "99 complete cycles, the first look needs 100");
    assert_true(verdict.items[0].upper <= LIMIT_NS); /* the bound is told all the same */
    assert_int_equal(verdict_exit_code(&verdict, &(struct results_tally){0}), 3);
    verdict_release(&verdict);
    scenario_release(&scenario);
}

/* Cycles of both arms, the last one with this finding (NULL: none). */
static void intact(struct synthetic *synthetic, int cycles, const char *severity,
                   enum verdict_word word, const char *reason)
{
    struct scenario scenario = scenario_with(unharmed, 1);
    struct verdict verdict;
    for (int i = 0; i < cycles; i++)
        synthetic_put(synthetic,
                      &(struct synthetic_cycle){.pair = i / 2,
                                                .arm = i % 2,
                                                .spawn_ns = 1,
                                                .finding = i == cycles - 1 ? severity : NULL});
    verdict = judge(synthetic, &scenario);
    assert_int_equal(verdict.items[0].word, word);
    assert_int_equal(verdict.items[0].n, cycles);
    if (!strstr(verdict.items[0].reason, reason))
        fail_msg("expected '%s' in: %s", reason, verdict.items[0].reason);
    verdict_release(&verdict);
    scenario_release(&scenario);
}

static void no_finding_is_told_with_what_none_can_mean(void **state)
{
    intact(*state, 200, NULL, VERDICT_SUPPORTED,
           "0 of 200 cycles in which something could be lost had an integrity finding (warm-ups "
           "count, too): true rate below 1.5 % at 95 %");
}

static void one_finding_refutes(void **state)
{
    intact(*state, 100, "integrity", VERDICT_REFUTED,
           "1 of 100 cycles had an integrity finding: true rate below 4.7 % at 95 %");
}

static void one_finding_refutes_before_the_first_look(void **state)
{
    intact(*state, 10, "integrity", VERDICT_REFUTED, "1 of 10 cycles had an integrity finding");
}

static void bad_conduct_is_no_corruption(void **state)
{
    intact(*state, 200, "conduct", VERDICT_SUPPORTED, "0 of 200 cycles");
}

static void no_finding_in_few_cycles_proves_little(void **state)
{
    intact(*state, 58, NULL, VERDICT_INCONCLUSIVE, "true rate below 5.0 % at 95 %");
}

static void no_finding_in_59_cycles_is_below_5_percent(void **state)
{
    intact(*state, 59, NULL, VERDICT_SUPPORTED, "true rate below 5.0 % at 95 %");
}

static void a_finding_of_the_run_as_a_whole_refutes_and_is_told(void **state)
{
    struct synthetic *synthetic = *state;
    assert_int_equal(results_finding_put(synthetic->store, synthetic->run, -1, 0, "r", "integrity",
                                         "", "", &synthetic->err),
                     0);
    intact(synthetic, 100, NULL, VERDICT_REFUTED,
           "1 integrity findings of the run as a whole, none in one of its 100 cycles");
}

static void failing(struct synthetic *synthetic, const char *claim, const char *outcomes,
                    const char *odd_one, enum verdict_word word)
{
    struct scenario scenario = scenario_with(claim, 1);
    struct verdict verdict;
    for (int i = 0; i < 100; i++)
        synthetic_put(synthetic, &(struct synthetic_cycle){.pair = i,
                                                           .outcomes = i == 50 ? odd_one : outcomes,
                                                           .error = "no such file"});
    verdict = judge(synthetic, &scenario);
    assert_int_equal(verdict.items[0].word, word);
    verdict_release(&verdict);
    scenario_release(&scenario);
}

static void a_failure_that_cancels_every_time_is_supported(void **state)
{
    failing(*state, cancels, "fcc", "cft", VERDICT_SUPPORTED);
}

static void a_failure_that_once_leaves_another_running_is_refuted(void **state)
{
    failing(*state, cancels, "fcc", "fcr", VERDICT_REFUTED);
}

static void a_cycle_without_failure_shows_no_cancelling(void **state)
{
    failing(*state, cancels, "fcc", "rrr", VERDICT_REFUTED);
}

static void a_failure_that_leaves_the_others_is_supported(void **state)
{
    failing(*state, degrades, "frr", "rtr", VERDICT_SUPPORTED);
}

static void a_failure_that_once_cancels_is_refuted(void **state)
{
    failing(*state, degrades, "frr", "frc", VERDICT_REFUTED);
}

static int exit_code(const char *words, int64_t integrity, int64_t conduct)
{
    struct verdict_item items[4] = {0};
    struct verdict verdict = {.items = items};
    struct results_tally tally = {.findings_integrity = integrity, .findings_conduct = conduct};
    for (; words[verdict.count]; verdict.count++)
        items[verdict.count].word = words[verdict.count] == 's'   ? VERDICT_SUPPORTED
                                    : words[verdict.count] == 'r' ? VERDICT_REFUTED
                                    : words[verdict.count] == 'v' ? VERDICT_INVALID
                                                                  : VERDICT_INCONCLUSIVE;
    return verdict_exit_code(&verdict, &tally);
}

static void the_exit_code_tells_the_gravest(void **state)
{
    (void)state;
    assert_int_equal(exit_code("", 0, 0), 0);
    assert_int_equal(exit_code("ss", 0, 0), 0);
    assert_int_equal(exit_code("sis", 0, 0), 3);
    assert_int_equal(exit_code("irs", 0, 0), 1);
    assert_int_equal(exit_code("ri", 0, 0), 1);
    assert_int_equal(exit_code("ss", 1, 0), 4);
    assert_int_equal(exit_code("ir", 0, 1), 4);
    assert_int_equal(exit_code("rvi", 0, 0), 5);
    assert_int_equal(exit_code("rvi", 0, 1), 4);
}

/* The order is that of the list; what stands later never hides what stands before. */
static void one_order_ranks_all_exit_codes(void **state)
{
    static const int codes[] = {70, 130, 4, 5, 2, 1, 3, 0};
    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        for (size_t j = i; j < sizeof codes / sizeof codes[0]; j++) {
            assert_int_equal(verdict_graver(codes[i], codes[j]), codes[i]);
            assert_int_equal(verdict_graver(codes[j], codes[i]), codes[i]);
        }
}

/* 100 cycles, this far apart. */
static bool this_sitting_only(struct synthetic *synthetic, int pairs, int64_t apart_ns)
{
    struct scenario scenario = scenario_with(at_most, 1);
    struct verdict verdict;
    bool told;
    for (int pair = 0; pair < pairs; pair++)
        synthetic_put(synthetic, &(struct synthetic_cycle){.pair = pair,
                                                           .sent_ns = (pair + 1) * apart_ns,
                                                           .spawn_ns = 1});
    verdict = judge(synthetic, &scenario);
    told = verdict.items[0].this_sitting_only;
    verdict_release(&verdict);
    scenario_release(&scenario);
    return told;
}

static void blocks_within_five_minutes_speak_for_this_sitting_only(void **state)
{
    assert_true(this_sitting_only(*state, 100, INT64_C(3000000000)));
}

static void blocks_over_five_minutes_speak_for_more(void **state)
{
    assert_false(this_sitting_only(*state, 100, INT64_C(3100000000)));
}

static void fewer_than_five_blocks_speak_for_this_sitting_only(void **state)
{
    assert_true(this_sitting_only(*state, 20, INT64_C(600000000000)));
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, synthetic_new, synthetic_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(a_quantile_is_judged_at_each_look),
        WITH_STORE(a_failed_cycle_is_a_bad_one),
        WITH_STORE(a_speedup_is_judged_at_each_look),
        WITH_STORE(a_pair_in_which_the_faster_arm_failed_is_a_bad_one),
        WITH_STORE(a_pair_in_which_only_the_slower_arm_failed_is_a_good_one),
        WITH_STORE(too_few_cycles_are_told_and_never_decide),
        WITH_STORE(no_finding_is_told_with_what_none_can_mean),
        WITH_STORE(one_finding_refutes),
        WITH_STORE(one_finding_refutes_before_the_first_look),
        WITH_STORE(bad_conduct_is_no_corruption),
        WITH_STORE(no_finding_in_few_cycles_proves_little),
        WITH_STORE(no_finding_in_59_cycles_is_below_5_percent),
        WITH_STORE(a_finding_of_the_run_as_a_whole_refutes_and_is_told),
        WITH_STORE(a_failure_that_cancels_every_time_is_supported),
        WITH_STORE(a_failure_that_once_leaves_another_running_is_refuted),
        WITH_STORE(a_cycle_without_failure_shows_no_cancelling),
        WITH_STORE(a_failure_that_leaves_the_others_is_supported),
        WITH_STORE(a_failure_that_once_cancels_is_refuted),
        WITH_STORE(blocks_within_five_minutes_speak_for_this_sitting_only),
        WITH_STORE(blocks_over_five_minutes_speak_for_more),
        WITH_STORE(fewer_than_five_blocks_speak_for_this_sitting_only),
        cmocka_unit_test(the_exit_code_tells_the_gravest),
        cmocka_unit_test(one_order_ranks_all_exit_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
