/* Is a store that breaks the contract found, and one that keeps it in its own words left alone? And
 * a -wal that does not come back? */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "audit/audit_internal.h"
#include "audit/test_honest.h"

static void audit(struct fixture *fixture)
{
    audit_findings_clear(&fixture->findings);
    audit_report_release(&fixture->report);
    if (audit_own(&fixture->findings, &fixture->report, fixture->path, &fixture->err) < 0)
        fail_msg("%s", fixture->err.text);
}

static void copy_content(const char *to, const char *from)
{
    char *bytes = NULL;
    size_t length;
    assert_int_equal(text_read_file(&bytes, &length, from, 1 << 26, NULL), 0);
    assert_int_equal(text_write_file(to, bytes, length, NULL), 0);
    free(bytes);
}

static void a_store_that_breaks_the_contract_is_found(void **state)
{
    static const struct {
        const char *sql, *rule;
    } breaks[] = {
        {"PRAGMA application_id = 0", "application-id-is-ours"},
        {"PRAGMA user_version = 2", "user-version-is-known"},
        {"DROP INDEX agent_executions_by_state", "schema-is-the-contracts"},
        {"DROP TABLE agent_outputs", "schema-is-the-contracts"},
        {"ALTER TABLE consensus_runs ADD COLUMN mine TEXT", "schema-is-the-contracts"},
        {"CREATE TRIGGER mine AFTER INSERT ON agent_outputs BEGIN SELECT 1; END",
         "schema-is-the-contracts"},
        {"PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql ="
         " replace(sql, '''split''', '''Split''') WHERE name = 'consensus_runs'",
         "schema-is-the-contracts"},
        {"CREATE TABLE mine (x); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
         " WHERE i < 400) INSERT INTO mine SELECT zeroblob(3000) FROM n; DROP TABLE mine",
         "file-is-not-bloated"},
        {"INSERT INTO agent_executions SELECT run, '9.0', 9, name, state, outcome, pid, spawned_ns,"
         " ready_ns, completed_ns, error FROM agent_executions WHERE id = '4.0'",
         "no-process-is-recorded-twice"},
        {"INSERT INTO consensus_runs VALUES ('7.1', 99, 'split', NULL, 0, 0, 1)",
         "consensus-is-whole"},
        {"PRAGMA ignore_check_constraints = ON; UPDATE agent_executions SET state = 'asleep'"
         " WHERE id = '3.0'",
         "row-tells-the-truth"},
        {"PRAGMA ignore_check_constraints = ON; UPDATE agent_executions SET outcome = 'asleep',"
         " state = 'interrupted' WHERE id = '3.0'",
         "row-tells-the-truth"},
        {"PRAGMA ignore_check_constraints = ON; UPDATE consensus_runs SET votes = 9",
         "consensus-is-whole"},
        {"PRAGMA ignore_check_constraints = ON; UPDATE agent_executions SET completed_ns = 1"
         " WHERE id = '3.0'",
         "times-are-in-order"},
    };
    struct fixture *fixture = *state;
    char *copy = text_format("%s-honest", fixture->path);
    copy_content(copy, fixture->path);
    for (size_t i = 0; i < sizeof breaks / sizeof breaks[0]; i++) {
        copy_content(fixture->path, copy);
        run_sql(fixture->path, breaks[i].sql);
        audit(fixture);
        expect(fixture, breaks[i].rule);
        for (size_t k = 0; k < fixture->findings.count; k++) /* SQLite sees broken CHECKs too */
            if (strcmp(fixture->findings.items[k].rule->name, "integrity-check-is-ok") != 0)
                assert_string_equal(fixture->findings.items[k].rule->name, breaks[i].rule);
    }
    unlink(copy);
    free(copy);
}

/* Who writes the tables by hand writes them differently. */
static void the_contract_in_other_words_is_the_contract(void **state)
{
    struct fixture *fixture = *state;
    char *schema = NULL, *words;
    size_t length;
    assert_int_equal(text_read_file(&schema, &length, SOURCE_DIR "/reference/store/schema.sql",
                                    1 << 20, &fixture->err),
                     0);
    words = text_format("/* mine */%s", schema);
    for (char *at; (at = strstr(words, "NOT NULL"));)
        for (int i = 0; i < 8; i++)
            at[i] = (char)tolower((unsigned char)at[i]);
    unlink(fixture->path);
    run_sql(fixture->path, words);
    run_sql(fixture->path, "PRAGMA application_id = 0x73706e77; PRAGMA user_version = 1;"
                           "CREATE TABLE mine (x); CREATE INDEX of_mine ON agent_outputs (batch);"
                           "CREATE VIEW seen AS SELECT * FROM mine;"
                           "CREATE TRIGGER my_own AFTER INSERT ON mine BEGIN SELECT 1; END");
    audit(fixture);
    expect(fixture, NULL);
    free(words);
    free(schema);
}

static void a_few_free_pages_are_no_bloat(void **state)
{
    struct fixture *fixture = *state;
    run_sql(fixture->path,
            "CREATE TABLE mine (x); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
            " WHERE i < 200) INSERT INTO mine SELECT zeroblob(3000) FROM n; DROP TABLE mine");
    audit(fixture);
    assert_true(fixture->report.free_pages > fixture->report.pages / 2);
    expect(fixture, NULL);
}

