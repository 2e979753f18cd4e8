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

static bool is_number(const cJSON *item)
{
    return cJSON_IsNumber(item) && isfinite(item->valuedouble);
}

static bool is_count(const cJSON *item, double most)
{
    return is_number(item) && item->valuedouble >= 0 && item->valuedouble <= most &&
           item->valuedouble == floor(item->valuedouble);
}

static bool is_share(const cJSON *item)
{
    return is_number(item) && item->valuedouble >= 0 && item->valuedouble <= 1;
}

/* What is wrong with one value of an input, or NULL; `indexed` is how many an index may choose
 * from. */
static const char *wrong_value(const cJSON *item, enum vector_kind kind, size_t indexed)
{
    switch (kind) {
    case CHECK_NUMBER:
        return is_number(item) ? NULL : "the input is no number";
    case CHECK_SHARE:
        return is_share(item) ? NULL : "the input is no number from 0 to 1";
    case CHECK_COUNT:
    case CHECK_SIZES:
        return is_count(item, CHECK_MOST) ? NULL : "the input is no count";
    case CHECK_LIST:
    case CHECK_SAME:
        return is_number(item) || cJSON_IsNull(item) ? NULL : "an element is no number";
    case CHECK_ROWS:
        return is_count(item, (double)indexed - 1) ? NULL : "an element is no index";
    }
    return NULL;
}

/* What is wrong with the shape of an input, or NULL; `before` is the length of the one before. */
static const char *wrong_shape(const cJSON *item, enum vector_kind kind, size_t before)
{
    const cJSON *row;
    if (kind == CHECK_SIZES && cJSON_IsNull(item))
        return NULL;
    if (!cJSON_IsArray(item))
        return "the input is no list";
    if (kind == CHECK_SAME && length_of(item) != before)
        return "the lists have different lengths";
    if (kind != CHECK_ROWS)
        return NULL;
    if (length_of(item) > CHECK_MOST / (before + 1))
        return "the input is too long";
    cJSON_ArrayForEach(row, item) {
        if (before == 0 || length_of(row) != before)
            return "a row is no list of the right length";
    }
    return NULL;
}

/* Appends the values of a list to `out`, which has room. */
static const char *take_values(struct check_values *out, const cJSON *list, enum vector_kind kind,
                               size_t indexed)
{
    const cJSON *item;
    const char *wrong = NULL;
    cJSON_ArrayForEach(item, list) {
        if (!wrong)
            wrong = wrong_value(item, kind, indexed);
        out->x[out->n++] = is_number(item) ? item->valuedouble : INFINITY;
    }
    return wrong;
}

static const char *read_list(struct check *check, struct check_values *out, const cJSON *item,
                             enum vector_kind kind, size_t before)
{
    const char *wrong = wrong_shape(item, kind, before);
    const cJSON *row;
    if (wrong)
        return wrong;
    out->x = check_room(check, length_of(item) * (kind == CHECK_ROWS ? before : 1));
    if (kind != CHECK_ROWS)
        return take_values(out, item, kind, 0);
    cJSON_ArrayForEach(row, item) {
        if (!wrong)
            wrong = take_values(out, row, kind, before);
    }
    return wrong;
}

static void read_input(struct check *check, struct check_values *out, const char *key,
                       enum vector_kind kind, size_t before)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(check->in, key);
    const char *wrong;
    if (!item && kind == CHECK_ROWS)
        return;
    if (!item) {
        wrong = "the input is missing";
    } else if (kind >= CHECK_LIST) {
        wrong = read_list(check, out, item, kind, before);
    } else {
        out->x = check_room(check, 1);
        out->x[0] = item->valuedouble;
        out->n = 1;
        wrong = wrong_value(item, kind, 0);
    }
    if (wrong)
        refuse(check, key, wrong);
}

/* ---- results ---- */

