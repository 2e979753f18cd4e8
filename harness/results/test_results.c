/* Is what was measured kept, found again unchanged, and never mixed with what is not ours? */
#include <math.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "results/test_synthetic.h"

static void put(struct synthetic *synthetic, struct synthetic_cycle cycle)
{
    synthetic_put(synthetic, &cycle);
}

static void a_run_comes_back_as_it_was_stored(void **state)
{
    struct synthetic *synthetic = *state;
    struct results_run run;
    put(synthetic, (struct synthetic_cycle){.pair = 0, .spawn_ns = 50});
    synthetic_reopen(synthetic);
    assert_int_equal(results_run_load(synthetic->store, synthetic->run, &run, &synthetic->err), 0);
    assert_string_equal(run.scenario_name, "invented");
    assert_string_equal(run.scenario_path, "invented.json");
    assert_string_equal(run.scenario_text, "{}");
    assert_string_equal(run.options_json, "{}");
    assert_string_equal(run.environment_json, "{\"kernel\":\"none\"}");
    assert_string_equal(run.command, "spawnbench run invented.json");
    assert_string_equal(run.version, "0");
    assert_true(run.seed == UINT64_MAX);
    assert_true(run.started_wall_ns > 0);
    assert_int_equal(run.sittings, 1);
    assert_int_equal(run.planned, 10);
    assert_int_equal(run.cycles, 1);
    results_run_release(&run);
    assert_null(run.scenario_name);
}

static void check_state(struct synthetic *synthetic, const char *word, const char *note, bool ended)
{
    struct results_run run;
    assert_int_equal(results_run_load(synthetic->store, synthetic->run, &run, &synthetic->err), 0);
    assert_string_equal(run.state, word);
    assert_string_equal(run.note, note);
    assert_int_equal(run.ended_wall_ns > 0, ended);
    results_run_release(&run);
}

static void a_run_is_partial_until_it_is_ended(void **state)
{
    struct synthetic *synthetic = *state;
    struct err *err = &synthetic->err;
    int sitting = 0;
    check_state(synthetic, "partial", "", false);
    assert_int_equal(results_run_end(synthetic->store, synthetic->run, false, "interrupted", err),
                     0);
    check_state(synthetic, "partial", "interrupted", true);
    assert_int_equal(results_run_resume(synthetic->store, synthetic->run, &sitting, err), 0);
    assert_int_equal(sitting, 2);
    check_state(synthetic, "partial", "", false);
    assert_int_equal(results_run_end(synthetic->store, synthetic->run, true, "", err), 0);
    check_state(synthetic, "complete", "", true);
}

static int take_cycle(void *context, const struct results_cycle *cycle)
{
    struct results_cycle *seen = context;
    seen[cycle->index] = *cycle;
    return 0;
}

static void cycles_come_back_in_order_with_their_findings_counted(void **state)
{
    struct synthetic *synthetic = *state;
    struct results_cycle seen[3] = {0};
    put(synthetic, (struct synthetic_cycle){.pair = -1, .warmup = true, .spawn_ns = 40});
    put(synthetic,
        (struct synthetic_cycle){
            .pair = 7, .arm = 1, .value = 2, .sitting = 3, .sent_ns = 1000, .spawn_ns = 60});
    put(synthetic, (struct synthetic_cycle){.pair = 8, .spawn_ns = -5, .finding = "conduct"});
    assert_int_equal(
        results_each_cycle(synthetic->store, synthetic->run, take_cycle, seen, &synthetic->err), 0);
    assert_true(seen[0].warmup && seen[0].pair == -1 && seen[0].block == -1);
    assert_true(seen[1].pair == 7 && seen[1].block == 1 && seen[1].arm == 1 && seen[1].value == 2);
    assert_true(seen[1].sitting == 3 && seen[1].outcome == CYCLE_READY && seen[1].findings == 0);
    assert_true(seen[1].sent_ns == 1000 && seen[1].answered_ns == 1060);
    assert_true(seen[1].spawn_time_ns == 60 && seen[1].ready_time_ns == 30);
    assert_true(seen[1].audit_ns == 7 && seen[1].harness_ns == 5 && seen[1].agents == 2);
    assert_string_equal(seen[1].consensus, "agreed");
    assert_true(seen[2].outcome == CYCLE_FAILED && seen[2].spawn_time_ns == -1);
    assert_int_equal(seen[2].findings, 1);
}

