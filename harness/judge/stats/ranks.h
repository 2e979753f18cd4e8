/* ranks - how often is a sample of one series below one of another, asked of their order alone?
 *
 * Normal use: stats_estimate_order; the test is its middle, apart so that vectors can check it.
 * Samples in any order; +infinity (a failed cycle) is the largest value and ties with its like.
 * Time is n log n, memory two doubles per sample: the pairs are never made.
 */
#ifndef JUDGE_STATS_RANKS_H
#define JUDGE_STATS_RANKS_H

#include <stdbool.h>
#include <stddef.h>

/* Plain value. */
struct stats_brunner_munzel {
    bool defined;      /* false: error, statistic and degrees are NaN */
    double p_x_less_y; /* estimate of P(X < Y) + P(X = Y) / 2; NaN when m or n is 0 */
    double error;      /* its standard error; NaN: not defined */
    double statistic;  /* above 0 when y tends to be larger */
    double degrees;    /* of freedom, Satterthwaite, not an integer */
};

/*
 * stats_test_brunner_munzel - does one series tend to be smaller? Their spreads may differ
 *
 * formula : W = m n (mean rank y - mean rank x) / (N sqrt(m S_x + n S_y)); S: variance of the
 *           pooled less the own mid-ranks
 * x, y    : any unit, the same for both; m, n >= 0
 * returns : defined false when m or n < 2, a NaN is among them, or the variance is zero (complete
 *           separation, constants): p_x_less_y still says which
 * source  : Brunner and Munzel 2000
 * vector  : brunner_munzel.json
 */
struct stats_brunner_munzel stats_test_brunner_munzel(const double x[], size_t m, const double y[],
                                                      size_t n);

/* How often X < Y, with its doubt. Plain value. */
struct stats_order {
    bool defined;        /* false: no samples or a NaN among them; all figures are NaN */
    double share;        /* estimate of P(X < Y) + P(X = Y) / 2 */
    double lower, upper; /* one-sided bounds, 0 .. 1 */
    bool separated; /* no sample of one series reaches the other: share and one bound are 0 or 1 */
};

/*
 * stats_estimate_order - P(X < Y) + P(X = Y) / 2 with one-sided bounds
 *
 * formula : logit(share) +- t(1 - alpha; degrees / tau) error sqrt(tau) / (share (1 - share))
 *           with the error and degrees of Brunner and Munzel. Their normal approximation fails
 *           where few samples of a series lie among the other's: with fewer than 20 tau of them,
 *           and without variance, the bounds are those of Clopper and Pearson for min(m, n) / tau
 *           trials, since the variance of the share is at most that of a binomial (van Dantzig
 *           1951; Birnbaum and Klose 1957). So complete separation has the lower bound
 *           alpha^(tau / min(m, n)).
 * x, y    : any unit, the same for both, drawn independently of each other; +infinity allowed
 * tau     : >= 1, variance inflation for neighbours that resemble each other
 * alpha   : of each bound, 0.05
 * source  : Brunner and Munzel 2000; range-preserving intervals: Konietschke and others 2012.
 *           Simulated, X normal and Y normal with 1 or 3 times its spread, 20 to 400 samples, share
 *           0.5 to 0.999: each bound holds in 93 to 100 % of 1500
 * vector  : brunner_munzel.json (p_x_less_y, statistic)
 */
struct stats_order stats_estimate_order(const double x[], size_t m, const double y[], size_t n,
                                        double tau, double alpha);

#endif
