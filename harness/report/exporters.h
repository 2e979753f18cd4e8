/* exporters - one run in the formats of other tools; private to this room.
 *
 * Normal use: report_export, which gathers the facts and calls one of the writers below. What they
 * agree on:
 *
 * - a cell is one arm at one batch size; warm-up cycles are told only where the format has a place
 *   for them (csv, csv-agents, trace);
 * - quantiles, means and bounds are those of the report: of the leading complete pairs, which are
 *   all of them once a run is complete;
 * - nanoseconds are whole; formats that want seconds or microseconds get all their digits;
 * - a failed cycle is never a number: it is infinitely slow, and each format tells it in its own
 *   way (see each writer); neither NaN nor infinity is ever written;
 * - a partial run says so, and one without a cycle that counts is refused by formats that could
 *   hold nothing but its figures;
 * - names are other people's words: each writer makes them data in its format;
 * - agents are written as they are read, so memory does not grow with what is written.
 *
 * Each writer returns 0, or -1 with err filled; report_export looks whether everything arrived.
 */
#ifndef REPORT_EXPORTERS_H
#define REPORT_EXPORTERS_H

#include <stdio.h>

#include "base/json.h"
#include "base/text.h"
#include "report/facts.h"

/* One export under way. Borrowed: all of it. */
struct exporter {
    FILE *out;
    struct results *store;
    const struct facts *facts;
    struct err *err;
};

/* csv: one row per cycle, csv-agents: one per agent. RFC 4180 with LF. A failed cycle's times are
 * empty, its outcome tells why; what is not known is empty too. */
int export_csv(const struct exporter *to);
int export_csv_agents(const struct exporter *to);

/* The document of hyperfine --export-json. A failed cycle has the time until its failure was told
 * and exit code 1, or none when it ran into its deadline (hyperfine -i does the same). mean and
 * stddev are of the others; median, min and max take it for infinitely slow: null where they are.
 * source: hyperfine(1) 1.15, its export/json.rs */
int export_hyperfine(const struct exporter *to);

/* The document of --benchmark_out_format=json. A failed cycle is a row with error_occurred and an
 * error_message, named NAME/failed: compare.py 1.7.1 would take the 0 of such rows for a time.
 * source: Google Benchmark 1.7.1, json_reporter.cc and tools/gbench/report.py */
int export_google_benchmark(const struct exporter *to);

/* The Go benchmark data format: one result line per cycle. A failed cycle is a line "--- FAIL:" as
 * go test writes it, which readers skip, and the comment at the top counts them.
 * source: golang.org/design/14313-benchmark-format, golang.org/x/perf/benchfmt */
int export_benchfmt(const struct exporter *to);

/* Bencher Metric Format; failed cycles are a measure of their own.
 * source: bencher.dev/docs/reference/bencher-metric-format */
int export_bmf(const struct exporter *to);

/* Input of github-action-benchmark, tool customSmallerIsBetter; failed cycles are an entry of their
 * own.
 * source: its README, "Custom benchmarks" */
int export_github_action(const struct exporter *to);

/* JUnit: is the run complete? each claim at each batch size, each rule of the audit. */
int export_junit(const struct exporter *to);

/* OpenMetrics 1.0 text. Failed cycles are counted apart; quantiles that they make infinite are left
 * out.
 * source: the OpenMetrics specification, 1.0, "Text format" */
int export_openmetrics(const struct exporter *to);

/* Chrome trace events: a process per arm and sitting, a thread per agent, a slice per phase, a
 * counter of agents that start at the same time. A failed cycle says so, and each failed agent has
 * an instant event.
 * source: "Trace Event Format" (Chromium), JSON object form */
int export_trace(const struct exporter *to);

/* ---- what they share ---- */

/*
 * export_each_cycle - all stored cycles of arms and batch sizes that are known, by index
 *
 * each    : nonzero ends the walk with -1; err is its own to fill
 */
int export_each_cycle(const struct exporter *to,
                      int (*each)(void *context, const struct results_cycle *cycle), void *context);

/* export_zero_ns - when the first cycle was asked for: times of a run count from here */
int64_t export_zero_ns(const struct facts *facts);

/* export_partial - "partial run: 12 of 200 cycles"; NULL: it is complete; the caller frees it */
char *export_partial(const struct facts *facts);

/* export_cell_name - "three-agents/parallel/agents=3"; the caller frees it */
char *export_cell_name(const struct facts *facts, size_t arm, size_t value, char separator);

/* export_why - why a cycle failed: its outcome and what the first failed agent told; errors: those
 * of the store */
int export_why(struct text *out, const struct exporter *to, const struct results_cycle *cycle);

/* export_seconds - ns as seconds with all nine decimals: "0.046700001" */
#define EXPORT_NUMBER_BYTES 48
const char *export_seconds(char out[EXPORT_NUMBER_BYTES], int64_t ns);

/* export_put_text - a string of other people's words
 * export_put_ns   - whole nanoseconds, null for infinity and NaN */
void export_put_text(cJSON *object, const char *key, const char *value);
void export_put_ns(cJSON *object, const char *key, double ns);

/* tally_json   - the sums over all cycles as an object; the caller frees it
 * finding_json - one finding; answer_json - one rule of a whole database; likewise
 * export_arm_name - of this index; "" for -1 */
cJSON *tally_json(const struct facts *facts);
cJSON *finding_json(const struct facts *facts, const struct results_finding *finding);
cJSON *answer_json(const struct facts *facts, const struct results_answer *answer);
const char *export_arm_name(const struct facts *facts, int arm);

/* verdict_json - one claim at one batch size, likewise */
cJSON *verdict_json(const struct verdict_item *item);

/* export_print - a tree in one line; the tree is given back */
void export_print(FILE *out, cJSON *tree);

#endif
