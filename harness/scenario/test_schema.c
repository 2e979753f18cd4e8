/* Do the schema and the checks in C say the same? The schema is read by python3-jsonschema. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <glob.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "scenario/scenario.h"
#include "scenario/test_claim_documents.h"
#include "scenario/test_documents.h"

#define SKIPPED 77

static struct process oracle;

/* one line of its answer; the empty string when it says nothing more */
static const char *hear(void)
{
    static char line[1024];
    size_t length = 0;
    while (length + 1 < sizeof line && read(oracle.out, line + length, 1) == 1)
        if (line[length++] == '\n')
            break;
    line[length] = '\0';
    return line;
}

static bool schema_accepts(const char *document)
{
    cJSON *string = cJSON_CreateString(document);
    char *line = json_print(string, 0);
    const char *answer;
    assert_true(dprintf(oracle.in, "%s\n", line) > 0);
    answer = hear();
    assert_memory_equal(answer,
                        answer[0] == 'v' ? "valid\n" : "invalid:", answer[0] == 'v' ? 6 : 8);
    free(line);
    cJSON_Delete(string);
    return answer[0] == 'v';
}

static void a_good_document_is_valid(void **state)
{
    char *text = document_with(0, NULL);
    (void)state;
    assert_true(schema_accepts(text));
    free(text);
}

