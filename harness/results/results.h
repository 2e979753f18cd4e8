/* results - results/spawnbench.sqlite: every sample and finding, append-only, one transaction per
 * cycle.
 *
 * Writing: results_open, results_run_begin, per cycle results_cycle_begin .. results_cycle_commit,
 * results_run_end. Reading: results_open, results_run_load, results_series_load /
 * results_each_cycle / ..., results_close. A run is "partial" from its first row until
 * results_run_end; a killed run stays so and can be resumed.
 */
#ifndef RESULTS_RESULTS_H
#define RESULTS_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "cycle/cycle.h"
#include "scenario/scenario.h"

struct results; /* opaque */

/* For what a store is opened. */
enum results_mode {
    RESULTS_READ,  /* nothing is changed: what an older schema does not hold reads as not known */
    RESULTS_MAKE,  /* to write; made where it is missing */
    RESULTS_WRITE, /* to write what must be there already */
};

/*
 * results_open - open the results store; results_open_in: that of a results folder
 *
 * A store of an older schema is brought to the present one by who writes.
 * errors : ERR_UNFIT (missing, full disk, not ours, newer schema), naming path and remedy
 */
int results_open(struct results **out, const char *path, enum results_mode mode, struct err *err);
int results_open_in(struct results **out, const char *results, enum results_mode mode,
                    struct err *err);
void results_close(struct results *store);

/* results_path - where the store of a results folder lies, which is what results_open_in opens; the
 * caller frees it */
char *results_path(const char *results);

/*
 * results_option - what a suggested command must be given to find this store: " --results 'some
 * where'", as sh reads it; "" for the folder that commands use by themselves
 * results_option_in - the same of a results folder, NULL: the usual one
 *
 * returns : out; "" for a path that has no room in it
 */
#define RESULTS_OPTION_BYTES 1024
const char *results_option(char out[RESULTS_OPTION_BYTES], const struct results *store);
const char *results_option_in(char out[RESULTS_OPTION_BYTES], const char *results);

/* results_engine - the SQLite that is used: "3.40.1 2022-12-28 ..."; static memory */
const char *results_engine(void);

/* results_engine_has_wal_reset_race - it can corrupt a WAL database when one connection checkpoints
 * while another commits; a distribution's own back-port cannot be seen.
 * source : https://sqlite.org/wal.html#walresetbug: 3.7.0 to 3.51.2, but not 3.50.7 and 3.44.6 */
bool results_engine_has_wal_reset_race(void);

/* A run as stored. Strings are owned: results_run_release. */
struct results_run {
    int64_t id;
    /* scenario_text: as it was after --cycles etc. */
    char *scenario_name, *scenario_path, *scenario_text;
    char *options_json;     /* {"cycles":..,"arms":[..]}: what the command line changed, or "{}" */
    char *environment_json; /* cycle_host_describe */
    char *command;          /* argv, joined by blanks */
    char *version;          /* of spawnbench */
    char *state;            /* "partial" or "complete" */
    char *note;             /* why it ended early, or "" */
    uint64_t seed;
    int64_t started_wall_ns, ended_wall_ns; /* ended 0 while it runs, and after a kill */
    int sittings;
    size_t planned; /* plan items */
    size_t cycles;  /* stored cycles, warm-ups included */
};

int results_run_begin(struct results *store, struct results_run *run,
                      struct err *err); /* sets run->id */
int results_run_resume(struct results *store, int64_t run, int *sitting, struct err *err);
int results_run_end(struct results *store, int64_t run, bool complete, const char *note,
                    struct err *err);

/* results_arm_put - one arm of a run: what was started and what it said of itself (upsert) */
struct results_arm {
    int index;
    char name[65];
    char *command; /* owned by whoever fills it; of a stored one valid during the call */
    char *version;
    bool records, clean;
    int restarts;
    /* of the subject's last process and of the agents it reaped, see wait4(2) */
    int64_t user_us, system_us, peak_memory_kb;
    bool starts;     /* false: it said that it starts nothing */
    bool pooled;     /* it said that its agents began before they were asked for */
    int64_t open_ns; /* see struct cycle_arm_opening; -1: not known */
    int64_t log_cut; /* bytes that were cut out of its log */
};
int results_arm_put(struct results *store, int64_t run, const struct results_arm *arm,
                    struct err *err);

/* One cycle with its agents and findings is one transaction. */
int results_cycle_begin(struct results *store, int64_t run, const struct cycle *cycle, int sitting,
                        int64_t audit_ns, struct err *err);
int results_finding_put(struct results *store, int64_t run,
                        int64_t cycle_index /* -1: of the run */, int arm, const char *rule,
                        const char *severity, const char *agent, const char *text,
                        struct err *err); /* a failure ends the open transaction */
