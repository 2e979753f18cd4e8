/* Do a registry that runs ahead of its database, and transactions that begin too late, go wrong? */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "proof/crash/controls.h"
#include "proof/crash/scratch.h"
#include "proof/crash/shim.h"
#include "proof/crash/states.h"
#include "store/store_internal.h"

/* ---- the registry in memory ---- */

#define BATCHES 3
#define AGENTS  3
#define CALLS   10 /* of each kind, once and for good */

/* As in promises.h, the stair of a batch; here all agents of a batch climb together. */
enum step { ABSENT, READY, COMPLETED };

/* One spawner with a registry. */
struct spawner {
    bool memory_first;
    struct store *store;
    enum step registry[BATCHES];
    bool unknown[BATCHES]; /* its last commit failed: to be read anew after a restart */
};

/* All runs of one habit. */
struct registry_tally {
    size_t runs, differ, differ_though_ok, unknown, acknowledged, missing;
};

static int put(struct spawner *spawner, int batch, enum step step, struct err *err)
{
    const struct store_verdict verdict = {"agreed", "yes", 3, 50};
    struct store_agent agents[AGENTS];
    char ids[AGENTS][SCRATCH_ID_BYTES];
    scratch_agents(agents, ids, batch, AGENTS);
    for (int i = 0; i < AGENTS && step == COMPLETED; i++) {
        agents[i].state = "completed";
        agents[i].completed_ns = 40;
        agents[i].output = "yes";
        agents[i].output_bytes = 3;
    }
    if (!spawner->store)
        return err_set(err, ERR_SYSTEM, "there is no database");
    if (step == READY)
        return store_record_batch(spawner->store, batch, agents, AGENTS, err);
    return store_record_finish(spawner->store, batch, &verdict, agents, AGENTS, err);
}

/* The historic way changes memory and then does not listen; the sound way listens first. */
static void climb(struct spawner *spawner, int batch, enum step step)
{
    struct err err = {0};
    if (spawner->memory_first) {
        spawner->registry[batch] = step;
        put(spawner, batch, step, NULL);
        return;
    }
    if (spawner->registry[batch] != step - 1)
        return; /* what was not recorded is not finished */
    if (put(spawner, batch, step, &err) == 0)
        spawner->registry[batch] = step;
    else
        spawner->unknown[batch] = strstr(err.text, "cannot commit") != NULL;
}

static int count_rows(sqlite3 *database, const char *state, int batch)
{
    char *question = text_format("SELECT count(*) FROM agent_executions WHERE batch = %d AND state"
                                 " IN (%s)",
                                 batch, state);
    int64_t count = store_ask(database, question);
    free(question);
    return count > 0 ? (int)count : 0;
}

/* The process has ended: what does the table say, and what had the registry said? */
static void compare(struct registry_tally *tally, const struct spawner *spawner, const char *path)
{
    sqlite3 *database = NULL;
    bool differs = false;
    sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, shim_behind());
    for (int batch = 0; batch < BATCHES; batch++) {
        int completed = count_rows(database, "'completed'", batch);
        int rows = count_rows(database, "'ready', 'completed', 'interrupted'", batch);
        enum step there = completed == AGENTS ? COMPLETED : rows == AGENTS ? READY : ABSENT;
        tally->acknowledged += spawner->registry[batch] > ABSENT ? AGENTS : 0;
        tally->missing += spawner->registry[batch] > ABSENT ? (size_t)(AGENTS - rows) : 0;
        tally->unknown += spawner->unknown[batch];
        differs |= there != spawner->registry[batch] && !spawner->unknown[batch];
    }
    tally->runs++;
    tally->differ += differs;
    tally->differ_though_ok += differs && strcmp(scratch_integrity(database), "ok") == 0;
    sqlite3_close(database);
}

