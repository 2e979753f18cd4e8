/* What was asked, on which machine, and what is the answer? */
#include <string.h>

#include "base/json.h"
#include "report/chapters.h"

static void add_command(struct text *out, char *const words[])
{
    struct text line = {0};
    for (size_t i = 0; words[i]; i++)
        text_addf(&line, "%s%s", i ? " " : "", words[i]);
    words_code(out, line.data ? line.data : "");
    text_release(&line);
}

static void add_agents(struct text *out, const struct scenario *scenario)
{
    static const char *const ready[] = {"writes a newline to the descriptor named in `READY_FD`",
                                        "sends `READY=1` to `NOTIFY_SOCKET`",
                                        "prints a certain line on stdout", "exits with 0"};
    static const char *const witness[] = {
        "", "", "; its start is witnessed by `spawnbench-witness`, what it answers by nobody",
        "; nobody witnesses its start"};
    for (size_t i = 0; i < scenario->agent_count; i++) {
        const struct scenario_agent *agent = &scenario->agents[i];
        words_markdownf(out, "- agent %s", agent->name);
        if (agent->times > 1)
            text_addf(out, " (%zu times)", agent->times);
        text_add(out, ": ");
        add_command(out, agent->command);
        text_addf(out, ", ready when it %s%s\n", ready[agent->ready], witness[agent->witness]);
    }
}

static void add_arms(struct text *out, const struct facts *facts)
{
    for (size_t i = 0; i < facts->arm_count; i++) {
        words_markdownf(out, "- arm **%s**: ", facts->arms[i].name);
        add_command(out, facts->scenario.arms[i].subject);
        if (*facts->arms[i].version) {
            words_markdownf(out, ", version %s", facts->arms[i].version);
        }
        if (facts->arms[i].index < 0)
            text_add(out, "; the run ended before it was started");
        else if (!facts->arms[i].starts)
            text_add(out,
                     "; it says that it starts nothing: its times are told, and prove nothing");
        if (facts->arms[i].pooled)
            text_add(out, "; it says that it hands out agents that began before they were asked "
                          "for: its times are those of handing out");
        if (facts->arms[i].index >= 0 && !facts->arms[i].records)
            text_add(out, "; it keeps no database, so the rules about stores are skipped for it");
        text_add(out, "\n");
    }
}

static void add_sizes(struct text *out, const struct facts *facts)
{
    text_add(out, facts->value_count > 1 ? "- batches of " : "- a batch of ");
    for (size_t value = 0; value < facts->value_count; value++)
        text_addf(out, "%s%zu", value ? ", " : "", facts_cell(facts, 0, value)->batch_size);
    text_addf(out, " agent%s%s\n",
              facts->value_count == 1 && facts->cells[0].batch_size == 1 ? "" : "s",
              facts->value_count > 1 ? ", taking turns block by block" : "");
}

static void add_cycles(struct text *out, const struct scenario *scenario)
{
    char words[WORDS_BYTES], deadline[TEXT_DURATION_BYTES];
    text_addf(out, "- %s of each arm%s before the first that counts, then ",
              words_plural(words, scenario->warmup, "warm-up"),
              scenario->value_count > 1 ? " and batch size" : "");
    if (scenario->look_count == 1) {
        text_addf(out, "%s", words_plural(words, scenario->looks[0], "cycle"));
    } else {
        text_add(out, "looks after ");
        for (size_t i = 0; i < scenario->look_count; i++)
            text_addf(out, "%s%d",
                      i == 0                          ? ""
                      : i + 1 == scenario->look_count ? " and "
                                                      : ", ",
                      scenario->looks[i]);
        text_add(out, " cycles, stopping at the first that decides every claim");
    }
    text_addf(out, "; blocks of %d, the arms in balanced random order within each\n",
              scenario->block);
    text_addf(out, "- deadline %s a batch; durability `%s`; %s; a failing agent %s\n",
              text_duration(deadline, (double)scenario->deadline_ns),
              scenario->durability_full ? "full" : "normal",
              scenario->consensus ? "outputs and consensus stored after each batch"
                                  : "no consensus",
              scenario->on_failure == SCENARIO_CANCEL ? "cancels its batch"
                                                      : "leaves the others running");
}

void chapter_asked(struct text *out, const struct facts *facts)
{
    const struct scenario *scenario = &facts->scenario;
    text_add(out, "### What was asked\n\n");
    if (scenario->about && *scenario->about) {
        words_markdownf(out, "> %s\n\n", scenario->about);
    }
    add_agents(out, scenario);
    add_arms(out, facts);
    add_sizes(out, facts);
    add_cycles(out, scenario);
    text_add(out, "\n");
}

