/* What does the harness itself cost? A subject that answers at once and starts nothing.
 *
 * It says so: it keeps no store ("records": false) and starts nothing ("starts": false), so only
 * its times mean something, and nobody is faster or slower than it. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/inherited.h"
#include "base/json.h"

static void answer_agents(cJSON *answer, const cJSON *asked, int spawned)
{
    const cJSON *agent;
    cJSON *agents = cJSON_AddArrayToObject(answer, "agents");
    int64_t now_ns = clock_now_ns();
    cJSON_ArrayForEach(agent, asked) {
        cJSON *row = cJSON_CreateObject();
        const char *id = json_string(agent, "id");
        cJSON_AddStringToObject(row, "id", id ? id : "");
        if (spawned) {
            cJSON_AddStringToObject(row, "outcome", "ready");
            json_add_int64(row, "start_ns", now_ns);
            json_add_int64(row, "ready_ns", now_ns);
            json_add_int64(row, "recorded_ns", now_ns);
        } else {
            json_add_int64(row, "exit", 0);
        }
        cJSON_AddItemToArray(agents, row);
    }
}

/* The agents of the last batch are kept to be named again in "finished". */
static cJSON *answer_message(const cJSON *message, const char *op, cJSON **last)
{
    cJSON *answer = cJSON_CreateObject();
    const cJSON *batch = cJSON_GetObjectItemCaseSensitive(message, "batch");
    int64_t number = 0;
    json_int64(&number, batch);
    if (strcmp(op, "open") == 0) {
        cJSON_AddStringToObject(answer, "op", "opened");
        json_add_int64(answer, "protocol", 1);
        cJSON_AddStringToObject(answer, "name", "null");
        cJSON_AddStringToObject(answer, "version", SPAWNBENCH_VERSION);
        cJSON_AddBoolToObject(answer, "records", 0);
        cJSON_AddBoolToObject(answer, "starts", 0);
    } else if (strcmp(op, "spawn") == 0) {
        cJSON_Delete(*last);
        *last = cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(message, "agents"), 1);
        cJSON_AddStringToObject(answer, "op", "spawned");
        json_add_int64(answer, "batch", number);
        json_add_int64(answer, "begin_ns", clock_now_ns());
        answer_agents(answer, *last, 1);
        json_add_int64(answer, "end_ns", clock_now_ns());
    } else if (strcmp(op, "finish") == 0) {
        cJSON_AddStringToObject(answer, "op", "finished");
        json_add_int64(answer, "batch", number);
        answer_agents(answer, *last, 0);
        cJSON_AddNullToObject(answer, "consensus");
    } else if (strcmp(op, "close") == 0) {
        cJSON_AddStringToObject(answer, "op", "closed");
    } else {
        cJSON_AddStringToObject(answer, "op", "error");
        cJSON_AddStringToObject(answer, "text", "unknown op");
    }
    return answer;
}

static const char help[] =
    "Usage: spawnbench-null\n"
    "A subject of spawnbench that answers at once and starts nothing: what the harness costs.\n"
    "It speaks the subject protocol on stdin and stdout and says \"starts\":false: its times are\n"
    "taken, but no claim on corruption is judged, and nothing is compared with it.\n";

int main(int argc, char **argv)
{
    char *line = NULL;
    size_t room = 0;
    cJSON *last = NULL;
    ssize_t length;
    int closed = 0;
    inherited_reset();
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return 0;
    }
    while (!closed && (length = getline(&line, &room, stdin)) > 0) {
        struct err err = {0};
        cJSON *message = NULL, *answer;
        const char *op;
        char *printed;
        if (json_parse_message(&message, line, (size_t)length, &err) < 0) {
            fprintf(stderr, "spawnbench-null: %s\n", err.text);
            break;
        }
        op = json_string(message, "op");
        answer = answer_message(message, op ? op : "", &last);
        printed = json_print(answer, 0);
        puts(printed);
        fflush(stdout);
        closed = op && strcmp(op, "close") == 0;
        free(printed);
        cJSON_Delete(answer);
        cJSON_Delete(message);
    }
    cJSON_Delete(last);
    free(line);
    return closed ? 0 : 1;
}
