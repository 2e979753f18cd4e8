/* Is a database held against the schema that it was asked to have, by structure and not by text? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/audit_internal.h"
#include "audit/schema_held.h"
#include "base/text.h"

/* What a comparison of two schemas came to. */
struct held {
    char folder[32], *path;
    struct audit_schema *schema;
    sqlite3 *database;
    struct audit_report report;
    struct err err;
};

static int begin(void **state)
{
    struct held *held = xcalloc(1, sizeof *held);
    snprintf(held->folder, sizeof held->folder, "/tmp/spawnbench-test-XXXXXX");
    if (!mkdtemp(held->folder))
        return -1;
    held->path = text_format("%s/schema.sql", held->folder);
    *state = held;
    return 0;
}

static void forget(struct held *held)
{
    audit_schema_free(held->schema);
    held->schema = NULL;
    sqlite3_close(held->database);
    held->database = NULL;
    audit_report_release(&held->report);
    held->report = (struct audit_report){0};
}

static int end(void **state)
{
    struct held *held = *state;
    forget(held);
    text_remove_tree(held->folder);
    free(held->path);
    free(held);
    return 0;
}

static int load(struct held *held, const char *asked)
{
    assert_int_equal(text_write_file(held->path, asked, strlen(asked), &held->err), 0);
    return audit_schema_load(&held->schema, held->path, &held->err);
}

static void hold(struct held *held, const char *asked, const char *have)
{
    char *wrong = NULL;
    if (load(held, asked) < 0)
        fail_msg("%s", held->err.text);
    assert_int_equal(sqlite3_open(":memory:", &held->database), SQLITE_OK);
    if (sqlite3_exec(held->database, have, NULL, NULL, &wrong) != SQLITE_OK)
        fail_msg("%s: %s", have, wrong);
    schema_held(&held->report, held->database, held->schema);
}

/* All that was answered, a line each: "table 't': column 'b' is missing (text)". */
static char *lines_of(const struct audit_report *report, enum audit_answer answer)
{
    struct text out = {0};
    for (size_t i = 0; i < report->answers.count; i++)
        if (report->answers.items[i].answer == answer)
            text_addf(&out, "%s\n", report->answers.items[i].why);
    return text_take(&out);
}

