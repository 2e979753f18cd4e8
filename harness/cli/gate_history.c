/* Does the history of the scenario stand on a step for the worse that nobody accepted? */
#include <stdio.h>

#include "cli/pages.h"
#include "trend/history/history.h"

/* A stored run is asked about on its own machine, and up to it; side by side it is this one. */
static int find_place(char machine[SCENARIO_ID_BYTES], const struct cli_gate *gate,
                      const struct gate_result *result, struct results *store, struct err *err)
{
    struct results_run run = {0};
    if (!result->paired && result->run) {
        if (results_run_load(store, result->run, &run, err) < 0)
            return -1;
        scenario_machine_class(machine, run.environment_json);
        results_run_release(&run);
        return 0;
    }
    cli_machine_class(machine, gate->results);
    return 0;
}

static int ask(struct gate_result *result, struct results *store,
               const struct history_wanted *wanted, struct err *err)
{
    struct history_answer answer;
    if (history_ask(&answer, store, wanted, err) < 0)
        return -1;
    if (answer.open || !*result->history)
        snprintf(result->history, sizeof result->history, "%s", answer.text);
    result->open_steps += answer.open;
    if (answer.open || !answer.enough)
        gate_mark(result, "history: %s", answer.text);
    return 0;
}

int cli_gate_history(const struct cli_gate *gate, struct gate_result *result)
{
    char machine[SCENARIO_ID_BYTES];
    struct history_wanted wanted = {.scenario = result->scenario,
                                    .machine = machine,
                                    .arm = result->paired ? result->candidate : gate->arm,
                                    .until = result->paired ? 0 : result->run};
    struct results *store = NULL;
    struct err err = {0};
    int rc = results_open_in(&store, gate->results, RESULTS_READ, &err);
    if (rc == 0)
        rc = find_place(machine, gate, result, store, &err);
    for (size_t i = 0; i < gate->asked.metric_count && rc == 0; i++) {
        wanted.metric = gate->asked.metrics[i];
        rc = ask(result, store, &wanted, &err);
    }
    results_close(store);
    return rc < 0 ? cli_fail("gate", &err) : 0;
}
