/* Does each rule see its lie, and leave honesty alone? A store, an answer and a ledger by hand. */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/audit.h"
#include "base/text.h"

#define RUN "7.1"

/* An honest batch of two agents, in a store and in a cycle that agree. */
struct fixture {
    char folder[64];
    char *path;
    struct scenario scenario;
    struct scenario_agent asked[2];
    struct run_agent agents[2];
    struct run_cycle cycle;
    struct audit_findings findings;
    struct audit_report report;
    struct err err;
};

static const char honest_rows[] =
    "INSERT INTO agent_executions VALUES"
    " ('7.1', '4.0', 4, 'gemini', 'completed', 'ready', 50, 120, 150, 300, NULL),"
    " ('7.1', '4.1', 4, 'claude', 'completed', 'ready', 51, 121, 151, 301, NULL),"
    " ('7.1', '3.0', 3, 'gemini', 'failed', 'failed', NULL, 90, NULL, 95, 'no such file');"
    "INSERT INTO consensus_runs VALUES ('7.1', 4, 'agreed', '42', 2, 2, 310);"
    "INSERT INTO agent_outputs VALUES ('7.1', '4.0', 4, x'3432'), ('7.1', '4.1', 4, x'3432');";

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *database = NULL;
    char *message = NULL;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    if (sqlite3_exec(database, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s in: %s", message, sql);
    sqlite3_close(database);
}

static void fill_cycle(struct fixture *fixture)
{
    fixture->asked[0] = (struct scenario_agent){.name = (char *)"gemini", .ledger = true};
    fixture->asked[1] = (struct scenario_agent){.name = (char *)"claude", .ledger = true};
    for (int i = 0; i < 2; i++) {
        fixture->agents[i] = (struct run_agent){.asked = &fixture->asked[i],
                                                .answered = true,
                                                .outcome = RUN_READY,
                                                .pid = 50 + i,
                                                .start_ns = 120 + i,
                                                .ready_ns = 150 + i,
                                                .recorded_ns = 160,
                                                .ledger_pid = 50 + i,
                                                .main_ns = 130,
                                                .own_ready_ns = 140,
                                                .ledger_lines = 1,
                                                .finished = true};
        snprintf(fixture->agents[i].id, sizeof fixture->agents[i].id, "4.%d", i);
    }
    fixture->cycle = (struct run_cycle){.index = 4,
                                        .agents = fixture->agents,
                                        .agent_count = 2,
                                        .outcome = RUN_READY,
                                        .sent_ns = 100,
                                        .begin_ns = 110,
                                        .end_ns = 170,
                                        .answered_ns = 180,
                                        .finish_sent_ns = 200,
                                        .finished_ns = 400,
                                        .consensus = "agreed",
                                        .descriptors = 9,
                                        .descriptors_first = 9};
}

static int make(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    char *schema = NULL;
    size_t length;
    strcpy(fixture->folder, "/tmp/spawnbench-test-XXXXXX");
    if (!mkdtemp(fixture->folder) ||
        text_read_file(&schema, &length, SOURCE_DIR "/reference/store/schema.sql", 1 << 20,
                       &fixture->err) < 0)
        return -1;
    fixture->path = text_format("%s/store.sqlite", fixture->folder);
    run_sql(fixture->path, schema);
    run_sql(fixture->path, honest_rows);
    fixture->scenario.consensus = true;
    fill_cycle(fixture);
    free(schema);
    *state = fixture;
    return 0;
}

static int unmake(void **state)
{
    struct fixture *fixture = *state;
    audit_findings_release(&fixture->findings);
    unlink(fixture->path);
    rmdir(fixture->path);
    free(fixture->path);
    if (rmdir(fixture->folder) != 0)
        return -1; /* the audit left something beside the store */
    free(fixture);
    return 0;
}

static bool found(const struct fixture *fixture, const char *rule)
{
    for (size_t i = 0; i < fixture->findings.count; i++)
        if (strcmp(fixture->findings.items[i].rule->name, rule) == 0)
            return true;
    return false;
}

static void print_findings(const struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->findings.count; i++)
        print_error("  %s %s: %s\n", fixture->findings.items[i].rule->name,
                    fixture->findings.items[i].agent, fixture->findings.items[i].text);
}

