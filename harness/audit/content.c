/* What is in a database? Names of tables, and their rows counted one by one. */
#include "audit/content.h"

#include <stdlib.h>
#include <string.h>

#include "audit/audit_internal.h"

#define MOST_NAME 100 /* bytes of a name that are told */

static char *quoted_name(const char *name)
{
    struct text out = {0};
    text_add(&out, "\"");
    for (; *name; name++)
        text_addf(&out, *name == '"' ? "\"%c" : "%c", *name);
    text_add(&out, "\"");
    return text_take(&out);
}

/* count(1), not count(*): that would be one step of SQLite's, whatever it costs, see guard.h */
static int64_t count_rows(sqlite3 *database, const char *name)
{
    char *quoted = quoted_name(name), *sql = text_format("SELECT count(1) FROM %s", quoted);
    sqlite3_stmt *row = NULL;
    int64_t rows = -1;
    if (sqlite3_prepare_v2(database, sql, -1, &row, NULL) == SQLITE_OK &&
        sqlite3_step(row) == SQLITE_ROW)
        rows = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    free(sql);
    free(quoted);
    return rows;
}

/* As it is told: somebody else's words, of any length. */
static void shorten(char *name)
{
    if (strlen(name) > MOST_NAME)
        name[MOST_NAME] = '\0';
    text_make_printable(name);
}

static int read_tables(struct audit_content *out, sqlite3 *database)
{
    static const char sql[] = "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0"
                              " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    sqlite3_stmt *row = NULL;
    int rc = sqlite3_prepare_v2(database, sql, -1, &row, NULL);
    out->tables = xcalloc(CONTENT_MOST_TABLES, sizeof *out->tables);
    while (rc == SQLITE_OK && (rc = sqlite3_step(row)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(row, 0);
        rc = SQLITE_OK;
        if (out->count == CONTENT_MOST_TABLES) {
            out->more = true;
            rc = SQLITE_DONE;
        } else if (name) {
            out->tables[out->count++].name = xstrdup(name);
        }
    }
    sqlite3_finalize(row);
    return rc == SQLITE_DONE ? 0 : -1;
}

int audit_content_read(struct audit_content *out, const struct copy *copy, struct err *err)
{
    sqlite3 *database = NULL;
    struct guard guard;
    int rc =
        sqlite3_open_v2(copy->path, &database, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK ? 0 : -1;
    *out = (struct audit_content){0};
    if (rc == 0) {
        guard_set(&guard, database, false);
        guard_begin(&guard, database, copy->path);
        rc = read_tables(out, database);
    }
    if (rc == 0) {
        out->application_id = database_ask(database, "PRAGMA application_id");
        out->user_version = database_ask(database, "PRAGMA user_version");
        for (size_t i = 0; i < out->count; i++) {
            out->tables[i].rows =
                guard_spent(&guard) ? -1 : count_rows(database, out->tables[i].name);
            shorten(out->tables[i].name);
        }
    } else {
        err_set(err, ERR_FORMAT, "its tables cannot be read: %s", sqlite3_errmsg(database));
    }
    sqlite3_close(database);
    return rc;
}

void audit_content_release(struct audit_content *content)
{
    for (size_t i = 0; i < content->count; i++)
        free(content->tables[i].name);
    free(content->tables);
    *content = (struct audit_content){0};
}
