/* What happened in one cycle? Ask the subject, hear the agents,
 * look what is left; times raw in ns. */
#include "cycle/cycle.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "cycle/cycle_internal.h"

const char *const cycle_outcome_names[] = {"ready", "failed", "cancelled", "timed_out", "unknown"};
const char *const cycle_witness_names[] = {"", "self", "launcher", "none"};
const char *const cycle_costs_names[] = {"", "tree", "process"};

/* Start the arm's process and open it. The tail of its log belongs to the message when it fails. */
static int open_subject(struct cycle_subjects *run, struct cycle_arm *arm, struct err *err)
{
    char *line = message_open(run, arm);
    cJSON *answer = NULL;
    enum subject_answer came = SUBJECT_ENDED;
    const char *name, *version;
    int64_t started_ns = clock_now_ns(), answered_ns = 0;
    int rc = -1;
    arm->begun_ns = started_ns;
    tree_make(&arm->tree);
    if (subject_start_in(&arm->subject, (const char *const *)arm->argv, run->environment,
                         arm->log_path, arm->tree.join, arm->tree.join_count, err) < 0)
        goto done;
    tree_started(&arm->tree, arm->subject.process.pid);
    meddle_while(run, arm, CYCLE_OPENING, NULL);
    came = subject_ask(&arm->subject, line, "opened",
                       clock_now_ns() + run->options.scenario->open_deadline_ns, NULL, &answered_ns,
                       &answer);
    if (came == SUBJECT_INTERRUPTED) {
        interrupt_check(err);
    } else if (came != SUBJECT_ANSWERED) {
        char *tail = subject_log_tail(&arm->subject, 300);
        err_set(err, ERR_UNFIT, "arm '%s' would not start: %s%s%s", arm->asked->name,
                arm->subject.trouble, *tail ? "; its log ends: " : "", tail);
        free(tail);
    } else {
        name = json_string(answer, "name");
        version = json_string(answer, "version");
        free(arm->version);
        arm->version = text_format("%s %s", name ? name : "unnamed", version ? version : "?");
        arm->records = !cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(answer, "records"));
        arm->opening.starts = !cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(answer, "starts"));
        arm->opening.pooled = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "pooled"));
        if (arm->opening.open_ns < 0)
            arm->opening.open_ns = answered_ns - started_ns;
        hygiene_open(arm);
        rc = 0;
    }
done:
    if (rc < 0) {
        subject_stop(&arm->subject, true, CYCLE_GRACE_NS / 3, &arm->last_exit);
        hygiene_end(arm, NULL, started_ns);
    }
    cJSON_Delete(answer);
    free(line);
    return rc;
}

static int prepare_arm(struct cycle_subjects *run, size_t index, struct err *err)
{
    struct cycle_arm *arm = &run->arms[index];
    const char *folder = run->options.folder;
    arm->run = run;
    arm->asked = &run->options.scenario->arms[index];
    arm->chosen = run->options.arm_chosen[index];
    arm->opening = (struct cycle_arm_opening){.starts = true, .open_ns = -1};
    if (!arm->chosen)
        return 0;
    arm->database =
        text_format("%s/%s.sqlite", run->options.store_folder ? run->options.store_folder : folder,
                    arm->asked->name);
    arm->log_path = text_format("%s/%s.log", folder, arm->asked->name);
    if (fill_command(&arm->argv, run, arm->asked->subject, err) < 0 ||
        witness_open(&arm->witness, err) < 0 || open_subject(run, arm, err) < 0)
        return err_wrap(err, "subject '%s'", arm->asked->subject[0]);
    return 0;
}

/* Numbers in the /proc of another pid namespace are those of strangers: nobody can be attested, and
 * what looks like our orphans is none of ours to end. See pid_namespaces(7). */
