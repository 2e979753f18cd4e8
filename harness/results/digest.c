/* Is what is stored of a cycle what was stored? One number of it, for who remembers that. */
#include "base/hash.h"
#include "results/results.h"
#include "results/sql.h"

static int add_rows(uint64_t *digest, struct results *store, const char *sql, int64_t run,
                    int64_t cycle, struct err *err)
{
    sqlite3_stmt *row = sql_prepare(store, err, sql, run ? "ii" : "", run, cycle);
    int rc;
    if (!row)
        return -1;
    while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
        *digest = hash_bytes(*digest, "row", 3);
        for (int i = 0; i < sqlite3_column_count(row); i++)
            *digest = hash_column(*digest, row, i);
    }
    return sql_end(store, row, rc, err);
}

int results_cycle_digest(struct results *store, int64_t run, int64_t cycle, uint64_t *digest,
                         struct err *err)
{
    static const char *const rows[] = {
        "SELECT * FROM cycles WHERE run = ? AND cycle = ?",
        "SELECT * FROM agents WHERE run = ? AND cycle = ? ORDER BY ordinal",
        "SELECT * FROM findings WHERE run = ? AND cycle = ? ORDER BY id",
        "SELECT * FROM audits WHERE run = ? AND cycle = ? ORDER BY arm",
        "SELECT * FROM locks WHERE run = ? AND cycle = ? ORDER BY place",
        "SELECT * FROM holds WHERE run = ? AND cycle = ? ORDER BY rowid"};
    *digest = HASH_START;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (add_rows(digest, store, rows[i], run, cycle, err) < 0)
            return -1;
    return 0;
}

/* Also tables that are named like ours, or constraints that drop rows. Statistics and what others
 * keep in tables of their own do not change what we write. */
int results_schema_digest(struct results *store, uint64_t *digest, struct err *err)
{
    *digest = HASH_START;
    return add_rows(digest, store,
                    "SELECT type, name, tbl_name, sql FROM main.sqlite_master"
                    " WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name",
                    0, 0, err);
}

int results_cycles_stored(struct results *store, int64_t run, int64_t *count, struct err *err)
{
    sqlite3_stmt *row =
        sql_prepare(store, err, "SELECT count(*) FROM cycles WHERE run = ?", "i", run);
    int rc;
    if (!row)
        return -1;
    rc = sqlite3_step(row);
    if (rc == SQLITE_ROW)
        *count = sqlite3_column_int64(row, 0);
    return sql_end(store, row, rc, err);
}
