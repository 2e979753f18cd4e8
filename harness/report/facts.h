/* facts - what a stored run says, gathered once, before anybody words it; private to this room.
 *
 * Normal use: facts_load, hand the facts to the terminal, the chapters, the figures and the
 * exports, facts_release. Whatever two of them show comes from here, so that they cannot disagree.
 */
#ifndef REPORT_FACTS_H
#define REPORT_FACTS_H

#include <cjson/cJSON.h>

#include "audit/audit.h"
#include "base/text.h"
#include "judge/judge.h"
#include "judge/stats/ranks.h"
#include "judge/stats/rounds.h"
#include "judge/stats/stats.h"
#include "results/results.h"
#include "results/shared.h"
#include "scenario/scenario.h"

#define FACTS_ALPHA           0.05 /* of each one-sided bound */
#define FACTS_MOST_SAMPLES    4096 /* of agents kept for one phase: evenly spaced beyond that */
#define FACTS_MOST_COMPLAINTS 8

/* The steps of one agent. */
enum facts_phase {
    FACTS_WAIT,   /* sent -> start: the agent's turn has not come yet              */
    FACTS_EXEC,   /* start -> main: kernel, loader, C library                      */
    FACTS_INIT,   /* main -> own ready: the agent's own initialisation             */
    FACTS_NOTICE, /* own ready -> seen by the spawner                              */
    FACTS_UNSEEN, /* start -> seen: all that is known of agents without a witness of their own   */
    FACTS_RECORD, /* seen -> recorded                                              */
    FACTS_PHASES
};

const char *facts_phase_name(enum facts_phase phase);

/* A median with its doubt. NaN and no bounds when n is 0. */
struct facts_median {
    size_t n;
    double tau; /* by which the bounds are widened: neighbours resemble each other */
    double median, p95;
    struct stats_bounds bounds; /* one-sided, 95 % each */
};

/* One arm at one batch size; counted cycles only. */
struct facts_cell {
    size_t arm, value, batch_size;
    struct stats_summary spawn, ready;
    struct stats_bounds spawn_median, spawn_p95, ready_median;
    struct facts_median harness, audit; /* cost of each cycle beside the measured time, ns */
    struct facts_median phases[FACTS_PHASES];
    struct facts_median slowest;         /* slowest agent's own initialisation, per cycle */
    struct facts_median overhead;        /* spawn time - slowest, per cycle */
    const struct results_cycle *typical; /* the cycle nearest the median, NULL: none */
};

/* What failed agents told, counted. */
struct facts_complaint {
    char name[65], error[160];
    enum cycle_outcome outcome;
    size_t count;
};

/* What audits of whole databases could not check of one rule. */
struct facts_open {
    size_t held; /* stores of which it was found to hold */
    size_t count;
    char *why; /* of the first: "arm 'a', 't': it needs ..."; own; NULL: none */
};

/* slow / fast, pair by pair. */
struct facts_ratio {
    bool known;
    struct facts_median ratio;
};

/* How much of the speedup is concurrency, how much is recording once; per batch size. */
struct facts_split {
    struct facts_ratio total;       /* sequential / parallel */
    struct facts_ratio concurrency; /* sequential-batch / parallel */
    struct facts_ratio recording;   /* sequential / sequential-batch */
};

/* The two arms of a claim "faster", pairs ignored: how often does a cycle of the faster one take
 * less time than one of the slower? Throughput counts as time per agent. */
struct facts_order {
    size_t fast, slow, value;
    enum scenario_metric metric;
    const char *agent; /* of phases; or NULL */
    size_t n;          /* cycles of each arm */
    double tau;        /* by which the bounds are widened: the larger one of both arms */
    struct stats_order order;
};

