/* Is each diagnostic raised by what it is for, left alone by honest noise,
 * and does it forbid what it should? */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/test_judged.h"

#define MS     INT64_C(1000000)
#define CYCLES 200

static const char text[] =
    "{\"name\": \"invented\", \"agents\": [{\"name\": \"gemini\", \"command\": [\"x\"],"
    " \"times\": 2}], \"arms\": [{\"name\": \"slow\", \"subject\": [\"x\"]},"
    " {\"name\": \"fast\", \"subject\": [\"x\"]}], \"cycles\": 200, \"claims\": ["
    "{\"id\": \"A\", \"arm\": \"slow\", \"quantile\": 0.95, \"at_most\": \"100ms\"},"
    "{\"id\": \"B\", \"faster\": \"fast\", \"than\": \"slow\", \"at_least\": 1.5},"
    "{\"id\": \"C\", \"corruption\": \"none\"}]}";

static struct scenario parsed(void)
{
    struct scenario scenario = {0};
    struct err err = {0};
    if (scenario_parse(&scenario, text, strlen(text), &err) < 0)
        fail_msg("%s", err.text);
    return scenario;
}

/* 0 .. 1 without pattern */
static double noise(int pair, int arm)
{
    uint32_t number = ((uint32_t)(pair + 10000 * arm) + 0x9e3779b9u) * 0x85ebca6bu;
    number = (number ^ number >> 13) * 0xc2b2ae35u;
    return (double)(number ^ number >> 16) / 4294967296.0;
}

/* How a run departs from an honest one: the time of a cycle from what it would have been. */
typedef int64_t bend(int pair, int arm, int place, int64_t spawn_ns);

static int64_t honest(int pair, int arm, int place, int64_t spawn_ns)
{
    (void)pair;
    (void)arm;
    (void)place;
    return spawn_ns;
}

static void fill(struct synthetic *synthetic, bend *bent, const struct cycle_strain *strain)
{
    for (int pair = 0; pair < CYCLES; pair++) {
        for (int place = 0; place < 2; place++) {
            int arm = noise(pair, 7) < 0.5 ? place : 1 - place;
            int64_t spawn_ns = (arm ? 20 : 40) * MS + (int64_t)(2 * MS * noise(pair, arm));
            synthetic_put(synthetic,
                          &(struct synthetic_cycle){.pair = pair,
                                                    .arm = arm,
                                                    .place = place,
                                                    .spawn_ns = bent(pair, arm, place, spawn_ns),
                                                    .strain = strain});
        }
    }
}

static struct diagnosis made(struct synthetic *synthetic, const struct scenario *scenario)
{
    struct results_basis basis = {0};
    struct diagnosis diagnosis;
    struct plan plan;
    assert_int_equal(
        results_basis_load(&basis, scenario, synthetic->store, synthetic->run, &synthetic->err), 0);
    plan_build(&plan, scenario, basis.run.seed);
    diagnosis_make(&diagnosis, scenario, &plan, &basis);
    plan_release(&plan);
    results_basis_release(&basis);
    return diagnosis;
}

static enum diagnosis_level worst(const struct diagnosis *diagnosis, enum diagnosis_kind kind)
{
    enum diagnosis_level level = DIAGNOSIS_FINE;
    bool there = false;
    for (size_t i = 0; i < diagnosis->count; i++) {
        const struct diagnosis_item *item = &diagnosis->items[i];
        if (item->kind != kind)
            continue;
        there = true;
        assert_true(item->text[0]);
        if (item->level >= DIAGNOSIS_FLAGGED)
            assert_true(item->remedy[0]);
        if (item->level > level)
            level = item->level;
    }
    assert_true(there); /* every kind says something */
    return level;
}

/* A run bent in one way raises one kind, and no other one to that level or above. */
static void raises(struct synthetic *synthetic, bend *bent, const struct cycle_strain *strain,
                   enum diagnosis_kind kind, enum diagnosis_level level, unsigned may_too)
{
    struct scenario scenario = parsed();
    struct diagnosis diagnosis;
    fill(synthetic, bent, strain);
    diagnosis = made(synthetic, &scenario);
    for (int other = 0; other < DIAGNOSIS_KINDS; other++) {
        enum diagnosis_level found = worst(&diagnosis, (enum diagnosis_kind)other);
        if (other == (int)kind)
            assert_int_equal(found, level);
        else if (found >= DIAGNOSIS_FLAGGED && !(may_too >> other & 1))
            fail_msg("%s was raised, too", diagnosis_kind_name((enum diagnosis_kind)other));
    }
    diagnosis_release(&diagnosis);
    scenario_release(&scenario);
}

