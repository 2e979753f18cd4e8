/* Is the answer of a gate told the same everywhere, and do other people's words stay words? */
#include <cjson/cJSON.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "report/trend_words.h"

#define HOSTILE "a|b`c`<script>*x*\033[31m\r\n::error::own"

/* A result with one item; give it back with gate_result_release. */
static struct gate_result result_of(enum gate_word word)
{
    struct gate_result result = {.paired = true,
                                 .run = 7,
                                 .seed = 11,
                                 .cycles = 55,
                                 .asked = {.tolerance = 0.05, .alpha = 0.01, .power = 0.8}};
    result.scenario = xstrdup("short");
    result.baseline = xstrdup("{reference}");
    result.candidate = xstrdup("parallel");
    result.pairs.count = result.answer.count = 1;
    result.pairs.metrics = xcalloc(1, sizeof *result.pairs.metrics);
    result.pairs.places = xcalloc(1, sizeof *result.pairs.places);
    result.answer.items = xcalloc(1, sizeof *result.answer.items);
    result.pairs.metrics[0] = (struct gate_metric){.name = "spawn_time", .quantile = 0.5};
    result.pairs.places[0] =
        (struct gate_place){.batch_size = 3, .baseline = 1e7, .candidate = 1e7};
    result.answer.word = word;
    result.answer.items[0] = (struct gate_item){.word = word,
                                                .n = 50,
                                                .look = 1,
                                                .tau = 1.04,
                                                .effective_n = 48,
                                                .ratio = 1.003,
                                                .lower = 0.997,
                                                .upper = 1.010,
                                                .detectable = 0.01,
                                                .least_regression = 0.0605};
    gate_settle(&result, &(struct gate_manners){0});
    return result;
}

static char *terminal(const struct gate_result *result)
{
    char *data = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&data, &length);
    struct err err = {0};
    assert_int_equal(report_gate_terminal(out, result, false, &err), 0);
    fclose(out);
    return data;
}

static void one_line_for_each_metric(void **state)
{
    struct gate_result result = result_of(GATE_NO_REGRESSION);
    char *said = terminal(&result);
    (void)state;
    assert_string_equal(said,
                        "gate  short  candidate parallel against {reference}  run 7, seed 11\n"
                        "  spawn_time p50  1.003x [0.997 .. 1.010] at 99/95 %  n 50, worth 48  "
                        "no regression above 5 % (would have seen 6 %)\n"
                        "  0 findings of the candidate in 55 cycles\n"
                        "no regression\n");
    free(said);
    gate_result_release(&result);
}

/* The pair shows nothing, but the level rose some runs ago and nobody said that it may. */
static void an_open_step_of_history_fails_and_is_told_everywhere(void **state)
{
    struct gate_result result = result_of(GATE_NO_REGRESSION);
    struct text said = {0};
    struct err err = {0};
    char *data = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&data, &length);
    (void)state;
    result.open_steps = 1;
    snprintf(result.history, sizeof result.history, "spawn_time of parallel has been +7 %%");
    gate_settle(&result, &(struct gate_manners){0});
    assert_int_equal(result.code, 1);
    assert_string_equal(gate_verdict(&result), "slower than its history");
    report_gate_annotations(&said, &result);
    assert_non_null(strstr(said.data, "::error"));
    assert_non_null(strstr(said.data, "has been +7"));
    assert_int_equal(report_gate_junit(out, &result, &err), 0);
    fclose(out);
    assert_non_null(strstr(data, "name=\"history\""));
    assert_non_null(strstr(data, "failures=\"1\""));
    free(data);
    text_release(&said);
    gate_settle(&result, &(struct gate_manners){.advisory = true});
    assert_int_equal(result.code, 0);
    result.findings_candidate = 1; /* integrity outranks it */
    gate_settle(&result, &(struct gate_manners){0});
    assert_int_equal(result.code, 4);
    gate_result_release(&result);
}

static void each_word_has_its_sentence(void **state)
{
    static const char *const parts[GATE_WORDS] = {
        [GATE_INCONCLUSIVE] = "inconclusive: neither above nor below 5 %",
        [GATE_NO_REGRESSION] = "no regression above 5 % (would have seen 6 %)",
        [GATE_REGRESSION] = "regression above 5 %",
        [GATE_IMPROVEMENT] = "improvement, faster by more than 5 %",
        [GATE_POWERLESS] = "powerless: a change below 1 % cannot be told from none"};
    (void)state;
    for (int word = 0; word < GATE_WORDS; word++) {
        struct gate_result result = result_of((enum gate_word)word);
        char line[GATE_LINE_BYTES];
        const char *said = gate_words_said(line, &result, &result.answer.items[0]);
        if (!strstr(said, parts[word]))
            fail_msg("expected '%s' in '%s'", parts[word], said);
        gate_result_release(&result);
    }
}

static void no_bound_and_endless_are_told(void **state)
{
    struct gate_item item = {.ratio = INFINITY, .lower = 0, .upper = INFINITY, .n = 7, .tau = 1};
    char line[GATE_LINE_BYTES];
    (void)state;
    assert_string_equal(gate_words_ratio(line, &item), "endless [none .. none]");
    item.ratio = 12.3456;
    item.lower = 11.04;
    assert_string_equal(gate_words_ratio(line, &item), "12.3x [11.0 .. none]");
    assert_string_equal(gate_words_worth(line, &item), "n 7");
}

