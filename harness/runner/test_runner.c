/* Does the loop do what its header says, and tell its observer so: whole, stopped, broken off,
 * resumed? */
#include <assert.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include "base/interrupt.h"
#include "cli/test_cli.h"
#include "runner/runner.h"

/* One warm-up and four pairs of two arms, two looks: ten items. */
static const char scenario_text[] =
    "{\"name\": \"tiny\", \"about\": \"a test\",\n"
    " \"agents\": [{\"name\": \"a\", \"command\": [\"" BINARY_DIR "/spawnref-agent\"],\n"
    "              \"witness\": \"none\"}],\n"
    " \"arms\": [{\"name\": \"one\", \"subject\": [\"" BINARY_DIR "/spawnref\"]},\n"
    "            {\"name\": \"two\", \"subject\": [\"" BINARY_DIR "/spawnref\"]}],\n"
    " \"cycles\": {\"looks\": [2, 4]}, \"block\": 1, \"warmup\": 1, \"deadline\": \"5s\",\n"
    " \"claims\": [{\"id\": \"whole\", \"corruption\": \"none\", \"below\": \"90%\"},\n"
    "   {\"id\": \"fast\", \"arm\": \"one\", \"metric\": \"spawn_time\", \"quantile\": 0.5,"
    " \"at_most\": \"1ns\"}]}\n";

/* What the observer was told, a line each, and what it does. */
struct seen {
    struct text told;
    int64_t run;
    size_t signal_at;    /* raise SIGTERM when so many items are done */
    int decide_at;       /* the look at which all is decided */
    const char *failure; /* of before_end, or NULL */
    int code;            /* of before_end */
    size_t rewrite_at;   /* when so many items are done, somebody does this to the results */
    const char *rewrite, *results;
};

struct fixture {
    char *folder, *results;
    struct scenario scenario;
    struct seen seen;
    struct runner_options options;
    struct runner_outcome outcome;
    struct err err;
};

static void began(void *context, const struct scenario *scenario, int64_t run, size_t planned)
{
    struct seen *seen = context;
    seen->run = run;
    text_addf(&seen->told, "began %s: %zu\n", scenario->name, planned);
}

