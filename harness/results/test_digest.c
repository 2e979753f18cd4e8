/* Does the digest of a stored cycle change with whatever is stored of it, and with nothing else? */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "results/test_synthetic.h"

static uint64_t digest_of(struct synthetic *synthetic, int64_t cycle)
{
    uint64_t digest = 0;
    assert_int_equal(
        results_cycle_digest(synthetic->store, synthetic->run, cycle, &digest, &synthetic->err), 0);
    return digest;
}

static void it_changes_with_what_is_stored_of_its_cycle(void **state)
{
    static const char *const changes[] = {
        "UPDATE cycles SET spawn_time_ns = 49 WHERE cycle = 0",
        "UPDATE agents SET ready_ns = ready_ns + 1 WHERE cycle = 0 AND ordinal = 1",
        "UPDATE findings SET text = 'harmless' WHERE cycle = 0",
        "DELETE FROM findings WHERE cycle = 0",
        "DELETE FROM agents WHERE cycle = 0 AND ordinal = 1",
        "DELETE FROM cycles WHERE cycle = 0"};
    struct synthetic *synthetic = *state;
    uint64_t before, other;
    int64_t count = 0;
    for (int i = 0; i < 2; i++)
        synthetic_put(synthetic,
                      &(struct synthetic_cycle){.pair = i, .spawn_ns = 50, .finding = "integrity"});
    before = digest_of(synthetic, 0);
    other = digest_of(synthetic, 1);
    assert_true(before != other);
    sqlite3_exec(synthetic->store->database, "PRAGMA foreign_keys = OFF", NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        uint64_t now;
        assert_int_equal(sqlite3_exec(synthetic->store->database, changes[i], NULL, NULL, NULL),
                         SQLITE_OK);
        now = digest_of(synthetic, 0);
        assert_true(now != before);
        assert_true(digest_of(synthetic, 1) == other);
        before = now;
    }
    assert_int_equal(
        results_cycles_stored(synthetic->store, synthetic->run, &count, &synthetic->err), 0);
    assert_int_equal(count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_changes_with_what_is_stored_of_its_cycle, synthetic_new,
                                        synthetic_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
