/* What shape have the times, and of which parts are they made? Two heaps, and phases. */
#include <math.h>
#include <stdlib.h>

#include "judge/stats/anomalies.h"
#include "report/figure.h"

#define BINS        600  /* of the axis, before they are smoothed */
#define STEPS       200  /* of each half of a violin */
#define HALF_HEIGHT 0.34 /* of a row */

/* ---- modes: violins of times that fall into two heaps ---- */

static bool is_flagged(const struct facts *facts, size_t arm, size_t value)
{
    for (size_t i = 0; i < facts->verdict.diagnosis.count; i++) {
        const struct diagnosis_item *item = &facts->verdict.diagnosis.items[i];
        if (item->kind == DIAGNOSIS_MODES && item->level == DIAGNOSIS_FLAGGED &&
            item->arm == (int)arm && item->value == (int)value)
            return true;
    }
    return false;
}

static bool has_flagged(const struct facts *facts, size_t value)
{
    for (size_t arm = 0; arm < facts->arm_count; arm++)
        if (is_flagged(facts, arm, value))
            return true;
    return false;
}

/* The batch sizes at which an arm is flagged: at most FIGURE_MOST_PANELS of them. */
static size_t find_panels(size_t panels[FIGURE_MOST_PANELS], const struct facts *facts)
{
    size_t all = 0, at = 0, taken = 0, count;
    for (size_t value = 0; value < facts->value_count; value++)
        all += has_flagged(facts, value);
    count = all < FIGURE_MOST_PANELS ? all : FIGURE_MOST_PANELS;
    for (size_t value = 0; value < facts->value_count && taken < count; value++)
        if (has_flagged(facts, value) && at++ == data_pick(taken, count, all))
            panels[taken++] = value;
    return count;
}

/* What the axis of one panel shows, in ln ns. */
struct span {
    double least, most;
};

/* All that became ready; the slowest 1 % are cut, so that one outlier does not hide two heaps. */
static struct span find_span(const struct facts *facts, size_t value)
{
    struct span span = {INFINITY, -INFINITY};
    for (size_t arm = 0; arm < facts->arm_count; arm++) {
        const struct stats_summary *spawn = &facts_cell(facts, arm, value)->spawn;
        double most = isfinite(spawn->p99) ? spawn->p99 : spawn->p95;
        if (!(spawn->min > 0) || !isfinite(spawn->min))
            continue;
        most = isfinite(most) ? most : isfinite(spawn->median) ? spawn->median : spawn->min;
        span.least = fmin(span.least, log(spawn->min));
        span.most = fmax(span.most, log(most));
    }
    span.least -= 0.08 * (span.most - span.least) + 0.02; /* room for the foot of the density */
    span.most += 0.06 * (span.most - span.least) + 0.01;
    return span;
}

/* How far a sample is smeared, in ln: Silverman's rule on the spread within a heap, since the
 * spread of both together would smear them into one. */
static double find_width(const double sorted[], size_t n, const struct stats_modes *modes,
                         const struct span *span)
{
    struct stats_log_spread spread = stats_measure_log_spread(sorted, n);
    double sigma = spread.defined && isfinite(spread.sigma) ? spread.sigma : 0;
    double least = (span->most - span->least) / STEPS;
    if (modes->defined && modes->flag)
        sigma = log(modes->ratio) / modes->distance;
    return fmax(0.9 * sigma * pow((double)(n ? n : 1), -0.2), least);
}

static double bin_at(const struct span *span, int bin, int bins)
{
    return span->least + (span->most - span->least) * bin / (bins - 1);
}

/* Density at STEPS places of the axis, any unit; returns its largest. */
static double find_density(double density[STEPS], const double sorted[], size_t n, double width,
                           const struct span *span)
{
    double most = 0, *counts = xcalloc(BINS, sizeof *counts);
    for (size_t i = 0; i < n && isfinite(sorted[i]); i++) {
        double x = sorted[i] > 0 ? log(sorted[i]) : -INFINITY;
        if (x >= span->least && x <= span->most)
            counts[(int)((x - span->least) / (span->most - span->least) * (BINS - 1) + 0.5)]++;
    }
    for (int step = 0; step < STEPS; step++) {
        density[step] = 0;
        for (int bin = 0; bin < BINS; bin++) {
            double z = (bin_at(span, step, STEPS) - bin_at(span, bin, BINS)) / width;
            if (counts[bin] > 0)
                density[step] += counts[bin] * exp(-z * z / 2);
        }
        most = fmax(most, density[step]);
    }
    free(counts);
    return most;
}

