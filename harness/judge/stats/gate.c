/* How does the candidate compare with the baseline, pair by pair or against stored sittings, and
 * could this many pairs have shown it? */
#include "judge/stats/gate.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "judge/stats/stats_internal.h"

/* ---- pairs ---- */

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
    struct stats_place *order = stats_order(p, count); /* NaN is last, and cut to 1 */
    double least = 0;
    for (size_t k = 0; k < count; k++) {
        least = fmax(least, fmin(1, (double)(count - k) * order[k].value));
        out[order[k].at] = least;
    }
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

static void predict(struct stats_sitting *out, const double logs[], size_t count, double median)
{
    double mean = gsl_stats_mean(logs, 1, count), freedom = (double)count - 1;
    double width = gsl_stats_sd_m(logs, 1, count, mean) * sqrt(1 + 1 / (double)count);
    out->defined = true;
    out->change = expm1(log(median) - mean);
    out->t = (log(median) - mean) / width;
    out->p_slower = gsl_cdf_tdist_Q(out->t, freedom);
    out->limit = exp(mean + gsl_cdf_tdist_Pinv(0.95, freedom) * width);
}

struct stats_sitting stats_predict_sitting(const double stored[], size_t count, double median)
{
    struct stats_sitting out = {.change = NAN, .t = NAN, .p_slower = 1, .limit = INFINITY};
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