static int stop_at_once(void *context, const struct results_cycle *cycle)
{
    (void)cycle;
    ++*(int *)context;
    return 1;
}

static void a_walk_ends_when_it_is_told_to(void **state)
{
    struct synthetic *synthetic = *state;
    int calls = 0;
    put(synthetic, (struct synthetic_cycle){.pair = 0, .spawn_ns = 1});
    put(synthetic, (struct synthetic_cycle){.pair = 1, .spawn_ns = 1});
    assert_int_equal(
        results_each_cycle(synthetic->store, synthetic->run, stop_at_once, &calls, &synthetic->err),
        0);
    assert_int_equal(calls, 1);
}

/* What take_agent gathers. */
struct agents {
    char ids[128], errors[128];
    int count;
};

static int take_agent(void *context, const struct results_agent *agent)
{
    struct agents *seen = context;
    size_t ids = strlen(seen->ids), errors = strlen(seen->errors);
    snprintf(seen->ids + ids, sizeof seen->ids - ids, "%s:%s ", agent->id,
             cycle_outcome_names[agent->outcome]);
    snprintf(seen->errors + errors, sizeof seen->errors - errors, "[%s]", agent->error);
    assert_string_equal(agent->name, "gemini");
    assert_true(agent->pid >= 100 && agent->start_ns > 0 && agent->ready_ns > agent->start_ns);
    seen->count++;
    return 0;
}

static void agents_come_back_of_all_cycles_or_of_one(void **state)
{
    struct synthetic *synthetic = *state;
    struct agents all = {0}, one = {0}, none = {0};
    put(synthetic, (struct synthetic_cycle){.spawn_ns = 1});
    put(synthetic, (struct synthetic_cycle){.pair = 1, .outcomes = "fct", .error = "no such file"});
    assert_int_equal(
        results_each_agent(synthetic->store, synthetic->run, -1, take_agent, &all, &synthetic->err),
        0);
    assert_string_equal(all.ids, "0.0:ready 0.1:ready 1.0:failed 1.1:cancelled 1.2:timed_out ");
    assert_int_equal(
        results_each_agent(synthetic->store, synthetic->run, 1, take_agent, &one, &synthetic->err),
        0);
    assert_string_equal(one.errors, "[no such file][][no such file]");
    assert_int_equal(
        results_each_agent(synthetic->store, synthetic->run, 9, take_agent, &none, &synthetic->err),
        0);
    assert_int_equal(none.count, 0);
}

static int take_finding(void *context, const struct results_finding *finding)
{
    struct text *seen = context;
    text_addf(seen, "%lld/%d %s %s '%s' %s; ", (long long)finding->cycle, finding->arm,
              finding->rule, finding->severity, finding->agent, finding->text);
    return 0;
}

static void findings_come_back_in_the_order_they_were_made(void **state)
{
    struct synthetic *synthetic = *state;
    struct text seen = {0};
    put(synthetic, (struct synthetic_cycle){.spawn_ns = 1, .finding = "integrity"});
    assert_int_equal(results_finding_put(synthetic->store, synthetic->run, -1, 0, "a-rule",
                                         "conduct", "0.1", "at the end", &synthetic->err),
                     0);
    assert_int_equal(results_each_finding(synthetic->store, synthetic->run, take_finding, &seen,
                                          &synthetic->err),
                     0);
    assert_string_equal(seen.data, "0/0 invented-rule integrity '' why; "
                                   "-1/0 a-rule conduct '0.1' at the end; ");
    text_release(&seen);
}

