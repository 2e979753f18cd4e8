/* Does spawnbench gate answer and exit as promised, with real programs on both sides? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/test_cli.h"

#include "base/json.h"

/* Agents of 2 ms; the arm is the reference spawner. */
static char *short_scenario(const char *folder)
{
    return cli_write(folder, "short.json",
                     "{\"name\": \"short\", \"about\": \"a test\",\n"
                     " \"agents\": [{\"name\": \"a\", \"command\": [\"{agent}\", \"--init\","
                     " \"2ms\"], \"times\": 2}],\n"
                     " \"arms\": [{\"name\": \"one\", \"subject\": [\"{reference}\"]}],\n"
                     " \"cycles\": 60, \"warmup\": 1, \"deadline\": \"5s\"}\n");
}

/* So much slower that no noise can hide it. */
#define SLOW "{reference} --append --init --append 150ms"

static struct cli_said gate(const char *folder, const char *against, const char *option,
                            const char *value)
{
    char *path = short_scenario(folder);
    struct cli_said said = cli_say(folder, "gate", path, "--against", against, "--seed", "5",
                                   "--max-cycles", "20", option ? option : "--quiet", value, NULL);
    free(path);
    return said;
}

static void expect(struct cli_said *said, int status)
{
    if (said->exit_status != status)
        fail_msg("exit %d, expected %d\n%s\n%s", said->exit_status, status, said->out, said->err);
}

static void a_slower_candidate_fails_and_a_faster_one_passes(void **state)
{
    char *path = cli_write(*state, "slow.json",
                           "{\"name\": \"slow\", \"agents\": [{\"name\": \"a\", \"command\":"
                           " [\"{agent}\", \"--init\", \"60ms\"]}], \"arms\": [{\"name\": \"one\","
                           " \"subject\": [\"{reference}\"]}], \"cycles\": 5, \"warmup\": 1}");
    struct cli_said said = {.exit_status = 3};
    /* a burst of other work can leave a gate powerless, but hardly three */
    for (int i = 0; i < 3 && said.exit_status == 3; i++) {
        cli_forget(&said);
        said = cli_say(*state, "gate", path, "--against",
                       "{reference} --append --init --append 2ms", "--max-cycles", "50", NULL);
    }
    expect(&said, 1);
    assert_said(said.out, "candidate one against {reference} --append");
    assert_said(said.out, "regression above 5 %");
    cli_forget(&said);
    said = gate(*state, SLOW, "--max-cycles=200", "--quiet");
    expect(&said, 0);
    assert_string_equal(said.out, ""); /* --quiet */
    cli_forget(&said);
    free(path);
}

static void the_run_is_stored_like_any_other(void **state)
{
    struct cli_said said = gate(*state, SLOW, "--max-cycles", "10");
    cli_forget(&said);
    said = cli_say(*state, "show", "short-gate", NULL);
    expect(&said, 0);
    assert_said(said.out, "candidate");
    assert_said(said.out, "baseline");
    assert_said(said.out, "integrity");
    cli_forget(&said);
}

static void json_is_pure_and_says_the_exit_code(void **state)
{
    struct cli_said said = gate(*state, SLOW, "--json", NULL);
    cJSON *root = NULL;
    struct err err = {0};
    assert_int_equal(json_parse(&root, said.out, strlen(said.out), &err), 0);
    assert_string_equal(json_string(root, "schema"), "spawnbench.gate.v1");
    assert_int_equal(cJSON_GetObjectItem(root, "exit")->valueint, said.exit_status);
    assert_int_equal(cJSON_GetObjectItem(root, "seed")->valueint, 5);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(root, "metrics")), 1);
    cJSON_Delete(root);
    cli_forget(&said);
}

