/* stats - samples to estimates with their doubt; GSL does the arithmetic.
 *
 * Samples are doubles, in ns or as plain ratios; +infinity stands for a failed cycle (infinitely
 * slow, never dropped), NaN must not occur. Every function is defined for n = 0 (answers NaN or "no
 * bound"). tau >= 1 is the variance inflation for dependent samples; this version is called with
 * tau = 1.
 */
#ifndef STATS_STATS_H
#define STATS_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATS_MOST_LOOKS 8

/* Descriptive figures of one series. Plain value. */
struct stats_summary {
    size_t n;
    size_t failed;             /* samples that are +infinity; they count in the quantiles */
    double mean;               /* over the finite samples; NaN when there are none */
    double standard_deviation; /* n - 1 divisor, finite samples; NaN below two */
    double min, median, p95, p99, max;
};

/* stats_sort - ascending, infinities last. Done once; most functions below want sorted samples. */
void stats_sort(double samples[], size_t n);

/* stats_summarise - all of struct stats_summary; sorted: ascending. vector: descriptive.json */
struct stats_summary stats_summarise(const double sorted[], size_t n);

/*
 * stats_quantile - type-7 quantile: the point estimate that is printed
 *
 * sorted  : ascending, n >= 0; p: 0 .. 1
 * returns : NaN when n is 0; +infinity where failed cycles reach down to p
 * source  : Hyndman and Fan 1996, definition 7. vector: descriptive.json
 */
double stats_quantile(const double sorted[], size_t n, double p);

/*
 * stats_p_support, stats_p_refute - how surprising `bad` bad ones of n are at the claim's boundary
 *
 * p       : the claimed quantile (0.95), 0.5 for a median; a bad one has probability 1 - p there
 * returns : P(Bin(n, 1 - p) <= bad) and P(Bin >= bad), generalised to tau > 1
 * source  : Korn and Graubard 1998; STATISTICS 2.1. vector: claim_test.json
 */
double stats_p_support(size_t bad, size_t n, double p, double tau);
double stats_p_refute(size_t bad, size_t n, double p, double tau);

/* One-sided bounds of a quantile from order statistics, each at its own level. */
struct stats_bounds {
    double lower, upper; /* -infinity and +infinity where n is too small for a bound */
    bool has_lower, has_upper;
};

/*
 * stats_quantile_bounds - exact, distribution-free
 *
 * alpha_lower, alpha_upper : one-sided levels; they agree exactly with the tests at the same levels
 * source : Hahn and Meeker 1991, 5.2; STATISTICS 2.1. vectors: quantile_ranks.json,
 * quantile_ci.json
 */
struct stats_bounds stats_quantile_bounds(const double sorted[], size_t n, double p, double tau,
                                          double alpha_lower, double alpha_upper);

/*
 * stats_median_bounds - the same for the median of paired ratios: lower X(c+1), upper X(n-c)
 *
 * vector: paired_ratio.json
 */
struct stats_bounds stats_median_bounds(const double sorted[], size_t n, double tau,
                                        double alpha_lower, double alpha_upper);

/* stats_minimum_n - smallest n with any upper bound on the p-quantile at alpha (59 for p95 at
 * 0.05). vector: quantile_min_n.json */
size_t stats_minimum_n(double p, double alpha);

/*
 * stats_ratios - per-pair ratios slow[i] / fast[i]
 *
 * A pair in which only the fast arm failed gives 0 (the worst for the claim), only the slow one
 * +infinity, both: 0. Pairs with fast[i] <= 0 give 0.
 */
void stats_ratios(double out[], const double slow[], const double fast[], size_t n);

/*
 * stats_zero_upper - upper bound of a rate of which `count` of n were seen
 *
 * confidence: one-sided, 0.95; returns 1 when n is 0. source: Clopper and Pearson 1934.
 * vector: clopper_pearson.json
 */
double stats_rate_upper(size_t count, size_t n, double confidence);

/* Boundaries of a plan with several looks. Plain value. */
struct stats_plan {
    size_t looks;
    double level_support[STATS_MOST_LOOKS]; /* compare stats_p_support with this at look k */
    double level_refute[STATS_MOST_LOOKS];
    int most_bad[STATS_MOST_LOOKS];  /* SUPPORTED when bad <= this; -1: impossible at this look */
    int least_bad[STATS_MOST_LOOKS]; /* REFUTED when bad >= this; n + 1: impossible */
};

/*
 * stats_plan_looks - exact linear alpha spending over pre-declared looks
 *
 * n      : cycles at each look, ascending; p: claimed quantile; alpha: 0.05 per side
 * source : Lan and DeMets 1983, linear spending; exact recursion on the binomial path,
 * STATISTICS 5. vector : group_sequential.json
 */
void stats_plan_looks(struct stats_plan *out, const int n[], size_t looks, double p, double alpha);

#endif
