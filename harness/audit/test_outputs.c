/* Is what the store holds of agents held against their own word, and against 'expect'? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/audit_internal.h"
#include "audit/test_honest.h"

#define OUTPUT_RULE "output-is-what-the-agent-printed"
#define END_RULE    "end-is-told-as-it-was"

/* It told itself that it ended with 0, and that it had printed this. */
static void attest(struct fixture *fixture, int ordinal, const char *printed)
{
    struct cycle_agent *agent = &fixture->agents[ordinal];
    struct sha256 digest;
    sha256_begin(&digest);
    sha256_add(&digest, printed, strlen(printed));
    sha256_end(&digest, agent->output_sha256);
    agent->witness = CYCLE_WITNESS_SELF;
    agent->done_messages = 1;
    agent->done_pid = agent->witness_pid;
    agent->output_bytes = (int64_t)strlen(printed);
}

static struct audit_result look(struct fixture *fixture)
{
    struct audit_watch *watch = audit_watch_new(fixture->path, HONEST_RUN);
    struct audit_result result;
    audit_findings_clear(&fixture->findings);
    audit_watch_cycle(watch, &fixture->findings, &fixture->scenario, &fixture->cycle, AUDIT_QUICK,
                      &result);
    audit_watch_free(watch);
    return result;
}

static void what_was_printed_is_what_is_stored(void **state)
{
    struct fixture *fixture = *state;
    struct audit_result result;
    attest(fixture, 0, "42");
    attest(fixture, 1, "42");
    result = look(fixture);
    expect(fixture, NULL);
    assert_int_equal(result.contents, 2);
    assert_int_equal(result.unmet, 0);
}

static void nobodys_word_holds_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct audit_result result = look(fixture);
    expect(fixture, NULL);
    assert_int_equal(result.contents, 0);
}

/* The vote is the same: only the agents' own word finds them. */
static void other_bytes_are_found(void **state)
{
    static const char *const stored[] = {"34320a", "2034", "", "3432203432"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof stored / sizeof stored[0]; i++) {
        char *sql =
            text_format("UPDATE agent_outputs SET output = x'%s' WHERE id = '4.0'", stored[i]);
        attest(fixture, 0, "42");
        attest(fixture, 1, "42");
        run_sql(fixture->path, sql);
        look(fixture);
        expect(fixture, OUTPUT_RULE);
        free(sql);
    }
}

static void a_cut_that_is_told_adds_up(void **state)
{
    struct fixture *fixture = *state;
    attest(fixture, 0, "42 and more");
    run_sql(fixture->path, "UPDATE agent_executions SET error = 'its output is cut by 9 bytes'"
                           " WHERE id = '4.0'");
    assert_int_equal(look(fixture).contents, 0); /* the digest of a part is not known */
    expect(fixture, NULL);
    run_sql(fixture->path, "UPDATE agent_executions SET error = 'its output is cut by 8 bytes'"
                           " WHERE id = '4.0'");
    look(fixture);
    expect(fixture, OUTPUT_RULE);
}

/* ---- expect ---- */

static void expect_text(struct fixture *fixture, const char *text, bool within)
{
    for (int i = 0; i < 2; i++) {
        fixture->asked[i].expected_output = (char *)text;
        fixture->asked[i].expected_within = within;
    }
}

/* The answer of our own agent tells what prompt it got. */
static void our_own_agent_answers_the_prompt(void **state)
{
    static const char answer[] = "{\"agent\":\"4.0\",\"answer\":\"cbf29ce484222325\","
                                 "\"prompt_bytes\":0}\n";
    struct fixture *fixture = *state;
    char *sql = text_format("UPDATE agent_outputs SET output = CAST('%s' AS BLOB);"
                            " UPDATE consensus_runs SET verdict = 'agreed', votes = 2,"
                            " answer = 'cbf29ce484222325'",
                            answer);
    run_sql(fixture->path, sql);
    free(sql);
    attest(fixture, 0, answer);
    attest(fixture, 1, answer);
    fixture->asked[0].ours = true;
    fixture->scenario.prompt = (char *)"";
    look(fixture);
    expect(fixture, NULL);
    fixture->scenario.prompt = (char *)"What?";
    look(fixture);
    expect(fixture, OUTPUT_RULE);
    assert_non_null(strstr(fixture->findings.items[0].text, "no answer to the prompt"));
}

static void what_is_expected_needs_no_witness(void **state)
{
    struct fixture *fixture = *state;
    run_sql(fixture->path, "UPDATE agent_outputs SET output = x'0a34320a' WHERE id = '4.0'");
    expect_text(fixture, "42", false);
    assert_int_equal(look(fixture).contents, 2);
    expect(fixture, NULL);
    expect_text(fixture, "2", true);
    assert_int_equal(look(fixture).contents, 2);
    expect(fixture, NULL);
}

