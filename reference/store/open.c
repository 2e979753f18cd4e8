/* How is the database opened, so that nothing we rely on was refused in silence? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "schema_sql.h"
#include "store/engine.h"
#include "store/store_internal.h"

#define APPLICATION_ID 0x73706e77 /* "spnw" */
#define USER_VERSION   1
#define BUSY_NS        (5 * CLOCK_NS_PER_S)
#define TURN_NS        (10 * CLOCK_NS_PER_S)
#define AUTO_VACUUM    2 /* INCREMENTAL */

int store_refuse(struct err *err, sqlite3 *database, const char *doing)
{
    int code = database ? sqlite3_extended_errcode(database) : SQLITE_NOMEM;
    err_set(err, (code & 0xff) == SQLITE_NOTADB ? ERR_FORMAT : ERR_SYSTEM, "%s: %s", doing,
            database ? sqlite3_errmsg(database) : "out of memory");
    if (err && database)
        err->os_error = sqlite3_system_errno(database);
    return -1;
}

int store_execute(sqlite3 *database, const char *text, const char *doing, struct err *err)
{
    if (sqlite3_exec(database, text, NULL, NULL, NULL) != SQLITE_OK)
        return store_refuse(err, database, doing);
    return 0;
}

int64_t store_ask(sqlite3 *database, const char *question)
{
    sqlite3_stmt *row = NULL;
    int64_t answer = -1;
    if (sqlite3_prepare_v2(database, question, -1, &row, NULL) == SQLITE_OK &&
        sqlite3_step(row) == SQLITE_ROW)
        answer = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    return answer;
}

/* ---- a new database ---- */

/* In one transaction, so that a database is ours and whole, or not begun. */
static int create_tables(sqlite3 *database, struct err *err)
{
    char setup[256];
    snprintf(setup, sizeof setup, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             APPLICATION_ID, USER_VERSION);
    if (store_execute(database, "BEGIN IMMEDIATE", "cannot set up the database", err) < 0)
        return -1;
    if (store_execute(database, setup, "cannot set up the database", err) == 0 &&
        store_execute(database, embedded_schema_sql, "cannot create the tables", err) == 0 &&
        store_execute(database, "COMMIT", "cannot create the tables", err) == 0)
        return 0;
    sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
    return -1;
}

/* auto_vacuum must be chosen before the first page is written, so before WAL. */
static int create(sqlite3 *database, struct err *err)
{
    if (store_execute(
            database,
            "PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL",
            "cannot set up the database", err) < 0)
        return -1;
    if (store_ask(database, "PRAGMA auto_vacuum") != AUTO_VACUUM ||
        store_ask(database, "PRAGMA page_size") != STORE_PAGE_BYTES)
        return err_set(err, ERR_SYSTEM,
                       "cannot set up the database: auto_vacuum or page_size was refused");
    if (create_tables(database, err) < 0)
        return -1;
    if (store_ask(database, "PRAGMA application_id") != APPLICATION_ID ||
        store_ask(database,
                  "SELECT count(*) FROM pragma_table_list WHERE strict AND schema = 'main'") != 3)
        return err_set(err, ERR_SYSTEM, "the tables are not STRICT, or application_id was refused");
    return 0;
}

static int check_or_create(struct store *store, struct err *err)
{
    sqlite3 *database = store->database;
    int64_t id, version, objects;
    /* The first read: says so when the file is no database. */
    if (store_execute(database, "SELECT count(*) FROM sqlite_schema", "cannot read it", err) < 0)
        return -1;
    id = store_ask(database, "PRAGMA application_id");
    version = store_ask(database, "PRAGMA user_version");
    objects = store_ask(database, "SELECT count(*) FROM sqlite_schema");
    if (id == 0 && objects == 0)
        return create(database, err);
    if (id != APPLICATION_ID)
        return err_set(err, ERR_FORMAT,
                       "it is the database of another program (application_id 0x%llx)",
                       (unsigned long long)id);
    if (version != USER_VERSION)
        return err_set(err, ERR_FORMAT, "its version is %lld, expected %d", (long long)version,
                       USER_VERSION);
    if (store_ask(database, "PRAGMA auto_vacuum") != AUTO_VACUUM)
        fprintf(stderr,
                "spawnref: warning: '%s' was not made with auto_vacuum = INCREMENTAL: it will not "
                "shrink (remedy: set it, then VACUUM)\n",
                store->path);
    return store_execute(database, embedded_schema_sql, "cannot create the tables", err);
}

/* ---- a connection ---- */

int store_set_durability(sqlite3 *database, bool full, struct err *err)
{
    return store_execute(database,
                         full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL",
                         "cannot set synchronous", err);
}

/* Our own writers take turns and never meet here; strangers may. Every millisecond again, as
 * SQLite's own growing pauses leave the lock to whoever came last. */
static int wait_for_lock(void *of, int tries)
{
    struct store *store = of;
    int64_t now_ns = clock_now_ns();
    if (tries == 0) {
        store->busy_from_ns = now_ns;
        store->busy++;
    }
    if (now_ns - store->busy_from_ns >= BUSY_NS || now_ns >= store->patient_until_ns)
        return 0;
    clock_sleep_until(now_ns + CLOCK_NS_PER_MS);
    store->busy_ns += clock_now_ns() - now_ns;
    return 1;
}

void store_be_patient(struct store *store, int64_t until_ns)
{
    store->patient_until_ns = until_ns;
}

