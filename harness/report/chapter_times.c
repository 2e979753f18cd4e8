/* How long did it take, how much of the speedup is concurrency, and where does the time go? */
#include <stdio.h>
#include <stdlib.h>

#include "report/chapters.h"

/* "96.9 % [96.1 % .. 97.2 %]" */
static const char *words_percent(char out[WORDS_BYTES], const struct facts_median *share)
{
    char median[WORDS_BYTES], lower[WORDS_BYTES], upper[WORDS_BYTES];
    words_share(lower, share->bounds.lower);
    words_share(upper, share->bounds.upper);
    snprintf(out, WORDS_BYTES, "%s [%s .. %s]", words_share(median, share->median),
             share->bounds.has_lower ? lower : "none", share->bounds.has_upper ? upper : "none");
    return out;
}

static void add_name(struct text *out, const struct facts *facts, const struct facts_cell *cell)
{
    words_markdownf(out, "| %s | %zu", facts->arms[cell->arm].name, cell->batch_size);
}

static void add_duration(struct text *out, double ns)
{
    char duration[TEXT_DURATION_BYTES];
    text_addf(out, " | %s", text_duration(duration, ns));
}

static void add_times_row(struct text *out, const struct facts *facts,
                          const struct facts_cell *cell)
{
    const struct stats_summary *spawn = &cell->spawn;
    char words[WORDS_BYTES];
    add_name(out, facts, cell);
    text_addf(out, " | %zu", spawn->n);
    add_duration(out, spawn->mean);
    add_duration(out, spawn->standard_deviation);
    text_addf(out, " | %s",
              spawn->n ? words_estimate(words, spawn->median, &cell->spawn_median) : "-");
    add_duration(out, spawn->p95);
    text_addf(out, " | %s", spawn->n ? words_at_most(words, &cell->spawn_p95, spawn->n) : "-");
    add_duration(out, spawn->p99);
    add_duration(out, spawn->max);
    text_addf(out, " | %zu", spawn->failed);
    text_addf(out, " | %s |\n",
              cell->ready.n ? words_estimate(words, cell->ready.median, &cell->ready_median) : "-");
}

void chapter_times(struct text *out, const struct facts *facts)
{
    bool failed = false;
    text_add(out,
             "### The times\n\nSpawn time of each arm: from the request until every agent is "
             "ready and the answer is read.\n\n"
             "| arm | agents | n | mean | sd | p50 [lower .. upper] | p95 | p95, bound | p99 | "
             "max | failed | ready time p50 |\n"
             "|---|--:|--:|--:|--:|---|--:|---|--:|--:|--:|---|\n");
    for (size_t i = 0; i < facts->arm_count * facts->value_count; i++) {
        add_times_row(out, facts, &facts->cells[i]);
        failed = failed || facts->cells[i].spawn.failed;
    }
    text_add(out, "\nThe bounds are one-sided, 95 % each.");
    if (failed)
        text_add(out,
                 " A failed cycle counts as infinitely slow (\"never\") in every quantile; mean "
                 "and sd leave it out.");
    text_add(out, "\n\n");
}

static void add_part(struct text *out, const char *what, const char *ratio,
                     const struct facts_ratio *part)
{
    char words[WORDS_BYTES];
    text_addf(out, "| %s | %s | ", what, ratio);
    if (part->known)
        text_addf(out, "%s | %zu |\n", words_ratio(words, part->ratio.median, &part->ratio.bounds),
                  part->ratio.n);
    else
        text_add(out, "not measured | 0 |\n");
}

/* One row: what, with its doubt, and where it comes from. */
static void add_figure(struct text *out, const char *what, const char *words, const char *how)
{
    text_addf(out, "| %s | %s | %s |\n", what, words, how);
}

static void add_limit_table(struct text *out, const struct explain *explain,
                            const struct explain_size *size)
{
    char words[WORDS_BYTES], bound[WORDS_BYTES], *least;
    least = size->has_cpu ? text_format("the slowest agent's own time, or all their CPU time over "
                                        "%g %s: the longer one (%s)",
                                        explain->cores, explain->cores == 1 ? "core" : "cores",
                                        explain_binding_name(size->binding))
                          : xstrdup("the slowest agent's own time");
    text_add(out, "| figure | median [lower .. upper] | how |\n|---|---|---|\n");
    add_figure(out, "least time", words_estimate(bound, size->bound.median, &size->bound.bounds),
               least);
    add_figure(out, "greatest speedup possible",
               words_ratio(words, size->possible.median, &size->possible.bounds),
               "slow arm / least time");
    add_figure(out, "attained", words_percent(words, &size->attained), "least time / fast arm");
    add_figure(out, "overhead",
               words_estimate(words, size->overhead.median, &size->overhead.bounds),
               "fast arm - least time: starting, noticing, recording");
    if (size->agents > 1)
        add_figure(
            out, "serial fraction", words_percent(words, &size->serial),
            "share of the fast arm's time with fewer than two agents under way (start to seen)");
    if (size->busy.n)
        add_figure(out, "CPU share", words_percent(words, &size->busy),
                   "CPU time of the agents until ready / their own time, at most all of it");
    text_add(out, "\n");
    free(least);
}

