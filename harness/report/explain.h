/* explain - how fast could it have been, and how does it grow? Private to this room.
 *
 * The limit of a batch follows from its agents alone: how long each took when it had the machine
 * for itself (the slow arm's cycle of the same pair), how much CPU time it used, how many cores
 * there are. What lies above the limit is the spawner's. Normal use: facts_load fills
 * facts->explain; read the sizes and laws, or let explain_say word them.
 */
#ifndef REPORT_EXPLAIN_H
#define REPORT_EXPLAIN_H

#include "base/text.h"
#include "judge/stats/rounds.h"
#include "report/facts.h"

#define EXPLAIN_STEPS      48   /* points of a fitted curve */
#define EXPLAIN_CONFIDENCE 0.90 /* of a law's two-sided bounds */

/* Where the agents' own durations come from. */
enum explain_source {
    EXPLAIN_LEDGER, /* main -> own ready, the agents' own words */
    EXPLAIN_SEEN,   /* start -> seen, the spawner's: no ledger */
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

struct cJSON;

/* explain_size_json - the limit of one batch size as members of `row`; null where not known */
void explain_size_json(struct cJSON *row, const struct facts *facts,
                       const struct explain_size *size);

/* explain_law_json - the law of one arm, parameters only where it fits; the caller frees it */
struct cJSON *explain_law_json(const struct facts *facts, size_t arm);

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
