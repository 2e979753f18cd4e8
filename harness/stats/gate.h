/* gate - is the candidate slower than the baseline? Pairs, three verdicts, what could be seen at
 * all.
 *
 * Normal use: run baseline and candidate in pairs of random order, stats_judge_gate; with several
 * metrics stats_holm over their p_fail. A stored baseline only advises: stats_predict_session.
 */
#ifndef STATS_GATE_H
#define STATS_GATE_H

#include <stdbool.h>
#include <stddef.h>

enum stats_gate_verdict { STATS_GATE_INCONCLUSIVE, STATS_GATE_PASS, STATS_GATE_FAIL };

/* What is asked of the gate. Plain value; arrays are borrowed for the call. */
struct stats_gate_question {
    const double *baseline, *candidate; /* shape [n], paired, lower is better, one unit */
    size_t n;
    double tolerance;          /* 0.05 allows 5 % more; >= 0, else INCONCLUSIVE and p NaN */
    const size_t *block_sizes; /* of stats_measure_dependence; NULL with blocks 0: none */
    size_t blocks;
    double alpha_pass, alpha_fail; /* 0.05 each, or the levels of this look */
};

/* The answer. Plain value. NaN where n is 0. */
struct stats_gate {
    enum stats_gate_verdict verdict;
    size_t n, bad;       /* bad: pairs in which the candidate took over 1 + tolerance */
    double change;       /* median ratio - 1; 0.03 is 3 % slower; -1 .. +infinity */
    double lower, upper; /* one-sided bounds of it at alpha_fail and alpha_pass */
    bool has_lower, has_upper;
    double tau;            /* variance inflation of the ratios, >= 1 */
    double p_pass, p_fail; /* "slower by less than tolerance", "by more": 0 .. 1 */
    double p_not_faster;   /* "not faster by more than tolerance" */
    double p_equivalent;   /* two one-sided tests: the larger of p_pass and p_not_faster */
    bool equivalent;       /* p_equivalent <= alpha_pass */
    double sigma_log;      /* spread of ln ratio; NaN: not defined */
    double detectable;     /* smallest change seen with 80 % power; +infinity: none */
    double least_fail;     /* smallest change that can be expected to FAIL */
    bool powerless;        /* detectable > tolerance */
};

/*
 * stats_gate_ratios - candidate / baseline of each pair
 *
 * A failed cycle is +infinity (or NaN): candidate alone failed gives +infinity, baseline alone 0,
 * both 1: they fail alike. Of durations that are not positive: both 1, baseline alone +infinity,
 * candidate alone 0.
 *
 * out    : 0 .. +infinity, no unit; may be candidate or baseline itself
 * source : judge/STATISTICS.md 6.1. vector: regression_gate.json (change)
 */
void stats_gate_ratios(double out[], const double candidate[], const double baseline[], size_t n);

/*
 * stats_judge_gate - PASS: slower by less than the tolerance; FAIL: by more; each proven
 *
 * bad = #{ratio > 1 + tolerance}; PASS when P(Bin(n, 1/2) <= bad) <= alpha_pass,
 * FAIL when P(Bin >= bad) <= alpha_fail, with tau as in stats_p_support
 *
 * source : sign test; equivalence by Schuirmann 1987; judge/STATISTICS.md 6.1. vector: regression_gate.json
 */
struct stats_gate stats_judge_gate(const struct stats_gate_question *question);

/*
 * stats_detectable_change - exp((z(.95) + z(power)) sqrt(pi / 2) sigma sqrt(tau / n)) - 1
 *
 * sigma   : spread of ln ratio, >= 0; power: 0.8; alpha is 0.05 one-sided
 * returns : >= 0; +infinity when n is 0, sigma is negative, NaN or infinite, tau or power no sense
 * source  : asymptotic variance of the median; judge/STATISTICS.md 6.1. vector: regression_gate.json (mde80)
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

/* A new session against stored ones. Plain value. */
struct stats_session {
    bool defined;  /* two or more stored ones, not all equal, all figures positive and finite */
    double change; /* new / geometric mean of the stored - 1 */
    double t;
    size_t freedom;  /* stored sessions - 1 */
    double p_slower; /* as slow as this by chance alone; 1 when not defined */
    double limit;    /* 95 % of new sessions stay below, unit of the medians; +infinity: no limit */
};

/*
 * stats_predict_session - t = (ln x - mean) / (s sqrt(1 + 1 / m)) over the logs of m session
 * medians
 *
 * Advises only: ten stored sessions are a sensible minimum, and the same host (judge/STATISTICS.md 6.2).
 * source : prediction interval of the normal distribution. vector: session_prediction.json
 */
struct stats_session stats_predict_session(const double stored[], size_t count, double median);

/*
 * stats_log_e_value - ln of the evidence against the boundary; valid however often one looks
 *
 * formula : lnB(a + c, b + g) + ln I(a + c, b + g) - lnB(a, b) - ln I(a, b) - c ln share -
 *           g ln(1 - share), c bad and g good ones, I the mass of the Beta on the side that is not
 *           tested
 * share   : of bad ones at the boundary (0.05 for p95), 0 < share < 1
 * a, b    : > 0, the Beta mixture, e.g. 1, 19
 * support : tests "share or more", else "share or less"
 * returns : reject when >= ln(1 / alpha); -infinity is no evidence at all; NaN when bad > n or a
 *           parameter is out of its range
 * source  : Howard and Ramdas 2022; only when no largest n can be declared. vector: e_value.json
 */
double stats_log_e_value(size_t bad, size_t n, double share, double a, double b, bool support);

#endif
