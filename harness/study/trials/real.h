/* real - `spawnbench gate` itself, run as a program on real processes, where the answer is known.
 *
 * Normal use: real_read of the file of earlier results, real_measure to add to it, real_write to
 * tell it as Markdown, real_release.
 */
#ifndef STUDY_TRIALS_REAL_H
#define STUDY_TRIALS_REAL_H

#include "base/err.h"
#include "base/text.h"
#include "scenario/identity.h"
#include "study/trials/trials.h"

#define REAL_SCHEMA        "spawnbench.gate-trials.v1"
#define REAL_KINDS         5
#define REAL_VERDICT_BYTES 32

/* What must come out how often. */
struct real_bar {
    enum { REAL_NO_BAR, REAL_FEW_REGRESSIONS, REAL_REGRESSIONS, REAL_WITHIN_200, REAL_PASSED } what;
    double share; /* at most of FEW_REGRESSIONS, at least of the others */
};

/* One kind of gate on real processes: a row of real_kinds. */
struct real_kind {
    const char *name, *about;
    size_t gates;  /* that are meant to be asked */
    bool as_it_is; /* nothing is appended, nothing planted */
    double change; /* planted: of the spawn time; 0.1 is 10 % slower */
    bool rare;     /* in one batch of ten only */
    double tolerance, quantile;
    int most_pairs;
    size_t expected_pairs; /* on a quiet machine, for the estimate of time */
    struct real_bar bars[2];
};
extern const struct real_kind real_kinds[REAL_KINDS];

/* What one gate said. */
struct real_gate {
    char verdict[REAL_VERDICT_BYTES]; /* "regression", "no regression", ..., "integrity broken" */
    double ratio, lower, upper, detectable; /* NaN: none */
    size_t pairs;
    double seconds;
};

/* All gates of one kind, measured on one machine. Zero: none yet. Owned: gates, command. */
struct real_series {
    struct real_gate *gates;
    size_t count;
    char date[16]; /* of the last one: 2026-11-25 */
    char *command;
    int64_t init_ns;    /* of the agents */
    int64_t base_ns;    /* spawn time before anything was planted, median; 0: not needed */
    int64_t planted_ns; /* by which the agents' initialisation was lengthened */
    uint64_t seed;      /* gate i had seed + i */
    double load;        /* of the machine when it began, over one minute */
    struct scenario_machine machine;
};

/* One series for each row of real_kinds. */
struct real_results {
    struct real_series series[REAL_KINDS];
};

/*
 * real_read - the file of earlier results
 *
 * errors : ERR_FORMAT, ERR_SYSTEM; a file that is not there is no error: nothing was measured
 */
int real_read(struct real_results *out, const char *path, struct err *err);

/* real_save - the whole file, replaced at once; errors: ERR_SYSTEM */
int real_save(const struct real_results *results, const char *path, struct err *err);
void real_release(struct real_results *results);

/* What to measure. */
struct real_request {
    const char *only; /* one kind; NULL: all */
    size_t gates;     /* of each kind; 0: as many as are meant */
    int64_t init_ns;
    uint64_t seed;
    bool anew;           /* forget what was measured, else add to it */
    const char *path;    /* of the results, saved after every gate */
    const char *command; /* ours, in one line */
};

/*
 * real_measure - ask until every kind has its gates
 *
 * Each gate has a results folder of its own beside the file, removed afterwards. Progress and time
 * left on stderr where it is a terminal. An interruption ends it after the gate under way.
 * errors : ERR_UNFIT: a gate could not compare; what was measured is of another machine or with
 *          other agents; ERR_INTERRUPTED, ERR_SYSTEM
 */
int real_measure(struct real_results *results, const struct real_request *request, struct err *err);

/* real_write - the section of the report; its bars are asked of as many gates as there are */
void real_write(struct text *out, struct bars *bars, const struct real_results *results);

/* real_count - gates that said this */
size_t real_count(const struct real_series *series, const char *verdict);

#endif
