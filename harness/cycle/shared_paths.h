/* shared_paths - which files do the patterns of `databases` mean just now?
 *
 * Normal use: zero a struct shared_paths; shared_paths_find at each look; shared_paths_release.
 */
#ifndef CYCLE_SHARED_PATHS_H
#define CYCLE_SHARED_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#include "cycle/cycle.h"
#include "scenario/scenario.h"

#define SHARED_MOST_PATHS 256 /* at one look */

struct shared_path {
    char *path;     /* absolute; of a link what it points to; own */
    char *name;     /* the same for people: what lies in the folder of an agent begins with {home};
                       own */
    size_t pattern; /* index in scenario->databases */
    bool there;     /* false: no glob, and there is no such file */
    bool fleeting;  /* it lies in the folder of an agent, which goes with its cycle */
};

/* Zero is empty. */
struct shared_paths {
    struct shared_path *items;
    size_t count, left_out; /* left_out: beyond SHARED_MOST_PATHS */
};

/*
 * shared_paths_find - expand each pattern, as glob(3) does, for each agent; each file once
 *
 * What a glob finds beside a database by SQLite's own names (-wal, -shm, -journal) and what is no
 * file is left out. Nothing is opened. The stores of subjects are not `there`.
 *
 * cycle  : whose agents' homes are meant; NULL: none yet, {home} finds nothing
 * folder : of the run, what {folder} stands for
 */
void shared_paths_find(struct shared_paths *out, const struct scenario *scenario,
                       const struct cycle_subjects *run, const struct cycle *cycle,
                       const char *folder);

void shared_paths_release(struct shared_paths *paths);

#endif
