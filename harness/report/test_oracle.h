/* test_oracle - ask a second program whether it understands an export: export_oracle.py. */
#ifndef REPORT_TEST_ORACLE_H
#define REPORT_TEST_ORACLE_H

#include "base/clock.h"
#include "base/json.h"
#include "base/process.h"
#include "report/report.h"
#include "report/test_fixture.h"

#define ORACLE_SKIPPED 77

/* What a program printed and how it ended. */
struct oracle_said {
    char *out;
    int status;
};

/* oracle_run - a program to its end; the status is ORACLE_SKIPPED where it cannot be started */
static inline struct oracle_said oracle_run(const char *const argv[], const char *folder)
{
    struct process process;
    struct process_exit ended = {0};
    struct text out = {0};
    struct err err = {0};
    char block[65536];
    ssize_t got;
    if (process_start(&process, argv, NULL, folder, -1, &err) < 0)
        return (struct oracle_said){xstrdup(""), ORACLE_SKIPPED};
    while ((got = read(process.out, block, sizeof block)) > 0)
        text_add_bytes(&out, block, (size_t)got);
    while (!process_wait(&process, clock_now_ns() + CLOCK_NS_PER_S, &ended))
        ;
    return (struct oracle_said){text_take(&out), ended.status};
}

/* oracle_ask - what the reader of this format says of a text; *status as oracle_run. The answer is
 * a tree of the caller's, NULL when there is none. */
static inline cJSON *oracle_ask(const char *format, const char *text, int *status)
{
    char *folder = fixture_folder(), *path = text_format("%s/export", folder);
    static const char script[] = SOURCE_DIR "/harness/report/export_oracle.py";
    const char *argv[] = {"/usr/bin/python3", "-B", script, format, path, NULL};
    struct oracle_said said;
    struct err err = {0};
    cJSON *answer = NULL;
    assert_int_equal(text_write_file(path, text, strlen(text), &err), 0);
    said = oracle_run(argv, NULL);
    *status = said.status;
    if (said.status == 0 && json_parse(&answer, said.out, strlen(said.out), &err) < 0)
        fail_msg("%s in: %.400s", err.text, said.out);
    free(said.out);
    free(path);
    fixture_remove(folder);
    return answer;
}

/* oracle_is_there - for main, before any test: no reader, no test, and 77 (CTest: skipped) */
static inline bool oracle_is_there(const char *format)
{
    static const char script[] = SOURCE_DIR "/harness/report/export_oracle.py";
    const char *argv[] = {"/usr/bin/python3", "-B", script, format, NULL};
    struct oracle_said said = oracle_run(argv, NULL);
    printf("%s", said.out);
    free(said.out);
    return said.status == 0;
}

/* oracle_read - what the reader says of a text that it has to understand */
static inline cJSON *oracle_read(const char *format, const char *text)
{
    int status;
    cJSON *answer = oracle_ask(format, text, &status);
    if (!answer)
        fail_msg("%s is not understood (%d): %.2000s", format, status, text);
    return answer;
}

/* oracle_export - a stored run in a format; the caller frees it */
static inline char *oracle_export(struct results *store, int64_t run, const char *format)
{
    char *text = NULL;
    size_t length = 0;
    struct err err = {0};
    FILE *out = open_memstream(&text, &length);
    if (report_export(out, store, run, format, &err) < 0)
        fail_msg("%s: %s", format, err.text);
    fclose(out);
    return text;
}

/* oracle_at - a member that has to be there */
static inline const cJSON *oracle_at(const cJSON *node, const char *key)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(node, key);
    if (!member)
        fail_msg("no member '%s'", key);
    return member;
}

#endif
