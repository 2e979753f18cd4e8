/* scenario - what is asked: JSON text to a trusted struct, or a precise complaint.
 *
 * Normal use: scenario_load, read the struct, scenario_release. The only place where defaults are
 * filled and bad input is told; behind this header every value is in range.
 */
#ifndef SCENARIO_SCENARIO_H
#define SCENARIO_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "scenario/metric.h"

#define SCENARIO_MOST_BYTES  1048576 /* of the file: 1 MiB */
#define SCENARIO_MOST_AGENTS 1000    /* in one batch */
#define SCENARIO_MOST_ARMS   16
#define SCENARIO_MOST_LOOKS  8
#define SCENARIO_MOST_CLAIMS 64
#define SCENARIO_MOST_VALUES 32
#define SCENARIO_MOST_SHARED 32 /* patterns of databases */
#define SCENARIO_MOST_CYCLES 1000000
#define SCENARIO_FAULTS      42 /* kinds of faults, see fault_names.c: fewer than 64 */

enum scenario_ready {
    SCENARIO_READY_FD,
    SCENARIO_READY_NOTIFY,
    SCENARIO_READY_LINE,
    SCENARIO_READY_EXIT
};
/* Who attests that an agent was started, see reference/PROTOCOL.md. DEFAULT is never read back: it
 * is SELF when the command starts with {agent}, else LAUNCHER where corruption is claimed not to
 * happen, else NONE. */
enum scenario_witness {
    SCENARIO_WITNESS_DEFAULT,
    SCENARIO_WITNESS_SELF,     /* it knows SPAWNBENCH_WITNESS */
    SCENARIO_WITNESS_LAUNCHER, /* it is started through spawnbench-witness */
    SCENARIO_WITNESS_NONE
};
enum scenario_on_failure { SCENARIO_CANCEL, SCENARIO_DEGRADE };

enum scenario_statistic { SCENARIO_QUANTILE, SCENARIO_MEAN }; /* the median is quantile 0.5 */

enum scenario_claim_kind {
    SCENARIO_CLAIM_AT_MOST,  /* statistic of metric of arm is at most limit                 */
    SCENARIO_CLAIM_AT_LEAST, /* ... at least limit                                          */
    SCENARIO_CLAIM_FASTER,   /* median of per-cycle ratios than / faster is at least ratio  */
    SCENARIO_CLAIM_WITHIN,   /* median of per-cycle ratios arm / than is 1 - share .. 1 + share */
    SCENARIO_CLAIM_INTACT,   /* "corruption": "none": the true rate of cycles that have an
                                integrity finding is below share                            */
    /* "failure": "cancels" | "degrades": every cycle of arm has a failed agent whose error is told,
     * and the others were cancelled / became ready */
    SCENARIO_CLAIM_FAILURE
};

struct scenario_variable {
    char *key, *value;
};

struct scenario_agent {
    char *name;
    /* In command, values of the environment and directory {home} is not yet filled: a folder that
     * is the agent's own for one cycle. */
    char **command; /* NULL-terminated, placeholders not yet filled */
    struct scenario_variable *environment;
    size_t environment_count;
    char *directory; /* NULL: where the harness runs */
    bool fresh_home; /* that folder is its HOME, too */
    enum scenario_ready ready;
    char *ready_text; /* for SCENARIO_READY_LINE, else NULL */
    size_t times;     /* how often it stands in the list, 1 by default */
    /* "expect": what it must end with and print, else its cycle has failed */
    bool expects_exit;
    int expected_exit;
    char *expected_output; /* NULL: whatever it prints */
    bool expected_within;  /* anywhere in its output; else all but the white space around it */
    enum scenario_witness witness;
    /* its command begins with {agent}, of which all is known: it becomes no other program, leaves
     * its arguments as they are, and says itself when it is ready and done */
    bool ours;
};

struct scenario_arm {
    char *name;
    char **subject; /* NULL-terminated, placeholders not yet filled */
};

