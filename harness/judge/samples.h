/* samples - what the diagnostics look at, gathered in one pass over a stored run;
 * private to this room. */
#ifndef JUDGE_SAMPLES_H
#define JUDGE_SAMPLES_H

#include "results/results.h"
#include "scenario/scenario.h"

/* Spawn times of one arm at one batch size. Owned by struct samples. */
struct samples_cell {
    int arm, value;
    double *spawn; /* by pair, ns; +infinity: failed */
    short *places; /* of each pair: 0 is first */
    size_t *sizes; /* pairs of each block */
    size_t n, blocks, failed, distinct;
    double median;
};

struct samples {
    struct samples_cell *cells; /* [arm * values + value] */
    size_t cell_count;
    /* pairs whose first cycle, against its arm's median,
     * took longer than their last; ties are left out */
    size_t first_slower, pairs_compared;
    size_t cycles;                    /* stored, warm-ups included */
    int64_t steal_ticks, total_ticks; /* sums; total 0: not known */
    int64_t pressure_us;              /* -1: not known */
    int64_t span_ns;                  /* first sent to last answered, within sittings */
    size_t throttled, throttle_known; /* cycles */
    size_t suspended;
    double resolution_ns; /* of the clock; NaN: not known */
};

int samples_load(struct samples *out, const struct scenario *scenario, struct results *store,
                 int64_t run, struct err *err);
void samples_release(struct samples *samples);

/* Pairs in which the faster arm took less than the other arm's slowest agent needed by itself. */
struct samples_bound {
    size_t n, below;
};

int samples_bound_load(struct samples_bound *out, const struct scenario_claim *claim,
                       struct results *store, int64_t run, int value, struct err *err);

#endif
