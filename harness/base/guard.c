/* How is a database read that may be meant to harm whoever reads it? */
#include "base/guard.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/text.h"

#define STEPS_BETWEEN  2000 /* of two looks at the budget */
#define STEPS_LEAST    INT64_C(50000000)
#define STEPS_PER_BYTE 20
#define CPU_LEAST_NS   (20 * CLOCK_NS_PER_S)
#define CPU_PER_BYTE   200 /* ns: an integrity_check of 574 MB takes 1.8 s, 3 ns per byte */
#define LENGTH_LEAST   (INT64_C(1) << 16)  /* a step may cost the square, where realloc copies */
#define LENGTH_MOST    INT64_C(1000000000) /* SQLite's own default */

static bool heeds_interrupts;

void guard_heed_interrupts(void)
{
    heeds_interrupts = true;
}

/* Called by SQLite; anything but 0 ends the statement with SQLITE_INTERRUPT. */
static int look(void *context)
{
    struct guard *guard = context;
    guard->steps_left -= STEPS_BETWEEN;
    if (clock_read_ns(CLOCK_THREAD_CPUTIME_ID) > guard->cpu_until_ns)
        guard->steps_left = -1;
    if (heeds_interrupts && interrupt_seen())
        guard->steps_left = -1;
    return guard->steps_left < 0;
}

/* Honest schemas stay far below all of these. */
static void set_limits(sqlite3 *database)
{
    sqlite3_limit(database, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(database, SQLITE_LIMIT_SQL_LENGTH, 1 << 20);
    sqlite3_limit(database, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100);
    sqlite3_limit(database, SQLITE_LIMIT_TRIGGER_DEPTH, 10);
    sqlite3_limit(database, SQLITE_LIMIT_WORKER_THREADS, 0);
}

void guard_set(struct guard *guard, sqlite3 *database, bool writes)
{
    *guard = (struct guard){.limits_length = !writes};
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_VIEW, 0, (int *)NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_TRIGGER, (int)writes, (int *)NULL);
    set_limits(database);
    guard_begin(guard, database, NULL);
    sqlite3_progress_handler(database, STEPS_BETWEEN, look, guard);
}

/* How long the files are, and what of it is there:
 * a hole can be of any size and costs its maker nothing. */
static void weigh(const char *path, const char *ending, int64_t *length, int64_t *there)
{
    char *name = text_format("%s%s", path, ending);
    struct stat about;
    if (stat(name, &about) == 0) {
        int64_t blocks = (int64_t)about.st_blocks * 512;
        *length += about.st_size;
        *there += about.st_size < blocks ? (int64_t)about.st_size : blocks;
    }
    free(name);
}

void guard_begin(struct guard *guard, sqlite3 *database, const char *path)
{
    int64_t length = 0, there = 0;
    if (path) {
        weigh(path, "", &length, &there);
        weigh(path, "-wal", &length, &there);
    }
    guard->cpu_until_ns =
        clock_read_ns(CLOCK_THREAD_CPUTIME_ID) + CPU_LEAST_NS + CPU_PER_BYTE * there;
    guard->steps_left = STEPS_LEAST + STEPS_PER_BYTE * there;
    length = length < LENGTH_LEAST ? LENGTH_LEAST : length;
    if (path && guard->limits_length)
        sqlite3_limit(database, SQLITE_LIMIT_LENGTH,
                      (int)(length < LENGTH_MOST ? length : LENGTH_MOST));
}

bool guard_spent(const struct guard *guard)
{
    return guard->steps_left < 0;
}
