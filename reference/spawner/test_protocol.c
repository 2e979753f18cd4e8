/* Does a subject do what the protocol says, in both modes and both ways of recording? */
#include "spawner/test_subject.h"

#include <dirent.h>
#include <sys/stat.h>

/* Each test runs against each of these. */
static const struct {
    const char *mode, *record;
} kinds[] = {
    {"sequential", NULL}, {"parallel", NULL}, {"sequential", "batch"}, {"parallel", "each"}};

#define FOR_EACH_KIND(subject)                                                                     \
    for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++)                           \
        for (int once = (subject_start(&(subject), kinds[kind].mode, kinds[kind].record), 1);      \
             once; once = 0, subject_stop(&(subject)))

static void check_times(const cJSON *answer, int count)
{
    int64_t begin_ns = subject_number(answer, "begin_ns"),
            end_ns = subject_number(answer, "end_ns");
    for (int i = 0; i < count; i++) {
        const cJSON *agent = subject_nth(answer, i);
        assert_true(begin_ns <= subject_number(agent, "start_ns"));
        assert_true(subject_number(agent, "start_ns") < subject_number(agent, "ready_ns"));
        assert_true(subject_number(agent, "ready_ns") <= subject_number(agent, "recorded_ns"));
        assert_true(subject_number(agent, "recorded_ns") <= end_ns);
    }
}

static void a_batch_is_started_recorded_asked_and_ended(void **state)
{
    static const struct asked three[] = {
        {"AGENT", NULL}, {"AGENT --init 5ms", NULL}, {"AGENT", NULL}};
    struct subject subject;
    (void)state;
    FOR_EACH_KIND(subject)
    {
        cJSON *answer = subject_spawn(&subject, 7, 30000, "cancel", three, 3);
        for (int i = 0; i < 3; i++)
            subject_expect(answer, i, "ready", NULL);
        check_times(answer, 3);
        subject_expect_children(&subject, 3);
        subject_expect_row(
            &subject, "SELECT count(*) FROM agent_executions WHERE batch = 7 AND state = 'ready'",
            "3");
        cJSON_Delete(answer);
        answer = subject_finish(&subject, 7);
        assert_string_equal(json_string(answer, "op"), "finished");
        assert_string_equal(json_string(answer, "consensus"), "agreed");
        for (int i = 0; i < 3; i++)
            assert_int_equal(subject_number(subject_nth(answer, i), "exit"), 0);
        cJSON_Delete(answer);
        subject_expect_row(&subject,
                           "SELECT group_concat(id) FROM agent_executions WHERE state = 'completed'"
                           " AND completed_ns > ready_ns",
                           "7.0,7.1,7.2");
        subject_expect_row(
            &subject,
            "SELECT count(*) FROM agent_outputs WHERE json_extract(output, '$.agent') = id"
            " AND json_extract(output, '$.prompt_bytes') = 5",
            "3");
        subject_expect_row(&subject, "SELECT verdict || votes || agents FROM consensus_runs",
                           "agreed33");
    }
}

/* The mission: one of three fails, all are cancelled, the error arrives whole. */
static void one_failure_cancels_all_and_its_error_arrives_whole(void **state)
{
    static const struct asked three[] = {
        {"AGENT", NULL}, {"AGENT --init 20ms --fail init", NULL}, {"AGENT --init 10s", NULL}};
    static const char error[] = "agent 'agent-1' exited with status 1 before it was ready: "
                                "spawnref-agent: 1.1: told to fail at init";
    struct subject subject;
    (void)state;
    FOR_EACH_KIND(subject)
    {
        cJSON *answer = subject_spawn(&subject, 1, 30000, "cancel", three, 3);
        assert_string_equal(json_string(subject_nth(answer, 1), "error"), error);
        subject_expect(answer, 0, "cancelled", error);
        subject_expect(answer, 1, "failed", error);
        subject_expect(answer, 2, "cancelled", error);
        cJSON_Delete(answer);
        subject_expect_children(&subject, 0);
        subject_expect_row(&subject,
                           "SELECT group_concat(outcome) FROM (SELECT outcome FROM"
                           " agent_executions WHERE id < '1.2' ORDER BY id)",
                           "cancelled,failed");
        subject_expect_row(
            &subject, "SELECT count(*) FROM agent_executions WHERE state IN ('starting', 'ready')",
            "0");
        answer = subject_finish(&subject, 1);
        assert_string_equal(json_string(answer, "op"), "error");
        cJSON_Delete(answer);
    }
}

