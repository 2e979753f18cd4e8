/* What does the store do while a fault may strike, and what is left of it afterwards? */
#include "proof/crash/crash_trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "proof/crash/disk.h"
#include "proof/crash/scratch.h"
#include "proof/crash/shim.h"
#include "proof/crash/states.h"
#include "store/store_internal.h"

#define KILLS 3 /* states audited in each run */

/* ---- one transaction ---- */

static void remember(struct trial *trial)
{
    struct trial_history *history = &trial->history;
    history->moments = xrealloc(history->moments, history->count + 1, sizeof history->moments[0]);
    history->moments[history->count] = trial->now;
    trial->log.acknowledged = (int)history->count++;
}

static void intend(struct trial *trial, int batch, int first, int count, enum promises_step step)
{
    promises_intend(&trial->now, batch, first, count, step);
    remember(trial);
}

/* A transaction of its own ends within its only statement: then any error may be the commit's. */
static int settle(struct trial *trial, int batch, int first, int count, int rc,
                  const struct err *err)
{
    enum promises_answer answer = PROMISES_YES;
    if (rc < 0) {
        bool commit = trial->mode->each || strstr(err->text, "cannot commit");
        answer = commit ? PROMISES_UNKNOWN : PROMISES_NO;
        trial->tally->unknown += commit;
        trial->tally->refused += !commit;
        trial->told = true;
    }
    promises_settle(&trial->now, batch, first, count, answer);
    remember(trial);
    return rc;
}

/* ---- the work ---- */

static int record_agent(struct trial *trial, int batch, int i, const struct store_agent *ready)
{
    const struct store_agent starting = scratch_starting(ready);
    struct store_each *each = NULL;
    struct err err = {0};
    int rc;
    intend(trial, batch, i, 1, PROMISES_STARTING);
    rc = store_each_begin(&each, trial->store, batch, &starting, &err);
    if (settle(trial, batch, i, 1, rc, &err) < 0)
        return -1;
    intend(trial, batch, i, 1, PROMISES_READY);
    rc = store_each_end(each, ready, &err);
    return settle(trial, batch, i, 1, rc, &err);
}

static int record(struct trial *trial, int batch, const struct store_agent agents[])
{
    struct err err = {0};
    int rc = 0;
    if (!trial->mode->each) {
        intend(trial, batch, 0, PROMISES_AGENTS, PROMISES_READY);
        rc = store_record_batch(trial->store, batch, agents, PROMISES_AGENTS, &err);
        return settle(trial, batch, 0, PROMISES_AGENTS, rc, &err);
    }
    for (int i = 0; rc == 0 && i < PROMISES_AGENTS; i++)
        rc = record_agent(trial, batch, i, &agents[i]);
    return rc;
}

static int finish(struct trial *trial, int batch, struct store_agent agents[])
{
    const struct store_verdict verdict = {"agreed", "yes", 2, 50};
    struct err err = {0};
    int rc;
    for (int i = 0; i < PROMISES_AGENTS; i++) {
        agents[i].state = "completed";
        agents[i].completed_ns = 40;
    }
    intend(trial, batch, 0, PROMISES_AGENTS, PROMISES_COMPLETED);
    rc = store_record_finish(trial->store, batch, &verdict, agents, PROMISES_AGENTS, &err);
    if (rc < 0 && trial->mode->each && !strstr(err.text, "cannot commit")) {
        /* `finish` is one transaction in every mode, so here a refusal is one */
        trial->told = true;
        trial->tally->refused++;
        promises_settle(&trial->now, batch, 0, PROMISES_AGENTS, PROMISES_NO);
        remember(trial);
        return -1;
    }
    return settle(trial, batch, 0, PROMISES_AGENTS, rc, &err);
}

int trial_batch(struct trial *trial, int batch)
{
    static const char output[700] = "an output";
    struct store_agent agents[PROMISES_AGENTS];
    char ids[PROMISES_AGENTS][SCRATCH_ID_BYTES];
    scratch_agents(agents, ids, batch, PROMISES_AGENTS);
    for (int i = 0; i < PROMISES_AGENTS; i++) {
        agents[i].output = output;
        agents[i].output_bytes = sizeof output;
    }
    return record(trial, batch, agents) < 0 || finish(trial, batch, agents) < 0 ? -1 : 0;
}

static void tidy(struct trial *trial)
{
    struct store *store = trial->store;
    if (trial->mode->checkpoint_pages == 0 || store->wal_pages < trial->mode->checkpoint_pages)
        return;
    store->wal_pages = 1 << 30; /* too long by any measure: the store does what it always does */
    if (store_tidy(store, NULL) < 0)
        trial->told = true;
}

