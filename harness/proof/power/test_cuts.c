/* Is who loses acknowledged starts with the power found out, and nobody else? With an argument: so
 * many cuts of the reference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <signal.h>

#include "base/json.h"
#include "cli/test_cli.h"
#include "proof/power/test_mounted.h"

#define PARALLEL   "\"{reference}\", \"--mode\", \"parallel\""
#define SEQUENTIAL "\"{reference}\", \"--mode\", \"sequential\""

static const char *cuts = "20";

struct told {
    struct cli_said said;
    cJSON *document;
    const cJSON *row; /* of the one arm and fault */
};

static struct told lose_power(const char *folder, const char *subject, const char *more,
                              const char *times, const char *names)
{
    char *path = cli_scenario(folder, "power", subject, more);
    struct told told = {.said =
                            cli_say(folder, "faults", path, "--fault", "power-loss", "--times",
                                    times, "--names", names, "--prove", "nothing", "--json", NULL)};
    struct err err = {0};
    if (json_parse(&told.document, told.said.out, strlen(told.said.out), &err) < 0)
        fail_msg("%s in:\n%s\n%s", err.text, told.said.out, told.said.err);
    told.row =
        cJSON_GetObjectItem(cJSON_GetObjectItem(told.document, "arms")->child, "rows")->child;
    free(path);
    return told;
}

static void forget(struct told *told)
{
    cJSON_Delete(told->document);
    cli_forget(&told->said);
}

static int64_t number(const struct told *told, const char *key)
{
    int64_t value = -1;
    if (json_int64(&value, cJSON_GetObjectItem(told->row, key)) < 0)
        fail_msg("no '%s' in:\n%s\n%s", key, told->said.out, told->said.err);
    return value;
}

static void assert_intact(const struct told *told, const char *times)
{
    if (told->said.exit_status != 0 || number(told, "findings") != 0)
        fail_msg("exit %d\n%s\n%s", told->said.exit_status, told->said.out, told->said.err);
    assert_string_equal(json_string(told->row, "verdict"), "intact");
    assert_int_equal(number(told, "cuts"), strtol(times, NULL, 10));
    assert_int_equal(number(told, "struck"), number(told, "cuts"));
}

static void the_reference_loses_nothing(void **state)
{
    static const char *const subjects[] = {PARALLEL, SEQUENTIAL};
    for (int i = 0; i < 2; i++) {
        struct told told = lose_power(*state, subjects[i], "", cuts, "ordered");
        assert_intact(&told, cuts);
        assert_int_equal(number(&told, "lost"), 0);
        assert_true(number(&told, "acknowledged") > 0);
        assert_string_equal(json_string(told.row, "names"), "ordered");
        forget(&told);
    }
}

/* Its -wal is made durable with the file's own sync. */
static void nor_where_names_are_strict(void **state)
{
    struct told told = lose_power(*state, PARALLEL, "", cuts, "strict");
    assert_intact(&told, cuts);
    assert_int_equal(number(&told, "lost"), 0);
    assert_string_equal(json_string(told.row, "names"), "strict");
    forget(&told);
}

/* What durability normal allows is counted, and is no finding. */
static void what_normal_may_lose_is_told(void **state)
{
    static const char *const subjects[] = {PARALLEL, SEQUENTIAL};
    for (int i = 0; i < 2; i++) {
        struct told told =
            lose_power(*state, subjects[i], "\"durability\": \"normal\",", cuts, "ordered");
        assert_intact(&told, cuts);
        assert_true(number(&told, "lost") > 0);
        assert_true(number(&told, "lost_worst") > 0);
        assert_true(number(&told, "lost_worst") <= number(&told, "lost"));
        forget(&told);
    }
}

static int count_files(const char *folder, const char *below)
{
    char *path = text_format("%s/%s", folder, below);
    DIR *open = opendir(path);
    int count = 0;
    for (const struct dirent *entry; open && (entry = readdir(open));)
        count += entry->d_type == DT_REG;
    if (open)
        closedir(open);
    free(path);
    return count;
}

/* The folder of what a broken trial left: results/faults-XXXXXX/ARM-FAULT */
static void assert_evidence(const char *folder)
{
    char *results = text_format("%s/results", folder), *kept = NULL;
    DIR *open = opendir(results);
    assert_non_null(open);
    for (const struct dirent *entry; (entry = readdir(open));)
        if (!kept && strncmp(entry->d_name, "faults-", 7) == 0)
            kept = text_format("%s/%s/one-power-loss", results, entry->d_name);
    closedir(open);
    assert_non_null(kept);
    assert_true(count_files(kept, "disk-after-the-cut") > 0);
    assert_true(count_files(kept, "disk") > 0);
    assert_int_equal(count_files(kept, "store"), 0);
    free(results);
    free(kept);
}

/* All of them pass every run, and every other fault. */
static void who_does_not_sync_is_convicted(void **state)
{
    static const char *const lies[] = {"never-syncs", "asks-normal"};
    for (int i = 0; i < 2; i++) {
        char *subject = text_format("\"{liar}\", \"%s\", " PARALLEL, lies[i]);
        struct told told = lose_power(*state, subject, "", "10", "ordered");
        assert_int_equal(told.said.exit_status, 4);
        assert_string_equal(json_string(told.row, "verdict"), "broken");
        assert_string_equal(json_string(told.row, "severity"), "integrity");
        assert_true(number(&told, "cuts") <= 10);
        assert_true(number(&told, "lost") > 0);
        assert_said(told.said.out, "every-acknowledged-start-is-recorded");
        forget(&told);
        free(subject);
    }
    assert_evidence(*state);
}

/* It is what they hide behind that convicts them, not the go-between. */
static void the_liar_that_is_honest_is_not(void **state)
{
    struct told told = lose_power(*state, "\"{liar}\", \"honest\", " PARALLEL, "", "10", "ordered");
    assert_intact(&told, "10");
    forget(&told);
}

/* Its mounts are in a namespace of its own; that its processes are gone is asked after each
 * test. */
static void nothing_is_left_by_who_is_interrupted_or_killed(void **state)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGKILL};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        char *path = cli_scenario(*state, "power", PARALLEL, ""), *mounts = NULL;
        struct cli_running running = cli_start(*state, "faults", path, "--fault", "power-loss",
                                               "--times", "1000", "--prove", "nothing", NULL);
        struct cli_said said;
        size_t length;
        cli_await_child(&running, "spawnbench-powe");
        kill(running.process.pid, signals[i]);
        said = cli_end(&running);
        if (said.signal != signals[i] && said.exit_status != 128 + signals[i])
            fail_msg("signal %d: exit %d\n%s\n%s", signals[i], said.exit_status, said.out,
                     said.err);
        assert_int_equal(text_read_file(&mounts, &length, "/proc/self/mounts", 1 << 20, NULL), 0);
        assert_null(strstr(mounts, *state));
        cli_forget(&said);
        free(mounts);
        free(path);
    }
}

int main(int argc, char **argv)
{
#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, cli_folder, cli_folder_remove)
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(the_reference_loses_nothing),
        IN_A_FOLDER(nor_where_names_are_strict),
        IN_A_FOLDER(what_normal_may_lose_is_told),
        IN_A_FOLDER(who_does_not_sync_is_convicted),
        IN_A_FOLDER(the_liar_that_is_honest_is_not),
        IN_A_FOLDER(nothing_is_left_by_who_is_interrupted_or_killed),
    };
    if (argc > 1)
        cuts = argv[1];
    if (!mounted_can())
        return MOUNTED_SKIP;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
