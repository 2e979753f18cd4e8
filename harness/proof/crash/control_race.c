/* Does the WAL-reset race destroy what was acknowledged,
 * and do stores that take turns not meet it? */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "proof/crash/controls.h"
#include "proof/crash/race.h"
#include "store/engine.h"

static void add(struct race_tally *sum, const struct race_tally *tally)
{
    sum->schedules += tally->schedules;
    sum->moments += tally->moments;
    sum->made += tally->made;
    sum->refused += tally->refused;
    sum->acknowledged += tally->acknowledged;
    sum->lost += tally->lost;
    sum->corrupt += tally->corrupt;
    sum->silent += tally->silent;
    if (sum->hurt == 0)
        memcpy(sum->why, tally->why, sizeof sum->why);
    sum->hurt += tally->hurt;
}

static int run(struct race_tally *sum, enum race_way from, enum race_way to,
               const struct control_setting *setting, struct err *err)
{
    int rc = 0;
    *sum = (struct race_tally){0};
    for (enum race_way way = from; rc == 0 && way <= to; way++) {
        struct race_tally tally;
        rc = race_run(&tally, way, setting->folder, setting->seed, err);
        if (rc == 0)
            add(sum, &tally);
    }
    return rc;
}

/* The race was made and did nothing: then the engine has no such race, whatever its version. */
static void excuse(struct control_outcome *out, const struct race_tally *tally)
{
    bool affected = engine_has_wal_reset_race(sqlite3_libversion_number());
    if (tally->hurt > 0 || tally->made < tally->schedules)
        return;
    snprintf(out->skipped, sizeof out->skipped, "not affected: 0 of %zu schedules on SQLite %s%s",
             tally->schedules, sqlite3_libversion(),
             affected ? ", whose version is in the range that has the race: it seems to carry the "
                        "fix"
                      : "");
}

int control_race(struct control_outcome *out, const char *way,
                 const struct control_setting *setting, struct err *err)
{
    bool kept_out = strcmp(way, "in turn") == 0 || strcmp(way, "with the lock") == 0;
    struct race_tally tally;
    int rc;
    if (strcmp(way, "in turn") == 0)
        rc = run(&tally, RACE_STORE_BATCH, RACE_ONE_CONNECTION, setting, err);
    else if (strcmp(way, "with the lock") == 0)
        rc = run(&tally, RACE_FULL, RACE_TRUNCATE, setting, err);
    else if (strcmp(way, "passive") == 0)
        rc = run(&tally, RACE_SECOND, RACE_TWICE, setting, err);
    else
        rc = run(&tally, RACE_FALLBACK, RACE_FALLBACK, setting, err);
    if (rc < 0)
        return -1;
    out->damaged = tally.hurt > 0;
    out->acknowledged = tally.acknowledged;
    out->lost = tally.lost;
    out->corrupt = tally.corrupt;
    out->integrity = tally.corrupt == 0                ? "ok"
                     : tally.corrupt < tally.schedules ? "both"
                                                       : "not ok";
    if (!kept_out) {
        excuse(out, &tally);
        snprintf(out->text, sizeof out->text,
                 "%zu of %zu schedules hurt (the log begun anew at the moment in %zu): %zu of %zu "
                 "acknowledged rows lost, %zu databases corrupt, %zu times no call told of it",
                 tally.hurt, tally.schedules, tally.made, tally.lost, tally.acknowledged,
                 tally.corrupt, tally.silent);
        return 0;
    }
    snprintf(out->text, sizeof out->text,
             "%s: the writer kept out at %zu of %zu moments, %zu of %zu schedules hurt, %zu of %zu "
             "acknowledged rows lost, %zu databases corrupt",
             strcmp(way, "in turn") == 0 ? "reference stores that take turns, or one connection"
                                         : "FULL, RESTART, TRUNCATE with the writer's lock",
             tally.refused, tally.moments, tally.hurt, tally.schedules, tally.lost,
             tally.acknowledged, tally.corrupt);
    return 0;
}
