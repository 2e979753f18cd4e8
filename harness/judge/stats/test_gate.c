/* Do the ratios, the power and the predictions of the gate stay defined at the edges? */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/stats/gate.h"

static void odd_pairs_have_a_defined_ratio(void **state)
{
    static const double candidate[] = {4, INFINITY, 4, INFINITY, NAN, 0, 4, 0, -1};
    static const double baseline[] = {2, 2, INFINITY, INFINITY, 2, 0, 0, 2, 2};
    static const double want[] = {2, INFINITY, 0, 1, INFINITY, 1, INFINITY, 0, 0};
    double got[9];
    (void)state;
    stats_gate_ratios(got, candidate, baseline, 9);
    for (size_t i = 0; i < 9; i++)
        assert_true(got[i] == want[i]);
}

static void power_and_pairs_are_each_others_inverse(void **state)
{
    double change = stats_detectable_change(0.15, 2, 100, 0.8);
    (void)state;
    assert_true(fabs(stats_detectable_change(0.15, 1, 100, 0.8) - 0.048) < 0.0005);
    assert_true(fabs(stats_pairs_needed(0.15, 2, 1 + change, 0.8) - 100) < 1e-9);
    assert_true(fabs(stats_pairs_needed(0.15, 2, 1 / (1 + change), 0.8) - 100) < 1e-9);
    assert_true(stats_pairs_needed(0.15, 1, 1.05, 0.9) > stats_pairs_needed(0.15, 1, 1.05, 0.8));
    assert_true(isinf(stats_pairs_needed(0.15, 1, 1, 0.8)));
    assert_true(isinf(stats_pairs_needed(0.15, 1, -1, 0.8)));
    assert_true(isinf(stats_detectable_change(0.15, 1, 0, 0.8)));
}

static void sessions_that_cannot_be_compared_raise_no_alarm(void **state)
{
    static const double same[] = {5, 5, 5}, failed[] = {5, INFINITY, 6}, zero[] = {5, 0, 6};
    (void)state;
    for (size_t count = 0; count < 4; count++) {
        struct stats_sitting got = stats_predict_sitting(same, count, 9);
        assert_true(!got.defined && got.p_slower == 1 && isinf(got.limit));
    }
    assert_false(stats_predict_sitting(failed, 3, 9).defined);
    assert_false(stats_predict_sitting(zero, 3, 9).defined);
    assert_false(stats_predict_sitting(failed, 1, INFINITY).defined);
}

static void holm_takes_no_number_for_no_evidence(void **state)
{
    double p[] = {NAN, 0.01};
    (void)state;
    stats_holm(p, p, 0);
    stats_holm(p, p, 2);
    assert_true(p[0] == 1 && p[1] == 0.02);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odd_pairs_have_a_defined_ratio),
        cmocka_unit_test(power_and_pairs_are_each_others_inverse),
        cmocka_unit_test(sessions_that_cannot_be_compared_raise_no_alarm),
        cmocka_unit_test(holm_takes_no_number_for_no_evidence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
