/* Is a store that speaks against itself found, by the rule that it breaks and no other? And is one
 * that an honest spawner may have left, however odd, accused of nothing? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/audit_internal.h"
#include "audit/test_honest.h"

static const char empty[] =
    "PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; DELETE FROM agent_outputs;"
    "DELETE FROM consensus_runs; DELETE FROM agent_executions;";

/* What {agent} says: three of them, in batch 12 of a run whose batch 13 is like it. */
#define ANSWERS(id)                                                                                \
    "CAST('{\"agent\":\"" id "\",\"answer\":\"0123456789abcdef\",\"prompt_bytes\":5}"
#define OURS(batch)                                                                                \
    " ('9.1', '" batch ".0', " batch                                                               \
    ", " ANSWERS(batch ".0") "' AS BLOB)),"                                                        \
                             " ('9.1', '" batch ".1', " batch                                      \
                             ", " ANSWERS(batch ".1") "' AS BLOB)),"                               \
                                                      " ('9.1', '" batch ".2', " batch             \
                                                      ", " ANSWERS(batch ".2") "' AS BLOB))"
#define AGENTS_OF(batch)                                                                           \
    " ('9.1', '" batch ".0', " batch ", 'a', 'completed', 'ready', 6" batch "0, 1000, 1500, 9000," \
    "  NULL),"                                                                                     \
    " ('9.1', '" batch ".1', " batch ", 'b', 'completed', 'ready', 6" batch "1, 2000, 2500, 9001," \
    "  NULL),"                                                                                     \
    " ('9.1', '" batch ".2', " batch ", 'a', 'completed', 'ready', 6" batch "2, 3000, 3500, 9002," \
    "  NULL)"

static const char threes[] = "INSERT INTO agent_executions VALUES" AGENTS_OF("12") "," AGENTS_OF(
    "13") ";INSERT INTO consensus_runs VALUES ('9.1', 12, 'agreed', '0123456789abcdef', 3, 3, "
          "9500),"
          " ('9.1', 13, 'agreed', '0123456789abcdef', 3, 3, 9600);"
          "INSERT INTO agent_outputs VALUES" OURS("12") "," OURS("13") ";";

static void write_store(struct fixture *fixture, const char *sql)
{
    char *all = text_format("%s%s%sPRAGMA ignore_check_constraints = ON;%s", empty, honest_rows,
                            threes, sql);
    run_sql(fixture->path, all);
    free(all);
}

static void audit(struct fixture *fixture)
{
    audit_findings_clear(&fixture->findings);
    audit_report_release(&fixture->report);
    if (audit_own(&fixture->findings, &fixture->report, fixture->path, &fixture->err) < 0)
        fail_msg("%s", fixture->err.text);
}

static void is_accused(struct fixture *fixture, const char *rule, const char *sql)
{
    audit(fixture);
    if (!rule ? fixture->findings.count > 0 : !found(fixture, rule)) {
        print_findings(fixture);
        fail_msg("expected %s after: %s", rule ? rule : "no finding", sql);
    }
    if (!rule)
        return;
    /* what the contract's CHECK forbids, integrity_check sees as well */
    for (size_t i = 0; i < fixture->findings.count; i++)
        if (strcmp(fixture->findings.items[i].rule->name, rule) != 0 &&
            !strstr(fixture->findings.items[i].text, "CHECK constraint failed")) {
            print_findings(fixture);
            fail_msg("expected nothing but %s after: %s", rule, sql);
        }
}

#define PHANTOM  "no-row-without-a-start"
#define TRUTH    "row-tells-the-truth"
#define PROCESS  "one-process-one-id"
#define TWICE    "no-process-is-recorded-twice"
#define ORDER    "times-are-in-order"
#define RECORDED "every-acknowledged-start-is-recorded"
#define WHOLE    "consensus-is-whole"
#define FOLLOWS  "verdict-follows-from-the-outputs"
#define PRINTED  "output-is-what-the-agent-printed"
#define COPY_OF(id)                                                                                \
    " SELECT run, " id ", batch, name, state, outcome, pid + 9, spawned_ns + 1,"                   \
    " ready_ns + 1, completed_ns, error FROM agent_executions WHERE id = '12.0'"
