/* Does it last? Cycle after cycle, each arm in turn, faults at random from one seed. */
#include "proof/faults/soak.h"

#include <gsl/gsl_rng.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/text.h"
#include "proof/faults/evidence.h"
#include "proof/faults/faults_internal.h"

#define FORGIVEN 16 /* descriptors, as the audit does */

/* What is decided beforehand for each cycle, always with the same number of draws. */
struct choice {
    const struct fault *fault; /* NULL: none */
    double share;
};

struct soak {
    const struct soak_options *options;
    struct faults_options how;
    struct soak_tally *tally;
    struct session *sessions; /* per arm */
    bool *recovering;         /* per arm: the batch after a fault */
    struct audit_findings findings;
    struct soak_evidence evidence;
    gsl_rng *random;
    size_t arms;
};

/* ---- what happens next ---- */

/* Disks that are full or lose their power need a place of their own from the start. */
static bool is_usable(const struct soak *soak, size_t arm, size_t fault)
{
    const struct fault *row = &faults_catalogue[fault];
    bool of_store = row->means == FAULT_CALL || row->means == FAULT_BUSY ||
                    row->means == FAULT_LOCKED || row->means == FAULT_READ_ONLY;
    const struct session *session = &soak->sessions[arm];
    if (!(soak->options->faults >> fault & 1) || row->means == FAULT_FULL_DISK ||
        row->means == FAULT_POWER || (of_store && !session->audits.watch) ||
        session_can(&soak->how, arm, row))
        return false;
    return row->means != FAULT_CALL || session->calls[row->page.call] > 0;
}

static struct choice choose(struct soak *soak, size_t arm)
{
    double chance = gsl_rng_uniform(soak->random), which = gsl_rng_uniform(soak->random);
    struct choice choice = {.share = gsl_rng_uniform(soak->random)};
    size_t usable[SCENARIO_FAULTS], count = 0;
    if (soak->recovering[arm] || soak->sessions[arm].next < 2 || chance * soak->options->every >= 1)
        return choice;
    for (size_t i = 0; i < SCENARIO_FAULTS; i++)
        if (is_usable(soak, arm, i))
            usable[count++] = i;
    if (count)
        choice.fault = &faults_catalogue[usable[(size_t)(which * (double)count)]];
    return choice;
}

/* ---- one cycle ---- */

static void count(struct soak *soak, const struct session *session)
{
    struct soak_tally *tally = soak->tally;
    const struct cycle *cycle = &session->cycle;
    tally->cycles++;
    tally->starts += (int64_t)cycle->agent_count;
    for (size_t i = 0; i < cycle->agent_count; i++)
        tally->acknowledged += cycle->agents[i].outcome == CYCLE_READY;
    tally->zombies += cycle->zombies_left;
    if (cycle->descriptors_first >= 0 && cycle->descriptors > cycle->descriptors_first + FORGIVEN)
        tally->descriptors += cycle->descriptors - cycle->descriptors_first;
}

/* Something fails; then the subject is started anew, and what was in flight is settled. */
static int bad_cycle(struct soak *soak, size_t arm, const struct choice *choice, struct err *err)
{
    struct session *session = &soak->sessions[arm];
    struct soak_tally *tally = soak->tally;
    session->injection.fault = choice->fault;
    session->injection.share = choice->share;
    evidence_plan(&soak->evidence, tally->cycles, soak->options->scenario->arms[arm].name,
                  choice->fault->name, choice->share);
    if (session_strike(session, &soak->findings, err) < 0)
        return -1;
    count(soak, session);
    if (session->injection.struck)
        tally->struck[choice->fault - faults_catalogue]++;
    else
        tally->missed++;
    if (session_restart(session, &soak->findings, err) < 0)
        return -1;
    tally->restarts++;
    soak->recovering[arm] = true;
    return 0;
}