static int take_arm(void *context, const struct results_arm *arm)
{
    struct text *seen = context;
    text_addf(seen, "%d %s|%s|%s %d%d %d %lld %lld %lld, opened %d%d %lld; ", arm->index, arm->name,
              arm->command, arm->version, arm->records, arm->clean, arm->restarts,
              (long long)arm->user_us, (long long)arm->system_us, (long long)arm->peak_memory_kb,
              arm->starts, arm->pooled, (long long)arm->open_ns);
    return 0;
}

static void an_arm_is_stored_at_the_start_and_completed_at_the_end(void **state)
{
    struct synthetic *synthetic = *state;
    struct text seen = {0};
    struct results_arm arm = {
        .index = 1, .name = "parallel", .command = (char *)"x -y", .version = (char *)"p 1"};
    struct err *err = &synthetic->err;
    assert_int_equal(results_arm_put(synthetic->store, synthetic->run, &arm, err), 0);
    arm.records = arm.clean = true;
    arm.pooled = true;
    arm.open_ns = 6;
    arm.restarts = 2;
    arm.user_us = 3;
    arm.system_us = 4;
    arm.peak_memory_kb = 5;
    assert_int_equal(results_arm_put(synthetic->store, synthetic->run, &arm, err), 0);
    assert_int_equal(results_each_arm(synthetic->store, synthetic->run, take_arm, &seen, err), 0);
    assert_string_equal(seen.data, "1 parallel|x -y|p 1 11 2 3 4 5, opened 01 6; ");
    text_release(&seen);
}

static void done_tells_which_cycles_are_stored(void **state)
{
    struct synthetic *synthetic = *state;
    bool done[3] = {false};
    put(synthetic, (struct synthetic_cycle){.spawn_ns = 1});
    synthetic->next = 2;
    put(synthetic, (struct synthetic_cycle){.pair = 1, .spawn_ns = 1});
    put(synthetic, (struct synthetic_cycle){.pair = 2, .spawn_ns = 1}); /* beyond the plan asked */
    assert_int_equal(results_done(synthetic->store, synthetic->run, done, 3, &synthetic->err), 0);
    assert_true(done[0] && !done[1] && done[2]);
}

static void series(struct synthetic *synthetic, int arm, int value, enum scenario_metric metric,
                   const double expected[], size_t count)
{
    const struct results_which which = {arm, value, metric, NULL};
    struct results_series loaded;
    assert_int_equal(
        results_series_load(&loaded, synthetic->store, synthetic->run, &which, &synthetic->err), 0);
    assert_int_equal(loaded.n, count);
    for (size_t i = 0; i < count; i++)
        assert_true(loaded.values[i] == expected[i]);
    results_series_release(&loaded);
}

static void a_series_is_ordered_by_pair_and_stops_at_a_hole(void **state)
{
    struct synthetic *synthetic = *state;
    put(synthetic, (struct synthetic_cycle){.pair = -1, .warmup = true, .spawn_ns = 99});
    put(synthetic, (struct synthetic_cycle){.pair = 1, .spawn_ns = 20});
    put(synthetic, (struct synthetic_cycle){.pair = 0, .spawn_ns = 10});
    put(synthetic, (struct synthetic_cycle){.pair = 3, .spawn_ns = 40}); /* pair 2 is missing */
    put(synthetic, (struct synthetic_cycle){.pair = 0, .arm = 1, .spawn_ns = 70});
    put(synthetic, (struct synthetic_cycle){.pair = 0, .value = 1, .spawn_ns = 80});
    series(synthetic, 0, 0, SCENARIO_SPAWN_TIME, (double[]){10, 20}, 2);
    series(synthetic, 0, 0, SCENARIO_READY_TIME, (double[]){5, 10}, 2);
    series(synthetic, 1, 0, SCENARIO_SPAWN_TIME, (double[]){70}, 1);
    series(synthetic, 0, 1, SCENARIO_SPAWN_TIME, (double[]){80}, 1);
    series(synthetic, 1, 1, SCENARIO_SPAWN_TIME, (double[]){0}, 0);
}

