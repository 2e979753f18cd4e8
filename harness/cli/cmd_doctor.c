/* spawnbench doctor: is this machine fit to measure, and how fine a difference can it resolve? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "cli/pages.h"
#include "cycle/cycle.h"

struct asked {
    struct calibrate_how calibrate;
    bool calibrating, detailed, json, forced, quiet;
};

enum { KEY_SITTINGS = 256, KEY_PAIRS, KEY_PAUSE, KEY_MAX_TIME, KEY_ARM, KEY_SEED, KEY_FORCE };

static const struct argp_option options[] = {
    {"json", CLI_FLAG(json), NULL, 0, "one JSON document on stdout (schema spawnbench.doctor.v1)",
     0},
    {"results", CLI_WORD(calibrate.runner.results), "DIR", 0,
     "where results are kept (default: results)", 0},
    {"calibrate", CLI_FLAG(calibrating), NULL, 0,
     "measure the noise too: an arm against itself, with real processes, judged as the gate "
     "judges; stored, and held against the gate's tolerance",
     1},
    {"sittings", KEY_SITTINGS, "M", 0, "(calibrate) sittings, 5 or more (default: 20)", 1},
    {"pairs", KEY_PAIRS, "N", 0, "(calibrate) pairs of each sitting (default: 100)", 1},
    {"pause", KEY_PAUSE, "TIME", 0, "(calibrate) between sittings (default: 2s)", 1},
    {"max-time", KEY_MAX_TIME, "TIME", 0,
     "(calibrate) begin no sitting that would end after it (default: 10m)", 1},
    {"arm", KEY_ARM, "NAME", 0, "(calibrate) the arm of SCENARIO (default: the one it claims)", 1},
    {"seed", KEY_SEED, "N", 0, "(calibrate) of the order within pairs (default: from the clock)",
     1},
    {"force", KEY_FORCE, NULL, 0, "(calibrate) on a machine that is unfit, too; it is marked", 1},
    {"quiet", 'q', NULL, 0, "no progress", 0},
    {0}};

static int64_t duration(const struct argp_state *state, const char *option, const char *text)
{
    int64_t ns = 0;
    if (text_parse_duration(&ns, text) < 0)
        argp_error(state, "--%s %s: expected a time with its unit, such as 2s or 10m", option,
                   text);
    return ns;
}

static error_t take_calibrate(int key, char *argument, const struct argp_state *state)
{
    struct asked *asked = state->input;
    struct calibrate_how *calibrate = &asked->calibrate;
    switch (key) {
    case KEY_SITTINGS:
        calibrate->sittings =
            (int)cli_number(state, "sittings", argument, CALIBRATION_LEAST_SITTINGS, 10000);
        break;
    case KEY_PAIRS:
        calibrate->pairs = (int)cli_number(state, "pairs", argument, 10, 100000);
        break;
    case KEY_PAUSE:
        calibrate->pause_ns = duration(state, "pause", argument);
        break;
    case KEY_MAX_TIME:
        calibrate->most_ns = duration(state, "max-time", argument);
        break;
    case KEY_ARM:
        calibrate->arm = argument;
        break;
    case KEY_SEED:
        calibrate->runner.seed = (uint64_t)cli_number(state, "seed", argument, 1, INT32_MAX);
        break;
    case KEY_FORCE:
        asked->forced = true;
        break;
    default:
        return cli_take(key, argument, state);
    }
    asked->detailed = true;
    return 0;
}

static error_t take(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case 'q':
        asked->quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        cli_take_one(&asked->calibrate.runner.path, "SCENARIO", argument, state);
        return 0;
    case ARGP_KEY_END:
        if ((asked->detailed || asked->calibrate.runner.path) && !asked->calibrating)
            argp_error(state, "a SCENARIO and the options of a calibration go with --calibrate");
        return 0;
    default:
        return take_calibrate(key, argument, state);
    }
}

/* ---- what is stored ---- */

/* The newest calibration of each scenario; documents come oldest first. */
struct shelf {
    const char *machine;
    struct calibration *latest;
    size_t count, elsewhere, damaged;
};

static int take_document(void *context, const struct results_document *document)
{
    struct shelf *shelf = context;
    struct calibration fresh;
    size_t i = 0;
    if (calibration_read(&fresh, document->text, NULL) < 0) {
        shelf->damaged++;
        return 0;
    }
    if (strcmp(fresh.machine, shelf->machine) != 0) {
        shelf->elsewhere++;
        calibration_release(&fresh);
        return 0;
    }
    while (i < shelf->count && strcmp(shelf->latest[i].scenario, fresh.scenario) != 0)
        i++;
    if (i == shelf->count)
        shelf->latest = xrealloc(shelf->latest, ++shelf->count, sizeof *shelf->latest);
    else
        calibration_release(&shelf->latest[i]);
    shelf->latest[i] = fresh;
    return 0;
}

/* No store is no error: nothing has been measured here yet. */
static int load_shelf(struct shelf *shelf, const char *results, struct err *err)
{
    char *path = results_path(results);
    struct results *store = NULL;
    int rc = 0;
    if (access(path, F_OK) == 0) {
        rc = results_open(&store, path, RESULTS_READ, err);
        if (rc == 0)
            rc = results_each_document(store, RESULTS_CALIBRATION, take_document, shelf, err);
    }
    results_close(store);
    free(path);
    if (rc == 0 && shelf->damaged)
        fprintf(stderr, "spawnbench: doctor: %zu stored calibrations cannot be read\n",
                shelf->damaged);
    return rc;
}

