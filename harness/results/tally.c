/* What does a verdict need of a run besides times? Sums over its cycles, findings and audits. */
#include <stdio.h>

#include "base/text.h"
#include "results/results.h"
#include "results/sql.h"

/* One row of sums into the tally's members, in the order they are selected. */
static int read_sums(struct results *store, const char *sql, int64_t run, int arm, int value,
                     int64_t *const members[], int count, struct err *err)
{
    sqlite3_stmt *row = sql_prepare(store, err, sql, "iii", run, (int64_t)arm, (int64_t)value);
    int rc;
    if (!row)
        return -1;
    rc = sqlite3_step(row);
    for (int i = 0; rc == SQLITE_ROW && i < count; i++)
        *members[i] = sqlite3_column_int64(row, i);
    return sql_end(store, row, rc, err);
}

/* With the value of the cycle that a row belongs to; rows of the whole run belong to each. */
#define OF_CYCLES_OF_ARM_AND_VALUE(row)                                                            \
    row ".run = ?1 AND (?2 < 0 OR " row ".arm = ?2) AND (?3 < 0 OR " row ".cycle < 0 OR"           \
        " (SELECT c.value FROM cycles AS c WHERE c.run = " row ".run AND c.cycle = " row           \
        ".cycle) = ?3)"

static int read_audits(struct results_tally *t, struct results *store, int64_t run, int arm,
                       int value, struct err *err)
{
    int64_t *audits[] = {&t->audits_quick, &t->audits_full, &t->audits_at_end, &t->audit_full_ns,
                         &t->wal_bytes_peak};
    return read_sums(store,
                     "SELECT sum(a.level = 'quick' AND a.cycle >= 0),"
                     " sum(a.level = 'full' AND a.cycle >= 0), sum(a.cycle < 0),"
                     " sum(CASE WHEN a.level = 'full' AND a.cycle >= 0 THEN a.spent_ns ELSE 0 END),"
                     " max(a.wal_bytes) FROM audits AS a WHERE " OF_CYCLES_OF_ARM_AND_VALUE("a"),
                     run, arm, value, audits, 5, err);
}

#define OF_ARM_AND_VALUE "run = ?1 AND (?2 < 0 OR arm = ?2) AND (?3 < 0 OR value = ?3)"

/* Where a column of all these cycles is known its sum, else -1. */
#define SUM_IF_KNOWN(column) "CASE WHEN min(" column ") >= 0 THEN sum(" column ") ELSE -1 END"

static int read_risk(struct results_tally *t, struct results *store, int64_t run, int arm,
                     int value, struct err *err)
{
    int64_t *risk[] = {&t->cycles_at_risk, &t->agents_at_risk, &t->witnessed, &t->contents};
    return read_sums(
        store,
        "SELECT count(*), sum(agents_ready), " SUM_IF_KNOWN("witnessed") ", " SUM_IF_KNOWN(
            "contents") " FROM cycles WHERE"
                        " agents_ready > 0 AND unread <> 1 AND " OF_ARM_AND_VALUE
                        " AND NOT EXISTS (SELECT 1 FROM arms AS a WHERE a.run = cycles.run"
                        "  AND a.arm = cycles.arm AND (a.records = 0 OR a.starts = 0))",
        run, arm, value, risk, 4, err);
}

static int read_attested(struct results_tally *t, struct results *store, int64_t run, int arm,
                         int value, struct err *err)
{
    int64_t *bits[CYCLE_ATTESTS];
    struct text sql = {0};
    int rc;
    for (int i = 0; i < CYCLE_ATTESTS; i++) {
        bits[i] = &t->attested[i];
        text_addf(&sql, "%s sum(attested > 0 AND (attested & %d) <> 0)", i ? "," : "SELECT",
                  1 << i);
    }
    text_add(&sql, " FROM cycles WHERE " OF_ARM_AND_VALUE);
    rc = read_sums(store, sql.data, run, arm, value, bits, CYCLE_ATTESTS, err);
    text_release(&sql);
    return rc;
}

