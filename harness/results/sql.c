/* How is one statement run, and its failure told? */
#include "results/sql.h"

#include <stdarg.h>
#include <string.h>

int sql_fail(struct results *store, struct err *err, const char *doing)
{
    int code = sqlite3_errcode(store->database);
    const char *remedy = "", *end = "";
    char option[RESULTS_OPTION_BYTES] = "";
    if (code == SQLITE_INTERRUPT && guard_spent(&store->guard))
        return err_set(err, ERR_UNFIT, "results store '%s': cannot %s: " GUARD_SAYS, store->path,
                       doing);
    if (code == SQLITE_FULL) {
        remedy = " (free space on that file system, then: spawnbench run --resume";
        results_option(option, store);
        end = ")";
    } else if (code == SQLITE_READONLY || code == SQLITE_CANTOPEN)
        remedy = " (check the rights on the folder, or give another one with --results)";
    return err_set(err, ERR_UNFIT, "results store '%s': cannot %s: %s%s%s%s", store->path, doing,
                   sqlite3_errmsg(store->database), remedy, option, end);
}

static void bind_all(sqlite3_stmt *statement, const char *format, va_list args)
{
    for (int i = 0; format[i]; i++) {
        if (format[i] == 'i')
            sqlite3_bind_int64(statement, i + 1, va_arg(args, int64_t));
        else
            sqlite3_bind_text(statement, i + 1, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
    }
}

static sqlite3_stmt *prepare(struct results *store, struct err *err, const char *sql,
                             const char *format, va_list args)
{
    sqlite3_stmt *statement = NULL;
    guard_begin(&store->guard, store->database, store->path);
    if (sqlite3_prepare_v2(store->database, sql, -1, &statement, NULL) != SQLITE_OK) {
        sql_fail(store, err, "read or write it");
        return NULL;
    }
    bind_all(statement, format, args);
    return statement;
}

sqlite3_stmt *sql_prepare(struct results *store, struct err *err, const char *sql,
                          const char *format, ...)
{
    sqlite3_stmt *statement;
    va_list args;
    va_start(args, format);
    statement = prepare(store, err, sql, format, args);
    va_end(args);
    return statement;
}

void sql_bind(sqlite3_stmt *statement, const char *format, ...)
{
    va_list args;
    sqlite3_reset(statement);
    va_start(args, format);
    bind_all(statement, format, args);
    va_end(args);
}

int sql_step_kept(struct results *store, sqlite3_stmt *statement, struct err *err)
{
    int rc;
    guard_begin(&store->guard, store->database, NULL);
    rc = sqlite3_step(statement);
    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        return sql_fail(store, err, "write it");
    sqlite3_reset(statement);
    return 0;
}

int sql_run(struct results *store, struct err *err, const char *sql, const char *format, ...)
{
    sqlite3_stmt *statement;
    va_list args;
    int rc;
    va_start(args, format);
    statement = prepare(store, err, sql, format, args);
    va_end(args);
    if (!statement)
        return -1;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
        ;
    return sql_end(store, statement, rc, err);
}

const char *sql_text(sqlite3_stmt *statement, int column)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    return text ? (const char *)text : "";
}

int sql_end(struct results *store, sqlite3_stmt *statement, int rc, struct err *err)
{
    int told = 0;
    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        told = sql_fail(store, err, "read or write it");
    sqlite3_finalize(statement);
    return told;
}

void sql_roll_back(struct results *store)
{
    if (!sqlite3_get_autocommit(store->database))
        sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
}
