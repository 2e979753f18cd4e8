/* What would the textbook print: a smoothed quantile, a geometric mean, a ratio of means? */
#include "stats/report_only.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "stats/stats.h"

#define NO_WEIGHT  1e-12 /* what failed cycles may weigh together before they count */
#define NEGLIGIBLE 1e-18 /* a cumulated weight below this is nothing */
#define ROUNDING   1e-15 /* as is what is missing to 1 */
#define SLACK      1e-12 /* of a discriminant that is zero but for rounding */

static bool all_finite(const double values[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i]))
            return false;
    return true;
}

/* Sorting leaves a NaN anywhere, so all are looked at. */
static bool any_nan(const double values[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (isnan(values[i]))
            return true;
    return false;
}

/* Smallest i with a cumulated weight worth summing. All but some sqrt(n) are not: a million samples
 * would cost a million incomplete beta functions. */
static size_t first_with_weight(size_t n, double a, double b)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (gsl_cdf_beta_P((double)(middle + 1) / (double)n, a, b) > NEGLIGIBLE)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

double stats_smooth_quantile(const double sorted[], size_t n, double p)
{
    double a = ((double)n + 1) * p, b = ((double)n + 1) * (1 - p);
    double sum = 0, before = 0, failed = 0;
    if (n == 0 || !(p >= 0 && p <= 1) || any_nan(sorted, n))
        return NAN;
    if (p == 0 || p == 1)
        return sorted[p == 0 ? 0 : n - 1];
    for (size_t i = first_with_weight(n, a, b); i < n && 1 - before > ROUNDING; i++) {
        double upto = i + 1 == n ? 1 : gsl_cdf_beta_P((double)(i + 1) / (double)n, a, b);
        if (isinf(sorted[i]))
            failed += upto - before;
        else
            sum += (upto - before) * sorted[i];
        before = upto;
    }
    return failed > NO_WEIGHT || isinf(sorted[0]) ? INFINITY : sum;
}

/* ---- spread and geometric mean ---- */

/* `room` for n doubles; the median is finite */
static double median_distance(double room[], const double sorted[], size_t n, double median)
{
    for (size_t i = 0; i < n; i++)
        room[i] = fabs(sorted[i] - median);
    stats_sort(room, n);
    return stats_quantile(room, n, 0.5);
}

static double geometric_mean(double room[], const double x[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        room[i] = log(x[i]);
    return exp(gsl_stats_mean(room, 1, n));
}

struct stats_textbook stats_describe(const double sorted[], size_t n)
{
    struct stats_textbook out = {NAN, NAN, NAN, NAN};
    double median = stats_quantile(sorted, n, 0.5), mean, *room;
    if (n == 0 || !isfinite(median) || any_nan(sorted, n))
        return out;
    room = xcalloc(n, sizeof *room);
    out.mad = median_distance(room, sorted, n, median);
    out.mad_scaled = out.mad / gsl_cdf_ugaussian_Pinv(0.75);
    if (isfinite(sorted[0]) && isfinite(sorted[n - 1])) {
        mean = gsl_stats_mean(sorted, 1, n);
        if (n > 1 && mean != 0)
            out.cv = gsl_stats_sd_m(sorted, 1, n, mean) / mean;
        if (sorted[0] > 0)
            out.geometric_mean = geometric_mean(room, sorted, n);
    }
    free(room);
    return out;
}

/* ---- ratio of means ---- */

/* Fieller's quadratic from means, (co)variances of the means, and t squared. */
static void bound(struct stats_ratio_of_means *out, double ma, double mb, double va, double vb,
                  double cab, double tt)
{
    double a = mb * mb - tt * vb, b = ma * mb - tt * cab, c = ma * ma - tt * va;
    double root = b * b - a * c;
    if (fabs(root) <= SLACK * b * b)
        root = 0; /* two constant series: one ratio, whatever the rounding says */
    if (!(a > 0) || !(root >= 0))
        return;
    out->bounded = true;
    out->lower = (b - sqrt(root)) / a;
    out->upper = (b + sqrt(root)) / a;
}

struct stats_ratio_of_means stats_bound_ratio_of_means(const double a[], const double b[], size_t n,
                                                       double confidence)
{
    struct stats_ratio_of_means out = {false, NAN, false, -INFINITY, INFINITY};
    double ma, mb, t, size = (double)n;
    if (n == 0 || !all_finite(a, n) || !all_finite(b, n))
        return out;
    ma = gsl_stats_mean(a, 1, n);
    mb = gsl_stats_mean(b, 1, n);
    if (mb == 0)
        return out;
    out.defined = true;
    out.ratio = ma / mb;
    if (n < 2 || !(confidence >= 0.5 && confidence < 1))
        return out;
    t = gsl_cdf_tdist_Pinv(confidence, size - 1);
    bound(&out, ma, mb, gsl_stats_variance_m(a, 1, n, ma) / size,
          gsl_stats_variance_m(b, 1, n, mb) / size,
          gsl_stats_covariance_m(a, 1, b, 1, n, ma, mb) / size, t * t);
    return out;
}
