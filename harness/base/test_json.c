/* Is only strict JSON taken, told with its line, and printed with every digit? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

static void what_json_is_not_is_refused(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "it is empty, expected one JSON document"},
        {" \n\t\r\n", "it is empty, expected one JSON document"},
        {"{\n\"a\": 1", "line 2: not JSON: it ends too early"},
        {"{} {}", "line 1: not JSON near '{}'"},
        {"{\"a\": 1,\n}\n", "line 2: not JSON near '}'"},
        {"[1\n2]", "line 2: not JSON near '2]'"},
        {"{'a': 1}", "line 1: not JSON near ''a': 1}'"},
        {"nul", "line 1: not JSON near 'nul'"},
        {"truex", "line 1: not JSON near 'ex'"},
        {"[NaN]", "line 1: not JSON near '[NaN]'"},
        {"[+1]", "line 1: not JSON near '[+1]'"},
        {"[.5]", "line 1: not JSON near '[.5]'"},
        {"[0x10]", "line 1: not JSON near '0x10]'"},
        {"[01]", "line 1: a number that is none in JSON"},
        {"[1.]", "line 1: a number that is none in JSON"},
        {"[-]", "line 1: a number that is none in JSON"},
        {"[1e]", "line 1: a number that is none in JSON"},
        {"[1e+]", "line 1: a number that is none in JSON"},
        {"\"a\tb\"", "line 1: a line end or control character in a string"},
        {"[1,\n\"a\nb\"]", "line 2: a line end or control character in a string"},
        {"\"\\u0000\"", "line 1: a NUL character (\\u0000) in a string"},
        {"\"\\q\"", "line 1: not JSON near '\"\\q\"'"},
        {"\"\\ud800\"", "line 1: not JSON near '\"\\ud800\"'"},
        {"{\"a\": 1,\n\"b\": {\"c\": 1, \"d\": 2,\n\"c\": 3}}",
         "line 3: key 'c' is given twice, or one of too many"},
        {"{\"a\": 1, \"\\u0061\": 2}", "line 1: key 'a' is given twice, or one of too many"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cJSON *root = NULL;
        struct err err = {0};
        int rc = json_parse(&root, cases[i].text, strlen(cases[i].text), &err);
        if (rc != -1 || strcmp(err.text, cases[i].message) != 0)
            fail_msg("%s\n  expected: %s\n  got:      %s", cases[i].text, cases[i].message,
                     rc < 0 ? err.text : "taken");
        assert_int_equal(err.code, ERR_FORMAT);
        assert_null(root);
    }
}

static void what_json_is_is_taken(void **state)
{
    static const char *const texts[] = {"0",
                                        "-0",
                                        "[0.5, -1.25e-3, 1E+9, 10]",
                                        "null",
                                        "\"\"",
                                        " [ ] \n",
                                        "{}",
                                        "\xef\xbb\xbf{}",
                                        "\"\\\\u0000\"",
                                        "\"\\\"{[\\\\\"",
                                        "{\"A\": 1, \"a\": 2}",
                                        "\"\\ud83d\\ude00\"",
                                        "\"\\b\\f\\n\\r\\t\\/\""};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cJSON *root = NULL;
        struct err err = {0};
        if (json_parse(&root, texts[i], strlen(texts[i]), &err) < 0)
            fail_msg("%s: %s", texts[i], err.text);
        cJSON_Delete(root);
    }
}

static void only_utf_8_is_taken(void **state)
{
    static const struct {
        const char *bytes;
        bool good;
    } cases[] = {{"\xc3\xa4", true},
                 {"\xe2\x82\xac", true},
                 {"\xf0\x9f\x98\x80", true},
                 {"\xef\xbf\xbf", true},
                 {"\xed\x9f\xbf", true},
                 {"\xf4\x8f\xbf\xbf", true},
                 {"\x80", false},
                 {"\xc3", false},
                 {"\xc0\xaf", false},
                 {"\xc1\xbf", false},
                 {"\xe0\x9f\xbf", false},
                 {"\xed\xa0\x80", false},
                 {"\xf0\x8f\xbf\xbf", false},
                 {"\xf4\x90\x80\x80", false},
                 {"\xf5\x80\x80\x80", false},
                 {"\xe2\x82", false},
                 {"\xff", false}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = text_format("\"%s\"", cases[i].bytes);
        cJSON *root = NULL;
        assert_int_equal(json_parse(&root, text, strlen(text), NULL), cases[i].good ? 0 : -1);
        cJSON_Delete(root);
        free(text);
    }
    assert_int_equal(json_parse(&(cJSON *){NULL}, "[\0]", 3, NULL), -1);
}

static void depth_has_an_end(void **state)
{
    char text[2 * 1001 + 1] = {0};
    cJSON *root = NULL;
    struct err err = {0};
    (void)state;
    memset(text, '[', 1000);
    memset(text + 1000, ']', 1000);
    assert_int_equal(json_parse(&root, text, 2000, &err), 0);
    cJSON_Delete(root);
    memset(text, '[', 1001);
    memset(text + 1001, ']', 1001);
    assert_int_equal(json_parse(&root, text, 2002, &err), -1);
    assert_string_equal(err.text, "line 1: nested too deeply");
}

static void too_many_keys_are_refused_quickly(void **state)
{
    struct text text = {0};
    cJSON *root = NULL;
    struct err err = {0};
    (void)state;
    for (int i = 0; i < 100000; i++)
        text_addf(&text, "%c\"%d\": 0", i ? ',' : '{', i);
    text_add(&text, "}");
    assert_int_equal(json_parse(&root, text.data, text.length, &err), -1);
    assert_string_equal(err.text, "line 1: key '1000' is given twice, or one of too many");
    assert_int_equal(json_parse_message(&root, text.data, text.length, &err), 0);
    cJSON_Delete(root);
    text_release(&text);
}

/* every "lineN" value and every value of a key "lineN" stands on line N */
static int check_lines(const char *text, const cJSON *root, const cJSON *node)
{
    const char *claim = node->string ? node->string : cJSON_GetStringValue(node);
    int checked = 0;
    if (claim && strncmp(claim, "line", 4) == 0) {
        assert_int_equal(json_line(text, root, node), strtol(claim + 4, NULL, 10));
        checked++;
    }
    for (const cJSON *item = node->child; item; item = item->next)
        checked += check_lines(text, root, item);
    return checked;
}

