/* What do A/A sittings say together? Floor, false alarms, spread, and what can be resolved. */
#include "trend/doctor/calibration.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "judge/stats/gate.h"
#include "judge/stats/stats.h"
#include "trend/gate/gating.h"

#define FLOOR_QUANTILE   0.975
#define CONFIDENCE       0.95
#define MOST_LEAST_PAIRS 4096
#define GOLDEN           0.6180339887498949

const size_t calibration_sizes[CALIBRATION_SIZES] = {50, 100, 200, 400};
const double calibration_changes[CALIBRATION_CHANGES] = {0.01, 0.02, 0.05, 0.10};

static double reach(double alpha)
{
    return gsl_cdf_ugaussian_Pinv(1 - alpha) + gsl_cdf_ugaussian_Pinv(GATE_POWER);
}

static struct calibration_row *find(struct calibration *calibration, enum scenario_metric kind,
                                    size_t batch_size, double quantile)
{
    struct calibration_row *row = calibration->rows;
    for (size_t i = 0; i < calibration->count; i++, row++)
        if (row->metric == kind && row->batch_size == batch_size && row->quantile == quantile)
            return row;
    calibration->rows = xrealloc(calibration->rows, calibration->count + 1, sizeof *row);
    row = &calibration->rows[calibration->count++];
    *row = (struct calibration_row){.metric = kind, .batch_size = batch_size, .quantile = quantile};
    return row;
}

static bool is_known(const struct gate_metric *metric)
{
    for (size_t i = 0; i < metric->n; i++)
        if (isnan(metric->baseline[i]) || isnan(metric->candidate[i]))
            return false;
    return metric->n > 0;
}

/* The least step between two values of a sitting, over the middle one: a metric that is known in
 * steps of 10 ms cannot tell 5 % of 40 ms. */
static double resolution_of(const struct gate_metric *metric)
{
    double *all = xcalloc(2 * metric->n, sizeof *all), least = INFINITY, middle;
    memcpy(all, metric->baseline, metric->n * sizeof *all);
    memcpy(all + metric->n, metric->candidate, metric->n * sizeof *all);
    stats_sort(all, 2 * metric->n);
    middle = stats_quantile(all, 2 * metric->n, 0.5);
    for (size_t i = 1; i < 2 * metric->n; i++)
        if (isfinite(all[i]) && all[i] > all[i - 1])
            least = fmin(least, all[i] - all[i - 1]);
    free(all);
    return isfinite(least) && middle > 0 && isfinite(middle) ? least / middle : 0;
}

static void keep(struct calibration_row *row, const struct gate_item *item)
{
    size_t room = row->gates + 1;
    row->changes = xrealloc(row->changes, room, sizeof *row->changes);
    row->errors = xrealloc(row->errors, room, sizeof *row->errors);
    row->taus = xrealloc(row->taus, room, sizeof *row->taus);
    row->changes[row->gates] = log(item->ratio);
    row->errors[row->gates] = log1p(item->detectable) / reach(GATE_ALPHA);
    row->taus[row->gates] = item->tau;
    row->gates++;
}

/* Looks of the gate itself up to n, and n. */
static struct gate_question question_of(const struct gate_metric *metric, bool all_looks)
{
    struct gate_question question = GATE_QUESTION_DEFAULTS;
    size_t looks = 0;
    question.metrics = metric;
    question.count = 1;
    while (all_looks && looks < question.look_count && (size_t)question.looks[looks] < metric->n)
        looks++;
    question.looks[looks] = (int)metric->n;
    question.look_count = looks + 1;
    return question;
}

void calibration_add(struct calibration *calibration, enum scenario_metric kind, size_t batch_size,
                     const struct gate_metric *metric)
{
    struct calibration_row *row = find(calibration, kind, batch_size, metric->quantile);
    struct gate_question looks = question_of(metric, true), whole = question_of(metric, false);
    struct gate_answer answer;
    if (!is_known(metric) || row->gates == SIZE_MAX) {
        row->gates = SIZE_MAX; /* for good */
        return;
    }
    if (gate_judge(&answer, &looks) == 0)
        row->false_alarms += answer.word == GATE_REGRESSION;
    gate_release(&answer);
    if (gate_judge(&answer, &whole) == 0)
        keep(row, &answer.items[0]);
    gate_release(&answer);
    row->resolution = fmax(row->resolution, resolution_of(metric));
}

static void free_samples(struct calibration_row *row)
{
    free(row->changes);
    free(row->errors);
    free(row->taus);
    row->changes = row->errors = row->taus = NULL;
}

static void drop_unknown(struct calibration *calibration)
{
    size_t kept = 0;
    for (size_t i = 0; i < calibration->count; i++) {
        if (calibration->rows[i].gates == SIZE_MAX)
            free_samples(&calibration->rows[i]);
        else
            calibration->rows[kept++] = calibration->rows[i];
    }
    calibration->count = kept;
}

