/* Did anything get lost, what failed, and how far can the numbers be trusted? */
#include <math.h>
#include <string.h>

#include "audit/schedule.h"
#include "report/chapters.h"

#define MOST_FINDINGS 20

static void add_rule(struct text *out, const struct facts *facts, size_t index)
{
    static const char *const answers[] = {"held", "**broken**", "not exercised"};
    const struct audit_rule *rule = &audit_rules[index];
    enum audit_level level = audit_rule_level(rule);
    struct rule_told told = rule_tell(facts, index);
    words_markdownf(out, "| %s | %s | %-s | %-s | ", rule->question, rule->how,
                    level == AUDIT_NONE ? "each" : audit_level_names[level],
                    audit_severity_names[rule->severity]);
    if (told.cycles)
        text_addf(out, "%lld%s", (long long)told.cycles, told.at_end ? " and the end" : "");
    else
        text_add(out, told.at_end ? "the end" : "-");
    text_addf(out, " | %zu | %s |\n", told.findings,
              told.open ? "**not checked**" : answers[told.answer]);
}

/* How often each store was looked into, and how deep. What did not run is no pass. */
static void add_levels_of(struct text *out, const struct facts *facts, size_t arm)
{
    const struct results_tally *tally = &facts->tallies[arm];
    int64_t looked = tally->audits_quick + tally->audits_full;
    char spent[TEXT_DURATION_BYTES];
    words_markdownf(out, "- %s: full audits after %lld of %lld cycles%-s; quick ones after %-s",
                    facts->arms[arm].name, (long long)tally->audits_full, (long long)tally->cycles,
                    tally->audits_at_end ? " and at the end" : ", none at the end",
                    looked == tally->cycles ? "each" : "");
    if (looked < tally->cycles)
        text_addf(out, "%lld; **none after %lld**", (long long)looked,
                  (long long)(tally->cycles - looked));
    text_addf(out, "; the full ones took %s, the largest -wal that was met is %.2f MiB\n",
              text_duration(spent, (double)tally->audit_full_ns),
              (double)tally->wal_bytes_peak / (1 << 20));
}

static void add_levels(struct text *out, const struct facts *facts)
{
    if (!facts_has_levels(facts))
        return;
    text_addf(out,
              "A quick audit reads the rows of its cycle and asks whether the store is still the "
              "same file; its cost does not grow. A full one reads every page and row; as many "
              "run as fit into %.0f %% of the measured time of their arm, one before each look, "
              "one after each cycle that broke off. At the end the file that its subject left is "
              "audited:\n\n",
              100 * AUDIT_SHARE);
    for (size_t i = 0; i < facts->arm_count; i++)
        if (facts->arms[i].records)
            add_levels_of(out, facts, i);
    text_add(out, "\n");
}

/* What nothing exercised is no pass: by what it would have taken. */
static void add_not_exercised(struct text *out, const struct facts *facts)
{
    for (size_t i = 0; i < audit_rule_count; i++) {
        struct rule_told told = rule_tell(facts, i);
        bool first = told.answer == RULE_NOT_CHECKED;
        const char *more = facts->open[i].count > 1 ? " (and more)" : "";
        for (size_t k = 0; k < i && first; k++)
            first = strcmp(rule_tell(facts, k).why, told.why) != 0;
        if (!first)
            continue;
        if (told.open)
            words_markdownf(out, "- **not checked**: %s%-s:", told.why, more);
        else
            text_addf(out, "- not exercised, as %s:", told.why);
        for (size_t k = i; k < audit_rule_count; k++)
            if (strcmp(rule_tell(facts, k).why, told.why) == 0)
                text_addf(out, "%s %s", k == i ? "" : ",", audit_rules[k].name);
        text_add(out, "\n");
    }
}

