/* Why is parallel not faster still? Which law the times over a sweep follow, and how much of the
 * possible a batch attained. */
#include "judge/stats/scaling.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_multifit.h>
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "judge/stats/stats.h"
#include "judge/stats/stats_internal.h"

#define TERMS      3
#define NEGLIGIBLE 1e-12 /* a term below this share of every time is 0 */
#define MISFIT_P   0.001

/* ---- least squares with coefficients >= 0 ---- */

/* Rows of relative terms: their sum, each times its coefficient, should be 1 at every point. */
struct problem {
    size_t points, different; /* different: distinct places, so many coefficients can be told */
    double (*rows)[TERMS];
};

struct solution {
    double coefficient[TERMS];
    double rss; /* +infinity: not feasible */
};

static unsigned members(unsigned set)
{
    return (set & 1) + (set >> 1 & 1) + (set >> 2 & 1);
}

/* A coefficient that cannot be seen at any point is 0, so that rounding makes no serial part. */
static void drop_negligible(const struct problem *problem, struct solution *solution)
{
    for (unsigned j = 0; j < TERMS; j++) {
        double most = 0;
        for (size_t i = 0; i < problem->points; i++)
            most = fmax(most, fabs(solution->coefficient[j]) * problem->rows[i][j]);
        if (most < NEGLIGIBLE)
            solution->coefficient[j] = 0;
    }
}

static double rss_of(const struct problem *problem, const struct solution *solution)
{
    double rss = 0;
    for (size_t i = 0; i < problem->points; i++) {
        double rest = 1;
        for (unsigned j = 0; j < TERMS; j++)
            rest -= solution->coefficient[j] * problem->rows[i][j];
        rss += rest * rest;
    }
    return rss;
}

/* The columns of the set into X, ones into y. */
static void fill(gsl_matrix *x, gsl_vector *y, const struct problem *problem, unsigned set)
{
    for (size_t i = 0; i < problem->points; i++)
        for (unsigned j = 0, column = 0; j < TERMS; j++)
            if (set >> j & 1)
                gsl_matrix_set(x, i, column++, problem->rows[i][j]);
    gsl_vector_set_all(y, 1);
}

static void unpack(struct solution *out, const gsl_vector *c, const struct problem *problem,
                   unsigned set)
{
    for (unsigned j = 0, column = 0; j < TERMS; j++)
        out->coefficient[j] = set >> j & 1 ? gsl_vector_get(c, column++) : 0;
    drop_negligible(problem, out);
    out->rss = rss_of(problem, out);
    for (unsigned j = 0; j < TERMS; j++)
        if (!(out->coefficient[j] >= 0))
            out->rss = INFINITY;
}

static struct solution solve_set(const struct problem *problem, unsigned set)
{
    struct solution out = {.rss = INFINITY};
    size_t count = members(set);
    gsl_matrix *x = gsl_matrix_alloc(problem->points, count);
    gsl_matrix *covariance = gsl_matrix_alloc(count, count);
    gsl_vector *y = gsl_vector_alloc(problem->points), *c = gsl_vector_alloc(count);
    gsl_multifit_linear_workspace *work = gsl_multifit_linear_alloc(problem->points, count);
    double unused;
    fill(x, y, problem, set);
    if (gsl_multifit_linear(x, y, c, covariance, &unused, work) == 0)
        unpack(&out, c, problem, set);
    gsl_multifit_linear_free(work);
    gsl_vector_free(c);
    gsl_vector_free(y);
    gsl_matrix_free(covariance);
    gsl_matrix_free(x);
    return out;
}

/* The best feasible one of all active sets that hold the first term. */
static struct solution solve(const struct problem *problem)
{
    struct solution best = {.rss = INFINITY};
    for (unsigned set = 1; set < 1u << TERMS; set += 2) {
        struct solution other;
        if (members(set) > problem->different)
            continue;
        other = solve_set(problem, set);
        if (other.rss < best.rss)
            best = other;
    }
    return best;
}

size_t stats_count_different(const double at[], size_t count)
{
    size_t different = 0;
    for (size_t i = 0; i < count; i++) {
        bool seen = false;
        for (size_t j = 0; j < i && !seen; j++)
            seen = at[j] == at[i];
        different += !seen;
    }
    return different;
}

/* False, and nothing to free, when there is no point or one that cannot be used. */
static bool state_problem(struct problem *out, const double at[], const double time[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(at[i] >= 1) || !isfinite(at[i]) || !(time[i] > 0) || !isfinite(time[i]))
            return false;
    if (count == 0)
        return false;
    *out = (struct problem){count, stats_count_different(at, count), NULL};
    out->rows = xcalloc(count, sizeof out->rows[0]);
    for (size_t i = 0; i < count; i++) {
        out->rows[i][0] = 1 / time[i];
        out->rows[i][1] = (at[i] - 1) / time[i];
        out->rows[i][2] = at[i] * (at[i] - 1) / time[i];
    }
    return true;
}

