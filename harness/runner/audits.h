/* audits - the store of one subject, under audit from its first cycle until the subject is closed.
 *
 * Normal use: zero a struct runner_audits; for each cycle cycle_spawn, runner_audit_spawned,
 * cycle_finish, runner_audit_cycle; audit_watch_rest of its watch before the subject is asked to
 * close; when it was, runner_audit_close and audit_watch_closed; runner_audit_release. For the
 * runner, and for those who drive a subject cycle by cycle on their own.
 */
#ifndef RUNNER_AUDITS_H
#define RUNNER_AUDITS_H

#include "audit/audit.h"
#include "audit/schedule.h"

/* Zero: nothing was audited yet. */
struct runner_audits {
    struct audit_watch *watch; /* NULL before its first cycle, and where there is no store */
    const char *folder;        /* for copies of the store, borrowed; NULL: $TMPDIR or /tmp */
    struct audit_schedule schedule;
    int64_t early_ns; /* what the look in the middle of this cycle cost */
};

/*
 * runner_audit_spawned - between cycle_spawn and cycle_finish
 *
 * database : NULL: the subject keeps none; borrowed until runner_audit_release, like run_label
 */
void runner_audit_spawned(struct runner_audits *audits, struct audit_findings *findings,
                          const struct cycle *cycle, const char *database, const char *run_label);

/*
 * runner_audit_cycle - audit the cycle that has just ended, as deep as the schedule allows
 *
 * cycle     : its `contents` and what is known of the size of its store are filled, and it has
 *             failed where an agent printed something else than 'expect' says
 * database  : as above
 * forced    : read the whole store, whatever that costs
 */
void runner_audit_cycle(struct runner_audits *audits, struct audit_findings *findings,
                        const struct scenario *scenario, struct cycle *cycle, const char *database,
                        const char *run_label, bool forced, struct audit_result *result);

/* runner_audit_close - what went wrong when a subject was asked to close: no cycle could tell it.
 * killed: on purpose, so that it need not have answered */
void runner_audit_close(struct audit_findings *findings, const struct cycle_arm_end *end,
                        bool killed);

void runner_audit_release(struct runner_audits *audits);

#endif
