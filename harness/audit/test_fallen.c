/* Is the store of a subject that was killed looked at as its next writer will find it, and left? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "audit/test_honest.h"

static struct audit_watch *followed(struct fixture *fixture)
{
    struct audit_watch *watch = audit_watch_new(fixture->path, HONEST_RUN);
    struct audit_result result;
    audit_watch_place(watch, fixture->folder);
    audit_watch_cycle(watch, &fixture->findings, &fixture->scenario, &fixture->cycle, AUDIT_FULL,
                      &result);
    expect(fixture, NULL);
    return watch;
}

/* The next cycle: killed before anything of it was answered. */
static struct audit_result die(struct fixture *fixture, struct audit_watch *watch)
{
    struct audit_result result;
    fixture->cycle.index = 5;
    fixture->cycle.broke = CYCLE_BROKE_SPAWN;
    fixture->cycle.answer = SUBJECT_ENDED;
    fixture->cycle.harm = CYCLE_KILLED;
    fixture->cycle.finish_sent_ns = fixture->cycle.finished_ns = 0;
    fixture->cycle.outcome = CYCLE_UNKNOWN;
    for (int i = 0; i < 2; i++) {
        fixture->agents[i].answered = fixture->agents[i].finished = false;
        fixture->agents[i].outcome = CYCLE_UNKNOWN;
        snprintf(fixture->agents[i].id, sizeof fixture->agents[i].id, "5.%d", i);
    }
    audit_watch_cycle(watch, &fixture->findings, &fixture->scenario, &fixture->cycle, AUDIT_FULL,
                      &result);
    return result;
}

/* Both files, byte by byte, and when they were written. */
static char *state_of(struct fixture *fixture)
{
    static const char *const beside[] = {"", "-journal"};
    struct text state = {0};
    for (int i = 0; i < 2; i++) {
        char *path = text_format("%s%s", fixture->path, beside[i]), *bytes = NULL;
        struct stat about;
        size_t length;
        assert_int_equal(stat(path, &about), 0);
        assert_int_equal(text_read_file(&bytes, &length, path, 1 << 20, &fixture->err), 0);
        text_addf(&state, "%lld.%ld %o %zu:", (long long)about.st_mtim.tv_sec,
                  about.st_mtim.tv_nsec, (unsigned)about.st_mode, length);
        for (size_t k = 0; k < length; k++)
            text_addf(&state, "%02x", (unsigned char)bytes[k]);
        free(bytes);
        free(path);
    }
    return text_take(&state);
}

static void end(struct fixture *fixture, struct audit_watch *watch)
{
    char *journal = text_format("%s-journal", fixture->path);
    audit_watch_free(watch);
    unlink(journal);
    free(journal);
}

static void a_hot_journal_is_no_finding_and_stays(void **state)
{
    struct fixture *fixture = *state;
    struct audit_watch *watch = followed(fixture);
    struct audit_result result;
    char *before, *after;
    die_in_a_transaction(fixture);
    before = state_of(fixture);
    result = die(fixture, watch);
    expect(fixture, NULL);
    assert_int_equal(result.level, AUDIT_FULL);
    assert_true(result.rows > 0 && result.database_bytes > 0 && !result.locked);
    audit_watch_fallen(watch, &fixture->findings, &fixture->scenario, &result);
    expect(fixture, NULL);
    assert_int_equal(result.level, AUDIT_FULL);
    after = state_of(fixture);
    assert_string_equal(before, after);
    free(before);
    free(after);
    end(fixture, watch);
}

static void what_is_lost_besides_is_found(void **state)
{
    struct fixture *fixture = *state;
    struct audit_watch *watch = followed(fixture);
    run_sql(fixture->path, "DELETE FROM agent_executions WHERE id = '3.0'");
    die_in_a_transaction(fixture);
    die(fixture, watch);
    expect(fixture, "every-acknowledged-start-is-recorded");
    end(fixture, watch);
}

/* A process of the subject died, not the one that answers. Who may only read cannot roll it back:
 * not checked now, and held against what is known when it can be read. */
static void beside_one_that_answers_it_is_not_checked_yet(void **state)
{
    struct fixture *fixture = *state;
    struct audit_watch *watch = audit_watch_new(fixture->path, HONEST_RUN);
    struct audit_result result;
    die_in_a_transaction(fixture);
    audit_watch_spawned(watch, &fixture->findings, &fixture->cycle);
    audit_watch_cycle(watch, &fixture->findings, &fixture->scenario, &fixture->cycle, AUDIT_FULL,
                      &result);
    expect(fixture, NULL);
    assert_true(result.locked);
    audit_watch_rest(watch);
    run_sql(fixture->path, "DELETE FROM agent_executions WHERE id = '4.1'");
    assert_int_equal(audit_watch_closed(watch, &fixture->findings, &fixture->report, fixture->path,
                                        fixture->folder, &fixture->scenario, &fixture->err),
                     0);
    expect(fixture, "every-acknowledged-start-is-recorded");
    end(fixture, watch);
}

static void where_no_copy_can_lie_nothing_is_found(void **state)
{
    struct fixture *fixture = *state;
    struct audit_watch *watch = followed(fixture);
    struct audit_result result;
    audit_watch_place(watch, "/nowhere/at/all");
    result = die(fixture, watch);
    expect(fixture, NULL);
    assert_true(result.locked);
    assert_int_equal(result.level, AUDIT_NONE);
    end(fixture, watch);
}

static void a_store_that_is_gone_is_found(void **state)
{
    struct fixture *fixture = *state;
    struct audit_watch *watch = followed(fixture);
    assert_int_equal(unlink(fixture->path), 0);
    die(fixture, watch);
    expect(fixture, "store-can-be-read");
    end(fixture, watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(a_hot_journal_is_no_finding_and_stays),
        WITH_STORE(what_is_lost_besides_is_found),
        WITH_STORE(beside_one_that_answers_it_is_not_checked_yet),
        WITH_STORE(where_no_copy_can_lie_nothing_is_found),
        WITH_STORE(a_store_that_is_gone_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
