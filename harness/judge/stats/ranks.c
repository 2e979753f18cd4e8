/* Which of two series is the larger when only their order may speak? */
#include "judge/stats/ranks.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "judge/stats/stats.h"
#include "judge/stats/stats_internal.h"

#define ENOUGH_AMONG 20 /* samples of each series among the other's */

/* One series and where its samples lie among the other's. */
struct placed {
    size_t n;
    double *sorted, *place; /* place: how many of the other are below; those that are equal, half */
    double mean;            /* of the places */
};

static bool any_nan(const double values[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (isnan(values[i]))
            return true;
    return false;
}

static struct placed placed_new(const double values[], size_t n)
{
    struct placed out = {.sorted = stats_sorted_copy(values, n), .n = n};
    out.place = xcalloc(n, sizeof *out.place);
    return out;
}

static void placed_release(struct placed *series)
{
    free(series->sorted);
    free(series->place);
}

/* Both are ascending: one walk along `other`. The sum is exact, as the places are halves. */
static void place(struct placed *series, const struct placed *other)
{
    double sum = 0;
    for (size_t i = 0, below = 0, reached = 0; i < series->n; i++) {
        while (below < other->n && other->sorted[below] < series->sorted[i])
            below++;
        while (reached < other->n && other->sorted[reached] <= series->sorted[i])
            reached++;
        series->place[i] = ((double)below + (double)reached) / 2;
        sum += series->place[i];
    }
    series->mean = sum / (double)series->n;
}

/* The place of a sample is its pooled mid-rank less its own. */
static void compare_places(struct stats_brunner_munzel *out, const struct placed *x,
                           const struct placed *y)
{
    double m = (double)x->n, n = (double)y->n;
    double of_x = m * gsl_stats_variance_m(x->place, 1, x->n, x->mean);
    double of_y = n * gsl_stats_variance_m(y->place, 1, y->n, y->mean), both = of_x + of_y;
    double rank_x = x->mean + (m + 1) / 2, rank_y = y->mean + (n + 1) / 2;
    if (both <= 0)
        return;
    out->defined = true;
    out->error = sqrt(both) / (m * n);
    out->statistic = m * n * (rank_y - rank_x) / ((m + n) * sqrt(both));
    out->degrees = both * both / (of_x * of_x / (m - 1) + of_y * of_y / (n - 1));
}

struct stats_brunner_munzel stats_test_brunner_munzel(const double x[], size_t m, const double y[],
                                                      size_t n)
{
    struct stats_brunner_munzel out = {false, NAN, NAN, NAN, NAN};
    struct placed in_x, in_y;
    if (m == 0 || n == 0 || any_nan(x, m) || any_nan(y, n))
        return out;
    in_x = placed_new(x, m);
    in_y = placed_new(y, n);
    place(&in_x, &in_y);
    place(&in_y, &in_x);
    out.p_x_less_y = in_y.mean / (double)m;
    if (m > 1 && n > 1)
        compare_places(&out, &in_x, &in_y);
    placed_release(&in_x);
    placed_release(&in_y);
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
