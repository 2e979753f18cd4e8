/* Does a run come to its end and tell the truth, whatever a subject does to it? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/stat.h>

#include "cli/test_cli.h"

/* The subject lies from batch 4 on: two warm-ups and two cycles are honest. */
static char *scenario_of(const char *folder, const char *lie)
{
    char *subject = text_format(
        "\"{liar}\", \"%s\", \"--from\", \"4\", \"{reference}\", \"--mode\", \"parallel\"", lie);
    char *path = cli_scenario(folder, "lie", subject, "\"durability\": \"normal\",");
    free(subject);
    return path;
}

static struct cli_said run_liar(const char *folder, const char *lie, const char *cycles)
{
    char *path = scenario_of(folder, lie);
    struct cli_said said = cli_say(folder, "run", path, "--cycles", cycles, NULL);
    free(path);
    return said;
}

/* That nothing is left of them is seen after each test. */
static void who_does_not_end_is_ended(void **state)
{
    static const char *const lies[] = {"leaves-group", "is-deaf", "stops-itself"};
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct cli_said said = run_liar(*state, lies[i], "3");
        if (said.exit_status != 4 || !strstr(said.out, "it did not answer before the deadline"))
            fail_msg("'%s': exit %d\n%s\n%s", lies[i], said.exit_status, said.out, said.err);
        cli_forget(&said);
    }
}

static void that_we_were_stopped_is_told(void **state)
{
    struct cli_said said = run_liar(*state, "stops-the-harness", "20");
    if (said.exit_status != 0 ||
        !strstr(said.out, "are left out of all times: spawnbench was stopped"))
        fail_msg("exit %d\n%s\n%s", said.exit_status, said.out, said.err);
    cli_forget(&said);
}

static void a_log_is_bounded_and_that_is_told(void **state)
{
    struct cli_said said = run_liar(*state, "talks", "6");
    char *log = cli_path(*state, "results/runs/1.1/one.log");
    struct stat about;
    if (said.exit_status != 0 || !strstr(said.out, "one: its log grew too long, "))
        fail_msg("exit %d\n%s\n%s", said.exit_status, said.out, said.err);
    assert_int_equal(stat(log, &about), 0);
    assert_true(about.st_size < 16 << 20);
    free(log);
    cli_forget(&said);
}

/* The subject is not asked any more, and dies with us. */
static void a_second_signal_ends_us_at_once(void **state)
{
    char *path = scenario_of(*state, "is-mute");
    struct cli_running running = cli_start(*state, "run", path, NULL);
    struct cli_said said;
    struct process_view child;
    while (process_children(running.process.pid, &child, 1) == 0)
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
    kill(running.process.pid, SIGTERM);
    clock_sleep_until(clock_now_ns() + 100 * CLOCK_NS_PER_MS);
    kill(running.process.pid, SIGINT); /* it may have ended by the first one already */
    said = cli_end(&running);
    assert_true(said.exit_status == 128 + SIGINT || said.exit_status == 128 + SIGTERM);
    cli_forget(&said);
    free(path);
}

/* As util-linux and others ran into it: SIG_IGN passes through exec. */
static void an_ignored_sigchld_changes_nothing(void **state)
{
    char *path = scenario_of(*state, "honest"), *program = text_format("%s/spawnbench", BINARY_DIR);
    const char *const words[] = {
        "env", "--ignore-signal=CHLD", program, "run", path, "--quiet", "--cycles", "60", NULL};
    struct cli_running running = cli_start_words(*state, words);
    struct cli_said said = cli_end(&running);
    if (said.exit_status != 0)
        fail_msg("exit %d\n%s\n%s", said.exit_status, said.out, said.err);
    cli_forget(&said);
    free(program);
    free(path);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, cli_folder, cli_folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(who_does_not_end_is_ended),
        IN_A_FOLDER(that_we_were_stopped_is_told),
        IN_A_FOLDER(a_log_is_bounded_and_that_is_told),
        IN_A_FOLDER(a_second_signal_ends_us_at_once),
        IN_A_FOLDER(an_ignored_sigchld_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
