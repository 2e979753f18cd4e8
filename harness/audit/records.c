/* Does the store hold what the answer said of this cycle: each start once, nothing else, all of it?
 * Read by key and by rowid, so that it costs the same in a large store as in a small one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_internal.h"
#include "base/clock.h"
#include "base/text.h"

/* What was met of each agent of the cycle in the store. */
struct tally {
    int rows;
    char *error; /* of its row, own; NULL when none */
    struct output_look output;
};

/* The consensus row. */
struct decision {
    char verdict[16];
    bool has_answer;
    struct vote answer;
    char shown[48]; /* the answer, for people */
    int64_t votes, agents, decided_ns;
};

/* One look at the rows of one cycle. */
struct look {
    struct audit_watch *watch;
    struct audit_findings *findings;
    const struct cycle *cycle;
    const char *prompt;
    struct tally *seen; /* per agent */
    struct decision decision;
    struct batch_rows now;
    int64_t rows;
    enum store_table table; /* that is being read */
};

static const char *column(sqlite3_stmt *row, int index)
{
    const unsigned char *text = sqlite3_column_text(row, index);
    return text ? (const char *)text : "";
}

/* An id with a NUL in it, or with white space behind it, looks alike and is another. */
long records_ordinal(const struct cycle *cycle, sqlite3_stmt *row)
{
    const char *id = column(row, 1), *dot = strchr(id, '.');
    unsigned long ordinal = dot ? strtoul(dot + 1, NULL, 10) : cycle->agent_count;
    if (ordinal >= cycle->agent_count || strcmp(cycle->agents[ordinal].id, id) != 0 ||
        (size_t)sqlite3_column_bytes(row, 1) != strlen(id))
        return -1;
    return (long)ordinal;
}

/* ---- statements, kept as long as the connection ---- */

#define MOST_SQL 512

/* "17." <= id < "17/": the ids that begin with the batch, found by the primary key. */
static const char *const of_this_batch[TABLE_COUNT] = {[TABLE_EXECUTIONS] = "id >= ?2 AND id < ?3",
                                                       [TABLE_CONSENSUS] = "batch = ?4",
                                                       [TABLE_OUTPUTS] = "id >= ?2 AND id < ?3"};

