/* Does the gate see what is there, stay calm where nothing is, and refuse to answer for nothing? */
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/gate_rule.h"

#define MOST  200
#define GATES 300

/* Pairs with noise of sigma 3 %. */
struct pairs {
    double baseline[MOST], candidate[MOST];
    gsl_rng *rng;
};

static int make(void **state)
{
    static struct pairs pairs;
    pairs.rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(pairs.rng, 7);
    *state = &pairs;
    return 0;
}

static int unmake(void **state)
{
    gsl_rng_free(((struct pairs *)*state)->rng);
    return 0;
}

static void draw(struct pairs *pairs, double factor, double tail_share, double tail_factor)
{
    for (size_t i = 0; i < MOST; i++) {
        bool hit = gsl_rng_uniform(pairs->rng) < tail_share;
        pairs->baseline[i] = 1e7 * exp(gsl_ran_gaussian(pairs->rng, 0.03));
        pairs->candidate[i] = 1e7 * factor * exp(gsl_ran_gaussian(pairs->rng, 0.03));
        pairs->candidate[i] *= hit ? tail_factor : 1;
    }
}

static struct gate_metric metric_of(const struct pairs *pairs, double quantile, size_t n)
{
    return (struct gate_metric){"spawn_time", quantile, pairs->baseline, pairs->candidate, n,
                                NULL,         0};
}

static struct gate_answer judge(const struct gate_metric metrics[], size_t count)
{
    struct gate_question question = GATE_QUESTION_DEFAULTS;
    struct gate_answer answer;
    question.metrics = metrics;
    question.count = count;
    assert_int_equal(gate_judge(&answer, &question), 0);
    return answer;
}

static enum gate_word word_of(const struct pairs *pairs, double quantile)
{
    struct gate_metric metric = metric_of(pairs, quantile, MOST);
    struct gate_answer answer = judge(&metric, 1);
    enum gate_word word = answer.items[0].word;
    gate_release(&answer);
    return word;
}

static size_t count_words(struct pairs *pairs, double quantile, enum gate_word word, double factor,
                          double tail_share)
{
    size_t count = 0;
    for (int i = 0; i < GATES; i++) {
        draw(pairs, factor, tail_share, 1.5);
        count += word_of(pairs, quantile) == word;
    }
    return count;
}

/* ---- power and false alarms, each of 300 gates with a fixed seed ---- */

static void no_change_is_passed_and_no_alarm_is_false(void **state)
{
    assert_true(count_words(*state, 0.5, GATE_NO_REGRESSION, 1, 0) >= 0.97 * GATES);
    assert_int_equal(count_words(*state, 0.5, GATE_REGRESSION, 1, 0), 0);
}

static void ten_percent_are_a_regression(void **state)
{
    assert_true(count_words(*state, 0.5, GATE_REGRESSION, 1.10, 0) >= 0.97 * GATES);
}

/* A gate ends once a regression is excluded,
 * which needs less: not each one is called by its name. */
static void ten_percent_faster_are_an_improvement(void **state)
{
    size_t improved = count_words(*state, 0.5, GATE_IMPROVEMENT, 0.90, 0);
    assert_true(improved >= 0.85 * GATES);
    assert_int_equal(count_words(*state, 0.5, GATE_REGRESSION, 0.90, 0), 0);
}

static void a_change_as_large_as_the_tolerance_is_neither(void **state)
{
    assert_true(count_words(*state, 0.5, GATE_REGRESSION, 1.05, 0) <= 0.02 * GATES);
    assert_true(count_words(*state, 0.5, GATE_NO_REGRESSION, 1.05, 0) <= 0.08 * GATES);
}

static void one_slow_batch_in_ten_is_seen_in_the_tail_only(void **state)
{
    assert_true(count_words(*state, 0.95, GATE_REGRESSION, 1, 0.1) >= 0.90 * GATES);
    assert_true(count_words(*state, 0.5, GATE_NO_REGRESSION, 1, 0.1) >= 0.90 * GATES);
    assert_int_equal(count_words(*state, 0.95, GATE_REGRESSION, 1, 0), 0);
    assert_true(count_words(*state, 0.95, GATE_NO_REGRESSION, 1, 0) >= 0.90 * GATES);
}

/* ---- looks ---- */

