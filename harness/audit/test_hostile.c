/* Does the audit come back from a database that was made to keep it, and say what is wrong? */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/audit_internal.h"
#include "audit/test_honest.h"

#define ENDLESS "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT "
#define PAGE    4096
#define LEVELS  15 /* SQLite follows twenty */
#define EACH    5  /* children of every page: 5^15 leaves, 30,000 million */

static bool has_finding(const struct fixture *fixture, const char *rule, const char *words)
{
    for (size_t i = 0; i < fixture->findings.count; i++)
        if (strcmp(fixture->findings.items[i].rule->name, rule) == 0 &&
            strstr(fixture->findings.items[i].text, words))
            return true;
    return false;
}

static void audit_file(struct fixture *fixture)
{
    audit_findings_clear(&fixture->findings);
    audit_report_release(&fixture->report);
    if (audit_own(&fixture->findings, &fixture->report, fixture->path, &fixture->err) < 0)
        fail_msg("%s", fixture->err.text);
}

static void audit_live(struct fixture *fixture)
{
    audit_findings_clear(&fixture->findings);
    audit_cycle(&fixture->findings, &fixture->scenario, &fixture->cycle, fixture->path, HONEST_RUN,
                NULL);
}

static void expect_told(const struct fixture *fixture, const char *rule, const char *words)
{
    if (has_finding(fixture, rule, words))
        return;
    for (size_t i = 0; i < fixture->findings.count; i++)
        fprintf(stderr, "%s: %s\n", fixture->findings.items[i].rule->name,
                fixture->findings.items[i].text);
    fail_msg("expected of %s: '%s'", rule, words);
}

static void forget(const struct fixture *fixture, const char *ending)
{
    char *name = text_format("%s%s", fixture->path, ending);
    unlink(name);
    free(name);
}

/* ---- programs in a schema ---- */

static void an_endless_view_does_not_run(void **state)
{
    struct fixture *fixture = *state;
    run_sql(fixture->path, "DROP TABLE agent_outputs; DROP TABLE agent_executions;"
                           "CREATE VIEW agent_executions AS " ENDLESS
                           "i AS run, i AS id, i AS batch, i AS name, i AS state, i AS outcome,"
                           " i AS pid, i AS spawned_ns, i AS ready_ns, i AS completed_ns,"
                           " i AS error FROM n");
    audit_file(fixture);
    assert_int_equal(fixture->report.agents, 0); /* its rows were not asked for */
    expect_told(fixture, "schema-is-the-contracts", "table 'agent_executions' is missing");
    audit_live(fixture);
    expect_told(fixture, "store-can-be-read", "");
}

/* The text of the schema says what it is, the columns beside it may lie. */
static void a_view_that_calls_itself_a_table_does_not_run(void **state)
{
    struct fixture *fixture = *state;
    run_sql(fixture->path, "PRAGMA writable_schema = ON;"
                           "UPDATE sqlite_schema SET rootpage = 0, sql = 'CREATE VIEW agent_outputs"
                           " AS " ENDLESS "1 FROM n' WHERE name = 'agent_outputs'");
    audit_file(fixture);
    assert_int_equal(fixture->report.agents, 0); /* its rows were not asked for */
    assert_true(fixture->findings.count > 0);
}

static void a_virtual_table_is_not_asked(void **state)
{
    struct fixture *fixture = *state;
    run_sql(fixture->path, "DROP TABLE agent_outputs;"
                           "CREATE VIRTUAL TABLE agent_outputs USING fts5(run, id, batch, output)");
    audit_file(fixture);
    assert_int_equal(fixture->report.agents, 0); /* its rows were not asked for */
    assert_true(fixture->findings.count > 0);
}

/* ---- trees that never end ---- */

static unsigned char *page_of(unsigned char *file, uint32_t number)
{
    return file + (size_t)(number - 1) * PAGE;
}

static void put2(unsigned char *at, uint32_t value)
{
    at[0] = (unsigned char)(value >> 8);
    at[1] = (unsigned char)value;
}

static void put4(unsigned char *at, uint32_t value)
{
    put2(at, value >> 16);
    put2(at + 2, value & 0xffff);
}

/*
 * An interior page all of whose children are one and the same page
 *
 * cell : what stands behind the child's number: of a table a rowid, of an index a cell of its leaf
 */
static void put_interior(unsigned char *page, uint32_t child, bool index, const unsigned char *cell,
                         uint32_t length)
{
    memset(page, 0, PAGE);
    page[0] = index ? 2 : 5;
    put2(page + 3, EACH - 1);
    put2(page + 5, PAGE - (EACH - 1) * (4 + length));
    put4(page + 8, child);
    for (uint32_t i = 0; i < EACH - 1; i++) {
        unsigned char *at = page + PAGE - (size_t)(i + 1) * (4 + length);
        put2(page + 12 + (size_t)2 * i, (uint32_t)(at - page));
        put4(at, child);
        memcpy(at + 4, cell, length);
    }
}