static void a_value_is_found_on_its_line(void **state)
{
    static const char *const starts[] = {"", "\xef\xbb\xbf"};
    static const char body[] = "{\"line1\": 1, \"x\\\"}\": [\"line1\",\n"
                               " \"line2\", {\"line2\": [], \"line2b\" : {}}, [[\"line2\"]],\n"
                               "\"]:\\\\\",\"line3\"],\n"
                               "\"line4\"\n:\n\n\"behind\",   \"line7\"\t: null, \n\n"
                               " \"a\": [true, false, -1.5e3, \"line9\"]}\n";
    cJSON *other = cJSON_CreateNull();
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char *text = text_format("%s%s", starts[i], body);
        cJSON *root = NULL;
        assert_int_equal(json_parse(&root, text, strlen(text), NULL), 0);
        assert_int_equal(check_lines(text, root, root), 10);
        assert_int_equal(json_line(text, root, root), 1);
        assert_int_equal(json_line(text, root, other), 1); /* not part of it */
        cJSON_Delete(root);
        free(text);
    }
    cJSON_Delete(other);
}

static void integers_are_exact_or_refused(void **state)
{
    static const struct {
        const char *text;
        int rc;
        int64_t value;
    } cases[] = {{"0", 0, 0},
                 {"-5", 0, -5},
                 {"1e3", 0, 1000},
                 {"9007199254740992", 0, JSON_INTEGER_MAX},
                 {"-9007199254740992", 0, -JSON_INTEGER_MAX},
                 {"9007199254740993", 0, INT64_C(9007199254740993)}, /* no double */
                 {"-9223372036854775808", 0, INT64_MIN},
                 {"9223372036854775807", 0, INT64_MAX},
                 {"9223372036854775808", -1, 0},
                 {"1e17", -1, 0},
                 {"1.5", -1, 0},
                 {"1e400", -1, 0},
                 {"\"5\"", -1, 0},
                 {"true", -1, 0},
                 {"null", -1, 0}};
    int64_t value = 0;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cJSON *root = NULL;
        assert_int_equal(json_parse(&root, cases[i].text, strlen(cases[i].text), NULL), 0);
        assert_int_equal(json_int64(&value, root), cases[i].rc);
        if (cases[i].rc == 0)
            assert_int_equal(value, cases[i].value);
        cJSON_Delete(root);
    }
    assert_int_equal(json_int64(&value, NULL), -1);
}

