/* Does spawnbench export write what was measured, whole or not at all, in little memory? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <limits.h>
#include <sqlite3.h>

#include "cli/test_cli.h"

#define PARALLEL "\"{reference}\", \"--mode\", \"parallel\""

/* A small real run in the folder: its number is 1. */
static void measure(const char *folder, const char *subject)
{
    char *path = cli_scenario(folder, "small", subject, "\"durability\": \"normal\",");
    struct cli_said said = cli_say(folder, "run", path, "--quiet", NULL);
    if (said.exit_status != 0)
        fail_msg("exit %d\n%s", said.exit_status, said.err);
    cli_forget(&said);
    free(path);
}

static char *content(const char *folder, const char *name)
{
    char *path = cli_path(folder, name), *data = NULL;
    size_t length;
    if (text_read_file(&data, &length, path, 64 << 20, NULL) < 0)
        data = NULL;
    free(path);
    return data;
}

static void every_format_is_written(void **state)
{
    static const struct {
        const char *format, *holds;
    } cases[] = {
        {"json", "\"schema\":\"spawnbench.run.v1\""},
        {"csv", "\n1,small,one,3,"},
        {"csv-agents", ",a,0.0,ready,"},
        {"hyperfine", "\"command\":\"small/one/agents=3\""},
        {"google-benchmark", "\"name\":\"small/one/agents:3\""},
        {"benchfmt", "\nBenchmarkSpawn/arm=one/agents=3 1 "},
        {"bmf", "\"small/one/agents=3\":"},
        {"github-action-benchmark", "\"small/one/agents=3 spawn_time p50\""},
        {"junit", "<testsuite name=\"small\""},
        {"openmetrics", "\n# EOF\n"},
        {"trace", "\"main -> own ready\""},
    };
    measure(*state, PARALLEL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cli_said named =
            cli_say(*state, "export", "small", "--format", cases[i].format, NULL);
        struct cli_said filed = cli_say(*state, "export", "-f", cases[i].format, "-o", "out", NULL);
        char *file = content(*state, "out");
        assert_int_equal(named.exit_status, 0);
        assert_int_equal(filed.exit_status, 0);
        assert_said(named.out, cases[i].holds);
        assert_string_equal(named.err, "");
        assert_string_equal(filed.out, "");
        assert_string_equal(file, named.out);
        free(file);
        cli_forget(&named);
        cli_forget(&filed);
    }
}

static void refusals_are_told(void **state)
{
    static const struct {
        const char *words[3];
        int exit_status;
        const char *says;
    } cases[] = {
        {{"1", "--format", "hyperfien"}, 2, "did you mean 'hyperfine'?"},
        {{"1", "--format", "xyzzy"}, 2, "there are: json, csv"},
        {{"1", NULL, NULL}, 2, "say which format"},
        {{"1", "2", "--format=csv"}, 2, "one run at a time"},
        {{"99", "--format", "csv"}, 5, "no run '99'"},
        {{"1", "--format=csv", "--output=no/such/folder"}, 5, "cannot write 'no/such/folder'"},
        {{"1", "--format=csv", "--results=none"}, 5, "none/spawnbench.sqlite"},
    };
    measure(*state, "\"{null}\"");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cli_said said = cli_say(*state, "export", cases[i].words[0], cases[i].words[1],
                                       cases[i].words[2], NULL);
        if (said.exit_status != cases[i].exit_status)
            fail_msg("exit %d: %s", said.exit_status, said.err);
        assert_said(said.err, cases[i].says);
        assert_string_equal(said.out, "");
        cli_forget(&said);
    }
}

static void assert_fresh_files_are_gone(const char *folder)
{
    DIR *files = opendir(folder);
    assert_non_null(files);
    for (struct dirent *entry; (entry = readdir(files));)
        assert_null(strstr(entry->d_name, ".new"));
    closedir(files);
}

/* the old file stays as it was, and nothing is left beside it */
static void a_file_is_replaced_whole_or_not_at_all(void **state)
{
    char *old = cli_write(*state, "kept", "old\n"), *text, *beside;
    struct cli_said said = cli_say(*state, "export", "-f", "csv", "-o", "kept", NULL);
    assert_int_equal(said.exit_status, 5); /* nothing is stored yet */
    cli_forget(&said);
    text = content(*state, "kept");
    assert_string_equal(text, "old\n");
    free(text);
    measure(*state, "\"{null}\"");
    beside = cli_path(*state, "link");
    assert_int_equal(symlink("kept", beside), 0);
    said = cli_say(*state, "export", "-f", "csv", "-o", "link", NULL);
    assert_int_equal(said.exit_status, 0);
    cli_forget(&said);
    text = content(*state, "link");
    assert_said(text, "run_number,scenario");
    free(text);
    text = content(*state, "kept"); /* where the link pointed to */
    assert_string_equal(text, "old\n");
    free(text);
    assert_fresh_files_are_gone(*state);
    free(beside);
    free(old);
}

