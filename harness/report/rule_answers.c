/* Was each rule of the audit held, broken, or not checked, and why not? One answer for terminal,
 * report, JSON and JUnit. A rule that nothing exercised supports nothing, and is no pass. */
#include <stdlib.h>
#include <string.h>

#include "report/exporters.h"

/* After how many cycles of an arm an audit went as deep as this level. Runs from before levels were
 * stored were audited in full each time. */
static int64_t cycles_at(const struct facts *facts, const struct results_tally *tally,
                         enum audit_level level)
{
    if (level == AUDIT_END || level == AUDIT_COPY)
        return 0;
    if (level == AUDIT_NONE || !facts_has_levels(facts))
        return tally->cycles;
    return level == AUDIT_FULL ? tally->audits_full : tally->audits_full + tally->audits_quick;
}

/* Was the rule asked once more of each store that its subject had closed? */
static bool is_asked_at_end(const struct facts *facts, const struct audit_rule *rule)
{
    enum audit_level level = audit_rule_level(rule);
    return facts->tally.audits_at_end > 0 && (level == AUDIT_FULL || level == AUDIT_END);
}

/* What a rule needs besides a cycle. Bits. */
enum need {
    NEEDS_READY = 1,     /* an agent that became ready */
    NEEDS_PROCESS = 2,   /* a subject that starts something */
    NEEDS_CONSENSUS = 4, /* a scenario that asks for one */
    NEEDS_FAULTS = 8,    /* those of the scenario, which strike when all is measured */
    NEEDS_BREAK = 16,    /* a subject that died: by itself, or by a fault */
    NEEDS_VERSION = 32,  /* a run that knew the rule: those of schema version 5 and later do */
    NEEDS_WORDS = 64,    /* an agent that tells the witness how it ended */
    NEEDS_CONTENT = 128, /* an output that somebody else than the subject knows */
    NEEDS_SCHEMA = 256,  /* one that somebody asks for */
    NEEDS_SHARED = 512,  /* a database that agents share, and that was looked into */
    NEEDS_OBJECT = 1024  /* an object of its kind, in a store that was audited at the end */
};

static const struct {
    const char *rule;
    unsigned needs;
} needs_of_rules[] = {
    {"every-ready-agent-ran", NEEDS_READY | NEEDS_PROCESS},
    {"no-agent-ran-unasked", NEEDS_PROCESS},
    {"one-process-one-id", NEEDS_READY | NEEDS_PROCESS},
    {"agent-is-a-process-of-its-own", NEEDS_READY | NEEDS_PROCESS},
    {"agent-belongs-to-the-subject", NEEDS_READY | NEEDS_PROCESS},
    {"agent-is-the-program-asked-for", NEEDS_READY | NEEDS_PROCESS},
    {"agent-began-after-the-request", NEEDS_READY | NEEDS_PROCESS},
    {"every-acknowledged-start-is-recorded", NEEDS_READY},
    {"consensus-is-whole", NEEDS_READY | NEEDS_CONSENSUS},
    {"verdict-follows-from-the-outputs", NEEDS_READY | NEEDS_CONSENSUS | NEEDS_VERSION},
    {"output-is-what-the-agent-printed",
     NEEDS_READY | NEEDS_CONSENSUS | NEEDS_VERSION | NEEDS_CONTENT},
    {"end-is-told-as-it-was", NEEDS_READY | NEEDS_PROCESS | NEEDS_VERSION | NEEDS_WORDS},
    {"failure-is-told", NEEDS_FAULTS},
    {"recovers-from-faults", NEEDS_FAULTS},
    {"undecided-is-whole-or-nothing", NEEDS_BREAK},
    {"nobody-gone-is-called-alive", NEEDS_BREAK},
    {"schema-is-as-asked", NEEDS_SCHEMA},
    {"shared-databases-keep-their-rows", NEEDS_SHARED},
    {"index-agrees-with-table", NEEDS_OBJECT},
    {"full-text-index-agrees", NEEDS_OBJECT},
    {"rtree-is-sound", NEEDS_OBJECT},
    {"nothing-lies-behind-the-last-page", NEEDS_OBJECT},
};

static unsigned needs_of(const struct audit_rule *rule)
{
    for (size_t i = 0; i < sizeof needs_of_rules / sizeof needs_of_rules[0]; i++)
        if (strcmp(needs_of_rules[i].rule, rule->name) == 0)
            return needs_of_rules[i].needs;
    return 0;
}

static bool is_complete(const struct facts *facts)
{
    return strcmp(facts->run.state, "complete") == 0;
}

/* Faults strike at the end of a run that nothing has ended before. */
static bool faults_struck(const struct facts *facts)
{
    return facts->scenario.faults != 0 && is_complete(facts);
}

