/* Do the rows of a store speak against each other, so that no honest spawner can have written them?
 *
 * It needs no harness. Each agent's row is read once, in the order of its key, so that the rows of
 * a batch come together; when they are all there, contradictions_batch.c looks at what belongs to
 * them. A batch is kept in memory, never the store.
 *
 * What is not asked, as an honest spawner may have left it: see audit/INTEGRITY.md 2.3.
 */
#include "audit/contradictions.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define PID_MOST INT64_C(4194304) /* PID_MAX_LIMIT, proc(5) */

#define EXECUTIONS "agent_executions"
#define CONSENSUS  "consensus_runs"
#define OUTPUTS    "agent_outputs"

/* Places in the columns of `agents`. */
enum { RUN, ID, BATCH, NAME, STATE, OUTCOME, PID, SPAWNED, READY, COMPLETED, ERROR };

/* By the index of its key: the planner might sort instead, by what sqlite_stat1 says. */
#define AGENTS                                                                                     \
    "SELECT run, id, batch, name, state, outcome, pid, spawned_ns, ready_ns, completed_ns, error"  \
    " FROM agent_executions %s ORDER BY run, id"

static const char outputs[] =
    "SELECT id, batch, output FROM agent_outputs WHERE run = ?1 AND id >= ?2 AND id < ?3";
static const char decision[] = "SELECT verdict, answer, votes, agents, decided_ns"
                               " FROM consensus_runs WHERE run = ?1 AND batch = ?2";
static const char without_agents[] =
    "SELECT run, batch FROM consensus_runs AS c WHERE NOT EXISTS (SELECT 1 FROM agent_executions"
    " AS e WHERE e.run = c.run AND e.id >= c.batch || '.' AND e.id < c.batch || '/')";
/* Times of start in their order: merged from the index by state, without a look at the table. */
#define STARTS "SELECT spawned_ns FROM agent_executions WHERE state = "
#define AND    " UNION ALL " STARTS

static const char starts[] = STARTS "'starting'" AND "'cancelled'" AND "'timed_out'" AND
                                    "'interrupted'" AND "'ready'" AND "'failed'" AND "'completed'"
                                    " ORDER BY 1";

/* Sorts all rows: only when two began at one time. */
static const char twice[] =
    "SELECT run, min(id), max(id) FROM agent_executions WHERE pid IS NOT NULL"
    " GROUP BY pid, spawned_ns, run HAVING count(*) > 1";
/* In two runs one process may have the number of another, and have begun as many ns after another
 * boot, but it was not ready at the same ns, too. */
static const char in_two_runs[] =
    "SELECT min(run), max(run), pid FROM agent_executions WHERE pid IS NOT NULL AND"
    " ready_ns IS NOT NULL GROUP BY pid, spawned_ns, ready_ns HAVING min(run) <> max(run)";

