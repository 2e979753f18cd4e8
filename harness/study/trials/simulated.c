/* How often is the gate wrong on noise of known truth, and what does it see? */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study/trials/prose.h"
#include "study/trials/trials.h"

#define FEWER 4 /* times fewer gates where something was changed: the bars are wider there */

/* What a table is being made of. In the first pass only the questions matter. */
struct writer {
    struct text *out;
    struct bars *bars;
    struct gate_study *study;
};

static const double median_only[2] = {0.5, 0}, p95_only[2] = {0.95, 0}, both[2] = {0.5, 0.95};

static double percent(size_t count, const struct gate_tally *tally)
{
    return 100 * (double)count / (double)tally->gates;
}

static double mean_pairs(const struct gate_tally *tally)
{
    return (double)tally->pairs / (double)tally->gates;
}

static size_t passed(const struct gate_tally *tally)
{
    return tally->words[GATE_NO_REGRESSION] + tally->words[GATE_IMPROVEMENT];
}

static const struct gate_tally *ask(struct writer *writer, struct gate_trial trial,
                                    const double quantiles[2])
{
    size_t gates = writer->study->request->gates / (trial.change == 0 ? 1 : FEWER);
    memcpy(trial.quantiles, quantiles, sizeof trial.quantiles);
    return study_ask(writer->study, &trial, gates);
}

static void hold(struct writer *writer, const struct gate_tally *tally, size_t count,
                 struct bar bar, const char *noise, const char *where)
{
    char *what;
    if (writer->study->planning)
        return;
    what = text_format("%s, %s: %s", noise, where, bar.what);
    bars_hold(writer->bars, what, count, tally->gates, bar);
    free(what);
}

/* ---- every noise ---- */

static const struct model *model_at(size_t i)
{
    return i < models_p95_count ? &models_p95[i] : &models_speedup[i - models_p95_count];
}

/* One row per noise and design. */
static void each_noise(struct writer *writer, bool pairs_only,
                       void (*row)(struct writer *, const struct gate_trial *, const void *),
                       const void *context)
{
    for (size_t i = pairs_only ? models_p95_count : 0; i < models_p95_count + models_speedup_count;
         i++)
        for (int design = 0; design < 2; design++) {
            struct gate_trial trial = {.model = model_at(i), .design = (enum design)design};
            if (writer->study->request->shorter && !model_is_of_few(trial.model))
                continue;
            text_addf(writer->out, "| %s%s | %s |", trial.model->ratio ? "pair: " : "",
                      trial.model->name, model_designs[design]);
            row(writer, &trial, context);
            text_add(writer->out, "\n");
        }
    text_add(writer->out, "\n");
}

/* ---- no change ---- */

static void same_row(struct writer *writer, const struct gate_trial *trial, const void *quantiles)
{
    const struct gate_tally *said = ask(writer, *trial, quantiles);
    const char *noise = trial->model->name, *where = model_designs[trial->design];
    text_addf(writer->out, " %.2f | %.2f | %.1f | %.1f | %.1f | %.0f |",
              percent(said->words[GATE_REGRESSION], said),
              percent(said->words[GATE_IMPROVEMENT], said),
              percent(said->words[GATE_NO_REGRESSION], said),
              percent(said->words[GATE_INCONCLUSIVE], said),
              percent(said->words[GATE_POWERLESS], said), mean_pairs(said));
    hold(writer, said, said->words[GATE_REGRESSION],
         (struct bar){true, GATE_ALPHA, 0, "regression without any change"}, noise, where);
    hold(writer, said, said->words[GATE_IMPROVEMENT],
         (struct bar){true, GATE_ALPHA, TRIALS_SIGMAS, "improvement without any change"}, noise,
         where);
}

static void table_same(struct writer *writer, const char *title, const double quantiles[2])
{
    text_addf(writer->out,
              "### %s\n\n| noise | blocks | regression | improvement | no regression | "
              "inconclusive | powerless | pairs |\n|---|---|---|---|---|---|---|---|\n",
              title);
    each_noise(writer, false, same_row, quantiles);
}

/* ---- a change as large as the tolerance ---- */

static void edge_cell(struct writer *writer, const struct gate_trial *trial,
                      const double quantiles[2])
{
    const struct gate_tally *said = ask(writer, *trial, quantiles);
    const char *noise = trial->model->name, *where = model_designs[trial->design];
    text_addf(writer->out, " %.2f | %.2f |", percent(said->words[GATE_REGRESSION], said),
              percent(passed(said), said));
    hold(writer, said, said->words[GATE_REGRESSION],
         (struct bar){true, GATE_ALPHA, TRIALS_SIGMAS, "regression at the tolerance"}, noise,
         where);
    hold(writer, said, passed(said),
         (struct bar){true, GATE_ALPHA_PASS, TRIALS_SIGMAS, "no regression at the tolerance"},
         noise, where);
}

