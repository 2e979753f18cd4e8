/* fault_trials - the faults of a scenario through all its arms, row by row: for `spawnbench
 * faults`, and for `spawnbench run` of a scenario that asks for them.
 */
#ifndef PROOF_FAULTS_FAULT_TRIALS_H
#define PROOF_FAULTS_FAULT_TRIALS_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "base/err.h"
#include "proof/faults/faults.h"

/* How. Borrowed for the call. */
struct trials_how {
    const struct scenario *scenario;
    const char *results; /* absolute; trials run in folders of their own in it */
    uint64_t faults;     /* which, as in struct scenario */
    uint64_t seed;
    int times;
    bool names_strict;       /* as in struct faults_options */
    const char *shim_option; /* NULL: only {reference} loads the shim */
    /* this one is about to be tried, or, NULL, it is over; may be NULL */
    void (*trying)(const struct scenario *scenario, size_t arm, const struct fault *fault);
    /* after each row; may be NULL. Nonzero ends it with that */
    int (*each)(void *context, size_t arm, const struct faults_row *row, struct err *err);
    void *context;
};

/*
 * trials_run - all of them
 *
 * document : spawnbench.proof.faults.v1, whole only when 0 is returned; the caller deletes it. Its
 *            "detectors" are "not proven" until the caller has proven them (prove.h)
 * verdict  : the gravest of the rows; FAULTS_INVALID where every row was skipped
 * errors   : those of faults_run
 */
int trials_run(const struct trials_how *how, cJSON **document, enum faults_verdict *verdict,
               struct err *err);

#endif
