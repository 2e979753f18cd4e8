/* batch - what was asked of a batch and what became of it:
 * plain data, filled by the rooms in turn. */
#ifndef SPAWNER_BATCH_H
#define SPAWNER_BATCH_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "spawner/child.h"
#include "spawner/guardian.h"

enum agent_ready { AGENT_READY_FD, AGENT_READY_NOTIFY, AGENT_READY_LINE, AGENT_READY_EXIT };

enum agent_stage {
    AGENT_IDLE,     /* not started */
    AGENT_STARTING, /* started, not ready, not known to be dead */
    AGENT_READY,    /* was seen ready; may have died since */
    AGENT_FAILED,   /* failed or timed out; may still run */
    AGENT_GONE      /* reaped */
};

enum agent_outcome {
    AGENT_UNDECIDED,
    AGENT_OUTCOME_READY,
    AGENT_OUTCOME_FAILED,
    AGENT_OUTCOME_CANCELLED,
    AGENT_OUTCOME_TIMED_OUT
};

struct store_each;

/* One agent of a batch. Strings of the request are borrowed from batch->request. */
struct agent {
    const char *id, *name, *directory, *ready_text;
    const char **argv;  /* own array, borrowed strings */
    char **environment; /* from batch_prepare */
    char *path;         /* own */
    enum agent_ready ready_by;

    enum agent_stage stage;
    enum agent_outcome outcome;
    pid_t pid; /* stays when the child is reaped */
    struct child child;
    struct child_end end; /* once exited */
    int notify_fd;        /* its NOTIFY_SOCKET, or -1 */
    bool has_row;         /* the store knows it, though perhaps not its outcome (record each) */
    bool exited;          /* it ended; a zombie until reaped */
    int64_t start_ns, ready_ns, recorded_ns, completed_ns; /* 0: did not happen */
    char *error;                                           /* own; NULL: none */
    struct store_each *row; /* its own connection while it starts (record each) */

    struct text output; /* stdout since it was ready, bounded */
    uint64_t output_dropped;
    struct text errors; /* the end of its stderr, bounded */
    size_t prompt_sent;
};

/* A batch. batch_new fills what was asked. */
struct batch {
    int64_t number, deadline_ms;
    bool cancel; /* one failure cancels everyone; false: the others go on */
    struct agent *agents;
    size_t count;
    cJSON *request;                 /* own: the message all strings come from */
    char mark[GUARDIAN_MARK_BYTES]; /* in the environment of its agents */

    int64_t begin_ns, end_ns, deadline_ns; /* begin_ns: the request was read */
    bool broken;                           /* the database refused: no agent of it is ready */
    bool registered;                       /* alive and recorded */
    bool collected;      /* finish has the outputs, but could not record them yet */
    const char *verdict; /* "agreed", "split"; NULL without consensus */
    struct batch *next;
};

/*
 * batch_new - a batch from a "spawn" message
 *
 * request : taken in every case
 * errors  : ERR_FORMAT naming the key and what was expected
 */
struct batch *batch_new(cJSON *request, struct err *err);

/* batch_append - from now on hand each agent these words behind its own: to plant a slowdown. At
 * most BATCH_MOST_APPENDED; borrowed for ever */
#define BATCH_MOST_APPENDED 16
void batch_append(const char *const words[], size_t count);

/* batch_free - accepts NULL; every agent must be reaped or never started */
void batch_free(struct batch *batch);

/* batch_prepare - resolve programs and build environments, before the clock of the first start.
 * An agent whose program cannot be found is failed here. */
void batch_prepare(struct batch *batch);

/* agent_fail - outcome, error (taken); the first reason stays */
void agent_fail(struct agent *agent, enum agent_outcome outcome, char *error);

/* agent_add_errors - ": " and the end of its stderr, if there is any */
void agent_add_errors(struct text *out, const struct agent *agent);

/* agent_pid - the process it has or had; 0: none, or it never became the program */
pid_t agent_pid(const struct agent *agent);

/* agent_outcome_name - the protocol's word; NULL while undecided */
const char *agent_outcome_name(enum agent_outcome outcome);

#endif
