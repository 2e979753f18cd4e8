/* Does a file of golden vectors hold what the library computes? Reading with distrust, comparing
 * within the tolerance, remembering the first miss. */
#include "stats/check/check.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

/* ---- misses ---- */

static const char *id_of(const struct check *check)
{
    const char *id = check->want ? json_string(check->want, "id") : NULL;
    if (!id && check->in)
        id = json_string(check->in, "id");
    return id ? id : "-";
}

void check_miss(struct check *check, const char *key, const char *format, ...)
{
    char what[256];
    va_list args;
    if (check->missed++ > 0)
        return;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    snprintf(check->first, sizeof check->first, "%.100s %.100s: %s", id_of(check), key, what);
    text_make_printable(check->first);
}

/* What keeps us from comparing at all counts as one value. */
static void refuse(struct check *check, const char *key, const char *what)
{
    check->broken = true;
    check->values++;
    check_miss(check, key, "%s", what);
}

bool check_has(const struct check *check, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(check->in, key) != NULL;
}

bool check_ready(const struct check *check)
{
    return !check->broken;
}

/* ---- inputs ---- */

static void *own(struct check *check, void *memory)
{
    assert(check->owned_count < CHECK_MOST_OWNED);
    check->owned[check->owned_count++] = memory;
    return memory;
}

static size_t length_of(const cJSON *list)
{
    return cJSON_IsArray(list) ? (size_t)cJSON_GetArraySize(list) : 0;
}

static void disown_all(struct check *check)
{
    while (check->owned_count > 0)
        free(check->owned[--check->owned_count]);
}

double *check_room(struct check *check, size_t n)
{
    return own(check, xcalloc(n + 1, sizeof(double)));
}

static const cJSON *input(struct check *check, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(check->in, key);
    if (!item)
        refuse(check, key, "the input is missing");
    return item;
}

static bool is_number(const cJSON *item)
{
    return cJSON_IsNumber(item) && isfinite(item->valuedouble);
}

static double number_of(struct check *check, const char *key)
{
    const cJSON *item = input(check, key);
    if (!item)
        return NAN;
    if (!is_number(item)) {
        refuse(check, key, "the input is no number");
        return NAN;
    }
    return item->valuedouble;
}

double check_number(struct check *check, const char *key, double least, double most)
{
    double value = number_of(check, key);
    if (value < least || value > most)
        refuse(check, key, "the input is out of range");
    return value;
}

double check_between(struct check *check, const char *key, double least, double most)
{
    double value = number_of(check, key);
    if (value <= least || value >= most)
        refuse(check, key, "the input is out of range");
    return value;
}

static bool is_count(const cJSON *item, double most)
{
    return is_number(item) && item->valuedouble >= 0 && item->valuedouble <= most &&
           item->valuedouble == floor(item->valuedouble);
}

size_t check_count(struct check *check, const char *key)
{
    const cJSON *item = input(check, key);
    if (is_count(item, CHECK_MOST))
        return (size_t)item->valuedouble;
    if (item)
        refuse(check, key, "the input is no count");
    return 0;
}

const char *check_string(struct check *check, const char *key)
{
    const cJSON *item = input(check, key);
    if (cJSON_IsString(item))
        return item->valuestring;
    if (item)
        refuse(check, key, "the input is no string");
    return "";
}

double *check_numbers(struct check *check, const char *key, size_t *n)
{
    const cJSON *list = input(check, key), *item;
    double *values = check_room(check, length_of(list));
    *n = 0;
    if (list && !cJSON_IsArray(list))
        refuse(check, key, "the input is no list");
    if (!cJSON_IsArray(list))
        return values;
    cJSON_ArrayForEach(item, list) {
        if (!is_number(item) && !cJSON_IsNull(item))
            refuse(check, key, "an element is no number");
        values[(*n)++] = is_number(item) ? item->valuedouble : INFINITY;
    }
    return values;
}

size_t *check_sizes(struct check *check, const char *key, size_t *n)
{
    const cJSON *list = input(check, key), *item;
    size_t *sizes = own(check, xcalloc(length_of(list) + 1, sizeof *sizes));
    *n = 0;
    if (list && !cJSON_IsArray(list) && !cJSON_IsNull(list))
        refuse(check, key, "the input is no list");
    if (!cJSON_IsArray(list))
        return sizes;
    cJSON_ArrayForEach(item, list) {
        if (!is_count(item, CHECK_MOST))
            refuse(check, key, "an element is no count");
        else
            sizes[(*n)++] = (size_t)item->valuedouble;
    }
    return sizes;
}

