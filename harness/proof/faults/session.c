/* How is one arm kept under audit while things fail: batch, restart, end? */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "proof/faults/faults_internal.h"

#define RUN_LABEL   "1.1"
#define SMALL_PAGES 1024 /* of the disk that is to be full */

/* ---- what can be done ---- */

static bool is_reference(const struct scenario_arm *arm)
{
    for (char **word = arm->subject; *word; word++)
        if (strcmp(*word, "{reference}") == 0)
            return true;
    return false;
}

/* Beside the program, as the build leaves it, or where it is installed. */
static char *find_shim(void)
{
    char *shim = process_find_beside_self(FAULT_SHIM);
    return shim ? shim
                : process_find_beside_self("../" SPAWNBENCH_LIBDIR "/spawnbench/" FAULT_SHIM);
}

static const char *can_shim(const struct faults_options *asked, size_t arm)
{
    char *shim;
    if (!asked->shim_option && !is_reference(&asked->scenario->arms[arm]))
        return "needs the shim in the subject, see --shim-option";
    shim = find_shim();
    free(shim);
    return shim ? NULL : "'" FAULT_SHIM "' is not beside spawnbench (build or install it)";
}

static const char *can_program(const char *name)
{
    char *path = process_find_beside_self(name);
    free(path);
    return path ? NULL : "a program it needs is not beside spawnbench (build or install it)";
}

static const char *can_kill_agent(const struct faults_options *asked, const struct fault *fault)
{
    if (fault->moment == CYCLE_SPAWNING)
        return can_program("spawnref-agent");
    return asked->scenario->agents[0].ready == SCENARIO_READY_EXIT
               ? "its first agent has ended when it is ready"
               : NULL;
}

static const char *can_mount(void)
{
    return space_can_mount() ? NULL
                             : "needs the right to mount (root), which this process does not have";
}

const char *session_can(const struct faults_options *asked, size_t arm, const struct fault *fault)
{
    switch (fault->means) {
    case FAULT_POWER:
        return power_can();
    case FAULT_CALL:
        return can_shim(asked, arm);
    case FAULT_KILL_AGENT:
        return can_kill_agent(asked, fault);
    case FAULT_HANG:
        return can_program("spawnref-agent");
    case FAULT_EXEC_HANGS:
        return stall_can(is_reference(&asked->scenario->arms[arm]));
    case FAULT_STRAGGLER:
    case FAULT_STRAGGLER_KILLED:
        return can_program("spawnbench-straggler");
    case FAULT_BUSY:
    case FAULT_LOCKED:
        return can_program("spawnbench-holder");
    case FAULT_FEW_PROCESSES:
        return limit_processes_can();
    case FAULT_FULL_DISK:
        return can_mount();
    case FAULT_READ_ONLY:
        return geteuid() == 0 ? can_mount() : NULL;
    default:
        return NULL;
    }
}

/* ---- from open to close ---- */

static int mount_disk(struct session *session, enum session_disk disk, struct err *err)
{
    char *log;
    int rc;
    if (disk == SESSION_PLAIN)
        return 0;
    if (disk == SESSION_SMALL) {
        rc = space_mount(session->store_folder, SMALL_PAGES, err);
        session->mounted = rc == 0;
        return rc;
    }
    log = text_format("%s/powerfs.log", session->folder);
    rc =
        power_begin(&session->power, session->store_folder, session->asked->names_strict, log, err);
    free(log);
    return rc;
}

static int make_places(struct session *session, const char *folder, enum session_disk disk,
                       struct err *err)
{
    session->folder = xstrdup(folder);
    session->store_folder = text_format("%s/store", folder);
    session->page_path = text_format("%s/page", folder);
    session->metrics = text_format("%s/spawn_metrics.json", folder);
    session->variable = text_format(PAGE_VARIABLE "=%s", session->page_path);
    session->environment[0] = session->variable;
    if (text_make_directories(session->store_folder, err) < 0 ||
        page_create(&session->page, session->page_path, err) < 0)
        return -1;
    return mount_disk(session, disk, err);
}

static void add_shim(struct session *session)
{
    const char *option = session->asked->shim_option;
    if (can_shim(session->asked, session->arm))
        return;
    session->shim = find_shim();
    session->has_shim = true;
    session->arguments[0] = option ? option : "--vfs-extension";
    session->arguments[1] = session->shim;
}

