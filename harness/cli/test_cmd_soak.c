/* Does a soak go on as long as nothing is found, stop when something is, and lead back to it? */
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

static int64_t number(const cJSON *object, const char *key)
{
    int64_t value = -1;
    assert_int_equal(json_int64(&value, cJSON_GetObjectItem(object, key)), 0);
    return value;
}

static char *both_modes(const char *folder)
{
    return cli_write(folder, "both.json",
                     "{\"name\": \"both\", \"about\": \"a test\", \"agents\": [{\"name\": \"a\", "
                     "\"command\": [\"{agent}\"], \"times\": 5}], \"arms\": ["
                     "{\"name\": \"parallel\", \"subject\": [\"{reference}\", \"--mode\", "
                     "\"parallel\"]}, {\"name\": \"sequential\", \"subject\": [\"{reference}\", "
                     "\"--mode\", \"sequential\"]}], \"cycles\": 20, \"deadline\": \"2s\"}");
}

static void the_reference_lasts(void **state)
{
    char *path = both_modes(*state);
    struct cli_said said = cli_say(*state, "soak", path, "--cycles", "60", "--faults-every", "2",
                                   "--seed", "7", "--json", NULL);
    cJSON *document = NULL, *row;
    struct err err = {0};
    int64_t struck = 0;
    if (said.exit_status != 0 || json_parse(&document, said.out, strlen(said.out), &err) < 0)
        fail_msg("exit %d: %s\n%s", said.exit_status, said.out, said.err);
    assert_string_equal(json_string(document, "schema"), "spawnbench.proof.soak.v1");
    assert_int_equal(number(document, "starts"), 5 * number(document, "cycles"));
    cJSON_ArrayForEach(row, cJSON_GetObjectItem(document, "faults"))
        struck += number(row, "struck");
    assert_true(struck >= 10);
    assert_true(number(document, "acknowledged") > 100);
    assert_int_equal(number(document, "findings"), 0);
    assert_int_equal(number(document, "lost"), 0);
    assert_int_equal(number(document, "zombies"), 0);
    cJSON_Delete(document);
    cli_forget(&said);
    free(path);
}

static char *read_kept(const char *folder, const char *name)
{
    char *path = text_format("%s/%s", folder, name), *data = NULL;
    size_t length = 0;
    struct err err = {0};
    if (text_read_file(&data, &length, path, 1 << 26, &err) < 0)
        fail_msg("%s", err.text);
    free(path);
    return data;
}

