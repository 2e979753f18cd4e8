/* What does SQLite's recovery do to a copy?
 *
 * A journal is played back as the next writer would do it. A -wal stays as it lies, for wal.c to
 * look at; whether it takes rows away is seen by counting them without it and with it. SQLite has
 * no link between a database and a -wal: an old one under a restored backup undoes that, and all
 * checks call the result sound. A real deletion looks the same, so it is told and no finding.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/copy.h"
#include "audit/recovery.h"
#include "base/guard.h"
#include "base/text.h"

/* ---- rows per table ---- */

struct counts {
    struct copy_loss *items; /* rows_before alone */
    size_t count, room;
};

static void release_counts(struct counts *counts)
{
    for (size_t i = 0; i < counts->count; i++)
        free(counts->items[i].table);
    free(counts->items);
    *counts = (struct counts){0};
}

/* Not count(*), which is one step that nothing breaks off. */
static bool count_table(sqlite3 *database, const char *table, int64_t *out)
{
    char *sql = sqlite3_mprintf("SELECT count(1) FROM main.\"%w\"", table);
    sqlite3_stmt *row = NULL;
    bool told = sql && sqlite3_prepare_v2(database, sql, -1, &row, NULL) == SQLITE_OK &&
                sqlite3_step(row) == SQLITE_ROW;
    *out = told ? sqlite3_column_int64(row, 0) : 0;
    sqlite3_finalize(row);
    sqlite3_free(sql);
    return told;
}

/* Tables of rows: what modules keep in tables of their own is theirs to shrink. */
static bool count_tables(sqlite3 *database, struct counts *out)
{
    static const char tables[] =
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
        " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    sqlite3_stmt *row = NULL;
    bool all = sqlite3_prepare_v2(database, tables, -1, &row, NULL) == SQLITE_OK;
    int rc = all ? sqlite3_step(row) : SQLITE_ERROR;
    for (; all && rc == SQLITE_ROW; rc = sqlite3_step(row)) {
        const char *name = (const char *)sqlite3_column_text(row, 0);
        if (out->count == out->room) {
            out->room = out->room ? 2 * out->room : 16;
            out->items = xrealloc(out->items, out->room, sizeof *out->items);
        }
        out->items[out->count] = (struct copy_loss){.table = xstrdup(name ? name : "")};
        all = count_table(database, out->items[out->count].table,
                          &out->items[out->count].rows_before);
        out->count++;
    }
    sqlite3_finalize(row);
    return all && rc == SQLITE_DONE;
}

static sqlite3 *open_guarded(const char *path, int flags, struct guard *guard)
{
    sqlite3 *database = NULL;
    if (sqlite3_open_v2(path, &database, flags, NULL) != SQLITE_OK) {
        sqlite3_close(database);
        return NULL;
    }
    guard_set(guard, database, false);
    guard_begin(guard, database, path);
    return database;
}

/* Its pages are one tree each. That indexes agree with tables would cost six times as much. */
static bool is_sound(sqlite3 *database)
{
    sqlite3_stmt *row = NULL;
    bool sound =
        sqlite3_prepare_v2(database, "PRAGMA quick_check(1)", -1, &row, NULL) == SQLITE_OK &&
        sqlite3_step(row) == SQLITE_ROW &&
        strcmp((const char *)sqlite3_column_text(row, 0), "ok") == 0;
    sqlite3_finalize(row);
    return sound;
}

/* ---- a -wal ---- */

/* By name, as both are sorted. A table that is gone has none left. */
static void compare(struct copy_recovery *out, struct counts *before, const struct counts *after)
{
    size_t other = 0;
    for (size_t i = 0; i < before->count; i++) {
        struct copy_loss loss = before->items[i];
        while (other < after->count && strcmp(after->items[other].table, loss.table) < 0)
            other++;
        if (other < after->count && strcmp(after->items[other].table, loss.table) == 0)
            loss.rows_after = after->items[other].rows_before;
        if (loss.rows_after >= loss.rows_before)
            continue;
        out->losses = xrealloc(out->losses, out->loss_count + 1, sizeof *out->losses);
        loss.table = xstrdup(loss.table);
        out->losses[out->loss_count++] = loss;
    }
}