/* A closed line (ms, y) around y = -row: above from left to right, below back again. It begins and
 * ends where the density is next to nothing. */
static size_t add_violin(struct text *out, const double density[STEPS], double most, int row,
                         const struct span *span)
{
    int first = 0, last = STEPS - 1;
    if (!(most > 0))
        return 0;
    while (first < last && density[first] < 0.002 * most)
        first++;
    while (last > first && density[last] < 0.002 * most)
        last--;
    for (int step = first; step <= last; step++)
        data_row(out, "md", exp(bin_at(span, step, STEPS)),
                 -row + HALF_HEIGHT * density[step] / most);
    for (int step = last; step >= first; step--)
        data_row(out, "md", exp(bin_at(span, step, STEPS)),
                 -row - HALF_HEIGHT * density[step] / most);
    return (size_t)(last - first + 1) * 2;
}

/* "parallel: two modes, 45.2 ms (62 %) and 51.0 ms (38 %)" */
static void add_heading(struct text *out, const struct facts *facts, const struct facts_cell *cell,
                        const struct stats_modes *modes, int row)
{
    char low[TEXT_DURATION_BYTES], high[TEXT_DURATION_BYTES];
    text_addf(out, "%d\t", -row);
    data_label(out, facts->arms[cell->arm].name);
    if (is_flagged(facts, cell->arm, cell->value))
        text_addf(out, ": two modes, %s (%.0f %%) and %s (%.0f %%)", text_duration(low, modes->low),
                  100 * modes->low_share, text_duration(high, modes->high),
                  100 * (1 - modes->low_share));
    else if (isfinite(cell->spawn.median))
        text_addf(out, ": median %s", text_duration(low, cell->spawn.median));
    else
        text_add(out, cell->spawn.n ? ": failed" : ": no cycles");
    text_add(out, "\n");
}

/* Where the heaps are, or the median of what is one heap: (ms, y) */
static void add_marks(struct text *out, const struct facts *facts, const struct facts_cell *cell,
                      const struct stats_modes *modes, int row)
{
    bool flagged = is_flagged(facts, cell->arm, cell->value);
    size_t rows = flagged ? 2 : isfinite(cell->spawn.median) ? 1 : 0;
    if (flagged) {
        data_row(out, "mi", modes->low, -row);
        data_row(out, "mi", modes->high, -row);
    } else if (rows) {
        data_row(out, "mi", cell->spawn.median, -row);
    }
    data_gap(out, rows, 2);
}

/* The violin of one arm, its marks; its heading goes to a set of its own. */
static int add_arm(struct text *sets, struct text *heads, struct results *store,
                   const struct facts *facts, const struct facts_cell *cell,
                   const struct span *span, struct err *err)
{
    const struct results_which which = {(int)cell->arm, (int)cell->value, SCENARIO_SPAWN_TIME,
                                        NULL};
    struct results_series series;
    struct stats_modes modes;
    double density[STEPS], most;
    if (results_series_load(&series, store, facts->run.id, &which, err) < 0)
        return -1;
    modes = stats_find_modes(series.values, series.n);
    stats_sort(series.values, series.n);
    most = find_density(density, series.values, series.n,
                        find_width(series.values, series.n, &modes, span), span);
    data_gap(sets, add_violin(sets, density, most, (int)cell->arm, span), 2);
    add_marks(sets, facts, cell, &modes, (int)cell->arm);
    add_heading(heads, facts, cell, &modes, (int)cell->arm);
    results_series_release(&series);
    return 0;
}

int data_modes(struct text *out, struct results *store, const struct facts *facts, struct err *err)
{
    size_t panels[FIGURE_MOST_PANELS] = {0}, count = find_panels(panels, facts);
    struct text sets = {0};
    int rc = 0;
    if (!count)
        return 0;
    data_row(out, "iii", (int)count, (int)facts->arm_count, (int)facts->value_count);
    data_gap(out, 1, 3);
    for (size_t i = 0; i < count; i++) {
        struct span span = find_span(facts, panels[i]);
        data_row(out, "immi", (int)facts_cell(facts, 0, panels[i])->batch_size, exp(span.least),
                 exp(span.most), (int)data_is_wide(exp(span.least), exp(span.most)));
    }
    data_gap(out, count, 4);
    for (size_t i = 0; i < count && rc == 0; i++) {
        struct span span = find_span(facts, panels[i]);
        struct text heads = {0};
        for (size_t arm = 0; arm < facts->arm_count && rc == 0; arm++)
            rc =
                add_arm(&sets, &heads, store, facts, facts_cell(facts, arm, panels[i]), &span, err);
        data_set(out, &heads, heads.length, 2);
        text_add(out, sets.data ? sets.data : "");
        text_clear(&sets);
    }
    text_release(&sets);
    return rc;
}