static void what_is_different_is_found(void **state)
{
    static const struct {
        const char *asked, *have, *told;
    } cases[] = {
        {"CREATE TABLE t (a)", "CREATE TABLE u (a)", "table 't': it is missing"},
        {"CREATE TABLE t (a, b TEXT)", "CREATE TABLE t (a)", "column 'b' is missing (text)"},
        {"CREATE TABLE t (a TEXT)", "CREATE TABLE t (a BLOB)", "column 'a' is blob, expected text"},
        {"CREATE TABLE t (a TEXT NOT NULL)", "CREATE TABLE t (a TEXT)", "expected text not null"},
        {"CREATE TABLE t (a DEFAULT 'x')", "CREATE TABLE t (a DEFAULT 'X')", "default 'x'"},
        {"CREATE TABLE t (a TEXT COLLATE NOCASE)", "CREATE TABLE t (a TEXT)", "collate nocase"},
        {"CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)",
         "CREATE TABLE t (a INTEGER PRIMARY KEY)", "autoincrement"},
        {"CREATE TABLE t (a, b, PRIMARY KEY (a, b))", "CREATE TABLE t (a, b, PRIMARY KEY (b, a))",
         "primary key (place 1)"},
        {"CREATE TABLE t (a TEXT) STRICT", "CREATE TABLE t (a TEXT)", "expected STRICT"},
        {"CREATE TABLE t (a TEXT PRIMARY KEY) WITHOUT ROWID",
         "CREATE TABLE t (a TEXT PRIMARY KEY NOT NULL)", "expected not STRICT, WITHOUT ROWID"},
        {"CREATE TABLE t (a UNIQUE)", "CREATE TABLE t (a)", "unique (a) is missing"},
        {"CREATE TABLE t (a, b, UNIQUE (a, b))", "CREATE TABLE t (a UNIQUE, b)",
         "unique (a, b) is missing"},
        {"CREATE TABLE t (a CHECK (a > 0))", "CREATE TABLE t (a CHECK (a >= 0))",
         "check ( a > 0 ) is missing"},
        {"CREATE TABLE t (a, b AS (a + 1))", "CREATE TABLE t (a, b AS (a + 2))",
         "as ( a + 1 ) is missing"},
        {"CREATE TABLE t (a, b AS (a) STORED)", "CREATE TABLE t (a, b AS (a))",
         "expected no type generated stored"},
        {"CREATE TABLE t (a UNIQUE ON CONFLICT REPLACE)", "CREATE TABLE t (a UNIQUE)",
         "on conflict replace is missing"},
        {"CREATE TABLE p (a PRIMARY KEY); CREATE TABLE t (b REFERENCES p)",
         "CREATE TABLE p (a PRIMARY KEY); CREATE TABLE t (b)",
         "foreign key (b) references 'p' (a) is missing"},
        {"CREATE TABLE t (b REFERENCES p (a) ON DELETE CASCADE)",
         "CREATE TABLE t (b REFERENCES p (a))", "expected on update NO ACTION on delete CASCADE"},
        {"CREATE TABLE t (b REFERENCES p (a) DEFERRABLE INITIALLY DEFERRED)",
         "CREATE TABLE t (b REFERENCES p (a))", "initially deferred is missing"},
        {"CREATE TABLE t (a); CREATE INDEX i ON t (a)", "CREATE TABLE t (a)",
         "index 'i' is missing (index on (a))"},
        {"CREATE TABLE t (a); CREATE UNIQUE INDEX i ON t (a)",
         "CREATE TABLE t (a); CREATE INDEX i ON t (a)", "expected unique index on (a)"},
        {"CREATE TABLE t (a); CREATE INDEX i ON t (a DESC)",
         "CREATE TABLE t (a); CREATE INDEX i ON t (a)", "expected index on (a desc)"},
        {"CREATE TABLE t (a); CREATE INDEX i ON t (a COLLATE NOCASE)",
         "CREATE TABLE t (a); CREATE INDEX i ON t (a)", "collate nocase"},
        {"CREATE TABLE t (a); CREATE INDEX i ON t (a) WHERE a > 1",
         "CREATE TABLE t (a); CREATE INDEX i ON t (a) WHERE a > 2", "where a > 1"},
        {"CREATE TABLE t (a); CREATE INDEX i ON t (lower(a))",
         "CREATE TABLE t (a); CREATE INDEX i ON t (upper(a))", "lower"},
        {"CREATE VIEW v AS SELECT 1", "CREATE VIEW v AS SELECT 2", "view 'v': its definition is"},
        {"CREATE TABLE v (a)", "CREATE VIEW v AS SELECT 2 AS a", "it is view, expected table"},
        {"CREATE TABLE t (a); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; SELECT 2; END",
         "CREATE TABLE t (a)", "trigger 'g': it is missing"},
        {"CREATE VIRTUAL TABLE f USING fts5(a)", "CREATE VIRTUAL TABLE f USING fts5(b)",
         "table 'f': its definition is"},
        {"CREATE VIRTUAL TABLE f USING fts5(a)", "CREATE TABLE f (a)",
         "it is table, expected virtual table"},
    };
    struct held *held = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *told;
        hold(held, cases[i].asked, cases[i].have);
        told = lines_of(&held->report, AUDIT_BROKEN);
        if (!strstr(told, cases[i].told))
            fail_msg("case %zu: expected '%s' in:\n%s", i, cases[i].told, told);
        free(told);
        forget(held);
    }
}

