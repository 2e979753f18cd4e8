/* Does the command line change a scenario as asked, and leave out what no longer makes sense? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"

static const char document[] =
    "{\"name\": \"x\", \"agents\": [{\"name\": \"a\", \"command\": [\"x\"],"
    "              \"witness\": \"none\"}], \"cycles\": 20,"
    " \"vary\": {\"agents\": [3, 20]}, \"arms\": ["
    " {\"name\": \"slow\", \"subject\": [\"x\"]}, {\"name\": \"fast\", \"subject\": [\"x\"]},"
    " {\"name\": \"other\", \"subject\": [\"x\"]}], \"claims\": ["
    "{\"id\": \"limit\", \"arm\": \"fast\", \"statistic\": \"mean\", \"at_most\": \"1s\"},"
    "{\"id\": \"limit-20\", \"arm\": \"fast\", \"quantile\": 0.5, \"at_most\": \"1s\","
    " \"at\": {\"agents\": 20}},"
    "{\"id\": \"ratio-3\", \"faster\": \"fast\", \"than\": \"slow\", \"at_least\": 2,"
    " \"at\": {\"agents\": 3}},"
    "{\"id\": \"same\", \"arm\": \"fast\", \"within\": \"5%\", \"of\": \"other\"},"
    "{\"id\": \"intact\", \"corruption\": \"none\"}]}";

/* the scenario so changed; the caller releases it */
static struct scenario changed(const struct cli_change *change)
{
    struct scenario scenario = {0};
    struct err err = {0};
    if (scenario_parse(&scenario, document, strlen(document), &err) < 0 ||
        cli_change_scenario(&scenario, change, &err) < 0)
        fail_msg("%s", err.text);
    return scenario;
}

/* the ids of its claims, each with the batch size it is about; releases the scenario */
static void assert_claims(struct scenario scenario, const char *expected)
{
    struct text ids = {0};
    text_add(&ids, "");
    for (size_t i = 0; i < scenario.claim_count; i++) {
        const struct scenario_claim *claim = &scenario.claims[i];
        text_addf(&ids, "%s%s", i ? " " : "", claim->id);
        if (claim->at >= 0)
            text_addf(&ids, "@%zu", scenario.values[claim->at]);
    }
    assert_string_equal(ids.data, expected);
    text_release(&ids);
    scenario_release(&scenario);
}

static void nothing_asked_changes_nothing(void **state)
{
    struct scenario scenario = changed(&(struct cli_change){0});
    (void)state;
    assert_string_equal(scenario.source, document);
    assert_claims(scenario, "limit limit-20@20 ratio-3@3 same intact");
}

static void numbers_and_times_replace_those_of_the_file(void **state)
{
    struct scenario scenario = changed(&(struct cli_change){.cycles = 7, .spread = "2s"});
    (void)state;
    assert_int_equal(scenario.look_count, 1);
    assert_int_equal(scenario.looks[0], 7);
    assert_int_equal(scenario.spread_ns, 2000000000);
    assert_claims(scenario, "limit limit-20@20 ratio-3@3 same intact");
}

static void claims_go_with_the_arms_they_name(void **state)
{
    (void)state;
    assert_claims(changed(&(struct cli_change){.arms = {"fast", "slow"}, .arm_count = 2}),
                  "limit limit-20@20 ratio-3@3 intact"); /* not: within 5% of other */
    assert_claims(changed(&(struct cli_change){.arms = {"fast", "other"}, .arm_count = 2}),
                  "limit limit-20@20 same intact");
    assert_claims(changed(&(struct cli_change){.arms = {"slow"}, .arm_count = 1}), "intact");
}

static void claims_go_with_the_batch_size_they_name(void **state)
{
    (void)state;
    assert_claims(changed(&(struct cli_change){.vary = "agents=3,5"}),
                  "limit ratio-3@3 same intact");
    assert_claims(changed(&(struct cli_change){.vary = "agents=20"}),
                  "limit limit-20@20 same intact");
    assert_claims(changed(&(struct cli_change){.vary = "agents=20,1,3"}), /* another order */
                  "limit limit-20@20 ratio-3@3 same intact");
    assert_claims(changed(&(struct cli_change){.vary = "agents=7"}), "limit same intact");
    assert_claims(
        changed(&(struct cli_change){.arms = {"slow"}, .arm_count = 1, .vary = "agents=7"}),
        "intact");
}

/* a list of claims may be absent, but not empty */
static void a_scenario_may_lose_its_last_claim(void **state)
{
    static const char lonely[] =
        "{\"name\": \"x\", \"agents\": [{\"name\": \"a\", \"command\": [\"x\"]}], \"cycles\": 20,"
        " \"vary\": {\"agents\": [3]}, \"arms\": [{\"name\": \"p\", \"subject\": [\"x\"]},"
        " {\"name\": \"q\", \"subject\": [\"x\"]}], \"claims\": [{\"id\": \"C\", \"arm\": \"p\","
        " \"quantile\": 0.5, \"at_most\": \"1s\", \"at\": {\"agents\": 3}}]}";
    static const struct cli_change changes[] = {{.vary = "agents=4"},
                                                {.arms = {"q"}, .arm_count = 1}};
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct scenario scenario = {0};
        struct err err = {0};
        assert_int_equal(scenario_parse(&scenario, lonely, strlen(lonely), &err), 0);
        if (cli_change_scenario(&scenario, &changes[i], &err) < 0)
            fail_msg("%s", err.text);
        assert_claims(scenario, "");
    }
}

static void what_cannot_be_changed_is_told_and_left(void **state)
{
    static const struct {
        struct cli_change change;
        const char *told;
    } cases[] = {
        {{.arms = {"slwo"}, .arm_count = 1}, "--arm slwo: scenario 'x' has no such arm"},
        {{.arms = {"slwo"}, .arm_count = 1}, "(did you mean 'slow'?)"},
        {{.vary = "width=3"}, "--vary width=3: expected agents=N[,N...]"},
        {{.vary = "agents=3,,4"}, "--vary agents=3,,4: expected agents=N[,N...]"},
        {{.vary = "agents=0"}, "agents: expected an integer from 1 to 1000, got 0"},
        {{.vary = "agents=4,4"}, "expected every batch size once, got 4 twice"},
        {{.spread = "5"}, "spread: expected a duration with its unit"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scenario scenario = {0};
        struct err err = {0};
        assert_int_equal(scenario_parse(&scenario, document, strlen(document), &err), 0);
        assert_int_equal(cli_change_scenario(&scenario, &cases[i].change, &err), -1);
        assert_int_equal(err.code, ERR_USAGE);
        if (!strstr(err.text, cases[i].told))
            fail_msg("'%s' does not tell '%s'", err.text, cases[i].told);
        assert_claims(scenario, "limit limit-20@20 ratio-3@3 same intact");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_asked_changes_nothing),
        cmocka_unit_test(numbers_and_times_replace_those_of_the_file),
        cmocka_unit_test(claims_go_with_the_arms_they_name),
        cmocka_unit_test(claims_go_with_the_batch_size_they_name),
        cmocka_unit_test(a_scenario_may_lose_its_last_claim),
        cmocka_unit_test(what_cannot_be_changed_is_told_and_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