static void edge_row(struct writer *writer, const struct gate_trial *trial, const void *context)
{
    struct gate_trial edge = *trial;
    (void)context;
    edge.change = GATE_TOLERANCE;
    edge_cell(writer, &edge, median_only);
    edge_cell(writer, &edge, p95_only);
    edge_cell(writer, &edge, both);
}

static void table_edge(struct writer *writer)
{
    text_add(writer->out,
             "| noise | blocks | p50: regression | p50: no regression | p95: regression | "
             "p95: no regression | both: regression | both: no regression |\n"
             "|---|---|---|---|---|---|---|---|\n");
    each_noise(writer, false, edge_row, NULL);
}

/* ---- a candidate that shared noise hits harder ---- */

/* Told with its figure, not held against the rule. */
static bool is_exception(const struct gate_trial *trial)
{
    return strcmp(trial->model->name, "ar.9 g=2") == 0 && trial->design == DESIGN_CONTIGUOUS;
}

static void unlike_row(struct writer *writer, const struct gate_trial *trial, const void *context)
{
    struct gate_trial unlike = *trial;
    const struct gate_tally *same, *edge;
    const char *noise = trial->model->name, *where = model_designs[trial->design];
    (void)context;
    unlike.unlike = true;
    same = ask(writer, unlike, median_only);
    unlike.change = GATE_TOLERANCE;
    edge = ask(writer, unlike, median_only);
    text_addf(writer->out, " %.2f | %.1f | %.0f | %.2f | %.2f |",
              percent(same->words[GATE_REGRESSION], same), percent(passed(same), same),
              mean_pairs(same), percent(edge->words[GATE_REGRESSION], edge),
              percent(passed(edge), edge));
    hold(writer, same, same->words[GATE_REGRESSION],
         (struct bar){true, GATE_ALPHA, 0, "hit harder: regression without any change"}, noise,
         where);
    hold(writer, edge, passed(edge),
         (struct bar){true, GATE_ALPHA_PASS, TRIALS_SIGMAS,
                      "hit harder: no regression at the tolerance"},
         noise, where);
    if (!is_exception(trial))
        hold(writer, edge, edge->words[GATE_REGRESSION],
             (struct bar){true, GATE_ALPHA, TRIALS_SIGMAS,
                          "hit harder: regression at the tolerance"},
             noise, where);
}

static void table_unlike(struct writer *writer)
{
    text_add(writer->out,
             "| noise | blocks | no change: regression | no change: no regression | pairs | "
             "at the tolerance: regression | at the tolerance: no regression |\n"
             "|---|---|---|---|---|---|---|\n");
    each_noise(writer, true, unlike_row, NULL);
}

/* ---- power ---- */

/* Independent lognormal cycles such that ln candidate / baseline has this standard deviation. */
struct level {
    const char *name;
    double sigma;
    struct model model;
};

#define LEVEL(text, s)                                                                             \
    {                                                                                              \
        text, s,                                                                                   \
        {                                                                                          \
            .name = "noise " text, .p = 0.95, .slow = {.sigma = (s) / 1.4142135623730951 }         \
        }                                                                                          \
    }
static const struct level levels[] = {LEVEL("2 %", 0.02),  LEVEL("5 %", 0.05), LEVEL("10 %", 0.1),
                                      LEVEL("15 %", 0.15), LEVEL("30 %", 0.3), LEVEL("45 %", 0.45)};
#define LEVELS (sizeof levels / sizeof levels[0])
#define QUIET  0.05 /* up to here the bars about power are held */

static void power_bars(struct writer *writer, const struct gate_tally *said,
                       const struct level *level, double change)
{
    if (level->sigma > QUIET)
        return;
    if (change == 0)
        hold(writer, said, passed(said), (struct bar){false, 0.97, 0, "no change is passed"},
             level->model.name, "p50");
    if (change == 0.1)
        hold(writer, said, said->words[GATE_REGRESSION],
             (struct bar){false, 0.97, 0, "+10 % is a regression"}, level->model.name, "p50");
}

static void table_power(struct writer *writer, const double quantiles[2], const char *statistic)
{
    static const double changes[] = {0, 0.02, 0.05, 0.075, 0.1, 0.2};
    text_addf(writer->out,
              "| %s, noise of a pair | no change | +2 %% | +5 %% | +7.5 %% | +10 %% | +20 %% |\n"
              "|---|---|---|---|---|---|---|\n",
              statistic);
    for (size_t i = 0; i < LEVELS; i++) {
        text_addf(writer->out, "| %s |", levels[i].name);
        for (size_t k = 0; k < sizeof changes / sizeof changes[0]; k++) {
            struct gate_trial trial = {.model = &levels[i].model, .change = changes[k]};
            const struct gate_tally *said = ask(writer, trial, quantiles);
            text_addf(writer->out, " %.1f / %.1f, %.0f |",
                      percent(said->words[GATE_REGRESSION], said), percent(passed(said), said),
                      mean_pairs(said));
            if (quantiles == median_only)
                power_bars(writer, said, &levels[i], changes[k]);
        }
        text_add(writer->out, "\n");
    }
    text_add(writer->out, "\n");
}

