/* Does spawnbench doctor tell what it found, and end as the machine deserves? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "cli/test_cli.h"

/* The machine under the tests may be busy, which is unfit: both ends are right, if told. */
static void a_program_gets_every_check_and_the_exit_code_agrees(void **state)
{
    static const char *const names[] = {
        "clock",   "timer",      "load",   "steal",  "pressure", "throttling",
        "cores",   "governor",   "turbo",  "memory", "limits",   "trees",
        "results", "durability", "sqlite", "agent",  "gnuplot",  "build"};
    struct cli_said said = cli_say(*state, "doctor", "--json", NULL);
    struct err err = {0};
    cJSON *root = NULL, *checks, *check;
    size_t count = 0;
    if (json_parse(&root, said.out, strlen(said.out), &err) < 0)
        fail_msg("%s\n%s", err.text, said.err);
    assert_string_equal(json_string(root, "schema"), "spawnbench.doctor.v1");
    assert_int_equal(strlen(json_string(root, "machine")), 16);
    checks = cJSON_GetObjectItem(root, "checks");
    cJSON_ArrayForEach(check, checks) {
        assert_true(count < sizeof names / sizeof names[0]);
        assert_string_equal(json_string(check, "name"), names[count++]);
        assert_true(*json_string(check, "found") != '\0');
    }
    assert_int_equal(count, sizeof names / sizeof names[0]);
    assert_int_equal(said.exit_status, cJSON_IsTrue(cJSON_GetObjectItem(root, "fit")) ? 0 : 5);
    cJSON_Delete(root);
    cli_forget(&said);
}

static void results_that_cannot_be_written_make_it_unfit(void **state)
{
    char *file = cli_write(*state, "file", "not a folder");
    struct cli_said said = cli_say(*state, "doctor", "--results", file, NULL);
    assert_int_equal(said.exit_status, 5);
    assert_said(said.out, "unfit to measure: ");
    assert_said(said.out, "results");
    assert_said(said.out, "remedy: ");
    cli_forget(&said);
    free(file);
}

static void what_cannot_be_asked_is_refused(void **state)
{
    const struct {
        const char *words[4];
        int exit_status;
        const char *told;
    } cases[] = {{{"--whatever"}, 2, "unrecognized option"},
                 {{"x.json"}, 2, "go with --calibrate"},
                 {{"--pairs", "20"}, 2, "go with --calibrate"},
                 {{"--calibrate", "--sittings", "4"}, 2, "expected a whole number from 5"},
                 {{"--calibrate", "--pause", "2"}, 2, "expected a time with its unit"},
                 {{"--calibrate", "--force", "nowhere.json"}, 2, "nowhere.json"},
                 {{"--calibrate", "--force", "--arm", "x"}, 2, "has no such arm"},
                 {{"--calibrate", "a", "b"}, 2, "too much"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cli_said said = cli_say(*state, "doctor", cases[i].words[0], cases[i].words[1],
                                       cases[i].words[2], cases[i].words[3], NULL);
        if (said.exit_status != cases[i].exit_status || !strstr(said.err, cases[i].told))
            fail_msg("case %zu: exit %d\n%s", i, said.exit_status, said.err);
        cli_forget(&said);
    }
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, cli_folder, cli_folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_program_gets_every_check_and_the_exit_code_agrees),
        IN_FOLDER(results_that_cannot_be_written_make_it_unfit),
        IN_FOLDER(what_cannot_be_asked_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
