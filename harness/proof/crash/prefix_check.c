/* Is this state a database that holds what some prefix of the run had put there? */
#include "proof/crash/prefix_check.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "proof/crash/scratch.h"

/* ---- the content ---- */

static int add_rows(sqlite3 *database, const char *question, uint64_t *digest, int *rows)
{
    sqlite3_stmt *row = NULL;
    int rc = sqlite3_prepare_v2(database, question, -1, &row, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(row)) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(row); i++)
            *digest = hash_column(*digest, row, i);
        ++*rows;
        rc = SQLITE_OK;
    }
    sqlite3_finalize(row);
    *digest = hash_bytes(*digest, rows, sizeof *rows);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Every row of one run: the order is that of the primary keys, which no temporary file sorts. */
int check_digest(sqlite3 *database, uint64_t *out)
{
    static const char *const tables[] = {
        "SELECT * FROM agent_executions ORDER BY run, id",
        "SELECT * FROM consensus_runs ORDER BY run, batch",
        "SELECT * FROM agent_outputs ORDER BY run, id",
    };
    int rows = 0, ids = 0, rc;
    *out = HASH_START;
    rc = add_rows(database, "SELECT type, name, tbl_name, sql FROM sqlite_schema", out, &rows);
    if (rc == SQLITE_OK)
        rc = add_rows(database, "PRAGMA application_id", out, &ids);
    if (rc == SQLITE_OK)
        rc = add_rows(database, "PRAGMA user_version", out, &ids);
    for (size_t i = 0; rows && rc == SQLITE_OK && i < sizeof tables / sizeof tables[0]; i++)
        rc = add_rows(database, tables[i], out, &ids);
    return rc;
}

/* ---- the structures ---- */

static struct check_result corrupt(sqlite3 *database, const char *doing)
{
    struct check_result result = {.kind = CHECK_CORRUPT};
    snprintf(result.why, sizeof result.why, "%s: %s", doing, sqlite3_errmsg(database));
    return result;
}

static struct check_result place(uint64_t digest, const struct check_prefixes *prefixes)
{
    struct check_result result = {.kind = CHECK_PARTIAL,
                                  .why = "its content is that of no number of transactions"};
    for (size_t i = prefixes->count; i-- > 0;)
        if (prefixes->digests[i] == digest)
            return (struct check_result){.kind = CHECK_PREFIX, .prefix = (int)i};
    return result;
}

struct check_result check_database(sqlite3 *database, const struct check_prefixes *prefixes)
{
    struct check_result result = {.kind = CHECK_CORRUPT};
    char why[SCRATCH_WHY_BYTES];
    uint64_t before, after;
    if (check_digest(database, &before) != SQLITE_OK)
        return corrupt(database, "cannot read it");
    if (sqlite3_wal_checkpoint_v2(database, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) !=
        SQLITE_OK)
        return corrupt(database, "cannot checkpoint");
    if (!scratch_is_sound(database, why)) {
        snprintf(result.why, sizeof result.why, "%s", why);
        return result;
    }
    if (check_digest(database, &after) != SQLITE_OK)
        return corrupt(database, "cannot read it after a checkpoint");
    if (before != after)
        return (struct check_result){.kind = CHECK_CORRUPT,
                                     .why = "a checkpoint has changed its content"};
    return place(after, prefixes);
}

struct check_result check_disk(struct disk *disk, const struct check_prefixes *prefixes)
{
    sqlite3 *database = NULL;
    struct check_result result;
    if (disk_open(&database, disk) != SQLITE_OK)
        result = corrupt(database, "cannot open it");
    else
        result = check_database(database, prefixes);
    if (disk_close(database) != SQLITE_OK && result.kind != CHECK_CORRUPT)
        result = (struct check_result){.kind = CHECK_CORRUPT, .why = "cannot close it"};
    return result;
}
