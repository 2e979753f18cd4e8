/* Whose were the locks that were seen, and which agents fared ill meanwhile? Samples know process
 * ids; agents are known by those that the subject told, and by who connected to the witness. */
#include "cycle/lock_tell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cycle/cycle.h"

/* What is being told, and of what. */
struct telling {
    const struct lock_samples *samples;
    const struct cycle *cycle;
    pid_t subject;
    struct locks_told *out;
    size_t database;
};

/* ---- whose ---- */

static const struct cycle_agent *agent_with(const struct cycle *cycle, pid_t pid)
{
    for (size_t i = 0; pid > 0 && i < cycle->agent_count; i++)
        if (cycle->agents[i].pid == pid || cycle->agents[i].witness_pid == pid)
            return &cycle->agents[i];
    return NULL;
}

/* The nearest agent above it, itself included; a subject that tells its own pid starts none. */
static const struct cycle_agent *agent_of(const struct telling *telling,
                                          const struct lock_holder *holder)
{
    const struct cycle_agent *agent = agent_with(telling->cycle, holder->pid);
    if (holder->pid == telling->subject)
        return NULL;
    for (size_t i = 0; i < LOCK_SAMPLES_ANCESTORS && !agent && holder->above[i] &&
                       holder->above[i] != telling->subject;
         i++)
        agent = agent_with(telling->cycle, holder->above[i]);
    return agent;
}

static bool is_below(const struct lock_holder *holder, pid_t pid)
{
    for (size_t i = 0; i < LOCK_SAMPLES_ANCESTORS; i++)
        if (pid > 0 && holder->above[i] == pid)
            return true;
    return false;
}

static enum locks_who who_is(const struct telling *telling, const struct lock_holder *holder)
{
    if (holder->pid < 0)
        return LOCKS_NO_PID;
    if (holder->pid == getpid())
        return LOCKS_OURS;
    if (agent_of(telling, holder))
        return LOCKS_AGENT;
    if (holder->pid == telling->subject)
        return LOCKS_SUBJECT;
    if (is_below(holder, telling->subject))
        return LOCKS_BELOW;
    return is_below(holder, getpid()) ? LOCKS_RUN : LOCKS_STRANGER;
}

static void name_holder(struct locks_hold *out, const struct telling *telling,
                        const struct lock_holder *holder)
{
    const struct cycle_agent *agent = agent_of(telling, holder);
    out->who = who_is(telling, holder);
    out->pid = holder->pid > 0 ? holder->pid : 0;
    if (out->who == LOCKS_AGENT) {
        snprintf(out->agent, sizeof out->agent, "%s", agent->id);
        snprintf(out->name, sizeof out->name, "%s", agent->asked->name);
    } else {
        snprintf(out->name, sizeof out->name, "%s", holder->name);
        text_make_printable(out->name);
    }
}

/* ---- the longest holds ---- */

static bool is_of(const struct telling *telling, const struct lock_span *span)
{
    return span->database == telling->database && span->stage == telling->out->stage;
}

static void tell_holds(struct telling *telling, enum locks_kind kind)
{
    struct locks_told *out = telling->out;
    size_t first = out->hold_count;
    for (size_t i = 0; i < telling->samples->span_count; i++) {
        const struct lock_span *span = &telling->samples->spans[i];
        struct locks_hold hold = {.kind = kind,
                                  .begin_ns = span->before_ns,
                                  .seen_ns = span->last_ns - span->first_ns,
                                  .most_ns = span->after_ns - span->before_ns};
        size_t at = out->hold_count;
        if (!is_of(telling, span) || span->kind != kind)
            continue;
        out->holds_seen += kind == LOCKS_WRITE;
        while (at > first && out->holds[at - 1].most_ns < hold.most_ns)
            at--;
        if (at - first == LOCKS_MOST_HOLDS)
            continue;
        name_holder(&hold, telling, &telling->samples->holders[span->holder]);
        if (out->hold_count - first == LOCKS_MOST_HOLDS)
            out->hold_count--;
        memmove(&out->holds[at + 1], &out->holds[at],
                (out->hold_count - at) * sizeof out->holds[0]);
        out->holds[at] = hold;
        out->hold_count++;
    }
}

/* ---- who fared ill ---- */

/* Where a span began and ended is known to lie between two looks: the middle of them. */
static int64_t overlap(const struct lock_span *span, int64_t from_ns, int64_t until_ns)
{
    int64_t begin_ns = (span->before_ns + span->first_ns) / 2,
            end_ns = (span->last_ns + span->after_ns) / 2;
    if (begin_ns < from_ns)
        begin_ns = from_ns;
    if (end_ns > until_ns)
        end_ns = until_ns;
    return end_ns > begin_ns ? end_ns - begin_ns : 0;
}

/* Held by this agent, or by nobody of whom an agent could complain: a subject writes its own store
 * while its agents start. */
static bool is_own(const struct telling *telling, const struct lock_holder *holder,
                   const struct cycle_agent *agent)
{
    return agent_of(telling, holder) == agent ||
           (!telling->out->name[0] && who_is(telling, holder) == LOCKS_SUBJECT);
}

/* What each holder had of a time; seen and most are added up over its holds. */
struct share {
    struct locks_hold by;
    int64_t held_ns;
};

static void add_shares(struct share shares[], const struct telling *telling, int64_t from_ns,
                       int64_t until_ns)
{
    for (size_t i = 0; i < telling->samples->span_count; i++) {
        const struct lock_span *span = &telling->samples->spans[i];
        struct share *share = &shares[span->holder];
        int64_t part_ns = overlap(span, from_ns, until_ns);
        if (!is_of(telling, span) || span->kind != LOCKS_WRITE || !part_ns)
            continue;
        if (!share->held_ns)
            share->by.begin_ns = span->before_ns;
        share->by.seen_ns += span->last_ns - span->first_ns;
        share->by.most_ns += span->after_ns - span->before_ns;
        share->held_ns += part_ns;
    }
}

