/* Does the library compute what each file of golden vectors expects? */
#include <math.h>

#include "judge/stats/anomalies.h"
#include "judge/stats/change.h"
#include "judge/stats/check/vector_check.h"
#include "judge/stats/dependence.h"
#include "judge/stats/gate.h"
#include "judge/stats/ranks.h"
#include "judge/stats/scaling.h"
#include "judge/stats/stats.h"

#define SLACK        1e-12 /* levels are compared with this slack */
#define MOST_AT_LOOK 100000
#define ACF_LAGS     6    /* autocorrelation_ess.json: lags 0 .. min(5, n - 1) */
#define HOLM_LEVEL   0.05 /* the level of `reject` in holm.json */

/* ---- description, quantiles and counts ---- */

static void descriptive(struct check *check)
{
    struct check_list x = check_list(check, "x"), points = check_list(check, "p");
    struct stats_summary summary;
    stats_sort(x.x, x.n);
    summary = stats_summarise(x.x, x.n);
    for (size_t i = 0; i < points.n; i++)
        points.x[i] = stats_quantile(x.x, x.n, points.x[i]);
    expect_number(check, "n", (double)summary.n);
    expect_number(check, "mean", summary.mean);
    expect_number(check, "sd", summary.standard_deviation);
    expect_number(check, "min", summary.min);
    expect_number(check, "median", summary.median);
    expect_number(check, "max", summary.max);
    expect_list(check, "quantiles_type7", points.x, points.n);
}

/* Both p-values of a count of bad ones and the verdict that follows from them. */
static void expect_verdict(struct check *check, size_t bad, size_t n, double p, double tau,
                           double alpha)
{
    double support = stats_p_support(bad, n, p, tau), refute = stats_p_refute(bad, n, p, tau);
    expect_number(check, "p_support", support);
    expect_number(check, "p_refute", refute);
    expect_string(check, "verdict",
                  support <= alpha + SLACK
                      ? "SUPPORTED"
                      : (refute <= alpha + SLACK ? "REFUTED" : "INCONCLUSIVE"));
}

static void claim_test(struct check *check)
{
    size_t n = check_count(check, "n"), bad = check_count(check, "c");
    double p = check_share(check, "p"), tau = check_number(check, "tau");
    expect_verdict(check, bad, n, p, tau, check_share(check, "alpha"));
}

static void clopper_pearson(struct check *check)
{
    size_t n = check_count(check, "n"), c = check_count(check, "c");
    double confidence = check_share(check, "conf_one_sided");
    expect_number(check, "lower", stats_rate_lower(c, n, confidence));
    expect_number(check, "upper", stats_rate_upper(c, n, confidence));
}

static void quantile_min_n(struct check *check)
{
    double p = check_share(check, "p"), alpha = check_share(check, "alpha");
    expect_number(check, "min_n", (double)stats_minimum_n(p, alpha));
}

/* Samples 1, 2, ... n: the bound's value is its rank. */
static void quantile_ranks(struct check *check)
{
    size_t n = check_count(check, "n");
    double p = check_share(check, "p"), alpha = check_share(check, "alpha");
    double *x = check_room(check, n), upper = NAN, lower = NAN;
    struct stats_bounds bounds;
    for (size_t i = 0; i < n; i++)
        x[i] = (double)i + 1;
    bounds = stats_quantile_bounds(x, n, p, 1, alpha, alpha);
    if (bounds.has_upper)
        upper = 1 - stats_p_support(n - (size_t)bounds.upper, n, p, 1);
    if (bounds.has_lower)
        lower = 1 - stats_p_refute(n + 1 - (size_t)bounds.lower, n, p, 1);
    expect_number(check, "upper_rank", bounds.upper);
    expect_number(check, "lower_rank", bounds.lower);
    expect_number(check, "upper_achieved", upper);
    expect_number(check, "lower_achieved", lower);
}

static void quantile_ci(struct check *check)
{
    struct check_list x = check_list(check, "x");
    double p = check_share(check, "p"), alpha = check_share(check, "alpha");
    struct stats_bounds bounds;
    stats_sort(x.x, x.n);
    bounds = stats_quantile_bounds(x.x, x.n, p, 1, alpha, alpha);
    expect_number(check, "lower", bounds.lower);
    expect_number(check, "upper", bounds.upper);
    expect_number(check, "point", stats_order_statistic(x.x, x.n, p));
}

