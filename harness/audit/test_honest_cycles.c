/* Is the audit silent about honest cycles of the reference spawner, in both of its modes, at every
 * level? A number on the command line: that many cycles of each mode instead of a few. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit/audit.h"
#include "audit/schedule.h"
#include "base/text.h"
#include "cycle/cycle.h"

#define FEW  40
#define ARMS 2

static long cycles = FEW;

#define ONE(name)                                                                                  \
    "{\"name\": \"" name "\", \"command\": [\"" BINARY_DIR                                         \
    "/spawnref-agent\"], \"witness\": \"self\", \"ready\": {\"by\": \"fd\"}}"

static const char scenario_text[] =
    "{\"name\": \"honest\", \"prompt\": \"ping\", \"consensus\": true, \"deadline\": \"20s\","
    " \"agents\": [" ONE("a") ", " ONE("b") ", " ONE(
        "c") "],"
             " \"arms\": [{\"name\": \"one\", \"subject\": [\"" BINARY_DIR
             "/spawnref\", \"--mode\","
             "             \"sequential\"]},"
             "            {\"name\": \"all\", \"subject\": [\"" BINARY_DIR
             "/spawnref\", \"--mode\","
             "             \"parallel\"]}], \"cycles\": 20}";

struct honest {
    char folder[64];
    struct scenario scenario;
    struct cycle_subjects *run;
    struct cycle cycle;
    struct audit_watch *watches[ARMS];
    struct audit_schedule schedules[ARMS];
    struct audit_findings findings;
    int64_t levels[ARMS][AUDIT_FULL + 1];
    struct err err;
};

static int make(void **state)
{
    static const bool chosen[ARMS] = {true, true};
    struct honest *honest = xcalloc(1, sizeof *honest);
    struct cycle_options options = {.scenario = &honest->scenario,
                                    .run_label = "7.1",
                                    .metrics_path = "/dev/null",
                                    .arm_chosen = chosen};
    *state = honest;
    snprintf(honest->folder, sizeof honest->folder, "/tmp/spawnbench-test-XXXXXX");
    options.folder = mkdtemp(honest->folder);
    if (scenario_parse(&honest->scenario, scenario_text, strlen(scenario_text), &honest->err) ==
            0 &&
        cycle_open(&honest->run, &options, &honest->err) == 0)
        return 0;
    print_error("%s\n", honest->err.text);
    return -1;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
    (void)about;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int unmake(void **state)
{
    struct honest *honest = *state;
    for (int i = 0; i < ARMS; i++)
        audit_watch_free(honest->watches[i]);
    cycle_close(honest->run);
    cycle_release(&honest->cycle);
    audit_findings_release(&honest->findings);
    scenario_release(&honest->scenario);
    nftw(honest->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(honest);
    return 0;
}

static void expect_none(const struct honest *honest, const char *where)
{
    for (size_t i = 0; i < honest->findings.count; i++)
        print_error("  %s %s: %s\n", honest->findings.items[i].rule->name,
                    honest->findings.items[i].agent, honest->findings.items[i].text);
    if (honest->findings.count)
        fail_msg("%zu findings in %s", honest->findings.count, where);
}

static void one_cycle(struct honest *honest, size_t index, int arm)
{
    const struct plan_item item = {.pair = (int)(index / ARMS), .arm = (short)arm};
    struct audit_result result;
    enum audit_level level;
    char where[64];
    if (cycle_spawn(honest->run, index, &item, &honest->cycle, &honest->err) < 0)
        fail_msg("%s", honest->err.text);
    if (!honest->watches[arm])
        honest->watches[arm] = audit_watch_new(cycle_database(honest->run, (size_t)arm), "7.1");
    audit_findings_clear(&honest->findings);
    audit_watch_spawned(honest->watches[arm], &honest->findings, &honest->cycle);
    expect_none(honest, "the look before finish");
    if (cycle_finish(honest->run, &honest->cycle, &honest->err) < 0)
        fail_msg("%s", honest->err.text);
    level = audit_schedule_next(&honest->schedules[arm],
                                honest->cycle.finished_ns - honest->cycle.sent_ns, false);
    audit_findings_clear(&honest->findings);
    audit_watch_cycle(honest->watches[arm], &honest->findings, &honest->scenario, &honest->cycle,
                      level, &result);
    snprintf(where, sizeof where, "cycle %zu, %s audit", index, audit_level_names[level]);
    expect_none(honest, where);
    assert_int_equal(result.level, level);
    assert_true(result.rows >= 7); /* three agents, three outputs, one consensus */
    if (level == AUDIT_FULL)
        audit_schedule_spent(&honest->schedules[arm], result.full_ns);
    honest->levels[arm][level]++;
}

static void honest_cycles_have_no_finding(void **state)
{
    struct honest *honest = *state;
    struct audit_report report;
    for (long i = 0; i < cycles; i++)
        for (int arm = 0; arm < ARMS; arm++)
            one_cycle(honest, (size_t)(ARMS * i + arm), arm);
    for (int arm = 0; arm < ARMS; arm++)
        audit_watch_rest(honest->watches[arm]);
    cycle_stop(honest->run, NULL);
    for (int arm = 0; arm < ARMS; arm++) {
        const char *path = cycle_database(honest->run, (size_t)arm);
        assert_true(honest->levels[arm][AUDIT_FULL] >= 1);
        print_message("%s: %lld quick and %lld full audits\n", honest->scenario.arms[arm].name,
                      (long long)honest->levels[arm][AUDIT_QUICK],
                      (long long)honest->levels[arm][AUDIT_FULL]);
        audit_findings_clear(&honest->findings);
        if (audit_watch_closed(honest->watches[arm], &honest->findings, &report, path,
                               honest->folder, &honest->scenario, &honest->err) < 0)
            fail_msg("%s", honest->err.text);
        expect_none(honest, path);
        assert_int_equal(report.completed, 3 * cycles);
        audit_report_release(&report);
    }
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(honest_cycles_have_no_finding, make, unmake)};
    if (argc > 1)
        cycles = strtol(argv[1], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
