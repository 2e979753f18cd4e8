/* Is it told what recovery does to a database that its last writer left in the middle of something?
 */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include "base/json.h"
#include "cli/test_cli.h"

static sqlite3 *open_database(const char *folder, const char *name)
{
    char *path = cli_path(folder, name);
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    free(path);
    return database;
}

static void run(sqlite3 *database, const char *sql)
{
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s in: %s", sqlite3_errmsg(database), sql);
}

/* In a process of its own, which is killed when it has run that. */
static void run_and_die(const char *folder, const char *name, const char *sql)
{
    pid_t child = fork();
    int status = 0;
    if (child == 0) {
        run(open_database(folder, name), sql);
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

static void copy_bytes(const char *folder, const char *from, const char *to)
{
    char *source = cli_path(folder, from), *target = cli_path(folder, to), *bytes = NULL;
    size_t length;
    assert_int_equal(text_read_file(&bytes, &length, source, 1 << 28, NULL), 0);
    assert_int_equal(text_write_file(target, bytes, length, NULL), 0);
    free(bytes);
    free(target);
    free(source);
}

static cJSON *recovery_of(const char *folder, const char *name, cJSON **root)
{
    struct cli_said said = cli_say(folder, "audit", name, "--json", NULL);
    struct err err = {0};
    assert_int_equal(said.exit_status, 0);
    if (json_parse(root, said.out, strlen(said.out), &err) < 0)
        fail_msg("%s", err.text);
    cli_forget(&said);
    return cJSON_GetObjectItem(*root, "recovery");
}

static int64_t number(const cJSON *object, const char *key)
{
    int64_t value = -1;
    json_int64(&value, cJSON_GetObjectItem(object, key));
    return value;
}

#define ROWS(n) "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " #n ")"

static void a_hot_journal_is_told_and_no_finding(void **state)
{
    struct cli_said said;
    cJSON *root;
    run_and_die(*state, "h.db",
                "CREATE TABLE t (a INTEGER PRIMARY KEY, b); " ROWS(
                    2000) " INSERT INTO t SELECT i, zeroblob(300) FROM n; PRAGMA cache_size = 5;"
                          "BEGIN; UPDATE t SET b = 'dirty'");
    assert_true(number(recovery_of(*state, "h.db", &root), "journal_pages") > 0);
    cJSON_Delete(root);
    said = cli_say(*state, "audit", "h.db", NULL);
    assert_int_equal(said.exit_status, 0);
    assert_said(said.out, "  recovery  journal rolled back: ");
    cli_forget(&said);
}

static void what_a_wal_holds_is_told(void **state)
{
    struct cli_said said;
    cJSON *root, *recovery;
    run_and_die(*state, "w.db",
                "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (a);"
                "INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)");
    recovery = recovery_of(*state, "w.db", &root);
    assert_int_equal(number(recovery, "wal_commits"), 3);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(recovery, "taken_away")), 0);
    cJSON_Delete(root);
    said = cli_say(*state, "audit", "w.db", NULL);
    assert_said(said.out, "  recovery  -wal: 3 commits, ");
    cli_forget(&said);
}

/* A backup of 900 rows is put back, and the -wal of an earlier time is still there. */
static void a_wal_that_takes_rows_away_is_told(void **state)
{
    sqlite3 *earlier = open_database(*state, "g.db"), *backup;
    struct cli_said said;
    cJSON *root, *away;
    run(earlier, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;"
                 "CREATE TABLE t (a INTEGER PRIMARY KEY, b);" ROWS(500) "INSERT INTO t SELECT i,"
                                                                        " 'old' FROM n");
    copy_bytes(*state, "g.db-wal", "old");
    sqlite3_close(earlier);
    backup = open_database(*state, "b.db");
    run(backup, "PRAGMA journal_mode = WAL; CREATE TABLE t (a INTEGER PRIMARY KEY, b);" ROWS(
                    900) "INSERT INTO t SELECT i, 'new' FROM n");
    sqlite3_close(backup);
    copy_bytes(*state, "b.db", "g.db");
    copy_bytes(*state, "old", "g.db-wal");
    away = cJSON_GetObjectItem(recovery_of(*state, "g.db", &root), "taken_away");
    assert_int_equal(cJSON_GetArraySize(away), 1);
    assert_int_equal(number(cJSON_GetArrayItem(away, 0), "rows_before"), 900);
    assert_int_equal(number(cJSON_GetArrayItem(away, 0), "rows_after"), 500);
    cJSON_Delete(root);
    said = cli_say(*state, "audit", "g.db", NULL);
    assert_said(said.out, "the -wal takes away 400 rows of t (900 before, 500 after: ");
    cli_forget(&said);
}

int main(void)
{
#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, cli_folder, cli_folder_remove)
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(a_hot_journal_is_told_and_no_finding),
        IN_A_FOLDER(what_a_wal_holds_is_told),
        IN_A_FOLDER(a_wal_that_takes_rows_away_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
