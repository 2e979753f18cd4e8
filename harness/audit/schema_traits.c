/* What is this table made of? Asked by pragma, and where none tells, read from its definition. */
#include "audit/schema_traits.h"

#include <stdlib.h>
#include <string.h>

#include "audit/sql_words.h"
#include "base/text.h"

#define MOST_TRAITS 5000 /* they are compared each with each */

/* label, is: given over */
static void add(struct schema_traits *traits, bool implied, char *label, char *is)
{
    if (traits->count == MOST_TRAITS) {
        traits->cut = true;
        free(label);
        free(is);
        return;
    }
    if (traits->count == traits->room) {
        traits->room = traits->room ? 2 * traits->room : 16;
        traits->items = xrealloc(traits->items, traits->room, sizeof traits->items[0]);
    }
    traits->items[traits->count++] = (struct schema_trait){label, is, implied};
}

const struct schema_trait *schema_traits_find(const struct schema_traits *traits, const char *label)
{
    for (size_t i = 0; i < traits->count; i++)
        if (sqlite3_stricmp(traits->items[i].label, label) == 0)
            return &traits->items[i];
    return NULL;
}

void schema_traits_release(struct schema_traits *traits)
{
    for (size_t i = 0; i < traits->count; i++) {
        free(traits->items[i].label);
        free(traits->items[i].is);
    }
    free(traits->items);
    *traits = (struct schema_traits){0};
}

/* ---- questions about one table or index ---- */

static const char *text_at(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    return text ? text : "";
}

static sqlite3_stmt *ask(sqlite3 *database, const char *sql, const char *name)
{
    sqlite3_stmt *row = NULL;
    if (sqlite3_prepare_v2(database, sql, -1, &row, NULL) != SQLITE_OK)
        return NULL;
    sqlite3_bind_text(row, 1, name, -1, SQLITE_TRANSIENT);
    return row;
}

/* returns : 0 when all rows were read */
static int end(sqlite3_stmt *row)
{
    return sqlite3_finalize(row) == SQLITE_OK ? 0 : -1;
}

/* ---- the table itself ---- */

static int add_kind(struct schema_traits *out, sqlite3 *database, const char *table)
{
    sqlite3_stmt *row =
        ask(database, "SELECT strict, wr FROM pragma_table_list(?1) WHERE schema = 'main'", table);
    if (!row)
        return -1;
    while (sqlite3_step(row) == SQLITE_ROW)
        add(out, true, xstrdup("the table"),
            text_format("%s, %s", sqlite3_column_int(row, 0) ? "STRICT" : "not STRICT",
                        sqlite3_column_int(row, 1) ? "WITHOUT ROWID" : "with rowids"));
    return end(row);
}

/* "integer not null default 7 collate nocase key 1" */
static char *column_of(sqlite3 *database, const char *table, sqlite3_stmt *row)
{
    struct text is = {0};
    const char *collation = NULL;
    int grows = 0, hidden = sqlite3_column_int(row, 5), key = sqlite3_column_int(row, 4);
    char *type = sql_normal(text_at(row, 1)), *preset = sql_normal(text_at(row, 3)), *order;
    sqlite3_table_column_metadata(database, "main", table, text_at(row, 0), NULL, &collation, NULL,
                                  NULL, &grows);
    text_add(&is, *type ? type : "no type");
    text_add(&is, sqlite3_column_int(row, 2) ? " not null" : "");
    if (*preset)
        text_addf(&is, " default %s", preset);
    order = sql_normal(collation);
    if (*order && strcmp(order, "binary") != 0)
        text_addf(&is, " collate %s", order);
    if (key)
        text_addf(&is, " primary key (place %d)", key);
    text_add(&is, grows ? " autoincrement" : "");
    text_add(&is, hidden == 2 ? " generated virtual" : hidden == 3 ? " generated stored" : "");
    free(type);
    free(preset);
    free(order);
    return text_take(&is);
}

static int add_columns(struct schema_traits *out, sqlite3 *database, const char *table)
{
    sqlite3_stmt *row = ask(database,
                            "SELECT name, type, \"notnull\", dflt_value, pk, hidden"
                            " FROM pragma_table_xinfo(?1)",
                            table);
    if (!row)
        return -1;
    while (sqlite3_step(row) == SQLITE_ROW)
        add(out, false, text_format("column '%s'", text_at(row, 0)),
            column_of(database, table, row));
    return end(row);
}

/* ---- its indexes ---- */

/* The columns of an index: as they stand, or sorted by name, as the order of a UNIQUE constraint
 * says nothing. *plain: none of them is an expression. */
static char *columns_of(sqlite3 *database, const char *index, bool sorted, bool *plain)
{
    struct text list = {0};
    sqlite3_stmt *row = ask(database,
                            sorted ? "SELECT lower(name), desc, lower(coll), cid"
                                     " FROM pragma_index_xinfo(?1) WHERE key ORDER BY 1"
                                   : "SELECT lower(name), desc, lower(coll), cid"
                                     " FROM pragma_index_xinfo(?1) WHERE key ORDER BY seqno",
                            index);
    *plain = row != NULL;
    while (row && sqlite3_step(row) == SQLITE_ROW) {
        const char *collation = text_at(row, 2);
        *plain = *plain && sqlite3_column_int(row, 3) != -2;
        text_addf(&list, "%s%s", list.length ? ", " : "",
                  sqlite3_column_int(row, 3) == -2 ? "an expression" : text_at(row, 0));
        if (strcmp(collation, "binary") != 0)
            text_addf(&list, " collate %s", collation);
        text_add(&list, sqlite3_column_int(row, 1) && !sorted ? " desc" : "");
    }
    *plain = end(row) == 0 && *plain;
    return text_take(&list);
}

