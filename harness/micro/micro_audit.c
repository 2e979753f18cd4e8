/* What does an audit of a whole store cost, by the number of agents recorded in it? */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "schema_sql.h"

#include "audit/audit.h"
#include "base/clock.h"
#include "base/text.h"
#include "micro/micro.h"

/* One store, filled by the first sample of its case. */
struct audited {
    const struct micro *micro;
    int agents;
    char *path;
};

static struct audited all[] = {{.agents = 100}, {.agents = 10000}, {.agents = 100000}};
#define SIZES (sizeof all / sizeof all[0])

/* Batches of ten honest agents, each with its consensus, as the reference spawner leaves them. */
static int fill(sqlite3 *database, int agents)
{
    static const char head[] = "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;"
                               "PRAGMA application_id = 0x73706e77; PRAGMA user_version = 1;";
    static const char rows[] =
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < %d)"
        " INSERT INTO agent_executions SELECT 'micro', printf('%%d.%%d', i / 10, i %% 10), i / 10,"
        "  'agent', 'completed', 'ready', 1000 + i, i * 10, i * 10 + 3, i * 10 + 5, NULL FROM n;"
        "INSERT INTO consensus_runs SELECT 'micro', batch, 'agreed', 'pong', count(*), count(*),"
        "  max(completed_ns) FROM agent_executions GROUP BY batch;"
        "INSERT INTO agent_outputs SELECT run, id, batch, CAST('{\"answer\":\"pong\"}' AS BLOB)"
        "  FROM agent_executions;";
    char *inserts = text_format(rows, agents);
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

static int make_store(struct audited *audited, struct err *err)
{
    sqlite3 *database = NULL;
    int rc = 0;
    audited->path = text_format("%s/audited-%d.sqlite", audited->micro->folder, audited->agents);
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
    if (!audited->path && make_store(audited, &err) < 0) {
        gbench_skip(sample, err.text);
        return;
    }
    from_ns = clock_now_ns();
    if (audit_database(&findings, &report, audited->path, &err) < 0)
        gbench_skip(sample, err.text);
    else if (findings.count > 0)
        gbench_skip(sample, findings.items[0].text);
    else
        gbench_time(sample, clock_now_ns() - from_ns);
    gbench_counter(sample, "file_kib", (double)report.bytes / 1024);
    audit_findings_release(&findings);
}

void micro_audit_register(const struct micro *micro)
{
    for (size_t i = 0; i < SIZES; i++) {
        all[i].micro = micro;
        micro_add(micro, take_audit, &all[i], all[i].agents > 10000 ? 5 : 10, GBENCH_MS,
                  "audit/database/%d", all[i].agents);
    }
}

void micro_audit_release(void)
{
    for (size_t i = 0; i < SIZES; i++)
        free(all[i].path);
}
