/* How do baseline and candidate run side by side? One run with two arms, judged at each look. */
#include "trend/gate/gating.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "scenario/identity.h"

/* What the run under way needs to know when it asks whether it may stop. */
struct side_by_side {
    const struct gate_asked *asked;
    const struct scenario *derived;
};

static int decide(void *context, struct results *store, int64_t run, bool *decided, struct err *err)
{
    const struct side_by_side *side = context;
    struct gate_pairs pairs;
    struct gate_question question;
    struct gate_answer answer;
    if (gate_pairs_load(&pairs, side->asked, side->derived, store, run, 0, 1, err) < 0)
        return -1;
    question = gate_question_of(side->asked, &pairs);
    *decided = gate_judge(&answer, &question) == 0 && !answer.more;
    gate_release(&answer);
    gate_pairs_release(&pairs);
    return 0;
}

/* The machine is the same for both; whether it can tell so little apart is another question. */
static int check_floor(struct gate_result *result, const char *results, struct err *err)
{
    char *environment;
    struct results *store = NULL;
    struct scenario_machine here;
    int rc = text_make_directories(results, err);
    if (rc == 0)
        rc = results_open_in(&store, results, RESULTS_MAKE, err);
    environment = cycle_host_describe(results, results_engine());
    if (rc == 0)
        rc = scenario_machine_read(&here, environment, err);
    if (rc == 0)
        rc = gate_check_floor(result, store, here.id, result->scenario, err);
    results_close(store);
    free(environment);
    return rc;
}

static int judge(struct gate_result *result, const struct runner_options *options,
                 const struct gate_manners *manners, struct err *err)
{
    struct results *store = NULL;
    struct results_run stored = {0};
    int rc = results_open_in(&store, options->results, RESULTS_READ, err);
    if (rc == 0)
        rc = results_run_load(store, result->run, &stored, err);
    if (rc == 0 && strcmp(stored.state, "complete") == 0)
        rc = gate_paired(result, options->scenario, store, result->run, manners, err);
    else if (rc == 0)
        gate_refuse(result, "run %lld ended early: %s", (long long)result->run, stored.note);
    results_run_release(&stored);
    results_close(store);
    return rc;
}

static int measure_and_judge(struct gate_result *result, const struct runner_options *options,
                             const struct gate_manners *manners, struct err *ended, struct err *err)
{
    struct runner_outcome outcome;
    runner_go(&outcome, options, ended);
    result->run = outcome.run;
    if (outcome.run)
        return judge(result, options, manners, err);
    gate_refuse(result, "no run could be begun");
    return 0;
}

static int derive(struct gate_result *result, const struct gate_sides *sides,
                  struct scenario *derived, struct err *err)
{
    const struct gate_asked *asked = &result->asked;
    struct scenario scenario = {0};
    char **against = NULL;
    size_t arm = 0;
    int rc = -1;
    if (gate_split_command(&against, sides->against, err) < 0) {
        err_wrap(err, "--against");
        goto done;
    }
    if (scenario_load(&scenario, sides->runner.path, err) < 0 ||
        gate_pick_arm(&arm, &scenario, sides->arm, err) < 0 ||
        gate_derive(derived, &scenario, arm, against, asked->looks, asked->look_count, err) < 0)
        goto done;
    result->scenario = xstrdup(scenario.name);
    result->candidate = xstrdup(scenario.arms[arm].name);
    result->baseline = xstrdup(sides->against);
    rc = 0;
done:
    gate_free_words(against);
    scenario_release(&scenario);
    return rc;
}

int gate_run_paired(struct gate_result *result, const struct gate_sides *sides, struct err *ended,
                    struct err *err)
{
    struct scenario derived = {0};
    struct side_by_side side = {&result->asked, &derived};
    struct runner_options options = sides->runner;
    char *results = NULL;
    int rc = -1;
    result->paired = true;
    result->seed = options.seed;
    if (derive(result, sides, &derived, err) == 0 && check_floor(result, options.results, err) == 0)
        rc = runner_settle_results(options.results, &results, err);
    options.scenario = &derived;
    options.results = results;
    options.decide = decide;
    options.decide_context = &side;
    if (rc == 0 && !result->reason[0])
        rc = measure_and_judge(result, &options, &sides->manners, ended, err);
    scenario_release(&derived);
    free(results);
    return rc;
}
