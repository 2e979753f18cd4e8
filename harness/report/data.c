/* Which numbers does each figure show? Distribution; rows for gnuplot, ms with 6 decimals. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "report/figure.h"
#include "report/words.h"

#define NS_PER_MS  1e6
#define LABEL_ROOM 40 /* bytes of a name in a legend */

static void add_ms(struct text *out, double ns)
{
    if (isfinite(ns))
        text_addf(out, "%.6f", ns / NS_PER_MS);
    else
        text_add(out, "NaN");
}

/* A long name keeps its beginning and its end: names of one family differ there. */
void data_short(struct text *out, const char *name, size_t room)
{
    char label[WORDS_LABEL_BYTES];
    size_t length = strlen(words_label(label, name)), head = room * 11 / 20, tail = length;
    if (length <= room) {
        text_add(out, label);
        return;
    }
    tail -= room - head - 3;
    while (head && ((unsigned char)label[head] & 0xc0) == 0x80)
        head--;
    while (((unsigned char)label[tail] & 0xc0) == 0x80)
        tail++;
    text_addf(out, "%.*s...%s", (int)head, label, label + tail);
}

void data_label(struct text *out, const char *name)
{
    data_short(out, name, LABEL_ROOM);
}

static void add_double(struct text *out, double number)
{
    if (isfinite(number))
        text_addf(out, "%.9g", number);
    else
        text_add(out, "NaN");
}

static void add_columns(struct text *out, const char *format, va_list args)
{
    for (const char *kind = format; *kind; kind++) {
        if (kind != format)
            text_add(out, "\t");
        if (*kind == 'm')
            add_ms(out, va_arg(args, double));
        else if (*kind == 'd')
            add_double(out, va_arg(args, double));
        else if (*kind == 'i')
            text_addf(out, "%d", va_arg(args, int));
        else
            data_label(out, va_arg(args, const char *));
    }
}

void data_row(struct text *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_columns(out, format, args);
    va_end(args);
    text_add(out, "\n");
}

void data_gap(struct text *out, size_t rows, size_t columns)
{
    for (size_t i = 0; rows == 0 && i < columns; i++)
        text_addf(out, "%sNaN%s", i ? "\t" : "", i + 1 == columns ? "\n" : "");
    text_add(out, "\n\n");
}

void data_set(struct text *out, struct text *set, size_t rows, size_t columns)
{
    text_add(out, set->data ? set->data : "");
    data_gap(out, rows, columns);
    text_release(set);
}

size_t data_pick(size_t i, size_t count, size_t of)
{
    return count < 2 ? 0 : (i * (of - 1) + (count - 1) / 2) / (count - 1);
}

bool data_is_wide(double least, double most)
{
    return most / least > 2.5;
}

bool data_is_known(double value)
{
    return isfinite(value) && value > 0;
}

void data_stretch(struct reach *reach, double value)
{
    if (!data_is_known(value))
        return;
    reach->least = fmin(reach->least, value);
    reach->most = fmax(reach->most, value);
}

bool data_edges(double edges[2], const struct reach *reach)
{
    double room = 0.08 * (reach->most - reach->least) + 0.01 * reach->most;
    bool wide = data_is_wide(reach->least, reach->most);
    edges[0] = wide ? reach->least / 1.15 : fmax(0, reach->least - room);
    edges[1] = wide ? reach->most * 1.15 : reach->most + room;
    return wide;
}

size_t data_panels(size_t panels[FIGURE_MOST_PANELS], const struct facts *facts)
{
    size_t count =
        facts->value_count < FIGURE_MOST_PANELS ? facts->value_count : FIGURE_MOST_PANELS;
    for (size_t i = 0; i < count; i++)
        panels[i] = data_pick(i, count, facts->value_count);
    return count;
}

