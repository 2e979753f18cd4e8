/* pairs - what the gate is asked, and the stored cycles it is answered from. */
#ifndef TREND_GATE_PAIRS_H
#define TREND_GATE_PAIRS_H

#include "judge/gate_rule.h"
#include "results/results.h"
#include "scenario/scenario.h"

#define GATE_MOST_QUANTILES 8

/* What is gated and how strictly. Plain value. */
struct gate_asked {
    enum scenario_metric metrics[SCENARIO_METRICS];
    size_t metric_count;
    double quantiles[GATE_MOST_QUANTILES]; /* 0.5 .. below 1 */
    size_t quantile_count;
    double tolerance, alpha, power;
    int looks[GATE_MOST_LOOKS];
    size_t look_count;
};

/* What one metric of a question is about, and its figures. Plain value. */
struct gate_place {
    enum scenario_metric metric;
    size_t value, batch_size;
    char *arm;                  /* against a stored baseline, owned; NULL: side by side */
    double baseline, candidate; /* the statistic of each, in the metric's own unit */
    size_t unknown;             /* cycles of either whose value nobody knows */
};

/* The arrays behind a question. Owned: gate_pairs_release. */
struct gate_pairs {
    struct gate_metric *metrics; /* [count] */
    struct gate_place *places;   /* [count] */
    size_t count;
    double **arrays; /* what the metrics point to */
    size_t array_count;
    size_t **sizes;
    size_t size_count;
};

/*
 * gate_pairs_load - every metric, at every batch size, at every quantile, pair by pair
 *
 * Throughput is turned into time per agent, so that lower is better everywhere.
 * errors : those of the store
 */
int gate_pairs_load(struct gate_pairs *out, const struct gate_asked *asked,
                    const struct scenario *scenario, struct results *store, int64_t run,
                    int baseline, int candidate, struct err *err);
void gate_pairs_release(struct gate_pairs *pairs);

/* gate_question_of - what is asked, over these pairs (borrowed) */
struct gate_question gate_question_of(const struct gate_asked *asked,
                                      const struct gate_pairs *pairs);

/* gate_turn - a rate as the time for each, in place: 0 becomes +infinity, NaN stays */
void gate_turn(double values[], size_t n);

#endif
