/* Do the commands harm nothing of others, and tell what they are denied, in surroundings that
 * somebody made hostile or left half? */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/test_cli.h"

#define PARALLEL   "\"{reference}\", \"--mode\", \"parallel\""
#define MEASURED   "\"{reference}\", \"--mode\", \"parallel\", \"--metrics\", \"{metrics}\""
#define QUICK      "\"durability\": \"normal\","
#define AT_ONCE    40
#define MOST_BYTES ((size_t)1 << 20)

static char *content(const char *folder, const char *name)
{
    char *path = cli_path(folder, name), *data = NULL;
    size_t length = 0;
    if (text_read_file(&data, &length, path, MOST_BYTES, NULL) < 0)
        data = NULL;
    free(path);
    return data;
}

static void assert_content(const char *folder, const char *name, const char *wanted)
{
    char *data = content(folder, name);
    assert_non_null(data);
    assert_string_equal(data, wanted);
    free(data);
}

static void make_link(const char *folder, const char *name, const char *target)
{
    char *path = cli_path(folder, name), *slash = strrchr(path, '/');
    *slash = '\0';
    assert_int_equal(text_make_directories(path, NULL), 0);
    *slash = '/';
    assert_int_equal(symlink(target, path), 0);
    free(path);
}

/* Few cycles are measured: whether they support a claim is not asked here. */
static bool is_measured(int status)
{
    return status == 0 || status == 3;
}

static void measure(const char *folder, const char *subject)
{
    char *path = cli_scenario(folder, "small", subject, QUICK);
    struct cli_said said = cli_say(folder, "run", path, "-q", "--cycles", "3", NULL);
    if (!is_measured(said.exit_status))
        fail_msg("exit %d: %s", said.exit_status, said.err);
    cli_forget(&said);
    free(path);
}

/* ---- one results folder, many of us ---- */

/* The number of the first run comes again, with an old store in its folder. */
static void a_folder_of_an_older_run_is_left_alone(void **state)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    char *kept;
    measure(*state, PARALLEL);
    for (int i = 0; i < 3; i++) {
        char *path = text_format("%s/results/spawnbench.sqlite%s", (char *)*state, endings[i]);
        unlink(path);
        free(path);
    }
    kept = cli_write(*state, "results/runs/1.1/one.log", "of the older one");
    measure(*state, PARALLEL);
    assert_content(*state, "results/runs/1.1/one.log", "of the older one");
    free(kept);
}

/* Its agents are not ready until there is a file "go": it is sure to live until then. */
static char *held_back(const char *folder)
{
    char *text = text_format(
        "{\"name\": \"held\", \"about\": \"a test\", \"agents\": [{\"name\": \"a\", "
        "\"command\": [\"/bin/sh\", \"-c\", \"until test -e %s/go; do sleep 0.01; done\"], "
        "\"ready\": {\"by\": \"exit\"}}], \"arms\": [{\"name\": \"one\", \"subject\": [" PARALLEL
        "]}], \"cycles\": 20, \"warmup\": 2, \"deadline\": \"10m\"}",
        folder);
    char *path = cli_write(folder, "held.json", text);
    free(text);
    return path;
}

static void await_run(const char *folder)
{
    for (bool there = false; !there;) {
        struct cli_said said = cli_say(folder, "list", NULL);
        there = strstr(said.out, "partial") != NULL;
        cli_forget(&said);
    }
}

static void a_living_run_is_not_resumed(void **state)
{
    char *path = held_back(*state), *go, *says;
    struct cli_running running = cli_start(*state, "run", path, "-q", NULL);
    struct cli_said said;
    await_run(*state);
    said = cli_say(*state, "run", "--resume", NULL);
    assert_int_equal(said.exit_status, 5);
    says = text_format("run 1 is being measured by process %d", (int)running.process.pid);
    assert_said(said.err, says);
    assert_null(strstr(said.err, "kept as partial"));
    cli_forget(&said);
    go = cli_write(*state, "go", "");
    said = cli_end(&running);
    if (said.exit_status != 0)
        fail_msg("the living run suffered: exit %d, %s", said.exit_status, said.err);
    cli_forget(&said);
    said = cli_say(*state, "run", "--resume", NULL);
    assert_said(said.err, "no partial run");
    cli_forget(&said);
    free(says);
    free(go);
    free(path);
}

/* The first ones make the folder and the store, each at the same moment as the others. */
static void runs_at_once_are_all_stored(void **state)
{
    char *path = cli_scenario(*state, "small", PARALLEL, QUICK);
    struct cli_running running[AT_ONCE];
    struct cli_said said;
    size_t complete = 0;
    for (size_t i = 0; i < AT_ONCE; i++)
        running[i] = cli_start(*state, "run", path, "-q", "--cycles", "2", NULL);
    for (size_t i = 0; i < AT_ONCE; i++) {
        said = cli_end(&running[i]);
        if (!is_measured(said.exit_status))
            fail_msg("exit %d: %s", said.exit_status, said.err);
        cli_forget(&said);
    }
    said = cli_say(*state, "list", NULL);
    for (const char *at = said.out; (at = strstr(at, "complete")); at++)
        complete++;
    assert_int_equal(complete, AT_ONCE);
    cli_forget(&said);
    free(path);
}

