/* What do the samples say, and how sure is it? Quantiles, their exact bounds,
 * the test behind a claim. */
#include "judge/stats/stats.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "judge/stats/stats_internal.h"

#define SLACK  1e-12 /* levels are compared with this slack */
#define MOST_N 1e15  /* more cycles than anybody will run */

double stats_quantile(const double sorted[], size_t n, double p)
{
    double place;
    size_t nearest;
    if (n == 0 || !(p >= 0 && p <= 1))
        return NAN;
    /* GSL interpolates, and infinity times zero is NaN:
     * between finite samples it is asked, else not */
    place = (double)(n - 1) * p;
    nearest = (size_t)lround(place);
    if (fabs(place - (double)nearest) < 1e-9)
        return sorted[nearest];
    if (isinf(sorted[(size_t)ceil(place)]))
        return sorted[(size_t)ceil(place)];
    return gsl_stats_quantile_from_sorted_data(sorted, 1, n, p);
}

double stats_order_statistic(const double sorted[], size_t n, double p)
{
    double k = ceil((double)n * p - 1e-9);
    if (n == 0 || !(p >= 0 && p <= 1))
        return NAN;
    return sorted[k < 1 ? 0 : (size_t)k - 1];
}

struct stats_summary stats_summarise(const double sorted[], size_t n)
{
    struct stats_summary summary = {.n = n, .mean = NAN, .standard_deviation = NAN};
    size_t finite = n;
    while (finite > 0 && isinf(sorted[finite - 1]))
        finite--;
    summary.failed = n - finite;
    if (finite > 0)
        summary.mean = gsl_stats_mean(sorted, 1, finite);
    if (finite > 1)
        summary.standard_deviation = gsl_stats_sd_m(sorted, 1, finite, summary.mean);
    summary.min = stats_quantile(sorted, n, 0);
    summary.median = stats_quantile(sorted, n, 0.5);
    summary.p95 = stats_quantile(sorted, n, 0.95);
    summary.p99 = stats_quantile(sorted, n, 0.99);
    summary.max = stats_quantile(sorted, n, 1);
    return summary;
}

double stats_p_support(size_t bad, size_t n, double p, double tau)
{
    if (bad > n || !(p >= 0 && p <= 1) || !(tau > 0 && tau < INFINITY))
        return NAN;
    if (bad == n)
        return 1;
    return fmin(1, gsl_cdf_beta_P(p, (double)(n - bad) / tau, (double)bad / tau + 1));
}

/* What refutes "at least p are good" supports "at most 1 - p are bad". */
double stats_p_refute(size_t bad, size_t n, double p, double tau)
{
    return bad > n ? NAN : stats_p_support(n - bad, n, 1 - p, tau);
}

/* Largest count of bad ones that still supports at this level, or -1.
 * p_support grows with the count. */
static long most_bad(size_t n, double p, double tau, double alpha)
{
    long low = -1, high = (long)n;
    while (high - low > 1) {
        long middle = low + (high - low) / 2;
        if (stats_p_support((size_t)middle, n, p, tau) <= alpha + SLACK)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Smallest count of bad ones that refutes at this level, or n + 1. */
static long least_bad(size_t n, double p, double tau, double alpha)
{
    return (long)n - most_bad(n, 1 - p, tau, alpha);
}

struct stats_bounds stats_quantile_bounds(const double sorted[], size_t n, double p, double tau,
                                          double alpha_lower, double alpha_upper)
{
    /* 1-based in judge/STATISTICS.md 2.1: upper X(n - c_S), lower X(n - c_R + 1) */
    long upper = (long)n - most_bad(n, p, tau, alpha_upper) - 1;
    long lower = (long)n - least_bad(n, p, tau, alpha_lower);
    struct stats_bounds bounds = {-INFINITY, INFINITY, lower >= 0 && lower < (long)n,
                                  upper >= 0 && upper < (long)n};
    if (bounds.has_lower)
        bounds.lower = sorted[lower];
    if (bounds.has_upper)
        bounds.upper = sorted[upper];
    return bounds;
}

/* At p = 0.5 the good and the bad ones change places: X(c + 1) is X(n - c_R + 1). */
struct stats_bounds stats_median_bounds(const double sorted[], size_t n, double tau,
                                        double alpha_lower, double alpha_upper)
{
    return stats_quantile_bounds(sorted, n, 0.5, tau, alpha_lower, alpha_upper);
}

size_t stats_minimum_n(double p, double alpha)
{
    double places;
    size_t n;
    if (!(p < 1) || !(alpha > 0) || isnan(p))
        return SIZE_MAX;
    if (p <= 0 || alpha >= 1)
        return 1;
    places = floor(log(alpha) / log(p));
    if (places > MOST_N)
        return SIZE_MAX;
    n = places > 2 ? (size_t)places - 2 : 1;
    while (pow(p, (double)n) > alpha + SLACK)
        n++;
    return n;
}

/* Of one pair; a failed cycle is +infinity or NaN. */
static double ratio_of(double slow, double fast)
{
    if (!(fast < INFINITY) || !(fast > 0) || slow <= 0)
        return 0;
    return isnan(slow) ? INFINITY : slow / fast;
}

void stats_ratios(double out[], const double slow[], const double fast[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = ratio_of(slow[i], fast[i]);
}

/* By bisection of the distribution function: GSL's own inverse does not always converge. */
double stats_beta_inverse(double share, double a, double b)
{
    double low = 0, high = 1;
    for (int i = 0; i < 200 && high - low > 1e-16 * high; i++) {
        double middle = low + (high - low) / 2;
        if (gsl_cdf_beta_P(middle, a, b) < share)
            low = middle;
        else
            high = middle;
    }
    return high;
}

double stats_rate_upper(size_t count, size_t n, double confidence)
{
    if (!(confidence >= 0 && confidence <= 1))
        return NAN;
    return count >= n ? 1 : stats_beta_inverse(confidence, (double)count + 1, (double)(n - count));
}

double stats_rate_lower(size_t count, size_t n, double confidence)
{
    if (!(confidence >= 0 && confidence <= 1))
        return NAN;
    if (count > n)
        count = n;
    return count == 0 ? 0
                      : stats_beta_inverse(1 - confidence, (double)count, (double)(n - count) + 1);
}
