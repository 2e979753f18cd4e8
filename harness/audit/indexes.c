/* Does each index hold, value by value, what its table holds?
 *
 * integrity_check looks each row up in each index and counts the entries, so that they belong
 * together one by one; but it compares as the index does. 'name' and 'NAME' are the same in an
 * index COLLATE NOCASE, and a query that is answered from the index alone tells the wrong one.
 *
 * On a copy, in a transaction that is rolled back, the schema gets for each index a table WITHOUT
 * ROWID whose tree is that of the index: its columns without types, so that nothing is converted,
 * in the order of the index. Each of its rows is held against the row of the table that it names.
 *
 *     index i ON t(a COLLATE NOCASE DESC)      CREATE TABLE aside_7("aside_0" COLLATE NOCASE,
 *     root page 7                                  "aside_1", PRIMARY KEY("aside_0" DESC, ...))
 *
 * SQLite stores whole numbers of a REAL column as integers, in tables and indexes alike, and turns
 * them back where it knows the column: there, and in what is computed, 5 and 5.0 are the same.
 *
 * source : https://www.sqlite.org/fileformat2.html 2.3 to 2.5, datatype3.html 3.1
 */
#include <stdlib.h>
#include <string.h>

#include "audit/structure.h"
#include "base/text.h"

#define ROWID      (-1) /* in index_xinfo */
#define EXPRESSION (-2)
#define FILE_MOST  100000000

/* One column of an index. */
struct part {
    int cid;
    char *name, *collation; /* own; name NULL: an expression or the rowid */
    bool descends;
};

struct index {
    char *table, *name, *sql; /* own; sql NULL: SQLite made it for a constraint */
    char *rowid; /* own: a name by which the rowid of the table can be said; NULL: none */
    char *key;   /* own: the index that is the table; NULL: it has a rowid */
    int64_t root;
    struct part *parts; /* own */
    size_t count;
};

static void release(struct index *index)
{
    for (size_t i = 0; i < index->count; i++) {
        free(index->parts[i].name);
        free(index->parts[i].collation);
    }
    free(index->parts);
    free(index->table);
    free(index->name);
    free(index->sql);
    free(index->rowid);
    free(index->key);
    *index = (struct index){0};
}

static char *copy_of(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    return text ? xstrdup(text) : NULL;
}

static void read_parts(sqlite3 *database, struct index *index)
{
    sqlite3_stmt *row = NULL;
    if (sqlite3_prepare_v2(database,
                           "SELECT cid, name, coll, \"desc\" FROM pragma_index_xinfo(?1)"
                           " ORDER BY seqno",
                           -1, &row, NULL) == SQLITE_OK) {
        sqlite3_bind_text(row, 1, index->name, -1, SQLITE_STATIC);
        while (sqlite3_step(row) == SQLITE_ROW) {
            index->parts = xrealloc(index->parts, index->count + 1, sizeof *index->parts);
            index->parts[index->count++] =
                (struct part){.cid = sqlite3_column_int(row, 0),
                              .name = copy_of(row, 1),
                              .collation = copy_of(row, 2),
                              .descends = sqlite3_column_int(row, 3) != 0};
        }
    }
    sqlite3_finalize(row);
}

/* A table whose columns take all three names has a rowid that nobody can name. */
static char *rowid_of(sqlite3 *database, const char *table)
{
    static const char *const names[] = {"rowid", "_rowid_", "oid"};
    char *rowid = NULL;
    for (size_t i = 0; i < 3 && !rowid; i++) {
        char *taken = names_ask(database,
                                "SELECT 1 FROM pragma_table_xinfo(%Q) WHERE name = %Q"
                                " COLLATE NOCASE",
                                table, names[i]);
        if (!taken)
            rowid = xstrdup(names[i]);
        free(taken);
    }
    return rowid;
}

static void read_index(sqlite3 *database, struct index *index, const char *table, const char *name)
{
    char *root = names_ask(
        database, "SELECT rootpage FROM sqlite_schema WHERE type = 'index' AND name = %Q", name);
    char *wr = names_ask(database, "SELECT wr FROM pragma_table_list WHERE name = %Q", table);
    *index = (struct index){.table = xstrdup(table), .name = xstrdup(name)};
    index->root = root ? strtoll(root, NULL, 10) : 0;
    index->sql = names_ask(
        database, "SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = %Q", name);
    if (wr && strcmp(wr, "1") == 0)
        index->key = names_ask(database,
                               "SELECT name FROM pragma_index_list(%Q) WHERE origin = 'pk'", table);
    else
        index->rowid = rowid_of(database, table);
    read_parts(database, index);
    free(root);
    free(wr);
}

