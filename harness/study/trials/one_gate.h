/* one_gate - one `spawnbench gate`, as a program, in a folder of its own. */
#ifndef STUDY_TRIALS_ONE_GATE_H
#define STUDY_TRIALS_ONE_GATE_H

#include "study/trials/real.h"

/* How one gate is asked. Strings are borrowed. */
struct ask {
    const char *program; /* spawnbench */
    const char *folder;  /* one is made in here, and removed */
    const struct real_kind *kind;
    int64_t init_ns, planted_ns;
    int most_pairs;
    uint64_t seed;
};

/* What is said of the baseline, for the spawn time before anything is planted. */
struct asked {
    struct real_gate gate;
    int64_t baseline_ns, candidate_ns; /* the statistic of each; 0: none */
};

/*
 * ask_gate - run it, and wait for it
 *
 * errors : ERR_UNFIT with its reason: it could not compare, or ended otherwise than a gate ends;
 *          ERR_SYSTEM
 */
int ask_gate(struct asked *out, const struct ask *ask, struct err *err);

#endif
