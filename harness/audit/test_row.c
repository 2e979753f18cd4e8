/* Is every column of a row held against what is known, after "spawned" and after "finished", and is
 * an honest one left alone whatever its habits? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/test_honest.h"
#include "base/clock.h"

/* The store as it is between "spawned" and "finish". */
static const char only_ready[] =
    "DELETE FROM agent_outputs; DELETE FROM consensus_runs;"
    "DELETE FROM agent_executions WHERE batch IN (4, 5); INSERT INTO agent_executions VALUES"
    " ('7.1', '4.0', 4, 'gemini', 'ready', 'ready', 50, 120, 150, NULL, NULL),"
    " ('7.1', '4.1', 4, 'claude', 'ready', 'ready', 51, 121, 151, NULL, NULL)";

static const char now_finished[] =
    "UPDATE agent_executions SET state = 'completed', completed_ns = 300 WHERE batch = 4;"
    "INSERT INTO consensus_runs VALUES ('7.1', 4, 'agreed', '42', 2, 2, 310);"
    "INSERT INTO agent_outputs VALUES ('7.1', '4.0', 4, x'3432'), ('7.1', '4.1', 4, x'3432')";

struct lie {
    const char *sql, *rule; /* NULL: honest */
};

/* spawned: done before the look in the middle; finished: done after it */
static void live(struct fixture *fixture, const char *spawned, const char *finished)
{
    struct audit_watch *watch = audit_watch_new(fixture->path, HONEST_RUN);
    struct audit_result result;
    audit_findings_clear(&fixture->findings);
    for (int i = 0; i < 2; i++) /* whoever has these process ids here is no agent */
        fixture->agents[i].cpu_ns = fixture->agents[i].pid == getpid() ? 0 : -1;
    run_sql(fixture->path, only_ready);
    run_sql(fixture->path, spawned);
    audit_watch_spawned(watch, &fixture->findings, &fixture->cycle);
    run_sql(fixture->path, finished);
    audit_watch_cycle(watch, &fixture->findings, &fixture->scenario, &fixture->cycle, AUDIT_QUICK,
                      &result);
    audit_watch_free(watch);
}

static void expect_only(const struct fixture *fixture, const struct lie *lie)
{
    bool alone = true;
    for (size_t i = 0; i < fixture->findings.count; i++)
        alone = alone && lie->rule && strcmp(fixture->findings.items[i].rule->name, lie->rule) == 0;
    if (alone && (fixture->findings.count > 0) == (lie->rule != NULL))
        return;
    print_findings(fixture);
    fail_msg("expected %s alone after: %s", lie->rule ? lie->rule : "no finding", lie->sql);
}

#define A_ROW "UPDATE agent_executions SET "
#define OF_IT " WHERE id = '4.1'"
#define STATE "row-tells-the-truth"

static void each_column_after_spawned(void **state)
{
    static const struct lie lies[] = {
        {"SELECT 1", NULL},
        {A_ROW "name = 'x'" OF_IT, STATE},
        {A_ROW "name = name || char(0)" OF_IT, STATE},
        {A_ROW "outcome = 'failed'" OF_IT, STATE},
        {A_ROW "batch = 5" OF_IT, STATE},
        {A_ROW "state = 'starting'" OF_IT, STATE},
        {A_ROW "pid = 7" OF_IT, "one-process-one-id"},
        {A_ROW "spawned_ns = 122" OF_IT, STATE},
        {A_ROW "ready_ns = 152" OF_IT, STATE},
        {A_ROW "completed_ns = 153" OF_IT, STATE},
        {A_ROW "error = 'no'" OF_IT, STATE},
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        char *undo = text_format("%s; %s", only_ready, now_finished);
        live(*state, lies[i].sql, undo);
        expect_only(*state, &lies[i]);
        free(undo);
    }
}

static void each_column_after_finished(void **state)
{
    static const struct lie lies[] = {
        {A_ROW "error = 'its output is cut by 7 bytes'" OF_IT, NULL},
        {A_ROW "completed_ns = 151" OF_IT, NULL}, /* nobody saw it run after it was ready */
        {A_ROW "name = 'x'" OF_IT, STATE},
        {A_ROW "state = 'ready'" OF_IT, STATE},
        {A_ROW "spawned_ns = 0" OF_IT, STATE},
        {A_ROW "completed_ns = NULL" OF_IT, STATE},
        {A_ROW "completed_ns = 401" OF_IT, STATE},
        {A_ROW "completed_ns = 150" OF_IT, STATE},
        {A_ROW "error = 'out of memory'" OF_IT, STATE},
        {"UPDATE consensus_runs SET decided_ns = 199", "consensus-is-whole"},
        {"UPDATE consensus_runs SET decided_ns = 401", "consensus-is-whole"},
        {"UPDATE consensus_runs SET votes = 1", "verdict-follows-from-the-outputs"},
        {"UPDATE consensus_runs SET agents = 3", "verdict-follows-from-the-outputs"},
        {"UPDATE consensus_runs SET answer = '43'", "verdict-follows-from-the-outputs"},
        {"UPDATE consensus_runs SET answer = NULL", "verdict-follows-from-the-outputs"},
        {"UPDATE agent_outputs SET output = x'3433'" OF_IT, "verdict-follows-from-the-outputs"},
        {"INSERT INTO agent_executions SELECT run, id || ' ', batch, name, state, outcome, pid,"
         " spawned_ns, ready_ns, completed_ns, error FROM agent_executions" OF_IT,
         "no-row-without-a-start"},
        {"INSERT INTO agent_executions SELECT run, id || char(0), batch, name, state, outcome, pid,"
         " spawned_ns, ready_ns, completed_ns, error FROM agent_executions" OF_IT,
         "no-row-without-a-start"},
        {"INSERT INTO agent_executions SELECT run, CAST(x'342e31ff' AS TEXT), batch, name, state,"
         " outcome, pid, spawned_ns, ready_ns, completed_ns, error FROM agent_executions" OF_IT,
         "no-row-without-a-start"},
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        char *finished = text_format("%s; %s", now_finished, lies[i].sql);
        live(*state, "SELECT 1", finished);
        expect_only(*state, &lies[i]);
        free(finished);
    }
}

