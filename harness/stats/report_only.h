/* report_only - well-known estimates that are printed for comparison and never judged by
 *
 * They are driven by single slow cycles (judge/STATISTICS.md 2.1 and 4), which is why the verdicts
 * use the type-7 quantile and the median of ratios instead.
 */
#ifndef STATS_REPORT_ONLY_H
#define STATS_REPORT_ONLY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * stats_smooth_quantile - Harrell-Davis quantile: a weighted mean of all order statistics
 *
 * formula : sum w_i x_(i), w_i = I_{i/n}(a, b) - I_{(i-1)/n}(a, b), a = (n + 1) p,
 *           b = (n + 1)(1 - p)
 * sorted  : ascending, n >= 0; p: 0 .. 1, at 0 and 1 the minimum and the maximum
 * returns : the unit of the samples; NaN when n is 0, p is outside or a NaN is among the samples;
 *           +infinity when failed cycles weigh more than 1e-12 together, else they are left out
 * source  : Harrell and Davis 1982
 * vector  : harrell_davis.json
 */
double stats_smooth_quantile(const double sorted[], size_t n, double p);

/* The rest of what a textbook tells of one series. Plain value;
 * each NaN where it is not defined. */
struct stats_textbook {
    double mad;            /* median |x - median|, unit of x, >= 0; +infinity: half failed */
    double mad_scaled;     /* mad / 0.67449: the standard deviation, were x normal */
    double cv;             /* standard deviation / mean, no unit; n >= 2, mean not 0 */
    double geometric_mean; /* exp(mean ln x), unit of x; all samples > 0 */
};

/*
 * stats_describe - spread and geometric mean; mean and deviation are in stats_summarise
 *
 * sorted  : ascending, n >= 0; all NaN when n is 0 or the median is not finite
 * returns : mad counts failed cycles (+infinity); cv and geometric_mean are NaN where one is among
 *           the samples
 * source  : Hampel 1974 for the median absolute deviation
 * vector  : descriptive.json, paired_ratio.json (geomean_ratio)
 */
struct stats_textbook stats_describe(const double sorted[], size_t n);

/* Ratio of two means with Fieller's bounds. Plain value, no unit. */
struct stats_ratio_of_means {
    bool defined;        /* false: n is 0, a sample is not finite, mean(b) is 0: ratio is NaN */
    double ratio;        /* mean(a) / mean(b) */
    bool bounded;        /* false: n < 2, or mean(b) is not clearly away from zero */
    double lower, upper; /* each one-sided; -+infinity when not bounded */
};

/*
 * stats_bound_ratio_of_means - mean(a) / mean(b) of pairs, with bounds
 *
 * formula    : t = t_{confidence, n-1}; A = mb^2 - t^2 vb, B = ma mb - t^2 cab,
 *              C = ma^2 - t^2 va, v and c divided by n; bounds (B -+ sqrt(B^2 - A C)) / A; none
 *              when A <= 0 or B^2 < A C
 * a, b       : cycle i of both arms, shape [n], n >= 0
 * confidence : one-sided, 0.95; 0.5 .. 1, outside there are no bounds
 * returns    : failed cycles (+infinity) are no means: defined false
 * source     : Fieller 1954. Under-covers by 11 to 13 points on spiky data
 * vector     : ratio_of_means_fieller.json
 */
struct stats_ratio_of_means stats_bound_ratio_of_means(const double a[], const double b[], size_t n,
                                                       double confidence);

#endif
