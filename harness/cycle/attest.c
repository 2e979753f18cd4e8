/* What does /proc attest of the agents that a subject called ready? Asked right after its answer
 * was read, outside of the measured time, as wrappers may exit.
 *
 *     told pid      exists, is a process of its own, descends from the subject, began after the
 *                   request, and is the program asked for
 *     who connected is that process or descends from it: sh -c, npx and env stand between
 *
 * A number told from within a pid namespace is looked up there: /proc/PID/status, NSpid. The first
 * check that fails is told, and those behind it are not made. What cannot be looked at (it has
 * ended, it is in a container) is not checked, and no finding. See proc(5). */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cycle/as_asked.h"
#include "cycle/birth.h"
#include "cycle/cycle_internal.h"
#include "cycle/place.h"
#include "cycle/program.h"

#define MOST_STEPS_DOWN 8 /* from a wrapper to the program that it waits for */
#define MOST_BELOW      64

/* One look at all agents of a cycle. */
struct look {
    struct places places;
    const struct cycle_arm *arm;
    struct cycle *cycle;
    const struct birth *request;
    struct program *programs; /* of the agents, each command once */
    size_t program_count;
    pid_t *found; /* per agent: its process as we number it; 0: none */
};

/* What is at hand of one agent. */
struct candidate {
    struct cycle_agent *agent;
    size_t index;
    pid_t pid;              /* what the told number stands for; 0: nothing any more */
    struct place_view view; /* of it */
    struct birth birth;     /* of it */
    bool linked;            /* who connected is it or descends from it */
    bool foreign;           /* the number may be one of a pid namespace that is not the subject's */
};

/* ---- the answers ---- */

static void say(struct cycle_agent *agent, const char *format, va_list args)
{
    vsnprintf(agent->attested.text, sizeof agent->attested.text, format, args);
}

static void holds(struct cycle_agent *agent, enum cycle_attest what)
{
    agent->attested.made |= what;
}

static void __attribute__((format(printf, 3, 4)))
fails(struct cycle_agent *agent, enum cycle_attest what, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    agent->attested.made |= what;
    agent->attested.failed |= what;
    say(agent, format, args);
    va_end(args);
}

/* Not checked, and why; the first reason stays. */
static void __attribute__((format(printf, 2, 3)))
unchecked(struct cycle_agent *agent, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (!agent->attested.text[0])
        say(agent, format, args);
    va_end(args);
}

/* ---- who connected ---- */

/* It does not descend from the told process as far as we see; is it certain? A process between
 * them may have gone, and what it left goes to us, or to the subject if it asked for that. */
static const char *why_no_descendant(const struct look *look, const struct candidate *one)
{
    pid_t who = one->agent->witness_pid;
    enum place place = place_of(&look->places, who);
    struct place_view view, subject;
    struct birth birth;
    if (who == look->places.subject)
        return "the subject itself";
    if (place == PLACE_ANOTHER)
        return "no process of this subject";
    for (size_t i = 0; i < look->cycle->agent_count; i++)
        if (look->cycle->agents[i].outcome == CYCLE_READY && look->cycle->agents[i].pid == who)
            return "told of another agent";
    birth_of(&birth, who);
    if (!look->arm->opening.pooled && birth_is_before(&birth, look->request) == 1)
        return "older than the request";
    if (!one->pid || one->foreign)
        return NULL;
    if (birth_is_before(&birth, &one->birth) == 1)
        return "older than it";
    if (place == PLACE_SUBJECT && place_view(&view, who) &&
        place_view(&subject, look->places.subject) && view.session == subject.session &&
        view.group != one->pid && (view.group == subject.group || view.group != one->view.group))
        return "another child of the subject";
    return NULL;
}

