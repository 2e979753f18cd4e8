/* states - the files as they could be found after a crash before call k of a recorded run.
 *
 * Two images are kept while k advances: `all`, what the processes saw, and `durable`, what was
 * synced. A killed process leaves `all`; a power loss leaves `durable` and any part of the calls
 * since. What makes a call durable:
 *
 *   - a sync of its file, for writes, truncates and the file's own creation
 *     (as ext4, xfs, btrfs do)
 *   - a sync of the directory, for all creations and deletions
 *
 * A write may be torn into sectors of 512 bytes. A deletion that did not last leaves the very file
 * that was deleted.
 *
 * Normal use: states_new; for each k states_build for every state, then states_advance;
 * states_free.
 *
 * source : Pillai et al., OSDI 2014 (ALICE); https://sqlite.org/atomiccommit.html
 */
#ifndef PROOF_CRASH_STATES_H
#define PROOF_CRASH_STATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proof/crash/disk.h"
#include "proof/crash/log.h"

/* The families of audit/INTEGRITY.md 3.1. */
enum states_family {
    STATES_KILLED, /* process killed before call k */
    STATES_INSIDE, /* process killed inside write k */
    STATES_NONE,   /* power loss: nothing unsynced kept */
    STATES_PREFIX, /* ... the first `index` unsynced calls kept */
    STATES_DROP,   /* ... all but one */
    STATES_KEEP,   /* ... only one */
    STATES_SUBSET, /* ... a random half */
    STATES_TORN,   /* ... a random half, some of them torn */
    STATES_FAMILIES
};

struct states; /* opaque */

/* states_new - before the first call of this log, borrowed until states_free */
struct states *states_new(const struct crash_log *log);

void states_free(struct states *states); /* accepts NULL */

/* states_at - the k before which we stand, 0 .. log->count */
size_t states_at(const struct states *states);

/* states_unsynced - how many calls before k a power loss may undo */
size_t states_unsynced(const struct states *states);

/* states_advance - carry out call k; returns false when there is none left */
bool states_advance(struct states *states);

/*
 * states_build - the files of one state
 *
 * family  : which kind
 * index   : INSIDE: 0 .. 1 (which tear); PREFIX: 0 .. unsynced; DROP, KEEP: 0 .. unsynced - 1;
 *           SUBSET, TORN: the number of the draw; else 0
 * seed    : of the run; a state depends on seed, k, family and index alone
 * returns : false when there is no such state (INSIDE: call k is no write of 2 bytes or more)
 */
bool states_build(struct disk *out, const struct states *states, enum states_family family,
                  size_t index, uint64_t seed);

/* states_family_name - "killed", "inside", "none", ... */
const char *states_family_name(enum states_family family);

/* states_is_power - a family that takes a power loss */
bool states_is_power(enum states_family family);

/* states_random - the next of a stream of well-mixed numbers (splitmix64); *state is its position.
 * source : Steele, Lea, Flood 2014 */
uint64_t states_random(uint64_t *state);

#endif
