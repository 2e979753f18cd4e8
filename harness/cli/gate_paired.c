/* How do baseline and candidate run side by side? One run with two arms, judged at each look. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/gate.h"
#include "gate/command.h"
#include "gate/derive.h"
#include "gate/fingerprint.h"
#include "gate/floor.h"

/* What the run under way needs to know when it asks whether it may stop. */
struct side_by_side {
    const struct cli_gate *gate;
    const struct scenario *derived;
};

static int decide(void *context, struct store *store, int64_t run, bool *decided, struct err *err)
{
    const struct side_by_side *side = context;
    struct gate_pairs pairs;
    struct gate_question question;
    struct gate_answer answer;
    if (gate_pairs_load(&pairs, &side->gate->asked, side->derived, store, run, 0, 1, err) < 0)
        return -1;
    question = gate_question_of(&side->gate->asked, &pairs);
    *decided = gate_judge(&answer, &question) == 0 && !answer.more;
    gate_release(&answer);
    gate_pairs_release(&pairs);
    return 0;
}

/* The machine is the same for both; whether it can tell so little apart is another question. */
static int check_floor(struct gate_result *result, const struct cli_gate *gate, struct err *err)
{
    char *path = cli_store_path(gate->results), *environment;
    struct store *store = NULL;
    struct fingerprint here;
    int rc = text_make_directories(gate->results, err);
    if (rc == 0)
        rc = store_open(&store, path, true, err);
    environment = run_host_describe(gate->results, store_engine());
    if (rc == 0)
        rc = fingerprint_read(&here, environment, err);
    if (rc == 0)
        rc = gate_check_floor(result, store, here.id, result->scenario, err);
    store_close(store);
    free(environment);
    free(path);
    return rc;
}

static int judge(struct gate_result *result, const struct cli_gate *gate,
                 const struct scenario *derived, int64_t run, bool *complete, struct err *err)
{
    char *path = cli_store_path(gate->results);
    struct store *store = NULL;
    struct store_run stored = {0};
    int rc = store_open(&store, path, false, err);
    free(path);
    if (rc == 0)
        rc = store_run_load(store, run, &stored, err);
    *complete = rc == 0 && strcmp(stored.state, "complete") == 0;
    result->run = run;
    if (rc == 0 && !*complete)
        gate_refuse(result, "run %lld ended early: %s", (long long)run, stored.note);
    if (*complete)
        rc = gate_paired(result, derived, store, run, &gate->manners, err);
    store_run_release(&stored);
    store_close(store);
    return rc;
}

static int measure_and_judge(const struct cli_gate *gate, struct gate_result *result,
                             struct scenario *derived)
{
    struct side_by_side side = {gate, derived};
    const struct runner_options how = {.scenario = derived,
                                       .results = gate->results,
                                       .path = gate->words[0],
                                       .command = gate->command,
                                       .seed = gate->seed,
                                       .decide = decide,
                                       .decide_context = &side};
    struct err err = {0};
    bool complete = false;
    int64_t run = 0;
    int code = cli_measure(&how, "gate", gate->quiet, &run);
    if (run == 0) { /* cli_measure has said why */
        gate_refuse(result, "no run could be begun");
        return code == 5 ? 0 : (code ? code : 70);
    }
    if (judge(result, gate, derived, run, &complete, &err) < 0)
        return cli_gate_could_not(result, &err);
    return complete || code == 5 ? 0 : code; /* it ended early, and cli_measure has said why */
}

static int derive(const struct cli_gate *gate, struct gate_result *result, struct scenario *derived,
                  struct err *err)
{
    struct scenario scenario = {0};
    char **against = NULL;
    size_t arm = 0;
    int rc = -1;
    if (gate_split_command(&against, gate->against, err) < 0) {
        err_wrap(err, "--against");
        goto done;
    }
    if (scenario_load(&scenario, gate->words[0], err) < 0 ||
        gate_pick_arm(&arm, &scenario, gate->arm, err) < 0 ||
        gate_derive(derived, &scenario, arm, against, gate->asked.looks, gate->asked.look_count,
                    err) < 0)
        goto done;
    result->scenario = xstrdup(scenario.name);
    result->candidate = xstrdup(scenario.arms[arm].name);
    result->baseline = xstrdup(gate->against);
    rc = 0;
done:
    gate_free_words(against);
    scenario_release(&scenario);
    return rc;
}

int cli_gate_paired(const struct cli_gate *gate, struct gate_result *result)
{
    struct scenario derived = {0};
    struct cli_gate settled = *gate;
    struct err err = {0};
    char *results = NULL;
    int code = 0;
    result->paired = true;
    result->seed = gate->seed;
    if (derive(gate, result, &derived, &err) < 0 || check_floor(result, gate, &err) < 0 ||
        runner_settle_results(gate->results, &results, &err) < 0)
        code = cli_gate_could_not(result, &err);
    settled.results = results; /* subjects are told absolute paths */
    if (code == 0 && !result->reason[0])
        code = measure_and_judge(&settled, result, &derived);
    scenario_release(&derived);
    free(results);
    return code;
}
