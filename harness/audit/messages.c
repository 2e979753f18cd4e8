/* What integrity_check says is thousands of lines where one index is broken: of which object each?
 *
 * A row of its answer is one line, or "*** in database main ***" and lines about pages.
 *
 * source : SQLite 3.40.1, the strings of its PRAGMA integrity_check and of its b-tree check
 */
#include <stdlib.h>
#include <string.h>

#include "audit/structure.h"

#define TANGLED    "2nd reference to page"
#define HEADLINE   "*** in database "
#define ROWS_MOST  1000000000 /* lines that come one by one need no memory */
#define NULL_IN    "NULL value in "
#define TABLE_MOST 100 /* SQLite's own limit, where a table is named instead of another */
#define LINE_MOST  200 /* bytes; those about pages come as one text, in which many are joined */

/* How the lines about an index or a table end. */
static const struct {
    const char *words;
    enum message_of of;
} endings[] = {
    {" missing from index ", MESSAGE_INDEX},
    {" entry in index ", MESSAGE_INDEX},
    {"wrong # of entries in index ", MESSAGE_INDEX},
    {" differ from index ", MESSAGE_INDEX},
    {" of index ", MESSAGE_INDEX},
    {"CHECK constraint failed in ", MESSAGE_TABLE},
    {" PRIMARY KEY order for ", MESSAGE_TABLE},
    {" value in ", MESSAGE_COLUMN},
    {" value missing from ", MESSAGE_COLUMN},
};

/* The object it is about, "" for pages; the caller frees it. */
static char *object_of(const char *line, enum message_of *of)
{
    *of = MESSAGE_PAGES;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        const char *at = strstr(line, endings[i].words);
        if (at) {
            *of = endings[i].of;
            return xstrdup(at + strlen(endings[i].words));
        }
    }
    return xstrdup("");
}

/* object : given over */
static struct message_group *group_of(struct messages *messages, enum message_of of, char *object)
{
    struct message_group *group;
    for (size_t i = 0; i < messages->count; i++)
        if (messages->items[i].of == of && strcmp(messages->items[i].object, object) == 0) {
            free(object);
            return &messages->items[i];
        }
    if (messages->count == messages->room) {
        messages->room = messages->room ? 2 * messages->room : 8;
        messages->items = xrealloc(messages->items, messages->room, sizeof *messages->items);
    }
    group = &messages->items[messages->count++];
    *group = (struct message_group){.of = of, .object = object};
    return group;
}

/* SQLite 3.40 looks for NULL in the wrong column of tables WITHOUT ROWID whose key does not come
 * first, and finds what is not there. */
static bool has_no_null(sqlite3 *database, const char *table, const char *column)
{
    char *first = names_ask(
        database, "SELECT coalesce((SELECT 1 FROM \"%w\" WHERE typeof(\"%w\") = 'null'), 0)", table,
        column);
    bool none = first && strcmp(first, "0") == 0;
    free(first);
    return none;
}

/* What a line says of a column ends with table.column, either of which may hold a dot. The same
 * line comes once for each row: it is looked into once. */
static const struct message_column *column_of(struct messages *messages, sqlite3 *database,
                                              const char *line, const char *both)
{
    struct message_column *column;
    char *table;
    for (size_t i = 0; i < messages->column_count; i++)
        if (strcmp(messages->columns[i].line, line) == 0)
            return &messages->columns[i];
    table = names_ask(database,
                      "SELECT t.name FROM sqlite_schema AS t JOIN pragma_table_xinfo(t.name) AS c"
                      " WHERE t.type = 'table' AND t.name || '.' || c.name = %Q",
                      both);
    messages->columns =
        xrealloc(messages->columns, messages->column_count + 1, sizeof *messages->columns);
    column = &messages->columns[messages->column_count++];
    *column = (struct message_column){.line = xstrdup(line)};
    column->untrue = table && strncmp(line, NULL_IN, strlen(NULL_IN)) == 0 &&
                     has_no_null(database, table, both + strlen(table) + 1);
    column->table = table ? table : xstrdup(both);
    messages->untrue |= column->untrue;
    return column;
}

static void add_line(struct messages *messages, sqlite3 *database, const char *line)
{
    const struct message_column *column = NULL;
    enum message_of of;
    char *object;
    if (messages->only && strncmp(line, messages->only, strlen(messages->only)) != 0)
        return;
    object = object_of(line, &of);
    if (of == MESSAGE_COLUMN) {
        column = column_of(messages, database, line, object);
        free(object);
        object = xstrdup(column->table);
        of = MESSAGE_TABLE;
    }
    if ((messages->aside && strncmp(object, ASIDE, strlen(ASIDE)) == 0) ||
        (column && column->untrue)) {
        free(object);
        return;
    }
    answers_sample_add(&group_of(messages, of, object)->sample, line);
    messages->pages |= of == MESSAGE_PAGES;
}

