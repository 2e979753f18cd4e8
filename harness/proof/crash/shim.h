/* shim - a SQLite VFS that writes down what SQLite does to the disk, and fails when told to.
 *
 * Normal use: shim_register once; open databases by its name (SQLITE
 * "file:PATH?vfs=spawnbench-shim" or sqlite3_open_v2); shim_record to keep a log of a run,
 * shim_fail to inject an error. It sits on the system's default VFS. One thread, one process: the
 * log and the fault are global.
 *
 * source : https://sqlite.org/vfs.html; the unix VFS (os_unix.c) for when directories are synced
 */
#ifndef PROOF_CRASH_SHIM_H
#define PROOF_CRASH_SHIM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "proof/crash/log.h"

#define SHIM_NAME "spawnbench-shim"

/* The calls that can be made to fail, each counted for itself. */
enum shim_call {
    SHIM_NONE,
    SHIM_OPEN,
    SHIM_READ,
    SHIM_WRITE,
    SHIM_TRUNCATE,
    SHIM_SYNC,
    SHIM_DELETE,
    SHIM_CALLS
};

enum shim_how {
    SHIM_REFUSE,     /* nothing is done, the code is returned */
    SHIM_SHORT,      /* a write writes its first half, then the code is returned */
    SHIM_LIE,        /* nothing is done, SQLITE_OK is returned */
    SHIM_DIE_BEFORE, /* the process is killed instead */
    SHIM_DIE_INSIDE, /* a write writes its first half, then the process is killed */
    SHIM_DIE_AFTER   /* it is done, then the process is killed; of calls that change something */
};

/* One planned fault. Zero: none. */
struct shim_fault {
    enum shim_call call;
    enum shim_how how;
    uint64_t nth; /* the first call to fail, from 1, counted from shim_fail on */
    int code;     /* SQLITE_FULL, SQLITE_IOERR_WRITE, ... */
    bool sticky;  /* all later calls of this kind fail too */
};

/* shim_register - make the VFS known to SQLite under SHIM_NAME; again is harmless.
 * errors : ERR_SYSTEM (SQLite has no default VFS) */
int shim_register(struct err *err);

/* shim_stand_in - true: connections that name no VFS get this one; false: the system's again.
 * Those that are open stay where they are. */
void shim_stand_in(bool yes);

/* shim_behind - the name of the VFS that it sits on, for connections that are not to be seen */
const char *shim_behind(void);

/* shim_at_unfetch - call this function once, when SQLite next gives back a mapping of a database,
 * also when it has none; NULL: no more. A checkpoint that finds the log changed does so between
 * reading its header and acting on it: the moment of the WAL-reset race. */
void shim_at_unfetch(void (*hook)(void *), void *argument);

/* shim_record - add all mutating calls from now on to this log, borrowed until the next call of
 * shim_record; NULL: stop */
void shim_record(struct crash_log *log);

/* shim_fail - plan this fault and begin to count anew; NULL: none */
void shim_fail(const struct shim_fault *fault);

/*
 * shim_ask - let somebody else say at each call whether it fails, instead of a plan of shim_fail
 *
 * oracle : fills the fault and returns true when this call is to fail; called in the thread that
 *          makes the call, also in several at once; NULL: nobody
 */
void shim_ask(bool (*oracle)(enum shim_call call, struct shim_fault *fault));

/* shim_fired - how often the planned fault has struck since shim_fail */
uint64_t shim_fired(void);

/* shim_calls - how many calls of this kind there were since shim_fail */
uint64_t shim_calls(enum shim_call call);

#endif
