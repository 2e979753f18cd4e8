/* Do the audits slow the subject they look at? Two of the same, of which only one is audited.
 *
 * Both are the reference spawner, driven as in a measured run; in each round both spawn one batch,
 * in random order. After the batch of the one comes its audit, as the runner would make it
 * (runner/audits.h): quick, or full when the schedule's budget allows. What is compared is the
 * batch itself, pair by pair. */
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "audit/audit.h"
#include "audit/schedule.h"
#include "base/clock.h"
#include "base/text.h"
#include "cycle/cycle.h"
#include "judge/stats/stats.h"
#include "scenario/scenario.h"
#include "study/micro/micro.h"

#define WARMUPS     3
#define MOST_SLOWER 1.05 /* the audited batch against the other one */
#define MOST_WAL    (16 << 20)

enum { AUDITED, ALONE, SUBJECTS };

/* One mode, one batch size. */
struct pairing {
    const struct micro *micro;
    const char *mode;
    size_t agents;
    struct scenario scenario;
    struct cycle_subjects *run;
    struct cycle cycle;
    struct audit_watch *watch;
    struct audit_schedule schedule;
    struct audit_findings findings;
    double *spawn_ns[SUBJECTS], *quick_ns;
    size_t rounds, index, quick_count;
    int64_t wal_bytes[SUBJECTS]; /* the largest seen */
};

#define SUBJECT "[\"%s\", \"--mode\", \"%s\"]"

static char *scenario_of(const struct pairing *pairing)
{
    static const char scenario[] =
        "{\"name\": \"observer\", \"prompt\": \"ping\", \"consensus\": true, \"cycles\": 20,"
        " \"agents\": [{\"name\": \"agent\", \"command\": [\"%s\"], \"witness\": \"self\","
        "               \"times\": %zu}],"
        " \"arms\": [{\"name\": \"audited\", \"subject\": " SUBJECT "},"
        "            {\"name\": \"alone\", \"subject\": " SUBJECT "}]}";
    const struct micro *micro = pairing->micro;
    return text_format(scenario, micro->light_agent ? micro->light_agent : micro->agent,
                       pairing->agents, micro->reference, pairing->mode, micro->reference,
                       pairing->mode);
}

static int64_t wal_bytes_of(const char *database)
{
    char *name = text_format("%s-wal", database);
    struct stat about;
    int64_t bytes = stat(name, &about) == 0 ? (int64_t)about.st_size : 0;
    free(name);
    return bytes;
}

static int audit(struct pairing *pairing, struct err *err)
{
    const struct cycle *cycle = &pairing->cycle;
    struct audit_result result;
    enum audit_level level =
        audit_schedule_next(&pairing->schedule, cycle->finished_ns - cycle->sent_ns, false);
    audit_watch_cycle(pairing->watch, &pairing->findings, &pairing->scenario, cycle, level,
                      &result);
    if (level == AUDIT_FULL)
        audit_schedule_spent(&pairing->schedule, result.full_ns);
    else
        pairing->quick_ns[pairing->quick_count++] = (double)result.spent_ns;
    if (pairing->findings.count)
        return err_set(err, ERR_SUBJECT, "%s: %s", pairing->findings.items[0].rule->name,
                       pairing->findings.items[0].text);
    return 0;
}

static int batch(struct pairing *pairing, int which, size_t round, struct err *err)
{
    const struct plan_item item = {.pair = (int)round, .arm = (short)which};
    const struct cycle *cycle = &pairing->cycle;
    const char *database = cycle_database(pairing->run, (size_t)which);
    int64_t wal;
    if (cycle_spawn(pairing->run, pairing->index++, &item, &pairing->cycle, err) < 0)
        return -1;
    if (which == AUDITED && pairing->watch)
        audit_watch_spawned(pairing->watch, &pairing->findings, cycle);
    if (cycle_finish(pairing->run, &pairing->cycle, err) < 0)
        return -1;
    if (cycle->broke != CYCLE_WHOLE || cycle->outcome != CYCLE_READY || !database)
        return err_set(err, ERR_SUBJECT, "the subject failed: %s",
                       cycle->trouble ? cycle->trouble : "not every agent was ready");
    wal = wal_bytes_of(database);
    if (wal > pairing->wal_bytes[which])
        pairing->wal_bytes[which] = wal;
    if (round >= WARMUPS)
        pairing->spawn_ns[which][round - WARMUPS] = (double)cycle->spawn_time_ns;
    if (which == AUDITED && !pairing->watch)
        pairing->watch = audit_watch_new(database, "micro");
    return which == AUDITED ? audit(pairing, err) : 0;
}

