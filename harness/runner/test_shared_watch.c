/* What does a run find out about the databases that its agents share? Real agents: this program, as
 * an agent that does to the database what its arguments say for the cycle that it is in. */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "cli/test_cli.h"
#include "results/shared.h"
#include "runner/runner.h"

/* ---- the agent ---- */

static int run_sql(const char *path, const char *sql)
{
    sqlite3 *database = NULL;
    int rc = sqlite3_open(path, &database);
    sqlite3_busy_timeout(database, 10000);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(database, sql, NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(database));
    sqlite3_close(database);
    return rc == SQLITE_OK ? 0 : 1;
}

/* All rows in another file of the same name */
static int replace_whole(const char *path)
{
    char *other = text_format("%s.new", path), *sql = text_format("VACUUM INTO '%s'", other);
    int rc = run_sql(path, sql) || rename(other, path);
    free(other);
    free(sql);
    return rc;
}

static int write_bytes(const char *path, off_t at)
{
    static const char garbage[] = "garbage garbage garbage garbage garbage garbage garbage garbage";
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int rc = fd < 0 || pwrite(fd, garbage, sizeof garbage, at) < 0;
    if (fd >= 0)
        close(fd);
    return rc;
}

/* As many bytes as it has, without a pattern. */
static int write_noise(const char *path)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC), rc = fd < 0;
    off_t bytes = rc ? 0 : lseek(fd, 0, SEEK_END);
    uint64_t state = 7;
    for (off_t at = 0; at < bytes && rc == 0; at += (off_t)sizeof state) {
        uint64_t mixed;
        state += 0x9e3779b97f4a7c15u; /* splitmix64 */
        mixed = (state ^ state >> 30) * 0xbf58476d1ce4e5b9u;
        mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
        mixed ^= mixed >> 31;
        rc = pwrite(fd, &mixed, sizeof mixed, at) != (ssize_t)sizeof mixed;
    }
    if (fd >= 0)
        close(fd);
    return rc;
}

static int one_act(const char *path, const char *act)
{
    if (strcmp(act, "remove") == 0)
        return unlink(path);
    if (strcmp(act, "replace") == 0)
        return replace_whole(path);
    if (strcmp(act, "empty") == 0)
        return truncate(path, 0);
    if (strcmp(act, "damage") == 0)
        return write_bytes(path, 4096); /* the first page of the first table */
    if (strcmp(act, "behead") == 0)
        return write_bytes(path, 0);
    if (strcmp(act, "drown") == 0)
        return write_noise(path);
    if (strcmp(act, "at home") == 0) /* a fresh one */
        return strncmp(path, getenv("HOME"), strlen(getenv("HOME"))) != 0 ||
               access(path, F_OK) == 0;
    return run_sql(path, act);
}

/* agent DATABASE CYCLE ACT CYCLE ACT ...; CYCLE: a number, or * for each */
static int be_agent(int count, char *words[])
{
    long cycle = strtol(getenv("SPAWNBENCH_AGENT"), NULL, 10);
    int rc = 0;
    for (int i = 1; i + 1 < count && rc == 0; i += 2)
        if (words[i][0] == '*' || strtol(words[i], NULL, 10) == cycle)
            rc = one_act(words[0], words[i + 1]);
    puts("done");
    return rc;
}

/* ---- the run ---- */

struct fixture {
    char *folder, *results, *database;
    struct scenario scenario;
    struct runner_outcome outcome;
    struct results *store;
    struct results_shared *shared;
    size_t count;
    struct text findings; /* "RULE: TEXT\n" */
    struct text claim;    /* its reason */
};

static int set_up(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    void *folder = NULL;
    if (cli_folder(&folder) < 0)
        return -1;
    fixture->folder = folder;
    fixture->results = cli_path(folder, "results");
    fixture->database = cli_path(folder, "shared.db");
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    void *folder = fixture->folder;
    results_shared_release(fixture->shared, fixture->count);
    results_close(fixture->store);
    scenario_release(&fixture->scenario);
    text_release(&fixture->findings);
    text_release(&fixture->claim);
    free(fixture->results);
    free(fixture->database);
    free(fixture);
    return cli_folder_remove(&folder);
}

static int take_finding(void *context, const struct results_finding *finding)
{
    struct fixture *fixture = context;
    assert_int_equal(finding->cycle, -1);
    assert_int_equal(finding->arm, 0);
    text_addf(&fixture->findings, "%s: %s\n", finding->rule, finding->text);
    return 0;
}

static int take_verdict(void *context, const struct results_verdict *verdict)
{
    struct fixture *fixture = context;
    text_addf(&fixture->claim, "%s: %s\n", verdict->word, verdict->reason);
    return 0;
}

