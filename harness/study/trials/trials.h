/* trials - the gate asked again and again where the answer is known: is it calibrated?
 *
 * Simulated trials send made-up noise of known truth (study/simulate/models.h) through gate_judge;
 * real ones (real.h) run `spawnbench gate` itself. Normal use: simulated_write, bars_tell.
 */
#ifndef STUDY_TRIALS_TRIALS_H
#define STUDY_TRIALS_TRIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "judge/gate_rule.h"
#include "study/simulate/models.h"

#define TRIALS_MOST_PAIRS 400
#define TRIALS_SIGMAS     4 /* of Monte-Carlo error: no more than that is chance */

/* One kind of gate. */
struct gate_trial {
    const struct model *model;
    enum design design;
    /* the candidate is the slow arm of a pair model, its truth divided out;
     * else the two cycles of a pair change places at random */
    bool unlike;
    double change;     /* true: 0.1 makes the candidate 10 % slower */
    double tail_share; /* of the candidate's cycles that take tail_factor as long; 0: none */
    double tail_factor;
    double quantiles[2]; /* gated together; the second may be 0: none */
    double tolerance;    /* 0: the default */
    int looks[4];        /* ascending */
    size_t look_count;   /* 0: the default */
};

/* What many gates said. */
struct gate_tally {
    size_t gates;
    size_t words[GATE_WORDS]; /* of the gravest answer */
    size_t within_200;        /* regressions proven with 200 pairs or fewer */
    size_t pairs;             /* sum over the gates of what was judged */
};

/* gate_trial_run - so many gates; the same seed gives the same counts */
void gate_trial_run(struct gate_tally *out, const struct gate_trial *trial, size_t gates,
                    uint64_t seed);

/* What to simulate. */
struct gate_request {
    uint64_t seed;
    size_t gates;  /* of each kind without change; of the others a quarter as many */
    bool shorter;  /* few kinds of noise */
    bool careless; /* each candidate is 8 % slower than is said: shows that a bar can be missed */
};

/* Bars that were asked of, and those that did not hold, one line each. Zero: none yet. */
struct bars {
    size_t asked, missed;
    struct text lines;
};

/* What a count of gates is held against. */
struct bar {
    bool at_most; /* else at least */
    double share;
    double sigmas; /* of Monte-Carlo error beyond the bar that are chance still; 0: none */
    const char *what;
};

/* bars_hold - a count of gates against a share of them; what: for the line when it does not hold */
void bars_hold(struct bars *bars, const char *what, size_t count, size_t gates, struct bar bar);

/* bars_tell - how many were asked of, and what did not hold, as Markdown */
void bars_tell(struct text *out, const struct bars *bars);

/* Simulated trials, asked for in one pass and told in a second: between them all are run, as many
 * at once as there are processors. */
struct gate_study {
    const struct gate_request *request;
    struct job *jobs; /* owned */
    size_t count, next;
    bool planning;
};

/* study_ask - in the first pass takes the trial down (the tally is empty), in the second hands out
 * what its gates said. Both passes ask the same in the same order. gates: at least 1 are run */
const struct gate_tally *study_ask(struct gate_study *study, const struct gate_trial *trial,
                                   size_t gates);

/* trials_study_run - all that was asked for; progress on stderr where it is a terminal */
void trials_study_run(struct gate_study *study);
void trials_study_release(struct gate_study *study);

/* simulated_write - every simulated trial, as Markdown; what does not hold goes into bars */
void simulated_write(struct text *out, struct bars *bars, const struct gate_request *request);

#endif
