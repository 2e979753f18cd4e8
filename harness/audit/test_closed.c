/* Is what a subject does to its store while it closes seen, on a copy, and is the original left? */
#include <assert.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "audit/test_honest.h"

/* One honest cycle, audited in full; then the watch is at rest. */
static struct audit_watch *followed(struct fixture *fixture)
{
    struct audit_watch *watch;
    struct audit_result result;
    assert(fixture);
    watch = audit_watch_new(fixture->path, HONEST_RUN);
    audit_watch_cycle(watch, &fixture->findings, &fixture->scenario, &fixture->cycle, AUDIT_FULL,
                      &result);
    expect(fixture, NULL);
    audit_watch_rest(watch);
    return watch;
}

static void close_and_look(struct fixture *fixture, struct audit_watch *watch)
{
    audit_findings_clear(&fixture->findings);
    audit_report_release(&fixture->report);
    if (audit_watch_closed(watch, &fixture->findings, &fixture->report, fixture->path,
                           fixture->folder, &fixture->scenario, &fixture->err) < 0)
        fail_msg("%s", fixture->err.text);
    audit_watch_free(watch);
}

static void what_stays_as_it_was_has_no_finding(void **state)
{
    struct fixture *fixture = *state;
    struct stat before, after;
    assert_int_equal(stat(fixture->path, &before), 0);
    close_and_look(fixture, followed(fixture));
    expect(fixture, NULL);
    assert_int_equal(fixture->report.agents, 3);
    assert_int_equal(stat(fixture->path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

static void what_is_done_at_close_is_seen(void **state)
{
    static const struct {
        const char *sql, *rule, *told;
    } lies[] = {
        {"DELETE FROM agent_executions WHERE batch = 4", "every-acknowledged-start-is-recorded",
         "after it was closed: batch 4: 0 rows in agent_executions now, 2"},
        {"DELETE FROM agent_outputs WHERE id = '4.0'", "consensus-is-whole", "agent_outputs"},
        {"UPDATE agent_outputs SET output = x'00' WHERE id = '4.0'", "row-tells-the-truth",
         "batch 4: a row of agent_outputs"},
        {"UPDATE consensus_runs SET votes = 1", "row-tells-the-truth", "a row of consensus_runs"},
        {"UPDATE agent_executions SET completed_ns = 299 WHERE id = '4.1'", "row-tells-the-truth",
         "a row of agent_executions"},
        {"INSERT INTO agent_executions SELECT run, '77.0', 77, name, state, outcome, pid + 9,"
         " spawned_ns, ready_ns, completed_ns, error FROM agent_executions WHERE id = '4.0'",
         "no-row-without-a-start", "77.0"},
        {"INSERT INTO agent_executions SELECT 'other', id, batch, name, state, outcome, pid,"
         " spawned_ns, ready_ns, completed_ns, error FROM agent_executions WHERE id = '4.0'",
         "no-row-without-a-start", "rows from before"},
        {"DELETE FROM agent_executions WHERE batch = 3", "every-acknowledged-start-is-recorded",
         "rows from before"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        void *own = NULL;
        struct fixture *fixture;
        struct audit_watch *watch;
        bool told = false;
        assert_int_equal(make(&own), 0);
        fixture = own;
        watch = followed(fixture);
        run_sql(fixture->path, lies[i].sql);
        close_and_look(fixture, watch);
        expect(fixture, lies[i].rule);
        for (size_t k = 0; k < fixture->findings.count; k++)
            told = told || strstr(fixture->findings.items[k].text, lies[i].told);
        if (!told)
            print_findings(fixture);
        assert_true(told);
        assert_int_equal(unmake(&own), 0);
    }
}

static void without_checkpoint(sqlite3 *database, const char *sql)
{
    char *message = NULL;
    if (sqlite3_exec(database, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s in: %s", message, sql);
}

/* All rows of the batch lie in it alone; it stays where it was. */
static void rows_in_a_wal_count_and_a_wal_that_is_lost_is_loss(void **state)
{
    struct fixture *fixture = *state;
    char *wal = text_format("%s-wal", fixture->path), *shm = text_format("%s-shm", fixture->path);
    sqlite3 *database = NULL;
    struct audit_watch *watch;
    assert_int_equal(sqlite3_open(fixture->path, &database), SQLITE_OK);
    sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    without_checkpoint(database, "PRAGMA journal_mode = WAL; DELETE FROM agent_outputs;"
                                 "DELETE FROM consensus_runs; DELETE FROM agent_executions;"
                                 "PRAGMA wal_checkpoint(TRUNCATE)");
    without_checkpoint(database, honest_rows);
    watch = followed(fixture);
    sqlite3_close(database);
    audit_report_release(&fixture->report);
    assert_int_equal(audit_watch_closed(watch, &fixture->findings, &fixture->report, fixture->path,
                                        fixture->folder, &fixture->scenario, &fixture->err),
                     0);
    expect(fixture, NULL);
    assert_int_equal(fixture->report.agents, 3);
    assert_int_equal(unlink(wal), 0);
    unlink(shm);
    close_and_look(fixture, watch);
    expect(fixture, "every-acknowledged-start-is-recorded");
    unlink(shm);
    free(wal);
    free(shm);
}

static void a_store_that_is_gone_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct audit_watch *watch = followed(fixture);
    char *away = text_format("%s.away", fixture->path);
    assert_int_equal(rename(fixture->path, away), 0);
    close_and_look(fixture, watch);
    expect(fixture, "store-can-be-read");
    assert_non_null(strstr(fixture->findings.items[0].text, fixture->path));
    assert_int_equal(rename(away, fixture->path), 0);
    free(away);
}

/* Killed in the middle of a transaction: its next writer would roll that back, and so do we, on the
 * copy. The journal of the original stays. */
static void a_hot_journal_is_played_back_on_the_copy(void **state)
{
    struct fixture *fixture = *state;
    char *journal = text_format("%s-journal", fixture->path);
    struct audit_watch *watch = followed(fixture);
    die_in_a_transaction(fixture);
    close_and_look(fixture, watch);
    expect(fixture, NULL);
    assert_int_equal(fixture->report.consensus_runs, 1);
    assert_int_equal(access(journal, F_OK), 0);
    unlink(journal);
    free(journal);
}

/* Another process that has the file to itself, as locking_mode = EXCLUSIVE has: SQLite's bytes for
 * pending, reserved and shared locks (lockingv3.html). */
static pid_t hold(const char *path)
{
    struct flock all = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0x40000000, .l_len = 512};
    int ready[2];
    char byte;
    pid_t holder;
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    holder = fork();
    if (holder == 0) {
        int fd = open(path, O_RDWR | O_CLOEXEC);
        if (fd < 0 || fcntl(fd, F_SETLK, &all) != 0 || write(ready[1], "", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    assert_true(holder > 0);
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return holder;
}

/* A lock is nobody's fault, and nothing is held by what could not be read. */
static void what_may_not_be_read_is_not_checked(void **state)
{
    struct fixture *fixture = *state;
    struct audit_watch *watch = followed(fixture);
    pid_t holder = hold(fixture->path);
    close_and_look(fixture, watch);
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
    expect(fixture, NULL);
    assert_true(fixture->report.unchecked);
    assert_int_equal(fixture->report.answers.count, 1);
    assert_int_equal(fixture->report.answers.items[0].answer, AUDIT_NOT_CHECKED);
    assert_string_equal(fixture->report.answers.items[0].rule->name, "store-can-be-read");
}

/* The last cycle broke off and nobody opened the store again: what was acknowledged is there. */
static void what_a_broken_last_cycle_acknowledged_must_be_there(void **state)
{
    struct fixture *fixture = *state;
    struct audit_watch *watch;
    struct audit_result result;
    for (int lost = 0; lost < 2; lost++) {
        watch = audit_watch_new(fixture->path, HONEST_RUN);
        run_sql(fixture->path, "DELETE FROM agent_outputs; DELETE FROM consensus_runs;"
                               "UPDATE agent_executions SET state = 'ready', completed_ns = NULL"
                               " WHERE batch = 4");
        fixture->cycle.broke = CYCLE_BROKE_FINISH;
        fixture->cycle.trouble = (char *)"it hung";
        fixture->cycle.finished_ns = 0;
        fixture->cycle.consensus[0] = '\0';
        audit_watch_cycle(watch, &fixture->findings, &fixture->scenario, &fixture->cycle,
                          AUDIT_FULL, &result);
        audit_watch_rest(watch);
        if (lost)
            run_sql(fixture->path, "DELETE FROM agent_executions WHERE id = '4.1'");
        close_and_look(fixture, watch);
        expect(fixture, lost ? "every-acknowledged-start-is-recorded" : NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(what_stays_as_it_was_has_no_finding),
        cmocka_unit_test(what_is_done_at_close_is_seen),
        WITH_STORE(rows_in_a_wal_count_and_a_wal_that_is_lost_is_loss),
        WITH_STORE(a_store_that_is_gone_is_told),
        WITH_STORE(a_hot_journal_is_played_back_on_the_copy),
        WITH_STORE(what_may_not_be_read_is_not_checked),
        WITH_STORE(what_a_broken_last_cycle_acknowledged_must_be_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
