/* Is a calibration made, kept and told, also where its time or a signal ends it? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "cli/test_cli.h"

static cJSON *document_of(const struct cli_said *said)
{
    struct err err = {0};
    cJSON *root = NULL;
    if (json_parse(&root, said->out, strlen(said->out), &err) < 0)
        fail_msg("%s\n%s", err.text, said->err);
    return root;
}

/* Real processes, a few pairs: what they say is noise, but it must be said, kept and found
 * again. */
static void a_calibration_is_made_kept_and_told(void **state)
{
    struct cli_said said = cli_say(*state, "doctor", "--calibrate", "--force", "--sittings", "5",
                                   "--pairs", "10", "--pause", "0s", "--seed", "3", "--json", NULL);
    cJSON *root, *made, *row;
    size_t rows = 0;
    if (said.exit_status != 0)
        fail_msg("exit %d\n%s\n%s", said.exit_status, said.out, said.err);
    root = document_of(&said);
    made = cJSON_GetArrayItem(cJSON_GetObjectItem(root, "calibrations"), 0);
    assert_string_equal(json_string(made, "schema"), "spawnbench.calibration.v1");
    assert_string_equal(json_string(made, "machine"), json_string(root, "machine"));
    assert_string_equal(json_string(made, "scenario"), "doctor");
    assert_int_equal(cJSON_GetObjectItem(made, "sittings")->valueint, 5);
    assert_int_equal(cJSON_GetObjectItem(made, "pairs")->valueint, 10);
    assert_int_equal(cJSON_GetObjectItem(cJSON_GetObjectItem(made, "position"), "pairs")->valueint,
                     50);
    cJSON_ArrayForEach(row, cJSON_GetObjectItem(made, "metrics")) {
        assert_int_equal(cJSON_GetObjectItem(row, "gates")->valueint, 5);
        assert_true(cJSON_GetObjectItem(row, "noise_floor")->valuedouble >= 0);
        rows++;
    }
    assert_true(rows >= 8);
    cJSON_Delete(root);
    cli_forget(&said);
    said = cli_say(*state, "doctor", NULL);
    assert_said(said.out, "calibrated by 'doctor'");
    assert_said(said.out, "5 sittings of 10 pairs");
    cli_forget(&said);
    said = cli_say(*state, "history", "doctor-gate", NULL);
    assert_int_equal(said.exit_status, 0);
    assert_said(said.out, "5 complete runs");
    cli_forget(&said);
}

static void a_calibration_of_a_scenario_is_told_as_a_table(void **state)
{
    char *path = cli_scenario(*state, "mine", "\"{reference}\", \"--mode\", \"parallel\"", "");
    struct cli_said said = cli_say(*state, "doctor", "--calibrate", path, "--force", "--sittings",
                                   "5", "--pairs", "10", "--pause", "0s", NULL);
    if (said.exit_status != 0)
        fail_msg("exit %d\n%s\n%s", said.exit_status, said.out, said.err);
    assert_said(said.out,
                "calibration: arm 'one' of 'mine' against itself, 5 sittings of 10 pairs");
    assert_said(said.out, "spawn_time p50");
    assert_said(said.out, "0 of 5 (< 45 %)");
    assert_said(said.out, "position: ");
    cli_forget(&said);
    free(path);
}

static void time_that_is_over_is_told(void **state)
{
    struct cli_said said = cli_say(*state, "doctor", "--calibrate", "--force", "--sittings", "6",
                                   "--pairs", "10", "--max-time", "1ms", NULL);
    assert_int_equal(said.exit_status, 5);
    assert_said(said.err, "--max-time is over after 1 of 6 sittings");
    assert_said(said.err, "too few to say how often the gate is wrong");
    cli_forget(&said);
    said = cli_say(*state, "doctor", NULL);
    assert_said(said.out, "not calibrated");
    cli_forget(&said);
}

static void a_signal_ends_it_and_leaves_nothing_running(void **state)
{
    struct cli_running running =
        cli_start(*state, "doctor", "--calibrate", "--force", "--pairs", "100000", NULL);
    char *store = cli_path(*state, "results/spawnbench.sqlite");
    struct cli_said said;
    while (access(store, F_OK) != 0)
        clock_sleep_until(clock_now_ns() + 10 * CLOCK_NS_PER_MS);
    kill(running.process.pid, SIGINT);
    said = cli_end(&running);
    assert_int_equal(said.exit_status, 128 + SIGINT);
    cli_forget(&said);
    free(store);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, cli_folder, cli_folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_calibration_is_made_kept_and_told),
        IN_FOLDER(a_calibration_of_a_scenario_is_told_as_a_table),
        IN_FOLDER(time_that_is_over_is_told),
        IN_FOLDER(a_signal_ends_it_and_leaves_nothing_running),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
