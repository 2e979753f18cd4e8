/* test_sittings - stored runs of one invented scenario, for the tests of baselines. */
#ifndef TREND_GATE_TEST_SITTINGS_H
#define TREND_GATE_TEST_SITTINGS_H

#include <math.h>

#include "results/test_synthetic.h"

/* One invented run; zero members mean the ordinary. */
struct sitting {
    const char *scenario, *agent, *kernel, *arms; /* "invented", "x", "6.1", two arms */
    const char *finding;                          /* severity, or NULL */
    double level_ns;                              /* 1e7; the second arm takes twice as long */
    int cycles;                                   /* 60 */
    int failed;                                   /* of them, of the first arm */
    bool partial;
};

#define SITTING_ARMS                                                                               \
    "{\"name\": \"fast\", \"subject\": [\"x\"]}, {\"name\": \"slow\", \"subject\": [\"x\"]}"

static inline char *sitting_text(const struct sitting *sitting)
{
    return text_format("{\"name\": \"%s\", \"agents\": [{\"name\": \"a\", \"command\": [\"%s\"]}],"
                       " \"arms\": [%s], \"cycles\": 60}",
                       sitting->scenario ? sitting->scenario : "invented",
                       sitting->agent ? sitting->agent : "x",
                       sitting->arms ? sitting->arms : SITTING_ARMS);
}

static inline void sitting_cycles(struct synthetic *synthetic, const struct sitting *sitting)
{
    double level = sitting->level_ns > 0 ? sitting->level_ns : 1e7;
    int cycles = sitting->cycles ? sitting->cycles : 60;
    int arms = sitting->arms && !strchr(sitting->arms, ',') ? 1 : 2;
    for (int i = 0; i < cycles; i++)
        for (int arm = 0; arm < arms; arm++) {
            double own = level * (1 + arm) * (1 + 0.001 * (i * 7 % 11));
            struct synthetic_cycle cycle = {.pair = i, .arm = arm, .spawn_ns = (int64_t)own};
            if (arm == 0 && i < sitting->failed)
                cycle.spawn_ns = 0;
            if (arm == 0 && i == 1)
                cycle.finding = sitting->finding;
            synthetic_put(synthetic, &cycle);
        }
}

/* sitting_store - store it; returns the id of the run */
static inline int64_t sitting_store(struct synthetic *synthetic, const struct sitting *sitting)
{
    char *text = sitting_text(sitting);
    char *environment = text_format("{\"kernel\":\"%s\",\"cpus_usable\":2}",
                                    sitting->kernel ? sitting->kernel : "6.1");
    struct results_run run = {.scenario_name =
                                  (char *)(sitting->scenario ? sitting->scenario : "invented"),
                              .scenario_path = (char *)"invented.json",
                              .scenario_text = text,
                              .options_json = (char *)"{}",
                              .environment_json = environment,
                              .command = (char *)"spawnbench run invented.json",
                              .version = (char *)"0",
                              .seed = 7,
                              .planned = 10};
    assert_int_equal(results_run_begin(synthetic->store, &run, &synthetic->err), 0);
    synthetic->run = run.id;
    synthetic->next = 0;
    sitting_cycles(synthetic, sitting);
    assert_int_equal(
        results_run_end(synthetic->store, run.id, !sitting->partial, "", &synthetic->err), 0);
    free(text);
    free(environment);
    return run.id;
}

#endif
