/* Which schema is a database asked to have? CREATE statements in a file, run in memory.
 *
 * Only such statements: nothing is attached, loaded, inserted or set. What `sqlite3 FILE .schema`
 * prints can be given as it is: tables of SQLite's own and those that a virtual table keeps its
 * content in are made by themselves, and passed over here.
 */
#include <stdlib.h>
#include <string.h>

#include "audit/audit_internal.h"
#include "audit/schema_held.h"
#include "audit/sql_words.h"
#include "base/text.h"

#define MOST_BYTES (1 << 20) /* guard.c: the longest statement */

/* One statement: what it makes. */
struct statement {
    const char *from, *to; /* behind its semicolon */
    char *kind;            /* "create table"; own */
    char *name;            /* own */
};

static void statement_release(struct statement *one)
{
    free(one->kind);
    free(one->name);
    *one = (struct statement){0};
}

/* The caller's word is that. */
static bool is(const struct text *word, const char *what)
{
    return word->length && strcmp(word->data, what) == 0;
}

/* "create unique index if not exists main.x" to "create unique index", and "x" */
static void read_head(struct statement *out, const char *at)
{
    struct text word = {0}, kind = {0}, name = {0};
    while (sql_next(&at, &word) &&
           (is(&word, "create") || is(&word, "unique") || is(&word, "virtual") ||
            is(&word, "temp") || is(&word, "temporary")))
        text_addf(&kind, "%s ", word.data);
    text_add(&kind, word.length ? word.data : "");
    do
        sql_next(&at, &word);
    while (is(&word, "if") || is(&word, "not") || is(&word, "exists"));
    text_add(&name, word.length ? word.data : "");
    if (*at == '.') {
        at++;
        sql_next(&at, &word);
        text_clear(&name);
        text_add(&name, word.length ? word.data : "");
    }
    text_release(&word);
    out->kind = text_take(&kind);
    out->name = text_take(&name);
    if (out->name[0] == '\'') { /* also a name where one is expected */
        memmove(out->name, out->name + 1, strlen(out->name));
        out->name[strcspn(out->name, "'")] = '\0';
    }
}

/* A semicolon ends it; those of a trigger's body stand between BEGIN and END. */
static const char *end_of(const char *at)
{
    struct text so_far = {0};
    const char *from = at;
    while (*at) {
        struct text word = {0};
        bool more = sql_next(&at, &word), ends = is(&word, ";");
        text_release(&word);
        if (!more)
            break;
        if (!ends)
            continue;
        text_clear(&so_far);
        text_add_bytes(&so_far, from, (size_t)(at - from));
        if (sqlite3_complete(so_far.data))
            break;
    }
    text_release(&so_far);
    return at;
}

static bool next_statement(struct statement *out, const char **at)
{
    struct text word = {0};
    const char *look = *at;
    bool more;
    do
        more = sql_next(&look, &word);
    while (more && is(&word, ";"));
    *out = (struct statement){.from = look - word.length};
    text_release(&word);
    if (!more)
        return false;
    read_head(out, out->from);
    out->to = end_of(out->from);
    *at = out->to;
    return true;
}

static bool is_wanted_kind(const char *kind)
{
    static const char *const wanted[] = {"create table",        "create index",
                                         "create view",         "create trigger",
                                         "create unique index", "create virtual table"};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (strcmp(kind, wanted[i]) == 0)
            return true;
    return false;
}

/* Made by SQLite itself, or by the virtual table whose content it holds. */
static bool makes_itself(sqlite3 *database, const struct statement *one)
{
    sqlite3_stmt *row = NULL;
    bool shadow = false;
    if (strncmp(one->name, "sqlite_", 7) == 0)
        return true;
    if (sqlite3_prepare_v2(database,
                           "SELECT 1 FROM pragma_table_list(?1) WHERE schema = 'main'"
                           " AND type = 'shadow'",
                           -1, &row, NULL) == SQLITE_OK) {
        sqlite3_bind_text(row, 1, one->name, -1, SQLITE_STATIC);
        shadow = sqlite3_step(row) == SQLITE_ROW;
    }
    sqlite3_finalize(row);
    return shadow;
}

static int run_statement(struct audit_schema *schema, const struct statement *one, const char *text,
                         struct err *err)
{
    size_t at = (size_t)(one->from - text);
    char *sql = text_format("%.*s", (int)(one->to - one->from), one->from);
    int rc = 0;
    guard_begin(&schema->guard, schema->database, NULL);
    if (!is_wanted_kind(one->kind))
        rc =
            err_set(err, ERR_FORMAT,
                    "schema '%s': line %d: '%.40s' is not run: expected CREATE TABLE, INDEX, VIEW, "
                    "TRIGGER or VIRTUAL TABLE (as 'sqlite3 DATABASE .schema' prints them)",
                    schema->path, text_line_of(text, at), one->kind);
    else if (!makes_itself(schema->database, one) &&
             sqlite3_exec(schema->database, sql, NULL, NULL, NULL) != SQLITE_OK)
        rc = err_set(err, ERR_FORMAT, "schema '%s': line %d: %s", schema->path,
                     text_line_of(text, at),
                     guard_spent(&schema->guard) ? GUARD_SAYS : sqlite3_errmsg(schema->database));
    free(sql);
    return rc;
}

static int run_all(struct audit_schema *schema, const char *text, struct err *err)
{
    struct statement one;
    const char *at = text;
    int rc = 0;
    while (rc == 0 && next_statement(&one, &at)) {
        rc = run_statement(schema, &one, text, err);
        statement_release(&one);
        schema->statements++;
    }
    if (rc == 0 && schema->statements == 0)
        rc = err_set(err, ERR_FORMAT, "schema '%s': no CREATE statement in it", schema->path);
    return rc;
}

int audit_schema_load(struct audit_schema **out, const char *path, struct err *err)
{
    struct audit_schema *schema = xcalloc(1, sizeof *schema);
    char *text = NULL;
    size_t length = 0;
    int rc = text_read_file(&text, &length, path, MOST_BYTES, err);
    schema->path = xstrdup(path);
    if (rc < 0) {
        err_wrap(err, "schema '%s'", path);
    } else if (strlen(text) != length) {
        rc = err_set(err, ERR_FORMAT, "schema '%s': line %d: a NUL byte, expected SQL", path,
                     text_line_of(text, strlen(text)));
    } else if (sqlite3_open(":memory:", &schema->database) != SQLITE_OK) {
        rc = err_set(err, ERR_SYSTEM, "schema '%s': %s", path, sqlite3_errmsg(schema->database));
    } else {
        guard_set(&schema->guard, schema->database, true);
        rc = run_all(schema, text, err);
    }
    free(text);
    if (rc < 0)
        audit_schema_free(schema);
    else
        *out = schema;
    return rc;
}

void audit_schema_free(struct audit_schema *schema)
{
    if (!schema)
        return;
    sqlite3_close(schema->database);
    free(schema->path);
    free(schema);
}
