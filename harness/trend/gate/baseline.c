/* Which figures make a baseline, and which runs may? */
#include "trend/gate/baseline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "judge/stats/stats.h"
#include "trend/gate/gating.h"

const double gate_baseline_quantiles[GATE_BASELINE_QUANTILES] = {0.25, 0.5, 0.75, 0.9, 0.95, 0.99};

/* ---- figures ---- */

/* Values are sorted. */
static void summarise(struct gate_figures *out, double values[], size_t n)
{
    out->n = n;
    out->failed = 0;
    stats_sort(values, n);
    for (size_t i = 0; i < n; i++)
        out->failed += isinf(values[i]) != 0;
    for (size_t q = 0; q < GATE_BASELINE_QUANTILES; q++)
        out->at[q] = stats_quantile(values, n, gate_baseline_quantiles[q]);
}

/* Lower is better, in whole units: seconds for each agent become nanoseconds. */
static int load_values(struct results_series *out, struct results *store, int64_t run,
                       const struct results_which *which, struct err *err)
{
    if (results_series_load(out, store, run, which, err) < 0)
        return -1;
    if (!scenario_metrics[which->metric].more_is_better)
        return 0;
    gate_turn(out->values, out->n);
    for (size_t i = 0; i < out->n; i++)
        out->values[i] *= 1e9;
    return 0;
}

int gate_figures_load(struct gate_figures *out, bool *known, struct results *store, int64_t run,
                      const struct results_which *which, struct err *err)
{
    struct results_series series;
    *out = (struct gate_figures){0};
    if (load_values(&series, store, run, which, err) < 0)
        return -1;
    *known = series.n > 0 && series.unknown == 0;
    if (*known)
        summarise(out, series.values, series.n);
    results_series_release(&series);
    return 0;
}

int gate_baseline_place(double quantile)
{
    for (int q = 0; q < GATE_BASELINE_QUANTILES; q++)
        if (fabs(gate_baseline_quantiles[q] - quantile) < 1e-9)
            return q;
    return -1;
}

const struct gate_series *gate_baseline_series(const struct gate_baseline *baseline,
                                               const char *arm, size_t batch_size,
                                               enum scenario_metric metric)
{
    for (size_t i = 0; i < baseline->series_count; i++) {
        const struct gate_series *series = &baseline->series[i];
        if (series->batch_size == batch_size && series->metric == metric &&
            strcmp(series->arm, arm) == 0)
            return series;
    }
    return NULL;
}

/* ---- making one ---- */

/* One run that is to become a sitting. */
struct member {
    struct results_run run;
    struct scenario scenario;
    struct scenario_machine fingerprint;
    char question[SCENARIO_ID_BYTES];
};

static void release_member(struct member *member)
{
    results_run_release(&member->run);
    scenario_release(&member->scenario);
}

static int check_arm(struct results *store, const struct member *member, size_t arm,
                     struct err *err)
{
    struct results_tally tally;
    struct results_arm_use use;
    char why[VERDICT_IDLE_BYTES];
    if (results_tally(store, member->run.id, (int)arm, -1, &tally, err) < 0 ||
        results_arm_use_load(&use, store, member->run.id, (int)arm, err) < 0)
        return -1;
    if (verdict_arm_idle(why, member->scenario.arms[arm].name, &use))
        return err_set(err, ERR_UNFIT, "%s", why);
    if ((double)tally.cycles_failed > GATE_MOST_FAILED_SHARE * (double)tally.cycles)
        return err_set(err, ERR_UNFIT, "%lld of %lld cycles of arm '%s' failed",
                       (long long)tally.cycles_failed, (long long)tally.cycles,
                       member->scenario.arms[arm].name);
    return 0;
}

static int check_run(struct results *store, const struct member *member, struct err *err)
{
    struct results_tally tally;
    char option[RESULTS_OPTION_BYTES];
    if (strcmp(member->run.state, "complete") != 0)
        return err_set(err, ERR_UNFIT, "it is partial (spawnbench run --resume=%lld%s ends it)",
                       (long long)member->run.id, results_option(option, store));
    if (results_tally(store, member->run.id, -1, -1, &tally, err) < 0)
        return -1;
    if (tally.findings_integrity + tally.findings_conduct)
        return err_set(err, ERR_UNFIT, "it has %lld findings: what was lost cost no time",
                       (long long)tally.findings_integrity + tally.findings_conduct);
    for (size_t i = 0; i < member->scenario.arm_count; i++)
        if (check_arm(store, member, i, err) < 0)
            return -1;
    return 0;
}

static int load_member(struct member *out, struct results *store, int64_t run, struct err *err)
{
    if (results_run_load(store, run, &out->run, err) < 0)
        return -1;
    if (scenario_parse_stored(&out->scenario, out->run.scenario_text,
                              strlen(out->run.scenario_text), err) < 0 ||
        scenario_machine_read(&out->fingerprint, out->run.environment_json, err) < 0)
        return -1;
    scenario_question(out->question, &out->scenario);
    return check_run(store, out, err);
}

