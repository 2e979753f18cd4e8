/* Which stored cycles stand beside each other? One array for each metric, batch size and side. */
#include "trend/gate/gating.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "judge/stats/stats.h"

/* Two series of one metric at one batch size, and where they are from. */
struct sides {
    struct results_series baseline, candidate;
    size_t n;
};

void gate_turn(double values[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i]))
            values[i] = values[i] > 0 ? 1 / values[i] : INFINITY;
}

static void keep(struct gate_pairs *pairs, void *array)
{
    pairs->arrays = xrealloc(pairs->arrays, pairs->array_count + 1, sizeof *pairs->arrays);
    pairs->arrays[pairs->array_count++] = array;
}

static size_t count_unknown(const struct sides *sides)
{
    size_t unknown = 0;
    for (size_t i = 0; i < sides->n; i++)
        unknown += isnan(sides->baseline.values[i]) || isnan(sides->candidate.values[i]);
    return unknown;
}

static void add_metrics(struct gate_pairs *pairs, const struct gate_asked *asked,
                        const struct gate_place *place, struct sides *sides)
{
    bool turned = scenario_metrics[place->metric].more_is_better;
    struct gate_metric metric = {.name = scenario_metric_names[place->metric],
                                 .baseline = sides->baseline.values,
                                 .candidate = sides->candidate.values,
                                 .n = sides->n};
    size_t *sizes = stats_block_sizes(sides->baseline.blocks, sides->n, &metric.blocks);
    keep(pairs, sizes);
    metric.block_sizes = sizes;
    if (turned) {
        gate_turn(sides->baseline.values, sides->n);
        gate_turn(sides->candidate.values, sides->n);
    }
    for (size_t q = 0; q < asked->quantile_count; q++) {
        struct gate_place *own = &pairs->places[pairs->count];
        *own = *place;
        own->unknown = count_unknown(sides);
        metric.quantile = asked->quantiles[q];
        own->baseline = gate_quantile(metric.baseline, metric.n, metric.quantile);
        own->candidate = gate_quantile(metric.candidate, metric.n, metric.quantile);
        if (turned) { /* in the metric's own unit, for people: the p95 of a rate is its slow end */
            own->baseline = 1 / own->baseline;
            own->candidate = 1 / own->candidate;
        }
        pairs->metrics[pairs->count++] = metric;
    }
    keep(pairs, sides->baseline.values);
    keep(pairs, sides->candidate.values);
    sides->baseline.values = sides->candidate.values = NULL;
}

static int load_place(struct gate_pairs *pairs, const struct gate_asked *asked,
                      const struct gate_place *place, struct results *store, int64_t run,
                      const int arms[2], struct err *err)
{
    struct sides sides = {0};
    struct results_which which = {arms[0], (int)place->value, place->metric, NULL};
    int rc = results_series_load(&sides.baseline, store, run, &which, err);
    which.arm = arms[1];
    if (rc == 0)
        rc = results_series_load(&sides.candidate, store, run, &which, err);
    if (rc == 0) {
        sides.n = sides.baseline.n < sides.candidate.n ? sides.baseline.n : sides.candidate.n;
        add_metrics(pairs, asked, place, &sides);
    }
    results_series_release(&sides.baseline);
    results_series_release(&sides.candidate);
    return rc;
}

int gate_pairs_load(struct gate_pairs *out, const struct gate_asked *asked,
                    const struct scenario *scenario, struct results *store, int64_t run,
                    int baseline, int candidate, struct err *err)
{
    const int arms[2] = {baseline, candidate};
    size_t values = scenario->value_count;
    size_t room = values * asked->metric_count * asked->quantile_count;
    *out = (struct gate_pairs){0};
    out->metrics = xcalloc(room + 1, sizeof *out->metrics);
    out->places = xcalloc(room + 1, sizeof *out->places);
    for (size_t value = 0; value < values; value++)
        for (size_t i = 0; i < asked->metric_count; i++) {
            struct gate_place place = {
                .metric = asked->metrics[i], .value = value, .batch_size = scenario->values[value]};
            if (load_place(out, asked, &place, store, run, arms, err) < 0) {
                gate_pairs_release(out);
                return -1;
            }
        }
    return 0;
}

void gate_pairs_release(struct gate_pairs *pairs)
{
    for (size_t i = 0; i < pairs->array_count; i++)
        free(pairs->arrays[i]);
    for (size_t i = 0; i < pairs->count; i++)
        free(pairs->places[i].arm);
    free(pairs->arrays);
    free(pairs->metrics);
    free(pairs->places);
    *pairs = (struct gate_pairs){0};
}

struct gate_question gate_question_of(const struct gate_asked *asked,
                                      const struct gate_pairs *pairs)
{
    struct gate_question question = {.metrics = pairs->metrics,
                                     .count = pairs->count,
                                     .tolerance = asked->tolerance,
                                     .alpha = asked->alpha,
                                     .alpha_pass = GATE_ALPHA_PASS,
                                     .power = asked->power,
                                     .look_count = asked->look_count};
    memcpy(question.looks, asked->looks, sizeof question.looks);
    return question;
}
