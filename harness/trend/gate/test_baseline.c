/* Is a baseline made only of runs that fit, and read only when it is what was written? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "trend/gate/baseline.h"
#include "trend/gate/test_sittings.h"

static struct gate_baseline make(struct synthetic *synthetic, const int64_t runs[], size_t count)
{
    struct gate_baseline baseline;
    if (gate_baseline_make(&baseline, "name", synthetic->store, runs, count, &synthetic->err) < 0)
        fail_msg("%s", synthetic->err.text);
    return baseline;
}

static void a_baseline_survives_its_file(void **state)
{
    struct synthetic *synthetic = *state;
    int64_t runs[2] = {sitting_store(synthetic, &(struct sitting){0}),
                       sitting_store(synthetic, &(struct sitting){.level_ns = 1.1e7})};
    struct gate_baseline baseline = make(synthetic, runs, 2), again;
    char *text = gate_baseline_write(&baseline), *twice;
    const struct gate_series *series;
    assert_int_equal(gate_baseline_read(&again, text, strlen(text), &synthetic->err), 0);
    assert_int_equal(again.sitting_count, 2);
    assert_int_equal(again.sittings[1].run, runs[1]);
    assert_true(again.sittings[1].started_wall_ns == baseline.sittings[1].started_wall_ns);
    assert_string_equal(again.fingerprint.id, baseline.fingerprint.id);
    series = gate_baseline_series(&again, "slow", 1, SCENARIO_SPAWN_TIME);
    assert_non_null(series);
    assert_int_equal(series->pooled.n, 120);
    assert_true(series->sittings[0].at[1] < series->sittings[1].at[1]);
    assert_non_null(gate_baseline_series(&again, "fast", 1, SCENARIO_THROUGHPUT));
    assert_null(gate_baseline_series(&again, "fast", 1, SCENARIO_CPU_TIME)); /* not known */
    assert_null(gate_baseline_series(&again, "none", 1, SCENARIO_SPAWN_TIME));
    twice = gate_baseline_write(&again);
    assert_string_equal(text, twice);
    free(twice);
    free(text);
    gate_baseline_release(&again);
    gate_baseline_release(&baseline);
}

static void throughput_is_time_for_each_agent(void **state)
{
    struct synthetic *synthetic = *state;
    int64_t run = sitting_store(synthetic, &(struct sitting){0});
    struct gate_baseline baseline = make(synthetic, &run, 1);
    const struct gate_series *rate =
        gate_baseline_series(&baseline, "fast", 1, SCENARIO_THROUGHPUT);
    const struct gate_series *spawn =
        gate_baseline_series(&baseline, "fast", 1, SCENARIO_SPAWN_TIME);
    /* invented cycles have two agents each */
    assert_true(fabs(rate->pooled.at[1] - spawn->pooled.at[1] / 2) < 1);
    gate_baseline_release(&baseline);
}

/* ---- runs that do not fit ---- */

static void runs_that_do_not_fit_are_named_and_refused(void **state)
{
    static const struct {
        struct sitting sitting;
        const char *said;
    } cases[] = {
        {{.partial = true}, "partial"},
        {{.finding = "integrity"}, "findings"},
        {{.finding = "conduct"}, "findings"},
        {{.failed = 4}, "4 of 60 cycles of arm 'fast' failed"},
        {{.scenario = "other"}, "scenario 'other'"},
        {{.agent = "y"}, "other agents"},
        {{.kernel = "6.2"}, "kernel: 6.1 there, 6.2 here"},
    };
    struct synthetic *synthetic = *state;
    int64_t runs[2] = {sitting_store(synthetic, &(struct sitting){0}), 0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct gate_baseline baseline;
        struct err err = {0};
        char number[64];
        runs[1] = sitting_store(synthetic, &cases[i].sitting);
        assert_int_equal(gate_baseline_make(&baseline, "n", synthetic->store, runs, 2, &err), -1);
        assert_int_equal(err.code, ERR_UNFIT);
        assert_null(baseline.name);
        snprintf(number, sizeof number, "run %lld cannot be a baseline", (long long)runs[1]);
        if (!strstr(err.text, cases[i].said) || !strstr(err.text, number))
            fail_msg("expected '%s' and '%s' in '%s'", number, cases[i].said, err.text);
    }
    runs[1] = runs[0];
    {
        struct gate_baseline baseline;
        struct err err = {0};
        assert_int_equal(gate_baseline_make(&baseline, "n", synthetic->store, runs, 2, &err), -1);
        assert_non_null(strstr(err.text, "twice"));
        assert_int_equal(gate_baseline_make(&baseline, "n", synthetic->store, runs, 0, &err), -1);
    }
}

static void a_few_failures_are_kept_as_such(void **state)
{
    struct synthetic *synthetic = *state;
    int64_t run = sitting_store(synthetic, &(struct sitting){.failed = 3});
    struct gate_baseline baseline = make(synthetic, &run, 1), again;
    char *text = gate_baseline_write(&baseline);
    const struct gate_series *series;
    assert_int_equal(gate_baseline_read(&again, text, strlen(text), &synthetic->err), 0);
    series = gate_baseline_series(&again, "fast", 1, SCENARIO_SPAWN_TIME);
    assert_int_equal(series->pooled.failed, 3);
    assert_true(isinf(series->pooled.at[gate_baseline_place(0.99)]));
    free(text);
    gate_baseline_release(&again);
    gate_baseline_release(&baseline);
}

/* ---- files that are not what was written ---- */

static char *good_text(struct synthetic *synthetic)
{
    int64_t run = sitting_store(synthetic, &(struct sitting){0});
    struct gate_baseline baseline = make(synthetic, &run, 1);
    char *text = gate_baseline_write(&baseline);
    gate_baseline_release(&baseline);
    return text;
}

