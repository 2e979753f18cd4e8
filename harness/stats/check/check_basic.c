/* Do quantiles, their bounds, the claim test and its plan give the golden values? */
#include <math.h>
#include <string.h>

#include <gsl/gsl_randist.h>

#include "stats/check/check.h"
#include "stats/dependence.h"
#include "stats/report_only.h"
#include "stats/stats.h"

#define SLACK        1e-12 /* levels are compared with this slack */
#define NEGLIGIBLE   1e-20
#define LARGE_N      1000000 /* from here on claim_test.json grants rel 1e-6 */
#define LARGE_REL    1e-6
#define MOST_AT_LOOK 100000

static void descriptive(struct check *check)
{
    size_t n, points;
    double *x = check_numbers(check, "x", &n), *p = check_numbers(check, "p", &points);
    double *quantiles = check_room(check, points);
    struct stats_summary summary;
    struct stats_textbook textbook;
    if (!check_ready(check))
        return;
    stats_sort(x, n);
    summary = stats_summarise(x, n);
    textbook = stats_describe(x, n);
    for (size_t i = 0; i < points; i++)
        quantiles[i] = stats_quantile(x, n, p[i]);
    expect_exact(check, "n", (double)summary.n);
    expect_number(check, "mean", summary.mean);
    expect_number(check, "sd", summary.standard_deviation);
    expect_number(check, "min", summary.min);
    expect_number(check, "median", summary.median);
    expect_number(check, "max", summary.max);
    expect_numbers(check, "quantiles_type7", quantiles, points);
    expect_number(check, "mad", textbook.mad);
    expect_number(check, "mad_scaled", textbook.mad_scaled);
    expect_number(check, "cv", textbook.cv);
    expect_number(check, "geometric_mean", textbook.geometric_mean);
}

/* The verdict that follows from both p-values. */
static const char *verdict_of(double support, double refute, double alpha)
{
    if (support <= alpha + SLACK)
        return "SUPPORTED";
    return refute <= alpha + SLACK ? "REFUTED" : "INCONCLUSIVE";
}

static void claim_test(struct check *check)
{
    size_t n = check_count(check, "n"), c = check_count(check, "c");
    double p = check_number(check, "p", 0, 1), tau = check_number(check, "tau", 1, INFINITY);
    double alpha = check_number(check, "alpha", 0, 1), support, refute;
    if (!check_ready(check))
        return;
    if (n >= LARGE_N)
        check->rel_least = LARGE_REL;
    support = stats_p_support(c, n, p, tau);
    refute = stats_p_refute(c, n, p, tau);
    expect_number(check, "p_support", support);
    expect_number(check, "p_refute", refute);
    expect_string(check, "verdict", verdict_of(support, refute, alpha));
}

static void clopper_pearson(struct check *check)
{
    size_t n = check_count(check, "n"), c = check_count(check, "c");
    double confidence = check_number(check, "conf_one_sided", 0, 1);
    if (!check_ready(check))
        return;
    expect_number(check, "lower", stats_rate_lower(c, n, confidence));
    expect_number(check, "upper", stats_rate_upper(c, n, confidence));
}

static void quantile_min_n(struct check *check)
{
    double p = check_number(check, "p", 0, 1), alpha = check_number(check, "alpha", 0, 1);
    if (check_ready(check))
        expect_exact(check, "min_n", (double)stats_minimum_n(p, alpha));
}

/* Samples 1, 2, ... n: the bound's value is its rank. */
static void quantile_ranks(struct check *check)
{
    size_t n = check_count(check, "n");
    double p = check_number(check, "p", 0, 1), alpha = check_number(check, "alpha", 0, 1);
    double *x = check_room(check, n), upper = NAN, lower = NAN;
    struct stats_bounds bounds;
    if (!check_ready(check))
        return;
    for (size_t i = 0; i < n; i++)
        x[i] = (double)i + 1;
    bounds = stats_quantile_bounds(x, n, p, 1, alpha, alpha);
    if (bounds.has_upper)
        upper = 1 - stats_p_support(n - (size_t)bounds.upper, n, p, 1);
    if (bounds.has_lower)
        lower = 1 - stats_p_refute(n + 1 - (size_t)bounds.lower, n, p, 1);
    expect_exact(check, "upper_rank", bounds.upper);
    expect_exact(check, "lower_rank", bounds.lower);
    expect_number(check, "upper_achieved", upper);
    expect_number(check, "lower_achieved", lower);
}

