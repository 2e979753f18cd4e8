/* Are the rows that spawnbench-micro prints what Google Benchmark's own tools, and we,
 * take them for? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "judge/stats/stats.h"

#define MICRO     BINARY_DIR "/spawnbench-micro"
#define MOST_ARGS 12
#define MOST_ROWS 64

/* What one run of the program left. */
struct ran {
    int status;
    char *out, *log;
    char folder[64]; /* its --folder: must be empty afterwards */
};

static void make_folder(struct ran *ran)
{
    snprintf(ran->folder, sizeof ran->folder, "/tmp/test-gbench-XXXXXX");
    assert_non_null(mkdtemp(ran->folder));
}

/* stderr goes to a file, so that neither pipe can fill up while we read the other. */
static struct ran run_micro(const char *const args[])
{
    struct ran ran = {0};
    struct process process;
    struct process_exit ended;
    struct text out = {0};
    struct err err = {0};
    const char *argv[MOST_ARGS] = {MICRO, "--folder", ran.folder};
    char block[65536], *log;
    size_t length, count = 3;
    ssize_t got;
    FILE *file;
    make_folder(&ran);
    argv[2] = ran.folder;
    while (*args && count < MOST_ARGS - 1)
        argv[count++] = *args++;
    log = text_format("%s.log", ran.folder);
    file = fopen(log, "we");
    assert_non_null(file);
    assert_int_equal(process_start(&process, argv, NULL, NULL, fileno(file), &err), 0);
    fclose(file);
    while ((got = read(process.out, block, sizeof block)) > 0)
        text_add_bytes(&out, block, (size_t)got);
    assert_int_equal(process_wait(&process, clock_now_ns() + 60 * CLOCK_NS_PER_S, &ended), 1);
    ran.status = ended.status;
    ran.out = text_take(&out);
    assert_int_equal(text_read_file(&ran.log, &length, log, 1 << 20, &err), 0);
    unlink(log);
    free(log);
    return ran;
}

/* The scratch folder is gone with the program: rmdir finds ours empty. */
static void ran_release(struct ran *ran)
{
    assert_int_equal(rmdir(ran->folder), 0);
    free(ran->out);
    free(ran->log);
}

#define RUN(...) run_micro((const char *const[]){__VA_ARGS__, NULL})

static cJSON *parsed(const struct ran *ran)
{
    struct err err = {0};
    cJSON *root = NULL;
    if (json_parse(&root, ran->out, strlen(ran->out), &err) < 0)
        fail_msg("%s\n%s", err.text, ran->out);
    return root;
}

static double number(const cJSON *row, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(row, key);
    assert_true(cJSON_IsNumber(value));
    return value->valuedouble;
}

static bool is_error(const cJSON *row)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(row, "error_occurred"));
}

/* Rows of one run_type of the case whose name starts so; returns how many. */
static size_t rows_of(const cJSON *root, const char *name, const char *type, const cJSON *out[])
{
    const cJSON *row;
    size_t count = 0;
    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(root, "benchmarks")) {
        const char *is = json_string(row, "run_type"), *own = json_string(row, "run_name");
        assert_non_null(is);
        assert_non_null(own);
        if (strcmp(is, type) == 0 && strncmp(own, name, strlen(name)) == 0 && count < MOST_ROWS)
            out[count++] = row;
    }
    return count;
}

static double aggregate(const cJSON *root, const char *name, const char *which)
{
    const cJSON *rows[MOST_ROWS];
    size_t count = rows_of(root, name, "aggregate", rows);
    for (size_t i = 0; i < count; i++)
        if (strcmp(json_string(rows[i], "aggregate_name"), which) == 0)
            return number(rows[i], "real_time");
    fail_msg("no aggregate '%s' of '%s'", which, name);
    return 0;
}

/* ---- the cases of --self: known behaviour ---- */

static void one_sample_is_one_row_and_percentiles_are_ours(void **state)
{
    static const struct {
        const char *name;
        double p;
    } quantiles[] = {{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}, {"min", 0}, {"max", 1}};
    struct ran ran = RUN("--self", "--json", "--benchmark_filter=self/known");
    cJSON *root = parsed(&ran);
    const cJSON *rows[MOST_ROWS];
    double times[MOST_ROWS];
    size_t count = rows_of(root, "self/known", "iteration", rows);
    (void)state;
    assert_int_equal(ran.status, 0);
    assert_int_equal(count, 20);
    for (size_t i = 0; i < count; i++) {
        assert_float_equal(number(rows[i], "iterations"), 1, 0);
        assert_string_equal(json_string(rows[i], "time_unit"), "ms");
        assert_string_equal(json_string(rows[i], "label"), "known");
        times[i] = number(rows[i], "real_time");
    }
    stats_sort(times, count);
    assert_float_equal(times[0], 1, 1e-9);
    assert_float_equal(times[19], 20, 1e-9);
    for (size_t i = 0; i < sizeof quantiles / sizeof quantiles[0]; i++)
        assert_float_equal(aggregate(root, "self/known", quantiles[i].name),
                           stats_quantile(times, count, quantiles[i].p), 1e-9);
    cJSON_Delete(root);
    ran_release(&ran);
}

