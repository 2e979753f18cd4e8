/* Is what SQLite says of a file put together by table and index, and does one thing that is not
 * here hide nothing else? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/test_damaged.h"

#define CHECK   "integrity-check-is-ok"
#define PARENTS "foreign-keys-hold"

/* ---- grouped ---- */

static void a_thousand_messages_about_an_index_are_one_finding(void **state)
{
    struct damaged *damaged = *state;
    make_new(damaged, "CREATE TABLE t(a, b); CREATE INDEX i ON t(a);" ROWS(
                          1000) "INSERT INTO t SELECT i, -i FROM n;"
                                "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql ="
                                " 'CREATE INDEX i ON t(b)' WHERE name = 'i'");
    look(damaged);
    expect_findings(damaged, 1);
    expect_told(damaged, CHECK, "i", AUDIT_BROKEN,
                "index 'i': 1000 messages: row 1 missing from index i; row 2 missing from index i; "
                "row 3 missing from index i; ...");
    assert_int_equal(told(damaged, CHECK, "i", AUDIT_BROKEN)->count, 1000);
    assert_string_equal(damaged->findings.items[0].text,
                        told(damaged, CHECK, "i", AUDIT_BROKEN)->why);
    expect_told(damaged, PARENTS, "", AUDIT_HELD, "");
    expect_told(damaged, "index-agrees-with-table", "i", AUDIT_NOT_CHECKED, "finds it broken");
}

static void orphans_are_counted_by_relation(void **state)
{
    struct damaged *damaged = *state;
    struct text sql = {0};
    for (int i = 0; i < 12; i++)
        text_addf(&sql,
                  "CREATE TABLE p%d(id INTEGER PRIMARY KEY); CREATE TABLE c%d(p REFERENCES p%d,"
                  " q REFERENCES gone%d);" ROWS(100) "INSERT INTO c%d SELECT i, i FROM n;",
                  i, i, i, i, i);
    make_new(damaged, sql.data);
    text_release(&sql);
    look(damaged);
    expect_findings(damaged, 24);
    expect_told(damaged, PARENTS, "c7", AUDIT_BROKEN, "100 rows of table 'c7' have no parent in ");
    assert_int_equal(told(damaged, PARENTS, "c11", AUDIT_BROKEN)->count, 100);
    assert_non_null(strstr(damaged->findings.items[0].text, "a table that does not exist"));
    assert_null(told(damaged, PARENTS, "", AUDIT_HELD));
}

/* ---- pages ---- */

/* In its header; in truth there are more. */
static void claim_free_pages(const char *path, char count)
{
    const char bytes[4] = {0, 0, 0, count};
    FILE *file = fopen(path, "r+e");
    assert_int_equal(fseek(file, 36, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, sizeof bytes, file), sizeof bytes);
    assert_int_equal(fclose(file), 0);
}

/* Beside a view as the first object SQLite 3.40 looks at trees alone, and says that all is well. */
static void a_view_hides_no_pages(void **state)
{
    static const char made[] =
        "CREATE TABLE t(a); CREATE INDEX i ON t(a); CREATE TABLE gone(a);" ROWS(
            1000) "INSERT INTO t SELECT i FROM n; INSERT INTO gone SELECT zeroblob(2000) FROM t;"
                  "DROP TABLE gone; CREATE VIEW v AS SELECT * FROM t;";
    static const char *const vacuums[] = {"NONE", "FULL", "INCREMENTAL"};
    struct damaged *damaged = *state;
    for (size_t i = 0; i < sizeof vacuums / sizeof vacuums[0]; i++) {
        char *sql = text_format("PRAGMA auto_vacuum = %s; %s", vacuums[i], made);
        make_new(damaged, sql);
        look(damaged);
        expect_findings(damaged, 0);
        run_sql(damaged, "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'i'");
        look(damaged);
        assert_int_equal(damaged->findings.count, 1);
        expect_told(damaged, CHECK, "", AUDIT_BROKEN, "never used");
        free(sql);
    }
    make_new(damaged, made);
    claim_free_pages(damaged->path, 5);
    look(damaged);
    expect_findings(damaged, 1);
}

/* ---- what needs something that is not here ---- */

