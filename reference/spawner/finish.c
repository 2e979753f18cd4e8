/* What did the agents answer, and is all of it written down before we say so? */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "spawner/consensus.h"
#include "spawner/record.h"
#include "spawner/spawner.h"

static void note_end(struct agent *agent, bool late, int64_t deadline_ms)
{
    struct text text = {0};
    if (late)
        text_addf(&text, "agent '%s' did not finish within %lld ms", agent->name,
                  (long long)deadline_ms);
    else if (agent->end.signal)
        text_addf(&text, "agent '%s' was ended by signal %d", agent->name, agent->end.signal);
    else if (agent->end.status != 0)
        text_addf(&text, "agent '%s' exited with status %d", agent->name, agent->end.status);
    if (text.length)
        agent_add_errors(&text, agent);
    if (agent->output_dropped)
        text_addf(&text, "%sits output is cut by %llu bytes", text.length ? "; " : "",
                  (unsigned long long)agent->output_dropped);
    if (text.length) {
        free(agent->error);
        agent->error = text_take(&text);
    }
}

/* Prompt in, output back, until each has ended or it is too late; then none is left. */
static void collect(struct spawner *spawner, struct batch *batch, const char *prompt)
{
    struct watch *watch = &spawner->watch;
    int64_t deadline_ns = clock_now_ns() + batch->deadline_ms * CLOCK_NS_PER_MS;
    bool *late = xcalloc(batch->count, sizeof late[0]);
    watch->prompt = prompt;
    watch->prompt_length = strlen(prompt);
    watch_begin(watch, batch->agents, batch->count, WATCH_UNTIL_EXIT);
    while (watch->pending > 0 && watch_turn(watch, deadline_ns))
        continue;
    for (size_t i = 0; i < batch->count; i++)
        late[i] = !batch->agents[i].exited;
    spawner_end_agents(spawner, batch, -1);
    for (size_t i = 0; i < batch->count; i++)
        if (batch->agents[i].outcome == AGENT_OUTCOME_READY)
            note_end(&batch->agents[i], late[i], batch->deadline_ms);
    free(late);
    batch->collected = true;
}

int spawner_finish(struct spawner *spawner, struct batch *batch, const char *prompt, bool consensus,
                   struct err *err)
{
    struct store_verdict verdict = {.decided_ns = clock_now_ns()};
    struct consensus decided = {0};
    int rc;
    store_be_patient(spawner->store,
                     clock_now_ns() + batch->deadline_ms * CLOCK_NS_PER_MS + RECORD_GRACE_NS);
    if (!batch->collected)
        collect(spawner, batch, prompt);
    if (consensus) {
        decided = consensus_decide(batch);
        verdict = (struct store_verdict){.verdict = decided.verdict,
                                         .answer = decided.answer,
                                         .votes = (int64_t)decided.votes,
                                         .decided_ns = clock_now_ns()};
    }
    rc = record_finished(spawner->store, batch, &verdict, err);
    store_be_patient(spawner->store, INT64_MAX);
    free(decided.answer);
    if (rc < 0)
        return err_wrap(err, "batch %lld could not be finished", (long long)batch->number);
    batch->verdict = decided.verdict;
    spawner_remove(spawner, batch); /* only now: memory follows the database */
    return 0;
}
