/* The rows of one batch are all read: do its agents, its outputs and its verdict agree?
 *
 * Nothing is said of a batch in flight but what is wrong at any time: states, outputs and verdict
 * come in one transaction, so where there is a verdict the batch is finished.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/contradictions.h"

#define MOST_REMEMBERED ((size_t)1 << 16) /* bytes of an output */

static const char *column(sqlite3_stmt *row, int index)
{
    const unsigned char *text = sqlite3_column_text(row, index);
    return text ? (const char *)text : "";
}

static int by_ordinal(const void *one, const void *other)
{
    const struct member *a = one, *b = other;
    return a->ordinal < b->ordinal ? -1 : a->ordinal > b->ordinal;
}

static int by_process(const void *one, const void *other)
{
    const struct member *a = one, *b = other;
    if (a->pid != b->pid)
        return a->pid < b->pid ? -1 : 1;
    return a->spawned_ns < b->spawned_ns ? -1 : a->spawned_ns > b->spawned_ns;
}

static bool is_whole(const struct batch_read *batch)
{
    return (int64_t)batch->count == batch->rows;
}

/* ---- outputs ---- */

/* What {agent} prints begins so: see reference/agent/agent.c. Another program's output says nothing
 * of whose it is.
 *
 * prompted : it had got a prompt, which comes with "finish" alone
 * returns  : the length of what is before the end of the id; 0: it is no such output */
static size_t named_agent(const char *bytes, size_t count, char *id, size_t room, bool *prompted)
{
    static const char head[] = "{\"agent\":\"", answer[] = "\",\"answer\":\"",
                      prompt[] = "\",\"prompt_bytes\":";
    const char *at = bytes + sizeof head - 1, *end;
    int64_t batch, ordinal;
    size_t length, rest;
    if (count < sizeof head || memcmp(bytes, head, sizeof head - 1) != 0 ||
        !(end = memchr(at, '"', count - (sizeof head - 1))))
        return 0;
    length = (size_t)(end - at);
    rest = count - (size_t)(end - bytes);
    if (length >= room || !contradictions_id(at, length, &batch, &ordinal) ||
        rest < sizeof answer - 1 + 16 + sizeof prompt ||
        memcmp(end, answer, sizeof answer - 1) != 0 ||
        memcmp(end + sizeof answer - 1 + 16, prompt, sizeof prompt - 1) != 0)
        return 0;
    memcpy(id, at, length);
    id[length] = '\0';
    at = end + sizeof answer - 1 + 16 + sizeof prompt - 1;
    *prompted = *at >= '1' && *at <= '9';
    return (size_t)(end - bytes);
}

/* As named_agent. */
static size_t check_name(struct contradictions *at, struct member *member, const char *id,
                         const char *bytes, size_t count)
{
    char named[sizeof at->named], *example;
    bool prompted;
    size_t head = named_agent(bytes, count, named, sizeof named, &prompted);
    if (!head)
        return 0;
    at->named_several = at->named_several || (at->named[0] && strcmp(at->named, named) != 0);
    memcpy(at->named, named, sizeof named);
    if (strcmp(id, named) == 0) {
        member->prompted = prompted;
        return head;
    }
    example = text_format("that of '%s' of run '%s' says '%s'", id, at->batch.run, named);
    answers_sample_add(&at->misnamed, example);
    free(example);
    return head;
}

/* Most outputs of a batch are alike, but for the id of the agent that {agent} puts in front: what
 * one votes for is found once. `head`: so much of it is that agent's own, and no part of a vote. */
static void take_vote(struct contradictions *at, struct member *member, const char *bytes,
                      size_t count, size_t head)
{
    struct text *last = &at->last;
    size_t tail = count - head;
    member->voted = true;
    if (last->data && !head == !at->last_head && tail == last->length - at->last_head &&
        (tail == 0 || memcmp(bytes + head, last->data + at->last_head, tail) == 0)) {
        member->vote = at->last_vote;
        return;
    }
    votes_take(&member->vote, bytes, count);
    text_release(last);
    if (count > MOST_REMEMBERED)
        return;
    text_add_bytes(last, bytes, count);
    at->last_vote = member->vote;
    at->last_head = head;
}

static struct member *member_of(struct batch_read *batch, int64_t ordinal)
{
    const struct member wanted = {.ordinal = ordinal};
    return batch->count ? bsearch(&wanted, batch->members, batch->count, sizeof wanted, by_ordinal)
                        : NULL;
}

