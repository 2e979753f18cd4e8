/* trials - the gate asked again and again where the answer is known: is it calibrated?
 *
 * Simulated trials send made-up noise of known truth (stats/simulate/models.h) through gate_judge;
 * real ones (real.h) run `spawnbench gate` itself. Normal use: simulated_run, simulated_write,
 * simulated_release.
 */
#ifndef GATE_TRIALS_TRIALS_H
#define GATE_TRIALS_TRIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "gate/gate.h"
#include "stats/simulate/models.h"

#define TRIALS_MOST_PAIRS 400
#define TRIALS_SIGMAS     4 /* of Monte-Carlo error beyond a bar: then it does not hold */

/* One kind of gate. */
struct trial {
    const struct model *model;
    enum design design;
    bool unlike;         /* the candidate is the slow arm of a pair model, truth divided out; else
                            the two cycles of a pair change places at random */
    double change;       /* true: 0.1 makes the candidate 10 % slower */
    double tail_share;   /* of candidate cycles that take tail_factor as long */
    double tail_factor;  /* 0: none */
    double quantiles[2]; /* gated together; the second may be 0: none */
    double tolerance;    /* 0: the default */
    int looks[3];        /* ascending; 0: the default */
    size_t look_count;
};

/* What many gates said. */
struct tally {
    size_t gates;
    size_t words[GATE_WORDS]; /* of the gravest answer */
    size_t within_200;        /* regressions proven with 200 pairs or fewer */
    size_t pairs;             /* sum over the gates of what was judged */
};

/* trial_run - so many gates; the same seed gives the same counts */
void trial_run(struct tally *out, const struct trial *trial, size_t gates, uint64_t seed);

/* What to simulate. */
struct request {
    uint64_t seed;
    size_t gates;  /* of each kind */
    bool shorter;  /* few kinds of noise */
    bool careless; /* every candidate 8 % slower than is said: shows that a bar can be missed */
};

/* Bars that were asked of and those that did not hold, one line each. */
struct bars {
    size_t asked, missed;
    struct text lines;
};

/* bars_at_most, bars_at_least - a share of gates against a bar, with room for Monte-Carlo error */
void bars_at_most(struct bars *bars, const char *what, size_t count, size_t gates, double most);
void bars_at_least(struct bars *bars, const char *what, size_t count, size_t gates, double least);

/* simulated_write - every simulated trial, as Markdown; progress on stderr where it is a terminal
 */
void simulated_write(struct text *out, struct bars *bars, const struct request *request);

#endif
