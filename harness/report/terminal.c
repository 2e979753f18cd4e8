/* What happened? One screen: the summary after a run and for `show`. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/lock_facts.h"
#include "report/report.h"
#include "report/shared_words.h"
#include "report/words.h"

#define MOST_FINDINGS 5
#define MOST_SIZES    3 /* with more batch sizes only the first and last speedup is explained */

/* One summary under way. */
struct screen {
    struct text text;
    const struct facts *facts;
    bool colour;
    int shown;
};

static const char *paint(const struct screen *screen, enum verdict_word word)
{
    static const char *const codes[] = {"\033[1;32m", "\033[1;31m", "\033[1;33m", "\033[1;35m"};
    return screen->colour ? codes[word] : "";
}

static const char *plain(const struct screen *screen)
{
    return screen->colour ? "\033[0m" : "";
}

static void add_agents(struct text *out, const struct facts *facts)
{
    char words[WORDS_BYTES];
    if (facts->value_count == 1) {
        text_add(out, words_plural(words, (int64_t)facts->cells[0].batch_size, "agent"));
        return;
    }
    for (size_t value = 0; value < facts->value_count; value++)
        text_addf(out, "%s%zu", value ? ", " : "", facts_cell(facts, 0, value)->batch_size);
    text_add(out, " agents");
}

static void head(struct screen *screen)
{
    const struct facts *facts = screen->facts;
    const struct results_run *run = &facts->run;
    char cycles[WORDS_BYTES], warmups[WORDS_BYTES], date[WORDS_BYTES];
    int64_t counted = 0;
    for (size_t i = 0; i < facts->cycle_count; i++)
        counted += !facts->cycles[i].warmup;
    words_plainf(&screen->text, "%s  ", facts->scenario.name);
    add_agents(&screen->text, facts);
    text_addf(&screen->text, "  %s, %s, seed %llu\n", words_plural(cycles, counted, "cycle"),
              words_plural(warmups, (int64_t)facts->cycle_count - counted, "warm-up"),
              (unsigned long long)run->seed);
    text_addf(&screen->text, "  run %lld of %s, %s", (long long)run->id,
              words_date(date, run->started_wall_ns), run->state);
    if (strcmp(run->state, "complete") != 0)
        text_addf(&screen->text, ": %zu of %zu planned cycles are stored", run->cycles,
                  run->planned);
    if (*run->note) {
        words_plainf(&screen->text, " (%s)", run->note);
    }
    text_add(&screen->text, "\n");
}

static void cell_times(struct screen *screen, const struct facts_cell *cell)
{
    const struct stats_summary *s = &cell->spawn;
    char p95[TEXT_DURATION_BYTES], p99[TEXT_DURATION_BYTES], max[TEXT_DURATION_BYTES];
    char median[WORDS_BYTES], most[WORDS_BYTES];
    text_addf(&screen->text, "    spawn    p50 %s at 95 %%   p95 %s, %s   p99 %s   max %s\n",
              words_estimate(median, s->median, &cell->spawn_median), text_duration(p95, s->p95),
              words_at_most(most, &cell->spawn_p95, s->n), text_duration(p99, s->p99),
              text_duration(max, s->max));
    text_addf(&screen->text, "             mean %s   sd %s   n %zu", text_duration(p95, s->mean),
              text_duration(p99, s->standard_deviation), s->n);
    if (s->failed)
        text_addf(&screen->text, ", %zu of them failed (infinitely slow; not in mean and sd)",
                  s->failed);
    text_addf(&screen->text, "\n    ready    p50 %s at 95 %%\n",
              words_estimate(median, cell->ready.median, &cell->ready_median));
}

static void cell_overhead(struct screen *screen, const struct facts_cell *cell)
{
    char own[TEXT_DURATION_BYTES], over[WORDS_BYTES];
    if (!cell->overhead.n)
        return;
    text_addf(&screen->text,
              "    of that  %s the slowest agent's own initialisation; %s above it at 95 %%\n",
              text_duration(own, cell->slowest.median),
              words_estimate(over, cell->overhead.median, &cell->overhead.bounds));
}

static void one_cell(struct screen *screen, const struct facts_cell *cell)
{
    char count[WORDS_BYTES];
    if (!cell->spawn.n) {
        text_add(&screen->text, "    no cycle that counts is stored\n");
    } else if (cell->spawn.failed == cell->spawn.n) {
        text_addf(&screen->text, "    spawn    never: %s, all failed\n",
                  words_plural(count, (int64_t)cell->spawn.n, "cycle"));
    } else {
        cell_times(screen, cell);
        cell_overhead(screen, cell);
    }
}

