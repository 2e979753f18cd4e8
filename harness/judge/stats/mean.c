/* Is the mean at most what was claimed? Block means, widened for dependence, skewness taken out. */
#include "judge/stats/mean.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "judge/stats/dependence.h"
#include "judge/stats/robust.h"

#define MADE_BLOCK   5     /* cycles per block where none are given */
#define ROUNDING     1e-12 /* a relative spread below it is none */
#define LARGEST_T    1e9
#define WINDOW_PARTS 5

/* Excess of each block over its share of the mean; their mean is zero. */
struct excess {
    size_t count;
    double *e;
};

static struct excess excess_of(const double x[], size_t n, const size_t sizes[], size_t blocks,
                               double mean)
{
    struct excess out = {0, NULL};
    size_t sum = 0, made = n / MADE_BLOCK;
    bool given;
    for (size_t g = 0; g < blocks; g++)
        sum += sizes[g];
    given = blocks >= STATS_LEAST_BLOCKS && sum == n;
    out.count = given ? blocks : made;
    if (out.count < STATS_LEAST_BLOCKS)
        return out;
    out.e = xcalloc(out.count, sizeof *out.e);
    for (size_t g = 0, i = 0; g < out.count; g++) {
        /* the last block takes what is left over */
        size_t size = given ? sizes[g] : (g + 1 < made ? MADE_BLOCK : n - i);
        for (size_t end = i + size; i < end; i++)
            out.e[g] += (x[i] - mean) * (double)out.count / (double)n;
    }
    return out;
}

/* What Hall's transformation needs to know. */
struct shape {
    double sd, skewness;
    double count;   /* of blocks, less what they lose by depending on each other */
    double freedom; /* degrees, of Student's t */
};

static struct shape shape_of(const struct excess *excess)
{
    struct shape shape = {0};
    double k = (double)excess->count, squares = 0, cubes = 0;
    size_t window = excess->count / WINDOW_PARTS;
    for (size_t g = 0; g < excess->count; g++) {
        squares += excess->e[g] * excess->e[g];
        cubes += excess->e[g] * excess->e[g] * excess->e[g];
    }
    shape.freedom = k - 1;
    shape.count = k / fmax(1, stats_wide_tau(excess->e, excess->count, window));
    shape.sd = sqrt(squares / (k - 1));
    if (squares > 0)
        shape.skewness = cubes / k / pow(squares / k, 1.5);
    return shape;
}

/* Student's t of (mean - limit) / sd, and back again. Both grow. */
static double to_t(const struct shape *shape, double s)
{
    double a = shape->skewness, t = s;
    if (fabs(a) > ROUNDING)
        t = (pow(1 + a * s / 3, 3) - 1) / a + a / (6 * shape->count);
    t *= sqrt(shape->count);
    return fmax(-LARGEST_T, fmin(LARGEST_T, t));
}

static double from_t(const struct shape *shape, double t)
{
    double a = shape->skewness, y = t / sqrt(shape->count);
    if (fabs(a) <= ROUNDING)
        return y;
    return 3 / a * (cbrt(1 + a * (y - a / (6 * shape->count))) - 1);
}

/* Nothing to doubt: a constant series, or a mean that is infinite. */
static void be_certain(struct stats_mean_test *out, double limit)
{
    out->defined = true;
    out->lower = out->upper = out->mean;
    out->p_support = out->upper <= limit ? 0 : 1;
    out->p_refute = out->lower > limit ? 0 : 1;
}

static void test(struct stats_mean_test *out, const struct shape *shape, double limit,
                 double alpha_lower, double alpha_upper)
{
    double t = to_t(shape, (out->mean - limit) / shape->sd);
    out->defined = true;
    out->p_support = gsl_cdf_tdist_P(t, shape->freedom);
    out->p_refute = gsl_cdf_tdist_Q(t, shape->freedom);
    out->lower =
        out->mean - shape->sd * from_t(shape, gsl_cdf_tdist_Qinv(alpha_lower, shape->freedom));
    out->upper =
        out->mean - shape->sd * from_t(shape, gsl_cdf_tdist_Pinv(alpha_upper, shape->freedom));
}

static bool has_failed(const double x[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (isnan(x[i]) || x[i] == INFINITY)
            return true;
    return false;
}

struct stats_mean_test stats_test_mean(const double x[], size_t n, const size_t sizes[],
                                       size_t blocks, double limit, double alpha_lower,
                                       double alpha_upper)
{
    struct stats_mean_test out = {false, NAN, -INFINITY, INFINITY, 1, 1, 1};
    struct excess excess;
    if (n == 0)
        return out;
    if (has_failed(x, n)) {
        out.mean = INFINITY;
        be_certain(&out, limit);
        return out;
    }
    out.mean = gsl_stats_mean(x, 1, n);
    excess = excess_of(x, n, sizes, blocks, out.mean);
    if (excess.count >= STATS_LEAST_BLOCKS) {
        struct shape shape = shape_of(&excess);
        double variance = gsl_stats_variance_m(x, 1, n, out.mean);
        if (variance > 0)
            out.tau = fmax(1, shape.sd * shape.sd / shape.count / (variance / (double)n));
        if (shape.sd <= ROUNDING * fabs(out.mean))
            be_certain(&out, limit);
        else
            test(&out, &shape, limit, alpha_lower, alpha_upper);
    }
    free(excess.e);
    return out;
}
