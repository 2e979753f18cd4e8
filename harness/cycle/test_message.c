/* Is everything heard of a cycle put down where it belongs? */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "cycle/cycle_internal.h"

/* A scenario of one arm whose subject is given, and a cycle of two agents. */
struct fixture {
    char folder[64];
    struct scenario scenario;
    struct cycle_subjects run;
    struct cycle_arm arm;
    struct cycle cycle;
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
    fixture->run.options = (struct cycle_options){.scenario = &fixture->scenario,
                                                  .run_label = "7.1",
                                                  .folder = fixture->folder,
                                                  .metrics_path = "/m.json"};
    fixture->run.agent_path = (char *)"/bin/agent";
    fixture->run.launcher_path = (char *)"/bin/launcher";
    fixture->arm.witness = (struct witness){.fd = -1, .name = "@here"};
    fixture->cycle.index = 4;
    fixture->cycle.agent_count = 2;
    fixture->cycle.agents = xcalloc(2, sizeof *fixture->cycle.agents);
    for (size_t i = 0; i < 2; i++) {
        struct cycle_agent *agent = &fixture->cycle.agents[i];
        snprintf(agent->id, sizeof agent->id, "4.%zu", i);
        agent->asked = &fixture->scenario.agents[fixture->scenario.batch[i]];
        agent->outcome = CYCLE_UNKNOWN;
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

static int unmake(void **state)
{
    struct fixture *fixture = *state;
    cycle_release(&fixture->cycle);
    scenario_release(&fixture->scenario);
    nftw(fixture->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(fixture);
    return 0;
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
    assert_string_equal(json_string(cJSON_GetObjectItem(one, "environment"), "SPAWNBENCH_WITNESS"),
                        "@here");
    assert_null(cJSON_GetObjectItem(cJSON_GetObjectItem(two, "environment"), "SPAWNBENCH_WITNESS"));
    assert_prints(cJSON_GetObjectItem(two, "command"), "[\"/bin/true\"]");
    assert_null(cJSON_GetObjectItem(two, "directory"));
    assert_prints(cJSON_GetObjectItem(two, "ready"), "{\"by\":\"exit\"}");
    cJSON_Delete(message);
}

/* Who knows no witness is started by one, as long as the subject starts anything. */
static void the_launcher_stands_before_the_command(void **state)
{
    struct fixture *fixture = *state;
    for (int unwitnessed = 0; unwitnessed < 2; unwitnessed++) {
        cJSON *message;
        const cJSON *two;
        fixture->scenario.agents[1].witness = SCENARIO_WITNESS_LAUNCHER;
        fixture->cycle.unwitnessed = unwitnessed;
        message = parse_taken(message_spawn(&fixture->run, &fixture->arm, &fixture->cycle));
        two = cJSON_GetArrayItem(cJSON_GetObjectItem(message, "agents"), 1);
        assert_prints(cJSON_GetObjectItem(two, "command"),
                      unwitnessed ? "[\"/bin/true\"]" : "[\"/bin/launcher\",\"/bin/true\"]");
        assert_int_equal(
            !json_string(cJSON_GetObjectItem(two, "environment"), "SPAWNBENCH_WITNESS"),
            unwitnessed);
        cJSON_Delete(message);
    }
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
    struct cycle_agent *agents = fixture->cycle.agents;
    read_spawned(fixture, "{\"batch\":4,\"begin_ns\":9007199254740993,\"end_ns\":9007199254740999,"
                          "\"agents\":[{\"id\":\"4.1\",\"pid\":51,\"outcome\":\"failed\","
                          "\"error\":\"no such file\",\"later\":\"ignored\"},"
                          "{\"id\":\"4.0\",\"pid\":50,\"outcome\":\"ready\",\"start_ns\":2,"
                          "\"ready_ns\":3,\"recorded_ns\":4,\"error\":null}]}");
    assert_true(fixture->cycle.begin_ns == INT64_C(9007199254740993)); /* 104 days of uptime */
    assert_true(fixture->cycle.end_ns == INT64_C(9007199254740999));
    assert_true(agents[0].answered && agents[0].outcome == CYCLE_READY && agents[0].pid == 50);
    assert_true(agents[0].start_ns == 2 && agents[0].ready_ns == 3 && agents[0].recorded_ns == 4);
    assert_null(agents[0].error);
    assert_true(agents[1].answered && agents[1].outcome == CYCLE_FAILED && agents[1].start_ns == 0);
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
    assert_int_equal(fixture->cycle.agents[0].outcome, CYCLE_UNKNOWN);
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

/* In a cycle of its own, whose agents are both ready: what is the first oddity? */
static void expect_oddity(const char *answer, int count, const char *told)
{
    void *own = NULL;
    struct fixture *fixture;
    cJSON *parsed = parse_taken(xstrdup(answer));
    assert_int_equal(make(&own), 0);
    fixture = own;
    fixture->cycle.agents[0].outcome = CYCLE_READY;
    fixture->cycle.agents[1].outcome = CYCLE_FAILED;
    message_read_finished(&fixture->cycle, parsed);
    assert_int_equal(fixture->cycle.answer_oddities, count);
    if (!strstr(fixture->cycle.oddity, told))
        fail_msg("'%s' has not '%s'", fixture->cycle.oddity, told);
    cJSON_Delete(parsed);
    assert_int_equal(unmake(&own), 0);
}

#define FINISHED(batch, agents) "{\"batch\":" batch ",\"agents\":[" agents "]}"
#define ENDED(rest)             FINISHED("4", "{\"id\":\"4.0\"," rest "}")

static void a_finished_answer_that_cannot_be_is_told(void **state)
{
    (void)state;
    expect_oddity(ENDED("\"exit\":0,\"signal\":null"), 0, "");
    expect_oddity(ENDED("\"exit\":255"), 0, "");
    expect_oddity(ENDED("\"exit\":null,\"signal\":64"), 0, "");
    expect_oddity(FINISHED("5", "{\"id\":\"4.0\",\"exit\":0}"), 1, "of batch 5, asked was 4");
    expect_oddity("{\"agents\":[]}", 1, "asked was 4");
    expect_oddity(ENDED("\"exit\":256"), 1, "exit is 256, expected 0 to 255");
    expect_oddity(ENDED("\"exit\":-1"), 1, "exit is -1");
    expect_oddity(ENDED("\"exit\":0.5"), 1, "exit is 0.5");
    expect_oddity(ENDED("\"exit\":1e300"), 1, "exit is 1e+300");
    expect_oddity(ENDED("\"exit\":\"well\""), 1, "exit is \"well\"");
    expect_oddity(ENDED("\"exit\":null,\"signal\":65"), 1, "signal is 65, expected 1 to 64");
    expect_oddity(ENDED("\"exit\":0,\"signal\":0"), 1, "signal is 0");
    expect_oddity(ENDED("\"exit\":0,\"signal\":9"), 1, "both exit status and signal");
    expect_oddity(ENDED("\"exit\":null,\"signal\":null"), 1, "neither exit status");
    expect_oddity(FINISHED("4", "{\"id\":\"4.0\",\"exit\":0},{\"id\":\"4.0\",\"exit\":0}"), 1,
                  "4.0 is named twice");
    expect_oddity(FINISHED("4", "{\"id\":\"4.1\",\"exit\":0}"), 1, "was never ready");
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(placeholders_are_whole_words),
        WITH_FIXTURE(a_program_that_is_not_beside_us_is_told),
        WITH_FIXTURE(spawn_says_all_that_the_scenario_asks),
        WITH_FIXTURE(the_launcher_stands_before_the_command),
        WITH_FIXTURE(open_and_finish_say_what_they_must),
        WITH_FIXTURE(a_spawned_answer_is_put_down_agent_by_agent),
        WITH_FIXTURE(odd_answers_are_counted_and_never_believed),
        WITH_FIXTURE(a_finished_answer_tells_ends_and_consensus),
        cmocka_unit_test(a_finished_answer_that_cannot_be_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
