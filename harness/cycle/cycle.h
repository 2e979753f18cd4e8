/* cycle - drives one planned cycle of one arm and writes down what happened: raw, in nanoseconds.
 *
 * Normal use: cycle_open (starts a subject per arm), cycle_spawn and cycle_finish for each plan
 * item, cycle_stop, cycle_close. What a subject does wrong is data in struct cycle, never an error
 * of ours.
 */
#ifndef CYCLE_CYCLE_H
#define CYCLE_CYCLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "cycle/locks.h"
#include "cycle/subject.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"

enum cycle_outcome { CYCLE_READY, CYCLE_FAILED, CYCLE_CANCELLED, CYCLE_TIMED_OUT, CYCLE_UNKNOWN };

/* Who else than its spawner attests an agent's start. */
enum cycle_witness {
    CYCLE_WITNESS_UNKNOWN,
    CYCLE_WITNESS_SELF,     /* it told itself that it is ready, and what it answered */
    CYCLE_WITNESS_LAUNCHER, /* spawnbench-witness did, and became it: the start, not the content */
    CYCLE_WITNESS_NONE
};

/* Of what an agent's CPU time and peak memory were taken. */
enum cycle_costs { CYCLE_COSTS_UNKNOWN, CYCLE_COSTS_TREE, CYCLE_COSTS_PROCESS };

/* What /proc attests of an agent that was called ready: attest.c. Bits. */
enum cycle_attest {
    CYCLE_ATTEST_EXISTS = 1, /* its process was there when it was looked at, or when it connected */
    CYCLE_ATTEST_OWN = 2,    /* it is no other agent's, nor the subject */
    CYCLE_ATTEST_BELONGS = 4, /* it descends from the subject */
    CYCLE_ATTEST_WITNESS = 8, /* who connected is this process, or descends from it */
    CYCLE_ATTEST_BEGAN = 16,  /* after the request */
    CYCLE_ATTEST_PROGRAM = 32 /* it is the program asked for, or a wrapper of it */
};

#define CYCLE_ATTESTS 6

/* Zero: nothing was checked. Plain value. */
struct cycle_attested {
    unsigned made, failed; /* checks; the first that failed ends them */
    char text[192];        /* what is wrong, else why a check was not made; "" */
};

/* One agent of one cycle: what the subject said of it and what it said itself.
 * 0 ns means not told. */
struct cycle_agent {
    char id[32];                        /* BATCH.ORDINAL */
    const struct scenario_agent *asked; /* of the scenario, or `filled` */
    char *home;                    /* its folder of this cycle; owned; NULL: it asks for none */
    struct scenario_agent *filled; /* what is asked with {home} filled in; owned, or NULL */
    bool answered;                 /* the subject's answer names it */
    enum cycle_outcome outcome;
    pid_t pid;                               /* 0: none told */
    int64_t start_ns, ready_ns, recorded_ns; /* the subject's words */
    /* the agent's own words, and spawnbench-witness's: how many there were, and the first */
    int ready_messages, exec_messages, done_messages;
    int64_t main_ns, own_ready_ns;
    pid_t done_pid; /* who said "done", by the kernel's word */
    /* When it was heard, if at all: its start only after "spawned" had been read, its end before
     * "finish" was sent, or only after "finished" had been read */
    bool late_start, early_end, late_end;
    int done_status;
    int64_t output_bytes;         /* what it printed on stdout after it was ready; -1: not told */
    char output_sha256[65];       /* of that; "" */
    int exit_status, exit_signal; /* from "finished"; -1 and 0 when not told */
    bool finished;
    /* CPU time of its process and all below it when the answer came; -1: not known: it had ended,
     * or no process of the subject has the pid it told */
    int64_t cpu_ns;
    int64_t peak_bytes; /* their peak resident sets until then; -1: not known, some had ended */
    enum cycle_costs costs_of; /* PROCESS: some of its tree cannot be told from that of others, both
                                  are -1 */
    enum cycle_witness witness;
    pid_t witness_pid; /* who connected, by the kernel's word; 0: nobody */
    struct cycle_attested attested;
    char *error;     /* owned; NULL when none */
    char *last_seen; /* what it did when it was late, by /proc; owned; NULL: it was not */
};