static void degraded_the_others_go_on(void **state)
{
    static const struct asked five[] = {{"AGENT", NULL},
                                        {"AGENT --fail start", NULL},
                                        {"no-such-program-anywhere", NULL},
                                        {"/no/such/program", NULL},
                                        {"AGENT", NULL}};
    struct subject subject;
    (void)state;
    FOR_EACH_KIND(subject)
    {
        cJSON *answer = subject_spawn(&subject, 1, 30000, "degrade", five, 5);
        subject_expect(answer, 0, "ready", NULL);
        subject_expect(answer, 1, "failed", "told to fail at start");
        subject_expect(answer, 2, "failed",
                       "cannot start 'no-such-program-anywhere': No such file or directory");
        subject_expect(answer, 3, "failed", "cannot start '/no/such/program': No such file");
        subject_expect(answer, 4, "ready", NULL);
        assert_true(cJSON_IsNull(cJSON_GetObjectItem(subject_nth(answer, 3), "pid")));
        cJSON_Delete(answer);
        subject_expect_children(&subject, 2);
        answer = subject_finish(&subject, 1);
        assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(answer, "agents")), 2);
        cJSON_Delete(answer);
        subject_expect_row(&subject, "SELECT count(*) FROM agent_executions", "5");
        subject_expect_row(&subject, "SELECT count(*) FROM agent_outputs", "2");
    }
}

static void who_hangs_is_timed_out_and_killed_if_need_be(void **state)
{
    static const struct asked three[] = {
        {"AGENT", NULL}, {"AGENT --hang --ignore-term", NULL}, {"AGENT --hang", NULL}};
    struct subject subject;
    (void)state;
    FOR_EACH_KIND(subject)
    {
        bool parallel = strcmp(kinds[kind].mode, "parallel") == 0;
        cJSON *answer = subject_spawn(&subject, 1, 400, "cancel", three, 3);
        subject_expect(answer, 0, "cancelled", "agent 'agent-1' was not ready within 400 ms");
        subject_expect(answer, 1, "timed_out", "agent 'agent-1' was not ready within 400 ms");
        subject_expect(answer, 2, parallel ? "timed_out" : "cancelled", "not ready within 400 ms");
        cJSON_Delete(answer);
        subject_expect_children(&subject, 0);
        subject_expect_row(&subject, "SELECT state FROM agent_executions WHERE id = '1.1'",
                           "timed_out");
    }
}

static void floods_hang_nobody(void **state)
{
    static const struct asked two[] = {{"AGENT --chatty 1000000", NULL},
                                       {"AGENT --chatty 1000000 --output 300000", NULL}};
    static const struct asked dying[] = {{"AGENT --chatty 1000000 --fail init", NULL}};
    struct subject subject;
    (void)state;
    FOR_EACH_KIND(subject)
    {
        cJSON *answer = subject_spawn(&subject, 1, 30000, "cancel", two, 2);
        subject_expect(answer, 0, "ready", NULL);
        subject_expect(answer, 1, "ready", NULL);
        cJSON_Delete(answer);
        answer = subject_finish(&subject, 1);
        assert_string_equal(json_string(answer, "consensus"), "agreed");
        cJSON_Delete(answer);
        /* the flood before "ready" is no answer, all of what comes after is */
        subject_expect_row(&subject, "SELECT sum(json_valid(output)) FROM agent_outputs", "2");
        subject_expect_row(&subject, "SELECT max(length(output)) > 300000 FROM agent_outputs", "1");
        answer = subject_spawn(&subject, 2, 30000, "cancel", dying, 1);
        subject_expect(answer, 0, "failed", "2.0: told to fail at init");
        cJSON_Delete(answer);
    }
}