static void quantile_ci(struct check *check)
{
    size_t n;
    double *x = check_numbers(check, "x", &n), p = check_number(check, "p", 0, 1);
    double alpha = check_number(check, "alpha", 0, 1);
    struct stats_bounds bounds;
    if (!check_ready(check))
        return;
    stats_sort(x, n);
    bounds = stats_quantile_bounds(x, n, p, 1, alpha, alpha);
    expect_number(check, "lower", bounds.lower);
    expect_number(check, "upper", bounds.upper);
    expect_number(check, "point", stats_order_statistic(x, n, p));
}

static double median_of(double x[], size_t n)
{
    stats_sort(x, n);
    return stats_quantile(x, n, 0.5);
}

/* Estimates that are printed beside the median of ratios. Sorts all three. */
static void expect_other_ratios(struct check *check, double a[], double b[], double ratios[],
                                size_t n)
{
    double means = stats_bound_ratio_of_means(a, b, n, 0.95).ratio;
    stats_sort(ratios, n);
    expect_number(check, "ratio_of_means", means);
    expect_number(check, "geomean_ratio", stats_describe(ratios, n).geometric_mean);
    expect_number(check, "ratio_of_medians", median_of(a, n) / median_of(b, n));
}

static void paired_ratio(struct check *check)
{
    size_t n, m, blocks, *sizes = check_sizes(check, "block_sizes", &blocks), bad = 0;
    double *a = check_numbers(check, "a", &n), *b = check_numbers(check, "b", &m), tau;
    double *ratios = check_room(check, n), alpha = check_number(check, "alpha", 0, 1);
    double limit = check_number(check, "R", -INFINITY, INFINITY), support, refute;
    struct stats_bounds bounds;
    check_same(check, "b", n, m);
    if (!check_ready(check))
        return;
    stats_ratios(ratios, a, b, n);
    tau = stats_measure_dependence(ratios, n, 0.5, sizes, blocks).tau;
    for (size_t i = 0; i < n; i++)
        bad += ratios[i] < limit;
    support = stats_p_support(bad, n, 0.5, tau);
    refute = stats_p_refute(bad, n, 0.5, tau);
    expect_other_ratios(check, a, b, ratios, n); /* sorts */
    bounds = stats_median_bounds(ratios, n, tau, alpha, alpha);
    expect_number(check, "tau", tau);
    expect_exact(check, "bad", (double)bad);
    expect_number(check, "median_ratio", stats_quantile(ratios, n, 0.5));
    expect_number(check, "p_support", support);
    expect_number(check, "p_refute", refute);
    expect_string(check, "verdict", verdict_of(support, refute, alpha));
    expect_number(check, "lower", bounds.lower);
    expect_number(check, "upper", bounds.upper);
}

/* ---- the plan of several looks ---- */

/* path := path convolved with Binomial(more, share); room for all counts */
static void walk(double path[], double room[], int n, int more, double share)
{
    memset(room, 0, (size_t)(n + more + 1) * sizeof room[0]);
    for (int step = 0; step <= more; step++) {
        double chance = gsl_ran_binomial_pdf((unsigned)step, share, (unsigned)more);
        for (int c = 0; chance > NEGLIGIBLE && c <= n; c++)
            room[c + step] += path[c] * chance;
    }
    memcpy(path, room, (size_t)(n + more + 1) * sizeof path[0]);
}

