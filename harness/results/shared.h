/* shared - databases that the agents of a run share: what each look saw, and what it comes to.
 *
 * Normal use: results_shared_put and results_shared_rows_put at each look; afterwards
 * results_shared_load, results_shared_release.
 */
#ifndef RESULTS_SHARED_H
#define RESULTS_SHARED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct results;

/* One look at one database, or at all files of a name in the folders of agents. Strings are
 * borrowed. */
struct results_shared_look {
    int64_t look;         /* counts within the run */
    int64_t cycle;        /* after this one; -1: before the first of a sitting, or at the end */
    const char *moment;   /* "before", "cycle", "end" */
    const char *database; /* its path; one that begins with {home} lies in folders of agents; a
                             pattern that never found a file */
    const char *answer;   /* "held", "broken", "not_checked", "absent" */
    bool charged;         /* broken, and it was sound before; or rows went with their file */
    const char *why;      /* broken: what is; not_checked: why */
    const char *told;     /* what else was seen and is no finding; "" */
    int64_t files, bytes, wal_bytes; /* of all files of the name together; just now */
    int64_t wal_peak;                /* since the look before */
    int64_t rows;                    /* of all tables; -1: not known */
    int64_t spent_ns, locked_ns;     /* the look took, and held up writers */
};
int results_shared_put(struct results *store, int64_t run, const struct results_shared_look *look,
                       struct err *err); /* a failure ends the open transaction */

/* results_shared_rows_put - how many rows a table had at this look; only where they had changed. Of
 * tables whose names look alike the last counts. */
int results_shared_rows_put(struct results *store, int64_t run, int64_t look, const char *database,
                            const char *table, int64_t rows, struct err *err);

/* results_shared_last - the number of the last look of a run, 0: none */
int results_shared_last(struct results *store, int64_t run, int64_t *look, struct err *err);

/* ---- what it comes to ---- */

struct results_shared_table {
    char *name;
    int64_t before, after; /* rows at the first look that counted them, and at the last */
};

/* One database; own strings. */
struct results_shared {
    char *name;
    bool unmatched;                    /* a pattern that never found a file */
    bool unread;                       /* it was there, and no look could check it */
    int64_t looks;                     /* that found it */
    int64_t held, broken, not_checked; /* of these */
    bool charged;                      /* broken or lost, and that is a finding of the run */
    bool lost;                         /* rows went with the file they were in */
    bool before;    /* it was broken before the run, which is charged with nothing */
    bool uncertain; /* broken, and what it was before is not known: likewise */
    char *why;      /* the first that is broken, else why it was not checked */
    char *told;     /* one after the other, "; " between them */
    int64_t files;  /* at most at one look */
    int64_t rows_before, rows_after; /* -1: not known */
    int64_t bytes_before, bytes_after;
    int64_t wal_half, wal_after, wal_most; /* the -wal's size in the first half of the looks at
                                              most, at the last one, at most */
    int64_t bytes_half;                    /* at most in the first half */
    int64_t spent_ns, locked_ns;           /* sums */
    struct results_shared_table *tables;
    size_t table_count;
};

/* results_shared_load - in the order in which they were first seen; *out is the caller's also after
 * an error */
int results_shared_load(struct results_shared **out, size_t *count, struct results *store,
                        int64_t run, struct err *err);
void results_shared_release(struct results_shared *shared, size_t count);

/*
 * results_shared_growth - does it run away?
 *
 * out     : a sentence, or ""
 * returns : a -wal of 16 MiB or more, four times what SQLite checkpoints by itself, that is still
 *           the largest it ever was and half as large again as in the first half of the looks; or a
 *           file that became four times as large and at least 16 MiB larger without more rows
 */
#define RESULTS_GROWTH_BYTES 240
bool results_shared_growth(char out[RESULTS_GROWTH_BYTES], const struct results_shared *shared);

#endif
