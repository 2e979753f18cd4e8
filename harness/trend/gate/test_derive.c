/* Is the right arm gated, and is what runs side by side what was asked for? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "judge/gate_rule.h"
#include "trend/gate/gating.h"

static struct scenario scenario_of(const char *arms, const char *more)
{
    struct scenario scenario = {0};
    struct err err = {0};
    char *text = text_format("{\"name\": \"asked\", \"agents\": [{\"name\": \"a\", \"command\":"
                             " [\"x\"]}], \"arms\": [%s], \"cycles\": 7, \"warmup\": 3%s}",
                             arms, more);
    if (scenario_parse(&scenario, text, strlen(text), &err) < 0)
        fail_msg("%s", err.text);
    free(text);
    return scenario;
}

#define ONE "{\"name\": \"one\", \"subject\": [\"s\", \"--one\"]}"
#define THREE                                                                                      \
    ONE ", {\"name\": \"two\", \"subject\": [\"s\"]}, {\"name\": \"three\", \"subject\": [\"s\"]}"
#define LIMIT(arm)                                                                                 \
    "{\"id\": \"L\", \"arm\": \"" arm "\", \"quantile\": 0.95, \"at_most\": \"50ms\"}"
#define FASTER "{\"id\": \"F\", \"faster\": \"two\", \"than\": \"one\", \"at_least\": 3}"

static void the_arm_is_the_only_one_or_the_one_that_claims_speak_for(void **state)
{
    static const struct {
        const char *arms, *more, *asked;
        int arm; /* -1: refused */
    } cases[] = {
        {ONE, "", NULL, 0},
        {ONE, "", "one", 0},
        {ONE, "", "own", -1},
        {THREE, "", NULL, -1},
        {THREE, "", "three", 2},
        {THREE, ", \"claims\": [" FASTER "]", NULL, 1},
        {THREE, ", \"claims\": [" FASTER ", " LIMIT("two") "]", NULL, 1},
        {THREE, ", \"claims\": [" FASTER ", " LIMIT("three") "]", NULL, -1},
        {THREE, ", \"claims\": [" FASTER ", " LIMIT("three") "]", "one", 0},
        {THREE, ", \"claims\": [{\"id\": \"C\", \"corruption\": \"none\"}]", NULL, -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scenario scenario = scenario_of(cases[i].arms, cases[i].more);
        struct err err = {0};
        size_t arm = 99;
        int rc = gate_pick_arm(&arm, &scenario, cases[i].asked, &err);
        assert_int_equal(rc, cases[i].arm < 0 ? -1 : 0);
        if (rc == 0)
            assert_int_equal(arm, cases[i].arm);
        else
            assert_int_equal(err.code, ERR_USAGE);
        scenario_release(&scenario);
    }
}

static void a_wrong_arm_is_told_with_the_nearest(void **state)
{
    struct scenario scenario = scenario_of(THREE, "");
    struct err err = {0};
    size_t arm;
    (void)state;
    gate_pick_arm(&arm, &scenario, "thre", &err);
    assert_non_null(strstr(err.text, "did you mean 'three'?"));
    gate_pick_arm(&arm, &scenario, NULL, &err);
    assert_non_null(strstr(err.text, "--arm one, --arm two, --arm three"));
    scenario_release(&scenario);
}

static void looks_double_up_to_the_most(void **state)
{
    static const struct {
        int most, looks[GATE_MOST_LOOKS];
        size_t count;
    } cases[] = {{1, {1}, 1},
                 {50, {50}, 1},
                 {51, {50, 51}, 2},
                 {200, {50, 100, 200}, 3},
                 {400, {50, 100, 200, 400}, 4},
                 {1000000, {50, 100, 200, 400, 800, 1600, 3200, 1000000}, 8}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int looks[GATE_MOST_LOOKS];
        assert_int_equal(gate_looks(looks, cases[i].most), cases[i].count);
        for (size_t k = 0; k < cases[i].count; k++)
            assert_int_equal(looks[k], cases[i].looks[k]);
    }
}

static void both_arms_start_the_same_agents(void **state)
{
    static char reference[] = "{reference}", mode[] = "--mode";
    char *const against[] = {reference, mode, NULL};
    const int looks[] = {50, 100};
    struct scenario scenario = scenario_of(
        THREE, ", \"spec_id\": \"SPEC\", \"vary\": {\"agents\": [1, 4]}, \"claims\": [" FASTER
               ", {\"id\": \"C\", \"corruption\": \"none\"}]");
    struct scenario derived = {0};
    struct err err = {0};
    (void)state;
    assert_int_equal(gate_derive(&derived, &scenario, 0, against, looks, 2, &err), 0);
    assert_string_equal(derived.name, "asked-gate");
    assert_true(!derived.spec_id || strcmp(derived.spec_id, "SPEC") != 0);
    assert_int_equal(derived.arm_count, 2);
    assert_string_equal(derived.arms[0].name, GATE_BASELINE);
    assert_string_equal(derived.arms[0].subject[0], "{reference}");
    assert_string_equal(derived.arms[0].subject[1], "--mode");
    assert_null(derived.arms[0].subject[2]);
    assert_string_equal(derived.arms[1].name, GATE_CANDIDATE);
    assert_string_equal(derived.arms[1].subject[1], "--one");
    assert_int_equal(derived.look_count, 2);
    assert_int_equal(derived.looks[1], 100);
    assert_int_equal(derived.warmup, 3);
    assert_int_equal(derived.value_count, 2);
    assert_int_equal(derived.claim_count, 1);
    assert_int_equal(derived.claims[0].kind, SCENARIO_CLAIM_INTACT);
    scenario_release(&derived);
    scenario_release(&scenario);
}

static void a_long_name_stays_a_name(void **state)
{
    static char word[] = "x";
    char *const against[] = {word, NULL};
    const int looks[] = {50};
    struct scenario scenario = {0}, derived = {0};
    struct err err = {0};
    static const char text[] =
        "{\"name\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
        " \"agents\": [{\"name\": \"a\", \"command\": [\"x\"]}], \"arms\": [" ONE
        "], \"cycles\": 5}";
    (void)state;
    assert_int_equal(scenario_parse(&scenario, text, strlen(text), &err), 0);
    assert_int_equal(gate_derive(&derived, &scenario, 0, against, looks, 1, &err), 0);
    assert_int_equal(strlen(derived.name), 64);
    assert_string_equal(derived.name + 59, "-gate");
    scenario_release(&derived);
    scenario_release(&scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_arm_is_the_only_one_or_the_one_that_claims_speak_for),
        cmocka_unit_test(a_wrong_arm_is_told_with_the_nearest),
        cmocka_unit_test(looks_double_up_to_the_most),
        cmocka_unit_test(both_arms_start_the_same_agents),
        cmocka_unit_test(a_long_name_stays_a_name),
    };
    return cmocka_run_group_tests_name("trend/gate/derive", tests, NULL, NULL);
}
