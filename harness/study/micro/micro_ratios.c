/* Is the parallel spawner, recording included, as fast as bare loops that record nothing?
 *
 * In each round every arm runs once per batch size, in random order, and an arm's time is divided
 * by the time of another of the same round: what the machine does to the round hits both. The
 * figure is the median of these ratios with its exact 95 % bounds (judge/STATISTICS.md 4). */
#include <errno.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/text.h"
#include "judge/stats/stats.h"
#include "study/micro/launch.h"
#include "study/micro/micro.h"
#include "study/micro/mode.h"

#define MOST_OTHERS 0.05 /* of the machine: more than this and a warning is due */
#define WARMUPS     2
#define WAIT_MS     45                           /* the mission's agents */
#define KINDS       (2 * (MICRO_MOST_SIZES + 1)) /* with the agent, and with the light one */

enum arm_index { NORMAL, FULL, POSIX_SPAWN, VFORK, POSIX_SPAWN_PIPES, VFORK_PIPES, CLONE_VM, ARMS };

static const struct {
    const char *key, *text;
    const char *durability; /* of the spawner; NULL: a loop */
    enum launch_way way;
    bool own_pipes;
} arms[ARMS] = {
    {"parallel-normal", "parallel spawner, durability normal", "normal", 0, false},
    {"parallel-full", "parallel spawner, durability full", "full", 0, false},
    {"posix_spawn", "loop of posix_spawn, poll", NULL, LAUNCH_POSIX_SPAWN, false},
    {"vfork", "loop of vfork + exec, poll", NULL, LAUNCH_VFORK, false},
    {"posix_spawn+pipes", "posix_spawn, poll, 4 pipes per agent", NULL, LAUNCH_POSIX_SPAWN, true},
    {"vfork+pipes", "vfork + exec, poll, 4 pipes per agent", NULL, LAUNCH_VFORK, true},
    {"clone_vm", "loop of clone(CLONE_VM), poll", NULL, LAUNCH_CLONE_VM, false},
};

/* What is asked of the ratios: at_most 0 is for information. Limits are judged at LIMIT_AGENTS. */
#define LIMIT_AGENTS 100
static const struct {
    enum arm_index of, to;
    double at_most;
} ratios[] = {
    {NORMAL, POSIX_SPAWN, 0.95}, {NORMAL, VFORK, 1.10},          {FULL, POSIX_SPAWN, 0.95},
    {FULL, VFORK, 1.10},         {NORMAL, POSIX_SPAWN_PIPES, 0}, {NORMAL, VFORK_PIPES, 0},
    {NORMAL, CLONE_VM, 0},
};
#define RATIOS       (sizeof ratios / sizeof ratios[0])
#define LATE_AT_MOST 3.0 /* ms behind the slowest agent's own initialisation */

/* One batch that every arm starts: its size and what its agents are and do. */
struct kind {
    size_t agents;
    bool light; /* the light agent: what is left is the spawner */
    bool waits; /* WAIT_MS instead of 0 ms; only the spawner runs it */
    const char *argv[4];
    struct launch *loops[ARMS];
    double *ms[ARMS];   /* samples by round; NULL: not of this kind */
    double *late[ARMS]; /* with waits: ms without the slowest agent's own initialisation */
};

struct bench {
    const struct micro *micro;
    struct mode *spawners[2]; /* NORMAL, FULL */
    struct kind kinds[KINDS];
    size_t kind_count;
    double others; /* share of the machine that strangers took meanwhile, 0 .. 1; NaN: not known */
};

/* An estimate with its bounds. */
struct estimate {
    double median, lower, upper;
};

/* ---- measuring ---- */

