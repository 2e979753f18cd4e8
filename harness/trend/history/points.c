/* What does each run say of each arm? One median with its doubt per run, arm and batch size. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "judge/stats/dependence.h"
#include "trend/history/history_internal.h"

#define ALPHA 0.05 /* of each one-sided bound */

static struct history_series *find(struct history *history, const char *arm, size_t batch_size)
{
    for (size_t i = 0; i < history->series_count; i++)
        if (history->series[i].batch_size == batch_size && strcmp(history->series[i].arm, arm) == 0)
            return &history->series[i];
    return NULL;
}

static void add_series(struct history *history, const char *arm, size_t batch_size)
{
    struct history_series *fresh;
    history->series = xrealloc(history->series, history->series_count + 1, sizeof *fresh);
    fresh = &history->series[history->series_count++];
    *fresh = (struct history_series){.batch_size = batch_size};
    strncpy(fresh->arm, arm, sizeof fresh->arm - 1);
    fresh->points = xcalloc(history->run_count, sizeof *fresh->points);
}

/* The newest run says in which order they stand. */
static void make_series(struct history *history, const struct scenario scenarios[], const char *arm)
{
    for (size_t run = history->run_count; run-- > 0;) {
        const struct scenario *scenario = &scenarios[run];
        for (size_t i = 0; i < scenario->arm_count; i++) {
            if (arm && strcmp(scenario->arms[i].name, arm) != 0)
                continue;
            for (size_t value = 0; value < scenario->value_count; value++) {
                size_t size = scenario->values[value];
                if (!find(history, scenario->arms[i].name, size))
                    add_series(history, scenario->arms[i].name, size);
            }
        }
    }
}

/* Cycles whose metric is not known say nothing; the others keep their order and their blocks. */
static void drop_unknown(struct results_series *series)
{
    size_t kept = 0;
    for (size_t i = 0; i < series->n; i++) {
        if (isnan(series->values[i]))
            continue;
        series->values[kept] = series->values[i];
        series->blocks[kept++] = series->blocks[i];
    }
    series->n = kept;
}

static double tau_of(const struct results_series *series)
{
    size_t blocks, *sizes = stats_block_sizes(series->blocks, series->n, &blocks);
    double tau = stats_measure_dependence(series->values, series->n, 0.5, sizes, blocks).tau;
    free(sizes);
    return tau;
}

static struct history_point summarise(struct results_series *series, enum scenario_metric metric)
{
    bool more_is_better = scenario_metrics[metric].more_is_better;
    struct history_point point = {.n = series->n, .tau = tau_of(series)};
    for (size_t i = 0; i < series->n; i++)
        point.failed += more_is_better ? series->values[i] <= 0 : isinf(series->values[i]) != 0;
    stats_sort(series->values, series->n);
    point.median = stats_quantile(series->values, series->n, 0.5);
    point.p95 = stats_quantile(series->values, series->n, more_is_better ? 0.05 : 0.95);
    point.bounds = stats_median_bounds(series->values, series->n, point.tau, ALPHA, ALPHA);
    point.counted = series->n >= HISTORY_LEAST_N && isfinite(point.median) && point.median > 0;
    return point;
}

/* An arm of which nothing is stored in a run was left out there: no point. */
static int add_point(struct history *history, struct results *store, size_t run,
                     const struct results_which *which, struct history_series *out, struct err *err)
{
    struct results_series series;
    if (results_series_load(&series, store, history->runs[run].id, which, err) < 0)
        return -1;
    drop_unknown(&series);
    if (series.n) {
        out->points[out->count] = summarise(&series, history->metric);
        out->points[out->count++].run = run;
    }
    results_series_release(&series);
    return 0;
}

static int add_run(struct history *history, struct results *store, size_t run,
                   const struct scenario *scenario, struct err *err)
{
    for (size_t arm = 0; arm < scenario->arm_count; arm++) {
        for (size_t value = 0; value < scenario->value_count; value++) {
            const struct results_which which = {(int)arm, (int)value, history->metric, NULL};
            struct history_series *series =
                find(history, scenario->arms[arm].name, scenario->values[value]);
            if (series && add_point(history, store, run, &which, series, err) < 0)
                return -1;
        }
    }
    return 0;
}

int points_load(struct history *history, struct results *store, const struct scenario scenarios[],
                const char *arm, struct err *err)
{
    make_series(history, scenarios, arm);
    for (size_t run = 0; run < history->run_count; run++)
        if (add_run(history, store, run, &scenarios[run], err) < 0)
            return -1;
    return 0;
}
