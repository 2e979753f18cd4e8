/* source - the files of a database that others may be using, its locks, and bytes out of it.
 *
 * Normal use: source_open, source_look_files, source_look_locks, copies with bytes_copy, both looks
 * again, source_close. What is held is given back by source_close.
 */
#ifndef AUDIT_COPIER_SOURCE_H
#define AUDIT_COPIER_SOURCE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "audit/copier/copier.h"

enum part { PART_DATABASE, PART_WAL, PART_JOURNAL, PART_SHM, PARTS };

struct source {
    char names[PARTS][PATH_MAX + 16]; /* links resolved, as SQLite does */
    int fds[PARTS];                   /* -1: not there */
};

/* A file at one instant. Zero: it is not there. */
struct file_state {
    bool there;
    dev_t device;
    ino_t inode;
    int64_t bytes, blocks_bytes, changed_ns, status_ns;
};

/* What is seen of a source at one instant. */
struct source_look {
    struct file_state files[PARTS];
    unsigned char header[28], wal_header[32]; /* of the database to its change counter */
    bool journal_is_played; /* its first byte is not zero: SQLite plays it back when it is hot */
    bool is_wal, connected; /* somebody has it open in WAL mode */
    bool reserved;          /* a writer is at work, who owns the journal */
    int64_t wal_frames;     /* committed, as those know who have it open; -1: unknown */
    pid_t writer;           /* that holds PENDING or EXCLUSIVE; -1: nobody knows who; 0: none */
};

/* source_open - what is there is opened; false after a refusal was filled in */
bool source_open(struct source *source, const char *path, struct copier_record *refusal);

void source_close(struct source *source);

/* source_look_files - sizes, times and headers. To be asked before the locks are looked at in front
 * of a copy, and after them behind it: a writer is seen by one of the two. */
void source_look_files(const struct source *source, struct source_look *out);
void source_look_locks(const struct source *source, struct source_look *out);

/* source_is_here - what is open is still what the names name */
bool source_is_here(const struct source *source, const struct source_look *now);

/*
 * source_lock_shared, source_lock_wal - a reader's locks; no writer fails for those of WAL
 *
 * returns : 0; 1 somebody is in the way, named in *holder (-1: nobody knows who); -1 with errno
 * source  : https://www.sqlite.org/lockingv3.html, https://www.sqlite.org/walformat.html 2.3
 */
int source_lock_shared(const struct source *source, pid_t *holder);
int source_lock_wal(const struct source *source, pid_t *holder);

/* How a copy is going on. */
struct going {
    struct copier_record *record; /* done_bytes and all_bytes are kept up to date and told */
    int64_t told_bytes;
};

/*
 * bytes_clone - the whole file at once, where the file system shares blocks; ioctl_ficlone(2)
 * bytes_copy  - its first `bytes` bytes; holes stay holes
 *
 * to      : made empty first
 * returns : 0; 1 it ended earlier: it was cut meanwhile; -1 with errno, of the source when
 *           *of_source
 */
int bytes_clone(int from, int to, int64_t bytes);
int bytes_copy(int from, int to, int64_t bytes, struct going *going, bool *of_source);

#endif
