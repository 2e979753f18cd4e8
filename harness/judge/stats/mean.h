/* mean - the test behind a claim about a mean, for cycles that may depend on each other.
 *
 * No test of a mean is valid for every distribution (Bahadur and Savage 1956): one cycle in a
 * thousand that takes a thousand times as long doubles the mean and is seldom seen. This one is
 * good for the noise that reports/statistics.md names. Prefer a claim about a quantile.
 */
#ifndef JUDGE_STATS_MEAN_H
#define JUDGE_STATS_MEAN_H

#include <stdbool.h>
#include <stddef.h>

/* What the samples say about their mean. Plain value. */
struct stats_mean_test {
    bool defined;        /* false: too few blocks, bounds infinite, p 1 */
    double mean;         /* unit of the samples; +infinity with a failed cycle; NaN when n is 0 */
    double lower, upper; /* one-sided bounds at alpha_lower, alpha_upper */
    double p_support;    /* of "mean > limit" against the claim "mean <= limit" */
    double p_refute;     /* of "mean <= limit" */
    double tau;          /* >= 1: variance of the mean over that of independent samples */
};

/*
 * stats_test_mean - is the mean at most `limit`?
 *
 * Block means, their variance widened for blocks that depend on each other, and Student's t after
 * Hall's transformation, which takes the skewness out. Supported at alpha_upper exactly when upper
 * <= limit, refuted at alpha_lower exactly when lower > limit.
 *
 * x      : in the order of measurement, any unit; +infinity is a failed cycle: it makes the mean
 *          and both its bounds infinite, so that no finite limit is supported; NaN counts as failed
 * sizes  : samples of each consecutive block, n in all; when there are fewer than 5 or they do not
 *          add up, blocks of 5 are made
 * alpha_ : one-sided levels of the bounds, between 0 and 1
 * source : Johnson 1978; Hall 1992, removal of skewness by transformation; Kiefer and Vogelsang
 *          2005 for the widening; simulated in study/simulate
 */
struct stats_mean_test stats_test_mean(const double x[], size_t n, const size_t sizes[],
                                       size_t blocks, double limit, double alpha_lower,
                                       double alpha_upper);

#endif
