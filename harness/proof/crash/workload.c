/* What does a store do to its files during a few batches, and what has it promised at each call? */
#include "proof/crash/workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "proof/crash/plain.h"
#include "proof/crash/scratch.h"
#include "proof/crash/shim.h"
#include "proof/crash/states.h"
#include "store/store_internal.h"

#define AGENTS       3
#define OUTPUT_BYTES 6000 /* more than a page: overflow pages too */

#define SOUND  WORKLOAD_SOUND
#define LOSES  WORKLOAD_LOSES
#define BREAKS WORKLOAD_MUST_BREAK

const struct workload workloads[] = {
    {"store-batch-full", true, "wal", "full", false, 0, false, false, SOUND},
    {"store-batch-full-checkpoint", true, "wal", "full", false, 16, false, false, SOUND},
    {"store-each-full", true, "wal", "full", true, 0, false, false, SOUND},
    {"store-each-full-checkpoint", true, "wal", "full", true, 16, false, false, SOUND},
    {"store-batch-full-spill", true, "wal", "full", false, 16, false, true, SOUND},
    {"store-batch-normal", true, "wal", "normal", false, 0, false, false, LOSES},
    {"store-batch-normal-checkpoint", true, "wal", "normal", false, 16, false, false, LOSES},
    {"store-each-normal", true, "wal", "normal", true, 0, false, false, LOSES},
    {"store-each-normal-checkpoint", true, "wal", "normal", true, 16, false, false, LOSES},
    {"store-batch-normal-spill", true, "wal", "normal", false, 16, false, true, LOSES},
    {"control-store-on-a-lying-disk", true, "wal", "full", false, 16, true, false, BREAKS},
    {"control-wal-off", false, "wal", "off", false, 16, false, false, BREAKS},
    {"control-delete-normal", false, "delete", "normal", false, 0, false, false, BREAKS},
    {"sqlite-delete-full", false, "delete", "full", false, 0, false, false, LOSES},
    {"sqlite-delete-extra", false, "delete", "extra", false, 0, false, false, SOUND},
    {NULL, false, NULL, NULL, false, 0, false, false, SOUND},
};

/* One run being recorded. */
struct session {
    struct workload_run *run;
    const struct workload *workload;
    char *path;
    struct store *store;
    struct plain *plain;
    uint64_t random;
    unsigned char output[OUTPUT_BYTES];
};

/* A batch's rows and the memory of their strings. */
struct rows {
    struct store_agent agents[AGENTS];
    char ids[AGENTS][SCRATCH_ID_BYTES];
};

/* ---- what is acknowledged ---- */

static int read_content(const char *path, uint64_t *digest, struct err *err)
{
    sqlite3 *database = NULL;
    int rc = sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, shim_behind());
    if (rc == SQLITE_OK)
        rc = check_digest(database, digest);
    if (rc != SQLITE_OK)
        err_set(err, ERR_SYSTEM, "cannot read '%s' beside the workload: %s", path,
                sqlite3_errmsg(database));
    sqlite3_close(database);
    return rc == SQLITE_OK ? 0 : -1;
}

static void add_prefix(struct check_prefixes *prefixes, uint64_t digest)
{
    prefixes->digests =
        xrealloc(prefixes->digests, prefixes->count + 1, sizeof prefixes->digests[0]);
    prefixes->digests[prefixes->count++] = digest;
}

/* A transaction has returned. Its content is read before the next one begins. */
static int acknowledge(struct session *session, int rc, struct err *err)
{
    uint64_t digest;
    if (rc < 0 || read_content(session->path, &digest, err) < 0)
        return -1;
    add_prefix(&session->run->prefixes, digest);
    session->run->log.acknowledged = (int)session->run->prefixes.count - 1;
    return 0;
}

static int note_emptiness(struct check_prefixes *prefixes, struct err *err)
{
    sqlite3 *database = NULL;
    uint64_t digest = 0;
    int rc = sqlite3_open(":memory:", &database);
    if (rc == SQLITE_OK)
        rc = check_digest(database, &digest);
    sqlite3_close(database);
    if (rc != SQLITE_OK)
        return err_set(err, ERR_SYSTEM, "cannot open a database in memory");
    add_prefix(prefixes, digest);
    return 0;
}

/* ---- the work ---- */

static void fill(struct session *session, struct rows *rows, int batch)
{
    scratch_agents(rows->agents, rows->ids, batch, AGENTS);
    for (int i = 0; i < AGENTS; i++) {
        bool large = states_random(&session->random) % 8 == 0;
        rows->agents[i].output_bytes =
            states_random(&session->random) % (large ? OUTPUT_BYTES : 300);
        rows->agents[i].output = session->output;
        rows->agents[i].spawned_ns = 1000000LL * batch + 10;
        rows->agents[i].ready_ns = 1000000LL * batch + 20 + i;
    }
}

static int begin_each(struct session *session, int batch, const struct store_agent *agent,
                      struct store_each **out, struct err *err)
{
    const struct store_agent starting = scratch_starting(agent);
    return acknowledge(session, store_each_begin(out, session->store, batch, &starting, err), err);
}

static int end_each(struct session *session, struct store_each **each,
                    const struct store_agent *agent, struct err *err)
{
    struct store_each *ours = *each;
    *each = NULL;
    return acknowledge(session, store_each_end(ours, agent, err), err);
}

