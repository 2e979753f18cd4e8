/* How is one answer of the gate said, and how do all of them look on a terminal? */
#include "report/trend_words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/words.h"

const char *gate_words_name(char out[GATE_LINE_BYTES], const struct gate_result *result,
                            size_t item)
{
    const struct gate_place *place = &result->pairs.places[item];
    char statistic[GATE_STATISTIC_BYTES], size[32] = "";
    bool several = false;
    for (size_t i = 0; i < result->answer.count; i++)
        several = several || result->pairs.places[i].batch_size != place->batch_size;
    if (several)
        snprintf(size, sizeof size, ", %zu agents", place->batch_size);
    snprintf(out, GATE_LINE_BYTES, "%s%s%s %s%s", place->arm ? place->arm : "",
             place->arm ? " " : "", scenario_metric_names[place->metric],
             gate_statistic(statistic, result->pairs.metrics[item].quantile), size);
    return out;
}

static const char *number(char out[32], double value)
{
    if (isnan(value))
        snprintf(out, 32, "-");
    else if (isinf(value))
        snprintf(out, 32, "endless");
    else
        snprintf(out, 32, value < 9.995 ? "%.3f" : "%.1f", value);
    return out;
}

const char *gate_words_ratio(char out[GATE_LINE_BYTES], const struct gate_item *item)
{
    char ratio[32], lower[32], upper[32];
    snprintf(out, GATE_LINE_BYTES, "%s%s [%s .. %s]", number(ratio, item->ratio),
             isfinite(item->ratio) ? "x" : "",
             item->lower > 0 ? number(lower, item->lower) : "none",
             isinf(item->upper) ? "none" : number(upper, item->upper));
    return out;
}

const char *gate_words_levels(char out[GATE_LINE_BYTES], const struct gate_result *result)
{
    snprintf(out, GATE_LINE_BYTES, "%.4g/%.4g %%", 100 * (1 - result->asked.alpha),
             100 * (1 - GATE_ALPHA_PASS));
    return out;
}

const char *gate_words_worth(char out[GATE_LINE_BYTES], const struct gate_item *item)
{
    int length = snprintf(out, GATE_LINE_BYTES, "n %zu", item->n);
    if (item->tau > 1.005)
        snprintf(out + length, (size_t)(GATE_LINE_BYTES - length), ", worth %.0f",
                 item->effective_n);
    return out;
}

/* "4.1 %" */
static const char *percent(char out[32], double share)
{
    if (!(share < 10))
        snprintf(out, 32, "1000 %% or more");
    else
        snprintf(out, 32, share < 0.0995 ? "%.2g %%" : "%.3g %%", 100 * share);
    return out;
}

const char *gate_words_said(char out[GATE_LINE_BYTES], const struct gate_result *result,
                            const struct gate_item *item)
{
    char tolerance[32], least[32], seen[32];
    percent(tolerance, result->asked.tolerance);
    percent(least, item->least_regression);
    percent(seen, item->detectable);
    switch (item->word) {
    case GATE_REGRESSION:
        snprintf(out, GATE_LINE_BYTES, "regression above %s", tolerance);
        break;
    case GATE_NO_REGRESSION:
        snprintf(out, GATE_LINE_BYTES, "no regression above %s (would have seen %s)", tolerance,
                 least);
        break;
    case GATE_IMPROVEMENT:
        snprintf(out, GATE_LINE_BYTES, "improvement, faster by more than %s", tolerance);
        break;
    case GATE_POWERLESS:
        if (!(item->detectable < 10))
            return !result->paired && result->sittings < 2
                       ? "powerless: one sitting does not tell how much sittings differ"
                       : "powerless: no change could have been told from none";
        snprintf(out, GATE_LINE_BYTES,
                 "powerless: a change below %s cannot be told from none here (more cycles, a "
                 "quieter machine, or a larger --max-regression)",
                 seen);
        break;
    default:
        snprintf(out, GATE_LINE_BYTES,
                 "inconclusive: neither above nor below %s is proven (would have seen %s)",
                 tolerance, least);
    }
    return out;
}

/* ---- the terminal ---- */

static const char *paint(bool colour, int code)
{
    if (!colour)
        return "";
    return code == 0 ? "\033[1;32m" : code == 3 ? "\033[1;33m" : "\033[1;31m";
}

static int colour_of(enum gate_word word)
{
    return word == GATE_REGRESSION                               ? 1
           : word == GATE_INCONCLUSIVE || word == GATE_POWERLESS ? 3
                                                                 : 0;
}

static void head(struct text *out, const struct gate_result *result)
{
    char count[WORDS_BYTES];
    words_plainf(
        out, "gate  %s  candidate %s against %s", result->scenario ? result->scenario : "-",
        result->candidate ? result->candidate : "-", result->baseline ? result->baseline : "-");
    if (result->paired && result->run)
        text_addf(out, "  run %lld, seed %llu", (long long)result->run,
                  (unsigned long long)result->seed);
    else if (result->sittings)
        text_addf(out, ", baseline of %s",
                  words_plural(count, (int64_t)result->sittings, "sitting"));
    text_add(out, "\n");
}

static size_t widest(const struct gate_result *result)
{
    char name[GATE_LINE_BYTES];
    size_t most = 0;
    for (size_t i = 0; i < result->answer.count; i++) {
        size_t length = strlen(gate_words_name(name, result, i));
        most = length > most ? length : most;
    }
    return most;
}

static void rows(struct text *out, const struct gate_result *result, bool colour)
{
    int width = (int)widest(result);
    for (size_t i = 0; i < result->answer.count; i++) {
        const struct gate_item *item = &result->answer.items[i];
        char name[GATE_LINE_BYTES], ratio[GATE_LINE_BYTES], worth[GATE_LINE_BYTES];
        char levels[GATE_LINE_BYTES], said[GATE_LINE_BYTES];
        text_addf(out, "  %-*s  %s at %s  %s  %s%s%s\n", width, gate_words_name(name, result, i),
                  gate_words_ratio(ratio, item), gate_words_levels(levels, result),
                  gate_words_worth(worth, item), paint(colour, colour_of(item->word)),
                  gate_words_said(said, result, item), colour ? "\033[0m" : "");
    }
}

void gate_words_marks(struct text *out, const char *before, const struct gate_result *result,
                      void (*safe)(struct text *out, const char *line))
{
    char *copy = xstrdup(result->marks.data ? result->marks.data : ""), *next = NULL;
    for (char *line = strtok_r(copy, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
        text_add(out, before);
        safe(out, line);
        text_add(out, "\n");
    }
    free(copy);
}

int report_gate_terminal(FILE *out, const struct gate_result *result, bool colour, struct err *err)
{
    struct text text = {0};
    char findings[WORDS_BYTES], cycles[WORDS_BYTES];
    int rc = 0;
    head(&text, result);
    rows(&text, result, colour);
    gate_words_marks(&text, "  ", result, text_add);
    if (result->cycles)
        text_addf(&text, "  %s of the candidate in %s%s%s\n",
                  words_plural(findings, result->findings_candidate, "finding"),
                  words_plural(cycles, result->cycles, "cycle"),
                  result->findings_candidate ? ": " : "", result->finding);
    text_addf(&text, "%s%s%s", paint(colour, result->code), gate_verdict(result),
              colour ? "\033[0m" : "");
    text_add(&text, result->advisory && result->code < 4 ? "  (advisory)\n" : "\n");
    if (fwrite(text.data, 1, text.length, out) != text.length)
        rc = err_system(err, "cannot write the answer of the gate");
    text_release(&text);
    return rc;
}
