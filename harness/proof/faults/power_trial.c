/* What becomes of one arm and its records when the power is cut, again and again?
 *
 *     healthy batches | batch, cut | power, restart, audit | batch, cut | ... | healthy batch, end
 *
 * Every other cut comes just before a call that changes or syncs a file, at random among those of a
 * batch; the others at the end of a batch, at any time while it is spawned, or between "spawned"
 * and "finished". What is kept of what was not synced differs from cut to cut. */
#include <dirent.h>
#include <gsl/gsl_rng.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "proof/faults/faults_internal.h"

#define MOST_BYTES      ((size_t)1 << 30) /* of a file that is kept */
#define SOON_NS         INT64_C(100000)   /* how often it is asked whether the power was lost */
#define PHASES          3
#define TURNS           8
#define HEALTHY         6 /* the turn before which there are healthy batches: more can be lost */
#define HEALTHY_BATCHES 2

/* Where in a batch: its share is taken apart. */
enum phase { PHASE_FINISHED, PHASE_SPAWNING, PHASE_FINISHING };

/* Of what was not synced, by turns; the first one is the hardest. */
static const enum power_kept by_turns[TURNS] = {POWER_NOTHING, POWER_PART, POWER_PART,
                                                POWER_NOTHING, POWER_PART, POWER_ALL,
                                                POWER_NOTHING, POWER_PART};

/* ---- the cut ---- */

static enum phase phase_of(const struct injection *injection, double *within)
{
    double scaled = injection->share * PHASES;
    enum phase phase = scaled >= PHASES ? PHASE_FINISHING : (enum phase)scaled;
    *within = scaled - (double)phase;
    return phase;
}

static int64_t struck(struct injection *injection, struct cycle *cycle, const char *when)
{
    injection->struck = true;
    cycle->harm = CYCLE_KILLED;
    snprintf(injection->how, sizeof injection->how, "%s, %s not synced kept", when,
             injection->kept == POWER_PART      ? "a part of what was"
             : injection->kept == POWER_NOTHING ? "nothing that was"
                                                : "all that was");
    return INT64_MAX;
}

/* The harness gives its files back first: nobody who lives has one open there. */
static int64_t cut(struct session *session, pid_t subject, struct cycle *cycle, const char *when)
{
    struct injection *injection = &session->injection;
    if (!subject)
        return INT64_MAX;
    audit_watch_rest(session->audits.watch);
    if (!agents_kill(subject) ||
        !power_cut(&session->power, (enum power_kept)injection->kept, injection->seed))
        return INT64_MAX;
    return struck(injection, cycle, when);
}

/* Before a call: who makes it is killed while it waits, and does not learn that it failed. What the
 * batch does not make is cut at its end. */
static int64_t cut_at_call(struct session *session, enum cycle_moment moment, pid_t subject,
                           struct cycle *cycle)
{
    struct injection *injection = &session->injection;
    char when[48];
    if (moment == CYCLE_BEFORE_SPAWN) {
        audit_watch_rest(session->audits.watch);
        power_cut_at(&session->power, injection->nth, (enum power_kept)injection->kept,
                     injection->seed);
    } else if (power_struck(&session->power)) {
        agents_kill(subject);
        power_release(&session->power);
        snprintf(when, sizeof when, "before call %llu of about %llu",
                 (unsigned long long)injection->nth, (unsigned long long)injection->calls);
        return struck(injection, cycle, when);
    } else if (moment == CYCLE_FINISHED) {
        return cut(session, subject, cycle, "when \"finished\" was answered");
    }
    return moment == CYCLE_SPAWNING || moment == CYCLE_FINISHING ? SOON_NS : INT64_MAX;
}

/* When it is due; what came before that moment is the moment, then. */
static int64_t cut_when_due(struct session *session, pid_t subject, struct cycle *cycle,
                            const char *when)
{
    int64_t rest_ns = session->injection.at_ns - clock_now_ns();
    return rest_ns > 0 ? rest_ns : cut(session, subject, cycle, when);
}

int64_t power_strike(struct session *session, enum cycle_moment moment, pid_t subject,
                     struct cycle *cycle)
{
    struct injection *injection = &session->injection;
    double within;
    enum phase phase = phase_of(injection, &within);
    int64_t finish_ns = session->whole_ns - session->spawned_ns;
    if (injection->struck)
        return INT64_MAX;
    if (injection->nth)
        return cut_at_call(session, moment, subject, cycle);
    if (moment == CYCLE_BEFORE_SPAWN)
        injection->at_ns = clock_now_ns() + (int64_t)(within * (double)session->spawned_ns);
    if (moment == CYCLE_SPAWNED && phase != PHASE_SPAWNING)
        injection->at_ns = clock_now_ns() + (int64_t)(within * 1.2 * (double)finish_ns);
    if (moment == CYCLE_SPAWNING && phase == PHASE_SPAWNING)
        return cut_when_due(session, subject, cycle, "while it spawned");
    if (moment == CYCLE_SPAWNED && phase == PHASE_SPAWNING)
        return cut(session, subject, cycle, "when the starts were acknowledged");
    if (moment == CYCLE_FINISHING && phase == PHASE_FINISHING)
        return cut_when_due(session, subject, cycle, "while it finished");
    if (moment == CYCLE_FINISHED)
        return cut(session, subject, cycle, "when \"finished\" was answered");
    return INT64_MAX;
}

