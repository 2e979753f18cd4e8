/* Does the gate never pass what it could not see, and stay defined at the edges? */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stats/gate.h"

static struct stats_gate judge(const double baseline[], const double candidate[], size_t n)
{
    return stats_judge_gate(
        &(struct stats_gate_question){baseline, candidate, n, 0.05, NULL, 0, 0.05, 0.05});
}

static void fewer_than_five_pairs_decide_nothing(void **state)
{
    static const double baseline[] = {1, 1, 1, 1, 1}, candidate[] = {9, 9, 9, 9, 9};
    (void)state;
    for (size_t n = 0; n < 5; n++) {
        struct stats_gate got = judge(baseline, candidate, n);
        assert_int_equal(got.verdict, STATS_GATE_INCONCLUSIVE);
        assert_false(got.has_lower || got.has_upper || got.equivalent);
        assert_true(isinf(got.lower) && isinf(got.upper) && got.tau == 1);
        assert_true(n == 0 ? got.powerless && isnan(got.change) : got.change == 8);
    }
    assert_int_equal(judge(baseline, candidate, 5).verdict, STATS_GATE_FAIL);
    assert_int_equal(judge(candidate, baseline, 5).verdict, STATS_GATE_PASS);
}

static void identical_arms_pass_without_spread(void **state)
{
    double x[20];
    struct stats_gate got;
    (void)state;
    for (size_t i = 0; i < 20; i++)
        x[i] = 7;
    got = judge(x, x, 20);
    assert_int_equal(got.verdict, STATS_GATE_PASS);
    assert_true(got.equivalent && got.sigma_log == 0 && got.detectable == 0 && !got.powerless);
    assert_true(got.change == 0 && got.lower == 0 && got.upper == 0);
}

static void a_failing_candidate_fails_and_is_not_dropped(void **state)
{
    double baseline[20], candidate[20];
    struct stats_gate got;
    (void)state;
    for (size_t i = 0; i < 20; i++) {
        baseline[i] = 7;
        candidate[i] = i % 5 ? INFINITY : 7;
    }
    got = judge(baseline, candidate, 20);
    assert_int_equal(got.bad, 16);
    assert_int_equal(got.verdict, STATS_GATE_FAIL);
    assert_true(isinf(got.change) && isinf(got.detectable) && got.powerless);
    assert_int_equal(judge(candidate, baseline, 20).verdict, STATS_GATE_PASS);
    assert_int_equal(judge(candidate, candidate, 20).bad, 0);
}

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
        struct stats_session got = stats_predict_session(same, count, 9);
        assert_true(!got.defined && got.p_slower == 1 && isinf(got.limit));
    }
    assert_false(stats_predict_session(failed, 3, 9).defined);
    assert_false(stats_predict_session(zero, 3, 9).defined);
    assert_false(stats_predict_session(failed, 1, INFINITY).defined);
}

static void holm_takes_no_number_for_no_evidence(void **state)
{
    double p[] = {NAN, 0.01};
    (void)state;
    stats_holm(p, p, 0);
    stats_holm(p, p, 2);
    assert_true(p[0] == 1 && p[1] == 0.02);
}

static void a_ratio_at_the_tolerance_is_good(void **state)
{
    static const double baseline[] = {4, 4, 4, 4, 4}, candidate[] = {5, 5, 5, 5, 5};
    struct stats_gate_question question = {baseline, candidate, 5, 0.25, NULL, 0, 0.05, 0.05};
    (void)state;
    assert_int_equal(stats_judge_gate(&question).bad, 0);
    assert_int_equal(stats_judge_gate(&question).verdict, STATS_GATE_PASS);
    question.tolerance = 0.24;
    assert_int_equal(stats_judge_gate(&question).bad, 5);
}

static void each_bound_has_the_level_of_its_verdict(void **state)
{
    static const double baseline[] = {1, 1, 1, 1, 1}, candidate[] = {2, 2.1, 2.2, 2.3, 2.4};
    struct stats_gate_question question = {baseline, candidate, 5, 0.05, NULL, 0, 0.01, 0.05};
    struct stats_gate got = stats_judge_gate(&question);
    (void)state;
    assert_true(got.has_lower && !got.has_upper);
    assert_int_equal(got.verdict, STATS_GATE_FAIL);
    assert_true(fabs(got.least_fail - (1.05 * (1 + got.detectable) - 1)) < 1e-12);
    question.alpha_pass = 0.05;
    question.alpha_fail = 0.01;
    got = stats_judge_gate(&question);
    assert_true(!got.has_lower && got.has_upper);
    assert_int_equal(got.verdict, STATS_GATE_INCONCLUSIVE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fewer_than_five_pairs_decide_nothing),
        cmocka_unit_test(identical_arms_pass_without_spread),
        cmocka_unit_test(a_failing_candidate_fails_and_is_not_dropped),
        cmocka_unit_test(odd_pairs_have_a_defined_ratio),
        cmocka_unit_test(power_and_pairs_are_each_others_inverse),
        cmocka_unit_test(sessions_that_cannot_be_compared_raise_no_alarm),
        cmocka_unit_test(holm_takes_no_number_for_no_evidence),
        cmocka_unit_test(a_ratio_at_the_tolerance_is_good),
        cmocka_unit_test(each_bound_has_the_level_of_its_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
