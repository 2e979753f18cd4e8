/* Where does an honest store come from? Some batches, of both modes, by the reference spawner. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/text.h"
#include "cycle/subject.h"
#include "proof/damage/damage.h"

#define ANSWER_NS   (60 * CLOCK_NS_PER_S)
#define GRACE_NS    (5 * CLOCK_NS_PER_S)
#define LONG_OUTPUT "9000" /* bytes: more than a page, so that there are overflow pages */

/* One mode: its batches, so many agents each. */
struct part {
    const char *mode;
    int batches, agents;
};

static void add_agent(cJSON *agents, const char *program, int batch, int ordinal)
{
    cJSON *agent = cJSON_CreateObject(), *command = cJSON_AddArrayToObject(agent, "command");
    char *id = text_format("%d.%d", batch, ordinal), *name = text_format("agent-%d", ordinal);
    cJSON_AddStringToObject(agent, "id", id);
    cJSON_AddStringToObject(agent, "name", name);
    cJSON_AddItemToArray(command, cJSON_CreateString(program));
    /* so that its output says whose it is */
    cJSON_AddStringToObject(cJSON_AddObjectToObject(agent, "environment"), "SPAWNBENCH_AGENT", id);
    if (ordinal == 0 && batch % 3 == 0) {
        cJSON_AddItemToArray(command, cJSON_CreateString("--output"));
        cJSON_AddItemToArray(command, cJSON_CreateString(LONG_OUTPUT));
    } else if (ordinal == 1 && batch % 5 == 0) { /* rows of agents that failed belong to a store */
        cJSON_AddItemToArray(command, cJSON_CreateString("--fail"));
        cJSON_AddItemToArray(command, cJSON_CreateString("start"));
    }
    cJSON_AddItemToArray(agents, agent);
    free(name);
    free(id);
}

static char *spawn_message(const struct part *part, int batch, const char *agent)
{
    cJSON *message = cJSON_CreateObject(), *agents;
    char *line;
    cJSON_AddStringToObject(message, "op", "spawn");
    cJSON_AddNumberToObject(message, "batch", batch);
    cJSON_AddNumberToObject(message, "deadline_ms", 30000);
    cJSON_AddStringToObject(message, "on_failure", "degrade");
    agents = cJSON_AddArrayToObject(message, "agents");
    for (int i = 0; i < part->agents; i++)
        add_agent(agents, agent, batch, i);
    line = json_print(message, 0);
    cJSON_Delete(message);
    return line;
}

static char *open_message(const struct part *part, const char *path)
{
    cJSON *message = cJSON_CreateObject();
    char *line;
    cJSON_AddStringToObject(message, "op", "open");
    cJSON_AddNumberToObject(message, "protocol", 1);
    cJSON_AddStringToObject(message, "database", path);
    cJSON_AddStringToObject(message, "durability", "normal");
    cJSON_AddStringToObject(message, "run", part->mode);
    line = json_print(message, 0);
    cJSON_Delete(message);
    return line;
}

/* Ask and forget the answer; frees the line. */
static int ask(struct subject *subject, char *line, const char *op, struct err *err)
{
    cJSON *answer = NULL;
    enum subject_answer came =
        subject_ask(subject, line, op, clock_now_ns() + ANSWER_NS, NULL, NULL, &answer);
    free(line);
    cJSON_Delete(answer);
    if (came == SUBJECT_ANSWERED)
        return 0;
    if (came == SUBJECT_INTERRUPTED)
        return interrupt_check(err);
    return err_set(err, ERR_UNFIT, "the spawner made no honest store: %s", subject->trouble);
}

static int run_batches(struct subject *subject, const struct part *part, const char *path,
                       const char *agent, struct err *err)
{
    int rc = ask(subject, open_message(part, path), "opened", err);
    for (int batch = 1; rc == 0 && batch <= part->batches; batch++) {
        rc = ask(subject, spawn_message(part, batch, agent), "spawned", err);
        if (rc == 0)
            rc = ask(subject,
                     text_format("{\"op\":\"finish\",\"batch\":%d,\"prompt\":\"batch %d\","
                                 "\"consensus\":true}",
                                 batch, batch),
                     "finished", err);
    }
    return rc;
}

static int run_part(const struct part *part, const char *path, const char *spawner,
                    const char *agent, struct err *err)
{
    const char *const argv[] = {spawner, "--mode", part->mode, NULL};
    char *log = text_format("%s.log", path);
    struct subject subject = {0};
    struct process_exit ended;
    int rc = subject_start(&subject, argv, NULL, log, err);
    if (rc == 0) {
        rc = run_batches(&subject, part, path, agent, err);
        if (!subject_stop(&subject, rc < 0, GRACE_NS, &ended) && rc == 0)
            rc = err_set(err, ERR_UNFIT, "the spawner did not close well, see '%s'", log);
    }
    free(log);
    return rc;
}

int damage_make_honest(const char *path, const char *spawner, const char *agent, struct err *err)
{
    static const struct part parts[] = {{"sequential", 6, 5}, {"parallel", 30, 8}};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof parts / sizeof parts[0]; i++)
        rc = run_part(&parts[i], path, spawner, agent, err);
    return rc;
}
