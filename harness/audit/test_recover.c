/* Is it told what SQLite's recovery does to a copy, and does nothing lead out of it? */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "audit/test_honest.h"

struct here {
    char folder[64], *path, *journal, *wal;
    struct copy copy;
    struct copy_recovery recovery;
};

static int set_up(void **state)
{
    struct here *here = xcalloc(1, sizeof *here);
    snprintf(here->folder, sizeof here->folder, "/tmp/spawnbench-test-XXXXXX");
    if (!mkdtemp(here->folder))
        return -1;
    here->path = text_format("%s/x.db", here->folder);
    here->journal = text_format("%s-journal", here->path);
    here->wal = text_format("%s-wal", here->path);
    *state = here;
    return 0;
}

static int tear_down(void **state)
{
    struct here *here = *state;
    copy_recovery_release(&here->recovery);
    copy_release(&here->copy);
    text_remove_tree(here->folder);
    free(here->path);
    free(here->journal);
    free(here->wal);
    free(here);
    return 0;
}

static void take_and_recover(struct here *here)
{
    const struct copy_how how = {.folder = here->folder};
    struct err err = {0};
    copy_recovery_release(&here->recovery);
    copy_release(&here->copy);
    if (copy_take(&here->copy, here->path, &how, &err) < 0 ||
        copy_recover(&here->copy, &here->recovery, &err) < 0)
        fail_msg("%s", err.text);
}

static int64_t ask(const char *path, const char *sql)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *row = NULL;
    int64_t answer = -1;
    assert_int_equal(sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2(database, sql, -1, &row, NULL) != SQLITE_OK)
        fail_msg("%s in: %s", sqlite3_errmsg(database), sql);
    if (sqlite3_step(row) == SQLITE_ROW)
        answer = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    sqlite3_close(database);
    return answer;
}

/* A process that does this and is killed in the middle. */
static void killed(const char *path, const char *sql)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        sqlite3 *database = NULL;
        sqlite3_open(path, &database);
        sqlite3_exec(database, sql, NULL, NULL, NULL);
        sqlite3_db_cacheflush(database);
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

static void fill(const char *path, const char *pragmas)
{
    run_sql(path, pragmas);
    run_sql(path, "CREATE TABLE t (id INTEGER PRIMARY KEY, v, pad); CREATE TABLE other (x);"
                  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)"
                  " INSERT INTO t SELECT i, 1, hex(zeroblob(150)) FROM n;"
                  "INSERT INTO other VALUES (1), (2)");
}

static long long recovered; /* "recovered N pages from ..." */

static void hear_sqlite(void *context, int code, const char *message)
{
    (void)context;
    if (code == SQLITE_NOTICE_RECOVER_ROLLBACK)
        recovered = strtoll(strchr(message, ' '), NULL, 10);
}

/* The half of it that reached the file is undone; as many pages as SQLite says it recovers. */
static void a_hot_journal_is_played_back_and_counted(void **state)
{
    struct here *here = *state;
    char *bytes = NULL, *after = NULL;
    size_t length, length_after;
    fill(here->path, "PRAGMA page_size = 1024");
    killed(here->path, "PRAGMA cache_size = 2; BEGIN; UPDATE t SET v = 2, pad = 'short'");
    assert_int_equal(text_read_file(&bytes, &length, here->path, 1 << 24, NULL), 0);
    take_and_recover(here);
    assert_true(here->copy.journal_bytes > 0);
    assert_true(here->recovery.journal_pages > 0);
    assert_int_equal(here->recovery.journal_pages, recovered);
    assert_int_equal(here->recovery.pages_after, ask(here->copy.path, "PRAGMA page_count"));
    assert_int_equal(ask(here->copy.path, "SELECT sum(v) FROM t"), 900);
    assert_int_equal(ask(here->copy.path, "SELECT count(*) FROM pragma_integrity_check"
                                          " WHERE integrity_check = 'ok'"),
                     1);
    assert_int_equal(text_read_file(&after, &length_after, here->path, 1 << 24, NULL), 0);
    assert_int_equal(length, length_after);
    assert_memory_equal(bytes, after, length);
    assert_int_equal(access(here->journal, F_OK), 0);
    free(bytes);
    free(after);
}

