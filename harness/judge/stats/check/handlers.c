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

#define SLACK        1e-12   /* levels are compared with this slack */
#define LARGE_N      1000000 /* from here on claim_test.json grants rel 1e-6 */
#define LARGE_REL    1e-6
#define MOST_AT_LOOK 100000
#define ACF_LAGS     6    /* autocorrelation_ess.json: lags 0 .. min(5, n - 1) */
#define HOLM_LEVEL   0.05 /* the level of `reject` in holm.json */

static size_t count_of(const struct check_values *input)
{
    return (size_t)input->x[0];
}

/* The values of a list of counts. */
static size_t *counts_of(struct check *check, const struct check_values *input)
{
    size_t *counts = (size_t *)check_room(check, input->n);
    for (size_t i = 0; i < input->n; i++)
        counts[i] = (size_t)input->x[i];
    return counts;
}

/* ---- description, quantiles and counts ---- */

static void descriptive(struct check *check, const struct check_values in[])
{
    size_t n = in[0].n, points = in[1].n;
    double *x = in[0].x, *quantiles = check_room(check, points);
    struct stats_summary summary;
    stats_sort(x, n);
    summary = stats_summarise(x, n);
    for (size_t i = 0; i < points; i++)
        quantiles[i] = stats_quantile(x, n, in[1].x[i]);
    expect_exact(check, "n", (double)summary.n);
    expect_number(check, "mean", summary.mean);
    expect_number(check, "sd", summary.standard_deviation);
    expect_number(check, "min", summary.min);
    expect_number(check, "median", summary.median);
    expect_number(check, "max", summary.max);
    expect_list(check, "quantiles_type7", quantiles, points, false);
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

static void claim_test(struct check *check, const struct check_values in[])
{
    check->rel_least = count_of(&in[0]) >= LARGE_N ? LARGE_REL : 0;
    expect_verdict(check, count_of(&in[1]), count_of(&in[0]), in[2].x[0], in[3].x[0], in[4].x[0]);
}

static void clopper_pearson(struct check *check, const struct check_values in[])
{
    size_t n = count_of(&in[0]), c = count_of(&in[1]);
    expect_number(check, "lower", stats_rate_lower(c, n, in[2].x[0]));
    expect_number(check, "upper", stats_rate_upper(c, n, in[2].x[0]));
}

static void quantile_min_n(struct check *check, const struct check_values in[])
{
    expect_exact(check, "min_n", (double)stats_minimum_n(in[0].x[0], in[1].x[0]));
}

/* Samples 1, 2, ... n: the bound's value is its rank. */
static void quantile_ranks(struct check *check, const struct check_values in[])
{
    size_t n = count_of(&in[0]);
    double p = in[1].x[0], alpha = in[2].x[0], *x = check_room(check, n), upper = NAN, lower = NAN;
    struct stats_bounds bounds;
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

static void quantile_ci(struct check *check, const struct check_values in[])
{
    size_t n = in[0].n;
    double *x = in[0].x, p = in[1].x[0], alpha = in[2].x[0];
    struct stats_bounds bounds;
    stats_sort(x, n);
    bounds = stats_quantile_bounds(x, n, p, 1, alpha, alpha);
    expect_number(check, "lower", bounds.lower);
    expect_number(check, "upper", bounds.upper);
    expect_number(check, "point", stats_order_statistic(x, n, p));
}

static void paired_ratio(struct check *check, const struct check_values in[])
{
    size_t n = in[0].n, bad = 0;
    double *ratios = check_room(check, n), limit = in[2].x[0], alpha = in[3].x[0], tau;
    struct stats_bounds bounds;
    stats_ratios(ratios, in[0].x, in[1].x, n);
    tau = stats_measure_dependence(ratios, n, 0.5, counts_of(check, &in[4]), in[4].n).tau;
    for (size_t i = 0; i < n; i++)
        bad += ratios[i] < limit;
    stats_sort(ratios, n);
    bounds = stats_median_bounds(ratios, n, tau, alpha, alpha);
    expect_number(check, "tau", tau);
    expect_exact(check, "bad", (double)bad);
    expect_number(check, "median_ratio", stats_quantile(ratios, n, 0.5));
    expect_verdict(check, bad, n, 0.5, tau, alpha);
    expect_number(check, "lower", bounds.lower);
    expect_number(check, "upper", bounds.upper);
}

/* ---- the plan of several looks ---- */

/* Ascending, from 1 on; returns how many, 0 when they are no plan. */
static size_t read_looks(struct check *check, int n[], const struct check_values *looks)
{
    bool good = looks->n > 0 && looks->n <= STATS_MOST_LOOKS;
    for (size_t k = 0; good && k < looks->n; k++) {
        good = looks->x[k] > (k ? looks->x[k - 1] : 0) && looks->x[k] <= MOST_AT_LOOK;
        n[k] = good ? (int)looks->x[k] : 0;
    }
    if (!good)
        check_miss(check, "looks", "the input is no plan");
    return good ? looks->n : 0;
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

static void group_sequential(struct check *check, const struct check_values in[])
{
    int n[STATS_MOST_LOOKS] = {0};
    size_t looks = read_looks(check, n, &in[0]);
    double share = in[1].x[0], most[STATS_MOST_LOOKS], least[STATS_MOST_LOOKS];
    struct stats_plan plan;
    if (looks == 0)
        return;
    stats_plan_looks(&plan, n, looks, 1 - share, in[2].x[0]);
    for (size_t k = 0; k < looks; k++) {
        most[k] = plan.most_bad[k];
        least[k] = plan.least_bad[k];
    }
    expect_list(check, "c", most, looks, true);
    expect_list(check, "r", least, looks, true);
    expect_list(check, "level_support", plan.level_support, looks, false);
    expect_list(check, "level_refute", plan.level_refute, looks, false);
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
    expect_list(check, key, acf, lags, false);
}

static void autocorrelation_ess(struct check *check, const struct check_values in[])
{
    size_t n = in[0].n;
    double *x = in[0].x, p = in[1].x[0], *other = check_room(check, n), tau = stats_geyer_tau(x, n);
    struct stats_dependence got =
        stats_measure_dependence(x, n, p, counts_of(check, &in[2]), in[2].n);
    expect_acf(check, "acf_raw", x, n);
    expect_number(check, "tau_geyer_raw", tau);
    expect_number(check, "ess_raw", (double)n / tau);
    stats_mid_ranks(other, x, n);
    expect_acf(check, "acf_rank", other, n);
    expect_number(check, "tau_geyer_rank", stats_geyer_tau(other, n));
    expect_exact(check, "indicator_sum", (double)stats_indicator(other, x, n, p));
    expect_number(check, "tau_geyer_indicator", got.tau_geyer);
    expect_number(check, "r1_indicator", got.r1_indicator);
    expect_exact(check, "gate", got.gate);
    expect_number(check, "deff_indicator", got.deff_indicator);
    expect_number(check, "deff_rank", got.deff_rank);
    expect_exact(check, "cluster_significant", got.clustered);
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

static void edivisive(struct check *check, const struct check_values in[])
{
    size_t n = in[2].n, min_segment = count_of(&in[0]), count;
    double *z = in[2].x, *out = check_room(check, n);
    struct stats_split best = stats_find_split(z, n, min_segment);
    expect_exact(check, "best_tau", best.at ? (double)best.at : NAN);
    expect_number(check, "best_q", best.q);
    count = stats_change_profile(out, z, n, min_segment);
    expect_list(check, "q_profile", out, count, false);
    count = split_by_threshold(out, z, 0, n, min_segment, in[1].x[0]);
    expect_list(check, "change_points_by_threshold", out, count, true);
    if (in[3].n > 0)
        expect_number(check, "p_permutation",
                      stats_split_p(z, n, min_segment, counts_of(check, &in[3]), in[3].n / n));
}

static void drift(struct check *check, const struct check_values in[])
{
    struct stats_drift got = stats_find_drift(in[0].x, in[0].n);
    expect_list(check, "block_medians", got.block_medians, STATS_DRIFT_BLOCKS, false);
    expect_exact(check, "mann_kendall_S", got.s);
    expect_number(check, "p", got.p);
    expect_number(check, "total_change", got.total_change);
    expect_exact(check, "flag", got.flag);
}

static void outliers_bimodality(struct check *check, const struct check_values in[])
{
    struct stats_outliers outliers = stats_find_outliers(in[0].x, in[0].n);
    struct stats_modes modes = stats_find_modes(in[0].x, in[0].n);
    expect_number(check, "sigma_log", outliers.sigma_log);
    expect_exact(check, "severe_high", (double)outliers.severe_high);
    expect_number(check, "split_D", modes.distance);
    expect_number(check, "split_low_fraction", modes.low_share);
    expect_number(check, "ratio_of_modes", modes.ratio);
    expect_exact(check, "bimodal_flag", modes.flag);
}

/* ---- two series, several tests, stored sessions ---- */

static void brunner_munzel(struct check *check, const struct check_values in[])
{
    struct stats_brunner_munzel got = stats_test_brunner_munzel(in[0].x, in[0].n, in[1].x, in[1].n);
    expect_number(check, "p_x_less_y", got.p_x_less_y);
    expect_number(check, "statistic", got.statistic);
    expect_number(check, "df", got.degrees);
    expect_number(check, "p_two_sided", got.p_two_sided);
    expect_number(check, "p_y_greater", got.p_y_greater);
}

static void holm(struct check *check, const struct check_values in[])
{
    double *adjusted = in[0].x, *reject = check_room(check, in[0].n);
    stats_holm(adjusted, adjusted, in[0].n);
    for (size_t i = 0; i < in[0].n; i++)
        reject[i] = adjusted[i] <= HOLM_LEVEL;
    expect_list(check, "adjusted", adjusted, in[0].n, false);
    expect_list(check, "reject", reject, in[0].n, true);
}

static void session_prediction(struct check *check, const struct check_values in[])
{
    struct stats_session got = stats_predict_session(in[0].x, in[0].n, in[1].x[0]);
    expect_number(check, "change", got.change);
    expect_number(check, "t", got.t);
    expect_exact(check, "df", (double)got.freedom);
    expect_number(check, "p_slower", got.p_slower);
    expect_number(check, "limit_95", got.limit);
}

/* ---- scaling ---- */

static void usl_fit(struct check *check, const struct check_values in[])
{
    struct stats_usl got = stats_fit_usl(in[0].x, in[1].x, in[0].n);
    expect_number(check, "T1", got.t1);
    expect_number(check, "sigma", got.sigma);
    expect_number(check, "kappa", got.kappa);
    expect_number(check, "rss_rel", got.rss_relative);
    expect_number(check, "peak_N", got.peak_n);
    expect_number(check, "peak_throughput", got.peak_throughput);
}

static void makespan_bound(struct check *check, const struct check_values in[])
{
    static const char *const bindings[] = {"critical_path", "cpu", "slots"};
    struct stats_batch batch = {.wall = in[0].x,
                                .cpu = in[1].x,
                                .agents = in[0].n,
                                .cores = in[2].x[0],
                                .concurrent = in[3].x[0],
                                .spawn_serial = in[4].x[0]};
    struct stats_makespan bound = stats_bound_makespan(&batch);
    struct stats_attained got = stats_compare_makespan(&bound, &batch, in[5].x[0], in[6].x[0]);
    expect_number(check, "critical_path", bound.critical_path);
    expect_number(check, "cpu_bound", bound.cpu_bound);
    expect_number(check, "slot_bound", bound.slot_bound);
    expect_number(check, "lower_bound", bound.lower_bound);
    expect_string(check, "binding", bound.defined ? bindings[bound.binding] : "none");
    expect_number(check, "max_speedup", got.max_speedup);
    expect_number(check, "speedup", got.speedup);
    expect_number(check, "attained_fraction", got.fraction);
    expect_number(check, "overhead", got.overhead);
    expect_number(check, "core_efficiency", got.core_efficiency);
    expect_exact(check, "violates_bound", got.violates_bound);
}

#define NUMBER(key)                                                                                \
    {                                                                                              \
        key, CHECK_NUMBER                                                                          \
    }
#define SHARE(key)                                                                                 \
    {                                                                                              \
        key, CHECK_SHARE                                                                           \
    }
#define COUNT(key)                                                                                 \
    {                                                                                              \
        key, CHECK_COUNT                                                                           \
    }
#define LIST(key)                                                                                  \
    {                                                                                              \
        key, CHECK_LIST                                                                            \
    }
#define SAME(key)                                                                                  \
    {                                                                                              \
        key, CHECK_SAME                                                                            \
    }
#define SIZES(key)                                                                                 \
    {                                                                                              \
        key, CHECK_SIZES                                                                           \
    }
#define ROWS(key)                                                                                  \
    {                                                                                              \
        key, CHECK_ROWS                                                                            \
    }

const struct check_handler check_handlers[] = {
    {"autocorrelation_ess",
     autocorrelation_ess,
     {LIST("x"), SHARE("p"), SIZES("block_sizes")},
     {NULL}},
    {"brunner_munzel", brunner_munzel, {LIST("x"), LIST("y")}, {NULL}},
    {"claim_test",
     claim_test,
     {COUNT("n"), COUNT("c"), SHARE("p"), NUMBER("tau"), SHARE("alpha")},
     {NULL}},
    {"clopper_pearson", clopper_pearson, {COUNT("n"), COUNT("c"), SHARE("conf_one_sided")}, {NULL}},
    {"descriptive",
     descriptive,
     {LIST("x"), LIST("p")},
     {"mad", "mad_scaled", "cv", "geometric_mean"}},
    {"drift", drift, {LIST("x")}, {NULL}},
    {"edivisive",
     edivisive,
     {COUNT("min_segment"), NUMBER("q_threshold"), LIST("z"), ROWS("permutations")},
     {NULL}},
    {"group_sequential", group_sequential, {SIZES("looks"), SHARE("p0"), SHARE("alpha")}, {NULL}},
    {"holm", holm, {LIST("p")}, {NULL}},
    {"makespan_bound",
     makespan_bound,
     {LIST("wall"), SAME("cpu"), NUMBER("cores"), NUMBER("max_concurrent"), NUMBER("spawn_serial"),
      NUMBER("t_sequential"), NUMBER("t_parallel")},
     {NULL}},
    {"outliers_bimodality", outliers_bimodality, {LIST("x")}, {NULL}},
    {"paired_ratio",
     paired_ratio,
     {LIST("a"), SAME("b"), NUMBER("R"), SHARE("alpha"), SIZES("block_sizes")},
     {"ratio_of_means", "geomean_ratio", "ratio_of_medians"}},
    {"quantile_ci", quantile_ci, {LIST("x"), SHARE("p"), SHARE("alpha")}, {NULL}},
    {"quantile_min_n", quantile_min_n, {SHARE("p"), SHARE("alpha")}, {NULL}},
    {"quantile_ranks", quantile_ranks, {COUNT("n"), SHARE("p"), SHARE("alpha")}, {NULL}},
    {"session_prediction",
     session_prediction,
     {LIST("baseline_session_medians"), NUMBER("new_session_median")},
     {NULL}},
    {"usl_fit", usl_fit, {LIST("N"), SAME("T")}, {NULL}},
    {NULL, NULL, {{NULL, CHECK_NUMBER}}, {NULL}},
};