static const struct {
    enum rule_id rule;
    const char *table, *text;
} kinds[SAYS] = {
    [SAYS_ID] = {RULE_PHANTOM, EXECUTIONS, "agents whose id is not BATCH.ORDINAL"},
    [SAYS_RUN] = {RULE_PHANTOM, EXECUTIONS, "agents whose run has a NUL in its name"},
    [SAYS_BATCH] = {RULE_STATE, EXECUTIONS, "agents whose id names another batch than their row"},
    [SAYS_NAME] = {RULE_STATE, EXECUTIONS, "agents whose name is empty, or has a NUL in it"},
    [SAYS_STATE] = {RULE_STATE, EXECUTIONS,
                    "agents in a state or with an outcome that the contract does not know"},
    [SAYS_READY] = {RULE_STATE, EXECUTIONS,
                    "ready or completed agents without outcome, process or time"},
    [SAYS_OUTCOME] = {RULE_STATE, EXECUTIONS, "ended agents whose outcome contradicts their state"},
    [SAYS_STARTING] = {RULE_STATE, EXECUTIONS,
                       "starting agents with an outcome, or with the time of one"},
    [SAYS_RUNNING] = {RULE_STATE, EXECUTIONS,
                      "ready agents with an error, or with the time of their end"},
    [SAYS_COMPLETED] = {RULE_STATE, EXECUTIONS, "completed agents without the time of it"},
    [SAYS_REASON] = {RULE_STATE, EXECUTIONS, "failed or timed out agents without the reason"},
    [SAYS_INTERRUPTED] = {RULE_STATE, EXECUTIONS,
                          "interrupted agents whose start had failed already"},
    [SAYS_PID] = {RULE_PID, EXECUTIONS, "agents with a process id that no process can have"},
    [SAYS_ONE_PROCESS] = {RULE_TWICE, EXECUTIONS,
                          "agents of a batch that were one process at the same time"},
    [SAYS_ORDER] = {RULE_TIMES, EXECUTIONS, "agents whose times run backwards"},
    [SAYS_CLOCK] = {RULE_TIMES, EXECUTIONS, "agents with a time that the clock cannot have shown"},
    [SAYS_GAP] = {RULE_RECORDED, EXECUTIONS,
                  "finished batches in which an agent between others has no row"},
    [SAYS_NO_BATCH] = {RULE_CONSENSUS, CONSENSUS, "consensus rows of batches without agents"},
    [SAYS_OUTPUTS] = {RULE_CONSENSUS, CONSENSUS, "consensus rows whose outputs are not all there"},
    [SAYS_OUTPUT_BATCH] = {RULE_CONSENSUS, OUTPUTS,
                           "outputs whose id names another batch than their row"},
    [SAYS_OUTPUT_EARLY] = {RULE_CONSENSUS, OUTPUTS, "outputs of agents that are not completed"},
    [SAYS_AGENTS] = {RULE_CONSENSUS, CONSENSUS,
                     "consensus rows that count other agents than those that are completed"},
    [SAYS_VERDICT] = {RULE_CONSENSUS, CONSENSUS,
                      "consensus rows with a verdict or votes that the contract does not know"},
    [SAYS_DECIDED] = {RULE_CONSENSUS, CONSENSUS,
                      "batches decided before all of their agents were ready"},
    [SAYS_ANSWER] = {RULE_VOTES, CONSENSUS,
                     "consensus rows that agreed without an answer, or split with one"},
    [SAYS_MAJORITY] = {RULE_VOTES, CONSENSUS,
                       "verdicts that are not what so many votes of so many agents make"},
    [SAYS_VOTES] = {RULE_VOTES, CONSENSUS, "verdicts that do not follow from the outputs"},
    [SAYS_ANOTHER] = {RULE_OUTPUT, OUTPUTS, "outputs that say themselves to be another agent's"},
    [SAYS_TWICE] = {RULE_TWICE, EXECUTIONS, "processes that are recorded more than once"},
    [SAYS_TWO_RUNS] = {RULE_TWICE, EXECUTIONS, "processes that are recorded in two runs"},
};

void contradictions_say(struct contradictions *at, enum contradiction what, const char *format, ...)
{
    va_list args;
    char *example;
    va_start(args, format);
    example = text_format_list(format, args);
    va_end(args);
    answers_sample_add(&at->said[what], example);
    free(example);
}

/* Digits without a zero in front; as many as a number holds in any case. */
static bool take_number(const char **at, const char *end, size_t most, int64_t *out)
{
    const char *from = *at;
    *out = 0;
    while (*at < end && **at >= '0' && **at <= '9' && (size_t)(*at - from) < most)
        *out = *out * 10 + (*(*at)++ - '0');
    return *at > from && (*from != '0' || *at == from + 1);
}

bool contradictions_id(const char *id, size_t length, int64_t *batch, int64_t *ordinal)
{
    const char *at = id, *end = id + length;
    return take_number(&at, end, 18, batch) && at < end && *at++ == '.' &&
           take_number(&at, end, 18, ordinal) && at == end;
}

/* ---- one row ---- */

static const char *text_of(sqlite3_stmt *row, int column)
{
    const unsigned char *text = sqlite3_column_text(row, column);
    return text ? (const char *)text : "";
}

static bool is_null(sqlite3_stmt *row, int column)
{
    return sqlite3_column_type(row, column) == SQLITE_NULL;
}

