/* forecast - what can this plan decide? Told before the first cycle is run, so that nobody waits
 * for an answer that the numbers cannot give.
 */
#ifndef JUDGE_FORECAST_H
#define JUDGE_FORECAST_H

#include "base/text.h"
#include "results/basis.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"

/*
 * forecast_write - the order, the looks, and for each claim its boundaries, its power and the
 * cycles it needs, as text for a terminal
 *
 * earlier : an earlier run that asked the same, whose spread is used for ratios; zero: a usual one
 *           is assumed (11 %, judge/STATISTICS.md 0), which is said
 * source  : exact binomial, judge/STATISTICS.md 2.2 and 5; pairs needed: judge/STATISTICS.md 4
 */
void forecast_write(struct text *out, const struct scenario *scenario, const struct plan *plan,
                    const struct results_basis *earlier);

#endif
