/* How is a database checked whose schema needs functions, collations that are not here?
 *
 * On a copy, within one transaction that is rolled back: indexes that cannot be compiled become
 * indexes WHERE 0, tables that cannot become tables of one column, all with the pages that they
 * have. Then integrity_check can be asked of the whole file again: each page has its owner, and
 * what it says of those objects themselves is left out (ASIDE). Stand-ins for the missing functions
 * would not do: they make it find rows that are missing from an index.
 */
#include <stdlib.h>
#include <string.h>

#include "audit/structure.h"

struct aside {
    struct look *look;
    struct messages checks; /* of CHECK constraints, table by table, as long as all are asked */
    bool unasked;           /* CHECK constraints of a table cannot be asked */
    size_t good;            /* tables of which something is checked */
};

/* The schema is read anew from what this transaction has written. See pragma.html,
 * writable_schema. */
static void read_anew(sqlite3 *database)
{
    sqlite3_exec(database, "PRAGMA writable_schema = RESET", NULL, NULL, NULL);
}

static int run(struct aside *aside, const char *table, const char *only, struct messages *out)
{
    char *sql = sqlite3_mprintf("PRAGMA integrity_check(%Q)", table);
    int code;
    out->only = only;
    code = messages_run(out, aside->look->database, sql);
    sqlite3_free(sql);
    return code;
}

/* Can it be checked as it is now? Why not: the caller frees it. */
static bool is_good(struct aside *aside, const char *table, char **why)
{
    struct messages ignored = {0};
    int code;
    free(*why);
    *why = NULL;
    read_anew(aside->look->database);
    code = run(aside, table, NULL, &ignored);
    if (code != SQLITE_DONE)
        *why = structure_needs(structure_why(aside->look->database));
    messages_release(&ignored);
    return code == SQLITE_DONE;
}

static void put_index_aside(struct aside *aside, const char *table, const char *index,
                            const char *why)
{
    sqlite3 *database = aside->look->database;
    sqlite3_exec(database, "PRAGMA writable_schema = ON", NULL, NULL, NULL);
    names_run(database,
              "UPDATE sqlite_schema SET name = '" ASIDE "' || rowid, sql = 'CREATE INDEX " ASIDE
              "' || rowid || ' ON \"' || replace(tbl_name, '\"', '\"\"') || '\"(\"' ||"
              " replace((SELECT name FROM pragma_table_info(%Q) LIMIT 1), '\"', '\"\"') ||"
              " '\" COLLATE BINARY) WHERE 0' WHERE type = 'index' AND name = %Q",
              table, index);
    answers_unchecked(aside->look->answers, RULE_INTEGRITY_CHECK, index, "%s", why);
}

/* all : or only those that cannot be compiled */
static void put_indexes_aside(struct aside *aside, const char *table, bool all, const char *why)
{
    sqlite3 *database = aside->look->database;
    struct names indexes;
    names_of(&indexes, database,
             "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?1 COLLATE NOCASE"
             " AND sql IS NOT NULL AND name NOT LIKE '" ASIDE "%'",
             table);
    for (size_t i = 0; i < indexes.count; i++) {
        char *needs = NULL;
        if (!all && names_try(database, "REINDEX main.\"%w\"", indexes.items[i]) != SQLITE_OK)
            needs = structure_needs(sqlite3_errmsg(database));
        if (all || needs)
            put_index_aside(aside, table, indexes.items[i], needs ? needs : why);
        free(needs);
    }
    names_release(&indexes);
}

