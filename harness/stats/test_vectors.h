/* test_vectors - golden values: load one file of harness/stats/vectors/, walk its cases, compare
 *
 * Include it after <cmocka.h>; needs SOURCE_DIR. Normal use: load, EACH_CASE, cJSON_Delete(root).
 */
#ifndef STATS_TEST_VECTORS_H
#define STATS_TEST_VECTORS_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/json.h"
#include "base/text.h"

/* One file: cases in, cases expected, tolerance. */
struct vectors {
    cJSON *root;
    const cJSON *in, *expected;
    const cJSON *fields; /* NAME: {rel, abs} overrides both for one field; or NULL */
    double rel, abs;
};

/* One member of `tolerance`; a key missing means 0. */
static inline double vectors_tolerance(const cJSON *tolerance, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tolerance, key);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static inline struct vectors load(const char *name)
{
    struct vectors vectors = {0};
    struct err err = {0};
    char *path = text_format("%s/harness/stats/vectors/%s.json", SOURCE_DIR, name), *data = NULL;
    size_t length = 0;
    const cJSON *tolerance;
    assert_int_equal(text_read_file(&data, &length, path, 1 << 20, &err), 0);
    assert_int_equal(json_parse_message(&vectors.root, data, length, &err), 0);
    vectors.in = cJSON_GetObjectItem(cJSON_GetObjectItem(vectors.root, "inputs"), "cases")->child;
    vectors.expected =
        cJSON_GetObjectItem(cJSON_GetObjectItem(vectors.root, "expected"), "cases")->child;
    tolerance = cJSON_GetObjectItem(vectors.root, "tolerance");
    vectors.rel = vectors_tolerance(tolerance, "rel");
    vectors.abs = vectors_tolerance(tolerance, "abs");
    vectors.fields = cJSON_GetObjectItemCaseSensitive(tolerance, "fields");
    free(path);
    free(data);
    return vectors;
}

static inline double number(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    assert_non_null(item);
    if (cJSON_IsBool(item))
        return cJSON_IsTrue(item);
    return cJSON_IsNull(item) ? NAN : item->valuedouble;
}

/* A number under the tolerance of its field. want NaN means: undefined, got must be NaN or
 * infinite. */
static inline void check_value(const struct vectors *vectors, const char *id, const char *key,
                               double want, double got)
{
    const cJSON *field = cJSON_GetObjectItemCaseSensitive(vectors->fields, key);
    double rel = field ? vectors_tolerance(field, "rel") : vectors->rel;
    double abs = field ? vectors_tolerance(field, "abs") : vectors->abs;
    if (isnan(want) ? isfinite(got) : !(fabs(got - want) <= abs + rel * fabs(want) + 1e-300))
        fail_msg("%s %s: got %.17g, expected %.17g", id ? id : "?", key, got, want);
}

/* Member `key` of an expected case; null means undefined, a boolean counts as 0 or 1. */
static inline void check(const struct vectors *vectors, const cJSON *expected, const char *key,
                         double got)
{
    check_value(vectors, json_string(expected, "id"), key, number(expected, key), got);
}

/* Fresh memory, the caller frees it; null (a failed cycle) becomes +infinity. */
static inline double *array(const cJSON *object, const char *key, size_t *n)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, key), *item;
    double *values = xcalloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *values);
    *n = 0;
    cJSON_ArrayForEach(item, list) values[(*n)++] =
        cJSON_IsNull(item) ? INFINITY : item->valuedouble;
    return values;
}

/* NOLINTBEGIN(bugprone-macro-parentheses): in and want are names to declare */
#define EACH_CASE(vectors, in, want)                                                               \
    for (const cJSON *in = (vectors).in, *want = (vectors).expected; in;                           \
         in = in->next, want = want->next)
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
