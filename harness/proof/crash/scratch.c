/* What does every trial need: before it, in it, and to look at what is left? */
#include "proof/crash/scratch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define PID_FROM 5000000

void scratch_remove(const char *database)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", "-writers"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char *name = text_format("%s%s", database, suffixes[i]);
        unlink(name);
        free(name);
    }
}

int scratch_hush(void)
{
    int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) {
        dup2(nowhere, STDERR_FILENO);
        close(nowhere);
    }
    return kept;
}

void scratch_speak(int kept)
{
    if (kept < 0)
        return;
    dup2(kept, STDERR_FILENO);
    close(kept);
}

/* ---- what is recorded ---- */

void scratch_agents(struct store_agent agents[], char ids[][SCRATCH_ID_BYTES], int batch, int count)
{
    for (int i = 0; i < count; i++) {
        snprintf(ids[i], SCRATCH_ID_BYTES, "%d.%d", batch, i);
        agents[i] = (struct store_agent){.id = ids[i],
                                         .name = "agent",
                                         .state = "ready",
                                         .outcome = "ready",
                                         .pid = PID_FROM + count * batch + i,
                                         .spawned_ns = 10,
                                         .ready_ns = 20};
    }
}

struct store_agent scratch_starting(const struct store_agent *ready)
{
    struct store_agent starting = *ready;
    starting.state = "starting";
    starting.outcome = NULL;
    starting.ready_ns = 0;
    return starting;
}

void scratch_randomness(uint64_t seed)
{
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, (int)(seed % 0x7fffffff) + 1, NULL);
    sqlite3_randomness(0, NULL);
}

/* ---- what is done and what is left ---- */

int scratch_execute(sqlite3 *database, const char *text)
{
    return sqlite3_exec(database, text, NULL, NULL, NULL);
}

int scratch_says(sqlite3 *database, const char *question, char said[SCRATCH_WHY_BYTES])
{
    sqlite3_stmt *row = NULL;
    const char *text = NULL;
    int rc = sqlite3_prepare_v2(database, question, -1, &row, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_step(row)) == SQLITE_ROW)
        text = (const char *)sqlite3_column_text(row, 0);
    snprintf(said, SCRATCH_WHY_BYTES, "%s", text ? text : sqlite3_errmsg(database));
    sqlite3_finalize(row);
    return rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : -1;
}

size_t scratch_rows(sqlite3 *database, const char *question)
{
    sqlite3_stmt *row = NULL;
    size_t rows = 0;
    if (sqlite3_prepare_v2(database, question, -1, &row, NULL) == SQLITE_OK)
        while (sqlite3_step(row) == SQLITE_ROW)
            rows++;
    sqlite3_finalize(row);
    return rows;
}

const char *scratch_integrity(sqlite3 *database)
{
    char said[SCRATCH_WHY_BYTES];
    int rows = scratch_says(database, "PRAGMA integrity_check", said);
    return rows == 1 && strcmp(said, "ok") == 0 ? "ok" : "not ok";
}

bool scratch_is_sound(sqlite3 *database, char why[SCRATCH_WHY_BYTES])
{
    char said[SCRATCH_WHY_BYTES];
    const char *pragma = "PRAGMA integrity_check";
    bool sound = scratch_says(database, pragma, said) == 1 && strcmp(said, "ok") == 0;
    if (sound) {
        pragma = "PRAGMA foreign_key_check";
        sound = scratch_says(database, pragma, said) == 0;
    }
    if (!sound)
        snprintf(why, SCRATCH_WHY_BYTES, "%s: %s", pragma, said);
    return sound;
}
