/* Is an older store brought to the present schema whole, and read where it must stay? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "results/migrate.h"
#include "results/test_synthetic.h"

/* results.sql as it was in version 1, without its comments. Never to be changed. */
static const char version_1[] =
    "CREATE TABLE IF NOT EXISTS runs ( "
    "id INTEGER PRIMARY KEY, "
    "scenario_name TEXT NOT NULL, "
    "scenario_path TEXT NOT NULL, "
    "scenario_text TEXT NOT NULL, "
    "options_json TEXT NOT NULL, "
    "environment_json TEXT NOT NULL, "
    "command TEXT NOT NULL, "
    "version TEXT NOT NULL, "
    "state TEXT NOT NULL CHECK (state IN ('partial', 'complete')), "
    "note TEXT NOT NULL, "
    "seed INTEGER NOT NULL, "
    "started_wall_ns INTEGER NOT NULL, "
    "ended_wall_ns INTEGER NOT NULL, "
    "sittings INTEGER NOT NULL, "
    "planned INTEGER NOT NULL "
    ") STRICT; "
    "CREATE TABLE IF NOT EXISTS arms ( "
    "run INTEGER NOT NULL REFERENCES runs (id), "
    "arm INTEGER NOT NULL, "
    "name TEXT NOT NULL, "
    "command TEXT NOT NULL, "
    "version TEXT NOT NULL, "
    "records INTEGER NOT NULL, "
    "clean INTEGER NOT NULL, "
    "restarts INTEGER NOT NULL, "
    "user_us INTEGER NOT NULL, "
    "system_us INTEGER NOT NULL, "
    "peak_memory_kb INTEGER NOT NULL, "
    "PRIMARY KEY (run, arm) "
    ") STRICT; "
    "CREATE TABLE IF NOT EXISTS cycles ( "
    "run INTEGER NOT NULL REFERENCES runs (id), "
    "cycle INTEGER NOT NULL, "
    "sitting INTEGER NOT NULL, "
    "pair INTEGER NOT NULL, "
    "block INTEGER NOT NULL, "
    "arm INTEGER NOT NULL, "
    "value INTEGER NOT NULL, "
    "place INTEGER NOT NULL, "
    "warmup INTEGER NOT NULL, "
    "outcome TEXT NOT NULL, "
    "sent_ns INTEGER NOT NULL, "
    "answered_ns INTEGER NOT NULL, "
    "spawn_time_ns INTEGER NOT NULL, "
    "ready_time_ns INTEGER NOT NULL, "
    "finish_ns INTEGER NOT NULL, "
    "audit_ns INTEGER NOT NULL, "
    "harness_ns INTEGER NOT NULL, "
    "consensus TEXT NOT NULL, "
    "agents INTEGER NOT NULL, "
    "agents_ready INTEGER NOT NULL, "
    "agents_recorded INTEGER NOT NULL, "
    "failure TEXT NOT NULL, "
    "PRIMARY KEY (run, cycle) "
    ") STRICT, WITHOUT ROWID; "
    "CREATE TABLE IF NOT EXISTS agents ( "
    "run INTEGER NOT NULL, "
    "cycle INTEGER NOT NULL, "
    "ordinal INTEGER NOT NULL, "
    "name TEXT NOT NULL, "
    "outcome TEXT NOT NULL, "
    "pid INTEGER NOT NULL, "
    "start_ns INTEGER NOT NULL, "
    "main_ns INTEGER NOT NULL, "
    "own_ready_ns INTEGER NOT NULL, "
    "ready_ns INTEGER NOT NULL, "
    "recorded_ns INTEGER NOT NULL, "
    "exit_status INTEGER NOT NULL, "
    "exit_signal INTEGER NOT NULL, "
    "error TEXT NOT NULL, "
    "PRIMARY KEY (run, cycle, ordinal), "
    "FOREIGN KEY (run, cycle) REFERENCES cycles (run, cycle) "
    ") STRICT, WITHOUT ROWID; "
    "CREATE TABLE IF NOT EXISTS findings ( "
    "id INTEGER PRIMARY KEY, "
    "run INTEGER NOT NULL REFERENCES runs (id), "
    "cycle INTEGER NOT NULL, "
    "arm INTEGER NOT NULL, "
    "rule TEXT NOT NULL, "
    "severity TEXT NOT NULL CHECK (severity IN ('integrity', 'conduct')), "
    "agent TEXT NOT NULL, "
    "text TEXT NOT NULL "
    ") STRICT; "
    "CREATE INDEX IF NOT EXISTS findings_by_run ON findings (run, cycle); "
    "CREATE TABLE IF NOT EXISTS verdicts ( "
    "run INTEGER NOT NULL REFERENCES runs (id), "
    "claim TEXT NOT NULL, "
    "value INTEGER NOT NULL, "
    "word TEXT NOT NULL, "
    "reason TEXT NOT NULL, "
    "PRIMARY KEY (run, claim, value) "
    ") STRICT; "
    "PRAGMA application_id = 1936748130; PRAGMA user_version = 1;";

