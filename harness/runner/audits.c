/* How is the store of one subject kept under audit? Cycle by cycle, within the schedule's
 * budget. */
#include "runner/audits.h"

#include "base/clock.h"

static int64_t measured_ns(const struct cycle *cycle)
{
    int64_t until_ns = cycle->finished_ns ? cycle->finished_ns : cycle->answered_ns;
    return until_ns > cycle->sent_ns ? until_ns - cycle->sent_ns : 0;
}

static void follow(struct runner_audits *audits, const char *database, const char *run_label)
{
    if (!audits->watch && database)
        audits->watch = audit_watch_new(database, run_label);
    audit_watch_place(audits->watch, audits->folder);
}

void runner_audit_spawned(struct runner_audits *audits, struct audit_findings *findings,
                          const struct cycle *cycle, const char *database, const char *run_label)
{
    int64_t from_ns = clock_now_ns();
    follow(audits, database, run_label);
    audit_watch_spawned(audits->watch, findings, cycle);
    audits->early_ns = clock_now_ns() - from_ns;
}

void runner_audit_cycle(struct runner_audits *audits, struct audit_findings *findings,
                        const struct scenario *scenario, struct cycle *cycle, const char *database,
                        const char *run_label, bool forced, struct audit_result *result)
{
    enum audit_level level = audit_schedule_next(&audits->schedule, measured_ns(cycle), forced);
    follow(audits, database, run_label);
    audit_watch_cycle(audits->watch, findings, scenario, cycle, level, result);
    result->spent_ns += audits->early_ns;
    audits->early_ns = 0;
    cycle->unread = result->locked;
    if (result->level != AUDIT_NONE && cycle->broke == CYCLE_WHOLE)
        cycle->contents = (int)result->contents;
    if (result->unmet)
        cycle_fail(cycle, &cycle->agents[result->first_unmet],
                   "it printed something else than 'expect' says");
    if (result->level != AUDIT_NONE) {
        cycle->cost[SCENARIO_DATABASE_SIZE] = result->database_bytes;
        cycle->cost[SCENARIO_WAL_SIZE] = result->wal_bytes;
        cycle->page_bytes = result->page_bytes ? result->page_bytes : -1;
    }
    if (result->level == AUDIT_FULL)
        audit_schedule_spent(&audits->schedule, result->full_ns);
}

void runner_audit_close(struct audit_findings *findings, const struct cycle_arm_end *end,
                        bool killed)
{
    if (end->asked && !end->clean && !killed)
        audit_find(findings, "subject-answers", "",
                   "close: it did not answer and exit 0 (status %d, signal %d)", end->exit.status,
                   end->exit.signal);
    if (end->strays)
        audit_find(findings, "no-agent-ran-unasked", "",
                   "close: %d messages to the witness are of no agent here: '%s'", end->strays,
                   end->stray);
    if (end->orphans)
        audit_find(findings, "nothing-is-left-running", "",
                   "close: %d orphans were still running, one is '%s'", end->orphans,
                   end->left_name);
}

void runner_audit_release(struct runner_audits *audits)
{
    audit_watch_free(audits->watch);
    *audits = (struct runner_audits){0};
}