/* ---- what is not ours ---- */

static void nothing_is_written_through_a_link(void **state)
{
    static const char *const links[] = {"reports/benchmarks.md", "reports/benchmarks.md.new",
                                        "reports/figures/small-distribution.svg",
                                        "reports/figures/small-distribution.svg.new",
                                        "reports/figures/small-distribution.dat.new"};
    char *victim = cli_write(*state, "victim", "mine"), *report;
    struct cli_said said;
    measure(*state, PARALLEL);
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
        make_link(*state, links[i], victim);
    said = cli_say(*state, "report", NULL);
    assert_int_equal(said.exit_status, 0);
    cli_forget(&said);
    assert_content(*state, "victim", "mine");
    report = content(*state, "reports/benchmarks.md");
    assert_said(report, "# Benchmarks: small");
    free(report);
    free(victim);
}

static void folders_that_are_links_are_refused(void **state)
{
    char *folder = cli_path(*state, "elsewhere"), *path;
    struct cli_said said;
    assert_int_equal(text_make_directories(folder, NULL), 0);
    measure(*state, PARALLEL);
    make_link(*state, "reports/figures", folder);
    said = cli_say(*state, "report", NULL);
    assert_int_equal(said.exit_status, 5);
    assert_said(said.err, "'reports/figures' is a symbolic link");
    cli_forget(&said);
    make_link(*state, "results/evidence", folder);
    path = cli_scenario(*state, "small", MEASURED, QUICK);
    said = cli_say(*state, "run", path, NULL);
    assert_int_equal(said.exit_status, 5);
    assert_said(said.err, "results/evidence' is a symbolic link");
    cli_forget(&said);
    make_link(*state, "other/runs", folder);
    said = cli_say(*state, "run", path, "--results", "other", NULL);
    assert_int_equal(said.exit_status, 5);
    cli_forget(&said);
    free(path);
    free(folder);
}

/* An empty file is a database, too: it would be filled. */
static void no_store_is_made_where_a_link_leads_to(void **state)
{
    char *victim = cli_write(*state, "victim", ""), *path;
    struct cli_said said;
    make_link(*state, "results/spawnbench.sqlite", victim);
    path = cli_scenario(*state, "small", PARALLEL, QUICK);
    said = cli_say(*state, "run", path, NULL);
    assert_int_equal(said.exit_status, 5);
    assert_content(*state, "victim", "");
    cli_forget(&said);
    assert_int_equal(unlink(victim), 0);
    said = cli_say(*state, "run", path, NULL);
    assert_int_equal(said.exit_status, 5);
    assert_int_equal(access(victim, F_OK), -1);
    cli_forget(&said);
    free(path);
    free(victim);
}

static void a_commit_is_hex_or_is_not_told(void **state)
{
    char *secret = cli_write(*state, "secret", "TOPSECRET\n"), *head, *report;
    struct cli_said said;
    make_link(*state, ".git/unused", "nowhere");
    head = cli_write(*state, ".git/HEAD", "ref: ../secret\n");
    measure(*state, PARALLEL);
    said = cli_say(*state, "report", NULL);
    assert_int_equal(said.exit_status, 0);
    cli_forget(&said);
    report = content(*state, "reports/benchmarks.md");
    assert_non_null(report);
    assert_null(strstr(report, "TOPSECRET"));
    free(report);
    free(head);
    free(secret);
}

static void change_store(const char *folder, const char *sql)
{
    char *path = cli_path(folder, "results/spawnbench.sqlite");
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(database));
    sqlite3_close(database);
    free(path);
}

static void assert_steers_nothing(const char *who, const char *text)
{
    for (const char *at = text; *at; at += text_utf8_length(at)) {
        assert_true(text_utf8_length(at) > 0);
        if (!strchr("\n\t", *at) && !text_plain_length(at))
            fail_msg("%s: byte %02x behind '%.20s'", who, (unsigned char)*at,
                     at - text > 20 ? at - 20 : text);
    }
}

