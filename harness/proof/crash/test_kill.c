/* Do real SIGKILLs, at any moment and beside other spawners, leave what was acknowledged?
 *
 * Each worker notes in shared memory, which outlives it, how far every batch of its own has come.
 * KILLS of them (or SPAWNBENCH_KILLS) are killed one after another and replaced; at last all at
 * once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "proof/crash/states.h"
#include "proof/crash/test_folder.h"
#include "store/store.h"

#define WORKERS  3
#define AGENTS   3
#define BATCHES  1000000 /* of each worker, more than it can do */
#define KILLS    100
#define PID_FROM 5000000 /* more than the kernel gives: nobody has them */

enum stage { NOTHING, RECORDING, RECORDED, FINISHING, FINISHED };

static struct shared {
    _Atomic int next[WORKERS]; /* the batch it has come to */
    _Atomic unsigned char stages[WORKERS][BATCHES];
} * shared;
static char *path;

static int make_shared(void **state)
{
    make_folder(state);
    path = text_format("%s/x.sqlite", folder);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    return 0;
}

static int remove_shared(void **state)
{
    munmap(shared, sizeof *shared);
    free(path);
    return remove_folder(state);
}

/* ---- a worker ---- */

static void do_batch(struct store *store, int worker, int i)
{
    const struct store_verdict verdict = {"agreed", "yes", 3, 50};
    struct store_agent agents[AGENTS];
    char ids[AGENTS][24];
    int64_t batch = (int64_t)worker * BATCHES + i;
    for (int k = 0; k < AGENTS; k++) {
        snprintf(ids[k], sizeof ids[k], "%lld.%d", (long long)batch, k);
        agents[k] = (struct store_agent){.id = ids[k],
                                         .name = "n",
                                         .state = "ready",
                                         .outcome = "ready",
                                         .pid = PID_FROM,
                                         .spawned_ns = 10,
                                         .ready_ns = 20};
    }
    shared->stages[worker][i] = RECORDING;
    if (store_record_batch(store, batch, agents, AGENTS, NULL) < 0)
        _exit(2);
    shared->stages[worker][i] = RECORDED;
    for (int k = 0; k < AGENTS; k++) {
        agents[k].state = "completed";
        agents[k].completed_ns = 40;
    }
    shared->stages[worker][i] = FINISHING;
    if (store_record_finish(store, batch, &verdict, agents, AGENTS, NULL) < 0)
        _exit(3);
    shared->stages[worker][i] = FINISHED;
}

static void work(int worker)
{
    struct store *store = NULL;
    char run[8];
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nowhere, STDERR_FILENO);
    snprintf(run, sizeof run, "w%d", worker);
    if (store_open(&store, path, false, run, NULL) < 0)
        _exit(1);
    while (shared->next[worker] < BATCHES) {
        do_batch(store, worker, shared->next[worker]++);
        store_tidy(store, NULL);
    }
    _exit(0);
}

static pid_t start(int worker)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        work(worker);
    return pid;
}

/* It must have died of our signal, not of an error. */
static void reap(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFSIGNALED(status))
        fail_msg("a worker ended with status %d", WEXITSTATUS(status));
}

/* ---- the audit ---- */

static int64_t ask(sqlite3 *database, const char *question, int64_t batch)
{
    sqlite3_stmt *row = NULL;
    int64_t answer;
    assert_int_equal(sqlite3_prepare_v2(database, question, -1, &row, NULL), SQLITE_OK);
    sqlite3_bind_int64(row, 1, batch);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    answer = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    return answer;
}

static void audit_batch(sqlite3 *database, int worker, int i)
{
    int64_t batch = (int64_t)worker * BATCHES + i;
    int64_t rows = ask(database, "SELECT count(*) FROM agent_executions WHERE batch = ?1", batch);
    int64_t completed = ask(database,
                            "SELECT count(*) FROM agent_executions WHERE batch = ?1"
                            " AND state = 'completed'",
                            batch);
    int64_t outputs = ask(database, "SELECT count(*) FROM agent_outputs WHERE batch = ?1", batch);
    enum stage stage = shared->stages[worker][i];
    bool all = rows == AGENTS, none = rows == 0;
    bool fits = stage == NOTHING ? none : stage == RECORDING ? none || all : all;
    if (stage < FINISHING)
        fits = fits && completed == 0;
    else
        fits = fits && (completed == AGENTS || (stage == FINISHING && completed == 0));
    if (!fits || outputs != completed)
        fail_msg("batch %lld at stage %d has %lld rows, %lld completed, %lld outputs",
                 (long long)batch, (int)stage, (long long)rows, (long long)completed,
                 (long long)outputs);
}

static int audit(void)
{
    sqlite3 *database = NULL;
    int finished = 0;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database,

                                  "CREATE INDEX by_batch ON agent_executions (batch);"
                                  "CREATE INDEX outputs_by_batch ON agent_outputs (batch)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(ask(database,
                         "SELECT count(*) = 1 AND max(integrity_check) = 'ok'"
                         " FROM pragma_integrity_check",
                         0),
                     1);
    assert_int_equal(ask(database, "SELECT count(*) FROM pragma_foreign_key_check", 0), 0);
    for (int worker = 0; worker < WORKERS; worker++)
        for (int i = 0; i < shared->next[worker]; i++) {
            audit_batch(database, worker, i);
            finished += shared->stages[worker][i] == FINISHED;
        }
    sqlite3_close(database);
    return finished;
}

static void killed_spawners_keep_what_they_acknowledged(void **state)
{
    const char *asked = getenv("SPAWNBENCH_KILLS");
    long kills = asked ? strtol(asked, NULL, 10) : KILLS;
    uint64_t random = 11;
    pid_t pids[WORKERS];
    int finished;
    (void)state;
    for (int i = 0; i < WORKERS; i++)
        pids[i] = start(i);
    for (long number = 0; number < kills; number++) {
        int victim = (int)(states_random(&random) % WORKERS);
        clock_sleep_until(clock_now_ns() +
                          (int64_t)(states_random(&random) % (10 * CLOCK_NS_PER_MS)));
        kill(pids[victim], SIGKILL);
        reap(pids[victim]);
        pids[victim] = start(victim);
    }
    clock_sleep_until(clock_now_ns() + 100 * CLOCK_NS_PER_MS); /* the last one works too */
    for (int i = 0; i < WORKERS; i++)
        kill(pids[i], SIGKILL);
    for (int i = 0; i < WORKERS; i++)
        reap(pids[i]);
    finished = audit();
    printf("%ld kills, %d batches finished\n", kills + WORKERS, finished);
    assert_true(finished > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(killed_spawners_keep_what_they_acknowledged, make_shared,
                                        remove_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
