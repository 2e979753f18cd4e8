/* Is this file sound? SQLite's own checks, and what can be said of a store without its harness. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/schema_held.h"
#include "audit/structure.h"
#include "base/clock.h"
#include "base/text.h"

#define BUSY_MS 5000

/* Views, triggers and functions of a stranger's schema do nothing here, and no question lasts for
 * ever: see base/guard.h. */
static void prepare_for_audit(struct guard *guard, sqlite3 *database, const char *path)
{
    guard_set(guard, database, false);
    guard_begin(guard, database, path);
    sqlite3_busy_timeout(database, BUSY_MS);
    sqlite3_exec(database, "PRAGMA cell_size_check = ON", NULL, NULL, NULL);
}

sqlite3 *database_open(struct guard *guard, struct audit_findings *findings, const char *path)
{
    sqlite3 *database = NULL;
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
        finding_add(findings, RULE_READABLE, "", "%.200s", sqlite3_errmsg(database));
        sqlite3_close(database);
        return NULL;
    }
    prepare_for_audit(guard, database, path);
    return database;
}

int64_t database_ask(sqlite3 *database, const char *sql)
{
    sqlite3_stmt *row = NULL;
    int64_t value = 0;
    if (sqlite3_prepare_v2(database, sql, -1, &row, NULL) == SQLITE_OK &&
        sqlite3_step(row) == SQLITE_ROW)
        value = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    return value;
}

/* count(*) of a whole table would be one step, whatever it costs: see GROWN_TOGETHER. */
static void count_rows(struct audit_report *report, sqlite3 *database)
{
    report->agents = database_ask(database, "SELECT count(id) FROM agent_executions");
    report->ready = database_ask(
        database, "SELECT count(*) FROM agent_executions WHERE state IN ('starting', 'ready')");
    report->completed =
        database_ask(database, "SELECT count(*) FROM agent_executions WHERE state = 'completed'");
    report->consensus_runs = database_ask(database, "SELECT count(batch) FROM consensus_runs");
    report->outputs = database_ask(database, "SELECT count(id) FROM agent_outputs");
}

/* Real ones: a view or virtual table of that name may be a program that never ends. */
static bool has_tables(sqlite3 *database)
{
    return database_ask(database, "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND"
                                  " rootpage > 0 AND sql NOT LIKE 'create%virtual%' AND"
                                  " name IN ('agent_executions', 'consensus_runs',"
                                  " 'agent_outputs')") == 3;
}

static void describe(struct audit_report *report, sqlite3 *database)
{
    sqlite3_stmt *row = NULL;
    report->pages = database_ask(database, "PRAGMA page_count");
    report->free_pages = database_ask(database, "PRAGMA freelist_count");
    if (sqlite3_prepare_v2(database, "PRAGMA journal_mode", -1, &row, NULL) == SQLITE_OK &&
        sqlite3_step(row) == SQLITE_ROW)
        /* read as it lies, a WAL database says "delete" */
        snprintf(report->journal_mode, sizeof report->journal_mode, "%s",
                 report->is_wal ? "wal" : (const char *)sqlite3_column_text(row, 0));
    sqlite3_finalize(row);
    snprintf(report->engine, sizeof report->engine, "%s %s", sqlite3_libversion(),
             sqlite3_sourceid());
}

/* A path as SQLite's URI. See uri.html. */
static char *uri_of(const char *path, const char *options)
{
    struct text uri = {0};
    text_add(&uri, "file:");
    for (; *path; path++)
        if (strchr("?#%", *path))
            text_addf(&uri, "%%%02X", (unsigned)(unsigned char)*path);
        else
            text_add_bytes(&uri, path, 1);
    text_add(&uri, options);
    return text_take(&uri);
}

static bool has_wal(const char *path)
{
    char *wal = text_format("%s-wal", path);
    struct stat about;
    bool has = stat(wal, &about) == 0 && about.st_size > 0;
    free(wal);
    return has;
}

