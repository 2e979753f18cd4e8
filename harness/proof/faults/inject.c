/* When and how is a fault made in a batch? Asked by the run at each of its moments. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "proof/faults/faults_internal.h"

#define SOON_NS    INT64_C(100000) /* how often witnesses are heard */
#define OUTSIDE_NS 3e6             /* the latest moment of opening or closing */

static bool dies(const struct fault *fault)
{
    return fault->means == FAULT_CALL && fault->page.how >= SHIM_DIE_BEFORE;
}

/* ---- killing the subject ---- */

static void kill_subject(struct session *session, pid_t subject, struct cycle *cycle)
{
    struct injection *injection = &session->injection;
    if (injection->struck || !subject || kill(subject, SIGKILL) != 0)
        return;
    injection->struck = true;
    if (cycle)
        cycle->harm = CYCLE_KILLED;
}

/* How many agents have said that they are ready; 1: the first, 2: all. */
static bool agents_are_ready(const struct cycle *cycle, int which)
{
    size_t ready = 0, told = 0;
    for (size_t i = 0; i < cycle->agent_count; i++) {
        ready += cycle->agents[i].ready_messages > 0;
        told += cycle->agents[i].asked->witness == SCENARIO_WITNESS_SELF;
    }
    return which == 0 || (which == 1 && ready > 0) || (which == 2 && ready > 0 && ready >= told);
}

/* It opens or closes: after a while of a few milliseconds. */
static int64_t kill_outside(struct session *session, pid_t subject)
{
    struct injection *injection = &session->injection;
    int64_t now_ns = clock_now_ns();
    if (!injection->at_ns) {
        injection->at_ns = now_ns + (int64_t)(injection->share * OUTSIDE_NS);
        snprintf(injection->how, sizeof injection->how, "%.3f ms after the request",
                 injection->share * OUTSIDE_NS / 1e6);
    }
    if (now_ns < injection->at_ns)
        return injection->at_ns - now_ns;
    kill_subject(session, subject, NULL);
    return INT64_MAX;
}

static int64_t kill_at_moment(struct session *session, enum cycle_moment moment, pid_t subject,
                              struct cycle *cycle)
{
    const struct fault *fault = session->injection.fault;
    bool late = cycle && (int)moment > (int)fault->moment && moment <= CYCLE_FINISHED;
    if (moment != fault->moment && !late)
        return INT64_MAX;
    if (!cycle)
        return kill_outside(session, subject);
    if (moment == CYCLE_SPAWNING && !agents_are_ready(cycle, fault->error))
        return SOON_NS;
    /* the answer was there before we looked again: that is the moment, then */
    kill_subject(session, subject, cycle);
    return INT64_MAX;
}

/* A tenth beyond the time of a batch: what is too late for it meets the idle subject. */
static int64_t kill_at_random(struct session *session, enum cycle_moment moment, pid_t subject,
                              struct cycle *cycle)
{
    struct injection *injection = &session->injection;
    int64_t rest_ns;
    if (moment == CYCLE_BEFORE_SPAWN) {
        int64_t delay_ns = (int64_t)(injection->share * 1.1 * (double)session->whole_ns);
        injection->at_ns = clock_now_ns() + delay_ns;
        snprintf(injection->how, sizeof injection->how, "%.3f ms after the request",
                 (double)delay_ns / 1e6);
        return INT64_MAX;
    }
    if (!cycle || moment > CYCLE_FINISHED || injection->struck)
        return INT64_MAX;
    rest_ns = injection->at_ns - clock_now_ns();
    if (rest_ns > 0 && moment != CYCLE_FINISHED)
        return rest_ns;
    kill_subject(session, subject, cycle);
    return INT64_MAX;
}

/* ---- agents ---- */

static void put_stand_in(struct session *session, struct cycle *cycle, const char *program,
                         const char *argument)
{
    struct injection *injection = &session->injection;
    injection->stand_in = *cycle->agents[0].asked;
    injection->command[0] = xstrdup(program);
    injection->command[1] = argument ? xstrdup(argument) : NULL;
    injection->stand_in.command = injection->command;
    cycle->agents[0].asked = &injection->stand_in;
}

/* A program that never is ready; only the agent of the reference knows how to be one. */
static bool put_hanger(struct session *session, struct cycle *cycle)
{
    char *agent = process_find_beside_self("spawnref-agent");
    bool there = agent != NULL;
    if (there)
        put_stand_in(session, cycle, agent, "--hang");
    free(agent);
    return there;
}

