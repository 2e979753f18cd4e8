/* What does a stored run say? Gathered once, in passes over the store, before anybody words it. */
#include "report/facts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "judge/stats/dependence.h"
#include "report/figure.h"

const char *facts_phase_name(enum facts_phase phase)
{
    static const char *const names[] = {"sent -> start",     "start -> main", "main -> own ready",
                                        "own ready -> seen", "start -> seen", "seen -> recorded"};
    return names[phase];
}

struct facts_cell *facts_cell(const struct facts *facts, size_t arm, size_t value)
{
    return &facts->cells[arm * facts->value_count + value];
}

struct results_tally facts_started(const struct facts *facts)
{
    struct results_tally sum = {0};
    for (size_t i = 0; i < facts->arm_count; i++) {
        const struct results_tally *tally = &facts->tallies[i];
        if (facts->arms[i].index >= 0 && !facts->arms[i].starts)
            continue;
        sum.agents_planned += tally->agents_planned;
        sum.agents_ready += tally->agents_ready;
        sum.agents_recorded += tally->agents_recorded;
    }
    return sum;
}

int64_t facts_findings(const struct facts *facts)
{
    return facts->tally.findings_integrity + facts->tally.findings_conduct;
}

bool facts_has_levels(const struct facts *facts)
{
    const struct results_tally *tally = &facts->tally;
    return tally->audits_quick + tally->audits_full + tally->audits_at_end > 0;
}

const struct results_cycle *facts_next(const struct facts *facts, size_t arm, size_t value,
                                       const struct results_cycle *cycle)
{
    size_t i = cycle ? (size_t)(cycle - facts->cycles) + 1 : 0;
    for (; i < facts->cycle_count; i++) {
        const struct results_cycle *next = &facts->cycles[i];
        if (!next->warmup && !next->left_out && next->arm == (int)arm && next->value == (int)value)
            return next;
    }
    return NULL;
}

struct facts_count facts_count(const struct facts *facts, size_t arm, size_t value)
{
    const struct results_cycle *cycle = NULL;
    struct facts_count count = {0};
    while ((cycle = facts_next(facts, arm, value, cycle))) {
        count.cycles++;
        count.failed += cycle->spawn_time_ns < 0;
    }
    return count;
}

struct facts_count facts_count_all(const struct facts *facts)
{
    struct facts_count all = {0};
    for (size_t i = 0; i < facts->arm_count * facts->value_count; i++) {
        struct facts_count one = facts_count(facts, facts->cells[i].arm, facts->cells[i].value);
        all.cycles += one.cycles;
        all.failed += one.failed;
    }
    return all;
}

struct facts_median facts_median_of(double samples[], size_t n, const size_t sizes[], size_t blocks)
{
    struct facts_median median = {.n = n, .tau = 1};
    if (n)
        median.tau = stats_measure_dependence(samples, n, 0.5, sizes, blocks).tau;
    stats_sort(samples, n);
    median.median = stats_quantile(samples, n, 0.5);
    median.p95 = stats_quantile(samples, n, 0.95);
    median.bounds = stats_median_bounds(samples, n, median.tau, FACTS_ALPHA, FACTS_ALPHA);
    return median;
}

static int take_cycle(void *context, const struct results_cycle *cycle)
{
    struct facts *facts = context;
    if (cycle->arm < 0 || cycle->arm >= (int)facts->arm_count || cycle->value < 0 ||
        cycle->value >= (int)facts->value_count)
        return 0; /* not of this scenario: a store that somebody has edited */
    if (facts->cycle_count == facts->cycle_room) {
        facts->cycle_room = facts->cycle_room ? 2 * facts->cycle_room : 256;
        facts->cycles = xrealloc(facts->cycles, facts->cycle_room, sizeof *facts->cycles);
    }
    facts->cycles[facts->cycle_count++] = *cycle;
    return 0;
}

static int take_arm(void *context, const struct results_arm *stored)
{
    struct facts *facts = context;
    struct results_arm *arm, own = *stored;
    if (stored->index < 0 || stored->index >= (int)facts->arm_count)
        return 0;
    arm = &facts->arms[stored->index];
    free(arm->command);
    free(arm->version);
    memcpy(own.name, arm->name, sizeof own.name); /* as the scenario says it */
    own.command = xstrdup(stored->command);
    own.version = xstrdup(stored->version);
    *arm = own;
    return 0;
}

static int take_finding(void *context, const struct results_finding *finding)
{
    struct facts *facts = context;
    size_t rule = 0;
    while (rule < audit_rule_count && strcmp(audit_rules[rule].name, finding->rule) != 0)
        rule++;
    facts->rule_findings[rule]++;
    return 0;
}

/* How much its neighbours widen the doubt of this quantile, blocks as they were planned. What is
 * told beside no claim does not pay for the doubt about tau itself, as verdicts do. */
