/* Is either outcome of what was in flight let pass, half of one found, and is it final then? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/test_honest.h"

/* The rows of batch 4 as a subject leaves them that was interrupted before "finish". */
#define INTERRUPTED                                                                                \
    "DELETE FROM agent_outputs; DELETE FROM consensus_runs;"                                       \
    "UPDATE agent_executions SET state = 'interrupted' WHERE batch = 4;"

/* The subject died before it answered "spawn": of nobody was anything heard. */
static void broke_in_spawn(struct fixture *fixture)
{
    fixture->cycle.broke = CYCLE_BROKE_SPAWN;
    fixture->cycle.answer = SUBJECT_ENDED;
    fixture->cycle.harm = CYCLE_KILLED;
    fixture->cycle.finish_sent_ns = fixture->cycle.finished_ns = 0;
    fixture->cycle.consensus[0] = '\0';
    fixture->cycle.outcome = CYCLE_UNKNOWN;
    for (int i = 0; i < 2; i++) {
        fixture->agents[i].answered = fixture->agents[i].finished = false;
        fixture->agents[i].outcome = CYCLE_UNKNOWN;
    }
}

/* The starts were acknowledged, "finish" was sent. */
static void broke_in_finish(struct fixture *fixture)
{
    fixture->cycle.broke = CYCLE_BROKE_FINISH;
    fixture->cycle.answer = SUBJECT_ENDED;
    fixture->cycle.harm = CYCLE_KILLED;
    fixture->cycle.consensus[0] = '\0';
    fixture->agents[0].finished = fixture->agents[1].finished = false;
}

/* Its database refused: everyone is called failed, and the subject lives. */
static void was_refused(struct fixture *fixture)
{
    broke_in_spawn(fixture);
    fixture->cycle.broke = CYCLE_WHOLE;
    fixture->cycle.harm = CYCLE_HURT;
    fixture->cycle.outcome = CYCLE_FAILED;
    for (int i = 0; i < 2; i++) {
        fixture->agents[i].answered = true;
        fixture->agents[i].outcome = CYCLE_FAILED;
    }
}

static struct audit_result settle(struct fixture *fixture, struct audit_watch *watch,
                                  const char *sql)
{
    struct audit_result result;
    audit_watch_rest(watch);
    if (sql)
        run_sql(fixture->path, sql);
    audit_watch_reopened(watch, &fixture->findings, &fixture->scenario, AUDIT_FULL, &result);
    return result;
}

