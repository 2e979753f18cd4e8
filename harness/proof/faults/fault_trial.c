/* What becomes of one arm and its records when one thing fails: once, for real, starting afresh? */
#include <gsl/gsl_rng.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "proof/faults/faults_internal.h"

#define HEALTHY_BEFORE 2
#define ATTEMPTS       5 /* to make a fault strike, each earlier in the batch or tighter */

/* ---- a row ---- */

/* One word for how the struck batch was answered. */
static const char *answer_of(const struct session *session)
{
    const struct cycle *cycle = &session->cycle;
    const struct fault *fault = session->injection.fault;
    if (fault->moment == CYCLE_OPENING)
        return fault->means == FAULT_READ_ONLY ? "not opened" : "killed";
    if (fault->moment == CYCLE_CLOSING || cycle->harm == CYCLE_KILLED)
        return "killed";
    if (cycle->broke != CYCLE_WHOLE)
        return cycle->answer == SUBJECT_REFUSED ? "refused" : "broke";
    return cycle_outcome_names[cycle->outcome];
}

void fault_note_answer(struct faults_row *row, const char *word)
{
    size_t length = strlen(row->answers);
    if (!strstr(row->answers, word))
        snprintf(row->answers + length, sizeof row->answers - length, "%s%s", length ? ", " : "",
                 word);
}

/* The first finding of integrity, or the first one; NULL: none. */
static const struct audit_finding *gravest_of(const struct audit_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].rule->severity == AUDIT_INTEGRITY)
            return &findings->items[i];
    return findings->count ? findings->items : NULL;
}

void fault_add(struct faults_row *row, const struct session *session,
               const struct audit_findings *findings, const char *how)
{
    const struct audit_finding *gravest = gravest_of(findings);
    row->acknowledged += session->acknowledged;
    row->indeterminate += session->undecided;
    row->present_after += session->present;
    row->audits += session->audited;
    if (session->unchecked && !row->unchecked)
        snprintf(row->not_checked, sizeof row->not_checked, "%s", session->not_checked);
    row->unchecked += session->unchecked;
    if (gravest && (!row->rule || gravest->rule->severity < row->rule->severity)) {
        row->rule = gravest->rule;
        snprintf(row->first_finding, sizeof row->first_finding, "%s: %s%s%s (%s)",
                 gravest->rule->name, gravest->agent, *gravest->agent ? ": " : "", gravest->text,
                 how);
    }
    for (size_t i = 0; i < findings->count; i++)
        row->rules |= UINT64_C(1) << (findings->items[i].rule - audit_rules);
    row->findings += findings->count;
}

/* ---- a trial ---- */

/* The arm as it is without a fault. What is found then is no fault's doing, and counts all the
 * same. */
int fault_begin(struct session *session, struct audit_findings *findings, struct err *err)
{
    for (int i = 0; i < HEALTHY_BEFORE && findings->count == 0; i++) {
        if (session_cycle(session, findings, err) < 0)
            return -1;
        if (findings->count == 0 && !session_is_healthy(session))
            return err_set(err, ERR_UNFIT, "arm '%s' does not work even without a fault: %.200s",
                           session->asked->scenario->arms[session->arm].name,
                           session->cycle.trouble ? session->cycle.trouble
                                                  : cycle_outcome_names[session->cycle.outcome]);
    }
    return 0;
}

/* Known only once the subject runs. */
static const char *cannot_strike(const struct session *session, const struct fault *fault)
{
    bool of_store = fault->means == FAULT_CALL || fault->means == FAULT_BUSY ||
                    fault->means == FAULT_LOCKED || fault->means == FAULT_FULL_DISK ||
                    fault->means == FAULT_READ_ONLY;
    if (of_store && !session->audits.watch)
        return "the subject keeps no store";
    if (fault->means == FAULT_CALL && !page_listens(session->page))
        return "the subject did not load the shim";
    if (fault->means == FAULT_CALL && session->calls[fault->page.call] == 0)
        return "there is no such call in its batch";
    return NULL;
}

/* Until it strikes, from this place of the batch towards its beginning. */
static int strike(struct session *session, struct audit_findings *findings,
                  const struct fault *fault, double share, struct err *err)
{
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (attempt > 0 && session_restart(session, findings, err) != 0)
            return -1;
        session->injection.fault = fault;
        session->injection.share = attempt + 1 < ATTEMPTS ? share : 0;
        if (session_strike(session, findings, err) < 0)
            return -1;
        if (session->injection.struck)
            return 0;
        share /= 2;
    }
    return 0;
}

int fault_recover(struct session *session, struct audit_findings *findings, struct err *err)
{
    int rc = session_restart(session, findings, err);
    return rc == 0 ? fault_heal(session, findings, err) : rc < 0 ? -1 : 0;
}

int fault_heal(struct session *session, struct audit_findings *findings, struct err *err)
{
    if (session_cycle(session, findings, err) < 0)
        return -1;
    if (!session_is_healthy(session))
        audit_find(findings, "recovers-from-faults", "", "no healthy batch afterwards: %.200s",
                   session->cycle.trouble ? session->cycle.trouble
                                          : cycle_outcome_names[session->cycle.outcome]);
    return 0;
}

