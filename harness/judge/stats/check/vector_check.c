/* Does a file of golden vectors hold what the library computes? Reading with distrust, comparing
 * within the tolerance, remembering the first miss. */
#include "judge/stats/check/vector_check.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

static const cJSON *member(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static bool is_number(const cJSON *item)
{
    return cJSON_IsNumber(item) && isfinite(item->valuedouble);
}

/* ---- misses ---- */

__attribute__((format(printf, 3, 4))) static void miss(struct check *check, const char *key,
                                                       const char *format, ...)
{
    const char *id = json_string(check->in, "id");
    char what[256];
    va_list args;
    if (check->missed++ > 0)
        return;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    snprintf(check->first, sizeof check->first, "%.100s %.100s: %s", id ? id : "-", key, what);
    text_make_printable(check->first);
}

void check_refuse(struct check *check, const char *key, const char *what)
{
    check->broken = true;
    check->values++;
    miss(check, key, "%s", what);
}

/* ---- inputs ---- */

double *check_room(struct check *check, size_t n)
{
    assert(check->owned_count < CHECK_MOST_OWNED);
    return check->owned[check->owned_count++] = xcalloc(n + 1, sizeof(double));
}

double check_number(struct check *check, const char *key)
{
    const cJSON *item = member(check->in, key);
    if (is_number(item))
        return item->valuedouble;
    check_refuse(check, key, item ? "the input is no number" : "the input is missing");
    return 0;
}

double check_share(struct check *check, const char *key)
{
    double value = check_number(check, key);
    if (value >= 0 && value <= 1)
        return value;
    check_refuse(check, key, "the input is no number from 0 to 1");
    return 0;
}

static size_t count_from(struct check *check, const char *key, double value)
{
    if (value >= 0 && value <= CHECK_MOST && value == floor(value))
        return (size_t)value;
    check_refuse(check, key, "the input is no count");
    return 0;
}

size_t check_count(struct check *check, const char *key)
{
    return count_from(check, key, check_number(check, key));
}

/* How many numbers there are in a list and the lists in it, each put into x unless that is NULL. */
static size_t flatten(struct check *check, const char *key, const cJSON *list, double x[])
{
    const cJSON *item;
    size_t n = 0;
    cJSON_ArrayForEach(item, list) {
        if (cJSON_IsArray(item)) {
            n += flatten(check, key, item, x ? x + n : NULL);
            continue;
        }
        if (x)
            x[n] = is_number(item) ? item->valuedouble : INFINITY;
        else if (!is_number(item) && !cJSON_IsNull(item))
            check_refuse(check, key, "an element is no number");
        n++;
    }
    return n;
}

struct check_list check_list(struct check *check, const char *key)
{
    const cJSON *item = member(check->in, key);
    struct check_list list = {.n = cJSON_IsArray(item) ? flatten(check, key, item, NULL) : 0};
    list.x = check_room(check, list.n);
    if (cJSON_IsArray(item))
        flatten(check, key, item, list.x);
    else
        check_refuse(check, key, item ? "the input is no list" : "the input is missing");
    return list;
}

double *check_list_like(struct check *check, const char *key, size_t n)
{
    struct check_list list = check_list(check, key);
    if (list.n == n)
        return list.x;
    check_refuse(check, key, "the lists have different lengths");
    return check_room(check, n);
}

size_t *check_sizes(struct check *check, const char *key, size_t *n)
{
    struct check_list list = {0};
    size_t *sizes;
    if (!cJSON_IsNull(member(check->in, key)))
        list = check_list(check, key);
    sizes = (size_t *)check_room(check, list.n);
    for (size_t i = 0; i < list.n; i++)
        sizes[i] = count_from(check, key, list.x[i]);
    *n = check->broken ? 0 : list.n;
    return sizes;
}

/* ---- results ---- */

/* One member of a tolerance; a key missing means 0, a wrong one that nothing is close enough. */
static double tolerance_of(const cJSON *tolerance, const char *key)
{
    const cJSON *item = member(tolerance, key);
    return !item ? 0 : (is_number(item) && item->valuedouble >= 0 ? item->valuedouble : NAN);
}

static bool close_enough(const struct check *check, const char *key, double want, double got)
{
    const cJSON *field = member(member(check->tolerance, "fields"), key);
    const cJSON *tolerance = field ? field : check->tolerance;
    double rel = tolerance_of(tolerance, "rel"), abs = tolerance_of(tolerance, "abs");
    return fabs(got - want) <= abs + rel * fabs(want);
}

static void compare(struct check *check, const char *key, const cJSON *item, double got)
{
    double want = item->valuedouble;
    check->values++;
    if (cJSON_IsNull(item)) {
        if (isfinite(got))
            miss(check, key, "got %.17g, expected null", got);
    } else if (cJSON_IsBool(item)) {
        if (got != (double)cJSON_IsTrue(item))
            miss(check, key, "got %s, expected %s", got != 0 ? "true" : "false",
                 cJSON_IsTrue(item) ? "true" : "false");
    } else if (!is_number(item)) {
        miss(check, key, "expected is no number");
    } else if (!close_enough(check, key, want, got)) {
        miss(check, key, "got %.17g, expected %.17g", got, want);
    }
}

/* Takes the field `key` out of what is expected; the caller frees it. NULL: nothing to compare. */
static cJSON *take_wanted(struct check *check, const char *key)
{
    cJSON *item;
    if (check->broken)
        return NULL;
    item = cJSON_DetachItemFromObjectCaseSensitive(check->want, key);
    if (!item) {
        check->values++;
        miss(check, key, "is missing in expected");
    }
    return item;
}

void expect_number(struct check *check, const char *key, double got)
{
    cJSON *item = take_wanted(check, key);
    if (item)
        compare(check, key, item, got);
    cJSON_Delete(item);
}

void expect_list(struct check *check, const char *key, const double got[], size_t n)
{
    cJSON *list = take_wanted(check, key), *item;
    size_t count = cJSON_IsArray(list) ? (size_t)cJSON_GetArraySize(list) : 0;
    if (list && (count != n || !cJSON_IsArray(list))) {
        check->values++;
        miss(check, key, "got %zu elements, expected %zu", n, count);
    } else {
        cJSON_ArrayForEach(item, list) {
            compare(check, key, item, *got++);
        }
    }
    cJSON_Delete(list);
}

void expect_string(struct check *check, const char *key, const char *got)
{
    cJSON *item = take_wanted(check, key);
    const char *want = cJSON_IsString(item) ? item->valuestring : "no string";
    check->values += item != NULL;
    if (item && strcmp(want, got) != 0)
        miss(check, key, "got %s, expected %.100s", got, want);
    cJSON_Delete(item);
}

/* ---- the file ---- */

static bool is_other(const struct check_file *file, const char *key)
{
    for (size_t i = 0; file->others[i]; i++)
        if (strcmp(key, file->others[i]) == 0)
            return true;
    return strcmp(key, "id") == 0;
}

static void run_case(struct check *check, const struct check_file *file)
{
    const char *in_id = json_string(check->in, "id"), *want_id = json_string(check->want, "id");
    const cJSON *item;
    check->cases++;
    check->broken = false;
    if (!in_id || !want_id || strcmp(in_id, want_id) != 0)
        check_refuse(check, "id", "inputs and expected name different cases");
    else
        file->run(check);
    cJSON_ArrayForEach(item, check->want) {
        if (check->broken || is_other(file, item->string))
            continue;
        check->values++;
        miss(check, item->string, "nothing computes this field");
    }
    while (check->owned_count > 0)
        free(check->owned[--check->owned_count]);
}

static void run_cases(struct check *check, const struct check_file *file, const cJSON *root)
{
    const cJSON *in = member(member(root, "inputs"), "cases");
    const cJSON *want = member(member(root, "expected"), "cases");
    check->tolerance = member(root, "tolerance");
    if (!cJSON_IsObject(check->tolerance))
        check_refuse(check, "tolerance", "is no object");
    else if (!cJSON_IsArray(in) || !cJSON_IsArray(want) || !in->child)
        check_refuse(check, "cases", "inputs and expected have no list of them");
    else if (cJSON_GetArraySize(in) != cJSON_GetArraySize(want))
        check_refuse(check, "cases", "inputs and expected have different numbers of them");
    if (check->broken)
        return;
    check->want = want->child;
    for (check->in = in->child; check->in; check->in = check->in->next) {
        run_case(check, file);
        check->want = check->want->next;
    }
}

void check_data(struct check *check, const struct check_file *file, const char *data, size_t length)
{
    struct err err = {0};
    cJSON *root = NULL;
    if (json_parse(&root, data, length, &err) < 0)
        check_refuse(check, "file", err.text);
    else
        run_cases(check, file, root);
    cJSON_Delete(root);
}
