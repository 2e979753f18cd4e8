/* Which word does each metric get, at which look? Levels of the looks, Holm's correction, words. */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "judge/gate_internal.h"
#include "judge/stats/gate.h"
#include "judge/stats/stats.h"

#define SLACK 1e-12

static const struct {
    const char *name, *code;
} words[GATE_WORDS] = {
    [GATE_INCONCLUSIVE] = {"inconclusive", "inconclusive"},
    [GATE_NO_REGRESSION] = {"no regression", "no_regression"},
    [GATE_REGRESSION] = {"regression", "regression"},
    [GATE_IMPROVEMENT] = {"improvement", "improvement"},
    [GATE_POWERLESS] = {"powerless", "powerless"},
};

const char *gate_word_name(enum gate_word word)
{
    return words[word].name;
}

const char *gate_word_code(enum gate_word word)
{
    return words[word].code;
}

static const struct gate_method *method_of(const struct gate_metric *metric)
{
    return metric->quantile > 0.5 ? &gate_tail : &gate_median;
}

double gate_detectable(const struct gate_question *question, double error)
{
    double reach =
        gsl_cdf_ugaussian_Pinv(1 - question->alpha) + gsl_cdf_ugaussian_Pinv(question->power);
    double change = expm1(reach * error);
    return change >= 0 ? change : INFINITY; /* NaN, too: nobody knows how much */
}

bool gate_doubtful(double baseline, double candidate)
{
    return isnan(baseline) || isnan(candidate) || (isinf(baseline) && isinf(candidate));
}

/* ---- is it a question at all? ---- */

static bool is_share(double value, double most)
{
    return value > 0 && value < most;
}

static bool is_question(const struct gate_question *question)
{
    bool good = question->count > 0 && question->look_count > 0 &&
                question->look_count <= GATE_MOST_LOOKS && question->tolerance >= 0 &&
                isfinite(question->tolerance) && is_share(question->alpha, 0.5) &&
                is_share(question->alpha_pass, 0.5) && is_share(question->power, 1);
    for (size_t k = 0; good && k < question->look_count; k++)
        good = question->looks[k] > (k ? question->looks[k - 1] : 0);
    for (size_t i = 0; good && i < question->count; i++)
        good = question->metrics[i].n > 0 && question->metrics[i].quantile >= 0.5 &&
               question->metrics[i].quantile < 1;
    return good;
}

/* ---- one metric at one look ---- */

static struct gate_view view_of(const struct gate_metric *metric, size_t n)
{
    struct gate_view view = {metric->baseline, metric->candidate, n, metric->quantile, NULL, 0};
    view.sizes = xcalloc(metric->blocks + 1, sizeof *view.sizes);
    for (size_t sum = 0; sum < n && view.blocks < metric->blocks; view.blocks++) {
        size_t rest = n - sum, size = metric->block_sizes[view.blocks];
        view.sizes[view.blocks] = size < rest ? size : rest;
        sum += view.sizes[view.blocks];
    }
    return view;
}

/* The levels of all looks follow from how many cycles the test counts at each;
 * a single look spends all. */
static void plan_levels(struct gate_levels out[], const struct gate_question *question,
                        const struct gate_metric *metric)
{
    struct stats_plan regression, pass;
    int counted[GATE_MOST_LOOKS], counted_pass[GATE_MOST_LOOKS];
    out[0] = (struct gate_levels){question->alpha, question->alpha_pass};
    if (question->look_count == 1)
        return;
    for (size_t k = 0; k < question->look_count; k++) {
        counted[k] = method_of(metric)->counted(metric->quantile, question->looks[k], false);
        counted_pass[k] = method_of(metric)->counted(metric->quantile, question->looks[k], true);
    }
    stats_plan_looks(&regression, counted, question->look_count, 0.5, question->alpha);
    stats_plan_looks(&pass, counted_pass, question->look_count, 0.5, question->alpha_pass);
    for (size_t k = 0; k < question->look_count; k++)
        out[k] = (struct gate_levels){regression.level_refute[k], pass.level_support[k]};
}

/* What is asked, with the levels of each metric at each look. */
struct session {
    const struct gate_question *question;
    struct gate_levels (*levels)[GATE_MOST_LOOKS]; /* shape [count] */
};

/* A p value on the scale of the whole gate:
 * it is at most alpha exactly when it is at most the level of its look. */
static double on_scale(double p, double level, double alpha)
{
    return level > 0 ? fmin(1, p / level * alpha) : 1;
}

static void prove_at(struct gate_item *out, const struct session *session, size_t metric,
                     size_t look)
{
    const struct gate_question *question = session->question;
    const struct gate_metric *asked = &question->metrics[metric];
    struct gate_levels levels = session->levels[metric][look];
    struct gate_view view = view_of(asked, (size_t)question->looks[look]);
    struct gate_proof proof;
    method_of(asked)->prove(&proof, &view, question);
    out->n = view.n;
    out->look = (int)look + 1;
    out->tau = proof.tau;
    out->p_regression = on_scale(proof.regression, levels.regression, question->alpha);
    out->p_no_regression = on_scale(proof.no_regression, levels.pass, question->alpha_pass);
    out->p_improvement = on_scale(proof.improvement, levels.regression, question->alpha);
    free(view.sizes);
}

/* ---- all metrics at one look ---- */

static bool is_open(const struct gate_item *item)
{
    return item->word == GATE_INCONCLUSIVE;
}

