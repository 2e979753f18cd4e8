/* Did everybody tell the truth in this cycle? Plan = answer = witness = store,
 * and nothing left behind. */
#include "audit/audit.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_internal.h"
#include "base/clock.h"
#include "base/text.h"

#define DESCRIPTORS_FORGIVEN 16

static void add(struct audit_findings *findings, size_t rule, const char *agent, const char *format,
                va_list args)
{
    struct audit_finding *finding;
    if (findings->count >= AUDIT_MOST_PER_CYCLE)
        return;
    if (findings->count == findings->room) {
        findings->room = findings->room ? 2 * findings->room : 8;
        findings->items = xrealloc(findings->items, findings->room, sizeof *findings->items);
    }
    finding = &findings->items[findings->count++];
    *finding =
        (struct audit_finding){.rule = &audit_rules[rule], .text = text_format_list(format, args)};
    snprintf(finding->agent, sizeof finding->agent, "%s", agent);
    text_make_printable(finding->text);
}

void finding_add(struct audit_findings *findings, enum rule_id rule, const char *agent,
                 const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(findings, rule, agent, format, args);
    va_end(args);
}

void audit_find(struct audit_findings *findings, const char *rule, const char *agent,
                const char *format, ...)
{
    va_list args;
    size_t index = 0;
    while (index < audit_rule_count && strcmp(audit_rules[index].name, rule) != 0)
        index++;
    assert(index < audit_rule_count);
    va_start(args, format);
    add(findings, index, agent, format, args);
    va_end(args);
}

const char *audit_process_told(char out[AUDIT_PROCESS_BYTES], pid_t pid)
{
    snprintf(out, AUDIT_PROCESS_BYTES, pid ? "process %d" : "no process", (int)pid);
    return out;
}

void audit_findings_clear(struct audit_findings *findings)
{
    while (findings->count > 0)
        free(findings->items[--findings->count].text);
}

void audit_findings_release(struct audit_findings *findings)
{
    audit_findings_clear(findings);
    free(findings->items);
    *findings = (struct audit_findings){0};
}

size_t audit_findings_of(const struct audit_findings *findings, enum audit_severity severity)
{
    size_t count = 0;
    for (size_t i = 0; i < findings->count; i++)
        count += findings->items[i].rule->severity == severity;
    return count;
}

static void check_answer(struct audit_findings *findings, const struct cycle *cycle)
{
    if (cycle->answer_strays)
        finding_add(findings, RULE_PLAN, "", "%d entries of the answer were not asked for",
                    cycle->answer_strays);
    if (cycle->answer_oddities)
        finding_add(findings, RULE_PLAN, "", "%s%s", cycle->oddity,
                    cycle->answer_oddities > 1 ? " (one of several)" : "");
    for (size_t i = 0; i < cycle->agent_count; i++) {
        const struct cycle_agent *agent = &cycle->agents[i];
        if (!agent->answered)
            finding_add(findings, RULE_PLAN, agent->id, "the answer does not name it");
        else if (agent->outcome == CYCLE_UNKNOWN)
            finding_add(findings, RULE_PLAN, agent->id, "the answer gives no known outcome");
        if (cycle->broke == CYCLE_WHOLE && cycle->finish_sent_ns && agent->outcome == CYCLE_READY &&
            !agent->finished)
            finding_add(findings, RULE_PLAN, agent->id, "\"finished\" does not name it");
    }
}

static void check_witness(struct audit_findings *findings, const struct cycle *cycle)
{
    if (cycle->unwitnessed)
        return;
    if (cycle->witness_strays)
        finding_add(findings, RULE_STRAY, "",
                    "%d messages to the witness are of no agent here: '%s'", cycle->witness_strays,
                    cycle->stray);
    for (size_t i = 0; i < cycle->agent_count; i++) {
        const struct cycle_agent *agent = &cycle->agents[i];
        bool self = agent->asked->witness == SCENARIO_WITNESS_SELF;
        int messages = self ? agent->ready_messages : agent->exec_messages;
        if (agent->asked->witness == SCENARIO_WITNESS_NONE)
            continue;
        if (agent->outcome == CYCLE_READY && messages == 0)
            finding_add(findings, RULE_RAN, agent->id, "called ready, but %s never said so",
                        self ? "the agent itself" : "spawnbench-witness, which starts it,");
        if (agent->outcome == CYCLE_READY && messages > 0 && agent->late_start)
            finding_add(findings, RULE_RAN, agent->id,
                        "said that it %s only after it had been called ready",
                        self ? "is ready" : "is started");
        if (messages > 1)
            finding_add(findings, RULE_RAN, agent->id, "ran %d times", messages);
    }
}

static const struct {
    enum cycle_attest what;
    enum rule_id rule;
} checks[] = {{CYCLE_ATTEST_OWN, RULE_OWN},
              {CYCLE_ATTEST_BELONGS, RULE_BELONGS},
              {CYCLE_ATTEST_BEGAN, RULE_BEGAN},
              {CYCLE_ATTEST_PROGRAM, RULE_PROGRAM},
              {CYCLE_ATTEST_WITNESS, RULE_PID}}; /* also answered by the store */

int audit_rule_attest(const struct audit_rule *rule)
{
    for (size_t k = 0; k < sizeof checks / sizeof checks[0]; k++)
        if (rule == &audit_rules[checks[k].rule] && checks[k].rule != RULE_PID)
            return __builtin_ctz(checks[k].what);
    return -1;
}

/* What /proc attests of the agents: cycle/attest.c looked, right after the answer. */
static void check_attested(struct audit_findings *findings, const struct cycle *cycle)
{
    for (size_t i = 0; i < cycle->agent_count; i++)
        for (size_t k = 0; k < sizeof checks / sizeof checks[0]; k++)
            if (cycle->agents[i].attested.failed & checks[k].what)
                finding_add(findings, checks[k].rule, cycle->agents[i].id, "%s",
                            cycle->agents[i].attested.text);
}

