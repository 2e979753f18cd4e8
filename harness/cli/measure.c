/* What does a command show and do while the runner measures a scenario for it? */
#include <stdio.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cycle/witness.h"
#include "proof/faults/prove.h"

/* ---- faults that the scenario asks for, when nothing is measured any more ---- */

/* Findings of a fault belong to the run. */
static int put_fault(void *context, size_t arm, const struct faults_row *row, struct err *err)
{
    const struct cli_watcher *watcher = context;
    char text[512];
    if (faults_judge(row) == FAULTS_INVALID && !watcher->quiet)
        fprintf(stderr,
                "spawnbench: warning: fault '%s' did not strike arm '%s' each time: it proves "
                "nothing there (see: spawnbench faults)\n",
                row->fault->name, watcher->scenario->arms[arm].name);
    if (!row->rule)
        return 0;
    snprintf(text, sizeof text, "fault '%s': %zu findings, the first: %s", row->fault->name,
             row->findings, row->first_finding);
    return results_finding_put(watcher->store, watcher->run, -1, (int)arm, row->rule->name,
                               audit_severity_names[row->rule->severity], "", text, err);
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
    static const int codes[] = {[FAULTS_INTACT] = 0, [FAULTS_BROKEN] = 4, [FAULTS_INVALID] = 5};
    enum faults_verdict verdict;
    cJSON *document = NULL;
    int64_t from_ns = clock_now_ns();
    if (!how.faults)
        return 0;
    watcher->store = store;
    if (trials_run(&how, &document, &verdict, err) < 0)
        return -1;
    *code = codes[verdict];
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
    struct err err = {0};
    int rc;
    watched.observer = cli_observer(&watcher);
    rc = runner_go(&outcome, &watched, &err);
    *run = outcome.run;
    if (rc == 0)
        return outcome.code;
    rc = cli_fail(label ? label : "run", &err);
    if (outcome.run && !label)
        fprintf(stderr,
                "spawnbench: run %lld is kept as partial; go on with: spawnbench run "
                "--resume=%lld\n",
                (long long)outcome.run, (long long)outcome.run);
    return rc;
}
