/* Does a connection carried over fork, or a stray descriptor of the database, lose what was said?
 *
 * Two processes write in turns: the child keeps its connection, the parent opens the database,
 * writes and closes each time, as spawners come and go. Whoever closes last removes the log; who is
 * last is told by locks of the process (POSIX), which a child does not inherit and which closing
 * any descriptor of the file gives up. Then the other one writes on into a file without a name. The
 * same with the shared memory beside the database: closing a descriptor of it gives up the writer's
 * lock. At the end the child is killed, which must lose nothing.
 *
 * source : https://sqlite.org/howtocorrupt.html 2.2, 2.6; fcntl_locking(2)
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "proof/crash/controls.h"
#include "proof/crash/scratch.h"
#include "store/store.h"

#define ROUNDS     8
#define ROWS       10 /* of each, in each round */
#define CHILD_FROM 1000

/* Both sides of one trial. */
struct duo {
    char *path;
    bool descriptor, connection; /* the child reads the database when it has written: so, or so */
    bool transaction, shm;       /* the parent comes amid a transaction; -shm was opened, closed */
    size_t unlocked;             /* rounds in which the child had no lock on the database left */
    sqlite3 *database;           /* the child's; in "inherited" opened by the parent */
    struct store *inherited;     /* the same with the reference store, which must refuse it */
    struct store *own;           /* the child's */
    bool store;                  /* both use the reference store */
    bool inherit;                /* the parent opens before the fork, the child uses that */
    pid_t child;
    int to_child[2], from_child[2];
    int refused; /* what the child was refused with the inherited store */
};

/* What the child answers to each round. */
struct answer {
    int rows, refused;
};

/* ---- writing ---- */

static int open_plain(sqlite3 **out, const char *path)
{
    if (sqlite3_open_v2(path, out, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) == SQLITE_OK)
        return scratch_execute(
            *out, "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;"
                  " CREATE TABLE IF NOT EXISTS agent_executions (id INTEGER PRIMARY KEY,"
                  " name TEXT UNIQUE)");
    return SQLITE_CANTOPEN;
}

/* Each in a transaction of its own, or within the one that is open; how many were acknowledged. */
static int write_plain(sqlite3 *database, int from, int count)
{
    int rows = 0;
    for (int i = 0; i < count; i++) {
        char text[96];
        snprintf(text, sizeof text, "INSERT INTO agent_executions VALUES (%d, 'agent %d')",
                 from + i, from + i);
        rows += scratch_execute(database, text) == SQLITE_OK;
    }
    return rows;
}

static int write_store(struct store *store, int from)
{
    int rows = 0;
    for (int i = 0; i < ROWS; i++) {
        char id[1][SCRATCH_ID_BYTES];
        struct store_agent agent;
        scratch_agents(&agent, id, from + i, 1);
        rows += store && store_record_batch(store, from + i, &agent, 1, NULL) == 0;
    }
    return rows;
}

/* ---- the child ---- */

/* Read every byte, say to hash it. */
static void read_by_descriptor(const char *path)
{
    char bytes[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    while (read(fd, bytes, sizeof bytes) > 0)
        continue;
    close(fd); /* and with it every lock that this process has on the file */
}

static void read_by_connection(const char *path)
{
    sqlite3 *database = NULL;
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK)
        sqlite3_exec(database, "PRAGMA quick_check", NULL, NULL, NULL);
    sqlite3_close(database);
}

/* In two halves, and the parent comes in between. */
static struct answer do_half(struct duo *duo, int from, char half)
{
    struct answer answer = {0, 0};
    if (half == 'w') {
        char *shm = text_format("%s-shm", duo->path);
        scratch_execute(duo->database, "BEGIN IMMEDIATE");
        write_plain(duo->database, from, ROWS / 2);
        if (duo->shm)
            read_by_descriptor(shm);
        free(shm);
        return answer;
    }
    write_plain(duo->database, from + ROWS / 2, ROWS / 2);
    if (scratch_execute(duo->database, "COMMIT") == SQLITE_OK)
        answer.rows = ROWS;
    else
        scratch_execute(duo->database, "ROLLBACK");
    return answer;
}

