/* What is a database like, whoever's it is? Told, and no finding: its settings, free pages, foreign
 * keys that cannot work. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_internal.h"
#include "base/text.h"

#define FREE_SHARE_TOLD 0.25
#define FREE_BYTES_TOLD (1 << 20)
#define MOST_KEYS_TOLD  10

void audit_note(struct audit_notes *notes, const char *about, const char *format, ...)
{
    va_list args;
    char *text = NULL;
    if (notes->count == notes->room) {
        notes->room = notes->room ? 2 * notes->room : 8;
        notes->items = xrealloc(notes->items, notes->room, sizeof notes->items[0]);
    }
    va_start(args, format);
    if (vasprintf(&text, format, args) >= 0)
        notes->items[notes->count++] = (struct audit_note){about, text};
    va_end(args);
}

void audit_notes_release(struct audit_notes *notes)
{
    for (size_t i = 0; i < notes->count; i++)
        free(notes->items[i].text);
    free(notes->items);
    *notes = (struct audit_notes){0};
}

/* source : magic.txt of SQLite's source tree, and our own */
const char *audit_application_name(int64_t id)
{
    static const struct {
        int64_t id;
        const char *name;
    } known[] = {
        {0x73706e77, "a spawner's store"},
        {0x73706e62, "results of spawnbench"},
        {0x0f055111, "Fossil repository"},
        {0x0f055112, "Fossil checkout"},
        {0x0f055113, "Fossil global configuration"},
        {0x42654462, "Bentley Systems BeSQLite"},
        {0x42654c6e, "Bentley Systems localization"},
        {0x45737269, "Esri spatially enabled database"},
        {0x47503130, "OGC GeoPackage 1.0"},
        {0x47504b47, "OGC GeoPackage"},
        {0x4d504258, "MBTiles tileset"},
        {0x5f4d544e, "Monotone source repository"},
        {0x6a035744, "TeXnicard card database"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].id == id)
            return known[i].name;
    return "";
}

/* ---- foreign keys ---- */

/* What is declared, and what of it cannot work. */
struct keys {
    int64_t count;
    size_t told;
    struct text wrong; /* a list of sentences */
};

static void tell_wrong(struct keys *keys, const char *text)
{
    if (keys->told++ < MOST_KEYS_TOLD)
        text_addf(&keys->wrong, "%s%s", keys->wrong.length ? "; " : "", text);
}

/* SQLite looks for the parent's UNIQUE index when it compiles the check, which need not be run. */
static void look_for_mismatch(struct keys *keys, sqlite3 *database, const char *table)
{
    sqlite3_stmt *row = NULL;
    char *sql = sqlite3_mprintf("PRAGMA foreign_key_check(%Q)", table);
    if (sql && sqlite3_prepare_v2(database, sql, -1, &row, NULL) == SQLITE_ERROR &&
        strncmp(sqlite3_errmsg(database), "foreign key mismatch", 20) == 0)
        tell_wrong(keys, sqlite3_errmsg(database));
    sqlite3_finalize(row);
    sqlite3_free(sql);
}

/* Looked up, and not searched for in sqlite_schema: that is a scan of all of it for each. */
static bool is_table(sqlite3 *database, const char *name)
{
    return sqlite3_table_column_metadata(database, "main", name, NULL, NULL, NULL, NULL, NULL,
                                         NULL) == SQLITE_OK;
}

static void look_at_table(struct keys *keys, sqlite3 *database, const char *table)
{
    int64_t before = keys->count;
    sqlite3_stmt *row = NULL;
    if (sqlite3_prepare_v2(database,
                           "SELECT \"table\" FROM pragma_foreign_key_list(?1) WHERE seq = 0", -1,
                           &row, NULL) == SQLITE_OK) {
        sqlite3_bind_text(row, 1, table, -1, SQLITE_TRANSIENT);
        for (; sqlite3_step(row) == SQLITE_ROW; keys->count++) {
            const char *parent = (const char *)sqlite3_column_text(row, 0);
            char *text = text_format("table '%s' references '%s', which is no table of it", table,
                                     parent ? parent : "");
            if (parent && !is_table(database, parent))
                tell_wrong(keys, text);
            free(text);
        }
    }
    sqlite3_finalize(row);
    if (keys->count > before)
        look_for_mismatch(keys, database, table);
}

