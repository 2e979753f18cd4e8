/* Does spawnbench history tell runs, steps and exit codes as a script and a human need them? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "cli/test_cli.h"
#include "cycle/cycle.h"
#include "trend/history/test_runs.h"

#define HERE(folder, ...) cli_say(folder, "history", "--results", folder, __VA_ARGS__, NULL)

#define GATE(words, more)                                                                          \
    cli_say((words)[2], (words)[0], (words)[1], (words)[2], (words)[3], (words)[4], (words)[5],    \
            (words)[6], (words)[7], (words)[8], (words)[9], (words)[10], (words)[11], more, NULL)

static void forget_files(const char *folder)
{
    static const char *const names[] = {"stderr", "h.svg", "h.gp", "h.dat"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *path = cli_path(folder, names[i]);
        unlink(path);
        free(path);
    }
}

static int teardown(void **state)
{
    const struct synthetic *synthetic = *state;
    forget_files(synthetic->folder);
    return synthetic_free(state);
}

static void expect(struct cli_said *said, int exit_status, const char *part)
{
    if (said->exit_status != exit_status || !strstr(exit_status == 0 ? said->out : said->err, part))
        fail_msg("expected %d, '%s' in: %d\n%s%s", exit_status, part, said->exit_status, said->out,
                 said->err);
}

/* Runs of this very machine, as if it had measured them: 12 at one level, 8 above. */
static int64_t put_step(struct synthetic *synthetic)
{
    gsl_rng *rng = runs_rng(7);
    char *environment = cycle_host_describe(synthetic->folder, results_engine());
    int64_t first;
    runs_put_at(synthetic, environment, rng, 12, 5e6, 2e6);
    first = runs_put_at(synthetic, environment, rng, 8, 5e6, 2.4e6);
    runs_put_one(synthetic, RUNS_THERE, "agent", 9e6, 9e6);
    free(environment);
    gsl_rng_free(rng);
    return first;
}

static void a_step_is_told_alarms_and_is_accepted(void **state)
{
    struct synthetic *synthetic = *state;
    int64_t first = put_step(synthetic);
    char *accept = text_format("spawnbench history --accept %lld", (long long)first);
    char *number = text_format("%lld", (long long)first);
    struct cli_said said = HERE(synthetic->folder, "invented");
    expect(&said, 0, "20 complete runs on machine class");
    assert_said(said.out, "ALARM: for the worse");
    assert_said(said.out, accept);
    assert_said(said.out, "1 supported");
    assert_said(said.out, "no step among 20 runs");
    assert_said(said.out, "left out: 2 runs of other machine classes");
    cli_forget(&said);
    said = HERE(synthetic->folder, "--check");
    assert_int_equal(said.exit_status, 1);
    cli_forget(&said);
    said = HERE(synthetic->folder, "--accept", number, "--note", "safer now");
    expect(&said, 0, "is accepted as the beginning of a known step");
    cli_forget(&said);
    said = HERE(synthetic->folder, "--check");
    expect(&said, 0, "accepted with run");
    assert_said(said.out, "safer now");
    assert_null(strstr(said.out, "ALARM"));
    cli_forget(&said);
    free(accept);
    free(number);
}

static void a_program_gets_one_document(void **state)
{
    struct synthetic *synthetic = *state;
    int64_t first = put_step(synthetic);
    struct cli_said said = HERE(synthetic->folder, "--json", "--arm", "fast");
    struct err err = {0};
    cJSON *root = NULL, *one, *series, *step;
    expect(&said, 0, "spawnbench.history.v1");
    if (json_parse(&root, said.out, strlen(said.out), &err) < 0)
        fail_msg("%s", err.text);
    one = cJSON_GetArrayItem(cJSON_GetObjectItem(root, "scenarios"), 0);
    assert_string_equal(json_string(one, "scenario"), "invented");
    assert_int_equal(cJSON_GetObjectItem(one, "open")->valueint, 1);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(one, "runs")), 20);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(one, "series")), 1);
    series = cJSON_GetArrayItem(cJSON_GetObjectItem(one, "series"), 0);
    assert_string_equal(json_string(series, "arm"), "fast");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(series, "points")), 20);
    step = cJSON_GetArrayItem(cJSON_GetObjectItem(series, "steps"), 0);
    assert_int_equal(cJSON_GetObjectItem(step, "run")->valueint, first);
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(step, "open")));
    assert_int_equal(
        cJSON_GetObjectItem(cJSON_GetObjectItem(one, "left_out"), "other_machines")->valueint,
        2); /* one is the fixture's own */
    cJSON_Delete(root);
    cli_forget(&said);
}

