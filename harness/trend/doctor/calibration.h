/* calibration - how fine a difference can this machine resolve? A/A sittings, judged by the gate.
 *
 * The same program against itself has no regression: whatever the gate sees in it is noise. Normal
 * use: zero a struct calibration, calibration_add for each metric of each sitting (all of them gate
 * the same number of pairs), calibration_finish, print its rows or calibration_write them,
 * calibration_release; calibrate_run does that with real processes, and prints nothing. A stored
 * one comes back by calibration_read.
 *
 * source: judge/STATISTICS.md 6.4
 */
#ifndef TREND_DOCTOR_CALIBRATION_H
#define TREND_DOCTOR_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "judge/gate_rule.h"
#include "runner/runner.h"
#include "scenario/identity.h"

#define CALIBRATION_SCHEMA         "spawnbench.calibration.v1"
#define CALIBRATION_LEAST_SITTINGS 5   /* fewer say nothing of a rare false alarm */
#define CALIBRATION_SPREAD         1.3 /* estimates may spread this much wider than expected */
#define CALIBRATION_SIZES          4   /* pairs: 50, 100, 200, 400 */
#define CALIBRATION_CHANGES        4   /* 1, 2, 5, 10 % */

extern const size_t calibration_sizes[CALIBRATION_SIZES];
extern const double calibration_changes[CALIBRATION_CHANGES];

/* One metric at one batch size and quantile. Changes are shares: 0.02 is 2 %. */
struct calibration_row {
    enum scenario_metric metric;
    size_t batch_size;
    double quantile;           /* 0.5: the median of pairs' ratios; 0.95: p95 of each side */
    size_t gates;              /* sittings judged */
    size_t false_alarms;       /* of them the gate called a regression */
    double false_alarms_upper; /* of their true share, 95 % (Clopper and Pearson 1934) */
    double largest;            /* |change| that was seen where there is none */
    double resolution;         /* least step of the metric, as a share of it */
    double noise_floor;        /* 97.5 % quantile of |change|, at least the resolution */
    double sigma_log;          /* spread of ln ratio within a sitting, as the gate measures it */
    double tau;                /* variance inflation, with what sittings add to it; >= 1 */
    double spread; /* sd of the sittings' estimates over the expected one; NaN: none is told */
    /* smallest change told from none with so many pairs;
     * +infinity: the gate cannot convict from so few */
    double resolvable[CALIBRATION_SIZES];
    double pairs[CALIBRATION_CHANGES]; /* that such a change needs; +infinity: none is enough */

    /* while sittings are added; owned */
    double *changes, *errors, *taus; /* ln ratio, its standard error, tau; shape [gates] */
};

/* A calibration. Zero is empty. Owned: calibration_release. */
struct calibration {
    char machine[SCENARIO_ID_BYTES];
    char *scenario, *arm; /* what was gated against itself */
    int64_t made_wall_ns;
    size_t sittings, pairs; /* pairs of each sitting */
    bool fit;               /* no check of the doctor found the machine unfit */
    struct calibration_row *rows;
    size_t count;
    size_t first_slower, positions; /* spawn time: the first of a pair was slower, of so many */
    double position_p;              /* two-sided sign test; below .01 position matters */
};

/*
 * calibration_add - one sitting of one metric
 *
 * metric     : both sides and their blocks; borrowed for the call
 * batch_size : agents; rows are told apart by it, the kind of metric and metric->quantile
 * A metric with a value that nobody knows is left out for good.
 */
void calibration_add(struct calibration *calibration, enum scenario_metric kind, size_t batch_size,
                     const struct gate_metric *metric);

/*
 * calibration_finish - what all sittings say together
 *
 * errors  : ERR_UNFIT fewer than CALIBRATION_LEAST_SITTINGS, or no metric is known
 * formula : noise_floor max(resolution, 97.5 % quantile of |exp(change) - 1|); sigma and
 *           tau medians over the sittings; spread sd(changes) / (sqrt(pi / 2) sigma sqrt(tau / n));
 *           tau times spread squared where spread > 1.3;
 *           resolvable exp((z(1 - GATE_ALPHA) + z(GATE_POWER)) sqrt(pi / 2) sigma sqrt(tau / n)) -
 *           1, at least the resolution. Where the gate tells no error of a sitting, the sd of the
 *           sittings stands for it
 * source  : judge/STATISTICS.md 6.1, 6.4
 */
int calibration_finish(struct calibration *calibration, struct err *err);

/* calibration_spread_wide - sittings differ by more than their pairs explain */
bool calibration_spread_wide(const struct calibration_row *row);

/* calibration_write - as a document of CALIBRATION_SCHEMA; the caller frees it */
char *calibration_write(const struct calibration *calibration);

/* calibration_read - errors: ERR_FORMAT; rows of metrics that are not known here are left out */
int calibration_read(struct calibration *out, const char *text, struct err *err);

void calibration_release(struct calibration *calibration);

/* ---- calibrate.c: the sittings, with real processes ---- */

/* How. Borrowed for the call. */
struct calibrate_how {
    struct runner_options runner; /* how each sitting is run: results, path (NULL: three agents that
                                     are ready after 5 ms), command, observer, seed of the first */
    const char *arm;              /* NULL: see gate_pick_arm */
    int sittings, pairs;
    int64_t pause_ns; /* between sittings */
    int64_t most_ns;  /* no sitting is begun that would end after it */
    /* before each sitting: how many are done, what the rest may take; or NULL */
    void (*each)(void *context, int done, int64_t left_ns);
    void *context;
};

/* How it ended. Plain value. */
struct calibrate_end {
    int code;     /* 0; what stopped it: the code of a sitting's run, 128 + n after a signal */
    int64_t run;  /* of the last sitting */
    int sittings; /* that count */
    bool late;    /* most_ns was over before all of them were done */
};

/*
 * calibrate_run - the sittings, judged and stored
 *
 * out    : whole when 0 is returned and end->code is 0, else released
 * errors : those of scenarios, gate_derive, the runner, calibration_finish and the store
 */
int calibrate_run(struct calibration *out, const struct calibrate_how *how,
                  struct calibrate_end *end, struct err *err);

#endif