static void every_shipped_scenario_is_valid(void **state)
{
    glob_t found;
    (void)state;
    assert_int_equal(glob(SOURCE_DIR "/scenarios/*.json", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char *text = NULL;
        size_t length;
        if (strstr(found.gl_pathv[i], ".schema.json"))
            continue;
        assert_int_equal(
            text_read_file(&text, &length, found.gl_pathv[i], SCENARIO_MOST_BYTES, NULL), 0);
        if (!schema_accepts(text))
            fail_msg("the schema refuses %s", found.gl_pathv[i]);
        free(text);
    }
    globfree(&found);
}

/* test_parse.c shows that the checks in C refuse them all */
static void the_schema_refuses_what_it_can_say(void **state)
{
    size_t wrong = 0;
    (void)state;
    for (size_t i = 0; i < DOCUMENT_MISTAKES; i++) {
        const struct document_mistake *mistake = &document_mistakes[i];
        char *text = document_with(mistake->line, mistake->instead);
        if (mistake->schema != SCHEMA_NO_JSON &&
            schema_accepts(text) != (mistake->schema == SCHEMA_CANNOT)) {
            print_error("the schema thinks otherwise of: %s\n", mistake->instead);
            wrong++;
        }
        free(text);
    }
    assert_int_equal(wrong, 0);
}

static void every_form_of_a_claim_is_valid(void **state)
{
    (void)state;
    for (size_t i = 0; i < DOCUMENT_FORMS; i++) {
        char *text = document_claiming(document_forms[i].claim);
        if (!schema_accepts(text))
            fail_msg("the schema refuses: %s", document_forms[i].claim);
        free(text);
    }
}

static void the_schema_refuses_unfit_claims(void **state)
{
    size_t wrong = 0;
    (void)state;
    for (size_t i = 0; i < DOCUMENT_UNFITS; i++) {
        char *text = document_claiming(document_unfits[i].claim);
        if (schema_accepts(text) != (document_unfits[i].schema == SCHEMA_CANNOT)) {
            print_error("the schema thinks otherwise of: %s\n", document_unfits[i].claim);
            wrong++;
        }
        free(text);
    }
    assert_int_equal(wrong, 0);
}

/* the same words for limits: sizes, rates and shares */
static void both_know_the_same_units(void **state)
{
    static const struct {
        const char *form, *amount;
        bool good;
    } cases[] = {
#define SIZE  "'arm': 'fast', 'quantile': 0.5, 'metric': 'peak_memory', 'at_most': '%s'"
#define RATE  "'arm': 'fast', 'quantile': 0.5, 'metric': 'throughput', 'at_least': '%s'"
#define SHARE "'arm': 'fast', 'of': 'slow', 'within': '%s'"
        {SIZE, "1B", true},       {SIZE, "1kB", true},      {SIZE, "1.5MB", true},
        {SIZE, "1GB", true},      {SIZE, "1KiB", true},     {SIZE, "1.MiB", true},
        {SIZE, "0.5GiB", true},   {SIZE, "1KB", false},     {SIZE, "1mib", false},
        {SIZE, "1 MiB", false},   {SIZE, "1e3B", false},    {SIZE, "-1B", false},
        {SIZE, ".5GiB", false},   {SIZE, "0.00MiB", false}, {SIZE, "", false},
        {RATE, "1/s", true},      {RATE, "0.5/min", true},  {RATE, "10/h", true},
        {RATE, "1/ms", false},    {RATE, "1 /s", false},    {RATE, "/s", false},
        {RATE, "1s", false},      {RATE, "0/h", false},     {RATE, "1/s/s", false},
        {SHARE, "0.1%", true},    {SHARE, "99.9%", true},   {SHARE, "005%", true},
        {SHARE, "100.5%", false}, {SHARE, "0.0%", false},   {SHARE, "5 %", false},
        {SHARE, "-5%", false},    {SHARE, "%", false},      {SHARE, "5%%", false},
#undef SIZE
#undef RATE
#undef SHARE
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text claim = {0};
        struct scenario scenario = {0};
        struct err err = {0};
        size_t before = strcspn(cases[i].form, "%");
        char *text;
        int rc;
        text_add_bytes(&claim, cases[i].form, before);
        text_add(&claim, cases[i].amount);
        text_add(&claim, cases[i].form + before + 2);
        text = document_claiming(claim.data);
        rc = scenario_parse(&scenario, text, strlen(text), &err);
        if ((rc == 0) != cases[i].good || schema_accepts(text) != cases[i].good)
            fail_msg("%s: %s", claim.data, rc < 0 ? err.text : "taken in C");
        scenario_release(&scenario);
        text_release(&claim);
        free(text);
    }
}

static void both_know_the_same_durations(void **state)
{
    static const struct {
        const char *duration;
        bool good;
    } cases[] = {{"45ms", true},   {"1.5s", true},  {"2m", true},    {"1h", true},
                 {"1000us", true}, {"5 s", false},  {"-5s", false},  {"s", false},
                 {"", false},      {"5S", false},   {"1e3s", false}, {"0x5s", false},
                 {".5s", false},   {"5sec", false}, {"5", false}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *line = text_format(" \"deadline\": \"%s\",", cases[i].duration);
        char *text = document_with(9, line);
        struct scenario scenario = {0};
        struct err err = {0};
        int rc = scenario_parse(&scenario, text, strlen(text), &err);
        if ((rc == 0) != cases[i].good || schema_accepts(text) != cases[i].good)
            fail_msg("'%s': %s", cases[i].duration, rc < 0 ? err.text : "taken in C");
        scenario_release(&scenario);
        free(text);
        free(line);
    }
}

/* false when there is no oracle on this machine */
static bool start_oracle(void)
{
    static const char *const argv[] = {"/usr/bin/python3", "-B",
                                       SOURCE_DIR "/harness/scenario/schema_oracle.py",
                                       SOURCE_DIR "/scenarios/scenario.schema.json", NULL};
    struct err err = {0};
    if (process_start(&oracle, argv, NULL, NULL, -1, &err) < 0) {
        fprintf(stderr, "skipped: %s\n", err.text);
        return false;
    }
    return strcmp(hear(), "ready\n") == 0;
}

/* It ends by itself when it cannot begin, and when there is nothing more to read. */
static int end_oracle(void)
{
    struct process_exit ended = {.status = SKIPPED};
    if (!oracle.pid)
        return SKIPPED;
    close(oracle.in);
    oracle.in = -1;
    if (!process_wait(&oracle, clock_now_ns() + 60 * CLOCK_NS_PER_S, &ended))
        process_end(&oracle, 0, &ended);
    return ended.status;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_document_is_valid),
        cmocka_unit_test(every_shipped_scenario_is_valid),
        cmocka_unit_test(the_schema_refuses_what_it_can_say),
        cmocka_unit_test(both_know_the_same_durations),
        cmocka_unit_test(every_form_of_a_claim_is_valid),
        cmocka_unit_test(the_schema_refuses_unfit_claims),
        cmocka_unit_test(both_know_the_same_units),
    };
    bool started = start_oracle();
    int rc = started ? cmocka_run_group_tests(tests, NULL, NULL) : SKIPPED;
    int status = end_oracle();
    if (started || status == SKIPPED)
        return rc;
    fprintf(stderr, "the oracle ended with %d\n", status);
    return 1; /* a schema that is none must not look like a missing tool */
}