static int all_rounds(struct pairing *pairing, struct err *err)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    int rc = 0;
    gsl_rng_set(random, pairing->micro->seed);
    for (size_t i = 0; i < pairing->rounds + WARMUPS && rc == 0; i++) {
        int first = (int)gsl_rng_uniform_int(random, SUBJECTS);
        rc = batch(pairing, first, i, err);
        if (rc == 0)
            rc = batch(pairing, ALONE - first, i, err);
    }
    gsl_rng_free(random);
    audit_watch_rest(pairing->watch);
    return rc;
}

static double median_ms(double values[], size_t n)
{
    stats_sort(values, n);
    return stats_quantile(values, n, 0.5) / 1e6;
}

static void tell(struct pairing *pairing, struct text *out)
{
    size_t n = pairing->rounds;
    double *ratios = xcalloc(n, sizeof *ratios), ratio;
    struct stats_bounds bounds;
    stats_ratios(ratios, pairing->spawn_ns[AUDITED], pairing->spawn_ns[ALONE], n);
    stats_sort(ratios, n);
    ratio = stats_quantile(ratios, n, 0.5);
    bounds = stats_median_bounds(ratios, n, 1, 0.025, 0.025);
    text_addf(out,
              "%s, %zu agents of 0 ms, %zu pairs\n"
              "  spawn time  audited %.3f ms, alone %.3f ms, audited / alone %.3f [%.3f .. %.3f]"
              " at 95 %% (goal: at most %.2f)\n"
              "  audits      %zu quick, p50 %.3f ms; %lld full, %.1f ms together, %.2f %% of the "
              "measured time\n"
              "  -wal        audited at most %.2f MiB, alone %.2f MiB (goal: at most %d MiB)\n",
              pairing->mode, pairing->agents, n, median_ms(pairing->spawn_ns[AUDITED], n),
              median_ms(pairing->spawn_ns[ALONE], n), ratio, bounds.lower, bounds.upper,
              MOST_SLOWER, pairing->quick_count,
              pairing->quick_count ? median_ms(pairing->quick_ns, pairing->quick_count) : NAN,
              (long long)pairing->schedule.full, (double)pairing->schedule.spent_ns / 1e6,
              100 * (double)pairing->schedule.spent_ns / (double)pairing->schedule.measured_ns,
              (double)pairing->wal_bytes[AUDITED] / (1 << 20),
              (double)pairing->wal_bytes[ALONE] / (1 << 20), MOST_WAL >> 20);
    free(ratios);
}

static void release(struct pairing *pairing)
{
    audit_watch_free(pairing->watch);
    cycle_close(pairing->run);
    cycle_release(&pairing->cycle);
    audit_findings_release(&pairing->findings);
    scenario_release(&pairing->scenario);
    for (int i = 0; i < SUBJECTS; i++)
        free(pairing->spawn_ns[i]);
    free(pairing->quick_ns);
}

static int pair_up(const struct micro *micro, const char *mode, size_t agents, struct text *out,
                   struct err *err)
{
    static const bool chosen[SUBJECTS] = {true, true};
    struct pairing pairing = {
        .micro = micro, .mode = mode, .agents = agents, .rounds = micro->cycles};
    char *folder = text_format("%s/%s-%zu", micro->folder, mode, agents);
    char *text = scenario_of(&pairing);
    struct cycle_options options = {.scenario = &pairing.scenario,
                                    .run_label = "micro",
                                    .folder = folder,
                                    .metrics_path = "/dev/null",
                                    .arm_chosen = chosen};
    int rc;
    for (int i = 0; i < SUBJECTS; i++)
        pairing.spawn_ns[i] = xcalloc(pairing.rounds, sizeof *pairing.spawn_ns[i]);
    pairing.quick_ns = xcalloc(pairing.rounds + WARMUPS, sizeof *pairing.quick_ns);
    rc = text_make_directories(folder, err);
    if (rc == 0)
        rc = scenario_parse(&pairing.scenario, text, strlen(text), err);
    if (rc == 0)
        rc = cycle_open(&pairing.run, &options, err);
    if (rc == 0)
        rc = all_rounds(&pairing, err);
    if (rc == 0)
        tell(&pairing, out);
    release(&pairing);
    free(folder);
    free(text);
    return rc;
}

int micro_observer(const struct micro *micro, struct err *err)
{
    static const char *const modes[] = {"sequential", "parallel"};
    int rc = 0;
    for (size_t mode = 0; mode < 2; mode++)
        for (size_t i = 0; i < micro->size_count && rc == 0; i++) {
            struct text out = {0};
            rc = pair_up(micro, modes[mode], micro->sizes[i], &out, err);
            if (rc == 0)
                fputs(out.data, stdout);
            fflush(stdout);
            text_release(&out);
        }
    return rc;
}
