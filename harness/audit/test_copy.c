/* Is a database copied as it is, whatever its name and whoever owns it, and is it left alone? */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "audit/recovery.h"
#include "audit/test_honest.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/process.h"

#define NOBODY 65534

/* A folder, we in it, with a database "x.db" of 50 rows. */
struct here {
    char folder[64], out[64];
    struct copy_how how;
    struct err err;
};

static void fill(const char *name, const char *more)
{
    char *path = text_format("./%s", name);
    run_sql(path, "CREATE TABLE t (a, b); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1"
                  " FROM n WHERE i < 50) INSERT INTO t SELECT i, hex(randomblob(200)) FROM n");
    run_sql(path, more);
    free(path);
}

static int set_up(void **state)
{
    struct here *here = xcalloc(1, sizeof *here);
    snprintf(here->folder, sizeof here->folder, "/tmp/spawnbench-test-XXXXXX");
    snprintf(here->out, sizeof here->out, "/tmp/spawnbench-test-XXXXXX");
    if (!mkdtemp(here->folder) || !mkdtemp(here->out) || chdir(here->folder) != 0)
        return -1;
    chmod(here->folder, 0755);
    chmod(here->out, 0777);
    here->how.folder = here->out;
    fill("x.db", "");
    *state = here;
    return 0;
}

static int tear_down(void **state)
{
    struct here *here = *state;
    int rc = chdir("/");
    text_remove_tree(here->folder);
    rc |= rmdir(here->out); /* every copy was removed */
    free(here);
    return rc;
}

static void take(struct copy *copy, struct here *here, const char *path)
{
    if (copy_take(copy, path, &here->how, &here->err) < 0)
        fail_msg("%s: %s", path, here->err.text);
}

static void refuse(struct here *here, const char *path, enum err_code code, const char *word)
{
    struct copy copy;
    here->err = (struct err){0};
    if (copy_take(&copy, path, &here->how, &here->err) == 0)
        fail_msg("%s is copied", path);
    assert_int_equal(here->err.code, code);
    if (!strstr(here->err.text, word))
        fail_msg("'%s' is not in: %s", word, here->err.text);
}

static int64_t ask(const char *path, const char *sql)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *row = NULL;
    int64_t answer = -1;
    assert_int_equal(sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2(database, sql, -1, &row, NULL) != SQLITE_OK)
        fail_msg("%s in: %s", sqlite3_errmsg(database), sql);
    if (sqlite3_step(row) == SQLITE_ROW)
        answer = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    sqlite3_close(database);
    return answer;
}

