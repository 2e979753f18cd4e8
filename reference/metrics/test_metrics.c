/* Are the figures right, and do both arms' stand in one file? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "metrics/metrics.h"

static char *folder, *inner, *path;

static int make_folder(void **state)
{
    const char *parent = getenv("TMPDIR");
    (void)state;
    folder = text_format("%s/spawnref-test-XXXXXX", parent ? parent : "/tmp");
    assert_non_null(mkdtemp(folder));
    inner = text_format("%s/SPEC", folder);
    path = text_format("%s/spawn_metrics.json", inner);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    rmdir(inner);
    assert_int_equal(rmdir(folder), 0); /* nothing else was left there */
    free(folder);
    free(inner);
    free(path);
    return 0;
}

static int write_section(const char *section, int64_t first_ms, int count, struct err *err)
{
    const struct metrics_about about = {
        .path = path, .spec_id = "SPEC", .section = section, .record = "batch"};
    struct metrics *metrics = metrics_new(&about);
    int rc;
    metrics_set_run(metrics, "run-1");
    for (int i = 0; i < count; i++) {
        metrics_add_batch(metrics, (first_ms + i) * 1000000);
        metrics_add_agent(metrics, i % 2 ? "gemini" : "claude", i * INT64_C(1000000));
    }
    rc = metrics_write(metrics, err);
    metrics_free(metrics);
    return rc;
}

static cJSON *read_file(void)
{
    char *data = NULL;
    size_t length;
    cJSON *file = NULL;
    assert_int_equal(text_read_file(&data, &length, path, 1 << 20, NULL), 0);
    assert_int_equal(json_parse(&file, data, length, NULL), 0);
    free(data);
    return file;
}

static double number(const cJSON *at, const char *keys)
{
    char *words = xstrdup(keys), *rest = words, *key;
    double value;
    while ((key = strsep(&rest, "/")))
        at = cJSON_GetObjectItemCaseSensitive(at, key);
    value = cJSON_GetNumberValue(at);
    free(words);
    return value;
}

static bool near(double a, double b)
{
    return a - b < 1e-9 && b - a < 1e-9;
}

/* 10, 11, ... 20: checked by hand; quantiles of definition 7 */
static void figures_are_right(void **state)
{
    cJSON *file;
    (void)state;
    assert_int_equal(write_section("sequential", 10, 11, NULL), 0);
    file = read_file();
    assert_string_equal(json_string(file, "schema"), "spawnbench.spawn_metrics.v1");
    assert_string_equal(json_string(file, "spec_id"), "SPEC");
    assert_true(near(number(file, "modes/sequential/batch_ms/mean"), 15));
    assert_true(
        near(number(file, "modes/sequential/batch_ms/standard_deviation"), 3.3166247903553998));
    assert_true(near(number(file, "modes/sequential/batch_ms/p50"), 15));
    assert_true(near(number(file, "modes/sequential/batch_ms/p95"), 19.5));
    assert_true(near(number(file, "modes/sequential/batch_ms/p99"), 19.9));
    assert_true(near(number(file, "modes/sequential/batch_ms/min"), 10));
    assert_true(near(number(file, "modes/sequential/batch_ms/max"), 20));
    assert_true(near(number(file, "modes/sequential/agents"), 11));
    assert_true(near(number(file, "modes/sequential/per_agent/claude/p50"), 5));
    assert_true(near(number(file, "modes/sequential/per_agent/gemini/max"), 9));
    cJSON_Delete(file);
}

static void both_arms_stand_beside_each_other(void **state)
{
    cJSON *file;
    (void)state;
    assert_int_equal(write_section("parallel", 5, 1, NULL), 0);
    file = read_file();
    assert_true(
        cJSON_IsNull(cJSON_GetObjectItem(cJSON_GetObjectItem(file, "speedup"), "median_ratio")));
    cJSON_Delete(file);
    assert_int_equal(write_section("sequential", 15, 1, NULL), 0);
    assert_int_equal(write_section("parallel-each", 10, 1, NULL), 0);
    file = read_file();
    assert_true(near(number(file, "speedup/median_ratio"), 3));
    assert_true(near(number(file, "speedup/median_ratios/parallel-each"), 1.5));
    assert_string_equal(json_string(file, "baseline"), "sequential");
    cJSON_Delete(file);
}

static void writers_at_the_same_time_lose_nothing(void **state)
{
    cJSON *file;
    (void)state;
    for (int i = 0; i < 8; i++)
        if (fork() == 0) {
            char section[16];
            snprintf(section, sizeof section, "arm-%d", i);
            _exit(write_section(section, 10, 2, NULL) == 0 ? 0 : 1);
        }
    for (int i = 0; i < 8; i++) {
        int how;
        wait(&how);
        assert_int_equal(how, 0);
    }
    file = read_file();
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(file, "modes")), 8);
    cJSON_Delete(file);
}

static void a_strangers_file_is_left_alone(void **state)
{
    static const char *const theirs[][2] = {
        {"{\"schema\": \"something else\"}", "schema is not"},
        {"{\"schema\": \"spawnbench.spawn_metrics.v1\", \"modes\": 7}", "modes are no object"},
        {"{\"schema\": \"spawnbench.spawn_metrics.v1\", \"modes\": [{}]}", "modes are no object"}};
    (void)state;
    assert_int_equal(text_make_directories(inner, NULL), 0);
    for (size_t i = 0; i < sizeof theirs / sizeof theirs[0]; i++) {
        struct err err = {0};
        char *data;
        size_t length;
        assert_int_equal(text_write_file(path, theirs[i][0], strlen(theirs[i][0]), NULL), 0);
        assert_int_equal(write_section("parallel", 1, 1, &err), -1);
        assert_non_null(strstr(err.text, theirs[i][1]));
        assert_int_equal(text_read_file(&data, &length, path, 1000, NULL), 0);
        assert_string_equal(data, theirs[i][0]);
        free(data);
    }
}

static void without_a_batch_nothing_is_written(void **state)
{
    (void)state;
    assert_int_equal(write_section("parallel", 1, 0, NULL), 0);
    assert_int_equal(access(path, F_OK), -1);
    metrics_add_batch(NULL, 1);
    metrics_add_agent(NULL, "x", 1);
    metrics_set_run(NULL, "x");
    assert_int_equal(metrics_write(NULL, NULL), 0);
    metrics_free(NULL);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(figures_are_right),
        TEST(both_arms_stand_beside_each_other),
        TEST(writers_at_the_same_time_lose_nothing),
        TEST(a_strangers_file_is_left_alone),
        TEST(without_a_batch_nothing_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
