/* Is spawnbench-powerfs a file system on which programs work, until the power is lost? */
#include "proof/power/test_mounted.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PAGE      4096
#define PROCESSES 4
#define UPDATES   50

static int open_file(const char *name, int flags)
{
    int fd = open(mounted_path(name), flags | O_CLOEXEC, 0600);
    if (fd < 0)
        fail_msg("%s: %s", name, strerror(errno));
    return fd;
}

static void write_word(const char *name, const char *word, bool synced)
{
    int fd = open_file(name, O_RDWR | O_CREAT);
    assert_int_equal(pwrite(fd, word, strlen(word), 0), strlen(word));
    if (synced)
        assert_int_equal(fsync(fd), 0);
    close(fd);
}

static void assert_word(const char *name, const char *expected)
{
    char word[64] = "";
    int fd = open_file(name, O_RDONLY);
    assert_true(read(fd, word, sizeof word - 1) >= 0);
    close(fd);
    assert_string_equal(word, expected);
}

static void cut(const char *kept)
{
    char *command = text_format("cut %s 1", kept);
    if (strncmp(mounted_ask(command), "cut ", 4) != 0)
        fail_msg("'%s' is not answered", command);
    free(command);
}

static void what_is_not_synced_is_lost(void **state)
{
    struct stat before, after;
    (void)state;
    mounted_begin("ordered");
    write_word("synced", "yes", true);
    write_word("unsynced", "no", false);
    assert_int_equal(stat(mounted_path("synced"), &before), 0);
    cut("nothing");
    assert_string_equal(mounted_ask("power"), "power");
    assert_word("synced", "yes");
    assert_word("unsynced", "");
    assert_int_equal(stat(mounted_path("synced"), &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    write_word("unsynced", "kept", false);
    cut("all");
    mounted_ask("power");
    assert_word("unsynced", "kept");
}

static void names_are_as_durable_as_was_asked_for(void **state)
{
    static const char *const names[] = {"ordered", "strict"};
    for (int i = 0; i < 2; i++) {
        mounted_begin(names[i]);
        write_word("unsynced", "no", false);
        cut("nothing");
        mounted_ask("power");
        assert_int_equal(access(mounted_path("unsynced"), F_OK) == 0, i == 0);
        assert_int_equal(mounted_end(state), 0);
    }
}

static void nothing_is_done_without_power_and_old_files_stay_dead(void **state)
{
    int fd, again;
    (void)state;
    mounted_begin("ordered");
    write_word("a", "yes", true);
    fd = open_file("a", O_RDWR);
    cut("nothing");
    assert_int_equal(pwrite(fd, "no", 2, 0), -1);
    assert_int_equal(errno, EIO);
    assert_int_equal(fsync(fd), -1);
    assert_int_equal(open(mounted_path("a"), O_RDONLY | O_CLOEXEC), -1);
    assert_int_equal(open(mounted_path("b"), O_RDWR | O_CREAT | O_CLOEXEC, 0600), -1);
    mounted_ask("power");
    assert_int_equal(pwrite(fd, "no", 2, 0), -1);
    again = open_file("a", O_RDWR);
    assert_int_equal(pwrite(again, "YES", 3, 0), 3);
    close(again);
    close(fd);
    assert_word("a", "YES");
}

static void every_way_to_sync_is_one(void **state)
{
    int fd;
    char *mapped;
    (void)state;
    mounted_begin("ordered");
    fd = open_file("fdatasync", O_WRONLY | O_CREAT);
    assert_int_equal(write(fd, "yes", 3), 3);
    assert_int_equal(fdatasync(fd), 0);
    close(fd);
    fd = open_file("dsync", O_WRONLY | O_CREAT | O_DSYNC);
    assert_int_equal(write(fd, "yes", 3), 3);
    close(fd);
    fd = open_file("append", O_WRONLY | O_CREAT | O_APPEND);
    assert_int_equal(write(fd, "ye", 2), 2);
    assert_int_equal(write(fd, "s", 1), 1);
    assert_int_equal(fsync(fd), 0);
    close(fd);
    for (int synced = 0; synced < 2; synced++) {
        fd = open_file(synced ? "mapped" : "lost", O_RDWR | O_CREAT);
        assert_int_equal(ftruncate(fd, PAGE), 0);
        assert_int_equal(fsync(fd), 0);
        mapped = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        assert_ptr_not_equal(mapped, MAP_FAILED);
        memcpy(mapped, "yes", sizeof "yes");
        if (synced)
            assert_int_equal(msync(mapped, PAGE, MS_SYNC), 0);
        munmap(mapped, PAGE);
        close(fd);
    }
    cut("nothing");
    mounted_ask("power");
    assert_word("fdatasync", "yes");
    assert_word("dsync", "yes");
    assert_word("append", "yes");
    assert_word("mapped", "yes");
    assert_word("lost", "");
}

static void a_file_without_a_name_goes_on(void **state)
{
    char word[4] = "";
    int fd;
    (void)state;
    mounted_begin("ordered");
    fd = open_file("a", O_RDWR | O_CREAT);
    assert_int_equal(unlink(mounted_path("a")), 0);
    assert_int_equal(pwrite(fd, "yes", 3, PAGE), 3);
    assert_int_equal(fsync(fd), 0);
    assert_int_equal(pread(fd, word, 3, PAGE), 3);
    assert_string_equal(word, "yes");
    close(fd);
    assert_int_equal(open(mounted_path("a"), O_RDONLY | O_CLOEXEC), -1);
}

/* Nobody learns of it before it is released. */
static void the_power_is_lost_at_a_call(void **state)
{
    int status, fd;
    pid_t pid;
    (void)state;
    mounted_begin("ordered");
    fd = open_file("a", O_RDWR | O_CREAT);
    mounted_ask("calls");
    assert_int_equal(pwrite(fd, "yes", 3, 0), 3);
    assert_int_equal(fsync(fd), 0);
    assert_string_equal(mounted_ask("calls"), "calls 2");
    assert_string_equal(mounted_ask("at 3 nothing 1"), "at");
    pid = fork();
    if (pid == 0) {
        bool written = pwrite(fd, "1", 1, 0) == 1 && fsync(fd) == 0 && pwrite(fd, "2", 1, 1) == 1;
        _exit(written ? 0 : 1);
    }
    assert_memory_equal(mounted_hear(), "cut ", 4);
    assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
    assert_string_equal(mounted_ask("release"), "release");
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 1);
    assert_string_equal(mounted_ask("power"), "power");
    close(fd);
    assert_word("a", "1es");
}

/* ---- SQLite, by several processes ---- */

static int wait_for_ever(void *context, int calls)
{
    (void)context;
    (void)calls;
    clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
    return 1;
}

static sqlite3 *open_database(const char *journal)
{
    sqlite3 *database = NULL;
    char *sql = text_format("PRAGMA journal_mode = %s", journal);
    if (sqlite3_open(mounted_path("x.db"), &database) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(database));
    sqlite3_busy_handler(database, wait_for_ever, NULL);
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(database));
    free(sql);
    return database;
}

