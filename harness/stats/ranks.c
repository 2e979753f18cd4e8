/* Which of two series is the larger, and by how much, when only their order may speak?
 *
 * Two sorted series are walked side by side, one group of equal values at a time: all ranks and
 * ties follow from the counts before and inside the group. Signed ranks are the same walk over the
 * sizes of the positive and of the negative differences. */
#include "stats/ranks.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "stats/stats.h"

#define SLACK 1e-12 /* levels are compared with this slack */

/* Two sorted series;
 * x[i .. i + in_x) and y[j .. j + in_y) are the group of equal values at hand. */
struct walk {
    double *x, *y;
    size_t m, n;
    size_t i, j, in_x, in_y;
};

/* What one walk over all groups adds up to. */
struct rank_sums {
    double x, y;   /* sums of mid-ranks */
    double ties;   /* sum of t^3 - t */
    size_t groups; /* distinct values */
};

static bool any_nan(const double values[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (isnan(values[i]))
            return true;
    return false;
}

static double *sorted_copy(const double values[], size_t n)
{
    double *copy = xcalloc(n + 1, sizeof *copy);
    if (n)
        memcpy(copy, values, n * sizeof *copy);
    stats_sort(copy, n);
    return copy;
}

static struct walk walk_new(const double x[], size_t m, const double y[], size_t n)
{
    return (struct walk){.x = sorted_copy(x, m), .y = sorted_copy(y, n), .m = m, .n = n};
}

static void walk_release(struct walk *walk)
{
    free(walk->x);
    free(walk->y);
}

static void rewind_walk(struct walk *walk)
{
    walk->i = walk->j = walk->in_x = walk->in_y = 0;
}

static bool next_group(struct walk *walk)
{
    double value;
    walk->i += walk->in_x;
    walk->j += walk->in_y;
    walk->in_x = walk->in_y = 0;
    if (walk->i == walk->m && walk->j == walk->n)
        return false;
    if (walk->j == walk->n || (walk->i < walk->m && walk->x[walk->i] <= walk->y[walk->j]))
        value = walk->x[walk->i];
    else
        value = walk->y[walk->j];
    while (walk->i + walk->in_x < walk->m && walk->x[walk->i + walk->in_x] == value)
        walk->in_x++;
    while (walk->j + walk->in_y < walk->n && walk->y[walk->j + walk->in_y] == value)
        walk->in_y++;
    return true;
}

/* The mid-rank that `count` equal values share behind `before` smaller ones. */
static double mid_rank(size_t before, size_t count)
{
    return (double)before + ((double)count + 1) / 2;
}

static double pooled_rank(const struct walk *walk)
{
    return mid_rank(walk->i + walk->j, walk->in_x + walk->in_y);
}

static struct rank_sums sum_ranks(struct walk *walk)
{
    struct rank_sums sums = {0};
    rewind_walk(walk);
    while (next_group(walk)) {
        double rank = pooled_rank(walk), t = (double)(walk->in_x + walk->in_y);
        sums.x += rank * (double)walk->in_x;
        sums.y += rank * (double)walk->in_y;
        sums.ties += t * t * t - t;
        sums.groups++;
    }
    return sums;
}

/* ---- null distributions ---- */

static void normalise(double ways[], size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += ways[i];
    for (size_t i = 0; i < count; i++)
        ways[i] /= sum;
}

/* P(U = u), u = 0 .. m n. The largest of all is an x and beats every y, or it is a y:
 * ways(m, n, u) = ways(m - 1, n, u - n) + ways(m, n - 1, u). Sums only, so nothing cancels. */
static double *null_of_u(size_t m, size_t n)
{
    size_t width = m * n + 1;
    double *ways = xcalloc((m + 1) * width, sizeof *ways);
    for (size_t xs = 0; xs <= m; xs++)
        ways[xs * width] = 1;
    for (size_t ys = 1; ys <= n; ys++)
        for (size_t xs = 1; xs <= m; xs++)
            for (size_t u = ys; u <= xs * ys; u++)
                ways[xs * width + u] += ways[(xs - 1) * width + u - ys];
    memmove(ways, ways + m * width, width * sizeof *ways);
    normalise(ways, width);
    return ways;
}

/* P(W+ = w), w = 0 .. n (n + 1) / 2: each rank is positive or not. */
static double *null_of_w(size_t n)
{
    size_t width = n * (n + 1) / 2 + 1;
    double *ways = xcalloc(width, sizeof *ways);
    ways[0] = 1;
    for (size_t rank = 1; rank <= n; rank++)
        for (size_t w = rank * (rank + 1) / 2; w >= rank; w--)
            ways[w] += ways[w - rank];
    normalise(ways, width);
    return ways;
}

static struct stats_tails exact_tails(const double null[], size_t last, size_t seen)
{
    struct stats_tails tails = {0};
    for (size_t i = 0; i <= seen; i++)
        tails.less += null[i];
    for (size_t i = seen; i <= last; i++)
        tails.greater += null[i];
    tails.less = fmin(1, tails.less);
    tails.greater = fmin(1, tails.greater);
    tails.two_sided = fmin(1, 2 * fmin(tails.less, tails.greater));
    return tails;
}

static struct stats_tails normal_tails(double distance, double deviation)
{
    return (struct stats_tails){
        .two_sided = fmin(1, 2 * gsl_cdf_ugaussian_Q((fabs(distance) - 0.5) / deviation)),
        .less = gsl_cdf_ugaussian_P((distance + 0.5) / deviation),
        .greater = gsl_cdf_ugaussian_Q((distance - 0.5) / deviation),
    };
}

/* ---- tests ---- */

/* 0 when every sample is equal: the tie correction eats the whole variance */
static double deviation_of_u(const struct rank_sums *sums, double m, double n)
{
    double all = m + n;
    if (sums->groups < 2)
        return 0;
    return sqrt(m * n / 12 * ((all + 1) - sums->ties / (all * (all - 1))));
}

static void compare_u(struct stats_mann_whitney *out, const struct rank_sums *sums, double m,
                      double n)
{
    double distance, deviation = deviation_of_u(sums, m, n);
    out->defined = true;
    out->u_x = sums->x - m * (m + 1) / 2;
    out->u_y = m * n - out->u_x;
    out->a12_x = out->u_x / (m * n);
    out->cliffs_delta = 2 * out->a12_x - 1;
    distance = out->u_x - m * n / 2;
    if (deviation <= 0)
        return;
    out->z = (fabs(distance) - 0.5) * (distance < 0 ? -1 : 1) / deviation;
    out->p = normal_tails(distance, deviation);
}

struct stats_mann_whitney stats_test_mann_whitney(const double x[], size_t m, const double y[],
                                                  size_t n)
{
    struct stats_mann_whitney out = {.u_x = NAN,
                                     .u_y = NAN,
                                     .a12_x = NAN,
                                     .cliffs_delta = NAN,
                                     .z = NAN,
                                     .p = {1, 1, 1},
                                     .exact = {1, 1, 1}};
    struct walk walk;
    struct rank_sums sums;
    if (m == 0 || n == 0 || any_nan(x, m) || any_nan(y, n))
        return out;
    walk = walk_new(x, m, y, n);
    sums = sum_ranks(&walk);
    compare_u(&out, &sums, (double)m, (double)n);
    out.has_exact = sums.groups == m + n && m <= STATS_EXACT_MOST && n <= STATS_EXACT_MOST;
    if (out.has_exact) {
        double *null = null_of_u(m, n);
        out.exact = exact_tails(null, m * n, (size_t)out.u_x);
        free(null);
    }
    walk_release(&walk);
    return out;
}

/* Variances of (pooled less own mid-rank) in x and in y, n - 1 divisor. */
static void spread_of_placements(struct walk *walk, const struct rank_sums *sums, double *of_x,
                                 double *of_y)
{
    double m = (double)walk->m, n = (double)walk->n;
    double centre_x = sums->x / m - (m + 1) / 2, centre_y = sums->y / n - (n + 1) / 2;
    *of_x = *of_y = 0;
    rewind_walk(walk);
    while (next_group(walk)) {
        double rank = pooled_rank(walk);
        double x = rank - mid_rank(walk->i, walk->in_x) - centre_x;
        double y = rank - mid_rank(walk->j, walk->in_y) - centre_y;
        *of_x += x * x * (double)walk->in_x;
        *of_y += y * y * (double)walk->in_y;
    }
    *of_x /= m - 1;
    *of_y /= n - 1;
}

static void compare_placements(struct stats_brunner_munzel *out, struct walk *walk,
                               const struct rank_sums *sums)
{
    double m = (double)walk->m, n = (double)walk->n, x, y, both;
    spread_of_placements(walk, sums, &x, &y);
    x *= m;
    y *= n;
    both = x + y;
    if (both <= 0)
        return;
    out->defined = true;
    out->statistic = m * n * (sums->y / n - sums->x / m) / ((m + n) * sqrt(both));
    out->degrees = both * both / (x * x / (m - 1) + y * y / (n - 1));
    out->p_y_greater = gsl_cdf_tdist_Q(out->statistic, out->degrees);
    out->p_two_sided = fmin(1, 2 * gsl_cdf_tdist_Q(fabs(out->statistic), out->degrees));
}

struct stats_brunner_munzel stats_test_brunner_munzel(const double x[], size_t m, const double y[],
                                                      size_t n)
{
    struct stats_brunner_munzel out = {.p_x_less_y = NAN,
                                       .statistic = NAN,
                                       .degrees = NAN,
                                       .p_two_sided = NAN,
                                       .p_y_greater = NAN};
    struct walk walk;
    struct rank_sums sums;
    if (m == 0 || n == 0 || any_nan(x, m) || any_nan(y, n))
        return out;
    walk = walk_new(x, m, y, n);
    sums = sum_ranks(&walk);
    out.p_x_less_y = (sums.y / (double)n - ((double)n + 1) / 2) / (double)m;
    if (m > 1 && n > 1)
        compare_placements(&out, &walk, &sums);
    walk_release(&walk);
    return out;
}

/* Sizes of the differences: the positive ones as x, the negative ones as y. */
static struct walk walk_signs(const double d[], size_t n)
{
    struct walk walk = {.x = xcalloc(n + 1, sizeof *walk.x), .y = xcalloc(n + 1, sizeof *walk.y)};
    for (size_t i = 0; i < n; i++) {
        if (d[i] > 0)
            walk.x[walk.m++] = d[i];
        else if (d[i] < 0)
            walk.y[walk.n++] = -d[i];
    }
    stats_sort(walk.x, walk.m);
    stats_sort(walk.y, walk.n);
    return walk;
}

static void compare_signs(struct stats_signed_rank *out, const struct rank_sums *sums)
{
    double n = (double)out->n_used;
    double variance = n * (n + 1) * (2 * n + 1) / 24 - sums->ties / 48;
    out->w_plus = sums->x;
    out->p = normal_tails(out->w_plus - n * (n + 1) / 4, sqrt(variance));
    out->has_exact = sums->groups == out->n_used && out->n_used <= STATS_EXACT_MOST;
    if (out->has_exact) {
        double *null = null_of_w(out->n_used);
        out->exact = exact_tails(null, out->n_used * (out->n_used + 1) / 2, (size_t)out->w_plus);
        free(null);
    }
}

struct stats_signed_rank stats_test_signed_rank(const double d[], size_t n)
{
    struct stats_signed_rank out = {.w_plus = NAN, .p = {1, 1, 1}, .exact = {1, 1, 1}};
    struct walk walk;
    struct rank_sums sums;
    if (any_nan(d, n))
        return out;
    out.defined = true;
    out.w_plus = 0;
    walk = walk_signs(d, n);
    out.n_used = walk.m + walk.n;
    sums = sum_ranks(&walk);
    if (out.n_used > 0)
        compare_signs(&out, &sums);
    walk_release(&walk);
    return out;
}

/* ---- Hodges-Lehmann ----
 *
 * The k-th smallest of all pairs is found without making them: how many pairs are at most v is
 * counted in one pass over the sorted series, and v is sought among the doubles themselves, in the
 * order of their bits. Rounding is monotone, so the answer is the very double a sort would give.
 * As soon as few pairs are left between the limits, they are made and sorted. */

/* All differences y - x, or, without x, all averages of y with itself, i <= j. */
struct pairs {
    const double *x, *y; /* ascending */
    size_t m, n;
    size_t count;
};

static double difference(double y, double x)
{
    return y == x ? 0 : y - x; /* also of two infinities */
}

static double average(double a, double b)
{
    return isinf(a) && isinf(b) && a != b ? 0 : (a + b) / 2;
}

static size_t differences_up_to(const struct pairs *pairs, double v)
{
    size_t count = 0, j = 0;
    for (size_t i = 0; i < pairs->m; i++) {
        while (j < pairs->n && difference(pairs->y[j], pairs->x[i]) <= v)
            j++;
        count += j;
    }
    return count;
}

static size_t averages_up_to(const struct pairs *pairs, double v)
{
    size_t count = 0, j = pairs->n;
    for (size_t i = 0; i < pairs->n; i++) {
        while (j > i && average(pairs->y[i], pairs->y[j - 1]) > v)
            j--;
        if (j <= i)
            break;
        count += j - i;
    }
    return count;
}

/* The place of a double among all doubles, and back; -0 and +0 share theirs. */
static int64_t place_of(double value)
{
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits < 0 ? INT64_MIN - bits : bits;
}

static double value_at(int64_t place)
{
    int64_t bits = place < 0 ? INT64_MIN - place : place;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The pairs with values in low .. high; out has room for them. */
static void collect_differences(double out[], const struct pairs *pairs, double low, double high)
{
    size_t count = 0, first = 0;
    for (size_t i = 0; i < pairs->m; i++) {
        while (first < pairs->n && difference(pairs->y[first], pairs->x[i]) < low)
            first++;
        for (size_t j = first; j < pairs->n && difference(pairs->y[j], pairs->x[i]) <= high; j++)
            out[count++] = difference(pairs->y[j], pairs->x[i]);
    }
}

static void collect_averages(double out[], const struct pairs *pairs, double low, double high)
{
    size_t count = 0, first = pairs->n;
    for (size_t i = 0; i < pairs->n; i++) {
        while (first > 0 && average(pairs->y[i], pairs->y[first - 1]) >= low)
            first--;
        for (size_t j = first > i ? first : i;
             j < pairs->n && average(pairs->y[i], pairs->y[j]) <= high; j++)
            out[count++] = average(pairs->y[i], pairs->y[j]);
    }
}

/* The answer lies at a place in low .. high; `below` pairs lie before low,
 * `upto` not behind high. */
struct search {
    int64_t low, high;
    size_t below, upto;
};

/* Where to look next, in low .. high - 1: where even density would have it, or halfway when that
 * was of little use the last time. */
static int64_t next_place(const struct search *search, size_t k, bool halfway)
{
    double low = value_at(search->low), high = value_at(search->high);
    double share = (double)(k - search->below) / (double)(search->upto - search->below);
    double guess = low + (high - low) * share;
    int64_t place;
    if (halfway || !isfinite(guess))
        return search->low + (int64_t)(((uint64_t)search->high - (uint64_t)search->low) / 2);
    place = place_of(guess);
    if (place < search->low)
        return search->low;
    return place < search->high ? place : search->high - 1;
}

static struct search narrow(const struct pairs *pairs, size_t k)
{
    const double *y = pairs->y;
    double least = pairs->x ? difference(y[0], pairs->x[pairs->m - 1]) : y[0];
    double most = pairs->x ? difference(y[pairs->n - 1], pairs->x[0]) : y[pairs->n - 1];
    struct search search = {place_of(least), place_of(most), 0, pairs->count};
    size_t few = pairs->n / 16 + 64;
    bool halfway = false;
    while (search.low < search.high && search.upto - search.below > few) {
        int64_t place = next_place(&search, k, halfway);
        double v = value_at(place);
        size_t count = pairs->x ? differences_up_to(pairs, v) : averages_up_to(pairs, v);
        size_t left = search.upto - search.below;
        if (count >= k) {
            search.high = place;
            search.upto = count;
        } else {
            search.low = place + 1;
            search.below = count;
        }
        halfway = !halfway && search.upto - search.below > left / 4;
    }
    return search;
}

/* The pairs that are left, sorted; the caller frees them. */
static double *collect(const struct pairs *pairs, const struct search *search)
{
    double low = value_at(search->low), high = value_at(search->high);
    size_t count = search->upto - search->below;
    double *left = xcalloc(count, sizeof *left);
    if (pairs->x)
        collect_differences(left, pairs, low, high);
    else
        collect_averages(left, pairs, low, high);
    stats_sort(left, count);
    return left;
}

/* The k-th smallest; into *next, unless NULL, the one behind it. */
static double kth_smallest(const struct pairs *pairs, size_t k, double *next)
{
    struct search search = narrow(pairs, k);
    size_t at = k - search.below - 1;
    bool has_next = next && search.upto > k;
    double *left, answer = value_at(search.low);
    if (has_next)
        *next = answer;
    if (search.low < search.high) {
        left = collect(pairs, &search);
        answer = left[at];
        if (has_next)
            *next = left[at + 1];
        free(left);
    }
    if (next && !has_next)
        *next = kth_smallest(pairs, k + 1, NULL);
    return answer;
}

static size_t normal_k(double count, double variance, double alpha)
{
    double k = floor(count / 2 - gsl_cdf_ugaussian_Qinv(alpha) * sqrt(variance));
    return k > 0 ? (size_t)k : 0;
}

/* Smallest k with P(X <= k) >= alpha; frees the distribution. */
static size_t exact_k(double *null, double alpha)
{
    size_t k = 0;
    double sum = null[0];
    while (sum < alpha - SLACK)
        sum += null[++k];
    free(null);
    return k;
}

static void locate(struct stats_location *out, const struct pairs *pairs)
{
    size_t middle = (pairs->count + 1) / 2;
    bool even = pairs->count % 2 == 0;
    double next;
    out->defined = true;
    out->estimate = kth_smallest(pairs, middle, even ? &next : NULL);
    if (even)
        out->estimate = average(out->estimate, next);
    out->has_bounds = out->k > 0;
    if (!out->has_bounds)
        return;
    out->lower = kth_smallest(pairs, out->k, NULL);
    out->upper = kth_smallest(pairs, pairs->count + 1 - out->k, NULL);
}

static bool no_level(double alpha)
{
    return !(alpha > 0 && alpha < 0.5);
}

struct stats_location stats_estimate_shift(const double x[], size_t m, const double y[], size_t n,
                                           double alpha, bool exact)
{
    struct stats_location out = {.estimate = NAN, .lower = -INFINITY, .upper = INFINITY};
    double count = (double)m * (double)n;
    struct walk walk;
    if (no_level(alpha) || m == 0 || n == 0 || any_nan(x, m) || any_nan(y, n))
        return out;
    walk = walk_new(x, m, y, n);
    out.exact = exact && m <= STATS_EXACT_MOST && n <= STATS_EXACT_MOST;
    out.k = out.exact ? exact_k(null_of_u(m, n), alpha)
                      : normal_k(count, count * (double)(m + n + 1) / 12, alpha);
    locate(&out, &(struct pairs){.x = walk.x, .m = m, .y = walk.y, .n = n, .count = m * n});
    walk_release(&walk);
    return out;
}

struct stats_location stats_estimate_centre(const double d[], size_t n, double alpha, bool exact)
{
    struct stats_location out = {.estimate = NAN, .lower = -INFINITY, .upper = INFINITY};
    double all = (double)n, count = all * (all + 1) / 2, *sorted;
    if (no_level(alpha) || n == 0 || any_nan(d, n))
        return out;
    sorted = sorted_copy(d, n);
    out.exact = exact && n <= STATS_WALSH_MOST;
    out.k = out.exact ? exact_k(null_of_w(n), alpha)
                      : normal_k(count, all * (all + 1) * (2 * all + 1) / 24, alpha);
    locate(&out, &(struct pairs){.y = sorted, .n = n, .count = n * (n + 1) / 2});
    free(sorted);
    return out;
}
