/* How does one scenario get from plan to verdict? The walk through the house, in one direction. */
#include "runner/runner.h"

#include <stdlib.h>
#include <string.h>

#include "base/folder.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "judge/judge.h"
#include "runner/runner_internal.h"

int runner_settle_results(const char *given, char **absolute, struct err *err)
{
    given = given ? given : "results";
    *absolute = NULL;
    if (text_make_directories(given, err) < 0)
        return -1;
    *absolute = realpath(given, NULL);
    return *absolute ? 0 : err_system(err, "cannot use results folder '%s'", given);
}

/* ---- begin ---- */

static bool uses_metrics(const struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->arm_count; i++)
        for (char **word = scenario->arms[i].subject; *word; word++)
            if (strcmp(*word, "{metrics}") == 0)
                return true;
    return false;
}

/* Made here where it is asked for, since subjects follow links. */
static int place_metrics(struct runner *runner, struct err *err)
{
    const struct scenario *scenario = runner->scenario;
    const char *results = runner->options->results;
    char *below =
        text_format("evidence/commands/%s", scenario->spec_id ? scenario->spec_id : scenario->name);
    char *folder = NULL;
    int rc = uses_metrics(scenario) ? folder_make_below(&folder, results, below, err) : 0;
    runner->metrics = text_format("%s/%s/spawn_metrics.json", results, below);
    free(folder);
    free(below);
    return rc;
}

/* Each sitting has a folder of its own: a subject that was killed may have left anything in the old
 * one, and a store that was removed leaves the folders of runs that had the same numbers. */
static int make_places(struct runner *runner, struct err *err)
{
    char *wanted = text_format("%lld.%d", (long long)runner->id, runner->sitting);
    char *runs = NULL;
    int rc = folder_make_below(&runs, runner->options->results, "runs", err);
    if (rc == 0)
        rc = folder_make_fresh(&runner->label, runs, wanted, err);
    if (rc == 0) {
        runner->folder = text_format("%s/%s", runs, runner->label);
        rc = place_metrics(runner, err);
    }
    free(runs);
    free(wanted);
    return rc;
}

/* Databases that agents share, as they are just before each request. */
static void find_locks(void *context, struct cycle_subjects *run, const struct cycle *cycle)
{
    struct runner *runner = context;
    struct shared_paths *found = &runner->lock_paths;
    char **both;
    shared_paths_find(found, runner->scenario, run, cycle, runner->folder);
    both = xcalloc(2 * found->count + 1, sizeof *both);
    for (size_t i = 0; i < found->count; i++) {
        both[i] = found->items[i].path;
        both[found->count + i] = found->items[i].name;
    }
    cycle_watch_locks(run, both, both + found->count, found->count);
    free(both);
}

static int begin(struct runner *runner, struct err *err)
{
    const struct runner_observer *observer = &runner->options->observer;
    struct cycle_options options = {.scenario = runner->scenario};
    bool chosen[SCENARIO_MOST_ARMS];
    memset(chosen, true, sizeof chosen);
    if (text_make_directories(runner->options->results, err) < 0 ||
        runner_record_begin(runner, err) < 0 || make_places(runner, err) < 0)
        return -1;
    runner->store_path = results_path(runner->options->results);
    options.run_label = runner->label;
    options.folder = runner->folder;
    for (size_t i = 0; i < SCENARIO_MOST_ARMS; i++)
        runner->audits[i].folder = runner->folder;
    options.metrics_path = runner->metrics;
    options.arm_chosen = chosen;
    options.locks = runner->options->locks;
    options.find_locks = find_locks;
    options.find_context = runner;
    if (cycle_open(&runner->run, &options, err) < 0)
        return -1;
    runner_shared_find(runner, NULL, false);
    if (runner_record_arms(runner, NULL, err) < 0)
        return -1;
    runner_shared_look(runner, true);
    if (observer->began)
        observer->began(observer->context, runner->scenario, runner->id, runner->plan.count);
    return 0;
}

/* ---- the loop ---- */

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

static int one_cycle(struct runner *runner, size_t index, struct err *err)
{
    const struct runner_observer *observer = &runner->options->observer;
    const struct plan_item *item = &runner->plan.items[index];
    struct runner_audits *audits = &runner->audits[item->arm];
    struct audit_result audit;
    const char *database;
    bool forced;
    audit_findings_clear(&runner->findings);
    if (cycle_spawn(runner->run, index, item, &runner->cycle, err) < 0)
        return -1;
    database = cycle_database(runner->run, (size_t)item->arm);
    runner_audit_spawned(audits, &runner->findings, &runner->cycle, database, runner->label);
    if (cycle_finish(runner->run, &runner->cycle, err) < 0)
        return -1;
    runner_shared_find(runner, &runner->cycle, false);
    forced = runner->cycle.broke != CYCLE_WHOLE || is_before_look(&runner->plan, index);
    runner_audit_cycle(audits, &runner->findings, runner->scenario, &runner->cycle, database,
                       runner->label, forced, &audit);
    runner_shared_look(runner, forced);
    if (runner_record_cycle(runner, index, &audit, err) < 0 || runner_shared_put(runner, err) < 0)
        return -1;
    cycle_leave_homes(&runner->cycle);
    if (observer->cycle)
        observer->cycle(observer->context, &runner->cycle, index + 1);
    return 0;
}

