/* Which lies can be told about the process of an agent? Of another one the store tells the same
 * each time, so that only /proc contradicts; of starts nobody asked for the witness is told. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "liar.h"

static cJSON *agent_at(const struct liar *liar, int ordinal)
{
    return cJSON_GetArrayItem(cJSON_GetObjectItem(liar->message, "agents"), ordinal);
}

static pid_t told(const struct liar *liar, int ordinal)
{
    int64_t pid = 0;
    json_int64(&pid, cJSON_GetObjectItem(agent_at(liar, ordinal), "pid"));
    return (pid_t)pid;
}

static void tell(struct liar *liar, int ordinal, pid_t pid)
{
    char *sql = text_format("UPDATE agent_executions SET pid = %d WHERE run = ?1 AND"
                            " id = ?2 || '.%d'",
                            (int)pid, ordinal);
    cJSON *agent = agent_at(liar, ordinal);
    cJSON_DeleteItemFromObject(agent, "pid");
    json_add_int64(agent, "pid", pid);
    lies_tamper(liar, sql);
    free(sql);
}

static pid_t parent_of(pid_t pid)
{
    char text[1024];
    const char *after;
    if (!process_read(text, sizeof text, pid, "stat") || !(after = strrchr(text, ')')))
        return 0;
    return (pid_t)strtol(after + 4, NULL, 10);
}

/* Say something on the socket of the agents, in our own name: the kernel tells no other. */
void lies_tell_witness(const struct liar *liar, const char *message)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = liar->witness ? strlen(liar->witness) : 0;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0 || length == 0 || length >= sizeof address.sun_path)
        _exit(70);
    memcpy(address.sun_path, liar->witness, length);
    if (address.sun_path[0] == '@')
        address.sun_path[0] = '\0';
    if (connect(fd, (struct sockaddr *)&address,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0 ||
        send(fd, message, strlen(message), MSG_NOSIGNAL) < 0)
        _exit(70);
    close(fd);
}

void lies_start_twice(struct liar *liar)
{
    char message[128];
    const char *id = json_string(agent_at(liar, 0), "id");
    snprintf(message, sizeof message, "ready %s %lld %lld", id ? id : "?",
             (long long)clock_now_ns(), (long long)clock_now_ns());
    lies_tell_witness(liar, message);
}

void lies_start_a_stranger(struct liar *liar)
{
    lies_tell_witness(liar, "ready 7777.0 1 1");
}

void lies_exchange_processes(struct liar *liar)
{
    pid_t first = told(liar, 0), second = told(liar, 1);
    tell(liar, 0, second);
    tell(liar, 1, first);
}

void lies_tell_self(struct liar *liar)
{
    tell(liar, 0, getpid());
}

void lies_tell_first_of_all(struct liar *liar)
{
    for (int i = 1; agent_at(liar, i); i++)
        tell(liar, i, told(liar, 0));
}

/* Whoever started the harness. */
void lies_tell_stranger(struct liar *liar)
{
    tell(liar, 0, parent_of(getppid()));
}

/* The honest spawner: it is no agent, but agents descend from it. */
void lies_tell_older(struct liar *liar)
{
    tell(liar, 0, parent_of(told(liar, 0)));
}

/* One argument more than was asked for: it is ready sooner. */
void lies_add_an_argument(struct liar *liar)
{
    cJSON *agent;
    cJSON_ArrayForEach(agent, cJSON_GetObjectItem(liar->message, "agents"))
        cJSON_AddItemToArray(cJSON_GetObjectItem(agent, "command"),
                             cJSON_CreateString("--init=0ms"));
}

void lies_change_the_folder(struct liar *liar)
{
    cJSON *agent;
    cJSON_ArrayForEach(agent, cJSON_GetObjectItem(liar->message, "agents"))
        cJSON_ReplaceItemInObject(agent, "directory", cJSON_CreateString("/"));
}

void lies_change_the_environment(struct liar *liar)
{
    cJSON *agent;
    cJSON_ArrayForEach(agent, cJSON_GetObjectItem(liar->message, "agents"))
        cJSON_ReplaceItemInObject(cJSON_GetObjectItem(agent, "environment"), "MODEL",
                                  cJSON_CreateString("small"));
}

/* A copy of the agent does all that the agent does, and is not it. */
void lies_start_another(struct liar *liar)
{
    char *path = text_format("%s-another", liar->database), *program = NULL;
    cJSON *agent;
    size_t length = 0;
    cJSON_ArrayForEach(agent, cJSON_GetObjectItem(liar->message, "agents")) {
        cJSON *command = cJSON_GetObjectItem(agent, "command");
        const char *asked = cJSON_GetStringValue(cJSON_GetArrayItem(command, 0));
        if (!program &&
            (!asked || text_read_file(&program, &length, asked, 1 << 26, NULL) < 0 ||
             text_write_file(path, program, length, NULL) < 0 || chmod(path, 0755) != 0))
            _exit(70);
        cJSON_ReplaceItemInArray(command, 0, cJSON_CreateString(path));
    }
    free(program);
    free(path);
}