static uint32_t root_of(const char *path, const char *name)
{
    sqlite3 *database = NULL;
    char *sql = text_format("SELECT rootpage FROM sqlite_schema WHERE name = '%s'", name);
    int64_t root;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    root = database_ask(database, sql);
    assert_true(root > 1);
    sqlite3_close(database);
    free(sql);
    return (uint32_t)root;
}

/* The tree of a table or an index as it could have grown if branches could grow together. */
static void grow_together(const char *path, const char *name)
{
    static const unsigned char rowid[] = {1};
    uint32_t root = root_of(path, name), pages;
    unsigned char *file = NULL, *leaf, cell[200] = {0};
    size_t length = 0, cells;
    bool index;
    assert_int_equal(text_read_file((char **)&file, &length, path, 1 << 24, NULL), 0);
    pages = (uint32_t)(length / PAGE);
    file = xrealloc(file, (size_t)(pages + LEVELS) * PAGE, 1);
    leaf = page_of(file, pages + LEVELS);
    memcpy(leaf, page_of(file, root), PAGE);
    index = leaf[0] == 10;
    assert_true(index || leaf[0] == 13);
    cells = (size_t)leaf[8] << 8 | leaf[9];
    memcpy(cell, leaf + cells, PAGE - cells < sizeof cell ? PAGE - cells : sizeof cell);
    for (uint32_t level = 0; level < LEVELS; level++)
        put_interior(page_of(file, level ? pages + level : root), pages + level + 1, index,
                     index ? cell : rowid, index ? cell[0] + 1u : sizeof rowid);
    put4(file + 28, pages + LEVELS);
    assert_int_equal(text_write_file(path, file, (size_t)(pages + LEVELS) * PAGE, NULL), 0);
    free(file);
}

static void a_table_that_grew_together_keeps_nobody(void **state)
{
    struct fixture *fixture = *state;
    grow_together(fixture->path, "agent_outputs");
    audit_file(fixture);
    expect_told(fixture, "integrity-check-is-ok", "2nd reference to page");
    expect_told(fixture, "foreign-keys-hold", "it does not answer");
}

static void nor_does_one_in_a_run(void **state)
{
    struct fixture *fixture = *state;
    grow_together(fixture->path, "agent_executions");
    audit_live(fixture);
    expect_told(fixture, "integrity-check-is-ok", "2nd reference to page");
    expect_told(fixture, "store-can-be-read", "it does not answer");
}

static void an_index_that_grew_together_keeps_nobody(void **state)
{
    static const char *const indexes[] = {"agent_executions_by_state",
                                          "sqlite_autoindex_agent_executions_1"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < 2; i++) {
        grow_together(fixture->path, indexes[i]);
        audit_file(fixture);
        expect_told(fixture, "integrity-check-is-ok", "2nd reference to page");
    }
}

/* ---- files longer than anybody can read ---- */

static void lengthen(const char *path, const char *ending, const char *begin, size_t length)
{
    char *name = text_format("%s%s", path, ending);
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    if (length)
        assert_int_equal(write(fd, begin, length), (ssize_t)length);
    assert_int_equal(ftruncate(fd, (off_t)1 << 40), 0);
    close(fd);
    free(name);
}

static void holes_are_not_read(void **state)
{
    struct fixture *fixture = *state;
    lengthen(fixture->path, "", NULL, 0);
    audit_file(fixture);
    assert_true(fixture->report.bytes == INT64_C(1) << 40);
}

/* A good header, one frame that is none, and nothing behind it but a terabyte. */
static void holes_of_a_wal_are_not_read(void **state)
{
    struct fixture *fixture = *state;
    unsigned char header[32] = {0x37, 0x7f, 0x06, 0x82, 0x00, 0x2d, 0xe2, 0x18, 0, 0, 0x10, 0};
    uint32_t sums[2] = {0, 0};
    for (size_t i = 0; i < 24;
         i += 8) { /* fileformat2.html 4.2, words with their little end first */
        uint32_t words[2];
        memcpy(words, header + i, sizeof words);
        sums[0] += words[0] + sums[1];
        sums[1] += words[1] + sums[0];
    }
    put4(header + 24, sums[0]);
    put4(header + 28, sums[1]);
    lengthen(fixture->path, "-wal", (const char *)header, sizeof header);
    audit_file(fixture);
    expect(fixture, NULL);
    forget(fixture, "-wal");
    forget(fixture, "-shm");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(an_endless_view_does_not_run),
        WITH_STORE(a_view_that_calls_itself_a_table_does_not_run),
        WITH_STORE(a_virtual_table_is_not_asked),
        WITH_STORE(a_table_that_grew_together_keeps_nobody),
        WITH_STORE(nor_does_one_in_a_run),
        WITH_STORE(an_index_that_grew_together_keeps_nobody),
        WITH_STORE(holes_are_not_read),
        WITH_STORE(holes_of_a_wal_are_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
