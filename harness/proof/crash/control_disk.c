/* Do ways of syncing that are known to be bad fail in the crash walk, and are lost writes found? */
#include <stdio.h>
#include <string.h>

#include "proof/crash/controls.h"
#include "proof/crash/injected.h"
#include "proof/crash/walk.h"
#include "proof/crash/workload.h"

#define BATCHES 2
#define CALLS   8 /* at so many of each kind */

/* A rollback journal breaks seldom: it takes more luck to see it. */
static const struct walk_effort few = {.most = 4, .draws = 1}, many = {.most = 16, .draws = 8};

/* ---- crash walks ---- */

static const struct workload *workload_named(const char *name)
{
    const struct workload *workload = workloads;
    while (workload->name && strcmp(workload->name, name) != 0)
        workload++;
    return workload->name ? workload : NULL;
}

static void describe_walk(struct control_outcome *out, const struct walk_tally *tally,
                          enum workload_bar bar)
{
    const struct walk_count *kill = &tally->side[WALK_KILL], *power = &tally->side[WALK_POWER];
    char lost[160] = "0";
    if (power->losing > 0)
        snprintf(lost, sizeof lost, "%zu (up to %d of %zu%s)", power->losing, power->worst,
                 tally->transactions,
                 bar == WORKLOAD_LOSES ? "; its COMMIT does not sync the log" : "");
    snprintf(out->text, sizeof out->text,
             "of %zu states after power loss %zu are corrupt and %s lack acknowledged transactions;"
             " of %zu after a process kill %zu are corrupt and %zu lack any",
             power->states, power->corrupt + power->partial, lost, kill->states,
             kill->corrupt + kill->partial, kill->losing);
}

/* A control that breaks otherwise than it must has not shown what it is about. */
static void judge_walk(struct control_outcome *out, const struct walk_tally *tally,
                       enum workload_bar bar)
{
    const struct walk_count *kill = &tally->side[WALK_KILL], *power = &tally->side[WALK_POWER];
    bool as_it_must = walk_judge(tally, bar) == WALK_AS_IT_MUST;
    out->damaged = bar == WORKLOAD_SOUND ? !as_it_must : as_it_must;
    out->acknowledged = tally->transactions;
    out->lost = (size_t)(power->worst > kill->worst ? power->worst : kill->worst);
    out->corrupt = power->corrupt + power->partial + kill->corrupt + kill->partial;
    out->integrity = out->corrupt ? "not ok" : "ok";
}

int control_walk(struct control_outcome *out, const char *way,
                 const struct control_setting *setting, struct err *err)
{
    const struct workload *workload = workload_named(way);
    const struct walk_effort *effort;
    struct workload_run run = {0};
    struct walk_tally tally = {0};
    int rc;
    if (!workload)
        return err_set(err, ERR_INTERNAL, "no configuration '%s'", way);
    effort = strcmp(workload->journal, "delete") == 0 ? &many : &few;
    rc = workload_record(&run, workload, setting->folder, BATCHES, setting->seed, err);
    if (rc == 0)
        rc = walk_run(&tally, workload, &run, effort, setting->seed, WALK_EVERYWHERE, NULL, err);
    workload_release(&run);
    if (rc < 0)
        return -1;
    describe_walk(out, &tally, workload->bar);
    judge_walk(out, &tally, workload->bar);
    return 0;
}

/* ---- writes that are lost ---- */

int control_lost_write(struct control_outcome *out, const char *way,
                       const struct control_setting *setting, struct err *err)
{
    const struct injected_kind *kind = injected_kinds;
    struct injected_tally tally;
    while (kind->name && strcmp(kind->name, way) != 0)
        kind++;
    if (!kind->name)
        return err_set(err, ERR_INTERNAL, "no fault '%s'", way);
    if (injected_run(&tally, kind, &injected_modes[1], setting->folder, CALLS, setting->seed, err) <
        0)
        return -1;
    out->damaged = tally.bad > 0;
    out->corrupt = tally.bad;
    out->integrity = tally.bad ? "not ok" : "ok";
    snprintf(out->text, sizeof out->text,
             "%zu runs with the fault, in %zu of them no call told of it; audits found damage %zu "
             "times%s%s",
             tally.runs, tally.silent, tally.bad, tally.bad ? ", first: " : "", tally.why);
    return 0;
}
