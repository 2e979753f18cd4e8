/* Is every row still what it was when its cycle was audited?
 * What SQLite's own checks cannot see. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_internal.h"
#include "base/hash.h"
#include "base/text.h"

const char *const sealed_tables[TABLE_COUNT] = {"agent_executions", "consensus_runs",
                                                "agent_outputs"};

const char *const sealed_columns[TABLE_COUNT] = {
    [TABLE_EXECUTIONS] =
        "batch, id, name, state, outcome, pid, ready_ns, spawned_ns, completed_ns, error",
    [TABLE_CONSENSUS] = "batch, verdict, answer, votes, agents, decided_ns",
    [TABLE_OUTPUTS] = "batch, id, output"};

/* ---- digests ---- */

/* Sums of plain FNV digests would keep its weak low bits. source : the finalizer of SplitMix64,
 * Steele, Lea and Flood 2014 */
static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void sealed_add(struct batch_rows *batch, enum store_table table, sqlite3_stmt *row)
{
    uint64_t digest = HASH_START + table;
    for (int i = 0; i < sqlite3_column_count(row); i++)
        digest = hash_column(digest, row, i);
    batch->rows[table]++;
    batch->digest[table] += mix(digest);
}

/* ---- batches ---- */

struct batch_rows *sealed_batch(struct audit_watch *watch, size_t index)
{
    size_t place;
    if (watch->batch_count == 0)
        watch->first_batch = index;
    if (index < watch->first_batch)
        return NULL;
    place = index - watch->first_batch;
    if (place >= watch->batch_room) {
        watch->batch_room = 2 * place + 64;
        watch->batches = xrealloc(watch->batches, watch->batch_room, sizeof *watch->batches);
    }
    for (; watch->batch_count <= place; watch->batch_count++)
        watch->batches[watch->batch_count] = (struct batch_rows){.state = BATCH_STRANGE};
    return &watch->batches[place];
}

/* ---- all of them against what they were ---- */

/* What is there now. */
struct present {
    struct batch_rows *batches; /* like the watch's */
    struct batch_rows others;
    int64_t rows;
    int64_t strangers;
    char stranger[32]; /* one of them */
};

static void count_row(struct present *present, const struct audit_watch *watch,
                      enum store_table table, sqlite3_stmt *row)
{
    int last = sqlite3_column_count(row) - 1; /* whether it is of our run */
    int64_t batch = sqlite3_column_int64(row, 0), place = batch - (int64_t)watch->first_batch;
    bool ours = sqlite3_column_int(row, last) != 0;
    present->rows++;
    if (!ours || (batch >= 0 && place < 0)) {
        sealed_add(&present->others, table, row);
    } else if (place < 0 || place >= (int64_t)watch->batch_count ||
               watch->batches[place].state == BATCH_STRANGE) {
        const unsigned char *id = sqlite3_column_text(row, table == TABLE_CONSENSUS ? 0 : 1);
        if (present->strangers++ == 0)
            snprintf(present->stranger, sizeof present->stranger, "%s",
                     id ? (const char *)id : "NULL");
    } else {
        sealed_add(&present->batches[place], table, row);
    }
}

static int read_table(struct present *present, struct audit_watch *watch,
                      struct audit_findings *findings, enum store_table table)
{
    sqlite3_stmt *row = NULL;
    /* the digest takes the last column too: it is the same for all rows of a batch */
    char *sql =
        text_format("SELECT %s, run = ?1 FROM %s", sealed_columns[table], sealed_tables[table]);
    int rc = sqlite3_prepare_v2(watch->database, sql, -1, &row, NULL);
    free(sql);
    if (rc == SQLITE_OK) {
        sqlite3_bind_text(row, 1, watch->run_label, -1, SQLITE_STATIC);
        while ((rc = sqlite3_step(row)) == SQLITE_ROW)
            count_row(present, watch, table, row);
    }
    if (rc != SQLITE_DONE)
        finding_add(findings, RULE_READABLE, "", "%s: %.200s", sealed_tables[table],
                    rc == SQLITE_INTERRUPT ? GUARD_SAYS : sqlite3_errmsg(watch->database));
    sqlite3_finalize(row);
    return rc == SQLITE_DONE ? 0 : -1;
}

