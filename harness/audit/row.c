/* Does one row of agent_executions say what the answer said, in every column?
 *
 *                    after "spawned"                   after "finished"
 *     ready          'ready', not completed; or, when  'completed', between the last time that its
 *                    its process has ended already,    process was seen, or else its being ready,
 *                    'completed' since it was ready    and our reading of "finished"
 *     another        its outcome, completed or not     the same
 *
 * Told times that a machine cannot have are held within a range (clock_believable); what was told
 * is not known then and not compared. A subject whose answer shows another clock than ours is told
 * so by "times-are-in-order", once: its times are compared with each other alone.
 */
#include <stdio.h>
#include <string.h>

#include "audit/audit_internal.h"
#include "base/clock.h"
#include "base/process.h"

/* Places in sealed_columns. */
enum { BATCH, ID, NAME, STATE, OUTCOME, PID, READY, SPAWNED, COMPLETED, ERROR };

struct checking {
    struct audit_findings *findings;
    const struct cycle *cycle;
    const struct cycle_agent *agent;
    sqlite3_stmt *row;
    const struct row_moment *moment;
};

static const char *text_of(sqlite3_stmt *row, int index)
{
    const unsigned char *text = sqlite3_column_text(row, index);
    return text ? (const char *)text : "";
}

/* Byte by byte: what follows a NUL counts too. */
static bool is_text(sqlite3_stmt *row, int index, const char *expected)
{
    const char *text = text_of(row, index);
    size_t length = (size_t)sqlite3_column_bytes(row, index);
    return length == strlen(expected) && memcmp(text, expected, length) == 0;
}

static bool is_null(sqlite3_stmt *row, int index)
{
    return sqlite3_column_type(row, index) == SQLITE_NULL;
}

static bool is_known(int64_t told_ns)
{
    return told_ns != 0 && clock_believable(INT64_MAX) != told_ns &&
           clock_believable(INT64_MIN) != told_ns;
}

bool row_clock_is_ours(const struct cycle *cycle)
{
    return cycle->sent_ns <= cycle->begin_ns && cycle->begin_ns <= cycle->end_ns &&
           cycle->end_ns <= cycle->answered_ns;
}

bool row_process_runs(const struct cycle_agent *agent)
{
    char text[512];
    const char *at;
    return agent->pid > 0 && process_read(text, sizeof text, agent->pid, "stat") &&
           (at = strrchr(text, ')')) && at[1] && at[2] && !strchr("ZXx", at[2]);
}

/* ---- columns ---- */

static void check_names(const struct checking *at)
{
    const char *outcome = cycle_outcome_names[at->agent->outcome];
    if (sqlite3_column_int64(at->row, BATCH) != (sqlite3_int64)at->cycle->index)
        finding_add(at->findings, RULE_STATE, at->agent->id,
                    "batch %lld in the store, expected %zu",
                    (long long)sqlite3_column_int64(at->row, BATCH), at->cycle->index);
    if (!is_text(at->row, NAME, at->agent->asked->name))
        finding_add(at->findings, RULE_STATE, at->agent->id, "name '%.40s', expected '%.40s'",
                    text_of(at->row, NAME), at->agent->asked->name);
    if (!is_text(at->row, OUTCOME, outcome))
        finding_add(at->findings, RULE_STATE, at->agent->id,
                    "outcome '%.20s' in the store, '%s' answered", text_of(at->row, OUTCOME),
                    outcome);
}

static void check_pid(const struct checking *at)
{
    bool ready = at->agent->outcome == CYCLE_READY;
    char told[AUDIT_PROCESS_BYTES];
    sqlite3_int64 pid = sqlite3_column_int64(at->row, PID);
    if (at->cycle->starts_nothing)
        return;
    if (ready && !at->agent->pid && pid)
        finding_add(at->findings, RULE_PID, at->agent->id,
                    "process %lld in the store, none answered", (long long)pid);
    else if ((ready || (at->agent->pid && !is_null(at->row, PID))) &&
             pid != (sqlite3_int64)at->agent->pid)
        finding_add(at->findings, RULE_PID, at->agent->id,
                    "process %lld in the store, %s in the answer", (long long)pid,
                    audit_process_told(told, at->agent->pid));
}

