/* Are agents whose spawner is gone told as interrupted, and all others left alone? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <ftw.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "store/store.h"

/* Not by an index, so in the order in which they were recorded. */
#define STATES "SELECT group_concat(state) FROM agent_executions NOT INDEXED"

static char *folder, *path;

static int forget(const char *name, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(name);
}

static int make_folder(void **state)
{
    const char *parent = getenv("TMPDIR");
    (void)state;
    folder = text_format("%s/spawnref-test-XXXXXX", parent ? parent : "/tmp");
    assert_non_null(mkdtemp(folder));
    path = text_format("%s/store.sqlite", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    nftw(folder, forget, 8, FTW_DEPTH | FTW_PHYS);
    free(folder);
    free(path);
    return 0;
}

static void query(const char *question, const char *expected)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *row = NULL;
    const char *found = NULL;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    if (sqlite3_prepare_v2(database, question, -1, &row, NULL) != SQLITE_OK)
        fail_msg("%s: %s", question, sqlite3_errmsg(database));
    if (sqlite3_step(row) == SQLITE_ROW)
        found = (const char *)sqlite3_column_text(row, 0);
    if (!found || strcmp(found, expected) != 0)
        fail_msg("%s: expected '%s', found '%s'", question, expected, found ? found : "NULL");
    sqlite3_finalize(row);
    sqlite3_close(database);
}

static struct store *open_store(const char *run)
{
    struct store *store = NULL;
    struct err err = {0};
    if (store_open(&store, path, false, run, &err) < 0)
        fail_msg("%s", err.text);
    return store;
}

/* Opens, tells how many it marked, and closes. */
static void expect_interrupted(const char *run, int64_t interrupted, int64_t still_running)
{
    struct store *store = open_store(run);
    struct store_about about = store_about(store);
    store_close(store);
    assert_int_equal(about.interrupted, interrupted);
    assert_int_equal(about.still_running, still_running);
}

/* ---- spawners and agents ---- */

/* A child that a failed test cannot leave behind. */
static pid_t fork_bound(void)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return pid;
}

/* A process that ends with us and does nothing; its times as a spawner would note them. */
struct sleeper {
    pid_t pid;
    int64_t spawned_ns, ready_ns;
};

static struct sleeper put_to_sleep(void)
{
    struct sleeper sleeper = {.spawned_ns = clock_now_ns()};
    sleeper.pid = fork_bound();
    if (sleeper.pid == 0)
        for (;;)
            pause();
    sleeper.ready_ns = clock_now_ns();
    return sleeper;
}

