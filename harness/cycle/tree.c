/* Which processes are whose? By cgroup where one may be made, and by descent. */
#include "cycle/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cycle/cycle_internal.h"
#include "cycle/leaf.h"
#include "cycle/strain.h"

#define MOST_STEPS_UP 64
#define END_NS        (5 * CLOCK_NS_PER_S)

const char *const tree_kind_names[] = {"descent", "cgroup v1", "cgroup v2"};

/* ---- what this machine allows ---- */

static struct {
    bool found;
    enum tree_kind kind, best;
    struct leaf_place tree, cpu, memory;
} here = {.best = TREE_CGROUP2};

static bool find_first(void)
{
    static const char *const holding[] = {"freezer", "pids", "cpuacct"};
    for (size_t i = 0; i < sizeof holding / sizeof holding[0]; i++)
        if (leaf_find(&here.tree, holding[i]))
            return true;
    return false;
}

enum tree_kind tree_kind(void)
{
    if (here.found)
        return here.kind;
    here.found = true;
    if (here.best >= TREE_CGROUP2 && leaf_find(&here.tree, NULL))
        here.kind = TREE_CGROUP2;
    else if (here.best >= TREE_CGROUP1 && find_first())
        here.kind = TREE_CGROUP1;
    if (here.kind == TREE_CGROUP1)
        leaf_find(&here.cpu, "cpuacct");
    if (here.kind != TREE_DESCENT)
        leaf_find(&here.memory, "memory");
    return here.kind;
}

void tree_allow(enum tree_kind best)
{
    free(here.tree.folder);
    free(here.cpu.folder);
    free(here.memory.folder);
    memset(&here, 0, sizeof here);
    here.best = best;
}

bool tree_has_peaks(void)
{
    struct tree tree;
    bool has;
    tree_make(&tree);
    has = tree.peak_fd >= 0;
    tree_end(&tree);
    return has;
}

/* ---- one tree ---- */

static char *join(struct tree *tree, const struct leaf_place *place)
{
    int fd;
    char *leaf = leaf_make(place, &fd);
    if (leaf)
        tree->join[tree->join_count++] = fd;
    return leaf;
}

/* The peak of one descriptor's own begins anew when that is written to (version 2, Linux 6.12). */
static void open_memory(struct tree *tree)
{
    const char *leaf = tree->memory_leaf ? tree->memory_leaf : tree->leaf;
    bool first = tree->memory_leaf != NULL;
    tree->memory_fd = leaf_open(leaf, first ? "memory.usage_in_bytes" : "memory.current", O_RDONLY);
    tree->peak_fd = leaf_open(leaf, first ? "memory.max_usage_in_bytes" : "memory.peak", O_RDWR);
    if (tree_memory_reset(tree) < 0 && tree->peak_fd >= 0) {
        close(tree->peak_fd);
        tree->peak_fd = -1;
    }
}

void tree_make(struct tree *out)
{
    enum tree_kind kind = tree_kind();
    *out = (struct tree){.cpu_fd = -1, .memory_fd = -1, .peak_fd = -1};
    if (kind == TREE_DESCENT)
        return;
    out->leaf = join(out, &here.tree);
    if (!out->leaf)
        return;
    if (kind == TREE_CGROUP2) {
        out->cpu_fd = leaf_open(out->leaf, "cpu.stat", O_RDONLY);
    } else {
        out->cpu_leaf = join(out, &here.cpu);
        out->cpu_fd =
            leaf_open(out->cpu_leaf ? out->cpu_leaf : out->leaf, "cpuacct.usage", O_RDONLY);
    }
    out->memory_leaf = join(out, &here.memory);
    open_memory(out);
}

static void close_joins(struct tree *tree)
{
    for (size_t i = 0; i < tree->join_count; i++)
        close(tree->join[i]);
    tree->join_count = 0;
}

void tree_started(struct tree *tree, pid_t subject)
{
    close_joins(tree);
    process_look(&tree->subject, subject);
}

/* ---- who is in it? ---- */

static size_t index_of(const struct tree_sight *sight, pid_t pid)
{
    size_t low = 0, high = sight->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sight->all[middle].pid < pid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < sight->count && sight->all[low].pid == pid ? low : SIZE_MAX;
}

static bool is_same(const struct process_view *a, const struct process_view *b)
{
    return a->pid == b->pid && a->start_ticks == b->start_ticks;
}

bool tree_knows(const struct tree *tree, const struct process_view *process)
{
    for (size_t i = 0; i < tree->known_count; i++)
        if (is_same(&tree->known[i], process))
            return true;
    return false;
}

/* The very process, not another one that has got its id. */
static void mark_same(struct tree_sight *sight, const struct process_view *process)
{
    size_t at = index_of(sight, process->pid);
    if (at != SIZE_MAX && is_same(&sight->all[at], process))
        sight->within[at] = true;
}

