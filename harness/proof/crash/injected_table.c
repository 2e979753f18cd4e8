/* What have the faults shown, for people and for programs? */
#include <cjson/cJSON.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "proof/crash/injected.h"
#include "proof/crash/scratch.h"
#include "store/engine.h"

#define EXIT_BROKEN 4
#define EXIT_BLIND  5

/* One kind of fault in one mode. */
struct row {
    const struct injected_kind *kind;
    const struct injected_mode *mode;
    struct injected_tally tally;
    struct err err; /* ERR_UNFIT: cannot be made here; else the run failed */
    double seconds;
};

/* The sums of one source, or of all. */
struct sums {
    struct injected_tally tally;
    size_t skipped; /* rows */
    double seconds;
};

/* ---- verdicts ---- */

static bool is_skipped(const struct row *row)
{
    return row->err.code == ERR_UNFIT;
}

static int code_of(const struct row *row)
{
    if (is_skipped(row))
        return 0;
    if (row->err.code != ERR_NONE)
        return EXIT_BLIND;
    if (row->kind->control)
        return row->tally.bad > 0 ? 0 : EXIT_BLIND;
    return row->tally.bad > 0 ? EXIT_BROKEN : 0;
}

static const char *verdict_of(const struct row *row)
{
    if (is_skipped(row))
        return "skipped";
    if (code_of(row) == EXIT_BLIND)
        return "INVALID: not found";
    if (row->kind->control)
        return "found, as it must";
    return row->tally.bad > 0 ? "BROKEN" : "sound";
}

static void add(struct sums *sums, const struct row *row)
{
    const struct injected_tally *tally = &row->tally;
    sums->seconds += row->seconds;
    sums->skipped += is_skipped(row);
    sums->tally.calls += tally->calls;
    sums->tally.runs += tally->runs;
    sums->tally.silent += tally->silent;
    sums->tally.refused += tally->refused;
    sums->tally.unknown += tally->unknown;
    sums->tally.present += tally->present;
    sums->tally.killed += tally->killed;
    sums->tally.bad += row->kind->control ? 0 : tally->bad;
}

/* ---- for people ---- */

static void print_head(void)
{
    printf("%-24s %-24s %6s %6s %7s %8s %8s %8s %7s %5s %7s  %s\n", "fault", "mode", "calls",
           "runs", "silent", "refused", "unknown", "present", "killed", "bad", "seconds",
           "verdict");
}

static void print_row(const struct row *row)
{
    const struct injected_tally *tally = &row->tally;
    if (is_skipped(row)) {
        printf("%-24s %-24s skipped: %s\n", row->kind->name, row->mode->name, row->err.text);
        return;
    }
    printf("%-24s %-24s %6zu %6zu %7zu %8zu %8zu %8zu %7zu %5zu %7.2f  %s\n", row->kind->name,
           row->mode->name, tally->calls, tally->runs, tally->silent, tally->refused,
           tally->unknown, tally->present, tally->killed, tally->bad, row->seconds,
           verdict_of(row));
    if (tally->bad > 0 && !row->kind->control)
        printf("    %s\n", tally->why);
    fflush(stdout);
}

static void print_sums(const struct sums *sums, const char *of)
{
    const struct injected_tally *tally = &sums->tally;
    printf("%s: %zu runs in %.1f s, %zu kills in them, %zu transactions refused, %zu unknown, %zu "
           "bad\n",
           of, tally->runs, sums->seconds, tally->killed, tally->refused, tally->unknown,
           tally->bad);
}

/* ---- for programs ---- */

static void add_tally(cJSON *object, const struct injected_tally *tally)
{
    json_add_int64(object, "calls", (int64_t)tally->calls);
    json_add_int64(object, "runs", (int64_t)tally->runs);
    json_add_int64(object, "silent", (int64_t)tally->silent);
    json_add_int64(object, "refused", (int64_t)tally->refused);
    json_add_int64(object, "unknown", (int64_t)tally->unknown);
    json_add_int64(object, "present", (int64_t)tally->present);
    json_add_int64(object, "killed", (int64_t)tally->killed);
    json_add_int64(object, "bad", (int64_t)tally->bad);
}