int results_cycle_commit(struct results *store, struct err *err);

/*
 * results_begin, results_end - a transaction over several of the calls that put something, but
 * results_cycle_begin, which has its own
 *
 * rc      : of what was put; not 0: nothing of it is kept
 * returns : results_end: rc, or -1 when it could not be kept
 */
int results_begin(struct results *store, struct err *err);
int results_end(struct results *store, int rc, struct err *err);

/*
 * results_audit_put - what looked into the store of an arm after a cycle, or at its end
 *
 * Inside a cycle's transaction it belongs to it; a failure ends that.
 */
struct results_audit {
    int64_t cycle; /* -1: after the subject was closed */
    int arm;
    const char *level; /* "quick" or "full" */
    int64_t rows, spent_ns, database_bytes, wal_bytes;
};
int results_audit_put(struct results *store, int64_t run, const struct results_audit *audit,
                      struct err *err);

/* results_locks_put - what was seen of locks in a cycle, inside of its transaction, which a failure
 * ends; nothing where they were not looked at */
int results_locks_put(struct results *store, int64_t run, const struct cycle *cycle,
                      struct err *err);

/*
 * results_answer_put - what became of a rule in one database that was looked at as a whole
 *
 * What is not stored was not asked. Strings are borrowed; read back they are valid during the call.
 */
struct results_answer {
    int arm;              /* -1: of a database that agents share */
    const char *database; /* its path; "": the store of that arm's subject */
    const char *rule, *object;
    const char *answer; /* "held", "broken" or "not_checked", see audit_answer_names */
    int64_t count;      /* broken: how often */
    const char *why;
};
int results_answer_put(struct results *store, int64_t run, const struct results_answer *answer,
                       struct err *err); /* a failure ends the open transaction */
int results_each_answer(struct results *store, int64_t run,
                        int (*each)(void *context, const struct results_answer *answer),
                        void *context, struct err *err); /* as they were put; nonzero ends it */

/* What those audits could not check. Plain value. */
struct results_left_open {
    int64_t count;   /* answers */
    bool whole;      /* a database was not read at all, or nothing of its structure was checked */
    char first[240]; /* "arm 'a', table 't': integrity-check-is-ok: why"; or "" */
};
int results_left_open(struct results *store, int64_t run, struct results_left_open *out,
                      struct err *err);

/* results_answer_place - of whom it is: "arm 'a', 't'", "'/shared.db', 't'"; returns out */
#define RESULTS_PLACE_BYTES 160
const char *results_answer_place(char out[RESULTS_PLACE_BYTES], const char *arm,
                                 const struct results_answer *answer);

/* results_cycle_digest  - of all that is stored of one cycle: itself, its agents, findings, audits
 * results_schema_digest - of its tables, indexes and triggers
 * results_cycles_stored - how many cycles a run has */
int results_cycle_digest(struct results *store, int64_t run, int64_t cycle, uint64_t *digest,
                         struct err *err);
int results_schema_digest(struct results *store, uint64_t *digest, struct err *err);
int results_cycles_stored(struct results *store, int64_t run, int64_t *count, struct err *err);

/* RESULTS_REWRITTEN - in the note of a run that nobody may judge or go on with */
#define RESULTS_REWRITTEN "was changed by another program during this run"

/* A verdict as it was told at the end of the run. */
int results_verdict_put(struct results *store, int64_t run, const char *claim, int value,
                        const char *word, const char *reason, struct err *err);

/* ---- reading ---- */

/* A verdict as it was told. Strings are valid during the call. */
struct results_verdict {
    const char *claim, *word, *reason;
    int value; /* index of the batch size */
};
int results_each_verdict(struct results *store, int64_t run,
                         int (*each)(void *context, const struct results_verdict *verdict),
                         void *context, struct err *err); /* by claim, value; nonzero ends it */

/* results_run_find - "" or NULL: the newest; a number: that run; a name: the newest of that
 * scenario.
 * errors : ERR_UNFIT "no run ... is stored in ..." */
int results_run_find(struct results *store, const char *which, int64_t *run, struct err *err);
int results_run_load(struct results *store, int64_t run, struct results_run *out, struct err *err);
void results_run_release(struct results_run *run);
int results_each_run(struct results *store,
                     int (*each)(void *context, const struct results_run *run), void *context,
                     struct err *err); /* oldest first; nonzero ends it */

int results_each_arm(struct results *store, int64_t run,
                     int (*each)(void *context, const struct results_arm *arm), void *context,
                     struct err *err);

/* results_done - which plan indices are stored: done[i] for i < count */
int results_done(struct results *store, int64_t run, bool done[], size_t count, struct err *err);

