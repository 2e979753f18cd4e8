/* vector_check - how does one file of golden vectors compare with what the library computes?
 *
 * A row of check_handlers names the file, the inputs that each of its cases has, and a function
 * that computes the results and tells each with expect_*. Inputs are read and checked before it is
 * called. An expected field that nobody asked for is a miss, so that none is passed over in
 * silence; fields that no shipped function computes are named in the row and in the program's line.
 */
#ifndef JUDGE_STATS_CHECK_VECTOR_CHECK_H
#define JUDGE_STATS_CHECK_VECTOR_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#define CHECK_MOST        10000000 /* largest count a case may ask for: damaged ones ask for more */
#define CHECK_MOST_INPUTS 8
#define CHECK_MOST_ASKED  64 /* fields of one case */
#define CHECK_MOST_OWNED  16 /* arrays of one case */
#define CHECK_MOST_OTHERS 4

enum vector_kind {
    CHECK_NUMBER, /* finite */
    CHECK_SHARE,  /* 0 .. 1 */
    CHECK_COUNT,  /* an integer, 0 .. CHECK_MOST */
    CHECK_LIST,   /* numbers; null is +infinity */
    CHECK_SAME,   /* a list as long as the input before it */
    CHECK_SIZES,  /* a list of counts; null is an empty one */
    CHECK_ROWS,   /* lists of indices into the input before it, each as long; may be missing */
};

/* An input as read: one value, or the values of a list one behind the other. */
struct check_values {
    double *x;
    size_t n;
};

/* One file at work. Zero at the start; check_release gives back what is in it. */
struct check {
    cJSON *root;
    const cJSON *in, *want; /* the case at hand */
    const cJSON *fields;    /* tolerances of single fields, or NULL */
    double rel, abs;
    double rel_least; /* a case that is allowed more: its rel is at least this */
    bool broken;      /* an input of this case was missing or wrong */
    size_t cases, values, missed;
    char first[512]; /* the first miss in words */
    const cJSON *asked[CHECK_MOST_ASKED];
    size_t asked_count;
    void *owned[CHECK_MOST_OWNED]; /* freed after the case */
    size_t owned_count;
};

/* How one file is checked. The table ends with a name of NULL. */
struct check_handler {
    const char *name; /* without .json */
    void (*run)(struct check *check, const struct check_values in[]);
    struct {
        const char *key;
        enum vector_kind kind;
    } inputs[CHECK_MOST_INPUTS];           /* up to the first without a key */
    const char *others[CHECK_MOST_OTHERS]; /* expected fields that nothing here computes */
};

extern const struct check_handler check_handlers[];

/* check_find - the row of a file, or NULL; `file` with .json */
const struct check_handler *check_find(const char *file);

/* check_file - all cases of the text of one file; what is wrong is told in check->missed, first */
void check_file(struct check *check, const struct check_handler *handler, const char *data,
                size_t length);

void check_release(struct check *check);

/* check_miss - count a miss; printf for what is wrong with `key` (an input, or the file itself) */
void check_miss(struct check *check, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* check_room - zeroed doubles (or as much of another type) until the case is over */
double *check_room(struct check *check, size_t n);

/* expect_* - compare one result with the field `key`. There null means that got must be NaN or
 * infinite; true and false are 1 and 0. `exact` is for integers, flags and places. */
void expect_number(struct check *check, const char *key, double got);
void expect_exact(struct check *check, const char *key, double got);
void expect_list(struct check *check, const char *key, const double got[], size_t n, bool exact);
void expect_string(struct check *check, const char *key, const char *got);

#endif
