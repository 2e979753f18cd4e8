/* bootstrap - how much an estimate moves when the sample is drawn again from itself
 *
 * For reports, never for verdicts: as bounds of p95 these cover 60 to 94 % instead of 95
 * (judge/STATISTICS.md 3). Normal use: the _random form with a seeded generator (gsl_rng_mt19937,
 * the seed printed) and STATS_REPLICATES; the other form takes the draws as they are. +infinity (a
 * failed cycle) is allowed and makes a bound infinite where it reaches; NaN and -infinity are
 * refused.
 */
#ifndef STATS_BOOTSTRAP_H
#define STATS_BOOTSTRAP_H

#include <gsl/gsl_rng.h>
#include <stdbool.h>
#include <stddef.h>

#define STATS_REPLICATES 1999

/* What is estimated: the mean, or the type-7 quantile at p. Zero is the minimum. */
struct stats_statistic {
    bool mean;
    double p; /* 0 .. 1; 0.5 is the median; not read for the mean */
};

/* Plain value; bounds in the unit of the samples. */
struct stats_bca {
    bool defined;    /* false: n < 2, no replicates, NaN or -infinity; the bounds are NaN */
    double estimate; /* of the sample itself; NaN when n is 0 or samples are refused */
    double percentile_lower, percentile_upper;
    bool has_bca; /* false: a failed cycle or extreme skewness leaves no BCa; the rest is NaN */
    double z0;    /* bias correction */
    double acceleration;             /* from the jackknife; 0 when all leave-one-outs agree */
    double level_lower, level_upper; /* the quantiles of the replicates that are the bounds */
    double bca_lower, bca_upper;
};

/*
 * stats_bootstrap - percentile and BCa interval on given resamples
 *
 * formula    : z0 = PhiInv((#{t* < t} + #{t* = t} / 2) / B), argument within 0.5/B .. 1 - 0.5/B;
 *              a = sum (jm - j_i)^3 / (6 (sum (jm - j_i)^2)^1.5);
 *              level = Phi(z0 + (z0 + z) / (1 - a (z0 + z)))
 * x          : any order, n >= 0
 * confidence : two-sided, 0.9 for bounds at 5 % each
 * indices    : 0 .. n - 1, shape [replicates][n]
 * source     : Efron 1987
 * vector     : bca_bootstrap.json
 */
struct stats_bca stats_bootstrap(const double x[], size_t n, struct stats_statistic statistic,
                                 double confidence, const size_t indices[], size_t replicates);

/* stats_bootstrap_random - the same with n draws per replicate from rng, taken in order */
struct stats_bca stats_bootstrap_random(const double x[], size_t n,
                                        struct stats_statistic statistic, double confidence,
                                        size_t replicates, gsl_rng *rng);

/* Two ratios of paired series, each with percentile bounds. Plain value, no unit. */
struct stats_paired_bootstrap {
    bool defined; /* false: n < 2, block 0, no replicates, NaN or -infinity; all is NaN */
    double ratio_of_medians, ratio_of_medians_lower, ratio_of_medians_upper;
    double median_ratio, median_ratio_lower, median_ratio_upper;
};

/*
 * stats_bootstrap_blocks - circular moving-block bootstrap of pairs, for dependent cycles
 *
 * formula    : blocks start .. start + block - 1 (modulo n) one after the other, cut at n; bounds
 *              are type-7 quantiles of the replicates
 * a, b       : slow and fast arm of cycle i, shape [n]; ratios as by stats_ratios: 0 where the fast
 *              arm failed
 * confidence : two-sided
 * block      : pairs per block, 1 .. n (1: pairs drawn one by one; longer ones are cut)
 * starts     : 0 .. n - 1, shape [replicates][ceil(n / block)]
 * source     : Kuensch 1989; Politis and Romano 1992 (circular)
 * vector     : block_bootstrap.json
 */
struct stats_paired_bootstrap stats_bootstrap_blocks(const double a[], const double b[], size_t n,
                                                     double confidence, size_t block,
                                                     const size_t starts[], size_t replicates);

/* stats_bootstrap_blocks_random - the same with ceil(n / block) starts per replicate from rng */
struct stats_paired_bootstrap stats_bootstrap_blocks_random(const double a[], const double b[],
                                                            size_t n, double confidence,
                                                            size_t block, size_t replicates,
                                                            gsl_rng *rng);

#endif