static void expect(struct fixture *fixture, const char *rule)
{
    if (rule ? found(fixture, rule) : fixture->findings.count == 0)
        return;
    print_findings(fixture);
    fail_msg("expected %s", rule ? rule : "no finding");
}

/* ---- one file by itself ---- */

static void audit(struct fixture *fixture)
{
    if (audit_database(&fixture->findings, &fixture->report, fixture->path, &fixture->err) < 0)
        fail_msg("%s", fixture->err.text);
}

static void an_honest_store_has_no_finding(void **state)
{
    struct fixture *fixture = *state;
    audit(fixture);
    expect(fixture, NULL);
    assert_true(fixture->report.is_database && fixture->report.is_store);
    assert_true(fixture->report.bytes > 0 && fixture->report.pages > 0);
    assert_true(fixture->report.agents == 3 && fixture->report.completed == 2);
    assert_true(fixture->report.consensus_runs == 1 && fixture->report.outputs == 2);
    assert_true(fixture->report.ready == 0 && fixture->report.engine[0]);
    assert_string_equal(fixture->report.journal_mode, "delete");
}

static void an_honest_store_in_wal_mode_has_no_finding(void **state)
{
    struct fixture *fixture = *state;
    run_sql(fixture->path, "PRAGMA journal_mode = WAL");
    audit(fixture);
    expect(fixture, NULL);
    assert_string_equal(fixture->report.journal_mode, "wal");
    run_sql(fixture->path, "PRAGMA journal_mode = DELETE"); /* takes -wal and -shm away */
}

