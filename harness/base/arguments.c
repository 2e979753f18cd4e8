/* What does a command line ask for? Rows instead of a switch in every program. */
#include "base/arguments.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>

#define FIRST 256 /* what getopt_long answers for the first row: no character */

int arguments_number(uint64_t *out, const char *name, const char *value, uint64_t least,
                     uint64_t most, struct err *err)
{
    char *end;
    unsigned long long number;
    errno = 0;
    number = strtoull(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end || errno || number < least || number > most)
        return err_set(err, ERR_USAGE, "--%s wants a number from %llu to %llu, not '%s'", name,
                       (unsigned long long)least, (unsigned long long)most, value);
    *out = number;
    return 0;
}

static int take(const struct arguments_row *row, const char *value, struct err *err)
{
    switch (row->kind) {
    case ARGUMENTS_FLAG:
        *(bool *)row->out = true;
        return 0;
    case ARGUMENTS_TEXT:
        *(const char **)row->out = value;
        return 0;
    case ARGUMENTS_NUMBER:
        return arguments_number(row->out, row->name, value, row->least, row->most, err);
    case ARGUMENTS_OWN:
        return row->take(row->out, value, err);
    }
    return -1;
}

int arguments_read(const struct arguments_row rows[], int argc, char *argv[], struct err *err)
{
    struct option known[ARGUMENTS_MOST + 1] = {{0}};
    int which;
    for (int i = 0; rows[i].name; i++) {
        assert(i < ARGUMENTS_MOST);
        known[i].name = rows[i].name;
        known[i].has_arg = rows[i].kind == ARGUMENTS_FLAG ? no_argument : required_argument;
        known[i].val = FIRST + i;
    }
    while ((which = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (which < FIRST)
            return err_set(err, ERR_USAGE, "see --help");
        if (take(&rows[which - FIRST], optarg, err) < 0)
            return -1;
    }
    if (optind < argc)
        return err_set(err, ERR_USAGE, "unexpected argument '%s' (see --help)", argv[optind]);
    return 0;
}