static void release_shelf(struct shelf *shelf)
{
    for (size_t i = 0; i < shelf->count; i++)
        calibration_release(&shelf->latest[i]);
    free(shelf->latest);
}

/* ---- the visit ---- */

static void tell_progress(void *context, int done, int64_t left_ns)
{
    const struct asked *asked = context;
    fprintf(stderr, "\rsitting %d of %d", done + 1, asked->calibrate.sittings);
    if (done)
        fprintf(stderr, ", some %.0f s left   ", (double)left_ns / 1e9);
}

/* The sittings themselves are quiet; what ended them is told. */
static int run_sittings(struct asked *asked, struct calibration *made)
{
    struct cli_watcher watcher = {.quiet = true};
    struct calibrate_how *how = &asked->calibrate;
    bool shown = !asked->quiet && isatty(STDERR_FILENO);
    struct calibrate_end end;
    char option[RESULTS_OPTION_BYTES];
    struct err err = {0};
    int rc;
    how->runner.observer = cli_observer(&watcher);
    how->each = shown ? tell_progress : NULL;
    how->context = asked;
    rc = calibrate_run(made, how, &end, &err);
    if (shown)
        fprintf(stderr, "\r%50s\r", "");
    if (end.late)
        fprintf(stderr, "spawnbench: doctor: --max-time is over after %d of %d sittings\n",
                end.sittings, how->sittings);
    if (end.code == 4)
        fprintf(stderr,
                "spawnbench: doctor: run %lld has findings: mend that first (spawnbench show "
                "%lld%s)\n",
                (long long)end.run, (long long)end.run,
                results_option_in(option, how->runner.results));
    return rc < 0 ? cli_fail("doctor", &err) : end.code;
}

static int calibrate(struct asked *asked, struct cli_visit *visit, struct calibration *made)
{
    int code;
    made->fit = doctor_worst(visit->found) != DOCTOR_UNFIT;
    snprintf(made->machine, sizeof made->machine, "%s", visit->machine);
    if (!made->fit && !asked->forced) {
        fprintf(stderr,
                "spawnbench: doctor: an unfit machine is not calibrated: it would say how noisy "
                "this hour is (remedy: see above, or --force)\n");
        return 5;
    }
    interrupt_catch();
    code = run_sittings(asked, made);
    if (code == 0)
        visit->made = made;
    return code;
}

static int visit_machine(struct asked *asked, const char *environment,
                         const struct scenario_machine *machine)
{
    const struct doctor_places places = {.results = asked->calibrate.runner.results,
                                         .environment = environment};
    struct shelf shelf = {.machine = machine->id};
    struct doctor_examination found = {0};
    struct calibration made = {0};
    struct cli_visit visit = {
        .machine = machine->id, .results = asked->calibrate.runner.results, .found = &found};
    struct err err = {0};
    int code = 0;
    if (load_shelf(&shelf, asked->calibrate.runner.results, &err) < 0)
        return cli_fail("doctor", &err);
    doctor_examine(&found, &places);
    visit.latest = shelf.latest;
    visit.latest_count = shelf.count;
    visit.elsewhere = shelf.elsewhere;
    if (!asked->json) {
        cli_doctor_tell(&visit);
        fflush(stdout);
    }
    if (asked->calibrating)
        code = calibrate(asked, &visit, &made);
    else if (doctor_worst(&found) == DOCTOR_UNFIT)
        code = 5;
    if (asked->json)
        cli_doctor_tell_json(&visit);
    else if (visit.made)
        cli_doctor_tell_made(visit.made);
    calibration_release(&made);
    doctor_release(&found);
    release_shelf(&shelf);
    return code;
}

int cmd_doctor(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .args_doc = "\n--calibrate [SCENARIO]",
        .doc =
            "Is this machine fit to measure? Clock, timer, load, steal, pressure, throttling, "
            "cores, frequency, memory, limits, how trees of processes are held, the disk of the "
            "results, SQLite, and the programs "
            "that are needed; each with what was found and what to do about it. With --calibrate: "
            "how fine a difference can it resolve? A short scenario of its own, or one arm of "
            "SCENARIO, is measured against itself.\vExit status: 0 fit (warnings do not change "
            "that), calibrated; 2 bad input, 4 a run of the calibration has findings, 5 unfit or "
            "could not be calibrated, 128+n ended by signal n."};
    struct asked asked = {.calibrate = {.runner = {.results = "results"},
                                        .sittings = 20,
                                        .pairs = 100,
                                        .pause_ns = 2 * CLOCK_NS_PER_S,
                                        .most_ns = 600 * CLOCK_NS_PER_S}};
    struct scenario_machine machine;
    struct err err = {0};
    char *environment, *command = cli_join_words(argc, argv);
    int code;
    argp_parse(&argp, argc, argv, 0, NULL, &asked);
    asked.calibrate.runner.command = command;
    if (!asked.calibrate.runner.seed)
        asked.calibrate.runner.seed = cli_seed(INT32_MAX);
    /* the class names the file system of the results: there must be one; where there cannot be,
     * the examination says so */
    text_make_directories(asked.calibrate.runner.results, NULL);
    environment = cycle_host_describe(asked.calibrate.runner.results, results_engine());
    if (scenario_machine_read(&machine, environment, &err) < 0)
        code = cli_fail("doctor", &err);
    else
        code = visit_machine(&asked, environment, &machine);
    free(environment);
    free(command);
    return cli_check_stdout("doctor", code);
}
