/* What would the machine have done? Noise with known truth: margins, shared ups and downs, regimes,
 * drift. judge/STATISTICS.md 1 and 4 name the models. */
#include "study/simulate/models.h"

#include <assert.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <string.h>

#include "judge/stats/stats.h"

#define TAIL_FROM  0.9
#define TAIL_INDEX 3.0
#define SPEED_UP   2.85
#define GRID       400 /* points of the numerical integrals over a margin or over time */

#define BODY                                                                                       \
    {                                                                                              \
        .sigma = 0.15, .tail = true                                                                \
    }
#define SPIKED                                                                                     \
    {                                                                                              \
        .sigma = 0.15, .tail = true, .spike_share = 0.01, .spike_factor = 10                       \
    }

const struct model models_p95[] = {
    {.name = "lognormal", .about = "sigma 0.15", .p = 0.95, .slow = {.sigma = 0.15}},
    {.name = "heavytail", .about = "lognormal, Pareto(3) above p90", .p = 0.95, .slow = BODY},
    {.name = "tail+spikes", .about = "heavytail, 1 % ten times as long", .p = 0.95, .slow = SPIKED},
    {.name = "bimodal-at-p95",
     .about = "lognormal, 5 % twice as long",
     .p = 0.95,
     .slow = {.sigma = 0.15, .spike_share = 0.05, .spike_factor = 2}},
    {.name = "drift15",
     .about = "heavytail, 15 % slower at the end",
     .p = 0.95,
     .slow = BODY,
     .drift = 0.15},
    {.name = "ar.3", .about = "heavytail, AR(1) 0.3", .p = 0.95, .slow = BODY, .ar = 0.3},
    {.name = "ar.6", .about = "heavytail, AR(1) 0.6", .p = 0.95, .slow = BODY, .ar = 0.6},
    {.name = "ar.85", .about = "heavytail, AR(1) 0.85", .p = 0.95, .slow = BODY, .ar = 0.85},
    {.name = "regime30",
     .about = "heavytail, 30 % of time 1.3x, lasting 10",
     .p = 0.95,
     .slow = BODY,
     .regime_share = 0.3,
     .regime_factor = 1.3,
     .regime_dwell = 10},
    {.name = "bursts6",
     .about = "lognormal, 6 % of time 2x, lasting 8",
     .p = 0.95,
     .slow = {.sigma = 0.15},
     .regime_share = 0.06,
     .regime_factor = 2,
     .regime_dwell = 8,
     .known_exception = true},
    {.name = "kitchen",
     .about = "AR 0.4, regime30, spikes and drift15",
     .p = 0.95,
     .slow = SPIKED,
     .ar = 0.4,
     .regime_share = 0.3,
     .regime_factor = 1.3,
     .regime_dwell = 10,
     .drift = 0.15},
    {.name = "loaded",
     .about = "lognormal sigma 0.55, AR 0.3, spikes",
     .p = 0.95,
     .slow = {.sigma = 0.55, .spike_share = 0.01, .spike_factor = 10},
     .ar = 0.3},
};
const size_t models_p95_count = sizeof models_p95 / sizeof models_p95[0];

#define PAIR                                                                                       \
    .ratio = true, .p = 0.5, .speed_up = SPEED_UP, .slow = {.sigma = 0.06, .tail = true},          \
    .fast = {.sigma = 0.09, .tail = true}
#define PAIR_SPIKED                                                                                \
    .ratio = true, .p = 0.5, .speed_up = SPEED_UP,                                                 \
    .slow = {.sigma = 0.06, .tail = true, .spike_share = 0.02, .spike_factor = 8},                 \
    .fast = {.sigma = 0.09, .tail = true, .spike_share = 0.02, .spike_factor = 8}

