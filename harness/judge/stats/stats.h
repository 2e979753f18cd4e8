/* stats - samples to estimates with their doubt; GSL does the arithmetic.
 *
 * Samples are doubles, in ns or as plain ratios; +infinity stands for a failed cycle (infinitely
 * slow, never dropped). NaN is taken for one by stats_sort and stats_ratios; sorted samples hold
 * none. Every function is defined for n = 0 (answers NaN or "no bound"). tau >= 1 is the variance
 * inflation for dependent samples: that of robust.h for a verdict, 1 where they are independent.
 */
#ifndef JUDGE_STATS_STATS_H
#define JUDGE_STATS_STATS_H

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

/* stats_sort - ascending, infinities last; NaN becomes +infinity, -0 becomes 0. Done once: most
 * functions below want sorted samples. Linear in n; takes two more doubles per sample. */
void stats_sort(double samples[], size_t n);

/* stats_sorted_copy - as stats_sort makes it, never NULL; the caller frees it */
double *stats_sorted_copy(const double samples[], size_t n);

/* stats_block_sizes - how many of n samples stand in each block, blocks[i] being that of sample i;
 * *count: the number of blocks; the caller frees it */
size_t *stats_block_sizes(const int blocks[], size_t n, size_t *count);

/*
 * stats_summarise - all of struct stats_summary
 *
 * formula : sum x / n; sqrt(sum (x - mean)^2 / (n - 1)), two passes; type-7 quantiles
 * sorted  : ascending, n >= 0, any unit, which is that of the answers
 * returns : all figures NaN when n is 0
 * source  : judge/STATISTICS.md 10 (no sums of squares); quantiles as stats_quantile
 * vector  : descriptive.json
 */
struct stats_summary stats_summarise(const double sorted[], size_t n);

/*
 * stats_quantile - type-7 quantile: the point estimate that is printed
 *
 * formula : h = (n - 1) p, i = floor(h): x[i] + (h - i) (x[i + 1] - x[i]), 0-based
 * sorted  : ascending, n >= 0; p: 0 .. 1
 * returns : unit of the samples; NaN when n is 0 or p is outside; +infinity where failed cycles
 *           reach down to p
 * source  : Hyndman and Fan 1996, definition 7. vector: descriptive.json
 */
double stats_quantile(const double sorted[], size_t n, double p);

/*
 * stats_p_support, stats_p_refute - how surprising `bad` bad ones of n are at the claim's boundary
 *
 * formula : support I_p((n - bad) / tau, bad / tau + 1), 1 when bad is n;
 *           refute I_(1-p)(bad / tau, (n - bad) / tau + 1), 1 when bad is 0
 * p       : the claimed quantile (0.95), 0.5 for a median; a bad one has probability 1 - p there
 * returns : 0 .. 1: P(Bin(n, 1 - p) <= bad) and P(Bin >= bad), generalised to tau > 1; both 1 when
 *           n is 0; NaN, which is below no level, when bad > n, p is outside 0 .. 1 or tau is not
 *           positive and finite
 * source  : Korn and Graubard 1998; judge/STATISTICS.md 2.1. vector: claim_test.json
 */
double stats_p_support(size_t bad, size_t n, double p, double tau);
double stats_p_refute(size_t bad, size_t n, double p, double tau);

/*
 * stats_order_statistic - the sample X(k), k = ceil(n p - 1e-9), 1-based and at least 1
 *
 * sorted  : ascending, n >= 0; p: 0 .. 1
 * returns : the smallest sample with a share p at or below it; NaN when n is 0 or p is outside
 * source  : Hyndman and Fan 1996, definition 1; judge/STATISTICS.md 2.3. vector: quantile_ci.json
 *           (point)
 */
double stats_order_statistic(const double sorted[], size_t n, double p);

/* One-sided bounds of a quantile from order statistics, each at its own level. */
struct stats_bounds {
    double lower, upper; /* -infinity and +infinity where n is too small for a bound */
    bool has_lower, has_upper;
};

/*
 * stats_quantile_bounds - exact, distribution-free
 *
 * formula : upper X(n - c), c the largest count with p_support <= alpha_upper;
 *           lower X(n - c + 1), c the smallest with p_refute <= alpha_lower; 1-based
 * alpha_  : one-sided levels; the bounds agree exactly with the tests at the same levels
 * returns : unit of the samples; an upper bound of +infinity with has_upper is a failed cycle
 * source  : Hahn and Meeker 1991, 5.2; judge/STATISTICS.md 2.1
 * vectors : quantile_ranks.json, quantile_ci.json
 */
