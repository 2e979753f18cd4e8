/* What does benchmarks.md say? Question and answer first, then how it is known; chapters by run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/folder.h"
#include "report/chapters.h"
#include "report/figure.h"
#include "report/report.h"
#include "report/shared_words.h"

/* One report under way. */
struct page {
    struct text text;
    const char *figures; /* folder of the figures */
    struct results *store;
    const int64_t *runs;
    size_t count;
    bool missing;
};

/* The picture with its caption, or why it is not there. */
static void chapter_figure(struct text *out, const struct facts *facts,
                           const struct figure_set *figures, enum figure_kind kind)
{
    static const char *const captions[FIGURE_KINDS] = {
        "Share of the counted cycles that were done by then. A claimed limit is met when the curve "
        "passes the cross on its left or above it; a curve that ends below 100 % is of an arm with "
        "failed cycles. Round the arms of a claim: their band of 95 % bounds at each height (it "
        "reaches the edge where there are too few cycles for a bound), and as a bar the claim's "
        "own interval.",
        "One cycle of each arm, the one nearest its median: one bar per agent, a colour for each "
        "phase. Bars of agents that failed or were cancelled reach to the answer, since their end "
        "is not told.",
        "Median spawn time against the number of agents, with bounds of 95 % each (from 5 cycles "
        "on); the fitted law as a thin line with its band of 90 %, where it fits; dotted grey: the "
        "least time that cores and agents allow.",
        "Every cycle in the order they ran: drift and bursts would show here. Crosses at the top "
        "are failed cycles, dotted lines the beginning of another sitting.",
        "One point per pair of cycles in the order they ran. Steps that wander show that the ratio "
        "moved with the hour; crosses below are pairs whose fast arm failed, above those whose "
        "slow arm alone failed.",
        "Is the ratio the same for slow cycles as for fast ones? Each point divides a quantile of "
        "one arm by the same quantile of the other, with cautious bounds from order statistics; a "
        "level line says that the whole distribution is scaled. These are not ratios of pairs.",
        "The shape of the spawn times, wide where many cycles are; dashed lines stand at the two "
        "modes, or at the median of an arm that has one. The slowest 1 % may lie outside.",
        "Medians of each phase over all agents that became ready, set end to end. The median of a "
        "sum is not the sum of medians, and a typical agent of a sequential arm is the middle one "
        "of its batch: bars explain the times above, they do not replace them."};
    char *name;
    if (!figures->wanted[kind])
        return;
    name = text_format("%s-%s", figures->prefix, figure_name(kind));
    if (*figures->trouble) {
        text_addf(out, "The figure `figures/%s.svg` could not be drawn.\n\n", name);
    } else {
        text_addf(out, "![%s of %s](figures/%s.svg)\n\n*%s", figure_name(kind),
                  facts->scenario.name, name, captions[kind]);
        if (kind == FIGURE_TIMELINE &&
            facts_cell(facts, 0, data_largest(facts))->batch_size > data_rows_most(facts))
            text_addf(out, " Only the first %zu agents are shown.", data_rows_most(facts));
        if (kind == FIGURE_TIMELINE && facts->value_count > 1)
            text_addf(out, " Batches of %zu agents.",
                      facts_cell(facts, 0, data_largest(facts))->batch_size);
        if (kind == FIGURE_DISTRIBUTION && facts->value_count > FIGURE_MOST_PANELS)
            text_addf(out, " %d of %zu batch sizes are shown.", FIGURE_MOST_PANELS,
                      facts->value_count);
        text_addf(out, "* Data and script: [dat](figures/%s.dat), [gp](figures/%s.gp)\n\n", name,
                  name);
    }
    free(name);
}

static void count_words(const struct verdict *verdict, size_t words[VERDICT_WORDS])
{
    for (size_t i = 0; i < verdict->count; i++)
        words[verdict->items[i].word]++;
}

static void add_answer(struct text *out, const struct facts *facts, const struct verdict_item *item)
{
    char words[WORDS_BYTES];
    words_markdownf(out, "- **%s %-s**: %s", item->claim->id, verdict_word_name(item->word),
                    item->claim->text);
    if (facts->value_count > 1 && item->claim->at < 0)
        text_addf(out, ", %s", words_plural(words, (int64_t)item->batch_size, "agent"));
    words_markdownf(out, ": %s", item->reason);
    if (*item->remedy) {
        words_markdownf(out, "; %s", item->remedy);
    }
    text_addf(out, *words_reach(item) ? ". (%s)\n" : ".%s\n", words_reach(item));
}

/* Supported, refuted, inconclusive: counted, then each with its sentence. */
static void headline(struct text *out, const struct facts *facts)
{
    size_t words[VERDICT_WORDS] = {0};
    char count[WORDS_BYTES];
    int64_t findings = facts_findings(facts);
    count_words(&facts->verdict, words);
    if (facts->verdict.count)
        text_addf(out,
                  "**%zu supported, %zu refuted, %zu inconclusive, %zu invalid; %s of the "
                  "audit.**\n\n",
                  words[VERDICT_SUPPORTED], words[VERDICT_REFUTED], words[VERDICT_INCONCLUSIVE],
                  words[VERDICT_INVALID], words_plural(count, findings, "finding"));
    else
        text_addf(out, "**No claim is made; %s of the audit.**\n\n",
                  words_plural(count, findings, "finding"));
    if (*facts->verdict.could_not) {
        words_markdownf(out, "**Could not measure**: %s.\n\n", facts->verdict.could_not);
    }
    for (size_t i = 0; i < facts->verdict.count; i++)
        add_answer(out, facts, &facts->verdict.items[i]);
    text_add(out, facts->verdict.count ? "\n" : "");
}