/* What no pragma tells of expressions and conditions: "(lower(name)) where name is not null". */
static char *definition_of(sqlite3 *database, const char *index)
{
    sqlite3_stmt *row =
        ask(database, "SELECT sql FROM sqlite_master WHERE type = 'index' AND name = ?1", index);
    char *words = sql_normal(row && sqlite3_step(row) == SQLITE_ROW ? text_at(row, 0) : "");
    char *list = strchr(words, '('), *out = xstrdup(list ? list : "");
    sqlite3_finalize(row);
    free(words);
    return out;
}

static void add_index(struct schema_traits *out, sqlite3 *database, sqlite3_stmt *row)
{
    const char *name = text_at(row, 0), *origin = text_at(row, 2);
    bool unique = sqlite3_column_int(row, 1), partial = sqlite3_column_int(row, 3), plain;
    char *columns = columns_of(database, name, false, &plain), *set, *definition;
    if (*origin == 'c') {
        definition = partial || !plain ? definition_of(database, name) : xstrdup("");
        add(out, false, text_format("index '%s'", name),
            *definition ? text_format("%sindex on %s", unique ? "unique " : "", definition)
                        : text_format("%sindex on (%s)", unique ? "unique " : "", columns));
        free(definition);
    }
    if (unique && !partial && plain && *origin != 'p') { /* whichever way it is made */
        set = columns_of(database, name, true, &plain);
        add(out, *origin == 'c', text_format("unique (%s)", set), xstrdup(""));
        free(set);
    }
    free(columns);
}

static int add_indexes(struct schema_traits *out, sqlite3 *database, const char *table)
{
    sqlite3_stmt *row = ask(database,
                            "SELECT name, \"unique\", origin, partial FROM pragma_index_list(?1)"
                            " ORDER BY seq DESC",
                            table);
    if (!row)
        return -1;
    while (!out->cut && sqlite3_step(row) == SQLITE_ROW)
        add_index(out, database, row);
    return end(row);
}

/* ---- its foreign keys ---- */

/* REFERENCES without columns means the primary key. */
static char *primary_key_of(sqlite3 *database, const char *table)
{
    struct text list = {0};
    sqlite3_stmt *row =
        ask(database, "SELECT name FROM pragma_table_info(?1) WHERE pk ORDER BY pk", table);
    while (row && sqlite3_step(row) == SQLITE_ROW)
        text_addf(&list, "%s%s", list.length ? ", " : "", text_at(row, 0));
    sqlite3_finalize(row);
    return text_take(&list);
}

/* One foreign key, of which the last row was read. */
struct foreign_key {
    struct text from, to;
    char *parent, *is;
};

static void foreign_key_end(struct schema_traits *out, sqlite3 *database, struct foreign_key *key)
{
    char *primary;
    if (!key->parent)
        return;
    primary = key->to.length ? NULL : primary_key_of(database, key->parent);
    add(out, false,
        text_format("foreign key (%s) references '%s' (%s)", key->from.data, key->parent,
                    primary ? primary : key->to.data),
        key->is);
    free(primary);
    free(key->parent);
    text_release(&key->from);
    text_release(&key->to);
    *key = (struct foreign_key){0};
}

static int add_foreign_keys(struct schema_traits *out, sqlite3 *database, const char *table)
{
    struct foreign_key key = {0};
    sqlite3_stmt *row = ask(database,
                            "SELECT seq, \"table\", \"from\", \"to\", on_update, on_delete"
                            " FROM pragma_foreign_key_list(?1) ORDER BY id, seq",
                            table);
    if (!row)
        return -1;
    while (sqlite3_step(row) == SQLITE_ROW) {
        if (sqlite3_column_int(row, 0) == 0) {
            foreign_key_end(out, database, &key);
            key.parent = xstrdup(text_at(row, 1));
            key.is = text_format("on update %s on delete %s", text_at(row, 4), text_at(row, 5));
        }
        text_addf(&key.from, "%s%s", key.from.length ? ", " : "", text_at(row, 2));
        if (sqlite3_column_type(row, 3) != SQLITE_NULL)
            text_addf(&key.to, "%s%s", key.to.length ? ", " : "", text_at(row, 3));
    }
    foreign_key_end(out, database, &key);
    return end(row);
}

/* ---- all of it ---- */

static void add_clause(void *context, const char *clause)
{
    struct schema_traits *out = context;
    if (!out->cut && !schema_traits_find(out, clause))
        add(out, false, xstrdup(clause), xstrdup(""));
}

int schema_traits_of(struct schema_traits *out, sqlite3 *database, const char *table,
                     const char *sql)
{
    if (add_kind(out, database, table) < 0 || add_columns(out, database, table) < 0 ||
        add_indexes(out, database, table) < 0 || add_foreign_keys(out, database, table) < 0)
        return -1;
    sql_clauses(sql, add_clause, out);
    return out->cut ? -1 : 0;
}
