/* What became of the rules of whole databases? Stored for what is broken, and for what could not be
 * checked: the rest was held. */
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
