/* What became of the rules of whole databases, and what was left open? */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "results/results.h"
#include "results/sql.h"

int results_answer_put(struct results *store, int64_t run, const struct results_answer *answer,
                       struct err *err)
{
    if (sql_run(store, err,
                "INSERT INTO answers (run, arm, database, rule, object, answer, count, why)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                "iittttit", run, (int64_t)answer->arm, answer->database, answer->rule,
                answer->object, answer->answer, answer->count, answer->why) == 0)
        return 0;
    sql_roll_back(store);
    return -1;
}

int results_each_answer(struct results *store, int64_t run,
                        int (*each)(void *, const struct results_answer *), void *context,
                        struct err *err)
{
    sqlite3_stmt *row = sql_prepare(store, err,
                                    "SELECT arm, database, rule, object, answer, count, why"
                                    " FROM answers WHERE run = ? ORDER BY rowid",
                                    "i", run);
    int rc, stop = 0;
    if (!row)
        return -1;
    while (!stop && (rc = sqlite3_step(row)) == SQLITE_ROW) {
        struct results_answer answer = {.arm = sqlite3_column_int(row, 0),
                                        .database = sql_text(row, 1),
                                        .rule = sql_text(row, 2),
                                        .object = sql_text(row, 3),
                                        .answer = sql_text(row, 4),
                                        .count = sqlite3_column_int64(row, 5),
                                        .why = sql_text(row, 6)};
        stop = each(context, &answer);
    }
    return sql_end(store, row, stop ? SQLITE_ROW : rc, err);
}

const char *results_answer_place(char out[RESULTS_PLACE_BYTES], const char *arm,
                                 const struct results_answer *answer)
{
    const char *object = answer->object;
    if (*answer->database)
        snprintf(out, RESULTS_PLACE_BYTES, "'%.100s'%s%.40s%s", answer->database,
                 *object ? ", '" : "", object, *object ? "'" : "");
    else
        snprintf(out, RESULTS_PLACE_BYTES, "arm '%.64s'%s%.60s%s", arm, *object ? ", '" : "",
                 object, *object ? "'" : "");
    return out;
}

/* Nothing of a kind that every database has is held, and something of it is not checked. */
static const char whole_kinds[] =
    "SELECT count(*) FROM answers AS a WHERE a.run = ? AND a.answer = 'not_checked'"
    " AND a.rule IN ('store-can-be-read', 'integrity-check-is-ok') AND NOT EXISTS"
    " (SELECT 1 FROM answers AS o WHERE o.run = a.run AND o.arm = a.arm"
    "  AND o.database = a.database AND o.rule = a.rule AND o.answer <> 'not_checked')";

static const char open_answers[] =
    "SELECT a.arm, a.database, a.rule, a.object, a.why, coalesce(r.name, ''), count(*) OVER ()"
    " FROM answers AS a LEFT JOIN arms AS r ON r.run = a.run AND r.arm = a.arm"
    " WHERE a.run = ? AND a.answer = 'not_checked' ORDER BY a.rowid LIMIT 1";

static void take_first(struct results_left_open *out, sqlite3_stmt *row)
{
    const struct results_answer answer = {
        .database = sql_text(row, 1), .rule = sql_text(row, 2), .object = sql_text(row, 3)};
    char place[RESULTS_PLACE_BYTES];
    results_answer_place(place, sql_text(row, 5), &answer);
    snprintf(out->first, sizeof out->first, "%s: %s: %s", place, answer.rule, sql_text(row, 4));
    text_make_printable(out->first);
    out->count = sqlite3_column_int64(row, 6);
}

int results_left_open(struct results *store, int64_t run, struct results_left_open *out,
                      struct err *err)
{
    sqlite3_stmt *row = sql_prepare(store, err, open_answers, "i", run);
    int rc;
    *out = (struct results_left_open){0};
    if (!row)
        return -1;
    rc = sqlite3_step(row);
    if (rc == SQLITE_ROW)
        take_first(out, row);
    if (sql_end(store, row, rc, err) < 0)
        return -1;
    row = sql_prepare(store, err, whole_kinds, "i", run);
    if (!row)
        return -1;
    rc = sqlite3_step(row);
    out->whole = rc == SQLITE_ROW && sqlite3_column_int64(row, 0) > 0;
    return sql_end(store, row, rc, err);
}
