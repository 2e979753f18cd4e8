/* Which samples speak for or against a claim, and which blocks do they stand in? */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "judge/judge_internal.h"

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
static void invert(struct results_series *series)
{
    for (size_t i = 0; i < series->n; i++)
        series->values[i] = series->values[i] > 0 ? 1 / series->values[i] : INFINITY;
}

static void compare(struct evidence *out, const struct scenario_claim *claim,
                    struct results_series *own, struct results_series *other)
{
    bool within = claim->kind == SCENARIO_CLAIM_WITHIN;
    out->n = other->n < own->n ? other->n : own->n;
    for (size_t i = 0; i < out->n; i++)
        out->unknown += isnan(own->values[i]) || isnan(other->values[i]);
    settle_unknown(own->values, out->n, INFINITY);
    settle_unknown(other->values, out->n, INFINITY);
    if (scenario_metrics[claim->metric].more_is_better && !within) {
        invert(own);
        invert(other);
    }
    if (within)
        stats_ratios(own->values, own->values, other->values, out->n);
    else
        stats_ratios(own->values, other->values, own->values, out->n);
    out->p = 0.5;
    out->edge = within ? 1 : claim->ratio;
    out->ratio = true;
}

int evidence_load(struct evidence *out, const struct scenario_claim *claim, struct results *store,
                  int64_t run, int value, struct err *err)
{
    struct results_which which = {(int)claim->arm, value, claim->metric, claim->agent};
    struct results_series own = {0}, other = {0};
    int rc = -1;
    *out = (struct evidence){.p = claim->quantile, .edge = claim->limit};
    if (results_series_load(&own, store, run, &which, err) < 0)
        return -1;
    which.arm = (int)claim->than;
    if (claim->kind == SCENARIO_CLAIM_FASTER || claim->kind == SCENARIO_CLAIM_WITHIN) {
        if (results_series_load(&other, store, run, &which, err) < 0)
            goto done;
        compare(out, claim, &own, &other);
    } else {
        bool more_is_better = scenario_metrics[claim->metric].more_is_better;
        out->n = own.n;
        out->unknown = settle_unknown(own.values, own.n, more_is_better ? 0 : INFINITY);
    }
    out->values = own.values;
    own.values = NULL;
    out->sizes = results_series_sizes(&own, out->n, &out->blocks);
    if (claim->kind == SCENARIO_CLAIM_AT_LEAST)
        negate(out, claim);
    rc = 0;
done:
    results_series_release(&own);
    results_series_release(&other);
    return rc;
}

void evidence_release(struct evidence *evidence)
{
    free(evidence->values);
    free(evidence->sizes);
    *evidence = (struct evidence){0};
}
