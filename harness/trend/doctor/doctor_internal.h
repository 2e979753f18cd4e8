/* doctor_internal - what the files of doctor/ share; nobody else includes it. */
#ifndef TREND_DOCTOR_DOCTOR_INTERNAL_H
#define TREND_DOCTOR_DOCTOR_INTERNAL_H

#include "trend/doctor/doctor.h"

/* One examination under way. */
struct examiner {
    const char *proc, *sys, *results, *programs, *environment;
    int64_t sample_ns;
    void (*wait)(void *context, int64_t ns);
    void *context;
    struct doctor_examination *out;
};

/* doctor.c: one more row, DOCTOR_OK with nothing found; it lives until the next one is added */
struct doctor_row *doctor_add(struct examiner *examiner, const char *name);

/* doctor_find   - what was found
 * doctor_judge  - the level, when it is graver than the one so far, and what to do about it
 * doctor_figure - a number for programs */
void doctor_find(struct doctor_row *row, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void doctor_judge(struct doctor_row *row, enum doctor_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void doctor_figure(struct doctor_row *row, const char *key, double value);

/* doctor_rate - unfit at and above `unfit`, a warning at and above `warning`, else ok */
enum doctor_level doctor_rate(double value, double warning, double unfit);

/* doctor_read - a small file below proc or sys without its last newline,
 * "" when there is none; the caller frees it */
char *doctor_read(const char *root, const char *path);

/* The checks, in this order; each adds one row or more. */
void check_clock(struct examiner *examiner);
void check_timer(struct examiner *examiner);
void check_activity(struct examiner *examiner); /* load, steal, pressure, throttling */
void check_cores(struct examiner *examiner);
void check_frequency(struct examiner *examiner); /* governor, turbo */
void check_memory(struct examiner *examiner);
void check_limits(struct examiner *examiner);
void check_trees(struct examiner *examiner);   /* how a subject's processes are told from others */
void check_results(struct examiner *examiner); /* file system, durability */
void check_engine(struct examiner *examiner);
void check_programs(struct examiner *examiner); /* agent, gnuplot, build */

#endif
