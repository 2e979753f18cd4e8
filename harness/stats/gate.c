/* Is the candidate slower than the baseline, by more than is tolerated,
 * and could this many pairs have shown it? */
#include "stats/gate.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "stats/dependence.h"
#include "stats/diagnose.h"
#include "stats/internal.h"
#include "stats/stats.h"

#define SLACK 1e-12 /* levels are compared with this slack */
#define POWER 0.80

/* ---- the paired gate ---- */

static double ratio_of(double candidate, double baseline)
{
    bool candidate_failed = !(candidate < INFINITY), baseline_failed = !(baseline < INFINITY);
    if (candidate_failed || baseline_failed)
        return candidate_failed && baseline_failed ? 1 : (candidate_failed ? INFINITY : 0);
    if (baseline <= 0)
        return candidate <= 0 ? 1 : INFINITY;
    return candidate <= 0 ? 0 : candidate / baseline;
}

void stats_gate_ratios(double out[], const double candidate[], const double baseline[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = ratio_of(candidate[i], baseline[i]);
}

static void test_counts(struct stats_gate *out, const double ratios[], double tolerance)
{
    size_t too_fast = 0;
    out->p_pass = out->p_fail = out->p_not_faster = out->p_equivalent = NAN;
    if (!(tolerance >= 0))
        return; /* what is not asked has no answer: INCONCLUSIVE */
    for (size_t i = 0; i < out->n; i++) {
        out->bad += ratios[i] > 1 + tolerance;
        too_fast += ratios[i] < 1 - tolerance;
    }
    out->p_pass = stats_p_support(out->bad, out->n, 0.5, out->tau);
    out->p_fail = stats_p_refute(out->bad, out->n, 0.5, out->tau);
    out->p_not_faster = stats_p_support(too_fast, out->n, 0.5, out->tau);
    out->p_equivalent = fmax(out->p_pass, out->p_not_faster);
}

static void give_verdict(struct stats_gate *out, const struct stats_gate_question *question)
{
    if (out->p_pass <= question->alpha_pass + SLACK)
        out->verdict = STATS_GATE_PASS;
    else if (out->p_fail <= question->alpha_fail + SLACK)
        out->verdict = STATS_GATE_FAIL;
    out->equivalent = out->p_equivalent <= question->alpha_pass + SLACK;
}

/* Sorts the ratios. */
static void estimate(struct stats_gate *out, double ratios[], double alpha_lower,
                     double alpha_upper)
{
    struct stats_bounds bounds;
    stats_sort(ratios, out->n);
    bounds = stats_median_bounds(ratios, out->n, out->tau, alpha_lower, alpha_upper);
    out->change = stats_quantile(ratios, out->n, 0.5) - 1;
    out->has_lower = bounds.has_lower;
    out->has_upper = bounds.has_upper;
    out->lower = bounds.lower - 1;
    out->upper = bounds.upper - 1;
}

static void foresee(struct stats_gate *out, const double ratios[], double tolerance)
{
    out->sigma_log = stats_measure_log_spread(ratios, out->n).sigma;
    out->detectable = stats_detectable_change(out->sigma_log, out->tau, out->n, POWER);
    out->least_fail = (1 + tolerance) * (1 + out->detectable) - 1;
    out->powerless = out->detectable > tolerance;
}

struct stats_gate stats_judge_gate(const struct stats_gate_question *question)
{
    struct stats_gate out = {.n = question->n};
    double *ratios = xcalloc(out.n + 1, sizeof *ratios);
    stats_gate_ratios(ratios, question->candidate, question->baseline, out.n);
    out.tau =
        stats_measure_dependence(ratios, out.n, 0.5, question->block_sizes, question->blocks).tau;
    test_counts(&out, ratios, question->tolerance);
    give_verdict(&out, question);
    foresee(&out, ratios, question->tolerance);
    estimate(&out, ratios, question->alpha_fail, question->alpha_pass);
    free(ratios);
    return out;
}

/* ---- power ---- */

/* How many standard errors of a median (in units of sigma) lie between boundary and truth. */
static double reach(double power)
{
    return (gsl_cdf_ugaussian_Pinv(0.95) + gsl_cdf_ugaussian_Pinv(power)) * sqrt(M_PI_2);
}

double stats_detectable_change(double sigma, double tau, size_t n, double power)
{
    double change = expm1(reach(power) * sigma * sqrt(tau / (double)n));
    return n > 0 && sigma >= 0 && isfinite(sigma) && change >= 0 ? change : INFINITY;
}

double stats_pairs_needed(double sigma, double tau, double factor, double power)
{
    double pairs = tau * gsl_pow_2(reach(power) * sigma / log(factor));
    bool asked = sigma >= 0 && isfinite(sigma) && factor > 0 && isfinite(factor) && factor != 1;
    return asked && pairs >= 0 ? pairs : INFINITY;
}

/* ---- several metrics ---- */

void stats_holm(double out[], const double p[], size_t count)
{
    struct stats_place *order = stats_order(p, count); /* NaN last, as 1 */
    double *sorted = xcalloc(count + 1, sizeof *sorted), least = 0;
    for (size_t k = 0; k < count; k++)
        sorted[k] = p[order[k].at];
    for (size_t k = 0; k < count; k++) {
        double value = isnan(sorted[k]) ? 1 : sorted[k];
        least = fmax(least, fmin(1, (double)(count - k) * value));
        out[order[k].at] = least;
    }
    free(sorted);
    free(order);
}

/* ---- a stored baseline ---- */

/* The logs of the stored medians; false when one of them has none. */
static bool logs_of(double out[], const double x[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!(x[i] > 0) || !isfinite(x[i]))
            return false;
        out[i] = log(x[i]);
    }
    return true;
}

static void predict(struct stats_session *out, const double logs[], size_t count, double median)
{
    double mean = gsl_stats_mean(logs, 1, count), freedom = (double)count - 1;
    double width = gsl_stats_sd_m(logs, 1, count, mean) * sqrt(1 + 1 / (double)count);
    out->defined = true;
    out->change = expm1(log(median) - mean);
    out->t = (log(median) - mean) / width;
    out->p_slower = gsl_cdf_tdist_Q(out->t, freedom);
    out->limit = exp(mean + gsl_cdf_tdist_Pinv(0.95, freedom) * width);
}

struct stats_session stats_predict_session(const double stored[], size_t count, double median)
{
    struct stats_session out = {.change = NAN, .t = NAN, .p_slower = 1, .limit = INFINITY};
    double *logs = xcalloc(count + 1, sizeof *logs), least, most;
    if (count > 1 && logs_of(logs, stored, count) && median > 0 && isfinite(median)) {
        out.freedom = count - 1;
        gsl_stats_minmax(&least, &most, logs, 1, count);
        if (least < most)
            predict(&out, logs, count, median);
    }
    free(logs);
    return out;
}

/* ---- looking at any time ---- */

/* ln of the mass that Beta(a, b) puts below share, or above it */
static double log_mass(double a, double b, double share, bool below)
{
    return log(below ? gsl_cdf_beta_P(share, a, b) : gsl_cdf_beta_Q(share, a, b));
}

double stats_log_e_value(size_t bad, size_t n, double share, double a, double b, bool support)
{
    double good = (double)(n - bad), c = (double)bad;
    if (bad > n || !(share > 0 && share < 1) || !(a > 0) || !(b > 0))
        return NAN;
    return gsl_sf_lnbeta(a + c, b + good) + log_mass(a + c, b + good, share, support) -
           gsl_sf_lnbeta(a, b) - log_mass(a, b, share, support) - c * log(share) -
           good * log1p(-share);
}
