/* anomalies - may these samples be judged at all? Drift, outliers, two modes.
 *
 * Each answers with a plain value whose `defined` says whether there was enough to look at; where
 * it is false no flag is raised and figures that have no value are NaN. Samples in any unit;
 * +infinity is a failed cycle, NaN is taken as +infinity. Nothing is ever removed from the samples.
 */
#ifndef JUDGE_STATS_ANOMALIES_H
#define JUDGE_STATS_ANOMALIES_H

#include <stdbool.h>
#include <stddef.h>

#define STATS_DRIFT_BLOCKS 10

/* Does the level move during the run? Plain value. */
struct stats_drift {
    bool defined; /* n >= 10 and all block medians above 0 */
    double block_medians[STATS_DRIFT_BLOCKS];
    int s;    /* Mann-Kendall: pairs of blocks that rise less those that fall, -45 .. 45 */
    double p; /* two-sided; 1 when not defined */
    double total_change; /* over the run: 0.2 is 20 % slower at the end; > -1; NaN: not defined */
    bool flag;           /* p < 0.01 and |total_change| >= 0.05 */
};

/*
 * stats_find_drift - Mann-Kendall and Theil-Sen on the medians of 10 consecutive blocks
 *
 * p     = min(1, 2 (1 - Phi(max(|S| - 1, 0) / sqrt(125))))
 * total = exp(10 b) - 1, b the median of the 45 slopes of ln median
 *
 * x      : in the order of measurement, n >= 0; blocks of n / 10, what remains is not looked at
 * source : Mann 1945, Kendall 1975, Sen 1968; judge/STATISTICS.md 6.5. vector: drift.json
 */
struct stats_drift stats_find_drift(const double x[], size_t n);

/* Median and spread of logarithms that a few wild values cannot move. Plain value. */
struct stats_log_spread {
    bool defined;  /* n >= 1, more than half are positive, more than half finite */
    double median; /* of ln x */
    double sigma;  /* MAD(ln x) / 0.67449: the standard deviation, were ln x normal; >= 0 */
};

/*
 * stats_measure_log_spread - median of ln x, median |ln x - median| / 0.67449
 *
 * x      : any order and unit, n >= 0; 0 and below count as ln = -infinity
 * source : Hampel 1974; judge/STATISTICS.md 6.1. vector: outliers_bimodality.json (sigma_log)
 */
struct stats_log_spread stats_measure_log_spread(const double x[], size_t n);

/* Samples far above the rest. Plain value. */
struct stats_outliers {
    bool defined;
    double sigma_log;   /* of struct stats_log_spread */
    double limit;       /* in the unit of x; +infinity when not defined */
    size_t severe_high; /* samples above the limit, failed cycles included */
};

/*
 * stats_find_outliers - ln x > median(ln x) + 5 sigma; where sigma is 0: x > 3 median(x)
 *
 * source : judge/STATISTICS.md 6.5. vector: outliers_bimodality.json
 */
struct stats_outliers stats_find_outliers(const double x[], size_t n);

/* Two ways the program behaves, seen as two heaps of samples. Plain value. */
struct stats_modes {
    bool defined;     /* there was something to split, and it has a spread within the parts */
    double distance;  /* D: sqrt(2) (m2 - m1) / sqrt(v1 + v2), of ln x; NaN: both variances 0 */
    double low_share; /* share of the trimmed samples in the lower mode, 0.1 .. 0.9 */
    double low, high; /* the two modes, geometric means, unit of x */
    double ratio;     /* high / low, >= 1 */
    bool flag;        /* D >= 4 and n >= 40 */
};

/*
 * stats_find_modes - the best split of the trimmed logarithms in two
 *
 * Of the n positive finite samples, sorted, those before max(1, n / 200) and from 0.975 n on are
 * left out; of all splits with 0.1 .. 0.9 below, the one with the largest k (m - k) (m2 - m1)^2.
 * Below 40 samples nothing is flagged: 4000 simulated lognormal series of n = 20, 30, 40, 50, 100
 * give D >= 4 in 18, 6, 1.5, 0.6, 0.0 % (heavy tails the same).
 * source : judge/STATISTICS.md 6.5 (Ashman, Bird and Zepf 1994 for D). vector:
 *          outliers_bimodality.json
 */
struct stats_modes stats_find_modes(const double x[], size_t n);

#endif