static void a_figure_is_drawn_and_its_data_are_kept(void **state)
{
    struct synthetic *synthetic = *state;
    struct cli_said said;
    char *picture = cli_path(synthetic->folder, "h.svg"), *data = NULL, *path;
    size_t length;
    struct err err = {0};
    put_step(synthetic);
    said = HERE(synthetic->folder, "invented", "--figure", picture);
    assert_int_equal(said.exit_status, 0);
    path = cli_path(synthetic->folder, "h.dat");
    assert_int_equal(text_read_file(&data, &length, path, 1 << 20, &err), 0);
    assert_said(data, "fast, 2 agents: spawn_time");
    free(data);
    free(path);
    if (!strstr(said.err, "cannot start")) { /* gnuplot is here */
        assert_string_equal(said.err, "");
        assert_int_equal(text_read_file(&data, &length, picture, 1 << 22, &err), 0);
        assert_said(data, "slower, not accepted");
        free(data);
    }
    cli_forget(&said);
    setenv("PATH", "/nowhere", 1);
    said = HERE(synthetic->folder, "invented", "--figure", picture);
    setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
    assert_int_equal(said.exit_status, 0);
    assert_said(said.err, "install gnuplot");
    assert_int_equal(access(picture, F_OK), -1); /* an old picture would be a lie */
    cli_forget(&said);
    free(picture);
}

static void other_machines_can_be_looked_at_by_name(void **state)
{
    struct synthetic *synthetic = *state;
    char machine[SCENARIO_ID_BYTES];
    struct cli_said said;
    runs_put_one(synthetic, RUNS_THERE, "agent", 9e6, 9e6);
    scenario_machine_class(machine, RUNS_THERE);
    said = HERE(synthetic->folder, "invented");
    expect(&said, 5, "no complete run of machine class");
    assert_said(said.out, machine);
    cli_forget(&said);
    said = HERE(synthetic->folder, "invented", "--machine", machine);
    expect(&said, 0, "1 complete run on machine class");
    cli_forget(&said);
}

static void what_cannot_be_asked_is_refused(void **state)
{
    struct synthetic *synthetic = *state;
    const struct {
        const char *words[4];
        int exit_status;
        const char *told;
    } cases[] = {{{"invnted"}, 5, "did you mean 'invented'?"},
                 {{"--metric", "spawn-time"}, 2, "did you mean 'spawn_time'?"},
                 {{"--arm", "fsat"}, 2, "no stored run has an arm 'fsat'"},
                 {{"--figure", "h.png"}, 2, "ends in .svg"},
                 {{"--figure", "/nowhere/at/all/h.svg"}, 5, "/nowhere/at/all"},
                 {{"--accept", "x"}, 2, "expected the number of a stored run"},
                 {{"--accept", "1"}, 2, "not complete"},
                 {{"--accept", "99"}, 5, "no run 99"},
                 {{"--accept", "2", "--check"}, 2, "goes with --note and --results only"},
                 {{"--note", "x"}, 2, "goes with --accept only"},
                 {{"--machine", ""}, 2, "no such class"},
                 {{"invented", "invented"}, 2, "too much"}};
    put_step(synthetic);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cli_said said = HERE(synthetic->folder, cases[i].words[0], cases[i].words[1],
                                    cases[i].words[2], cases[i].words[3]);
        if (said.exit_status != cases[i].exit_status || !strstr(said.err, cases[i].told))
            fail_msg("case %zu: exit %d\n%s", i, said.exit_status, said.err);
        cli_forget(&said);
    }
}

static void without_a_store_it_says_where_it_looked(void **state)
{
    struct cli_said said = HERE(*state, "invented");
    expect(&said, 5, "spawnbench.sqlite");
    cli_forget(&said);
}

/* Two runs of the newest level do not differ, but the level itself is a step nobody accepted. */
static void the_gate_can_be_held_against_history(void **state)
{
    struct synthetic *synthetic = *state;
    int64_t first = put_step(synthetic);
    char *baseline = text_format("%lld", (long long)first + 6);
    char *run = text_format("%lld", (long long)first + 7);
    const char *words[] = {
        "gate",  "--results", synthetic->folder,  "--baseline",        baseline,         run,
        "--arm", "fast",      "--allow-mismatch", "--strict-baseline", "--inconclusive", "pass"};
    struct cli_said said = GATE(words, "--quiet");
    if (said.exit_status != 0)
        fail_msg("exit %d\n%s%s", said.exit_status, said.out, said.err);
    cli_forget(&said);
    said = GATE(words, "--against-history");
    assert_int_equal(said.exit_status, 1);
    assert_said(said.out, "slower than its history");
    assert_said(said.out, "nobody accepted it");
    cli_forget(&said);
    assert_int_equal(history_accept(synthetic->store, first, "", &synthetic->err), 0);
    said = GATE(words, "--against-history");
    assert_int_equal(said.exit_status, 0);
    cli_forget(&said);
    free(baseline);
    free(run);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, synthetic_new, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(a_step_is_told_alarms_and_is_accepted),
        WITH_STORE(a_program_gets_one_document),
        WITH_STORE(a_figure_is_drawn_and_its_data_are_kept),
        WITH_STORE(other_machines_can_be_looked_at_by_name),
        WITH_STORE(what_cannot_be_asked_is_refused),
        WITH_STORE(the_gate_can_be_held_against_history),
        cmocka_unit_test_setup_teardown(without_a_store_it_says_where_it_looked, cli_folder,
                                        cli_folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