/* Those without an agent are found by their foreign key. */
static void take_output(struct contradictions *at, sqlite3_stmt *row)
{
    struct batch_read *batch = &at->batch;
    const char *id = column(row, 0), *bytes;
    size_t count, head;
    int64_t number, ordinal;
    struct member *member =
        contradictions_id(id, (size_t)sqlite3_column_bytes(row, 0), &number, &ordinal)
            ? member_of(batch, ordinal)
            : NULL;
    batch->outputs++;
    if (sqlite3_column_int64(row, 1) != batch->number)
        contradictions_say(at, SAYS_OUTPUT_BATCH, "'%s' of run '%s'", id, batch->run);
    if (!member)
        return;
    if (!member->completed)
        contradictions_say(at, SAYS_OUTPUT_EARLY, "'%s' of run '%s'", id, batch->run);
    bytes = sqlite3_column_blob(row, 2);
    count = (size_t)sqlite3_column_bytes(row, 2);
    head = check_name(at, member, id, bytes ? bytes : "", count);
    if (!at->watched)
        take_vote(at, member, bytes ? bytes : "", count, head);
}

/* At rest, and what keeps it from being read is kept: half of a batch contradicts itself. */
static void end_rows(struct contradictions *at, sqlite3_stmt *row, int rc)
{
    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        at->failed = rc;
    sqlite3_reset(row);
    sqlite3_clear_bindings(row);
}

/* "17." <= id < "17/": '/' follows '.' */
static void read_outputs(struct contradictions *at)
{
    char from[32], to[32];
    int rc;
    snprintf(from, sizeof from, "%lld.", (long long)at->batch.number);
    snprintf(to, sizeof to, "%lld/", (long long)at->batch.number);
    sqlite3_bind_text(at->outputs, 1, at->batch.run, at->batch.run_bytes, SQLITE_STATIC);
    sqlite3_bind_text(at->outputs, 2, from, -1, SQLITE_STATIC);
    sqlite3_bind_text(at->outputs, 3, to, -1, SQLITE_STATIC);
    while ((rc = sqlite3_step(at->outputs)) == SQLITE_ROW)
        take_output(at, at->outputs);
    end_rows(at, at->outputs, rc);
}

/* ---- the verdict ---- */

static bool read_decision(struct contradictions *at, struct decision_read *out)
{
    sqlite3_stmt *row = at->decision;
    int rc;
    *out = (struct decision_read){0};
    sqlite3_bind_text(row, 1, at->batch.run, at->batch.run_bytes, SQLITE_STATIC);
    sqlite3_bind_int64(row, 2, at->batch.number);
    rc = sqlite3_step(row);
    if (rc == SQLITE_ROW) {
        size_t count = (size_t)sqlite3_column_bytes(row, 0);
        if (count < sizeof out->verdict)
            memcpy(out->verdict, column(row, 0), count);
        out->answered = sqlite3_column_type(row, 1) != SQLITE_NULL;
        votes_plain(&out->answer, column(row, 1), (size_t)sqlite3_column_bytes(row, 1));
        out->votes = sqlite3_column_int64(row, 2);
        out->agents = sqlite3_column_int64(row, 3);
        out->decided_ns = sqlite3_column_int64(row, 4);
    }
    end_rows(at, row, rc);
    return rc == SQLITE_ROW;
}

static void say(struct contradictions *at, enum contradiction what,
                const struct decision_read *decision)
{
    const struct batch_read *batch = &at->batch;
    contradictions_say(at, what,
                       "batch %lld of run '%s' ('%s' with %lld votes of %lld agents; %lld are "
                       "completed, %lld have outputs)",
                       (long long)batch->number, batch->run, decision->verdict,
                       (long long)decision->votes, (long long)decision->agents,
                       (long long)batch->completed, (long long)batch->outputs);
}

/* What the row says by itself; false: the rest would only follow from it. */
static bool check_verdict(struct contradictions *at, const struct decision_read *decision)
{
    bool agreed = strcmp(decision->verdict, "agreed") == 0;
    if ((!agreed && strcmp(decision->verdict, "split") != 0) || decision->votes < 0 ||
        decision->agents < decision->votes)
        say(at, SAYS_VERDICT, decision);
    else if (agreed != decision->answered)
        say(at, SAYS_ANSWER, decision);
    else if (agreed != (decision->votes > decision->agents / 2))
        say(at, SAYS_MAJORITY, decision);
    else
        return true;
    return false;
}

