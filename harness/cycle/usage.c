/* What did one spawn cost in CPU time and memory, and what did strangers take meanwhile? Read from
 * the kernel, right before the question and right after the answer.
 *
 * Where the subject's tree has a cgroup, that counts the CPU time of all that ran in it, also of
 * what has ended, and, with a memory controller, the most memory that was in use. Of each agent
 * that is still there, both are read from /proc: of its process, of what descends from it and, in
 * steps of 1/100 s, of what these have waited for. Without a cgroup these add up to the cost; the
 * memory of what has ended is not known then. See clock_getcpuclockid(3), proc(5). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cycle/cycle_internal.h"
#include "cycle/strangers.h"

/* CPU time of a whole process so far, zombies included; -1: there is no such process */
static int64_t cpu_of(pid_t pid)
{
    clockid_t clock;
    return pid > 0 && clock_getcpuclockid(pid, &clock) == 0 ? clock_read_ns(clock) : -1;
}

/* Peak resident set; -1: not told, as of a zombie */
static int64_t peak_of(pid_t pid)
{
    char text[4096]; /* the list of groups stands in front of what we want */
    const char *peak;
    if (!process_read(text, sizeof text, pid, "status"))
        return -1;
    peak = strstr(text, "\nVmHWM:");
    return peak ? strtoll(peak + 7, NULL, 10) * 1024 : -1;
}

/* CPU time of the children that it has waited for */
static int64_t waited_ns(const struct process_view *view)
{
    return view->waited_ticks * (CLOCK_NS_PER_S / sysconf(_SC_CLK_TCK));
}

static void add(int64_t *sum, int64_t part)
{
    *sum = *sum < 0 || part < 0 ? -1 : *sum + part;
}

/* What grew between two readings; -1: one of them is not known */
static int64_t grown(int64_t from, int64_t to)
{
    return from < 0 || to < from ? -1 : to - from;
}

/* ---- readings ---- */

/* Of this process and of the trees of its subjects. Of one without a cgroup its own process and
 * what that has waited for. */
static int64_t read_ours(const struct cycle_subjects *run)
{
    int64_t sum = clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t i = 0; run && i < run->options.scenario->arm_count; i++) {
        const struct cycle_arm *arm = &run->arms[i];
        int64_t tree_ns = tree_cpu_ns(&arm->tree), own_ns = cpu_of(arm->subject.process.pid);
        if (arm->subject.process.pid)
            sum += tree_ns >= 0 ? tree_ns : own_ns > 0 ? own_ns : 0;
    }
    return sum;
}

/* The subject and its helpers, which may do its work */
static void read_standing(struct usage *out, const struct cycle_arm *arm)
{
    struct process_view view;
    bool there = process_look(&view, arm->subject.process.pid);
    out->cpu_ns = cpu_of(arm->subject.process.pid);
    out->waited_ns = there ? waited_ns(&view) : -1;
    for (size_t i = 0; i < arm->tree.helper_count; i++) {
        const struct process_view *helper = &arm->tree.helpers[i].view;
        if (!process_look(&view, helper->pid) || view.start_ticks != helper->start_ticks)
            continue;
        add(&out->cpu_ns, cpu_of(view.pid));
        add(&out->waited_ns, waited_ns(&view));
    }
}

/* In the same order both times: what the readings take themselves is the same on both sides. */
static void read_counters(struct usage *out, const struct cycle_arm *arm)
{
    out->ours_ns = read_ours(arm->run);
    out->busy_ns = strangers_busy_ns();
    out->tree_ns = tree_cpu_ns(&arm->tree);
    read_standing(out, arm);
}

void usage_before(struct usage *out, const struct cycle_arm *arm, struct cycle *cycle)
{
    int64_t from_ns = clock_now_ns();
    out->memory_bytes = tree_memory_reset(&arm->tree);
    read_counters(out, arm);
    cycle->hygiene_ns += clock_now_ns() - from_ns;
}

/* ---- who is there after the answer ---- */

/* What the processes of the tree add up to; -1 as soon as a part is not known. */
struct sum {
    int64_t agents_ns;      /* CPU time of agents and what descends from them */
    int64_t peak_bytes;     /* of all */
    int64_t standing_bytes; /* of the subject and its helpers */
    bool strange;           /* an agent has told no process of the tree */
    bool gone;              /* an agent was reaped: its time is among what its parent waited for */
    bool ended;             /* the memory of somebody who has ended is not in peak_bytes */
    bool lost;              /* somebody is there whose agent is not known */
    bool outside;           /* an agent has left the cgroup */
};

/* Of the tree, but not listed: waiting to be reaped, or gone out of the cgroup */
static bool add_unlisted(struct sum *sum, struct tree_members *members, const struct cycle_arm *arm,
                         pid_t pid)
{
    struct process_view view;
    if (!tree_holds(arm, pid) || !process_look(&view, pid))
        return false;
    sum->outside = sum->outside || view.state != 'Z';
    tree_add_member(members, &view);
    return true;
}

/* Believe only those that are of the tree, and not the subject itself. */
static void check_agents(struct sum *sum, struct tree_members *members, const struct cycle_arm *arm,
                         struct cycle *cycle)
{
    for (size_t i = 0; i < cycle->agent_count; i++) {
        struct cycle_agent *agent = &cycle->agents[i];
        agent->costs_of = CYCLE_COSTS_UNKNOWN;
        if (agent->pid > 0 && cpu_of(agent->pid) < 0) {
            sum->gone = sum->ended = true;
        } else if (agent->pid != arm->subject.process.pid &&
                   (tree_member(members, agent->pid) ||
                    add_unlisted(sum, members, arm, agent->pid))) {
            agent->costs_of = CYCLE_COSTS_TREE;
            agent->cpu_ns = agent->peak_bytes = 0;
        } else {
            sum->strange = true;
        }
    }
}

