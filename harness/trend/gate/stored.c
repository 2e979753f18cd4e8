/* Is this run slower than those that were stored, by more than sittings differ by themselves? */
#include "trend/gate/gating.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge/gate_internal.h"
#include "judge/stats/gate.h"
#include "judge/stats/stats.h"

/* Everything the comparison looks at. */
struct comparison {
    struct gate_result *out;
    const struct gate_baseline *baseline;
    const struct gate_manners *manners;
    const char *arm;
    struct results *store;
    struct results_run run;
    struct scenario scenario;
};

/* ---- fit to be compared? ---- */

static void object(struct comparison *comparison, const char *what)
{
    gate_object(comparison->out, comparison->manners, what);
}

static void check_machine(struct comparison *comparison)
{
    struct scenario_machine here;
    struct text what = {0};
    struct err err = {0};
    if (scenario_machine_read(&here, comparison->run.environment_json, &err) < 0) {
        object(comparison, err.text);
        return;
    }
    text_add(&what, "the machine differs: ");
    if (scenario_machine_compare(&what, &comparison->baseline->fingerprint, &here))
        object(comparison, what.data);
    text_release(&what);
}

static void check_scenario(struct comparison *comparison)
{
    const struct gate_baseline *baseline = comparison->baseline;
    char question[SCENARIO_ID_BYTES], what[512];
    scenario_question(question, &comparison->scenario);
    if (strcmp(baseline->scenario, comparison->scenario.name) != 0) {
        snprintf(what, sizeof what, "the baseline is of scenario '%s', run %lld is of '%s'",
                 baseline->scenario, (long long)comparison->run.id, comparison->scenario.name);
        object(comparison, what);
    } else if (strcmp(baseline->question, question) != 0)
        object(comparison, "the scenario changed since the baseline was made: its agents, "
                           "durability, consensus, prompt or failure rule are others");
}

static void check_run(struct comparison *comparison)
{
    const struct gate_baseline *baseline = comparison->baseline;
    const struct results_run *run = &comparison->run;
    char option[RESULTS_OPTION_BYTES];
    for (size_t i = 0; i < baseline->sitting_count; i++)
        if (baseline->sittings[i].started_wall_ns == run->started_wall_ns &&
            baseline->sittings[i].seed == run->seed)
            gate_refuse(comparison->out,
                        "run %lld is part of the baseline itself: there is nothing to compare",
                        (long long)run->id);
    if (strcmp(run->state, "complete") != 0)
        gate_refuse(comparison->out, "run %lld is partial (spawnbench run --resume=%lld%s ends it)",
                    (long long)run->id, (long long)run->id,
                    results_option(option, comparison->store));
}

/* ---- one figure ---- */

static bool is_wanted(const struct comparison *comparison, const char *arm)
{
    return !comparison->arm || strcmp(comparison->arm, arm) == 0;
}

/* The p values of one shift of the candidate, and the width of the prediction. */
static double p_slower(const double stored[], size_t count, double value, double factor)
{
    return stats_predict_sitting(stored, count, value / factor).p_slower;
}

static double width_of(const struct stats_sitting *predicted, double value)
{
    double mean = log(value) - log1p(predicted->change);
    return (log(predicted->limit) - mean) / gsl_cdf_tdist_Pinv(0.95, (double)predicted->freedom);
}

static void predict(struct gate_item *item, const struct gate_asked *asked, const double stored[],
                    size_t count, double value)
{
    struct stats_sitting predicted = stats_predict_sitting(stored, count, value);
    double freedom = (double)predicted.freedom, width;
    if (isinf(value)) /* so many cycles failed: no sitting can be slower */
        item->p_regression = 0;
    if (!predicted.defined)
        return; /* one sitting, or all alike: nobody knows how much they differ */
    width = width_of(&predicted, value);
    item->lower = item->ratio * exp(-gsl_cdf_tdist_Qinv(asked->alpha, freedom) * width);
    item->upper = item->ratio * exp(gsl_cdf_tdist_Qinv(GATE_ALPHA_PASS, freedom) * width);
    item->detectable = expm1(
        (gsl_cdf_tdist_Qinv(asked->alpha, freedom) + gsl_cdf_tdist_Pinv(asked->power, freedom)) *
        width);
    item->p_regression = p_slower(stored, count, value, 1 + asked->tolerance);
    item->p_no_regression = 1 - p_slower(stored, count, value, 1 + asked->tolerance);
    item->p_improvement = 1 - p_slower(stored, count, value, 1 / (1 + asked->tolerance));
}

static double geometric_mean(const double stored[], size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += log(stored[i]);
    return exp(sum / (double)count);
}

