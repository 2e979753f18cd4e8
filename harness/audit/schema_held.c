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

/* A table, view or trigger. */
struct object {
    char *type, *name, *sql; /* own */
};

/* Those of one database, sorted by name: looking each of them up in sqlite_schema would be a scan
 * of all. */
struct objects {
    struct object *items;
    size_t count, room;
};

/* A comparison under way. */
struct holding {
    struct audit_report *report;
    sqlite3 *database, *asked;
    struct objects have, want;
    size_t read;       /* objects that were compared */
    struct text extra; /* what was not asked for */
    size_t extra_count;
};

/* What is wrong with one object. */
struct differences {
    struct text told;
    int64_t count;
};

static const char *text_at(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    return text ? text : "";
}

/* ---- what there is ---- */

/* Tables and views share their names, triggers have their own. */
static int order(const void *a, const void *b)
{
    const struct object *one = a, *other = b;
    int by_name = sqlite3_stricmp(one->name, other->name);
    return by_name ? by_name
                   : (strcmp(one->type, "trigger") == 0) - (strcmp(other->type, "trigger") == 0);
}

/* Tables that hold the content of a virtual one come with it.
 * returns : -1: SQLite says why */
static int load(struct objects *out, sqlite3 *database)
{
    sqlite3_stmt *row = NULL;
    sqlite3_prepare_v2(database,
                       "SELECT type, name, sql FROM sqlite_master"
                       " WHERE type IN ('table', 'view', 'trigger')"
                       " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT IN"
                       " (SELECT name FROM pragma_table_list WHERE schema = 'main'"
                       " AND type = 'shadow')",
                       -1, &row, NULL);
    while (row && sqlite3_step(row) == SQLITE_ROW) {
        if (out->count == out->room) {
            out->room = out->room ? 2 * out->room : 64;
            out->items = xrealloc(out->items, out->room, sizeof *out->items);
        }
        out->items[out->count++] = (struct object){
            xstrdup(text_at(row, 0)), xstrdup(text_at(row, 1)), xstrdup(text_at(row, 2))};
    }
    if (out->count)
        qsort(out->items, out->count, sizeof *out->items, order);
    return row && sqlite3_finalize(row) == SQLITE_OK ? 0 : -1;
}

static const struct object *find(const struct objects *in, const struct object *wanted)
{
    return in->count ? bsearch(wanted, in->items, in->count, sizeof *in->items, order) : NULL;
}

static void objects_release(struct objects *objects)
{
    for (size_t i = 0; i < objects->count; i++) {
        free(objects->items[i].type);
        free(objects->items[i].name);
        free(objects->items[i].sql);
    }
    free(objects->items);
    *objects = (struct objects){0};
}

/* ---- one object ---- */

static void differ(struct differences *out, const char *label, const char *is, const char *wanted)
{
    text_add(&out->told, out->count++ ? "; " : "");
    if (!is)
        text_addf(&out->told, "%s is missing%s%s%s", label, *wanted ? " (" : "", wanted,
                  *wanted ? ")" : "");
    else
        text_addf(&out->told, "%s is %s, expected %s", label, *is ? is : "nothing", wanted);
}

/* text: taken */
static void tell_extra(struct holding *holding, char *text)
{
    if (holding->extra_count++ < MOST_EXTRA)
        text_addf(&holding->extra, "%s%s", holding->extra.length ? ", " : "", text);
    free(text);
}

static void compare_traits(struct holding *holding, struct differences *out, const char *table,
                           const struct schema_traits *have, const struct schema_traits *want)
{
    for (size_t i = 0; i < want->count; i++) {
        const struct schema_trait *wanted = &want->items[i];
        const struct schema_trait *found = schema_traits_find(have, wanted->label);
        if (wanted->implied && !found)
            continue; /* the one that implies it is told */
        if (!found || strcmp(found->is, wanted->is) != 0)
            differ(out, wanted->label, found ? found->is : NULL, wanted->is);
    }
    for (size_t i = 0; i < have->count; i++)
        if (!have->items[i].implied && !schema_traits_find(want, have->items[i].label))
            tell_extra(holding, text_format("%s of '%s'", have->items[i].label, table));
}