/* Whose parent is within, is within. Parents mostly have lower ids: a second round is rare. */
static void mark_below(struct tree_sight *sight)
{
    bool more = true;
    while (more) {
        more = false;
        for (size_t i = 0; i < sight->count; i++) {
            size_t parent;
            if (sight->within[i])
                continue;
            parent = index_of(sight, sight->all[i].parent);
            if (parent != SIZE_MAX && sight->within[parent])
                sight->within[i] = more = true;
        }
    }
}

/* Who was of it stays of it, also with another parent: what its parent left behind. */
void tree_remember(struct tree *tree, const struct tree_sight *sight)
{
    size_t count = 0;
    for (size_t i = 0; i < sight->count; i++)
        count += sight->within[i];
    tree->known = xrealloc(tree->known, count + 1, sizeof *tree->known);
    tree->known_count = 0;
    for (size_t i = 0; i < sight->count; i++)
        if (sight->within[i])
            tree->known[tree->known_count++] = sight->all[i];
}

void tree_look(struct tree_sight *out, const struct tree *tree)
{
    struct leaf_pids pids = {0};
    size_t at;
    *out = (struct tree_sight){0};
    out->all = process_list(&out->count);
    out->within = xcalloc(out->count + 1, sizeof *out->within);
    if (tree->leaf)
        leaf_read(&pids, tree->leaf);
    for (size_t i = 0; i < pids.count; i++)
        if ((at = index_of(out, pids.items[i])) != SIZE_MAX)
            out->within[at] = true;
    free(pids.items);
    for (size_t i = 0; i < tree->known_count; i++)
        mark_same(out, &tree->known[i]);
    if (tree->subject.pid)
        mark_same(out, &tree->subject);
    mark_below(out);
}

void tree_blind(struct tree_sight *sight)
{
    free(sight->all);
    free(sight->within);
    *sight = (struct tree_sight){0};
}

/* ---- its helpers ---- */

static void read_program(dev_t *device, ino_t *program, pid_t pid)
{
    char path[48];
    struct stat about;
    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    *device = 0;
    *program = 0;
    if (stat(path, &about) == 0) {
        *device = about.st_dev;
        *program = about.st_ino;
    }
}

void tree_settle(struct tree *tree, const struct tree_sight *sight)
{
    tree_remember(tree, sight);
    tree->helpers = xrealloc(tree->helpers, tree->known_count + 1, sizeof *tree->helpers);
    tree->helper_count = 0;
    for (size_t i = 0; i < tree->known_count; i++) {
        struct tree_helper *helper = &tree->helpers[tree->helper_count];
        if (tree->known[i].pid == tree->subject.pid)
            continue;
        helper->view = tree->known[i];
        read_program(&helper->device, &helper->program, helper->view.pid);
        tree->helper_count++;
    }
}

bool tree_is_helper(const struct tree *tree, const struct process_view *process)
{
    for (size_t i = 0; i < tree->helper_count; i++)
        if (is_same(&tree->helpers[i].view, process))
            return true;
    return false;
}

static bool stands_for(const struct tree_helper *gone, const struct process_view *present)
{
    dev_t device;
    ino_t program;
    if (strcmp(gone->view.name, present->name) != 0 || present->state == 'Z')
        return false;
    read_program(&device, &program, present->pid);
    return device == gone->device && program == gone->program;
}

void tree_helpers(bool out[], const struct tree *tree, const struct tree_sight *sight)
{
    memset(out, 0, sight->count * sizeof *out);
    for (size_t h = 0; h < tree->helper_count; h++) {
        size_t at = index_of(sight, tree->helpers[h].view.pid);
        if (at != SIZE_MAX && sight->within[at] && is_same(&sight->all[at], &tree->helpers[h].view))
            out[at] = true;
    }
    for (size_t h = 0; h < tree->helper_count; h++) {
        const struct tree_helper *helper = &tree->helpers[h];
        size_t at = index_of(sight, helper->view.pid);
        if (at != SIZE_MAX && is_same(&sight->all[at], &helper->view) &&
            sight->all[at].state != 'Z')
            continue;
        for (size_t i = 0; i < sight->count; i++) {
            if (!sight->within[i] || out[i] || sight->all[i].pid == tree->subject.pid ||
                !stands_for(helper, &sight->all[i]))
                continue;
            out[i] = true;
            break;
        }
    }
}

/* ---- questions ---- */

void tree_add_member(struct tree_members *members, const struct process_view *process)
{
    size_t at = members->count++;
    members->items = xrealloc(members->items, members->count, sizeof *members->items);
    for (; at > 0 && members->items[at - 1].pid > process->pid; at--)
        members->items[at] = members->items[at - 1];
    members->items[at] = *process;
}

const struct process_view *tree_member(const struct tree_members *members, pid_t pid)
{
    const struct tree_sight as_sight = {.all = members->items, .count = members->count};
    size_t at = index_of(&as_sight, pid);
    return at == SIZE_MAX ? NULL : &members->items[at];
}

