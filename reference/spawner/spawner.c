/* What happens to a batch, whatever the mode? It is started, ended where it failed,
 * recorded, and registered. */
#include "spawner/spawner.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "spawner/record.h"

#define GRACE_NS (500 * CLOCK_NS_PER_MS) /* between SIGTERM and SIGKILL */

int spawner_open(struct spawner *out, spawner_start *start, enum spawner_record record,
                 struct err *err)
{
    *out = (struct spawner){.start = start, .record = record};
    out->watch.signals = -1;
    if (guardian_start(err) < 0)
        return -1;
    out->watch.signals = child_prepare(err);
    return out->watch.signals < 0 ? -1 : 0;
}

/* ---- one agent ---- */

/* The batch cannot go on, or must not. */
bool spawner_must_stop(const struct spawner *spawner, const struct batch *batch)
{
    if (batch->broken || spawner->watch.stop_signal || clock_now_ns() >= batch->deadline_ns)
        return true;
    for (size_t i = 0; batch->cancel && i < batch->count; i++)
        if (batch->agents[i].stage == AGENT_FAILED)
            return true;
    return false;
}

static void start_process(const struct batch *batch, struct agent *agent)
{
    const struct child_plan plan = {.path = agent->path,
                                    .argv = agent->argv,
                                    .environment = agent->environment,
                                    .directory = agent->directory,
                                    .ready_pipe = agent->ready_by == AGENT_READY_FD,
                                    .deadline_ns = batch->deadline_ns};
    struct err err = {0};
    agent->stage = AGENT_STARTING;
    agent->start_ns = clock_now_ns();
    if (child_start(&agent->child, &plan, &err) < 0)
        agent_fail(agent, AGENT_OUTCOME_FAILED, xstrdup(err.text));
    agent->pid = agent->child.pid;
}

int spawner_begin_agent(struct spawner *spawner, struct batch *batch, struct agent *agent)
{
    agent->start_ns = clock_now_ns();
    if (spawner->record == SPAWNER_RECORD_EACH && record_starting(spawner->store, batch, agent) < 0)
        return -1;
    if (agent->stage == AGENT_IDLE) /* else batch_prepare found no such program */
        start_process(batch, agent);
    return agent->stage == AGENT_FAILED && batch->cancel ? -1 : 0;
}

static void record_those_ready(struct batch *batch, struct agent *agents, size_t count)
{
    for (size_t i = 0; i < count && !batch->broken; i++)
        if (agents[i].stage == AGENT_READY && agents[i].row)
            record_ready(batch, &agents[i]);
}

void spawner_await(struct spawner *spawner, struct batch *batch, struct agent *agents, size_t count)
{
    struct watch *watch = &spawner->watch;
    bool each = spawner->record == SPAWNER_RECORD_EACH;
    child_settle();
    watch_begin(watch, agents, count, WATCH_UNTIL_READY);
    while (watch->pending > 0 && !batch->broken && !(batch->cancel && watch->failed > 0) &&
           watch_turn(watch, batch->deadline_ns))
        if (each)
            record_those_ready(batch, agents, count);
    if (each)
        record_those_ready(batch, agents, count);
}

/* ---- ending ---- */

static bool concerned(const struct agent *agent, int outcome)
{
    return agent->child.pid && (outcome < 0 || (int)agent->outcome == outcome);
}

/* Those that ended already are left to child_reap, which ends what is left of their group. */
static void signal_agents(struct batch *batch, int outcome, int signal)
{
    for (size_t i = 0; i < batch->count; i++)
        if (concerned(&batch->agents[i], outcome) && !batch->agents[i].exited)
            child_signal(&batch->agents[i].child, signal);
}

static bool some_left(const struct batch *batch, int outcome)
{
    for (size_t i = 0; i < batch->count; i++)
        if (concerned(&batch->agents[i], outcome) && !batch->agents[i].exited)
            return true;
    return false;
}

static void reap_agents(struct batch *batch, int outcome)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct agent *agent = &batch->agents[i];
        if (!concerned(agent, outcome))
            continue;
        child_reap(&agent->child, &agent->end);
        child_close(&agent->notify_fd);
        agent->exited = true;
        agent->completed_ns = clock_now_ns();
    }
}

static void sweep(const struct spawner *spawner, const struct batch *batch)
{
    const struct batch *first = spawner->registry;
    guardian_sweep(batch->mark, !first || (first == batch && !first->next));
}

/* All agents of the batch are watched meanwhile, so that those that go on are drained too; what is
 * waited for is the end of those concerned. */

void spawner_end_agents(struct spawner *spawner, struct batch *batch, int outcome)
{
    struct watch *watch = &spawner->watch;
    int64_t patience_ns = clock_now_ns() + GRACE_NS;
    int stop_signal = watch->stop_signal; /* a second one does not shorten the grace */
    child_settle();
    signal_agents(batch, outcome, SIGTERM);
    watch->prompt = NULL;
    watch_begin(watch, batch->agents, batch->count, WATCH_UNTIL_EXIT);
    while (some_left(batch, outcome) && clock_now_ns() < patience_ns) {
        watch->stop_signal = 0;
        watch_turn(watch, patience_ns);
        stop_signal = stop_signal ? stop_signal : watch->stop_signal;
    }
    watch->stop_signal = stop_signal;
    signal_agents(batch, outcome, SIGKILL);
    reap_agents(batch, outcome);
    if (outcome < 0)
        sweep(spawner, batch);
}