/* Is every claim decided? Then the run may stop (exact alpha spending, see judge/looks.c). */
static int is_decided(struct runner *runner, bool *decided, struct err *err)
{
    const struct runner_options *options = runner->options;
    struct verdict verdict;
    if (options->decide)
        return options->decide(options->decide_context, runner->store, runner->id, decided, err);
    if (results_basis_load(&runner->basis, runner->scenario, runner->store, runner->id, err) < 0)
        return -1;
    judge_claims(&verdict, runner->scenario, &runner->plan, &runner->basis);
    *decided = verdict.decided;
    verdict_release(&verdict);
    return 0;
}

static int look(struct runner *runner, int number, bool *decided, struct err *err)
{
    const struct runner_observer *observer = &runner->options->observer;
    if (is_decided(runner, decided, err) < 0)
        return -1;
    if (observer->looked)
        observer->looked(observer->context, number, *decided);
    return 0;
}

static int all_cycles(struct runner *runner, struct err *err)
{
    const struct plan *plan = &runner->plan;
    struct runner_pace pace = runner_pace_make(plan, runner->scenario->spread_ns);
    bool decided = false;
    for (size_t i = 0; i < plan->count && !decided; i++) {
        if (!runner->done[i])
            runner_pace_wait(&pace, plan, i);
        if (interrupt_check(err) < 0 || (!runner->done[i] && one_cycle(runner, i, err) < 0))
            return -1;
        if (plan->items[i].look && look(runner, plan->items[i].look, &decided, err) < 0)
            return -1;
    }
    return 0;
}

/* ---- the end ---- */

/* The stores of a run that ended early are not audited: it will be gone on with. */
static int close_subjects(struct runner *runner, bool audited, struct err *err)
{
    const struct runner_observer *observer = &runner->options->observer;
    size_t arms = runner->scenario->arm_count;
    struct cycle_arm_end *ends = xcalloc(arms, sizeof *ends);
    int rc;
    for (size_t i = 0; i < arms; i++)
        audit_watch_rest(runner->audits[i].watch);
    cycle_stop(runner->run, ends);
    runner_shared_find(runner, NULL, true);
    rc = runner_record_arms(runner, ends, err);
    for (size_t i = 0; i < arms && rc == 0 && audited; i++)
        rc = runner_record_left(runner, i, &ends[i], err);
    if (audited)
        runner_shared_look(runner, true);
    if (rc == 0)
        rc = runner_shared_put(runner, err);
    for (size_t i = 0; i < arms && observer->closed; i++)
        observer->closed(observer->context, i, &ends[i]);
    free(ends);
    return rc;
}

/* The first failure is the one that counts: what fails after it hides nothing. */
static void keep_first(struct err *first, int rc, const struct err *later)
{
    if (rc < 0 && first->code == ERR_NONE)
        *first = *later;
}

/* A run that is complete has its verdicts: a kill between the two would leave it without. And what
 * is judged is what was measured; that it is not outranks `first`, why the run is partial. */
static int record_end(struct runner *runner, struct err *first, struct runner_outcome *out,
                      struct err *err)
{
    struct err changed = {0};
    int rc = results_begin(runner->store, err);
    if (rc == 0 && runner->run && runner_check_written(runner, &changed) < 0)
        *first = changed;
    if (rc == 0)
        rc = results_run_end(runner->store, runner->id, first->code == ERR_NONE, first->text, err);
    if (rc == 0 && !runner->rewritten)
        rc = runner_record_verdicts(runner, out, err);
    return results_end(runner->store, rc, err);
}

/* Nothing that was measured may be lost, whatever failed before. */
static void end(struct runner *runner, struct runner_outcome *out, struct err *err)
{
    const struct runner_observer *observer = &runner->options->observer;
    struct err later = {0};
    int beside = 0, rc;
    if (runner->run) {
        rc = close_subjects(runner, err->code == ERR_NONE, &later);
        keep_first(err, rc, &later);
    }
    if (runner->run && err->code == ERR_NONE && observer->before_end) {
        rc = observer->before_end(observer->context, runner->options, runner->store, &beside,
                                  &later);
        keep_first(err, rc, &later);
    }
    if (!runner->id)
        return;
    rc = record_end(runner, err, out, &later);
    keep_first(err, rc, &later);
    if (rc < 0)
        results_run_end(runner->store, runner->id, false, err->text, &later);
    out->code = verdict_graver(out->code, beside);
    out->run = runner->id;
}

static void release(struct runner *runner)
{
    plan_release(&runner->plan);
    cycle_release(&runner->cycle); /* folders of its agents, too */
    cycle_close(runner->run);
    shared_paths_release(&runner->shared_paths);
    shared_paths_release(&runner->lock_paths);
    results_basis_release(&runner->basis);
    results_close(runner->store);
    lease_release(&runner->hold);
    audit_findings_release(&runner->findings);
    runner_shared_release(runner);
    for (size_t i = 0; i < SCENARIO_MOST_ARMS; i++)
        runner_audit_release(&runner->audits[i]);
    free(runner->store_path);
    free(runner->folder);
    free(runner->label);
    free(runner->metrics);
    free(runner->done);
    free(runner->written);
}

int runner_go(struct runner_outcome *out, const struct runner_options *options, struct err *err)
{
    struct runner runner = {.options = options, .scenario = options->scenario};
    const struct runner_observer *observer = &options->observer;
    struct err first = {0};
    *out = (struct runner_outcome){0};
    plan_build(&runner.plan, runner.scenario, options->seed);
    runner.done = xcalloc(runner.plan.count, sizeof *runner.done);
    if (begin(&runner, &first) == 0) {
        all_cycles(&runner, &first);
        if (observer->measured)
            observer->measured(observer->context);
    }
    end(&runner, out, &first);
    release(&runner);
    if (first.code == ERR_NONE)
        return 0;
    *err = first;
    return err_wrap(err, "scenario '%s'", options->scenario->name);
}
