/* history_tell - a history of runs for people and for programs: terminal, JSON, one figure.
 *
 * Normal use: history_load, then one of these. The same history gives the same bytes.
 */
#ifndef REPORT_HISTORY_TELL_H
#define REPORT_HISTORY_TELL_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "trend/history/history.h"

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