void trial_work(struct trial *trial)
{
    remember(trial);
    if (store_open(&trial->store, trial->path, trial->mode->full, "walk", NULL) < 0) {
        trial->told = true;
        return;
    }
    for (int batch = 1; batch <= TRIAL_BATCHES; batch++) {
        trial_batch(trial, batch);
        tidy(trial);
    }
}

/* ---- what became of it ---- */

static void note(struct injected_tally *tally, const char *when, const char *why)
{
    if (tally->bad++ == 0)
        snprintf(tally->why, sizeof tally->why, "%s: %s", when, why);
}

void trial_audit(struct trial *trial, const char *when)
{
    sqlite3 *database = NULL;
    char why[SCRATCH_WHY_BYTES] = "cannot open it";
    int present = -1;
    if (sqlite3_open_v2(trial->path, &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                        shim_behind()) == SQLITE_OK)
        present = promises_audit(database, &trial->now, why);
    sqlite3_close(database);
    if (present < 0)
        note(trial->tally, when, why);
    else
        trial->tally->present += (size_t)present;
}

/* None of the agents that were alive when it ended is called alive any more. */
static void audit_reconciled(struct trial *trial)
{
    sqlite3 *database = NULL;
    int64_t alive = -1;
    if (sqlite3_open_v2(trial->path, &database, SQLITE_OPEN_READWRITE, shim_behind()) == SQLITE_OK)
        alive = store_ask(database, "SELECT count(*) FROM agent_executions"
                                    " WHERE state IN ('starting', 'ready')");
    sqlite3_close(database);
    if (alive != 0)
        note(trial->tally, "after recovery", "agents that are gone are recorded as alive");
}

/* The fault is over: what was interrupted is told, and a batch goes well. */
void trial_recover(struct trial *trial)
{
    struct err err = {0};
    trial->store = NULL;
    if (store_open(&trial->store, trial->path, trial->mode->full, "walk", &err) < 0)
        note(trial->tally, "it does not open when the fault is over", err.text);
    else if (trial_batch(trial, TRIAL_HEALTHY) < 0)
        note(trial->tally, "no healthy batch when the fault is over", "it was refused");
    store_close(trial->store);
    trial_audit(trial, "after recovery");
    audit_reconciled(trial);
}

/* The store itself opens what the killed process left. */
static void revive(struct trial *trial, const struct states *states, struct disk *disk, int moment)
{
    struct trial next = {
        .mode = trial->mode, .tally = trial->tally, .now = trial->history.moments[moment]};
    char *folder = text_format("%s-killed", trial->path);
    struct err err = {0};
    next.path = text_format("%s/state.sqlite", folder);
    states_build(disk, states, STATES_KILLED, 0, 0);
    if (disk_save(disk, folder, &err) < 0)
        note(trial->tally, "a state could not be written", err.text);
    else
        trial_recover(&next);
    scratch_remove(next.path);
    rmdir(folder);
    log_release(&next.log);
    free(next.history.moments);
    free(next.path);
    free(folder);
}

static void audit_state(struct trial *trial, const struct states *states, struct disk *disk,
                        bool revived)
{
    size_t at = states_at(states);
    int moment = at < trial->log.count ? trial->log.ops[at].acknowledged : trial->log.acknowledged;
    sqlite3 *database = NULL;
    char why[SCRATCH_WHY_BYTES] = "cannot open it", when[64];
    bool sound = false;
    states_build(disk, states, STATES_KILLED, 0, 0);
    if (disk_open(&database, disk) == SQLITE_OK)
        sound = promises_audit(database, &trial->history.moments[moment], why) >= 0;
    disk_close(database);
    trial->tally->killed++;
    snprintf(when, sizeof when, "killed before call %zu", at);
    if (!sound)
        note(trial->tally, when, why);
    else if (revived)
        revive(trial, states, disk, moment);
}

/* The process is killed in this run: at its end, before it closes, and at some calls before. */
void trial_audit_kills(struct trial *trial, uint64_t seed)
{
    struct states *states = states_new(&trial->log);
    struct disk disk = {0};
    size_t count = trial->log.count;
    for (size_t i = 0; i < KILLS; i++) {
        size_t at = i + 1 == KILLS
                        ? count
                        : (i * count + states_random(&seed) % (count ? count : 1)) / (KILLS - 1);
        while (states_at(states) < at && states_advance(states))
            continue;
        audit_state(trial, states, &disk, i == 1);
    }
    states_free(states);
    disk_release(&disk);
}

/* ---- the whole of it ---- */

struct trial trial_new(const struct injected_mode *mode, struct injected_tally *tally,
                       const char *folder)
{
    struct trial trial = {.mode = mode, .tally = tally, .now = {.whole = !mode->each}};
    trial.path = text_format("%s/faults.sqlite", folder);
    scratch_remove(trial.path);
    return trial;
}

void trial_release(struct trial *trial)
{
    scratch_remove(trial->path);
    log_release(&trial->log);
    free(trial->history.moments);
    free(trial->path);
}
