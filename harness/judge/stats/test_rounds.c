/* Does the band of a scaling law hold the law that made the data, and refuse what makes none? */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/stats/rounds.h"

#define SIZES  6
#define ROUNDS 21

static const double agents[SIZES] = {1, 2, 4, 6, 8, 12};

static gsl_rng *seeded(void)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, 7);
    return rng;
}

/* T = 100 (1 + sigma (N - 1) + kappa N (N - 1)), each round and size off by up to 4 %. */
static void invent(double time[SIZES * ROUNDS], double sigma, double kappa, gsl_rng *rng)
{
    for (size_t size = 0; size < SIZES; size++)
        for (size_t round = 0; round < ROUNDS; round++) {
            double n = agents[size], noise = 1 + 0.08 * (gsl_rng_uniform(rng) - 0.5);
            time[size * ROUNDS + round] = 100 * (1 + sigma * (n - 1) + kappa * n * (n - 1)) * noise;
        }
}

static struct stats_usl_band fitted(const double time[], size_t sizes, size_t rounds)
{
    const struct stats_sweep sweep = {agents, time, sizes, rounds};
    gsl_rng *rng = seeded();
    struct stats_usl_band band = stats_bootstrap_usl(&sweep, 0.9, 499, rng, NULL);
    gsl_rng_free(rng);
    return band;
}

static void the_band_holds_the_truth(void **state)
{
    double time[SIZES * ROUNDS];
    gsl_rng *rng = seeded();
    struct stats_usl_band band;
    (void)state;
    invent(time, 0.3, 0.01, rng);
    gsl_rng_free(rng);
    band = fitted(time, SIZES, ROUNDS);
    assert_true(band.defined && band.rounds == ROUNDS);
    assert_true(band.sigma_lower < 0.3 && 0.3 < band.sigma_upper);
    assert_true(band.kappa_lower < 0.01 && 0.01 < band.kappa_upper);
    assert_true(band.t1_lower < 100 && 100 < band.t1_upper);
    assert_true(band.sigma_lower <= band.fit.sigma && band.fit.sigma <= band.sigma_upper);
    assert_true(band.peak_lower < sqrt(70) && sqrt(70) < band.peak_upper);
    assert_true(band.misfit.defined && !band.misfit.flag && band.misfit.freedom == 3);
}

/* By hand: 100 (1 + .3 (N - 1) + .01 N (N - 1)) is 100, 132, 202 at 1, 2, 4 agents and 366 at 8. */
static void equal_rounds_have_no_width(void **state)
{
    static const double time[] = {100, 100, 132, 132, 202, 202}, noise = 1e-9;
    const struct stats_sweep sweep = {agents, time, 3, 2};
    double at[] = {1, 8}, lower[2], upper[2];
    const struct stats_curve curve = {at, lower, upper, 2};
    gsl_rng *rng = seeded();
    struct stats_usl_band band = stats_bootstrap_usl(&sweep, 0.9, 99, rng, &curve);
    (void)state;
    gsl_rng_free(rng);
    assert_true(fabs(band.sigma_lower - 0.3) < noise && fabs(band.sigma_upper - 0.3) < noise);
    assert_true(fabs(band.kappa_lower - 0.01) < noise && fabs(band.kappa_upper - 0.01) < noise);
    assert_true(fabs(lower[0] - 100) < 1e-6 && fabs(upper[1] - 366) < 1e-6);
    assert_false(band.misfit.defined); /* three sizes leave nothing to check */
}

/* Three sizes and three parameters: the law goes through the medians,
 * so T1 is that of the first. */
static void the_law_goes_through_the_medians(void **state)
{
    static const double odd[] = {130, 100, 90, 140, 132, 101, 300, 150, 202};
    static const double even[] = {130, 104, 90, 96, 140, 132, 101, 132, 300, 202, 150, 202};
    (void)state;
    assert_true(fabs(fitted(odd, 3, 3).fit.t1 - 100) < 1e-9);
    assert_true(fabs(fitted(odd, 3, 3).fit.kappa - 0.01) < 1e-9);
    assert_true(fabs(fitted(even, 3, 4).fit.t1 - 100) < 1e-9);
}

static void one_seed_gives_one_band(void **state)
{
    double time[SIZES * ROUNDS];
    gsl_rng *rng = seeded();
    struct stats_usl_band one, other;
    (void)state;
    invent(time, 0.1, 0, rng);
    gsl_rng_free(rng);
    one = fitted(time, SIZES, ROUNDS);
    other = fitted(time, SIZES, ROUNDS);
    assert_true(one.sigma_lower == other.sigma_lower && one.kappa_upper == other.kappa_upper);
    assert_true(one.sigma_upper > one.sigma_lower && one.kappa_upper > 0);
}

