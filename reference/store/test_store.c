/* Is what was acknowledged in the file, whole, and is what was refused not? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <ftw.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "store/store.h"

static char *folder, *path;

static int forget(const char *name, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(name);
}

static int make_folder(void **state)
{
    const char *parent = getenv("TMPDIR");
    (void)state;
    folder = text_format("%s/spawnref-test-XXXXXX", parent ? parent : "/tmp");
    assert_non_null(mkdtemp(folder));
    path = text_format("%s/store.sqlite", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    nftw(folder, forget, 8, FTW_DEPTH | FTW_PHYS);
    free(folder);
    free(path);
    return 0;
}

static struct store *open_store(void)
{
    struct store *store = NULL;
    struct err err = {0};
    if (store_open(&store, path, true, "run", &err) < 0)
        fail_msg("%s", err.text);
    return store;
}

static void query(const char *question, const char *expected)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *row = NULL;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    if (sqlite3_prepare_v2(database, question, -1, &row, NULL) != SQLITE_OK)
        fail_msg("%s: %s", question, sqlite3_errmsg(database));
    if (sqlite3_step(row) == SQLITE_ROW && expected)
        assert_string_equal((const char *)sqlite3_column_text(row, 0), expected);
    else
        assert_null(expected);
    sqlite3_finalize(row);
    sqlite3_close(database);
}

static struct store_agent ready(const char *id)
{
    return (struct store_agent){.id = id,
                                .name = "n",
                                .state = "ready",
                                .outcome = "ready",
                                .pid = 42,
                                .spawned_ns = 10,
                                .ready_ns = 20};
}

static void a_new_store_is_set_up_as_the_contract_says(void **state)
{
    (void)state;
    store_close(open_store());
    query("PRAGMA application_id", "1936748151");
    query("PRAGMA user_version", "1");
    query("PRAGMA auto_vacuum", "2");
    query("PRAGMA journal_mode", "wal");
    query("SELECT count(*) FROM pragma_table_list WHERE strict AND schema = 'main'", "3");
    store_close(open_store()); /* and opens again */
}

static void a_batch_is_recorded_whole_or_not_at_all(void **state)
{
    struct store *store = open_store();
    struct store_agent rows[] = {ready("1.0"), ready("1.1"), ready("1.0")};
    struct err err = {0};
    (void)state;
    assert_int_equal(store_record_batch(store, 1, rows, 3, &err), -1);
    assert_non_null(strstr(err.text, "UNIQUE constraint failed"));
    query("SELECT count(*) FROM agent_executions", "0");
    assert_int_equal(store_record_batch(store, 1, rows, 2, &err), 0);
    query("SELECT group_concat(run || id || state || pid) FROM agent_executions",
          "run1.0ready42,run1.1ready42");
    store_close(store);
}

static void a_finish_is_recorded_whole_or_not_at_all(void **state)
{
    struct store *store = open_store();
    struct store_agent rows[] = {ready("1.0"), ready("1.1"), ready("1.9")};
    struct store_verdict verdict = {"agreed", "yes", 2, 40};
    struct err err = {0};
    (void)state;
    assert_int_equal(store_record_batch(store, 1, rows, 2, &err), 0);
    for (int i = 0; i < 3; i++) {
        rows[i].state = "completed";
        rows[i].completed_ns = 30;
        rows[i].output = "a\0b";
        rows[i].output_bytes = 3;
    }
    assert_int_equal(store_record_finish(store, 1, &verdict, rows, 3, &err), -1);
    assert_non_null(strstr(err.text, "its row is missing"));
    query("SELECT (SELECT count(*) FROM consensus_runs) + (SELECT count(*) FROM agent_outputs)",
          "0");
    query("SELECT count(*) FROM agent_executions WHERE state = 'ready'", "2");
    assert_int_equal(store_record_finish(store, 1, &verdict, rows, 2, &err), 0);
    query("SELECT sum(length(output)) FROM agent_outputs", "6");
    query("SELECT verdict || answer || votes || agents FROM consensus_runs", "agreedyes22");
    query("SELECT count(*) FROM agent_executions WHERE state = 'completed'", "2");
    store_close(store);
}

static void without_consensus_only_the_agents_are_completed(void **state)
{
    struct store *store = open_store();
    struct store_agent row = ready("1.0");
    const struct store_verdict none = {0};
    (void)state;
    assert_int_equal(store_record_batch(store, 1, &row, 1, NULL), 0);
    row.state = "completed";
    row.completed_ns = 30;
    assert_int_equal(store_record_finish(store, 1, &none, &row, 1, NULL), 0);
    query("SELECT (SELECT count(*) FROM consensus_runs) + (SELECT count(*) FROM agent_outputs)",
          "0");
    query("SELECT state FROM agent_executions", "completed");
    store_close(store);
}

static void each_agent_is_inserted_then_updated(void **state)
{
    struct store *store = open_store();
    struct store_each *each[2] = {NULL};
    struct store_agent row = {.id = "1.0", .name = "n", .state = "starting", .spawned_ns = 10};
    struct store_agent other = {.id = "1.1", .name = "n", .state = "starting", .spawned_ns = 10};
    struct err err = {0};
    (void)state;
    assert_int_equal(store_each_begin(&each[0], store, 1, &row, &err), 0);
    assert_int_equal(store_each_begin(&each[1], store, 1, &other, &err), 0);
    query("SELECT count(*) FROM agent_executions WHERE state = 'starting' AND outcome IS NULL",
          "2");
    row = ready("1.0");
    assert_int_equal(store_each_end(each[0], &row, &err), 0);
    query("SELECT state || pid || ready_ns FROM agent_executions WHERE id = '1.0'", "ready4220");
    assert_int_equal(store_each_end(each[1], NULL, &err), 0);
    query("SELECT state FROM agent_executions WHERE id = '1.1'", "starting");
    each[0] = NULL;
    assert_int_equal(store_each_begin(&each[0], store, 1, &row, &err), -1); /* that id is taken */
    assert_null(each[0]);
    assert_non_null(strstr(err.text, "UNIQUE"));
    store_close(store);
}

