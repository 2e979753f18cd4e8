/* What is asked in this line, and what is the answer? */
#include "spawner/protocol.h"

#include <stdio.h>
#include <string.h>

#include "spawner/request.h"

/* ---- writing: by hand, since an answer is inside the measured time ---- */

/* A member begins: its name, and a comma before it unless it is the first. */
static void add_key(struct text *out, const char *key)
{
    text_addf(out, "%s\"%s\":", out->data[out->length - 1] == '{' ? "" : ",", key);
}

static void add_string(struct text *out, const char *key, const char *value)
{
    add_key(out, key);
    if (!value) {
        text_add(out, "null");
        return;
    }
    text_add(out, "\"");
    while (*value) {
        size_t plain = strcspn(value, "\"\\\x7f"
                                      "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
                                      "\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e"
                                      "\x1f");
        text_add_bytes(out, value, plain);
        value += plain;
        if (*value)
            text_addf(out, "\\u%04x", (unsigned char)*value++);
    }
    text_add(out, "\"");
}

static void add_number(struct text *out, const char *key, int64_t value)
{
    add_key(out, key);
    text_addf(out, "%lld", (long long)value);
}

static void add_time(struct text *out, const char *key, int64_t ns)
{
    add_key(out, key);
    if (ns)
        text_addf(out, "%lld", (long long)ns);
    else
        text_add(out, "null");
}

static void answer_error(struct text *answer, const struct err *err)
{
    fprintf(stderr, "spawnref: %s\n", err->text);
    text_clear(answer);
    text_add(answer, "{\"op\":\"error\"");
    add_string(answer, "text", err->text);
    text_add(answer, "}\n");
}

/* ---- open ---- */

static int open_store(struct protocol *protocol, const struct request *request, struct text *answer,
                      struct err *err)
{
    struct store_about about;
    if (protocol->spawner->store)
        return err_set(err, ERR_FORMAT, "a database is open already");
    if (store_open(&protocol->spawner->store, request->database, request->durability_full,
                   request->run, err) < 0)
        return -1;
    metrics_set_run(protocol->metrics, request->run);
    text_add(answer, "{\"op\":\"opened\",\"protocol\":1");
    add_string(answer, "name", protocol->name);
    text_add(answer, ",\"version\":\"" SPAWNBENCH_VERSION "\",\"records\":true");
    about = store_about(protocol->spawner->store);
    add_string(answer, "engine", about.engine);
    text_addf(answer, ",\"engine_affected\":%s", about.engine_affected ? "true" : "false");
    add_number(answer, "interrupted", about.interrupted);
    text_add(answer, "}\n");
    return 0;
}

/* ---- spawn ---- */

static void add_spawned(struct text *answer, const struct agent *agent)
{
    text_add(answer, "{");
    add_string(answer, "id", agent->id);
    add_time(answer, "pid", agent_pid(agent));
    add_string(answer, "outcome", agent_outcome_name(agent->outcome));
    add_time(answer, "start_ns", agent->start_ns);
    add_time(answer, "ready_ns", agent->ready_ns);
    add_time(answer, "recorded_ns", agent->recorded_ns);
    add_string(answer, "error", agent->error);
    text_add(answer, "}");
}

static void answer_spawned(struct text *answer, const struct batch *batch)
{
    text_add(answer, "{\"op\":\"spawned\"");
    add_number(answer, "batch", batch->number);
    add_number(answer, "begin_ns", batch->begin_ns);
    add_number(answer, "end_ns", batch->end_ns);
    text_add(answer, ",\"agents\":[");
    for (size_t i = 0; i < batch->count; i++) {
        text_add(answer, i ? "," : "");
        add_spawned(answer, &batch->agents[i]);
    }
    text_add(answer, "]}\n");
}

static void measure(struct metrics *metrics, const struct batch *batch)
{
    bool whole = metrics != NULL;
    for (size_t i = 0; whole && i < batch->count; i++)
        whole = batch->agents[i].outcome == AGENT_OUTCOME_READY;
    if (!whole)
        return;
    metrics_add_batch(metrics, batch->end_ns - batch->begin_ns);
    for (size_t i = 0; i < batch->count; i++)
        metrics_add_agent(metrics, batch->agents[i].name,
                          batch->agents[i].ready_ns - batch->agents[i].start_ns);
}

static int spawn(struct protocol *protocol, struct request *request, int64_t read_ns,
                 struct text *answer, struct err *err)
{
    struct batch *batch = request->batch;
    if (!protocol->spawner->store)
        return err_set(err, ERR_FORMAT, "no database is open: \"open\" comes first");
    if (spawner_find(protocol->spawner, batch->number))
        return err_set(err, ERR_FORMAT, "batch %lld is running already", (long long)batch->number);
    request->batch = NULL; /* taken */
    batch->begin_ns = read_ns;
    spawner_spawn(protocol->spawner, batch);
    answer_spawned(answer, batch);
    measure(protocol->metrics, batch);
    if (!batch->registered)
        batch_free(batch);
    return 0;
}

/* ---- finish ---- */

static void add_finished(struct text *answer, const struct agent *agent)
{
    text_add(answer, "{");
    add_string(answer, "id", agent->id);
    if (agent->end.signal)
        text_addf(answer, ",\"exit\":null,\"signal\":%d}", agent->end.signal);
    else
        text_addf(answer, ",\"exit\":%d,\"signal\":null}", agent->end.status);
}

static void answer_finished(struct text *answer, const struct batch *batch)
{
    size_t told = 0;
    text_add(answer, "{\"op\":\"finished\"");
    add_number(answer, "batch", batch->number);
    text_add(answer, ",\"agents\":[");
    for (size_t i = 0; i < batch->count; i++)
        if (batch->agents[i].outcome == AGENT_OUTCOME_READY) {
            text_add(answer, told++ ? "," : "");
            add_finished(answer, &batch->agents[i]);
        }
    text_add(answer, "]");
    add_string(answer, "consensus", batch->verdict);
    text_add(answer, "}\n");
}

static int finish(struct protocol *protocol, const struct request *request, struct text *answer,
                  struct err *err)
{
    struct batch *batch = spawner_find(protocol->spawner, request->number);
    if (!batch)
        return err_set(err, ERR_FORMAT, "batch %lld has no ready agents",
                       (long long)request->number);
    if (spawner_finish(protocol->spawner, batch, request->prompt, request->consensus, err) < 0)
        return -1;
    answer_finished(answer, batch);
    batch_free(batch);
    return 0;
}

/* ---- any ---- */

static int act(struct protocol *protocol, struct request *request, int64_t read_ns,
               struct text *answer, struct err *err)
{
    switch (request->op) {
    case REQUEST_OPEN:
        return open_store(protocol, request, answer, err);
    case REQUEST_SPAWN:
        return spawn(protocol, request, read_ns, answer, err);
    case REQUEST_FINISH:
        return finish(protocol, request, answer, err);
    case REQUEST_CLOSE:
        protocol->closed = true; /* answered by main, when everything is over */
        return 0;
    }
    return 0;
}

void protocol_answer(struct protocol *protocol, const char *line, size_t length, int64_t read_ns,
                     struct text *answer)
{
    struct request request;
    struct err err = {0};
    int rc = request_read(&request, line, length, &err);
    if (rc == 0)
        rc = act(protocol, &request, read_ns, answer, &err);
    if (rc < 0)
        answer_error(answer, &err);
    request_release(&request);
}

void protocol_tidy(struct protocol *protocol)
{
    struct err err = {0};
    if (store_tidy(protocol->spawner->store, &err) < 0)
        fprintf(stderr, "spawnref: %s\n", err.text);
}