static sqlite3_stmt *prepare(struct audit_watch *watch, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    sqlite3_prepare_v3(watch->database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
    return statement;
}

/* A table without rowids has no order of coming: the full audit finds what is invented there. */
static int prepare_table(struct audit_watch *watch, struct audit_findings *findings,
                         enum store_table table)
{
    const char *name = sealed_tables[table], *key = table == TABLE_CONSENSUS ? "batch" : "id";
    char sql[MOST_SQL];
    if (watch->of_batch[table])
        return 0;
    snprintf(sql, sizeof sql, "SELECT %s, run = ?1 FROM %s WHERE run = ?1 AND %s",
             sealed_columns[table], name, of_this_batch[table]);
    watch->of_batch[table] = prepare(watch, sql);
    if (!watch->of_batch[table]) {
        finding_add(findings, RULE_READABLE, "", "%.200s", sqlite3_errmsg(watch->database));
        return -1;
    }
    snprintf(sql, sizeof sql, "SELECT %s FROM %s WHERE rowid > ?5 AND NOT (run = ?1 AND %s)", key,
             name, of_this_batch[table]);
    watch->since[table] = prepare(watch, sql);
    snprintf(sql, sizeof sql, "SELECT coalesce(max(rowid), 0) FROM %s", name);
    watch->newest[table] = prepare(watch, sql);
    return 0;
}

int records_prepare(struct audit_watch *watch, struct audit_findings *findings)
{
    for (enum store_table table = 0; table < TABLE_COUNT; table++)
        if (prepare_table(watch, findings, table) < 0)
            return -1;
    return 0;
}

void records_rest(struct audit_watch *watch)
{
    for (enum store_table table = 0; table < TABLE_COUNT; table++) {
        sqlite3_finalize(watch->of_batch[table]);
        sqlite3_finalize(watch->since[table]);
        sqlite3_finalize(watch->newest[table]);
        watch->of_batch[table] = watch->since[table] = watch->newest[table] = NULL;
    }
}

/* from <= id < to: '/' follows '.' */
static void bind(const struct audit_watch *watch, sqlite3_stmt *statement, enum store_table table,
                 size_t index)
{
    char from[32], to[32];
    sqlite3_bind_text(statement, 1, watch->run_label, -1, SQLITE_STATIC);
    if (table == TABLE_CONSENSUS) {
        sqlite3_bind_int64(statement, 4, (sqlite3_int64)index);
        return;
    }
    snprintf(from, sizeof from, "%zu.", index);
    snprintf(to, sizeof to, "%zu/", index);
    sqlite3_bind_text(statement, 2, from, -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(statement, 3, to, -1, SQLITE_TRANSIENT);
}

/* An error is told; the statement is at rest in every case, and holds no lock. */
static int end_rows(struct audit_watch *watch, struct audit_findings *findings,
                    sqlite3_stmt *statement, int rc)
{
    if (rc != SQLITE_DONE)
        finding_add(findings, RULE_READABLE, "", "%.200s", sqlite3_errmsg(watch->database));
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return rc == SQLITE_DONE ? 0 : -1;
}

int records_each(struct audit_watch *watch, struct audit_findings *findings, enum store_table table,
                 size_t index, void (*take)(void *context, sqlite3_stmt *row), void *context,
                 int64_t *rows)
{
    sqlite3_stmt *row = watch->of_batch[table];
    int rc;
    bind(watch, row, table, index);
    while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
        ++*rows;
        take(context, row);
    }
    return end_rows(watch, findings, row, rc);
}

sqlite3_stmt *records_of_batch(struct audit_watch *watch, enum store_table table, size_t index)
{
    char sql[MOST_SQL];
    sqlite3_stmt *row = NULL;
    snprintf(sql, sizeof sql, "SELECT %s, run = ?1 FROM %s WHERE run = ?1 AND %s",
             sealed_columns[table], sealed_tables[table], of_this_batch[table]);
    if (sqlite3_prepare_v2(watch->database, sql, -1, &row, NULL) != SQLITE_OK)
        return NULL;
    bind(watch, row, table, index);
    return row;
}

/* ---- the rows of the cycle ---- */

/* It was refused when something was refused to its spawner: not final until that has restarted. */
static bool is_open(const struct cycle *cycle, long ordinal)
{
    return cycle->harm == CYCLE_HURT && cycle->agents[ordinal].outcome != CYCLE_READY;
}

static bool some_open(const struct cycle *cycle)
{
    for (size_t i = 0; i < cycle->agent_count; i++)
        if (is_open(cycle, (long)i))
            return true;
    return false;
}

static void take_execution(struct look *look, sqlite3_stmt *row)
{
    long ordinal = records_ordinal(look->cycle, row);
    struct row_moment moment = {.finished = true, .looked_at_ns = clock_now_ns()};
    struct tally *seen = ordinal < 0 ? NULL : &look->seen[ordinal];
    if (!seen) {
        finding_add(look->findings, RULE_PHANTOM, "", "row '%.32s' belongs to no agent asked for",
                    column(row, 1));
        return;
    }
    if (seen->rows++ > 0 || is_open(look->cycle, ordinal))
        return;
    moment.alive_ns = early_alive_ns(look->watch, look->cycle, (size_t)ordinal);
    row_check(look->findings, look->cycle, &look->cycle->agents[ordinal], row, &moment);
    seen->error = sqlite3_column_type(row, 9) == SQLITE_NULL ? NULL : xstrdup(column(row, 9));
}

static void take_consensus(struct look *look, sqlite3_stmt *row)
{
    struct decision *decision = &look->decision;
    if (look->cycle->consensus[0] && strcmp(column(row, 1), look->cycle->consensus) != 0)
        finding_add(look->findings, RULE_CONSENSUS, "", "'%.15s' in the store, '%s' answered",
                    column(row, 1), look->cycle->consensus);
    snprintf(decision->verdict, sizeof decision->verdict, "%s", column(row, 1));
    decision->has_answer = sqlite3_column_type(row, 2) != SQLITE_NULL;
    snprintf(decision->shown, sizeof decision->shown, "%s", column(row, 2));
    votes_plain(&decision->answer, column(row, 2), (size_t)sqlite3_column_bytes(row, 2));
    decision->votes = sqlite3_column_int64(row, 3);
    decision->agents = sqlite3_column_int64(row, 4);
    decision->decided_ns = sqlite3_column_int64(row, 5);
}

static void take_output(struct look *look, sqlite3_stmt *row)
{
    long ordinal = records_ordinal(look->cycle, row);
    const void *bytes = sqlite3_column_blob(row, 2);
    size_t count = (size_t)sqlite3_column_bytes(row, 2);
    struct tally *seen = ordinal < 0 ? NULL : &look->seen[ordinal];
    if (!seen) {
        finding_add(look->findings, RULE_PHANTOM, "", "output of '%.32s', which nobody asked for",
                    column(row, 1));
        return;
    }
    if (seen->output.rows++ > 0 || look->cycle->agents[ordinal].outcome != CYCLE_READY)
        return;
    votes_take(&seen->output.vote, bytes, count);
    output_check(look->findings, &look->cycle->agents[ordinal], look->prompt, bytes, count,
                 seen->error, &seen->output);
}

static void take_row(void *context, sqlite3_stmt *row)
{
    static void (*const take[TABLE_COUNT])(struct look *,
                                           sqlite3_stmt *) = {[TABLE_EXECUTIONS] = take_execution,
                                                              [TABLE_CONSENSUS] = take_consensus,
                                                              [TABLE_OUTPUTS] = take_output};
    struct look *look = context;
    take[look->table](look, row);
    if (sqlite3_column_int64(row, 0) == (sqlite3_int64)look->cycle->index)
        sealed_add(&look->now, look->table, row);
}

/* ---- what else came since the last audit ---- */

static int read_since(struct look *look)
{
    sqlite3_stmt *row = look->watch->since[look->table];
    int rc;
    if (!row || look->watch->marks[look->table] < 0)
        return 0;
    bind(look->watch, row, look->table, look->cycle->index);
    sqlite3_bind_int64(row, 5, look->watch->marks[look->table]);
    while ((rc = sqlite3_step(row)) == SQLITE_ROW)
        finding_add(look->findings, look->table == TABLE_CONSENSUS ? RULE_CONSENSUS : RULE_PHANTOM,
                    "", "row '%.32s' of %s came in this cycle and is not of it", column(row, 0),
                    sealed_tables[look->table]);
    return end_rows(look->watch, look->findings, row, rc);
}

static int set_mark(struct look *look)
{
    sqlite3_stmt *row = look->watch->newest[look->table];
    int rc;
    look->watch->marks[look->table] = -1;
    if (!row)
        return 0;
    rc = sqlite3_step(row);
    if (rc == SQLITE_ROW)
        look->watch->marks[look->table] = sqlite3_column_int64(row, 0);
    return end_rows(look->watch, look->findings, row, rc == SQLITE_ROW ? SQLITE_DONE : rc);
}

/* ---- what must add up ---- */

static void check_executions(const struct look *look)
{
    for (size_t i = 0; i < look->cycle->agent_count; i++) {
        const struct cycle_agent *agent = &look->cycle->agents[i];
        int rows = look->seen[i].rows;
        if (agent->outcome == CYCLE_READY && rows != 1)
            finding_add(look->findings, RULE_RECORDED, agent->id, "%d rows, expected 1", rows);
        else if (rows > 1)
            finding_add(look->findings, RULE_RECORDED, agent->id, "%d rows, expected at most 1",
                        rows);
        else if (rows == 0 && agent->recorded_ns && !is_open(look->cycle, (long)i))
            finding_add(look->findings, RULE_RECORDED, agent->id,
                        "recorded_ns is answered, but it has no row");
    }
}

static int64_t count_ready(const struct cycle *cycle)
{
    int64_t ready = 0;
    for (size_t i = 0; i < cycle->agent_count; i++)
        ready += cycle->agents[i].outcome == CYCLE_READY;
    return ready;
}

/* Votes of those that ended badly or said nothing may be left out; both readings are right. */
static struct votes_result count_votes(const struct look *look, struct vote votes[], bool all)
{
    for (size_t i = 0; i < look->cycle->agent_count; i++) {
        const struct cycle_agent *agent = &look->cycle->agents[i];
        bool well = agent->exit_status == 0 && !agent->exit_signal;
        votes[i] = look->seen[i].output.vote;
        votes[i].cast = agent->outcome == CYCLE_READY && (all || (votes[i].cast && well));
    }
    return votes_count(votes, look->cycle->agent_count, (size_t)count_ready(look->cycle));
}

static bool agrees(const struct decision *decision, const struct votes_result *counted)
{
    if (strcmp(decision->verdict, counted->agreed ? "agreed" : "split") != 0 ||
        decision->votes != counted->votes || decision->has_answer != counted->agreed)
        return false;
    return !counted->agreed || !votes_differ(counted->by, &decision->answer);
}

/* Only what is whole can be counted anew. */
static void check_votes(const struct look *look)
{
    const struct decision *decision = &look->decision;
    struct vote *votes = xcalloc(look->cycle->agent_count, sizeof *votes);
    struct votes_result counted = count_votes(look, votes, false), all;
    bool right = agrees(decision, &counted);
    if (!right) {
        all = count_votes(look, votes, true);
        right = agrees(decision, &all);
    }
    if (!right)
        finding_add(look->findings, RULE_VOTES, "",
                    "'%.15s' with %lld votes%s%.47s%s in the store, its outputs make it '%s' with "
                    "%lld votes",
                    decision->verdict, (long long)decision->votes,
                    decision->has_answer ? " for '" : "", decision->shown,
                    decision->has_answer ? "'" : "", counted.agreed ? "agreed" : "split",
                    (long long)counted.votes);
    if (decision->agents != count_ready(look->cycle))
        finding_add(look->findings, RULE_VOTES, "",
                    "%lld agents voted by the store, %lld were ready", (long long)decision->agents,
                    (long long)count_ready(look->cycle));
    free(votes);
}

static void check_consensus(const struct look *look)
{
    const struct cycle *cycle = look->cycle;
    const struct decision *decision = &look->decision;
    int expected = cycle->consensus[0] ? 1 : 0;
    bool whole = expected && look->now.rows[TABLE_CONSENSUS] == 1;
    if (look->now.rows[TABLE_CONSENSUS] != expected)
        finding_add(look->findings, RULE_CONSENSUS, "", "%d consensus rows, expected %d",
                    (int)look->now.rows[TABLE_CONSENSUS], expected);
    for (size_t i = 0; i < cycle->agent_count; i++) {
        const struct cycle_agent *agent = &cycle->agents[i];
        int wanted = expected && agent->outcome == CYCLE_READY ? 1 : 0;
        whole = whole && look->seen[i].output.rows == wanted;
        if (look->seen[i].output.rows != wanted)
            finding_add(look->findings, RULE_CONSENSUS, agent->id, "%d outputs, expected %d",
                        look->seen[i].output.rows, wanted);
    }
    if (!whole)
        return;
    if (row_clock_is_ours(cycle) &&
        (decision->decided_ns < cycle->finish_sent_ns || decision->decided_ns > cycle->finished_ns))
        finding_add(look->findings, RULE_CONSENSUS, "",
                    "decided at %lld, which is not within \"finish\" at %lld and \"finished\" at "
                    "%lld",
                    (long long)decision->decided_ns, (long long)cycle->finish_sent_ns,
                    (long long)cycle->finished_ns);
    check_votes(look);
}

static int read_all(struct look *look)
{
    if (records_prepare(look->watch, look->findings) < 0)
        return -1;
    for (look->table = 0; look->table < TABLE_COUNT; look->table++)
        if (records_each(look->watch, look->findings, look->table, look->cycle->index, take_row,
                         look, &look->rows) < 0 ||
            read_since(look) < 0 || set_mark(look) < 0)
            return -1;
    return 0;
}

static void set_batch(struct audit_watch *watch, size_t index, const struct batch_rows *now)
{
    struct batch_rows *batch = sealed_batch(watch, index);
    if (batch)
        *batch = *now;
}

/* How often each agent is there, for who looked before; and what their outputs told. */
static void tell(const struct look *look, struct audit_result *result)
{
    int *rows = xcalloc(look->cycle->agent_count, sizeof *rows);
    for (size_t i = 0; i < look->cycle->agent_count; i++) {
        const struct output_look *output = &look->seen[i].output;
        rows[i] = look->seen[i].rows;
        result->contents += output->held;
        if (output->unmet && result->unmet++ == 0)
            result->first_unmet = i;
    }
    early_tell(look->watch, look->findings, look->cycle, rows);
    free(rows);
}

void records_check(struct audit_watch *watch, struct audit_findings *findings,
                   const struct scenario *scenario, const struct cycle *cycle,
                   struct audit_result *result)
{
    struct look look = {
        .watch = watch, .findings = findings, .cycle = cycle, .prompt = scenario->prompt};
    look.seen = xcalloc(cycle->agent_count, sizeof *look.seen);
    if (scenario->consensus && cycle->finish_sent_ns && !cycle->consensus[0])
        finding_add(findings, RULE_CONSENSUS, "", "consensus was asked for, none was answered");
    if (read_all(&look) == 0) {
        check_executions(&look);
        check_consensus(&look);
        tell(&look, result);
        look.now.state = BATCH_SEALED;
        set_batch(watch, cycle->index, &look.now);
        if (some_open(cycle)) {
            records_skip(watch, cycle);
            settle_later(watch, cycle);
        }
    } else {
        early_tell(watch, findings, cycle, NULL);
        records_skip(watch, cycle);
    }
    result->rows += look.rows;
    for (size_t i = 0; i < cycle->agent_count; i++)
        free(look.seen[i].error);
    free(look.seen);
}

/* Rows of a broken cycle may come late: what is new is told apart again from the next one on. */
void records_skip(struct audit_watch *watch, const struct cycle *cycle)
{
    set_batch(watch, cycle->index, &(struct batch_rows){.state = BATCH_BROKEN});
    for (enum store_table table = 0; table < TABLE_COUNT; table++)
        watch->marks[table] = -1;
}
