/* How often is a bound on the wrong side, and a verdict false? */
#include "study/simulate/trial.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "judge/stats/stats.h"

#define SLACK     1e-12 /* as judge/looks.c */
#define P95_ROOM  1.3   /* the claim that should be supported: p95 <= 1.3 p95, */
#define PAIR_ROOM 1.05  /* speed-up >= truth / 1.05 */

const size_t trial_sizes[TRIAL_SIZES] = {100, 200, 500};
const int trial_looks[TRIAL_LOOKS] = {100, 200, 400};

static double tau_of(const struct rule *rule, const double x[], size_t n, double p)
{
    size_t sizes[MODEL_MOST_RUN / MODEL_BLOCK], blocks = n / MODEL_BLOCK;
    for (size_t g = 0; g < blocks; g++)
        sizes[g] = MODEL_BLOCK;
    return rule->tau(x, n, p, sizes, blocks);
}

static void try_bounds(struct tally *out, size_t k, const struct model *model, const double x[],
                       const double sorted[], double truth, const struct rule *rule)
{
    size_t n = trial_sizes[k];
    double tau = tau_of(rule, x, n, model->p), asked;
    struct stats_bounds bounds =
        model->ratio ? stats_median_bounds(sorted, n, tau, TRIAL_ALPHA, TRIAL_ALPHA)
                     : stats_quantile_bounds(sorted, n, model->p, tau, TRIAL_ALPHA, TRIAL_ALPHA);
    out->tau[k] += tau;
    out->lower_holds[k] += bounds.lower <= truth;
    out->upper_holds[k] += bounds.upper >= truth;
    out->unbounded[k] += !(model->ratio ? bounds.has_lower : bounds.has_upper);
    asked = model->ratio ? bounds.lower : bounds.upper;
    if (isfinite(asked))
        out->width[k] += fabs(asked - truth) / truth;
}

/* 1 supported, -1 refuted, 0 neither; *n: where it stopped. */
static int judge(const struct stats_plan *plan, const double x[], const double taus[],
                 const struct model *model, double edge, int *n)
{
    size_t bad = 0;
    int i = 0;
    for (size_t k = 0; k < plan->looks; k++) {
        *n = trial_looks[k];
        for (; i < *n; i++)
            bad += model->ratio ? x[i] < edge : x[i] > edge;
        if (stats_p_support(bad, (size_t)*n, model->p, taus[k]) <= plan->level_support[k] + SLACK)
            return 1;
        if (stats_p_refute(bad, (size_t)*n, model->p, taus[k]) <= plan->level_refute[k] + SLACK)
            return -1;
    }
    return 0;
}

static void try_looks(struct tally *out, const struct stats_plan *plan, const struct model *model,
                      const double x[], double truth, const struct rule *rule)
{
    double taus[TRIAL_LOOKS];
    int word, n = 0;
    for (size_t k = 0; k < TRIAL_LOOKS; k++)
        taus[k] = tau_of(rule, x, (size_t)trial_looks[k], model->p);
    word = judge(plan, x, taus, model, truth, &n);
    out->supported += word > 0;
    out->refuted += word < 0;
    word = judge(plan, x, taus, model, model->ratio ? truth / PAIR_ROOM : truth * P95_ROOM, &n);
    out->power += word > 0;
    out->power_n += (size_t)n;
}

static void replicate(struct tally out[], const struct stats_plan *plan, const struct model *model,
                      enum design design, double truth, gsl_rng *rng)
{
    double x[MODEL_MOST_RUN], sorted[MODEL_MOST_RUN];
    for (size_t k = 0; k < TRIAL_SIZES; k++) {
        model_run(x, trial_sizes[k], model, design, rng);
        memcpy(sorted, x, trial_sizes[k] * sizeof x[0]);
        stats_sort(sorted, trial_sizes[k]);
        for (size_t r = 0; r < TRIAL_RULES; r++)
            try_bounds(&out[r], k, model, x, sorted, truth, &trial_rules[r]);
    }
    model_run(x, (size_t)trial_looks[TRIAL_LOOKS - 1], model, design, rng);
    for (size_t r = 0; r < TRIAL_RULES; r++)
        try_looks(&out[r], plan, model, x, truth, &trial_rules[r]);
}

void trial_run(struct tally out[], const struct model *model, enum design design, double truth,
               size_t replicates, uint64_t seed)
{
    struct stats_plan plan;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, (unsigned long)seed);
    stats_plan_looks(&plan, trial_looks, TRIAL_LOOKS, model->p, TRIAL_ALPHA);
    for (size_t r = 0; r < TRIAL_RULES; r++)
        out[r] = (struct tally){.replicates = replicates};
    for (size_t i = 0; i < replicates; i++)
        replicate(out, &plan, model, design, truth, rng);
    gsl_rng_free(rng);
}

void trial_iid_power(double out[], size_t n, double bad_share, size_t replicates, uint64_t seed)
{
    const struct model *model = &models_p95[0];
    double x[MODEL_MOST_RUN], edge = model_quantile(model, 1 - bad_share);
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, (unsigned long)seed);
    memset(out, 0, TRIAL_RULES * sizeof out[0]);
    for (size_t i = 0; i < replicates; i++) {
        size_t bad = 0;
        model_run(x, n, model, DESIGN_CONTIGUOUS, rng);
        for (size_t j = 0; j < n; j++)
            bad += x[j] > edge;
        for (size_t r = 0; r < TRIAL_RULES; r++) {
            double tau = tau_of(&trial_rules[r], x, n, model->p);
            bool supported = stats_p_support(bad, n, model->p, tau) <= TRIAL_ALPHA + SLACK;
            out[r] += supported ? 1 / (double)replicates : 0;
        }
    }
    gsl_rng_free(rng);
}
