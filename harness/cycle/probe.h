/* probe - what can this machine's clock and disk do? Small measurements, milliseconds each.
 *
 * For the description of a run (host.c) and for spawnbench doctor.
 */
#ifndef CYCLE_PROBE_H
#define CYCLE_PROBE_H

#include <stddef.h>
#include <stdint.h>

/*
 * probe_clock_resolution_ns - the smallest step that CLOCK_MONOTONIC was seen to make
 *
 * What it claims (clock_getres) says little.
 *
 * returns : ns, 1 or more
 */
int64_t probe_clock_resolution_ns(void);

/*
 * probe_fdatasync - what it takes to make 4 KiB durable in a folder, again and again
 *
 * took    : shape [count], ns, ascending when it returns
 * returns : 0, or -1 with errno: the folder cannot be written or synchronised
 */
int probe_fdatasync(int64_t took[], size_t count, const char *folder);

/* probe_file_system - "ext4", "tmpfs", ..., or "unknown"; static memory. source: statfs(2) */
const char *probe_file_system(const char *folder);

#endif
