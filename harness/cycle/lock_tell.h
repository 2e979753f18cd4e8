/* lock_tell - samples of locks, told by agent; inside cycle/ only. */
#ifndef CYCLE_LOCK_TELL_H
#define CYCLE_LOCK_TELL_H

#include "cycle/lock_samples.h"

/* A database that is looked at. */
struct lock_database {
    char *path, *shm; /* owned by who fills it, like its name */
    char *name;       /* "": the subject's store */
    enum locks_match match;
    dev_t device; /* as /proc/locks tells it; 0: not known */
};

/* lock_tell - see locks_tell */
struct locks_seen *lock_tell(const struct lock_samples *samples,
                             const struct lock_database databases[], size_t count,
                             const struct cycle *cycle, pid_t subject);

#endif
