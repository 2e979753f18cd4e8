/* leaf - a cgroup of our own making: whatever a subject starts stays in it.
 *
 * Both versions of cgroups, see cgroups(7). A leaf is made below the cgroup that we are in, else,
 * where that is not seen, at the root of the mount. Its name tells whose it is:
 *
 *     spawnbench-PIDNAMESPACE-PID-STARTTICKS-NUMBER
 *
 * so that the next spawnbench can tell a leaf of one that was killed from that of one that lives.
 */
#ifndef CYCLE_LEAF_H
#define CYCLE_LEAF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Where leaves are made. Zero: nowhere. Never freed: found once in the life of a process. */
struct leaf_place {
    char *folder;
    bool second; /* cgroups version 2 */
};

/*
 * leaf_find - where may leaves of this hierarchy be made? Tried by making one and joining it; what
 * killed processes of ours left there is removed
 *
 * controller : of version 1, as "freezer"; NULL: version 2. A hierarchy that also shares out CPU
 *              time ("cpu,cpuacct") is passed by: a group there would change what is measured
 * returns    : false where there is no such hierarchy, or no right to make one
 */
bool leaf_find(struct leaf_place *out, const char *controller);

/* leaf_make - a new leaf, and its cgroup.procs open for writing; the caller frees and closes.
 * NULL: it cannot be made */
char *leaf_make(const struct leaf_place *place, int *procs_fd);

/* leaf_remove - SIGKILL all in it and below it until it is empty, at most 5 s, and remove it.
 * false: it could not be emptied */
bool leaf_remove(const char *leaf);

/* leaf_open - a file of it; -1 when it is not there */
int leaf_open(const char *leaf, const char *name, int flags);

/* Process ids, in no order. Zero is none; free(items). */
struct leaf_pids {
    pid_t *items;
    size_t count, room;
};

/* leaf_read - who is in it and in cgroups below it; zombies are not */
void leaf_read(struct leaf_pids *out, const char *leaf);
bool leaf_has(const struct leaf_pids *pids, pid_t pid);

#endif