static bool try_fault(struct registry_tally *tally, const char *path, bool memory_first,
                      const struct shim_fault *fault)
{
    struct spawner spawner = {.memory_first = memory_first};
    bool struck;
    scratch_remove(path);
    shim_stand_in(true);
    shim_fail(fault);
    if (store_open(&spawner.store, path, true, "walk", NULL) < 0)
        spawner.store = NULL;
    for (int batch = 0; batch < BATCHES; batch++) {
        climb(&spawner, batch, READY);
        climb(&spawner, batch, COMPLETED);
    }
    store_close(spawner.store);
    struck = shim_fired() > 0;
    shim_fail(NULL);
    shim_stand_in(false);
    if (struck)
        compare(tally, &spawner, path);
    return struck;
}

/* A failed call once, and all later ones too, spread over the run. */
static void try_calls(struct registry_tally *tally, const char *path, bool memory_first,
                      struct shim_fault fault)
{
    uint64_t step = 1;
    for (uint64_t nth = 1, tries = 0; tries < CALLS; nth += step, tries++) {
        fault.nth = nth;
        fault.sticky = false;
        if (!try_fault(tally, path, memory_first, &fault))
            break;
        fault.sticky = true;
        try_fault(tally, path, memory_first, &fault);
        step += fault.call == SHIM_WRITE; /* there are many of them */
    }
}

static void describe_registry(struct control_outcome *out, const struct registry_tally *tally)
{
    out->damaged = tally->differ > 0;
    out->acknowledged = tally->acknowledged;
    out->lost = tally->missing;
    out->integrity = tally->differ == tally->differ_though_ok ? "ok" : "both";
    if (tally->differ == 0)
        snprintf(out->text, sizeof out->text,
                 "registry and table agree in all of %zu runs with a fault, %zu agents recorded; "
                 "%zu commits that failed were read anew",
                 tally->runs, tally->acknowledged, tally->unknown);
    else
        snprintf(out->text, sizeof out->text,
                 "registry and table differ in %zu of %zu runs with a fault, integrity_check ok in "
                 "%zu of these; %zu of %zu agents in the registry have no row",
                 tally->differ, tally->runs, tally->differ_though_ok, tally->missing,
                 tally->acknowledged);
}

int control_registry(struct control_outcome *out, const char *way,
                     const struct control_setting *setting, struct err *err)
{
    static const struct shim_fault faults[] = {
        {.call = SHIM_WRITE, .how = SHIM_REFUSE, .code = SQLITE_FULL},
        {.call = SHIM_WRITE, .how = SHIM_SHORT, .code = SQLITE_IOERR_WRITE},
        {.call = SHIM_SYNC, .how = SHIM_REFUSE, .code = SQLITE_IOERR_FSYNC},
    };
    char *path = text_format("%s/registry.sqlite", setting->folder);
    struct registry_tally tally = {0};
    if (shim_register(err) < 0) {
        free(path);
        return -1;
    }
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        try_calls(&tally, path, strcmp(way, "memory first") == 0, faults[i]);
    scratch_remove(path);
    free(path);
    describe_registry(out, &tally);
    return 0;
}

/* ---- transactions of two writers ---- */

#define ROUNDS 200

/* Two connections that each add one to the same number. */
struct pair {
    sqlite3 *one, *two;
    sqlite3 *holds; /* has a transaction open that a waiting one must outwait */
    int held;       /* the number it has read */
    size_t acknowledged, busy, waits;
};

static int read_number(sqlite3 *database)
{
    return (int)store_ask(database, "SELECT n FROM counter");
}

/* Within a transaction: what follows from `seen` is written and committed. */
static void write_number(struct pair *pair, sqlite3 *database, int seen)
{
    char text[64];
    int rc;
    snprintf(text, sizeof text, "UPDATE counter SET n = %d", seen + 1);
    rc = scratch_execute(database, text);
    if (rc == SQLITE_OK)
        rc = scratch_execute(database, "COMMIT");
    if (rc != SQLITE_OK)
        scratch_execute(database, "ROLLBACK");
    pair->acknowledged += rc == SQLITE_OK;
    pair->busy += rc == SQLITE_BUSY;
}

