/* May this run be judged? What the machine did to it, and what its samples look like. */
#include "judge/diagnose.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "judge/judge_internal.h"
#include "judge/stats/anomalies.h"
#include "judge/stats/dependence.h"
#include "judge/stats/robust.h"
#include "judge/stats/stats.h"

#define BLOCKS_P           0.01
#define BLOCKS_APART       0.01 /* a smaller spread matters to nobody */
#define POSITION_P         0.01
#define STEAL_FLAGGED      0.02
#define STEAL_INVALID      0.10
#define PRESSURE_FLAGGED   0.10
#define THROTTLED_INVALID  0.05
#define RESOLUTION_FLAGGED 0.01
#define RESOLUTION_INVALID 0.10
#define SUSPENDED_INVALID  0.05
#define LEFT_OUT_INVALID   0.20
#define MODES_APART        1.05  /* closer modes matter to nobody */
#define IMPOSSIBLE_ALPHA   0.001 /* many batch sizes are looked at */

const char *diagnosis_kind_name(enum diagnosis_kind kind)
{
    static const char *const names[] = {"dependence", "drift",    "block spread", "outliers",
                                        "bimodality", "position", "steal",        "pressure",
                                        "throttling", "clock",    "failures",     "suspended",
                                        "impossible", "plan",     "growth"};
    return names[kind];
}

const char *diagnosis_level_name(enum diagnosis_level level)
{
    static const char *const names[] = {"fine", "unknown", "flagged", "invalid"};
    return names[level];
}

struct diagnosis_item *diagnosis_add(struct diagnosis *out, enum diagnosis_kind kind,
                                     enum diagnosis_level level, double figure)
{
    struct diagnosis_item *item;
    if ((out->count & (out->count - 1)) == 0)
        out->items = xrealloc(out->items, out->count ? 2 * out->count : 1, sizeof *out->items);
    item = &out->items[out->count++];
    *item = (struct diagnosis_item){
        .kind = kind, .level = level, .arm = -1, .value = -1, .figure = figure};
    return item;
}

void diagnosis_say(struct diagnosis_item *item, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(item->text, sizeof item->text, format, args);
    va_end(args);
}

void diagnosis_advise(struct diagnosis_item *item, const char *remedy)
{
    snprintf(item->remedy, sizeof item->remedy, "%s", remedy);
}

/* ---- what the samples of one arm at one batch size look like ---- */

static struct diagnosis_item *add_cell(struct diagnosis *out, enum diagnosis_kind kind,
                                       enum diagnosis_level level, double figure,
                                       const struct samples_cell *cell)
{
    struct diagnosis_item *item = diagnosis_add(out, kind, level, figure);
    item->arm = cell->arm;
    item->value = cell->value;
    return item;
}

/* Standard deviation of the blocks' medians, as a share of their mean; NaN where cycles failed. */
static double spread_of_blocks(const struct samples_cell *cell)
{
    double *medians = xcalloc(cell->blocks, sizeof *medians);
    double *one = xcalloc(cell->n, sizeof *one);
    struct stats_summary summary;
    for (size_t block = 0, from = 0; block < cell->blocks; from += cell->sizes[block++]) {
        memcpy(one, cell->spawn + from, cell->sizes[block] * sizeof *one);
        stats_sort(one, cell->sizes[block]);
        medians[block] = stats_quantile(one, cell->sizes[block], 0.5);
    }
    stats_sort(medians, cell->blocks);
    summary = stats_summarise(medians, cell->blocks);
    free(medians);
    free(one);
    return summary.failed ? NAN : summary.standard_deviation / summary.mean;
}

/* Where claims are made their own tau is told (looks.c); else that of a p95. */
static void find_dependence(struct diagnosis *out, const struct samples_cell *cell)
{
    double tau = stats_robust_tau(cell->spawn, cell->n, 0.95, cell->sizes, cell->blocks);
    struct diagnosis_item *item;
    if (tau <= DIAGNOSIS_TAU_FLAGGED)
        return;
    item = add_cell(out, DIAGNOSIS_DEPENDENCE, DIAGNOSIS_FLAGGED, tau, cell);
    diagnosis_say(item,
                  "neighbouring cycles are so alike that for a p95 %zu are worth %.3g (tau %.2g)",
                  cell->n, (double)cell->n / tau, tau);
    diagnosis_advise(item, DIAGNOSIS_DEPENDENCE_REMEDY);
}