static const char *fault_lacking(const struct facts *facts)
{
    return facts->scenario.faults ? "the run ended before its faults were injected"
                                  : "the scenario injects no faults";
}

/* What an arm lacked, the nearest to an answer last: that of the arm which came nearest is told. */
enum lack { LACKS_START, LACKS_STORE, LACKS_CYCLE, LACKS_READY, LACKS_CONTENT, LACKS_BREAK, LACKS };
static const char *const lacks[LACKS] = {
    [LACKS_START] = "no subject starts anything",
    [LACKS_STORE] = "no subject keeps a database",
    [LACKS_CYCLE] = "no cycle is stored",
    [LACKS_READY] = "no agent became ready",
    [LACKS_CONTENT] = "no output is known from anybody else than the subject",
    [LACKS_BREAK] = "no subject died in the middle of a cycle",
};

/* Could this rule have been broken in a cycle of this arm? LACKS, or what it lacks. */
static enum lack lacking_in(const struct facts *facts, size_t arm, const struct audit_rule *rule)
{
    const struct results_arm *of = &facts->arms[arm];
    const struct results_tally *tally = &facts->tallies[arm];
    unsigned needs = needs_of(rule);
    if (of->index >= 0 && !of->starts && (needs & NEEDS_PROCESS))
        return LACKS_START;
    if (rule->needs_store && !of->records)
        return LACKS_STORE;
    if (!tally->cycles)
        return LACKS_CYCLE;
    if ((needs & NEEDS_READY) && !tally->agents_ready)
        return LACKS_READY;
    if ((needs & NEEDS_CONTENT) && tally->contents == 0)
        return LACKS_CONTENT;
    if ((needs & NEEDS_BREAK) && !of->restarts && !faults_struck(facts))
        return LACKS_BREAK;
    return LACKS;
}

static bool any_has_words(const struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->agent_count; i++)
        if (scenario->agents[i].witness == SCENARIO_WITNESS_SELF)
            return true;
    return false;
}

#define ASKED_OF_COPIES "it is asked of copies only (spawnbench audit --self-test)"

static const char *shared_lacking(const struct facts *facts)
{
    for (size_t i = 0; i < facts->shared_count; i++)
        if (facts->shared[i].held || facts->shared[i].broken)
            return NULL;
    return facts->scenario.database_count ? "no database that agents share could be read"
                                          : "the scenario names no databases that agents share";
}

static const char *lacking(const struct facts *facts, const struct audit_rule *rule)
{
    unsigned needs = needs_of(rule);
    if (needs & NEEDS_SCHEMA)
        return "it is asked by spawnbench audit --schema only";
    if (rule->needs_witness && !facts->witnessed_agents)
        return "no agent has a witness";
    if ((needs & NEEDS_WORDS) && !any_has_words(&facts->scenario))
        return "no agent tells itself how it ended";
    if ((needs & NEEDS_CONSENSUS) && !facts->scenario.consensus)
        return "the scenario asks for no consensus";
    if ((needs & NEEDS_FAULTS) && !faults_struck(facts))
        return fault_lacking(facts);
    if ((needs & NEEDS_SHARED) && shared_lacking(facts))
        return shared_lacking(facts);
    if (!facts->tally.cycles_at_risk) /* nothing was to be witnessed: its arms tell why */
        return audit_rule_level(rule) == AUDIT_COPY ? ASKED_OF_COPIES : NULL;
    if ((needs & NEEDS_VERSION) && facts->tally.witnessed < 0)
        return "the run is older than this rule";
    if (audit_rule_level(rule) == AUDIT_COPY)
        return ASKED_OF_COPIES;
    return NULL;
}

/* Why no audit went as deep as it takes. */
static const char *too_shallow(const struct facts *facts, const struct audit_rule *rule)
{
    enum audit_level level = audit_rule_level(rule);
    if (audit_rule_attest(rule) >= 0)
        return "no agent was looked at in /proc that could tell";
    if (facts->tally.unread && level < AUDIT_END)
        return "the store stayed locked whenever it was to be read";
    if (level == AUDIT_QUICK)
        return "no store was audited";
    return is_complete(facts) ? "no store was audited in full"
                              : "the run ended before the stores were audited in full";
}

/* ---- what was asked, and could not be answered ---- */

static size_t index_of(const char *rule)
{
    size_t i = 0;
    while (i < audit_rule_count && strcmp(audit_rules[i].name, rule) != 0)
        i++;
    return i;
}

