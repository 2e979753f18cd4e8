/* Does a commit between a checkpoint's look at the log and its work on it destroy anything? */
#include "proof/crash/race.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "proof/crash/race_store.h"
#include "proof/crash/scratch.h"
#include "proof/crash/shim.h"
#include "proof/crash/states.h"

#define ROW_BYTES_LEAST 200
#define ROW_BYTES_MORE  1200 /* two to ten rows to a page */

/* Commits before, within and after the moment: each with each. */
#define BEFORE 3
#define INSIDE 2
#define AFTER  3
static const int commits_before[BEFORE] = {8, 20, 40};
static const int commits_inside[INSIDE] = {1, 3};
static const int commits_after[AFTER] = {1, 6, 60};

/* One schedule of plain connections. */
struct race {
    enum race_way way;
    char *path;
    sqlite3 *writer, *first, *second; /* first, second: the checkpointers; may be one */
    int inside;                       /* commits at the moment */
    int log_frames;                   /* after the writer's last commit */
    bool open;                        /* the writer is in a transaction */
    bool told;                        /* some call has told of an error */
    uint64_t random;
    int rows; /* acknowledged: 1 .. rows */
    struct race_tally *tally;
};

const char *race_way_name(enum race_way way)
{
    static const char *const names[RACE_WAYS] = {
        "passive, by a second connection",
        "passive, twice by one connection",
        "TRUNCATE that became passive",
        "FULL with the writer's lock",
        "RESTART with the writer's lock",
        "TRUNCATE with the writer's lock",
        "reference stores in turn, by batch",
        "reference stores in turn, each agent by itself",
        "one reference store",
    };
    return names[way];
}

/* ---- the writer ---- */

static int note_frames(void *of, sqlite3 *database, const char *name, int frames)
{
    (void)database;
    (void)name;
    ((struct race *)of)->log_frames = frames;
    return SQLITE_OK;
}

static int insert(struct race *race)
{
    char text[160];
    int bytes = ROW_BYTES_LEAST + (int)(states_random(&race->random) % ROW_BYTES_MORE);
    snprintf(text, sizeof text, "INSERT INTO starts VALUES (%d, 'agent %d', zeroblob(%d))",
             race->rows + 1, race->rows + 1, bytes);
    return scratch_execute(race->writer, text);
}

/* A row of its own, or the end of the transaction that is open. */
static int commit(struct race *race)
{
    int rc = SQLITE_OK;
    if (!race->open)
        rc = scratch_execute(race->writer, "BEGIN IMMEDIATE");
    if (rc == SQLITE_OK)
        rc = insert(race);
    if (rc == SQLITE_OK)
        rc = scratch_execute(race->writer, "COMMIT");
    if (rc != SQLITE_OK && !sqlite3_get_autocommit(race->writer))
        scratch_execute(race->writer, "ROLLBACK");
    race->open = false;
    race->rows += rc == SQLITE_OK;
    race->told |= rc != SQLITE_OK && rc != SQLITE_BUSY;
    return rc;
}

/* What the shim calls between the checkpoint's look at the log and its work on it. */
static void at_the_moment(void *of)
{
    struct race *race = of;
    int before = race->log_frames, rc = SQLITE_OK;
    race->tally->moments++;
    for (int i = 0; rc == SQLITE_OK && i < race->inside; i++)
        rc = commit(race);
    race->tally->made += rc == SQLITE_OK && race->log_frames < before;
    race->tally->refused += rc == SQLITE_BUSY;
}

/* ---- a schedule ---- */

static int open_one(struct race *race, sqlite3 **out, struct err *err)
{
    if (sqlite3_open_v2(race->path, out, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, SHIM_NAME) ==
            SQLITE_OK &&
        scratch_execute(*out, "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL;"
                              " PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 0;"
                              " CREATE TABLE IF NOT EXISTS starts (seq INTEGER PRIMARY KEY,"
                              " name TEXT UNIQUE, output BLOB)") == SQLITE_OK)
        return 0;
    return err_set(err, ERR_SYSTEM, "cannot open a database for the race: %s",
                   sqlite3_errmsg(*out));
}

static int open_all(struct race *race, struct err *err)
{
    if (open_one(race, &race->writer, err) < 0 || open_one(race, &race->first, err) < 0)
        return -1;
    sqlite3_wal_hook(race->writer, note_frames, race);
    if (race->way == RACE_TWICE)
        return 0;
    return open_one(race, &race->second, err);
}

