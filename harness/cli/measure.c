/* What does a command show and do while the runner measures a scenario for it? */
#include <stdio.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cycle/witness.h"
#include "proof/faults/prove.h"

/* ---- faults that the scenario asks for, when nothing is measured any more ---- */

static int put_rule(const struct cli_watcher *watcher, size_t arm, const struct faults_row *row,
                    const struct audit_rule *rule, struct err *err)
{
    char text[512];
    if (rule == row->rule)
        snprintf(text, sizeof text, "fault '%s': %zu findings, the first: %s", row->fault->name,
                 row->findings, row->first_finding);
    else
        snprintf(text, sizeof text, "fault '%s': broken too", row->fault->name);
    return results_finding_put(watcher->store, watcher->run, -1, (int)arm, rule->name,
                               audit_severity_names[rule->severity], "", text, err);
}

/* Findings of a fault belong to the run: each rule that `spawnbench faults` names in its row. */
static int put_fault(void *context, size_t arm, const struct faults_row *row, struct err *err)
{
    const struct cli_watcher *watcher = context;
    if (faults_judge(row) == FAULTS_INVALID && !watcher->quiet)
        fprintf(stderr,
                "spawnbench: warning: fault '%s' did not strike arm '%s' each time%s%s: it proves "
                "nothing there (see: spawnbench faults)\n",
                row->fault->name, watcher->scenario->arms[arm].name,
                row->unchecked ? ", or was not checked: " : "", row->not_checked);
    for (size_t i = 0; i < audit_rule_count; i++)
        if (row->rules >> i & 1 && put_rule(watcher, arm, row, &audit_rules[i], err) < 0)
            return -1;
    return 0;
}

static int strike(void *context, const struct runner_options *options, struct results *store,
                  int *code, struct err *err)
{
    struct cli_watcher *watcher = context;
    const struct trials_how how = {.scenario = options->scenario,
                                   .results = options->results,
                                   .faults = options->scenario->faults,
                                   .seed = options->seed,
                                   .times = 1,
                                   .trying = watcher->quiet ? NULL : progress_trial,
                                   .each = put_fault,
                                   .context = watcher};
    enum faults_verdict verdict;
    struct err why = {0};
    cJSON *document = NULL;
    int64_t from_ns = clock_now_ns();
    if (!how.faults)
        return 0;
    watcher->store = store;
    if (trials_run(&how, &document, &verdict, &why) < 0 && why.code != ERR_UNFIT) {
        *err = why;
        return -1;
    }
    if (!document) { /* what was measured is whole all the same */
        fprintf(stderr, "spawnbench: warning: the faults of the scenario prove nothing: %s\n",
                why.text);
        *code = 5;
        return 0;
    }
    *code = faults_exit_code(verdict);
    return prove_keep(store, "faults", options->command, *code, clock_now_ns() - from_ns, document,
                      err);
}

/* ---- the line on the terminal ---- */

static void began(void *context, const struct scenario *scenario, int64_t run, size_t planned)
{
    struct cli_watcher *watcher = context;
    size_t most = witness_most_agents();
    watcher->scenario = scenario;
    for (size_t i = 0; i < scenario->value_count && !watcher->quiet; i++)
        if (scenario->values[i] > most)
            fprintf(stderr,
                    "spawnbench: warning: batches of %zu agents have no witness: the queue of its "
                    "socket holds %zu (raise net.core.somaxconn, for example: sysctl -w "
                    "net.core.somaxconn=%d)\n",
                    scenario->values[i], most, WITNESS_QUEUE);
    watcher->run = run;
    watcher->progress = progress_new(scenario, planned, watcher->quiet);
}

static void cycle(void *context, const struct cycle *cycle, size_t done)
{
    struct cli_watcher *watcher = context;
    progress_cycle(watcher->progress, cycle, done);
}

static void measured(void *context)
{
    struct cli_watcher *watcher = context;
    progress_free(watcher->progress);
}

struct runner_observer cli_observer(struct cli_watcher *watcher)
{
    return (struct runner_observer){.context = watcher,
                                    .began = began,
                                    .cycle = cycle,
                                    .measured = measured,
                                    .before_end = strike};
}

int cli_measure(const struct runner_options *options, const char *label, bool quiet, int64_t *run)
{
    struct cli_watcher watcher = {.quiet = quiet};
    struct runner_options watched = *options;
    struct runner_outcome outcome;
    char option[RESULTS_OPTION_BYTES];
    struct err err = {0};
    int rc;
    watched.observer = cli_observer(&watcher);
    rc = runner_go(&outcome, &watched, &err);
    *run = outcome.run;
    if (rc == 0 && *outcome.could_not)
        fprintf(stderr, "spawnbench: %s: could not measure: %s\n", label ? label : "run",
                outcome.could_not);
    if (rc == 0)
        return outcome.code;
    rc = cli_fail(label ? label : "run", &err);
    if (outcome.run && !label)
        fprintf(stderr,
                "spawnbench: run %lld is kept as partial; go on with: spawnbench run "
                "--resume=%lld%s\n",
                (long long)outcome.run, (long long)outcome.run,
                results_option_in(option, options->results));
    return rc;
}
