/* gate - what the gate counts with: ratios of pairs, what could be seen at all, several metrics at
 * once, stored sittings. Its rule is in judge/gate_rule.h.
 */
#ifndef JUDGE_STATS_GATE_H
#define JUDGE_STATS_GATE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * stats_gate_ratios - candidate / baseline of each pair
 *
 * A failed cycle is +infinity (or NaN): candidate alone failed gives +infinity, baseline alone 0,
 * both 1: they fail alike. Of durations that are not positive: both 1, baseline alone +infinity,
 * candidate alone 0.
 *
 * out    : 0 .. +infinity, no unit; may be candidate or baseline itself
 * source : judge/STATISTICS.md 6.1; no vector
 */
void stats_gate_ratios(double out[], const double candidate[], const double baseline[], size_t n);

/*
 * stats_detectable_change - exp((z(.95) + z(power)) sqrt(pi / 2) sigma sqrt(tau / n)) - 1
 *
 * sigma   : spread of ln ratio, >= 0; power: 0.8; alpha is 0.05 one-sided
 * returns : >= 0; +infinity when n is 0, sigma is negative, NaN or infinite, tau or power no sense
 * source  : asymptotic variance of the median; judge/STATISTICS.md 6.1; no vector
 */
double stats_detectable_change(double sigma, double tau, size_t n, double power);

/*
 * stats_pairs_needed - pairs until a true factor is told from the claimed one
 *
 * factor  : truth / claim, > 0 and not 1, e.g. 1.05; sigma, tau, power as above
 * returns : tau ((z(.95) + z(power)) sqrt(pi / 2) sigma / ln factor)^2, not rounded; +infinity when
 *           factor is 1, not positive or not finite, or sigma is negative or not finite
 * source  : judge/STATISTICS.md 4; the inverse of stats_detectable_change, no vector of its own
 */
double stats_pairs_needed(double sigma, double tau, double factor, double power);

/*
 * stats_holm - p-values adjusted for being `count` tests: reject where adjusted <= alpha
 *
 * formula: sorted ascending, adjusted(k) = max over j <= k of min(1, (count - j + 1) p(j))
 * p      : 0 .. 1, count >= 0; out: 0 .. 1, in the order of p, may be p itself; NaN counts as 1
 * source : Holm 1979; as R's p.adjust(p, "holm"). vector: holm.json
 */
void stats_holm(double out[], const double p[], size_t count);

/* A new sitting against stored ones. Plain value. */
struct stats_sitting {
    bool defined;  /* two or more stored ones, not all equal, all figures positive and finite */
    double change; /* new / geometric mean of the stored - 1 */
    double t;
    size_t freedom;  /* stored sittings - 1 */
    double p_slower; /* as slow as this by chance alone; 1 when not defined */
    double limit;    /* 95 % of new sittings stay below, unit of the medians; +infinity: no limit */
};

/*
 * stats_predict_sitting - t = (ln x - mean) / (s sqrt(1 + 1 / m)) over the logs of the medians of
 *                         m sittings
 *
 * Advises only: ten stored sittings are a sensible minimum, and the same host
 * (judge/STATISTICS.md 6.2).
 * source : prediction interval of the normal distribution. vector: session_prediction.json
 */
struct stats_sitting stats_predict_sitting(const double stored[], size_t count, double median);

#endif
