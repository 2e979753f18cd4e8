/* What did the subject leave behind? Processes of its tree, zombies, orphans that came to us, open
 * descriptors.
 *
 * What there is when "opened" has been answered are the subject's helpers: they may live until it
 * is closed. Whatever else is in its tree after a cycle was left:
 *
 *     a child of the subject             at once: it is ended and reaped before "finished"
 *     an orphan, anything deeper         when it is still there after a moment: it may be dying
 *     one process below its helpers      not: a helper may be at work
 *
 * Each process is charged to the arm in whose tree it is, whichever arm runs. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "cycle/cycle_internal.h"

#define SETTLE_NS   (500 * CLOCK_NS_PER_MS) /* who was told to die may need a moment */
#define LEAVE_NS    (5 * CLOCK_NS_PER_S)
#define AT_WORK_MAX 1 /* processes below helpers that are forgiven */

/* Runs of this process: what is a subject of one is no orphan to the other. */
static struct cycle_subjects *open_runs[SCENARIO_MOST_ARMS];

/* Children that this process had before its first run, as of a shell that became us: not ours. */
static struct process_view *inherited;
static size_t inherited_count;

static bool any_run(void)
{
    for (size_t i = 0; i < SCENARIO_MOST_ARMS; i++)
        if (open_runs[i])
            return true;
    return false;
}

static void remember_inherited(void)
{
    size_t count, kept = 0;
    struct process_view *all = process_list(&count);
    for (size_t i = 0; i < count; i++)
        if (all[i].parent == getpid())
            all[kept++] = all[i];
    free(inherited);
    inherited = all;
    inherited_count = kept;
}

void hygiene_enter(struct cycle_subjects *run)
{
    if (!any_run())
        remember_inherited();
    for (size_t i = 0; i < SCENARIO_MOST_ARMS; i++)
        if (!open_runs[i]) {
            open_runs[i] = run;
            return;
        }
}

/* ---- whose is an orphan? ---- */

static bool is_inherited(const struct process_view *process)
{
    for (size_t i = 0; i < inherited_count; i++) {
        const struct process_view *old = &inherited[i];
        if (old->pid == process->pid || old->pid == process->group ||
            old->pid == process->session ||
            (old->group == process->group && old->group != getpgrp()) ||
            (old->session == process->session && old->session != getsid(0)))
            return true;
    }
    return false;
}

/* Came to us, the subreaper, when its parent was gone */
bool hygiene_is_adopted(const struct process_view *process)
{
    return process->parent == getpid() && !process_is_started(process->pid) &&
           !is_inherited(process);
}

/* In the group or session of one that was in this tree */
static bool is_kin(const struct tree *tree, const struct process_view *process)
{
    for (size_t i = 0; i < tree->known_count; i++) {
        const struct process_view *member = &tree->known[i];
        if (member->pid == process->group || member->pid == process->session ||
            (member->session == process->session && member->session != getsid(0)))
            return true;
    }
    return tree_knows(tree, process);
}

/* Subjects with helpers start processes also while they are not asked. */
static bool may_be_of_another(const struct cycle_arm *arm, const struct process_view *process)
{
    for (size_t k = 0; k < SCENARIO_MOST_ARMS; k++)
        for (size_t i = 0; open_runs[k] && i < open_runs[k]->options.scenario->arm_count; i++) {
            const struct cycle_arm *other = &open_runs[k]->arms[i];
            if (other != arm && (other->tree.helper_count || is_kin(&other->tree, process) ||
                                 tree_confines(&other->tree, process->pid)))
                return true;
        }
    return false;
}

bool hygiene_may_be_of(const struct cycle_arm *arm, const struct process_view *process)
{
    return hygiene_is_adopted(process) &&
           (is_kin(&arm->tree, process) || !may_be_of_another(arm, process));
}

/* Orphans that are nobody's, and when they were first seen: a tick of the clock of processes is
 * longer than some batches, and what was there before one began is not of that one. */
struct stray {
    struct process_view view;
    int64_t seen_ns;
};

static struct stray *strays;
static size_t stray_count;

static const struct stray *find_stray(const struct process_view *orphan)
{
    for (size_t i = 0; i < stray_count; i++)
        if (strays[i].view.pid == orphan->pid && strays[i].view.start_ticks == orphan->start_ticks)
            return &strays[i];
    return NULL;
}

static bool began_since(const struct process_view *orphan, int64_t since_ns, int64_t since_ticks)
{
    const struct stray *stray = find_stray(orphan);
    return orphan->start_ticks >= since_ticks && !(stray && stray->seen_ns <= since_ns);
}

