/* walk - every crash state of a recorded run, tried one by one, and what became of them.
 *
 * For each mutating call k: killed before it, killed inside it, and power lost before it in the
 * families of states.h. A state that was seen before is not opened again, but held against the
 * promises of this k all the same: the same bytes may be right early and a loss later.
 */
#ifndef PROOF_CRASH_WALK_H
#define PROOF_CRASH_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "proof/crash/prefix_check.h"
#include "proof/crash/states.h"
#include "proof/crash/workload.h"

#define WALK_EVERYWHERE SIZE_MAX

/* How much to try at each call. */
struct walk_effort {
    size_t most;  /* prefixes, drops, keeps: at most so many of each, spread evenly; 0: all */
    size_t draws; /* random subsets, and as many torn ones */
};

enum walk_side { WALK_KILL, WALK_POWER, WALK_SIDES };

/* Distinct states after a process kill or a power loss. What adds up: states = whole ones (with or
 * without losses) + partial + corrupt. */
struct walk_count {
    size_t states, corrupt, partial;
    size_t losing; /* lack transactions that were acknowledged at some k with this state */
    int worst;     /* how many, at most */
};

/* The first state that breaks its workload's bar or, in a control, any first bad one. */
struct walk_finding {
    bool found;
    size_t call, index;
    enum states_family family;
    int lost; /* transactions */
    char why[160];
};

/* What a walk came to. Plain value. */
struct walk_tally {
    size_t calls, syncs, transactions; /* of the run; all its calls are walked */
    size_t tried;                      /* states built, again and again the same included */
    size_t distinct;                   /* ... different ones: opened and checked */
    struct walk_count side[WALK_SIDES];
    struct walk_finding finding;
};

enum walk_verdict {
    WALK_AS_IT_MUST, /* sound, or a control that failed as it must */
    WALK_BROKEN,     /* a promise was not kept */
    WALK_BLIND       /* a control did not fail: the walk has proven nothing */
};

/*
 * walk_run - try all states of this run
 *
 * at      : only this call; WALK_EVERYWHERE: all
 * keep    : directory for the files of the finding, as they were before SQLite opened them; NULL
 * errors  : ERR_SYSTEM (memory VFS refused, keep cannot be written)
 */
int walk_run(struct walk_tally *out, const struct workload *workload,
             const struct workload_run *run, const struct walk_effort *effort, uint64_t seed,
             size_t at, const char *keep, struct err *err);

/* walk_judge - the tally held against its workload's bar */
enum walk_verdict walk_judge(const struct walk_tally *tally, enum workload_bar bar);

#endif
