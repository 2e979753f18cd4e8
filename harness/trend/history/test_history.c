/* Does history find planted steps, leave honest series alone,
 * and keep apart what is not one measurement? */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/stats/change.h"
#include "trend/history/test_runs.h"

static struct history load_of(struct synthetic *synthetic, enum scenario_metric metric)
{
    struct history history;
    char machine[SCENARIO_ID_BYTES];
    struct history_wanted wanted = {.scenario = "invented", .machine = machine, .metric = metric};
    scenario_machine_class(machine, RUNS_HERE);
    if (history_load(&history, synthetic->store, &wanted, &synthetic->err) < 0)
        fail_msg("%s", synthetic->err.text);
    return history;
}

static struct history load(struct synthetic *synthetic)
{
    return load_of(synthetic, SCENARIO_SPAWN_TIME);
}

static void a_run_is_a_point_with_its_facts(void **state)
{
    struct history history;
    int64_t run = runs_put_one(*state, RUNS_HERE, "agent", 5e6, 2e6);
    history = load(*state);
    assert_int_equal(history.run_count, 1);
    assert_int_equal(history.runs[0].id, run);
    assert_string_equal(history.runs[0].commit, "abc123");
    assert_string_equal(history.runs[0].version, "0");
    assert_int_equal(history.runs[0].words[0], 1);
    assert_int_equal(history.series_count, 2);
    assert_string_equal(history.series[0].arm, "slow");
    assert_int_equal(history.series[0].batch_size, 2);
    assert_int_equal(history.series[0].count, 1);
    assert_int_equal(history.series[0].points[0].n, RUNS_CYCLES);
    assert_true(fabs(history.series[0].points[0].median - 5e6) < 1e4);
    assert_true(fabs(history.series[1].points[0].median - 2e6) < 1e4);
    assert_true(history.series[0].points[0].bounds.has_lower);
    assert_true(history.series[0].points[0].counted);
    assert_int_equal(history.series[0].step_count, 0);
    history_release(&history);
}

static void a_planted_step_is_found_where_it_is(void **state)
{
    gsl_rng *rng = runs_rng(7);
    struct history history;
    const struct history_step *step;
    int64_t first;
    runs_put(*state, rng, 12, 5e6, 2e6);
    first = runs_put(*state, rng, 8, 5e6, 2.4e6);
    history = load(*state);
    assert_int_equal(history.series[0].step_count, 0); /* the other arm stayed as it was */
    assert_int_equal(history.series[1].step_count, 1);
    step = &history.series[1].steps[0];
    assert_int_equal(history.runs[history.series[1].points[step->at].run].id, first);
    assert_true(step->after / step->before > 1.15 && step->after / step->before < 1.25);
    assert_true(step->p <= STATS_CHANGE_ALARM && step->alarm && step->worse && step->open);
    assert_int_equal(history_open(&history), 1);
    history_release(&history);
    gsl_rng_free(rng);
}

static void a_step_for_the_better_and_one_that_is_over_do_not_alarm(void **state)
{
    gsl_rng *rng = runs_rng(8);
    struct history history;
    runs_put(*state, rng, 20, 5e6, 2e6);
    runs_put(*state, rng, 20, 4e6, 3e6);   /* slow: better; fast: worse */
    runs_put(*state, rng, 12, 4e6, 2.2e6); /* fast: mended, nearly */
    history = load(*state);
    assert_int_equal(history.series[0].step_count, 1);
    assert_false(history.series[0].steps[0].worse);
    assert_int_equal(history.series[1].step_count, 2);
    assert_true(history.series[1].steps[0].worse && history.series[1].steps[0].alarm);
    assert_int_equal(history_open(&history), 0);
    history_release(&history);
    gsl_rng_free(rng);
}

static void more_throughput_is_no_step_for_the_worse(void **state)
{
    gsl_rng *rng = runs_rng(12);
    struct history history;
    runs_put(*state, rng, 10, 5e6, 2e6);
    runs_put(*state, rng, 10, 4e6, 3e6);
    history = load_of(*state, SCENARIO_THROUGHPUT);
    assert_true(fabs(history.series[0].points[0].median - 400) < 40); /* 2 agents in 5 ms */
    assert_int_equal(history.series[0].step_count, 1);
    assert_false(history.series[0].steps[0].worse);
    assert_true(history.series[1].steps[0].worse && history.series[1].steps[0].open);
    history_release(&history);
    gsl_rng_free(rng);
}

