/* Are changes found where they are, and nowhere in a flat or tiny history? */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_randist.h>

#include "judge/stats/change.h"

static const struct stats_change_rule mark = {STATS_CHANGE_SEGMENT, STATS_CHANGE_MARK, 399};

static void a_step_is_found_and_the_same_for_one_seed(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct stats_change first[40], again[40];
    double z[40];
    (void)state;
    for (int i = 0; i < 40; i++)
        z[i] = gsl_ran_gaussian(rng, 0.03) + (i >= 25 ? 0.3 : 0);
    gsl_rng_set(rng, 3);
    assert_int_equal(stats_find_changes(first, z, 40, mark, rng), 1);
    gsl_rng_set(rng, 3);
    assert_int_equal(stats_find_changes(again, z, 40, mark, rng), 1);
    assert_int_equal(first[0].at, 25);
    assert_true(first[0].p <= 0.01 && first[0].p == again[0].p);
    gsl_rng_free(rng);
}

/* Taken one at a time, the second step makes the residuals of the first look like a wave. */
static void two_steps_are_not_taken_for_dependence(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct stats_change found[30];
    double z[30];
    (void)state;
    for (int i = 0; i < 30; i++)
        z[i] = gsl_ran_gaussian(rng, 0.03) + (i >= 10 ? 0.2 : 0) + (i >= 20 ? 0.2 : 0);
    assert_int_equal(stats_find_changes(found, z, 30, mark, rng), 2);
    assert_int_equal(found[0].at, 10);
    assert_int_equal(found[1].at, 20);
    assert_false(found[0].blocked || found[1].blocked);
    gsl_rng_free(rng);
}

/* Of a slow wave and no step, blocks must be permuted. */
static void a_wave_is_permuted_in_blocks_throughout(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct stats_change found[60];
    double z[60];
    size_t count;
    (void)state;
    for (int i = 0; i < 60; i++)
        z[i] = sin(0.3 * i) + (i >= 40 ? 9 : 0);
    count = stats_find_changes(found, z, 60, mark, rng);
    assert_true(count >= 1);
    for (size_t i = 0; i < count; i++)
        assert_true(found[i].blocked);
    gsl_rng_free(rng);
}

/* A slow wave has no step; point by point its permutations look far too quiet. */
static void a_dependent_history_is_permuted_in_blocks(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    double z[60], points, blocks;
    (void)state;
    z[0] = 0;
    for (int i = 1; i < 60; i++)
        z[i] = 0.8 * z[i - 1] + gsl_ran_gaussian(rng, 1);
    points = stats_split_p(z, 60, 3, 1, 399, rng);
    blocks = stats_split_p(z, 60, 3, STATS_CHANGE_BLOCK, 399, rng);
    assert_true(points < blocks);
    assert_true(points >= 1.0 / 400);
    gsl_rng_free(rng);
}

/* All of one block: every permutation is a rotation of nothing, so each Q is as large. */
static void blocks_longer_than_the_history_are_harmless(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    double z[] = {1, 1, 1, 9, 9, 9};
    double p = stats_split_p(z, 6, 3, 100, 99, rng);
    (void)state;
    assert_true(p > 0.5 && p <= 1);
    assert_true(stats_split_p(z, 6, 3, 0, 99, rng) < 0.3); /* 2 of 20 orders */
    gsl_rng_free(rng);
}

static void flat_and_tiny_histories_have_no_change(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    double flat[40], tiny[] = {1, 5, 2, 9, 3}, broken[] = {1, 1, 1, NAN, 2, 2, 2, INFINITY};
    struct stats_change out[40];
    (void)state;
    for (int i = 0; i < 40; i++)
        flat[i] = 0.1;
    assert_int_equal(stats_find_changes(out, flat, 40, mark, rng), 0);
    assert_true(stats_find_split(flat, 40, 3).q == 0);
    assert_true(stats_split_p(flat, 40, 3, 1, 99, rng) == 1);
    for (size_t n = 0; n <= 5; n++) {
        assert_int_equal(stats_find_changes(out, tiny, n, mark, rng), 0);
        assert_true(isnan(stats_find_split(tiny, n, 3).q));
    }
    assert_int_equal(stats_find_split(tiny, 2, 0).at, 1); /* 0 counts as 1 */
    assert_true(isnan(stats_find_split(broken, 7, 3).q));
    assert_int_equal(stats_find_changes(out, broken + 4, 4, mark, rng), 0);
    assert_int_equal(stats_find_split(broken, 8, 3).at, 0);
    gsl_rng_free(rng);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_is_found_and_the_same_for_one_seed),
        cmocka_unit_test(two_steps_are_not_taken_for_dependence),
        cmocka_unit_test(a_wave_is_permuted_in_blocks_throughout),
        cmocka_unit_test(a_dependent_history_is_permuted_in_blocks),
        cmocka_unit_test(blocks_longer_than_the_history_are_harmless),
        cmocka_unit_test(flat_and_tiny_histories_have_no_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
