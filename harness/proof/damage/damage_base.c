/* Of what are the damaged copies made? One file with everything, one whose newest rows are in its
 * -wal only, and a map of the pages.
 *
 * The store is copied as one state also while somebody writes (audit/copy.h).
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit_internal.h"
#include "base/text.h"
#include "proof/damage/damage_case.h"

#define MOST_BYTES     ((size_t)1 << 30)
#define NEWEST_BATCHES "16"

uint64_t damage_random(struct damage_case *hurt, uint64_t below)
{
    uint64_t z = hurt->random += UINT64_C(0x9e3779b97f4a7c15);
    assert(below > 0);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % below;
}

int damage_write_file(const char *path, const void *bytes, size_t length, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    size_t done = 0;
    while (fd >= 0 && done < length) {
        ssize_t put = write(fd, (const char *)bytes + done, length - done);
        if (put < 0 && errno != EINTR)
            break;
        done += put > 0 ? (size_t)put : 0;
    }
    if (fd < 0 || done < length) {
        err_system(err, "cannot write '%s'", path);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    close(fd);
    return 0;
}

int damage_copy_file(const char *from, const char *to, struct err *err)
{
    char *bytes = NULL;
    size_t length;
    int rc = text_read_file(&bytes, &length, from, MOST_BYTES, err);
    if (rc == 0)
        rc = damage_write_file(to, bytes, length, err);
    free(bytes);
    return rc;
}

sqlite3 *damage_open(const char *path, struct err *err)
{
    sqlite3 *database = NULL;
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
        SQLITE_OK) {
        err_set(err, ERR_SYSTEM, "cannot open '%s': %s", path, sqlite3_errmsg(database));
        sqlite3_close(database);
        return NULL;
    }
    sqlite3_busy_timeout(database, 5000);
    /* no power is lost here, and a sync costs more than all the rest */
    sqlite3_exec(database, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
    return database;
}

int damage_execute(sqlite3 *database, const char *sql, struct err *err)
{
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK)
        return err_set(err, ERR_SYSTEM, "%s in: %.200s", sqlite3_errmsg(database), sql);
    return 0;
}

void damage_close(sqlite3 *database)
{
    sqlite3_close(database);
}

int damage_attach_whole(sqlite3 *database, const struct damage_base *base, struct err *err)
{
    char *sql = sqlite3_mprintf("ATTACH %Q AS whole", base->plain);
    int rc = sql ? damage_execute(database, sql, err) : -1;
    sqlite3_free(sql);
    return rc;
}

/* As its newest rows may be in its -wal: whoever opens it sees them. */
static int take_plain(const char *from, const struct damage_base *base, struct err *err)
{
    const struct copy_how how = {.folder = base->folder};
    struct copy copy;
    int rc = copy_take(&copy, from, &how, err);
    if (rc == 0)
        rc = copy_keep(&copy, base->plain, err);
    copy_release(&copy);
    return rc;
}

/* In WAL mode, as spawners keep theirs, and with a few free pages, so that there is a freelist to
 * hit. The rows stay as they are. */
static int prepare_plain(const char *path, struct err *err)
{
    sqlite3 *database = damage_open(path, err);
    int rc =
        database
            ? damage_execute(database,
                             "PRAGMA journal_mode = WAL; CREATE TABLE spawnbench_scratch (x);"
                             "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                             " WHERE i < 20) INSERT INTO spawnbench_scratch SELECT"
                             " zeroblob((SELECT page_size * 3 / 4 FROM pragma_page_size)) FROM n;"
                             "DROP TABLE spawnbench_scratch; PRAGMA wal_checkpoint(TRUNCATE)",
                             err)
            : -1;
    sqlite3_close(database);
    return rc;
}

static int take_snapshot(struct damage_base *base, struct err *err)
{
    sqlite3 *database = damage_open(base->plain, err);
    if (database)
        base->snapshot = snapshot_take(database, err);
    sqlite3_close(database);
    return base->snapshot ? 0 : -1;
}

/* ---- the store whose newest batches are in its -wal ---- */

static const char newest[] =
    "PRAGMA foreign_keys = OFF; PRAGMA wal_autocheckpoint = 0;"
    "CREATE TEMP TABLE newest AS SELECT run, batch FROM whole.agent_executions GROUP BY run, batch"
    " ORDER BY min(spawned_ns) DESC LIMIT " NEWEST_BATCHES ";"
    "DELETE FROM main.agent_outputs WHERE (run, batch) IN (SELECT run, batch FROM newest);"
    "DELETE FROM main.consensus_runs WHERE (run, batch) IN (SELECT run, batch FROM newest);"
    "DELETE FROM main.agent_executions WHERE (run, batch) IN (SELECT run, batch FROM newest);"
    "PRAGMA wal_checkpoint(TRUNCATE)";

