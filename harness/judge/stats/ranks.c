/* Which of two series is the larger when only their order may speak?
 *
 * Two sorted series are walked side by side, one group of equal values at a time: all ranks follow
 * from the counts before and inside the group. */
#include "judge/stats/ranks.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "judge/stats/stats.h"
#include "judge/stats/stats_internal.h"

#define ENOUGH_AMONG 20 /* samples of each series among the other's */

/* Two sorted series;
 * x[i .. i + in_x) and y[j .. j + in_y) are the group of equal values at hand. */
struct walk {
    double *x, *y;
    size_t m, n;
    size_t i, j, in_x, in_y;
};

/* What one walk over all groups adds up to. */
struct rank_sums {
    double x, y; /* sums of mid-ranks */
};

static bool any_nan(const double values[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (isnan(values[i]))
            return true;
    return false;
}

static double *sorted_copy(const double values[], size_t n)
{
    double *copy = xcalloc(n + 1, sizeof *copy);
    if (n)
        memcpy(copy, values, n * sizeof *copy);
    stats_sort(copy, n);
    return copy;
}

static struct walk walk_new(const double x[], size_t m, const double y[], size_t n)
{
    return (struct walk){.x = sorted_copy(x, m), .y = sorted_copy(y, n), .m = m, .n = n};
}

static void walk_release(struct walk *walk)
{
    free(walk->x);
    free(walk->y);
}

static void rewind_walk(struct walk *walk)
{
    walk->i = walk->j = walk->in_x = walk->in_y = 0;
}

static bool next_group(struct walk *walk)
{
    double value;
    walk->i += walk->in_x;
    walk->j += walk->in_y;
    walk->in_x = walk->in_y = 0;
    if (walk->i == walk->m && walk->j == walk->n)
        return false;
    if (walk->j == walk->n || (walk->i < walk->m && walk->x[walk->i] <= walk->y[walk->j]))
        value = walk->x[walk->i];
    else
        value = walk->y[walk->j];
    while (walk->i + walk->in_x < walk->m && walk->x[walk->i + walk->in_x] == value)
        walk->in_x++;
    while (walk->j + walk->in_y < walk->n && walk->y[walk->j + walk->in_y] == value)
        walk->in_y++;
    return true;
}

/* The mid-rank that `count` equal values share behind `before` smaller ones. */
static double mid_rank(size_t before, size_t count)
{
    return (double)before + ((double)count + 1) / 2;
}

static double pooled_rank(const struct walk *walk)
{
    return mid_rank(walk->i + walk->j, walk->in_x + walk->in_y);
}

static struct rank_sums sum_ranks(struct walk *walk)
{
    struct rank_sums sums = {0};
    rewind_walk(walk);
    while (next_group(walk)) {
        double rank = pooled_rank(walk);
        sums.x += rank * (double)walk->in_x;
        sums.y += rank * (double)walk->in_y;
    }
    return sums;
}

/* Variances of (pooled less own mid-rank) in x and in y, n - 1 divisor. */
static void spread_of_placements(struct walk *walk, const struct rank_sums *sums, double *of_x,
                                 double *of_y)
{
    double m = (double)walk->m, n = (double)walk->n;
    double centre_x = sums->x / m - (m + 1) / 2, centre_y = sums->y / n - (n + 1) / 2;
    *of_x = *of_y = 0;
    rewind_walk(walk);
    while (next_group(walk)) {
        double rank = pooled_rank(walk);
        double x = rank - mid_rank(walk->i, walk->in_x) - centre_x;
        double y = rank - mid_rank(walk->j, walk->in_y) - centre_y;
        *of_x += x * x * (double)walk->in_x;
        *of_y += y * y * (double)walk->in_y;
    }
    *of_x /= m - 1;
    *of_y /= n - 1;
}

static void compare_placements(struct stats_brunner_munzel *out, struct walk *walk,
                               const struct rank_sums *sums)
{
    double m = (double)walk->m, n = (double)walk->n, x, y, both;
    spread_of_placements(walk, sums, &x, &y);
    x *= m;
    y *= n;
    both = x + y;
    if (both <= 0)
        return;
    out->defined = true;
    out->error = sqrt(both) / (m * n);
    out->statistic = m * n * (sums->y / n - sums->x / m) / ((m + n) * sqrt(both));
    out->degrees = both * both / (x * x / (m - 1) + y * y / (n - 1));
    out->p_y_greater = gsl_cdf_tdist_Q(out->statistic, out->degrees);
    out->p_two_sided = fmin(1, 2 * gsl_cdf_tdist_Q(fabs(out->statistic), out->degrees));
}

struct stats_brunner_munzel stats_test_brunner_munzel(const double x[], size_t m, const double y[],
                                                      size_t n)
{
    struct stats_brunner_munzel out = {.p_x_less_y = NAN,
                                       .error = NAN,
                                       .statistic = NAN,
                                       .degrees = NAN,
                                       .p_two_sided = NAN,
                                       .p_y_greater = NAN};
    struct walk walk;
    struct rank_sums sums;
    if (m == 0 || n == 0 || any_nan(x, m) || any_nan(y, n))
        return out;
    walk = walk_new(x, m, y, n);
    sums = sum_ranks(&walk);
    out.p_x_less_y = (sums.y / (double)n - ((double)n + 1) / 2) / (double)m;
    if (m > 1 && n > 1)
        compare_placements(&out, &walk, &sums);
    walk_release(&walk);
    return out;
}

/* ---- how often, with its doubt ---- */

/* Samples of one series that are not below, or not above, the whole other one: of the series that
 * has fewer of them. */
static size_t count_among(const double x[], size_t m, const double y[], size_t n, bool x_is_less)
{
    double edge_x = x[0], edge_y = y[0];
    size_t in_x = 0, in_y = 0;
    for (size_t i = 0; i < m; i++)
        edge_x = x_is_less ? fmax(edge_x, x[i]) : fmin(edge_x, x[i]);
    for (size_t j = 0; j < n; j++)
        edge_y = x_is_less ? fmin(edge_y, y[j]) : fmax(edge_y, y[j]);
    for (size_t i = 0; i < m; i++)
        in_x += x_is_less ? x[i] >= edge_y : x[i] <= edge_y;
    for (size_t j = 0; j < n; j++)
        in_y += x_is_less ? y[j] <= edge_x : y[j] >= edge_x;
    return in_x < in_y ? in_x : in_y;
}

static double from_logit(double logit)
{
    return 1 / (1 + exp(-logit));
}

static void bound_by_placements(struct stats_order *out, const struct stats_brunner_munzel *test,
                                double tau, double alpha)
{
    double odds = out->share * (1 - out->share), centre = log(out->share / (1 - out->share));
    double t = gsl_cdf_tdist_Qinv(alpha, fmax(1, test->degrees / tau));
    double reach = t * test->error * sqrt(tau) / odds;
    out->lower = from_logit(centre - reach);
    out->upper = from_logit(centre + reach);
}

/* Of `worth` independent trials that succeeded with this share, which may be no whole number. */
static void bound_by_counts(struct stats_order *out, double worth, double alpha)
{
    double good = worth * out->share, bad = worth * (1 - out->share);
    out->lower = good > 0 ? stats_beta_inverse(alpha, good, bad + 1) : 0;
    out->upper = bad > 0 ? stats_beta_inverse(1 - alpha, good + 1, bad) : 1;
}

struct stats_order stats_estimate_order(const double x[], size_t m, const double y[], size_t n,
                                        double tau, double alpha)
{
    struct stats_brunner_munzel test = stats_test_brunner_munzel(x, m, y, n);
    struct stats_order out = {.share = test.p_x_less_y, .lower = NAN, .upper = NAN};
    size_t among;
    if (isnan(out.share) || !(tau >= 1) || !(alpha > 0 && alpha < 1))
        return out;
    out.defined = true;
    among = count_among(x, m, y, n, out.share > 0.5);
    out.separated = among == 0;
    if (test.defined && (double)among >= ENOUGH_AMONG * tau)
        bound_by_placements(&out, &test, tau, alpha);
    else
        bound_by_counts(&out, (double)(m < n ? m : n) / tau, alpha);
    return out;
}
