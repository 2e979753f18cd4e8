/* What can be said of one database file by itself: sound, corrupt,
 * contradictory, or none at all? */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "audit/test_honest.h"

static void audit(struct fixture *fixture)
{
    audit_report_release(&fixture->report);
    if (audit_own(&fixture->findings, &fixture->report, fixture->path, &fixture->err) < 0)
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

/* Root may write everywhere: then as somebody else. */
static void audit_without_rights(struct fixture *fixture)
{
    bool root = geteuid() == 0;
    int rc;
    assert_int_equal(chmod(fixture->path, 0444), 0);
    assert_int_equal(chmod(fixture->folder, 0555), 0);
    assert_int_equal(root ? seteuid(65534) : 0, 0);
    audit_report_release(&fixture->report);
    rc = audit_own(&fixture->findings, &fixture->report, fixture->path, &fixture->err);
    assert_int_equal(root ? seteuid(0) : 0, 0);
    assert_int_equal(chmod(fixture->folder, 0755), 0);
    assert_int_equal(chmod(fixture->path, 0644), 0);
    if (rc < 0)
        fail_msg("%s", fixture->err.text);
}

/* SQLite reads a WAL database by its -shm, which cannot be made there. */
static void an_honest_store_in_a_read_only_folder_has_no_finding(void **state)
{
    struct fixture *fixture = *state;
    run_sql(fixture->path, "PRAGMA journal_mode = WAL");
    audit_without_rights(fixture);
    expect(fixture, NULL);
    assert_true(fixture->report.is_store && fixture->report.agents == 3);
    assert_string_equal(fixture->report.journal_mode, "wal");
    run_sql(fixture->path, "PRAGMA journal_mode = DELETE");
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
    assert_int_equal(audit_own(&fixture->findings, &fixture->report, fixture->path, &fixture->err),
                     -1);
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
    refused(fixture, ERR_FORMAT, "cannot open");
    assert_int_equal(text_write_file(fixture->path, text, sizeof text, &fixture->err), 0);
    refused(fixture, ERR_FORMAT, "not a SQLite database");
    assert_int_equal(text_write_file(fixture->path, "", 0, &fixture->err), 0);
    refused(fixture, ERR_UNFIT, "an empty file");
    unlink(fixture->path);
    assert_int_equal(mkfifo(fixture->path, 0600), 0);
    refused(fixture, ERR_FORMAT, "no regular file"); /* and does not wait for a writer */
    unlink(fixture->path);
    assert_int_equal(mkdir(fixture->path, 0700), 0);
    refused(fixture, ERR_FORMAT, "no regular file");
}

/* What is left of it tells that it was one: data was lost, and nothing else is asked. */
static void a_database_without_its_header_is_found(void **state)
{
    struct fixture *fixture = *state;
    int fd = open(fixture->path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "0123456789abcdef", 16, 0), 16);
    close(fd);
    audit(fixture);
    expect(fixture, "store-can-be-read");
    assert_int_equal(fixture->report.kind, AUDIT_DAMAGED);
    assert_int_equal(fixture->findings.count, 1);
}

/* Of a transaction that was stopped while it wrote page 1: the journal puts it back. */
static void a_header_that_recovery_puts_back_is_no_finding(void **state)
{
    struct fixture *fixture = *state;
    char *journal = text_format("%s-journal", fixture->path), *bytes = NULL;
    size_t length;
    sqlite3 *writer = NULL;
    int fd;
    assert_int_equal(sqlite3_open(fixture->path, &writer), SQLITE_OK);
    assert_int_equal(sqlite3_exec(writer,
                                  "PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN;"
                                  "CREATE TABLE mine (x); WITH RECURSIVE n (i) AS (SELECT 1 UNION"
                                  " ALL SELECT i + 1 FROM n WHERE i < 3000)"
                                  " INSERT INTO mine SELECT i FROM n",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(text_read_file(&bytes, &length, journal, 1 << 24, NULL), 0);
    assert_true(length > 0 && bytes[0]); /* its header is written: it is hot once nobody holds it */
    sqlite3_exec(writer, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(writer);
    assert_int_equal(text_write_file(journal, bytes, length, NULL), 0);
    fd = open(fixture->path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "0123456789abcdef", 16, 0), 16);
    close(fd);
    audit(fixture);
    expect(fixture, NULL);
    assert_int_equal(fixture->report.kind, AUDIT_DATABASE);
    free(bytes);
    free(journal);
}

/* That we cannot look is no finding: nothing was seen. */
static void a_locked_database_is_refused_and_not_called_corrupt(void **state)
{
    struct fixture *fixture = *state;
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(fixture->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    refused(fixture, ERR_UNFIT, "database is locked");
    sqlite3_close(other);
    audit(fixture);
    expect(fixture, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(an_honest_store_has_no_finding),
        WITH_STORE(an_honest_store_in_wal_mode_has_no_finding),
        WITH_STORE(an_honest_store_in_a_read_only_folder_has_no_finding),
        WITH_STORE(contradictions_in_a_store_are_found),
        WITH_STORE(an_agent_in_flight_is_no_lie),
        WITH_STORE(an_overwritten_page_is_found),
        WITH_STORE(a_file_cut_short_is_found),
        WITH_STORE(a_file_cut_down_to_its_header_is_found),
        WITH_STORE(an_index_without_its_rows_is_found),
        WITH_STORE(a_ruined_file_does_not_flood_the_findings),
        WITH_STORE(a_database_of_somebody_else_gets_sqlites_own_checks),
        WITH_STORE(what_is_no_database_is_refused),
        WITH_STORE(a_database_without_its_header_is_found),
        WITH_STORE(a_header_that_recovery_puts_back_is_no_finding),
        WITH_STORE(a_locked_database_is_refused_and_not_called_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
