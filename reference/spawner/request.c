/* What does this line ask for? */
#include "spawner/request.h"

#include <string.h>

#include "base/json.h"

static const cJSON *member(const struct request *request, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(request->message, key);
}

static int read_open(struct request *request, struct err *err)
{
    const char *durability = json_string(request->message, "durability");
    int64_t version = 0;
    request->database = json_string(request->message, "database");
    request->run = json_string(request->message, "run");
    if (json_int64(&version, member(request, "protocol")) < 0 || version != 1)
        return err_set(err, ERR_FORMAT, "\"protocol\": expected 1");
    if (!request->database || !request->database[0] || !request->run)
        return err_set(err, ERR_FORMAT, "\"database\" and \"run\": expected strings");
    if (durability && strcmp(durability, "full") != 0 && strcmp(durability, "normal") != 0)
        return err_set(err, ERR_FORMAT, "\"durability\": expected full or normal, not '%s'",
                       durability);
    request->durability_full = !durability || strcmp(durability, "full") == 0;
    return 0;
}

static int read_spawn(struct request *request, struct err *err)
{
    cJSON *taken = request->message; /* the batch keeps it: its strings live there */
    request->message = NULL;
    request->batch = batch_new(taken, err);
    return request->batch ? 0 : -1;
}

static int read_finish(struct request *request, struct err *err)
{
    const cJSON *consensus = member(request, "consensus");
    if (json_int64(&request->number, member(request, "batch")) < 0)
        return err_set(err, ERR_FORMAT, "\"batch\": expected a number");
    if (consensus && !cJSON_IsBool(consensus))
        return err_set(err, ERR_FORMAT, "\"consensus\": expected true or false");
    request->prompt = json_string(request->message, "prompt");
    if (!request->prompt)
        request->prompt = "";
    request->consensus = cJSON_IsTrue(consensus);
    return 0;
}

static int read_op(struct request *request, struct err *err)
{
    static const struct {
        const char *name;
        int (*read)(struct request *, struct err *);
    } ops[] = {[REQUEST_OPEN] = {"open", read_open},
               [REQUEST_SPAWN] = {"spawn", read_spawn},
               [REQUEST_FINISH] = {"finish", read_finish},
               [REQUEST_CLOSE] = {"close", NULL}};
    const char *op = json_string(request->message, "op");
    if (!op)
        return err_set(err, ERR_FORMAT, "\"op\": expected open, spawn, finish or close");
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (strcmp(op, ops[i].name) != 0)
            continue;
        request->op = (enum request_op)i;
        return ops[i].read ? ops[i].read(request, err) : 0;
    }
    return err_set(err, ERR_FORMAT, "\"op\": expected open, spawn, finish or close, not '%s'", op);
}

int request_read(struct request *out, const char *line, size_t length, struct err *err)
{
    *out = (struct request){0};
    if (json_parse_message(&out->message, line, length, err) == 0 && read_op(out, err) == 0)
        return 0;
    request_release(out);
    return -1;
}

void request_release(struct request *request)
{
    batch_free(request->batch);
    cJSON_Delete(request->message);
    *request = (struct request){0};
}
