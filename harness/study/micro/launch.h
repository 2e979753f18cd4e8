/* launch - starts a batch of agents by hand, one primitive at a time: the yardsticks that record
 * nothing.
 *
 * Normal use: launch_new once per primitive and batch size, launch_measure per sample, launch_free.
 * Every agent gets what a spawner would give it: program, arguments, environment (ours, READY_FD
 * and, when asked, its witness), a ready pipe of its own, stdout and stderr at /dev/null.
 */
#ifndef STUDY_MICRO_LAUNCH_H
#define STUDY_MICRO_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum launch_way {
    LAUNCH_VFORK,       /* loop of vfork + exec: the caller sleeps until each exec */
    LAUNCH_POSIX_SPAWN, /* loop of posix_spawn(3), default attributes */
    LAUNCH_CLONE_VM,    /* loop of clone(CLONE_VM), a ring of stacks, no waiting for the exec */
    LAUNCH_FORK,        /* loop of fork + exec: pays for the size of the caller */
    LAUNCH_WAYS
};

/* What to start. All borrowed until launch_free. */
struct launch_options {
    enum launch_way way;
    size_t agents;
    const char *program;     /* no PATH search */
    const char *const *argv; /* NULL-terminated */
    const char *witness;     /* SPAWNBENCH_WITNESS; NULL: the agents know none */
    /* a stdin and a stdout pipe for each agent, as a spawner that hands over prompts needs;
     * false: one stdin pipe for all (it only keeps them alive) */
    bool own_pipes;
};

struct launch; /* opaque */

/* launch_new - errors: ERR_SYSTEM (no /dev/null, no memory for stacks) */
int launch_new(struct launch **out, const struct launch_options *options, struct err *err);

/*
 * launch_measure - one batch: started, ready, then (outside the clock) ended and reaped
 *
 * spent_ns : from before the first pipe and start until every agent's readiness was read
 * errors   : ERR_UNFIT an agent could not be executed or ended before it was ready, ERR_SYSTEM no
 *            process or pipe, or not ready within 30 s; nothing of the batch is left then either
 * source   : vfork(2), clone(2), posix_spawn(3); reference/SPAWNING.md 2
 */
int launch_measure(struct launch *launch, int64_t *spent_ns, struct err *err);

void launch_free(struct launch *launch); /* accepts NULL */

/* launch_way_name - "vfork", "posix_spawn", "clone_vm", "fork" */
const char *launch_way_name(enum launch_way way);

#endif