static double tau_of(const struct results_series *series, double p)
{
    size_t blocks, *sizes = stats_block_sizes(series->blocks, series->n, &blocks);
    double tau = 1;
    if (series->n)
        tau = stats_measure_dependence(series->values, series->n, p, sizes, blocks).tau;
    free(sizes);
    return tau;
}

/* Summary of one metric of one cell, from the leading complete pairs: what the verdict judges. */
static int summarise(struct facts *facts, struct results *store, struct facts_cell *cell,
                     enum scenario_metric metric, struct err *err)
{
    const struct results_which which = {(int)cell->arm, (int)cell->value, metric, NULL};
    struct results_series series;
    struct stats_bounds median, p95;
    double tau_median, tau_p95;
    if (results_series_load(&series, store, facts->run.id, &which, err) < 0)
        return -1;
    tau_median = tau_of(&series, 0.5);
    tau_p95 = tau_of(&series, 0.95);
    stats_sort(series.values, series.n);
    median = stats_median_bounds(series.values, series.n, tau_median, FACTS_ALPHA, FACTS_ALPHA);
    p95 = stats_quantile_bounds(series.values, series.n, 0.95, tau_p95, FACTS_ALPHA, FACTS_ALPHA);
    if (metric == SCENARIO_SPAWN_TIME) {
        cell->spawn = stats_summarise(series.values, series.n);
        cell->spawn_median = median;
        cell->spawn_p95 = p95;
    } else {
        cell->ready = stats_summarise(series.values, series.n);
        cell->ready_median = median;
    }
    results_series_release(&series);
    return 0;
}

/* The cycle whose spawn time lies nearest the median; the earliest of equals. */
static const struct results_cycle *find_typical(const struct facts *facts,
                                                const struct facts_cell *cell)
{
    const struct results_cycle *cycle = NULL, *typical = NULL;
    double nearest = INFINITY;
    while ((cycle = facts_next(facts, cell->arm, cell->value, cycle))) {
        double distance = fabs((double)cycle->spawn_time_ns - cell->spawn.median);
        if (!isfinite(cell->spawn.median) || cycle->spawn_time_ns < 0)
            distance = cycle->spawn_time_ns < 0 ? 1e300 : 0; /* a ready one if there is any */
        if (distance < nearest) {
            nearest = distance;
            typical = cycle;
        }
    }
    return typical;
}

static void weigh_harness(const struct facts *facts, struct facts_cell *cell)
{
    double *harness = xcalloc(facts->cycle_count, sizeof *harness);
    double *audit = xcalloc(facts->cycle_count, sizeof *audit);
    const struct results_cycle *cycle = NULL;
    size_t n = 0;
    while ((cycle = facts_next(facts, cell->arm, cell->value, cycle))) {
        harness[n] = (double)cycle->harness_ns;
        audit[n++] = (double)cycle->audit_ns;
    }
    cell->harness = facts_median_of(harness, n, NULL, 0);
    cell->audit = facts_median_of(audit, n, NULL, 0);
    free(harness);
    free(audit);
}

static int read_cell(struct facts *facts, struct results *store, size_t arm, size_t value,
                     struct err *err)
{
    struct facts_cell *cell = facts_cell(facts, arm, value);
    cell->arm = arm;
    cell->value = value;
    cell->batch_size = facts->scenario.values[value];
    if (summarise(facts, store, cell, SCENARIO_SPAWN_TIME, err) < 0 ||
        summarise(facts, store, cell, SCENARIO_READY_TIME, err) < 0)
        return -1;
    cell->typical = find_typical(facts, cell);
    weigh_harness(facts, cell);
    return 0;
}

static int read_ratio(struct facts *facts, struct results *store, struct facts_ratio *out,
                      const char *slow, const char *fast, size_t value, struct err *err)
{
    int slow_arm = scenario_find_arm(&facts->scenario, slow);
    int fast_arm = scenario_find_arm(&facts->scenario, fast);
    const struct comparison arms = {.above = (size_t)slow_arm,
                                    .below = (size_t)fast_arm,
                                    .value = value,
                                    .metric = SCENARIO_SPAWN_TIME};
    struct compared compared;
    if (slow_arm < 0 || fast_arm < 0)
        return 0;
    if (data_compare(&compared, store, facts, &arms, err) < 0)
        return -1;
    out->ratio = facts_median_of(compared.ratios, compared.n, compared.sizes, compared.blocks);
    /* a median of 0 or infinity says that cycles failed, nothing about speed */
    out->known = compared.n > 0 && isfinite(out->ratio.median) && out->ratio.median > 0;
    data_compared_release(&compared);
    return 0;
}

static int read_split(struct facts *facts, struct results *store, size_t value, struct err *err)
{
    struct facts_split *split = &facts->splits[value];
    if (read_ratio(facts, store, &split->total, "sequential", "parallel", value, err) < 0 ||
        read_ratio(facts, store, &split->concurrency, "sequential-batch", "parallel", value, err) <
            0 ||
        read_ratio(facts, store, &split->recording, "sequential", "sequential-batch", value, err) <
            0)
        return -1;
    return 0;
}

