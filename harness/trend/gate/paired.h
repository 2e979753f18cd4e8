/* paired - baseline and candidate measured side by side, in one run, and judged. */
#ifndef TREND_GATE_PAIRED_H
#define TREND_GATE_PAIRED_H

#include "runner/runner.h"
#include "trend/gate/result.h"

/* What runs against what. Borrowed for the call. */
struct gate_sides {
    struct runner_options runner; /* results, path, command, seed, observer; the rest is ours */
    const char *against;          /* command line of the baseline, see gate_split_command */
    const char *arm;              /* the candidate; NULL: see gate_pick_arm */
    struct gate_manners manners;
};

/*
 * gate_run_paired - derive the scenario, look at the noise floor, run both arms, judge
 *
 * The run stops at the first look at which the gate is decided.
 *
 * result : asked is filled before; refused when the run ended early or could not be begun
 * ended  : why it did, zero otherwise; it is not returned as an error
 * errors : ERR_USAGE, those of scenarios and of the store
 */
int gate_run_paired(struct gate_result *result, const struct gate_sides *sides, struct err *ended,
                    struct err *err);

#endif