/* agent: more of its JSON; acts: its arguments behind the database, as JSON */
static void run(struct fixture *fixture, int cycles, const char *databases, const char *agent,
                const char *path, const char *acts)
{
    char program[4096] = "";
    char *text;
    struct runner_options options = {.scenario = &fixture->scenario,
                                     .results = fixture->results,
                                     .path = "shared.json",
                                     .command = "a test",
                                     .seed = 7};
    struct err err = {0};
    assert_true(readlink("/proc/self/exe", program, sizeof program - 1) > 0);
    text =
        text_format("{\"name\": \"shared\", \"agents\": [{\"name\": \"a\", \"command\": [\"%s\","
                    " \"agent\", \"%s\"%s], \"ready\": {\"by\": \"exit\"}, \"witness\": "
                    "\"none\"%s}],\n"
                    "\"arms\": [{\"name\": \"one\", \"subject\": [\"" BINARY_DIR "/spawnref\"]}],\n"
                    "\"cycles\": %d, \"warmup\": 0, \"deadline\": \"20s\", \"databases\": [%s],\n"
                    "\"claims\": [{\"id\": \"i\", \"corruption\": \"none\", \"below\": \"90%%\"}]}",
                    program, path, acts, agent, cycles, databases);
    if (scenario_parse(&fixture->scenario, text, strlen(text), &err) < 0 ||
        runner_go(&fixture->outcome, &options, &err) < 0 ||
        results_open_in(&fixture->store, fixture->results, RESULTS_READ, &err) < 0 ||
        results_shared_load(&fixture->shared, &fixture->count, fixture->store, 1, &err) < 0)
        fail_msg("%s", err.text);
    text_add(&fixture->findings, "");
    text_add(&fixture->claim, "");
    assert_int_equal(results_each_finding(fixture->store, 1, take_finding, fixture, &err), 0);
    assert_int_equal(results_each_verdict(fixture->store, 1, take_verdict, fixture, &err), 0);
    free(text);
}

/* The same, of the one database in the fixture's folder. */
static const struct results_shared *run_one(struct fixture *fixture, int cycles, const char *acts)
{
    char *databases = text_format("\"%s\"", fixture->database);
    run(fixture, cycles, databases, "", fixture->database, acts);
    free(databases);
    assert_int_equal(fixture->count, 1);
    return &fixture->shared[0];
}

#define MAKE   "CREATE TABLE IF NOT EXISTS t (a); INSERT INTO t VALUES (1), (2)"
#define INSERT ", \"*\", \"" MAKE "\""

static void rows_and_sizes_are_told_before_and_after(void **state)
{
    struct fixture *fixture = *state;
    const struct results_shared *shared;
    assert_int_equal(run_sql(fixture->database, MAKE "; CREATE TABLE other (b)"), 0);
    shared = run_one(fixture, 3, INSERT);
    assert_string_equal(fixture->findings.data, "");
    assert_string_equal(shared->name, fixture->database);
    assert_int_equal(shared->rows_before, 2);
    assert_int_equal(shared->rows_after, 8);
    assert_int_equal(shared->table_count, 2);
    assert_string_equal(shared->tables[0].name, "other");
    assert_int_equal(shared->tables[0].after, 0);
    assert_string_equal(shared->tables[1].name, "t");
    assert_int_equal(shared->tables[1].before, 2);
    assert_int_equal(shared->tables[1].after, 8);
    assert_int_equal(shared->bytes_before, 12288);
    assert_true(shared->looks >= 4); /* before, after the first and the last cycle, at the end */
    assert_int_equal(shared->held, shared->looks);
    assert_string_equal(shared->told, ""); /* each cycle added as many rows */
}

static void what_is_removed_is_lost_though_nobody_looked_into_it_lately(void **state)
{
    struct fixture *fixture = *state;
    const struct results_shared *shared = run_one(fixture, 8, INSERT ", \"5\", \"remove\"");
    assert_said(fixture->findings.data,
                "shared-databases-keep-their-rows: database '/tmp/spawnbench-test-");
    assert_said(fixture->findings.data,
                "after cycle 5 (arm one): it is gone, and with it 12 rows of 1 tables\n");
    assert_said(fixture->claim.data, "refuted: 1 integrity findings of the run as a whole");
    assert_int_equal(fixture->outcome.code, 4);
    assert_true(shared->lost && shared->charged && !shared->broken);
}

static void what_is_made_anew_in_one_cycle_is_lost(void **state)
{
    struct fixture *fixture = *state;
    const struct results_shared *shared = run_one(fixture, 8, ", \"5\", \"remove\"" INSERT);
    assert_said(fixture->findings.data, "after cycle 5 (arm one): it was replaced by another file: "
                                        "2 rows of t where 10 were\n");
    assert_int_equal(shared->rows_after, 6);
    assert_true(shared->lost && shared->charged);
    assert_int_equal(fixture->outcome.code, 4);
}