#define INSERT_AS(id) "INSERT INTO agent_executions" COPY_OF(id)
#define AGENT(set)    "UPDATE agent_executions SET " set " WHERE id = '12.0'"
#define FAILED(set)   "UPDATE agent_executions SET " set " WHERE id = '3.0'"
#define VERDICT(set)  "UPDATE consensus_runs SET " set " WHERE batch = 12"

static void each_contradiction_is_found_by_its_rule(void **state)
{
    static const struct {
        const char *rule, *sql;
    } lies[] = {
        /* identities */
        {PHANTOM, INSERT_AS("'\uff11\uff12.0'")},
        {PHANTOM, INSERT_AS("id || char(0) || 'x'")},
        {PHANTOM, INSERT_AS("'12.00'")},
        {PHANTOM, INSERT_AS("'012.0'")},
        {PHANTOM, INSERT_AS("'12.0 '")},
        {PHANTOM, INSERT_AS("' 12.0'")},
        {PHANTOM, INSERT_AS("'+12.0'")},
        {PHANTOM, INSERT_AS("'12.-1'")},
        {PHANTOM, INSERT_AS("'12'")},
        {PHANTOM, INSERT_AS("'12.'")},
        {PHANTOM, INSERT_AS("'12.0.0'")},
        {PHANTOM, INSERT_AS("'12.99999999999999999999'")},
        {PHANTOM, INSERT_AS("''")},
        {PHANTOM, "UPDATE agent_executions SET run = run || char(0) WHERE id = '3.0'"},
        {TRUTH, FAILED("batch = 5")},
        {TRUTH, "UPDATE agent_executions SET batch = 25 - batch WHERE id IN ('12.0', '13.0')"},
        {TRUTH, AGENT("name = ''")},
        {TRUTH, AGENT("name = name || char(0) || 'b'")},
        {WHOLE, "UPDATE agent_outputs SET batch = 13 WHERE id = '12.0'"},
        /* states */
        {TRUTH, AGENT("completed_ns = NULL")},
        {TRUTH, AGENT("outcome = 'failed'")},
        {TRUTH, AGENT("outcome = NULL")},
        {TRUTH, FAILED("state = state || char(0)")},
        {TRUTH, FAILED("error = NULL")},
        {TRUTH, FAILED("error = ' '")},
        {TRUTH, FAILED("state = 'timed_out', outcome = 'timed_out', error = NULL")},
        {TRUTH, FAILED("outcome = 'cancelled'")},
        {TRUTH, FAILED("state = 'interrupted'")},
        {TRUTH, FAILED("state = 'starting'")},
        {TRUTH, FAILED("state = 'starting', outcome = NULL, ready_ns = 91, completed_ns = NULL")},
        {TRUTH, FAILED("state = 'ready', outcome = 'ready', pid = 7, ready_ns = 91, error = NULL")},
        {TRUTH, FAILED("state = 'ready', outcome = 'ready', pid = 7, ready_ns = 91,"
                       " completed_ns = NULL")},
        /* processes and times */
        {PROCESS, AGENT("pid = -5")},
        {PROCESS, AGENT("pid = 0")},
        {PROCESS, AGENT("pid = 4194305")},
        {PROCESS, AGENT("pid = 4294967296 + pid")},
        {TWICE, "UPDATE agent_executions SET pid = 7, spawned_ns = 1001, ready_ns = 1400"
                " WHERE id IN ('12.0', '12.1')"},
        {TWICE, "UPDATE agent_executions SET pid = 7, spawned_ns = 1000 + substr(id, 4),"
                " ready_ns = 1500 WHERE id IN ('12.0', '12.2')"},
        {TWICE, "UPDATE agent_executions SET pid = 7 WHERE id IN ('12.0', '12.2')"}, /* prompted */
        {TWICE, "UPDATE agent_executions SET pid = 7, spawned_ns = 10 + substr(id, 3)"
                " WHERE batch = 4"}, /* other programs, both not ready yet */
        {TWICE, "INSERT INTO agent_executions SELECT '9.2', id, batch, name, state, outcome, pid,"
                " spawned_ns, ready_ns, completed_ns, error FROM agent_executions"
                " WHERE run = '9.1' AND batch = 12"},
        {ORDER, VERDICT("decided_ns = 9223372036854775807")},
        {ORDER, AGENT("ready_ns = spawned_ns - 1")},
        {ORDER, AGENT("completed_ns = ready_ns - 1")},
        {ORDER, AGENT("completed_ns = 9223372036854775807")},
        {ORDER, AGENT("spawned_ns = -1")},
        {RECORDED, "DELETE FROM agent_outputs WHERE id = '12.1'; DELETE FROM agent_executions"
                   " WHERE id = '12.1'; " VERDICT("agents = 2, votes = 2")},
        {RECORDED, "DELETE FROM agent_outputs WHERE id = '12.0'; DELETE FROM agent_executions"
                   " WHERE id = '12.0'; " VERDICT("agents = 2, votes = 2")},
        /* verdicts */
        {WHOLE, "INSERT INTO consensus_runs VALUES ('9.1', 77, 'split', NULL, 0, 0, 1)"},
        {WHOLE, "INSERT INTO consensus_runs VALUES ('other', 12, 'split', NULL, 0, 0, 1)"},
        {WHOLE, "DELETE FROM agent_outputs WHERE id = '12.1'"},
        {WHOLE, "DELETE FROM agent_outputs WHERE id = '12.1'; " VERDICT("agents = 2, votes = 2")},
        {WHOLE, VERDICT("agents = 4")},
        {WHOLE, VERDICT("agents = 2")},
        {WHOLE, VERDICT("verdict = 'Agreed'")},
        {WHOLE, VERDICT("votes = 4")},
        {WHOLE, VERDICT("votes = -1")},
        {WHOLE, VERDICT("decided_ns = 1")},
        {WHOLE, VERDICT("decided_ns = 3499")},
        {WHOLE, VERDICT("decided_ns = 0")},
        {WHOLE, "UPDATE agent_executions SET state = 'interrupted' WHERE id = '12.1'"},
        {FOLLOWS, VERDICT("answer = NULL")},
        {FOLLOWS, VERDICT("verdict = 'split'")},
        {FOLLOWS, VERDICT("verdict = 'split', answer = NULL")},
        {FOLLOWS, VERDICT("verdict = 'split', answer = NULL, votes = 1")},
        {FOLLOWS, VERDICT("verdict = 'split', answer = NULL, votes = 0")},
        {FOLLOWS, VERDICT("votes = 0")},
        {FOLLOWS, VERDICT("votes = 1")},
        {FOLLOWS, VERDICT("votes = 2")},
        {FOLLOWS, VERDICT("answer = 'another'")},
        {FOLLOWS, VERDICT("answer = ''")},
        {FOLLOWS, VERDICT("answer = answer || char(0)")},
        {FOLLOWS, "UPDATE agent_outputs SET output = CAST(id AS BLOB) WHERE batch = 12"},
        {FOLLOWS, "UPDATE agent_outputs SET output = x'41' WHERE id = '12.1'"},
        {FOLLOWS, "UPDATE agent_outputs SET output = x'' WHERE batch = 12"},
        /* one error explains one vote, and not two */
        {FOLLOWS, AGENT("error = 'exited with status 1'") ";" VERDICT(
                      "votes = 1, verdict = 'split', answer = NULL")},
        /* outputs */
        {PRINTED, "CREATE TEMP TABLE t AS SELECT * FROM agent_outputs; UPDATE agent_outputs SET"
                  " output = (SELECT output FROM t WHERE t.id = CASE agent_outputs.id WHEN '12.0'"
                  " THEN '12.2' ELSE '12.0' END) WHERE id IN ('12.0', '12.2')"},
        {PRINTED, "CREATE TEMP TABLE t AS SELECT * FROM agent_outputs; UPDATE agent_outputs SET"
                  " output = (SELECT output FROM t WHERE t.id = '13.1') WHERE id = '12.1'"},
        {PRINTED, "CREATE TEMP TABLE t AS SELECT * FROM agent_outputs; UPDATE agent_outputs SET"
                  " output = (SELECT output FROM t WHERE t.id = '12.0') WHERE batch = 12"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        write_store(fixture, lies[i].sql);
        is_accused(fixture, lies[i].rule, lies[i].sql);
    }
}

/* A batch of two that is not finished, or broke off. */
#define BATCH_20(first, second)                                                                    \
    "INSERT INTO agent_executions (run, id, batch, name, state, outcome, pid, spawned_ns, "        \
    "ready_ns,"                                                                                    \
    " completed_ns, error) VALUES ('9.1', '20.0', 20, 'a', " first "),"                            \
    " ('9.1', '20.1', 20, 'b', " second ")"
/* Two or three of another program that are finished. */
#define BATCH_21(verdict, answer, votes, one, two, three)                                          \
    "INSERT INTO agent_executions VALUES"                                                          \
    " ('9.1', '21.0', 21, 'a', 'completed', 'ready', 31, 10, 20, 50, " one "),"                    \
    " ('9.1', '21.1', 21, 'b', 'completed', 'ready', 32, 10, 20, 50, " two "),"                    \
    " ('9.1', '21.2', 21, 'c', 'completed', 'ready', 33, 10, 20, 50, " three ");"                  \
    "INSERT INTO consensus_runs VALUES ('9.1', 21, '" verdict "', " answer ", " votes ", 3, 40);"
#define OUTPUTS_21(one, two, three)                                                                \
    "INSERT INTO agent_outputs VALUES ('9.1', '21.0', 21, CAST(" one " AS BLOB)),"                 \
    " ('9.1', '21.1', 21, CAST(" two " AS BLOB)), ('9.1', '21.2', 21, CAST(" three " AS BLOB))"
#define BADLY "'it exited with status 1'"
#define CUT   "'its output is cut by 5 bytes'"

static void what_honest_spawners_leave_is_no_contradiction(void **state)
{
    static const char *const stores[] = {
        "",
        /* in flight, interrupted, failed, cancelled */
        BATCH_20("'starting', NULL, NULL, 1, NULL, NULL, NULL",
                 "'ready', 'ready', 9, 1, 2, NULL, NULL"),
        BATCH_20("'interrupted', NULL, NULL, 1, NULL, NULL, NULL",
                 "'interrupted', 'ready', 9, 1, 2, NULL, 'its spawner went away'"),
        BATCH_20("'interrupted', NULL, 8, 1, NULL, NULL, 'gone'",
                 "'interrupted', 'ready', 9, 1, 2, 7, NULL"),
        BATCH_20("'failed', 'failed', NULL, 1, NULL, NULL, 'no such file'",
                 "'cancelled', 'cancelled', 9, 1, 2, 7, NULL"),
        BATCH_20("'timed_out', 'timed_out', 8, 1, NULL, 9, 'not ready within 5 ms'",
                 "'cancelled', 'cancelled', NULL, 1, NULL, NULL, 'cancelled'"),
        BATCH_20("'failed', 'failed', 8, 1, 2, 9, 'could not be recorded'",
                 "'failed', 'failed', 9, 1, 2, 9, 'could not be recorded'"),
        /* ready by exit, and completed before "finish"; no verdict was asked for */
        BATCH_20("'completed', 'ready', 8, 1, 2, 2, NULL", "'ready', 'ready', 9, 1, 2, NULL, NULL"),
        BATCH_20("'completed', 'ready', 8, 1, 2, 2, NULL",
                 "'completed', 'ready', 9, 1, 2, 9, NULL"),
        "DELETE FROM agent_outputs; DELETE FROM consensus_runs",
        /* killed while it recorded one after the other, in any order */
        "DELETE FROM agent_outputs; DELETE FROM consensus_runs; DELETE FROM agent_executions"
        " WHERE id = '12.1'",
        /* one was cancelled, or too late, before another was tried */
        "INSERT INTO agent_executions VALUES ('9.1', '22.0', 22, 'a', 'completed', 'ready', 31, 10,"
        " 20, 50, NULL), ('9.1', '22.3', 22, 'a', 'timed_out', 'timed_out', 34, 10, NULL, 50, 'x');"
        "INSERT INTO consensus_runs VALUES ('9.1', 22, 'agreed', 'x', 1, 1, 40);"
        "INSERT INTO agent_outputs VALUES ('9.1', '22.0', 22, x'78')",
        /* degraded: a verdict of those that were ready, of one, of none */
        "INSERT INTO agent_executions VALUES ('9.1', '22.0', 22, 'a', 'failed', 'failed', NULL, 10,"
        " NULL, NULL, 'x'), ('9.1', '22.1', 22, 'a', 'completed', 'ready', 34, 10, 20, 50, NULL);"
        "INSERT INTO consensus_runs VALUES ('9.1', 22, 'agreed', 'x', 1, 1, 40);"
        "INSERT INTO agent_outputs VALUES ('9.1', '22.1', 22, x'78')",
        "INSERT INTO consensus_runs VALUES ('7.1', 3, 'split', NULL, 0, 0, 96)",
        /* a row that could not be corrected when its start had failed; a verdict of the rest */
        "INSERT INTO agent_executions VALUES ('9.1', '22.0', 22, 'a', 'interrupted', NULL, 30, 10,"
        " NULL, NULL, NULL), ('9.1', '22.1', 22, 'a', 'completed', 'ready', 34, 10, 20, 50, NULL);"
        "INSERT INTO consensus_runs VALUES ('9.1', 22, 'agreed', 'x', 1, 1, 40);"
        "INSERT INTO agent_outputs VALUES ('9.1', '22.1', 22, x'78')",
        /* process ids that come again: in another batch, run, boot; after an early end */
        "UPDATE agent_executions SET pid = 7 WHERE id IN ('4.0', '12.0', '13.1')",
        "INSERT INTO agent_executions SELECT '9.2', id, batch, name, state, outcome, pid, "
        "spawned_ns,"
        " ready_ns + 1, completed_ns, error FROM agent_executions WHERE run = '9.1'",
        BATCH_20("'completed', 'ready', 8, 1, 2, 2, NULL",
                 "'completed', 'ready', 8, 3, 4, 4, NULL"),
        BATCH_20("'completed', 'ready', 8, 1, 2, 90, NULL",
                 "'completed', 'ready', 8, 3, 4, 91, NULL"),
        BATCH_20("'failed', 'failed', 8, 1, NULL, 2, 'x'", "'ready', 'ready', 8, 2, 4, NULL, NULL"),
        /* the verdict is decided before, or after, the ends are written down; the same time */
        "UPDATE consensus_runs SET decided_ns = 3500 WHERE batch = 12",
        "UPDATE agent_executions SET ready_ns = spawned_ns, completed_ns = spawned_ns",
        /* split verdicts: all differ, a tie, nothing said */
        BATCH_21("split", "NULL", "1", "NULL", "NULL", "NULL") OUTPUTS_21("'a'", "'b'", "'c'"),
        BATCH_21("split", "NULL", "0", "NULL", "NULL", "NULL") OUTPUTS_21("''", "' '", "x'0a'"),
        BATCH_21("split", "NULL", "1", "NULL", "NULL", "NULL") OUTPUTS_21("'a'", "''", "''"),
        BATCH_21("agreed", "'a'", "2", "NULL", "NULL", "NULL") OUTPUTS_21("'a'", "''", "' a '"),
        BATCH_21("agreed", "''", "2", "NULL", "NULL", "NULL") OUTPUTS_21("'a'", "''", "' '"),
        BATCH_21("agreed", "'a'", "2", "NULL", "NULL", "NULL")
            OUTPUTS_21("'{\"answer\":\"a\"}'", "'a'", "'b'"),
        /* those that ended badly may vote, or not, each as it likes */
        BATCH_21("agreed", "'a'", "3", BADLY, BADLY, "NULL") OUTPUTS_21("'a'", "'a'", "'a'"),
        BATCH_21("agreed", "'a'", "2", BADLY, BADLY, "NULL") OUTPUTS_21("'a'", "'a'", "'a'"),
        BATCH_21("split", "NULL", "1", BADLY, BADLY, "NULL") OUTPUTS_21("'a'", "'a'", "'a'"),
        BATCH_21("split", "NULL", "0", BADLY, BADLY, BADLY) OUTPUTS_21("'a'", "'a'", "'a'"),
        BATCH_21("split", "NULL", "1", CUT, CUT, "NULL") OUTPUTS_21("'a'", "'b'", "'c'"),
        BATCH_21("agreed", "'a'", "2", CUT, "NULL", "NULL") OUTPUTS_21("'a'", "'b'", "'a'"),
        /* not UTF-8, or with a NUL: written down as a language does */
        BATCH_21("agreed", "'a'", "3", "NULL", "NULL", "NULL")
            OUTPUTS_21("x'610062'", "x'610062'", "x'610062'"),
        BATCH_21("agreed", "'a\ufffd'", "2", "NULL", "NULL", "NULL")
            OUTPUTS_21("x'61ff'", "x'61ff'", "'b'"),
        /* outputs that name no agent, an inherited one alone, or one that only looks like it */
        "UPDATE agent_outputs SET output = CAST(replace(CAST(output AS TEXT), id, 'spawnref-agent')"
        " AS BLOB) WHERE batch IN (12, 13)",
        "UPDATE agent_outputs SET output = CAST(replace(CAST(output AS TEXT), id, '3.1') AS BLOB)"
        " WHERE batch IN (12, 13)",
        "UPDATE agent_outputs SET output = CAST(replace(replace(CAST(output AS TEXT), id, '3.1'),"
        " 'prompt_bytes', 'b') AS BLOB) WHERE id = '12.1'",
        /* rowids, numbers and names of any kind */
        "UPDATE agent_executions SET rowid = -3 WHERE id = '12.0'; UPDATE agent_executions SET"
        " name = '\uff11 \u00e9', pid = 4194303 WHERE id = '12.0'",
        "INSERT INTO agent_executions SELECT 'run ''x'' \u00e9', '123456789012345678.0',"
        " 123456789012345678, name, state, outcome, pid + 1, spawned_ns, ready_ns, completed_ns, "
        "error"
        " FROM agent_executions WHERE id = '4.0'",
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof stores / sizeof stores[0]; i++) {
        write_store(fixture, stores[i]);
        is_accused(fixture, NULL, stores[i]);
    }
}

/* While a harness follows the store, its answers decide what only they can. */
static void what_answers_decide_is_not_asked_while_they_are_known(void **state)
{
    static const char *const stores[] = {
        "DELETE FROM agent_outputs WHERE id = '12.1'; DELETE FROM agent_executions WHERE id ="
        " '12.1'; " VERDICT("agents = 2, votes = 2"),
        VERDICT("answer = 'another'"),
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof stores / sizeof stores[0]; i++) {
        struct audit_answers answers = {0};
        sqlite3 *database = NULL;
        write_store(fixture, stores[i]);
        assert_int_equal(sqlite3_open(fixture->path, &database), SQLITE_OK);
        contradictions_check(&answers, database, true);
        for (size_t k = 0; k < answers.count; k++)
            if (answers.items[k].answer != AUDIT_HELD)
                fail_msg("%s after: %s", answers.items[k].why, stores[i]);
        assert_true(answers.count > 5);
        audit_answers_release(&answers);
        sqlite3_close(database);
    }
}

static void a_contradiction_tells_how_many_and_which(void **state)
{
    struct fixture *fixture = *state;
    const char *text;
    write_store(fixture, "UPDATE agent_executions SET name = '' WHERE run = '9.1'");
    audit(fixture);
    assert_int_equal(fixture->findings.count, 1);
    text = fixture->findings.items[0].text;
    assert_string_equal(text, "6 agents whose name is empty, or has a NUL in it: '12.0' of run"
                              " '9.1'; '12.1' of run '9.1'; '12.2' of run '9.1'; ...");
}

/* More agents than are kept: what needs none of them is told still, and the rest is told to be
 * missing. */
static void a_batch_without_end_costs_no_memory_without_end(void **state)
{
    struct fixture *fixture = *state;
    enum audit_answer answer;
    bool told = false;
    write_store(fixture,
                "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 66000)"
                " INSERT INTO agent_executions SELECT '9.1', '30.' || i, 30, 'a', 'completed',"
                " 'ready', 1000 + i, i, i, CASE i WHEN 5 THEN NULL ELSE i END, NULL FROM n");
    audit(fixture);
    assert_true(found(fixture, TRUTH));
    assert_int_equal(fixture->findings.count, 1);
    for (size_t i = 0; i < fixture->report.answers.count; i++)
        told = told || (fixture->report.answers.items[i].answer == AUDIT_NOT_CHECKED &&
                        strstr(fixture->report.answers.items[i].why, "1 batches of more than"));
    assert_true(told);
    for (size_t i = 0; i < audit_rule_count; i++)
        if (strcmp(audit_rules[i].name, FOLLOWS) == 0)
            assert_true(audit_answer_of(&fixture->report.answers, &audit_rules[i], &answer));
}

/* ---- the schema and the file ---- */

/* The file as it was when it was made. */
struct whole {
    char *bytes;
    size_t length;
};

static struct whole keep(const struct fixture *fixture)
{
    struct whole whole = {0};
    assert_int_equal(
        text_read_file(&whole.bytes, &whole.length, fixture->path, (size_t)1 << 26, NULL), 0);
    return whole;
}

static void put_back(const struct fixture *fixture, const struct whole *whole)
{
    assert_int_equal(text_write_file(fixture->path, whole->bytes, whole->length, NULL), 0);
}

#define FORGE(set) "PRAGMA writable_schema = ON; UPDATE sqlite_master SET " set " WHERE name = 't'"
#define TRIGGER                                                                                    \
    "CREATE TRIGGER t AFTER INSERT ON agent_executions BEGIN DELETE FROM agent_outputs; END;"

static void what_the_schema_hides_is_found(void **state)
{
    static const char *const schemas[] = {
        TRIGGER,
        TRIGGER FORGE("type = 'Trigger'"),
        TRIGGER FORGE("type = ''"),
        TRIGGER FORGE("sql = 'CREATE /* x */ TRIGGER main.t AFTER INSERT ON \"Agent_Executions\""
                      " BEGIN SELECT 1; END', type = 'table', tbl_name = 'mine'"),
        "CREATE TABLE \"agent_executions \" (x)",
        "CREATE TABLE \"agent_executi\u043ens\" (x)", /* a letter of another alphabet */
        "CREATE TABLE \"agent_\u200boutputs\" (x)",   /* a character without width */
        "CREATE VIEW \"\u0441onsensus_runs.\" AS SELECT 1",
    };
    static const char *const own[] = {
        "CREATE TABLE mine (x); CREATE TRIGGER t AFTER INSERT ON mine BEGIN SELECT 1; END",
        "CREATE TABLE agent_executions_backup (x); CREATE TABLE executions (x);"
        "CREATE TABLE \"agent-outputs\" (x); CREATE TABLE outputs (x)",
        "CREATE TABLE \"\u6570\u636e\u6570\u636e\u6570\u636e\u6570\u636e\u6570\u636e\u6570\u636e"
        "\u6570\" (x)",
        "CREATE TABLE mine (x CHECK (x <> 'create trigger t')); CREATE VIEW seen AS SELECT * FROM"
        " agent_outputs",
    };
    struct fixture *fixture = *state;
    struct whole whole = keep(fixture);
    for (size_t i = 0; i < sizeof schemas / sizeof schemas[0]; i++) {
        put_back(fixture, &whole);
        run_sql(fixture->path, schemas[i]);
        audit(fixture);
        /* or SQLite itself will not have it, which depends on its version */
        if (!found(fixture, "schema-is-the-contracts") &&
            !found(fixture, "integrity-check-is-ok")) {
            print_findings(fixture);
            fail_msg("not found: %s", schemas[i]);
        }
    }
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        put_back(fixture, &whole);
        run_sql(fixture->path, own[i]);
        is_accused(fixture, NULL, own[i]);
    }
    free(whole.bytes);
}

