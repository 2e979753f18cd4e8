/* How many independent samples are these worth? Autocorrelation within the run, spread between its
 * blocks, and the rule that makes one number, tau, of both. */
#include "judge/stats/dependence.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_fft_halfcomplex.h>
#include <gsl/gsl_fft_real.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "judge/stats/stats.h"
#include "judge/stats/stats_internal.h"

#define LONG_SERIES 4000 /* beyond it lags are capped and come from one Fourier transform */
#define MOST_LAGS   1999
#define FIRST_PAIRS 8 /* summed up one by one: most series need no more, and no transform */

/* ---- ranks and indicators ---- */

void stats_mid_ranks(double out[], const double x[], size_t n)
{
    struct stats_place *order = stats_order(x, n);
    for (size_t from = 0, to = 0; from < n; from = to) {
        while (to < n && order[to].value == order[from].value)
            to++;
        for (size_t i = from; i < to; i++)
            out[order[i].at] = (double)(from + 1 + to) / 2; /* 1-based: from + 1 .. to */
    }
    free(order);
}

size_t stats_indicator(double out[], const double x[], size_t n, double p)
{
    double *sorted = stats_sorted_copy(x, n), limit = stats_order_statistic(sorted, n, p);
    size_t sum = 0;
    free(sorted);
    for (size_t i = 0; i < n; i++) {
        double value = isnan(x[i]) ? INFINITY : x[i];
        bool above = value > limit || (value == limit && limit == INFINITY);
        out[i] = above;
        sum += above;
    }
    return sum;
}

/* ---- autocorrelation ---- */

/* A series less its mean. moving: finite and not constant, otherwise nothing is allocated. */
struct series {
    size_t n;
    bool finite, moving;
    double *y, square; /* square: sum of y^2 */
    double *products;  /* by lag, from the Fourier transform; NULL for short series */
};

static struct series series_of(const double x[], size_t n)
{
    struct series series = {.n = n, .finite = true};
    double mean;
    for (size_t i = 0; i < n; i++) {
        series.finite = series.finite && isfinite(x[i]);
        series.moving = series.moving || x[i] != x[0];
    }
    series.moving = series.moving && series.finite;
    if (!series.moving)
        return series;
    series.y = xcalloc(n, sizeof *series.y);
    mean = gsl_stats_mean(x, 1, n);
    for (size_t i = 0; i < n; i++) {
        series.y[i] = x[i] - mean;
        series.square += series.y[i] * series.y[i];
    }
    return series;
}

static void series_release(struct series *series)
{
    free(series->y);
    free(series->products);
}

/* All the sums of products at once: the inverse transform of the power spectrum, padded with zeros
 * so that the end does not meet the beginning. */
static void transform(struct series *series)
{
    size_t room = 1;
    double *data;
    while (room < series->n + MOST_LAGS + 1)
        room *= 2;
    data = series->products = xcalloc(room, sizeof *data);
    for (size_t i = 0; i < series->n; i++)
        data[i] = series->y[i];
    gsl_fft_real_radix2_transform(data, 1, room);
    data[0] *= data[0];
    data[room / 2] *= data[room / 2];
    for (size_t i = 1; i < room / 2; i++) {
        data[i] = data[i] * data[i] + data[room - i] * data[room - i];
        data[room - i] = 0;
    }
    gsl_fft_halfcomplex_radix2_inverse(data, 1, room);
}

static double rho(const struct series *series, size_t lag)
{
    double sum = 0;
    if (lag == 0)
        return 1;
    if (!series->finite)
        return NAN;
    if (!series->moving || lag >= series->n)
        return 0;
    if (series->products)
        return series->products[lag] / series->square;
    for (size_t i = 0; i + lag < series->n; i++)
        sum += series->y[i] * series->y[i + lag];
    return sum / series->square;
}

double stats_autocorrelation(const double x[], size_t n, size_t lag)
{
    struct series series = series_of(x, n);
    double answer = rho(&series, lag);
    series_release(&series);
    return answer;
}

static size_t last_lag(size_t n)
{
    size_t half = n / 2;
    if (n < 4)
        return 1;
    if (n > LONG_SERIES)
        return MOST_LAGS;
    return half % 2 ? half : half + 1;
}

