/* Is there enough of this machine for us, and does it keep its pace? */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/text.h"
#include "cycle/cgroup.h"
#include "cycle/tree.h"
#include "trend/doctor/doctor_internal.h"

#define MIB 1048576.0

void check_cores(struct examiner *examiner)
{
    struct doctor_row *row = doctor_add(examiner, "cores");
    char *membership = text_format("%s/self/cgroup", examiner->proc);
    char *mount = text_format("%s/fs/cgroup", examiner->sys);
    double quota = cgroup_cpus_quota(membership, mount);
    char granted[40] = "no quota";
    cpu_set_t set;
    int usable;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof set, &set);
    usable = CPU_COUNT(&set);
    if (quota > 0)
        snprintf(granted, sizeof granted, "a quota of %.2f", quota);
    doctor_find(row, "%ld online, %d usable by affinity, %s", sysconf(_SC_NPROCESSORS_ONLN), usable,
                granted);
    doctor_figure(row, "usable", usable);
    if (quota > 0)
        doctor_figure(row, "quota", quota);
    if (quota > 0 && quota < 1)
        doctor_judge(
            row, DOCTOR_UNFIT,
            "less than one CPU is granted: the quota will stop most cycles; raise cpu.max");
    else if (quota > 0 && quota < usable)
        doctor_judge(row, DOCTOR_WARNING,
                     "the quota may stop a cycle in its middle: raise cpu.max to %d CPUs", usable);
    if (usable < 2)
        doctor_judge(row, DOCTOR_WARNING,
                     "one core: agents that burn CPU cannot run side by side; measure with two or "
                     "more");
    free(membership);
    free(mount);
}

static void check_governor(struct examiner *examiner)
{
    struct doctor_row *row = doctor_add(examiner, "governor");
    char *governor = doctor_read(examiner->sys, "devices/system/cpu/cpu0/cpufreq/scaling_governor");
    if (*governor)
        doctor_find(row, "%s", governor);
    else
        doctor_find(row, "not told: the frequency is not ours to set");
    if (*governor && strcmp(governor, "performance") != 0)
        doctor_judge(row, DOCTOR_WARNING,
                     "the frequency follows the load: cpupower frequency-set -g performance");
    free(governor);
}

/* "no_turbo" is 0 and "boost" is 1 where the clock may rise above its nominal rate */
static void check_turbo(struct examiner *examiner)
{
    struct doctor_row *row = doctor_add(examiner, "turbo");
    char *without = doctor_read(examiner->sys, "devices/system/cpu/intel_pstate/no_turbo");
    char *boost = doctor_read(examiner->sys, "devices/system/cpu/cpufreq/boost");
    bool on = strcmp(without, "0") == 0 || strcmp(boost, "1") == 0;
    doctor_find(row, "%s", on ? "on" : *without || *boost ? "off" : "not told");
    if (on)
        doctor_judge(row, DOCTOR_WARNING,
                     "the rate depends on heat and on the other cores: write 1 to "
                     "intel_pstate/no_turbo, or 0 to cpufreq/boost, below /sys/devices/system/cpu");
    free(without);
    free(boost);
}

void check_frequency(struct examiner *examiner)
{
    check_governor(examiner);
    check_turbo(examiner);
}

/* The figure behind "KEY:" in kB, as /proc/meminfo writes it; -1 when it is not there */
static double kilobytes_of(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    return at ? strtod(at + strlen(key), NULL) : -1;
}

void check_memory(struct examiner *examiner)
{
    struct doctor_row *row = doctor_add(examiner, "memory");
    char *text = doctor_read(examiner->proc, "meminfo");
    double total = 1024 * kilobytes_of(text, "MemTotal:");
    double available = 1024 * kilobytes_of(text, "MemAvailable:");
    char free_words[TEXT_NUMBER_BYTES], total_words[TEXT_NUMBER_BYTES];
    free(text);
    if (available < 0) {
        doctor_find(row, "not told");
        return;
    }
    doctor_find(row, "%s of %s available", text_size(free_words, available),
                text_size(total_words, total));
    doctor_figure(row, "available_bytes", available);
    if (available < 512 * MIB)
        doctor_judge(row, available < 64 * MIB ? DOCTOR_UNFIT : DOCTOR_WARNING,
                     "agents may be killed or swapped out: end other programs, or run fewer "
                     "agents");
}

static double limit_of(int which)
{
    struct rlimit limit = {0};
    getrlimit(which, &limit);
    return limit.rlim_cur == RLIM_INFINITY ? 1e18 : (double)limit.rlim_cur;
}

static const char *count_words(char out[32], double count)
{
    if (count >= 1e18)
        snprintf(out, 32, "no limit");
    else
        snprintf(out, 32, "%.0f", count);
    return out;
}

void check_limits(struct examiner *examiner)
{
    struct doctor_row *row = doctor_add(examiner, "limits");
    char *text = doctor_read(examiner->proc, "sys/kernel/pid_max");
    double files = limit_of(RLIMIT_NOFILE), processes = limit_of(RLIMIT_NPROC);
    double pids = *text ? strtod(text, NULL) : 1e18;
    char one[32], two[32], three[32];
    free(text);
    doctor_find(row, "open files %s, processes %s, pid_max %s", count_words(one, files),
                count_words(two, processes), count_words(three, pids));
    doctor_figure(row, "open_files", files);
    doctor_figure(row, "processes", processes);
    doctor_figure(row, "pid_max", pids);
    if (files < 1024)
        doctor_judge(row, files < 256 ? DOCTOR_UNFIT : DOCTOR_WARNING,
                     "a batch of 100 agents needs some 300 open files: ulimit -n 4096");
    if (processes < 1024)
        doctor_judge(row, processes < 64 ? DOCTOR_UNFIT : DOCTOR_WARNING,
                     "a batch of 100 agents needs 100 processes beside yours: ulimit -u 4096");
    if (pids < 32768)
        doctor_judge(row, DOCTOR_WARNING,
                     "pids come round soon, and one may mean two agents: sysctl "
                     "kernel.pid_max=4194304");
}

void check_trees(struct examiner *examiner)
{
    struct doctor_row *row = doctor_add(examiner, "trees");
    bool descent = tree_kind() == TREE_DESCENT, peaks = tree_has_peaks();
    doctor_find(row, "what a subject starts is told by %s; peak memory of ended agents %s",
                tree_kind_names[tree_kind()], peaks ? "by its memory cgroup" : "not known");
    if (descent)
        doctor_judge(row, DOCTOR_WARNING,
                     "no cgroup may be made here: an orphan that two subjects may have started is "
                     "nobody's; run as root, or below systemd-run --user --scope -p Delegate=yes");
}