/* An error in the store contradicts nothing when the agent ended badly, or nobody told how. */
static void an_agent_that_ended_badly_may_have_an_error(void **state)
{
    struct fixture *fixture = *state;
    char *finished = text_format("%s; " A_ROW "error = 'exited with status 1'" OF_IT, now_finished);
    fixture->agents[1].exit_status = 1;
    live(fixture, "SELECT 1", finished);
    expect(fixture, NULL);
    free(finished);
}

static void recording_late_is_told_as_that(void **state)
{
    struct fixture *fixture = *state;
    char *finished =
        text_format("INSERT INTO agent_executions VALUES ('7.1', '4.1', 4, 'claude', 'ready',"
                    " 'ready', 51, 121, 151, NULL, NULL); %s",
                    now_finished);
    live(fixture, "DELETE FROM agent_executions WHERE id = '4.1'", finished);
    expect(fixture, "every-acknowledged-start-is-recorded");
    assert_int_equal(fixture->findings.count, 1);
    assert_non_null(strstr(fixture->findings.items[0].text, "its row came late"));
    free(finished);
}

/* Told once, by the look that finds it missing to the end. */
static void never_recording_is_told_once(void **state)
{
    struct fixture *fixture = *state;
    char *finished = text_format("%s; DELETE FROM agent_outputs" OF_IT, now_finished);
    live(fixture, "DELETE FROM agent_executions WHERE id = '4.1'", finished);
    expect(fixture, "every-acknowledged-start-is-recorded");
    for (size_t i = 0; i < fixture->findings.count; i++)
        assert_null(strstr(fixture->findings.items[i].text, "when \"spawned\""));
    free(finished);
}

static void nothing_of_the_end_is_there_before_finish(void **state)
{
    static const char *const early[] = {
        "INSERT INTO consensus_runs VALUES ('7.1', 4, 'agreed', '42', 2, 2, 310)",
        "INSERT INTO agent_outputs VALUES ('7.1', '4.0', 4, x'3432')"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < 2; i++) {
        live(fixture, early[i], "DELETE FROM consensus_runs; DELETE FROM agent_outputs");
        expect(fixture, "consensus-is-whole");
        assert_non_null(strstr(fixture->findings.items[0].text, "asked to finish"));
    }
}

/* Such an agent has ended when it is ready, and may be called so at once. */
static void an_agent_ready_by_exit_may_be_completed_before_finish(void **state)
{
    struct fixture *fixture = *state;
    fixture->asked[1].ready = SCENARIO_READY_EXIT;
    live(fixture, A_ROW "state = 'completed', completed_ns = 151" OF_IT,
         "UPDATE agent_executions SET state = 'completed', completed_ns = 300 WHERE id = '4.0';"
         "INSERT INTO consensus_runs VALUES ('7.1', 4, 'agreed', '42', 2, 2, 310);"
         "INSERT INTO agent_outputs VALUES ('7.1', '4.0', 4, x'3432'), ('7.1', '4.1', 4, x'3432')");
    expect(fixture, NULL);
}

static void an_agent_that_runs_is_not_completed(void **state)
{
    struct fixture *fixture = *state;
    fixture->agents[1].pid = getpid();
    run_sql(fixture->path, "UPDATE agent_executions SET pid = 0 WHERE id = '4.1'");
    live(fixture, A_ROW "pid = 0, state = 'completed', completed_ns = 151" OF_IT, now_finished);
    expect(fixture, STATE);
}

/* It was seen running, by our clock, long after the hand-made times of this store. */
static void an_agent_ends_after_it_was_seen_running(void **state)
{
    struct fixture *fixture = *state;
    fixture->agents[1].pid = fixture->agents[1].witness_pid = getpid();
    fixture->cycle.finished_ns = INT64_MAX;
    live(fixture, A_ROW "pid = (SELECT max(pid) FROM agent_executions)" OF_IT, now_finished);
    expect(fixture, STATE);
    for (size_t i = 0; i < fixture->findings.count; i++)
        if (strcmp(fixture->findings.items[i].rule->name, STATE) == 0)
            assert_non_null(strstr(fixture->findings.items[i].text, "completed at 300"));
}

