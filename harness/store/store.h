/* store - results/spawnbench.sqlite: every sample and finding, append-only, one transaction per
 * cycle.
 *
 * Writing: store_open, store_run_begin, per cycle store_cycle_begin .. store_cycle_commit,
 * store_run_end. Reading: store_open, store_run_load, store_series_load / store_each_cycle / ...,
 * store_close. A run is "partial" from its first row until store_run_end; a killed run stays so and
 * can be resumed.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "run/run.h"
#include "scenario/scenario.h"

struct store; /* opaque */

/* For what a store is opened. */
enum store_mode {
    STORE_READ,  /* nothing is changed: what an older schema does not hold reads as not known */
    STORE_MAKE,  /* to write; made where it is missing */
    STORE_WRITE, /* to write what must be there already */
};

/*
 * store_open - open the results store; store_open_in: that of a results folder
 *
 * A store of an older schema is brought to the present one by who writes.
 * errors : ERR_UNFIT (missing, full disk, not ours, newer schema), naming path and remedy
 */
int store_open(struct store **out, const char *path, enum store_mode mode, struct err *err);
int store_open_in(struct store **out, const char *results, enum store_mode mode, struct err *err);
void store_close(struct store *store);

/* store_path - where the store of a results folder lies, which is what store_open_in opens; the
 * caller frees it */
char *store_path(const char *results);

/* store_engine - the SQLite that is used: "3.40.1 2022-12-28 ..."; static memory */
const char *store_engine(void);

/* store_engine_has_wal_reset_race - it can corrupt a WAL database when one connection checkpoints
 * while another commits; a distribution's own back-port cannot be seen.
 * source : https://sqlite.org/wal.html#walresetbug: 3.7.0 to 3.51.2, but not 3.50.7 and 3.44.6 */
bool store_engine_has_wal_reset_race(void);