static void add_sources(struct text *out, const struct explain_size *size)
{
    static const char *const sources[] = {
        "from main to own ready, by their own words",
        "from start to seen, by the spawner's word, since the agents say nothing",
        "from main to own ready where the agent says it, else from start to seen"};
    char pairs[WORDS_BYTES];
    text_addf(out,
              "Medians over %s, bounds of 95 %% each. An agent's own time is that of the slow "
              "arm's cycle of the same pair, where it had the machine for itself: %s.%s%s\n\n",
              words_plural(pairs, (int64_t)size->pairs, "pair"), sources[size->source],
              size->has_cpu ? ""
                            : " The CPU time of the agents or the number of cores is not known, so "
                              "cores do not enter: the true limit may be lower.",
              size->mixed ? " Pairs in which the slow arm's agents overlapped are left out." : "");
}

static void add_limit(struct text *out, const struct facts *facts, const struct explain_size *size)
{
    words_markdownf(out, "**Limit** of %s against %s: **", facts->arms[size->fast].name,
                    facts->arms[size->slow].name);
    explain_limit(out, facts->explain, size);
    text_add(out, "**; ");
    explain_attained(out, size);
    text_add(out, ".\n\n");
    add_limit_table(out, facts->explain, size);
    add_sources(out, size);
}

static void add_split(struct text *out, const struct facts *facts, size_t value)
{
    const struct facts_split *split = &facts->splits[value];
    size_t agents = facts_cell(facts, 0, value)->batch_size;
    bool whole = split->concurrency.known && split->recording.known;
    text_add(out,
             "| part | ratio of spawn times | median of paired ratios [lower .. upper] | pairs "
             "|\n|---|---|---|--:|\n");
    add_part(out, "total speedup", "sequential / parallel", &split->total);
    add_part(out, "concurrency", "sequential-batch / parallel", &split->concurrency);
    add_part(out, "recording once", "sequential / sequential-batch", &split->recording);
    text_add(out, "\n");
    if (agents > 1)
        text_addf(
            out,
            "%zu equal agents give at most %zu.00x by concurrency alone; what lies above comes "
            "from recording once instead of %zu times. ",
            agents, agents, agents);
    if (whole)
        text_add(out, "The parts are medians of their own ratios, so their product need not be "
                      "exactly the total. ");
    else
        text_add(out,
                 "Without cycles of an arm `sequential-batch` (sequential, recording once) the "
                 "two cannot be told apart here. ");
    text_add(out, "\n\n");
}

void chapter_split(struct text *out, const struct facts *facts)
{
    bool any = false;
    for (size_t value = 0; value < facts->value_count; value++) {
        const struct explain_size *size = &facts->explain->sizes[value];
        char words[WORDS_BYTES];
        if (!facts->splits[value].total.known && !size->known)
            continue;
        text_add(out, any ? "" : "### Where the speedup comes from\n\n");
        any = true;
        text_addf(out, "%s:\n\n",
                  words_plural(words, (int64_t)facts_cell(facts, 0, value)->batch_size, "agent"));
        if (facts->splits[value].total.known)
            add_split(out, facts, value);
        if (size->known)
            add_limit(out, facts, size);
    }
}

/* "97.2 % [95.1 % .. 98.4 %]"; without overlap "100 %, at least 97.0 % (no overlap)" */
static void add_chance(struct text *out, const struct stats_order *order)
{
    char share[WORDS_BYTES], lower[WORDS_BYTES], upper[WORDS_BYTES];
    words_chance(share, order->share);
    words_chance(lower, order->lower);
    words_chance(upper, order->upper);
    if (!order->separated)
        text_addf(out, "%s [%s .. %s]", share, lower, upper);
    else if (order->share > 0.5)
        text_addf(out, "%s, at least %s (no overlap)", share, lower);
    else
        text_addf(out, "%s, at most %s (no overlap)", share, upper);
}

