/* What is asked of a subject, and what did its answer say?
 * The protocol of reference/PROTOCOL.md. */
#include <cjson/cJSON.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "cycle/cycle_internal.h"
#include "cycle/program.h"

static char *one_line(cJSON *message)
{
    char *line = json_print(message, 0);
    cJSON_Delete(message);
    return line;
}

char *message_open(const struct cycle_subjects *run, const struct cycle_arm *arm)
{
    cJSON *message = cJSON_CreateObject();
    cJSON_AddStringToObject(message, "op", "open");
    cJSON_AddNumberToObject(message, "protocol", 1);
    cJSON_AddStringToObject(message, "database", arm->database);
    cJSON_AddStringToObject(message, "durability",
                            run->options.scenario->durability_full ? "full" : "normal");
    cJSON_AddStringToObject(message, "run", run->options.run_label);
    return one_line(message);
}

static cJSON *ready_object(const struct scenario_agent *asked)
{
    static const char *const ways[] = {"fd", "notify", "line", "exit"};
    cJSON *ready = cJSON_CreateObject();
    cJSON_AddStringToObject(ready, "by", ways[asked->ready]);
    if (asked->ready == SCENARIO_READY_LINE)
        cJSON_AddStringToObject(ready, "text", asked->ready_text);
    return ready;
}

static cJSON *agent_object(const struct cycle_subjects *run, const struct cycle_arm *arm,
                           const struct cycle *cycle, const struct cycle_agent *agent)
{
    const struct scenario_agent *asked = agent->asked;
    cJSON *object = cJSON_CreateObject();
    cJSON *command = cJSON_CreateArray(), *environment = cJSON_CreateObject();
    if (asked->witness == SCENARIO_WITNESS_LAUNCHER && !cycle->unwitnessed)
        cJSON_AddItemToArray(command, cJSON_CreateString(run->launcher_path));
    for (size_t i = 0; asked->command[i]; i++) {
        bool own = strcmp(asked->command[i], "{agent}") == 0;
        bool sharer = strcmp(asked->command[i], "{sharer}") == 0;
        cJSON_AddItemToArray(command, cJSON_CreateString(own      ? run->agent_path
                                                         : sharer ? program_sharer()
                                                                  : asked->command[i]));
    }
    for (size_t i = 0; i < asked->environment_count; i++)
        cJSON_AddStringToObject(environment, asked->environment[i].key,
                                asked->environment[i].value);
    if (asked->witness != SCENARIO_WITNESS_NONE && !cycle->unwitnessed)
        cJSON_AddStringToObject(environment, "SPAWNBENCH_WITNESS", arm->witness.name);
    cJSON_AddStringToObject(environment, "SPAWNBENCH_AGENT", agent->id);
    cJSON_AddStringToObject(object, "id", agent->id);
    cJSON_AddStringToObject(object, "name", asked->name);
    cJSON_AddItemToObject(object, "command", command);
    cJSON_AddItemToObject(object, "environment", environment);
    if (asked->directory)
        cJSON_AddStringToObject(object, "directory", asked->directory);
    cJSON_AddItemToObject(object, "ready", ready_object(asked));
    return object;
}

char *message_spawn(const struct cycle_subjects *run, const struct cycle_arm *arm,
                    const struct cycle *cycle)
{
    const struct scenario *scenario = run->options.scenario;
    cJSON *message = cJSON_CreateObject();
    cJSON *agents;
    cJSON_AddStringToObject(message, "op", "spawn");
    json_add_int64(message, "batch", (int64_t)cycle->index);
    json_add_int64(message, "deadline_ms",
                   (scenario->deadline_ns + CLOCK_NS_PER_MS - 1) / CLOCK_NS_PER_MS);
    cJSON_AddStringToObject(message, "on_failure",
                            scenario->on_failure == SCENARIO_CANCEL ? "cancel" : "degrade");
    agents = cJSON_AddArrayToObject(message, "agents");
    for (size_t i = 0; i < cycle->agent_count; i++)
        cJSON_AddItemToArray(agents, agent_object(run, arm, cycle, &cycle->agents[i]));
    return one_line(message);
}

char *message_finish(const struct cycle_subjects *run, const struct cycle *cycle)
{
    cJSON *message = cJSON_CreateObject();
    cJSON_AddStringToObject(message, "op", "finish");
    json_add_int64(message, "batch", (int64_t)cycle->index);
    cJSON_AddStringToObject(message, "prompt", run->options.scenario->prompt);
    cJSON_AddBoolToObject(message, "consensus", run->options.scenario->consensus);
    return one_line(message);
}

