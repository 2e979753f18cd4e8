/* What did each look at a database that agents share see, and what does it come to? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "results/shared.h"
#include "results/sql.h"

#define RUNS_AWAY_BYTES (INT64_C(16) << 20)
#define LOOKS_LEAST     4 /* fewer show no growth */

int results_shared_put(struct results *store, int64_t run, const struct results_shared_look *look,
                       struct err *err)
{
    if (sql_run(store, err,
                "INSERT OR IGNORE INTO shared (run, look, database, moment, cycle, answer, "
                "charged, why,"
                " told, files, bytes, wal_bytes, wal_peak, rows, spent_ns, locked_ns)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                "iittitittiiiiiii", run, look->look, look->database, look->moment, look->cycle,
                look->answer, (int64_t)look->charged, look->why, look->told, look->files,
                look->bytes, look->wal_bytes, look->wal_peak, look->rows, look->spent_ns,
                look->locked_ns) == 0)
        return 0;
    sql_roll_back(store);
    return -1;
}

int results_shared_rows_put(struct results *store, int64_t run, int64_t look, const char *database,
                            const char *table, int64_t rows, struct err *err)
{
    if (sql_run(store, err,
                "INSERT OR REPLACE INTO shared_rows (run, look, database, name, rows)"
                " VALUES (?, ?, ?, ?, ?)",
                "iitti", run, look, database, table, rows) == 0)
        return 0;
    sql_roll_back(store);
    return -1;
}

int results_shared_last(struct results *store, int64_t run, int64_t *look, struct err *err)
{
    sqlite3_stmt *row = sql_prepare(
        store, err, "SELECT coalesce(max(look), 0) FROM shared WHERE run = ?", "i", run);
    int rc;
    if (!row)
        return -1;
    rc = sqlite3_step(row);
    if (rc == SQLITE_ROW)
        *look = sqlite3_column_int64(row, 0);
    return sql_end(store, row, rc, err);
}

/* ---- what it comes to ---- */

static struct results_shared *find(struct results_shared **all, size_t *count, const char *name)
{
    struct results_shared *made;
    for (size_t i = *count; i > 0; i--)
        if (strcmp((*all)[i - 1].name, name) == 0)
            return &(*all)[i - 1];
    *all = xrealloc(*all, *count + 1, sizeof **all);
    made = &(*all)[(*count)++];
    *made = (struct results_shared){.name = xstrdup(name),
                                    .why = xstrdup(""),
                                    .told = xstrdup(""),
                                    .rows_before = -1,
                                    .rows_after = -1,
                                    .bytes_before = -1};
    return made;
}

static void replace(char **string, const char *by)
{
    free(*string);
    *string = xstrdup(by);
}

static void add_told(struct results_shared *shared, const char *told)
{
    char *both;
    if (!*told)
        return;
    both = text_format("%s%s%s", shared->told, *shared->told ? "; " : "", told);
    free(shared->told);
    shared->told = both;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

struct row {
    const char *answer, *why;
    int64_t files, bytes, wal_bytes, wal_peak, rows, half;
    bool charged, first; /* before the first cycle */
};

static void take_answer(struct results_shared *shared, const struct row *row)
{
    bool broken = strcmp(row->answer, "broken") == 0;
    bool unread = strcmp(row->answer, "not_checked") == 0;
    if (broken ? !shared->broken : unread && !shared->broken && !shared->held)
        replace(&shared->why, row->why);
    if (!broken && !unread && !shared->broken)
        replace(&shared->why, "");
    shared->held += strcmp(row->answer, "held") == 0;
    shared->broken += broken;
    shared->not_checked += unread;
    shared->charged |= row->charged;
    shared->lost |= row->charged && !broken;
    shared->before |= broken && !row->charged && row->first;
    shared->uncertain |= broken && !row->charged && !shared->before;
}

static void take_sizes(struct results_shared *shared, const struct row *row)
{
    shared->looks++;
    shared->files = larger(shared->files, row->files);
    if (shared->bytes_before < 0)
        shared->bytes_before = row->bytes;
    shared->bytes_after = row->bytes;
    shared->wal_after = row->wal_bytes;
    shared->wal_most = larger(shared->wal_most, larger(row->wal_peak, row->wal_bytes));
    if (row->half) {
        shared->wal_half = larger(shared->wal_half, row->wal_peak);
        shared->bytes_half = larger(shared->bytes_half, row->bytes);
    }
    if (shared->rows_before < 0)
        shared->rows_before = row->rows;
    if (row->rows >= 0)
        shared->rows_after = row->rows;
}

static int load_looks(struct results_shared **out, size_t *count, struct results *store,
                      int64_t run, struct err *err)
{
    sqlite3_stmt *row =
        sql_prepare(store, err,
                    "SELECT database, answer, charged, why, told, files, bytes, wal_bytes,"
                    " wal_peak, rows, spent_ns, locked_ns, moment = 'before', look * 2 <= (SELECT "
                    "max(look) FROM"
                    " shared WHERE run = ?1) FROM shared WHERE run = ?1 ORDER BY look, rowid",
                    "i", run);
    int rc;
    if (!row)
        return -1;
    while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
        const struct row look = {.answer = sql_text(row, 1),
                                 .charged = sqlite3_column_int(row, 2) != 0,
                                 .why = sql_text(row, 3),
                                 .files = sqlite3_column_int64(row, 5),
                                 .bytes = sqlite3_column_int64(row, 6),
                                 .wal_bytes = sqlite3_column_int64(row, 7),
                                 .wal_peak = sqlite3_column_int64(row, 8),
                                 .rows = sqlite3_column_int64(row, 9),
                                 .half = sqlite3_column_int64(row, 13),
                                 .first = sqlite3_column_int(row, 12) != 0};
        struct results_shared *shared = find(out, count, sql_text(row, 0));
        add_told(shared, sql_text(row, 4));
        shared->spent_ns += sqlite3_column_int64(row, 10);
        shared->locked_ns += sqlite3_column_int64(row, 11);
        take_answer(shared, &look);
        if (look.files)
            take_sizes(shared, &look);
        shared->unread = shared->looks && shared->not_checked && !shared->held && !shared->broken;
        shared->unmatched = !shared->looks && !look.files && strcmp(look.answer, "absent") != 0;
    }
    return sql_end(store, row, rc, err);
}

