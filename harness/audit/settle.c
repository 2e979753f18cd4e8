/* What became of the cycles that broke off? Once their subject has opened its store again, either
 * outcome is right for what was in flight; half of one is not, and from then on it is final.
 *
 *     acknowledged before it broke    there, once, as it was told
 *     in flight                       there once and whole, or not at all
 *     finish in flight                all of its batch completed with outputs and consensus,
 *                                     or none
 *     all of them                     none 'starting' or 'ready': whoever started it is gone
 *
 * One that broke off last of all is never opened again: all but the last line holds for it too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_internal.h"
#include "base/text.h"

/* How often each agent was met in the store. */
struct fate {
    int rows, outputs;
    bool started, completed; /* says the row */
};

struct settling {
    struct audit_watch *watch;
    struct audit_findings *findings;
    const struct open_batch *batch;
    struct fate *fates;
    struct batch_rows now;
    int64_t lost;
    bool failed;
};

/* ---- what is known of a cycle that broke off ---- */

void settle_later(struct audit_watch *watch, const struct cycle *cycle)
{
    struct open_batch *batch;
    watch->open = xrealloc(watch->open, watch->open_count + 1, sizeof *watch->open);
    batch = &watch->open[watch->open_count++];
    *batch =
        (struct open_batch){.index = cycle->index,
                            .agent_count = cycle->agent_count,
                            .subject_ended = cycle->broke != CYCLE_WHOLE,
                            .finish_sent = cycle->finish_sent_ns != 0,
                            .finished = cycle->broke == CYCLE_WHOLE && cycle->finished_ns != 0};
    batch->agents = xcalloc(cycle->agent_count, sizeof *batch->agents);
    for (size_t i = 0; i < cycle->agent_count; i++) {
        const struct cycle_agent *agent = &cycle->agents[i];
        batch->agents[i] = (struct open_agent){.name = xstrdup(agent->asked->name),
                                               .acknowledged = agent->outcome == CYCLE_READY,
                                               .pid = agent->pid,
                                               .ready_ns = agent->ready_ns};
        snprintf(batch->agents[i].id, sizeof batch->agents[i].id, "%s", agent->id);
    }
}

static void forget(struct open_batch *batch)
{
    for (size_t i = 0; i < batch->agent_count; i++)
        free(batch->agents[i].name);
    free(batch->agents);
}

void settle_release(struct audit_watch *watch)
{
    for (size_t i = 0; i < watch->open_count; i++)
        forget(&watch->open[i]);
    free(watch->open);
    watch->open = NULL;
    watch->open_count = 0;
}

/* ---- its rows ---- */

static const char *column(sqlite3_stmt *row, int index)
{
    const unsigned char *text = sqlite3_column_text(row, index);
    return text ? (const char *)text : "";
}

static long ordinal_of(const struct open_batch *batch, const char *id)
{
    for (size_t i = 0; i < batch->agent_count; i++)
        if (strcmp(batch->agents[i].id, id) == 0)
            return (long)i;
    return -1;
}

/* Recorded in two transactions, of which the newer one may be lost. */
static bool is_lost_in_part(const struct open_agent *agent, sqlite3_stmt *row)
{
    return agent->acknowledged && strcmp(column(row, 4), "ready") != 0;
}

static void check_acknowledged(const struct settling *settling, const struct open_agent *agent,
                               sqlite3_stmt *row)
{
    if (strcmp(column(row, 2), agent->name) != 0 || strcmp(column(row, 4), "ready") != 0 ||
        sqlite3_column_int64(row, 5) != agent->pid ||
        sqlite3_column_int64(row, 6) != agent->ready_ns)
        finding_add(settling->findings, RULE_STATE, agent->id,
                    "after the restart: '%.32s', outcome '%.16s', process %lld, ready at %lld; "
                    "acknowledged were '%.32s', ready, process %lld, ready at %lld",
                    column(row, 2), column(row, 4), (long long)sqlite3_column_int64(row, 5),
                    (long long)sqlite3_column_int64(row, 6), agent->name, (long long)agent->pid,
                    (long long)agent->ready_ns);
}

static void check_undecided(const struct settling *settling, const struct open_agent *agent,
                            sqlite3_stmt *row)
{
    if (strcmp(column(row, 2), agent->name) != 0)
        finding_add(settling->findings, RULE_UNDECIDED, agent->id, "name '%.40s', expected '%.40s'",
                    column(row, 2), agent->name);
    if (strcmp(column(row, 4), "ready") == 0 &&
        (sqlite3_column_int64(row, 5) == 0 || sqlite3_column_int64(row, 6) == 0))
        finding_add(settling->findings, RULE_UNDECIDED, agent->id,
                    "half a start: called ready, without process or time");
    if (strcmp(column(row, 3), "completed") == 0)
        finding_add(settling->findings, RULE_UNDECIDED, agent->id,
                    "completed, though nobody ever heard that it started");
}

static void take_execution(struct settling *settling, sqlite3_stmt *row)
{
    const char *state = column(row, 3);
    long ordinal = ordinal_of(settling->batch, column(row, 1));
    const struct open_agent *agent;
    if (ordinal < 0) {
        finding_add(settling->findings, RULE_PHANTOM, "",
                    "row '%.32s' belongs to no agent asked for", column(row, 1));
        return;
    }
    agent = &settling->batch->agents[ordinal];
    settling->fates[ordinal].rows++;
    settling->fates[ordinal].started = strcmp(column(row, 4), "ready") == 0;
    settling->fates[ordinal].completed = strcmp(state, "completed") == 0;
    /* until its store is opened again nobody could correct that */
    if (!settling->watch->closed && (strcmp(state, "starting") == 0 || strcmp(state, "ready") == 0))
        finding_add(settling->findings, RULE_ALIVE, agent->id,
                    "called '%s' after the restart, but whoever started it is gone", state);
    settling->lost += is_lost_in_part(agent, row);
    if (!settling->watch->forgiving || !is_lost_in_part(agent, row))
        (agent->acknowledged ? check_acknowledged : check_undecided)(settling, agent, row);
}

