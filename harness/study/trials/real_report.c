/* What came of the real gates, as Markdown, and do the bars hold? */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "judge/stats/stats.h"
#include "study/trials/prose.h"
#include "study/trials/real.h"

#define CONFIDENCE 0.95 /* of each Clopper-Pearson bound */

size_t real_count(const struct real_series *series, const char *verdict)
{
    size_t count = 0;
    for (size_t i = 0; i < series->count; i++)
        count += strcmp(series->gates[i].verdict, verdict) == 0;
    return count;
}

static size_t count_within(const struct real_series *series, size_t pairs)
{
    size_t count = 0;
    for (size_t i = 0; i < series->count; i++)
        count +=
            strcmp(series->gates[i].verdict, "regression") == 0 && series->gates[i].pairs <= pairs;
    return count;
}

static size_t count_passed(const struct real_series *series)
{
    return real_count(series, "no regression") + real_count(series, "improvement");
}

/* ---- bars ---- */

static size_t count_for(const struct real_series *series, const struct real_bar *bar)
{
    if (bar->what == REAL_PASSED)
        return count_passed(series);
    return bar->what == REAL_WITHIN_200 ? count_within(series, 200)
                                        : real_count(series, "regression");
}

static const char *words_of(const struct real_bar *bar)
{
    static const char *const words[] = {[REAL_NO_BAR] = "",
                                        [REAL_FEW_REGRESSIONS] = "regression at most",
                                        [REAL_REGRESSIONS] = "regression at least",
                                        [REAL_WITHIN_200] = "regression within 200 at least",
                                        [REAL_PASSED] = "passed at least"};
    return words[bar->what];
}

static void bar_row(struct text *out, struct bars *bars, const struct real_kind *kind,
                    const struct real_series *series, const struct real_bar *bar)
{
    size_t count = count_for(series, bar), missed = bars->missed;
    char *what = text_format("real, %s, %s", kind->about, words_of(bar));
    bars_hold(bars, what, count, series->count,
              (struct bar){bar->what == REAL_FEW_REGRESSIONS, bar->share, 0, NULL});
    free(what);
    text_addf(out, "| %s | %s %.0f %% | %zu of %zu | %.1f %% [%.1f .. %.1f] | %s |\n", kind->about,
              words_of(bar), 100 * bar->share, count, series->count,
              100 * (double)count / (double)series->count,
              100 * stats_rate_lower(count, series->count, CONFIDENCE),
              100 * stats_rate_upper(count, series->count, CONFIDENCE),
              bars->missed > missed ? "**no**" : "yes");
}

static void add_bars(struct text *out, struct bars *bars, const struct real_results *results)
{
    text_add(out, real_bars);
    text_add(out, "| planted | asked | seen | share [95 % on each side] | held |\n"
                  "|---|---|---|---|---|\n");
    for (size_t k = 0; k < REAL_KINDS; k++)
        for (size_t i = 0; results->series[k].count && i < 2; i++)
            if (real_kinds[k].bars[i].what != REAL_NO_BAR)
                bar_row(out, bars, &real_kinds[k], &results->series[k], &real_kinds[k].bars[i]);
    text_add(out, "\n");
}

/* ---- what they said ---- */

/* Sorted figures of all gates; the caller frees them.
 * A figure that is not there counts as infinite. */
static double *sorted(const struct real_series *series, size_t offset)
{
    double *values = xcalloc(series->count, sizeof *values);
    for (size_t i = 0; i < series->count; i++)
        memcpy(&values[i], (const char *)&series->gates[i] + offset, sizeof values[i]);
    stats_sort(values, series->count);
    return values;
}

static void add_range(struct text *out, const struct real_series *series, size_t offset)
{
    double *values = sorted(series, offset);
    text_addf(out, " %.3f [%.3f .. %.3f] |", stats_quantile(values, series->count, 0.5), values[0],
              values[series->count - 1]);
    free(values);
}

static double mean_pairs(const struct real_series *series)
{
    double sum = 0;
    for (size_t i = 0; i < series->count; i++)
        sum += (double)series->gates[i].pairs;
    return sum / (double)series->count;
}