static void rows_keep_the_order_they_were_taken_in(void **state)
{
    struct ran ran = RUN("--self", "--json", "--samples", "8");
    cJSON *root = parsed(&ran);
    const cJSON *rows[MOST_ROWS];
    bool seen[25] = {false};
    size_t count = rows_of(root, "self/", "iteration", rows), ordered = 0;
    (void)state;
    assert_int_equal(count, 24);
    for (size_t i = 0; i < count; i++) {
        int at = is_error(rows[i]) ? 0 : (int)number(rows[i], "run_order");
        assert_in_range(at, 0, 24);
        assert_false(at && seen[at]);
        seen[at] = true;
        ordered += at > 0;
    }
    assert_int_equal(ordered, 8 + 4); /* self/known and every other of self/every-other */
    cJSON_Delete(root);
    ran_release(&ran);
}

static void a_failed_sample_is_flagged_and_enters_no_aggregate(void **state)
{
    struct ran ran = RUN("--self", "--json");
    cJSON *root = parsed(&ran);
    const cJSON *rows[MOST_ROWS];
    size_t count = rows_of(root, "self/every-other", "iteration", rows), errors = 0;
    (void)state;
    assert_int_equal(ran.status, 5);
    assert_int_equal(count, 10);
    for (size_t i = 0; i < count; i++) {
        errors += is_error(rows[i]);
        if (is_error(rows[i]))
            assert_string_equal(json_string(rows[i], "error_message"), "planted failure");
    }
    assert_int_equal(errors, 5);
    /* the good ones took 1, 3, 5, 7 and 9 ms */
    assert_float_equal(aggregate(root, "self/every-other", "p50"), 5, 1e-9);
    assert_float_equal(aggregate(root, "self/every-other", "max"), 9, 1e-9);
    cJSON_Delete(root);
    ran_release(&ran);
}

static void a_case_that_returns_without_a_time_becomes_error_rows(void **state)
{
    struct ran ran = RUN("--self", "--json", "--benchmark_filter=self/nothing");
    cJSON *root = parsed(&ran);
    const cJSON *rows[MOST_ROWS];
    size_t count = rows_of(root, "self/nothing", "iteration", rows);
    (void)state;
    assert_int_equal(ran.status, 5);
    assert_non_null(strstr(ran.log, "4 samples failed"));
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++)
        assert_true(is_error(rows[i]));
    assert_int_equal(rows_of(root, "self/nothing", "aggregate", rows), 0);
    cJSON_Delete(root);
    ran_release(&ran);
}

/* ---- real cases, few samples ---- */

static void every_primitive_starts_a_batch(void **state)
{
    struct ran ran = RUN("--json", "--samples", "2", "--benchmark_filter=^spawn/.*/3/");
    cJSON *root = parsed(&ran);
    const cJSON *rows[MOST_ROWS];
    size_t count = rows_of(root, "spawn/", "iteration", rows);
    (void)state;
    assert_int_equal(ran.status, 0);
    assert_int_equal(count, 4 * 2 * 2); /* ways, with and without pipes, samples */
    for (size_t i = 0; i < count; i++) {
        assert_false(is_error(rows[i]));
        assert_true(number(rows[i], "real_time") > 0);
    }
    cJSON_Delete(root);
    ran_release(&ran);
}

static void both_modes_start_and_record_a_batch(void **state)
{
    struct ran ran = RUN("--json", "--samples", "2", "--benchmark_filter=^mode/.*/3/");
    cJSON *root = parsed(&ran);
    const cJSON *rows[MOST_ROWS];
    size_t count = rows_of(root, "mode/", "iteration", rows);
    (void)state;
    assert_int_equal(ran.status, 0);
    assert_int_equal(count, 2 * 2 * 2);
    for (size_t i = 0; i < count; i++)
        assert_true(number(rows[i], "real_time") >= number(rows[i], "ready_ms"));
    cJSON_Delete(root);
    ran_release(&ran);
}

static void every_room_is_measured(void **state)
{
    static const char *const rooms[] = {"store/", "audit/", "harness/"};
    struct ran ran = RUN("--json", "--samples", "1",
                         "--benchmark_filter=^(store|harness)/.*/3/|^audit/database/100/");
    cJSON *root = parsed(&ran);
    const cJSON *rows[MOST_ROWS];
    (void)state;
    assert_int_equal(ran.status, 0);
    for (size_t i = 0; i < 3; i++)
        assert_true(rows_of(root, rooms[i], "iteration", rows) > 0);
    cJSON_Delete(root);
    ran_release(&ran);
}

