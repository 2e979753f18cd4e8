/* locks - who held the locks of SQLite databases while agents were started? Sampled from
 * /proc/locks.
 *
 * Normal use: locks_new, for each cycle locks_begin and locks_pause around each of its two
 * exchanges, then locks_tell; locks_free. A thread of ours looks, every half millisecond; it opens
 * no database and takes no lock, and looks at nothing but /proc/locks, stat(2) and, once for each
 * process that holds a lock, /proc/PID/stat.
 *
 * What is between two looks is not seen: shares are estimates, and a hold that was seen may be
 * several of one process, with releases in between. So its length is told as "at most".
 *
 * source : proc(5) /proc/locks; https://sqlite.org/lockingv3.html, and section 2.3 of
 *          https://sqlite.org/walformat.html
 */
#ifndef CYCLE_LOCKS_H
#define CYCLE_LOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define LOCKS_MOST_DATABASES 32
#define LOCKS_MOST_HOLDS     4 /* the longest of each kind, that are told of one database */
#define LOCKS_MOST_WAITS     8 /* agents, likewise */

/* The two exchanges of a cycle. */
enum locks_stage { LOCKS_START, LOCKS_FINISH, LOCKS_STAGES };

/* In rollback mode and WAL alike. A process may hold several at once. */
enum locks_kind {
    LOCKS_WRITE,      /* RESERVED or above; WAL_WRITE_LOCK */
    LOCKS_EXCLUSIVE,  /* EXCLUSIVE: nobody else reads either */
    LOCKS_PENDING,    /* PENDING and not yet EXCLUSIVE: a writer waits for readers */
    LOCKS_CHECKPOINT, /* WAL_CKPT_LOCK */
    LOCKS_RECOVER,    /* WAL_RECOVER_LOCK */
    LOCKS_READ,       /* SHARED, WAL_READ_LOCK; of who does not write */
    LOCKS_KINDS
};

/* Who holds one. */
enum locks_who {
    LOCKS_AGENT,    /* an agent of the cycle, or a process below it */
    LOCKS_SUBJECT,  /* the arm's subject */
    LOCKS_BELOW,    /* a process below it that is of no known agent */
    LOCKS_RUN,      /* of the run: another subject, or what came to us from one that ended */
    LOCKS_OURS,     /* spawnbench itself */
    LOCKS_STRANGER, /* another process */
    LOCKS_NO_PID,   /* an open file description: the kernel tells no process (F_OFD_SETLK) */
    LOCKS_WHO
};

/* How lines of /proc/locks are known to be of a file. */
enum locks_match {
    LOCKS_NOT_TRIED,
    LOCKS_BY_DEVICE, /* device and inode: a lock of our own beside the database was found so */
    LOCKS_BY_INODE,  /* by inode alone: no file without a name could be made there to try it */
    LOCKS_UNSEEN     /* our own lock was not found: those of others would not be either */
};

extern const char *const locks_stage_names[]; /* "start", "finish" */
extern const char *const locks_kind_names[];  /* "write", "exclusive", ... */
extern const char *const locks_who_names[];   /* "agent", "subject", ... */
extern const char *const locks_match_names[]; /* "", "device", "inode", "none" */

/* One hold as it was sampled. Plain value; times are ns of CLOCK_MONOTONIC. */
struct locks_hold {
    enum locks_kind kind;
    enum locks_who who;
    char agent[32];   /* AGENT: its id; else "" */
    char name[65];    /* AGENT: its name; else that of the process, "" when it was gone */
    pid_t pid;        /* 0: NO_PID */
    int64_t begin_ns; /* the last look that did not see it */
    int64_t seen_ns;  /* from the first look that saw it to the last one */
    int64_t most_ns;  /* from the last look before it to the first one after it */
};

/* An agent that fared ill while another process held the write lock of a database. */
enum locks_fate { LOCKS_FAILED, LOCKS_TIMED_OUT, LOCKS_SLOWEST, LOCKS_ENDED_BADLY, LOCKS_FATES };
extern const char *const locks_fate_names[]; /* "failed", "timed_out", "slowest", "ended_badly" */

struct locks_wait {
    char agent[32], name[65];
    enum locks_fate fate;
    int64_t span_ns; /* from its start, else the request, until it was ready, else the answer */
    int64_t held_ns; /* of that, in so much others held the lock; by samples */
    struct locks_hold by; /* who held it longest then; kind WRITE, seen_ns and most_ns added up */
};

/* One database during one exchange. */
struct locks_told {
    char *name; /* owned; "": the subject's store */
    enum locks_stage stage;
    enum locks_match match;
    int64_t looks, span_ns; /* from the first look to the last */
    int64_t gap_ns;         /* the longest time between two of them */
    int64_t held_ns[LOCKS_KINDS];
    int64_t holds_seen; /* how many holds of the write lock were told apart */
    struct locks_hold holds[2 * LOCKS_MOST_HOLDS]; /* WRITE, then READ; each the longest first */
    size_t hold_count;
    struct locks_wait waits[LOCKS_MOST_WAITS];
    size_t wait_count;
};

/* What was seen in one cycle. */
struct locks_seen {
    struct locks_told *items;
    size_t count;
    int64_t looks, spent_ns; /* of all databases together: CPU time of the looking */
    int64_t lost; /* looks that did not see all, and holds that were not kept: too many at once */
};

struct locks; /* opaque */
struct cycle;

/* locks_new - errors: ERR_UNFIT "/proc/locks" cannot be read here; ERR_SYSTEM no thread */
int locks_new(struct locks **out, struct err *err);
void locks_free(struct locks *locks); /* accepts NULL; the thread has ended afterwards */

/*
 * locks_watch - begin a cycle; which databases: the subject's (NULL: it keeps none), and others
 *
 * subject : its process
 * shared  : paths; names: how they are told
 *
 * What is beyond LOCKS_MOST_DATABASES is left out. They need not exist yet. In the folder of each a
 * file without a name is made, locked and closed (O_TMPFILE), once, to see how the kernel names it.
 */
void locks_watch(struct locks *locks, pid_t subject, const char *store, char *const shared[],
                 char *const names[], size_t count);

/* locks_begin - look from now on; locks_pause - no more, and wait for the look under way */
void locks_begin(struct locks *locks, enum locks_stage stage);
void locks_pause(struct locks *locks);

/*
 * locks_tell - what was seen since locks_watch; while paused
 *
 * cycle   : whose agents are looked for, answered or not
 * returns : owned by the caller, locks_seen_free
 */
struct locks_seen *locks_tell(struct locks *locks, const struct cycle *cycle);
void locks_seen_free(struct locks_seen *seen); /* accepts NULL */

#endif
