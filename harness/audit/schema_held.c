/* Is a database made as it was asked to be?
 *
 * Tables are compared by what they are made of, views, triggers and virtual tables by the words of
 * their definition. What is missing or different breaks the rule; what comes on top is told.
 */
#include "audit/schema_held.h"

#include <stdlib.h>
#include <string.h>

#include "audit/audit_internal.h"
#include "audit/schema_traits.h"
#include "audit/sql_words.h"
#include "base/text.h"

#define MOST_EXTRA 20 /* named of what was not asked for */

/* A comparison under way. */
struct holding {
    struct audit_report *report;
    sqlite3 *database, *asked;
    size_t read;       /* objects that were compared */
    struct text extra; /* what was not asked for */
    size_t extra_count;
};

/* One table, view or trigger of what is asked for. */
struct object {
    const char *type, *name, *sql;
    struct text differences; /* a line of them */
    int64_t count;
};

static void differ(struct object *object, const char *label, const char *is, const char *wanted)
{
    struct text *out = &object->differences;
    object->count++;
    text_add(out, out->length ? "; " : "");
    if (!is)
        text_addf(out, "%s is missing%s%s%s", label, *wanted ? " (" : "", wanted,
                  *wanted ? ")" : "");
    else
        text_addf(out, "%s is %s, expected %s", label, *is ? is : "nothing", wanted);
}

/* text: taken */
static void tell_extra(struct holding *holding, char *text)
{
    if (holding->extra_count++ < MOST_EXTRA)
        text_addf(&holding->extra, "%s%s", holding->extra.length ? ", " : "", text);
    free(text);
}

/* ---- one object ---- */

static void compare_traits(struct holding *holding, struct object *object,
                           const struct schema_traits *have, const struct schema_traits *want)
{
    for (size_t i = 0; i < want->count; i++) {
        const struct schema_trait *wanted = &want->items[i];
        const struct schema_trait *found = schema_traits_find(have, wanted->label);
        if (wanted->implied && !found)
            continue; /* the one that implies it is told */
        if (!found || strcmp(found->is, wanted->is) != 0)
            differ(object, wanted->label, found ? found->is : NULL, wanted->is);
    }
    for (size_t i = 0; i < have->count; i++)
        if (!have->items[i].implied && !schema_traits_find(want, have->items[i].label))
            tell_extra(holding, text_format("%s of '%s'", have->items[i].label, object->name));
}

/* returns : -1: SQLite does not say what the table of the database is made of */
static int compare_tables(struct holding *holding, struct object *object, const char *sql)
{
    struct schema_traits have = {0}, want = {0};
    int rc = schema_traits_of(&want, holding->asked, object->name, object->sql);
    if (rc == 0)
        rc = schema_traits_of(&have, holding->database, object->name, sql);
    if (rc == 0)
        compare_traits(holding, object, &have, &want);
    schema_traits_release(&have);
    schema_traits_release(&want);
    return rc;
}

static bool is_virtual(const char *sql)
{
    return sqlite3_strnicmp(sql, "create virtual", 14) == 0;
}

static int compare_definitions(struct holding *holding, struct object *object, const char *type,
                               const char *sql)
{
    char *have, *want;
    if (strcmp(type, object->type) != 0 || is_virtual(sql) != is_virtual(object->sql)) {
        differ(object, "it", is_virtual(sql) ? "a virtual table" : type,
               is_virtual(object->sql) ? "a virtual table" : object->type);
        return 0;
    }
    if (strcmp(type, "table") == 0 && !is_virtual(sql))
        return compare_tables(holding, object, sql);
    have = sql_normal(sql);
    want = sql_normal(object->sql);
    if (strcmp(have, want) != 0)
        differ(object, "its definition", have, want);
    free(have);
    free(want);
    return 0;
}