/* C1 controls and marks that turn text around, in what a stranger's store and scenario say. */
static void words_of_strangers_steer_no_terminal(void **state)
{
    static const char *const commands[][4] = {{"list", NULL},
                                              {"list", "--json", NULL},
                                              {"show", NULL},
                                              {"show", "--json", NULL},
                                              {"history", NULL},
                                              {"history", "--json", NULL},
                                              {"report", NULL},
                                              {"baseline", "list", NULL},
                                              {"export", "-f", "json", NULL},
                                              {"export", "-f", "csv", NULL},
                                              {"export", "-f", "junit", NULL}};
    char *path, *report;
    struct cli_said said;
    path = cli_scenario(*state, "small", PARALLEL, QUICK " \"spec_id\": \"S\",");
    said = cli_say(*state, "run", path, "-q", "--cycles", "3", NULL);
    cli_forget(&said);
#define STRANGE "'x' || char(0x9b) || '31m' || char(0x202e) || 'y' || char(0x85, 0x2066, 0x200b)"
    change_store(*state, "DROP TRIGGER runs_keep_what_was_asked;"
                         "UPDATE runs SET version = " STRANGE ", note = " STRANGE
                         ", scenario_path = " STRANGE ", command = " STRANGE
                         ", scenario_text = replace(scenario_text, 'a test', " STRANGE ");"
                         "UPDATE verdicts SET reason = " STRANGE ";"
                         "INSERT INTO findings VALUES (NULL, 1, 1, 0, " STRANGE
                         ", 'integrity', " STRANGE ", " STRANGE ");"
                         "INSERT INTO documents (kind, name, run, made_wall_ns, text) VALUES"
                         " ('baseline', " STRANGE ", 0, 1, '{}'), ('proof', " STRANGE
                         ", 0, 1, '{\"a\":\"' || " STRANGE " || '\"}')");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        said = cli_say(*state, commands[i][0], commands[i][1],
                       commands[i][1] ? commands[i][2] : NULL, NULL);
        assert_steers_nothing(commands[i][0], said.out);
        assert_steers_nothing(commands[i][0], said.err);
        cli_forget(&said);
    }
    report = content(*state, "reports/benchmarks.md");
    assert_non_null(report);
    assert_steers_nothing("benchmarks.md", report);
    free(report);
    free(path);
}

/* ---- what is denied ---- */

/* A shell sets it up, then becomes spawnbench; its stdout is told, stderr in the file "err". */
static int shell(const char *folder, const char *prepare, const char *words)
{
    char *line = text_format("%s exec %s/spawnbench %s", prepare, BINARY_DIR, words);
    struct cli_running running =
        cli_start_words(folder, (const char *const[]){"/bin/sh", "-c", line, NULL});
    struct cli_said said = cli_end(&running);
    int status = said.signal ? -said.signal : said.exit_status;
    cli_forget(&said);
    free(line);
    return status;
}

static void closed_descriptors_are_no_files_of_ours(void **state)
{
    char *path = cli_scenario(*state, "small", PARALLEL, QUICK);
    measure(*state, PARALLEL);
    assert_true(is_measured(shell(*state, "exec <&- >&- 2>&-;", "run small.json -q --cycles 3")));
    assert_int_equal(shell(*state, "exec <&- >&- 2>&-;", "run small.json --cycles 3"), 5);
    assert_int_equal(shell(*state, "exec >&-;", "list"), 5);
    assert_int_equal(shell(*state, "exec >/dev/full;", "list --json"), 5);
    assert_int_equal(shell(*state, "exec >&- 2>err;", "--version"), 5);
    assert_content(*state, "err",
                   "spawnbench: --version: cannot write to stdout: Bad file "
                   "descriptor\n");
    assert_int_equal(shell(*state, "", "list"), 0); /* the store is whole */
    free(path);
}

static void limits_are_told_and_accuse_nobody(void **state)
{
    static const struct {
        const char *limit, *says;
    } cases[] = {{"ulimit -s 64;", "the stack is limited to 64.0 KiB here"},
                 {"ulimit -f 0;", ""}, /* nor can it be told: stderr is a file */
                 {"ulimit -f 100;", "the size of a file is limited to"},
                 {"ulimit -n 8;", ""}};
    char *path = cli_scenario(*state, "small", PARALLEL, QUICK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *prepare = text_format("exec 2>err; %s", cases[i].limit), *said;
        int status = shell(*state, prepare, "run small.json");
        if (status != 5)
            fail_msg("%s %d", cases[i].limit, status);
        said = content(*state, "err");
        assert_said(said, cases[i].says);
        free(said);
        free(prepare);
    }
    free(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_folder, cli_folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_folder_of_an_older_run_is_left_alone),
        TEST(a_living_run_is_not_resumed),
        TEST(runs_at_once_are_all_stored),
        TEST(nothing_is_written_through_a_link),
        TEST(folders_that_are_links_are_refused),
        TEST(no_store_is_made_where_a_link_leads_to),
        TEST(a_commit_is_hex_or_is_not_told),
        TEST(words_of_strangers_steer_no_terminal),
        TEST(closed_descriptors_are_no_files_of_ours),
        TEST(limits_are_told_and_accuse_nobody),
    };
    return cmocka_run_group_tests_name("surroundings", tests, NULL, NULL);
}
