/* How is a run held against a stored baseline? A stored run, or a scenario that is measured now. */
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/pages.h"

/* Measures the scenario as it is; its claims do not matter here. */
static int measure(const struct cli_gate *gate, int64_t *run, struct err *err)
{
    struct scenario scenario = {0};
    char *results = NULL;
    struct runner_options how = {.scenario = &scenario,
                                 .path = gate->words[0],
                                 .command = gate->command,
                                 .seed = gate->seed};
    int code;
    if (scenario_load(&scenario, gate->words[0], err) < 0 ||
        runner_settle_results(gate->results, &results, err) < 0) {
        scenario_release(&scenario);
        return -1;
    }
    how.results = results;
    code = cli_measure(&how, "gate", gate->quiet, run);
    scenario_release(&scenario);
    free(results);
    return code;
}

static void name_parts(struct gate_result *result, const struct cli_gate *gate,
                       const struct gate_baseline *baseline, int64_t run)
{
    result->scenario = xstrdup(baseline->scenario);
    result->candidate = gate->arm ? text_format("run %lld, arm %s", (long long)run, gate->arm)
                                  : text_format("run %lld", (long long)run);
}

static int judge(const struct cli_gate *gate, struct gate_result *result, int64_t run,
                 struct err *err)
{
    struct gate_baseline baseline = {0};
    struct results *store = NULL;
    int rc = results_open_in(&store, gate->results, RESULTS_READ, err);
    if (rc == 0)
        rc = gate_baseline_find(&baseline, gate->baseline, store, err);
    if (rc == 0 && run == 0) /* the newest run of the baseline's scenario, or the one named */
        rc = results_run_find(store, gate->word_count ? gate->words[0] : baseline.scenario, &run,
                              err);
    if (rc == 0) {
        name_parts(result, gate, &baseline, run);
        rc = gate_stored(result, &baseline, store, run, gate->arm, gate->strict_baseline,
                         &gate->manners, err);
    }
    if (rc == 0)
        rc = gate_check_floor(result, store, baseline.fingerprint.id, baseline.scenario, err);
    gate_baseline_release(&baseline);
    results_close(store);
    return rc;
}

/* Before anything is measured: is there a baseline at all? */
static int look_for_baseline(const struct cli_gate *gate, struct err *err)
{
    struct gate_baseline baseline = {0};
    struct results *store = NULL;
    char *path = results_path(gate->results);
    int rc = 0;
    if (access(path, F_OK) == 0)
        rc = results_open(&store, path, RESULTS_READ, err);
    free(path);
    if (rc == 0)
        rc = gate_baseline_find(&baseline, gate->baseline, store, err);
    gate_baseline_release(&baseline);
    results_close(store);
    return rc;
}

int cli_gate_stored(const struct cli_gate *gate, struct gate_result *result)
{
    struct err err = {0};
    int64_t run = 0;
    result->baseline = xstrdup(gate->baseline);
    if (look_for_baseline(gate, &err) < 0)
        return cli_gate_could_not(result, &err);
    if (gate->word_count && gate_is_file(gate->words[0])) {
        int code = measure(gate, &run, &err);
        if (run == 0)
            return err.code != ERR_NONE ? cli_gate_could_not(result, &err) : (code ? code : 70);
        if (code >= 128 || code == 70)
            return code;
    }
    if (judge(gate, result, run, &err) < 0)
        return cli_gate_could_not(result, &err);
    return 0;
}
