/* Do full-text indexes and R-Trees hold what they are made of? integrity_check sees nothing of it.
 *
 * The modules check themselves, by a command that needs a connection that may write, and by
 * rtreecheck(). They read shadow tables that may be hostile: the guard's budget holds, and no view
 * and no trigger runs. What no module is here for is told: its shadow tables are checked as tables.
 *
 * source : https://www.sqlite.org/fts5.html 6.4, fts3.html 7, rtree.html 7
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "audit/structure.h"

/* Modules that keep something, and the shadow tables without which they cannot be. */
static const struct module {
    const char *name;
    enum rule_id rule;
    const char *shadows[3];
} modules[] = {
    {"fts5", RULE_FULL_TEXT, {"data", "idx", "config"}},
    {"fts4", RULE_FULL_TEXT, {"segments", "segdir", NULL}},
    {"fts3", RULE_FULL_TEXT, {"segments", "segdir", NULL}},
    {"rtree", RULE_RTREE, {"node", "parent", "rowid"}},
    {"rtree_i32", RULE_RTREE, {"node", "parent", "rowid"}},
    {"geopoly", RULE_RTREE, {"node", "parent", "rowid"}},
};

struct virtual_table {
    const char *name;
    char *sql, *module; /* own */
    const struct module *known;
    char *content; /* own; what `content=` says, or NULL */
};

/* What stands behind "content =", "" where that is nothing. */
static char *value_of(const char *at, size_t length)
{
    return names_word(at, length, ",") || names_word(at, length, ")") ? xstrdup("")
                                                                      : names_plain(at, length);
}

/* CREATE VIRTUAL TABLE name USING module(column, option = value, ...) */
static void read_statement(struct virtual_table *table)
{
    const char *at = table->sql, *last[2] = {"", ""};
    size_t length, lengths[2] = {0, 0};
    for (; (length = names_token(&at)); at += length) {
        if (!table->module && names_word(last[0], lengths[0], "using"))
            table->module = names_plain(at, length);
        else if (table->module && !table->content && names_word(last[0], lengths[0], "=") &&
                 names_word(last[1], lengths[1], "content"))
            table->content = value_of(at, length);
        last[1] = last[0], lengths[1] = lengths[0];
        last[0] = at, lengths[0] = length;
    }
    for (size_t i = 0; table->module && i < sizeof modules / sizeof modules[0]; i++)
        if (strcasecmp(table->module, modules[i].name) == 0)
            table->known = &modules[i];
}

static bool is_here(struct look *look, const char *module)
{
    char *known = names_ask(
        look->database, "SELECT 1 FROM pragma_module_list WHERE name = %Q COLLATE NOCASE", module);
    bool here = known != NULL;
    free(known);
    return here;
}

/* A shadow table that is gone is damage, and looks to the module like any other failure. */
static const char *missing_shadow(struct look *look, const struct virtual_table *table)
{
    for (size_t i = 0; i < 3 && table->known->shadows[i]; i++) {
        char *there = names_ask(look->database,
                                "SELECT 1 FROM sqlite_schema WHERE type = 'table'"
                                " AND name = '%q_%q' COLLATE NOCASE",
                                table->name, table->known->shadows[i]);
        bool missing = there == NULL;
        free(there);
        if (missing)
            return table->known->shadows[i];
    }
    return NULL;
}

static void tell_unchecked(struct look *look, const struct virtual_table *table, const char *what)
{
    char *needs = structure_needs(structure_why(look->database));
    answers_unchecked(look->answers, table->known->rule, table->name, "%s%s", what, needs);
    free(needs);
}

/* One command of its own check; true: it was checked. */
static bool command(struct look *look, const struct virtual_table *table, const char *format,
                    const char *wrong, const char *what)
{
    int code = names_run(look->database, format, table->name, table->name);
    if (code == SQLITE_OK)
        return true;
    if (!structure_is_damage(code)) {
        tell_unchecked(look, table, what);
        return false;
    }
    answers_broken(look->answers, table->known->rule, table->name, 1,
                   "full-text index '%s' %s: %s (INSERT INTO \"%s\"(\"%s\") VALUES('rebuild') "
                   "builds it anew)",
                   table->name, wrong, structure_why(look->database), table->name, table->name);
    return true;
}

