/* Does bad input end in a clear message, the right exit code, and nothing left running? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/test_cli.h"

static void no_command_prints_the_help_and_exits_2(void **state)
{
    struct cli_said said = cli_say(*state, NULL);
    assert_int_equal(said.exit_status, 2);
    assert_said(said.err, "Usage: spawnbench COMMAND");
    cli_forget(&said);
}

static void an_unknown_command_is_told_with_the_nearest(void **state)
{
    struct cli_said said = cli_say(*state, "rum", NULL);
    assert_int_equal(said.exit_status, 2);
    assert_said(said.err, "unknown command 'rum' (did you mean 'run'?)");
    cli_forget(&said);
}

static void version_and_help_exit_0(void **state)
{
    static const char *const commands[] = {"run", "report", "list", "show", "audit"};
    struct cli_said said = cli_say(*state, "--version", NULL);
    assert_int_equal(said.exit_status, 0);
    assert_said(said.out, "spawnbench ");
    cli_forget(&said);
    for (size_t i = 0; i < 5; i++) {
        said = cli_say(*state, commands[i], "--help", NULL);
        assert_int_equal(said.exit_status, 0);
        assert_said(said.out, "Usage: spawnbench ");
        cli_forget(&said);
    }
}

static void a_missing_scenario_exits_2_and_names_it(void **state)
{
    struct cli_said said = cli_say(*state, "run", "no-such-file.json", NULL);
    assert_int_equal(said.exit_status, 2);
    assert_said(said.err, "no-such-file.json");
    cli_forget(&said);
}

static void garbage_and_emptiness_exit_2(void **state)
{
    static const struct {
        const char *text, *told;
    } bad[] = {{"\x01\x02\xff\xfe garbage", "not"},
               {"", "empty"},
               {"{\"name\":\"x\",\"agenst\":[]}", "did you mean 'agents'?"},
               {"[1,2,3]", "object"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *path = cli_write(*state, "bad.json", bad[i].text);
        struct cli_said said = cli_say(*state, "run", path, NULL);
        assert_int_equal(said.exit_status, 2);
        assert_said(said.err, bad[i].told);
        assert_said(said.err, "bad.json");
        cli_forget(&said);
        free(path);
    }
}

static void a_scenario_of_100_mb_is_refused(void **state)
{
    char *path = cli_path(*state, "huge.json");
    struct cli_said said;
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(ftruncate(fileno(file), (off_t)100 * 1000 * 1000), 0);
    fclose(file);
    said = cli_say(*state, "run", path, NULL);
    assert_int_equal(said.exit_status, 2);
    assert_said(said.err, "larger than");
    cli_forget(&said);
    free(path);
}

static void the_last_of_several_scenarios_is_checked_before_the_first_runs(void **state)
{
    char *good = cli_scenario(*state, "good", "\"{null}\"", "");
    char *bad = cli_write(*state, "bad.json", "{}");
    struct cli_said said = cli_say(*state, "run", good, bad, NULL);
    assert_int_equal(said.exit_status, 2);
    cli_forget(&said);
    said = cli_say(*state, "list", NULL);
    assert_int_equal(said.exit_status, 5); /* no run was made, so there is no store */
    assert_said(said.err, "first: spawnbench run");
    cli_forget(&said);
    free(good);
    free(bad);
}

static void a_subject_that_does_not_exist_exits_5(void **state)
{
    char *path = cli_scenario(*state, "nowhere", "\"/no/such/spawner\"", "");
    struct cli_said said = cli_say(*state, "run", path, NULL);
    assert_int_equal(said.exit_status, 5);
    assert_said(said.err, "cannot start '/no/such/spawner'");
    assert_said(said.err, "No such file or directory");
    cli_forget(&said);
    free(path);
}

static void a_wrong_arm_is_told_with_the_nearest(void **state)
{
    char *path = cli_scenario(*state, "arms", "\"{null}\"", "");
    struct cli_said said = cli_say(*state, "run", path, "--arm", "on", NULL);
    assert_int_equal(said.exit_status, 2);
    assert_said(said.err, "did you mean 'one'?");
    cli_forget(&said);
    free(path);
}

