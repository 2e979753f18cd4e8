/* Which process is this agent? Asked of /proc, so that no lie can make us kill a stranger. */
#include <fcntl.h>
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