static void name_arms(struct facts *facts)
{
    facts->arm_count = facts->scenario.arm_count;
    facts->value_count = facts->scenario.value_count;
    facts->cells = xcalloc(facts->arm_count * facts->value_count, sizeof *facts->cells);
    facts->splits = xcalloc(facts->value_count, sizeof *facts->splits);
    facts->rule_findings = xcalloc(audit_rule_count + 1, sizeof *facts->rule_findings);
    facts->open = xcalloc(audit_rule_count, sizeof *facts->open);
    for (size_t i = 0; i < facts->arm_count; i++) {
        struct results_arm *arm = &facts->arms[i];
        arm->index = -1;
        arm->open_ns = -1;
        strncpy(arm->name, facts->scenario.arms[i].name, sizeof arm->name - 1);
        arm->command = xstrdup("");
        arm->version = xstrdup("");
    }
    for (size_t i = 0; i < facts->scenario.agent_count; i++)
        facts->witnessed_agents += facts->scenario.agents[i].witness != SCENARIO_WITNESS_NONE;
}

static int read_passes(struct facts *facts, struct results *store, struct err *err)
{
    int64_t run = facts->run.id;
    if (results_each_arm(store, run, take_arm, facts, err) < 0 ||
        results_each_cycle(store, run, take_cycle, facts, err) < 0 ||
        results_each_finding(store, run, take_finding, facts, err) < 0 ||
        rule_read_open(facts, store, err) < 0)
        return -1;
    for (size_t arm = 0; arm < facts->arm_count; arm++) {
        if (results_tally(store, run, (int)arm, -1, &facts->tallies[arm], err) < 0)
            return -1;
        for (size_t value = 0; value < facts->value_count; value++)
            if (read_cell(facts, store, arm, value, err) < 0)
                return -1;
    }
    for (size_t value = 0; value < facts->value_count; value++)
        if (read_split(facts, store, value, err) < 0)
            return -1;
    if (facts_read_agents(facts, store, err) < 0)
        return -1;
    return explain_read(facts, store, err);
}

static int read_verdict(struct facts *facts, struct results *store, struct err *err)
{
    struct results_basis basis = {0};
    struct plan plan = {0};
    if (results_basis_load(&basis, &facts->scenario, store, facts->run.id, err) < 0)
        return -1;
    if (basis.plan_text)
        plan_build(&plan, &facts->scenario, basis.run.seed);
    judge_claims(&facts->verdict, &facts->scenario, &plan, &basis);
    facts->tally = basis.tally;
    facts->strain = basis.strain;
    facts->plan = xstrdup(basis.plan_text ? basis.plan_text : "");
    facts->shared = basis.shared; /* handed over */
    facts->shared_count = basis.shared_count;
    basis.shared = NULL;
    basis.shared_count = 0;
    plan_release(&plan);
    results_basis_release(&basis);
    return 0;
}

/* NaN: not known */
static double pressure_of(const struct diagnosis *diagnosis)
{
    for (size_t i = 0; i < diagnosis->count; i++)
        if (diagnosis->items[i].kind == DIAGNOSIS_PRESSURE)
            return diagnosis->items[i].figure;
    return NAN;
}

int facts_load(struct facts *out, struct results *store, int64_t run, struct err *err)
{
    *out = (struct facts){0};
    if (results_run_load(store, run, &out->run, err) < 0)
        return -1;
    if (scenario_parse_stored(&out->scenario, out->run.scenario_text,
                              strlen(out->run.scenario_text), err) < 0) {
        err_wrap(err, "the scenario stored with run %lld", (long long)run);
        goto failed;
    }
    name_arms(out);
    if (read_passes(out, store, err) < 0 || read_verdict(out, store, err) < 0 ||
        facts_read_orders(out, store, err) < 0)
        goto failed;
    out->explain->pressure = pressure_of(&out->verdict.diagnosis);
    return 0;
failed:
    facts_release(out);
    return -1;
}

void facts_release(struct facts *facts)
{
    for (size_t i = 0; i < facts->arm_count; i++) {
        free(facts->arms[i].command);
        free(facts->arms[i].version);
    }
    verdict_release(&facts->verdict);
    scenario_release(&facts->scenario);
    results_run_release(&facts->run);
    results_shared_release(facts->shared, facts->shared_count);
    free(facts->plan);
    free(facts->cells);
    free(facts->splits);
    free(facts->orders);
    free(facts->cycles);
    free(facts->rule_findings);
    for (size_t i = 0; facts->open && i < audit_rule_count; i++)
        free(facts->open[i].why);
    free(facts->open);
    explain_release(facts->explain);
    *facts = (struct facts){0};
}
