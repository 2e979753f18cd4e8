/* Are a question and a machine known again, and is every change of a machine told? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "cycle/cycle.h"
#include "results/results.h"
#include "scenario/identity.h"

#define HOST                                                                                       \
    "{\"architecture\":\"x86_64\",\"cpu_model\":\"EPYC\",\"cpus_online\":2,\"cpus_usable\":2,"     \
    "\"governor\":\"performance\",\"virtual_machine\":true,\"kernel\":\"6.1.0\",\"sqlite\":"       \
    "\"3.40.1 abc\",\"file_system\":\"ext4\",\"limit_open_files\":1024,\"load_average\":\"0.1\"}"

static struct scenario_machine read_host(const char *environment)
{
    struct scenario_machine out;
    struct err err = {0};
    if (scenario_machine_read(&out, environment, &err) < 0)
        fail_msg("%s", err.text);
    return out;
}

static struct scenario_machine host_with(const char *key, cJSON *value)
{
    struct scenario_machine out;
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
    struct scenario_machine plain = read_host(HOST);
    struct scenario_machine busy = host_with("load_average", cJSON_CreateString("99"));
    (void)state;
    assert_string_equal(plain.id, busy.id);
    assert_int_equal(strlen(plain.id), 16);
    assert_int_equal(scenario_machine_compare(NULL, &plain, &busy), 0);
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
    struct scenario_machine plain = read_host(HOST);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scenario_machine other = host_with(cases[i].key, cJSON_CreateString("other"));
        struct text said = {0};
        assert_int_equal(scenario_machine_compare(&said, &plain, &other), 1);
        assert_string_equal(said.data, cases[i].said);
        assert_string_not_equal(plain.id, other.id);
        text_release(&said);
    }
}

static void two_differences_are_both_told(void **state)
{
    struct scenario_machine plain = read_host(HOST), other = plain;
    struct text said = {0};
    (void)state;
    snprintf(other.facts[1], sizeof other.facts[1], "Xeon");
    other.facts[7][0] = 0;
    assert_int_equal(scenario_machine_compare(&said, &plain, &other), 2);
    assert_string_equal(said.data,
                        "CPU model: EPYC there, Xeon here; kernel: 6.1.0 there, not told here");
    text_release(&said);
}

static void a_machine_survives_a_file(void **state)
{
    struct scenario_machine plain = read_host(HOST), again;
    cJSON *object = cJSON_CreateObject();
    struct err err = {0};
    (void)state;
    scenario_machine_put(object, &plain);
    assert_int_equal(scenario_machine_take(&again, object, &err), 0);
    assert_string_equal(plain.id, again.id);
    assert_int_equal(scenario_machine_compare(NULL, &plain, &again), 0);
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
        struct scenario_machine out;
        struct err err = {0};
        assert_int_equal(scenario_machine_read(&out, bad[i], &err), -1);
        assert_int_equal(err.code, ERR_FORMAT);
    }
}

static void words_of_a_file_cannot_steer_the_terminal(void **state)
{
    struct scenario_machine other = host_with("cpu_model", cJSON_CreateString("a\033[31mb\nc"));
    (void)state;
    assert_string_equal(other.facts[1], "a?[31mb?c");
}

static void this_machine_is_known_again(void **state)
{
    char *first = cycle_host_describe(".", results_engine());
    char *second = cycle_host_describe(".", results_engine());
    struct scenario_machine a = read_host(first), b = read_host(second);
    (void)state;
    assert_string_equal(a.id, b.id);
    free(first);
    free(second);
}

static void question_of(char out[SCENARIO_ID_BYTES], const char *agent, const char *rest)
{
    struct scenario scenario = {0};
    struct err err = {0};
    char *text = text_format("{\"name\": \"n\", \"agents\": [{%s}], \"arms\": [{\"name\": \"arm\", "
                             "\"subject\": [\"s\"]}], %s}",
                             agent, rest);
    if (scenario_parse(&scenario, text, strlen(text), &err) < 0)
        fail_msg("%s", err.text);
    scenario_question(out, &scenario);
    scenario_release(&scenario);
    free(text);
}

static void the_question_is_agents_prompt_and_rules_not_cycles(void **state)
{
    static const char agent[] = "\"name\": \"a\", \"command\": [\"x\"]";
    static const char *const same[] = {"\"cycles\": 60", "\"cycles\": 7, \"warmup\": 1",
                                       "\"cycles\": 60, \"about\": \"x\", \"deadline\": \"9s\""};
    static const char *const other[] = {
        "\"cycles\": 60, \"durability\": \"normal\"", "\"cycles\": 60, \"consensus\": false",
        "\"cycles\": 60, \"on_failure\": \"degrade\"", "\"cycles\": 60, \"prompt\": \"else\""};
    static const char *const others[] = {"\"name\": \"b\", \"command\": [\"x\"]",
                                         "\"name\": \"a\", \"command\": [\"y\"]",
                                         "\"name\": \"a\", \"command\": [\"x\"], \"times\": 2"};
    char first[SCENARIO_ID_BYTES], hash[SCENARIO_ID_BYTES];
    (void)state;
    question_of(first, agent, same[0]);
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        question_of(hash, agent, same[i]);
        assert_string_equal(hash, first);
    }
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        question_of(hash, agent, other[i]);
        assert_string_not_equal(hash, first);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        question_of(hash, others[i], same[0]);
        assert_string_not_equal(hash, first);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_question_is_agents_prompt_and_rules_not_cycles),
        cmocka_unit_test(load_does_not_make_another_machine),
        cmocka_unit_test(each_fact_makes_another_machine_and_is_named),
        cmocka_unit_test(two_differences_are_both_told),
        cmocka_unit_test(a_machine_survives_a_file),
        cmocka_unit_test(what_tells_no_machine_is_refused),
        cmocka_unit_test(words_of_a_file_cannot_steer_the_terminal),
        cmocka_unit_test(this_machine_is_known_again),
    };
    return cmocka_run_group_tests_name("scenario/identity", tests, NULL, NULL);
}
