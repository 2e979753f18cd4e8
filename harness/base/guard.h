/* guard - a database that may come from anybody, read so that nothing in it runs, nor for ever.
 *
 * Normal use: guard_set just after sqlite3_open_v2 and before anything is read, guard_begin before
 * each question (or once for many), and where SQLite says SQLITE_INTERRUPT, GUARD_SAYS. A schema is
 * a program: views with endless recursion, triggers, columns that are computed. What is honest
 * needs none of that here.
 *
 * source : https://www.sqlite.org/security.html, "Untrusted SQLite Database Files"
 */
#ifndef BASE_GUARD_H
#define BASE_GUARD_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/* What a question may cost, and what is left of it. Lives as long as its connection, at one place:
 * SQLite keeps its address. */
struct guard {
    int64_t steps_left;   /* of SQLite's virtual machine; below 0: spent */
    int64_t cpu_until_ns; /* on the clock of this thread */
    bool limits_length;   /* no value may be longer than the files are */
};

/*
 * guard_set - views, writing to the schema and untrusted functions off, a budget for what is asked
 *
 * writes : our own triggers have to work, and what is written may be longer than the file is yet
 */
void guard_set(struct guard *guard, sqlite3 *database, bool writes);

/*
 * guard_begin - a fresh budget: steps and CPU time that grow with the files of the database
 *
 * Ten times and more of what the dearest honest question costs; holes of a file count for nothing.
 * path : of the database, which may have a -wal; NULL: as if it were empty, for a short statement
 */
void guard_begin(struct guard *guard, sqlite3 *database, const char *path);

/* guard_spent - the last question was broken off */
bool guard_spent(const struct guard *guard);

/* guard_heed_interrupts - from now on every question is broken off, too, when a signal asks us to
 * stop (base/interrupt.h). For commands that only read: what they were told then says nothing. */
void guard_heed_interrupts(void);

/* GUARD_SAYS - what to tell then, instead of SQLite's "interrupted" */
#define GUARD_SAYS "it does not answer: far more work than its size explains was not enough"

#endif
