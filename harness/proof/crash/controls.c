/* Does every way that is known to be bad fail here, and its sound counterpart not? */
#include "proof/crash/controls.h"

#include <cjson/cJSON.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "proof/crash/scratch.h"
#include "store/engine.h"

#define EXIT_BLIND 5

const struct control controls_all[] = {
    {"sync-off", "synchronous=OFF in WAL mode: nothing is synced; power is lost at every call",
     control_walk, "control-wal-off", "store-batch-full-checkpoint"},
    {"rollback-normal", "rollback journal with synchronous=NORMAL; power is lost at every call",
     control_walk, "control-delete-normal", "sqlite-delete-extra"},
    {"wal-normal", "WAL with synchronous=NORMAL: must lose at power loss, and corrupt nothing",
     control_walk, "store-batch-normal", "store-batch-full"},
    {"lying-fsync", "the disk says that it has synced and has not; power is lost at every call",
     control_walk, "control-store-on-a-lying-disk", "store-batch-full-checkpoint"},
    {"lost-write", "the disk says that it has written and has not, at each write",
     control_lost_write, "control: write lost", "write: I/O error"},
    {"memory-first", "the registry in memory is changed first, errors of the database are ignored",
     control_registry, "memory first", "database first"},
    {"deferred-begin", "two writers read, then write, in transactions begun with plain BEGIN",
     control_transactions, "deferred", "immediate"},
    {"lost-update", "two writers read before their transactions, then write what follows from it",
     control_transactions, "outside", "immediate"},
    {"fork-handle", "a child goes on with the connection that it inherited over fork", control_fork,
     "inherited", "own"},
    {"open-read-close",
     "a process opens, reads and closes the database that it has a connection to",
     control_descriptor, "descriptor", "connection"},
    {"shm-read-close",
     "a process opens, reads and closes the -shm file amid a transaction of its own", control_shm,
     "descriptor", "nothing"},
    {"passive-checkpointer", "a passive checkpoint beside a commit (the WAL-reset race)",
     control_race, "passive", "in turn"},
    {"truncate-fallback", "a TRUNCATE checkpoint that fell back to passive (the WAL-reset race)",
     control_race, "fallback", "with the lock"},
    {NULL, NULL, NULL, NULL, NULL},
};

/* ---- the run ---- */

static void run_one(struct control_result *result, const struct control_setting *setting,
                    bool mended)
{
    const struct control *control = result->control;
    int64_t from_ns = clock_now_ns();
    int kept = scratch_hush();
    if (control->try(&result->bad, mended ? control->sound : control->bad, setting, &result->err) ==
        0)
        control->try(&result->sound, control->sound, setting, &result->err);
    scratch_speak(kept);
    result->seconds = (double)(clock_now_ns() - from_ns) / CLOCK_NS_PER_S;
}

static bool is(const char *name, const char *wanted)
{
    return wanted && strcmp(name, wanted) == 0;
}

static int check_name(const char *name, struct err *err)
{
    const struct control *control = controls_all;
    while (name && control->name && !is(control->name, name))
        control++;
    if (!name || control->name)
        return 0;
    return err_set(err, ERR_USAGE, "there is no control '%s'", name);
}

int controls_run(struct controls *out, const char *folder, uint64_t seed, const char *only,
                 const char *mended, struct err *err)
{
    const struct control_setting setting = {folder, seed};
    *out = (struct controls){.seed = seed};
    if (check_name(only, err) < 0 || check_name(mended, err) < 0)
        return -1;
    for (const struct control *control = controls_all; control->name; control++) {
        struct control_result *result;
        if (only && !is(control->name, only))
            continue;
        out->results = xrealloc(out->results, out->count + 1, sizeof out->results[0]);
        result = &out->results[out->count++];
        *result = (struct control_result){.control = control};
        run_one(result, &setting, is(control->name, mended));
        out->seconds += result->seconds;
    }
    return 0;
}

/* ---- the verdict ---- */

static bool is_skipped(const struct control_result *result)
{
    return result->err.code == ERR_NONE && result->bad.skipped[0];
}

bool controls_is_blind(const struct control_result *result)
{
    if (result->err.code != ERR_NONE || result->sound.damaged)
        return true;
    return !result->bad.damaged && !is_skipped(result);
}

