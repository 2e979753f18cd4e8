/* Where did the level change, and would a shuffled history have shown as much? */
#include "judge/stats/change.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define SLACK      1e-12 /* a permuted Q counts from best (1 - SLACK) on, judge/STATISTICS.md 10 */
#define DEPENDENCE 1.645 /* over sqrt(n): lag-1 above this asks for block permutation */

static bool all_finite(const double z[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(z[i]))
            return false;
    return true;
}

/* sum |z[at] - z[i]|, i in from .. to - 1 */
static double distances(const double z[], size_t at, size_t from, size_t to)
{
    double sum = 0;
    for (size_t i = from; i < to; i++)
        sum += fabs(z[at] - z[i]);
    return sum;
}

static double all_distances(const double z[], size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += distances(z, i, i + 1, n);
    return sum;
}

/* 2 sum / (n (n - 1)): the mean distance of two points of one segment */
static double mean_within(double sum, size_t n)
{
    return n > 1 ? 2 * sum / ((double)n * ((double)n - 1)) : 0;
}

static double energy(double between, double left, double right, size_t a, size_t b)
{
    double product = (double)a * (double)b;
    return product / (double)(a + b) *
           (2 * between / product - mean_within(left, a) - mean_within(right, b));
}

/* The split moves to the right one point at a time: the point's distances leave the right sum and
 * enter the left one, and change places in the sum between. */
static size_t profile(double q[], const double z[], size_t n, size_t min_segment)
{
    double left = 0, right = all_distances(z, n), between = 0;
    size_t count = 0;
    for (size_t t = 1; t + min_segment <= n; t++) {
        double to_left = distances(z, t - 1, 0, t - 1), to_right = distances(z, t - 1, t, n);
        left += to_left;
        right -= to_right;
        between += to_right - to_left;
        if (t >= min_segment)
            q[count++] = energy(between, left, right, t, n - t);
    }
    return count;
}

size_t stats_change_profile(double q[], const double z[], size_t n, size_t min_segment)
{
    min_segment = min_segment ? min_segment : 1;
    if (n < 2 || n / 2 < min_segment || !all_finite(z, n))
        return 0;
    return profile(q, z, n, min_segment);
}

static bool all_equal(const double z[], size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (z[i] != z[0])
            return false;
    return true;
}

/* room: n doubles */
static struct stats_split find_split(double room[], const double z[], size_t n, size_t min_segment)
{
    struct stats_split best = {0, NAN};
    size_t count = stats_change_profile(room, z, n, min_segment);
    if (count > 0 && all_equal(z, n))
        return (struct stats_split){0, 0};
    for (size_t i = 0; i < count; i++)
        if (i == 0 || room[i] > best.q)
            best = (struct stats_split){(min_segment ? min_segment : 1) + i, room[i]};
    if (!isfinite(best.q)) /* sums too large for a double tell nothing */
        return (struct stats_split){0, NAN};
    return best;
}

struct stats_split stats_find_split(const double z[], size_t n, size_t min_segment)
{
    double *room = xcalloc(n + 1, sizeof *room);
    struct stats_split best = find_split(room, z, n, min_segment);
    free(room);
    return best;
}

/* ---- permutations ---- */

/* One permuted series at a time. */
struct shuffle {
    gsl_rng *rng;
    size_t block;
    size_t *starts; /* room for n + 1 */
};

/* Starts of blocks cut from a random offset on: 0, offset, offset + block, ... */
static size_t cut(struct shuffle *shuffle, size_t n)
{
    size_t count = 0, at = gsl_rng_uniform_int(shuffle->rng, shuffle->block);
    if (at > 0)
        shuffle->starts[count++] = 0;
    for (; at < n; at += shuffle->block)
        shuffle->starts[count++] = at;
    return count;
}

static size_t end_of_block(size_t start, size_t first, size_t block, size_t n)
{
    size_t end = start < first ? first : start + block;
    return end < n ? end : n;
}

