/* What does /proc tell of processes? See proc(5). */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"

bool process_read(char *out, size_t room, pid_t pid, const char *name)
{
    char path[48];
    ssize_t got;
    int fd;
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    got = read(fd, out, room - 1);
    close(fd);
    out[got > 0 ? got : 0] = '\0';
    return got > 0;
}

/* `at` behind a field of /proc/PID/stat; returned behind `count` more */
static char *skip_fields(char *at, int count)
{
    for (; count > 0; count--) {
        at += strspn(at, " ");
        at += strcspn(at, " ");
    }
    return at;
}

bool process_look(struct process_view *out, pid_t pid)
{
    char line[1024];
    char *name, *at;
    if (!process_read(line, sizeof line, pid, "stat"))
        return false;
    name = strchr(line, '(');
    at = strrchr(line, ')'); /* the name itself may hold anything, see proc(5) */
    if (!name || !at || at < name || strlen(at) < 5)
        return false;
    *out = (struct process_view){.pid = pid, .state = at[2]};
    snprintf(out->name, sizeof out->name, "%.*s", (int)(at - name - 1), name + 1);
    out->parent = (pid_t)strtol(at + 3, &at, 10);
    out->group = (pid_t)strtol(at, &at, 10);
    out->session = (pid_t)strtol(at, &at, 10);
    at = skip_fields(at, 4);
    out->waited = strtoll(at, &at, 10) > 0; /* their page faults: whoever ran has had some */
    at = skip_fields(at, 4);
    out->waited_ticks = strtoll(at, &at, 10);
    out->waited_ticks += strtoll(at, &at, 10);
    at = skip_fields(at, 4);
    out->start_ticks = strtoll(at, NULL, 10);
    return true;
}

static int by_pid(const void *a, const void *b)
{
    const struct process_view *one = a, *other = b;
    return (one->pid > other->pid) - (one->pid < other->pid);
}

struct process_view *process_list(size_t *count)
{
    size_t room = 128;
    struct process_view *all;
    struct dirent *entry;
    DIR *proc = opendir("/proc");
    *count = 0;
    if (!proc)
        return NULL;
    all = xcalloc(room, sizeof *all);
    while ((entry = readdir(proc))) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10); /* 0: no process */
        if (*count == room)
            all = xrealloc(all, room *= 2, sizeof *all);
        if (pid > 0 && process_look(&all[*count], pid))
            ++*count;
    }
    closedir(proc);
    qsort(all, *count, sizeof *all, by_pid);
    return all;
}

size_t process_children(pid_t parent, struct process_view out[], size_t room)
{
    size_t all_count, count = 0;
    struct process_view *all = process_list(&all_count);
    for (size_t i = 0; i < all_count; i++) {
        if (all[i].parent != parent)
            continue;
        if (count < room)
            out[count] = all[i];
        count++;
    }
    free(all);
    return count;
}

int process_count_descriptors(pid_t pid)
{
    char path[64];
    int count = 0;
    DIR *folder;
    struct dirent *entry;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    folder = opendir(path);
    if (!folder)
        return -1;
    while ((entry = readdir(folder)))
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}
