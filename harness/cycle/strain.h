/* strain - what did the machine do meanwhile? Counters of the kernel, kept open and read again.
 *
 * Normal use: strain_open_here, then strain_read for what happened since the last reading,
 * strain_close. For each cycle of a run, and for spawnbench doctor.
 */
#ifndef CYCLE_STRAIN_H
#define CYCLE_STRAIN_H

#include "cycle/cycle.h"

/* Counters of the machine, kept open; -1: not told here. */
struct strain {
    int stat_fd, pressure_fd, throttled_fd;
    struct cycle_strain last; /* as read last, not differences */
};

/*
 * strain_open - open and make the first reading
 *
 * stat, pressure, throttled : /proc/stat, /proc/pressure/cpu and a cpu.stat; NULL, or a file that
 *                             is not there: not told
 */
void strain_open(struct strain *out, const char *stat, const char *pressure, const char *throttled);
void strain_open_here(struct strain *out);

/* strain_read - what happened since the last reading */
struct cycle_strain strain_read(struct strain *strain);

/* strain_slept_ns - how long the machine has slept since it started: CLOCK_MONOTONIC does not run
 * meanwhile. Two readings differ by less than CLOCK_NS_PER_MS when it did not sleep between them */
int64_t strain_slept_ns(void);

/* strain_close - accepts one that is closed, not one that is zero */
void strain_close(struct strain *strain);

#endif
