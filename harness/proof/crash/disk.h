/* disk - the three files of one crash state in memory, and a SQLite VFS that serves them.
 *
 * Thousands of states a second are too many for real files. SQLite itself is the real one: it
 * opens, recovers, rolls back and checkpoints these buffers as it would files. One connection at a
 * time, so locks are granted and the shared memory of the write-ahead log is ours, empty as after a
 * boot.
 *
 * Normal use: disk_register once; fill a struct disk; disk_open; disk_close.
 */
#ifndef PROOF_CRASH_DISK_H
#define PROOF_CRASH_DISK_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "proof/crash/log.h"

/* A file's bytes. Zero is a file that is not there. Beyond `size` the room holds anything. */
struct disk_file {
    unsigned char *data; /* own */
    size_t size, room;
    bool there;
};

/* The files of one database by name. The holder releases it. */
struct disk {
    struct disk_file files[CRASH_NAMES];
};

/* disk_write, disk_truncate - as pwrite and ftruncate: a gap is filled with zeros */
void disk_write(struct disk_file *file, const void *bytes, size_t count, size_t offset);
void disk_truncate(struct disk_file *file, size_t size);

/* disk_copy - make `to` equal to `from`, keeping its memory */
void disk_copy(struct disk_file *to, const struct disk_file *from);

/* disk_hash - of the names that are there and all their bytes; equal states, equal hashes.
 * A file of no bytes counts as there: SQLite may treat it otherwise than none. */
uint64_t disk_hash(const struct disk *disk);

/* disk_save - write the files as DIRECTORY/state.sqlite, ...-wal, ...-journal, as far as they are
 * there
 * errors : ERR_SYSTEM */
int disk_save(const struct disk *disk, const char *directory, struct err *err);

void disk_release(struct disk *disk); /* accepts zero */

/* disk_register - make the VFS known to SQLite; again is harmless. errors: ERR_SYSTEM */
int disk_register(struct err *err);

/*
 * disk_open - a connection to the database of this disk
 *
 * disk    : borrowed until disk_close; SQLite may change it
 * returns : a SQLite code; *out is to be closed with disk_close in every case
 */
int disk_open(sqlite3 **out, struct disk *disk);

/* disk_close - closes, accepts NULL; returns the SQLite code of the close */
int disk_close(sqlite3 *database);

#endif