static void wrong_numbers_exit_2(void **state)
{
    static const char *const wrong[][2] = {{"--cycles", "0"},     {"--cycles", "ten"},
                                           {"--cycles", "-3"},    {"--seed", "1e9"},
                                           {"--vary", "width=3"}, {"--vary", "agents=x"}};
    char *path = cli_scenario(*state, "numbers", "\"{null}\"", "");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct cli_said said = cli_say(*state, "run", path, wrong[i][0], wrong[i][1], NULL);
        assert_int_equal(said.exit_status, 2);
        assert_said(said.err, wrong[i][0]);
        cli_forget(&said);
    }
    free(path);
}

static void results_that_cannot_be_written_exit_5(void **state)
{
    char *path = cli_scenario(*state, "nowhere", "\"{null}\"", "");
    struct cli_said said = cli_say(*state, "run", path, "--results", "/proc/no-results-here", NULL);
    assert_int_equal(said.exit_status, 5);
    assert_said(said.err, "/proc/no-results-here");
    cli_forget(&said);
    free(path);
}

static void a_store_that_is_none_is_left_alone(void **state)
{
    char *scenario = cli_scenario(*state, "other", "\"{null}\"", ""), *store;
    struct cli_said said;
    char *folder = cli_path(*state, "results");
    mkdir(folder, 0755);
    store = cli_write(*state, "results/spawnbench.sqlite",
                      "this is no database at all, only text of some length that is not SQLite's, "
                      "which should be left as it is and not be overwritten by anybody");
    said = cli_say(*state, "run", scenario, NULL);
    assert_int_equal(said.exit_status, 5);
    assert_said(said.err, "spawnbench.sqlite");
    cli_forget(&said);
    free(store);
    free(folder);
    free(scenario);
}

static void audit_of_what_is_no_database_exits_2(void **state)
{
    char *text = cli_write(*state, "text.sqlite", "hello");
    const char *paths[] = {text, "no-such.sqlite", "/", "/dev/null"};
    for (size_t i = 0; i < 4; i++) {
        struct cli_said said = cli_say(*state, "audit", paths[i], NULL);
        assert_int_equal(said.exit_status, 2);
        assert_said(said.err, paths[i]);
        cli_forget(&said);
    }
    free(text);
}

static void show_and_report_of_an_unknown_run_exit_5(void **state)
{
    char *path = cli_scenario(*state, "one", "\"{null}\"", "");
    struct cli_said said = cli_say(*state, "run", path, "-q", NULL);
    assert_int_equal(said.exit_status, 0);
    cli_forget(&said);
    said = cli_say(*state, "show", "99", NULL);
    assert_int_equal(said.exit_status, 5);
    assert_said(said.err, "no run '99'");
    cli_forget(&said);
    said = cli_say(*state, "report", "nonsense", NULL);
    assert_int_equal(said.exit_status, 5);
    cli_forget(&said);
    free(path);
}

static void a_stdout_that_takes_nothing_is_told(void **state)
{
    char *path = cli_scenario(*state, "full", "\"{null}\"", "");
    struct cli_running running = cli_start(*state, "run", path, "--json", NULL);
    struct cli_said said;
    close(running.process.out); /* the reader is gone, as with "| head" */
    running.process.out = open("/dev/null", O_RDONLY | O_CLOEXEC);
    said = cli_end(&running);
    assert_int_equal(said.exit_status, 5);
    assert_said(said.err, "cannot write to stdout");
    cli_forget(&said);
    free(path);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, cli_folder, cli_folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(no_command_prints_the_help_and_exits_2),
        IN_A_FOLDER(an_unknown_command_is_told_with_the_nearest),
        IN_A_FOLDER(version_and_help_exit_0),
        IN_A_FOLDER(a_missing_scenario_exits_2_and_names_it),
        IN_A_FOLDER(garbage_and_emptiness_exit_2),
        IN_A_FOLDER(a_scenario_of_100_mb_is_refused),
        IN_A_FOLDER(the_last_of_several_scenarios_is_checked_before_the_first_runs),
        IN_A_FOLDER(a_subject_that_does_not_exist_exits_5),
        IN_A_FOLDER(a_wrong_arm_is_told_with_the_nearest),
        IN_A_FOLDER(wrong_numbers_exit_2),
        IN_A_FOLDER(results_that_cannot_be_written_exit_5),
        IN_A_FOLDER(a_store_that_is_none_is_left_alone),
        IN_A_FOLDER(audit_of_what_is_no_database_exits_2),
        IN_A_FOLDER(show_and_report_of_an_unknown_run_exit_5),
        IN_A_FOLDER(a_stdout_that_takes_nothing_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
