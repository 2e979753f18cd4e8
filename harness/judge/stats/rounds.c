/* How sure is a scaling law? Rounds are drawn again, the law is fitted again, and the middle of
 * what comes out is the band.
 *
 * Each size is sorted once. A replicate is a count for each round, and its median is found by
 * walking the sorted rounds: no replicate sorts anything. */
#include "judge/stats/rounds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "judge/stats/anomalies.h"
#include "judge/stats/robust.h"
#include "judge/stats/stats.h"
#include "judge/stats/stats_internal.h"

/* A sweep without its broken rounds. */
struct clean {
    const double *n;
    size_t sizes, rounds;
    struct stats_place *marks; /* [size][rounds]: times, ascending, and the round of each */
    double *medians;           /* [size], of the present replicate */
    size_t *drawn;             /* [round], how often in the present replicate */
};

/* What all replicates gave: a row for each parameter, then one for each point of the curve. */
enum { T1, SIGMA, KAPPA, PEAK, PARAMETERS };

struct replicates {
    double *values; /* [row][room] */
    size_t count;   /* of those that could be fitted */
    size_t room;
};

static bool is_whole(const struct stats_sweep *sweep, size_t round)
{
    for (size_t size = 0; size < sweep->sizes; size++) {
        double time = sweep->time[size * sweep->rounds + round];
        if (!isfinite(time) || time <= 0)
            return false;
    }
    return true;
}

static struct clean clean_new(const struct stats_sweep *sweep)
{
    struct clean clean = {.n = sweep->n, .sizes = sweep->sizes};
    size_t *whole = xcalloc(sweep->rounds + 1, sizeof *whole);
    double *times = xcalloc(sweep->rounds + 1, sizeof *times);
    struct stats_place *order;
    for (size_t round = 0; round < sweep->rounds; round++)
        if (is_whole(sweep, round))
            whole[clean.rounds++] = round;
    clean.marks = xcalloc(sweep->sizes * clean.rounds, sizeof *clean.marks);
    clean.medians = xcalloc(sweep->sizes, sizeof *clean.medians);
    clean.drawn = xcalloc(clean.rounds, sizeof *clean.drawn);
    for (size_t size = 0; size < clean.sizes; size++) {
        for (size_t i = 0; i < clean.rounds; i++)
            times[i] = sweep->time[size * sweep->rounds + whole[i]];
        order = stats_order(times, clean.rounds);
        memcpy(&clean.marks[size * clean.rounds], order, clean.rounds * sizeof *order);
        free(order);
    }
    free(whole);
    free(times);
    return clean;
}

static void clean_release(struct clean *clean)
{
    free(clean->marks);
    free(clean->medians);
    free(clean->drawn);
}

/* The median of one size over the rounds as they were drawn: the mean of the two in the middle. */
static double median_of(const struct clean *clean, size_t size)
{
    const struct stats_place *mark = &clean->marks[size * clean->rounds];
    size_t left = (clean->rounds - 1) / 2, right = clean->rounds / 2;
    size_t passed = clean->drawn[mark->at];
    double lower;
    while (passed <= left)
        passed += clean->drawn[(++mark)->at];
    lower = mark->value;
    while (passed <= right)
        passed += clean->drawn[(++mark)->at];
    return lower + (mark->value - lower) / 2;
}

static struct stats_usl fit_drawn(const struct clean *clean)
{
    for (size_t size = 0; size < clean->sizes; size++)
        clean->medians[size] = median_of(clean, size);
    return stats_fit_usl(clean->n, clean->medians, clean->sizes);
}

static void draw_rounds(const struct clean *clean, gsl_rng *rng)
{
    memset(clean->drawn, 0, clean->rounds * sizeof *clean->drawn);
    for (size_t i = 0; i < clean->rounds; i++)
        clean->drawn[gsl_rng_uniform_int(rng, clean->rounds)]++;
}

static double *row_of(const struct replicates *all, size_t row)
{
    return &all->values[row * all->room];
}

static void keep(struct replicates *all, const struct stats_usl *fit,
                 const struct stats_curve *curve)
{
    if (!fit->defined)
        return;
    row_of(all, T1)[all->count] = fit->t1;
    row_of(all, SIGMA)[all->count] = fit->sigma;
    row_of(all, KAPPA)[all->count] = fit->kappa;
    row_of(all, PEAK)[all->count] = isnan(fit->peak_n) ? INFINITY : fit->peak_n;
    for (size_t i = 0; curve && i < curve->count; i++)
        row_of(all, PARAMETERS + i)[all->count] = stats_usl_time(fit, curve->n[i]);
    all->count++;
}

