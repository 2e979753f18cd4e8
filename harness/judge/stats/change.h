/* change - where in a history of sittings did the level change? E-divisive with permutations
 *
 * Normal use: z = logarithms of sitting medians in the order of time, stats_find_changes with a
 * seeded generator (gsl_rng_mt19937, the seed printed). History finds which commit; it never blocks
 * one by itself (judge/STATISTICS.md 6.3). Samples must be finite: a series with NaN or an infinity
 * among them has no split, q NaN and p 1; leave failed sittings out. Time is O(n^2) per profile and
 * per permutation, memory O(n): histories of hundreds, not of millions.
 */
#ifndef JUDGE_STATS_CHANGE_H
#define JUDGE_STATS_CHANGE_H

#include <gsl/gsl_rng.h>
#include <stdbool.h>
#include <stddef.h>

#define STATS_CHANGE_SEGMENT      3 /* points per segment; below 3 the edges are inflated */
#define STATS_CHANGE_BLOCK        4 /* points per permuted block in dependent histories */
#define STATS_CHANGE_PERMUTATIONS 1999
#define STATS_CHANGE_ALARM        0.001 /* accept at p <= this to alarm */
#define STATS_CHANGE_MARK         0.01  /* accept at p <= this to mark in a figure */

/* The best place to cut one segment. Plain value. */
struct stats_split {
    size_t at; /* first point after the change, 0-based; 0: nowhere (too short, all equal) */
    /* its Q, unit of z; NaN when n < 2 min_segment,
     * z is not finite or its sums are beyond a double; 0: all equal */
    double q;
};

/*
 * stats_change_profile - Q of every allowed split
 *
 * formula     : Q(t) = ab/(a+b) [2/(ab) sum|x-y| - 2/(a(a-1)) sum|x-x'| - 2/(b(b-1)) sum|y-y'|],
 *               a = t points before, b = n - t behind; sums over a segment of one point are 0
 * q           : out, room for n values; q[i] belongs to t = min_segment + i
 * z           : n >= 0, in the order of time
 * min_segment : 1 or more (0 counts as 1)
 * returns     : how many q were written, n - 2 min_segment + 1 or 0
 * source      : Matteson and James 2014, exponent 1, one kappa
 * vector      : edivisive.json
 */
size_t stats_change_profile(double q[], const double z[], size_t n, size_t min_segment);

/* stats_find_split - largest Q, the first on ties. vector: edivisive.json */
struct stats_split stats_find_split(const double z[], size_t n, size_t min_segment);

/*
 * stats_split_p - how often a permuted segment splits as well as this one
 *
 * formula : (1 + #{best Q of a permutation >= best Q (1 - 1e-12)}) / (1 + count), never 0
 * block   : points that stay together: 1 permutes points; STATS_CHANGE_BLOCK keeps the false alarms
 *           of a dependent history down (ar.3: 1 instead of 11 % at 0.01). Blocks are cut from a
 *           random offset in each permutation, those at the edges are shorter; 0 counts as 1, more
 *           than n as n
 * returns : p, 0 .. 1; 1 when there is no split
 * source  : judge/STATISTICS.md 6.3; the draws are random: no vector
 */
double stats_split_p(const double z[], size_t n, size_t min_segment, size_t block, size_t count,
                     gsl_rng *rng);

/* One accepted change. Plain value. */
struct stats_change {
    size_t at;    /* first point after it, 0-based in the whole series */
    double p;     /* of the segment it was found in */
    bool blocked; /* blocks were permuted: see stats_find_changes */
};

/* How stats_find_changes asks. Plain value. */
struct stats_change_rule {
    size_t min_segment;  /* STATS_CHANGE_SEGMENT */
    double level;        /* STATS_CHANGE_ALARM or STATS_CHANGE_MARK */
    size_t permutations; /* STATS_CHANGE_PERMUTATIONS: p is at least 1 / (1 + this) */
};

/*
 * stats_find_changes - split, test by permutation within the segment, recurse where p <= level
 *
 * Where lag-1 of what the levels of the segments so found leave exceeds 1.645 / sqrt(n), the
 * history is dependent: all is done once more with blocks of STATS_CHANGE_BLOCK. Asked of one split
 * at a time instead, a second step passes for dependence: of two steps of 10 % (N 30, sd 3 %) one
 * was found in 25 of 100 histories, now in 99; 200 simulated of each kind. False alarms are those
 * of judge/STATISTICS.md 6.3: at p <= .01 none 0.5 %, ar.3 6 %, ar.6 16 % (N 30). A level that came
 * back (10 runs up of 30) is seen in 8 % only, in 60 runs in 92 %.
 *
 * out     : room for n changes, ascending by place
 * returns : how many
 * source  : Matteson and James 2014; block permutation: judge/STATISTICS.md 6.3
 * vector  : none of its own (its draws are random); its parts are in edivisive.json
 */
size_t stats_find_changes(struct stats_change out[], const double z[], size_t n,
                          struct stats_change_rule rule, gsl_rng *rng);

#endif
