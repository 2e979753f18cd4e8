/* What does an audit cost, by the number of agents recorded in the store: of one cycle, of all? */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "schema_sql.h"

#include "audit/audit.h"
#include "base/clock.h"
#include "base/text.h"
#include "study/micro/micro.h"

#define BATCH 100 /* agents of one cycle */

/* One store, filled by the first sample of its case. */
struct audited {
    const struct micro *micro;
    int agents;
    char *path;
    /* of audit/quick: the subject's connection, what it says, and the audit that follows */
    sqlite3 *subject;
    struct audit_watch *watch;
    struct cycle_agent told[BATCH];
    struct cycle cycle;
    int64_t spawned; /* rows so far */
};

static struct audited all[] = {{.agents = 100}, {.agents = 10000}, {.agents = 100000}};
static struct audited quick[] = {{.agents = 1000}, {.agents = 100000}, {.agents = 1000000}};
#define SIZES       (sizeof all / sizeof all[0])
#define QUICK_SIZES (sizeof quick / sizeof quick[0])

/* Batches of honest agents, each with its consensus, as the reference spawner leaves them. */
static int fill(sqlite3 *database, int agents)
{
    static const char head[] = "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;"
                               "PRAGMA application_id = 0x73706e77; PRAGMA user_version = 1;";
    static const char rows[] =
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < %d)"
        " INSERT INTO agent_executions SELECT 'micro', printf('%%d.%%d', i / %d, i %% %d), i / %d,"
        "  'agent', 'completed', 'ready', 1000 + i, i * 10, i * 10 + 3, i * 10 + 5, NULL FROM n;"
        "INSERT INTO consensus_runs SELECT 'micro', batch, 'agreed', 'pong', count(*), count(*),"
        "  max(completed_ns) FROM agent_executions GROUP BY batch;"
        "INSERT INTO agent_outputs SELECT run, id, batch, CAST('{\"answer\":\"pong\"}' AS BLOB)"
        "  FROM agent_executions;";
    char *inserts = text_format(rows, agents, BATCH, BATCH, BATCH);
    int rc = sqlite3_exec(database, head, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(database, embedded_schema_sql, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(database, "BEGIN", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(database, inserts, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(database, "COMMIT", NULL, NULL, NULL);
    free(inserts);
    return rc;
}

static int make_store(struct audited *audited, const char *name, struct err *err)
{
    sqlite3 *database = NULL;
    int rc = 0;
    audited->path = text_format("%s/%s-%d.sqlite", audited->micro->folder, name, audited->agents);
    if (sqlite3_open(audited->path, &database) != SQLITE_OK ||
        fill(database, audited->agents) != SQLITE_OK)
        rc = err_set(err, ERR_SYSTEM, "cannot fill '%s': %s", audited->path,
                     sqlite3_errmsg(database));
    sqlite3_close(database);
    if (rc == 0)
        return 0;
    unlink(audited->path);
    free(audited->path);
    audited->path = NULL;
    return -1;
}

static void take_audit(struct gbench *sample, void *context)
{
    struct audited *audited = context;
    struct audit_findings findings = {0};
    struct audit_report report = {0};
    struct err err = {0};
    int64_t from_ns;
    if (!micro_go_on(sample))
        return;
    if (!audited->path && make_store(audited, "audited", &err) < 0) {
        gbench_skip(sample, err.text);
        return;
    }
    from_ns = clock_now_ns();
    if (audit_own(&findings, &report, audited->path, &err) < 0)
        gbench_skip(sample, err.text);
    else if (findings.count > 0)
        gbench_skip(sample, findings.items[0].text);
    else
        gbench_time(sample, clock_now_ns() - from_ns);
    gbench_counter(sample, "file_kib", (double)report.bytes / 1024);
    audit_report_release(&report);
    audit_findings_release(&findings);
}

/* ---- one cycle of a hundred agents, in stores of every size ---- */

static struct scenario_agent asked = {.name = (char *)"agent", .witness = SCENARIO_WITNESS_SELF};

static void tell(struct audited *audited, int64_t batch)
{
    for (int i = 0; i < BATCH; i++) {
        int64_t n = batch * BATCH + i;
        struct cycle_agent *told = &audited->told[i];
        *told = (struct cycle_agent){.asked = &asked,
                                     .answered = true,
                                     .outcome = CYCLE_READY,
                                     .pid = (pid_t)(1000 + n),
                                     .start_ns = n * 10,
                                     .ready_ns = n * 10 + 3,
                                     .recorded_ns = n * 10 + 4,
                                     .witness_pid = (pid_t)(1000 + n),
                                     .main_ns = n * 10 + 1,
                                     .own_ready_ns = n * 10 + 2,
                                     .ready_messages = 1,
                                     .finished = true};
        snprintf(told->id, sizeof told->id, "%lld.%d", (long long)batch, i);
    }
    audited->cycle = (struct cycle){.index = (size_t)batch,
                                    .agents = audited->told,
                                    .agent_count = BATCH,
                                    .sent_ns = batch * BATCH * 10,
                                    .begin_ns = batch * BATCH * 10,
                                    .end_ns = INT64_MAX,
                                    .answered_ns = INT64_MAX,
                                    .finish_sent_ns = 1,
                                    .finished_ns = INT64_MAX,
                                    .consensus = "agreed",
                                    .descriptors = -1,
                                    .descriptors_first = -1};
}

/* What the subject does in a cycle, as one transaction, and what it says of it. */
static int live(struct audited *audited, struct err *err)
{
    static const char rows[] =
        "BEGIN; WITH RECURSIVE n(i) AS (SELECT %lld UNION ALL SELECT i + 1 FROM n LIMIT %d)"
        " INSERT INTO agent_executions SELECT 'micro', printf('%%d.%%d', i / %d, i %% %d), i / %d,"
        "  'agent', 'completed', 'ready', 1000 + i, i * 10, i * 10 + 3, i * 10 + 5, NULL FROM n;"
        "INSERT INTO consensus_runs VALUES ('micro', %lld, 'agreed', 'pong', %d, %d, 1);"
        "INSERT INTO agent_outputs SELECT run, id, batch, CAST('pong' AS BLOB)"
        "  FROM agent_executions WHERE run = 'micro' AND id >= '%lld.' AND id < '%lld/'; COMMIT";
    long long batch = (long long)(audited->spawned / BATCH);
    char *sql = text_format(rows, (long long)audited->spawned, BATCH, BATCH, BATCH, BATCH, batch,
                            BATCH, BATCH, batch, batch);
    int rc = sqlite3_exec(audited->subject, sql, NULL, NULL, NULL);
    free(sql);
    if (rc != SQLITE_OK)
        return err_set(err, ERR_SYSTEM, "cannot record: %s", sqlite3_errmsg(audited->subject));
    tell(audited, batch);
    audited->spawned += BATCH;
    return 0;
}

static int follow(struct audited *audited, struct err *err)
{
    if (make_store(audited, "quick", err) < 0)
        return -1;
    if (sqlite3_open(audited->path, &audited->subject) != SQLITE_OK)
        return err_set(err, ERR_SYSTEM, "cannot open '%s'", audited->path);
    audited->spawned = audited->agents;
    audited->watch = audit_watch_new(audited->path, "micro");
    return 0;
}

static int audit_quickly(struct audited *audited, struct audit_result *result, struct err *err)
{
    static const struct scenario scenario = {.consensus = true};
    struct audit_findings findings = {0};
    int rc = live(audited, err);
    if (rc == 0)
        audit_watch_cycle(audited->watch, &findings, &scenario, &audited->cycle, AUDIT_QUICK,
                          result);
    if (rc == 0 && findings.count > 0)
        rc = err_set(err, ERR_SYSTEM, "%s: %s", findings.items[0].rule->name,
                     findings.items[0].text);
    audit_findings_release(&findings);
    return rc;
}

/* The first audit opens the store and learns where its rows end: that is once in a run. */
static void take_quick(struct gbench *sample, void *context)
{
    struct audited *audited = context;
    struct audit_result result = {0};
    struct err err = {0};
    int rc = 0;
    if (!micro_go_on(sample))
        return;
    if (!audited->watch) {
        rc = follow(audited, &err);
        if (rc == 0)
            rc = audit_quickly(audited, &result, &err);
    }
    if (rc == 0)
        rc = audit_quickly(audited, &result, &err);
    if (rc < 0) {
        gbench_skip(sample, err.text);
        return;
    }
    gbench_time(sample, result.spent_ns);
    gbench_counter(sample, "file_kib", (double)result.database_bytes / 1024);
    gbench_counter(sample, "wal_kib", (double)result.wal_bytes / 1024);
}

void micro_audit_register(const struct micro *micro)
{
    for (size_t i = 0; i < SIZES; i++) {
        all[i].micro = micro;
        micro_add(micro, take_audit, &all[i], all[i].agents > 10000 ? 5 : 10, GBENCH_MS,
                  "audit/database/%d", all[i].agents);
    }
    for (size_t i = 0; i < QUICK_SIZES; i++) {
        quick[i].micro = micro;
        micro_add(micro, take_quick, &quick[i], 100, GBENCH_US, "audit/quick/%d", quick[i].agents);
    }
}

void micro_audit_release(void)
{
    for (size_t i = 0; i < SIZES; i++)
        free(all[i].path);
    for (size_t i = 0; i < QUICK_SIZES; i++) {
        audit_watch_free(quick[i].watch);
        sqlite3_close(quick[i].subject);
        free(quick[i].path);
    }
}
