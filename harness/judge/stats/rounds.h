/* rounds - the scaling law of a sweep that was measured in rounds, and how sure it is
 *
 * One round is every batch size once, close together in time: what disturbs one size of it disturbs
 * its neighbours too. So rounds are drawn again, whole, never single cycles (those over-cover).
 * Normal use: stats_bootstrap_usl; show the parameters only where `misfit` raises no flag.
 */
#ifndef JUDGE_STATS_ROUNDS_H
#define JUDGE_STATS_ROUNDS_H

#include <gsl/gsl_rng.h>
#include <stdbool.h>
#include <stddef.h>

#include "judge/stats/scaling.h"

#define STATS_LEAST_SIZES 3 /* as many as the law has parameters */
#define STATS_REPLICATES  1999

/* A sweep. Plain value; arrays are borrowed for the call. */
struct stats_sweep {
    const double *n; /* agents, >= 1, shape [sizes]; in any order */
    /* makespans, shape [sizes][rounds]; a round with a NaN,
     * an infinity or a time <= 0 is left out whole */
    const double *time;
    size_t sizes, rounds;
};

/* The law as fitted, with two-sided percentile bounds. Plain value. */
struct stats_usl_band {
    bool defined;  /* false: fewer than 2 whole rounds or 3 different sizes; all else is NaN or 0 */
    size_t rounds; /* whole ones */
    struct stats_usl fit;       /* of the medians over the rounds */
    struct stats_misfit misfit; /* not defined with 3 sizes: nothing is left to check with */
    double t1_lower, t1_upper, sigma_lower, sigma_upper, kappa_lower, kappa_upper;
    double peak_lower, peak_upper; /* agents; +infinity where replicates have no peak */
};

/* A curve that is wanted with its band. Plain value; arrays are borrowed, shape [count]. */
struct stats_curve {
    const double *n;       /* in: agents, >= 1 */
    double *lower, *upper; /* out: makespans; NaN when the band is not defined */
    size_t count;
};

/*
 * stats_bootstrap_usl - stats_fit_usl on the medians over rounds, again for rounds drawn again
 *
 * confidence : two-sided, 0.9 for bounds at 5 % each
 * replicates : STATS_REPLICATES
 * rng        : seeded by the caller; takes one draw for each round and replicate
 * curve      : or NULL
 * source     : judge/STATISTICS.md 8; Efron 1979. No golden vector: by hand-made sweeps
 */
struct stats_usl_band stats_bootstrap_usl(const struct stats_sweep *sweep, double confidence,
                                          size_t replicates, gsl_rng *rng,
                                          const struct stats_curve *curve);

#endif