static void bound(double *lower, double *upper, const struct replicates *all, size_t row,
                  double tail)
{
    stats_sort(row_of(all, row), all->count);
    *lower = stats_quantile(row_of(all, row), all->count, tail);
    *upper = stats_quantile(row_of(all, row), all->count, 1 - tail);
}

/* As many independent rounds as these are worth, for their median. */
static size_t worth(const double times[], size_t rounds)
{
    double tau = stats_robust_tau(times, rounds, 0.5, NULL, 0);
    return (size_t)fmax(1, (double)rounds / tau);
}

/* One size against the law; for its worth the rounds are put back into their order. */
static struct stats_point point_of(const struct clean *clean, size_t size,
                                   const struct stats_usl *fit)
{
    const struct stats_place *marks = &clean->marks[size * clean->rounds];
    double *times = xcalloc(clean->rounds, sizeof *times);
    struct stats_point point = {.median = clean->medians[size],
                                .fit = stats_usl_time(fit, clean->n[size])};
    for (size_t i = 0; i < clean->rounds; i++)
        times[marks[i].at] = marks[i].value;
    point.rounds = worth(times, clean->rounds);
    point.sigma_log = stats_measure_log_spread(times, clean->rounds).sigma;
    free(times);
    return point;
}

static struct stats_misfit check(const struct clean *clean, const struct stats_usl *fit)
{
    struct stats_point *points = xcalloc(clean->sizes, sizeof *points);
    struct stats_misfit misfit;
    for (size_t size = 0; size < clean->sizes; size++)
        points[size] = point_of(clean, size, fit);
    misfit = stats_find_misfit(points, clean->sizes, STATS_LEAST_SIZES);
    free(points);
    return misfit;
}

/* The law of the rounds as they were; false where there is none. */
static bool fit_once(struct stats_usl_band *out, const struct clean *clean)
{
    for (size_t i = 0; i < clean->rounds; i++)
        clean->drawn[i] = 1;
    out->rounds = clean->rounds;
    if (clean->rounds < 2)
        return false;
    out->fit = fit_drawn(clean);
    if (out->fit.defined)
        out->misfit = check(clean, &out->fit);
    return out->fit.defined;
}

static void draw_band(struct stats_usl_band *out, const struct clean *clean, double confidence,
                      size_t count, gsl_rng *rng, const struct stats_curve *curve)
{
    size_t points = curve ? curve->count : 0;
    struct replicates all = {.room = count};
    double tail = (1 - confidence) / 2;
    all.values = xcalloc((PARAMETERS + points) * count, sizeof *all.values);
    for (size_t r = 0; r < count; r++) {
        struct stats_usl fit;
        draw_rounds(clean, rng);
        fit = fit_drawn(clean);
        keep(&all, &fit, curve);
    }
    out->defined = all.count > 0;
    bound(&out->t1_lower, &out->t1_upper, &all, T1, tail);
    bound(&out->sigma_lower, &out->sigma_upper, &all, SIGMA, tail);
    bound(&out->kappa_lower, &out->kappa_upper, &all, KAPPA, tail);
    bound(&out->peak_lower, &out->peak_upper, &all, PEAK, tail);
    for (size_t i = 0; i < points; i++)
        bound(&curve->lower[i], &curve->upper[i], &all, PARAMETERS + i, tail);
    free(all.values);
}

struct stats_usl_band stats_bootstrap_usl(const struct stats_sweep *sweep, double confidence,
                                          size_t replicates, gsl_rng *rng,
                                          const struct stats_curve *curve)
{
    struct stats_usl_band out = {.fit = stats_fit_usl(NULL, NULL, 0),
                                 .misfit = {.chi2 = NAN, .p = NAN},
                                 .t1_lower = NAN,
                                 .t1_upper = NAN,
                                 .sigma_lower = NAN,
                                 .sigma_upper = NAN,
                                 .kappa_lower = NAN,
                                 .kappa_upper = NAN,
                                 .peak_lower = NAN,
                                 .peak_upper = NAN};
    struct clean clean;
    for (size_t i = 0; curve && i < curve->count; i++)
        curve->lower[i] = curve->upper[i] = NAN;
    if (stats_count_different(sweep->n, sweep->sizes) < STATS_LEAST_SIZES)
        return out;
    clean = clean_new(sweep);
    if (fit_once(&out, &clean))
        draw_band(&out, &clean, confidence, replicates, rng, curve);
    clean_release(&clean);
    return out;
}
