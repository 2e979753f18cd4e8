/* How are hundreds of real gates asked one after the other, without losing any,
 * and how long will it take? */
#include "study/trials/real.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/process.h"
#include "cycle/cycle.h"
#include "results/results.h"
#include "study/trials/one_gate.h"

/* two times so many cycles measure the spawn time before anything is planted */
#define BASE_PAIRS 50

/* Measuring under way. */
struct session {
    struct real_results *results;
    const struct real_request *request;
    char *program, *folder;
    struct scenario_machine machine;
    int64_t base_ns;
    double seconds_per_pair, seconds_at_once; /* of a gate: with its pairs, and before them */
    bool terminal;
};

/* ---- what is wanted ---- */

static bool is_wanted(const struct session *session, size_t k)
{
    const char *only = session->request->only;
    return !only || strcmp(only, real_kinds[k].name) == 0;
}

static size_t wanted(const struct session *session, size_t k)
{
    size_t gates = session->request->gates ? session->request->gates : real_kinds[k].gates;
    size_t have = session->results->series[k].count;
    return is_wanted(session, k) && gates > have ? gates - have : 0;
}

/* What is planted depends on the spawn time, and who looks on wants to know how long it takes. */
static bool is_base_wanted(const struct session *session)
{
    for (size_t k = 0; k < REAL_KINDS; k++)
        if (wanted(session, k) && (session->terminal || !real_kinds[k].as_it_is))
            return true;
    return false;
}

static double seconds_left(const struct session *session)
{
    double sum = 0;
    for (size_t k = 0; k < REAL_KINDS; k++)
        sum += (double)wanted(session, k) *
               (session->seconds_at_once +
                (double)real_kinds[k].expected_pairs * session->seconds_per_pair);
    return sum;
}

/* ---- one gate ---- */

static struct ask ask_of(const struct session *session, const struct real_kind *kind)
{
    return (struct ask){.program = session->program,
                        .folder = session->folder,
                        .kind = kind,
                        .init_ns = session->request->init_ns,
                        .most_pairs = kind->most_pairs,
                        .seed = session->request->seed};
}

/* Two gates of different length tell what a pair takes, and what a gate takes besides. */
static int measure_base(struct session *session, struct err *err)
{
    static const struct real_kind base = {.name = "base", .tolerance = 0.05, .quantile = 0.5};
    struct ask ask = ask_of(session, &base);
    struct asked few, many;
    ask.most_pairs = 5;
    if (ask_gate(&few, &ask, err) < 0)
        return err_wrap(err, "before anything is planted");
    ask.most_pairs = BASE_PAIRS;
    if (ask_gate(&many, &ask, err) < 0)
        return err_wrap(err, "before anything is planted");
    session->base_ns = (many.baseline_ns + many.candidate_ns) / 2;
    session->seconds_per_pair = fmax(0, many.gate.seconds - few.gate.seconds) / (BASE_PAIRS - 5);
    session->seconds_at_once = fmax(0, few.gate.seconds - 5 * session->seconds_per_pair);
    return 0;
}

static void note_date(char out[16])
{
    time_t now = time(NULL);
    struct tm parts;
    gmtime_r(&now, &parts);
    strftime(out, 16, "%Y-%m-%d", &parts);
}

static void begin_series(struct session *session, size_t k)
{
    struct real_series *series = &session->results->series[k];
    const struct real_kind *kind = &real_kinds[k];
    double load = NAN;
    *series = (struct real_series){.init_ns = session->request->init_ns,
                                   .seed = session->request->seed + 1000 * k,
                                   .machine = session->machine,
                                   .command = xstrdup(session->request->command)};
    if (getloadavg(&load, 1) == 1)
        series->load = load;
    if (!kind->as_it_is)
        series->base_ns = session->base_ns;
    series->planted_ns = llround(kind->change * (double)session->base_ns);
}

