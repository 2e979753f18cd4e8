/* Is the JUnit document read by others as it was meant, whatever the names are? */
#include "report/junit.h"
#include "report/test_oracle.h"

#define HOSTILE "a\"b'<c>&`|]]>\n\t\001\033[31m\xff\xef\xbf\xbf\xc3\xa4"
#define MADE    "a\"b'<c>&`|]]>  ??[31m??\xc3\xa4" /* the same, harmless */

static char *written(struct junit *junit)
{
    char *text = NULL;
    size_t length = 0;
    struct err err = {0};
    FILE *out = open_memstream(&text, &length);
    assert_int_equal(junit_write(junit, out, "all", &err), 0);
    fclose(out);
    junit_release(junit);
    return text;
}

static void the_document_is_this(void **state)
{
    struct junit junit = {0};
    char *text;
    (void)state;
    junit_suite(&junit, "three", "2026-11-25T21:40:00");
    junit_property(&junit, "seed", "7");
    junit_case(&junit, &(struct junit_case){.name = "AC1", .spent_ns = 1000000001});
    junit_case(&junit, &(struct junit_case){.name = "AC2",
                                            .result = JUNIT_FAILED,
                                            .type = "refuted",
                                            .message = "2.0x < 3x",
                                            .detail = "why\nso"});
    junit_suite(&junit, "empty", NULL);
    text = written(&junit);
    assert_string_equal(
        text,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites name=\"all\" tests=\"2\" failures=\"1\" errors=\"0\" time=\"1.000000001\">\n"
        " <testsuite name=\"three\" tests=\"2\" failures=\"1\" errors=\"0\" time=\"1.000000001\""
        " skipped=\"0\" timestamp=\"2026-11-25T21:40:00\">\n"
        "  <properties>\n   <property name=\"seed\" value=\"7\"/>\n  </properties>\n"
        "  <testcase classname=\"three\" name=\"AC1\" time=\"1.000000001\"/>\n"
        "  <testcase classname=\"three\" name=\"AC2\">\n"
        "   <failure type=\"refuted\" message=\"2.0x &lt; 3x\">why\nso</failure>\n"
        "  </testcase>\n </testsuite>\n"
        " <testsuite name=\"empty\" tests=\"0\" failures=\"0\" errors=\"0\" skipped=\"0\">\n"
        " </testsuite>\n</testsuites>\n");
    free(text);
}

static const cJSON *case_at(const cJSON *answer, int index)
{
    return cJSON_GetArrayItem(oracle_at(answer, "cases"), index);
}

static void hostile_words_arrive_as_words(void **state)
{
    static const char *const results[] = {"passed", "failure", "skipped", "error"};
    struct junit junit = {0};
    char *text;
    cJSON *answer;
    (void)state;
    junit_suite(&junit, HOSTILE, NULL);
    junit_property(&junit, HOSTILE, HOSTILE);
    for (int result = 0; result < JUNIT_RESULTS; result++)
        junit_case(&junit, &(struct junit_case){.group = HOSTILE,
                                                .name = HOSTILE,
                                                .result = (enum junit_result)result,
                                                .type = HOSTILE,
                                                .message = HOSTILE,
                                                .detail = "1\n" HOSTILE});
    text = written(&junit);
    answer = oracle_read("junit", text);
    assert_string_equal(cJSON_GetArrayItem(oracle_at(answer, "suites"), 0)->valuestring, MADE);
    assert_string_equal(json_string(oracle_at(answer, "properties"), MADE), MADE);
    for (int result = 0; result < JUNIT_RESULTS; result++) {
        const cJSON *one = case_at(answer, result);
        assert_string_equal(json_string(one, "result"), results[result]);
        assert_string_equal(json_string(one, "name"), MADE);
        assert_string_equal(json_string(one, "classname"), MADE);
        if (result != JUNIT_PASSED)
            assert_string_equal(json_string(one, "message"), MADE);
        assert_string_equal(json_string(one, "text"), "1\na\"b'<c>&`|]]>\n ??[31m??\xc3\xa4");
    }
    cJSON_Delete(answer);
    free(text);
}

/* a reader that takes anything proves nothing */
static void the_oracle_refuses(void **state)
{
    static const char *const bad[] = {
        "<testsuites tests=\"0\" failures=\"0\" errors=\"0\"><testsuite name=\"<\"/></testsuites>",
        "<testsuites tests=\"1\" failures=\"0\" errors=\"0\"></testsuites>",
        "<testsuites tests=\"0\" failures=\"0\" errors=\"0\" color=\"red\"></testsuites>",
    };
    int status;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_null(oracle_ask("junit", bad[i], &status));
        assert_int_equal(status, 1);
    }
}

static void a_full_disk_is_an_error(void **state)
{
    struct junit junit = {0};
    struct err err = {0};
    FILE *full = fopen("/dev/full", "we");
    (void)state;
    if (!full)
        skip();
    junit_suite(&junit, "one", NULL);
    assert_int_equal(junit_write(&junit, full, "all", &err), -1);
    assert_int_equal(err.code, ERR_SYSTEM);
    fclose(full);
    junit_release(&junit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_is_this),
        cmocka_unit_test(hostile_words_arrive_as_words),
        cmocka_unit_test(the_oracle_refuses),
        cmocka_unit_test(a_full_disk_is_an_error),
    };
    if (!oracle_is_there("junit"))
        return ORACLE_SKIPPED;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