static int take_answer(void *context, const struct results_answer *answer)
{
    struct facts *facts = context;
    size_t index = index_of(answer->rule);
    char place[RESULTS_PLACE_BYTES];
    struct facts_open *open;
    if (index == audit_rule_count)
        return 0;
    open = &facts->open[index];
    facts->answered_at_end = true;
    open->held += strcmp(answer->answer, "held") == 0;
    if (strcmp(answer->answer, "not_checked") != 0)
        return 0;
    if (open->count++ == 0) {
        const char *arm = answer->arm >= 0 && answer->arm < (int)facts->arm_count
                              ? facts->arms[answer->arm].name
                              : "?";
        open->why = text_format("%s: %s", results_answer_place(place, arm, answer), answer->why);
        text_make_printable(open->why);
    }
    if (strcmp(answer->rule, "store-can-be-read") == 0 && !*answer->database && !*answer->object)
        facts->unread_at_end = true;
    return 0;
}

int rule_read_open(struct facts *facts, struct results *store, struct err *err)
{
    return results_each_answer(store, facts->run.id, take_answer, facts, err);
}

/* Its own, or why the store that it is asked of at the end was not read then. */
static const char *open_of(const struct facts *facts, size_t index)
{
    enum audit_level level = audit_rule_level(&audit_rules[index]);
    if (facts->open[index].count)
        return facts->open[index].why;
    return facts->unread_at_end && (level == AUDIT_FULL || level == AUDIT_END)
               ? facts->open[index_of("store-can-be-read")].why
               : NULL;
}

/* Held is only what was found to be so: not every store has such an object. */
static const char *object_lacking(const struct facts *facts, size_t index)
{
    if (!(needs_of(&audit_rules[index]) & NEEDS_OBJECT) || facts->open[index].held)
        return NULL;
    return facts->answered_at_end || facts->tally.audits_at_end == 0
               ? "no store that was audited has anything of that kind"
               : "the run is older than this rule";
}

struct rule_told rule_tell(const struct facts *facts, size_t index)
{
    const struct audit_rule *rule = &audit_rules[index];
    struct rule_told told = {.findings = facts->rule_findings[index],
                             .at_end = is_asked_at_end(facts, rule),
                             .answer = RULE_NOT_CHECKED,
                             .why = lacking(facts, rule)};
    enum lack nearest = LACKS_START;
    for (size_t i = 0; i < facts->arm_count && !told.why; i++) {
        enum lack in_arm = lacking_in(facts, i, rule);
        nearest = in_arm > nearest ? in_arm : nearest;
        if (in_arm == LACKS && audit_rule_attest(rule) >= 0)
            told.cycles += facts->tallies[i].attested[audit_rule_attest(rule)];
        else if (in_arm == LACKS)
            told.cycles += cycles_at(facts, &facts->tallies[i], audit_rule_level(rule));
    }
    if (!told.why && nearest != LACKS)
        told.why = lacks[nearest];
    if (!told.why)
        told.why = object_lacking(facts, index);
    told.at_end = told.at_end && !told.why;
    if (!told.why && !told.cycles && !told.at_end && !(needs_of(rule) & NEEDS_FAULTS))
        told.why = too_shallow(facts, rule);
    if (open_of(facts, index)) {
        told.why = open_of(facts, index);
        told.open = true;
    }
    if (!told.why)
        told.answer = RULE_HELD;
    if (told.findings)
        told.answer = RULE_BROKEN;
    if (told.answer != RULE_NOT_CHECKED)
        told.why = "";
    told.open = told.open && told.answer == RULE_NOT_CHECKED;
    return told;
}

size_t rule_count(const struct facts *facts, size_t counts[RULE_ANSWERS])
{
    size_t open = 0;
    memset(counts, 0, RULE_ANSWERS * sizeof counts[0]);
    for (size_t i = 0; i < audit_rule_count; i++) {
        struct rule_told told = rule_tell(facts, i);
        counts[told.answer]++;
        open += told.open;
    }
    counts[RULE_BROKEN] += facts->rule_findings[audit_rule_count] > 0;
    return open;
}

cJSON *rule_json(const struct facts *facts, size_t index)
{
    static const char *const answers[RULE_ANSWERS] = {"held", "broken", "not_checked"};
    const struct audit_rule *rule = &audit_rules[index];
    struct rule_told told = rule_tell(facts, index);
    char *why = text_format(*told.why && !told.open ? "not exercised: %s" : "%s", told.why);
    cJSON *row = cJSON_CreateObject();
    cJSON_AddStringToObject(row, "rule", rule->name);
    cJSON_AddStringToObject(row, "severity", audit_severity_names[rule->severity]);
    cJSON_AddStringToObject(row, "answer", answers[told.answer]);
    cJSON_AddStringToObject(row, "why", why);
    json_add_int64(row, "cycles", told.cycles);
    cJSON_AddBoolToObject(row, "at_end", told.at_end);
    json_add_int64(row, "findings", (int64_t)told.findings);
    free(why);
    return row;
}