/* As a subject might, through a connection of its own. */
static void rewrite(const struct seen *seen)
{
    char *path = results_path(seen->results), *message = NULL;
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    sqlite3_busy_timeout(database, 5000);
    if (sqlite3_exec(database, seen->rewrite, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s in: %s", message, seen->rewrite);
    sqlite3_close(database);
    free(path);
}

static void cycle(void *context, const struct cycle *cycle, size_t done)
{
    struct seen *seen = context;
    assert_int_equal(cycle->index + 1, done);
    assert_int_equal(cycle->outcome, CYCLE_READY);
    text_addf(&seen->told, "cycle %zu\n", done);
    if (done == seen->signal_at)
        raise(SIGTERM);
    if (done == seen->rewrite_at)
        rewrite(seen);
}

static void looked(void *context, int look, bool decided)
{
    struct seen *seen = context;
    text_addf(&seen->told, "look %d: %s\n", look, decided ? "decided" : "open");
}

static void measured(void *context)
{
    struct seen *seen = context;
    text_add(&seen->told, "measured\n");
}

static void closed(void *context, size_t arm, const struct cycle_arm_end *end)
{
    struct seen *seen = context;
    text_addf(&seen->told, "closed %zu%s\n", arm, end->clean ? " clean" : "");
}

static int before_end(void *context, const struct runner_options *options, struct results *store,
                      int *code, struct err *err)
{
    struct seen *seen = context;
    struct results_run stored;
    assert_string_equal(options->command, "a test");
    assert_int_equal(results_run_load(store, seen->run, &stored, err), 0);
    text_addf(&seen->told, "before the end: %s, %zu cycles\n", stored.state, stored.cycles);
    results_run_release(&stored);
    *code = seen->code;
    return seen->failure ? err_set(err, ERR_UNFIT, "%s", seen->failure) : 0;
}

static int decide(void *context, struct results *store, int64_t run, bool *decided, struct err *err)
{
    struct seen *seen = context;
    (void)store, (void)err;
    assert_int_equal(run, seen->run);
    *decided = --seen->decide_at == 0;
    return 0;
}

static int set_up(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    void *folder = NULL;
    if (cli_folder(&folder) < 0)
        return -1;
    fixture->folder = folder;
    fixture->results = cli_path(folder, "results");
    assert_int_equal(
        scenario_parse(&fixture->scenario, scenario_text, strlen(scenario_text), &fixture->err), 0);
    fixture->options = (struct runner_options){
        .scenario = &fixture->scenario,
        .results = fixture->results,
        .path = "tiny.json",
        .command = "a test",
        .seed = 7,
        .observer = {&fixture->seen, began, cycle, looked, measured, closed, before_end},
        .decide = decide,
        .decide_context = &fixture->seen};
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    void *folder = fixture->folder;
    text_release(&fixture->seen.told);
    scenario_release(&fixture->scenario);
    free(fixture->results);
    free(fixture);
    return cli_folder_remove(&folder);
}

static int go(struct fixture *fixture)
{
    fixture->err = (struct err){0};
    text_clear(&fixture->seen.told);
    text_add(&fixture->seen.told, "");
    return runner_go(&fixture->outcome, &fixture->options, &fixture->err);
}

/* state, sittings and cycles of run 1, and its note */
static void expect_stored(const struct fixture *fixture, const char *expected)
{
    char *found;
    struct results *store;
    struct results_run run;
    struct err err = {0};
    assert_int_equal(results_open_in(&store, fixture->results, RESULTS_READ, &err), 0);
    assert_int_equal(results_run_load(store, 1, &run, &err), 0);
    found = text_format("%s, sittings %d, cycles %zu%s%s", run.state, run.sittings, run.cycles,
                        *run.note ? ": " : "", run.note);
    assert_string_equal(found, expected);
    results_run_release(&run);
    results_close(store);
    free(found);
}

#define ALL_CYCLES                                                                                 \
    "cycle 1\ncycle 2\ncycle 3\ncycle 4\ncycle 5\ncycle 6\nlook 1: open\n"                         \
    "cycle 7\ncycle 8\ncycle 9\ncycle 10\nlook 2: open\n"

static void the_observer_is_told_everything_in_its_order(void **state)
{
    struct fixture *fixture = *state;
    if (go(fixture) < 0)
        fail_msg("%s", fixture->err.text);
    assert_string_equal(fixture->seen.told.data,
                        "began tiny: 10\n" ALL_CYCLES "measured\nclosed 0 clean\nclosed 1 clean\n"
                        "before the end: partial, 10 cycles\n");
    assert_int_equal(fixture->outcome.run, 1);
    assert_int_equal(fixture->outcome.code, 3); /* four cycles refute no median */
    expect_stored(fixture, "complete, sittings 1, cycles 10");
}

static void nobody_needs_to_observe(void **state)
{
    struct fixture *fixture = *state;
    fixture->options.observer = (struct runner_observer){0};
    fixture->options.decide = NULL;
    assert_int_equal(go(fixture), 0);
    expect_stored(fixture, "complete, sittings 1, cycles 10");
}

static void what_is_decided_at_a_look_stops_there(void **state)
{
    struct fixture *fixture = *state;
    fixture->seen.decide_at = 1;
    assert_int_equal(go(fixture), 0);
    assert_non_null(strstr(fixture->seen.told.data, "cycle 6\nlook 1: decided\nmeasured\n"));
    expect_stored(fixture, "complete, sittings 1, cycles 6");
}

/* In a process of its own: a signal that was seen is never forgotten. */
static void break_off(struct fixture *fixture)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        interrupt_catch();
        fixture->seen.signal_at = 4;
        status = go(fixture);
        _exit(status < 0 && fixture->outcome.run == 1 && fixture->err.code == ERR_INTERRUPTED &&
                      strstr(fixture->seen.told.data, "cycle 4\nmeasured\nclosed 0\nclosed 1\n") &&
                      !strstr(fixture->seen.told.data, "before the end")
                  ? 7
                  : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
}

static void a_run_that_a_signal_ended_is_gone_on_with(void **state)
{
    struct fixture *fixture = *state;
    break_off(fixture);
    expect_stored(fixture, "partial, sittings 1, cycles 4: interrupted");
    fixture->options.resume = 1;
    if (go(fixture) < 0)
        fail_msg("%s", fixture->err.text);
    assert_string_equal(fixture->seen.told.data,
                        "began tiny: 10\ncycle 5\ncycle 6\nlook 1: open\n"
                        "cycle 7\ncycle 8\ncycle 9\ncycle 10\nlook 2: open\n"
                        "measured\nclosed 0 clean\nclosed 1 clean\n"
                        "before the end: partial, 10 cycles\n");
    assert_int_equal(fixture->outcome.run, 1);
    expect_stored(fixture, "complete, sittings 2, cycles 10");
}

static void another_plan_does_not_go_on_with_a_run(void **state)
{
    struct fixture *fixture = *state;
    break_off(fixture);
    fixture->options.resume = 1;
    fixture->options.seed = 8;
    assert_int_equal(go(fixture), -1);
    assert_int_equal(fixture->err.code, ERR_UNFIT);
    assert_said(fixture->err.text, "scenario 'tiny': run 1 was begun with another plan");
    assert_string_equal(fixture->seen.told.data, "");
    assert_int_equal(fixture->outcome.run, 0);
    expect_stored(fixture, "partial, sittings 1, cycles 4: interrupted");
}

static int64_t count_verdicts(const struct fixture *fixture)
{
    char *path = results_path(fixture->results);
    sqlite3 *database = NULL;
    sqlite3_stmt *row = NULL;
    int64_t count = -1;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, "SELECT count(*) FROM verdicts", -1, &row, NULL),
                     SQLITE_OK);
    if (sqlite3_step(row) == SQLITE_ROW)
        count = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    sqlite3_close(database);
    free(path);
    return count;
}

