/* How does one scenario get from plan to verdict? The walk through the house, in one direction. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "audit/schedule.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/prove.h"
#include "cli/trials.h"
#include "plan/plan.h"
#include "run/run.h"
#include "verdict/verdict.h"

/* The store of one arm, as its audits know it. */
struct audited {
    struct audit_watch *watch; /* NULL before its first cycle, and where there is no store */
    struct audit_schedule schedule;
};

/* What the walk carries along. */
struct walk {
    const struct cli_measure *how;
    const struct scenario *scenario;
    struct plan plan;
    struct store *store;
    struct run *run;
    struct progress *progress;
    struct audit_findings findings;
    struct run_cycle cycle;
    struct audited audited[SCENARIO_MOST_ARMS];
    char *folder, *label, *metrics;
    bool *done;
    int64_t id;
    int sitting;
};

/* What is stored before the first cycle cannot be bent to fit the last one. */
static int declare_plan(struct walk *walk, struct err *err)
{
    char *text = plan_describe(&walk->plan, walk->scenario);
    int rc = store_plan_put(walk->store, walk->id, plan_fingerprint(&walk->plan), text, err);
    free(text);
    return rc;
}

/* A run is gone on with only by the plan it began with. */
static int check_plan(struct walk *walk, struct err *err)
{
    uint64_t declared = 0;
    char *text = NULL;
    char *again = plan_describe(&walk->plan, walk->scenario);
    int rc = store_plan_load(walk->store, walk->how->resume, &declared, &text, err);
    bool same = rc != 0 || (declared == plan_fingerprint(&walk->plan) && strcmp(text, again) == 0);
    free(text);
    free(again);
    if (!same)
        return err_set(err, ERR_UNFIT,
                       "run %lld was begun with another plan than this spawnbench would make of "
                       "it; run the scenario anew",
                       (long long)walk->how->resume);
    return rc < 0 ? -1 : 0;
}

static int begin_new(struct walk *walk, struct err *err)
{
    struct store_run run = {.scenario_name = walk->scenario->name,
                            .scenario_path = (char *)walk->how->path,
                            .scenario_text = walk->scenario->source,
                            .options_json = (char *)"{\"plan\":\"declared\"}",
                            .command = (char *)walk->how->command,
                            .version = (char *)SPAWNBENCH_VERSION,
                            .seed = walk->how->seed,
                            .planned = walk->plan.count};
    int rc;
    run.environment_json = run_host_describe(walk->how->results, store_engine());
    rc = store_run_begin(walk->store, &run, err);
    free(run.environment_json);
    walk->id = run.id;
    walk->sitting = 1;
    return rc < 0 ? rc : declare_plan(walk, err);
}

static int begin_again(struct walk *walk, struct err *err)
{
    if (check_plan(walk, err) < 0)
        return -1;
    walk->id = walk->how->resume;
    if (store_done(walk->store, walk->id, walk->done, walk->plan.count, err) < 0)
        return -1;
    return store_run_resume(walk->store, walk->id, &walk->sitting, err);
}

/* Each sitting has a folder of its own:
 * a subject that was killed may have left anything in the old one. */
static int make_places(struct walk *walk, struct err *err)
{
    const char *group = walk->scenario->spec_id ? walk->scenario->spec_id : walk->scenario->name;
    walk->label = text_format("%lld.%d", (long long)walk->id, walk->sitting);
    walk->folder = text_format("%s/runs/%s", walk->how->results, walk->label);
    walk->metrics =
        text_format("%s/evidence/commands/%s/spawn_metrics.json", walk->how->results, group);
    return text_make_directories(walk->folder, err);
}

static const char *const severities[] = {"integrity", "conduct"};

static int put_findings(struct walk *walk, int64_t cycle, int arm, struct err *err)
{
    for (size_t i = 0; i < walk->findings.count; i++) {
        const struct audit_finding *finding = &walk->findings.items[i];
        if (store_finding_put(walk->store, walk->id, cycle, arm, finding->rule->name,
                              severities[finding->rule->severity], finding->agent, finding->text,
                              err) < 0)
            return -1;
    }
    return 0;
}

/* Is this the last cycle of its arm before a look? Nothing is judged that was not read whole. */
static bool is_before_look(const struct plan *plan, size_t index)
{
    for (size_t i = index; i < plan->count; i++) {
        if (i > index && plan->items[i].arm == plan->items[index].arm)
            return false;
        if (plan->items[i].look)
            return true;
    }
    return true;
}

