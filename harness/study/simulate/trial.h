/* trial - one model run over and over: how often are the bounds and the verdicts wrong?
 *
 * The bounds, tau, the looks and the tests are those of harness/judge/stats, called as the harness
 * does.
 */
#ifndef STUDY_SIMULATE_TRIAL_H
#define STUDY_SIMULATE_TRIAL_H

#include <stddef.h>
#include <stdint.h>

#include "study/simulate/models.h"

#define TRIAL_ALPHA 0.05
#define TRIAL_SIZES 3 /* runs of a fixed n */
#define TRIAL_LOOKS 3
#define TRIAL_RULES 3

/* A way to find tau. */
struct rule {
    const char *name;
    double (*tau)(const double x[], size_t n, double p, const size_t sizes[], size_t blocks);
};
extern const struct rule trial_rules[TRIAL_RULES];

extern const size_t trial_sizes[TRIAL_SIZES]; /* of coverage: 100, 200, 500 */
extern const int trial_looks[TRIAL_LOOKS];    /* of the verdicts: 100, 200, 400 */

/* Counts over all replicates of one model, design and rule. */
struct tally {
    size_t replicates;
    size_t lower_holds[TRIAL_SIZES], upper_holds[TRIAL_SIZES]; /* the bound is on its side */
    size_t unbounded[TRIAL_SIZES]; /* no upper bound of p95, no lower one of a speed-up */
    double width[TRIAL_SIZES];     /* sum of |bound - truth| / truth where there is one */
    double tau[TRIAL_SIZES];       /* sum */
    size_t supported, refuted;     /* at the claim's boundary: each would be false */
    size_t power;                  /* supported when the claim holds with room to spare */
    size_t power_n;                /* sum of the cycles that took */
};

/*
 * trial_run - replicates of one model in one design, every rule on the same samples
 *
 * out   : shape [TRIAL_RULES]
 * truth : model_truth, found once
 */
void trial_run(struct tally out[], const struct model *model, enum design design, double truth,
               size_t replicates, uint64_t seed);

/* trial_iid_power - chance of SUPPORT at a single look when a share of independent cycles is bad
 *
 * out : shape [TRIAL_RULES], 0 .. 1; the claim is p95 <= the quantile that leaves bad_share above
 */
void trial_iid_power(double out[], size_t n, double bad_share, size_t replicates, uint64_t seed);

#endif