static int good_cycle(struct soak *soak, size_t arm, struct err *err)
{
    struct session *session = &soak->sessions[arm];
    if (session_cycle(session, &soak->findings, err) < 0)
        return -1;
    count(soak, session);
    soak->recovering[arm] = false;
    if (!session_is_healthy(session))
        audit_find(&soak->findings, "recovers-from-faults", "",
                   "no healthy batch though nothing fails: %.180s",
                   session->cycle.trouble ? session->cycle.trouble
                                          : cycle_outcome_names[session->cycle.outcome]);
    return 0;
}

static void sum_up(struct soak *soak)
{
    struct soak_tally *tally = soak->tally;
    tally->audits = tally->audits_full = tally->indeterminate = tally->present = 0;
    tally->unchecked = 0;
    for (size_t i = 0; i < soak->arms; i++) {
        tally->audits += soak->sessions[i].audited;
        tally->audits_full += soak->sessions[i].audits.schedule.full;
        tally->indeterminate += soak->sessions[i].undecided;
        tally->present += soak->sessions[i].present;
        if (soak->sessions[i].unchecked && !*tally->not_checked)
            snprintf(tally->not_checked, sizeof tally->not_checked, "%s",
                     soak->sessions[i].not_checked);
        tally->unchecked += soak->sessions[i].unchecked;
    }
}

static bool is_over(const struct soak *soak, int64_t begun_ns)
{
    const struct soak_options *options = soak->options;
    return (options->most_cycles && soak->tally->cycles >= options->most_cycles) ||
           (options->most_ns && clock_now_ns() - begun_ns >= options->most_ns);
}

static int all_cycles(struct soak *soak, struct err *err)
{
    int64_t begun_ns = clock_now_ns();
    for (size_t arm = 0; soak->findings.count == 0 && !is_over(soak, begun_ns);
         arm = (arm + 1) % soak->arms) {
        struct choice choice = choose(soak, arm);
        int rc = choice.fault ? bad_cycle(soak, arm, &choice, err) : good_cycle(soak, arm, err);
        soak->tally->spent_ns = clock_now_ns() - begun_ns;
        sum_up(soak);
        if (rc < 0)
            return -1;
        if (soak->options->each)
            soak->options->each(soak->options->context, soak->tally);
        if (interrupt_check(err) < 0)
            return -1;
    }
    return 0;
}

/* ---- what was found ---- */

static void note_findings(struct soak *soak)
{
    struct soak_tally *tally = soak->tally;
    const struct audit_findings *findings = &soak->findings;
    const struct audit_finding *first = findings->items;
    for (size_t i = 0; i < findings->count; i++) {
        const char *rule = findings->items[i].rule->name;
        tally->lost += strcmp(rule, "every-acknowledged-start-is-recorded") == 0;
        tally->duplicated += strcmp(rule, "no-process-is-recorded-twice") == 0;
    }
    tally->findings = (int64_t)findings->count;
    if (findings->count)
        snprintf(tally->first_finding, sizeof tally->first_finding, "%s: %s%s%s", first->rule->name,
                 first->agent, *first->agent ? ": " : "", first->text);
}

static void keep_evidence(struct soak *soak)
{
    const struct soak_options *options = soak->options;
    struct soak_tally *tally = soak->tally;
    struct err err = {0};
    int rc;
    note_findings(soak);
    snprintf(tally->evidence, sizeof tally->evidence, "%s", options->keep);
    snprintf(tally->again, sizeof tally->again,
             "spawnbench soak %s/scenario.json --seed %llu --cycles %lld --faults-every %d%s%s",
             options->keep, (unsigned long long)options->seed, (long long)tally->cycles,
             options->every, options->shim_option ? " --shim-option " : "",
             options->shim_option ? options->shim_option : "");
    rc = evidence_keep(&soak->evidence, options->keep, options->scenario->source, tally->again,
                       &soak->findings, &err);
    for (size_t i = 0; i < soak->arms && rc == 0; i++)
        rc = evidence_keep_arm(options->keep, &soak->sessions[i], options->scenario->arms[i].name,
                               &err);
    if (rc < 0) {
        fprintf(stderr, "spawnbench: soak: the evidence is not whole: %s\n", err.text);
        fflush(stderr);
    }
}