static void it_asks_for_more_pairs_only_while_that_may_help(void **state)
{
    struct pairs *pairs = *state;
    draw(pairs, 1.05, 0, 1);
    for (size_t n = 1; n <= MOST; n += 33) {
        struct gate_metric metric = metric_of(pairs, 0.5, n);
        struct gate_answer answer = judge(&metric, 1);
        assert_true(answer.more);
        assert_int_equal(answer.items[0].word, GATE_INCONCLUSIVE);
        assert_int_equal(answer.look, n < 50 ? 0 : n < 100 ? 1 : 2);
        gate_release(&answer);
    }
    draw(pairs, 1, 0, 1);
    struct gate_metric metric = metric_of(pairs, 0.5, 50);
    struct gate_answer answer = judge(&metric, 1);
    assert_false(answer.more);
    assert_int_equal(answer.items[0].word, GATE_NO_REGRESSION);
    assert_int_equal(answer.items[0].look, 1);
    gate_release(&answer);
}

static void what_was_decided_stays_decided(void **state)
{
    struct pairs *pairs = *state;
    draw(pairs, 1, 0, 1);
    for (size_t i = 50; i < MOST; i++)
        pairs->candidate[i] *= 2;
    assert_int_equal(word_of(pairs, 0.5), GATE_NO_REGRESSION);
}

static void nothing_is_decided_before_the_first_look(void **state)
{
    struct pairs *pairs = *state;
    struct gate_metric metric = metric_of(pairs, 0.5, 49);
    struct gate_answer answer;
    draw(pairs, 3, 0, 1);
    answer = judge(&metric, 1);
    assert_int_equal(answer.items[0].word, GATE_INCONCLUSIVE);
    assert_true(answer.items[0].lower > 1.05); /* the bounds are told all the same */
    gate_release(&answer);
}

/* ---- words and bounds agree ---- */

static void the_bounds_agree_with_the_word(void **state)
{
    static const double quantiles[] = {0.5, 0.9, 0.95}, factors[] = {0.9, 1, 1.04, 1.06, 1.1, 1.3};
    for (size_t q = 0; q < 3; q++)
        for (size_t i = 0; i < 60; i++) {
            struct gate_metric metric = metric_of(*state, quantiles[q], MOST);
            struct gate_answer answer;
            const struct gate_item *item;
            draw(*state, factors[i % 6], 0.02, 1.5);
            answer = judge(&metric, 1);
            item = &answer.items[0];
            assert_true(item->lower <= item->upper && item->tau >= 1);
            assert_int_equal(item->lower > 1.05, item->word == GATE_REGRESSION);
            assert_int_equal(item->upper <= 1.05 * (1 + 1e-9),
                             item->word == GATE_NO_REGRESSION || item->word == GATE_IMPROVEMENT);
            gate_release(&answer);
        }
}

/* ---- several metrics ---- */

static void a_regression_of_one_metric_is_the_gravest_word(void **state)
{
    static struct pairs slower;
    struct pairs *pairs = *state;
    struct gate_metric metrics[] = {metric_of(pairs, 0.5, MOST), metric_of(&slower, 0.5, MOST)};
    struct gate_answer answer;
    slower.rng = pairs->rng;
    draw(pairs, 1, 0, 1);
    draw(&slower, 1.2, 0, 1);
    answer = judge(metrics, 2);
    assert_int_equal(answer.word, GATE_REGRESSION);
    assert_int_not_equal(answer.items[0].word, GATE_REGRESSION);
    assert_true(answer.items[1].p_adjusted >= answer.items[1].p_regression);
    assert_false(answer.more);
    gate_release(&answer);
}

/* What just suffices for one metric is not enough beside nine others. */
static void more_metrics_ask_for_more_proof(void **state)
{
    struct pairs *pairs = *state;
    static struct pairs calm;
    struct gate_metric metrics[10];
    struct gate_answer alone, among;
    for (size_t i = 0; i < 50; i++) {
        pairs->baseline[i] = calm.baseline[i] = calm.candidate[i] = 1;
        pairs->candidate[i] = i * 36 % 50 < 36 ? 3 : 0.5;
    }
    metrics[0] = metric_of(pairs, 0.5, 50);
    for (size_t i = 1; i < 10; i++)
        metrics[i] = metric_of(&calm, 0.5, 50);
    alone = judge(metrics, 1);
    among = judge(metrics, 10);
    assert_int_equal(alone.items[0].word, GATE_REGRESSION);
    assert_int_equal(among.items[0].word, GATE_INCONCLUSIVE);
    assert_true(among.more);
    gate_release(&alone);
    gate_release(&among);
}

/* ---- failures, unknown values, nothing at all ---- */

static void failing_is_slow_and_never_left_out(void **state)
{
    struct pairs *pairs = *state;
    draw(pairs, 1, 0, 1);
    for (size_t i = 0; i < MOST; i += 3)
        pairs->candidate[i] = INFINITY;
    assert_int_equal(word_of(pairs, 0.95), GATE_REGRESSION);
    for (size_t i = 0; i < MOST; i++)
        pairs->candidate[i] = i % 4 ? INFINITY : pairs->candidate[i];
    assert_int_equal(word_of(pairs, 0.5), GATE_REGRESSION);
}