static struct answer do_round(struct duo *duo, int from)
{
    struct answer answer = {0, 0};
    if (duo->store) {
        if (duo->inherited)
            answer.refused = ROWS - write_store(duo->inherited, from);
        else
            answer.rows = write_store(duo->own, from);
        return answer;
    }
    answer.rows = write_plain(duo->database, from, ROWS);
    if (duo->descriptor)
        read_by_descriptor(duo->path);
    if (duo->connection)
        read_by_connection(duo->path);
    return answer;
}

static void be_child(struct duo *duo)
{
    char command;
    int from = CHILD_FROM;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (duo->store && !duo->inherited)
        store_open(&duo->own, duo->path, true, "child", NULL);
    else if (!duo->store && !duo->database)
        open_plain(&duo->database, duo->path);
    while (read(duo->to_child[0], &command, 1) == 1) {
        struct answer answer = duo->transaction ? do_half(duo, from, command) : do_round(duo, from);
        if (write(duo->from_child[1], &answer, sizeof answer) != (ssize_t)sizeof answer)
            break;
        from += command == 'w' && duo->transaction ? 0 : ROWS;
    }
    _exit(0);
}

/* ---- the parent ---- */

static int start_child(struct duo *duo, struct err *err)
{
    if (pipe2(duo->to_child, O_CLOEXEC) < 0)
        return err_system(err, "cannot make a pipe");
    if (pipe2(duo->from_child, O_CLOEXEC) < 0) {
        err_system(err, "cannot make a pipe");
        close(duo->to_child[0]);
        close(duo->to_child[1]);
        return -1;
    }
    duo->child = fork();
    if (duo->child == 0)
        be_child(duo);
    close(duo->to_child[0]);
    close(duo->from_child[1]);
    if (duo->child > 0)
        return 0;
    err_system(err, "cannot fork");
    close(duo->to_child[1]);
    close(duo->from_child[0]);
    return -1;
}

static void end_child(struct duo *duo)
{
    kill(duo->child, SIGKILL);
    while (waitpid(duo->child, NULL, 0) < 0 && errno == EINTR)
        continue;
    close(duo->to_child[1]);
    close(duo->from_child[0]);
}

/* command: 'w' write, 'c' commit what was left open */
static int ask_child(struct duo *duo, char command, size_t *acknowledged, struct err *err)
{
    struct answer answer;
    if (write(duo->to_child[1], &command, 1) != 1 ||
        read(duo->from_child[0], &answer, sizeof answer) != (ssize_t)sizeof answer)
        return err_set(err, ERR_SYSTEM, "the other process of the trial has ended");
    *acknowledged += (size_t)answer.rows;
    duo->refused += answer.refused;
    return 0;
}

/* We have no connection now, so looking gives up no lock of ours. Where SQLite's shared locks lie:
 * "Database File Format", the lock-byte page. */
static bool is_unlocked(const char *path)
{
    struct flock range = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0x40000002, .l_len = 510};
    int fd = open(path, O_RDWR | O_CLOEXEC);
    bool unlocked = fd >= 0 && fcntl(fd, F_GETLK, &range) == 0 && range.l_type == F_UNLCK;
    if (fd >= 0)
        close(fd);
    return unlocked;
}

/* Open, write, close: how many rows were acknowledged. */
static int come_and_go(const struct duo *duo, int from)
{
    sqlite3 *database = NULL;
    struct store *store = NULL;
    int rows = 0;
    if (duo->store) {
        if (store_open(&store, duo->path, true, "parent", NULL) == 0)
            rows = write_store(store, from);
        store_close(store);
        return rows;
    }
    if (open_plain(&database, duo->path) == SQLITE_OK)
        rows = write_plain(database, from, ROWS);
    sqlite3_close(database);
    return rows;
}

static int run_rounds(struct duo *duo, size_t *acknowledged, struct err *err)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < ROUNDS; i++) {
        rc = ask_child(duo, 'w', acknowledged, err);
        duo->unlocked += is_unlocked(duo->path);
        *acknowledged += (size_t)come_and_go(duo, 1 + i * ROWS);
        if (rc == 0 && duo->transaction)
            rc = ask_child(duo, 'c', acknowledged, err);
    }
    return rc;
}

/* ---- what became of it ---- */