/* tau allows for blocks at a level of 10 %; a reader is told from 1 % on. */
static void find_blocks(struct diagnosis *out, const struct samples_cell *cell)
{
    struct stats_dependence found =
        stats_measure_dependence(cell->spawn, cell->n, 0.5, cell->sizes, cell->blocks);
    double freedom = (double)cell->blocks - 1, spread;
    struct diagnosis_item *item;
    if (isnan(found.deff_rank) ||
        found.deff_rank <= gsl_cdf_chisq_Pinv(1 - BLOCKS_P, freedom) / freedom)
        return;
    spread = spread_of_blocks(cell);
    if (spread < BLOCKS_APART) /* false for NaN: cycles failed */
        return;
    item = add_cell(out, DIAGNOSIS_BLOCKS, DIAGNOSIS_FLAGGED, found.deff_rank, cell);
    diagnosis_say(item,
                  "blocks differ %.2g times as much as chance lets them; their medians spread by "
                  "%.2g %%",
                  found.deff_rank, 100 * spread);
    diagnosis_advise(item, "the level moves between blocks: a quieter machine, or more and longer "
                           "sittings; tau allows for it");
}

static void find_shape(struct diagnosis *out, const struct samples_cell *cell)
{
    struct stats_drift drift = stats_find_drift(cell->spawn, cell->n);
    struct stats_outliers outliers = stats_find_outliers(cell->spawn, cell->n);
    struct stats_modes modes = stats_find_modes(cell->spawn, cell->n);
    struct diagnosis_item *item;
    char limit[TEXT_DURATION_BYTES], low[TEXT_DURATION_BYTES], high[TEXT_DURATION_BYTES];
    size_t slow = outliers.defined ? outliers.severe_high - cell->failed : 0;
    if (drift.defined && drift.flag) {
        item = add_cell(out, DIAGNOSIS_DRIFT, DIAGNOSIS_FLAGGED, drift.total_change, cell);
        diagnosis_say(item, "%+.1f %% from the first to the last cycle (Mann-Kendall p %.2g)",
                      100 * drift.total_change, drift.p);
        diagnosis_advise(item, "a verdict speaks of the mixture; let the machine settle (cache, "
                               "temperature, other load) and run it again");
    }
    if (modes.defined && modes.flag && 10 * slow > cell->n)
        slow = 0; /* a tenth of all is a way to behave, not an outlier */
    if (slow > 0 && outliers.severe_high >= cell->failed) {
        item = add_cell(out, DIAGNOSIS_OUTLIERS, DIAGNOSIS_FLAGGED, (double)slow, cell);
        diagnosis_say(item, "%zu of %zu cycles took more than %s; they count like all others", slow,
                      cell->n, text_duration(limit, outliers.limit));
        diagnosis_advise(
            item, "look at the figure of cycles: one burst is the machine's, regular ones are "
                  "the subject's");
    }
    if (modes.defined && modes.flag && modes.ratio >= MODES_APART) {
        item = add_cell(out, DIAGNOSIS_MODES, DIAGNOSIS_FLAGGED, modes.distance, cell);
        diagnosis_say(item, "two modes, %s (%.0f %%) and %s: one number describes neither",
                      text_duration(low, modes.low), 100 * modes.low_share,
                      text_duration(high, modes.high));
        diagnosis_advise(
            item, "find what switches (a cache, a checkpoint, a CPU's clock) and measure each "
                  "by itself");
    }
}

static void find_clock(struct diagnosis *out, const struct samples_cell *cell, double resolution_ns)
{
    double share = cell->median > 0 ? resolution_ns / cell->median : NAN;
    struct diagnosis_item *item;
    char median[TEXT_DURATION_BYTES], step[TEXT_DURATION_BYTES];
    if (isfinite(share) && share > RESOLUTION_FLAGGED) {
        item = add_cell(out, DIAGNOSIS_CLOCK,
                        share > RESOLUTION_INVALID ? DIAGNOSIS_INVALID : DIAGNOSIS_FLAGGED, share,
                        cell);
        diagnosis_say(item, "the clock's step of %s is %.0f %% of the median %s",
                      text_duration(step, resolution_ns), 100 * share,
                      text_duration(median, cell->median));
        diagnosis_advise(
            item, "use a machine whose clock source is the CPU's own counter (tsc, arch_timer)");
    } else if (cell->n >= 20 && cell->failed == 0 && 2 * cell->distinct < cell->n) {
        item = add_cell(out, DIAGNOSIS_CLOCK, DIAGNOSIS_FLAGGED, (double)cell->distinct, cell);
        diagnosis_say(item, "only %zu different times in %zu cycles", cell->distinct, cell->n);
        diagnosis_advise(item, "the clock is coarse, or the subject rounds its answers");
    }
}

