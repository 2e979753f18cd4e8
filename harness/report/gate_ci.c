/* How do CI services read the answer of a gate? Markdown, GitHub's commands,
 * CTest's measurements. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/trend_words.h"
#include "report/words.h"

/* ---- Markdown ---- */

static void markdown_row(struct text *out, const struct gate_result *result, size_t i)
{
    const struct gate_item *item = &result->answer.items[i];
    char line[GATE_LINE_BYTES];
    text_add(out, "| ");
    words_markdown(out, gate_words_name(line, result, i));
    text_addf(out, " | %s | ", gate_word_name(item->word));
    words_markdown(out, gate_words_ratio(line, item));
    text_add(out, " | ");
    words_markdown(out, gate_words_worth(line, item));
    words_markdownf(out, " | %s |\n", gate_words_said(line, result, item));
}

void report_gate_markdown(struct text *out, const struct gate_result *result)
{
    char levels[GATE_LINE_BYTES];
    words_markdownf(out, "### spawnbench gate: %s", gate_verdict(result));
    text_add(out, result->advisory && result->code < 4 ? " (advisory)\n\n" : "\n\n");
    text_add(out, "Scenario ");
    words_code(out, result->scenario ? result->scenario : "-");
    text_add(out, ", candidate ");
    words_code(out, result->candidate ? result->candidate : "-");
    text_add(out, " against ");
    words_code(out, result->baseline ? result->baseline : "-");
    text_addf(out, result->paired && result->run ? ", run %lld.\n\n" : ".\n\n",
              (long long)result->run);
    if (result->reason[0]) {
        words_markdownf(out, "%s\n\n", result->reason);
    }
    if (result->answer.count)
        text_addf(out, "| metric | answer | ratio at %s | n | |\n| --- | --- | --- | --- | --- |\n",
                  gate_words_levels(levels, result));
    for (size_t i = 0; i < result->answer.count; i++)
        markdown_row(out, result, i);
    text_add(out, result->answer.count ? "\n" : "");
    gate_words_marks(out, "- ", result, words_markdown);
    text_addf(out, "- %lld findings of the candidate in %lld cycles",
              (long long)result->findings_candidate, (long long)result->cycles);
    text_add(out, result->finding[0] ? ": " : "");
    words_markdownf(out, "%s\n\n", result->finding);
}

/* ---- GitHub Actions ---- */

static void add_escaped(struct text *out, const char *data)
{
    for (; *data; data++)
        if (*data == '%' || *data == '\r' || *data == '\n')
            text_addf(out, "%%%02X", (unsigned)(unsigned char)*data);
        else
            text_add_bytes(out, data, 1);
}

static void annotate(struct text *out, const char *kind, const struct gate_result *result,
                     const char *what)
{
    struct text plain = {0};
    words_plainf(&plain, "%s: %s", result->scenario ? result->scenario : "gate", what);
    text_addf(out, "::%s title=spawnbench gate::", kind);
    add_escaped(out, plain.data);
    text_add(out, "\n");
    text_release(&plain);
}

static void annotate_item(struct text *out, const struct gate_result *result, size_t i)
{
    const struct gate_item *item = &result->answer.items[i];
    char name[GATE_LINE_BYTES], ratio[GATE_LINE_BYTES], said[GATE_LINE_BYTES], *what;
    bool grave = item->word == GATE_REGRESSION && result->code == 1;
    if (item->word == GATE_NO_REGRESSION || item->word == GATE_IMPROVEMENT)
        return;
    what = text_format("%s %s: %s", gate_words_name(name, result, i), gate_words_ratio(ratio, item),
                       gate_words_said(said, result, item));
    annotate(out,
             grave || (result->code == 3 && item->word != GATE_REGRESSION) ? "error" : "warning",
             result, what);
    free(what);
}

void report_gate_annotations(struct text *out, const struct gate_result *result)
{
    char *what;
    if (result->findings_candidate) {
        what = text_format("integrity broken, %lld findings: %s",
                           (long long)result->findings_candidate, result->finding);
        annotate(out, "error", result, what);
        free(what);
    }
    if (result->reason[0])
        annotate(out, "error", result, result->reason);
    if (result->open_steps)
        annotate(out, result->code == 1 ? "error" : "warning", result, result->history);
    for (size_t i = 0; i < result->answer.count && !result->reason[0]; i++)
        annotate_item(out, result, i);
}

/* ---- CTest ---- */

static void measurement(struct text *out, const char *name, const char *suffix, double value)
{
    if (!isfinite(value))
        return;
    text_add(out, "<CTestMeasurement type=\"numeric/double\" name=\"");
    for (; *name; name++) /* names of metrics and arms: letters of identifiers, no markup */
        text_add_bytes(out, strchr("<>&\"", *name) ? "?" : name, 1);
    text_addf(out, "%s\">%.9g</CTestMeasurement>\n", suffix, value);
}

void report_gate_ctest(struct text *out, const struct gate_result *result)
{
    char name[GATE_LINE_BYTES];
    for (size_t i = 0; i < result->answer.count; i++) {
        const struct gate_item *item = &result->answer.items[i];
        gate_words_name(name, result, i);
        measurement(out, name, " ratio", item->ratio);
        measurement(out, name, " upper bound", item->upper);
    }
}
