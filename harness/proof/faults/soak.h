/* soak - does it last? Batch after batch through every arm in turn, with random faults from one
 * seed, until time or cycles are over or something is found.
 *
 * Normal use: soak_run. The same scenario, seed and settings give the same sequence of faults and
 * of choices; what the machine makes of their timing is its own. At the first finding it stops and
 * keeps the evidence in one folder, with the command that meets it again.
 */
#ifndef PROOF_FAULTS_SOAK_H
#define PROOF_FAULTS_SOAK_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "base/err.h"
#include "proof/faults/faults.h"

/* What all cycles came to. Plain value. */
struct soak_tally {
    int64_t cycles;                  /* batches, those that were struck included */
    int64_t starts, acknowledged;    /* agents asked for; those called ready */
    int64_t indeterminate, present;  /* in flight when something failed; done, as it turned out */
    int64_t struck[SCENARIO_FAULTS]; /* per kind of fault */
    int64_t missed;                  /* faults that were over before they could strike */
    int64_t restarts, audits, audits_full;
    int64_t lost, duplicated;     /* findings of these rules */
    int64_t zombies, descriptors; /* children not reaped; open beyond what is forgiven */
    int64_t findings;
    int64_t spent_ns;
    char first_finding[320];
    int64_t unchecked;     /* rules without an answer about what was left */
    char not_checked[512]; /* the first of them, and why; or "" */
    char evidence[256];    /* folder, or "" */
    char again[512];       /* command that meets the finding again, or "" */
};

/* How. All borrowed. */
struct soak_options {
    const struct scenario *scenario;
    const char *folder;      /* exists, empty: to work in */
    const char *keep;        /* folder for the evidence, made when it is needed */
    const char *shim_option; /* as in struct faults_options */
    uint64_t seed;
    uint64_t faults; /* which, as in struct scenario */
    int every;       /* one fault in so many batches, on average; the batch after one is healthy */
    int64_t most_cycles, most_ns; /* whichever comes first; 0: no limit */
    void (*each)(void *context, const struct soak_tally *tally); /* after each cycle; or NULL */
    void *context;
};

/*
 * soak_run - until it is over; out is filled whatever happens
 *
 * errors : ERR_UNFIT an arm does not start or work, ERR_SYSTEM, ERR_INTERRUPTED. Nothing is left
 *          running then either
 */
int soak_run(struct soak_tally *out, const struct soak_options *options, struct err *err);

/* soak_json - all but the machine, as in the document spawnbench.proof.soak.v1 */
cJSON *soak_json(const struct soak_tally *tally);

#endif