static size_t files_here(void)
{
    DIR *folder = opendir(".");
    size_t count = 0;
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static void the_original_is_left_as_it_was(void **state)
{
    struct here *here = *state;
    size_t files = files_here();
    struct stat before, after;
    struct copy copy;
    assert_int_equal(utimensat(AT_FDCWD, "x.db", (struct timespec[]){{1000, 1}, {2000, 2}}, 0), 0);
    assert_int_equal(stat("x.db", &before), 0);
    take(&copy, here, "x.db");
    assert_int_equal(stat("x.db", &after), 0);
    assert_memory_equal(&before, &after, sizeof before); /* time of the last access too */
    assert_int_equal(files_here(), files);
    assert_int_equal(copy.way, COPY_UNLOCKED);
    assert_false(copy.is_wal);
    assert_int_equal(copy.bytes, before.st_size);
    assert_int_equal(copy.locked_ns, 0);
    assert_int_equal(stat(copy.path, &after), 0);
    assert_int_equal(after.st_mode & 0777, 0600);
    assert_int_equal(stat(copy.folder, &after), 0);
    assert_int_equal(after.st_mode & 0777, 0700);
    assert_int_equal(ask(copy.path, "SELECT count(*) FROM t"), 50);
    copy_release(&copy);
}

static void a_name_is_that_of_a_file(void **state)
{
    static const char *const names[] = {":memory:", "file:x?mode=memory", "file:x.db",
                                        "-dash",    "a%20b?c#d\ne.db",    ""};
    struct here *here = *state;
    for (size_t i = 0; *names[i]; i++) {
        struct copy copy;
        fill(names[i], "DELETE FROM t WHERE a > 7");
        take(&copy, here, names[i]);
        assert_int_equal(ask(copy.path, "SELECT count(*) FROM t"), 7);
        copy_release(&copy);
    }
}

static void what_is_no_file_is_refused_at_once(void **state)
{
    struct here *here = *state;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(mkdir("folder", 0700), 0);
    refuse(here, "fifo", ERR_FORMAT, "no regular file");
    refuse(here, "folder", ERR_FORMAT, "no regular file");
    refuse(here, "/dev/null", ERR_FORMAT, "no regular file");
    refuse(here, "nothing", ERR_UNFIT, "No such file");
    assert_int_equal(here->err.os_error, ENOENT);
    assert_int_equal(symlink("loop", "loop"), 0);
    refuse(here, "loop", ERR_UNFIT, "Too many levels");
    assert_int_equal(mkfifo("x.db-wal", 0600), 0);
    refuse(here, "x.db", ERR_UNFIT, "its -wal");
    assert_int_equal(unlink("x.db-wal") + symlink("/dev/zero", "x.db-journal"), 0);
    refuse(here, "x.db", ERR_UNFIT, "its -journal");
    assert_int_equal(unlink("x.db-journal"), 0);
}

/* SQLite follows a link to the database, and looks for its -wal beside the file that it names. */
static void a_link_is_followed_to_the_wal_beside_its_file(void **state)
{
    struct here *here = *state;
    struct copy copy;
    sqlite3 *database = NULL;
    assert_int_equal(mkdir("elsewhere", 0755) + symlink("../x.db", "elsewhere/link"), 0);
    assert_int_equal(sqlite3_open("x.db", &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, "PRAGMA journal_mode = WAL; DELETE FROM t WHERE a > 9",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    take(&copy, here, "elsewhere/link");
    assert_int_equal(copy.way, COPY_WAL_LOCKS);
    assert_true(copy.is_wal && copy.wal_bytes > 0);
    assert_int_equal(ask(copy.path, "SELECT count(*) FROM t"), 9);
    copy_release(&copy);
    sqlite3_close(database);
}

/* Nobody has it open: what lies there is one state. */
static void a_wal_that_was_left_is_copied(void **state)
{
    struct here *here = *state;
    struct copy copy;
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open("x.db", &database), SQLITE_OK);
    sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_exec(database, "PRAGMA journal_mode = WAL; DELETE FROM t WHERE a > 9", NULL, NULL,
                 NULL);
    sqlite3_close(database);
    for (int shm = 1; shm >= 0; shm--) {
        take(&copy, here, "x.db");
        assert_int_equal(copy.way, COPY_UNLOCKED);
        assert_int_equal(ask(copy.path, "SELECT count(*) FROM t"), 9);
        copy_release(&copy);
        assert_int_equal(access("x.db-wal", F_OK), 0);
        unlink("x.db-shm");
    }
}

static int locks_of_ours(const char *path)
{
    char line[256], inode[32];
    struct stat about;
    FILE *locks = fopen("/proc/locks", "re");
    int count = 0;
    assert_int_equal(stat(path, &about), 0);
    snprintf(inode, sizeof inode, ":%lu ", (unsigned long)about.st_ino);
    while (locks && fgets(line, sizeof line, locks))
        count += strstr(line, inode) && strstr(line, "POSIX");
    if (locks)
        fclose(locks);
    return count;
}

static void locks_of_our_own_process_are_kept(void **state)
{
    struct here *here = *state;
    struct copy copy;
    sqlite3 *database = NULL;
    int locks;
    assert_int_equal(sqlite3_open("x.db", &database), SQLITE_OK);
    sqlite3_exec(database, "BEGIN IMMEDIATE; DELETE FROM t WHERE a > 1", NULL, NULL, NULL);
    locks = locks_of_ours("x.db");
    take(&copy, here, "x.db");
    assert_int_equal(locks_of_ours("x.db"), locks);
    assert_int_equal(ask(copy.path, "SELECT count(*) FROM t"), 50);
    assert_int_equal(copy.journal_bytes, 0); /* it has an owner, so it is not hot */
    copy_release(&copy);
    assert_int_equal(sqlite3_exec(database, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
    assert_int_equal(ask("x.db", "SELECT count(*) FROM t"), 1);
    if (!locks)
        skip(); /* they are not shown here */
}

static void holes_stay_holes(void **state)
{
    struct here *here = *state;
    struct copy copy;
    struct stat about;
    if (truncate("x.db", (off_t)1 << 40) != 0)
        skip(); /* not on this file system */
    take(&copy, here, "x.db");
    assert_int_equal(stat(copy.path, &about), 0);
    assert_int_equal(about.st_size, (off_t)1 << 40);
    assert_true(about.st_blocks < 2048); /* 1 MiB */
    copy_release(&copy);
}

/* ---- in a child, which may become somebody else ---- */

static void in_child(void (*act)(struct here *), struct here *here)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        act(here);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(status, 0);
}

static void promise(bool held, const char *what, const struct err *err)
{
    if (held)
        return;
    fprintf(stderr, "not held: %s: %s\n", what, err->text);
    _exit(1);
}

static void become_nobody(void)
{
    if (geteuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
        _exit(77);
    if (access(BINARY_DIR "/spawnbench-copy", X_OK) != 0)
        _exit(77);
}

static void act_as_stranger(struct here *here)
{
    struct copy copy;
    int rc;
    become_nobody();
    rc = copy_take(&copy, "x.db", &here->how, &here->err);
    promise(rc == 0, "a stranger copies what he may read", &here->err);
    promise(ask(copy.path, "SELECT count(*) FROM t") == 8, "with its -wal", &here->err);
    copy_release(&copy);
    rc = copy_take(&copy, "secret.db", &here->how, &here->err);
    promise(rc < 0 && here->err.code == ERR_UNFIT && here->err.os_error == EACCES,
            "and not what he may not", &here->err);
}

/* In a folder where nobody but root could make a file, beside its owner who has it open. */
static void a_stranger_leaves_nothing_and_needs_no_rights_but_to_read(void **state)
{
    struct here *here = *state;
    sqlite3 *database = NULL;
    struct stat before, after;
    size_t files;
    if (geteuid() != 0)
        skip();
    fill("secret.db", "");
    assert_int_equal(chmod("secret.db", 0600), 0);
    assert_int_equal(sqlite3_open("x.db", &database), SQLITE_OK);
    sqlite3_exec(database, "PRAGMA journal_mode = WAL; DELETE FROM t WHERE a > 8", NULL, NULL,
                 NULL);
    chmod(here->folder, 0555);
    files = files_here();
    assert_int_equal(stat("x.db-shm", &before), 0);
    in_child(act_as_stranger, here);
    assert_int_equal(chmod("x.db-shm", 0600), 0); /* then the locks in it are not to be had */
    in_child(act_as_stranger, here);
    assert_int_equal(stat("x.db-shm", &after), 0);
    assert_int_equal(files_here(), files);
    assert_int_equal(after.st_uid, before.st_uid);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    assert_int_equal(sqlite3_exec(database, "DELETE FROM t", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
}

static void act_without_space(struct here *here)
{
    struct copy copy;
    if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || mkdir("small", 0700) != 0 ||
        mount("none", "small", "tmpfs", 0, "size=64k") != 0)
        _exit(77);
    run_sql("x.db", "CREATE TABLE big AS SELECT randomblob(100000)");
    here->how.folder = "small";
    promise(copy_take(&copy, "x.db", &here->how, &here->err) < 0 && here->err.code == ERR_UNFIT &&
                strstr(here->err.text, "--in-place") && strstr(here->err.text, "TMPDIR") &&
                strstr(here->err.text, "are missing"),
            "space is asked for first", &here->err);
    promise(rmdir("small") != 0 && errno == EBUSY, "the folder is mounted", &here->err);
    promise(umount("small") == 0, "and nothing is left in it", &here->err);
}

static void space_is_asked_for_first(void **state)
{
    in_child(act_without_space, *state);
}

static void interrupt_us(void *context, int64_t done_bytes, int64_t all_bytes)
{
    (void)context;
    if (done_bytes > 0 && done_bytes <= all_bytes)
        raise(SIGINT);
}

static void act_interrupted(struct here *here)
{
    struct copy copy;
    interrupt_catch();
    here->how.progress = interrupt_us;
    promise(copy_take(&copy, "big", &here->how, &here->err) < 0 &&
                here->err.code == ERR_INTERRUPTED,
            "it ends when it is asked to", &here->err);
    promise(rmdir(here->out) == 0 && mkdir(here->out, 0700) == 0, "half a copy is removed",
            &here->err);
}

static void what_is_interrupted_leaves_no_half_copy(void **state)
{
    char *bytes = xcalloc(64, 1 << 20);
    memset(bytes, 'x', 64 << 20);
    assert_int_equal(text_write_file("big", bytes, 64 << 20, NULL), 0);
    free(bytes);
    in_child(act_interrupted, *state);
}

/* Behind them lie frames that were written meanwhile, without those in front of them. */
static void a_wal_that_is_written_ends_with_what_was_committed(void **state)
{
    struct here *here = *state;
    struct copy copy;
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open("x.db", &database), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(database,
                     "PRAGMA journal_mode = WAL; UPDATE t SET b = hex(randomblob(300));"
                     "PRAGMA wal_checkpoint(RESTART); DELETE FROM t WHERE a = 50",
                     NULL, NULL, NULL),
        SQLITE_OK);
    take(&copy, here, "x.db");
    copy_release(&copy);
    /* written after the copy began, says its time */
    assert_int_equal(
        utimensat(AT_FDCWD, "x.db-wal", (struct timespec[]){{1, 1}, {INT32_MAX, 0}}, 0), 0);
    take(&copy, here, "x.db");
    assert_int_equal(copy.wal_bytes, 32 + wal_taken_of(copy.path).frames * (4096 + 24));
    assert_int_equal(ask(copy.path, "SELECT count(*) FROM t"), 49);
    copy_release(&copy);
    sqlite3_close(database);
}

/* As when we are stopped by Ctrl-Z: locks that it may hold must not wait for us. */
static void nobody_who_hears_of_its_progress_holds_a_copy_up(void **state)
{
    const int64_t bytes = INT64_C(96) << 20; /* more progress than the smallest pipe takes */
    struct here *here = *state;
    char *from = text_format("%s/big", here->folder), *to = text_format("%s/copy", here->folder);
    const char *const program = BINARY_DIR "/spawnbench-copy";
    const char *const argv[] = {program, from, to, "lock", NULL};
    char *content = xcalloc(1, (size_t)bytes);
    struct process copier;
    struct process_view view = {0};
    struct process_exit ended;
    struct stat about = {0};
    memset(content, 'x', (size_t)bytes);
    assert_int_equal(text_write_file(from, content, (size_t)bytes, &here->err), 0);
    assert_int_equal(process_start(&copier, argv, NULL, NULL, -1, &here->err), 0);
    assert_true(fcntl(copier.out, F_SETPIPE_SZ, 4096) > 0);
    while (process_look(&view, copier.pid) && view.state != 'Z' && view.state != 'S')
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS); /* S: waiting for us */
    assert_int_equal(stat(to, &about), 0);
    free(process_finish(&copier, &ended));
    assert_int_equal(ended.status, 0);
    assert_true((int64_t)about.st_blocks * 512 >= bytes);
    free(content);
    free(from);
    free(to);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(the_original_is_left_as_it_was),
        IN_FOLDER(a_name_is_that_of_a_file),
        IN_FOLDER(what_is_no_file_is_refused_at_once),
        IN_FOLDER(a_link_is_followed_to_the_wal_beside_its_file),
        IN_FOLDER(a_wal_that_was_left_is_copied),
        IN_FOLDER(locks_of_our_own_process_are_kept),
        IN_FOLDER(holes_stay_holes),
        IN_FOLDER(a_stranger_leaves_nothing_and_needs_no_rights_but_to_read),
        IN_FOLDER(space_is_asked_for_first),
        IN_FOLDER(what_is_interrupted_leaves_no_half_copy),
        IN_FOLDER(a_wal_that_is_written_ends_with_what_was_committed),
        IN_FOLDER(nobody_who_hears_of_its_progress_holds_a_copy_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
