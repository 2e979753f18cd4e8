/* How good is the test of a mean on noise whose mean is known? */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

#include "judge/stats/mean.h"
#include "study/simulate/tables.h"

#define LENGTHS 3

static const size_t lengths[LENGTHS] = {100, 200, 400};

/* Counts over the replicates of one model in one design. */
struct mean_tally {
    size_t plain_upper[LENGTHS], plain_lower[LENGTHS]; /* Student's t over single cycles */
    size_t upper[LENGTHS], lower[LENGTHS];
    double slack[LENGTHS]; /* sum of upper / truth - 1 */
};

static void try_mean(struct mean_tally *out, size_t k, const double x[], double truth)
{
    size_t n = lengths[k], sizes[MODEL_MOST_RUN / MODEL_BLOCK];
    double mean = gsl_stats_mean(x, 1, n), sd = gsl_stats_sd_m(x, 1, n, mean);
    double half = gsl_cdf_tdist_Pinv(1 - TRIAL_ALPHA, (double)n - 1) * sd / sqrt((double)n);
    struct stats_mean_test test;
    for (size_t g = 0; g < n / MODEL_BLOCK; g++)
        sizes[g] = MODEL_BLOCK;
    test = stats_test_mean(x, n, sizes, n / MODEL_BLOCK, truth, TRIAL_ALPHA, TRIAL_ALPHA);
    out->plain_upper[k] += mean + half >= truth;
    out->plain_lower[k] += mean - half <= truth;
    out->upper[k] += test.upper >= truth;
    out->lower[k] += test.lower <= truth;
    out->slack[k] += test.upper / truth - 1;
}

static void add_shares(struct text *out, const size_t counts[], size_t replicates)
{
    double unit = 100 / (double)replicates;
    text_addf(out, " %5.1f %5.1f %5.1f |", unit * (double)counts[0], unit * (double)counts[1],
              unit * (double)counts[2]);
}

static void mean_row(struct text *out, const struct model *model, enum design design,
                     size_t replicates, uint64_t seed)
{
    struct mean_tally tally = {0};
    double x[MODEL_MOST_RUN], truth = model_mean(model), unit = 100 / (double)replicates;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, (unsigned long)seed);
    for (size_t i = 0; i < replicates; i++)
        for (size_t k = 0; k < LENGTHS; k++) {
            model_run(x, lengths[k], model, design, rng);
            try_mean(&tally, k, x, truth);
        }
    gsl_rng_free(rng);
    text_addf(out, "| %-14s | %-10s |", model->name, model_designs[design]);
    add_shares(out, tally.plain_upper, replicates);
    add_shares(out, tally.upper, replicates);
    add_shares(out, tally.plain_lower, replicates);
    add_shares(out, tally.lower, replicates);
    text_addf(out, " %4.1f %4.1f %4.1f |\n", unit * tally.slack[0], unit * tally.slack[1],
              unit * tally.slack[2]);
}

void table_means(struct text *out, const struct simulate_request *request)
{
    text_add(out, "| noise          | blocks     | upper, Student's t | **upper, ours**   | "
                  "lower, Student's t | **lower, ours**  | slack of upper |\n"
                  "|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < models_p95_count; i += request->shorter ? 5 : 1)
        for (int design = 0; design < 2; design++)
            mean_row(out, &models_p95[i], (enum design)design, request->replicates,
                     request->seed + 9000 + 2 * i + (unsigned)design);
    text_add(out, "\n");
}