static void an_undecided_gate_ends_with_three_unless_told(void **state)
{
    struct cli_said said = gate(*state, "{reference}", "--max-cycles", "2");
    expect(&said, 3);
    cli_forget(&said);
    said = gate(*state, "{reference}", "--max-cycles=2", "--inconclusive=pass");
    expect(&said, 0);
    cli_forget(&said);
    said = gate(*state, "{reference}", "--max-cycles=2", "--advisory");
    expect(&said, 0);
    assert_said(said.out, "(advisory)");
    cli_forget(&said);
}

static void what_cannot_be_compared_is_told(void **state)
{
    static const struct {
        const char *against, *said;
    } cases[] = {
        {"/nonexistent/spawner", "No such file"},
        {"/bin/true", "would not start"},
        {"{reference} --append --fail --append init", "arm 'baseline': no agent ever became ready"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cli_said said = gate(*state, cases[i].against, "--max-cycles", "10");
        expect(&said, 5);
        assert_said(said.err, cases[i].said);
        assert_said(said.err, "could not compare");
        assert_said(said.out, "could not compare\n");
        cli_forget(&said);
    }
}

/* It answers within the time of a message: no spawner is as fast, and none as useless. */
static void what_starts_nothing_is_no_improvement(void **state)
{
    char *path = cli_scenario(*state, "null", "\"{null}\"", "");
    struct cli_said said =
        cli_say(*state, "gate", path, "--against", "{reference}", "--max-cycles", "10", NULL);
    expect(&said, 5);
    assert_said(said.err, "could not compare: arm 'candidate' says that it starts nothing");
    cli_forget(&said);
    said = gate(*state, "{null}", "--max-cycles", "10");
    expect(&said, 5);
    assert_said(said.err, "could not compare: arm 'baseline' says that it starts nothing");
    cli_forget(&said);
    free(path);
}

/* ---- integrity ---- */

static void integrity_outranks_speed(void **state)
{
    char *path = cli_scenario(*state, "lies", "\"{liar}\", \"forgets\", \"{reference}\"", "");
    struct cli_said said =
        cli_say(*state, "gate", path, "--against", SLOW, "--max-cycles", "10", NULL);
    expect(&said, 4);
    assert_said(said.out, "integrity broken");
    cli_forget(&said);
    said = cli_say(*state, "gate", path, "--against", SLOW, "--max-cycles", "10", "--advisory",
                   "--inconclusive", "pass", NULL);
    expect(&said, 4);
    cli_forget(&said);
    free(path);
}

static void a_baseline_that_loses_things_is_no_yardstick(void **state)
{
    struct cli_said said = gate(*state, "{liar} forgets {reference}", "--max-cycles", "10");
    expect(&said, 5);
    assert_said(said.err, "the baseline has");
    cli_forget(&said);
}

/* ---- stored baselines ---- */

static void run_once(const char *folder, const char *path)
{
    struct cli_said said = cli_say(folder, "run", path, "--quiet", NULL);
    cli_forget(&said);
}

static void a_stored_baseline_advises(void **state)
{
    char *path = short_scenario(*state);
    struct cli_said said;
    run_once(*state, path);
    said = cli_say(*state, "baseline", "save", "main", "--export", "main.json", NULL);
    expect(&said, 0);
    assert_said(said.out, "only advises");
    cli_forget(&said);
    said = cli_say(*state, "gate", "--baseline", "main", path, NULL); /* measured now */
    expect(&said, 0);
    assert_said(said.out, "(advisory)");
    assert_said(said.out, "1 of 10 sittings");
    cli_forget(&said);
    said = cli_say(*state, "gate", "--baseline", "main.json", "2", "--strict-baseline", NULL);
    expect(&said, 3); /* one sitting proves nothing */
    assert_said(said.out, "powerless: one sitting");
    cli_forget(&said);
    said = cli_say(*state, "gate", "--baseline", "main", "1", NULL);
    expect(&said, 5);
    assert_said(said.err, "part of the baseline itself");
    cli_forget(&said);
    free(path);
}

static void a_missing_baseline_costs_no_measuring(void **state)
{
    char *path = short_scenario(*state);
    struct cli_said said = cli_say(*state, "gate", "--baseline", "nobody", path, NULL);
    expect(&said, 5);
    assert_said(said.err, "there is no baseline 'nobody'");
    cli_forget(&said);
    free(path);
    path = cli_path(*state, "results/spawnbench.sqlite");
    assert_int_not_equal(access(path, F_OK), 0); /* nor a store that nobody asked for */
    said = cli_say(*state, "show", NULL);
    expect(&said, 5); /* no run was made */
    cli_forget(&said);
    free(path);
}

static void baselines_are_listed_and_shown(void **state)
{
    char *path = short_scenario(*state);
    struct cli_said said;
    run_once(*state, path);
    run_once(*state, path);
    said = cli_say(*state, "baseline", "save", "main", "--last", "2", NULL);
    expect(&said, 0);
    assert_said(said.out, "2 sittings");
    cli_forget(&said);
    said = cli_say(*state, "baseline", "list", NULL);
    expect(&said, 0);
    assert_said(said.out, "main");
    cli_forget(&said);
    said = cli_say(*state, "baseline", "show", "main", NULL);
    expect(&said, 0);
    assert_said(said.out, "spawn_time");
    assert_said(said.out, "kernel: ");
    cli_forget(&said);
    said = cli_say(*state, "baseline", "show", "main", "--json", NULL);
    assert_said(said.out, "spawnbench.baseline.v1");
    cli_forget(&said);
    free(path);
}

/* ---- CI services ---- */

static void github_is_told_before_a_failing_exit(void **state)
{
    struct cli_said said;
    char *summary = cli_path(*state, "summary.md"), *text = NULL;
    size_t length;
    struct err err = {0};
    free(cli_write(*state, "summary.md", "before\n"));
    setenv("GITHUB_ACTIONS", "true", 1);
    setenv("GITHUB_STEP_SUMMARY", summary, 1);
    said = gate(*state, "{reference}", "--max-cycles=2", "--junit=j.xml");
    unsetenv("GITHUB_ACTIONS");
    unsetenv("GITHUB_STEP_SUMMARY");
    expect(&said, 3);
    assert_said(said.out, "::error title=spawnbench gate::short: spawn_time p50");
    assert_int_equal(text_read_file(&text, &length, summary, 100000, &err), 0);
    assert_memory_equal(text, "before\n", 7); /* appended to */
    assert_said(text, "### spawnbench gate: ");
    free(text);
    free(summary);
    summary = cli_path(*state, "j.xml");
    assert_int_equal(text_read_file(&text, &length, summary, 100000, &err), 0);
    assert_said(text, "<testcase classname=\"gate short\" name=\"spawn_time p50\">");
    cli_forget(&said);
    free(text);
    free(summary);
}

static void ctest_gets_measurements(void **state)
{
    struct cli_said said = gate(*state, SLOW, "--ctest", NULL);
    assert_said(said.out,
                "<CTestMeasurement type=\"numeric/double\" name=\"spawn_time p50 ratio\">");
    cli_forget(&said);
}

/* ---- the command line ---- */

static void bad_command_lines_are_refused(void **state)
{
    static const struct {
        const char *words[6];
        const char *said;
    } cases[] = {
        {{"short.json"}, "against what?"},
        {{"--against", "x"}, "no SCENARIO"},
        {{"short.json", "--against", "x", "--baseline", "y"}, "one of them"},
        {{"short.json", "--against", " "}, "the command is empty"},
        {{"short.json", "--against", "a 'b"}, "not closed"},
        {{"short.json", "--against", "x", "--arm", "own"}, "did you mean 'one'?"},
        {{"short.json", "--against", "x", "--metric", "spawn_tim"}, "did you mean 'spawn_time'?"},
        {{"short.json", "--against", "x", "--max-regression", "5"}, "such as 5%"},
        {{"short.json", "--against", "x", "--quantile", "0.3"}, "--quantile 0.3"},
        {{"short.json", "--against", "x", "--alpha", "0"}, "--alpha 0"},
        {{"short.json", "--against", "x", "--max-cycles", "0"}, "--max-cycles 0"},
        {{"short.json", "--against", "x", "--inconclusive", "maybe"}, "pass or fail"},
        {{"nowhere.json", "--against", "x"}, "nowhere.json"},
        {{"a", "b", "--baseline", "x"}, "'b' is too much"},
        {{"--self-test", "--baseline", "x"}, "brings its own"},
    };
    char *path = short_scenario(*state);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const *w = cases[i].words;
        struct cli_said said = cli_say(*state, "gate", w[0], w[1], w[2], w[3], w[4], w[5], NULL);
        expect(&said, 2);
        assert_said(said.err, cases[i].said);
        cli_forget(&said);
    }
    free(path);
}

