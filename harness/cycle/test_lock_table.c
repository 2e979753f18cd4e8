/* Which locks of SQLite are read out of /proc/locks, and what do looks at them add up to? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <cmocka.h>

#include "base/text.h"
#include "cycle/lock_samples.h"

#define DATABASE "08:01:77"
#define SHM      "08:01:78"

static struct lock_files files(void)
{
    return (struct lock_files){.database = 77, .shm = 78, .device = makedev(8, 1)};
}

static struct lock_table *look(const char *text)
{
    struct lock_table *table = xcalloc(1, sizeof *table);
    const struct lock_files file = files();
    lock_table_look(table, text, &file, 1);
    return table;
}

static unsigned held(const char *text)
{
    struct lock_table *table = look(text);
    unsigned kinds = table->count ? table->entries[0].held : 0;
    assert_true(table->count <= 1);
    free(table);
    return kinds;
}

#define BIT(kind) (1u << (kind))

static void rollback_locks_are_told_apart(void **state)
{
    (void)state;
    assert_int_equal(held("1: POSIX  ADVISORY  READ 5 " DATABASE " 1073741826 1073742335\n"),
                     BIT(LOCKS_READ));
    assert_int_equal(held("1: POSIX  ADVISORY  READ 5 " DATABASE " 1073741826 1073742335\n"
                          "2: POSIX  ADVISORY  WRITE 5 " DATABASE " 1073741825 1073741825\n"),
                     BIT(LOCKS_WRITE));
    /* PENDING and RESERVED are neighbours, and one line */
    assert_int_equal(held("1: POSIX  ADVISORY  READ 5 " DATABASE " 1073741826 1073742335\n"
                          "2: POSIX  ADVISORY  WRITE 5 " DATABASE " 1073741824 1073741825\n"),
                     BIT(LOCKS_WRITE) | BIT(LOCKS_PENDING));
    assert_int_equal(held("1: POSIX  ADVISORY  WRITE 5 " DATABASE " 1073741824 1073742335\n"),
                     BIT(LOCKS_WRITE) | BIT(LOCKS_EXCLUSIVE));
    assert_int_equal(held("1: POSIX  ADVISORY  WRITE 5 " DATABASE " 0 EOF\n"),
                     BIT(LOCKS_WRITE) | BIT(LOCKS_EXCLUSIVE));
    /* held for a moment by who takes SHARED */
    assert_int_equal(held("1: POSIX  ADVISORY  READ 5 " DATABASE " 1073741824 1073741824\n"), 0);
}

#define CONNECTED                                                                                  \
    "1: POSIX  ADVISORY  READ 5 " DATABASE " 1073741826 1073742335\n"                              \
    "2: POSIX  ADVISORY  READ 5 " SHM " 128 128\n"

static void wal_locks_are_told_apart(void **state)
{
    (void)state;
    assert_int_equal(held(CONNECTED), 0);
    assert_int_equal(held(CONNECTED "3: POSIX  ADVISORY  READ 5 " SHM " 124 124\n"),
                     BIT(LOCKS_READ));
    assert_int_equal(held(CONNECTED "3: POSIX  ADVISORY  READ 5 " SHM " 124 124\n"
                                    "4: POSIX  ADVISORY  WRITE 5 " SHM " 120 120\n"),
                     BIT(LOCKS_WRITE));
    assert_int_equal(held(CONNECTED "4: POSIX  ADVISORY  WRITE 5 " SHM " 120 121\n"),
                     BIT(LOCKS_WRITE) | BIT(LOCKS_CHECKPOINT));
    assert_int_equal(held(CONNECTED "4: POSIX  ADVISORY  WRITE 5 " SHM " 121 121\n"),
                     BIT(LOCKS_CHECKPOINT));
    assert_int_equal(held(CONNECTED "4: POSIX  ADVISORY  WRITE 5 " SHM " 122 122\n"),
                     BIT(LOCKS_RECOVER));
}

static void what_is_no_lock_of_the_file_is_passed_over(void **state)
{
    static const char *const lines[] = {
        "",
        "\n",
        "1:",
        "1: POSIX",
        "1: POSIX  ADVISORY  WRITE",
        "1: POSIX  ADVISORY  WRITE x y z",
        "1: POSIX  ADVISORY  WRITE 5 08:01",
        "1: POSIX  ADVISORY  WRITE 5 08:01:77",
        "1: -> POSIX  ADVISORY  WRITE 5 " DATABASE " 1073741825 1073741825\n",
        "1: FLOCK  ADVISORY  WRITE 5 " DATABASE " 0 EOF\n",
        "1: LEASE  ACTIVE    WRITE 5 " DATABASE " 0 EOF\n",
        "1: POSIX  *NOINODE* WRITE 5 00:00:0 0 EOF\n",
        "1: POSIX  ADVISORY  WRITE 5 08:02:77 1073741825 1073741825\n", /* another device */
        "1: POSIX  ADVISORY  WRITE 5 08:01:7 1073741825 1073741825\n"};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct lock_table *table = look(lines[i]);
        assert_int_equal(table->count, 0);
        free(table);
    }
}

