/* Does an audit that follows a store see in each cycle what became of it, quickly and in full, and
 * stay out of its subject's way? */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/audit_internal.h"
#include "audit/test_honest.h"

#define AGENTS 3

/* A subject's store, written through a connection that stays open, and the audit that follows. */
struct followed {
    char folder[64];
    char *path;
    sqlite3 *subject;
    struct audit_watch *watch;
    struct scenario scenario;
    struct scenario_agent asked;
    struct cycle_agent agents[AGENTS];
    struct cycle cycle;
    struct audit_findings findings;
    struct audit_result result;
};

static void subject_does(struct followed *followed, const char *sql)
{
    char *message = NULL;
    if (sqlite3_exec(followed->subject, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s in: %s", message, sql);
}

static int make_followed(void **state)
{
    struct followed *followed = xcalloc(1, sizeof *followed);
    struct err err = {0};
    char *schema = NULL;
    size_t length;
    *state = followed;
    snprintf(followed->folder, sizeof followed->folder, "/tmp/spawnbench-test-XXXXXX");
    if (!mkdtemp(followed->folder) ||
        text_read_file(&schema, &length, SOURCE_DIR "/reference/store/schema.sql", 1 << 20, &err) <
            0)
        return -1;
    followed->path = text_format("%s/store.sqlite", followed->folder);
    if (sqlite3_open(followed->path, &followed->subject) != SQLITE_OK)
        return -1;
    subject_does(followed, "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;"
                           "PRAGMA application_id = 1936748151; PRAGMA user_version = 1");
    subject_does(followed, schema);
    free(schema);
    followed->asked =
        (struct scenario_agent){.name = (char *)"a", .witness = SCENARIO_WITNESS_SELF};
    followed->watch = audit_watch_new(followed->path, HONEST_RUN);
    return 0;
}

static int unmake_followed(void **state)
{
    struct followed *followed = *state;
    audit_watch_free(followed->watch);
    sqlite3_close(followed->subject); /* the last one out takes -wal and -shm away */
    audit_findings_release(&followed->findings);
    unlink(followed->path);
    free(followed->path);
    if (rmdir(followed->folder) != 0)
        return -1; /* the audit left something, or kept the subject from tidying up */
    free(followed);
    return 0;
}

/* An honest cycle: told, recorded, and witnessed by its agents. */
static void live(struct followed *followed, int index)
{
    char *sql = text_format(
        "BEGIN; INSERT INTO agent_executions SELECT '" HONEST_RUN "', '%d.' || value, %d, 'a',"
        " 'completed', 'ready', %d + value, 120, 150, 300, NULL FROM generate;"
        "INSERT INTO consensus_runs VALUES ('" HONEST_RUN "', %d, 'agreed', '42', 3, 3, 310);"
        "INSERT INTO agent_outputs SELECT '" HONEST_RUN "', '%d.' || value, %d, x'3432'"
        " FROM generate; COMMIT",
        index, index, 50 + 10 * index, index, index, index);
    subject_does(followed, "CREATE TEMP VIEW IF NOT EXISTS generate AS"
                           " SELECT 0 AS value UNION SELECT 1 UNION SELECT 2");
    subject_does(followed, sql);
    free(sql);
    for (int i = 0; i < AGENTS; i++) {
        followed->agents[i] = (struct cycle_agent){.asked = &followed->asked,
                                                   .answered = true,
                                                   .outcome = CYCLE_READY,
                                                   .pid = 50 + 10 * index + i,
                                                   .start_ns = 120,
                                                   .ready_ns = 150,
                                                   .recorded_ns = 160,
                                                   .witness_pid = 50 + 10 * index + i,
                                                   .main_ns = 130,
                                                   .own_ready_ns = 140,
                                                   .ready_messages = 1,
                                                   .finished = true};
        snprintf(followed->agents[i].id, sizeof followed->agents[i].id, "%d.%d", index, i);
    }
    followed->cycle = (struct cycle){.index = (size_t)index,
                                     .agents = followed->agents,
                                     .agent_count = AGENTS,
                                     .outcome = CYCLE_READY,
                                     .sent_ns = 100,
                                     .begin_ns = 110,
                                     .end_ns = 170,
                                     .answered_ns = 180,
                                     .finish_sent_ns = 200,
                                     .finished_ns = 400,
                                     .consensus = "agreed",
                                     .descriptors = 9,
                                     .descriptors_first = 9};
}

static void audit_at(struct followed *followed, enum audit_level level)
{
    audit_findings_clear(&followed->findings);
    audit_watch_cycle(followed->watch, &followed->findings, &followed->scenario, &followed->cycle,
                      level, &followed->result);
}

static bool is_found(const struct followed *followed, const char *rule)
{
    for (size_t i = 0; i < followed->findings.count; i++)
        if (strcmp(followed->findings.items[i].rule->name, rule) == 0)
            return true;
    return false;
}

static void expect_found(const struct followed *followed, const char *rule)
{
    if (rule ? is_found(followed, rule) : followed->findings.count == 0)
        return;
    for (size_t i = 0; i < followed->findings.count; i++)
        print_error("  %s %s: %s\n", followed->findings.items[i].rule->name,
                    followed->findings.items[i].agent, followed->findings.items[i].text);
    fail_msg("expected %s", rule ? rule : "no finding");
}

/* Two honest cycles, as they are before each lie. */
static void live_honestly(struct followed *followed)
{
    live(followed, 0);
    audit_at(followed, AUDIT_FULL);
    expect_found(followed, NULL);
    assert_int_equal(followed->result.level, AUDIT_FULL);
    live(followed, 2); /* cycle 1 was of another arm */
    audit_at(followed, AUDIT_QUICK);
    expect_found(followed, NULL);
    assert_int_equal(followed->result.level, AUDIT_QUICK);
    assert_int_equal(followed->result.rows, 2 * AGENTS + 1);
    assert_true(followed->result.wal_bytes > 0 && followed->result.full_ns == 0);
}

/* ---- quick ones ---- */

/* Cycle 4 happens, somebody lies, a quick audit looks. Each lie starts from a store of its own. */
static void a_quick_audit_sees_the_lies_of_its_cycle(void **state)
{
    static const struct {
        const char *sql, *rule;
    } lies[] = {
        {"DELETE FROM agent_executions WHERE id = '4.1'", "every-acknowledged-start-is-recorded"},
        {"INSERT INTO agent_executions SELECT run, '4.01', batch, name, state, outcome, pid,"
         " spawned_ns, ready_ns, completed_ns, error FROM agent_executions WHERE id = '4.1'",
         "no-row-without-a-start"},
        {"INSERT INTO agent_executions (run, id, batch, name, state, spawned_ns)"
         " VALUES ('" HONEST_RUN "', '4.9', 4, 'x', 'starting', 1)",
         "no-row-without-a-start"},
        {"INSERT INTO agent_executions (run, id, batch, name, state, spawned_ns)"
         " VALUES ('" HONEST_RUN "', '77.0', 77, 'x', 'starting', 1)",
         "no-row-without-a-start"},
        {"INSERT INTO agent_executions (run, id, batch, name, state, spawned_ns)"
         " VALUES ('another run', '4.0', 4, 'x', 'starting', 1)",
         "no-row-without-a-start"},
        {"INSERT INTO agent_outputs VALUES ('" HONEST_RUN "', '0.7', 0, x'3432')",
         "no-row-without-a-start"},
        {"INSERT INTO consensus_runs VALUES ('" HONEST_RUN "', 3, 'agreed', '42', 3, 3, 310)",
         "consensus-is-whole"},
        {"UPDATE agent_executions SET state = 'ready' WHERE id = '4.0'", "row-tells-the-truth"},
        {"UPDATE agent_executions SET batch = 5 WHERE id = '4.0'", "row-tells-the-truth"},
        {"DELETE FROM consensus_runs WHERE batch = 4", "consensus-is-whole"},
        {"DELETE FROM agent_outputs WHERE id = '4.2'", "consensus-is-whole"},
        {"PRAGMA user_version = 2", "store-stays-what-it-was"},
        {"PRAGMA application_id = 7", "store-stays-what-it-was"},
        {"DROP TABLE agent_outputs", "store-can-be-read"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        void *own = NULL;
        assert_int_equal(make_followed(&own), 0);
        live_honestly(own);
        live(own, 4);
        subject_does(own, "PRAGMA foreign_keys = OFF");
        subject_does(own, lies[i].sql);
        audit_at(own, AUDIT_QUICK);
        expect_found(own, lies[i].rule);
        assert_int_equal(unmake_followed(&own), 0);
    }
}

static void who_commits_nothing_has_recorded_nothing(void **state)
{
    struct followed *followed = *state;
    live_honestly(followed);
    audit_at(followed, AUDIT_QUICK); /* the same cycle once more, without a commit */
    expect_found(followed, "every-acknowledged-start-is-recorded");
}

static void a_file_put_in_the_place_of_the_store_is_seen(void **state)
{
    struct followed *followed = *state;
    char *copy = text_format("%s/copy", followed->folder);
    char *sql = text_format("VACUUM INTO '%s'", copy);
    live_honestly(followed);
    subject_does(followed, sql);
    live(followed, 4);
    assert_int_equal(rename(followed->path, copy), 0);
    audit_at(followed, AUDIT_QUICK);
    expect_found(followed, "store-stays-what-it-was");
    expect_found(followed, "store-can-be-read"); /* nothing stands there now */
    assert_int_equal(followed->result.level, AUDIT_NONE);
    assert_int_equal(rename(copy, followed->path), 0);
    free(sql);
    free(copy);
}

/* ---- full ones ---- */

static void what_becomes_of_earlier_rows_is_seen_in_full(void **state)
{
    static const struct {
        const char *sql, *rule;
    } lies[] = {
        {"DELETE FROM agent_executions WHERE id = '2.1'", "every-acknowledged-start-is-recorded"},
        {"UPDATE agent_executions SET pid = 7 WHERE id = '0.0'", "row-tells-the-truth"},
        {"UPDATE agent_outputs SET output = x'3433' WHERE id = '2.0'", "row-tells-the-truth"},
        {"UPDATE consensus_runs SET verdict = 'split' WHERE batch = 2", "row-tells-the-truth"},
        {"INSERT INTO agent_executions (rowid, run, id, batch, name, state, spawned_ns)"
         " VALUES (-5, '" HONEST_RUN "', '0.9', 0, 'x', 'starting', 1)",
         "no-row-without-a-start"},
        {"INSERT INTO agent_executions (rowid, run, id, batch, name, state, spawned_ns)"
         " VALUES (-5, '" HONEST_RUN "', '1.0', 1, 'x', 'starting', 1)",
         "no-row-without-a-start"},
        {"DELETE FROM agent_outputs WHERE id = '0.2'", "consensus-is-whole"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        void *own = NULL;
        assert_int_equal(make_followed(&own), 0);
        live_honestly(own);
        live(own, 4);
        subject_does(own, "PRAGMA foreign_keys = OFF");
        subject_does(own, lies[i].sql);
        audit_at(own, AUDIT_QUICK);
        expect_found(own, NULL); /* it looks at the rows of its cycle alone */
        live(own, 6);
        audit_at(own, AUDIT_FULL);
        expect_found(own, lies[i].rule);
        assert_int_equal(unmake_followed(&own), 0);
    }
}

/* One of an index that no query of a quick audit uses. */
static void ruin_a_page(struct followed *followed)
{
    char page[4096];
    int fd;
    sqlite3_int64 root = 0;
    sqlite3_stmt *row = NULL;
    sqlite3_prepare_v2(
        followed->subject,
        "SELECT rootpage FROM sqlite_master WHERE name = 'agent_executions_by_state'", -1, &row,
        NULL);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    root = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    memset(page, 0xa5, sizeof page);
    /* left open on purpose until the test ends: closing it would drop SQLite's locks */
    fd = open(followed->path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, page, sizeof page, (off_t)(root - 1) * 4096), sizeof page);
}

/* And the pages that our own connection remembers do not hide it. */
static void a_corrupt_page_is_seen_by_the_next_full_audit_and_at_the_end(void **state)
{
    struct followed *followed = *state;
    struct audit_report report;
    struct err err = {0};
    live_honestly(followed);
    live(followed, 4);
    sqlite3_exec(followed->subject, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
    audit_at(followed, AUDIT_FULL); /* now our connection knows every page */
    expect_found(followed, NULL);
    ruin_a_page(followed);
    followed->cycle.agent_count = 0; /* a cycle in which nothing was asked for */
    followed->cycle.index = 5;
    followed->cycle.consensus[0] = '\0';
    audit_at(followed, AUDIT_QUICK);
    expect_found(followed, NULL);
    followed->cycle.index = 6;
    audit_at(followed, AUDIT_FULL);
    expect_found(followed, "integrity-check-is-ok");
    audit_watch_rest(followed->watch);
    audit_findings_clear(&followed->findings);
    assert_int_equal(audit_own(&followed->findings, &report, followed->path, &err), 0);
    audit_report_release(&report);
    expect_found(followed, "integrity-check-is-ok");
}

/* ---- and beside the subject ---- */

static void no_read_transaction_stays_open(void **state)
{
    struct followed *followed = *state;
    int log = 0, done = 0;
    live_honestly(followed);
    for (int i = 4; i < 8; i++) {
        live(followed, i);
        audit_at(followed, i % 2 ? AUDIT_FULL : AUDIT_QUICK);
        expect_found(followed, NULL);
        /* nobody reads: all of it can be put back, and the -wal begins anew */
        assert_int_equal(sqlite3_wal_checkpoint_v2(followed->subject, NULL,
                                                   SQLITE_CHECKPOINT_TRUNCATE, &log, &done),
                         SQLITE_OK);
        assert_int_equal(log, 0);
    }
}

static void a_broken_cycle_is_open_until_its_subject_has_restarted_and_final_then(void **state)
{
    struct followed *followed = *state;
    live_honestly(followed);
    live(followed, 4);
    followed->cycle.broke = CYCLE_BROKE_FINISH;
    followed->cycle.trouble = (char *)"it hung";
    audit_at(followed, AUDIT_FULL);
    assert_int_equal(audit_findings_of(&followed->findings, AUDIT_INTEGRITY), 0);
    subject_does(followed, "DELETE FROM agent_outputs WHERE batch = 4;"
                           "DELETE FROM consensus_runs WHERE batch = 4;"
                           "UPDATE agent_executions SET state = 'interrupted' WHERE batch = 4");
    live(followed, 6);
    audit_at(followed, AUDIT_FULL);
    expect_found(followed, NULL);
    live(followed, 8);
    audit_at(followed, AUDIT_QUICK);
    expect_found(followed, NULL);
    subject_does(followed, "INSERT INTO agent_executions (run, id, batch, name, state, spawned_ns)"
                           " VALUES ('" HONEST_RUN "', '4.3', 4, 'a', 'interrupted', 1)");
    live(followed, 9);
    audit_at(followed, AUDIT_FULL);
    expect_found(followed, "no-row-without-a-start");
}

static void a_subject_that_is_down_has_no_audit_of_its_store(void **state)
{
    struct followed *followed = *state;
    live_honestly(followed);
    followed->cycle.index = 4;
    followed->cycle.broke = CYCLE_BROKE_DOWN;
    audit_at(followed, AUDIT_FULL);
    assert_int_equal(followed->result.level, AUDIT_NONE);
}

/* What was there before our first audit is taken as it is, and must stay so. */
static void rows_from_before_must_stay(void **state)
{
    struct followed *followed = *state;
    live(followed, 1);
    live(followed, 2);
    audit_at(followed, AUDIT_FULL);
    expect_found(followed, NULL);
    subject_does(followed, "UPDATE agent_executions SET name = 'b' WHERE id = '1.0'");
    live(followed, 3);
    audit_at(followed, AUDIT_FULL);
    expect_found(followed, "row-tells-the-truth");
}

/* ---- a store that nobody else may read while its subject runs ---- */

static void lock_store(struct followed *followed)
{
    subject_does(followed, "PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE");
    live(followed, 0); /* a write takes the lock, and it stays */
    followed->watch->waited = true;
}

static void close_store(struct followed *followed)
{
    struct audit_report report;
    struct err err = {0};
    sqlite3_close(followed->subject);
    followed->subject = NULL;
    audit_watch_rest(followed->watch);
    audit_findings_clear(&followed->findings);
    assert_int_equal(audit_watch_closed(followed->watch, &followed->findings, &report,
                                        followed->path, followed->folder, &followed->scenario,
                                        &err),
                     0);
    audit_report_release(&report);
}

static void a_store_that_stays_locked_is_not_checked_until_it_is_closed(void **state)
{
    struct followed *followed = *state;
    followed->scenario.consensus = true;
    lock_store(followed);
    audit_watch_spawned(followed->watch, &followed->findings, &followed->cycle);
    audit_at(followed, AUDIT_FULL);
    expect_found(followed, NULL);
    assert_true(followed->result.locked);
    assert_int_equal(followed->result.level, AUDIT_NONE);
    live(followed, 2);
    audit_at(followed, AUDIT_QUICK);
    expect_found(followed, NULL);
    close_store(followed);
    expect_found(followed, NULL);
}

static void what_a_locked_store_has_lost_is_found_when_it_is_closed(void **state)
{
    struct followed *followed = *state;
    followed->scenario.consensus = true;
    lock_store(followed);
    audit_at(followed, AUDIT_FULL);
    subject_does(followed, "DELETE FROM agent_outputs; DELETE FROM consensus_runs;"
                           "DELETE FROM agent_executions");
    close_store(followed);
    expect_found(followed, "every-acknowledged-start-is-recorded");
}

/* Who locks it only until "finish" is asked may have recorded late: such a cycle proves nothing. */
static void a_cycle_whose_early_look_met_a_lock_is_told_as_not_read(void **state)
{
    struct followed *followed = *state;
    lock_store(followed);
    audit_watch_spawned(followed->watch, &followed->findings, &followed->cycle);
    subject_does(followed, "PRAGMA locking_mode = NORMAL; SELECT count(*) FROM agent_outputs");
    audit_at(followed, AUDIT_QUICK);
    expect_found(followed, NULL);
    assert_true(followed->result.locked);
    live(followed, 2);
    audit_watch_spawned(followed->watch, &followed->findings, &followed->cycle);
    audit_at(followed, AUDIT_QUICK);
    assert_false(followed->result.locked);
}

#define FOLLOWED(test) cmocka_unit_test_setup_teardown(test, make_followed, unmake_followed)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quick_audit_sees_the_lies_of_its_cycle),
        FOLLOWED(who_commits_nothing_has_recorded_nothing),
        FOLLOWED(a_file_put_in_the_place_of_the_store_is_seen),
        cmocka_unit_test(what_becomes_of_earlier_rows_is_seen_in_full),
        FOLLOWED(a_corrupt_page_is_seen_by_the_next_full_audit_and_at_the_end),
        FOLLOWED(no_read_transaction_stays_open),
        FOLLOWED(a_broken_cycle_is_open_until_its_subject_has_restarted_and_final_then),
        FOLLOWED(a_subject_that_is_down_has_no_audit_of_its_store),
        FOLLOWED(rows_from_before_must_stay),
        FOLLOWED(a_store_that_stays_locked_is_not_checked_until_it_is_closed),
        FOLLOWED(what_a_locked_store_has_lost_is_found_when_it_is_closed),
        FOLLOWED(a_cycle_whose_early_look_met_a_lock_is_told_as_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
