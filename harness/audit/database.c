/* Is this file sound? SQLite's own checks, and what can be said of a store without its harness. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit_internal.h"
#include "base/clock.h"
#include "base/text.h"

/* Views, triggers and functions of a stranger's schema do nothing here, and no question lasts for
 * ever: see base/guard.h. */
static void prepare_for_audit(struct guard *guard, sqlite3 *database, const char *path)
{
    guard_set(guard, database, false);
    guard_begin(guard, database, path);
    sqlite3_busy_timeout(database, 5000);
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

/* Each row: a question whose answer must be 0.
 * They need no harness: the store contradicts itself. */
void database_check_contradictions(struct audit_findings *findings, sqlite3 *database)
{
    static const struct {
        enum rule_id rule;
        const char *sql, *text;
    } questions[] = {
        {RULE_CONSENSUS,
         "SELECT count(*) FROM consensus_runs AS c LEFT JOIN (SELECT run, batch, count(*) AS n"
         " FROM agent_outputs GROUP BY run, batch) AS o ON o.run = c.run AND o.batch = c.batch"
         " WHERE c.agents <> coalesce(o.n, 0)",
         "consensus rows whose outputs are not all there"},
        {RULE_CONSENSUS,
         "SELECT count(*) FROM agent_outputs AS o JOIN agent_executions AS e"
         " ON e.run = o.run AND e.id = o.id WHERE e.state <> 'completed'",
         "outputs of agents that are not completed"},
        {RULE_CONSENSUS,
         "SELECT count(*) FROM consensus_runs AS c LEFT JOIN (SELECT DISTINCT run, batch"
         " FROM agent_executions) AS e ON e.run = c.run AND e.batch = c.batch WHERE e.run IS NULL",
         "consensus rows of batches without agents"},
        {RULE_TWICE,
         "SELECT count(*) FROM (SELECT 1 FROM agent_executions WHERE pid IS NOT NULL"
         " GROUP BY pid, spawned_ns, run HAVING count(*) > 1)",
         "processes that are recorded more than once"},
        {RULE_STATE,
         "SELECT count(*) FROM agent_executions WHERE state IN ('ready', 'completed')"
         " AND (outcome IS NOT 'ready' OR pid IS NULL OR ready_ns IS NULL)",
         "ready or completed agents without outcome, process or time"},
        {RULE_STATE,
         "SELECT count(*) FROM agent_executions WHERE state IN ('failed', 'cancelled', 'timed_out')"
         " AND outcome IS NOT state",
         "ended agents whose outcome contradicts their state"},
        /* The checks of the contract once more: on a read-only connection SQLite does not even
         * parse CHECK, and its integrity_check says nothing of it (build.c, 3.40). */
        {RULE_STATE,
         "SELECT count(*) FROM agent_executions WHERE state NOT IN ('starting', 'ready',"
         " 'completed', 'failed', 'cancelled', 'timed_out', 'interrupted')"
         " OR outcome NOT IN ('ready', 'failed', 'cancelled', 'timed_out')",
         "agents in a state or with an outcome that the contract does not know"},
        {RULE_CONSENSUS,
         "SELECT count(*) FROM consensus_runs WHERE verdict NOT IN ('agreed', 'split')"
         " OR votes < 0 OR agents < votes",
         "consensus rows with a verdict or votes that the contract does not know"},
        {RULE_TIMES,
         "SELECT count(*) FROM agent_executions WHERE ready_ns < spawned_ns"
         " OR completed_ns < ready_ns OR completed_ns < spawned_ns",
         "agents whose times run backwards"},
    };
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        int64_t count = database_ask(database, questions[i].sql);
        if (count)
            finding_add(findings, questions[i].rule, "", "%lld %s", (long long)count,
                        questions[i].text);
        if (sqlite3_errcode(database) == SQLITE_INTERRUPT) {
            finding_add(findings, RULE_READABLE, "", "%s", GUARD_SAYS);
            return; /* the others would cost as much */
        }
    }
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

static void describe(struct audit_report *report, sqlite3 *database)
{
    sqlite3_stmt *row = NULL;
    report->pages = database_ask(database, "PRAGMA page_count");
    report->free_pages = database_ask(database, "PRAGMA freelist_count");
    report->is_store =
        database_ask(database, "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND"
                               " rootpage > 0 AND sql NOT LIKE 'create%virtual%' AND"
                               " name IN ('agent_executions', 'consensus_runs',"
                               " 'agent_outputs')") == 3;
    if (sqlite3_prepare_v2(database, "PRAGMA journal_mode", -1, &row, NULL) == SQLITE_OK &&
        sqlite3_step(row) == SQLITE_ROW)
        /* read as it lies, a WAL database says "delete" */
        snprintf(report->journal_mode, sizeof report->journal_mode, "%s",
                 report->is_wal ? "wal" : (const char *)sqlite3_column_text(row, 0));
    sqlite3_finalize(row);
    snprintf(report->engine, sizeof report->engine, "%s %s", sqlite3_libversion(),
             sqlite3_sourceid());
}

/* Looked at before any connection exists:
 * opening and closing the file later would drop its locks. */
static int check_header(struct audit_report *report, const char *path, struct err *err)
{
    char header[20] = {0};
    struct stat about;
    ssize_t got;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return err_system(err, "cannot open '%s'", path);
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
        close(fd);
        return err_set(err, ERR_FORMAT, "'%s' is no regular file, expected a SQLite database",
                       path);
    }
    got = pread(fd, header, sizeof header, 0);
    close(fd);
    report->bytes = about.st_size;
    if (got < 16 || memcmp(header, "SQLite format 3", 16) != 0)
        return err_set(err, ERR_FORMAT,
                       "'%s' is not a SQLite database (its first 16 bytes are not SQLite's; if it "
                       "was one, its header is destroyed: restore a copy)",
                       path);
    report->is_database = true;
    report->is_wal = header[18] == 2; /* fileformat2.html 1.3.3, read version */
    return 0;
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

/* What still finds by itself: its findings as answers. */
static void ask_by_findings(struct audit_answers *answers, sqlite3 *database,
                            void (*check)(struct audit_findings *findings, sqlite3 *database))
{
    struct audit_findings found = {0};
    check(&found, database);
    for (size_t i = 0; i < found.count; i++)
        answers_broken(answers, (enum rule_id)(found.items[i].rule - audit_rules), "", 1, "%s",
                       found.items[i].text);
    audit_findings_release(&found);
}

static void ask_all(struct audit_report *report, sqlite3 *database)
{
    describe(report, database);
    structure_check(&report->answers, database);
    if (contract_claims(database))
        ask_by_findings(&report->answers, database, contract_check);
    if (report->is_store) {
        ask_by_findings(&report->answers, database, database_check_contradictions);
        count_rows(report, database);
    }
}

static int look(struct audit_findings *findings, struct audit_report *report, const char *path,
                struct err *err)
{
    int64_t from_ns = clock_now_ns();
    sqlite3 *database = NULL;
    struct guard guard;
    int rc;
    if (check_header(report, path, err) < 0)
        return -1;
    wal_check(&report->answers, path);
    rc = open_alone(&database, &guard, path, err);
    if (rc == 0)
        ask_all(report, database);
    sqlite3_close(database);
    answers_tell(&report->answers, findings);
    report->unchecked = audit_answers_unchecked(&report->answers);
    report->spent_ns = clock_now_ns() - from_ns;
    return rc;
}

int audit_copied(struct audit_findings *findings, struct audit_report *report,
                 const struct copy *copy, const struct audit_options *options, struct err *err)
{
    (void)options;
    *report = (struct audit_report){.way = copy->way,
                                    .locked_ns = copy->locked_ns,
                                    .copied_ns = copy->way == COPY_OWN ? 0 : copy->spent_ns};
    if (copy_recover(copy, &report->recovery, err) < 0)
        return -1;
    return look(findings, report, copy->path, err);
}

int audit_own(struct audit_findings *findings, struct audit_report *report, const char *path,
              struct err *err)
{
    static const struct audit_options options = {0};
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
        return look(findings, report, path, err);
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
}
