/* faults_internal - what the files of faults/ share; nobody else includes it. */
#ifndef PROOF_FAULTS_FAULTS_INTERNAL_H
#define PROOF_FAULTS_FAULTS_INTERNAL_H

#include <sys/resource.h>

#include "audit/audit.h"
#include "base/process.h"
#include "proof/faults/faults.h"
#include "proof/faults/space.h"
#include "runner/audits.h"

#define FAULT_SHIM         "spawnbench-faultvfs.so"
#define FAULT_DEADLINE     (500 * CLOCK_NS_PER_MS) /* least one of a batch that will not meet it */
#define FAULT_MOST_STALLED 8

/* One fault in one batch, while it is made and afterwards. Zero: none. */
struct injection {
    const struct fault *fault;
    double share; /* 0 .. 1: where in the batch, how long, how few: what a fault makes of it */
    int kept;     /* enum power_kept */
    uint64_t seed;
    uint64_t nth, calls; /* the power is lost before the nth of so many calls; 0: at a time */
    bool struck;
    char how[96]; /* what was done, exactly */

    pid_t subject;
    int64_t at_ns;                   /* when it is to happen, or to end */
    struct process holder;           /* of the write lock */
    bool locked[2];                  /* it held the lock when "spawned", "finished" was answered */
    int stall_fd;                    /* a fanotify group; 0: none */
    int stalled[FAULT_MOST_STALLED]; /* descriptors of execs that wait for our answer */
    int stalled_count;
    char *straggler;         /* file that its straggler holds a lock of, own */
    char *group;             /* folder of the cgroup, own */
    struct rlimit processes; /* the subject's, before they were limited */
    bool processes_limited;
    char *program; /* a file that was made, own */
    char *marker;  /* a file that must not come to be, own */
    struct scenario_agent stand_in;
    char **command; /* of the stand-in; own */
};

/* A file system of ours, spawnbench-powerfs, that loses on command what was not synced. Zero:
 * none. */
struct power {
    struct process daemon;
    char *folder; /* where it is mounted, own */
    bool refused; /* it may not be mounted here */
    bool armed, off;
};

/* Where the database of a session lies. */
enum session_disk {
    SESSION_PLAIN,
    SESSION_SMALL, /* a tmpfs that can be filled */
    SESSION_POWER  /* struct power */
};

/* One arm with a subject, followed by an audit, that faults are put into. */
struct session {
    const struct faults_options *asked;
    size_t arm;
    struct scenario scenario; /* borrowed insides; only the deadline is changed */
    char *folder, *store_folder, *page_path, *metrics;
    char *variable, *shim;
    const char *environment[2], *arguments[3];
    bool arm_chosen[SCENARIO_MOST_ARMS];
    struct page *page;
    bool has_shim, mounted;
    struct power power;
    int64_t spawned_ns; /* of whole_ns, until "spawned" */
    struct cycle_meddler meddler;
    struct cycle_subjects *run;
    struct runner_audits audits; /* no watch: it keeps no store */
    struct cycle cycle;          /* the last one */
    size_t next;                 /* batch */
    uint64_t calls[SHIM_CALLS];  /* of the last healthy batch */
    int64_t whole_ns;            /* it took, from spawn to finished */
    struct injection injection;
    bool budgeted; /* full audits come as the schedule allows; else each is full */
    int audited;   /* times */
    int64_t acknowledged, undecided, present, lost;
    int unchecked;         /* rules that the look at its end left open */
    char not_checked[512]; /* the first of them, and why; or "" */
};

/* ---- session.c ---- */

/* session_open - start the arm in a folder of its own, which is made
 *
 * disk   : where its database lies
 * errors : ERR_UNFIT, ERR_SYSTEM, ERR_INTERRUPTED; *out is to be closed then too */
int session_open(struct session *out, const struct faults_options *asked, size_t arm,
                 const char *folder, enum session_disk disk, struct err *err);

/* session_cycle - one batch with the fault of session->injection (none: a healthy one), audited */
int session_cycle(struct session *session, struct audit_findings *findings, struct err *err);

/* session_strike - the same for any fault, also those around opening and closing */
int session_strike(struct session *session, struct audit_findings *findings, struct err *err);

/* session_restart - close what still runs, open it again, settle what was open; a subject that does
 * not open is a finding, and returns 1 */
int session_restart(struct session *session, struct audit_findings *findings, struct err *err);

/* session_end - close the subject and audit its file as it was left */
void session_end(struct session *session, struct audit_findings *findings);

/* session_close - give everything back, what it still runs and what is mounted included. Files
 * stay. */
void session_close(struct session *session);

/* session_can - why this fault cannot be made in this arm, or NULL */
const char *session_can(const struct faults_options *asked, size_t arm, const struct fault *fault);

/* session_is_healthy - the last cycle is whole, and all its agents became ready */
bool session_is_healthy(const struct session *session);

