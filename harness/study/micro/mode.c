/* What does a whole spawner cost, recording included, asked as the harness asks it? */
#include "study/micro/mode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cycle/subject.h"

#define DEADLINE_MS 30000
#define PATIENCE_NS (60 * CLOCK_NS_PER_S) /* ours, behind the batch's own deadline */

struct mode {
    struct mode_options options;
    struct subject subject;
    int64_t batch;
};

static int told(const struct mode *mode, enum subject_answer answer, struct err *err)
{
    char *tail;
    if (answer == SUBJECT_ANSWERED)
        return 0;
    if (answer == SUBJECT_INTERRUPTED)
        return err_set(err, ERR_INTERRUPTED, "interrupted");
    tail = subject_log_tail(&mode->subject, 200);
    err_set(err, ERR_SUBJECT, "%s --mode %s: %s%s%s", mode->options.reference, mode->options.mode,
            mode->subject.trouble, tail[0] ? "; its log ends: " : "", tail);
    free(tail);
    return -1;
}

/* Ask one thing and forget the answer unless `keep` wants it. */
static int ask(struct mode *mode, cJSON *request, const char *op, struct mode_times *times,
               cJSON **keep, struct err *err)
{
    char *line = json_print(request, 0);
    cJSON *answer = NULL;
    int64_t sent_ns = 0, answered_ns = 0;
    enum subject_answer came = subject_ask(&mode->subject, line, op, clock_now_ns() + PATIENCE_NS,
                                           &sent_ns, &answered_ns, &answer);
    if (times)
        times->spawn_ns = answered_ns - sent_ns;
    if (times)
        times->ready_ns = -sent_ns; /* the answer completes it */
    if (keep)
        *keep = answer;
    else
        cJSON_Delete(answer);
    free(line);
    cJSON_Delete(request);
    return told(mode, came, err);
}

static cJSON *request_of(int64_t batch, const char *op)
{
    cJSON *request = cJSON_CreateObject();
    cJSON_AddStringToObject(request, "op", op);
    if (batch > 0)
        json_add_int64(request, "batch", batch);
    return request;
}

int mode_open(struct mode **out, const struct mode_options *options, struct err *err)
{
    struct mode *mode = xcalloc(1, sizeof *mode);
    const char *const argv[] = {options->reference, "--mode", options->mode, NULL};
    char *log = text_format("%s/%s-%s.log", options->folder, options->mode, options->durability);
    char *database =
        text_format("%s/%s-%s.sqlite", options->folder, options->mode, options->durability);
    cJSON *request;
    int rc;
    mode->options = *options;
    rc = subject_start(&mode->subject, argv, NULL, log, err);
    if (rc == 0) {
        request = request_of(0, "open");
        json_add_int64(request, "protocol", 1);
        cJSON_AddStringToObject(request, "database", database);
        cJSON_AddStringToObject(request, "durability", options->durability);
        cJSON_AddStringToObject(request, "run", "micro");
        rc = ask(mode, request, "opened", NULL, NULL, err);
    }
    free(log);
    free(database);
    if (rc == 0)
        *out = mode;
    else
        mode_close(mode);
    return rc;
}

static cJSON *spawn_request(int64_t batch, size_t agents, const char *const argv[],
                            const char *witness)
{
    cJSON *request = request_of(batch, "spawn");
    cJSON *list = cJSON_AddArrayToObject(request, "agents");
    json_add_int64(request, "deadline_ms", DEADLINE_MS);
    cJSON_AddStringToObject(request, "on_failure", "cancel");
    for (size_t i = 0; i < agents; i++) {
        cJSON *agent = cJSON_CreateObject(), *command, *environment;
        char id[48];
        snprintf(id, sizeof id, "%lld.%zu", (long long)batch, i);
        cJSON_AddStringToObject(agent, "id", id);
        cJSON_AddStringToObject(agent, "name", "agent");
        command = cJSON_AddArrayToObject(agent, "command");
        for (const char *const *word = argv; *word; word++)
            cJSON_AddItemToArray(command, cJSON_CreateString(*word));
        environment = cJSON_AddObjectToObject(agent, "environment");
        if (witness) {
            cJSON_AddStringToObject(environment, "SPAWNBENCH_WITNESS", witness);
            cJSON_AddStringToObject(environment, "SPAWNBENCH_AGENT", id);
        }
        cJSON_AddStringToObject(cJSON_AddObjectToObject(agent, "ready"), "by", "fd");
        cJSON_AddItemToArray(list, agent);
    }
    return request;
}

/* The spawn time counts only when every agent is ready and recorded. */
static int read_spawned(const cJSON *answer, size_t agents, struct mode_times *times,
                        struct err *err)
{
    const cJSON *agent, *list = cJSON_GetObjectItemCaseSensitive(answer, "agents");
    int64_t begin_ns = 0, end_ns = 0, last_ns = 0;
    size_t ready = 0;
    cJSON_ArrayForEach(agent, list) {
        int64_t ready_ns = 0, recorded_ns = 0;
        const char *outcome = json_string(agent, "outcome"), *error = json_string(agent, "error");
        if (!outcome || strcmp(outcome, "ready") != 0)
            return err_set(err, ERR_SUBJECT, "an agent of the batch was %s: %s",
                           outcome ? outcome : "not told", error ? error : "no error told");
        if (json_int64(&ready_ns, cJSON_GetObjectItemCaseSensitive(agent, "ready_ns")) < 0 ||
            json_int64(&recorded_ns, cJSON_GetObjectItemCaseSensitive(agent, "recorded_ns")) < 0 ||
            recorded_ns <= 0)
            return err_set(err, ERR_SUBJECT, "an agent of the batch was not recorded");
        last_ns = ready_ns > last_ns ? ready_ns : last_ns;
        ready++;
    }
    json_int64(&begin_ns, cJSON_GetObjectItemCaseSensitive(answer, "begin_ns"));
    json_int64(&end_ns, cJSON_GetObjectItemCaseSensitive(answer, "end_ns"));
    if (ready != agents)
        return err_set(err, ERR_SUBJECT, "%zu agents asked for, %zu told", agents, ready);
    times->own_ns = end_ns - begin_ns;
    times->ready_ns += last_ns;
    return 0;
}

int mode_batch(struct mode *mode, size_t agents, const char *const argv[], struct mode_times *out,
               struct err *err)
{
    cJSON *answer = NULL, *finish;
    int rc;
    mode->batch++;
    rc = ask(mode, spawn_request(mode->batch, agents, argv, mode->options.witness), "spawned", out,
             &answer, err);
    if (rc == 0)
        rc = read_spawned(answer, agents, out, err);
    cJSON_Delete(answer);
    if (rc < 0)
        return -1;
    finish = request_of(mode->batch, "finish");
    cJSON_AddStringToObject(finish, "prompt", "ping");
    cJSON_AddBoolToObject(finish, "consensus", 0);
    return ask(mode, finish, "finished", NULL, NULL, err);
}

void mode_close(struct mode *mode)
{
    if (!mode)
        return;
    subject_stop(&mode->subject, false, CLOCK_NS_PER_S, NULL);
    free(mode);
}