static void a_failed_cycle_is_infinite_in_the_series(void **state)
{
    struct synthetic *synthetic = *state;
    put(synthetic, (struct synthetic_cycle){.pair = 0, .spawn_ns = -10});
    put(synthetic, (struct synthetic_cycle){.pair = 1, .spawn_ns = 20});
    series(synthetic, 0, 0, SCENARIO_SPAWN_TIME, (double[]){INFINITY, 20}, 2);
    series(synthetic, 0, 0, SCENARIO_READY_TIME, (double[]){INFINITY, 10}, 2);
}

static void runs_are_found_by_number_by_name_and_as_the_newest(void **state)
{
    struct synthetic *synthetic = *state;
    struct err *err = &synthetic->err;
    int64_t first = synthetic->run, second = synthetic_begin(synthetic, "{}"), found = 0;
    assert_int_equal(results_run_find(synthetic->store, NULL, &found, err), 0);
    assert_true(found == second);
    assert_int_equal(results_run_find(synthetic->store, "1", &found, err), 0);
    assert_true(found == first);
    assert_int_equal(results_run_find(synthetic->store, "invented", &found, err), 0);
    assert_true(found == second);
}

static void a_run_that_is_not_there_is_told(void **state)
{
    static const char *const unknown[] = {"99", "nobody", "0", "-1", "1x", "99999999999999999999"};
    struct synthetic *synthetic = *state;
    struct results_run run;
    int64_t found;
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_int_equal(results_run_find(synthetic->store, unknown[i], &found, &synthetic->err),
                         -1);
        assert_int_equal(synthetic->err.code, ERR_UNFIT);
        assert_non_null(strstr(synthetic->err.text, unknown[i]));
        assert_non_null(strstr(synthetic->err.text, "spawnbench list"));
    }
    assert_int_equal(results_run_load(synthetic->store, 99, &run, &synthetic->err), -1);
    assert_non_null(strstr(synthetic->err.text, "no run 99"));
}

static void a_cycle_is_stored_once_and_its_failure_leaves_nothing_open(void **state)
{
    struct synthetic *synthetic = *state;
    struct scenario_agent who = {.name = (char *)"a"};
    struct cycle_agent agent = {.asked = &who};
    struct cycle cycle = {.agents = &agent, .agent_count = 1};
    struct err err = {0};
    put(synthetic, (struct synthetic_cycle){.spawn_ns = 1});
    assert_int_equal(results_cycle_begin(synthetic->store, synthetic->run, &cycle, 1, 0, &err), -1);
    assert_int_equal(err.code, ERR_UNFIT);
    assert_non_null(strstr(err.text, "UNIQUE"));
    put(synthetic, (struct synthetic_cycle){.pair = 1, .spawn_ns = 1});
    assert_int_equal(synthetic_tally(synthetic, -1, -1).cycles, 2);
}

static void a_finding_that_cannot_be_stored_takes_its_cycle_along(void **state)
{
    struct synthetic *synthetic = *state;
    struct scenario_agent who = {.name = (char *)"a"};
    struct cycle_agent agent = {.asked = &who};
    struct cycle cycle = {.index = 5, .agents = &agent, .agent_count = 1};
    struct err err = {0};
    assert_int_equal(results_cycle_begin(synthetic->store, synthetic->run, &cycle, 1, 0, &err), 0);
    assert_int_equal(results_finding_put(synthetic->store, synthetic->run, 5, 0, "r", "no severity",
                                         "", "", &err),
                     -1);
    put(synthetic, (struct synthetic_cycle){.spawn_ns = 1}); /* the next transaction begins */
    synthetic_reopen(synthetic);
    assert_int_equal(synthetic_tally(synthetic, -1, -1).cycles, 1);
}

static void a_verdict_is_replaced_when_the_run_goes_on(void **state)
{
    struct synthetic *synthetic = *state;
    struct err *err = &synthetic->err;
    assert_int_equal(
        results_verdict_put(synthetic->store, synthetic->run, "AC1", 0, "inconclusive", "few", err),
        0);
    assert_int_equal(
        results_verdict_put(synthetic->store, synthetic->run, "AC1", 0, "supported", "", err), 0);
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
}