static int64_t number_of(const cJSON *object, const char *key)
{
    int64_t value = 0;
    json_int64(&value, cJSON_GetObjectItemCaseSensitive(object, key));
    return value;
}

static int64_t time_of(const cJSON *object, const char *key)
{
    return clock_believable(number_of(object, key));
}

/* The first thing told that cannot be is kept as a sentence, the others are counted. */
__attribute__((format(printf, 2, 3))) static void note(struct cycle *cycle, const char *format, ...)
{
    va_list args;
    if (cycle->answer_oddities++)
        return;
    va_start(args, format);
    vsnprintf(cycle->oddity, sizeof cycle->oddity, format, args);
    va_end(args);
    text_make_printable(cycle->oddity);
}

/* 0 when none is told, or what no process has */
static pid_t pid_of(struct cycle *cycle, const char *id, const cJSON *row)
{
    const cJSON *told = cJSON_GetObjectItemCaseSensitive(row, "pid");
    int64_t value = 0;
    char *spelled;
    if (!told || cJSON_IsNull(told))
        return 0;
    if (json_int64(&value, told) == 0 && value > 0 && value <= INT_MAX)
        return (pid_t)value;
    spelled = json_print(told, 0);
    note(cycle, "agent %s: pid is %.40s, which no process has", id, spelled);
    free(spelled);
    return 0;
}

/* Ids are BATCH.ORDINAL. */
struct cycle_agent *message_agent(struct cycle *cycle, const char *id)
{
    const char *dot = id ? strchr(id, '.') : NULL;
    unsigned long ordinal = dot ? strtoul(dot + 1, NULL, 10) : cycle->agent_count;
    if (ordinal >= cycle->agent_count || strcmp(cycle->agents[ordinal].id, id) != 0)
        return NULL;
    return &cycle->agents[ordinal];
}

static enum cycle_outcome outcome_of(const char *word)
{
    for (int i = CYCLE_READY; word && i < CYCLE_UNKNOWN; i++)
        if (strcmp(word, cycle_outcome_names[i]) == 0)
            return (enum cycle_outcome)i;
    return CYCLE_UNKNOWN;
}

/* ---- times of another clock ---- */

#define FAR_NS (60 * CLOCK_NS_PER_S) /* what is nearer to the request is of the right clock */

/* What it would be the right time of, if it was asked for in such a way; NULL: of nothing known */
static const char *clock_behind(const struct cycle *cycle, int64_t told)
{
    const int64_t now_ns = clock_now_ns();
    const int64_t wall_ns = clock_wall_ns() - now_ns,
                  boot_ns = clock_read_ns(CLOCK_BOOTTIME) - now_ns;
    const struct {
        const char *name;
        int64_t ahead_ns, unit_ns; /* of our clock */
    } guesses[] = {{"CLOCK_REALTIME", wall_ns, 1},
                   {"CLOCK_BOOTTIME", boot_ns, 1},
                   {"CLOCK_MONOTONIC in microseconds", 0, 1000},
                   {"CLOCK_MONOTONIC in milliseconds", 0, CLOCK_NS_PER_MS},
                   {"CLOCK_MONOTONIC in seconds", 0, CLOCK_NS_PER_S},
                   {"CLOCK_REALTIME in microseconds", wall_ns, 1000},
                   {"CLOCK_REALTIME in milliseconds", wall_ns, CLOCK_NS_PER_MS},
                   {"CLOCK_REALTIME in seconds", wall_ns, CLOCK_NS_PER_S}};
    for (size_t i = 0; i < sizeof guesses / sizeof guesses[0]; i++) {
        int64_t ns;
        if (!__builtin_mul_overflow(told, guesses[i].unit_ns, &ns) && clock_believable(ns) == ns &&
            llabs(ns - guesses[i].ahead_ns - cycle->sent_ns) < FAR_NS)
            return guesses[i].name;
    }
    return NULL;
}

/* The first one is told: where one is wrong, all are. */
static void doubt(struct cycle *cycle, const char *what, const char *id, const cJSON *object,
                  const char *key)
{
    const cJSON *node = cJSON_GetObjectItemCaseSensitive(object, key);
    const char *blank = *id ? " of " : "", *behind;
    int64_t told;
    size_t room = sizeof cycle->clock_doubt;
    if (cycle->clock_doubt[0] || !node || cJSON_IsNull(node))
        return;
    if (json_int64(&told, node) < 0) {
        snprintf(cycle->clock_doubt, room,
                 "%s%s%s is no 64-bit integer: expected nanoseconds of CLOCK_MONOTONIC", what,
                 blank, id);
        return;
    }
    if (told > cycle->sent_ns - FAR_NS && told < clock_sum(cycle->answered_ns, FAR_NS))
        return;
    behind = clock_behind(cycle, told);
    snprintf(cycle->clock_doubt, room, "%s%s%s is %lld, sent is %lld: not CLOCK_MONOTONIC?%s%s%s",
             what, blank, id, (long long)told, (long long)cycle->sent_ns,
             behind ? " (it looks like " : "", behind ? behind : "", behind ? ")" : "");
}

