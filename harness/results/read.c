/* What is stored? Reading runs, cycles, agents and findings back, in a fixed order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "results/results.h"
#include "results/sql.h"

#define RUN_COLUMNS                                                                                \
    "SELECT id, scenario_name, scenario_path, scenario_text, options_json, environment_json,"      \
    " command, version, state, note, seed, started_wall_ns, ended_wall_ns, sittings, planned,"     \
    " (SELECT count(*) FROM cycles WHERE cycles.run = runs.id) FROM runs "

static enum cycle_outcome outcome_of(const char *name)
{
    for (int i = CYCLE_READY; i < CYCLE_UNKNOWN; i++)
        if (strcmp(name, cycle_outcome_names[i]) == 0)
            return (enum cycle_outcome)i;
    return CYCLE_UNKNOWN;
}

/* A store may come from anywhere, and say anything. */
static int64_t time_of(sqlite3_stmt *row, int column)
{
    return clock_believable(sqlite3_column_int64(row, column));
}

/* Between 1970 and 2116. */
static int64_t date_of(sqlite3_stmt *row, int column)
{
    int64_t ns = sqlite3_column_int64(row, column), most = INT64_C(1) << 62;
    return ns < 0 ? 0 : ns > most ? most : ns;
}

int results_run_find(struct results *store, const char *which, int64_t *run, struct err *err)
{
    sqlite3_stmt *statement;
    char *end, option[RESULTS_OPTION_BYTES];
    long long number = 0;
    int rc;
    if (which && *which) {
        number = strtoll(which, &end, 10);
        if (*end)
            number = 0;
    }
    if (!which || !*which)
        statement = sql_prepare(store, err, "SELECT max(id) FROM runs", "");
    else if (number > 0)
        statement =
            sql_prepare(store, err, "SELECT id FROM runs WHERE id = ?", "i", (int64_t)number);
    else
        statement =
            sql_prepare(store, err, "SELECT max(id) FROM runs WHERE scenario_name = ?", "t", which);
    if (!statement)
        return -1;
    rc = sqlite3_step(statement);
    *run = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    if (sql_end(store, statement, rc, err) < 0)
        return -1;
    if (*run > 0)
        return 0;
    results_option(option, store);
    if (!which || !*which)
        return err_set(err, ERR_UNFIT,
                       "no run is stored in '%s' (first: spawnbench run SCENARIO%s)", store->path,
                       option);
    return err_set(err, ERR_UNFIT, "no run '%s' is stored in '%s' (see: spawnbench list%s)", which,
                   store->path, option);
}

static void read_run(sqlite3_stmt *row, struct results_run *out)
{
    char **strings[] = {&out->scenario_name,
                        &out->scenario_path,
                        &out->scenario_text,
                        &out->options_json,
                        &out->environment_json,
                        &out->command,
                        &out->version,
                        &out->state,
                        &out->note};
    *out = (struct results_run){.id = sqlite3_column_int64(row, 0)};
    for (int i = 0; i < 9; i++)
        *strings[i] = xstrdup(sql_text(row, i + 1));
    /* these are told as they are, by list among others; the rest is read by parsers */
    text_make_printable(out->scenario_name);
    text_make_printable(out->version);
    text_make_printable(out->state);
    text_make_printable(out->note);
    out->seed = (uint64_t)sqlite3_column_int64(row, 10);
    out->started_wall_ns = date_of(row, 11);
    out->ended_wall_ns = date_of(row, 12);
    out->sittings = sqlite3_column_int(row, 13);
    out->planned = (size_t)sqlite3_column_int64(row, 14);
    out->cycles = (size_t)sqlite3_column_int64(row, 15);
}

void results_run_release(struct results_run *run)
{
    free(run->scenario_name);
    free(run->scenario_path);
    free(run->scenario_text);
    free(run->options_json);
    free(run->environment_json);
    free(run->command);
    free(run->version);
    free(run->state);
    free(run->note);
    *run = (struct results_run){0};
}

int results_run_load(struct results *store, int64_t run, struct results_run *out, struct err *err)
{
    sqlite3_stmt *row = sql_prepare(store, err, RUN_COLUMNS "WHERE id = ?", "i", run);
    int rc;
    *out = (struct results_run){0};
    if (!row)
        return -1;
    rc = sqlite3_step(row);
    if (rc == SQLITE_ROW)
        read_run(row, out);
    if (sql_end(store, row, rc, err) < 0)
        return -1;
    if (!out->id)
        return err_set(err, ERR_UNFIT, "no run %lld is stored in '%s'", (long long)run,
                       store->path);
    return 0;
}

int results_each_run(struct results *store, int (*each)(void *, const struct results_run *),
                     void *context, struct err *err)
{
    sqlite3_stmt *row = sql_prepare(store, err, RUN_COLUMNS "ORDER BY id", "");
    int rc, stop = 0;
    if (!row)
        return -1;
    while (!stop && (rc = sqlite3_step(row)) == SQLITE_ROW) {
        struct results_run run;
        read_run(row, &run);
        stop = each(context, &run);
        results_run_release(&run);
    }
    return sql_end(store, row, stop ? SQLITE_ROW : rc, err);
}