int data_longest(const struct facts *facts)
{
    size_t longest = 0;
    for (size_t i = 0; i < facts->arm_count; i++) {
        size_t length = strlen(facts->arms[i].name);
        longest = length > longest ? length : longest;
    }
    return longest > LABEL_ROOM ? LABEL_ROOM : (int)longest;
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

/* A panel of the distribution: which batch size, from where to where,
 * all arms or only the claimed. */
struct panel {
    size_t value;
    double left, right; /* ns */
    bool closer;
};

/* The claims that such a figure can show: a corner the curve has to pass on its left. */
static bool is_limit(const struct scenario_claim *claim)
{
    return claim->kind == SCENARIO_CLAIM_AT_MOST && claim->metric == SCENARIO_SPAWN_TIME &&
           claim->statistic == SCENARIO_QUANTILE;
}

static bool has_limit(const struct facts *facts, size_t arm)
{
    for (size_t i = 0; i < facts->scenario.claim_count; i++)
        if (is_limit(&facts->scenario.claims[i]) && facts->scenario.claims[i].arm == arm)
            return true;
    return false;
}

static bool panel_is_wide(const struct panel *panel)
{
    return data_is_wide(fmax(panel->left, 1), panel->right);
}

/* What the axis shows: a little more than there is. */
static void find_edges(double edges_ns[2], const struct panel *panel)
{
    double room = 0.05 * (panel->right - panel->left) + 0.002 * panel->right;
    bool wide = panel_is_wide(panel);
    edges_ns[0] = wide ? panel->left / 1.08 : panel->left - room;
    edges_ns[1] = wide ? panel->right * 1.08 : panel->right + room;
}

/* How sure the curve is: a band around it, and what the claims about it say. */
static void add_doubt(struct text *out, const struct facts *facts, const struct facts_cell *cell,
                      const double sorted[], size_t n, const struct panel *panel)
{
    double edges_ns[2];
    bool shown = !panel->closer || has_limit(facts, cell->arm);
    find_edges(edges_ns, panel);
    data_gap(out, shown ? data_band(out, facts, cell, sorted, n, edges_ns) : 0, 2);
    data_gap(out, shown ? data_intervals(out, facts, cell, edges_ns) : 0, 5);
}

/* One curve: name, then (ms, percent of the cycles that were done by then). */
static int add_curve(struct text *out, struct results *store, const struct facts *facts, size_t arm,
                     const struct panel *panel, struct err *err)
{
    const struct results_which which = {(int)arm, (int)panel->value, SCENARIO_SPAWN_TIME, NULL};
    struct results_series loaded;
    double *series;
    size_t n, finite = 0, *keep, kept;
    if (results_series_load(&loaded, store, facts->run.id, &which, err) < 0)
        return -1;
    series = loaded.values;
    n = loaded.n;
    stats_sort(series, n);
    while (finite < n && isfinite(series[finite]))
        finite++;
    keep = xcalloc(n, sizeof *keep);
    kept = panel->closer && !has_limit(facts, arm) ? 0 : data_thin(keep, series, finite);
    data_row(out, "ss", "ms", facts->arms[arm].name);
    if (kept)
        data_row(out, "md", series[0], 0.0);
    for (size_t i = 0; i < kept; i++)
        data_row(out, "md", series[keep[i]], 100.0 * (double)(keep[i] + 1) / (double)n);
    if (kept && finite < n) /* those that failed never come: the curve stays below 100 % */
        data_row(out, "md", 2 * panel->right, 100.0 * (double)finite / (double)n);
    data_gap(out, kept, 2);
    add_doubt(out, facts, facts_cell(facts, arm, panel->value), series, n, panel);
    free(keep);
    results_series_release(&loaded);
    return 0;
}

static void add_limits(struct text *out, const struct facts *facts)
{
    size_t rows = 0;
    for (size_t i = 0; i < facts->scenario.claim_count; i++) {
        const struct scenario_claim *claim = &facts->scenario.claims[i];
        char limit[TEXT_DURATION_BYTES], *label;
        if (!is_limit(claim))
            continue;
        label = text_format("%s: p%g at most %s", claim->id, 100 * claim->quantile,
                            text_duration(limit, claim->limit));
        data_row(out, "mds", claim->limit, 100 * claim->quantile, label);
        free(label);
        rows++;
    }
    data_gap(out, rows, 3);
}

/* The fastest and the slowest cycle that became ready, stretched into what is there. */
static void stretch(struct panel *panel, const struct facts *facts, size_t arm, double most)
{
    const struct results_cycle *cycle = NULL;
    while ((cycle = facts_next(facts, arm, panel->value, cycle))) {
        if (cycle->spawn_time_ns < 0)
            continue;
        panel->left = fmin(panel->left, (double)cycle->spawn_time_ns);
        panel->right = fmax(panel->right, fmin((double)cycle->spawn_time_ns, most));
    }
}

/* The closer look stops as far behind p95 as the fastest lies before it, so that one outlier does
 * not push everything else together. */
static struct panel find_panel(const struct facts *facts, size_t value, bool closer)
{
    struct panel panel = {value, INFINITY, 0, closer};
    for (size_t arm = 0; arm < facts->arm_count; arm++) {
        const struct stats_summary *spawn = &facts_cell(facts, arm, value)->spawn;
        if (closer && !has_limit(facts, arm))
            continue;
        stretch(&panel, facts, arm,
                closer && isfinite(spawn->p95) ? 2 * spawn->p95 - spawn->min : INFINITY);
    }
    for (size_t i = 0; i < facts->scenario.claim_count; i++) {
        if (!is_limit(&facts->scenario.claims[i]))
            continue;
        panel.left = fmin(panel.left, facts->scenario.claims[i].limit);
        panel.right = fmax(panel.right, facts->scenario.claims[i].limit);
    }
    if (!isfinite(panel.left) || panel.right <= 0)
        panel.left = panel.right = NS_PER_MS;
    return panel;
}

static void add_panel(struct text *out, const struct facts *facts, const struct panel *panel)
{
    double edges_ns[2];
    find_edges(edges_ns, panel);
    data_row(out, "immii", (int)facts_cell(facts, 0, panel->value)->batch_size, edges_ns[0],
             edges_ns[1], (int)panel_is_wide(panel), (int)panel->closer);
}

/* One panel per batch size; with a single one and arms far apart, a closer look at the claimed. */
static size_t find_panels(struct panel panels[FIGURE_MOST_PANELS], const struct facts *facts)
{
    size_t values[FIGURE_MOST_PANELS], count = data_panels(values, facts);
    bool any = false;
    for (size_t i = 0; i < count; i++)
        panels[i] = find_panel(facts, values[i], false);
    for (size_t arm = 0; arm < facts->arm_count; arm++) {
        const struct stats_summary *spawn = &facts_cell(facts, arm, 0)->spawn;
        any = any || (has_limit(facts, arm) && spawn->n > spawn->failed);
    }
    if (count == 1 && any && panels[0].right > 1.5 * panels[0].left)
        panels[count++] = find_panel(facts, 0, true);
    return count;
}

int data_distribution(struct text *out, struct results *store, const struct facts *facts,
                      struct err *err)
{
    struct panel panels[FIGURE_MOST_PANELS];
    size_t count = find_panels(panels, facts);
    data_row(out, "iii", (int)count, (int)facts->arm_count, data_longest(facts));
    data_gap(out, 1, 3);
    for (size_t i = 0; i < count; i++)
        add_panel(out, facts, &panels[i]);
    data_gap(out, count, 5);
    add_limits(out, facts);
    for (size_t i = 0; i < count; i++)
        for (size_t arm = 0; arm < facts->arm_count; arm++)
            if (add_curve(out, store, facts, arm, &panels[i], err) < 0)
                return -1;
    return 0;
}
