/* What did the machine do to us meanwhile? Counters of the kernel, read once per cycle.
 *
 * Descriptors stay open: a cycle costs three reads. Sources: proc(5) for /proc/stat, the kernel's
 * Documentation/accounting/psi.rst and Documentation/admin-guide/cgroup-v2.rst. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cycle/cgroup.h"
#include "cycle/cycle_internal.h"

static bool read_from(int fd, char *out, size_t room)
{
    ssize_t got = fd < 0 ? -1 : pread(fd, out, room - 1, 0);
    out[got > 0 ? got : 0] = '\0';
    return got > 0;
}

/* "cpu user nice system idle iowait irq softirq steal guest ...": guest time is in user already */
static void read_ticks(int fd, struct cycle_strain *out)
{
    char text[256];
    char *at = text + 3;
    long long total = 0, last = 0;
    if (!read_from(fd, text, sizeof text) || strncmp(text, "cpu ", 4) != 0)
        return;
    for (int i = 0; i < 8; i++) {
        last = strtoll(at, &at, 10);
        total += last;
    }
    out->steal_ticks = last;
    out->total_ticks = total;
}

/* The number behind the first `key`, -1 when it is not there */
static int64_t number_behind(int fd, const char *key)
{
    char text[1024];
    const char *at = read_from(fd, text, sizeof text) ? strstr(text, key) : NULL;
    return at ? strtoll(at + strlen(key), NULL, 10) : -1;
}

/* Between the two readings we may lose the CPU:
 * the reading with the least time between two of the same clock is the one to believe. */
int64_t strain_slept_ns(void)
{
    int64_t best_ns = INT64_MAX, slept = 0;
    for (int i = 0; i < 3; i++) {
        int64_t before_ns = clock_now_ns(), boot_ns = clock_read_ns(CLOCK_BOOTTIME);
        int64_t after_ns = clock_now_ns();
        if (after_ns - before_ns < best_ns) {
            best_ns = after_ns - before_ns;
            slept = boot_ns - before_ns;
        }
    }
    return slept;
}

static struct cycle_strain read_all(const struct strain *strain)
{
    struct cycle_strain now = {-1, -1, -1, -1, -1, -1};
    read_ticks(strain->stat_fd, &now);
    now.pressure_us = number_behind(strain->pressure_fd, "total=");
    now.throttled = number_behind(strain->throttled_fd, "nr_throttled ");
    now.suspended_ns = strain_slept_ns();
    now.span_ns = clock_now_ns();
    return now;
}

static int open_to_read(const char *path)
{
    return path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
}

void strain_open(struct strain *out, const char *stat, const char *pressure, const char *throttled)
{
    *out = (struct strain){.stat_fd = open_to_read(stat),
                           .pressure_fd = open_to_read(pressure),
                           .throttled_fd = open_to_read(throttled)};
    out->last = read_all(out);
}

void strain_open_here(struct strain *out)
{
    char *throttled = cgroup_throttled_file("/proc/self/cgroup", "/sys/fs/cgroup");
    strain_open(out, "/proc/stat", "/proc/pressure/cpu", throttled);
    free(throttled);
}

/* A counter that went back, as of another cgroup, tells nothing. */
static int64_t grown(int64_t from, int64_t to)
{
    return from < 0 || to < from ? -1 : to - from;
}

struct cycle_strain strain_read(struct strain *strain)
{
    struct cycle_strain now = read_all(strain), *last = &strain->last;
    struct cycle_strain since = {
        grown(last->steal_ticks, now.steal_ticks), grown(last->total_ticks, now.total_ticks),
        grown(last->pressure_us, now.pressure_us), grown(last->throttled, now.throttled),
        now.suspended_ns - last->suspended_ns,     now.span_ns - last->span_ns};
    if (since.suspended_ns < CLOCK_NS_PER_MS)
        since.suspended_ns = 0; /* a difference between two readings of a clock, no sleep */
    *last = now;
    return since;
}

void strain_close(struct strain *strain)
{
    const int fds[] = {strain->stat_fd, strain->pressure_fd, strain->throttled_fd};
    for (size_t i = 0; i < 3; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    strain->stat_fd = strain->pressure_fd = strain->throttled_fd = -1;
}