/* Rules that are answered, but not of all. */
static void add_skipped(struct text *out, const struct facts *facts)
{
    size_t before = out->length;
    add_not_exercised(out, facts);
    for (size_t i = 0; i < facts->arm_count; i++) {
        if (facts->arms[i].records || facts->arms[i].index < 0)
            continue;
        words_markdownf(out, "- skipped: the rules about stores for arm %s, which keeps none\n",
                        facts->arms[i].name);
    }
    for (size_t i = 0; i < facts->scenario.agent_count; i++) {
        const struct scenario_agent *agent = &facts->scenario.agents[i];
        if (agent->witness == SCENARIO_WITNESS_SELF)
            continue;
        words_markdownf(out, "- skipped: the rules about %s for agent %s, which %s\n",
                        agent->witness == SCENARIO_WITNESS_NONE ? "the witness" : "own words",
                        agent->name,
                        agent->witness == SCENARIO_WITNESS_NONE
                            ? "has none"
                            : "is started through spawnbench-witness and tells nothing itself");
    }
    text_add(out, out->length > before ? "\n" : "");
}

/* One finding as a list entry. */
struct finding_list {
    struct text *out;
    const struct facts *facts;
    int shown;
};

static int add_finding(void *context, const struct results_finding *finding)
{
    struct finding_list *list = context;
    if (list->shown++ == MOST_FINDINGS)
        return 1;
    words_markdownf(list->out, "- %s (%s), ", finding->rule, finding->severity);
    if (finding->arm >= 0 && finding->arm < (int)list->facts->arm_count) {
        words_markdownf(list->out, "arm %s, ", list->facts->arms[finding->arm].name);
    }
    if (finding->cycle >= 0)
        text_addf(list->out, "cycle %lld", (long long)finding->cycle);
    else
        text_add(list->out, "of the whole run");
    if (*finding->agent) {
        words_markdownf(list->out, ", agent %s", finding->agent);
    }
    words_markdownf(list->out, ": %s\n", finding->text);
    return 0;
}

static void add_rate(struct text *out, int64_t bad, int64_t n, const char *of)
{
    char rate[WORDS_BYTES];
    text_addf(out, "**%lld of %lld %s had an integrity finding: true rate below %s at 95 %%.**\n\n",
              (long long)bad, (long long)n, of,
              words_share(rate, stats_rate_upper((size_t)bad, (size_t)n, 0.95)));
}

static void add_integrity_rate(struct text *out, const struct facts *facts)
{
    const struct results_tally *tally = &facts->tally;
    struct results_tally started = facts_started(facts);
    char line[WORDS_BYTES];
    text_addf(out, "Agents: %s (warm-ups included).\n\n", words_agents_line(line, &started));
    if (!tally->cycles) {
        text_add(out, "No cycle is stored, so nothing could be checked.\n\n");
        return;
    }
    if (tally->findings_integrity && !tally->cycles_with_integrity_finding)
        text_addf(out,
                  "**%lld integrity findings of the run as a whole, none in one of its %lld "
                  "cycles.**\n\n",
                  (long long)tally->findings_integrity, (long long)tally->cycles);
    else if (tally->findings_integrity)
        add_rate(out, tally->cycles_with_integrity_finding, tally->cycles, "cycles");
    else if (tally->cycles_at_risk)
        add_rate(out, 0, tally->cycles_at_risk, "cycles in which something could be lost");
    else
        text_addf(out,
                  "**Nothing is proven: in none of %lld cycles an agent of an arm that starts "
                  "agents and keeps a store became ready.**\n\n",
                  (long long)tally->cycles);
    if (tally->cycles_at_risk && tally->witnessed == 0)
        text_add(out, "But nobody except the spawner itself says that anything was started.\n\n");
}