const struct model models_speedup[] = {
    {.name = "iid", .about = "independent heavytail arms", PAIR, .harder = 1},
    {.name = "drift 30 %",
     .about = "both arms 30 % slower at the end",
     PAIR,
     .harder = 1,
     .drift = 0.3},
    {.name = "kitchen",
     .about = "shared AR 0.7, drift, 2 % spikes of 8x",
     PAIR_SPIKED,
     .ar = 0.7,
     .shared_sd = 0.15,
     .harder = 1,
     .drift = 0.3},
    {.name = "env g=1.5",
     .about = "shared AR 0.7, the fast arm hit 1.5 times as hard",
     PAIR,
     .ar = 0.7,
     .shared_sd = 0.15,
     .harder = 1.5},
    {.name = "ar.9 g=2",
     .about = "shared AR 0.9, the fast arm hit twice as hard",
     PAIR,
     .ar = 0.9,
     .shared_sd = 0.15,
     .harder = 2},
    {.name = "regime g=1.3",
     .about = "30 % of time 1.3x, the fast arm 1.3^1.3, lasting 10",
     PAIR,
     .regime_share = 0.3,
     .regime_factor = 1.3,
     .regime_dwell = 10,
     .harder = 1.3},
};
const size_t models_speedup_count = sizeof models_speedup / sizeof models_speedup[0];

const char *const model_designs[] = {"contiguous", "spread"};

bool model_is_of_few(const struct model *model)
{
    static const char *const few[] = {"heavytail", "ar.85", "bursts6", "iid", "ar.9 g=2"};
    for (size_t i = 0; i < sizeof few / sizeof few[0]; i++)
        if (strcmp(few[i], model->name) == 0)
            return true;
    return false;
}

void models_tell(struct text *out, const char *title, const char *pair)
{
    text_addf(out, "%s\n\n| noise | what it is |\n|---|---|\n", title);
    for (size_t i = 0; i < models_p95_count; i++)
        text_addf(out, "| %s | %s |\n", models_p95[i].name, models_p95[i].about);
    for (size_t i = 0; i < models_speedup_count; i++)
        text_addf(out, "| %s: %s | %s |\n", pair, models_speedup[i].name, models_speedup[i].about);
    text_add(out, "\n");
}

/* ---- the distributions ---- */

/* Of the margin without spikes, given the standard normal deviate of a cycle. */
static double margin_at(const struct margin *margin, double z)
{
    double edge = exp(margin->sigma * gsl_cdf_ugaussian_Pinv(TAIL_FROM));
    if (!margin->tail || z <= gsl_cdf_ugaussian_Pinv(TAIL_FROM))
        return exp(margin->sigma * z);
    return edge * pow(gsl_cdf_ugaussian_Q(z) / (1 - TAIL_FROM), -1 / TAIL_INDEX);
}

static double plain_below(const struct margin *margin, double x)
{
    double edge = exp(margin->sigma * gsl_cdf_ugaussian_Pinv(TAIL_FROM));
    if (x <= 0)
        return 0;
    if (!margin->tail || x <= edge)
        return gsl_cdf_ugaussian_P(log(x) / margin->sigma);
    return 1 - (1 - TAIL_FROM) * pow(x / edge, -TAIL_INDEX);
}

/* P(latency <= x), spikes included. */
static double margin_below(const struct margin *margin, double x)
{
    double below = plain_below(margin, x);
    if (margin->spike_share > 0)
        below += margin->spike_share * (plain_below(margin, x / margin->spike_factor) - below);
    return below;
}

/* P(latency <= x) over the whole run: mixed over regimes and over time. */
static double latency_below(const struct model *model, double x)
{
    double sum = 0;
    int points = model->drift > 0 ? GRID : 1;
    for (int i = 0; i < points; i++) {
        double level = 1 + model->drift * (i + 0.5) / points;
        double below = margin_below(&model->slow, x / level);
        if (model->regime_share > 0)
            below += model->regime_share *
                     (margin_below(&model->slow, x / level / model->regime_factor) - below);
        sum += below / points;
    }
    return sum;
}