static void permute(struct shuffle *shuffle, double out[], const double z[], size_t n)
{
    size_t count = cut(shuffle, n), filled = 0;
    size_t first = count > 1 ? shuffle->starts[1] % shuffle->block : 0; /* the offset drawn */
    gsl_ran_shuffle(shuffle->rng, shuffle->starts, count, sizeof *shuffle->starts);
    for (size_t i = 0; i < count; i++) {
        size_t start = shuffle->starts[i];
        size_t end = end_of_block(start, first, shuffle->block, n);
        memcpy(out + filled, z + start, (end - start) * sizeof *out);
        filled += end - start;
    }
}

double stats_split_p(const double z[], size_t n, size_t min_segment, size_t block, size_t count,
                     gsl_rng *rng)
{
    struct stats_split best = stats_find_split(z, n, min_segment);
    struct shuffle shuffle = {.rng = rng, .block = block > n ? n : (block ? block : 1)};
    double *room, *permuted;
    size_t as_large = 0;
    if (best.at == 0)
        return 1;
    room = xcalloc(n, sizeof *room);
    permuted = xcalloc(n, sizeof *permuted);
    shuffle.starts = xcalloc(n + 1, sizeof *shuffle.starts);
    for (size_t i = 0; i < count; i++) {
        permute(&shuffle, permuted, z, n);
        as_large += find_split(room, permuted, n, min_segment).q >= best.q * (1 - SLACK);
    }
    free(room);
    free(permuted);
    free(shuffle.starts);
    return (1 + (double)as_large) / (1 + (double)count);
}

/* ---- the whole history ---- */

/* Lag-1 autocorrelation, divisor n, of what the levels of all segments leave;
 * 0 when they leave nothing. */
static double lag_one(const double z[], size_t n, const struct stats_change changes[], size_t count)
{
    double products = 0, squares = 0, last = 0;
    for (size_t segment = 0, from = 0; segment <= count; segment++) {
        size_t to = segment < count ? changes[segment].at : n;
        double level = gsl_stats_mean(z + from, 1, to - from);
        for (; from < to; from++) {
            double residual = z[from] - level;
            squares += residual * residual;
            products += residual * last;
            last = residual;
        }
    }
    return squares > 0 ? products / squares : 0;
}

/* The best split of one segment with its p; at is 0 where there is none. */
static struct stats_change test_segment(const double z[], size_t n, struct stats_change_rule rule,
                                        size_t block, gsl_rng *rng)
{
    struct stats_split best = stats_find_split(z, n, rule.min_segment);
    struct stats_change change = {.at = best.at, .p = 1, .blocked = block > 1};
    if (best.at > 0)
        change.p = stats_split_p(z, n, rule.min_segment, block, rule.permutations, rng);
    return change;
}

static size_t split_all(struct stats_change out[], const double z[], size_t n,
                        struct stats_change_rule rule, size_t block, gsl_rng *rng)
{
    struct stats_change change = test_segment(z, n, rule, block, rng);
    size_t count, behind;
    if (change.at == 0 || !(change.p <= rule.level + SLACK))
        return 0;
    count = split_all(out, z, change.at, rule, block, rng);
    out[count++] = change;
    behind = split_all(out + count, z + change.at, n - change.at, rule, block, rng);
    for (size_t i = 0; i < behind; i++)
        out[count + i].at += change.at;
    return count + behind;
}

/* A second step makes neighbours alike, but only as long as the first alone is taken away: whether
 * the history is dependent is asked when all steps are. */
size_t stats_find_changes(struct stats_change out[], const double z[], size_t n,
                          struct stats_change_rule rule, gsl_rng *rng)
{
    size_t count = split_all(out, z, n, rule, 1, rng);
    if (n == 0 || !all_finite(z, n) || lag_one(z, n, out, count) <= DEPENDENCE / sqrt((double)n))
        return count;
    return split_all(out, z, n, rule, STATS_CHANGE_BLOCK, rng);
}
