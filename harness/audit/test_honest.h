/* test_honest - a store, an answer and a witness by hand that agree:
 * for the tests of audit/ to lie in. */
#ifndef AUDIT_TEST_HONEST_H
#define AUDIT_TEST_HONEST_H

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/audit.h"
#include "base/text.h"

#define HONEST_RUN "7.1"

/* An honest batch of two agents, in a store and in a cycle that agree. */
struct fixture {
    char folder[64];
    char *path;
    struct scenario scenario;
    struct scenario_agent asked[2];
    struct cycle_agent agents[2];
    struct cycle cycle;
    struct audit_findings findings;
    struct audit_report report;
    struct err err;
};

static const char honest_rows[] =
    "INSERT INTO agent_executions VALUES"
    " ('7.1', '4.0', 4, 'gemini', 'completed', 'ready', 50, 120, 150, 300, NULL),"
    " ('7.1', '4.1', 4, 'claude', 'completed', 'ready', 51, 121, 151, 301, NULL),"
    " ('7.1', '3.0', 3, 'gemini', 'failed', 'failed', NULL, 90, NULL, 95, 'no such file');"
    "INSERT INTO consensus_runs VALUES ('7.1', 4, 'agreed', '42', 2, 2, 310);"
    "INSERT INTO agent_outputs VALUES ('7.1', '4.0', 4, x'3432'), ('7.1', '4.1', 4, x'3432');";

static inline void run_sql(const char *path, const char *sql)
{
    sqlite3 *database = NULL;
    char *message = NULL;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    if (sqlite3_exec(database, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s in: %s", message, sql);
    sqlite3_close(database);
}

/* Into the file that is there, if one is. */
static inline void put_bytes(const char *path, const char *bytes, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, length, 0), length);
    assert_int_equal(ftruncate(fd, (off_t)length), 0);
    close(fd);
}

/* As a writer leaves its files that is killed in a long transaction: half of it is in the database,
 * and the journal that takes it back lies beside. */
static inline void die_in_a_transaction(struct fixture *fixture)
{
    char *journal = text_format("%s-journal", fixture->path);
    char *bytes = NULL, *log = NULL;
    size_t length, log_length;
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(fixture->path, &database), SQLITE_OK);
    sqlite3_exec(database,
                 "PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN IMMEDIATE;"
                 "DELETE FROM agent_outputs; DELETE FROM consensus_runs;",
                 NULL, NULL, NULL);
    sqlite3_db_cacheflush(database);
    assert_int_equal(text_read_file(&bytes, &length, fixture->path, 1 << 20, &fixture->err), 0);
    assert_int_equal(text_read_file(&log, &log_length, journal, 1 << 20, &fixture->err), 0);
    sqlite3_close(database); /* rolls back */
    assert_true(log_length > 0);
    put_bytes(fixture->path, bytes, length);
    put_bytes(journal, log, log_length);
    free(bytes);
    free(log);
    free(journal);
}

static inline void fill_cycle(struct fixture *fixture)
{
    fixture->asked[0] =
        (struct scenario_agent){.name = (char *)"gemini", .witness = SCENARIO_WITNESS_SELF};
    fixture->asked[1] =
        (struct scenario_agent){.name = (char *)"claude", .witness = SCENARIO_WITNESS_SELF};
    for (int i = 0; i < 2; i++) {
        fixture->agents[i] = (struct cycle_agent){.asked = &fixture->asked[i],
                                                  .answered = true,
                                                  .outcome = CYCLE_READY,
                                                  .pid = 50 + i,
                                                  .start_ns = 120 + i,
                                                  .ready_ns = 150 + i,
                                                  .recorded_ns = 160,
                                                  .witness_pid = 50 + i,
                                                  .main_ns = 130,
                                                  .own_ready_ns = 140,
                                                  .ready_messages = 1,
                                                  .finished = true};
        snprintf(fixture->agents[i].id, sizeof fixture->agents[i].id, "4.%d", i);
    }
    fixture->cycle = (struct cycle){.index = 4,
                                    .agents = fixture->agents,
                                    .agent_count = 2,
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

static inline int make(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    char *schema = NULL;
    size_t length;
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/spawnbench-test-XXXXXX");
    if (!mkdtemp(fixture->folder) ||
        text_read_file(&schema, &length, SOURCE_DIR "/reference/store/schema.sql", 1 << 20,
                       &fixture->err) < 0)
        return -1;
    fixture->path = text_format("%s/store.sqlite", fixture->folder);
    run_sql(fixture->path, schema);
    run_sql(fixture->path, "PRAGMA application_id = 0x73706e77; PRAGMA user_version = 1");
    run_sql(fixture->path, honest_rows);
    fixture->scenario.consensus = true;
    fill_cycle(fixture);
    free(schema);
    *state = fixture;
    return 0;
}

static inline int unmake(void **state)
{
    struct fixture *fixture = *state;
    audit_findings_release(&fixture->findings);
    audit_report_release(&fixture->report);
    unlink(fixture->path);
    rmdir(fixture->path);
    free(fixture->path);
    if (rmdir(fixture->folder) != 0)
        return -1; /* the audit left something beside the store */
    free(fixture);
    return 0;
}

static inline bool found(const struct fixture *fixture, const char *rule)
{
    for (size_t i = 0; i < fixture->findings.count; i++)
        if (strcmp(fixture->findings.items[i].rule->name, rule) == 0)
            return true;
    return false;
}

static inline void print_findings(const struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->findings.count; i++)
        print_error("  %s %s: %s\n", fixture->findings.items[i].rule->name,
                    fixture->findings.items[i].agent, fixture->findings.items[i].text);
}

static inline void expect(struct fixture *fixture, const char *rule)
{
    if (rule ? found(fixture, rule) : fixture->findings.count == 0)
        return;
    print_findings(fixture);
    fail_msg("expected %s", rule ? rule : "no finding");
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, make, unmake)

#endif
