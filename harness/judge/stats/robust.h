/* robust - tau for runs whose cycles follow each other without a pause.
 *
 * stats_measure_dependence is right on average, but its tau comes from the same few samples and is
 * now and then far too small; a slow wave that the run has seen two or three times is then taken
 * for a difference. stats_robust_tau pays for that doubt. reports/statistics.md has both beside
 * each other.
 */
#ifndef JUDGE_STATS_ROBUST_H
#define JUDGE_STATS_ROBUST_H

#include <stddef.h>

/*
 * stats_wide_tau - the variance of windows over that of single values, with what its doubt costs
 *
 * formula : sum over both signs of lags below `window` of (1 - |lag| / window) rho(lag), times
 *           (cv(b) / cv(0))^2, b = window / n
 * y       : finite, any unit
 * window  : 1 .. n, taken into this range
 * returns : > 0; 1 for a constant or empty series
 * source  : Bartlett window; Kiefer and Vogelsang 2005, table 1, one-sided 95 %
 */
double stats_wide_tau(const double y[], size_t n, size_t window);

/*
 * stats_robust_tau - the variance inflation to use for a verdict
 *
 * Three figures, the largest counts:
 *
 * old  : stats_measure_dependence(...).tau
 *
 * wide : stats_wide_tau of the indicator (above the p-quantile or not), windows of
 *        min(n / 5, 3 sqrt(n)) cycles
 *
 * long : Geyer's sum up to its last lag M; s = (2 M + 1) / n, at most 1/2; divided by 1 - s for its
 *        bias and multiplied by (t(.95, 1 / s) / z)^2 for its doubt; only up to n = 4000
 *
 * wide and long count where the gate of the old rule is open, or where the rarer side of the
 * quantile has 40 cycles or more (a median from n = 80 on): there dependence too weak for the gate
 * still does harm, and looking costs little.
 *
 * x, n, p, sizes, blocks : as for stats_measure_dependence
 * returns : >= the old tau; may be above n, then nothing can be decided
 * source  : Kiefer and Vogelsang 2005 (fixed-b, Bartlett window); Geyer 1992; Priestley 1981, 6.2;
 *           simulated in study/simulate
 */
double stats_robust_tau(const double x[], size_t n, double p, const size_t sizes[], size_t blocks);

/*
 * stats_stern_tau - the same for a verdict that may be wrong in alpha of all cases, fewer than 5 %
 *
 * The further out the bound, the more the doubt about tau itself costs: `wide` takes the row of
 * Kiefer and Vogelsang for 5, 2.5 or 1 % and `long` t(1 - alpha), both from 20 cycles on the rarer
 * side on.
 * alpha   : 0 < alpha < 0.5; the table of `wide` ends at 1 %
 * returns : >= stats_robust_tau for alpha <= 0.05
 * source  : as above; simulated in study/trials: a candidate that noise of autocorrelation 0.9 hits
 *           twice as hard, contiguous, was falsely called a regression in 5.5 %, now in 2.4 %
 */
double stats_stern_tau(const double x[], size_t n, double p, const size_t sizes[], size_t blocks,
                       double alpha);

/*
 * stats_quantile_beside_heap - the quantile to ask stats_robust_tau about, p or one near it
 *
 * Where a heap of equal samples stands at X(k), next to nothing lies above it and the indicator is
 * blind, however the heap is arranged. Then the quantile just below the heap is looked at.
 * returns : p where there is no such heap, and when n is 0
 */
double stats_quantile_beside_heap(const double values[], size_t n, double p);

#endif
