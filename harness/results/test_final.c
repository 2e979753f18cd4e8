/* Can what a verdict rests on be changed once it is stored? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "results/test_synthetic.h"

static void a_plan_is_stored_once_for_each_run(void **state)
{
    struct synthetic *synthetic = *state;
    struct err *err = &synthetic->err;
    uint64_t fingerprint = 0;
    char *text = NULL;
    assert_int_equal(results_plan_load(synthetic->store, 1, &fingerprint, &text, err), 1);
    assert_int_equal(results_plan_put(synthetic->store, 1, UINT64_MAX, "{\"looks\":[5]}", err), 0);
    assert_int_equal(results_plan_put(synthetic->store, 1, 4, "{}", err), -1);
    assert_int_equal(err->code, ERR_UNFIT);
    assert_non_null(strstr(err->text, "the plan of a run is final"));
    synthetic_reopen(synthetic);
    assert_int_equal(results_plan_load(synthetic->store, 1, &fingerprint, &text, err), 0);
    assert_true(fingerprint == UINT64_MAX);
    assert_string_equal(text, "{\"looks\":[5]}");
    free(text);
}

static void what_was_asked_cannot_be_changed_afterwards(void **state)
{
    static const char *const changes[] = {
        "UPDATE plans SET text = ''",
        "UPDATE plans SET fingerprint = 1",
        "UPDATE plans SET run = 2",
        "DELETE FROM plans",
        "INSERT OR REPLACE INTO plans VALUES (1, 1, '')",
        "UPDATE runs SET scenario_text = ''",
        "UPDATE runs SET seed = 1",
    };
    struct synthetic *synthetic = *state;
    assert_int_equal(results_plan_put(synthetic->store, 1, 9, "{}", &synthetic->err), 0);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        sqlite3 *database = synthetic->store->database;
        if (sqlite3_exec(database, changes[i], NULL, NULL, NULL) == SQLITE_OK)
            fail_msg("done: %s", changes[i]);
        assert_non_null(strstr(sqlite3_errmsg(database), "final"));
    }
    assert_int_equal(results_run_end(synthetic->store, 1, true, "", &synthetic->err), 0);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, synthetic_new, synthetic_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(a_plan_is_stored_once_for_each_run),
        WITH_STORE(what_was_asked_cannot_be_changed_afterwards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