/* What the machine did to us since the cycle before, warm-ups included; strain.c reads the counters
 * once per cycle, outside the measured time. -1: this machine does not tell. Plain value. */
struct cycle_strain {
    int64_t steal_ticks, total_ticks; /* /proc/stat, 1/100 s over all CPUs: steal of total */
    int64_t pressure_us;              /* /proc/pressure/cpu "some": time in which tasks waited */
    int64_t throttled;                /* periods in which our cgroup's quota was used up */
    int64_t suspended_ns;             /* the machine slept: boot time less monotonic time */
    int64_t span_ns;                  /* in so long, from reading to reading: shares are of it */
};

/* How the exchange with the subject went. */
enum cycle_break {
    CYCLE_WHOLE,
    CYCLE_BROKE_SPAWN,
    CYCLE_BROKE_FINISH,
    CYCLE_BROKE_DOWN /* no subject */
};

/* What somebody did to a cycle on purpose (see struct cycle_meddler): what is right then,
 * is not what is right otherwise. */
enum cycle_harm {
    CYCLE_UNHARMED,
    CYCLE_HURT,  /* something it needs was refused: it may refuse too, and must lose nothing */
    CYCLE_KILLED /* the subject was killed: of what it had not told yet, either outcome is right */
};

/* One cycle. Reused from cycle to cycle; cycle_release at the end. */
struct cycle {
    size_t index; /* in the plan; also the batch number */
    struct plan_item item;
    struct cycle_agent *agents;
    size_t agent_count;
    enum cycle_break broke;
    enum subject_answer answer; /* what broke it */
    char *trouble;              /* its sentence; owned, NULL when whole */
    enum cycle_harm harm;
    bool starts_nothing; /* says its subject: no process and no witness is asked for */
    /* READY: every agent ready and recorded; else the worst of its agents */
    enum cycle_outcome outcome;
    int64_t sent_ns, answered_ns; /* our clock around "spawn": the envelope */
    int64_t begin_ns, end_ns;     /* the subject's own words */
    char clock_doubt[192]; /* which of its times are of another clock or unit, and why; "": none */
    int64_t spawn_time_ns; /* answered - sent; -1 when not every agent became ready */
    int64_t ready_time_ns; /* last ready_ns - sent; -1 likewise, and of another clock */
    int64_t finish_sent_ns, finished_ns;
    char consensus[16]; /* "agreed", "split" or "" */
    /* the subject starts nothing, or the batch is too large for the queue of witnesses: nothing is
     * asked of them */
    bool unwitnessed;
    int witness_strays;  /* messages of agents that are not of this cycle, or of nobody */
    char stray[64];      /* one of them */
    int answer_strays;   /* agents in the answer that nobody asked for, or twice */
    int answer_oddities; /* what else it told that cannot be */
    char oddity[128];    /* the first of them, as a sentence */
    int children_left;   /* processes below the subject after the cycle that are no helpers of it:
                            its children, zombies included, and what helpers have left */
    int zombies_left;
    int orphans;           /* processes of its tree that came to us as subreaper */
    char left_name[32];    /* name of one of them */
    int descriptors;       /* open in it and its helpers then; -1 when /proc does not tell */
    int descriptors_first; /* highest level in this process's first cycles; -1: not yet known */
    int64_t harness_ns; /* our own work in this cycle: messages and parsing, no waiting; 0 when it
                           broke */
    int64_t cost[SCENARIO_METRICS]; /* of metrics that are a cost; -1: not known of the whole tree.
                           CPU_TIME: of all processes of the subject between question and answer, as
                           its cgroup tells it; without one, of those that are there after the
                           answer and, in steps of 10 ms, of what they have waited for.
                           PEAK_MEMORY: peak resident sets added up, of the subject and its helpers
                           since they started and of agents and all below them, pages they share
                           counted for each. Where some of these have ended: what the tree's memory
                           cgroup used at most more than before the question, if that is more; -1
                           without one. DATABASE_SIZE, WAL_SIZE: filled by who audits the store; -1
                           of a cycle after which nobody looked into it */
    struct cycle_strain strain;
    int64_t stopped_ns;   /* within the two exchanges we were stopped (^Z) for so long at most, or
                             the machine slept: no time of this cycle is a sample. -1: not known */
    int64_t strangers_ns; /* CPU time of all processes but ours and our subjects' between question
                             and answer; -1 */
    int witnessed;        /* ready agents whose start somebody else than the spawner attested: what
                             was heard is of a process that was seen to be the agent; -1 */
    int attested;         /* checks of enum cycle_attest that were made of an agent; -1 */
    int contents;         /* ready agents whose output was held against what is known of it; -1 */
    int64_t page_bytes;   /* of that store; -1: not known */
    int unread;           /* 1: its store was to be read and stayed locked; 0; -1: not known */
    int64_t hygiene_ns; /* looking at /proc before and afterwards, also for cost and strain: part of
                           the audit's cost */
    struct locks_seen *locks; /* owned; NULL: not looked at */
};