static void honest_noise_raises_nothing(void **state)
{
    raises(*state, honest, &(struct cycle_strain){0, 1000, 0, 0, 0, -1}, DIAGNOSIS_STEAL,
           DIAGNOSIS_FINE, 0);
}

static void a_machine_that_does_not_tell_is_unknown(void **state)
{
    raises(*state, honest, NULL, DIAGNOSIS_STEAL, DIAGNOSIS_UNKNOWN, 0);
}

#define BIT(kind) (1u << (kind))

static int64_t drifting(int pair, int arm, int place, int64_t spawn_ns)
{
    (void)place;
    return arm ? spawn_ns : spawn_ns + spawn_ns * pair / CYCLES / 5;
}

static void drift_is_seen(void **state)
{
    raises(*state, drifting, NULL, DIAGNOSIS_DRIFT, DIAGNOSIS_FLAGGED,
           BIT(DIAGNOSIS_DEPENDENCE) | BIT(DIAGNOSIS_BLOCKS) | BIT(DIAGNOSIS_MODES));
}

static int64_t moody(int pair, int arm, int place, int64_t spawn_ns)
{
    (void)place;
    return arm ? spawn_ns : spawn_ns + (noise(pair / 5, 3) < 0.5 ? 4 * MS : 0);
}

static void blocks_that_differ_are_seen(void **state)
{
    raises(*state, moody, NULL, DIAGNOSIS_BLOCKS, DIAGNOSIS_FLAGGED,
           BIT(DIAGNOSIS_DEPENDENCE) | BIT(DIAGNOSIS_MODES) | BIT(DIAGNOSIS_DRIFT));
}

static int64_t bursting(int pair, int arm, int place, int64_t spawn_ns)
{
    (void)place;
    return arm == 0 && pair % 60 < 8 ? spawn_ns + 8 * MS : spawn_ns;
}

static void dependence_is_seen(void **state)
{
    struct synthetic *synthetic = *state;
    struct scenario scenario = parsed();
    struct verdict verdict;
    fill(synthetic, bursting, NULL);
    verdict = judged_verdict(synthetic, &scenario);
    assert_int_equal(worst(&verdict.diagnosis, DIAGNOSIS_DEPENDENCE), DIAGNOSIS_FLAGGED);
    assert_non_null(strstr(verdict.diagnosis.items[0].text, "claim A: neighbours are so alike"));
    assert_true(verdict.items[0].tau > 2);
    verdict_release(&verdict);
    scenario_release(&scenario);
}

static void without_a_claim_the_p95_is_looked_at(void **state)
{
    struct scenario scenario = parsed();
    struct diagnosis diagnosis;
    fill(*state, bursting, NULL);
    scenario.claims[0].kind = scenario.claims[1].kind = SCENARIO_CLAIM_INTACT;
    diagnosis = made(*state, &scenario);
    assert_int_equal(worst(&diagnosis, DIAGNOSIS_DEPENDENCE), DIAGNOSIS_FLAGGED);
    diagnosis_release(&diagnosis);
    scenario_release(&scenario);
}

static int64_t spiky(int pair, int arm, int place, int64_t spawn_ns)
{
    (void)place;
    return arm == 0 && pair % 67 == 3 ? 4 * spawn_ns : spawn_ns;
}

static void outliers_are_counted(void **state)
{
    raises(*state, spiky, NULL, DIAGNOSIS_OUTLIERS, DIAGNOSIS_FLAGGED, 0);
}

static int64_t two_faced(int pair, int arm, int place, int64_t spawn_ns)
{
    (void)place;
    return arm == 0 && noise(pair, 5) < 0.4 ? spawn_ns * 3 / 2 : spawn_ns;
}

static void two_modes_are_seen(void **state)
{
    raises(*state, two_faced, NULL, DIAGNOSIS_MODES, DIAGNOSIS_FLAGGED, 0);
}

static int64_t cold_start(int pair, int arm, int place, int64_t spawn_ns)
{
    (void)pair;
    (void)arm;
    return place == 0 ? spawn_ns + MS : spawn_ns;
}

