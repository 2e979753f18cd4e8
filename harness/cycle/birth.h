/* birth - which of two processes began first?
 *
 * Normal use: birth_now before something is asked for, birth_of each process that is said to have
 * come of it, birth_is_before to compare.
 */
#ifndef CYCLE_BIRTH_H
#define CYCLE_BIRTH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* When a process began. Plain value; zero: not known. */
struct birth {
    uint64_t order; /* inode of its pidfd, which rises from process to process; 0: not known */
    int64_t ticks;  /* since boot, 1/100 s on most machines, rounded down; 0: not known */
};

/*
 * birth_now - the birth of a child made for this, which ends at once and is reaped
 *
 * Costs some 50 us where pidfd inodes rise, else a read of the clock.
 */
void birth_now(struct birth *out);

/* birth_of - false when there is no such process; a zombie still has its birth */
bool birth_of(struct birth *out, pid_t pid);

/*
 * birth_is_before - 1: it began before the other, 0: it did not, -1: not known
 *
 * Where pidfd inodes do not rise only ticks are compared: what began less than one tick (10 ms)
 * before passes then, and nothing that began afterwards is ever called earlier.
 * source : pidfs since Linux 6.9: alloc_pid() numbers processes in turn, st_ino of pidfd_open(2);
 *          /proc/PID/stat field 22, proc(5)
 */
int birth_is_before(const struct birth *birth, const struct birth *other);

/* birth_order - of a process, without its ticks; 0: not known, it is gone, or it is a thread */
uint64_t birth_order(pid_t pid);

/* birth_has_order - does this kernel number processes in the order in which they begin, on all
 * CPUs? Tried once, with two short-lived children on each of at most eight CPUs. */
bool birth_has_order(void);

#endif