static void forget_losses(struct copy_recovery *recovery)
{
    for (size_t i = 0; i < recovery->loss_count; i++)
        free(recovery->losses[i].table);
    free(recovery->losses);
    recovery->losses = NULL;
    recovery->loss_count = 0;
}

/* Halfway through a checkpoint the database alone is no state that ever was: then nothing is told.
 * That is looked at last, as it costs the most. */
static void look_for_losses(const struct copy *copy, struct copy_recovery *out)
{
    char *wal = text_format("%s-wal", copy->path), *aside = text_format("%s-aside", copy->path);
    char *shm = text_format("%s-shm", copy->path);
    struct counts before = {0}, after = {0};
    struct guard guards[2];
    sqlite3 *with = open_guarded(copy->path, SQLITE_OPEN_READONLY, &guards[0]), *alone = NULL;
    bool counted = with && count_tables(with, &after);
    sqlite3_close(with);
    unlink(shm);
    if (counted && rename(wal, aside) == 0) {
        alone = open_guarded(copy->path, SQLITE_OPEN_READONLY, &guards[1]);
        if (alone && count_tables(alone, &before)) {
            compare(out, &before, &after);
            if (out->loss_count && !is_sound(alone))
                forget_losses(out);
        }
        sqlite3_close(alone);
        unlink(shm);
        if (rename(aside, wal) != 0)
            forget_losses(out); /* cannot be: it is our folder */
    }
    release_counts(&before);
    release_counts(&after);
    free(shm);
    free(aside);
    free(wal);
}

/* ---- both ---- */

static int64_t size_of(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 ? (int64_t)about.st_size : 0;
}

/* Played back on a connection that may write. Closing it would bring the -wal in. */
static int play_back(const char *path, struct err *err)
{
    struct guard guard;
    sqlite3 *database = open_guarded(path, SQLITE_OPEN_READWRITE, &guard);
    int code = database ? SQLITE_OK : SQLITE_CANTOPEN;
    if (database) {
        sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
        code = sqlite3_exec(database, "SELECT count(name) FROM sqlite_master", NULL, NULL, NULL);
    }
    if (code == SQLITE_CANTOPEN || code == SQLITE_IOERR || code == SQLITE_FULL)
        err_set(err, ERR_SYSTEM, "cannot recover '%s': %s", path, sqlite3_errstr(code));
    else
        code = SQLITE_OK; /* what is wrong with it the checks will tell */
    sqlite3_close(database);
    return code == SQLITE_OK ? 0 : -1;
}

/* Its page size stands at 16, big-endian; 1 means 65536. */
static int64_t pages_of(const char *path)
{
    unsigned char header[18] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int64_t bytes = 0;
    if (fd >= 0 && pread(fd, header, sizeof header, 0) == (ssize_t)sizeof header)
        bytes = header[16] << 8 | header[17];
    if (fd >= 0)
        close(fd);
    return bytes ? size_of(path) / (bytes == 1 ? 65536 : bytes) : 0;
}

/* Gone or emptied afterwards: it was played back. */
static int recover_journal(const struct copy *copy, struct copy_recovery *out, struct err *err)
{
    char *journal = text_format("%s-journal", copy->path);
    int rc = 0;
    if (size_of(journal) > 0) {
        int64_t pages = journal_pages_of(copy->path);
        rc = play_back(copy->path, err);
        out->journal_pages = size_of(journal) > 0 ? 0 : pages;
    }
    free(journal);
    return rc;
}

/* The journal first: it may hold what was page 1. */
int copy_recover(const struct copy *copy, struct copy_recovery *out, struct err *err)
{
    struct wal_taken wal;
    *out = (struct copy_recovery){0};
    if (size_of(copy->path) == 0)
        return 0; /* SQLite removes what lies beside it */
    out->pages_before = pages_of(copy->path);
    if (recover_journal(copy, out, err) < 0)
        return -1;
    wal = wal_taken_of(copy->path);
    out->wal_commits = wal.commits;
    out->wal_frames = wal.frames;
    out->pages_after = wal.commits ? wal.pages : pages_of(copy->path);
    if (wal.commits)
        look_for_losses(copy, out);
    return 0;
}

void copy_recovery_release(struct copy_recovery *recovery)
{
    forget_losses(recovery);
    *recovery = (struct copy_recovery){0};
}