static void what_is_emptied_is_lost(void **state)
{
    struct fixture *fixture = *state;
    run_one(fixture, 3, INSERT ", \"2\", \"empty\"");
    assert_said(fixture->findings.data, "after cycle 2 (arm one): it was emptied, and with it ");
}

static void another_file_with_all_rows_is_told_and_no_finding(void **state)
{
    struct fixture *fixture = *state;
    const struct results_shared *shared = run_one(fixture, 8, INSERT ", \"5\", \"replace\"");
    assert_string_equal(fixture->findings.data, "");
    assert_said(shared->told, "after cycle 5 (arm one): it was replaced by another file: it has no "
                              "fewer rows");
    assert_int_equal(shared->rows_after, 16);
}

static void rows_deleted_are_told_and_no_finding(void **state)
{
    struct fixture *fixture = *state;
    const struct results_shared *shared = run_one(fixture, 2, INSERT ", \"1\", \"DELETE FROM t\"");
    assert_string_equal(fixture->findings.data, "");
    assert_said(shared->told, "0 rows of t where 2 were (deleted, or lost)");
    assert_said(fixture->claim.data, "inconclusive"); /* nobody attests that agents were started */
}

static void cycles_that_add_unequal_numbers_of_rows_are_told(void **state)
{
    struct fixture *fixture = *state;
    /* the last two cycles: the one before the last is looked into only as the budget allows */
    const struct results_shared *shared =
        run_one(fixture, 2, INSERT ", \"1\", \"INSERT INTO t VALUES (3)\"");
    assert_string_equal(fixture->findings.data, "");
    assert_string_equal(shared->told, "rows of t per cycle: +2 in 1 (cycle 0), +3 in 1 (cycle 1)");
}

/* Names of strangers: two that look alike, and one that needs quotes. */
static void tables_may_have_any_name(void **state)
{
    struct fixture *fixture = *state;
    const struct results_shared *shared =
        run_one(fixture, 2,
                ", \"*\", \"CREATE TABLE IF NOT EXISTS [a\\u0001] (x); CREATE TABLE IF NOT EXISTS "
                "[a\\u0002] (x); CREATE TABLE IF NOT EXISTS [b'\\\"b] (x); INSERT INTO [b'\\\"b] "
                "VALUES (1)\"");
    assert_string_equal(fixture->findings.data, "");
    assert_int_equal(shared->table_count, 2);
    assert_string_equal(shared->tables[0].name, "a?");
    assert_string_equal(shared->tables[1].name, "b'\"b");
    assert_int_equal(shared->tables[1].after, 2);
}

/* One full-text index needs a tokenizer of the application's; the rest is sound. */
static void what_needs_the_application_does_not_hide_the_rest(void **state)
{
    struct fixture *fixture = *state;
    const struct results_shared *shared;
    assert_int_equal(run_sql(fixture->database, MAKE "; CREATE VIRTUAL TABLE v USING fts5(a)"), 0);
    assert_int_equal(run_sql(fixture->database,
                             "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = 'CREATE "
                             "VIRTUAL TABLE v USING fts5(a, tokenize = ours)' WHERE name = 'v'"),
                     0);
    shared = run_one(fixture, 1, "");
    assert_string_equal(fixture->findings.data, "");
    assert_true(shared->looks > 0);
    assert_int_equal(shared->held, shared->looks);
    assert_false(shared->unread);
}

static void damage_is_charged_to_the_run_in_which_it_came(void **state)
{
    struct fixture *fixture = *state;
    const struct results_shared *shared = run_one(fixture, 2, INSERT ", \"1\", \"damage\"");
    assert_said(fixture->findings.data, "integrity-check-is-ok: database '");
    assert_said(fixture->findings.data, "' that agents share, after cycle 1 (arm one): ");
    assert_true(shared->charged);
    assert_int_equal(fixture->outcome.code, 4);
}

static void a_head_that_is_gone_is_damage(void **state)
{
    struct fixture *fixture = *state;
    const struct results_shared *shared = run_one(fixture, 2, INSERT ", \"1\", \"behead\"");
    assert_true(shared->charged);
    assert_said(fixture->findings.data, "after cycle 1 (arm one): ");
}

/* Of a file that nobody could read before it would be "encrypted". */
static void noise_in_place_of_a_database_is_damage(void **state)
{
    struct fixture *fixture = *state;
    const struct results_shared *shared = run_one(fixture, 2, INSERT ", \"1\", \"drown\"");
    assert_true(shared->charged);
    assert_said(fixture->findings.data, "after cycle 1 (arm one): ");
    assert_int_equal(fixture->outcome.code, 4);
}