static void all_four_ways_of_being_ready_are_seen(void **state)
{
    static const struct asked all[] = {
        {"AGENT --ready fd", "fd"},
        {"AGENT --ready notify", "notify"},
        {"AGENT --chatty 100000 --ready line --ready-text hello", "line:hell"},
        {"AGENT --ready exit", "exit"},
        {"true", "exit"},
        {"echo done", "line:done"}};
    struct subject subject;
    (void)state;
    FOR_EACH_KIND(subject)
    {
        cJSON *answer = subject_spawn(&subject, 1, 30000, "cancel", all, 6);
        for (int i = 0; i < 6; i++)
            subject_expect(answer, i, "ready", NULL);
        check_times(answer, 6);
        cJSON_Delete(answer);
        answer = subject_finish(&subject, 1);
        for (int i = 0; i < 6; i++)
            assert_int_equal(subject_number(subject_nth(answer, i), "exit"), 0);
        assert_string_equal(json_string(answer, "consensus"), "split"); /* 3 of 6 is no majority */
        cJSON_Delete(answer);
        subject_expect_row(&subject, "SELECT votes || '/' || agents FROM consensus_runs", "3/6");
        subject_expect_row(&subject, "SELECT output FROM agent_outputs WHERE id = '1.5'", "");
    }
}

static void exit_with_another_status_is_not_ready(void **state)
{
    static const struct asked one[] = {{"false", "exit"}};
    struct subject subject;
    (void)state;
    FOR_EACH_KIND(subject)
    {
        cJSON *answer = subject_spawn(&subject, 1, 30000, "cancel", one, 1);
        subject_expect(answer, 0, "failed",
                       "agent 'agent-0' exited with status 1 before it was ready");
        cJSON_Delete(answer);
    }
}

static void how_agents_end_is_told(void **state)
{
    static const struct asked three[] = {
        {"AGENT --fail output", NULL}, {"AGENT", NULL}, {"sleep 1000", "line:never"}};
    static const struct asked stubborn[] = {{"sh -c echo>&3;exec</dev/null;sleep${IFS}1000", NULL}};
    struct subject subject;
    (void)state;
    FOR_EACH_KIND(subject)
    {
        cJSON *answer = subject_spawn(&subject, 1, 600, "degrade", three, 3);
        subject_expect(answer, 1, "ready", NULL);
        subject_expect(answer, 2, "timed_out", "not ready within 600 ms");
        cJSON_Delete(answer);
        answer = subject_finish(&subject, 1);
        assert_int_equal(subject_number(subject_nth(answer, 0), "exit"), 1);
        assert_int_equal(subject_number(subject_nth(answer, 1), "exit"), 0);
        assert_string_equal(json_string(answer, "consensus"), "split");
        cJSON_Delete(answer);
        subject_expect_row(
            &subject, "SELECT error FROM agent_executions WHERE id = '1.0'",
            "agent 'agent-0' exited with status 1: spawnref-agent: 1.0: told to fail at "
            "output");
        answer = subject_spawn(&subject, 2, 600, "cancel", stubborn, 1);
        subject_expect(answer, 0, "ready", NULL);
        cJSON_Delete(answer);
        answer = subject_finish(&subject, 2); /* does not end by itself, nor do those it started */
        assert_int_equal(subject_number(subject_nth(answer, 0), "signal"), SIGTERM);
        cJSON_Delete(answer);
        subject_expect_row(&subject, "SELECT error FROM agent_executions WHERE id = '2.0'",
                           "agent 'agent-0' did not finish within 600 ms");
    }
}

/* ---- what reaches an agent ---- */