static void results_that_somebody_rewrote_are_not_judged(void **state)
{
    static const struct {
        const char *sql, *told;
    } rewrites[] = {
        {"UPDATE cycles SET spawn_time_ns = 1 WHERE cycle = 3", "cycle 3 is not what was measured"},
        {"UPDATE agents SET error = 'x' WHERE cycle = 4 AND ordinal = 0", "cycle 4 is not"},
        {"INSERT INTO findings VALUES (NULL, 1, 2, 0, 'r', 'conduct', '', 'x')", "cycle 2 is not"},
        {"DELETE FROM audits WHERE cycle = 1", "cycle 1 is not"},
        {"CREATE TEMP TABLE copy AS SELECT * FROM cycles WHERE cycle = 1;"
         " UPDATE copy SET cycle = 99; INSERT INTO cycles SELECT * FROM copy",
         "run 1 has 11 cycles, 10 were measured"},
        {"CREATE TRIGGER t BEFORE INSERT ON findings BEGIN SELECT RAISE(IGNORE); END",
         "its tables or triggers are others"},
    };
    for (size_t i = 0; i < sizeof rewrites / sizeof rewrites[0]; i++) {
        void *own = NULL;
        struct fixture *fixture;
        assert_int_equal(set_up(&own), 0);
        fixture = own;
        assert(fixture);
        fixture->seen.rewrite_at = 6;
        fixture->seen.rewrite = rewrites[i].sql;
        fixture->seen.results = fixture->results;
        assert_int_equal(go(fixture), -1);
        assert_int_equal(fixture->err.code, ERR_UNFIT);
        assert_said(fixture->err.text, "was changed by another program during this run");
        assert_said(fixture->err.text, rewrites[i].told);
        assert_int_equal(count_verdicts(fixture), 0);
        fixture->options.resume = 1; /* nor gone on with */
        fixture->seen.rewrite_at = 0;
        assert_int_equal(go(fixture), -1);
        assert_said(fixture->err.text, "run 1 cannot be gone on with");
        assert_int_equal(tear_down(&own), 0);
    }
    (void)state;
}

static void what_comes_before_the_end_belongs_to_the_run(void **state)
{
    struct fixture *fixture = *state;
    fixture->seen.decide_at = 1;
    fixture->seen.failure = "the faults cannot be made";
    assert_int_equal(go(fixture), -1);
    assert_string_equal(fixture->err.text, "scenario 'tiny': the faults cannot be made");
    assert_int_equal(fixture->outcome.run, 1);
    expect_stored(fixture, "partial, sittings 1, cycles 6: the faults cannot be made");
}

static void its_code_counts_where_that_of_the_claims_is_less_grave(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(go(fixture), 0);
    assert_int_equal(fixture->outcome.code, 3);
    fixture->seen.code = 5;
    assert_int_equal(go(fixture), 0);
    assert_int_equal(fixture->outcome.code, 5);
    fixture->scenario.claim_count = 1; /* the one that is supported */
    assert_int_equal(go(fixture), 0);
    assert_int_equal(fixture->outcome.code, 5);
    fixture->scenario.claim_count = 2; /* it frees them all */
}

static void a_subject_that_does_not_start_is_told_once(void **state)
{
    struct fixture *fixture = *state;
    free(fixture->scenario.arms[1].subject[0]);
    fixture->scenario.arms[1].subject[0] = xstrdup("/bin/true");
    assert_int_equal(go(fixture), -1);
    assert_int_equal(fixture->err.code, ERR_UNFIT);
    assert_said(fixture->err.text, "scenario 'tiny': ");
    assert_string_equal(fixture->seen.told.data, "");
    assert_int_equal(fixture->outcome.run, 1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_observer_is_told_everything_in_its_order),
        TEST(nobody_needs_to_observe),
        TEST(what_is_decided_at_a_look_stops_there),
        TEST(a_run_that_a_signal_ended_is_gone_on_with),
        TEST(another_plan_does_not_go_on_with_a_run),
        cmocka_unit_test(results_that_somebody_rewrote_are_not_judged),
        TEST(what_comes_before_the_end_belongs_to_the_run),
        TEST(its_code_counts_where_that_of_the_claims_is_less_grave),
        TEST(a_subject_that_does_not_start_is_told_once),
    };
    signal(SIGPIPE, SIG_IGN); /* as interrupt_catch does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
