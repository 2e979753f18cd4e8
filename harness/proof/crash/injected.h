/* injected - the reference store with an error injected at each call in turn, and what became of
 * it.
 *
 * For every kind of call, every kind of error, once and for good, and every number n: the n-th call
 * fails while the store does a fixed piece of work. Calls of the disk (shim.h), requests for memory
 * (memory.h), and a real disk with n pages left (proof/faults/space.h). It may refuse as much as it
 * likes, but what it has acknowledged must be there, what it has refused must not, a failed commit
 * none or whole; also when the process is killed at some call of that run. Then the fault ends: the
 * store must open again and do a healthy batch.
 *
 * Control: a disk that says it has written and has not must be found out.
 */
#ifndef PROOF_CRASH_INJECTED_H
#define PROOF_CRASH_INJECTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "proof/crash/shim.h"

/* Who says no. */
enum injected_source {
    INJECTED_DISK,   /* the shim, at the n-th call of this kind */
    INJECTED_MEMORY, /* the allocator, at the n-th request */
    INJECTED_SPACE   /* the kernel, when n pages are written */
};

/* One kind of fault. */
struct injected_kind {
    const char *name;
    enum injected_source source;
    enum shim_call call; /* of INJECTED_DISK, as how and code */
    enum shim_how how;
    int code;
    bool control; /* no store can survive it: it must be found */
};

/* injected_kinds - all of them, ended by a name of NULL */
extern const struct injected_kind injected_kinds[];

/* How the store works. */
struct injected_mode {
    const char *name;
    bool each, full;
    int checkpoint_pages; /* 0: never */
};

/* injected_modes - all of them, ended by a name of NULL */
extern const struct injected_mode injected_modes[];

/* What all runs of one kind of fault came to. Plain value. */
struct injected_tally {
    size_t calls;   /* chances to fail that the work gives: calls, requests, pages */
    size_t runs;    /* each with a fault that struck */
    size_t silent;  /* no call of the store told of it (it had no effect, or a retry helped) */
    size_t refused; /* transactions answered with an error, the commit not tried */
    size_t unknown; /* transactions whose commit failed */
    size_t present; /* agents further than what was acknowledged, though the commit failed */
    size_t killed;  /* states after a process kill in these runs, audited */
    size_t bad;     /* audits with a finding */
    char why[240];  /* the first of them, and how to meet it again */
};

/*
 * injected_run - one kind of fault in one mode, at every call
 *
 * folder : exists; for the store
 * most   : at most so many n, spread evenly; 0: all
 * seed   : of SQLite's random numbers and of the kills
 * errors : ERR_SYSTEM the work fails even without a fault; ERR_UNFIT this kind of fault cannot be
 *          made here (no right to mount, SQLite in use before memory_install)
 */
int injected_run(struct injected_tally *out, const struct injected_kind *kind,
                 const struct injected_mode *mode, const char *folder, size_t most, uint64_t seed,
                 struct err *err);

/* injected_source_name - "disk", "memory", "space" */
const char *injected_source_name(enum injected_source source);

/*
 * injected_table - all kinds in all modes, on stdout: a table, or with `json` one document
 * "spawnbench.faults-by-call.v1"
 *
 * only    : only kinds whose name begins so; NULL: all
 * returns : the exit code: 0, 4 a promise was broken, 5 the control was not found out or the work
 *           fails without a fault. What cannot be made here is skipped, visibly
 */
int injected_table(const char *folder, const char *only, size_t most, uint64_t seed, bool json);

#endif