static const cJSON *wanted(struct check *check, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(check->want, key);
    assert(check->asked_count < CHECK_MOST_ASKED);
    if (item) {
        check->asked[check->asked_count++] = item;
        return item;
    }
    check->values++;
    check_miss(check, key, "is missing in expected");
    return NULL;
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

static const char *word_of(double flag)
{
    return flag != 0 ? "true" : "false";
}

static void compare(struct check *check, const char *key, const cJSON *item, double got, bool exact)
{
    double want = item->valuedouble;
    check->values++;
    if (cJSON_IsNull(item)) {
        if (isfinite(got))
            check_miss(check, key, "got %.17g, expected null", got);
    } else if (cJSON_IsBool(item)) {
        if (got != (double)cJSON_IsTrue(item))
            check_miss(check, key, "got %s, expected %s", word_of(got),
                       word_of(cJSON_IsTrue(item)));
    } else if (!is_number(item)) {
        check_miss(check, key, "expected is no number");
    } else if (exact ? got != want : !close_enough(check, key, want, got)) {
        check_miss(check, key, "got %.17g, expected %.17g", got, want);
    }
}

void expect_number(struct check *check, const char *key, double got)
{
    const cJSON *item = wanted(check, key);
    if (item)
        compare(check, key, item, got, false);
}

void expect_exact(struct check *check, const char *key, double got)
{
    const cJSON *item = wanted(check, key);
    if (item)
        compare(check, key, item, got, true);
}

void expect_list(struct check *check, const char *key, const double got[], size_t n, bool exact)
{
    const cJSON *list = wanted(check, key), *item;
    size_t i = 0;
    if (list && (!cJSON_IsArray(list) || length_of(list) != n)) {
        check->values++;
        check_miss(check, key, "got %zu elements, expected %zu", n, length_of(list));
        return;
    }
    cJSON_ArrayForEach(item, list) {
        compare(check, key, item, got[i++], exact);
    }
}

void expect_string(struct check *check, const char *key, const char *got)
{
    const cJSON *item = wanted(check, key);
    if (!item)
        return;
    check->values++;
    if (!cJSON_IsString(item) || strcmp(item->valuestring, got) != 0)
        check_miss(check, key, "got %s, expected %.100s", got,
                   cJSON_IsString(item) ? item->valuestring : "no string");
}

/* ---- the file ---- */

static bool was_asked(const struct check *check, const cJSON *item)
{
    for (size_t i = 0; i < check->asked_count; i++)
        if (check->asked[i] == item)
            return true;
    return false;
}

static bool is_other(const struct check_handler *handler, const char *key)
{
    for (size_t i = 0; i < CHECK_MOST_OTHERS && handler->others[i]; i++)
        if (strcmp(key, handler->others[i]) == 0)
            return true;
    return strcmp(key, "id") == 0;
}

static void find_forgotten(struct check *check, const struct check_handler *handler)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, check->want) {
        if (was_asked(check, item) || is_other(handler, item->string))
            continue;
        check->values++;
        check_miss(check, item->string, "nothing computes this field");
    }
}

static void run_handler(struct check *check, const struct check_handler *handler)
{
    struct check_values in[CHECK_MOST_INPUTS] = {{NULL, 0}};
    for (size_t i = 0; i < CHECK_MOST_INPUTS && handler->inputs[i].key; i++)
        read_input(check, &in[i], handler->inputs[i].key, handler->inputs[i].kind,
                   i ? in[i - 1].n : 0);
    if (check->broken)
        return;
    handler->run(check, in);
    find_forgotten(check, handler);
}

static void run_case(struct check *check, const struct check_handler *handler)
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
    else
        run_handler(check, handler);
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

static void run_cases(struct check *check, const struct check_handler *handler)
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
        run_case(check, handler);
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

void check_file(struct check *check, const struct check_handler *handler, const char *data,
                size_t length)
{
    struct err err = {0};
    if (json_parse(&check->root, data, length, &err) < 0)
        refuse(check, "file", err.text);
    else
        read_tolerances(check);
    if (!check->broken)
        run_cases(check, handler);
}

void check_release(struct check *check)
{
    disown_all(check);
    cJSON_Delete(check->root);
    check->root = NULL;
}

const struct check_handler *check_find(const char *file)
{
    for (const struct check_handler *handler = check_handlers; handler->name; handler++) {
        size_t length = strlen(handler->name);
        if (strncmp(file, handler->name, length) == 0 && strcmp(file + length, ".json") == 0)
            return handler;
    }
    return NULL;
}