size_t *check_rows(struct check *check, const char *key, size_t wide, size_t most, size_t *rows)
{
    const cJSON *list = input(check, key), *row, *item;
    size_t *indices, i = 0;
    *rows = length_of(list);
    if (*rows == 0 || *rows > CHECK_MOST / (wide + 1)) {
        refuse(check, key, "the input is no list of lists");
        return NULL;
    }
    indices = own(check, xcalloc(*rows * wide + 1, sizeof *indices));
    cJSON_ArrayForEach(row, list) {
        if (length_of(row) != wide) {
            refuse(check, key, "a row is no list of the right length");
            return indices;
        }
        cJSON_ArrayForEach(item, row) {
            if (!is_count(item, CHECK_MOST) || item->valuedouble >= (double)most)
                refuse(check, key, "an element is no index");
            else
                indices[i++] = (size_t)item->valuedouble;
        }
    }
    return indices;
}

void check_same(struct check *check, const char *key, size_t n, size_t m)
{
    if (n != m && check_ready(check))
        refuse(check, key, "the lists have different lengths");
}

/* ---- results ---- */

static const cJSON *wanted(struct check *check, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(check->want, key);
    check->values++;
    assert(check->asked_count < CHECK_MOST_ASKED);
    if (item)
        check->asked[check->asked_count++] = item;
    else
        check_miss(check, key, "is missing in expected");
    return item;
}

/* One member of a tolerance; a key missing means 0. */
static double tolerance_of(const cJSON *tolerance, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tolerance, key);
    return item ? item->valuedouble : 0;
}

static bool close_enough(const struct check *check, const char *key, double want, double got)
{
    const cJSON *field = cJSON_GetObjectItemCaseSensitive(check->fields, key);
    double rel = field ? tolerance_of(field, "rel") : check->rel;
    double abs = field ? tolerance_of(field, "abs") : check->abs;
    return fabs(got - want) <= abs + fmax(rel, check->rel_least) * fabs(want);
}

static void compare(struct check *check, const char *key, const cJSON *item, double got, bool exact)
{
    double want = item->valuedouble;
    if (cJSON_IsNull(item)) {
        if (isfinite(got))
            check_miss(check, key, "got %.17g, expected null", got);
        return;
    }
    if (!is_number(item)) {
        check_miss(check, key, "expected is no number");
        return;
    }
    if (exact ? got != want : !close_enough(check, key, want, got))
        check_miss(check, key, "got %.17g, expected %.17g", got, want);
}

static void expect_value(struct check *check, const char *key, double got, bool exact)
{
    const cJSON *item = wanted(check, key);
    if (item)
        compare(check, key, item, got, exact);
}

void expect_number(struct check *check, const char *key, double got)
{
    expect_value(check, key, got, false);
}

void expect_exact(struct check *check, const char *key, double got)
{
    expect_value(check, key, got, true);
}

static void compare_flag(struct check *check, const char *key, const cJSON *item, bool got)
{
    if (!cJSON_IsBool(item))
        check_miss(check, key, "expected is neither true nor false");
    else if (cJSON_IsTrue(item) != got)
        check_miss(check, key, "got %s, expected %s", got ? "true" : "false",
                   got ? "false" : "true");
}

void expect_flag(struct check *check, const char *key, bool got)
{
    const cJSON *item = wanted(check, key);
    if (item)
        compare_flag(check, key, item, got);
}

void expect_string(struct check *check, const char *key, const char *got)
{
    const cJSON *item = wanted(check, key);
    if (item && !cJSON_IsString(item))
        check_miss(check, key, "expected is no string");
    else if (item && strcmp(item->valuestring, got) != 0)
        check_miss(check, key, "got %s, expected %.100s", got, item->valuestring);
}

/* The first element of a wanted list of n; NULL and told when it is no such list. */
static const cJSON *wanted_list(struct check *check, const char *key, size_t n)
{
    const cJSON *list = wanted(check, key);
    check->values--; /* each element counts, not the list */
    if (!list)
        return NULL;
    if (cJSON_IsArray(list) && length_of(list) == n)
        return list->child;
    check->values++;
    if (cJSON_IsArray(list))
        check_miss(check, key, "got %zu elements, expected %zu", n, length_of(list));
    else
        check_miss(check, key, "expected is no list");
    return NULL;
}

static void expect_values(struct check *check, const char *key, const double got[], size_t n,
                          bool exact)
{
    const cJSON *item = wanted_list(check, key, n);
    for (size_t i = 0; item; i++, item = item->next) {
        check->values++;
        compare(check, key, item, got[i], exact);
    }
}

void expect_numbers(struct check *check, const char *key, const double got[], size_t n)
{
    expect_values(check, key, got, n, false);
}

void expect_exacts(struct check *check, const char *key, const double got[], size_t n)
{
    expect_values(check, key, got, n, true);
}

