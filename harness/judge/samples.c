/* What do the diagnostics look at? Spawn times by arm and batch size, places,
 * the machine's strain. */
#include "judge/samples.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "judge/stats/stats.h"

static struct samples_cell *cell_of(const struct samples *samples, const struct scenario *scenario,
                                    size_t arm, size_t value)
{
    return &samples->cells[arm * scenario->value_count + value];
}

static int load_cell(struct samples_cell *cell, struct results *store, int64_t run, struct err *err)
{
    const struct results_which which = {cell->arm, cell->value, SCENARIO_SPAWN_TIME, NULL};
    struct results_series series;
    double *sorted;
    if (results_series_load(&series, store, run, &which, err) < 0)
        return -1;
    cell->spawn = series.values;
    cell->n = series.n;
    cell->sizes = results_series_sizes(&series, series.n, &cell->blocks);
    cell->places = xcalloc(series.n, sizeof *cell->places);
    sorted = xcalloc(series.n, sizeof *sorted);
    if (series.n)
        memcpy(sorted, series.values, series.n * sizeof *sorted);
    stats_sort(sorted, cell->n);
    cell->median = stats_quantile(sorted, cell->n, 0.5);
    for (size_t i = 0; i < series.n; i++) {
        cell->distinct += i == 0 || sorted[i] != sorted[i - 1];
        cell->failed += isinf(sorted[i]) != 0;
        cell->places[i] = -1;
    }
    free(sorted);
    series.values = NULL;
    results_series_release(&series);
    return 0;
}

/* One pass over all cycles. */
struct walk {
    struct samples *samples;
    const struct scenario *scenario;
    int sitting;
    int64_t first_ns, last_ns; /* of the sitting */
};

static void close_sitting(struct walk *walk)
{
    if (walk->last_ns > walk->first_ns)
        walk->samples->span_ns = clock_sum(walk->samples->span_ns, walk->last_ns - walk->first_ns);
    walk->first_ns = walk->last_ns = 0;
}

static void take_strain(struct samples *samples, const struct cycle_strain *strain)
{
    if (strain->total_ticks > 0 && strain->steal_ticks >= 0) {
        samples->total_ticks = clock_sum(samples->total_ticks, strain->total_ticks);
        samples->steal_ticks = clock_sum(samples->steal_ticks, strain->steal_ticks);
    }
    if (strain->pressure_us >= 0)
        samples->pressure_us =
            clock_sum(samples->pressure_us < 0 ? 0 : samples->pressure_us, strain->pressure_us);
    samples->throttle_known += strain->throttled >= 0;
    samples->throttled += strain->throttled > 0;
    samples->suspended += strain->suspended_ns > 1000000; /* less is the two clocks' own jitter */
}

static int take_cycle(void *context, const struct results_cycle *cycle)
{
    struct walk *walk = context;
    const struct scenario *scenario = walk->scenario;
    struct samples_cell *cell;
    if (cycle->arm < 0 || (size_t)cycle->arm >= scenario->arm_count || cycle->value < 0 ||
        (size_t)cycle->value >= scenario->value_count)
        return 0; /* not of this scenario: a store that somebody has edited */
    if (cycle->sitting != walk->sitting)
        close_sitting(walk);
    walk->sitting = cycle->sitting;
    if (cycle->answered_ns > 0) {
        walk->first_ns = walk->first_ns ? walk->first_ns : cycle->sent_ns;
        walk->last_ns = cycle->answered_ns;
    }
    walk->samples->cycles++;
    take_strain(walk->samples, &cycle->strain);
    cell = cell_of(walk->samples, scenario, (size_t)cycle->arm, (size_t)cycle->value);
    if (!cycle->warmup && cycle->pair >= 0 && (size_t)cycle->pair < cell->n)
        cell->places[cycle->pair] = (short)cycle->place;
    return 0;
}