/* A stored cycle. Plain value; times are ns of CLOCK_MONOTONIC, absolute; -1: never. */
struct results_cycle {
    int64_t index;
    int sitting, pair, block, arm, value, place;
    bool warmup;
    /* it, or another of its pair, was interrupted (stopped_ns > 0): no time of it is a sample */
    bool left_out;
    enum cycle_outcome outcome;
    int64_t sent_ns, answered_ns, spawn_time_ns, ready_time_ns, finish_ns, audit_ns, harness_ns;
    char consensus[16];
    int agents;
    int findings;
    int64_t cost[SCENARIO_METRICS]; /* as in struct cycle */
    struct cycle_strain strain;
    int64_t stopped_ns, strangers_ns, page_bytes; /* as in struct cycle */
};
int results_each_cycle(struct results *store, int64_t run,
                       int (*each)(void *context, const struct results_cycle *cycle), void *context,
                       struct err *err); /* by index */

struct results_agent {
    int64_t cycle;
    int ordinal;
    char name[65], id[32];
    enum cycle_outcome outcome;
    int64_t pid, start_ns, main_ns, own_ready_ns, ready_ns, recorded_ns; /* 0: not told */
    int64_t cpu_ns, peak_bytes;                                          /* -1: not known */
    const char *error; /* "" when none; valid during the call */
};
int results_each_agent(struct results *store, int64_t run, int64_t cycle /* -1: all */,
                       int (*each)(void *context, const struct results_agent *agent), void *context,
                       struct err *err); /* by cycle, ordinal */

/* What looking at locks took in a run. Plain value; zero: they were not looked at. */
struct results_locks_cost {
    int64_t cycles, looks, spent_ns; /* CPU time */
    int64_t lost;                    /* looks that did not see all, and holds that were not kept */
    int64_t span_ns;                 /* that was looked at */
};
int results_locks_cost(struct results_locks_cost *out, struct results *store, int64_t run,
                       struct err *err);

/* One database of one arm during one exchange, over its cycles. Strings are valid during the
 * call. */
struct results_locks {
    int arm;
    const char *database; /* "": the subject's store */
    const char *stage, *match;
    int64_t cycles, looks, span_ns, gap_ns, holds; /* as in struct locks_told, added up */
    int64_t held_ns[LOCKS_KINDS];
};
int results_each_locks(struct results *store, int64_t run,
                       int (*each)(void *context, const struct results_locks *locks), void *context,
                       struct err *err); /* by arm, stage, database */

/* A hold; or, where `fate` is not "", an agent that fared ill and who held the lock meanwhile. */
struct results_hold {
    int64_t cycle;
    int arm;
    const char *database, *stage, *kind;
    const char *who, *agent, *name; /* of the holder, as in struct locks_hold */
    int64_t pid, begin_ns, seen_ns, most_ns;
    const char *fate, *waiter, *waiter_name;
    int64_t span_ns, held_ns; /* as in struct locks_wait */
};

/*
 * results_each_hold - the longest ones of each arm, stage and database; by these
 *
 * kind : "write" or "read"; NULL: agents that fared ill
 * most : so many of each
 */
int results_each_hold(struct results *store, int64_t run, const char *kind, int64_t most,
                      int (*each)(void *context, const struct results_hold *hold), void *context,
                      struct err *err);

struct results_finding {
    int64_t cycle; /* -1: of the whole run */
    int arm;
    const char *rule, *severity, *agent, *text; /* valid during the call */
};
int results_each_finding(struct results *store, int64_t run,
                         int (*each)(void *context, const struct results_finding *finding),
                         void *context, struct err *err);

/* Which one. Plain value, its text is borrowed. */
struct results_which {
    int arm, value;
    enum scenario_metric metric;
    const char *agent; /* phases: of this agent, else NULL: the longest of each cycle's agents */
};

/* One number per counted cycle of one arm and batch size. Owned: results_series_release. */
struct results_series {
    struct results_which which;
    /* one by pair, in the metric's unit; a failed cycle is +infinity (throughput: 0), one whose
     * metric is not known NaN. Pairs of which a cycle was interrupted are left out, of every arm */
    double *values;
    int *blocks;    /* the block each belongs to, ascending */
    int *places;    /* of each in its pair: 0 is first */
    int *pairs;     /* which pair each is of, ascending */
    size_t n;       /* how many there are */
    size_t reached; /* leading pairs that are complete, those left out too: 0 .. reached - 1 */
    size_t unknown; /* how many of values are NaN: no witness, or this machine does not tell */
};

/*
 * results_series_load - read it; also for metrics of agents, where a cycle's value needs all of
 * them
 *
 * out    : whole or zero
 * errors : those of the store
 */