static void checkpoint(struct race *race, sqlite3 *by, int mode)
{
    int rc = sqlite3_wal_checkpoint_v2(by, NULL, mode, NULL, NULL);
    race->told |= rc != SQLITE_OK && rc != SQLITE_BUSY;
}

/* The second checkpoint, with us at its weak moment. */
static void meet(struct race *race)
{
    static const int modes[] = {
        [RACE_SECOND] = SQLITE_CHECKPOINT_PASSIVE,    [RACE_TWICE] = SQLITE_CHECKPOINT_PASSIVE,
        [RACE_FALLBACK] = SQLITE_CHECKPOINT_TRUNCATE, [RACE_FULL] = SQLITE_CHECKPOINT_FULL,
        [RACE_RESTART] = SQLITE_CHECKPOINT_RESTART,   [RACE_TRUNCATE] = SQLITE_CHECKPOINT_TRUNCATE};
    if (race->way == RACE_FALLBACK)
        race->open = scratch_execute(race->writer, "BEGIN IMMEDIATE") == SQLITE_OK;
    shim_at_unfetch(at_the_moment, race);
    checkpoint(race, race->second ? race->second : race->first, modes[race->way]);
    shim_at_unfetch(NULL, NULL);
    if (race->open)
        commit(race);
}

static void close_all(struct race *race)
{
    sqlite3_close(race->second);
    sqlite3_close(race->first);
    sqlite3_close(race->writer);
}

static int play(struct race *race, int before, int after, struct err *err)
{
    int rc = open_all(race, err);
    for (int i = 0; rc == 0 && i < before; i++)
        if (commit(race) != SQLITE_OK)
            rc = err_set(err, ERR_SYSTEM, "cannot write before the race: %s",
                         sqlite3_errmsg(race->writer));
    if (rc == 0) {
        checkpoint(race, race->first, SQLITE_CHECKPOINT_PASSIVE);
        meet(race);
        for (int i = 0; i < after; i++)
            commit(race);
    }
    close_all(race);
    return rc;
}

/* ---- what became of it ---- */

void race_audit(struct race_tally *tally, const char *path, size_t acknowledged,
                const char *question, bool told)
{
    sqlite3 *database = NULL;
    char said[SCRATCH_WHY_BYTES];
    size_t there;
    bool sound;
    sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, shim_behind());
    scratch_says(database, "PRAGMA integrity_check", said);
    there = scratch_rows(database, question);
    sqlite3_close(database);
    sound = strcmp(said, "ok") == 0;
    tally->schedules++;
    tally->acknowledged += acknowledged;
    tally->lost += there < acknowledged ? acknowledged - there : 0;
    tally->corrupt += !sound;
    if (sound && there == acknowledged)
        return;
    tally->silent += !told;
    if (tally->hurt++ == 0)
        snprintf(tally->why, sizeof tally->why, "%zu of %zu rows there, integrity_check: %.119s",
                 there, acknowledged, said);
}

static int try(struct race_tally *tally, enum race_way way, char *path, const int commits[3],
               uint64_t seed, struct err *err)
{
    struct race race = {
        .way = way, .path = path, .inside = commits[1], .random = seed, .tally = tally};
    int rc;
    scratch_remove(path);
    if (way >= RACE_STORE_BATCH)
        return race_store(tally, way, path, commits, err);
    rc = play(&race, commits[0], commits[2], err);
    if (rc == 0)
        race_audit(tally, path, (size_t)race.rows, "SELECT seq FROM starts NOT INDEXED", race.told);
    return rc;
}

int race_run(struct race_tally *out, enum race_way way, const char *folder, uint64_t seed,
             struct err *err)
{
    char *path = text_format("%s/race.sqlite", folder);
    int rc = shim_register(err);
    *out = (struct race_tally){0};
    for (int i = 0; rc == 0 && i < BEFORE * INSIDE * AFTER; i++) {
        const int commits[3] = {commits_before[i % BEFORE], commits_inside[i / BEFORE % INSIDE],
                                commits_after[i / (BEFORE * INSIDE)]};
        rc = try(out, way, path, commits, seed + (uint64_t)i, err);
    }
    scratch_remove(path);
    free(path);
    return rc < 0 ? err_wrap(err, "race, %s", race_way_name(way)) : 0;
}
