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
    while (*sql && sqlite3_prepare_v2(database, sql, -1, &statement, &sql) == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, liar->run, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 2, liar->batch);
        sqlite3_step(statement);
        sqlite3_finalize(statement);
    }
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

static void too_early(struct liar *liar)
{
    int64_t begin_ns = 0;
    json_int64(&begin_ns, cJSON_GetObjectItem(liar->message, "begin_ns"));
    replace_int64(agent_of(liar->message, 0), "start_ns", begin_ns);
    replace_int64(agent_of(liar->message, 0), "ready_ns", begin_ns);
    replace_int64(agent_of(liar->message, 0), "recorded_ns", begin_ns);
}

static void talk(struct liar *liar)
{
    static char block[1 << 20];
    (void)liar;
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 50; i++)
        if (write(STDERR_FILENO, block, sizeof block) < 0)
            break;
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
    {"doubles", "an agent is started twice", .after_finished = lies_start_twice},
    {"starts-strangers", "an agent of no batch runs", .after_finished = lies_start_a_stranger},
    {"wrong-process", "the answer names another agent's process",
     .change_spawned = lies_exchange_processes},
    {"tells-itself", "the answer names the subject itself", .change_spawned = lies_tell_self},
    {"one-for-all", "the answer names one process for all agents",
     .change_spawned = lies_tell_first_of_all},
    {"tells-strangers", "the answer names a process of somebody else",
     .change_spawned = lies_tell_stranger},
    {"tells-older", "the answer names a process that ran before the request",
     .change_spawned = lies_tell_older},
    {"starts-another", "another program is started than was asked for",
     .change_request = lies_start_another},
    {"adds-arguments", "agents are started with an argument more than was asked for",
     .change_request = lies_add_an_argument},
    {"changes-folder", "agents are started in another folder than was asked for",
     .change_request = lies_change_the_folder},
    {"changes-environment", "a variable has another value than was asked for",
     .change_request = lies_change_the_environment},
    {"too-early", "the answer's times lie before the agent's own", .change_spawned = too_early},
    {"tells-realtime", "the answer's times are of CLOCK_REALTIME",
     .change_spawned = lies_tell_realtime},
    {"tells-microseconds", "the answer's times are in microseconds",
     .change_spawned = lies_tell_microseconds},
    {"tells-wall-seconds", "the answer's times are seconds since 1970",
     .change_spawned = lies_tell_wall_seconds},
    {"tells-since-request", "the answer's times are counted from the request",
     .change_spawned = lies_tell_since_the_request},
    {"tells-never", "the answer's times are beyond all clocks", .change_spawned = lies_tell_never},
    {"tells-fractions", "the answer's times are fractions of seconds",
     .change_spawned = lies_tell_fractions},
    {"leaves-group", "moves to another process group, ignores SIGTERM, never answers",
     .change_spawned = lies_leave_group},
    {"is-deaf", "closes its stdin, ignores SIGTERM, never answers", .change_spawned = lies_be_deaf},
    {"stops-itself", "stops itself instead of answering", .change_spawned = lies_stop_itself},
    {"stops-the-harness", "stops spawnbench while it waits for the answer",
     .change_spawned = lies_stop_the_harness},
    {"talks", "writes 50 MiB to its log with each answer", .change_spawned = talk},
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
    {"records-late", "what was acknowledged is recorded while the batch is finished",
     .change_spawned = lies_put_rows_aside, .before_finish = lies_record_late},
    {"deletes-at-close", "deletes all rows when it has closed",
     .closed_sql = "DELETE FROM agent_outputs; DELETE FROM consensus_runs;"
                   " DELETE FROM agent_executions"},
    {"changes-at-close", "changes outputs when it has closed",
     .closed_sql = "UPDATE agent_outputs SET output = x'00' WHERE batch = ?2"},
    {"puts-back-at-close", "puts an older copy back when it has closed",
     .before_spawn = lies_keep_a_copy, .after_closed = lies_put_back_the_copy},
    {"exchanges-outputs", "two agents' outputs are exchanged",
     .finished_sql = "UPDATE agent_outputs SET output = (SELECT o.output FROM agent_outputs AS o"
                     " WHERE o.run = ?1 AND o.id = ?2 || CASE agent_outputs.id WHEN ?2 || '.0'"
                     " THEN '.1' ELSE '.0' END) WHERE run = ?1 AND id IN (?2 || '.0', ?2 || '.1')"},
    {"garbles-outputs", "a word of an output is another",
     .finished_sql = "UPDATE agent_outputs SET output = CAST(replace(CAST(output AS TEXT),"
                     " '\"prompt_bytes\":', '\"prompt bytes\":') AS BLOB) WHERE batch = ?2"},
    {"flips-verdict", "store and answer call an agreement split",
     .finished_sql = "UPDATE consensus_runs SET verdict = 'split', answer = NULL WHERE batch = ?2",
     .after_finished = lies_call_it_split},
    {"changes-answer", "the answer is that of no agent",
     .finished_sql = "UPDATE consensus_runs SET answer = 'no' WHERE batch = ?2"},
    {"takes-votes", "an agreement has a vote less than it had",
     .finished_sql = "UPDATE consensus_runs SET votes = votes - 1 WHERE batch = ?2"},
    {"shifts-times", "agents are recorded as started an hour before",
     .finished_sql = "UPDATE agent_executions SET spawned_ns = spawned_ns - 3600000000000"
                     " WHERE batch = ?2"},
    {"invents-error", "a good agent has an error in the store",
     .finished_sql = "UPDATE agent_executions SET error = 'out of memory' WHERE batch = ?2"},
    {"forgets-end", "completed agents have no time at which they were",
     .finished_sql = "UPDATE agent_executions SET completed_ns = NULL WHERE batch = ?2"},
    {"decides-never", "the time of the verdict is 0",
     .finished_sql = "UPDATE consensus_runs SET decided_ns = 0 WHERE batch = ?2"},
    {"pads-id", "a row has an id that only looks like an agent's",
     .finished_sql = "INSERT INTO agent_executions SELECT run, id || char(0), batch, name, state,"
                     " outcome, pid, spawned_ns + 1, ready_ns, completed_ns, error FROM"
                     " agent_executions WHERE run = ?1 AND id = ?2 || '.0'"},
    {"finishes-early", "\"finished\" is answered before it is asked for",
     .change_spawned = lies_finish_early},
    {"finishes-another", "\"finished\" is of another batch",
     .after_finished = lies_name_another_batch},
    {"lies-about-exit", "another exit status is told than the agent had",
     .after_finished = lies_about_exit},
    {"cuts-the-prompt", "agents get another prompt than was sent",
     .change_finish = lies_cut_the_prompt},
    {"starts-at-close", "an agent of no batch runs while it is closed",
     .after_closed = lies_start_a_stranger},
    {"speaks-for-agents", "an agent that cannot report is spoken for", .change_request = lies_mute,
     .change_spawned = lies_say_ready, .after_finished = lies_say_done},
    {"speaks-late", "what runs unseen reports when its batch is finished",
     .change_request = lies_mute, .after_finished = lies_say_ready},
    {"calls-killed", "an agent that answered is told to have been killed",
     .after_finished = lies_call_it_killed},
    {"invents-end", "the exit status that is told is none", .after_finished = lies_invent_an_end},
    {"gives-key-twice", "a key stands twice in an answer", .change_spawned = lies_give_a_key_twice},
    {"keeps-daemons", "does not end the daemons of agents",
     .after_finished = fault_lies_keep_daemon},
    {"loses-daemons", "does not know what its agents start", .change_request = fault_lies_unmark,
     .change_spawned = fault_lies_stop_spawner},
    {"finishes-unrecorded", "calls finished what it could not record",
     .change_refused = fault_lies_finish_refused},
    {"never-syncs", "nothing that it acknowledges is on the disk", .at_start = lies_never_sync},
    {"asks-normal", "records with durability normal whatever was asked for",
     .change_open = lies_ask_normal},
    {"hangs", "never answers", .before_spawn = lies_hang},
    {"dies", "exits instead of answering", .before_spawn = lies_die},
    {"is-killed", "is killed instead of answering", .before_spawn = lies_kill_self},
    {"is-killed-recorded", "is killed when the batch is recorded, before it answers",
     .change_spawned = lies_die_recorded},
    {"talks-nonsense", "answers what is not JSON", .before_spawn = lies_talk_nonsense},
    {"closes-stdout", "closes its stdout and lives on", .before_spawn = lies_close_stdout},
    {"floods", "writes without end and without newline", .before_spawn = lies_flood},
    {"leaves-child", "leaves a process running", .after_finished = left_child},
    {"leaves-zombie", "does not reap a child", .after_finished = left_zombie},
    {"leaks-descriptors", "opens ten descriptors each batch", .after_finished = left_descriptors},
    {"leaks-by-helper", "a helper leaves a process each batch", .at_start = left_start_helper,
     .after_finished = left_by_helper},
    {"leaks-descriptors-by-helper", "a helper opens 40 descriptors each batch",
     .at_start = left_start_helper, .after_finished = left_open_in_helper},
    {"leaves-daemon", "leaves a daemon in a session of its own", .after_finished = left_daemon},
    {"leaves-generations", "leaves three generations, deaf to SIGTERM, when it is closed",
     .before_close = left_generations},
    {0}};