static void the_same_in_other_words_is_the_same(void **state)
{
    static const struct {
        const char *asked, *have;
    } cases[] = {
        {"create table IF NOT EXISTS \"T\" (a integer /* key */ primary key, [b] text)",
         "CREATE TABLE t(A INTEGER PRIMARY KEY,b TEXT) -- mine"},
        {"CREATE TABLE t (a UNIQUE)", "CREATE TABLE t (a); CREATE UNIQUE INDEX ta ON t (a)"},
        {"CREATE TABLE t (a, b, UNIQUE (a, b))", "CREATE TABLE t (a, b, UNIQUE (b, a))"},
        {"CREATE TABLE p (a PRIMARY KEY); CREATE TABLE t (b REFERENCES p)",
         "CREATE TABLE p (a PRIMARY KEY); CREATE TABLE t (b, FOREIGN KEY (b) REFERENCES p (a))"},
        {"CREATE TABLE t (a CHECK(a>0))",
         "CREATE TABLE t (a, CONSTRAINT positive CHECK ( A > 0 ))"},
        {"CREATE TABLE t (a, b)", "CREATE TABLE t (b, a)"},
        {"CREATE TABLE t (b REFERENCES p (a) NOT DEFERRABLE INITIALLY DEFERRED)",
         "CREATE TABLE t (b REFERENCES p (a))"},
        {"CREATE TABLE t (a); CREATE INDEX i ON t (a) WHERE a IS NOT NULL",
         "CREATE TABLE \"t\" (a); CREATE INDEX IF NOT EXISTS i ON \"t\"(\"a\") where a is not "
         "null"},
        {"CREATE VIRTUAL TABLE f USING fts5(a)", "CREATE VIRTUAL TABLE \"f\" USING FTS5 (a)"},
        {"CREATE TABLE t (a); CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t; END;",
         "CREATE TABLE t (a); create trigger g after insert on t begin delete from t; end"},
        /* as .schema prints it */
        {"CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT);\nCREATE TABLE sqlite_sequence"
         "(name,seq);\nCREATE VIRTUAL TABLE f USING fts5(a)\n/* f(a) */;\n"
         "CREATE TABLE IF NOT EXISTS 'f_data'(id INTEGER PRIMARY KEY, block BLOB);\n"
         "CREATE TABLE 'f_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;\n"
         "CREATE VIEW v AS SELECT 1 AS x\n/* v(x) */;\n",
         "CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT); CREATE VIRTUAL TABLE f USING "
         "fts5(a); CREATE VIEW v AS SELECT 1 AS x"},
    };
    struct held *held = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *told;
        hold(held, cases[i].asked, cases[i].have);
        told = lines_of(&held->report, AUDIT_BROKEN);
        if (*told)
            fail_msg("case %zu: %s", i, told);
        assert_int_equal(held->report.answers.count, 1);
        assert_int_equal(held->report.answers.items[0].answer, AUDIT_HELD);
        free(told);
        forget(held);
    }
}

/* Names that only quotes make names. */
static void odd_names_are_names(void **state)
{
    static const char schema[] =
        "CREATE TABLE \"a \"\"b' c\" (\"x y\" TEXT, \"check\" INTEGER, `as` BLOB);"
        "CREATE INDEX \"i'j\" ON \"a \"\"b' c\" (\"x y\", \"check\");"
        "CREATE TABLE \"select\" (\"from\" REFERENCES \"a \"\"b' c\" (\"x y\"))";
    struct held *held = *state;
    hold(held, schema, schema);
    assert_int_equal(held->report.answers.count, 1);
    assert_int_equal(held->report.answers.items[0].answer, AUDIT_HELD);
    assert_int_equal(held->report.notes.count, 0);
}

