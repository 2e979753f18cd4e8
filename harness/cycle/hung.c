/* What do agents do that hang? Looked at while they live, told when they have been ended.
 *
 * A subject ends an agent that is late before it says so, and then nobody can see any more whether
 * it burned CPU time or waited for something. So all processes below us are looked at once, when an
 * answer has taken LATE of its deadline: nothing that is in time is disturbed. See proc(5). */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cycle/cycle_internal.h"

#define LATE 0.9
#define LEAST_DEADLINE_NS                                                                          \
    (300 * CLOCK_NS_PER_MS) /* below, the look itself would be seen in a time */
#define MOST_SEEN 8192

/* The fields behind the name, which may hold anything itself: 3 state, 4 parent, 14 and 15 CPU */
static bool read_stat(struct hung_process *out, pid_t pid)
{
    char text[1024], *at;
    long long cpu;
    if (!process_read(text, sizeof text, pid, "stat") || !(at = strrchr(text, ')')) ||
        strlen(at) < 5)
        return false;
    *out = (struct hung_process){.pid = pid, .state = at[2]};
    out->parent = (pid_t)strtol(at + 4, &at, 10);
    for (int field = 5; field < 14; field++)
        strtoll(at, &at, 10);
    cpu = strtoll(at, &at, 10);
    cpu += strtoll(at, &at, 10);
    out->cpu_ns = (int64_t)cpu * (CLOCK_NS_PER_S / sysconf(_SC_CLK_TCK));
    return true;
}

static size_t read_all(struct hung_process out[MOST_SEEN])
{
    size_t count = 0;
    struct dirent *entry;
    DIR *proc = opendir("/proc");
    while (proc && count < MOST_SEEN && (entry = readdir(proc))) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10); /* 0: no process */
        count += pid > 0 && read_stat(&out[count], pid);
    }
    if (proc)
        closedir(proc);
    return count;
}

static int by_pid(const void *a, const void *b)
{
    const struct hung_process *x = a, *y = b;
    return (x->pid > y->pid) - (x->pid < y->pid);
}

static const struct hung_process *find(const struct hung_process all[], size_t count, pid_t pid)
{
    const struct hung_process wanted = {.pid = pid};
    return count ? bsearch(&wanted, all, count, sizeof *all, by_pid) : NULL;
}

/* Those that lost their parent are our children: we are their subreaper. */
static bool is_below_us(const struct hung_process all[], size_t count, pid_t pid)
{
    const struct hung_process *at = find(all, count, pid);
    for (size_t steps = 0; at && steps < count; steps++) {
        if (at->parent == getpid())
            return true;
        at = find(all, count, at->parent);
    }
    return false;
}

static int64_t look(void *context)
{
    struct hung *hung = context;
    struct hung_process *all;
    size_t count;
    if (clock_now_ns() >=
        hung->until_ns) /* we were kept from looking: what is seen now is no clue */
        return INT64_MAX;
    all = xcalloc(MOST_SEEN, sizeof *all);
    count = read_all(all);
    qsort(all, count, sizeof *all, by_pid);
    for (size_t i = 0; i < count; i++) {
        struct hung_process *seen;
        if (!is_below_us(all, count, all[i].pid))
            continue;
        hung->seen = xrealloc(hung->seen, hung->count + 1, sizeof *hung->seen);
        seen = &hung->seen[hung->count++];
        *seen = all[i];
        process_read(seen->waits_in, sizeof seen->waits_in, seen->pid, "wchan");
        text_make_printable(seen->waits_in);
    }
    free(all);
    return INT64_MAX;
}

void hung_watch(struct cycle_subjects *run, struct cycle_arm *arm)
{
    int64_t late_ns = (int64_t)(LATE * (double)run->options.scenario->deadline_ns);
    hung_release(&arm->hung);
    if (run->options.scenario->deadline_ns < LEAST_DEADLINE_NS)
        return;
    arm->hung.after_ns = late_ns;
    arm->hung.until_ns = clock_now_ns() + run->options.scenario->deadline_ns;
    arm->subject.late = (struct subject_onlooker){look, &arm->hung};
    arm->subject.late_ns = clock_now_ns() + late_ns;
}

static void describe(struct text *out, const struct hung *hung, const struct hung_process *seen)
{
    static const struct {
        char state;
        const char *words;
    } states[] = {{'R', "was running"}, {'S', "was sleeping"}, {'D', "waited for a device"},
                  {'T', "was stopped"}, {'t', "was traced"},   {'Z', "had ended"}};
    const char *words = "was";
    char after[TEXT_DURATION_BYTES];
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (states[i].state == seen->state)
            words = states[i].words;
    text_addf(out, "after %s it %s (%c", text_duration(after, (double)hung->after_ns), words,
              seen->state);
    if (*seen->waits_in && strcmp(seen->waits_in, "0") != 0)
        text_addf(out, " in %s", seen->waits_in);
    text_addf(out, ") and had used %.1f s of CPU time",
              (double)seen->cpu_ns / (double)CLOCK_NS_PER_S);
}

void hung_tell(const struct cycle_arm *arm, struct cycle *cycle)
{
    const struct hung *hung = &arm->hung;
    for (size_t i = 0; i < cycle->agent_count && hung->count; i++) {
        struct cycle_agent *agent = &cycle->agents[i];
        const struct hung_process *seen = find(hung->seen, hung->count, agent->pid);
        struct text words = {0};
        if (!seen || (agent->outcome != CYCLE_TIMED_OUT && agent->outcome != CYCLE_CANCELLED))
            continue;
        describe(&words, hung, seen);
        free(agent->last_seen);
        agent->last_seen = text_take(&words);
    }
}

void hung_tell_subject(struct text *out, const struct cycle_arm *arm)
{
    const struct hung_process *seen =
        find(arm->hung.seen, arm->hung.count, arm->subject.process.pid);
    if (!seen)
        return;
    text_add(out, "; ");
    describe(out, &arm->hung, seen);
}

void hung_release(struct hung *hung)
{
    free(hung->seen);
    *hung = (struct hung){0};
}
