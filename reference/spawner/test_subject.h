/* test_subject - a spawnref to talk to, in a folder of its own, for the tests of this room.
 *
 * Normal use: subject_start, subject_spawn and subject_ask, subject_stop, which checks that it
 * closed well and left nothing. Header only: each test is its own program.
 */
#ifndef SPAWNER_TEST_SUBJECT_H
#define SPAWNER_TEST_SUBJECT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cjson/cJSON.h>
#include <cmocka.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"

#define AGENT (BINARY_DIR "/spawnref-agent")

/* More than any test needs: a test that hangs shall fail, not wait for CTest. */
#define PATIENCE_NS (60 * CLOCK_NS_PER_S)

struct subject {
    struct process process;
    char *folder, *database, *log, *metrics;
    char *witness; /* "@..." of the socket on which its agents report */
    int witness_fd;
    struct text input;
    FILE *log_file;
};

/* One agent to ask for. Words of the command are split at spaces; "AGENT" is our own agent. */
struct asked {
    const char *command;
    const char *ready; /* fd, notify, exit, or line:TEXT; NULL: fd */
};

#define SUBJECT_UNUSED __attribute__((unused)) static

SUBJECT_UNUSED int subject_forget(const char *path, const struct stat *about, int kind,
                                  struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

SUBJECT_UNUSED void subject_remove_folder(const char *folder)
{
    nftw(folder, subject_forget, 16, FTW_DEPTH | FTW_PHYS);
}

SUBJECT_UNUSED char *subject_new_folder(void)
{
    const char *parent = getenv("TMPDIR");
    char *folder = text_format("%s/spawnref-test-XXXXXX", parent ? parent : "/tmp");
    assert_non_null(mkdtemp(folder));
    return folder;
}

/* Whatever its agents report is kept by the kernel, up to the length of the queue. */
SUBJECT_UNUSED void subject_listen(struct subject *subject)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length;
    subject->witness =
        text_format("@spawnref-test-%d-%lld", (int)getpid(), (long long)clock_now_ns());
    length = strlen(subject->witness);
    memcpy(address.sun_path + 1, subject->witness + 1, length - 1);
    subject->witness_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(subject->witness_fd, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
                     0);
    assert_int_equal(listen(subject->witness_fd, 4096), 0);
}

/* The next of them, which the caller frees; NULL: that was all. */
SUBJECT_UNUSED char *subject_next_message(struct subject *subject)
{
    int fd = accept4(subject->witness_fd, NULL, NULL, SOCK_CLOEXEC);
    char *message = fd >= 0 ? xcalloc(1, 512) : NULL;
    if (fd < 0)
        return NULL;
    assert_true(recv(fd, message, 511, MSG_DONTWAIT) > 0);
    close(fd);
    return message;
}

/* How many so far began with `word`; the others are forgotten. */
SUBJECT_UNUSED int subject_count_messages(struct subject *subject, const char *word)
{
    int count = 0;
    for (char *message; (message = subject_next_message(subject)) != NULL; free(message))
        count += strncmp(message, word, strlen(word)) == 0;
    return count;
}

/* Start it, without "open". */
SUBJECT_UNUSED void subject_launch(struct subject *subject, const char *mode, const char *record)
{
    struct err err = {0};
    const char *argv[10] = {BINARY_DIR "/spawnref", "--mode", mode, NULL};
    *subject = (struct subject){.folder = subject_new_folder()};
    subject->database = text_format("%s/store.sqlite", subject->folder);
    subject_listen(subject);
    subject->log = text_format("%s/log", subject->folder);
    subject->metrics = text_format("%s/evidence/spawn_metrics.json", subject->folder);
    subject->log_file = fopen(subject->log, "we");
    assert_non_null(subject->log_file);
    argv[3] = "--metrics";
    argv[4] = subject->metrics;
    argv[5] = record ? "--record" : NULL;
    argv[6] = record;
    if (process_start(&subject->process, argv, NULL, NULL, fileno(subject->log_file), &err) < 0)
        fail_msg("%s", err.text);
}

SUBJECT_UNUSED void subject_send(struct subject *subject, const char *line)
{
    size_t length = strlen(line);
    while (length > 0) {
        ssize_t sent = write(subject->process.in, line, length);
        if (sent < 0 && errno == EINTR)
            continue;
        assert_true(sent > 0);
        line += sent;
        length -= (size_t)sent;
    }
}

