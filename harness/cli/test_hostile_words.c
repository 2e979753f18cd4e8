/* Do the commands come back from databases that were made to keep them? */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/test_cli.h"

#define ENDLESS "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT "

/* A database made of this SQL; the caller frees the path. */
static char *make(const char *folder, const char *name, const char *sql)
{
    char *path = cli_path(folder, name);
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s in: %s", sqlite3_errmsg(database), sql);
    sqlite3_close(database);
    return path;
}

/* Whoever asks for a run gets an endless answer, and what is kept beside the runs as well. */
static const char endless_results[] =
    "PRAGMA application_id = 0x73706e62; PRAGMA user_version = 4;"
    "CREATE VIEW runs AS " ENDLESS
    "i AS id, 'x' AS scenario_name, 'x' AS scenario_path, '{}' AS scenario_text, '{}' AS"
    " options_json, '{}' AS environment_json, 'x' AS command, 'x' AS version, 'partial' AS state,"
    " '' AS note, 1 AS seed, 1 AS started_wall_ns, 1 AS ended_wall_ns, 1 AS sittings, 1 AS planned"
    " FROM n; CREATE TABLE cycles (run);"
    "CREATE VIEW documents AS " ENDLESS
    "i AS id, 'proof' AS kind, 'x' AS name, 1 AS run, 1 AS made_wall_ns, '{}' AS text FROM n";

static void an_endless_results_store_is_refused(void **state)
{
    static const char *const commands[] = {"list", "show", "report"};
    char *path = make(*state, "spawnbench.sqlite", endless_results);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        struct cli_said said = cli_say(*state, commands[i], "--results", *state, NULL);
        assert_int_equal(said.exit_status, 5);
        assert_said(said.err, "2 views or virtual tables");
        cli_forget(&said);
    }
    free(path);
}

static void nor_is_it_written_to(void **state)
{
    char *path = make(*state, "spawnbench.sqlite", endless_results);
    char *scenario = cli_scenario(*state, "small", "\"{null}\"", "");
    struct cli_said said = cli_say(*state, "run", "--results", *state, scenario, NULL);
    assert_int_equal(said.exit_status, 5);
    assert_said(said.err, "2 views or virtual tables");
    cli_forget(&said);
    free(scenario);
    free(path);
}

/* The words of a run neither steer a terminal nor spoil a document. */
static void a_list_of_strangers_runs_can_be_read(void **state)
{
    char *scenario = cli_scenario(*state, "small", "\"{null}\"", "");
    struct cli_said said =
        cli_say(*state, "run", "--cycles", "5", "--results", *state, scenario, NULL);
    char *path;
    cli_forget(&said);
    path = make(*state, "spawnbench.sqlite",
                "UPDATE runs SET note = CAST(x'1b5b324aff0a' AS TEXT),"
                " scenario_name = CAST(x'1b5d303b78' AS TEXT)");
    said = cli_say(*state, "list", "--results", *state, NULL);
    assert_int_equal(said.exit_status, 0);
    assert_said(said.out, "?[2J??");
    assert_null(strchr(said.out, '\x1b'));
    cli_forget(&said);
    said = cli_say(*state, "list", "--json", "--results", *state, NULL);
    assert_said(said.out, "?]0;x");
    cli_forget(&said);
    free(path);
    free(scenario);
}

/* SQLite would play it back, and in the end delete a file that is named in it. */
static void a_journal_of_strangers_is_not_played_back(void **state)
{
    char *path = make(*state, "spawnbench.sqlite",
                      "PRAGMA application_id = 0x73706e62;"
                      "PRAGMA user_version = 4; CREATE TABLE runs (x)");
    char *journal = cli_write(*state, "spawnbench.sqlite-journal", "anything");
    struct cli_said said = cli_say(*state, "list", "--results", *state, NULL);
    assert_int_equal(said.exit_status, 5);
    assert_said(said.err, "spawnbench.sqlite-journal' lies beside it");
    assert_int_equal(access(journal, F_OK), 0);
    cli_forget(&said);
    free(journal);
    free(path);
}

static void an_endless_store_is_found_broken(void **state)
{
    char *path =
        make(*state, "store.sqlite",
             "PRAGMA application_id = 0x73706e77; PRAGMA user_version = 1;"
             "CREATE VIEW agent_executions AS " ENDLESS "i AS run, i AS id, i AS state FROM n;"
             "CREATE TABLE agent_outputs (x); CREATE TABLE consensus_runs (x)");
    struct cli_said said = cli_say(*state, "audit", path, NULL);
    assert_int_equal(said.exit_status, 4);
    assert_said(said.out, "table 'agent_executions' is missing");
    cli_forget(&said);
    free(path);
}

/* Its text would break the JSON document, and steer a terminal. */
static void words_of_a_store_stay_words(void **state)
{
    char *path = make(*state, "store.sqlite",
                      "CREATE TABLE \"a\x1b[2J\n\" (x REFERENCES \"b\xff\" (y));"
                      "INSERT INTO \"a\x1b[2J\n\" VALUES (1)");
    struct cli_said said = cli_say(*state, "audit", path, NULL);
    assert_int_equal(said.exit_status, 4);
    assert_null(strchr(said.out, '\x1b'));
    assert_said(said.out, "foreign-keys-hold");
    cli_forget(&said);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_endless_results_store_is_refused, cli_folder,
                                        cli_folder_remove),
        cmocka_unit_test_setup_teardown(nor_is_it_written_to, cli_folder, cli_folder_remove),
        cmocka_unit_test_setup_teardown(a_list_of_strangers_runs_can_be_read, cli_folder,
                                        cli_folder_remove),
        cmocka_unit_test_setup_teardown(a_journal_of_strangers_is_not_played_back, cli_folder,
                                        cli_folder_remove),
        cmocka_unit_test_setup_teardown(an_endless_store_is_found_broken, cli_folder,
                                        cli_folder_remove),
        cmocka_unit_test_setup_teardown(words_of_a_store_stay_words, cli_folder, cli_folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