#define APPLICATIONS                                                                               \
    "CREATE TABLE ok(a COLLATE NOCASE, b); CREATE INDEX oka ON ok(a); CREATE INDEX okb ON ok(b);"  \
    "CREATE TABLE indexed(a, b); CREATE INDEX fi ON indexed(f(a));"                                \
    "CREATE INDEX fb ON indexed(b);"                                                               \
    "CREATE TABLE partial(a, b); CREATE INDEX pi ON partial(a) WHERE f(b) > 3;"                    \
    "CREATE TABLE checked(a CHECK (f(a)), b UNIQUE); CREATE TABLE small(a CHECK (a < 9999));"      \
    "CREATE TABLE sorted(a TEXT COLLATE BACKWARDS, b); CREATE INDEX sa ON sorted(a);"              \
    "CREATE INDEX sb ON sorted(b); CREATE TABLE keyed(a TEXT COLLATE BACKWARDS PRIMARY KEY, b)"    \
    " WITHOUT ROWID; CREATE INDEX kb ON keyed(b); CREATE TABLE \"2fa\"(a UNIQUE);"                 \
    "CREATE TABLE \"o'x\"(a UNIQUE); CREATE VIEW v AS SELECT f(a) FROM ok;" ROWS(                  \
        500) "INSERT INTO ok SELECT 'Name' || i, i FROM n; INSERT INTO indexed SELECT * FROM ok;"  \
             "INSERT INTO partial SELECT * FROM ok; INSERT INTO checked SELECT b, b FROM ok;"      \
             "INSERT INTO small SELECT b FROM ok; INSERT INTO sorted SELECT * FROM ok;"            \
             "INSERT INTO keyed SELECT * FROM ok; INSERT INTO \"2fa\" SELECT b FROM ok;"           \
             "INSERT INTO \"o'x\" SELECT b FROM ok;"                                               \
             "CREATE TRIGGER tr AFTER INSERT ON keyed BEGIN SELECT f(1); END;"

static void what_an_application_keeps_to_itself_is_not_checked_and_all_else_is(void **state)
{
    struct damaged *damaged = *state;
    make_new(damaged, APPLICATIONS);
    look(damaged);
    expect_findings(damaged, 0);
    expect_told(damaged, CHECK, "", AUDIT_HELD, "");
    expect_told(damaged, CHECK, "fi", AUDIT_NOT_CHECKED,
                "it needs function f() of its application");
    expect_told(damaged, CHECK, "pi", AUDIT_NOT_CHECKED, "function f()");
    expect_told(damaged, CHECK, "checked", AUDIT_NOT_CHECKED, "its CHECK constraints: it needs");
    expect_told(damaged, CHECK, "sa", AUDIT_NOT_CHECKED, "it needs collation BACKWARDS of its");
    expect_told(damaged, CHECK, "keyed", AUDIT_NOT_CHECKED, "its pages are checked");
    assert_null(told(damaged, CHECK, "fb", AUDIT_NOT_CHECKED));
    assert_null(told(damaged, CHECK, "sb", AUDIT_NOT_CHECKED));
    assert_null(told(damaged, CHECK, "2fa", AUDIT_NOT_CHECKED));
    assert_null(told(damaged, CHECK, "sorted", AUDIT_NOT_CHECKED));
    expect_told(damaged, "index-agrees-with-table", "", AUDIT_HELD, "");
    assert_false(damaged->report.unchecked);
}

static void damage_beside_it_is_found(void **state)
{
    static const struct {
        const char *sql, *object, *words;
        int count;
    } damages[] = {
        {"UPDATE sqlite_schema SET sql = 'CREATE INDEX okb ON ok(a)' WHERE name = 'okb'", "okb",
         "500 messages", 500},
        {"UPDATE sqlite_schema SET sql = 'CREATE INDEX fb ON indexed(a)' WHERE name = 'fb'", "fb",
         "500 messages", 500},
        {"UPDATE sqlite_schema SET sql = 'CREATE INDEX sb ON sorted(a COLLATE BINARY)'"
         " WHERE name = 'sb'",
         "sb", "500 messages", 500},
        {"DELETE FROM sqlite_schema WHERE name = 'oka'", "", "never used", 0},
        {"UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE"
         " name = 'ok') WHERE name = 'small'",
         "", "2nd reference to page", 0},
        {"UPDATE sqlite_schema SET sql = 'CREATE TABLE small(a CHECK (a < 3))' WHERE"
         " name = 'small'",
         "small", "CHECK constraint failed in small", 100},
    };
    struct damaged *damaged = *state;
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        char *sql = text_format(APPLICATIONS "PRAGMA writable_schema = ON; %s", damages[i].sql);
        make_new(damaged, sql);
        look(damaged);
        expect_told(damaged, CHECK, damages[i].object, AUDIT_BROKEN, damages[i].words);
        if (damages[i].count)
            assert_int_equal(told(damaged, CHECK, damages[i].object, AUDIT_BROKEN)->count,
                             damages[i].count);
        free(sql);
    }
}

/* Nobody hides behind the names that the audit gives to what it puts aside. */
static void a_name_of_ours_hides_nothing(void **state)
{
    struct damaged *damaged = *state;
    make_new(damaged, "CREATE TABLE t(a, b); CREATE INDEX spawnbench_aside_2 ON t(a);" ROWS(
                          9) "INSERT INTO t SELECT i, -i FROM n;"
                             "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql ="
                             " replace(sql, '(a)', '(b)') WHERE type = 'index'");
    look(damaged);
    expect_told(damaged, CHECK, "spawnbench_aside_2", AUDIT_BROKEN, "9 messages");
}

