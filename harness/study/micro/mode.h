/* mode - the reference spawner met as a program, one mode of it, one batch per call.
 *
 * Normal use: mode_open (starts it, opens its database), mode_batch per sample, mode_close.
 */
#ifndef STUDY_MICRO_MODE_H
#define STUDY_MICRO_MODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* What to start. All borrowed until mode_close. */
struct mode_options {
    const char *reference;  /* the program */
    const char *mode;       /* "sequential" or "parallel" */
    const char *durability; /* "normal" or "full" */
    const char *folder;     /* its database and log go here */
    const char *witness;    /* SPAWNBENCH_WITNESS of the agents; NULL: they know none */
};

/* One batch in ns. */
struct mode_times {
    int64_t spawn_ns; /* request written to answer read: started, ready and recorded */
    int64_t own_ns;   /* the spawner's own words for it, end_ns - begin_ns */
    int64_t ready_ns; /* request written to the last agent's ready_ns: the same without recording */
};

struct mode; /* opaque */

/* mode_open - start it, and let it open its database
 * errors : ERR_UNFIT it does not start or does not answer "open" (with its log's tail) */
int mode_open(struct mode **out, const struct mode_options *options, struct err *err);

/*
 * mode_batch - spawn, then (outside the clock) finish a batch of `agents`
 *
 * argv   : of every agent, NULL-terminated
 * errors : ERR_SUBJECT it broke the protocol or an agent did not become ready and recorded,
 *          ERR_INTERRUPTED
 */
int mode_batch(struct mode *mode, size_t agents, const char *const argv[], struct mode_times *out,
               struct err *err);

void mode_close(struct mode *mode); /* accepts NULL */

#endif
