/* What if rows are not those that were acknowledged, or the file was changed by SQL?
 *
 * The saboteur is a connection of its own, with foreign keys off. What SQLite refuses even so is
 * done under a schema that was forged for the time being and is put back after.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_internal.h"
#include "base/text.h"
#include "proof/damage/damage_case.h"

#define PHASES_END "---"

/* A random agent with an output, or, where there is no consensus, any that had a process. */
static int choose_victim(struct damage_case *hurt, sqlite3 *database, uint64_t random,
                         struct err *err)
{
    static const char with_output[] =
        " FROM whole.agent_executions AS e WHERE e.pid IS NOT NULL AND (EXISTS (SELECT 1 FROM"
        " whole.agent_outputs AS o WHERE o.run = e.run AND o.id = e.id) OR NOT EXISTS (SELECT 1"
        " FROM whole.agent_outputs))";
    char *count = text_format("SELECT count(*)%s", with_output);
    int64_t many = database_ask(database, count);
    char *sql = text_format("CREATE TEMP TABLE victim AS SELECT e.*%s ORDER BY e.rowid LIMIT 1"
                            " OFFSET %llu",
                            with_output, many ? (unsigned long long)(random % (uint64_t)many) : 0);
    int rc = many ? damage_execute(database, sql, err) : -1;
    sqlite3_stmt *row = NULL;
    if (rc == 0 &&
        sqlite3_prepare_v2(database, "SELECT run, id FROM victim", -1, &row, NULL) == 0 &&
        sqlite3_step(row) == SQLITE_ROW)
        snprintf(hurt->place, sizeof hurt->place, "run %.40s, agent %.24s",
                 (const char *)sqlite3_column_text(row, 0),
                 (const char *)sqlite3_column_text(row, 1));
    sqlite3_finalize(row);
    free(sql);
    free(count);
    return many ? (rc < 0 ? -1 : 1) : 0;
}

static int run_phase(struct damage_case *hurt, const char *sql, uint64_t random, struct err *err)
{
    sqlite3 *database = damage_open(hurt->path, err);
    int rc = -1;
    if (database && damage_attach_whole(database, hurt->base, err) == 0 &&
        damage_execute(database, "PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY", err) == 0)
        rc = choose_victim(hurt, database, random, err);
    if (rc == 1 && damage_execute(database, sql, err) < 0)
        rc = -1;
    sqlite3_close(database);
    return rc;
}

/* Nothing was changed when the file is as it was: then there was nothing that could be. */
static int check_changed(const struct damage_case *hurt)
{
    char *bytes = NULL;
    size_t length = 0;
    const struct damage_map *map = &hurt->base->map;
    bool same = text_read_file(&bytes, &length, hurt->path, (size_t)1 << 30, NULL) == 0 &&
                length == map->length && memcmp(bytes, map->bytes, length) == 0;
    free(bytes);
    return same ? 0 : 1;
}

int damage_rows(struct damage_case *hurt, struct err *err)
{
    const char *sql = hurt->kind->with;
    uint64_t random = damage_random(hurt, UINT64_C(1) << 62);
    int rc = damage_copy_file(hurt->base->plain, hurt->path, err) < 0 ? -1 : 1;
    while (rc == 1 && *sql) {
        const char *end = strstr(sql, PHASES_END);
        size_t length = end ? (size_t)(end - sql) : strlen(sql);
        char *phase = text_format("%.*s", (int)length, sql);
        rc = run_phase(hurt, phase, random, err);
        free(phase);
        sql += length + (end ? strlen(PHASES_END) : 0);
    }
    return rc == 1 ? check_changed(hurt) : rc;
}