static void what_comes_on_top_is_told_and_no_finding(void **state)
{
    struct held *held = *state;
    hold(held, "CREATE TABLE t (a)",
         "CREATE TABLE t (a, mine TEXT, CHECK (mine <> '')); CREATE INDEX i ON t (mine);"
         "CREATE TABLE other (x); CREATE VIEW v AS SELECT 1;"
         "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END");
    assert_int_equal(held->report.answers.count, 1);
    assert_int_equal(held->report.answers.items[0].answer, AUDIT_HELD);
    assert_int_equal(held->report.notes.count, 1);
    assert_string_equal(held->report.notes.items[0].text,
                        "not asked for: column 'mine' of 't', index 'i' of 't', "
                        "check ( mine <> '' ) of 't', trigger 'g', table 'other', view 'v'");
}

static void what_is_no_schema_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *sql, *told;
    } cases[] = {
        {"", "no CREATE statement"},
        {"-- nothing\n;;", "no CREATE statement"},
        {"CREATE TABLE t (a);\n\nINSERT INTO t VALUES (1);", "line 3: 'insert' is not run"},
        {"\nPRAGMA writable_schema = 1;", "line 2: 'pragma' is not run"},
        {"ATTACH '/tmp/x' AS x;", "line 1: 'attach' is not run"},
        {"SELECT load_extension('x');", "'select' is not run"},
        {"CREATE TEMP TABLE t (a);", "'create temp table' is not run"},
        {"DROP TABLE t;", "'drop' is not run"},
        {"CREATE TABLE t (a)\nCREATE TABLE u (b);", "line 1: near \"CREATE\": syntax error"},
        {"CREATE TABLE t (a);\nCREATE TABLE t (a);", "line 2: table t already exists"},
        {"CREATE VIRTUAL TABLE t USING unheard(a);", "line 1: no such module: unheard"},
        {"CREATE TABLE t AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
         " SELECT i FROM n WHERE i < 0;",
         "far more work"},
        {"CREATE TABLE other.t (a);", "unknown database other"},
        {"CREATE", "is not run"},
        {"CREATE TABLE", "incomplete input"},
        {"CREATE TABLE 'a", "unrecognized token"},
        {"CREATE TABLE t (a CHECK (", "incomplete input"},
    };
    struct held *held = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(load(held, cases[i].sql), -1);
        assert_int_equal(held->err.code, ERR_FORMAT);
        if (!strstr(held->err.text, cases[i].told))
            fail_msg("case %zu: expected '%s' in: %s", i, cases[i].told, held->err.text);
        assert_non_null(strstr(held->err.text, held->path));
        held->err = (struct err){0};
    }
    unlink(held->path);
    assert_int_equal(audit_schema_load(&held->schema, held->path, &held->err), -1);
    assert_int_equal(held->err.code, ERR_SYSTEM);
}

/* A definition that was made to be compared for ever. */
static void an_endless_definition_is_not_checked(void **state)
{
    struct held *held = *state;
    struct text sql = {0};
    text_add(&sql, "CREATE TABLE t (a");
    for (int i = 0; i < 20000; i++)
        text_addf(&sql, ", CHECK (a <> %d)", i);
    text_add(&sql, ")");
    hold(held, "CREATE TABLE t (a)", sql.data);
    assert_int_equal(held->report.answers.count, 1);
    assert_int_equal(held->report.answers.items[0].answer, AUDIT_NOT_CHECKED);
    assert_non_null(strstr(held->report.answers.items[0].why, "than are compared"));
    text_release(&sql);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_different_is_found, begin, end),
        cmocka_unit_test_setup_teardown(the_same_in_other_words_is_the_same, begin, end),
        cmocka_unit_test_setup_teardown(odd_names_are_names, begin, end),
        cmocka_unit_test_setup_teardown(what_comes_on_top_is_told_and_no_finding, begin, end),
        cmocka_unit_test_setup_teardown(an_endless_definition_is_not_checked, begin, end),
        cmocka_unit_test_setup_teardown(what_is_no_schema_is_refused_with_its_line, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