static void overwrite(const char *path, long at, const char *bytes, size_t count)
{
    FILE *file = fopen(path, "r+e");
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

/* The power went while page 1 was written. */
static void a_journal_brings_back_the_header(void **state)
{
    static const char nothing[1024];
    struct here *here = *state;
    fill(here->path, "PRAGMA page_size = 1024");
    killed(here->path, "PRAGMA cache_size = 2; BEGIN; CREATE TABLE u (a); UPDATE t SET v = 2");
    overwrite(here->path, 0, nothing, sizeof nothing);
    take_and_recover(here);
    assert_true(here->recovery.journal_pages > 0);
    assert_int_equal(ask(here->copy.path, "SELECT sum(v) FROM t"), 900);
}

static void a_journal_that_was_done_with_is_nothing(void **state)
{
    struct here *here = *state;
    fill(here->path, "PRAGMA page_size = 1024");
    run_sql(here->path, "PRAGMA journal_mode = PERSIST; UPDATE t SET v = 2");
    assert_int_equal(access(here->journal, F_OK), 0);
    take_and_recover(here);
    assert_int_equal(here->copy.journal_bytes, 0);
    assert_int_equal(here->recovery.journal_pages, 0);
    assert_int_equal(ask(here->copy.path, "SELECT sum(v) FROM t"), 1800);
}

/* The record that SQLite writes at the end of a journal, in a transaction over several files. */
static void name_super(const char *journal, const char *name)
{
    static const unsigned char magic[8] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};
    uint32_t length = (uint32_t)strlen(name), sum = 0, page = 0x40000000 / 1024 + 1;
    FILE *file = fopen(journal, "ae");
    const uint32_t *const numbers[] = {&length, &sum};
    for (uint32_t i = 0; i < length; i++)
        sum += (uint32_t)(int)name[i];
    for (int k = 24; k >= 0; k -= 8)
        fputc((int)(page >> k & 0xff), file);
    fputs(name, file);
    for (int i = 0; i < 2; i++)
        for (int k = 24; k >= 0; k -= 8)
            fputc((int)(*numbers[i] >> k & 0xff), file);
    fwrite(magic, 1, sizeof magic, file);
    assert_int_equal(fclose(file), 0);
}

/* Where it is, the transaction was not committed; where it is not, it was. */
static void a_super_journal_is_told_and_not_followed(void **state)
{
    struct here *here = *state;
    char *super = text_format("%s/super-mj1", here->folder);
    fill(here->path, "PRAGMA page_size = 1024");
    killed(here->path, "PRAGMA cache_size = 2; BEGIN; UPDATE t SET v = 2");
    name_super(here->journal, super);
    assert_int_equal(text_write_file(super, here->journal, strlen(here->journal) + 1, NULL), 0);
    take_and_recover(here);
    assert_string_equal(here->copy.super_journal, super);
    assert_true(here->recovery.journal_pages > 0);
    assert_int_equal(ask(here->copy.path, "SELECT sum(v) FROM t"), 900);
    assert_int_equal(access(super, F_OK), 0); /* SQLite would have deleted it */
    assert_int_equal(unlink(super), 0);
    take_and_recover(here);
    assert_string_equal(here->copy.super_journal, super);
    assert_int_equal(here->recovery.journal_pages, 0);
    assert_true(ask(here->copy.path, "SELECT sum(v) FROM t") > 900);
    free(super);
}

static const struct copy_loss *loss_of(const struct here *here, const char *table)
{
    for (size_t i = 0; i < here->recovery.loss_count; i++)
        if (strcmp(here->recovery.losses[i].table, table) == 0)
            return &here->recovery.losses[i];
    return NULL;
}

