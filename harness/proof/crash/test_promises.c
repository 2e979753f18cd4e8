/* Do the promises notice every way in which a store can say less or more than it has? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "proof/crash/promises.h"
#include "schema_sql.h"

static sqlite3 *database;
static struct promises promises;

static void execute(const char *text)
{
    if (sqlite3_exec(database, text, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", text, sqlite3_errmsg(database));
}

static void insert(int batch, int agent, const char *state)
{
    char *text = sqlite3_mprintf("INSERT INTO agent_executions (run, id, batch, name, state,"
                                 " spawned_ns) VALUES ('r', '%d.%d', %d, 'n', %Q, 1)",
                                 batch, agent, batch, state);
    execute(text);
    sqlite3_free(text);
}

/* Batch 1 is completed, batch 2 is ready; both acknowledged. */
static int make_store(void **state)
{
    (void)state;
    promises = (struct promises){.whole = true};
    assert_int_equal(sqlite3_open(":memory:", &database), SQLITE_OK);
    execute(embedded_schema_sql);
    for (int i = 0; i < PROMISES_AGENTS; i++) {
        insert(1, i, "completed");
        insert(2, i, "ready");
    }
    execute("INSERT INTO consensus_runs VALUES ('r', 1, 'split', NULL, 0, 3, 1);"
            "INSERT INTO agent_outputs SELECT run, id, batch, x'00' FROM agent_executions"
            " WHERE batch = 1");
    promises_intend(&promises, 1, 0, PROMISES_AGENTS, PROMISES_COMPLETED);
    promises_settle(&promises, 1, 0, PROMISES_AGENTS, PROMISES_YES);
    promises_intend(&promises, 2, 0, PROMISES_AGENTS, PROMISES_READY);
    promises_settle(&promises, 2, 0, PROMISES_AGENTS, PROMISES_YES);
    return 0;
}

static int release(void **state)
{
    (void)state;
    sqlite3_close(database);
    return 0;
}

static void expect(int answer)
{
    char why[160] = "";
    int said = promises_audit(database, &promises, why);
    if (said != answer)
        fail_msg("it says %d, not %d: %s", said, answer, why);
}

static void what_is_as_promised_passes(void **state)
{
    (void)state;
    expect(0);
    execute("UPDATE agent_executions SET state = 'interrupted' WHERE batch = 2");
    expect(0);
}

static void each_lie_is_found(void **state)
{
    static const char *const lies[] = {
        "DELETE FROM agent_executions WHERE id = '2.1'",
        "DELETE FROM agent_executions WHERE batch = 2",
        "UPDATE agent_executions SET state = 'starting' WHERE id = '2.1'",
        "UPDATE agent_executions SET state = 'completed' WHERE id = '2.1'",
        "UPDATE agent_executions SET state = 'interrupted' WHERE id = '1.1'",
        "DELETE FROM agent_outputs WHERE id = '1.1'",
        "DELETE FROM agent_outputs; DELETE FROM consensus_runs",
        "INSERT INTO agent_executions (run, id, batch, name, state, spawned_ns)"
        " VALUES ('r', '3.0', 3, 'n', 'ready', 1)",
        "INSERT INTO agent_executions (run, id, batch, name, state, spawned_ns)"
        " VALUES ('r', '99.0', 99, 'n', 'ready', 1)",
        "INSERT INTO agent_executions (run, id, batch, name, state, spawned_ns)"
        " VALUES ('q', '2.0', 2, 'n', 'ready', 1)",
        "INSERT INTO agent_outputs VALUES ('r', '9.9', 9, x'00')",
    };
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        execute("BEGIN");
        execute(lies[i]);
        expect(-1);
        execute("ROLLBACK");
    }
    expect(0);
}

static void after_a_failed_commit_all_or_none_but_never_half(void **state)
{
    (void)state;
    promises_intend(&promises, 3, 0, PROMISES_AGENTS, PROMISES_READY);
    promises_settle(&promises, 3, 0, PROMISES_AGENTS, PROMISES_UNKNOWN);
    expect(0);
    insert(3, 0, "ready");
    expect(-1);
    insert(3, 1, "ready");
    insert(3, 2, "ready");
    expect(PROMISES_AGENTS); /* there, though the store said that it failed */
}

static void what_was_refused_must_not_be_there(void **state)
{
    (void)state;
    promises_intend(&promises, 3, 0, PROMISES_AGENTS, PROMISES_READY);
    promises_settle(&promises, 3, 0, PROMISES_AGENTS, PROMISES_NO);
    expect(0);
    for (int i = 0; i < PROMISES_AGENTS; i++)
        insert(3, i, "ready");
    expect(-1);
}

static void an_empty_database_holds_no_promise(void **state)
{
    (void)state;
    sqlite3_close(database);
    assert_int_equal(sqlite3_open(":memory:", &database), SQLITE_OK);
    expect(-1);
    promises = (struct promises){.whole = true};
    expect(0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_store, release)
    const struct CMUnitTest tests[] = {
        TEST(what_is_as_promised_passes),
        TEST(each_lie_is_found),
        TEST(after_a_failed_commit_all_or_none_but_never_half),
        TEST(what_was_refused_must_not_be_there),
        TEST(an_empty_database_holds_no_promise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
