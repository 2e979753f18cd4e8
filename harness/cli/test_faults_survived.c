/* test_faults_survived MODE: does every fault strike for real, and does the reference survive
 * it? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "cli/test_cli.h"

/* Of the reference, "parallel" or "sequential". */
static const char *mode = "parallel";

static cJSON *document_of(const struct cli_said *said)
{
    cJSON *document = NULL;
    struct err err = {0};
    if (json_parse(&document, said->out, strlen(said->out), &err) < 0)
        fail_msg("%s in:\n%s\n%s", err.text, said->out, said->err);
    assert_string_equal(json_string(document, "schema"), "spawnbench.proof.faults.v1");
    return document;
}

static int64_t number(const cJSON *row, const char *key)
{
    int64_t value = -1;
    assert_int_equal(json_int64(&value, cJSON_GetObjectItem(row, key)), 0);
    return value;
}

/* Rows that may be skipped: no such call in the mode, or not possible for whoever runs the
 * tests. */
static void check_row(const cJSON *row)
{
    const char *skipped = json_string(row, "skipped"), *name = json_string(row, "fault");
    if (skipped) {
        if (!strstr(skipped, "libfuse3") && !strstr(skipped, "/dev/fuse") &&
            !strstr(skipped, "no such call") && !strstr(skipped, "right to mount") &&
            !strstr(skipped, "cgroup") && !strstr(skipped, "fanotify") &&
            !strstr(skipped, "sanitizer"))
            fail_msg("'%s' was not tried: %s", name, skipped);
        return;
    }
    if (number(row, "tried") < 1 || number(row, "struck") != number(row, "tried") ||
        number(row, "findings") != 0 || strcmp(json_string(row, "verdict"), "intact") != 0)
        fail_msg("'%s': %s", name, cJSON_Print(row));
    assert_true(number(row, "audits") >= 5);
}

static void every_fault_strikes_and_is_survived(void **state)
{
    const char *folder = *state;
    char *subject = text_format("\"{reference}\", \"--mode\", \"%s\"", mode);
    char *path = cli_scenario(folder, "all", subject, "\"faults\": [\"all\"],");
    struct cli_said said =
        cli_say(folder, "faults", path, "--times", "1", "--prove", "nothing", "--json", NULL);
    cJSON *document = document_of(&said), *row;
    const cJSON *arm = cJSON_GetObjectItem(document, "arms")->child;
    int rows = 0;
    cJSON_ArrayForEach(row, cJSON_GetObjectItem(arm, "rows")) {
        check_row(row);
        rows++;
    }
    assert_int_equal(rows, 42);
    assert_int_equal(said.exit_status, 0);
    assert_string_equal(json_string(document, "verdict"), "intact");
    cJSON_Delete(document);
    cli_forget(&said);
    free(subject);
    free(path);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(
        every_fault_strikes_and_is_survived, cli_folder, cli_folder_remove)};
    if (argc > 1)
        mode = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
