/* subject - the one door to the program under test: start it, ask it, never be hung by it.
 *
 * Normal use: subject_start, subject_ask for each message, subject_stop. One subject is one process
 * that speaks the protocol of reference/PROTOCOL.md. Whatever it does, these functions return in
 * time.
 */
#ifndef CYCLE_SUBJECT_H
#define CYCLE_SUBJECT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/process.h"
#include "base/text.h"
#include "cycle/subject_log.h"

#define SUBJECT_MOST_ANSWER_BYTES 16777216 /* 16 MiB */

/* What came back. */
enum subject_answer {
    SUBJECT_ANSWERED,
    SUBJECT_TIMED_OUT, /* no answer before the deadline */
    SUBJECT_ENDED,     /* it exited, was killed, or closed its stdout */
    SUBJECT_NONSENSE,  /* not one JSON object per line, or one of another kind than was asked for */
    SUBJECT_REFUSED,   /* {"op":"error"}: it lives, and says that it cannot do what was asked */
    SUBJECT_INTERRUPTED /* a signal asked us to stop (base/interrupt) */
};

/*
 * Somebody who looks on while an answer is waited for. Zero: nobody.
 *
 * look : called once the question has been sent, and again when the time it returned is over, in
 *        ns; INT64_MAX: not again. It must not touch the subject's descriptors
 */
struct subject_onlooker {
    int64_t (*look)(void *context);
    void *context;
};

/* A running subject. Zero is none; everything in it belongs to it. */
struct subject {
    struct process process;
    struct text incoming;             /* read, not yet consumed */
    struct subject_log *log;          /* NULL: none */
    struct subject_onlooker onlooker; /* set by whoever wants one, after subject_start */
    struct subject_onlooker late; /* called once in the next question, when it is not answered */
    int64_t late_ns;              /* at this time */
    /* during the last question: for how long at most we were stopped, as by ^Z; 0: not at all */
    int64_t stopped_ns;
    char trouble[256]; /* the sentence behind the last answer that was not SUBJECT_ANSWERED */
};

/*
 * subject_start - start the program; its stderr is appended to log_path, and bounded
 *
 * environment : NULL inherits
 * errors      : ERR_UNFIT cannot be executed; ERR_SYSTEM, ERR_UNFIT log cannot be written
 */
int subject_start(struct subject *out, const char *const argv[], char *const environment[],
                  const char *log_path, struct err *err);

/* subject_start_in - the same, in cgroups of its own: see process_start_in */
int subject_start_in(struct subject *out, const char *const argv[], char *const environment[],
                     const char *log_path, const int join[], size_t join_count, struct err *err);

/*
 * subject_ask - send one line, wait for one line
 *
 * line        : without newline
 * op          : the answer's "op" must be this one ("spawned" for "spawn")
 * deadline_ns : CLOCK_MONOTONIC; put off by as long as we were stopped meanwhile
 * sent_ns     : taken just before the first byte is written; may be NULL
 * answered_ns : taken when the last byte of the answer had been read; may be NULL
 * answer      : owned by the caller (cJSON_Delete), NULL unless SUBJECT_ANSWERED
 */
enum subject_answer subject_ask(struct subject *subject, const char *line, const char *op,
                                int64_t deadline_ns, int64_t *sent_ns, int64_t *answered_ns,
                                cJSON **answer);

/*
 * subject_stop - ask it to close (unless force), give it grace_ns, end it and all it left in its
 * group
 *
 * returns : true when it answered "closed" and exited 0 by itself
 */
bool subject_stop(struct subject *subject, bool force, int64_t grace_ns,
                  struct process_exit *ended);

/* subject_log_tail - the last lines of its log for an error message; the caller frees it */
char *subject_log_tail(const struct subject *subject, size_t most_bytes);

#endif