static void paired_ratio(struct check *check)
{
    struct check_list ratios = check_list(check, "a");
    double *fast = check_list_like(check, "b", ratios.n), limit = check_number(check, "R");
    double alpha = check_share(check, "alpha"), tau;
    size_t blocks, *sizes = check_sizes(check, "block_sizes", &blocks), bad = 0;
    struct stats_bounds bounds;
    stats_ratios(ratios.x, ratios.x, fast, ratios.n);
    tau = stats_measure_dependence(ratios.x, ratios.n, 0.5, sizes, blocks).tau;
    for (size_t i = 0; i < ratios.n; i++)
        bad += ratios.x[i] < limit;
    stats_sort(ratios.x, ratios.n);
    bounds = stats_median_bounds(ratios.x, ratios.n, tau, alpha, alpha);
    expect_number(check, "tau", tau);
    expect_number(check, "bad", (double)bad);
    expect_number(check, "median_ratio", stats_quantile(ratios.x, ratios.n, 0.5));
    expect_verdict(check, bad, ratios.n, 0.5, tau, alpha);
    expect_number(check, "lower", bounds.lower);
    expect_number(check, "upper", bounds.upper);
}

/* ---- the plan of several looks ---- */

/* Ascending, from 1 on; returns how many, 0 when they are no plan. */
static size_t read_looks(struct check *check, int n[])
{
    size_t count, *looks = check_sizes(check, "looks", &count);
    bool good = count > 0 && count <= STATS_MOST_LOOKS;
    for (size_t k = 0; good && k < count; k++) {
        good = looks[k] > (k ? looks[k - 1] : 0) && looks[k] <= MOST_AT_LOOK;
        n[k] = (int)looks[k];
    }
    if (good)
        return count;
    check_refuse(check, "looks", "the input is no plan");
    return 0;
}

/* What one side of the plan errs at the boundary when the other side never stops the run. */
static double spent(struct stats_plan plan, const int n[], double share, bool support)
{
    struct stats_power power;
    for (size_t k = 0; k < plan.looks; k++)
        if (support)
            plan.least_bad[k] = n[k] + 1;
        else
            plan.most_bad[k] = -1;
    power = stats_plan_power(&plan, n, share);
    return support ? power.support : power.refute;
}

static void group_sequential(struct check *check)
{
    int n[STATS_MOST_LOOKS] = {0};
    size_t looks = read_looks(check, n);
    double share = check_share(check, "p0"), alpha = check_share(check, "alpha");
    double most[STATS_MOST_LOOKS], least[STATS_MOST_LOOKS];
    struct stats_plan plan;
    stats_plan_looks(&plan, n, looks, 1 - share, alpha);
    for (size_t k = 0; k < looks; k++) {
        most[k] = plan.most_bad[k];
        least[k] = plan.least_bad[k];
    }
    expect_list(check, "c", most, looks);
    expect_list(check, "r", least, looks);
    expect_list(check, "level_support", plan.level_support, looks);
    expect_list(check, "level_refute", plan.level_refute, looks);
    expect_number(check, "spent_support", spent(plan, n, share, true));
    expect_number(check, "spent_refute", spent(plan, n, share, false));
}

/* ---- the order of the cycles ---- */

static void expect_acf(struct check *check, const char *key, const double x[], size_t n)
{
    double acf[ACF_LAGS];
    size_t lags = n < ACF_LAGS ? n : ACF_LAGS;
    for (size_t lag = 0; lag < lags; lag++)
        acf[lag] = stats_autocorrelation(x, n, lag);
    expect_list(check, key, acf, lags);
}

