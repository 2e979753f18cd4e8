/* models - made-up noise whose true answer is known, to try the statistics on.
 *
 * A model is one series of latencies (median about 1, no unit) asked about its p95, or a pair of
 * arms asked about the median of slow / fast. Normal use: a row of models_p95 or models_speedup,
 * model_truth once, then model_run for every replicate.
 */
#ifndef STUDY_SIMULATE_MODELS_H
#define STUDY_SIMULATE_MODELS_H

#include <gsl/gsl_rng.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

#define MODEL_BLOCK    5  /* cycles per block, as the harness runs them */
#define MODEL_SPREAD   20 /* a spread run reaches over so many times its own cycles */
#define MODEL_MOST_RUN 2000

/* How the cycles of a run lie in time. */
enum design {
    DESIGN_CONTIGUOUS, /* blocks follow each other without a pause */
    DESIGN_SPREAD,     /* blocks start at random in a trace MODEL_SPREAD times as long */
};
extern const char *const model_designs[]; /* "contiguous", "spread" */

/* The latency of one cycle, were nothing else going on. */
struct margin {
    double sigma; /* of the logarithm of the body */
    bool tail;    /* above p90 a Pareto tail of index 3 */
    double spike_share, spike_factor;
};

/* One kind of noise. Zero means: not there. */
struct model {
    const char *name;
    const char *about;
    bool ratio;           /* ask for the median of slow / fast, else for the p95 of slow */
    double p;             /* the quantile asked for */
    struct margin slow;   /* the only arm unless ratio */
    struct margin fast;   /* of a pair */
    double speed_up;      /* of a pair, before noise */
    double ar;            /* Gaussian AR(1): copula of the latency; of a pair: of what both share */
    double shared_sd;     /* of a pair: standard deviation of the shared noise, logarithmic */
    double harder;        /* of a pair: shared noise and regimes hit the fast arm to this power */
    double regime_share;  /* of time; a regime multiplies the latency */
    double regime_factor; /* e.g. 1.3 */
    double regime_dwell;  /* mean cycles it lasts; 0: each cycle for itself */
    double drift;         /* 0.15: the end of the run is 15 % slower than its start */
    bool known_exception; /* told with its figure, not held against the rule */
};

extern const struct model models_p95[], models_speedup[];
extern const size_t models_p95_count, models_speedup_count;

/* model_is_of_few - is it one of those that a short study is content with? */
bool model_is_of_few(const struct model *model);

/* models_tell - what each is, as a table of Markdown; pair: stands before the names of pairs */
void models_tell(struct text *out, const char *title, const char *pair);

/* model_truth - the true quantile, from the distribution function: no simulation in it */
double model_truth(const struct model *model);

/* model_quantile - of the p95 models without dependence: where a share p of cycles lies below */
double model_quantile(const struct model *model, double p);

/* model_mean - the true mean of a p95 model */
double model_mean(const struct model *model);

/*
 * model_run - one simulated run, in order of time
 *
 * out : shape [n], latencies or ratios; n <= MODEL_MOST_RUN, a multiple of MODEL_BLOCK
 */
void model_run(double out[], size_t n, const struct model *model, enum design design, gsl_rng *rng);

/*
 * model_run_pairs - one simulated run of two programs side by side, in order of time
 *
 * Of a p95 model: two cycles of the series, one after the other. Of a pair model: its slow arm,
 * divided by speed_up, and its fast one.
 * first, second : shape [n], median about 1; n as above, in pairs
 */
void model_run_pairs(double first[], double second[], size_t n, const struct model *model,
                     enum design design, gsl_rng *rng);

#endif
