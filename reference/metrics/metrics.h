/* metrics - spawn_metrics.json: how long batches and agents took, the sequential baseline beside.
 *
 * Normal use: metrics_new, metrics_add_batch and metrics_add_agent as batches succeed,
 * metrics_write at the end, metrics_free. Processes of several arms write the same file one after
 * the other: each replaces its own section and keeps the others'.
 */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

struct metrics; /* opaque */

/* Who is measured. All borrowed until metrics_free. */
struct metrics_about {
    const char *path;    /* the file; its directories are made */
    const char *spec_id; /* NULL: none */
    const char *section; /* name of the arm, "sequential" and "parallel" by default */
    const char *record;  /* "each" or "batch" */
};

struct metrics *metrics_new(const struct metrics_about *about);

/* These accept NULL, so that a spawner without metrics asks nobody. */
void metrics_set_run(struct metrics *metrics, const char *run);
void metrics_add_batch(struct metrics *metrics, int64_t duration_ns);
void metrics_add_agent(struct metrics *metrics, const char *name, int64_t duration_ns);
void metrics_free(struct metrics *metrics);

/* What waiting for other writers of the database cost; without it the file says nothing of that. */
void metrics_set_waits(struct metrics *metrics, const struct store_waits *waits);

/*
 * metrics_write - bring this section into the file
 *
 * Percentiles are definition 7 (gsl_stats_quantile_from_sorted_data), the standard deviation is the
 * sample's. Without a batch nothing is written. Writers are kept apart by a lock on the directory,
 * and a reader sees the old file or the new one.
 *
 * errors : ERR_SYSTEM; ERR_FORMAT when a file is there that is no such file (it is left alone)
 */
int metrics_write(const struct metrics *metrics, struct err *err);

#endif
