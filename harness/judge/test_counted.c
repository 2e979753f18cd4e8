/* Does a claim that counts cycles count only those that say something, and does an arm that did
 * nothing support nothing? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "judge/test_judged.h"

static const char intact[] = "{\"id\": \"C\", \"corruption\": \"none\"}";
static const char rare[] = "{\"id\": \"C\", \"corruption\": \"none\", \"below\": \"1%\"}";
static const char cancels[] = "{\"id\": \"C\", \"arm\": \"slow\", \"failure\": \"cancels\"}";
static const char faster[] =
    "{\"id\": \"C\", \"faster\": \"fast\", \"than\": \"slow\", \"at_least\": 3}";
static const char within[] =
    "{\"id\": \"C\", \"arm\": \"fast\", \"within\": \"5%\", \"of\": \"slow\"}";
static const char at_most[] =
    "{\"id\": \"C\", \"arm\": \"fast\", \"quantile\": 0.5, \"at_most\": \"50ms\"}";

/* What is expected of one claim. */
struct expected {
    enum verdict_word word;
    const char *reason; /* holds this */
    int code;
};

static void check_of(struct synthetic *synthetic, const char *agent, const char *claims,
                     const struct expected *expected)
{
    char *text = text_format(
        "{\"name\": \"invented\", \"agents\": [{\"name\": \"a\", \"command\": [\"%s\"]}],"
        " \"arms\": [{\"name\": \"slow\", \"subject\": [\"x\"]},"
        " {\"name\": \"fast\", \"subject\": [\"x\"]}], \"cycles\": 20, \"claims\": [%s]}",
        agent, claims);
    struct results_tally tally = synthetic_tally(synthetic, -1, -1);
    struct scenario scenario = {0};
    struct verdict verdict;
    if (scenario_parse(&scenario, text, strlen(text), &synthetic->err) < 0)
        fail_msg("%s", synthetic->err.text);
    verdict = judged_verdict(synthetic, &scenario);
    if (verdict.items[0].word != expected->word ||
        !strstr(verdict.items[0].reason, expected->reason))
        fail_msg("expected %s, '%s': %s, %s", verdict_word_name(expected->word), expected->reason,
                 verdict_word_name(verdict.items[0].word), verdict.items[0].reason);
    assert_int_equal(verdict_exit_code(&verdict, &tally), expected->code);
    verdict_release(&verdict);
    scenario_release(&scenario);
    free(text);
}

static void check(struct synthetic *synthetic, const char *claims, const struct expected *expected)
{
    check_of(synthetic, "x", claims, expected);
}

/* So many cycles of one arm, all alike. */
static void put(struct synthetic *synthetic, int count, struct synthetic_cycle cycle)
{
    for (int i = 0; i < count; i++) {
        cycle.pair = i;
        synthetic_put(synthetic, &cycle);
    }
}

static void put_arm(struct synthetic *synthetic, int index, bool records, bool starts)
{
    const struct results_arm arm = {.index = index,
                                    .name = "slow",
                                    .command = (char *)"x",
                                    .version = (char *)"1",
                                    .records = records,
                                    .starts = starts};
    assert_int_equal(results_arm_put(synthetic->store, synthetic->run, &arm, &synthetic->err), 0);
}

static void the_claim_says_how_rare(void **state)
{
    put(*state, 298, (struct synthetic_cycle){.spawn_ns = 1});
    check(*state, rare, &(struct expected){VERDICT_INCONCLUSIVE, "0 of 298 cycles", 3});
    put(*state, 1, (struct synthetic_cycle){.spawn_ns = 1});
    check(*state, rare, &(struct expected){VERDICT_SUPPORTED, "0 of 299 cycles", 0});
}

static void warm_ups_can_lose_something_too(void **state)
{
    put(*state, 50, (struct synthetic_cycle){.spawn_ns = 1});
    put(*state, 9, (struct synthetic_cycle){.spawn_ns = 1, .warmup = true});
    check(*state, intact, &(struct expected){VERDICT_SUPPORTED, "0 of 59 cycles", 0});
}