static void an_accepted_step_does_not_alarm(void **state)
{
    struct synthetic *synthetic = *state;
    gsl_rng *rng = runs_rng(7);
    struct history history;
    int64_t first;
    runs_put(synthetic, rng, 12, 5e6, 2e6);
    first = runs_put(synthetic, rng, 8, 5e6, 2.4e6);
    assert_int_equal(
        history_accept(synthetic->store, first + 1, "a \"safer\"\n\033[1mcommit", &synthetic->err),
        0); /* one run beside it */
    history = load(synthetic);
    assert_int_equal(history.series[1].steps[0].accepted, first + 1);
    assert_true(history.series[1].steps[0].alarm);
    assert_false(history.series[1].steps[0].open);
    assert_int_equal(history_open(&history), 0);
    assert_true(history.runs[13].accepted);
    assert_string_equal(history.runs[13].accepted_note, "a \"safer\"??[1mcommit");
    history_release(&history);
    gsl_rng_free(rng);
}

/* Accepting one step leaves another, and one far away, as they are. */
static void an_accepted_run_speaks_for_the_step_nearest_to_it_only(void **state)
{
    struct synthetic *synthetic = *state;
    gsl_rng *rng = runs_rng(10);
    struct history history;
    int64_t first, second;
    runs_put(synthetic, rng, 10, 5e6, 2e6);
    first = runs_put(synthetic, rng, 10, 5e6, 2.6e6);
    second = runs_put(synthetic, rng, 10, 5e6, 3.4e6);
    assert_int_equal(history_accept(synthetic->store, first, "", &synthetic->err), 0);
    assert_int_equal(history_accept(synthetic->store, second + 4, "", &synthetic->err), 0);
    history = load(synthetic);
    assert_int_equal(history.series[1].step_count, 2);
    assert_int_equal(history.series[1].steps[0].accepted, first);
    assert_int_equal(history.series[1].steps[1].accepted, 0);
    assert_true(history.series[1].steps[1].open);
    history_release(&history);
    gsl_rng_free(rng);
}

static void what_cannot_be_accepted_is_refused(void **state)
{
    struct synthetic *synthetic = *state;
    char *note = xcalloc(1, 2000);
    int64_t whole = runs_put_one(synthetic, RUNS_HERE, "agent", 5e6, 2e6);
    memset(note, 'x', 1999);
    assert_int_equal(history_accept(synthetic->store, 99, "", &synthetic->err), -1);
    assert_non_null(strstr(synthetic->err.text, "no run 99"));
    assert_int_equal(history_accept(synthetic->store, 1, "", &synthetic->err), -1);
    assert_non_null(strstr(synthetic->err.text, "not complete"));
    assert_int_equal(history_accept(synthetic->store, whole, note, &synthetic->err), -1);
    assert_non_null(strstr(synthetic->err.text, "1999 bytes"));
    free(note);
}

/* 30 sittings, 3 % apart, no step. The seed is fixed: another one in a hundred is marked. */
static void an_honest_history_has_no_alarm(void **state)
{
    struct synthetic *synthetic = *state;
    gsl_rng *rng = runs_rng(11);
    size_t alarms = 0, marks = 0;
    struct history history;
    runs_put(synthetic, rng, 30, 5e6, 2e6);
    history = load(synthetic);
    for (size_t i = 0; i < history.series_count; i++)
        for (size_t k = 0; k < history.series[i].step_count; k++) {
            marks++;
            alarms += history.series[i].steps[k].alarm;
        }
    assert_int_equal(alarms, 0);
    assert_int_equal(marks, 0);
    assert_int_equal(history_open(&history), 0);
    history_release(&history);
    gsl_rng_free(rng);
}

static void what_is_another_measurement_is_counted_and_left_out(void **state)
{
    struct synthetic *synthetic = *state;
    struct history history;
    runs_put_one(synthetic, RUNS_HERE, "old-agent", 9e6, 9e6);
    runs_put_one(synthetic, RUNS_HERE, "agent", 5e6, 2e6);
    runs_put_one(synthetic, RUNS_THERE, "agent", 8e6, 8e6);
    runs_put_one(synthetic, RUNS_THERE, "agent", 8e6, 8e6);
    runs_put_one(synthetic, RUNS_HERE, "agent", 5e6, 2e6);
    synthetic_begin(synthetic, "{}"); /* partial, and of the machine that tells nothing */
    runs_execute(synthetic,
                 "UPDATE runs SET environment_json = '" RUNS_HERE "' WHERE state = 'partial'");
    history = load(synthetic);
    assert_int_equal(history.run_count, 2);
    assert_int_equal(history.other_machines, 2);
    assert_int_equal(history.other_questions, 1);
    assert_int_equal(history.partial, 2);
    assert_non_null(strstr(history.others, "(2 runs)"));
    history_release(&history);
}

