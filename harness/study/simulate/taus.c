/* Which tau is tried? None, rule 2.3 of judge/STATISTICS.md, and the one the harness judges by. */
#include "judge/stats/dependence.h"
#include "judge/stats/robust.h"
#include "study/simulate/trial.h"

static double no_tau(const double x[], size_t n, double p, const size_t sizes[], size_t blocks)
{
    (void)x, (void)n, (void)p, (void)sizes, (void)blocks;
    return 1;
}

static double plain_tau(const double x[], size_t n, double p, const size_t sizes[], size_t blocks)
{
    return stats_measure_dependence(x, n, p, sizes, blocks).tau;
}

/* The last one is held against the targets. */
const struct rule trial_rules[TRIAL_RULES] = {
    {"tau = 1", no_tau},
    {"rule 2.3", plain_tau},
    {"robust", stats_robust_tau},
};