static int check_proc(struct err *err)
{
    char link[32];
    ssize_t length = readlink("/proc/self", link, sizeof link - 1);
    link[length > 0 ? length : 0] = '\0';
    if (strtol(link, NULL, 10) == getpid())
        return 0;
    return err_set(err, ERR_UNFIT,
                   "/proc %s, so no process can be looked at (mount one there: mount -t proc proc "
                   "/proc, or unshare --mount-proc)",
                   length > 0 ? "belongs to another pid namespace" : "is not mounted");
}

int cycle_open(struct cycle_subjects **out, const struct cycle_options *options, struct err *err)
{
    struct cycle_subjects *run;
    size_t arms = options->scenario->arm_count;
    if (check_proc(err) < 0)
        return -1;
    run = xcalloc(1, sizeof *run);
    run->options = *options;
    run->arms = xcalloc(arms, sizeof *run->arms);
    run->environment = environment_make(options->environment);
    strain_open_here(&run->strain);
    for (size_t i = 0; i < arms; i++)
        run->arms[i].witness.fd = -1;
    hygiene_enter(run);
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* what a dead subject leaves comes to us, see prctl(2) */
    run->most_agents = witness_most_agents();
    if (fill_programs(run, err) < 0 || (options->locks && locks_new(&run->locks, err) < 0))
        goto failed;
    for (size_t i = 0; i < arms; i++)
        if (prepare_arm(run, i, err) < 0)
            goto failed;
    *out = run;
    return 0;
failed:
    cycle_close(run);
    return -1;
}

static void reset_cycle(struct cycle *cycle, const struct cycle_subjects *run, size_t index,
                        const struct plan_item *item)
{
    const struct scenario *scenario = run->options.scenario;
    size_t count = scenario->values[item->value];
    struct cycle_agent *agents;
    cycle_release(cycle);
    agents = xcalloc(count, sizeof *agents);
    for (size_t i = 0; i < count; i++) {
        snprintf(agents[i].id, sizeof agents[i].id, "%zu.%zu", index, i);
        agents[i].asked = &scenario->agents[scenario->batch[i]];
        agents[i].outcome = CYCLE_UNKNOWN;
        agents[i].exit_status = -1;
        agents[i].cpu_ns = agents[i].peak_bytes = agents[i].output_bytes = -1;
    }
    *cycle = (struct cycle){.index = index,
                            .item = *item,
                            .agents = agents,
                            .agent_count = count,
                            .outcome = CYCLE_UNKNOWN,
                            .unwitnessed =
                                !run->arms[item->arm].opening.starts || count > run->most_agents,
                            .spawn_time_ns = -1,
                            .ready_time_ns = -1,
                            .strain = {-1, -1, -1, -1, -1, -1},
                            .stopped_ns = -1,
                            .strangers_ns = -1,
                            .witnessed = -1,
                            .attested = -1,
                            .contents = -1,
                            .page_bytes = -1,
                            .unread = -1,
                            .descriptors = -1,
                            .descriptors_first = -1};
    for (int m = 0; m < SCENARIO_METRICS; m++)
        cycle->cost[m] = -1;
}

/* Every agent ready makes the batch ready; otherwise the gravest outcome is the batch's. */
static void judge_outcome(struct cycle *cycle)
{
    static const int gravity[] = {
        [CYCLE_CANCELLED] = 1, [CYCLE_FAILED] = 2, [CYCLE_TIMED_OUT] = 3, [CYCLE_UNKNOWN] = 4};
    int64_t last_ready_ns = cycle->sent_ns;
    cycle->outcome = CYCLE_READY;
    for (size_t i = 0; i < cycle->agent_count; i++)
        if (gravity[cycle->agents[i].outcome] > gravity[cycle->outcome])
            cycle->outcome = cycle->agents[i].outcome;
    if (cycle->outcome != CYCLE_READY)
        return;
    for (size_t i = 0; i < cycle->agent_count; i++)
        if (cycle->agents[i].ready_ns > last_ready_ns)
            last_ready_ns = cycle->agents[i].ready_ns;
    cycle->spawn_time_ns = cycle->answered_ns - cycle->sent_ns;
    if (!cycle->clock_doubt[0])
        cycle->ready_time_ns = last_ready_ns - cycle->sent_ns;
}