/* false: a finding */
static bool check_witness(const struct look *look, const struct candidate *one)
{
    struct cycle_agent *agent = one->agent;
    struct place_view view;
    const char *why = NULL;
    if (one->linked)
        holds(agent, CYCLE_ATTEST_WITNESS);
    else if (agent->witness_pid && !place_view(&view, agent->witness_pid))
        unchecked(agent, "process %d, which connected, has ended", (int)agent->witness_pid);
    else if (agent->witness_pid && !(why = why_no_descendant(look, one)))
        unchecked(agent, "how process %d, which connected, descends from process %d is not seen",
                  (int)agent->witness_pid, (int)agent->pid);
    if (why)
        fails(agent, CYCLE_ATTEST_WITNESS, "process %d in the answer, but process %d connected: %s",
              (int)agent->pid, (int)agent->witness_pid, why);
    return !why;
}

/* ---- a process of its own, of this subject, of this batch ---- */

static bool check_own(const struct look *look, const struct candidate *one)
{
    struct cycle_agent *agent = one->agent;
    pid_t pid = one->pid, process;
    for (size_t i = 0; i < one->index; i++) {
        const struct cycle_agent *other = &look->cycle->agents[i];
        if (other->outcome != CYCLE_READY ||
            (look->found[i] && pid ? look->found[i] != pid : other->pid != agent->pid))
            continue;
        fails(agent, CYCLE_ATTEST_OWN, "process %d is told of %s too", (int)agent->pid, other->id);
        return false;
    }
    if (!pid)
        return true;
    if (pid == look->places.subject || pid == getpid() || pid == 1)
        fails(agent, CYCLE_ATTEST_OWN, "process %d is %s", (int)agent->pid,
              pid == look->places.subject ? "the subject itself"
              : pid == 1                  ? "the system's first one"
                                          : "spawnbench");
    else if (!one->birth.order && (process = place_thread_of(pid)) && process != pid)
        fails(agent, CYCLE_ATTEST_OWN, "%d is a thread of process %d", (int)agent->pid,
              (int)process);
    else
        holds(agent, CYCLE_ATTEST_OWN);
    return !(agent->attested.failed & CYCLE_ATTEST_OWN);
}

static bool check_place(const struct look *look, const struct candidate *one)
{
    struct cycle_agent *agent = one->agent;
    enum place place = one->view.parent == look->places.subject ? PLACE_SUBJECT
                                                                : place_of(&look->places, one->pid);
    if (place == PLACE_SUBJECT || place == PLACE_ADOPTED)
        holds(agent, CYCLE_ATTEST_BELONGS);
    else if (place == PLACE_OUTSIDE && one->linked)
        unchecked(agent, "process %d connected, but descends from no process of the subject",
                  (int)one->pid);
    else
        fails(agent, CYCLE_ATTEST_BELONGS, "process %d does not descend from the subject",
              (int)agent->pid);
    return !(agent->attested.failed & CYCLE_ATTEST_BELONGS);
}

static bool check_birth(const struct look *look, const struct candidate *one)
{
    struct cycle_agent *agent = one->agent;
    int before;
    if (look->arm->opening.pooled) {
        unchecked(agent, "the subject hands out agents that began earlier");
        return true;
    }
    before = birth_is_before(&one->birth, look->request);
    if (before == 1)
        fails(agent, CYCLE_ATTEST_BEGAN, "process %d began before the request", (int)agent->pid);
    else if (before == 0)
        holds(agent, CYCLE_ATTEST_BEGAN);
    else
        unchecked(agent, "when process %d began is not known", (int)agent->pid);
    return before != 1;
}

/* ---- the program asked for ---- */

static struct program *program_of(struct look *look, const struct scenario_agent *asked)
{
    const struct cycle_subjects *run = look->places.run;
    const char *path = getenv("PATH");
    struct program *program;
    for (size_t i = 0; i < look->program_count; i++)
        if (program_serves(&look->programs[i], asked))
            return &look->programs[i];
    for (char **word = run ? run->environment : NULL; word && *word; word++)
        if (strncmp(*word, "PATH=", 5) == 0)
            path = *word + 5;
    program = &look->programs[look->program_count++];
    program_find(program, asked, run ? run->agent_path : NULL, path);
    return program;
}

static enum program_answer better(enum program_answer a, enum program_answer b)
{
    if (a == PROGRAM_IS || b == PROGRAM_IS)
        return PROGRAM_IS;
    return a == PROGRAM_UNKNOWN || b == PROGRAM_UNKNOWN ? PROGRAM_UNKNOWN : PROGRAM_IS_NOT;
}

