/* May these samples be judged at all? Whether their level drifts, whether some are far out, and
 * whether they are two heaps rather than one. */
#include "judge/stats/anomalies.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "judge/stats/stats.h"

#define BLOCKS        STATS_DRIFT_BLOCKS
#define SLOPES        (BLOCKS * (BLOCKS - 1) / 2)
#define MK_VARIANCE   125.0 /* of S for 10 blocks without ties: 10 * 9 * 25 / 18 */
#define DRIFT_P       0.01
#define DRIFT_LEAST   0.05
#define OUTLIER_SIGMA 5
#define OUTLIER_TIMES 3 /* medians, where the spread is 0 */
#define MODES_APART   4
#define MODES_LEAST_N 40 /* below it the best split of one heap looks like two, see diagnose.h */

static double median_of(const double x[], size_t n)
{
    double *sorted = stats_sorted_copy(x, n), median = stats_quantile(sorted, n, 0.5);
    free(sorted);
    return median;
}

/* ---- drift ---- */

/* Between infinite medians (all cycles failed in both blocks) there is no slope. */
static double slope(const double y[], size_t i, size_t j)
{
    return y[i] == y[j] ? 0 : (log(y[j]) - log(y[i])) / (double)(j - i);
}

static double theil_sen(const double y[])
{
    double slopes[SLOPES];
    size_t count = 0;
    for (size_t i = 0; i < BLOCKS; i++)
        for (size_t j = i + 1; j < BLOCKS; j++)
            slopes[count++] = slope(y, i, j);
    stats_sort(slopes, SLOPES);
    return stats_quantile(slopes, SLOPES, 0.5);
}

static int mann_kendall(const double y[])
{
    int s = 0;
    for (size_t i = 0; i < BLOCKS; i++)
        for (size_t j = i + 1; j < BLOCKS; j++)
            s += (y[j] > y[i]) - (y[j] < y[i]);
    return s;
}

struct stats_drift stats_find_drift(const double x[], size_t n)
{
    struct stats_drift out = {.defined = n >= BLOCKS, .p = 1, .total_change = NAN};
    size_t size = n / BLOCKS;
    for (size_t g = 0; g < BLOCKS; g++) {
        out.block_medians[g] = size ? median_of(x + g * size, size) : NAN;
        out.defined = out.defined && out.block_medians[g] > 0;
    }
    if (!out.defined)
        return out;
    out.s = mann_kendall(out.block_medians);
    out.p = fmin(1, 2 * gsl_cdf_ugaussian_Q(fmax(abs(out.s) - 1, 0) / sqrt(MK_VARIANCE)));
    out.total_change = expm1(BLOCKS * theil_sen(out.block_medians));
    out.flag = out.p < DRIFT_P && fabs(out.total_change) >= DRIFT_LEAST;
    return out;
}

/* ---- outliers ---- */

struct stats_log_spread stats_measure_log_spread(const double x[], size_t n)
{
    struct stats_log_spread out = {.median = NAN, .sigma = NAN};
    double *logs = stats_sorted_copy(x, n);
    for (size_t i = 0; i < n; i++)
        logs[i] = logs[i] > 0 ? log(logs[i]) : -INFINITY;
    /* the outer two of the middle may be infinite while the mean of opposite ones is no number */
    if (n > 0 && isfinite(logs[(n - 1) / 2]) && isfinite(logs[n / 2])) {
        out.median = stats_quantile(logs, n, 0.5);
        for (size_t i = 0; i < n; i++)
            logs[i] = fabs(logs[i] - out.median);
        stats_sort(logs, n);
        out.sigma = stats_quantile(logs, n, 0.5) / gsl_cdf_ugaussian_Pinv(0.75);
        out.defined = isfinite(out.sigma);
    }
    free(logs);
    return out;
}

struct stats_outliers stats_find_outliers(const double x[], size_t n)
{
    struct stats_log_spread spread = stats_measure_log_spread(x, n);
    struct stats_outliers out = {spread.defined, spread.sigma, INFINITY, 0};
    if (!spread.defined)
        return out;
    if (spread.sigma > 0)
        out.limit = exp(spread.median + OUTLIER_SIGMA * spread.sigma);
    else
        out.limit = OUTLIER_TIMES * median_of(x, n);
    for (size_t i = 0; i < n; i++)
        out.severe_high += !(x[i] < INFINITY) || x[i] > out.limit;
    return out;
}

/* ---- two modes ---- */

/* The sorted logarithms of what is positive and finite; returns how many there are. */
static size_t finite_logs(double **out, const double x[], size_t n)
{
    double *logs = *out = stats_sorted_copy(x, n);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (logs[i] > 0 && isfinite(logs[i]))
            logs[kept++] = log(logs[i]);
    return kept;
}

/* Size of the lower part of the best split of y[m], ascending; 0 when there is none. */
static size_t best_split(const double y[], size_t m)
{
    double mean = m ? gsl_stats_mean(y, 1, m) : 0, low = 0, best = -1;
    size_t answer = 0;
    for (size_t k = 1; k < m; k++) {
        /* the parts' sums of y - mean are low and -low: their means differ by this */
        double count = (double)k, rest = (double)(m - k), gap, gain;
        low += y[k - 1] - mean;
        gap = -low / rest - low / count;
        gain = count * rest * gap * gap;
        if (10 * k >= m && 10 * k <= 9 * m && gain > best) {
            best = gain;
            answer = k;
        }
    }
    return answer;
}

static double variance_around(const double y[], size_t n, double mean)
{
    return y[0] == y[n - 1] ? 0 : gsl_stats_variance_with_fixed_mean(y, 1, n, mean);
}

static struct stats_modes describe(const double y[], size_t m, size_t k)
{
    struct stats_modes out = {.distance = NAN, .low_share = (double)k / (double)m};
    double low = gsl_stats_mean(y, 1, k), high = gsl_stats_mean(y + k, 1, m - k);
    double spread = variance_around(y, k, low) + variance_around(y + k, m - k, high);
    out.low = exp(low);
    out.high = exp(high);
    out.ratio = exp(high - low);
    out.defined = spread > 0;
    if (out.defined)
        out.distance = M_SQRT2 * (high - low) / sqrt(spread);
    return out;
}

struct stats_modes stats_find_modes(const double x[], size_t n)
{
    struct stats_modes out = {.distance = NAN, .low_share = NAN, .low = NAN, .high = NAN};
    double *logs;
    size_t kept = finite_logs(&logs, x, n), from = kept / 200 > 1 ? kept / 200 : 1;
    size_t to = kept * 39 / 40, m = to > from ? to - from : 0, k; /* 0.005 and 0.975, exactly */
    out.ratio = NAN;
    k = best_split(logs + (m ? from : 0), m);
    if (k > 0)
        out = describe(logs + from, m, k);
    out.flag = out.defined && kept >= MODES_LEAST_N && out.distance >= MODES_APART;
    free(logs);
    return out;
}