/* The second sitting and those behind it are held against the first. */
static int check_kinship(const struct gate_baseline *baseline, const struct member *member,
                         struct err *err)
{
    struct text differs = {0};
    int rc = 0;
    for (size_t i = 0; i < baseline->sitting_count; i++)
        if (baseline->sittings[i].run == member->run.id)
            return err_set(err, ERR_USAGE, "it is named twice");
    if (strcmp(baseline->scenario, member->scenario.name) != 0 ||
        strcmp(baseline->question, member->question) != 0)
        return err_set(err, ERR_UNFIT,
                       "it is of scenario '%s' with other agents, durability, consensus, prompt or "
                       "failure rule than run %lld of '%s'",
                       member->scenario.name, (long long)baseline->sittings[0].run,
                       baseline->scenario);
    if (scenario_machine_compare(&differs, &baseline->fingerprint, &member->fingerprint))
        rc = err_set(err, ERR_UNFIT, "it was measured on another machine than run %lld: %s",
                     (long long)baseline->sittings[0].run, differs.data);
    text_release(&differs);
    return rc;
}

static void add_sitting(struct gate_baseline *baseline, const struct member *member)
{
    baseline->sittings =
        xrealloc(baseline->sittings, baseline->sitting_count + 1, sizeof *baseline->sittings);
    baseline->sittings[baseline->sitting_count++] =
        (struct gate_sitting){member->run.id, member->run.started_wall_ns, member->run.seed};
}

/* Every member's figures of one series, and all together. *known: every one has it. */
static int load_series(struct gate_series *out, bool *known, struct results *store,
                       const struct member members[], size_t count, struct err *err)
{
    double *all = NULL;
    size_t total = 0;
    int rc = 0;
    *known = true;
    out->sittings = xcalloc(count, sizeof *out->sittings);
    for (size_t i = 0; i < count && *known && rc == 0; i++) {
        struct results_which which = {scenario_find_arm(&members[i].scenario, out->arm),
                                      scenario_find_size(&members[i].scenario, out->batch_size),
                                      out->metric, NULL};
        struct results_series series = {0};
        if (which.arm >= 0 && which.value >= 0)
            rc = load_values(&series, store, members[i].run.id, &which, err);
        *known = series.n > 0 && series.unknown == 0;
        if (*known) {
            all = xrealloc(all, total + series.n, sizeof *all);
            memcpy(all + total, series.values, series.n * sizeof *all);
            total += series.n;
            summarise(&out->sittings[i], series.values, series.n);
        }
        results_series_release(&series);
    }
    if (*known)
        summarise(&out->pooled, all, total);
    free(all);
    return rc;
}

static void release_series(struct gate_series *series)
{
    free(series->arm);
    free(series->sittings);
}

/* Metrics that not every sitting knows are left out: the gate says so when it is asked for one. */
static int load_all(struct gate_baseline *out, struct results *store, const struct member members[],
                    size_t count, struct err *err)
{
    const struct scenario *first = &members[0].scenario;
    size_t values = first->value_count;
    out->series = xcalloc(first->arm_count * values * SCENARIO_METRICS, sizeof *out->series);
    for (size_t arm = 0; arm < first->arm_count; arm++)
        for (size_t value = 0; value < values; value++)
            for (int metric = 0; metric < SCENARIO_METRICS; metric++) {
                struct gate_series series = {.arm = xstrdup(first->arms[arm].name),
                                             .batch_size = first->values[value],
                                             .metric = (enum scenario_metric)metric};
                bool known = false;
                int rc = load_series(&series, &known, store, members, count, err);
                if (rc == 0 && known)
                    out->series[out->series_count++] = series;
                else
                    release_series(&series);
                if (rc < 0)
                    return -1;
            }
    return 0;
}

static int take_members(struct gate_baseline *out, struct member members[], struct results *store,
                        const int64_t runs[], size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (load_member(&members[i], store, runs[i], err) < 0 ||
            (i && check_kinship(out, &members[i], err) < 0)) {
            if (err && err->code == ERR_FORMAT)
                err->code = ERR_UNFIT;
            return err_wrap(err, "run %lld cannot be a baseline", (long long)runs[i]);
        }
        if (i == 0) {
            out->scenario = xstrdup(members[0].scenario.name);
            out->version = xstrdup(members[0].run.version);
            out->fingerprint = members[0].fingerprint;
            memcpy(out->question, members[0].question, sizeof out->question);
        }
        add_sitting(out, &members[i]);
    }
    return load_all(out, store, members, count, err);
}

int gate_baseline_make(struct gate_baseline *out, const char *name, struct results *store,
                       const int64_t runs[], size_t count, struct err *err)
{
    struct member *members = xcalloc(count + 1, sizeof *members);
    int rc;
    *out = (struct gate_baseline){.name = xstrdup(name)};
    rc = count ? take_members(out, members, store, runs, count, err)
               : err_set(err, ERR_UNFIT, "a baseline needs a run");
    for (size_t i = 0; i < count; i++)
        release_member(&members[i]);
    free(members);
    if (rc < 0)
        gate_baseline_release(out);
    return rc;
}

void gate_baseline_release(struct gate_baseline *baseline)
{
    for (size_t i = 0; i < baseline->series_count; i++)
        release_series(&baseline->series[i]);
    free(baseline->series);
    free(baseline->sittings);
    free(baseline->name);
    free(baseline->scenario);
    free(baseline->version);
    *baseline = (struct gate_baseline){0};
}