static void kept_is_whole(const char *folder)
{
    static const char *const names[] = {"scenario.json", "plan.txt", "findings.txt", "again.txt",
                                        "one.sqlite",    "one.log",  "one.page"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        free(read_kept(folder, names[i]));
}

/* "spawnbench soak ..." as it was printed, with a folder of its own for what is kept. */
static struct cli_said say_again(const char *folder, const char *kept)
{
    char *command = read_kept(kept, "again.txt"), *rest = command, *word;
    const char *words[24] = {0};
    size_t count = 0;
    struct cli_running running;
    struct cli_said said;
    char *program = text_format("%s/spawnbench", BINARY_DIR);
    while (count < 20 && (word = strtok_r(NULL, " \n", &rest)))
        words[count++] = word;
    assert_string_equal(words[0], "spawnbench");
    words[0] = program;
    words[count++] = "--keep";
    words[count++] = "kept-again";
    words[count] = NULL;
    running = cli_start_words(folder, words);
    said = cli_end(&running);
    free(program);
    free(command);
    return said;
}

static void a_soak_stops_at_a_finding_and_the_command_it_names_meets_it_again(void **state)
{
    char *path = cli_scenario(
        *state, "liar", "\"{liar}\", \"sweeps\", \"{reference}\", \"--mode\", \"parallel\"", "");
    char *kept = text_format("%s/kept", (const char *)*state);
    char *again = text_format("%s/kept-again", (const char *)*state);
    struct cli_said said = cli_say(*state, "soak", path, "--cycles", "200", "--faults-every", "2",
                                   "--seed", "3", "--keep", kept, NULL);
    char *plan, *plan_again;
    if (said.exit_status != 4)
        fail_msg("exit %d: %s\n%s", said.exit_status, said.out, said.err);
    assert_said(said.out, "FOUND: every-acknowledged-start-is-recorded");
    kept_is_whole(kept);
    cli_forget(&said);
    said = say_again(*state, kept);
    if (said.exit_status != 4)
        fail_msg("again: exit %d: %s\n%s", said.exit_status, said.out, said.err);
    plan = read_kept(kept, "plan.txt");
    plan_again = read_kept(again, "plan.txt");
    assert_string_equal(plan, plan_again);
    free(plan);
    free(plan_again);
    cli_forget(&said);
    free(again);
    free(kept);
    free(path);
}

/* A store that its subject makes unreadable when it ends may have lost anything. */
static void what_cannot_be_read_at_the_end_is_no_pass(void **state)
{
    static const char subject[] =
        "\"/bin/sh\", \"-c\", \"\\\"$0\\\" --mode parallel; for f in {folder}/store/*.sqlite; do "
        "head -c 8192 /dev/urandom > $f; done\", \"{reference}\"";
    char *path = cli_scenario(*state, "unread", subject, "");
    struct cli_said said =
        cli_say(*state, "soak", path, "--cycles", "3", "--faults-every", "1000", NULL);
    if (said.exit_status != 5)
        fail_msg("exit %d: %s\n%s", said.exit_status, said.out, said.err);
    assert_said(said.out, "not checked: store-can-be-read: ");
    assert_said(said.out, "invalid: what was not checked may have lost anything");
    cli_forget(&said);
    said = cli_say(*state, "soak", path, "--cycles", "3", "--faults-every", "1000", "--json", NULL);
    assert_int_equal(said.exit_status, 5);
    assert_said(said.out, "\"invalid\"");
    assert_said(said.out, "is encrypted, or random bytes");
    cli_forget(&said);
    free(path);
}

static void time_ends_it_too(void **state)
{
    char *path = both_modes(*state);
    struct cli_said said =
        cli_say(*state, "soak", path, "--for", "300ms", "--fault", "killed-at-random", NULL);
    assert_int_equal(said.exit_status, 0);
    assert_said(said.out, "no finding in");
    cli_forget(&said);
    free(path);
}

/* The fixture's teardown finds what is left running. */
static void a_signal_ends_it_and_leaves_nothing(void **state)
{
    char *path = both_modes(*state);
    struct cli_running running = cli_start(*state, "soak", path, "--for", "1h", NULL);
    struct cli_said said;
    cli_await_child(&running, "spawnref");
    clock_sleep_until(clock_now_ns() + 500 * CLOCK_NS_PER_MS); /* wherever it is by then */
    kill(running.process.pid, SIGTERM);
    said = cli_end(&running);
    assert_int_equal(said.exit_status, 128 + SIGTERM);
    assert_said(said.err, "interrupted");
    cli_forget(&said);
    free(path);
}

static void wrong_options_are_told(void **state)
{
    static const char *const wrong[][3] = {
        {"--for", "10", "expected a duration such as 10m"},
        {"--cycles", "0", "expected a whole number from 1"},
        {"--faults-every", "x", "expected a whole number from 1"},
        {"--fault", "killed-at-randm", "did you mean 'killed-at-random'?"},
        {"--arm", "nobody", "no such arm"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct cli_said said = cli_say(*state, "soak", wrong[i][0], wrong[i][1], NULL);
        if (said.exit_status != 2 || !strstr(said.err, wrong[i][2]))
            fail_msg("%s: exit %d: %s", wrong[i][0], said.exit_status, said.err);
        cli_forget(&said);
    }
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, cli_folder, cli_folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(the_reference_lasts),
        IN_A_FOLDER(a_soak_stops_at_a_finding_and_the_command_it_names_meets_it_again),
        IN_A_FOLDER(what_cannot_be_read_at_the_end_is_no_pass),
        IN_A_FOLDER(time_ends_it_too),
        IN_A_FOLDER(a_signal_ends_it_and_leaves_nothing),
        IN_A_FOLDER(wrong_options_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
