/* cgroup - how much CPU may we use, and who counts when it was not enough?
 *
 * Both versions of cgroups, see cgroups(7). membership is "/proc/self/cgroup" and mount
 * "/sys/fs/cgroup", except in tests. Where the path of our own cgroup does not exist below the
 * mount, as in a container that sees only its own part, the mount's root is what we see of it. */
#ifndef CYCLE_CGROUP_H
#define CYCLE_CGROUP_H

/*
 * cgroup_cpus_quota - CPUs worth of time that our own cgroup and those above it grant
 *
 * returns : the least of them, as 1.5; 0 when there is no quota or it is not told
 */
double cgroup_cpus_quota(const char *membership, const char *mount);

/* cgroup_throttled_file - the cpu.stat of our own cgroup, or of the nearest above it, that counts
 * "nr_throttled"; the caller frees it; NULL when there is none */
char *cgroup_throttled_file(const char *membership, const char *mount);

#endif
