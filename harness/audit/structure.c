/* Is the file sound, and has each child row its parent?
 *
 * integrity_check of the whole is asked first: it alone sees pages that belong to nobody. One
 * function, collation or module that is not here makes it fail as a whole, though: then table by
 * table on a connection that may not write (below), else by putting aside what needs it (aside.c).
 */
#include <stdlib.h>
#include <string.h>

#include "audit/structure.h"

bool structure_is_damage(int code)
{
    switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_INTERRUPT: /* see base/guard.h: no honest one asks for so much */
    case SQLITE_TOOBIG:
    case SQLITE_FORMAT:
        return true;
    default:
        return false;
    }
}

bool structure_is_number(const char *table)
{
    return strchr("+-0123456789", *table) != NULL;
}

const char *structure_why(sqlite3 *database)
{
    return sqlite3_errcode(database) == SQLITE_INTERRUPT ? GUARD_SAYS : sqlite3_errmsg(database);
}

char *structure_needs(const char *why)
{
    static const struct {
        const char *words, *needs;
    } lacks[] = {
        {"no such collation sequence: ", "collation"},
        {"unknown function: ", "function"},
        {"no such function: ", "function"},
        {"no such module: ", "module"},
        {"no such tokenizer: ", "tokenizer"},
        {"unknown tokenizer: ", "tokenizer"},
    };
    for (size_t i = 0; i < sizeof lacks / sizeof lacks[0]; i++) {
        const char *at = strstr(why, lacks[i].words);
        if (at)
            return text_format("it needs %s %s of its application", lacks[i].needs,
                               at + strlen(lacks[i].words));
    }
    return xstrdup(why);
}

/* ---- integrity_check ---- */

#define NOT_WHOLE                                                                                  \
    "free pages and pages of no table: SQLite looks at them only with the whole file, which it "   \
    "cannot check (%s)"

/* The content of its indexes is out of reach, its tree and rows may not be. */
static bool check_table(struct look *look, const char *table, struct messages *messages)
{
    char *sql = sqlite3_mprintf("PRAGMA integrity_check(%Q)", table), *needs;
    int code = messages_run(messages, look->database, sql);
    bool checked = code == SQLITE_DONE;
    if (checked && messages->untrue && messages->cut)
        answers_unchecked(look->answers, RULE_INTEGRITY_CHECK, table,
                          "SQLite %s finds NULL in it where there is none, and stops at 100 lines",
                          sqlite3_libversion());
    needs = checked ? NULL : structure_needs(structure_why(look->database));
    sqlite3_free(sql);
    if (!checked && structure_is_damage(code)) {
        answers_broken(look->answers, RULE_INTEGRITY_CHECK, table, 1, "table '%s': %s", table,
                       needs);
    } else if (!checked) {
        sql = sqlite3_mprintf("PRAGMA quick_check(%Q)", table);
        checked = messages_run(messages, look->database, sql) == SQLITE_DONE;
        answers_unchecked(look->answers, RULE_INTEGRITY_CHECK, table, "%s%s", needs,
                          checked ? "; its rows are checked, its indexes are not" : "");
        sqlite3_free(sql);
    }
    free(needs);
    return checked;
}

static void check_tables(struct look *look)
{
    struct messages messages = {0};
    struct names tables;
    bool any = false;
    answers_unchecked(look->answers, RULE_INTEGRITY_CHECK, "", NOT_WHOLE,
                      structure_why(look->database));
    names_of(&tables, look->database, STRUCTURE_TABLES, NULL);
    for (size_t i = 0; i < tables.count && !messages.tangled; i++)
        if (structure_is_number(tables.items[i]))
            answers_unchecked(look->answers, RULE_INTEGRITY_CHECK, tables.items[i],
                              "its name begins as a number: SQLite cannot be asked for it alone");
        else
            any |= check_table(look, tables.items[i], &messages);
    look->tangled = messages.tangled;
    messages_answer(&messages, look->answers);
    if (any)
        answers_held(look->answers, RULE_INTEGRITY_CHECK);
    messages_release(&messages);
    names_release(&tables);
}

/* integrity_check looks at each cell itself, and what it calls ok needs no second look when its
 * pages are read again: cell_size_check made the audit of 888 MB 1.8 s longer. Of a damaged file
 * nothing is read without it. The large cache helps it nothing, as the kernel has the pages of a
 * fresh copy: 268 MB took 9.9 s of CPU time with it, 8.5 s without. */
static int check_whole(struct messages *messages, sqlite3 *database)
{
    int code;
    sqlite3_exec(database, "PRAGMA cell_size_check = OFF; PRAGMA cache_size = -2000", NULL, NULL,
                 NULL);
    code = messages_run(messages, database, "PRAGMA integrity_check");
    sqlite3_exec(database, STRUCTURE_CACHE, NULL, NULL, NULL);
    if (code != SQLITE_DONE || messages->total)
        sqlite3_exec(database, "PRAGMA cell_size_check = ON", NULL, NULL, NULL);
    return code;
}