/* ---- what each agent came to ---- */

static const char *first_error(const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->agents[i].stage == AGENT_FAILED)
            return batch->agents[i].error;
    return "interrupted by a signal";
}

static char *say_timed_out(const struct batch *batch, const struct agent *agent)
{
    struct text text = {0};
    text_addf(&text, "agent '%s' was not ready within %lld ms", agent->name,
              (long long)batch->deadline_ms);
    agent_add_errors(&text, agent);
    return text_take(&text);
}

static char *say_cancelled(const char *reason, const struct agent *agent)
{
    struct text text = {0};
    text_addf(&text, "cancelled: %s", reason);
    if (agent->errors.length)
        text_addf(&text, "; agent '%s' had said", agent->name);
    agent_add_errors(&text, agent);
    return text_take(&text);
}

static void time_out(const struct spawner *spawner, struct batch *batch)
{
    bool late = !spawner->watch.stop_signal && clock_now_ns() >= batch->deadline_ns;
    for (size_t i = 0; late && i < batch->count; i++)
        if (batch->agents[i].stage == AGENT_STARTING ||
            (batch->agents[i].stage == AGENT_IDLE && !batch->cancel))
            agent_fail(&batch->agents[i], AGENT_OUTCOME_TIMED_OUT,
                       say_timed_out(batch, &batch->agents[i]));
}

static void cancel_others(struct batch *batch)
{
    const char *reason = first_error(batch);
    for (size_t i = 0; i < batch->count; i++)
        if (batch->agents[i].stage != AGENT_FAILED)
            agent_fail(&batch->agents[i], AGENT_OUTCOME_CANCELLED,
                       say_cancelled(reason, &batch->agents[i]));
}

/* Everyone who is not ready has a reason by now; nobody who is not ready keeps running. */
static void settle(struct spawner *spawner, struct batch *batch)
{
    bool failed = false;
    time_out(spawner, batch);
    for (size_t i = 0; i < batch->count; i++)
        failed = failed || batch->agents[i].stage != AGENT_READY;
    if (batch->broken || (failed && batch->cancel) || spawner->watch.stop_signal) {
        cancel_others(batch);
        spawner_end_agents(spawner, batch, -1);
    } else if (failed) {
        spawner_end_agents(spawner, batch, AGENT_OUTCOME_FAILED);
        spawner_end_agents(spawner, batch, AGENT_OUTCOME_TIMED_OUT);
    }
}

static bool some_ready(const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->agents[i].stage == AGENT_READY)
            return true;
    return false;
}

void spawner_spawn(struct spawner *spawner, struct batch *batch)
{
    child_room(batch->count);
    batch->deadline_ns = batch->begin_ns + batch->deadline_ms * CLOCK_NS_PER_MS;
    store_be_patient(spawner->store, batch->deadline_ns + RECORD_GRACE_NS);
    batch_prepare(batch);
    spawner->start(spawner, batch);
    settle(spawner, batch);
    if (record_spawned(spawner->store, batch, spawner->record == SPAWNER_RECORD_EACH) < 0)
        spawner_end_agents(spawner, batch, -1);
    else if (some_ready(batch)) {
        batch->registered = true; /* only now: memory follows the database */
        batch->next = spawner->registry;
        spawner->registry = batch;
    } else {
        sweep(spawner, batch);
    }
    store_be_patient(spawner->store, INT64_MAX);
    batch->end_ns = clock_now_ns();
}

/* ---- the registry ---- */

struct batch *spawner_find(const struct spawner *spawner, int64_t number)
{
    struct batch *batch = spawner->registry;
    while (batch && batch->number != number)
        batch = batch->next;
    return batch;
}

void spawner_remove(struct spawner *spawner, struct batch *batch)
{
    struct batch **at = &spawner->registry;
    while (*at && *at != batch)
        at = &(*at)->next;
    if (*at)
        *at = batch->next;
    batch->registered = false;
}

static void tell_waits(const struct store_waits *waits)
{
    fprintf(stderr,
            "spawnref: %lld turns to write, %lld waited for other spawners: %.3f ms in all, %.3f "
            "ms at most; SQLite was busy %lld times: %.3f ms\n",
            (long long)waits->turns, (long long)waits->waited, (double)waits->waited_ns / 1e6,
            (double)waits->longest_ns / 1e6, (long long)waits->busy, (double)waits->busy_ns / 1e6);
}

void spawner_close(struct spawner *spawner)
{
    while (spawner->registry) {
        struct batch *batch = spawner->registry;
        spawner_end_agents(spawner, batch, -1);
        record_interrupted(spawner->store, batch);
        spawner_remove(spawner, batch);
        batch_free(batch);
    }
    if (spawner->store) {
        spawner->waits = store_waits(spawner->store);
        tell_waits(&spawner->waits);
    }
    store_close(spawner->store);
    spawner->store = NULL;
    guardian_stop();
    watch_release(&spawner->watch);
    if (spawner->watch.signals >= 0)
        close(spawner->watch.signals);
    spawner->watch.signals = -1;
}
