/* Which numbers does each figure show? Distribution and scaling; rows for gnuplot, ms with 6
 * decimals. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/figure.h"
#include "report/words.h"

#define NS_PER_MS  1e6
#define LABEL_ROOM 40 /* characters of a name in a legend */

static void add_ms(struct text *out, double ns)
{
    if (isfinite(ns))
        text_addf(out, "%.6f", ns / NS_PER_MS);
    else
        text_add(out, "NaN");
}

static void add_label(struct text *out, const char *name)
{
    char label[WORDS_LABEL_BYTES];
    size_t length = strlen(words_label(label, name));
    if (length <= LABEL_ROOM) {
        text_add(out, label);
        return;
    }
    length = LABEL_ROOM - 3;
    while (length && ((unsigned char)label[length] & 0xc0) == 0x80)
        length--;
    text_addf(out, "%.*s...", (int)length, label);
}

void data_row(struct text *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    for (const char *kind = format; *kind; kind++) {
        if (kind != format)
            text_add(out, "\t");
        if (*kind == 'm')
            add_ms(out, va_arg(args, double));
        else if (*kind == 'd')
            text_addf(out, "%.9g", va_arg(args, double));
        else if (*kind == 'i')
            text_addf(out, "%d", va_arg(args, int));
        else
            add_label(out, va_arg(args, const char *));
    }
    va_end(args);
    text_add(out, "\n");
}

void data_gap(struct text *out, size_t rows, size_t columns)
{
    for (size_t i = 0; rows == 0 && i < columns; i++)
        text_addf(out, "%sNaN%s", i ? "\t" : "", i + 1 == columns ? "\n" : "");
    text_add(out, "\n\n");
}

size_t data_panels(size_t panels[FIGURE_MOST_PANELS], const struct facts *facts)
{
    size_t count =
        facts->value_count < FIGURE_MOST_PANELS ? facts->value_count : FIGURE_MOST_PANELS;
    for (size_t i = 0; i < count; i++)
        panels[i] = count == 1 ? 0 : (i * (facts->value_count - 1) + (count - 1) / 2) / (count - 1);
    return count;
}

size_t data_largest(const struct facts *facts)
{
    size_t largest = 0;
    for (size_t value = 1; value < facts->value_count; value++)
        if (facts_cell(facts, 0, value)->batch_size > facts_cell(facts, 0, largest)->batch_size)
            largest = value;
    return largest;
}

/* A step is visible when it is higher than 1/1900 of the axis or longer than 1/90 of it. */
size_t data_thin(size_t keep[], const double sorted[], size_t n)
{
    size_t kept = 0, last = 0;
    double span = n ? log(sorted[n - 1] + 1) - log(sorted[0] + 1) : 0;
    for (size_t i = 0; i < n; i++) {
        double run = log(sorted[i] + 1) - log(sorted[last] + 1);
        bool visible =
            i == 0 || i + 1 == n || (double)(i - last) * 1900 >= (double)n || run * 90 > span;
        if (!visible)
            continue;
        keep[kept++] = i;
        last = i;
    }
    return kept;
}

/* One curve: name, then (ms, percent of the cycles that were done by then). */
static int add_curve(struct text *out, struct store *store, const struct facts *facts, size_t arm,
                     size_t value, struct err *err)
{
    double *series;
    size_t n, finite = 0, *keep, kept;
    if (store_series(store, facts->run.id, (int)arm, (int)value, SCENARIO_SPAWN_TIME, &series, &n,
                     err) < 0)
        return -1;
    stats_sort(series, n);
    while (finite < n && isfinite(series[finite]))
        finite++;
    keep = xcalloc(n, sizeof *keep);
    kept = data_thin(keep, series, finite);
    data_row(out, "ss", "ms", facts->arms[arm].name);
    if (kept)
        data_row(out, "md", series[0], 0.0);
    for (size_t i = 0; i < kept; i++)
        data_row(out, "md", series[keep[i]], 100.0 * (double)(keep[i] + 1) / (double)n);
    if (kept && finite < n) /* those that failed never come: the curve stays below 100 % */
        data_row(out, "dd", 1e9, 100.0 * (double)finite / (double)n);
    data_gap(out, kept, 2);
    free(keep);
    free(series);
    return 0;
}

