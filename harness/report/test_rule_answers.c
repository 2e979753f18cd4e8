/* Is a rule that nothing exercised told as that, and never as held? */
#include "report/test_fixture.h"

#include "audit/audit.h"
#include "report/facts.h"

#define BARE                                                                                       \
    "\"name\":\"bare\",\"cycles\":4,\"warmup\":0,\"agents\":[{\"name\":\"a\",\"command\":[\"x\"]," \
    "\"witness\":\"self\"}],\"arms\":[{\"name\":\"mine\",\"subject\":[\"x\"]}]"

/* What is said of one rule of an invented run; its reason is static. */
static struct rule_told told_of(const struct fixture *fixture, const struct results_arm *arm,
                                const char *rule)
{
    char *folder = fixture_folder();
    struct results *store = fixture_store(folder);
    int64_t run = fixture_run(store, fixture);
    struct facts facts = {0};
    struct rule_told told;
    struct err err = {0};
    size_t i = 0;
    if (arm)
        assert_int_equal(results_arm_put(store, run, arm, &err), 0);
    assert_int_equal(facts_load(&facts, store, run, &err), 0);
    while (i < audit_rule_count && strcmp(audit_rules[i].name, rule) != 0)
        i++;
    assert_true(i < audit_rule_count);
    told = rule_tell(&facts, i);
    facts_release(&facts);
    results_close(store);
    fixture_remove(folder);
    return told;
}

static void check(const struct fixture *fixture, const struct results_arm *arm, const char *rule,
                  const char *why)
{
    struct rule_told told = told_of(fixture, arm, rule);
    assert_int_equal(told.answer, why ? RULE_NOT_CHECKED : RULE_HELD);
    assert_string_equal(told.why, why ? why : "");
}

static void what_was_asked_of_each_cycle_is_held(void **state)
{
    const struct fixture plain = {.scenario = "{" BARE "}"};
    (void)state;
    check(&plain, NULL, "every-ready-agent-ran", NULL);
    check(&plain, NULL, "every-acknowledged-start-is-recorded", NULL);
    check(&plain, NULL, "consensus-is-whole", NULL);
    check(&plain, NULL, "nothing-is-left-running", NULL);
    assert_int_equal(told_of(&plain, NULL, "every-ready-agent-ran").cycles, 4);
}

static void what_nothing_exercised_is_not_held(void **state)
{
    const struct fixture plain = {.scenario = "{" BARE "}"};
    const struct fixture shared = {.scenario = "{" BARE ",\"databases\":[\"x.db\"]}"};
    const struct fixture alone = {.scenario = "{" BARE ",\"consensus\":false}"};
    const struct fixture bare = {.scenario = "{" BARE "}", .no_store = true};
    const struct fixture fallen = {.scenario = "{" BARE "}", .all_fail = true};
    const struct results_arm idle = {
        .name = "mine", .command = (char *)"x", .version = (char *)"1", .records = true};
    (void)state;
    check(&alone, NULL, "consensus-is-whole", "the scenario asks for no consensus");
    check(&bare, NULL, "no-row-without-a-start", "no subject keeps a database");
    check(&alone, NULL, "verdict-follows-from-the-outputs", "the scenario asks for no consensus");
    check(&fallen, NULL, "verdict-follows-from-the-outputs", "no agent became ready");
    check(&fallen, NULL, "output-is-what-the-agent-printed", "no agent became ready");
    check(&fallen, NULL, "end-is-told-as-it-was", "no agent became ready");
    check(&bare, NULL, "every-ready-agent-ran", NULL);
    check(&fallen, NULL, "every-ready-agent-ran", "no agent became ready");
    check(&fallen, NULL, "answer-names-what-was-asked", NULL);
    check(&plain, NULL, "failure-is-told", "the scenario injects no faults");
    check(&plain, NULL, "recovers-from-faults", "the scenario injects no faults");
    check(&plain, NULL, "undecided-is-whole-or-nothing",
          "no subject died in the middle of a cycle");
    check(&plain, NULL, "settings-are-kept",
          "it is asked of copies only (spawnbench audit --self-test)");
    check(&plain, NULL, "agent-is-the-program-asked-for",
          "no agent was looked at in /proc that could tell");
    check(&plain, NULL, "agent-is-a-process-of-its-own", NULL);
    check(&plain, &idle, "agent-is-a-process-of-its-own", "no subject starts anything");
    check(&plain, &idle, "one-process-one-id", "no subject starts anything");
    check(&plain, &idle, "every-ready-agent-ran", "no subject starts anything");
    check(&plain, &idle, "times-are-in-order", NULL);
    check(&plain, NULL, "shared-databases-keep-their-rows",
          "the scenario names no databases that agents share");
    check(&shared, NULL, "shared-databases-keep-their-rows",
          "no database that agents share could be read");
}

static void a_partial_run_has_not_come_to_all(void **state)
{
    const struct fixture early = {.scenario = "{" BARE ",\"faults\":[\"all\"]}", .partial = true};
    const struct fixture whole = {.scenario = "{" BARE ",\"faults\":[\"all\"]}"};
    (void)state;
    check(&early, NULL, "failure-is-told", "the run ended before its faults were injected");
    check(&early, NULL, "application-id-is-ours",
          "the run ended before the stores were audited in full");
    check(&whole, NULL, "failure-is-told", NULL);
    check(&whole, NULL, "undecided-is-whole-or-nothing", NULL);
}

static void a_finding_breaks_its_rule_whatever_else(void **state)
{
    const struct fixture lost = {.scenario = "{" BARE "}", .finding = "gone", .no_store = true};
    struct rule_told told = told_of(&lost, NULL, "every-acknowledged-start-is-recorded");
    (void)state;
    assert_int_equal(told.answer, RULE_BROKEN);
    assert_int_equal(told.findings, 1);
    assert_string_equal(told.why, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_asked_of_each_cycle_is_held),
        cmocka_unit_test(what_nothing_exercised_is_not_held),
        cmocka_unit_test(a_partial_run_has_not_come_to_all),
        cmocka_unit_test(a_finding_breaks_its_rule_whatever_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
