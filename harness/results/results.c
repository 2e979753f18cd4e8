/* Is everything that was measured kept? Writing: one transaction per cycle,
 * durable when it returns. */
#include "results/results.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "results/migrate.h"
#include "results/sql.h"

/* Not SQLITE_OPEN_READONLY: who opens a WAL database so leaves a -wal and a -shm behind, which
 * perhaps nobody else may write. See https://www.sqlite.org/pragma.html#pragma_query_only */
static int set_up_to_read(struct results *store, int version, struct err *err)
{
    if (migrate_view(store, version, err) < 0)
        return -1;
    if (sqlite3_exec(store->database, "PRAGMA query_only = ON", NULL, NULL, NULL) != SQLITE_OK)
        return sql_fail(store, err, "read it");
    return 0;
}

/* A store that is there may be kept elsewhere; none is made where a link leads to. */
static bool is_link(const char *path)
{
    struct stat about;
    return lstat(path, &about) == 0 && S_ISLNK(about.st_mode);
}

/* Others write, too: a hundred runs may share one store. SQLite's own handler waits for a fixed
 * time and cannot be interrupted. */
static int wait_for_turn(void *context, int tries)
{
    struct results *store = context;
    int64_t now_ns = clock_now_ns(), most = tries < 20 ? 1 + tries : 20;
    if (tries == 0)
        store->busy_since_ns = now_ns;
    if (interrupt_seen() || now_ns - store->busy_since_ns > store->busy_most_ns)
        return 0;
    /* not all at the same moment */
    clock_sleep_until(now_ns + most * CLOCK_NS_PER_MS / 2 + now_ns % (most * CLOCK_NS_PER_MS));
    return 1;
}

/* Who changes the mode at the same moment is told "busy" at once, as waiting could not help. */
static int set_up_to_write(struct results *store, struct err *err)
{
    int rc, tries = 0;
    do
        rc = sqlite3_exec(store->database,
                          "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                          "PRAGMA foreign_keys = ON;",
                          NULL, NULL, NULL);
    while (rc == SQLITE_BUSY && wait_for_turn(store, tries++));
    return rc == SQLITE_OK ? 0 : sql_fail(store, err, "write it");
}

static int set_up(struct results *store, enum results_mode mode, struct err *err)
{
    int version;
    store->busy_most_ns = (mode == RESULTS_READ ? 10 : 120) * CLOCK_NS_PER_S;
    sqlite3_busy_handler(store->database, wait_for_turn, store);
    version = migrate_version(store, mode == RESULTS_MAKE && !is_link(store->path), err);
    if (version < 0)
        return -1;
    if (mode == RESULTS_READ)
        return set_up_to_read(store, version, err);
    if (mode == RESULTS_MAKE && set_up_to_write(store, err) < 0)
        return -1;
    return migrate_up(store, version, err);
}

static int open_as(struct results *store, const char *name, int flags, enum results_mode mode,
                   struct err *err)
{
    if (sqlite3_open_v2(name, &store->database, flags, NULL) != SQLITE_OK)
        return sql_fail(store, err, "open it");
    guard_set(&store->guard, store->database, mode == RESULTS_MAKE);
    guard_begin(&store->guard, store->database, store->path);
    return set_up(store, mode, err);
}

/* Our stores are WAL databases, which are read through a file beside them that cannot be made in a
 * folder that we may not write to. Without a -wal nobody has it open, so it may be read as it lies.
 * See https://www.sqlite.org/wal.html, "Read-Only Databases". */
static bool may_be_read_as_it_lies(struct results *store)
{
    int code = sqlite3_errcode(store->database);
    char *wal = text_format("%s-wal", store->path);
    bool open_elsewhere = access(wal, F_OK) == 0;
    free(wal);
    return (code == SQLITE_READONLY || code == SQLITE_CANTOPEN) && !open_elsewhere;
}

