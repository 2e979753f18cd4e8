/* How does a run look to Prometheus: as a file of its textfile collector, or pushed to a gateway?
 *
 * A snapshot: no timestamps (the textfile collector refuses them), the run's start is a metric.
 */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "report/exporters.h"
#include "report/words.h"

/* Sums over the counted cycles of one cell that became ready. */
struct sums {
    int64_t ready, failed, spawn_ns, ready_ns;
};

/* One document under way. */
struct document {
    const struct exporter *to;
    struct sums *sums; /* per cell */
};

static int add_cycle(void *context, const struct results_cycle *cycle)
{
    struct document *document = context;
    struct sums *sums =
        &document
             ->sums[(size_t)cycle->arm * document->to->facts->value_count + (size_t)cycle->value];
    if (cycle->warmup)
        return 0;
    if (cycle->spawn_time_ns < 0) {
        sums->failed++;
        return 0;
    }
    sums->ready++;
    sums->spawn_ns = clock_sum(sums->spawn_ns, cycle->spawn_time_ns);
    sums->ready_ns = clock_sum(sums->ready_ns, cycle->ready_time_ns);
    return 0;
}

static void put_family(FILE *out, const char *name, const char *type, const char *unit,
                       const char *help)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
    if (unit)
        fprintf(out, "# UNIT %s %s\n", name, unit);
}

/* one label; source: OpenMetrics 1.0, "Escaping" */
static void add_label(struct text *out, const char *name, const char *value)
{
    struct text plain = {0};
    words_plain(&plain, value);
    text_addf(out, "%s%s=\"", out->length ? "," : "", name);
    for (const char *c = plain.data ? plain.data : ""; *c; c++) {
        if (*c == '"' || *c == '\\')
            text_add(out, "\\");
        text_add_bytes(out, c, 1);
    }
    text_add(out, "\"");
    text_release(&plain);
}

/* of an arm or of a claim, at a batch size */
static void add_labels(struct text *out, const struct facts *facts, const char *kind,
                       const char *name, size_t batch_size)
{
    char size[24];
    snprintf(size, sizeof size, "%zu", batch_size);
    add_label(out, "scenario", facts->run.scenario_name);
    add_label(out, kind, name);
    add_label(out, "agents", size);
}

static void add_cell_labels(struct text *out, const struct facts *facts,
                            const struct facts_cell *cell)
{
    add_labels(out, facts, "arm", facts->arms[cell->arm].name, cell->batch_size);
}

static void put_seconds(FILE *out, const char *name, const char *labels, double ns)
{
    char number[EXPORT_NUMBER_BYTES];
    if (isfinite(ns)) /* infinite where failed cycles reach down to here */
        fprintf(out, "%s{%s} %s\n", name, labels, export_seconds(number, llround(ns)));
}

static void put_quantile(FILE *out, const char *name, const char *labels, const char *quantile,
                         double ns)
{
    char *all = text_format("%s,quantile=\"%s\"", labels, quantile);
    put_seconds(out, name, all, ns);
    free(all);
}

static bool is_empty(const struct sums *sums)
{
    return sums->ready + sums->failed == 0;
}

static void put_summaries(const struct document *document, const char *name, bool ready,
                          const char *help)
{
    const struct facts *facts = document->to->facts;
    FILE *out = document->to->out;
    put_family(out, name, "summary", "seconds", help);
    for (size_t i = 0; i < facts->arm_count * facts->value_count; i++) {
        const struct facts_cell *cell = &facts->cells[i];
        const struct stats_summary *summary = ready ? &cell->ready : &cell->spawn;
        const struct sums *sums = &document->sums[i];
        char number[EXPORT_NUMBER_BYTES];
        struct text labels = {0};
        if (is_empty(sums))
            continue;
        add_cell_labels(&labels, facts, cell);
        put_quantile(out, name, labels.data, "0.5", summary->median);
        put_quantile(out, name, labels.data, "0.95", summary->p95);
        put_quantile(out, name, labels.data, "0.99", summary->p99);
        fprintf(out, "%s_count{%s} %lld\n", name, labels.data, (long long)sums->ready);
        fprintf(out, "%s_sum{%s} %s\n", name, labels.data,
                export_seconds(number, ready ? sums->ready_ns : sums->spawn_ns));
        text_release(&labels);
    }
}

static void put_bound(FILE *out, const char *name, const char *labels, const char *quantile,
                      const struct stats_bounds *bounds)
{
    char *lower = text_format("%s,side=\"lower\",quantile=\"%s\"", labels, quantile);
    char *upper = text_format("%s,side=\"upper\",quantile=\"%s\"", labels, quantile);
    put_seconds(out, name, lower, bounds->has_lower ? bounds->lower : NAN);
    put_seconds(out, name, upper, bounds->has_upper ? bounds->upper : NAN);
    free(lower);
    free(upper);
}

static void put_bounds(const struct document *document)
{
    static const char name[] = "spawnbench_spawn_time_bound_seconds";
    const struct facts *facts = document->to->facts;
    put_family(document->to->out, name, "gauge", "seconds",
               "Bounds of spawn time quantiles, each one-sided at 95 %.");
    for (size_t i = 0; i < facts->arm_count * facts->value_count; i++) {
        const struct facts_cell *cell = &facts->cells[i];
        struct text labels = {0};
        if (is_empty(&document->sums[i]))
            continue;
        add_cell_labels(&labels, facts, cell);
        put_bound(document->to->out, name, labels.data, "0.5", &cell->spawn_median);
        put_bound(document->to->out, name, labels.data, "0.95", &cell->spawn_p95);
        text_release(&labels);
    }
}