int results_each_arm(struct results *store, int64_t run,
                     int (*each)(void *, const struct results_arm *), void *context,
                     struct err *err)
{
    sqlite3_stmt *row = sql_prepare(
        store, err,
        "SELECT arm, name, command, version, records, clean, restarts, user_us, system_us,"
        " peak_memory_kb, starts, open_ns, log_cut, pooled FROM arms WHERE run = ?"
        " ORDER BY arm",
        "i", run);
    int rc, stop = 0;
    if (!row)
        return -1;
    while (!stop && (rc = sqlite3_step(row)) == SQLITE_ROW) {
        struct results_arm arm = {.index = sqlite3_column_int(row, 0)};
        strncpy(arm.name, sql_text(row, 1), sizeof arm.name - 1);
        arm.command = xstrdup(sql_text(row, 2));
        arm.version = xstrdup(sql_text(row, 3));
        arm.records = sqlite3_column_int(row, 4);
        arm.clean = sqlite3_column_int(row, 5);
        arm.restarts = sqlite3_column_int(row, 6);
        arm.user_us = sqlite3_column_int64(row, 7);
        arm.system_us = sqlite3_column_int64(row, 8);
        arm.peak_memory_kb = sqlite3_column_int64(row, 9);
        arm.starts = sqlite3_column_int(row, 10);
        arm.open_ns = sqlite3_column_int64(row, 11);
        arm.log_cut = sqlite3_column_int64(row, 12);
        arm.pooled = sqlite3_column_int(row, 13);
        stop = each(context, &arm);
        free(arm.command);
        free(arm.version);
    }
    return sql_end(store, row, stop ? SQLITE_ROW : rc, err);
}

int results_done(struct results *store, int64_t run, bool done[], size_t count, struct err *err)
{
    sqlite3_stmt *row =
        sql_prepare(store, err, "SELECT cycle FROM cycles WHERE run = ? ORDER BY cycle", "i", run);
    int rc;
    if (!row)
        return -1;
    while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
        int64_t cycle = sqlite3_column_int64(row, 0);
        if (cycle >= 0 && (size_t)cycle < count)
            done[cycle] = true;
    }
    return sql_end(store, row, rc, err);
}

#define CYCLE_COLUMNS                                                                              \
    "cycle, sitting, pair, block, arm, value, place, warmup, outcome, sent_ns, answered_ns,"       \
    " spawn_time_ns, ready_time_ns, finish_ns, audit_ns, harness_ns, consensus, agents,"           \
    " steal_ticks, total_ticks, pressure_us, throttled, suspended_ns, strain_ns, stopped_ns,"      \
    " strangers_ns, warmup = 0 AND (value, pair) IN (SELECT s.value, s.pair FROM cycles AS s"      \
    " WHERE s.run = ?1 AND s.warmup = 0 AND s.stopped_ns > 0),"                                    \
    " (SELECT count(*) FROM findings AS f WHERE f.run = c.run AND f.cycle = c.cycle), page_bytes"

static void read_costs(sqlite3_stmt *row, int column, int64_t cost[])
{
    for (int m = 0; m < SCENARIO_METRICS; m++) {
        if (!scenario_metrics[m].cost)
            continue;
        cost[m] = scenario_metrics[m].unit == SCENARIO_NS ? time_of(row, column)
                                                          : sqlite3_column_int64(row, column);
        column++;
    }
}

int results_each_cycle(struct results *store, int64_t run,
                       int (*each)(void *, const struct results_cycle *), void *context,
                       struct err *err)
{
    struct text sql = {0};
    sqlite3_stmt *row;
    int rc, stop = 0;
    text_add(&sql, "SELECT " CYCLE_COLUMNS);
    for (int m = 0; m < SCENARIO_METRICS; m++)
        if (scenario_metrics[m].cost)
            text_addf(&sql, ", %s", scenario_metrics[m].column);
    text_add(&sql, " FROM cycles AS c WHERE run = ?1 ORDER BY cycle");
    row = sql_prepare(store, err, sql.data, "i", run);
    text_release(&sql);
    if (!row)
        return -1;
    while (!stop && (rc = sqlite3_step(row)) == SQLITE_ROW) {
        struct results_cycle cycle = {.index = sqlite3_column_int64(row, 0)};
        cycle.sitting = sqlite3_column_int(row, 1);
        cycle.pair = sqlite3_column_int(row, 2);
        cycle.block = sqlite3_column_int(row, 3);
        cycle.arm = sqlite3_column_int(row, 4);
        cycle.value = sqlite3_column_int(row, 5);
        cycle.place = sqlite3_column_int(row, 6);
        cycle.warmup = sqlite3_column_int(row, 7);
        cycle.outcome = outcome_of(sql_text(row, 8));
        cycle.sent_ns = time_of(row, 9);
        cycle.answered_ns = time_of(row, 10);
        cycle.spawn_time_ns = time_of(row, 11);
        cycle.ready_time_ns = time_of(row, 12);
        cycle.finish_ns = time_of(row, 13);
        cycle.audit_ns = time_of(row, 14);
        cycle.harness_ns = time_of(row, 15);
        strncpy(cycle.consensus, sql_text(row, 16), sizeof cycle.consensus - 1);
        cycle.agents = sqlite3_column_int(row, 17);
        cycle.strain = (struct cycle_strain){time_of(row, 18), time_of(row, 19), time_of(row, 20),
                                             time_of(row, 21), time_of(row, 22), time_of(row, 23)};
        cycle.stopped_ns = time_of(row, 24);
        cycle.strangers_ns = time_of(row, 25);
        cycle.left_out = sqlite3_column_int(row, 26);
        cycle.findings = sqlite3_column_int(row, 27);
        cycle.page_bytes = sqlite3_column_int64(row, 28);
        read_costs(row, 29, cycle.cost);
        stop = each(context, &cycle);
    }
    return sql_end(store, row, stop ? SQLITE_ROW : rc, err);
}