#define IN_WAL "PRAGMA journal_mode = WAL"

/* A backup that was put back while the -wal of an earlier life lay there: SQLite undoes the one by
 * the other and calls the result sound. */
static void a_wal_of_another_generation_takes_rows_away(void **state)
{
    struct here *here = *state;
    char *old = NULL;
    size_t length;
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(here->path, &database), SQLITE_OK);
    sqlite3_exec(database,
                 IN_WAL
                 "; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (id INTEGER"
                 " PRIMARY KEY, v, pad); PRAGMA wal_checkpoint(TRUNCATE);"
                 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)"
                 " INSERT INTO t SELECT i, 1, 'old' FROM n",
                 NULL, NULL, NULL);
    assert_int_equal(text_read_file(&old, &length, here->wal, 1 << 24, NULL), 0);
    sqlite3_close(database);
    unlink(here->path);
    fill(here->path, IN_WAL);
    assert_int_equal(text_write_file(here->wal, old, length, NULL), 0);
    take_and_recover(here);
    assert_int_equal(here->recovery.wal_commits, 1);
    assert_true(here->recovery.wal_frames > 0);
    assert_true(here->recovery.pages_after < here->recovery.pages_before);
    assert_non_null(loss_of(here, "t"));
    assert_int_equal(loss_of(here, "t")->rows_before, 900);
    assert_int_equal(loss_of(here, "t")->rows_after, 500);
    free(old);
}

static void in_wal(struct here *here, const char *sql)
{
    sqlite3 *database = NULL;
    char *message = NULL;
    assert_int_equal(sqlite3_open(here->path, &database), SQLITE_OK);
    sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (sqlite3_exec(database, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s", message);
    sqlite3_close(database);
    take_and_recover(here);
}

static void what_a_wal_does_is_told_per_table(void **state)
{
    struct here *here = *state;
    fill(here->path, IN_WAL);
    take_and_recover(here);
    assert_int_equal(here->recovery.wal_commits, 0);
    in_wal(here, "INSERT INTO other VALUES (3); INSERT INTO other VALUES (4)");
    assert_int_equal(here->recovery.wal_commits, 2);
    assert_int_equal(here->recovery.loss_count, 0);
    in_wal(here, "DELETE FROM t WHERE id <= 100; DROP TABLE other");
    assert_int_equal(here->recovery.wal_commits, 4);
    assert_int_equal(here->recovery.loss_count, 2);
    assert_int_equal(loss_of(here, "t")->rows_after, 800);
    assert_int_equal(loss_of(here, "other")->rows_before, 2);
    assert_int_equal(loss_of(here, "other")->rows_after, 0);
    assert_int_equal(ask(here->copy.path, "SELECT count(*) FROM t"), 800);
}

/* What reached the database by half is no state that ever was, so nothing is said of it. */
static void a_database_that_is_no_state_alone_is_not_compared(void **state)
{
    struct here *here = *state;
    fill(here->path, IN_WAL);
    in_wal(here, "DELETE FROM t WHERE id <= 100");
    assert_int_equal(here->recovery.loss_count, 1);
    overwrite(here->path, 32, "\377\377\0\0\0\0\0\144", 8); /* a freelist that is nowhere */
    take_and_recover(here);
    assert_int_equal(here->recovery.wal_commits, 1);
    assert_int_equal(here->recovery.loss_count, 0);
}

#define HERE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HERE(a_hot_journal_is_played_back_and_counted),
        HERE(a_journal_brings_back_the_header),
        HERE(a_journal_that_was_done_with_is_nothing),
        HERE(a_super_journal_is_told_and_not_followed),
        HERE(a_wal_of_another_generation_takes_rows_away),
        HERE(what_a_wal_does_is_told_per_table),
        HERE(a_database_that_is_no_state_alone_is_not_compared),
    };
    sqlite3_config(SQLITE_CONFIG_LOG, hear_sqlite, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
