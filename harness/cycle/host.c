/* On what machine, with which settings, was this measured? Facts from /proc, /sys and uname. */
#include <cjson/cJSON.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "cycle/cgroup.h"
#include "cycle/commit.h"
#include "cycle/cycle.h"
#include "cycle/probe.h"
#include "cycle/strangers.h"
#include "cycle/tree.h"

/* The first line of a small file without its newline, or "" when there is none. */
static char *first_line(const char *path)
{
    char *data = NULL;
    size_t length;
    if (text_read_file(&data, &length, path, 1 << 20, NULL) < 0)
        return xstrdup("");
    data[strcspn(data, "\n")] = '\0';
    return data;
}

/* What stands behind "key" and a colon or blank in a file of such lines;
 * "" when it is not there. */
static char *value_of(const char *path, const char *key)
{
    char *data = NULL, *line, *next = NULL, *value = NULL;
    size_t length;
    if (text_read_file(&data, &length, path, 1 << 20, NULL) < 0)
        return xstrdup("");
    for (line = strtok_r(data, "\n", &next); line && !value; line = strtok_r(NULL, "\n", &next)) {
        size_t key_length = strlen(key);
        if (strncmp(line, key, key_length) != 0 || !strchr(" \t:=", line[key_length]))
            continue;
        line += key_length;
        line += strspn(line, " \t:=\"");
        line[strcspn(line, "\"")] = '\0';
        value = xstrdup(line);
    }
    free(data);
    return value ? value : xstrdup("");
}

/* Takes the string over. Empty facts are left out: absent says "not told here". */
static void add_taken(cJSON *host, const char *key, char *value)
{
    if (*value)
        cJSON_AddStringToObject(host, key, value);
    free(value);
}

/* Without it a figure with durability "full" says little. */
static int64_t fdatasync_median_ns(const char *folder)
{
    int64_t took[21];
    return probe_fdatasync(took, 21, folder) == 0 ? took[10] : -1;
}

static char *git_commit(void)
{
    char folder[4096];
    return getcwd(folder, sizeof folder) ? commit_find(folder) : xstrdup("");
}

static void add_cpu(cJSON *host)
{
    cpu_set_t usable;
    char *model = value_of("/proc/cpuinfo", "model name");
    char *flags = value_of("/proc/cpuinfo", "flags");
    double quota = cgroup_cpus_quota("/proc/self/cgroup", "/sys/fs/cgroup");
    CPU_ZERO(&usable);
    sched_getaffinity(0, sizeof usable, &usable);
    add_taken(host, "cpu_model", model);
    cJSON_AddNumberToObject(host, "cpus_online", (double)sysconf(_SC_NPROCESSORS_ONLN));
    cJSON_AddNumberToObject(host, "cpus_usable", CPU_COUNT(&usable));
    add_taken(host, "cpu_quota", first_line("/sys/fs/cgroup/cpu.max"));
    if (quota > 0)
        cJSON_AddNumberToObject(host, "cpus_quota", quota);
    add_taken(host, "governor",
              first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"));
    cJSON_AddBoolToObject(host, "virtual_machine", strstr(flags, "hypervisor") != NULL);
    free(flags);
}

static void add_load(cJSON *host)
{
    struct rlimit files = {0}, processes = {0};
    getrlimit(RLIMIT_NOFILE, &files);
    getrlimit(RLIMIT_NPROC, &processes);
    add_taken(host, "load_average", first_line("/proc/loadavg"));
    add_taken(host, "pressure_cpu", first_line("/proc/pressure/cpu"));
    add_taken(host, "pressure_io", first_line("/proc/pressure/io"));
    add_taken(host, "cpu_ticks", value_of("/proc/stat", "cpu")); /* the 8th figure is steal */
    json_add_int64(host, "limit_open_files", (int64_t)files.rlim_cur);
    json_add_int64(host, "limit_processes",
                   processes.rlim_cur == RLIM_INFINITY ? -1 : (int64_t)processes.rlim_cur);
}

/* How the processes of a subject are told from all others, and what of them is counted */
static void add_trees(cJSON *host)
{
    cJSON_AddStringToObject(host, "trees", tree_kind_names[tree_kind()]);
    cJSON_AddStringToObject(host, "memory_of_ended_agents",
                            tree_has_peaks() ? "memory cgroup" : "not known");
    if (*strangers_source())
        cJSON_AddStringToObject(host, "cpu_of_strangers", strangers_source());
}

char *cycle_host_describe(const char *folder, const char *engine)
{
    cJSON *host = cJSON_CreateObject();
    struct utsname kernel = {0};
    int64_t fsync_ns = fdatasync_median_ns(folder);
    char *memory = value_of("/proc/meminfo", "MemTotal");
    char *printed;
    uname(&kernel);
    cJSON_AddStringToObject(host, "spawnbench", SPAWNBENCH_VERSION);
    cJSON_AddStringToObject(host, "sqlite", engine);
    cJSON_AddStringToObject(host, "cjson", cJSON_Version());
    cJSON_AddStringToObject(host, "compiler", "gcc-compatible " __VERSION__);
    cJSON_AddStringToObject(host, "agent_libc", SPAWNBENCH_AGENT_LIBC);
    cJSON_AddStringToObject(host, "kernel", kernel.release);
    cJSON_AddStringToObject(host, "architecture", kernel.machine);
    add_taken(host, "operating_system", value_of("/etc/os-release", "PRETTY_NAME"));
    add_cpu(host);
    add_taken(host, "memory", memory);
    cJSON_AddStringToObject(host, "file_system", probe_file_system(folder));
    if (fsync_ns >= 0)
        json_add_int64(host, "fdatasync_median_ns", fsync_ns);
    add_taken(host, "clock_source",
              first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource"));
    json_add_int64(host, "clock_resolution_ns", probe_clock_resolution_ns());
    add_trees(host);
    add_load(host);
    add_taken(host, "git_commit", git_commit());
    printed = json_print(host, 0);
    cJSON_Delete(host);
    return printed;
}
