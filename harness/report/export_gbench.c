/* What would Google Benchmark have written, had each cycle been one of its repetitions? */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/exporters.h"
#include "report/words.h"

/* One document under way. */
struct document {
    const struct exporter *to;
    size_t rows;
    struct facts_count *counts; /* per cell */
    char **names;               /* per cell */
    size_t cells;
};

static size_t cell_of(const struct document *document, int arm, int value)
{
    return (size_t)arm * document->to->facts->value_count + (size_t)value;
}

static void add_row(struct document *document, cJSON *row)
{
    fputs(document->rows++ ? ",\n    " : "\n    ", document->to->out);
    export_print(document->to->out, row);
}

/* the members that every row begins with */
static cJSON *row_new(const struct document *document, size_t cell, const char *suffix)
{
    const struct facts_cell *of = &document->to->facts->cells[cell];
    cJSON *row = cJSON_CreateObject();
    char *run_name = export_cell_name(document->to->facts, of->arm, of->value, ':');
    char *name = text_format("%s%s", run_name, suffix);
    export_put_text(row, "name", name);
    json_add_int64(row, "family_index", (int64_t)of->arm);
    json_add_int64(row, "per_family_instance_index", (int64_t)of->value);
    export_put_text(row, "run_name", run_name);
    free(run_name);
    free(name);
    return row;
}

static void put_cost(cJSON *row, int64_t iterations, int64_t real_ns, int64_t cpu_ns)
{
    json_add_int64(row, "iterations", iterations);
    json_add_int64(row, "real_time", real_ns);
    json_add_int64(row, "cpu_time", cpu_ns > 0 ? cpu_ns : 0);
    cJSON_AddStringToObject(row, "time_unit", "ns");
}

static int put_cycle(void *context, const struct results_cycle *cycle)
{
    struct document *document = context;
    size_t cell = cell_of(document, cycle->arm, cycle->value);
    bool failed = cycle->spawn_time_ns < 0;
    cJSON *row;
    int rc = 0;
    if (cycle->warmup)
        return 0;
    row = row_new(document, cell, failed ? "/failed" : "");
    cJSON_AddStringToObject(row, "run_type", "iteration");
    json_add_int64(row, "repetitions", (int64_t)document->counts[cell].cycles);
    json_add_int64(row, "repetition_index", cycle->pair);
    json_add_int64(row, "threads", 1);
    if (failed) {
        struct text why = {0};
        rc = export_why(&why, document->to, cycle);
        cJSON_AddTrueToObject(row, "error_occurred");
        export_put_text(row, "error_message", why.data);
        text_release(&why);
    }
    put_cost(row, !failed, failed ? 0 : cycle->spawn_time_ns,
             failed ? 0 : cycle->cost[SCENARIO_CPU_TIME]);
    json_add_int64(row, "run_order", cycle->index);
    json_add_int64(row, "agents", cycle->agents);
    if (!failed)
        json_add_int64(row, "ready_time_ns", cycle->ready_time_ns);
    for (int m = 0; m < SCENARIO_METRICS; m++)
        if (scenario_metrics[m].cost && m != SCENARIO_CPU_TIME && cycle->cost[m] >= 0)
            json_add_int64(row, scenario_metrics[m].key, cycle->cost[m]);
    add_row(document, row);
    return rc;
}

static void put_aggregate(struct document *document, size_t cell, const char *name, double real_ns,
                          double cpu_ns)
{
    const struct facts_cell *of = &document->to->facts->cells[cell];
    char *suffix = text_format("_%s", name);
    cJSON *row;
    if (isfinite(real_ns)) {
        row = row_new(document, cell, suffix);
        cJSON_AddStringToObject(row, "run_type", "aggregate");
        json_add_int64(row, "repetitions", (int64_t)document->counts[cell].cycles);
        json_add_int64(row, "threads", 1);
        cJSON_AddStringToObject(row, "aggregate_name", name);
        cJSON_AddStringToObject(row, "aggregate_unit", "time");
        put_cost(row, (int64_t)of->spawn.n, llround(real_ns),
                 isfinite(cpu_ns) ? llround(cpu_ns) : 0);
        add_row(document, row);
    }
    free(suffix);
}