static bool failure_is_asked_for(const struct scenario *scenario, int arm)
{
    for (size_t i = 0; i < scenario->claim_count; i++)
        if (scenario->claims[i].kind == SCENARIO_CLAIM_FAILURE &&
            (int)scenario->claims[i].arm == arm)
            return true;
    return false;
}

static void find_failures(struct diagnosis *out, const struct scenario *scenario,
                          const struct samples_cell *cell)
{
    struct diagnosis_item *item;
    if (!cell->failed || failure_is_asked_for(scenario, cell->arm))
        return;
    item = add_cell(out, DIAGNOSIS_FAILURES, DIAGNOSIS_FLAGGED,
                    (double)cell->failed / (double)cell->n, cell);
    diagnosis_say(item, "%zu of %zu cycles failed; each counts as endlessly slow", cell->failed,
                  cell->n);
    diagnosis_advise(
        item, "what the agents told stands in the report; mend that before reading the times");
}

/* ---- first of a pair against last ---- */

static void find_position(struct diagnosis *out, const struct samples *samples)
{
    struct diagnosis_item *item;
    double p, share;
    if (samples->pairs_compared == 0)
        return;
    share = (double)samples->first_slower / (double)samples->pairs_compared;
    p = fmin(1, 2 * fmin(stats_p_support(samples->first_slower, samples->pairs_compared, 0.5, 1),
                         stats_p_refute(samples->first_slower, samples->pairs_compared, 0.5, 1)));
    if (p >= POSITION_P)
        return;
    item = diagnosis_add(out, DIAGNOSIS_POSITION, DIAGNOSIS_FLAGGED, share);
    diagnosis_say(
        item, "the first of a pair was the slower one in %.0f %% of %zu pairs (sign test p %.2g)",
        100 * share, samples->pairs_compared, p);
    diagnosis_advise(
        item, "nothing to do: the order within pairs is random and balanced, so no arm gains");
}

/* ---- what the machine did ---- */

static void find_steal(struct diagnosis *out, const struct results_strain *strain)
{
    double share = fmin(1, (double)strain->steal_ticks / (double)strain->total_ticks);
    struct diagnosis_item *item;
    if (strain->total_ticks <= 0) {
        item = diagnosis_add(out, DIAGNOSIS_STEAL, DIAGNOSIS_UNKNOWN, NAN);
        diagnosis_say(item, "this machine does not tell");
        return;
    }
    item = diagnosis_add(out, DIAGNOSIS_STEAL,
                         share >= STEAL_INVALID   ? DIAGNOSIS_INVALID
                         : share >= STEAL_FLAGGED ? DIAGNOSIS_FLAGGED
                                                  : DIAGNOSIS_FINE,
                         share);
    diagnosis_say(item, "the host took %.1f %% of the CPU time", 100 * share);
    if (item->level != DIAGNOSIS_FINE)
        diagnosis_advise(item,
                         "another hour, or a machine that is not shared; ratios of neighbouring "
                         "cycles stay good");
}

static void find_pressure(struct diagnosis *out, const struct results_strain *strain)
{
    /* of runs that did not store it, the time from the first request to the last answer */
    int64_t span_ns = strain->pressure_span_ns > 0 ? strain->pressure_span_ns : strain->span_ns;
    /* the kernel adds it up every 2 s only, so that one reading has more than its time: psi.rst */
    double share = fmin(1, (double)strain->pressure_us * 1e3 / (double)span_ns);
    struct diagnosis_item *item;
    if (strain->pressure_us < 0 || span_ns <= 0) {
        item = diagnosis_add(out, DIAGNOSIS_PRESSURE, DIAGNOSIS_UNKNOWN, NAN);
        diagnosis_say(item, "this machine does not tell");
        return;
    }
    item = diagnosis_add(out, DIAGNOSIS_PRESSURE,
                         share >= PRESSURE_FLAGGED ? DIAGNOSIS_FLAGGED : DIAGNOSIS_FINE, share);
    diagnosis_say(item, "some task waited for a CPU in %.1f %% of the time", 100 * share);
    if (item->level != DIAGNOSIS_FINE)
        diagnosis_advise(
            item, "end other programs; where the agents themselves want more CPUs than there "
                  "are, it is their own");
}

