/* shared_known - what is known of the databases that agents share.
 *
 * shared_watch.c finds it out, shared_put.c stores it; nobody else includes this. */
#ifndef RUNNER_SHARED_KNOWN_H
#define RUNNER_SHARED_KNOWN_H

#include "results/shared.h"
#include "runner/runner_internal.h"
#include "runner/shared_state.h"

/* What is known of a database before the run, which decides whom its damage is charged to. */
enum ground { GROUND_SOUND, GROUND_BROKEN, GROUND_UNKNOWN };

/* One database; those in folders of agents that have the same name there are one. */
struct known {
    char *path, *name;
    bool fleeting;
    struct shared_file file, found; /* at the last look with stat(2), and at this one */
    struct shared_held held;        /* of that file */
    int64_t files, bytes, wal_bytes, wal_peak;
    enum ground ground;
    bool reported;                /* it is broken, and the run has that finding */
    struct audit_content content; /* at the last look into it */
    bool has_content;
    size_t content_at; /* watch->cycles then */
    struct shared_steps steps;
    size_t told_count;
    /* of this look */
    bool seen, looked;
    bool lost; /* rows, with the file they were in */
    struct shared_look look;
    struct text told;
};

/* What one look saw of one database, until it is stored. Own strings. */
struct shared_row {
    struct results_shared_look look;
    char *name, *why, *told;
    struct audit_table *tables; /* whose rows are others than at the look before */
    size_t table_count;
    struct audit_answers answers; /* of the look at the end */
};

struct shared_watch {
    bool *matched; /* per pattern */
    struct known *items;
    size_t count;
    struct audit_schedule schedule;
    int64_t looks, stored_before; /* by this sitting, and by earlier ones */
    bool began;                   /* stored_before is known */
    size_t cycles;                /* of this sitting so far */
    size_t left_out;
    const struct cycle *cycle; /* after which this look is; NULL: before the first, or at the end */
    bool ending;
    struct audit_findings findings; /* that are not yet stored */
    struct shared_row *rows;        /* likewise */
    size_t row_count;
};

/* shared_forget - what was to be stored */
void shared_forget(struct shared_watch *watch);

#endif