static void refused(struct synthetic *synthetic, enum results_mode mode, const char *told)
{
    struct err err = {0};
    results_close(synthetic->store);
    synthetic->store = NULL;
    assert_int_equal(results_open(&synthetic->store, synthetic->path, mode, &err), -1);
    assert_int_equal(err.code, ERR_UNFIT);
    if (!strstr(err.text, told))
        fail_msg("expected '%s' in: %s", told, err.text);
    assert_non_null(strstr(err.text, synthetic->path));
}

static void a_database_of_somebody_else_is_left_alone(void **state)
{
    struct synthetic *synthetic = *state;
    unlink(synthetic->path);
    run_sql(synthetic->path, "CREATE TABLE mine (x)");
    refused(synthetic, RESULTS_MAKE, "not a results store");
    refused(synthetic, RESULTS_READ, "not a results store");
    run_sql(synthetic->path, "DROP TABLE mine; PRAGMA application_id = 1936748151");
    refused(synthetic, RESULTS_READ, "not a results store");
}

static void what_is_no_database_is_refused(void **state)
{
    struct synthetic *synthetic = *state;
    char text[4096];
    struct err err = {0};
    memset(text, 'x', sizeof text);
    results_close(synthetic->store);
    synthetic->store = NULL;
    assert_int_equal(text_write_file(synthetic->path, text, sizeof text, &err), 0);
    refused(synthetic, RESULTS_MAKE, "not a database");
}

static void a_missing_store_is_made_only_for_writing(void **state)
{
    struct synthetic *synthetic = *state;
    struct err err = {0};
    results_close(synthetic->store);
    synthetic->store = NULL;
    unlink(synthetic->path);
    refused(synthetic, RESULTS_READ, "first: spawnbench run");
    assert_int_not_equal(access(synthetic->path, F_OK), 0);
    assert_int_equal(results_open(&synthetic->store, synthetic->path, RESULTS_MAKE, &err), 0);
}

static void a_folder_that_is_not_there_is_told(void **state)
{
    struct synthetic *synthetic = *state;
    struct results *store = NULL;
    struct err err = {0};
    char *path = text_format("%s/no/such/place", synthetic->folder);
    assert_int_equal(results_open(&store, path, RESULTS_MAKE, &err), -1);
    assert_int_equal(err.code, ERR_UNFIT);
    assert_non_null(strstr(err.text, "--results"));
    free(path);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, synthetic_new, synthetic_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(a_run_comes_back_as_it_was_stored),
        WITH_STORE(a_run_is_partial_until_it_is_ended),
        WITH_STORE(cycles_come_back_in_order_with_their_findings_counted),
        WITH_STORE(a_walk_ends_when_it_is_told_to),
        WITH_STORE(agents_come_back_of_all_cycles_or_of_one),
        WITH_STORE(findings_come_back_in_the_order_they_were_made),
        WITH_STORE(an_arm_is_stored_at_the_start_and_completed_at_the_end),
        WITH_STORE(done_tells_which_cycles_are_stored),
        WITH_STORE(a_series_is_ordered_by_pair_and_stops_at_a_hole),
        WITH_STORE(a_failed_cycle_is_infinite_in_the_series),
        WITH_STORE(runs_are_found_by_number_by_name_and_as_the_newest),
        WITH_STORE(a_run_that_is_not_there_is_told),
        WITH_STORE(a_cycle_is_stored_once_and_its_failure_leaves_nothing_open),
        WITH_STORE(a_finding_that_cannot_be_stored_takes_its_cycle_along),
        WITH_STORE(a_verdict_is_replaced_when_the_run_goes_on),
        WITH_STORE(a_database_of_somebody_else_is_left_alone),
        WITH_STORE(what_is_no_database_is_refused),
        WITH_STORE(a_missing_store_is_made_only_for_writing),
        WITH_STORE(a_folder_that_is_not_there_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
