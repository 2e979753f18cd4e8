/* How long did batches and agents take, and how does that compare with one after the other? */
#include "metrics/metrics.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"

#define SCHEMA     "spawnbench.spawn_metrics.v1"
#define BASELINE   "sequential"
#define MOST_BYTES ((size_t)256 << 20)

/* Durations in ms, in the order they came. */
struct series {
    char *name; /* of the agents; NULL for batches and for all agents */
    double *values;
    size_t count, room;
};

struct metrics {
    struct metrics_about about;
    char *run;
    struct series batches, agents;
    struct series *names;
    size_t name_count;
    struct store_waits waits;
    bool has_waits;
};

/* ---- collecting ---- */

static void add(struct series *series, int64_t duration_ns)
{
    if (series->count == series->room) {
        series->room = series->room ? 2 * series->room : 64;
        series->values = xrealloc(series->values, series->room, sizeof series->values[0]);
    }
    series->values[series->count++] = (double)duration_ns / 1e6;
}

struct metrics *metrics_new(const struct metrics_about *about)
{
    struct metrics *metrics = xcalloc(1, sizeof *metrics);
    metrics->about = *about;
    return metrics;
}

void metrics_set_run(struct metrics *metrics, const char *run)
{
    if (!metrics)
        return;
    free(metrics->run);
    metrics->run = xstrdup(run);
}

void metrics_add_batch(struct metrics *metrics, int64_t duration_ns)
{
    if (metrics)
        add(&metrics->batches, duration_ns);
}

void metrics_add_agent(struct metrics *metrics, const char *name, int64_t duration_ns)
{
    size_t i = 0;
    if (!metrics)
        return;
    while (i < metrics->name_count && strcmp(metrics->names[i].name, name) != 0)
        i++;
    if (i == metrics->name_count) {
        metrics->names = xrealloc(metrics->names, ++metrics->name_count, sizeof metrics->names[0]);
        metrics->names[i] = (struct series){.name = xstrdup(name)};
    }
    add(&metrics->names[i], duration_ns);
    add(&metrics->agents, duration_ns);
}

void metrics_set_waits(struct metrics *metrics, const struct store_waits *waits)
{
    if (!metrics)
        return;
    metrics->waits = *waits;
    metrics->has_waits = true;
}

static void release(struct series *series)
{
    free(series->name);
    free(series->values);
}

void metrics_free(struct metrics *metrics)
{
    if (!metrics)
        return;
    for (size_t i = 0; i < metrics->name_count; i++)
        release(&metrics->names[i]);
    release(&metrics->batches);
    release(&metrics->agents);
    free(metrics->names);
    free(metrics->run);
    free(metrics);
}

/* ---- summing up ---- */

static cJSON *summary(const struct series *series)
{
    cJSON *object = cJSON_CreateObject();
    size_t n = series->count;
    double *sorted = xcalloc(n, sizeof sorted[0]);
    memcpy(sorted, series->values, n * sizeof sorted[0]);
    gsl_sort(sorted, 1, n);
    json_add_double(object, "mean", gsl_stats_mean(sorted, 1, n));
    json_add_double(object, "standard_deviation", n > 1 ? gsl_stats_sd(sorted, 1, n) : 0);
    json_add_double(object, "p50", gsl_stats_quantile_from_sorted_data(sorted, 1, n, 0.50));
    json_add_double(object, "p95", gsl_stats_quantile_from_sorted_data(sorted, 1, n, 0.95));
    json_add_double(object, "p99", gsl_stats_quantile_from_sorted_data(sorted, 1, n, 0.99));
    json_add_double(object, "min", sorted[0]);
    json_add_double(object, "max", sorted[n - 1]);
    free(sorted);
    return object;
}

static void add_waits(cJSON *object, const struct store_waits *waits)
{
    cJSON *writing = cJSON_AddObjectToObject(object, "writing");
    json_add_int64(writing, "turns", waits->turns);
    json_add_int64(writing, "waited", waits->waited);
    json_add_double(writing, "waited_ms", (double)waits->waited_ns / 1e6);
    json_add_double(writing, "longest_ms", (double)waits->longest_ns / 1e6);
    json_add_int64(writing, "busy", waits->busy);
    json_add_double(writing, "busy_ms", (double)waits->busy_ns / 1e6);
}

static cJSON *section(const struct metrics *metrics)
{
    cJSON *object = cJSON_CreateObject(), *names;
    cJSON_AddStringToObject(object, "run", metrics->run ? metrics->run : "");
    cJSON_AddStringToObject(object, "record", metrics->about.record);
    json_add_int64(object, "batches", (int64_t)metrics->batches.count);
    json_add_int64(object, "agents", (int64_t)metrics->agents.count);
    cJSON_AddItemToObject(object, "batch_ms", summary(&metrics->batches));
    cJSON_AddItemToObject(object, "agent_ms", summary(&metrics->agents));
    if (metrics->has_waits)
        add_waits(object, &metrics->waits);
    names = cJSON_AddObjectToObject(object, "per_agent");
    for (size_t i = 0; i < metrics->name_count; i++)
        cJSON_AddItemToObject(names, metrics->names[i].name, summary(&metrics->names[i]));
    cJSON_AddItemToObject(
        object, "batch_totals_ms",
        cJSON_CreateDoubleArray(metrics->batches.values, (int)metrics->batches.count));
    cJSON_AddItemToObject(
        object, "agent_durations_ms",
        cJSON_CreateDoubleArray(metrics->agents.values, (int)metrics->agents.count));
    return object;
}