/* It, or one of those between it and the subject; which one is told. */
static enum program_answer chain_is(const struct look *look, struct program *program, pid_t pid,
                                    pid_t *which)
{
    enum program_answer answer = PROGRAM_IS_NOT;
    struct place_view view;
    for (int step = 0; step < PLACE_MOST_STEPS && pid > 1; step++) {
        if (pid == look->places.subject || pid == getpid())
            break;
        answer = better(answer, program_is(program, pid));
        *which = pid;
        if (answer == PROGRAM_IS || !place_view(&view, pid))
            break;
        pid = view.parent;
    }
    return answer;
}

/* A wrapper that nobody asked for, and what it waits for. */
static enum program_answer below_is(struct program *program, pid_t pid, int steps, pid_t *which)
{
    struct process_view children[MOST_BELOW];
    size_t there = process_children(pid, children, MOST_BELOW);
    enum program_answer answer = PROGRAM_IS_NOT;
    for (size_t i = 0; i < there && i < MOST_BELOW && answer != PROGRAM_IS; i++) {
        *which = children[i].pid;
        answer = better(answer, program_is(program, *which));
        if (answer != PROGRAM_IS && steps > 0)
            answer = better(answer, below_is(program, children[i].pid, steps - 1, which));
    }
    return answer;
}

/* Our own agent, with what was asked for; nothing of this is known of other programs. */
static void check_as_asked(const struct look *look, struct cycle_agent *agent, pid_t which)
{
    const struct as_asked what = {
        .asked = agent->asked,
        .id = agent->id,
        .agent_path = look->places.run ? look->places.run->agent_path : NULL,
        .witness = agent->asked->witness == SCENARIO_WITNESS_SELF && !look->cycle->unwitnessed
                       ? look->arm->witness.name
                       : NULL,
        .arm = look->arm->argv,
        .subject = look->places.subject};
    char why[128];
    enum program_answer answer =
        agent->asked->ours ? as_asked(why, sizeof why, &what, which) : PROGRAM_IS;
    if (answer == PROGRAM_IS)
        holds(agent, CYCLE_ATTEST_PROGRAM);
    else if (answer == PROGRAM_IS_NOT)
        fails(agent, CYCLE_ATTEST_PROGRAM, "process %d: %s", (int)which, why);
    else
        unchecked(agent, "how process %d was started is not seen", (int)which);
}

static void check_program(struct look *look, const struct candidate *one)
{
    struct cycle_agent *agent = one->agent;
    struct program *program = program_of(look, agent->asked);
    struct place_view view;
    bool below = one->linked && agent->witness_pid != one->pid &&
                 place_view(&view, agent->witness_pid) && view.state != 'Z';
    pid_t which = 0;
    enum program_answer answer =
        chain_is(look, program, below ? agent->witness_pid : one->pid, &which);
    char link[48], exe[PATH_MAX];
    ssize_t length;
    if (answer == PROGRAM_IS_NOT && !agent->witness_pid)
        answer = below_is(program, one->pid, MOST_STEPS_DOWN, &which);
    if (answer == PROGRAM_IS) {
        check_as_asked(look, agent, which);
        return;
    }
    snprintf(link, sizeof link, "/proc/%d/exe", (int)one->pid);
    length = readlink(link, exe, sizeof exe - 1);
    exe[length > 0 ? length : 0] = '\0';
    if (answer == PROGRAM_IS_NOT && length > 0)
        fails(agent, CYCLE_ATTEST_PROGRAM, "process %d is '%.70s', not '%.70s'", (int)agent->pid,
              exe, program->name);
    else
        unchecked(agent, "whether process %d was '%.70s' is not seen", (int)agent->pid,
                  program->name);
}

/* ---- one agent, all agents ---- */

