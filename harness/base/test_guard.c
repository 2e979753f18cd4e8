/* Does nothing in a stranger's database run, and no question last for ever? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "results/test_synthetic.h"

#define ENDLESS "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT "

static sqlite3 *open_guarded(struct guard *guard, bool writes, const char *before)
{
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(":memory:", &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, before, NULL, NULL, NULL), SQLITE_OK);
    guard_set(guard, database, writes);
    return database;
}

static int ask(sqlite3 *database, const char *sql)
{
    return sqlite3_exec(database, sql, NULL, NULL, NULL);
}

static void what_is_endless_is_broken_off(void **state)
{
    struct guard guard;
    sqlite3 *database = open_guarded(&guard, false, "");
    (void)state;
    assert_int_equal(ask(database, ENDLESS "count(*) FROM n"), SQLITE_INTERRUPT);
    assert_true(guard_spent(&guard));
    assert_int_equal(ask(database, ENDLESS "count(*) FROM n"), SQLITE_INTERRUPT); /* still */
    guard_begin(&guard, database, NULL);
    assert_false(guard_spent(&guard));
    assert_int_equal(ask(database, "SELECT 1"), SQLITE_OK);
    sqlite3_close(database);
}

/* Few steps may cost much, too. */
static void time_is_a_limit_as_well(void **state)
{
    struct guard guard;
    sqlite3 *database = open_guarded(&guard, false, "");
    (void)state;
    guard.cpu_until_ns = 0;
    assert_int_equal(ask(database, ENDLESS "count(*) FROM n"), SQLITE_INTERRUPT);
    assert_true(guard_spent(&guard));
    sqlite3_close(database);
}

/* What is in a file is no longer than the file. */
static void no_value_is_longer_than_the_files_are(void **state)
{
    struct synthetic *synthetic = *state;
    struct guard guard;
    sqlite3 *database = open_guarded(&guard, false, "");
    guard_begin(&guard, database, synthetic->path);
    assert_int_equal(ask(database, "SELECT length(zeroblob(64000))"), SQLITE_OK);
    assert_int_equal(ask(database, "SELECT length(zeroblob(900000))"), SQLITE_TOOBIG);
    sqlite3_close(database);
    database = open_guarded(&guard, true, "");
    guard_begin(&guard, database, synthetic->path);
    assert_int_equal(ask(database, "SELECT length(zeroblob(900000))"), SQLITE_OK);
    sqlite3_close(database);
}

static void views_and_triggers_do_not_run(void **state)
{
    static const char before[] = "CREATE TABLE t(x); CREATE VIEW v AS SELECT 1;"
                                 "CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM t; END";
    struct guard guard;
    sqlite3 *database = open_guarded(&guard, false, before);
    (void)state;
    assert_int_equal(ask(database, "SELECT * FROM v"), SQLITE_ERROR);
    assert_non_null(strstr(sqlite3_errmsg(database), "view"));
    assert_int_equal(ask(database, "INSERT INTO t VALUES (1)"), SQLITE_OK);
    assert_int_equal(ask(database, "SELECT 1 / x FROM t"), SQLITE_OK);
    assert_int_equal(sqlite3_total_changes(database), 1);
    assert_int_equal(ask(database, "CREATE TEMP VIEW w AS SELECT 2; SELECT * FROM w"), SQLITE_OK);
    sqlite3_close(database);
}

static void who_writes_keeps_the_triggers(void **state)
{
    struct guard guard;
    sqlite3 *database = open_guarded(&guard, true,
                                     "CREATE TABLE t(x); CREATE TRIGGER r BEFORE INSERT ON t"
                                     " BEGIN SELECT RAISE(ABORT, 'final'); END");
    (void)state;
    assert_int_equal(ask(database, "INSERT INTO t VALUES (1)"), SQLITE_CONSTRAINT);
    sqlite3_close(database);
}

/* ---- a results store of a stranger ---- */

/* The words of the error, or NULL when it can be opened and all its runs be read. */
static int no_run(void *context, const struct results_run *run)
{
    (void)context;
    (void)run;
    return 0;
}

static void expect_refused(struct synthetic *synthetic, const char *sql, const char *words)
{
    sqlite3 *database = NULL;
    int rc;
    results_close(synthetic->store);
    synthetic->store = NULL;
    assert_int_equal(sqlite3_open(synthetic->path, &database), SQLITE_OK);
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s in: %s", sqlite3_errmsg(database), sql);
    sqlite3_close(database);
    rc = results_open(&synthetic->store, synthetic->path, RESULTS_READ, &synthetic->err);
    if (rc == 0)
        rc = results_each_run(synthetic->store, no_run, NULL, &synthetic->err);
    assert_int_equal(rc, -1);
    assert_int_equal(synthetic->err.code, ERR_UNFIT);
    if (!strstr(synthetic->err.text, words))
        fail_msg("expected '%s' in: %s", words, synthetic->err.text);
}

static void an_endless_view_is_refused(void **state)
{
    expect_refused(*state,
                   "ALTER TABLE runs RENAME TO r; CREATE VIEW runs AS SELECT r.* FROM r, (" ENDLESS
                   "i FROM n)",
                   "1 views or virtual tables");
}

static void a_virtual_table_is_refused(void **state)
{
    expect_refused(*state, "CREATE VIRTUAL TABLE more USING fts5(x)", "virtual tables");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_endless_is_broken_off),
        cmocka_unit_test(time_is_a_limit_as_well),
        cmocka_unit_test_setup_teardown(no_value_is_longer_than_the_files_are, synthetic_new,
                                        synthetic_free),
        cmocka_unit_test(views_and_triggers_do_not_run),
        cmocka_unit_test(who_writes_keeps_the_triggers),
        cmocka_unit_test_setup_teardown(an_endless_view_is_refused, synthetic_new, synthetic_free),
        cmocka_unit_test_setup_teardown(a_virtual_table_is_refused, synthetic_new, synthetic_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