static void fine_row(struct writer *writer, const struct level *level)
{
    struct gate_trial trial = {
        .model = &level->model, .tolerance = 0.02, .looks = {50, 100, 200, 400}, .look_count = 4};
    const struct gate_tally *same = ask(writer, trial, median_only), *edge, *slower;
    trial.change = 0.02;
    edge = ask(writer, trial, median_only);
    trial.change = 0.05;
    slower = ask(writer, trial, median_only);
    text_addf(writer->out, "| %s | %.1f / %.1f, %.0f | %.2f / %.2f, %.0f | %.1f | %.1f | %.0f |\n",
              level->name, percent(same->words[GATE_REGRESSION], same), percent(passed(same), same),
              mean_pairs(same), percent(edge->words[GATE_REGRESSION], edge),
              percent(passed(edge), edge), mean_pairs(edge), percent(slower->within_200, slower),
              percent(slower->words[GATE_REGRESSION], slower), mean_pairs(slower));
    if (level->sigma > QUIET)
        return;
    hold(writer, slower, slower->within_200,
         (struct bar){false, 0.80, 0, "+5 % within 200 pairs is a regression"}, level->model.name,
         "tolerance 2 %");
    hold(writer, slower, slower->words[GATE_REGRESSION],
         (struct bar){false, 0.95, 0, "+5 % within 400 pairs is a regression"}, level->model.name,
         "tolerance 2 %");
}

static void table_fine(struct writer *writer)
{
    text_add(writer->out, "| noise of a pair | no change | +2 % | +5 %: regression within 200 | "
                          "+5 %: within 400 | +5 %: pairs |\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < LEVELS; i++)
        fine_row(writer, &levels[i]);
    text_add(writer->out, "\n");
}

static void table_tail(struct writer *writer)
{
    text_add(writer->out, "| noise of a pair | p95: regression / no regression, pairs | "
                          "p50: regression / no regression, pairs |\n|---|---|---|\n");
    for (size_t i = 0; i < LEVELS; i++) {
        struct gate_trial trial = {
            .model = &levels[i].model, .tail_share = 0.1, .tail_factor = 1.5};
        const struct gate_tally *tail = ask(writer, trial, p95_only);
        const struct gate_tally *body = ask(writer, trial, median_only);
        text_addf(writer->out, "| %s | %.1f / %.1f, %.0f | %.1f / %.1f, %.0f |\n", levels[i].name,
                  percent(tail->words[GATE_REGRESSION], tail), percent(passed(tail), tail),
                  mean_pairs(tail), percent(body->words[GATE_REGRESSION], body),
                  percent(passed(body), body), mean_pairs(body));
        if (levels[i].sigma <= QUIET)
            hold(writer, tail, tail->words[GATE_REGRESSION],
                 (struct bar){false, 0.9, 0, "1 in 10 half as long again is a regression"},
                 levels[i].model.name, "p95");
    }
    text_add(writer->out, "\n");
}

/* ---- the whole ---- */

static void write_all(struct writer *writer)
{
    struct text *out = writer->out;
    text_add(out, simulated_same);
    table_same(writer, "The median of paired ratios", median_only);
    table_same(writer, "p95", p95_only);
    table_same(writer, "Both together, Holm's correction", both);
    text_add(out, simulated_edge);
    table_edge(writer);
    text_add(out, simulated_unlike);
    table_unlike(writer);
    text_add(out, simulated_power);
    table_power(writer, median_only, "p50");
    table_power(writer, p95_only, "p95");
    text_add(out, simulated_fine);
    table_fine(writer);
    text_add(out, simulated_tail);
    table_tail(writer);
}

/* Monte-Carlo, one sigma, in points. */
static double error_of(double share, size_t gates)
{
    return 100 * sqrt(share * (1 - share) / (double)gates);
}

void simulated_write(struct text *out, struct bars *bars, const struct gate_request *request)
{
    struct gate_study study = {.request = request, .planning = true};
    struct text draft = {0};
    struct writer writer = {&draft, bars, &study};
    write_all(&writer);
    text_clear(&draft);
    trials_study_run(&study);
    write_all(&writer);
    text_addf(out, simulated_opening, request->gates, request->gates / FEWER, MODEL_BLOCK,
              MODEL_SPREAD, error_of(GATE_ALPHA, request->gates),
              error_of(GATE_ALPHA, request->gates / FEWER),
              error_of(GATE_ALPHA_PASS, request->gates / FEWER));
    text_add(out, draft.data);
    models_tell(out, "### The noise", "pair");
    text_release(&draft);
    trials_study_release(&study);
}
