/* history - every complete run of one scenario on one class of machine, in time: where did the
 * level change, and has somebody said that it may?
 *
 * Normal use: history_load, look at the series and their steps, history_release. The gate asks
 * history_ask. A run is one sitting: with its median it is one point, however many
 * cycles it had, because two sittings of the same program differ by more than their cycles tell
 * (judge/STATISTICS.md 6.2).
 */
#ifndef TREND_HISTORY_HISTORY_H
#define TREND_HISTORY_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "judge/stats/stats.h"
#include "results/results.h"
#include "scenario/identity.h"

#define HISTORY_LEAST_N     5   /* counted cycles; fewer leave a median without bounds */
#define HISTORY_MOST_POINTS 300 /* the newest: steps are sought among them */
#define HISTORY_LEAST_RUNS  6   /* two segments of STATS_CHANGE_SEGMENT */
#define HISTORY_NEAR        2   /* runs between an accepted one and the step it accepts */
#define HISTORY_SEED        1   /* of the permutations: the same history gives the same answer */

/* One stored run. Strings belong to the history. */
struct history_run {
    int64_t id, started_wall_ns;
    char *version;       /* of spawnbench */
    char *commit;        /* that was checked out where it ran, "" when none */
    size_t words[4];     /* claims by enum verdict_word, as they were told at its end */
    int64_t findings;    /* of integrity and of conduct */
    bool accepted;       /* somebody accepted it as the beginning of a known step */
    char *accepted_note; /* why, or "" */
};

/* What one run says of one series. Plain value. */
struct history_point {
    size_t run;                 /* index into the runs of the history */
    size_t n, failed;           /* counted cycles, and those of them that failed */
    double median, p95, tau;    /* in the unit of the metric; NaN when nothing is known */
    struct stats_bounds bounds; /* of the median, 95 % each, widened by tau */
    bool counted; /* steps are sought among these: HISTORY_LEAST_N cycles, a median above 0 */
};

/* A place where the level changed. Plain value. */
struct history_step {
    size_t at;            /* index of the first point behind it */
    double before, after; /* levels: geometric means of the medians on either side */
    double p;             /* by permutation, see judge/stats/change.h */
    bool blocked;         /* blocks were permuted: neighbouring runs are alike */
    bool alarm;           /* p <= STATS_CHANGE_ALARM; else only a mark */
    bool worse;           /* up, and for throughput down */
    int64_t accepted;     /* the run that was accepted within HISTORY_NEAR runs of it; 0: none */
    /* alarm, worse, not accepted, and the level has not come back:
     * it is still nearer the one after than the one before */
    bool open;
};

/* One arm at one batch size, oldest run first. Owned by the history. */
struct history_series {
    char arm[65];
    size_t batch_size;
    struct history_point *points;
    size_t count;
    struct history_step *steps; /* by place */
    size_t step_count;
    size_t unsearched; /* older points than the HISTORY_MOST_POINTS that were looked at */
};

/* Which history. Plain value, borrowed for the call. */
struct history_wanted {
    const char *scenario; /* its name */
    const char *machine;  /* as scenario_machine_class tells it */
    enum scenario_metric metric;
    const char *arm; /* NULL: all */
    int64_t until;   /* up to this run; 0: all */
};

/* Owned: history_release. Zero is empty. */
struct history {
    char *scenario;
    char machine[SCENARIO_ID_BYTES];
    char option[RESULTS_OPTION_BYTES]; /* of the store, for commands that are suggested */
    enum scenario_metric metric;
    struct history_run *runs; /* oldest first */
    size_t run_count;
    struct history_series *series; /* by arm as the newest run has them, then by batch size */
    size_t series_count;
    /* Runs of this scenario that are not in it, each for one reason: */
    size_t partial;         /* not ended */
    size_t other_machines;  /* of another class */
    char others[160];       /* their classes, "3f2a.. (2 runs), ..." */
    size_t other_questions; /* scenario_question is not the newest's */
};

/*
 * history_load - read it, find its steps, look which were accepted
 *
 * source : E-divisive on the logarithms of the medians, segments of 3 runs at least, permutation p,
 *          block permutation where neighbours are alike: judge/STATISTICS.md 6.3
 * errors : those of the store; no run at all is no error
 */
int history_load(struct history *out, struct results *store, const struct history_wanted *wanted,
                 struct err *err);
void history_release(struct history *history);

/* history_open - steps that are open, over all series */
size_t history_open(const struct history *history);

/*
 * history_accept - acknowledge that a run begins a known step
 *
 * Speaks for every series of its scenario, for ever; the store keeps it as a document.
 * note   : why, or ""
 * errors : ERR_UNFIT no such run; ERR_USAGE it is not complete, or the note is too long
 */
int history_accept(struct results *store, int64_t run, const char *note, struct err *err);

/* What the history says of its newest segment. Plain value. */
struct history_answer {
    size_t runs; /* in it */
    bool enough; /* steps could have been found: two segments' worth of runs */
    /* series whose newest segment stands on a step for the worse that nobody accepted */
    size_t open;
    char text[1600]; /* one sentence about the worst of them; or why nothing can be said */
};

/*
 * history_ask - is the newest segment a step for the worse that nobody accepted?
 *
 * wanted : which history; `until` the run that is asked about, which must then be in it, or 0
 * errors : those of the store
 */
int history_ask(struct history_answer *out, struct results *store,
                const struct history_wanted *wanted, struct err *err);

#endif
