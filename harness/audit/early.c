/* Was everything that "spawned" acknowledged in the store when it was answered?
 *
 * Only a look before "finish" is asked can tell: a spawner that records while it finishes is
 * faster, and loses what it acknowledged when it is killed in between. Read by key: flat cost.
 */
#include <stdlib.h>
#include <string.h>

#include "audit/audit_internal.h"
#include "base/clock.h"
#include "base/text.h"

struct early {
    struct audit_watch *watch;
    struct audit_findings *findings;
    const struct cycle *cycle;
    int *rows; /* per agent */
    int64_t others[TABLE_COUNT];
};

static void take_execution(void *context, sqlite3_stmt *row)
{
    struct early *early = context;
    long ordinal = records_ordinal(early->cycle, row);
    const struct row_moment moment = {.looked_at_ns = clock_now_ns()};
    const struct cycle_agent *agent;
    if (ordinal < 0)
        return; /* told after "finished" */
    agent = &early->cycle->agents[ordinal];
    if (early->rows[ordinal]++ == 0 &&
        (early->cycle->harm != CYCLE_HURT || agent->outcome == CYCLE_READY))
        row_check(early->findings, early->cycle, agent, row, &moment);
}

static void take_other(void *context, sqlite3_stmt *row)
{
    (void)context;
    (void)row;
}

static void note_missing(struct early *early)
{
    struct early_look *kept = &early->watch->early;
    early_release(early->watch);
    kept->index = early->cycle->index;
    kept->count = early->cycle->agent_count;
    kept->missing = xcalloc(kept->count, sizeof *kept->missing);
    kept->alive_ns = xcalloc(kept->count, sizeof *kept->alive_ns);
    for (size_t i = 0; i < kept->count; i++) {
        const struct cycle_agent *agent = &early->cycle->agents[i];
        kept->missing[i] = agent->outcome == CYCLE_READY && early->rows[i] == 0;
        /* cpu_ns is known of processes that descend from the subject: it is its agent's */
        if (agent->outcome == CYCLE_READY && agent->cpu_ns >= 0) {
            int64_t now_ns = clock_now_ns();
            kept->alive_ns[i] = row_process_runs(agent) ? now_ns : 0;
        }
    }
}

static void look(struct early *early)
{
    bool failed = records_prepare(early->watch, early->findings) < 0;
    for (enum store_table table = 0; table < TABLE_COUNT && !failed; table++)
        failed = records_each(early->watch, early->findings, table, early->cycle->index,
                              table == TABLE_EXECUTIONS ? take_execution : take_other, early,
                              &early->others[table]) < 0;
    if (failed)
        return;
    if (early->others[TABLE_CONSENSUS])
        finding_add(early->findings, RULE_CONSENSUS, "",
                    "%lld consensus rows of a batch that nobody has been asked to finish",
                    (long long)early->others[TABLE_CONSENSUS]);
    if (early->others[TABLE_OUTPUTS])
        finding_add(early->findings, RULE_CONSENSUS, "",
                    "%lld outputs of a batch that nobody has been asked to finish",
                    (long long)early->others[TABLE_OUTPUTS]);
    note_missing(early);
}

void audit_watch_spawned(struct audit_watch *watch, struct audit_findings *findings,
                         const struct cycle *cycle)
{
    struct early early = {.watch = watch, .findings = findings, .cycle = cycle};
    if (!watch || cycle->broke != CYCLE_WHOLE || cycle->harm == CYCLE_KILLED)
        return;
    if (!watch_meet(watch, findings))
        return;
    early.rows = xcalloc(cycle->agent_count, sizeof *early.rows);
    look(&early);
    sqlite3_exec(watch->database, "ROLLBACK", NULL, NULL, NULL);
    free(early.rows);
}

/* ---- and afterwards ---- */

void early_tell(struct audit_watch *watch, struct audit_findings *findings,
                const struct cycle *cycle, const int rows[])
{
    const struct early_look *kept = &watch->early;
    if (kept->index == cycle->index && kept->count == cycle->agent_count)
        for (size_t i = 0; i < kept->count; i++)
            if (kept->missing[i] && !(rows && rows[i] == 0)) /* that is told by itself */
                finding_add(findings, RULE_RECORDED, cycle->agents[i].id,
                            "called ready, but not recorded when \"spawned\" was answered%s",
                            rows ? ": its row came late, while the batch was finished" : "");
    early_release(watch);
}

int64_t early_alive_ns(const struct audit_watch *watch, const struct cycle *cycle, size_t ordinal)
{
    const struct early_look *kept = &watch->early;
    return kept->index == cycle->index && ordinal < kept->count ? kept->alive_ns[ordinal] : 0;
}

void early_release(struct audit_watch *watch)
{
    free(watch->early.missing);
    free(watch->early.alive_ns);
    watch->early = (struct early_look){0};
}
