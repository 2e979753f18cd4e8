/* Does each rule see its lie in a cycle, and leave honesty alone? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/test_honest.h"

static void audit_it(struct fixture *fixture)
{
    int64_t spent_ns = -1;
    audit_findings_clear(&fixture->findings);
    audit_cycle(&fixture->findings, &fixture->scenario, &fixture->cycle, fixture->path, HONEST_RUN,
                &spent_ns);
    assert_true(spent_ns >= 0);
}

static void an_honest_cycle_has_no_finding(void **state)
{
    struct fixture *fixture = *state;
    audit_it(fixture);
    expect(fixture, NULL);
}

static void a_cycle_without_store_is_held_against_the_witness_only(void **state)
{
    struct fixture *fixture = *state;
    fixture->agents[0].recorded_ns = fixture->agents[1].recorded_ns = 0;
    audit_cycle(&fixture->findings, &fixture->scenario, &fixture->cycle, NULL, HONEST_RUN, NULL);
    expect(fixture, NULL);
    fixture->agents[0].ready_messages = 0;
    audit_cycle(&fixture->findings, &fixture->scenario, &fixture->cycle, NULL, HONEST_RUN, NULL);
    expect(fixture, "every-ready-agent-ran");
}

static void a_program_without_a_witness_is_judged_without_it(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 2; i++) {
        fixture->asked[i].witness = SCENARIO_WITNESS_NONE;
        fixture->agents[i].ready_messages = 0;
        fixture->agents[i].witness_pid = 0;
        fixture->agents[i].main_ns = fixture->agents[i].own_ready_ns = 0;
    }
    audit_it(fixture);
    expect(fixture, NULL);
}

/* There is nothing to attest: no process, and nobody who could say that it ran. */
static void a_subject_that_starts_nothing_is_asked_for_no_process(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < fixture->cycle.agent_count; i++) {
        fixture->agents[i].ready_messages = fixture->agents[i].done_messages = 0;
        fixture->agents[i].witness_pid = 0;
        fixture->agents[i].main_ns = fixture->agents[i].own_ready_ns = 0;
    }
    fixture->agents[0].pid = 0;
    audit_it(fixture);
    assert_true(fixture->findings.count > 0);
    fixture->cycle.starts_nothing = fixture->cycle.unwitnessed = true;
    audit_it(fixture);
    expect(fixture, NULL);
}

/* One lie each, told by the answer, the witness or /proc. */
static void leave_out(struct fixture *fixture)
{
    fixture->agents[1].answered = false;
    fixture->agents[1].outcome = CYCLE_UNKNOWN;
}
static void odd_outcome(struct fixture *fixture)
{
    fixture->agents[1].outcome = CYCLE_UNKNOWN;
}
static void stranger(struct fixture *fixture)
{
    fixture->cycle.answer_strays = 1;
}
static void not_finished(struct fixture *fixture)
{
    fixture->agents[0].finished = false;
}
static void never_ran(struct fixture *fixture)
{
    fixture->agents[0].ready_messages = 0;
}
static void ran_twice(struct fixture *fixture)
{
    fixture->agents[0].ready_messages = 2;
}
static void ran_unasked(struct fixture *fixture)
{
    fixture->cycle.witness_strays = 1;
}
static void other_process(struct fixture *fixture)
{
    fixture->agents[0].pid = 51;
}
static void another_process_witnessed(struct fixture *fixture)
{
    fixture->agents[0].witness_pid = 99;
    fixture->agents[0].attested = (struct cycle_attested){.made = CYCLE_ATTEST_WITNESS,
                                                          .failed = CYCLE_ATTEST_WITNESS,
                                                          .text = "process 99 connected"};
}
static void begun_before_it_was_sent(struct fixture *fixture)
{
    fixture->cycle.begin_ns = 99;
}
static void ended_after_it_was_answered(struct fixture *fixture)
{
    fixture->cycle.end_ns = 181;
}
static void started_after_main(struct fixture *fixture)
{
    fixture->agents[0].start_ns = 131;
}
static void ready_before_the_agent_was(struct fixture *fixture)
{
    fixture->agents[0].own_ready_ns = 151;
}
static void recorded_before_ready(struct fixture *fixture)
{
    fixture->agents[0].recorded_ns = 149;
}
static void not_recorded_at_all(struct fixture *fixture)
{
    fixture->agents[0].recorded_ns = 0;
}
static void hang(struct fixture *fixture)
{
    fixture->cycle.broke = CYCLE_BROKE_SPAWN;
    fixture->cycle.trouble = (char *)"it did not answer before the deadline";
}
static void leave_child(struct fixture *fixture)
{
    fixture->cycle.children_left = 1;
}
static void leave_orphan(struct fixture *fixture)
{
    fixture->cycle.orphans = 1;
}
static void leak(struct fixture *fixture)
{
    fixture->cycle.descriptors = 26;
}
static void other_consensus(struct fixture *fixture)
{
    memcpy(fixture->cycle.consensus, "split", 6);
}
static void no_consensus(struct fixture *fixture)
{
    fixture->cycle.consensus[0] = '\0';
}

