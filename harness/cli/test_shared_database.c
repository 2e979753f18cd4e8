/* What do agents lose that share a database, and is it told who held its lock? The shipped
 * scenario, for real. */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/test_cli.h"

#define SCENARIO SOURCE_DIR "/scenarios/shared-database.json"

static int64_t ask(const char *folder, const char *name, const char *sql)
{
    char *path = cli_path(folder, name);
    sqlite3 *database = NULL;
    sqlite3_stmt *row = NULL;
    int64_t answer = -1;
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(database, sql, -1, &row, NULL) == SQLITE_OK &&
        sqlite3_step(row) == SQLITE_ROW)
        answer = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    sqlite3_close(database);
    free(path);
    return answer;
}

static int64_t ask_results(const char *folder, const char *sql)
{
    return ask(folder, "results/spawnbench.sqlite", sql);
}

/* An agent that said it was ready had saved three rows; who could not save had said so. */
static void what_was_saved_is_there(void **state)
{
    const char *folder = *state;
    struct cli_said said = cli_say(folder, "run", SCENARIO, "--cycles", "4", "--locks", NULL);
    int64_t careless, careful;
    if (said.exit_status != 0 && said.exit_status != 3 && said.exit_status != 1)
        fail_msg("exit status %d\n%s%s", said.exit_status, said.out, said.err);
    careless = ask_results(folder, "SELECT count(*) FROM agents JOIN cycles USING (run, cycle)"
                                   " WHERE arm = 0 AND agents.outcome = 'ready'");
    careful = ask_results(folder, "SELECT count(*) FROM agents JOIN cycles USING (run, cycle)"
                                  " WHERE arm = 1 AND agents.outcome = 'ready'");
    assert_int_equal(careful, 7 * 6);
    assert_int_equal(ask(folder, "results/runs/1.1/careful.db", "SELECT count(*) FROM sessions"),
                     7 * 6 * 3);
    if (careless) /* else even the table may be missing */
        assert_int_equal(ask(folder, "results/runs/1.1/careless.db",
                             "SELECT count(*) FROM (SELECT agent FROM sessions GROUP BY agent"
                             " HAVING count(*) = 3)"),
                         careless);
    assert_said(said.out, "locks    sampled: ");
    assert_said(said.out, "findings");
    cli_forget(&said);
}

static void locks_are_looked_at_only_where_that_was_asked_for(void **state)
{
    char *path = cli_scenario(*state, "plain", "\"{reference}\", \"--mode\", \"parallel\"", "");
    struct cli_said said = cli_say(*state, "run", path, "--cycles", "2", NULL);
    assert_null(strstr(said.out, "sampled"));
    cli_forget(&said);
    assert_int_equal(ask_results(*state, "SELECT count(*) FROM locks"), 0);
    said = cli_say(*state, "run", path, "--cycles", "2", "--locks", "--json", NULL);
    assert_said(said.out, "\"locks\":{\"cycles\":4,");
    cli_forget(&said);
    assert_true(ask_results(*state, "SELECT count(*) FROM locks WHERE database = ''") > 0);
    said = cli_say(*state, "report", NULL);
    assert_int_equal(said.exit_status, 0);
    cli_forget(&said);
    free(path);
}

/* Sizes of the subject's store are taken after each cycle, stored, and claimed. What is decided
 * depends on the machine's mood. */
static void sizes_of_the_store_are_metrics_of_each_cycle(void **state)
{
    static const char text[] =
        "{\"name\": \"sizes\", \"about\": \"a test\", \"agents\": [{\"name\": \"a\", \"command\": "
        "[\"{agent}\"], \"times\": 3}], \"arms\": [{\"name\": \"one\", \"subject\": "
        "[\"{reference}\", \"--mode\", \"parallel\"]}], \"cycles\": 8, \"claims\": ["
        "{\"id\": \"file\", \"arm\": \"one\", \"metric\": \"database_size\", "
        "\"statistic\": \"median\", \"at_least\": \"4KiB\"}, "
        "{\"id\": \"wal\", \"arm\": \"one\", \"metric\": \"wal_size\", "
        "\"statistic\": \"median\", \"at_most\": \"1B\"}]}";
    char *path = cli_write(*state, "sizes.json", text);
    struct cli_said said = cli_say(*state, "run", path, NULL);
    if (said.exit_status != 0 && said.exit_status != 1 && said.exit_status != 3)
        fail_msg("exit %d\n%s\n%s", said.exit_status, said.out, said.err);
    assert_said(said.out, "file: median database_size of one is at least 4 KiB");
    assert_said(said.out, "wal: median wal_size of one is at most 1 B");
    assert_int_equal(ask_results(*state, "SELECT count(*) FROM cycles WHERE database_bytes >= 4096"
                                         " AND database_bytes % 4096 = 0 AND wal_bytes > 0"),
                     ask_results(*state, "SELECT count(*) FROM cycles"));
    cli_forget(&said);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_saved_is_there, cli_folder, cli_folder_remove),
        cmocka_unit_test_setup_teardown(locks_are_looked_at_only_where_that_was_asked_for,
                                        cli_folder, cli_folder_remove),
        cmocka_unit_test_setup_teardown(sizes_of_the_store_are_metrics_of_each_cycle, cli_folder,
                                        cli_folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