static const char one_run[] =
    "INSERT INTO runs VALUES (1, 'old', 'old.json', '{}', '{}', '{}', 'c', '0', 'complete', '', 7,"
    " 1, 2, 1, 2);"
    "INSERT INTO cycles VALUES (1, 0, 1, 0, 0, 0, 0, 0, 0, 'ready', 1000, 1500, 500, 400, 1, 2, 3,"
    " 'agreed', 1, 1, 1, '');"
    "INSERT INTO cycles VALUES (1, 1, 1, 1, 0, 0, 0, 0, 0, 'failed', 2000, 2500, -1, -1, 1, 2, 3,"
    " '', 1, 0, 0, '');"
    "INSERT INTO agents VALUES (1, 0, 0, 'a', 'ready', 9, 1010, 1030, 1060, 1100, 1150, 0, 0, '');"
    "INSERT INTO agents VALUES (1, 1, 0, 'a', 'failed', 9, 0, 0, 0, 0, 0, 0, 0, 'why');"
    "INSERT INTO findings VALUES (NULL, 1, 0, 0, 'r', 'conduct', '', 'why');";

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(database));
    sqlite3_close(database);
}

static int64_t ask(const char *path, const char *sql)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *row = NULL;
    int64_t answer;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    answer = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    sqlite3_close(database);
    return answer;
}

/* The store that was made is replaced by one of version 1. */
static int old_store(void **state)
{
    struct synthetic *synthetic;
    if (synthetic_new(state) < 0)
        return -1;
    synthetic = *state;
    results_close(synthetic->store);
    synthetic->store = NULL;
    synthetic->run = 1;
    unlink(synthetic->path);
    run_sql(synthetic->path, "PRAGMA journal_mode = WAL");
    run_sql(synthetic->path, version_1);
    run_sql(synthetic->path, one_run);
    return 0;
}

static int take_cycle(void *context, const struct results_cycle *cycle)
{
    static const struct cycle_strain unknown = {-1, -1, -1, -1, -1, -1};
    ++*(int *)context;
    assert_true(cycle->cost[SCENARIO_CPU_TIME] == -1 && cycle->cost[SCENARIO_PEAK_MEMORY] == -1);
    assert_memory_equal(&cycle->strain, &unknown, sizeof unknown);
    assert_int_equal(cycle->findings, cycle->index == 0);
    return 0;
}

static int take_document(void *context, const struct results_document *document)
{
    (void)context;
    fail_msg("an old store has no document %s", document->name);
    return 0;
}

static int take_agent(void *context, const struct results_agent *agent)
{
    ++*(int *)context;
    assert_true(agent->cpu_ns == -1 && agent->peak_bytes == -1);
    assert_int_equal(agent->start_ns, agent->cycle == 0 ? 1010 : 0);
    return 0;
}

static void series(struct synthetic *synthetic, enum scenario_metric metric, double first,
                   size_t unknown)
{
    const struct results_which which = {0, 0, metric, NULL};
    struct results_series loaded;
    assert_int_equal(
        results_series_load(&loaded, synthetic->store, synthetic->run, &which, &synthetic->err), 0);
    assert_int_equal(loaded.n, 2);
    assert_int_equal(loaded.unknown, unknown);
    assert_true(unknown || loaded.values[0] == first);
    results_series_release(&loaded);
}

static int take_answer(void *context, const struct results_answer *answer)
{
    (void)context, (void)answer;
    fail_msg("an answer, though none was stored");
    return -1;
}