int results_tally(struct results *store, int64_t run, int arm, int value, struct results_tally *out,
                  struct err *err)
{
    struct results_tally *t = out;
    int64_t *cycles[] = {&t->cycles,           &t->agents_planned,
                         &t->agents_ready,     &t->agents_recorded,
                         &t->cycles_failed,    &t->failure_cancelled,
                         &t->failure_degraded, &t->audit_ns,
                         &t->harness_ns,       &t->unread};
    int64_t *blocks[] = {&t->blocks, &t->span_ns};
    int64_t *findings[] = {&t->findings_integrity, &t->findings_conduct,
                           &t->cycles_with_integrity_finding, &t->findings_left};
    *out = (struct results_tally){0};
    if (read_sums(store,
                  "SELECT count(*), sum(agents), sum(agents_ready), sum(agents_recorded),"
                  " sum(outcome <> 'ready'), sum(failure = 'cancels'), sum(failure = 'degrades'),"
                  " sum(audit_ns), sum(harness_ns),"
                  " sum(agents_ready > 0 AND unread = 1) FROM cycles WHERE " OF_ARM_AND_VALUE,
                  run, arm, value, cycles, 10, err) < 0)
        return -1;
    if (read_sums(store,
                  "SELECT count(DISTINCT block),"
                  " (SELECT sum(span) FROM (SELECT max(answered_ns) - min(sent_ns) AS span"
                  "  FROM cycles WHERE " OF_ARM_AND_VALUE " AND warmup = 0 AND answered_ns > 0"
                  "  GROUP BY sitting)) FROM cycles WHERE " OF_ARM_AND_VALUE " AND warmup = 0",
                  run, arm, value, blocks, 2, err) < 0)
        return -1;
    if (read_sums(store,
                  "SELECT sum(severity = 'integrity'), sum(severity = 'conduct'),"
                  " count(DISTINCT CASE WHEN severity = 'integrity' AND f.cycle >= 0"
                  " THEN f.cycle END), sum(rule = 'nothing-is-left-running') FROM findings AS f"
                  " WHERE " OF_CYCLES_OF_ARM_AND_VALUE("f"),
                  run, arm, value, findings, 4, err) < 0 ||
        read_risk(t, store, run, arm, value, err) < 0 ||
        read_attested(t, store, run, arm, value, err) < 0)
        return -1;
    return read_audits(t, store, run, arm, value, err);
}

/* What failed agents told, most often first. */
static int read_error(struct results_arm_use *out, struct results *store, int64_t run, int arm,
                      struct err *err)
{
    sqlite3_stmt *row =
        sql_prepare(store, err,
                    "SELECT a.error FROM agents AS a JOIN cycles AS c"
                    " ON c.run = a.run AND c.cycle = a.cycle"
                    " WHERE a.run = ? AND c.arm = ? AND a.error <> ''"
                    " GROUP BY a.error ORDER BY a.outcome = 'cancelled', count(*) DESC,"
                    " a.error LIMIT 1",
                    "ii", run, (int64_t)arm);
    int rc;
    if (!row)
        return -1;
    rc = sqlite3_step(row);
    if (rc == SQLITE_ROW)
        snprintf(out->error, sizeof out->error, "%s", sql_text(row, 0));
    text_make_printable(out->error);
    return sql_end(store, row, rc, err);
}

int results_arm_use_load(struct results_arm_use *out, struct results *store, int64_t run, int arm,
                         struct err *err)
{
    int64_t records = 1, starts = 1;
    int64_t *members[] = {&out->cycles, &out->ready, &records, &starts};
    *out = (struct results_arm_use){0};
    if (read_sums(store,
                  "SELECT count(*), sum(agents_ready),"
                  " coalesce((SELECT records FROM arms AS a WHERE a.run = ?1 AND a.arm = ?2), 1),"
                  " coalesce((SELECT starts FROM arms AS a WHERE a.run = ?1 AND a.arm = ?2), 1)"
                  " FROM cycles WHERE " OF_ARM_AND_VALUE,
                  run, arm, -1, members, 4, err) < 0)
        return -1;
    out->records = records != 0;
    out->starts = starts != 0;
    return out->cycles && !out->ready ? read_error(out, store, run, arm, err) : 0;
}
