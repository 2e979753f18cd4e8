/* Can a second reference store commit at the weak moment of the first one's checkpoint? */
#include "proof/crash/race_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "proof/crash/scratch.h"
#include "proof/crash/shim.h"
#include "store/store_internal.h"

#define AGENTS      3
#define PATIENCE_NS CLOCK_NS_PER_MS

/* Two spawners on one database, both played by this thread. */
struct pair {
    struct store *checkpointer, *other; /* other: NULL when there is but one */
    bool each;
    int inside, batch;
    size_t rows; /* acknowledged */
    struct race_tally *tally;
};

static int record_each(struct store *store, int batch, const struct store_agent *agent,
                       struct err *err)
{
    const struct store_agent starting = scratch_starting(agent);
    struct store_each *each = NULL;
    if (store_each_begin(&each, store, batch, &starting, err) < 0)
        return -1;
    return store_each_end(each, agent, err);
}

static int record(struct pair *pair, struct store *store, struct err *err)
{
    struct store_agent agents[AGENTS];
    char ids[AGENTS][SCRATCH_ID_BYTES];
    int rc = 0, done = 0;
    pair->batch++;
    scratch_agents(agents, ids, pair->batch, AGENTS);
    if (!pair->each) {
        rc = store_record_batch(store, pair->batch, agents, AGENTS, err);
        done = rc == 0 ? AGENTS : 0;
    }
    while (pair->each && done < AGENTS && rc == 0) {
        rc = record_each(store, pair->batch, &agents[done], err);
        done += rc == 0;
    }
    pair->rows += (size_t)done;
    return rc;
}

/* Who has the turn waits for us to return: to wait for it longer would only take longer. */
static void at_the_moment(void *of)
{
    struct pair *pair = of;
    struct store *store = pair->other ? pair->other : pair->checkpointer;
    struct err err = {0};
    pair->tally->moments++;
    store_be_patient(store, clock_now_ns() + PATIENCE_NS);
    if (record(pair, store, &err) == 0)
        pair->tally->made++;
    else if (strstr(err.text, "another spawner has been writing"))
        pair->tally->refused++;
    store_be_patient(store, INT64_MAX);
}

static int tidy(struct store *store, struct err *err)
{
    store->wal_pages = 1 << 30; /* too long by any measure: it does what it always does */
    return store_tidy(store, err);
}

static int play(struct pair *pair, const int commits[3], struct err *err)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < commits[0]; i++)
        rc = record(pair, pair->checkpointer, err);
    if (rc == 0 && pair->other)
        rc = record(pair, pair->other, err); /* so that the checkpointer has a header to read */
    if (rc == 0)
        rc = tidy(pair->checkpointer, err);
    for (int i = 0; rc == 0 && i < commits[1]; i++) {
        shim_at_unfetch(at_the_moment, pair);
        rc = tidy(pair->checkpointer, err);
        shim_at_unfetch(NULL, NULL);
    }
    for (int i = 0; rc == 0 && i < commits[2]; i++)
        rc = record(pair, i % 2 && pair->other ? pair->other : pair->checkpointer, err);
    return rc;
}

int race_store(struct race_tally *tally, enum race_way way, const char *path, const int commits[3],
               struct err *err)
{
    struct pair pair = {.each = way == RACE_STORE_EACH, .tally = tally};
    int rc;
    shim_stand_in(true);
    rc = store_open(&pair.checkpointer, path, true, "first", err);
    if (rc == 0 && way != RACE_ONE_CONNECTION)
        rc = store_open(&pair.other, path, true, "second", err);
    if (rc == 0)
        rc = play(&pair, commits, err);
    store_close(pair.other);
    store_close(pair.checkpointer);
    shim_stand_in(false);
    if (rc == 0)
        race_audit(tally, path, pair.rows, "SELECT 1 FROM agent_executions NOT INDEXED", false);
    return rc;
}
