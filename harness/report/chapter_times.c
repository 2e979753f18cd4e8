/* How long did it take, how much of the speedup is concurrency, and where does the time go? */
#include <math.h>

#include "report/chapters.h"

static void add_name(struct text *out, const struct facts *facts, const struct facts_cell *cell)
{
    text_add(out, "| ");
    words_markdown(out, facts->arms[cell->arm].name);
    text_addf(out, " | %zu", cell->batch_size);
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

/* Only where every agent itself says how long its initialisation took. */
static void explain_limit(struct text *out, const struct facts_cell *sequential)
{
    char together[TEXT_DURATION_BYTES], slowest[TEXT_DURATION_BYTES];
    if (!sequential->slowest.n || sequential->slowest.median <= 0)
        return;
    text_addf(out,
              "By the agents' own account (medians over %zu cycles of the sequential arm) their "
              "initialisation adds up to %s, and the slowest takes %s of it: starting them all at "
              "once can save at most a factor of %.2f of that. ",
              sequential->slowest.n, text_duration(together, sequential->together.median),
              text_duration(slowest, sequential->slowest.median),
              sequential->together.median / sequential->slowest.median);
}

static void explain_overhead(struct text *out, const struct facts_cell *parallel)
{
    char spawn[TEXT_DURATION_BYTES], slowest[TEXT_DURATION_BYTES], over[WORDS_BYTES];
    if (!parallel->overhead.n)
        return;
    text_addf(
        out,
        "Why not more: of the %s that the parallel arm takes, the slowest agent's own "
        "initialisation (from its main to its own ready) is %s, which no spawner can shorten; "
        "what lies above it, %s at 95 %%, is the cost of starting, noticing and recording "
        "(each figure a median over cycles).",
        text_duration(spawn, parallel->spawn.median),
        text_duration(slowest, parallel->slowest.median),
        words_estimate(over, parallel->overhead.median, &parallel->overhead.bounds));
}

static void add_split(struct text *out, const struct facts *facts, size_t value)
{
    const struct facts_split *split = &facts->splits[value];
    size_t agents = facts_cell(facts, 0, value)->batch_size;
    int sequential = facts_find_arm(facts, "sequential");
    int parallel = facts_find_arm(facts, "parallel");
    bool whole = split->concurrency.known && split->recording.known;
    char words[WORDS_BYTES];
    text_addf(out, "%s:\n\n", words_plural(words, (int64_t)agents, "agent"));
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
    explain_limit(out, facts_cell(facts, (size_t)sequential, value));
    explain_overhead(out, facts_cell(facts, (size_t)parallel, value));
    text_add(out, "\n\n");
}

void chapter_split(struct text *out, const struct facts *facts)
{
    bool any = false;
    for (size_t value = 0; value < facts->value_count; value++) {
        if (!facts->splits[value].total.known)
            continue;
        if (!any)
            text_add(out, "### Where the speedup comes from\n\n");
        any = true;
        add_split(out, facts, value);
    }
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
        "and own ready are the agent's own, from the ledger (\"not known\" where agents write "
        "none). The audit checks their order. Start to seen spans the three phases before it. "
        "An agent of an arm that starts one after the other waits from sent to start; one that "
        "is recorded with all others waits for the slowest from seen to recorded.\n\n");
    add_above(out, facts);
}
