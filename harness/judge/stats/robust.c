/* How unsure is tau itself? Long windows over the run, widened by what so few of them can know. */
#include "judge/stats/robust.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "judge/stats/dependence.h"
#include "judge/stats/stats.h"

#define LEAST_N      10
#define WINDOW_SHARE 0.2
#define WINDOW_ROOTS 3.0 /* in units of sqrt(n): the longer the run, the surer is tau */
#define ENOUGH_RARE  40  /* cycles on the rarer side of the quantile */
#define ENOUGH_STERN 20  /* where few errors are allowed */
#define USUAL_ALPHA  0.05
#define LONG_SERIES  4000 /* beyond it the wide window says it all */
#define MOST_SHARE   0.5

/* Kiefer and Vogelsang 2005, table 1: the one-sided point of a t statistic whose variance comes
 * from a Bartlett window over a share b of the series; b = 0 is the normal one. */
static const struct {
    double alpha, at[4]; /* times 1, b, b^2, b^3 */
} fixed_b[] = {{0.05, {1.6449, 2.1859, 0.3142, -0.3427}},
               {0.025, {1.9600, 2.9694, 0.4160, -0.5324}},
               {0.01, {2.3263, 4.1618, 0.5368, -0.9060}}};

/* The first row that allows no more errors than alpha; the table ends at 1 %. */
static double fixed_b_point(double b, double alpha)
{
    size_t row = 0;
    while (row + 1 < sizeof fixed_b / sizeof fixed_b[0] && fixed_b[row].alpha > alpha + 1e-12)
        row++;
    return fixed_b[row].at[0] +
           b * (fixed_b[row].at[1] + b * (fixed_b[row].at[2] + b * fixed_b[row].at[3]));
}

/* The sum over lags is the same as the mean square of all windows that touch the series, over that
 * of single values: one pass, however wide the window. */
static double wide_tau(const double y[], size_t n, size_t window, double alpha)
{
    double mean = n > 0 ? gsl_stats_mean(y, 1, n) : 0, inside = 0, squares = 0, windows = 0, cost;
    window = window < 1 ? 1 : (window > n ? n : window);
    for (size_t i = 0; i + 1 < n + window; i++) {
        inside += i < n ? y[i] - mean : 0;
        inside -= i >= window ? y[i - window] - mean : 0;
        windows += inside * inside;
        squares += i < n ? (y[i] - mean) * (y[i] - mean) : 0;
    }
    if (squares <= 0)
        return 1;
    cost = fixed_b_point((double)window / (double)n, alpha) / fixed_b_point(0, alpha);
    return windows / (double)window / squares * cost * cost;
}

double stats_wide_tau(const double y[], size_t n, size_t window)
{
    return wide_tau(y, n, window, USUAL_ALPHA);
}

/* The last lag of Geyer's initial monotone sequence. */
static size_t last_lag(const double y[], size_t n)
{
    size_t m = 0;
    while (2 * m + 1 <= n / 2 &&
           stats_autocorrelation(y, n, 2 * m) + stats_autocorrelation(y, n, 2 * m + 1) > 0)
        m++;
    return m > 0 ? 2 * m - 1 : 0;
}

static double long_tau(const double y[], size_t n, double alpha)
{
    double share = fmin(MOST_SHARE, (2 * (double)last_lag(y, n) + 1) / (double)n);
    double tau = stats_geyer_tau(y, n);
    if (tau <= 1)
        return 1;
    return tau / (1 - share) *
           pow(gsl_cdf_tdist_Pinv(1 - alpha, 1 / share) / gsl_cdf_ugaussian_Pinv(1 - alpha), 2);
}

static size_t window_of(size_t n)
{
    return (size_t)fmin(WINDOW_SHARE * (double)n, WINDOW_ROOTS * sqrt((double)n));
}

/* alpha: errors that are allowed; enough: when to look for weak dependence */
static double robust_tau(const double x[], size_t n, double p, const size_t sizes[], size_t blocks,
                         double alpha, double enough)
{
    struct stats_dependence old = stats_measure_dependence(x, n, p, sizes, blocks);
    double tau = old.tau, *above;
    if (n < LEAST_N || (!old.gate && (double)n * fmin(p, 1 - p) < enough))
        return tau;
    above = xcalloc(n, sizeof *above);
    stats_indicator(above, x, n, p);
    tau = fmax(tau, wide_tau(above, n, window_of(n), alpha));
    if (n <= LONG_SERIES)
        tau = fmax(tau, long_tau(above, n, alpha));
    free(above);
    return tau;
}

double stats_robust_tau(const double x[], size_t n, double p, const size_t sizes[], size_t blocks)
{
    return robust_tau(x, n, p, sizes, blocks, USUAL_ALPHA, ENOUGH_RARE);
}

double stats_stern_tau(const double x[], size_t n, double p, const size_t sizes[], size_t blocks,
                       double alpha)
{
    return robust_tau(x, n, p, sizes, blocks, alpha, ENOUGH_STERN);
}

double stats_quantile_beside_heap(const double values[], size_t n, double p)
{
    double *sorted, at;
    size_t below = 0, above = 0;
    if (n == 0)
        return p;
    sorted = stats_sorted_copy(values, n);
    at = stats_order_statistic(sorted, n, p);
    free(sorted);
    for (size_t i = 0; i < n; i++) {
        below += values[i] < at;
        above += values[i] > at;
    }
    if (below == 0 || n - below - above < 2 || 2 * (double)above >= (double)n * (1 - p))
        return p;
    return (double)below / (double)n;
}