/* One answer, or NULL when it closed stdout. */
SUBJECT_UNUSED cJSON *subject_read(struct subject *subject)
{
    struct err err = {0};
    char part[65536], *end;
    cJSON *answer = NULL;
    while (!subject->input.length ||
           !(end = memchr(subject->input.data, '\n', subject->input.length))) {
        ssize_t got = read(subject->process.out, part, sizeof part);
        if (got <= 0)
            return NULL;
        text_add_bytes(&subject->input, part, (size_t)got);
    }
    *end = '\0';
    if (json_parse(&answer, subject->input.data, (size_t)(end - subject->input.data), &err) < 0)
        fail_msg("%s: %s", err.text, subject->input.data);
    text_drop_front(&subject->input, (size_t)(end - subject->input.data) + 1);
    return answer;
}

SUBJECT_UNUSED cJSON *subject_ask(struct subject *subject, const char *line)
{
    cJSON *answer;
    subject_send(subject, line);
    subject_send(subject, "\n");
    answer = subject_read(subject);
    assert_non_null(answer);
    return answer;
}

SUBJECT_UNUSED cJSON *subject_open(struct subject *subject)
{
    char *line = text_format("{\"op\":\"open\",\"protocol\":1,\"database\":\"%s\","
                             "\"durability\":\"normal\",\"run\":\"test\",\"later\":{\"x\":[1]}}",
                             subject->database);
    cJSON *answer = subject_ask(subject, line);
    free(line);
    return answer;
}

SUBJECT_UNUSED void subject_start(struct subject *subject, const char *mode, const char *record)
{
    cJSON *answer;
    subject_launch(subject, mode, record);
    answer = subject_open(subject);
    assert_string_equal(json_string(answer, "op"), "opened");
    cJSON_Delete(answer);
}

SUBJECT_UNUSED cJSON *subject_command(const char *command)
{
    cJSON *list = cJSON_CreateArray();
    char *words = xstrdup(command), *rest = words, *word;
    while ((word = strsep(&rest, " ")))
        cJSON_AddItemToArray(list, cJSON_CreateString(strcmp(word, "AGENT") == 0 ? AGENT : word));
    free(words);
    return list;
}

SUBJECT_UNUSED cJSON *subject_agent(const struct subject *subject, const char *id, size_t ordinal,
                                    const struct asked *asked)
{
    cJSON *agent = cJSON_CreateObject(), *environment, *ready;
    char name[32];
    snprintf(name, sizeof name, "agent-%zu", ordinal);
    cJSON_AddStringToObject(agent, "id", id);
    cJSON_AddStringToObject(agent, "name", name);
    cJSON_AddItemToObject(agent, "command", subject_command(asked->command));
    environment = cJSON_AddObjectToObject(agent, "environment");
    cJSON_AddStringToObject(environment, "SPAWNBENCH_WITNESS", subject->witness);
    cJSON_AddStringToObject(environment, "SPAWNBENCH_AGENT", id);
    ready = cJSON_AddObjectToObject(agent, "ready");
    if (asked->ready && strncmp(asked->ready, "line:", 5) == 0) {
        cJSON_AddStringToObject(ready, "by", "line");
        cJSON_AddStringToObject(ready, "text", asked->ready + 5);
    } else {
        cJSON_AddStringToObject(ready, "by", asked->ready ? asked->ready : "fd");
    }
    return agent;
}

SUBJECT_UNUSED char *subject_spawn_line(const struct subject *subject, int batch, int deadline_ms,
                                        const char *on_failure, const struct asked asked[],
                                        size_t count)
{
    cJSON *request = cJSON_CreateObject(), *agents;
    char *line;
    cJSON_AddStringToObject(request, "op", "spawn");
    cJSON_AddNumberToObject(request, "batch", batch);
    cJSON_AddNumberToObject(request, "deadline_ms", deadline_ms);
    cJSON_AddStringToObject(request, "on_failure", on_failure);
    agents = cJSON_AddArrayToObject(request, "agents");
    for (size_t i = 0; i < count; i++) {
        char id[32];
        snprintf(id, sizeof id, "%d.%zu", batch, i);
        cJSON_AddItemToArray(agents, subject_agent(subject, id, i, &asked[i]));
    }
    line = json_print(request, 0);
    cJSON_Delete(request);
    return line;
}

