/* What have the walks shown, for programs? */
#include <cjson/cJSON.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "proof/crash/table.h"
#include "store/engine.h"

/* Sums over configurations. */
struct sum {
    size_t configurations, points, tried, distinct, corrupt, partial, losing, lost, lost_at_kill;
};

/* ---- one configuration ---- */

static size_t worst(const struct walk_tally *tally)
{
    int kill = tally->side[WALK_KILL].worst, power = tally->side[WALK_POWER].worst;
    return (size_t)(kill > power ? kill : power);
}

static struct sum sum_of(const struct walk_tally *tally)
{
    const struct walk_count *kill = &tally->side[WALK_KILL], *power = &tally->side[WALK_POWER];
    return (struct sum){.configurations = 1,
                        .points = tally->calls,
                        .tried = tally->tried,
                        .distinct = tally->distinct,
                        .corrupt = kill->corrupt + power->corrupt,
                        .partial = kill->partial + power->partial,
                        .losing = kill->losing + power->losing,
                        .lost = worst(tally),
                        .lost_at_kill = (size_t)kill->worst};
}

static void add(struct sum *sum, const struct sum *more)
{
    sum->configurations += more->configurations;
    sum->points += more->points;
    sum->tried += more->tried;
    sum->distinct += more->distinct;
    sum->corrupt += more->corrupt;
    sum->partial += more->partial;
    sum->losing += more->losing;
    sum->lost = more->lost > sum->lost ? more->lost : sum->lost;
    sum->lost_at_kill =
        more->lost_at_kill > sum->lost_at_kill ? more->lost_at_kill : sum->lost_at_kill;
}

static void add_sum(cJSON *object, const struct sum *sum)
{
    json_add_int64(object, "points", (int64_t)sum->points);
    json_add_int64(object, "tried", (int64_t)sum->tried);
    json_add_int64(object, "distinct", (int64_t)sum->distinct);
    json_add_int64(object, "corrupt", (int64_t)sum->corrupt);
    json_add_int64(object, "partial", (int64_t)sum->partial);
    json_add_int64(object, "losing", (int64_t)sum->losing);
    json_add_int64(object, "lost", (int64_t)sum->lost);
    json_add_int64(object, "lost_at_kill", (int64_t)sum->lost_at_kill);
}

static void add_side(cJSON *to, const char *name, const struct walk_count *side)
{
    cJSON *object = cJSON_AddObjectToObject(to, name);
    json_add_int64(object, "states", (int64_t)side->states);
    json_add_int64(object, "corrupt", (int64_t)side->corrupt);
    json_add_int64(object, "partial", (int64_t)side->partial);
    json_add_int64(object, "losing", (int64_t)side->losing);
    json_add_int64(object, "lost", side->worst);
}

static void add_finding(cJSON *to, const struct walk_finding *finding)
{
    cJSON *object;
    if (!finding->found) {
        cJSON_AddNullToObject(to, "finding");
        return;
    }
    object = cJSON_AddObjectToObject(to, "finding");
    json_add_int64(object, "call", (int64_t)finding->call);
    cJSON_AddStringToObject(object, "family", states_family_name(finding->family));
    json_add_int64(object, "index", (int64_t)finding->index);
    json_add_int64(object, "lost", finding->lost);
    cJSON_AddStringToObject(object, "why", finding->why);
}

/* Why a loss is no broken promise; NULL when there is none to explain, or no excuse. */
static const char *explanation(const struct table_row *row)
{
    if (row->verdict != WALK_AS_IT_MUST || worst(&row->tally) == 0)
        return NULL;
    if (row->workload->bar == WORKLOAD_MUST_BREAK)
        return "a known-bad way, tried to see that the walk finds what is wrong";
    if (strcmp(row->workload->journal, "delete") == 0)
        return "at power loss only: the directory is not synced when the journal is removed";
    return "at power loss only: synchronous=NORMAL syncs the log at checkpoints, not at each "
           "COMMIT";
}

