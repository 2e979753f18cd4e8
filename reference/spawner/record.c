/* How do the rows follow the agents? */
#include "spawner/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static const char *state_of(const struct agent *agent)
{
    return agent->outcome == AGENT_UNDECIDED ? "starting" : agent_outcome_name(agent->outcome);
}

static struct store_agent row_of(const struct agent *agent)
{
    return (struct store_agent){.id = agent->id,
                                .name = agent->name,
                                .state = state_of(agent),
                                .outcome = agent_outcome_name(agent->outcome),
                                .pid = agent_pid(agent),
                                .spawned_ns = agent->start_ns,
                                .ready_ns = agent->ready_ns,
                                .completed_ns = agent->completed_ns,
                                .error = agent->error};
}

/* Nobody of the batch is ready: what the store does not hold did not happen. */
static int break_batch(struct batch *batch, const struct err *err)
{
    fprintf(stderr, "spawnref: batch %lld: %s\n", (long long)batch->number, err->text);
    batch->broken = true;
    for (size_t i = 0; i < batch->count; i++) {
        struct agent *agent = &batch->agents[i];
        char *earlier = agent->error;
        agent->error = NULL;
        agent_fail(agent, AGENT_OUTCOME_FAILED,
                   text_format("agent '%s' could not be recorded: %s%s%s", agent->name, err->text,
                               earlier ? "; before that: " : "", earlier ? earlier : ""));
        free(earlier);
    }
    return -1;
}

int record_starting(struct store *store, struct batch *batch, struct agent *agent)
{
    struct store_agent row = row_of(agent);
    struct err err = {0};
    if (store_each_begin(&agent->row, store, batch->number, &row, &err) < 0)
        return break_batch(batch, &err);
    agent->has_row = true;
    return 0;
}

int record_ready(struct batch *batch, struct agent *agent)
{
    struct store_agent row = row_of(agent);
    struct store_each *each = agent->row;
    struct err err = {0};
    agent->row = NULL;
    if (store_each_end(each, &row, &err) < 0)
        return break_batch(batch, &err);
    agent->recorded_ns = clock_now_ns();
    return 0;
}

/* A row for each agent whose start was tried; cancelled before that, it has none. */
static int record_at_once(struct store *store, struct batch *batch)
{
    struct store_agent *rows = xcalloc(batch->count, sizeof rows[0]);
    struct err err = {0};
    size_t count = 0;
    int64_t now_ns;
    int rc;
    for (size_t i = 0; i < batch->count; i++)
        if (batch->agents[i].start_ns)
            rows[count++] = row_of(&batch->agents[i]);
    rc = store_record_batch(store, batch->number, rows, count, &err);
    now_ns = clock_now_ns();
    free(rows);
    if (rc < 0)
        return break_batch(batch, &err);
    for (size_t i = 0; i < batch->count; i++)
        if (batch->agents[i].start_ns)
            batch->agents[i].recorded_ns = now_ns;
    return 0;
}

/* It was ready and recorded so, and is cancelled now. */
static int correct_row(struct store *store, struct batch *batch, struct agent *agent)
{
    struct store_agent row = row_of(agent);
    struct err err = {0};
    if (store_update_batch(store, &row, 1, &err) < 0)
        return break_batch(batch, &err);
    agent->recorded_ns = clock_now_ns();
    return 0;
}

static int record_one_by_one(struct store *store, struct batch *batch)
{
    for (size_t i = 0; i < batch->count && !batch->broken; i++) {
        struct agent *agent = &batch->agents[i];
        if (agent->row)
            record_ready(batch, agent);
        else if (agent->has_row && agent->outcome != AGENT_OUTCOME_READY)
            correct_row(store, batch, agent);
    }
    return batch->broken ? -1 : 0;
}

/* The batch is broken: close what is open and say so where the store still listens. */
static void record_broken(struct store *store, struct batch *batch)
{
    /* who waited in vain once does not wait as long again for each agent */
    store_be_patient(store, clock_now_ns() + RECORD_GRACE_NS);
    for (size_t i = 0; i < batch->count; i++) {
        struct agent *agent = &batch->agents[i];
        struct store_agent row = row_of(agent);
        store_each_end(agent->row, NULL, NULL);
        agent->row = NULL;
        if (agent->has_row && store_update_batch(store, &row, 1, NULL) < 0)
            fprintf(stderr, "spawnref: the row of agent '%s' could not be corrected\n", agent->id);
        agent->recorded_ns = 0;
    }
}

int record_spawned(struct store *store, struct batch *batch, bool each)
{
    int rc = -1;
    if (!batch->broken)
        rc = each ? record_one_by_one(store, batch) : record_at_once(store, batch);
    if (rc < 0 && each)
        record_broken(store, batch);
    return rc;
}

/* The rows of those that were ready, in their new state. */
static int record_end(struct store *store, const struct batch *batch, const char *state,
                      const struct store_verdict *verdict, struct err *err)
{
    struct store_agent *rows = xcalloc(batch->count, sizeof rows[0]);
    size_t count = 0;
    int rc;
    for (size_t i = 0; i < batch->count; i++) {
        const struct agent *agent = &batch->agents[i];
        if (agent->outcome != AGENT_OUTCOME_READY)
            continue;
        rows[count] = row_of(agent);
        rows[count].state = state;
        rows[count].output = agent->output.data;
        rows[count++].output_bytes = agent->output.length;
    }
    rc = store_record_finish(store, batch->number, verdict, rows, count, err);
    free(rows);
    return rc;
}

int record_finished(struct store *store, const struct batch *batch,
                    const struct store_verdict *verdict, struct err *err)
{
    return record_end(store, batch, "completed", verdict, err);
}

void record_interrupted(struct store *store, const struct batch *batch)
{
    const struct store_verdict none = {0};
    struct err err = {0};
    if (record_end(store, batch, "interrupted", &none, &err) < 0)
        fprintf(stderr, "spawnref: batch %lld: %s\n", (long long)batch->number, err.text);
}