static struct cycle_agent *told_agent(struct cycle *cycle, pid_t pid)
{
    for (size_t i = 0; i < cycle->agent_count; i++)
        if (cycle->agents[i].pid == pid && cycle->agents[i].costs_of == CYCLE_COSTS_TREE)
            return &cycle->agents[i];
    return NULL;
}

/* Which agent it is or descends from; NULL: none. lost: it came to us, so that nobody can say. */
static struct cycle_agent *agent_above(struct cycle *cycle, const struct tree_members *members,
                                       const struct process_view *member, bool *lost)
{
    const struct process_view *at = member;
    for (int step = 0; at && step < 64; step++) {
        struct cycle_agent *agent = told_agent(cycle, at->pid);
        if (agent)
            return agent;
        *lost = at->parent == getpid();
        at = tree_member(members, at->parent);
    }
    return NULL;
}

static void add_standing(struct sum *sum, pid_t pid)
{
    int64_t peak = peak_of(pid);
    add(&sum->peak_bytes, peak);
    add(&sum->standing_bytes, peak);
}

static void add_member(struct sum *sum, struct cycle *cycle, const struct tree_members *members,
                       const struct process_view *member)
{
    bool lost = false;
    struct cycle_agent *agent = agent_above(cycle, members, member, &lost);
    int64_t cpu_ns = cpu_of(member->pid), peak = peak_of(member->pid);
    bool ended = peak < 0 || member->waited;
    add(&cpu_ns, waited_ns(member));
    add(&sum->agents_ns, cpu_ns);
    sum->peak_bytes += peak > 0 ? peak : 0;
    sum->ended = sum->ended || ended;
    sum->lost = sum->lost || (!agent && lost);
    if (agent) {
        add(&agent->cpu_ns, cpu_ns);
        add(&agent->peak_bytes, ended ? -1 : peak);
    }
}

/* A helper that has left the cgroup works unseen by it. */
static bool helper_is_outside(const struct tree *tree, const struct tree_members *members)
{
    struct process_view view;
    for (size_t i = 0; tree->leaf && i < tree->helper_count; i++) {
        const struct process_view *helper = &tree->helpers[i].view;
        if (!tree_member(members, helper->pid) && process_look(&view, helper->pid) &&
            view.start_ticks == helper->start_ticks && view.state != 'Z')
            return true;
    }
    return false;
}

static void look_at_tree(struct sum *sum, const struct cycle_arm *arm, struct cycle *cycle)
{
    struct tree_members members = {0};
    const struct tree *tree = &arm->tree;
    sum->lost = tree_list(&members, tree, cycle->sent_ns);
    check_agents(sum, &members, arm, cycle);
    add_standing(sum, arm->subject.process.pid);
    sum->outside = sum->outside || helper_is_outside(tree, &members);
    for (size_t i = 0; i < members.count; i++) {
        const struct process_view *member = &members.items[i];
        if (member->pid == arm->subject.process.pid)
            continue;
        if (tree_is_helper(tree, member))
            add_standing(sum, member->pid);
        else
            add_member(sum, cycle, &members, member);
    }
    for (size_t i = 0; i < cycle->agent_count && sum->lost; i++)
        if (cycle->agents[i].costs_of == CYCLE_COSTS_TREE) {
            cycle->agents[i].costs_of = CYCLE_COSTS_PROCESS;
            cycle->agents[i].cpu_ns = cycle->agents[i].peak_bytes = -1;
        }
    free(members.items);
}

/* ---- what it comes to ---- */

static int64_t cpu_cost(const struct usage *before, const struct usage *after,
                        const struct sum *sum)
{
    int64_t cost = sum->agents_ns;
    if (sum->strange)
        return -1;
    if (!sum->outside && before->tree_ns >= 0)
        return grown(before->tree_ns, after->tree_ns);
    if (sum->lost)
        return -1;
    add(&cost, grown(before->cpu_ns, after->cpu_ns));
    if (sum->gone)
        add(&cost, grown(before->waited_ns, after->waited_ns));
    return cost;
}

/* What has ended counts as what the tree used more than before the question. */
static int64_t memory_cost(const struct usage *before, const struct cycle_arm *arm,
                           const struct sum *sum)
{
    int64_t most;
    if (sum->strange || sum->outside || sum->peak_bytes < 0)
        return -1;
    if (!sum->ended && !sum->lost)
        return sum->peak_bytes;
    most = grown(before->memory_bytes, tree_memory_peak(&arm->tree));
    if (most < 0)
        return !sum->ended && arm->tree.leaf ? sum->peak_bytes : -1;
    most += sum->standing_bytes;
    return most > sum->peak_bytes ? most : sum->peak_bytes;
}

void usage_after(const struct usage *before, const struct cycle_arm *arm, struct cycle *cycle)
{
    int64_t from_ns = clock_now_ns(), strangers_ns;
    struct usage after;
    struct sum sum = {0};
    read_counters(&after, arm); /* first: looking at the agents takes time */
    look_at_tree(&sum, arm, cycle);
    cycle->cost[SCENARIO_CPU_TIME] = cpu_cost(before, &after, &sum);
    cycle->cost[SCENARIO_PEAK_MEMORY] = memory_cost(before, arm, &sum);
    strangers_ns = after.busy_ns - before->busy_ns - (after.ours_ns - before->ours_ns);
    if (before->busy_ns >= 0 && after.busy_ns >= 0)
        cycle->strangers_ns = strangers_ns > 0 ? strangers_ns : 0;
    cycle->hygiene_ns += clock_now_ns() - from_ns;
}
