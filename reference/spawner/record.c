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

static int end_row(struct batch *batch, struct agent *agent)
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

int record_ready(struct batch *batch, struct agent *agent)
{
    return end_row(batch, agent);
}

/* A row for each agent whose start was tried; cancelled before that, it has none. */
static struct store_agent *collect(struct batch *batch, size_t *count)
{
    struct store_agent *rows = xcalloc(batch->count, sizeof rows[0]);
    *count = 0;
    for (size_t i = 0; i < batch->count; i++)
        if (batch->agents[i].start_ns)
            rows[(*count)++] = row_of(&batch->agents[i]);
    return rows;
}

static int record_at_once(struct store *store, struct batch *batch)
{
    struct err err = {0};
    size_t count;
    struct store_agent *rows = collect(batch, &count);
    int rc = store_record_batch(store, batch->number, rows, count, &err);
    int64_t now_ns = clock_now_ns();
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
            end_row(batch, agent);
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

static struct store_agent completed(const struct agent *agent, const char *state)
{
    struct store_agent row = row_of(agent);
    row.state = state;
    row.output = agent->output.data;
    row.output_bytes = agent->output.length;
    return row;
}

static struct store_agent *collect_ready(const struct batch *batch, const char *state,
                                         size_t *count)
{
    struct store_agent *rows = xcalloc(batch->count, sizeof rows[0]);
    *count = 0;
    for (size_t i = 0; i < batch->count; i++)
        if (batch->agents[i].outcome == AGENT_OUTCOME_READY)
            rows[(*count)++] = completed(&batch->agents[i], state);
    return rows;
}

int record_finished(struct store *store, const struct batch *batch,
                    const struct store_verdict *verdict, struct err *err)
{
    size_t count;
    struct store_agent *rows = collect_ready(batch, "completed", &count);
    int rc = store_record_finish(store, batch->number, verdict, rows, count, err);
    free(rows);
    return rc;
}

void record_interrupted(struct store *store, const struct batch *batch)
{
    const struct store_verdict none = {0};
    struct err err = {0};
    size_t count;
    struct store_agent *rows = collect_ready(batch, "interrupted", &count);
    if (store_record_finish(store, batch->number, &none, rows, count, &err) < 0)
        fprintf(stderr, "spawnref: batch %lld: %s\n", (long long)batch->number, err.text);
    free(rows);
}
