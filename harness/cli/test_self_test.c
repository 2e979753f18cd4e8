/* Does audit --self-test say what a script and a human need: matrix, verdict, exit code? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "cli/test_cli.h"

static void every_damage_is_seen_and_nothing_is_left_behind(void **state)
{
    char *temporary = cli_path(*state, "temporary");
    struct cli_said said;
    assert_int_equal(mkdir(temporary, 0700), 0);
    setenv("TMPDIR", temporary, 1);
    said = cli_say(*state, "audit", "--self-test", "--seeds", "1", NULL);
    unsetenv("TMPDIR");
    if (said.exit_status != 0)
        fail_msg("exit %d\n%s\n%s", said.exit_status, said.out, said.err);
    assert_said(said.out, "leaf-payload-bit");
    assert_said(said.out, "accused by none");
    assert_said(said.out, "every damage is seen");
    assert_int_equal(rmdir(temporary), 0); /* its folder is gone */
    cli_forget(&said);
    free(temporary);
}

static void a_program_gets_the_matrix_as_json(void **state)
{
    struct cli_said said =
        cli_say(*state, "audit", "--self-test", "--seeds", "2", "--seed", "9", "--json", NULL);
    struct err err = {0};
    cJSON *root = NULL, *kind;
    int kinds = 0;
    assert_int_equal(said.exit_status, 0);
    if (json_parse(&root, said.out, strlen(said.out), &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(json_string(root, "schema"), "spawnbench.self-test.v1");
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(root, "holds")));
    assert_int_equal(cJSON_GetObjectItem(root, "seed")->valueint, 9);
    cJSON_ArrayForEach(kind, cJSON_GetObjectItem(root, "kinds")) {
        assert_int_equal(cJSON_GetObjectItem(kind, "made")->valueint, 2);
        assert_int_equal(cJSON_GetObjectItem(kind, "escaped")->valueint, 0);
        assert_non_null(cJSON_GetObjectItem(cJSON_GetObjectItem(kind, "seen_by"), "witness"));
        kinds++;
    }
    assert_true(kinds >= 31);
    cJSON_Delete(root);
    cli_forget(&said);
}

static void without_a_rule_it_fails_and_says_what_escaped(void **state)
{
    struct cli_said said = cli_say(*state, "audit", "--self-test", "--seeds", "1", "--without",
                                   "application-id-is-ours", NULL);
    assert_int_equal(said.exit_status, 4);
    assert_said(said.out, "application-id escaped 1 of 1 times");
    assert_said(said.out, "the audits cannot be trusted");
    cli_forget(&said);
}

static void what_cannot_be_asked_is_refused(void **state)
{
    char *text = cli_write(*state, "text", "this is no database, but a text of some length");
    const struct {
        const char *words[5];
        int exit_status;
        const char *told;
    } cases[] = {{{"--self-test", "--seeds", "0"}, 2, "--seeds 0: expected a whole number"},
                 {{"--self-test", "--seed", "x"}, 2, "--seed x: expected a whole number"},
                 {{"--self-test", "--without", "x"}, 2, "there is no rule 'x'"},
                 {{"--seeds", "3", text}, 2, "go with --self-test only"},
                 {{"--self-test", text, text}, 2, "one DATABASE at a time"},
                 {{"--self-test", text}, 2, "not a database"},
                 {{"--self-test", "/nowhere/x"}, 5, "/nowhere/x"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cli_said said = cli_say(*state, "audit", cases[i].words[0], cases[i].words[1],
                                       cases[i].words[2], cases[i].words[3], NULL);
        if (said.exit_status != cases[i].exit_status || !strstr(said.err, cases[i].told))
            fail_msg("case %zu: exit %d\n%s", i, said.exit_status, said.err);
        cli_forget(&said);
    }
    free(text);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, cli_folder, cli_folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(every_damage_is_seen_and_nothing_is_left_behind),
        IN_FOLDER(a_program_gets_the_matrix_as_json),
        IN_FOLDER(without_a_rule_it_fails_and_says_what_escaped),
        IN_FOLDER(what_cannot_be_asked_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