/* Everything that can be asked of a run, of one that version 1 stored. */
static void read_all(struct synthetic *synthetic)
{
    struct err *err = &synthetic->err;
    struct results *store = synthetic->store;
    struct results_tally tally;
    struct results_run run;
    uint64_t fingerprint;
    char *plan;
    int cycles = 0, agents = 0;
    assert_int_equal(results_run_load(store, 1, &run, err), 0);
    assert_true(run.seed == 7 && run.cycles == 2);
    results_run_release(&run);
    assert_int_equal(results_each_cycle(store, 1, take_cycle, &cycles, err), 0);
    assert_int_equal(results_each_agent(store, 1, -1, take_agent, &agents, err), 0);
    assert_true(cycles == 2 && agents == 2);
    assert_int_equal(results_tally(store, 1, -1, -1, &tally, err), 0);
    assert_true(tally.cycles == 2 && tally.findings_conduct == 1);
    assert_true(tally.audits_quick == 0 && tally.audits_full == 0 && tally.audits_at_end == 0);
    series(synthetic, SCENARIO_SPAWN_TIME, 500, 0);
    series(synthetic, SCENARIO_START_TO_SEEN, 90, 0);
    series(synthetic, SCENARIO_CPU_TIME, 0, 1);
    assert_int_equal(results_plan_load(store, 1, &fingerprint, &plan, err), 1);
    assert_null(plan);
    assert_int_equal(results_document_newest(store, RESULTS_PROOF, NULL, take_document, NULL, err),
                     1);
    assert_int_equal(results_each_answer(store, 1, take_answer, NULL, err), 0);
}

static struct text bytes_of(const char *path)
{
    struct text bytes = {0};
    assert_int_equal(text_read_file(&bytes.data, &bytes.length, path, 1 << 24, NULL), 0);
    return bytes;
}

/* The file holds what it held, and nothing lies beside it. */
static void is_as_it_was(struct synthetic *synthetic, struct text *before)
{
    struct text after = bytes_of(synthetic->path);
    assert_int_equal(after.length, before->length);
    assert_memory_equal(after.data, before->data, before->length);
    text_release(&after);
    text_release(before);
    for (int i = 0; i < 2; i++) {
        char *beside = text_format("%s%s", synthetic->path, i ? "-shm" : "-wal");
        assert_int_not_equal(access(beside, F_OK), 0);
        free(beside);
    }
}

static void shut(struct synthetic *synthetic)
{
    results_close(synthetic->store);
    synthetic->store = NULL;
}

static void a_reader_leaves_an_old_store_as_it_is(void **state)
{
    struct synthetic *synthetic = *state;
    struct text before = bytes_of(synthetic->path);
    synthetic_reopen(synthetic);
    read_all(synthetic);
    shut(synthetic);
    is_as_it_was(synthetic, &before);
}

/* Version 4 had the tables of today; 2 and 3 its columns and triggers, and not yet all tables. */
static void a_reader_leaves_a_store_of_each_version_as_it_is(void **state)
{
    struct synthetic *synthetic = *state;
    static const char *const steps[] = {"DROP TABLE answers; DROP TABLE locks; DROP TABLE holds;"
                                        "PRAGMA user_version = 5",
                                        "ALTER TABLE agents DROP COLUMN witness;"
                                        "ALTER TABLE agents DROP COLUMN witness_pid;"
                                        "ALTER TABLE agents DROP COLUMN costs_of;"
                                        "ALTER TABLE arms DROP COLUMN starts;"
                                        "ALTER TABLE arms DROP COLUMN pooled;"
                                        "ALTER TABLE arms DROP COLUMN open_ns;"
                                        "ALTER TABLE arms DROP COLUMN log_cut;"
                                        "PRAGMA user_version = 4",
                                        "DROP TABLE documents; PRAGMA user_version = 3",
                                        "DROP TABLE audits; PRAGMA user_version = 2"};
    assert_int_equal(
        results_open(&synthetic->store, synthetic->path, RESULTS_WRITE, &synthetic->err), 0);
    shut(synthetic);
    for (int64_t version = 5; version >= 2; version--) {
        struct text before;
        run_sql(synthetic->path, steps[5 - version]);
        before = bytes_of(synthetic->path);
        synthetic_reopen(synthetic);
        read_all(synthetic);
        shut(synthetic);
        is_as_it_was(synthetic, &before);
        assert_int_equal(ask(synthetic->path, "PRAGMA user_version"), version);
    }
}

static void a_writer_brings_an_old_store_up_to_date(void **state)
{
    struct synthetic *synthetic = *state;
    const struct results_document document = {.kind = RESULTS_BASELINE, .name = "b", .text = "{}"};
    for (int again = 0; again < 2; again++) { /* and once is enough */
        assert_int_equal(
            results_open(&synthetic->store, synthetic->path, RESULTS_WRITE, &synthetic->err), 0);
        if (!again)
            read_all(synthetic);
        assert_int_equal(results_document_put(synthetic->store, &document, &synthetic->err), 0);
        shut(synthetic);
        assert_int_equal(ask(synthetic->path, "PRAGMA user_version"), 6);
    }
    assert_int_equal(ask(synthetic->path, "SELECT count(*) FROM documents"), 2);
}