static void in_place_it_is_asked_table_by_table(void **state)
{
    struct damaged *damaged = *state;
    damaged->options.in_place = true;
    make_new(damaged, APPLICATIONS "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql ="
                                   " 'CREATE INDEX okb ON ok(a)' WHERE name = 'okb'");
    look(damaged);
    expect_told(damaged, CHECK, "okb", AUDIT_BROKEN, "at least 100 messages");
    expect_told(damaged, CHECK, "", AUDIT_NOT_CHECKED, "free pages");
    expect_told(damaged, CHECK, "indexed", AUDIT_NOT_CHECKED, "its rows are checked");
    expect_told(damaged, CHECK, "keyed", AUDIT_NOT_CHECKED, "collation BACKWARDS");
    expect_told(damaged, CHECK, "2fa", AUDIT_NOT_CHECKED, "its name begins as a number");
    assert_null(told(damaged, CHECK, "o'x", AUDIT_NOT_CHECKED));
    assert_false(damaged->report.unchecked); /* nobody asked for more (in_place), all else was */
}

/* The original and what was asked of it are as before: nothing of it is kept. */
static void what_is_put_aside_is_put_back(void **state)
{
    struct damaged *damaged = *state;
    struct err err = {0};
    char *before = NULL, *after = NULL;
    size_t length, now;
    make_new(damaged, APPLICATIONS);
    assert_int_equal(text_read_file(&before, &length, damaged->path, 1 << 26, NULL), 0);
    audit_report_release(&damaged->report);
    assert_int_equal(audit_own(&damaged->findings, &damaged->report, damaged->path, &err), 0);
    assert_int_equal(text_read_file(&after, &now, damaged->path, 1 << 26, NULL), 0);
    assert_int_equal(now, length);
    assert_memory_equal(before, after, length);
    free(before);
    free(after);
}

static void when_nothing_can_be_checked_that_is_said(void **state)
{
    struct damaged *damaged = *state;
    make_new(damaged, "CREATE TABLE c(a REFERENCES p(b)); CREATE TABLE p(b);"
                      "INSERT INTO c VALUES (1)");
    look(damaged);
    expect_findings(damaged, 0);
    expect_told(damaged, PARENTS, "c", AUDIT_NOT_CHECKED, "foreign key mismatch");
    assert_true(damaged->report.unchecked);
    run_sql(damaged, "CREATE TABLE d(a REFERENCES q); CREATE TABLE q(i INTEGER PRIMARY KEY);"
                     "INSERT INTO d VALUES (7)");
    look(damaged);
    expect_told(damaged, PARENTS, "d", AUDIT_BROKEN, "1 row of table 'd' has no parent in 'q'");
    assert_false(damaged->report.unchecked); /* the other one is broken */
}

/* ---- what SQLite says wrongly ---- */

/* SQLite 3.40 looks into the wrong column where the key of a table WITHOUT ROWID is not first. */
static void null_that_is_not_there_is_no_finding(void **state)
{
    struct damaged *damaged = *state;
    make_new(damaged,
             "CREATE TABLE \"t.t\"(a, \"b.b\" INT NOT NULL, k PRIMARY KEY) WITHOUT ROWID;" ROWS(
                 2000) "INSERT INTO \"t.t\" SELECT NULL, i, 'k' || i FROM n;"
                       "CREATE TABLE u(a, b); CREATE INDEX ub ON u(b);" ROWS(
                           900) "INSERT INTO u SELECT i, -i FROM n");
    look(damaged);
    expect_findings(damaged, 0);
    run_sql(damaged, "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql ="
                     " 'CREATE INDEX ub ON u(a)' WHERE name = 'ub'");
    look(damaged); /* thousands of untrue lines do not hide the true ones behind them */
    expect_findings(damaged, 1);
    assert_int_equal(told(damaged, CHECK, "ub", AUDIT_BROKEN)->count, 900);
}

static void null_that_is_there_is_a_finding(void **state)
{
    struct damaged *damaged = *state;
    make_new(damaged, "CREATE TABLE t(k PRIMARY KEY, a, \"b.b\") WITHOUT ROWID;" ROWS(
                          50) "INSERT INTO t SELECT i, i, nullif(i % 2, 1) FROM n;"
                              "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql ="
                              " replace(sql, '\"b.b\"', '\"b.b\" NOT NULL') WHERE name = 't'");
    look(damaged);
    expect_findings(damaged, 1);
    expect_told(damaged, CHECK, "t", AUDIT_BROKEN, "NULL value in t.b.b");
    assert_int_equal(told(damaged, CHECK, "t", AUDIT_BROKEN)->count, 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(a_thousand_messages_about_an_index_are_one_finding),
        WITH_FOLDER(orphans_are_counted_by_relation),
        WITH_FOLDER(a_view_hides_no_pages),
        WITH_FOLDER(what_an_application_keeps_to_itself_is_not_checked_and_all_else_is),
        WITH_FOLDER(damage_beside_it_is_found),
        WITH_FOLDER(a_name_of_ours_hides_nothing),
        WITH_FOLDER(in_place_it_is_asked_table_by_table),
        WITH_FOLDER(what_is_put_aside_is_put_back),
        WITH_FOLDER(when_nothing_can_be_checked_that_is_said),
        WITH_FOLDER(null_that_is_not_there_is_no_finding),
        WITH_FOLDER(null_that_is_there_is_a_finding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
