/* Does the simulation say what is promised? Rows for the reader, targets for the test. */
#include "study/simulate/tables.h"

#include <math.h>
#include <stdlib.h>

#include "judge/stats/stats.h"

void study_run(struct study *out, const struct simulate_request *request, bool pairs)
{
    *out = (struct study){.request = request};
    out->models = pairs ? models_speedup : models_p95;
    out->count = pairs ? models_speedup_count : models_p95_count;
    out->truths = xcalloc(out->count, sizeof *out->truths);
    out->tallies = xcalloc(out->count, sizeof *out->tallies);
    for (size_t i = 0; i < out->count; i++) {
        if (request->shorter && !model_is_of_few(&out->models[i]))
            continue;
        out->truths[i] = model_truth(&out->models[i]);
        for (int design = 0; design < 2; design++) {
            /* its own stream for every cell: none depends on which others are simulated */
            uint64_t seed = request->seed + 1000 * (uint64_t)(pairs + 1) + 2 * i + (unsigned)design;
            trial_run(out->tallies[i][design], &out->models[i], (enum design)design, out->truths[i],
                      request->replicates, seed);
        }
    }
}

void study_release(struct study *study)
{
    free(study->truths);
    free(study->tallies);
}

static double percent(size_t count, const struct tally *tally)
{
    return 100 * (double)count / (double)tally->replicates;
}

/* ---- rows ---- */

static void add_rates(struct text *out, const size_t counts[], const struct tally *tally)
{
    text_addf(out, " %5.1f %5.1f %5.1f |", percent(counts[0], tally), percent(counts[1], tally),
              percent(counts[2], tally));
}

static void coverage_row(struct text *out, const struct study *study, size_t i, int design)
{
    const struct tally *rules = study->tallies[i][design], *used = &rules[TRIAL_RULES - 1];
    text_addf(out, "| %-14s | %-10s |", study->models[i].name, model_designs[design]);
    for (size_t r = 0; r < TRIAL_RULES; r++)
        add_rates(out, rules[r].upper_holds, &rules[r]);
    for (size_t r = 0; r < TRIAL_RULES; r++)
        add_rates(out, rules[r].lower_holds, &rules[r]);
    text_addf(out, " %4.0f %3.0f %3.0f |\n", percent(used->unbounded[0], used),
              percent(used->unbounded[1], used), percent(used->unbounded[2], used));
}

void table_coverage(struct text *out, const struct study *study)
{
    text_add(out, "| noise          | blocks     | upper, tau = 1    | upper, rule 2.3   | "
                  "**upper, robust** | lower, tau = 1    | lower, rule 2.3   | **lower, robust** | "
                  "no bound     |\n|---|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < study->count; i++)
        for (int design = 0; design < 2 && study->tallies[i][0][0].replicates; design++)
            coverage_row(out, study, i, design);
    text_add(out, "\n");
}

static void verdict_row(struct text *out, const struct study *study, size_t i, int design)
{
    const struct tally *rules = study->tallies[i][design];
    text_addf(out, "| %-14s | %-10s |", study->models[i].name, model_designs[design]);
    for (size_t r = 0; r < TRIAL_RULES; r++)
        text_addf(out, " %4.1f / %4.1f |", percent(rules[r].supported, &rules[r]),
                  percent(rules[r].refuted, &rules[r]));
    for (size_t r = 0; r < TRIAL_RULES; r++)
        text_addf(out, " %3.0f, %3.0f |", percent(rules[r].power, &rules[r]),
                  (double)rules[r].power_n / (double)rules[r].replicates);
    text_add(out, "\n");
}

void table_verdicts(struct text *out, const struct study *study)
{
    text_add(out,
             "| noise          | blocks     | tau = 1     | rule 2.3    | **robust**  | "
             "power, n: tau = 1 | rule 2.3 | **robust** |\n|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < study->count; i++)
        for (int design = 0; design < 2 && study->tallies[i][0][0].replicates; design++)
            verdict_row(out, study, i, design);
    text_add(out, "\n");
}

void table_power(struct text *out, const struct simulate_request *request)
{
    static const double shares[] = {0.005, 0.01, 0.02};
    static const int sizes[] = {100, 200};
    text_add(out, "| n   | true share of bad cycles | exact, tau = 1 | simulated, tau = 1 | "
                  "rule 2.3 | **robust** |\n|---|---|---|---|---|---|\n");
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < 3; i++) {
            struct stats_plan plan;
            double power[TRIAL_RULES];
            stats_plan_looks(&plan, &sizes[k], 1, 0.95, TRIAL_ALPHA);
            trial_iid_power(power, (size_t)sizes[k], shares[i], request->replicates,
                            request->seed + 5000 + 10 * k + i);
            text_addf(out, "| %d | %.1f %% | %.1f | %.1f | %.1f | %.1f |\n", sizes[k],
                      100 * shares[i], 100 * stats_plan_power(&plan, &sizes[k], shares[i]).support,
                      100 * power[0], 100 * power[1], 100 * power[2]);
        }
    text_add(out, "\n");
}

/* ---- targets ---- */

/* The worst share a right method shows by chance. */
static double allowance(double target, size_t replicates)
{
    return TARGET_SIGMAS * sqrt(target * (1 - target) / (double)replicates);
}

static size_t hold(struct text *out, const struct study *study, size_t i, int design,
                   const char *what, double got, bool at_least)
{
    double target = at_least ? TARGET_COVERAGE : TARGET_ERROR;
    double slack = allowance(target, study->request->replicates);
    if (at_least ? got >= target - slack : got <= target + slack)
        return 0;
    text_addf(out, "%s, %s: %s %.1f %%, %s %.1f %%%s\n", study->models[i].name,
              model_designs[design], what, 100 * got, at_least ? "at least" : "at most",
              100 * (at_least ? target - slack : target + slack),
              study->models[i].known_exception ? " (known exception)" : "");
    return study->models[i].known_exception ? 0 : 1;
}

static size_t cell_misses(struct text *out, const struct study *study, size_t i, int design)
{
    size_t rule = study->request->tau_one ? 0 : TRIAL_RULES - 1, misses = 0;
    const struct tally *tally = &study->tallies[i][design][rule];
    double count = (double)tally->replicates;
    for (size_t k = 0; k < TRIAL_SIZES; k++) {
        char what[64];
        snprintf(what, sizeof what, "upper bound at n = %zu holds in", trial_sizes[k]);
        misses += hold(out, study, i, design, what, (double)tally->upper_holds[k] / count, true);
        snprintf(what, sizeof what, "lower bound at n = %zu holds in", trial_sizes[k]);
        misses += hold(out, study, i, design, what, (double)tally->lower_holds[k] / count, true);
    }
    misses += hold(out, study, i, design, "false support", (double)tally->supported / count, false);
    misses +=
        hold(out, study, i, design, "false refutation", (double)tally->refuted / count, false);
    return misses;
}

size_t study_misses(struct text *out, const struct study *study)
{
    size_t misses = 0;
    for (size_t i = 0; i < study->count; i++)
        for (int design = 0; design < 2 && study->tallies[i][0][0].replicates; design++)
            misses += cell_misses(out, study, i, design);
    return misses;
}