int chapter_integrity(struct text *out, struct results *store, const struct facts *facts,
                      struct err *err)
{
    struct finding_list list = {out, facts, 0};
    int64_t findings = facts_findings(facts);
    bool complete = strcmp(facts->run.state, "complete") == 0;
    text_add(out, "### Is the data whole?\n\n");
    add_integrity_rate(out, facts);
    text_addf(out,
              "After each cycle the plan, the subject's answer, its store, the agents' witness "
              "and /proc are held against each other. A cycle that broke off is checked as far "
              "as it got.%s\n\n"
              "| question | answered by | level | kind | cycles | findings | answer |\n"
              "|---|---|---|---|--:|--:|---|\n",
              complete ? " When the run is over, each store is audited once more." : "");
    for (size_t i = 0; i < audit_rule_count; i++)
        add_rule(out, facts, i);
    if (facts->rule_findings[audit_rule_count])
        text_addf(out, "| rules that this version does not know | | | | | %zu | **broken** |\n",
                  facts->rule_findings[audit_rule_count]);
    text_add(out, "\n");
    add_levels(out, facts);
    add_skipped(out, facts);
    if (!findings)
        return 0;
    text_addf(out, "%s\n\n", findings > MOST_FINDINGS ? "The first findings:" : "The findings:");
    if (results_each_finding(store, facts->run.id, add_finding, &list, err) < 0)
        return -1;
    if (findings > MOST_FINDINGS)
        text_addf(out, "- and %lld more (`spawnbench show --json %lld`)\n",
                  (long long)findings - MOST_FINDINGS, (long long)facts->run.id);
    text_add(out, "\n");
    return 0;
}

static void add_complaints(struct text *out, const struct facts *facts)
{
    if (!facts->complaint_count)
        return;
    text_add(out,
             "What agents that failed were said to have failed of:\n\n| agent | outcome | error "
             "| times |\n|---|---|---|--:|\n");
    for (size_t i = 0; i < facts->complaint_count; i++) {
        const struct facts_complaint *told = &facts->complaints[i];
        words_markdownf(out, "| %s | %-s | %s | %zu |\n", told->name,
                        cycle_outcome_names[told->outcome],
                        *told->error ? told->error : "no error was told", told->count);
    }
    if (facts->complaints_more)
        text_addf(out, "\n%zu others told something else.\n", facts->complaints_more);
    text_add(out, "\n");
}

/* spread as ratios: they need no unit and no shape */
static void add_spread(struct text *out, const struct facts *facts, const struct facts_cell *cell)
{
    const struct stats_summary *spawn = &cell->spawn;
    char harness[TEXT_DURATION_BYTES], audit[TEXT_DURATION_BYTES];
    words_markdownf(out, "| %s | %zu | %zu of %zu", facts->arms[cell->arm].name, cell->batch_size,
                    spawn->failed, spawn->n);
    if (isfinite(spawn->standard_deviation) && spawn->mean > 0)
        text_addf(out, " | %.1f %%", 100 * spawn->standard_deviation / spawn->mean);
    else
        text_add(out, " | -");
    if (isfinite(spawn->p99) && spawn->median > 0)
        text_addf(out, " | %.2f", spawn->p99 / spawn->median);
    else
        text_add(out, " | -");
    text_addf(out, " | %s | %s |\n", text_duration(harness, cell->harness.median),
              text_duration(audit, cell->audit.median));
}

static void add_subjects(struct text *out, const struct facts *facts)
{
    text_add(out, "\n| arm | opened in | CPU in user mode | in the kernel | peak memory | restarts "
                  "| ended well |\n|---|--:|--:|--:|--:|--:|---|\n");
    for (size_t i = 0; i < facts->arm_count; i++) {
        const struct results_arm *arm = &facts->arms[i];
        char user[TEXT_DURATION_BYTES], system[TEXT_DURATION_BYTES], opened[TEXT_DURATION_BYTES];
        words_markdownf(out, "| %s | %-s | %-s | %-s | %lld kB | %d | %-s |\n", arm->name,
                        arm->open_ns < 0 ? "not known"
                                         : text_duration(opened, (double)arm->open_ns),
                        text_duration(user, 1e3 * (double)arm->user_us),
                        text_duration(system, 1e3 * (double)arm->system_us),
                        (long long)arm->peak_memory_kb, arm->restarts,
                        arm->clean                                  ? "yes"
                        : strcmp(facts->run.state, "complete") == 0 ? "no"
                                                                    : "not told");
    }
    for (size_t i = 0; i < facts->arm_count; i++) {
        char words[WORDS_BYTES];
        if (facts->arms[i].log_cut <= 0)
            continue;
        words_markdownf(out, "\n%s: %-s.\n", facts->arms[i].name,
                        words_log_cut(words, facts->arms[i].log_cut));
    }
}

