/* prefix_check - is this state a database that holds exactly what some prefix of the run had put
 * there?
 *
 * Plain SQLite opens the files, recovers, tells what is in them, moves the write-ahead log into the
 * database (checkpoint), checks the structures and tells again. The content is told by a digest:
 * schema, application_id, user_version and every value of every row of the three tables.
 */
#ifndef PROOF_CRASH_PREFIX_CHECK_H
#define PROOF_CRASH_PREFIX_CHECK_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "proof/crash/disk.h"

/* What the run had put there after its n-th transaction; [0]: nothing yet.
 * The holder frees `digests`. */
struct check_prefixes {
    uint64_t *digests;
    size_t count;
};

enum check_kind {
    CHECK_PREFIX,  /* the content after a whole number of transactions */
    CHECK_PARTIAL, /* sound to SQLite, but content that never was */
    CHECK_CORRUPT  /* SQLite cannot read it, or finds damage, or tells two contents */
};

/* What became of one state. Plain value. */
struct check_result {
    enum check_kind kind;
    int prefix;    /* CHECK_PREFIX: the last one that fits */
    char why[120]; /* else: in words */
};

/* check_digest - of all content that this connection sees; returns a SQLite code */
int check_digest(sqlite3 *database, uint64_t *out);

/* check_database - recover, check through this connection;
 * may change the database as SQLite does */
struct check_result check_database(sqlite3 *database, const struct check_prefixes *prefixes);

/* check_disk - open, check_database, close */
struct check_result check_disk(struct disk *disk, const struct check_prefixes *prefixes);

#endif