static void audit(const struct duo *duo, struct control_outcome *out)
{
    sqlite3 *database = NULL;
    size_t there;
    sqlite3_open_v2(duo->path, &database, SQLITE_OPEN_READWRITE, NULL);
    out->integrity = scratch_integrity(database);
    there = scratch_rows(database, "SELECT 1 FROM agent_executions NOT INDEXED");
    sqlite3_close(database);
    out->lost = there < out->acknowledged ? out->acknowledged - there : 0;
    out->corrupt = strcmp(out->integrity, "ok") != 0;
    out->damaged = out->lost > 0 || out->corrupt > 0;
}

/* ---- the trials ---- */

/* What the parent opens before the fork, and whoever goes on with it. */
static int prepare(struct duo *duo, struct control_outcome *out, struct err *err)
{
    if (!duo->inherit)
        return 0;
    if (duo->store)
        return store_open(&duo->inherited, duo->path, true, "child", err);
    if (open_plain(&duo->database, duo->path) != SQLITE_OK)
        return err_set(err, ERR_SYSTEM, "cannot open '%s'", duo->path);
    out->acknowledged = (size_t)write_plain(duo->database, CHILD_FROM / 2, ROWS);
    return 0;
}

static int try(struct control_outcome *out, struct duo *duo, const char *folder, struct err *err)
{
    int rc;
    duo->path = text_format("%s/handle.sqlite", folder);
    scratch_remove(duo->path);
    rc = prepare(duo, out, err);
    if (rc == 0)
        rc = start_child(duo, err);
    /* What the child has inherited, the parent gives up. */
    sqlite3_close(duo->database);
    store_close(duo->inherited);
    if (rc == 0) {
        rc = run_rounds(duo, &out->acknowledged, err);
        end_child(duo);
        audit(duo, out);
    }
    scratch_remove(duo->path);
    free(duo->path);
    snprintf(out->text, sizeof out->text,
             "%zu of %zu acknowledged rows lost, integrity_check %s, after %d rounds of two "
             "processes and the kill of one",
             out->lost, out->acknowledged, out->integrity ? out->integrity : "not asked", ROUNDS);
    return rc;
}

/* The store refuses what was inherited, and a child that opens its own loses nothing. */
static int try_stores(struct control_outcome *out, const char *folder, struct err *err)
{
    struct duo inherits = {.store = true, .inherit = true}, opens = {.store = true};
    struct control_outcome first = {0};
    size_t length;
    if (try(&first, &inherits, folder, err) < 0 || try(out, &opens, folder, err) < 0)
        return -1;
    out->acknowledged += first.acknowledged;
    out->lost += first.lost;
    out->damaged |= first.damaged || inherits.refused != ROUNDS * ROWS;
    length = strlen(out->text);
    snprintf(out->text + length, sizeof out->text - length,
             "; a child with an inherited store was refused %d of %d times, and %zu of %zu rows of "
             "the other process lost",
             inherits.refused, ROUNDS * ROWS, first.lost, first.acknowledged);
    return 0;
}

int control_fork(struct control_outcome *out, const char *way,
                 const struct control_setting *setting, struct err *err)
{
    struct duo duo = {.inherit = true};
    if (strcmp(way, "inherited") == 0)
        return try(out, &duo, setting->folder, err);
    return try_stores(out, setting->folder, err);
}

/* The locks were given up, and nothing came of it:
 * newer engines look twice before they remove a log (since 3.51.0). */
static void excuse(struct control_outcome *out, const struct duo *duo)
{
    if (!out->damaged && duo->unlocked == ROUNDS)
        snprintf(
            out->skipped, sizeof out->skipped,
            "SQLite %s resists it: the locks were given up in %zu of %d rounds and nothing was "
            "lost (see shm-read-close)",
            sqlite3_libversion(), duo->unlocked, ROUNDS);
}

int control_descriptor(struct control_outcome *out, const char *way,
                       const struct control_setting *setting, struct err *err)
{
    struct duo duo = {.descriptor = strcmp(way, "descriptor") == 0,
                      .connection = strcmp(way, "connection") == 0};
    int rc = try(out, &duo, setting->folder, err);
    if (rc == 0 && duo.descriptor)
        excuse(out, &duo);
    return rc;
}

int control_shm(struct control_outcome *out, const char *way, const struct control_setting *setting,
                struct err *err)
{
    struct duo duo = {.transaction = true, .shm = strcmp(way, "descriptor") == 0};
    return try(out, &duo, setting->folder, err);
}