struct stats_bounds stats_quantile_bounds(const double sorted[], size_t n, double p, double tau,
                                          double alpha_lower, double alpha_upper);

/*
 * stats_median_bounds - the same for the median of paired ratios
 *
 * formula : lower X(c + 1), upper X(n - c), c the largest count with p_support <= the level, p 0.5
 * source  : sign test, Hahn and Meeker 1991; judge/STATISTICS.md 2.1. vector: paired_ratio.json
 */
struct stats_bounds stats_median_bounds(const double sorted[], size_t n, double tau,
                                        double alpha_lower, double alpha_upper);

/*
 * stats_minimum_n - smallest n with any upper bound on the p-quantile at alpha: p^n <= alpha
 *
 * p, alpha : 0 .. 1; p95 at 0.05 gives 59
 * returns  : 1 or more; SIZE_MAX when no number of cycles is enough (p >= 1, alpha <= 0, NaN)
 * source   : judge/STATISTICS.md 2.2. vector: quantile_min_n.json
 */
size_t stats_minimum_n(double p, double alpha);

/*
 * stats_ratios - per-pair ratios slow[i] / fast[i]
 *
 * A pair in which only the fast arm failed (+infinity or NaN) gives 0 (the worst for the claim),
 * only the slow one +infinity, both: 0. Pairs in which a duration is not positive give 0.
 * out    : 0 .. +infinity, no unit; may be slow or fast itself
 * source : judge/STATISTICS.md 4. vector: paired_ratio.json (median_ratio)
 */
void stats_ratios(double out[], const double slow[], const double fast[], size_t n);

/*
 * stats_rate_lower, stats_rate_upper - exact one-sided bounds of a rate: count of n were seen
 *
 * formula    : lower BetaInv(1 - confidence; count, n - count + 1), 0 when count is 0; upper
 *              BetaInv(confidence; count + 1, n - count), 1 when count is n
 * confidence : of each bound, 0 .. 1, e.g. 0.95
 * returns    : 0 .. 1; 0 and 1 when n is 0; count above n is taken as n; NaN when confidence is
 *              outside 0 .. 1
 * source     : Clopper and Pearson 1934. vector: clopper_pearson.json
 */
double stats_rate_lower(size_t count, size_t n, double confidence);
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
 *          judge/STATISTICS.md 5
 * vector : group_sequential.json
 */
void stats_plan_looks(struct stats_plan *out, const int n[], size_t looks, double p, double alpha);

/* What a plan will do before it has been run. Plain value. */
struct stats_power {
    /* probability to end with this verdict at any look; the rest of 1 is inconclusive */
    double support, refute;
    double mean_n; /* expected cycles: the run ends at the first look that decides */
};

/*
 * stats_plan_power - exact chances of a plan when the true share of bad cycles is known
 *
 * plan      : from stats_plan_looks; n: the same looks, ascending
 * bad_share : 0 .. 1, of independent cycles (tau = 1): dependence costs power, so this is the most
 * returns   : both sides stop the run, so support + refute <= 1 and n[0] <= mean_n <= the last n;
 *             NaN when bad_share is outside 0 .. 1 or there is no look
 * source    : exact recursion on the binomial path, judge/STATISTICS.md 5
 * example   : p = 0.95, looks 100, 200, 400, bad_share 0.02: support 0.94, mean_n 297
 */
struct stats_power stats_plan_power(const struct stats_plan *plan, const int n[], double bad_share);

/*
 * stats_cycles_needed - how many cycles until a single look supports a true claim often enough?
 *
 * p         : claimed quantile; bad_share: true share of bad cycles, 0 .. 1; power: 0 .. 1, the
 *             chance wanted; alpha: of the test, 0.05
 * returns   : smallest n with at least this power. Power falls a little between the n at which one
 *             more bad cycle is allowed, so a slightly larger n may have less; 0 when bad_share is
 *             1 - p or more (no n helps), when more than a million cycles would be needed or when
 *             an argument is outside its range
 * source    : exact binomial, judge/STATISTICS.md 2.2
 * example   : p = 0.95, alpha = 0.05, no bad cycles at all: 59
 */
size_t stats_cycles_needed(double p, double bad_share, double power, double alpha);

#endif
