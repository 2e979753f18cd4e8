/* Which claims hold, and which rules were kept, told to CI services?
 *
 * The names of cases are the same from run to run, so that a service can follow each of them.
 */
#include <stdlib.h>
#include <string.h>

#include "report/exporters.h"
#include "report/junit.h"
#include "report/shared_words.h"
#include "report/words.h"

enum { MOST_TOLD = 100 }; /* findings of one rule that are told one by one */

/* What one rule of the audit found. */
struct rule_found {
    size_t count;
    struct text told; /* a line each, of the first MOST_TOLD */
};

/* The audit's rules, and one more for those that this version does not know. */
struct audit_found {
    const struct facts *facts;
    struct rule_found *rules;
};

static int take_finding(void *context, const struct results_finding *finding)
{
    struct audit_found *found = context;
    const struct facts *facts = found->facts;
    const char *arm = finding->arm >= 0 && finding->arm < (int)facts->arm_count
                          ? facts->arms[finding->arm].name
                          : "";
    struct rule_found *rule;
    struct text plain = {0};
    size_t i = 0;
    while (i < audit_rule_count && strcmp(audit_rules[i].name, finding->rule) != 0)
        i++;
    rule = &found->rules[i];
    if (rule->count++ >= MOST_TOLD)
        return 0;
    words_plain(&plain, finding->text);
    if (i == audit_rule_count)
        text_addf(&rule->told, "%s: ", finding->rule);
    if (finding->cycle >= 0)
        text_addf(&rule->told, "cycle %lld, ", (long long)finding->cycle);
    text_addf(&rule->told, "arm %s%s%s: %s\n", arm, *finding->agent ? ", agent " : "",
              finding->agent, plain.data ? plain.data : "");
    text_release(&plain);
    return 0;
}

static void put_rule(struct junit *junit, const char *name, const char *broken,
                     const struct rule_found *rule)
{
    char *message = text_format(
        "%zu finding%s, the first: %.*s", rule->count, rule->count == 1 ? "" : "s",
        rule->count ? (int)strcspn(rule->told.data, "\n") : 0, rule->count ? rule->told.data : "");
    struct text detail = {0};
    text_add(&detail, rule->count ? rule->told.data : "");
    if (rule->count > MOST_TOLD)
        text_addf(&detail, "and %zu more: spawnbench export --format json has them all\n",
                  rule->count - MOST_TOLD);
    junit_case(junit, &(struct junit_case){.group = "audit",
                                           .name = name,
                                           .result = rule->count ? JUNIT_FAILED : JUNIT_PASSED,
                                           .type = broken,
                                           .message = message,
                                           .detail = rule->count ? detail.data : NULL});
    text_release(&detail);
    free(message);
}

static void put_known(struct junit *junit, const struct facts *facts, size_t index,
                      const struct rule_found *found)
{
    const struct audit_rule *rule = &audit_rules[index];
    struct rule_told told = rule_tell(facts, index);
    bool integrity = rule->severity == AUDIT_INTEGRITY;
    char *message = text_format("%s: %s", told.open ? "not checked" : "not exercised", told.why);
    if (found->count || told.answer != RULE_NOT_CHECKED)
        put_rule(junit, rule->name, integrity ? "integrity broken" : "misconduct", found);
    else
        junit_case(junit, &(struct junit_case){.group = "audit",
                                               .name = rule->name,
                                               .result = JUNIT_SKIPPED,
                                               .message = message});
    free(message);
}

static int put_audit(struct junit *junit, const struct exporter *to)
{
    struct audit_found found = {to->facts,
                                xcalloc(audit_rule_count + 1, sizeof(struct rule_found))};
    int rc = results_each_finding(to->store, to->facts->run.id, take_finding, &found, to->err);
    for (size_t i = 0; rc == 0 && i <= audit_rule_count; i++) {
        const struct rule_found *rule = &found.rules[i];
        if (i < audit_rule_count)
            put_known(junit, to->facts, i, rule);
        else if (rule->count)
            put_rule(junit, "rules that this version does not know", "broken", rule);
    }
    for (size_t i = 0; i <= audit_rule_count; i++)
        text_release(&found.rules[i].told);
    free(found.rules);
    return rc;
}

