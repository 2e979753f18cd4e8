/* Can a slowdown be planted: words for every agent, and one batch of ten that takes longer? */
#include "spawner/test_subject.h"

#include "spawner/batch.h"

static void appended_words_stand_behind_the_agents_own(void **state)
{
    static const char *const words[] = {"--init", "9ms"};
    cJSON *request = cJSON_Parse("{\"op\":\"spawn\",\"batch\":1,\"deadline_ms\":5,\"agents\":"
                                 "[{\"id\":\"1.0\",\"command\":[\"a\",\"b\"]}]}");
    struct err err = {0};
    struct batch *batch;
    (void)state;
    batch_append(words, 2);
    batch = batch_new(request, &err);
    batch_append(NULL, 0);
    assert_non_null(batch);
    assert_string_equal(batch->agents[0].argv[1], "b");
    assert_string_equal(batch->agents[0].argv[2], "--init");
    assert_string_equal(batch->agents[0].argv[3], "9ms");
    assert_null(batch->agents[0].argv[4]);
    batch_free(batch);
}

/* From main to ready, by the agent's own words. */
static int64_t initialised_ns(int batch)
{
    struct subject subject = {.witness_fd = -1};
    char *who = text_format("SPAWNBENCH_AGENT=%d.1", batch), *where, *text;
    const char *const argv[] = {AGENT, "--init-rare", "300ms", "--ready", "exit", NULL};
    long long main_ns = 0, ready_ns = 0;
    struct process process;
    struct process_exit ended;
    struct err err = {0};
    subject_listen(&subject);
    where = text_format("SPAWNBENCH_WITNESS=%s", subject.witness);
    if (process_start(&process, argv, (char *const[]){where, who, NULL}, NULL, -1, &err) < 0)
        fail_msg("%s", err.text);
    while (!process_wait(&process, clock_now_ns() + CLOCK_NS_PER_S, &ended))
        ;
    text = subject_next_message(&subject);
    assert_non_null(text);
    main_ns = strtoll(strchr(strchr(text, ' ') + 1, ' '), NULL, 10);
    ready_ns = strtoll(strrchr(text, ' '), NULL, 10);
    close(subject.witness_fd);
    free(subject.witness);
    free(text);
    free(where);
    free(who);
    return ready_ns - main_ns;
}

static void one_batch_in_ten_takes_the_rare_time(void **state)
{
    static const int rare[] = {3, 23, 33, 34, 38};
    int64_t least_ns = INT64_MAX, least_rare_ns = INT64_MAX;
    (void)state;
    for (size_t i = 0; i < sizeof rare / sizeof rare[0]; i++) {
        int64_t took_ns = initialised_ns(rare[i]);
        assert_true(took_ns >= 300 * CLOCK_NS_PER_MS); /* a sleep lasts at least so long */
        least_rare_ns = took_ns < least_rare_ns ? took_ns : least_rare_ns;
    }
    for (int batch = 0; batch < 10; batch++) {
        int64_t took_ns = initialised_ns(batch);
        least_ns = took_ns < least_ns ? took_ns : least_ns;
    }
    assert_true(least_ns < least_rare_ns); /* not every one */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appended_words_stand_behind_the_agents_own),
        cmocka_unit_test(one_batch_in_ten_takes_the_rare_time),
    };
    return cmocka_run_group_tests_name("reference/spawner/append", tests, NULL, NULL);
}
