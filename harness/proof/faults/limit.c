/* How is a subject that already runs kept from having more descriptors or processes? */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "proof/faults/faults_internal.h"

#define MOST_DESCRIPTORS 4096

/* The limit is on the number of a descriptor, not on how many there are: the one below which just
 * `spare` numbers are free. -1: /proc does not tell. See getrlimit(2). */
static int limit_with(pid_t pid, int spare)
{
    bool used[MOST_DESCRIPTORS] = {false};
    char path[64];
    struct dirent *entry;
    DIR *folder;
    int limit = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    folder = opendir(path);
    if (!folder)
        return -1;
    while ((entry = readdir(folder))) {
        long number = strtol(entry->d_name, NULL, 10);
        if (entry->d_name[0] != '.' && number < MOST_DESCRIPTORS)
            used[number] = true;
    }
    closedir(folder);
    for (int left = spare; limit < MOST_DESCRIPTORS && (used[limit] || left > 0); limit++)
        left -= !used[limit];
    return limit;
}

bool limit_files(struct injection *injection, int spare)
{
    int most = limit_with(injection->subject, spare);
    struct rlimit few = {(rlim_t)most, (rlim_t)most};
    snprintf(injection->how, sizeof injection->how, "RLIMIT_NOFILE %d, %d free", most, spare);
    return most >= 0 && prlimit(injection->subject, RLIMIT_NOFILE, &few, NULL) == 0;
}

/* ---- processes ---- */

static int write_number(const char *folder, const char *name, long number)
{
    char *path = text_format("%s/%s", folder, name), text[32];
    int length = snprintf(text, sizeof text, "%ld\n", number);
    int fd = open(path, O_WRONLY | O_CLOEXEC), rc = -1;
    if (fd >= 0 && write(fd, text, (size_t)length) == length)
        rc = 0;
    if (fd >= 0)
        close(fd);
    free(path);
    return rc;
}

/* A group of our own below that of this process, with a pids controller; NULL when there is none.
 * source : cgroups(7), version 1 and 2 */
static char *make_group(void)
{
    static const char *const above[] = {"/sys/fs/cgroup/pids", "/sys/fs/cgroup"};
    for (size_t i = 0; i < sizeof above / sizeof above[0]; i++) {
        char *path = text_format("%s/spawnbench-faults-%d", above[i], (int)getpid());
        char *most = text_format("%s/pids.max", path);
        bool good = (mkdir(path, 0755) == 0 || errno == EEXIST) && access(most, W_OK) == 0;
        free(most);
        if (good)
            return path;
        rmdir(path);
        free(path);
    }
    return NULL;
}

/* RLIMIT_NPROC does not bind the privileged. See getrlimit(2). */
const char *limit_processes_can(void)
{
    char *group;
    if (geteuid() != 0)
        return NULL;
    group = make_group();
    if (!group)
        return "RLIMIT_NPROC does not bind root, and no pids cgroup can be made here";
    rmdir(group);
    free(group);
    return NULL;
}

static bool limit_group(struct injection *injection, int spare)
{
    injection->group = make_group();
    snprintf(injection->how, sizeof injection->how, "pids.max leaves %d processes", spare);
    return injection->group &&
           write_number(injection->group, "cgroup.procs", injection->subject) == 0 &&
           write_number(injection->group, "pids.max", 1 + spare) == 0;
}

bool limit_processes(struct injection *injection, int spare)
{
    struct rlimit few;
    if (geteuid() == 0)
        return limit_group(injection, spare);
    snprintf(injection->how, sizeof injection->how, "RLIMIT_NPROC 0");
    if (prlimit(injection->subject, RLIMIT_NPROC, NULL, &injection->processes) != 0)
        return false;
    few = (struct rlimit){0, injection->processes.rlim_max}; /* what we may lift again */
    injection->processes_limited = prlimit(injection->subject, RLIMIT_NPROC, &few, NULL) == 0;
    return injection->processes_limited;
}

/* The subject is restarted afterwards; until then it may go on, as far as a limit can be lifted. */
void limit_end(struct injection *injection)
{
    if (injection->processes_limited)
        prlimit(injection->subject, RLIMIT_NPROC, &injection->processes, NULL);
    injection->processes_limited = false;
    if (injection->group)
        write_number(injection->group, "pids.max", 1000000);
}
