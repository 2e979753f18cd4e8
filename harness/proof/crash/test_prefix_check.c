/* Is every kind of bad state told apart from a good one? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "proof/crash/prefix_check.h"
#include "schema_sql.h"

static struct disk disk;
static uint64_t digests[3];
static const struct check_prefixes prefixes = {digests, 3};

static void execute(sqlite3 *database, const char *text)
{
    if (sqlite3_exec(database, text, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", text, sqlite3_errmsg(database));
}

static const char insert[] =
    "INSERT INTO agent_executions (run, id, batch, name, state, spawned_ns, error)"
    " VALUES ('r', %d, 1, 'n', 'ready', 1, NULL)";

static void insert_agent(sqlite3 *database, int id)
{
    char *text = sqlite3_mprintf(insert, id);
    execute(database, text);
    sqlite3_free(text);
}

/* A database of one agent in its file and one more in its log. */
static int make_disk(void **state)
{
    sqlite3 *database;
    struct err err = {0};
    (void)state;
    assert_int_equal(disk_register(&err), 0);
    assert_int_equal(disk_open(&database, &disk), SQLITE_OK);
    assert_int_equal(check_digest(database, &digests[0]), SQLITE_OK);
    execute(database, "PRAGMA journal_mode = WAL");
    execute(database, embedded_schema_sql);
    insert_agent(database, 1);
    assert_int_equal(check_digest(database, &digests[1]), SQLITE_OK);
    execute(database, "PRAGMA wal_checkpoint(TRUNCATE)");
    insert_agent(database, 2);
    assert_int_equal(check_digest(database, &digests[2]), SQLITE_OK);
    sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    assert_int_equal(disk_close(database), SQLITE_OK);
    assert_true(disk.files[CRASH_WAL].size > 4096);
    return 0;
}

static int release(void **state)
{
    (void)state;
    disk_release(&disk);
    return 0;
}

static void change(const char *text)
{
    sqlite3 *database;
    assert_int_equal(disk_open(&database, &disk), SQLITE_OK);
    execute(database, text);
    assert_int_equal(disk_close(database), SQLITE_OK);
}

static void expect(enum check_kind kind, int prefix)
{
    struct check_result result = check_disk(&disk, &prefixes);
    if (result.kind != kind || result.prefix != prefix)
        fail_msg("kind %d, prefix %d: %s", (int)result.kind, result.prefix, result.why);
}

static void a_log_is_recovered(void **state)
{
    (void)state;
    expect(CHECK_PREFIX, 2);
    expect(CHECK_PREFIX, 2); /* and is in the file now */
}

static void without_its_log_it_is_the_prefix_before(void **state)
{
    (void)state;
    disk.files[CRASH_WAL].there = false;
    expect(CHECK_PREFIX, 1);
}

static void no_file_and_an_empty_one_are_the_beginning(void **state)
{
    (void)state;
    disk.files[CRASH_WAL].there = false;
    disk.files[CRASH_DATABASE].size = 0;
    expect(CHECK_PREFIX, 0);
    disk.files[CRASH_DATABASE].there = false;
    expect(CHECK_PREFIX, 0);
}

static void content_that_never_was_is_partial(void **state)
{
    (void)state;
    change("UPDATE agent_executions SET error = '' WHERE id = '2'"); /* NULL and '' differ */
    expect(CHECK_PARTIAL, 0);
    change("UPDATE agent_executions SET error = NULL");
    expect(CHECK_PREFIX, 2);
    change("UPDATE agent_executions SET name = 'm' WHERE id = '2'");
    expect(CHECK_PARTIAL, 0);
}

static void an_orphan_is_corrupt(void **state)
{
    (void)state;
    change("INSERT INTO agent_outputs VALUES ('r', '9', 9, x'00')");
    expect(CHECK_CORRUPT, 0);
}

static void a_damaged_index_is_corrupt(void **state)
{
    (void)state;
    change("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name ="
           " 'agent_executions_by_state'");
    expect(CHECK_CORRUPT, 0);
}

static void a_damaged_page_is_corrupt(void **state)
{
    (void)state;
    expect(CHECK_PREFIX, 2);
    memset(disk.files[CRASH_DATABASE].data + 4096, 0xff, 64);
    expect(CHECK_CORRUPT, 0);
    memset(disk.files[CRASH_DATABASE].data, 0xff, 64);
    expect(CHECK_CORRUPT, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_disk, release)
    const struct CMUnitTest tests[] = {
        TEST(a_log_is_recovered),
        TEST(without_its_log_it_is_the_prefix_before),
        TEST(no_file_and_an_empty_one_are_the_beginning),
        TEST(content_that_never_was_is_partial),
        TEST(an_orphan_is_corrupt),
        TEST(a_damaged_index_is_corrupt),
        TEST(a_damaged_page_is_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