static void find_floor(struct calibration_row *row)
{
    double *sizes = xcalloc(row->gates + 1, sizeof *sizes);
    for (size_t i = 0; i < row->gates; i++)
        sizes[i] = expm1(fabs(row->changes[i]));
    row->largest = gate_quantile(sizes, row->gates, 1);
    row->noise_floor = fmax(row->resolution, gate_quantile(sizes, row->gates, FLOOR_QUANTILE));
    free(sizes);
}

/* Estimates of sittings against what their own pairs let expect. Where the gate tells no error, as
 * for a tail of few pairs, the sittings' own stands for it, and there is nothing to compare. */
static void find_spread(struct calibration_row *row, size_t pairs)
{
    double *sigmas = xcalloc(row->gates + 1, sizeof *sigmas);
    double unit = sqrt(M_PI_2 / (double)pairs), sd = gsl_stats_sd(row->changes, 1, row->gates);
    for (size_t i = 0; i < row->gates; i++)
        sigmas[i] = row->errors[i] / (unit * sqrt(row->taus[i]));
    row->sigma_log = gate_quantile(sigmas, row->gates, 0.5);
    row->tau = gate_quantile(row->taus, row->gates, 0.5);
    row->spread = sd / (row->sigma_log * unit * sqrt(row->tau));
    free(sigmas);
    if (calibration_spread_wide(row))
        row->tau *= row->spread * row->spread;
    if (isfinite(row->sigma_log))
        return;
    row->sigma_log = sd / unit;
    row->tau = 1;
    row->spread = NAN;
}

/* Would the gate convict a candidate that takes ten times as long, from so many pairs? */
static bool can_convict(double quantile, size_t n)
{
    double *baseline = xcalloc(2 * n, sizeof *baseline), *candidate = baseline + n;
    const struct gate_metric metric = {
        .name = "", .quantile = quantile, .baseline = baseline, .candidate = candidate, .n = n};
    struct gate_question question = GATE_QUESTION_DEFAULTS;
    struct gate_answer answer;
    bool convicted;
    for (size_t i = 0; i < n; i++) {
        baseline[i] = 1 + 1e-6 * fmod((double)i * GOLDEN, 1); /* neighbours are not alike */
        candidate[i] = 10 * baseline[i];
    }
    question.metrics = &metric;
    question.count = 1;
    question.looks[0] = (int)n;
    question.look_count = 1;
    convicted = gate_judge(&answer, &question) == 0 && answer.word == GATE_REGRESSION;
    gate_release(&answer);
    free(baseline);
    return convicted;
}

/* The fewest pairs from which the gate can convict at all; what it can from n, it can from more. */
static size_t least_pairs(double quantile)
{
    size_t low = 0, high = MOST_LEAST_PAIRS;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        *(can_convict(quantile, middle) ? &high : &low) = middle;
    }
    return high;
}

bool calibration_spread_wide(const struct calibration_row *row)
{
    return row->spread > CALIBRATION_SPREAD;
}

/* The formulas know alpha .05; a larger sigma stands for the gate's own. */
static void find_resolvable(struct calibration_row *row)
{
    double sigma = row->sigma_log * reach(GATE_ALPHA) / reach(0.05);
    size_t least = least_pairs(row->quantile);
    for (size_t i = 0; i < CALIBRATION_SIZES; i++) {
        size_t n = calibration_sizes[i];
        double change = stats_detectable_change(sigma, row->tau, n, GATE_POWER);
        row->resolvable[i] = n < least ? INFINITY : fmax(row->resolution, change);
    }
    for (size_t i = 0; i < CALIBRATION_CHANGES; i++) {
        double change = calibration_changes[i];
        double needed = ceil(stats_pairs_needed(sigma, row->tau, 1 + change, GATE_POWER));
        row->pairs[i] = change < row->resolution ? INFINITY : fmax((double)least, needed);
    }
}

static double two_sided(size_t seen, size_t n)
{
    return fmin(1, 2 * fmin(stats_p_support(seen, n, 0.5, 1), stats_p_refute(seen, n, 0.5, 1)));
}

int calibration_finish(struct calibration *calibration, struct err *err)
{
    drop_unknown(calibration);
    if (calibration->count == 0)
        return err_set(err, ERR_UNFIT, "no metric was known in every sitting");
    for (size_t i = 0; i < calibration->count; i++) {
        struct calibration_row *row = &calibration->rows[i];
        if (row->gates < CALIBRATION_LEAST_SITTINGS)
            return err_set(err, ERR_UNFIT,
                           "%zu sittings are too few to say how often the gate is wrong: at least "
                           "%d, better 20",
                           row->gates, CALIBRATION_LEAST_SITTINGS);
        row->false_alarms_upper = stats_rate_upper(row->false_alarms, row->gates, CONFIDENCE);
        find_floor(row);
        find_spread(row, calibration->pairs);
        find_resolvable(row);
    }
    calibration->position_p = two_sided(calibration->first_slower, calibration->positions);
    return 0;
}

void calibration_release(struct calibration *calibration)
{
    for (size_t i = 0; i < calibration->count; i++)
        free_samples(&calibration->rows[i]);
    free(calibration->rows);
    free(calibration->scenario);
    free(calibration->arm);
    *calibration = (struct calibration){0};
}
