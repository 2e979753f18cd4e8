/* Does each page of the file belong to somebody, and to one alone?
 *
 * integrity_check of the whole should tell, but SQLite takes its question for one about a single
 * table, and leaves out free pages and pages of nobody, where the first object of its schema is a
 * view or a virtual table, which have no root page. The roots that it looks at stand in its own
 * program: then the free pages are asked for by themselves, and all pages are counted.
 *
 * source : SQLite 3.40.1, sqlite3BtreeIntegrityCheck: aRoot[0] == 0
 */
#include <string.h>

#include "audit/structure.h"

#define LOCK_BYTE 0x40000000

static bool leaves_pages_out(sqlite3 *database)
{
    sqlite3_stmt *step = NULL;
    bool leaves_out = false;
    if (sqlite3_prepare_v2(database, "EXPLAIN PRAGMA integrity_check", -1, &step, NULL) ==
        SQLITE_OK)
        while (sqlite3_step(step) == SQLITE_ROW) {
            const char *does = (const char *)sqlite3_column_text(step, 1);
            const char *roots = (const char *)sqlite3_column_text(step, 5);
            leaves_out |=
                does && roots && strcmp(does, "IntegrityCk") == 0 && strncmp(roots, "[0,", 3) == 0;
        }
    sqlite3_finalize(step);
    return leaves_out;
}

/* Of no tree: the page of the locks, and the maps of a file that vacuums itself. */
static int64_t kept_pages(sqlite3 *database, int64_t pages, int64_t page_bytes, bool vacuums)
{
    int reserved = -1;
    int64_t kept = pages > LOCK_BYTE / page_bytes;
    sqlite3_file_control(database, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
    if (vacuums && pages > 1) {
        int64_t step = (page_bytes - (reserved > 0 ? reserved : 0)) / 5 + 1;
        kept += (pages - 1 + step - 1) / step;
    }
    return kept;
}

static void count_pages(struct look *look)
{
    static const char sql[] =
        "SELECT (SELECT count(pageno) FROM dbstat) + f.freelist_count, p.page_count, s.page_size,"
        " v.auto_vacuum FROM pragma_freelist_count AS f, pragma_page_count AS p,"
        " pragma_page_size AS s, pragma_auto_vacuum AS v";
    sqlite3_stmt *row = NULL;
    int64_t known, pages;
    if (sqlite3_prepare_v2(look->database, sql, -1, &row, NULL) != SQLITE_OK ||
        sqlite3_step(row) != SQLITE_ROW) {
        answers_unchecked(look->answers, RULE_INTEGRITY_CHECK, "",
                          "pages of no table: SQLite %s does not look for them beside a view, and "
                          "they cannot be counted (%s)",
                          sqlite3_libversion(), structure_why(look->database));
        sqlite3_finalize(row);
        return;
    }
    pages = sqlite3_column_int64(row, 1);
    known = sqlite3_column_int64(row, 0) + kept_pages(look->database, pages,
                                                      sqlite3_column_int64(row, 2),
                                                      sqlite3_column_int(row, 3) != 0);
    sqlite3_finalize(row);
    if (known < pages)
        answers_broken(look->answers, RULE_INTEGRITY_CHECK, "", pages - known,
                       "%lld of its %lld pages are never used: they belong to no table and no "
                       "index, and are not free",
                       (long long)(pages - known), (long long)pages);
    else if (known > pages)
        answers_broken(look->answers, RULE_INTEGRITY_CHECK, "", known - pages,
                       "%lld of its %lld pages are used twice: by a table or an index, and as free",
                       (long long)(known - pages), (long long)pages);
}

void pages_check(struct look *look)
{
    struct messages messages = {0};
    if (!leaves_pages_out(look->database))
        return;
    messages_run(&messages, look->database, "PRAGMA integrity_check(sqlite_schema)");
    messages_answer(&messages, look->answers);
    if (messages.total == 0)
        count_pages(look);
    messages_release(&messages);
}
