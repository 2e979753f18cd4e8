/* What does a run leave in the results store, and when? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "judge/judge.h"
#include "runner/runner_internal.h"

/* ---- the run ---- */

/* A run is gone on with only by the plan it began with. */
static int check_plan(struct runner *runner, struct err *err)
{
    int64_t resumed = runner->options->resume;
    uint64_t declared = 0;
    char *text = NULL;
    int rc = results_plan_load(runner->store, resumed, &declared, &text, err);
    bool same =
        rc != 0 || (declared == runner->plan.fingerprint && strcmp(text, runner->plan.text) == 0);
    free(text);
    if (!same)
        return err_set(err, ERR_UNFIT,
                       "run %lld was begun with another plan than this spawnbench would make of "
                       "it; run the scenario anew",
                       (long long)resumed);
    return rc < 0 ? -1 : 0;
}

/* What is stored before the first cycle cannot be bent to fit the last one. */
static int begin_new(struct runner *runner, struct err *err)
{
    const struct runner_options *options = runner->options;
    struct results_run run = {.scenario_name = runner->scenario->name,
                              .scenario_path = (char *)options->path,
                              .scenario_text = runner->scenario->source,
                              .options_json = (char *)"{\"plan\":\"declared\"}",
                              .command = (char *)options->command,
                              .version = (char *)SPAWNBENCH_VERSION,
                              .seed = options->seed,
                              .planned = runner->plan.count};
    int rc;
    run.environment_json = cycle_host_describe(options->results, results_engine());
    rc = results_begin(runner->store, err);
    if (rc == 0) {
        rc = results_run_begin(runner->store, &run, err);
        if (rc == 0) /* before anybody can see it and go on with it */
            rc = lease_take(&runner->hold, options->results, run.id, err);
        if (rc == 0)
            rc = results_plan_put(runner->store, run.id, runner->plan.fingerprint,
                                  runner->plan.text, err);
        rc = results_end(runner->store, rc, err);
    }
    free(run.environment_json);
    runner->id = rc == 0 ? run.id : 0;
    runner->sitting = 1;
    return rc;
}

/* Whoever measured it may have come to its end before we held it. */
static int check_partial(struct runner *runner, struct err *err)
{
    struct results_run run;
    int rc = results_run_load(runner->store, runner->options->resume, &run, err);
    if (rc == 0 && strcmp(run.state, "partial") != 0)
        rc = err_set(err, ERR_USAGE, "run %lld is complete, there is nothing to resume",
                     (long long)run.id);
    results_run_release(&run);
    return rc;
}

/* What somebody rewrote stays so. */
static int check_note(struct runner *runner, struct err *err)
{
    struct results_run run = {0};
    int rc = results_run_load(runner->store, runner->id, &run, err);
    if (rc == 0 && strstr(run.note, RESULTS_REWRITTEN))
        rc = err_set(err, ERR_UNFIT, "run %lld cannot be gone on with: %s; run the scenario anew",
                     (long long)runner->id, run.note);
    results_run_release(&run);
    return rc;
}

static int begin_again(struct runner *runner, struct err *err)
{
    if (lease_take(&runner->hold, runner->options->results, runner->options->resume, err) < 0 ||
        check_partial(runner, err) < 0 || check_plan(runner, err) < 0)
        return -1;
    runner->id = runner->options->resume;
    if (check_note(runner, err) < 0 ||
        results_done(runner->store, runner->id, runner->done, runner->plan.count, err) < 0 ||
        results_cycles_stored(runner->store, runner->id, &runner->stored_before, err) < 0)
        return -1;
    return results_run_resume(runner->store, runner->id, &runner->sitting, err);
}

int runner_record_begin(struct runner *runner, struct err *err)
{
    if (results_open_in(&runner->store, runner->options->results, RESULTS_MAKE, err) < 0 ||
        results_schema_digest(runner->store, &runner->schema, err) < 0)
        return -1;
    return runner->options->resume ? begin_again(runner, err) : begin_new(runner, err);
}

int runner_record_verdicts(struct runner *runner, struct runner_outcome *out, struct err *err)
{
    struct verdict verdict;
    int rc = 0;
    if (results_basis_load(&runner->basis, runner->scenario, runner->store, runner->id, err) < 0)
        return -1;
    judge_claims(&verdict, runner->scenario, &runner->plan, &runner->basis);
    for (size_t i = 0; i < verdict.count && rc == 0; i++)
        rc = results_verdict_put(runner->store, runner->id, verdict.items[i].claim->id,
                                 verdict.items[i].value, verdict_word_name(verdict.items[i].word),
                                 verdict.items[i].reason, err);
    out->code = verdict_exit_code(&verdict, &runner->basis.tally);
    memcpy(out->could_not, verdict.could_not, sizeof out->could_not);
    verdict_release(&verdict);
    return rc;
}

/* ---- its arms ---- */

static int64_t microseconds(struct timeval time)
{
    return time.tv_sec * INT64_C(1000000) + time.tv_usec;
}