/* ---- what is kept of a broken trial ---- */

static void keep_one(const char *from_folder, const char *to_folder, const char *name)
{
    char *from = text_format("%s/%s", from_folder, name), *data = NULL;
    char *to = text_format("%s/%s", to_folder, name);
    size_t length = 0;
    if (text_read_file(&data, &length, from, MOST_BYTES, NULL) == 0)
        text_write_file(to, data, length, NULL);
    free(data);
    free(from);
    free(to);
}

/* Its files as they lie, into a folder of this name beside it. Nobody has them open in this
 * process. */
static void keep_disk(const struct session *session, const char *name)
{
    char *to = text_format("%s/%s", session->folder, name);
    DIR *folder = opendir(session->store_folder);
    const struct dirent *entry;
    text_remove_tree(to);
    if (folder && text_make_directories(to, NULL) == 0)
        while ((entry = readdir(folder)))
            if (entry->d_type == DT_REG)
                keep_one(session->store_folder, to, entry->d_name);
    if (folder)
        closedir(folder);
    free(to);
}

/* ---- cuts ---- */

/* What the disk held when the power came back, before anybody recovered it. */
static int one_cut(struct session *session, struct audit_findings *findings, struct text *how,
                   struct err *err)
{
    if (session_strike(session, findings, err) < 0)
        return -1;
    if (!session->injection.struck) {
        power_disarm(&session->power);
        return 1;
    }
    text_add(how, session->injection.how);
    if (!power_on(&session->power))
        return err_set(err, ERR_SYSTEM, "the file system that lost its power does not come back");
    keep_disk(session, "disk-after-the-cut");
    if (session->audits.watch && !session->scenario.durability_full)
        audit_watch_forgive(session->audits.watch);
    return session_restart(session, findings, err) < 0 ? -1 : 0;
}

static void take_loss(struct faults_row *row, struct session *session)
{
    row->lost += session->lost;
    if (session->lost > row->lost_worst)
        row->lost_worst = session->lost;
    session->lost = 0;
}

static int all_cuts(struct faults_row *row, struct session *session,
                    struct audit_findings *findings, const struct fault *fault, struct text *how,
                    struct err *err)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    uint64_t calls;
    int rc;
    power_calls(&session->power);
    rc = fault_heal(session, findings, err);
    calls = power_calls(&session->power);
    gsl_rng_set(random, (unsigned long)(session->asked->seed + 1000 * session->arm));
    for (int i = 0; i < session->asked->times && rc == 0 && findings->count == 0; i++) {
        double share = gsl_rng_uniform(random);
        for (int more = 0; i % TURNS == HEALTHY && more < HEALTHY_BATCHES && rc == 0; more++)
            rc = fault_heal(session, findings, err);
        if (rc < 0 || findings->count)
            break;
        session->injection.fault = fault;
        session->injection.share = i == 0 ? 0 : share;
        session->injection.kept = by_turns[i % TURNS];
        session->injection.seed = gsl_rng_get(random);
        session->injection.calls = calls;
        session->injection.nth = i % 2 ? 1 + (uint64_t)(share * (double)calls) : 0;
        text_clear(how);
        text_addf(how, "cut %d of %d, ", i + 1, session->asked->times);
        rc = one_cut(session, findings, how, err);
        row->tried++;
        row->struck += rc == 0;
        row->cuts += rc == 0;
        fault_note_answer(row, "cut");
        take_loss(row, session);
    }
    gsl_rng_free(random);
    return rc < 0 ? -1 : 0;
}

static int walk(struct faults_row *row, struct session *session, struct audit_findings *findings,
                const struct fault *fault, struct text *how, struct err *err)
{
    if (fault_begin(session, findings, err) < 0)
        return -1;
    if (findings->count == 0 && !session->audits.watch) {
        snprintf(row->skipped, sizeof row->skipped, "the subject keeps no store");
        return 0;
    }
    if (findings->count == 0 && all_cuts(row, session, findings, fault, how, err) < 0)
        return -1;
    if (findings->count == 0 && fault_recover(session, findings, err) < 0)
        return -1;
    if (row->tried)
        session_end(session, findings);
    fault_add(row, session, findings, row->tried ? how->data : "without any fault");
    return 0;
}

int power_trial(struct faults_row *row, const struct faults_options *options, size_t arm,
                const struct fault *fault, struct err *err)
{
    char *folder =
        text_format("%s/%s-%s", options->folder, options->scenario->arms[arm].name, fault->name);
    struct audit_findings findings = {0};
    struct session session;
    struct text how = {0};
    int rc = session_open(&session, options, arm, folder, SESSION_POWER, err);
    row->names_strict = options->names_strict;
    if (rc < 0 && session.power.refused) {
        snprintf(row->skipped, sizeof row->skipped, "%s", err->text);
        rc = 0;
    } else if (rc == 0) {
        rc = walk(row, &session, &findings, fault, &how, err);
    }
    if (rc == 0 && findings.count)
        keep_disk(&session, "disk");
    session_close(&session);
    if (rc == 0 && findings.count)
        snprintf(row->kept, sizeof row->kept, "%s", folder);
    else
        text_remove_tree(folder);
    audit_findings_release(&findings);
    text_release(&how);
    free(folder);
    return rc < 0 ? err_wrap(err, "fault '%s'", fault->name) : 0;
}