/* The claims that such a figure can show: a corner the curve has to pass on its left. */
static size_t add_limits(struct text *out, const struct facts *facts)
{
    size_t rows = 0;
    for (size_t i = 0; i < facts->scenario.claim_count; i++) {
        const struct scenario_claim *claim = &facts->scenario.claims[i];
        char limit[TEXT_DURATION_BYTES], *label;
        if (claim->kind != SCENARIO_CLAIM_AT_MOST || claim->metric != SCENARIO_SPAWN_TIME)
            continue;
        label = text_format("%s: p%g at most %s", claim->id, 100 * claim->quantile,
                            text_duration(limit, (double)claim->limit_ns));
        data_row(out, "mds", (double)claim->limit_ns, 100 * claim->quantile, label);
        free(label);
        rows++;
    }
    data_gap(out, rows, 3);
    return rows;
}

/* Smallest and largest time that a figure has to show, in ns. */
static void find_range(const struct facts *facts, bool limits, double *least, double *most)
{
    *least = INFINITY;
    *most = 0;
    for (size_t i = 0; i < facts->cycle_count; i++) {
        double ns = (double)facts->cycles[i].spawn_ns;
        if (facts->cycles[i].warmup || ns < 0)
            continue;
        *least = fmin(*least, ns);
        *most = fmax(*most, ns);
    }
    for (size_t i = 0; limits && i < facts->scenario.claim_count; i++) {
        const struct scenario_claim *claim = &facts->scenario.claims[i];
        if (claim->kind != SCENARIO_CLAIM_AT_MOST || claim->metric != SCENARIO_SPAWN_TIME)
            continue;
        *least = fmin(*least, (double)claim->limit_ns);
        *most = fmax(*most, (double)claim->limit_ns);
    }
    if (!isfinite(*least) || *most <= 0)
        *least = *most = NS_PER_MS;
}

static int longest_label(const struct facts *facts)
{
    size_t longest = 0;
    for (size_t i = 0; i < facts->arm_count; i++) {
        size_t length = strlen(facts->arms[i].name);
        longest = length > longest ? length : longest;
    }
    return longest > LABEL_ROOM ? LABEL_ROOM : (int)longest;
}

size_t data_head(struct text *out, const struct facts *facts, bool limits,
                 size_t panels[FIGURE_MOST_PANELS])
{
    size_t count = data_panels(panels, facts);
    double least, most;
    find_range(facts, limits, &least, &most);
    data_row(out, "iiimm", (int)count, (int)facts->arm_count, longest_label(facts), least, most);
    data_gap(out, 1, 5);
    for (size_t i = 0; i < count; i++)
        data_row(out, "i", (int)facts_cell(facts, 0, panels[i])->batch_size);
    data_gap(out, count, 1);
    return count;
}

int data_distribution(struct text *out, struct store *store, const struct facts *facts,
                      struct err *err)
{
    size_t panels[FIGURE_MOST_PANELS];
    size_t count = data_head(out, facts, true, panels);
    add_limits(out, facts);
    for (size_t i = 0; i < count; i++)
        for (size_t arm = 0; arm < facts->arm_count; arm++)
            if (add_curve(out, store, facts, arm, panels[i], err) < 0)
                return -1;
    return 0;
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

int data_scaling(struct text *out, struct store *store, const struct facts *facts, struct err *err)
{
    double least = INFINITY, most = 0;
    (void)store;
    (void)err;
    for (size_t i = 0; i < facts->arm_count * facts->value_count; i++) {
        double median = facts->cells[i].spawn.median;
        if (isfinite(median)) {
            least = fmin(least, median);
            most = fmax(most, median);
        }
    }
    if (!isfinite(least))
        least = most = NS_PER_MS;
    data_row(out, "iiimm", 1, (int)facts->arm_count, longest_label(facts), least, most);
    data_gap(out, 1, 5);
    for (size_t value = 0; value < facts->value_count; value++)
        data_row(out, "i", (int)facts_cell(facts, 0, value)->batch_size);
    data_gap(out, facts->value_count, 1);
    for (size_t arm = 0; arm < facts->arm_count; arm++)
        add_medians(out, facts, arm);
    return 0;
}