/* Its pages alone are checked then, and those of its indexes. */
static void put_table_aside(struct aside *aside, const char *table, const char *why)
{
    sqlite3 *database = aside->look->database;
    char *wr = names_ask(database, "SELECT wr FROM pragma_table_list WHERE name = %Q", table);
    bool has_rowid = !wr || strcmp(wr, "0") == 0;
    sqlite3_exec(database, "PRAGMA writable_schema = ON", NULL, NULL, NULL);
    names_run(database,
              "UPDATE sqlite_schema SET name = '" ASIDE "' || rowid, sql = 'CREATE INDEX " ASIDE
              "' || rowid || ' ON " ASIDE "t' || (SELECT rowid FROM sqlite_schema WHERE name = %Q"
              " AND type = 'table') || '(c) WHERE 0', tbl_name = '" ASIDE "t' || (SELECT rowid"
              " FROM sqlite_schema WHERE name = %Q AND type = 'table')"
              " WHERE type = 'index' AND tbl_name = %Q COLLATE NOCASE",
              table, table, table);
    names_run(database,
              "UPDATE sqlite_schema SET name = '" ASIDE "t' || rowid, tbl_name = '" ASIDE
              "t' || rowid, sql = 'CREATE TABLE " ASIDE "t' || rowid || %Q"
              " WHERE type = 'table' AND name = %Q",
              has_rowid ? "(c)" : "(c PRIMARY KEY) WITHOUT ROWID", table);
    answers_unchecked(aside->look->answers, RULE_INTEGRITY_CHECK, table,
                      "%s; its pages are checked", why);
    free(wr);
}

/* As little of a table as will do. */
static void put_aside(struct aside *aside, const char *table)
{
    sqlite3 *database = aside->look->database;
    bool asked = !aside->unasked;
    char *why = NULL, *first = NULL;
    put_indexes_aside(aside, table, false, NULL);
    if (is_good(aside, table, &why)) {
        aside->good++;
        return;
    }
    first = xstrdup(why);
    sqlite3_exec(database, "PRAGMA ignore_check_constraints = ON", NULL, NULL, NULL);
    if (asked && is_good(aside, table, &why)) {
        answers_unchecked(aside->look->answers, RULE_INTEGRITY_CHECK, table,
                          "its CHECK constraints: %s; all else of it is checked", first);
        aside->unasked = true;
        aside->good++;
    } else {
        put_indexes_aside(aside, table, true, first);
        if (is_good(aside, table, &why))
            aside->good++;
        else
            put_table_aside(aside, table, first);
        read_anew(database);
    }
    if (!aside->unasked)
        sqlite3_exec(database, "PRAGMA ignore_check_constraints = OFF", NULL, NULL, NULL);
    free(first);
    free(why);
}

/* What is left, as a whole. */
static void check_rest(struct aside *aside)
{
    struct look *look = aside->look;
    struct messages rest = {.aside = true};
    int code = messages_run(&rest, look->database, "PRAGMA integrity_check");
    if (code != SQLITE_DONE)
        answers_unchecked(look->answers, RULE_INTEGRITY_CHECK, "", "the file as a whole: %s",
                          structure_why(look->database));
    if (aside->unasked)
        messages_move(&rest, &aside->checks);
    look->tangled = rest.tangled;
    messages_answer(&rest, look->answers);
    if (aside->good)
        answers_held(look->answers, RULE_INTEGRITY_CHECK);
    messages_release(&rest);
}

void aside_check(struct look *look)
{
    struct aside aside = {.look = look};
    sqlite3 *database = look->database;
    struct names tables;
    bool *bad;
    names_of(&tables, database, STRUCTURE_TABLES, NULL);
    bad = xcalloc(tables.count + 1, sizeof *bad);
    for (size_t i = 0; i < tables.count; i++)
        bad[i] = structure_is_number(tables.items[i]) ||
                 run(&aside, tables.items[i], "CHECK constraint failed in ", &aside.checks) !=
                     SQLITE_DONE;
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 0, (int *)NULL);
    sqlite3_exec(database,
                 "BEGIN; PRAGMA writable_schema = ON;"
                 " DELETE FROM sqlite_schema WHERE type = 'trigger'",
                 NULL, NULL, NULL);
    for (int pass = 0; pass < 2; pass++) /* a number asks for all tables: when they are good */
        for (size_t i = 0; i < tables.count; i++)
            if (structure_is_number(tables.items[i]) != pass)
                continue;
            else if (bad[i])
                put_aside(&aside, tables.items[i]);
            else
                aside.good++;
    check_rest(&aside);
    sqlite3_exec(database, "ROLLBACK; PRAGMA ignore_check_constraints = OFF", NULL, NULL, NULL);
    read_anew(database);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    messages_release(&aside.checks);
    names_release(&tables);
    free(bad);
}
