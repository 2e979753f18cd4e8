/* Is this database ours, and does it have the tables of today? */
#include "results/migrate.h"

#include <stdlib.h>

#include "base/text.h"
#include "results_sql.h"

#define APPLICATION_ID 0x73706e62

/* What version 1 did not have. The tables and triggers that are new come from results.sql, where
 * everything is made IF NOT EXISTS. */
static const char columns_of_2[] =
    "ALTER TABLE cycles ADD COLUMN cpu_ns INTEGER NOT NULL DEFAULT -1;"
    "ALTER TABLE cycles ADD COLUMN peak_bytes INTEGER NOT NULL DEFAULT -1;"
    "ALTER TABLE cycles ADD COLUMN steal_ticks INTEGER NOT NULL DEFAULT -1;"
    "ALTER TABLE cycles ADD COLUMN total_ticks INTEGER NOT NULL DEFAULT -1;"
    "ALTER TABLE cycles ADD COLUMN pressure_us INTEGER NOT NULL DEFAULT -1;"
    "ALTER TABLE cycles ADD COLUMN throttled INTEGER NOT NULL DEFAULT -1;"
    "ALTER TABLE cycles ADD COLUMN suspended_ns INTEGER NOT NULL DEFAULT -1;"
    "ALTER TABLE agents ADD COLUMN cpu_ns INTEGER NOT NULL DEFAULT -1;"
    "ALTER TABLE agents ADD COLUMN peak_bytes INTEGER NOT NULL DEFAULT -1;";

/* The same for who only reads. A temporary name hides the stored one of the same name, see
 * https://www.sqlite.org/lang_naming.html */
static const char views_of_1_as_2[] =
    "DROP VIEW temp.agents;"
    "CREATE TEMP VIEW agents AS SELECT *, -1 AS cpu_ns, -1 AS peak_bytes, '' AS witness,"
    " 0 AS witness_pid, '' AS costs_of FROM main.agents;"
    "CREATE TEMP TABLE plans (run INTEGER PRIMARY KEY, fingerprint INTEGER, text TEXT);";

static const char columns_of_5[] =
    "ALTER TABLE agents ADD COLUMN witness TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE agents ADD COLUMN witness_pid INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE agents ADD COLUMN costs_of TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE arms ADD COLUMN starts INTEGER NOT NULL DEFAULT 1;"
    "ALTER TABLE arms ADD COLUMN pooled INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE arms ADD COLUMN open_ns INTEGER NOT NULL DEFAULT -1;"
    "ALTER TABLE arms ADD COLUMN log_cut INTEGER NOT NULL DEFAULT 0;";

static const char views_of_2_as_3[] =
    "CREATE TEMP TABLE audits (run INTEGER, cycle INTEGER, arm INTEGER, level TEXT, rows INTEGER,"
    " spent_ns INTEGER, database_bytes INTEGER, wal_bytes INTEGER);";

static const char views_of_3_as_4[] =
    "CREATE TEMP TABLE documents (id INTEGER PRIMARY KEY, kind TEXT, name TEXT, run INTEGER,"
    " made_wall_ns INTEGER, text TEXT);";

static const char views_of_4_as_5[] =
    "CREATE TEMP VIEW arms AS SELECT *, 1 AS starts, 0 AS pooled, -1 AS open_ns, 0 AS log_cut"
    " FROM main.arms;"
    "CREATE TEMP VIEW agents AS SELECT *, '' AS witness, 0 AS witness_pid, '' AS costs_of"
    " FROM main.agents;";

