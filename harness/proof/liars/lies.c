/* In which ways can a spawner misbehave? One table row each. */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "liar.h"

static cJSON *agent_of(cJSON *answer, int ordinal)
{
    return cJSON_GetArrayItem(cJSON_GetObjectItem(answer, "agents"), ordinal);
}

static void replace_int64(cJSON *object, const char *key, int64_t value)
{
    cJSON_DeleteItemFromObject(object, key);
    json_add_int64(object, key, value);
}

void lies_tamper(const struct liar *liar, const char *sql)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    sqlite3_open(liar->database, &database);
    sqlite3_busy_timeout(database, 5000);
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, liar->run, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 2, liar->batch);
        sqlite3_step(statement);
    }
    sqlite3_finalize(statement);
    sqlite3_close(database);
}

/* Pages 2 to 4 hold tables and indexes: a page of 0xa5 is none of them. */
static void scribble(struct liar *liar)
{
    char page[4096];
    int fd;
    lies_tamper(liar, "PRAGMA wal_checkpoint(TRUNCATE)");
    memset(page, 0xa5, sizeof page);
    fd = open(liar->database, O_WRONLY | O_CLOEXEC);
    for (off_t at = 1; fd >= 0 && at <= 3; at++)
        if (pwrite(fd, page, sizeof page, at * (off_t)sizeof page) < 0)
            break;
    close(fd);
}

static void double_start(struct liar *liar)
{
    char line[128];
    const char *id = json_string(agent_of(liar->message, 0), "id");
    int fd = open(liar->ledger, O_WRONLY | O_APPEND | O_CLOEXEC);
    int length = snprintf(line, sizeof line, "%s 1 %lld %lld\n", id ? id : "?",
                          (long long)clock_now_ns(), (long long)clock_now_ns());
    if (fd >= 0 && write(fd, line, (size_t)length) < 0)
        _exit(70);
    close(fd);
}

static void stray_start(struct liar *liar)
{
    int fd = open(liar->ledger, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd >= 0 && write(fd, "7777.0 1 1 1\n", 13) < 0)
        _exit(70);
    close(fd);
}

static void wrong_process(struct liar *liar)
{
    replace_int64(agent_of(liar->message, 0), "pid", 1);
}

static void too_early(struct liar *liar)
{
    int64_t begin_ns = 0;
    json_int64(&begin_ns, cJSON_GetObjectItem(liar->message, "begin_ns"));
    replace_int64(agent_of(liar->message, 0), "start_ns", begin_ns);
    replace_int64(agent_of(liar->message, 0), "ready_ns", begin_ns);
    replace_int64(agent_of(liar->message, 0), "recorded_ns", begin_ns);
}

static void leave_out(struct liar *liar)
{
    cJSON_DeleteItemFromArray(cJSON_GetObjectItem(liar->message, "agents"), 0);
}

static void name_a_stranger(struct liar *liar)
{
    cJSON *stranger = cJSON_CreateObject();
    cJSON_AddStringToObject(stranger, "id", "7777.0");
    cJSON_AddStringToObject(stranger, "outcome", "ready");
    cJSON_AddItemToArray(cJSON_GetObjectItem(liar->message, "agents"), stranger);
}

/* Starts nothing and calls everything ready. */
static int pretend(struct liar *liar)
{
    const cJSON *agent;
    int64_t now_ns = clock_now_ns();
    printf("{\"op\":\"spawned\",\"batch\":%lld,\"begin_ns\":%lld,\"end_ns\":%lld,\"agents\":[",
           (long long)liar->batch, (long long)now_ns, (long long)now_ns);
    cJSON_ArrayForEach(agent, cJSON_GetObjectItem(liar->message, "agents"))
        printf("%s{\"id\":\"%s\",\"pid\":1,\"outcome\":\"ready\",\"start_ns\":%lld,"
               "\"ready_ns\":%lld,\"recorded_ns\":%lld,\"error\":null}",
               agent->prev->next ? "," : "", json_string(agent, "id"), (long long)now_ns,
               (long long)now_ns, (long long)now_ns);
    printf("]}\n");
    return 1;
}

