/* Is an index that tells other values than its table found, whatever it is made of? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/test_damaged.h"

#define CHECK  "integrity-check-is-ok"
#define AGREES "index-agrees-with-table"

/* In the root page of an index the first `from` becomes `to`. */
static void replace_once(const struct damaged *damaged, const char *name, const void *from,
                         const void *to, size_t count)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *row = NULL;
    char *bytes = NULL, *at, *end;
    size_t length, page;
    assert_int_equal(sqlite3_open(damaged->path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database,
                                        "SELECT (rootpage - 1) * page_size, page_size FROM"
                                        " sqlite_schema, pragma_page_size WHERE name = ?1",
                                        -1, &row, NULL),
                     SQLITE_OK);
    sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    page = (size_t)sqlite3_column_int64(row, 0);
    assert_int_equal(text_read_file(&bytes, &length, damaged->path, 1 << 26, NULL), 0);
    end = bytes + page + sqlite3_column_int(row, 1);
    sqlite3_finalize(row);
    sqlite3_close(database);
    at = memmem(bytes + page, (size_t)(end - bytes) - page, from, count);
    assert_non_null(at);
    memcpy(at, to, count);
    assert_int_equal(text_write_file(damaged->path, bytes, length, NULL), 0);
    free(bytes);
}

/* Each row: a sound database, and bytes of its index 'i' that become others. */
static const struct lie {
    const char *sql, *from, *to;
    size_t count;
    const char *words;
} lies[] = {
    {"CREATE TABLE t(a TEXT COLLATE NOCASE); CREATE INDEX i ON t(a);", "Name7", "nAME7", 5,
     "1 entries hold other values than their rows: rowid 7"},
    {"CREATE TABLE t(a TEXT, b); CREATE INDEX i ON t(a COLLATE NOCASE DESC, b);", "Name7", "nAME7",
     5, "rowid 7"},
    {"CREATE TABLE t(a TEXT COLLATE NOCASE PRIMARY KEY, b) WITHOUT ROWID; CREATE INDEX i ON t(b);",
     "Name7", "nAME7", 5, "key 'nAME7'"},
    {"CREATE TABLE t(a TEXT COLLATE NOCASE, k INT, b, PRIMARY KEY(k DESC)) WITHOUT ROWID;"
     "CREATE INDEX i ON t(a);",
     "Name7", "nAME7", 5, "key 7"},
    {"CREATE TABLE t(a TEXT COLLATE NOCASE UNIQUE, b); CREATE INDEX i ON t(a) WHERE a > 'N';",
     "Name7", "nAME7", 5, "rowid 7"},
    {"CREATE TABLE t(a TEXT); CREATE INDEX i ON t(substr(a, 1, 9) COLLATE NOCASE, (a) DESC);",
     "Name7", "nAME7", 5, "rowid 7"},
    {"CREATE TABLE t(a TEXT, g TEXT COLLATE NOCASE AS (a || '.') VIRTUAL); CREATE INDEX i ON t(g);",
     "Name7", "nAME7", 5, "rowid 7"},
    {"PRAGMA encoding = 'UTF-16le'; CREATE TABLE t(a TEXT COLLATE NOCASE); CREATE INDEX i ON t(a);",
     "N\0a\0m\0e\0007", "n\0A\0M\0E\0007", 9, "rowid 7"},
};

static void lies_of_an_index_are_found(void **state)
{
    struct damaged *damaged = *state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        const struct lie *lie = &lies[i];
        char *sql = text_format("%s" ROWS(9) "INSERT INTO t(a%s) SELECT 'Name' || i%s FROM n",
                                lie->sql, strstr(lie->sql, "k INT") ? ", k" : "",
                                strstr(lie->sql, "k INT") ? ", i" : "");
        make_new(damaged, sql);
        look(damaged);
        expect_findings(damaged, 0);
        expect_told(damaged, AGREES, "", AUDIT_HELD, "");
        replace_once(damaged, "i", lie->from, lie->to, lie->count);
        look(damaged);
        if (told(damaged, CHECK, "i", AUDIT_BROKEN)) { /* newer SQLite sees it itself */
            expect_told(damaged, AGREES, "i", AUDIT_NOT_CHECKED, "integrity_check finds it broken");
        } else {
            expect_told(damaged, AGREES, "i", AUDIT_BROKEN, lie->words);
            expect_told(damaged, CHECK, "", AUDIT_HELD, "");
        }
        expect_findings(damaged, 1);
        free(sql);
    }
}

