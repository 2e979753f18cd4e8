/* Are copies of a database sound while others write to it, and do its writers notice nothing?
 *
 * The writers are this program, asked with an argument: processes of their own with busy_timeout 0.
 * Each commit keeps two promises, which a torn copy breaks: the sum over all accounts, and as many
 * rows in the log as the counter says.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "audit/test_honest.h"
#include "base/clock.h"
#include "base/process.h"

#define ACCOUNTS 2000
#define COPIES   20

static const char filled[] =
    "CREATE TABLE account (id INTEGER PRIMARY KEY, value, pad); CREATE INDEX v ON account (value);"
    "CREATE TABLE log (a, b); CREATE TABLE counter (n); INSERT INTO counter VALUES (0);"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
    " INSERT INTO account SELECT i, 100, hex(randomblob(300)) FROM n";

/* ---- the writers ---- */

static volatile sig_atomic_t over;

static void end(int number)
{
    (void)number;
    over = 1;
}

static bool commit(sqlite3 *database)
{
    bool done = sqlite3_exec(
                    database,
                    "BEGIN IMMEDIATE;"
                    "UPDATE account SET value = value - 7, pad = hex(randomblob(300))"
                    " WHERE id IN (SELECT 1 + abs(random()) % 2000 FROM account LIMIT 1);"
                    "UPDATE account SET value = value + (SELECT 200000 - sum(value) FROM account)"
                    " WHERE id = (SELECT 1 + abs(random()) % 2000);"
                    "INSERT INTO log VALUES (1, hex(randomblob(50))); UPDATE counter SET n = n + 1;"
                    "COMMIT",
                    NULL, NULL, NULL) == SQLITE_OK;
    if (!done)
        sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
    return done;
}

/* "begun" after its first commit; "done failed" when it is ended. */
static int write_on(const char *path, const char *pragmas, int64_t pause_ns)
{
    sqlite3 *database = NULL;
    long long done = 0, failed = 0;
    signal(SIGTERM, end);
    if (sqlite3_open(path, &database) != SQLITE_OK ||
        sqlite3_exec(database, pragmas, NULL, NULL, NULL) != SQLITE_OK)
        return 1;
    while (!over) {
        bool held = commit(database);
        done += held;
        failed += !held;
        if (held && done == 1)
            printf("begun\n"), fflush(stdout);
        if (pause_ns)
            clock_sleep_until(clock_now_ns() + pause_ns);
    }
    printf("%lld %lld\n", done, failed);
    sqlite3_close(database);
    return 0;
}

/* Another whole file in its place, again and again: of 1 account each, or of 2000. */
static int replace_on(const char *path)
{
    signal(SIGTERM, end);
    for (bool few = true; !over; few = !few) {
        char *next = text_format("%s.next", path);
        run_sql(next, filled);
        if (few)
            run_sql(next, "DELETE FROM account WHERE id > 1; UPDATE account SET value = 200000");
        if (rename(next, path) != 0)
            return 1;
        free(next);
        clock_sleep_until(clock_now_ns() + 20 * CLOCK_NS_PER_MS);
        printf("begun\n"), fflush(stdout);
    }
    return 0;
}

static int hold(const char *path, const char *pragmas)
{
    sqlite3 *database = NULL;
    signal(SIGTERM, end);
    if (sqlite3_open(path, &database) != SQLITE_OK ||
        sqlite3_exec(database, pragmas, NULL, NULL, NULL) != SQLITE_OK)
        return 1;
    printf("begun\n"), fflush(stdout);
    while (!over)
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
    sqlite3_close(database);
    return 0;
}

/* ---- who copies beside them ---- */

struct beside {
    char folder[64], *path;
    struct process writer;
    struct copy_how how;
    long long done, failed;
    int ways[COPY_OWN + 1];
};