double stats_geyer_tau(const double x[], size_t n)
{
    struct series series = series_of(x, n);
    double sum = 0, before = INFINITY;
    for (size_t m = 0; series.finite && m <= (last_lag(n) - 1) / 2; m++) {
        double pair;
        if (m == FIRST_PAIRS && series.moving && n > LONG_SERIES)
            transform(&series);
        pair = fmin(before, rho(&series, 2 * m) + rho(&series, 2 * m + 1));
        if (pair <= 0)
            break;
        sum += pair;
        before = pair;
    }
    series_release(&series);
    return series.finite ? fmax(1, 2 * sum - 1) : NAN;
}

/* ---- blocks ---- */

static bool blocks_fit(size_t n, const size_t sizes[], size_t blocks)
{
    size_t sum = 0;
    for (size_t g = 0; g < blocks; g++)
        sum += sizes[g];
    return blocks >= STATS_LEAST_BLOCKS && sum == n && n > 0;
}

double stats_design_effect(const double y[], size_t n, const size_t sizes[], size_t blocks,
                           double naive)
{
    double mean, sum = 0, groups = (double)blocks, squares = (double)n * (double)n;
    if (!blocks_fit(n, sizes, blocks))
        return NAN;
    if (naive <= 0)
        return 0;
    mean = gsl_stats_mean(y, 1, n);
    for (size_t g = 0; g < blocks; y += sizes[g], g++) {
        double excess = 0;
        for (size_t i = 0; i < sizes[g]; i++)
            excess += y[i] - mean;
        sum += excess * excess;
    }
    return groups / (groups - 1) * sum / squares / naive;
}

/* ---- the rule ---- */

static void measure_ranks(struct stats_dependence *out, const double x[], size_t n,
                          const size_t sizes[], size_t blocks)
{
    double *ranks = xcalloc(n, sizeof *ranks), naive = 0;
    stats_mid_ranks(ranks, x, n);
    if (n > 1)
        naive = gsl_stats_variance(ranks, 1, n) / (double)n;
    out->r1_rank = stats_autocorrelation(ranks, n, 1);
    out->deff_rank = stats_design_effect(ranks, n, sizes, blocks, naive);
    free(ranks);
}

static void measure_indicator(struct stats_dependence *out, const double x[], size_t n, double p,
                              const size_t sizes[], size_t blocks)
{
    double *above = xcalloc(n, sizeof *above), count = (double)n;
    double share = (double)stats_indicator(above, x, n, p) / count;
    out->r1_indicator = stats_autocorrelation(above, n, 1);
    out->tau_geyer = stats_geyer_tau(above, n);
    out->deff_indicator = stats_design_effect(above, n, sizes, blocks, share * (1 - share) / count);
    free(above);
}

static void judge(struct stats_dependence *out)
{
    double z = gsl_cdf_ugaussian_Pinv(0.95), root = sqrt((double)out->n);
    double freedom = (double)out->blocks - 1;
    out->gate = out->r1_rank > z / root || out->r1_indicator > 2 / root;
    if (out->gate)
        out->tau = fmax(out->tau, out->tau_geyer);
    if (isnan(out->deff_rank))
        return;
    out->clustered =
        fmax(out->deff_indicator, out->deff_rank) > gsl_cdf_chisq_Pinv(0.90, freedom) / freedom;
    if (out->clustered)
        out->tau =
            fmax(out->tau, out->deff_indicator * pow(gsl_cdf_tdist_Pinv(0.95, freedom) / z, 2));
}

struct stats_dependence stats_measure_dependence(const double x[], size_t n, double p,
                                                 const size_t sizes[], size_t blocks)
{
    struct stats_dependence out = {.n = n, .blocks = blocks, .tau_geyer = 1, .tau = 1};
    out.deff_indicator = out.deff_rank = NAN;
    if (n == 0)
        return out;
    measure_ranks(&out, x, n, sizes, blocks);
    measure_indicator(&out, x, n, p, sizes, blocks);
    judge(&out);
    return out;
}