static void json_is_one_pure_document(void **state)
{
    struct gate_result result = result_of(GATE_REGRESSION);
    char *data = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&data, &length);
    struct err err = {0};
    cJSON *root = NULL, *item;
    (void)state;
    result.answer.items[0].upper = INFINITY;
    free(result.baseline);
    result.baseline = xstrdup(HOSTILE);
    gate_mark(&result, "marked: %s", HOSTILE);
    assert_int_equal(report_gate_json(out, &result, &err), 0);
    fclose(out);
    assert_int_equal(json_parse(&root, data, length, &err), 0);
    assert_string_equal(json_string(root, "schema"), "spawnbench.gate.v1");
    assert_string_equal(json_string(root, "verdict"), "regression");
    assert_int_equal(cJSON_GetObjectItem(root, "exit")->valueint, 1);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(root, "marks")), 1);
    item = cJSON_GetArrayItem(cJSON_GetObjectItem(root, "metrics"), 0);
    assert_string_equal(json_string(item, "word"), "regression");
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(item, "upper")));
    assert_int_equal(cJSON_GetObjectItem(item, "baseline")->valueint, 10000000);
    cJSON_Delete(root);
    free(data);
    gate_result_release(&result);
}

static void data_never_becomes_markdown(void **state)
{
    struct gate_result result = result_of(GATE_REGRESSION);
    struct text page = {0};
    (void)state;
    free(result.candidate);
    result.candidate = xstrdup(HOSTILE);
    snprintf(result.finding, sizeof result.finding, "%s", HOSTILE);
    gate_mark(&result, "%s", HOSTILE);
    report_gate_markdown(&page, &result);
    assert_non_null(strstr(page.data, "`` a|b`c`<script>*x*")); /* once, inside code */
    assert_null(strstr(strstr(page.data, "<script>") + 1, "<script>"));
    assert_null(strchr(page.data, '\033'));
    assert_non_null(strstr(page.data, "a\\|b\\`c\\`&lt;script\\>\\*x\\*"));
    assert_non_null(strstr(page.data, "### spawnbench gate: regression"));
    text_release(&page);
    gate_result_release(&result);
}

static void data_never_becomes_a_command(void **state)
{
    struct gate_result result = result_of(GATE_REGRESSION);
    struct text lines = {0};
    size_t count = 0;
    (void)state;
    free(result.scenario);
    result.scenario = xstrdup("x%0A::warning::y\n::error::z");
    report_gate_annotations(&lines, &result);
    for (const char *at = lines.data; *at; at++)
        count += *at == '\n';
    assert_int_equal(count, 1);
    assert_memory_equal(lines.data, "::error title=spawnbench gate::", 31);
    assert_non_null(strstr(lines.data, "x%250A::warning"));
    text_release(&lines);
    gate_result_release(&result);
}

static void good_answers_are_not_annotated(void **state)
{
    static const struct {
        enum gate_word word;
        const char *kind; /* NULL: none */
        bool advisory;
    } cases[] = {{GATE_NO_REGRESSION, NULL, false},    {GATE_IMPROVEMENT, NULL, false},
                 {GATE_REGRESSION, "::error", false},  {GATE_REGRESSION, "::warning", true},
                 {GATE_POWERLESS, "::error", false},   {GATE_POWERLESS, "::warning", true},
                 {GATE_INCONCLUSIVE, "::error", false}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct gate_result result = result_of(cases[i].word);
        struct text lines = {0};
        gate_settle(&result, &(struct gate_manners){.advisory = cases[i].advisory});
        report_gate_annotations(&lines, &result);
        if (cases[i].kind)
            assert_memory_equal(lines.data, cases[i].kind, strlen(cases[i].kind));
        else
            assert_int_equal(lines.length, 0);
        text_release(&lines);
        gate_result_release(&result);
    }
}

static void ctest_gets_numbers(void **state)
{
    struct gate_result result = result_of(GATE_NO_REGRESSION);
    struct text lines = {0};
    (void)state;
    report_gate_ctest(&lines, &result);
    assert_string_equal(
        lines.data,
        "<CTestMeasurement type=\"numeric/double\" name=\"spawn_time p50 ratio\">1.003"
        "</CTestMeasurement>\n"
        "<CTestMeasurement type=\"numeric/double\" name=\"spawn_time p50 upper bound\">1.01"
        "</CTestMeasurement>\n");
    text_release(&lines);
    gate_result_release(&result);
}

static void junit_has_a_case_for_each_question(void **state)
{
    static const struct {
        enum gate_word word;
        const char *part;
    } cases[] = {{GATE_NO_REGRESSION, "tests=\"3\" failures=\"0\""},
                 {GATE_REGRESSION, "<failure type=\"regression\""},
                 {GATE_POWERLESS, "<failure type=\"powerless\""}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct gate_result result = result_of(cases[i].word);
        char *data = NULL;
        size_t length = 0;
        FILE *out = open_memstream(&data, &length);
        struct err err = {0};
        assert_int_equal(report_gate_junit(out, &result, &err), 0);
        fclose(out);
        assert_non_null(strstr(data, cases[i].part));
        assert_non_null(strstr(data, "name=\"comparable\""));
        assert_non_null(strstr(data, "name=\"integrity\""));
        assert_non_null(strstr(data, "name=\"spawn_time p50\""));
        free(data);
        gate_result_release(&result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_line_for_each_metric),
        cmocka_unit_test(an_open_step_of_history_fails_and_is_told_everywhere),
        cmocka_unit_test(each_word_has_its_sentence),
        cmocka_unit_test(no_bound_and_endless_are_told),
        cmocka_unit_test(json_is_one_pure_document),
        cmocka_unit_test(data_never_becomes_markdown),
        cmocka_unit_test(data_never_becomes_a_command),
        cmocka_unit_test(good_answers_are_not_annotated),
        cmocka_unit_test(ctest_gets_numbers),
        cmocka_unit_test(junit_has_a_case_for_each_question),
    };
    return cmocka_run_group_tests_name("report/gate_words", tests, NULL, NULL);
}