static void autocorrelation_ess(struct check *check)
{
    struct check_list list = check_list(check, "x");
    size_t n = list.n, blocks, *sizes = check_sizes(check, "block_sizes", &blocks);
    double *x = list.x, p = check_share(check, "p"), *other = check_room(check, n);
    double tau = stats_geyer_tau(x, n);
    struct stats_dependence got = stats_measure_dependence(x, n, p, sizes, blocks);
    expect_acf(check, "acf_raw", x, n);
    expect_number(check, "tau_geyer_raw", tau);
    expect_number(check, "ess_raw", (double)n / tau);
    stats_mid_ranks(other, x, n);
    expect_acf(check, "acf_rank", other, n);
    expect_number(check, "tau_geyer_rank", stats_geyer_tau(other, n));
    expect_number(check, "indicator_sum", (double)stats_indicator(other, x, n, p));
    expect_number(check, "tau_geyer_indicator", got.tau_geyer);
    expect_number(check, "r1_indicator", got.r1_indicator);
    expect_number(check, "gate", got.gate);
    expect_number(check, "deff_indicator", got.deff_indicator);
    expect_number(check, "deff_rank", got.deff_rank);
    expect_number(check, "cluster_significant", got.clustered);
    expect_number(check, "tau", got.tau);
}

/* Splits again and again while the best Q >= threshold; returns how many places were put out. */
static size_t split_by_threshold(double out[], const double z[], size_t first, size_t n,
                                 size_t min_segment, double threshold)
{
    struct stats_split best = stats_find_split(z + first, n, min_segment);
    size_t count;
    if (best.at == 0 || !(best.q >= threshold))
        return 0;
    count = split_by_threshold(out, z, first, best.at, min_segment, threshold);
    out[count++] = (double)(first + best.at);
    return count +
           split_by_threshold(out + count, z, first + best.at, n - best.at, min_segment, threshold);
}

/* How often z, put in the order of one of the permutations, splits as well as it is. */
static double split_p(struct check *check, struct check_list z, size_t min_segment,
                      const size_t order[], size_t count)
{
    struct stats_split best = stats_find_split(z.x, z.n, min_segment);
    double *permuted = check_room(check, z.n);
    size_t as_large = 0, at = 0;
    if (best.at == 0)
        return 1;
    while (at + z.n <= count) {
        for (size_t i = 0; i < z.n; i++, at++)
            permuted[i] = order[at] < z.n ? z.x[order[at]] : NAN;
        as_large += stats_find_split(permuted, z.n, min_segment).q >= best.q * (1 - SLACK);
    }
    return (1 + (double)as_large) / (1 + (double)count / (double)z.n);
}

static void edivisive(struct check *check)
{
    struct check_list z = check_list(check, "z");
    size_t min_segment = check_count(check, "min_segment"), count, *order;
    double threshold = check_number(check, "q_threshold"), *out = check_room(check, z.n);
    struct stats_split best = stats_find_split(z.x, z.n, min_segment);
    expect_number(check, "best_tau", best.at ? (double)best.at : NAN);
    expect_number(check, "best_q", best.q);
    count = stats_change_profile(out, z.x, z.n, min_segment);
    expect_list(check, "q_profile", out, count);
    count = split_by_threshold(out, z.x, 0, z.n, min_segment, threshold);
    expect_list(check, "change_points_by_threshold", out, count);
    if (!cJSON_GetObjectItemCaseSensitive(check->in, "permutations"))
        return;
    order = check_sizes(check, "permutations", &count);
    expect_number(check, "p_permutation", split_p(check, z, min_segment, order, count));
}

static void drift(struct check *check)
{
    struct check_list x = check_list(check, "x");
    struct stats_drift got = stats_find_drift(x.x, x.n);
    expect_list(check, "block_medians", got.block_medians, STATS_DRIFT_BLOCKS);
    expect_number(check, "mann_kendall_S", got.s);
    expect_number(check, "p", got.p);
    expect_number(check, "total_change", got.total_change);
    expect_number(check, "flag", got.flag);
}

static void outliers_bimodality(struct check *check)
{
    struct check_list x = check_list(check, "x");
    struct stats_outliers outliers = stats_find_outliers(x.x, x.n);
    struct stats_modes modes = stats_find_modes(x.x, x.n);
    expect_number(check, "sigma_log", outliers.sigma_log);
    expect_number(check, "severe_high", (double)outliers.severe_high);
    expect_number(check, "split_D", modes.distance);
    expect_number(check, "split_low_fraction", modes.low_share);
    expect_number(check, "ratio_of_modes", modes.ratio);
    expect_number(check, "bimodal_flag", modes.flag);
}

/* ---- two series, several tests, stored sittings ---- */

