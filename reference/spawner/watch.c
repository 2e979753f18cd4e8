/* Who is ready, who is dead, who floods us? */
#include "spawner/watch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "spawner/notify.h"

#define READ_BYTES     ((size_t)64 << 10)
#define READS_PER_TURN 16 /* 1 MiB, the most a pipe may hold: nobody keeps the loop */
#define LINE_BYTES     ((size_t)64 << 10) /* of an unfinished line that may say "ready" */

enum kind { KIND_SIGNALS, KIND_READY, KIND_NOTIFY, KIND_OUT, KIND_ERRORS, KIND_IN };

struct watch_slot {
    struct agent *agent;
    enum kind kind;
};

/* ---- what was seen ---- */

static bool settled(const struct watch *watch, const struct agent *agent)
{
    if (watch->goal == WATCH_UNTIL_READY)
        return agent->stage != AGENT_STARTING;
    return agent->exited || !agent->child.pid;
}

static void now_ready(struct watch *watch, struct agent *agent)
{
    agent->stage = AGENT_READY;
    agent->outcome = AGENT_OUTCOME_READY;
    agent->ready_ns = clock_now_ns();
    watch->pending--;
}

static void now_failed(struct watch *watch, struct agent *agent, char *error)
{
    agent_fail(agent, AGENT_OUTCOME_FAILED, error);
    watch->pending--;
    watch->failed++;
}

/* ---- stdout and stderr ---- */

static void keep_output(struct agent *agent, const char *bytes, size_t count)
{
    size_t room = WATCH_OUTPUT_BYTES - agent->output.length;
    size_t kept = count < room ? count : room;
    text_add_bytes(&agent->output, bytes, kept);
    agent->output_dropped += count - kept;
}

static void keep_errors(struct agent *agent, const char *bytes, size_t count)
{
    if (count > WATCH_ERRORS_BYTES) {
        bytes += count - WATCH_ERRORS_BYTES;
        count = WATCH_ERRORS_BYTES;
    }
    if (agent->errors.length + count > WATCH_ERRORS_BYTES)
        text_drop_front(&agent->errors, agent->errors.length + count - WATCH_ERRORS_BYTES);
    text_add_bytes(&agent->errors, bytes, count);
}

/* Look for the ready line in what came; forget whole lines that are not it, and it. */
static bool find_ready_line(struct agent *agent)
{
    const char *line = agent->output.data, *end = line + agent->output.length, *stop;
    size_t words = strlen(agent->ready_text);
    bool found = false;
    while (!found && (stop = memchr(line, '\n', (size_t)(end - line)))) {
        found = memmem(line, (size_t)(stop - line), agent->ready_text, words) != NULL;
        line = stop + 1;
    }
    if (!found && (size_t)(end - line) > LINE_BYTES)
        line = end - LINE_BYTES;
    text_drop_front(&agent->output, (size_t)(line - agent->output.data));
    return found;
}

/* Stdout before the agent is ready is no answer, unless its exit is its readiness. */
static void take_output(struct watch *watch, struct agent *agent, const char *bytes, size_t count)
{
    if (agent->stage == AGENT_READY || agent->ready_by == AGENT_READY_EXIT) {
        keep_output(agent, bytes, count);
    } else if (agent->ready_by == AGENT_READY_LINE && agent->stage == AGENT_STARTING) {
        text_add_bytes(&agent->output, bytes, count);
        if (find_ready_line(agent))
            now_ready(watch, agent);
    }
}

/* What is there now, and no more than a pipe can hold. Returns false at its end. */
static bool drain(struct watch *watch, struct agent *agent, enum kind kind)
{
    static char part[READ_BYTES];
    int fd = kind == KIND_OUT ? agent->child.out : agent->child.errors;
    for (int i = 0; fd >= 0 && i < READS_PER_TURN; i++) {
        ssize_t got = read(fd, part, sizeof part);
        if (got < 0)
            return errno == EAGAIN || errno == EINTR;
        if (got == 0)
            return false;
        if (kind == KIND_OUT)
            take_output(watch, agent, part, (size_t)got);
        else
            keep_errors(agent, part, (size_t)got);
    }
    return fd >= 0;
}