/* Tables that version 6 brought, for who only reads. */
static const char views_of_5_as_6[] =
    "CREATE TEMP TABLE answers (run INTEGER, arm INTEGER, database TEXT, rule TEXT, object TEXT,"
    " answer TEXT, count INTEGER, why TEXT);"
    "CREATE TEMP TABLE shared (run INTEGER, look INTEGER, database TEXT, moment TEXT,"
    " cycle INTEGER, answer TEXT, charged INTEGER, why TEXT, told TEXT, files INTEGER,"
    " bytes INTEGER, wal_bytes INTEGER, wal_peak INTEGER, rows INTEGER, spent_ns INTEGER,"
    " locked_ns INTEGER);"
    "CREATE TEMP TABLE shared_rows (run INTEGER, look INTEGER, database TEXT, name TEXT,"
    " rows INTEGER);"
    "CREATE TEMP TABLE locks (run INTEGER, cycle INTEGER, arm INTEGER, stage TEXT, place INTEGER,"
    " database TEXT, match TEXT, looks INTEGER, span_ns INTEGER, gap_ns INTEGER, holds INTEGER,"
    " write_ns INTEGER, exclusive_ns INTEGER, pending_ns INTEGER, checkpoint_ns INTEGER, "
    "recover_ns INTEGER,"
    " read_ns INTEGER, spent_ns INTEGER, looks_all INTEGER, lost INTEGER);"
    "CREATE TEMP TABLE holds (run INTEGER, cycle INTEGER, arm INTEGER, stage TEXT, database TEXT,"
    " kind TEXT, who TEXT, agent TEXT, name TEXT, pid INTEGER, begin_ns INTEGER, seen_ns INTEGER,"
    " most_ns INTEGER, fate TEXT, waiter TEXT, waiter_name TEXT, span_ns INTEGER,"
    " held_ns INTEGER);";