/* Ask for a batch; the answer is the caller's. */
SUBJECT_UNUSED cJSON *subject_spawn(struct subject *subject, int batch, int deadline_ms,
                                    const char *on_failure, const struct asked asked[],
                                    size_t count)
{
    char *line = subject_spawn_line(subject, batch, deadline_ms, on_failure, asked, count);
    cJSON *answer = subject_ask(subject, line);
    free(line);
    assert_string_equal(json_string(answer, "op"), "spawned");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(answer, "agents")), count);
    return answer;
}

SUBJECT_UNUSED cJSON *subject_finish(struct subject *subject, int batch)
{
    char *line = text_format(
        "{\"op\":\"finish\",\"batch\":%d,\"prompt\":\"what?\",\"consensus\":true}", batch);
    cJSON *answer = subject_ask(subject, line);
    free(line);
    return answer;
}

SUBJECT_UNUSED const cJSON *subject_nth(const cJSON *answer, int ordinal)
{
    const cJSON *agent = cJSON_GetArrayItem(cJSON_GetObjectItem(answer, "agents"), ordinal);
    assert_non_null(agent);
    return agent;
}

SUBJECT_UNUSED int64_t subject_number(const cJSON *object, const char *key)
{
    int64_t value = -1;
    json_int64(&value, cJSON_GetObjectItemCaseSensitive(object, key));
    return value;
}

SUBJECT_UNUSED void subject_expect(const cJSON *answer, int ordinal, const char *outcome,
                                   const char *error)
{
    const cJSON *agent = subject_nth(answer, ordinal);
    const char *told = json_string(agent, "error");
    assert_string_equal(json_string(agent, "outcome"), outcome);
    if (!error)
        assert_null(told);
    else if (!told || !strstr(told, error))
        fail_msg("expected an error with '%s', not '%s'", error, told ? told : "null");
}

/* The first column of the first row, as text; "" for none. Caller frees. */
SUBJECT_UNUSED char *subject_query(const struct subject *subject, const char *question)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *row = NULL;
    char *text = NULL;
    assert_int_equal(sqlite3_open_v2(subject->database, &database, SQLITE_OPEN_READWRITE, NULL),
                     SQLITE_OK);
    sqlite3_busy_timeout(database, 5000);
    if (sqlite3_prepare_v2(database, question, -1, &row, NULL) != SQLITE_OK)
        fail_msg("%s: %s", question, sqlite3_errmsg(database));
    if (sqlite3_step(row) == SQLITE_ROW)
        text = text_format("%s", sqlite3_column_text(row, 0));
    sqlite3_finalize(row);
    sqlite3_close(database);
    return text ? text : xstrdup("");
}

SUBJECT_UNUSED void subject_expect_row(const struct subject *subject, const char *question,
                                       const char *expected)
{
    char *found = subject_query(subject, question);
    if (strcmp(found, expected) != 0)
        fail_msg("%s: expected '%s', found '%s'", question, expected, found);
    free(found);
}

#define SUBJECT_OWN_CHILDREN 1 /* its guardian */

/* so many agents, zombies included */
SUBJECT_UNUSED void subject_expect_children(const struct subject *subject, size_t expected)
{
    struct process_view children[64];
    assert_int_equal(process_children(subject->process.pid, children, 64),
                     expected + SUBJECT_OWN_CHILDREN);
}

SUBJECT_UNUSED void subject_release(struct subject *subject)
{
    fclose(subject->log_file);
    subject_remove_folder(subject->folder);
    free(subject->folder);
    free(subject->database);
    close(subject->witness_fd);
    free(subject->witness);
    free(subject->log);
    free(subject->metrics);
    text_release(&subject->input);
}

SUBJECT_UNUSED void subject_expect_exit(struct subject *subject, int status)
{
    struct process_exit ended;
    assert_int_equal(process_wait(&subject->process, clock_now_ns() + PATIENCE_NS, &ended), 1);
    assert_int_equal(ended.signal, 0);
    assert_int_equal(ended.status, status);
}

/* Close it as the protocol says, see that the database is sound, clean up. */
SUBJECT_UNUSED void subject_stop(struct subject *subject)
{
    cJSON *answer;
    subject_expect_children(subject, 0);
    answer = subject_ask(subject, "{\"op\":\"close\"}");
    assert_string_equal(json_string(answer, "op"), "closed");
    cJSON_Delete(answer);
    subject_expect_exit(subject, 0);
    subject_expect_row(subject, "PRAGMA integrity_check", "ok");
    subject_expect_row(subject, "PRAGMA foreign_key_check", "");
    subject_release(subject);
}

#endif
