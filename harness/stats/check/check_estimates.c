/* Do rank methods, bootstraps, scaling laws and several tests at once give the golden values? */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/bootstrap.h"
#include "stats/check/check.h"
#include "stats/gate.h"
#include "stats/ranks.h"
#include "stats/scaling.h"

#define FIRST_FEW  5    /* replicates of block_bootstrap.json that are looked at one by one */
#define HOLM_LEVEL 0.05 /* the level of `reject` in holm.json */

/* ---- ranks ---- */

static void expect_tails(struct check *check, const char *const keys[3], struct stats_tails got)
{
    expect_number(check, keys[0], got.two_sided);
    expect_number(check, keys[1], got.less);
    expect_number(check, keys[2], got.greater);
}

static void mann_whitney(struct check *check)
{
    static const char *const p[] = {"p_two_sided", "p_x_less", "p_x_greater"};
    static const char *const exact[] = {"p_exact_two_sided", "p_exact_x_less", "p_exact_x_greater"};
    size_t m, n;
    double *x = check_numbers(check, "x", &m), *y = check_numbers(check, "y", &n);
    struct stats_mann_whitney got;
    if (!check_ready(check))
        return;
    got = stats_test_mann_whitney(x, m, y, n);
    expect_number(check, "U_x", got.u_x);
    expect_number(check, "U_y", got.u_y);
    expect_number(check, "a12_x", got.a12_x);
    expect_number(check, "cliffs_delta", got.cliffs_delta);
    expect_number(check, "z_cc", got.z);
    expect_tails(check, p, got.p);
    if (expect_has(check, exact[0])) {
        expect_true(check, "has_exact", got.has_exact);
        expect_tails(check, exact, got.exact);
    }
}

static void brunner_munzel(struct check *check)
{
    size_t m, n;
    double *x = check_numbers(check, "x", &m), *y = check_numbers(check, "y", &n);
    struct stats_brunner_munzel got;
    if (!check_ready(check))
        return;
    got = stats_test_brunner_munzel(x, m, y, n);
    expect_number(check, "p_x_less_y", got.p_x_less_y);
    expect_number(check, "statistic", got.statistic);
    expect_number(check, "df", got.degrees);
    expect_number(check, "p_two_sided", got.p_two_sided);
    expect_number(check, "p_y_greater", got.p_y_greater);
    expect_true(check, "defined", got.defined == !isnan(got.statistic));
}

static void wilcoxon_signed_rank(struct check *check)
{
    static const char *const p[] = {"p_two_sided", "p_less", "p_greater"};
    static const char *const exact[] = {"p_exact_two_sided", "p_exact_less", "p_exact_greater"};
    size_t n;
    double *d = check_numbers(check, "d", &n);
    struct stats_signed_rank got;
    if (!check_ready(check))
        return;
    got = stats_test_signed_rank(d, n);
    expect_exact(check, "n_used", (double)got.n_used);
    expect_number(check, "W_plus", got.w_plus);
    expect_tails(check, p, got.p);
    expect_true(check, "has_exact", got.has_exact == expect_has(check, exact[0]));
    if (expect_has(check, exact[0]))
        expect_tails(check, exact, got.exact);
}

/* `want` is the object of one way to the bounds. */
static void locate(struct check *check, bool exact)
{
    bool two = check_has(check, "x");
    size_t m = 0, n;
    double *x = two ? check_numbers(check, "x", &m) : NULL;
    double *y = check_numbers(check, two ? "y" : "d", &n);
    double alpha = check_between(check, "alpha_one_sided", 0, 0.5);
    struct stats_location got;
    if (!check_ready(check))
        return;
    got = two ? stats_estimate_shift(x, m, y, n, alpha, exact)
              : stats_estimate_centre(y, n, alpha, exact);
    expect_true(check, "exact", got.exact == exact);
    expect_number(check, "estimate", got.estimate);
    expect_exact(check, "k", (double)got.k);
    expect_number(check, "lower", got.lower);
    expect_number(check, "upper", got.upper);
}

static void locate_exact(struct check *check)
{
    locate(check, true);
}

static void locate_normal(struct check *check)
{
    locate(check, false);
}

