/* What did the subject leave behind? Children, zombies,
 * orphans that came to us, open descriptors. */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cycle/cycle_internal.h"

#define MOST_CHILDREN (SCENARIO_MOST_AGENTS + 256)
#define MOST_SUBJECTS (SCENARIO_MOST_ARMS * SCENARIO_MOST_ARMS)
#define SETTLE_NS     (500 * CLOCK_NS_PER_MS) /* who was told to die may need a moment */

/* Runs of this process: what is a subject of one is no orphan to the other. */
static const struct cycle_subjects *open_runs[SCENARIO_MOST_ARMS];

void hygiene_enter(const struct cycle_subjects *run)
{
    for (size_t i = 0; i < SCENARIO_MOST_ARMS; i++)
        if (!open_runs[i]) {
            open_runs[i] = run;
            return;
        }
}

void hygiene_leave(const struct cycle_subjects *run)
{
    for (size_t i = 0; i < SCENARIO_MOST_ARMS; i++)
        if (open_runs[i] == run)
            open_runs[i] = NULL;
}

static size_t known_pids(pid_t out[MOST_SUBJECTS])
{
    size_t count = 0;
    for (size_t k = 0; k < SCENARIO_MOST_ARMS; k++)
        for (size_t i = 0; open_runs[k] && i < open_runs[k]->options.scenario->arm_count; i++)
            if (open_runs[k]->arms[i].subject.process.pid)
                out[count++] = open_runs[k]->arms[i].subject.process.pid;
    return count;
}

/* Processes that became ours because their parent is gone. A subject that was killed is given a
 * moment: its agents die with it, but not in the same instant. Only what still ran then is an
 * orphan. */
void hygiene_reap(struct cycle *cycle)
{
    struct process_view children[MOST_CHILDREN];
    pid_t known[MOST_SUBJECTS];
    size_t known_count = known_pids(known);
    int64_t until_ns = clock_now_ns() + SETTLE_NS;
    size_t alive, there;
    do {
        there = process_children(getpid(), children, MOST_CHILDREN);
        alive = 0;
        for (size_t i = 0; i < there && i < MOST_CHILDREN; i++) {
            bool ours = children[i].state == 'Z';
            for (size_t k = 0; k < known_count; k++)
                ours = ours || known[k] == children[i].pid;
            if (!ours && alive++ == 0)
                snprintf(cycle->left_name, sizeof cycle->left_name, "%s", children[i].name);
        }
        if (alive)
            clock_sleep_until(clock_now_ns() + 5 * CLOCK_NS_PER_MS);
    } while (alive && clock_now_ns() < until_ns);
    cycle->orphans = (int)alive;
    if (there > known_count)
        process_reap_adopted(known, known_count);
}

void hygiene_open(struct cycle_arm *arm)
{
    struct process_view children[CYCLE_MOST_OWN_CHILDREN];
    size_t there = process_children(arm->subject.process.pid, children, CYCLE_MOST_OWN_CHILDREN);
    arm->own_child_count = there < CYCLE_MOST_OWN_CHILDREN ? there : CYCLE_MOST_OWN_CHILDREN;
    for (size_t i = 0; i < arm->own_child_count; i++)
        arm->own_children[i] = children[i].pid;
    arm->cycles = 0;
    arm->descriptors_first = -1;
}

static bool is_own(const struct cycle_arm *arm, pid_t pid)
{
    for (size_t i = 0; i < arm->own_child_count; i++)
        if (arm->own_children[i] == pid)
            return true;
    return false;
}

static void count_children(struct cycle_arm *arm, struct cycle *cycle)
{
    struct process_view children[MOST_CHILDREN];
    size_t there = process_children(arm->subject.process.pid, children, MOST_CHILDREN);
    for (size_t i = 0; i < there && i < MOST_CHILDREN; i++) {
        if (is_own(arm, children[i].pid))
            continue;
        cycle->children_left++;
        cycle->zombies_left += children[i].state == 'Z';
        snprintf(cycle->left_name, sizeof cycle->left_name, "%s", children[i].name);
    }
}

void hygiene_look(struct cycle_subjects *run, struct cycle_arm *arm, struct cycle *cycle)
{
    int64_t from_ns = clock_now_ns();
    cycle->descriptors = -1;
    cycle->descriptors_first = -1;
    if (arm->subject.process.pid) {
        int settling = CYCLE_SETTLING_CYCLES * (int)run->options.scenario->value_count;
        count_children(arm, cycle);
        cycle->descriptors = process_count_descriptors(arm->subject.process.pid);
        if (++arm->cycles <= settling) {
            if (cycle->descriptors > arm->descriptors_first)
                arm->descriptors_first = cycle->descriptors;
        } else {
            cycle->descriptors_first = arm->descriptors_first;
        }
    }
    hygiene_reap(cycle);
    cycle->hygiene_ns += clock_now_ns() - from_ns;
}
