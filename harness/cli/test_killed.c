/* Is anything lost or left when spawnbench is killed at any moment, and its run resumed? */
#include <dirent.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/hash.h"
#include "cli/test_cli.h"

#define SEED      UINT64_C(7)
#define TAG       "SPAWNBENCH_TEST_KILLED"
#define MOST_WAIT (120 * CLOCK_NS_PER_S) /* for processes that were told to die */

static long kills = 20; /* or the argument */

static const char scenario[] =
    "{\"name\": \"killed\", \"about\": \"a test\", \"agents\": [{\"name\": \"a\", \"command\": "
    "[\"{agent}\", \"--init\", \"1ms\"], \"times\": 3}],\n"
    " \"arms\": [{\"name\": \"sequential\", \"subject\": [\"{reference}\", \"--mode\", "
    "\"sequential\"]}, {\"name\": \"parallel\", \"subject\": [\"{reference}\", \"--mode\", "
    "\"parallel\"]}],\n"
    " \"cycles\": 100, \"block\": 5, \"warmup\": 2, \"deadline\": \"30s\", \"durability\": "
    "\"normal\",\n"
    " \"claims\": [{\"id\": \"whole\", \"corruption\": \"none\"}]}\n";

/* ---- the results store, seen from outside ---- */

/* What is stored of the newest run. A fingerprint of the first `cycles` cycles with their agents,
 * so that what was there can be found again, unchanged. */
struct stored {
    int64_t run, cycles, last;
    bool complete;
};

static sqlite3 *open_results(const char *folder)
{
    char *path = cli_path(folder, "results/spawnbench.sqlite");
    sqlite3 *database = NULL;
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        sqlite3_close(database);
        database = NULL;
    }
    free(path);
    return database;
}

/* The figure that a statement gives; 0 where there is none, or no such table yet. */
static int64_t ask(sqlite3 *database, const char *sql, int64_t run, int64_t cycles)
{
    sqlite3_stmt *row = NULL;
    int64_t value = 0;
    if (sqlite3_prepare_v2(database, sql, -1, &row, NULL) == SQLITE_OK) {
        if (sqlite3_bind_parameter_count(row) > 0)
            sqlite3_bind_int64(row, 1, run);
        if (sqlite3_bind_parameter_count(row) > 1)
            sqlite3_bind_int64(row, 2, cycles);
        if (sqlite3_step(row) == SQLITE_ROW)
            value = sqlite3_column_int64(row, 0);
    }
    sqlite3_finalize(row);
    return value;
}

static struct stored look(sqlite3 *database)
{
    struct stored stored = {.last = -1};
    stored.run = ask(database, "SELECT max(id) FROM runs", 0, 0);
    if (!stored.run)
        return stored;
    stored.cycles = ask(database, "SELECT count(*) FROM cycles WHERE run = ?", stored.run, 0);
    stored.last =
        ask(database, "SELECT coalesce(max(cycle), -1) FROM cycles WHERE run = ?", stored.run, 0);
    stored.complete = ask(database, "SELECT count(*) FROM runs WHERE id = ? AND state = 'complete'",
                          stored.run, 0) > 0;
    return stored;
}

/* Of the first cycles of a run with their agents: every column of them. */
static uint64_t fingerprint(sqlite3 *database, int64_t run, int64_t cycles)
{
    static const char *const tables[] = {
        "SELECT * FROM cycles WHERE run = ? AND cycle < ? ORDER BY cycle",
        "SELECT * FROM agents WHERE run = ? AND cycle < ? ORDER BY cycle, ordinal"};
    struct text all = {0};
    uint64_t hash;
    for (int i = 0; i < 2; i++) {
        sqlite3_stmt *row = NULL;
        assert_int_equal(sqlite3_prepare_v2(database, tables[i], -1, &row, NULL), SQLITE_OK);
        sqlite3_bind_int64(row, 1, run);
        sqlite3_bind_int64(row, 2, cycles);
        while (sqlite3_step(row) == SQLITE_ROW)
            for (int column = 0; column < sqlite3_column_count(row); column++)
                text_addf(&all, "%s|", (const char *)sqlite3_column_text(row, column));
        sqlite3_finalize(row);
    }
    hash = hash_bytes(HASH_START, all.data ? all.data : "", all.length);
    text_release(&all);
    return hash;
}

/* Each sitting's subjects recorded in their own stores every agent that the results call ready. */
static void check_subjects(const char *folder, sqlite3 *database, const struct stored *stored)
{
    static const char *const arms[] = {"sequential", "parallel"};
    int64_t sittings = ask(database, "SELECT sittings FROM runs WHERE id = ?", stored->run, 0);
    for (int64_t sitting = 1; sitting <= sittings; sitting++) {
        for (int arm = 0; arm < 2; arm++) {
            char *sql = text_format("ATTACH '%s/results/runs/%lld.%lld/%s.sqlite' AS subject",
                                    folder, (long long)stored->run, (long long)sitting, arms[arm]);
            char *lost =
                text_format("SELECT count(*) FROM agents AS a JOIN cycles AS c USING (run, cycle)"
                            " WHERE run = ? AND sitting = ? AND arm = %d AND a.outcome = 'ready'"
                            " AND NOT EXISTS (SELECT 1 FROM subject.agent_executions AS s"
                            " WHERE s.id = cycle || '.' || ordinal AND s.pid = a.pid)",
                            arm);
            char *here = text_format("SELECT count(*) FROM cycles WHERE run = ? AND sitting = ? "
                                     "AND arm = %d",
                                     arm);
            if (ask(database, here, stored->run, sitting) > 0) {
                if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK)
                    fail_msg("%s: %s", sql, sqlite3_errmsg(database));
                assert_int_equal(ask(database, lost, stored->run, sitting), 0);
                sqlite3_exec(database, "DETACH subject", NULL, NULL, NULL);
            }
            free(here);
            free(lost);
            free(sql);
        }
    }
}