static double mean_seconds(const struct real_series *series)
{
    double sum = 0;
    for (size_t i = 0; i < series->count; i++)
        sum += series->gates[i].seconds;
    return sum / (double)series->count;
}

static void add_detectable(struct text *out, const struct real_series *series)
{
    double *values = sorted(series, offsetof(struct real_gate, detectable));
    double middle = 100 * stats_quantile(values, series->count, 0.5);
    if (isfinite(middle))
        text_addf(out, " %.1f %% |", middle);
    else
        text_add(out, " none |");
    free(values);
}

static void said_row(struct text *out, const struct real_kind *kind,
                     const struct real_series *series)
{
    size_t regression = real_count(series, "regression"), passed = count_passed(series);
    size_t inconclusive = real_count(series, "inconclusive");
    size_t powerless = real_count(series, "powerless");
    text_addf(out, "| %s | %zu of %zu | %zu | %zu | %zu | %zu | %zu |", kind->about, series->count,
              kind->gates, regression, passed, inconclusive, powerless,
              series->count - regression - passed - inconclusive - powerless);
    add_range(out, series, offsetof(struct real_gate, ratio));
    add_detectable(out, series);
    text_addf(out, " %.0f | %.1f |\n", mean_pairs(series), mean_seconds(series));
}

static void add_said(struct text *out, const struct real_results *results)
{
    text_add(out, real_said);
    text_add(out, "| planted | gates | regression | passed | inconclusive | powerless | other | "
                  "ratio, median of gates [least .. most] | detectable | pairs | seconds |\n"
                  "|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (size_t k = 0; k < REAL_KINDS; k++)
        if (results->series[k].count)
            said_row(out, &real_kinds[k], &results->series[k]);
    text_add(out, "\n");
}

/* ---- where and how ---- */

static const char *duration(char buffer[TEXT_DURATION_BYTES], int64_t ns)
{
    return ns > 0 ? text_duration(buffer, (double)ns) : "-";
}

static void add_how(struct text *out, const struct real_results *results)
{
    text_add(out, real_how);
    text_add(out, "| planted | agents' `--init` | spawn time before, p50 | init lengthened by | "
                  "seed | date | load at the start |\n|---|---|---|---|---|---|---|\n");
    for (size_t k = 0; k < REAL_KINDS; k++) {
        const struct real_series *series = &results->series[k];
        char init[TEXT_DURATION_BYTES], base[TEXT_DURATION_BYTES], planted[TEXT_DURATION_BYTES];
        if (!series->count)
            continue;
        text_addf(out, "| %s | %s | %s | %s | %llu | %s | %.2f |\n", real_kinds[k].about,
                  duration(init, series->init_ns), duration(base, series->base_ns),
                  duration(planted, series->planted_ns), (unsigned long long)series->seed,
                  series->date, series->load);
    }
    text_add(out, "\n");
}

/* Characters that would end a cell. */
static void add_cell(struct text *out, const char *words)
{
    for (const char *at = words; *at; at++)
        text_addf(out, *at == '|' || *at == '`' || *at == '<' ? "\\%c" : "%c", *at);
}

static void add_machine(struct text *out, const struct real_series *series)
{
    text_addf(out, "Command: `%s`. Machine:\n\n| | |\n|---|---|\n", series->command);
    for (size_t i = 0; i < SCENARIO_MACHINE_FACTS; i++) {
        if (!series->machine.facts[i][0])
            continue;
        text_addf(out, "| %s | ", scenario_machine_fact_name(i));
        add_cell(out, series->machine.facts[i]);
        text_add(out, " |\n");
    }
    text_add(out, "\n");
}

void real_write(struct text *out, struct bars *bars, const struct real_results *results)
{
    const struct real_series *first = NULL;
    text_add(out, real_opening);
    for (size_t k = REAL_KINDS; k-- > 0;)
        first = results->series[k].count ? &results->series[k] : first;
    if (!first) {
        text_add(out, "Not measured yet.\n\n");
        return;
    }
    add_bars(out, bars, results);
    add_said(out, results);
    add_how(out, results);
    add_machine(out, first);
}