static void arms(struct screen *screen)
{
    const struct facts *facts = screen->facts;
    for (size_t arm = 0; arm < facts->arm_count; arm++) {
        for (size_t value = 0; value < facts->value_count; value++) {
            const struct facts_cell *cell = facts_cell(facts, arm, value);
            char words[WORDS_BYTES], opened[TEXT_DURATION_BYTES];
            words_plainf(&screen->text, "  %s", facts->arms[arm].name);
            if (facts->value_count > 1)
                text_addf(&screen->text, "  %s",
                          words_plural(words, (int64_t)cell->batch_size, "agent"));
            text_add(&screen->text, "\n");
            if (value == 0 && facts->arms[arm].open_ns >= 0)
                text_addf(&screen->text, "    opened   in %s\n",
                          text_duration(opened, (double)facts->arms[arm].open_ns));
            one_cell(screen, cell);
        }
    }
}

static void cost(struct screen *screen)
{
    const struct facts *facts = screen->facts;
    char harness[TEXT_DURATION_BYTES], audit[TEXT_DURATION_BYTES];
    double *samples = xcalloc(2 * facts->cycle_count, sizeof *samples);
    double *audits = samples + facts->cycle_count;
    for (size_t i = 0; i < facts->cycle_count; i++) {
        samples[i] = (double)facts->cycles[i].harness_ns;
        audits[i] = (double)facts->cycles[i].audit_ns;
    }
    if (facts->cycle_count)
        text_addf(
            &screen->text, "  harness itself %s a cycle, its audit apart from that %s (medians)\n",
            text_duration(harness, facts_median_of(samples, facts->cycle_count, NULL, 0).median),
            text_duration(audit, facts_median_of(audits, facts->cycle_count, NULL, 0).median));
    free(samples);
}

static int show_finding(void *context, const struct results_finding *finding)
{
    struct screen *screen = context;
    const struct facts *facts = screen->facts;
    if (screen->shown++ == MOST_FINDINGS)
        return 1;
    words_plainf(&screen->text, "    %s: ", finding->rule);
    if (finding->arm >= 0 && finding->arm < (int)facts->arm_count) {
        words_plainf(&screen->text, "%s, ", facts->arms[finding->arm].name);
    }
    if (finding->cycle >= 0)
        text_addf(&screen->text, "cycle %lld", (long long)finding->cycle);
    else
        text_add(&screen->text, "after the run");
    words_plainf(&screen->text, "%-s%s: %s\n", *finding->agent ? ", agent " : "", finding->agent,
                 finding->text);
    return 0;
}

/* What was asked and could not be answered is not held. */
static void left_open(struct screen *screen)
{
    const struct facts *facts = screen->facts;
    size_t shown = 0, all = 0;
    for (size_t i = 0; i < audit_rule_count; i++) {
        struct rule_told told = rule_tell(facts, i);
        bool own = told.open && facts->open[i].count;
        all += own ? facts->open[i].count : 0;
        if (!own || shown == MOST_FINDINGS)
            continue;
        words_plainf(&screen->text, "    not checked: %s: %s\n", audit_rules[i].name, told.why);
        shown++;
    }
    if (all > shown)
        text_addf(&screen->text, "    ... and %zu more that were not checked\n", all - shown);
}

static int agents(struct screen *screen, struct results *store, struct err *err)
{
    const struct facts *facts = screen->facts;
    char line[WORDS_BYTES], count[WORDS_BYTES];
    int64_t findings = facts_findings(facts);
    bool intact = findings == 0;
    size_t answers[RULE_ANSWERS], open;
    struct results_tally started = facts_started(facts);
    text_addf(&screen->text, "  agents   %s (warm-ups included)   %s%s%s%s\n",
              words_agents_line(line, &started),
              paint(screen, intact ? VERDICT_SUPPORTED : VERDICT_REFUTED),
              words_plural(count, findings, "finding"),
              intact                            ? ""
              : facts->tally.findings_integrity ? ": integrity broken"
                                                : ": misconduct",
              plain(screen));
    open = rule_count(facts, answers);
    text_addf(&screen->text, "  rules    %zu held, %zu broken, %zu not exercised",
              answers[RULE_HELD], answers[RULE_BROKEN], answers[RULE_NOT_CHECKED] - open);
    if (open)
        text_addf(&screen->text, ", %zu not checked", open);
    text_add(&screen->text, "\n");
    left_open(screen);
    for (size_t arm = 0; arm < facts->arm_count; arm++) {
        if (facts->arms[arm].index < 0)
            continue;
        if (!facts->arms[arm].starts)
            words_plainf(&screen->text, "    %s starts nothing: its agents are not counted\n",
                         facts->arms[arm].name);
        if (facts->arms[arm].pooled)
            words_plainf(&screen->text,
                         "    %s hands out agents that began before they were asked for\n",
                         facts->arms[arm].name);
        if (facts->arms[arm].records)
            continue;
        words_plainf(&screen->text,
                     "    %s keeps no store: the rules about stores are skipped for it\n",
                     facts->arms[arm].name);
    }
    for (size_t arm = 0; arm < facts->arm_count; arm++)
        if (facts->arms[arm].log_cut > 0) {
            words_plainf(&screen->text, "    %s: %-s\n", facts->arms[arm].name,
                         words_log_cut(line, facts->arms[arm].log_cut));
        }
    if (results_each_finding(store, facts->run.id, show_finding, screen, err) < 0)
        return -1;
    if (findings > MOST_FINDINGS)
        text_addf(&screen->text, "    ... and %lld more\n", (long long)findings - MOST_FINDINGS);
    return 0;
}

