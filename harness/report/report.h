/* report - what was measured, for people and for programs; always rebuilt from the store alone.
 *
 * report_terminal and report_json write one run to a stream; report_render writes benchmarks.md and
 * its figures. The same stored run gives the same bytes.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "results/results.h"

/* report_terminal - the summary after a run and for `show`;
 * colour only when asked (never with NO_COLOR) */
int report_terminal(FILE *out, struct results *store, int64_t run, bool colour, struct err *err);

/*
 * report_json - one document of schema spawnbench.run.v1 with the given runs
 *
 * Integer nanoseconds, null instead of infinities; see results/run.schema.json.
 * samples : with every cycle, else summaries only
 */
int report_json(FILE *out, struct results *store, const int64_t runs[], size_t count, bool samples,
                struct err *err);

/* A format of report_export. Static. */
struct report_format {
    const char *name, *about;
};

/* report_format_at - the formats there are, in order; NULL behind the last */
const struct report_format *report_format_at(size_t index);

/* report_format_find - index of the format of this name, or -1
 * errors : ERR_USAGE with the nearest name and all names */
int report_format_find(const char *name, struct err *err);

/*
 * report_export - one run in the format of another tool (what each holds: exporters.h)
 *
 * format  : one of report_format_at
 * memory  : that of the facts: some 200 bytes per cycle, whatever is written
 * errors  : ERR_USAGE (no such format), those of the store, ERR_SYSTEM (not everything arrived)
 */
int report_export(FILE *out, struct results *store, int64_t run, const char *format,
                  struct err *err);

/*
 * report_render - FOLDER/benchmarks.md and FOLDER/figures/NAME.{svg,gp,dat} for the given runs
 *
 * The first run is the headline; each run has its chapter. gnuplot missing: the report is written
 * with a note instead of the figures, data and scripts are there, and *figures_missing is set.
 * errors : ERR_UNFIT, ERR_SYSTEM
 */
int report_render(const char *folder, struct results *store, const int64_t runs[], size_t count,
                  bool *figures_missing, struct err *err);

#endif
