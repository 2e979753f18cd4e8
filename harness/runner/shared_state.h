/* shared_state - one database that agents share, from look to look: what is it now, what was it?
 *
 * Normal use: shared_stat of each file; shared_look where it is to be read; shared_compare of the
 * two contents; shared_grew after each; shared_growth_told at the end.
 */
#ifndef RUNNER_SHARED_STATE_H
#define RUNNER_SHARED_STATE_H

#include "audit/audit.h"
#include "audit/content.h"
#include "base/text.h"

/* What stat(2) says of a file. Zero: it is not there. Plain value. */
struct shared_file {
    bool there;
    uint64_t device, inode;
    int64_t born_ns; /* 0: this file system does not tell */
    int64_t bytes, wal_bytes;
};

/* shared_stat - opens nothing */
void shared_stat(struct shared_file *out, const char *path);

/* shared_is_same - the same file, whatever is in it now */
bool shared_is_same(const struct shared_file *a, const struct shared_file *b);

/* Descriptors of a database and its -wal, -1: none. Nothing is locked; as long as they are kept, a
 * file that is removed can still be read, and no other gets its inode. */
struct shared_held {
    int database, wal;
};

/*
 * shared_hold   - those of a path from now on, in place of those that were held; NULL: none
 * shared_recall - what is in the file that is held, through a copy in `folder`; -1: nobody knows
 */
void shared_hold(struct shared_held *held, const char *path);
int shared_recall(struct audit_content *out, const struct shared_held *held, const char *folder);

/* What one look into a database came to. Zero is none; shared_look_release. */
struct shared_look {
    enum audit_answer answer;
    char *why; /* BROKEN: the first of its findings; NOT_CHECKED: what keeps us from it; own */
    struct audit_findings findings;
    struct audit_answers answers;
    bool has_content;
    struct audit_content content;
    int64_t spent_ns, locked_ns;
};

/*
 * shared_look - audit a private copy and count its rows
 *
 * was_database : at a look before; then a file that is no database any more is broken
 * folder       : where the copy is made
 * whole        : indexes are compared with their tables, and a writer that never pauses is held up
 *                for the length of the copy; else neither
 *
 * What is broken is looked at twice, each time on a copy of its own. Never fails: what keeps us
 * from it is its answer.
 */
void shared_look(struct shared_look *out, const char *path, bool was_database, const char *folder,
                 bool whole);
void shared_look_release(struct shared_look *look);

/* shared_rows - of all tables that could be counted */
int64_t shared_rows(const struct audit_content *content);

/*
 * shared_compare - the tables that have fewer rows than before
 *
 * out     : "6 rows of session where 120 were; ...", the first three and how many more
 * returns : how many tables
 */
size_t shared_compare(struct text *out, const struct audit_content *before,
                      const struct audit_content *now);

/* ---- rows per cycle ---- */

/* So many cycles of an arm and batch size added so many rows to a table. */
struct shared_step {
    char *table; /* own */
    int arm, value;
    int64_t rows, cycles;
    size_t first; /* of these cycles */
};

struct shared_steps {
    struct shared_step *items;
    size_t count;
};

/* shared_grew - one more cycle; before: NULL: there was nothing */
void shared_grew(struct shared_steps *steps, const struct audit_content *before,
                 const struct audit_content *now, const struct cycle *cycle);

/* shared_steps_told - where cycles of one arm and batch size added unequal numbers of rows:
 * "rows of session per cycle of par: +30 in 12, +19 in 1 (cycle 2)"; else nothing */
void shared_steps_told(struct text *out, const struct shared_steps *steps,
                       const struct scenario *scenario);
void shared_steps_release(struct shared_steps *steps);

#endif