/* The subject broke the exchange: end it, keep its words, let the next cycle start a new one. */
static void broke(struct cycle_arm *arm, struct cycle *cycle, enum cycle_break where,
                  enum subject_answer came)
{
    struct text trouble = {0};
    struct process_exit ended = {0};
    char *tail = subject_log_tail(&arm->subject, 200);
    cycle->broke = where;
    cycle->answer = came;
    text_add(&trouble, arm->subject.trouble);
    if (came == SUBJECT_TIMED_OUT)
        hung_tell_subject(&trouble, arm);
    subject_stop(&arm->subject, true, CYCLE_GRACE_NS / 3, &ended);
    arm->last_exit = ended;
    if (came == SUBJECT_ENDED && ended.signal && ended.signal != SIGTERM)
        text_addf(&trouble, "; killed by signal %d", ended.signal);
    else if (came == SUBJECT_ENDED && ended.status >= 0)
        text_addf(&trouble, "; exit status %d", ended.status);
    if (ended.survived)
        text_addf(&trouble, "; its process %d is still there after SIGKILL", (int)ended.survived);
    if (*tail)
        text_addf(&trouble, "; its log ends: %s", tail);
    cycle->trouble = text_take(&trouble);
    free(tail);
}

/* Never while something is measured: what came by now waits in the socket. */
static void hear(struct cycle_arm *arm, struct cycle *cycle)
{
    int64_t from_ns = clock_now_ns();
    witness_hear(&arm->witness, testimony_take, cycle);
    cycle->hygiene_ns += clock_now_ns() - from_ns;
}

static enum subject_answer spawn(struct cycle_subjects *run, struct cycle_arm *arm,
                                 struct cycle *cycle)
{
    char *line;
    int64_t deadline_ns = clock_now_ns() + run->options.scenario->deadline_ns + CYCLE_GRACE_NS;
    cJSON *answer;
    struct usage before;
    struct birth request;
    enum subject_answer came;
    meddle(run, arm, CYCLE_BEFORE_SPAWN, cycle);
    line = message_spawn(run, arm, cycle);
    attest_before(&request, arm, cycle);
    meddle_while(run, arm, CYCLE_SPAWNING, cycle);
    hung_watch(run, arm);
    watch_locks_begin(run, arm, LOCKS_START, cycle);
    usage_before(&before, arm, cycle);
    came = subject_ask(&arm->subject, line, "spawned", deadline_ns, &cycle->sent_ns,
                       &cycle->answered_ns, &answer);
    watch_locks_pause(run);
    cycle->stopped_ns = arm->subject.stopped_ns;
    free(line);
    if (came == SUBJECT_ANSWERED) {
        message_read_spawned(cycle, answer);
        usage_after(&before, arm, cycle);
        hear(arm, cycle);
        testimony_spawned(cycle);
        attest_agents(run, arm, &request, cycle);
        judge_outcome(cycle);
        hung_tell(arm, cycle);
        meddle(run, arm, CYCLE_SPAWNED, cycle);
    } else if (came != SUBJECT_INTERRUPTED) {
        broke(arm, cycle, CYCLE_BROKE_SPAWN, came);
    }
    cJSON_Delete(answer);
    return came;
}

