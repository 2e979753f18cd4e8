/* record - what becomes of agents, brought into the store; what the store refuses, brought to the
 * agents.
 *
 * An agent that could not be recorded is not ready: any error here makes the whole batch `broken`,
 * all its agents failed with the database's words, and the caller ends them.
 */
#ifndef SPAWNER_RECORD_H
#define SPAWNER_RECORD_H

#include <stdbool.h>

#include "spawner/batch.h"
#include "store/store.h"

/* Beyond a batch's deadline its records may still wait that long for locks of others: who waits for
 * an answer must not take us for hanging. */
#define RECORD_GRACE_NS INT64_C(1000000000)

/* record_starting - each: insert the row before the start;
 * agent->start_ns is set. -1: batch broken */
int record_starting(struct store *store, struct batch *batch, struct agent *agent);

/* record_ready - each: update the row of an agent that is ready; sets recorded_ns */
int record_ready(struct batch *batch, struct agent *agent);

/* record_spawned - what is not yet recorded of the batch; sets recorded_ns. -1: batch broken
 *
 *     batch   all rows in one transaction
 *     each    the rows of those that did not stay ready, one by one */
int record_spawned(struct store *store, struct batch *batch, bool each);

/* record_finished - outputs, verdict and completion in one transaction; errors: ERR_SYSTEM */
int record_finished(struct store *store, const struct batch *batch,
                    const struct store_verdict *verdict, struct err *err);

/* record_interrupted - the spawner goes away with this batch alive; errors are told on stderr */
void record_interrupted(struct store *store, const struct batch *batch);

#endif
