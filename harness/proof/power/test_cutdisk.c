/* Does a disk keep what was synced, lose what was not, and go on as a file system does? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proof/power/cutdisk.h"

#define PAGE   ((off_t)CUTDISK_PAGE_BYTES)
#define SECTOR ((size_t)CUTDISK_SECTOR_BYTES)
#define MOST   ((size_t)64 << 20)

static struct cutdisk *disk;

static int forget(void **state)
{
    (void)state;
    cutdisk_free(disk);
    disk = NULL;
    return 0;
}

static struct cutdisk_node *root(void)
{
    return cutdisk_node(disk, CUTDISK_ROOT);
}

static struct cutdisk_node *make(const char *name)
{
    struct cutdisk_node *node = NULL;
    assert_int_equal(cutdisk_make(disk, root(), name, S_IFREG | 0644, NULL, &node), 0);
    return node;
}

static struct cutdisk_node *find(const char *name)
{
    return cutdisk_find(disk, root(), name);
}

/* Pages first to last - 1 are filled with this letter. */
static void fill(struct cutdisk_node *node, size_t first, size_t last, char letter)
{
    char page[PAGE];
    memset(page, letter, sizeof page);
    for (size_t i = first; i < last; i++)
        assert_int_equal(cutdisk_write(disk, node, page, PAGE, (off_t)i * PAGE), 0);
}

/* The letter of which this sector is made; '?': more than one */
static char letter_of(const struct cutdisk_node *node, size_t sector)
{
    char bytes[SECTOR];
    assert_int_equal(cutdisk_read(node, bytes, SECTOR, (off_t)(sector * SECTOR)), SECTOR);
    for (size_t i = 1; i < SECTOR; i++)
        if (bytes[i] != bytes[0])
            return '?';
    return bytes[0];
}

static void what_is_synced_is_kept_and_the_rest_is_lost(void **state)
{
    struct cutdisk_node *node;
    struct cutdisk_told told;
    (void)state;
    disk = cutdisk_new(CUTDISK_ORDERED, MOST);
    node = make("a");
    fill(node, 0, 2, 's');
    cutdisk_sync(disk, node);
    fill(node, 1, 4, 'u');
    assert_int_equal(node->size, 4 * PAGE);
    told = cutdisk_cut(disk, CUTDISK_NOTHING, 1);
    assert_int_equal(told.files, 1);
    assert_int_equal(told.pages, 3);
    assert_int_equal(told.pages_kept, 0);
    node = find("a");
    assert_int_equal(node->size, 2 * PAGE);
    for (size_t i = 0; i < 2 * PAGE / SECTOR; i++)
        assert_int_equal(letter_of(node, i), 's');
    /* and what is there now is what the next cut finds */
    fill(node, 0, 1, 'v');
    told = cutdisk_cut(disk, CUTDISK_ALL, 1);
    assert_int_equal(told.pages_kept, 1);
    told = cutdisk_cut(disk, CUTDISK_NOTHING, 1);
    assert_int_equal(told.pages, 0);
    assert_int_equal(letter_of(find("a"), 0), 'v');
}

static void a_truncation_is_lost_too(void **state)
{
    struct cutdisk_node *node;
    (void)state;
    disk = cutdisk_new(CUTDISK_ORDERED, MOST);
    node = make("a");
    fill(node, 0, 3, 's');
    cutdisk_sync(disk, node);
    assert_int_equal(cutdisk_truncate(disk, node, PAGE + 100), 0);
    cutdisk_cut(disk, CUTDISK_NOTHING, 1);
    node = find("a");
    assert_int_equal(node->size, 3 * PAGE);
    assert_int_equal(letter_of(node, 3 * PAGE / SECTOR - 1), 's');
    assert_int_equal(cutdisk_truncate(disk, node, 100), 0);
    cutdisk_sync(disk, node);
    assert_int_equal(cutdisk_truncate(disk, node, 2 * PAGE), 0);
    assert_int_equal(letter_of(node, 1), 0);
    cutdisk_cut(disk, CUTDISK_NOTHING, 1);
    assert_int_equal(find("a")->size, 100);
}