static void begin(struct beside *beside, const char *what, const char *pragmas,
                  const char *pause_us)
{
    const char *const argv[] = {"/proc/self/exe", what, beside->path, pragmas, pause_us, NULL};
    struct err err = {0};
    char word[6] = "";
    if (process_start(&beside->writer, argv, NULL, NULL, -1, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(read(beside->writer.out, word, 6), 6);
    assert_memory_equal(word, "begun\n", 6);
}

static void finish(struct beside *beside)
{
    struct process_exit ended;
    char *said, *failed;
    kill(beside->writer.pid, SIGTERM);
    said = process_finish(&beside->writer, &ended);
    assert_int_equal(ended.status, 0);
    beside->done = strtoll(said, &failed, 10);
    beside->failed = strtoll(failed, NULL, 10);
    free(said);
}

static void expect_sound(const struct copy *copy)
{
    static const char *const promises[] = {
        "SELECT integrity_check = 'ok' FROM pragma_integrity_check",
        "SELECT sum(value) = 200000 FROM account",
        "SELECT (SELECT count(*) FROM log) = (SELECT n FROM counter)"};
    struct copy_recovery recovery;
    sqlite3 *database = NULL;
    assert_int_equal(copy_recover(copy, &recovery, NULL), 0);
    copy_recovery_release(&recovery);
    assert_int_equal(sqlite3_open_v2(copy->path, &database, SQLITE_OPEN_READWRITE, NULL),
                     SQLITE_OK);
    for (size_t i = 0; i < 3; i++) {
        sqlite3_stmt *row = NULL;
        int held = -1;
        if (sqlite3_prepare_v2(database, promises[i], -1, &row, NULL) == SQLITE_OK &&
            sqlite3_step(row) == SQLITE_ROW)
            held = sqlite3_column_int(row, 0);
        if (held != 1)
            fail_msg("a copy taken by '%s' is torn: %s: %s", copy_way_names[copy->way], promises[i],
                     sqlite3_errmsg(database));
        sqlite3_finalize(row);
    }
    sqlite3_close(database);
}

/* returns : how many were to be had */
static int copy_often(struct beside *beside)
{
    int had = 0;
    for (int i = 0; i < COPIES; i++) {
        struct copy copy;
        struct err err = {0};
        if (copy_take(&copy, beside->path, &beside->how, &err) < 0) {
            if (err.code != ERR_UNFIT || !beside->how.never_lock)
                fail_msg("%s", err.text);
            continue;
        }
        had++;
        beside->ways[copy.way]++;
        assert_int_equal(copy.locked_ns > 0, copy.way == COPY_SHARED);
        expect_sound(&copy);
        copy_release(&copy);
    }
    return had;
}

static int set_up(void **state)
{
    struct beside *beside = xcalloc(1, sizeof *beside);
    snprintf(beside->folder, sizeof beside->folder, "/tmp/spawnbench-test-XXXXXX");
    if (!mkdtemp(beside->folder))
        return -1;
    beside->path = text_format("%s/live.db", beside->folder);
    beside->how.folder = beside->folder;
    run_sql(beside->path, filled);
    *state = beside;
    return 0;
}

static int tear_down(void **state)
{
    struct beside *beside = *state;
    process_end(&beside->writer, 0, NULL);
    text_remove_tree(beside->folder);
    free(beside->path);
    free(beside);
    return 0;
}

#define WRITES_FAST "PRAGMA synchronous = OFF;"

static void a_wal_writer_fails_never(void **state)
{
    struct beside *beside = *state;
    begin(beside, "write", WRITES_FAST "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 50",
          "500");
    assert_int_equal(copy_often(beside), COPIES);
    finish(beside);
    assert_int_equal(beside->failed, 0);
    assert_int_equal(beside->ways[COPY_WAL_LOCKS], COPIES);
}

/* Without a lock, it cannot fail. */
static void a_rollback_writer_that_pauses_fails_never(void **state)
{
    struct beside *beside = *state;
    beside->how.never_lock = true;
    begin(beside, "write", WRITES_FAST, "100000");
    assert_true(copy_often(beside) > 0);
    finish(beside);
    assert_int_equal(beside->failed, 0);
    assert_int_equal(beside->ways[COPY_SHARED], 0);
}

/* One that never pauses is held up for as long as is told (copy_often). */
static void copies_beside_a_rollback_writer_that_never_pauses_are_whole(void **state)
{
    struct beside *beside = *state;
    begin(beside, "write", WRITES_FAST, "0");
    assert_int_equal(copy_often(beside), COPIES);
    finish(beside);
    assert_true(beside->done > 0);
}

static void the_same_with_a_journal_that_stays(void **state)
{
    struct beside *beside = *state;
    begin(beside, "write", WRITES_FAST "PRAGMA journal_mode = PERSIST", "200");
    assert_int_equal(copy_often(beside), COPIES);
    finish(beside);
}

static void copies_of_a_file_that_is_replaced_are_one_of_both(void **state)
{
    struct beside *beside = *state;
    beside->how.never_lock = true; /* one that comes too often may be refused */
    begin(beside, "replace", "", "");
    assert_true(copy_often(beside) > 0);
    process_end(&beside->writer, CLOCK_NS_PER_S, NULL);
}

static void who_keeps_all_out_is_named(void **state)
{
    static const char *const ways[] = {"BEGIN EXCLUSIVE",
                                       "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
                                       "INSERT INTO log VALUES (1, 2)"};
    struct beside *beside = *state;
    for (size_t i = 0; i < 2; i++) {
        struct copy copy;
        struct err err = {0};
        char pid[32];
        begin(beside, "hold", ways[i], "");
        snprintf(pid, sizeof pid, "process %d", (int)beside->writer.pid);
        assert_int_equal(copy_take(&copy, beside->path, &beside->how, &err), -1);
        assert_int_equal(err.code, ERR_UNFIT);
        if (!strstr(err.text, pid) || !strstr(err.text, "not checked"))
            fail_msg("%s, not %s", err.text, pid);
        process_end(&beside->writer, CLOCK_NS_PER_S, NULL);
    }
}

#define BESIDE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        BESIDE(a_wal_writer_fails_never),
        BESIDE(a_rollback_writer_that_pauses_fails_never),
        BESIDE(copies_beside_a_rollback_writer_that_never_pauses_are_whole),
        BESIDE(the_same_with_a_journal_that_stays),
        BESIDE(copies_of_a_file_that_is_replaced_are_one_of_both),
        BESIDE(who_keeps_all_out_is_named),
    };
    if (argc == 5 && strcmp(argv[1], "write") == 0)
        return write_on(argv[2], argv[3], strtoll(argv[4], NULL, 10) * 1000);
    if (argc == 5 && strcmp(argv[1], "replace") == 0)
        return replace_on(argv[2]);
    if (argc == 5 && strcmp(argv[1], "hold") == 0)
        return hold(argv[2], argv[3]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
