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
/* what was told to die may need a moment */
#define STRAGGLE_NS CLOCK_NS_PER_S

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

/* command: taken */
static void put_command(struct session *session, struct cycle *cycle, char **command)
{
    struct injection *injection = &session->injection;
    injection->stand_in = *cycle->agents[0].asked;
    injection->command = command;
    injection->stand_in.command = command;
    injection->stand_in.ours = strcmp(command[0], "{agent}") == 0;
    cycle->agents[0].asked = &injection->stand_in;
}

static void put_stand_in(struct session *session, struct cycle *cycle, const char *program,
                         const char *argument)
{
    char **command = xcalloc(3, sizeof command[0]);
    command[0] = xstrdup(program);
    command[1] = argument ? xstrdup(argument) : NULL;
    put_command(session, cycle, command);
}

/* For a batch that will not meet its deadline, not to wait longer than others of it take. */
static void shorten_deadline(struct session *session)
{
    int64_t enough_ns = 4 * session->whole_ns;
    enough_ns = enough_ns > FAULT_DEADLINE ? enough_ns : FAULT_DEADLINE;
    if (session->scenario.deadline_ns > enough_ns)
        session->scenario.deadline_ns = enough_ns;
}

static void restore_deadline(struct session *session)
{
    session->scenario.deadline_ns = session->asked->scenario->deadline_ns;
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
static void put_program(struct session *session, struct cycle *cycle, int error)
{
    struct injection *injection = &session->injection;
    char *text;
    injection->program = text_format("%s/program-%zu", session->folder, cycle->index);
    injection->marker = text_format("%s/marker-%zu", session->folder, cycle->index);
    text = text_format("touch '%s'\n", injection->marker);
    if (error != ENOENT && text_write_file(injection->program, text, strlen(text), NULL) == 0 &&
        error == ENOEXEC)
        chmod(injection->program, 0755);
    else if (error == EACCES)
        chmod(injection->program, 0644);
    put_stand_in(session, cycle, injection->program, NULL);
    injection->struck = true;
    free(text);
}

static int64_t hang(struct session *session, enum cycle_moment moment, struct cycle *cycle)
{
    if (moment == CYCLE_BEFORE_SPAWN) {
        shorten_deadline(session);
        session->injection.struck = put_hanger(session, cycle);
    }
    if (moment == CYCLE_OVER)
        restore_deadline(session);
    return INT64_MAX;
}

/* The file is one that exec refuses, should it ever be let go on. */
static int64_t exec_hangs(struct session *session, enum cycle_moment moment, struct cycle *cycle)
{
    struct injection *injection = &session->injection;
    if (moment == CYCLE_BEFORE_SPAWN) {
        shorten_deadline(session);
        put_program(session, cycle, ENOEXEC);
        injection->struck = false;
        stall_begin(injection, injection->program);
    }
    if (moment == CYCLE_SPAWNING && injection->stall_fd > 0) {
        injection->struck = stall_seen(injection) || injection->struck;
        return injection->struck ? INT64_MAX : SOON_NS;
    }
    if (moment == CYCLE_OVER) {
        stall_end(injection);
        restore_deadline(session);
    }
    return INT64_MAX;
}

/* The agent is the same, and starts one process more. */
static int64_t straggle(struct session *session, enum cycle_moment moment, pid_t subject,
                        struct cycle *cycle)
{
    struct injection *injection = &session->injection;
    bool killed = injection->fault->means == FAULT_STRAGGLER_KILLED;
    if (moment == CYCLE_BEFORE_SPAWN) {
        char **command = straggle_command(injection, session->folder, cycle->index,
                                          cycle->agents[0].asked->command, !killed);
        if (command)
            put_command(session, cycle, command);
    }
    if (moment != CYCLE_SPAWNED || !straggle_was_started(injection))
        return INT64_MAX;
    if (killed)
        kill_subject(session, subject, cycle);
    else
        injection->struck = true;
    return INT64_MAX;
}

/* ---- what the subject needs ---- */

/* It has struck when something became of it: asked when the batch is spawned, since it is audited
 * then, and when it is over. */
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
    if (moment == CYCLE_OVER)
        limit_end(injection);
    if (moment == CYCLE_SPAWNED || moment == CYCLE_OVER)
        see_effect(injection, cycle);
    return INT64_MAX;
}

static int64_t busy(struct session *session, enum cycle_moment moment, struct cycle *cycle)
{
    struct injection *injection = &session->injection;
    enum cycle_moment from = injection->share < 0.5 ? CYCLE_BEFORE_SPAWN : CYCLE_SPAWNED;
    const char *database = cycle_database(session->run, session->arm);
    if (moment == from && hold_begin(injection, database)) {
        int64_t hold_ns = (int64_t)((0.05 + injection->share) * 300e6);
        injection->struck = true;
        cycle->harm = CYCLE_HURT;
        injection->at_ns = clock_now_ns() + hold_ns;
        snprintf(injection->how, sizeof injection->how, "during %s, %.0f ms",
                 from == CYCLE_SPAWNED ? "finish" : "spawn", (double)hold_ns / 1e6);
    }
    if (injection->holder.pid && (moment == CYCLE_SPAWNING || moment == CYCLE_FINISHING)) {
        int64_t rest_ns = injection->at_ns - clock_now_ns();
        if (rest_ns > 0)
            return rest_ns;
        hold_end(injection);
    }
    if (moment == CYCLE_OVER)
        hold_end(injection);
    return INT64_MAX;
}