/* Environment, directory and prompt arrive; no descriptor but 0, 1, 2 and the ready pipe does. */
static void an_agent_gets_what_was_asked_and_nothing_else(void **state)
{
    struct subject subject;
    (void)state;
    FOR_EACH_KIND(subject)
    {
        struct text line = {0};
        cJSON *answer;
        text_addf(
            &line,
            "{\"op\":\"spawn\",\"batch\":1,\"agents\":[{\"id\":\"1.0\",\"name\":\"n\","
            "\"command\":[\"sh\",\"-c\",\"echo >&3; cat >prompt; pwd -P; echo $FRUIT; "
            "for n in 4 5 6 7 8 9 11 12 13 14 15; do [ ! -e /proc/$$/fd/$n ] || echo $n; done\"],"
            "\"environment\":{\"FRUIT\":\"pear\",\"HOME\":\"/nowhere\"},\"directory\":\"%s\"}]}",
            subject.folder);
        answer = subject_ask(&subject, line.data);
        subject_expect(answer, 0, "ready", NULL);
        cJSON_Delete(answer);
        text_clear(&line);
        text_add(&line, "{\"op\":\"finish\",\"batch\":1,\"consensus\":true,\"prompt\":\"");
        for (int i = 0; i < 300000; i++)
            text_add(&line, "p");
        text_add(&line, "\"}");
        answer = subject_ask(&subject, line.data);
        assert_string_equal(json_string(answer, "op"), "finished");
        cJSON_Delete(answer);
        text_clear(&line);
        text_addf(&line, "%s\npear\n", subject.folder);
        subject_expect_row(&subject, "SELECT CAST(output AS TEXT) FROM agent_outputs", line.data);
        text_clear(&line);
        text_addf(&line, "%s/prompt", subject.folder);
        assert_int_equal(access(line.data, F_OK), 0);
        struct stat about;
        assert_int_equal(stat(line.data, &about), 0);
        assert_int_equal(about.st_size, 300000);
        text_release(&line);
    }
}

static void a_directory_that_is_not_there_is_told(void **state)
{
    struct subject subject;
    (void)state;
    FOR_EACH_KIND(subject)
    {
        cJSON *answer = subject_ask(
            &subject, "{\"op\":\"spawn\",\"batch\":1,\"agents\":[{\"id\":\"1.0\",\"name\":\"n\","
                      "\"command\":[\"true\"],\"directory\":\"/no/such/place\"}]}");
        subject_expect(answer, 0, "failed",
                       "cannot start 'true' in directory '/no/such/place': No such file");
        cJSON_Delete(answer);
    }
}

/* ---- what is not understood, and the end ---- */

static void nonsense_is_told_and_changes_nothing(void **state)
{
    static const char *const lines[][2] = {
        {"garbage", "not JSON"},
        {"", "empty"},
        {"{}", "\"op\": expected"},
        {"{\"op\":\"dance\"}", "not 'dance'"},
        {"{\"op\":\"open\",\"protocol\":2}", "\"protocol\": expected 1"},
        {"{\"op\":\"open\",\"protocol\":1,\"database\":\"x\",\"run\":\"r\"}", "open already"},
        {"{\"op\":\"spawn\"}", "\"batch\""},
        {"{\"op\":\"spawn\",\"batch\":1,\"agents\":[]}", "\"agents\""},
        {"{\"op\":\"spawn\",\"batch\":1,\"agents\":[{\"id\":\"1.0\"}]}",
         "agent '1.0': \"command\""},
        {"{\"op\":\"spawn\",\"batch\":1,\"on_failure\":\"cry\",\"agents\":[]}", "\"on_failure\""},
        {"{\"op\":\"spawn\",\"batch\":1,\"deadline_ms\":-1,\"agents\":[]}", "\"deadline_ms\""},
        {"{\"op\":\"spawn\",\"batch\":1,\"agents\":[{\"id\":\"1.0\",\"command\":[\"true\"],"
         "\"ready\":{\"by\":\"magic\"}}]}",
         "\"by\": expected fd, notify, line or exit"},
        {"{\"op\":\"finish\",\"batch\":99}", "batch 99 has no ready agents"},
    };
    struct subject subject;
    (void)state;
    FOR_EACH_KIND(subject)
    {
        for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
            cJSON *answer = subject_ask(&subject, lines[i][0]);
            assert_string_equal(json_string(answer, "op"), "error");
            if (!strstr(json_string(answer, "text"), lines[i][1]))
                fail_msg("'%s': expected '%s', not '%s'", lines[i][0], lines[i][1],
                         json_string(answer, "text"));
            cJSON_Delete(answer);
        }
        subject_expect_row(&subject, "SELECT count(*) FROM agent_executions", "0");
    }
}

