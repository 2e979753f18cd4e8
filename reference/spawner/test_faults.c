/* Is an agent that could not be recorded ever called ready? And is anything left of it? */
#include "spawner/test_subject.h"

#include <sys/resource.h>
#include <sys/stat.h>

static const struct asked three[] = {{"AGENT", NULL}, {"AGENT", NULL}, {"AGENT", NULL}};

static const struct {
    const char *mode, *record;
} kinds[] = {
    {"sequential", "each"}, {"parallel", "batch"}, {"sequential", "batch"}, {"parallel", "each"}};

#define KINDS (sizeof kinds / sizeof kinds[0])

static void expect_broken(struct subject *subject, int batch, const char *reason)
{
    cJSON *answer = subject_spawn(subject, batch, 30000, "cancel", three, 3);
    for (int i = 0; i < 3; i++) {
        subject_expect(answer, i, "failed", "could not be recorded");
        subject_expect(answer, i, "failed", reason);
        assert_true(cJSON_IsNull(cJSON_GetObjectItem(subject_nth(answer, i), "recorded_ns")));
    }
    cJSON_Delete(answer);
    subject_expect_children(subject, 0);
    answer = subject_finish(subject, batch); /* memory does not know it either */
    assert_non_null(strstr(json_string(answer, "text"), "has no ready agents"));
    cJSON_Delete(answer);
}

static void expect_whole(struct subject *subject, int batch)
{
    cJSON *answer = subject_spawn(subject, batch, 30000, "cancel", three, 3);
    for (int i = 0; i < 3; i++)
        subject_expect(answer, i, "ready", NULL);
    cJSON_Delete(answer);
    answer = subject_finish(subject, batch);
    assert_string_equal(json_string(answer, "consensus"), "agreed");
    cJSON_Delete(answer);
}

static void a_refused_insert_makes_nobody_ready(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct subject subject;
        subject_start(&subject, kinds[kind].mode, kinds[kind].record);
        expect_whole(&subject, 1);
        free(subject_query(&subject,
                           "CREATE TRIGGER refuse BEFORE INSERT ON agent_executions WHEN"
                           " NEW.id LIKE '%.1' BEGIN SELECT RAISE(ABORT, 'planted'); END"));
        expect_broken(&subject, 2, "planted");
        free(subject_query(&subject, "DROP TRIGGER refuse"));
        expect_whole(&subject, 3);
        subject_expect_row(
            &subject, "SELECT count(*) FROM agent_executions WHERE state IN ('starting', 'ready')",
            "0");
        subject_stop(&subject);
    }
}

/* each: the row is there, its update to 'ready' is not */
static void a_refused_update_makes_nobody_ready(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct subject subject;
        if (strcmp(kinds[kind].record, "each") != 0)
            continue;
        subject_start(&subject, kinds[kind].mode, kinds[kind].record);
        free(subject_query(&subject,
                           "CREATE TRIGGER refuse BEFORE UPDATE ON agent_executions WHEN"
                           " NEW.state = 'ready' BEGIN SELECT RAISE(ABORT, 'planted'); END"));
        expect_broken(&subject, 1, "planted");
        subject_expect_row(&subject,
                           "SELECT count(*) FROM agent_executions WHERE state <> 'failed'", "0");
        subject_stop(&subject);
    }
}

/* What could not be written down is kept until it can be. */
static void a_refused_finish_can_be_finished_again(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct subject subject;
        cJSON *answer;
        subject_start(&subject, kinds[kind].mode, kinds[kind].record);
        cJSON_Delete(subject_spawn(&subject, 1, 30000, "cancel", three, 3));
        free(subject_query(&subject, "CREATE TRIGGER refuse BEFORE INSERT ON agent_outputs WHEN"
                                     " NEW.id = '1.2' BEGIN SELECT RAISE(ABORT, 'planted'); END"));
        answer = subject_finish(&subject, 1);
        assert_string_equal(json_string(answer, "op"), "error");
        assert_non_null(strstr(json_string(answer, "text"), "planted"));
        cJSON_Delete(answer);
        subject_expect_children(&subject, 0);
        subject_expect_row(&subject, "SELECT count(*) FROM consensus_runs", "0");
        subject_expect_row(&subject, "SELECT count(*) FROM agent_executions WHERE state = 'ready'",
                           "3");
        free(subject_query(&subject, "DROP TRIGGER refuse"));
        answer = subject_finish(&subject, 1);
        assert_string_equal(json_string(answer, "op"), "finished");
        cJSON_Delete(answer);
        subject_expect_row(&subject, "SELECT count(*) FROM agent_outputs", "3");
        subject_stop(&subject);
    }
}

