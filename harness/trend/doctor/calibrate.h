/* calibrate - A/A sittings with real processes: the same arm against itself, judged as the gate
 * judges, added up and stored.
 *
 * Normal use: calibrate_run into a calibration whose machine and fit are filled. It prints nothing.
 */
#ifndef TREND_DOCTOR_CALIBRATE_H
#define TREND_DOCTOR_CALIBRATE_H

#include "runner/runner.h"
#include "trend/doctor/calibration.h"

/* How. Borrowed for the call. */
struct calibrate_how {
    struct runner_options runner; /* how each sitting is run: results, path (NULL: three agents that
                                     are ready after 5 ms), command, observer, seed of the first */
    const char *arm;              /* NULL: see gate_pick_arm */
    int sittings, pairs;
    int64_t pause_ns; /* between sittings */
    int64_t most_ns;  /* no sitting is begun that would end after it */
    /* before each sitting: how many are done, what the rest may take; or NULL */
    void (*each)(void *context, int done, int64_t left_ns);
    void *context;
};

/* How it ended. Plain value. */
struct calibrate_end {
    int code;     /* 0; what stopped it: the code of a sitting's run, 128 + n after a signal */
    int64_t run;  /* of the last sitting */
    int sittings; /* that count */
    bool late;    /* most_ns was over before all of them were done */
};

/*
 * calibrate_run - the sittings, judged and stored
 *
 * out    : whole when 0 is returned and end->code is 0, else released
 * errors : those of scenarios, gate_derive, the runner, calibration_finish and the store
 */
int calibrate_run(struct calibration *out, const struct calibrate_how *how,
                  struct calibrate_end *end, struct err *err);

#endif
