/* copy - a database of somebody else, taken as one consistent state into a folder of ours.
 *
 * Normal use: copy_take, audit_copied of what it made, copy_release. Nothing beside the original is
 * created or changed, and nobody who writes to it fails for longer than `locked_ns`.
 */
#ifndef AUDIT_COPY_H
#define AUDIT_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* How it was taken. */
enum copy_way {
    COPY_UNTAKEN,
    COPY_UNLOCKED,  /* no lock: it was the same before and after */
    COPY_WAL_LOCKS, /* WAL mode, somebody has it open: readers' locks, which stop no writer */
    COPY_SHARED,    /* rollback mode: its writers waited or failed for locked_ns */
    COPY_OWN        /* the file was the caller's alone */
};

extern const char *const copy_way_names[]; /* "untaken", "unlocked", "wal-locks", "shared", "own" */

struct copy_how {
    const char *folder; /* where a folder is made for it; NULL: $TMPDIR or /tmp */
    bool never_lock;    /* rather not at all than to hold up a writer */
    void (*progress)(void *context, int64_t done_bytes, int64_t all_bytes); /* NULL: silent */
    void *context;
};

/* A private copy. Zero is none; strings are its own. */
struct copy {
    char *folder; /* removed by copy_release; NULL: the file is the caller's */
    char *path;   /* of the database; -wal and -journal lie beside it as they did */
    enum copy_way way;
    bool is_wal; /* says its header */
    int64_t bytes, wal_bytes, journal_bytes;
    int64_t locked_ns, spent_ns;
    char *super_journal; /* that the -journal names, or NULL: told, never followed */
};

/*
 * copy_take - one consistent state of the database at `path`
 *
 * errors : ERR_UNFIT not checked: held by another program (its process id), missing rights, no
 *          space for the copy, it never stood still; ERR_FORMAT no regular file; ERR_SYSTEM
 * source : https://www.sqlite.org/lockingv3.html, https://www.sqlite.org/walformat.html
 */
int copy_take(struct copy *out, const char *path, const struct copy_how *how, struct err *err);

/* copy_own - a file that is the caller's alone, in place of a copy of it */
void copy_own(struct copy *out, const char *path);

/*
 * copy_keep - move it to this path, with its -wal and -journal; what lies there is replaced
 *
 * to     : on the file system of the folder that it was taken into
 * errors : ERR_SYSTEM
 */
int copy_keep(struct copy *copy, const char *to, struct err *err);

void copy_release(struct copy *copy);

/* A table whose rows the -wal takes away. */
struct copy_loss {
    char *table; /* own */
    int64_t rows_before, rows_after;
};

/* What SQLite's recovery did to the copy. Zero: nothing was to be done. */
struct copy_recovery {
    int64_t journal_pages;           /* played back from the -journal; 0: none, or not hot */
    int64_t wal_commits, wal_frames; /* that SQLite takes from the -wal */
    int64_t pages_before, pages_after;
    struct copy_loss *losses;
    size_t loss_count;
};

/*
 * copy_recover - let SQLite recover the copy, and see what that did
 *
 * errors : ERR_FORMAT SQLite cannot open it; ERR_SYSTEM
 */
int copy_recover(const struct copy *copy, struct copy_recovery *out, struct err *err);

void copy_recovery_release(struct copy_recovery *recovery);

#endif
