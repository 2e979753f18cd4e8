/* Has an agent that asks for it a folder of its own, empty, for one cycle, and is it filled in? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cycle/cycle_internal.h"

struct fixture {
    char folder[64];
    struct scenario scenario;
    struct cycle_subjects *run;
    struct cycle cycle;
    struct err err;
};

static int set_up(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    *state = fixture;
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/spawnbench-test-XXXXXX");
    return mkdtemp(fixture->folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    cycle_close(fixture->run);
    cycle_release(&fixture->cycle);
    scenario_release(&fixture->scenario);
    text_remove_tree(fixture->folder);
    free(fixture);
    return 0;
}

static void start(struct fixture *fixture, const char *agent)
{
    static const bool all[SCENARIO_MOST_ARMS] = {true};
    struct cycle_options options = {.scenario = &fixture->scenario,
                                    .run_label = "1.1",
                                    .folder = fixture->folder,
                                    .metrics_path = "m",
                                    .arm_chosen = all};
    char *text =
        text_format("{\"name\": \"t\", \"agents\": [{\"name\": \"a\", \"ready\": {\"by\": "
                    "\"exit\"}, %s, \"times\": 2}], \"arms\": [{\"name\": \"arm\", \"subject\": "
                    "[\"" BINARY_DIR "/spawnref\"]}], \"cycles\": 5}",
                    agent);
    if (scenario_parse(&fixture->scenario, text, strlen(text), &fixture->err) < 0 ||
        cycle_open(&fixture->run, &options, &fixture->err) < 0)
        fail_msg("%s", fixture->err.text);
    free(text);
}

static void run(struct fixture *fixture, size_t index)
{
    const struct plan_item item = {.pair = (int)index};
    if (cycle_run(fixture->run, index, &item, &fixture->cycle, &fixture->err) < 0)
        fail_msg("%s", fixture->err.text);
    if (fixture->cycle.outcome != CYCLE_READY)
        fail_msg("%s", fixture->cycle.agents[0].error);
}

/* It is what its agent left in it, and nothing else. */
static void assert_holds(const char *home, const char *expected)
{
    char *path = text_format("%s/said", home), *said = NULL;
    size_t length;
    struct err err = {0};
    if (text_read_file(&said, &length, path, 4096, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(said, expected);
    free(said);
    free(path);
}

/* Fails where its folder is not empty, or not its home and not where it runs. */
static void each_agent_of_each_cycle_has_its_own(void **state)
{
    struct fixture *fixture = *state;
    char *before[2];
    start(
        fixture,
        "\"command\": [\"/bin/sh\", \"-c\", \"test -z \\\"$(ls -A \\\"$1\\\")\\\" && test "
        "\\\"$HOME\\\" = \\\"$1\\\" && test \\\"$AT\\\" = \\\"$1/x\\\" && test \\\"$(pwd)\\\" = "
        "\\\"$1\\\" && printf '%s' \\\"$2\\\" > said\", \"sh\", \"{home}\", \"{{home}\"], "
        "\"environment\": {\"AT\": \"{home}/x\"}, \"directory\": \"{home}\", \"fresh_home\": true");
    run(fixture, 0);
    for (size_t i = 0; i < 2; i++) {
        before[i] = xstrdup(fixture->cycle.agents[i].home);
        assert_string_equal(cycle_home_of(fixture->run, &fixture->cycle.agents[i]), before[i]);
        assert_holds(before[i], "{home}");
    }
    assert_string_not_equal(before[0], before[1]);
    run(fixture, 1); /* nobody has left them */
    for (size_t i = 0; i < 2; i++) {
        assert_int_not_equal(access(before[i], F_OK), 0);
        assert_string_not_equal(fixture->cycle.agents[i].home, before[i]);
        free(before[i]);
    }
    before[0] = xstrdup(fixture->cycle.agents[0].home);
    cycle_leave_homes(&fixture->cycle);
    assert_int_not_equal(access(before[0], F_OK), 0);
    assert_null(fixture->cycle.agents[0].home);
    free(before[0]);
}

static void a_folder_is_no_home_unless_that_is_asked_for(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, "\"command\": [\"/bin/sh\", \"-c\", \"printf '%s' \\\"$HOME\\\" > "
                   "\\\"$1/said\\\"\", \"sh\", \"{home}\"], \"environment\": {\"HOME\": \"/old\"}");
    run(fixture, 0);
    assert_holds(fixture->cycle.agents[0].home, "/old");
    assert_string_equal(cycle_home_of(fixture->run, &fixture->cycle.agents[0]), "/old");
}

static void who_asks_for_none_has_none(void **state)
{
    struct fixture *fixture = *state;
    char *homes = text_format("%s/homes", fixture->folder);
    start(fixture, "\"command\": [\"/bin/true\", \"{{home}\"]");
    run(fixture, 0);
    assert_null(fixture->cycle.agents[0].home);
    assert_ptr_equal(fixture->cycle.agents[0].asked, &fixture->scenario.agents[0]);
    assert_int_not_equal(access(homes, F_OK), 0);
    free(homes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_agent_of_each_cycle_has_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_is_no_home_unless_that_is_asked_for, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(who_asks_for_none_has_none, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("cycle/homes", tests, NULL, NULL);
}