/* A clock that no machine has is told elsewhere: what was told is not known then. */
static void a_time_beyond_belief_is_not_compared(void **state)
{
    struct fixture *fixture = *state;
    fixture->agents[1].start_ns = clock_believable(INT64_MAX);
    fixture->cycle.outcome = CYCLE_READY;
    live(fixture, A_ROW "spawned_ns = 140" OF_IT, now_finished);
    assert_false(found(fixture, STATE));
}

/* The times of its answer say which clock it has: nothing in its store is corrupt. */
static void another_clock_is_no_corruption(void **state)
{
    struct fixture *fixture = *state;
    const int64_t ahead_ns = INT64_C(1700000000000000000);
    fixture->cycle.begin_ns += ahead_ns;
    fixture->cycle.end_ns += ahead_ns;
    for (int i = 0; i < 2; i++) {
        fixture->agents[i].start_ns += ahead_ns;
        fixture->agents[i].ready_ns += ahead_ns;
        fixture->agents[i].recorded_ns += ahead_ns;
    }
    live(fixture,
         "UPDATE agent_executions SET spawned_ns = spawned_ns + 1700000000000000000,"
         " ready_ns = ready_ns + 1700000000000000000 WHERE batch = 4",
         "UPDATE agent_executions SET state = 'completed', completed_ns = ready_ns + 9 WHERE"
         " batch = 4;"
         "INSERT INTO consensus_runs VALUES ('7.1', 4, 'agreed', '42', 2, 2, 1700000000000000310);"
         "INSERT INTO agent_outputs VALUES ('7.1', '4.0', 4, x'3432'), ('7.1', '4.1', 4, x'3432')");
    expect(fixture, "times-are-in-order");
    assert_int_equal(audit_findings_of(&fixture->findings, AUDIT_INTEGRITY), 0);
}

static void failed_agents_are_as_they_were_told(void **state)
{
    static const struct lie lies[] = {
        {"SELECT 1", NULL},
        {A_ROW "error = NULL" OF_IT, STATE},
        {A_ROW "state = 'timed_out'" OF_IT, STATE},
        {A_ROW "spawned_ns = 1" OF_IT, STATE},
        {A_ROW "pid = 7" OF_IT, "one-process-one-id"},
        {A_ROW "pid = NULL" OF_IT, NULL},
        {A_ROW "completed_ns = 1 << 62" OF_IT, STATE},
        {A_ROW "completed_ns = 170" OF_IT, NULL},
        {"DELETE FROM agent_executions" OF_IT, "every-acknowledged-start-is-recorded"},
    };
    struct fixture *fixture = *state;
    fixture->agents[1].outcome = CYCLE_FAILED;
    fixture->agents[1].error = (char *)"no";
    fixture->agents[1].ready_ns = 0;
    fixture->agents[1].ready_messages = 0;
    fixture->agents[1].finished = false;
    fixture->cycle.outcome = CYCLE_FAILED;
    snprintf(fixture->cycle.consensus, sizeof fixture->cycle.consensus, "agreed");
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        char *rows = text_format(
            "DELETE FROM agent_executions WHERE batch = 4; DELETE FROM agent_outputs;"
            "DELETE FROM consensus_runs; INSERT INTO agent_executions VALUES"
            " ('7.1', '4.0', 4, 'gemini', 'completed', 'ready', 50, 120, 150, 300, NULL),"
            " ('7.1', '4.1', 4, 'claude', 'failed', 'failed', 51, 121, NULL, 160, 'no');"
            "INSERT INTO consensus_runs VALUES ('7.1', 4, 'agreed', '42', 1, 1, 310);"
            "INSERT INTO agent_outputs VALUES ('7.1', '4.0', 4, x'3432'); %s",
            lies[i].sql);
        struct audit_watch *watch = audit_watch_new(fixture->path, HONEST_RUN);
        struct audit_result result;
        audit_findings_clear(&fixture->findings);
        run_sql(fixture->path, rows);
        audit_watch_cycle(watch, &fixture->findings, &fixture->scenario, &fixture->cycle,
                          AUDIT_QUICK, &result);
        audit_watch_free(watch);
        expect_only(fixture, &lies[i]);
        free(rows);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(each_column_after_spawned),
        WITH_STORE(each_column_after_finished),
        WITH_STORE(an_agent_that_ended_badly_may_have_an_error),
        WITH_STORE(recording_late_is_told_as_that),
        WITH_STORE(never_recording_is_told_once),
        WITH_STORE(nothing_of_the_end_is_there_before_finish),
        WITH_STORE(an_agent_ready_by_exit_may_be_completed_before_finish),
        WITH_STORE(an_agent_that_runs_is_not_completed),
        WITH_STORE(an_agent_ends_after_it_was_seen_running),
        WITH_STORE(a_time_beyond_belief_is_not_compared),
        WITH_STORE(another_clock_is_no_corruption),
        WITH_STORE(failed_agents_are_as_they_were_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
