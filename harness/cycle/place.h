/* place - whose is a process: below which subject, and by which number does it know itself?
 *
 * Normal use: a struct places for one look, place_of for each process, places_release.
 */
#ifndef CYCLE_PLACE_H
#define CYCLE_PLACE_H

#include "cycle/cycle_internal.h"

#define PLACE_MOST_STEPS 256 /* from a process up to its subject */

/* What /proc/PID/stat says of a process. Plain value. */
struct place_view {
    char state; /* Z: it has ended and waits to be reaped */
    pid_t parent, group, session;
    int64_t began_ticks; /* see struct birth */
};

/* A process and its number in a pid namespace below ours. */
struct place_inner {
    pid_t pid, number;
};

/* One look. Zero but for the first two. */
struct places {
    const struct cycle_subjects *run; /* NULL: there are no other arms */
    pid_t subject;
    struct place_inner *inner; /* of all processes; read when it is needed */
    size_t inner_count;
    bool inner_read;
};

enum place {
    PLACE_SUBJECT, /* it descends from the subject */
    PLACE_ADOPTED, /* from a process that came to us when its parent went: a daemon of the arm */
    PLACE_ANOTHER, /* it is ours, or of the subject of another arm */
    PLACE_OUTSIDE
};

/* place_view - false when there is no such process */
bool place_view(struct place_view *out, pid_t pid);

/* place_of - by the chain of its parents, as far as it still stands */
enum place place_of(const struct places *places, pid_t pid);

/* place_thread_of - the process that a number belongs to: another one when it is a thread's; 0:
 * none */
pid_t place_thread_of(pid_t number);

/* place_first_numbered - from a process up to the subject, the first that has this number, here or
 * in a pid namespace of its own; 0: none */
pid_t place_first_numbered(const struct places *places, pid_t pid, pid_t number);

/* place_is_inner - does it live in a pid namespace below ours? */
bool place_is_inner(pid_t pid);

/*
 * place_inner_numbered - the process below the subject that has this number in a namespace below
 * ours; 0: none
 *
 * elsewhere : whether a process that is not below the subject has it
 * danger    : reads all of /proc, once for each look
 */
pid_t place_inner_numbered(struct places *places, pid_t number, bool *elsewhere);

void places_release(struct places *places);

#endif