static int64_t measured_ns(const struct run_cycle *cycle)
{
    int64_t until_ns = cycle->finished_ns ? cycle->finished_ns : cycle->answered_ns;
    return until_ns > cycle->sent_ns ? until_ns - cycle->sent_ns : 0;
}

static void audit_it(struct walk *walk, size_t index, struct audit_result *result)
{
    const struct plan_item *item = &walk->plan.items[index];
    struct audited *audited = &walk->audited[item->arm];
    const char *database = run_database(walk->run, (size_t)item->arm);
    enum audit_level level =
        audit_schedule_next(&audited->schedule, measured_ns(&walk->cycle),
                            walk->cycle.broke != RUN_WHOLE || is_before_look(&walk->plan, index));
    if (!audited->watch && database)
        audited->watch = audit_watch_new(database, walk->label);
    audit_findings_clear(&walk->findings);
    audit_watch_cycle(audited->watch, &walk->findings, walk->scenario, &walk->cycle, level, result);
    if (result->level == AUDIT_FULL)
        audit_schedule_spent(&audited->schedule, result->full_ns);
}

static int put_audit(struct walk *walk, int64_t cycle, int arm, const struct audit_result *result,
                     struct err *err)
{
    const struct store_audit audit = {.cycle = cycle,
                                      .arm = arm,
                                      .level = audit_level_name(result->level),
                                      .rows = result->rows,
                                      .spent_ns = result->spent_ns,
                                      .database_bytes = result->database_bytes,
                                      .wal_bytes = result->wal_bytes};
    return result->level == AUDIT_NONE ? 0 : store_audit_put(walk->store, walk->id, &audit, err);
}

static int one_cycle(struct walk *walk, size_t index, struct err *err)
{
    const struct plan_item *item = &walk->plan.items[index];
    struct audit_result audit;
    if (run_cycle(walk->run, index, item, &walk->cycle, err) < 0)
        return -1;
    audit_it(walk, index, &audit);
    if (store_cycle_begin(walk->store, walk->id, &walk->cycle, walk->sitting,
                          audit.spent_ns + walk->cycle.hygiene_ns, err) < 0 ||
        put_findings(walk, (int64_t)index, item->arm, err) < 0 ||
        put_audit(walk, (int64_t)index, item->arm, &audit, err) < 0 ||
        store_cycle_commit(walk->store, err) < 0)
        return -1;
    walk->done[index] = true;
    return 0;
}

/* At a look: is every claim decided? Then the run may stop (exact alpha spending, see verdict). */
static int is_decided(struct walk *walk, bool *decided, struct err *err)
{
    struct verdict verdict;
    if (walk->how->decide)
        return walk->how->decide(walk->how->context, walk->store, walk->id, decided, err);
    if (verdict_judge(&verdict, walk->scenario, walk->store, walk->id, err) < 0)
        return -1;
    *decided = verdict.decided;
    verdict_release(&verdict);
    return 0;
}

static int all_cycles(struct walk *walk, struct err *err)
{
    struct cli_pace pace = pace_make(&walk->plan, walk->scenario->spread_ns);
    size_t done = 0;
    for (size_t i = 0; i < walk->plan.count; i++) {
        bool decided = false;
        bool fresh = !walk->done[i];
        if (fresh)
            pace_wait(&pace, &walk->plan, i);
        if (interrupt_seen()) {
            err_set(err, ERR_INTERRUPTED, "interrupted");
            err->os_error = interrupt_seen();
            return -1;
        }
        if (fresh && one_cycle(walk, i, err) < 0)
            return -1;
        done++;
        if (fresh)
            progress_cycle(walk->progress, &walk->cycle, done);
        if (walk->plan.items[i].look && is_decided(walk, &decided, err) < 0)
            return -1;
        if (decided)
            return 0;
    }
    return 0;
}

