/* Is this the store that the contract describes, or does it only look like one?
 *
 * The contract is reference/store/schema.sql. It is run into a database in memory, and what that
 * says of itself is looked for in the store. Tables and indexes of the subject's own are its
 * business; a trigger on a table of the contract is not: it changes rows behind everybody's back.
 */
#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "schema_sql.h"

#include "audit/audit_internal.h"
#include "audit/sql_words.h"
#include "base/text.h"

#define APPLICATION_ID      0x73706e77 /* "spnw" */
#define USER_VERSION        1
#define MOST_SQL            (1 << 20)
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

/* ---- what else there is ---- */

/* A name that people read as `word`: with blanks, signs or letters of other alphabets in it. Beyond
 * ASCII a character may look like any letter, or like nothing; half of the name must be plain.
 * Bit i of `at`: so far it may have been read as the first i letters of the word. */
static bool is_lookalike(const char *name, const char *word)
{
    size_t length = strlen(word), plain = 0;
    uint32_t at = 1;
    for (; *name && at; name += text_utf8_length(name) ? text_utf8_length(name) : 1) {
        char letter = (char)tolower((unsigned char)*name);
        uint32_t next = isalnum((unsigned char)letter) || letter == '_' ? 0 : at;
        for (size_t i = 0; i < length; i++)
            if ((at >> i & 1) && ((unsigned char)letter >= 0x80 || letter == word[i]))
                next |= (uint32_t)1 << (i + 1);
        plain += (unsigned char)letter < 0x80;
        at = next;
    }
    return (at >> length & 1) && plain >= length / 2;
}

static const char *looks_like(const char *name)
{
    static const char *const words[] = {"agent_executions", "consensus_runs", "agent_outputs",
                                        "agent_executions_by_state"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (sqlite3_stricmp(name, words[i]) != 0 && is_lookalike(name, words[i]))
            return words[i];
    return NULL;
}

static int note_trigger(void *context, int code, const char *name, const char *table,
                        const char *database, const char *inner)
{
    (void)name;
    (void)table;
    (void)database;
    (void)inner;
    *(bool *)context =
        *(bool *)context || code == SQLITE_CREATE_TRIGGER || code == SQLITE_CREATE_TEMP_TRIGGER;
    return SQLITE_OK;
}

/* SQLite goes by the text alone, whatever type and table its row names: so the text is given to it,
 * where there are the tables of the contract and no others. It is compiled, not run. */
static bool is_trigger_of_ours(sqlite3 *contract, const char *sql)
{
    char *words = sql_normal(sql);
    sqlite3_stmt *statement = NULL;
    bool trigger = false;
    if (strncmp(words, "create", 6) == 0 && strstr(words, "trigger")) {
        sqlite3_set_authorizer(contract, note_trigger, &trigger);
        trigger = sqlite3_prepare_v2(contract, sql, -1, &statement, NULL) == SQLITE_OK && trigger;
        sqlite3_finalize(statement);
        sqlite3_set_authorizer(contract, NULL, NULL);
    }
    free(words);
    return trigger;
}

/* One row of the schema that nobody compared. */
static void check_object(struct audit_answers *answers, sqlite3 *contract, sqlite3_stmt *row)
{
    const char *type = (const char *)sqlite3_column_text(row, 0);
    const char *name = (const char *)sqlite3_column_text(row, 1);
    const char *sql = (const char *)sqlite3_column_text(row, 2);
    const char *like = looks_like(name);
    if (sqlite3_column_int(row, 3) || is_trigger_of_ours(contract, sql))
        answers_broken(answers, RULE_SCHEMA, name, 1, "trigger '%s' is on a table of the contract",
                       name);
    if (!sqlite3_column_int(row, 4))
        answers_broken(answers, RULE_SCHEMA, name, 1,
                       "'%s' is of type '%s', which SQLite does not have", name, type);
    if (like || strlen(name) != (size_t)sqlite3_column_bytes(row, 1))
        answers_broken(answers, RULE_SCHEMA, name, 1,
                       "%s '%s' can be taken for '%s' of the contract", type, name,
                       like ? like : name);
}

static void check_objects(struct audit_answers *answers, sqlite3 *database, sqlite3 *contract)
{
    sqlite3_stmt *row = NULL;
    int rc = sqlite3_prepare_v2(database,
                                "SELECT coalesce(type, ''), coalesce(name, ''), coalesce(sql, ''),"
                                " type = 'trigger' AND tbl_name COLLATE NOCASE IN " TABLE_NAMES ","
                                " type IN ('table', 'index', 'view', 'trigger')"
                                " FROM sqlite_master",
                                -1, &row, NULL);
    sqlite3_limit(contract, SQLITE_LIMIT_SQL_LENGTH, MOST_SQL);
    while (rc == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW)
        check_object(answers, contract, row);
    sqlite3_finalize(row);
}

static void check_schema(struct audit_answers *answers, sqlite3 *database)
{
    sqlite3 *contract = NULL;
    sqlite3_stmt *row = NULL;
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
    check_objects(answers, database, contract);
    sqlite3_close(contract);
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
