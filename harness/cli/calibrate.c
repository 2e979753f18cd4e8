/* How fine a difference can this machine resolve? The same arm against itself, sitting by sitting.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "cli/doctor.h"
#include "gate/derive.h"
#include "gate/pairs.h"

/* Short agents: what is calibrated is the machine and the spawner, not how long agents sleep. */
static const char usual[] =
    "{\"name\": \"doctor\", \"about\": \"three agents that are ready after 5 ms\",\n"
    " \"agents\": [{\"name\": \"short\", \"command\": [\"{agent}\", \"--init\", \"5ms\"],"
    " \"times\": 3}],\n"
    " \"arms\": [{\"name\": \"parallel\", \"subject\": [\"{reference}\", \"--mode\","
    " \"parallel\"]}],\n"
    " \"cycles\": 100, \"warmup\": 5, \"deadline\": \"5s\", \"durability\": \"full\",\n"
    " \"claims\": [{\"id\": \"integrity\", \"corruption\": \"none\"}]}\n";

/* One calibration under way. */
struct course {
    const struct cli_calibrate *how;
    struct calibration *out;
    struct scenario derived;
    char *results; /* absolute */
    int64_t begun_ns, longest_ns;
    int done;
};

static int load_scenario(struct scenario *out, const struct cli_calibrate *how, struct err *err)
{
    return how->path ? scenario_load(out, how->path, err)
                     : scenario_parse(out, usual, strlen(usual), err);
}

/* The arm against itself: baseline and candidate are the same words. */
static int derive(struct course *course, struct err *err)
{
    const struct cli_calibrate *how = course->how;
    const int looks[] = {how->pairs};
    struct scenario scenario = {0};
    size_t arm;
    int rc = -1;
    if (load_scenario(&scenario, how, err) == 0 &&
        gate_pick_arm(&arm, &scenario, how->arm, err) == 0)
        rc = gate_derive(&course->derived, &scenario, arm, scenario.arms[arm].subject, looks, 1,
                         err);
    if (rc == 0) {
        course->out->scenario = xstrdup(scenario.name);
        course->out->arm = xstrdup(scenario.arms[arm].name);
    }
    scenario_release(&scenario);
    return rc;
}

/* ---- what a sitting says ---- */

static struct gate_asked everything(int pairs)
{
    struct gate_asked asked = {.quantiles = {0.5, 0.95},
                               .quantile_count = 2,
                               .tolerance = GATE_TOLERANCE,
                               .alpha = GATE_ALPHA,
                               .power = GATE_POWER,
                               .looks = {pairs},
                               .look_count = 1};
    for (int i = 0; i < SCENARIO_METRICS; i++)
        asked.metrics[asked.metric_count++] = (enum scenario_metric)i;
    return asked;
}

/* Spawn times of the pair under way; 0: not known. */
struct positions {
    int64_t first_ns, second_ns;
    int pair, value;
    size_t slower, compared;
};

static int take_position(void *context, const struct store_cycle *cycle)
{
    struct positions *positions = context;
    if (cycle->warmup || cycle->spawn_time_ns < 0)
        return 0;
    if (cycle->pair != positions->pair || cycle->value != positions->value) {
        positions->pair = cycle->pair;
        positions->value = cycle->value;
        positions->first_ns = positions->second_ns = 0;
    }
    *(cycle->place == 0 ? &positions->first_ns : &positions->second_ns) = cycle->spawn_time_ns;
    if (positions->first_ns && positions->second_ns &&
        positions->first_ns != positions->second_ns) {
        positions->slower += positions->first_ns > positions->second_ns;
        positions->compared++;
    }
    return 0;
}

static int read_sitting(struct course *course, struct store *store, int64_t run, struct err *err)
{
    const struct gate_asked asked = everything(course->how->pairs);
    struct positions positions = {.pair = -1};
    struct gate_pairs pairs;
    if (gate_pairs_load(&pairs, &asked, &course->derived, store, run, 0, 1, err) < 0)
        return -1;
    for (size_t i = 0; i < pairs.count; i++)
        calibration_add(course->out, pairs.places[i].metric, pairs.places[i].batch_size,
                        &pairs.metrics[i]);
    gate_pairs_release(&pairs);
    if (store_each_cycle(store, run, take_position, &positions, err) < 0)
        return -1;
    course->out->first_slower += positions.slower;
    course->out->positions += positions.compared;
    return 0;
}