static void damage_of_before_is_charged_to_nobody(void **state)
{
    struct fixture *fixture = *state;
    const struct results_shared *shared;
    assert_int_equal(run_sql(fixture->database, MAKE), 0);
    assert_int_equal(one_act(fixture->database, "damage"), 0);
    shared = run_one(fixture, 2, "");
    assert_string_equal(fixture->findings.data, "");
    assert_true(shared->before);
    assert_false(shared->charged);
    assert_int_not_equal(fixture->outcome.code, 4);
    assert_said(fixture->claim.data, "shared.db' was already broken before the run");
}

/* Who has it, has it alone: nothing can be read. */
static pid_t hold_alone(const char *path)
{
    int ready[2];
    char word;
    pid_t pid;
    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        sqlite3 *database = NULL;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (sqlite3_open(path, &database) == SQLITE_OK &&
            sqlite3_exec(database, "PRAGMA locking_mode = EXCLUSIVE; " MAKE, NULL, NULL, NULL) ==
                SQLITE_OK &&
            write(ready[1], "r", 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(ready[0], &word, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void what_somebody_holds_alone_is_not_checked(void **state)
{
    struct fixture *fixture = *state;
    pid_t holder = hold_alone(fixture->database);
    char *databases = text_format("\"%s\"", fixture->database);
    char *other = cli_path(fixture->folder, "other.db");
    run(fixture, 2, databases, "", other, INSERT);
    kill(holder, SIGKILL);
    assert_int_equal(waitpid(holder, NULL, 0), holder);
    assert_int_equal(fixture->count, 1);
    assert_string_equal(fixture->findings.data, "");
    assert_true(fixture->shared[0].unread);
    assert_said(fixture->claim.data, "shared.db' was not checked: ");
    free(databases);
    free(other);
}

static void what_no_pattern_found_is_said(void **state)
{
    struct fixture *fixture = *state;
    char *databases = text_format("\"%s/*.sqlite\"", fixture->folder);
    run(fixture, 1, databases, "", fixture->database, INSERT);
    assert_int_equal(fixture->count, 1);
    assert_true(fixture->shared[0].unmatched);
    assert_string_equal(fixture->shared[0].why, "no such file was ever there");
    assert_said(fixture->claim.data, "/*.sqlite' was not checked: no such file was ever there");
    free(databases);
}

/* Each agent makes its own anew; the folder is gone with its cycle. */
static void databases_in_a_fresh_home_are_one_for_each_agent(void **state)
{
    struct fixture *fixture = *state;
    char *pattern = text_format("%s/runs/1.1/homes/*", fixture->results);
    run(fixture, 2, "\"~/*.db\"", ", \"fresh_home\": true, \"times\": 3", "{home}/own.db",
        ", \"*\", \"at home\"" INSERT);
    assert_string_equal(fixture->findings.data, "");
    assert_int_equal(fixture->count, 1);
    assert_string_equal(fixture->shared[0].name, "{home}/own.db");
    assert_int_equal(fixture->shared[0].files, 3);
    assert_int_equal(fixture->shared[0].rows_after, 6);
    assert_string_equal(fixture->shared[0].told, "");
    assert_int_equal(fixture->shared[0].held, 2);
    assert_int_not_equal(access(pattern, F_OK), 0);
    free(pattern);
}

/* The stores of the run are audited as such: closing a descriptor of them would drop our locks. */
static void stores_of_the_run_are_left_alone(void **state)
{
    struct fixture *fixture = *state;
    run(fixture, 2, "\"{folder}/*.sqlite\"", "", fixture->database, INSERT);
    assert_int_equal(fixture->count, 1);
    assert_true(fixture->shared[0].unmatched);
}

int main(int count, char *words[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_and_sizes_are_told_before_and_after, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_removed_is_lost_though_nobody_looked_into_it_lately,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_made_anew_in_one_cycle_is_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_emptied_is_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_file_with_all_rows_is_told_and_no_finding, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(rows_deleted_are_told_and_no_finding, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cycles_that_add_unequal_numbers_of_rows_are_told, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(tables_may_have_any_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_needs_the_application_does_not_hide_the_rest, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(damage_is_charged_to_the_run_in_which_it_came, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_head_that_is_gone_is_damage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(noise_in_place_of_a_database_is_damage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damage_of_before_is_charged_to_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_somebody_holds_alone_is_not_checked, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_no_pattern_found_is_said, set_up, tear_down),
        cmocka_unit_test_setup_teardown(databases_in_a_fresh_home_are_one_for_each_agent, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(stores_of_the_run_are_left_alone, set_up, tear_down),
    };
    if (count > 2 && strcmp(words[1], "agent") == 0)
        return be_agent(count - 2, words + 2);
    return cmocka_run_group_tests_name("runner/shared_watch", tests, NULL, NULL);
}
