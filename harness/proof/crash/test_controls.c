/* Does every known-bad way fail, is a run without its damage called blind, and is that told? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "proof/crash/controls.h"
#include "proof/crash/scratch.h"
#include "proof/crash/test_folder.h"
#include "proof/crash/test_said.h"

#define SEED  11
#define BLIND 5

static struct controls run(const char *only, const char *mended)
{
    struct controls controls;
    struct err err = {0};
    if (controls_run(&controls, folder, SEED, only, mended, &err) < 0)
        fail_msg("%s", err.text);
    return controls;
}

static int exit_code(const struct controls *controls)
{
    int kept = scratch_hush(), code = controls_exit_code(controls);
    scratch_speak(kept);
    return code;
}

static void every_control_fails_and_its_counterpart_does_not(void **state)
{
    struct controls controls = run(NULL, NULL);
    (void)state;
    assert_int_equal(controls.count, 13);
    for (size_t i = 0; i < controls.count; i++) {
        const struct control_result *result = &controls.results[i];
        if (controls_is_blind(result))
            fail_msg("%s: %s%s / %s", result->control->name, result->err.text, result->bad.text,
                     result->sound.text);
        assert_true(result->bad.damaged || result->bad.skipped[0]);
        assert_false(result->sound.damaged);
        assert_int_equal(result->sound.lost, 0);
        assert_int_equal(result->sound.corrupt, 0);
        assert_true(result->bad.text[0] && result->sound.text[0]);
    }
    assert_int_equal(exit_code(&controls), 0);
    free(controls.results);
}

/* The bug is left out: nothing fails any more, and that must not pass for a good run. */
static void a_control_without_its_bug_makes_the_run_blind(void **state)
{
    const struct control_setting setting = {folder, SEED};
    (void)state;
    for (const struct control *control = controls_all; control->name; control++) {
        struct control_result result = {.control = control};
        struct controls controls = {.results = &result, .count = 1};
        int kept = scratch_hush();
        int rc = control->try(&result.bad, control->sound, &setting, &result.err);
        scratch_speak(kept);
        assert_int_equal(rc, 0);
        assert_false(result.bad.damaged);
        if (!controls_is_blind(&result))
            fail_msg("%s without its bug passes", control->name);
        assert_int_equal(exit_code(&controls), BLIND);
    }
}

static int no_trial(struct control_outcome *out, const char *way,
                    const struct control_setting *setting, struct err *err)
{
    (void)out;
    (void)way;
    (void)setting;
    return err_set(err, ERR_SYSTEM, "no disk");
}

static void what_proves_nothing_is_blind(void **state)
{
    static const struct control control = {"c", "w", no_trial, "bad", "sound"};
    struct control_result good = {.control = &control, .bad = {.damaged = true}}, result;
    (void)state;
    assert_false(controls_is_blind(&good));
    result = good;
    result.sound.damaged = true; /* the environment is to blame */
    assert_true(controls_is_blind(&result));
    result = good;
    result.bad.damaged = false;
    assert_true(controls_is_blind(&result));
    snprintf(result.bad.skipped, sizeof result.bad.skipped, "not here");
    assert_false(controls_is_blind(&result));
    assert_int_equal(control.try(&result.bad, "bad", NULL, &result.err), -1);
    assert_true(controls_is_blind(&result)); /* could not be tried */
}

static void an_unknown_name_is_told(void **state)
{
    struct controls controls;
    struct err err = {0};
    (void)state;
    assert_int_equal(controls_run(&controls, folder, SEED, "sync-of", NULL, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
    assert_string_equal(err.text, "there is no control 'sync-of'");
}

static void equal_seeds_give_equal_figures(void **state)
{
    static const char *const names[] = {"memory-first", "lost-update", "fork-handle",
                                        "truncate-fallback"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct controls first = run(names[i], NULL), again = run(names[i], NULL);
        assert_string_equal(first.results[0].bad.text, again.results[0].bad.text);
        assert_string_equal(first.results[0].sound.text, again.results[0].sound.text);
        free(first.results);
        free(again.results);
    }
}

static cJSON *printed_json(const struct controls *controls)
{
    struct said said = said_begin(folder);
    controls_json(controls);
    return said_end(said);
}

static void the_document_has_the_keys_that_reports_read(void **state)
{
    struct controls bad = run("deferred-begin", NULL),
                    mended = run("deferred-begin", "deferred-begin");
    cJSON *root = printed_json(&bad), *blind = printed_json(&mended), *one;
    (void)state;
    assert_string_equal(json_string(root, "schema"), "spawnbench.controls.v1");
    assert_non_null(json_string(root, "engine"));
    assert_true(cJSON_IsBool(cJSON_GetObjectItem(root, "affected")));
    assert_true(cJSON_IsNumber(cJSON_GetObjectItem(root, "seed")));
    assert_string_equal(json_string(root, "verdict"), "all-failed");
    assert_string_equal(json_string(blind, "verdict"), "blind");
    one = cJSON_GetArrayItem(cJSON_GetObjectItem(root, "controls"), 0);
    assert_string_equal(json_string(one, "name"), "deferred-begin");
    assert_non_null(json_string(one, "what"));
    assert_non_null(strstr(json_string(one, "evidence"), "200 times BUSY reached"));
    assert_non_null(strstr(json_string(one, "sound"), "0 times BUSY reached"));
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(one, "failed")));
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(one, "sound_held")));
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(one, "skipped")));
    cJSON_Delete(root);
    cJSON_Delete(blind);
    free(bad.results);
    free(mended.results);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(every_control_fails_and_its_counterpart_does_not),
        TEST(a_control_without_its_bug_makes_the_run_blind),
        TEST(what_proves_nothing_is_blind),
        TEST(an_unknown_name_is_told),
        TEST(equal_seeds_give_equal_figures),
        TEST(the_document_has_the_keys_that_reports_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
