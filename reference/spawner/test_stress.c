/* Does it stay right when there is much to do, for long, and when the spawner itself is killed? */
#include "spawner/test_subject.h"

#include <sys/prctl.h>

#define CYCLES 100
#define MANY   50

static const char *const modes[] = {"sequential", "parallel"};

static const struct asked *many(const char *command)
{
    static struct asked asked[MANY];
    for (int i = 0; i < MANY; i++)
        asked[i] = (struct asked){command, NULL};
    return asked;
}

static void finish_agreed(struct subject *subject, int batch)
{
    cJSON *answer = subject_finish(subject, batch);
    assert_string_equal(json_string(answer, "consensus"), "agreed");
    cJSON_Delete(answer);
}

/* The mission: 100 cycles of concurrent starts, consensus after each; nothing lost, nothing
 * corrupt. And the spawner keeps no descriptor, no zombie and no child of any of them. */
static void a_hundred_cycles_corrupt_and_leak_nothing(void **state)
{
    static const struct asked four[] = {{"AGENT", NULL},
                                        {"AGENT --init 1ms", NULL},
                                        {"AGENT --ready notify", "notify"},
                                        {"AGENT --output 5000", NULL}};
    (void)state;
    for (int mode = 0; mode < 2; mode++) {
        struct subject subject;
        int descriptors = 0;
        subject_start(&subject, modes[mode], NULL);
        for (int cycle = 1; cycle <= CYCLES; cycle++) {
            cJSON *answer = subject_spawn(&subject, cycle, 30000, "cancel", four, 4);
            for (int i = 0; i < 4; i++)
                subject_expect(answer, i, "ready", NULL);
            cJSON_Delete(answer);
            finish_agreed(&subject, cycle);
            subject_expect_children(&subject, 0);
            if (cycle == 2)
                descriptors = process_count_descriptors(subject.process.pid);
            if (cycle % 10 == 0)
                subject_expect_row(&subject, "PRAGMA integrity_check", "ok");
        }
        assert_int_equal(process_count_descriptors(subject.process.pid), descriptors);
        assert_int_equal(subject_count_messages(&subject, "ready "), 4 * CYCLES);
        subject_expect_row(
            &subject, "SELECT count(*) FROM agent_executions WHERE state = 'completed'", "400");
        subject_expect_row(&subject, "SELECT count(*) FROM agent_outputs", "400");
        subject_expect_row(
            &subject, "SELECT count(*) FROM consensus_runs WHERE verdict = 'agreed' AND votes = 4",
            "100");
        subject_stop(&subject);
    }
}

/* The mission: more than 20 agents at once. */
static void fifty_agents_at_once(void **state)
{
    (void)state;
    for (int mode = 0; mode < 2; mode++) {
        struct subject subject;
        subject_start(&subject, modes[mode], NULL);
        for (int cycle = 1; cycle <= 3; cycle++) {
            cJSON *answer = subject_spawn(&subject, cycle, 60000, "cancel",
                                          many("AGENT --chatty 100000"), MANY);
            for (int i = 0; i < MANY; i++)
                subject_expect(answer, i, "ready", NULL);
            cJSON_Delete(answer);
            subject_expect_children(&subject, MANY);
            finish_agreed(&subject, cycle);
        }
        subject_expect_row(&subject, "SELECT count(DISTINCT pid) FROM agent_executions", "150");
        assert_int_equal(subject_count_messages(&subject, "ready "), 3 * MANY);
        subject_stop(&subject);
    }
}

/* Several batches may be alive at once, and end in any order. */
static void batches_overlap(void **state)
{
    static const struct asked two[] = {{"AGENT", NULL}, {"AGENT", NULL}};
    (void)state;
    for (int mode = 0; mode < 2; mode++) {
        struct subject subject;
        cJSON *answer;
        char *line;
        subject_start(&subject, modes[mode], NULL);
        for (int batch = 1; batch <= 3; batch++)
            cJSON_Delete(subject_spawn(&subject, batch, 30000, "cancel", two, 2));
        line = subject_spawn_line(&subject, 2, 30000, "cancel", two, 2);
        answer = subject_ask(&subject, line);
        assert_non_null(strstr(json_string(answer, "text"), "batch 2 is running already"));
        cJSON_Delete(answer);
        free(line);
        subject_expect_children(&subject, 6);
        finish_agreed(&subject, 2);
        subject_expect_children(&subject, 4);
        finish_agreed(&subject, 1);
        finish_agreed(&subject, 3);
        subject_stop(&subject);
    }
}