static void pairs_that_tell_nothing_prove_nothing(void **state)
{
    struct pairs *pairs = *state;
    const double nothing[] = {INFINITY, NAN};
    for (size_t k = 0; k < 2; k++)
        for (size_t q = 0; q < 2; q++) {
            enum gate_word word;
            for (size_t i = 0; i < MOST; i++)
                pairs->baseline[i] = pairs->candidate[i] = nothing[k];
            word = word_of(pairs, q ? 0.95 : 0.5);
            assert_true(word == GATE_POWERLESS || word == GATE_INCONCLUSIVE);
        }
    draw(pairs, 1, 0, 1);
    for (size_t i = 0; i < MOST; i += 2)
        pairs->candidate[i] = NAN; /* half of them */
    assert_int_not_equal(word_of(pairs, 0.5), GATE_NO_REGRESSION);
    assert_int_not_equal(word_of(pairs, 0.95), GATE_NO_REGRESSION);
    draw(pairs, 2, 0, 1);
    for (size_t i = 0; i < MOST; i += 2)
        pairs->candidate[i] = NAN;
    assert_int_not_equal(word_of(pairs, 0.95), GATE_NO_REGRESSION);
}

static void noise_above_the_tolerance_is_powerless(void **state)
{
    struct pairs *pairs = *state;
    struct gate_metric metric = metric_of(pairs, 0.5, MOST);
    struct gate_answer answer;
    for (size_t i = 0; i < MOST; i++) {
        pairs->baseline[i] = exp(gsl_ran_gaussian(pairs->rng, 1));
        pairs->candidate[i] = exp(gsl_ran_gaussian(pairs->rng, 1));
    }
    answer = judge(&metric, 1);
    assert_int_equal(answer.items[0].word, GATE_POWERLESS);
    assert_true(answer.items[0].detectable > 0.05);
    assert_false(answer.more);
    gate_release(&answer);
}

static void a_quantile_beyond_reach_is_powerless(void **state)
{
    draw(*state, 2, 0, 1);
    assert_int_equal(word_of(*state, 0.999), GATE_POWERLESS);
}

static void a_gate_that_was_given_nothing_has_no_answer(void **state)
{
    struct gate_metric metric = metric_of(*state, 0.5, 0), good = metric_of(*state, 0.5, MOST);
    struct gate_question question = GATE_QUESTION_DEFAULTS;
    struct gate_answer answer;
    assert_int_equal(gate_judge(&answer, &question), -1);
    question.metrics = &metric;
    question.count = 1;
    assert_int_equal(gate_judge(&answer, &question), -1);
    assert_null(answer.items);
    question.metrics = &good;
    question.tolerance = -0.01;
    assert_int_equal(gate_judge(&answer, &question), -1);
    question.tolerance = NAN;
    assert_int_equal(gate_judge(&answer, &question), -1);
    question.tolerance = 0.05;
    question.looks[1] = 50;
    assert_int_equal(gate_judge(&answer, &question), -1);
    question.looks[1] = 100;
    question.alpha = 0;
    assert_int_equal(gate_judge(&answer, &question), -1);
    question.alpha = 0.01;
    good.quantile = 1;
    assert_int_equal(gate_judge(&answer, &question), -1);
    good.quantile = 0.5;
    assert_int_equal(gate_judge(&answer, &question), 0);
    gate_release(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_change_is_passed_and_no_alarm_is_false),
        cmocka_unit_test(ten_percent_are_a_regression),
        cmocka_unit_test(ten_percent_faster_are_an_improvement),
        cmocka_unit_test(a_change_as_large_as_the_tolerance_is_neither),
        cmocka_unit_test(one_slow_batch_in_ten_is_seen_in_the_tail_only),
        cmocka_unit_test(it_asks_for_more_pairs_only_while_that_may_help),
        cmocka_unit_test(what_was_decided_stays_decided),
        cmocka_unit_test(nothing_is_decided_before_the_first_look),
        cmocka_unit_test(the_bounds_agree_with_the_word),
        cmocka_unit_test(a_regression_of_one_metric_is_the_gravest_word),
        cmocka_unit_test(more_metrics_ask_for_more_proof),
        cmocka_unit_test(failing_is_slow_and_never_left_out),
        cmocka_unit_test(pairs_that_tell_nothing_prove_nothing),
        cmocka_unit_test(noise_above_the_tolerance_is_powerless),
        cmocka_unit_test(a_quantile_beyond_reach_is_powerless),
        cmocka_unit_test(a_gate_that_was_given_nothing_has_no_answer),
    };
    return cmocka_run_group_tests_name("judge/gate_rule", tests, make, unmake);
}
