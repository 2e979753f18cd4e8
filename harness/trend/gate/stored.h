/* stored - a run held against a baseline that was measured another time. */
#ifndef TREND_GATE_STORED_H
#define TREND_GATE_STORED_H

#include "trend/gate/baseline.h"
#include "trend/gate/result.h"

#define GATE_ENOUGH_SITTINGS 10 /* judge/STATISTICS.md 6.2: with fewer it can only advise */
#define GATE_LEAST_CYCLES    20 /* of a sitting, and of the candidate */

/*
 * gate_stored - judge run `run` against the baseline
 *
 * The sitting is the unit: ln of the candidate's figure is held against the prediction interval of
 * those of the stored sittings, t = (ln x - mean) / (s sqrt(1 + 1 / m)) (stats_predict_session),
 * shifted by the tolerance; Holm's correction over all figures. The item's n is that of the
 * candidate's cycles. Fewer than GATE_ENOUGH_SITTINGS only advise unless `strict`.
 *
 * Refused, or marked where manners allow a mismatch: another machine class, another scenario.
 * Refused always: the run is one of the baseline's own, or partial; an arm, batch size, metric or
 * quantile that one of the two lacks; too few cycles for the quantile.
 * arm     : only this one; NULL: every arm of the baseline
 * errors  : those of the store
 */
int gate_stored(struct gate_result *out, const struct gate_baseline *baseline,
                struct results *store, int64_t run, const char *arm, bool strict,
                const struct gate_manners *manners, struct err *err);

#endif
