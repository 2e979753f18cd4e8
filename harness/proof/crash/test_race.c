/* Is the WAL-reset race made where SQLite has it, and kept from happening where it is forbidden? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "proof/crash/race.h"
#include "proof/crash/scratch.h"
#include "proof/crash/test_folder.h"
#include "store/engine.h"

#define SEED 3

static struct race_tally run(enum race_way way)
{
    struct race_tally tally;
    struct err err = {0};
    int kept = scratch_hush(), rc = race_run(&tally, way, folder, SEED, &err);
    scratch_speak(kept);
    if (rc < 0)
        fail_msg("%s", err.text);
    assert_true(tally.schedules > 0 && tally.acknowledged > 0);
    return tally;
}

/* Whoever is let in at the moment begins the log anew; what that does is the engine's affair. */
static void a_passive_checkpoint_lets_the_writer_in(void **state)
{
    static const enum race_way ways[] = {RACE_SECOND, RACE_TWICE, RACE_FALLBACK};
    bool affected = engine_has_wal_reset_race(sqlite3_libversion_number());
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct race_tally tally = run(ways[i]);
        assert_int_equal(tally.made, tally.schedules);
        assert_int_equal(tally.refused, 0);
        if (tally.hurt == 0 && affected)
            print_message("           %s: not hurt: a fix that its version does not tell?\n",
                          sqlite3_libversion());
        else
            assert_int_equal(tally.hurt, affected ? tally.schedules : 0);
        assert_int_equal(tally.lost > 0, tally.hurt > 0);
        assert_int_equal(tally.silent, tally.hurt); /* nobody is told */
    }
}

static void the_writers_lock_keeps_it_out(void **state)
{
    (void)state;
    for (enum race_way way = RACE_FULL; way <= RACE_TRUNCATE; way++) {
        struct race_tally tally = run(way);
        assert_int_equal(tally.moments, tally.schedules);
        assert_int_equal(tally.made, 0);
        assert_int_equal(tally.refused, tally.moments);
        assert_int_equal(tally.hurt, 0);
    }
}

static void stores_that_take_turns_keep_it_out(void **state)
{
    (void)state;
    for (enum race_way way = RACE_STORE_BATCH; way <= RACE_STORE_EACH; way++) {
        struct race_tally tally = run(way);
        assert_true(tally.moments >= tally.schedules);
        assert_int_equal(tally.made, 0);
        assert_int_equal(tally.refused, tally.moments);
        assert_int_equal(tally.hurt, 0);
    }
}

static void one_connection_knows_no_such_moment(void **state)
{
    struct race_tally tally = run(RACE_ONE_CONNECTION);
    (void)state;
    assert_int_equal(tally.moments, 0);
    assert_int_equal(tally.hurt, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(a_passive_checkpoint_lets_the_writer_in),
        TEST(the_writers_lock_keeps_it_out),
        TEST(stores_that_take_turns_keep_it_out),
        TEST(one_connection_knows_no_such_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