/* Where it stands in `words`, which end with NULL; byte by byte. */
static int place_of(sqlite3_stmt *row, int column, const char *const words[])
{
    const char *text = text_of(row, column);
    size_t length = (size_t)sqlite3_column_bytes(row, column);
    int place = 0;
    while (words[place] &&
           (strlen(words[place]) != length || memcmp(words[place], text, length) != 0))
        place++;
    return place;
}

enum state { COMPLETED_STATE, READY_STATE, STARTING, INTERRUPTED, FAILED, CANCELLED, TIMED_OUT };
enum outcome { WAS_READY, WAS_FAILED, WAS_CANCELLED, WAS_TIMED_OUT, UNDECIDED };

static void say(struct contradictions *at, enum contradiction what, sqlite3_stmt *row)
{
    contradictions_say(at, what, "'%s' of run '%s'", text_of(row, ID), text_of(row, RUN));
}

/* Text that nobody can see is none. */
static bool is_blank(sqlite3_stmt *row, int column)
{
    const char *text = text_of(row, column);
    return text[strspn(text, " \t\n\v\f\r")] == '\0';
}

static void check_ended(struct contradictions *at, sqlite3_stmt *row, enum state state,
                        enum outcome outcome)
{
    static const enum outcome of[] = {
        [FAILED] = WAS_FAILED, [CANCELLED] = WAS_CANCELLED, [TIMED_OUT] = WAS_TIMED_OUT};
    if (outcome != of[state])
        say(at, SAYS_OUTCOME, row);
    if (state != CANCELLED && is_blank(row, ERROR))
        say(at, SAYS_REASON, row);
}

static void check_state(struct contradictions *at, sqlite3_stmt *row, enum state state,
                        enum outcome outcome)
{
    bool has_end = !is_null(row, COMPLETED);
    switch (state) {
    case COMPLETED_STATE:
    case READY_STATE:
        if (outcome != WAS_READY || is_null(row, PID) || is_null(row, READY))
            say(at, SAYS_READY, row);
        else if (state == READY_STATE && (has_end || !is_null(row, ERROR)))
            say(at, SAYS_RUNNING, row);
        if (state == COMPLETED_STATE && !has_end)
            say(at, SAYS_COMPLETED, row);
        break;
    case STARTING:
        if (outcome != UNDECIDED || !is_null(row, READY) || has_end)
            say(at, SAYS_STARTING, row);
        break;
    case INTERRUPTED:
        if (outcome != UNDECIDED && outcome != WAS_READY)
            say(at, SAYS_INTERRUPTED, row);
        break;
    case FAILED:
    case CANCELLED:
    case TIMED_OUT:
        check_ended(at, row, state, outcome);
        break;
    }
}

static bool is_clock(sqlite3_stmt *row, int column)
{
    sqlite3_int64 ns = sqlite3_column_int64(row, column);
    return ns >= 0 && ns <= CONTRADICTIONS_CLOCK_MOST;
}

static bool runs_backwards(sqlite3_stmt *row, int from, int to)
{
    return !is_null(row, from) && !is_null(row, to) &&
           sqlite3_column_int64(row, to) < sqlite3_column_int64(row, from);
}

static void check_columns(struct contradictions *at, sqlite3_stmt *row)
{
    const char *name = text_of(row, NAME), *run = text_of(row, RUN);
    sqlite3_int64 pid = sqlite3_column_int64(row, PID);
    if (strlen(run) != (size_t)sqlite3_column_bytes(row, RUN))
        say(at, SAYS_RUN, row);
    if (!*name || strlen(name) != (size_t)sqlite3_column_bytes(row, NAME))
        say(at, SAYS_NAME, row);
    if (!is_null(row, PID) && (pid < 1 || pid > PID_MOST))
        say(at, SAYS_PID, row);
    if (runs_backwards(row, SPAWNED, READY) || runs_backwards(row, READY, COMPLETED) ||
        runs_backwards(row, SPAWNED, COMPLETED))
        say(at, SAYS_ORDER, row);
    if (!is_clock(row, SPAWNED) || !is_clock(row, READY) || !is_clock(row, COMPLETED))
        say(at, SAYS_CLOCK, row);
}

