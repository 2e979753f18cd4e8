/* Is the candidate's tail slower?
 * Which of the two stands among the slowest of both, pair by pair. */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "judge/gate_internal.h"
#include "judge/stats/dependence.h"
#include "judge/stats/gate.h"
#include "judge/stats/robust.h"
#include "judge/stats/stats.h"

#define REGRESSION_SHARE 0.75 /* of the cycles above the quantile: see gate_judge */
#define ENOUGH_PAIRS     40   /* discordant ones, before wide windows make sense */
#define SMALLEST_FACTOR  1e-6
#define STEPS            60
#define SLACK            1e-12

/* Cycles of the heap of 2 n that count. */
static int counted(double quantile, int n, bool pass)
{
    double share = pass ? 1 : REGRESSION_SHARE;
    double most = floor(2 * n * (1 - quantile) * share + 0.5 + 1e-9);
    return most > 1 ? (int)most : 1;
}

/* ---- who is up there? ---- */

/* Pairs of which only one stands among the slowest. */
struct discordant {
    size_t candidate, baseline;
    double *series; /* +1, -1, 0 for each pair, in their order; NULL when it is not wanted */
};

static double known(double value)
{
    return isnan(value) ? INFINITY : value;
}

/* The value above which `most` of the heap lie; fewer, where several are equal to it. Selected, not
 * sorted: the bounds ask for it more than a hundred times. */
static double threshold_of(const struct gate_view *view, double factor, size_t most)
{
    double *heap = xcalloc(2 * view->n, sizeof *heap), at = -INFINITY;
    for (size_t i = 0; i < view->n; i++) {
        heap[i] = known(view->baseline[i]);
        heap[view->n + i] = known(view->candidate[i] / factor);
    }
    if (most < 2 * view->n)
        at = gsl_stats_select(heap, 1, 2 * view->n, 2 * view->n - 1 - most);
    free(heap);
    return at;
}

/* Where the threshold is a failed cycle itself nothing lies above it: the failed ones count. */
static int is_above(double value, double threshold)
{
    return isinf(threshold) && threshold > 0 ? isinf(value) : value > threshold;
}

/* doubt: what a doubtful pair counts as: +1 the candidate's, -1 the baseline's. */
static struct discordant look_up(const struct gate_view *view, double factor, size_t most,
                                 int doubt, double series[])
{
    struct discordant out = {0, 0, series};
    double threshold = threshold_of(view, factor, most);
    for (size_t i = 0; i < view->n; i++) {
        int sign = is_above(view->candidate[i] / factor, threshold) -
                   is_above(view->baseline[i], threshold);
        if (isnan(view->candidate[i]) || isnan(view->baseline[i]))
            sign = doubt;
        out.candidate += sign > 0;
        out.baseline += sign < 0;
        if (series)
            series[i] = sign;
    }
    return out;
}

/* ---- dependence ---- */

/* How much more the sum of the signs varies than independent ones would: where neighbours are alike
 * (Geyer 1992), and where blocks differ, by more than chance; the rules of
 * judge/stats/dependence.h. */
static double tau_of(const double series[], const struct gate_view *view, size_t discordant)
{
    double tau = 1, n = (double)view->n, naive, effect, groups = (double)view->blocks;
    if (stats_autocorrelation(series, view->n, 1) > gsl_cdf_ugaussian_Pinv(0.95) / sqrt(n))
        tau = stats_geyer_tau(series, view->n);
    if (discordant >= ENOUGH_PAIRS)
        tau = fmax(tau, stats_wide_tau(series, view->n, (size_t)(n / 5)));
    if (view->blocks < STATS_LEAST_BLOCKS)
        return tau;
    naive = gsl_stats_variance(series, 1, view->n) / n;
    effect = stats_design_effect(series, view->n, view->sizes, view->blocks, naive);
    if (effect > gsl_cdf_chisq_Pinv(0.9, groups - 1) / (groups - 1))
        tau = fmax(tau,
                   effect *
                       pow(gsl_cdf_tdist_Pinv(0.95, groups - 1) / gsl_cdf_ugaussian_Pinv(0.95), 2));
    return tau;
}

/* ---- the test ---- */