int results_each_agent(struct results *store, int64_t run, int64_t cycle,
                       int (*each)(void *, const struct results_agent *), void *context,
                       struct err *err)
{
    sqlite3_stmt *row = sql_prepare(
        store, err,
        "SELECT cycle, ordinal, name, outcome, pid, start_ns, main_ns, own_ready_ns,"
        " ready_ns, recorded_ns, error, cpu_ns, peak_bytes FROM agents WHERE run = ? AND"
        " cycle BETWEEN ? AND ? ORDER BY cycle, ordinal",
        "iii", run, cycle < 0 ? 0 : cycle, cycle < 0 ? INT64_MAX : cycle);
    int rc, stop = 0;
    if (!row)
        return -1;
    while (!stop && (rc = sqlite3_step(row)) == SQLITE_ROW) {
        struct results_agent agent = {.cycle = sqlite3_column_int64(row, 0)};
        agent.ordinal = sqlite3_column_int(row, 1);
        strncpy(agent.name, sql_text(row, 2), sizeof agent.name - 1);
        snprintf(agent.id, sizeof agent.id, "%lld.%d", (long long)agent.cycle, agent.ordinal);
        agent.outcome = outcome_of(sql_text(row, 3));
        agent.pid = sqlite3_column_int64(row, 4);
        agent.start_ns = time_of(row, 5);
        agent.main_ns = time_of(row, 6);
        agent.own_ready_ns = time_of(row, 7);
        agent.ready_ns = time_of(row, 8);
        agent.recorded_ns = time_of(row, 9);
        agent.error = sql_text(row, 10);
        agent.cpu_ns = time_of(row, 11);
        agent.peak_bytes = sqlite3_column_int64(row, 12);
        stop = each(context, &agent);
    }
    return sql_end(store, row, stop ? SQLITE_ROW : rc, err);
}

int results_each_finding(struct results *store, int64_t run,
                         int (*each)(void *, const struct results_finding *), void *context,
                         struct err *err)
{
    sqlite3_stmt *row = sql_prepare(store, err,
                                    "SELECT cycle, arm, rule, severity, agent, text FROM findings"
                                    " WHERE run = ? ORDER BY id",
                                    "i", run);
    int rc, stop = 0;
    if (!row)
        return -1;
    while (!stop && (rc = sqlite3_step(row)) == SQLITE_ROW) {
        struct results_finding finding = {.cycle = sqlite3_column_int64(row, 0),
                                          .arm = sqlite3_column_int(row, 1),
                                          .rule = sql_text(row, 2),
                                          .severity = sql_text(row, 3),
                                          .agent = sql_text(row, 4),
                                          .text = sql_text(row, 5)};
        stop = each(context, &finding);
    }
    return sql_end(store, row, stop ? SQLITE_ROW : rc, err);
}

int results_each_verdict(struct results *store, int64_t run,
                         int (*each)(void *, const struct results_verdict *), void *context,
                         struct err *err)
{
    sqlite3_stmt *row = sql_prepare(store, err,
                                    "SELECT claim, value, word, reason FROM verdicts WHERE run = ?"
                                    " ORDER BY claim, value",
                                    "i", run);
    int rc, stop = 0;
    if (!row)
        return -1;
    while (!stop && (rc = sqlite3_step(row)) == SQLITE_ROW) {
        struct results_verdict verdict = {.claim = sql_text(row, 0),
                                          .value = sqlite3_column_int(row, 1),
                                          .word = sql_text(row, 2),
                                          .reason = sql_text(row, 3)};
        stop = each(context, &verdict);
    }
    return sql_end(store, row, stop ? SQLITE_ROW : rc, err);
}

int results_plan_load(struct results *store, int64_t run, uint64_t *fingerprint, char **text,
                      struct err *err)
{
    sqlite3_stmt *row =
        sql_prepare(store, err, "SELECT fingerprint, text FROM plans WHERE run = ?", "i", run);
    int rc;
    *text = NULL;
    if (!row)
        return -1;
    rc = sqlite3_step(row);
    if (rc == SQLITE_ROW) {
        *fingerprint = (uint64_t)sqlite3_column_int64(row, 0);
        *text = xstrdup(sql_text(row, 1));
    }
    if (sql_end(store, row, rc, err) < 0)
        return -1;
    return *text ? 0 : 1;
}
