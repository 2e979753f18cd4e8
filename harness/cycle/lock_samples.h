/* lock_samples - looks at locks, one after the other, put together to times and holds; inside
 * cycle/ only.
 *
 * Normal use: lock_samples_begin, lock_samples_add for each look, lock_samples_end; again for the
 * next stage. It allocates nothing between these.
 */
#ifndef CYCLE_LOCK_SAMPLES_H
#define CYCLE_LOCK_SAMPLES_H

#include "base/process.h"
#include "cycle/lock_table.h"

#define LOCK_SAMPLES_MOST_HOLDERS 1024
#define LOCK_SAMPLES_MOST_SPANS   8192
#define LOCK_SAMPLES_ANCESTORS    12

/* Who held a lock, and whose child that was when it was first seen with one. */
struct lock_holder {
    pid_t pid; /* -1: an open file description */
    char name[17];
    pid_t above[LOCK_SAMPLES_ANCESTORS]; /* nearest first, 0 ends them */
};

/* One kind of lock of one holder, seen look after look. */
struct lock_span {
    size_t database, holder;
    enum locks_kind kind; /* WRITE, READ */
    enum locks_stage stage;
    int64_t before_ns, first_ns, last_ns, after_ns; /* looks: the outer two did not see it */
    bool open;                                      /* the last look saw it */
};

/* One database during one stage. */
struct lock_times {
    int64_t looks, span_ns, gap_ns;
    int64_t held_ns[LOCKS_KINDS];
};

struct lock_samples {
    size_t database_count;
    struct lock_times times[LOCKS_STAGES][LOCKS_MOST_DATABASES];
    struct lock_holder holders[LOCK_SAMPLES_MOST_HOLDERS];
    size_t holder_count;
    struct lock_span spans[LOCK_SAMPLES_MOST_SPANS];
    size_t span_count;
    size_t open[LOCK_TABLE_MOST * 2]; /* spans that the last look saw */
    size_t open_count;
    int64_t looks, lost;
    /* of the stage under way */
    enum locks_stage stage;
    int64_t last_ns; /* the look before; 0: none */
    unsigned last_held[LOCKS_MOST_DATABASES];
};

/* lock_samples_reset - forget all; of so many databases from now on */
void lock_samples_reset(struct lock_samples *samples, size_t database_count);

void lock_samples_begin(struct lock_samples *samples, enum locks_stage stage);
void lock_samples_add(struct lock_samples *samples, const struct lock_table *table, int64_t now_ns);
void lock_samples_end(struct lock_samples *samples, int64_t now_ns);

#endif