static void answer(struct holding *holding, const struct object *object, const char *unread)
{
    char *name = text_format("%s %s", object->type, object->name);
    if (unread)
        answers_unchecked(&holding->report->answers, RULE_SCHEMA_ASKED, name, "%s", unread);
    else if (object->count)
        answers_broken(&holding->report->answers, RULE_SCHEMA_ASKED, name, object->count,
                       "%s '%s': %s", object->type, object->name, object->differences.data);
    holding->read += unread == NULL;
    free(name);
}

static const char *text_at(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    return text ? text : "";
}

static void hold_one(struct holding *holding, sqlite3_stmt *asked)
{
    struct object object = {text_at(asked, 0), text_at(asked, 1), text_at(asked, 2), {0}, 0};
    sqlite3_stmt *row = NULL;
    const char *unread = NULL;
    int rc =
        sqlite3_prepare_v2(holding->database,
                           "SELECT type, sql FROM sqlite_master WHERE name = ?1 COLLATE NOCASE"
                           " AND (type = ?2 OR (?2 <> 'trigger' AND type IN ('table', 'view')))",
                           -1, &row, NULL);
    sqlite3_bind_text(row, 1, object.name, -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(row, 2, object.type, -1, SQLITE_TRANSIENT);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(row);
    if (rc == SQLITE_DONE)
        differ(&object, "it", NULL, "");
    else if (rc != SQLITE_ROW ||
             compare_definitions(holding, &object, text_at(row, 0), text_at(row, 1)) < 0)
        unread = sqlite3_errmsg(holding->database);
    answer(holding, &object, unread);
    sqlite3_finalize(row);
    text_release(&object.differences);
}

/* ---- what comes on top ---- */

/* Tables that hold the content of a virtual one come with it. */
#define OBJECTS                                                                                    \
    "SELECT type, name, sql FROM sqlite_master WHERE type IN ('table', 'view', 'trigger')"         \
    " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT IN (SELECT name FROM"                \
    " pragma_table_list WHERE schema = 'main' AND type = 'shadow')"

static bool is_asked_for(struct holding *holding, const char *type, const char *name)
{
    sqlite3_stmt *row = NULL;
    bool is = false;
    if (sqlite3_prepare_v2(holding->asked,
                           "SELECT 1 FROM sqlite_master WHERE name = ?1 COLLATE NOCASE"
                           " AND (type = 'trigger') = (?2 = 'trigger')",
                           -1, &row, NULL) == SQLITE_OK) {
        sqlite3_bind_text(row, 1, name, -1, SQLITE_TRANSIENT);
        sqlite3_bind_text(row, 2, type, -1, SQLITE_TRANSIENT);
        is = sqlite3_step(row) == SQLITE_ROW;
    }
    sqlite3_finalize(row);
    return is;
}

static void look_for_extra(struct holding *holding)
{
    sqlite3_stmt *row = NULL;
    if (sqlite3_prepare_v2(holding->database, OBJECTS, -1, &row, NULL) == SQLITE_OK)
        while (sqlite3_step(row) == SQLITE_ROW)
            if (!is_asked_for(holding, text_at(row, 0), text_at(row, 1)))
                tell_extra(holding, text_format("%s '%s'", text_at(row, 0), text_at(row, 1)));
    sqlite3_finalize(row);
    if (holding->extra_count > MOST_EXTRA)
        text_addf(&holding->extra, " and %zu more", holding->extra_count - MOST_EXTRA);
    if (holding->extra_count)
        audit_note(&holding->report->notes, "schema", "not asked for: %s", holding->extra.data);
}

void schema_held(struct audit_report *report, sqlite3 *database, const struct audit_schema *asked)
{
    struct holding holding = {.report = report, .database = database, .asked = asked->database};
    sqlite3_stmt *row = NULL;
    if (sqlite3_prepare_v2(asked->database, OBJECTS, -1, &row, NULL) == SQLITE_OK)
        while (sqlite3_step(row) == SQLITE_ROW)
            hold_one(&holding, row);
    sqlite3_finalize(row);
    if (holding.read)
        answers_held(&report->answers, RULE_SCHEMA_ASKED);
    look_for_extra(&holding);
    text_release(&holding.extra);
}