/* P(slow <= x fast) for one value of what both share: the integral over the fast arm. */
static double pair_below(const struct model *model, double x, double hit)
{
    double sum = 0, spikes = model->fast.spike_share;
    for (int i = 0; i < GRID; i++) {
        double z = gsl_cdf_ugaussian_Pinv((i + 0.5) / GRID);
        double fast = x * hit * margin_at(&model->fast, z);
        sum += (1 - spikes) * margin_below(&model->slow, fast);
        if (spikes > 0)
            sum += spikes * margin_below(&model->slow, fast * model->fast.spike_factor);
    }
    return sum / GRID;
}

/* P(slow / fast <= x); drift and evenly shared noise cancel. */
static double ratio_below(const struct model *model, double x)
{
    double extra = (model->harder - 1) * model->shared_sd, sum = 0, below;
    int points = model->shared_sd > 0 && extra > 0 ? GRID / 4 : 1;
    x /= model->speed_up;
    for (int i = 0; i < points; i++) {
        double z = gsl_cdf_ugaussian_Pinv((i + 0.5) / points);
        sum += pair_below(model, x, points > 1 ? exp(extra * z) : 1) / points;
    }
    below = sum;
    if (model->regime_share > 0)
        below += model->regime_share *
                 (pair_below(model, x, pow(model->regime_factor, model->harder - 1)) - sum);
    return below;
}

double model_quantile(const struct model *model, double p)
{
    double low = 0, high = 1000;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        double below = model->ratio ? ratio_below(model, middle) : latency_below(model, middle);
        if (below < p)
            low = middle;
        else
            high = middle;
    }
    return high;
}

double model_truth(const struct model *model)
{
    return model_quantile(model, model->p);
}

/* The body in closed form up to p90, then that of a Pareto distribution. */
static double margin_mean(const struct margin *margin)
{
    double s = margin->sigma, from = gsl_cdf_ugaussian_Pinv(TAIL_FROM);
    double mean = exp(s * s / 2);
    if (margin->tail)
        mean = mean * gsl_cdf_ugaussian_P(from - s) +
               (1 - TAIL_FROM) * exp(s * from) * TAIL_INDEX / (TAIL_INDEX - 1);
    return mean * (1 + margin->spike_share * (margin->spike_factor - 1));
}

double model_mean(const struct model *model)
{
    double regime =
        model->regime_share > 0 ? 1 + model->regime_share * (model->regime_factor - 1) : 1;
    return margin_mean(&model->slow) * regime * (1 + model->drift / 2);
}

/* ---- runs ---- */

/* Where the process stands. */
struct state {
    double z;  /* the AR(1) */
    bool slow; /* in the regime */
};

static struct state begin(const struct model *model, gsl_rng *rng)
{
    struct state state;
    state.z = gsl_ran_ugaussian(rng);
    state.slow = model->regime_share > 0 && gsl_rng_uniform(rng) < model->regime_share;
    return state;
}

/* So many cycles later, in one step: both processes forget at a fixed rate. */
static void advance(struct state *state, const struct model *model, double cycles, gsl_rng *rng)
{
    double kept = model->ar > 0 ? pow(model->ar, cycles) : 0;
    state->z = kept * state->z + sqrt(1 - kept * kept) * gsl_ran_ugaussian(rng);
    if (model->regime_share > 0) {
        double leave = model->regime_dwell > 0 ? 1 / model->regime_dwell : 1 - model->regime_share;
        double stays = pow(fmax(0, 1 - leave / (1 - model->regime_share)), cycles);
        double chance = model->regime_share + stays * (state->slow - model->regime_share);
        state->slow = gsl_rng_uniform(rng) < chance;
    }
}

static double spike(const struct margin *margin, gsl_rng *rng)
{
    bool hit = margin->spike_share > 0 && gsl_rng_uniform(rng) < margin->spike_share;
    return hit ? margin->spike_factor : 1;
}

