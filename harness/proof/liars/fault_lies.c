/* Which lies show only when something fails? See harness/cli/test_cmd_faults.c. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/process.h"
#include "liar.h"

static cJSON *agents_of(cJSON *message)
{
    return cJSON_GetObjectItem(message, "agents");
}

/* What an agent starts cannot be known by the mark in its environment. */
void fault_lies_unmark(struct liar *liar)
{
    static const char *const words[] = {"SPAWNREF_BATCH", "-u", "env"};
    cJSON *agent;
    cJSON_ArrayForEach(agent, agents_of(liar->message))
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
            cJSON_InsertItemInArray(cJSON_GetObjectItem(agent, "command"), 0,
                                    cJSON_CreateString(words[i]));
}

/* The honest spawner would end everything when it reads the end of its stdin, a moment before it is
 * killed with us. Only where somebody is about to kill us. */
void fault_lies_stop_spawner(struct liar *liar)
{
    char *request = json_print(liar->request, 0);
    struct process_view child;
    if (strstr(request, "straggler") && process_children(getpid(), &child, 1) > 0)
        kill(child.pid, SIGSTOP);
    free(request);
}

/* As if the daemon of the first agent had not been ended: it is started again. */
void fault_lies_keep_daemon(struct liar *liar)
{
    const cJSON *agent = cJSON_GetArrayItem(agents_of(liar->request), 0);
    const cJSON *command = cJSON_GetObjectItem(agent, "command");
    const char *argv[5] = {NULL};
    struct process process;
    struct process_exit ended;
    for (int i = 0; i < 3; i++)
        argv[i] = cJSON_GetStringValue(cJSON_GetArrayItem(command, i));
    argv[3] = "true";
    if (argv[2] && strstr(argv[0], "straggler") &&
        process_start(&process, argv, NULL, NULL, -1, NULL) == 0)
        process_wait(&process, INT64_MAX, &ended);
}

/* What could not be recorded is called finished. */
void fault_lies_finish_refused(struct liar *liar)
{
    cJSON *agents, *asked, *agent;
    cJSON_ReplaceItemInObject(liar->message, "op", cJSON_CreateString("finished"));
    cJSON_AddNumberToObject(liar->message, "batch", (double)liar->batch);
    cJSON_AddStringToObject(liar->message, "consensus", "agreed");
    agents = cJSON_AddArrayToObject(liar->message, "agents");
    cJSON_ArrayForEach(asked, agents_of(liar->request)) {
        agent = cJSON_CreateObject();
        cJSON_AddStringToObject(agent, "id", json_string(asked, "id"));
        cJSON_AddNumberToObject(agent, "exit", 0);
        cJSON_AddNullToObject(agent, "signal");
        cJSON_AddItemToArray(agents, agent);
    }
}