static void strangers_are_refused(void **state)
{
    struct store *store = NULL;
    struct err err = {0};
    (void)state;
    query("CREATE TABLE other (x)", NULL);
    assert_int_equal(store_open(&store, path, true, "run", &err), -1);
    assert_non_null(strstr(err.text, "database of another program"));
    query("DROP TABLE other", NULL);
    query("PRAGMA application_id = 0x73706e77", NULL);
    query("PRAGMA user_version = 2", NULL);
    assert_int_equal(store_open(&store, path, true, "run", &err), -1);
    assert_non_null(strstr(err.text, "its version is 2, expected 1"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(text_write_file(path,
                                     "not a database, not even nearly one, but long enough to be "
                                     "asked: one hundred bytes of header are needed for that",
                                     110, NULL),
                     0);
    assert_int_equal(store_open(&store, path, true, "run", &err), -1);
    assert_int_equal(err.code, ERR_FORMAT);
    assert_null(store);
}

/* The WAL is brought back into the file when it has outgrown its limit, and only then. */
static void a_grown_wal_is_checkpointed(void **state)
{
    struct store *store = open_store();
    const struct store_verdict verdict = {"split", NULL, 0, 40};
    char *output = xcalloc(1, 3 << 20);
    struct err err = {0};
    (void)state;
    for (int batch = 1; batch <= 4; batch++) {
        char id[16];
        struct store_agent row;
        snprintf(id, sizeof id, "%d.0", batch);
        row = ready(id);
        assert_int_equal(store_record_batch(store, batch, &row, 1, &err), 0);
        row.state = "completed";
        row.output = output;
        row.output_bytes = 3 << 20;
        assert_int_equal(store_record_finish(store, batch, &verdict, &row, 1, &err), 0);
        assert_int_equal(store_tidy(store, &err), 0);
    }
    {
        struct stat about;
        char *wal = text_format("%s-wal", path);
        assert_int_equal(stat(wal, &about), 0);
        assert_true(about.st_size < 10 << 20); /* 12 MB were written */
        assert_int_equal(stat(path, &about), 0);
        assert_true(about.st_size > 3 << 20);
        free(wal);
    }
    free(output);
    store_close(store);
    query("PRAGMA integrity_check", "ok");
}

/* ---- other processes ---- */

/* A program that takes no turns: it holds SQLite's write lock for a while. */
static pid_t hold_the_database(int64_t ns)
{
    int told[2];
    char byte;
    pid_t pid;
    assert_int_equal(pipe(told), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        sqlite3 *database = NULL;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (sqlite3_open(path, &database) != SQLITE_OK ||
            sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK ||
            write(told[1], "x", 1) != 1)
            _exit(1);
        clock_sleep_until(clock_now_ns() + ns);
        sqlite3_close(database);
        _exit(0);
    }
    assert_int_equal(read(told[0], &byte, 1), 1);
    close(told[0]);
    close(told[1]);
    return pid;
}

static void a_stranger_who_writes_is_waited_for_and_counted(void **state)
{
    struct store *store = open_store();
    struct store_agent row = ready("1.0");
    struct store_waits waits;
    struct err err = {0};
    pid_t stranger = hold_the_database(50 * CLOCK_NS_PER_MS);
    int status = -1;
    (void)state;
    assert_int_equal(store_record_batch(store, 1, &row, 1, &err), 0);
    waits = store_waits(store);
    assert_int_equal(waits.busy, 1);
    assert_true(waits.busy_ns > 0);
    assert_int_equal(waits.waited, 0); /* he is no spawner */
    assert_int_equal(waitpid(stranger, &status, 0), stranger);
    assert_int_equal(status, 0);
    store_close(store);
    query("SELECT count(*) FROM agent_executions", "1");
}

/* howtocorrupt.html 2.6: a handle that crosses a fork loses data that was acknowledged. */
static void a_child_cannot_use_the_store_of_its_parent(void **state)
{
    struct store *store = open_store();
    struct store_agent row = ready("1.0");
    int status = -1;
    pid_t pid;
    (void)state;
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct err err = {0};
        int rc = store_record_batch(store, 1, &row, 1, &err);
        _exit(rc == -1 && strstr(err.text, "opened by another process") ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(store_record_batch(store, 1, &row, 1, NULL), 0);
    store_close(store);
    query("SELECT count(*) FROM agent_executions", "1");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(a_new_store_is_set_up_as_the_contract_says),
        TEST(a_batch_is_recorded_whole_or_not_at_all),
        TEST(a_finish_is_recorded_whole_or_not_at_all),
        TEST(without_consensus_only_the_agents_are_completed),
        TEST(each_agent_is_inserted_then_updated),
        TEST(strangers_are_refused),
        TEST(a_grown_wal_is_checkpointed),
        TEST(a_stranger_who_writes_is_waited_for_and_counted),
        TEST(a_child_cannot_use_the_store_of_its_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