int session_open(struct session *out, const struct faults_options *asked, size_t arm,
                 const char *folder, enum session_disk disk, struct err *err)
{
    struct cycle_options options = {.run_label = RUN_LABEL};
    *out = (struct session){.asked = asked, .arm = arm, .scenario = *asked->scenario};
    if (make_places(out, folder, disk, err) < 0)
        return -1;
    add_shim(out);
    out->audits.folder = out->folder;
    out->arm_chosen[arm] = true;
    out->meddler = (struct cycle_meddler){inject_meddle, out};
    options.scenario = &out->scenario;
    options.folder = out->folder;
    options.metrics_path = out->metrics;
    options.arm_chosen = out->arm_chosen;
    options.store_folder = out->store_folder;
    options.environment = out->environment;
    options.arguments = out->has_shim ? out->arguments : NULL;
    options.meddler = &out->meddler;
    return cycle_open(&out->run, &options, err);
}

void session_close(struct session *session)
{
    audit_watch_rest(session->audits.watch);
    cycle_close(session->run);
    runner_audit_release(&session->audits);
    inject_release(&session->injection);
    cycle_release(&session->cycle);
    page_close(session->page);
    if (session->mounted)
        space_unmount(session->store_folder);
    power_end(&session->power);
    free(session->folder);
    free(session->store_folder);
    free(session->page_path);
    free(session->metrics);
    free(session->variable);
    free(session->shim);
    *session = (struct session){0};
}

/* ---- batches ---- */

bool session_is_healthy(const struct session *session)
{
    return session->cycle.broke == CYCLE_WHOLE && session->cycle.outcome == CYCLE_READY;
}

static void learn(struct session *session)
{
    const struct cycle *cycle = &session->cycle;
    if (session->injection.fault || !session_is_healthy(session))
        return;
    session->whole_ns = cycle->finished_ns - cycle->sent_ns;
    session->spawned_ns = cycle->answered_ns - cycle->sent_ns;
    for (int call = 0; call < SHIM_CALLS; call++)
        session->calls[call] = page_calls(session->page, (enum shim_call)call);
}

static void add(struct session *session, const struct audit_result *result)
{
    session->audited++;
    session->undecided += result->undecided;
    session->present += result->present;
    session->lost += result->lost;
}

int session_cycle(struct session *session, struct audit_findings *findings, struct err *err)
{
    struct plan_item item = {.pair = (int)session->next, .arm = (short)session->arm};
    struct audit_result result;
    if (!session->injection.fault)
        page_count_anew(session->page);
    if (cycle_spawn(session->run, session->next, &item, &session->cycle, err) < 0)
        return -1;
    if (!session->power.off && !session->power.armed)
        runner_audit_spawned(&session->audits, findings, &session->cycle,
                             cycle_database(session->run, session->arm), RUN_LABEL);
    if (cycle_finish(session->run, &session->cycle, err) < 0)
        return -1;
    session->next++;
    learn(session);
    for (size_t i = 0; i < session->cycle.agent_count; i++)
        session->acknowledged += session->cycle.agents[i].outcome == CYCLE_READY;
    if (session->power.off)
        audit_watch_put_off(session->audits.watch, findings, &session->scenario, &session->cycle,
                            &result);
    else
        runner_audit_cycle(&session->audits, findings, &session->scenario, &session->cycle,
                           cycle_database(session->run, session->arm), RUN_LABEL,
                           !session->budgeted, &result);
    add(session, &result);
    inject_check(session, findings);
    return 0;
}

static bool was_killed(const struct session *session)
{
    const struct fault *fault = session->injection.fault;
    return session->cycle.harm == CYCLE_KILLED ||
           (session->injection.struck && fault &&
            (fault->means == FAULT_KILL_AT_MOMENT || fault->means == FAULT_KILL_AT_RANDOM));
}

static void stop(struct session *session, struct audit_findings *findings)
{
    struct cycle_arm_end end;
    audit_watch_rest(session->audits.watch);
    cycle_arm_stop(session->run, session->arm, &end);
    runner_audit_close(findings, &end, was_killed(session));
}

/* Gone, and not started again. */
static void look_at_fallen(struct session *session, struct audit_findings *findings)
{
    struct audit_result result;
    audit_watch_fallen(session->audits.watch, findings, &session->scenario, &result);
    add(session, &result);
}