static void a_disadvantage_of_the_first_is_seen(void **state)
{
    raises(*state, cold_start, NULL, DIAGNOSIS_POSITION, DIAGNOSIS_FLAGGED, 0);
}

static void steal_is_flagged_from_two_percent_and_forbids_from_ten(void **state)
{
    raises(*state, honest, &(struct cycle_strain){30, 1000, 0, 0, 0, -1}, DIAGNOSIS_STEAL,
           DIAGNOSIS_FLAGGED, 0);
    synthetic_begin(*state, "{}");
    raises(*state, honest, &(struct cycle_strain){100, 1000, 0, 0, 0, -1}, DIAGNOSIS_STEAL,
           DIAGNOSIS_INVALID, 0);
}

static void pressure_is_flagged(void **state)
{
    /* a cycle begins every second and waits for 0.2 of it */
    raises(*state, honest, &(struct cycle_strain){0, 1000, 200000, 0, 0, -1}, DIAGNOSIS_PRESSURE,
           DIAGNOSIS_FLAGGED, 0);
}

static void throttling_in_every_cycle_forbids(void **state)
{
    raises(*state, honest, &(struct cycle_strain){0, 1000, 0, 1, 0, -1}, DIAGNOSIS_THROTTLING,
           DIAGNOSIS_INVALID, 0);
}

static void sleep_in_every_cycle_forbids(void **state)
{
    raises(*state, honest, &(struct cycle_strain){0, 1000, 0, 0, 5000000, -1}, DIAGNOSIS_SUSPENDED,
           DIAGNOSIS_INVALID, 0);
}

static int64_t coarse(int pair, int arm, int place, int64_t spawn_ns)
{
    (void)pair;
    (void)arm;
    (void)place;
    return spawn_ns / (MS / 4) * (MS / 4);
}

static void a_coarse_clock_is_seen(void **state)
{
    raises(*state, coarse, NULL, DIAGNOSIS_CLOCK, DIAGNOSIS_FLAGGED, 0);
}

static int64_t failing(int pair, int arm, int place, int64_t spawn_ns)
{
    (void)place;
    return arm == 0 && pair % 50 == 7 ? -1 : spawn_ns;
}

static void failures_are_told(void **state)
{
    raises(*state, failing, NULL, DIAGNOSIS_FAILURES, DIAGNOSIS_FLAGGED, 0);
}

static void another_plan_than_the_declared_one_forbids(void **state)
{
    struct synthetic *synthetic = *state;
    assert_int_equal(results_plan_put(synthetic->store, synthetic->run, 42, "{}", &synthetic->err),
                     0);
    raises(synthetic, honest, NULL, DIAGNOSIS_PLAN, DIAGNOSIS_INVALID, 0);
}

/* A run that keeps its plan: every cycle as planned, the last look reached. */
static void declare_and_run(struct synthetic *synthetic, const char *as_text)
{
    struct scenario scenario = parsed();
    struct plan plan;
    plan_build(&plan, &scenario, UINT64_MAX); /* the seed of the fixture */
    assert_int_equal(results_plan_put(synthetic->store, synthetic->run, plan.fingerprint,
                                      as_text ? as_text : plan.text, &synthetic->err),
                     0);
    for (size_t i = 0; i < plan.count; i++) {
        const struct plan_item *item = &plan.items[i];
        synthetic_put(synthetic, &(struct synthetic_cycle){
                                     .pair = item->pair,
                                     .arm = item->arm,
                                     .warmup = item->warmup,
                                     .block = item->block,
                                     .place = item->place,
                                     .spawn_ns = (item->arm ? 20 : 40) * MS +
                                                 (int64_t)(2 * MS * noise(item->pair, item->arm))});
    }
    assert_int_equal(results_run_end(synthetic->store, synthetic->run, true, "", &synthetic->err),
                     0);
    plan_release(&plan);
    scenario_release(&scenario);
}

static enum diagnosis_level level_of_plan(struct synthetic *synthetic)
{
    struct scenario scenario = parsed();
    struct diagnosis diagnosis = made(synthetic, &scenario);
    enum diagnosis_level level = worst(&diagnosis, DIAGNOSIS_PLAN);
    diagnosis_release(&diagnosis);
    scenario_release(&scenario);
    return level;
}

