/* Is the shim's log what happened to the files, and do its faults strike where they should? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "proof/crash/shim.h"
#include "proof/crash/states.h"

static char *folder, *path;
static sqlite3 *database;

static int forget(const char *name, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(name);
}

static void open_database(void)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    assert_int_equal(sqlite3_open_v2(path, &database, flags, SHIM_NAME), SQLITE_OK);
    sqlite3_extended_result_codes(database, 1);
}

static int execute(const char *text)
{
    return sqlite3_exec(database, text, NULL, NULL, NULL);
}

static int make_database(void **state)
{
    const char *parent = getenv("TMPDIR");
    struct err err = {0};
    (void)state;
    if (shim_register(&err) < 0)
        fail_msg("%s", err.text);
    folder = text_format("%s/crash-test-XXXXXX", parent ? parent : "/tmp");
    assert_non_null(mkdtemp(folder));
    path = text_format("%s/x.sqlite", folder);
    return 0;
}

static int remove_database(void **state)
{
    (void)state;
    shim_fail(NULL);
    shim_record(NULL);
    sqlite3_close(database);
    nftw(folder, forget, 4, FTW_DEPTH | FTW_PHYS);
    free(folder);
    free(path);
    return 0;
}

/* The killed state at the end of the log, byte for byte the files on disk. */
static void expect_replay(const struct crash_log *log)
{
    struct states *states = states_new(log);
    struct disk disk = {0};
    while (states_advance(states))
        continue;
    assert_true(states_build(&disk, states, STATES_KILLED, 0, 1));
    for (int i = 0; i < CRASH_NAMES; i++) {
        char *name = text_format("%s%s", path, log_suffix(i)), *bytes = NULL;
        size_t length = 0;
        assert_int_equal(disk.files[i].there, access(name, F_OK) == 0);
        if (disk.files[i].there) {
            assert_int_equal(text_read_file(&bytes, &length, name, 1 << 24, NULL), 0);
            assert_int_equal(length, disk.files[i].size);
            assert_memory_equal(bytes, disk.files[i].data, length);
        }
        free(bytes);
        free(name);
    }
    disk_release(&disk);
    states_free(states);
}

static void the_log_replayed_is_the_files(const char *journal)
{
    struct crash_log log = {0};
    char *setup =
        text_format("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = %s", journal);
    shim_record(&log);
    open_database();
    assert_int_equal(execute(setup), SQLITE_OK);
    assert_int_equal(execute("CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(50000))"), 0);
    assert_int_equal(execute("UPDATE t SET a = randomblob(40000)"), SQLITE_OK);
    /* Reading the file drops the locks of SQLite on it (POSIX):
     * harmless, nobody else wants them. */
    expect_replay(&log);
    assert_int_equal(execute("DELETE FROM t; PRAGMA incremental_vacuum"), SQLITE_OK);
    assert_int_equal(execute("PRAGMA wal_checkpoint(TRUNCATE)"), SQLITE_OK);
    expect_replay(&log);
    sqlite3_close(database);
    database = NULL;
    expect_replay(&log);
    assert_true(log.files >= 2);
    free(setup);
    shim_record(NULL);
    log_release(&log);
}

static void a_recorded_run_replayed_is_the_same_files(void **state)
{
    (void)state;
    the_log_replayed_is_the_files("WAL");
    assert_int_equal(unlink(path), 0);
    the_log_replayed_is_the_files("DELETE");
    assert_int_equal(unlink(path), 0);
    the_log_replayed_is_the_files("PERSIST");
}

static void the_shim_stands_in_and_steps_back(void **state)
{
    char *name = NULL;
    (void)state;
    assert_string_not_equal(shim_behind(), SHIM_NAME);
    shim_stand_in(true);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    sqlite3_file_control(database, "main", SQLITE_FCNTL_VFSNAME, &name);
    assert_string_equal(sqlite3_vfs_find(NULL)->zName, SHIM_NAME);
    sqlite3_free(name);
    shim_stand_in(false);
    assert_string_equal(sqlite3_vfs_find(NULL)->zName, shim_behind());
}

/* The first statement fails with this code; nothing of it is there; the next one succeeds. */
static void expect_once(struct shim_fault fault, int code, const char *statement)
{
    fault.nth = 1;
    shim_fail(&fault);
    assert_int_equal(execute(statement), code);
    assert_int_equal(shim_fired(), 1);
    assert_true(shim_calls(fault.call) >= 1);
    execute("ROLLBACK");
    assert_int_equal(execute(statement), SQLITE_OK);
    assert_int_equal(shim_fired(), 1);
    shim_fail(NULL);
}

