/* Which process is this agent, and which are all below the subject? Asked of /proc, so that no lie
 * can make us kill a stranger. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "proof/faults/faults_internal.h"

#define MOST_CHILDREN 1024
#define MOST_DEPTH    8

/* Has its environment this entry? It is that of its last exec, so a child that has not become the
 * agent yet is none. See proc(5). */
static bool environment_holds(pid_t pid, const char *entry)
{
    char path[64], *data = NULL;
    size_t length = 0, at = 0;
    bool found = false;
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    if (text_read_file(&data, &length, path, 1 << 22, NULL) < 0)
        return false;
    while (at < length && !found) {
        found = strcmp(data + at, entry) == 0;
        at += strlen(data + at) + 1;
    }
    free(data);
    return found;
}

static pid_t find(pid_t parent, const char *entry, int depth)
{
    struct process_view *children = xcalloc(MOST_CHILDREN, sizeof *children);
    size_t count = process_children(parent, children, MOST_CHILDREN);
    pid_t found = 0;
    for (size_t i = 0; i < count && i < MOST_CHILDREN && !found; i++) {
        if (children[i].state == 'Z')
            continue;
        if (environment_holds(children[i].pid, entry))
            found = children[i].pid;
        else if (depth < MOST_DEPTH)
            found = find(children[i].pid, entry, depth + 1);
    }
    free(children);
    return found;
}

pid_t agent_find(pid_t subject, const char *id)
{
    char *entry = text_format("SPAWNBENCH_AGENT=%s", id);
    pid_t found = subject ? find(subject, entry, 0) : 0;
    free(entry);
    return found;
}

/* All processes below this one, as they are now. */
struct below {
    struct process_view *items;
    size_t count;
};

static void collect(struct below *below, pid_t parent, int depth)
{
    struct process_view *children = xcalloc(MOST_CHILDREN, sizeof *children);
    size_t count = process_children(parent, children, MOST_CHILDREN);
    for (size_t i = 0; i < count && i < MOST_CHILDREN; i++) {
        if (children[i].state == 'Z')
            continue;
        below->items = xrealloc(below->items, below->count + 1, sizeof *below->items);
        below->items[below->count++] = children[i];
        if (depth < MOST_DEPTH)
            collect(below, children[i].pid, depth + 1);
    }
    free(children);
}

bool agents_kill(pid_t subject)
{
    struct below below = {0};
    struct process_view now;
    bool killed;
    if (subject <= 0)
        return false;
    collect(&below, subject, 0);
    killed = kill(subject, SIGKILL) == 0;
    for (size_t i = 0; i < below.count && killed; i++)
        if (process_look(&now, below.items[i].pid) && now.start_ticks == below.items[i].start_ticks)
            kill(now.pid, SIGKILL);
    free(below.items);
    return killed;
}
