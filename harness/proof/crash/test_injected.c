/* Do faults strike, are they survived, and is the one that nobody survives found? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "proof/crash/injected.h"
#include "proof/crash/memory.h"
#include "proof/crash/test_folder.h"

#define FEW 4

/* False: this kind of fault cannot be made here. */
static bool try(struct injected_tally *tally, const struct injected_kind *kind,
                const struct injected_mode *mode)
{
    struct err err = {0};
    if (injected_run(tally, kind, mode, folder, FEW, 1, &err) == 0)
        return true;
    if (err.code != ERR_UNFIT)
        fail_msg("%s", err.text);
    print_message("           %s skipped: %s\n", kind->name, err.text);
    return false;
}

static struct injected_tally run(const struct injected_kind *kind, const struct injected_mode *mode)
{
    struct injected_tally tally;
    assert_true(try(&tally, kind, mode));
    return tally;
}

static const struct injected_kind *kind_of(enum injected_source source)
{
    const struct injected_kind *kind = injected_kinds;
    while (kind->source != source)
        kind++;
    return kind;
}

static void every_fault_that_can_be_survived_is(void **state)
{
    (void)state;
    for (const struct injected_kind *kind = injected_kinds; kind->name; kind++)
        for (const struct injected_mode *mode = injected_modes; mode->name; mode++) {
            struct injected_tally tally;
            if (!try(&tally, kind, mode))
                continue;
            assert_true(tally.runs > 0);
            assert_true(kind->source == INJECTED_MEMORY || tally.killed == 3 * tally.runs);
            if (kind->control ? tally.bad == 0 : tally.bad > 0)
                fail_msg("%s, %s: %zu of %zu bad: %s", kind->name, mode->name, tally.bad,
                         tally.runs, tally.why);
        }
}

static void no_memory_is_told_and_survived(void **state)
{
    struct injected_tally tally = run(kind_of(INJECTED_MEMORY), &injected_modes[0]);
    (void)state;
    assert_true(tally.calls > 1000);
    assert_true(tally.refused > 0 && tally.killed > 0);
    assert_int_equal(tally.bad, 0);
}

/* Every page that could be missing, down to the last. */
static void a_really_full_disk_is_told_and_survived(void **state)
{
    struct injected_tally tally;
    struct err err = {0};
    (void)state;
    if (injected_run(&tally, kind_of(INJECTED_SPACE), &injected_modes[1], folder, 0, 1, &err) < 0) {
        assert_int_equal(err.code, ERR_UNFIT);
        skip();
    }
    assert_true(tally.runs > 20 && tally.runs < tally.calls);
    assert_int_equal(tally.silent, 0);
    assert_true(tally.refused + tally.unknown >= tally.runs);
    assert_int_equal(tally.bad, 0);
}

static void a_full_disk_is_told_to_the_caller(void **state)
{
    struct injected_tally tally = run(&injected_kinds[0], &injected_modes[1]);
    (void)state;
    assert_int_equal(injected_kinds[0].code, 13); /* SQLITE_FULL */
    assert_true(tally.refused + tally.unknown > 0);
    assert_int_equal(tally.silent, 0); /* not even those of a checkpoint */
}

static void a_failed_sync_may_leave_what_it_refused(void **state)
{
    const struct injected_kind *kind = injected_kinds;
    struct injected_tally tally;
    (void)state;
    while (kind->call != SHIM_SYNC)
        kind++;
    tally = run(kind, &injected_modes[0]);
    assert_true(tally.unknown > 0);
    assert_true(tally.present > 0);
    assert_int_equal(tally.bad, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(every_fault_that_can_be_survived_is),     TEST(no_memory_is_told_and_survived),
        TEST(a_really_full_disk_is_told_and_survived), TEST(a_full_disk_is_told_to_the_caller),
        TEST(a_failed_sync_may_leave_what_it_refused),
    };
    if (memory_install(NULL) < 0) /* before SQLite is first used */
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
