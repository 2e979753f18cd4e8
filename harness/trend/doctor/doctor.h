/* doctor - is this machine fit to measure?
 *
 * Normal use: doctor_examine, print the rows, doctor_worst, doctor_release. Each row says what was
 * found, what it means, and what to do about it. Thresholds of steal are those that make a run
 * INVALID afterwards (judge/STATISTICS.md 6.5); the others are judgement, beside each.
 */
#ifndef TREND_DOCTOR_DOCTOR_H
#define TREND_DOCTOR_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum doctor_level { DOCTOR_OK, DOCTOR_WARNING, DOCTOR_UNFIT };

#define DOCTOR_MOST_FIGURES 4

/* One check. Plain value; name and keys are static. */
struct doctor_row {
    const char *name;
    enum doctor_level level;
    char found[200];
    char remedy[240]; /* "" when there is nothing to do */
    struct doctor_figure {
        const char *key; /* with its unit: "step_ns" */
        double value;
    } figures[DOCTOR_MOST_FIGURES];
    size_t figure_count;
};

struct doctor_examination {
    struct doctor_row *rows; /* owned */
    size_t count;
};

/* Where to look. Plain value, borrowed for the call. Zero is this machine, but for `results`. */
struct doctor_places {
    const char *results;     /* folder of the results; made when it is not there */
    const char *proc, *sys;  /* NULL: /proc, /sys; tests plant files in others */
    const char *programs;    /* folder of spawnref and its agent; NULL: beside this program */
    const char *environment; /* of cycle_host_describe; NULL: the agent's C library is not told */
    int64_t sample_ns;       /* how long to watch load, steal and pressure; 0: 2 s */
    void (*wait)(void *context, int64_t ns); /* instead of sleeping that long; NULL: sleep */
    void *context;
};

/* doctor_examine - every check, in a fixed order; takes sample_ns and a little more */
void doctor_examine(struct doctor_examination *out, const struct doctor_places *places);
void doctor_release(struct doctor_examination *examination);

/* doctor_worst - the gravest level of all rows; warnings do not make a machine unfit */
enum doctor_level doctor_worst(const struct doctor_examination *examination);

/* doctor_level_name - "ok", "warning", "unfit" */
const char *doctor_level_name(enum doctor_level level);

#endif
