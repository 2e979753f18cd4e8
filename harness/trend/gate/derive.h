/* derive - a scenario in which baseline and candidate run side by side,
 * out of one that has an arm to gate. */
#ifndef TREND_GATE_DERIVE_H
#define TREND_GATE_DERIVE_H

#include <stddef.h>

#include "scenario/scenario.h"

#define GATE_BASELINE  "baseline"
#define GATE_CANDIDATE "candidate"
#define GATE_SUFFIX    "-gate" /* of the derived scenario's name: its runs are nobody's history */

/*
 * gate_pick_arm - the arm that is gated
 *
 * name   : NULL: the only arm; of several the one that the claims about time speak for: who is
 *          said to be faster, or of whom a limit is claimed, when all of them mean the same arm
 * errors : ERR_USAGE: no such arm, or several that may be meant; the arms are named
 */
int gate_pick_arm(size_t *out, const struct scenario *scenario, const char *name, struct err *err);

/* gate_looks - 50, 100, 200, 400 ... below `most`, and `most` itself: at most GATE_MOST_LOOKS
 * most    : 1 or more
 * returns : how many */
size_t gate_looks(int looks[], int most);

/*
 * gate_derive - the same agents in two arms: "baseline", which is `against`, and "candidate"
 *
 * Claims are left out but for integrity, which is always asked; so is the spec_id, lest evidence of
 * others be overwritten. The text is edited and checked like any other, and what is stored with the
 * run.
 *
 * against : NULL-terminated words
 * looks   : ascending
 * out     : whole, or untouched on error; scenario_release
 * errors  : ERR_USAGE
 */
int gate_derive(struct scenario *out, const struct scenario *scenario, size_t arm,
                char *const against[], const int looks[], size_t look_count, struct err *err);

#endif