/* ---- processes ---- */

static char *tag; /* TAG=FOLDER: of this test, not of another that runs beside it */

static bool has_tag(pid_t pid)
{
    char environment[16384];
    char path[48];
    ssize_t got;
    int fd;
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    got = read(fd, environment, sizeof environment);
    close(fd);
    return got > 0 && memmem(environment, (size_t)got, tag, strlen(tag));
}

/* A process that has our tag in its environment and is not this one; 0: none */
static pid_t find_tagged(void)
{
    DIR *proc = opendir("/proc");
    pid_t found = 0;
    assert_non_null(proc);
    for (struct dirent *entry; !found && (entry = readdir(proc));) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid > 0 && pid != getpid() && has_tag(pid))
            found = pid;
    }
    closedir(proc);
    return found;
}

static void check_nothing_runs(void)
{
    int64_t until_ns = clock_now_ns() + MOST_WAIT;
    pid_t left;
    while ((left = find_tagged()) && clock_now_ns() < until_ns) {
        while (waitpid(-1, NULL, WNOHANG) > 0) /* what came to us, as a subreaper */
            continue;
        clock_sleep_until(clock_now_ns() + 2 * CLOCK_NS_PER_MS);
    }
    if (left) {
        char name[64] = "?";
        process_read(name, sizeof name, left, "comm");
        fail_msg("process %d was left: %s", (int)left, name);
    }
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
}

/* ---- kill, look, go on ---- */

static uint64_t next_random(uint64_t *random)
{
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *random >> 33;
}

/* From its start to the kill: often while it opens, sometimes when it has come to its end. */
static int64_t next_delay_ns(uint64_t *random)
{
    static const int64_t longest_ms[] = {30, 150, 150, 1000};
    uint64_t longest_ns = (uint64_t)(longest_ms[next_random(random) % 4] * CLOCK_NS_PER_MS);
    return (int64_t)(next_random(random) % longest_ns);
}

/* Begins a run, or goes on with the newest one. Returns whether it was killed. */
static bool measure(const char *folder, const struct stored *stored, int64_t until_kill_ns)
{
    bool resumes = stored->run && !stored->complete;
    char *resume = text_format("--resume=%lld", (long long)stored->run);
    struct cli_running running = resumes ? cli_start(folder, "run", "-q", resume, NULL)
                                         : cli_start(folder, "run", "-q", "killed.json", NULL);
    struct cli_said said;
    bool killed;
    if (until_kill_ns >= 0) {
        clock_sleep_until(clock_now_ns() + until_kill_ns);
        kill(running.process.pid, SIGKILL);
    }
    said = cli_end(&running);
    killed = said.signal == SIGKILL;
    if (!killed && said.exit_status != 0)
        fail_msg("exit %d (%s): %s", said.exit_status, resume, said.err);
    cli_forget(&said);
    free(resume);
    return killed;
}

/* Cycles are stored one after the other, and what was stored stays. */
static void check_results(const char *folder, struct stored *stored, uint64_t *print)
{
    sqlite3 *database = open_results(folder);
    struct stored now;
    if (!database) {
        assert_int_equal(stored->run, 0);
        return;
    }
    now = look(database);
    assert_int_equal(now.cycles, now.last + 1);
    assert_true(now.run >= stored->run);
    if (stored->run)
        assert_true(fingerprint(database, stored->run, stored->cycles) == *print);
    if (now.run == stored->run)
        assert_true(now.cycles >= stored->cycles);
    if (now.run)
        *print = fingerprint(database, now.run, now.cycles);
    if (now.complete) {
        assert_int_equal(now.cycles, 204);
        assert_int_equal(ask(database, "SELECT count(*) FROM verdicts WHERE run = ?", now.run, 0),
                         1);
        assert_int_equal(ask(database, "SELECT count(*) FROM findings WHERE run = ?", now.run, 0),
                         0);
    }
    if (now.run)
        check_subjects(folder, database, &now);
    sqlite3_close(database);
    *stored = now;
}

static void nothing_is_lost_and_nothing_is_left(void **state)
{
    struct stored stored = {0};
    uint64_t print = 0, random = SEED;
    char *path = cli_write(*state, "killed.json", scenario);
    long done = 0, complete = 0;
    tag = text_format("%s=%s", TAG, (char *)*state);
    assert_int_equal(setenv(TAG, *state, 1), 0);
    while (done < kills) {
        if (measure(*state, &stored, next_delay_ns(&random)))
            done++;
        check_nothing_runs();
        check_results(*state, &stored, &print);
        complete += stored.complete;
    }
    while (!stored.complete) {
        assert_false(measure(*state, &stored, -1));
        check_results(*state, &stored, &print);
    }
    check_nothing_runs();
    printf("seed %llu: %ld kills, %lld runs, %ld of them complete before the last kill\n",
           (unsigned long long)SEED, done, (long long)stored.run, complete);
    unsetenv(TAG);
    free(tag);
    free(path);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(
        nothing_is_lost_and_nothing_is_left, cli_folder, cli_folder_remove)};
    if (argc > 1)
        kills = strtol(argv[1], NULL, 10);
    return cmocka_run_group_tests_name("killed", tests, NULL, NULL);
}
