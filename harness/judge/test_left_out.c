/* Are cycles in which we were stopped kept out of every judgement, and is that told?
 *
 * Two arms, 200 pairs. In some pairs a cycle took a second because spawnbench was stopped. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/test_judged.h"

#define PAIRS     200
#define NORMAL_NS 10000000
#define LATE_NS   1000000000

static const char claims[] =
    "{\"id\": \"T\", \"arm\": \"slow\", \"quantile\": 0.95, \"at_most\": \"50ms\"},"
    "{\"id\": \"R\", \"faster\": \"fast\", \"than\": \"slow\", \"at_least\": 1.5},"
    "{\"id\": \"C\", \"corruption\": \"none\"}";

static struct scenario scenario_with_claims(void)
{
    struct scenario scenario = {0};
    struct err err = {0};
    char *text = text_format(
        "{\"name\": \"invented\", \"agents\": [{\"name\": \"a\", \"command\": [\"x\"]}],"
        " \"arms\": [{\"name\": \"slow\", \"subject\": [\"x\"]},"
        "            {\"name\": \"fast\", \"subject\": [\"x\"]}],"
        " \"cycles\": %d, \"claims\": [%s]}",
        PAIRS, claims);
    if (scenario_parse(&scenario, text, strlen(text), &err) < 0)
        fail_msg("%s", err.text);
    free(text);
    return scenario;
}

/* Every n-th cycle of the arm `late` took a second; stopped: because we were. */
static struct verdict judge(struct synthetic *synthetic, const struct scenario *scenario, int late,
                            int every, bool stopped)
{
    for (int pair = 0; pair < PAIRS; pair++)
        for (int arm = 0; arm < 2; arm++) {
            bool is_late = arm == late && pair % every == 3;
            int64_t usual_ns = NORMAL_NS * (2 - arm) + (pair * 7919) % 1000;
            synthetic_put(synthetic, &(struct synthetic_cycle){
                                         .pair = pair,
                                         .arm = arm,
                                         .place = arm,
                                         .spawn_ns = is_late ? LATE_NS : usual_ns,
                                         .stopped_ns = is_late && stopped ? LATE_NS : 0});
        }
    return judged_verdict(synthetic, scenario);
}

static const struct diagnosis_item *told(const struct verdict *verdict)
{
    for (size_t i = 0; i < verdict->diagnosis.count; i++)
        if (verdict->diagnosis.items[i].kind == DIAGNOSIS_SUSPENDED)
            return &verdict->diagnosis.items[i];
    return NULL;
}

static void what_was_late_because_of_us_is_no_sample(void **state)
{
    struct synthetic *synthetic = *state;
    struct scenario scenario = scenario_with_claims();
    struct verdict verdict = judge(synthetic, &scenario, 0, 10, true);
    assert_int_equal(verdict.items[0].word, VERDICT_SUPPORTED);
    assert_int_equal(verdict.items[0].n, PAIRS - PAIRS / 10);
    assert_int_equal(verdict.items[0].bad, 0);
    assert_int_equal(verdict.items[1].word, VERDICT_SUPPORTED);
    assert_int_equal(verdict.items[1].n, PAIRS - PAIRS / 10);
    assert_int_equal(verdict.items[2].n, 2 * PAIRS); /* what was seen was seen */
    assert_int_equal(told(&verdict)->level, DIAGNOSIS_FLAGGED);
    assert_non_null(strstr(told(&verdict)->text, "40 of 400 cycles are left out of all times"));
    verdict_release(&verdict);
    scenario_release(&scenario);
}

/* The same times, and we were not stopped: they count. */
static void what_was_late_by_itself_is_one(void **state)
{
    struct synthetic *synthetic = *state;
    struct scenario scenario = scenario_with_claims();
    struct verdict verdict = judge(synthetic, &scenario, 0, 10, false);
    assert_int_equal(verdict.items[0].word, VERDICT_REFUTED);
    assert_int_equal(verdict.items[0].n, PAIRS);
    assert_int_equal(told(&verdict)->level, DIAGNOSIS_FINE);
    verdict_release(&verdict);
    scenario_release(&scenario);
}

/* Of the other arm too: a pair is compared as a whole or not at all. */
static void a_pair_is_left_out_as_a_whole(void **state)
{
    struct synthetic *synthetic = *state;
    struct scenario scenario = scenario_with_claims();
    struct verdict verdict = judge(synthetic, &scenario, 1, 20, true);
    assert_int_equal(verdict.items[0].n, PAIRS - PAIRS / 20);
    assert_int_equal(verdict.items[1].n, PAIRS - PAIRS / 20);
    assert_int_equal(verdict.items[1].bad, 0);
    verdict_release(&verdict);
    scenario_release(&scenario);
}

static void too_many_of_them_and_no_time_is_judged(void **state)
{
    struct synthetic *synthetic = *state;
    struct scenario scenario = scenario_with_claims();
    struct verdict verdict = judge(synthetic, &scenario, 0, 4, true);
    assert_int_equal(told(&verdict)->level, DIAGNOSIS_INVALID);
    assert_int_equal(verdict.items[0].word, VERDICT_INVALID);
    assert_int_equal(verdict.items[1].word, VERDICT_INVALID);
    assert_int_equal(verdict.items[2].word, VERDICT_SUPPORTED);
    verdict_release(&verdict);
    scenario_release(&scenario);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, synthetic_new, synthetic_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(what_was_late_because_of_us_is_no_sample),
        WITH_STORE(what_was_late_by_itself_is_one),
        WITH_STORE(a_pair_is_left_out_as_a_whole),
        WITH_STORE(too_many_of_them_and_no_time_is_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
