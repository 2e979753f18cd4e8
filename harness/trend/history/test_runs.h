/* test_runs - complete runs of invented medians, for the tests of history.
 *
 * For the tests of history/, report/ and cli/: synthetic_new and synthetic_free around each test,
 * runs_put for sittings around a level. Two arms, "slow" and "fast", with two agents each. */
#ifndef TREND_HISTORY_TEST_RUNS_H
#define TREND_HISTORY_TEST_RUNS_H

#include <math.h>

#include <cmocka.h>
#include <gsl/gsl_randist.h>

#include "results/test_synthetic.h"
#include "trend/history/history.h"

#define RUNS_CYCLES 20
#define RUNS_HERE   "{\"kernel\":\"6.1\",\"cpus_usable\":2,\"git_commit\":\"abc123\"}"
#define RUNS_THERE  "{\"kernel\":\"6.1\",\"cpus_usable\":4}"

static const char runs_scenario[] =
    "{\"name\": \"invented\", \"about\": \"a test\","
    " \"agents\": [{\"name\": \"a\", \"command\": [\"%s\"], \"times\": 2}],"
    " \"arms\": [{\"name\": \"slow\", \"subject\": [\"s\"]}, {\"name\": \"fast\", \"subject\": "
    "[\"f\"]}], \"cycles\": 20, \"claims\": [{\"id\": \"whole\", \"corruption\": \"none\"}]}";

static inline void runs_execute(struct synthetic *synthetic, const char *sql)
{
    char *why = NULL;
    if (sqlite3_exec(synthetic->store->database, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
}

/* One complete run in which both arms have the median `slow_ns`, `fast_ns`. */
static inline int64_t runs_put_one(struct synthetic *synthetic, const char *environment,
                                   const char *agent, double slow_ns, double fast_ns)
{
    char *text = text_format(runs_scenario, agent), *sql;
    int64_t run = synthetic_begin(synthetic, text);
    for (int pair = 0; pair < RUNS_CYCLES; pair++) {
        double wave = 1 + 0.001 * (pair % 7 - 3);
        synthetic_put(synthetic, &(struct synthetic_cycle){.pair = pair,
                                                           .spawn_ns = (int64_t)(slow_ns * wave)});
        synthetic_put(synthetic, &(struct synthetic_cycle){.pair = pair,
                                                           .arm = 1,
                                                           .place = 1,
                                                           .spawn_ns = (int64_t)(fast_ns * wave)});
    }
    sql = text_format("UPDATE runs SET environment_json = '%s' WHERE id = %lld", environment,
                      (long long)run);
    runs_execute(synthetic, sql);
    assert_int_equal(results_verdict_put(synthetic->store, run, "whole", 0, "supported", "because",
                                         &synthetic->err),
                     0);
    assert_int_equal(results_run_end(synthetic->store, run, true, "", &synthetic->err), 0);
    free(text);
    free(sql);
    return run;
}

/* `count` sittings around a level, 3 % apart from each other as real ones are */
static inline int64_t runs_put_at(struct synthetic *synthetic, const char *environment,
                                  gsl_rng *rng, size_t count, double slow_ns, double fast_ns)
{
    int64_t first = 0;
    for (size_t i = 0; i < count; i++) {
        double slow = slow_ns * exp(gsl_ran_gaussian(rng, 0.03));
        double fast = fast_ns * exp(gsl_ran_gaussian(rng, 0.03));
        int64_t run = runs_put_one(synthetic, environment, "agent", slow, fast);
        first = first ? first : run;
    }
    return first;
}

static inline gsl_rng *runs_rng(unsigned long seed)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, seed);
    return rng;
}

static inline int64_t runs_put(struct synthetic *synthetic, gsl_rng *rng, size_t count,
                               double slow_ns, double fast_ns)
{
    return runs_put_at(synthetic, RUNS_HERE, rng, count, slow_ns, fast_ns);
}

#endif