static bool list_by_descent(struct tree_members *out, const struct tree *tree, int64_t since_ns)
{
    struct tree_sight sight;
    bool orphan = false;
    int64_t since_ticks = tree_ticks(since_ns);
    tree_look(&sight, tree);
    for (size_t i = 0; i < sight.count; i++) {
        if (sight.within[i])
            tree_add_member(out, &sight.all[i]);
        else
            orphan = orphan ||
                     (hygiene_is_adopted(&sight.all[i]) && sight.all[i].start_ticks >= since_ticks);
    }
    tree_blind(&sight);
    return orphan;
}

bool tree_list(struct tree_members *out, const struct tree *tree, int64_t since_ns)
{
    struct leaf_pids pids = {0};
    struct process_view view;
    if (!tree->leaf)
        return list_by_descent(out, tree, since_ns);
    leaf_read(&pids, tree->leaf);
    for (size_t i = 0; i < pids.count; i++)
        if (process_look(&view, pids.items[i]))
            tree_add_member(out, &view);
    free(pids.items);
    return false;
}

int64_t tree_ticks(int64_t monotonic_ns)
{
    return (monotonic_ns + strain_slept_ns()) / (CLOCK_NS_PER_S / 100);
}

/* Up to the subject, to one that is known, or to an orphan that can be of no other arm */
static bool holds_by_descent(const struct cycle_arm *arm, pid_t pid)
{
    struct process_view view;
    for (int step = 0; step < MOST_STEPS_UP && pid > 1 && pid != getpid(); step++) {
        if (pid == arm->subject.process.pid)
            return true;
        if (!process_look(&view, pid))
            return false;
        if (tree_knows(&arm->tree, &view) || hygiene_may_be_of(arm, &view))
            return true;
        pid = view.parent;
    }
    return false;
}

bool tree_confines(const struct tree *tree, pid_t pid)
{
    struct leaf_pids pids = {0};
    bool held;
    if (!tree->leaf || pid <= 0)
        return false;
    leaf_read(&pids, tree->leaf);
    held = leaf_has(&pids, pid);
    free(pids.items);
    return held;
}

bool tree_holds(const struct cycle_arm *arm, pid_t pid)
{
    return (arm->subject.process.pid && holds_by_descent(arm, pid)) ||
           tree_confines(&arm->tree, pid);
}

static int64_t read_number(int fd, const char *key)
{
    char text[1024];
    const char *at = text;
    ssize_t got = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, 0);
    if (got <= 0)
        return -1;
    text[got] = '\0';
    if (key) {
        at = strstr(text, key);
        if (!at)
            return -1;
        at += strlen(key);
    }
    return strtoll(at, NULL, 10);
}

int64_t tree_cpu_ns(const struct tree *tree)
{
    int64_t us;
    if (!tree->leaf || tree->cpu_fd < 0)
        return -1;
    if (tree_kind() == TREE_CGROUP1)
        return read_number(tree->cpu_fd, NULL);
    us = read_number(tree->cpu_fd, "usage_usec ");
    return us < 0 ? -1 : us * 1000;
}

int64_t tree_memory_reset(const struct tree *tree)
{
    if (!tree->leaf || tree->peak_fd < 0 || pwrite(tree->peak_fd, "0", 1, 0) != 1)
        return -1;
    return read_number(tree->memory_fd, NULL);
}

int64_t tree_memory_peak(const struct tree *tree)
{
    return tree->leaf ? read_number(tree->peak_fd, NULL) : -1;
}

/* ---- its end ---- */

static size_t kill_within(struct tree *tree)
{
    struct tree_sight sight;
    size_t alive = 0;
    tree_look(&sight, tree);
    tree_remember(tree, &sight);
    for (size_t i = 0; i < sight.count; i++) {
        if (!sight.within[i])
            continue;
        if (sight.all[i].state != 'Z') {
            kill(sight.all[i].pid, SIGKILL);
            alive++;
        }
        if (sight.all[i].parent == getpid())
            waitpid(sight.all[i].pid, NULL, WNOHANG);
    }
    tree_blind(&sight);
    return alive;
}

static void remove_leaf(char **leaf)
{
    if (*leaf)
        leaf_remove(*leaf);
    free(*leaf);
    *leaf = NULL;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* A tree that was never started holds nobody. */
void tree_end(struct tree *tree)
{
    int64_t until_ns = clock_now_ns() + END_NS;
    bool started = tree->join_count == 0, counted = tree->leaf != NULL;
    close_joins(tree);
    remove_leaf(&tree->leaf);
    remove_leaf(&tree->cpu_leaf);
    remove_leaf(&tree->memory_leaf);
    while (started && kill_within(tree) && clock_now_ns() < until_ns)
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
    if (counted) {
        close_fd(tree->cpu_fd);
        close_fd(tree->memory_fd);
        close_fd(tree->peak_fd);
    }
    free(tree->helpers);
    free(tree->known);
    *tree = (struct tree){.cpu_fd = -1, .memory_fd = -1, .peak_fd = -1};
}