/* FTS and R-Tree are asked by themselves (virtual_tables.c); SQLite 3.44 and later asks them here
 * too, and calls a tokenizer that it lacks a fault. */
static bool is_of_module(const char *line)
{
    return strstr(line, "inverted index for FTS") || strstr(line, "In RTree ") ||
           strstr(line, "RTree ") == line;
}

/* Those that tell why nothing more is asked come first, so that they are among the examples. */
static void add_row(struct messages *messages, sqlite3 *database, const char *text)
{
    messages->tangled |= strstr(text, TANGLED) != NULL;
    for (int pass = 0; pass < 2; pass++) {
        char *rest = xstrdup(text), *at = rest, *line;
        while ((line = strsep(&at, "\n"))) {
            messages->total += pass;
            if (*line && strncmp(line, HEADLINE, strlen(HEADLINE)) != 0 && !is_of_module(line) &&
                (strstr(line, TANGLED) != NULL) == (pass == 0))
                add_line(messages, database, line);
        }
        free(rest);
    }
}

static int run_once(struct messages *messages, sqlite3 *database, const char *sql)
{
    sqlite3_stmt *row = NULL;
    int code = sqlite3_prepare_v2(database, sql, -1, &row, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(row);
    while (code == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(row, 0);
        if (text && strcmp(text, "ok") != 0)
            add_row(messages, database, text);
        code = messages->tangled ? SQLITE_DONE : sqlite3_step(row);
    }
    sqlite3_finalize(row);
    return code;
}

/* sql : without the number of lines that it may answer */
int messages_run(struct messages *messages, sqlite3 *database, const char *sql)
{
    int most = sqlite3_limit(database, SQLITE_LIMIT_LENGTH, -1) / LINE_MOST;
    bool whole = strchr(sql, '(') == NULL;
    char *asked = whole ? text_format("%s(%d)", sql, most) : xstrdup(sql);
    const struct messages how = {.only = messages->only, .aside = messages->aside};
    int64_t before = messages->total;
    int code = run_once(messages, database, asked);
    free(asked);
    if (code == SQLITE_DONE && whole && messages->total >= most && !messages->pages) {
        messages_release(messages);
        *messages = how;
        asked = text_format("%s(%d)", sql, ROWS_MOST);
        code = run_once(messages, database, asked);
        free(asked);
        most = ROWS_MOST;
    }
    messages->cut |= messages->total - before >= (whole ? most : TABLE_MOST);
    return code;
}

void messages_move(struct messages *to, struct messages *from)
{
    for (size_t i = 0; i < from->count; i++) {
        struct message_group *group = &from->items[i];
        struct message_group *into = group_of(to, group->of, xstrdup(group->object));
        if (into->sample.count == 0) {
            into->sample = group->sample;
            group->sample = (struct answers_sample){0};
        } else {
            into->sample.count += group->sample.count;
        }
    }
    to->tangled |= from->tangled;
    to->untrue |= from->untrue;
    to->pages |= from->pages;
    to->cut |= from->cut;
    to->total += from->total;
    messages_release(from);
}

static void answer(const struct message_group *group, const struct messages *messages,
                   struct audit_answers *answers)
{
    static const char *const kinds[] = {
        [MESSAGE_PAGES] = "pages", [MESSAGE_TABLE] = "table", [MESSAGE_INDEX] = "index"};
    const struct answers_sample *sample = &group->sample;
    if (sample->count == 1)
        answers_broken(answers, RULE_INTEGRITY_CHECK, group->object, 1, "%s",
                       sample->examples.data);
    else
        answers_broken(answers, RULE_INTEGRITY_CHECK, group->object, sample->count,
                       "%s%s%s%s: %s%lld messages: %s%s", kinds[group->of],
                       *group->object ? " '" : "", group->object, *group->object ? "'" : "",
                       messages->cut ? "at least " : "", (long long)sample->count,
                       sample->examples.data, sample->count > 3 ? "; ..." : "");
}

void messages_answer(const struct messages *messages, struct audit_answers *answers)
{
    for (size_t i = 0; i < messages->count; i++)
        answer(&messages->items[i], messages, answers);
}

void messages_release(struct messages *messages)
{
    for (size_t i = 0; i < messages->count; i++) {
        free(messages->items[i].object);
        answers_sample_release(&messages->items[i].sample);
    }
    free(messages->items);
    for (size_t i = 0; i < messages->column_count; i++) {
        free(messages->columns[i].line);
        free(messages->columns[i].table);
    }
    free(messages->columns);
    *messages = (struct messages){0};
}