static int take_sitting(struct course *course, int64_t run, struct err *err)
{
    char *path = cli_store_path(course->results);
    struct store *store = NULL;
    int rc = store_open(&store, path, false, err);
    if (rc == 0)
        rc = read_sitting(course, store, run, err);
    store_close(store);
    free(path);
    return rc;
}

/* ---- the course ---- */

/* A signal ends the pause, and whoever waits for it looks. */
static void pause_for(int64_t ns)
{
    int64_t until_ns = clock_now_ns() + ns;
    struct timespec until = {.tv_sec = until_ns / CLOCK_NS_PER_S,
                             .tv_nsec = until_ns % CLOCK_NS_PER_S};
    while (!interrupt_seen() &&
           clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        continue;
}

static void tell_progress(const struct course *course)
{
    const struct cli_calibrate *how = course->how;
    int left = how->sittings - course->done;
    if (how->quiet || !isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\rsitting %d of %d", course->done + 1, how->sittings);
    if (course->done)
        fprintf(stderr, ", some %.0f s left   ",
                (double)(course->longest_ns + how->pause_ns) * left / 1e9);
}

static bool has_time(const struct course *course)
{
    int64_t spent_ns = clock_now_ns() - course->begun_ns;
    return spent_ns + course->how->pause_ns + course->longest_ns <= course->how->most_ns;
}

/* returns an exit code; 0 goes on */
static int one_sitting(struct course *course)
{
    const struct runner_options how = {.scenario = &course->derived,
                                       .results = course->results,
                                       .path = course->how->path ? course->how->path : "built in",
                                       .command = course->how->command,
                                       .seed = course->how->seed + (uint64_t)course->done};
    struct err err = {0};
    int64_t run = 0, from_ns = clock_now_ns(), took_ns;
    int code = cli_measure(&how, "doctor", true, &run);
    if (code == 4)
        fprintf(stderr,
                "spawnbench: doctor: run %lld has findings: mend that first (spawnbench show "
                "%lld)\n",
                (long long)run, (long long)run);
    if (code)
        return code;
    if (take_sitting(course, run, &err) < 0)
        return cli_fail("doctor", &err);
    took_ns = clock_now_ns() - from_ns;
    course->longest_ns = took_ns > course->longest_ns ? took_ns : course->longest_ns;
    course->done++;
    return 0;
}

static int all_sittings(struct course *course)
{
    const struct cli_calibrate *how = course->how;
    int code = 0;
    course->begun_ns = clock_now_ns();
    while (code == 0 && course->done < how->sittings) {
        if (course->done && !has_time(course)) {
            fprintf(stderr, "spawnbench: doctor: --max-time is over after %d of %d sittings\n",
                    course->done, how->sittings);
            break;
        }
        tell_progress(course);
        if (course->done)
            pause_for(how->pause_ns);
        code = interrupt_seen() ? 128 + interrupt_seen() : one_sitting(course);
    }
    if (!how->quiet && isatty(STDERR_FILENO))
        fprintf(stderr, "\r%50s\r", "");
    return code;
}

static int keep(const struct course *course, struct err *err)
{
    char *path = cli_store_path(course->results), *text = calibration_write(course->out);
    char *name = text_format("%s/%s", course->out->machine, course->out->scenario);
    struct store *store = NULL;
    int rc = store_open(&store, path, true, err);
    if (rc == 0)
        rc = store_document_put(
            store, &(struct store_document){.kind = STORE_CALIBRATION, .name = name, .text = text},
            err);
    store_close(store);
    free(path);
    free(text);
    free(name);
    return rc;
}

int cli_calibrate(const struct cli_calibrate *how, struct calibration *out)
{
    struct course course = {.how = how, .out = out};
    struct err err = {0};
    int code = 0;
    if (derive(&course, &err) < 0 ||
        runner_settle_results(course.how->results, &course.results, &err) < 0)
        code = cli_fail("doctor", &err);
    if (code == 0)
        code = all_sittings(&course);
    out->pairs = (size_t)how->pairs;
    out->sittings = (size_t)course.done;
    out->made_wall_ns = clock_wall_ns();
    if (code == 0 && (calibration_finish(out, &err) < 0 || keep(&course, &err) < 0))
        code = cli_fail("doctor", &err);
    scenario_release(&course.derived);
    free(course.results);
    if (code)
        calibration_release(out);
    return code;
}
