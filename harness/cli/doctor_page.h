/* doctor_page - what the files of `spawnbench doctor` share; nobody else includes it. */
#ifndef CLI_DOCTOR_PAGE_H
#define CLI_DOCTOR_PAGE_H

#include "cli/cli.h"
#include "trend/doctor/calibration.h"
#include "trend/doctor/doctor.h"

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