static void a_strangers_database_need_not_keep_it(void **state)
{
    struct fixture *fixture = *state;
    unlink(fixture->path);
    run_sql(fixture->path, "CREATE TABLE mine (x); PRAGMA user_version = 9");
    audit(fixture);
    expect(fixture, NULL);
    run_sql(fixture->path, "PRAGMA application_id = 0x73706e77"); /* now it says that it is ours */
    audit(fixture);
    expect(fixture, "schema-is-the-contracts");
    expect(fixture, "user-version-is-known");
}

/* ---- the -wal ---- */

#define PAGE  4096
#define FRAME (24 + PAGE)

/* Four commits of one frame or more each, left in the -wal; its path, to be freed. */
static char *leave_wal(struct fixture *fixture)
{
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(fixture->path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database,
                                  "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;"
                                  "UPDATE agent_executions SET error = 'a' WHERE id = '3.0';"
                                  "UPDATE agent_executions SET error = 'b' WHERE id = '3.0';"
                                  "UPDATE agent_executions SET error = 'c' WHERE id = '3.0';"
                                  "UPDATE agent_executions SET error = 'd' WHERE id = '3.0'",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(database);
    return text_format("%s-wal", fixture->path);
}

/* The byte at `at` of the -wal becomes another; then what says the audit? */
static void hit_wal(struct fixture *fixture, const char *wal, long at)
{
    FILE *file = fopen(wal, "r+e");
    int byte;
    assert_non_null(file);
    fseek(file, at, SEEK_SET);
    byte = fgetc(file);
    fseek(file, at, SEEK_SET);
    fputc(byte ^ 0x40, file);
    fclose(file);
    audit_findings_clear(&fixture->findings);
    audit_answers_release(&fixture->report.answers);
    wal_check(&fixture->report.answers, fixture->path);
    answers_tell(&fixture->report.answers, &fixture->findings);
}

static void forget_wal(const struct fixture *fixture, char *wal)
{
    char *shm = text_format("%s-shm", fixture->path);
    unlink(wal);
    unlink(shm);
    free(shm);
    free(wal);
}

static void commits_behind_a_bad_frame_are_found(void **state)
{
    struct fixture *fixture = *state;
    char *wal = leave_wal(fixture);
    struct stat about;
    audit(fixture);
    expect(fixture, NULL);
    assert_int_equal(stat(wal, &about), 0);
    assert_int_equal((about.st_size - 32) % FRAME, 0);
    assert_int_equal((about.st_size - 32) / FRAME, 4);
    for (long frame = 0; frame < 4; frame++) {
        hit_wal(fixture, wal, 32 + frame * FRAME + 24 + 1000);
        expect(fixture, frame < 3 ? "wal-recovers" : NULL);
        hit_wal(fixture, wal, 32 + frame * FRAME + 24 + 1000); /* as it was */
        expect(fixture, NULL);
    }
    forget_wal(fixture, wal);
}

/* A crash in the middle of a commit leaves one that does not check, or half of one. */
static void an_unfinished_commit_at_the_end_is_no_damage(void **state)
{
    struct fixture *fixture = *state;
    char *wal = leave_wal(fixture);
    hit_wal(fixture, wal, 32 + 3 * FRAME + 24 + 1000);
    expect(fixture, NULL);
    assert_int_equal(truncate(wal, 32 + 3 * FRAME + 700), 0);
    audit(fixture);
    expect(fixture, NULL);
    assert_int_equal(truncate(wal, 0), 0);
    audit(fixture);
    expect(fixture, NULL);
    forget_wal(fixture, wal);
}

/* Frames of an older generation lie behind those of the newest, by right. */
static void older_frames_behind_are_no_damage(void **state)
{
    struct fixture *fixture = *state;
    char *wal = leave_wal(fixture);
    sqlite3 *database = NULL;
    struct stat about;
    assert_int_equal(sqlite3_open(fixture->path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database,
                                  "PRAGMA wal_checkpoint(RESTART);"
                                  "UPDATE agent_executions SET error = 'e' WHERE id = '3.0'",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(database);
    assert_int_equal(stat(wal, &about), 0);
    assert_int_equal((about.st_size - 32) / FRAME, 4);
    audit(fixture);
    expect(fixture, NULL);
    forget_wal(fixture, wal);
}

static void a_wal_without_a_good_header_is_found(void **state)
{
    static const long places[] = {0, 4, 8, 12, 16, 20, 24, 28};
    struct fixture *fixture = *state;
    char *wal = leave_wal(fixture);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        hit_wal(fixture, wal, places[i]);
        expect(fixture, "wal-recovers");
        assert_int_equal(fixture->findings.count, 1);
        hit_wal(fixture, wal, places[i]);
        expect(fixture, NULL);
    }
    forget_wal(fixture, wal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(a_store_that_breaks_the_contract_is_found),
        WITH_STORE(the_contract_in_other_words_is_the_contract),
        WITH_STORE(a_few_free_pages_are_no_bloat),
        WITH_STORE(a_strangers_database_need_not_keep_it),
        WITH_STORE(commits_behind_a_bad_frame_are_found),
        WITH_STORE(an_unfinished_commit_at_the_end_is_no_damage),
        WITH_STORE(older_frames_behind_are_no_damage),
        WITH_STORE(a_wal_without_a_good_header_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
