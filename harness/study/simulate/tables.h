/* tables - what was simulated, as Markdown that can be read as plain text,
 * and held to the targets. */
#ifndef STUDY_SIMULATE_TABLES_H
#define STUDY_SIMULATE_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "study/simulate/models.h"
#include "study/simulate/trial.h"

#define TARGET_COVERAGE 0.94
#define TARGET_ERROR    0.05
#define TARGET_SIGMAS   4 /* of Monte-Carlo error beyond a target: then it is missed */

/* What to simulate. */
struct simulate_request {
    uint64_t seed;
    size_t replicates;
    bool shorter; /* few models */
    bool tau_one; /* hold tau = 1 against the targets: shows that they can be missed */
};

/* Every model in both designs, simulated. */
struct study {
    const struct simulate_request *request;
    const struct model *models;
    size_t count;
    double *truths;                          /* shape [count] */
    struct tally (*tallies)[2][TRIAL_RULES]; /* shape [count]: model, design, rule */
};

/* study_run, study_release - of the p95 models or of the pairs */
void study_run(struct study *out, const struct simulate_request *request, bool pairs);
void study_release(struct study *study);

/* table_coverage, table_verdicts - one row per model and design */
void table_coverage(struct text *out, const struct study *study);
void table_verdicts(struct text *out, const struct study *study);

/* table_power - of the p95 rules on independent cycles; table_means - of stats_test_mean */
void table_power(struct text *out, const struct simulate_request *request);
void table_means(struct text *out, const struct simulate_request *request);

/* study_misses - one line for each target that is missed beyond Monte-Carlo error;
 * returns how many */
size_t study_misses(struct text *out, const struct study *study);

#endif
