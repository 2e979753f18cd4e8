/* Is what we say we did written down, whole, before we say it? */
#include "store/store.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "schema_sql.h"

#define APPLICATION_ID 0x73706e77 /* "spnw" */
#define USER_VERSION   1
#define BUSY_MS        5000
#define PAGE_BYTES     4096
#define WAL_BYTES_MOST (4 << 20)

enum { INSERT, UPDATE, COMPLETE, CONSENSUS, OUTPUT, STATEMENTS };

static const char *const sql[STATEMENTS] = {
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

struct store {
    sqlite3 *database;
    sqlite3_stmt *statements[STATEMENTS];
    char *path, *run;
    bool full;
    int wal_pages;
};

struct store_each {
    sqlite3 *database;
    const char *run; /* the store's */
};

static int refuse(struct err *err, sqlite3 *database, const char *doing)
{
    int code = database ? sqlite3_extended_errcode(database) : SQLITE_NOMEM;
    err_set(err, (code & 0xff) == SQLITE_NOTADB ? ERR_FORMAT : ERR_SYSTEM, "%s: %s", doing,
            database ? sqlite3_errmsg(database) : "out of memory");
    if (err && database)
        err->os_error = sqlite3_system_errno(database);
    return -1;
}

static int execute(sqlite3 *database, const char *text, const char *doing, struct err *err)
{
    if (sqlite3_exec(database, text, NULL, NULL, NULL) != SQLITE_OK)
        return refuse(err, database, doing);
    return 0;
}

/* ---- opening ---- */

static int64_t ask(sqlite3 *database, const char *question)
{
    sqlite3_stmt *row = NULL;
    int64_t answer = -1;
    if (sqlite3_prepare_v2(database, question, -1, &row, NULL) == SQLITE_OK &&
        sqlite3_step(row) == SQLITE_ROW)
        answer = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    return answer;
}

/* source : https://sqlite.org/wal.html#walresetbug; fixed in 3.51.3, 3.50.7 and 3.44.6 */
static bool has_wal_reset_race(int version)
{
    return version >= 3007000 && version < 3051003 && !(version >= 3050007 && version < 3051000) &&
           !(version >= 3044006 && version < 3045000);
}

static void tell_engine(const char *path)
{
    fprintf(stderr, "spawnref: '%s': SQLite %s, %.19s\n", path, sqlite3_libversion(),
            sqlite3_sourceid());
    if (has_wal_reset_race(sqlite3_libversion_number()))
        fprintf(stderr,
                "spawnref: warning: this SQLite has the WAL-reset race; all checkpoints are made "
                "on one connection here, let no other program checkpoint this file while we "
                "run (remedy: 3.51.3, 3.50.7, 3.44.6 or later)\n");
}

/* auto_vacuum must be chosen before the first page is written, so before WAL. Read back: SQLite
 * answers a pragma it will not follow with silence. */
static int create(sqlite3 *database, struct err *err)
{
    char setup[256];
    if (execute(
            database,
            "PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL",
            "cannot set up the database", err) < 0)
        return -1;
    if (ask(database, "PRAGMA auto_vacuum") != 2)
        return err_set(err, ERR_SYSTEM, "cannot set up the database: auto_vacuum was refused");
    snprintf(setup, sizeof setup, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             APPLICATION_ID, USER_VERSION);
    if (execute(database, "BEGIN IMMEDIATE", "cannot set up the database", err) < 0)
        return -1;
    if (execute(database, setup, "cannot set up the database", err) == 0 &&
        execute(database, embedded_schema_sql, "cannot create the tables", err) == 0 &&
        execute(database, "COMMIT", "cannot create the tables", err) == 0)
        return 0;
    sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
    return -1;
}

static int check_or_create(sqlite3 *database, struct err *err)
{
    int64_t id, version, objects;
    /* The first read: says so when the file is no database. */
    if (execute(database, "SELECT count(*) FROM sqlite_schema", "cannot read it", err) < 0)
        return -1;
    id = ask(database, "PRAGMA application_id");
    version = ask(database, "PRAGMA user_version");
    objects = ask(database, "SELECT count(*) FROM sqlite_schema");
    if (id == 0 && objects == 0)
        return create(database, err);
    if (id != APPLICATION_ID)
        return err_set(err, ERR_FORMAT,
                       "it is the database of another program (application_id 0x%llx)",
                       (unsigned long long)id);
    if (version != USER_VERSION)
        return err_set(err, ERR_FORMAT, "its version is %lld, expected %d", (long long)version,
                       USER_VERSION);
    return execute(database, embedded_schema_sql, "cannot create the tables", err);
}

static int set_durability(sqlite3 *database, bool full, struct err *err)
{
    return execute(database, full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL",
                   "cannot set synchronous", err);
}

static int note_wal(void *store, sqlite3 *database, const char *name, int pages)
{
    (void)database;
    (void)name;
    ((struct store *)store)->wal_pages = pages;
    return SQLITE_OK;
}

/* Each read back where SQLite could refuse in silence. */
static int set_pragmas(struct store *store, struct err *err)
{
    sqlite3 *database = store->database;
    if (execute(
            database,
            "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;"
            " PRAGMA secure_delete = FAST; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 0;"
            " PRAGMA journal_size_limit = 8388608; PRAGMA journal_mode = WAL",
            "cannot set pragmas", err) < 0 ||
        set_durability(database, store->full, err) < 0)
        return -1;
    if (ask(database, "PRAGMA foreign_keys") != 1 ||
        ask(database, "PRAGMA synchronous") != (store->full ? 2 : 1) ||
        ask(database, "SELECT journal_mode = 'wal' FROM pragma_journal_mode") != 1)
        return err_set(err, ERR_SYSTEM, "foreign keys, synchronous or WAL were refused");
    sqlite3_wal_hook(database, note_wal, store);
    return 0;
}

static int prepare(struct store *store, struct err *err)
{
    for (int i = 0; i < STATEMENTS; i++) {
        if (sqlite3_prepare_v3(store->database, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &store->statements[i], NULL) != SQLITE_OK)
            return refuse(err, store->database, "its tables are not those of schema.sql");
        sqlite3_bind_text(store->statements[i], 1, store->run, -1, SQLITE_STATIC);
    }
    return 0;
}

static int open_database(sqlite3 **out, const char *path, struct err *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, out, flags, NULL) != SQLITE_OK) {
        refuse(err, *out, "cannot open it");
        sqlite3_close(*out);
        *out = NULL;
        return -1;
    }
    sqlite3_extended_result_codes(*out, 1);
    sqlite3_busy_timeout(*out, BUSY_MS);
    return 0;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(store->statements[i]);
    if (sqlite3_close(store->database) != SQLITE_OK)
        fprintf(stderr, "spawnref: '%s': %s\n", store->path, sqlite3_errmsg(store->database));
    free(store->path);
    free(store->run);
    free(store);
}

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
        refuse(err, database, doing);
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