static int open_as_it_lies(struct results *store, struct err *err)
{
    struct text uri = {0};
    int rc;
    text_add(&uri, "file:");
    for (const char *at = store->path; *at; at++)
        text_addf(&uri, strchr("?#%", *at) ? "%%%02X" : "%c", (unsigned)(unsigned char)*at);
    text_add(&uri, "?immutable=1");
    sqlite3_close(store->database);
    store->database = NULL;
    rc = open_as(store, uri.data, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, RESULTS_READ, err);
    text_release(&uri);
    return rc;
}

/* A rollback journal would be played back, and the file deleted that it names as its superior
 * (atomiccommit.html 5.5). Our stores have a -wal; who reads one of strangers must not do that. */
static int refuse_journal(const char *path, struct err *err)
{
    char *journal = text_format("%s-journal", path);
    struct stat about;
    int rc = 0;
    if (stat(journal, &about) == 0 && about.st_size > 0)
        rc = err_set(err, ERR_UNFIT,
                     "results store '%s': '%s' lies beside it, which no store of spawnbench leaves "
                     "(if it is yours: spawnbench run, which may write, puts it in order)",
                     path, journal);
    free(journal);
    return rc;
}

int results_open(struct results **out, const char *path, enum results_mode mode, struct err *err)
{
    struct results *store = xcalloc(1, sizeof *store);
    struct err why = {0};
    bool creates = mode == RESULTS_MAKE && !is_link(path);
    char option[RESULTS_OPTION_BYTES];
    int flags = SQLITE_OPEN_READWRITE | (creates ? SQLITE_OPEN_CREATE : 0);
    store->path = xstrdup(path);
    if (mode != RESULTS_MAKE && refuse_journal(path, &why) < 0)
        goto failed;
    if (mode != RESULTS_MAKE && access(path, F_OK) != 0) {
        err_set(&why, ERR_UNFIT, "no results are stored in '%s' (first: spawnbench run SCENARIO%s)",
                path, results_option(option, store));
        goto failed;
    }
    if (open_as(store, path, flags, mode, &why) < 0 &&
        (mode != RESULTS_READ || !may_be_read_as_it_lies(store) ||
         open_as_it_lies(store, &why) < 0))
        goto failed;
    *out = store;
    return 0;
failed:
    if (err)
        *err = why;
    results_close(store);
    return -1;
}

char *results_path(const char *results)
{
    return text_format("%s/spawnbench.sqlite", results);
}

int results_open_in(struct results **out, const char *results, enum results_mode mode,
                    struct err *err)
{
    char *path = results_path(results);
    int rc = results_open(out, path, mode, err);
    free(path);
    return rc;
}

void results_close(struct results *store)
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

const char *results_engine(void)
{
    static char engine[128];
    snprintf(engine, sizeof engine, "%s %s", sqlite3_libversion(), sqlite3_sourceid());
    return engine;
}

bool results_engine_has_wal_reset_race(void)
{
    int version = sqlite3_libversion_number();
    return version >= 3007000 && version < 3051003 && !(version >= 3050007 && version < 3051000) &&
           !(version >= 3044006 && version < 3045000);
}

int results_run_begin(struct results *store, struct results_run *run, struct err *err)
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

int results_run_resume(struct results *store, int64_t run, int *sitting, struct err *err)
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

int results_run_end(struct results *store, int64_t run, bool complete, const char *note,
                    struct err *err)
{
    return sql_run(store, err,
                   "UPDATE runs SET state = ?, note = ?, ended_wall_ns = ? WHERE id = ?", "ttii",
                   complete ? "complete" : "partial", note, clock_wall_ns(), run);
}

int results_arm_put(struct results *store, int64_t run, const struct results_arm *arm,
                    struct err *err)
{
    return sql_run(store, err,
                   "INSERT OR REPLACE INTO arms VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                   "?, ?, ?, ?)",
                   "iitttiiiiiiiiii", run, (int64_t)arm->index, arm->name, arm->command,
                   arm->version, (int64_t)arm->records, (int64_t)arm->clean, (int64_t)arm->restarts,
                   arm->user_us, arm->system_us, arm->peak_memory_kb, (int64_t)arm->starts,
                   (int64_t)arm->pooled, arm->open_ns, arm->log_cut);
}

