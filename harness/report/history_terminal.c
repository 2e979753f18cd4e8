/* What became of a measurement over time? Every run in a line,
 * steps between them, for a terminal. */
#include "report/trend_words.h"

#include <string.h>

#include "judge/stats/change.h"
#include "report/words.h"

/* One screen under way. */
struct screen {
    struct text text;
    const struct history *history;
    bool colour;
};

static void add_number(struct text *out, enum scenario_unit unit, double value)
{
    char words[TEXT_NUMBER_BYTES];
    text_add(out, scenario_units[unit].tell(words, value));
}

static void add_claims(struct text *out, const struct history_run *run)
{
    size_t told = 0;
    for (int word = 0; word < VERDICT_WORDS; word++) {
        if (!run->words[word])
            continue;
        text_addf(out, "%s%zu %s", told ? ", " : "", run->words[word],
                  verdict_word_name((enum verdict_word)word));
        told++;
    }
    text_add(out, told ? "" : "no claim");
}

static void add_point(struct screen *screen, const struct history_point *point)
{
    const struct history_run *run = &screen->history->runs[point->run];
    enum scenario_unit unit = scenario_metrics[screen->history->metric].unit;
    char date[WORDS_BYTES], median[WORDS_BYTES], findings[WORDS_BYTES];
    struct text tail = {0};
    words_date(date, run->started_wall_ns);
    date[strcspn(date, ".")] = '\0';
    add_number(&tail, unit, point->p95);
    text_addf(&screen->text, "    %6lld  %sZ  %-8.12s %-8.8s %5zu  %-28s  %-9s ",
              (long long)run->id, date, run->version, *run->commit ? run->commit : "-", point->n,
              words_measure(median, unit, point->median, &point->bounds), tail.data);
    add_claims(&screen->text, run);
    if (point->failed)
        text_addf(&screen->text, ", %zu failed", point->failed);
    if (run->findings)
        text_addf(&screen->text, ", %s", words_plural(findings, run->findings, "finding"));
    if (!point->counted)
        text_add(&screen->text, ", too little to count");
    text_add(&screen->text, "\n");
    text_release(&tail);
}

static void add_judgement(struct screen *screen, const struct history_step *step, int64_t run)
{
    struct text *out = &screen->text;
    if (step->accepted) {
        text_addf(out, "accepted with run %lld", (long long)step->accepted);
        for (size_t i = 0; i < screen->history->run_count; i++)
            if (screen->history->runs[i].id == step->accepted &&
                *screen->history->runs[i].accepted_note) {
                words_plainf(out, ": %s", screen->history->runs[i].accepted_note);
            }
    } else if (!step->worse) {
        text_add(out, "for the better");
    } else if (step->open) {
        text_addf(out,
                  "ALARM: for the worse, and nobody accepted it (if it is meant: spawnbench "
                  "history --accept %lld%s)",
                  (long long)run, screen->history->option);
    } else {
        text_add(out, step->alarm ? "for the worse, but the level has come back"
                                  : "for the worse: a mark, too unsure for an alarm");
    }
}

static void add_step(struct screen *screen, const struct history_series *series,
                     const struct history_step *step)
{
    enum scenario_unit unit = scenario_metrics[screen->history->metric].unit;
    const char *paint = step->open ? "\033[1;31m" : "\033[1m";
    char p[WORDS_BYTES];
    text_addf(&screen->text, "    %s---- %+.1f %% (", screen->colour ? paint : "",
              100 * (step->after / step->before - 1));
    add_number(&screen->text, unit, step->before);
    text_add(&screen->text, " -> ");
    add_number(&screen->text, unit, step->after);
    text_addf(&screen->text, "), p %s%s: ", words_p(p, step->p),
              step->blocked ? " in blocks, since neighbours are alike" : "");
    add_judgement(screen, step, screen->history->runs[series->points[step->at].run].id);
    text_addf(&screen->text, "%s\n", screen->colour ? "\033[0m" : "");
}

static void add_series(struct screen *screen, const struct history_series *series)
{
    char words[WORDS_BYTES];
    size_t next = 0, counted = 0;
    words_plainf(&screen->text, "  %s, %-s, %-s\n", series->arm,
                 words_plural(words, (int64_t)series->batch_size, "agent"),
                 scenario_metric_names[screen->history->metric]);
    text_addf(&screen->text,
              "       run  started (UTC)         version  commit       n  %-28s  %-9s claims\n",
              "p50 [95 %]",
              scenario_metrics[screen->history->metric].more_is_better ? "p5" : "p95");
    for (size_t i = 0; i < series->count; i++) {
        while (next < series->step_count && series->steps[next].at == i)
            add_step(screen, series, &series->steps[next++]);
        add_point(screen, &series->points[i]);
        counted += series->points[i].counted;
    }
    if (counted < HISTORY_LEAST_RUNS)
        text_addf(&screen->text,
                  "    too few runs to look for steps: %zu, at least %d are needed\n", counted,
                  HISTORY_LEAST_RUNS);
    else if (series->step_count == 0)
        text_addf(&screen->text, "    no step among %zu runs\n", counted - series->unsearched);
    if (series->unsearched)
        text_addf(&screen->text, "    steps are looked for in the newest %d runs only\n",
                  HISTORY_MOST_POINTS);
}

static void add_left_out(struct screen *screen)
{
    const struct history *history = screen->history;
    char words[WORDS_BYTES];
    if (history->other_machines)
        text_addf(&screen->text, "  left out: %s of other machine classes: %s (--machine CLASS)\n",
                  words_plural(words, (int64_t)history->other_machines, "run"), history->others);
    if (history->other_questions)
        text_addf(&screen->text,
                  "  left out: %s that asked something else: other agents, durability, "
                  "consensus, prompt or failure policy than the newest\n",
                  words_plural(words, (int64_t)history->other_questions, "run"));
    if (history->partial)
        text_addf(&screen->text, "  left out: %s\n",
                  words_plural(words, (int64_t)history->partial, "partial run"));
}

void report_history(FILE *out, const struct history *history, bool colour)
{
    struct screen screen = {.history = history, .colour = colour};
    char words[WORDS_BYTES];
    words_plainf(&screen.text, "%s  %-s on machine class %-s\n", history->scenario,
                 words_plural(words, (int64_t)history->run_count, "complete run"),
                 history->machine);
    for (size_t i = 0; i < history->series_count; i++)
        if (history->series[i].count)
            add_series(&screen, &history->series[i]);
    add_left_out(&screen);
    if (history->run_count)
        text_addf(&screen.text,
                  "  steps: E-divisive on the logarithms of medians, %d permutations, seed %d; "
                  "marked from p %g, alarm from p %g\n",
                  STATS_CHANGE_PERMUTATIONS, HISTORY_SEED, STATS_CHANGE_MARK, STATS_CHANGE_ALARM);
    fwrite(screen.text.data, 1, screen.text.length, out);
    text_release(&screen.text);
}
