/* What do others do with this machine while nothing is measured? One look at all counters. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "base/clock.h"
#include "base/text.h"
#include "cycle/cgroup.h"
#include "cycle/strain.h"
#include "trend/doctor/doctor_internal.h"

#define BUSY_WARNING     0.10
#define BUSY_UNFIT       0.50
#define PRESSURE_WARNING 0.10 /* as a run is flagged */
#define PRESSURE_UNFIT   0.50
#define STEAL_WARNING    0.02 /* as a run is flagged, and made INVALID: judge/STATISTICS.md 6.5 */
#define STEAL_UNFIT      0.10

/* Ticks of all CPUs, and those in which they had nothing to do; total 0: not told. */
struct ticks {
    long long total, idle;
};

/* "cpu user nice system idle iowait irq softirq steal ...", see proc(5) */
static struct ticks read_ticks(const struct examiner *examiner)
{
    struct ticks ticks = {0};
    char *text = doctor_read(examiner->proc, "stat"), *at = text + 4;
    if (strncmp(text, "cpu ", 4) == 0)
        for (int i = 0; i < 8; i++) {
            long long value = strtoll(at, &at, 10);
            ticks.total += value;
            ticks.idle += i == 3 || i == 4 ? value : 0;
        }
    free(text);
    return ticks;
}

static void tell_load(struct examiner *examiner, struct ticks from, struct ticks to)
{
    struct doctor_row *row = doctor_add(examiner, "load");
    char *average = doctor_read(examiner->proc, "loadavg"), *end;
    double load = strtod(average, &end), total = (double)(to.total - from.total);
    /* idle time is corrected by the kernel now and then, and may go back: proc(5) */
    double busy = total > 0 ? fmin(1, fmax(0, 1 - (double)(to.idle - from.idle) / total)) : -1;
    double per_core = load / get_nprocs();
    char share[40] = "busy share not told";
    for (size_t i = 0, blanks = 0; average[i]; i++) /* the first three of five figures */
        if (average[i] == ' ' && ++blanks == 3)
            average[i] = '\0';
    if (busy >= 0)
        snprintf(share, sizeof share, "CPUs were busy %.0f %%", 100 * busy);
    doctor_find(row, "%s of %.1f s without us; load average %s of %d cores", share,
                (double)examiner->sample_ns / 1e9, end == average ? "not told" : average,
                get_nprocs());
    if (end != average)
        doctor_figure(row, "average", load);
    if (busy >= 0)
        doctor_figure(row, "busy_share", busy);
    doctor_judge(row, doctor_rate(busy, BUSY_WARNING, BUSY_UNFIT),
                 "other programs use the CPUs: end them, or measure ratios only (gate --against)");
    if (per_core > 0.5)
        doctor_judge(row, DOCTOR_WARNING, "it was busy a moment ago: wait a minute");
    free(average);
}

static void tell_steal(struct examiner *examiner, const struct cycle_strain *strain)
{
    struct doctor_row *row = doctor_add(examiner, "steal");
    double share;
    if (strain->steal_ticks < 0 || strain->total_ticks <= 0) {
        doctor_find(row, "not told");
        doctor_judge(row, DOCTOR_WARNING,
                     "nobody will see it when the host takes the CPUs away: needs /proc/stat");
        return;
    }
    share = fmin(1, (double)strain->steal_ticks / (double)strain->total_ticks);
    doctor_find(row, "the host took %.1f %% of the CPUs' time", 100 * share);
    doctor_figure(row, "share", share);
    doctor_judge(row, doctor_rate(share, STEAL_WARNING, STEAL_UNFIT),
                 "a neighbour on the same host: ask for CPUs of your own, or measure at another "
                 "hour");
}

static void tell_pressure(struct examiner *examiner, const struct cycle_strain *strain,
                          int64_t spent_ns)
{
    struct doctor_row *row = doctor_add(examiner, "pressure");
    double share = fmin(1, (double)strain->pressure_us * 1e3 / (double)spent_ns);
    if (strain->pressure_us < 0) {
        doctor_find(row, "not told");
        doctor_judge(row, DOCTOR_WARNING,
                     "nobody will see it when tasks wait for a CPU: needs a kernel with PSI "
                     "(CONFIG_PSI, boot with psi=1)");
        return;
    }
    doctor_find(row, "some task waited for a CPU in %.1f %% of the time", 100 * share);
    doctor_figure(row, "share", share);
    doctor_judge(row, doctor_rate(share, PRESSURE_WARNING, PRESSURE_UNFIT),
                 "more is running than there are CPUs: end other programs");
}

static void tell_throttling(struct examiner *examiner, const struct cycle_strain *strain)
{
    struct doctor_row *row = doctor_add(examiner, "throttling");
    if (strain->throttled < 0) {
        doctor_find(row, "not told: no cpu.stat of our cgroup counts it");
        doctor_judge(row, DOCTOR_WARNING,
                     "nobody will see it when a CPU quota stops us: needs cgroups with cpu.stat");
        return;
    }
    doctor_find(row, "the CPU quota of our cgroup stopped it %lld times",
                (long long)strain->throttled);
    doctor_figure(row, "periods", (double)strain->throttled);
    if (strain->throttled > 0)
        doctor_judge(row, DOCTOR_WARNING,
                     "raise the container's CPU quota (cpu.max), or end what runs beside us in it");
}

void check_activity(struct examiner *examiner)
{
    char *membership = text_format("%s/self/cgroup", examiner->proc);
    char *mount = text_format("%s/fs/cgroup", examiner->sys);
    char *stat = text_format("%s/stat", examiner->proc);
    char *pressure = text_format("%s/pressure/cpu", examiner->proc);
    char *throttled = cgroup_throttled_file(membership, mount);
    struct strain strain;
    struct cycle_strain since;
    struct ticks from = read_ticks(examiner), to;
    int64_t from_ns = clock_now_ns(), spent_ns;
    strain_open(&strain, stat, pressure, throttled);
    examiner->wait(examiner->context, examiner->sample_ns);
    since = strain_read(&strain);
    spent_ns = clock_now_ns() - from_ns;
    to = read_ticks(examiner);
    strain_close(&strain);
    tell_load(examiner, from, to);
    tell_steal(examiner, &since);
    tell_pressure(examiner, &since,
                  spent_ns > examiner->sample_ns ? spent_ns : examiner->sample_ns);
    tell_throttling(examiner, &since);
    free(membership);
    free(mount);
    free(stat);
    free(pressure);
    free(throttled);
}
