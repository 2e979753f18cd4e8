/* doctor - what the files of `spawnbench doctor` share; nobody else includes it. */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/cli.h"
#include "doctor/calibration.h"
#include "doctor/doctor.h"

/* How to calibrate. Strings are borrowed from argv. */
struct cli_calibrate {
    const char *results;
    const char *path;    /* of a scenario; NULL: three agents that are ready after 5 ms */
    const char *arm;     /* NULL: see gate_pick_arm */
    const char *command; /* argv in one line */
    int sittings, pairs;
    int64_t pause_ns; /* between sittings */
    int64_t most_ns;  /* no sitting is begun that would end after it */
    uint64_t seed;
    bool quiet;
};

/*
 * cli_calibrate - A/A sittings with real processes, judged and stored
 *
 * out     : machine and fit are filled already; whole when 0 is returned, released otherwise
 * returns : exit code; what went wrong is told
 */
int cli_calibrate(const struct cli_calibrate *how, struct calibration *out);

/* doctor_tell.c: what was found, for people and for programs. latest: calibrations of this machine
 * class, the newest of each scenario */
struct cli_visit {
    const char *machine; /* class */
    const struct doctor_examination *found;
    const struct calibration *latest;
    size_t latest_count;
    size_t elsewhere;               /* calibrations of other machine classes */
    const struct calibration *made; /* just now; NULL: none */
};
void cli_doctor_tell(const struct cli_visit *visit); /* checks, and what is calibrated */
void cli_doctor_tell_made(const struct calibration *calibration); /* the table */
void cli_doctor_tell_json(const struct cli_visit *visit);

#endif
