/* What a power loss took: is it found under durability full, counted under normal, and is a store
 * that lost something else than its newest rows found in both? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/test_honest.h"

/* Batch 4 is gone; of batch 5, see next_cycle, either. */
#define LOSE_BATCH_4                                                                               \
    "DELETE FROM agent_outputs WHERE batch = 4; DELETE FROM consensus_runs WHERE batch = 4;"       \
    "DELETE FROM agent_executions WHERE batch = 4;"
#define LOSE_BATCH_5                                                                               \
    "DELETE FROM agent_outputs WHERE batch = 5; DELETE FROM consensus_runs WHERE batch = 5;"       \
    "DELETE FROM agent_executions WHERE batch = 5;"
#define LOSE_FINISH                                                                                \
    "DELETE FROM agent_outputs WHERE batch = 5; DELETE FROM consensus_runs WHERE batch = 5;"       \
    "UPDATE agent_executions SET state = 'interrupted', completed_ns = NULL WHERE batch = 5;"

static const char batch_5[] =
    "INSERT INTO agent_executions SELECT run, replace(id, '4.', '5.'), 5, name, state, outcome,"
    " pid + 10, spawned_ns + 1, ready_ns, completed_ns, error FROM agent_executions WHERE batch = "
    "4;"
    "INSERT INTO consensus_runs VALUES ('7.1', 5, 'agreed', '42', 2, 2, 310);"
    "INSERT INTO agent_outputs VALUES ('7.1', '5.0', 5, x'3432'), ('7.1', '5.1', 5, x'3432');";

static void next_cycle(struct fixture *fixture)
{
    fixture->cycle.index = 5;
    fixture->cycle.harm = CYCLE_KILLED;
    for (int i = 0; i < 2; i++) {
        snprintf(fixture->agents[i].id, sizeof fixture->agents[i].id, "5.%d", i);
        fixture->agents[i].pid = fixture->agents[i].witness_pid = 60 + i;
    }
}

/* Batch 4 was audited; the power is lost when batch 5 has been acknowledged. */
static struct audit_result lose(struct fixture *fixture, struct audit_watch **watch, bool forgiving,
                                const char *sql)
{
    struct audit_result result;
    *watch = audit_watch_new(fixture->path, HONEST_RUN);
    audit_watch_cycle(*watch, &fixture->findings, &fixture->scenario, &fixture->cycle, AUDIT_FULL,
                      &result);
    expect(fixture, NULL);
    audit_watch_rest(*watch);
    next_cycle(fixture);
    audit_watch_put_off(*watch, &fixture->findings, &fixture->scenario, &fixture->cycle, &result);
    expect(fixture, NULL);
    run_sql(fixture->path, batch_5);
    if (sql)
        run_sql(fixture->path, sql);
    if (forgiving)
        audit_watch_forgive(*watch);
    audit_watch_reopened(*watch, &fixture->findings, &fixture->scenario, AUDIT_FULL, &result);
    return result;
}

static void what_may_be_lost_is_counted_and_nothing_else_passes(void **state)
{
    static const struct {
        const char *sql;
        int lost;
        const char *full, *normal; /* rules that are broken */
    } cases[] = {
        {NULL, 0, NULL, NULL},
        {LOSE_BATCH_5, 2, "every-acknowledged-start-is-recorded", NULL},
        {LOSE_BATCH_5 LOSE_BATCH_4, 4, "every-acknowledged-start-is-recorded", NULL},
        {LOSE_BATCH_5 "DELETE FROM agent_outputs; DELETE FROM consensus_runs;"
                      "UPDATE agent_executions SET state = 'interrupted' WHERE batch = 4",
         2, "row-tells-the-truth", NULL},
        {LOSE_FINISH, 0, "row-tells-the-truth", NULL},
        {LOSE_FINISH "UPDATE agent_executions SET outcome = NULL WHERE batch = 5", 2,
         "row-tells-the-truth", NULL},
        {"DELETE FROM agent_outputs WHERE batch = 4", 0, "consensus-is-whole",
         "every-acknowledged-start-is-recorded"},
        {LOSE_BATCH_4, 2, "every-acknowledged-start-is-recorded",
         "every-acknowledged-start-is-recorded"},
        {"UPDATE agent_executions SET pid = 7 WHERE id = '5.1'", 0, "row-tells-the-truth",
         "row-tells-the-truth"},
        {"DELETE FROM agent_outputs WHERE id = '5.1'", 0, "undecided-is-whole-or-nothing",
         "undecided-is-whole-or-nothing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int forgiving = 0; forgiving < 2; forgiving++) {
            const char *rule = forgiving ? cases[i].normal : cases[i].full;
            struct audit_watch *watch;
            struct audit_result result;
            struct fixture *fixture;
            void *made = NULL;
            (void)state;
            assert_int_equal(make(&made), 0);
            fixture = made;
            if (!fixture)
                return;
            result = lose(fixture, &watch, forgiving, cases[i].sql);
            if (rule ? !found(fixture, rule) : fixture->findings.count > 0) {
                print_findings(fixture);
                fail_msg("case %zu, %s: expected %s", i, forgiving ? "normal" : "full",
                         rule ? rule : "nothing");
            }
            if (result.lost != cases[i].lost)
                fail_msg("case %zu: %d are lost, not %d", i, (int)result.lost, cases[i].lost);
            audit_watch_free(watch);
            assert_int_equal(unmake(&made), 0);
        }
}

static void what_was_let_pass_is_final(void **state)
{
    struct fixture *fixture = *state;
    struct audit_watch *watch;
    struct audit_result result = lose(fixture, &watch, true, LOSE_BATCH_5);
    expect(fixture, NULL);
    assert_int_equal(result.lost, 2);
    audit_watch_rest(watch);
    audit_watch_reopened(watch, &fixture->findings, &fixture->scenario, AUDIT_FULL, &result);
    expect(fixture, NULL);
    assert_int_equal(result.lost, 0);
    audit_watch_rest(watch);
    run_sql(fixture->path, batch_5);
    audit_watch_reopened(watch, &fixture->findings, &fixture->scenario, AUDIT_FULL, &result);
    expect(fixture, "no-row-without-a-start");
    audit_watch_free(watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_be_lost_is_counted_and_nothing_else_passes),
        WITH_STORE(what_was_let_pass_is_final),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