/* Did a failure in this cycle end the whole batch, or only its own agent? See
 * SCENARIO_CLAIM_FAILURE. */
static const char *failure_of(const struct cycle *cycle)
{
    size_t failed = 0, told = 0, cancelled = 0, ready = 0;
    for (size_t i = 0; i < cycle->agent_count; i++) {
        const struct cycle_agent *agent = &cycle->agents[i];
        bool fell = agent->outcome == CYCLE_FAILED || agent->outcome == CYCLE_TIMED_OUT;
        failed += fell;
        told += fell && agent->error && agent->error[0];
        cancelled += agent->outcome == CYCLE_CANCELLED;
        ready += agent->outcome == CYCLE_READY;
    }
    if (!failed || told != failed || cycle->broke != CYCLE_WHOLE)
        return "";
    if (failed + cancelled == cycle->agent_count)
        return "cancels";
    return failed + ready == cycle->agent_count ? "degrades" : "";
}

/* Columns by name: those of costs follow the table of metrics. */
static sqlite3_stmt *prepare_cycle(struct results *store, struct err *err)
{
    struct text columns = {0}, marks = {0};
    sqlite3_stmt *statement;
    char *sql;
    text_add(&columns,
             "run, cycle, sitting, pair, block, arm, value, place, warmup, outcome,"
             " sent_ns, answered_ns, spawn_time_ns, ready_time_ns, finish_ns, audit_ns,"
             " harness_ns, consensus, agents, agents_ready, agents_recorded, failure,"
             " steal_ticks, total_ticks, pressure_us, throttled, suspended_ns,"
             " strain_ns, stopped_ns, strangers_ns, attested, witnessed, contents, unread,"
             " page_bytes");
    for (int m = 0; m < SCENARIO_METRICS; m++)
        if (scenario_metrics[m].cost)
            text_addf(&columns, ", %s", scenario_metrics[m].column);
    for (const char *at = columns.data; at; at = strchr(at + 1, ','))
        text_add(&marks, at == columns.data ? "?" : ", ?");
    sql = text_format("INSERT INTO cycles (%s) VALUES (%s)", columns.data, marks.data);
    statement = sql_prepare(store, err, sql, "");
    free(sql);
    text_release(&columns);
    text_release(&marks);
    return statement;
}

static int prepare_kept(struct results *store, struct err *err)
{
    if (store->cycle_insert)
        return 0;
    store->cycle_insert = prepare_cycle(store, err);
    store->agent_insert = sql_prepare(store, err,
                                      "INSERT INTO agents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                                      "?, ?, ?, ?, ?, ?, ?, ?)",
                                      "");
    return store->cycle_insert && store->agent_insert ? 0 : -1;
}

#define CYCLE_FORMAT "iiiiiiiiitiiiiiiitiiitiiiiiiiiiiiii" /* the columns before those of costs */

static int put_cycle(struct results *store, const struct cycle *cycle, int sitting,
                     int64_t audit_ns, struct err *err)
{
    const struct plan_item *item = &cycle->item;
    const struct cycle_strain *strain = &cycle->strain;
    int64_t ready = 0, recorded = 0;
    for (size_t i = 0; i < cycle->agent_count; i++) {
        ready += cycle->agents[i].outcome == CYCLE_READY;
        recorded += cycle->agents[i].outcome == CYCLE_READY && cycle->agents[i].recorded_ns > 0;
    }
    sql_bind(store->cycle_insert, CYCLE_FORMAT, store->run, store->cycle, (int64_t)sitting,
             (int64_t)item->pair, (int64_t)item->block, (int64_t)item->arm, (int64_t)item->value,
             (int64_t)item->place, (int64_t)item->warmup, cycle_outcome_names[cycle->outcome],
             cycle->sent_ns, cycle->answered_ns, cycle->spawn_time_ns, cycle->ready_time_ns,
             cycle->finished_ns ? cycle->finished_ns - cycle->finish_sent_ns : (int64_t)-1,
             audit_ns, cycle->harness_ns, cycle->consensus, (int64_t)cycle->agent_count, ready,
             recorded, failure_of(cycle), strain->steal_ticks, strain->total_ticks,
             strain->pressure_us, strain->throttled, strain->suspended_ns, strain->span_ns,
             cycle->stopped_ns, cycle->strangers_ns, (int64_t)cycle->attested,
             (int64_t)cycle->witnessed, (int64_t)cycle->contents, (int64_t)cycle->unread,
             cycle->page_bytes);
    for (int m = 0, at = sizeof CYCLE_FORMAT; m < SCENARIO_METRICS; m++)
        if (scenario_metrics[m].cost)
            sqlite3_bind_int64(store->cycle_insert, at++, cycle->cost[m]);
    return sql_step_kept(store, store->cycle_insert, err);
}