static void refuse(const char *text, size_t length, const char *said)
{
    struct gate_baseline baseline;
    struct err err = {0};
    assert_int_equal(gate_baseline_read(&baseline, text, length, &err), -1);
    assert_int_equal(err.code, ERR_UNFIT);
    assert_null(baseline.series);
    if (said && !strstr(err.text, said))
        fail_msg("expected '%s' in '%s'", said, err.text);
}

static void what_is_cut_or_changed_is_refused(void **state)
{
    char *text = good_text(*state);
    size_t length = strlen(text);
    for (size_t at = 0; at + 1 < length; at += 13) {
        char kept = text[at];
        text[at] = '\0';
        refuse(text, at, NULL);
        text[at] = kept;
    }
    for (size_t at = 0; at < length; at += 7) { /* every digit and letter counts, blanks do not */
        char kept = text[at];
        if (!strchr("0123456789", kept))
            continue;
        text[at] = kept == '9' ? '8' : '9';
        refuse(text, length, NULL);
        text[at] = kept;
    }
    free(text);
}

static void blanks_may_change(void **state)
{
    char *text = good_text(*state);
    struct gate_baseline baseline;
    struct err err = {0};
    for (char *at = text; *at; at++)
        *at = *at == '\t' || *at == '\n' ? ' ' : *at;
    assert_int_equal(gate_baseline_read(&baseline, text, strlen(text), &err), 0);
    gate_baseline_release(&baseline);
    free(text);
}

static void edit(struct synthetic *synthetic, const char *key, cJSON *value, const char *said)
{
    char *text = good_text(synthetic), *edited;
    cJSON *root = cJSON_Parse(text), *sitting;
    cJSON_ArrayForEach(sitting, cJSON_GetObjectItem(root, "sittings"))
        cJSON_SetNumberValue(cJSON_GetObjectItem(sitting, "started_wall_ns"), 5);
    cJSON_DeleteItemFromObjectCaseSensitive(root, key);
    if (value)
        cJSON_AddItemToObject(root, key, value);
    edited = json_print(root, 1);
    refuse(edited, strlen(edited), said);
    cJSON_Delete(root);
    free(edited);
    free(text);
}

static void each_member_is_asked_for(void **state)
{
    static const char *const keys[] = {"name",      "scenario", "question_fnv1a", "spawnbench",
                                       "quantiles", "sittings", "series"};
    edit(*state, "schema", NULL, "it is no baseline");
    edit(*state, "schema", cJSON_CreateString("spawnbench.run.v1"), "has schema");
    edit(*state, "fingerprint", NULL, "on which machine");
    edit(*state, "checksum", NULL, "checksum");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        edit(*state, keys[i], NULL, keys[i]);
        edit(*state, keys[i], cJSON_CreateNumber(7), keys[i]);
        edit(*state, keys[i], cJSON_CreateArray(), keys[i]);
    }
    refuse("", 0, "empty");
    refuse("[]", 2, "no baseline");
    refuse("{}", 2, "no baseline");
}

static void one_that_is_not_there_is_told(void **state)
{
    struct synthetic *synthetic = *state;
    static const char *const names[] = {"nobody", "/nonexistent/x.json", "x.json", "99"};
    for (size_t i = 0; i < 4; i++) {
        struct gate_baseline baseline;
        struct err err = {0};
        assert_int_equal(gate_baseline_find(&baseline, names[i], synthetic->store, &err), -1);
        assert_int_equal(err.code, ERR_UNFIT);
        assert_non_null(strstr(err.text, names[i]));
    }
}

static void the_newest_of_a_name_counts(void **state)
{
    struct synthetic *synthetic = *state;
    struct gate_baseline found;
    for (int i = 0; i < 2; i++) {
        int64_t run = sitting_store(synthetic, &(struct sitting){.level_ns = i ? 2e7 : 1e7});
        struct gate_baseline baseline = make(synthetic, &run, 1);
        char *text = gate_baseline_write(&baseline);
        struct results_document document = {.kind = RESULTS_BASELINE, .name = "main", .text = text};
        assert_int_equal(results_document_put(synthetic->store, &document, &synthetic->err), 0);
        free(text);
        gate_baseline_release(&baseline);
    }
    assert_int_equal(gate_baseline_find(&found, "main", synthetic->store, &synthetic->err), 0);
    assert_int_equal(found.sittings[0].run, synthetic->run);
    gate_baseline_release(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_baseline_survives_its_file, synthetic_new,
                                        synthetic_free),
        cmocka_unit_test_setup_teardown(throughput_is_time_for_each_agent, synthetic_new,
                                        synthetic_free),
        cmocka_unit_test_setup_teardown(runs_that_do_not_fit_are_named_and_refused, synthetic_new,
                                        synthetic_free),
        cmocka_unit_test_setup_teardown(a_few_failures_are_kept_as_such, synthetic_new,
                                        synthetic_free),
        cmocka_unit_test_setup_teardown(what_is_cut_or_changed_is_refused, synthetic_new,
                                        synthetic_free),
        cmocka_unit_test_setup_teardown(blanks_may_change, synthetic_new, synthetic_free),
        cmocka_unit_test_setup_teardown(each_member_is_asked_for, synthetic_new, synthetic_free),
        cmocka_unit_test_setup_teardown(one_that_is_not_there_is_told, synthetic_new,
                                        synthetic_free),
        cmocka_unit_test_setup_teardown(the_newest_of_a_name_counts, synthetic_new, synthetic_free),
    };
    return cmocka_run_group_tests_name("trend/gate/baseline", tests, NULL, NULL);
}