static void hodges_lehmann(struct check *check)
{
    expect_within(check, "normal", locate_normal);
    if (expect_has(check, "exact"))
        expect_within(check, "exact", locate_exact);
}

/* ---- bootstraps ---- */

static bool read_statistic(struct check *check, struct stats_statistic *out)
{
    static const char quantile[] = "quantile_type7_";
    const char *name = check_string(check, "statistic");
    char *end = NULL;
    *out = (struct stats_statistic){.mean = strcmp(name, "mean") == 0, .p = 0.5};
    if (out->mean || strcmp(name, "median") == 0)
        return true;
    if (strncmp(name, quantile, sizeof quantile - 1) == 0)
        out->p = strtod(name + sizeof quantile - 1, &end);
    if (end && *end == '\0' && out->p >= 0 && out->p <= 1)
        return true;
    if (check_ready(check))
        check_miss(check, "statistic", "the input is no statistic we know");
    return false;
}

static void bca_bootstrap(struct check *check)
{
    size_t n, rows;
    double *x = check_numbers(check, "x", &n);
    size_t *indices = check_rows(check, "resample_indices", n, n, &rows);
    double confidence = check_between(check, "conf_two_sided", 0, 1);
    struct stats_statistic statistic;
    struct stats_bca got;
    if (!read_statistic(check, &statistic) || !check_ready(check))
        return;
    got = stats_bootstrap(x, n, statistic, confidence, indices, rows);
    expect_number(check, "theta", got.estimate);
    expect_number(check, "z0", got.z0);
    expect_number(check, "acceleration", got.acceleration);
    expect_number(check, "alpha_lower", got.level_lower);
    expect_number(check, "alpha_upper", got.level_upper);
    expect_number(check, "bca_lower", got.bca_lower);
    expect_number(check, "bca_upper", got.bca_upper);
    expect_number(check, "percentile_lower", got.percentile_lower);
    expect_number(check, "percentile_upper", got.percentile_upper);
}

static void block_bootstrap(struct check *check)
{
    size_t n, m, rows, block = check_count(check, "block_length"), blocks, *starts;
    double *a = check_numbers(check, "a", &n), *b = check_numbers(check, "b", &m);
    double confidence = check_between(check, "conf_two_sided", 0, 1), first[FIRST_FEW] = {0};
    struct stats_paired_bootstrap got;
    blocks = block ? (n + block - 1) / block : 0;
    starts = check_rows(check, "block_starts", blocks, n, &rows);
    check_same(check, "b", n, m);
    if (!check_ready(check))
        return;
    got = stats_bootstrap_blocks(a, b, n, confidence, block, starts, rows);
    expect_number(check, "ratio_of_medians_lower", got.ratio_of_medians_lower);
    expect_number(check, "ratio_of_medians_upper", got.ratio_of_medians_upper);
    expect_number(check, "median_ratio_lower", got.median_ratio_lower);
    expect_number(check, "median_ratio_upper", got.median_ratio_upper);
    /* a single replicate is its own bound */
    for (size_t r = 0; r < FIRST_FEW && r < rows; r++)
        first[r] = stats_bootstrap_blocks(a, b, n, confidence, block, starts + r * blocks, 1)
                       .ratio_of_medians_upper;
    expect_numbers(check, "first5_ratio_of_medians", first, rows < FIRST_FEW ? rows : FIRST_FEW);
}

/* ---- several tests, stored sessions, looking at any time ---- */

static void holm(struct check *check)
{
    size_t n;
    double *p = check_numbers(check, "p", &n);
    bool *reject = (bool *)check_room(check, n);
    if (!check_ready(check))
        return;
    stats_holm(p, p, n);
    for (size_t i = 0; i < n; i++)
        reject[i] = p[i] <= HOLM_LEVEL;
    expect_numbers(check, "adjusted", p, n);
    expect_flags(check, "reject", reject, n);
}

static void session_prediction(struct check *check)
{
    size_t count;
    double *stored = check_numbers(check, "baseline_session_medians", &count);
    double median = check_number(check, "new_session_median", -INFINITY, INFINITY);
    struct stats_session got;
    if (!check_ready(check))
        return;
    got = stats_predict_session(stored, count, median);
    expect_number(check, "change", got.change);
    expect_number(check, "t", got.t);
    expect_exact(check, "df", (double)got.freedom);
    expect_number(check, "p_slower", got.p_slower);
    expect_number(check, "limit_95", got.limit);
}

