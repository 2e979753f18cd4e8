/* Does Google Benchmark's compare.py read what export writes, and come to the right numbers?
 * Skipped (77) where it is not there (Debian: libbenchmark-tools and python3-scipy). */
#include "report/test_oracle.h"

#define COMPARE "/usr/share/benchmark/compare.py"

/* Two exports of the same kind into files a.json and b.json of the folder. */
static void write_two(const char *folder, const struct fixture *a, const struct fixture *b)
{
    const struct fixture *const fixtures[] = {a, b};
    struct results *store = fixture_store(folder);
    for (int i = 0; i < 2; i++) {
        char *text = oracle_export(store, fixture_run(store, fixtures[i]), "google-benchmark");
        char *path = text_format("%s/%c.json", folder, 'a' + i);
        struct err err = {0};
        assert_int_equal(text_write_file(path, text, strlen(text), &err), 0);
        free(path);
        free(text);
    }
    results_close(store);
}

/* What compare.py says of the two; it also writes out.json with every number. */
static struct oracle_said compare(const char *folder)
{
    const char *const argv[] = {"/usr/bin/python3", "-B",         COMPARE,  "--no-color", "-d",
                                "out.json",         "benchmarks", "a.json", "b.json",     NULL};
    return oracle_run(argv, folder);
}

static const cJSON *named(const cJSON *rows, const char *name)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, rows)
        if (strcmp(json_string(one, "name"), name) == 0)
            return one;
    fail_msg("no row '%s'", name);
    return NULL;
}

static cJSON *rows_of(const char *folder)
{
    char *text = fixture_read(folder, "out.json");
    struct err err = {0};
    cJSON *rows = NULL;
    assert_non_null(text);
    if (json_parse(&rows, text, strlen(text), &err) < 0)
        fail_msg("%s", err.text);
    free(text);
    return rows;
}

static cJSON *compared(const struct fixture *a, const struct fixture *b)
{
    char *folder = fixture_folder();
    struct oracle_said said;
    cJSON *rows;
    write_two(folder, a, b);
    said = compare(folder);
    if (said.status != 0)
        fail_msg("compare.py ended with %d: %s", said.status, said.out);
    rows = rows_of(folder);
    free(said.out);
    fixture_remove(folder);
    return rows;
}

static double change_of(const cJSON *rows, const char *name)
{
    const cJSON *measured = oracle_at(named(rows, name), "measurements");
    return cJSON_GetNumberValue(oracle_at(cJSON_GetArrayItem(measured, 0), "time"));
}

static double p_of(const cJSON *rows, const char *name)
{
    return cJSON_GetNumberValue(oracle_at(oracle_at(named(rows, name), "utest"), "time_pvalue"));
}

static void a_run_is_like_itself(void **state)
{
    static const struct fixture same = {.scenario = fixture_three_agents, .cycles = 165};
    cJSON *rows = compared(&same, &same);
    (void)state;
    assert_float_equal(change_of(rows, "three-agents/parallel/agents:3_median"), 0, 0);
    assert_true(p_of(rows, "three-agents/parallel/agents:3") > 0.9);
    assert_int_equal(cJSON_GetNumberValue(oracle_at(
                         oracle_at(named(rows, "three-agents/parallel/agents:3"), "utest"),
                         "nr_of_repetitions")),
                     50);
    cJSON_Delete(rows);
}

static void a_difference_is_seen(void **state)
{
    static const struct fixture slow = {.scenario = fixture_three_agents, .cycles = 165};
    static const struct fixture fast = {
        .scenario = fixture_three_agents, .cycles = 165, .skip = true};
    cJSON *rows = compared(&slow, &fast);
    (void)state;
    assert_true(change_of(rows, "three-agents/parallel/agents:3_median") < -0.5);
    assert_true(p_of(rows, "three-agents/parallel/agents:3") < 1e-6);
    cJSON_Delete(rows);
}

/* the 0 of an error row would be the fastest of all times */
static void failed_cycles_are_not_taken_for_fast_ones(void **state)
{
    static const struct fixture good = {.scenario = fixture_three_agents, .cycles = 165};
    static const struct fixture failing = {
        .scenario = fixture_three_agents, .cycles = 165, .fail_every = 4};
    cJSON *rows = compared(&good, &failing);
    const cJSON *row = named(rows, "three-agents/parallel/agents:3"), *one;
    (void)state;
    cJSON_ArrayForEach(one, oracle_at(row, "measurements"))
        assert_true(cJSON_GetNumberValue(oracle_at(one, "real_time_other")) > 1e6);
    assert_true(
        cJSON_GetNumberValue(oracle_at(oracle_at(row, "utest"), "nr_of_repetitions_other")) < 50);
    cJSON_Delete(rows);
}

static bool is_there(void)
{
    static const char *const argv[] = {"/usr/bin/python3", "-c", "import scipy.stats", NULL};
    struct oracle_said said = oracle_run(argv, NULL);
    free(said.out);
    return said.status == 0 && access(COMPARE, R_OK) == 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_is_like_itself),
        cmocka_unit_test(a_difference_is_seen),
        cmocka_unit_test(failed_cycles_are_not_taken_for_fast_ones),
    };
    if (!is_there()) {
        printf(
            "skipped: no compare.py with scipy (apt install libbenchmark-tools python3-scipy)\n");
        return ORACLE_SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
