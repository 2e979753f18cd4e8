/* baseline - stored runs with a name, small enough to be committed: what a candidate is held
 * against without running the baseline again.
 *
 * A run is one sitting. Two sittings of the same program differ by more than their cycles tell, so
 * each keeps figures of its own. Normal use: gate_baseline_make and gate_baseline_write, or
 * gate_baseline_read; gate_baseline_release.
 */
#ifndef TREND_GATE_BASELINE_H
#define TREND_GATE_BASELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "results/results.h"
#include "scenario/identity.h"

#define GATE_BASELINE_SCHEMA     "spawnbench.baseline.v1"
#define GATE_BASELINE_MOST_BYTES (16 << 20) /* of a file */
#define GATE_BASELINE_QUANTILES  6          /* 0.25 0.5 0.75 0.9 0.95 0.99 */

extern const double gate_baseline_quantiles[GATE_BASELINE_QUANTILES];

/* What one sitting says of one metric. Lower is better: throughput is ns for each agent. */
struct gate_figures {
    size_t n, failed;
    double at[GATE_BASELINE_QUANTILES]; /* ns or bytes; +infinity: that many failed */
};

/* One metric of one arm at one batch size. */
struct gate_series {
    char *arm;
    size_t batch_size;
    enum scenario_metric metric;
    struct gate_figures pooled;    /* all cycles of all sittings */
    struct gate_figures *sittings; /* [sitting_count of the baseline] */
};

struct gate_sitting {
    int64_t run, started_wall_ns;
    uint64_t seed;
};

struct gate_baseline {
    char *name, *scenario, *version;  /* version of spawnbench */
    char question[SCENARIO_ID_BYTES]; /* scenario_question */
    struct scenario_machine fingerprint;
    struct gate_sitting *sittings;
    size_t sitting_count;
    struct gate_series *series;
    size_t series_count;
};

/*
 * gate_baseline_make - out of stored runs, each one sitting
 *
 * errors : ERR_UNFIT naming the run: it is partial, has findings, is of another scenario, question
 *          or machine than the first, more than GATE_MOST_FAILED_SHARE of an arm's cycles failed,
 *          or it is named twice
 */
int gate_baseline_make(struct gate_baseline *out, const char *name, struct results *store,
                       const int64_t runs[], size_t count, struct err *err);

/* gate_baseline_write - the document, with a checksum over all of it; the caller frees it */
char *gate_baseline_write(const struct gate_baseline *baseline);

/*
 * gate_baseline_read - a document, strictly
 *
 * out    : whole, or zero
 * errors : ERR_UNFIT: no JSON, another schema version, a member missing or out of its range
 *          (named), a checksum that does not fit: it was changed or damaged after it was made
 */
int gate_baseline_read(struct gate_baseline *out, const char *text, size_t length, struct err *err);

/* gate_is_file - a word with a slash or ending in .json */
bool gate_is_file(const char *which);

/*
 * gate_baseline_find - a file, the name of a saved one, or a run
 *
 * A word of gate_is_file is a file; else the newest document of that name; else a
 * stored run (a number, or the newest of a scenario).
 * store  : NULL: nothing is stored
 * errors : ERR_UNFIT, also when there is none
 */
int gate_baseline_find(struct gate_baseline *out, const char *which, struct results *store,
                       struct err *err);

/* gate_baseline_series - the series of that arm, size and metric, or NULL */
const struct gate_series *gate_baseline_series(const struct gate_baseline *baseline,
                                               const char *arm, size_t batch_size,
                                               enum scenario_metric metric);

/* gate_baseline_place - index into gate_baseline_quantiles, or -1 */
int gate_baseline_place(double quantile);

/* gate_figures_load - of a stored run; false in *known when the metric is not known there */
int gate_figures_load(struct gate_figures *out, bool *known, struct results *store, int64_t run,
                      const struct results_which *which, struct err *err);

void gate_baseline_release(struct gate_baseline *baseline);

#endif
