/* faults - what becomes of a spawner and its records when something fails for real?
 *
 * Normal use: faults_run for each arm and fault of the catalogue; each trial starts the subject in
 * a fresh folder and walks
 *
 *     healthy batches | fault in one batch | audit | restart | audit | healthy batch | close, audit
 *
 * Of what was in flight either outcome is right, but one and the same from then on. A fault that
 * did not strike proves nothing: its row is invalid, never passed. soak.h does the same for hours.
 */
#ifndef PROOF_FAULTS_FAULTS_H
#define PROOF_FAULTS_FAULTS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/audit.h"
#include "base/err.h"
#include "cycle/cycle.h"
#include "proof/faults/page.h"
#include "scenario/scenario.h"

/* By what means a fault is made; see inject.c. */
enum fault_means {
    FAULT_KILL_AT_MOMENT, /* SIGKILL to the subject, at `moment` */
    FAULT_KILL_AT_RANDOM,
    FAULT_KILL_AGENT,       /* `moment`: CYCLE_SPAWNING before it is ready, CYCLE_SPAWNED after */
    FAULT_PROGRAM,          /* an agent that cannot be started: `error` is what exec says */
    FAULT_HANG,             /* an agent that never becomes ready */
    FAULT_FEW_DESCRIPTORS,  /* RLIMIT_NOFILE */
    FAULT_FEW_PROCESSES,    /* RLIMIT_NPROC, for root a pids cgroup */
    FAULT_EXEC_HANGS,       /* an agent whose exec does not return */
    FAULT_STRAGGLER,        /* an agent that leaves a daemon */
    FAULT_STRAGGLER_KILLED, /* SIGKILL to the subject while an agent has a child of its own */
    FAULT_BUSY,      /* another process holds the database's write lock for a part of a second */
    FAULT_LOCKED,    /* likewise from `moment` on, until the batch has been answered */
    FAULT_FULL_DISK, /* the database lies on a tmpfs, which is full */
    FAULT_READ_ONLY, /* the database's folder is read-only when the subject starts */
    FAULT_CALL,      /* `page`, by the shim in the subject */
    FAULT_POWER      /* the database lies on a file system that loses what was not synced */
};

/* One row of the catalogue. */
struct fault {
    const char *name; /* as scenarios and --fault write it */
    const char *how;  /* how it is done, for real */
    const char *due;  /* what a sound spawner does */
    enum fault_means means;
    enum cycle_moment moment;
    int error;
    struct shim_fault page;
    bool walks; /* tried at several places of the batch */
};

/* faults_catalogue - SCENARIO_FAULTS rows, in the order of scenario_fault_names */
extern const struct fault faults_catalogue[];

/* How trials are made. All borrowed. */
struct faults_options {
    const struct scenario *scenario;
    const char *folder; /* exists; trials make folders in it, and remove those of sound ones */
    /* how a subject is told to load the shim, NULL: only {reference} by --vfs-extension */
    const char *shim_option;
    uint64_t seed;
    int times;         /* places in the batch at which a fault that walks is tried */
    bool names_strict; /* power loss: a name is durable with a sync only, see struct faults_row */
};

/* What one fault came to in one arm. Plain value. */
struct faults_row {
    const struct fault *fault;
    int tried, struck;    /* 0 with findings: the arm broke a rule before anything was done to it */
    char skipped[160];    /* why it was not tried, or "" */
    char answers[96];     /* what the struck batches came to: "failed, killed" */
    int64_t acknowledged; /* agents, in all trials */
    int64_t indeterminate; /* agents that were in flight */
    int64_t present_after; /* of them: done, as it turned out */
    int audits;
    /* power loss: how often, acknowledged agents that were not there afterwards, in all and at one
     * cut; whether names were durable at once (ordered) or with a sync of their file or folder */
    int cuts;
    int64_t lost, lost_worst;
    bool names_strict;
    size_t findings;
    uint64_t rules;                /* that were broken, bit i: audit_rules[i] */
    const struct audit_rule *rule; /* of the first of them, of integrity if there is one; NULL */
    char first_finding[320];       /* its words, and how to meet it again */
    int unchecked;                 /* rules without an answer about what was left */
    char not_checked[512];         /* the first of them, and why; or "" */
    char kept[256];                /* folder with what the first broken trial left, or "" */
};

/*
 * faults_run - one fault, all its trials, in one arm
 *
 * errors : ERR_UNFIT the arm does not start or gets no batch ready without any fault; ERR_SYSTEM;
 *          ERR_INTERRUPTED. Nothing is left running or mounted then either
 */
int faults_run(struct faults_row *out, const struct faults_options *options, size_t arm,
               const struct fault *fault, struct err *err);

/* What a row, or all of them, prove; the gravest last. */
enum faults_verdict { FAULTS_INTACT, FAULTS_INVALID, FAULTS_MISCONDUCT, FAULTS_BROKEN };

/* faults_judge - broken: a finding of integrity; misconduct: findings of conduct only; invalid:
 * tried, and it did not strike each time, or not all could be checked; a row that was skipped is
 * intact, but shows that it was */
enum faults_verdict faults_judge(const struct faults_row *row);

/* faults_verdict_name - "intact", "invalid", "misconduct", "broken" */
const char *faults_verdict_name(enum faults_verdict verdict);

/* faults_exit_code - 0, 5, 4, 4: of every command that makes faults */
int faults_exit_code(enum faults_verdict verdict);

/* faults_row_json - a row as in the document spawnbench.proof.faults.v1 */
cJSON *faults_row_json(const struct faults_row *row);

#endif