/* ---- the text of its expressions ---- */

/* Column `wanted` of CREATE INDEX name ON table(column, ...), without ASC and DESC; the caller
 * frees it. */
static char *text_of_part(const char *sql, size_t wanted)
{
    const char *at = sql, *from = NULL, *end = NULL;
    size_t length, column = 0;
    int depth = 0;
    for (; (length = names_token(&at)); at += length) {
        bool opens = names_word(at, length, "("), closes = names_word(at, length, ")");
        depth -= closes;
        if (depth == 0 && closes)
            break;
        if (depth == 1 && names_word(at, length, ",")) {
            if (column++ == wanted)
                break;
            from = NULL;
        } else if (depth >= 1) {
            bool is_order = depth == 1 && !closes &&
                            (names_word(at, length, "asc") || names_word(at, length, "desc"));
            from = from ? from : at;
            end = is_order ? end : at + length;
        }
        depth += opens;
    }
    return column >= wanted && from && end > from ? text_format("%.*s", (int)(end - from), from)
                                                  : NULL;
}

/* ---- statements ---- */

static void add_name(struct text *out, const char *name)
{
    char *quoted = sqlite3_mprintf("\"%w\"", name);
    text_add(out, quoted);
    sqlite3_free(quoted);
}

/* CREATE TABLE for the tree of an index. */
static char *statement_of(const struct index *index)
{
    struct text sql = {0};
    text_addf(&sql, "CREATE TABLE " ASIDE "%lld(", (long long)index->root);
    for (size_t i = 0; i < index->count; i++) {
        text_addf(&sql, ASIDE "c%zu COLLATE ", i);
        add_name(&sql, index->parts[i].collation ? index->parts[i].collation : "BINARY");
        text_add(&sql, ", ");
    }
    text_add(&sql, "PRIMARY KEY(");
    for (size_t i = 0; i < index->count; i++)
        text_addf(&sql, "%s" ASIDE "c%zu%s", i ? ", " : "", i,
                  index->parts[i].descends ? " DESC" : "");
    text_add(&sql, ")) WITHOUT ROWID");
    return text_take(&sql);
}

/* Is 5 the same as 5.0 in it? In a REAL column (datatype3.html 3.1), and in one that is computed,
 * maybe from such. */
static bool is_any_number(sqlite3 *database, const char *table, const char *column)
{
    char *is =
        names_ask(database,
                  "SELECT hidden > 1 OR (type NOT LIKE '%%INT%%' AND type NOT LIKE '%%CHAR%%'"
                  " AND type NOT LIKE '%%CLOB%%' AND type NOT LIKE '%%TEXT%%'"
                  " AND type NOT LIKE '%%BLOB%%' AND (type LIKE '%%REAL%%'"
                  " OR type LIKE '%%FLOA%%' OR type LIKE '%%DOUB%%'))"
                  " FROM pragma_table_xinfo(%Q) WHERE name = %Q COLLATE NOCASE",
                  table, column);
    bool any = is && strcmp(is, "1") == 0;
    free(is);
    return any;
}

/* Another type, or other bytes. */
static void add_difference(struct text *out, size_t part, const char *value, bool any_number)
{
    char *name = text_format("i." ASIDE "c%zu", part);
    text_addf(out,
              any_number ? "replace(typeof(%s), 'integer', 'real') <>"
                           " replace(typeof(%s), 'integer', 'real')"
                         : "typeof(%s) <> typeof(%s)",
              name, value);
    text_addf(out, " OR (%s COLLATE BINARY) IS NOT (%s)", name, value);
    free(name);
}

static bool add_differences(sqlite3 *database, const struct index *index, struct text *out)
{
    bool any = false;
    for (size_t i = 0; i < index->count; i++) {
        const struct part *part = &index->parts[i];
        struct text value = {0};
        if (part->cid == ROWID)
            continue;
        if (part->cid == EXPRESSION) {
            char *expression = index->sql ? text_of_part(index->sql, i) : NULL;
            if (!expression)
                return false;
            text_addf(&value, "(%s)", expression);
            free(expression);
        } else {
            text_add(&value, "n.");
            add_name(&value, part->name);
        }
        text_add(out, any ? " OR " : "");
        add_difference(out, i, value.data,
                       part->cid == EXPRESSION ||
                           is_any_number(database, index->table, part->name));
        text_release(&value);
        any = true;
    }
    return any;
}

