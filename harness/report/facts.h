/* facts - what a stored run says, gathered once, before anybody words it; private to this room.
 *
 * Normal use: facts_load, hand the facts to the terminal, the chapters, the figures and the
 * exports, facts_release. Whatever two of them show comes from here, so that they cannot disagree.
 */
#ifndef REPORT_FACTS_H
#define REPORT_FACTS_H

#include "audit/audit.h"
#include "judge/judge.h"
#include "judge/stats/ranks.h"
#include "judge/stats/stats.h"
#include "results/results.h"
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
    FACTS_UNSEEN, /* start -> seen: all that is known of agents without a ledger   */
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
    struct results_arm arms[SCENARIO_MOST_ARMS]; /* index -1: the run ended before it was started */
    struct results_tally tallies[SCENARIO_MOST_ARMS];
    size_t arm_count, value_count;
    struct facts_cell *cells;   /* [arm * value_count + value] */
    struct facts_split *splits; /* [value] */
    struct facts_order *orders; /* each arms, batch size and metric that a claim "faster" names */
    size_t order_count;
    struct results_cycle *cycles; /* by index */
    size_t cycle_count, cycle_room;
    size_t *rule_findings; /* per row of audit_rules; one more for rules that are not known here */
    size_t ledger_agents;  /* agents of the scenario's list that write the ledger */
    struct facts_complaint complaints[FACTS_MOST_COMPLAINTS];
    size_t complaint_count;
    size_t complaints_more;  /* told by others than those kept */
    struct explain *explain; /* explain.h: limits of the speedup, laws of the sweep */
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

#endif