static void expect_gone(pid_t pid)
{
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH);
}

/* However it ends, no agent is left, and the store says that they were interrupted. */
static void ends_leaving_no_agent(void **state)
{
    static const struct asked two[] = {{"AGENT", NULL}, {"AGENT --ignore-term", NULL}};
    static const int ways[] = {0, SIGTERM, SIGINT};
    (void)state;
    for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++)
        for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
            struct subject subject;
            cJSON *answer;
            subject_start(&subject, kinds[kind].mode, kinds[kind].record);
            answer = subject_spawn(&subject, 1, 30000, "cancel", two, 2);
            if (ways[i])
                kill(subject.process.pid, ways[i]);
            else
                close(subject.process.in), subject.process.in = -1;
            subject_expect_exit(&subject, ways[i] ? 128 + ways[i] : 0);
            expect_gone((pid_t)subject_number(subject_nth(answer, 0), "pid"));
            expect_gone((pid_t)subject_number(subject_nth(answer, 1), "pid"));
            subject_expect_row(
                &subject, "SELECT count(*) FROM agent_executions WHERE state = 'interrupted'", "2");
            cJSON_Delete(answer);
            subject_release(&subject);
        }
}

/* Told to stop while a batch is starting: it is cancelled, told, recorded, and we go. */
static void a_signal_cancels_a_batch_that_is_starting(void **state)
{
    static const struct asked two[] = {{"AGENT --hang", NULL}, {"AGENT --hang", NULL}};
    (void)state;
    for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++) {
        struct subject subject;
        struct process_view children[4];
        char *line;
        cJSON *answer;
        subject_start(&subject, kinds[kind].mode, kinds[kind].record);
        line = subject_spawn_line(&subject, 1, 30000, "degrade", two, 2);
        subject_send(&subject, line);
        subject_send(&subject, "\n");
        while (process_children(subject.process.pid, children, 4) == SUBJECT_OWN_CHILDREN)
            clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
        kill(subject.process.pid, SIGTERM);
        answer = subject_read(&subject);
        assert_non_null(answer);
        subject_expect(answer, 0, "cancelled", "interrupted by a signal");
        subject_expect_exit(&subject, 128 + SIGTERM);
        subject_expect_row(&subject,
                           "SELECT count(*) FROM agent_executions WHERE state <> 'cancelled'", "0");
        cJSON_Delete(answer);
        free(line);
        subject_release(&subject);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_started_recorded_asked_and_ended),
        cmocka_unit_test(one_failure_cancels_all_and_its_error_arrives_whole),
        cmocka_unit_test(degraded_the_others_go_on),
        cmocka_unit_test(who_hangs_is_timed_out_and_killed_if_need_be),
        cmocka_unit_test(floods_hang_nobody),
        cmocka_unit_test(all_four_ways_of_being_ready_are_seen),
        cmocka_unit_test(exit_with_another_status_is_not_ready),
        cmocka_unit_test(how_agents_end_is_told),
        cmocka_unit_test(an_agent_gets_what_was_asked_and_nothing_else),
        cmocka_unit_test(a_directory_that_is_not_there_is_told),
        cmocka_unit_test(nonsense_is_told_and_changes_nothing),
        cmocka_unit_test(ends_leaving_no_agent),
        cmocka_unit_test(a_signal_cancels_a_batch_that_is_starting),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
