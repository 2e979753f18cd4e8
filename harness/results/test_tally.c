/* Does the sum of a run say what the verdict needs: cycles, findings, spans, failures, audits? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "results/test_synthetic.h"

static void put(struct synthetic *synthetic, struct synthetic_cycle cycle)
{
    synthetic_put(synthetic, &cycle);
}

static void a_tally_counts_what_the_verdict_needs(void **state)
{
    struct synthetic *synthetic = *state;
    struct results_tally all, one;
    put(synthetic, (struct synthetic_cycle){.pair = -1, .warmup = true, .spawn_ns = 1});
    put(synthetic, (struct synthetic_cycle){.pair = 0, .spawn_ns = 1, .finding = "integrity"});
    put(synthetic, (struct synthetic_cycle){.pair = 9, .spawn_ns = -1, .finding = "conduct"});
    put(synthetic, (struct synthetic_cycle){.pair = 9, .arm = 1, .value = 1, .spawn_ns = 1});
    all = synthetic_tally(synthetic, -1, -1);
    assert_true(all.cycles == 4 && all.cycles_failed == 1);
    assert_true(all.agents_planned == 8 && all.agents_ready == 6 && all.agents_recorded == 6);
    assert_true(all.findings_integrity == 1 && all.findings_conduct == 1);
    assert_true(all.cycles_with_integrity_finding == 1);
    assert_true(all.blocks == 2 && all.audit_ns == 28 && all.harness_ns == 20);
    one = synthetic_tally(synthetic, 1, -1);
    assert_true(one.cycles == 1 && one.findings_integrity == 0 && one.blocks == 1);
    one = synthetic_tally(synthetic, -1, 0);
    assert_true(one.cycles == 3 && one.findings_integrity == 1);
    one = synthetic_tally(synthetic, 0, 1);
    assert_true(one.cycles == 0 && one.agents_planned == 0 && one.span_ns == 0);
}

static void a_finding_of_the_whole_run_is_no_bad_cycle(void **state)
{
    struct synthetic *synthetic = *state;
    struct results_tally tally;
    put(synthetic, (struct synthetic_cycle){.spawn_ns = 1});
    assert_int_equal(results_finding_put(synthetic->store, synthetic->run, -1, 0, "r", "integrity",
                                         "", "", &synthetic->err),
                     0);
    tally = synthetic_tally(synthetic, -1, 0);
    assert_true(tally.findings_integrity == 1 && tally.cycles_with_integrity_finding == 0);
}

static void the_span_is_summed_within_sittings(void **state)
{
    struct synthetic *synthetic = *state;
    put(synthetic, (struct synthetic_cycle){.pair = 0, .sent_ns = 100, .spawn_ns = 10});
    put(synthetic, (struct synthetic_cycle){.pair = 1, .sent_ns = 200, .spawn_ns = 10});
    /* another boot: the monotonic clock began anew */
    put(synthetic,
        (struct synthetic_cycle){.pair = 2, .sitting = 2, .sent_ns = 50, .spawn_ns = 10});
    assert_int_equal(synthetic_tally(synthetic, -1, -1).span_ns, 110 + 10);
}

static void failure_says_whether_the_others_were_cancelled_or_went_on(void **state)
{
    static const struct {
        const char *outcomes, *error;
        enum cycle_break broke;
        int cancels, degrades;
    } cases[] = {
        {"fcc", "why", CYCLE_WHOLE, 1, 0},        {"tcc", "why", CYCLE_WHOLE, 1, 0},
        {"frr", "why", CYCLE_WHOLE, 0, 1},        {"rrr", NULL, CYCLE_WHOLE, 0, 0},
        {"fcc", NULL, CYCLE_WHOLE, 0, 0},         {"fcc", "", CYCLE_WHOLE, 0, 0},
        {"frc", "why", CYCLE_WHOLE, 0, 0},        {"ccc", NULL, CYCLE_WHOLE, 0, 0},
        {"fcc", "why", CYCLE_BROKE_FINISH, 0, 0},
    };
    struct synthetic *synthetic = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct results_tally tally;
        put(synthetic, (struct synthetic_cycle){.pair = (int)i,
                                                .value = (int)i,
                                                .outcomes = cases[i].outcomes,
                                                .error = cases[i].error,
                                                .broke = cases[i].broke});
        tally = synthetic_tally(synthetic, -1, (int)i);
        assert_int_equal(tally.failure_cancelled, cases[i].cancels);
        assert_int_equal(tally.failure_degraded, cases[i].degrades);
    }
}

static void audit(struct synthetic *synthetic, int64_t cycle, int arm, const char *level)
{
    const struct results_audit row = {cycle, arm, level, 7, 100, 4096, 1000 * (cycle + 1)};
    assert_int_equal(results_audit_put(synthetic->store, synthetic->run, &row, &synthetic->err), 0);
}

static void audits_are_counted_by_level_arm_and_value(void **state)
{
    struct synthetic *synthetic = *state;
    struct results_tally all, one;
    for (int i = 0; i < 4; i++)
        synthetic_put(synthetic, &(struct synthetic_cycle){
                                     .pair = i / 2, .arm = i % 2, .value = i / 2, .spawn_ns = 1});
    audit(synthetic, 0, 0, "full");
    audit(synthetic, 1, 1, "quick");
    audit(synthetic, 2, 0, "quick"); /* cycle 3 had none */
    audit(synthetic, -1, 0, "full");
    all = synthetic_tally(synthetic, -1, -1);
    assert_true(all.audits_quick == 2 && all.audits_full == 1 && all.audits_at_end == 1);
    assert_true(all.audit_full_ns == 100 && all.wal_bytes_peak == 3000);
    one = synthetic_tally(synthetic, 1, -1);
    assert_true(one.audits_quick == 1 && one.audits_full == 0 && one.audits_at_end == 0);
    one = synthetic_tally(synthetic, 0, 1);
    assert_true(one.audits_quick == 1 && one.audits_full == 0 && one.audits_at_end == 1);
    one = synthetic_tally(synthetic, 1, 1);
    assert_true(one.cycles == 1 && one.audits_quick == 0);
}

static void an_audit_of_no_known_level_is_refused(void **state)
{
    struct synthetic *synthetic = *state;
    const struct results_audit row = {.cycle = 0, .level = "none"};
    assert_int_equal(results_audit_put(synthetic->store, synthetic->run, &row, &synthetic->err),
                     -1);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, synthetic_new, synthetic_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(a_tally_counts_what_the_verdict_needs),
        WITH_STORE(a_finding_of_the_whole_run_is_no_bad_cycle),
        WITH_STORE(the_span_is_summed_within_sittings),
        WITH_STORE(failure_says_whether_the_others_were_cancelled_or_went_on),
        WITH_STORE(audits_are_counted_by_level_arm_and_value),
        WITH_STORE(an_audit_of_no_known_level_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
