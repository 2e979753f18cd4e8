/* Is every kind of damage seen, is the honest store accused by none, and can the self-test fail? */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/text.h"
#include "proof/damage/damage_case.h"

/* One honest store for all tests, made by the reference spawner; nobody writes to it. */
static char folder[64], honest[128];

/* Places tried for each kind; the test labelled slow asks for more. */
static int seeds = 2;

/* A matrix in a folder of its own. */
struct tested {
    char folder[64];
    struct damage_how how;
    struct damage_matrix matrix;
    struct err err;
};

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
    (void)about;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int make_store(void **state)
{
    struct err err = {0};
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/spawnbench-test-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(honest, sizeof honest, "%s/honest.sqlite", folder);
    if (damage_make_honest(honest, BINARY_DIR "/spawnref", BINARY_DIR "/spawnref-agent", &err) < 0)
        fail_msg("%s", err.text);
    return 0;
}

static int remove_store(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int setup(void **state)
{
    struct tested *tested = xcalloc(1, sizeof *tested);
    snprintf(tested->folder, sizeof tested->folder, "/tmp/spawnbench-test-XXXXXX");
    tested->how =
        (struct damage_how){.database = honest, .folder = tested->folder, .seed = 7, .seeds = 1};
    *state = tested;
    return mkdtemp(tested->folder) ? 0 : -1;
}

static int teardown(void **state)
{
    struct tested *tested = *state;
    int rc = nftw(tested->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    damage_matrix_release(&tested->matrix);
    free(tested);
    return rc;
}

static void test_it(struct tested *tested)
{
    damage_matrix_release(&tested->matrix);
    if (damage_self_test(&tested->matrix, &tested->how, &tested->err) < 0)
        fail_msg("%s", tested->err.text);
}

static const struct damage_row *row_of(const struct tested *tested, const char *kind)
{
    for (size_t i = 0; i < tested->matrix.count; i++)
        if (strcmp(tested->matrix.rows[i].kind->name, kind) == 0)
            return &tested->matrix.rows[i];
    fail_msg("there is no kind '%s'", kind);
    return NULL;
}

static void check_kind(const struct damage_row *row)
{
    const char *name = row->kind->name;
    if (row->made != seeds)
        fail_msg("%s: made %d of %d times", name, row->made, seeds);
    if (row->escaped)
        fail_msg("%s: escaped %d times, first at %s", name, row->escaped, row->escape);
    if (row->missed)
        fail_msg("%s: %d times not seen by %s", name, row->missed,
                 damage_class_name(row->kind->must));
    if (row->caught + row->benign != row->made)
        fail_msg("%s: %d caught, %d benign of %d", name, row->caught, row->benign, row->made);
    if (row->kind->must == DAMAGE_HARMLESS && row->caught)
        fail_msg("%s: harmless, but accused: %s", name, row->first);
    if (row->kind->must < DAMAGE_CLASSES && row->benign)
        fail_msg("%s: %d of them hit nothing", name, row->benign);
}

static void every_kind_of_damage_is_seen_by_whom_it_concerns(void **state)
{
    struct tested *tested = *state;
    tested->how.seeds = seeds;
    test_it(tested);
    assert_true(tested->matrix.count >= 31);
    for (size_t i = 0; i < tested->matrix.count; i++)
        check_kind(&tested->matrix.rows[i]);
    assert_true(damage_matrix_holds(&tested->matrix));
}

static void the_untouched_store_is_accused_by_none(void **state)
{
    struct tested *tested = *state;
    tested->how.only = "header-bit";
    test_it(tested);
    for (size_t i = 0; i < tested->matrix.untouched.count; i++)
        print_error("  %s: %s\n", tested->matrix.untouched.items[i].rule->name,
                    tested->matrix.untouched.items[i].text);
    assert_int_equal(tested->matrix.untouched.count, 0);
    assert_true(tested->matrix.rows_known > 100 && tested->matrix.database_bytes > 100000);
}

/* Each of these rules alone stands between a kind of damage and nobody knowing. */
static void without_a_rule_the_self_test_fails(void **state)
{
    static const struct {
        const char *rule, *escapes;
    } cases[] = {{"integrity-check-is-ok", "index-entry-missing"},
                 {"integrity-check-is-ok", "pointer-map-bit"},
                 {"foreign-keys-hold", "orphan-output"},
                 {"every-acknowledged-start-is-recorded", "failure-deleted"},
                 {"no-row-without-a-start", "phantom-agent"},
                 {"row-tells-the-truth", "name-wrong"},
                 {"one-process-one-id", "pid-wrong"},
                 {"consensus-is-whole", "verdict-changed"},
                 {"times-are-in-order", "times-backwards"},
                 {"no-process-is-recorded-twice", "batch-twice"},
                 {"application-id-is-ours", "application-id"},
                 {"user-version-is-known", "user-version"},
                 {"schema-is-the-contracts", "trigger-added"},
                 {"wal-recovers", "wal-header-bit"},
                 {"file-is-not-bloated", "bloat"}};
    struct tested *tested = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct damage_row *row;
        tested->how.without = cases[i].rule;
        tested->how.only = cases[i].escapes;
        test_it(tested);
        row = row_of(tested, cases[i].escapes);
        if (!row->escaped && !row->missed)
            fail_msg("'%s' is seen without '%s': %s", cases[i].escapes, cases[i].rule, row->first);
        assert_false(damage_matrix_holds(&tested->matrix));
    }
}

/* The header's settings are hit in few of its bytes only, so this rule is asked directly. */
static void a_changed_setting_is_seen(void **state)
{
    struct tested *tested = *state;
    struct audit_findings findings = {0};
    struct damage_base base = {0};
    sqlite3 *database;
    assert_int_equal(damage_base_make(&base, &tested->how, &tested->err), 0);
    database = damage_open(base.plain, &tested->err);
    assert_int_equal(damage_execute(database, "PRAGMA journal_mode = DELETE", &tested->err), 0);
    snapshot_compare(&findings, base.snapshot, database);
    assert_int_equal(findings.count, 2); /* read and write version */
    assert_string_equal(findings.items[0].rule->name, "settings-are-kept");
    sqlite3_close(database);
    audit_findings_release(&findings);
    damage_base_release(&base);
}

static void change_copy(struct tested *tested, char path[128], const char *sql)
{
    sqlite3 *database;
    snprintf(path, 128, "%s/changed.sqlite", tested->folder);
    assert_int_equal(damage_copy_file(honest, path, &tested->err), 0);
    database = damage_open(path, &tested->err);
    if (damage_execute(database, sql, &tested->err) < 0)
        fail_msg("%s", tested->err.text);
    sqlite3_close(database);
    tested->how.database = path;
}

static void a_store_that_is_not_honest_is_accused(void **state)
{
    struct tested *tested = *state;
    char path[128];
    change_copy(tested, path, "UPDATE agent_executions SET pid = NULL WHERE id = '1.0'");
    tested->how.only = "header-bit";
    test_it(tested);
    assert_true(tested->matrix.untouched.count > 0);
    assert_string_equal(tested->matrix.untouched.items[0].rule->name, "row-tells-the-truth");
    assert_false(damage_matrix_holds(&tested->matrix));
}

/* Nothing to hit is told; nothing may break because of it. */
static void a_store_with_little_in_it_is_tested_as_far_as_it_goes(void **state)
{
    static const char *const sql[] = {
        "DELETE FROM agent_outputs; DELETE FROM consensus_runs",
        "DELETE FROM agent_outputs; DELETE FROM consensus_runs; DELETE FROM agent_executions",
        "DELETE FROM agent_outputs; DELETE FROM consensus_runs; DELETE FROM agent_executions"
        " WHERE id <> '1.0'; PRAGMA auto_vacuum = NONE; VACUUM",
        "DELETE FROM agent_outputs; DELETE FROM consensus_runs; DELETE FROM agent_executions"
        " WHERE id <> '1.0'; PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM"};
    struct tested *tested = *state;
    for (size_t i = 0; i < sizeof sql / sizeof sql[0]; i++) {
        char path[128];
        change_copy(tested, path, sql[i]);
        test_it(tested);
        assert_int_equal(row_of(tested, "overflow-bit")->made, 0);
        assert_int_equal(row_of(tested, "application-id")->made, i == 1 ? 0 : 1);
        for (size_t k = 0; k < tested->matrix.count; k++)
            if (tested->matrix.rows[k].escaped || tested->matrix.rows[k].missed)
                fail_msg("store %zu: %s, first at %s", i, tested->matrix.rows[k].kind->name,
                         tested->matrix.rows[k].escape);
        for (size_t k = 0; k < tested->matrix.untouched.count; k++)
            fail_msg("store %zu: %s", i, tested->matrix.untouched.items[k].text);
    }
}

static void the_same_seed_hits_the_same_places(void **state)
{
    struct tested *tested = *state;
    struct damage_row *rows;
    size_t bytes;
    int differ = 0;
    test_it(tested);
    bytes = tested->matrix.count * sizeof *rows;
    rows = xcalloc(tested->matrix.count, sizeof *rows);
    memcpy(rows, tested->matrix.rows, bytes);
    test_it(tested);
    assert_memory_equal(rows, tested->matrix.rows, bytes);
    tested->how.seed++;
    test_it(tested);
    for (size_t i = 0; i < tested->matrix.count; i++)
        differ += strcmp(rows[i].first, tested->matrix.rows[i].first) != 0;
    assert_true(differ > 10);
    free(rows);
}

static void what_cannot_be_tested_is_refused(void **state)
{
    struct tested *tested = *state;
    char path[128];
    tested->how.without = "no-such-rule";
    assert_int_equal(damage_self_test(&tested->matrix, &tested->how, &tested->err), -1);
    assert_int_equal(tested->err.code, ERR_USAGE);
    damage_matrix_release(&tested->matrix);
    tested->how.without = NULL;
    change_copy(tested, path, "DROP TABLE agent_outputs");
    assert_int_equal(damage_self_test(&tested->matrix, &tested->how, &tested->err), -1);
    assert_int_equal(tested->err.code, ERR_FORMAT);
    assert_non_null(strstr(tested->err.text, "not a spawner's store"));
    damage_matrix_release(&tested->matrix);
    tested->how.database = "/nowhere/x.sqlite";
    assert_int_equal(damage_self_test(&tested->matrix, &tested->how, &tested->err), -1);
    assert_non_null(strstr(tested->err.text, "/nowhere/x.sqlite"));
}

/* Our own reading of the pages against SQLite's. */
static void pages_are_classified_as_dbstat_does(void **state)
{
    static const char *const types[] = {
        [PAGE_TABLE_LEAF] = "leaf",         [PAGE_INDEX_LEAF] = "leaf",
        [PAGE_TABLE_INTERIOR] = "internal", [PAGE_INDEX_INTERIOR] = "internal",
        [PAGE_OVERFLOW] = "overflow",       [PAGE_POINTER_MAP] = NULL};
    struct tested *tested = *state;
    struct damage_base base = {0};
    sqlite3 *database;
    sqlite3_stmt *row = NULL;
    uint32_t seen = 0, in_trees = 0;
    assert_int_equal(damage_base_make(&base, &tested->how, &tested->err), 0);
    database = damage_open(base.plain, &tested->err);
    if (sqlite3_prepare_v2(database, "SELECT pageno, pagetype FROM dbstat", -1, &row, NULL) !=
        SQLITE_OK)
        skip();
    while (sqlite3_step(row) == SQLITE_ROW) {
        const struct damage_page *page = &base.map.pages[sqlite3_column_int(row, 0)];
        assert_in_range(page->kind, PAGE_TABLE_LEAF, PAGE_OVERFLOW);
        assert_string_equal((const char *)sqlite3_column_text(row, 1), types[page->kind]);
        seen++;
    }
    for (uint32_t i = 1; i <= base.map.page_count; i++) {
        assert_int_not_equal(base.map.pages[i].kind, PAGE_UNKNOWN);
        in_trees += base.map.pages[i].kind <= PAGE_OVERFLOW;
    }
    assert_int_equal(seen, in_trees);
    sqlite3_finalize(row);
    sqlite3_close(database);
    damage_base_release(&base);
}

/* A database of somebody else may be anything: refused or read, never run over (ASan looks on). */
static void a_hostile_file_is_read_without_harm(void **state)
{
    struct tested *tested = *state;
    struct damage_base base = {0};
    struct damage_case hurt = {.base = &base, .random = 11};
    char path[128];
    int refused = 0;
    assert_int_equal(damage_base_make(&base, &tested->how, &tested->err), 0);
    snprintf(path, sizeof path, "%s/hostile.sqlite", tested->folder);
    for (int i = 0; i < 50 * seeds; i++) {
        struct damage_map map = {0};
        unsigned char *bytes = xcalloc(base.map.length, 1);
        memcpy(bytes, base.map.bytes, base.map.length);
        for (int k = 0; k < 20; k++)
            bytes[damage_random(&hurt, i % 2 ? 2048 : base.map.length)] =
                (unsigned char)damage_random(&hurt, 256);
        assert_int_equal(damage_write_file(path, bytes, base.map.length, &tested->err), 0);
        if (damage_map_read(&map, path, &tested->err) < 0)
            refused++;
        for (uint32_t page = 1; page <= map.page_count; page++)
            damage_map_used(&map, page, bytes);
        damage_map_release(&map);
        free(bytes);
    }
    assert_in_range(refused, 1, 50 * seeds);
    damage_base_release(&base);
}

#define TESTED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TESTED(every_kind_of_damage_is_seen_by_whom_it_concerns),
        TESTED(the_untouched_store_is_accused_by_none),
        TESTED(without_a_rule_the_self_test_fails),
        TESTED(a_changed_setting_is_seen),
        TESTED(a_store_that_is_not_honest_is_accused),
        TESTED(a_store_with_little_in_it_is_tested_as_far_as_it_goes),
        TESTED(the_same_seed_hits_the_same_places),
        TESTED(what_cannot_be_tested_is_refused),
        TESTED(pages_are_classified_as_dbstat_does),
        TESTED(a_hostile_file_is_read_without_harm),
    };
    if (argc > 1)
        seeds = (int)strtol(argv[1], NULL, 10);
    return cmocka_run_group_tests(tests, make_store, remove_store);
}