/* Some pages whole, some lost, some torn; all of it the same for the same seed. */
static void a_part_is_pages_and_sectors(void **state)
{
    int whole = 0, lost = 0, torn = 0;
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        char seen[2][64 * PAGE / SECTOR];
        for (int again = 0; again < 2; again++) {
            struct cutdisk_node *node;
            disk = cutdisk_new(CUTDISK_ORDERED, MOST);
            node = make("a");
            fill(node, 0, 64, 's');
            cutdisk_sync(disk, node);
            fill(node, 0, 64, 'u');
            cutdisk_cut(disk, CUTDISK_PART, seed);
            node = find("a");
            for (size_t i = 0; i < sizeof seen[0]; i++)
                seen[again][i] = letter_of(node, i);
            cutdisk_free(disk);
            disk = NULL;
        }
        assert_memory_equal(seen[0], seen[1], sizeof seen[0]);
        for (size_t page = 0; page < 64; page++) {
            size_t new = 0;
            for (size_t i = 0; i < PAGE / SECTOR; i++) {
                char letter = seen[0][page * (PAGE / SECTOR) + i];
                assert_true(letter == 's' || letter == 'u');
                new += letter == 'u';
            }
            whole += new == PAGE / SECTOR;
            lost += new == 0;
            torn += new > 0 && new < PAGE / SECTOR;
        }
    }
    assert_true(whole > 500 && lost > 500 && torn > 100);
}

/* A file that grew ends at most where the processes saw its end, and holds nothing else. */
static void a_part_of_a_growing_file_has_zeros_at_most(void **state)
{
    bool shorter = false, holes = false;
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct cutdisk_node *node;
        disk = cutdisk_new(CUTDISK_ORDERED, MOST);
        node = make("a");
        fill(node, 0, 1, 's');
        cutdisk_sync(disk, node);
        fill(node, 1, 8, 'u');
        assert_int_equal(cutdisk_truncate(disk, node, 7 * PAGE + 100), 0);
        cutdisk_cut(disk, CUTDISK_PART, seed);
        node = find("a");
        assert_true(node->size >= PAGE && node->size <= 7 * PAGE + 100);
        shorter = shorter || node->size < 7 * PAGE + 100;
        for (size_t i = 0; i < (size_t)node->size / SECTOR; i++) {
            char letter = letter_of(node, i);
            assert_true(i < PAGE / SECTOR ? letter == 's' : letter == 'u' || letter == 0);
            holes = holes || letter == 0;
        }
        cutdisk_free(disk);
        disk = NULL;
    }
    assert_true(shorter && holes);
}

static void ordered_names_are_durable_at_once(void **state)
{
    struct cutdisk_node *node;
    (void)state;
    disk = cutdisk_new(CUTDISK_ORDERED, MOST);
    node = make("a");
    make("b");
    fill(node, 0, 1, 'u');
    assert_int_equal(cutdisk_rename(disk, root(), "a", root(), "c", 0), 0);
    assert_int_equal(cutdisk_remove(disk, root(), "b", false), 0);
    cutdisk_cut(disk, CUTDISK_NOTHING, 1);
    assert_null(find("a"));
    assert_null(find("b"));
    assert_non_null(find("c"));
    assert_int_equal(find("c")->size, 0);
}

static void strict_names_need_a_sync(void **state)
{
    struct cutdisk_node *node, *kept;
    struct cutdisk_told told;
    (void)state;
    disk = cutdisk_new(CUTDISK_STRICT, MOST);
    make("lost");
    node = make("kept");
    fill(node, 0, 1, 's');
    cutdisk_sync(disk, node); /* of the file: its creation too */
    told = cutdisk_cut(disk, CUTDISK_NOTHING, 1);
    assert_int_equal(told.names, 1);
    assert_null(find("lost"));
    kept = find("kept");
    assert_non_null(kept);
    /* a removal that did not last leaves the very file; its own sync does not help it */
    assert_int_equal(cutdisk_remove(disk, root(), "kept", false), 0);
    node = make("other");
    cutdisk_sync(disk, node);
    cutdisk_cut(disk, CUTDISK_NOTHING, 1);
    assert_ptr_equal(find("kept"), kept);
    assert_int_equal(kept->links, 1);
    assert_int_equal(letter_of(kept, 0), 's');
    /* that of the directory does */
    assert_int_equal(cutdisk_remove(disk, root(), "kept", false), 0);
    cutdisk_sync(disk, root());
    cutdisk_cut(disk, CUTDISK_NOTHING, 1);
    assert_null(find("kept"));
    assert_non_null(find("other"));
}

static void a_rename_happens_whole_or_not_at_all(void **state)
{
    int done = 0;
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        uint64_t old, new;
        disk = cutdisk_new(CUTDISK_STRICT, MOST);
        old = make("database")->number;
        new = make("temporary")->number;
        cutdisk_sync(disk, root());
        assert_int_equal(cutdisk_rename(disk, root(), "temporary", root(), "database", 0), 0);
        cutdisk_cut(disk, CUTDISK_PART, seed);
        assert_non_null(find("database"));
        if (find("database")->number == new) {
            assert_null(find("temporary"));
            done++;
        } else {
            assert_int_equal(find("database")->number, old);
            assert_int_equal(find("temporary")->number, new);
        }
        cutdisk_free(disk);
        disk = NULL;
    }
    assert_true(done > 5 && done < 55);
}