/* What a closed arm leaves. */
struct cycle_arm_end {
    bool asked; /* it still ran and was asked to close: false when it was down, or after a signal */
    bool clean; /* answered "closed" and exited 0 */
    int restarts;
    int64_t log_cut; /* bytes that were cut out of its log, which grew too long */
    int orphans;     /* processes of its tree that were left, helpers too; ended by us */
    char left_name[32];
    int strays;               /* messages of agents that nobody asked for, since its last cycle */
    char stray[64];           /* one of them */
    struct process_exit exit; /* of the last process, with its rusage */
};

/* What an arm's subject said when it was opened. Plain value. */
struct cycle_arm_opening {
    bool starts;     /* false: it starts nothing, "starts":false in "opened" */
    bool pooled;     /* it hands out agents that began before the request, "pooled":true */
    int64_t open_ns; /* from the start of its first process to "opened"; -1: not known */
};

struct cycle_subjects; /* opaque */

/* When a meddler is asked. Those that end in ING come again and again until the answer is there. */
enum cycle_moment {
    CYCLE_OPENING, /* "open" was sent; cycle is NULL */
    CYCLE_BEFORE_SPAWN,
    CYCLE_SPAWNING, /* "spawn" was sent; witnesses have been heard */
    CYCLE_SPAWNED,  /* its answer has been read, "finish" not been sent */
    CYCLE_FINISHING,
    CYCLE_FINISHED,
    CYCLE_OVER, /* the exchange has ended, in whatever way; what is left is looked at after this */
    CYCLE_CLOSING /* "close" was sent; cycle is NULL */
};

/*
 * Somebody who interferes with a run: harness/proof/faults. Plain value.
 *
 * meddle : may change the cycle: before the spawn its agents' `asked`, at any time its `harm`;
 *          subject: its process, 0 when it is gone; returns for ..ING moments in how many ns it
 *          wants to be asked again, INT64_MAX: not before the next moment
 */
struct cycle_meddler {
    int64_t (*meddle)(void *context, enum cycle_moment moment, pid_t subject, struct cycle *cycle);
    void *context;
};

/* What to run and where. All borrowed until cycle_close. */
struct cycle_options {
    const struct scenario *scenario;
    const char *run_label;               /* "open" passes it on */
    const char *folder;                  /* databases and logs go here; it exists */
    const char *metrics_path;            /* what {metrics} stands for */
    const bool *arm_chosen;              /* per arm */
    const char *store_folder;            /* databases go here instead; NULL: folder */
    const char *const *environment;      /* "KEY=VALUE" for the subjects, ended by NULL; or NULL */
    const char *const *arguments;        /* added to each subject's command likewise; or NULL */
    const struct cycle_meddler *meddler; /* NULL: nobody */
    bool locks;                          /* look who holds locks while agents are started */
    /* with locks: called before each request, to call cycle_watch_locks; NULL: only the store */
    void (*find_locks)(void *context, struct cycle_subjects *run, const struct cycle *cycle);
    void *find_context;
};