static double median_of(const cJSON *mode)
{
    const cJSON *batch_ms = cJSON_GetObjectItemCaseSensitive(mode, "batch_ms");
    const cJSON *p50 = cJSON_GetObjectItemCaseSensitive(batch_ms, "p50");
    /* our own section was just made and holds its digits raw, the others were read from the file */
    return cJSON_IsRaw(p50) ? strtod(p50->valuestring, NULL) : cJSON_GetNumberValue(p50);
}

/* ---- the file ---- */

/* The other sections that are in the file. An object of modes, the caller's. */
static int read_modes(cJSON **out, const char *path, struct err *err)
{
    char *data = NULL;
    size_t length = 0;
    cJSON *file = NULL, *modes = NULL;
    const char *schema;
    int rc = 0;
    if (access(path, F_OK) == 0) {
        if (text_read_file(&data, &length, path, MOST_BYTES, err) < 0)
            return -1;
        rc = json_parse(&file, data, length, err);
        schema = json_string(file, "schema");
        if (rc == 0 && (!schema || strcmp(schema, SCHEMA) != 0))
            rc = err_set(err, ERR_FORMAT, "its schema is not " SCHEMA);
        modes = cJSON_DetachItemFromObjectCaseSensitive(file, "modes");
        if (rc == 0 && modes && !cJSON_IsObject(modes))
            rc = err_set(err, ERR_FORMAT, "its modes are no object");
    }
    if (rc == 0)
        *out = modes ? modes : cJSON_CreateObject();
    else
        cJSON_Delete(modes);
    cJSON_Delete(file);
    free(data);
    return rc;
}

/* How many times faster each section is than the baseline; that of "parallel" is the headline. */
static void add_speedup(cJSON *file, const cJSON *modes)
{
    const cJSON *baseline = cJSON_GetObjectItemCaseSensitive(modes, BASELINE), *mode;
    cJSON *speedup, *ratios;
    cJSON_AddStringToObject(file, "baseline", BASELINE);
    speedup = cJSON_AddObjectToObject(file, "speedup");
    ratios = cJSON_CreateObject();
    cJSON_ArrayForEach(mode, modes) {
        double ratio = median_of(baseline) / median_of(mode);
        if (mode == baseline || !baseline)
            continue;
        if (strcmp(mode->string, "parallel") == 0)
            json_add_double(speedup, "median_ratio", ratio);
        json_add_double(ratios, mode->string, ratio);
    }
    if (!cJSON_GetObjectItemCaseSensitive(speedup, "median_ratio"))
        cJSON_AddNullToObject(speedup, "median_ratio");
    cJSON_AddItemToObject(speedup, "median_ratios", ratios);
}

static int merge(const struct metrics *metrics, struct err *err)
{
    cJSON *modes = NULL, *file;
    char *text;
    int rc;
    if (read_modes(&modes, metrics->about.path, err) < 0)
        return -1;
    cJSON_DeleteItemFromObjectCaseSensitive(modes, metrics->about.section);
    cJSON_AddItemToObject(modes, metrics->about.section, section(metrics));
    file = cJSON_CreateObject();
    cJSON_AddStringToObject(file, "schema", SCHEMA);
    if (metrics->about.spec_id)
        cJSON_AddStringToObject(file, "spec_id", metrics->about.spec_id);
    else
        cJSON_AddNullToObject(file, "spec_id");
    cJSON_AddItemToObject(file, "modes", modes);
    add_speedup(file, modes);
    text = json_print(file, 1);
    rc = text_write_file(metrics->about.path, text, strlen(text), err);
    free(text);
    cJSON_Delete(file);
    return rc;
}

/* The directory of the file is locked, not the file, which is replaced. flock(2) */
static int lock_directory(const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash ? text_format("%.*s/", (int)(slash - path), path) : xstrdup(".");
    int fd = -1;
    if (!slash || text_make_directories(directory, err) == 0) {
        fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || flock(fd, LOCK_EX) != 0)
            err_system(err, "cannot lock '%s'", directory);
    }
    free(directory);
    return fd;
}

int metrics_write(const struct metrics *metrics, struct err *err)
{
    int fd, rc;
    if (!metrics || metrics->batches.count == 0)
        return 0;
    fd = lock_directory(metrics->about.path, err);
    rc = fd < 0 ? -1 : merge(metrics, err);
    if (fd >= 0)
        close(fd);
    return rc < 0 ? err_wrap(err, "metrics '%s'", metrics->about.path) : 0;
}