static bool is_any_blind(const struct controls *controls)
{
    for (size_t i = 0; i < controls->count; i++)
        if (controls_is_blind(&controls->results[i]))
            return true;
    return false;
}

static void tell_blind(const struct control_result *result)
{
    const char *name = result->control->name;
    if (result->err.code != ERR_NONE)
        fprintf(stderr, "spawnbench-crash: blind: control '%s' could not be tried: %s\n", name,
                result->err.text);
    else if (result->sound.damaged)
        fprintf(stderr,
                "spawnbench-crash: blind: the sound counterpart of control '%s' shows damage too, "
                "so it is not the bug that is seen: %s\n",
                name, result->sound.text);
    else
        fprintf(stderr,
                "spawnbench-crash: blind: control '%s' must fail and did not, so \"no damage\" "
                "proves nothing here: %s\n",
                name, result->bad.text);
}

int controls_exit_code(const struct controls *controls)
{
    for (size_t i = 0; i < controls->count; i++)
        if (controls_is_blind(&controls->results[i]))
            tell_blind(&controls->results[i]);
    return is_any_blind(controls) ? EXIT_BLIND : 0;
}

/* ---- for people ---- */

static const char *verdict_of(const struct control_result *result)
{
    if (controls_is_blind(result))
        return "BLIND";
    return is_skipped(result) ? "skipped" : "fails, as it must";
}

void controls_print(const struct controls *controls)
{
    bool affected = engine_has_wal_reset_race(sqlite3_libversion_number());
    printf("known-bad controls  SQLite %s (%s the WAL-reset race), seed %llu\n",
           sqlite3_libversion(), affected ? "has" : "without", (unsigned long long)controls->seed);
    for (size_t i = 0; i < controls->count; i++) {
        const struct control_result *result = &controls->results[i];
        printf("\n%-22s %s, %.2f s\n  %s\n", result->control->name, verdict_of(result),
               result->seconds, result->control->what);
        if (result->bad.text[0])
            printf("  bad    %s\n", result->bad.text);
        if (result->bad.skipped[0])
            printf("         %s\n", result->bad.skipped);
        if (result->sound.text[0])
            printf("  sound  %s\n", result->sound.text);
    }
    printf("\n%zu controls in %.1f s: %s\n", controls->count, controls->seconds,
           is_any_blind(controls) ? "BLIND" : "all that can fail here have failed");
}

/* ---- for programs ---- */

static cJSON *result_json(const struct control_result *result)
{
    const struct control_outcome *bad = &result->bad;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "name", result->control->name);
    cJSON_AddStringToObject(object, "what", result->control->what);
    cJSON_AddBoolToObject(object, "failed", bad->damaged);
    cJSON_AddStringToObject(object, "evidence", result->err.code ? result->err.text : bad->text);
    cJSON_AddStringToObject(object, "sound", result->sound.text);
    cJSON_AddBoolToObject(object, "sound_held", !result->err.code && !result->sound.damaged);
    json_add_text(object, "skipped", bad->skipped);
    json_add_int64(object, "acknowledged", (int64_t)bad->acknowledged);
    json_add_int64(object, "lost", (int64_t)bad->lost);
    json_add_int64(object, "corrupt", (int64_t)bad->corrupt);
    json_add_text(object, "integrity_check", bad->integrity);
    cJSON_AddBoolToObject(object, "blind", controls_is_blind(result));
    json_add_double(object, "seconds", result->seconds);
    return object;
}

void controls_json(const struct controls *controls)
{
    cJSON *root = cJSON_CreateObject(), *all;
    cJSON_AddStringToObject(root, "schema", "spawnbench.controls.v1");
    cJSON_AddStringToObject(root, "engine", sqlite3_libversion());
    cJSON_AddBoolToObject(root, "affected", engine_has_wal_reset_race(sqlite3_libversion_number()));
    json_add_int64(root, "seed", (int64_t)controls->seed);
    json_add_double(root, "seconds", controls->seconds);
    all = cJSON_AddArrayToObject(root, "controls");
    for (size_t i = 0; i < controls->count; i++)
        cJSON_AddItemToArray(all, result_json(&controls->results[i]));
    cJSON_AddStringToObject(root, "verdict", is_any_blind(controls) ? "blind" : "all-failed");
    json_puts(root);
    cJSON_Delete(root);
}
