/* history_internal - what the files of history/ share; nobody else includes it. */
#ifndef TREND_HISTORY_HISTORY_INTERNAL_H
#define TREND_HISTORY_HISTORY_INTERNAL_H

#include "trend/history/history.h"

/* points.c: every arm at every batch size of the runs that are in it. scenarios[i] is that of
 * history->runs[i]. */
int points_load(struct history *history, struct results *store, const struct scenario scenarios[],
                const char *arm, struct err *err);

/* steps.c: where does the level of a series change, and which change is still open? */
void steps_find(struct history *history);

/* accept.c: a string of a JSON document, printable; "" when it is not there; the caller frees it */
char *accept_member(const char *document, const char *key);

/* accept.c: which runs were accepted */
int accept_load(struct history *history, struct results *store, struct err *err);

#endif
