/* sql - the few lines every statement of the store needs; private to this room. */
#ifndef RESULTS_SQL_H
#define RESULTS_SQL_H

#include <sqlite3.h>

#include "base/err.h"
#include "base/guard.h"
#include "results/results.h"

struct results {
    sqlite3 *database;
    char *path;
    struct guard guard; /* the file may be anybody's */
    int64_t run, cycle; /* the open cycle transaction */
    int64_t busy_since_ns, busy_most_ns;
    /* kept: once per cycle, agent, finding */
    sqlite3_stmt *cycle_insert, *agent_insert, *finding_insert;
};

/* sql_prepare - a statement with its parameters bound
 * format : one letter each: i int64, t text (0 ends)
 * errors : ERR_UNFIT with SQLite's words; returns NULL then */
sqlite3_stmt *sql_prepare(struct results *store, struct err *err, const char *sql,
                          const char *format, ...);

/* sql_bind - the same for a kept statement, which is reset first */
void sql_bind(sqlite3_stmt *statement, const char *format, ...);

/* sql_run - prepare, step to the end, finalize; returns 0 or -1 */
int sql_run(struct results *store, struct err *err, const char *sql, const char *format, ...);

/* sql_step_kept - step a kept statement to its end */
int sql_step_kept(struct results *store, sqlite3_stmt *statement, struct err *err);

/* sql_roll_back - end the open transaction, if one is, and keep nothing of it */
void sql_roll_back(struct results *store);

/* sql_fail - SQLite's last error as an err; returns -1 */
int sql_fail(struct results *store, struct err *err, const char *doing);

/* sql_text - a column as text, "" for NULL; lives until the next step */
const char *sql_text(sqlite3_stmt *statement, int column);

/* sql_end - finalize after a loop of steps that ended with `rc`; returns 0 when it was SQLITE_DONE
 * or the caller broke off (SQLITE_ROW) */
int sql_end(struct results *store, sqlite3_stmt *statement, int rc, struct err *err);

#endif
