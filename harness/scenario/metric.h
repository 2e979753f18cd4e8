/* metric - what a claim may be about: one number per cycle, one row of one table.
 *
 * Normal use: scenario_metrics[metric] where a metric must be told from others,
 * scenario_metric_names[metric] for its name, scenario_units[unit] for numbers of that unit.
 *
 * Adding a metric touches at most five files:
 * - metric.h: its row
 * - scenarios/scenario.schema.json and cli/spawnbench.1: its name
 * - scenario/test_documents.h: its name and unit, for the tests
 * - a file of cycle/, for a new cost: sets it in struct cycle's cost; its column in the store,
 *   reading, writing and exports follow the table
 */
#ifndef SCENARIO_METRIC_H
#define SCENARIO_METRIC_H

#include <stdbool.h>

enum scenario_unit { SCENARIO_NS, SCENARIO_BYTES, SCENARIO_PER_SECOND };

#define SCENARIO_TELL_BYTES 32
struct scenario_unit_row {
    const char *name; /* as exports write it: "ns", "bytes", "per_second" */
    /* a number of that unit for people, in SCENARIO_TELL_BYTES: text_duration, text_size, ... */
    const char *(*tell)(char *out, double value);
};
extern const struct scenario_unit_row scenario_units[];

/* Where the number comes from: one of `column`, `to`, or neither (agents per second of spawn time).
 * Columns are those of results/results.sql. */
struct scenario_metric_row {
    enum scenario_unit unit;
    bool more_is_better;
    const char *column; /* of cycles */
    bool cost;          /* not a time that the wall clock measures; -1 in its column: not known */
    /* to: a phase, one of the steps of an agent, which a claim may ask of one agent: columns of
     * agents; from NULL: since it was asked */
    const char *from, *to;
    const char *key;     /* cost: in JSON rows of cycles */
    const char *go_unit; /* cost: in the Go benchmark format */
};

/* Constant, name, and the members that are not zero. Phases are the longest of the cycle's agents,
 * or of one that the claim names. */
#define SCENARIO_METRIC_ROWS(ROW)                                                                  \
    ROW(SPAWN_TIME, "spawn_time", .column = "spawn_time_ns")                                       \
    ROW(READY_TIME, "ready_time", .column = "ready_time_ns")                                       \
    ROW(SENT_TO_START, "sent_to_start", .to = "start_ns")                                          \
    ROW(START_TO_MAIN, "start_to_main", .from = "start_ns", .to = "main_ns")                       \
    ROW(MAIN_TO_OWN_READY, "main_to_own_ready", .from = "main_ns", .to = "own_ready_ns")           \
    ROW(OWN_READY_TO_SEEN, "own_ready_to_seen", .from = "own_ready_ns", .to = "ready_ns")          \
    ROW(START_TO_SEEN, "start_to_seen", .from = "start_ns", .to = "ready_ns")                      \
    ROW(SEEN_TO_RECORDED, "seen_to_recorded", .from = "ready_ns", .to = "recorded_ns")             \
    /* of the subject during the spawn and of its agents until ready */                            \
    ROW(CPU_TIME, "cpu_time", .column = "cpu_ns", .cost = true, .key = "cpu_ns",                   \
        .go_unit = "cpu-ns/op")                                                                    \
    /* resident: the subject's and its agents' peaks added up */                                   \
    ROW(PEAK_MEMORY, "peak_memory", .unit = SCENARIO_BYTES, .column = "peak_bytes", .cost = true,  \
        .key = "peak_memory_bytes", .go_unit = "peak-memory-B")                                    \
    /* of the store, when its cycle was over and audited: the file, and the -wal beside it */      \
    ROW(DATABASE_SIZE, "database_size", .unit = SCENARIO_BYTES, .column = "database_bytes",        \
        .cost = true, .key = "database_bytes", .go_unit = "database-B")                            \
    ROW(WAL_SIZE, "wal_size", .unit = SCENARIO_BYTES, .column = "wal_bytes", .cost = true,         \
        .key = "wal_bytes", .go_unit = "wal-B")                                                    \
    ROW(THROUGHPUT, "throughput", .unit = SCENARIO_PER_SECOND, .more_is_better = true)

#define SCENARIO_METRIC_CONSTANT(constant, ...) SCENARIO_##constant,
enum scenario_metric { SCENARIO_METRIC_ROWS(SCENARIO_METRIC_CONSTANT) SCENARIO_METRICS };

extern const struct scenario_metric_row scenario_metrics[SCENARIO_METRICS];

/* scenario_metric_names - as scenarios and exports write them: "spawn_time"; ended by NULL */
extern const char *const scenario_metric_names[SCENARIO_METRICS + 1];

/* scenario_metric_find - the metric of that name; returns 0, or -1 when there is none or name is
 * NULL */
int scenario_metric_find(enum scenario_metric *out, const char *name);

#endif