static void add_state(struct text *out, const struct facts *facts)
{
    const struct results_run *run = &facts->run;
    char date[WORDS_BYTES];
    text_addf(out, "Run %lld, started %s, %zu of %zu planned cycles stored (warm-ups included), ",
              (long long)run->id, words_date(date, run->started_wall_ns), run->cycles,
              run->planned);
    text_addf(out, "seed %llu, ", (unsigned long long)run->seed);
    if (strcmp(run->state, "complete") == 0) {
        text_addf(out, "complete%s",
                  run->cycles < run->planned ? " (every claim was decided before the last look)"
                                             : "");
    } else {
        text_add(out, "**partial**: it ended early");
        if (*run->note) {
            words_markdownf(out, " (%s)", run->note);
        }
    }
    text_add(out, ".\n\n");
}

static void missing_figures(struct text *out, const struct figure_set *figures)
{
    if (!*figures->trouble)
        return;
    words_markdownf(out,
                    "> **The figures could not be drawn**: %s. Their data and scripts are in the "
                    "folder `figures`. Remedy: install gnuplot (Debian: `apt install "
                    "gnuplot-nox`), then `spawnbench report` again.\n\n",
                    figures->trouble);
}

static int add_chapters(struct page *page, const struct facts *facts,
                        const struct figure_set *figures, struct err *err)
{
    struct text *out = &page->text;
    chapter_asked(out, facts);
    chapter_verdicts(out, facts);
    missing_figures(out, figures);
    chapter_times(out, facts);
    chapter_figure(out, facts, figures, FIGURE_DISTRIBUTION);
    chapter_figure(out, facts, figures, FIGURE_MODES);
    chapter_scaling(out, facts);
    chapter_figure(out, facts, figures, FIGURE_SCALING);
    chapter_split(out, facts);
    chapter_figure(out, facts, figures, FIGURE_RATIOS);
    chapter_figure(out, facts, figures, FIGURE_SHIFT);
    chapter_orders(out, facts);
    chapter_phases(out, facts);
    chapter_figure(out, facts, figures, FIGURE_PHASES);
    chapter_figure(out, facts, figures, FIGURE_TIMELINE);
    if (chapter_integrity(out, page->store, facts, err) < 0 ||
        chapter_locks(out, page->store, facts, err) < 0)
        return -1;
    chapter_shared(out, facts);
    chapter_diagnostics(out, facts);
    chapter_figure(out, facts, figures, FIGURE_CYCLES);
    chapter_machine(out, facts);
    chapter_again(out, facts);
    return 0;
}

/* The first run of a scenario has the plain names; another run of the same one adds its number. */
static void name_figures(struct figure_set *set, struct page *page, size_t index,
                         const struct facts *facts)
{
    bool again = false;
    for (size_t i = 0; i < index; i++) {
        struct results_run other;
        if (results_run_load(page->store, page->runs[i], &other, NULL) < 0)
            continue;
        again = again || strcmp(other.scenario_name, facts->scenario.name) == 0;
        results_run_release(&other);
    }
    if (again)
        snprintf(set->prefix, sizeof set->prefix, "%.64s-run%lld", facts->scenario.name,
                 (long long)facts->run.id);
    else
        snprintf(set->prefix, sizeof set->prefix, "%.64s", facts->scenario.name);
}

static void add_title(struct page *page, const struct facts *facts)
{
    if (page->text.length == 0) {
        words_markdownf(&page->text, "# Benchmarks: %s", facts->scenario.name);
        text_add(&page->text, "\n\nWritten by spawnbench " SPAWNBENCH_VERSION
                              " from stored runs; `spawnbench report` rebuilds it.\n\n");
        if (page->count > 1)
            text_addf(&page->text, "%zu runs are told, the headline first.\n\n", page->count);
    }
    words_markdownf(&page->text, "## %s (run %lld)\n\n", facts->scenario.name,
                    (long long)facts->run.id);
}

static int add_run(struct page *page, size_t index, struct err *err)
{
    struct facts facts;
    struct figure_set figures = {0};
    int rc;
    if (facts_load(&facts, page->store, page->runs[index], err) < 0)
        return -1;
    name_figures(&figures, page, index, &facts);
    rc = figure_draw(&figures, page->figures, page->store, &facts, err);
    if (rc == 0) {
        add_title(page, &facts);
        headline(&page->text, &facts);
        add_state(&page->text, &facts);
        rc = add_chapters(page, &facts, &figures, err);
    }
    page->missing = page->missing || figures.missing;
    facts_release(&facts);
    return rc;
}

int report_render(const char *folder, struct results *store, const int64_t runs[], size_t count,
                  bool *figures_missing, struct err *err)
{
    char *figures = NULL, *path = text_format("%s/benchmarks.md", folder);
    int rc = folder_make_below(&figures, folder, "figures", err);
    struct page page = {.figures = figures, .store = store, .runs = runs, .count = count};
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = add_run(&page, i, err);
    if (rc == 0)
        rc = chapter_proofs(&page.text, store, err);
    if (rc == 0) {
        chapter_method(&page.text);
        rc = text_write_file(path, page.text.data, page.text.length, err);
    }
    *figures_missing = page.missing;
    text_release(&page.text);
    free(figures);
    free(path);
    return rc;
}