/* ---- the law ---- */

double stats_usl_time(const struct stats_usl *fit, double n)
{
    return fit->t1 * (1 + fit->sigma * (n - 1) + fit->kappa * n * (n - 1));
}

struct stats_usl stats_fit_usl(const double n[], const double time[], size_t count)
{
    struct stats_usl out = {false, NAN, NAN, NAN, NAN};
    struct problem problem;
    struct solution found;
    if (!state_problem(&problem, n, time, count))
        return out;
    found = solve(&problem);
    free(problem.rows);
    if (!isfinite(found.rss) || found.coefficient[0] <= 0)
        return out;
    out.defined = true;
    out.t1 = found.coefficient[0];
    out.sigma = found.coefficient[1] / out.t1;
    out.kappa = found.coefficient[2] / out.t1;
    if (out.kappa > 0 && out.sigma < 1)
        out.peak_n = sqrt((1 - out.sigma) / out.kappa);
    return out;
}

/* ---- lack of fit ---- */

static double share_of_chi2(const struct stats_point *point)
{
    double error = sqrt(M_PI_2) * point->sigma_log / sqrt((double)point->rounds);
    return gsl_pow_2((point->median - point->fit) / point->median / error);
}

struct stats_misfit stats_find_misfit(const struct stats_point points[], size_t count,
                                      size_t parameters)
{
    struct stats_misfit out = {.chi2 = NAN, .p = NAN};
    double sum = 0;
    if (count <= parameters)
        return out;
    for (size_t i = 0; i < count; i++)
        sum += points[i].sigma_log > 0 && isfinite(points[i].sigma_log) && points[i].rounds > 0
                   ? share_of_chi2(&points[i])
                   : NAN;
    if (!isfinite(sum))
        return out;
    out.defined = true;
    out.chi2 = sum;
    out.freedom = count - parameters;
    out.p = gsl_cdf_chisq_Q(sum, (double)out.freedom);
    out.flag = out.p < MISFIT_P;
    return out;
}

/* ---- the least time ---- */

/* Adds up; NaN when one of them is negative, infinite or no number. */
static double sum_of(const double x[], size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] >= 0 && isfinite(x[i]) ? x[i] : NAN;
    return sum;
}

/* The longest agents are started first: no order of starts ends before this. */
static double critical_path(const struct stats_batch *batch)
{
    size_t n = batch->agents;
    double *wall = stats_sorted_copy(batch->wall, n), path = 0;
    for (size_t i = 0; i < n; i++)
        path = fmax(path, (double)(i + 1) * batch->spawn_serial + wall[n - 1 - i]);
    free(wall);
    return path;
}

struct stats_makespan stats_bound_makespan(const struct stats_batch *batch)
{
    struct stats_makespan out = {false, NAN, NAN, NAN, NAN, STATS_BINDING_CRITICAL_PATH};
    double wall = sum_of(batch->wall, batch->agents), cpu = sum_of(batch->cpu, batch->agents);
    double launch = (double)batch->agents * batch->spawn_serial;
    if (batch->agents == 0 || !isfinite(wall + cpu + launch) || launch < 0 || !(batch->cores > 0) ||
        !(batch->concurrent >= 1))
        return out;
    out.defined = true;
    out.critical_path = out.lower_bound = critical_path(batch);
    out.cpu_bound = (cpu + launch) / batch->cores;
    out.slot_bound = wall / batch->concurrent;
    if (out.cpu_bound > out.lower_bound) {
        out.lower_bound = out.cpu_bound;
        out.binding = STATS_BINDING_CPU;
    }
    if (out.slot_bound > out.lower_bound) {
        out.lower_bound = out.slot_bound;
        out.binding = STATS_BINDING_SLOTS;
    }
    return out;
}

struct stats_attained stats_compare_makespan(const struct stats_makespan *bound, double sequential,
                                             double parallel)
{
    struct stats_attained out = {false, NAN, NAN, NAN};
    if (!bound->defined || !(sequential > 0) || !isfinite(sequential) || !(parallel > 0) ||
        !isfinite(parallel))
        return out;
    out.defined = true;
    out.max_speedup = bound->lower_bound > 0 ? sequential / bound->lower_bound : INFINITY;
    out.fraction = bound->lower_bound / parallel;
    out.overhead = parallel - bound->lower_bound;
    return out;
}