static void put_down(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static struct store_agent row_of(const char *id, const char *state, const struct sleeper *agent)
{
    bool starting = strcmp(state, "starting") == 0;
    return (struct store_agent){.id = id,
                                .name = "n",
                                .state = state,
                                .outcome = starting ? NULL : "ready",
                                .pid = starting ? 0 : agent->pid,
                                .spawned_ns = agent->spawned_ns,
                                .ready_ns = starting ? 0 : agent->ready_ns};
}

/* A spawner of that run which has recorded three agents and lives on, to be killed. */
static pid_t spawner_of(const char *run, const struct sleeper *agent)
{
    int told[2];
    char byte;
    pid_t pid;
    assert_int_equal(pipe(told), 0);
    pid = fork_bound();
    if (pid == 0) {
        struct store *store = open_store(run);
        struct store_agent rows[] = {row_of("1.0", "starting", agent),
                                     row_of("1.1", "ready", agent),
                                     row_of("1.2", "completed", agent)};
        if (store_record_batch(store, 1, rows, 3, NULL) < 0 || write(told[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(told[0], &byte, 1), 1);
    close(told[0]);
    close(told[1]);
    return pid;
}

/* ---- tests ---- */

static void agents_of_a_dead_spawner_are_interrupted(void **state)
{
    struct sleeper agent = put_to_sleep();
    pid_t spawner = spawner_of("r", &agent);
    (void)state;
    put_down(agent.pid);
    put_down(spawner);
    query(STATES, "starting,ready,completed");
    expect_interrupted("r", 2, 0);
    query(STATES, "interrupted,interrupted,completed");
    query("SELECT count(*) FROM agent_executions WHERE error LIKE 'its spawner went away%'", "2");
    query("SELECT group_concat(coalesce(outcome, '-')) FROM agent_executions NOT INDEXED",
          "-,ready,ready");
    expect_interrupted("r", 0, 0); /* once */
    query("PRAGMA integrity_check", "ok");
}

static void the_run_of_the_dead_need_not_be_ours(void **state)
{
    struct sleeper agent = put_to_sleep();
    pid_t first = spawner_of("a", &agent), second = spawner_of("b", &agent);
    (void)state;
    put_down(agent.pid);
    put_down(first);
    put_down(second);
    expect_interrupted("c", 4, 0);
    query("SELECT count(*) FROM agent_executions WHERE state = 'interrupted'", "4");
}

static void agents_of_a_living_spawner_are_left_alone(void **state)
{
    struct sleeper agent = put_to_sleep();
    pid_t living = spawner_of("living", &agent), dead = spawner_of("dead", &agent);
    (void)state;
    put_down(agent.pid); /* though their process is gone: that is for their spawner to say */
    put_down(dead);
    expect_interrupted("other", 2, 0);
    query(STATES " WHERE run = 'living'", "starting,ready,completed");
    expect_interrupted("living", 0, 0); /* a second spawner of the same run */
    query(STATES " WHERE run = 'living'", "starting,ready,completed");
    put_down(living);
    expect_interrupted("other", 2, 0);
}

/* Only the id was given again: the process with it started later than the agent. */
static void a_stranger_with_the_same_id_is_not_the_agent(void **state)
{
    struct sleeper agent = put_to_sleep(), stranger = agent;
    pid_t spawner;
    (void)state;
    stranger.spawned_ns -= 10 * CLOCK_NS_PER_S;
    stranger.ready_ns -= 5 * CLOCK_NS_PER_S;
    spawner = spawner_of("r", &stranger);
    put_down(spawner);
    expect_interrupted("r", 2, 0);
    put_down(agent.pid);
}

/* An earlier start is as wrong as a later one. */
static void an_older_stranger_is_not_the_agent(void **state)
{
    struct sleeper agent = {.pid = getppid(), .spawned_ns = clock_now_ns() + CLOCK_NS_PER_S};
    pid_t spawner;
    (void)state;
    agent.ready_ns = agent.spawned_ns + 1;
    spawner = spawner_of("r", &agent);
    put_down(spawner);
    expect_interrupted("r", 2, 0);
}

static void an_agent_that_outlives_its_spawner_is_not_called_ended(void **state)
{
    struct sleeper agent = put_to_sleep();
    pid_t spawner = spawner_of("r", &agent);
    (void)state;
    put_down(spawner);
    expect_interrupted("r", 1, 1); /* the one that was starting has no process yet */
    query(STATES, "interrupted,ready,completed");
    kill(agent.pid, SIGKILL);
    while (waitid(P_PID, (id_t)agent.pid, &(siginfo_t){0}, WEXITED | WNOWAIT) != 0)
        continue;
    expect_interrupted("r", 1, 0); /* a zombie runs no more */
    put_down(agent.pid);
}

static void what_was_said_of_an_agent_stays(void **state)
{
    struct store *store = open_store("r");
    struct sleeper agent = put_to_sleep();
    struct store_agent row = row_of("1.0", "ready", &agent);
    (void)state;
    put_down(agent.pid);
    row.error = "it coughed";
    assert_int_equal(store_record_batch(store, 1, &row, 1, NULL), 0);
    store_close(store);
    expect_interrupted("r", 1, 0);
    query("SELECT state || ': ' || error FROM agent_executions", "interrupted: it coughed");
}

/* All of them or none. */
static void a_refusal_leaves_everything_as_it_was(void **state)
{
    struct sleeper agent = put_to_sleep();
    pid_t spawner = spawner_of("r", &agent);
    struct store *store = NULL;
    struct err err = {0};
    sqlite3 *database;
    (void)state;
    put_down(agent.pid);
    put_down(spawner);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database,
                                  "CREATE TRIGGER refuse BEFORE UPDATE ON agent_executions WHEN"
                                  " OLD.id = '1.1' BEGIN SELECT RAISE(ABORT, 'planted'); END",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(store_open(&store, path, false, "r", &err), -1);
    assert_non_null(strstr(err.text, "cannot mark interrupted agents: planted"));
    assert_null(store);
    query(STATES, "starting,ready,completed");
    assert_int_equal(sqlite3_exec(database, "DROP TRIGGER refuse", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
    expect_interrupted("r", 2, 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(agents_of_a_dead_spawner_are_interrupted),
        TEST(the_run_of_the_dead_need_not_be_ours),
        TEST(agents_of_a_living_spawner_are_left_alone),
        TEST(a_stranger_with_the_same_id_is_not_the_agent),
        TEST(an_older_stranger_is_not_the_agent),
        TEST(an_agent_that_outlives_its_spawner_is_not_called_ended),
        TEST(what_was_said_of_an_agent_stays),
        TEST(a_refusal_leaves_everything_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