int store_take_turn(struct store *store, struct err *err)
{
    int64_t left_ns = store->patient_until_ns - clock_now_ns();
    left_ns = left_ns < CLOCK_NS_PER_MS ? CLOCK_NS_PER_MS : left_ns;
    writers_set_patience(store->writers, left_ns < TURN_NS ? left_ns : TURN_NS);
    return writers_lock(store->writers, err);
}

static int note_wal(void *store, sqlite3 *database, const char *name, int pages)
{
    (void)database;
    (void)name;
    ((struct store *)store)->wal_pages = pages;
    return SQLITE_OK;
}

/* Each is read back: SQLite answers a pragma it will not follow with silence. */
static int set_pragmas(struct store *store, struct err *err)
{
    static const struct {
        const char *set, *ask;
        int64_t expected;
        bool may_be_missing; /* from an engine built without it, which then behaves as asked */
    } pragmas[] = {
        {"PRAGMA trusted_schema = OFF", "PRAGMA trusted_schema", 0, false},
        {"PRAGMA cell_size_check = ON", "PRAGMA cell_size_check", 1, false},
        {"PRAGMA mmap_size = 0", "PRAGMA mmap_size", 0, true},
        {"PRAGMA secure_delete = FAST", "PRAGMA secure_delete", 2, false},
        {"PRAGMA foreign_keys = ON", "PRAGMA foreign_keys", 1, false},
        {"PRAGMA wal_autocheckpoint = 0", "PRAGMA wal_autocheckpoint", 0, false},
        {"PRAGMA journal_size_limit = 8388608", "PRAGMA journal_size_limit", 8388608, false},
        {"PRAGMA journal_mode = WAL", "SELECT journal_mode = 'wal' FROM pragma_journal_mode", 1,
         false},
    };
    sqlite3 *database = store->database;
    for (size_t i = 0; i < sizeof pragmas / sizeof pragmas[0]; i++) {
        int64_t answer;
        if (store_execute(database, pragmas[i].set, pragmas[i].set, err) < 0)
            return -1;
        answer = store_ask(database, pragmas[i].ask);
        if (answer != pragmas[i].expected && !(answer == -1 && pragmas[i].may_be_missing))
            return err_set(err, ERR_SYSTEM, "%s was refused", pragmas[i].set);
    }
    if (store_set_durability(database, store->full, err) < 0)
        return -1;
    if (store_ask(database, "PRAGMA synchronous") != (store->full ? 2 : 1))
        return err_set(err, ERR_SYSTEM, "PRAGMA synchronous was refused");
    sqlite3_wal_hook(database, note_wal, store);
    return 0;
}

static int prepare(struct store *store, struct err *err)
{
    for (int i = 0; i < STATEMENTS; i++) {
        if (sqlite3_prepare_v3(store->database, store_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &store->statements[i], NULL) != SQLITE_OK)
            return store_refuse(err, store->database, "its tables are not those of schema.sql");
        sqlite3_bind_text(store->statements[i], 1, store->run, -1, SQLITE_STATIC);
    }
    return 0;
}

int store_open_plain(sqlite3 **out, struct store *store, struct err *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(store->path, out, flags, NULL) != SQLITE_OK) {
        store_refuse(err, *out, "cannot open it");
        sqlite3_close(*out);
        *out = NULL;
        return -1;
    }
    sqlite3_extended_result_codes(*out, 1);
    sqlite3_busy_handler(*out, wait_for_lock, store);
    return 0;
}

/* ---- the store ---- */

static int open_alone(struct store *store, struct err *err)
{
    int alone, rc = -1;
    if (writers_lock(store->writers, err) < 0)
        return -1;
    if (store_open_plain(&store->database, store, err) == 0 && check_or_create(store, err) == 0 &&
        set_pragmas(store, err) == 0 && prepare(store, err) == 0) {
        alone = writers_claim(store->writers, store->run, err);
        rc = alone < 0 ? -1 : store_reconcile(store, alone > 0, err);
    }
    writers_unlock(store->writers);
    return rc;
}

void store_close(struct store *store)
{
    bool locked;
    if (!store)
        return;
    /* Who closes last checkpoints: in turn, like every checkpoint. */
    locked = store->writers && store_take_turn(store, NULL) == 0;
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(store->statements[i]);
    if (sqlite3_close(store->database) != SQLITE_OK)
        fprintf(stderr, "spawnref: '%s': %s\n", store->path, sqlite3_errmsg(store->database));
    if (locked)
        writers_unlock(store->writers);
    writers_close(store->writers);
    free(store->path);
    free(store->run);
    free(store);
}

int store_open(struct store **out, const char *path, bool full, const char *run, struct err *err)
{
    struct store *store = xcalloc(1, sizeof *store);
    store->path = xstrdup(path);
    store->run = xstrdup(run);
    store->full = full;
    store->patient_until_ns = INT64_MAX;
    store->owner = getpid();
    store->about.engine = sqlite3_libversion();
    store->about.engine_affected = engine_has_wal_reset_race(sqlite3_libversion_number());
    engine_configure();
    engine_tell();
    if (engine_check(sqlite3_libversion_number(), err) == 0 &&
        writers_open(&store->writers, path, TURN_NS, err) == 0 && open_alone(store, err) == 0) {
        *out = store;
        return 0;
    }
    err_wrap(err, "database '%s'", path);
    store_close(store);
    return -1;
}