static void an_open_file_description_has_no_pid(void **state)
{
    struct lock_table *table = look("1: OFDLCK ADVISORY  WRITE -1 " DATABASE " 1073741825 "
                                    "1073741825\n");
    (void)state;
    assert_int_equal(table->count, 1);
    assert_int_equal(table->entries[0].pid, -1);
    assert_int_equal(table->entries[0].held, BIT(LOCKS_WRITE));
    free(table);
}

static void more_holders_than_there_is_room_for_are_told(void **state)
{
    struct text text = {0};
    struct lock_table *table;
    (void)state;
    for (int i = 0; i < LOCK_TABLE_MOST + 1; i++)
        text_addf(&text, "%d: POSIX  ADVISORY  READ %d " DATABASE " 1073741826 1073742335\n", i,
                  i + 1);
    table = look(text.data);
    assert_int_equal(table->count, LOCK_TABLE_MOST);
    assert_true(table->cut);
    free(table);
    text_release(&text);
}

/* Looks at 100, 200, ... with what was held at each. */
static struct lock_samples *samples_of(const char *const texts[], size_t count)
{
    struct lock_samples *samples = xcalloc(1, sizeof *samples);
    lock_samples_reset(samples, 1);
    lock_samples_begin(samples, LOCKS_START);
    for (size_t i = 0; i < count; i++) {
        struct lock_table *table = look(texts[i]);
        lock_samples_add(samples, table, 100 * (int64_t)(i + 1));
        free(table);
    }
    lock_samples_end(samples, 100 * (int64_t)(count + 1));
    return samples;
}

#define WRITES_5 "1: POSIX  ADVISORY  WRITE 5 " DATABASE " 1073741825 1073741825\n"
#define WRITES_6 "1: POSIX  ADVISORY  WRITE 6 " DATABASE " 1073741825 1073741825\n"

static void a_hold_ends_where_another_process_holds(void **state)
{
    static const char *const texts[] = {"", WRITES_5, WRITES_5, WRITES_6, "", ""};
    struct lock_samples *samples = samples_of(texts, 6);
    const struct lock_span *spans = samples->spans;
    (void)state;
    assert_int_equal(samples->times[LOCKS_START][0].looks, 6);
    assert_int_equal(samples->times[LOCKS_START][0].span_ns, 500);
    assert_int_equal(samples->times[LOCKS_START][0].held_ns[LOCKS_WRITE], 300);
    assert_int_equal(samples->span_count, 2);
    assert_int_equal(spans[0].before_ns, 100);
    assert_int_equal(spans[0].first_ns, 200);
    assert_int_equal(spans[0].last_ns, 300);
    assert_int_equal(spans[0].after_ns, 400);
    assert_int_equal(samples->holders[spans[0].holder].pid, 5);
    assert_int_equal(samples->holders[spans[1].holder].pid, 6);
    assert_int_equal(spans[1].after_ns, 500);
    free(samples);
}

static void a_hold_that_lasts_ends_with_the_samples(void **state)
{
    static const char *const texts[] = {WRITES_5, WRITES_5};
    struct lock_samples *samples = samples_of(texts, 2);
    (void)state;
    assert_int_equal(samples->span_count, 1);
    assert_int_equal(samples->spans[0].before_ns, 100);
    assert_int_equal(samples->spans[0].after_ns, 300);
    assert_int_equal(samples->times[LOCKS_START][0].held_ns[LOCKS_WRITE], 100);
    free(samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rollback_locks_are_told_apart),
        cmocka_unit_test(wal_locks_are_told_apart),
        cmocka_unit_test(what_is_no_lock_of_the_file_is_passed_over),
        cmocka_unit_test(an_open_file_description_has_no_pid),
        cmocka_unit_test(more_holders_than_there_is_room_for_are_told),
        cmocka_unit_test(a_hold_ends_where_another_process_holds),
        cmocka_unit_test(a_hold_that_lasts_ends_with_the_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