/* The place at which the entries of an index hold a column of their table's key. */
static size_t place_of(const struct index *index, int cid)
{
    for (size_t i = index->count; i-- > 0;)
        if (index->parts[i].cid == cid)
            return i;
    return index->count;
}

/* Which row an entry is of: false where nobody can say. */
static bool add_join(sqlite3 *database, const struct index *index, struct text *out)
{
    struct index key = {0};
    bool all = true;
    if (!index->key) {
        if (!index->rowid)
            return false;
        text_add(out, " NOT INDEXED ON n.");
        add_name(out, index->rowid);
        text_addf(out, " = i." ASIDE "c%zu", index->count - 1);
        return index->count > 1 && index->parts[index->count - 1].cid == ROWID;
    }
    text_add(out, " INDEXED BY ");
    add_name(out, index->key);
    key.name = xstrdup(index->key);
    read_parts(database, &key);
    for (size_t i = 0, said = 0; i < key.count; i++) {
        size_t place = place_of(index, key.parts[i].cid);
        char *is_key =
            names_ask(database, "SELECT 1 FROM pragma_table_xinfo(%Q) WHERE cid = %d AND pk > 0",
                      index->table, key.parts[i].cid);
        if (is_key) {
            all &= place < index->count;
            text_add(out, said++ ? " AND n." : " ON n.");
            add_name(out, key.parts[i].name);
            text_add(out, " COLLATE ");
            add_name(out, key.parts[i].collation);
            text_addf(out, " = i." ASIDE "c%zu", place);
        }
        free(is_key);
    }
    release(&key);
    return all;
}

/* Entries that differ from their rows, by what names the row; NULL: cannot be asked. */
static char *question_of(sqlite3 *database, const struct index *index)
{
    struct text sql = {0}, differences = {0};
    bool can = add_differences(database, index, &differences);
    text_addf(&sql,
              "SELECT substr(quote(i." ASIDE "c%zu), 1, 60) FROM " ASIDE "%lld AS i CROSS JOIN ",
              index->count - 1, (long long)index->root);
    add_name(&sql, index->table);
    text_add(&sql, " AS n");
    can = can && add_join(database, index, &sql);
    text_addf(&sql, " WHERE %s", differences.data ? differences.data : "0");
    text_release(&differences);
    if (!can)
        text_release(&sql);
    return sql.data;
}

/* ---- asking ---- */

static void compare(struct look *look, const struct index *index, const char *question, bool *any)
{
    struct answers_sample sample = {0};
    sqlite3_stmt *row = NULL;
    int code = sqlite3_prepare_v2(look->database, question, -1, &row, NULL);
    if (code == SQLITE_OK)
        while ((code = sqlite3_step(row)) == SQLITE_ROW)
            answers_sample_add(&sample, (const char *)sqlite3_column_text(row, 0));
    if (code != SQLITE_DONE)
        answers_unchecked(look->answers, RULE_INDEX_AGREES, index->name, "%s",
                          structure_why(look->database));
    else
        *any = true;
    if (sample.count)
        answers_broken(look->answers, RULE_INDEX_AGREES, index->name, sample.count,
                       "index '%s' of table '%s': %lld entries hold other values than their rows: "
                       "%s %s%s",
                       index->name, index->table, (long long)sample.count,
                       index->key ? "key" : "rowid", sample.examples.data,
                       sample.count > 3 ? "; ..." : "");
    answers_sample_release(&sample);
    sqlite3_finalize(row);
}

/* It is told already, and its entries belong to rows by chance. */
static bool is_broken(const struct look *look, const char *index)
{
    for (size_t i = 0; i < look->answers->count; i++) {
        const struct audit_told *told = &look->answers->items[i];
        if (told->answer == AUDIT_BROKEN && strcmp(told->object, index) == 0 &&
            told->rule == &audit_rules[RULE_INTEGRITY_CHECK])
            return true;
    }
    return false;
}

/* NULL: it can be compared; the caller frees the reason. */
static char *obstacle(struct look *look, const struct index *index)
{
    if (is_broken(look, index->name))
        return xstrdup("integrity_check finds it broken");
    if (names_try(look->database, "REINDEX main.\"%w\"", index->name) != SQLITE_OK)
        return structure_needs(structure_why(look->database));
    if (!index->key && !index->rowid)
        return xstrdup("the columns of its table hide its rowid");
    return NULL;
}