/* Orphans that are in no cgroup of a tree: they are of the arm that was asked, if they are kin to
 * what it has, or began since and can be of no other. What remains is nobody's and is left alone
 * until the end. */
static void claim_orphans(struct tree_sight *sight, const struct cycle_arm *arm, int64_t since_ns)
{
    int64_t since_ticks = tree_ticks(since_ns), seen_ns = clock_now_ns();
    struct stray *left = xcalloc(sight->count + 1, sizeof *left);
    size_t left_count = 0;
    for (size_t i = 0; i < sight->count; i++) {
        const struct process_view *orphan = &sight->all[i];
        const struct stray *stray;
        if (sight->within[i] || !hygiene_is_adopted(orphan))
            continue;
        if (orphan->state == 'Z') {
            waitpid(orphan->pid, NULL, WNOHANG);
            continue;
        }
        sight->within[i] =
            is_kin(&arm->tree, orphan) ||
            (began_since(orphan, since_ns, since_ticks) && !may_be_of_another(arm, orphan));
        stray = find_stray(orphan);
        if (!sight->within[i])
            left[left_count++] = stray ? *stray : (struct stray){*orphan, seen_ns};
    }
    free(strays);
    strays = left;
    stray_count = left_count;
}

/* Who is there, and which of them are helpers; release_look when done */
struct look {
    struct tree_sight sight;
    bool *helper;
};

static void take_look(struct look *out, struct cycle_arm *arm, int64_t since_ns)
{
    tree_look(&out->sight, &arm->tree);
    claim_orphans(&out->sight, arm, since_ns);
    tree_remember(&arm->tree, &out->sight);
    out->helper = xcalloc(out->sight.count + 1, sizeof *out->helper);
    tree_helpers(out->helper, &arm->tree, &out->sight);
}

static void release_look(struct look *look)
{
    free(look->helper);
    tree_blind(&look->sight);
}

/* A process that is frozen does not die at once: it is reaped at the end. */
static void end_adopted_one(pid_t pid)
{
    int64_t until_ns = clock_now_ns() + SETTLE_NS;
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, WNOHANG) == 0 && clock_now_ns() < until_ns)
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS / 10);
}

/* ---- after a cycle ---- */

/* What is in the tree beside the subject and its helpers. */
struct left {
    int children, zombies; /* of the subject */
    int orphans, deeper;
    char name[32];
};

static void count_one(struct left *left, const struct tree *tree,
                      const struct process_view *process)
{
    bool zombie = process->state == 'Z';
    if (process->parent == tree->subject.pid) {
        left->children++;
        left->zombies += zombie;
    } else if (zombie) {
        if (process->parent == getpid())
            waitpid(process->pid, NULL, WNOHANG);
        return;
    } else if (process->parent == getpid()) {
        left->orphans++;
    } else {
        left->deeper++;
    }
    snprintf(left->name, sizeof left->name, "%s", process->name);
}

static int count_descriptors(pid_t subject, const struct look *look)
{
    int sum = process_count_descriptors(subject);
    for (size_t i = 0; i < look->sight.count && sum >= 0; i++) {
        pid_t pid = look->sight.all[i].pid;
        int more = look->helper[i] ? process_count_descriptors(pid) : 0;
        sum += more > 0 ? more : 0;
    }
    return sum;
}

/* One look at the tree. end_left: what is left of it as orphan is ended, once that was told. */
static struct left look_once(struct cycle_arm *arm, int64_t since_ns, int *descriptors,
                             bool end_left)
{
    struct look look;
    struct left left = {0};
    take_look(&look, arm, since_ns);
    for (size_t i = 0; i < look.sight.count; i++) {
        const struct process_view *process = &look.sight.all[i];
        if (!look.sight.within[i] || look.helper[i] || process->pid == arm->subject.process.pid)
            continue;
        count_one(&left, &arm->tree, process);
        if (end_left && process->parent == getpid())
            end_adopted_one(process->pid);
    }
    *descriptors = count_descriptors(arm->subject.process.pid, &look);
    release_look(&look);
    return left;
}