static int64_t read_pragma(struct results *store, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t value = -1;
    if (sqlite3_prepare_v2(store->database, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

static bool lacks(struct results *store, const char *column)
{
    char *sql = text_format("SELECT count(name) FROM pragma_table_info('cycles') WHERE name = '%s'",
                            column);
    bool lacking = read_pragma(store, sql) == 0;
    free(sql);
    return lacking;
}

/* The columns of cycles that came later. Those of costs follow the table of metrics and need no new
 * version: whoever does not know one leaves it at -1, and what a store lacks is added here. */
static void name_missing(struct text *sql, struct results *store, const char *before,
                         const char *after)
{
    static const char *const later[] = {
        "steal_ticks", "total_ticks", "pressure_us",  "throttled", "suspended_ns",
        "strain_ns",   "stopped_ns",  "strangers_ns", "attested",  "witnessed",
        "contents",    "unread",      "page_bytes"};
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++)
        if (lacks(store, later[i]))
            text_addf(sql, "%s%s%s", before, later[i], after);
    for (int m = 0; m < SCENARIO_METRICS; m++)
        if (scenario_metrics[m].cost && lacks(store, scenario_metrics[m].column))
            text_addf(sql, "%s%s%s", before, scenario_metrics[m].column, after);
}

/* They run when they are read. Neither has pages of its own. */
static const char strange_tables[] =
    "SELECT count(name) FROM sqlite_master WHERE type = 'view'"
    " OR (type = 'table' AND (rootpage > 0) IS NOT 1) OR sql LIKE 'create%virtual%'";

static int find_version(struct results *store, bool create, struct err *err)
{
    int64_t application = read_pragma(store, "PRAGMA application_id");
    int64_t version = read_pragma(store, "PRAGMA user_version");
    /* count(*) alone would be one step, whatever it costs: see base/guard.h */
    int64_t tables = read_pragma(store, "SELECT count(name) FROM sqlite_master");
    int64_t strange = read_pragma(store, strange_tables);
    if (application < 0 || tables < 0 || strange < 0)
        return sql_fail(store, err, "read it");
    if (application == APPLICATION_ID && strange > 0)
        return err_set(err, ERR_UNFIT,
                       "'%s' has %lld views or virtual tables, no results store of spawnbench has "
                       "any (it was tampered with: take another copy)",
                       store->path, (long long)strange);
    if (application == APPLICATION_ID && version >= 1 && version <= MIGRATE_VERSION)
        return (int)version;
    if (application == APPLICATION_ID)
        return err_set(err, ERR_UNFIT,
                       "results store '%s' has schema version %lld, this spawnbench knows 1 to %d "
                       "(%s, or give another folder with --results)",
                       store->path, (long long)version, MIGRATE_VERSION,
                       version > MIGRATE_VERSION ? "use the newer spawnbench that wrote it"
                                                 : "it was tampered with: take another copy");
    if (tables > 0 || !create)
        return err_set(err, ERR_UNFIT, "'%s' is a database, but not a results store of spawnbench",
                       store->path);
    return 0;
}

/* All of it at one moment: another process may be making the tables. */
int migrate_version(struct results *store, bool create, struct err *err)
{
    int version;
    if (sqlite3_exec(store->database, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
        return sql_fail(store, err, "read it");
    version = find_version(store, create, err);
    sqlite3_exec(store->database, "COMMIT", NULL, NULL, NULL);
    return version;
}

static int run_steps(struct results *store, const char *const steps[], size_t count)
{
    int rc = SQLITE_OK;
    for (size_t i = 0; i < count && rc == SQLITE_OK; i++)
        rc = sqlite3_exec(store->database, steps[i], NULL, NULL, NULL);
    return rc;
}

/* Inside its transaction: another process may have done it while we waited for the lock. */
static int change(struct results *store)
{
    static const char *const steps[] = {"PRAGMA application_id = 1936748130",
                                        "PRAGMA user_version = 6", "COMMIT"};
    struct text columns = {0};
    int rc = sqlite3_exec(store->database, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    int64_t version = rc == SQLITE_OK ? read_pragma(store, "PRAGMA user_version") : 0;
    if (rc == SQLITE_OK && version == 1)
        rc = sqlite3_exec(store->database, columns_of_2, NULL, NULL, NULL);
    if (rc == SQLITE_OK && version >= 1 && version < 5)
        rc = sqlite3_exec(store->database, columns_of_5, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(store->database, embedded_results_sql, NULL, NULL, NULL);
    if (rc == SQLITE_OK) {
        name_missing(&columns, store, "ALTER TABLE cycles ADD COLUMN ",
                     " INTEGER NOT NULL DEFAULT -1;");
        rc = sqlite3_exec(store->database, columns.data, NULL, NULL, NULL);
        text_release(&columns);
    }
    return rc == SQLITE_OK ? run_steps(store, steps, sizeof steps / sizeof steps[0]) : rc;
}

static bool is_whole(struct results *store, int version)
{
    struct text missing = {0};
    bool whole;
    name_missing(&missing, store, "", " ");
    whole = version == MIGRATE_VERSION && !missing.length;
    text_release(&missing);
    return whole;
}

int migrate_up(struct results *store, int version, struct err *err)
{
    if (is_whole(store, version) || change(store) == SQLITE_OK)
        return 0;
    sql_fail(store, err, version ? "bring it to the present schema" : "make its tables");
    if (!sqlite3_get_autocommit(store->database))
        sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
    return -1;
}

int migrate_view(struct results *store, int version, struct err *err)
{
    /* an older store needs all of those before its own */
    static const char *const views[] = {"PRAGMA temp_store = MEMORY",
                                        views_of_5_as_6,
                                        views_of_4_as_5,
                                        views_of_3_as_4,
                                        views_of_2_as_3,
                                        views_of_1_as_2};
    struct text cycles = {0};
    int rc;
    if (is_whole(store, version))
        return 0;
    text_add(&cycles, "CREATE TEMP VIEW cycles AS SELECT *");
    name_missing(&cycles, store, ", -1 AS ", "");
    text_add(&cycles, " FROM main.cycles");
    rc = run_steps(store, views, (size_t)(MIGRATE_VERSION - version) + 1);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(store->database, cycles.data, NULL, NULL, NULL);
    text_release(&cycles);
    return rc == SQLITE_OK ? 0 : sql_fail(store, err, "read it");
}
