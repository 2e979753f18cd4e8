/* copier - what spawnbench-copy says to audit/copy.c: records of one size on its stdout.
 *
 *     spawnbench-copy DATABASE TARGET lock|never-lock
 *
 * A program of its own, because closing any descriptor of a database drops the locks that SQLite
 * has on it in the same process (howtocorrupt.html 2.2). It knows nothing of SQLite but its locks.
 */
#ifndef AUDIT_COPIER_H
#define AUDIT_COPIER_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/copy.h"
#include "base/err.h"

enum copier_says {
    COPIER_PROGRESS, /* done_bytes of all_bytes */
    COPIER_TAKEN,    /* the copy is whole */
    COPIER_REFUSED   /* there is none: code, os_error and text tell why */
};

/* Less than PIPE_BUF, so that it is written and read whole. */
struct copier_record {
    enum copier_says says;
    enum err_code code;
    int os_error;
    enum copy_way way;
    bool is_wal;
    int64_t done_bytes, all_bytes;
    int64_t bytes, wal_bytes, journal_bytes, locked_ns;
    char text[384];
};

#endif