static void large_integers_keep_their_digits_among_others(void **state)
{
    static const char text[] = "{\"1\": \"2\\\"3\", \"a 9\": [4, 9223372036854775801, {\"7\": -8}],"
                               " \"b\": true, \"c\": -9007199254740995}";
    cJSON *root = NULL;
    const cJSON *list;
    int64_t value = 0;
    (void)state;
    assert_int_equal(json_parse_message(&root, text, strlen(text), NULL), 0);
    list = cJSON_GetObjectItem(root, "a 9");
    assert_int_equal(json_int64(&value, cJSON_GetArrayItem(list, 0)), 0);
    assert_true(value == 4);
    assert_int_equal(json_int64(&value, cJSON_GetArrayItem(list, 1)), 0);
    assert_true(value == INT64_C(9223372036854775801));
    assert_int_equal(json_int64(&value, cJSON_GetObjectItem(cJSON_GetArrayItem(list, 2), "7")), 0);
    assert_true(value == -8);
    assert_int_equal(json_int64(&value, cJSON_GetObjectItem(root, "c")), 0);
    assert_true(value == INT64_C(-9007199254740995));
    cJSON_Delete(root);
}

static void members_are_printed_with_every_digit(void **state)
{
    cJSON *root = cJSON_CreateObject();
    char *printed;
    (void)state;
    json_add_int64(root, "a", INT64_C(1700000000123456789));
    json_add_int64(root, "b", INT64_MIN);
    json_add_double(root, "c", 0.1);
    json_add_double(root, "d", NAN);
    json_add_double(root, "e", -INFINITY);
    cJSON_AddStringToObject(root, "f", "x\n");
    printed = json_print(root, 0);
    assert_string_equal(printed, "{\"a\":1700000000123456789,\"b\":-9223372036854775808,"
                                 "\"c\":0.10000000000000001,\"d\":null,\"e\":null,\"f\":\"x\\n\"}");
    assert_string_equal(json_string(root, "f"), "x\n");
    assert_null(json_string(root, "F"));
    assert_null(json_string(root, "d"));
    free(printed);
    cJSON_Delete(root);
}

/* The same document, but printed it steers no terminal. */
static void what_is_not_seen_is_printed_as_escapes(void **state)
{
    static const char strange[] = "\x1b\xc2\x9b"
                                  "31m\u202e\U000e0041\u00e9\x7f";
    cJSON *root = cJSON_CreateObject(), *again = NULL;
    char *printed;
    struct err err = {0};
    (void)state;
    cJSON_AddStringToObject(root, "a", strange);
    printed = json_print(root, 0);
    assert_string_equal(printed, "{\"a\":\"\\u001b\\u009b31m\\u202e\\udb40\\udc41\u00e9\\u007f\"}");
    assert_int_equal(json_parse(&again, printed, strlen(printed), &err), 0);
    assert_string_equal(json_string(again, "a"), strange);
    cJSON_Delete(again);
    free(printed);
    cJSON_Delete(root);
    root = cJSON_CreateString("\xff");
    printed = json_print(root, 0);
    assert_string_equal(printed, "\"\\ufffd\"");
    free(printed);
    cJSON_Delete(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_json_is_not_is_refused),
        cmocka_unit_test(what_json_is_is_taken),
        cmocka_unit_test(only_utf_8_is_taken),
        cmocka_unit_test(depth_has_an_end),
        cmocka_unit_test(too_many_keys_are_refused_quickly),
        cmocka_unit_test(a_value_is_found_on_its_line),
        cmocka_unit_test(integers_are_exact_or_refused),
        cmocka_unit_test(large_integers_keep_their_digits_among_others),
        cmocka_unit_test(members_are_printed_with_every_digit),
        cmocka_unit_test(what_is_not_seen_is_printed_as_escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
