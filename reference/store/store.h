/* store - the subject's SQLite database: what the spawner says it did.
 *
 * Normal use: store_open once; per batch store_record_batch, or per agent store_each_begin and
 * store_each_end; store_record_finish when the batch is over; store_tidy outside any timed span;
 * store_close. The tables are those of schema.sql.
 *
 * One connection is kept for the life of the process; all checkpoints happen on it and no other.
 * Several spawners may have one database open: whoever writes or checkpoints waits for its turn
 * (writers.h), so no checkpoint ever runs beside a commit of ours (SQLite 3.7.0 to 3.51.2 can
 * corrupt a WAL database then, audit/INTEGRITY.md 3.4). Every error of the database is returned; a
 * function that failed has changed nothing. One exception: a commit that the disk refused (an I/O
 * error) may be found done after a crash that follows at once; its agents are 'interrupted' then.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define STORE_PAGE_BYTES 4096

struct store;      /* opaque: the kept connection */
struct store_each; /* opaque: the connection of one agent, in the original's way */

/* One row of agent_executions. Strings borrowed; 0 in a time or pid: NULL. */
struct store_agent {
    const char *id, *name, *state;
    const char *outcome; /* NULL while starting */
    int64_t pid, spawned_ns, ready_ns, completed_ns;
    const char *error;  /* NULL: none */
    const void *output; /* for store_record_finish with a verdict */
    size_t output_bytes;
};

/* What a batch came to. Borrowed. */
struct store_verdict {
    const char *verdict; /* "agreed" or "split"; NULL: no consensus was asked for */
    const char *answer;  /* NULL when split */
    int64_t votes, decided_ns;
};

/* What was found when the store was opened. */
struct store_about {
    const char *engine;   /* SQLite's version, static */
    bool engine_affected; /* it has the WAL-reset race */
    int64_t interrupted;  /* agents of spawners that are gone, marked so now */
    /* agents of spawners that are gone, which run all the same: not marked */
    int64_t still_running;
};

/* What waiting for other writers cost. Turns are among spawners, see writers.h; busy is what SQLite
 * said because of programs that take no turns. */
struct store_waits {
    int64_t turns, waited; /* turns taken, checkpoints included; those that took waiting */
    int64_t waited_ns, longest_ns;
    int64_t busy, busy_ns;
};

/*
 * store_open - open or create the database, check that it is one of ours, and tell the truth about
 * agents whose spawner went away
 *
 * An agent recorded as 'starting' or 'ready' becomes 'interrupted' when no spawner of its run lives
 * (told by a lock that dies with the process, never by a process id) and its process is gone (its
 * id unused, or used by one that started at another time).
 *
 * full    : synchronous=FULL (survives power loss), else NORMAL (survives a kill)
 * run     : goes into every row, copied
 * errors  : ERR_SYSTEM cannot open, ERR_FORMAT not a database, or somebody else's, ERR_UNFIT an
 *           engine that was withdrawn
 * says    : on stderr which engine this is, and a warning if it has the WAL-reset race
 */
int store_open(struct store **out, const char *path, bool full, const char *run, struct err *err);

void store_close(struct store *store); /* accepts NULL */

/*
 * store_load_extension - load a SQLite extension into this process, for all databases it will open
 *
 * To be called before the first store_open: the extension may put a VFS of its own under them.
 * errors : ERR_UNFIT there is no such file, or it is no extension of this SQLite; with its words
 * source : https://sqlite.org/loadext.html
 */
int store_load_extension(const char *file, struct err *err);

/*
 * store_be_patient - wait for locks of others until then at most, whatever is recorded meanwhile
 *
 * until_ns : CLOCK_MONOTONIC; INT64_MAX: as long as always, 5 s for SQLite and 10 s for a turn
 */
void store_be_patient(struct store *store, int64_t until_ns);

/* store_record_batch - insert these rows in one transaction; errors: ERR_SYSTEM */
int store_record_batch(struct store *store, int64_t batch, const struct store_agent agents[],
                       size_t count, struct err *err);

/* store_update_batch - bring these rows, which exist, to their new state in one transaction */
int store_update_batch(struct store *store, const struct store_agent agents[], size_t count,
                       struct err *err);

/*
 * store_each_begin - as the original: open the file, set pragmas, create what is not there, insert
 * the row in a transaction of its own
 *
 * out     : to be given to store_each_end exactly once; NULL on error
 */
int store_each_begin(struct store_each **out, struct store *store, int64_t batch,
                     const struct store_agent *agent, struct err *err);

/* store_each_end - update the row in a transaction of its own, close. agent NULL: only close.
 * Frees each in every case. */
int store_each_end(struct store_each *each, const struct store_agent *agent, struct err *err);

/* store_record_finish - in one transaction: verdict, outputs, agents completed */
int store_record_finish(struct store *store, int64_t batch, const struct store_verdict *verdict,
                        const struct store_agent agents[], size_t count, struct err *err);

/* store_tidy - checkpoint when the WAL has outgrown 4 MB; errors: ERR_SYSTEM */
int store_tidy(struct store *store, struct err *err);

struct store_about store_about(const struct store *store);
struct store_waits store_waits(const struct store *store);

#endif