/* One pair; place: 0 .. 1 within the run. */
static void both_arms(double *slow, double *fast, const struct model *model,
                      const struct state *state, double place, gsl_rng *rng)
{
    double level = 1 + model->drift * place, regime = state->slow ? model->regime_factor : 1;
    double shared = model->shared_sd * state->z;
    *slow = model->speed_up * level * regime * exp(shared) * spike(&model->slow, rng) *
            margin_at(&model->slow, gsl_ran_ugaussian(rng));
    *fast = level * pow(regime * exp(shared), model->harder) * spike(&model->fast, rng) *
            margin_at(&model->fast, gsl_ran_ugaussian(rng));
}

/* One cycle, or the ratio of a pair. */
static double cycle(const struct model *model, const struct state *state, double place,
                    gsl_rng *rng)
{
    double level = 1 + model->drift * place, regime = state->slow ? model->regime_factor : 1;
    double slow, fast, ratio;
    if (!model->ratio)
        return level * regime * margin_at(&model->slow, state->z) * spike(&model->slow, rng);
    both_arms(&slow, &fast, model, state, place, rng);
    stats_ratios(&ratio, &slow, &fast, 1);
    return ratio;
}

/* Starts of the blocks in a trace of `length` cycles, in order, not overlapping. */
static void place_blocks(double starts[], size_t blocks, double block, double length,
                         enum design design, gsl_rng *rng)
{
    double room = length - (double)blocks * block;
    for (size_t g = 0; g < blocks; g++)
        starts[g] = design == DESIGN_SPREAD ? floor(room * gsl_rng_uniform(rng)) : 0;
    gsl_sort(starts, 1, blocks);
    for (size_t g = 0; g < blocks; g++)
        starts[g] += (double)g * block;
}

void model_run(double out[], size_t n, const struct model *model, enum design design, gsl_rng *rng)
{
    double starts[MODEL_MOST_RUN / MODEL_BLOCK], time = -1;
    double length = (double)n * (design == DESIGN_SPREAD ? MODEL_SPREAD : 1);
    struct state state = begin(model, rng);
    assert(n <= MODEL_MOST_RUN && n % MODEL_BLOCK == 0);
    place_blocks(starts, n / MODEL_BLOCK, MODEL_BLOCK, length, design, rng);
    for (size_t i = 0; i < n; i++) {
        double at = starts[i / MODEL_BLOCK] + (double)(i % MODEL_BLOCK);
        advance(&state, model, at - time, rng);
        time = at;
        out[i] = cycle(model, &state, (at + 0.5) / length, rng);
    }
}

void model_run_pairs(double first[], double second[], size_t n, const struct model *model,
                     enum design design, gsl_rng *rng)
{
    double starts[MODEL_MOST_RUN / MODEL_BLOCK], time = -1, step = model->ratio ? 1 : 2;
    double length = step * (double)n * (design == DESIGN_SPREAD ? MODEL_SPREAD : 1);
    struct state state = begin(model, rng);
    assert(n <= MODEL_MOST_RUN && n % MODEL_BLOCK == 0);
    place_blocks(starts, n / MODEL_BLOCK, step * MODEL_BLOCK, length, design, rng);
    for (size_t i = 0; i < n; i++) {
        double at = starts[i / MODEL_BLOCK] + step * (double)(i % MODEL_BLOCK);
        advance(&state, model, at - time, rng);
        time = at + step - 1;
        if (model->ratio) {
            both_arms(&first[i], &second[i], model, &state, (at + 0.5) / length, rng);
            first[i] /= model->speed_up;
            continue;
        }
        first[i] = cycle(model, &state, (at + 0.5) / length, rng);
        advance(&state, model, 1, rng);
        second[i] = cycle(model, &state, (at + 1.5) / length, rng);
    }
}
