/* Which proofs, calibrations, baselines and accepted steps are known beside the samples? */
#include "base/clock.h"
#include "results/sql.h"

#define COLUMNS "SELECT id, kind, name, coalesce(run, 0), made_wall_ns, text FROM documents"

int results_document_put(struct results *store, const struct results_document *document,
                         struct err *err)
{
    return sql_run(store, err,
                   "INSERT INTO main.documents (kind, name, run, made_wall_ns, text)"
                   " VALUES (?, ?, nullif(?, 0), ?, ?)",
                   "ttiit", document->kind, document->name, document->run, clock_wall_ns(),
                   document->text);
}

static struct results_document read_row(sqlite3_stmt *row)
{
    return (struct results_document){.id = sqlite3_column_int64(row, 0),
                                     .kind = sql_text(row, 1),
                                     .name = sql_text(row, 2),
                                     .run = sqlite3_column_int64(row, 3),
                                     .made_wall_ns = sqlite3_column_int64(row, 4),
                                     .text = sql_text(row, 5)};
}

int results_document_newest(struct results *store, const char *kind, const char *name,
                            int (*each)(void *context, const struct results_document *document),
                            void *context, struct err *err)
{
    sqlite3_stmt *row = sql_prepare(store, err,
                                    COLUMNS " WHERE kind = ?1 AND (?3 OR name = ?2)"
                                            " ORDER BY id DESC LIMIT 1",
                                    "tti", kind, name ? name : "", (int64_t)(name == NULL));
    int rc = row ? sqlite3_step(row) : SQLITE_ERROR;
    if (!row)
        return -1;
    if (rc == SQLITE_ROW) {
        struct results_document document = read_row(row);
        each(context, &document);
    }
    return sql_end(store, row, rc, err) < 0 ? -1 : rc == SQLITE_DONE;
}

int results_each_document(struct results *store, const char *kind,
                          int (*each)(void *context, const struct results_document *document),
                          void *context, struct err *err)
{
    sqlite3_stmt *row = sql_prepare(store, err, COLUMNS " WHERE kind = ? ORDER BY id", "t", kind);
    int rc;
    if (!row)
        return -1;
    while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
        struct results_document document = read_row(row);
        if (each(context, &document))
            break;
    }
    return sql_end(store, row, rc, err);
}