static void compare_rows(struct audit_findings *findings, const char *whose,
                         const struct batch_rows *was, const struct batch_rows *is)
{
    static const enum rule_id fewer[] = {RULE_RECORDED, RULE_CONSENSUS, RULE_CONSENSUS};
    static const enum rule_id more[] = {RULE_PHANTOM, RULE_CONSENSUS, RULE_CONSENSUS};
    for (int i = 0; i < TABLE_COUNT; i++) {
        if (was->rows[i] != is->rows[i])
            finding_add(findings, is->rows[i] < was->rows[i] ? fewer[i] : more[i], "",
                        "%s: %lld rows in %s now, %lld when it was audited", whose,
                        (long long)is->rows[i], sealed_tables[i], (long long)was->rows[i]);
        else if (was->digest[i] != is->digest[i])
            finding_add(findings, RULE_STATE, "", "%s: a row of %s is no longer what it was", whose,
                        sealed_tables[i]);
    }
}

/* Transactions are lost from the newest one backwards, or the store is not one any more. */
struct losing {
    size_t first; /* batch that is not what it was */
    bool any;
};

static void compare_forgiving(struct losing *losing, struct audit_findings *findings, size_t batch,
                              const struct batch_rows *was, const struct batch_rows *is)
{
    bool same = memcmp(was->rows, is->rows, sizeof was->rows) == 0 &&
                memcmp(was->digest, is->digest, sizeof was->digest) == 0;
    if (losing->any && is->rows[TABLE_EXECUTIONS] > 0)
        finding_add(findings, RULE_RECORDED, "",
                    "batch %zu is there, though batch %zu, which was acknowledged before it, is "
                    "not what it was",
                    batch, losing->first);
    if (is->rows[TABLE_EXECUTIONS] > was->rows[TABLE_EXECUTIONS])
        finding_add(findings, RULE_PHANTOM, "", "batch %zu: %lld rows now, %lld before", batch,
                    (long long)is->rows[TABLE_EXECUTIONS], (long long)was->rows[TABLE_EXECUTIONS]);
    if (!same && !losing->any)
        *losing = (struct losing){batch, true};
}

/* What has been told once is not told again: it is taken for what the rows are now. */
static void compare(struct audit_watch *watch, struct audit_findings *findings,
                    const struct present *present, int64_t *lost)
{
    const char *after = watch->closed ? "after it was closed: " : "";
    struct losing losing = {0};
    char whose[64];
    for (size_t i = 0; i < watch->batch_count; i++) {
        struct batch_rows *was = &watch->batches[i];
        if (was->state != BATCH_SEALED)
            continue;
        snprintf(whose, sizeof whose, "%sbatch %zu", after, watch->first_batch + i);
        if (present->batches[i].rows[TABLE_EXECUTIONS] < was->rows[TABLE_EXECUTIONS])
            *lost += was->rows[TABLE_EXECUTIONS] - present->batches[i].rows[TABLE_EXECUTIONS];
        if (watch->forgiving && !watch->closed)
            compare_forgiving(&losing, findings, watch->first_batch + i, was, &present->batches[i]);
        else
            compare_rows(findings, whose, was, &present->batches[i]);
        *was = present->batches[i];
        was->state = BATCH_SEALED;
    }
    snprintf(whose, sizeof whose, "%srows from before", after);
    if (watch->others.state == BATCH_SEALED)
        compare_rows(findings, whose, &watch->others, &present->others);
    watch->others = present->others;
    watch->others.state = BATCH_SEALED;
    if (present->strangers > watch->strangers)
        finding_add(findings, RULE_PHANTOM, "",
                    "%s%lld rows of batches that nobody asked for, one is '%s'", after,
                    (long long)(present->strangers - watch->strangers), present->stranger);
    watch->strangers = present->strangers;
}

int64_t sealed_check(struct audit_watch *watch, struct audit_findings *findings, int64_t *lost)
{
    struct present present = {.batches = xcalloc(watch->batch_count + 1, sizeof *present.batches)};
    int rc = 0;
    for (enum store_table table = 0; table < TABLE_COUNT && rc == 0; table++)
        rc = read_table(&present, watch, findings, table);
    if (rc == 0)
        compare(watch, findings, &present, lost);
    free(present.batches);
    return present.rows;
}