void expect_flags(struct check *check, const char *key, const bool got[], size_t n)
{
    const cJSON *item = wanted_list(check, key, n);
    for (size_t i = 0; item; i++, item = item->next) {
        check->values++;
        compare_flag(check, key, item, got[i]);
    }
}

void expect_true(struct check *check, const char *key, bool holds)
{
    check->values++;
    if (!holds)
        check_miss(check, key, "does not hold");
}

bool expect_has(const struct check *check, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(check->want, key) != NULL;
}

void expect_within(struct check *check, const char *key, check_case *run)
{
    const cJSON *outer = check->want, *inner = cJSON_GetObjectItemCaseSensitive(outer, key);
    if (!cJSON_IsObject(inner)) {
        check->values++;
        check_miss(check, key, inner ? "expected is no object" : "is missing in expected");
        return;
    }
    check->want = inner;
    run(check);
    check->want = outer;
}

/* ---- the file ---- */

static bool was_asked(const struct check *check, const cJSON *item)
{
    for (size_t i = 0; i < check->asked_count; i++)
        if (check->asked[i] == item)
            return true;
    return false;
}

static void find_forgotten(struct check *check, const cJSON *want)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, want) {
        if (cJSON_IsObject(item)) {
            find_forgotten(check, item);
        } else if (!was_asked(check, item) && strcmp(item->string, "id") != 0) {
            check->values++;
            check_miss(check, item->string, "nothing computes this field");
        }
    }
}

static void run_case(struct check *check, check_case *run)
{
    const char *in_id = json_string(check->in, "id"), *want_id = json_string(check->want, "id");
    check->cases++;
    check->asked_count = 0;
    check->rel_least = 0;
    check->broken = false;
    if (!cJSON_IsObject(check->in) || !cJSON_IsObject(check->want))
        refuse(check, "case", "is no object");
    else if (!in_id || !want_id || strcmp(in_id, want_id) != 0)
        refuse(check, "id", "inputs and expected name different cases");
    if (check_ready(check))
        run(check);
    if (check_ready(check))
        find_forgotten(check, check->want);
    disown_all(check);
}

static const cJSON *cases_of(struct check *check, const char *key)
{
    const cJSON *part = cJSON_GetObjectItemCaseSensitive(check->root, key);
    const cJSON *cases = cJSON_GetObjectItemCaseSensitive(part, "cases");
    if (cJSON_IsArray(cases) && cases->child)
        return cases;
    refuse(check, key, "has no list of cases");
    return NULL;
}

static void run_cases(struct check *check, check_case *run)
{
    const cJSON *in = cases_of(check, "inputs"), *want = cases_of(check, "expected");
    if (!in || !want)
        return;
    if (cJSON_GetArraySize(in) != cJSON_GetArraySize(want)) {
        refuse(check, "cases", "inputs and expected have different numbers of them");
        return;
    }
    for (in = in->child, want = want->child; in; in = in->next, want = want->next) {
        check->in = in;
        check->want = want;
        run_case(check, run);
    }
    check->in = check->want = NULL;
}

static void read_tolerance(struct check *check, const cJSON *tolerance)
{
    static const char *const keys[] = {"rel", "abs"};
    for (size_t i = 0; i < 2; i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(tolerance, keys[i]);
        if (item && (!is_number(item) || item->valuedouble < 0))
            refuse(check, "tolerance", "is no number of 0 or more");
    }
    if (!cJSON_IsObject(tolerance))
        refuse(check, "tolerance", "is no object");
}

static void read_tolerances(struct check *check)
{
    const cJSON *all = cJSON_GetObjectItemCaseSensitive(check->root, "tolerance"), *field;
    read_tolerance(check, all);
    check->fields = cJSON_GetObjectItemCaseSensitive(all, "fields");
    cJSON_ArrayForEach(field, check->fields)
        read_tolerance(check, field);
    check->rel = tolerance_of(all, "rel");
    check->abs = tolerance_of(all, "abs");
}

void check_file(struct check *check, check_case *run, const char *data, size_t length)
{
    struct err err = {0};
    if (json_parse(&check->root, data, length, &err) < 0)
        refuse(check, "file", err.text);
    else
        read_tolerances(check);
    if (check_ready(check))
        run_cases(check, run);
}

void check_release(struct check *check)
{
    disown_all(check);
    cJSON_Delete(check->root);
    check->root = NULL;
}

check_case *check_find(const char *file)
{
    static const struct check_handler *const tables[] = {check_basic, check_estimates,
                                                         check_series};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        for (const struct check_handler *handler = tables[i]; handler->name; handler++) {
            size_t length = strlen(handler->name);
            if (strncmp(file, handler->name, length) == 0 && strcmp(file + length, ".json") == 0)
                return handler->run;
        }
    return NULL;
}
