/* How is a store followed from cycle to cycle without disturbing the subject that writes it? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/structure.h"
#include "base/clock.h"
#include "base/text.h"

#define LOCKED_AGAIN_MS 100

struct audit_watch *audit_watch_new(const char *database, const char *run_label)
{
    struct audit_watch *watch = xcalloc(1, sizeof *watch);
    watch->path = database;
    watch->run_label = run_label;
    watch->data_version = -1;
    for (enum store_table table = 0; table < TABLE_COUNT; table++)
        watch->marks[table] = -1;
    return watch;
}

void audit_watch_place(struct audit_watch *watch, const char *folder)
{
    if (watch)
        watch->folder = folder;
}

void audit_watch_rest(struct audit_watch *watch)
{
    if (!watch || !watch->database)
        return;
    records_rest(watch);
    sqlite3_close(watch->database);
    watch->database = NULL;
    watch->data_version = -1; /* it counts per connection */
}

void audit_watch_free(struct audit_watch *watch)
{
    if (!watch)
        return;
    audit_watch_rest(watch);
    settle_release(watch);
    early_release(watch);
    free(watch->batches);
    free(watch);
}

/* ---- tripwires ---- */

/* One word of a pragma; false after a finding. */
static bool ask(const struct audit_watch *watch, struct audit_findings *findings, const char *sql,
                char *word, size_t room)
{
    sqlite3_stmt *row = NULL;
    int rc = sqlite3_prepare_v2(watch->database, sql, -1, &row, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(row);
    if (rc == SQLITE_ROW)
        snprintf(word, room, "%s", (const char *)sqlite3_column_text(row, 0));
    else
        finding_add(findings, RULE_READABLE, "", "%s: %.180s", sql,
                    sqlite3_errmsg(watch->database));
    sqlite3_finalize(row);
    return rc == SQLITE_ROW;
}

static bool ask_number(const struct audit_watch *watch, struct audit_findings *findings,
                       const char *sql, int64_t *number)
{
    char word[32];
    if (!ask(watch, findings, sql, word, sizeof word))
        return false;
    *number = strtoll(word, NULL, 10);
    return true;
}

static void compare_number(struct audit_findings *findings, const char *what, int64_t was,
                           int64_t is)
{
    if (was != is)
        finding_add(findings, RULE_TRIPWIRE, "", "%s is %lld, it was %lld", what, (long long)is,
                    (long long)was);
}

static bool check_tripwires(struct audit_watch *watch, struct audit_findings *findings)
{
    struct tripwires now;
    if (!ask_number(watch, findings, "PRAGMA application_id", &now.application_id) ||
        !ask_number(watch, findings, "PRAGMA user_version", &now.user_version) ||
        !ask_number(watch, findings, "PRAGMA auto_vacuum", &now.auto_vacuum) ||
        !ask_number(watch, findings, "PRAGMA page_size", &now.page_bytes) ||
        !ask(watch, findings, "PRAGMA journal_mode", now.journal_mode, sizeof now.journal_mode))
        return false;
    if (watch->known) {
        const struct tripwires *was = &watch->first;
        compare_number(findings, "application_id", was->application_id, now.application_id);
        compare_number(findings, "user_version", was->user_version, now.user_version);
        compare_number(findings, "auto_vacuum", was->auto_vacuum, now.auto_vacuum);
        if (strcmp(was->journal_mode, now.journal_mode) != 0)
            finding_add(findings, RULE_TRIPWIRE, "", "journal mode is %s, it was %s",
                        now.journal_mode, was->journal_mode);
    }
    watch->first = now; /* what has been told once is not told again */
    watch->known = true;
    return true;
}

/* The file under our connection is no longer what its name leads to. See sqlite3.h. */
static bool has_moved(struct audit_watch *watch, struct audit_findings *findings)
{
    int moved = 0;
    if (sqlite3_file_control(watch->database, "main", SQLITE_FCNTL_HAS_MOVED, &moved) !=
            SQLITE_OK ||
        !moved)
        return false;
    finding_add(findings, RULE_TRIPWIRE, "", "the file was renamed, removed or replaced");
    return true;
}

static bool is_acknowledged(const struct cycle *cycle)
{
    for (size_t i = 0; i < cycle->agent_count; i++)
        if (cycle->agents[i].outcome == CYCLE_READY)
            return true;
    return false;
}

/* It needs no table: who records anything commits something. See pragma.html, data_version. */
static void check_commits(struct audit_watch *watch, struct audit_findings *findings,
                          const struct cycle *cycle)
{
    int64_t now;
    if (!ask_number(watch, findings, "PRAGMA data_version", &now))
        return;
    if (now == watch->data_version && cycle->broke == CYCLE_WHOLE && is_acknowledged(cycle))
        finding_add(findings, RULE_RECORDED, "",
                    "nothing was committed in a cycle whose starts were acknowledged");
    watch->data_version = now;
}

/* ---- one cycle ---- */

static int64_t bytes_of(const char *path, const char *suffix)
{
    char *name = text_format("%s%s", path, suffix);
    struct stat about;
    int64_t bytes = stat(name, &about) == 0 ? (int64_t)about.st_size : 0;
    free(name);
    return bytes;
}

static void weigh(const struct audit_watch *watch, struct audit_result *result)
{
    result->database_bytes = bytes_of(watch->path, "");
    result->wal_bytes = bytes_of(watch->path, "-wal");
    result->page_bytes = watch->first.page_bytes;
}

/* All of it in one read transaction, so that what is read is one state of the store. */
static void look_quickly(struct audit_watch *watch, struct audit_findings *findings,
                         const struct scenario *scenario, const struct cycle *cycle,
                         struct audit_result *result)
{
    if (check_tripwires(watch, findings)) {
        check_commits(watch, findings, cycle);
        settle_open(watch, findings, scenario->consensus, false, result);
        if (cycle->broke == CYCLE_WHOLE)
            records_check(watch, findings, scenario, cycle, result);
        result->level = AUDIT_QUICK;
    }
    sqlite3_exec(watch->database, "ROLLBACK", NULL, NULL, NULL);
}

/* Pages that were read before are read again: what is checked is the file, not our memory. */
static void look_fully(struct audit_watch *watch, struct audit_findings *findings,
                       struct audit_result *result)
{
    int64_t from_ns = clock_now_ns();
    struct audit_answers answers = {0};
    struct look look = {.database = watch->database,
                        .guard = &watch->guard,
                        .path = watch->path,
                        .answers = &answers,
                        .why_not = "its subject works with it"};
    sqlite3_db_release_memory(watch->database);
    structure_check(&look);
    contradictions_check(&answers, watch->database, true);
    answers_tell(&answers, findings);
    audit_answers_release(&answers);
    result->rows += sealed_check(watch, findings, &result->lost);
    result->level = AUDIT_FULL;
    result->full_ns = clock_now_ns() - from_ns;
}

/* Locked for longer than anybody waits who reads beside the subject: locking_mode = EXCLUSIVE, or a
 * transaction that was not ended. Or a process of the subject died in the middle of one, and only
 * who may write can roll that back. Not checked then; a read transaction is open else. */
static bool is_locked(struct audit_watch *watch)
{
    int rc;
    if (watch->waited)
        sqlite3_busy_timeout(watch->database, LOCKED_AGAIN_MS);
    sqlite3_exec(watch->database, "BEGIN", NULL, NULL, NULL);
    rc = sqlite3_exec(watch->database, "PRAGMA schema_version", NULL, NULL, NULL);
    if ((rc & 0xff) == SQLITE_BUSY)
        return watch->waited = true;
    rc = rc == SQLITE_OK ? rc : sqlite3_extended_errcode(watch->database);
    return rc == SQLITE_READONLY_ROLLBACK || rc == SQLITE_READONLY_RECOVERY;
}

/* A connection, a read transaction, and a fresh budget for this look; false after a finding, or
 * when it is locked. */
bool watch_meet(struct audit_watch *watch, struct audit_findings *findings)
{
    if (watch->database && has_moved(watch, findings))
        audit_watch_rest(watch); /* and meet the file that stands there now */
    if (!watch->database)
        watch->database = database_open(&watch->guard, findings, watch->path);
    if (!watch->database)
        return false;
    guard_begin(&watch->guard, watch->database, watch->path);
    if (!is_locked(watch))
        return true;
    watch->locked = true;
    audit_watch_rest(watch);
    return false;
}

/* ---- a subject that is gone ---- */

bool copy_accuses(const char *database, const struct err *why)
{
    return why->code == ERR_FORMAT || (access(database, F_OK) != 0 && errno != EACCES);
}

/* NULL after a finding, or when something else keeps us from it. */
static struct copy *take_copy(struct audit_watch *watch, struct audit_findings *findings)
{
    const struct copy_how how = {.folder = watch->folder};
    struct copy_recovery recovery = {0};
    struct copy *copy = xcalloc(1, sizeof *copy);
    struct err why = {0};
    if (copy_take(copy, watch->path, &how, &why) < 0) {
        if (copy_accuses(watch->path, &why))
            finding_add(findings, RULE_READABLE, "", "%s", why.text);
        else
            watch->locked = true;
        free(copy);
        return NULL;
    }
    if (copy_recover(copy, &recovery, &why) < 0)
        finding_add(findings, RULE_READABLE, "", "a copy of it does not recover: %s", why.text);
    copy_recovery_release(&recovery);
    return copy;
}

/* Its files are as it left them, perhaps in the middle of a transaction. What its next writer will
 * do with them is done to a copy; they are left to that writer. In rollback mode that is done
 * beside a subject that lives, too: its writers would wait or fail while all pages are read. */
static void look_at_copy(struct audit_watch *watch, struct audit_findings *findings,
                         const struct scenario *scenario, struct audit_result *result)
{
    int64_t from_ns = clock_now_ns();
    const char *path = watch->path;
    struct copy *copy;
    if (watch->database)
        has_moved(watch, findings);
    audit_watch_rest(watch); /* see howtocorrupt.html 2.2 */
    weigh(watch, result);
    copy = take_copy(watch, findings);
    if (!copy)
        return;
    watch->path = copy->path;
    if (watch_meet(watch, findings)) {
        if (check_tripwires(watch, findings))
            settle_open(watch, findings, scenario->consensus, false, result);
        sqlite3_exec(watch->database, "ROLLBACK", NULL, NULL, NULL);
        look_fully(watch, findings, result);
    }
    audit_watch_rest(watch);
    watch->path = path;
    copy_release(copy);
    free(copy);
    result->full_ns = clock_now_ns() - from_ns;
}

/* Its rows are nobody's for now, and settled when they can be read. */
static void put_off(struct audit_watch *watch, struct audit_findings *findings,
                    const struct cycle *cycle)
{
    if (cycle->broke == CYCLE_WHOLE) {
        early_tell(watch, findings, cycle, NULL);
        records_skip(watch, cycle);
    }
    settle_later(watch, cycle);
}

void watch_look(struct audit_watch *watch, struct audit_findings *findings,
                const struct scenario *scenario, const struct cycle *cycle, enum audit_level level,
                struct audit_result *result)
{
    bool was_locked;
    if (cycle->broke != CYCLE_WHOLE) {
        records_skip(watch, cycle);
        early_tell(watch, findings, cycle, NULL);
    }
    if (level == AUDIT_NONE || cycle->broke == CYCLE_BROKE_DOWN)
        return;
    if (cycle->broke != CYCLE_WHOLE) {
        if (level == AUDIT_FULL) /* a quick look would say nothing that the next one does not */
            look_at_copy(watch, findings, scenario, result);
        audit_watch_rest(watch);
        settle_later(watch, cycle);
        return;
    }
    if (!watch_meet(watch, findings)) {
        if (watch->locked)
            put_off(watch, findings, cycle);
        return;
    }
    was_locked = watch->locked; /* in the middle of the cycle */
    look_quickly(watch, findings, scenario, cycle, result);
    if (level == AUDIT_FULL && strcmp(watch->first.journal_mode, "wal") == 0)
        look_fully(watch, findings, result);
    else if (level == AUDIT_FULL)
        look_at_copy(watch, findings, scenario, result);
    watch->locked = was_locked; /* else the rows of this cycle have been read */
    weigh(watch, result);
}

void audit_watch_fallen(struct audit_watch *watch, struct audit_findings *findings,
                        const struct scenario *scenario, struct audit_result *result)
{
    int64_t from_ns = clock_now_ns();
    *result = (struct audit_result){0};
    if (!watch)
        return;
    look_at_copy(watch, findings, scenario, result);
    result->locked = watch->locked;
    watch->locked = false;
    result->spent_ns = clock_now_ns() - from_ns;
}

void audit_watch_put_off(struct audit_watch *watch, struct audit_findings *findings,
                         const struct scenario *scenario, const struct cycle *cycle,
                         struct audit_result *result)
{
    audit_watch_cycle(NULL, findings, scenario, cycle, AUDIT_NONE, result);
    if (!watch || cycle->broke == CYCLE_BROKE_DOWN)
        return;
    early_tell(watch, findings, cycle, NULL);
    records_skip(watch, cycle);
    settle_later(watch, cycle);
}

void audit_watch_forgive(struct audit_watch *watch)
{
    watch->forgiving = true;
}

void audit_watch_reopened(struct audit_watch *watch, struct audit_findings *findings,
                          const struct scenario *scenario, enum audit_level level,
                          struct audit_result *result)
{
    int64_t from_ns = clock_now_ns();
    *result = (struct audit_result){0};
    if (!watch)
        return;
    if (!watch_meet(watch, findings))
        return;
    if (check_tripwires(watch, findings)) {
        settle_open(watch, findings, scenario->consensus, true, result);
        result->level = AUDIT_QUICK;
    }
    sqlite3_exec(watch->database, "ROLLBACK", NULL, NULL, NULL);
    if (level == AUDIT_FULL)
        look_fully(watch, findings, result);
    result->spent_ns = clock_now_ns() - from_ns;
}