static void take_output(struct settling *settling, sqlite3_stmt *row)
{
    long ordinal = ordinal_of(settling->batch, column(row, 1));
    if (ordinal < 0)
        finding_add(settling->findings, RULE_PHANTOM, "",
                    "output of '%.32s', which nobody asked for", column(row, 1));
    else
        settling->fates[ordinal].outputs++;
}

static void read_table(struct settling *settling, enum store_table table)
{
    sqlite3_stmt *row = records_of_batch(settling->watch, table, settling->batch->index);
    int rc = SQLITE_ERROR;
    while (row && (rc = sqlite3_step(row)) == SQLITE_ROW) {
        if (table == TABLE_EXECUTIONS)
            take_execution(settling, row);
        else if (table == TABLE_OUTPUTS)
            take_output(settling, row);
        if (sqlite3_column_int64(row, 0) == (sqlite3_int64)settling->batch->index)
            sealed_add(&settling->now, table, row);
    }
    if (rc != SQLITE_DONE) {
        finding_add(settling->findings, RULE_READABLE, "", "%.200s",
                    sqlite3_errmsg(settling->watch->database));
        settling->failed = true;
    }
    sqlite3_finalize(row);
}

/* ---- what must add up ---- */

static void check_starts(struct settling *settling)
{
    for (size_t i = 0; i < settling->batch->agent_count; i++) {
        const struct open_agent *agent = &settling->batch->agents[i];
        int rows = settling->fates[i].rows;
        settling->lost += agent->acknowledged && rows == 0;
        if (agent->acknowledged && rows == 0 && settling->watch->forgiving)
            continue;
        if (agent->acknowledged && rows != 1)
            finding_add(settling->findings, RULE_RECORDED, agent->id,
                        "%d rows after the restart, expected 1: it was acknowledged", rows);
        else if (rows > 1)
            finding_add(settling->findings, RULE_UNDECIDED, agent->id,
                        "%d rows, expected one or none", rows);
    }
}

/* A finish is one transaction: completed agents, their outputs and the verdict, or none of it. */
static void check_finish(const struct settling *settling, bool consensus)
{
    const struct open_batch *batch = settling->batch;
    int completed = 0, open = 0, verdicts = (int)settling->now.rows[TABLE_CONSENSUS];
    for (size_t i = 0; i < batch->agent_count; i++) {
        const struct fate *fate = &settling->fates[i];
        completed += fate->completed;
        open += batch->agents[i].acknowledged && !fate->completed;
        if (fate->outputs != (consensus && fate->completed ? 1 : 0))
            finding_add(settling->findings, RULE_UNDECIDED, batch->agents[i].id,
                        "half a finish: %d outputs of an agent that is %scompleted", fate->outputs,
                        fate->completed ? "" : "not ");
    }
    if (completed && open)
        finding_add(settling->findings, RULE_UNDECIDED, "",
                    "half a finish: %d agents are completed, %d are not", completed, open);
    if (verdicts != (consensus && completed ? 1 : 0))
        finding_add(settling->findings, RULE_UNDECIDED, "",
                    "half a finish: %d consensus rows beside %d completed agents", verdicts,
                    completed);
    if (batch->finished && open && !(settling->watch->forgiving && completed == 0))
        finding_add(settling->findings, RULE_STATE, "",
                    "%d agents are not completed, though \"finished\" was answered", open);
}

static void count(const struct settling *settling, struct audit_result *result)
{
    const struct open_batch *batch = settling->batch;
    for (size_t i = 0; i < batch->agent_count; i++) {
        const struct fate *fate = &settling->fates[i];
        if (!batch->agents[i].acknowledged) {
            result->undecided++;
            result->present += fate->started;
        } else if (batch->finish_sent && !batch->finished) {
            result->undecided++;
            result->present += fate->completed;
        }
    }
}

static void settle(struct audit_watch *watch, struct audit_findings *findings, bool consensus,
                   const struct open_batch *batch, struct audit_result *result)
{
    struct settling settling = {.watch = watch, .findings = findings, .batch = batch};
    struct batch_rows *kept = sealed_batch(watch, batch->index);
    settling.fates = xcalloc(batch->agent_count, sizeof *settling.fates);
    for (enum store_table table = 0; table < TABLE_COUNT && !settling.failed; table++)
        read_table(&settling, table);
    if (!settling.failed) {
        check_starts(&settling);
        check_finish(&settling, consensus);
        count(&settling, result);
        result->lost += settling.lost;
        settling.now.state = BATCH_SEALED;
        if (kept)
            *kept = settling.now;
    }
    free(settling.fates);
}

void settle_open(struct audit_watch *watch, struct audit_findings *findings, bool consensus,
                 bool all, struct audit_result *result)
{
    size_t left = 0;
    for (size_t i = 0; i < watch->open_count; i++) {
        struct open_batch *batch = &watch->open[i];
        if (!all && !batch->subject_ended) {
            watch->open[left++] = *batch;
            continue;
        }
        settle(watch, findings, consensus, batch, result);
        forget(batch);
    }
    watch->open_count = left;
}