static void complaints(struct screen *screen)
{
    const struct facts *facts = screen->facts;
    for (size_t i = 0; i < facts->complaint_count && i < 3; i++) {
        const struct facts_complaint *told = &facts->complaints[i];
        words_plainf(&screen->text, "    %zu x %s %-s: %s\n", told->count, told->name,
                     cycle_outcome_names[told->outcome],
                     *told->error ? told->error : "no error was told");
    }
}

static void one_claim(struct screen *screen, const struct verdict_item *item)
{
    char estimate[WORDS_BYTES], worth[WORDS_BYTES];
    text_addf(&screen->text, "  %s%-12s%s ", paint(screen, item->word),
              verdict_word_name(item->word), plain(screen));
    words_plainf(&screen->text, "%s: %s", item->claim->id, item->claim->text);
    if (screen->facts->value_count > 1 && item->claim->at < 0)
        text_addf(&screen->text, ", %s",
                  words_plural(estimate, (int64_t)item->batch_size, "agent"));
    text_addf(&screen->text, *words_reach(item) ? " (%s)\n" : "%s\n", words_reach(item));
    if (!verdict_claim_counts(item->claim) && !item->hopeless)
        text_addf(&screen->text, "               %s at 95 %%, %s, %zu against it\n",
                  words_claimed(estimate, item), words_worth(worth, item), item->bad);
    words_plainf(&screen->text, "               %s\n", item->reason);
    if (*item->remedy) {
        words_plainf(&screen->text, "               %s\n", item->remedy);
    }
}

/* Of one kind the gravest, then the largest figure; how many more are flagged. */
static const struct diagnosis_item *worst_of(const struct diagnosis *diagnosis,
                                             enum diagnosis_kind kind, size_t *more)
{
    const struct diagnosis_item *worst = NULL;
    *more = 0;
    for (size_t i = 0; i < diagnosis->count; i++) {
        const struct diagnosis_item *item = &diagnosis->items[i];
        if (item->kind != kind || item->level < DIAGNOSIS_FLAGGED)
            continue;
        *more += worst != NULL;
        if (!worst || item->level > worst->level ||
            (item->level == worst->level && fabs(item->figure) > fabs(worst->figure)))
            worst = item;
    }
    return worst;
}

/* What a reader must know of the machine and the samples before believing the rest. */
static void diagnostics(struct screen *screen)
{
    const struct facts *facts = screen->facts;
    for (int kind = 0; kind < DIAGNOSIS_KINDS; kind++) {
        char size[WORDS_BYTES];
        size_t more;
        const struct diagnosis_item *item =
            worst_of(&facts->verdict.diagnosis, (enum diagnosis_kind)kind, &more);
        if (!item)
            continue;
        text_addf(&screen->text, "  %-8s %s: ", diagnosis_level_name(item->level),
                  diagnosis_kind_name(item->kind));
        if (item->arm >= 0)
            words_plain(&screen->text, facts->arms[item->arm].name);
        if (item->value >= 0 && facts->value_count > 1)
            text_addf(&screen->text, ", %s",
                      words_plural(size,
                                   (int64_t)facts_cell(facts, 0, (size_t)item->value)->batch_size,
                                   "agent"));
        text_add(&screen->text, item->arm >= 0 ? ": " : "");
        words_plain(&screen->text, item->text);
        if (more)
            text_addf(&screen->text, " (and %zu more)", more);
        words_plainf(&screen->text, "\n           %s\n", item->remedy);
    }
}

static void claims(struct screen *screen)
{
    const struct verdict *verdict = &screen->facts->verdict;
    bool conditional = false;
    for (size_t i = 0; i < verdict->count; i++) {
        one_claim(screen, &verdict->items[i]);
        conditional =
            conditional || strcmp(words_reach(&verdict->items[i]), "this sitting only") == 0;
    }
    if (!verdict->count)
        text_add(&screen->text, "  the scenario makes no claim: nothing is judged\n");
    if (conditional)
        text_add(&screen->text,
                 "  this sitting only: from fewer than 5 blocks, or from less than 5 "
                 "minutes; another hour may differ\n");
}

