/* Is the file sound, and has each child row its parent? */
#include <stdlib.h>
#include <string.h>

#include "audit/audit_internal.h"

/* In what SQLite says of a tree whose branches grow together. With three of them at each of twenty
 * levels a file of 10 kB has a thousand million leaves, and SQLite counts those of an index in one
 * step that nothing breaks off (vdbe.c, OP_Count): nothing more is asked of it then. */
#define GROWN_TOGETHER "2nd reference to page"

/* Why a question was not answered. */
static const char *complaint_of(sqlite3 *database)
{
    return sqlite3_errcode(database) == SQLITE_INTERRUPT ? GUARD_SAYS : sqlite3_errmsg(database);
}

static void check_file(struct audit_answers *answers, sqlite3 *database)
{
    struct answers_sample sample = {0};
    sqlite3_stmt *row = NULL;
    int rc = sqlite3_prepare_v2(database, "PRAGMA integrity_check(1000000)", -1, &row, NULL);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        const char *text;
        rc = sqlite3_step(row);
        text = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(row, 0) : NULL;
        if (text && strcmp(text, "ok") != 0)
            answers_sample_add(&sample, text);
        if (text && strstr(text, GROWN_TOGETHER))
            rc = SQLITE_DONE;
    }
    if (rc != SQLITE_DONE)
        answers_sample_add(&sample, complaint_of(database));
    if (sample.count)
        answers_broken(answers, RULE_INTEGRITY_CHECK, "", sample.count, "%s", sample.examples.data);
    answers_held(answers, RULE_INTEGRITY_CHECK);
    answers_sample_release(&sample);
    sqlite3_finalize(row);
}

static void check_parents(struct audit_answers *answers, sqlite3 *database)
{
    struct answers_sample sample = {0};
    sqlite3_stmt *row = NULL;
    int rc = sqlite3_prepare_v2(database, "PRAGMA foreign_key_check", -1, &row, NULL);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(row);
        if (rc == SQLITE_ROW) {
            char *told = text_format("a row of table '%s' has no parent in '%s'",
                                     (const char *)sqlite3_column_text(row, 0),
                                     (const char *)sqlite3_column_text(row, 2));
            answers_sample_add(&sample, told);
            free(told);
        }
    }
    if (rc != SQLITE_DONE)
        answers_sample_add(&sample, complaint_of(database));
    if (sample.count)
        answers_broken(answers, RULE_FOREIGN_KEYS, "", sample.count, "%s", sample.examples.data);
    answers_held(answers, RULE_FOREIGN_KEYS);
    answers_sample_release(&sample);
    sqlite3_finalize(row);
}

void structure_check(struct audit_answers *answers, sqlite3 *database)
{
    check_file(answers, database);
    check_parents(answers, database);
}
