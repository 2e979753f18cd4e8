/* Do the statistics give the golden values? Each file of vectors/ was computed with 50-digit
 * arithmetic. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/text.h"
#include "stats/stats.h"

/* One file: cases in, cases expected, tolerance. */
struct vectors {
    cJSON *root;
    const cJSON *in, *expected;
    double rel, abs;
};

static struct vectors load(const char *name)
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
    if (cJSON_HasObjectItem(tolerance, "rel"))
        vectors.rel = cJSON_GetObjectItem(tolerance, "rel")->valuedouble;
    if (cJSON_HasObjectItem(tolerance, "abs"))
        vectors.abs = cJSON_GetObjectItem(tolerance, "abs")->valuedouble;
    free(path);
    free(data);
    return vectors;
}

static double number(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    assert_non_null(item);
    return cJSON_IsNull(item) ? NAN : item->valuedouble;
}

/* null in expected means: undefined, got must be NaN or infinite */
static void check(const struct vectors *vectors, const cJSON *expected, const char *key, double got)
{
    double want = number(expected, key);
    if (isnan(want) ? isfinite(got)
                    : !(fabs(got - want) <= vectors->abs + vectors->rel * fabs(want) + 1e-300))
        fail_msg("%s %s: got %.17g, expected %.17g", json_string(expected, "id"), key, got, want);
}

static double *array(const cJSON *object, const char *key, size_t *n)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, key), *item;
    double *values = xcalloc((size_t)cJSON_GetArraySize(list), sizeof *values);
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

static void descriptive(void **state)
{
    struct vectors vectors = load("descriptive");
    (void)state;
    EACH_CASE(vectors, in, want)
    {
        size_t n, points;
        double *x = array(in, "x", &n), *p = array(in, "p", &points);
        const cJSON *quantile = cJSON_GetObjectItem(want, "quantiles_type7")->child;
        struct stats_summary summary;
        stats_sort(x, n);
        summary = stats_summarise(x, n);
        check(&vectors, want, "mean", summary.mean);
        check(&vectors, want, "sd", summary.standard_deviation);
        check(&vectors, want, "median", summary.median);
        check(&vectors, want, "min", summary.min);
        check(&vectors, want, "max", summary.max);
        for (size_t i = 0; i < points; i++, quantile = quantile->next) {
            double got = stats_quantile(x, n, p[i]);
            assert_true(fabs(got - quantile->valuedouble) <=
                        vectors.abs + vectors.rel * fabs(got) + 1e-300);
        }
        free(x);
        free(p);
    }
    cJSON_Delete(vectors.root);
}

static void claim_test(void **state)
{
    struct vectors vectors = load("claim_test");
    (void)state;
    EACH_CASE(vectors, in, want)
    {
        size_t n = (size_t)number(in, "n"), c = (size_t)number(in, "c");
        check(&vectors, want, "p_support",
              stats_p_support(c, n, number(in, "p"), number(in, "tau")));
        check(&vectors, want, "p_refute", stats_p_refute(c, n, number(in, "p"), number(in, "tau")));
    }
    cJSON_Delete(vectors.root);
}

static void clopper_pearson(void **state)
{
    struct vectors vectors = load("clopper_pearson");
    (void)state;
    EACH_CASE(vectors, in, want)
    check(&vectors, want, "upper",
          stats_rate_upper((size_t)number(in, "c"), (size_t)number(in, "n"),
                           number(in, "conf_one_sided")));
    cJSON_Delete(vectors.root);
}

static void quantile_min_n(void **state)
{
    struct vectors vectors = load("quantile_min_n");
    (void)state;
    EACH_CASE(vectors, in, want)
    check(&vectors, want, "min_n", (double)stats_minimum_n(number(in, "p"), number(in, "alpha")));
    cJSON_Delete(vectors.root);
}