static int put_agent(struct results *store, const struct cycle_agent *agent, size_t ordinal,
                     struct err *err)
{
    const char *error = agent->error ? agent->error : "";
    const char *seen = agent->last_seen ? agent->last_seen : "";
    char *told = text_format("%s%s%s", error, *error && *seen ? "; " : "", seen);
    int rc;
    sql_bind(store->agent_insert, "iiittiiiiiiiitiitit", store->run, store->cycle, (int64_t)ordinal,
             agent->asked->name, cycle_outcome_names[agent->outcome], (int64_t)agent->pid,
             agent->start_ns, agent->main_ns, agent->own_ready_ns, agent->ready_ns,
             agent->recorded_ns, (int64_t)agent->exit_status, (int64_t)agent->exit_signal, told,
             agent->cpu_ns, agent->peak_bytes, cycle_witness_names[agent->witness],
             (int64_t)agent->witness_pid, cycle_costs_names[agent->costs_of]);
    rc = sql_step_kept(store, store->agent_insert, err);
    free(told);
    return rc;
}

int results_begin(struct results *store, struct err *err)
{
    if (sqlite3_exec(store->database, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return sql_fail(store, err, "begin a transaction");
    return 0;
}

int results_end(struct results *store, int rc, struct err *err)
{
    if (rc == 0 && sqlite3_exec(store->database, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        rc = sql_fail(store, err, "end a transaction");
    if (rc != 0)
        sql_roll_back(store);
    return rc;
}

int results_cycle_begin(struct results *store, int64_t run, const struct cycle *cycle, int sitting,
                        int64_t audit_ns, struct err *err)
{
    store->run = run;
    store->cycle = (int64_t)cycle->index;
    if (prepare_kept(store, err) < 0 || results_begin(store, err) < 0)
        return -1;
    if (put_cycle(store, cycle, sitting, audit_ns, err) < 0)
        goto failed;
    for (size_t i = 0; i < cycle->agent_count; i++)
        if (put_agent(store, &cycle->agents[i], i, err) < 0)
            goto failed;
    return 0;
failed:
    sql_roll_back(store);
    return -1;
}

int results_finding_put(struct results *store, int64_t run, int64_t cycle_index, int arm,
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
    sql_roll_back(store); /* a cycle without its finding would be a lie */
    return -1;
}

int results_audit_put(struct results *store, int64_t run, const struct results_audit *audit,
                      struct err *err)
{
    if (sql_run(store, err, "INSERT OR REPLACE INTO audits VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                "iiitiiii", run, audit->cycle, (int64_t)audit->arm, audit->level, audit->rows,
                audit->spent_ns, audit->database_bytes, audit->wal_bytes) == 0)
        return 0;
    sql_roll_back(store);
    return -1;
}

int results_cycle_commit(struct results *store, struct err *err)
{
    return results_end(store, 0, err);
}

int results_verdict_put(struct results *store, int64_t run, const char *claim, int value,
                        const char *word, const char *reason, struct err *err)
{
    return sql_run(store, err, "INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?)", "ititt",
                   run, claim, (int64_t)value, word, reason);
}

int results_plan_put(struct results *store, int64_t run, uint64_t fingerprint, const char *text,
                     struct err *err)
{
    return sql_run(store, err, "INSERT INTO plans (run, fingerprint, text) VALUES (?, ?, ?)", "iit",
                   run, (int64_t)fingerprint, text);
}