/* An integer where the table holds text that looks like it, and the like: SQLite sees those. */
static void sound_values_of_all_kinds_agree(void **state)
{
    struct damaged *damaged = *state;
    make_new(damaged,
             "CREATE TABLE t(a, r REAL, n NUMERIC, x TEXT, b BLOB, i INTEGER PRIMARY KEY);"
             "CREATE INDEX ta ON t(a); CREATE INDEX tr ON t(r, n); CREATE INDEX tx ON t(x, b);"
             "CREATE INDEX ti ON t(i, a); CREATE INDEX te ON t(r * 2, CAST(x AS REAL), +n);"
             "INSERT INTO t VALUES (NULL, NULL, NULL, NULL, NULL, 1), (5, 5, 5, 5, 5, 2),"
             " (5.0, 5.0, 5.0, 5.0, 5.0, 3), ('5', '5', '5', '5', '5', 4), (x'35', x'35', x'35',"
             " x'35', x'35', -9), (9e18, 9e18, 9e18, 9e18, 9e18, 6), (x'00', '', x'', '', x'0000',"
             " 7), (-0.0, -0.0, -0.0, '-0.0', -0.0, 8), (1e999, 1e999, 1e999, 1e999, 1e999, 9)");
    look(damaged);
    expect_findings(damaged, 0);
    expect_told(damaged, AGREES, "", AUDIT_HELD, "");
    assert_null(told(damaged, AGREES, "te", AUDIT_NOT_CHECKED));
}

static void what_nobody_asked_for_is_left_out(void **state)
{
    struct damaged *damaged = *state;
    make_new(damaged, "CREATE TABLE t(a); CREATE INDEX i ON t(a)");
    damaged->options.deep = AUDIT_DEEP_NEVER;
    look(damaged);
    expect_told(damaged, AGREES, "", AUDIT_NOT_CHECKED, "--no-deep");
    assert_false(damaged->report.unchecked);
    damaged->options.deep = AUDIT_DEEP_ALWAYS;
    damaged->options.in_place = true;
    look(damaged);
    expect_told(damaged, AGREES, "", AUDIT_NOT_CHECKED, "--in-place");
    assert_true(damaged->report.unchecked);
}

static void what_cannot_be_compared_is_told(void **state)
{
    struct damaged *damaged = *state;
    make_new(damaged, "CREATE TABLE t(a, b); CREATE INDEX fi ON t(f(a)); CREATE INDEX bi ON t(b);"
                      "CREATE INDEX ci ON t(a COLLATE BACKWARDS);"
                      "CREATE TABLE h(rowid, oid, _rowid_); CREATE INDEX hi ON h(oid);"
                      "INSERT INTO t VALUES ('x', 1)");
    look(damaged);
    expect_findings(damaged, 0);
    expect_told(damaged, AGREES, "", AUDIT_HELD, "");
    expect_told(damaged, AGREES, "fi", AUDIT_NOT_CHECKED, "function f()");
    expect_told(damaged, AGREES, "ci", AUDIT_NOT_CHECKED, "collation BACKWARDS");
    expect_told(damaged, AGREES, "hi", AUDIT_NOT_CHECKED, "hide its rowid");
    assert_null(told(damaged, AGREES, "bi", AUDIT_NOT_CHECKED));
}

static void without_an_index_nothing_is_asked(void **state)
{
    struct damaged *damaged = *state;
    make_new(damaged, "CREATE TABLE t(a)");
    look(damaged);
    assert_null(told(damaged, AGREES, "", AUDIT_HELD));
    assert_null(told(damaged, AGREES, "", AUDIT_NOT_CHECKED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(lies_of_an_index_are_found),
        WITH_FOLDER(sound_values_of_all_kinds_agree),
        WITH_FOLDER(what_nobody_asked_for_is_left_out),
        WITH_FOLDER(what_cannot_be_compared_is_told),
        WITH_FOLDER(without_an_index_nothing_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
