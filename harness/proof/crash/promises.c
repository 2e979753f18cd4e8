/* Does the database say what the store has said? */
#include "proof/crash/promises.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "proof/crash/scratch.h"

/* What a batch looks like in the database. */
struct seen {
    enum promises_step steps[PROMISES_AGENTS];
    bool interrupted[PROMISES_AGENTS];
    int rows, completed, verdicts, outputs;
};

void promises_intend(struct promises *promises, int batch, int first, int count,
                     enum promises_step step)
{
    for (int i = first; i < first + count; i++)
        promises->agents[batch][i].most = step;
}

void promises_settle(struct promises *promises, int batch, int first, int count,
                     enum promises_answer answer)
{
    for (int i = first; i < first + count; i++) {
        if (answer == PROMISES_YES)
            promises->agents[batch][i].least = promises->agents[batch][i].most;
        else if (answer == PROMISES_NO)
            promises->agents[batch][i].most = promises->agents[batch][i].least;
    }
}

/* ---- what is there ---- */

static int64_t ask(sqlite3 *database, const char *question, int batch)
{
    sqlite3_stmt *row = NULL;
    int64_t answer = -1;
    if (sqlite3_prepare_v2(database, question, -1, &row, NULL) == SQLITE_OK) {
        sqlite3_bind_int(row, 1, batch);
        if (sqlite3_step(row) == SQLITE_ROW)
            answer = sqlite3_column_int64(row, 0);
    }
    sqlite3_finalize(row);
    return answer;
}

static void see_agent(struct seen *seen, int agent, const char *state)
{
    static const char *const states[] = {"", "starting", "ready", "completed"};
    seen->rows++;
    seen->interrupted[agent] = strcmp(state, "interrupted") == 0;
    for (int i = PROMISES_STARTING; i <= PROMISES_COMPLETED; i++)
        if (strcmp(state, states[i]) == 0)
            seen->steps[agent] = i;
    seen->completed += seen->steps[agent] == PROMISES_COMPLETED;
}

static int see(struct seen *seen, sqlite3 *database, int batch)
{
    static const char question[] =
        "SELECT CAST(substr(id, instr(id, '.') + 1) AS INTEGER), state FROM agent_executions"
        " WHERE batch = ?1 ORDER BY id";
    sqlite3_stmt *row = NULL;
    int rc = sqlite3_prepare_v2(database, question, -1, &row, NULL);
    *seen = (struct seen){.rows = 0};
    sqlite3_bind_int(row, 1, batch);
    while (rc == SQLITE_OK && (rc = sqlite3_step(row)) == SQLITE_ROW) {
        int agent = sqlite3_column_int(row, 0);
        if (agent >= 0 && agent < PROMISES_AGENTS)
            see_agent(seen, agent, (const char *)sqlite3_column_text(row, 1));
        rc = SQLITE_OK;
    }
    sqlite3_finalize(row);
    seen->verdicts =
        (int)ask(database, "SELECT count(*) FROM consensus_runs WHERE batch = ?1", batch);
    seen->outputs =
        (int)ask(database, "SELECT count(*) FROM agent_outputs WHERE batch = ?1", batch);
    return rc == SQLITE_DONE ? 0 : -1;
}

/* ---- held against the promises ---- */

static bool is_allowed(const struct promises *promises, const struct seen *seen, int batch, int i)
{
    enum promises_step least = promises->agents[batch][i].least,
                       most = promises->agents[batch][i].most;
    if (seen->interrupted[i])
        return least < PROMISES_COMPLETED && most > PROMISES_ABSENT;
    return least <= seen->steps[i] && seen->steps[i] <= most;
}

static int judge(const struct promises *promises, const struct seen *seen, int batch,
                 char why[SCRATCH_WHY_BYTES])
{
    int present = 0;
    for (int i = 0; i < PROMISES_AGENTS; i++) {
        if (!is_allowed(promises, seen, batch, i)) {
            snprintf(why, SCRATCH_WHY_BYTES, "agent %d.%d is at step %d, must be from %d to %d",
                     batch, i, (int)seen->steps[i], (int)promises->agents[batch][i].least,
                     (int)promises->agents[batch][i].most);
            return -1;
        }
        present += seen->steps[i] > promises->agents[batch][i].least;
    }
    if ((promises->whole && seen->rows % PROMISES_AGENTS != 0) ||
        (seen->completed != 0 && seen->completed != PROMISES_AGENTS) ||
        seen->verdicts != (seen->completed != 0) || seen->outputs != seen->completed) {
        snprintf(why, SCRATCH_WHY_BYTES,
                 "half of batch %d: %d rows, %d completed, %d verdicts, %d outputs", batch,
                 seen->rows, seen->completed, seen->verdicts, seen->outputs);
        return -1;
    }
    return present;
}

/* A store that could not even be created has no tables, and has acknowledged nothing. */
static bool is_blank(sqlite3 *database)
{
    return ask(database, "SELECT count(*) FROM sqlite_schema", 0) == 0;
}

static bool has_promised(const struct promises *promises)
{
    for (int batch = 0; batch < PROMISES_BATCHES; batch++)
        for (int i = 0; i < PROMISES_AGENTS; i++)
            if (promises->agents[batch][i].least > PROMISES_ABSENT)
                return true;
    return false;
}

int promises_audit(sqlite3 *database, const struct promises *promises, char why[SCRATCH_WHY_BYTES])
{
    int present = 0, total = 0;
    if (!scratch_is_sound(database, why))
        return -1;
    if (is_blank(database) && !has_promised(promises))
        return 0;
    for (int batch = 0; batch < PROMISES_BATCHES; batch++) {
        struct seen seen;
        int more;
        if (see(&seen, database, batch) < 0) {
            snprintf(why, SCRATCH_WHY_BYTES, "cannot read batch %d: %s", batch,
                     sqlite3_errmsg(database));
            return -1;
        }
        more = judge(promises, &seen, batch, why);
        if (more < 0)
            return -1;
        present += more;
        total += seen.rows;
    }
    if (ask(database, "SELECT count(*) FROM agent_executions", 0) == total)
        return present;
    snprintf(why, SCRATCH_WHY_BYTES, "there are agents that nobody has started");
    return -1;
}
