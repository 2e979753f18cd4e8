/* What does it cost to analyse a long series, all of it and part by part, in time and memory? */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

#include "base/clock.h"
#include "base/text.h"
#include "judge/stats/anomalies.h"
#include "judge/stats/dependence.h"
#include "judge/stats/ranks.h"
#include "judge/stats/robust.h"
#include "judge/stats/stats.h"
#include "study/micro/micro.h"

#define SEED     1
#define MANY     1000000
#define BLOCK    5
#define ALPHA    0.05
#define SPREAD   0.15
#define FASTER   2.0
#define NS_TYPED 47e6 /* a latency of 47 ms */

/* Two arms of one long run: `slow` and `fast` share each cycle's noise.
 * Made by the first sample. */
static struct arms {
    size_t n, blocks;
    double *slow, *fast, *room;
    size_t *sizes;
} arms = {.n = MANY};

static bool make_arms(void)
{
    gsl_rng *rng;
    if (arms.slow)
        return true;
    rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, SEED);
    arms.slow = xcalloc(arms.n, sizeof *arms.slow);
    arms.fast = xcalloc(arms.n, sizeof *arms.fast);
    arms.room = xcalloc(arms.n, sizeof *arms.room);
    arms.blocks = arms.n / BLOCK;
    arms.sizes = xcalloc(arms.blocks, sizeof *arms.sizes);
    for (size_t g = 0; g < arms.blocks; g++)
        arms.sizes[g] = BLOCK;
    for (size_t i = 0; i < arms.n; i++) {
        double shared = NS_TYPED * gsl_ran_lognormal(rng, 0, SPREAD);
        arms.slow[i] = FASTER * shared * gsl_ran_lognormal(rng, 0, SPREAD);
        arms.fast[i] = shared * gsl_ran_lognormal(rng, 0, SPREAD);
    }
    gsl_rng_free(rng);
    return true;
}

/* ---- the parts; each answers with a figure of its own, so that none can be left out ---- */

static const double *sorted_slow(void)
{
    for (size_t i = 0; i < arms.n; i++)
        arms.room[i] = arms.slow[i];
    stats_sort(arms.room, arms.n);
    return arms.room;
}

static double describe(void)
{
    const double *sorted = sorted_slow();
    return stats_summarise(sorted, arms.n).p95;
}

static double judge_p95(void)
{
    double tau = stats_robust_tau(arms.slow, arms.n, 0.95, arms.sizes, arms.blocks);
    const double *sorted = sorted_slow();
    double limit = stats_quantile(sorted, arms.n, 0.951);
    size_t bad = 0;
    for (size_t i = 0; i < arms.n; i++)
        bad += arms.slow[i] > limit;
    return stats_p_support(bad, arms.n, 0.95, tau) + stats_p_refute(bad, arms.n, 0.95, tau) +
           stats_quantile_bounds(sorted, arms.n, 0.95, tau, ALPHA, ALPHA).upper +
           stats_rate_lower(bad, arms.n, 0.95) + stats_rate_upper(bad, arms.n, 0.95);
}

static double judge_ratio(void)
{
    double tau;
    stats_ratios(arms.room, arms.slow, arms.fast, arms.n);
    tau = stats_robust_tau(arms.room, arms.n, 0.5, arms.sizes, arms.blocks);
    stats_sort(arms.room, arms.n);
    return stats_median_bounds(arms.room, arms.n, tau, ALPHA, ALPHA).lower +
           stats_quantile(arms.room, arms.n, 0.5);
}

static double brunner_munzel(void)
{
    return stats_test_brunner_munzel(arms.slow, arms.n, arms.fast, arms.n).p_x_less_y;
}

static double diagnose(void)
{
    return stats_find_drift(arms.slow, arms.n).total_change +
           stats_find_outliers(arms.slow, arms.n).sigma_log +
           stats_find_modes(arms.slow, arms.n).distance;
}

static double geyer(void)
{
    return stats_geyer_tau(arms.slow, arms.n);
}

/* ---- the cases ---- */

typedef double part(void);

static const struct step {
    const char *name;
    part *run;
} steps[] = {
    {"describe", describe}, {"p95", judge_p95},
    {"ratio", judge_ratio}, {"brunner-munzel", brunner_munzel},
    {"diagnose", diagnose}, {"geyer", geyer},
};
#define STEPS (sizeof steps / sizeof steps[0])

/* Most memory the whole process ever held:
 * so run one case alone (--benchmark_filter) for its own. */
static double peak_mib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

static double user_ms(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec * 1e3 + (double)usage.ru_utime.tv_usec / 1e3;
}

/* context: one step, or NULL for all */
static void take(struct gbench *sample, void *context)
{
    const struct step *from = context ? context : steps, *to = context ? from + 1 : steps + STEPS;
    double figures = 0, user_before;
    int64_t from_ns;
    if (!micro_go_on(sample) || !make_arms())
        return;
    user_before = user_ms();
    from_ns = clock_now_ns();
    for (; from < to; from++)
        figures += from->run();
    gbench_time(sample, clock_now_ns() - from_ns);
    gbench_counter(sample, "user_ms", user_ms() - user_before);
    gbench_counter(sample, "peak_mib", peak_mib());
    if (!isfinite(figures))
        gbench_skip(sample, "the figures are no numbers");
}

void micro_stats_register(const struct micro *micro)
{
    micro_add(micro, take, NULL, 5, GBENCH_MS, "stats/analyse/%d", MANY);
    for (size_t i = 0; i < STEPS; i++)
        micro_add(micro, take, (void *)&steps[i], 5, GBENCH_MS, "stats/%s/%d", steps[i].name, MANY);
}

void micro_stats_release(void)
{
    free(arms.slow);
    free(arms.fast);
    free(arms.room);
    free(arms.sizes);
    arms = (struct arms){.n = MANY};
}
