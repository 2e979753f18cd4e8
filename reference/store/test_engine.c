/* Are the versions with the WAL-reset race known, and the withdrawn one refused? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "store/engine.h"
#include "store/store.h"

static void the_race_is_in_the_versions_that_have_it(void **state)
{
    static const struct {
        int version;
        bool affected;
    } known[] = {
        {3006023, false}, {3007000, true},  {3040001, true}, {3044005, true},  {3044006, false},
        {3044999, false}, {3045000, true},  {3046001, true}, {3050006, true},  {3050007, false},
        {3050099, false}, {3051000, true},  {3051002, true}, {3051003, false}, {3053000, false},
        {3053002, false}, {4000000, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (engine_has_wal_reset_race(known[i].version) != known[i].affected)
            fail_msg("%d: expected %d", known[i].version, known[i].affected);
}

static void only_the_withdrawn_version_is_refused(void **state)
{
    struct err err = {0};
    (void)state;
    assert_int_equal(engine_check(3052000, &err), -1);
    assert_int_equal(err.code, ERR_UNFIT);
    assert_non_null(strstr(err.text, "3.52.0 was withdrawn"));
    assert_int_equal(engine_check(3040001, &err), 0);
    assert_int_equal(engine_check(3051003, &err), 0);
    assert_int_equal(engine_check(3053000, &err), 0);
}

/* It is the VFS of every connection that names none, from then on. */
static void an_extension_that_brings_a_vfs_is_loaded_or_told(void **state)
{
    struct err err = {0};
    (void)state;
    assert_int_equal(store_load_extension("/no/such/extension.so", &err), -1);
    assert_int_equal(err.code, ERR_UNFIT);
    assert_non_null(strstr(err.text, "cannot load the SQLite extension '/no/such/extension.so'"));
    setenv("SPAWNBENCH_FAULT_PAGE", "/no/such/page", 1);
    assert_int_equal(store_load_extension(BINARY_DIR "/spawnbench-faultvfs.so", &err), -1);
    assert_non_null(strstr(err.text, "/no/such/page"));
    unsetenv("SPAWNBENCH_FAULT_PAGE");
    assert_string_not_equal(sqlite3_vfs_find(NULL)->zName, "spawnbench-shim");
    if (store_load_extension(BINARY_DIR "/spawnbench-faultvfs.so", &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(sqlite3_vfs_find(NULL)->zName, "spawnbench-shim");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_race_is_in_the_versions_that_have_it),
        cmocka_unit_test(only_the_withdrawn_version_is_refused),
        cmocka_unit_test(an_extension_that_brings_a_vfs_is_loaded_or_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