static int prepare_kind(struct bench *bench, size_t agents, bool light, bool waits, struct err *err)
{
    const struct micro *micro = bench->micro;
    struct kind *kind = &bench->kinds[bench->kind_count++];
    *kind = (struct kind){.agents = agents,
                          .light = light,
                          .waits = waits,
                          .argv = {light ? micro->light_agent : micro->agent, "--init",
                                   waits ? "45ms" : "0ms", NULL}};
    for (int arm = 0; arm < ARMS; arm++) {
        struct launch_options options = {.way = arms[arm].way,
                                         .agents = agents,
                                         .program = kind->argv[0],
                                         .argv = kind->argv,
                                         .witness = micro_witness_name(micro),
                                         .own_pipes = arms[arm].own_pipes};
        if (waits && !arms[arm].durability)
            continue;
        kind->ms[arm] = xcalloc(micro->cycles, sizeof kind->ms[arm][0]);
        kind->late[arm] = xcalloc(micro->cycles, sizeof kind->late[arm][0]);
        if (!arms[arm].durability && launch_new(&kind->loops[arm], &options, err) < 0)
            return -1;
    }
    return 0;
}

static int prepare(struct bench *bench, struct err *err)
{
    const struct micro *micro = bench->micro;
    for (int arm = NORMAL; arm <= FULL; arm++) {
        struct mode_options options = {micro->reference, "parallel", arms[arm].durability,
                                       micro->folder, micro_witness_name(micro)};
        if (mode_open(&bench->spawners[arm], &options, err) < 0)
            return -1;
    }
    for (int light = 0; light < (micro->light_agent ? 2 : 1); light++) {
        for (size_t i = 0; i < micro->size_count; i++)
            if (prepare_kind(bench, micro->sizes[i], light, false, err) < 0)
                return -1;
        if (prepare_kind(bench, 3, light, true, err) < 0)
            return -1;
    }
    return 0;
}

static void close_spawners(struct bench *bench)
{
    for (int arm = NORMAL; arm <= FULL; arm++) {
        mode_close(bench->spawners[arm]);
        bench->spawners[arm] = NULL;
    }
}

static void release(struct bench *bench)
{
    for (size_t k = 0; k < bench->kind_count; k++)
        for (int arm = 0; arm < ARMS; arm++) {
            launch_free(bench->kinds[k].loops[arm]);
            free(bench->kinds[k].ms[arm]);
            free(bench->kinds[k].late[arm]);
        }
    close_spawners(bench);
}

/* *ms, and for agents that wait *late */
static int measure_once(struct bench *bench, const struct kind *kind, int arm, double *ms,
                        double *late, struct err *err)
{
    const struct micro *micro = bench->micro;
    struct mode_times times = {0};
    int64_t spent_ns = 0;
    double own_ms;
    if (interrupt_seen())
        return err_set(err, ERR_INTERRUPTED, "interrupted");
    micro_hear(micro);
    if (arms[arm].durability) {
        if (mode_batch(bench->spawners[arm], kind->agents, kind->argv, &times, err) < 0)
            return -1;
        spent_ns = times.spawn_ns;
    } else if (launch_measure(kind->loops[arm], &spent_ns, err) < 0) {
        return -1;
    }
    *ms = (double)spent_ns / 1e6;
    own_ms = micro_hear(micro); /* by the agents' own words; else what they were asked for */
    *late = kind->waits ? *ms - (own_ms > 0 ? own_ms : WAIT_MS) : 0;
    return 0;
}

static int measure_kind(struct bench *bench, const struct kind *kind, gsl_rng *random, long round,
                        struct err *err)
{
    int order[ARMS];
    for (int i = 0; i < ARMS; i++)
        order[i] = i;
    gsl_ran_shuffle(random, order, ARMS, sizeof order[0]);
    for (int i = 0; i < ARMS; i++) {
        double ms = 0, late = 0;
        int arm = order[i];
        if (!kind->ms[arm])
            continue;
        if (measure_once(bench, kind, arm, &ms, &late, err) < 0)
            return err_wrap(err, "%s", arms[arm].text);
        if (round < 0)
            continue;
        kind->ms[arm][round] = ms;
        kind->late[arm][round] = late;
    }
    return 0;
}