static enum subject_answer finish(struct cycle_subjects *run, struct cycle_arm *arm,
                                  struct cycle *cycle)
{
    char *line;
    int64_t deadline_ns = clock_now_ns() + run->options.scenario->deadline_ns + CYCLE_GRACE_NS;
    cJSON *answer = NULL;
    enum subject_answer came;
    bool any_ready = false;
    for (size_t i = 0; i < cycle->agent_count; i++)
        any_ready = any_ready || cycle->agents[i].outcome == CYCLE_READY;
    if (!any_ready)
        return SUBJECT_ANSWERED;
    line = message_finish(run, cycle);
    meddle_while(run, arm, CYCLE_FINISHING, cycle);
    hung_watch(run, arm);
    watch_locks_begin(run, arm, LOCKS_FINISH, cycle);
    came = subject_ask(&arm->subject, line, "finished", deadline_ns, &cycle->finish_sent_ns,
                       &cycle->finished_ns, &answer);
    watch_locks_pause(run);
    cycle->stopped_ns += arm->subject.stopped_ns;
    free(line);
    if (came == SUBJECT_ANSWERED) {
        message_read_finished(cycle, answer);
        hear(arm, cycle);
        testimony_finished(cycle);
        meddle(run, arm, CYCLE_FINISHED, cycle);
    } else if (came != SUBJECT_INTERRUPTED) {
        broke(arm, cycle, CYCLE_BROKE_FINISH, came);
    }
    cJSON_Delete(answer);
    return came;
}

/* A subject that broke is started anew, a limited number of times; then its arm is down. */
static int revive(struct cycle_subjects *run, struct cycle_arm *arm, struct cycle *cycle,
                  struct err *err)
{
    struct err why = {0};
    if (arm->subject.process.pid)
        return 0;
    if (!arm->down && arm->restarts < CYCLE_MOST_RESTARTS) {
        arm->restarts++;
        if (open_subject(run, arm, &why) == 0)
            return 0;
        if (why.code == ERR_INTERRUPTED) {
            *err = why;
            return -1;
        }
    } else {
        err_set(&why, ERR_SUBJECT, "its arm is down: it broke %d times", arm->restarts + 1);
    }
    arm->down = true;
    cycle->broke = CYCLE_BROKE_DOWN;
    cycle->answer = SUBJECT_ENDED;
    cycle->trouble = xstrdup(why.text);
    return 0;
}

/* Also of a cycle that broke: a machine that slept may be why. */
static void take_strain(struct cycle_subjects *run, struct cycle *cycle)
{
    int64_t from_ns = clock_now_ns();
    cycle->strain = strain_read(&run->strain);
    cycle->hygiene_ns += clock_now_ns() - from_ns;
}

int cycle_spawn(struct cycle_subjects *run, size_t index, const struct plan_item *item,
                struct cycle *out, struct err *err)
{
    struct cycle_arm *arm = &run->arms[item->arm];
    int64_t from_ns;
    enum subject_answer came = SUBJECT_ENDED;
    reset_cycle(out, run, index, item);
    if (revive(run, arm, out, err) < 0 || homes_make(run, out, err) < 0)
        return -1;
    out->starts_nothing = !arm->opening.starts;
    from_ns = clock_now_ns();
    arm->slept_ns = strain_slept_ns();
    if (out->broke == CYCLE_WHOLE)
        came = spawn(run, arm, out);
    if (came == SUBJECT_INTERRUPTED) {
        meddle(run, arm, CYCLE_OVER, out);
        return interrupt_check(err);
    }
    out->harness_ns = clock_now_ns() - from_ns;
    return 0;
}

int cycle_finish(struct cycle_subjects *run, struct cycle *out, struct err *err)
{
    struct cycle_arm *arm = &run->arms[out->item.arm];
    int64_t from_ns = clock_now_ns(), slept_ns;
    enum subject_answer came = SUBJECT_ENDED;
    if (out->broke == CYCLE_WHOLE)
        came = finish(run, arm, out);
    slept_ns = strain_slept_ns() - arm->slept_ns;
    if (slept_ns >= CLOCK_NS_PER_MS && out->stopped_ns >= 0)
        out->stopped_ns += slept_ns;
    meddle(run, arm, CYCLE_OVER, out);
    if (came == SUBJECT_INTERRUPTED)
        return interrupt_check(err);
    watch_locks_end(run, out);
    hygiene_look(run, arm, out);
    take_strain(run, out);
    /* once more: agents of a subject that broke are gone by now and say no more */
    hear(arm, out);
    witness_hang_up(&arm->witness);
    testimony_end(out);
    if (out->broke == CYCLE_WHOLE) {
        expect_ends(out);
        out->harness_ns += clock_now_ns() - from_ns - (out->answered_ns - out->sent_ns) -
                           (out->finished_ns - out->finish_sent_ns) - out->hygiene_ns;
    } else {
        out->harness_ns = 0;
    }
    return 0;
}