/* The directory that a synced file lies in is there with it. */
static void what_lies_in_a_lost_directory_is_lost(void **state)
{
    struct cutdisk_node *lost, *kept, *node;
    (void)state;
    disk = cutdisk_new(CUTDISK_STRICT, MOST);
    assert_int_equal(cutdisk_make(disk, root(), "lost", S_IFDIR | 0755, NULL, &lost), 0);
    assert_int_equal(cutdisk_make(disk, root(), "kept", S_IFDIR | 0755, NULL, &kept), 0);
    assert_int_equal(cutdisk_make(disk, lost, "a", S_IFREG | 0644, NULL, &node), 0);
    assert_int_equal(cutdisk_make(disk, kept, "a", S_IFREG | 0644, NULL, &node), 0);
    cutdisk_sync(disk, node);
    assert_int_equal(root()->links, 4);
    cutdisk_cut(disk, CUTDISK_NOTHING, 1);
    assert_null(find("lost"));
    assert_non_null(cutdisk_find(disk, find("kept"), "a"));
    assert_int_equal(root()->links, 3);
}

static void names_follow_the_rules_of_directories(void **state)
{
    struct cutdisk_node *folder, *file, *other;
    (void)state;
    disk = cutdisk_new(CUTDISK_STRICT, MOST);
    file = make("file");
    assert_int_equal(cutdisk_make(disk, root(), "folder", S_IFDIR | 0755, NULL, &folder), 0);
    assert_int_equal(cutdisk_make(disk, root(), "file", S_IFREG, NULL, &other), EEXIST);
    assert_int_equal(cutdisk_link(disk, file, folder, "again"), 0);
    assert_int_equal(file->links, 2);
    assert_int_equal(cutdisk_link(disk, folder, root(), "again"), EPERM);
    assert_int_equal(cutdisk_remove(disk, root(), "folder", true), ENOTEMPTY);
    assert_int_equal(cutdisk_remove(disk, root(), "folder", false), EISDIR);
    assert_int_equal(cutdisk_remove(disk, root(), "file", true), ENOTDIR);
    assert_int_equal(cutdisk_remove(disk, root(), "none", false), ENOENT);
    assert_int_equal(cutdisk_rename(disk, root(), "none", root(), "x", 0), ENOENT);
    assert_int_equal(cutdisk_rename(disk, root(), "file", root(), "folder", 0), EISDIR);
    assert_int_equal(cutdisk_rename(disk, root(), "file", folder, "again", 0), 0); /* the same */
    assert_int_equal(cutdisk_rename(disk, root(), "file", folder, "again", RENAME_NOREPLACE),
                     EEXIST);
    assert_int_equal(cutdisk_remove(disk, folder, "again", false), 0);
    assert_int_equal(cutdisk_remove(disk, root(), "folder", true), 0);
    assert_int_equal(file->links, 1);
}

static void pages_are_given_back_and_bounded(void **state)
{
    struct cutdisk_node *node;
    char page[PAGE] = {0};
    (void)state;
    disk = cutdisk_new(CUTDISK_STRICT, 4 * (size_t)PAGE);
    node = make("a");
    for (int i = 0; i < 4; i++)
        assert_int_equal(cutdisk_write(disk, node, page, PAGE, i * PAGE), 0);
    assert_int_equal(cutdisk_bytes(disk), 4 * PAGE);
    cutdisk_sync(disk, node);
    assert_int_equal(cutdisk_bytes(disk), 4 * PAGE); /* shared while both are the same */
    assert_int_equal(cutdisk_write(disk, node, page, 1, 0), ENOSPC);
    assert_int_equal(cutdisk_write(disk, node, page, 1, 4 * PAGE), EFBIG);
    assert_int_equal(cutdisk_remove(disk, root(), "a", false), 0);
    assert_int_equal(cutdisk_bytes(disk), 4 * PAGE); /* the disk has it until the directory is */
    cutdisk_sync(disk, root());
    assert_int_equal(cutdisk_bytes(disk), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, forget)
    const struct CMUnitTest tests[] = {
        TEST(what_is_synced_is_kept_and_the_rest_is_lost),
        TEST(a_truncation_is_lost_too),
        TEST(a_part_is_pages_and_sectors),
        TEST(a_part_of_a_growing_file_has_zeros_at_most),
        TEST(ordered_names_are_durable_at_once),
        TEST(strict_names_need_a_sync),
        TEST(a_rename_happens_whole_or_not_at_all),
        TEST(what_lies_in_a_lost_directory_is_lost),
        TEST(names_follow_the_rules_of_directories),
        TEST(pages_are_given_back_and_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