static int update(const char *journal)
{
    sqlite3 *database = open_database(journal);
    int rc = SQLITE_OK;
    for (int i = 0; i < UPDATES && rc == SQLITE_OK; i++)
        rc = sqlite3_exec(database, "BEGIN IMMEDIATE; UPDATE t SET n = n + 1; COMMIT", NULL, NULL,
                          NULL);
    sqlite3_close(database);
    return rc == SQLITE_OK ? 0 : 1;
}

static void assert_says(sqlite3 *database, const char *sql, const char *expected)
{
    sqlite3_stmt *row = NULL;
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(row, 0), expected);
    sqlite3_finalize(row);
}

static void update_by_all(const char *journal)
{
    pid_t pids[PROCESSES];
    sqlite3 *database;
    mounted_begin("ordered");
    database = open_database(journal);
    assert_int_equal(
        sqlite3_exec(database, "CREATE TABLE t(n); INSERT INTO t VALUES(0)", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(database); /* no connection crosses a fork */
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit(update(journal));
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = -1;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    database = open_database(journal);
    assert_says(database, "SELECT n FROM t", "200");
    assert_says(database, "PRAGMA integrity_check", "ok");
    sqlite3_close(database);
}

static void processes_share_a_wal_database(void **state)
{
    (void)state;
    update_by_all("wal");
}

static void processes_share_a_rollback_database(void **state)
{
    (void)state;
    update_by_all("delete");
}

/* ---- its end ---- */

static bool is_mounted(void)
{
    struct stat folder, parent;
    return stat(mounted_on, &folder) != 0 || stat("/tmp", &parent) != 0 ||
           folder.st_dev != parent.st_dev;
}

static void it_leaves_no_mount(void **state)
{
    struct process_exit ended;
    (void)state;
    mounted_begin("ordered");
    assert_true(is_mounted());
    close(mounted.in);
    mounted.in = -1;
    process_wait(&mounted, INT64_MAX, &ended);
    mounted.pid = 0;
    assert_int_equal(ended.status, 0);
    assert_false(is_mounted());
    rmdir(mounted_on);
    free(mounted_on);
    mounted_begin("strict");
    kill(mounted.pid, SIGTERM);
    process_wait(&mounted, INT64_MAX, &ended);
    mounted.pid = 0;
    assert_int_equal(ended.status, 0);
    assert_false(is_mounted());
}

static void nonsense_is_told_as_that(void **state)
{
    (void)state;
    mounted_begin("ordered");
    assert_string_equal(mounted_ask("cut everything 1"),
                        "error: expected 'cut nothing|all|part SEED', 'at N nothing|all|part SEED',"
                        " 'release', 'power' or 'calls'");
    write_word("a", "yes", false);
    assert_word("a", "yes");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, mounted_end)
    const struct CMUnitTest tests[] = {
        TEST(what_is_not_synced_is_lost),
        TEST(names_are_as_durable_as_was_asked_for),
        TEST(nothing_is_done_without_power_and_old_files_stay_dead),
        TEST(every_way_to_sync_is_one),
        TEST(a_file_without_a_name_goes_on),
        TEST(the_power_is_lost_at_a_call),
        TEST(processes_share_a_wal_database),
        TEST(processes_share_a_rollback_database),
        TEST(it_leaves_no_mount),
        TEST(nonsense_is_told_as_that),
    };
    if (!mounted_can())
        return MOUNTED_SKIP;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