static int measure_round(struct bench *bench, gsl_rng *random, long round, struct err *err)
{
    for (size_t k = 0; k < bench->kind_count; k++)
        if (measure_kind(bench, &bench->kinds[k], random, round, err) < 0)
            return -1;
    return 0;
}

static int measure(struct bench *bench, struct err *err)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    bool watched = isatty(STDERR_FILENO);
    int rc = 0;
    gsl_rng_set(random, (unsigned long)bench->micro->seed);
    for (long round = -WARMUPS; round < (long)bench->micro->cycles && rc == 0; round++) {
        if (watched)
            fprintf(stderr, "\rround %ld of %zu ", round + 1, bench->micro->cycles);
        rc = measure_round(bench, random, round, err);
    }
    if (watched)
        fputs("\r                              \r", stderr);
    gsl_rng_free(random);
    return rc;
}

/* ---- were we alone? ---- */

/* CPU time of the whole machine so far, and of ourselves with every child reaped. */
static bool cpu_times(double *machine_s, double *own_s)
{
    unsigned long long ticks[7] = {0}, busy;
    struct rusage self, children;
    FILE *file = fopen("/proc/stat", "re");
    /* the kernel wrote it: NOLINTNEXTLINE(cert-err34-c) */
    int got = file ? fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu", &ticks[0], &ticks[1],
                            &ticks[2], &ticks[3], &ticks[4], &ticks[5], &ticks[6])
                   : 0;
    if (file)
        fclose(file);
    busy = ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]; /* not idle, not iowait: proc(5) */
    *machine_s = (double)busy / (double)sysconf(_SC_CLK_TCK);
    getrusage(RUSAGE_SELF, &self);
    getrusage(RUSAGE_CHILDREN, &children);
    *own_s = (double)(self.ru_utime.tv_sec + self.ru_stime.tv_sec + children.ru_utime.tv_sec +
                      children.ru_stime.tv_sec) +
             (double)(self.ru_utime.tv_usec + self.ru_stime.tv_usec + children.ru_utime.tv_usec +
                      children.ru_stime.tv_usec) /
                 1e6;
    return got == 7;
}

/* From the first start to the spawners' end, since a child's time is told when it is reaped. */
static int measure_and_look_around(struct bench *bench, struct err *err)
{
    double machine_s[2], own_s[2];
    int64_t from_ns = clock_now_ns();
    bool known = cpu_times(&machine_s[0], &own_s[0]);
    int rc = prepare(bench, err);
    if (rc == 0)
        rc = measure(bench, err);
    close_spawners(bench);
    bench->others = NAN;
    if (known && cpu_times(&machine_s[1], &own_s[1])) {
        double all_s =
            (double)(clock_now_ns() - from_ns) / 1e9 * (double)sysconf(_SC_NPROCESSORS_ONLN);
        bench->others = fmax(0, (machine_s[1] - machine_s[0] - (own_s[1] - own_s[0])) / all_s);
    }
    return rc;
}

/* ---- judging ---- */

/* Sorts `values`. */
static struct estimate estimate_of(double values[], size_t n)
{
    struct stats_bounds bounds;
    stats_sort(values, n);
    bounds = stats_median_bounds(values, n, 1, 0.025, 0.025);
    return (struct estimate){stats_quantile(values, n, 0.5), bounds.lower, bounds.upper};
}

static struct estimate series_estimate(const double series[], size_t n)
{
    double *values = xcalloc(n, sizeof values[0]);
    struct estimate estimate;
    memcpy(values, series, n * sizeof values[0]);
    estimate = estimate_of(values, n);
    free(values);
    return estimate;
}