static void check_time(const struct checking *at, int index, const char *what, int64_t told_ns)
{
    sqlite3_int64 ns = sqlite3_column_int64(at->row, index);
    if (is_known(told_ns) && ns != told_ns)
        finding_add(at->findings, RULE_STATE, at->agent->id,
                    "%s at %lld in the store, %lld answered", what, (long long)ns,
                    (long long)told_ns);
}

/* Ready agents that have ended before "finish" may be called so already. */
static bool has_ended(const struct checking *at)
{
    return at->agent->asked->ready == SCENARIO_READY_EXIT || !row_process_runs(at->agent);
}

static bool is_completed(const struct checking *at)
{
    if (at->agent->outcome != CYCLE_READY)
        return false;
    return at->moment->finished || (is_text(at->row, STATE, "completed") && has_ended(at));
}

static void check_state(const struct checking *at)
{
    const char *expected = is_completed(at) ? "completed" : cycle_outcome_names[at->agent->outcome];
    if (!is_text(at->row, STATE, expected))
        finding_add(at->findings, RULE_STATE, at->agent->id, "state '%.20s'%s, expected '%s'",
                    text_of(at->row, STATE), at->moment->finished ? "" : " before \"finish\"",
                    expected);
}

/* When it may have ended: after it was seen running, or at least was ready, and before we were told
 * or looked. */
static void set_bounds(const struct checking *at, int64_t *from_ns, int64_t *until_ns)
{
    bool ours = row_clock_is_ours(at->cycle), ready = at->agent->outcome == CYCLE_READY;
    *from_ns = ours ? at->cycle->sent_ns : INT64_MIN;
    if (ready && is_known(at->agent->ready_ns))
        *from_ns = at->agent->ready_ns;
    if (ready && ours && at->moment->alive_ns)
        *from_ns = at->moment->alive_ns;
    *until_ns = !ours                           ? INT64_MAX
                : at->moment->finished && ready ? at->cycle->finished_ns
                                                : at->moment->looked_at_ns;
}

static void check_completed(const struct checking *at)
{
    const struct cycle_agent *agent = at->agent;
    bool ready = agent->outcome == CYCLE_READY, completed = is_completed(at);
    int64_t from_ns, until_ns, ns = sqlite3_column_int64(at->row, COMPLETED);
    set_bounds(at, &from_ns, &until_ns);
    if (is_null(at->row, COMPLETED)) {
        if (completed)
            finding_add(at->findings, RULE_STATE, agent->id,
                        "completed_ns is NULL, though it is completed");
    } else if (ready && !completed) {
        finding_add(at->findings, RULE_STATE, agent->id,
                    "completed_ns is set before \"finish\", though it runs");
    } else if (ns < from_ns || ns > until_ns) {
        finding_add(at->findings, RULE_STATE, agent->id,
                    "completed at %lld in the store, which is not within %lld and %lld",
                    (long long)ns, (long long)from_ns, (long long)until_ns);
    }
}

/* It ended well, as far as anybody told, and nothing of its output was left out. */
static bool has_no_error(const struct checking *at)
{
    if (!at->moment->finished)
        return !is_completed(at);
    return at->agent->exit_status == 0 && !at->agent->exit_signal &&
           !strstr(text_of(at->row, ERROR), "its output is cut by");
}

static void check_error(const struct checking *at)
{
    const struct cycle_agent *agent = at->agent;
    bool told = agent->error && agent->error[0];
    if (agent->outcome == CYCLE_READY && !is_null(at->row, ERROR) && has_no_error(at))
        finding_add(at->findings, RULE_STATE, agent->id,
                    "error '%.60s' in the store, none answered", text_of(at->row, ERROR));
    if ((agent->outcome == CYCLE_FAILED || agent->outcome == CYCLE_TIMED_OUT) && told &&
        is_null(at->row, ERROR))
        finding_add(at->findings, RULE_STATE, agent->id, "no error in the store, '%.60s' answered",
                    agent->error);
}

void row_check(struct audit_findings *findings, const struct cycle *cycle,
               const struct cycle_agent *agent, sqlite3_stmt *row, const struct row_moment *moment)
{
    const struct checking at = {findings, cycle, agent, row, moment};
    check_names(&at);
    check_pid(&at);
    check_state(&at);
    if (agent->outcome == CYCLE_READY || !is_null(row, READY))
        check_time(&at, READY, "ready", agent->ready_ns);
    check_time(&at, SPAWNED, "started", agent->start_ns);
    check_completed(&at);
    check_error(&at);
}