/* ---- readiness ---- */

/* What the agent printed before it said "ready" lies in the pipe already: read it, so that it is
 * not taken for an answer later. */
static void ready_by_word(struct watch *watch, struct agent *agent)
{
    drain(watch, agent, KIND_OUT);
    now_ready(watch, agent);
}

static bool read_ready(struct watch *watch, struct agent *agent)
{
    char bytes[64];
    ssize_t got = read(agent->child.ready, bytes, sizeof bytes);
    if (got > 0 && memchr(bytes, '\n', (size_t)got))
        ready_by_word(watch, agent);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

static bool read_notify(struct watch *watch, struct agent *agent)
{
    if (notify_said_ready(agent->notify_fd))
        ready_by_word(watch, agent);
    return true;
}

/* ---- death ---- */

static char *tell_exit(const struct agent *agent)
{
    struct text text = {0};
    if (agent->end.signal)
        text_addf(&text, "agent '%s' was ended by signal %d before it was ready", agent->name,
                  agent->end.signal);
    else
        text_addf(&text, "agent '%s' exited with status %d before it was ready", agent->name,
                  agent->end.status);
    agent_add_errors(&text, agent);
    return text_take(&text);
}

/* It may have said "ready" with its last breath: all its words are in the pipes by now. */
static void last_words(struct watch *watch, struct agent *agent)
{
    drain(watch, agent, KIND_ERRORS);
    if (agent->stage == AGENT_STARTING && agent->ready_by == AGENT_READY_FD)
        read_ready(watch, agent);
    if (agent->stage == AGENT_STARTING && agent->ready_by == AGENT_READY_NOTIFY)
        read_notify(watch, agent);
    drain(watch, agent, KIND_OUT);
}

static void now_exited(struct watch *watch, struct agent *agent)
{
    agent->exited = true;
    last_words(watch, agent);
    if (watch->goal == WATCH_UNTIL_EXIT) {
        watch->pending--;
        return;
    }
    if (agent->stage != AGENT_STARTING)
        return;
    if (agent->ready_by == AGENT_READY_EXIT && agent->end.status == 0)
        now_ready(watch, agent);
    else
        now_failed(watch, agent, tell_exit(agent));
}

/* Has it told that it could not become its program? */
static bool note_refusal(struct watch *watch, struct agent *agent)
{
    struct err err = {0};
    if (agent->stage != AGENT_STARTING || child_refusal(&agent->child, &err) == 0)
        return false;
    agent->exited = true; /* or is about to: it calls _exit and nothing else */
    now_failed(watch, agent, xstrdup(err.text));
    return true;
}

static void look_for_dead(struct watch *watch)
{
    for (size_t i = 0; i < watch->agent_count && watch->pending > 0; i++) {
        struct agent *agent = &watch->agents[i];
        if (!settled(watch, agent) && child_exited(&agent->child, &agent->end) &&
            !note_refusal(watch, agent))
            now_exited(watch, agent);
    }
}

bool watch_signals(struct watch *watch)
{
    struct signalfd_siginfo seen[8];
    bool child = false;
    ssize_t got;
    while ((got = read(watch->signals, seen, sizeof seen)) > 0)
        for (size_t i = 0; i < (size_t)got / sizeof seen[0]; i++)
            if (seen[i].ssi_signo == SIGCHLD)
                child = true;
            else
                watch->stop_signal = (int)seen[i].ssi_signo;
    return child;
}

/* ---- the prompt ---- */

/* A write to an agent that is gone says EPIPE (SIGPIPE is blocked): it simply gets no more. */
static bool give_prompt(struct watch *watch, struct agent *agent)
{
    while (agent->child.in >= 0) {
        size_t left = watch->prompt_length - agent->prompt_sent;
        ssize_t sent = left ? write(agent->child.in, watch->prompt + agent->prompt_sent, left) : 0;
        if (sent < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        if (sent > 0)
            agent->prompt_sent += (size_t)sent;
        if (sent <= 0 || agent->prompt_sent == watch->prompt_length)
            child_close(&agent->child.in);
    }
    return false;
}

/* ---- the loop ---- */

static void add(struct watch *watch, struct agent *agent, enum kind kind, int fd)
{
    if (fd < 0)
        return;
    if (watch->count == watch->room) {
        watch->room = watch->room ? 2 * watch->room : 64;
        watch->fds = xrealloc(watch->fds, watch->room, sizeof watch->fds[0]);
        watch->slots = xrealloc(watch->slots, watch->room, sizeof watch->slots[0]);
    }
    watch->fds[watch->count] = (struct pollfd){fd, kind == KIND_IN ? POLLOUT : POLLIN, 0};
    watch->slots[watch->count++] = (struct watch_slot){agent, kind};
}

static void add_agent(struct watch *watch, struct agent *agent)
{
    if (watch->goal == WATCH_UNTIL_READY) {
        add(watch, agent, KIND_READY, agent->child.ready);
        add(watch, agent, KIND_NOTIFY, agent->notify_fd);
    } else if (watch->prompt && give_prompt(watch, agent)) {
        add(watch, agent, KIND_IN, agent->child.in);
    }
    add(watch, agent, KIND_OUT, agent->child.out);
    add(watch, agent, KIND_ERRORS, agent->child.errors);
}

void watch_begin(struct watch *watch, struct agent *agents, size_t count, enum watch_goal goal)
{
    watch->goal = goal;
    watch->agents = agents;
    watch->agent_count = count;
    watch->pending = watch->failed = watch->count = 0;
    add(watch, NULL, KIND_SIGNALS, watch->signals);
    for (size_t i = 0; i < count; i++)
        watch->pending += !settled(watch, &agents[i]);
    if (goal == WATCH_UNTIL_READY)
        for (size_t i = 0; i < count; i++)
            note_refusal(watch, &agents[i]);
    else
        look_for_dead(watch); /* earlier turns may have taken their SIGCHLD */
    for (size_t i = 0; i < count; i++)
        if (!settled(watch, &agents[i]))
            add_agent(watch, &agents[i]);
}

static bool handle(struct watch *watch, const struct watch_slot *slot)
{
    switch (slot->kind) {
    case KIND_READY:
        return read_ready(watch, slot->agent);
    case KIND_NOTIFY:
        return read_notify(watch, slot->agent);
    case KIND_IN:
        return give_prompt(watch, slot->agent);
    default:
        return drain(watch, slot->agent, slot->kind);
    }
}

/* Entries that are at their end, and those of agents that reached the goal, fall out. */
static void handle_all(struct watch *watch)
{
    size_t kept = 1;
    for (size_t i = 1; i < watch->count; i++) {
        struct watch_slot slot = watch->slots[i];
        if (settled(watch, slot.agent) || (watch->fds[i].revents && !handle(watch, &slot)) ||
            settled(watch, slot.agent))
            continue;
        watch->fds[kept] = watch->fds[i];
        watch->slots[kept++] = slot;
    }
    watch->count = kept;
}

bool watch_turn(struct watch *watch, int64_t deadline_ns)
{
    int64_t left_ns = deadline_ns - clock_now_ns();
    struct timespec left = {left_ns / CLOCK_NS_PER_S, left_ns % CLOCK_NS_PER_S};
    bool died;
    if (left_ns <= 0)
        return false;
    if (ppoll(watch->fds, watch->count, &left, NULL) <= 0)
        return clock_now_ns() < deadline_ns;
    died = watch->fds[0].revents && watch_signals(watch);
    handle_all(watch);
    if (died)
        look_for_dead(watch);
    return !watch->stop_signal;
}

void watch_release(struct watch *watch)
{
    free(watch->fds);
    free(watch->slots);
    watch->fds = NULL;
    watch->slots = NULL;
    watch->count = watch->room = 0;
}