static void another_prompt_is_another_measurement(void **state)
{
    struct synthetic *synthetic = *state;
    struct history history;
    int64_t old = runs_put_one(synthetic, RUNS_HERE, "agent", 5e6, 2e6);
    char *text = text_format(runs_scenario, "agent"), *sql;
    runs_put_one(synthetic, RUNS_HERE, "agent", 5e6, 2e6);
    text[strlen(text) - 1] = '\0';
    sql = text_format("DROP TRIGGER runs_keep_what_was_asked; UPDATE runs SET scenario_text = '%s,"
                      " \"prompt\": \"a long story\"}' WHERE id = %lld",
                      text, (long long)old);
    runs_execute(synthetic, sql);
    history = load(synthetic);
    assert_int_equal(history.run_count, 1);
    assert_int_equal(history.other_questions, 1);
    history_release(&history);
    free(sql);
    free(text);
}

static void damaged_and_short_runs_do_no_harm(void **state)
{
    struct synthetic *synthetic = *state;
    struct history history;
    int64_t run = synthetic_begin(synthetic, "no scenario at all");
    assert_int_equal(results_run_end(synthetic->store, run, true, "", &synthetic->err), 0);
    char *text = text_format(runs_scenario, "agent");
    run = synthetic_begin(synthetic, text);
    free(text);
    for (int pair = 0; pair < 4; pair++) /* too few, one arm only */
        synthetic_put(synthetic, &(struct synthetic_cycle){.pair = pair, .spawn_ns = 5});
    assert_int_equal(results_run_end(synthetic->store, run, true, "", &synthetic->err), 0);
    runs_execute(synthetic, "UPDATE runs SET environment_json = '" RUNS_HERE "'");
    history = load(synthetic);
    assert_int_equal(history.run_count, 1);
    assert_int_equal(history.other_questions, 1);
    assert_int_equal(history.series[0].count, 1);
    assert_false(history.series[0].points[0].counted);
    assert_int_equal(history.series[1].count, 0);
    history_release(&history);
    runs_execute(synthetic, "UPDATE runs SET environment_json = 'no JSON'");
    history = load(synthetic);
    assert_int_equal(history.run_count, 0);
    assert_non_null(strstr(history.others, "unknown (3 runs)"));
    history_release(&history);
}

static struct history_answer ask(struct synthetic *synthetic, int64_t until, const char *arm)
{
    struct history_answer answer;
    char machine[SCENARIO_ID_BYTES];
    const struct history_wanted wanted = {.scenario = "invented",
                                          .machine = machine,
                                          .metric = SCENARIO_SPAWN_TIME,
                                          .arm = arm,
                                          .until = until};
    scenario_machine_class(machine, RUNS_HERE);
    assert_int_equal(history_ask(&answer, synthetic->store, &wanted, &synthetic->err), 0);
    return answer;
}

static void the_gate_is_answered_about_the_newest_segment(void **state)
{
    struct synthetic *synthetic = *state;
    gsl_rng *rng = runs_rng(7);
    struct history_answer answer;
    int64_t first;
    runs_put(synthetic, rng, 12, 5e6, 2e6);
    first = runs_put(synthetic, rng, 8, 5e6, 2.4e6);
    answer = ask(synthetic, first + 7, NULL);
    assert_int_equal(answer.runs, 20);
    assert_true(answer.enough);
    assert_int_equal(answer.open, 1);
    assert_non_null(strstr(answer.text, "spawn_time of fast, 2 agents, has been +"));
    assert_int_equal(ask(synthetic, 0, NULL).open, 1);
    /* before it nothing was wrong, and of the other arm nothing is */
    answer = ask(synthetic, first - 1, NULL);
    assert_int_equal(answer.open, 0);
    assert_int_equal(answer.runs, 12);
    assert_non_null(strstr(answer.text, "show no step"));
    assert_int_equal(ask(synthetic, first + 7, "slow").open, 0);
    assert_int_equal(history_accept(synthetic->store, first, "", &synthetic->err), 0);
    assert_int_equal(ask(synthetic, first + 7, NULL).open, 0);
    answer = ask(synthetic, 3, NULL);
    assert_false(answer.enough);
    assert_non_null(strstr(answer.text, "needs at least 6"));
    answer = ask(synthetic, 1, NULL);
    assert_non_null(strstr(answer.text, "not in this history"));
    gsl_rng_free(rng);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, synthetic_new, synthetic_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(a_run_is_a_point_with_its_facts),
        WITH_STORE(a_planted_step_is_found_where_it_is),
        WITH_STORE(a_step_for_the_better_and_one_that_is_over_do_not_alarm),
        WITH_STORE(more_throughput_is_no_step_for_the_worse),
        WITH_STORE(an_accepted_step_does_not_alarm),
        WITH_STORE(an_accepted_run_speaks_for_the_step_nearest_to_it_only),
        WITH_STORE(what_cannot_be_accepted_is_refused),
        WITH_STORE(an_honest_history_has_no_alarm),
        WITH_STORE(what_is_another_measurement_is_counted_and_left_out),
        WITH_STORE(another_prompt_is_another_measurement),
        WITH_STORE(damaged_and_short_runs_do_no_harm),
        WITH_STORE(the_gate_is_answered_about_the_newest_segment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
