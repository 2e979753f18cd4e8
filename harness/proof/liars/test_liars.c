/* Is every way to misbehave caught by the rule that is meant for it, and honesty by none? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/test_cli.h"

/* The lie begins with batch 4; until then the spawner is honest. */
/* It is honest in batches 0 to 3, two of which are warm-ups. */
static struct cli_said run_liar(const char *folder, const char *lie, const char *cycles)
{
    char *subject =
        text_format("\"{liar}\", \"%s\", \"--from\", \"4\", \"{reference}\", \"--mode\", "
                    "\"parallel\"",
                    lie);
    char *path = cli_scenario(folder, "lie", subject, "\"durability\": \"normal\",");
    struct cli_said said = cli_say(folder, "run", path, "--cycles", cycles, "--json", NULL);
    free(subject);
    free(path);
    return said;
}

static void honesty_has_no_finding(void **state)
{
    struct cli_said said = run_liar(*state, "honest", "8");
    if (!strstr(said.out, "\"findings\":[]") || said.exit_status != 0)
        fail_msg("exit %d\n%s\n%s", said.exit_status, said.out, said.err);
    cli_forget(&said);
}

static void every_lie_is_caught_by_its_rule(void **state)
{
    static const char *const caught[][2] = {
        {"forgets", "every-acknowledged-start-is-recorded"},
        {"invents-row", "no-row-without-a-start"},
        {"misstates", "row-tells-the-truth"},
        {"loses-consensus", "consensus-is-whole"},
        {"loses-output", "consensus-is-whole"},
        {"scribbles", "integrity-check-is-ok"},
        {"doubles", "every-ready-agent-ran"},
        {"starts-strangers", "no-agent-ran-unasked"},
        {"wrong-process", "one-process-one-id"},
        {"too-early", "times-are-in-order"},
        {"leaves-out", "answer-names-what-was-asked"},
        {"names-strangers", "answer-names-what-was-asked"},
        {"pretends", "every-ready-agent-ran"},
        {"memory-first", "every-acknowledged-start-is-recorded"},
        {"hangs", "subject-answers"},
        {"dies", "subject-answers"},
        {"is-killed", "subject-answers"},
        {"is-killed-recorded", "subject-answers"},
        {"talks-nonsense", "subject-answers"},
        {"closes-stdout", "subject-answers"},
        {"floods", "subject-answers"},
        {"leaves-child", "nothing-is-left-running"},
        {"leaves-zombie", "nothing-is-left-running"},
        {"leaks-descriptors", "descriptors-do-not-grow"},
    };
    for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++) {
        /* one batch with a lie, for each of some is waited; descriptors grow slowly */
        bool grows = strcmp(caught[i][0], "leaks-descriptors") == 0;
        struct cli_said said = run_liar(*state, caught[i][0], grows ? "8" : "3");
        char *found = text_format(",\"rule\":\"%s\"", caught[i][1]); /* in a finding */
        if (said.exit_status != 4 || !strstr(said.out, found))
            fail_msg("'%s' was not caught by '%s': exit %d\n%s\n%s", caught[i][0], caught[i][1],
                     said.exit_status, said.out, said.err);
        free(found);
        cli_forget(&said);
    }
}

static void subjects_that_never_open_exit_5(void **state)
{
    static const char *const silent[][2] = {{"exits-at-once", "liar: not today"},
                                            {"is-mute", "did not answer"},
                                            {"opens-with-nonsense", "hello?"}};
    for (size_t i = 0; i < 3; i++) {
        struct cli_said said = run_liar(*state, silent[i][0], "1");
        assert_int_equal(said.exit_status, 5);
        assert_said(said.err, "would not start");
        assert_said(said.err, silent[i][1]);
        cli_forget(&said);
    }
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, cli_folder, cli_folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(honesty_has_no_finding),
        IN_A_FOLDER(every_lie_is_caught_by_its_rule),
        IN_A_FOLDER(subjects_that_never_open_exit_5),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
