/* gbench - Google Benchmark behind a C interface: one call of a body is one sample is one row.
 *
 * Normal use: gbench_register each case, gbench_context what the numbers depend on, gbench_run. A
 * body does its work once, takes its own times and hands one over with gbench_time; it never loops.
 *
 * Every case runs as Iterations(1) with `samples` repetitions, because percentiles of means are no
 * percentiles; beside the library's own aggregates each case has p50, p95, p99, min and max. Rows
 * carry the counter "run_order" (from 1), since the library shuffles repetitions and keeps no
 * order; error rows carry no counters, they are the numbers left out. No C++ exception leaves these
 * functions.
 */
#ifndef STUDY_MICRO_GBENCH_H
#define STUDY_MICRO_GBENCH_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define GBENCH_NOEXCEPT noexcept
#else
#define GBENCH_NOEXCEPT
#endif

enum gbench_unit { GBENCH_MS, GBENCH_US };

/* One sample being taken. Opaque; valid only during the call of the body. */
struct gbench;

/* A body takes one sample. It may return early anywhere: a call that neither reported a time nor a
 * reason becomes an error row. */
typedef void gbench_body(struct gbench *sample, void *context);

/* A case. `name` is copied; `context` is borrowed until gbench_run returns. */
struct gbench_case {
    const char *name; /* "room/what/size": the text that --benchmark_filter sees */
    gbench_body *body;
    void *context;
    int samples; /* rows, at least 1; two or more also give aggregates */
    enum gbench_unit unit;
};

/* gbench_register - returns 0, or -1 when there is no memory */
int gbench_register(const struct gbench_case *one) GBENCH_NOEXCEPT;

/* gbench_time - how long this sample took; the last call counts */
void gbench_time(struct gbench *sample, int64_t ns) GBENCH_NOEXCEPT;

/* gbench_counter - a figure beside the time; read it from rows with run_type "iteration" only */
void gbench_counter(struct gbench *sample, const char *name, double value) GBENCH_NOEXCEPT;

/* gbench_label - a word printed behind the row; copied, cut at 255 bytes */
void gbench_label(struct gbench *sample, const char *text) GBENCH_NOEXCEPT;

/* gbench_skip - this sample failed: its row is flagged error_occurred and enters no aggregate */
void gbench_skip(struct gbench *sample, const char *why) GBENCH_NOEXCEPT;

/* gbench_context - one more line of the "context" that precedes the rows; returns 0 or -1 */
int gbench_context(const char *key, const char *value) GBENCH_NOEXCEPT;

/* gbench_help - the flags the library itself understands, on stdout */
void gbench_help(void) GBENCH_NOEXCEPT;

/*
 * gbench_run - read the library's flags, run the registered cases, write the rows
 *
 * argv    : argv[0] and --benchmark_* flags only; may be reordered
 * failed  : how many samples became error rows
 * returns : 0; 2 for a flag or value the library does not know (told on stderr) or a filter that
 *           matches nothing; 70 when the library itself failed
 * danger  : a bad value of some flags ends the process with 2 inside this call, an output file that
 *           cannot be written with 1 (the library calls exit); look at --benchmark_out before
 */
int gbench_run(int argc, char *argv[], int *failed) GBENCH_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