static void judge_figure(struct comparison *comparison, const struct gate_series *series,
                         const struct gate_figures *own, int place, struct gate_item *item,
                         struct gate_place *told)
{
    size_t count = comparison->baseline->sitting_count;
    double *stored = xcalloc(count, sizeof *stored), value = own->at[place];
    for (size_t i = 0; i < count; i++) {
        stored[i] = series->sittings[i].at[place];
        item->failed_baseline += series->sittings[i].failed;
    }
    told->baseline = geometric_mean(stored, count);
    told->candidate = value;
    *item = (struct gate_item){.n = own->n,
                               .look = 1,
                               .tau = 1,
                               .effective_n = (double)own->n,
                               .ratio = value / told->baseline,
                               .upper = INFINITY,
                               .p_regression = 1,
                               .p_adjusted = 1,
                               .p_no_regression = 1,
                               .p_improvement = 1,
                               .detectable = INFINITY,
                               .failed_baseline = item->failed_baseline,
                               .failed_candidate = own->failed};
    predict(item, &comparison->out->asked, stored, count, value);
    item->least_regression = (1 + comparison->out->asked.tolerance) * (1 + item->detectable) - 1;
    if (scenario_metrics[told->metric].more_is_better) { /* told as the rate it is */
        told->baseline = 1e9 / told->baseline;
        told->candidate = 1e9 / told->candidate;
    }
    free(stored);
}

/* ---- all of them ---- */

static size_t cycles_needed(double quantile)
{
    size_t needed = quantile > 0.5 ? stats_minimum_n(quantile, 0.05) : GATE_LEAST_CYCLES;
    return needed > GATE_LEAST_CYCLES ? needed : GATE_LEAST_CYCLES;
}

static bool has_enough(struct comparison *comparison, const struct gate_series *series,
                       const struct gate_figures *own, double quantile)
{
    size_t needed = cycles_needed(quantile);
    char statistic[GATE_STATISTIC_BYTES];
    gate_statistic(statistic, quantile);
    for (size_t i = 0; i < comparison->baseline->sitting_count; i++)
        if (series->sittings[i].n < needed)
            gate_refuse(comparison->out,
                        "run %lld of the baseline has %zu cycles of arm '%s', %s needs %zu",
                        (long long)comparison->baseline->sittings[i].run, series->sittings[i].n,
                        series->arm, statistic, needed);
    if (own->n < needed)
        gate_refuse(comparison->out, "run %lld has %zu cycles of arm '%s', %s needs %zu",
                    (long long)comparison->run.id, own->n, series->arm, statistic, needed);
    return !comparison->out->reason[0];
}

static void add_item(struct comparison *comparison, const struct gate_series *series,
                     const struct gate_figures *own, double quantile)
{
    struct gate_result *out = comparison->out;
    int place = gate_baseline_place(quantile);
    size_t at = out->answer.count;
    if (place < 0) {
        gate_refuse(out,
                    "--quantile %g is not in the baseline: it has 0.5, 0.75, 0.9, 0.95 and 0.99",
                    quantile);
        return;
    }
    if (!has_enough(comparison, series, own, quantile))
        return;
    out->answer.items = xrealloc(out->answer.items, at + 1, sizeof *out->answer.items);
    out->pairs.metrics = xrealloc(out->pairs.metrics, at + 1, sizeof *out->pairs.metrics);
    out->pairs.places = xrealloc(out->pairs.places, at + 1, sizeof *out->pairs.places);
    out->answer.items[at] = (struct gate_item){0};
    out->pairs.metrics[at] =
        (struct gate_metric){.name = scenario_metric_names[series->metric], .quantile = quantile};
    out->pairs.places[at] = (struct gate_place){
        .metric = series->metric, .batch_size = series->batch_size, .arm = xstrdup(series->arm)};
    out->answer.count = out->pairs.count = at + 1;
    judge_figure(comparison, series, own, place, &out->answer.items[at], &out->pairs.places[at]);
}

static int compare_metric(struct comparison *comparison, int arm, int value, size_t batch_size,
                          enum scenario_metric metric, struct err *err)
{
    struct results_which which = {arm, value, metric, NULL};
    const char *name = comparison->scenario.arms[arm].name;
    const struct gate_series *series =
        gate_baseline_series(comparison->baseline, name, batch_size, metric);
    struct gate_figures own;
    bool known = false;
    if (!series) {
        gate_refuse(comparison->out, "the baseline has no %s of arm '%s' at %zu agents",
                    scenario_metric_names[metric], name, batch_size);
        return 0;
    }
    if (gate_figures_load(&own, &known, comparison->store, comparison->run.id, &which, err) < 0)
        return -1;
    if (!known)
        gate_refuse(comparison->out, "run %lld does not know %s of arm '%s'",
                    (long long)comparison->run.id, scenario_metric_names[metric], name);
    for (size_t q = 0; known && q < comparison->out->asked.quantile_count; q++)
        add_item(comparison, series, &own, comparison->out->asked.quantiles[q]);
    return 0;
}

