/* lease - who measures a run? One process at a time, told by a lock that dies with it.
 *
 * RESULTS/runs/RUN.lock is locked with fcntl(2) as long as the run is held. Such a lock belongs to
 * the process and not to its descriptor: children do not have it, a kill ends it, and the kernel
 * tells who holds it.
 */
#ifndef RESULTS_LEASE_H
#define RESULTS_LEASE_H

#include <stdint.h>

#include "base/err.h"

/* Zero is none. One for each run in a process: whoever closes the file gives up the lock. */
struct lease {
    int fd;
    char *path;
};

/*
 * lease_take - measure this run, if nobody else does; does not wait
 *
 * results : the results folder; its folder runs is made where it is missing
 * errors  : ERR_UNFIT another process measures it, which is told; ERR_SYSTEM. `out` is zero then
 */
int lease_take(struct lease *out, const char *results, int64_t run, struct err *err);

/* lease_release - no longer, the file goes; nothing where nothing is held */
void lease_release(struct lease *lease);

#endif
