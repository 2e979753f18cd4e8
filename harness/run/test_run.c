/* Is everything heard of a cycle put down where it belongs: answers, ledger lines, breakdowns? */
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "run/internal.h"

/* A scenario of one arm whose subject is given, and a cycle of two agents. */
struct fixture {
    char folder[64];
    struct scenario scenario;
    struct run run;
    struct run_arm arm;
    struct run_cycle cycle;
    struct err err;
};

static const char scenario_text[] =
    "{\"name\": \"t\", \"prompt\": \"hello\", \"deadline\": \"1500us\", \"on_failure\": "
    "\"degrade\","
    " \"agents\": [{\"name\": \"one\", \"command\": [\"{agent}\", \"--x\"], \"directory\": \"/\","
    "               \"environment\": {\"K\": \"V\"}, \"ready\": {\"by\": \"line\", \"text\": "
    "\"up\"}},"
    "              {\"name\": \"two\", \"command\": [\"/bin/true\"], \"ready\": {\"by\": "
    "\"exit\"}}],"
    " \"arms\": [{\"name\": \"arm\", \"subject\": [\"x\"]}], \"cycles\": 5}";

static int make(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    *state = fixture;
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/spawnbench-test-XXXXXX");
    if (!mkdtemp(fixture->folder) ||
        scenario_parse(&fixture->scenario, scenario_text, strlen(scenario_text), &fixture->err) < 0)
        return -1;
    fixture->run.options = (struct run_options){.scenario = &fixture->scenario,
                                                .run_label = "7.1",
                                                .folder = fixture->folder,
                                                .metrics_path = "/m.json"};
    fixture->run.agent_path = (char *)"/bin/agent";
    fixture->arm.ledger_path = text_format("%s/ledger", fixture->folder);
    fixture->arm.ledger_fd = -1;
    fixture->cycle.index = 4;
    fixture->cycle.agent_count = 2;
    fixture->cycle.agents = xcalloc(2, sizeof *fixture->cycle.agents);
    for (size_t i = 0; i < 2; i++) {
        struct run_agent *agent = &fixture->cycle.agents[i];
        snprintf(agent->id, sizeof agent->id, "4.%zu", i);
        agent->asked = scenario_agent_at(&fixture->scenario, i);
        agent->outcome = RUN_UNKNOWN;
        agent->exit_status = -1;
    }
    return 0;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
    (void)about;
    (void)kind;
    (void)walk;
    return remove(path);
}

