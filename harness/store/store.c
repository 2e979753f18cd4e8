/* Is everything that was measured kept? Writing: one transaction per cycle, durable when it
 * returns. */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "results_sql.h"
#include "store/sql.h"

#define APPLICATION_ID 0x73706e62
#define USER_VERSION   1

static int64_t read_pragma(struct store *store, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t value = -1;
    if (sqlite3_prepare_v2(store->database, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

/* A file that is somebody else's database is left alone. */
static int check_ours(struct store *store, bool create, struct err *err)
{
    int64_t application = read_pragma(store, "PRAGMA application_id");
    int64_t version = read_pragma(store, "PRAGMA user_version");
    int64_t tables = read_pragma(store, "SELECT count(*) FROM sqlite_master");
    if (application < 0 || tables < 0)
        return sql_fail(store, err, "read it");
    if (application == APPLICATION_ID && version == USER_VERSION)
        return 0;
    if (application == APPLICATION_ID)
        return err_set(err, ERR_UNFIT,
                       "results store '%s' has schema version %lld, this spawnbench knows %d",
                       store->path, (long long)version, USER_VERSION);
    if (tables > 0 || !create)
        return err_set(err, ERR_UNFIT, "'%s' is a database, but not a results store of spawnbench",
                       store->path);
    return 1;
}

/* All at once: a process killed here leaves an empty database, which the next one may fill. */
static int make_tables(struct store *store, struct err *err)
{
    static const char *const steps[] = {"BEGIN IMMEDIATE", embedded_results_sql,
                                        "PRAGMA application_id = 1936748130",
                                        "PRAGMA user_version = 1", "COMMIT"};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (sqlite3_exec(store->database, steps[i], NULL, NULL, NULL) != SQLITE_OK)
            return sql_fail(store, err, "make its tables"); /* the close that follows rolls back */
    return 0;
}

static int set_up(struct store *store, bool create, struct err *err)
{
    int fresh;
    sqlite3_busy_timeout(store->database, 10000);
    fresh = check_ours(store, create, err);
    if (fresh < 0)
        return -1;
    if (!create)
        return 0;
    if (sqlite3_exec(store->database,
                     "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                     "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;",
                     NULL, NULL, NULL) != SQLITE_OK)
        return sql_fail(store, err, "write it");
    if (fresh && make_tables(store, err) < 0)
        return -1;
    return 0;
}

int store_open(struct store **out, const char *path, bool create, struct err *err)
{
    struct store *store = xcalloc(1, sizeof *store);
    int flags = create ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE;
    store->path = xstrdup(path);
    if (!create && access(path, F_OK) != 0) {
        err_set(err, ERR_UNFIT, "no results are stored in '%s' (first: spawnbench run SCENARIO)",
                path);
        goto failed;
    }
    if (sqlite3_open_v2(path, &store->database, flags, NULL) != SQLITE_OK) {
        sql_fail(store, err, "open it");
        goto failed;
    }
    if (set_up(store, create, err) < 0)
        goto failed;
    *out = store;
    return 0;
failed:
    store_close(store);
    return -1;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    sqlite3_finalize(store->cycle_insert);
    sqlite3_finalize(store->agent_insert);
    sqlite3_finalize(store->finding_insert);
    sqlite3_close(store->database);
    free(store->path);
    free(store);
}

const char *store_engine(void)
{
    static char engine[128];
    snprintf(engine, sizeof engine, "%s %s", sqlite3_libversion(), sqlite3_sourceid());
    return engine;
}

int store_run_begin(struct store *store, struct store_run *run, struct err *err)
{
    run->started_wall_ns = clock_wall_ns();
    run->sittings = 1;
    if (sql_run(store, err,
                "INSERT INTO runs (scenario_name, scenario_path, scenario_text, options_json,"
                " environment_json, command, version, state, note, seed, started_wall_ns,"
                " ended_wall_ns, sittings, planned)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, 'partial', '', ?, ?, 0, 1, ?)",
                "tttttttiii", run->scenario_name, run->scenario_path, run->scenario_text,
                run->options_json, run->environment_json, run->command, run->version,
                (int64_t)run->seed, run->started_wall_ns, (int64_t)run->planned) < 0)
        return -1;
    run->id = sqlite3_last_insert_rowid(store->database);
    return 0;
}

int store_run_resume(struct store *store, int64_t run, int *sitting, struct err *err)
{
    sqlite3_stmt *statement;
    int rc;
    if (sql_run(
            store, err,
            "UPDATE runs SET sittings = sittings + 1, note = '', ended_wall_ns = 0 WHERE id = ?",
            "i", run) < 0)
        return -1;
    statement = sql_prepare(store, err, "SELECT sittings FROM runs WHERE id = ?", "i", run);
    if (!statement)
        return -1;
    rc = sqlite3_step(statement);
    *sitting = rc == SQLITE_ROW ? sqlite3_column_int(statement, 0) : 1;
    return sql_end(store, statement, rc, err);
}

int store_run_end(struct store *store, int64_t run, bool complete, const char *note,
                  struct err *err)
{
    return sql_run(store, err,
                   "UPDATE runs SET state = ?, note = ?, ended_wall_ns = ? WHERE id = ?", "ttii",
                   complete ? "complete" : "partial", note, clock_wall_ns(), run);
}

int store_arm_put(struct store *store, int64_t run, const struct store_arm *arm, struct err *err)
{
    return sql_run(store, err,
                   "INSERT OR REPLACE INTO arms VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   "iitttiiiiii", run, (int64_t)arm->index, arm->name, arm->command, arm->version,
                   (int64_t)arm->records, (int64_t)arm->clean, (int64_t)arm->restarts, arm->user_us,
                   arm->system_us, arm->peak_memory_kb);
}

/* Did a failure in this cycle end the whole batch, or only its own agent? See
 * SCENARIO_CLAIM_FAILURE. */
static const char *failure_of(const struct run_cycle *cycle)
{
    size_t failed = 0, told = 0, cancelled = 0, ready = 0;
    for (size_t i = 0; i < cycle->agent_count; i++) {
        const struct run_agent *agent = &cycle->agents[i];
        bool fell = agent->outcome == RUN_FAILED || agent->outcome == RUN_TIMED_OUT;
        failed += fell;
        told += fell && agent->error && agent->error[0];
        cancelled += agent->outcome == RUN_CANCELLED;
        ready += agent->outcome == RUN_READY;
    }
    if (!failed || told != failed || cycle->broke != RUN_WHOLE)
        return "";
    if (failed + cancelled == cycle->agent_count)
        return "cancels";
    return failed + ready == cycle->agent_count ? "degrades" : "";
}

static int prepare_kept(struct store *store, struct err *err)
{
    if (store->cycle_insert)
        return 0;
    store->cycle_insert = sql_prepare(store, err,
                                      "INSERT INTO cycles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                                      "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                                      "");
    store->agent_insert = sql_prepare(store, err,
                                      "INSERT INTO agents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                                      "?, ?, ?)",
                                      "");
    return store->cycle_insert && store->agent_insert ? 0 : -1;
}

static int put_cycle(struct store *store, const struct run_cycle *cycle, int sitting,
                     int64_t audit_ns, struct err *err)
{
    const struct plan_item *item = &cycle->item;
    int64_t ready = 0, recorded = 0;
    for (size_t i = 0; i < cycle->agent_count; i++) {
        ready += cycle->agents[i].outcome == RUN_READY;
        recorded += cycle->agents[i].outcome == RUN_READY && cycle->agents[i].recorded_ns > 0;
    }
    sql_bind(store->cycle_insert, "iiiiiiiiitiiiiiiitiiit", store->run, store->cycle,
             (int64_t)sitting, (int64_t)item->pair, (int64_t)item->block, (int64_t)item->arm,
             (int64_t)item->value, (int64_t)item->place, (int64_t)item->warmup,
             run_outcome_name(cycle->outcome), cycle->sent_ns, cycle->answered_ns,
             cycle->spawn_time_ns, cycle->ready_time_ns,
             cycle->finished_ns ? cycle->finished_ns - cycle->finish_sent_ns : (int64_t)-1,
             audit_ns, cycle->harness_ns, cycle->consensus, (int64_t)cycle->agent_count, ready,
             recorded, failure_of(cycle));
    return sql_step_kept(store, store->cycle_insert, err);
}

static int put_agent(struct store *store, const struct run_agent *agent, size_t ordinal,
                     struct err *err)
{
    sql_bind(store->agent_insert, "iiittiiiiiiiit", store->run, store->cycle, (int64_t)ordinal,
             agent->asked->name, run_outcome_name(agent->outcome), (int64_t)agent->pid,
             agent->start_ns, agent->main_ns, agent->own_ready_ns, agent->ready_ns,
             agent->recorded_ns, (int64_t)agent->exit_status, (int64_t)agent->exit_signal,
             agent->error ? agent->error : "");
    return sql_step_kept(store, store->agent_insert, err);
}

static void roll_back(struct store *store)
{
    if (!sqlite3_get_autocommit(store->database))
        sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
}

int store_cycle_begin(struct store *store, int64_t run, const struct run_cycle *cycle, int sitting,
                      int64_t audit_ns, struct err *err)
{
    store->run = run;
    store->cycle = (int64_t)cycle->index;
    if (prepare_kept(store, err) < 0)
        return -1;
    if (sqlite3_exec(store->database, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return sql_fail(store, err, "begin a transaction");
    if (put_cycle(store, cycle, sitting, audit_ns, err) < 0)
        goto failed;
    for (size_t i = 0; i < cycle->agent_count; i++)
        if (put_agent(store, &cycle->agents[i], i, err) < 0)
            goto failed;
    return 0;
failed:
    roll_back(store);
    return -1;
}

int store_finding_put(struct store *store, int64_t run, int64_t cycle_index, int arm,
                      const char *rule, const char *severity, const char *agent, const char *text,
                      struct err *err)
{
    if (!store->finding_insert)
        store->finding_insert =
            sql_prepare(store, err, "INSERT INTO findings VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)", "");
    if (!store->finding_insert)
        goto failed;
    sql_bind(store->finding_insert, "iiitttt", run, cycle_index, (int64_t)arm, rule, severity,
             agent, text);
    if (sql_step_kept(store, store->finding_insert, err) == 0)
        return 0;
failed:
    roll_back(store); /* a cycle without its finding would be a lie */
    return -1;
}

int store_cycle_commit(struct store *store, struct err *err)
{
    if (sqlite3_exec(store->database, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
        sql_fail(store, err, "commit a cycle");
        roll_back(store);
        return -1;
    }
    return 0;
}

int store_verdict_put(struct store *store, int64_t run, const char *claim, int value,
                      const char *word, const char *reason, struct err *err)
{
    return sql_run(store, err, "INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?)", "ititt",
                   run, claim, (int64_t)value, word, reason);
}