static int put_arms(struct walk *walk, const struct run_arm_end ends[], struct err *err)
{
    for (size_t i = 0; i < walk->scenario->arm_count; i++) {
        const struct scenario_arm *asked = &walk->scenario->arms[i];
        struct text command = {0};
        struct store_arm arm = {.index = (int)i};
        int rc;
        for (char **word = asked->subject; *word; word++)
            text_addf(&command, "%s%s", word == asked->subject ? "" : " ", *word);
        snprintf(arm.name, sizeof arm.name, "%s", asked->name);
        arm.command = command.data;
        arm.version = (char *)run_version(walk->run, i);
        arm.records = run_database(walk->run, i) != NULL;
        if (ends) {
            arm.clean = ends[i].clean;
            arm.restarts = ends[i].restarts;
            arm.user_us =
                ends[i].exit.usage.ru_utime.tv_sec * 1000000L + ends[i].exit.usage.ru_utime.tv_usec;
            arm.system_us =
                ends[i].exit.usage.ru_stime.tv_sec * 1000000L + ends[i].exit.usage.ru_stime.tv_usec;
            arm.peak_memory_kb = ends[i].exit.usage.ru_maxrss;
        }
        rc = store_arm_put(walk->store, walk->id, &arm, err);
        text_release(&command);
        if (rc < 0)
            return -1;
    }
    return 0;
}

/* After the subjects are gone nothing can excuse a store that is not whole. */
static int final_audit(struct walk *walk, size_t arm, const char *database, struct err *err)
{
    struct audit_report report;
    struct audit_result result;
    struct err why = {0};
    audit_findings_clear(&walk->findings);
    if (audit_database(&walk->findings, &report, database, &why) < 0)
        return store_finding_put(walk->store, walk->id, -1, (int)arm, "store-can-be-read",
                                 "integrity", "", why.text, err);
    result = (struct audit_result){.level = AUDIT_FULL,
                                   .rows = report.agents + report.consensus_runs + report.outputs,
                                   .spent_ns = report.spent_ns,
                                   .database_bytes = report.bytes};
    if (put_audit(walk, -1, (int)arm, &result, err) < 0)
        return -1;
    return put_findings(walk, -1, (int)arm, err);
}

/* What went wrong when a subject was asked to close: no cycle could tell it. */
static int put_end(struct walk *walk, size_t arm, const struct run_arm_end *end, struct err *err)
{
    char text[256];
    int rc = 0;
    if (end->asked && !end->clean) {
        snprintf(text, sizeof text, "close: it did not answer and exit 0 (status %d, signal %d)",
                 end->exit.status, end->exit.signal);
        rc = store_finding_put(walk->store, walk->id, -1, (int)arm, "subject-answers", "conduct",
                               "", text, err);
    }
    if (rc == 0 && end->orphans) {
        snprintf(text, sizeof text, "close: %d orphans were still running, one is '%s'",
                 end->orphans, end->left_name);
        rc = store_finding_put(walk->store, walk->id, -1, (int)arm, "nothing-is-left-running",
                               "conduct", "", text, err);
    }
    return rc;
}

static int close_run(struct walk *walk, bool audited, struct err *err)
{
    size_t arms = walk->scenario->arm_count;
    struct run_arm_end *ends = xcalloc(arms, sizeof *ends);
    int rc;
    for (size_t i = 0; i < arms; i++)
        audit_watch_rest(walk->audited[i].watch);
    run_stop(walk->run, ends);
    rc = put_arms(walk, ends, err);
    for (size_t i = 0; i < arms && rc == 0 && audited; i++) {
        rc = put_end(walk, i, &ends[i], err);
        if (rc == 0 && run_database(walk->run, i))
            rc = final_audit(walk, i, run_database(walk->run, i), err);
    }
    free(ends);
    return rc;
}

/* ---- faults that the scenario asks for, when nothing is measured any more ---- */

/* Findings of a fault belong to the run. */
static int put_fault(void *context, size_t arm, const struct faults_row *row, struct err *err)
{
    struct walk *walk = context;
    char text[512];
    if (faults_judge(row) == FAULTS_INVALID && !walk->how->quiet)
        fprintf(stderr,
                "spawnbench: warning: fault '%s' did not strike arm '%s' each time: it proves "
                "nothing there (see: spawnbench faults)\n",
                row->fault->name, walk->scenario->arms[arm].name);
    if (!row->rule)
        return 0;
    snprintf(text, sizeof text, "fault '%s': %zu findings, the first: %s", row->fault->name,
             row->findings, row->first_finding);
    return store_finding_put(walk->store, walk->id, -1, (int)arm, row->rule->name,
                             severities[row->rule->severity], "", text, err);
}