static const cJSON *behind_slowest(const cJSON *batch)
{
    const cJSON *arms = cJSON_GetObjectItemCaseSensitive(batch, "arms");
    return cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(arms, "parallel-normal"), "behind_slowest");
}

static void ratios_are_paired_and_told_with_bounds(void **state)
{
    struct ran ran = RUN("--ratios", "--json", "--cycles", "6", "--agents", "3");
    cJSON *root = parsed(&ran);
    const cJSON *batches = cJSON_GetObjectItemCaseSensitive(root, "batches"), *ratio;
    int count = 0;
    (void)state;
    assert_int_equal(ran.status, 0);
    assert_string_equal(json_string(root, "schema"), "spawnbench.ratios.v1");
    /* 3 of 0 ms, 3 of 45 ms, and both once more where a light agent was built */
    assert_int_equal(cJSON_GetArraySize(batches) % 2, 0);
    assert_in_range(cJSON_GetArraySize(batches), 2, 4);
    assert_true(number(behind_slowest(batches->child->next), "median") > 0);
    cJSON_ArrayForEach(ratio, cJSON_GetObjectItemCaseSensitive(batches->child, "ratios")) {
        assert_true(number(ratio, "lower") <= number(ratio, "median"));
        assert_true(number(ratio, "median") <= number(ratio, "upper"));
        count++;
    }
    assert_true(count >= 4);
    cJSON_Delete(root);
    ran_release(&ran);
}

/* ---- wrong use, wrong surroundings ---- */

static void a_program_that_is_not_there_makes_error_rows(void **state)
{
    struct ran ran = RUN("--json", "--samples", "2", "--agent", "/nowhere/agent",
                         "--benchmark_filter=^spawn/.*/3/");
    cJSON *root = parsed(&ran);
    const cJSON *rows[MOST_ROWS];
    size_t count = rows_of(root, "spawn/", "iteration", rows);
    (void)state;
    assert_int_equal(ran.status, 5);
    for (size_t i = 0; i < count; i++)
        assert_true(is_error(rows[i]));
    cJSON_Delete(root);
    ran_release(&ran);
}

static void wrong_flags_are_refused_with_2(void **state)
{
    static const char *const wrong[][3] = {
        {"--nonsense", NULL},
        {"nonsense", NULL},
        {"--samples", "0", NULL},
        {"--samples", "many", NULL},
        {"--witness", "perhaps", NULL},
        {"--agents", "3,,4", NULL},
        {"--self", "--benchmark_nonsense", NULL},
        {"--self", "--benchmark_format=xml", NULL},
        {"--self", "--benchmark_repetitions=x", NULL},
        {"--self", "--benchmark_filter=no-such-case", NULL},
        {"--ratios", "--benchmark_filter=spawn", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct ran ran = run_micro(wrong[i]);
        if (ran.status != 2 || !ran.log[0])
            fail_msg("'%s' ended with %d: %s", wrong[i][0], ran.status, ran.log);
        ran_release(&ran);
    }
}

static void an_output_that_cannot_be_written_is_told_before_measuring(void **state)
{
    struct ran ran = RUN("--self", "--benchmark_out=/nowhere/out.json");
    (void)state;
    assert_int_equal(ran.status, 5);
    assert_non_null(strstr(ran.log, "cannot write '/nowhere/out.json'"));
    ran_release(&ran);
}

static void help_lists_our_flags_and_the_library_s(void **state)
{
    struct ran ran = RUN("--help");
    (void)state;
    assert_int_equal(ran.status, 0);
    assert_non_null(strstr(ran.out, "--ratios"));
    assert_non_null(strstr(ran.out, "--benchmark_filter"));
    ran_release(&ran);
    ran = RUN("--version");
    assert_int_equal(ran.status, 0);
    assert_non_null(strstr(ran.out, "spawnbench-micro "));
    ran_release(&ran);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_sample_is_one_row_and_percentiles_are_ours),
        cmocka_unit_test(rows_keep_the_order_they_were_taken_in),
        cmocka_unit_test(a_failed_sample_is_flagged_and_enters_no_aggregate),
        cmocka_unit_test(a_case_that_returns_without_a_time_becomes_error_rows),
        cmocka_unit_test(every_primitive_starts_a_batch),
        cmocka_unit_test(both_modes_start_and_record_a_batch),
        cmocka_unit_test(every_room_is_measured),
        cmocka_unit_test(ratios_are_paired_and_told_with_bounds),
        cmocka_unit_test(a_program_that_is_not_there_makes_error_rows),
        cmocka_unit_test(wrong_flags_are_refused_with_2),
        cmocka_unit_test(an_output_that_cannot_be_written_is_told_before_measuring),
        cmocka_unit_test(help_lists_our_flags_and_the_library_s),
    };
    if (access(MICRO, X_OK) != 0) {
        puts("skipped: spawnbench-micro is not built (Debian: libbenchmark-dev)");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
