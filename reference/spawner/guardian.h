/* guardian - ends what agents leave: daemons at the end of their batch, everything after our own
 * SIGKILL.
 *
 * Normal use: guardian_start once, before anything else is started or opened; the mark of a batch
 * in the environment of its agents; guardian_sweep when they are reaped; guardian_stop at the end.
 */
#ifndef SPAWNER_GUARDIAN_H
#define SPAWNER_GUARDIAN_H

#include <stdbool.h>

#include "base/err.h"

#define GUARDIAN_VARIABLE   "SPAWNREF_BATCH"
#define GUARDIAN_MARK_BYTES 96

/* guardian_start - what loses its parent comes to us from now on, and a process is there that
 * outlives us. errors: ERR_SYSTEM */
int guardian_start(struct err *err);

/* guardian_mark - a new entry for the environment, "SPAWNREF_BATCH=..." */
void guardian_mark(char out[GUARDIAN_MARK_BYTES]);

/*
 * guardian_sweep - end and reap what the agents of a batch left, which are reaped themselves
 *
 * mark  : of the batch
 * alone : no other batch lives: whatever came to us is of this one, marked or not
 */
void guardian_sweep(const char *mark, bool alone);

void guardian_stop(void);

#endif
