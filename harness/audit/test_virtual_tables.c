/* Are full-text indexes and R-Trees that lie found, sound ones left alone, unknown ones told? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/test_damaged.h"

#define FULL_TEXT "full-text-index-agrees"
#define RTREE     "rtree-is-sound"
#define TEXTS                                                                                      \
    "CREATE TABLE texts(k INTEGER PRIMARY KEY, a, b);" ROWS(                                       \
        200) "INSERT INTO texts SELECT i, 'alpha beta' || i, 'gamma' FROM n;"

static void an_index_of_its_own_content_is_checked(void **state)
{
    static const char *const tables[] = {"fts5(a, b)", "fts5(a, b, detail=none, columnsize=0)",
                                         "fts4(a, b)", "fts3(a, b)",
                                         "FTS4(a, b, tokenize=porter, prefix=\"2\")"};
    struct damaged *damaged = *state;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        char *sql = text_format(TEXTS "CREATE VIRTUAL TABLE ft USING %s;"
                                      "INSERT INTO ft(a, b) SELECT a, b FROM texts",
                                tables[i]);
        make_new(damaged, sql);
        look(damaged);
        expect_findings(damaged, 0);
        expect_told(damaged, FULL_TEXT, "", AUDIT_HELD, "");
        run_sql(damaged, i < 2 ? "UPDATE ft_content SET c0 = 'omega' WHERE id = 7"
                               : "UPDATE ft_content SET c0a = 'omega' WHERE docid = 7");
        look(damaged);
        expect_findings(damaged, 1);
        expect_told(damaged, FULL_TEXT, "ft", AUDIT_BROKEN,
                    "full-text index 'ft' contradicts itself");
        free(sql);
    }
}

static void an_index_of_another_table_is_held_against_it(void **state)
{
    static const char *const tables[] = {"fts5(a, b, content = texts, content_rowid = 'k')",
                                         "fts5(content='texts', a, b, content_rowid=k)",
                                         "fts4(content=\"texts\", a, b)"};
    struct damaged *damaged = *state;
    for (size_t i = 0; i < 3; i++) {
        char *sql = text_format(TEXTS "CREATE VIRTUAL TABLE ft USING %s;"
                                      "INSERT INTO ft(rowid, a, b) SELECT k, a, b FROM texts",
                                tables[i]);
        make_new(damaged, sql);
        look(damaged);
        expect_findings(damaged, 0);
        run_sql(damaged, "UPDATE texts SET a = 'omega' WHERE k = 7");
        look(damaged);
        expect_findings(damaged, 1);
        expect_told(damaged, FULL_TEXT, "ft", AUDIT_BROKEN, "full-text index 'ft'");
        free(sql);
    }
}

/* Its plain check says nothing of an index that is empty. */
static void an_index_that_was_never_filled_is_found(void **state)
{
    struct damaged *damaged = *state;
    make_new(damaged,
             TEXTS "CREATE VIRTUAL TABLE ft USING fts5(a, content=texts, content_rowid=k)");
    look(damaged);
    expect_told(damaged, FULL_TEXT, "ft", AUDIT_BROKEN,
                "does not hold what its content table holds");
}

static void lost_pages_of_an_index_are_found(void **state)
{
    static const struct {
        const char *table, *sql;
    } losses[] = {
        {"fts5(a)", "DELETE FROM ft_data WHERE id > 10"},
        {"fts5(a)", "DROP TABLE ft_idx"},
        {"fts5(a)", "DELETE FROM ft_idx"},
        {"fts5(a, detail=none, content='')", "DELETE FROM ft_idx"},
        {"fts5(a)", "DELETE FROM ft_docsize WHERE id = 3"},
        {"fts5(a)", "DELETE FROM ft_content WHERE id = 3"},
        {"fts5(a)", "DROP TABLE ft_data"},
        {"fts5(a, content='')", "DELETE FROM ft_data WHERE id > 10"},
        {"fts4(a)", "DELETE FROM ft_segdir"},
        {"fts4(a)", "DROP TABLE ft_segdir"},
    };
    struct damaged *damaged = *state;
    for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++) {
        char *sql = text_format(TEXTS "CREATE VIRTUAL TABLE ft USING %s; INSERT INTO ft(rowid, a)"
                                      " SELECT k, a FROM texts; %s",
                                losses[i].table, losses[i].sql);
        make_new(damaged, sql);
        look(damaged);
        expect_told(damaged, FULL_TEXT, "ft", AUDIT_BROKEN, "ft");
        free(sql);
    }
}

