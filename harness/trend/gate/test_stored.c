/* Does a stored baseline decide only from ten sittings on,
 * and never about what it does not hold? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "trend/gate/gating.h"
#include "trend/gate/test_sittings.h"

/* Sittings around 10 ms that differ by some percent, and a candidate. */
struct history {
    struct synthetic *synthetic;
    struct gate_baseline baseline;
    struct gate_result result;
    struct gate_manners manners;
    const char *arm;
    bool strict;
    size_t sittings;
    double spread; /* 0.01: they differ by some 1 % */
    struct sitting candidate;
};

static void judge(struct history *history)
{
    int64_t runs[16], candidate;
    struct err err = {0};
    for (size_t i = 0; i < history->sittings; i++) {
        double level = 1e7 * (1 + history->spread * (double)(i * 5 % 11) / 5);
        runs[i] = sitting_store(history->synthetic, &(struct sitting){.level_ns = level});
    }
    candidate = sitting_store(history->synthetic, &history->candidate);
    if (gate_baseline_make(&history->baseline, "b", history->synthetic->store, runs,
                           history->sittings, &err) < 0 ||
        gate_stored(&history->result, &history->baseline, history->synthetic->store, candidate,
                    history->arm, history->strict, &history->manners, &err) < 0)
        fail_msg("%s", err.text);
    gate_settle(&history->result, &history->manners);
}

static struct history history_of(void **state, double candidate_ns, size_t sittings)
{
    return (struct history){.synthetic = *state,
                            .sittings = sittings,
                            .spread = 0.01,
                            .candidate = {.level_ns = candidate_ns},
                            .result = {.asked = {.metrics = {SCENARIO_SPAWN_TIME},
                                                 .metric_count = 1,
                                                 .quantiles = {0.5},
                                                 .quantile_count = 1,
                                                 .tolerance = 0.05,
                                                 .alpha = 0.01,
                                                 .power = 0.8}}};
}

static void forget(struct history *history)
{
    gate_baseline_release(&history->baseline);
    gate_result_release(&history->result);
}

static void expect(void **state, double candidate_ns, enum gate_word word, int code)
{
    struct history history = history_of(state, candidate_ns, 12);
    judge(&history);
    assert_string_equal(history.result.reason, "");
    assert_int_equal(history.result.answer.count, 2); /* two arms */
    assert_int_equal(history.result.answer.word, word);
    assert_int_equal(history.result.code, code);
    assert_false(history.result.advisory);
    forget(&history);
}

static void from_ten_sittings_on_it_decides(void **state)
{
    expect(state, 1.005e7, GATE_NO_REGRESSION, 0);
    expect(state, 1.2e7, GATE_REGRESSION, 1);
    expect(state, 0.8e7, GATE_IMPROVEMENT, 0);
    expect(state, 1.065e7, GATE_INCONCLUSIVE, 3);
}

static void below_ten_it_advises_and_does_not_fail(void **state)
{
    struct history history = history_of(state, 2e7, 9);
    judge(&history);
    assert_int_equal(history.result.answer.word, GATE_REGRESSION);
    assert_int_equal(history.result.code, 0);
    assert_true(history.result.advisory);
    assert_non_null(strstr(history.result.marks.data, "advisory: 9 of 10 sittings"));
    forget(&history);
}

static void unless_told_to(void **state)
{
    struct history history = history_of(state, 2e7, 9);
    history.strict = true;
    judge(&history);
    assert_int_equal(history.result.code, 1);
    assert_false(history.result.advisory);
    forget(&history);
}

static void one_sitting_proves_nothing(void **state)
{
    struct history history = history_of(state, 1e7, 1);
    history.strict = true;
    judge(&history);
    assert_int_equal(history.result.answer.word, GATE_POWERLESS);
    assert_int_equal(history.result.code, 3);
    forget(&history);
}

static void sittings_all_alike_prove_nothing(void **state)
{
    struct history history = history_of(state, 2e7, 12);
    history.spread = 0;
    judge(&history);
    assert_int_equal(history.result.answer.word, GATE_POWERLESS);
    forget(&history);
}

static void noisy_sittings_are_powerless(void **state)
{
    struct history history = history_of(state, 1e7, 12);
    history.spread = 0.2;
    judge(&history);
    assert_int_equal(history.result.answer.word, GATE_POWERLESS);
    forget(&history);
}

static void a_candidate_that_mostly_fails_is_a_regression(void **state)
{
    struct history history = history_of(state, 1e7, 12);
    history.candidate.failed = 40;
    judge(&history);
    assert_int_equal(history.result.code, 1);
    forget(&history);
}

static void integrity_outranks_speed(void **state)
{
    struct history history = history_of(state, 0.5e7, 12);
    history.candidate.finding = "integrity";
    judge(&history);
    assert_int_equal(history.result.code, 4);
    assert_non_null(strstr(history.result.finding, "invented-rule"));
    forget(&history);
}

/* ---- refused ---- */

static void refuse(struct history *history, const char *said)
{
    judge(history);
    if (!strstr(history->result.reason, said))
        fail_msg("expected '%s' in '%s'", said, history->result.reason);
    assert_int_equal(history->result.code, 5);
    assert_string_equal(gate_verdict(&history->result), "could not compare");
    forget(history);
}