/* What a store can say against itself. */
static void contradictions_in_a_store_are_found(void **state)
{
    static const struct {
        const char *sql, *rule;
    } lies[] = {
        {"PRAGMA foreign_keys = OFF; INSERT INTO agent_outputs VALUES ('7.1', '9.9', 9, x'')",
         "foreign-keys-hold"},
        {"PRAGMA foreign_keys = OFF; DELETE FROM agent_executions WHERE id = '4.0'",
         "foreign-keys-hold"},
        {"DELETE FROM agent_outputs", "consensus-is-whole"},
        {"DELETE FROM agent_outputs WHERE id = '4.1'", "consensus-is-whole"},
        {"UPDATE agent_executions SET state = 'ready' WHERE id = '4.0'", "consensus-is-whole"},
        {"UPDATE agent_executions SET pid = NULL WHERE id = '4.0'", "row-tells-the-truth"},
        {"UPDATE agent_executions SET outcome = 'failed' WHERE id = '4.0'", "row-tells-the-truth"},
        {"UPDATE agent_executions SET outcome = NULL WHERE id = '3.0'", "row-tells-the-truth"},
        {"UPDATE agent_executions SET completed_ns = ready_ns - 1 WHERE id = '4.0'",
         "times-are-in-order"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        char *sql = text_format("DELETE FROM agent_outputs; DELETE FROM consensus_runs;"
                                " DELETE FROM agent_executions; %s %s",
                                honest_rows, lies[i].sql);
        run_sql(fixture->path, sql);
        audit_findings_clear(&fixture->findings);
        audit(fixture);
        expect(fixture, lies[i].rule);
        free(sql);
    }
}

static void an_agent_in_flight_is_no_lie(void **state)
{
    struct fixture *fixture = *state;
    run_sql(fixture->path, "INSERT INTO agent_executions VALUES"
                           " ('7.1', '5.0', 5, 'x', 'starting', NULL, NULL, 1, NULL, NULL, NULL),"
                           " ('7.1', '5.1', 5, 'x', 'ready', 'ready', 9, 1, 2, NULL, NULL)");
    audit(fixture);
    expect(fixture, NULL);
    assert_int_equal(fixture->report.ready, 2);
}

static void grow(struct fixture *fixture)
{
    run_sql(fixture->path,
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
            " INSERT INTO agent_executions SELECT '8.1', i || '.0', i, 'gemini', 'failed',"
            " 'failed', NULL, i, NULL, NULL, 'an error of some length' FROM n");
}

static void an_overwritten_page_is_found(void **state)
{
    struct fixture *fixture = *state;
    char page[4096];
    FILE *file;
    grow(fixture);
    memset(page, 0xa5, sizeof page);
    file = fopen(fixture->path, "r+e");
    assert_non_null(file);
    assert_int_equal(fseek(file, 5L * (long)sizeof page, SEEK_SET), 0);
    assert_int_equal(fwrite(page, sizeof page, 1, file), 1);
    fclose(file);
    audit(fixture);
    expect(fixture, "integrity-check-is-ok");
}

static void a_file_cut_short_is_found(void **state)
{
    struct fixture *fixture = *state;
    grow(fixture);
    assert_int_equal(truncate(fixture->path, 5L * 4096), 0);
    audit(fixture);
    expect(fixture, "integrity-check-is-ok");
}

static void a_file_cut_down_to_its_header_is_found(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(truncate(fixture->path, 100), 0);
    audit(fixture);
    assert_true(fixture->findings.count > 0);
    assert_false(fixture->report.is_store);
}

/* The index still holds its old entries, but is said to be of another column. */
static void an_index_without_its_rows_is_found(void **state)
{
    struct fixture *fixture = *state;
    run_sql(fixture->path,
            "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql ="
            " 'CREATE INDEX agent_executions_by_state ON agent_executions (name, spawned_ns)'"
            " WHERE name = 'agent_executions_by_state'");
    audit(fixture);
    expect(fixture, "integrity-check-is-ok");
}

static void a_ruined_file_does_not_flood_the_findings(void **state)
{
    struct fixture *fixture = *state;
    grow(fixture);
    run_sql(fixture->path,
            "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql ="
            " 'CREATE INDEX agent_executions_by_state ON agent_executions (name, spawned_ns)'"
            " WHERE name = 'agent_executions_by_state'");
    audit(fixture);
    assert_in_range(fixture->findings.count, 1, 60);
}

static void a_database_of_somebody_else_gets_sqlites_own_checks(void **state)
{
    struct fixture *fixture = *state;
    unlink(fixture->path);
    run_sql(fixture->path, "CREATE TABLE mine (x); INSERT INTO mine VALUES (1)");
    audit(fixture);
    expect(fixture, NULL);
    assert_true(fixture->report.is_database && !fixture->report.is_store);
}

static void refused(struct fixture *fixture, enum err_code code, const char *told)
{
    assert_int_equal(
        audit_database(&fixture->findings, &fixture->report, fixture->path, &fixture->err), -1);
    assert_int_equal(fixture->err.code, code);
    assert_non_null(strstr(fixture->err.text, told));
    assert_non_null(strstr(fixture->err.text, fixture->path));
    assert_int_equal(fixture->findings.count, 0);
}

static void what_is_no_database_is_refused(void **state)
{
    static const char text[] = "this is a text and no database at all";
    struct fixture *fixture = *state;
    unlink(fixture->path);
    refused(fixture, ERR_SYSTEM, "cannot open");
    assert_int_equal(text_write_file(fixture->path, text, sizeof text, &fixture->err), 0);
    refused(fixture, ERR_FORMAT, "not a SQLite database");
    assert_int_equal(text_write_file(fixture->path, "", 0, &fixture->err), 0);
    refused(fixture, ERR_FORMAT, "not a SQLite database");
    unlink(fixture->path);
    assert_int_equal(mkfifo(fixture->path, 0600), 0);
    refused(fixture, ERR_FORMAT, "no regular file"); /* and does not wait for a writer */
    unlink(fixture->path);
    assert_int_equal(mkdir(fixture->path, 0700), 0);
    refused(fixture, ERR_FORMAT, "no regular file");
}

/* ---- one cycle against its answer, its ledger and its store ---- */

static void audit_it(struct fixture *fixture)
{
    int64_t spent_ns = -1;
    audit_findings_clear(&fixture->findings);
    audit_cycle(&fixture->findings, &fixture->scenario, &fixture->cycle, fixture->path, RUN,
                &spent_ns);
    assert_true(spent_ns >= 0);
}

static void an_honest_cycle_has_no_finding(void **state)
{
    struct fixture *fixture = *state;
    audit_it(fixture);
    expect(fixture, NULL);
}

static void a_cycle_without_store_is_held_against_the_ledger_only(void **state)
{
    struct fixture *fixture = *state;
    fixture->agents[0].recorded_ns = fixture->agents[1].recorded_ns = 0;
    audit_cycle(&fixture->findings, &fixture->scenario, &fixture->cycle, NULL, RUN, NULL);
    expect(fixture, NULL);
    fixture->agents[0].ledger_lines = 0;
    audit_cycle(&fixture->findings, &fixture->scenario, &fixture->cycle, NULL, RUN, NULL);
    expect(fixture, "every-ready-agent-ran");
}

static void a_program_that_knows_no_ledger_is_judged_without_it(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 2; i++) {
        fixture->asked[i].ledger = false;
        fixture->agents[i].ledger_lines = 0;
        fixture->agents[i].ledger_pid = 0;
        fixture->agents[i].main_ns = fixture->agents[i].own_ready_ns = 0;
    }
    audit_it(fixture);
    expect(fixture, NULL);
}