/* Figures of two machines, or of two lengths of agents, are no series. */
static int check_series(const struct session *session, size_t k, struct err *err)
{
    const struct real_series *series = &session->results->series[k];
    struct text differences = {0};
    int rc = 0;
    if (series->count == 0 || wanted(session, k) == 0)
        return 0;
    if (scenario_machine_compare(&differences, &series->machine, &session->machine))
        rc = err_set(err, ERR_UNFIT, "'%s' was begun on another machine: add --anew (%s)",
                     real_kinds[k].name, differences.data);
    else if (series->init_ns != session->request->init_ns)
        rc = err_set(err, ERR_UNFIT, "'%s' was begun with agents of %lld ns: add --anew, or --init",
                     real_kinds[k].name, (long long)series->init_ns);
    text_release(&differences);
    return rc;
}

static void show(const struct session *session, size_t k)
{
    const struct real_series *series = &session->results->series[k];
    if (session->terminal)
        fprintf(stderr,
                "\r\033[K%s: %zu of %zu gates, %zu regression, %zu no regression; about "
                "%.0f min left",
                real_kinds[k].name, series->count, series->count + wanted(session, k),
                real_count(series, "regression"), real_count(series, "no regression"),
                ceil(seconds_left(session) / 60));
}

static int next_gate(struct session *session, size_t k, struct err *err)
{
    struct real_series *series = &session->results->series[k];
    struct ask ask = ask_of(session, &real_kinds[k]);
    struct asked asked;
    ask.planted_ns = series->planted_ns;
    ask.seed = series->seed + series->count;
    if (ask_gate(&asked, &ask, err) < 0)
        return err_wrap(err, "gate %zu of '%s'", series->count + 1, real_kinds[k].name);
    series->gates = xrealloc(series->gates, series->count + 1, sizeof *series->gates);
    series->gates[series->count++] = asked.gate;
    note_date(series->date);
    if (real_save(session->results, session->request->path, err) < 0)
        return -1;
    show(session, k);
    if (interrupt_seen())
        return err_set(err, ERR_INTERRUPTED, "interrupted; what was measured is in '%s'",
                       session->request->path);
    return 0;
}

static int measure_kind(struct session *session, size_t k, struct err *err)
{
    if (wanted(session, k) == 0)
        return 0;
    if (session->results->series[k].count == 0)
        begin_series(session, k);
    while (wanted(session, k))
        if (next_gate(session, k, err) < 0)
            return -1;
    return 0;
}

/* ---- all of them ---- */

static void forget(struct session *session)
{
    for (size_t k = 0; k < REAL_KINDS; k++) {
        struct real_series *series = &session->results->series[k];
        if (!is_wanted(session, k))
            continue;
        free(series->gates);
        free(series->command);
        *series = (struct real_series){0};
    }
}

static int set_up(struct session *session, struct err *err)
{
    const char *path = session->request->path, *slash = strrchr(path, '/');
    char *environment = NULL;
    int rc = -1;
    session->program = process_find_beside_self("spawnbench");
    session->folder =
        text_format("%.*sruns", slash ? (int)(slash + 1 - path) : 0, slash ? path : "");
    if (!session->program)
        err_set(err, ERR_UNFIT, "spawnbench does not lie beside this program: build it first");
    else if (text_make_directories(session->folder, err) == 0) {
        environment = cycle_host_describe(session->folder, results_engine());
        rc = scenario_machine_read(&session->machine, environment, err);
    }
    free(environment);
    return rc;
}

int real_measure(struct real_results *results, const struct real_request *request, struct err *err)
{
    struct session session = {
        .results = results, .request = request, .terminal = isatty(STDERR_FILENO)};
    int rc = set_up(&session, err);
    if (rc == 0 && request->anew)
        forget(&session);
    for (size_t k = 0; rc == 0 && k < REAL_KINDS; k++)
        rc = check_series(&session, k, err);
    if (rc == 0 && is_base_wanted(&session))
        rc = measure_base(&session, err);
    if (rc == 0 && session.terminal && session.base_ns)
        fprintf(stderr, "spawn time %.3f ms; about %.0f min\n", (double)session.base_ns / 1e6,
                ceil(seconds_left(&session) / 60));
    for (size_t k = 0; rc == 0 && k < REAL_KINDS; k++)
        rc = measure_kind(&session, k, err);
    if (session.terminal)
        fprintf(stderr, "\r\033[K");
    free(session.program);
    free(session.folder);
    return rc;
}