static int walk(struct faults_row *row, struct session *session, struct audit_findings *findings,
                const struct fault *fault, double share, struct err *err)
{
    const char *why;
    char how[sizeof session->injection.how];
    if (fault_begin(session, findings, err) < 0)
        return -1;
    if (findings->count) {
        fault_add(row, session, findings, "without any fault");
        return 0;
    }
    why = cannot_strike(session, fault);
    if (why) {
        snprintf(row->skipped, sizeof row->skipped, "%s", why);
        return 0;
    }
    if (strike(session, findings, fault, share, err) < 0)
        return -1;
    row->tried++;
    row->struck += session->injection.struck;
    snprintf(how, sizeof how, "%s", *session->injection.how ? session->injection.how : fault->how);
    if (session->injection.struck)
        fault_note_answer(row, answer_of(session));
    if (fault_recover(session, findings, err) < 0)
        return -1;
    session_end(session, findings);
    fault_add(row, session, findings, how);
    return 0;
}

static int one_trial(struct faults_row *row, const struct faults_options *options, size_t arm,
                     const struct fault *fault, int number, double share, struct err *err)
{
    char *folder = text_format("%s/%s-%s-%d", options->folder, options->scenario->arms[arm].name,
                               fault->name, number);
    struct audit_findings findings = {0};
    struct session session;
    bool sound;
    enum session_disk disk = fault->means == FAULT_FULL_DISK ? SESSION_SMALL : SESSION_PLAIN;
    int rc = session_open(&session, options, arm, folder, disk, err);
    if (rc == 0)
        rc = walk(row, &session, &findings, fault, share, err);
    session_close(&session);
    sound = rc == 0 && findings.count == 0;
    if (sound || rc < 0)
        text_remove_tree(folder);
    else if (!*row->kept)
        snprintf(row->kept, sizeof row->kept, "%s", folder);
    audit_findings_release(&findings);
    free(folder);
    return rc < 0 ? err_wrap(err, "fault '%s'", fault->name) : 0;
}

/* The first place, the last one, and between them one in each of the equal parts that are left. */
static double place_of(int number, int times, gsl_rng *random)
{
    double chance = gsl_rng_uniform(random);
    if (times == 1)
        return chance;
    if (number == 0 || number == times - 1)
        return number == 0 ? 0 : 1;
    return (number - 1 + chance) / (times - 2);
}

int faults_run(struct faults_row *out, const struct faults_options *options, size_t arm,
               const struct fault *fault, struct err *err)
{
    int times = fault->walks ? options->times : 1, rc = 0;
    const char *why = session_can(options, arm, fault);
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    *out = (struct faults_row){.fault = fault};
    gsl_rng_set(random,
                (unsigned long)(options->seed + 1000 * arm + (size_t)(fault - faults_catalogue)));
    if (why)
        snprintf(out->skipped, sizeof out->skipped, "%s", why);
    if (!why && fault->means == FAULT_POWER) {
        rc = power_trial(out, options, arm, fault, err);
        times = 0;
    }
    for (int i = 0; i < times && rc == 0 && !*out->skipped; i++)
        rc = one_trial(out, options, arm, fault, i + 1, place_of(i, times, random), err);
    gsl_rng_free(random);
    return rc;
}

/* ---- what it proves ---- */

enum faults_verdict faults_judge(const struct faults_row *row)
{
    if (row->rule)
        return row->rule->severity == AUDIT_INTEGRITY ? FAULTS_BROKEN : FAULTS_MISCONDUCT;
    return row->struck < row->tried || row->unchecked ? FAULTS_INVALID : FAULTS_INTACT;
}

const char *faults_verdict_name(enum faults_verdict verdict)
{
    static const char *const names[] = {
        [FAULTS_INTACT] = "intact",
        [FAULTS_INVALID] = "invalid",
        [FAULTS_MISCONDUCT] = "misconduct",
        [FAULTS_BROKEN] = "broken",
    };
    return names[verdict];
}

int faults_exit_code(enum faults_verdict verdict)
{
    static const int codes[] = {
        [FAULTS_INTACT] = 0, [FAULTS_INVALID] = 5, [FAULTS_MISCONDUCT] = 4, [FAULTS_BROKEN] = 4};
    return codes[verdict];
}

cJSON *faults_row_json(const struct faults_row *row)
{
    cJSON *object = cJSON_CreateObject(), *rules;
    cJSON_AddStringToObject(object, "fault", row->fault->name);
    cJSON_AddStringToObject(object, "how", row->fault->how);
    json_add_int64(object, "tried", row->tried);
    json_add_int64(object, "struck", row->struck);
    json_add_text(object, "skipped", row->skipped);
    cJSON_AddStringToObject(object, "answered", row->answers);
    json_add_int64(object, "acknowledged", row->acknowledged);
    json_add_int64(object, "indeterminate", row->indeterminate);
    json_add_int64(object, "present_after", row->present_after);
    json_add_int64(object, "audits", row->audits);
    if (row->cuts) {
        json_add_int64(object, "cuts", row->cuts);
        json_add_int64(object, "lost", row->lost);
        json_add_int64(object, "lost_worst", row->lost_worst);
        cJSON_AddStringToObject(object, "names", row->names_strict ? "strict" : "ordered");
    }
    json_add_int64(object, "findings", (int64_t)row->findings);
    rules = cJSON_AddArrayToObject(object, "rules");
    for (size_t i = 0; i < audit_rule_count; i++)
        if (row->rules >> i & 1)
            cJSON_AddItemToArray(rules, cJSON_CreateString(audit_rules[i].name));
    json_add_text(object, "severity", row->rule ? audit_severity_names[row->rule->severity] : "");
    cJSON_AddStringToObject(object, "first_finding", row->first_finding);
    json_add_int64(object, "unchecked", row->unchecked);
    json_add_text(object, "not_checked", row->not_checked);
    cJSON_AddStringToObject(object, "verdict", faults_verdict_name(faults_judge(row)));
    return object;
}