static void look_at_keys(struct audit_report *report, sqlite3 *database)
{
    struct keys keys = {0};
    sqlite3_stmt *row = NULL;
    if (sqlite3_prepare_v2(database,
                           "SELECT name FROM sqlite_master WHERE type = 'table'"
                           " AND instr(lower(sql), 'references')",
                           -1, &row, NULL) == SQLITE_OK)
        while (sqlite3_step(row) == SQLITE_ROW)
            if (sqlite3_column_text(row, 0))
                look_at_table(&keys, database, (const char *)sqlite3_column_text(row, 0));
    sqlite3_finalize(row);
    if (keys.count)
        audit_note(&report->notes, "foreign-keys",
                   "%lld declared; SQLite enforces them only on connections that set PRAGMA "
                   "foreign_keys = ON",
                   (long long)keys.count);
    if (keys.told > MOST_KEYS_TOLD)
        text_addf(&keys.wrong, "; and %zu more", keys.told - MOST_KEYS_TOLD);
    if (keys.told)
        audit_note(&report->notes, "foreign-keys", "%s (where enforced, writes fail)",
                   keys.wrong.data);
    text_release(&keys.wrong);
}

/* ---- the file ---- */

static void look_at_space(struct audit_report *report)
{
    char size[TEXT_NUMBER_BYTES];
    double share = report->pages ? (double)report->free_pages / (double)report->pages : 0;
    int64_t bytes = report->free_pages * report->page_bytes;
    if (share < FREE_SHARE_TOLD || bytes <= FREE_BYTES_TOLD)
        return;
    audit_note(&report->notes, "free-pages", "%.0f %% of the file is free (%s)%s", 100 * share,
               text_size(size, (double)bytes),
               report->auto_vacuum == 0
                   ? ": auto_vacuum is none, so it never shrinks; VACUUM gives it back"
               : report->auto_vacuum == 2
                   ? ": auto_vacuum is incremental; PRAGMA incremental_vacuum gives it back"
                   : "");
}

static void look_at_journal(struct audit_report *report)
{
    if (!report->is_wal)
        audit_note(&report->notes, "journal",
                   "a rollback journal: while somebody reads nobody can commit, and the other way "
                   "round ('database is locked' without a busy_timeout); WAL mode lets both go on");
    else
        audit_note(&report->notes, "journal",
                   "WAL: readers and one writer do not hold each other up; what is committed lies "
                   "in the -wal until a checkpoint, so copy both");
}

static void ask_text(char *out, size_t room, sqlite3 *database, const char *sql)
{
    sqlite3_stmt *row = NULL;
    if (sqlite3_prepare_v2(database, sql, -1, &row, NULL) == SQLITE_OK &&
        sqlite3_step(row) == SQLITE_ROW && sqlite3_column_text(row, 0))
        snprintf(out, room, "%s", (const char *)sqlite3_column_text(row, 0));
    sqlite3_finalize(row);
}

void properties_read(struct audit_report *report, sqlite3 *database)
{
    report->page_bytes = database_ask(database, "PRAGMA page_size");
    report->auto_vacuum = database_ask(database, "PRAGMA auto_vacuum");
    report->user_version = database_ask(database, "PRAGMA user_version");
    report->application_id = (int64_t)(uint32_t)database_ask(database, "PRAGMA application_id");
    ask_text(report->encoding, sizeof report->encoding, database, "PRAGMA encoding");
}

void properties_note(struct audit_report *report, sqlite3 *database)
{
    look_at_space(report);
    look_at_journal(report);
    look_at_keys(report, database);
}