static void find_throttling(struct diagnosis *out, const struct results_strain *strain)
{
    double share = (double)strain->throttled / (double)strain->cycles;
    struct diagnosis_item *item;
    if (strain->throttle_known == 0) {
        item = diagnosis_add(out, DIAGNOSIS_THROTTLING, DIAGNOSIS_UNKNOWN, NAN);
        diagnosis_say(item, "this machine does not tell");
        return;
    }
    item = diagnosis_add(out, DIAGNOSIS_THROTTLING,
                         share > THROTTLED_INVALID ? DIAGNOSIS_INVALID
                         : strain->throttled       ? DIAGNOSIS_FLAGGED
                                                   : DIAGNOSIS_FINE,
                         share);
    diagnosis_say(item, "the CPU quota stopped us in %zu of %zu cycles", strain->throttled,
                  strain->cycles);
    if (item->level != DIAGNOSIS_FINE)
        diagnosis_advise(item, "raise the container's CPU quota (cpu.max), or run fewer agents");
}

static void find_suspended(struct diagnosis *out, const struct results_strain *strain)
{
    struct diagnosis_item *item;
    double share = (double)strain->suspended / (double)strain->cycles;
    if (!strain->suspended)
        return;
    item = diagnosis_add(out, DIAGNOSIS_SUSPENDED,
                         share > SUSPENDED_INVALID ? DIAGNOSIS_INVALID : DIAGNOSIS_FLAGGED, share);
    diagnosis_say(item, "the machine slept in %zu of %zu cycles", strain->suspended,
                  strain->cycles);
    diagnosis_advise(item, "keep it awake while it measures (systemd-inhibit) and run it again");
}

/* Left out is not forgotten: who may choose what is left out, may choose the result. */
static void find_left_out(struct diagnosis *out, const struct results_strain *strain)
{
    struct diagnosis_item *item;
    double share = strain->counted ? (double)strain->left_out / (double)strain->counted : 0;
    if (!strain->left_out)
        return;
    item = diagnosis_add(out, DIAGNOSIS_SUSPENDED,
                         share > LEFT_OUT_INVALID ? DIAGNOSIS_INVALID : DIAGNOSIS_FLAGGED, share);
    diagnosis_say(item,
                  "%zu of %zu cycles are left out of all times: spawnbench was stopped (SIGSTOP, "
                  "^Z) or the machine slept in the middle of them, or of one of their pair",
                  strain->left_out, strain->counted);
    diagnosis_advise(item, "let it run without a break, and run it again");
}

/* ---- a spawner that is faster than its slowest agent did not start what it was asked ---- */

static void hold_against_alone(struct diagnosis *out, const struct scenario *scenario,
                               const struct results_basis *basis,
                               const struct scenario_claim *claim, int value)
{
    const struct results_series *own =
        samples_series(basis, (int)claim->than, value, SCENARIO_MAIN_TO_OWN_READY, NULL);
    const struct results_series *spawn =
        samples_series(basis, (int)claim->arm, value, SCENARIO_SPAWN_TIME, NULL);
    struct diagnosis_item *item;
    size_t n = 0, below = 0;
    for (size_t i = 0; i < own->n && i < spawn->n; i++) {
        if (!isfinite(own->values[i]) || !isfinite(spawn->values[i]))
            continue;
        n++;
        below += spawn->values[i] < own->values[i];
    }
    if (stats_p_refute(below, n, 0.5, 1) > IMPOSSIBLE_ALPHA)
        return;
    item = diagnosis_add(out, DIAGNOSIS_IMPOSSIBLE, DIAGNOSIS_INVALID, (double)below / (double)n);
    item->arm = (int)claim->arm;
    item->value = value;
    diagnosis_say(
        item, "in %zu of %zu pairs it took less than the slowest agent alone took in the arm '%s'",
        below, n, scenario->arms[claim->than].name);
    diagnosis_advise(item, "its agents do less work than they were asked to, or the clocks "
                           "disagree: compare the phases of both arms");
}