/* Metrics decided earlier stay members of the family; their regression is off the table. */
void gate_correct(struct gate_item items[], size_t count)
{
    double *p = xcalloc(2 * count, sizeof *p), *faster = p + count;
    for (size_t i = 0; i < count; i++) {
        p[i] = is_open(&items[i]) ? items[i].p_regression : 1;
        faster[i] = items[i].p_improvement;
    }
    stats_holm(p, p, count);
    stats_holm(faster, faster, count);
    for (size_t i = 0; i < count; i++)
        if (is_open(&items[i])) {
            items[i].p_adjusted = p[i];
            items[i].p_improvement = faster[i];
        }
    free(p);
}

enum gate_word gate_word_of(const struct gate_item *item, const struct gate_question *question)
{
    if (item->p_adjusted <= question->alpha + SLACK)
        return GATE_REGRESSION;
    if (item->p_no_regression > question->alpha_pass + SLACK)
        return GATE_INCONCLUSIVE;
    return item->p_improvement <= question->alpha + SLACK ? GATE_IMPROVEMENT : GATE_NO_REGRESSION;
}

/* True when nothing is left to decide. */
static bool judge_look(struct gate_answer *answer, const struct session *session, size_t look)
{
    bool open = false, regressed = false;
    for (size_t i = 0; i < answer->count; i++)
        if (is_open(&answer->items[i]))
            prove_at(&answer->items[i], session, i, look);
    gate_correct(answer->items, answer->count);
    for (size_t i = 0; i < answer->count; i++) {
        if (is_open(&answer->items[i]))
            answer->items[i].word = gate_word_of(&answer->items[i], session->question);
        open = open || is_open(&answer->items[i]);
        regressed = regressed || answer->items[i].word == GATE_REGRESSION;
    }
    answer->look = (int)look + 1;
    return regressed || !open;
}

static bool is_reached(const struct gate_question *question, size_t look)
{
    for (size_t i = 0; i < question->count; i++)
        if (question->metrics[i].n < (size_t)question->looks[look])
            return false;
    return true;
}

/* ---- what is told of it ---- */

static void count_failures(struct gate_item *item, const struct gate_view *view)
{
    for (size_t i = 0; i < view->n; i++) {
        item->failed_baseline += isinf(view->baseline[i]) != 0;
        item->failed_candidate += isinf(view->candidate[i]) != 0;
        item->doubtful += gate_doubtful(view->baseline[i], view->candidate[i]);
    }
}

static void tell(struct gate_item *item, const struct session *session, size_t metric)
{
    const struct gate_question *question = session->question;
    const struct gate_metric *asked = &question->metrics[metric];
    struct gate_levels levels = {question->alpha, question->alpha_pass};
    struct gate_view view;
    struct gate_proof proof;
    if (item->look)
        levels = session->levels[metric][item->look - 1];
    else
        item->n = asked->n; /* it ended before its first look: the bounds are told all the same */
    view = view_of(asked, item->n);
    method_of(asked)->prove(&proof, &view, question);
    item->tau = proof.tau;
    item->effective_n = (double)item->n / item->tau;
    method_of(asked)->estimate(item, &view, question, &levels);
    item->least_regression = (1 + question->tolerance) * (1 + item->detectable) - 1;
    count_failures(item, &view);
    free(view.sizes);
}

/* No look is left, and nothing is proven: is it for want of pairs? */
static void find_powerless(struct gate_item *item, const struct gate_question *question)
{
    bool ended = item->look == (int)question->look_count;
    if (is_open(item) && ended && item->detectable > question->tolerance)
        item->word = GATE_POWERLESS;
}

enum gate_word gate_gravest(const struct gate_answer *answer)
{
    static const int order[GATE_WORDS] = {[GATE_IMPROVEMENT] = 0,
                                          [GATE_NO_REGRESSION] = 1,
                                          [GATE_INCONCLUSIVE] = 2,
                                          [GATE_POWERLESS] = 3,
                                          [GATE_REGRESSION] = 4};
    enum gate_word word = answer->items[0].word;
    for (size_t i = 1; i < answer->count; i++)
        if (order[answer->items[i].word] > order[word])
            word = answer->items[i].word;
    return word;
}

int gate_judge(struct gate_answer *out, const struct gate_question *question)
{
    struct session session = {question, NULL};
    bool ended = false;
    *out = (struct gate_answer){0};
    if (!is_question(question))
        return -1;
    out->count = question->count;
    out->items = xcalloc(out->count, sizeof *out->items);
    session.levels = xcalloc(out->count, sizeof *session.levels);
    for (size_t i = 0; i < out->count; i++) {
        out->items[i] = (struct gate_item){
            .p_regression = 1, .p_adjusted = 1, .p_no_regression = 1, .p_improvement = 1, .tau = 1};
        plan_levels(session.levels[i], question, &question->metrics[i]);
    }
    for (size_t k = 0; !ended && k < question->look_count && is_reached(question, k); k++)
        ended = judge_look(out, &session, k);
    out->more = !ended && out->look < (int)question->look_count;
    for (size_t i = 0; i < out->count; i++) {
        tell(&out->items[i], &session, i);
        find_powerless(&out->items[i], question);
    }
    out->word = gate_gravest(out);
    free(session.levels);
    return 0;
}

void gate_release(struct gate_answer *answer)
{
    free(answer->items);
    *answer = (struct gate_answer){0};
}

double gate_quantile(const double values[], size_t n, double p)
{
    double *sorted = xcalloc(n + 1, sizeof *sorted), at;
    if (n)
        memcpy(sorted, values, n * sizeof *sorted);
    stats_sort(sorted, n);
    at = stats_quantile(sorted, n, p);
    free(sorted);
    return at;
}
