/* Which numbers does the figure of scaling show? Medians, the law where it fits, and the limit. */
#include <math.h>

#include "report/figure.h"

#define NS_PER_MS 1e6

/* A curve is cut where it leaves the picture; what was measured is never cut. */
static struct reach find_reach(const struct facts *facts)
{
    struct reach reach = {INFINITY, 0};
    for (size_t i = 0; i < facts->arm_count * facts->value_count; i++)
        data_stretch(&reach, facts->cells[i].spawn.median);
    for (size_t value = 0; value < facts->value_count; value++)
        if (facts->explain->sizes[value].known)
            data_stretch(&reach, facts->explain->sizes[value].bound.median);
    if (!isfinite(reach.least))
        reach.least = reach.most = NS_PER_MS;
    return reach;
}

static void add_medians(struct text *out, const struct facts *facts, size_t arm)
{
    size_t rows = 0;
    data_row(out, "ss", "agents", facts->arms[arm].name);
    for (size_t value = 0; value < facts->value_count; value++) {
        const struct facts_cell *cell = facts_cell(facts, arm, value);
        double median = cell->spawn.median;
        if (!isfinite(median))
            continue;
        data_row(out, "immm", (int)cell->batch_size, median,
                 cell->spawn_median.has_lower ? cell->spawn_median.lower : median,
                 cell->spawn_median.has_upper && isfinite(cell->spawn_median.upper)
                     ? cell->spawn_median.upper
                     : median);
        rows++;
    }
    data_gap(out, rows, 4);
}

/* agents, fitted ms, its band; nothing where the law does not fit */
static void add_law(struct text *out, const struct explain_law *law)
{
    size_t rows = law->fits ? law->steps : 0;
    for (size_t i = 0; i < rows; i++)
        data_row(out, "dmmm", law->at[i], stats_usl_time(&law->band.fit, law->at[i]), law->lower[i],
                 law->upper[i]);
    data_gap(out, rows, 4);
}

/* agents, least ms */
static void add_bounds(struct text *out, const struct facts *facts)
{
    size_t rows = 0;
    for (size_t value = 0; value < facts->value_count; value++) {
        const struct explain_size *size = &facts->explain->sizes[value];
        if (!size->known || !(size->bound.median > 0))
            continue;
        data_row(out, "im", (int)facts_cell(facts, 0, value)->batch_size, size->bound.median);
        rows++;
    }
    data_gap(out, rows, 2);
}

int data_scaling(struct text *out, struct results *store, const struct facts *facts,
                 struct err *err)
{
    struct reach reach = find_reach(facts);
    bool bounds = false;
    (void)store;
    (void)err;
    for (size_t value = 0; value < facts->value_count; value++)
        bounds = bounds || (facts->explain->sizes[value].known &&
                            facts->explain->sizes[value].bound.median > 0);
    data_row(out, "iimmi", (int)facts->arm_count, data_longest(facts), reach.least, reach.most,
             (int)bounds);
    data_gap(out, 1, 5);
    for (size_t value = 0; value < facts->value_count; value++)
        data_row(out, "i", (int)facts_cell(facts, 0, value)->batch_size);
    data_gap(out, facts->value_count, 1);
    for (size_t arm = 0; arm < facts->arm_count; arm++)
        add_medians(out, facts, arm);
    for (size_t arm = 0; arm < facts->arm_count; arm++)
        add_law(out, &facts->explain->laws[arm]);
    add_bounds(out, facts);
    return 0;
}