static void either_outcome_passes_and_half_of_one_does_not(void **state)
{
    static const struct {
        void (*harm)(struct fixture *fixture);
        const char *sql, *rule;
        int undecided, present;
    } cases[] = {
        {broke_in_spawn, INTERRUPTED "DELETE FROM agent_executions WHERE batch = 4", NULL, 2, 0},
        {broke_in_spawn, INTERRUPTED, NULL, 2, 2},
        {broke_in_spawn, INTERRUPTED "DELETE FROM agent_executions WHERE id = '4.1'", NULL, 2, 1},
        {broke_in_spawn, INTERRUPTED "UPDATE agent_executions SET state = 'ready' WHERE batch = 4",
         "nobody-gone-is-called-alive", 2, 2},
        {broke_in_spawn,
         INTERRUPTED "UPDATE agent_executions SET state = 'starting' WHERE id = '4.0'",
         "nobody-gone-is-called-alive", 2, 2},
        {broke_in_spawn, INTERRUPTED "UPDATE agent_executions SET pid = NULL WHERE id = '4.0'",
         "undecided-is-whole-or-nothing", 2, 2},
        {broke_in_spawn, INTERRUPTED "UPDATE agent_executions SET name = 'x' WHERE id = '4.0'",
         "undecided-is-whole-or-nothing", 2, 2},
        {broke_in_spawn, NULL, "undecided-is-whole-or-nothing", 2, 2},
        {broke_in_spawn, INTERRUPTED "UPDATE agent_executions SET id = '4.7' WHERE id = '4.1'",
         "no-row-without-a-start", 2, 1},
        {broke_in_finish, NULL, NULL, 2, 2},
        {broke_in_finish, INTERRUPTED, NULL, 2, 0},
        {broke_in_finish,
         INTERRUPTED "UPDATE agent_executions SET state = 'completed' WHERE id = '4.0'",
         "undecided-is-whole-or-nothing", 2, 1},
        {broke_in_finish, "DELETE FROM agent_outputs; DELETE FROM consensus_runs",
         "undecided-is-whole-or-nothing", 2, 2},
        {broke_in_finish, "DELETE FROM agent_outputs WHERE id = '4.1'",
         "undecided-is-whole-or-nothing", 2, 2},
        {broke_in_finish, INTERRUPTED "DELETE FROM agent_executions WHERE id = '4.1'",
         "every-acknowledged-start-is-recorded", 2, 0},
        {broke_in_finish, INTERRUPTED "UPDATE agent_executions SET pid = 7 WHERE id = '4.1'",
         "row-tells-the-truth", 2, 0},
        {was_refused, INTERRUPTED "DELETE FROM agent_executions WHERE batch = 4", NULL, 2, 0},
        {was_refused, INTERRUPTED, NULL, 2, 2},
        {was_refused, INTERRUPTED "UPDATE agent_executions SET state = 'ready' WHERE batch = 4",
         "nobody-gone-is-called-alive", 2, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        void *made = NULL;
        struct fixture *fixture;
        struct audit_watch *watch;
        struct audit_result result;
        (void)state;
        assert_int_equal(make(&made), 0);
        fixture = made;
        if (!fixture)
            return;
        cases[i].harm(fixture);
        if (cases[i].harm == was_refused) /* what the same session shows: it rolled back */
            run_sql(fixture->path, "DELETE FROM agent_outputs; DELETE FROM consensus_runs");
        watch = audit_watch_new(fixture->path, HONEST_RUN);
        audit_watch_cycle(watch, &fixture->findings, &fixture->scenario, &fixture->cycle,
                          AUDIT_FULL, &result);
        expect(fixture, NULL);
        result = settle(fixture, watch, cases[i].sql);
        if (cases[i].rule ? !found(fixture, cases[i].rule) : fixture->findings.count > 0) {
            print_findings(fixture);
            fail_msg("case %zu: expected %s", i, cases[i].rule ? cases[i].rule : "nothing");
        }
        assert_int_equal(result.undecided, cases[i].undecided);
        assert_int_equal(result.present, cases[i].present);
        audit_watch_free(watch);
        assert_int_equal(unmake(&made), 0);
    }
}

static void what_is_settled_is_final(void **state)
{
    static const char *const later[][2] = {
        {"DELETE FROM agent_executions WHERE id = '4.1'", "every-acknowledged-start-is-recorded"},
        {"UPDATE agent_executions SET state = 'failed' WHERE id = '4.0'", "row-tells-the-truth"},
        {"INSERT INTO consensus_runs VALUES ('7.1', 4, 'agreed', '42', 2, 2, 310)",
         "consensus-is-whole"},
    };
    struct fixture *fixture = *state;
    struct audit_watch *watch = audit_watch_new(fixture->path, HONEST_RUN);
    struct audit_result result;
    broke_in_spawn(fixture);
    audit_watch_cycle(watch, &fixture->findings, &fixture->scenario, &fixture->cycle, AUDIT_FULL,
                      &result);
    result = settle(fixture, watch, INTERRUPTED);
    expect(fixture, NULL);
    assert_int_equal(result.undecided, 2);
    for (size_t i = 0; i < 3; i++) {
        audit_findings_clear(&fixture->findings);
        result = settle(fixture, watch, later[i][0]);
        expect(fixture, later[i][1]);
        assert_int_equal(result.undecided, 0); /* settled once */
    }
    audit_watch_free(watch);
}

/* In an ordinary run nobody says when the subject has started again: the next cycle does. What
 * broke is looked at on a copy, in full or not at all. */
static void the_next_cycle_settles_what_broke(void **state)
{
    struct fixture *fixture = *state;
    struct audit_watch *watch = audit_watch_new(fixture->path, HONEST_RUN);
    struct audit_result result;
    broke_in_spawn(fixture);
    audit_watch_cycle(watch, &fixture->findings, &fixture->scenario, &fixture->cycle, AUDIT_QUICK,
                      &result);
    expect(fixture, NULL);
    run_sql(fixture->path, INTERRUPTED "UPDATE agent_executions SET state = 'ready'");
    fixture->cycle.index = 5;
    snprintf(fixture->agents[0].id, sizeof fixture->agents[0].id, "5.0");
    snprintf(fixture->agents[1].id, sizeof fixture->agents[1].id, "5.1");
    audit_watch_cycle(watch, &fixture->findings, &fixture->scenario, &fixture->cycle, AUDIT_FULL,
                      &result);
    expect(fixture, "nobody-gone-is-called-alive");
    assert_int_equal(result.undecided, 2);
    audit_watch_free(watch);
}

static void only_our_own_doing_is_excused(void **state)
{
    static const struct {
        enum cycle_harm harm;
        enum subject_answer answer;
        bool excused;
    } cases[] = {{CYCLE_UNHARMED, SUBJECT_ENDED, false}, {CYCLE_UNHARMED, SUBJECT_REFUSED, false},
                 {CYCLE_HURT, SUBJECT_REFUSED, true},    {CYCLE_HURT, SUBJECT_ENDED, false},
                 {CYCLE_HURT, SUBJECT_TIMED_OUT, false}, {CYCLE_HURT, SUBJECT_NONSENSE, false},
                 {CYCLE_KILLED, SUBJECT_ENDED, true}};
    struct fixture *fixture = *state;
    broke_in_spawn(fixture);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture->cycle.harm = cases[i].harm;
        fixture->cycle.answer = cases[i].answer;
        audit_findings_clear(&fixture->findings);
        audit_cycle(&fixture->findings, &fixture->scenario, &fixture->cycle, NULL, HONEST_RUN,
                    NULL);
        if (found(fixture, "subject-answers") == cases[i].excused)
            fail_msg("case %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(either_outcome_passes_and_half_of_one_does_not),
        WITH_STORE(what_is_settled_is_final),
        WITH_STORE(the_next_cycle_settles_what_broke),
        WITH_STORE(only_our_own_doing_is_excused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
