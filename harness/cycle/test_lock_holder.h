/* test_lock_holder - children that hold locks of a database, and tell for how long they did.
 *
 * Each is this program anew, with a role: a thread of ours samples meanwhile, and what only forks
 * may find a mutex that this thread held, and wait for ever.
 */
#ifndef CYCLE_TEST_LOCK_HOLDER_H
#define CYCLE_TEST_LOCK_HOLDER_H

#include <setjmp.h> /* cmocka wants these four */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cycle/locks.h"

#define ROUNDS  INT64_C(4)
#define HOLD_NS (40 * CLOCK_NS_PER_MS)

static inline void execute(sqlite3 *database, const char *sql)
{
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK)
        return;
    fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(database));
    _exit(9);
}

static inline sqlite3 *open_database(const char *path)
{
    sqlite3 *database = NULL;
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL))
        _exit(9);
    sqlite3_busy_timeout(database, 20000);
    return database;
}

/* A child of ours that has something to hold. */
struct child {
    pid_t pid;
    int go, told; /* it begins when it reads a byte; it writes when it is ready, and what it held */
};

/* How long it held the lock. */
struct truth {
    int64_t least_ns, most_ns;
};

/* What takes a lock, and what gives it back: SQL; a number: bytes from there, of the -shm or, with
 * `ofd`, of the database, as SQLite itself holds them only for moments. */
struct way {
    const char *name, *journal, *take, *give;
    int shm_byte;
    bool ofd;
    enum locks_kind kind;
};

static inline void set_lock(int fd, const struct way *way, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_len = 1};
    lock.l_start = way->ofd ? 0x40000001 : way->shm_byte;
    if (fcntl(fd, way->ofd ? F_OFD_SETLK : F_SETLK, &lock) != 0)
        _exit(8);
}

static inline void hold_once(sqlite3 *database, int fd, const struct way *way, struct truth *truth)
{
    int64_t asked_ns = clock_now_ns(), had_ns, gave_ns;
    if (fd >= 0)
        set_lock(fd, way, F_WRLCK);
    else
        execute(database, way->take);
    had_ns = clock_now_ns();
    clock_sleep_until(had_ns + HOLD_NS);
    gave_ns = clock_now_ns();
    if (fd >= 0)
        set_lock(fd, way, F_UNLCK);
    else
        execute(database, way->give);
    truth->least_ns += gave_ns - had_ns;
    truth->most_ns += clock_now_ns() - asked_ns;
    clock_sleep_until(clock_now_ns() + HOLD_NS / 2);
}

static inline void be_holder(const char *path, const struct way *way, int go, int told)
{
    struct truth truth = {0, 0};
    char *file = text_format("%s%s", path, way->ofd ? "" : "-shm"), byte = 0;
    sqlite3 *database = open_database(path);
    int fd = -1;
    execute(database, "SELECT count(*) FROM t"); /* in WAL mode: connected from now on */
    if (way->shm_byte || way->ofd)
        fd = open(file, O_RDWR | O_CLOEXEC);
    if ((way->shm_byte || way->ofd) && fd < 0)
        _exit(7);
    if (write(told, "", 1) != 1 || read(go, &byte, 1) != 1)
        _exit(6);
    for (int i = 0; i < ROUNDS; i++)
        hold_once(database, fd, way, &truth);
    _exit(write(told, &truth, sizeof truth) == sizeof truth ? 0 : 5);
}

/* Its COMMIT fails after all. */
static inline void be_writer(const char *path)
{
    sqlite3 *database = open_database(path);
    sqlite3_busy_timeout(database, 200);
    execute(database, "BEGIN IMMEDIATE; INSERT INTO t VALUES (1)");
    _exit(sqlite3_exec(database, "COMMIT", NULL, NULL, NULL) == SQLITE_BUSY ? 0 : 9);
}

/* lock_role - what main does with the words of start_role; `ways`: those that "holder" counts */
static inline void lock_role(char *const words[], const struct way ways[])
{
    const char *role = words[1], *path = words[2], *what = words[3];
    char byte = 0;
    if (strcmp(role, "holder") == 0)
        be_holder(path, &ways[strtol(what, NULL, 10)], STDIN_FILENO, STDOUT_FILENO);
    if (strcmp(role, "writer") == 0)
        be_writer(path);
    execute(open_database(path), what);
    if (strcmp(role, "reader") == 0 &&
        (write(STDOUT_FILENO, "", 1) != 1 || read(STDIN_FILENO, &byte, 1) != 1))
        _exit(9);
    _exit(0);
}

static inline struct child start_role(const char *role, const char *path, const char *what)
{
    struct child child;
    int go[2], told[2];
    assert_int_equal(pipe2(go, O_CLOEXEC), 0);
    assert_int_equal(pipe2(told, O_CLOEXEC), 0);
    child.pid = fork();
    if (child.pid == 0) {
        dup2(go[0], STDIN_FILENO);
        dup2(told[1], STDOUT_FILENO);
        execl("/proc/self/exe", "lock_role", role, path, what, (char *)NULL);
        _exit(9);
    }
    close(go[0]);
    close(told[1]);
    child.go = go[1];
    child.told = told[0];
    return child;
}

static inline struct child start_ready(const char *role, const char *path, const char *what)
{
    struct child child = start_role(role, path, what);
    char byte;
    assert_int_equal(read(child.told, &byte, 1), 1);
    return child;
}

static inline void end_role(struct child *child)
{
    int status = -1;
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    assert_int_equal(status, 0);
    close(child->go);
    close(child->told);
}

static inline void run_in_child(const char *path, const char *sql)
{
    struct child child = start_role("sql", path, sql);
    end_role(&child);
}

static inline struct truth let_it_hold(struct child *child)
{
    struct truth truth = {0, 0};
    assert_int_equal(write(child->go, "", 1), 1);
    assert_int_equal(read(child->told, &truth, sizeof truth), sizeof truth);
    end_role(child);
    return truth;
}

/* It reads until it is told to end. */
static inline struct child start_reader(const char *path)
{
    return start_ready("reader", path, "BEGIN; SELECT count(*) FROM t");
}

static inline void end_reader(struct child *child)
{
    assert_int_equal(write(child->go, "", 1), 1);
    end_role(child);
}

#endif
