/* runner - the loop: one scenario from its plan to its verdicts, everything stored on the way.
 *
 * Normal use: fill struct runner_options, runner_go, look at struct runner_outcome; all else is
 * read from the results store. What runner_go does, in this order:
 *
 *     plan        built from scenario and seed; declared in the store, or, where a run is resumed,
 *                 held against what it declared
 *     subjects    one per arm, in a fresh folder of this sitting: RESULTS/runs/RUN.SITTING, or
 *                 RUN.SITTING-2, ... where an older one has that name
 *     each item   of the plan that is not stored yet: wait for its turn, run the cycle, audit the
 *                 store, put cycle, findings and audit into the results in one transaction; at a
 *                 look: stop when all is decided
 *     end         close the subjects, audit each store as it was left, `before_end`, end the run,
 *                 judge the claims and store the verdicts
 *
 * The program has called interrupt_catch before: SIGINT, SIGTERM and SIGHUP end the run between two
 * cycles or inside of one, and a subject that is gone is no SIGPIPE of ours. One run at a time.
 *
 * It prints nothing: who wants to show something is its observer. What a subject does wrong is
 * data and no error. Whatever happens, a cycle that was measured is stored: a run that an error or
 * a signal ends is kept as partial, with the reason as its note, and may be resumed.
 */
#ifndef RUNNER_RUNNER_H
#define RUNNER_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "cycle/cycle.h"
#include "results/results.h"
#include "scenario/scenario.h"

struct runner_options;

/* Who is told what happens, between cycles and never inside of one. Each member may be NULL; zero
 * is nobody. What is pointed to is valid during the call. */
struct runner_observer {
    void *context;

    /* The subjects are open. planned: items of the plan */
    void (*began)(void *context, const struct scenario *scenario, int64_t run, size_t planned);

    /* A cycle is stored. done: items of the plan so far, those of earlier sittings included */
    void (*cycle)(void *context, const struct cycle *cycle, size_t done);

    /* The look-th look was judged; decided: the run stops here. */
    void (*looked)(void *context, int look, bool decided);

    /* Nothing more is measured, the subjects are about to be closed. Comes once after `began`. */
    void (*measured)(void *context);

    /* A subject was closed. */
    void (*closed)(void *context, size_t arm, const struct cycle_arm_end *end);

    /*
     * Nothing is measured any more, and the run has not ended yet: what else belongs to it? Only
     * where all went well. May put findings of the run into the store (cycle -1).
     *
     * code    : 0; an exit code that the run shall have unless its claims give it a graver one
     * returns : 0, or -1: the run is kept as partial
     */
    int (*before_end)(void *context, const struct runner_options *options, struct results *store,
                      int *code, struct err *err);
};

/* What to run and how. All borrowed for the call. */
struct runner_options {
    const struct scenario *scenario;
    const char *results; /* see runner_settle_results: subjects are told absolute paths */
    const char *path;    /* of the scenario's file, for the store */
    const char *command; /* argv in one line, likewise */
    uint64_t seed;
    /* a partial run to go on with, made from this scenario and seed; 0: a new one */
    int64_t resume;
    bool locks; /* look who holds locks while agents are started, see cycle/locks.h */
    struct runner_observer observer;

    /* May the run stop at this look? NULL: when every claim of the scenario is decided. */
    int (*decide)(void *context, struct results *store, int64_t run, bool *decided,
                  struct err *err);
    void *decide_context;
};

/* What came of it. Plain value. */
struct runner_outcome {
    int64_t run;         /* 0: none was begun */
    int code;            /* exit code: the graver one of the verdicts' (verdict_exit_code) and of
                    before_end's; says nothing when runner_go failed */
    char could_not[512]; /* arms of which nothing became ready, see struct verdict; or "" */
};

/*
 * runner_go - run, audit, store and judge one scenario
 *
 * out    : filled whatever is returned
 * errors : ERR_UNFIT a subject does not start, the results store cannot be used, another plan than
 *          the one the resumed run declared, another process measures that run; ERR_USAGE it is
 *          complete; ERR_SYSTEM; ERR_INTERRUPTED; those of the observer. Subjects are closed then,
 *          too
 */
int runner_go(struct runner_outcome *out, const struct runner_options *options, struct err *err);

/* runner_settle_results - the results folder (NULL: "results"), made where it is missing, as an
 * absolute path; the caller frees it. errors: ERR_SYSTEM, *absolute is NULL then */
int runner_settle_results(const char *given, char **absolute, struct err *err);

#endif