static void append(const char *path, const char *bytes, size_t count, int64_t until)
{
    FILE *file = fopen(path, "ae");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    fclose(file);
    if (until)
        assert_int_equal(truncate(path, until), 0);
}

static void what_lies_behind_the_last_page_is_found(void **state)
{
    static const char page[4096] = "SECRET";
    struct fixture *fixture = *state;
    struct whole whole = keep(fixture);
    append(fixture->path, page, 6, 0);
    is_accused(fixture, "nothing-lies-behind-the-last-page", "6 bytes");
    put_back(fixture, &whole);
    append(fixture->path, page, sizeof page, 0);
    is_accused(fixture, "nothing-lies-behind-the-last-page", "a page");
    put_back(fixture, &whole);
    append(fixture->path, page + 6, 1000, 0);
    is_accused(fixture, NULL, "zeros");
    put_back(fixture, &whole);
    append(fixture->path, page, sizeof page, 1 << 16); /* as SQLITE_FCNTL_CHUNK_SIZE leaves it */
    is_accused(fixture, NULL, "a chunk");
    free(whole.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(each_contradiction_is_found_by_its_rule),
        WITH_STORE(what_honest_spawners_leave_is_no_contradiction),
        WITH_STORE(what_answers_decide_is_not_asked_while_they_are_known),
        WITH_STORE(a_contradiction_tells_how_many_and_which),
        WITH_STORE(a_batch_without_end_costs_no_memory_without_end),
        WITH_STORE(what_the_schema_hides_is_found),
        WITH_STORE(what_lies_behind_the_last_page_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
