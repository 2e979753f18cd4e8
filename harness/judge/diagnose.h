/* diagnose - may this run be judged at all, and what should its reader know of the machine?
 *
 * Normal use: diagnosis_make on a stored run, print the items, diagnosis_release. Every kind is
 * there at least once, also when it found nothing, so that a reader sees what was looked at.
 */
#ifndef JUDGE_DIAGNOSE_H
#define JUDGE_DIAGNOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "results/basis.h"
#include "scenario/plan.h"

enum diagnosis_kind {
    DIAGNOSIS_DEPENDENCE, /* cycles resemble their neighbours: tau above 2 */
    DIAGNOSIS_DRIFT,      /* the level moved during the run */
    DIAGNOSIS_BLOCKS,     /* blocks differ by more than chance */
    DIAGNOSIS_OUTLIERS,   /* far above the rest; counted, never removed */
    DIAGNOSIS_MODES,      /* two ways to behave */
    DIAGNOSIS_POSITION,   /* being first of a pair or last makes a difference */
    DIAGNOSIS_STEAL,      /* the host took the CPUs away */
    DIAGNOSIS_PRESSURE,   /* tasks waited for a CPU */
    DIAGNOSIS_THROTTLING, /* the cgroup's quota was used up */
    DIAGNOSIS_CLOCK,      /* the clock is too coarse for such times, or most of them are equal */
    DIAGNOSIS_FAILURES,   /* cycles that failed */
    DIAGNOSIS_SUSPENDED,  /* the machine slept during a cycle */
    DIAGNOSIS_IMPOSSIBLE, /* faster than the slowest agent alone */
    DIAGNOSIS_PLAN,       /* the plan is not the one that was declared */
    DIAGNOSIS_GROWTH,     /* the -wal of a store grows without end */
    DIAGNOSIS_KINDS
};

enum diagnosis_level { DIAGNOSIS_FINE, DIAGNOSIS_UNKNOWN, DIAGNOSIS_FLAGGED, DIAGNOSIS_INVALID };

/* One finding about one arm at one batch size, or about the run. Plain value. */
struct diagnosis_item {
    enum diagnosis_kind kind;
    enum diagnosis_level level;
    int arm, value; /* -1: of the run as a whole */
    double figure;  /* what was measured: tau, a share, a count, ...; NaN when nothing was */
    char text[256];
    char remedy[256]; /* "" when there is nothing to do */
};

struct diagnosis {
    struct diagnosis_item *items; /* by kind */
    size_t count;
};

/*
 * diagnosis_make - every kind, from what is stored
 *
 * source : thresholds and their false-alarm rates: judge/STATISTICS.md 6.5; those of steal,
 *          pressure, throttling and clock are judgement
 */
void diagnosis_make(struct diagnosis *out, const struct scenario *scenario, const struct plan *plan,
                    const struct results_basis *basis);
void diagnosis_release(struct diagnosis *diagnosis);

/* diagnosis_kind_name - "dependence", "block spread", ...; diagnosis_level_name - "fine", ... */
const char *diagnosis_kind_name(enum diagnosis_kind kind);
const char *diagnosis_level_name(enum diagnosis_level level);

/*
 * diagnosis_runs_away - does this -wal grow without end? Sizes in bytes, as they were met
 *
 * page_bytes : of the database, 0 or less: not known, 4096
 * source     : https://www.sqlite.org/wal.html, "Ever Growing WAL"; the thresholds are judgement:
 *              judge/STATISTICS.md 6.5
 */
bool diagnosis_runs_away(const int64_t wal[], const int64_t database[], size_t n,
                         int64_t page_bytes);

/*
 * diagnosis_forbids - the item that makes this claim at this batch size invalid, or NULL
 *
 * Steal forbids claims with a limit in time; a ratio of neighbours shares it. Throttling, a coarse
 * clock, sleep, an impossible speed and another plan forbid every measured claim. Counted claims
 * (corruption, failure) are never forbidden: what was seen was seen.
 */
const struct diagnosis_item *diagnosis_forbids(const struct diagnosis *diagnosis,
                                               const struct scenario_claim *claim, int value);

#endif