static struct estimate ratio_estimate(const struct bench *bench, const struct kind *kind, size_t r)
{
    size_t n = bench->micro->cycles;
    double *values = xcalloc(n, sizeof values[0]);
    struct estimate estimate;
    stats_ratios(values, kind->ms[ratios[r].of], kind->ms[ratios[r].to], n);
    estimate = estimate_of(values, n);
    free(values);
    return estimate;
}

static const char *judge(struct estimate estimate, double at_most)
{
    if (estimate.upper <= at_most)
        return "holds";
    return estimate.lower > at_most ? "missed" : "not decided";
}

static double limit_of(const struct kind *kind, size_t r)
{
    return kind->agents == LIMIT_AGENTS ? ratios[r].at_most : 0;
}

/* ---- telling ---- */

/* Too few rounds give no bounds: six for a median at 95 %. */
static void tell_estimate(struct text *out, struct estimate estimate, int digits)
{
    if (isfinite(estimate.lower) && isfinite(estimate.upper))
        text_addf(out, "%9.*f  [%.*f .. %.*f]", digits, estimate.median, digits, estimate.lower,
                  digits, estimate.upper);
    else
        text_addf(out, "%9.*f  [no bounds]", digits, estimate.median);
}

static void tell_kind(struct text *out, const struct bench *bench, const struct kind *kind)
{
    text_addf(out, "\n%zu agents of %d ms%s\n", kind->agents, kind->waits ? WAIT_MS : 0,
              kind->light ? ", light agent" : "");
    for (int arm = 0; arm < ARMS; arm++) {
        if (!kind->ms[arm])
            continue;
        text_addf(out, "  %-42s", arms[arm].text);
        tell_estimate(out, series_estimate(kind->ms[arm], bench->micro->cycles), 2);
        text_add(out, " ms\n");
    }
    for (int arm = NORMAL; arm <= FULL && kind->waits; arm++) {
        struct estimate late = series_estimate(kind->late[arm], bench->micro->cycles);
        char name[64];
        snprintf(name, sizeof name, "%s behind its slowest agent", arms[arm].key);
        text_addf(out, "  %-42s", name);
        tell_estimate(out, late, 2);
        text_addf(out, " ms   at most %.0f ms: %s\n", LATE_AT_MOST, judge(late, LATE_AT_MOST));
    }
    for (size_t r = 0; r < RATIOS && !kind->waits; r++) {
        struct estimate estimate = ratio_estimate(bench, kind, r);
        double limit = limit_of(kind, r);
        char name[64];
        snprintf(name, sizeof name, "%s / %s", arms[ratios[r].of].key, arms[ratios[r].to].key);
        text_addf(out, "  %-42s", name);
        tell_estimate(out, estimate, 3);
        if (limit > 0)
            text_addf(out, "   at most %.2f: %s", limit, judge(estimate, limit));
        text_add(out, "\n");
    }
}

static void tell_text(const struct bench *bench)
{
    const struct micro *micro = bench->micro;
    struct text out = {0};
    char file_system[32];
    micro_file_system(file_system, micro->folder);
    text_addf(
        &out,
        "%zu rounds after %d warm-ups, seed %llu%s; witness %s; database on %s, SQLite %s\n"
        "median [95 %% bounds]; ratios are paired within the round; the spawner records every "
        "agent, loops nothing\n",
        micro->cycles, WARMUPS, (unsigned long long)micro->seed, micro->rr ? ", SCHED_RR 1" : "",
        micro->witness ? "on" : "off", file_system, sqlite3_libversion());
    if (bench->others > MOST_OTHERS)
        text_addf(
            &out,
            "warning: other programs took %.0f %% of the machine meanwhile; repeat this on an "
            "idle one, or as root with --rr\n",
            100 * bench->others);
    for (size_t k = 0; k < bench->kind_count; k++)
        tell_kind(&out, bench, &bench->kinds[k]);
    fputs(out.data, stdout);
    text_release(&out);
}

