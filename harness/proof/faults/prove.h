/* prove - what else shows that a finding would be seen and that the reference store is sound: other
 * programs' proofs, run one by one and kept beside the samples for the report.
 */
#ifndef PROOF_FAULTS_PROVE_H
#define PROOF_FAULTS_PROVE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "results/results.h"

/* Which of them. */
enum prove_which {
    PROVE_CONTROLS, /* the known-bad ones alone, in seconds: with every run of faults */
    PROVE_ALL       /* and the crash walk, a fault at every call, the matrix of damage */
};

/* What one of them came to. Strings are valid during the call. */
struct prove_said {
    const char *name, *command;
    int code; /* 0 it holds, 4 broken, 5 it proves nothing */
    int64_t spent_ns;
    bool kept;         /* in the store */
    char trouble[512]; /* its document cannot be read: why; else "" */
};

/* How. Plain value, borrowed for the call. */
struct prove_how {
    enum prove_which which;
    bool full; /* every state and place, for hours; else what takes a minute or two */
    void (*each)(const struct prove_said *said, void *context); /* after each */
    void *context;
};

/*
 * prove_run - run them, one document of kind RESULTS_PROOF each
 *
 * A proof that fails is kept like one that holds.
 * code    : 0 all hold, 4 a promise is broken, 5 a control did not fail or a program is not there
 * returns : 0, or -1 when a proof could not be kept or a signal came
 * errors  : ERR_UNFIT, ERR_INTERRUPTED
 */
int prove_run(struct results *store, const struct prove_how *how, int *code, struct err *err);

/*
 * prove_keep - one proof as a document of kind RESULTS_PROOF, schema spawnbench.proof.v1
 *
 * name     : "faults", "soak", "walk", ...: the newest of a name is in the report
 * command  : for a reader who wants to see it again
 * document : what the proof says, taken
 * errors   : ERR_UNFIT
 */
int prove_keep(struct results *store, const char *name, const char *command, int code,
               int64_t spent_ns, cJSON *document, struct err *err);

#endif
