/* When may a run that looks at its data more than once stop? Exact linear alpha spending.
 *
 * The count of bad cycles walks from look to look. path[c] is the probability, at the claim's
 * boundary, that the count is c and that no earlier look stopped the run. At look k as many states
 * are cut off as the error spent so far allows. The two sides do not bind each other. */
#include "judge/stats/stats.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define SLACK      1e-12
#define NEGLIGIBLE 1e-20
#define MOST_N     1000000

/* path := path convolved with Binomial(more, bad_share): from n to n + more cycles */
static void walk(double path[], double scratch[], int n, int more, double bad_share)
{
    int first = 0, last = n;
    while (first < last && path[first] < NEGLIGIBLE)
        first++;
    while (last > first && path[last] < NEGLIGIBLE)
        last--;
    memset(scratch, 0, (size_t)(n + more + 1) * sizeof scratch[0]);
    for (int step = 0; step <= more; step++) {
        double chance = gsl_ran_binomial_pdf((unsigned)step, bad_share, (unsigned)more);
        if (chance < NEGLIGIBLE)
            continue; /* keeps looks of 100000 cycles cheap; far below SLACK even when summed */
        for (int c = first; c <= last; c++)
            scratch[c + step] += path[c] * chance;
    }
    memcpy(path, scratch, (size_t)(n + more + 1) * sizeof path[0]);
}

/* Cut states off at the low end (direction 1) or the high end (-1) while the allowance lasts.
 * Returns the last state cut, or the one before the end when there is none. */
static int spend(double path[], int n, int direction, double allowed, double *spent)
{
    int c = direction > 0 ? 0 : n;
    double sum = *spent;
    while (c >= 0 && c <= n && sum + path[c] <= allowed + SLACK) {
        sum += path[c];
        path[c] = 0;
        c += direction;
    }
    *spent = sum;
    return c - direction;
}

static void one_side(struct stats_plan *out, const int n[], double bad_share, double alpha,
                     int direction)
{
    size_t room = (size_t)n[out->looks - 1] + 1;
    double *path = xcalloc(room, sizeof *path), *scratch = xcalloc(room, sizeof *scratch);
    double spent = 0;
    path[0] = 1;
    for (size_t k = 0; k < out->looks; k++) {
        int before = k ? n[k - 1] : 0, limit;
        walk(path, scratch, before, n[k] - before, bad_share);
        limit = spend(path, n[k], direction, alpha * n[k] / n[out->looks - 1], &spent);
        if (direction > 0) {
            out->most_bad[k] = limit;
            out->level_support[k] =
                limit < 0 ? 0 : gsl_cdf_binomial_P((unsigned)limit, bad_share, (unsigned)n[k]);
        } else {
            out->least_bad[k] = limit;
            out->level_refute[k] =
                limit > n[k]
                    ? 0
                    : (limit == 0
                           ? 1
                           : gsl_cdf_binomial_Q((unsigned)limit - 1, bad_share, (unsigned)n[k]));
        }
    }
    free(path);
    free(scratch);
}

void stats_plan_looks(struct stats_plan *out, const int n[], size_t looks, double p, double alpha)
{
    *out = (struct stats_plan){.looks = looks};
    if (looks == 0)
        return;
    one_side(out, n, 1 - p, alpha, 1);
    one_side(out, n, 1 - p, alpha, -1);
}

/* ---- what a plan can do ---- */

/* Take the states from..to out of the path: their sum. */
static double stop(double path[], int from, int to)
{
    double sum = 0;
    for (int c = from; c <= to; c++) {
        sum += path[c];
        path[c] = 0;
    }
    return sum;
}

struct stats_power stats_plan_power(const struct stats_plan *plan, const int n[], double bad_share)
{
    struct stats_power power = {NAN, NAN, NAN};
    double *path, *scratch, going = 1;
    size_t room;
    if (plan->looks == 0 || !(bad_share >= 0 && bad_share <= 1))
        return power;
    power = (struct stats_power){0, 0, n[0]};
    room = (size_t)n[plan->looks - 1] + 1;
    path = xcalloc(room, sizeof *path);
    scratch = xcalloc(room, sizeof *scratch);
    path[0] = 1;
    for (size_t k = 0; k < plan->looks; k++) {
        int before = k ? n[k - 1] : 0;
        power.mean_n += k ? going * (n[k] - before) : 0;
        walk(path, scratch, before, n[k] - before, bad_share);
        power.support += stop(path, 0, plan->most_bad[k]);
        power.refute += stop(path, plan->least_bad[k], n[k]);
        going = fmax(0, 1 - power.support - power.refute);
    }
    free(path);
    free(scratch);
    return power;
}

/* The smallest n whose single look lets so many bad cycles pass. p_support falls as n grows. */
static size_t first_n_allowing(size_t bad, size_t from, double p, double alpha)
{
    size_t low = from > bad ? from : bad, high = low + 1;
    for (size_t step = 1; stats_p_support(bad, high, p, 1) > alpha + SLACK; step *= 2) {
        low = high;
        high += step;
    }
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (stats_p_support(bad, middle, p, 1) > alpha + SLACK)
            low = middle;
        else
            high = middle;
    }
    return high;
}

size_t stats_cycles_needed(double p, double bad_share, double power, double alpha)
{
    size_t n = 0;
    bool sensible = p > 0 && p < 1 && bad_share >= 0 && power >= 0 && power <= 1;
    if (!sensible || !(alpha > 0 && alpha < 1) || !(bad_share < 1 - p))
        return 0;
    /* within one tooth of the saw power falls with n:
     * only the first n of each can be the smallest */
    for (size_t bad = 0; n <= MOST_N; bad++) {
        n = first_n_allowing(bad, n, p, alpha);
        if (n <= MOST_N && gsl_cdf_binomial_P((unsigned)bad, bad_share, (unsigned)n) >= power)
            return n;
    }
    return 0;
}