/* Aggregates are those of the report: failed cycles are infinitely slow in median and quantiles and
 * not in mean and stddev. One that is infinite is left out. */
static int put_aggregates(struct document *document, size_t cell)
{
    const struct exporter *to = document->to;
    const struct facts_cell *of = &to->facts->cells[cell];
    const struct results_which which = {(int)of->arm, (int)of->value, SCENARIO_CPU_TIME, NULL};
    struct stats_summary cpu;
    struct results_series series;
    if (results_series_load(&series, to->store, to->facts->run.id, &which, to->err) < 0)
        return -1;
    stats_sort(series.values, series.n);
    cpu = stats_summarise(series.values, series.n);
    results_series_release(&series);
    put_aggregate(document, cell, "mean", of->spawn.mean, cpu.mean);
    put_aggregate(document, cell, "median", of->spawn.median, cpu.median);
    put_aggregate(document, cell, "stddev", of->spawn.standard_deviation, cpu.standard_deviation);
    put_aggregate(document, cell, "p95", of->spawn.p95, cpu.p95);
    put_aggregate(document, cell, "p99", of->spawn.p99, cpu.p99);
    return 0;
}

/* the three load averages of /proc/loadavg as it was, [] when that is not known */
static void put_load(cJSON *context, const cJSON *environment)
{
    const char *load = json_string(environment, "load_average");
    cJSON *array = cJSON_AddArrayToObject(context, "load_avg");
    for (int i = 0; load && i < 3; i++) {
        char *end;
        double average = strtod(load, &end);
        if (end == load || !isfinite(average))
            return;
        cJSON_AddItemToArray(array, cJSON_CreateNumber(average));
        load = end;
    }
}

/* What the library tells of the machine, as far as a run knows it; the host's name is not stored.
 * source: Google Benchmark 1.7.1, json_reporter.cc, ReportContext */
static void put_context(const struct document *document)
{
    const struct facts *facts = document->to->facts;
    cJSON *context = cJSON_CreateObject(), *environment = NULL;
    char date[WORDS_BYTES];
    int64_t cpus = 0;
    const char *governor;
    json_parse(&environment, facts->run.environment_json, strlen(facts->run.environment_json),
               NULL);
    json_int64(&cpus, cJSON_GetObjectItemCaseSensitive(environment, "cpus_online"));
    governor = json_string(environment, "governor");
    cJSON_AddStringToObject(context, "date", words_date(date, facts->run.started_wall_ns));
    cJSON_AddStringToObject(context, "host_name", "");
    cJSON_AddStringToObject(context, "executable", "spawnbench");
    json_add_int64(context, "num_cpus", cpus);
    json_add_int64(context, "mhz_per_cpu", 0);
    cJSON_AddBoolToObject(context, "cpu_scaling_enabled",
                          governor && strcmp(governor, "performance") != 0);
    cJSON_AddArrayToObject(context, "caches");
    put_load(context, environment);
    cJSON_AddStringToObject(context, "library_build_type", "release");
    json_add_int64(context, "spawnbench_run", facts->run.id);
    json_add_int64(context, "spawnbench_seed", (int64_t)facts->run.seed);
    export_put_text(context, "spawnbench_version", facts->run.version);
    export_put_text(context, "spawnbench_state", facts->run.state);
    json_add_int64(context, "spawnbench_cycles_failed", (int64_t)facts_count_all(facts).failed);
    cJSON_Delete(environment);
    export_print(document->to->out, context);
}

int export_google_benchmark(const struct exporter *to)
{
    const struct facts *facts = to->facts;
    struct document document = {.to = to, .cells = facts->arm_count * facts->value_count};
    int rc;
    document.counts = xcalloc(document.cells, sizeof *document.counts);
    for (size_t i = 0; i < document.cells; i++)
        document.counts[i] = facts_count(facts, facts->cells[i].arm, facts->cells[i].value);
    fputs("{\n  \"context\": ", to->out);
    put_context(&document);
    fputs(",\n  \"benchmarks\": [", to->out);
    rc = export_each_cycle(to, put_cycle, &document);
    for (size_t i = 0; i < document.cells && rc == 0; i++)
        rc = put_aggregates(&document, i);
    fputs("\n  ]\n}\n", to->out);
    free(document.counts);
    return rc;
}
