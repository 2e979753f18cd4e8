/* watch - one poll loop over the agents that are starting, or finishing, and over our own signals.
 *
 * Normal use: watch_begin with a goal, watch_turn until watch->pending is 0 or the deadline passed.
 * Whatever an agent does meanwhile (flood its pipes, close them, die, never speak) the loop goes
 * on: stdout and stderr are drained, and its death is learnt from SIGCHLD, not from its pipes,
 * which grandchildren may hold.
 */
#ifndef SPAWNER_WATCH_H
#define SPAWNER_WATCH_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spawner/batch.h"

#define WATCH_OUTPUT_BYTES ((size_t)16 << 20) /* of stdout; the rest is read and dropped */
#define WATCH_ERRORS_BYTES ((size_t)4 << 10)  /* the end of stderr, for error texts */

enum watch_goal {
    WATCH_UNTIL_READY, /* agents in AGENT_STARTING leave it */
    WATCH_UNTIL_EXIT   /* agents with a process are seen to have ended */
};

/* Zero with `signals` set is a valid empty watch; watch_release gives its memory back. */
struct watch {
    int signals;     /* signalfd of child_prepare */
    int stop_signal; /* SIGTERM, SIGINT or SIGHUP seen; 0: none */
    enum watch_goal goal;
    struct agent *agents; /* borrowed from watch_begin to the last watch_turn */
    size_t agent_count;
    size_t pending;     /* agents that have not reached the goal */
    size_t failed;      /* agents that failed since watch_begin */
    const char *prompt; /* WATCH_UNTIL_EXIT: what goes to their stdin; borrowed */
    size_t prompt_length;
    struct pollfd *fds; /* fds[0] is `signals` */
    struct watch_slot *slots;
    size_t count, room;
};

/* watch_begin - look at these agents; child_settle must have been called. Agents already dead, or
 * that could not be executed, reach the goal (or fail) here. */
void watch_begin(struct watch *watch, struct agent *agents, size_t count, enum watch_goal goal);

/*
 * watch_turn - wait for something to happen and take note of it
 *
 * returns : false when deadline_ns (CLOCK_MONOTONIC) passed or a stop signal came; agents are left
 *           as they are
 */
bool watch_turn(struct watch *watch, int64_t deadline_ns);

/* watch_signals - note what the signalfd tells; true when a child ended */
bool watch_signals(struct watch *watch);

void watch_release(struct watch *watch);

#endif