static void check_counts(struct contradictions *at, const struct decision_read *decision,
                         bool plain)
{
    struct batch_read *batch = &at->batch;
    int64_t most;
    if (decision->agents != batch->outputs)
        say(at, SAYS_OUTPUTS, decision);
    else if (decision->agents != batch->completed)
        say(at, SAYS_AGENTS, decision);
    else if (plain && !at->watched && is_whole(batch) &&
             !contradictions_follows(batch, decision, &most))
        contradictions_say(at, SAYS_VOTES,
                           "batch %lld of run '%s': '%s' with %lld votes of %lld agents, of its "
                           "outputs at most %lld are alike",
                           (long long)batch->number, batch->run, decision->verdict,
                           (long long)decision->votes, (long long)decision->agents,
                           (long long)most);
}

static void check_decision(struct contradictions *at, const struct decision_read *decision)
{
    const struct batch_read *batch = &at->batch;
    check_counts(at, decision, check_verdict(at, decision));
    if (decision->decided_ns < batch->newest_ns)
        contradictions_say(at, SAYS_DECIDED, "batch %lld of run '%s': decided %lld ns before",
                           (long long)batch->number, batch->run,
                           (long long)(batch->newest_ns - decision->decided_ns));
    if (decision->decided_ns > CONTRADICTIONS_CLOCK_MOST)
        contradictions_say(at, SAYS_CLOCK, "batch %lld of run '%s': decided at %lld",
                           (long long)batch->number, batch->run, (long long)decision->decided_ns);
    if (!at->watched && !batch->open && batch->rows <= batch->greatest)
        contradictions_say(at, SAYS_GAP, "batch %lld of run '%s': %lld rows up to '%lld.%lld'",
                           (long long)batch->number, batch->run, (long long)batch->rows,
                           (long long)batch->number, (long long)batch->greatest);
}

/* ---- processes ---- */

/* The later one was started while the earlier one lived for certain: it was not ready yet, or shows
 * that it got its prompt after all had been started. When the others ended only their spawner
 * knows, which may write it down late: another process may have got the number meanwhile. */
static bool was_alive(const struct member *earlier, const struct member *later)
{
    if (earlier->spawned_ns == later->spawned_ns) /* recorded twice: told as that */
        return false;
    return earlier->prompted ||
           (earlier->ready_ns && later->ready_ns && later->spawned_ns < earlier->ready_ns);
}

static void check_processes(struct contradictions *at)
{
    struct batch_read *batch = &at->batch;
    struct member *members = batch->members;
    qsort(members, batch->count, sizeof *members, by_process);
    for (size_t i = 1; i < batch->count; i++)
        if (members[i].pid > 0 && members[i].pid == members[i - 1].pid &&
            was_alive(&members[i - 1], &members[i]))
            contradictions_say(at, SAYS_ONE_PROCESS, "'%lld.%lld' and '%lld.%lld' of run '%s'",
                               (long long)batch->number, (long long)members[i - 1].ordinal,
                               (long long)batch->number, (long long)members[i].ordinal, batch->run);
}

void contradictions_end_batch(struct contradictions *at)
{
    struct batch_read *batch = &at->batch;
    struct decision_read decision;
    if (batch->rows == 0)
        return;
    qsort(batch->members, batch->count, sizeof *batch->members, by_ordinal);
    if (!at->failed)
        read_outputs(at);
    if (!at->failed && read_decision(at, &decision) && !at->failed)
        check_decision(at, &decision);
    check_processes(at);
    at->too_large += !is_whole(batch);
    batch->count = 0;
    batch->rows = batch->completed = batch->outputs = batch->newest_ns = 0;
    batch->greatest = -1;
    batch->open = false;
}

void contradictions_end_run(struct contradictions *at)
{
    struct answers_sample *said = &at->said[SAYS_ANOTHER];
    if (at->named_several && at->misnamed.count) {
        if (said->examples.length)
            text_add(&said->examples, "; ");
        text_add(&said->examples, at->misnamed.examples.data);
        said->count += at->misnamed.count;
    }
    answers_sample_release(&at->misnamed);
    at->named[0] = '\0';
    at->named_several = false;
}
