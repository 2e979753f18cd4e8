/* strangers - how much CPU time did all processes of this machine use, and how much of it was ours?
 *
 * The root of cgroups version 1 counts it exactly (cpuacct.usage), that of version 2 (cpu.stat) and
 * /proc/stat by samples, in steps of a timer tick and of 1/100 s. Seen from within a container the
 * root of the mount is not that of the machine, and is not used.
 */
#ifndef CYCLE_STRANGERS_H
#define CYCLE_STRANGERS_H

#include <stdint.h>

/* strangers_busy_ns - CPU time of the whole machine since it started; -1: not told */
int64_t strangers_busy_ns(void);

/* strangers_source - "cpuacct.usage", "cpu.stat", "/proc/stat", or "" when none of them is told */
const char *strangers_source(void);

#endif
