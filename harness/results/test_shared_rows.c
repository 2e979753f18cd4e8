/* Do looks at databases that agents share add up, and is growth flagged that runs away, alone? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "results/shared.h"
#include "results/test_synthetic.h"

#define MIB (INT64_C(1) << 20)

static struct results_shared_look look_of(int64_t number, const char *answer)
{
    return (struct results_shared_look){.look = number,
                                        .cycle = number,
                                        .moment = number == 1 ? "before" : "cycle",
                                        .database = "x.db",
                                        .answer = answer,
                                        .why = "",
                                        .told = "",
                                        .files = 1,
                                        .bytes = 4096,
                                        .rows = 10};
}

static void put(struct synthetic *synthetic, const struct results_shared_look *look)
{
    if (results_shared_put(synthetic->store, synthetic->run, look, &synthetic->err) < 0)
        fail_msg("%s", synthetic->err.text);
}

static void put_rows(struct synthetic *synthetic, int64_t look, const char *table, int64_t rows)
{
    assert_int_equal(results_shared_rows_put(synthetic->store, synthetic->run, look, "x.db", table,
                                             rows, &synthetic->err),
                     0);
}

static struct results_shared *load(struct synthetic *synthetic, size_t expected)
{
    struct results_shared *shared;
    size_t count;
    assert_int_equal(
        results_shared_load(&shared, &count, synthetic->store, synthetic->run, &synthetic->err), 0);
    assert_int_equal(count, expected);
    return shared;
}

static void looks_at_one_database_add_up(void **state)
{
    struct results_shared_look look = look_of(1, "held");
    struct results_shared *shared;
    put(*state, &look);
    put_rows(*state, 1, "t", 10);
    put_rows(*state, 1, "u", 3);
    look = look_of(2, "broken");
    look.charged = true;
    look.why = "page 3";
    look.told = "one";
    look.rows = 12;
    look.wal_peak = 900;
    put(*state, &look);
    put_rows(*state, 2, "t", 12);
    look = look_of(3, "not_checked");
    look.why = "held by process 1";
    look.told = "two";
    look.rows = -1;
    look.bytes = 8192;
    look.spent_ns = 7;
    put(*state, &look);
    shared = load(*state, 1);
    assert_string_equal(shared->name, "x.db");
    assert_int_equal(shared->looks, 3);
    assert_int_equal(shared->held, 1);
    assert_int_equal(shared->broken, 1);
    assert_int_equal(shared->not_checked, 1);
    assert_true(shared->charged && !shared->before && !shared->uncertain && !shared->unread);
    assert_false(shared->lost);
    assert_string_equal(shared->why, "page 3");
    assert_string_equal(shared->told, "one; two");
    assert_int_equal(shared->rows_before, 10);
    assert_int_equal(shared->rows_after, 12);
    assert_int_equal(shared->bytes_before, 4096);
    assert_int_equal(shared->bytes_after, 8192);
    assert_int_equal(shared->wal_most, 900);
    assert_int_equal(shared->table_count, 2);
    assert_int_equal(shared->tables[0].before, 10);
    assert_int_equal(shared->tables[0].after, 12);
    assert_int_equal(shared->tables[1].after, 3);
    results_shared_release(shared, 1);
}

static void what_is_no_longer_there_is_no_answer(void **state)
{
    struct results_shared_look look = look_of(1, "held");
    struct results_shared *shared;
    put(*state, &look);
    look = look_of(2, "absent");
    look.files = look.bytes = 0;
    look.charged = true;
    put(*state, &look);
    shared = load(*state, 1);
    assert_int_equal(shared->looks, 1);
    assert_true(shared->lost && shared->charged && !shared->unmatched);
    results_shared_release(shared, 1);
}

/* A -wal of these sizes in MiB, look by look */
static bool wal_runs_away(struct synthetic *synthetic, const int sizes[], int count)
{
    char text[RESULTS_GROWTH_BYTES];
    struct results_shared *shared;
    bool away;
    for (int i = 0; i < count; i++) {
        struct results_shared_look look = look_of(i + 1, "held");
        look.wal_bytes = look.wal_peak = sizes[i] * MIB;
        put(synthetic, &look);
    }
    shared = load(synthetic, 1);
    away = results_shared_growth(text, shared);
    assert_int_equal(away, strstr(text, "the -wal of 'x.db' grew to ") != NULL);
    results_shared_release(shared, 1);
    return away;
}

static void a_wal_that_grows_on_and_on_is_flagged(void **state)
{
    static const int sizes[] = {0, 5, 10, 15, 20, 25};
    assert_true(wal_runs_away(*state, sizes, 6));
}

/* SQLite keeps the file and begins it anew: what one long transaction needed stays. */
static void a_wal_that_was_large_once_is_not(void **state)
{
    static const int sizes[] = {0, 64, 64, 64, 64, 64};
    assert_false(wal_runs_away(*state, sizes, 6));
}

static void a_wal_that_checkpoints_bound_is_not(void **state)
{
    static const int sizes[] = {0, 1, 4, 4, 4, 5};
    assert_false(wal_runs_away(*state, sizes, 6));
}

static void three_looks_show_no_growth(void **state)
{
    static const int sizes[] = {0, 20, 60};
    assert_false(wal_runs_away(*state, sizes, 3));
}

static bool file_runs_away(struct synthetic *synthetic, int64_t rows)
{
    char text[RESULTS_GROWTH_BYTES];
    struct results_shared *shared;
    bool away;
    for (int i = 0; i < 6; i++) {
        struct results_shared_look look = look_of(i + 1, "held");
        look.bytes = (1 + 10 * i) * MIB;
        look.rows = 10 + i * rows;
        put(synthetic, &look);
    }
    shared = load(synthetic, 1);
    away = results_shared_growth(text, shared);
    results_shared_release(shared, 1);
    return away;
}

static void a_file_that_grows_without_more_rows_is_flagged(void **state)
{
    assert_true(file_runs_away(*state, 0));
}

static void a_file_that_grows_with_its_rows_is_not(void **state)
{
    assert_false(file_runs_away(*state, 1));
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, synthetic_new, synthetic_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(looks_at_one_database_add_up),
        WITH_STORE(what_is_no_longer_there_is_no_answer),
        WITH_STORE(a_wal_that_grows_on_and_on_is_flagged),
        WITH_STORE(a_wal_that_was_large_once_is_not),
        WITH_STORE(a_wal_that_checkpoints_bound_is_not),
        WITH_STORE(three_looks_show_no_growth),
        WITH_STORE(a_file_that_grows_without_more_rows_is_flagged),
        WITH_STORE(a_file_that_grows_with_its_rows_is_not),
    };
    return cmocka_run_group_tests_name("results/shared_rows", tests, NULL, NULL);
}