static void check_file(struct look *look)
{
    struct messages messages = {0};
    int code = check_whole(&messages, look->database);
    look->tangled = messages.tangled;
    if (code == SQLITE_DONE || structure_is_damage(code)) {
        messages_answer(&messages, look->answers);
        if (code != SQLITE_DONE)
            answers_broken(look->answers, RULE_INTEGRITY_CHECK, "", 1, "integrity_check: %s",
                           structure_why(look->database));
        else if (messages.total == 0)
            pages_check(look);
        answers_held(look->answers, RULE_INTEGRITY_CHECK);
    } else if (look->may_write) {
        aside_check(look);
    } else {
        check_tables(look);
    }
    messages_release(&messages);
}

/* ---- foreign_key_check ---- */

/* A foreign key of a table: rows of it without a parent. */
struct relation {
    char *child, *parent;
    int64_t key;
    struct answers_sample rows;
};

struct relations {
    struct relation *items;
    size_t count;
};

static void add_orphan(struct relations *relations, sqlite3_stmt *row)
{
    const char *child = (const char *)sqlite3_column_text(row, 0);
    const char *rowid = (const char *)sqlite3_column_text(row, 1);
    const char *parent = (const char *)sqlite3_column_text(row, 2);
    int64_t key = sqlite3_column_int64(row, 3);
    struct relation *last = NULL;
    for (size_t i = relations->count; i-- > 0 && !last;)
        if (relations->items[i].key == key &&
            strcmp(relations->items[i].child, child ? child : "") == 0)
            last = &relations->items[i];
    if (!last) {
        relations->items =
            xrealloc(relations->items, relations->count + 1, sizeof *relations->items);
        last = &relations->items[relations->count++];
        *last = (struct relation){.child = xstrdup(child ? child : ""),
                                  .parent = xstrdup(parent ? parent : ""),
                                  .key = key};
    }
    answers_sample_add(&last->rows, rowid ? rowid : "of no rowid");
}

static void tell_relation(struct look *look, const struct relation *relation)
{
    char *known = names_ask(look->database,
                            "SELECT 1 FROM sqlite_schema WHERE type IN ('table', 'view')"
                            " AND name = %Q COLLATE NOCASE",
                            relation->parent);
    int64_t count = relation->rows.count;
    answers_broken(look->answers, RULE_FOREIGN_KEYS, relation->child, count,
                   "%lld row%s of table '%s' ha%s no parent in '%s'%s: rowid %s%s",
                   (long long)count, count == 1 ? "" : "s", relation->child,
                   count == 1 ? "s" : "ve", relation->parent,
                   known ? "" : ", a table that does not exist", relation->rows.examples.data,
                   count > 3 ? "; ..." : "");
    free(known);
}

static void release_relations(struct relations *relations)
{
    for (size_t i = 0; i < relations->count; i++) {
        free(relations->items[i].child);
        free(relations->items[i].parent);
        answers_sample_release(&relations->items[i].rows);
    }
    free(relations->items);
    *relations = (struct relations){0};
}

/* Of one table, or of all; SQLITE_DONE, or what SQLite failed with. What came before is told. */
static int check_relations(struct look *look, const char *table)
{
    struct relations relations = {0};
    sqlite3_stmt *row = NULL;
    char *sql = table ? sqlite3_mprintf("PRAGMA foreign_key_check(%Q)", table)
                      : sqlite3_mprintf("PRAGMA foreign_key_check");
    int code = sqlite3_prepare_v2(look->database, sql, -1, &row, NULL);
    if (code == SQLITE_OK)
        while ((code = sqlite3_step(row)) == SQLITE_ROW)
            add_orphan(&relations, row);
    if (code == SQLITE_DONE || structure_is_damage(code) || table)
        for (size_t i = 0; i < relations.count; i++)
            tell_relation(look, &relations.items[i]);
    if (structure_is_damage(code))
        answers_broken(look->answers, RULE_FOREIGN_KEYS, table, 1, "foreign_key_check: %s",
                       structure_why(look->database));
    release_relations(&relations);
    sqlite3_free(sql);
    sqlite3_finalize(row);
    return code;
}

/* A key without a unique parent, or a collation that is not here, makes all of them fail. */
static void check_relations_by_table(struct look *look)
{
    struct names tables;
    bool any = false;
    names_of(&tables, look->database,
             "SELECT name FROM sqlite_schema AS s WHERE type = 'table' AND rootpage > 0 AND EXISTS"
             " (SELECT 1 FROM pragma_foreign_key_list(s.name))",
             NULL);
    for (size_t i = 0; i < tables.count; i++) {
        int code = check_relations(look, tables.items[i]);
        any |= code == SQLITE_DONE;
        if (code != SQLITE_DONE && !structure_is_damage(code)) {
            char *needs = structure_needs(structure_why(look->database));
            answers_unchecked(look->answers, RULE_FOREIGN_KEYS, tables.items[i], "%s", needs);
            free(needs);
        }
    }
    if (any || tables.count == 0)
        answers_held(look->answers, RULE_FOREIGN_KEYS);
    names_release(&tables);
}

static void check_parents(struct look *look)
{
    int code = check_relations(look, NULL);
    if (code == SQLITE_DONE || structure_is_damage(code))
        answers_held(look->answers, RULE_FOREIGN_KEYS);
    else
        check_relations_by_table(look);
}

void structure_check(struct look *look)
{
    check_file(look);
    check_parents(look);
}
