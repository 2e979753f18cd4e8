/* spawnbench-liar LIE [--from BATCH] SUBJECT ARG...: an honest spawner behind a go-between that
 * lies.
 *
 * LIE is a row of lies.c, or one of three that never get as far as "opened": exits-at-once,
 * is-mute, opens-with-nonsense. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/inherited.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "liar.h"

/* The go-between: the honest spawner, its answers, and what was learnt on the way. */
struct between {
    const struct lie *lie;
    long from;
    struct process subject;
    FILE *answers;
    struct liar liar;
    cJSON *opened, *spawned; /* requests that liar's strings point into */
};

static const struct lie *find_lie(const char *name)
{
    for (const struct lie *lie = lies; lie->name; lie++)
        if (strcmp(lie->name, name) == 0)
            return lie;
    fprintf(stderr, "spawnbench-liar: unknown lie '%s'; known are:\n", name);
    for (const struct lie *lie = lies; lie->name; lie++)
        fprintf(stderr, "  %-20s %s\n", lie->name, lie->what);
    exit(2);
}

static int never_opens(const char *name)
{
    char line[4096];
    if (strcmp(name, "exits-at-once") == 0) {
        fprintf(stderr, "liar: not today\n");
        exit(9);
    }
    if (strcmp(name, "is-mute") == 0)
        for (;;)
            pause();
    if (strcmp(name, "opens-with-nonsense") != 0)
        return 0;
    if (fgets(line, sizeof line, stdin))
        puts("hello?");
    exit(0);
}

static void learn(struct between *between, cJSON **request)
{
    const char *op = json_string(*request, "op");
    int64_t batch;
    if (json_int64(&batch, cJSON_GetObjectItem(*request, "batch")) == 0)
        between->liar.batch = batch;
    if (op && strcmp(op, "open") == 0) {
        between->liar.database = json_string(*request, "database");
        between->liar.run = json_string(*request, "run");
        between->opened = *request;
        *request = NULL;
    } else if (op && strcmp(op, "spawn") == 0) {
        const cJSON *agent = cJSON_GetArrayItem(cJSON_GetObjectItem(*request, "agents"), 0);
        cJSON_Delete(between->spawned);
        between->spawned = *request;
        between->liar.lied = 0;
        between->liar.request = *request;
        between->liar.witness =
            json_string(cJSON_GetObjectItem(agent, "environment"), "SPAWNBENCH_WITNESS");
        *request = NULL;
    }
}

static bool says(const cJSON *message, const char *what)
{
    const char *op = json_string(message, "op");
    return op && strcmp(op, what) == 0;
}

static void change(struct between *between, cJSON *answer)
{
    const struct lie *lie = between->lie;
    bool finished = says(answer, "finished"), opened = says(answer, "opened");
    bool closed = says(answer, "closed");
    const char *sql = finished ? lie->finished_sql
                      : opened ? lie->opened_sql
                      : closed ? lie->closed_sql
                               : NULL;
    between->liar.message = answer;
    if (says(answer, "spawned") && lie->change_spawned)
        lie->change_spawned(&between->liar);
    if (says(answer, "error") && lie->change_refused)
        lie->change_refused(&between->liar);
    if (sql)
        lies_tamper(&between->liar, sql);
    if (finished && lie->after_finished)
        lie->after_finished(&between->liar);
    if (opened && lie->after_opened)
        lie->after_opened(&between->liar);
    if (closed && lie->after_closed)
        lie->after_closed(&between->liar);
}

/* Ask the honest spawner, and lie about its answer when the time has come. 0: it is gone. */
static int pass_on(struct between *between, const char *line, int may_lie)
{
    char *answer = NULL, *printed;
    size_t room = 0;
    cJSON *message = NULL;
    int alive = write(between->subject.in, line, strlen(line)) > 0 &&
                getline(&answer, &room, between->answers) > 0;
    if (alive && json_parse_message(&message, answer, strlen(answer), NULL) == 0) {
        if (may_lie)
            change(between, message);
        printed = json_print(message, 0);
        puts(printed);
        free(printed);
    }
    cJSON_Delete(message);
    free(answer);
    return alive;
}

static char *print_line(const cJSON *message)
{
    char *printed = json_print(message, 0), *line = text_format("%s\n", printed);
    free(printed);
    return line;
}

static int one_message(struct between *between, const char *line)
{
    cJSON *request = NULL;
    char *changed = NULL;
    int may_lie, answered = 0, alive = 1;
    if (json_parse_message(&request, line, strlen(line), NULL) < 0)
        return 0;
    learn(between, &request);
    may_lie = between->liar.batch >= between->from;
    between->liar.message = between->spawned;
    /* learn() keeps "spawn" requests, so a NULL here is "open" or "spawn" */
    if (!request && between->spawned && may_lie && between->lie->before_spawn &&
        strstr(line, "\"spawn\""))
        answered = between->lie->before_spawn(&between->liar);
    if (!request && between->spawned && may_lie && between->lie->change_request &&
        strstr(line, "\"spawn\"")) {
        between->lie->change_request(&between->liar);
        changed = print_line(between->spawned);
    }
    if (!request && !between->spawned && between->lie->change_open) {
        between->liar.message = between->opened;
        between->lie->change_open(&between->liar);
        changed = print_line(between->opened);
        between->liar.message = NULL;
    }
    if (request && may_lie && between->lie->change_finish && says(request, "finish")) {
        between->liar.message = request;
        between->lie->change_finish(&between->liar);
        changed = print_line(request);
        between->liar.message = between->spawned;
    }
    if (request && may_lie && between->spawned && between->lie->before_finish &&
        says(request, "finish"))
        answered = between->lie->before_finish(&between->liar);
    if (request && between->lie->before_close && says(request, "close"))
        between->lie->before_close();
    if (!answered)
        alive = pass_on(between, changed ? changed : line, may_lie);
    fflush(stdout);
    free(changed);
    cJSON_Delete(request);
    return alive;
}

int main(int argc, char **argv)
{
    struct between between = {.from = 0};
    struct err err = {0};
    int first = 2;
    char *line = NULL;
    size_t room = 0;
    inherited_reset();
    if (argc < 2)
        return 2;
    never_opens(argv[1]);
    between.lie = find_lie(argv[1]);
    if (between.lie->at_start)
        between.lie->at_start();
    if (argc > 3 && strcmp(argv[2], "--from") == 0) {
        between.from = strtol(argv[3], NULL, 10);
        first = 4;
    }
    if (argc <= first || process_start(&between.subject, (const char *const *)argv + first, NULL,
                                       NULL, -1, &err) < 0) {
        fprintf(stderr, "spawnbench-liar: %s\n", argc <= first ? "no SUBJECT" : err.text);
        return 2;
    }
    between.answers = fdopen(between.subject.out, "r");
    between.subject.out = -1;
    while (getline(&line, &room, stdin) > 0)
        if (!one_message(&between, line))
            break;
    process_end(&between.subject, 1000000000, NULL);
    fclose(between.answers);
    cJSON_Delete(between.opened);
    cJSON_Delete(between.spawned);
    free(line);
    return 0;
}
