/* Does the snapshot see each row that is lost, doubled, invented or changed, and nothing else? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/snapshot.h"
#include "audit/test_honest.h"

static sqlite3 *open_store(const struct fixture *fixture)
{
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(fixture->path, &database), SQLITE_OK);
    return database;
}

static struct snapshot *take(struct fixture *fixture)
{
    sqlite3 *database = open_store(fixture);
    struct snapshot *snapshot = snapshot_take(database, &fixture->err);
    sqlite3_close(database);
    if (!snapshot)
        fail_msg("%s", fixture->err.text);
    return snapshot;
}

static void compare(struct fixture *fixture, const struct snapshot *snapshot)
{
    sqlite3 *database = open_store(fixture);
    audit_findings_clear(&fixture->findings);
    snapshot_compare(&fixture->findings, snapshot, database);
    sqlite3_close(database);
}

static void the_same_store_has_no_finding(void **state)
{
    struct fixture *fixture = *state;
    struct snapshot *snapshot = take(fixture);
    assert_int_equal(snapshot_rows(snapshot), 6);
    compare(fixture, snapshot);
    expect(fixture, NULL);
    run_sql(fixture->path, "VACUUM; REINDEX"); /* other pages, the same rows */
    compare(fixture, snapshot);
    expect(fixture, NULL);
    snapshot_free(snapshot);
}

/* Each change gives exactly these findings. */
static void every_change_of_a_row_is_named(void **state)
{
    static const struct {
        const char *sql, *rule, *text;
    } changes[] = {
        {"DELETE FROM agent_executions WHERE id = '3.0'", "every-acknowledged-start-is-recorded",
         "agent '3.0' was acknowledged and is not there"},
        {"INSERT INTO agent_executions SELECT run, '3.1', batch, name, state, outcome, pid,"
         " spawned_ns, ready_ns, completed_ns, error FROM agent_executions WHERE id = '3.0'",
         "no-row-without-a-start", "agent '3.1' was never acknowledged"},
        {"UPDATE agent_executions SET batch = 5 WHERE id = '3.0'", "row-tells-the-truth",
         "batch of agent '3.0'"},
        {"UPDATE agent_executions SET name = '' WHERE id = '3.0'", "row-tells-the-truth",
         "name of agent '3.0'"},
        {"UPDATE agent_executions SET state = 'cancelled' WHERE id = '3.0'", "row-tells-the-truth",
         "state of agent '3.0'"},
        {"UPDATE agent_executions SET outcome = NULL WHERE id = '3.0'", "row-tells-the-truth",
         "outcome of agent '3.0'"},
        {"UPDATE agent_executions SET pid = 0 WHERE id = '3.0'", "one-process-one-id",
         "pid of agent '3.0'"},
        {"UPDATE agent_executions SET spawned_ns = 91 WHERE id = '3.0'", "row-tells-the-truth",
         "spawned_ns of agent '3.0'"},
        {"UPDATE agent_executions SET ready_ns = 90 WHERE id = '3.0'", "row-tells-the-truth",
         "ready_ns of agent '3.0'"},
        {"UPDATE agent_executions SET completed_ns = NULL WHERE id = '3.0'", "row-tells-the-truth",
         "completed_ns of agent '3.0'"},
        {"UPDATE agent_executions SET error = '' WHERE id = '3.0'", "row-tells-the-truth",
         "error of agent '3.0'"},
        {"UPDATE consensus_runs SET verdict = 'split'", "consensus-is-whole",
         "verdict of consensus '4'"},
        {"UPDATE consensus_runs SET answer = '43'", "consensus-is-whole",
         "answer of consensus '4'"},
        {"UPDATE consensus_runs SET votes = 1", "consensus-is-whole", "votes of consensus '4'"},
        {"UPDATE consensus_runs SET agents = 3", "consensus-is-whole", "agents of consensus '4'"},
        {"UPDATE consensus_runs SET decided_ns = 1", "consensus-is-whole",
         "decided_ns of consensus '4'"},
        {"UPDATE agent_outputs SET output = x'' WHERE id = '4.1'", "consensus-is-whole",
         "output of output '4.1'"},
        {"DELETE FROM agent_outputs WHERE id = '4.1'", "consensus-is-whole",
         "output '4.1' was acknowledged and is not there"},
        {"DELETE FROM consensus_runs", "consensus-is-whole",
         "consensus '4' was acknowledged and is not there"},
        {"PRAGMA encoding", NULL, NULL},
    };
    struct fixture *fixture = *state;
    struct snapshot *snapshot = take(fixture);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        run_sql(fixture->path, "DELETE FROM agent_outputs; DELETE FROM consensus_runs;"
                               " DELETE FROM agent_executions");
        run_sql(fixture->path, honest_rows);
        run_sql(fixture->path, changes[i].sql);
        compare(fixture, snapshot);
        expect(fixture, changes[i].rule);
        if (changes[i].rule && (fixture->findings.count != 1 ||
                                !strstr(fixture->findings.items[0].text, changes[i].text))) {
            print_findings(fixture);
            fail_msg("%s: expected '%s' alone", changes[i].sql, changes[i].text);
        }
    }
    snapshot_free(snapshot);
}

/* 1 and '1' look alike, and are not. */
static void a_change_of_type_is_a_change(void **state)
{
    struct fixture *fixture = *state;
    struct snapshot *snapshot;
    run_sql(fixture->path, "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql ="
                           " replace(sql, 'STRICT', '') WHERE name = 'agent_outputs'");
    snapshot = take(fixture);
    run_sql(fixture->path, "UPDATE agent_outputs SET output = CAST(output AS TEXT)"
                           " WHERE id = '4.0'");
    compare(fixture, snapshot);
    assert_int_equal(fixture->findings.count, 1);
    expect(fixture, "consensus-is-whole");
    snapshot_free(snapshot);
}

static void what_is_no_store_cannot_be_witnessed_and_has_lost_everything(void **state)
{
    struct fixture *fixture = *state;
    struct snapshot *snapshot = take(fixture);
    sqlite3 *database;
    unlink(fixture->path);
    run_sql(fixture->path, "CREATE TABLE mine (x)");
    compare(fixture, snapshot);
    expect(fixture, "store-can-be-read");
    expect(fixture, "every-acknowledged-start-is-recorded");
    expect(fixture, "consensus-is-whole");
    database = open_store(fixture);
    assert_null(snapshot_take(database, &fixture->err));
    assert_int_equal(fixture->err.code, ERR_FORMAT);
    sqlite3_close(database);
    snapshot_free(snapshot);
    snapshot_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(the_same_store_has_no_finding),
        WITH_STORE(every_change_of_a_row_is_named),
        WITH_STORE(a_change_of_type_is_a_change),
        WITH_STORE(what_is_no_store_cannot_be_witnessed_and_has_lost_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
