/* basis - all that a verdict on one run rests on, read in one go.
 *
 * Plain data: judge/ looks at it and asks no store for anything.
 */
#ifndef RESULTS_BASIS_H
#define RESULTS_BASIS_H

#include <string.h>

#include "results/results.h"
#include "results/shared.h"

static inline bool results_is_same(const struct results_which *a, const struct results_which *b)
{
    return a->arm == b->arm && a->value == b->value && a->metric == b->metric &&
           !a->agent == !b->agent && (!a->agent || strcmp(a->agent, b->agent) == 0);
}

/* Where a stored cycle stands in the plan. */
struct results_place {
    int64_t index;
    int pair, block, arm, value, place;
    bool warmup;
    int sitting;
    int64_t database_bytes, wal_bytes, page_bytes; /* of its store afterwards; -1: not known */
};

/* What the machine did during the cycles of the scenario's arms, warm-ups included. */
struct results_strain {
    size_t cycles;
    int64_t steal_ticks, total_ticks; /* sums; total 0: not known */
    int64_t pressure_us;              /* sum; -1: not known */
    int64_t pressure_span_ns;         /* in so long; 0: not known */
    int64_t span_ns;                  /* first sent to last answered, within sittings */
    int64_t strangers_ns;             /* sum; CPU time of others during the spawns ... */
    int64_t strangers_span_ns;        /* ... that took so long; 0: not known */
    size_t throttled, throttle_known; /* cycles */
    size_t suspended;                 /* cycles during which it slept */
    size_t counted, left_out;         /* without warm-ups: all, and those of interrupted pairs */
};

/* Zero holds nothing and may be released. */
struct results_basis {
    struct results_run run;
    char *plan_text; /* as it was declared; NULL: the run was made before plans were stored */
    uint64_t plan_fingerprint;
    /* spawn times of each arm at each batch size, and what the claims are about; none twice */
    struct results_series *series;
    size_t series_count;
    struct results_place *cycles; /* all that are stored, by index */
    size_t cycle_count;
    struct results_strain strain;
    struct results_shared *shared; /* databases that its agents share */
    size_t shared_count;
    struct results_tally tally;                      /* of the whole run */
    struct results_left_open open;                   /* likewise */
    struct results_arm_use uses[SCENARIO_MOST_ARMS]; /* [arm] */
    /* [claim * values + value]: of the claim's arm; INTACT: of all */
    struct results_tally *tallies;
};

/*
 * results_basis_load - read it
 *
 * out      : zero or loaded before, which is released; whole or zero
 * scenario : the one that is judged with; its agents' names are borrowed
 * errors   : those of the store
 */
int results_basis_load(struct results_basis *out, const struct scenario *scenario,
                       struct results *store, int64_t run, struct err *err);

/* results_basis_earlier - that of the newest stored run of this scenario; zero when there is none,
 * it asked another question (scenario_question), had other arms or batch sizes, or is unreadable */
void results_basis_earlier(struct results_basis *out, const struct scenario *scenario,
                           struct results *store);

void results_basis_release(struct results_basis *basis);

#endif
