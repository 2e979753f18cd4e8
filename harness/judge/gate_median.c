/* Is the candidate slower pair by pair? A sign test on the ratios. */
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "judge/gate_internal.h"
#include "judge/stats/anomalies.h"
#include "judge/stats/gate.h"
#include "judge/stats/robust.h"
#include "judge/stats/stats.h"

static int counted(double quantile, int n, bool pass)
{
    (void)quantile, (void)pass;
    return n;
}

/* Ratios with what a doubtful pair is taken for. */
static double *ratios_with(const struct gate_view *view, double doubtful)
{
    double *ratios = xcalloc(view->n, sizeof *ratios);
    stats_gate_ratios(ratios, view->candidate, view->baseline, view->n);
    for (size_t i = 0; i < view->n; i++)
        if (gate_doubtful(view->baseline[i], view->candidate[i]))
            ratios[i] = doubtful;
    return ratios;
}

static size_t count_above(const double ratios[], size_t n, double edge)
{
    size_t above = 0;
    for (size_t i = 0; i < n; i++)
        above += ratios[i] > edge;
    return above;
}

/* For the sterner of the two answers; the other pays with it. */
static double tau_of(const struct gate_view *view, const double ratios[], double alpha)
{
    return stats_stern_tau(ratios, view->n, stats_quantile_beside_heap(ratios, view->n, 0.5),
                           view->sizes, view->blocks, alpha);
}

static void prove(struct gate_proof *out, const struct gate_view *view,
                  const struct gate_question *question)
{
    double tolerance = question->tolerance;
    double *high = ratios_with(view, INFINITY), *low = ratios_with(view, 0);
    double *plain = ratios_with(view, 1);
    double tau = tau_of(view, plain, fmin(question->alpha, question->alpha_pass));
    out->tau = tau;
    out->regression = stats_p_refute(count_above(low, view->n, 1 + tolerance), view->n, 0.5, tau);
    out->no_regression =
        stats_p_support(count_above(high, view->n, 1 + tolerance), view->n, 0.5, tau);
    out->improvement =
        stats_p_support(count_above(high, view->n, 1 / (1 + tolerance)), view->n, 0.5, tau);
    free(high);
    free(low);
    free(plain);
}

/* Doubtful pairs widen the bounds on both sides, as they count in the tests. */
static void estimate(struct gate_item *out, const struct gate_view *view,
                     const struct gate_question *question, const struct gate_levels *levels)
{
    double *high = ratios_with(view, INFINITY), *low = ratios_with(view, 0);
    double *plain = ratios_with(view, 1);
    double sigma = stats_measure_log_spread(plain, view->n).sigma;
    struct stats_bounds lower, upper;
    stats_sort(high, view->n);
    stats_sort(low, view->n);
    stats_sort(plain, view->n);
    lower = stats_median_bounds(low, view->n, out->tau, levels->regression, levels->regression);
    upper = stats_median_bounds(high, view->n, out->tau, levels->pass, levels->pass);
    out->ratio = stats_quantile(plain, view->n, 0.5);
    out->lower = lower.has_lower ? lower.lower : 0;
    out->upper = upper.has_upper ? upper.upper : INFINITY;
    out->detectable =
        gate_detectable(question, sqrt(M_PI_2) * sigma * sqrt(out->tau / (double)view->n));
    free(high);
    free(low);
    free(plain);
}

const struct gate_method gate_median = {counted, prove, estimate};
