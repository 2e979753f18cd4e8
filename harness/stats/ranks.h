/* ranks - how often is a sample of one series below one of another, asked of their order alone?
 *
 * Samples in any order; +infinity (a failed cycle) is the largest value and ties with its like.
 * Time is n log n, memory two doubles per sample: the pairs are never made.
 */
#ifndef STATS_RANKS_H
#define STATS_RANKS_H

#include <stdbool.h>
#include <stddef.h>

/* Plain value. */
struct stats_brunner_munzel {
    bool defined;       /* false: statistic, degrees and all p are NaN, not 1 */
    double p_x_less_y;  /* estimate of P(X < Y) + P(X = Y) / 2; NaN when m or n is 0 */
    double statistic;   /* above 0 when y tends to be larger */
    double degrees;     /* of freedom, Satterthwaite, not an integer */
    double p_two_sided; /* t approximation */
    double p_y_greater; /* small when y tends to be larger */
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

#endif
