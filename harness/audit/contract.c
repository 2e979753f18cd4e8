/* Is this the store that the contract describes, or does it only look like one?
 *
 * The contract is reference/store/schema.sql. It is run into a database in memory, and what that
 * says of itself is looked for in the store. Tables and indexes of the subject's own are its
 * business; a trigger on a table of the contract is not: it changes rows behind everybody's back.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "schema_sql.h"

#include "audit/audit_internal.h"
#include "audit/sql_words.h"
#include "base/text.h"

#define APPLICATION_ID      0x73706e77 /* "spnw" */
#define USER_VERSION        1
#define FREE_SHARE_MOST     0.5
#define FREE_BYTES_FORGIVEN (1 << 20)

#define TABLE_NAMES "('agent_executions', 'consensus_runs', 'agent_outputs')"

static void compare_object(struct audit_answers *answers, sqlite3 *database, sqlite3_stmt *expected)
{
    const char *type = (const char *)sqlite3_column_text(expected, 0);
    const char *name = (const char *)sqlite3_column_text(expected, 1);
    char *want = sql_normal((const char *)sqlite3_column_text(expected, 2)), *have;
    sqlite3_stmt *row = NULL;
    int rc = sqlite3_prepare_v2(database,
                                "SELECT coalesce(sql, '') FROM sqlite_master"
                                " WHERE type = ?1 AND name = ?2",
                                -1, &row, NULL);
    sqlite3_bind_text(row, 1, type, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 2, name, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(row);
    if (rc == SQLITE_DONE) {
        answers_broken(answers, RULE_SCHEMA, name, 1, "%s '%s' is missing", type, name);
    } else if (rc != SQLITE_ROW) {
        answers_broken(answers, RULE_READABLE, "", 1, "its schema: %s", sqlite3_errmsg(database));
    } else {
        have = sql_normal((const char *)sqlite3_column_text(row, 0));
        if (strcmp(want, have) != 0)
            answers_broken(answers, RULE_SCHEMA, name, 1, "%s '%s' is not that of the contract",
                           type, name);
        free(have);
    }
    sqlite3_finalize(row);
    free(want);
}

static void check_schema(struct audit_answers *answers, sqlite3 *database)
{
    sqlite3 *contract = NULL;
    sqlite3_stmt *row = NULL;
    int64_t triggers;
    int rc = sqlite3_open(":memory:", &contract);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(contract, embedded_schema_sql, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(contract, "SELECT type, name, coalesce(sql, '') FROM sqlite_master",
                                -1, &row, NULL);
    assert(rc == SQLITE_OK);
    while (rc == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW)
        compare_object(answers, database, row);
    sqlite3_finalize(row);
    sqlite3_close(contract);
    triggers = database_ask(database, "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'"
                                      " AND tbl_name IN " TABLE_NAMES);
    if (triggers)
        answers_broken(answers, RULE_SCHEMA, "", triggers,
                       "%lld triggers on tables of the contract", (long long)triggers);
    answers_held(answers, RULE_SCHEMA);
}

static void check_bloat(struct audit_answers *answers, sqlite3 *database)
{
    int64_t pages = database_ask(database, "PRAGMA page_count");
    int64_t free_pages = database_ask(database, "PRAGMA freelist_count");
    int64_t page_bytes = database_ask(database, "PRAGMA page_size");
    if ((double)free_pages > FREE_SHARE_MOST * (double)pages &&
        free_pages * page_bytes > FREE_BYTES_FORGIVEN)
        answers_broken(answers, RULE_BLOAT, "", free_pages,
                       "%lld of %lld pages are free, at most half may be", (long long)free_pages,
                       (long long)pages);
    answers_held(answers, RULE_BLOAT);
}

static bool has_a_name_of_it(sqlite3 *database)
{
    return database_ask(database, "SELECT count(*) FROM sqlite_master WHERE type = 'table'"
                                  " AND name IN " TABLE_NAMES) > 0;
}

/* Anybody may give his tables these names; nobody else has this application_id. */
bool contract_claims(sqlite3 *database, bool expected)
{
    return database_ask(database, "PRAGMA application_id") == APPLICATION_ID ||
           (expected && has_a_name_of_it(database));
}

void contract_note(struct audit_report *report, sqlite3 *database)
{
    if (has_a_name_of_it(database))
        audit_note(&report->notes, "store",
                   "tables are called as in a spawner's store, but its application_id is not 0x%x: "
                   "somebody else's database, of which only SQLite's own checks were made",
                   APPLICATION_ID);
}

void contract_check(struct audit_answers *answers, sqlite3 *database)
{
    int64_t id = database_ask(database, "PRAGMA application_id");
    int64_t version = database_ask(database, "PRAGMA user_version");
    if (id != APPLICATION_ID)
        answers_broken(answers, RULE_APPLICATION, "", 1, "application_id is 0x%llx, expected 0x%x",
                       (unsigned long long)id, APPLICATION_ID);
    answers_held(answers, RULE_APPLICATION);
    if (version != USER_VERSION)
        answers_broken(answers, RULE_VERSION, "", 1, "user_version is %lld, expected %d",
                       (long long)version, USER_VERSION);
    answers_held(answers, RULE_VERSION);
    check_schema(answers, database);
    check_bloat(answers, database);
}
