/* Which number does each counted cycle have for a claim? One query per series,
 * in the order of the pairs. */
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "results/results.h"
#include "results/sql.h"

/* What is wanted of a cycle: two expressions, `known` (0: the value means nothing) and `value`. */
static void add_expressions(struct text *sql, enum scenario_metric metric)
{
    const struct scenario_metric_row *row = &scenario_metrics[metric];
    if (row->column)
        text_addf(sql, "c.%s >= 0, c.%s", row->column, row->column);
    else if (row->from)
        text_addf(sql, "min(a.%s > 0 AND a.%s > 0), max(a.%s - a.%s)", row->from, row->to, row->to,
                  row->from);
    else if (row->to)
        text_addf(sql, "min(a.%s > 0), max(a.%s) - c.sent_ns", row->to, row->to);
    else
        text_add(sql, "c.spawn_time_ns > 0, 1e9 * c.agents / c.spawn_time_ns");
}

#define OF_SERIES " WHERE c.run = ?1 AND c.arm = ?2 AND c.value = ?3 AND c.warmup = 0"

/* A pair is left out as a whole: what is compared are its cycles. */
#define LEFT_OUT                                                                                   \
    "c.pair IN (SELECT s.pair FROM cycles AS s WHERE s.run = ?1 AND s.value = ?3"                  \
    " AND s.warmup = 0 AND s.stopped_ns > 0)"

/* Columns: pair, block, place, failed, known, value, left out. Phases join on the leading columns
 * of the agents' key and group in the order in which cycles are stored, so no row is sorted but the
 * cycles' own. A cycle none of whose agents has the name is kept by the outer join, with known
 * NULL. */
static sqlite3_stmt *prepare(struct results *store, int64_t run, const struct results_which *which,
                             struct err *err)
{
    bool phase = scenario_metrics[which->metric].to;
    const char *named = phase && which->agent ? " AND a.name = ?4" : "";
    struct text sql = {0};
    sqlite3_stmt *row;
    text_add(&sql, "SELECT c.pair, c.block, c.place, c.spawn_time_ns < 0, ");
    add_expressions(&sql, which->metric);
    text_addf(&sql, ", " LEFT_OUT " FROM cycles AS c%s%s" OF_SERIES "%s ORDER BY c.pair",
              phase ? " LEFT JOIN agents AS a ON a.run = c.run AND a.cycle = c.cycle" : "", named,
              phase ? " GROUP BY c.cycle" : "");
    row = sql_prepare(store, err, sql.data, *named ? "iiit" : "iii", run, (int64_t)which->arm,
                      (int64_t)which->value, which->agent);
    text_release(&sql);
    return row;
}

static double value_of(sqlite3_stmt *row, enum scenario_metric metric)
{
    if (sqlite3_column_int(row, 3))
        return scenario_metrics[metric].more_is_better ? 0 : INFINITY;
    return sqlite3_column_int(row, 4) ? sqlite3_column_double(row, 5) : NAN;
}

int results_series_load(struct results_series *out, struct results *store, int64_t run,
                        const struct results_which *which, struct err *err)
{
    sqlite3_stmt *row = prepare(store, run, which, err);
    size_t room = 0;
    int rc;
    *out = (struct results_series){.which = *which};
    if (!row)
        return -1;
    while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
        if (sqlite3_column_int64(row, 0) != (int64_t)out->reached)
            break; /* a hole: what stands behind it has no complete partner */
        out->reached++;
        if (sqlite3_column_int(row, 6))
            continue;
        if (out->n == room) {
            room = room ? 2 * room : 256;
            out->values = xrealloc(out->values, room, sizeof *out->values);
            out->blocks = xrealloc(out->blocks, room, sizeof *out->blocks);
            out->places = xrealloc(out->places, room, sizeof *out->places);
            out->pairs = xrealloc(out->pairs, room, sizeof *out->pairs);
        }
        out->blocks[out->n] = sqlite3_column_int(row, 1);
        out->places[out->n] = sqlite3_column_int(row, 2);
        out->pairs[out->n] = sqlite3_column_int(row, 0);
        out->values[out->n] = value_of(row, which->metric);
        out->unknown += isnan(out->values[out->n]) != 0;
        out->n++;
    }
    if (sql_end(store, row, rc, err) == 0)
        return 0;
    results_series_release(out);
    return -1;
}

void results_series_release(struct results_series *series)
{
    free(series->values);
    free(series->blocks);
    free(series->places);
    free(series->pairs);
    *series = (struct results_series){0};
}