/* ---- inject.c ---- */

/* inject_meddle - the run's meddler; context: the session */
int64_t inject_meddle(void *context, enum cycle_moment moment, pid_t subject, struct cycle *cycle);

/* inject_release - give back what an injection holds; its findings are to be had before */
void inject_release(struct injection *injection);

/* inject_check - has what was put into the batch been told as it must be? */
void inject_check(const struct session *session, struct audit_findings *findings);

/* ---- fault_trial.c ---- */

/* fault_begin - healthy batches; what is found then is no fault's doing, and counts all the same
 * fault_recover - restart, and a healthy batch; fault_heal - that batch alone
 * fault_add - what a session came to, into its row; how: the fault was made
 * errors : ERR_UNFIT it does not even work without a fault; ERR_INTERRUPTED */
int fault_begin(struct session *session, struct audit_findings *findings, struct err *err);
int fault_heal(struct session *session, struct audit_findings *findings, struct err *err);
int fault_recover(struct session *session, struct audit_findings *findings, struct err *err);
void fault_add(struct faults_row *row, const struct session *session,
               const struct audit_findings *findings, const char *how);
void fault_note_answer(struct faults_row *row, const char *word);

/* ---- power_trial.c ---- */

/* power_trial - the power is cut `times` times under one subject, which is started anew each time;
 * ends at the first finding
 *
 * power_strike - when the moment has come: the subject and all below it are killed, and its disk
 *                loses what was not synced. As inject_meddle
 * errors       : those of session_open and session_cycle */
int power_trial(struct faults_row *row, const struct faults_options *options, size_t arm,
                const struct fault *fault, struct err *err);
int64_t power_strike(struct session *session, enum cycle_moment moment, pid_t subject,
                     struct cycle *cycle);

/* ---- power.c ---- */

/* What of all that was not synced is kept; as spawnbench-powerfs calls it. */
enum power_kept { POWER_NOTHING, POWER_ALL, POWER_PART, POWER_KEPTS };

extern const char *const power_kept_names[POWER_KEPTS];

const char *power_can(void); /* why not, or NULL */

/* power_begin - mount one on this folder; its complaints go to the file log. errors: ERR_SYSTEM
 * power_cut   - nothing can be read or written from now on; what was not synced is kept as said.
 *               false: it does not answer
 * power_cut_at - the same just before the nth call that changes or syncs something; whoever makes
 *               it waits until power_release, which is to come when he has been killed
 * power_struck - that has happened; power_disarm: it is not to happen any more
 * power_calls - such calls since this was asked last
 * power_on    - what is left of it can be used
 * power_end   - unmount it; accepts zero */
int power_begin(struct power *out, const char *folder, bool names_strict, const char *log,
                struct err *err);
bool power_cut(struct power *power, enum power_kept kept, uint64_t seed);
bool power_cut_at(struct power *power, uint64_t nth, enum power_kept kept, uint64_t seed);
bool power_struck(struct power *power);
void power_disarm(struct power *power);
bool power_release(struct power *power);
uint64_t power_calls(struct power *power);
bool power_on(struct power *power);
void power_end(struct power *power);

/* ---- agents.c, limit.c, hold.c, stall.c, straggle.c: how single faults are made ---- */

/* agent_find - process of the agent with this id among the subject's descendants; 0: none. Told by
 * its environment, never by what a subject says. */
pid_t agent_find(pid_t subject, const char *id);

/* agents_kill - SIGKILL to the subject, then to all processes below it; false: it was gone */
bool agents_kill(pid_t subject);

/* limit_files, limit_processes - as many more as `spare` from now on; limit_end lifts it */
bool limit_files(struct injection *injection, int spare);
bool limit_processes(struct injection *injection, int spare);
void limit_end(struct injection *injection);
const char *limit_processes_can(void); /* why not, or NULL */

/* hold_begin - take the write lock of a database in another process; false: it could not be had */
bool hold_begin(struct injection *injection, const char *database);
bool hold_goes_on(struct injection *injection);
void hold_end(struct injection *injection);

/* stall_begin - let every exec of this file wait; false: it cannot be done
 * stall_seen  - does one wait by now?
 * stall_end   - refuse those that wait and let the others be */
const char *stall_can(bool reference); /* why not, or NULL */
bool stall_begin(struct injection *injection, const char *program);
bool stall_seen(struct injection *injection);
void stall_end(struct injection *injection);

/* straggle_command - the same command with a straggler: a daemon, or a child in its own session
 * straggle_runs    - was one started, and does it run? As long as it does, wait until then
 * straggle_end     - it runs no longer */
char **straggle_command(struct injection *injection, const char *folder, size_t number,
                        char *const command[], bool daemon);
bool straggle_was_started(const struct injection *injection);
bool straggle_runs(const struct injection *injection, int64_t until_ns);
void straggle_end(struct injection *injection);

#endif