static void several_arms_ask_for_one(void **state)
{
    char *path = cli_write(*state, "two.json",
                           "{\"name\": \"two\", \"agents\": [{\"name\": \"a\", \"command\":"
                           " [\"{agent}\"]}], \"arms\": [{\"name\": \"one\", \"subject\":"
                           " [\"x\"]}, {\"name\": \"two\", \"subject\": [\"x\"]}],"
                           " \"cycles\": 5}");
    struct cli_said said = cli_say(*state, "gate", path, "--against", "x", NULL);
    expect(&said, 2);
    assert_said(said.err, "--arm one, --arm two");
    cli_forget(&said);
    free(path);
    said = cli_say(*state, "gate", SOURCE_DIR "/scenarios/three-agents.json", "--against",
                   "/nonexistent/spawner", NULL);
    expect(&said, 5); /* the arm of its speed claim was found, the baseline was not */
    assert_said(said.out, "candidate parallel against");
    cli_forget(&said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_slower_candidate_fails_and_a_faster_one_passes,
                                        cli_folder, cli_folder_remove),
        cmocka_unit_test_setup_teardown(the_run_is_stored_like_any_other, cli_folder,
                                        cli_folder_remove),
        cmocka_unit_test_setup_teardown(json_is_pure_and_says_the_exit_code, cli_folder,
                                        cli_folder_remove),
        cmocka_unit_test_setup_teardown(an_undecided_gate_ends_with_three_unless_told, cli_folder,
                                        cli_folder_remove),
        cmocka_unit_test_setup_teardown(what_starts_nothing_is_no_improvement, cli_folder,
                                        cli_folder_remove),
        cmocka_unit_test_setup_teardown(what_cannot_be_compared_is_told, cli_folder,
                                        cli_folder_remove),
        cmocka_unit_test_setup_teardown(integrity_outranks_speed, cli_folder, cli_folder_remove),
        cmocka_unit_test_setup_teardown(a_baseline_that_loses_things_is_no_yardstick, cli_folder,
                                        cli_folder_remove),
        cmocka_unit_test_setup_teardown(a_stored_baseline_advises, cli_folder, cli_folder_remove),
        cmocka_unit_test_setup_teardown(a_missing_baseline_costs_no_measuring, cli_folder,
                                        cli_folder_remove),
        cmocka_unit_test_setup_teardown(baselines_are_listed_and_shown, cli_folder,
                                        cli_folder_remove),
        cmocka_unit_test_setup_teardown(github_is_told_before_a_failing_exit, cli_folder,
                                        cli_folder_remove),
        cmocka_unit_test_setup_teardown(ctest_gets_measurements, cli_folder, cli_folder_remove),
        cmocka_unit_test_setup_teardown(bad_command_lines_are_refused, cli_folder,
                                        cli_folder_remove),
        cmocka_unit_test_setup_teardown(several_arms_ask_for_one, cli_folder, cli_folder_remove),
    };
    return cmocka_run_group_tests_name("cli/cmd_gate", tests, NULL, NULL);
}
