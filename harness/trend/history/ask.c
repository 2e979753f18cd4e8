/* Does the newest segment stand on a step for the worse that nobody accepted? */
#include <math.h>
#include <stdio.h>

#include "trend/history/history_internal.h"

static const struct history_step *open_step(const struct history_series *series)
{
    for (size_t i = 0; i < series->step_count; i++)
        if (series->steps[i].open)
            return &series->steps[i];
    return NULL;
}

static double size_of(const struct history_step *step)
{
    return fabs(log(step->after / step->before));
}

/* Counts the series with an open step; the largest of the steps is told. */
static void look(struct history_answer *out, const struct history *history)
{
    const struct history_step *worst = NULL;
    const struct history_series *where = NULL;
    for (size_t i = 0; i < history->series_count; i++) {
        const struct history_series *series = &history->series[i];
        const struct history_step *step = open_step(series);
        if (!step)
            continue;
        out->open++;
        if (worst && size_of(worst) >= size_of(step))
            continue;
        worst = step;
        where = series;
    }
    if (worst)
        snprintf(out->text, sizeof out->text,
                 "%s of %s, %zu agents, has been %+.1f %% since run %lld (p %.4f, n %zu runs), and "
                 "nobody accepted it (if it is meant: spawnbench history --accept %lld%s)",
                 scenario_metric_names[history->metric], where->arm, where->batch_size,
                 100 * (worst->after / worst->before - 1),
                 (long long)history->runs[where->points[worst->at].run].id, worst->p, where->count,
                 (long long)history->runs[where->points[worst->at].run].id, history->option);
}

static void tell_nothing(struct history_answer *out, int64_t run, bool inside)
{
    if (!inside)
        snprintf(out->text, sizeof out->text, "run %lld is not in this history", (long long)run);
    else if (!out->enough)
        snprintf(out->text, sizeof out->text,
                 "%zu runs of this scenario on this class of machine: a step needs at least %d",
                 out->runs, HISTORY_LEAST_RUNS);
    else
        snprintf(out->text, sizeof out->text,
                 "%zu runs of this scenario on this class of machine show no step for the worse "
                 "that nobody accepted",
                 out->runs);
}

int history_ask(struct history_answer *out, struct results *store,
                const struct history_wanted *wanted, struct err *err)
{
    struct history history;
    bool inside;
    *out = (struct history_answer){0};
    if (history_load(&history, store, wanted, err) < 0)
        return -1;
    out->runs = history.run_count;
    inside = !wanted->until ||
             (history.run_count && history.runs[history.run_count - 1].id == wanted->until);
    for (size_t i = 0; i < history.series_count; i++)
        out->enough = out->enough || history.series[i].count >= HISTORY_LEAST_RUNS;
    if (inside)
        look(out, &history);
    if (!out->open)
        tell_nothing(out, wanted->until, inside);
    history_release(&history);
    return 0;
}