static void look(struct session *session, struct audit_findings *findings)
{
    struct audit_result result;
    audit_watch_reopened(session->audits.watch, findings, &session->scenario,
                         session->budgeted ? AUDIT_QUICK : AUDIT_FULL, &result);
    add(session, &result);
}

/* ---- faults around opening and closing ---- */

static int start(struct session *session, bool *opened, struct err *err)
{
    struct err why = {0};
    *opened = cycle_arm_start(session->run, session->arm, &why) == 0;
    if (!*opened && why.code == ERR_INTERRUPTED) {
        *err = why;
        return -1;
    }
    if (!*opened && !session->injection.how[0])
        snprintf(session->injection.how, sizeof session->injection.how, "%s", why.text);
    return 0;
}

/* What it opens was left by a kill too, so that it dies while it recovers. */
static int strike_opening(struct session *session, struct audit_findings *findings, struct err *err)
{
    bool opened;
    kill(cycle_subject(session->run, session->arm), SIGKILL);
    session->cycle.harm = CYCLE_KILLED;
    stop(session, findings);
    if (start(session, &opened, err) < 0)
        return -1;
    audit_watch_rest(session->audits.watch);
    return 0;
}

/* After a batch, so that there is something to be done at the end. */
static int strike_closing(struct session *session, struct audit_findings *findings, struct err *err)
{
    if (session_cycle(session, findings, err) < 0)
        return -1;
    stop(session, findings);
    look_at_fallen(session, findings);
    return 0;
}

static int strike_read_only(struct session *session, struct audit_findings *findings,
                            struct err *err)
{
    bool opened;
    int rc = -1;
    stop(session, findings);
    if (space_read_only(session->store_folder, err) < 0)
        return -1;
    if (start(session, &opened, err) == 0)
        rc = opened ? session_cycle(session, findings, err) : 0;
    session->injection.struck = !opened || !session_is_healthy(session);
    if (opened)
        stop(session, findings);
    space_unmount(session->store_folder);
    return rc;
}

int session_strike(struct session *session, struct audit_findings *findings, struct err *err)
{
    const struct fault *fault = session->injection.fault;
    if (fault->means == FAULT_READ_ONLY)
        return strike_read_only(session, findings, err);
    if (fault->means == FAULT_KILL_AT_MOMENT && fault->moment == CYCLE_OPENING)
        return strike_opening(session, findings, err);
    if (fault->means == FAULT_KILL_AT_MOMENT && fault->moment == CYCLE_CLOSING)
        return strike_closing(session, findings, err);
    return session_cycle(session, findings, err);
}

/* ---- afterwards ---- */

int session_restart(struct session *session, struct audit_findings *findings, struct err *err)
{
    struct err why = {0};
    if (cycle_subject(session->run, session->arm))
        stop(session, findings);
    audit_watch_rest(session->audits.watch);
    inject_release(&session->injection);
    session->cycle.harm = CYCLE_UNHARMED;
    if (cycle_arm_start(session->run, session->arm, &why) < 0) {
        if (why.code == ERR_INTERRUPTED) {
            *err = why;
            return -1;
        }
        audit_find(findings, "recovers-from-faults", "", "it does not open: %.200s", why.text);
        return 1;
    }
    look(session, findings);
    return 0;
}

/* A look that could not be made before is made up for then; what this one leaves open stays so. */
static void note_unchecked(struct session *session, const char *what, const char *object,
                           const char *why)
{
    if (session->unchecked++ > 0)
        return;
    snprintf(session->not_checked, sizeof session->not_checked, "%s%s%s: %s", what,
             *object ? " of " : "", object, why);
    text_make_printable(session->not_checked); /* names of a database may hold anything */
}

static void note_answers(struct session *session, const struct audit_answers *answers)
{
    for (size_t i = 0; i < answers->count; i++)
        if (answers->items[i].answer == AUDIT_NOT_CHECKED)
            note_unchecked(session, answers->items[i].rule->name, answers->items[i].object,
                           answers->items[i].why);
}

void session_end(struct session *session, struct audit_findings *findings)
{
    const char *database = cycle_database(session->run, session->arm);
    struct audit_report report;
    struct err err = {0};
    stop(session, findings);
    if (!database)
        return;
    session->audited++;
    if (audit_watch_closed(session->audits.watch, findings, &report, database, session->folder,
                           &session->scenario, &err) < 0)
        note_unchecked(session, "the store as it was left", "", err.text);
    note_answers(session, &report.answers);
    audit_report_release(&report);
}
