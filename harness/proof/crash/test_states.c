/* Are the states of a small log exactly those that a crash could leave? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "proof/crash/states.h"

static struct crash_log made; /* the log of the test that runs */
static struct states *states;
static struct disk disk;

static void add_write(enum crash_name name, int file, int64_t offset, const char *bytes)
{
    log_add(&made, (struct crash_op){.call = CRASH_WRITE,
                                     .name = name,
                                     .file = file,
                                     .offset = offset,
                                     .bytes = strlen(bytes),
                                     .data = (unsigned char *)bytes});
}

static void add_call(enum crash_call call, enum crash_name name, int file, bool syncs_names)
{
    log_add(&made, (struct crash_op){
                       .call = call, .name = name, .file = file, .syncs_names = syncs_names});
}

/* A database with "old" in it, synced, and three unsynced calls on it. */
static int make_log(void **state)
{
    (void)state;
    made.files = 3;
    add_call(CRASH_CREATE, CRASH_DATABASE, 0, false);
    add_write(CRASH_DATABASE, 0, 0, "old-old");
    add_call(CRASH_SYNC, CRASH_DATABASE, 0, false);
    add_write(CRASH_DATABASE, 0, 0, "new");
    add_write(CRASH_DATABASE, 0, 4, "NEW");
    add_write(CRASH_DATABASE, 0, 9, "end");
    return 0;
}

static int release(void **state)
{
    (void)state;
    states_free(states);
    states = NULL;
    disk_release(&disk);
    log_release(&made);
    return 0;
}

static void go_to(size_t at)
{
    states_free(states);
    states = states_new(&made);
    while (states_at(states) < at)
        assert_true(states_advance(states));
}

static void expect(enum states_family family, size_t index, enum crash_name name, const char *bytes,
                   size_t count)
{
    const struct disk_file *file = &disk.files[name];
    assert_true(states_build(&disk, states, family, index, 1));
    assert_int_equal(file->there, bytes != NULL);
    if (bytes) {
        assert_int_equal(file->size, count);
        assert_memory_equal(file->data, bytes, count);
    }
}

static void before_the_first_call_there_is_nothing(void **state)
{
    (void)state;
    go_to(0);
    expect(STATES_KILLED, 0, CRASH_DATABASE, NULL, 0);
    expect(STATES_NONE, 0, CRASH_DATABASE, NULL, 0);
    assert_int_equal(states_unsynced(states), 0);
}

static void a_killed_process_leaves_all_that_it_wrote(void **state)
{
    (void)state;
    go_to(5);
    expect(STATES_KILLED, 0, CRASH_DATABASE, "new-NEW", 7);
    expect(STATES_INSIDE, 0, CRASH_DATABASE, "new-NEW\0\0e", 10);
    expect(STATES_INSIDE, 1, CRASH_DATABASE, "new-NEW\0\0en", 11);
    go_to(6);
    expect(STATES_KILLED, 0, CRASH_DATABASE, "new-NEW\0\0end", 12);
    assert_false(states_build(&disk, states, STATES_INSIDE, 0, 1)); /* no call any more */
    go_to(2);
    assert_false(states_build(&disk, states, STATES_INSIDE, 0, 1)); /* a sync */
}

static void a_power_loss_keeps_what_was_synced_and_any_part_of_the_rest(void **state)
{
    (void)state;
    go_to(2); /* nothing is synced: not even that there is a file */
    expect(STATES_NONE, 0, CRASH_DATABASE, NULL, 0);
    expect(STATES_PREFIX, 1, CRASH_DATABASE, "", 0);
    expect(STATES_KEEP, 1, CRASH_DATABASE, NULL, 0);
    go_to(6);
    assert_int_equal(states_unsynced(states), 3);
    expect(STATES_NONE, 0, CRASH_DATABASE, "old-old", 7);
    expect(STATES_PREFIX, 0, CRASH_DATABASE, "old-old", 7);
    expect(STATES_PREFIX, 1, CRASH_DATABASE, "new-old", 7);
    expect(STATES_PREFIX, 3, CRASH_DATABASE, "new-NEW\0\0end", 12);
    expect(STATES_DROP, 0, CRASH_DATABASE, "old-NEW\0\0end", 12);
    expect(STATES_KEEP, 1, CRASH_DATABASE, "old-NEW", 7);
    expect(STATES_KEEP, 2, CRASH_DATABASE, "old-old\0\0end", 12);
}

