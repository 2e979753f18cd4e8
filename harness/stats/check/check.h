/* check - how does one file of golden vectors compare with what the library computes?
 *
 * Normal use: check_file reads a file, finds the handler of its name, and calls it once per case. A
 * handler reads its inputs (check_number, check_numbers, ...), leaves when check_ready says that
 * one was missing or wrong, and tells each result with expect_*. What an expected case holds and
 * nobody asked for is a miss too, so that no field is passed over in silence.
 */
#ifndef STATS_CHECK_CHECK_H
#define STATS_CHECK_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#define CHECK_MOST       10000000 /* largest count a case may ask for: damaged ones ask for more */
#define CHECK_MOST_ASKED 64       /* fields of one case */
#define CHECK_MOST_OWNED 32       /* arrays of one case */

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

/* A handler: one case. */
typedef void check_case(struct check *check);

/* A handler and the file it knows. The table ends with a name of NULL. */
struct check_handler {
    const char *name; /* without .json */
    check_case *run;
};

extern const struct check_handler check_basic[], check_estimates[], check_series[];

/* check_find - the handler of a file, or NULL; `file` with .json */
check_case *check_find(const char *file);

/* check_file - all cases of the text of one file; what is wrong is told in check->missed, first */
void check_file(struct check *check, check_case *run, const char *data, size_t length);

void check_release(struct check *check);

/* check_miss - count a miss; printf for what is wrong with `key` (an input, or the file itself) */
void check_miss(struct check *check, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- inputs: a value of the wrong kind makes the case broken, and something harmless returned */

/* check_number - least .. most, both allowed */
double check_number(struct check *check, const char *key, double least, double most);

/* check_between - the same, neither allowed */
double check_between(struct check *check, const char *key, double least, double most);

/* check_count - an integer, 0 .. CHECK_MOST */
size_t check_count(struct check *check, const char *key);

/* check_string - "" when there is none */
const char *check_string(struct check *check, const char *key);

/* check_numbers - a list; null in it is +infinity. Lives until the case is over */
double *check_numbers(struct check *check, const char *key, size_t *n);

/* check_sizes - a list of counts, or null for none. Lives until the case is over */
size_t *check_sizes(struct check *check, const char *key, size_t *n);

/* check_rows - lists of `wide` indices below `most`, one behind the other */
size_t *check_rows(struct check *check, const char *key, size_t wide, size_t most, size_t *rows);

/* check_room - zeroed doubles until the case is over */
double *check_room(struct check *check, size_t n);

/* check_same - two lists that must be of one length */
void check_same(struct check *check, const char *key, size_t n, size_t m);

/* check_has - is there such an input at all? For those that only some cases have. */
bool check_has(const struct check *check, const char *key);

/* check_ready - were all inputs there? */
bool check_ready(const struct check *check);

/* ---- results: null in the file means that got must be NaN or infinite */

void expect_number(struct check *check, const char *key, double got);
void expect_exact(struct check *check, const char *key, double got); /* integers */
void expect_flag(struct check *check, const char *key, bool got);
void expect_string(struct check *check, const char *key, const char *got);
void expect_numbers(struct check *check, const char *key, const double got[], size_t n);
void expect_exacts(struct check *check, const char *key, const double got[], size_t n);
void expect_flags(struct check *check, const char *key, const bool got[], size_t n);

/* expect_true - what no field of the file says but must hold; told as `key` when it does not */
void expect_true(struct check *check, const char *key, bool holds);

/* expect_has - is there such a field at all? For those that only some cases have. */
bool expect_has(const struct check *check, const char *key);

/* expect_within - results of a handler that belong to the object `key` of the case */
void expect_within(struct check *check, const char *key, check_case *run);

#endif
