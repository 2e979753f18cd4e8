/* How sure is a curve of the distribution? The band around it, and what the claims about it say. */
#include <math.h>

#include "report/figure.h"

/* Quantiles of the band: every 1 %, and closer to both ends. */
#define STEPS 101

static bool is_about(const struct verdict_item *item, const struct facts_cell *cell)
{
    const struct scenario_claim *claim = item->claim;
    return (claim->kind == SCENARIO_CLAIM_AT_MOST || claim->kind == SCENARIO_CLAIM_AT_LEAST) &&
           claim->metric == SCENARIO_SPAWN_TIME && claim->statistic == SCENARIO_QUANTILE &&
           claim->arm == cell->arm && item->value == (int)cell->value && item->n > 0;
}

/* The largest of its claims; 0 when there is no claim. */
static double tau_of(const struct facts *facts, const struct facts_cell *cell)
{
    double tau = 0;
    for (size_t i = 0; i < facts->verdict.count; i++)
        if (is_about(&facts->verdict.items[i], cell))
            tau = fmax(tau, fmax(1, facts->verdict.items[i].tau));
    return tau;
}

static double share_of(int step)
{
    return step == 0 ? 0.005 : step == STEPS - 1 ? 0.995 : step / (STEPS - 1.0);
}

/* An end that is not known, or that failed cycles push to infinity, reaches the panel's edge. */
static double end_of(double bound, const double edges_ns[2])
{
    return isfinite(bound) ? bound : bound < 0 ? edges_ns[0] : edges_ns[1];
}

size_t data_band(struct text *out, const struct facts *facts, const struct facts_cell *cell,
                 const double sorted[], size_t n, const double edges_ns[2])
{
    double tau = tau_of(facts, cell);
    struct stats_bounds bounds[STEPS];
    if (!(tau >= 1) || !n)
        return 0;
    for (int i = 0; i < STEPS; i++)
        bounds[i] = stats_quantile_bounds(sorted, n, share_of(i), tau, FACTS_ALPHA, FACTS_ALPHA);
    for (int i = 0; i < STEPS; i++)
        data_row(out, "md", end_of(bounds[i].lower, edges_ns), 100 * share_of(i));
    for (int i = STEPS - 1; i >= 0; i--)
        data_row(out, "md", end_of(bounds[i].upper, edges_ns), 100 * share_of(i));
    return (size_t)2 * STEPS;
}

size_t data_intervals(struct text *out, const struct facts *facts, const struct facts_cell *cell,
                      const double edges_ns[2])
{
    size_t rows = 0;
    for (size_t i = 0; i < facts->verdict.count; i++) {
        const struct verdict_item *item = &facts->verdict.items[i];
        if (!is_about(item, cell) || item->lower == INFINITY)
            continue; /* beyond everything that is shown: only failed cycles are there */
        data_row(out, "mmdmm", end_of(item->lower, edges_ns), end_of(item->upper, edges_ns),
                 100 * item->claim->quantile, item->lower, item->upper);
        rows++;
    }
    return rows;
}