static int64_t kill_agent(struct session *session, enum cycle_moment moment, pid_t subject,
                          struct cycle *cycle)
{
    struct injection *injection = &session->injection;
    bool early = injection->fault->moment == CYCLE_SPAWNING;
    pid_t agent;
    if (moment == CYCLE_BEFORE_SPAWN && early)
        put_hanger(session, cycle);
    if (moment != injection->fault->moment || injection->struck)
        return INT64_MAX;
    agent = agent_find(subject, cycle->agents[0].id);
    if (!agent)
        return SOON_NS;
    injection->struck = kill(agent, SIGKILL) == 0;
    snprintf(injection->how, sizeof injection->how, "agent %s", cycle->agents[0].id);
    return INT64_MAX;
}

/* A file that exec refuses for the reason wanted. Were it given to a shell,
 * it would leave a mark. */
static void put_program(struct session *session, struct cycle *cycle)
{
    struct injection *injection = &session->injection;
    char *text;
    injection->program = text_format("%s/program-%zu", session->folder, cycle->index);
    injection->marker = text_format("%s/marker-%zu", session->folder, cycle->index);
    text = text_format("touch '%s'\n", injection->marker);
    if (injection->fault->error != ENOENT &&
        text_write_file(injection->program, text, strlen(text), NULL) == 0 &&
        injection->fault->error == ENOEXEC)
        chmod(injection->program, 0755);
    else if (injection->fault->error == EACCES)
        chmod(injection->program, 0644);
    put_stand_in(session, cycle, injection->program, NULL);
    injection->struck = true;
    free(text);
}

static int64_t hang(struct session *session, enum cycle_moment moment, struct cycle *cycle)
{
    if (moment == CYCLE_BEFORE_SPAWN) {
        if (session->scenario.deadline_ns > FAULT_DEADLINE)
            session->scenario.deadline_ns = FAULT_DEADLINE;
        session->injection.struck = put_hanger(session, cycle);
    }
    if (moment == CYCLE_OVER)
        session->scenario.deadline_ns = session->asked->scenario->deadline_ns;
    return INT64_MAX;
}

/* ---- what the subject needs ---- */

/* It has struck when something became of it. */
static void see_effect(struct injection *injection, struct cycle *cycle)
{
    injection->struck = cycle->broke != CYCLE_WHOLE || cycle->outcome != CYCLE_READY;
    if (injection->struck)
        cycle->harm = CYCLE_HURT;
}

static int64_t limit(struct session *session, enum cycle_moment moment, pid_t subject,
                     struct cycle *cycle)
{
    struct injection *injection = &session->injection;
    int spare = (int)(injection->share * (double)cycle->agent_count);
    if (moment == CYCLE_BEFORE_SPAWN) {
        injection->subject = subject;
        if (injection->fault->means == FAULT_FEW_DESCRIPTORS)
            limit_files(injection, spare * 3);
        else
            limit_processes(injection, spare < (int)cycle->agent_count ? spare : spare - 1);
    }
    if (moment == CYCLE_OVER) {
        limit_end(injection);
        see_effect(injection, cycle);
    }
    return INT64_MAX;
}

static int64_t busy(struct session *session, enum cycle_moment moment, struct cycle *cycle)
{
    struct injection *injection = &session->injection;
    bool for_ever = injection->fault->moment == CYCLE_OVER;
    enum cycle_moment from = injection->share < 0.5 ? CYCLE_BEFORE_SPAWN : CYCLE_SPAWNED;
    const char *database = cycle_database(session->run, session->arm);
    if (moment == from && hold_begin(injection, database)) {
        int64_t hold_ns = (int64_t)((0.05 + injection->share) * 300e6);
        injection->struck = true;
        cycle->harm = CYCLE_HURT;
        injection->at_ns = clock_now_ns() + hold_ns;
        snprintf(injection->how, sizeof injection->how, "during %s, %s%.0f ms",
                 from == CYCLE_SPAWNED ? "finish" : "spawn", for_ever ? "more than " : "",
                 (double)hold_ns / 1e6);
    }
    if (injection->holder.pid && !for_ever &&
        (moment == CYCLE_SPAWNING || moment == CYCLE_FINISHING)) {
        int64_t rest_ns = injection->at_ns - clock_now_ns();
        if (rest_ns > 0)
            return rest_ns;
        hold_end(injection);
    }
    if (moment == CYCLE_OVER)
        hold_end(injection);
    return INT64_MAX;
}