static double p_of(const struct discordant *found, bool candidate_more, double tau)
{
    size_t n = found->candidate + found->baseline;
    return candidate_more ? stats_p_refute(found->candidate, n, 0.5, tau)
                          : stats_p_support(found->candidate, n, 0.5, tau);
}

static double p_slower(const struct gate_view *view, double factor, double tau)
{
    size_t most = (size_t)counted(view->quantile, (int)view->n, false);
    struct discordant found = look_up(view, factor, most, -1, NULL);
    return p_of(&found, true, tau);
}

static double p_not_slower(const struct gate_view *view, double factor, double tau)
{
    size_t most = (size_t)counted(view->quantile, (int)view->n, true);
    struct discordant found = look_up(view, factor, most, 1, NULL);
    return p_of(&found, false, tau);
}

static double p_faster(const struct gate_view *view, double factor, double tau)
{
    size_t most = (size_t)counted(view->quantile, (int)view->n, false);
    struct discordant found = look_up(view, factor, most, 1, NULL);
    return p_of(&found, false, tau);
}

static double measure_tau(const struct gate_view *view, double factor)
{
    size_t most = (size_t)counted(view->quantile, (int)view->n, true);
    double *series = xcalloc(view->n, sizeof *series), tau;
    struct discordant found = look_up(view, factor, most, 0, series);
    tau = tau_of(series, view, found.candidate + found.baseline);
    free(series);
    return tau;
}

static void prove(struct gate_proof *out, const struct gate_view *view,
                  const struct gate_question *question)
{
    double tolerance = question->tolerance;
    out->tau = measure_tau(view, 1 + tolerance);
    out->regression = p_slower(view, 1 + tolerance, out->tau);
    out->no_regression = p_not_slower(view, 1 + tolerance, out->tau);
    out->improvement = p_faster(view, 1 / (1 + tolerance), out->tau);
}

/* ---- bounds ---- */

/* The factor at which the test stops to reject,
 * between one at which it does and one at which it does not. */
static double edge_between(const struct gate_view *view, double rejects, double accepts,
                           double level, double tau,
                           double (*p)(const struct gate_view *, double, double))
{
    for (int i = 0; i < STEPS; i++) {
        double middle = sqrt(rejects * accepts);
        if (p(view, middle, tau) <= level + SLACK)
            rejects = middle;
        else
            accepts = middle;
    }
    return rejects;
}

/* Searched from the tolerance outwards, so that the bound never contradicts the word. */
static double bound(const struct gate_view *view, const struct gate_item *item, double from,
                    double end, double level, double (*p)(const struct gate_view *, double, double))
{
    /* rejected at `from`: it may be even further from `end` */
    if (p(view, from, item->tau) <= level + SLACK)
        return edge_between(view, from, 1 / end, level, item->tau, p);
    if (p(view, end, item->tau) > level + SLACK)
        return NAN;
    return edge_between(view, end, from, level, item->tau, p);
}

/* The standard error of ln ratio is read off the distance of the bounds. */
static double detectable(const struct gate_item *item, const struct gate_question *question,
                         const struct gate_levels *levels)
{
    double reach =
        gsl_cdf_ugaussian_Qinv(levels->regression) + gsl_cdf_ugaussian_Qinv(levels->pass);
    if (!(item->lower > 0) || isinf(item->upper))
        return INFINITY;
    return gate_detectable(question, fmax(0, log(item->upper / item->lower)) / reach);
}

static void estimate(struct gate_item *out, const struct gate_view *view,
                     const struct gate_question *question, const struct gate_levels *levels)
{
    double edge = 1 + question->tolerance, baseline, candidate;
    double lower = bound(view, out, edge, SMALLEST_FACTOR, levels->regression, p_slower);
    double upper = bound(view, out, edge, 1 / SMALLEST_FACTOR, levels->pass, p_not_slower);
    out->lower = isnan(lower) ? 0 : lower;
    out->upper = isnan(upper) ? INFINITY : upper;
    baseline = gate_quantile(view->baseline, view->n, view->quantile);
    candidate = gate_quantile(view->candidate, view->n, view->quantile);
    stats_gate_ratios(&out->ratio, &candidate, &baseline, 1);
    out->detectable = detectable(out, question, levels);
}

const struct gate_method gate_tail = {counted, prove, estimate};