static void without_a_witness_either_may_be_to_blame(void **state)
{
    struct fixture *fixture = *state;
    expect_text(fixture, "43", false);
    assert_int_equal(look(fixture).unmet, 0);
    expect(fixture, OUTPUT_RULE);
    assert_non_null(strstr(fixture->findings.items[0].text, "either"));
    expect_text(fixture, "3", true);
    look(fixture);
    expect(fixture, OUTPUT_RULE);
}

/* It may stand in what was left out: not checked, and not accused. */
static void what_was_cut_off_meets_no_expectation(void **state)
{
    struct fixture *fixture = *state;
    run_sql(fixture->path, "UPDATE agent_executions SET error = 'its output is cut by 9 bytes'"
                           " WHERE id = '4.0'");
    fixture->asked[0].expected_output = (char *)"the end";
    fixture->asked[0].expected_within = true;
    assert_int_equal(look(fixture).contents, 0);
    expect(fixture, NULL);
    attest(fixture, 0, "42, the end");
    assert_int_equal(look(fixture).unmet, 0);
    expect(fixture, NULL);
    fixture->asked[0].expected_output = (char *)"4";
    assert_int_equal(look(fixture).contents, 1);
    expect(fixture, NULL);
}

static void an_agent_that_attests_another_answer_has_failed(void **state)
{
    struct fixture *fixture = *state;
    struct audit_result result;
    attest(fixture, 0, "42");
    attest(fixture, 1, "42");
    fixture->asked[1].expected_output = (char *)"43";
    result = look(fixture);
    expect(fixture, NULL);
    assert_int_equal(result.unmet, 1);
    assert_int_equal(result.first_unmet, 1);
}

/* ---- ends ---- */

static void an_end_is_as_the_agent_told_it(void **state)
{
    struct fixture *fixture = *state;
    attest(fixture, 0, "42");
    attest(fixture, 1, "42");
    fixture->agents[0].done_status = 3;
    look(fixture);
    expect(fixture, END_RULE);
    fixture->agents[0].done_status = 0;
    fixture->agents[0].done_messages = 2;
    look(fixture);
    expect(fixture, END_RULE);
}

/* Our own agent needs nobody to speak for it, and says all in its time. */
static void our_own_agent_says_itself_that_it_is_done(void **state)
{
    struct fixture *fixture = *state;
    struct cycle_agent *agent = &fixture->agents[0];
    agent->asked = &fixture->asked[0];
    attest(fixture, 0, "42");
    attest(fixture, 1, "42");
    agent->done_pid++; /* of others it is not asked */
    look(fixture);
    expect(fixture, NULL);
    fixture->asked[0].ours = true;
    look(fixture);
    expect(fixture, END_RULE);
    agent->done_pid--;
    look(fixture);
    expect(fixture, NULL);
    agent->early_end = true;
    look(fixture);
    expect(fixture, END_RULE);
    agent->early_end = false;
    agent->late_end = true;
    look(fixture);
    expect(fixture, END_RULE);
    agent->late_end = false;
    agent->exit_status = -1;
    agent->exit_signal = 9;
    look(fixture);
    expect(fixture, END_RULE);
}

static void who_never_said_done_has_not_answered(void **state)
{
    struct fixture *fixture = *state;
    fixture->agents[0].witness = CYCLE_WITNESS_SELF;
    look(fixture);
    expect(fixture, END_RULE);
    fixture->agents[0].exit_status = -1; /* killed, and told so */
    fixture->agents[0].exit_signal = 9;
    look(fixture);
    expect(fixture, NULL);
    fixture->agents[0].exit_status = 0;
    fixture->agents[0].exit_signal = 0;
    fixture->agents[0].witness = CYCLE_WITNESS_LAUNCHER; /* it attests the start alone */
    look(fixture);
    expect(fixture, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(what_was_printed_is_what_is_stored),
        WITH_STORE(nobodys_word_holds_nothing),
        WITH_STORE(other_bytes_are_found),
        WITH_STORE(a_cut_that_is_told_adds_up),
        WITH_STORE(our_own_agent_answers_the_prompt),
        WITH_STORE(what_is_expected_needs_no_witness),
        WITH_STORE(without_a_witness_either_may_be_to_blame),
        WITH_STORE(what_was_cut_off_meets_no_expectation),
        WITH_STORE(an_agent_that_attests_another_answer_has_failed),
        WITH_STORE(an_end_is_as_the_agent_told_it),
        WITH_STORE(our_own_agent_says_itself_that_it_is_done),
        WITH_STORE(who_never_said_done_has_not_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
