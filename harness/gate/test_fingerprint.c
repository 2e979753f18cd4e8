/* Is a machine known again, and is every change of it told? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "gate/fingerprint.h"
#include "run/run.h"
#include "store/store.h"

#define HOST                                                                                       \
    "{\"architecture\":\"x86_64\",\"cpu_model\":\"EPYC\",\"cpus_online\":2,\"cpus_usable\":2,"     \
    "\"governor\":\"performance\",\"virtual_machine\":true,\"kernel\":\"6.1.0\",\"sqlite\":"       \
    "\"3.40.1 abc\",\"file_system\":\"ext4\",\"limit_open_files\":1024,\"load_average\":\"0.1\"}"

static struct fingerprint read_host(const char *environment)
{
    struct fingerprint out;
    struct err err = {0};
    if (fingerprint_read(&out, environment, &err) < 0)
        fail_msg("%s", err.text);
    return out;
}

static struct fingerprint host_with(const char *key, cJSON *value)
{
    struct fingerprint out;
    cJSON *root = cJSON_Parse(HOST);
    char *text;
    cJSON_DeleteItemFromObjectCaseSensitive(root, key);
    if (value)
        cJSON_AddItemToObject(root, key, value);
    text = json_print(root, 0);
    out = read_host(text);
    free(text);
    cJSON_Delete(root);
    return out;
}

static void load_does_not_make_another_machine(void **state)
{
    struct fingerprint plain = read_host(HOST);
    struct fingerprint busy = host_with("load_average", cJSON_CreateString("99"));
    (void)state;
    assert_string_equal(plain.id, busy.id);
    assert_int_equal(strlen(plain.id), 16);
    assert_int_equal(fingerprint_compare(NULL, &plain, &busy), 0);
}

static void each_fact_makes_another_machine_and_is_named(void **state)
{
    static const struct {
        const char *key, *said;
    } cases[] = {{"cpu_model", "CPU model: EPYC there, other here"},
                 {"cpus_online", "cores online: 2 there, other here"},
                 {"kernel", "kernel: 6.1.0 there, other here"},
                 {"sqlite", "SQLite: 3.40.1 abc there, other here"},
                 {"file_system", "file system: ext4 there, other here"},
                 {"governor", "governor: performance there, other here"},
                 {"virtual_machine", "virtual machine: yes there, other here"},
                 {"cpus_quota", "CPU quota: not told there, other here"},
                 {"limit_open_files", "limit of open files: 1024 there, other here"}};
    struct fingerprint plain = read_host(HOST);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fingerprint other = host_with(cases[i].key, cJSON_CreateString("other"));
        struct text said = {0};
        assert_int_equal(fingerprint_compare(&said, &plain, &other), 1);
        assert_string_equal(said.data, cases[i].said);
        assert_string_not_equal(plain.id, other.id);
        text_release(&said);
    }
}

static void two_differences_are_both_told(void **state)
{
    struct fingerprint plain = read_host(HOST), other = plain;
    struct text said = {0};
    (void)state;
    snprintf(other.facts[1], sizeof other.facts[1], "Xeon");
    other.facts[7][0] = 0;
    assert_int_equal(fingerprint_compare(&said, &plain, &other), 2);
    assert_string_equal(said.data,
                        "CPU model: EPYC there, Xeon here; kernel: 6.1.0 there, not told here");
    text_release(&said);
}

static void a_fingerprint_survives_a_file(void **state)
{
    struct fingerprint plain = read_host(HOST), again;
    cJSON *object = cJSON_CreateObject();
    struct err err = {0};
    (void)state;
    fingerprint_put(object, &plain);
    assert_int_equal(fingerprint_take(&again, object, &err), 0);
    assert_string_equal(plain.id, again.id);
    assert_int_equal(fingerprint_compare(NULL, &plain, &again), 0);
    cJSON_Delete(object);
}

static void what_tells_no_machine_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "{}",
                                      "[]",
                                      "null",
                                      "{\"kernel\":\"6\"}",
                                      "{\"cpus_usable\":2}",
                                      "{\"kernel\":\"6\",",
                                      "\"kernel\""};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct fingerprint out;
        struct err err = {0};
        assert_int_equal(fingerprint_read(&out, bad[i], &err), -1);
        assert_int_equal(err.code, ERR_FORMAT);
    }
}

static void words_of_a_file_cannot_steer_the_terminal(void **state)
{
    struct fingerprint other = host_with("cpu_model", cJSON_CreateString("a\033[31mb\nc"));
    (void)state;
    assert_string_equal(other.facts[1], "a?[31mb?c");
}

static void this_machine_is_known_again(void **state)
{
    char *first = run_host_describe(".", store_engine());
    char *second = run_host_describe(".", store_engine());
    struct fingerprint a = read_host(first), b = read_host(second);
    (void)state;
    assert_string_equal(a.id, b.id);
    free(first);
    free(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load_does_not_make_another_machine),
        cmocka_unit_test(each_fact_makes_another_machine_and_is_named),
        cmocka_unit_test(two_differences_are_both_told),
        cmocka_unit_test(a_fingerprint_survives_a_file),
        cmocka_unit_test(what_tells_no_machine_is_refused),
        cmocka_unit_test(words_of_a_file_cannot_steer_the_terminal),
        cmocka_unit_test(this_machine_is_known_again),
    };
    return cmocka_run_group_tests_name("gate/fingerprint", tests, NULL, NULL);
}