/* ---- the batch it belongs to ---- */

static void remember(struct batch_read *batch, const struct member *member)
{
    if (batch->count == CONTRADICTIONS_MOST_MEMBERS)
        return;
    if (batch->count == batch->room) {
        batch->room = batch->room ? 2 * batch->room : 64;
        batch->members = xrealloc(batch->members, batch->room, sizeof *batch->members);
    }
    batch->members[batch->count++] = *member;
}

static void add(struct batch_read *batch, sqlite3_stmt *row, int64_t ordinal, enum state state)
{
    struct member member = {.ordinal = ordinal,
                            .pid = sqlite3_column_int64(row, PID),
                            .spawned_ns = sqlite3_column_int64(row, SPAWNED),
                            .ready_ns = sqlite3_column_int64(row, READY),
                            .completed = state == COMPLETED_STATE,
                            .may_abstain = !is_null(row, ERROR)};
    batch->rows++;
    batch->completed += member.completed;
    batch->open = batch->open || (state != COMPLETED_STATE && state != FAILED);
    if (ordinal > batch->greatest)
        batch->greatest = ordinal;
    if (member.completed && member.ready_ns > batch->newest_ns)
        batch->newest_ns = member.ready_ns;
    remember(batch, &member);
}

static bool is_same_run(const struct batch_read *batch, sqlite3_stmt *row)
{
    const char *run = text_of(row, RUN);
    return batch->run && sqlite3_column_bytes(row, RUN) == batch->run_bytes &&
           memcmp(batch->run, run, (size_t)batch->run_bytes) == 0;
}

static void begin_run(struct batch_read *batch, sqlite3_stmt *row)
{
    const char *run = text_of(row, RUN);
    free(batch->run);
    batch->run_bytes = sqlite3_column_bytes(row, RUN);
    batch->run = xcalloc((size_t)batch->run_bytes + 1, 1);
    memcpy(batch->run, run, (size_t)batch->run_bytes);
}

static void take_row(struct contradictions *at, sqlite3_stmt *row)
{
    static const char *const states[] = {"completed", "ready",     "starting",  "interrupted",
                                         "failed",    "cancelled", "timed_out", NULL};
    static const char *const outcomes[] = {"ready", "failed", "cancelled", "timed_out", NULL};
    int state = place_of(row, STATE, states), outcome = place_of(row, OUTCOME, outcomes);
    const char *id = text_of(row, ID);
    int64_t batch, ordinal;
    at->rows++;
    check_columns(at, row);
    if (state > TIMED_OUT || (outcome == UNDECIDED && !is_null(row, OUTCOME)))
        say(at, SAYS_STATE, row);
    else
        check_state(at, row, (enum state)state, (enum outcome)outcome);
    if (!contradictions_id(id, (size_t)sqlite3_column_bytes(row, ID), &batch, &ordinal)) {
        say(at, SAYS_ID, row);
        return;
    }
    if (sqlite3_column_int64(row, BATCH) != batch)
        say(at, SAYS_BATCH, row);
    if (!is_same_run(&at->batch, row)) {
        contradictions_end_batch(at);
        contradictions_end_run(at);
        begin_run(&at->batch, row);
    } else if (batch != at->batch.number) {
        contradictions_end_batch(at);
    }
    at->batch.number = batch;
    add(&at->batch, row, ordinal, (enum state)state);
}

/* ---- the store ---- */

static sqlite3_stmt *prepare(sqlite3 *database, const char *sql)
{
    sqlite3_stmt *row = NULL;
    sqlite3_prepare_v2(database, sql, -1, &row, NULL);
    return row;
}

/* Calls take() for each row. What fails is kept, and does not keep others from being asked, unless
 * they would cost as much. */