static void every_lie_in_a_cycle_is_seen_by_its_rule(void **state)
{
    static const struct {
        void (*tell)(struct fixture *fixture);
        const char *rule;
    } lies[] = {
        {leave_out, "answer-names-what-was-asked"},
        {odd_outcome, "answer-names-what-was-asked"},
        {stranger, "answer-names-what-was-asked"},
        {not_finished, "answer-names-what-was-asked"},
        {never_ran, "every-ready-agent-ran"},
        {ran_twice, "every-ready-agent-ran"},
        {ran_unasked, "no-agent-ran-unasked"},
        {other_process, "one-process-one-id"},
        {another_process_witnessed, "one-process-one-id"},
        {begun_before_it_was_sent, "times-are-in-order"},
        {ended_after_it_was_answered, "times-are-in-order"},
        {started_after_main, "times-are-in-order"},
        {ready_before_the_agent_was, "times-are-in-order"},
        {recorded_before_ready, "times-are-in-order"},
        {not_recorded_at_all, "times-are-in-order"},
        {hang, "subject-answers"},
        {leave_child, "nothing-is-left-running"},
        {leave_orphan, "nothing-is-left-running"},
        {leak, "descriptors-do-not-grow"},
        {other_consensus, "consensus-is-whole"},
        {no_consensus, "consensus-is-whole"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        fill_cycle(fixture);
        lies[i].tell(fixture);
        audit_it(fixture);
        expect(fixture, lies[i].rule);
    }
}

static void every_lie_in_the_store_is_seen_by_its_rule(void **state)
{
    static const struct {
        const char *sql, *rule;
    } lies[] = {
        {"PRAGMA foreign_keys = OFF; DELETE FROM agent_executions WHERE id = '4.1'",
         "every-acknowledged-start-is-recorded"},
        {"INSERT INTO agent_executions VALUES"
         " ('7.1', '4.2', 4, 'x', 'failed', 'failed', NULL, 1, NULL, NULL, NULL)",
         "no-row-without-a-start"},
        {"INSERT INTO agent_executions VALUES"
         " ('7.1', '4.0x', 5, 'x', 'failed', 'failed', NULL, 1, NULL, NULL, NULL)",
         "no-row-without-a-start"},
        {"UPDATE agent_executions SET name = 'claude' WHERE id = '4.0'", "row-tells-the-truth"},
        {"UPDATE agent_executions SET state = 'ready' WHERE id = '4.0'", "row-tells-the-truth"},
        {"UPDATE agent_executions SET outcome = 'failed' WHERE id = '4.0'", "row-tells-the-truth"},
        {"UPDATE agent_executions SET ready_ns = 149 WHERE id = '4.0'", "row-tells-the-truth"},
        {"UPDATE agent_executions SET pid = 7 WHERE id = '4.0'", "one-process-one-id"},
        {"PRAGMA foreign_keys = OFF; DELETE FROM consensus_runs", "consensus-is-whole"},
        {"UPDATE consensus_runs SET verdict = 'split'", "consensus-is-whole"},
        {"DELETE FROM agent_outputs WHERE id = '4.0'", "consensus-is-whole"},
        {"PRAGMA foreign_keys = OFF; DELETE FROM consensus_runs", "foreign-keys-hold"},
        {"DROP TABLE agent_outputs", "store-can-be-read"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        char *sql = text_format("DELETE FROM agent_outputs; DELETE FROM consensus_runs;"
                                " DELETE FROM agent_executions; %s %s",
                                honest_rows, lies[i].sql);
        run_sql(fixture->path, sql);
        audit_it(fixture);
        expect(fixture, lies[i].rule);
        free(sql);
    }
}

static void a_store_that_is_not_there_is_found(void **state)
{
    struct fixture *fixture = *state;
    unlink(fixture->path);
    audit_it(fixture);
    expect(fixture, "store-can-be-read");
}

/* A batch that failed as it should: cancelled, told, recorded, nothing finished. */
static void an_honest_failure_has_no_finding(void **state)
{
    struct fixture *fixture = *state;
    run_sql(fixture->path,
            "DELETE FROM agent_outputs; DELETE FROM consensus_runs; DELETE FROM agent_executions;"
            "INSERT INTO agent_executions VALUES ('7.1', '4.0', 4, 'gemini', 'cancelled',"
            " 'cancelled', 50, 120, NULL, 170, NULL)"); /* 4.1 could not be started: no row */
    fixture->agents[0].outcome = CYCLE_CANCELLED;
    fixture->agents[0].ready_messages = 0;
    fixture->agents[1] = (struct cycle_agent){.id = "4.1",
                                              .asked = &fixture->asked[1],
                                              .answered = true,
                                              .outcome = CYCLE_FAILED,
                                              .error = (char *)"no such file"};
    fixture->cycle.outcome = CYCLE_FAILED;
    fixture->cycle.finish_sent_ns = fixture->cycle.finished_ns = 0;
    fixture->cycle.consensus[0] = '\0';
    audit_it(fixture);
    expect(fixture, NULL);
}

/* It hung while it finished: that is conduct. Nothing it acknowledged is lost. */
static void breaking_off_is_no_corruption(void **state)
{
    struct fixture *fixture = *state;
    fixture->cycle.broke = CYCLE_BROKE_FINISH;
    fixture->cycle.trouble = (char *)"it did not answer before the deadline";
    fixture->cycle.consensus[0] = '\0';
    fixture->agents[0].finished = fixture->agents[1].finished = false;
    audit_it(fixture);
    expect(fixture, "subject-answers");
    assert_int_equal(audit_findings_of(&fixture->findings, AUDIT_INTEGRITY), 0);
    assert_int_equal(audit_findings_of(&fixture->findings, AUDIT_CONDUCT), 1);
}

static void few_more_descriptors_are_forgiven(void **state)
{
    struct fixture *fixture = *state;
    fixture->cycle.descriptors = 25;
    audit_it(fixture);
    expect(fixture, NULL);
    fixture->cycle.descriptors_first = -1; /* not yet known */
    fixture->cycle.descriptors = 1000;
    audit_it(fixture);
    expect(fixture, NULL);
}

static void words_of_strangers_are_made_printable(void **state)
{
    struct fixture *fixture = *state;
    fixture->cycle.broke = CYCLE_BROKE_SPAWN;
    fixture->cycle.trouble = (char *)"\x1b[31mred\xff \xc3\xa4";
    audit_it(fixture);
    assert_string_equal(fixture->findings.items[0].text, "spawn: ?[31mred? \xc3\xa4");
}

static void each_attestation_that_failed_is_a_finding_of_its_rule(void **state)
{
    static const struct {
        enum cycle_attest what;
        const char *rule;
        enum audit_severity severity;
    } checks[] = {{CYCLE_ATTEST_OWN, "agent-is-a-process-of-its-own", AUDIT_INTEGRITY},
                  {CYCLE_ATTEST_BELONGS, "agent-belongs-to-the-subject", AUDIT_INTEGRITY},
                  {CYCLE_ATTEST_WITNESS, "one-process-one-id", AUDIT_INTEGRITY},
                  {CYCLE_ATTEST_BEGAN, "agent-began-after-the-request", AUDIT_CONDUCT},
                  {CYCLE_ATTEST_PROGRAM, "agent-is-the-program-asked-for", AUDIT_INTEGRITY}};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        const struct cycle_attested attested = {
            .made = checks[i].what, .failed = checks[i].what, .text = "so it was"};
        audit_findings_clear(&fixture->findings);
        fixture->agents[1].attested = attested;
        audit_cycle(&fixture->findings, &fixture->scenario, &fixture->cycle, NULL, HONEST_RUN,
                    NULL);
        assert_int_equal(fixture->findings.count, 1);
        assert_string_equal(fixture->findings.items[0].rule->name, checks[i].rule);
        assert_int_equal(fixture->findings.items[0].rule->severity, checks[i].severity);
        assert_string_equal(fixture->findings.items[0].agent, "4.1");
        assert_string_equal(fixture->findings.items[0].text, "so it was");
    }
    fixture->agents[1].attested =
        (struct cycle_attested){.made = CYCLE_ATTEST_EXISTS, .text = "not seen"};
    audit_findings_clear(&fixture->findings);
    audit_cycle(&fixture->findings, &fixture->scenario, &fixture->cycle, NULL, HONEST_RUN, NULL);
    assert_int_equal(fixture->findings.count, 0);
}

static void every_rule_is_described(void **state)
{
    (void)state;
    for (size_t i = 0; i < audit_rule_count; i++) {
        assert_true(audit_rules[i].name && audit_rules[i].question && audit_rules[i].how &&
                    audit_rules[i].why);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(audit_rules[i].name, audit_rules[k].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(an_honest_cycle_has_no_finding),
        WITH_STORE(a_cycle_without_store_is_held_against_the_witness_only),
        WITH_STORE(a_program_without_a_witness_is_judged_without_it),
        WITH_STORE(a_subject_that_starts_nothing_is_asked_for_no_process),
        WITH_STORE(every_lie_in_a_cycle_is_seen_by_its_rule),
        WITH_STORE(every_lie_in_the_store_is_seen_by_its_rule),
        WITH_STORE(a_store_that_is_not_there_is_found),
        WITH_STORE(an_honest_failure_has_no_finding),
        WITH_STORE(breaking_off_is_no_corruption),
        WITH_STORE(few_more_descriptors_are_forgiven),
        WITH_STORE(words_of_strangers_are_made_printable),
        WITH_STORE(each_attestation_that_failed_is_a_finding_of_its_rule),
        cmocka_unit_test(every_rule_is_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
