/* Is every row still there, once, and as it was?
 *
 * Each row becomes a key and one digest per column. Rows are sorted by key, so that a store of a
 * million agents is compared in one pass over its tables and one look-up per row.
 */
#include "audit/snapshot.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_internal.h"
#include "base/hash.h"
#include "base/text.h"

#define KEY_COLUMNS  2
#define MOST_COLUMNS 9 /* beside the key */

struct remembered {
    uint64_t key;
    uint64_t columns[MOST_COLUMNS];
    char label[24]; /* an agent's id, or a batch */
    int table;
};

/* What of the file's header must stay; not its counters, nor what rules of their own look at. */
static const struct setting {
    const char *name;
    int from, bytes;
    bool only_if; /* zero or not is all that counts */
} settings[] = {
    {"page size", 16, 2, false},          {"write version", 18, 1, false},
    {"read version", 19, 1, false},       {"reserved bytes", 20, 1, false},
    {"schema format", 44, 4, false},      {"cache size", 48, 4, false},
    {"auto-vacuum", 52, 4, true},         {"text encoding", 56, 4, false},
    {"incremental vacuum", 64, 4, false},
}; /* fileformat2.html, 1.3 */
enum { SETTINGS = sizeof settings / sizeof settings[0] };

struct snapshot {
    struct remembered *rows;
    size_t count, room;
    uint32_t settings[SETTINGS];
};

static const struct shape {
    const char *noun, *sql; /* two key columns first */
    enum rule_id lost, phantom;
    int columns;
    struct {
        const char *name;
        enum rule_id rule;
    } column[MOST_COLUMNS];
} tables[] = {
    {"agent",
     "SELECT run, id, batch, name, state, outcome, pid, spawned_ns, ready_ns, completed_ns, error"
     " FROM agent_executions NOT INDEXED",
     RULE_RECORDED,
     RULE_PHANTOM,
     9,
     {{"batch", RULE_STATE},
      {"name", RULE_STATE},
      {"state", RULE_STATE},
      {"outcome", RULE_STATE},
      {"pid", RULE_PID},
      {"spawned_ns", RULE_STATE},
      {"ready_ns", RULE_STATE},
      {"completed_ns", RULE_STATE},
      {"error", RULE_STATE}}},
    {"consensus",
     "SELECT run, batch, verdict, answer, votes, agents, decided_ns"
     " FROM consensus_runs NOT INDEXED",
     RULE_CONSENSUS,
     RULE_CONSENSUS,
     5,
     {{"verdict", RULE_CONSENSUS},
      {"answer", RULE_CONSENSUS},
      {"votes", RULE_CONSENSUS},
      {"agents", RULE_CONSENSUS},
      {"decided_ns", RULE_CONSENSUS}}},
    {"output",
     "SELECT run, id, batch, output FROM agent_outputs NOT INDEXED",
     RULE_CONSENSUS,
     RULE_PHANTOM,
     2,
     {{"batch", RULE_CONSENSUS}, {"output", RULE_CONSENSUS}}},
};
enum { SHAPES = sizeof tables / sizeof tables[0] };

static struct remembered remember(int table, sqlite3_stmt *row)
{
    struct remembered seen = {.key = hash_bytes(HASH_START, &table, sizeof table), .table = table};
    const char *label;
    for (int i = 0; i < KEY_COLUMNS; i++)
        seen.key = hash_column(seen.key, row, i);
    for (int i = 0; i < tables[table].columns; i++)
        seen.columns[i] = hash_column(HASH_START, row, KEY_COLUMNS + i);
    label = (const char *)sqlite3_column_text(row, 1);
    snprintf(seen.label, sizeof seen.label, "%s", label ? label : "?");
    return seen;
}

/* Through SQLite's own descriptor: another one on the file, once closed, would drop its locks. */
static int read_settings(uint32_t out[SETTINGS], sqlite3 *database)
{
    unsigned char header[100] = {0};
    sqlite3_file *file = NULL;
    if (sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
        !file || !file->pMethods ||
        file->pMethods->xRead(file, header, sizeof header, 0) != SQLITE_OK)
        return -1;
    for (int i = 0; i < SETTINGS; i++) {
        out[i] = 0;
        for (int k = 0; k < settings[i].bytes; k++)
            out[i] = out[i] << 8 | header[settings[i].from + k];
        if (settings[i].only_if)
            out[i] = out[i] != 0;
    }
    return 0;
}

static int by_key(const void *left, const void *right)
{
    const struct remembered *a = left, *b = right;
    return a->key < b->key ? -1 : a->key > b->key;
}