static void what_does_not_fit_is_refused(void **state)
{
    static const struct {
        struct sitting candidate;
        const char *said;
    } cases[] = {
        {{.kernel = "6.2"}, "the machine differs: kernel: 6.1 there, 6.2 here"},
        {{.scenario = "other"}, "is of scenario 'invented'"},
        {{.agent = "y"}, "the scenario changed"},
        {{.partial = true}, "is partial"},
        {{.cycles = 10}, "has 10 cycles of arm 'fast', p50 needs 20"},
        {{.arms = "{\"name\": \"fast\", \"subject\": [\"x\"]}"}, "arm 'slow' of the baseline"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct history history = history_of(state, 1e7, 11);
        history.candidate = cases[i].candidate;
        refuse(&history, cases[i].said);
    }
}

static void what_it_does_not_hold_is_refused(void **state)
{
    struct history history = history_of(state, 1e7, 11);
    history.arm = "none";
    refuse(&history, "no arm 'none'");
    history = history_of(state, 1e7, 11);
    history.result.asked.metrics[0] = SCENARIO_CPU_TIME;
    refuse(&history, "no cpu_time");
    history = history_of(state, 1e7, 11);
    history.result.asked.quantiles[0] = 0.77;
    refuse(&history, "0.77 is not in the baseline");
    history = history_of(state, 1e7, 11);
    history.result.asked.quantiles[0] = 0.99;
    refuse(&history, "p99 needs 299");
}

static void a_mismatch_that_is_allowed_is_marked(void **state)
{
    struct history history = history_of(state, 1e7, 12);
    history.candidate.kernel = "6.2";
    history.manners.allow_mismatch = true;
    judge(&history);
    assert_int_equal(history.result.code, 0);
    assert_non_null(strstr(history.result.marks.data, "marked: the machine differs"));
    forget(&history);
}

static void a_run_is_never_its_own_baseline(void **state)
{
    struct synthetic *synthetic = *state;
    struct history history = history_of(state, 1e7, 0);
    int64_t run = sitting_store(synthetic, &(struct sitting){0});
    struct err err = {0};
    history.manners.allow_mismatch = true;
    assert_int_equal(gate_baseline_make(&history.baseline, "b", synthetic->store, &run, 1, &err),
                     0);
    assert_int_equal(gate_stored(&history.result, &history.baseline, synthetic->store, run, NULL,
                                 true, &history.manners, &err),
                     0);
    gate_settle(&history.result, &history.manners);
    assert_int_equal(history.result.code, 5);
    assert_non_null(strstr(history.result.reason, "part of the baseline itself"));
    forget(&history);
}

static void one_arm_may_be_asked_for(void **state)
{
    struct history history = history_of(state, 1e7, 12);
    history.arm = "slow";
    history.result.asked.metrics[1] = SCENARIO_THROUGHPUT;
    history.result.asked.metric_count = 2;
    history.result.asked.quantiles[1] = 0.95;
    history.result.asked.quantile_count = 2;
    judge(&history);
    assert_int_equal(history.result.answer.count, 4);
    assert_string_equal(history.result.pairs.places[3].arm, "slow");
    assert_true(history.result.pairs.places[2].candidate > 90); /* two agents in 20 ms, by second */
    assert_int_equal(history.result.code, 0);
    forget(&history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(from_ten_sittings_on_it_decides, synthetic_new,
                                        synthetic_free),
        cmocka_unit_test_setup_teardown(below_ten_it_advises_and_does_not_fail, synthetic_new,
                                        synthetic_free),
        cmocka_unit_test_setup_teardown(unless_told_to, synthetic_new, synthetic_free),
        cmocka_unit_test_setup_teardown(one_sitting_proves_nothing, synthetic_new, synthetic_free),
        cmocka_unit_test_setup_teardown(sittings_all_alike_prove_nothing, synthetic_new,
                                        synthetic_free),
        cmocka_unit_test_setup_teardown(noisy_sittings_are_powerless, synthetic_new,
                                        synthetic_free),
        cmocka_unit_test_setup_teardown(a_candidate_that_mostly_fails_is_a_regression,
                                        synthetic_new, synthetic_free),
        cmocka_unit_test_setup_teardown(integrity_outranks_speed, synthetic_new, synthetic_free),
        cmocka_unit_test_setup_teardown(what_does_not_fit_is_refused, synthetic_new,
                                        synthetic_free),
        cmocka_unit_test_setup_teardown(what_it_does_not_hold_is_refused, synthetic_new,
                                        synthetic_free),
        cmocka_unit_test_setup_teardown(a_mismatch_that_is_allowed_is_marked, synthetic_new,
                                        synthetic_free),
        cmocka_unit_test_setup_teardown(a_run_is_never_its_own_baseline, synthetic_new,
                                        synthetic_free),
        cmocka_unit_test_setup_teardown(one_arm_may_be_asked_for, synthetic_new, synthetic_free),
    };
    return cmocka_run_group_tests_name("trend/gate/stored", tests, NULL, NULL);
}