static void a_cycle_in_which_nothing_became_ready_counts_nothing(void **state)
{
    put(*state, 58, (struct synthetic_cycle){.spawn_ns = 1});
    put(*state, 100, (struct synthetic_cycle){.outcomes = "fc", .error = "no"});
    check(*state, intact, &(struct expected){VERDICT_INCONCLUSIVE, "0 of 58 cycles", 3});
    put(*state, 1, (struct synthetic_cycle){.outcomes = "rf", .error = "no"});
    check(*state, intact, &(struct expected){VERDICT_SUPPORTED, "0 of 59 cycles", 0});
}

static void an_arm_without_a_store_counts_nothing(void **state)
{
    put_arm(*state, 0, true, true);
    put_arm(*state, 1, false, true);
    put(*state, 58, (struct synthetic_cycle){.spawn_ns = 1});
    put(*state, 58, (struct synthetic_cycle){.spawn_ns = 1, .arm = 1});
    check(*state, intact, &(struct expected){VERDICT_INCONCLUSIVE, "0 of 58 cycles", 3});
    check(*state, intact,
          &(struct expected){VERDICT_INCONCLUSIVE, "arm 'fast' keeps no store and is not", 3});
    put_arm(*state, 0, false, true);
    check(*state, intact, &(struct expected){VERDICT_INVALID, "no arm keeps a store", 5});
}

static void an_arm_that_starts_nothing_supports_no_corruption_claim(void **state)
{
    put_arm(*state, 0, true, false);
    put(*state, 100, (struct synthetic_cycle){.spawn_ns = 1});
    put(*state, 100, (struct synthetic_cycle){.spawn_ns = 1, .arm = 1});
    check(*state, intact,
          &(struct expected){VERDICT_SUPPORTED, "arm 'slow' starts nothing and is not counted", 0});
    put_arm(*state, 1, true, false);
    check(*state, intact,
          &(struct expected){VERDICT_INVALID, "arm 'slow' says that it starts nothing", 5});
}

static void nothing_is_faster_or_slower_than_what_starts_nothing(void **state)
{
    put_arm(*state, 0, false, false);
    put(*state, 100, (struct synthetic_cycle){.spawn_ns = 9});
    put(*state, 100, (struct synthetic_cycle){.spawn_ns = 1, .arm = 1});
    check(*state, faster,
          &(struct expected){VERDICT_INVALID, "arm 'slow' says that it starts nothing", 5});
    check(*state, within,
          &(struct expected){VERDICT_INVALID, "arm 'slow' says that it starts nothing", 5});
    check(*state, at_most, &(struct expected){VERDICT_SUPPORTED, "p50", 0});
}

static void an_arm_that_never_became_ready_ends_the_run(void **state)
{
    static const struct expected expected = {
        VERDICT_INVALID, "arm 'slow': no agent ever became ready: no such file", 5};
    put(*state, 100, (struct synthetic_cycle){.outcomes = "fc", .error = "no such file"});
    put(*state, 100, (struct synthetic_cycle){.spawn_ns = 1, .arm = 1});
    put(*state, 1, (struct synthetic_cycle){.outcomes = "fc", .error = "rare"});
    check(*state, intact, &expected);
    check(*state, faster, &expected);
    /* a claim about another arm is judged, but the run could not do what it was asked to */
    check(*state, at_most, &(struct expected){VERDICT_SUPPORTED, "p50", 5});
}

static void an_arm_that_is_there_to_fail_may_fail(void **state)
{
    put(*state, 100, (struct synthetic_cycle){.outcomes = "fc", .error = "no such file"});
    put(*state, 100, (struct synthetic_cycle){.spawn_ns = 1, .arm = 1});
    check(*state, cancels, &(struct expected){VERDICT_SUPPORTED, "all 100 cycles cancelled", 0});
}

