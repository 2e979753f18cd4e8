/* What do witnesses say of a cycle? Each message is one of
 *
 *     exec ID START_NS                       spawnbench-witness, about to become the program
 *     ready ID MAIN_NS READY_NS              the agent, before it says so to its spawner
 *     done ID STATUS LENGTH SHA256           the agent, before it ends
 *
 * and whatever else comes is a stray. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cycle/cycle_internal.h"

static_assert((int)CYCLE_WITNESS_SELF == (int)SCENARIO_WITNESS_SELF &&
                  (int)CYCLE_WITNESS_LAUNCHER == (int)SCENARIO_WITNESS_LAUNCHER &&
                  (int)CYCLE_WITNESS_NONE == (int)SCENARIO_WITNESS_NONE,
              "what is asked for and what came have one order");

/* ---- one message ---- */

struct message {
    char id[32];
    long long numbers[2];
    const char *digest;
};

/* " NUMBER" at *at, which moves behind it */
static bool take_number(const char **at, long long *out)
{
    char *end;
    if ((*at)[0] != ' ' || (*at)[1] < '0' || (*at)[1] > '9')
        return false;
    errno = 0;
    *out = strtoll(*at + 1, &end, 10);
    *at = end;
    return errno == 0;
}

/* "WORD ID NUMBER...", one blank between; what follows the numbers is left at *at */
static bool split(struct message *out, const char **at, const char *word, int numbers)
{
    size_t length = strlen(word), id_length;
    if (strncmp(*at, word, length) != 0 || (*at)[length] != ' ')
        return false;
    *at += length + 1;
    id_length = strcspn(*at, " ");
    if (id_length == 0 || id_length >= sizeof out->id)
        return false;
    memcpy(out->id, *at, id_length);
    out->id[id_length] = '\0';
    *at += id_length;
    for (int i = 0; i < numbers; i++)
        if (!take_number(at, &out->numbers[i]))
            return false;
    return true;
}

static void take_exec(struct cycle_agent *agent, pid_t pid, const struct message *message)
{
    (void)message;
    if (agent->exec_messages++ == 0 && agent->asked->witness == SCENARIO_WITNESS_LAUNCHER)
        agent->witness_pid = pid;
}

static void take_ready(struct cycle_agent *agent, pid_t pid, const struct message *message)
{
    if (agent->ready_messages++ > 0)
        return;
    agent->main_ns = clock_believable(message->numbers[0]);
    agent->own_ready_ns = clock_believable(message->numbers[1]);
    if (agent->asked->witness != SCENARIO_WITNESS_LAUNCHER)
        agent->witness_pid = pid;
}

static void take_done(struct cycle_agent *agent, pid_t pid, const struct message *message)
{
    if (agent->done_messages++ > 0)
        return;
    agent->done_pid = pid;
    agent->done_status = (int)message->numbers[0];
    agent->output_bytes = message->numbers[1];
    memcpy(agent->output_sha256, message->digest, 64);
}

static bool is_digest(const char *word)
{
    return strlen(word) == 64 && strspn(word, "0123456789abcdef") == 64;
}

static struct cycle_agent *take_message(struct cycle *cycle, pid_t pid, const char *text)
{
    static const struct {
        const char *word;
        int numbers;
        bool digest;
        void (*take)(struct cycle_agent *agent, pid_t pid, const struct message *message);
    } kinds[] = {{"ready", 2, false, take_ready},
                 {"done", 2, true, take_done},
                 {"exec", 1, false, take_exec}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct message message = {0};
        struct cycle_agent *agent;
        const char *at = text;
        if (!split(&message, &at, kinds[i].word, kinds[i].numbers))
            continue;
        message.digest = at + 1;
        if (kinds[i].digest ? *at != ' ' || !is_digest(at + 1) || message.numbers[0] > 255 : *at)
            return NULL;
        agent = message_agent(cycle, message.id);
        if (agent)
            kinds[i].take(agent, pid, &message);
        return agent;
    }
    return NULL;
}

void testimony_take(void *context, pid_t pid, const char *message, size_t length)
{
    struct cycle *cycle = context;
    if (strlen(message) == length && take_message(cycle, pid, message))
        return;
    cycle->witness_strays++;
    snprintf(cycle->stray, sizeof cycle->stray, "%s", message);
    text_make_printable(cycle->stray);
}

/* ---- what all of them tell of an agent ---- */

/* Who is started by the launcher need not know all messages, so nothing is asked of him. */
static int starts_told(const struct cycle_agent *agent)
{
    return agent->asked->witness == SCENARIO_WITNESS_LAUNCHER ? agent->exec_messages
                                                              : agent->ready_messages;
}

/* Whoever is ready has said so before, and has not been asked for an answer yet. */
void testimony_spawned(struct cycle *cycle)
{
    for (size_t i = 0; i < cycle->agent_count; i++) {
        cycle->agents[i].late_start = starts_told(&cycle->agents[i]) == 0;
        cycle->agents[i].early_end = cycle->agents[i].done_messages > 0;
    }
}

void testimony_finished(struct cycle *cycle)
{
    for (size_t i = 0; i < cycle->agent_count; i++)
        cycle->agents[i].late_end = cycle->agents[i].done_messages == 0;
}

void testimony_end(struct cycle *cycle)
{
    for (size_t i = 0; i < cycle->agent_count; i++) {
        struct cycle_agent *agent = &cycle->agents[i];
        bool self = agent->asked->witness != SCENARIO_WITNESS_LAUNCHER;
        agent->witness = !starts_told(agent) ? CYCLE_WITNESS_NONE
                         : self              ? CYCLE_WITNESS_SELF
                                             : CYCLE_WITNESS_LAUNCHER;
    }
    cycle->witnessed = attest_count_witnessed(cycle);
}