static int strike(struct walk *walk, int *code, struct err *err)
{
    const struct trials_how how = {.scenario = walk->scenario,
                                   .results = walk->how->results,
                                   .faults = walk->scenario->faults,
                                   .seed = walk->how->seed,
                                   .times = 1,
                                   .progress = !walk->how->quiet,
                                   .each = put_fault,
                                   .context = walk};
    static const int codes[] = {[FAULTS_INTACT] = 0, [FAULTS_BROKEN] = 4, [FAULTS_INVALID] = 5};
    enum faults_verdict verdict;
    cJSON *document = NULL;
    int64_t from_ns = clock_now_ns();
    if (!walk->scenario->faults)
        return 0;
    if (trials_run(&how, &document, &verdict, err) < 0)
        return -1;
    *code = codes[verdict];
    return prove_keep(walk->store, "faults", walk->how->command, *code, clock_now_ns() - from_ns,
                      document, err);
}

static int tell_verdict(struct walk *walk, int *code, struct err *err)
{
    struct verdict verdict;
    struct store_tally tally;
    int rc = 0;
    if (store_tally(walk->store, walk->id, -1, -1, &tally, err) < 0 ||
        verdict_judge(&verdict, walk->scenario, walk->store, walk->id, err) < 0)
        return -1;
    for (size_t i = 0; i < verdict.count && rc == 0; i++)
        rc = store_verdict_put(walk->store, walk->id, verdict.items[i].claim->id,
                               verdict.items[i].value, verdict_word_name(verdict.items[i].word),
                               verdict.items[i].reason, err);
    *code = verdict_exit_code(&verdict, &tally);
    verdict_release(&verdict);
    return rc;
}

static int begin(struct walk *walk, struct err *err)
{
    struct run_options options = {.scenario = walk->scenario};
    bool chosen[SCENARIO_MOST_ARMS];
    char *path = cli_store_path(walk->how->results);
    int rc = text_make_directories(walk->how->results, err);
    memset(chosen, true, sizeof chosen);
    if (rc == 0)
        rc = store_open(&walk->store, path, true, err);
    free(path);
    if (rc < 0 || (walk->how->resume ? begin_again(walk, err) : begin_new(walk, err)) < 0 ||
        make_places(walk, err) < 0)
        return -1;
    options.run_label = walk->label;
    options.folder = walk->folder;
    options.metrics_path = walk->metrics;
    options.arm_chosen = chosen;
    if (run_open(&walk->run, &options, err) < 0)
        return -1;
    return put_arms(walk, NULL, err);
}

static void release(struct walk *walk)
{
    run_close(walk->run);
    run_cycle_release(&walk->cycle);
    audit_findings_release(&walk->findings);
    for (size_t i = 0; i < SCENARIO_MOST_ARMS; i++)
        audit_watch_free(walk->audited[i].watch);
    plan_release(&walk->plan);
    store_close(walk->store);
    free(walk->folder);
    free(walk->label);
    free(walk->metrics);
    free(walk->done);
}

int cli_measure(const struct cli_measure *how, struct scenario *scenario, int64_t *run)
{
    struct walk walk = {.how = how, .scenario = scenario};
    struct err err = {0}, later = {0};
    int code = 0, struck = 0;
    plan_build(&walk.plan, scenario, NULL, 0, how->seed);
    walk.done = xcalloc(walk.plan.count, sizeof *walk.done);
    if (begin(&walk, &err) == 0) {
        walk.progress = progress_new(scenario, walk.plan.count, how->quiet);
        all_cycles(&walk, &err);
        progress_free(walk.progress);
    }
    /* From here on nothing may hide the first failure,
     * and nothing that was measured may be lost. */
    if (walk.run && close_run(&walk, err.code == ERR_NONE, &later) < 0 && err.code == ERR_NONE)
        err = later;
    if (walk.run && err.code == ERR_NONE && strike(&walk, &struck, &later) < 0)
        err = later;
    if (walk.id && store_run_end(walk.store, walk.id, err.code == ERR_NONE, err.text, &later) < 0 &&
        err.code == ERR_NONE)
        err = later;
    if (walk.id && tell_verdict(&walk, &code, &later) < 0 && err.code == ERR_NONE)
        err = later;
    if (code == 0 && struck)
        code = struck;
    *run = walk.id;
    if (err.code != ERR_NONE) {
        err_wrap(&err, "scenario '%s'", scenario->name);
        code = cli_fail(how->label ? how->label : "run", &err);
        if (walk.id && !how->label)
            fprintf(stderr,
                    "spawnbench: run %lld is kept as partial; go on with: spawnbench run "
                    "--resume=%lld\n",
                    (long long)walk.id, (long long)walk.id);
    }
    release(&walk);
    return code;
}