static void broken_rounds_are_left_out_whole(void **state)
{
    double time[SIZES * ROUNDS], broken[SIZES * (ROUNDS + 3)];
    gsl_rng *rng = seeded();
    struct stats_usl_band whole, cut;
    (void)state;
    invent(time, 0.3, 0.01, rng);
    gsl_rng_free(rng);
    for (size_t size = 0; size < SIZES; size++) {
        double *row = &broken[size * (ROUNDS + 3)];
        row[0] = row[1] = row[2] = 5000;
        for (size_t round = 0; round < ROUNDS; round++)
            row[round + 3] = time[size * ROUNDS + round];
    }
    broken[0] = NAN;
    broken[ROUNDS + 3 + 1] = INFINITY;
    broken[2 * (ROUNDS + 3) + 2] = 0;
    whole = fitted(time, SIZES, ROUNDS);
    cut = fitted(broken, SIZES, ROUNDS + 3);
    assert_int_equal(cut.rounds, ROUNDS);
    assert_true(cut.fit.sigma == whole.fit.sigma && cut.kappa_upper == whole.kappa_upper);
}

static void too_little_is_refused(void **state)
{
    static const double time[] = {100, 101, 132, 133, 202, 203};
    static const double same[] = {1, 1, 2};
    static const double broken[] = {100, NAN, 132, 133, 202, 203};
    struct stats_sweep sweep = {same, time, 3, 2};
    double at = 4, lower, upper;
    const struct stats_curve curve = {&at, &lower, &upper, 1};
    gsl_rng *rng = seeded();
    (void)state;
    assert_true(fitted(time, 3, 2).defined);
    assert_false(fitted(time, 2, 2).defined);
    assert_false(fitted(time, 3, 1).defined);
    assert_false(fitted(broken, 3, 2).defined);
    assert_false(fitted(NULL, 3, 0).defined);
    assert_false(stats_bootstrap_usl(&sweep, 0.9, 99, rng, &curve).defined);
    assert_true(isnan(lower) && isnan(upper));
    sweep.n = agents;
    assert_false(stats_bootstrap_usl(&sweep, 0.9, 0, rng, &curve).defined);
    assert_true(isnan(lower));
    gsl_rng_free(rng);
}

/* max(5 N + 20, ceil(N / 2) 20): two cores, a staircase that no such law follows */
static void a_staircase_does_not_fit(void **state)
{
    double time[SIZES * ROUNDS];
    gsl_rng *rng = seeded();
    (void)state;
    for (size_t size = 0; size < SIZES; size++)
        for (size_t round = 0; round < ROUNDS; round++) {
            double n = agents[size], noise = 1 + 0.02 * (gsl_rng_uniform(rng) - 0.5);
            time[size * ROUNDS + round] = fmax(5 * n + 20, ceil(n / 2) * 20) * noise;
        }
    gsl_rng_free(rng);
    assert_true(fitted(time, SIZES, ROUNDS).misfit.flag);
}

/* Four rounds are never taken for dependent, so the misfit knows nothing of their order. */
static void the_order_of_the_rounds_does_not_change_the_misfit(void **state)
{
    static const double time[] = {100, 103, 90,  106, 140, 132, 131, 135,
                                  202, 200, 212, 230, 290, 300, 270, 296};
    static const size_t order[] = {2, 0, 3, 1};
    double other[16];
    (void)state;
    for (size_t i = 0; i < 16; i++)
        other[i] = time[i / 4 * 4 + order[i % 4]];
    assert_true(fitted(time, 4, 4).misfit.defined);
    assert_true(fabs(fitted(time, 4, 4).misfit.chi2 / fitted(other, 4, 4).misfit.chi2 - 1) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_band_holds_the_truth),
        cmocka_unit_test(equal_rounds_have_no_width),
        cmocka_unit_test(the_law_goes_through_the_medians),
        cmocka_unit_test(one_seed_gives_one_band),
        cmocka_unit_test(broken_rounds_are_left_out_whole),
        cmocka_unit_test(too_little_is_refused),
        cmocka_unit_test(a_staircase_does_not_fit),
        cmocka_unit_test(the_order_of_the_rounds_does_not_change_the_misfit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
