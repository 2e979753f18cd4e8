/* What does the gate say, again and again, where noise and truth are known? */
#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

#include "study/trials/trials.h"

#define BLOCKS (TRIALS_MOST_PAIRS / MODEL_BLOCK)

/* Pairs of one simulated run. */
struct pairs {
    double baseline[TRIALS_MOST_PAIRS], candidate[TRIALS_MOST_PAIRS];
};

/* The order in which a pair runs: random, balanced in each block, as harness/scenario lays it
 * out. */
static void order_block(bool candidate_first[], gsl_rng *rng)
{
    bool coin = gsl_rng_uniform(rng) < 0.5;
    for (size_t i = 0; i < MODEL_BLOCK; i++)
        candidate_first[i] = coin ^ (i % 2);
    gsl_ran_shuffle(rng, candidate_first, MODEL_BLOCK, sizeof candidate_first[0]);
}

static void change_places(struct pairs *pairs, size_t n, gsl_rng *rng)
{
    bool candidate_first[MODEL_BLOCK];
    for (size_t i = 0; i < n; i++) {
        double first = pairs->baseline[i];
        if (i % MODEL_BLOCK == 0)
            order_block(candidate_first, rng);
        if (!candidate_first[i % MODEL_BLOCK])
            continue;
        pairs->baseline[i] = pairs->candidate[i];
        pairs->candidate[i] = first;
    }
}

static void draw(struct pairs *out, const struct gate_trial *trial, double truth, size_t n,
                 gsl_rng *rng)
{
    if (trial->unlike)
        model_run_pairs(out->candidate, out->baseline, n, trial->model, trial->design, rng);
    else
        model_run_pairs(out->baseline, out->candidate, n, trial->model, trial->design, rng);
    if (!trial->unlike)
        change_places(out, n, rng);
    for (size_t i = 0; i < n; i++) {
        bool hit = trial->tail_share > 0 && gsl_rng_uniform(rng) < trial->tail_share;
        out->candidate[i] *= (1 + trial->change) / truth * (hit ? trial->tail_factor : 1);
    }
}

static struct gate_question question_of(const struct gate_trial *trial)
{
    struct gate_question question = GATE_QUESTION_DEFAULTS;
    if (trial->tolerance > 0)
        question.tolerance = trial->tolerance;
    if (trial->look_count) {
        memcpy(question.looks, trial->looks, trial->look_count * sizeof trial->looks[0]);
        question.look_count = trial->look_count;
    }
    question.count = trial->quantiles[1] > 0 ? 2 : 1;
    return question;
}

static void count_answer(struct gate_tally *out, const struct gate_question *question)
{
    struct gate_answer answer;
    if (gate_judge(&answer, question) != 0)
        return; /* not counted: the sums do not add up then */
    out->gates++;
    out->words[answer.word]++;
    out->pairs += (size_t)question->looks[answer.look - 1];
    out->within_200 += answer.word == GATE_REGRESSION && question->looks[answer.look - 1] <= 200;
    gate_release(&answer);
}

void gate_trial_run(struct gate_tally *out, const struct gate_trial *trial, size_t gates,
                    uint64_t seed)
{
    struct gate_question question = question_of(trial);
    size_t n = (size_t)question.looks[question.look_count - 1], sizes[BLOCKS];
    struct gate_metric metrics[2];
    struct pairs pairs;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    double truth = 1;
    if (trial->unlike)
        truth = model_truth(trial->model) / trial->model->speed_up;
    gsl_rng_set(rng, (unsigned long)seed);
    for (size_t g = 0; g < BLOCKS; g++)
        sizes[g] = MODEL_BLOCK;
    for (size_t i = 0; i < 2; i++)
        metrics[i] =
            (struct gate_metric){"time", trial->quantiles[i], pairs.baseline, pairs.candidate, n,
                                 sizes,  n / MODEL_BLOCK};
    question.metrics = metrics;
    *out = (struct gate_tally){0};
    for (size_t i = 0; i < gates; i++) {
        draw(&pairs, trial, truth, n, rng);
        count_answer(out, &question);
    }
    gsl_rng_free(rng);
}
