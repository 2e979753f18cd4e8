/* What was seen of locks? Stored with its cycle, read back as sums over the cycles of an arm.
 *
 * total() instead of sum(): a store may come from anywhere, and sums of it must not fail. */
#include "base/clock.h"
#include "results/results.h"
#include "results/sql.h"

#include <sqlite3.h>
#include <string.h>

static int put_one(struct results *store, int64_t run, const struct cycle *cycle,
                   const struct locks_told *told, struct err *err)
{
    const int64_t *held_ns = told->held_ns;
    return sql_run(store, err,
                   "INSERT INTO locks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                   "?, ?, ?)",
                   "iiitittiiiiiiiiiiiii", run, (int64_t)cycle->index, (int64_t)cycle->item.arm,
                   locks_stage_names[told->stage], (int64_t)(told - cycle->locks->items),
                   told->name, locks_match_names[told->match], told->looks, told->span_ns,
                   told->gap_ns, told->holds_seen, held_ns[LOCKS_WRITE], held_ns[LOCKS_EXCLUSIVE],
                   held_ns[LOCKS_PENDING], held_ns[LOCKS_CHECKPOINT], held_ns[LOCKS_RECOVER],
                   held_ns[LOCKS_READ], cycle->locks->spent_ns, cycle->locks->looks,
                   cycle->locks->lost);
}

static int put_hold(struct results *store, int64_t run, const struct cycle *cycle,
                    const struct locks_told *told, const struct locks_hold *hold,
                    const struct locks_wait *wait, struct err *err)
{
    return sql_run(store, err,
                   "INSERT INTO holds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                   "?)",
                   "iiittttttiiiitttii", run, (int64_t)cycle->index, (int64_t)cycle->item.arm,
                   locks_stage_names[told->stage], told->name, locks_kind_names[hold->kind],
                   locks_who_names[hold->who], hold->agent, hold->name, (int64_t)hold->pid,
                   hold->begin_ns, hold->seen_ns, hold->most_ns,
                   wait ? locks_fate_names[wait->fate] : "", wait ? wait->agent : "",
                   wait ? wait->name : "", wait ? wait->span_ns : (int64_t)0,
                   wait ? wait->held_ns : (int64_t)0);
}

static int put_told(struct results *store, int64_t run, const struct cycle *cycle,
                    const struct locks_told *told, struct err *err)
{
    int rc = put_one(store, run, cycle, told, err);
    for (size_t i = 0; rc == 0 && i < told->hold_count; i++)
        rc = put_hold(store, run, cycle, told, &told->holds[i], NULL, err);
    for (size_t i = 0; rc == 0 && i < told->wait_count; i++)
        rc = put_hold(store, run, cycle, told, &told->waits[i].by, &told->waits[i], err);
    return rc;
}

int results_locks_put(struct results *store, int64_t run, const struct cycle *cycle,
                      struct err *err)
{
    const struct locks_seen *seen = cycle->locks;
    int rc = 0;
    for (size_t i = 0; rc == 0 && seen && i < seen->count; i++)
        rc = put_told(store, run, cycle, &seen->items[i], err);
    return rc == 0 ? 0 : results_end(store, -1, err);
}

static int64_t number(sqlite3_stmt *row, int column)
{
    int64_t value = clock_believable(sqlite3_column_int64(row, column));
    return value < 0 ? 0 : value;
}

int results_locks_cost(struct results_locks_cost *out, struct results *store, int64_t run,
                       struct err *err)
{
    sqlite3_stmt *row = sql_prepare(
        store, err,
        "SELECT count(*), CAST(total(looks) AS INTEGER), CAST(total(spent) AS INTEGER),"
        " CAST(total(lost) AS INTEGER), CAST(total(span) AS INTEGER) FROM (SELECT"
        " max(looks_all) AS looks, max(spent_ns) AS spent, max(lost) AS lost,"
        " (SELECT total(span) FROM (SELECT max(span_ns) AS span FROM locks AS one"
        " WHERE one.run = locks.run AND one.cycle = locks.cycle GROUP BY stage)) AS span"
        " FROM locks WHERE run = ? GROUP BY cycle)",
        "i", run);
    int rc;
    *out = (struct results_locks_cost){0};
    if (!row)
        return -1;
    rc = sqlite3_step(row);
    if (rc == SQLITE_ROW)
        *out = (struct results_locks_cost){number(row, 0), number(row, 1), number(row, 2),
                                           number(row, 3), number(row, 4)};
    return sql_end(store, row, rc, err);
}