/* SQLite's code of the first read; *out is the caller's in every case. */
static int try_open(sqlite3 **out, struct guard *guard, const char *path, const char *uri)
{
    int flags = SQLITE_OPEN_READONLY | (uri ? SQLITE_OPEN_URI : 0);
    int code = sqlite3_open_v2(uri ? uri : path, out, flags, NULL);
    if (code != SQLITE_OK)
        return code;
    prepare_for_audit(guard, *out, path);
    return sqlite3_exec(*out, "SELECT count(name) FROM sqlite_master", NULL, NULL, NULL) & 0xff;
}

static bool lacks_rights(int code)
{
    return code == SQLITE_READONLY || code == SQLITE_CANTOPEN || code == SQLITE_PERM;
}

/* What keeps us from looking (a lock, rights) is no fault of the database: an error, not a finding.
 * A WAL database is read by its -shm, which cannot be made in a folder that we may not write to.
 * Without a -wal nobody has it open, so it may be read as it lies. See wal.html, "Read-Only
 * Databases". */
static int open_alone(sqlite3 **out, struct guard *guard, const char *path, struct err *err)
{
    int code = try_open(out, guard, path, NULL);
    if (lacks_rights(code) && !has_wal(path)) {
        char *uri = uri_of(path, "?immutable=1");
        sqlite3_close(*out);
        code = try_open(out, guard, path, uri);
        free(uri);
    }
    if (code == SQLITE_BUSY || lacks_rights(code))
        return err_set(err, ERR_UNFIT, "cannot read '%s': %s (%s)", path, sqlite3_errmsg(*out),
                       code == SQLITE_BUSY
                           ? "another program holds it: try again when that is done"
                           : "check the rights on it, its -wal and its folder, or audit a copy");
    return 0;
}

/* Does SQLite find one of its own there? Recovery may have put its header back. */
static bool opens(const char *path)
{
    struct guard guard;
    sqlite3 *database = NULL;
    bool does = try_open(&database, &guard, path, NULL) != SQLITE_NOTADB;
    sqlite3_close(database);
    return does;
}

/* returns : 0 it is a database; 1: it was, which is a finding; -1 */
static int look_at_kind(struct audit_findings *findings, struct audit_report *report,
                        const char *path, struct err *err)
{
    struct err why = {0};
    struct stat about;
    int rc = audit_kind_look(&report->kind, path, &why);
    report->bytes = stat(path, &about) == 0 ? about.st_size : 0;
    if (rc < 0 && report->kind != AUDIT_EMPTY && audit_kind_may_recover(path) && opens(path)) {
        report->kind = AUDIT_DATABASE;
    } else if (report->kind == AUDIT_DAMAGED) {
        answers_broken(&report->answers, RULE_READABLE, "", 1, "%s", why.text);
        answers_unchecked(&report->answers, RULE_INTEGRITY_CHECK, "", "its header is damaged");
        answers_unchecked(&report->answers, RULE_FOREIGN_KEYS, "", "its header is damaged");
        answers_tell(&report->answers, findings);
        return 1;
    } else if (rc < 0) {
        *err = why;
        return -1;
    }
    report->is_database = true;
    report->is_wal = file_says_wal(path);
    return 0;
}

static void ask_all(struct audit_report *report, struct look *look,
                    const struct audit_options *options)
{
    sqlite3 *database = look->database;
    describe(report, database);
    properties_read(report, database);
    report->is_store = contract_claims(database, options->store);
    if (report->is_store)
        file_end_check(&report->answers, database); /* before anybody writes */
    structure_check(look);
    if (report->is_store)
        contract_check(&report->answers, database);
    virtual_check(look);
    indexes_check(look);
    if (report->is_store && has_tables(database)) {
        contradictions_check(&report->answers, database, options->watched);
        count_rows(report, database);
    }
    if (options->schema)
        schema_held(report, database, options->schema);
    if (!report->is_store)
        contract_note(report, database);
    properties_note(report, database);
}

