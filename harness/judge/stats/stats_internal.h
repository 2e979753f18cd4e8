/* stats_internal - what do the files of this room share? Sorting, a beta distribution. Not for
 * others. */
#ifndef JUDGE_STATS_STATS_INTERNAL_H
#define JUDGE_STATS_STATS_INTERNAL_H

#include <stddef.h>

/* A sample, NaN as +infinity, and where it stood. */
struct stats_place {
    double value;
    size_t at;
};

/* stats_order - the places of x, sorted by value, equal ones as they stood;
 * the caller frees them. */
struct stats_place *stats_order(const double x[], size_t n);

/* stats_count_different - how many different values there are; n^2, for the sizes of a sweep */
size_t stats_count_different(const double at[], size_t count);

/* stats_beta_inverse - where Beta(a, b) has this share below it; a, b > 0 */
double stats_beta_inverse(double share, double a, double b);

#endif