static void fifty_that_fail_leave_nothing(void **state)
{
    (void)state;
    for (int mode = 0; mode < 2; mode++) {
        struct subject subject;
        cJSON *answer;
        subject_start(&subject, modes[mode], NULL);
        answer = subject_spawn(&subject, 1, 30000, "degrade", many("/no/such/program"), MANY);
        for (int i = 0; i < MANY; i++)
            subject_expect(answer, i, "failed", "cannot start '/no/such/program'");
        cJSON_Delete(answer);
        answer = subject_spawn(&subject, 2, 30000, "cancel", many("AGENT --fail init"), MANY);
        for (int i = 0; i < MANY; i++) { /* some fail before the first failure ends them */
            const char *outcome = json_string(subject_nth(answer, i), "outcome");
            subject_expect(answer, i, strcmp(outcome, "failed") ? "cancelled" : "failed",
                           "told to fail at init");
        }
        cJSON_Delete(answer);
        subject_stop(&subject);
    }
}

/* Agents die with their spawner, whatever killed it (PR_SET_PDEATHSIG). They come to us as the next
 * subreaper, so that we see how each ended. */
static void a_killed_spawner_leaves_no_agent(void **state)
{
    static const struct asked three[] = {
        {"AGENT", NULL}, {"AGENT --ignore-term", NULL}, {"AGENT --hang", "exit"}};
    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    for (int mode = 0; mode < 2; mode++) {
        struct subject subject;
        struct process_view children[4];
        struct process_exit ended;
        char *line;
        subject_start(&subject, modes[mode], NULL);
        cJSON_Delete(subject_spawn(&subject, 1, 30000, "cancel", three, 2));
        line = subject_spawn_line(&subject, 2, 30000, "cancel", &three[2], 1);
        subject_send(&subject, line); /* one that is starting */
        subject_send(&subject, "\n");
        free(line);
        while (process_children(subject.process.pid, children, 4) < 3)
            clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
        kill(subject.process.pid, SIGKILL);
        assert_int_equal(process_wait(&subject.process, clock_now_ns() + PATIENCE_NS, &ended), 1);
        for (int i = 0; i < 3; i++) {
            int how = 0;
            /* by SIGKILL, or on its own: it may see the end of stdin first */
            assert_int_equal(waitpid(children[i].pid, &how, 0), children[i].pid);
        }
        subject_expect_row(&subject, "PRAGMA integrity_check", "ok");
        subject_expect_row(&subject, "SELECT count(*) FROM agent_executions WHERE state = 'ready'",
                           "2");
        subject_release(&subject);
    }
    prctl(PR_SET_CHILD_SUBREAPER, 0);
}

/* The mission: metrics are recorded (side by side: metrics/test_metrics.c). */
static void metrics_are_recorded(void **state)
{
    static const struct asked two[] = {{"AGENT", NULL}, {"AGENT --init 2ms", NULL}};
    (void)state;
    for (int mode = 0; mode < 2; mode++) {
        struct subject subject;
        char *data;
        size_t length;
        cJSON *file, *modes_told;
        subject_start(&subject, modes[mode], NULL);
        for (int batch = 1; batch <= 5; batch++) {
            cJSON_Delete(subject_spawn(&subject, batch, 30000, "cancel", two, 2));
            finish_agreed(&subject, batch);
        }
        cJSON_Delete(subject_ask(&subject, "{\"op\":\"close\"}"));
        subject_expect_exit(&subject, 0);
        assert_int_equal(text_read_file(&data, &length, subject.metrics, 1 << 20, NULL), 0);
        assert_int_equal(json_parse(&file, data, length, NULL), 0);
        modes_told = cJSON_GetObjectItem(cJSON_GetObjectItem(file, "modes"), modes[mode]);
        assert_int_equal(subject_number(modes_told, "batches"), 5);
        assert_int_equal(subject_number(modes_told, "agents"), 10);
        assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(
                        cJSON_GetObjectItem(modes_told, "batch_ms"), "p95")) > 2);
        cJSON_Delete(file);
        free(data);
        subject_release(&subject);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_cycles_corrupt_and_leak_nothing),
        cmocka_unit_test(fifty_agents_at_once),
        cmocka_unit_test(batches_overlap),
        cmocka_unit_test(fifty_that_fail_leave_nothing),
        cmocka_unit_test(a_killed_spawner_leaves_no_agent),
        cmocka_unit_test(metrics_are_recorded),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
