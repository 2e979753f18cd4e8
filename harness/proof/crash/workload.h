/* workload - a fixed piece of work on a store, recorded call by call, with what was promised.
 *
 * The work is done by the reference store's own code (or, for controls that it refuses to be, by
 * plain SQL with the same tables): open, batches of agents recorded and finished, close. After each
 * transaction that returned without error the log is told that it is acknowledged, and the content
 * is noted as a digest through a connection of its own.
 */
#ifndef PROOF_CRASH_WORKLOAD_H
#define PROOF_CRASH_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "proof/crash/log.h"
#include "proof/crash/prefix_check.h"

/* What must come out of a walk of this configuration. */
enum workload_bar {
    WORKLOAD_SOUND,      /* nothing corrupt, nothing lost */
    WORKLOAD_LOSES,      /* nothing corrupt; loses at power loss only, and must be seen to */
    WORKLOAD_MUST_BREAK, /* a control: corrupt or partial states must be found */
};

/* One way to do the work. */
struct workload {
    const char *name;
    bool store;           /* the reference store; else plain SQL with these two pragmas: */
    const char *journal;  /* "wal", "delete", ... */
    const char *sync;     /* "full", "normal", "off", "extra" */
    bool each;            /* the store records agent by agent; else the batch at once */
    int checkpoint_pages; /* the store checkpoints from this many pages of the log on; 0: never */
    bool lying_sync;      /* the disk says it has synced and has not */
    bool spill;           /* a cache of a few pages: transactions reach the log before they end */
    enum workload_bar bar;
};

/* workloads - all of them, ended by a name of NULL */
extern const struct workload workloads[];

/* What a run left behind. Zero is valid; the holder releases it. */
struct workload_run {
    struct crash_log log;
    struct check_prefixes prefixes; /* [0] before the first transaction */
};

/*
 * workload_record - do the work once on a database in this folder, through the shim
 *
 * folder  : exists; its file work.sqlite (and -wal, -shm, -journal) is removed before and after
 * batches : of three agents each
 * seed    : equal seeds give equal logs, byte for byte (SQLite's random numbers included)
 * errors  : ERR_SYSTEM, as the store said it
 */
int workload_record(struct workload_run *out, const struct workload *workload, const char *folder,
                    int batches, uint64_t seed, struct err *err);

void workload_release(struct workload_run *run); /* accepts zero */

#endif