/* A run as stored. Strings are owned: store_run_release. */
struct store_run {
    int64_t id;
    /* scenario_text: as it was after --cycles etc. */
    char *scenario_name, *scenario_path, *scenario_text;
    char *options_json;     /* {"cycles":..,"arms":[..]}: what the command line changed, or "{}" */
    char *environment_json; /* run_host_describe */
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

int store_run_begin(struct store *store, struct store_run *run, struct err *err); /* sets run->id */
int store_run_resume(struct store *store, int64_t run, int *sitting, struct err *err);
int store_run_end(struct store *store, int64_t run, bool complete, const char *note,
                  struct err *err);

/* store_arm_put - one arm of a run: what was started and what it said of itself (upsert) */
struct store_arm {
    int index;
    char name[65];
    char *command; /* owned by whoever fills it; of a stored one valid during the call */
    char *version;
    bool records, clean;
    int restarts;
    /* of the subject's last process and of the agents it reaped, see wait4(2) */
    int64_t user_us, system_us, peak_memory_kb;
};
int store_arm_put(struct store *store, int64_t run, const struct store_arm *arm, struct err *err);

/* One cycle with its agents and findings is one transaction. */
int store_cycle_begin(struct store *store, int64_t run, const struct run_cycle *cycle, int sitting,
                      int64_t audit_ns, struct err *err);
int store_finding_put(struct store *store, int64_t run, int64_t cycle_index /* -1: of the run */,
                      int arm, const char *rule, const char *severity, const char *agent,
                      const char *text, struct err *err); /* a failure ends the open transaction */
int store_cycle_commit(struct store *store, struct err *err);

/*
 * store_audit_put - what looked into the store of an arm after a cycle, or at its end
 *
 * Inside a cycle's transaction it belongs to it; a failure ends that.
 */
struct store_audit {
    int64_t cycle; /* -1: after the subject was closed */
    int arm;
    const char *level; /* "quick" or "full" */
    int64_t rows, spent_ns, database_bytes, wal_bytes;
};
int store_audit_put(struct store *store, int64_t run, const struct store_audit *audit,
                    struct err *err);

/* A verdict as it was told at the end of the run. */
int store_verdict_put(struct store *store, int64_t run, const char *claim, int value,
                      const char *word, const char *reason, struct err *err);

/* ---- reading ---- */

/* A verdict as it was told. Strings are valid during the call. */
struct store_verdict {
    const char *claim, *word, *reason;
    int value; /* index of the batch size */
};
int store_each_verdict(struct store *store, int64_t run,
                       int (*each)(void *context, const struct store_verdict *verdict),
                       void *context, struct err *err); /* by claim, value; nonzero ends it */

/* store_run_find - "" or NULL: the newest; a number: that run; a name: the newest of that scenario.
 * errors : ERR_UNFIT "no run ... is stored in ..." */
int store_run_find(struct store *store, const char *which, int64_t *run, struct err *err);
int store_run_load(struct store *store, int64_t run, struct store_run *out, struct err *err);
void store_run_release(struct store_run *run);
int store_each_run(struct store *store, int (*each)(void *context, const struct store_run *run),
                   void *context, struct err *err); /* oldest first; nonzero ends it */

int store_each_arm(struct store *store, int64_t run,
                   int (*each)(void *context, const struct store_arm *arm), void *context,
                   struct err *err);

/* store_done - which plan indices are stored: done[i] for i < count */
int store_done(struct store *store, int64_t run, bool done[], size_t count, struct err *err);

/* A stored cycle. Plain value; times are ns of CLOCK_MONOTONIC, absolute; -1: never. */
struct store_cycle {
    int64_t index;
    int sitting, pair, block, arm, value, place;
    bool warmup;
    enum run_outcome outcome;
    int64_t sent_ns, answered_ns, spawn_time_ns, ready_time_ns, finish_ns, audit_ns, harness_ns;
    char consensus[16];
    int agents;
    int findings;
    int64_t cost[SCENARIO_METRICS]; /* as run_cycle.cost */
    struct run_strain strain;
};
int store_each_cycle(struct store *store, int64_t run,
                     int (*each)(void *context, const struct store_cycle *cycle), void *context,
                     struct err *err); /* by index */

struct store_agent {
    int64_t cycle;
    int ordinal;
    char name[65], id[32];
    enum run_outcome outcome;
    int64_t pid, start_ns, main_ns, own_ready_ns, ready_ns, recorded_ns; /* 0: not told */
    int64_t cpu_ns, peak_bytes;                                          /* -1: not known */
    const char *error; /* "" when none; valid during the call */
};
int store_each_agent(struct store *store, int64_t run, int64_t cycle /* -1: all */,
                     int (*each)(void *context, const struct store_agent *agent), void *context,
                     struct err *err); /* by cycle, ordinal */

struct store_finding {
    int64_t cycle; /* -1: of the whole run */
    int arm;
    const char *rule, *severity, *agent, *text; /* valid during the call */
};
int store_each_finding(struct store *store, int64_t run,
                       int (*each)(void *context, const struct store_finding *finding),
                       void *context, struct err *err);

/* One number per counted cycle of one arm and batch size. Owned: store_series_release. */
struct store_series {
    /* values[i] belongs to pair i, in the metric's unit; a failed cycle is +infinity (throughput:
     * 0), one whose metric is not known NaN */
    double *values;
    int *blocks;    /* the block each belongs to, ascending */
    size_t n;       /* leading pairs that are complete: pairs 0 .. n - 1 are all stored */
    size_t unknown; /* how many of values are NaN: no ledger, or this machine does not tell */
};

/* Which one. Plain value, borrowed for the call. */
struct store_which {
    int arm, value;
    enum scenario_metric metric;
    const char *agent; /* phases: of this agent, else NULL: the longest of each cycle's agents */
};

/*
 * store_series_load - read it; also for metrics of agents, where a cycle's value needs all of them
 *
 * out    : whole or zero
 * errors : those of the store
 */
int store_series_load(struct store_series *out, struct store *store, int64_t run,
                      const struct store_which *which, struct err *err);
void store_series_release(struct store_series *series);

/* store_series_sizes - how many of the first n values stand in each block; sets *blocks; the caller
 * frees it */
size_t *store_series_sizes(const struct store_series *series, size_t n, size_t *blocks);

/*
 * store_plan_put, store_plan_load - the plan as it was declared, once per run and never changed
 *
 * text        : JSON for people and exports: looks, blocks, seed, items, levels
 * fingerprint : of every item in its order (plan_fingerprint)
 * put errors  : also when the run has a plan already
 * load        : returns 1 when the run has none (made before plans were stored); caller frees *text
 */
int store_plan_put(struct store *store, int64_t run, uint64_t fingerprint, const char *text,
                   struct err *err);
int store_plan_load(struct store *store, int64_t run, uint64_t *fingerprint, char **text,
                    struct err *err);

/* documents.c: what is known beside the samples, as JSON text. Final once stored; the newest of its
 * kind and name counts. Plain value, strings borrowed. */
struct store_document {
    int64_t id, run; /* run 0: of no run */
    int64_t made_wall_ns;
    const char *kind; /* STORE_PROOF, ... */
    const char *name; /* "faults"; a baseline's name; ... */
    const char *text; /* one JSON object */
};

#define STORE_PROOF       "proof"       /* of integrity: what was tried, what was found */
#define STORE_CALIBRATION "calibration" /* of a machine class: noise floor, false alarms */
#define STORE_BASELINE    "baseline"    /* runs that have a name */
#define STORE_ACCEPTED    "accepted"    /* a step in history that is as it should be */

/* store_document_put - store it, with id and made_wall_ns of its own; errors: ERR_UNFIT */
int store_document_put(struct store *store, const struct store_document *document, struct err *err);

/*
 * store_document_newest - the newest of this kind and name
 *
 * name    : NULL: whatever its name
 * each    : called with it while its strings live
 * returns : 0, 1 there is none; -1 errors: ERR_UNFIT
 */
int store_document_newest(struct store *store, const char *kind, const char *name,
                          int (*each)(void *context, const struct store_document *document),
                          void *context, struct err *err);

/* store_each_document - all of this kind, oldest first; nonzero of `each` ends it */
int store_each_document(struct store *store, const char *kind,
                        int (*each)(void *context, const struct store_document *document),
                        void *context, struct err *err);

/* What a verdict needs of cycles besides times. */
struct store_tally {
    int64_t cycles; /* counted and warm-up cycles alike: integrity has no warm-up */
    int64_t agents_planned, agents_ready, agents_recorded;
    int64_t findings_integrity, findings_conduct;
    /* those of the run as a whole (cycle -1) not among them */
    int64_t cycles_with_integrity_finding;
    int64_t cycles_failed; /* outcome other than ready */
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
    int64_t audits_at_end;  /* stores that were audited in full after their subject */
    int64_t audit_full_ns;  /* all full audits after cycles together */
    int64_t wal_bytes_peak; /* the largest -wal that an audit met */
};
/* arm -1: all arms; value -1: all */
int store_tally(struct store *store, int64_t run, int arm, int value, struct store_tally *out,
                struct err *err);

#endif
