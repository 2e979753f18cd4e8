/* Is a file called what it is before anything is said of its soundness? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/audit_internal.h"
#include "audit/test_honest.h"

struct place {
    char folder[32], *path;
    struct err err;
};

static int begin(void **state)
{
    struct place *place = xcalloc(1, sizeof *place);
    snprintf(place->folder, sizeof place->folder, "/tmp/spawnbench-test-XXXXXX");
    if (!mkdtemp(place->folder))
        return -1;
    place->path = text_format("%s/file", place->folder);
    *state = place;
    return 0;
}

static int end(void **state)
{
    struct place *place = *state;
    text_remove_tree(place->folder);
    free(place->path);
    free(place);
    return 0;
}

static void expect_kind(struct place *place, enum audit_kind kind, enum err_code code,
                        const char *told)
{
    enum audit_kind seen;
    place->err = (struct err){0};
    audit_kind_look(&seen, place->path, &place->err);
    if (seen != kind || place->err.code != code || !strstr(place->err.text, told))
        fail_msg("expected %s, '%s'; seen %s: %s", audit_kind_names[kind], told,
                 audit_kind_names[seen], place->err.text);
}

static void put(struct place *place, const void *bytes, size_t count)
{
    assert_int_equal(text_write_file(place->path, bytes, count, &place->err), 0);
}

/* splitmix64 */
static uint64_t next(uint64_t *seed)
{
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void fill(unsigned char *bytes, size_t count, uint64_t seed)
{
    for (size_t i = 0; i < count; i++)
        bytes[i] = (unsigned char)(next(&seed) >> 32);
}

static void random_bytes_are_called_encrypted(void **state)
{
    static const char header[] = "SQLite format 3\0\x10\0\2\2\0\x40\x20\x20";
    static const size_t sizes[] = {512, 1024, 4096, 16384, 65536, 262144};
    struct place *place = *state;
    unsigned char *bytes = xcalloc(1, 262144);
    for (uint64_t seed = 1; seed <= 50; seed++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            fill(bytes, sizes[i], seed * 100 + i);
            put(place, bytes, sizes[i]);
            expect_kind(place, AUDIT_ENCRYPTED, ERR_UNFIT, "sqlcipher");
            memcpy(bytes, header, sizeof header); /* left readable */
            bytes[100] = 99;
            put(place, bytes, sizes[i]);
            if (sizes[i] >= 1024)
                expect_kind(place, AUDIT_ENCRYPTED, ERR_UNFIT, "sqlcipher");
        }
    free(bytes);
}

static void build_database(struct place *place, const char *sql)
{
    unlink(place->path);
    run_sql(place->path, sql);
    expect_kind(place, AUDIT_DATABASE, ERR_NONE, "");
}

static void destroy_header(struct place *place, size_t count)
{
    char *bytes = NULL;
    size_t length;
    assert_int_equal(text_read_file(&bytes, &length, place->path, 1 << 28, &place->err), 0);
    memset(bytes, 0xee, count);
    put(place, bytes, length);
    free(bytes);
}

static void a_database_whose_header_is_destroyed_is_still_seen(void **state)
{
    struct place *place = *state;
    for (int size = 512; size <= 65536; size *= 2) {
        char *sql = text_format(
            "PRAGMA page_size = %d; CREATE TABLE t (a, b); CREATE INDEX i ON t (b);"
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)"
            "INSERT INTO t SELECT i, 'row ' || i FROM n",
            size);
        build_database(place, sql);
        destroy_header(place, 16);
        expect_kind(place, AUDIT_DAMAGED, ERR_FORMAT, "header is damaged");
        build_database(place, sql);
        destroy_header(place, 400);
        expect_kind(place, AUDIT_DAMAGED, ERR_FORMAT, "header is damaged");
        free(sql);
    }
    build_database(place, "CREATE TABLE t (a)");
    destroy_header(place, 16);
    expect_kind(place, AUDIT_DAMAGED, ERR_FORMAT, "header is damaged");
}

