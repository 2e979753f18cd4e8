/* What did one spawn cost in CPU time and memory? Read from the kernel, right after the answer.
 *
 *     before the question     the subject's CPU time, and that of the children it had reaped
 *     after the answer        the same again, and of each agent its CPU time and peak memory
 *
 * An agent that was reaped by then has no clock any more. What the subject reaped meanwhile stands
 * for it, which the kernel tells in steps of 1/100 s only. See clock_getcpuclockid(3), proc(5). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cycle/cycle_internal.h"

#define MOST_STEPS_UP 4 /* from an agent to its subject: shells and helpers between them */

/* CPU time of a whole process so far, zombies included; -1: there is no such process */
static int64_t cpu_of(pid_t pid)
{
    clockid_t clock;
    return clock_getcpuclockid(pid, &clock) == 0 ? clock_read_ns(clock) : -1;
}

/* One read of /proc/PID/status tells both who its parent is and its peak resident set. */
struct status {
    pid_t parent;
    int64_t peak_bytes; /* -1: not told, as of a zombie */
};

static bool read_status(struct status *out, pid_t pid)
{
    char text[4096]; /* the list of groups stands in front of what we want */
    const char *parent, *peak;
    *out = (struct status){0, -1};
    if (pid <= 0 || !process_read(text, sizeof text, pid, "status"))
        return false;
    parent = strstr(text, "\nPPid:");
    peak = strstr(text, "\nVmHWM:");
    if (parent)
        out->parent = (pid_t)strtol(parent + 6, NULL, 10);
    if (peak)
        out->peak_bytes = strtoll(peak + 7, NULL, 10) * 1024;
    return true;
}

/* A pid is the subject's word: only its descendants are believed to be its agents. */
static bool descends(struct status status, pid_t subject)
{
    for (int step = 0; step < MOST_STEPS_UP && status.parent != subject; step++)
        if (status.parent <= 1 || !read_status(&status, status.parent))
            return false;
    return status.parent == subject;
}

/* CPU time of the children that a process has waited for: fields 16 and 17 of /proc/PID/stat */
static int64_t reaped_of(pid_t pid)
{
    char text[1024];
    const char *at;
    long long user = 0, system = 0;
    if (!process_read(text, sizeof text, pid, "stat") || !(at = strrchr(text, ')')))
        return -1;
    for (int field = 2; field < 16 && at; field++)
        at = strchr(at + 1, ' ');
    if (!at)
        return -1;
    user = strtoll(at, (char **)&at, 10);
    system = strtoll(at, NULL, 10);
    return (user + system) * (CLOCK_NS_PER_S / sysconf(_SC_CLK_TCK));
}

void usage_before(struct usage *out, const struct cycle_arm *arm, struct cycle *cycle)
{
    int64_t from_ns = clock_now_ns();
    out->reaped_ns = reaped_of(arm->subject.process.pid);
    out->cpu_ns = cpu_of(arm->subject.process.pid);
    cycle->hygiene_ns += clock_now_ns() - from_ns;
}

/* What the agents add up to; a member is -1 as soon as one agent's part is not known. */
struct sum {
    int64_t cpu_ns, peak_bytes;
    bool gone; /* at least one was reaped */
};

static void add(int64_t *sum, int64_t part)
{
    *sum = *sum < 0 || part < 0 ? -1 : *sum + part;
}

static void add_agent(struct sum *sum, struct cycle_agent *agent, pid_t subject)
{
    struct status status;
    if (!read_status(&status, agent->pid)) {
        bool reaped = agent->pid > 0 && cpu_of(agent->pid) < 0;
        sum->gone = sum->gone || reaped;
        sum->peak_bytes = -1;
        add(&sum->cpu_ns, reaped ? 0 : -1); /* its time is among what the subject reaped */
        return;
    }
    if (descends(status, subject)) {
        agent->cpu_ns = cpu_of(agent->pid);
        agent->peak_bytes = status.peak_bytes;
    }
    add(&sum->cpu_ns, agent->cpu_ns);
    add(&sum->peak_bytes, agent->peak_bytes);
}

void usage_after(const struct usage *before, const struct cycle_arm *arm, struct cycle *cycle)
{
    pid_t subject = arm->subject.process.pid;
    int64_t from_ns = clock_now_ns(), reaped_ns;
    int64_t cpu_ns = cpu_of(subject); /* first: looking at the agents takes time */
    struct sum sum = {0};
    struct status status;
    for (size_t i = 0; i < cycle->agent_count; i++)
        add_agent(&sum, &cycle->agents[i], subject);
    read_status(&status, subject);
    add(&sum.peak_bytes, status.peak_bytes);
    add(&sum.cpu_ns, before->cpu_ns < 0 || cpu_ns < 0 ? -1 : cpu_ns - before->cpu_ns);
    if (sum.gone) {
        reaped_ns = reaped_of(subject);
        add(&sum.cpu_ns,
            before->reaped_ns < 0 || reaped_ns < 0 ? -1 : reaped_ns - before->reaped_ns);
    }
    cycle->cost[SCENARIO_CPU_TIME] = sum.cpu_ns;
    cycle->cost[SCENARIO_PEAK_MEMORY] = sum.peak_bytes;
    cycle->hygiene_ns += clock_now_ns() - from_ns;
}
