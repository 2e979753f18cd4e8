/* Does the store hold what the answer said of this cycle: each start once, nothing else, all of it?
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/internal.h"
#include "base/text.h"

/* How often each agent of the cycle was seen in the store. */
struct tally {
    int rows, outputs;
};

static const char *column(sqlite3_stmt *row, int index)
{
    const unsigned char *text = sqlite3_column_text(row, index);
    return text ? (const char *)text : "";
}

static long ordinal_of(const struct run_cycle *cycle, const char *id)
{
    const char *dot = strchr(id, '.');
    unsigned long ordinal = dot ? strtoul(dot + 1, NULL, 10) : cycle->agent_count;
    if (ordinal >= cycle->agent_count || strcmp(cycle->agents[ordinal].id, id) != 0)
        return -1;
    return (long)ordinal;
}

static void check_row(struct audit_findings *findings, const struct run_agent *agent,
                      sqlite3_stmt *row)
{
    const char *name = column(row, 1), *state = column(row, 2), *outcome = column(row, 3);
    const char *expected =
        agent->outcome == RUN_READY ? "completed" : run_outcome_name(agent->outcome);
    if (strcmp(name, agent->asked->name) != 0)
        finding_add(findings, RULE_STATE, agent->id, "name '%.40s', expected '%.40s'", name,
                    agent->asked->name);
    if (strcmp(outcome, run_outcome_name(agent->outcome)) != 0)
        finding_add(findings, RULE_STATE, agent->id, "outcome '%.20s' in the store, '%s' answered",
                    outcome, run_outcome_name(agent->outcome));
    if (strcmp(state, expected) != 0)
        finding_add(findings, RULE_STATE, agent->id, "state '%.20s', expected '%s'", state,
                    expected);
    if (agent->outcome == RUN_READY && sqlite3_column_int64(row, 4) != (sqlite3_int64)agent->pid)
        finding_add(findings, RULE_PID, agent->id, "process %lld in the store, %d in the answer",
                    (long long)sqlite3_column_int64(row, 4), (int)agent->pid);
    if (agent->outcome == RUN_READY && agent->ready_ns != sqlite3_column_int64(row, 5))
        finding_add(findings, RULE_STATE, agent->id, "ready at %lld in the store, %lld answered",
                    (long long)sqlite3_column_int64(row, 5), (long long)agent->ready_ns);
}

static sqlite3_stmt *query(struct audit_findings *findings, sqlite3 *database, const char *sql,
                           const char *run_label, size_t batch)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK) {
        finding_add(findings, RULE_READABLE, "", "%.200s", sqlite3_errmsg(database));
        return NULL;
    }
    sqlite3_bind_text(statement, 1, run_label, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, (sqlite3_int64)batch);
    return statement;
}

static void end_query(struct audit_findings *findings, sqlite3 *database, sqlite3_stmt *statement,
                      int rc)
{
    if (rc != SQLITE_DONE)
        finding_add(findings, RULE_READABLE, "", "%.200s", sqlite3_errmsg(database));
    sqlite3_finalize(statement);
}

static void check_executions(struct audit_findings *findings, const struct run_cycle *cycle,
                             sqlite3 *database, const char *run_label, struct tally seen[])
{
    int rc;
    sqlite3_stmt *row = query(findings, database,
                              "SELECT id, name, state, outcome, pid, ready_ns FROM agent_executions"
                              " WHERE run = ?1 AND (batch = ?2 OR id GLOB ?2 || '.*')",
                              run_label, cycle->index);
    if (!row)
        return;
    while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
        long ordinal = ordinal_of(cycle, column(row, 0));
        if (ordinal < 0) {
            finding_add(findings, RULE_PHANTOM, "", "row '%.32s' belongs to no agent asked for",
                        column(row, 0));
            continue;
        }
        if (seen[ordinal].rows++ == 0)
            check_row(findings, &cycle->agents[ordinal], row);
    }
    end_query(findings, database, row, rc);
    for (size_t i = 0; i < cycle->agent_count; i++) {
        const struct run_agent *agent = &cycle->agents[i];
        if (agent->outcome == RUN_READY && seen[i].rows != 1)
            finding_add(findings, RULE_RECORDED, agent->id, "%d rows, expected 1", seen[i].rows);
        else if (seen[i].rows > 1)
            finding_add(findings, RULE_RECORDED, agent->id, "%d rows, expected at most 1",
                        seen[i].rows);
    }
}

static int count_consensus(struct audit_findings *findings, sqlite3 *database,
                           const char *run_label, size_t batch, char verdict[16])
{
    int rc, rows = 0;
    sqlite3_stmt *row =
        query(findings, database,
              "SELECT verdict FROM consensus_runs WHERE run = ?1 AND batch = ?2", run_label, batch);
    if (!row)
        return -1;
    while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
        snprintf(verdict, 16, "%s", column(row, 0));
        rows++;
    }
    end_query(findings, database, row, rc);
    return rows;
}

static void check_outputs(struct audit_findings *findings, const struct run_cycle *cycle,
                          sqlite3 *database, const char *run_label, struct tally seen[])
{
    int rc;
    sqlite3_stmt *row =
        query(findings, database, "SELECT id FROM agent_outputs WHERE run = ?1 AND batch = ?2",
              run_label, cycle->index);
    if (!row)
        return;
    while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
        long ordinal = ordinal_of(cycle, column(row, 0));
        if (ordinal < 0)
            finding_add(findings, RULE_PHANTOM, "", "output of '%.32s', which nobody asked for",
                        column(row, 0));
        else
            seen[ordinal].outputs++;
    }
    end_query(findings, database, row, rc);
}

static void check_consensus(struct audit_findings *findings, const struct run_cycle *cycle,
                            sqlite3 *database, const char *run_label, struct tally seen[])
{
    char verdict[16] = "";
    int rows = count_consensus(findings, database, run_label, cycle->index, verdict);
    int expected = cycle->consensus[0] ? 1 : 0;
    if (rows >= 0 && rows != expected)
        finding_add(findings, RULE_CONSENSUS, "", "%d consensus rows, expected %d", rows, expected);
    else if (rows == 1 && strcmp(verdict, cycle->consensus) != 0)
        finding_add(findings, RULE_CONSENSUS, "", "'%s' in the store, '%s' answered", verdict,
                    cycle->consensus);
    check_outputs(findings, cycle, database, run_label, seen);
    for (size_t i = 0; i < cycle->agent_count; i++) {
        const struct run_agent *agent = &cycle->agents[i];
        int wanted = expected && agent->outcome == RUN_READY ? 1 : 0;
        if (seen[i].outputs != wanted)
            finding_add(findings, RULE_CONSENSUS, agent->id, "%d outputs, expected %d",
                        seen[i].outputs, wanted);
    }
}

void records_check(struct audit_findings *findings, const struct scenario *scenario,
                   const struct run_cycle *cycle, sqlite3 *database, const char *run_label)
{
    struct tally *seen = xcalloc(cycle->agent_count, sizeof *seen);
    check_executions(findings, cycle, database, run_label, seen);
    if (scenario->consensus && cycle->finish_sent_ns && !cycle->consensus[0])
        finding_add(findings, RULE_CONSENSUS, "", "consensus was asked for, none was answered");
    check_consensus(findings, cycle, database, run_label, seen);
    free(seen);
}