/* A copy is opened for writing: SQLite checks more there. false: read-only then. */
static bool open_to_write(struct look *look)
{
    sqlite3 **out = &look->database;
    if (sqlite3_open_v2(look->path, out, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK) {
        int code;
        prepare_for_audit(look->guard, *out, look->path);
        sqlite3_busy_timeout(*out, 0);
        sqlite3_exec(*out, STRUCTURE_CACHE, NULL, NULL, NULL);
        code = sqlite3_exec(*out, "BEGIN IMMEDIATE; ROLLBACK", NULL, NULL, NULL) & 0xff;
        sqlite3_busy_timeout(*out, BUSY_MS);
        /* a -wal stays as it was left: others look at it after us */
        sqlite3_db_config(*out, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
        if (!sqlite3_db_readonly(*out, "main") && !lacks_rights(code) && code != SQLITE_BUSY)
            return true;
    }
    sqlite3_close(*out);
    *out = NULL;
    return false;
}

/* why_not : it is not ours to change; NULL: a copy */
static int look_at(struct audit_findings *findings, struct audit_report *report, const char *path,
                   const struct audit_options *options, const char *why_not, struct err *err)
{
    int64_t from_ns = clock_now_ns();
    struct guard guard;
    struct look look = {.guard = &guard,
                        .path = path,
                        .answers = &report->answers,
                        .why_not = why_not,
                        .deep = options->deep};
    int rc = look_at_kind(findings, report, path, err);
    if (rc)
        return rc < 0 ? rc : 0;
    wal_check(&report->answers, path);
    look.may_write = !why_not && open_to_write(&look);
    if (!look.may_write && !why_not)
        look.why_not = "its file cannot be written to, which this check needs";
    rc = look.may_write ? 0 : open_alone(&look.database, &guard, path, err);
    if (rc == 0)
        ask_all(report, &look, options);
    sqlite3_close(look.database);
    answers_tell(&report->answers, findings);
    report->unchecked = audit_answers_unchecked(&report->answers);
    report->spent_ns = clock_now_ns() - from_ns;
    return rc;
}

int audit_copied(struct audit_findings *findings, struct audit_report *report,
                 const struct copy *copy, const struct audit_options *options, struct err *err)
{
    *report = (struct audit_report){.way = copy->way,
                                    .locked_ns = copy->locked_ns,
                                    .copied_ns = copy->way == COPY_OWN ? 0 : copy->spent_ns};
    if (copy_recover(copy, &report->recovery, err) < 0)
        return -1;
    if (copy->super_journal)
        audit_note(&report->notes, "super-journal",
                   "its -journal names '%s', which was not followed: other databases of the same "
                   "transaction may have to be rolled back, too",
                   copy->super_journal);
    return look_at(findings, report, copy->path, options, NULL, err);
}

int audit_own(struct audit_findings *findings, struct audit_report *report, const char *path,
              struct err *err)
{
    static const struct audit_options options = {.store = true};
    struct copy copy;
    int rc;
    copy_own(&copy, path);
    rc = audit_copied(findings, report, &copy, &options, err);
    copy_release(&copy);
    return rc;
}

int audit_database(struct audit_findings *findings, struct audit_report *report, const char *path,
                   const struct audit_options *options, struct err *err)
{
    struct copy copy;
    int rc;
    *report = (struct audit_report){0};
    if (options->in_place)
        return look_at(
            findings, report, path, options,
            "it needs the right to write, and the original is not written to (--in-place)", err);
    if (copy_take(&copy, path, &options->copy, err) < 0)
        return -1;
    rc = audit_copied(findings, report, &copy, options, err);
    if (rc < 0)
        name_original(err, copy.path, path);
    copy_release(&copy);
    return rc;
}

void audit_report_release(struct audit_report *report)
{
    copy_recovery_release(&report->recovery);
    audit_answers_release(&report->answers);
    audit_notes_release(&report->notes);
}