static void each(struct contradictions *at, const char *sql,
                 void (*take)(struct contradictions *at, sqlite3_stmt *row))
{
    sqlite3_stmt *row = at->failed == SQLITE_INTERRUPT ? NULL : prepare(at->database, sql);
    int rc = row ? sqlite3_step(row) : sqlite3_errcode(at->database);
    for (; rc == SQLITE_ROW && at->failed != SQLITE_INTERRUPT; rc = sqlite3_step(row))
        take(at, row);
    if (at->failed != SQLITE_INTERRUPT && rc != SQLITE_DONE)
        at->failed = rc;
    sqlite3_finalize(row);
}

static void walk(struct contradictions *at)
{
    char *sql = text_format(AGENTS, "INDEXED BY sqlite_autoindex_agent_executions_1");
    sqlite3_stmt *row = prepare(at->database, sql);
    if (!row) { /* a key without that index: told by others */
        free(sql);
        sql = text_format(AGENTS, "");
    }
    sqlite3_finalize(row);
    each(at, sql, take_row);
    free(sql);
    contradictions_end_batch(at);
    contradictions_end_run(at);
}

static void take_without_agents(struct contradictions *at, sqlite3_stmt *row)
{
    contradictions_say(at, SAYS_NO_BATCH, "batch %lld of run '%s'",
                       (long long)sqlite3_column_int64(row, 1), text_of(row, 0));
}

static void take_start(struct contradictions *at, sqlite3_stmt *row)
{
    int64_t spawned_ns = sqlite3_column_int64(row, 0);
    at->some_twice = at->some_twice || (at->starts > 0 && spawned_ns == at->last_start_ns);
    at->last_start_ns = spawned_ns;
    at->starts++;
}

static void take_twice(struct contradictions *at, sqlite3_stmt *row)
{
    contradictions_say(at, SAYS_TWICE, "'%s' and '%s' of run '%s'", text_of(row, 1),
                       text_of(row, 2), text_of(row, 0));
}

static void take_two_runs(struct contradictions *at, sqlite3_stmt *row)
{
    contradictions_say(at, SAYS_TWO_RUNS, "process %lld of run '%s' and of run '%s'",
                       (long long)sqlite3_column_int64(row, 2), text_of(row, 0), text_of(row, 1));
}

static void tell(const struct contradictions *at, struct audit_answers *answers)
{
    for (int i = 0; i < SAYS; i++)
        if (at->said[i].count)
            answers_broken(answers, kinds[i].rule, kinds[i].table, at->said[i].count,
                           "%lld %s: %s%s", (long long)at->said[i].count, kinds[i].text,
                           at->said[i].examples.data, at->said[i].count > 3 ? "; ..." : "");
    if (at->too_large)
        answers_unchecked(answers, RULE_VOTES, CONSENSUS,
                          "%lld batches of more than %d agents are not counted anew",
                          (long long)at->too_large, CONTRADICTIONS_MOST_MEMBERS);
    for (int i = 0; i < SAYS; i++)
        answers_held(answers, kinds[i].rule);
}

void contradictions_check(struct audit_answers *answers, sqlite3 *database, bool watched)
{
    struct contradictions at = {.database = database,
                                .watched = watched,
                                .outputs = prepare(database, outputs),
                                .decision = prepare(database, decision),
                                .batch.greatest = -1};
    if (!at.outputs || !at.decision)
        at.failed = SQLITE_ERROR;
    walk(&at);
    each(&at, without_agents, take_without_agents);
    each(&at, starts, take_start);
    if (at.some_twice || at.starts != at.rows) { /* or the index is none, or not of all */
        each(&at, twice, take_twice);
        each(&at, in_two_runs, take_two_runs);
    }
    if (at.failed == SQLITE_INTERRUPT)
        answers_broken(answers, RULE_READABLE, "", 1, "%s", GUARD_SAYS);
    else if (at.failed)
        answers_unchecked(answers, RULE_STATE, "", "not all rows can be read: %s",
                          sqlite3_errstr(at.failed));
    tell(&at, answers);
    sqlite3_finalize(at.outputs);
    sqlite3_finalize(at.decision);
    for (int i = 0; i < SAYS; i++)
        answers_sample_release(&at.said[i]);
    text_release(&at.last);
    free(at.batch.members);
    free(at.batch.run);
}