static void a_full_disk_is_told(void **state)
{
    struct cli_said said;
    struct stat about;
    measure(*state, "\"{null}\"");
    said = cli_say(*state, "export", "-f", "csv", "-o", "/dev/full", NULL);
    assert_int_equal(said.exit_status, 5);
    assert_said(said.err, "No space left on device");
    cli_forget(&said);
    assert_int_equal(stat("/dev/full", &about), 0); /* and it is still what it was */
    assert_true(S_ISCHR(about.st_mode));
}

/* ---- memory ---- */

/* AddressSanitizer keeps freed memory back, so that only the plain build can be held to a limit. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { COPIES = 50, MOST_KIB = INT_MAX, MOST_MORE_KIB = INT_MAX };
#else
enum { COPIES = 1000, MOST_KIB = 49152, MOST_MORE_KIB = 2048 };
#endif

static void sql(sqlite3 *db, const char *statement)
{
    char *error = NULL;
    if (sqlite3_exec(db, statement, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s: %s", statement, error);
}

/* The counted cycles once more and once more: 20 COPIES of 3 agents. */
static void multiply(const char *folder)
{
    char *path = cli_path(folder, "results/spawnbench.sqlite");
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sql(db, "BEGIN");
    sql(db, "CREATE TEMP TABLE more_cycles AS SELECT * FROM cycles WHERE NOT warmup");
    sql(db, "CREATE TEMP TABLE more_agents AS SELECT * FROM agents WHERE cycle IN"
            " (SELECT cycle FROM more_cycles)");
    for (int i = 1; i < COPIES; i++) {
        sql(db, "UPDATE more_cycles SET cycle = cycle + 20, pair = pair + 20, block = block + 4");
        sql(db, "UPDATE more_agents SET cycle = cycle + 20");
        sql(db, "INSERT INTO cycles SELECT * FROM more_cycles");
        sql(db, "INSERT INTO agents SELECT * FROM more_agents");
    }
    sql(db, "COMMIT");
    sqlite3_close(db);
    free(path);
}

/* Peak resident set of one export, KiB. The output goes nowhere. */
static long peak_of(const char *folder, const char *format)
{
    char *program = text_format("%s/spawnbench", BINARY_DIR);
    const char *const argv[] = {program, "export", "-f", format, "-o", "/dev/null", NULL};
    struct process process;
    struct process_exit ended = {0};
    struct err err = {0};
    if (process_start(&process, argv, NULL, folder, -1, &err) < 0)
        fail_msg("%s", err.text);
    while (!process_wait(&process, clock_now_ns() + CLOCK_NS_PER_S, &ended))
        ;
    assert_int_equal(ended.status, 0);
    free(program);
    return ended.usage.ru_maxrss;
}

/* A format that kept what it writes would need 29 MiB (trace) more. */
static void memory_does_not_grow_with_what_is_written(void **state)
{
    static const char *const formats[] = {"csv",   "csv-agents", "hyperfine",  "google-benchmark",
                                          "trace", "benchfmt",   "openmetrics"};
    long bmf_kib;
    measure(*state, "\"{null}\"");
    multiply(*state);
    bmf_kib = peak_of(*state, "bmf"); /* it writes next to nothing */
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        long kib = peak_of(*state, formats[i]);
        printf("%s: %ld KiB, bmf: %ld KiB\n", formats[i], kib, bmf_kib);
        assert_true(kib < MOST_KIB);
        assert_true(kib - bmf_kib < MOST_MORE_KIB);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_format_is_written, cli_folder, cli_folder_remove),
        cmocka_unit_test_setup_teardown(refusals_are_told, cli_folder, cli_folder_remove),
        cmocka_unit_test_setup_teardown(a_file_is_replaced_whole_or_not_at_all, cli_folder,
                                        cli_folder_remove),
        cmocka_unit_test_setup_teardown(a_full_disk_is_told, cli_folder, cli_folder_remove),
        cmocka_unit_test_setup_teardown(memory_does_not_grow_with_what_is_written, cli_folder,
                                        cli_folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
