/* race - the WAL-reset race of SQLite 3.7.0 to 3.51.2, made at will.
 *
 *     checkpointer                          writer
 *     reads the header: n frames, all of
 *     them in the database already
 *       (here SQLite calls xUnfetch) -----> commits: the log begins anew with frame 1
 *     "0 of n are in the database": copies
 *     what it finds, notes "n of n are"     commits frames 2, 3, ...: nobody will ever copy them
 *
 * The shim calls us at xUnfetch, so one thread plays both sides, the same way every time. What the
 * writer was told is committed is looked for when all connections are closed.
 *
 * source : https://sqlite.org/wal.html#walresetbug; walCheckpoint() and walRestartLog() in
 *          SQLite's wal.c
 */
#ifndef PROOF_CRASH_RACE_H
#define PROOF_CRASH_RACE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Who checkpoints, and how. */
enum race_way {
    RACE_SECOND,         /* passive: all by one connection, then by a second one */
    RACE_TWICE,          /* passive: twice by the same connection; somebody else writes */
    RACE_FALLBACK,       /* TRUNCATE that does not get the writer's lock, and becomes passive */
    RACE_FULL,           /* with the writer's lock */
    RACE_RESTART,        /* with the writer's lock */
    RACE_TRUNCATE,       /* with the writer's lock */
    RACE_STORE_BATCH,    /* two reference stores that take turns, a batch in each transaction */
    RACE_STORE_EACH,     /* the same, with a connection for each agent */
    RACE_ONE_CONNECTION, /* one reference store commits and checkpoints */
    RACE_WAYS
};

/* What all schedules of one way came to. Plain value. A schedule in which the moment came is one in
 * which the writer was let in (`made`: its commit began the log anew) or kept out (`refused`). */
struct race_tally {
    size_t schedules;
    size_t moments; /* the checkpointer was between reading the header and acting on it */
    size_t made, refused;
    size_t acknowledged, lost; /* rows */
    size_t corrupt;            /* schedules with damage that integrity_check sees */
    size_t hurt;               /* schedules with any damage */
    size_t silent;             /* ... in which no call has told of an error */
    char why[160];             /* the first damage */
};

/* race_way_name - for a human, static */
const char *race_way_name(enum race_way way);

/*
 * race_run - all schedules of one way: commits before, within and after the moment
 *
 * folder : exists; for the database
 * seed   : of the sizes of rows; equal seeds give equal runs
 * errors : ERR_SYSTEM the work fails where it must not
 */
int race_run(struct race_tally *out, enum race_way way, const char *folder, uint64_t seed,
             struct err *err);

#endif