/* Until what may be dying is gone, or a moment is over. */
static struct left look_until_settled(struct cycle_arm *arm, int64_t since_ns, int *descriptors)
{
    int64_t until_ns = clock_now_ns() + SETTLE_NS;
    int forgiven = arm->subject.process.pid ? AT_WORK_MAX : 0; /* what a dead one had is dying */
    struct left left = look_once(arm, since_ns, descriptors, false);
    while ((left.orphans || left.deeper > forgiven) && clock_now_ns() < until_ns) {
        clock_sleep_until(clock_now_ns() + 5 * CLOCK_NS_PER_MS);
        left = look_once(arm, since_ns, descriptors, false);
    }
    return left;
}

static void watch_descriptors(struct cycle_arm *arm, struct cycle *cycle, int settling)
{
    if (++arm->cycles > settling)
        cycle->descriptors_first = arm->descriptors_first;
    else if (cycle->descriptors > arm->descriptors_first)
        arm->descriptors_first = cycle->descriptors;
}

void hygiene_open(struct cycle_arm *arm)
{
    struct look look;
    take_look(&look, arm, arm->begun_ns);
    tree_settle(&arm->tree, &look.sight);
    release_look(&look);
    arm->cycles = 0;
    arm->descriptors_first = -1;
}

/* The agents of a subject that died die with it, but not in the same instant. Its helpers are of no
 * batch: they are ended with the tree. */
void hygiene_look(struct cycle_subjects *run, struct cycle_arm *arm, struct cycle *cycle)
{
    int64_t from_ns = clock_now_ns(), since_ns = cycle->sent_ns ? cycle->sent_ns : from_ns;
    int ignored, settling = CYCLE_SETTLING_CYCLES * (int)run->options.scenario->value_count;
    struct left left = look_until_settled(arm, since_ns, &cycle->descriptors);
    bool at_work = left.deeper <= AT_WORK_MAX && arm->subject.process.pid;
    cycle->descriptors_first = -1;
    cycle->orphans = left.orphans;
    cycle->children_left = left.children + (at_work ? 0 : left.deeper);
    cycle->zombies_left = left.zombies;
    if (cycle->orphans || cycle->children_left)
        snprintf(cycle->left_name, sizeof cycle->left_name, "%s", left.name);
    if (left.orphans)
        look_once(arm, since_ns, &ignored, true);
    if (arm->subject.process.pid)
        watch_descriptors(arm, cycle, settling);
    else
        hygiene_end(arm, NULL, from_ns);
    cycle->hygiene_ns += clock_now_ns() - from_ns;
}

/* ---- when the subject is gone ---- */

/* Nothing may be left after "closed", helpers neither. Those of a subject that was killed could not
 * know. */
static int count_after(struct cycle_arm *arm, bool helpers_too, int64_t since_ns, char name[32])
{
    struct look look;
    int alive = 0;
    take_look(&look, arm, since_ns);
    for (size_t i = 0; i < look.sight.count; i++) {
        const struct process_view *process = &look.sight.all[i];
        if (!look.sight.within[i] || process->state == 'Z' || (look.helper[i] && !helpers_too))
            continue;
        alive++;
        snprintf(name, 32, "%s", process->name);
    }
    release_look(&look);
    return alive;
}

void hygiene_end(struct cycle_arm *arm, struct cycle_arm_end *end, int64_t since_ns)
{
    int64_t until_ns = clock_now_ns() + SETTLE_NS;
    if (end && arm->tree.subject.pid) {
        while ((end->orphans = count_after(arm, end->clean, since_ns, end->left_name)) &&
               clock_now_ns() < until_ns)
            clock_sleep_until(clock_now_ns() + 5 * CLOCK_NS_PER_MS);
        if (!end->orphans)
            *end->left_name = '\0';
    }
    tree_end(&arm->tree);
}

/* What came to us and is in no tree. Each that is ended gives us its children: until none come. */
static size_t end_adopted(void)
{
    size_t count, ended = 0;
    struct process_view *all = process_list(&count);
    for (size_t i = 0; i < count; i++) {
        if (!hygiene_is_adopted(&all[i]))
            continue;
        end_adopted_one(all[i].pid);
        ended++;
    }
    free(all);
    return ended;
}

void hygiene_leave(struct cycle_subjects *run)
{
    int64_t until_ns = clock_now_ns() + LEAVE_NS;
    for (size_t i = 0; i < SCENARIO_MOST_ARMS; i++)
        if (open_runs[i] == run)
            open_runs[i] = NULL;
    if (any_run())
        return;
    while (end_adopted() && clock_now_ns() < until_ns)
        continue;
    free(inherited);
    free(strays);
    inherited = NULL;
    strays = NULL;
    inherited_count = stray_count = 0;
}
