/* Is what we say we did written down, whole, before we say it? */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "schema_sql.h"
#include "store/store_internal.h"

#define WAL_BYTES_MOST (4 << 20)

const char *const store_sql[STATEMENTS] = {
    [INSERT] =
        "INSERT INTO agent_executions (run, id, batch, name, state, outcome, pid, spawned_ns,"
        " ready_ns, completed_ns, error) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [UPDATE] = "UPDATE agent_executions SET state = ?5, outcome = ?6, pid = ?7, spawned_ns = ?8,"
               " ready_ns = ?9, completed_ns = ?10, error = ?11 WHERE run = ?1 AND id = ?2",
    [COMPLETE] = "UPDATE agent_executions SET state = ?3, completed_ns = ?4, error = ?5"
                 " WHERE run = ?1 AND id = ?2",
    [CONSENSUS] =
        "INSERT INTO consensus_runs (run, batch, verdict, answer, votes, agents, decided_ns)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [OUTPUT] = "INSERT INTO agent_outputs (run, id, batch, output) VALUES (?1, ?2, ?3, ?4)",
};

struct store_each {
    sqlite3 *database;
    struct store *store;
};

/* ---- transactions ---- */

static void bind_text(sqlite3_stmt *row, int at, const char *text)
{
    sqlite3_bind_text(row, at, text, -1, SQLITE_STATIC); /* NULL binds NULL */
}

static void bind_number(sqlite3_stmt *row, int at, int64_t number)
{
    if (number)
        sqlite3_bind_int64(row, at, number);
    else
        sqlite3_bind_null(row, at);
}

/* One row changed, or an error: an UPDATE that finds nothing is one. */
static int step(sqlite3 *database, sqlite3_stmt *row, const char *doing, struct err *err)
{
    int rc = sqlite3_step(row);
    int changed = sqlite3_changes(database);
    if (rc != SQLITE_DONE) {
        store_refuse(err, database, doing);
        sqlite3_reset(row);
        return -1;
    }
    sqlite3_reset(row);
    return changed == 1 ? 0 : err_set(err, ERR_SYSTEM, "%s: its row is missing", doing);
}

static void bind_agent(sqlite3_stmt *row, int64_t batch, const struct store_agent *agent)
{
    bind_text(row, 2, agent->id);
    sqlite3_bind_int64(row, 3, batch); /* UPDATE does not look at 3 and 4 */
    bind_text(row, 4, agent->name);
    bind_text(row, 5, agent->state);
    bind_text(row, 6, agent->outcome);
    bind_number(row, 7, agent->pid);
    sqlite3_bind_int64(row, 8, agent->spawned_ns);
    bind_number(row, 9, agent->ready_ns);
    bind_number(row, 10, agent->completed_ns);
    bind_text(row, 11, agent->error);
}

/* In turn with all other spawners; `end` gives the turn back, whether or not this succeeds. */
static int begin(struct store *store, struct err *err)
{
    if (store->owner != getpid())
        return err_set(err, ERR_SYSTEM,
                       "the database was opened by another process, before a fork");
    if (store_take_turn(store, err) < 0)
        return err_wrap(err, "cannot begin a transaction");
    return store_execute(store->database, "BEGIN IMMEDIATE", "cannot begin a transaction", err);
}

/* COMMIT may fail and leave the transaction open: then nothing of it must stay. */
static int end(struct store *store, int rc, struct err *err)
{
    if (rc == 0)
        rc = store_execute(store->database, "COMMIT", "cannot commit", err);
    if (rc < 0 && !sqlite3_get_autocommit(store->database))
        sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
    writers_unlock(store->writers);
    return rc;
}

static int put_rows(struct store *store, int statement, int64_t batch,
                    const struct store_agent agents[], size_t count, struct err *err)
{
    int rc = begin(store, err);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        bind_agent(store->statements[statement], batch, &agents[i]);
        rc = step(store->database, store->statements[statement], "cannot record an agent", err);
    }
    return end(store, rc, err);
}

int store_record_batch(struct store *store, int64_t batch, const struct store_agent agents[],
                       size_t count, struct err *err)
{
    return put_rows(store, INSERT, batch, agents, count, err);
}

int store_update_batch(struct store *store, const struct store_agent agents[], size_t count,
                       struct err *err)
{
    return put_rows(store, UPDATE, 0, agents, count, err);
}

/* ---- the end of a batch ---- */

static int put_verdict(struct store *store, int64_t batch, const struct store_verdict *verdict,
                       size_t agents, struct err *err)
{
    sqlite3_stmt *row = store->statements[CONSENSUS];
    sqlite3_bind_int64(row, 2, batch);
    bind_text(row, 3, verdict->verdict);
    bind_text(row, 4, verdict->answer);
    sqlite3_bind_int64(row, 5, verdict->votes);
    sqlite3_bind_int64(row, 6, (sqlite3_int64)agents);
    sqlite3_bind_int64(row, 7, verdict->decided_ns);
    return step(store->database, row, "cannot record the consensus", err);
}

