/* Are real gates kept, added to, refused where they must be, and counted against their bars? */
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/test_cli.h"

#define FACTS "\"machine\":{\"cpu_model\":\"abacus\",\"cpus_usable\":\"2\",\"kernel\":\"1.0\"}"

static struct cli_said say(const char *folder, const char *const words[])
{
    const char *all[16] = {NULL};
    char *program = text_format("%s/spawnbench-gate-trials", BINARY_DIR);
    struct cli_running running;
    size_t count = 0;
    all[count++] = program;
    for (size_t i = 0; words[i] && count < 15; i++)
        all[count++] = words[i];
    running = cli_start_words(folder, all);
    free(program);
    return cli_end(&running);
}

/* A hundred gates of "slower", so many of which saw a regression. */
static void write_data(const char *folder, int regressions)
{
    struct text text = {0};
    text_add(&text, "{\"schema\":\"spawnbench.gate-trials.v1\",\"kinds\":[{\"name\":\"slower\","
                    "\"date\":\"2026-01-02\",\"command\":\"c\",\"init_ns\":5000000,"
                    "\"base_ns\":6000000,\"planted_ns\":600000,\"seed\":7,\"load\":0.5," FACTS
                    ",\"verdict\":[");
    for (int i = 0; i < 100; i++)
        text_addf(&text, "%s\"%s\"", i ? "," : "", i < regressions ? "regression" : "powerless");
    text_add(&text, "],\"pairs\":[50],\"ratio\":[1.1],\"seconds\":[2]}]}");
    free(cli_write(folder, "data.json", text.data));
    text_release(&text);
}

static void bars_hold_at_97_and_not_at_96_of_100(void **state)
{
    static const char *const words[] = {"--real", "--only", "slower",    "--gates",
                                        "1",      "--data", "data.json", NULL};
    struct cli_said said;
    write_data(*state, 97);
    said = say(*state, words);
    assert_int_equal(said.exit_status, 0);
    assert_said(said.out, "| 10 % slower | regression at least 97 % | 97 of 100 |");
    assert_said(said.out, "Bars asked of: 1. Not held: 0.");
    cli_forget(&said);
    write_data(*state, 96);
    said = say(*state, words);
    assert_int_equal(said.exit_status, 1);
    assert_said(said.out, "| **no** |");
    cli_forget(&said);
}

static void the_report_is_the_same_bytes_again(void **state)
{
    static const char *const words[] = {"--short", "--replicates", "4",
                                        "--data",  "data.json",    NULL};
    struct cli_said first, second;
    write_data(*state, 97);
    first = say(*state, words);
    second = say(*state, words);
    assert_string_equal(first.out, second.out);
    assert_said(first.out, "97 of 100");
    assert_said(first.out, "## No change at all");
    cli_forget(&first);
    cli_forget(&second);
}

static void what_was_measured_elsewhere_is_not_added_to(void **state)
{
    static const char *const words[] = {"--real", "--only", "slower",    "--gates",
                                        "101",    "--data", "data.json", NULL};
    struct cli_said said;
    write_data(*state, 97);
    said = say(*state, words);
    assert_int_equal(said.exit_status, 5);
    assert_said(said.err, "begun on another machine");
    assert_said(said.err, "--anew");
    cli_forget(&said);
}

static void damaged_results_are_told(void **state)
{
    static const char *const words[] = {"--short", "--replicates", "1",
                                        "--data",  "data.json",    NULL};
    static const char *const damaged[] = {
        "", "{", "[]", "{\"schema\":\"x\"}",
        "{\"schema\":\"spawnbench.gate-trials.v1\",\"kinds\":[{}]}"};
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        struct cli_said said;
        free(cli_write(*state, "data.json", damaged[i]));
        said = say(*state, words);
        assert_int_equal(said.exit_status, 2);
        assert_said(said.err, "results of real gates in 'data.json'");
        assert_string_equal(said.out, "");
        cli_forget(&said);
    }
}

static void options_that_make_no_sense_end_with_2(void **state)
{
    static const char *const senseless[][4] = {{"--replicates", "0"},
                                               {"--gates", "-1"},
                                               {"--only", "nothing"},
                                               {"--init", "5"},
                                               {"--init", "0ms"},
                                               {"--seed", "x"},
                                               {"more"},
                                               {"--no-such-option"}};
    for (size_t i = 0; i < sizeof senseless / sizeof senseless[0]; i++) {
        struct cli_said said = say(*state, senseless[i]);
        assert_int_equal(said.exit_status, 2);
        assert_said(said.err, "usage:");
        cli_forget(&said);
    }
}

/* Real processes: one gate is asked and kept, another is added, and nothing else is left. */
static void real_gates_are_kept_and_added_to(void **state)
{
    static const char *const numbers[] = {"1", "2", "2"};
    char *runs = cli_path(*state, "results/runs");
    assert_int_equal(text_make_directories(runs, NULL), 0);
    for (int i = 0; i < 3; i++) {
        const char *const words[] = {"--real",  "--only",   "same",
                                     "--gates", numbers[i], "--init",
                                     "1ms",     "--data",   "results/trials.json",
                                     NULL};
        char *part = text_format("as it is | %s of 200 |", numbers[i]);
        struct cli_said said = say(*state, words);
        assert_string_equal(said.err, "");
        assert_said(said.out, part);
        cli_forget(&said);
        free(part);
    }
    assert_int_equal(rmdir(runs), 0); /* empty */
    free(runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bars_hold_at_97_and_not_at_96_of_100),
        cmocka_unit_test(the_report_is_the_same_bytes_again),
        cmocka_unit_test(what_was_measured_elsewhere_is_not_added_to),
        cmocka_unit_test(damaged_results_are_told),
        cmocka_unit_test(options_that_make_no_sense_end_with_2),
        cmocka_unit_test(real_gates_are_kept_and_added_to),
    };
    return cmocka_run_group_tests_name("study/trials/real", tests, cli_folder, cli_folder_remove);
}
