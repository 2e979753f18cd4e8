/* Which agents does the store call running that nobody runs any more? Those become 'interrupted'.
 *
 * Who may be touched is decided by the run's lock (writers.h). The process is asked only so that an
 * agent that outlived its spawner is not called ended: the one with the recorded id is the agent if
 * it started when the agent did.
 *
 *         recorded:  spawned_ns ........ ready_ns            (CLOCK_MONOTONIC)
 *         /proc:          start of the process               (ticks of CLOCK_BOOTTIME,
 *                                                             rounded down)
 *
 * An id that was given to another process meanwhile shows a later start. After a reboot ids and
 * times mean nothing; then one that fits by chance is left alone until the next opening. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"
#include "store/store_internal.h"

#define DYING_NS CLOCK_NS_PER_S /* agents are killed with their spawner, but not at once */

struct row {
    int64_t rowid, pid, spawned_ns, ready_ns;
};

struct rows {
    struct row *items;
    size_t count, room;
};

/* ---- the process ---- */

/* Start of a process in ticks after boot; -1 when there is none, or it is a zombie. Field 22 of
 * /proc/PID/stat; its name, field 2, may hold anything, so we count from its end. proc(5) */
static int64_t start_ticks(int64_t pid)
{
    char line[1024];
    const char *at;
    if (pid > INT_MAX || !process_read(line, sizeof line, (pid_t)pid, "stat"))
        return -1;
    at = strrchr(line, ')');
    if (!at || !at[1] || !at[2] || strchr("ZXx", at[2]))
        return -1;
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    return at ? strtoll(at + 1, NULL, 10) : -1;
}

/* How much CLOCK_BOOTTIME is ahead: the machine has slept that long. */
static int64_t slept_ns(void)
{
    int64_t ahead_ns = clock_read_ns(CLOCK_BOOTTIME) - clock_now_ns();
    return ahead_ns > 0 ? ahead_ns : 0;
}

static bool runs(const struct row *row)
{
    int64_t tick_ns = CLOCK_NS_PER_S / sysconf(_SC_CLK_TCK);
    int64_t ticks = row->pid > 0 ? start_ticks(row->pid) : -1;
    int64_t latest_ns = row->ready_ns ? row->ready_ns : clock_now_ns();
    return ticks >= 0 && (ticks + 1) * tick_ns >= row->spawned_ns &&
           ticks * tick_ns <= latest_ns + slept_ns();
}

static size_t count_running(const struct rows *rows)
{
    size_t running = 0;
    for (size_t i = 0; i < rows->count; i++)
        running += runs(&rows->items[i]);
    return running;
}

/* Their spawner's death killed them; the kernel may need a moment to get there. */
static void wait_for_dying(const struct rows *rows)
{
    int64_t until_ns = clock_now_ns() + DYING_NS;
    while (count_running(rows) > 0 && clock_now_ns() < until_ns)
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
}

/* ---- the rows ---- */

static void add(struct rows *rows, sqlite3_stmt *from)
{
    if (rows->count == rows->room) {
        rows->room = rows->room ? 2 * rows->room : 16;
        rows->items = xrealloc(rows->items, rows->room, sizeof rows->items[0]);
    }
    rows->items[rows->count++] = (struct row){.rowid = sqlite3_column_int64(from, 0),
                                              .pid = sqlite3_column_int64(from, 2),
                                              .spawned_ns = sqlite3_column_int64(from, 3),
                                              .ready_ns = sqlite3_column_int64(from, 4)};
}

/* Rows of runs without a living spawner. */
static int find(struct rows *rows, const struct store *store, bool alone, struct err *err)
{
    sqlite3_stmt *row = NULL;
    char *run = xstrdup(""); /* of the row before: one question per run */
    bool alive = true, first = true;
    int rc = sqlite3_prepare_v2(store->database,
                                "SELECT rowid, run, pid, spawned_ns, ready_ns FROM agent_executions"
                                " WHERE state IN ('starting', 'ready') ORDER BY run",
                                -1, &row, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(row)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(row, 1);
        if (first || strcmp(name, run) != 0) {
            alive = strcmp(name, store->run) == 0 ? !alone : writers_alive(store->writers, name);
            free(run);
            run = xstrdup(name);
            first = false;
        }
        if (!alive)
            add(rows, row);
        rc = SQLITE_OK;
    }
    free(run);
    if (rc != SQLITE_DONE)
        store_refuse(err, store->database, "cannot look for interrupted agents");
    sqlite3_finalize(row);
    return rc == SQLITE_DONE ? 0 : -1;
}

static int mark(struct store *store, const struct rows *rows, struct err *err)
{
    static const char doing[] = "cannot mark interrupted agents";
    sqlite3_stmt *update = NULL;
    int rc = sqlite3_prepare_v2(store->database,
                                "UPDATE agent_executions SET state = 'interrupted', error ="
                                " coalesce(error, 'its spawner went away before it was finished')"
                                " WHERE rowid = ?1 AND state IN ('starting', 'ready')",
                                -1, &update, NULL);
    for (size_t i = 0; rc == SQLITE_OK && i < rows->count; i++) {
        if (runs(&rows->items[i])) {
            store->about.still_running++;
            continue;
        }
        sqlite3_bind_int64(update, 1, rows->items[i].rowid);
        if (sqlite3_step(update) != SQLITE_DONE)
            store_refuse(err, store->database, doing);
        else
            store->about.interrupted += sqlite3_changes(store->database);
        rc = sqlite3_reset(update);
    }
    if (!update)
        store_refuse(err, store->database, doing);
    sqlite3_finalize(update);
    return rc == SQLITE_OK ? 0 : -1;
}

static int mark_at_once(struct store *store, const struct rows *rows, struct err *err)
{
    if (store_execute(store->database, "BEGIN IMMEDIATE", "cannot mark interrupted agents", err) <
        0)
        return -1;
    if (mark(store, rows, err) == 0 &&
        store_execute(store->database, "COMMIT", "cannot mark interrupted agents", err) == 0)
        return 0;
    sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
    return -1;
}

static void tell(const struct store *store)
{
    if (store->about.interrupted)
        fprintf(stderr,
                "spawnref: '%s': %lld agents of a spawner that is gone were recorded as running: "
                "now 'interrupted'\n",
                store->path, (long long)store->about.interrupted);
    if (store->about.still_running)
        fprintf(stderr,
                "spawnref: warning: '%s': %lld agents still run though their spawner is gone\n",
                store->path, (long long)store->about.still_running);
}

int store_reconcile(struct store *store, bool alone, struct err *err)
{
    struct rows rows = {0};
    int rc = find(&rows, store, alone, err);
    if (rc == 0 && rows.count > 0) {
        wait_for_dying(&rows);
        rc = mark_at_once(store, &rows, err);
    }
    if (rc == 0)
        tell(store);
    free(rows.items);
    return rc;
}
