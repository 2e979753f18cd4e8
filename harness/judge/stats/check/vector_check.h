/* vector_check - how does one file of golden vectors compare with what the library computes?
 *
 * A row of check_files names the file and a function that is called for each of its cases: it
 * fetches the inputs with check_*, computes, and tells each result with expect_*. An input that is
 * missing or wrong is a miss, and no result of that case is compared; an expected field that nobody
 * asked for is one too, so that none is passed over in silence.
 */
#ifndef JUDGE_STATS_CHECK_VECTOR_CHECK_H
#define JUDGE_STATS_CHECK_VECTOR_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#define CHECK_MOST       10000000 /* largest count a case may ask for: damaged ones ask for more */
#define CHECK_MOST_OWNED 16       /* arrays of one case */

/* The values of a list, one behind the other; those of lists in it as well. */
struct check_list {
    double *x;
    size_t n;
};

/* One file at work. Zero at the start; nothing is left to free after check_file. */
struct check {
    const cJSON *tolerance, *in; /* `in`: the inputs of the case at hand */
    cJSON *want;                 /* its expected fields that were not yet asked for */
    bool broken;                 /* an input of this case was missing or wrong */
    size_t cases, values, missed;
    char first[512]; /* the first miss in words */
    void *owned[CHECK_MOST_OWNED];
    size_t owned_count;
};

/* How one file is checked. The table ends with a name of NULL. */
struct check_file {
    const char *name; /* NAME.json */
    void (*run)(struct check *check);
    const char *others[5]; /* expected fields that nothing here computes, up to the first NULL */
};

extern const struct check_file check_files[];

/* check_data - all cases of the text of one file; what is wrong is told in check->missed, first */
void check_data(struct check *check, const struct check_file *file, const char *data,
                size_t length);

/* check_refuse - what keeps us from comparing: counts as one value that missed */
void check_refuse(struct check *check, const char *key, const char *what);

/* check_room - zeroed doubles until the case is over, for at least one */
double *check_room(struct check *check, size_t n);

/* check_number, _share, _count - an input that is finite, 0 .. 1, an integer 0 .. CHECK_MOST; 0 if
 * it is not */
double check_number(struct check *check, const char *key);
double check_share(struct check *check, const char *key);
size_t check_count(struct check *check, const char *key);

/* check_list - an input that is a list of numbers, where null is +infinity; empty if it is none */
struct check_list check_list(struct check *check, const char *key);

/* check_list_like - one that has n values; all 0 if it has not */
double *check_list_like(struct check *check, const char *key, size_t n);

/* check_sizes - a list of counts, n of them; null is an empty one. Empty if it is none */
size_t *check_sizes(struct check *check, const char *key, size_t *n);

/* expect_* - compare one result with the field `key`. There null means that got must be NaN or
 * infinite; true and false are 1 and 0. */
void expect_number(struct check *check, const char *key, double got);
void expect_list(struct check *check, const char *key, const double got[], size_t n);
void expect_string(struct check *check, const char *key, const char *got);

#endif
