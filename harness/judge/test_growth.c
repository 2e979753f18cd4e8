/* Is a -wal that runs away told from one that is only large, or still fills up? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/diagnose.h"
#include "results/test_synthetic.h"

#define LOOKS 40
#define MIB   (INT64_C(1) << 20)

/* What a subject does to its files from look to look: bytes of the -wal, of the database. */
typedef void habit(int64_t *wal, int64_t *database, int64_t look);

static void never_checkpoints(int64_t *wal, int64_t *database, int64_t look)
{
    *database = MIB;
    *wal = (look + 1) * MIB;
}

static void writes_little_and_never_checkpoints(int64_t *wal, int64_t *database, int64_t look)
{
    *database = MIB / 4;
    *wal = (look + 1) * MIB / 4;
}

static void fills_up_to_the_usual(int64_t *wal, int64_t *database, int64_t look)
{
    int64_t pages = 25 * (look + 1);
    *database = MIB / 4;
    *wal = (pages < 1000 ? pages : 1000) * 4120;
}

static void checkpoints_late(int64_t *wal, int64_t *database, int64_t look)
{
    int64_t pages = 100 * (look + 1); /* wal_autocheckpoint = 1500 */
    *database = MIB / 4;
    *wal = (pages < 1500 ? pages : 1500) * 4120;
}

static void wrote_much_at_once(int64_t *wal, int64_t *database, int64_t look)
{
    *database = 2 * MIB;
    *wal = look < 25 ? 4 * MIB : 200 * MIB;
}

static void had_a_reader_for_a_while(int64_t *wal, int64_t *database, int64_t look)
{
    *database = 2 * MIB;
    *wal = (look < 22 ? 4 : look < 30 ? 4 * (look - 20) : 40) * MIB;
}

static void rewrites_all_of_what_grows(int64_t *wal, int64_t *database, int64_t look)
{
    *database = (look + 1) * 2 * MIB; /* VACUUM after each cycle */
    *wal = *database + MIB / 2;
}

static void keeps_no_wal(int64_t *wal, int64_t *database, int64_t look)
{
    *database = look * MIB;
    *wal = 0;
}

static bool runs_away(habit *does, size_t n, int64_t page_bytes)
{
    int64_t wal[LOOKS], database[LOOKS];
    for (size_t i = 0; i < n; i++)
        does(&wal[i], &database[i], (int64_t)i);
    return diagnosis_runs_away(wal, database, n, page_bytes);
}

static void what_grows_without_end_is_told(void **state)
{
    (void)state;
    assert_true(runs_away(never_checkpoints, LOOKS, 4096));
    assert_true(runs_away(never_checkpoints, LOOKS, 0));
    assert_true(runs_away(never_checkpoints, 20, 4096));
    assert_true(runs_away(writes_little_and_never_checkpoints, LOOKS, 4096));
}

static void what_does_not_is_left_alone(void **state)
{
    static habit *const honest[] = {fills_up_to_the_usual,      checkpoints_late,
                                    wrote_much_at_once,         had_a_reader_for_a_while,
                                    rewrites_all_of_what_grows, keeps_no_wal};
    (void)state;
    for (size_t i = 0; i < sizeof honest / sizeof honest[0]; i++)
        for (size_t n = 0; n <= LOOKS; n++)
            if (runs_away(honest[i], n, 4096))
                fail_msg("habit %zu after %zu looks", i, n);
    assert_false(runs_away(never_checkpoints, LOOKS, 65536)); /* 65 MB are usual then */
    assert_false(runs_away(never_checkpoints, 7, 512));       /* too few to tell */
}

/* ---- of a stored run ---- */

static void store(struct synthetic *synthetic, habit *does, int sittings)
{
    static const struct scenario_agent who = {.name = (char *)"gemini"};
    for (int i = 0; i < LOOKS; i++) {
        struct cycle_agent agent = {.asked = &who, .outcome = CYCLE_READY};
        struct cycle cycle = {.index = synthetic->next,
                              .item = {.pair = i},
                              .agents = &agent,
                              .agent_count = 1,
                              .outcome = CYCLE_READY,
                              .spawn_time_ns = 1000 + i % 7,
                              .page_bytes = 4096};
        int sitting = 1 + i * sittings / LOOKS;
        does(&cycle.cost[SCENARIO_WAL_SIZE], &cycle.cost[SCENARIO_DATABASE_SIZE],
             i % (LOOKS / sittings));
        if (i % 3 == 2) /* nobody looked */
            cycle.cost[SCENARIO_WAL_SIZE] = cycle.cost[SCENARIO_DATABASE_SIZE] = -1;
        assert_int_equal(results_cycle_begin(synthetic->store, synthetic->run, &cycle, sitting, 0,
                                             &synthetic->err),
                         0);
        assert_int_equal(results_cycle_commit(synthetic->store, &synthetic->err), 0);
        synthetic->next++;
    }
}

static const char *growth_of(struct synthetic *synthetic, struct diagnosis *diagnosis)
{
    static const char text[] =
        "{\"name\":\"g\",\"agents\":[{\"name\":\"gemini\",\"command\":[\"x\"]}],"
        "\"arms\":[{\"name\":\"slow\",\"subject\":[\"x\"]}],\"cycles\":40}";
    struct scenario scenario;
    struct results_basis basis = {0};
    struct plan plan = {0};
    assert_int_equal(scenario_parse(&scenario, text, sizeof text - 1, &synthetic->err), 0);
    assert_int_equal(
        results_basis_load(&basis, &scenario, synthetic->store, synthetic->run, &synthetic->err),
        0);
    diagnosis_make(diagnosis, &scenario, &plan, &basis);
    results_basis_release(&basis);
    scenario_release(&scenario);
    for (size_t i = 0; i < diagnosis->count; i++)
        if (diagnosis->items[i].kind == DIAGNOSIS_GROWTH)
            return diagnosis->items[i].level == DIAGNOSIS_FLAGGED ? diagnosis->items[i].text : NULL;
    fail_msg("nothing is said of it");
    return NULL;
}

static void a_run_is_flagged(void **state)
{
    struct diagnosis diagnosis;
    const char *told;
    store(*state, never_checkpoints, 1);
    told = growth_of(*state, &diagnosis);
    assert_non_null(told);
    assert_string_equal(told, "the -wal grows without end: 40.0 MiB at last, beside a database of "
                              "1.00 MiB");
    diagnosis_release(&diagnosis);
}

/* Each sitting has a store of its own. */
static void sittings_are_not_added_up(void **state)
{
    struct diagnosis diagnosis;
    store(*state, never_checkpoints, 4);
    assert_null(growth_of(*state, &diagnosis));
    diagnosis_release(&diagnosis);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_grows_without_end_is_told),
        cmocka_unit_test(what_does_not_is_left_alone),
        cmocka_unit_test_setup_teardown(a_run_is_flagged, synthetic_new, synthetic_free),
        cmocka_unit_test_setup_teardown(sittings_are_not_added_up, synthetic_new, synthetic_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
