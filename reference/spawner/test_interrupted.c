/* The spawner is killed at any moment: does the next one find the truth in its database? */
#include "spawner/test_subject.h"

#define ROUNDS 30

static const struct {
    const char *mode, *record;
} kinds[] = {{"sequential", NULL}, {"parallel", NULL}, {"parallel", "each"}};
#define KINDS (sizeof kinds / sizeof kinds[0])

static const struct asked three[] = {{"AGENT", NULL}, {"AGENT", NULL}, {"AGENT --output 9", NULL}};

static char *home; /* of the database, which outlives its spawners */

static int make_home(void **state)
{
    (void)state;
    home = subject_new_folder();
    return 0;
}

static int remove_home(void **state)
{
    (void)state;
    subject_remove_folder(home);
    free(home);
    return 0;
}

/* A spawner on that database; returns how many agents it marked as interrupted. */
static int64_t start(struct subject *subject, size_t kind)
{
    int64_t interrupted;
    cJSON *answer;
    subject_launch(subject, kinds[kind].mode, kinds[kind].record);
    free(subject->database);
    subject->database = text_format("%s/%zu.sqlite", home, kind);
    answer = subject_open(subject);
    assert_string_equal(json_string(answer, "op"), "opened");
    interrupted = subject_number(answer, "interrupted");
    assert_non_null(json_string(answer, "engine"));
    assert_true(cJSON_IsBool(cJSON_GetObjectItem(answer, "engine_affected")));
    cJSON_Delete(answer);
    return interrupted;
}

/* kill -9, and another in its place. */
static int64_t kill_and_start(struct subject *subject, size_t kind)
{
    struct process_exit ended;
    kill(subject->process.pid, SIGKILL);
    assert_int_equal(process_wait(&subject->process, clock_now_ns() + PATIENCE_NS, &ended), 1);
    subject_release(subject);
    return start(subject, kind);
}

/* Memory has nobody left; then the store may call nobody running. */
static void expect_nobody_running(const struct subject *subject)
{
    subject_expect_row(
        subject, "SELECT count(*) FROM agent_executions WHERE state IN ('starting', 'ready')", "0");
}

/* What `spawnbench audit` says of the file; its own exit status is 0 when nothing was found. */
static void expect_clean_audit(const struct subject *subject)
{
    const char *argv[] = {BINARY_DIR "/spawnbench", "audit", subject->database, NULL};
    struct process audit;
    struct process_exit ended;
    struct err err = {0};
    if (access(argv[0], X_OK) != 0)
        return; /* the reference may be built alone */
    if (process_start(&audit, argv, NULL, NULL, -1, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(process_wait(&audit, clock_now_ns() + PATIENCE_NS, &ended), 1);
    assert_int_equal(ended.status, 0);
}

static void expect_whole(struct subject *subject, int batch)
{
    cJSON *answer = subject_spawn(subject, batch, 30000, "cancel", three, 3);
    for (int i = 0; i < 3; i++)
        subject_expect(answer, i, "ready", NULL);
    cJSON_Delete(answer);
    answer = subject_finish(subject, batch);
    assert_string_equal(json_string(answer, "op"), "finished");
    cJSON_Delete(answer);
}

static void killed_between_spawned_and_finish(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct subject subject;
        assert_int_equal(start(&subject, kind), 0);
        expect_whole(&subject, 1);
        cJSON_Delete(subject_spawn(&subject, 2, 30000, "cancel", three, 3));
        assert_int_equal(kill_and_start(&subject, kind), 3);
        expect_nobody_running(&subject);
        subject_expect_row(&subject,
                           "SELECT count(*) FROM agent_executions WHERE batch = 2 AND state ="
                           " 'interrupted' AND outcome = 'ready' AND pid > 0 AND error IS NOT NULL",
                           "3");
        subject_expect_row(&subject,
                           "SELECT count(*) FROM agent_executions WHERE state = 'completed'", "3");
        expect_whole(&subject, 3);
        expect_clean_audit(&subject);
        subject_stop(&subject);
    }
}

/* Agents that never become ready: only `each` has rows of them. */
static void killed_before_anybody_is_ready(void **state)
{
    static const struct asked hanging[] = {{"AGENT --hang", "exit"}, {"AGENT --hang", "exit"}};
    static const int expected[KINDS] = {1, 0, 2};
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct subject subject;
        struct process_view children[4];
        size_t children_expected = SUBJECT_OWN_CHILDREN + (expected[kind] == 1 ? 1 : 2);
        char *line;
        assert_int_equal(start(&subject, kind), 0);
        line = subject_spawn_line(&subject, 1, 30000, "cancel", hanging, 2);
        subject_send(&subject, line);
        subject_send(&subject, "\n");
        free(line);
        while (process_children(subject.process.pid, children, 4) < children_expected)
            clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
        assert_int_equal(kill_and_start(&subject, kind), expected[kind]);
        expect_nobody_running(&subject);
        expect_whole(&subject, 2);
        expect_clean_audit(&subject);
        subject_stop(&subject);
    }
}

/* Each round a little later into a batch and its finish: wherever it hits. */
static void killed_at_any_moment(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct subject subject;
        int64_t interrupted = 0;
        char *count;
        assert_int_equal(start(&subject, kind), 0);
        for (int round = 1; round <= ROUNDS; round++) {
            char *line = subject_spawn_line(&subject, round, 30000, "cancel", three, 3);
            subject_send(&subject, line);
            free(line);
            line = text_format("\n{\"op\":\"finish\",\"batch\":%d,\"consensus\":true}\n", round);
            subject_send(&subject, line);
            free(line);
            clock_sleep_until(clock_now_ns() + round * INT64_C(150000));
            interrupted += kill_and_start(&subject, kind);
            expect_nobody_running(&subject);
        }
        count = text_format("%lld", (long long)interrupted);
        subject_expect_row(
            &subject, "SELECT count(*) FROM agent_executions WHERE state = 'interrupted'", count);
        free(count);
        subject_expect_row(&subject,
                           "SELECT count(*) FROM agent_executions WHERE state NOT IN"
                           " ('interrupted', 'completed')",
                           "0");
        expect_whole(&subject, ROUNDS + 1);
        expect_clean_audit(&subject);
        subject_stop(&subject);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(killed_between_spawned_and_finish, make_home, remove_home),
        cmocka_unit_test_setup_teardown(killed_before_anybody_is_ready, make_home, remove_home),
        cmocka_unit_test_setup_teardown(killed_at_any_moment, make_home, remove_home),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