/* One commit per batch, as a spawner makes them. */
static int put_batch(sqlite3 *database, int64_t ordinal, struct err *err)
{
    static const char one[] =
        "BEGIN IMMEDIATE;"
        "INSERT INTO main.agent_executions SELECT a.* FROM whole.agent_executions AS a, newest AS n"
        " WHERE n.rowid = %lld AND a.run = n.run AND a.batch = n.batch;"
        "INSERT INTO main.consensus_runs SELECT a.* FROM whole.consensus_runs AS a, newest AS n"
        " WHERE n.rowid = %lld AND a.run = n.run AND a.batch = n.batch;"
        "INSERT INTO main.agent_outputs SELECT a.* FROM whole.agent_outputs AS a, newest AS n"
        " WHERE n.rowid = %lld AND a.run = n.run AND a.batch = n.batch;"
        "COMMIT";
    char *sql = text_format(one, (long long)ordinal, (long long)ordinal, (long long)ordinal);
    int rc = damage_execute(database, sql, err);
    free(sql);
    return rc;
}

static int fill_late(struct damage_base *base, sqlite3 *database, struct err *err)
{
    char *wal = text_format("%s-wal", base->late);
    int64_t batches = database_ask(database, "SELECT count(*) FROM newest");
    int64_t first = batches >= 2 ? batches - batches / 4 - 1 : batches; /* of this generation */
    int rc = 0;
    for (int64_t i = batches; rc == 0 && i > first; i--)
        rc = put_batch(database, i, err);
    if (rc == 0 && batches >= 2) {
        base->earlier = text_format("%s/earlier-wal", base->folder);
        rc = damage_copy_file(wal, base->earlier, err);
        if (rc == 0)
            rc = damage_execute(database, "PRAGMA wal_checkpoint(TRUNCATE)", err);
    }
    for (int64_t i = first; rc == 0 && i > 0; i--)
        rc = put_batch(database, i, err);
    free(wal);
    return rc;
}

/* Where each commit ends. See audit/wal.c for the format. */
static int find_commits(struct damage_base *base, struct err *err)
{
    char *path = text_format("%s-wal", base->late), *bytes = NULL;
    size_t length, step = base->map.page_bytes + 24;
    int rc = text_read_file(&bytes, &length, path, MOST_BYTES, err);
    if (rc == 0)
        base->commits = xcalloc(length / step + 1, sizeof *base->commits);
    for (size_t at = 32; rc == 0 && at + step <= length; at += step)
        if (memcmp(bytes + at + 4, "\0\0\0\0", 4) != 0)
            base->commits[base->commit_count++] = (int64_t)(at + step);
    free(bytes);
    free(path);
    return rc;
}

static int make_late(struct damage_base *base, struct err *err)
{
    sqlite3 *database;
    int rc = damage_copy_file(base->plain, base->late, err);
    database = rc == 0 ? damage_open(base->late, err) : NULL;
    if (!database || damage_attach_whole(database, base, err) < 0 ||
        damage_execute(database, newest, err) < 0 || fill_late(base, database, err) < 0)
        rc = -1;
    if (database) /* or closing it would bring everything into one file */
        sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(database);
    return rc == 0 ? find_commits(base, err) : -1;
}

void damage_remove(const char *path)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        char *name = text_format("%s%s", path, ends[i]);
        unlink(name);
        free(name);
    }
}

int damage_base_make(struct damage_base *out, const struct damage_how *how, struct err *err)
{
    struct err why = {0};
    *out = (struct damage_base){.folder = xstrdup(how->folder),
                                .plain = text_format("%s/plain.sqlite", how->folder),
                                .late = text_format("%s/late.sqlite", how->folder)};
    damage_remove(out->plain);
    damage_remove(out->late);
    if (take_plain(how->database, out, err) == 0 && take_snapshot(out, &why) < 0)
        return err_set(err, ERR_FORMAT,
                       "'%s' is not a spawner's store (reference/store/schema.sql): %s",
                       how->database, why.text);
    if (!out->snapshot || prepare_plain(out->plain, err) < 0)
        return -1;
    snapshot_free(out->snapshot); /* once more: the copy is in WAL mode now */
    out->snapshot = NULL;
    if (take_snapshot(out, err) < 0 || damage_map_read(&out->map, out->plain, err) < 0 ||
        make_late(out, err) < 0)
        return -1;
    return 0;
}

void damage_base_release(struct damage_base *base)
{
    free(base->folder);
    free(base->plain);
    free(base->late);
    free(base->earlier);
    free(base->commits);
    damage_map_release(&base->map);
    snapshot_free(base->snapshot);
    *base = (struct damage_base){0};
}