/*
 * cycle_open - become subreaper, start and open one subject per arm
 *
 * errors : ERR_UNFIT when one does not start or does not answer "open" (with the tail of its log),
 *          or locks are to be looked at and cannot
 */
int cycle_open(struct cycle_subjects **out, const struct cycle_options *options, struct err *err);

/*
 * cycle_spawn  - the first half of a batch: spawn
 * cycle_finish - the second one: finish, witnesses, hygiene; also after a cycle_spawn that broke
 * cycle_run    - both
 *
 * Whatever is done between the two is in none of the measured times. A subject that broke is ended
 * and started anew for the next cycle, five times in a run at most.
 * errors : ERR_INTERRUPTED; of cycle_spawn also ERR_SYSTEM, no folder for an agent can be made.
 *          After those of cycle_spawn there is nothing to finish
 */
int cycle_spawn(struct cycle_subjects *run, size_t index, const struct plan_item *item,
                struct cycle *out, struct err *err);
int cycle_finish(struct cycle_subjects *run, struct cycle *out, struct err *err);
int cycle_run(struct cycle_subjects *run, size_t index, const struct plan_item *item,
              struct cycle *out, struct err *err);

/* cycle_watch_locks - look at those of these databases too, beside the subject's store, until it is
 * said anew; copied. names: how they are told */
void cycle_watch_locks(struct cycle_subjects *run, char *const paths[], char *const names[],
                       size_t count);

/*
 * cycle_home_of     - where an agent of a cycle is at home: its HOME, as far as it is known
 * cycle_leave_homes - remove the folders that its agents had for themselves; cycle_release and the
 *                     next cycle_spawn do so too
 *
 * run     : NULL: one that adds nothing to our environment
 * returns : borrowed; NULL: nobody tells one
 */
const char *cycle_home_of(const struct cycle_subjects *run, const struct cycle_agent *agent);
void cycle_leave_homes(struct cycle *cycle);

/* cycle_fail - this agent did not do what its 'expect' says: a failed cycle. The first reason of an
 * agent is kept as its error. */
void cycle_fail(struct cycle *cycle, struct cycle_agent *agent, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * cycle_arm_stop  - close the subject of one arm, if it has one; end is filled
 * cycle_arm_start - start it anew and open it
 *
 * Unlike restarts after a breakdown these are not counted.
 * errors : ERR_UNFIT it would not start, with the tail of its log; ERR_INTERRUPTED
 */
void cycle_arm_stop(struct cycle_subjects *run, size_t arm, struct cycle_arm_end *end);
int cycle_arm_start(struct cycle_subjects *run, size_t arm, struct err *err);

/* cycle_subject - process of an arm's subject, 0 when it has none */
pid_t cycle_subject(const struct cycle_subjects *run, size_t arm);

/*
 * cycle_stop - close every subject; ends[arm] is filled (ends may be NULL). cycle_database and
 * cycle_version still answer afterwards.
 */
void cycle_stop(struct cycle_subjects *run, struct cycle_arm_end ends[]);

/* cycle_close - cycle_stop where that has not been done, and give everything back. Accepts NULL. */
void cycle_close(struct cycle_subjects *run);

void cycle_release(struct cycle *cycle);

/* cycle_database - the store of an arm, NULL when it keeps none
 * cycle_version  - what it said of itself in "opened" */
const char *cycle_database(const struct cycle_subjects *run, size_t arm);
const char *cycle_version(const struct cycle_subjects *run, size_t arm);
struct cycle_arm_opening cycle_opening(const struct cycle_subjects *run, size_t arm);

extern const char *const cycle_outcome_names[];
extern const char *const cycle_witness_names[]; /* "", "self", "launcher", "none" */
extern const char *const cycle_costs_names[];   /* "", "tree", "process" */

/*
 * cycle_host_describe - the machine and the settings a run was made with, as a JSON object (text)
 *
 * Versions, SQLite source id, file system of `folder`, kernel, CPU model, cores, governor, load,
 * pressure, steal, limits, CPU quota, fsync cost, clock resolution, git commit. Never values of
 * environment variables. The caller frees it.
 *
 * engine : results_engine()
 */
char *cycle_host_describe(const char *folder, const char *engine);

#endif
