/* trend_words - what a gate found and what became of a measurement over time, for people and for
 * programs. The same result and the same history give the same bytes. */
#ifndef REPORT_TREND_WORDS_H
#define REPORT_TREND_WORDS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

#include "trend/gate/gating.h"
#include "trend/history/history.h"

/* ---- gate_*.c ---- */

/* report_gate_terminal - a table, one line for each metric, and the verdict; colour when asked */
int report_gate_terminal(FILE *out, const struct gate_result *result, bool colour, struct err *err);

/* report_gate_json - one document of schema spawnbench.gate.v1; null instead of infinities */
int report_gate_json(FILE *out, const struct gate_result *result, struct err *err);

/* report_gate_markdown - a table for a page; what others named is shown and never markup */
void report_gate_markdown(struct text *out, const struct gate_result *result);

/*
 * report_gate_annotations - "::error::" and "::warning::" lines of GitHub Actions
 *
 * Nothing for an answer that is good. %, CR and LF are escaped, so that nobody else's words become
 * a command.
 * source : GitHub, "Workflow commands for GitHub Actions"
 */
void report_gate_annotations(struct text *out, const struct gate_result *result);

/* report_gate_ctest - a CTestMeasurement element for the ratio and the upper bound of each metric
 * source : CTest, "Additional Test Measurements" */
void report_gate_ctest(struct text *out, const struct gate_result *result);

/* report_gate_junit - a suite with a case for each metric, one for integrity,
 * one for comparability */
int report_gate_junit(FILE *out, const struct gate_result *result, struct err *err);

/* ---- parts, for the writers above ---- */

#define GATE_LINE_BYTES 256

/* gate_words_name - "spawn_time p50", with several batch sizes "spawn_time p50, 10 agents", against
 * a stored baseline with the arm in front */
const char *gate_words_name(char out[GATE_LINE_BYTES], const struct gate_result *result,
                            size_t item);

/* gate_words_ratio - "1.003x [0.997 .. 1.010]" */
const char *gate_words_ratio(char out[GATE_LINE_BYTES], const struct gate_item *item);

/* gate_words_levels - "99/95 %": of the lower bound and of the upper one */
const char *gate_words_levels(char out[GATE_LINE_BYTES], const struct gate_result *result);

/* gate_words_worth - "n 50, worth 48" */
const char *gate_words_worth(char out[GATE_LINE_BYTES], const struct gate_item *item);

/* gate_words_said - "no regression above 5 % (would have seen 6.2 %)",
 * and for what is not decided what would help */
const char *gate_words_said(char out[GATE_LINE_BYTES], const struct gate_result *result,
                            const struct gate_item *item);

/* gate_words_marks - the marks, each a line with `before` in front, made safe like that */
void gate_words_marks(struct text *out, const char *before, const struct gate_result *result,
                      void (*safe)(struct text *out, const char *line));

/* ---- history_*.c ---- */

/* report_history - every run, series by series, with the steps between them; colour as asked */
void report_history(FILE *out, const struct history *history, bool colour);

/* report_history_json - one scenario of schema spawnbench.history.v1; the caller owns it */
cJSON *report_history_json(const struct history *history);

/*
 * report_history_figure - FOLDER/BASE.svg, beside it BASE.dat and BASE.gp to draw it again
 *
 * At most REPORT_HISTORY_PANELS series are drawn, the first ones.
 * path    : ends in ".svg"
 * trouble : REPORT_TROUBLE_BYTES; why there is no picture, "" when there is; data and script are
 *           there all the same
 * errors  : ERR_USAGE (the name), ERR_SYSTEM (the folder)
 */
#define REPORT_HISTORY_PANELS 6
#define REPORT_TROUBLE_BYTES  300
int report_history_figure(const char *path, const struct history *history, char *trouble,
                          struct err *err);

#endif
