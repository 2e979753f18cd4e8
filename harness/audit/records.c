/* Does the store hold what the answer said of this cycle: each start once, nothing else, all of it?
 * Read by key and by rowid, so that it costs the same in a large store as in a small one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_internal.h"
#include "base/text.h"

/* How often each agent of the cycle was seen in the store. */
struct tally {
    int rows, outputs;
};

/* One look at the rows of one cycle. */
struct look {
    struct audit_watch *watch;
    struct audit_findings *findings;
    const struct cycle *cycle;
    struct tally *seen; /* per agent */
    struct batch_rows now;
    int64_t rows;
    bool failed;           /* a statement did */
    char from[32], to[32]; /* ids of the batch: from <= id < to */
};

static const char *column(sqlite3_stmt *row, int index)
{
    const unsigned char *text = sqlite3_column_text(row, index);
    return text ? (const char *)text : "";
}

static long ordinal_of(const struct cycle *cycle, const char *id)
{
    const char *dot = strchr(id, '.');
    unsigned long ordinal = dot ? strtoul(dot + 1, NULL, 10) : cycle->agent_count;
    if (ordinal >= cycle->agent_count || strcmp(cycle->agents[ordinal].id, id) != 0)
        return -1;
    return (long)ordinal;
}

static void check_row(const struct look *look, const struct cycle_agent *agent, sqlite3_stmt *row)
{
    struct audit_findings *findings = look->findings;
    const char *name = column(row, 2), *state = column(row, 3), *outcome = column(row, 4);
    const char *expected =
        agent->outcome == CYCLE_READY ? "completed" : cycle_outcome_names[agent->outcome];
    if (sqlite3_column_int64(row, 0) != (sqlite3_int64)look->cycle->index)
        finding_add(findings, RULE_STATE, agent->id, "batch %lld in the store, expected %zu",
                    (long long)sqlite3_column_int64(row, 0), look->cycle->index);
    if (strcmp(name, agent->asked->name) != 0)
        finding_add(findings, RULE_STATE, agent->id, "name '%.40s', expected '%.40s'", name,
                    agent->asked->name);
    if (strcmp(outcome, cycle_outcome_names[agent->outcome]) != 0)
        finding_add(findings, RULE_STATE, agent->id, "outcome '%.20s' in the store, '%s' answered",
                    outcome, cycle_outcome_names[agent->outcome]);
    if (strcmp(state, expected) != 0)
        finding_add(findings, RULE_STATE, agent->id, "state '%.20s', expected '%s'", state,
                    expected);
    if (agent->outcome == CYCLE_READY && !look->cycle->starts_nothing &&
        sqlite3_column_int64(row, 5) != (sqlite3_int64)agent->pid)
        finding_add(findings, RULE_PID, agent->id, "process %lld in the store, %d in the answer",
                    (long long)sqlite3_column_int64(row, 5), (int)agent->pid);
    if (agent->outcome == CYCLE_READY && agent->ready_ns != sqlite3_column_int64(row, 6))
        finding_add(findings, RULE_STATE, agent->id, "ready at %lld in the store, %lld answered",
                    (long long)sqlite3_column_int64(row, 6), (long long)agent->ready_ns);
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
static int prepare_table(const struct look *look, enum store_table table)
{
    struct audit_watch *watch = look->watch;
    const char *name = sealed_tables[table], *key = table == TABLE_CONSENSUS ? "batch" : "id";
    char sql[MOST_SQL];
    if (watch->of_batch[table])
        return 0;
    snprintf(sql, sizeof sql, "SELECT %s, run = ?1 FROM %s WHERE run = ?1 AND %s",
             sealed_columns[table], name, of_this_batch[table]);
    watch->of_batch[table] = prepare(watch, sql);
    if (!watch->of_batch[table]) {
        finding_add(look->findings, RULE_READABLE, "", "%.200s", sqlite3_errmsg(watch->database));
        return -1;
    }
    snprintf(sql, sizeof sql, "SELECT %s FROM %s WHERE rowid > ?5 AND NOT (run = ?1 AND %s)", key,
             name, of_this_batch[table]);
    watch->since[table] = prepare(watch, sql);
    snprintf(sql, sizeof sql, "SELECT coalesce(max(rowid), 0) FROM %s", name);
    watch->newest[table] = prepare(watch, sql);
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

static void bind(const struct look *look, sqlite3_stmt *statement, enum store_table table)
{
    sqlite3_bind_text(statement, 1, look->watch->run_label, -1, SQLITE_STATIC);
    if (table == TABLE_CONSENSUS) {
        sqlite3_bind_int64(statement, 4, (sqlite3_int64)look->cycle->index);
    } else {
        sqlite3_bind_text(statement, 2, look->from, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 3, look->to, -1, SQLITE_STATIC);
    }
}

/* An error is told; the statement is at rest in every case, and holds no lock. */
static void end_rows(struct look *look, sqlite3_stmt *statement, int rc)
{
    if (rc != SQLITE_DONE) {
        finding_add(look->findings, RULE_READABLE, "", "%.200s",
                    sqlite3_errmsg(look->watch->database));
        look->failed = true;
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

sqlite3_stmt *records_of_batch(struct audit_watch *watch, enum store_table table, size_t index)
{
    char sql[MOST_SQL], from[32], to[32];
    sqlite3_stmt *row = NULL;
    snprintf(sql, sizeof sql, "SELECT %s, run = ?1 FROM %s WHERE run = ?1 AND %s",
             sealed_columns[table], sealed_tables[table], of_this_batch[table]);
    if (sqlite3_prepare_v2(watch->database, sql, -1, &row, NULL) != SQLITE_OK)
        return NULL;
    snprintf(from, sizeof from, "%zu.", index);
    snprintf(to, sizeof to, "%zu/", index);
    sqlite3_bind_text(row, 1, watch->run_label, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 2, from, -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(row, 3, to, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int64(row, 4, (sqlite3_int64)index);
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
    long ordinal = ordinal_of(look->cycle, column(row, 1));
    if (ordinal < 0)
        finding_add(look->findings, RULE_PHANTOM, "", "row '%.32s' belongs to no agent asked for",
                    column(row, 1));
    else if (look->seen[ordinal].rows++ == 0 && !is_open(look->cycle, ordinal))
        check_row(look, &look->cycle->agents[ordinal], row);
}

static void take_consensus(struct look *look, sqlite3_stmt *row)
{
    if (look->cycle->consensus[0] && strcmp(column(row, 1), look->cycle->consensus) != 0)
        finding_add(look->findings, RULE_CONSENSUS, "", "'%.15s' in the store, '%s' answered",
                    column(row, 1), look->cycle->consensus);
}

static void take_output(struct look *look, sqlite3_stmt *row)
{
    long ordinal = ordinal_of(look->cycle, column(row, 1));
    if (ordinal < 0)
        finding_add(look->findings, RULE_PHANTOM, "", "output of '%.32s', which nobody asked for",
                    column(row, 1));
    else
        look->seen[ordinal].outputs++;
}

static void read_batch(struct look *look, enum store_table table)
{
    static void (*const take[TABLE_COUNT])(struct look *,
                                           sqlite3_stmt *) = {[TABLE_EXECUTIONS] = take_execution,
                                                              [TABLE_CONSENSUS] = take_consensus,
                                                              [TABLE_OUTPUTS] = take_output};
    sqlite3_stmt *row = look->watch->of_batch[table];
    int rc;
    bind(look, row, table);
    while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
        look->rows++;
        take[table](look, row);
        if (sqlite3_column_int64(row, 0) == (sqlite3_int64)look->cycle->index)
            sealed_add(&look->now, table, row);
    }
    end_rows(look, row, rc);
}

/* ---- what else came since the last audit ---- */

static void read_since(struct look *look, enum store_table table)
{
    sqlite3_stmt *row = look->watch->since[table];
    int rc;
    if (!row || look->watch->marks[table] < 0)
        return;
    bind(look, row, table);
    sqlite3_bind_int64(row, 5, look->watch->marks[table]);
    while ((rc = sqlite3_step(row)) == SQLITE_ROW)
        finding_add(look->findings, table == TABLE_CONSENSUS ? RULE_CONSENSUS : RULE_PHANTOM, "",
                    "row '%.32s' of %s came in this cycle and is not of it", column(row, 0),
                    sealed_tables[table]);
    end_rows(look, row, rc);
}

static void set_mark(struct look *look, enum store_table table)
{
    sqlite3_stmt *row = look->watch->newest[table];
    int rc;
    look->watch->marks[table] = -1;
    if (!row)
        return;
    rc = sqlite3_step(row);
    if (rc == SQLITE_ROW)
        look->watch->marks[table] = sqlite3_column_int64(row, 0);
    end_rows(look, row, rc == SQLITE_ROW ? SQLITE_DONE : rc);
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
    }
}

static void check_consensus(const struct look *look)
{
    const struct cycle *cycle = look->cycle;
    int expected = cycle->consensus[0] ? 1 : 0;
    if (look->now.rows[TABLE_CONSENSUS] != expected)
        finding_add(look->findings, RULE_CONSENSUS, "", "%d consensus rows, expected %d",
                    (int)look->now.rows[TABLE_CONSENSUS], expected);
    for (size_t i = 0; i < cycle->agent_count; i++) {
        const struct cycle_agent *agent = &cycle->agents[i];
        int wanted = expected && agent->outcome == CYCLE_READY ? 1 : 0;
        if (look->seen[i].outputs != wanted)
            finding_add(look->findings, RULE_CONSENSUS, agent->id, "%d outputs, expected %d",
                        look->seen[i].outputs, wanted);
    }
}

static int read_all(struct look *look)
{
    for (enum store_table table = 0; table < TABLE_COUNT; table++)
        if (prepare_table(look, table) < 0)
            return -1;
    for (enum store_table table = 0; table < TABLE_COUNT && !look->failed; table++) {
        read_batch(look, table);
        read_since(look, table);
        set_mark(look, table);
    }
    return look->failed ? -1 : 0;
}

static void set_batch(struct audit_watch *watch, size_t index, const struct batch_rows *now)
{
    struct batch_rows *batch = sealed_batch(watch, index);
    if (batch)
        *batch = *now;
}

int64_t records_check(struct audit_watch *watch, struct audit_findings *findings,
                      const struct scenario *scenario, const struct cycle *cycle)
{
    struct look look = {.watch = watch, .findings = findings, .cycle = cycle};
    look.seen = xcalloc(cycle->agent_count, sizeof *look.seen);
    snprintf(look.from, sizeof look.from, "%zu.", cycle->index);
    snprintf(look.to, sizeof look.to, "%zu/", cycle->index); /* '/' follows '.' */
    if (scenario->consensus && cycle->finish_sent_ns && !cycle->consensus[0])
        finding_add(findings, RULE_CONSENSUS, "", "consensus was asked for, none was answered");
    if (read_all(&look) == 0) {
        check_executions(&look);
        check_consensus(&look);
        look.now.state = BATCH_SEALED;
        set_batch(watch, cycle->index, &look.now);
        if (some_open(cycle)) {
            records_skip(watch, cycle);
            settle_later(watch, cycle);
        }
    } else {
        records_skip(watch, cycle);
    }
    free(look.seen);
    return look.rows;
}

/* Rows of a broken cycle may come late: what is new is told apart again from the next one on. */
void records_skip(struct audit_watch *watch, const struct cycle *cycle)
{
    set_batch(watch, cycle->index, &(struct batch_rows){.state = BATCH_BROKEN});
    for (enum store_table table = 0; table < TABLE_COUNT; table++)
        watch->marks[table] = -1;
}
