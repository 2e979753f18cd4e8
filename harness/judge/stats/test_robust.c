/* Is the robust tau never below the plain one,
 * and larger where a wave was seen only a few times? */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "judge/stats/dependence.h"
#include "judge/stats/robust.h"

#include <gsl/gsl_randist.h>
#include <stdlib.h>

static void fill(double x[], size_t n, double kept, unsigned long seed)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, seed);
    for (size_t i = 0; i < n; i++)
        x[i] = (i ? kept * x[i - 1] : 0) + gsl_ran_ugaussian(rng);
    gsl_rng_free(rng);
}

static void it_is_never_below_the_plain_one(void **state)
{
    double x[200];
    size_t sizes[40];
    (void)state;
    for (size_t g = 0; g < 40; g++)
        sizes[g] = 5;
    for (unsigned long seed = 1; seed <= 100; seed++) {
        fill(x, 200, (double)(seed % 10) / 10, seed);
        for (int tail = 0; tail < 2; tail++) {
            double p = tail ? 0.95 : 0.5;
            assert_true(stats_robust_tau(x, 200, p, sizes, 40) >=
                        stats_measure_dependence(x, 200, p, sizes, 40).tau);
        }
    }
}

static void independent_cycles_keep_the_plain_one(void **state)
{
    double x[200];
    int same = 0;
    (void)state;
    for (unsigned long seed = 1; seed <= 200; seed++) {
        fill(x, 200, 0, seed);
        same += stats_robust_tau(x, 200, 0.95, NULL, 0) ==
                stats_measure_dependence(x, 200, 0.95, NULL, 0).tau;
    }
    assert_in_range(same, 170, 200); /* the gate lets 5 to 8 % pass */
}

static void waves_cost_more(void **state)
{
    double x[100], plain = 0, robust = 0;
    (void)state;
    for (unsigned long seed = 1; seed <= 100; seed++) {
        fill(x, 100, 0.9, seed);
        plain += stats_measure_dependence(x, 100, 0.5, NULL, 0).tau;
        robust += stats_robust_tau(x, 100, 0.5, NULL, 0);
    }
    assert_true(robust > 1.3 * plain);
    plain = robust = 0;
    for (unsigned long seed = 1; seed <= 100; seed++) {
        fill(x, 100, 0.9, seed);
        plain += stats_measure_dependence(x, 100, 0.95, NULL, 0).tau;
        robust += stats_robust_tau(x, 100, 0.95, NULL, 0);
    }
    assert_true(robust > 1.1 * plain);
}

static void short_constant_and_failed_series_are_defined(void **state)
{
    double x[100];
    (void)state;
    for (size_t i = 0; i < 100; i++)
        x[i] = 0.1;
    for (size_t n = 0; n <= 100; n++)
        assert_true(stats_robust_tau(x, n, 0.5, NULL, 0) == 1);
    for (size_t i = 40; i < 60; i++)
        x[i] = i % 2 ? INFINITY : NAN;
    for (size_t n = 0; n <= 100; n++)
        assert_true(isfinite(stats_robust_tau(x, n, 0.95, NULL, 0)));
    assert_true(stats_robust_tau(x, 100, 0.95, NULL, 0) > 5);
}

static void long_series_take_the_wide_window(void **state)
{
    size_t n = 50000;
    double *x = xcalloc(n, sizeof *x), tau;
    (void)state;
    fill(x, n, 0.8, 1);
    tau = stats_robust_tau(x, n, 0.5, NULL, 0);
    assert_true(tau > 5 && tau < 8); /* of the sign of AR(0.8) with a long window: about 6 */
    free(x);
}

/* By its definition, lag by lag. */
static void the_wide_tau_is_bartletts_sum(void **state)
{
    double x[60], sum = 1,
                  cost = (1.6449 + 0.2 * (2.1859 + 0.2 * (0.3142 - 0.2 * 0.3427))) / 1.6449;
    (void)state;
    fill(x, 60, 0.5, 3);
    for (size_t lag = 1; lag < 12; lag++)
        sum += 2 * (1 - (double)lag / 12) * stats_autocorrelation(x, 60, lag);
    assert_true(fabs(stats_wide_tau(x, 60, 12) - sum * cost * cost) < 1e-9);
    assert_true(stats_wide_tau(x, 0, 12) == 1 && isfinite(stats_wide_tau(x, 60, 0)));
    assert_true(isfinite(stats_wide_tau(x, 60, 1000)));
}

/* Independent pairs of few cycles, waves that are seen once or twice: less can be known. */
static void fewer_errors_cost_more(void **state)
{
    double x[200], before = 0, tau;
    (void)state;
    for (unsigned seed = 1; seed <= 20; seed++) {
        fill(x, 200, 0.8, seed);
        assert_true(stats_stern_tau(x, 50, 0.5, NULL, 0, 0.05) >=
                    stats_robust_tau(x, 50, 0.5, NULL, 0));
        assert_true(stats_stern_tau(x, 200, 0.5, NULL, 0, 0.05) ==
                    stats_robust_tau(x, 200, 0.5, NULL, 0));
        before = 0;
        for (double alpha = 0.05; alpha > 0.001; alpha /= 2, before = tau) {
            tau = stats_stern_tau(x, 200, 0.5, NULL, 0, alpha);
            assert_true(isfinite(tau) && tau >= before);
        }
        assert_true(stats_stern_tau(x, 200, 0.5, NULL, 0, 0.01) >
                    stats_robust_tau(x, 200, 0.5, NULL, 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_never_below_the_plain_one),
        cmocka_unit_test(independent_cycles_keep_the_plain_one),
        cmocka_unit_test(waves_cost_more),
        cmocka_unit_test(short_constant_and_failed_series_are_defined),
        cmocka_unit_test(long_series_take_the_wide_window),
        cmocka_unit_test(the_wide_tau_is_bartletts_sum),
        cmocka_unit_test(fewer_errors_cost_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