struct scenario_claim {
    char *id;
    enum scenario_claim_kind kind;
    enum scenario_metric metric;       /* default spawn_time */
    size_t arm;                        /* the arm; FASTER: the one said to be faster */
    size_t than;                       /* FASTER, WITHIN: the other one */
    enum scenario_statistic statistic; /* AT_MOST, AT_LEAST */
    double quantile;                   /* of them: 0 < quantile < 1; 0.5 for the mean */
    double limit;                      /* of them: > 0, in the unit of the metric */
    double ratio;                      /* FASTER: > 0; for throughput it is faster / than */
    double share;                      /* WITHIN, INTACT: 0.05 is 5 %; 0 < share < 1 */
    char *agent; /* phases only: this agent instead of the longest of each cycle; or NULL */
    int at;      /* index of the one batch size it is about; -1: all */
    enum scenario_on_failure failure;
    int line; /* where it stands in the file */
    /* the claim as a sentence for people: "p95 spawn_time of parallel is at most 50 ms" */
    char *text;
};

/* A scenario. Zero is empty and may be released. Everything it points to is its own. */
struct scenario {
    char *name; /* [a-z0-9-], at most 64 bytes: it becomes part of file names */
    char *spec_id;
    char *about;
    struct scenario_agent *agents;
    size_t agent_count;
    struct scenario_arm *arms;
    size_t arm_count;
    /* ascending numbers of cycles per arm (and per value); 1 = fixed n */
    int looks[SCENARIO_MOST_LOOKS];
    size_t look_count;
    int block;  /* cycles of each arm in one block, default 5 */
    int warmup; /* cycles of each arm and value before the first that counts, default 5 */
    /* the blocks up to the first look are spread over at least this; default 0 */
    int64_t spread_ns;
    int64_t deadline_ns;      /* default 5 s */
    int64_t open_deadline_ns; /* default: the deadline, at least 10 s */
    bool durability_full;
    bool consensus; /* default true */
    enum scenario_on_failure on_failure;
    char *prompt; /* default: a short fixed sentence */
    struct scenario_claim *claims;
    size_t claim_count;
    /* batch sizes, at least one. "vary": {"agents": [...]}: the list is repeated or cut to reach
     * each; nothing varies: the list as it stands */
    size_t values[SCENARIO_MOST_VALUES];
    size_t value_count;
    /* index in agents of each agent of the largest batch: the list with its `times`, repeated */
    size_t *batch;
    /* SQLite files that the agents share: paths and globs, placeholders not yet filled. Where one
     * begins with "~/", that is the HOME of each agent. */
    char **databases;
    size_t database_count;
    uint64_t faults; /* bit i: scenario_fault_names[i] is asked for; default none */
    char *source;    /* the text it was read from, for the store; launchers written out */
};

/*
 * scenario_load - read and check a scenario file
 *
 * out    : whole, or untouched on error; caller calls scenario_release
 * errors : ERR_FORMAT "scenario 'FILE': line N: KEY: what was expected (did you mean ...?)",
 *          ERR_USAGE (no such file), ERR_SYSTEM
 */
int scenario_load(struct scenario *out, const char *path, struct err *err);

/*
 * scenario_parse        - the same from text in memory
 * scenario_parse_stored - from the text that a results store keeps with a run, which is judged by
 *                         it: keys that only older versions knew are still understood,
 *                         and launchers that came later are not assumed
 *
 * data : NUL-terminated, length bytes before the NUL
 */
int scenario_parse(struct scenario *out, const char *data, size_t length, struct err *err);
int scenario_parse_stored(struct scenario *out, const char *data, size_t length, struct err *err);

void scenario_release(struct scenario *scenario);

extern const char *const scenario_witness_names[]; /* "", "self", "launcher", "none", NULL */

/* scenario_fault_names - what "faults" may name besides "all"; ended by NULL */
extern const char *const scenario_fault_names[SCENARIO_FAULTS + 1];

/* scenario_fault_add - add a fault by name, or "all", to a set such as scenario.faults; returns 0,
 * or -1 when it is unknown */
int scenario_fault_add(uint64_t *faults, const char *name);

/* scenario_fault_nearest - the known word nearest to it, or NULL */
const char *scenario_fault_nearest(const char *name);

/* scenario_find_arm - index of the arm of this name; scenario_find_size - of this batch size among
 * the values; -1 when there is none */
int scenario_find_arm(const struct scenario *scenario, const char *name);
int scenario_find_size(const struct scenario *scenario, size_t batch_size);

#endif
