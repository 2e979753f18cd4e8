/* What exactly was asked, and with which program, arguments and environment? */
#include "spawner/batch.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "spawner/notify.h"

#define MOST_AGENTS 100000
#define MOST_MS     INT64_C(1000000000) /* 11 days */

/* ---- reading the request ---- */

static int wrong(struct err *err, const char *key, const char *expected)
{
    return err_set(err, ERR_FORMAT, "\"%s\": expected %s", key, expected);
}

static const cJSON *member(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* An optional string: absent and null mean NULL. */
static int optional_string(const char **out, const cJSON *object, const char *key, struct err *err)
{
    const cJSON *value = member(object, key);
    *out = cJSON_GetStringValue(value);
    return *out || !value || cJSON_IsNull(value) ? 0 : wrong(err, key, "a string");
}

static struct {
    const char *const *words;
    size_t count;
} appended;

void batch_append(const char *const words[], size_t count)
{
    appended.words = words;
    appended.count = count;
}

static int read_command(struct agent *agent, const cJSON *object, struct err *err)
{
    const cJSON *list = member(object, "command"), *word;
    size_t count = 0;
    if (!cJSON_IsArray(list) || !list->child)
        return wrong(err, "command", "an array of strings, the program first");
    agent->argv =
        xcalloc((size_t)cJSON_GetArraySize(list) + appended.count + 1, sizeof agent->argv[0]);
    cJSON_ArrayForEach(word, list) {
        if (!cJSON_IsString(word))
            return wrong(err, "command", "an array of strings, the program first");
        agent->argv[count++] = word->valuestring;
    }
    for (size_t i = 0; i < appended.count; i++)
        agent->argv[count++] = appended.words[i];
    return agent->argv[0][0] ? 0 : wrong(err, "command", "a program, not an empty string");
}

static int read_ready(struct agent *agent, const cJSON *object, struct err *err)
{
    static const char *const ways[] = {"fd", "notify", "line", "exit"};
    const cJSON *ready = member(object, "ready");
    const char *by;
    if (!ready) /* the s6 convention, if nothing is said */
        return 0;
    by = json_string(ready, "by");
    for (int i = 0; by && i < 4; i++) {
        if (strcmp(by, ways[i]) != 0)
            continue;
        agent->ready_by = (enum agent_ready)i;
        agent->ready_text = json_string(ready, "text");
        if (agent->ready_by == AGENT_READY_LINE && (!agent->ready_text || !agent->ready_text[0]))
            return wrong(err, "text", "what the line that says ready contains");
        return 0;
    }
    return wrong(err, "by", "fd, notify, line or exit");
}

static int check_environment(const cJSON *object, struct err *err)
{
    const cJSON *list = member(object, "environment"), *item;
    if (!list || cJSON_IsNull(list))
        return 0;
    if (!cJSON_IsObject(list))
        return wrong(err, "environment", "an object of strings");
    cJSON_ArrayForEach(item, list)
        if (!cJSON_IsString(item) || !item->string[0] || strchr(item->string, '='))
            return wrong(err, "environment", "an object of strings, no name empty or with '='");
    return 0;
}

static int read_agent(struct agent *agent, const cJSON *object, struct err *err)
{
    agent->notify_fd = -1;
    agent->child = (struct child){.in = -1, .out = -1, .errors = -1, .ready = -1};
    agent->id = json_string(object, "id");
    if (!agent->id || !agent->id[0])
        return wrong(err, "id", "a string");
    if (optional_string(&agent->name, object, "name", err) < 0 ||
        optional_string(&agent->directory, object, "directory", err) < 0 ||
        read_command(agent, object, err) < 0 || read_ready(agent, object, err) < 0 ||
        check_environment(object, err) < 0)
        return err_wrap(err, "agent '%s'", agent->id);
    if (!agent->name)
        agent->name = agent->id;
    return 0;
}

/* A key of the message that may be absent. */
static int read_number(int64_t *out, const cJSON *request, const char *key, int64_t least,
                       int64_t most, struct err *err)
{
    const cJSON *value = member(request, key);
    if (!value)
        return 0;
    if (json_int64(out, value) < 0 || *out < least || *out > most)
        return wrong(err, key, "an integer in range");
    return 0;
}

static int read_batch(struct batch *batch, struct err *err)
{
    const cJSON *agents = member(batch->request, "agents"), *object;
    const char *on_failure = "cancel";
    batch->deadline_ms = 5000;
    if (!member(batch->request, "batch"))
        return wrong(err, "batch", "a number");
    if (read_number(&batch->number, batch->request, "batch", -JSON_INTEGER_MAX, JSON_INTEGER_MAX,
                    err) < 0 ||
        read_number(&batch->deadline_ms, batch->request, "deadline_ms", 1, MOST_MS, err) < 0)
        return -1;
    if (member(batch->request, "on_failure"))
        on_failure = json_string(batch->request, "on_failure");
    if (!on_failure || (strcmp(on_failure, "cancel") != 0 && strcmp(on_failure, "degrade") != 0))
        return wrong(err, "on_failure", "cancel or degrade");
    batch->cancel = strcmp(on_failure, "cancel") == 0;
    if (!cJSON_IsArray(agents) || !agents->child || cJSON_GetArraySize(agents) > MOST_AGENTS)
        return wrong(err, "agents", "an array of 1 to 100000 agents");
    batch->agents = xcalloc((size_t)cJSON_GetArraySize(agents), sizeof batch->agents[0]);
    cJSON_ArrayForEach(object, agents)
        if (read_agent(&batch->agents[batch->count++], object, err) < 0)
            return -1;
    return 0;
}

struct batch *batch_new(cJSON *request, struct err *err)
{
    struct batch *batch = xcalloc(1, sizeof *batch);
    batch->request = request;
    if (read_batch(batch, err) == 0)
        return batch;
    batch_free(batch);
    return NULL;
}

/* ---- programs and environments ---- */

static void resolve(struct batch *batch, struct agent *agent)
{
    char path[PATH_MAX];
    struct err err = {0};
    /* The cache: agents of a batch mostly run the same few programs. */
    for (const struct agent *other = batch->agents; other < agent; other++)
        if (other->path && strcmp(other->argv[0], agent->argv[0]) == 0) {
            agent->path = xstrdup(other->path);
            return;
        }
    if (child_find(path, agent->argv[0], &err) == 0)
        agent->path = xstrdup(path);
    else
        agent_fail(agent, AGENT_OUTCOME_FAILED, xstrdup(err.text));
}

static bool names(const char *entry, const char *name)
{
    size_t length = strlen(name);
    return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

/* Ours, unless the message or the readiness convention says otherwise. */
static bool is_replaced(const char *entry, const cJSON *list)
{
    const cJSON *item;
    if (names(entry, "READY_FD") || names(entry, "NOTIFY_SOCKET"))
        return true;
    cJSON_ArrayForEach(item, list)
        if (names(entry, item->string))
            return true;
    return false;
}

static char **make_environment(const cJSON *list, const char *ready, char *mark)
{
    size_t inherited = 0, count = 0, own = (size_t)cJSON_GetArraySize(list) + 1;
    const cJSON *item;
    char **all;
    while (environ[inherited])
        inherited++;
    all = xcalloc(inherited + own + 2, sizeof all[0]);
    /* What is ours to free comes first; the rest is borrowed. */
    cJSON_ArrayForEach(item, list)
        all[count++] = text_format("%s=%s", item->string, item->valuestring);
    all[count++] = xstrdup(ready);
    all[count++] = mark;
    for (size_t i = 0; i < inherited; i++)
        if (!is_replaced(environ[i], list))
            all[count++] = environ[i];
    return all;
}

static void prepare(struct batch *batch, struct agent *agent, const cJSON *object)
{
    char ready[64] = "READY_FD=";
    struct err err = {0};
    if (agent->ready_by == AGENT_READY_FD) {
        ready[9] = '0' + CHILD_READY_FD;
    } else if (agent->ready_by == AGENT_READY_NOTIFY) {
        agent->notify_fd = notify_open(ready, sizeof ready, &err);
        if (agent->notify_fd < 0)
            agent_fail(agent, AGENT_OUTCOME_FAILED, xstrdup(err.text));
    }
    agent->environment = make_environment(member(object, "environment"), ready, batch->mark);
}

void batch_prepare(struct batch *batch)
{
    const cJSON *object = member(batch->request, "agents")->child;
    guardian_mark(batch->mark);
    for (size_t i = 0; i < batch->count; i++, object = object->next) {
        resolve(batch, &batch->agents[i]);
        prepare(batch, &batch->agents[i], object);
    }
}

static void release_environment(struct agent *agent, const cJSON *object)
{
    size_t own = (size_t)cJSON_GetArraySize(member(object, "environment")) + 1;
    for (size_t i = 0; agent->environment && i < own; i++)
        free(agent->environment[i]);
    free(agent->environment);
}

void batch_free(struct batch *batch)
{
    const cJSON *list, *object;
    if (!batch)
        return;
    list = member(batch->request, "agents");
    object = list ? list->child : NULL;
    for (size_t i = 0; i < batch->count && object; i++, object = object->next) {
        struct agent *agent = &batch->agents[i];
        release_environment(agent, object);
        child_close(&agent->notify_fd);
        free(agent->argv);
        free(agent->path);
        free(agent->error);
        text_release(&agent->output);
        text_release(&agent->errors);
    }
    free(batch->agents);
    cJSON_Delete(batch->request);
    free(batch);
}

/* ---- words ---- */

void agent_fail(struct agent *agent, enum agent_outcome outcome, char *error)
{
    agent->stage = AGENT_FAILED;
    agent->outcome = outcome;
    if (agent->error)
        free(error);
    else
        agent->error = error;
}

void agent_add_errors(struct text *out, const struct agent *agent)
{
    size_t length = agent->errors.length;
    while (length > 0 && strchr(" \t\r\n", agent->errors.data[length - 1]))
        length--;
    if (length > 0)
        text_addf(out, ": %.*s", (int)length, agent->errors.data);
}

pid_t agent_pid(const struct agent *agent)
{
    return agent->child.start_error ? 0 : agent->pid;
}

const char *agent_outcome_name(enum agent_outcome outcome)
{
    static const char *const names[] = {NULL, "ready", "failed", "cancelled", "timed_out"};
    return names[outcome];
}