static void find_process(struct look *look, struct candidate *one)
{
    struct places *places = &look->places;
    pid_t told = one->agent->pid, who = one->agent->witness_pid, inner;
    struct place_view view;
    bool elsewhere, there;
    if (who) {
        one->pid = place_first_numbered(places, who, told);
        one->linked = one->pid != 0;
    }
    there = place_view(&one->view, one->linked ? one->pid : told);
    if (one->linked) {
        one->pid = there ? one->pid : 0;
        return;
    }
    one->pid = there ? told : 0;
    if (there && (one->view.parent == places->subject || told == places->subject ||
                  place_of(places, told) == PLACE_SUBJECT))
        return;
    /* Not ours: may it be a number elsewhere? Where who connected can be seen, it would have been
     * met above. */
    if (!there)
        return;
    if (who && place_view(&view, who) && !place_is_inner(who))
        return;
    inner = place_inner_numbered(places, told, &elsewhere);
    if (inner && place_view(&one->view, inner))
        one->pid = inner;
    else
        one->foreign = elsewhere;
}

static void attest_agent(struct look *look, size_t index)
{
    struct candidate one = {.agent = &look->cycle->agents[index], .index = index};
    struct cycle_agent *agent = one.agent;
    if (!agent->pid) {
        fails(agent, CYCLE_ATTEST_OWN, "called ready, but the answer tells no process");
        return;
    }
    find_process(look, &one);
    if (one.foreign) {
        unchecked(agent, "%d may be the number of a process in another pid namespace",
                  (int)agent->pid);
        check_witness(look, &one);
        return;
    }
    look->found[index] = one.pid;
    if (one.pid)
        one.birth = (struct birth){birth_order(one.pid), one.view.began_ticks};
    if (one.pid || one.linked)
        holds(agent, CYCLE_ATTEST_EXISTS);
    if (!check_own(look, &one) || (one.pid && !check_place(look, &one)) ||
        !check_witness(look, &one) || (one.pid && !check_birth(look, &one)))
        return;
    if (!one.pid || one.view.state == 'Z')
        unchecked(agent, "process %d had ended when it was looked at", (int)agent->pid);
    else
        check_program(look, &one);
}

void attest_before(struct birth *request, const struct cycle_arm *arm, struct cycle *cycle)
{
    int64_t from_ns = clock_now_ns();
    *request = (struct birth){0};
    if (arm->opening.starts && !arm->opening.pooled)
        birth_now(request);
    cycle->hygiene_ns += clock_now_ns() - from_ns;
}

/* An agent of ours that lives must also have been seen to be one: anybody can connect. */
static bool is_witnessed(const struct cycle_agent *agent)
{
    const struct cycle_attested *attested = &agent->attested;
    return agent->outcome == CYCLE_READY && agent->witness != CYCLE_WITNESS_NONE &&
           !agent->late_start && !attested->failed && (attested->made & CYCLE_ATTEST_WITNESS) &&
           (!agent->asked->ours || agent->asked->ready == SCENARIO_READY_EXIT ||
            (attested->made & CYCLE_ATTEST_PROGRAM));
}

int attest_count_witnessed(const struct cycle *cycle)
{
    int witnessed = 0;
    for (size_t i = 0; i < cycle->agent_count; i++)
        witnessed += is_witnessed(&cycle->agents[i]);
    return witnessed;
}

void attest_agents(const struct cycle_subjects *run, const struct cycle_arm *arm,
                   const struct birth *request, struct cycle *cycle)
{
    int64_t from_ns = clock_now_ns();
    struct look look = {.places = {.run = run, .subject = arm->subject.process.pid},
                        .arm = arm,
                        .cycle = cycle,
                        .request = request};
    cycle->attested = 0;
    if (!arm->opening.starts)
        return;
    look.programs = xcalloc(cycle->agent_count, sizeof *look.programs);
    look.found = xcalloc(cycle->agent_count, sizeof *look.found);
    for (size_t i = 0; i < cycle->agent_count; i++)
        if (cycle->agents[i].outcome == CYCLE_READY)
            attest_agent(&look, i);
    for (size_t i = 0; i < cycle->agent_count; i++)
        cycle->attested |= (int)cycle->agents[i].attested.made;
    for (size_t i = 0; i < look.program_count; i++)
        program_release(&look.programs[i]);
    free(look.programs);
    free(look.found);
    places_release(&look.places);
    cycle->hygiene_ns += clock_now_ns() - from_ns;
}