int results_each_locks(struct results *store, int64_t run,
                       int (*each)(void *context, const struct results_locks *locks), void *context,
                       struct err *err)
{
    sqlite3_stmt *row =
        sql_prepare(store, err,
                    "SELECT arm, stage, database, min(match), count(DISTINCT cycle), "
                    "CAST(total(looks) AS INTEGER),"
                    " CAST(total(span_ns) AS INTEGER), max(gap_ns), CAST(total(holds) AS INTEGER),"
                    " CAST(total(write_ns) AS INTEGER), CAST(total(exclusive_ns) AS INTEGER),"
                    " CAST(total(pending_ns) AS INTEGER), CAST(total(checkpoint_ns) AS INTEGER),"
                    " CAST(total(recover_ns) AS INTEGER), CAST(total(read_ns) AS INTEGER)"
                    " FROM locks WHERE run = ? GROUP BY arm, stage, database"
                    " ORDER BY arm, stage DESC, database",
                    "i", run);
    int rc;
    if (!row)
        return -1;
    while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
        struct results_locks locks = {.arm = sqlite3_column_int(row, 0),
                                      .stage = sql_text(row, 1),
                                      .database = sql_text(row, 2),
                                      .match = sql_text(row, 3),
                                      .cycles = number(row, 4),
                                      .looks = number(row, 5),
                                      .span_ns = number(row, 6),
                                      .gap_ns = number(row, 7),
                                      .holds = number(row, 8)};
        for (int kind = 0; kind < LOCKS_KINDS; kind++)
            locks.held_ns[kind] = number(row, 9 + kind);
        if (each(context, &locks))
            break;
    }
    return sql_end(store, row, rc, err);
}

/* The gravest fates first, of each the longest. */
#define ORDER                                                                                      \
    " ORDER BY CASE fate WHEN 'failed' THEN 0 WHEN 'timed_out' THEN 1 WHEN 'ended_badly' THEN 2"   \
    " ELSE 3 END, CASE WHEN fate = '' THEN most_ns ELSE held_ns END DESC, rowid"

int results_each_hold(struct results *store, int64_t run, const char *kind, int64_t most,
                      int (*each)(void *context, const struct results_hold *hold), void *context,
                      struct err *err)
{
    sqlite3_stmt *row = sql_prepare(
        store, err,
        "SELECT * FROM (SELECT cycle, arm, stage, database, kind, who, agent, name, pid, begin_ns,"
        " seen_ns, most_ns, fate, waiter, waiter_name, span_ns, held_ns,"
        " row_number() OVER (PARTITION BY arm, stage, database" ORDER ") AS place FROM holds"
        " WHERE run = ? AND CASE WHEN ? = '' THEN fate <> '' ELSE fate = '' AND kind = ? END)"
        " WHERE place <= ? ORDER BY arm, stage DESC, database, place",
        "itti", run, kind ? kind : "", kind ? kind : "", most);
    int rc;
    if (!row)
        return -1;
    while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
        struct results_hold hold = {.cycle = sqlite3_column_int64(row, 0),
                                    .arm = sqlite3_column_int(row, 1),
                                    .stage = sql_text(row, 2),
                                    .database = sql_text(row, 3),
                                    .kind = sql_text(row, 4),
                                    .who = sql_text(row, 5),
                                    .agent = sql_text(row, 6),
                                    .name = sql_text(row, 7),
                                    .pid = sqlite3_column_int64(row, 8),
                                    .begin_ns = number(row, 9),
                                    .seen_ns = number(row, 10),
                                    .most_ns = number(row, 11),
                                    .fate = sql_text(row, 12),
                                    .waiter = sql_text(row, 13),
                                    .waiter_name = sql_text(row, 14),
                                    .span_ns = number(row, 15),
                                    .held_ns = number(row, 16)};
        if (each(context, &hold))
            break;
    }
    return sql_end(store, row, rc, err);
}