static void check_times_of(struct audit_findings *findings, const struct cycle *cycle,
                           const struct cycle_agent *agent, bool records)
{
    const struct {
        const char *name;
        int64_t ns;
        bool told;
    } steps[] = {{"sent", cycle->sent_ns, true},
                 {"begin", cycle->begin_ns, true},
                 {"start", agent->start_ns, true},
                 {"main", agent->main_ns, agent->ready_messages == 1},
                 {"own ready", agent->own_ready_ns, agent->ready_messages == 1},
                 {"ready", agent->ready_ns, true},
                 {"recorded", agent->recorded_ns, records},
                 {"end", cycle->end_ns, true},
                 {"answered", cycle->answered_ns, true}};
    size_t last = 0;
    for (size_t i = 1; i < sizeof steps / sizeof steps[0]; i++) {
        if (!steps[i].told)
            continue;
        if (steps[i].ns < steps[last].ns) {
            finding_add(findings, RULE_TIMES, agent->id, "%s is %lld ns before %s", steps[i].name,
                        (long long)(steps[last].ns - steps[i].ns), steps[last].name);
            return;
        }
        last = i;
    }
}

/* Its end was our doing; or something was refused to it, and it said so. */
static bool is_excused(const struct cycle *cycle)
{
    return cycle->broke != CYCLE_BROKE_DOWN &&
           (cycle->harm == CYCLE_KILLED ||
            (cycle->harm == CYCLE_HURT && cycle->answer == SUBJECT_REFUSED));
}

static void check_conduct(struct audit_findings *findings, const struct cycle *cycle)
{
    static const char *const where[] = {"", "spawn", "finish", "every message"};
    if (cycle->broke != CYCLE_WHOLE && !is_excused(cycle))
        finding_add(findings, RULE_ANSWERS, "", "%s: %s", where[cycle->broke],
                    cycle->trouble ? cycle->trouble : "");
    if (cycle->children_left)
        finding_add(findings, RULE_CHILDREN, "",
                    "%d processes of the subject are left, %d of them zombies, one is '%s'",
                    cycle->children_left, cycle->zombies_left, cycle->left_name);
    if (cycle->orphans)
        finding_add(findings, RULE_CHILDREN, "", "%d orphans were still running, one is '%s'",
                    cycle->orphans, cycle->left_name);
    if (cycle->descriptors_first >= 0 &&
        cycle->descriptors > cycle->descriptors_first + DESCRIPTORS_FORGIVEN)
        finding_add(findings, RULE_DESCRIPTORS, "", "%d are open, %d were in its first cycles",
                    cycle->descriptors, cycle->descriptors_first);
}

void audit_watch_cycle(struct audit_watch *watch, struct audit_findings *findings,
                       const struct scenario *scenario, const struct cycle *cycle,
                       enum audit_level level, struct audit_result *result)
{
    int64_t from_ns = clock_now_ns();
    *result = (struct audit_result){0};
    check_conduct(findings, cycle);
    if (cycle->broke == CYCLE_WHOLE || cycle->broke == CYCLE_BROKE_FINISH) {
        check_answer(findings, cycle);
        if (cycle->clock_doubt[0]) /* one sentence: all else would follow from it */
            finding_add(findings, RULE_TIMES, "", "%s", cycle->clock_doubt);
        for (size_t i = 0; i < cycle->agent_count && !cycle->clock_doubt[0]; i++)
            if (cycle->agents[i].outcome == CYCLE_READY)
                check_times_of(findings, cycle, &cycle->agents[i], watch != NULL);
        check_witness(findings, cycle);
        check_attested(findings, cycle);
    }
    if (cycle->broke == CYCLE_WHOLE)
        outputs_check_ends(findings, cycle);
    if (watch)
        watch_look(watch, findings, scenario, cycle, level, result);
    result->locked = watch && watch->locked;
    if (watch)
        watch->locked = false; /* of the next cycle */
    result->spent_ns = clock_now_ns() - from_ns;
}

void audit_cycle(struct audit_findings *findings, const struct scenario *scenario,
                 const struct cycle *cycle, const char *database_path, const char *run_label,
                 int64_t *spent_ns)
{
    struct audit_watch *watch = database_path ? audit_watch_new(database_path, run_label) : NULL;
    struct audit_result result;
    audit_watch_cycle(watch, findings, scenario, cycle, AUDIT_FULL, &result);
    audit_watch_free(watch);
    if (spent_ns)
        *spent_ns = result.spent_ns;
}

const char *const audit_severity_names[] = {
    [AUDIT_INTEGRITY] = "integrity", [AUDIT_CONDUCT] = "conduct"};
const char *const audit_level_names[] = {"none", "quick", "full", "end", "copy"};

enum audit_level audit_rule_level(const struct audit_rule *rule)
{
    switch ((enum rule_id)(rule - audit_rules)) {
    case RULE_RECORDED:
    case RULE_PHANTOM:
    case RULE_STATE:
    case RULE_CONSENSUS:
    case RULE_VOTES:
    case RULE_OUTPUT:
    case RULE_READABLE:
    case RULE_TRIPWIRE:
    case RULE_UNDECIDED:
    case RULE_ALIVE:
        return AUDIT_QUICK;
    case RULE_INTEGRITY_CHECK:
    case RULE_FOREIGN_KEYS:
    case RULE_TWICE:
        return AUDIT_FULL;
    case RULE_SETTINGS:
        return AUDIT_COPY;
    default:
        return rule->needs_store ? AUDIT_END : AUDIT_NONE;
    }
}