static void split(struct screen *screen, size_t value)
{
    const struct facts_split *split = &screen->facts->splits[value];
    const struct facts_ratio *total = &split->total, *concurrency = &split->concurrency,
                             *recording = &split->recording;
    size_t agents = facts_cell(screen->facts, 0, value)->batch_size;
    char words[WORDS_BYTES], size[WORDS_BYTES];
    if (!total->known)
        return;
    text_addf(&screen->text, "  speedup  %s at 95 %%, %s\n",
              words_ratio(words, total->ratio.median, &total->ratio.bounds),
              words_plural(size, (int64_t)agents, "agent"));
    if (!concurrency->known || !recording->known)
        return;
    text_addf(&screen->text, "           %s by concurrency (of %zu equal agents at most %zu.00x)\n",
              words_ratio(words, concurrency->ratio.median, &concurrency->ratio.bounds), agents,
              agents);
    text_addf(&screen->text, "           %s by recording once instead of %zu times\n",
              words_ratio(words, recording->ratio.median, &recording->ratio.bounds), agents);
}

/* Why it is not faster still. */
static void limit(struct screen *screen, size_t value)
{
    const struct facts *facts = screen->facts;
    const struct explain_size *size = &facts->explain->sizes[value];
    char agents[WORDS_BYTES];
    if (!size->known)
        return;
    text_add(&screen->text, "  limit    ");
    if (facts->value_count > 1)
        text_addf(&screen->text, "%s: ",
                  words_plural(agents, (int64_t)facts_cell(facts, 0, value)->batch_size, "agent"));
    explain_limit(&screen->text, facts->explain, size);
    text_add(&screen->text, "\n           ");
    explain_attained(&screen->text, size);
    text_add(&screen->text, "\n");
    if (!size->has_cpu)
        text_add(&screen->text,
                 "           CPU time or cores are not known and not in this limit\n");
}

static void scaling(struct screen *screen)
{
    const struct facts *facts = screen->facts;
    bool thin = false;
    for (size_t arm = 0; arm < facts->arm_count; arm++) {
        const struct explain_law *law = &facts->explain->laws[arm];
        if (!law->tried)
            continue;
        words_plainf(&screen->text, "  scaling  %s: ", facts->arms[arm].name);
        explain_law(&screen->text, law);
        text_add(&screen->text, "\n");
        thin = thin || (law->fits && law->thin);
    }
    if (thin)
        text_add(&screen->text, "           (fewer than 6 batch sizes, or than two on each side of "
                                "the core count: good for these sizes only)\n");
}

/* Of many batch sizes the first, the last, and those that a claim is about. */
static bool is_shown(const struct facts *facts, size_t value)
{
    bool claimed = false;
    for (size_t i = 0; i < facts->scenario.claim_count; i++)
        claimed = claimed || facts->scenario.claims[i].at == (int)value;
    return facts->value_count <= MOST_SIZES || value == 0 || value + 1 == facts->value_count ||
           claimed;
}

int report_terminal(FILE *out, struct results *store, int64_t run, bool colour, struct err *err)
{
    struct facts facts;
    struct screen screen = {.facts = &facts, .colour = colour};
    char option[RESULTS_OPTION_BYTES];
    int rc;
    if (facts_load(&facts, store, run, err) < 0)
        return -1;
    head(&screen);
    arms(&screen);
    cost(&screen);
    rc = agents(&screen, store, err);
    complaints(&screen);
    shared_terminal(&screen.text, &facts);
    if (rc == 0)
        rc = lock_terminal(&screen.text, store, &facts, err);
    diagnostics(&screen);
    claims(&screen);
    for (size_t value = 0; value < facts.value_count; value++) {
        if (!is_shown(&facts, value))
            continue; /* the report has them all */
        split(&screen, value);
        limit(&screen, value);
    }
    scaling(&screen);
    if (*facts.verdict.could_not) {
        words_plainf(&screen.text, "  could not measure: %s\n", facts.verdict.could_not);
    }
    results_option(option, store);
    if (strcmp(facts.run.state, "complete") == 0)
        text_addf(&screen.text, "  next: spawnbench report %lld%s\n", (long long)run, option);
    else
        text_addf(&screen.text, "  next: spawnbench run --resume=%lld%s\n", (long long)run, option);
    if (rc == 0 && fwrite(screen.text.data, 1, screen.text.length, out) != screen.text.length)
        rc = err_system(err, "cannot write the summary");
    text_release(&screen.text);
    facts_release(&facts);
    return rc;
}