/* Samples 1, 2, ... n: the bound's value is its rank. */
static void quantile_ranks(void **state)
{
    struct vectors vectors = load("quantile_ranks");
    (void)state;
    EACH_CASE(vectors, in, want)
    {
        size_t n = (size_t)number(in, "n");
        double *x = xcalloc(n, sizeof *x), alpha = number(in, "alpha");
        struct stats_bounds bounds;
        for (size_t i = 0; i < n; i++)
            x[i] = (double)i + 1;
        bounds = stats_quantile_bounds(x, n, number(in, "p"), 1, alpha, alpha);
        check(&vectors, want, "upper_rank", bounds.upper);
        check(&vectors, want, "lower_rank", bounds.lower);
        free(x);
    }
    cJSON_Delete(vectors.root);
}

static void quantile_ci(void **state)
{
    struct vectors vectors = load("quantile_ci");
    (void)state;
    EACH_CASE(vectors, in, want)
    {
        size_t n;
        double *x = array(in, "x", &n), alpha = number(in, "alpha");
        struct stats_bounds bounds;
        stats_sort(x, n);
        bounds = stats_quantile_bounds(x, n, number(in, "p"), 1, alpha, alpha);
        check(&vectors, want, "lower", bounds.lower);
        check(&vectors, want, "upper", bounds.upper);
        free(x);
    }
    cJSON_Delete(vectors.root);
}

static void paired_ratio(void **state)
{
    struct vectors vectors = load("paired_ratio");
    (void)state;
    EACH_CASE(vectors, in, want)
    {
        size_t n, other;
        double *a = array(in, "a", &n), *b = array(in, "b", &other), alpha = number(in, "alpha");
        double *ratios = xcalloc(n, sizeof *ratios), tau = number(want, "tau");
        struct stats_bounds bounds;
        size_t bad = 0;
        stats_ratios(ratios, a, b, n);
        for (size_t i = 0; i < n; i++)
            bad += ratios[i] < number(in, "R");
        stats_sort(ratios, n);
        bounds = stats_median_bounds(ratios, n, tau, alpha, alpha);
        check(&vectors, want, "bad", (double)bad);
        check(&vectors, want, "median_ratio", stats_quantile(ratios, n, 0.5));
        check(&vectors, want, "p_support", stats_p_support(bad, n, 0.5, tau));
        check(&vectors, want, "p_refute", stats_p_refute(bad, n, 0.5, tau));
        check(&vectors, want, "lower", bounds.lower);
        check(&vectors, want, "upper", bounds.upper);
        free(a);
        free(b);
        free(ratios);
    }
    cJSON_Delete(vectors.root);
}

static void group_sequential(void **state)
{
    struct vectors vectors = load("group_sequential");
    (void)state;
    EACH_CASE(vectors, in, want)
    {
        int n[STATS_MOST_LOOKS];
        size_t looks;
        double *looks_at = array(in, "looks", &looks), *c, *r, *support, *refute;
        struct stats_plan plan;
        size_t same;
        for (size_t k = 0; k < looks; k++)
            n[k] = (int)looks_at[k];
        stats_plan_looks(&plan, n, looks, 1 - number(in, "p0"), number(in, "alpha"));
        c = array(want, "c", &same);
        r = array(want, "r", &same);
        support = array(want, "level_support", &same);
        refute = array(want, "level_refute", &same);
        assert_int_equal(same, looks);
        for (size_t k = 0; k < looks; k++) {
            assert_int_equal(plan.most_bad[k], (int)c[k]);
            assert_int_equal(plan.least_bad[k], (int)r[k]);
            assert_true(fabs(plan.level_support[k] - support[k]) < 1e-10);
            assert_true(fabs(plan.level_refute[k] - refute[k]) < 1e-10);
        }
        free(looks_at);
        free(c);
        free(r);
        free(support);
        free(refute);
    }
    cJSON_Delete(vectors.root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptive),     cmocka_unit_test(claim_test),
        cmocka_unit_test(clopper_pearson), cmocka_unit_test(quantile_min_n),
        cmocka_unit_test(quantile_ranks),  cmocka_unit_test(quantile_ci),
        cmocka_unit_test(paired_ratio),    cmocka_unit_test(group_sequential),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
