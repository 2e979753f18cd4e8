/* log - what one run did to its files, call by call, in order.
 *
 * The shim fills it, states.h rebuilds files from it. Only the three files that hold data are
 * followed: the database, its write-ahead log, its rollback journal. A file that was deleted and
 * made again is another file (another inode) under the same name.
 */
#ifndef PROOF_CRASH_LOG_H
#define PROOF_CRASH_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum crash_name { CRASH_DATABASE, CRASH_WAL, CRASH_JOURNAL, CRASH_NAMES };

enum crash_call { CRASH_CREATE, CRASH_WRITE, CRASH_TRUNCATE, CRASH_SYNC, CRASH_DELETE };

/* One mutating call that succeeded. */
struct crash_op {
    enum crash_call call;
    enum crash_name name;
    int file;            /* number of the inode, from 0 */
    int64_t offset;      /* write: where; truncate: the new size in bytes */
    size_t bytes;        /* write: how many */
    unsigned char *data; /* write: the bytes, own */
    bool syncs_names;    /* sync or delete: the directory was synced too */
    int acknowledged;    /* transactions acknowledged before this call */
};

/* A whole run. Zero is a valid empty log; the holder releases it. */
struct crash_log {
    struct crash_op *ops;
    size_t count, room;
    int files;                /* inodes so far */
    int file_of[CRASH_NAMES]; /* number of the inode that has this name now */
    int acknowledged;         /* set by the workload after each transaction */
};

/* log_add - append a call; its data, when there are any, are copied */
void log_add(struct crash_log *log, struct crash_op op);

/* log_release - accepts zero; the log is zero again */
void log_release(struct crash_log *log);

/* log_name_of - which of the three files a path is, by its end; CRASH_NAMES: none (NULL too) */
enum crash_name log_name_of(const char *path);

/* log_suffix - what the name adds to the database's: "", "-wal", "-journal" */
const char *log_suffix(enum crash_name name);

#endif