/* Odd batches start all before the first is ready, even ones one after another. */
static int record_each(struct session *session, int batch, const struct rows *rows, struct err *err)
{
    struct store_each *each[AGENTS] = {NULL};
    int rc = 0;
    for (int i = 0; rc == 0 && i < AGENTS; i++) {
        rc = begin_each(session, batch, &rows->agents[i], &each[i], err);
        if (rc == 0 && batch % 2 == 0)
            rc = end_each(session, &each[i], &rows->agents[i], err);
    }
    for (int i = 0; i < AGENTS; i++)
        if (each[i] && rc == 0)
            rc = end_each(session, &each[i], &rows->agents[i], err);
        else
            store_each_end(each[i], NULL, NULL);
    return rc;
}

static int record(struct session *session, int batch, const struct rows *rows, struct err *err)
{
    if (session->plain)
        return acknowledge(session, plain_record(session->plain, batch, rows->agents, AGENTS, err),
                           err);
    if (session->workload->each)
        return record_each(session, batch, rows, err);
    return acknowledge(session,
                       store_record_batch(session->store, batch, rows->agents, AGENTS, err), err);
}

/* Every fourth batch has no consensus, so no outputs. */
static int finish(struct session *session, int batch, struct rows *rows, struct err *err)
{
    const struct store_verdict verdict = {.verdict = batch % 4 == 3 ? NULL : "agreed",
                                          .answer = "yes",
                                          .votes = 2,
                                          .decided_ns = 1000000LL * batch + 50};
    int rc;
    for (int i = 0; i < AGENTS; i++) {
        rows->agents[i].state = "completed";
        rows->agents[i].completed_ns = 1000000LL * batch + 40 + i;
    }
    if (session->plain)
        rc = plain_finish(session->plain, batch, &verdict, rows->agents, AGENTS, err);
    else
        rc = store_record_finish(session->store, batch, &verdict, rows->agents, AGENTS, err);
    return acknowledge(session, rc, err);
}

/* The store tidies as it always does, only that its log counts as too long much earlier. */
static int tidy(struct session *session, struct err *err)
{
    struct store *store = session->store;
    if (session->workload->checkpoint_pages == 0 ||
        store->wal_pages < session->workload->checkpoint_pages)
        return 0;
    store->wal_pages = 1 << 30;
    return store_tidy(store, err);
}

static int do_batch(struct session *session, int batch, struct err *err)
{
    struct rows rows;
    fill(session, &rows, batch);
    if (record(session, batch, &rows, err) < 0 || finish(session, batch, &rows, err) < 0)
        return -1;
    if (session->store)
        return tidy(session, err);
    return batch % 5 != 4 ? 0
                          : acknowledge(session, plain_purge(session->plain, batch - 2, err), err);
}

/* So few pages that a batch does not fit. */
static int shrink_cache(struct session *session, struct err *err)
{
    if (!session->workload->spill)
        return 0;
    return store_execute(session->store->database, "PRAGMA cache_size = 2", "cannot shrink it",
                         err);
}

static int check_spill(const struct session *session, struct err *err)
{
    int spilled = 0, highest = 0;
    if (!session->workload->spill)
        return 0;
    sqlite3_db_status(session->store->database, SQLITE_DBSTATUS_CACHE_SPILL, &spilled, &highest, 0);
    return spilled > 0 ? 0 : err_set(err, ERR_INTERNAL, "no transaction was larger than the cache");
}

static int open_session(struct session *session, struct err *err)
{
    const struct workload *workload = session->workload;
    int rc;
    if (workload->store)
        rc = store_open(&session->store, session->path, strcmp(workload->sync, "full") == 0, "walk",
                        err);
    else
        rc = plain_open(&session->plain, session->path, workload->journal, workload->sync,
                        workload->checkpoint_pages, err);
    return acknowledge(session, rc, err);
}

static int work(struct session *session, int batches, struct err *err)
{
    int rc = open_session(session, err);
    if (rc == 0)
        rc = shrink_cache(session, err);
    for (int batch = 1; rc == 0 && batch <= batches; batch++)
        rc = do_batch(session, batch, err);
    if (rc == 0)
        rc = check_spill(session, err);
    store_close(session->store);
    plain_close(session->plain);
    return rc;
}

int workload_record(struct workload_run *out, const struct workload *workload, const char *folder,
                    int batches, uint64_t seed, struct err *err)
{
    const struct shim_fault lie = {.call = SHIM_SYNC, .how = SHIM_LIE, .nth = 1, .sticky = true};
    struct session session = {.run = out, .workload = workload, .random = seed};
    int rc;
    *out = (struct workload_run){0};
    if (shim_register(err) < 0 || note_emptiness(&out->prefixes, err) < 0)
        return -1;
    for (size_t i = 0; i < sizeof session.output; i++)
        session.output[i] = (unsigned char)states_random(&session.random);
    session.path = text_format("%s/work.sqlite", folder);
    scratch_remove(session.path);
    scratch_randomness(seed);
    shim_fail(workload->lying_sync ? &lie : NULL);
    shim_record(&out->log);
    shim_stand_in(true);
    rc = work(&session, batches, err);
    shim_stand_in(false);
    shim_record(NULL);
    shim_fail(NULL);
    scratch_remove(session.path);
    free(session.path);
    return rc < 0 ? err_wrap(err, "workload '%s'", workload->name) : 0;
}

void workload_release(struct workload_run *run)
{
    log_release(&run->log);
    free(run->prefixes.digests);
    *run = (struct workload_run){0};
}