/* ---- phases: where the time of a typical agent goes ---- */

/* The parts of a bar in their order; agents that say nothing themselves have the shorter list. */
static const enum facts_phase told[] = {FACTS_WAIT, FACTS_EXEC, FACTS_INIT, FACTS_NOTICE,
                                        FACTS_RECORD};
static const enum facts_phase untold[] = {FACTS_WAIT, FACTS_UNSEEN, FACTS_RECORD};

/* A panel of bars under way. */
struct bars {
    struct text parts[FACTS_PHASES], ends;
    size_t part_rows[FACTS_PHASES], end_rows;
    double right_ns;
};

static double median_of(const struct facts_cell *cell, enum facts_phase phase)
{
    const struct facts_median *median = &cell->phases[phase];
    return median->n && isfinite(median->median) && median->median > 0 ? median->median : 0;
}

/* (from ms, to ms, from y, to y) of each part, then the end of the bar (ms, y, label) */
static void add_parts(struct bars *bars, const struct facts *facts, const struct facts_cell *cell)
{
    bool own = cell->phases[FACTS_INIT].n > 0, recorded = cell->phases[FACTS_RECORD].n > 0;
    size_t count = own ? sizeof told / sizeof *told : sizeof untold / sizeof *untold;
    double at = 0, y = -(double)cell->arm;
    char sum[TEXT_DURATION_BYTES];
    for (size_t i = 0; i < count; i++) {
        enum facts_phase phase = own ? told[i] : untold[i];
        double ns = median_of(cell, phase);
        if (!(ns > 0))
            continue;
        data_row(&bars->parts[phase], "mmdd", at, at + ns, y - 0.3, y + 0.12);
        bars->part_rows[phase]++;
        at += ns;
    }
    text_addf(&bars->ends, "%.6f\t%g\t", at / 1e6, y);
    data_label(&bars->ends, facts->arms[cell->arm].name);
    if (at > 0)
        text_addf(&bars->ends, ": %s after %s\n", recorded ? "recorded" : "ready",
                  text_duration(sum, at));
    else
        text_add(&bars->ends, ": no agent became ready\n");
    bars->end_rows++;
    bars->right_ns = fmax(bars->right_ns, at);
}

static void join_bars(struct text *out, struct bars *bars)
{
    data_set(out, &bars->ends, bars->end_rows, 3);
    for (int phase = 0; phase < FACTS_PHASES; phase++)
        data_set(out, &bars->parts[phase], bars->part_rows[phase], 4);
}

int data_phases(struct text *out, struct results *store, const struct facts *facts, struct err *err)
{
    size_t values[FIGURE_MOST_PANELS], count = data_panels(values, facts), used[FACTS_PHASES] = {0};
    struct text sets = {0}, panels = {0};
    bool any = false;
    (void)store;
    (void)err;
    for (size_t i = 0; i < count; i++) {
        struct bars bars = {0};
        for (size_t arm = 0; arm < facts->arm_count; arm++)
            add_parts(&bars, facts, facts_cell(facts, arm, values[i]));
        for (int phase = 0; phase < FACTS_PHASES; phase++)
            used[phase] += bars.part_rows[phase];
        any = any || bars.right_ns > 0;
        data_row(&panels, "im", (int)facts_cell(facts, 0, values[i])->batch_size,
                 bars.right_ns > 0 ? bars.right_ns : 1e6);
        join_bars(&sets, &bars);
    }
    if (any) {
        text_addf(out, "%zu\t%zu\t%zu", count, facts->arm_count, facts->value_count);
        for (int phase = 0; phase < FACTS_PHASES; phase++)
            text_addf(out, "\t%zu", used[phase]);
        text_add(out, "\n");
        data_gap(out, 1, 3);
        text_add(out, panels.data);
        data_gap(out, count, 2);
        text_add(out, sets.data);
    }
    text_release(&sets);
    text_release(&panels);
    return 0;
}
