/* Has our document the keys and kinds of values that hyperfine itself writes? Skipped (77) where it
 * is not there (Debian: hyperfine). */
#include "report/test_oracle.h"

/* What the real one writes: a command that works, with a parameter, and one that fails. */
static cJSON *real_results(const char *folder)
{
    static const char *const argv[] = {
        "hyperfine",      "-N", "-i",      "--runs",     "2",         "--style",
        "none",           "-L", "program", "true,false", "{program}", "--export-json",
        "hyperfine.json", NULL};
    struct oracle_said said = oracle_run(argv, folder);
    char *text = fixture_read(folder, "hyperfine.json");
    struct err err = {0};
    cJSON *root = NULL;
    if (text && json_parse(&root, text, strlen(text), &err) < 0)
        fail_msg("%s", err.text);
    free(said.out);
    free(text);
    return root;
}

static cJSON *our_results(const char *folder)
{
    struct results *store = fixture_store(folder);
    int64_t run = fixture_run(
        store, &(struct fixture){.scenario = fixture_three_agents, .cycles = 105, .fail_every = 4});
    char *text = oracle_export(store, run, "hyperfine");
    struct err err = {0};
    cJSON *root = NULL;
    if (json_parse(&root, text, strlen(text), &err) < 0)
        fail_msg("%s", err.text);
    free(text);
    results_close(store);
    return root;
}

/* null is how it writes what is not finite */
static bool same_kind(const cJSON *real, const cJSON *ours)
{
    return (ours->type & 0xff) == (real->type & 0xff) ||
           (cJSON_IsNumber(real) && cJSON_IsNull(ours));
}

/* Every member of the one is a member of the other, of the same kind: NULL, or what is amiss. */
static const char *difference(const cJSON *real, const cJSON *ours)
{
    const cJSON *member;
    cJSON_ArrayForEach(member, real) {
        const cJSON *twin = cJSON_GetObjectItemCaseSensitive(ours, member->string);
        if (!twin || !same_kind(member, twin))
            return member->string;
    }
    cJSON_ArrayForEach(member, ours) {
        if (!cJSON_GetObjectItemCaseSensitive(real, member->string))
            return member->string;
    }
    return NULL;
}

static void check_members(const cJSON *real, const cJSON *ours)
{
    const char *differs = difference(real, ours);
    if (differs)
        fail_msg("'%s' is not in both, or of another kind", differs);
}

static void the_keys_are_hyperfines(void **state)
{
    char *folder = fixture_folder();
    cJSON *real = real_results(folder), *ours = our_results(folder);
    const cJSON *real_row = cJSON_GetArrayItem(oracle_at(real, "results"), 0);
    const cJSON *our_row = cJSON_GetArrayItem(oracle_at(ours, "results"), 0), *one;
    (void)state;
    check_members(real, ours);
    check_members(real_row, our_row);
    assert_string_equal(difference(real, our_row), "results"); /* it does see differences */
    cJSON_AddNullToObject((cJSON *)our_row, "colour");
    assert_string_equal(difference(real_row, our_row), "colour");
    cJSON_ArrayForEach(one, oracle_at(our_row, "parameters"))
        assert_true(cJSON_IsString(one));
    cJSON_Delete(real);
    cJSON_Delete(ours);
    fixture_remove(folder);
}

/* its way with -i: the time stays, the exit code tells */
static void failure_is_an_exit_code(void **state)
{
    char *folder = fixture_folder();
    cJSON *real = real_results(folder), *ours = our_results(folder);
    const cJSON *of_false = cJSON_GetArrayItem(oracle_at(real, "results"), 1);
    const cJSON *codes = oracle_at(cJSON_GetArrayItem(oracle_at(ours, "results"), 0), "exit_codes");
    const cJSON *one;
    int failed = 0;
    (void)state;
    assert_float_equal(
        cJSON_GetNumberValue(cJSON_GetArrayItem(oracle_at(of_false, "exit_codes"), 0)), 1, 0);
    cJSON_ArrayForEach(one, codes)
        failed += cJSON_GetNumberValue(one) == 1;
    assert_true(failed > 4);
    cJSON_Delete(real);
    cJSON_Delete(ours);
    fixture_remove(folder);
}

int main(void)
{
    static const char *const argv[] = {"hyperfine", "--version", NULL};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_keys_are_hyperfines),
        cmocka_unit_test(failure_is_an_exit_code),
    };
    struct oracle_said said = oracle_run(argv, NULL);
    bool ours = strncmp(said.out, "hyperfine 1.15", 14) == 0;
    printf("%s", *said.out ? said.out : "no hyperfine (apt install hyperfine)\n");
    free(said.out);
    if (!ours) {
        printf("skipped: the keys are those of hyperfine 1.15\n");
        return ORACLE_SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
