/* arguments - the command line of a program as a table: a row per option, and where its value goes.
 *
 * Normal use: fill the targets with the defaults, arguments_read, then see to what depends on
 * several of them.
 */
#ifndef BASE_ARGUMENTS_H
#define BASE_ARGUMENTS_H

#include <stdint.h>

#include "base/err.h"

#define ARGUMENTS_MOST  32         /* rows */
#define ARGUMENTS_LARGE 1000000000 /* the limit of a number that needs none */

enum arguments_kind {
    ARGUMENTS_FLAG,   /* bool, true when it is given */
    ARGUMENTS_TEXT,   /* const char *, borrowed from argv */
    ARGUMENTS_NUMBER, /* uint64_t, whole */
    ARGUMENTS_OWN     /* whatever `take` makes of it */
};

struct arguments_row {
    const char *name; /* without the dashes; NULL ends the table */
    enum arguments_kind kind;
    void *out;
    uint64_t least, most; /* of a number */
    /* of ARGUMENTS_OWN; -1 with *err set: not understood */
    int (*take)(void *out, const char *value, struct err *err);
};

/*
 * arguments_read - all of the command line; several of one name: the last one
 *
 * errors : ERR_USAGE an option or argument that is unknown (getopt_long tells of the former), or a
 *          value that is not understood
 * source : getopt_long(3)
 */
int arguments_read(const struct arguments_row rows[], int argc, char *argv[], struct err *err);

/* arguments_number - a whole number without a sign; errors: ERR_USAGE, naming the option */
int arguments_number(uint64_t *out, const char *name, const char *value, uint64_t least,
                     uint64_t most, struct err *err);

#endif