struct indexes {
    struct index *items;
    size_t count;
};

static void read_indexes(struct look *look, struct indexes *out)
{
    struct names tables, indexes;
    names_of(&tables, look->database, STRUCTURE_TABLES, NULL);
    for (size_t i = 0; i < tables.count; i++) {
        char *table = tables.items[i];
        names_of(&indexes, look->database,
                 "SELECT l.name FROM pragma_index_list(?1) AS l JOIN sqlite_schema AS s"
                 " ON s.name = l.name AND s.type = 'index' AND s.rootpage > 0",
                 table);
        for (size_t k = 0; k < indexes.count; k++) {
            out->items = xrealloc(out->items, out->count + 1, sizeof *out->items);
            read_index(look->database, &out->items[out->count++], table, indexes.items[k]);
        }
        names_release(&indexes);
    }
    names_release(&tables);
}

static void compare_all(struct look *look, const struct indexes *indexes)
{
    sqlite3 *database = look->database;
    char **questions = xcalloc(indexes->count + 1, sizeof *questions);
    bool any = false;
    for (size_t i = 0; i < indexes->count; i++) {
        char *why = obstacle(look, &indexes->items[i]);
        if (!why && !(questions[i] = question_of(database, &indexes->items[i])))
            why = xstrdup("its statement cannot be read");
        if (why)
            answers_unchecked(look->answers, RULE_INDEX_AGREES, indexes->items[i].name, "%s", why);
        free(why);
    }
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 0, (int *)NULL);
    sqlite3_exec(database, "BEGIN; PRAGMA writable_schema = ON", NULL, NULL, NULL);
    for (size_t i = 0; i < indexes->count; i++) {
        const struct index *index = &indexes->items[i];
        char *sql = questions[i] ? statement_of(index) : NULL;
        if (sql)
            names_run(database,
                      "INSERT INTO sqlite_schema VALUES('table', '" ASIDE "%lld', '" ASIDE
                      "%lld', %lld, %Q)",
                      (long long)index->root, (long long)index->root, (long long)index->root, sql);
        free(sql);
    }
    sqlite3_exec(database, "PRAGMA writable_schema = RESET", NULL, NULL, NULL);
    for (size_t i = 0; i < indexes->count; i++)
        if (questions[i])
            compare(look, &indexes->items[i], questions[i], &any);
    sqlite3_exec(database, "ROLLBACK; PRAGMA writable_schema = RESET", NULL, NULL, NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    if (any)
        answers_held(look->answers, RULE_INDEX_AGREES);
    for (size_t i = 0; i < indexes->count; i++)
        free(questions[i]);
    free(questions);
}

/* Why not at all, or NULL. */
static char *left_out(struct look *look, int64_t bytes)
{
    char size[TEXT_NUMBER_BYTES];
    if (look->deep == AUDIT_DEEP_NEVER)
        return xstrdup("its values were not asked for (--no-deep)");
    if (look->deep == AUDIT_DEEP_BELOW_100_MB && bytes > FILE_MOST)
        return text_format("the database has %s: --deep compares it all the same",
                           text_size(size, (double)bytes));
    if (!look->may_write && look->deep == AUDIT_DEEP_BELOW_100_MB)
        return xstrdup(look->why_not);
    return NULL;
}

void indexes_check(struct look *look)
{
    struct indexes indexes = {0};
    char *bytes = names_ask(look->database, "SELECT page_count * page_size"
                                            " FROM pragma_page_count, pragma_page_size");
    char *why = left_out(look, bytes ? strtoll(bytes, NULL, 10) : 0);
    char *first = names_ask(look->database, "SELECT name FROM sqlite_schema WHERE type = 'index'");
    guard_begin(look->guard, look->database, look->path);
    if (!first)
        ; /* there is no index */
    else if (why)
        answers_left_out(look->answers, RULE_INDEX_AGREES, "", "%s", why);
    else if (!look->may_write || look->tangled)
        answers_unchecked(look->answers, RULE_INDEX_AGREES, "", "%s",
                          look->tangled ? "its trees grow together" : look->why_not);
    else {
        read_indexes(look, &indexes);
        compare_all(look, &indexes);
    }
    for (size_t i = 0; i < indexes.count; i++)
        release(&indexes.items[i]);
    free(indexes.items);
    free(bytes);
    free(first);
    free(why);
}