int cycle_run(struct cycle_subjects *run, size_t index, const struct plan_item *item,
              struct cycle *out, struct err *err)
{
    return cycle_spawn(run, index, item, out, err) < 0 ? -1 : cycle_finish(run, out, err);
}

void cycle_arm_stop(struct cycle_subjects *run, size_t index, struct cycle_arm_end *out)
{
    struct cycle_arm *arm = &run->arms[index];
    struct cycle_arm_end end = {.asked = arm->subject.process.pid && !interrupt_seen()};
    struct cycle nobody = {0}; /* whom it started while it was closed */
    int64_t from_ns = clock_now_ns();
    if (arm->subject.process.pid) {
        meddle_while(run, arm, CYCLE_CLOSING, NULL);
        end.clean = subject_stop(&arm->subject, !end.asked, CYCLE_GRACE_NS, &arm->last_exit);
    }
    hygiene_end(arm, &end, from_ns);
    witness_hear(&arm->witness, testimony_take, &nobody);
    end.strays = nobody.witness_strays;
    memcpy(end.stray, nobody.stray, sizeof end.stray);
    end.restarts = arm->restarts;
    end.log_cut = subject_log_cut(arm->log_path);
    end.exit = arm->last_exit;
    *out = end;
}

int cycle_arm_start(struct cycle_subjects *run, size_t index, struct err *err)
{
    return open_subject(run, &run->arms[index], err);
}

pid_t cycle_subject(const struct cycle_subjects *run, size_t arm)
{
    return run->arms[arm].subject.process.pid;
}

void cycle_stop(struct cycle_subjects *run, struct cycle_arm_end ends[])
{
    for (size_t i = 0; i < run->options.scenario->arm_count; i++) {
        struct cycle_arm_end end;
        cycle_arm_stop(run, i, &end);
        if (ends)
            ends[i] = end;
    }
}

void cycle_close(struct cycle_subjects *run)
{
    if (!run)
        return;
    cycle_stop(run, NULL);
    hygiene_leave(run);
    watch_locks_close(run);
    for (size_t i = 0; i < run->options.scenario->arm_count; i++) {
        struct cycle_arm *arm = &run->arms[i];
        hung_release(&arm->hung);
        witness_close(&arm->witness);
        fill_free(arm->argv);
        free(arm->database);
        free(arm->log_path);
        free(arm->version);
    }
    strain_close(&run->strain);
    homes_release(run);
    fill_free(run->environment);
    free(run->arms);
    free(run->agent_path);
    free(run->launcher_path);
    free(run);
}

void cycle_release(struct cycle *cycle)
{
    homes_forget(cycle);
    for (size_t i = 0; i < cycle->agent_count; i++) {
        free(cycle->agents[i].error);
        free(cycle->agents[i].last_seen);
    }
    free(cycle->agents);
    free(cycle->trouble);
    locks_seen_free(cycle->locks);
    *cycle = (struct cycle){0};
}

const char *cycle_database(const struct cycle_subjects *run, size_t arm)
{
    return run->arms[arm].records ? run->arms[arm].database : NULL;
}

const char *cycle_version(const struct cycle_subjects *run, size_t arm)
{
    return run->arms[arm].version ? run->arms[arm].version : "";
}

struct cycle_arm_opening cycle_opening(const struct cycle_subjects *run, size_t arm)
{
    return run->arms[arm].opening;
}
