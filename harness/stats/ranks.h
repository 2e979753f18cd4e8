/* ranks - which of two series is the larger, and by how much, asked of their order alone
 *
 * Normal use: one call per question, samples in any order. +infinity (a failed cycle) is the
 * largest value and ties with its like. Nothing here is judged by: the verdicts of judge/STATISTICS.md 2 and
 * 4 count bad cycles. `defined` false says that a question had no answer (no samples, or NaN among
 * them): then estimates are NaN, and p is 1 unless said otherwise. None makes the pairs it speaks
 * of: time is n log n, memory two doubles per sample.
 */
#ifndef STATS_RANKS_H
#define STATS_RANKS_H

#include <stdbool.h>
#include <stddef.h>

#define STATS_EXACT_MOST 50  /* the exact null distribution is used up to this many per series */
#define STATS_WALSH_MOST 100 /* the same for the exact bounds of stats_estimate_centre */

/* p-values of one test, 0 .. 1, each valid alone. */
struct stats_tails {
    double two_sided;
    double less;    /* small when the first series (or the centre) tends to be smaller */
    double greater; /* small when it tends to be larger */
};

/* Plain value. */
struct stats_mann_whitney {
    bool defined;
    double u_x, u_y;      /* u_x counts pairs with x > y, a tie as 1/2; u_x + u_y = m n */
    double a12_x;         /* u_x / (m n), 0 .. 1: P(X > Y) + P(X = Y) / 2 */
    double cliffs_delta;  /* 2 a12_x - 1, -1 .. 1 */
    double z;             /* with continuity correction; NaN when all samples are equal */
    struct stats_tails p; /* normal approximation; all 1 when all samples are equal */
    bool has_exact;       /* no ties, and at most STATS_EXACT_MOST per series */
    struct stats_tails exact;
};

/*
 * stats_test_mann_whitney - does one series tend to be smaller, pairs ignored?
 *
 * formula : U_x = (rank sum of x) - m (m + 1) / 2, mid-ranks; variance with the tie correction
 *           m n / 12 ((N + 1) - sum(t^3 - t) / (N (N - 1))); continuity correction 1/2
 * x, y    : any unit, the same for both; m, n >= 0, any order, +infinity allowed
 * returns : defined false when m or n is 0 or a NaN is among them: p is 1, the rest NaN
 * source  : Mann and Whitney 1947; Vargha and Delaney 2000 (A12); Cliff 1993
 * vector  : mann_whitney.json
 */
struct stats_mann_whitney stats_test_mann_whitney(const double x[], size_t m, const double y[],
                                                  size_t n);

/* Plain value. */
struct stats_brunner_munzel {
    bool defined;       /* false: statistic, degrees and all p are NaN, not 1 */
    double p_x_less_y;  /* estimate of P(X < Y) + P(X = Y) / 2; NaN when m or n is 0 */
    double statistic;   /* above 0 when y tends to be larger */
    double degrees;     /* of freedom, Satterthwaite, not an integer */
    double p_two_sided; /* t approximation */
    double p_y_greater; /* small when y tends to be larger */
};

/*
 * stats_test_brunner_munzel - the same question when the spreads of the series may differ
 *
 * formula : W = m n (mean rank y - mean rank x) / (N sqrt(m S_x + n S_y)); S: variance of the
 *           pooled less the own mid-ranks
 * x, y    : as for stats_test_mann_whitney
 * returns : defined false when m or n < 2, a NaN is among them, or the variance is zero (complete
 *           separation, constants): p_x_less_y still says which
 * source  : Brunner and Munzel 2000
 * vector  : brunner_munzel.json
 */
struct stats_brunner_munzel stats_test_brunner_munzel(const double x[], size_t m, const double y[],
                                                      size_t n);

/* Plain value. */
struct stats_signed_rank {
    bool defined;
    size_t n_used;        /* differences that are not zero */
    double w_plus;        /* rank sum of the positive ones, 0 .. n_used (n_used + 1) / 2 */
    struct stats_tails p; /* normal approximation; less: the centre is below zero */
    bool has_exact;       /* no ties, 1 <= n_used <= STATS_EXACT_MOST */
    struct stats_tails exact;
};

/*
 * stats_test_signed_rank - do paired differences lie around zero?
 *
 * formula : zeros dropped, mid-ranks of |d|; variance n (n + 1)(2 n + 1) / 24 - sum(t^3 - t) / 48;
 *           continuity correction 1/2
 * d       : differences (or logarithms of ratios), any order, +-infinity allowed
 * returns : n_used 0 (nothing but zeros, or n 0): w_plus 0, p 1; a NaN: defined false, p 1
 * source  : Wilcoxon 1945
 * vector  : wilcoxon_signed_rank.json
 */
struct stats_signed_rank stats_test_signed_rank(const double d[], size_t n);

/* A Hodges-Lehmann estimate with its bounds. Plain value. */
struct stats_location {
    bool defined;        /* false: estimate is NaN and there are no bounds */
    double estimate;     /* unit of the samples */
    bool exact;          /* k is from the exact null distribution, else from the normal one */
    bool has_bounds;     /* false: too few samples for this alpha */
    size_t k;            /* the bounds are the k-th smallest and largest; 0: none */
    double lower, upper; /* each at the one-sided level; -+infinity where there is none */
};

/*
 * stats_estimate_shift - how much larger is y than x, typically?
 *
 * formula : median of the m n differences y - x; k = floor(m n / 2 - z sqrt(m n (m + n + 1) / 12)),
 *           exact: the smallest k with P(U <= k) >= alpha
 * x, y    : as for stats_test_mann_whitney; of two failed cycles the difference counts as 0
 * alpha   : one-sided level of each bound, above 0 and below 0.5 (else defined false)
 * exact   : wished for; granted up to STATS_EXACT_MOST per series
 * returns : defined false when m or n is 0 or a NaN is among them. Needs symmetry of nothing, but
 *           one shape for both series: descriptive only (judge/STATISTICS.md 4)
 * source  : Hodges and Lehmann 1963
 * vector  : hodges_lehmann.json
 */
struct stats_location stats_estimate_shift(const double x[], size_t m, const double y[], size_t n,
                                           double alpha, bool exact);

/*
 * stats_estimate_centre - the pseudo-median of one series of differences
 *
 * formula : median of the n (n + 1) / 2 averages (d_i + d_j) / 2, i <= j; k = floor(M / 2 -
 *           z sqrt(n (n + 1)(2 n + 1) / 24)), exact: the smallest k with P(W+ <= k) >= alpha
 * d       : any order; the average of +infinity and -infinity counts as 0
 * alpha, exact, returns, source, vector : as above; exact is granted up to STATS_WALSH_MOST
 */
struct stats_location stats_estimate_centre(const double d[], size_t n, double alpha, bool exact);

#endif