static void put_cycles(const struct document *document)
{
    const struct facts *facts = document->to->facts;
    put_family(document->to->out, "spawnbench_cycles", "gauge", NULL,
               "Counted cycles by how they ended.");
    for (size_t i = 0; i < facts->arm_count * facts->value_count; i++) {
        struct text labels = {0};
        add_cell_labels(&labels, facts, &facts->cells[i]);
        fprintf(document->to->out,
                "spawnbench_cycles{%s,outcome=\"ready\"} %lld\n"
                "spawnbench_cycles{%s,outcome=\"failed\"} %lld\n",
                labels.data, (long long)document->sums[i].ready, labels.data,
                (long long)document->sums[i].failed);
        text_release(&labels);
    }
}

static void put_claims(const struct exporter *to)
{
    put_family(to->out, "spawnbench_claim", "stateset", NULL, "The verdict on each claim.");
    for (size_t i = 0; i < to->facts->verdict.count; i++) {
        const struct verdict_item *item = &to->facts->verdict.items[i];
        struct text labels = {0};
        add_labels(&labels, to->facts, "claim", item->claim->id, item->batch_size);
        for (int word = 0; word < VERDICT_WORDS; word++)
            fprintf(to->out, "spawnbench_claim{%s,spawnbench_claim=\"%s\"} %d\n", labels.data,
                    verdict_word_name((enum verdict_word)word), (int)item->word == word);
        text_release(&labels);
    }
}

static void put_ratio(FILE *out, const char *labels, const char *which, double ratio)
{
    if (isfinite(ratio))
        fprintf(out, "spawnbench_speedup_ratio{%s,bound=\"%s\"} %.9f\n", labels, which, ratio);
}

static void put_speedups(const struct exporter *to)
{
    const struct facts *facts = to->facts;
    put_family(to->out, "spawnbench_speedup_ratio", "gauge", "ratio",
               "Median of the per-cycle ratios of claims that say faster, with its bounds.");
    for (size_t i = 0; i < facts->verdict.count; i++) {
        const struct verdict_item *item = &facts->verdict.items[i];
        struct text labels = {0};
        if (item->claim->kind != SCENARIO_CLAIM_FASTER)
            continue;
        add_labels(&labels, facts, "claim", item->claim->id, item->batch_size);
        add_label(&labels, "faster", facts->arms[item->claim->arm].name);
        add_label(&labels, "than", facts->arms[item->claim->than].name);
        put_ratio(to->out, labels.data, "estimate", item->estimate);
        put_ratio(to->out, labels.data, "lower", item->lower);
        put_ratio(to->out, labels.data, "upper", item->upper);
        text_release(&labels);
    }
}

static void put_run(const struct exporter *to)
{
    const struct results_run *run = &to->facts->run;
    struct text labels = {0}, scenario = {0};
    char number[EXPORT_NUMBER_BYTES];
    snprintf(number, sizeof number, "%lld", (long long)run->id);
    add_label(&labels, "run", number);
    add_label(&labels, "scenario", run->scenario_name);
    add_label(&labels, "state", run->state);
    add_label(&labels, "version", run->version);
    snprintf(number, sizeof number, "%llu", (unsigned long long)run->seed);
    add_label(&labels, "seed", number);
    add_label(&scenario, "scenario", run->scenario_name);
    put_family(to->out, "spawnbench_run", "info", NULL, "The run that this tells of.");
    fprintf(to->out, "spawnbench_run_info{%s} 1\n", labels.data);
    put_family(to->out, "spawnbench_run_started_timestamp_seconds", "gauge", "seconds",
               "When it was started, since 1970.");
    fprintf(to->out, "spawnbench_run_started_timestamp_seconds{%s} %s\n", scenario.data,
            export_seconds(number, run->started_wall_ns));
    put_family(to->out, "spawnbench_findings", "gauge", NULL, "Rules broken, by severity.");
    fprintf(to->out,
            "spawnbench_findings{%s,severity=\"integrity\"} %lld\n"
            "spawnbench_findings{%s,severity=\"conduct\"} %lld\n",
            scenario.data, (long long)to->facts->tally.findings_integrity, scenario.data,
            (long long)to->facts->tally.findings_conduct);
    text_release(&scenario);
    text_release(&labels);
}

int export_openmetrics(const struct exporter *to)
{
    struct document document = {.to = to};
    int rc;
    document.sums = xcalloc(to->facts->arm_count * to->facts->value_count, sizeof *document.sums);
    rc = export_each_cycle(to, add_cycle, &document);
    if (rc == 0) {
        put_run(to);
        put_cycles(&document);
        put_summaries(
            &document, "spawnbench_spawn_time_seconds", false,
            "Request to every agent ready and recorded. Failed cycles count as infinitely "
            "slow in quantiles, and not in count and sum.");
        put_summaries(&document, "spawnbench_ready_time_seconds", true,
                      "Request to every agent ready, without recording; failed cycles likewise.");
        put_bounds(&document);
        put_claims(to);
        put_speedups(to);
        fputs("# EOF\n", to->out);
    }
    free(document.sums);
    return rc;
}
