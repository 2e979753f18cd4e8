/* Is the speedup the same in the tail as in the middle? The ratio of two arms' quantiles. */
#include <math.h>

#include "report/figure.h"

#define STEPS 19 /* quantiles: 5 %, 10 %, .. 95 % */

/* Each of the two bounds of a ratio rests on a bound of each arm: half the doubt for either, so
 * that together they hold in 95 % (Bonferroni). */
#define ALPHA_EACH (FACTS_ALPHA / 2)

/* One curve with what its axis has to reach. NaN: not known. */
struct shift {
    double ratio[STEPS], lower[STEPS], upper[STEPS]; /* bounds 0 and infinity: none */
    struct reach reach;
    bool any;
};

static void find_step(struct shift *out, int step, const struct compared *compared,
                      const double taus[2])
{
    double p = (step + 1) / (STEPS + 1.0);
    double above = stats_quantile(compared->above, compared->n, p);
    double below = stats_quantile(compared->below, compared->n, p);
    struct stats_bounds over =
        stats_quantile_bounds(compared->above, compared->n, p, taus[0], ALPHA_EACH, ALPHA_EACH);
    struct stats_bounds under =
        stats_quantile_bounds(compared->below, compared->n, p, taus[1], ALPHA_EACH, ALPHA_EACH);
    bool known = data_is_known(above) && data_is_known(below);
    out->ratio[step] = known ? above / below : NAN;
    out->lower[step] =
        data_is_known(over.lower) && data_is_known(under.upper) ? over.lower / under.upper : 0;
    out->upper[step] = data_is_known(over.upper) && data_is_known(under.lower)
                           ? over.upper / under.lower
                           : INFINITY;
    out->any = out->any || known;
}

/* Sorts the samples. An open or far bound does not stretch the axis beyond twice the rest. */
static struct shift find_shift(struct compared *compared, const struct comparison *comparison)
{
    struct shift shift = {.reach = {.least = INFINITY}};
    double taus[2] = {data_tau(compared->above, compared, 0.95),
                      data_tau(compared->below, compared, 0.95)};
    double least, most;
    stats_sort(compared->above, compared->n);
    stats_sort(compared->below, compared->n);
    for (int i = 0; i < STEPS; i++) {
        find_step(&shift, i, compared, taus);
        data_stretch(&shift.reach, shift.ratio[i]);
    }
    if (!shift.any)
        return shift;
    data_stretch(&shift.reach, comparison->claimed_low);
    data_stretch(&shift.reach, comparison->claimed_up);
    least = shift.reach.least / 2;
    most = shift.reach.most * 2;
    for (int i = 0; i < STEPS; i++) {
        data_stretch(&shift.reach, shift.lower[i] > least ? shift.lower[i] : NAN);
        data_stretch(&shift.reach, shift.upper[i] < most ? shift.upper[i] : NAN);
    }
    return shift;
}

/* percent, ratio, lower, upper; what leaves the panel ends at its edge */
static void add_curve(struct text *out, const struct shift *shift, const double edges[2])
{
    for (int i = 0; i < STEPS; i++)
        data_row(out, "dddd", 100 * (i + 1) / (STEPS + 1.0), shift->ratio[i],
                 fmin(fmax(shift->lower[i], edges[0]), edges[1]),
                 fmax(fmin(shift->upper[i], edges[1]), edges[0]));
    data_gap(out, STEPS, 4);
}

static size_t add_one(struct text *panels, struct text *curves, const struct facts *facts,
                      const struct comparison *comparison, struct compared *compared)
{
    struct shift shift = find_shift(compared, comparison);
    double edges[2];
    bool wide;
    if (!shift.any)
        return 0;
    wide = data_edges(edges, &shift.reach);
    /* low, high, logarithmic?, claimed, claimed, heading */
    data_row(panels, "ddidd", edges[0], edges[1], (int)wide, comparison->claimed_low,
             comparison->claimed_up);
    data_heading(panels, facts, comparison);
    add_curve(curves, &shift, edges);
    return 1;
}

int data_shift(struct text *out, struct results *store, const struct facts *facts, struct err *err)
{
    struct comparison comparisons[FIGURE_MOST_PANELS];
    struct text panels = {0}, curves = {0};
    size_t count = data_comparisons(comparisons, facts), shown = 0;
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        struct compared compared;
        rc = data_compare(&compared, store, facts, &comparisons[i], err);
        if (rc == 0)
            shown += add_one(&panels, &curves, facts, &comparisons[i], &compared);
        data_compared_release(&compared);
    }
    if (rc == 0 && shown) {
        data_row(out, "ii", (int)shown, (int)(comparisons[0].item != NULL));
        data_gap(out, 1, 2);
        text_add(out, panels.data);
        data_gap(out, shown, 6);
        text_add(out, curves.data);
    }
    text_release(&panels);
    text_release(&curves);
    return rc;
}
