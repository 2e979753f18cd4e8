/* spawner - starts batches of agents, sees them ready, records them, gives them a prompt, ends
 * them.
 *
 * Normal use: spawner_open, then for each batch fill a `struct batch` (batch.h), spawner_spawn,
 * answer, spawner_finish, answer; spawner_close at the end, which leaves no agent behind.
 *
 *     spawner_spawn    start      sequential.c: one at a time      parallel.c: all at once
 *         |            watch      ready? dead? flooding? late?     (watch.c)
 *         |            end        those that failed, or everyone
 *         v            record     each: a transaction at each step; batch: one for all
 *     spawner_finish   prompt in, output back, reaped, voted on, recorded at once (finish.c)
 *
 * What must add up: agents = ready + failed + cancelled + timed_out; a batch is in the registry
 * exactly while its rows say 'ready'.
 */
#ifndef SPAWNER_SPAWNER_H
#define SPAWNER_SPAWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "spawner/batch.h"
#include "spawner/watch.h"
#include "store/store.h"

struct spawner;

/* How a batch is started and recorded while it starts; the modes differ in nothing else. Leaves
 * every agent of the batch with a stage; those it did not get ready have an outcome or are still
 * starting. */
typedef void spawner_start(struct spawner *spawner, struct batch *batch);
spawner_start sequential_start;
spawner_start parallel_start;

enum spawner_record {
    SPAWNER_RECORD_EACH, /* the original: open, schema, insert, update, close for every agent */
    SPAWNER_RECORD_BATCH /* one connection, one transaction for the batch */
};

struct spawner {
    spawner_start *start;
    enum spawner_record record;
    struct watch watch;
    struct store *store;      /* NULL until "open" */
    struct batch *registry;   /* live batches, newest first */
    struct store_waits waits; /* of the store, once it is closed */
};

/* spawner_open - errors: ERR_SYSTEM; call once per process (child_prepare) */
int spawner_open(struct spawner *out, spawner_start *start, enum spawner_record record,
                 struct err *err);

/*
 * spawner_spawn - start a batch, see it ready and recorded
 *
 * batch   : filled as asked; its agents get outcome, times and error. Taken when it is registered
 *           (batch->registered: agents are alive and recorded); otherwise the caller frees it.
 * returns : 0; what went wrong with agents or database is told in their outcome and error
 */
void spawner_spawn(struct spawner *spawner, struct batch *batch);

/* spawner_find - the live batch of that number, or NULL; borrowed */
struct batch *spawner_find(const struct spawner *spawner, int64_t number);

/*
 * spawner_finish - prompt to all ready agents, their answers collected and recorded, nothing left
 *
 * batch     : from spawner_find; afterwards out of the registry, the caller's (batch_free). After
 *             an error it stays registered, its agents already gone, and may be finished again
 * prompt    : may be empty
 * consensus : vote and store outputs; batch->verdict tells
 * errors    : ERR_SYSTEM from the database
 */
int spawner_finish(struct spawner *spawner, struct batch *batch, const char *prompt, bool consensus,
                   struct err *err);

/* spawner_close - end and reap what lives, mark it 'interrupted', close the store, keep and tell
 * (on stderr) what waiting for other writers cost */
void spawner_close(struct spawner *spawner);

/* ---- for the modes and finish.c ---- */

/* spawner_begin_agent - record (each) and start one agent; -1 when the batch cannot go on */
int spawner_begin_agent(struct spawner *spawner, struct batch *batch, struct agent *agent);

/* spawner_must_stop - it failed (cancel), is broken or late, or we were told to stop */
bool spawner_must_stop(const struct spawner *spawner, const struct batch *batch);

/* spawner_await - until these agents are ready, the batch failed, or it is too late; records (each)
 * those that become ready */
void spawner_await(struct spawner *spawner, struct batch *batch, struct agent *agents,
                   size_t count);

/* spawner_end_agents - SIGTERM, a grace, SIGKILL, reaped:
 * agents of the batch with that outcome, or all when -1 */
void spawner_end_agents(struct spawner *spawner, struct batch *batch, int outcome);

/* spawner_remove - out of the registry; the caller's again */
void spawner_remove(struct spawner *spawner, struct batch *batch);

#endif
