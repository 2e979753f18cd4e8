/* Which samples do the diagnostics look at, and which speak for or against a claim? */
#include <assert.h>
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "judge/judge_internal.h"

const struct results_series *samples_series(const struct results_basis *basis, int arm, int value,
                                            enum scenario_metric metric, const char *agent)
{
    const struct results_which which = {arm, value, metric, agent};
    size_t i = 0;
    while (i < basis->series_count && !results_is_same(&basis->series[i].which, &which))
        i++;
    assert(i < basis->series_count);
    return &basis->series[i];
}

/* ---- of the diagnostics ---- */

static void fill_cell(struct samples_cell *cell, const struct results_series *series)
{
    double *sorted = xcalloc(series->n, sizeof *sorted);
    cell->spawn = series->values;
    cell->places = series->places;
    cell->n = series->n;
    cell->sizes = stats_block_sizes(series->blocks, series->n, &cell->blocks);
    if (series->n)
        memcpy(sorted, series->values, series->n * sizeof *sorted);
    stats_sort(sorted, cell->n);
    cell->median = stats_quantile(sorted, cell->n, 0.5);
    for (size_t i = 0; i < series->n; i++) {
        cell->distinct += i == 0 || sorted[i] != sorted[i - 1];
        cell->failed += isinf(sorted[i]) != 0;
    }
    free(sorted);
}

/* The time of the arm that stood at this place of a pair, against its arm's median; NaN: none. */
static double at_place(const struct samples *samples, const struct scenario *scenario, size_t value,
                       size_t pair, size_t place)
{
    for (size_t arm = 0; arm < scenario->arm_count; arm++) {
        const struct samples_cell *cell = &samples->cells[arm * scenario->value_count + value];
        if (pair < cell->n && cell->places[pair] == (int)place)
            return cell->spawn[pair] / cell->median;
    }
    return NAN;
}

static void compare_places(struct samples *samples, const struct scenario *scenario)
{
    if (scenario->arm_count < 2)
        return;
    for (size_t value = 0; value < scenario->value_count; value++) {
        for (size_t pair = 0; pair < samples->cells[value].n; pair++) {
            double first = at_place(samples, scenario, value, pair, 0);
            double last = at_place(samples, scenario, value, pair, scenario->arm_count - 1);
            if (!isfinite(first) || !isfinite(last) || first == last)
                continue;
            samples->pairs_compared++;
            samples->first_slower += first > last;
        }
    }
}

static double read_resolution(const char *environment)
{
    cJSON *host = NULL;
    double resolution_ns = NAN;
    if (json_parse(&host, environment, strlen(environment), NULL) == 0) {
        const cJSON *told = cJSON_GetObjectItemCaseSensitive(host, "clock_resolution_ns");
        resolution_ns = cJSON_IsNumber(told) ? told->valuedouble : NAN;
    }
    cJSON_Delete(host);
    return resolution_ns;
}

void samples_take(struct samples *out, const struct scenario *scenario,
                  const struct results_basis *basis)
{
    size_t values = scenario->value_count;
    *out = (struct samples){.cell_count = scenario->arm_count * values};
    out->cells = xcalloc(out->cell_count, sizeof *out->cells);
    out->resolution_ns = read_resolution(basis->run.environment_json);
    for (size_t i = 0; i < out->cell_count; i++) {
        out->cells[i].arm = (int)(i / values);
        out->cells[i].value = (int)(i % values);
        fill_cell(&out->cells[i], samples_series(basis, out->cells[i].arm, out->cells[i].value,
                                                 SCENARIO_SPAWN_TIME, NULL));
    }
    compare_places(out, scenario);
}

void samples_release(struct samples *samples)
{
    for (size_t i = 0; i < samples->cell_count; i++)
        free(samples->cells[i].sizes);
    free(samples->cells);
    *samples = (struct samples){0};
}

/* ---- of one claim ---- */

/* A sample nobody knows must not help the claim. */
static size_t settle_unknown(double values[], size_t n, double instead)
{
    size_t unknown = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isnan(values[i]))
            continue;
        values[i] = instead;
        unknown++;
    }
    return unknown;
}

/* failing is endless in every metric but throughput, where it is 0: in a mean that is what it is,
 * in a count of bad cycles it must be on the bad side */
static void negate(struct evidence *out, const struct scenario_claim *claim)
{
    bool more_is_better = scenario_metrics[claim->metric].more_is_better;
    bool mean = claim->statistic == SCENARIO_MEAN;
    for (size_t i = 0; i < out->n; i++) {
        bool failed = more_is_better ? !mean && out->values[i] <= 0 : isinf(out->values[i]);
        out->values[i] = failed ? INFINITY : -out->values[i];
    }
    out->edge = -out->edge;
    out->p = 1 - out->p;
    out->negated = true;
}

/* Throughput as time per agent: the ratio of two of them is the speedup, and 0 becomes never. */
static void invert(double values[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] = values[i] > 0 ? 1 / values[i] : INFINITY;
}

static double *copy(const struct results_series *series, size_t n)
{
    double *values = xcalloc(n, sizeof *values);
    if (n)
        memcpy(values, series->values, n * sizeof *values);
    return values;
}

/* out->values: those of the claim's arm, which become ratios */
static void compare(struct evidence *out, const struct scenario_claim *claim,
                    const struct results_series *than)
{
    bool within = claim->kind == SCENARIO_CLAIM_WITHIN;
    double *other;
    out->n = than->n < out->n ? than->n : out->n;
    out->reached = than->reached < out->reached ? than->reached : out->reached;
    other = copy(than, out->n);
    for (size_t i = 0; i < out->n; i++)
        out->unknown += isnan(out->values[i]) || isnan(other[i]);
    settle_unknown(out->values, out->n, INFINITY);
    settle_unknown(other, out->n, INFINITY);
    if (scenario_metrics[claim->metric].more_is_better && !within) {
        invert(out->values, out->n);
        invert(other, out->n);
    }
    if (within)
        stats_ratios(out->values, out->values, other, out->n);
    else
        stats_ratios(out->values, other, out->values, out->n);
    free(other);
    out->p = 0.5;
    out->edge = within ? 1 : claim->ratio;
    out->ratio = true;
}

struct evidence evidence_take(const struct results_basis *basis, const struct scenario_claim *claim,
                              int value)
{
    const struct results_series *own =
        samples_series(basis, (int)claim->arm, value, claim->metric, claim->agent);
    struct evidence out = {.values = copy(own, own->n),
                           .n = own->n,
                           .reached = own->reached,
                           .p = claim->quantile,
                           .edge = claim->limit};
    out.pairs = xcalloc(own->n, sizeof *out.pairs);
    if (own->n)
        memcpy(out.pairs, own->pairs, own->n * sizeof *out.pairs);
    if (claim->kind == SCENARIO_CLAIM_FASTER || claim->kind == SCENARIO_CLAIM_WITHIN)
        compare(&out, claim,
                samples_series(basis, (int)claim->than, value, claim->metric, claim->agent));
    else
        out.unknown = settle_unknown(out.values, out.n,
                                     scenario_metrics[claim->metric].more_is_better ? 0 : INFINITY);
    out.sizes = stats_block_sizes(own->blocks, out.n, &out.blocks);
    if (claim->kind == SCENARIO_CLAIM_AT_LEAST)
        negate(&out, claim);
    return out;
}

void evidence_release(struct evidence *evidence)
{
    free(evidence->values);
    free(evidence->sizes);
    free(evidence->pairs);
    *evidence = (struct evidence){0};
}