/* returns : -1: what the table of the database is made of is not to be had */
static int compare_tables(struct holding *holding, struct differences *out,
                          const struct object *have, const struct object *want)
{
    struct schema_traits of_have = {0}, of_want = {0};
    int rc = schema_traits_of(&of_want, holding->asked, want->name, want->sql);
    if (rc == 0)
        rc = schema_traits_of(&of_have, holding->database, have->name, have->sql);
    if (rc == 0)
        compare_traits(holding, out, want->name, &of_have, &of_want);
    schema_traits_release(&of_have);
    schema_traits_release(&of_want);
    return rc;
}

static bool is_virtual(const struct object *object)
{
    return sqlite3_strnicmp(object->sql, "create virtual", 14) == 0;
}

static const char *kind_of(const struct object *object)
{
    return is_virtual(object) ? "virtual table" : object->type;
}

static int compare(struct holding *holding, struct differences *out, const struct object *have,
                   const struct object *want)
{
    char *is, *wanted;
    if (strcmp(kind_of(have), kind_of(want)) != 0) {
        differ(out, "it", kind_of(have), kind_of(want));
        return 0;
    }
    if (strcmp(kind_of(want), "table") == 0)
        return compare_tables(holding, out, have, want);
    is = sql_normal(have->sql);
    wanted = sql_normal(want->sql);
    if (strcmp(is, wanted) != 0)
        differ(out, "its definition", is, wanted);
    free(is);
    free(wanted);
    return 0;
}

static const char *why_not(sqlite3 *database)
{
    int code = sqlite3_errcode(database) & 0xff;
    return code == SQLITE_INTERRUPT ? GUARD_SAYS
           : code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE
               ? "it has more columns, indexes and constraints than are compared"
               : sqlite3_errmsg(database);
}

static void hold_one(struct holding *holding, const struct object *want)
{
    const struct object *have = find(&holding->have, want);
    struct audit_answers *answers = &holding->report->answers;
    struct differences differences = {0};
    int rc = 0;
    if (!have)
        differ(&differences, "it", NULL, "");
    else
        rc = compare(holding, &differences, have, want);
    holding->read += rc == 0;
    if (rc < 0)
        answers_unchecked(answers, RULE_SCHEMA_ASKED, want->name, "%s", why_not(holding->database));
    else if (differences.count)
        answers_broken(answers, RULE_SCHEMA_ASKED, want->name, differences.count, "%s '%s': %s",
                       want->type, want->name, differences.told.data);
    text_release(&differences.told);
}

/* ---- all of them ---- */

static void hold_all(struct holding *holding)
{
    for (size_t i = 0; i < holding->want.count; i++)
        hold_one(holding, &holding->want.items[i]);
    for (size_t i = 0; i < holding->have.count; i++)
        if (!find(&holding->want, &holding->have.items[i]))
            tell_extra(holding, text_format("%s '%s'", holding->have.items[i].type,
                                            holding->have.items[i].name));
    if (holding->read)
        answers_held(&holding->report->answers, RULE_SCHEMA_ASKED);
    if (holding->extra_count > MOST_EXTRA)
        text_addf(&holding->extra, " and %zu more", holding->extra_count - MOST_EXTRA);
    if (holding->extra_count)
        audit_note(&holding->report->notes, "schema", "not asked for: %s", holding->extra.data);
}

void schema_held(struct audit_report *report, sqlite3 *database, const struct audit_schema *asked)
{
    struct holding holding = {.report = report, .database = database, .asked = asked->database};
    if (load(&holding.want, asked->database) < 0)
        answers_unchecked(&report->answers, RULE_SCHEMA_ASKED, "", "%s", why_not(asked->database));
    else if (load(&holding.have, database) < 0)
        answers_unchecked(&report->answers, RULE_SCHEMA_ASKED, "", "%s", why_not(database));
    else
        hold_all(&holding);
    objects_release(&holding.have);
    objects_release(&holding.want);
    text_release(&holding.extra);
}