/* Also the check that holds after every test: nothing is left running. */
static int unmake(void **state)
{
    struct fixture *fixture = *state;
    struct process_view left;
    size_t count = process_children(getpid(), &left, 1);
    run_cycle_release(&fixture->cycle);
    scenario_release(&fixture->scenario);
    text_release(&fixture->arm.ledger_rest);
    if (fixture->arm.ledger_fd >= 0)
        close(fixture->arm.ledger_fd);
    free(fixture->arm.ledger_path);
    nftw(fixture->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(fixture);
    return count ? -1 : 0;
}

/* ---- fill.c ---- */

static void placeholders_are_whole_words(void **state)
{
    struct fixture *fixture = *state;
    char *command[] = {(char *)"x",  (char *)"{metrics}", (char *)"a{metrics}",
                       (char *)"{}", (char *)"",          NULL};
    char **filled = NULL;
    assert_int_equal(fill_command(&filled, &fixture->run, command, &fixture->err), 0);
    assert_string_equal(filled[0], "x");
    assert_string_equal(filled[1], "/m.json");
    assert_string_equal(filled[2], "a{metrics}");
    assert_string_equal(filled[3], "{}");
    assert_string_equal(filled[4], "");
    assert_null(filled[5]);
    fill_free(filled);
}

/* The tests lie in a folder of their own, so there is no spawner beside this program. */
static void a_program_that_is_not_beside_us_is_told(void **state)
{
    struct fixture *fixture = *state;
    char *command[] = {(char *)"x", (char *)"{reference}", NULL}, **filled = NULL;
    assert_int_equal(fill_command(&filled, &fixture->run, command, &fixture->err), -1);
    assert_int_equal(fixture->err.code, ERR_UNFIT);
    assert_non_null(strstr(fixture->err.text, "'{reference}' stands for the program 'spawnref'"));
    assert_non_null(strstr(fixture->err.text, "build or install it"));
}

/* ---- ledger.c ---- */

static void write_ledger(struct fixture *fixture, const char *lines)
{
    if (fixture->arm.ledger_fd < 0)
        assert_int_equal(ledger_open(&fixture->arm, &fixture->err), 0);
    assert_int_equal(write(fixture->arm.ledger_fd, lines, strlen(lines)), (ssize_t)strlen(lines));
    ledger_read(&fixture->arm, &fixture->cycle);
}

static void ledger_lines_find_their_agents(void **state)
{
    struct fixture *fixture = *state;
    struct run_agent *agents = fixture->cycle.agents;
    write_ledger(fixture, "4.1 51 131 141\n4.0 50 9007199254740995 1152921504606846975\n");
    assert_int_equal(agents[0].ledger_lines, 1);
    assert_int_equal(agents[0].ledger_pid, 50);
    assert_true(agents[0].main_ns == INT64_C(9007199254740995)); /* every digit */
    assert_true(agents[0].own_ready_ns == INT64_C(1152921504606846975));
    assert_int_equal(agents[1].ledger_pid, 51);
    write_ledger(fixture, "4.0 50 1 2\n");
    assert_int_equal(agents[0].ledger_lines, 2);
    assert_int_equal(fixture->cycle.ledger_strays, 0);
}

static void a_torn_ledger_line_waits_for_its_end(void **state)
{
    struct fixture *fixture = *state;
    write_ledger(fixture, "4.0 50 13");
    assert_int_equal(fixture->cycle.agents[0].ledger_lines, 0);
    assert_int_equal(fixture->cycle.ledger_strays, 0);
    write_ledger(fixture, "1 141\n");
    assert_int_equal(fixture->cycle.agents[0].ledger_lines, 1);
    assert_true(fixture->cycle.agents[0].main_ns == 131);
}

static void everything_else_in_the_ledger_is_a_stray(void **state)
{
    static const char *const strays[] = {
        "\n",
        "garbage\n",
        "4.0\n",
        "4.0 50 1\n",
        "4.0 50 1 2 3\n",
        "4.0 50 1 x\n",
        "4.0 50 1 -2\n",
        "4.0  50 1 2\n",
        " 4.0 50 1 2\n",
        "4.0 50 1 2 \n",
        "4.2 50 1 2\n",
        "3.0 50 1 2\n",
        "4.00 50 1 2\n",
        "4 50 1 2\n",
        "4.99999999999999999999999 50 1 2\n",
        "an-id-that-is-far-too-long-to-be-one-of-ours 50 1 2\n",
        "4.0 50 1 99999999999999999999\n",
        "4.0 4294967346 1 2\n",
        "\x1b[31m 1 2 3\n",
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof strays / sizeof strays[0]; i++) {
        write_ledger(fixture, strays[i]);
        if (fixture->cycle.ledger_strays != (int)i + 1)
            fail_msg("taken for a good line: %s", strays[i]);
    }
    assert_string_equal(fixture->cycle.stray, "?[31m 1 2 3");
    assert_int_equal(fixture->cycle.agents[0].ledger_lines, 0);
}

static void a_ledger_flooded_without_newline_does_not_fill_us(void **state)
{
    struct fixture *fixture = *state;
    char *flood = xcalloc(1 << 20, 1);
    memset(flood, 'x', (1 << 20) - 1);
    write_ledger(fixture, flood);
    assert_true(fixture->cycle.ledger_strays > 0);
    assert_true(fixture->arm.ledger_rest.length < 65536);
    write_ledger(fixture, "\n4.0 50 1 2\n");
    assert_int_equal(fixture->cycle.agents[0].ledger_lines, 1);
    free(flood);
}

/* However a flood is cut into readings, its end is not taken for a line of its own. */
static void the_end_of_a_flood_is_no_line(void **state)
{
    struct fixture *fixture = *state;
    char flood[5001] = {0};
    memset(flood, 'x', 5000);
    write_ledger(fixture, flood);
    write_ledger(fixture, "4.0 50 1 2\n");
    assert_int_equal(fixture->cycle.ledger_strays, 1);
    assert_int_equal(fixture->cycle.agents[0].ledger_lines, 0);
    write_ledger(fixture, "4.0 50 1 2\n");
    assert_int_equal(fixture->cycle.agents[0].ledger_lines, 1);
}

/* As long as a file of its file system can be, and mostly a hole. */
static void a_ledger_that_was_blown_up_is_passed_over(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(ledger_open(&fixture->arm, &fixture->err), 0);
    assert_int_equal(ftruncate(fixture->arm.ledger_fd, (off_t)1 << 40), 0);
    write_ledger(fixture, "4.0 50 1 2\n");
    assert_int_equal(fixture->cycle.ledger_strays, 1);
    assert_string_equal(fixture->cycle.stray, "1099511627787 bytes at once");
    assert_int_equal(fixture->cycle.agents[0].ledger_lines, 0);
    write_ledger(fixture, "4.0 50 1 2\n");
    assert_int_equal(fixture->cycle.agents[0].ledger_lines, 1);
}

/* ---- message.c ---- */

static cJSON *parse_taken(char *line)
{
    cJSON *message = NULL;
    struct err err = {0};
    assert_null(strchr(line, '\n'));
    if (json_parse(&message, line, strlen(line), &err) < 0)
        fail_msg("%s in: %s", err.text, line);
    free(line);
    return message;
}

static void assert_prints(const cJSON *node, const char *expected)
{
    char *printed = json_print(node, 0);
    assert_string_equal(printed, expected);
    free(printed);
}

static void spawn_says_all_that_the_scenario_asks(void **state)
{
    struct fixture *fixture = *state;
    cJSON *message = parse_taken(message_spawn(&fixture->run, &fixture->arm, &fixture->cycle));
    const cJSON *agents = cJSON_GetObjectItem(message, "agents");
    const cJSON *one = cJSON_GetArrayItem(agents, 0), *two = cJSON_GetArrayItem(agents, 1);
    assert_string_equal(json_string(message, "op"), "spawn");
    assert_string_equal(json_string(message, "on_failure"), "degrade");
    assert_prints(cJSON_GetObjectItem(message, "batch"), "4");
    assert_prints(cJSON_GetObjectItem(message, "deadline_ms"), "2"); /* rounded up, never to 0 */
    assert_int_equal(cJSON_GetArraySize(agents), 2);
    assert_string_equal(json_string(one, "id"), "4.0");
    assert_string_equal(json_string(one, "name"), "one");
    assert_string_equal(json_string(one, "directory"), "/");
    assert_prints(cJSON_GetObjectItem(one, "command"), "[\"/bin/agent\",\"--x\"]");
    assert_prints(cJSON_GetObjectItem(one, "ready"), "{\"by\":\"line\",\"text\":\"up\"}");
    assert_string_equal(json_string(cJSON_GetObjectItem(one, "environment"), "K"), "V");
    assert_string_equal(json_string(cJSON_GetObjectItem(two, "environment"), "SPAWNBENCH_AGENT"),
                        "4.1");
    assert_string_equal(json_string(cJSON_GetObjectItem(two, "environment"), "SPAWNBENCH_LEDGER"),
                        fixture->arm.ledger_path);
    assert_null(cJSON_GetObjectItem(two, "directory"));
    assert_prints(cJSON_GetObjectItem(two, "ready"), "{\"by\":\"exit\"}");
    cJSON_Delete(message);
}

static void open_and_finish_say_what_they_must(void **state)
{
    struct fixture *fixture = *state;
    cJSON *message;
    fixture->arm.database = (char *)"/d";
    message = parse_taken(message_open(&fixture->run, &fixture->arm));
    assert_prints(message, "{\"op\":\"open\",\"protocol\":1,\"database\":\"/d\","
                           "\"durability\":\"full\",\"run\":\"7.1\"}");
    cJSON_Delete(message);
    message = parse_taken(message_finish(&fixture->run, &fixture->cycle));
    assert_prints(message,
                  "{\"op\":\"finish\",\"batch\":4,\"prompt\":\"hello\",\"consensus\":true}");
    cJSON_Delete(message);
}

static void read_spawned(struct fixture *fixture, const char *text)
{
    cJSON *answer = parse_taken(xstrdup(text));
    message_read_spawned(&fixture->cycle, answer);
    cJSON_Delete(answer);
}

static void a_spawned_answer_is_put_down_agent_by_agent(void **state)
{
    struct fixture *fixture = *state;
    struct run_agent *agents = fixture->cycle.agents;
    read_spawned(fixture, "{\"batch\":4,\"begin_ns\":9007199254740993,\"end_ns\":9007199254740999,"
                          "\"agents\":[{\"id\":\"4.1\",\"pid\":51,\"outcome\":\"failed\","
                          "\"error\":\"no such file\",\"later\":\"ignored\"},"
                          "{\"id\":\"4.0\",\"pid\":50,\"outcome\":\"ready\",\"start_ns\":2,"
                          "\"ready_ns\":3,\"recorded_ns\":4,\"error\":null}]}");
    assert_true(fixture->cycle.begin_ns == INT64_C(9007199254740993)); /* 104 days of uptime */
    assert_true(fixture->cycle.end_ns == INT64_C(9007199254740999));
    assert_true(agents[0].answered && agents[0].outcome == RUN_READY && agents[0].pid == 50);
    assert_true(agents[0].start_ns == 2 && agents[0].ready_ns == 3 && agents[0].recorded_ns == 4);
    assert_null(agents[0].error);
    assert_true(agents[1].answered && agents[1].outcome == RUN_FAILED && agents[1].start_ns == 0);
    assert_string_equal(agents[1].error, "no such file");
    assert_int_equal(fixture->cycle.answer_strays, 0);
}

static void odd_answers_are_counted_and_never_believed(void **state)
{
    static const char *const odd[] = {
        "{\"batch\":5,\"agents\":[]}",                 /* another batch */
        "{\"batch\":4,\"agents\":[{\"id\":\"4.2\"}]}", /* nobody asked */
        "{\"batch\":4,\"agents\":[{\"id\":7}]}",       /* no id */
        "{\"batch\":4,\"agents\":[7]}",                /* no object */
        "{\"agents\":[]}",                             /* no batch */
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        read_spawned(fixture, odd[i]);
        assert_int_equal(fixture->cycle.answer_strays, i + 1);
    }
    read_spawned(fixture, "{\"batch\":4,\"agents\":[{\"id\":\"4.0\",\"outcome\":\"splendid\"},"
                          "{\"id\":\"4.0\",\"outcome\":\"ready\"}]}");
    assert_int_equal(fixture->cycle.answer_strays, 6); /* twice */
    assert_int_equal(fixture->cycle.agents[0].outcome, RUN_UNKNOWN);
    assert_false(fixture->cycle.agents[1].answered);
    read_spawned(fixture, "{\"batch\":4,\"agents\":{}}");
    read_spawned(fixture, "{\"batch\":4}");
}

static void a_finished_answer_tells_ends_and_consensus(void **state)
{
    struct fixture *fixture = *state;
    cJSON *answer = parse_taken(xstrdup("{\"agents\":[{\"id\":\"4.0\",\"exit\":3,\"signal\":null},"
                                        "{\"id\":\"4.1\",\"exit\":null,\"signal\":9},"
                                        "{\"id\":\"4.7\"}],\"consensus\":\"a very long word\"}"));
    message_read_finished(&fixture->cycle, answer);
    assert_true(fixture->cycle.agents[0].finished && fixture->cycle.agents[0].exit_status == 3);
    assert_int_equal(fixture->cycle.agents[1].exit_status, -1);
    assert_int_equal(fixture->cycle.agents[1].exit_signal, 9);
    assert_int_equal(fixture->cycle.answer_strays, 1);
    assert_string_equal(fixture->cycle.consensus, "a very long wor");
    cJSON_Delete(answer);
}

/* ---- run.c, with real subjects ---- */

#define SIMPLE_AGENT "\"command\": [\"true\"]"

static struct scenario scenario_of(const char *subject, const char *agent)
{
    struct scenario scenario = {0};
    struct err err = {0};
    char *text = text_format("{\"name\": \"t\", \"deadline\": \"100ms\", \"agents\": ["
                             "{\"name\": \"a\", %s, \"times\": 3}],"
                             " \"arms\": [{\"name\": \"arm\", \"subject\": [%s]}], \"cycles\": 5}",
                             agent, subject);
    if (scenario_parse(&scenario, text, strlen(text), &err) < 0)
        fail_msg("%s", err.text);
    free(text);
    return scenario;
}

static int open_run(struct fixture *fixture, const char *subject, const char *agent,
                    struct scenario *scenario, struct run **run)
{
    static const bool all[SCENARIO_MOST_ARMS] = {true};
    struct run_options options = {.scenario = scenario,
                                  .run_label = "1.1",
                                  .folder = fixture->folder,
                                  .metrics_path = "m",
                                  .arm_chosen = all};
    *scenario = scenario_of(subject, agent);
    return run_open(run, &options, &fixture->err);
}

static void the_null_subject_makes_whole_cycles(void **state)
{
    struct fixture *fixture = *state;
    struct scenario scenario;
    struct run *run = NULL;
    struct run_cycle cycle = {0};
    struct run_arm_end end;
    if (open_run(fixture, "\"" BINARY_DIR "/spawnbench-null\"", SIMPLE_AGENT, &scenario, &run) < 0)
        fail_msg("%s", fixture->err.text);
    assert_null(run_database(run, 0));
    assert_string_equal(run_version(run, 0), "null " SPAWNBENCH_VERSION);
    for (size_t i = 0; i < 5; i++) {
        struct plan_item item = {.pair = (int)i};
        assert_int_equal(run_cycle(run, i, &item, &cycle, &fixture->err), 0);
        assert_int_equal(cycle.broke, RUN_WHOLE);
        assert_int_equal(cycle.outcome, RUN_READY);
        assert_int_equal(cycle.agent_count, 3);
        assert_true(cycle.spawn_time_ns == cycle.answered_ns - cycle.sent_ns);
        assert_true(cycle.ready_time_ns >= 0 && cycle.ready_time_ns <= cycle.spawn_time_ns);
        assert_true(cycle.harness_ns > 0 && cycle.finished_ns >= cycle.finish_sent_ns);
        assert_true(cycle.children_left == 0 && cycle.orphans == 0 && cycle.answer_strays == 0);
        assert_int_equal(cycle.descriptors_first >= 0, i >= 3); /* after it has settled */
        assert_true(cycle.cost[SCENARIO_CPU_TIME] == -1 &&
                    cycle.cost[SCENARIO_PEAK_MEMORY] == -1); /* its agents are invented */
    }
    run_stop(run, &end);
    assert_true(end.asked && end.clean && end.restarts == 0 && end.orphans == 0);
    assert_int_equal(end.exit.status, 0);
    run_close(run);
    run_cycle_release(&cycle);
    scenario_release(&scenario);
}

/* Of three agents that wait, and of three that have ended, which this subject does not reap before
 * it is asked to finish: they keep their clocks, but their memory is gone. */
static void what_a_spawn_cost_is_known(void **state)
{
    static const char *const agents[] = {
        "\"command\": [\"sh\", \"-c\", \"echo up; read prompt; echo yes\"],"
        " \"ready\": {\"by\": \"line\", \"text\": \"up\"}",
        "\"command\": [\"true\"], \"ready\": {\"by\": \"exit\"}"};
    struct fixture *fixture = *state;
    for (size_t which = 0; which < 2; which++) {
        struct scenario scenario;
        struct run *run = NULL;
        struct run_cycle cycle = {0};
        struct plan_item item = {0};
        int64_t sum_ns = 0, sum_bytes = 0;
        if (open_run(fixture, "\"" BINARY_DIR "/spawnref\", \"--mode\", \"parallel\"",
                     agents[which], &scenario, &run) < 0)
            fail_msg("%s", fixture->err.text);
        assert_int_equal(run_cycle(run, which, &item, &cycle, &fixture->err), 0);
        if (cycle.outcome != RUN_READY)
            fail_msg("%s%s", cycle.agents[0].error ? cycle.agents[0].error : "",
                     cycle.trouble ? cycle.trouble : "");
        for (size_t i = 0; i < cycle.agent_count; i++) {
            assert_true(cycle.agents[i].cpu_ns > 0);
            assert_int_equal(cycle.agents[i].peak_bytes > 0, which == 0);
            sum_ns += cycle.agents[i].cpu_ns;
            sum_bytes += cycle.agents[i].peak_bytes;
        }
        assert_true(cycle.cost[SCENARIO_CPU_TIME] > sum_ns); /* and of the subject */
        assert_true(which == 1 ? cycle.cost[SCENARIO_PEAK_MEMORY] == -1
                               : cycle.cost[SCENARIO_PEAK_MEMORY] > sum_bytes);
        assert_true(cycle.strain.total_ticks >= 0 && cycle.strain.suspended_ns >= 0);
        run_close(run);
        run_cycle_release(&cycle);
        scenario_release(&scenario);
    }
}

static void a_subject_that_dies_each_time_is_started_anew_and_given_up(void **state)
{
    struct fixture *fixture = *state;
    struct scenario scenario;
    struct run *run = NULL;
    struct run_cycle cycle = {0};
    struct run_arm_end end;
    if (open_run(fixture,
                 "\"" BINARY_DIR "/spawnbench-liar\", \"dies\", \"" BINARY_DIR "/spawnbench-null\"",
                 SIMPLE_AGENT, &scenario, &run) < 0)
        fail_msg("%s", fixture->err.text);
    for (size_t i = 0; i < RUN_MOST_RESTARTS + 3; i++) {
        struct plan_item item = {.pair = (int)i};
        bool down = i > RUN_MOST_RESTARTS;
        assert_int_equal(run_cycle(run, i, &item, &cycle, &fixture->err), 0);
        assert_int_equal(cycle.broke, down ? RUN_BROKE_DOWN : RUN_BROKE_SPAWN);
        assert_int_equal(cycle.answer, SUBJECT_ENDED);
        assert_non_null(strstr(cycle.trouble, down ? "its arm is down" : "I give up"));
        assert_int_equal(cycle.outcome, RUN_UNKNOWN);
        assert_true(cycle.spawn_time_ns == -1 && cycle.ready_time_ns == -1);
        assert_true(cycle.harness_ns == 0);
        assert_true(cycle.cost[SCENARIO_CPU_TIME] == -1 && cycle.cost[SCENARIO_PEAK_MEMORY] == -1);
        assert_true(cycle.strain.total_ticks >= 0 && cycle.strain.suspended_ns >= 0);
    }
    run_stop(run, &end);
    assert_true(!end.asked && !end.clean);
    assert_int_equal(end.restarts, RUN_MOST_RESTARTS);
    run_close(run);
    run_cycle_release(&cycle);
    scenario_release(&scenario);
}

static void a_subject_that_will_not_open_is_told_with_its_log(void **state)
{
    static const char *const subjects[][2] = {
        {"\"cat\"", "expected one JSON object"},
        {"\"true\"", "would not start"},
        {"\"/no/such/spawner\"", "No such file"},
        {"\"" BINARY_DIR "/spawnbench-liar\", \"exits-at-once\"", "liar: not today"},
        {"\"{reference}\"", "not beside spawnbench"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        struct scenario scenario;
        struct run *run = NULL;
        assert_int_equal(open_run(fixture, subjects[i][0], SIMPLE_AGENT, &scenario, &run), -1);
        assert_int_equal(fixture->err.code, ERR_UNFIT);
        if (!strstr(fixture->err.text, subjects[i][1]))
            fail_msg("expected '%s' in: %s", subjects[i][1], fixture->err.text);
        scenario_release(&scenario);
    }
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(placeholders_are_whole_words),
        WITH_FIXTURE(a_program_that_is_not_beside_us_is_told),
        WITH_FIXTURE(ledger_lines_find_their_agents),
        WITH_FIXTURE(a_torn_ledger_line_waits_for_its_end),
        WITH_FIXTURE(everything_else_in_the_ledger_is_a_stray),
        WITH_FIXTURE(a_ledger_flooded_without_newline_does_not_fill_us),
        WITH_FIXTURE(the_end_of_a_flood_is_no_line),
        WITH_FIXTURE(a_ledger_that_was_blown_up_is_passed_over),
        WITH_FIXTURE(spawn_says_all_that_the_scenario_asks),
        WITH_FIXTURE(open_and_finish_say_what_they_must),
        WITH_FIXTURE(a_spawned_answer_is_put_down_agent_by_agent),
        WITH_FIXTURE(odd_answers_are_counted_and_never_believed),
        WITH_FIXTURE(a_finished_answer_tells_ends_and_consensus),
        WITH_FIXTURE(the_null_subject_makes_whole_cycles),
        WITH_FIXTURE(what_a_spawn_cost_is_known),
        WITH_FIXTURE(a_subject_that_dies_each_time_is_started_anew_and_given_up),
        WITH_FIXTURE(a_subject_that_will_not_open_is_told_with_its_log),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