/* The historic way: the registry in memory is changed first, and what the database says is not
 * looked at. Here it refuses the batch, as a full disk would; the agents ran all the same. */
static int let_the_database_refuse(struct liar *liar)
{
    lies_tamper(liar, "CREATE TRIGGER refuse BEFORE INSERT ON agent_executions BEGIN"
                      " SELECT RAISE(ABORT, 'database or disk is full'); END");
    return 0;
}

/* Whatever failed is called ready, and is finished from memory. */
static void call_failures_ready(struct liar *liar)
{
    cJSON *agent;
    int64_t end_ns = 0;
    json_int64(&end_ns, cJSON_GetObjectItem(liar->message, "end_ns"));
    cJSON_ArrayForEach(agent, cJSON_GetObjectItem(liar->message, "agents")) {
        const char *outcome = json_string(agent, "outcome");
        if (outcome && strcmp(outcome, "ready") == 0)
            continue;
        liar->lied = 1;
        cJSON_ReplaceItemInObject(agent, "outcome", cJSON_CreateString("ready"));
        cJSON_ReplaceItemInObject(agent, "error", cJSON_CreateNull());
        replace_int64(agent, "recorded_ns", end_ns);
    }
}

static void ignore_the_database(struct liar *liar)
{
    lies_tamper(liar, "DROP TRIGGER refuse");
    call_failures_ready(liar);
}

static int finish_from_memory(struct liar *liar)
{
    const cJSON *agent;
    if (!liar->lied)
        return 0;
    printf("{\"op\":\"finished\",\"batch\":%lld,\"consensus\":\"agreed\",\"agents\":[",
           (long long)liar->batch);
    cJSON_ArrayForEach(agent, cJSON_GetObjectItem(liar->message, "agents"))
        printf("%s{\"id\":\"%s\",\"exit\":0,\"signal\":null}", agent->prev->next ? "," : "",
               json_string(agent, "id"));
    printf("]}\n");
    return 1;
}

/* A store that a crash has touched is not opened again. */
static void refuse_after_crash(struct liar *liar)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *row = NULL;
    sqlite3_open(liar->database, &database);
    sqlite3_prepare_v2(database,
                       "SELECT 1 FROM agent_executions WHERE state = 'interrupted' LIMIT 1", -1,
                       &row, NULL);
    if (sqlite3_step(row) == SQLITE_ROW)
        _exit(3);
    sqlite3_finalize(row);
    sqlite3_close(database);
}

static int hang(struct liar *liar)
{
    (void)liar;
    for (;;)
        pause();
    return 1;
}

static int die(struct liar *liar)
{
    (void)liar;
    fprintf(stderr, "liar: I give up\n");
    _exit(3);
}

static int kill_self(struct liar *liar)
{
    (void)liar;
    return raise(SIGKILL);
}

/* What it was about to tell is in the store by now. */
static void die_recorded(struct liar *liar)
{
    (void)liar;
    raise(SIGKILL);
}

static int talk_nonsense(struct liar *liar)
{
    (void)liar;
    printf("\xff\xfe{]} ready ready ready\n");
    return 1;
}

static int close_stdout(struct liar *liar)
{
    (void)liar;
    fflush(stdout);
    close(STDOUT_FILENO);
    for (;;)
        pause();
    return 1;
}

static int flood(struct liar *liar)
{
    static char block[65536];
    (void)liar;
    memset(block, 'x', sizeof block);
    while (fwrite(block, 1, sizeof block, stdout) == sizeof block)
        ;
    _exit(4);
}

static void leave_child(struct liar *liar)
{
    static const char *const sleeper[] = {"sleep", "600", NULL};
    struct process child;
    (void)liar;
    process_start(&child, sleeper, NULL, NULL, -1, NULL);
}

static void leave_zombie(struct liar *liar)
{
    static const char *const nothing[] = {"true", NULL};
    struct process child;
    (void)liar;
    process_start(&child, nothing, NULL, NULL, -1, NULL);
}

static void leak_descriptors(struct liar *liar)
{
    (void)liar;
    for (int i = 0; i < 10; i++)
        if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
            break;
}