static void a_reader_cannot_write(void **state)
{
    struct synthetic *synthetic = *state;
    const struct results_document document = {.kind = RESULTS_BASELINE, .name = "b", .text = "{}"};
    for (int old = 1; old >= 0; old--) {
        struct text before = bytes_of(synthetic->path);
        synthetic_reopen(synthetic);
        assert_int_equal(results_document_put(synthetic->store, &document, &synthetic->err), -1);
        assert_int_equal(results_run_end(synthetic->store, 1, false, "", &synthetic->err), -1);
        assert_non_null(strstr(synthetic->err.text, "readonly"));
        shut(synthetic);
        is_as_it_was(synthetic, &before);
        if (old) {
            assert_int_equal(
                results_open(&synthetic->store, synthetic->path, RESULTS_MAKE, &synthetic->err), 0);
            shut(synthetic);
        }
    }
}

static void what_is_not_there_is_not_made_to_be_written(void **state)
{
    struct synthetic *synthetic = *state;
    struct err err = {0};
    unlink(synthetic->path);
    assert_int_equal(results_open(&synthetic->store, synthetic->path, RESULTS_WRITE, &err), -1);
    assert_non_null(strstr(err.text, "first: spawnbench run"));
    assert_int_not_equal(access(synthetic->path, F_OK), 0);
}

static void a_newer_store_is_refused_by_all_and_left_as_it_is(void **state)
{
    struct synthetic *synthetic = *state;
    char *told = text_format("results store '%s' has schema version 7, this spawnbench knows 1 to "
                             "6 (use the newer spawnbench that wrote it, or give another folder "
                             "with --results)",
                             synthetic->path);
    run_sql(synthetic->path, "PRAGMA user_version = 7");
    for (int mode = RESULTS_READ; mode <= RESULTS_WRITE; mode++) {
        struct text before = bytes_of(synthetic->path);
        struct err err = {0};
        assert_int_equal(
            results_open(&synthetic->store, synthetic->path, (enum results_mode)mode, &err), -1);
        assert_int_equal(err.code, ERR_UNFIT);
        assert_string_equal(err.text, told);
        is_as_it_was(synthetic, &before);
    }
    free(told);
}

/* What the two ways lead to differs in nothing that SQLite or a reader could tell. */
static void an_old_store_becomes_what_a_new_one_is(void **state)
{
    static const char shape[] =
        "SELECT sum(length(x)) + count(*) * 1000000 FROM ("
        "SELECT m.name || '/' || c.cid || c.name || c.type || c.\"notnull\" || c.pk ||"
        " coalesce(c.dflt_value, '') AS x FROM sqlite_master AS m, pragma_table_info(m.name) AS c"
        " UNION SELECT name || type FROM sqlite_master)";
    struct synthetic *synthetic = *state;
    char *fresh_path = text_format("%s/fresh.sqlite", synthetic->folder);
    struct results *fresh = NULL;
    assert_int_equal(
        results_open(&synthetic->store, synthetic->path, RESULTS_MAKE, &synthetic->err), 0);
    assert_int_equal(results_open(&fresh, fresh_path, RESULTS_MAKE, &synthetic->err), 0);
    results_close(fresh);
    assert_true(ask(fresh_path, shape) > 0);
    assert_int_equal(ask(synthetic->path, shape), ask(fresh_path, shape));
    synthetic->next = 2;
    synthetic_put(synthetic, &(struct synthetic_cycle){.pair = 2, .spawn_ns = 1, .cpu_ns = 3});
    assert_int_equal(ask(synthetic->path, "SELECT cpu_ns FROM cycles WHERE cycle = 2"), 3);
    unlink(fresh_path);
    free(fresh_path);
}

static void a_migration_that_fails_leaves_the_store_as_it_was(void **state)
{
    struct synthetic *synthetic = *state;
    struct err err = {0};
    /* in the way of the second table's column: the first table's are taken back */
    run_sql(synthetic->path, "ALTER TABLE agents ADD COLUMN peak_bytes INTEGER");
    assert_int_equal(results_open(&synthetic->store, synthetic->path, RESULTS_WRITE, &err), -1);
    assert_int_equal(err.code, ERR_UNFIT);
    assert_non_null(strstr(err.text, "cannot bring it to the present schema"));
    assert_int_equal(ask(synthetic->path, "PRAGMA user_version"), 1);
    assert_int_equal(ask(synthetic->path, "SELECT count(*) FROM pragma_table_info('cycles')"), 22);
}