static void brunner_munzel(struct check *check)
{
    struct check_list x = check_list(check, "x"), y = check_list(check, "y");
    struct stats_brunner_munzel got = stats_test_brunner_munzel(x.x, x.n, y.x, y.n);
    expect_number(check, "p_x_less_y", got.p_x_less_y);
    expect_number(check, "statistic", got.statistic);
    expect_number(check, "df", got.degrees);
}

static void holm(struct check *check)
{
    struct check_list p = check_list(check, "p");
    double *reject = check_room(check, p.n);
    stats_holm(p.x, p.x, p.n);
    for (size_t i = 0; i < p.n; i++)
        reject[i] = p.x[i] <= HOLM_LEVEL;
    expect_list(check, "adjusted", p.x, p.n);
    expect_list(check, "reject", reject, p.n);
}

static void session_prediction(struct check *check)
{
    struct check_list stored = check_list(check, "baseline_session_medians");
    struct stats_sitting got =
        stats_predict_sitting(stored.x, stored.n, check_number(check, "new_session_median"));
    expect_number(check, "change", got.change);
    expect_number(check, "t", got.t);
    expect_number(check, "df", (double)got.freedom);
    expect_number(check, "p_slower", got.p_slower);
    expect_number(check, "limit_95", got.limit);
}

/* ---- scaling ---- */

static void usl_fit(struct check *check)
{
    struct check_list n = check_list(check, "N");
    struct stats_usl got = stats_fit_usl(n.x, check_list_like(check, "T", n.n), n.n);
    expect_number(check, "T1", got.t1);
    expect_number(check, "sigma", got.sigma);
    expect_number(check, "kappa", got.kappa);
    expect_number(check, "peak_N", got.peak_n);
}

static void makespan_bound(struct check *check)
{
    static const char *const bindings[] = {"critical_path", "cpu", "slots"};
    struct check_list wall = check_list(check, "wall");
    struct stats_batch batch = {.wall = wall.x,
                                .cpu = check_list_like(check, "cpu", wall.n),
                                .agents = wall.n,
                                .cores = check_number(check, "cores"),
                                .concurrent = check_number(check, "max_concurrent"),
                                .spawn_serial = check_number(check, "spawn_serial")};
    struct stats_makespan bound = stats_bound_makespan(&batch);
    struct stats_attained got = stats_compare_makespan(&bound, check_number(check, "t_sequential"),
                                                       check_number(check, "t_parallel"));
    expect_number(check, "critical_path", bound.critical_path);
    expect_number(check, "cpu_bound", bound.cpu_bound);
    expect_number(check, "slot_bound", bound.slot_bound);
    expect_number(check, "lower_bound", bound.lower_bound);
    expect_string(check, "binding", bound.defined ? bindings[bound.binding] : "none");
    expect_number(check, "max_speedup", got.max_speedup);
    expect_number(check, "attained_fraction", got.fraction);
    expect_number(check, "overhead", got.overhead);
}

const struct check_file check_files[] = {
    {"autocorrelation_ess.json", autocorrelation_ess, {NULL}},
    {"brunner_munzel.json", brunner_munzel, {"p_two_sided", "p_y_greater"}},
    {"claim_test.json", claim_test, {NULL}},
    {"clopper_pearson.json", clopper_pearson, {NULL}},
    {"descriptive.json", descriptive, {"mad", "mad_scaled", "cv", "geometric_mean"}},
    {"drift.json", drift, {NULL}},
    {"edivisive.json", edivisive, {NULL}},
    {"group_sequential.json", group_sequential, {NULL}},
    {"holm.json", holm, {NULL}},
    {"makespan_bound.json", makespan_bound, {"speedup", "core_efficiency", "violates_bound"}},
    {"outliers_bimodality.json", outliers_bimodality, {NULL}},
    {"paired_ratio.json", paired_ratio, {"ratio_of_means", "geomean_ratio", "ratio_of_medians"}},
    {"quantile_ci.json", quantile_ci, {NULL}},
    {"quantile_min_n.json", quantile_min_n, {NULL}},
    {"quantile_ranks.json", quantile_ranks, {NULL}},
    {"session_prediction.json", session_prediction, {NULL}},
    {"usl_fit.json", usl_fit, {"rss_rel", "peak_throughput"}},
    {NULL, NULL, {NULL}},
};
