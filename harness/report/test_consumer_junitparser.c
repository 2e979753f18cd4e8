/* Does junitparser read what export writes? Skipped (77) where it is not there (Debian:
 * python3-junitparser). */
#include "report/test_oracle.h"

static cJSON *suites_of(const struct fixture *fixture)
{
    char *folder = fixture_folder(), *text;
    struct results *store = fixture_store(folder);
    cJSON *answer;
    text = oracle_export(store, fixture_run(store, fixture), "junit");
    results_close(store);
    fixture_remove(folder);
    answer = oracle_read("junitparser", text);
    free(text);
    return answer;
}

/* "" when it passed, else the name of its answer's type */
static const char *result_of(const cJSON *answer, const char *name)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, oracle_at(answer, "results")) {
        if (strstr(one->string, name))
            return cJSON_GetArraySize(one) ? cJSON_GetArrayItem(one, 0)->valuestring : "";
    }
    fail_msg("no case '%s'", name);
    return NULL;
}

static void an_honest_run_is_read(void **state)
{
    cJSON *answer = suites_of(&(struct fixture){.scenario = fixture_three_agents});
    (void)state;
    assert_string_equal(result_of(answer, "AC1"), "");
    assert_string_equal(result_of(answer, "AC2"), "Failure");
    assert_string_equal(result_of(answer, "AC3"), "");
    cJSON_Delete(answer);
}

static void other_answers_are_read(void **state)
{
    cJSON *answer = suites_of(&(struct fixture){.scenario = fixture_three_agents,
                                                .cycles = 40,
                                                .partial = true,
                                                .finding = "<lost> & \"gone\"\n\001",
                                                .unwitnessed = true});
    (void)state;
    assert_string_equal(result_of(answer, "AC1"), "Skipped");
    assert_string_equal(result_of(answer, "the run is complete"), "Error");
    assert_string_equal(result_of(answer, "every-acknowledged-start-is-recorded"), "Failure");
    cJSON_Delete(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_honest_run_is_read),
        cmocka_unit_test(other_answers_are_read),
    };
    if (!oracle_is_there("junitparser"))
        return ORACLE_SKIPPED;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
