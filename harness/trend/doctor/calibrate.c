/* How fine a difference can this machine resolve? The same arm against itself, sitting by
 * sitting. */
#include "trend/doctor/calibration.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "trend/gate/gating.h"

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
    const struct calibrate_how *how;
    struct calibration *out;
    struct scenario derived;
    char *results; /* absolute */
    int64_t begun_ns, longest_ns;
    struct calibrate_end *end;
};

static int load_scenario(struct scenario *out, const struct calibrate_how *how, struct err *err)
{
    return how->runner.path ? scenario_load(out, how->runner.path, err)
                            : scenario_parse(out, usual, strlen(usual), err);
}

/* The arm against itself: baseline and candidate are the same words. */
static int derive(struct course *course, struct err *err)
{
    const struct calibrate_how *how = course->how;
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

static int take_position(void *context, const struct results_cycle *cycle)
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

static int read_sitting(struct course *course, struct results *store, int64_t run, struct err *err)
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
    if (results_each_cycle(store, run, take_position, &positions, err) < 0)
        return -1;
    course->out->first_slower += positions.slower;
    course->out->positions += positions.compared;
    return 0;
}

static int take_sitting(struct course *course, int64_t run, struct err *err)
{
    struct results *store = NULL;
    int rc = results_open_in(&store, course->results, RESULTS_READ, err);
    if (rc == 0)
        rc = read_sitting(course, store, run, err);
    results_close(store);
    return rc;
}

/* ---- the course ---- */

static void tell_progress(const struct course *course)
{
    const struct calibrate_how *how = course->how;
    int done = course->end->sittings;
    if (how->each)
        how->each(how->context, done,
                  (course->longest_ns + how->pause_ns) * (how->sittings - done));
}

static bool has_time(const struct course *course)
{
    int64_t spent_ns = clock_now_ns() - course->begun_ns;
    return spent_ns + course->how->pause_ns + course->longest_ns <= course->how->most_ns;
}

static int one_sitting(struct course *course, struct err *err)
{
    struct runner_options options = course->how->runner;
    struct runner_outcome outcome;
    int64_t from_ns = clock_now_ns(), took_ns;
    options.scenario = &course->derived;
    options.results = course->results;
    options.path = options.path ? options.path : "built in";
    options.seed += (uint64_t)course->end->sittings;
    if (runner_go(&outcome, &options, err) < 0)
        return -1;
    /* few pairs bound the rate of findings badly, which is no matter here: 3 */
    course->end->code = outcome.code == 3 ? 0 : outcome.code;
    course->end->run = outcome.run;
    if (course->end->code)
        return 0;
    if (take_sitting(course, outcome.run, err) < 0)
        return -1;
    took_ns = clock_now_ns() - from_ns;
    course->longest_ns = took_ns > course->longest_ns ? took_ns : course->longest_ns;
    course->end->sittings++;
    return 0;
}

static int all_sittings(struct course *course, struct err *err)
{
    struct calibrate_end *end = course->end;
    course->begun_ns = clock_now_ns();
    while (end->code == 0 && end->sittings < course->how->sittings) {
        end->late = end->sittings && !has_time(course);
        if (end->late)
            break;
        tell_progress(course);
        if (end->sittings)
            interrupt_sleep_until(clock_now_ns() + course->how->pause_ns);
        if (interrupt_seen())
            end->code = 128 + interrupt_seen();
        else if (one_sitting(course, err) < 0)
            return -1;
    }
    return 0;
}

static int keep(const struct course *course, struct err *err)
{
    char *text = calibration_write(course->out);
    char *name = text_format("%s/%s", course->out->machine, course->out->scenario);
    struct results *store = NULL;
    int rc = results_open_in(&store, course->results, RESULTS_MAKE, err);
    if (rc == 0)
        rc = results_document_put(
            store,
            &(struct results_document){.kind = RESULTS_CALIBRATION, .name = name, .text = text},
            err);
    results_close(store);
    free(text);
    free(name);
    return rc;
}

int calibrate_run(struct calibration *out, const struct calibrate_how *how,
                  struct calibrate_end *end, struct err *err)
{
    struct course course = {.how = how, .out = out, .end = end};
    int rc = -1;
    *end = (struct calibrate_end){0};
    if (derive(&course, err) == 0 &&
        runner_settle_results(how->runner.results, &course.results, err) == 0)
        rc = all_sittings(&course, err);
    out->pairs = (size_t)how->pairs;
    out->sittings = (size_t)end->sittings;
    out->made_wall_ns = clock_wall_ns();
    if (rc == 0 && end->code == 0 && (calibration_finish(out, err) < 0 || keep(&course, err) < 0))
        rc = -1;
    scenario_release(&course.derived);
    free(course.results);
    if (rc < 0 || end->code)
        calibration_release(out);
    return rc;
}