static void an_injected_error_reaches_the_caller_once(void **state)
{
    static const char insert[] = "INSERT INTO t VALUES (1)";
    (void)state;
    open_database();
    assert_int_equal(execute("PRAGMA journal_mode = DELETE; CREATE TABLE t (a)"), SQLITE_OK);
    expect_once((struct shim_fault){.call = SHIM_WRITE, .code = SQLITE_FULL}, SQLITE_FULL, insert);
    expect_once((struct shim_fault){.call = SHIM_WRITE, .code = SQLITE_IOERR_WRITE},
                SQLITE_IOERR_WRITE, insert);
    expect_once((struct shim_fault){.call = SHIM_WRITE, .how = SHIM_SHORT, .code = SQLITE_FULL},
                SQLITE_FULL, insert);
    expect_once((struct shim_fault){.call = SHIM_SYNC, .code = SQLITE_IOERR_FSYNC},
                SQLITE_IOERR_FSYNC, insert);
    expect_once((struct shim_fault){.call = SHIM_DELETE, .code = SQLITE_IOERR_DELETE},
                SQLITE_IOERR_DELETE, insert);
    expect_once((struct shim_fault){.call = SHIM_OPEN, .code = SQLITE_CANTOPEN}, SQLITE_CANTOPEN,
                insert);
}

static void a_sticky_fault_stays_from_the_nth_call_on(void **state)
{
    const struct shim_fault full = {
        .call = SHIM_WRITE, .nth = 3, .code = SQLITE_FULL, .sticky = true};
    (void)state;
    open_database();
    assert_int_equal(execute("PRAGMA journal_mode = WAL; CREATE TABLE t (a)"), SQLITE_OK);
    shim_fail(&full);
    assert_int_equal(execute("INSERT INTO t VALUES (1)"), SQLITE_OK); /* one frame: two writes */
    assert_int_equal(shim_fired(), 0);
    assert_int_equal(execute("INSERT INTO t VALUES (2)"), SQLITE_FULL);
    assert_int_equal(execute("INSERT INTO t VALUES (3)"), SQLITE_FULL);
    assert_int_equal(shim_fired(), 2);
    shim_fail(NULL);
    assert_int_equal(execute("INSERT INTO t VALUES (4)"), SQLITE_OK);
}

static void a_short_write_writes_its_first_half(void **state)
{
    const struct shim_fault cut = {
        .call = SHIM_WRITE, .how = SHIM_SHORT, .nth = 2, .code = SQLITE_IOERR_WRITE};
    struct crash_log log = {0};
    (void)state;
    shim_record(&log);
    open_database();
    assert_int_equal(execute("PRAGMA journal_mode = WAL; CREATE TABLE t (a)"), SQLITE_OK);
    log_release(&log);
    shim_fail(&cut); /* of a frame: 24 bytes, then the page */
    assert_int_equal(execute("INSERT INTO t VALUES (1)"), SQLITE_IOERR_WRITE);
    assert_int_equal(log.count, 2);
    assert_int_equal(log.ops[0].bytes, 24);
    assert_int_equal(log.ops[1].bytes, 2048);
    shim_record(NULL);
    log_release(&log);
}

static void a_lie_is_believed_and_not_recorded(void **state)
{
    const struct shim_fault lie = {.call = SHIM_SYNC, .how = SHIM_LIE, .nth = 1, .sticky = true};
    struct crash_log log = {0};
    (void)state;
    shim_record(&log);
    shim_fail(&lie);
    open_database();
    assert_int_equal(execute("CREATE TABLE t (a); INSERT INTO t VALUES (1)"), SQLITE_OK);
    assert_true(shim_fired() > 0);
    for (size_t i = 0; i < log.count; i++)
        assert_int_not_equal(log.ops[i].call, CRASH_SYNC);
    shim_record(NULL);
    log_release(&log);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_database, remove_database)
    const struct CMUnitTest tests[] = {
        TEST(a_recorded_run_replayed_is_the_same_files),
        TEST(the_shim_stands_in_and_steps_back),
        TEST(an_injected_error_reaches_the_caller_once),
        TEST(a_sticky_fault_stays_from_the_nth_call_on),
        TEST(a_short_write_writes_its_first_half),
        TEST(a_lie_is_believed_and_not_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