/* The leaves of one segment on which a term begins. Each has an entry in the table "idx", by which
 * searches find it; FTS5 checks those that are there and misses none that is not.
 *
 *     ft_data.id  segment << 37 | doclist index << 36 | height << 31 | page
 *     block       2 bytes: first rowid; 2 bytes: length without the index of terms, if there is one
 *
 * source : SQLite 3.40.1, FTS5_SEGMENT_ROWID and the comments beside it
 */
#define SEGMENT_MOST 65535 /* above: what was deleted from a table without content */

static bool begins_term(sqlite3_stmt *row)
{
    int64_t id = sqlite3_column_int64(row, 0);
    const unsigned char *block = sqlite3_column_blob(row, 1);
    int length = sqlite3_column_int(row, 2);
    return (id >> 31 & 0x3f) == 0 && block && length >= 4 && (block[2] << 8 | block[3]) < length;
}

/* Leaves of all segments that no search can reach, by number; below 0: cannot be asked. A merge in
 * progress leaves entries whose leaves are gone, which hurt nobody. */
static int64_t unreachable(sqlite3 *database, const char *table)
{
    sqlite3_stmt *leaves = NULL, *entries = NULL;
    char *of_leaves = sqlite3_mprintf(
        "SELECT id, substr(block, 1, 4), length(block), id >> 37 FROM \"%w_data\" WHERE id > 10"
        " AND id >> 37 BETWEEN 1 AND %d ORDER BY id",
        table, SEGMENT_MOST);
    char *of_entries =
        sqlite3_mprintf("SELECT count(term) FROM \"%w_idx\" WHERE segid = ?1", table);
    int64_t missing = 0, segment = 0, left = 0;
    int code = sqlite3_prepare_v2(database, of_leaves, -1, &leaves, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_prepare_v2(database, of_entries, -1, &entries, NULL);
    while (code == SQLITE_OK && (code = sqlite3_step(leaves)) == SQLITE_ROW) {
        code = SQLITE_OK;
        if (sqlite3_column_int64(leaves, 3) != segment) {
            segment = sqlite3_column_int64(leaves, 3);
            sqlite3_reset(entries);
            sqlite3_bind_int64(entries, 1, segment);
            left = sqlite3_step(entries) == SQLITE_ROW ? sqlite3_column_int64(entries, 0) : -1;
            if (left < 0)
                break;
        }
        if (begins_term(leaves) && --left < 0)
            missing++;
    }
    sqlite3_finalize(leaves);
    sqlite3_finalize(entries);
    sqlite3_free(of_leaves);
    sqlite3_free(of_entries);
    return code == SQLITE_DONE ? missing : -1;
}

#define CHECK         "INSERT INTO \"%w\"(\"%w\") VALUES('integrity-check')"
#define CHECK_CONTENT "INSERT INTO \"%w\"(\"%w\", rank) VALUES('integrity-check', 1)"

static void check_sizes(struct look *look, const struct virtual_table *table, bool is_fts5)
{
    char *columns =
        names_ask(look->database, "SELECT count(name) FROM pragma_table_info(%Q)", table->name);
    if (columns &&
        !text_sizes_agree(look->database, table->name, is_fts5, (int)strtol(columns, NULL, 10)))
        answers_broken(look->answers, table->known->rule, table->name, 1,
                       "full-text index '%s': rows and words of '%s_docsize' are not as many as it "
                       "says in all",
                       table->name, table->name);
    free(columns);
}

static bool check_full_text(struct look *look, const struct virtual_table *table)
{
    bool is_fts5 = strcmp(table->known->name, "fts5") == 0, checked;
    bool contentless = table->content && *table->content == '\0';
    size_t broken;
    int64_t missing = 0;
    if (!look->may_write) {
        answers_unchecked(look->answers, table->known->rule, table->name, "%s", look->why_not);
        return false;
    }
    if (contentless)
        answers_unchecked(look->answers, table->known->rule, table->name,
                          "it keeps no content (content='') that its index could be held against");
    if (contentless && !is_fts5) {
        check_sizes(look, table, is_fts5);
        return false;
    }
    broken = look->answers->count;
    checked = command(look, table, CHECK, "contradicts itself", "");
    if (checked && is_fts5 && table->content && !contentless && look->answers->count == broken)
        command(look, table, CHECK_CONTENT, "does not hold what its content table holds",
                "against its content: ");
    if (checked && is_fts5 && look->answers->count == broken)
        missing = unreachable(look->database, table->name);
    if (checked && look->answers->count == broken && missing <= 0)
        check_sizes(look, table, is_fts5);
    if (missing > 0)
        answers_broken(look->answers, table->known->rule, table->name, missing,
                       "full-text index '%s': %lld of its pages are not in '%s_idx', so that no "
                       "search finds what is on them",
                       table->name, (long long)missing, table->name);
    return checked;
}

/* rtreecheck() counts rows and parents, but no nodes: each but the first has a parent. */
static void check_nodes(struct look *look, const struct virtual_table *table)
{
    char *lost = names_ask(look->database,
                           "SELECT nullif(count(nodeno), 0) FROM \"%w_node\" WHERE nodeno <> 1 AND"
                           " nodeno NOT IN (SELECT nodeno FROM \"%w_parent\")",
                           table->name, table->name);
    if (lost)
        answers_broken(look->answers, table->known->rule, table->name, strtoll(lost, NULL, 10),
                       "R-Tree '%s': %s of its nodes are in no tree", table->name, lost);
    free(lost);
}

static bool check_rtree(struct look *look, const struct virtual_table *table)
{
    char *said = names_ask(look->database, "SELECT rtreecheck('main', %Q)", table->name);
    struct answers_sample sample = {0};
    char *at = said, *line;
    if (!said && structure_is_damage(sqlite3_errcode(look->database))) {
        answers_broken(look->answers, table->known->rule, table->name, 1, "R-Tree '%s': %s",
                       table->name, structure_why(look->database));
        return true;
    }
    if (!said) {
        tell_unchecked(look, table, "");
        return false;
    }
    if (strcmp(said, "ok") != 0)
        while ((line = strsep(&at, "\n")))
            if (*line)
                answers_sample_add(&sample, line);
    if (sample.count)
        answers_broken(look->answers, table->known->rule, table->name, sample.count,
                       "R-Tree '%s': %lld faults: %s%s", table->name, (long long)sample.count,
                       sample.examples.data, sample.count > 3 ? "; ..." : "");
    else
        check_nodes(look, table);
    answers_sample_release(&sample);
    free(said);
    return true;
}

/* returns : it was checked by its own rule */
static bool check_table(struct look *look, const struct virtual_table *table)
{
    const char *missing;
    if (!table->module || !is_here(look, table->module)) {
        answers_unchecked(look->answers, table->known ? table->known->rule : RULE_INTEGRITY_CHECK,
                          table->name,
                          "it needs module %s of its application; the tables behind it are checked "
                          "as such",
                          table->module ? table->module : "of a statement that cannot be read");
        return false;
    }
    if (!table->known)
        return false;
    missing = missing_shadow(look, table);
    if (missing) {
        answers_broken(look->answers, table->known->rule, table->name, 1,
                       "'%s' has lost its table '%s_%s'", table->name, table->name, missing);
        return true;
    }
    return table->known->rule == RULE_RTREE ? check_rtree(look, table)
                                            : check_full_text(look, table);
}

void virtual_check(struct look *look)
{
    struct names names;
    if (look->tangled)
        return;
    names_of(&names, look->database,
             "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage = 0"
             " AND sql LIKE 'CREATE VIRTUAL%'",
             NULL);
    sqlite3_exec(look->database, "BEGIN", NULL, NULL, NULL);
    for (size_t i = 0; i < names.count; i++) {
        struct virtual_table table = {.name = names.items[i]};
        table.sql = names_ask(look->database,
                              "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = %Q",
                              table.name);
        if (table.sql) {
            read_statement(&table);
            if (check_table(look, &table))
                answers_held(look->answers, table.known->rule);
        }
        free(table.sql);
        free(table.module);
        free(table.content);
    }
    sqlite3_exec(look->database, "ROLLBACK", NULL, NULL, NULL);
    names_release(&names);
}
