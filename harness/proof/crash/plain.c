/* How would the same work look in SQLite modes that the reference store refuses? */
#include "proof/crash/plain.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "schema_sql.h"

struct plain {
    sqlite3 *database;
};

static int refuse(struct plain *plain, const char *doing, struct err *err)
{
    return err_set(err, ERR_SYSTEM, "%s: %s", doing, sqlite3_errmsg(plain->database));
}

static int execute(struct plain *plain, const char *text, struct err *err)
{
    if (sqlite3_exec(plain->database, text, NULL, NULL, NULL) != SQLITE_OK)
        return refuse(plain, text, err);
    return 0;
}

/* COMMIT, or ROLLBACK when rc says that something went wrong. */
static int end(struct plain *plain, int rc, struct err *err)
{
    if (rc == 0)
        rc = execute(plain, "COMMIT", err);
    if (rc < 0 && !sqlite3_get_autocommit(plain->database))
        sqlite3_exec(plain->database, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

int plain_open(struct plain **out, const char *path, const char *journal, const char *sync,
               int checkpoint_pages, struct err *err)
{
    struct plain *plain = xcalloc(1, sizeof *plain);
    char setup[320];
    int rc = 0;
    *out = plain;
    snprintf(setup, sizeof setup,
             "PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA synchronous = %s;"
             " PRAGMA journal_mode = %s; PRAGMA wal_autocheckpoint = %d; PRAGMA foreign_keys = ON;"
             " BEGIN IMMEDIATE; PRAGMA application_id = 0x73706e77; PRAGMA user_version = 1",
             sync, journal, checkpoint_pages);
    if (sqlite3_open(path, &plain->database) != SQLITE_OK)
        return refuse(plain, "cannot open the database", err);
    rc = execute(plain, setup, err);
    if (rc == 0)
        rc = execute(plain, embedded_schema_sql, err);
    return end(plain, rc, err);
}

void plain_close(struct plain *plain)
{
    if (!plain)
        return;
    sqlite3_close(plain->database);
    free(plain);
}

/* One statement with text taken as %Q and numbers as %lld; freed here. */
static int run(struct plain *plain, char *text, struct err *err)
{
    int rc = text ? execute(plain, text, err) : err_set(err, ERR_SYSTEM, "out of memory");
    sqlite3_free(text);
    return rc;
}

int plain_record(struct plain *plain, int64_t batch, const struct store_agent agents[],
                 size_t count, struct err *err)
{
    int rc = execute(plain, "BEGIN IMMEDIATE", err);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = run(plain,
                 sqlite3_mprintf("INSERT INTO agent_executions (run, id, batch, name, state,"
                                 " outcome, pid, spawned_ns, ready_ns) VALUES ('walk', %Q, %lld,"
                                 " %Q, %Q, %Q, %lld, %lld, %lld)",
                                 agents[i].id, batch, agents[i].name, agents[i].state,
                                 agents[i].outcome, agents[i].pid, agents[i].spawned_ns,
                                 agents[i].ready_ns),
                 err);
    return end(plain, rc, err);
}

static int put_output(struct plain *plain, int64_t batch, const struct store_agent *agent,
                      struct err *err)
{
    sqlite3_stmt *row = NULL;
    int rc = sqlite3_prepare_v2(plain->database,
                                "INSERT INTO agent_outputs (run, id, batch, output)"
                                " VALUES ('walk', ?1, ?2, ?3)",
                                -1, &row, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_text(row, 1, agent->id, -1, SQLITE_STATIC);
        sqlite3_bind_int64(row, 2, batch);
        sqlite3_bind_blob64(row, 3, agent->output, agent->output_bytes, SQLITE_STATIC);
        rc = sqlite3_step(row);
    }
    sqlite3_finalize(row);
    return rc == SQLITE_DONE ? 0 : refuse(plain, "cannot record an output", err);
}

int plain_finish(struct plain *plain, int64_t batch, const struct store_verdict *verdict,
                 const struct store_agent agents[], size_t count, struct err *err)
{
    int rc = execute(plain, "BEGIN IMMEDIATE", err);
    if (rc == 0 && verdict->verdict)
        rc = run(plain,
                 sqlite3_mprintf("INSERT INTO consensus_runs (run, batch, verdict, answer, votes,"
                                 " agents, decided_ns) VALUES ('walk', %lld, %Q, %Q, %lld, %lld,"
                                 " %lld)",
                                 batch, verdict->verdict, verdict->answer, verdict->votes,
                                 (long long)count, verdict->decided_ns),
                 err);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = run(plain,
                 sqlite3_mprintf("UPDATE agent_executions SET state = %Q, completed_ns = %lld"
                                 " WHERE run = 'walk' AND id = %Q",
                                 agents[i].state, agents[i].completed_ns, agents[i].id),
                 err);
        if (rc == 0 && verdict->verdict)
            rc = put_output(plain, batch, &agents[i], err);
    }
    return end(plain, rc, err);
}

int plain_purge(struct plain *plain, int64_t batch, struct err *err)
{
    int rc = execute(plain, "BEGIN IMMEDIATE", err);
    if (rc == 0)
        rc = run(plain,
                 sqlite3_mprintf("DELETE FROM agent_outputs WHERE batch <= %lld;"
                                 " DELETE FROM consensus_runs WHERE batch <= %lld;"
                                 " DELETE FROM agent_executions WHERE batch <= %lld",
                                 batch, batch, batch),
                 err);
    if (rc == 0)
        rc = execute(plain, "PRAGMA incremental_vacuum", err);
    return end(plain, rc, err);
}