static void add_diagnostic(struct text *out, const struct facts *facts,
                           const struct diagnosis_item *item)
{
    bool quiet = item->level < DIAGNOSIS_FLAGGED;
    text_addf(out, "| %s | %s%s%s | ", diagnosis_kind_name(item->kind), quiet ? "" : "**",
              diagnosis_level_name(item->level), quiet ? "" : "**");
    if (item->arm >= 0)
        words_markdown(out, facts->arms[item->arm].name);
    if (item->value >= 0 && facts->value_count > 1)
        text_addf(out, ", %zu agents", facts_cell(facts, 0, (size_t)item->value)->batch_size);
    words_markdownf(out, " | %s | %s |\n", item->text, item->remedy);
}

static void add_diagnostics(struct text *out, const struct facts *facts)
{
    const struct diagnosis *diagnosis = &facts->verdict.diagnosis;
    text_add(out, "What was looked at before anything was judged. \"Flagged\" is told and allowed "
                  "for, \"invalid\" forbids the verdicts it concerns.\n\n"
                  "| diagnostic | level | of | what was seen | remedy |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < diagnosis->count; i++)
        add_diagnostic(out, facts, &diagnosis->items[i]);
    text_add(out, "\n");
}

/* No verdict: how much is too much depends on the cores and on what is claimed. */
static void add_strangers(struct text *out, const struct results_strain *strain)
{
    if (strain->strangers_span_ns > 0)
        text_addf(out,
                  "While an answer was waited for, other programs than spawnbench and its subjects "
                  "used %.2f cores on average.\n\n",
                  (double)strain->strangers_ns / (double)strain->strangers_span_ns);
}

void chapter_diagnostics(struct text *out, const struct facts *facts)
{
    const struct results_tally *tally = &facts->tally;
    char span[TEXT_DURATION_BYTES], sittings[WORDS_BYTES], blocks[WORDS_BYTES];
    text_add(out, "### How far these numbers can be trusted\n\n");
    text_addf(out, "%s, %s, %s from the first to the last counted cycle. %s\n\n",
              words_plural(sittings, facts->run.sittings, "sitting"),
              words_plural(blocks, tally->blocks, "block"),
              text_duration(span, (double)tally->span_ns),
              tally->blocks < 5 || tally->span_ns < INT64_C(300000000000)
                  ? "That is fewer than 5 blocks or less than 5 minutes: every verdict is for this "
                    "sitting only."
                  : "Verdicts on one arm are marked by its own blocks and span.");
    add_diagnostics(out, facts);
    add_strangers(out, &facts->strain);
    text_add(out, "| arm | agents | failed | sd / mean | p99 / p50 | harness itself | its audit |\n"
                  "|---|--:|--:|--:|--:|--:|--:|\n");
    for (size_t i = 0; i < facts->arm_count * facts->value_count; i++)
        add_spread(out, facts, &facts->cells[i]);
    text_add(out,
             "\n\"Harness itself\" and \"its audit\" are medians per cycle; the audit and most "
             "of the harness's own work lie outside the measured time. What each subject used, "
             "the agents it reaped included, as wait4 tells it (of its last process, where it was "
             "restarted):\n");
    add_subjects(out, facts);
    text_add(out, "\n");
    add_complaints(out, facts);
}
