/* Does the parser of the Prometheus client library read what export writes? Skipped (77) where it
 * is not there (Debian: python3-prometheus-client). */
#include "report/exporters.h"
#include "report/test_oracle.h"

static cJSON *families_of(const struct fixture *fixture, const char *arm)
{
    char *folder = fixture_folder(), *text = NULL;
    struct results *store = fixture_store(folder);
    struct facts facts;
    struct err err = {0};
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    cJSON *answer;
    assert_int_equal(facts_load(&facts, store, fixture_run(store, fixture), &err), 0);
    if (arm)
        snprintf(facts.arms[1].name, sizeof facts.arms[1].name, "%s", arm);
    assert_int_equal(export_openmetrics(&(struct exporter){
                         .out = out, .store = store, .facts = &facts, .err = &err}),
                     0);
    fclose(out);
    facts_release(&facts);
    results_close(store);
    fixture_remove(folder);
    answer = oracle_read("openmetrics", text);
    free(text);
    return answer;
}

static bool holds(const cJSON *array, const char *name)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, array)
        if (strcmp(one->valuestring, name) == 0)
            return true;
    return false;
}

static void an_honest_run_is_read(void **state)
{
    cJSON *answer = families_of(&(struct fixture){.scenario = fixture_three_agents}, NULL);
    const cJSON *verdicts = oracle_at(answer, "verdicts");
    (void)state;
    assert_true(holds(oracle_at(answer, "families"), "spawnbench_spawn_time_seconds"));
    assert_true(holds(oracle_at(answer, "families"), "spawnbench_speedup_ratio"));
    assert_float_equal(cJSON_GetNumberValue(oracle_at(answer, "count")), 300, 0);
    assert_float_equal(cJSON_GetNumberValue(oracle_at(answer, "failed")), 0, 0);
    assert_string_equal(json_string(verdicts, "AC1"), "supported");
    assert_string_equal(json_string(verdicts, "AC2"), "refuted");
    cJSON_Delete(answer);
}

static void failed_cycles_are_counted_apart(void **state)
{
    cJSON *answer = families_of(
        &(struct fixture){.scenario = fixture_three_agents, .cycles = 105, .fail_every = 4}, NULL);
    double failed = cJSON_GetNumberValue(oracle_at(answer, "failed"));
    (void)state;
    assert_true(failed > 15);
    assert_float_equal(cJSON_GetNumberValue(oracle_at(answer, "count")) + failed, 90, 0);
    cJSON_Delete(answer);
    answer = families_of(
        &(struct fixture){.scenario = fixture_three_agents, .cycles = 60, .all_fail = true}, NULL);
    assert_float_equal(cJSON_GetNumberValue(oracle_at(answer, "failed")), 45, 0);
    assert_string_equal(json_string(answer, "sum_ns"), "0");
    cJSON_Delete(answer);
}

static void a_sweep_is_read(void **state)
{
    cJSON *answer = families_of(&(struct fixture){.scenario = fixture_sweep, .cycles = 126}, NULL);
    (void)state;
    assert_float_equal(cJSON_GetNumberValue(oracle_at(answer, "count")), 90, 0);
    assert_true(holds(oracle_at(answer, "names"), "8"));
    cJSON_Delete(answer);
}

static void hostile_names_stay_names(void **state)
{
    cJSON *answer = families_of(&(struct fixture){.scenario = fixture_three_agents, .cycles = 30},
                                "a\\n\"b\"\n{c=\"d\"},\\\\ # EOF\303\244\001\377\\");
    (void)state;
    assert_true(holds(oracle_at(answer, "names"), "a\\n\"b\" {c=\"d\"},\\\\ # EOF\303\244?\?\\"));
    cJSON_Delete(answer);
}

static void the_parser_refuses(void **state)
{
    static const char *const bad[] = {
        "# TYPE a gauge\na 1\n", /* no end */
        "# TYPE a_seconds gauge\n# UNIT a_seconds bytes\na_seconds 1\n# EOF\n",
        "# HELP a b\n# TYPE a gauge\na{b=\"c\"d\"} 1\n# EOF\n",
        "# HELP a b\n# TYPE a gauge\na NaN\n# EOF\n",
        "# HELP a b\n# TYPE a stateset\na{a=\"x\"} 2\n# EOF\n",
    };
    int status;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_null(oracle_ask("openmetrics", bad[i], &status));
        assert_int_equal(status, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_honest_run_is_read), cmocka_unit_test(failed_cycles_are_counted_apart),
        cmocka_unit_test(a_sweep_is_read),       cmocka_unit_test(hostile_names_stay_names),
        cmocka_unit_test(the_parser_refuses),
    };
    if (!oracle_is_there("openmetrics"))
        return ORACLE_SKIPPED;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