static void find_impossible(struct diagnosis *out, const struct scenario *scenario,
                            const struct results_basis *basis)
{
    for (size_t i = 0; i < scenario->claim_count; i++)
        for (int value = 0; value < (int)scenario->value_count; value++)
            if (scenario->claims[i].kind == SCENARIO_CLAIM_FASTER)
                hold_against_alone(out, scenario, basis, &scenario->claims[i], value);
}

/* ---- all of them ---- */

static void find_in_cells(struct diagnosis *out, const struct scenario *scenario,
                          const struct samples *samples)
{
    bool judged = false;
    for (size_t i = 0; i < scenario->claim_count; i++)
        judged = judged || !verdict_claim_counts(&scenario->claims[i]);
    for (size_t i = 0; i < samples->cell_count; i++) {
        const struct samples_cell *cell = &samples->cells[i];
        if (!cell->n)
            continue;
        if (!judged)
            find_dependence(out, cell);
        find_blocks(out, cell);
        find_shape(out, cell);
        find_clock(out, cell, samples->resolution_ns);
        find_failures(out, scenario, cell);
    }
}

/* A kind that found nothing says so. */
static void add_silent(struct diagnosis *out, const struct samples *samples)
{
    bool told[DIAGNOSIS_KINDS] = {false};
    for (size_t i = 0; i < out->count; i++)
        told[out->items[i].kind] = true;
    for (int kind = 0; kind < DIAGNOSIS_KINDS; kind++) {
        struct diagnosis_item *item;
        bool few = kind == DIAGNOSIS_POSITION && samples->pairs_compared == 0;
        if (told[kind])
            continue;
        item = diagnosis_add(out, (enum diagnosis_kind)kind,
                             few ? DIAGNOSIS_UNKNOWN : DIAGNOSIS_FINE, NAN);
        diagnosis_say(item, few ? "one arm only: nothing to compare" : "nothing found");
    }
}

static int by_kind(const void *a, const void *b)
{
    const struct diagnosis_item *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->arm != y->arm)
        return x->arm < y->arm ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

void diagnosis_sort(struct diagnosis *diagnosis)
{
    if (diagnosis->count > 1)
        qsort(diagnosis->items, diagnosis->count, sizeof *diagnosis->items, by_kind);
}

void diagnosis_make(struct diagnosis *out, const struct scenario *scenario, const struct plan *plan,
                    const struct results_basis *basis)
{
    struct samples samples;
    *out = (struct diagnosis){0};
    samples_take(&samples, scenario, basis);
    find_in_cells(out, scenario, &samples);
    find_position(out, &samples);
    if (basis->strain.cycles) {
        find_steal(out, &basis->strain);
        find_pressure(out, &basis->strain);
        find_throttling(out, &basis->strain);
        find_suspended(out, &basis->strain);
        find_left_out(out, &basis->strain);
    }
    find_impossible(out, scenario, basis);
    diagnose_plan(out, plan, basis);
    diagnose_growth(out, scenario, basis);
    add_silent(out, &samples);
    diagnosis_sort(out);
    samples_release(&samples);
}

void diagnosis_release(struct diagnosis *diagnosis)
{
    free(diagnosis->items);
    *diagnosis = (struct diagnosis){0};
}

static bool concerns(const struct diagnosis_item *item, const struct scenario_claim *claim,
                     int value)
{
    bool pair = claim->kind == SCENARIO_CLAIM_FASTER || claim->kind == SCENARIO_CLAIM_WITHIN;
    if (item->level != DIAGNOSIS_INVALID)
        return false;
    if (item->value >= 0 && item->value != value)
        return false;
    if (item->arm >= 0 && item->arm != (int)claim->arm && !(pair && item->arm == (int)claim->than))
        return false;
    if (item->kind == DIAGNOSIS_STEAL)
        return !pair && !scenario_metrics[claim->metric].cost;
    if (item->kind == DIAGNOSIS_IMPOSSIBLE)
        return pair;
    return true;
}

const struct diagnosis_item *diagnosis_forbids(const struct diagnosis *diagnosis,
                                               const struct scenario_claim *claim, int value)
{
    if (verdict_claim_counts(claim))
        return NULL;
    for (size_t i = 0; i < diagnosis->count; i++)
        if (concerns(&diagnosis->items[i], claim, value))
            return &diagnosis->items[i];
    return NULL;
}