/* What is acknowledged while nobody else can write has not been recorded: see inject_check. */
static int64_t locked(struct session *session, enum cycle_moment moment, struct cycle *cycle)
{
    struct injection *injection = &session->injection;
    bool finishing = injection->fault->moment == CYCLE_SPAWNED;
    if (moment == CYCLE_BEFORE_SPAWN)
        shorten_deadline(session);
    if (moment == injection->fault->moment &&
        hold_begin(injection, cycle_database(session->run, session->arm)))
        cycle->harm = CYCLE_HURT;
    else if (moment == CYCLE_SPAWNED)
        injection->locked[0] = hold_goes_on(injection);
    else if (moment == CYCLE_FINISHED)
        injection->locked[1] = hold_goes_on(injection);
    if (moment == CYCLE_OVER) {
        injection->struck =
            hold_goes_on(injection) && (finishing ? cycle->finish_sent_ns : cycle->sent_ns) != 0;
        hold_end(injection);
        restore_deadline(session);
    }
    return INT64_MAX;
}

static int64_t full_disk(struct session *session, enum cycle_moment moment, struct cycle *cycle)
{
    struct injection *injection = &session->injection;
    if (moment == CYCLE_BEFORE_SPAWN)
        space_fill(session->store_folder, 0, NULL);
    if (moment == CYCLE_OVER)
        space_clear(session->store_folder);
    if (moment == CYCLE_SPAWNED || moment == CYCLE_OVER)
        see_effect(injection, cycle);
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
    if (moment == CYCLE_SPAWNED || moment == CYCLE_OVER) {
        injection->struck = page_fired(session->page) > 0;
        if (injection->struck)
            cycle->harm = dies(injection->fault) ? CYCLE_KILLED : CYCLE_HURT;
    }
    if (moment == CYCLE_OVER)
        page_arm(session->page, NULL);
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
    case FAULT_POWER:
        return cycle ? power_strike(session, moment, subject, cycle) : INT64_MAX;
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
            put_program(session, cycle, fault->error);
        return INT64_MAX;
    case FAULT_HANG:
        return hang(session, moment, cycle);
    case FAULT_EXEC_HANGS:
        return exec_hangs(session, moment, cycle);
    case FAULT_STRAGGLER:
    case FAULT_STRAGGLER_KILLED:
        return straggle(session, moment, subject, cycle);
    case FAULT_LOCKED:
        return locked(session, moment, cycle);
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

static void check_locked(const struct session *session, struct audit_findings *findings)
{
    const struct injection *injection = &session->injection;
    const struct cycle *cycle = &session->cycle;
    for (size_t i = 0; i < cycle->agent_count && injection->locked[0]; i++)
        if (cycle->agents[i].outcome == CYCLE_READY)
            audit_find(findings, "every-acknowledged-start-is-recorded", cycle->agents[i].id,
                       "called ready while another process held the write lock: it was not "
                       "recorded by then");
    if (injection->locked[1])
        audit_find(
            findings, "row-tells-the-truth", "",
            "\"finished\" was answered while another process held the write lock: nothing of "
            "it was recorded by then");
}

static void check_straggler(const struct session *session, struct audit_findings *findings,
                            const char *id)
{
    if (session->injection.struck &&
        straggle_runs(&session->injection, clock_now_ns() + STRAGGLE_NS))
        audit_find(findings, "nothing-is-left-running", id,
                   "what it started runs on, in a session of its own");
}

void inject_check(const struct session *session, struct audit_findings *findings)
{
    const struct injection *injection = &session->injection;
    const struct cycle_agent *agent = session->cycle.agent_count ? session->cycle.agents : NULL;
    check_locked(session, findings);
    if (injection->straggler) {
        check_straggler(session, findings, agent ? agent->id : "");
        return;
    }
    if (injection->marker && access(injection->marker, F_OK) == 0)
        audit_find(findings, "failure-is-told", agent ? agent->id : "",
                   "its program is no program, and was given to a shell");
    if (!injection->command || !agent || session->cycle.broke != CYCLE_WHOLE)
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
    stall_end(injection);
    straggle_end(injection);
    if (injection->group)
        rmdir(injection->group);
    free(injection->group);
    if (injection->program)
        unlink(injection->program);
    if (injection->marker)
        unlink(injection->marker);
    free(injection->program);
    free(injection->marker);
    for (size_t i = 0; injection->command && injection->command[i]; i++)
        free(injection->command[i]);
    free(injection->command);
    *injection = (struct injection){0};
}
