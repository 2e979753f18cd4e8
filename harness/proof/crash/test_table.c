/* Do the documents say what was found, under the keys that reports read? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "proof/crash/injected.h"
#include "proof/crash/table.h"
#include "proof/crash/test_folder.h"
#include "proof/crash/test_said.h"

static int64_t number(const cJSON *object, const char *key)
{
    int64_t out = -1;
    if (json_int64(&out, cJSON_GetObjectItemCaseSensitive(object, key)) < 0)
        fail_msg("no number '%s'", key);
    return out;
}

static const struct workload *named(const char *name)
{
    const struct workload *workload = workloads;
    while (strcmp(workload->name, name) != 0)
        workload++;
    return workload;
}

/* ---- the walk ---- */

static cJSON *told(enum walk_verdict of_full)
{
    struct table_row rows[2] = {
        {.workload = named("store-each-full"),
         .verdict = of_full,
         .tally = {.calls = 10,
                   .tried = 100,
                   .distinct = 50,
                   .side = {{.states = 20}, {.states = 40, .corrupt = 1, .losing = 2, .worst = 3}},
                   .finding = {.found = true, .call = 7, .family = STATES_TORN, .why = "why"}}},
        {.workload = named("store-batch-normal"),
         .tally = {.calls = 5, .distinct = 9, .side = {{0}, {.losing = 4, .worst = 2}}}}};
    const struct table table = {.rows = rows, .count = 2, .seed = 3, .batches = 6};
    struct said said = said_begin(folder);
    table_json(&table);
    return said_end(said);
}

static void a_walk_is_told_by_durability_and_by_configuration(void **state)
{
    cJSON *root = told(WALK_BROKEN), *full = cJSON_GetObjectItem(root, "full"), *one, *two;
    (void)state;
    assert_string_equal(json_string(root, "schema"), "spawnbench.crashwalk.v1");
    assert_string_equal(json_string(root, "verdict"), "broken");
    assert_non_null(json_string(root, "engine"));
    assert_int_equal(number(root, "seed"), 3);
    assert_int_equal(number(root, "points"), 15);
    assert_int_equal(number(root, "distinct"), 59);
    assert_int_equal(number(full, "configurations"), 1);
    assert_int_equal(number(full, "corrupt"), 1);
    assert_int_equal(number(full, "lost"), 3);
    assert_int_equal(number(cJSON_GetObjectItem(root, "normal"), "lost"), 2);
    assert_int_equal(number(cJSON_GetObjectItem(root, "normal"), "lost_at_kill"), 0);
    one = cJSON_GetArrayItem(cJSON_GetObjectItem(root, "walks"), 0);
    two = cJSON_GetArrayItem(cJSON_GetObjectItem(root, "walks"), 1);
    assert_string_equal(json_string(one, "configuration"), "store-each-full");
    assert_string_equal(json_string(one, "durability"), "full");
    assert_string_equal(json_string(one, "record"), "each");
    assert_string_equal(json_string(one, "verdict"), "broken");
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(one, "explanation"))); /* nothing excuses it */
    assert_string_equal(json_string(cJSON_GetObjectItem(one, "finding"), "family"), "torn");
    assert_non_null(strstr(json_string(two, "explanation"), "at power loss only"));
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(two, "finding")));
    cJSON_Delete(root);
}

static void a_walk_without_its_control_is_blind(void **state)
{
    cJSON *root = told(WALK_BLIND);
    (void)state;
    assert_string_equal(json_string(root, "verdict"), "blind");
    cJSON_Delete(root);
}

/* The promises of each durability are tried in both ways to record,
 * with and without checkpoints. */
static void the_walk_covers_every_mode(void **state)
{
    static const char *const durabilities[] = {"full", "normal"};
    (void)state;
    for (int i = 0; i < 8; i++) {
        const struct workload *workload = workloads;
        while (workload->name &&
               !(workload->store && !workload->lying_sync && !workload->spill &&
                 strcmp(workload->sync, durabilities[i & 1]) == 0 && workload->each == !!(i & 2) &&
                 (workload->checkpoint_pages > 0) == !!(i & 4)))
            workload++;
        assert_non_null(workload->name);
        assert_int_equal(workload->bar, i & 1 ? WORKLOAD_LOSES : WORKLOAD_SOUND);
    }
}

/* ---- the faults ---- */

static void faults_are_told_by_source_and_by_kind(void **state)
{
    struct said said = said_begin(folder);
    int code = injected_table(folder, "delete", 1, 1, true);
    cJSON *root = said_end(said), *one;
    (void)state;
    assert_int_equal(code, 0);
    assert_string_equal(json_string(root, "schema"), "spawnbench.faults-by-call.v1");
    assert_string_equal(json_string(root, "verdict"), "sound");
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(root, "every_call")));
    assert_true(number(cJSON_GetObjectItem(root, "disk"), "runs") > 0);
    assert_int_equal(number(cJSON_GetObjectItem(root, "memory"), "runs"), 0);
    assert_int_equal(number(cJSON_GetObjectItem(root, "total"), "bad"), 0);
    one = cJSON_GetArrayItem(cJSON_GetObjectItem(root, "faults"), 0);
    assert_string_equal(json_string(one, "fault"), "delete: I/O error");
    assert_string_equal(json_string(one, "source"), "disk");
    assert_string_equal(json_string(one, "verdict"), "sound");
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(one, "skipped")));
    cJSON_Delete(root);
}

/* The allocator was not replaced in this process: memory cannot be refused, and that is said. */
static void what_cannot_be_made_here_is_skipped_visibly(void **state)
{
    struct said said = said_begin(folder);
    int code = injected_table(folder, "memory", 1, 1, true);
    cJSON *root = said_end(said), *one;
    (void)state;
    assert_int_equal(code, 0);
    assert_int_equal(number(cJSON_GetObjectItem(root, "memory"), "skipped"), 4);
    one = cJSON_GetArrayItem(cJSON_GetObjectItem(root, "faults"), 0);
    assert_string_equal(json_string(one, "verdict"), "skipped");
    assert_string_equal(json_string(one, "skipped"), "SQLite's allocator was not replaced");
    cJSON_Delete(root);
}

static void a_control_that_is_found_is_told(void **state)
{
    struct said said = said_begin(folder);
    int code = injected_table(folder, "control", 2, 1, true);
    cJSON *root = said_end(said), *one = cJSON_GetArrayItem(cJSON_GetObjectItem(root, "faults"), 0);
    (void)state;
    assert_int_equal(code, 0);
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(one, "control")));
    assert_string_equal(json_string(one, "verdict"), "found, as it must");
    assert_non_null(json_string(one, "why"));
    assert_int_equal(number(cJSON_GetObjectItem(root, "total"), "bad"), 0);
    cJSON_Delete(root);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(a_walk_is_told_by_durability_and_by_configuration),
        TEST(a_walk_without_its_control_is_blind),
        TEST(the_walk_covers_every_mode),
        TEST(faults_are_told_by_source_and_by_kind),
        TEST(what_cannot_be_made_here_is_skipped_visibly),
        TEST(a_control_that_is_found_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
