/* tree - all processes of one subject: whatever it starts, however deep, belongs to it.
 *
 * Where a cgroup may be made (leaf.h) the subject puts itself into one of its own before it becomes
 * the program, and what it starts is born there. Elsewhere the tree is known by descent: what has
 * the subject above it, and what came to us, the subreaper, when its parent was gone. A process
 * that leaves the cgroup is still found by descent.
 *
 * Normal use: tree_make, start the subject in tree->join, tree_look for who is there, tree_end.
 */
#ifndef CYCLE_TREE_H
#define CYCLE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/process.h"

struct cycle_arm;

enum tree_kind { TREE_DESCENT, TREE_CGROUP1, TREE_CGROUP2 };

/* tree_kind      - how trees are held on this machine, with our rights; found at the first question
 * tree_has_peaks - is the peak memory of a tree counted by the kernel (a memory controller)? */
enum tree_kind tree_kind(void);
bool tree_has_peaks(void);
extern const char *const tree_kind_names[]; /* "descent", "cgroup v1", "cgroup v2" */

/* tree_allow - no better kind than this from now on: for tests */
void tree_allow(enum tree_kind best);

#define TREE_MOST_JOINS 3

/* A process that a subject had when it was opened: a helper of it, no agent. */
struct tree_helper {
    struct process_view view;
    dev_t device; /* of its program; 0: not told */
    ino_t program;
};

/* One tree: that of one process of a subject, never of the next. Zero is none. */
struct tree {
    struct process_view subject;  /* pid 0: not started */
    char *leaf;                   /* NULL: by descent */
    char *memory_leaf, *cpu_leaf; /* of version 1, where these lie in hierarchies of their own */
    int join[TREE_MOST_JOINS];
    size_t join_count;
    int cpu_fd, memory_fd, peak_fd; /* -1: not counted */
    struct tree_helper *helpers;
    size_t helper_count;
    struct process_view *known; /* who was in it at the last look */
    size_t known_count;
};

/* tree_make - before the subject is started; tree_started - when it was */
void tree_make(struct tree *out);
void tree_started(struct tree *tree, pid_t subject);

/* All processes of the machine at one moment, and which are of a tree. */
struct tree_sight {
    struct process_view *all;
    size_t count;
    bool *within; /* [count] */
};

/* tree_look - who belongs to it now, the subject and zombies included; tree_blind when done.
 * tree_remember - these are known to be of it from now on, also when their parent has gone */
void tree_look(struct tree_sight *out, const struct tree *tree);
void tree_remember(struct tree *tree, const struct tree_sight *sight);
void tree_blind(struct tree_sight *sight);

/* tree_knows - was it remembered? */
bool tree_knows(const struct tree *tree, const struct process_view *process);

/* tree_settle - what is in sight are helpers from now on, the subject excepted */
void tree_settle(struct tree *tree, const struct tree_sight *sight);

/*
 * tree_helpers - which processes in sight are helpers, or stand for one that has gone
 *
 * There may be as many of each program as there were at first: who starts a helper anew has left
 * nothing. out[sight->count] is filled; the subject is none.
 */
void tree_helpers(bool out[], const struct tree *tree, const struct tree_sight *sight);

/* tree_ticks - a time of ours as /proc tells when a process began, rounded down as there */
int64_t tree_ticks(int64_t monotonic_ns);

/* tree_is_helper - was it there when the subject was opened? */
bool tree_is_helper(const struct tree *tree, const struct process_view *process);

/* Processes of a tree, by pid. Zero is none; free(items). */
struct tree_members {
    struct process_view *items;
    size_t count;
};

/*
 * tree_list - who is in it, for little: in a cgroup without those that have left it and without
 * zombies, else as tree_look
 *
 * returns : without a cgroup, whether there is an orphan that began after since_ns and may be of it
 */
bool tree_list(struct tree_members *out, const struct tree *tree, int64_t since_ns);
const struct process_view *tree_member(const struct tree_members *members, pid_t pid);
void tree_add_member(struct tree_members *members, const struct process_view *process);

/*
 * tree_holds - does this process belong to the arm's tree? The subject itself does
 *
 * By descent, else by cgroup. One or a few reads of /proc.
 */
bool tree_holds(const struct cycle_arm *arm, pid_t pid);

/* tree_confines - is it in the tree's cgroup? That is certain; false where there is none */
bool tree_confines(const struct tree *tree, pid_t pid);

/* tree_cpu_ns - CPU time of all that was ever in it; -1: nobody counts it */
int64_t tree_cpu_ns(const struct tree *tree);

/*
 * tree_memory_reset - begin a new peak; the bytes in use now; -1: nobody counts them
 * tree_memory_peak  - most in use since
 *
 * What the kernel charges to a cgroup: page cache and kernel memory too, each page once. It charges
 * in advance, up to 64 pages for each CPU, so that a difference of the two may be off by as much.
 *
 * source : Documentation/admin-guide/cgroup-v1/memory.rst of the kernel, section 5.5, and there
 *          MEMCG_CHARGE_BATCH
 */
int64_t tree_memory_reset(const struct tree *tree);
int64_t tree_memory_peak(const struct tree *tree);

/*
 * tree_end - SIGKILL all that is in it until nothing is left, at most some seconds; remove it
 *
 * tree becomes zero. Children of it that came to us are reaped.
 */
void tree_end(struct tree *tree);

#endif