/* Compressed or encrypted content of a sound database is its own business. */
static void blobs_without_a_pattern_are_no_encryption(void **state)
{
    struct place *place = *state;
    build_database(
        place, "CREATE TABLE t (a); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM"
               " n WHERE i < 100) INSERT INTO t SELECT randomblob(3900) FROM n");
    build_database(place, "CREATE TABLE t (a); INSERT INTO t VALUES (randomblob(300000))");
}

static void what_is_something_else_is_named(void **state)
{
    static const struct {
        const char *bytes;
        size_t count;
        const char *told;
    } files[] = {
        {"hello\n", 6, "it is a text"},
        {"CREATE TABLE t (\xc3\xa4);\n", 20, "it is a text"},
        {"\x1f\x8b\x08\0\0\0\0\0", 8, "gzip"},
        {"\x37\x7f\x06\x82\0\x2d\xe2\x18", 8, "-wal"},
        {"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7\0", 9, "-journal"},
        {"\x89PNG\r\n\x1a\n\0", 9, "PNG"},
        {"PK\x03\x04\0", 5, "zip"},
        {"\0\0\0\0\0\0\0\0", 8, "zero bytes"},
        {"\1\2\3\4\5\6\0\1", 8, "something else"},
        {"SQLite format 3", 15, "text"},
    };
    struct place *place = *state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        put(place, files[i].bytes, files[i].count);
        expect_kind(place, AUDIT_FOREIGN, ERR_FORMAT, files[i].told);
    }
    unlink(place->path);
    assert_int_equal(mkfifo(place->path, 0600), 0);
    expect_kind(place, AUDIT_FOREIGN, ERR_FORMAT, "a FIFO"); /* and does not wait for a writer */
    unlink(place->path);
    assert_int_equal(mkdir(place->path, 0700), 0);
    expect_kind(place, AUDIT_FOREIGN, ERR_FORMAT, "a directory");
    rmdir(place->path);
    expect_kind(place, AUDIT_UNKNOWN, ERR_FORMAT, "No such file");
    assert_int_equal(symlink("nowhere", place->path), 0);
    expect_kind(place, AUDIT_UNKNOWN, ERR_FORMAT, "a link to nothing");
}

static void an_empty_file_is_told_as_that(void **state)
{
    struct place *place = *state;
    char *wal = text_format("%s-wal", place->path);
    put(place, "", 0);
    expect_kind(place, AUDIT_EMPTY, ERR_UNFIT, "nothing to check");
    assert_int_equal(text_write_file(wal, "some", 4, &place->err), 0);
    expect_kind(place, AUDIT_EMPTY, ERR_UNFIT, "its -wal of 4 bytes is deleted");
    free(wal);
}

static void missing_rights_are_told_with_the_owner(void **state)
{
    struct place *place = *state;
    if (geteuid() == 0)
        skip();
    put(place, "x", 1);
    assert_int_equal(chmod(place->path, 0), 0);
    expect_kind(place, AUDIT_UNKNOWN, ERR_UNFIT, "it belongs to user");
}

static void nobody_can_tell_that_it_was_looked_at(void **state)
{
    struct place *place = *state;
    struct stat before, after;
    put(place, "some text", 9);
    assert_int_equal(utimensat(AT_FDCWD, place->path, (struct timespec[]){{1000, 1}, {2000, 2}}, 0),
                     0);
    assert_int_equal(stat(place->path, &before), 0);
    expect_kind(place, AUDIT_FOREIGN, ERR_FORMAT, "");
    assert_false(file_says_wal(place->path));
    assert_int_equal(stat(place->path, &after), 0);
    assert_memory_equal(&before, &after, sizeof before); /* time of the last access too */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_bytes_are_called_encrypted, begin, end),
        cmocka_unit_test_setup_teardown(a_database_whose_header_is_destroyed_is_still_seen, begin,
                                        end),
        cmocka_unit_test_setup_teardown(blobs_without_a_pattern_are_no_encryption, begin, end),
        cmocka_unit_test_setup_teardown(what_is_something_else_is_named, begin, end),
        cmocka_unit_test_setup_teardown(an_empty_file_is_told_as_that, begin, end),
        cmocka_unit_test_setup_teardown(missing_rights_are_told_with_the_owner, begin, end),
        cmocka_unit_test_setup_teardown(nobody_can_tell_that_it_was_looked_at, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