static void a_random_state_is_the_same_again_and_others_are_others(void **state)
{
    uint64_t first, again, different = 0;
    (void)state;
    go_to(6);
    for (size_t i = 0; i < 32; i++) {
        states_build(&disk, states, STATES_SUBSET, i, 7);
        first = disk_hash(&disk);
        states_build(&disk, states, STATES_SUBSET, i + 1, 7);
        different += disk_hash(&disk) != first;
        states_build(&disk, states, STATES_SUBSET, i, 7);
        again = disk_hash(&disk);
        assert_int_equal(first, again);
    }
    assert_in_range(different, 16, 32);
}

static void a_torn_write_is_torn_between_sectors(void **state)
{
    char page[2049];
    size_t torn = 0;
    (void)state;
    memset(page, 'x', 2048);
    page[2048] = '\0';
    add_call(CRASH_SYNC, CRASH_DATABASE, 0, false);
    add_write(CRASH_DATABASE, 0, 0, page);
    go_to(8);
    for (size_t i = 0; i < 64; i++) {
        const struct disk_file *file = &disk.files[CRASH_DATABASE];
        size_t kept = 0;
        assert_true(states_build(&disk, states, STATES_TORN, i, 1));
        for (size_t at = 0; at + 512 <= file->size; at += 512) {
            bool is_new = file->data[at] == 'x';
            kept += is_new;
            for (size_t k = 12; k < 512; k++) /* the old content ends at 12 */
                assert_int_equal(file->data[at + k], is_new ? 'x' : 0);
        }
        torn += kept > 0 && kept < 4;
    }
    assert_in_range(torn, 4, 60);
}

static void a_deleted_file_comes_back_until_the_directory_is_synced(void **state)
{
    (void)state;
    add_call(CRASH_CREATE, CRASH_JOURNAL, 1, false);
    add_write(CRASH_JOURNAL, 1, 0, "first");
    add_call(CRASH_SYNC, CRASH_JOURNAL, 1, true);
    add_call(CRASH_DELETE, CRASH_JOURNAL, 1, false);
    add_call(CRASH_CREATE, CRASH_JOURNAL, 2, false);
    add_write(CRASH_JOURNAL, 2, 0, "second");
    go_to(10);
    expect(STATES_KILLED, 0, CRASH_JOURNAL, NULL, 0);
    expect(STATES_NONE, 0, CRASH_JOURNAL, "first", 5);
    go_to(12); /* unsynced: three writes, delete, create, write */
    expect(STATES_KILLED, 0, CRASH_JOURNAL, "second", 6);
    expect(STATES_NONE, 0, CRASH_JOURNAL, "first", 5);
    expect(STATES_KEEP, 3, CRASH_JOURNAL, NULL, 0);
    expect(STATES_DROP, 4, CRASH_JOURNAL, NULL, 0);
    expect(STATES_KEEP, 4, CRASH_JOURNAL, "", 0);
    add_call(CRASH_DELETE, CRASH_JOURNAL, 2, true);
    go_to(13);
    expect(STATES_NONE, 0, CRASH_JOURNAL, NULL, 0);
}

/* The new file lasts by its own sync, the deletion before it only later. */
static void a_late_deletion_spares_the_file_that_came_after(void **state)
{
    (void)state;
    add_call(CRASH_DELETE, CRASH_DATABASE, 0, false);
    add_call(CRASH_CREATE, CRASH_DATABASE, 1, false);
    add_write(CRASH_DATABASE, 1, 0, "next");
    add_call(CRASH_SYNC, CRASH_DATABASE, 1, false);
    go_to(10); /* unsynced: three writes to the old file, its deletion */
    assert_int_equal(states_unsynced(states), 4);
    expect(STATES_NONE, 0, CRASH_DATABASE, "next", 4);
    expect(STATES_PREFIX, 4, CRASH_DATABASE, "next", 4);
}

static void a_truncation_is_a_call_like_any_other(void **state)
{
    (void)state;
    log_add(&made, (struct crash_op){.call = CRASH_TRUNCATE, .offset = 2});
    go_to(7);
    expect(STATES_KILLED, 0, CRASH_DATABASE, "ne", 2);
    expect(STATES_KEEP, 3, CRASH_DATABASE, "ol", 2);
    expect(STATES_DROP, 3, CRASH_DATABASE, "new-NEW\0\0end", 12);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_log, release)
    const struct CMUnitTest tests[] = {
        TEST(before_the_first_call_there_is_nothing),
        TEST(a_killed_process_leaves_all_that_it_wrote),
        TEST(a_power_loss_keeps_what_was_synced_and_any_part_of_the_rest),
        TEST(a_random_state_is_the_same_again_and_others_are_others),
        TEST(a_torn_write_is_torn_between_sectors),
        TEST(a_deleted_file_comes_back_until_the_directory_is_synced),
        TEST(a_late_deletion_spares_the_file_that_came_after),
        TEST(a_truncation_is_a_call_like_any_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
