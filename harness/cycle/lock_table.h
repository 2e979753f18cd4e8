/* lock_table - lines of /proc/locks and the locks of SQLite that they show; inside cycle/ only.
 *
 * Normal use: lock_table_look fills who holds what of each file at one moment.
 */
#ifndef CYCLE_LOCK_TABLE_H
#define CYCLE_LOCK_TABLE_H

#include "cycle/locks.h"

#define LOCK_TABLE_MOST 512

/* A database and its -shm as the kernel names them; 0: not there. */
struct lock_files {
    ino_t database, shm;
    dev_t device; /* of both; 0: any */
};

/* One process and database. */
struct lock_entry {
    size_t database; /* index in files */
    pid_t pid;       /* -1: an open file description */
    unsigned held;   /* bits of enum locks_kind; 0: connected, and no more */
    unsigned bytes;  /* which locks those are; for lock_table.c */
};

struct lock_table {
    struct lock_entry entries[LOCK_TABLE_MOST];
    size_t count;
    bool cut; /* there were more */
};

/* lock_table_line - one line, into the table; lines of no interest are passed over */
void lock_table_line(struct lock_table *table, const char *line, const struct lock_files files[],
                     size_t count);

/* lock_table_settle - after all lines: fills `held` of each entry */
void lock_table_settle(struct lock_table *table);

/* lock_table_look - the same for a whole text of lines; replaces what the table had */
void lock_table_look(struct lock_table *table, const char *text, const struct lock_files files[],
                     size_t count);

/* lock_table_device - of the line with this inode and pid, else -1 when there is none */
int lock_table_device(dev_t *out, const char *text, ino_t inode, pid_t pid);

#endif