static void change(struct synthetic *synthetic, const char *sql)
{
    assert_int_equal(sqlite3_exec(synthetic->store->database, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void the_declared_plan_is_fine(void **state)
{
    declare_and_run(*state, NULL);
    assert_int_equal(level_of_plan(*state), DIAGNOSIS_FINE);
}

static void claims_are_declared_too(void **state)
{
    declare_and_run(*state, "{\"looks\":[200]}");
    assert_int_equal(level_of_plan(*state), DIAGNOSIS_INVALID);
}

static void a_missing_cycle_is_seen(void **state)
{
    declare_and_run(*state, NULL);
    change(*state, "DELETE FROM agents WHERE cycle = 50; DELETE FROM cycles WHERE cycle = 50");
    assert_int_equal(level_of_plan(*state), DIAGNOSIS_INVALID);
}

static void a_cycle_in_anothers_place_is_seen(void **state)
{
    declare_and_run(*state, NULL);
    change(*state, "UPDATE cycles SET arm = 1 - arm WHERE cycle = 50");
    assert_int_equal(level_of_plan(*state), DIAGNOSIS_INVALID);
}

static void a_plan_taken_away_is_seen(void **state)
{
    declare_and_run(*state, NULL);
    change(*state, "DROP TRIGGER plans_are_not_deleted; DELETE FROM plans;"
                   "UPDATE runs SET options_json = '{\"plan\":\"declared\"}'");
    assert_int_equal(level_of_plan(*state), DIAGNOSIS_INVALID);
}

static void steal_forbids_limits_but_neither_ratios_nor_counts(void **state)
{
    struct synthetic *synthetic = *state;
    struct scenario scenario = parsed();
    struct verdict verdict;
    fill(synthetic, honest, &(struct cycle_strain){200, 1000, 0, 0, 0, -1});
    verdict = judged_verdict(synthetic, &scenario);
    assert_int_equal(verdict.items[0].word, VERDICT_INVALID);
    assert_non_null(strstr(verdict.items[0].reason, "steal: the host took 20.0 %"));
    assert_true(verdict.items[0].remedy[0]);
    assert_int_equal(verdict.items[1].word, VERDICT_SUPPORTED);
    assert_int_equal(verdict.items[2].word, VERDICT_SUPPORTED);
    assert_int_equal(verdict_exit_code(&verdict, &(struct results_tally){0}), 5);
    verdict_release(&verdict);
    scenario_release(&scenario);
}

static void a_run_without_cycles_is_told_too(void **state)
{
    struct scenario scenario = parsed();
    struct diagnosis diagnosis = made(*state, &scenario);
    for (int kind = 0; kind < DIAGNOSIS_KINDS; kind++)
        assert_true(worst(&diagnosis, (enum diagnosis_kind)kind) < DIAGNOSIS_FLAGGED);
    diagnosis_release(&diagnosis);
    scenario_release(&scenario);
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, synthetic_new, synthetic_free)
    const struct CMUnitTest tests[] = {
        WITH_STORE(honest_noise_raises_nothing),
        WITH_STORE(a_machine_that_does_not_tell_is_unknown),
        WITH_STORE(drift_is_seen),
        WITH_STORE(blocks_that_differ_are_seen),
        WITH_STORE(dependence_is_seen),
        WITH_STORE(without_a_claim_the_p95_is_looked_at),
        WITH_STORE(outliers_are_counted),
        WITH_STORE(two_modes_are_seen),
        WITH_STORE(a_disadvantage_of_the_first_is_seen),
        WITH_STORE(steal_is_flagged_from_two_percent_and_forbids_from_ten),
        WITH_STORE(pressure_is_flagged),
        WITH_STORE(throttling_in_every_cycle_forbids),
        WITH_STORE(sleep_in_every_cycle_forbids),
        WITH_STORE(a_coarse_clock_is_seen),
        WITH_STORE(failures_are_told),
        WITH_STORE(another_plan_than_the_declared_one_forbids),
        WITH_STORE(the_declared_plan_is_fine),
        WITH_STORE(claims_are_declared_too),
        WITH_STORE(a_missing_cycle_is_seen),
        WITH_STORE(a_cycle_in_anothers_place_is_seen),
        WITH_STORE(a_plan_taken_away_is_seen),
        WITH_STORE(steal_forbids_limits_but_neither_ratios_nor_counts),
        WITH_STORE(a_run_without_cycles_is_told_too),
    };
#undef WITH_STORE
    return cmocka_run_group_tests(tests, NULL, NULL);
}