static int begin(struct store *store, struct err *err)
{
    return execute(store->database, "BEGIN IMMEDIATE", "cannot begin a transaction", err);
}

/* COMMIT may fail and leave the transaction open: then nothing of it must stay. */
static int end(struct store *store, int rc, struct err *err)
{
    if (rc == 0)
        rc = execute(store->database, "COMMIT", "cannot commit", err);
    if (rc < 0 && !sqlite3_get_autocommit(store->database))
        sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
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

int store_tidy(struct store *store, struct err *err)
{
    if (!store || store->wal_pages < WAL_BYTES_MOST / PAGE_BYTES)
        return 0;
    /* A reader may keep part of it from us: that part comes next time. */
    if (sqlite3_wal_checkpoint_v2(store->database, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) !=
        SQLITE_OK)
        return refuse(err, store->database, "cannot checkpoint");
    store->wal_pages = 0;
    return 0;
}

/* ---- one agent at a time, as the original ---- */

static int each_put(struct store_each *each, int statement, int64_t batch,
                    const struct store_agent *agent, struct err *err)
{
    sqlite3_stmt *row = NULL;
    int rc = -1;
    if (sqlite3_prepare_v2(each->database, sql[statement], -1, &row, NULL) == SQLITE_OK) {
        bind_text(row, 1, each->run);
        bind_agent(row, batch, agent);
        rc = step(each->database, row, "cannot record an agent", err);
    } else {
        refuse(err, each->database, "cannot record an agent");
    }
    sqlite3_finalize(row);
    return rc;
}

int store_each_begin(struct store_each **out, const struct store *store, int64_t batch,
                     const struct store_agent *agent, struct err *err)
{
    struct store_each *each = xcalloc(1, sizeof *each);
    each->run = store->run;
    if (open_database(&each->database, store->path, err) == 0 &&
        execute(each->database, "PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 0",
                "cannot set pragmas", err) == 0 &&
        set_durability(each->database, store->full, err) == 0 &&
        execute(each->database, embedded_schema_sql, "cannot create the tables", err) == 0 &&
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
        rc = refuse(err, each->database, "cannot close the database");
    free(each);
    return rc;
}

int store_open(struct store **out, const char *path, bool full, const char *run, struct err *err)
{
    struct store *store = xcalloc(1, sizeof *store);
    store->path = xstrdup(path);
    store->run = xstrdup(run);
    store->full = full;
    /* Before the first connection: a statement journal in memory, instead of 64 KiB taken from and
     * given back to the system at every INSERT. */
    sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1);
    tell_engine(path);
    if (open_database(&store->database, path, err) == 0 &&
        check_or_create(store->database, err) == 0 && set_pragmas(store, err) == 0 &&
        prepare(store, err) == 0) {
        *out = store;
        return 0;
    }
    err_wrap(err, "database '%s'", path);
    store_close(store);
    return -1;
}
