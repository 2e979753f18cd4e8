/* writers - one writer at a time across processes, and which runs have a living spawner.
 *
 * Normal use: writers_open once per database, writers_claim the own run; writers_lock before each
 * transaction and each checkpoint, writers_unlock after; writers_close.
 *
 * All locks lie in a file beside the database, DATABASE-writers, never in the database
 * itself (closing any descriptor of it would drop SQLite's own locks, howtocorrupt.html 2.2). They
 * are locks of the open file description: the kernel drops them when the process dies, whatever
 * killed it, so there is nothing to repair and no process id to mistake for another.
 *
 *     the door      held for an instant, to take a ticket
 *     the turn      who may write
 *     a ticket      each process that waits holds its own, numbered in the order of arrival
 *     a run         held shared by each spawner of that run while it lives
 *
 * Who arrives takes the turn at once if it is free and nobody holds a ticket; else it takes the
 * next ticket, waits until no lower one is held, then for the turn. So nobody overtakes: file locks
 * alone would give the turn to whoever happens to run when it becomes free. The file's only content
 * is the number of the last ticket. See fcntl_locking(2), F_OFD_SETLKW.
 */
#ifndef STORE_WRITERS_H
#define STORE_WRITERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct writers; /* opaque: the lock file, open */

/* What waiting cost. turns: how often the lock was taken; waited: how often that took waiting. */
struct writers_waits {
    int64_t turns, waited, waited_ns, longest_ns;
};

/* writers_open - patience_ns: how long to wait for a turn
 * errors : ERR_SYSTEM the lock file cannot be made */
int writers_open(struct writers **out, const char *database, int64_t patience_ns, struct err *err);

/* writers_set_patience - from now on wait for a turn no longer than this */
void writers_set_patience(struct writers *writers, int64_t patience_ns);

void writers_close(struct writers *writers); /* accepts NULL; every lock is dropped */

/*
 * writers_lock - wait for our turn, but not for ever
 *
 * errors : ERR_SYSTEM another spawner had its turn for too long (it hangs or is stopped)
 * note   : not to be taken twice; while it waits, ITIMER_REAL and SIGALRM are in use
 */
int writers_lock(struct writers *writers, struct err *err);

void writers_unlock(struct writers *writers); /* nothing when it is not held */

/*
 * writers_claim - tell that a spawner of this run lives, until writers_close
 *
 * returns : 1 we are its only spawner, 0 others of the same run live too, -1 error
 * note    : to be called with the lock held, so that the answer stays true until it is given up
 */
int writers_claim(struct writers *writers, const char *run, struct err *err);

/* writers_alive - has this run, which is not ours, a living spawner? When in doubt: yes. */
bool writers_alive(const struct writers *writers, const char *run);

const struct writers_waits *writers_waits(const struct writers *writers);

#endif