/* As a full disk, without one: no file may grow. */
static void a_full_disk_makes_nobody_ready(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct subject subject;
        struct rlimit none = {4096, RLIM_INFINITY}, all;
        subject_start(&subject, kinds[kind].mode, kinds[kind].record);
        expect_whole(&subject, 1);
        assert_int_equal(prlimit(subject.process.pid, RLIMIT_FSIZE, &none, &all), 0);
        expect_broken(&subject, 2, "cannot ");
        assert_int_equal(prlimit(subject.process.pid, RLIMIT_FSIZE, &all, NULL), 0);
        expect_whole(&subject, 3);
        subject_stop(&subject);
    }
}

static int64_t spent_ns(const cJSON *answer)
{
    int64_t begin_ns = 0, end_ns = 0;
    json_int64(&begin_ns, cJSON_GetObjectItem(answer, "begin_ns"));
    json_int64(&end_ns, cJSON_GetObjectItem(answer, "end_ns"));
    return end_ns - begin_ns;
}

/* The harness waits three seconds beyond the deadline, then the subject counts as hanging. */
static void a_locked_database_holds_no_batch_up_beyond_its_deadline(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct subject subject;
        sqlite3 *other = NULL;
        cJSON *answer;
        subject_start(&subject, kinds[kind].mode, kinds[kind].record);
        expect_whole(&subject, 1);
        assert_int_equal(sqlite3_open(subject.database, &other), SQLITE_OK);
        assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        answer = subject_spawn(&subject, 2, 300, "cancel", three, 3);
        subject_expect(answer, 0, "failed", "database is locked");
        if (spent_ns(answer) > INT64_C(3300000000))
            fail_msg("%s, %s: answered after %lld ns", kinds[kind].mode, kinds[kind].record,
                     (long long)spent_ns(answer));
        cJSON_Delete(answer);
        sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL);
        sqlite3_close(other);
        expect_whole(&subject, 3);
        subject_stop(&subject);
    }
}

static void expect_no_open(struct subject *subject, const char *reason)
{
    cJSON *answer = subject_open(subject);
    assert_string_equal(json_string(answer, "op"), "error");
    if (!strstr(json_string(answer, "text"), reason))
        fail_msg("expected '%s', not '%s'", reason, json_string(answer, "text"));
    cJSON_Delete(answer);
    answer = subject_ask(subject, "{\"op\":\"spawn\",\"batch\":1,\"agents\":[{\"id\":\"1.0\","
                                  "\"command\":[\"true\"]}]}");
    assert_non_null(strstr(json_string(answer, "text"), "no database is open"));
    cJSON_Delete(answer);
    cJSON_Delete(subject_ask(subject, "{\"op\":\"close\"}"));
    subject_expect_exit(subject, 0);
    subject_release(subject);
}

static void a_file_that_is_no_store_is_refused(void **state)
{
    static const char garbage[] =
        "this is no database, and it is longer than a header of one hundred "
        "bytes, so that SQLite has something to look at before it says so";
    struct subject subject;
    (void)state;
    subject_launch(&subject, "parallel", NULL);
    assert_int_equal(text_write_file(subject.database, garbage, sizeof garbage, NULL), 0);
    expect_no_open(&subject, "not a database");
    subject_launch(&subject, "sequential", NULL);
    free(subject.database);
    subject.database = text_format("%s/no/such/folder/x", subject.folder);
    expect_no_open(&subject, "unable to open");
    subject_launch(&subject, "parallel", NULL);
    free(subject.database);
    subject.database = xstrdup(subject.folder);
    expect_no_open(&subject, "unable to open");
}

static void a_folder_we_may_not_write_is_refused(void **state)
{
    struct subject subject;
    (void)state;
    if (geteuid() == 0)
        skip(); /* root may write anywhere */
    subject_launch(&subject, "parallel", NULL);
    assert_int_equal(chmod(subject.folder, 0500), 0);
    expect_no_open(&subject, "unable to open");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_insert_makes_nobody_ready),
        cmocka_unit_test(a_refused_update_makes_nobody_ready),
        cmocka_unit_test(a_refused_finish_can_be_finished_again),
        cmocka_unit_test(a_full_disk_makes_nobody_ready),
        cmocka_unit_test(a_locked_database_holds_no_batch_up_beyond_its_deadline),
        cmocka_unit_test(a_file_that_is_no_store_is_refused),
        cmocka_unit_test(a_folder_we_may_not_write_is_refused),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