/* One lie each, told by the answer, the ledger or /proc. */
static void leave_out(struct fixture *fixture)
{
    fixture->agents[1].answered = false;
    fixture->agents[1].outcome = RUN_UNKNOWN;
}
static void odd_outcome(struct fixture *fixture)
{
    fixture->agents[1].outcome = RUN_UNKNOWN;
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
    fixture->agents[0].ledger_lines = 0;
}
static void ran_twice(struct fixture *fixture)
{
    fixture->agents[0].ledger_lines = 2;
}
static void ran_unasked(struct fixture *fixture)
{
    fixture->cycle.ledger_strays = 1;
}
static void other_process(struct fixture *fixture)
{
    fixture->agents[0].pid = 51;
}
static void other_ledger_process(struct fixture *fixture)
{
    fixture->agents[0].ledger_pid = 99;
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
    fixture->cycle.broke = RUN_BROKE_SPAWN;
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
    strcpy(fixture->cycle.consensus, "split");
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
        {other_ledger_process, "one-process-one-id"},
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
    fixture->agents[0].outcome = RUN_CANCELLED;
    fixture->agents[0].ledger_lines = 0;
    fixture->agents[1] = (struct run_agent){.id = "4.1",
                                            .asked = &fixture->asked[1],
                                            .answered = true,
                                            .outcome = RUN_FAILED,
                                            .error = (char *)"no such file"};
    fixture->cycle.outcome = RUN_FAILED;
    fixture->cycle.finish_sent_ns = fixture->cycle.finished_ns = 0;
    fixture->cycle.consensus[0] = '\0';
    audit_it(fixture);
    expect(fixture, NULL);
}

/* It hung while it finished: that is conduct. Nothing it acknowledged is lost. */
static void breaking_off_is_no_corruption(void **state)
{
    struct fixture *fixture = *state;
    fixture->cycle.broke = RUN_BROKE_FINISH;
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
    fixture->cycle.broke = RUN_BROKE_SPAWN;
    fixture->cycle.trouble = (char *)"\x1b[31mred\xff \xc3\xa4";
    audit_it(fixture);
    assert_string_equal(fixture->findings.items[0].text, "spawn: ?[31mred? \xc3\xa4");
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

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(an_honest_store_has_no_finding),
        WITH_STORE(an_honest_store_in_wal_mode_has_no_finding),
        WITH_STORE(contradictions_in_a_store_are_found),
        WITH_STORE(an_agent_in_flight_is_no_lie),
        WITH_STORE(an_overwritten_page_is_found),
        WITH_STORE(a_file_cut_short_is_found),
        WITH_STORE(a_file_cut_down_to_its_header_is_found),
        WITH_STORE(an_index_without_its_rows_is_found),
        WITH_STORE(a_ruined_file_does_not_flood_the_findings),
        WITH_STORE(a_database_of_somebody_else_gets_sqlites_own_checks),
        WITH_STORE(what_is_no_database_is_refused),
        WITH_STORE(an_honest_cycle_has_no_finding),
        WITH_STORE(a_cycle_without_store_is_held_against_the_ledger_only),
        WITH_STORE(a_program_that_knows_no_ledger_is_judged_without_it),
        WITH_STORE(every_lie_in_a_cycle_is_seen_by_its_rule),
        WITH_STORE(every_lie_in_the_store_is_seen_by_its_rule),
        WITH_STORE(a_store_that_is_not_there_is_found),
        WITH_STORE(an_honest_failure_has_no_finding),
        WITH_STORE(breaking_off_is_no_corruption),
        WITH_STORE(few_more_descriptors_are_forgiven),
        WITH_STORE(words_of_strangers_are_made_printable),
        cmocka_unit_test(every_rule_is_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