static void what_cannot_be_checked_is_told(void **state)
{
    struct damaged *damaged = *state;
    make_new(damaged, TEXTS "CREATE VIRTUAL TABLE ft USING fts5(a, content='');"
                            "INSERT INTO ft(rowid, a) SELECT k, a FROM texts");
    look(damaged);
    expect_findings(damaged, 0);
    expect_told(damaged, FULL_TEXT, "ft", AUDIT_NOT_CHECKED, "it keeps no content");
    assert_false(damaged->report.unchecked); /* its index is checked */
    make_new(damaged, "CREATE VIRTUAL TABLE ft USING fts5(a); PRAGMA writable_schema = ON;"
                      "UPDATE sqlite_schema SET sql = 'CREATE VIRTUAL TABLE ft USING fts5(a,"
                      " tokenize = ''words'')' WHERE name = 'ft'");
    look(damaged);
    expect_findings(damaged, 0);
    expect_told(damaged, FULL_TEXT, "ft", AUDIT_NOT_CHECKED, "");
    assert_true(damaged->report.unchecked);
    make_new(damaged, "CREATE VIRTUAL TABLE v USING fts5(a); CREATE TABLE t(a);"
                      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE VIRTUAL"
                      " TABLE v USING \"vec0\"(a)' WHERE name = 'v'");
    look(damaged);
    expect_findings(damaged, 0);
    expect_told(damaged, "integrity-check-is-ok", "v", AUDIT_NOT_CHECKED, "it needs module vec0");
    assert_false(damaged->report.unchecked);
}

/* A view is a program of whoever made the schema. */
static void the_view_of_an_index_does_not_run(void **state)
{
    struct damaged *damaged = *state;
    make_new(damaged, "CREATE VIEW w AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n)"
                      " SELECT i AS k, i AS a FROM n;"
                      "CREATE VIRTUAL TABLE ft USING fts5(a, content=w, content_rowid=k)");
    look(damaged);
    expect_findings(damaged, 0);
    expect_told(damaged, FULL_TEXT, "ft", AUDIT_NOT_CHECKED, "against its content: ");
}

static void in_place_no_index_is_written_to(void **state)
{
    struct damaged *damaged = *state;
    damaged->options.in_place = true;
    make_new(damaged, TEXTS "CREATE VIRTUAL TABLE ft USING fts5(a);"
                            "CREATE VIRTUAL TABLE rt USING rtree(id, a, b)");
    look(damaged);
    expect_told(damaged, FULL_TEXT, "ft", AUDIT_NOT_CHECKED, "--in-place");
    expect_told(damaged, RTREE, "", AUDIT_HELD, "");
    assert_true(damaged->report.unchecked);
}

/* What ranks are made of; neither module looks at it there. */
static void sizes_of_rows_are_their_sum(void **state)
{
    static const struct {
        const char *module, *losses[4];
    } tables[] = {
        {"fts4(a, b)",
         {"DELETE FROM ft_docsize WHERE docid = 7", "UPDATE ft_docsize SET size = x'0909'",
          "UPDATE ft_stat SET value = x'0102' WHERE id = 0", "DELETE FROM ft_stat"}},
        {"fts5(a, b, content='')",
         {"DELETE FROM ft_docsize WHERE id = 7", "UPDATE ft_docsize SET sz = x'0909'",
          "UPDATE ft_data SET block = x'0102' WHERE id = 1", "DELETE FROM ft_data WHERE id = 1"}},
    };
    struct damaged *damaged = *state;
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < 5; k++) {
            char *sql = text_format(TEXTS "CREATE VIRTUAL TABLE ft USING %s;"
                                          "INSERT INTO ft(rowid, a, b) SELECT k, a, b FROM texts;"
                                          "%s;",
                                    tables[i].module, k ? tables[i].losses[k - 1] : "");
            make_new(damaged, sql);
            look(damaged);
            if (k == 0)
                expect_findings(damaged, 0);
            else
                expect_told(damaged, FULL_TEXT, "ft", AUDIT_BROKEN, "full-text index 'ft'");
            free(sql);
        }
}

static void trees_are_checked(void **state)
{
    static const char *const losses[] = {
        "DELETE FROM rt_rowid WHERE rowid < 20",
        "DELETE FROM rt_parent",
        "DELETE FROM rt_node WHERE nodeno > 1",
        "DROP TABLE rt_rowid",
        "UPDATE rt_node SET data = zeroblob(900) WHERE nodeno = 2",
        "INSERT INTO rt_node SELECT 9999, data FROM rt_node WHERE nodeno = 2"};
    struct damaged *damaged = *state;
    for (size_t i = 0; i <= sizeof losses / sizeof losses[0]; i++) {
        char *sql = text_format("CREATE VIRTUAL TABLE rt USING rtree(id, a, b, +note);" ROWS(
                                    500) "INSERT INTO rt SELECT i, i, i + 1, 'x' FROM n; %s",
                                i ? losses[i - 1] : "");
        make_new(damaged, sql);
        look(damaged);
        if (i == 0)
            expect_told(damaged, RTREE, "", AUDIT_HELD, "");
        else
            expect_told(damaged, RTREE, "rt", AUDIT_BROKEN, "rt");
        free(sql);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(an_index_of_its_own_content_is_checked),
        WITH_FOLDER(an_index_of_another_table_is_held_against_it),
        WITH_FOLDER(an_index_that_was_never_filled_is_found),
        WITH_FOLDER(lost_pages_of_an_index_are_found),
        WITH_FOLDER(what_cannot_be_checked_is_told),
        WITH_FOLDER(the_view_of_an_index_does_not_run),
        WITH_FOLDER(in_place_no_index_is_written_to),
        WITH_FOLDER(sizes_of_rows_are_their_sum),
        WITH_FOLDER(trees_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
