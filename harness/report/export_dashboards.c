/* What do services want that plot one number per benchmark and commit: Bencher and
 * github-action-benchmark? */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/exporters.h"
#include "report/words.h"

/* One number of a cell with its doubt, as both services want it. */
struct number {
    const char *measure; /* Bencher's name of it; its own "latency" is in nanoseconds */
    const char *name;
    const char *unit;
    double value; /* not written when infinite: too many cycles failed */
    struct stats_bounds bounds;
};

enum { NUMBERS = 5 };

static void tell(const struct facts *facts, const struct facts_cell *cell,
                 struct number out[NUMBERS])
{
    const struct facts_count count = facts_count(facts, cell->arm, cell->value);
    const struct stats_bounds none = {0};
    out[0] =
        (struct number){"latency", "spawn_time p50", "ns", cell->spawn.median, cell->spawn_median};
    out[1] =
        (struct number){"spawn-time-p95", "spawn_time p95", "ns", cell->spawn.p95, cell->spawn_p95};
    out[2] = (struct number){"ready-time", "ready_time p50", "ns", cell->ready.median,
                             cell->ready_median};
    out[3] =
        (struct number){"failed-cycles", "failed cycles", "cycles", (double)count.failed, none};
    out[4] = (struct number){"findings", "findings of the arm", "findings",
                             (double)(facts->tallies[cell->arm].findings_integrity +
                                      facts->tallies[cell->arm].findings_conduct),
                             none};
}

static bool has_bound(bool has, double bound)
{
    return has && isfinite(bound);
}

static void put_measure(cJSON *benchmark, const struct number *number)
{
    cJSON *measure;
    if (!isfinite(number->value))
        return;
    measure = cJSON_AddObjectToObject(benchmark, number->measure);
    export_put_ns(measure, "value", number->value);
    if (has_bound(number->bounds.has_lower, number->bounds.lower))
        export_put_ns(measure, "lower_value", number->bounds.lower);
    if (has_bound(number->bounds.has_upper, number->bounds.upper))
        export_put_ns(measure, "upper_value", number->bounds.upper);
}

/* Where every value is a number, what is missing is one. */
static void put_partial(cJSON *benchmark, const struct facts *facts)
{
    size_t planned = facts->run.planned, cycles = facts->run.cycles;
    cJSON *measure;
    if (strcmp(facts->run.state, "complete") == 0)
        return;
    measure = cJSON_AddObjectToObject(benchmark, "partial-run-missing-cycles");
    json_add_int64(measure, "value", planned > cycles ? (int64_t)(planned - cycles) : 0);
}

/* cells that have cycles; those of an arm that never ran are told by the run's state */
static bool is_there(const struct facts *facts, const struct facts_cell *cell)
{
    return facts_count(facts, cell->arm, cell->value).cycles > 0;
}

int export_bmf(const struct exporter *to)
{
    const struct facts *facts = to->facts;
    struct number numbers[NUMBERS];
    cJSON *root = cJSON_CreateObject();
    char *printed;
    for (size_t i = 0; i < facts->arm_count * facts->value_count; i++) {
        const struct facts_cell *cell = &facts->cells[i];
        char *name = export_cell_name(facts, cell->arm, cell->value, '=');
        struct text plain = {0};
        words_plain(&plain, name);
        if (is_there(facts, cell)) {
            cJSON *benchmark = cJSON_AddObjectToObject(root, plain.data);
            tell(facts, cell, numbers);
            for (size_t k = 0; k < NUMBERS; k++)
                put_measure(benchmark, &numbers[k]);
            put_partial(benchmark, facts);
        }
        text_release(&plain);
        free(name);
    }
    printed = json_print(root, 1);
    fprintf(to->out, "%s\n", printed);
    free(printed);
    cJSON_Delete(root);
    return 0;
}

static void put_range(cJSON *row, const struct number *number)
{
    char *range;
    if (!has_bound(number->bounds.has_lower, number->bounds.lower) ||
        !has_bound(number->bounds.has_upper, number->bounds.upper))
        return;
    range = text_format("%.0f .. %.0f", number->bounds.lower, number->bounds.upper);
    cJSON_AddStringToObject(row, "range", range);
    free(range);
}

static cJSON *entry(const struct facts *facts, const struct facts_cell *cell,
                    const struct number *number)
{
    const struct facts_count count = facts_count(facts, cell->arm, cell->value);
    char *name = export_cell_name(facts, cell->arm, cell->value, '=');
    char *full = text_format("%s %s", name, number->name);
    char *partial = export_partial(facts);
    char *extra = text_format(
        "run %lld, seed %llu, %zu cycles, %zu failed%s%s%s", (long long)facts->run.id,
        (unsigned long long)facts->run.seed, count.cycles, count.failed, partial ? "; " : "",
        partial ? partial : "", number->bounds.has_upper ? "; range: 95 % on each side" : "");
    cJSON *row = cJSON_CreateObject();
    export_put_text(row, "name", full);
    cJSON_AddStringToObject(row, "unit", number->unit);
    export_put_ns(row, "value", number->value);
    put_range(row, number);
    cJSON_AddStringToObject(row, "extra", extra);
    free(partial);
    free(extra);
    free(full);
    free(name);
    return row;
}

int export_github_action(const struct exporter *to)
{
    const struct facts *facts = to->facts;
    struct number numbers[NUMBERS];
    size_t written = 0;
    fputs("[", to->out);
    for (size_t i = 0; i < facts->arm_count * facts->value_count; i++) {
        const struct facts_cell *cell = &facts->cells[i];
        if (!is_there(facts, cell))
            continue;
        tell(facts, cell, numbers);
        for (size_t k = 0; k < NUMBERS; k++) {
            if (!isfinite(numbers[k].value))
                continue;
            fputs(written++ ? ",\n " : "\n ", to->out);
            export_print(to->out, entry(facts, cell, &numbers[k]));
        }
    }
    fputs("\n]\n", to->out);
    return 0;
}