const struct lie lies[] = {
    {"honest", "the control: passes everything on", .before_spawn = NULL},
    {"forgets", "an acknowledged start is missing in the store",
     .finished_sql = "DELETE FROM agent_executions WHERE run = ?1 AND id = ?2 || '.1'"},
    {"invents-row", "the store holds a row nobody asked for",
     .finished_sql = "INSERT INTO agent_executions (run, id, batch, name, state, outcome,"
                     " spawned_ns) VALUES (?1, ?2 || '.999', ?2, 'ghost', 'failed', 'failed', 1)"},
    {"misstates", "a finished agent is still called ready in the store",
     .finished_sql = "UPDATE agent_executions SET state = 'ready' WHERE run = ?1 AND"
                     " id = ?2 || '.0'"},
    {"loses-consensus", "the consensus row is missing",
     .finished_sql = "DELETE FROM consensus_runs WHERE run = ?1 AND batch = ?2"},
    {"loses-output", "one output is missing",
     .finished_sql = "DELETE FROM agent_outputs WHERE run = ?1 AND id = ?2 || '.0'"},
    {"scribbles", "pages of the database are overwritten", .after_finished = scribble},
    {"doubles", "an agent is started twice", .after_finished = double_start},
    {"starts-strangers", "an agent of no batch runs", .after_finished = stray_start},
    {"wrong-process", "the answer names another process", .change_spawned = wrong_process},
    {"too-early", "the answer's times lie before the agent's own", .change_spawned = too_early},
    {"leaves-out", "the answer leaves an agent out", .change_spawned = leave_out},
    {"names-strangers", "the answer names an agent nobody asked for",
     .change_spawned = name_a_stranger},
    {"pretends", "starts nothing and calls everything ready", .before_spawn = pretend},
    {"memory-first", "calls ready what the database refused",
     .before_spawn = let_the_database_refuse, .change_spawned = ignore_the_database,
     .before_finish = finish_from_memory},
    {"ignores-failures", "calls ready what failed", .change_spawned = call_failures_ready,
     .before_finish = finish_from_memory},
    /* also what had been acknowledged */
    {"sweeps", "deletes what a crash interrupted",
     .opened_sql = "DELETE FROM agent_executions WHERE run = ?1 AND state = 'interrupted'"},
    {"revives", "calls what a crash interrupted ready",
     .opened_sql = "UPDATE agent_executions SET state = 'ready' WHERE run = ?1 AND state ="
                   " 'interrupted'"},
    {"finishes-half", "calls one of what a crash interrupted completed",
     .opened_sql = "UPDATE agent_executions SET state = 'completed' WHERE run = ?1 AND rowid ="
                   " (SELECT min(rowid) FROM agent_executions WHERE state = 'interrupted')"},
    {"gives-up", "does not open what a crash has touched", .after_opened = refuse_after_crash},
    {"keeps-daemons", "does not end the daemons of agents",
     .after_finished = fault_lies_keep_daemon},
    {"loses-daemons", "does not know what its agents start", .before_spawn = fault_lies_unmark,
     .change_spawned = fault_lies_stop_spawner},
    {"finishes-unrecorded", "calls finished what it could not record",
     .change_refused = fault_lies_finish_refused},
    {"hangs", "never answers", .before_spawn = hang},
    {"dies", "exits instead of answering", .before_spawn = die},
    {"is-killed", "is killed instead of answering", .before_spawn = kill_self},
    {"is-killed-recorded", "is killed when the batch is recorded, before it answers",
     .change_spawned = die_recorded},
    {"talks-nonsense", "answers what is not JSON", .before_spawn = talk_nonsense},
    {"closes-stdout", "closes its stdout and lives on", .before_spawn = close_stdout},
    {"floods", "writes without end and without newline", .before_spawn = flood},
    {"leaves-child", "leaves a process running", .after_finished = leave_child},
    {"leaves-zombie", "does not reap a child", .after_finished = leave_zombie},
    {"leaks-descriptors", "opens ten descriptors each batch", .after_finished = leak_descriptors},
    {0}};