static void add_workload(cJSON *object, const struct workload *workload)
{
    static const char *const bars[] = {"sound", "loses", "must break"};
    cJSON_AddStringToObject(object, "configuration", workload->name);
    cJSON_AddBoolToObject(object, "control", workload->bar == WORKLOAD_MUST_BREAK);
    cJSON_AddBoolToObject(object, "reference", table_is_of_store(workload));
    cJSON_AddStringToObject(object, "journal", workload->journal);
    cJSON_AddStringToObject(object, "durability", workload->sync);
    cJSON_AddStringToObject(object, "record", workload->each ? "each" : "batch");
    cJSON_AddBoolToObject(object, "checkpoint", workload->checkpoint_pages > 0);
    cJSON_AddBoolToObject(object, "spill", workload->spill);
    cJSON_AddStringToObject(object, "bar", bars[workload->bar]);
}

static cJSON *row_json(const struct table_row *row)
{
    static const char *const verdicts[] = {"as it must", "broken", "blind"};
    const struct sum sum = sum_of(&row->tally);
    cJSON *object = cJSON_CreateObject();
    add_workload(object, row->workload);
    cJSON_AddStringToObject(object, "verdict", verdicts[row->verdict]);
    json_add_int64(object, "syncs", (int64_t)row->tally.syncs);
    json_add_int64(object, "transactions", (int64_t)row->tally.transactions);
    add_sum(object, &sum);
    json_add_text(object, "explanation", explanation(row));
    json_add_double(object, "seconds", row->seconds);
    add_side(object, "kill", &row->tally.side[WALK_KILL]);
    add_side(object, "power", &row->tally.side[WALK_POWER]);
    add_finding(object, &row->tally.finding);
    return object;
}

/* ---- all of them ---- */

static void add_durability(cJSON *root, const struct table *table, const char *sync)
{
    struct sum sum = {0};
    cJSON *object = cJSON_AddObjectToObject(root, sync);
    for (size_t i = 0; i < table->count; i++) {
        const struct workload *workload = table->rows[i].workload;
        const struct sum more = sum_of(&table->rows[i].tally);
        if (table_is_of_store(workload) && strcmp(workload->sync, sync) == 0)
            add(&sum, &more);
    }
    json_add_int64(object, "configurations", (int64_t)sum.configurations);
    add_sum(object, &sum);
}

static void add_head(cJSON *root, const struct table *table)
{
    cJSON_AddStringToObject(root, "schema", "spawnbench.crashwalk.v1");
    cJSON_AddStringToObject(root, "engine", sqlite3_libversion());
    cJSON_AddBoolToObject(root, "affected", engine_has_wal_reset_race(sqlite3_libversion_number()));
    json_add_int64(root, "seed", (int64_t)table->seed);
    json_add_int64(root, "batches", table->batches);
    cJSON_AddBoolToObject(root, "full_walk", table->full);
}

static void add_all(cJSON *root, const struct table *table)
{
    struct sum all = {0};
    double seconds = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct sum more = sum_of(&table->rows[i].tally);
        add(&all, &more);
        seconds += table->rows[i].seconds;
    }
    json_add_double(root, "seconds", seconds);
    json_add_int64(root, "points", (int64_t)all.points);
    json_add_int64(root, "tried", (int64_t)all.tried);
    json_add_int64(root, "distinct", (int64_t)all.distinct);
    json_add_int64(root, "distinct_reference", (int64_t)table_states(table));
}

void table_json(const struct table *table)
{
    int code = table_exit_code(table);
    cJSON *root = cJSON_CreateObject(), *rows;
    add_head(root, table);
    add_all(root, table);
    add_durability(root, table, "full");
    add_durability(root, table, "normal");
    rows = cJSON_AddArrayToObject(root, "walks");
    for (size_t i = 0; i < table->count; i++)
        cJSON_AddItemToArray(rows, row_json(&table->rows[i]));
    cJSON_AddStringToObject(root, "verdict", code == 0 ? "sound" : code == 4 ? "broken" : "blind");
    json_puts(root);
    cJSON_Delete(root);
}
