/* dependence - how many independent samples are these worth? The variance inflation tau.
 *
 * Samples in the order of measurement, any unit: everything here looks at ranks and indicators, so
 * +infinity (a failed cycle) is one more rank and NaN is taken as +infinity. Normal use:
 * stats_measure_dependence, then .tau into stats_p_support, stats_p_refute and the bounds.
 */
#ifndef JUDGE_STATS_DEPENDENCE_H
#define JUDGE_STATS_DEPENDENCE_H

#include <stdbool.h>
#include <stddef.h>

#define STATS_LEAST_BLOCKS 5 /* with fewer a verdict holds for this sitting only */

/*
 * stats_mid_ranks - 1 for the smallest; ties share the mean of their ranks
 *
 * out    : shape [n], ranks 1 .. n in steps of 0.5; may be x itself
 * source : Spearman 1904. vector: autocorrelation_ess.json (acf_rank)
 */
void stats_mid_ranks(double out[], const double x[], size_t n);

/*
 * stats_indicator - 1 where a sample lies above the p-quantile X(k), k = ceil(n p), else 0
 *
 * Where X(k) is +infinity itself nothing lies above it: there 1 marks the failed cycles.
 * p      : 0 .. 1; returns the count of ones
 * vector : autocorrelation_ess.json (indicator_sum)
 */
size_t stats_indicator(double out[], const double x[], size_t n, double p);

/*
 * stats_autocorrelation - rho(lag) = sum (x[i] - m)(x[i + lag] - m) / sum (x[i] - m)^2
 *
 * returns : -1 .. 1; lag 0 gives 1, a constant series or lag >= n gives 0; NaN when a sample is not
 *           finite: rank them first
 * vector  : autocorrelation_ess.json (acf_raw, acf_rank)
 */
double stats_autocorrelation(const double x[], size_t n, size_t lag);

/*
 * stats_geyer_tau - how much wider a mean of this series spreads than one of independent samples
 *
 * tau = max(1, 2 sum G(m) - 1), G(m) = rho(2m) + rho(2m + 1), made non-increasing, up to the first
 * that is not positive; lags up to n / 2, from n = 4001 on up to 1999
 * returns : 1 .. n; 1 for a constant series; NaN when a sample is not finite
 * source  : Geyer 1992, initial monotone positive sequence. vector: autocorrelation_ess.json
 */
double stats_geyer_tau(const double x[], size_t n);

/*
 * stats_design_effect - the variance of the mean seen between blocks over the one expected within
 *
 * d = G / (G - 1) sum (T(g) - m(g) mean)^2 / n^2 / naive
 * sizes   : shape [blocks], samples of each consecutive block, n in all
 * naive   : variance of the mean if samples were independent; 0 gives 0
 * returns : >= 0; NaN below STATS_LEAST_BLOCKS blocks or when sizes do not add up to n
 * source  : Kish 1965; judge/STATISTICS.md 2.3. vector: autocorrelation_ess.json (deff_*)
 */
double stats_design_effect(const double y[], size_t n, const size_t sizes[], size_t blocks,
                           double naive);

/* What stats_measure_dependence found. Plain value, zero means nothing: tau is never below 1. */
struct stats_dependence {
    size_t n, blocks;
    double r1_rank, r1_indicator;     /* lag-1 autocorrelations */
    bool gate;                        /* one of them is too large for chance: believe tau_geyer */
    double tau_geyer;                 /* of the indicator */
    double deff_indicator, deff_rank; /* NaN without enough blocks */
    bool clustered;                   /* blocks differ by more than chance */
    double tau;                       /* >= 1, the one to use */
};

/*
 * stats_measure_dependence - the final rule
 *
 * gate      = rho_1(ranks) > 1.6449 / sqrt(n) or rho_1(indicator) > 2 / sqrt(n)
 * clustered = max(deff_*) > chi2inv(.90, G - 1) / (G - 1)
 * tau       = max(1, gate ? tau_geyer, clustered ? deff_indicator (t(.95, G - 1) / 1.6449)^2)
 * p         : the claimed quantile, 0.5 for a median of ratios
 * sizes     : as in stats_design_effect; NULL with blocks 0 when there are none
 * source    : judge/STATISTICS.md 2.3 with its simulations. vectors: autocorrelation_ess.json and
 *             the tau of paired_ratio.json
 */
struct stats_dependence stats_measure_dependence(const double x[], size_t n, double p,
                                                 const size_t sizes[], size_t blocks);

#endif