static cJSON *row_json(const struct row *row)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "fault", row->kind->name);
    cJSON_AddStringToObject(object, "mode", row->mode->name);
    cJSON_AddStringToObject(object, "source", injected_source_name(row->kind->source));
    cJSON_AddBoolToObject(object, "control", row->kind->control);
    add_tally(object, &row->tally);
    cJSON_AddStringToObject(object, "verdict", verdict_of(row));
    json_add_text(object, "why", row->tally.why);
    json_add_text(object, "skipped", is_skipped(row) ? row->err.text : NULL);
    json_add_text(object, "error", is_skipped(row) ? NULL : row->err.text);
    json_add_double(object, "seconds", row->seconds);
    return object;
}

static void add_sums(cJSON *root, const char *key, const struct sums *sums)
{
    cJSON *object = cJSON_AddObjectToObject(root, key);
    add_tally(object, &sums->tally);
    json_add_int64(object, "skipped", (int64_t)sums->skipped);
    json_add_double(object, "seconds", sums->seconds);
}

static void print_json(const struct row rows[], size_t count, const struct sums sums[],
                       uint64_t seed, size_t most, int code)
{
    cJSON *root = cJSON_CreateObject(), *all;
    cJSON_AddStringToObject(root, "schema", "spawnbench.faults-by-call.v1");
    cJSON_AddStringToObject(root, "engine", sqlite3_libversion());
    cJSON_AddBoolToObject(root, "affected", engine_has_wal_reset_race(sqlite3_libversion_number()));
    json_add_int64(root, "seed", (int64_t)seed);
    cJSON_AddBoolToObject(root, "every_call", most == 0);
    for (enum injected_source source = INJECTED_DISK; source <= INJECTED_SPACE; source++)
        add_sums(root, injected_source_name(source), &sums[source]);
    add_sums(root, "total", &sums[INJECTED_SPACE + 1]);
    all = cJSON_AddArrayToObject(root, "faults");
    for (size_t i = 0; i < count; i++)
        cJSON_AddItemToArray(all, row_json(&rows[i]));
    cJSON_AddStringToObject(root, "verdict",
                            code == 0             ? "sound"
                            : code == EXIT_BROKEN ? "broken"
                                                  : "blind");
    json_puts(root);
    cJSON_Delete(root);
}

/* ---- all of them ---- */

static void run(struct row *row, const char *folder, size_t most, uint64_t seed)
{
    int64_t from_ns = clock_now_ns();
    int kept = scratch_hush();
    injected_run(&row->tally, row->kind, row->mode, folder, most, seed, &row->err);
    scratch_speak(kept);
    row->seconds = (double)(clock_now_ns() - from_ns) / CLOCK_NS_PER_S;
    if (row->err.code != ERR_NONE && !is_skipped(row))
        fprintf(stderr, "spawnbench-crash: %s\n", row->err.text);
}

int injected_table(const char *folder, const char *only, size_t most, uint64_t seed, bool json)
{
    struct row rows[64] = {0};
    struct sums sums[INJECTED_SPACE + 2] = {0}; /* by source, and all */
    size_t count = 0;
    int worst = 0;
    if (!json)
        print_head();
    for (const struct injected_kind *kind = injected_kinds; kind->name; kind++) {
        for (const struct injected_mode *mode = injected_modes; mode->name; mode++) {
            struct row *row = &rows[count];
            int code;
            if (only && strncmp(kind->name, only, strlen(only)) != 0)
                continue;
            *row = (struct row){.kind = kind, .mode = mode};
            run(row, folder, most, seed);
            if (row->tally.runs == 0 && row->err.code == ERR_NONE)
                continue; /* no such call in this mode */
            count++;
            code = code_of(row);
            worst = code == EXIT_BROKEN || worst == 0 ? code : worst;
            add(&sums[kind->source], row);
            add(&sums[INJECTED_SPACE + 1], row);
            if (!json)
                print_row(row);
        }
    }
    if (json) {
        print_json(rows, count, sums, seed, most, worst);
        return worst;
    }
    for (enum injected_source source = INJECTED_DISK; source <= INJECTED_SPACE; source++)
        print_sums(&sums[source], injected_source_name(source));
    print_sums(&sums[INJECTED_SPACE + 1], "in all");
    return worst;
}
