/* pages - what the files of `spawnbench doctor` and of `spawnbench gate` share, and no others. */
#ifndef CLI_PAGES_H
#define CLI_PAGES_H

#include "cli/cli.h"
#include "trend/doctor/calibration.h"
#include "trend/doctor/doctor.h"
#include "trend/gate/gating.h"

/* ---- doctor ---- */

/* doctor_tell.c: what was found, for people and for programs. latest: calibrations of this machine
 * class, the newest of each scenario */
struct cli_visit {
    const char *machine; /* class */
    const char *results; /* folder */
    const struct doctor_examination *found;
    const struct calibration *latest;
    size_t latest_count;
    size_t elsewhere;               /* calibrations of other machine classes */
    const struct calibration *made; /* just now; NULL: none */
};
void cli_doctor_tell(const struct cli_visit *visit); /* checks, and what is calibrated */
void cli_doctor_tell_made(const struct calibration *calibration); /* the table */
void cli_doctor_tell_json(const struct cli_visit *visit);

/* ---- gate ---- */

/* What the command line asked. Strings are borrowed from argv. */
struct cli_gate {
    const char *against;  /* a command; or NULL */
    const char *baseline; /* a file, a name, a run; or NULL */
    const char *words[2]; /* SCENARIO or RUN */
    size_t word_count;
    const char *arm; /* NULL: see gate_pick_arm */
    struct gate_asked asked;
    struct gate_manners manners;
    bool against_history; /* an open step of the scenario's history fails, too */
    bool strict_baseline; /* a stored baseline of few sittings may fail, too */
    const char *results, *junit;
    char *command; /* argv in one line; owned */
    uint64_t seed;
    bool json, quiet, ctest;
};

/* gate_history.c: what the scenario's history says, into marks and open_steps; returns likewise */
int cli_gate_history(const struct cli_gate *gate, struct gate_result *result);

/* gate_tell.c: an error with exit code 5 becomes the reason why it could not be compared, which CI
 * services are told, too (returns 0); any other is told at once (returns its exit code) */
int cli_gate_could_not(struct gate_result *result, const struct err *err);

/* gate_stored.c: against what is stored. Fills result; returns 0, or an exit code of what went
 * wrong, already told. */
int cli_gate_stored(const struct cli_gate *gate, struct gate_result *result);

/* gate_tell.c: to people, programs and CI services; the exit code */
int cli_gate_tell(const struct cli_gate *gate, const struct gate_result *result);

#endif