static void e_value(struct check *check)
{
    size_t c = check_count(check, "c"), n = check_count(check, "n");
    double share = check_between(check, "p0", 0, 1);
    double a = check_between(check, "a", 0, INFINITY), b = check_between(check, "b", 0, INFINITY);
    bool support = strcmp(check_string(check, "side"), "S") == 0;
    if (check_ready(check))
        expect_number(check, "log_e", stats_log_e_value(c, n, share, a, b, support));
}

/* ---- scaling ---- */

static void usl_fit(struct check *check)
{
    size_t count, same;
    double *n = check_numbers(check, "N", &count), *time = check_numbers(check, "T", &same);
    struct stats_usl got;
    check_same(check, "T", count, same);
    if (!check_ready(check))
        return;
    got = stats_fit_usl(n, time, count);
    expect_number(check, "T1", got.t1);
    expect_number(check, "sigma", got.sigma);
    expect_number(check, "kappa", got.kappa);
    expect_number(check, "rss_rel", got.rss_relative);
    expect_number(check, "peak_N", got.peak_n);
    expect_number(check, "peak_throughput", got.peak_throughput);
}

static void amdahl_fit(struct check *check)
{
    size_t count, same;
    double *p = check_numbers(check, "p", &count), *time = check_numbers(check, "T", &same);
    struct stats_amdahl got;
    check_same(check, "T", count, same);
    if (!check_ready(check))
        return;
    got = stats_fit_amdahl(p, time, count);
    expect_number(check, "serial_fraction", got.serial_fraction);
    expect_number(check, "T1", got.t1);
    expect_number(check, "max_speedup", got.max_speedup);
    expect_number(check, "rss_rel", got.rss_relative);
}

static void expect_attained(struct check *check, const struct stats_attained *got)
{
    expect_number(check, "max_speedup", got->max_speedup);
    expect_number(check, "speedup", got->speedup);
    expect_number(check, "attained_fraction", got->fraction);
    expect_number(check, "overhead", got->overhead);
    expect_number(check, "core_efficiency", got->core_efficiency);
    expect_flag(check, "violates_bound", got->violates_bound);
}

static void makespan_bound(struct check *check)
{
    static const char *const bindings[] = {"critical_path", "cpu", "slots"};
    size_t n, same;
    struct stats_batch batch = {.wall = check_numbers(check, "wall", &n),
                                .cpu = check_numbers(check, "cpu", &same),
                                .cores = check_number(check, "cores", -INFINITY, INFINITY),
                                .concurrent = check_number(check, "max_concurrent", -1e300, 1e300),
                                .spawn_serial = check_number(check, "spawn_serial", -1e300, 1e300)};
    double sequential = check_number(check, "t_sequential", -INFINITY, INFINITY);
    double parallel = check_number(check, "t_parallel", -INFINITY, INFINITY);
    struct stats_makespan bound;
    struct stats_attained got;
    check_same(check, "cpu", n, same);
    if (!check_ready(check))
        return;
    batch.agents = n;
    bound = stats_bound_makespan(&batch);
    got = stats_compare_makespan(&bound, &batch, sequential, parallel);
    expect_number(check, "critical_path", bound.critical_path);
    expect_number(check, "cpu_bound", bound.cpu_bound);
    expect_number(check, "slot_bound", bound.slot_bound);
    expect_number(check, "lower_bound", bound.lower_bound);
    expect_string(check, "binding", bound.defined ? bindings[bound.binding] : "none");
    expect_attained(check, &got);
}

const struct check_handler check_estimates[] = {
    {"amdahl_fit", amdahl_fit},
    {"bca_bootstrap", bca_bootstrap},
    {"block_bootstrap", block_bootstrap},
    {"brunner_munzel", brunner_munzel},
    {"e_value", e_value},
    {"hodges_lehmann", hodges_lehmann},
    {"holm", holm},
    {"makespan_bound", makespan_bound},
    {"mann_whitney", mann_whitney},
    {"session_prediction", session_prediction},
    {"usl_fit", usl_fit},
    {"wilcoxon_signed_rank", wilcoxon_signed_rank},
    {NULL, NULL},
};
