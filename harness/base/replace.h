/* replace - a file written whole or not at all, over nothing but its own name.
 *
 * Normal use: replace_begin, write to `fd`, replace_end. What is written goes into a fresh file of
 * the same folder, which is renamed over the name: a reader sees the old file or the new one, never
 * half. A symbolic link of that name is replaced itself; what it leads to stays as it was.
 *
 * A process that is killed in between may leave that fresh file: .spawnbench-NUMBER.new
 */
#ifndef BASE_REPLACE_H
#define BASE_REPLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum replace_kind {
    REPLACE_OURS, /* a name that we chose: what is there and is no file is refused */
    REPLACE_GIVEN /* a name that the user gave: a pipe, a terminal or /dev/stdout is written to, a
                     SQLite database is never written over */
};

/* A file under way. replace_end gives it back, also after replace_begin failed. */
struct replace {
    char *path;
    char *beside; /* the fresh file; NULL: `fd` is what the name stands for */
    int fd;       /* to write to; CLOEXEC, -1: none */
};

/* errors : ERR_SYSTEM, or ERR_USAGE for a database, naming the path; `out` is empty then */
int replace_begin(struct replace *out, const char *path, enum replace_kind kind, struct err *err);

/*
 * replace_end - the file gets its name, or goes
 *
 * good    : all of it was written
 * returns : 0, or -1 where it was not good or did not get its name
 * errors  : ERR_SYSTEM; err is left alone where it was not good
 */
int replace_end(struct replace *replace, bool good, struct err *err);

/* replace_file - the three of them for bytes that are in memory */
int replace_file(const char *path, enum replace_kind kind, const void *bytes, size_t length,
                 struct err *err);

#endif