static int put_arm(struct runner *runner, size_t index, const struct cycle_arm_end *end,
                   struct err *err)
{
    const struct scenario_arm *asked = &runner->scenario->arms[index];
    struct text command = {0};
    struct cycle_arm_opening opening = cycle_opening(runner->run, index);
    struct results_arm arm = {.index = (int)index,
                              .version = (char *)cycle_version(runner->run, index),
                              .records = cycle_database(runner->run, index) != NULL,
                              .starts = opening.starts,
                              .pooled = opening.pooled,
                              .open_ns = opening.open_ns};
    int rc;
    for (char **word = asked->subject; *word; word++)
        text_addf(&command, "%s%s", word == asked->subject ? "" : " ", *word);
    snprintf(arm.name, sizeof arm.name, "%s", asked->name);
    arm.command = command.data;
    if (end) {
        arm.clean = end->clean;
        arm.restarts = end->restarts;
        arm.user_us = microseconds(end->exit.usage.ru_utime);
        arm.system_us = microseconds(end->exit.usage.ru_stime);
        arm.peak_memory_kb = end->exit.usage.ru_maxrss;
        arm.log_cut = end->log_cut;
    }
    rc = results_arm_put(runner->store, runner->id, &arm, err);
    text_release(&command);
    return rc;
}

int runner_record_arms(struct runner *runner, const struct cycle_arm_end ends[], struct err *err)
{
    for (size_t i = 0; i < runner->scenario->arm_count; i++)
        if (put_arm(runner, i, ends ? &ends[i] : NULL, err) < 0)
            return -1;
    return 0;
}

/* ---- what was found ---- */

static int put_answers(struct runner *runner, int arm, const struct audit_answers *answers,
                       struct err *err)
{
    for (size_t i = 0; i < answers->count; i++) {
        const struct audit_told *told = &answers->items[i];
        const struct results_answer answer = {.arm = arm,
                                              .database = "",
                                              .rule = told->rule->name,
                                              .object = told->object,
                                              .answer = audit_answer_names[told->answer],
                                              .count = told->count,
                                              .why = told->why};
        if (results_answer_put(runner->store, runner->id, &answer, err) < 0)
            return -1;
    }
    return 0;
}

/* answers: of a database as a whole; NULL: none was looked at so */
static int put_findings(struct runner *runner, int64_t cycle, int arm,
                        const struct audit_answers *answers, struct err *err)
{
    if (answers && put_answers(runner, arm, answers, err) < 0)
        return -1;
    for (size_t i = 0; i < runner->findings.count; i++) {
        const struct audit_finding *finding = &runner->findings.items[i];
        if (results_finding_put(runner->store, runner->id, cycle, arm, finding->rule->name,
                                audit_severity_names[finding->rule->severity], finding->agent,
                                finding->text, err) < 0)
            return -1;
    }
    return 0;
}

static int put_audit(struct runner *runner, int64_t cycle, int arm,
                     const struct audit_result *result, struct err *err)
{
    const struct results_audit audit = {.cycle = cycle,
                                        .arm = arm,
                                        .level = audit_level_names[result->level],
                                        .rows = result->rows,
                                        .spent_ns = result->spent_ns,
                                        .database_bytes = result->database_bytes,
                                        .wal_bytes = result->wal_bytes};
    return result->level == AUDIT_NONE ? 0
                                       : results_audit_put(runner->store, runner->id, &audit, err);
}

int runner_record_cycle(struct runner *runner, size_t index, const struct audit_result *audit,
                        struct err *err)
{
    int arm = runner->plan.items[index].arm;
    if (results_cycle_begin(runner->store, runner->id, &runner->cycle, runner->sitting,
                            audit->spent_ns + runner->cycle.hygiene_ns, err) < 0 ||
        put_findings(runner, (int64_t)index, arm, NULL, err) < 0 ||
        put_audit(runner, (int64_t)index, arm, audit, err) < 0 ||
        results_locks_put(runner->store, runner->id, &runner->cycle, err) < 0)
        return -1;
    if (runner_check_schema(runner, err) < 0 || runner_note_written(runner, index, err) < 0)
        return results_end(runner->store, -1, err);
    if (results_cycle_commit(runner->store, err) == 0)
        return 0;
    runner->written_count--; /* it is not there, as on a full disk */
    return -1;
}

/* After the subjects are gone nothing can excuse a store that is not whole. */
static int put_final_audit(struct runner *runner, int arm, const char *database, struct err *err)
{
    struct audit_report report;
    struct audit_result result;
    int rc = 0;
    audit_findings_clear(&runner->findings);
    if (audit_watch_closed(runner->audits[arm].watch, &runner->findings, &report, database,
                           runner->folder, runner->scenario, err) < 0)
        return -1;
    result = (struct audit_result){.level = AUDIT_FULL,
                                   .rows = report.agents + report.consensus_runs + report.outputs,
                                   .spent_ns = report.spent_ns,
                                   .database_bytes = report.bytes};
    if (result.spent_ns) /* else it was not read */
        rc = put_audit(runner, -1, arm, &result, err);
    if (rc == 0)
        rc = put_findings(runner, -1, arm, &report.answers, err);
    audit_report_release(&report);
    return rc;
}

int runner_record_left(struct runner *runner, size_t arm, const struct cycle_arm_end *end,
                       struct err *err)
{
    const char *database = cycle_database(runner->run, arm);
    audit_findings_clear(&runner->findings);
    runner_audit_close(&runner->findings, end, false);
    if (put_findings(runner, -1, (int)arm, NULL, err) < 0)
        return -1;
    return database ? put_final_audit(runner, (int)arm, database, err) : 0;
}