struct facts {
    struct results_run run;
    struct scenario scenario;
    char *plan;             /* JSON, as it was declared; "" for runs older than that */
    struct verdict verdict; /* points into scenario */
    struct results_tally tally;
    struct results_strain strain;                /* what the machine did meanwhile */
    struct results_arm arms[SCENARIO_MOST_ARMS]; /* index -1: the run ended before it was started */
    struct results_tally tallies[SCENARIO_MOST_ARMS];
    size_t arm_count, value_count;
    struct facts_cell *cells;   /* [arm * value_count + value] */
    struct facts_split *splits; /* [value] */
    struct facts_order *orders; /* each arms, batch size and metric that a claim "faster" names */
    size_t order_count;
    struct results_cycle *cycles; /* by index */
    size_t cycle_count, cycle_room;
    struct facts_open *open; /* per row of audit_rules */
    bool answered_at_end;    /* audits of whole databases told what came of each rule */
    bool unread_at_end;    /* of a store or more nothing could be read when its subject was gone */
    size_t *rule_findings; /* per row of audit_rules; one more for rules that are not known here */
    struct results_shared *shared; /* databases that its agents share */
    size_t shared_count;
    size_t witnessed_agents; /* agents of the scenario's list that have a witness */
    struct facts_complaint complaints[FACTS_MOST_COMPLAINTS];
    size_t complaint_count;
    size_t complaints_more;  /* told by others than those kept */
    struct explain *explain; /* below: limits of the speedup, laws of the sweep */
};

/*
 * facts_load - everything the report tells of one run
 *
 * errors : those of the store; ERR_FORMAT when the stored scenario cannot be read any more
 */
int facts_load(struct facts *out, struct results *store, int64_t run, struct err *err);

/* facts_release - gives everything back; accepts zero */
void facts_release(struct facts *facts);

struct facts_cell *facts_cell(const struct facts *facts, size_t arm, size_t value);

/* facts_next - the next cycle that counts of an arm at a batch size, NULL at the end. All:
 * for (cycle = NULL; (cycle = facts_next(facts, arm, value, cycle));) */
const struct results_cycle *facts_next(const struct facts *facts, size_t arm, size_t value,
                                       const struct results_cycle *cycle);

/* facts_count     - how many those are, and how many of them did not become ready
 * facts_count_all - of all arms and batch sizes together */
struct facts_count {
    size_t cycles, failed;
};
struct facts_count facts_count(const struct facts *facts, size_t arm, size_t value);
struct facts_count facts_count_all(const struct facts *facts);

/* facts_started - agents_planned, _ready and _recorded of the arms that start theirs */
struct results_tally facts_started(const struct facts *facts);

/* facts_findings - all findings of the run */
int64_t facts_findings(const struct facts *facts);

/* facts_has_levels - the run says which audits ran; those from before schema version 3 do not */
bool facts_has_levels(const struct facts *facts);

/* phases.c: the walk over all agents; fills phases, slowest, overhead, complaints */
int facts_read_agents(struct facts *facts, struct results *store, struct err *err);

/* facts_order.c: fills orders; the verdict is there already */
int facts_read_orders(struct facts *facts, struct results *store, struct err *err);

/* facts_median_of - samples in the order of measurement; they are sorted. sizes: how many of them
 * stand in each block; NULL: they have none */
struct facts_median facts_median_of(double samples[], size_t n, const size_t sizes[],
                                    size_t blocks);

/* ---- rule_answers.c: what became of each rule of the audit ---- */

enum rule_answer { RULE_HELD, RULE_BROKEN, RULE_NOT_CHECKED, RULE_ANSWERS };

/* Plain value; the text lives as long as the facts. */
struct rule_told {
    enum rule_answer answer;
    int64_t cycles; /* in which it could have been broken, and was asked */
    bool at_end;    /* asked once more of each store that its subject had closed */
    size_t findings;
    bool open;       /* NOT_CHECKED: it was asked, and could not be answered of all */
    const char *why; /* NOT_CHECKED: what kept it from that, or did not exercise it; else "" */
};

/* rule_tell - of audit_rules[index]; rule_count - how many rules have each answer, those that this
 * version does not know counted as one; returns how many of those not checked are open */
struct rule_told rule_tell(const struct facts *facts, size_t index);
size_t rule_count(const struct facts *facts, size_t counts[RULE_ANSWERS]);

/* rule_read_open - fills facts->open, answered_at_end and unread_at_end; errors: of the store */
int rule_read_open(struct facts *facts, struct results *store, struct err *err);

/* rule_json - its answer as an object, the caller frees it: "answer" is held, broken or
 * not_checked */
cJSON *rule_json(const struct facts *facts, size_t index);

/* ---- explain.c: how fast could it have been, and how does it grow? ----
 *
 * The limit of a batch follows from its agents alone: how long each took when it had the machine
 * for itself (the slow arm's cycle of the same pair), how much CPU time it used, how many cores
 * there are. What lies above the limit is the spawner's. */