static cJSON *json_estimate(struct estimate estimate)
{
    cJSON *out = cJSON_CreateObject();
    json_add_double(out, "median", estimate.median);
    json_add_double(out, "lower", estimate.lower);
    json_add_double(out, "upper", estimate.upper);
    return out;
}

static void json_judged(cJSON *out, struct estimate estimate, double limit)
{
    if (limit > 0) {
        json_add_double(out, "at_most", limit);
        cJSON_AddStringToObject(out, "verdict", judge(estimate, limit));
    }
}

static cJSON *json_kind(const struct bench *bench, const struct kind *kind)
{
    cJSON *out = cJSON_CreateObject(), *list;
    json_add_int64(out, "agents", (int64_t)kind->agents);
    cJSON_AddStringToObject(out, "agent", kind->light ? "light" : "usual");
    json_add_int64(out, "init_ms", kind->waits ? WAIT_MS : 0);
    list = cJSON_AddObjectToObject(out, "arms");
    for (int arm = 0; arm < ARMS; arm++) {
        cJSON *one, *samples;
        if (!kind->ms[arm])
            continue;
        one = json_estimate(series_estimate(kind->ms[arm], bench->micro->cycles));
        samples = cJSON_AddArrayToObject(one, "samples_ns");
        for (size_t i = 0; i < bench->micro->cycles; i++)
            cJSON_AddItemToArray(samples, cJSON_CreateNumber(round(kind->ms[arm][i] * 1e6)));
        if (kind->waits) {
            struct estimate late = series_estimate(kind->late[arm], bench->micro->cycles);
            cJSON *behind = json_estimate(late);
            json_judged(behind, late, LATE_AT_MOST);
            cJSON_AddItemToObject(one, "behind_slowest", behind);
        }
        cJSON_AddItemToObject(list, arms[arm].key, one);
    }
    list = cJSON_AddArrayToObject(out, "ratios");
    for (size_t r = 0; r < RATIOS && !kind->waits; r++) {
        struct estimate estimate = ratio_estimate(bench, kind, r);
        cJSON *one = json_estimate(estimate);
        cJSON_AddStringToObject(one, "of", arms[ratios[r].of].key);
        cJSON_AddStringToObject(one, "to", arms[ratios[r].to].key);
        json_judged(one, estimate, limit_of(kind, r));
        cJSON_AddItemToArray(list, one);
    }
    return out;
}

static void tell_json(const struct bench *bench)
{
    const struct micro *micro = bench->micro;
    cJSON *out = cJSON_CreateObject(), *list;
    char file_system[32];
    micro_file_system(file_system, micro->folder);
    cJSON_AddStringToObject(out, "schema", "spawnbench.ratios.v1");
    cJSON_AddStringToObject(out, "version", SPAWNBENCH_VERSION);
    json_add_int64(out, "rounds", (int64_t)micro->cycles);
    json_add_int64(out, "warmups", WARMUPS);
    json_add_int64(out, "seed", (int64_t)micro->seed);
    cJSON_AddBoolToObject(out, "rr", micro->rr);
    cJSON_AddStringToObject(out, "witness", micro->witness ? "on" : "off");
    cJSON_AddStringToObject(out, "file_system", file_system);
    cJSON_AddStringToObject(out, "sqlite_version", sqlite3_libversion());
    cJSON_AddStringToObject(out, "unit", "ms");
    json_add_double(out, "others_share", bench->others);
    list = cJSON_AddArrayToObject(out, "batches");
    for (size_t k = 0; k < bench->kind_count; k++)
        cJSON_AddItemToArray(list, json_kind(bench, &bench->kinds[k]));
    json_puts(out);
    cJSON_Delete(out);
}

int micro_ratios(const struct micro *micro, struct err *err)
{
    struct bench bench = {.micro = micro};
    int rc = measure_and_look_around(&bench, err);
    if (rc == 0)
        (micro->json ? tell_json : tell_text)(&bench);
    release(&bench);
    return rc;
}
