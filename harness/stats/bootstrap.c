/* How much would an estimate move if the same cycles had been drawn again?
 *
 * One source of resamples serves all: starts of blocks, given or from a generator, turned into n
 * indices per replicate. Plain resampling is blocks of one. */
#include "stats/bootstrap.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "stats/stats.h"

/* Where the starts of blocks come from: `given` is read on and on, or rng is asked. */
struct draws {
    const size_t *given;
    gsl_rng *rng;
    size_t block;
};

static size_t next_start(struct draws *draws, size_t n)
{
    if (draws->given)
        return *draws->given++ % n;
    return gsl_rng_uniform_int(draws->rng, n);
}

/* The n indices of one replicate. */
static void draw(struct draws *draws, size_t indices[], size_t n)
{
    size_t filled = 0;
    while (filled < n) {
        size_t start = next_start(draws, n);
        for (size_t i = 0; i < draws->block && filled < n; i++)
            indices[filled++] = (start + i) % n;
    }
}

static bool any_refused(const double values[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (isnan(values[i]) || values[i] == -INFINITY)
            return true;
    return false;
}

static void pick(double out[], const double values[], const size_t indices[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = values[indices[i]];
}

/* Sorts samples, also for the mean: equal resamples then give equal means, whatever their order. */
static double estimate(double samples[], size_t n, struct stats_statistic statistic)
{
    stats_sort(samples, n);
    if (!statistic.mean)
        return stats_quantile(samples, n, statistic.p);
    if (n > 0 && isinf(samples[n - 1]))
        return INFINITY;
    return n > 0 ? gsl_stats_mean(samples, 1, n) : NAN;
}

/* ---- BCa ---- */

static double bias_correction(const double replicates[], size_t count, double whole)
{
    double below = 0, share;
    for (size_t i = 0; i < count; i++)
        below += replicates[i] < whole ? 1 : (replicates[i] == whole ? 0.5 : 0);
    share = fmin(fmax(below, 0.5), (double)count - 0.5) / (double)count;
    return gsl_cdf_ugaussian_Pinv(share);
}

static void leave_one_out(double out[], const double x[], size_t n,
                          struct stats_statistic statistic)
{
    double *rest = xcalloc(n, sizeof *rest);
    for (size_t i = 0; i < n; i++) {
        memcpy(rest, x, i * sizeof *rest);
        memcpy(rest + i, x + i + 1, (n - 1 - i) * sizeof *rest);
        out[i] = estimate(rest, n - 1, statistic);
    }
    free(rest);
}

/* NaN when a leave-one-out is infinite; 0 when all agree. */
static double acceleration(const double x[], size_t n, struct stats_statistic statistic)
{
    double *jackknife = xcalloc(n, sizeof *jackknife), mean, squares = 0, cubes = 0;
    leave_one_out(jackknife, x, n, statistic);
    mean = gsl_stats_mean(jackknife, 1, n);
    for (size_t i = 0; i < n; i++) {
        double distance = mean - jackknife[i];
        squares += distance * distance;
        cubes += distance * distance * distance;
    }
    free(jackknife);
    if (!isfinite(squares))
        return NAN;
    return squares > 0 ? cubes / (6 * pow(squares, 1.5)) : 0;
}

/* NaN past the pole of the correction */
static double corrected_level(double z0, double a, double z)
{
    double shrink = 1 - a * (z0 + z);
    return shrink > 0 ? gsl_cdf_ugaussian_P(z0 + (z0 + z) / shrink) : NAN;
}

static void correct(struct stats_bca *out, const double replicates[], size_t count, double tail)
{
    double lower, upper;
    lower = corrected_level(out->z0, out->acceleration, gsl_cdf_ugaussian_Pinv(tail));
    upper = corrected_level(out->z0, out->acceleration, gsl_cdf_ugaussian_Qinv(tail));
    if (isnan(lower) || isnan(upper)) {
        out->z0 = out->acceleration = NAN;
        return;
    }
    out->has_bca = true;
    out->level_lower = lower;
    out->level_upper = upper;
    out->bca_lower = stats_quantile(replicates, count, lower);
    out->bca_upper = stats_quantile(replicates, count, upper);
}

static void resample(double replicates[], size_t count, const double x[], size_t n,
                     struct stats_statistic statistic, struct draws *draws)
{
    size_t *indices = xcalloc(n, sizeof *indices);
    double *samples = xcalloc(n, sizeof *samples);
    for (size_t r = 0; r < count; r++) {
        draw(draws, indices, n);
        pick(samples, x, indices, n);
        replicates[r] = estimate(samples, n, statistic);
    }
    stats_sort(replicates, count);
    free(indices);
    free(samples);
}

static double estimate_of_copy(const double x[], size_t n, struct stats_statistic statistic)
{
    double *copy = xcalloc(n + 1, sizeof *copy), value;
    if (n > 0)
        memcpy(copy, x, n * sizeof *copy);
    value = estimate(copy, n, statistic);
    free(copy);
    return value;
}

static struct stats_bca interval(const double x[], size_t n, struct stats_statistic statistic,
                                 double confidence, size_t count, struct draws draws)
{
    struct stats_bca out = {.estimate = NAN,
                            .percentile_lower = NAN,
                            .percentile_upper = NAN,
                            .z0 = NAN,
                            .acceleration = NAN,
                            .level_lower = NAN,
                            .level_upper = NAN,
                            .bca_lower = NAN,
                            .bca_upper = NAN};
    double tail = (1 - confidence) / 2, *replicates;
    if (any_refused(x, n))
        return out;
    out.estimate = estimate_of_copy(x, n, statistic);
    if (n < 2 || count == 0)
        return out;
    replicates = xcalloc(count, sizeof *replicates);
    resample(replicates, count, x, n, statistic, &draws);
    out.defined = true;
    out.percentile_lower = stats_quantile(replicates, count, tail);
    out.percentile_upper = stats_quantile(replicates, count, 1 - tail);
    out.z0 = bias_correction(replicates, count, out.estimate);
    out.acceleration = acceleration(x, n, statistic);
    correct(&out, replicates, count, tail);
    free(replicates);
    return out;
}

struct stats_bca stats_bootstrap(const double x[], size_t n, struct stats_statistic statistic,
                                 double confidence, const size_t indices[], size_t replicates)
{
    return interval(x, n, statistic, confidence, replicates,
                    (struct draws){.given = indices, .block = 1});
}

struct stats_bca stats_bootstrap_random(const double x[], size_t n,
                                        struct stats_statistic statistic, double confidence,
                                        size_t replicates, gsl_rng *rng)
{
    return interval(x, n, statistic, confidence, replicates,
                    (struct draws){.rng = rng, .block = 1});
}

/* ---- blocks of pairs ---- */

/* The two arms, their ratios, and room for one resample. */
struct arms {
    const double *a, *b;
    double *ratios, *samples;
    size_t *indices;
    size_t n;
};

static double median_of(struct arms *arms, const double values[])
{
    pick(arms->samples, values, arms->indices, arms->n);
    stats_sort(arms->samples, arms->n);
    return stats_quantile(arms->samples, arms->n, 0.5);
}

/* Both ratios of the cycles that arms->indices name. */
static void both_ratios(struct arms *arms, double *of_medians, double *median)
{
    double slow = median_of(arms, arms->a), fast = median_of(arms, arms->b);
    stats_ratios(of_medians, &slow, &fast, 1);
    *median = median_of(arms, arms->ratios);
}

static struct arms arms_new(const double a[], const double b[], size_t n)
{
    struct arms arms = {.a = a, .b = b, .n = n};
    arms.ratios = xcalloc(n, sizeof *arms.ratios);
    arms.samples = xcalloc(n, sizeof *arms.samples);
    arms.indices = xcalloc(n, sizeof *arms.indices);
    stats_ratios(arms.ratios, a, b, n);
    for (size_t i = 0; i < n; i++)
        arms.indices[i] = i;
    return arms;
}

static void arms_release(struct arms *arms)
{
    free(arms->ratios);
    free(arms->samples);
    free(arms->indices);
}

static void bound_ratios(struct stats_paired_bootstrap *out, struct arms *arms, double tail,
                         size_t count, struct draws *draws)
{
    double *of_medians = xcalloc(count, sizeof *of_medians);
    double *medians = xcalloc(count, sizeof *medians);
    for (size_t r = 0; r < count; r++) {
        draw(draws, arms->indices, arms->n);
        both_ratios(arms, &of_medians[r], &medians[r]);
    }
    stats_sort(of_medians, count);
    stats_sort(medians, count);
    out->ratio_of_medians_lower = stats_quantile(of_medians, count, tail);
    out->ratio_of_medians_upper = stats_quantile(of_medians, count, 1 - tail);
    out->median_ratio_lower = stats_quantile(medians, count, tail);
    out->median_ratio_upper = stats_quantile(medians, count, 1 - tail);
    free(of_medians);
    free(medians);
}

static struct stats_paired_bootstrap paired(const double a[], const double b[], size_t n,
                                            double confidence, size_t count, struct draws draws)
{
    struct stats_paired_bootstrap out = {false, NAN, NAN, NAN, NAN, NAN, NAN};
    struct arms arms;
    if (n < 2 || count == 0 || draws.block == 0 || any_refused(a, n) || any_refused(b, n))
        return out;
    arms = arms_new(a, b, n);
    out.defined = true;
    both_ratios(&arms, &out.ratio_of_medians, &out.median_ratio);
    bound_ratios(&out, &arms, (1 - confidence) / 2, count, &draws);
    arms_release(&arms);
    return out;
}

struct stats_paired_bootstrap stats_bootstrap_blocks(const double a[], const double b[], size_t n,
                                                     double confidence, size_t block,
                                                     const size_t starts[], size_t replicates)
{
    return paired(a, b, n, confidence, replicates, (struct draws){.given = starts, .block = block});
}

struct stats_paired_bootstrap stats_bootstrap_blocks_random(const double a[], const double b[],
                                                            size_t n, double confidence,
                                                            size_t block, size_t replicates,
                                                            gsl_rng *rng)
{
    return paired(a, b, n, confidence, replicates, (struct draws){.rng = rng, .block = block});
}