static int64_t full_disk(struct session *session, enum cycle_moment moment, struct cycle *cycle)
{
    struct injection *injection = &session->injection;
    if (moment == CYCLE_BEFORE_SPAWN)
        space_fill(session->store_folder, 0, NULL);
    if (moment == CYCLE_OVER) {
        space_clear(session->store_folder);
        see_effect(injection, cycle);
    }
    return INT64_MAX;
}

/* ---- calls of its database ---- */

static void arm_page(struct session *session)
{
    struct injection *injection = &session->injection;
    struct shim_fault fault = injection->fault->page;
    uint64_t calls = session->calls[fault.call];
    fault.nth = 1 + (uint64_t)(injection->share * (double)calls);
    if (fault.nth > calls && calls > 0)
        fault.nth = calls;
    snprintf(injection->how, sizeof injection->how, "%s %" PRIu64 " of %" PRIu64,
             page_call_name(fault.call), fault.nth, calls);
    page_arm(session->page, &fault);
}

static int64_t fail_call(struct session *session, enum cycle_moment moment, struct cycle *cycle)
{
    struct injection *injection = &session->injection;
    if (moment == CYCLE_BEFORE_SPAWN)
        arm_page(session);
    if (moment == CYCLE_OVER) {
        injection->struck = page_fired(session->page) > 0;
        page_arm(session->page, NULL);
        if (injection->struck)
            cycle->harm = dies(injection->fault) ? CYCLE_KILLED : CYCLE_HURT;
    }
    return INT64_MAX;
}

int64_t inject_meddle(void *context, enum cycle_moment moment, pid_t subject, struct cycle *cycle)
{
    struct session *session = context;
    const struct fault *fault = session->injection.fault;
    if (!fault)
        return INT64_MAX;
    switch (fault->means) {
    case FAULT_KILL_AT_MOMENT:
        return kill_at_moment(session, moment, subject, cycle);
    case FAULT_KILL_AT_RANDOM:
        return kill_at_random(session, moment, subject, cycle);
    default:
        break;
    }
    if (!cycle) /* opening or closing: nothing is due */
        return INT64_MAX;
    switch (fault->means) {
    case FAULT_KILL_AGENT:
        return kill_agent(session, moment, subject, cycle);
    case FAULT_PROGRAM:
        if (moment == CYCLE_BEFORE_SPAWN)
            put_program(session, cycle);
        return INT64_MAX;
    case FAULT_HANG:
        return hang(session, moment, cycle);
    case FAULT_FEW_DESCRIPTORS:
    case FAULT_FEW_PROCESSES:
        return limit(session, moment, subject, cycle);
    case FAULT_BUSY:
        return busy(session, moment, cycle);
    case FAULT_FULL_DISK:
        return full_disk(session, moment, cycle);
    case FAULT_CALL:
        return fail_call(session, moment, cycle);
    default:
        return INT64_MAX;
    }
}

/* ---- afterwards ---- */

void inject_check(const struct session *session, struct audit_findings *findings)
{
    const struct injection *injection = &session->injection;
    const struct cycle_agent *agent = session->cycle.agent_count ? session->cycle.agents : NULL;
    if (injection->marker && access(injection->marker, F_OK) == 0)
        audit_find(findings, "failure-is-told", agent ? agent->id : "",
                   "its program is no program, and was given to a shell");
    if (!injection->command[0] || !agent || session->cycle.broke != CYCLE_WHOLE)
        return;
    if (agent->outcome == CYCLE_READY)
        audit_find(findings, "failure-is-told", agent->id,
                   "called ready, though it could not start");
    else if (!agent->error || !*agent->error)
        audit_find(findings, "failure-is-told", agent->id, "called %s without a reason",
                   cycle_outcome_names[agent->outcome]);
}

void inject_release(struct injection *injection)
{
    hold_end(injection);
    if (injection->group)
        rmdir(injection->group);
    free(injection->group);
    if (injection->program)
        unlink(injection->program);
    if (injection->marker)
        unlink(injection->marker);
    free(injection->program);
    free(injection->marker);
    free(injection->command[0]);
    free(injection->command[1]);
    *injection = (struct injection){0};
}