static void a_finding_outranks_what_never_became_ready(void **state)
{
    put(*state, 100, (struct synthetic_cycle){.outcomes = "fc", .error = "no such file"});
    put(*state, 1,
        (struct synthetic_cycle){.outcomes = "fc", .error = "no", .finding = "integrity"});
    check(*state, intact, &(struct expected){VERDICT_REFUTED, "1 of 101 cycles", 4});
}

static void nothing_is_cancelled_of_which_something_is_left(void **state)
{
    struct synthetic *synthetic = *state;
    put(synthetic, 100, (struct synthetic_cycle){.outcomes = "fc", .error = "no such file"});
    assert_int_equal(results_finding_put(synthetic->store, synthetic->run, 3, 0,
                                         "nothing-is-left-running", "conduct", "", "2 children",
                                         &synthetic->err),
                     0);
    check(synthetic, cancels, &(struct expected){VERDICT_REFUTED, "something was left running", 4});
}

static void what_is_left_by_another_arm_is_no_matter(void **state)
{
    struct synthetic *synthetic = *state;
    put(synthetic, 100, (struct synthetic_cycle){.outcomes = "fc", .error = "no such file"});
    assert_int_equal(results_finding_put(synthetic->store, synthetic->run, -1, 1,
                                         "nothing-is-left-running", "conduct", "", "2 children",
                                         &synthetic->err),
                     0);
    check(synthetic, cancels, &(struct expected){VERDICT_SUPPORTED, "all 100 cycles", 4});
}

static void the_verdict_says_what_it_covers(void **state)
{
    const struct synthetic_cycle five = {
        .spawn_ns = 1, .outcomes = "rrrrr", .witnessed = 3, .contents = 2};
    put(*state, 59, five);
    check(*state, intact,
          &(struct expected){VERDICT_SUPPORTED,
                             "; in each batch starts of 3 of 5 agents witnessed; contents of 2",
                             0});
    put(*state, 1, (struct synthetic_cycle){.spawn_ns = 1, .witnessed = 2, .contents = -1});
    check(*state, intact,
          &(struct expected){VERDICT_SUPPORTED,
                             "; starts of 179 of 297 agents witnessed; contents of 118", 0});
}

static void what_is_wholly_witnessed_or_not_known_is_not_told(void **state)
{
    struct synthetic *synthetic = *state;
    const char *end = "true rate below 5.0 % at 95 %";
    put(synthetic, 58, (struct synthetic_cycle){.spawn_ns = 1, .witnessed = 2, .contents = 2});
    put(synthetic, 1, (struct synthetic_cycle){.spawn_ns = 1, .witnessed = 2, .contents = 2});
    check(synthetic, intact, &(struct expected){VERDICT_SUPPORTED, end, 0});
    put(synthetic, 1, (struct synthetic_cycle){.spawn_ns = 1}); /* of an older store */
    check(synthetic, intact, &(struct expected){VERDICT_SUPPORTED, "at 95 %", 0});
}

static void what_only_the_spawner_says_is_undecided(void **state)
{
    put(*state, 100, (struct synthetic_cycle){.spawn_ns = 1, .witnessed = -1, .contents = -1});
    check(*state, intact,
          &(struct expected){VERDICT_INCONCLUSIVE, "nobody but the spawner itself says", 3});
    put(*state, 1, (struct synthetic_cycle){.spawn_ns = 1, .witnessed = 1, .contents = -1});
    check(*state, intact,
          &(struct expected){VERDICT_SUPPORTED, "starts of 1 of 202 agents witnessed", 0});
}

/* Agents that tell what they print are all killed before they do. */
static void of_whom_no_answer_is_known_no_content_is_supported(void **state)
{
    put(*state, 100, (struct synthetic_cycle){.spawn_ns = 1, .witnessed = 2, .contents = -1});
    check_of(*state, "{agent}", intact,
             &(struct expected){VERDICT_INCONCLUSIVE, "of no agent is known what it answered", 3});
    check(*state, intact, &(struct expected){VERDICT_SUPPORTED, "; contents of 0", 0});
    put(*state, 1, (struct synthetic_cycle){.spawn_ns = 1, .witnessed = 2, .contents = 2});
    check_of(*state, "{agent}", intact,
             &(struct expected){VERDICT_SUPPORTED, "; contents of 2", 0});
}