/* ---- from begin to end ---- */

static int begin(struct soak *soak, struct err *err)
{
    const struct soak_options *options = soak->options;
    for (size_t i = 0; i < soak->arms; i++) {
        char *folder = text_format("%s/%s", options->folder, options->scenario->arms[i].name);
        int rc = session_open(&soak->sessions[i], &soak->how, i, folder, SESSION_PLAIN, err);
        soak->sessions[i].budgeted = true;
        free(folder);
        if (rc < 0)
            return -1;
    }
    return evidence_begin(&soak->evidence, options->folder, err);
}

static void end(struct soak *soak)
{
    for (size_t i = 0; i < soak->arms; i++)
        session_close(&soak->sessions[i]);
    evidence_end(&soak->evidence);
    audit_findings_release(&soak->findings);
    gsl_rng_free(soak->random);
    free(soak->sessions);
    free(soak->recovering);
}

int soak_run(struct soak_tally *out, const struct soak_options *options, struct err *err)
{
    struct soak soak = {.options = options, .tally = out, .arms = options->scenario->arm_count};
    int rc;
    *out = (struct soak_tally){0};
    soak.how = (struct faults_options){.scenario = options->scenario,
                                       .folder = options->folder,
                                       .shim_option = options->shim_option};
    soak.sessions = xcalloc(soak.arms, sizeof *soak.sessions);
    soak.recovering = xcalloc(soak.arms, sizeof *soak.recovering);
    soak.random = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(soak.random, (unsigned long)options->seed);
    rc = begin(&soak, err);
    if (rc == 0)
        rc = all_cycles(&soak, err);
    for (size_t i = 0; i < soak.arms && rc == 0 && soak.findings.count == 0; i++)
        session_end(&soak.sessions[i], &soak.findings);
    sum_up(&soak);
    if (soak.findings.count)
        keep_evidence(&soak);
    end(&soak);
    return rc;
}

cJSON *soak_json(const struct soak_tally *tally)
{
    cJSON *object = cJSON_CreateObject(), *faults, *row;
    json_add_int64(object, "cycles", tally->cycles);
    json_add_int64(object, "starts", tally->starts);
    json_add_int64(object, "acknowledged", tally->acknowledged);
    json_add_int64(object, "indeterminate", tally->indeterminate);
    json_add_int64(object, "present_after", tally->present);
    json_add_int64(object, "lost", tally->lost);
    json_add_int64(object, "duplicated", tally->duplicated);
    json_add_int64(object, "zombies", tally->zombies);
    json_add_int64(object, "leaked_descriptors", tally->descriptors);
    json_add_int64(object, "restarts", tally->restarts);
    json_add_int64(object, "audits", tally->audits);
    json_add_int64(object, "audits_full", tally->audits_full);
    faults = cJSON_AddArrayToObject(object, "faults");
    for (size_t i = 0; i < SCENARIO_FAULTS; i++) {
        if (!tally->struck[i])
            continue;
        row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "fault", faults_catalogue[i].name);
        json_add_int64(row, "struck", tally->struck[i]);
        cJSON_AddItemToArray(faults, row);
    }
    json_add_int64(object, "missed", tally->missed);
    json_add_int64(object, "findings", tally->findings);
    cJSON_AddStringToObject(object, "first_finding", tally->first_finding);
    json_add_int64(object, "unchecked", tally->unchecked);
    cJSON_AddStringToObject(object, "not_checked", tally->not_checked);
    cJSON_AddStringToObject(object, "evidence", tally->evidence);
    cJSON_AddStringToObject(object, "again", tally->again);
    json_add_int64(object, "spent_ns", tally->spent_ns);
    return object;
}
