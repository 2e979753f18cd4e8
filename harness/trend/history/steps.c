/* Where does the level of a series change, who accepted it, and which change is still open? */
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "judge/stats/change.h"
#include "trend/history/history_internal.h"

/* The points in which steps are sought. */
struct line {
    size_t *at; /* index into the series' points */
    double *z;  /* logarithms of their medians */
    size_t count;
};

static struct line make_line(struct history_series *series)
{
    struct line line = {xcalloc(series->count, sizeof *line.at),
                        xcalloc(series->count, sizeof *line.z), 0};
    size_t counted = 0, skip;
    for (size_t i = 0; i < series->count; i++)
        counted += series->points[i].counted;
    skip = counted > HISTORY_MOST_POINTS ? counted - HISTORY_MOST_POINTS : 0;
    series->unsearched = skip;
    for (size_t i = 0; i < series->count; i++) {
        if (!series->points[i].counted)
            continue;
        if (skip) {
            skip--;
            continue;
        }
        line.at[line.count] = i;
        line.z[line.count++] = log(series->points[i].median);
    }
    return line;
}

static double level(const struct line *line, size_t from, size_t to)
{
    double sum = 0;
    for (size_t i = from; i < to; i++)
        sum += line->z[i];
    return exp(sum / (double)(to - from));
}

/* The levels told are those of the segments that are left, not of the one a step was found in. */
static void take_steps(struct history_series *series, const struct line *line,
                       const struct stats_change changes[], size_t count, bool more_is_better)
{
    series->steps = xcalloc(count, sizeof *series->steps);
    series->step_count = count;
    for (size_t i = 0; i < count; i++) {
        size_t from = i ? changes[i - 1].at : 0, at = changes[i].at;
        size_t to = i + 1 < count ? changes[i + 1].at : line->count;
        struct history_step *step = &series->steps[i];
        *step = (struct history_step){.at = line->at[at],
                                      .before = level(line, from, at),
                                      .after = level(line, at, to),
                                      .p = changes[i].p,
                                      .blocked = changes[i].blocked,
                                      .alarm = changes[i].p <= STATS_CHANGE_ALARM};
        step->worse = more_is_better ? step->after < step->before : step->after > step->before;
    }
}

static size_t distance(size_t a, size_t b)
{
    return a > b ? a - b : b - a;
}

/* An accepted run speaks for the step nearest to it, the later of two that are equally near. */
static void accept_nearest(const struct history *history, struct history_series *series,
                           size_t accepted)
{
    struct history_step *nearest = NULL;
    size_t least = HISTORY_NEAR;
    for (size_t i = 0; i < series->step_count; i++) {
        size_t far = distance(series->points[series->steps[i].at].run, accepted);
        if (far > least)
            continue;
        least = far;
        nearest = &series->steps[i];
    }
    if (nearest)
        nearest->accepted = history->runs[accepted].id;
}

/* A step is over when the newest level is nearer the one it rose from. */
static void find_open(struct history_series *series)
{
    double now = series->step_count ? series->steps[series->step_count - 1].after : 1;
    for (size_t i = 0; i < series->step_count; i++) {
        struct history_step *step = &series->steps[i];
        double middle = sqrt(step->before) * sqrt(step->after);
        bool stays = step->after > step->before ? now > middle : now < middle;
        step->open = step->alarm && step->worse && !step->accepted && stays;
    }
}

static void find_in(struct history *history, struct history_series *series)
{
    const struct stats_change_rule rule = {STATS_CHANGE_SEGMENT, STATS_CHANGE_MARK,
                                           STATS_CHANGE_PERMUTATIONS};
    struct line line = make_line(series);
    struct stats_change *changes = xcalloc(line.count, sizeof *changes);
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    size_t count;
    gsl_rng_set(rng, HISTORY_SEED);
    count = stats_find_changes(changes, line.z, line.count, rule, rng);
    take_steps(series, &line, changes, count, scenario_metrics[history->metric].more_is_better);
    for (size_t run = 0; run < history->run_count; run++)
        if (history->runs[run].accepted)
            accept_nearest(history, series, run);
    find_open(series);
    gsl_rng_free(rng);
    free(changes);
    free(line.at);
    free(line.z);
}

void steps_find(struct history *history)
{
    for (size_t i = 0; i < history->series_count; i++)
        find_in(history, &history->series[i]);
}

size_t history_open(const struct history *history)
{
    size_t open = 0;
    for (size_t i = 0; i < history->series_count; i++)
        for (size_t k = 0; k < history->series[i].step_count; k++)
            open += history->series[i].steps[k].open;
    return open;
}
