/* Do the answers that look at the order of the cycles give the golden values: dependence, the gate,
 * change points, drift, and what is odd about a series? */
#include <math.h>

#include "stats/change.h"
#include "stats/check/check.h"
#include "stats/dependence.h"
#include "stats/diagnose.h"
#include "stats/gate.h"

#define ACF_LAGS 6 /* autocorrelation_ess.json: lags 0 .. min(5, n - 1) */

static void expect_acf(struct check *check, const char *key, const double x[], size_t n)
{
    double acf[ACF_LAGS];
    size_t lags = n < ACF_LAGS ? n : ACF_LAGS;
    for (size_t lag = 0; lag < lags; lag++)
        acf[lag] = stats_autocorrelation(x, n, lag);
    expect_numbers(check, key, acf, lags);
}

static void expect_rule(struct check *check, const struct stats_dependence *got)
{
    expect_number(check, "tau_geyer_indicator", got->tau_geyer);
    expect_number(check, "r1_indicator", got->r1_indicator);
    expect_flag(check, "gate", got->gate);
    expect_number(check, "deff_indicator", got->deff_indicator);
    expect_number(check, "deff_rank", got->deff_rank);
    expect_flag(check, "cluster_significant", got->clustered);
    expect_number(check, "tau", got->tau);
}

static void autocorrelation_ess(struct check *check)
{
    size_t n, blocks, *sizes = check_sizes(check, "block_sizes", &blocks);
    double *x = check_numbers(check, "x", &n), p = check_number(check, "p", 0, 1);
    double *other = check_room(check, n), tau;
    struct stats_dependence got;
    if (!check_ready(check))
        return;
    tau = stats_geyer_tau(x, n);
    got = stats_measure_dependence(x, n, p, sizes, blocks);
    expect_acf(check, "acf_raw", x, n);
    expect_number(check, "tau_geyer_raw", tau);
    expect_number(check, "ess_raw", (double)n / tau);
    stats_mid_ranks(other, x, n);
    expect_acf(check, "acf_rank", other, n);
    expect_number(check, "tau_geyer_rank", stats_geyer_tau(other, n));
    expect_exact(check, "indicator_sum", (double)stats_indicator(other, x, n, p));
    expect_rule(check, &got);
}

static void expect_gate(struct check *check, const struct stats_gate *got)
{
    static const char *const verdicts[] = {"INCONCLUSIVE", "PASS", "FAIL"};
    expect_number(check, "change", got->change);
    expect_number(check, "lower", got->lower);
    expect_number(check, "upper", got->upper);
    expect_number(check, "tau", got->tau);
    expect_exact(check, "bad", (double)got->bad);
    expect_number(check, "p_pass", got->p_pass);
    expect_number(check, "p_fail", got->p_fail);
    expect_string(check, "verdict", verdicts[got->verdict]);
    expect_number(check, "p_not_faster_than_tol", got->p_not_faster);
    expect_number(check, "tost_p", got->p_equivalent);
    expect_flag(check, "equivalent", got->equivalent);
    expect_number(check, "sigma_log", got->sigma_log);
    expect_number(check, "mde80", got->detectable);
}

static void regression_gate(struct check *check)
{
    size_t n, m, blocks, *sizes = check_sizes(check, "block_sizes", &blocks);
    struct stats_gate_question question = {
        .baseline = check_numbers(check, "baseline", &n),
        .candidate = check_numbers(check, "candidate", &m),
        .tolerance = check_number(check, "tol", 0, 1e300),
        .block_sizes = sizes,
        .blocks = blocks,
    };
    struct stats_gate got;
    question.alpha_pass = question.alpha_fail = check_number(check, "alpha", 0, 1);
    question.n = n;
    check_same(check, "candidate", n, m);
    if (!check_ready(check))
        return;
    got = stats_judge_gate(&question);
    expect_gate(check, &got);
}

/* ---- change points ---- */

static void expect_recursion(struct check *check, const double z[], size_t n, size_t min_segment)
{
    double threshold = check_number(check, "q_threshold", -INFINITY, INFINITY);
    size_t *changes = (size_t *)check_room(check, n), count;
    double *got = check_room(check, n);
    if (!check_ready(check))
        return;
    count = stats_split_by_threshold(changes, z, n, min_segment, threshold);
    for (size_t i = 0; i < count; i++)
        got[i] = (double)changes[i];
    expect_exacts(check, "change_points_by_threshold", got, count);
}

static void expect_permutations(struct check *check, const double z[], size_t n, size_t min_segment)
{
    size_t rows, *permutations;
    if (!check_has(check, "permutations"))
        return;
    permutations = check_rows(check, "permutations", n, n, &rows);
    if (check_ready(check))
        expect_number(check, "p_permutation", stats_split_p(z, n, min_segment, permutations, rows));
}

static void edivisive(struct check *check)
{
    size_t n, min_segment = check_count(check, "min_segment"), count;
    double *z = check_numbers(check, "z", &n), *q = check_room(check, n);
    struct stats_split best;
    if (!check_ready(check))
        return;
    best = stats_find_split(z, n, min_segment);
    count = stats_change_profile(q, z, n, min_segment);
    expect_exact(check, "best_tau", best.at ? (double)best.at : NAN);
    expect_number(check, "best_q", best.q);
    expect_numbers(check, "q_profile", q, count);
    expect_recursion(check, z, n, min_segment);
    expect_permutations(check, z, n, min_segment);
}

/* ---- diagnostics ---- */

static void drift(struct check *check)
{
    size_t n;
    double *x = check_numbers(check, "x", &n);
    struct stats_drift got;
    if (!check_ready(check))
        return;
    got = stats_find_drift(x, n);
    expect_numbers(check, "block_medians", got.block_medians, STATS_DRIFT_BLOCKS);
    expect_exact(check, "mann_kendall_S", got.s);
    expect_number(check, "p", got.p);
    expect_number(check, "total_change", got.total_change);
    expect_flag(check, "flag", got.flag);
}

static void outliers_bimodality(struct check *check)
{
    size_t n;
    double *x = check_numbers(check, "x", &n);
    struct stats_outliers outliers;
    struct stats_modes modes;
    if (!check_ready(check))
        return;
    outliers = stats_find_outliers(x, n);
    modes = stats_find_modes(x, n);
    expect_number(check, "sigma_log", outliers.sigma_log);
    expect_exact(check, "severe_high", (double)outliers.severe_high);
    expect_number(check, "split_D", modes.distance);
    expect_number(check, "split_low_fraction", modes.low_share);
    expect_number(check, "ratio_of_modes", modes.ratio);
    expect_flag(check, "bimodal_flag", modes.flag);
}

const struct check_handler check_series[] = {
    {"autocorrelation_ess", autocorrelation_ess},
    {"drift", drift},
    {"edivisive", edivisive},
    {"outliers_bimodality", outliers_bimodality},
    {"regression_gate", regression_gate},
    {NULL, NULL},
};