static int take_table(struct snapshot *snapshot, int table, sqlite3 *database)
{
    sqlite3_stmt *row = NULL;
    int rc = sqlite3_prepare_v2(database, tables[table].sql, -1, &row, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(row)) == SQLITE_ROW) {
        if (snapshot->count == snapshot->room) {
            snapshot->room = snapshot->room ? 2 * snapshot->room : 256;
            snapshot->rows = xrealloc(snapshot->rows, snapshot->room, sizeof *snapshot->rows);
        }
        snapshot->rows[snapshot->count++] = remember(table, row);
        rc = SQLITE_OK;
    }
    sqlite3_finalize(row);
    return rc == SQLITE_DONE ? 0 : -1;
}

struct snapshot *snapshot_take(sqlite3 *database, struct err *err)
{
    struct snapshot *snapshot = xcalloc(1, sizeof *snapshot);
    int rc = 0;
    for (int i = 0; rc == 0 && i < SHAPES; i++)
        rc = take_table(snapshot, i, database);
    if (rc < 0 || read_settings(snapshot->settings, database) < 0) {
        err_set(err, ERR_FORMAT, "cannot read it as a spawner's store: %s",
                sqlite3_errmsg(database));
        snapshot_free(snapshot);
        return NULL;
    }
    if (snapshot->count)
        qsort(snapshot->rows, snapshot->count, sizeof *snapshot->rows, by_key);
    return snapshot;
}

static void compare_row(struct audit_findings *findings, const struct snapshot *snapshot,
                        int sightings[], const struct remembered *seen)
{
    const struct shape *table = &tables[seen->table];
    const struct remembered *known =
        snapshot->count
            ? bsearch(seen, snapshot->rows, snapshot->count, sizeof *snapshot->rows, by_key)
            : NULL;
    if (!known) {
        finding_add(findings, table->phantom, seen->label, "%s '%s' was never acknowledged",
                    table->noun, seen->label);
        return;
    }
    if (++sightings[known - snapshot->rows] == 2)
        finding_add(findings, table->lost, seen->label, "%s '%s' is there more than once",
                    table->noun, seen->label);
    for (int i = 0; i < table->columns; i++)
        if (known->columns[i] != seen->columns[i])
            finding_add(findings, table->column[i].rule, seen->label,
                        "%s of %s '%s' is not what was acknowledged", table->column[i].name,
                        table->noun, seen->label);
}

static void compare_table(struct audit_findings *findings, const struct snapshot *snapshot,
                          int sightings[], int table, sqlite3 *database)
{
    sqlite3_stmt *row = NULL;
    int rc = sqlite3_prepare_v2(database, tables[table].sql, -1, &row, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(row)) == SQLITE_ROW) {
        struct remembered seen = remember(table, row);
        compare_row(findings, snapshot, sightings, &seen);
        rc = SQLITE_OK;
    }
    if (rc != SQLITE_DONE)
        finding_add(findings, RULE_READABLE, "", "the %s rows: %.180s", tables[table].noun,
                    sqlite3_errmsg(database));
    sqlite3_finalize(row);
}

static void compare_settings(struct audit_findings *findings, const struct snapshot *snapshot,
                             sqlite3 *database)
{
    uint32_t now[SETTINGS];
    if (read_settings(now, database) < 0) {
        finding_add(findings, RULE_READABLE, "", "its header cannot be read");
        return;
    }
    for (int i = 0; i < SETTINGS; i++)
        if (now[i] != snapshot->settings[i])
            finding_add(findings, RULE_SETTINGS, "", "%s is %lu, it was %lu", settings[i].name,
                        (unsigned long)now[i], (unsigned long)snapshot->settings[i]);
}

void snapshot_compare(struct audit_findings *findings, const struct snapshot *snapshot,
                      sqlite3 *database)
{
    int *sightings = xcalloc(snapshot->count + 1, sizeof *sightings);
    for (int i = 0; i < SHAPES; i++)
        compare_table(findings, snapshot, sightings, i, database);
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct remembered *known = &snapshot->rows[i];
        if (!sightings[i])
            finding_add(findings, tables[known->table].lost, known->label,
                        "%s '%s' was acknowledged and is not there", tables[known->table].noun,
                        known->label);
    }
    compare_settings(findings, snapshot, database);
    free(sightings);
}

size_t snapshot_rows(const struct snapshot *snapshot)
{
    return snapshot->count;
}

void snapshot_free(struct snapshot *snapshot)
{
    if (!snapshot)
        return;
    free(snapshot->rows);
    free(snapshot);
}
