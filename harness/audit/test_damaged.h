/* test_damaged - a database of any schema, made wrong by hand, and what the audit answers. */
#ifndef AUDIT_TEST_DAMAGED_H
#define AUDIT_TEST_DAMAGED_H

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/audit.h"
#include "base/text.h"

struct damaged {
    char folder[40], path[80];
    struct audit_options options;
    struct audit_findings findings;
    struct audit_report report;
};

static inline int make_folder(void **state)
{
    struct damaged *damaged = xcalloc(1, sizeof *damaged);
    snprintf(damaged->folder, sizeof damaged->folder, "/tmp/spawnbench-test-XXXXXX");
    if (!mkdtemp(damaged->folder))
        return -1;
    snprintf(damaged->path, sizeof damaged->path, "%s/any.sqlite", damaged->folder);
    *state = damaged;
    return 0;
}

static inline int remove_folder(void **state)
{
    struct damaged *damaged = *state;
    audit_report_release(&damaged->report);
    audit_findings_release(&damaged->findings);
    text_remove_tree(damaged->folder);
    free(damaged);
    return 0;
}

static inline void echo(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    sqlite3_result_value(context, values[0]);
}

static inline int order(void *context, int n, const void *a, int m, const void *b)
{
    int by = memcmp(a, b, (size_t)(n < m ? n : m));
    (void)context;
    return by ? -by : m - n;
}

/* As an application with a function f() and a collation BACKWARDS of its own would. */
static inline void run_sql(struct damaged *damaged, const char *sql)
{
    sqlite3 *database = NULL;
    char *message = NULL;
    assert_int_equal(sqlite3_open(damaged->path, &database), SQLITE_OK);
    sqlite3_create_function(database, "f", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, echo, NULL,
                            NULL);
    sqlite3_create_collation(database, "BACKWARDS", SQLITE_UTF8, NULL, order);
    if (sqlite3_exec(database, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s in: %s", message, sql);
    sqlite3_close(database);
}

/* ... in a database of its own */
static inline void make_new(struct damaged *damaged, const char *sql)
{
    unlink(damaged->path);
    run_sql(damaged, sql);
}

static inline void look(struct damaged *damaged)
{
    struct err err = {0};
    audit_report_release(&damaged->report);
    audit_findings_clear(&damaged->findings);
    if (audit_database(&damaged->findings, &damaged->report, damaged->path, &damaged->options,
                       &err) < 0)
        fail_msg("%s", err.text);
}

static inline const struct audit_told *told(const struct damaged *damaged, const char *rule,
                                            const char *object, enum audit_answer answer)
{
    for (size_t i = 0; i < damaged->report.answers.count; i++) {
        const struct audit_told *item = &damaged->report.answers.items[i];
        if (strcmp(item->rule->name, rule) == 0 && strcmp(item->object, object) == 0 &&
            item->answer == answer)
            return item;
    }
    return NULL;
}

static inline void expect_told(const struct damaged *damaged, const char *rule, const char *object,
                               enum audit_answer answer, const char *words)
{
    const struct audit_told *item = told(damaged, rule, object, answer);
    if (item && strstr(item->why, words))
        return;
    for (size_t i = 0; i < damaged->report.answers.count; i++) {
        item = &damaged->report.answers.items[i];
        print_error("  %s %s [%s] %s\n", audit_answer_names[item->answer], item->rule->name,
                    item->object, item->why);
    }
    fail_msg("expected %s of %s [%s]: '%s'", audit_answer_names[answer], rule, object, words);
}

static inline void expect_findings(const struct damaged *damaged, size_t count)
{
    if (damaged->findings.count == count)
        return;
    for (size_t i = 0; i < damaged->findings.count; i++)
        print_error("  %s: %s\n", damaged->findings.items[i].rule->name,
                    damaged->findings.items[i].text);
    fail_msg("expected %zu findings", count);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

#define ROWS(many)                                                                                 \
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " #many ") "

#endif
