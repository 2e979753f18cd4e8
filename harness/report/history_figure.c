/* What does a history look like? One panel per arm and batch size, medians in the order of runs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "history_gp.h"
#include "report/figure.h"
#include "report/trend_words.h"
#include "report/words.h"

#define MOST_TICS 6

/* In which unit a panel is drawn. */
struct axis {
    double one;
    const char *unit;
};

static struct axis axis_of(enum scenario_metric metric)
{
    static const struct axis axes[] = {[SCENARIO_NS] = {1e6, "ms"},
                                       [SCENARIO_BYTES] = {1048576, "MiB"},
                                       [SCENARIO_PER_SECOND] = {1, "agents/s"}};
    return axes[scenario_metrics[metric].unit];
}

static size_t panels_of(size_t panels[REPORT_HISTORY_PANELS], const struct history *history)
{
    size_t count = 0;
    for (size_t i = 0; i < history->series_count && count < REPORT_HISTORY_PANELS; i++)
        if (history->series[i].count)
            panels[count++] = i;
    return count;
}

/* From where to where the medians and their doubt reach, with room for the heading. */
static void find_edges(double edges[2], const struct history_series *series)
{
    double least = INFINITY, most = 0, room;
    for (size_t i = 0; i < series->count; i++) {
        const struct history_point *point = &series->points[i];
        if (!isfinite(point->median) || point->median <= 0)
            continue;
        least = fmin(least, point->bounds.has_lower ? point->bounds.lower : point->median);
        most = fmax(most, point->median);
        if (point->bounds.has_upper && isfinite(point->bounds.upper))
            most = fmax(most, point->bounds.upper);
    }
    if (!isfinite(least))
        least = most = 1;
    room = 0.12 * (most - least) + 0.002 * most;
    edges[0] = least - room;
    edges[1] = most + 2 * room;
}

static void add_panel(struct text *out, const struct history *history,
                      const struct history_series *series)
{
    struct axis axis = axis_of(history->metric);
    double edges[2];
    char *heading =
        text_format("%.30s, %zu agent%s: %s", series->arm, series->batch_size,
                    series->batch_size == 1 ? "" : "s", scenario_metric_names[history->metric]);
    find_edges(edges, series);
    data_row(out, "ddss", edges[0] / axis.one, edges[1] / axis.one, axis.unit, heading);
    free(heading);
}

/* Runs stand side by side, whatever time lay between them; the tics name run and day. */
static void add_tics(struct text *out, const struct history *history)
{
    size_t count = history->run_count < MOST_TICS ? history->run_count : MOST_TICS;
    for (size_t i = 0; i < count; i++) {
        size_t at = data_pick(i, count, history->run_count);
        const struct history_run *run = &history->runs[at];
        char date[WORDS_BYTES], *label;
        words_date(date, run->started_wall_ns);
        date[strcspn(date, "T")] = '\0';
        label = text_format("%lld (%s)", (long long)run->id, strlen(date) > 5 ? date + 5 : date);
        data_row(out, "ds", (double)at + 1, label);
        free(label);
    }
    data_gap(out, count, 2);
}

static double bound_or(bool there, double bound, double otherwise)
{
    return there && isfinite(bound) ? bound : otherwise;
}

static void add_points(struct text *out, const struct history *history,
                       const struct history_series *series, bool counted)
{
    double one = axis_of(history->metric).one;
    size_t rows = 0;
    for (size_t i = 0; i < series->count; i++) {
        const struct history_point *point = &series->points[i];
        if (point->counted != counted || !isfinite(point->median))
            continue;
        data_row(out, "dddd", (double)point->run + 1, point->median / one,
                 bound_or(point->bounds.has_lower, point->bounds.lower, point->median) / one,
                 bound_or(point->bounds.has_upper, point->bounds.upper, point->median) / one);
        rows++;
    }
    data_gap(out, rows, 4);
}

/* Levels between steps: from, to, level. */
static void add_levels(struct text *out, const struct history *history,
                       const struct history_series *series)
{
    double one = axis_of(history->metric).one, from = 0.5;
    for (size_t i = 0; i < series->step_count; i++) {
        double to = (double)series->points[series->steps[i].at].run + 0.5;
        data_row(out, "ddd", from, to, series->steps[i].before / one);
        from = to;
    }
    if (series->step_count)
        data_row(out, "ddd", from, (double)history->run_count + 0.5,
                 series->steps[series->step_count - 1].after / one);
    data_gap(out, series->step_count, 3);
}

enum kind { KIND_OPEN, KIND_ACCEPTED, KIND_OTHER, KINDS };

static enum kind kind_of(const struct history_step *step)
{
    return step->open ? KIND_OPEN : step->accepted ? KIND_ACCEPTED : KIND_OTHER;
}

static size_t add_steps(struct text *out, const struct history_series *series, enum kind kind)
{
    size_t rows = 0;
    for (size_t i = 0; i < series->step_count; i++) {
        const struct history_step *step = &series->steps[i];
        char *label;
        if (kind_of(step) != kind)
            continue;
        label = text_format("%+.1f %%", 100 * (step->after / step->before - 1));
        data_row(out, "ds", (double)series->points[step->at].run + 0.5, label);
        free(label);
        rows++;
    }
    return rows;
}

static void add_series(struct text *out, const struct history *history,
                       const struct history_series *series, size_t steps[KINDS])
{
    add_points(out, history, series, true);
    add_points(out, history, series, false);
    add_levels(out, history, series);
    for (int kind = 0; kind < KINDS; kind++) {
        size_t rows = add_steps(out, series, (enum kind)kind);
        data_gap(out, rows, 2);
        steps[kind] += rows;
    }
}

static size_t make_data(struct text *out, const struct history *history)
{
    size_t panels[REPORT_HISTORY_PANELS], count = panels_of(panels, history);
    size_t steps[KINDS] = {0};
    struct text series = {0};
    for (size_t i = 0; i < count; i++)
        add_series(&series, history, &history->series[panels[i]], steps);
    data_row(out, "iiiii", (int)count, (int)history->run_count, (int)steps[KIND_OPEN],
             (int)steps[KIND_ACCEPTED], (int)steps[KIND_OTHER]);
    data_gap(out, 1, 5);
    for (size_t i = 0; i < count; i++)
        add_panel(out, history, &history->series[panels[i]]);
    data_gap(out, count, 4);
    add_tics(out, history);
    text_add(out, series.data ? series.data : "");
    text_release(&series);
    return count;
}

/* "a/b.svg" is b in a, "b.svg" is b here */
static int split_path(char **folder, char **base, const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t length = strlen(name);
    if (length < 5 || strcmp(name + length - 4, ".svg") != 0)
        return err_set(err, ERR_USAGE, "figure '%s': expected a file name that ends in .svg", path);
    *folder = slash ? text_format("%.*s/", (int)(slash - path), path) : xstrdup(".");
    *base = text_format("%.*s", (int)length - 4, name);
    return 0;
}

int report_history_figure(const char *path, const struct history *history, char *trouble,
                          struct err *err)
{
    struct text data = {0};
    char *folder = NULL, *base = NULL;
    int rc = split_path(&folder, &base, path, err);
    *trouble = '\0';
    if (rc == 0 && make_data(&data, history) == 0)
        rc = err_set(err, ERR_UNFIT, "figure '%s': no run has anything to show", path);
    if (rc == 0)
        rc = gnuplot_write(folder, base, &data, embedded_history_gp, err);
    if (rc == 0)
        gnuplot_draw(folder, base, trouble);
    text_release(&data);
    free(folder);
    free(base);
    return rc;
}