/* What one side of the plan errs at the boundary, walked from look to look by itself. */
static double spent(struct check *check, const struct stats_plan *plan, const int n[], double share,
                    bool support)
{
    size_t most = (size_t)n[plan->looks - 1];
    double *path = check_room(check, most), *room = check_room(check, most), sum = 0;
    path[0] = 1;
    for (size_t k = 0; k < plan->looks; k++) {
        int before = k ? n[k - 1] : 0;
        walk(path, room, before, n[k] - before, share);
        for (int c = 0; c <= n[k]; c++)
            if (support ? c <= plan->most_bad[k] : c >= plan->least_bad[k]) {
                sum += path[c];
                path[c] = 0;
            }
    }
    return sum;
}

/* Ascending, from 1 on; returns how many, 0 when they are no plan. */
static size_t read_looks(struct check *check, int n[])
{
    size_t looks, *at = check_sizes(check, "looks", &looks);
    bool good = looks > 0 && looks <= STATS_MOST_LOOKS;
    for (size_t k = 0; good && k < looks; k++) {
        good = at[k] > (k ? at[k - 1] : 0) && at[k] <= MOST_AT_LOOK;
        n[k] = good ? (int)at[k] : 0;
    }
    if (!good && check_ready(check))
        check_miss(check, "looks", "the input is no plan");
    return good ? looks : 0;
}

static void expect_looks(struct check *check, const struct stats_plan *plan)
{
    double most[STATS_MOST_LOOKS], least[STATS_MOST_LOOKS];
    for (size_t k = 0; k < plan->looks; k++) {
        most[k] = plan->most_bad[k];
        least[k] = plan->least_bad[k];
    }
    expect_exacts(check, "c", most, plan->looks);
    expect_exacts(check, "r", least, plan->looks);
    expect_numbers(check, "level_support", plan->level_support, plan->looks);
    expect_numbers(check, "level_refute", plan->level_refute, plan->looks);
}

static void group_sequential(struct check *check)
{
    int n[STATS_MOST_LOOKS] = {0};
    size_t looks = read_looks(check, n);
    double share = check_between(check, "p0", 0, 1), alpha = check_between(check, "alpha", 0, 1);
    struct stats_plan plan;
    if (!check_ready(check) || looks == 0)
        return;
    stats_plan_looks(&plan, n, looks, 1 - share, alpha);
    expect_looks(check, &plan);
    expect_number(check, "spent_support", spent(check, &plan, n, share, true));
    expect_number(check, "spent_refute", spent(check, &plan, n, share, false));
}

/* ---- what is only reported ---- */

static void harrell_davis(struct check *check)
{
    size_t n;
    double *x = check_numbers(check, "x", &n), p = check_number(check, "p", 0, 1);
    if (!check_ready(check))
        return;
    stats_sort(x, n);
    expect_number(check, "value", stats_smooth_quantile(x, n, p));
}

static void ratio_of_means_fieller(struct check *check)
{
    size_t n, m;
    double *a = check_numbers(check, "a", &n), *b = check_numbers(check, "b", &m);
    double confidence = check_between(check, "conf_one_sided", 0, 1);
    struct stats_ratio_of_means got;
    check_same(check, "b", n, m);
    if (!check_ready(check))
        return;
    got = stats_bound_ratio_of_means(a, b, n, confidence);
    expect_number(check, "ratio", got.ratio);
    expect_number(check, "lower", got.lower);
    expect_number(check, "upper", got.upper);
    expect_true(check, "bounded", got.bounded == isfinite(got.lower));
}

const struct check_handler check_basic[] = {
    {"claim_test", claim_test},
    {"clopper_pearson", clopper_pearson},
    {"descriptive", descriptive},
    {"group_sequential", group_sequential},
    {"harrell_davis", harrell_davis},
    {"paired_ratio", paired_ratio},
    {"quantile_ci", quantile_ci},
    {"quantile_min_n", quantile_min_n},
    {"quantile_ranks", quantile_ranks},
    {"ratio_of_means_fieller", ratio_of_means_fieller},
    {NULL, NULL},
};
