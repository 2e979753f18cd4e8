/* controls - known-bad ways to keep a database, each of which must be seen to fail here.
 *
 * A search that finds nothing proves nothing until it has found something. So every known-bad way
 * is tried in the very harness that calls the reference store sound, and beside it the sound way of
 * doing the same: the first must show damage, the second none. A control that shows none, or whose
 * sound counterpart does, makes the whole run "blind": then no other result of it counts.
 *
 * Normal use: controls_run, once; controls_print or controls_json; controls_exit_code.
 */
#ifndef PROOF_CRASH_CONTROLS_H
#define PROOF_CRASH_CONTROLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CONTROLS_TEXT_BYTES 320

/* What one way of doing it came to. Zero: nothing seen yet. Plain value. */
struct control_outcome {
    bool damaged;                   /* the damage that this control is about was seen */
    size_t acknowledged;            /* what the application was told is done: rows, transactions */
    size_t lost;                    /* ... and is not there, at worst */
    size_t corrupt;                 /* databases, or states of one, that are damaged to SQLite */
    const char *integrity;          /* what integrity_check says: "ok", "not ok", "both"; static */
    char text[CONTROLS_TEXT_BYTES]; /* one sentence with the figures */
    char skipped[CONTROLS_TEXT_BYTES]; /* not empty: why this proves nothing here */
};

/* Where and with which luck. */
struct control_setting {
    const char *folder; /* exists */
    uint64_t seed;
};

/*
 * A way to try: fills the outcome.
 *
 * way    : which of the things that it can do, as the table of controls has it
 * errors : ERR_SYSTEM the trial itself could not be made
 */
typedef int control_try(struct control_outcome *out, const char *way,
                        const struct control_setting *setting, struct err *err);

/* One known-bad way and its sound counterpart. Static. */
struct control {
    const char *name, *what; /* what: what is done, in words */
    control_try *try;
    const char *bad, *sound; /* for try */
};

/* controls_all - ended by a name of NULL */
extern const struct control controls_all[];

/* One control that was run. Plain value. */
struct control_result {
    const struct control *control;
    struct control_outcome bad, sound;
    struct err err; /* code: a trial could not be made */
    double seconds;
};

/* A whole run. The holder frees `results`. */
struct controls {
    struct control_result *results;
    size_t count;
    uint64_t seed;
    double seconds;
};

/*
 * controls_run - all controls, one after another
 *
 * only   : the name of one control, or NULL
 * mended : the name of a control whose bug is left out (its sound way is run twice): it must make
 *          the run blind; NULL
 * errors : ERR_USAGE there is no such control. A trial that cannot be made is told in its result
 */
int controls_run(struct controls *out, const char *folder, uint64_t seed, const char *only,
                 const char *mended, struct err *err);

/* controls_is_blind - has this one proven nothing? Not if it is skipped with a reason. */
bool controls_is_blind(const struct control_result *result);

void controls_print(const struct controls *controls); /* a table, on stdout */
void controls_json(const struct controls *controls);  /* "spawnbench.controls.v1", on stdout */

/* controls_exit_code - 0, or 5 when any is blind, with a sentence for each on stderr */
int controls_exit_code(const struct controls *controls);

/* The trials of control_*.c. */
control_try control_walk, control_lost_write;       /* way: a configuration; a kind of fault */
control_try control_registry, control_transactions; /* "memory first", "database first"; ... */
control_try control_fork, control_descriptor, control_shm; /* "inherited", "own"; ... */
control_try control_race;                                  /* "passive", "in turn"; ... */

#endif