/* "fdatasync_median_ns" is told as "fdatasync median" with its unit. */
static void add_fact(struct text *out, const cJSON *fact)
{
    size_t length = strlen(fact->string);
    bool time = length > 3 && strcmp(fact->string + length - 3, "_ns") == 0;
    char *key = xstrdup(fact->string), *printed = NULL, duration[TEXT_DURATION_BYTES];
    if (time && cJSON_IsNumber(fact))
        key[length - 3] = '\0';
    for (char *c = key; *c; c++)
        *c = *c == '_' ? ' ' : *c;
    words_markdownf(out, "| %s | ", key);
    if (time && cJSON_IsNumber(fact))
        text_add(out, text_duration(duration, cJSON_GetNumberValue(fact)));
    else if (cJSON_IsString(fact))
        words_markdown(out, cJSON_GetStringValue(fact));
    else if (cJSON_IsBool(fact))
        text_add(out, cJSON_IsTrue(fact) ? "yes" : "no");
    else
        words_markdown(out, printed = json_print(fact, 0));
    text_add(out, " |\n");
    cJSON_free(printed);
    cJSON_free(key);
}

void chapter_machine(struct text *out, const struct facts *facts)
{
    cJSON *host = NULL;
    const cJSON *fact;
    const char *json = facts->run.environment_json;
    text_add(out, "### Which machine\n\n");
    if (json_parse(&host, json, strlen(json), NULL) < 0 || !cJSON_IsObject(host) || !host->child) {
        text_add(out, "Nothing is known about the machine of this run.\n\n");
        cJSON_Delete(host);
        return;
    }
    text_add(out, "| fact | at the start of the run |\n|---|---|\n");
    cJSON_ArrayForEach(fact, host) {
        if (strcmp(fact->string, "cpu_ticks") != 0) /* raw counters, of use only as a difference */
            add_fact(out, fact);
    }
    text_add(out, "\n");
    cJSON_Delete(host);
}

static void add_verdict_row(struct text *out, const struct facts *facts,
                            const struct verdict_item *item)
{
    char words[WORDS_BYTES];
    words_markdownf(out, "| %s", item->claim->id);
    if (facts->value_count > 1)
        text_addf(out, " | %zu", item->batch_size);
    text_addf(out, " | **%s** | ", verdict_word_name(item->word));
    if (verdict_claim_counts(item->claim))
        text_addf(out, "%s against it, rate at most %s", words_claimed(words, item),
                  words_share((char[WORDS_BYTES]){0}, item->rate_upper));
    else
        text_add(out, words_claimed(words, item));
    text_addf(out, " | %zu | %.4g | %.3g | %zu", item->n, item->effective_n, item->tau, item->bad);
    if (item->look)
        text_addf(out, " | %d", item->look);
    else
        text_add(out, " | none");
    text_addf(out, " | %s", words_p(words, item->p_support));
    text_addf(out, " | %s", words_p(words, item->p_refute));
    text_addf(out, " | %s |\n", words_reach(item));
}

void chapter_verdicts(struct text *out, const struct facts *facts)
{
    const struct verdict *verdict = &facts->verdict;
    bool varies = facts->value_count > 1;
    text_add(out, "### The verdict on each claim\n\n");
    if (!verdict->count) {
        text_add(out, "The scenario makes no claim, so nothing is judged.\n\n");
        return;
    }
    text_addf(out,
              "| claim | %sverdict | estimate [lower .. upper] at 95 %% | n | n_eff | tau | "
              "against | look | p support | p refute | holds for "
              "|\n|---|%s---|---|--:|--:|--:|--:|--:|--:|--:|---|\n",
              varies ? "agents | " : "", varies ? "--:|" : "");
    for (size_t i = 0; i < verdict->count; i++)
        add_verdict_row(out, facts, &verdict->items[i]);
    text_add(
        out,
        "\nn counts cycles, or pairs of cycles where two arms are compared; \"against\" those of "
        "them that speak against the claim. Each bound holds with at least 95 % by itself, at the "
        "level of the look that decided, or of the last one. tau is how much wider the doubt is "
        "because neighbouring cycles resemble each other; n_eff = n / tau is what so many cycles "
        "are worth. A claim is supported when its p value for support is within the level of its "
        "look, refuted when that for refutation is, and inconclusive when neither is; decided at "
        "one look, it stays so with its n, though the run may go on for other claims. \"This "
        "sitting only\" marks verdicts from fewer than 5 blocks or from less than 5 minutes: they "
        "say little about another hour.\n\n");
}