static void put_claim(struct junit *junit, const struct facts *facts,
                      const struct verdict_item *item)
{
    static const enum junit_result results[VERDICT_WORDS] = {
        [VERDICT_SUPPORTED] = JUNIT_PASSED,
        [VERDICT_REFUTED] = JUNIT_FAILED,
        [VERDICT_INCONCLUSIVE] = JUNIT_SKIPPED,
        [VERDICT_INVALID] = JUNIT_ERROR,
    };
    const char *word = verdict_word_name(item->word);
    char *size = text_format(" [%zu agents]", item->batch_size);
    char *name = text_format("%s: %s%s", item->claim->id, item->claim->text,
                             facts->value_count > 1 ? size : "");
    char *message = text_format("%s: %s", word, item->reason);
    char *detail = text_format("%s\n%s%s", message, item->remedy, *item->remedy ? "\n" : "");
    junit_case(junit, &(struct junit_case){.group = "claims",
                                           .name = name,
                                           .result = results[item->word],
                                           .type = word,
                                           .message = message,
                                           .detail = detail});
    free(detail);
    free(message);
    free(name);
    free(size);
}

/* A run that ended early must not look like one that is merely short. */
static void put_completeness(struct junit *junit, const struct results_run *run)
{
    bool complete = strcmp(run->state, "complete") == 0;
    char *message = text_format("%zu of at most %zu cycles are stored%s%s", run->cycles,
                                run->planned, *run->note ? "; " : "", run->note);
    junit_case(junit, &(struct junit_case){.group = "run",
                                           .name = "the run is complete",
                                           .result = complete ? JUNIT_PASSED : JUNIT_ERROR,
                                           .type = run->state,
                                           .message = message,
                                           .detail = message,
                                           .spent_ns = run->ended_wall_ns - run->started_wall_ns});
    free(message);
}

/* Nor must one in which nothing ran look like one that is merely slow. */
static void put_could_not(struct junit *junit, const struct verdict *verdict)
{
    bool could = !*verdict->could_not;
    junit_case(junit, &(struct junit_case){.group = "run",
                                           .name = "every arm started something",
                                           .result = could ? JUNIT_PASSED : JUNIT_ERROR,
                                           .type = "could-not-measure",
                                           .message = verdict->could_not,
                                           .detail = could ? NULL : verdict->could_not});
}

static void put_properties(struct junit *junit, const struct facts *facts)
{
    const struct results_run *run = &facts->run;
    struct facts_count all = facts_count_all(facts);
    const struct {
        const char *name;
        char *value;
    } numbers[] = {
        {"run", text_format("%lld", (long long)run->id)},
        {"seed", text_format("%llu", (unsigned long long)run->seed)},
        {"cycles", text_format("%zu", all.cycles)},
        {"cycles_failed", text_format("%zu", all.failed)},
    };
    junit_property(junit, "spawnbench", run->version);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        junit_property(junit, numbers[i].name, numbers[i].value);
        free(numbers[i].value);
    }
}

int export_junit(const struct exporter *to)
{
    const struct facts *facts = to->facts;
    struct junit junit = {0};
    char began[WORDS_BYTES];
    int rc;
    words_date(began, facts->run.started_wall_ns);
    began[strcspn(began, ".Z")] = '\0'; /* the format knows no zone: it is UTC */
    junit_suite(&junit, facts->run.scenario_name, facts->run.started_wall_ns > 0 ? began : NULL);
    put_properties(&junit, facts);
    put_completeness(&junit, &facts->run);
    put_could_not(&junit, &facts->verdict);
    for (size_t i = 0; i < facts->verdict.count; i++)
        put_claim(&junit, facts, &facts->verdict.items[i]);
    rc = put_audit(&junit, to);
    for (size_t i = 0; i < facts->shared_count; i++)
        shared_junit(&junit, &facts->shared[i]);
    if (rc == 0)
        rc = junit_write(&junit, to->out, "spawnbench", to->err);
    junit_release(&junit);
    return rc;
}