static void doubt_times(struct cycle *cycle, const cJSON *answer)
{
    const cJSON *row;
    doubt(cycle, "begin", "", answer, "begin_ns");
    doubt(cycle, "end", "", answer, "end_ns");
    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(answer, "agents")) {
        const struct cycle_agent *agent = message_agent(cycle, json_string(row, "id"));
        if (!agent || agent->outcome != CYCLE_READY)
            continue;
        doubt(cycle, "start", agent->id, row, "start_ns");
        doubt(cycle, "ready", agent->id, row, "ready_ns");
        doubt(cycle, "recorded", agent->id, row, "recorded_ns");
    }
}

/* ---- answers ---- */

void message_read_spawned(struct cycle *cycle, const cJSON *answer)
{
    const cJSON *row;
    cycle->begin_ns = time_of(answer, "begin_ns");
    cycle->end_ns = time_of(answer, "end_ns");
    if (number_of(answer, "batch") != (int64_t)cycle->index)
        cycle->answer_strays++;
    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(answer, "agents")) {
        struct cycle_agent *agent = message_agent(cycle, json_string(row, "id"));
        const char *error = json_string(row, "error");
        if (!agent || agent->answered) {
            cycle->answer_strays++;
            continue;
        }
        agent->answered = true;
        agent->outcome = outcome_of(json_string(row, "outcome"));
        agent->pid = pid_of(cycle, agent->id, row);
        agent->start_ns = time_of(row, "start_ns");
        agent->ready_ns = time_of(row, "ready_ns");
        agent->recorded_ns = time_of(row, "recorded_ns");
        agent->error = error ? xstrdup(error) : NULL;
        if (agent->outcome == CYCLE_READY && error && *error)
            note(cycle, "agent %s: it is ready, and its error is '%.60s'", agent->id, error);
    }
    doubt_times(cycle, answer);
}

/* A number of this range, or null: -1. What else stands there is no end of a process. */
static int end_of(struct cycle *cycle, const char *id, const cJSON *row, const char *key, int least,
                  int most)
{
    const cJSON *told = cJSON_GetObjectItemCaseSensitive(row, key);
    int64_t value;
    char *spelled;
    if (!told || cJSON_IsNull(told))
        return -1;
    if (json_int64(&value, told) == 0 && value >= least && value <= most)
        return (int)value;
    spelled = json_print(told, 0);
    note(cycle, "agent %s: %s is %.40s, expected %d to %d or null", id, key, spelled, least, most);
    free(spelled);
    return -1;
}

static void take_end(struct cycle *cycle, struct cycle_agent *agent, const cJSON *row)
{
    int before = cycle->answer_oddities;
    int status = end_of(cycle, agent->id, row, "exit", 0, 255);
    int signal = end_of(cycle, agent->id, row, "signal", 1, 64);
    if (agent->finished) {
        note(cycle, "agent %s is named twice in \"finished\"", agent->id);
        return;
    }
    agent->finished = true;
    agent->exit_status = status;
    agent->exit_signal = signal < 0 ? 0 : signal;
    if (agent->outcome != CYCLE_READY)
        note(cycle, "agent %s is named in \"finished\", but was never ready", agent->id);
    else if ((status < 0) == (signal < 0) && cycle->answer_oddities == before)
        note(cycle, "agent %s ended with %s exit status and signal, expected one of them",
             agent->id, status < 0 ? "neither" : "both");
}

void message_read_finished(struct cycle *cycle, const cJSON *answer)
{
    const cJSON *row;
    const char *consensus = json_string(answer, "consensus");
    int64_t batch = -1;
    if (json_int64(&batch, cJSON_GetObjectItemCaseSensitive(answer, "batch")) < 0 ||
        batch != (int64_t)cycle->index)
        note(cycle, "\"finished\" is of batch %lld, asked was %zu", (long long)batch, cycle->index);
    if (consensus)
        snprintf(cycle->consensus, sizeof cycle->consensus, "%s", consensus);
    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(answer, "agents")) {
        struct cycle_agent *agent = message_agent(cycle, json_string(row, "id"));
        if (agent)
            take_end(cycle, agent, row);
        else
            cycle->answer_strays++;
    }
}