static void take_rows(struct results_shared *shared, const char *name, int64_t rows)
{
    for (size_t i = 0; i < shared->table_count; i++)
        if (strcmp(shared->tables[i].name, name) == 0) {
            shared->tables[i].after = rows;
            return;
        }
    shared->tables = xrealloc(shared->tables, shared->table_count + 1, sizeof *shared->tables);
    shared->tables[shared->table_count++] =
        (struct results_shared_table){xstrdup(name), rows, rows};
}

static int load_rows(struct results_shared **out, size_t *count, struct results *store, int64_t run,
                     struct err *err)
{
    sqlite3_stmt *row = sql_prepare(store, err,
                                    "SELECT database, name, rows FROM shared_rows WHERE run = ?"
                                    " ORDER BY look, rowid",
                                    "i", run);
    int rc;
    if (!row)
        return -1;
    while ((rc = sqlite3_step(row)) == SQLITE_ROW)
        take_rows(find(out, count, sql_text(row, 0)), sql_text(row, 1),
                  sqlite3_column_int64(row, 2));
    return sql_end(store, row, rc, err);
}

int results_shared_load(struct results_shared **out, size_t *count, struct results *store,
                        int64_t run, struct err *err)
{
    *out = NULL;
    *count = 0;
    return load_looks(out, count, store, run, err) < 0 ? -1
                                                       : load_rows(out, count, store, run, err);
}

void results_shared_release(struct results_shared *shared, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < shared[i].table_count; k++)
            free(shared[i].tables[k].name);
        free(shared[i].tables);
        free(shared[i].name);
        free(shared[i].why);
        free(shared[i].told);
    }
    free(shared);
}

bool results_shared_growth(char out[RESULTS_GROWTH_BYTES], const struct results_shared *shared)
{
    char now[TEXT_NUMBER_BYTES], then[TEXT_NUMBER_BYTES];
    *out = '\0';
    if (shared->looks < LOOKS_LEAST)
        return false;
    if (shared->wal_after >= RUNS_AWAY_BYTES && shared->wal_after >= shared->wal_most &&
        shared->wal_after / 3 >= shared->wal_half / 2)
        snprintf(out, RESULTS_GROWTH_BYTES,
                 "the -wal of '%.100s' grew to %s (%s in the first half) and is not checkpointed",
                 shared->name, text_size(now, (double)shared->wal_after),
                 text_size(then, (double)shared->wal_half));
    else if (shared->bytes_before >= 0 && shared->rows_after >= 0 &&
             shared->rows_after <= shared->rows_before &&
             shared->bytes_after - shared->bytes_before >= RUNS_AWAY_BYTES &&
             shared->bytes_after / 4 >= shared->bytes_before &&
             shared->bytes_after > shared->bytes_half)
        snprintf(out, RESULTS_GROWTH_BYTES, "'%.100s' grew from %s to %s without more rows",
                 shared->name, text_size(then, (double)shared->bytes_before),
                 text_size(now, (double)shared->bytes_after));
    return *out != '\0';
}