#define EXPLAIN_STEPS      48   /* points of a fitted curve */
#define EXPLAIN_CONFIDENCE 0.90 /* of a law's two-sided bounds */

/* Where the agents' own durations come from. */
enum explain_source {
    EXPLAIN_OWN,  /* main -> own ready, the agents' own words */
    EXPLAIN_SEEN, /* start -> seen, the spawner's: the agents say nothing */
    EXPLAIN_MIXED
};

/* The comparison at one batch size; medians over its pairs. */
struct explain_size {
    bool known;          /* at least one pair: both cycles ready, the slow one really one by one */
    size_t slow, fast;   /* arms */
    size_t agents;       /* in the batch */
    double ratio;        /* the largest that a claim about it asks for; NaN: none does */
    size_t pairs, mixed; /* pairs that count; those left out since slow's agents overlapped */
    enum explain_source source;
    bool has_cpu; /* CPU time of every agent and the cores are known: that bound is included */
    struct facts_median bound;    /* least time possible, ns */
    struct facts_median possible; /* slow / bound: the greatest speedup possible here */
    struct facts_median attained; /* bound / fast: share of what is possible */
    struct facts_median overhead; /* fast - bound, ns */
    struct facts_median serial;   /* share of fast's time with fewer than two agents under way */
    struct facts_median busy;     /* CPU time / own time of all agents; n 0: not known */
    struct facts_median slowest;  /* the longest own time of an agent, ns */
    enum stats_binding binding;   /* what binds in most pairs */
    bool violates; /* surely faster than possible (95 %): the inputs are wrong, judge nothing */
};

/* How the spawn time of one arm grows with the batch. */
struct explain_law {
    bool tried;         /* 3 or more batch sizes and 2 or more whole rounds: band is defined */
    bool fits;          /* tried, and no lack of fit is seen: only then show parameters */
    bool thin;          /* fewer than 6 sizes, or than 2 on each side of the core count */
    size_t sizes, most; /* batch sizes; the largest of them, in agents */
    struct stats_usl_band band;
    size_t steps; /* of the curve, up to 1.5 times the largest batch */
    double at[EXPLAIN_STEPS], lower[EXPLAIN_STEPS], upper[EXPLAIN_STEPS];
};

struct explain {
    double cores;    /* min(usable CPUs, quota); NaN: not known */
    double pressure; /* share of the run in which some task waited for a CPU; NaN: not known */
    struct explain_size *sizes; /* [value] */
    struct explain_law *laws;   /* [arm] */
};

/*
 * explain_read - fills facts->explain from cycles, agents and series of the run
 *
 * errors : those of the store; explain_release also after an error
 */
int explain_read(struct facts *facts, struct results *store, struct err *err);

/* explain_release - accepts NULL */
void explain_release(struct explain *explain);

/*
 * explain_cores - CPUs that may be used: "cpus_usable" and the quota, "cpus_quota" as a number or
 * "cpu_quota" as cpu.max has it ("200000 100000", "max 100000")
 *
 * returns : may be a fraction; NaN when the machine's description does not tell
 */
double explain_cores(const char *environment_json);

/* explain_size_json - the limit of one batch size as members of `row`; null where not known */
void explain_size_json(cJSON *row, const struct facts *facts, const struct explain_size *size);

/* explain_law_json - the law of one arm, parameters only where it fits; the caller frees it */
cJSON *explain_law_json(const struct facts *facts, size_t arm);

/* explain_binding_name - "critical path", "CPU", "slots" */
const char *explain_binding_name(enum stats_binding binding);

/* explain_limit - "3.0x claimed, at most 2.0x possible here:
 * the agents burn CPU and there are 2 cores" */
void explain_limit(struct text *out, const struct explain *explain,
                   const struct explain_size *size);

/* explain_attained - "attained 97 % of what is possible; overhead 1.2 ms [..];
 * serial fraction 3 %" */
void explain_attained(struct text *out, const struct explain_size *size);

/* explain_law - "one agent takes 46.1 ms; each further one adds 0.4 % of that [..] (sigma); ..." */
void explain_law(struct text *out, const struct explain_law *law);

#endif