/* One look at a database that agents share. */
static void put_shared(struct synthetic *synthetic, int64_t look, const char *moment,
                       const char *answer, int64_t files)
{
    const struct results_shared_look row = {.look = look,
                                            .cycle = -1,
                                            .moment = moment,
                                            .database = "/home/x.db",
                                            .answer = answer,
                                            .why = "because",
                                            .told = "",
                                            .files = files,
                                            .rows = -1};
    assert_int_equal(results_shared_put(synthetic->store, synthetic->run, &row, &synthetic->err),
                     0);
}

static void what_agents_share_and_was_never_read_is_not_shown_to_be_whole(void **state)
{
    put(*state, 59, (struct synthetic_cycle){.spawn_ns = 1});
    put_shared(*state, 1, "before", "not_checked", 1);
    check(*state, intact,
          &(struct expected){VERDICT_INCONCLUSIVE,
                             "; database '/home/x.db' was not checked: because", 3});
    put_shared(*state, 2, "end", "held", 1);
    check(*state, intact, &(struct expected){VERDICT_SUPPORTED, "0 of 59 cycles", 0});
}

static void what_was_broken_before_is_said_and_charged_to_nobody(void **state)
{
    put(*state, 59, (struct synthetic_cycle){.spawn_ns = 1});
    put_shared(*state, 1, "before", "broken", 1);
    put_shared(*state, 2, "end", "broken", 1);
    check(*state, intact,
          &(struct expected){VERDICT_SUPPORTED,
                             "; database '/home/x.db' was already broken before the run", 0});
}

static void what_is_broken_nobody_knows_since_when_is_not_shown_to_be_whole(void **state)
{
    put(*state, 59, (struct synthetic_cycle){.spawn_ns = 1});
    put_shared(*state, 1, "before", "not_checked", 1);
    put_shared(*state, 2, "end", "broken", 1);
    check(*state, intact,
          &(struct expected){VERDICT_INCONCLUSIVE,
                             "; database '/home/x.db' is broken, and nobody knows since when", 3});
}

static void a_pattern_that_found_nothing_is_said(void **state)
{
    put(*state, 59, (struct synthetic_cycle){.spawn_ns = 1});
    put_shared(*state, 1, "end", "not_checked", 0);
    check(*state, intact,
          &(struct expected){VERDICT_SUPPORTED, "; database '/home/x.db' was not checked: because",
                             0});
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, synthetic_new, synthetic_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(the_claim_says_how_rare),
        WITH_STORE(warm_ups_can_lose_something_too),
        WITH_STORE(a_cycle_in_which_nothing_became_ready_counts_nothing),
        WITH_STORE(an_arm_without_a_store_counts_nothing),
        WITH_STORE(an_arm_that_starts_nothing_supports_no_corruption_claim),
        WITH_STORE(nothing_is_faster_or_slower_than_what_starts_nothing),
        WITH_STORE(an_arm_that_never_became_ready_ends_the_run),
        WITH_STORE(an_arm_that_is_there_to_fail_may_fail),
        WITH_STORE(a_finding_outranks_what_never_became_ready),
        WITH_STORE(nothing_is_cancelled_of_which_something_is_left),
        WITH_STORE(what_is_left_by_another_arm_is_no_matter),
        WITH_STORE(the_verdict_says_what_it_covers),
        WITH_STORE(what_is_wholly_witnessed_or_not_known_is_not_told),
        WITH_STORE(what_only_the_spawner_says_is_undecided),
        WITH_STORE(what_agents_share_and_was_never_read_is_not_shown_to_be_whole),
        WITH_STORE(what_was_broken_before_is_said_and_charged_to_nobody),
        WITH_STORE(what_is_broken_nobody_knows_since_when_is_not_shown_to_be_whole),
        WITH_STORE(a_pattern_that_found_nothing_is_said),
        WITH_STORE(of_whom_no_answer_is_known_no_content_is_supported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
