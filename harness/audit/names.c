/* How are the objects of a stranger's schema named in statements of ours? Quoted, by SQLite. */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "audit/structure.h"

void names_of(struct names *out, sqlite3 *database, const char *sql, const char *about)
{
    sqlite3_stmt *row = NULL;
    *out = (struct names){0};
    if (sqlite3_prepare_v2(database, sql, -1, &row, NULL) == SQLITE_OK) {
        sqlite3_bind_text(row, 1, about, -1, SQLITE_STATIC);
        while (sqlite3_step(row) == SQLITE_ROW) {
            const char *name = (const char *)sqlite3_column_text(row, 0);
            names_add(out, name ? name : "");
        }
    }
    sqlite3_finalize(row);
}

void names_add(struct names *names, const char *name)
{
    names->items = xrealloc(names->items, names->count + 1, sizeof *names->items);
    names->items[names->count++] = xstrdup(name);
}

void names_release(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
    *names = (struct names){0};
}

static sqlite3_stmt *compile(sqlite3 *database, const char *format, va_list args, int *code)
{
    sqlite3_stmt *row = NULL;
    char *sql = sqlite3_vmprintf(format, args);
    *code = sql ? sqlite3_prepare_v2(database, sql, -1, &row, NULL) : SQLITE_NOMEM;
    sqlite3_free(sql);
    return row;
}

int names_run(sqlite3 *database, const char *format, ...)
{
    sqlite3_stmt *row;
    va_list args;
    int code;
    va_start(args, format);
    row = compile(database, format, args, &code);
    va_end(args);
    if (code == SQLITE_OK) {
        while ((code = sqlite3_step(row)) == SQLITE_ROW)
            ;
        code = code == SQLITE_DONE ? SQLITE_OK : code;
    }
    sqlite3_finalize(row);
    return code;
}

int names_try(sqlite3 *database, const char *format, ...)
{
    va_list args;
    int code;
    va_start(args, format);
    sqlite3_finalize(compile(database, format, args, &code));
    va_end(args);
    return code;
}

char *names_ask(sqlite3 *database, const char *format, ...)
{
    sqlite3_stmt *row;
    char *answer = NULL;
    va_list args;
    int code;
    va_start(args, format);
    row = compile(database, format, args, &code);
    va_end(args);
    if (code == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW && sqlite3_column_text(row, 0))
        answer = xstrdup((const char *)sqlite3_column_text(row, 0));
    sqlite3_finalize(row);
    return answer;
}

/* ---- the text of a statement ---- */

/* Blanks and comments. */
static const char *skip_blank(const char *at)
{
    for (;;) {
        if (*at && strchr(" \t\n\f\r", *at)) {
            at++;
        } else if (at[0] == '-' && at[1] == '-') {
            at += strcspn(at, "\n");
        } else if (at[0] == '/' && at[1] == '*') {
            const char *end = strstr(at + 2, "*/");
            at = end ? end + 2 : at + strlen(at);
        } else {
            return at;
        }
    }
}

static bool is_letter(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_' || byte == '$' || (byte & 0x80);
}

size_t names_token(const char **at)
{
    const char *from = *at = skip_blank(*at), *end = from;
    char quote = *from == '[' ? ']' : *from;
    if (*from && strchr("'\"`[", *from)) {
        for (end = from + 1; *end; end++)
            if (*end == quote && (quote == ']' || end[1] != quote))
                return (size_t)(end + 1 - from);
            else if (*end == quote)
                end++;
        return (size_t)(end - from);
    }
    while (is_letter(*end))
        end++;
    return end > from ? (size_t)(end - from) : *from ? 1 : 0;
}

bool names_word(const char *at, size_t length, const char *word)
{
    return strlen(word) == length && strncasecmp(at, word, length) == 0;
}

char *names_plain(const char *at, size_t length)
{
    char *plain = text_format("%.*s", (int)length, at), *to = plain;
    char quote = *plain == '[' ? ']' : *plain;
    if (length < 2 || !strchr("'\"`[", *plain))
        return plain;
    for (const char *from = plain + 1; from < plain + length - 1; from++) {
        *to++ = *from;
        if (*from == quote && from[1] == quote)
            from++;
    }
    *to = '\0';
    return plain;
}
