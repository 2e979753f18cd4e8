/* Is this file sound? SQLite's own checks, and what can be said of a store without its harness. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/internal.h"
#include "base/clock.h"

#define MOST_MESSAGES 20 /* of one PRAGMA: a ruined file has thousands */

sqlite3 *database_open(struct audit_findings *findings, const char *path)
{
    sqlite3 *database = NULL;
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
        finding_add(findings, RULE_READABLE, "", "%.200s", sqlite3_errmsg(database));
        sqlite3_close(database);
        return NULL;
    }
    sqlite3_busy_timeout(database, 5000);
    sqlite3_exec(database, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON", NULL, NULL,
                 NULL);
    return database;
}

static void check_pragma(struct audit_findings *findings, sqlite3 *database, const char *sql,
                         enum rule rule)
{
    sqlite3_stmt *row = NULL;
    int rc = sqlite3_prepare_v2(database, sql, -1, &row, NULL);
    int told = 0;
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        const char *text;
        rc = sqlite3_step(row);
        if (rc != SQLITE_ROW)
            break;
        text = (const char *)sqlite3_column_text(row, 0);
        if (rule == RULE_INTEGRITY_CHECK && text && strcmp(text, "ok") == 0)
            continue;
        if (told++ >= MOST_MESSAGES)
            continue;
        if (rule == RULE_FOREIGN_KEYS)
            finding_add(findings, rule, "", "a row of table '%.60s' has no parent in '%.60s'",
                        text ? text : "?", (const char *)sqlite3_column_text(row, 2));
        else
            finding_add(findings, rule, "", "%.220s", text ? text : "no answer");
    }
    if (rc != SQLITE_DONE)
        finding_add(findings, rule, "", "%s: %.180s", sql, sqlite3_errmsg(database));
    sqlite3_finalize(row);
}

void database_check_structure(struct audit_findings *findings, sqlite3 *database)
{
    check_pragma(findings, database, "PRAGMA integrity_check", RULE_INTEGRITY_CHECK);
    check_pragma(findings, database, "PRAGMA foreign_key_check", RULE_FOREIGN_KEYS);
}

static int64_t ask(sqlite3 *database, const char *sql)
{
    sqlite3_stmt *row = NULL;
    int64_t value = 0;
    if (sqlite3_prepare_v2(database, sql, -1, &row, NULL) == SQLITE_OK &&
        sqlite3_step(row) == SQLITE_ROW)
        value = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    return value;
}

/* Each row: a question whose answer must be 0. They need no harness: the store contradicts itself.
 */
static void check_contradictions(struct audit_findings *findings, sqlite3 *database)
{
    static const struct {
        enum rule rule;
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
        {RULE_STATE,
         "SELECT count(*) FROM agent_executions WHERE state IN ('ready', 'completed')"
         " AND (outcome IS NOT 'ready' OR pid IS NULL OR ready_ns IS NULL)",
         "ready or completed agents without outcome, process or time"},
        {RULE_STATE,
         "SELECT count(*) FROM agent_executions WHERE state IN ('failed', 'cancelled', 'timed_out')"
         " AND outcome IS NOT state",
         "ended agents whose outcome contradicts their state"},
        {RULE_TIMES,
         "SELECT count(*) FROM agent_executions WHERE ready_ns < spawned_ns"
         " OR completed_ns < ready_ns",
         "agents whose times run backwards"},
    };
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        int64_t count = ask(database, questions[i].sql);
        if (count)
            finding_add(findings, questions[i].rule, "", "%lld %s", (long long)count,
                        questions[i].text);
    }
}

static void count_rows(struct audit_report *report, sqlite3 *database)
{
    report->agents = ask(database, "SELECT count(*) FROM agent_executions");
    report->ready =
        ask(database, "SELECT count(*) FROM agent_executions WHERE state IN ('starting', 'ready')");
    report->completed =
        ask(database, "SELECT count(*) FROM agent_executions WHERE state = 'completed'");
    report->consensus_runs = ask(database, "SELECT count(*) FROM consensus_runs");
    report->outputs = ask(database, "SELECT count(*) FROM agent_outputs");
}

static void describe(struct audit_report *report, sqlite3 *database)
{
    sqlite3_stmt *row = NULL;
    report->pages = ask(database, "PRAGMA page_count");
    report->free_pages = ask(database, "PRAGMA freelist_count");
    report->is_store = ask(database, "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND"
                                     " name IN ('agent_executions', 'consensus_runs',"
                                     " 'agent_outputs')") == 3;
    if (sqlite3_prepare_v2(database, "PRAGMA journal_mode", -1, &row, NULL) == SQLITE_OK &&
        sqlite3_step(row) == SQLITE_ROW)
        snprintf(report->journal_mode, sizeof report->journal_mode, "%s",
                 (const char *)sqlite3_column_text(row, 0));
    sqlite3_finalize(row);
    snprintf(report->engine, sizeof report->engine, "%s %s", sqlite3_libversion(),
             sqlite3_sourceid());
}

/* Looked at before any connection exists: opening and closing the file later would drop its locks.
 */
static int check_header(struct audit_report *report, const char *path, struct err *err)
{
    char header[16];
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
    if (got != (ssize_t)sizeof header || memcmp(header, "SQLite format 3", 16) != 0)
        return err_set(err, ERR_FORMAT,
                       "'%s' is not a SQLite database (its first 16 bytes are not SQLite's; if it "
                       "was one, its header is destroyed: restore a copy)",
                       path);
    report->is_database = true;
    return 0;
}

int audit_database(struct audit_findings *findings, struct audit_report *report, const char *path,
                   struct err *err)
{
    int64_t from_ns = clock_now_ns();
    sqlite3 *database;
    *report = (struct audit_report){0};
    if (check_header(report, path, err) < 0)
        return -1;
    database = database_open(findings, path);
    if (database) {
        describe(report, database);
        database_check_structure(findings, database);
        if (report->is_store) {
            check_contradictions(findings, database);
            count_rows(report, database);
        }
        sqlite3_close(database);
    }
    report->spent_ns = clock_now_ns() - from_ns;
    return 0;
}
