/* How may somebody else than an agent speak for it? The second agent is told of no witness; a child
 * of ours reports in its place, and is gone before anybody looks. All that it says is true. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"
#include "liar.h"

static cJSON *second_of(const cJSON *message)
{
    return cJSON_GetArrayItem(cJSON_GetObjectItem(message, "agents"), 1);
}

void lies_mute(struct liar *liar)
{
    cJSON_DeleteItemFromObject(cJSON_GetObjectItem(second_of(liar->message), "environment"),
                               "SPAWNBENCH_WITNESS");
}

static void say(const struct liar *liar, char *message)
{
    pid_t child = fork();
    if (child == 0) {
        lies_tell_witness(liar, message);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    free(message);
}

/* What the store has of it; the caller finalizes it. */
static sqlite3_stmt *row_of(const struct liar *liar, sqlite3 *database, const char *sql)
{
    sqlite3_stmt *row = NULL;
    sqlite3_prepare_v2(database, sql, -1, &row, NULL);
    sqlite3_bind_text(row, 1, liar->run, -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 2, liar->batch);
    if (sqlite3_step(row) != SQLITE_ROW)
        _exit(70);
    return row;
}

void lies_say_ready(struct liar *liar)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *row;
    sqlite3_open(liar->database, &database);
    row = row_of(liar, database,
                 "SELECT ready_ns FROM agent_executions WHERE run = ?1 AND id = ?2 || '.1'");
    say(liar, text_format("ready %lld.1 %lld %lld", (long long)liar->batch,
                          (long long)sqlite3_column_int64(row, 0),
                          (long long)sqlite3_column_int64(row, 0)));
    sqlite3_finalize(row);
    sqlite3_close(database);
}

void lies_say_done(struct liar *liar)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *row;
    struct sha256 whole;
    char digest[SHA256_HEX_BYTES];
    sqlite3_open(liar->database, &database);
    row = row_of(liar, database,
                 "SELECT output FROM agent_outputs WHERE run = ?1 AND id = ?2 || '.1'");
    sha256_begin(&whole);
    sha256_add(&whole, sqlite3_column_blob(row, 0), (size_t)sqlite3_column_bytes(row, 0));
    sha256_end(&whole, digest);
    say(liar, text_format("done %lld.1 0 %d %s", (long long)liar->batch,
                          sqlite3_column_bytes(row, 0), digest));
    sqlite3_finalize(row);
    sqlite3_close(database);
}

/* It answered and exited with 0. */
void lies_call_it_killed(struct liar *liar)
{
    cJSON *agent = second_of(liar->message);
    cJSON_ReplaceItemInObject(agent, "exit", cJSON_CreateNull());
    cJSON_ReplaceItemInObject(agent, "signal", cJSON_CreateNumber(15));
}