int results_series_load(struct results_series *out, struct results *store, int64_t run,
                        const struct results_which *which, struct err *err);
void results_series_release(struct results_series *series);

/*
 * results_plan_put, results_plan_load - the plan as it was declared, once per run and never changed
 *
 * text        : JSON for people and exports: looks, blocks, seed, items, levels
 * fingerprint : of every item in its order (struct plan)
 * put errors  : also when the run has a plan already
 * load        : returns 1 when the run has none (made before plans were stored); caller frees *text
 */
int results_plan_put(struct results *store, int64_t run, uint64_t fingerprint, const char *text,
                     struct err *err);
int results_plan_load(struct results *store, int64_t run, uint64_t *fingerprint, char **text,
                      struct err *err);

/* documents.c: what is known beside the samples, as JSON text. Final once stored; the newest of its
 * kind and name counts. Plain value, strings borrowed. */
struct results_document {
    int64_t id, run; /* run 0: of no run */
    int64_t made_wall_ns;
    const char *kind; /* RESULTS_PROOF, ... */
    const char *name; /* "faults"; a baseline's name; ... */
    const char *text; /* one JSON object */
};

#define RESULTS_PROOF       "proof"       /* of integrity: what was tried, what was found */
#define RESULTS_CALIBRATION "calibration" /* of a machine class: noise floor, false alarms */
#define RESULTS_BASELINE    "baseline"    /* runs that have a name */
#define RESULTS_ACCEPTED    "accepted"    /* a step in history that is as it should be */

/* results_document_put - store it, with id and made_wall_ns of its own; errors: ERR_UNFIT */
int results_document_put(struct results *store, const struct results_document *document,
                         struct err *err);

/*
 * results_document_newest - the newest of this kind and name
 *
 * name    : NULL: whatever its name
 * each    : called with it while its strings live
 * returns : 0, 1 there is none; -1 errors: ERR_UNFIT
 */
int results_document_newest(struct results *store, const char *kind, const char *name,
                            int (*each)(void *context, const struct results_document *document),
                            void *context, struct err *err);

/* results_each_document - all of this kind, oldest first; nonzero of `each` ends it */
int results_each_document(struct results *store, const char *kind,
                          int (*each)(void *context, const struct results_document *document),
                          void *context, struct err *err);

/*
 * results_arm_use_load - what one arm of a run did at all
 *
 * out    : of an arm that the store does not describe: it records and starts
 * errors : those of the store
 */
struct results_arm_use {
    bool records, starts;
    int64_t cycles, ready; /* cycles, ready agents; warm-ups included */
    char error[240];       /* what its failed agents told most often, one line; or "" */
};
int results_arm_use_load(struct results_arm_use *out, struct results *store, int64_t run, int arm,
                         struct err *err);

/* What a verdict needs of cycles besides times. */
struct results_tally {
    int64_t cycles; /* counted and warm-up cycles alike: integrity has no warm-up */
    int64_t agents_planned, agents_ready, agents_recorded;
    int64_t findings_integrity, findings_conduct;
    /* those of the run as a whole (cycle -1) not among them */
    int64_t cycles_with_integrity_finding;
    int64_t cycles_failed; /* outcome other than ready */
    /* cycles in which something could be lost: an agent became ready, its arm starts agents and
     * keeps a store, and that was read; of them the ready agents, and how many of these were
     * attested by somebody else than their spawner: the start, the content (-1: not known of
     * every cycle) */
    int64_t cycles_at_risk, agents_at_risk, witnessed, contents;
    int64_t unread;        /* such cycles whose store stayed locked: not among them */
    int64_t findings_left; /* of the rule nothing-is-left-running, after the run included */
    /* cycles with >= 1 failed agent whose error is told, all others cancelled */
    int64_t failure_cancelled;
    /* cycles with >= 1 failed agent whose error is told, all others ready */
    int64_t failure_degraded;
    int64_t blocks;  /* of counted cycles */
    int64_t span_ns; /* first sent to last answered of counted cycles, within sittings */
    int64_t audit_ns, harness_ns; /* sums */
    /* after how many cycles the store was looked into; neither: not at all,
     * or the run is older than schema version 3 */
    int64_t audits_quick, audits_full;
    /* after how many cycles each check of enum cycle_attest was made of an agent, by its bit */
    int64_t attested[CYCLE_ATTESTS];
    int64_t audits_at_end;  /* stores that were audited in full after their subject */
    int64_t audit_full_ns;  /* all full audits after cycles together */
    int64_t wal_bytes_peak; /* the largest -wal that an audit met */
};
/* arm -1: all arms; value -1: all */
int results_tally(struct results *store, int64_t run, int arm, int value, struct results_tally *out,
                  struct err *err);

#endif
