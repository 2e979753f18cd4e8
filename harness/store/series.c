/* Which number does each counted cycle have for a claim? One query per series,
 * in the order of the pairs. */
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "store/sql.h"
#include "store/store.h"

/* What is wanted of a cycle: two expressions, `value` and `known` (0: the value means nothing). */
struct expression {
    const char *value, *known;
};

#define CYCLE(column)                                                                              \
    {                                                                                              \
        "c." column, "c." column " >= 0"                                                           \
    }
#define PHASE(from, to)                                                                            \
    {                                                                                              \
        "max(a." to " - a." from ")", "min(a." from " > 0 AND a." to " > 0)"                       \
    }
#define SENT_TO_START                                                                              \
    {                                                                                              \
        "max(a.start_ns) - c.sent_ns", "min(a.start_ns > 0)"                                       \
    }
#define AGENTS_PER_S                                                                               \
    {                                                                                              \
        "1e9 * c.agents / c.spawn_time_ns", "c.spawn_time_ns > 0"                                  \
    }

static const struct expression expressions[SCENARIO_METRICS] = {
    [SCENARIO_SPAWN_TIME] = CYCLE("spawn_time_ns"),
    [SCENARIO_READY_TIME] = CYCLE("ready_time_ns"),
    [SCENARIO_SENT_TO_START] = SENT_TO_START,
    [SCENARIO_START_TO_MAIN] = PHASE("start_ns", "main_ns"),
    [SCENARIO_MAIN_TO_OWN_READY] = PHASE("main_ns", "own_ready_ns"),
    [SCENARIO_OWN_READY_TO_SEEN] = PHASE("own_ready_ns", "ready_ns"),
    [SCENARIO_START_TO_SEEN] = PHASE("start_ns", "ready_ns"),
    [SCENARIO_SEEN_TO_RECORDED] = PHASE("ready_ns", "recorded_ns"),
    [SCENARIO_CPU_TIME] = CYCLE("cpu_ns"),
    [SCENARIO_PEAK_MEMORY] = CYCLE("peak_bytes"),
    [SCENARIO_THROUGHPUT] = AGENTS_PER_S,
};

#define OF_SERIES " WHERE c.run = ?1 AND c.arm = ?2 AND c.value = ?3 AND c.warmup = 0"

/* Columns: pair, block, failed, known, value. Phases join on the leading columns of the agents' key
 * and group in the order in which cycles are stored, so no row is sorted but the cycles' own. A
 * cycle none of whose agents has the name is kept by the outer join, with known NULL. */
static sqlite3_stmt *prepare(struct store *store, int64_t run, const struct store_which *which,
                             struct err *err)
{
    const struct expression *wanted = &expressions[which->metric];
    bool phase = scenario_metric_is_phase(which->metric);
    const char *join = " LEFT JOIN agents AS a ON a.run = c.run AND a.cycle = c.cycle";
    const char *named = phase && which->agent ? " AND a.name = ?4" : "";
    char *sql = text_format("SELECT c.pair, c.block, c.spawn_time_ns < 0, %s, %s FROM cycles AS c"
                            "%s%s" OF_SERIES "%s ORDER BY c.pair",
                            wanted->known, wanted->value, phase ? join : "", named,
                            phase ? " GROUP BY c.cycle" : "");
    sqlite3_stmt *row = sql_prepare(store, err, sql, *named ? "iiit" : "iii", run,
                                    (int64_t)which->arm, (int64_t)which->value, which->agent);
    free(sql);
    return row;
}

static double value_of(sqlite3_stmt *row, enum scenario_metric metric)
{
    if (sqlite3_column_int(row, 2))
        return metric == SCENARIO_THROUGHPUT ? 0 : INFINITY;
    return sqlite3_column_int(row, 3) ? sqlite3_column_double(row, 4) : NAN;
}

int store_series_load(struct store_series *out, struct store *store, int64_t run,
                      const struct store_which *which, struct err *err)
{
    sqlite3_stmt *row = prepare(store, run, which, err);
    size_t room = 0;
    int rc;
    *out = (struct store_series){0};
    if (!row)
        return -1;
    while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
        if (sqlite3_column_int64(row, 0) != (int64_t)out->n)
            break; /* a hole: what stands behind it has no complete partner */
        if (out->n == room) {
            room = room ? 2 * room : 256;
            out->values = xrealloc(out->values, room, sizeof *out->values);
            out->blocks = xrealloc(out->blocks, room, sizeof *out->blocks);
        }
        out->blocks[out->n] = sqlite3_column_int(row, 1);
        out->values[out->n] = value_of(row, which->metric);
        out->unknown += isnan(out->values[out->n]) != 0;
        out->n++;
    }
    if (sql_end(store, row, rc, err) == 0)
        return 0;
    store_series_release(out);
    return -1;
}

void store_series_release(struct store_series *series)
{
    free(series->values);
    free(series->blocks);
    *series = (struct store_series){0};
}