static int put_output(struct store *store, int64_t batch, const struct store_agent *agent,
                      struct err *err)
{
    sqlite3_stmt *row = store->statements[OUTPUT];
    bind_text(row, 2, agent->id);
    sqlite3_bind_int64(row, 3, batch);
    sqlite3_bind_blob64(row, 4, agent->output_bytes ? agent->output : "", agent->output_bytes,
                        SQLITE_STATIC);
    return step(store->database, row, "cannot record an output", err);
}

static int put_completed(struct store *store, const struct store_agent *agent, struct err *err)
{
    sqlite3_stmt *row = store->statements[COMPLETE];
    bind_text(row, 2, agent->id);
    bind_text(row, 3, agent->state);
    bind_number(row, 4, agent->completed_ns);
    bind_text(row, 5, agent->error);
    return step(store->database, row, "cannot complete an agent", err);
}

int store_record_finish(struct store *store, int64_t batch, const struct store_verdict *verdict,
                        const struct store_agent agents[], size_t count, struct err *err)
{
    int rc = begin(store, err);
    if (rc == 0 && verdict->verdict)
        rc = put_verdict(store, batch, verdict, count, err);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = put_completed(store, &agents[i], err);
        if (rc == 0 && verdict->verdict)
            rc = put_output(store, batch, &agents[i], err);
    }
    return end(store, rc, err);
}

/* A reader, or a stranger who checkpoints, may keep part of it from us:
 * that part comes next time. */
int store_tidy(struct store *store, struct err *err)
{
    int rc;
    if (!store || store->wal_pages < WAL_BYTES_MOST / STORE_PAGE_BYTES)
        return 0;
    if (store_take_turn(store, err) < 0)
        return err_wrap(err, "cannot checkpoint");
    rc = sqlite3_wal_checkpoint_v2(store->database, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    writers_unlock(store->writers);
    if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY)
        return store_refuse(err, store->database, "cannot checkpoint");
    store->busy += rc != SQLITE_OK;
    store->wal_pages = 0;
    return 0;
}

struct store_waits store_waits(const struct store *store)
{
    const struct writers_waits *turns = writers_waits(store->writers);
    return (struct store_waits){.turns = turns->turns,
                                .waited = turns->waited,
                                .waited_ns = turns->waited_ns,
                                .longest_ns = turns->longest_ns,
                                .busy = store->busy,
                                .busy_ns = store->busy_ns};
}

struct store_about store_about(const struct store *store)
{
    return store->about;
}

/* ---- one agent at a time, as the original ---- */

static int each_put(struct store_each *each, int statement, int64_t batch,
                    const struct store_agent *agent, struct err *err)
{
    sqlite3_stmt *row = NULL;
    int rc = store_take_turn(each->store, err);
    if (rc == 0 &&
        sqlite3_prepare_v2(each->database, store_sql[statement], -1, &row, NULL) == SQLITE_OK) {
        bind_text(row, 1, each->store->run);
        bind_agent(row, batch, agent);
        rc = step(each->database, row, "cannot record an agent", err);
    } else if (rc == 0) {
        rc = store_refuse(err, each->database, "cannot record an agent");
    }
    sqlite3_finalize(row);
    writers_unlock(each->store->writers);
    return rc;
}

int store_each_begin(struct store_each **out, struct store *store, int64_t batch,
                     const struct store_agent *agent, struct err *err)
{
    struct store_each *each = xcalloc(1, sizeof *each);
    each->store = store;
    if (store_open_plain(&each->database, store, err) == 0 &&
        store_execute(each->database, "PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 0",
                      "cannot set pragmas", err) == 0 &&
        store_set_durability(each->database, store->full, err) == 0 &&
        store_execute(each->database, embedded_schema_sql, "cannot create the tables", err) == 0 &&
        each_put(each, INSERT, batch, agent, err) == 0) {
        *out = each;
        return 0;
    }
    err_wrap(err, "database '%s'", store->path);
    store_each_end(each, NULL, NULL);
    return -1;
}

int store_each_end(struct store_each *each, const struct store_agent *agent, struct err *err)
{
    int rc = each && agent ? each_put(each, UPDATE, 0, agent, err) : 0;
    if (!each)
        return 0;
    if (each->database && sqlite3_close(each->database) != SQLITE_OK && rc == 0)
        rc = store_refuse(err, each->database, "cannot close the database");
    free(each);
    return rc;
}
