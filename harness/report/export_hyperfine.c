/* What would hyperfine --export-json have written? */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/exporters.h"

/* seconds, null where they are infinite or not known (serde_json,
 * which hyperfine writes with, does the same) */
static void put_seconds(cJSON *row, const char *key, double ns)
{
    char number[EXPORT_NUMBER_BYTES];
    if (isfinite(ns))
        cJSON_AddRawToObject(row, key, export_seconds(number, llround(ns)));
    else
        cJSON_AddNullToObject(row, key);
}

/* CPU time per cycle. An arm tells it for all its cycles together, warm-ups included: it can be
 * divided only where one process ran them all, with batches of one size. */
static double per_cycle_ns(const struct facts *facts, size_t arm, int64_t us)
{
    const struct results_arm *of = &facts->arms[arm];
    bool whole = of->index >= 0 && !of->restarts && facts->run.sittings == 1;
    if (!whole || facts->value_count != 1 || facts->tallies[arm].cycles == 0)
        return NAN;
    return (double)us * 1000 / (double)facts->tallies[arm].cycles;
}

static void put_count(cJSON *parameters, const char *key, size_t count)
{
    char *value = text_format("%zu", count);
    cJSON_AddStringToObject(parameters, key, value);
    free(value);
}

static void put_parameters(cJSON *row, const struct facts *facts, const struct facts_cell *cell,
                           const struct facts_count *count)
{
    cJSON *parameters = cJSON_AddObjectToObject(row, "parameters");
    char *partial = export_partial(facts);
    export_put_text(parameters, "scenario", facts->run.scenario_name);
    export_put_text(parameters, "arm", facts->arms[cell->arm].name);
    export_put_text(parameters, "subject", facts->arms[cell->arm].command);
    put_count(parameters, "agents", cell->batch_size);
    put_count(parameters, "cycles", count->cycles);
    put_count(parameters, "failed", count->failed);
    if (partial)
        cJSON_AddStringToObject(parameters, "state", partial);
    free(partial);
}

static cJSON *result_row(const struct facts *facts, const struct facts_cell *cell,
                         const struct facts_count *count)
{
    const struct results_arm *arm = &facts->arms[cell->arm];
    cJSON *row = cJSON_CreateObject();
    char *name = export_cell_name(facts, cell->arm, cell->value, '=');
    export_put_text(row, "command", name);
    put_seconds(row, "mean", cell->spawn.mean);
    put_seconds(row, "stddev", cell->spawn.standard_deviation);
    put_seconds(row, "median", cell->spawn.median);
    put_seconds(row, "user", per_cycle_ns(facts, cell->arm, arm->user_us));
    put_seconds(row, "system", per_cycle_ns(facts, cell->arm, arm->system_us));
    put_seconds(row, "min", cell->spawn.min);
    put_seconds(row, "max", cell->spawn.max);
    put_parameters(row, facts, cell, count);
    free(name);
    return row;
}

/* The time until a failure was told; one that broke off was never answered. */
static int64_t spent_ns(const struct exporter *to, const struct results_cycle *cycle)
{
    int64_t until_ns = cycle->answered_ns - cycle->sent_ns;
    if (cycle->spawn_time_ns >= 0)
        return cycle->spawn_time_ns;
    return cycle->answered_ns > 0 && until_ns > 0 ? until_ns : to->facts->scenario.deadline_ns;
}

static void put_times(const struct exporter *to, const struct facts_cell *cell)
{
    char number[EXPORT_NUMBER_BYTES];
    const struct results_cycle *cycle = NULL;
    size_t written = 0;
    fputs(",\n   \"times\":[", to->out);
    while ((cycle = facts_next(to->facts, cell->arm, cell->value, cycle)))
        fprintf(to->out, "%s%s", written++ ? "," : "", export_seconds(number, spent_ns(to, cycle)));
    fputs("]", to->out);
}

static void put_exit_codes(const struct exporter *to, const struct facts_cell *cell)
{
    static const char *const codes[] = {
        [CYCLE_READY] = "0",        [CYCLE_FAILED] = "1", [CYCLE_CANCELLED] = "1",
        [CYCLE_TIMED_OUT] = "null", /* as of a command that a signal ended */
        [CYCLE_UNKNOWN] = "null",
    };
    const struct results_cycle *cycle = NULL;
    size_t written = 0;
    fputs(",\n   \"exit_codes\":[", to->out);
    while ((cycle = facts_next(to->facts, cell->arm, cell->value, cycle)))
        fprintf(to->out, "%s%s", written++ ? "," : "", codes[cycle->outcome]);
    fputs("]", to->out);
}

int export_hyperfine(const struct exporter *to)
{
    const struct facts *facts = to->facts;
    size_t written = 0;
    fputs("{\"results\":[", to->out);
    for (size_t i = 0; i < facts->arm_count * facts->value_count; i++) {
        const struct facts_cell *cell = &facts->cells[i];
        struct facts_count count = facts_count(facts, cell->arm, cell->value);
        char *head;
        cJSON *row;
        if (!count.cycles)
            continue;
        row = result_row(facts, cell, &count);
        head = json_print(row, 0);
        head[strlen(head) - 1] = '\0'; /* without its closing brace */
        fprintf(to->out, "%s\n  %s", written++ ? "," : "", head);
        put_times(to, cell);
        put_exit_codes(to, cell);
        fputs("}", to->out);
        free(head);
        cJSON_Delete(row);
    }
    fputs("\n]}\n", to->out);
    return 0;
}
