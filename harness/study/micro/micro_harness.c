/* What does the harness itself cost: a cycle against a subject that does nothing, judging?
 *
 * A cycle sees to it that nothing of the subject is left, and ends every child it does not know.
 * The cycles therefore run in a process of their own, this program once more (--null-cycles), which
 * takes one sample per byte on its stdin. */
#include <fcntl.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "cycle/cycle.h"
#include "judge/stats/stats.h"
#include "scenario/scenario.h"
#include "study/micro/micro.h"

#define WORKER_PATIENCE_MS 20000

static const char scenario_text[] =
    "{\"name\": \"micro\", \"agents\": [{\"name\": \"agent\", \"times\": %zu,"
    "  \"command\": [\"{agent}\", \"--init\", \"45ms\"]}],"
    " \"arms\": [{\"name\": \"null\", \"subject\": [\"{null}\"]}], \"cycles\": 20}";

/* ---- cycles, in the process of their own ---- */

/* What the worker answers per byte, as bytes: both ends are this program. */
struct cycle_times {
    int64_t whole_ns, harness_ns, hygiene_ns;
};

static int serve_cycles(struct cycle_subjects *run, struct err *err)
{
    struct cycle cycle = {0};
    size_t index = 0;
    char byte;
    int rc = 0;
    while (rc == 0 && read(STDIN_FILENO, &byte, 1) == 1) {
        struct plan_item item = {.pair = (int)index, .block = 0};
        struct cycle_times times;
        int64_t from_ns = clock_now_ns();
        rc = cycle_run(run, index++, &item, &cycle, err);
        times = (struct cycle_times){clock_now_ns() - from_ns, cycle.harness_ns, cycle.hygiene_ns};
        if (rc == 0 && (cycle.broke != CYCLE_WHOLE || cycle.outcome != CYCLE_READY))
            rc = err_set(err, ERR_SUBJECT, "the null subject broke: %s",
                         cycle.trouble ? cycle.trouble : "not every agent was ready");
        if (rc == 0 && write(STDOUT_FILENO, &times, sizeof times) != (ssize_t)sizeof times)
            rc = err_system(err, "cannot answer");
    }
    cycle_release(&cycle);
    return rc;
}

int micro_null_cycles(const struct micro *micro, size_t agents, struct err *err)
{
    static const bool chosen[] = {true};
    struct scenario scenario = {0};
    struct cycle_options options = {.scenario = &scenario,
                                    .run_label = "micro",
                                    .folder = micro->folder,
                                    .metrics_path = "",
                                    .arm_chosen = chosen};
    struct cycle_subjects *run = NULL;
    char *text = text_format(scenario_text, agents);
    int rc = scenario_parse(&scenario, text, strlen(text), err);
    if (rc == 0)
        rc = cycle_open(&run, &options, err);
    if (rc == 0)
        rc = serve_cycles(run, err);
    cycle_close(run);
    scenario_release(&scenario);
    free(text);
    return rc;
}

/* One worker, made by the first sample of its case. */
struct cycles {
    const struct micro *micro;
    size_t agents;
    struct process worker;
    bool broken;
};

static struct cycles all_cycles[2];

static int start_worker(struct cycles *cycles, struct err *err)
{
    char count[32];
    const char *const argv[] = {"/proc/self/exe", "--null-cycles",       count,
                                "--folder",       cycles->micro->folder, NULL};
    snprintf(count, sizeof count, "%zu", cycles->agents);
    return process_start(&cycles->worker, argv, NULL, NULL, -1, err);
}

static int ask_worker(struct cycles *cycles, struct cycle_times *times, struct err *err)
{
    struct pollfd watch[] = {{cycles->worker.out, POLLIN, 0}, {interrupt_fd(), POLLIN, 0}};
    if (write(cycles->worker.in, "c", 1) != 1)
        return err_system(err, "cannot ask the process that runs cycles");
    poll(watch, 2, WORKER_PATIENCE_MS);
    if (!watch[0].revents ||
        read(cycles->worker.out, times, sizeof *times) != (ssize_t)sizeof *times)
        return err_set(err, ERR_UNFIT, "the process that runs cycles gave up (see its message)");
    return 0;
}

static void take_cycle(struct gbench *sample, void *context)
{
    struct cycles *cycles = context;
    struct cycle_times times = {0};
    struct err err = {0};
    if (!micro_go_on(sample))
        return;
    if (cycles->broken || (!cycles->worker.pid && start_worker(cycles, &err) < 0) ||
        ask_worker(cycles, &times, &err) < 0) {
        gbench_skip(sample, cycles->broken ? "its process gave up before" : err.text);
        cycles->broken = true;
        return;
    }
    gbench_time(sample, times.whole_ns);
    gbench_counter(sample, "harness_us", (double)times.harness_ns / 1e3);
    gbench_counter(sample, "hygiene_us", (double)times.hygiene_ns / 1e3);
}

/* ---- judging ---- */

struct series {
    size_t n;
    double *drawn, *work; /* log-normal, as spawn times are; made by the first sample */
};

static struct series all_series[2] = {{.n = 1000}, {.n = 100000}};

static void draw_series(struct series *series)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    series->drawn = xcalloc(series->n, sizeof series->drawn[0]);
    series->work = xcalloc(series->n, sizeof series->work[0]);
    for (size_t i = 0; i < series->n; i++)
        series->drawn[i] = gsl_ran_lognormal(random, 17, 0.2);
    gsl_rng_free(random);
}

static volatile double sink; /* what nobody reads the compiler would leave out */

/* Everything a report asks of one series: order, summary, bounds of p95, the test of a claim. */
static void take_stats(struct gbench *sample, void *context)
{
    struct series *series = context;
    struct stats_summary summary;
    struct stats_bounds bounds;
    int64_t from_ns;
    double p;
    if (!micro_go_on(sample))
        return;
    if (!series->drawn)
        draw_series(series);
    memcpy(series->work, series->drawn, series->n * sizeof series->work[0]);
    from_ns = clock_now_ns();
    stats_sort(series->work, series->n);
    summary = stats_summarise(series->work, series->n);
    bounds = stats_quantile_bounds(series->work, series->n, 0.95, 1, 0.05, 0.05);
    p = stats_p_support(series->n / 40, series->n, 0.95, 1);
    gbench_time(sample, clock_now_ns() - from_ns);
    sink = summary.p95 + bounds.upper + p;
}

void micro_harness_register(const struct micro *micro)
{
    static const size_t agents[] = {3, 100};
    for (size_t i = 0; i < 2; i++) {
        all_cycles[i] = (struct cycles){.micro = micro, .agents = agents[i]};
        micro_add(micro, take_cycle, &all_cycles[i], 30, GBENCH_US, "harness/null-cycle/%zu",
                  agents[i]);
    }
    for (size_t i = 0; i < 2; i++)
        micro_add(micro, take_stats, &all_series[i], 30, GBENCH_US, "harness/judge/stats/%zu",
                  all_series[i].n);
}

/* End of its stdin ends a worker, which then closes its subject. */
static void end_worker(struct cycles *cycles)
{
    if (!cycles->worker.pid)
        return;
    close(cycles->worker.in);
    cycles->worker.in = -1;
    if (!process_wait(&cycles->worker, clock_now_ns() + 5 * CLOCK_NS_PER_S, NULL))
        process_end(&cycles->worker, CLOCK_NS_PER_S, NULL);
}

void micro_harness_release(void)
{
    for (size_t i = 0; i < 2; i++) {
        end_worker(&all_cycles[i]);
        free(all_series[i].drawn);
        free(all_series[i].work);
    }
}