/* Rights do not bind the superuser, who runs tests too: read-only is asked of SQLite here. */
static void an_old_store_that_may_only_be_read_is_read_as_it_is(void **state)
{
    struct synthetic *synthetic = *state;
    struct results *store = xcalloc(1, sizeof *store);
    struct err err = {0};
    store->path = xstrdup(synthetic->path);
    assert_int_equal(sqlite3_open_v2(synthetic->path, &store->database, SQLITE_OPEN_READONLY, NULL),
                     SQLITE_OK);
    synthetic->store = store;
    assert_int_equal(migrate_version(store, false, &err), 1);
    assert_int_equal(migrate_up(store, 1, &err), -1); /* nothing can be written there */
    assert_non_null(strstr(err.text, "check the rights"));
    assert_int_equal(migrate_view(store, 1, &err), 0);
    read_all(synthetic);
    assert_int_equal(ask(synthetic->path, "PRAGMA user_version"), 1);
}

/* The same by the rights of the file system, for all others. */
static void an_old_store_in_a_folder_that_may_only_be_read_is_read(void **state)
{
    struct synthetic *synthetic = *state;
    if (geteuid() == 0)
        skip();
    for (int folder_too = 0; folder_too < 2; folder_too++) {
        chmod(synthetic->path, folder_too ? 0644 : 0444);
        chmod(synthetic->folder, folder_too ? 0555 : 0755);
        synthetic_reopen(synthetic);
        read_all(synthetic);
        chmod(synthetic->folder, 0755);
    }
    chmod(synthetic->path, 0644);
    assert_int_equal(ask(synthetic->path, "PRAGMA user_version"), 1);
}

static int take_unknown_cost(void *context, const struct results_cycle *cycle)
{
    ++*(int *)context;
    assert_int_equal(cycle->cost[SCENARIO_CPU_TIME], -1);
    return 0;
}

/* As by a program that has no cpu_time, or before the table of metrics got it. */
static void a_store_without_the_column_of_a_cost_is_read_and_gets_it(void **state)
{
    static const char with_it[] =
        "SELECT count(*) FROM pragma_table_info('cycles') WHERE name = 'cpu_ns'";
    struct synthetic *synthetic = *state;
    struct err err = {0};
    int cycles = 0;
    synthetic_put(synthetic, &(struct synthetic_cycle){.spawn_ns = 1, .cpu_ns = 3});
    results_close(synthetic->store);
    synthetic->store = NULL;
    run_sql(synthetic->path, "ALTER TABLE cycles DROP COLUMN cpu_ns");
    assert_int_equal(results_open(&synthetic->store, synthetic->path, RESULTS_READ, &err), 0);
    assert_int_equal(
        results_each_cycle(synthetic->store, synthetic->run, take_unknown_cost, &cycles, &err), 0);
    assert_int_equal(cycles, 1);
    results_close(synthetic->store);
    synthetic->store = NULL;
    assert_int_equal(ask(synthetic->path, with_it), 0);
    assert_int_equal(results_open(&synthetic->store, synthetic->path, RESULTS_WRITE, &err), 0);
    assert_int_equal(ask(synthetic->path, with_it), 1);
    assert_int_equal(ask(synthetic->path, "SELECT cpu_ns FROM cycles"), -1);
    synthetic_put(synthetic, &(struct synthetic_cycle){.pair = 1, .spawn_ns = 1, .cpu_ns = 5});
    assert_int_equal(ask(synthetic->path, "SELECT max(cpu_ns) FROM cycles"), 5);
}

#define WITH_OLD_STORE(test) cmocka_unit_test_setup_teardown(test, old_store, synthetic_free)
#define WITH_STORE(test)     cmocka_unit_test_setup_teardown(test, synthetic_new, synthetic_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_OLD_STORE(a_reader_leaves_an_old_store_as_it_is),
        WITH_OLD_STORE(a_reader_leaves_a_store_of_each_version_as_it_is),
        WITH_OLD_STORE(a_writer_brings_an_old_store_up_to_date),
        WITH_OLD_STORE(a_reader_cannot_write),
        WITH_OLD_STORE(what_is_not_there_is_not_made_to_be_written),
        WITH_OLD_STORE(a_newer_store_is_refused_by_all_and_left_as_it_is),
        WITH_OLD_STORE(an_old_store_becomes_what_a_new_one_is),
        WITH_OLD_STORE(a_migration_that_fails_leaves_the_store_as_it_was),
        WITH_OLD_STORE(an_old_store_that_may_only_be_read_is_read_as_it_is),
        WITH_OLD_STORE(an_old_store_in_a_folder_that_may_only_be_read_is_read),
        WITH_STORE(a_store_without_the_column_of_a_cost_is_read_and_gets_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