/* Who waits lets the other one finish: one thread plays both. */
static int wait_for_lock(void *of, int tries)
{
    struct pair *pair = of;
    sqlite3 *holds = pair->holds;
    (void)tries;
    pair->waits++;
    pair->holds = NULL;
    if (holds)
        write_number(pair, holds, pair->held);
    return holds != NULL;
}

static void add_deferred(struct pair *pair)
{
    int seen_one, seen_two;
    scratch_execute(pair->one, "BEGIN");
    scratch_execute(pair->two, "BEGIN");
    seen_one = read_number(pair->one);
    seen_two = read_number(pair->two);
    write_number(pair, pair->one, seen_one);
    write_number(pair, pair->two, seen_two);
}

/* `apart`: the second reads only when the first has written. */
static void add_outside(struct pair *pair, bool apart)
{
    int seen_one = read_number(pair->one), seen_two = read_number(pair->two);
    scratch_execute(pair->one, "BEGIN IMMEDIATE");
    write_number(pair, pair->one, seen_one);
    if (apart)
        seen_two = read_number(pair->two);
    scratch_execute(pair->two, "BEGIN IMMEDIATE");
    write_number(pair, pair->two, seen_two);
}

static void add_immediate(struct pair *pair)
{
    int rc = scratch_execute(pair->one, "BEGIN IMMEDIATE");
    pair->busy += rc == SQLITE_BUSY;
    pair->held = read_number(pair->one);
    pair->holds = pair->one;
    rc = scratch_execute(pair->two, "BEGIN IMMEDIATE"); /* waits, see above */
    if (rc == SQLITE_OK)
        write_number(pair, pair->two, read_number(pair->two));
    pair->busy += rc == SQLITE_BUSY;
}

static int open_pair(struct pair *pair, const char *path, struct err *err)
{
    static const char setup[] = "PRAGMA journal_mode = WAL; CREATE TABLE counter (n INTEGER);"
                                " INSERT INTO counter VALUES (0)";
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    if (sqlite3_open_v2(path, &pair->one, flags, NULL) != SQLITE_OK ||
        scratch_execute(pair->one, setup) != SQLITE_OK ||
        sqlite3_open_v2(path, &pair->two, flags, NULL) != SQLITE_OK)
        return err_set(err, ERR_SYSTEM, "cannot open '%s': %s", path, sqlite3_errmsg(pair->one));
    sqlite3_busy_handler(pair->one, wait_for_lock, pair);
    sqlite3_busy_handler(pair->two, wait_for_lock, pair);
    return 0;
}

static void run_rounds(struct pair *pair, const char *way, uint64_t random)
{
    for (int i = 0; i < ROUNDS; i++)
        if (strcmp(way, "deferred") == 0)
            add_deferred(pair);
        else if (strcmp(way, "outside") == 0)
            add_outside(pair, states_random(&random) & 1);
        else
            add_immediate(pair);
}

int control_transactions(struct control_outcome *out, const char *way,
                         const struct control_setting *setting, struct err *err)
{
    char *path = text_format("%s/counter.sqlite", setting->folder);
    struct pair pair = {0};
    size_t there = 0;
    int rc;
    scratch_remove(path);
    rc = open_pair(&pair, path, err);
    if (rc == 0) {
        run_rounds(&pair, way, setting->seed);
        there = (size_t)read_number(pair.one);
        out->integrity = scratch_integrity(pair.one);
    }
    sqlite3_close(pair.two);
    sqlite3_close(pair.one);
    scratch_remove(path);
    free(path);
    out->acknowledged = pair.acknowledged;
    out->lost = pair.acknowledged - there;
    out->damaged = out->lost > 0 || pair.busy > 0;
    snprintf(out->text, sizeof out->text,
             "of %d increments %zu acknowledged, %zu of these gone; %zu times BUSY reached the "
             "application; the busy handler was asked %zu times; integrity_check %s",
             2 * ROUNDS, pair.acknowledged, out->lost, pair.busy, pair.waits,
             out->integrity ? out->integrity : "not asked");
    return rc;
}