/* What the baseline has and the candidate lacks is an error, not a silence. */
static int compare_place(struct comparison *comparison, const char *arm, size_t batch_size,
                         struct err *err)
{
    int index = scenario_find_arm(&comparison->scenario, arm), value;
    if (index < 0) {
        gate_refuse(comparison->out, "arm '%s' of the baseline is not in run %lld", arm,
                    (long long)comparison->run.id);
        return 0;
    }
    value = scenario_find_size(&comparison->scenario, batch_size);
    if (value < 0) {
        gate_refuse(comparison->out, "%zu agents, as in the baseline, are not in run %lld",
                    batch_size, (long long)comparison->run.id);
        return 0;
    }
    if (gate_check_idle(comparison->out, comparison->store, comparison->run.id, index, arm, err) <
        0)
        return -1;
    for (size_t i = 0; i < comparison->out->asked.metric_count; i++)
        if (compare_metric(comparison, index, value, batch_size, comparison->out->asked.metrics[i],
                           err) < 0)
            return -1;
    return 0;
}

/* Each arm and size of the baseline once: its series stand side by side. */
static int compare_all(struct comparison *comparison, struct err *err)
{
    const struct gate_baseline *baseline = comparison->baseline;
    bool any = false;
    for (size_t i = 0; i < baseline->series_count; i++) {
        const struct gate_series *series = &baseline->series[i];
        const struct gate_series *before = i ? &baseline->series[i - 1] : NULL;
        if (!is_wanted(comparison, series->arm) ||
            (before && before->batch_size == series->batch_size &&
             strcmp(before->arm, series->arm) == 0))
            continue;
        any = true;
        if (compare_place(comparison, series->arm, series->batch_size, err) < 0)
            return -1;
    }
    if (!any)
        gate_refuse(comparison->out, "the baseline has no arm '%s'",
                    comparison->arm ? comparison->arm : "");
    return 0;
}

static void tell_strangers(struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->scenario.arm_count; i++) {
        const char *arm = comparison->scenario.arms[i].name;
        bool there = false;
        for (size_t k = 0; k < comparison->baseline->series_count; k++)
            there = there || strcmp(comparison->baseline->series[k].arm, arm) == 0;
        if (!there && is_wanted(comparison, arm))
            gate_mark(comparison->out, "arm '%s' of the run has no baseline and is not judged",
                      arm);
    }
}

static void give_words(struct gate_result *out)
{
    struct gate_question question = gate_question_of(&out->asked, &out->pairs);
    gate_correct(out->answer.items, out->answer.count);
    for (size_t i = 0; i < out->answer.count; i++) {
        struct gate_item *item = &out->answer.items[i];
        item->word = gate_word_of(item, &question);
        if (item->word == GATE_INCONCLUSIVE && item->detectable > out->asked.tolerance)
            item->word = GATE_POWERLESS;
    }
    out->answer.look = 1;
    if (out->answer.count)
        out->answer.word = gate_gravest(&out->answer);
}

static void advise(struct gate_result *out, bool strict)
{
    if (out->sittings >= GATE_ENOUGH_SITTINGS || strict)
        return;
    out->advisory = true;
    gate_mark(out,
              "advisory: %zu of %d sittings; two sittings of the same program differ by more than "
              "10 %% half of the time. Save more runs, or run both side by side: --against COMMAND",
              out->sittings, GATE_ENOUGH_SITTINGS);
}

int gate_stored(struct gate_result *out, const struct gate_baseline *baseline,
                struct results *store, int64_t run, const char *arm, bool strict,
                const struct gate_manners *manners, struct err *err)
{
    struct comparison comparison = {out, baseline, manners, arm, store, {0}, {0}};
    int rc = -1;
    out->run = run;
    out->sittings = baseline->sitting_count;
    if (results_run_load(store, run, &comparison.run, err) < 0 ||
        scenario_parse_stored(&comparison.scenario, comparison.run.scenario_text,
                              strlen(comparison.run.scenario_text), err) < 0 ||
        gate_count_findings(out, store, run, -1, err) < 0)
        goto done;
    check_run(&comparison);
    check_scenario(&comparison);
    check_machine(&comparison);
    if (!out->reason[0] && compare_all(&comparison, err) < 0)
        goto done;
    give_words(out);
    if (!out->reason[0]) {
        tell_strangers(&comparison);
        advise(out, strict);
    }
    rc = 0;
done:
    scenario_release(&comparison.scenario);
    results_run_release(&comparison.run);
    return rc;
}