static void tell_wait(struct telling *telling, const struct cycle_agent *agent,
                      enum locks_fate fate, int64_t from_ns, int64_t until_ns)
{
    const struct lock_samples *samples = telling->samples;
    struct locks_told *out = telling->out;
    struct locks_wait wait = {.fate = fate, .span_ns = until_ns - from_ns};
    struct share *shares;
    size_t most = samples->holder_count;
    if (out->wait_count == LOCKS_MOST_WAITS || wait.span_ns <= 0 || !samples->holder_count)
        return;
    shares = xcalloc(samples->holder_count, sizeof *shares);
    add_shares(shares, telling, from_ns, until_ns);
    for (size_t i = 0; i < samples->holder_count; i++) {
        if (!shares[i].held_ns || is_own(telling, &samples->holders[i], agent))
            continue;
        wait.held_ns += shares[i].held_ns;
        if (most == samples->holder_count || shares[i].held_ns > shares[most].held_ns)
            most = i;
    }
    if (most < samples->holder_count) {
        wait.by = shares[most].by;
        name_holder(&wait.by, telling, &samples->holders[most]);
        snprintf(wait.agent, sizeof wait.agent, "%s", agent->id);
        snprintf(wait.name, sizeof wait.name, "%s", agent->asked->name);
        out->waits[out->wait_count++] = wait;
    }
    free(shares);
}

static int64_t began_ns(const struct cycle *cycle, const struct cycle_agent *agent)
{
    return agent->start_ns > cycle->sent_ns && agent->start_ns < cycle->answered_ns
               ? agent->start_ns
               : cycle->sent_ns;
}

/* Times of another clock say nothing of who was last. */
static const struct cycle_agent *slowest_of(const struct cycle *cycle)
{
    const struct cycle_agent *slowest = NULL;
    for (size_t i = 0; cycle->agent_count > 1 && !cycle->clock_doubt[0] && i < cycle->agent_count;
         i++) {
        const struct cycle_agent *agent = &cycle->agents[i];
        if (agent->outcome == CYCLE_READY && agent->ready_ns > began_ns(cycle, agent) &&
            agent->ready_ns <= cycle->answered_ns &&
            (!slowest || agent->ready_ns - began_ns(cycle, agent) >
                             slowest->ready_ns - began_ns(cycle, slowest)))
            slowest = agent;
    }
    return slowest;
}

static void tell_start(struct telling *telling)
{
    const struct cycle *cycle = telling->cycle;
    const struct cycle_agent *slowest = slowest_of(cycle);
    for (size_t i = 0; i < cycle->agent_count; i++) {
        const struct cycle_agent *agent = &cycle->agents[i];
        if (agent->outcome == CYCLE_FAILED || agent->outcome == CYCLE_TIMED_OUT)
            tell_wait(telling, agent,
                      agent->outcome == CYCLE_FAILED ? LOCKS_FAILED : LOCKS_TIMED_OUT,
                      began_ns(cycle, agent), cycle->answered_ns);
    }
    if (slowest)
        tell_wait(telling, slowest, LOCKS_SLOWEST, began_ns(cycle, slowest), slowest->ready_ns);
}

static void tell_finish(struct telling *telling)
{
    const struct cycle *cycle = telling->cycle;
    for (size_t i = 0; i < cycle->agent_count; i++) {
        const struct cycle_agent *agent = &cycle->agents[i];
        if (agent->outcome == CYCLE_READY && agent->finished &&
            (agent->exit_status > 0 || agent->exit_signal))
            tell_wait(telling, agent, LOCKS_ENDED_BADLY, cycle->finish_sent_ns, cycle->finished_ns);
    }
}

/* ---- all of it ---- */

static void tell_database(struct telling *telling, const struct lock_database *database)
{
    struct locks_told *out = telling->out;
    const struct lock_times *times = &telling->samples->times[out->stage][telling->database];
    out->name = xstrdup(database->name);
    out->match = database->match;
    out->looks = times->looks;
    out->span_ns = times->span_ns;
    out->gap_ns = times->gap_ns;
    memcpy(out->held_ns, times->held_ns, sizeof out->held_ns);
    tell_holds(telling, LOCKS_WRITE);
    tell_holds(telling, LOCKS_READ);
    if (out->stage == LOCKS_START)
        tell_start(telling);
    else
        tell_finish(telling);
}

struct locks_seen *lock_tell(const struct lock_samples *samples,
                             const struct lock_database databases[], size_t count,
                             const struct cycle *cycle, pid_t subject)
{
    struct locks_seen *seen = xcalloc(1, sizeof *seen);
    struct telling telling = {.samples = samples, .cycle = cycle, .subject = subject};
    seen->items = xcalloc(LOCKS_STAGES * count, sizeof *seen->items);
    seen->looks = samples->looks;
    seen->lost = samples->lost;
    for (int stage = 0; stage < LOCKS_STAGES; stage++)
        for (size_t i = 0; i < count; i++) {
            if (!samples->times[stage][i].looks)
                continue;
            telling.out = &seen->items[seen->count++];
            telling.out->stage = (enum locks_stage)stage;
            telling.database = i;
            tell_database(&telling, &databases[i]);
        }
    return seen;
}

void locks_seen_free(struct locks_seen *seen)
{
    for (size_t i = 0; seen && i < seen->count; i++)
        free(seen->items[i].name);
    if (seen)
        free(seen->items);
    free(seen);
}