static void add_order(struct text *out, const struct facts *facts, const struct facts_order *order)
{
    words_markdownf(out, "| %s | %s | %-s", facts->arms[order->fast].name,
                    facts->arms[order->slow].name, scenario_metric_names[order->metric]);
    if (order->agent) {
        words_markdownf(out, " of %s", order->agent);
    }
    text_addf(out, " | %zu | ", facts_cell(facts, 0, order->value)->batch_size);
    add_chance(out, &order->order);
    text_addf(out, " | %zu", order->n);
    if (order->tau > 1)
        text_addf(out, ", worth %.0f (tau %.2g)", (double)order->n / order->tau, order->tau);
    text_add(out, " |\n");
}

void chapter_orders(struct text *out, const struct facts *facts)
{
    if (facts->order_count == 0)
        return;
    text_add(out, "How often does a cycle of the faster arm take less than one of the slower, "
                  "whatever their pairs?\n\n"
                  "| faster | slower | of | agents | probability [lower .. upper] | cycles of each "
                  "arm |\n|---|---|---|--:|---|---|\n");
    for (size_t i = 0; i < facts->order_count; i++)
        add_order(out, facts, &facts->orders[i]);
    text_add(out,
             "\nOf equal ones half count; a failed cycle takes longer than any other. The bounds "
             "are one-sided, 95 % each, by n / tau cycles: neighbours resemble each other.\n\n");
}

static void add_above_row(struct text *out, const struct facts *facts,
                          const struct facts_cell *cell)
{
    char words[WORDS_BYTES];
    if (!cell->overhead.n)
        return;
    add_name(out, facts, cell);
    add_duration(out, cell->slowest.median);
    text_addf(out, " | %s | %zu |\n",
              words_estimate(words, cell->overhead.median, &cell->overhead.bounds),
              cell->overhead.n);
}

static void add_above(struct text *out, const struct facts *facts)
{
    size_t known = 0;
    for (size_t i = 0; i < facts->arm_count * facts->value_count; i++)
        known += facts->cells[i].overhead.n > 0;
    if (!known)
        return;
    text_add(out,
             "Spawn time above the slowest agent's own initialisation, cycle by cycle "
             "(medians, bounds of 95 % each): starting, noticing, recording, and in an arm that "
             "starts one after the other also the initialisation of the others.\n\n"
             "| arm | agents | slowest agent's own | spawn time above it | cycles |\n"
             "|---|--:|--:|---|--:|\n");
    for (size_t i = 0; i < facts->arm_count * facts->value_count; i++)
        add_above_row(out, facts, &facts->cells[i]);
    text_add(out, "\n");
}

static void add_phases_row(struct text *out, const struct facts *facts,
                           const struct facts_cell *cell)
{
    add_name(out, facts, cell);
    for (int phase = 0; phase < FACTS_PHASES; phase++) {
        char median[TEXT_DURATION_BYTES], p95[TEXT_DURATION_BYTES];
        const struct facts_median *took = &cell->phases[phase];
        if (took->n)
            text_addf(out, " | %s (%s)", text_duration(median, took->median),
                      text_duration(p95, took->p95));
        else
            text_add(out, " | not known");
    }
    text_add(out, " |\n");
}

void chapter_phases(struct text *out, const struct facts *facts)
{
    bool any = false;
    for (size_t i = 0; i < facts->arm_count * facts->value_count; i++)
        any = any || facts->cells[i].phases[FACTS_UNSEEN].n;
    text_add(out, "### Where the time of an agent goes\n\n");
    if (!any) {
        text_add(out, "No agent of a counted cycle became ready, so there is nothing to show.\n\n");
        return;
    }
    text_add(out, "Median (p95) over the ready agents of the counted cycles.\n\n| arm | agents");
    for (int phase = 0; phase < FACTS_PHASES; phase++)
        text_addf(out, " | %s", facts_phase_name((enum facts_phase)phase));
    text_add(out, " |\n|---|--:|");
    for (int phase = 0; phase < FACTS_PHASES; phase++)
        text_add(out, "---|");
    text_add(out, "\n");
    for (size_t i = 0; i < facts->arm_count * facts->value_count; i++)
        add_phases_row(out, facts, &facts->cells[i]);
    text_add(
        out,
        "\nSent is the harness's clock; start, seen and recorded are the subject's words; main "
        "and own ready are the agent's own words to the witness (\"not known\" where agents "
        "say none). The audit checks their order. Start to seen spans the three phases before it. "
        "An agent of an arm that starts one after the other waits from sent to start; one that "
        "is recorded with all others waits for the slowest from seen to recorded.\n\n");
    add_above(out, facts);
}