/* The time of the arm that stood at this place of a pair, against its arm's median; NaN: none. */
static double at_place(const struct samples *samples, const struct scenario *scenario, size_t value,
                       size_t pair, size_t place)
{
    for (size_t arm = 0; arm < scenario->arm_count; arm++) {
        const struct samples_cell *cell = cell_of(samples, scenario, arm, value);
        if (pair < cell->n && cell->places[pair] == (short)place)
            return cell->spawn[pair] / cell->median;
    }
    return NAN;
}

static void compare_places(struct samples *samples, const struct scenario *scenario)
{
    if (scenario->arm_count < 2)
        return;
    for (size_t value = 0; value < scenario->value_count; value++) {
        size_t pairs = cell_of(samples, scenario, 0, value)->n;
        for (size_t pair = 0; pair < pairs; pair++) {
            double first = at_place(samples, scenario, value, pair, 0);
            double last = at_place(samples, scenario, value, pair, scenario->arm_count - 1);
            if (!isfinite(first) || !isfinite(last) || first == last)
                continue;
            samples->pairs_compared++;
            samples->first_slower += first > last;
        }
    }
}

static double read_resolution(struct results *store, int64_t run)
{
    struct results_run stored = {0};
    cJSON *host = NULL;
    double resolution_ns = NAN;
    if (results_run_load(store, run, &stored, NULL) < 0)
        return NAN;
    if (json_parse(&host, stored.environment_json, strlen(stored.environment_json), NULL) == 0) {
        const cJSON *told = cJSON_GetObjectItemCaseSensitive(host, "clock_resolution_ns");
        resolution_ns = cJSON_IsNumber(told) ? told->valuedouble : NAN;
    }
    cJSON_Delete(host);
    results_run_release(&stored);
    return resolution_ns;
}

int samples_load(struct samples *out, const struct scenario *scenario, struct results *store,
                 int64_t run, struct err *err)
{
    size_t values = scenario->value_count;
    struct walk walk = {.samples = out, .scenario = scenario};
    *out = (struct samples){.cell_count = scenario->arm_count * values, .pressure_us = -1};
    out->cells = xcalloc(out->cell_count, sizeof *out->cells);
    out->resolution_ns = read_resolution(store, run);
    for (size_t i = 0; i < out->cell_count; i++) {
        out->cells[i].arm = (int)(i / values);
        out->cells[i].value = (int)(i % values);
        if (load_cell(&out->cells[i], store, run, err) < 0)
            goto failed;
    }
    if (results_each_cycle(store, run, take_cycle, &walk, err) < 0)
        goto failed;
    close_sitting(&walk);
    compare_places(out, scenario);
    return 0;
failed:
    samples_release(out);
    return -1;
}

void samples_release(struct samples *samples)
{
    for (size_t i = 0; i < samples->cell_count; i++) {
        free(samples->cells[i].spawn);
        free(samples->cells[i].places);
        free(samples->cells[i].sizes);
    }
    free(samples->cells);
    *samples = (struct samples){0};
}

int samples_bound_load(struct samples_bound *out, const struct scenario_claim *claim,
                       struct results *store, int64_t run, int value, struct err *err)
{
    struct results_which slowest = {(int)claim->than, value, SCENARIO_MAIN_TO_OWN_READY, NULL};
    struct results_which faster = {(int)claim->arm, value, SCENARIO_SPAWN_TIME, NULL};
    struct results_series own = {0}, spawn = {0};
    int rc = -1;
    *out = (struct samples_bound){0};
    if (results_series_load(&own, store, run, &slowest, err) < 0 ||
        results_series_load(&spawn, store, run, &faster, err) < 0)
        goto done;
    for (size_t i = 0; i < own.n && i < spawn.n; i++) {
        if (!isfinite(own.values[i]) || !isfinite(spawn.values[i]))
            continue;
        out->n++;
        out->below += spawn.values[i] < own.values[i];
    }
    rc = 0;
done:
    results_series_release(&own);
    results_series_release(&spawn);
    return rc;
}
