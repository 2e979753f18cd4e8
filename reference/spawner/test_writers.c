/* Do eight spawners on one database lose nothing, and does each get its share? */
#include "spawner/test_subject.h"

#include <poll.h>

#define WRITERS 8

/* One spawner, asked again as soon as it has answered. */
struct writer {
    struct subject subject;
    const char *mode;
    int number, done; /* batches finished */
    bool spawned;     /* the batch in hand */
    int64_t end_ns;
};

static const struct asked agents[] = {{"AGENT --output 20000", NULL}, {"AGENT", NULL}};

static void ask(struct writer *writer)
{
    char *line;
    int batch = writer->done + 1;
    if (writer->spawned)
        line = text_format("{\"op\":\"finish\",\"batch\":%d,\"prompt\":\"x\",\"consensus\":true}",
                           batch);
    else
        line = subject_spawn_line(&writer->subject, batch, 60000, "cancel", agents, 2);
    subject_send(&writer->subject, line);
    subject_send(&writer->subject, "\n");
    free(line);
}

static void open_writer(struct writer *writer, const char *database, int number, const char *mode)
{
    char *line;
    cJSON *answer;
    writer->number = number;
    writer->mode = mode;
    subject_launch(&writer->subject, mode, NULL);
    free(writer->subject.database);
    writer->subject.database = xstrdup(database);
    line = text_format("{\"op\":\"open\",\"protocol\":1,\"database\":\"%s\",\"durability\":"
                       "\"full\",\"run\":\"writer-%d\"}",
                       database, number);
    answer = subject_ask(&writer->subject, line);
    assert_string_equal(json_string(answer, "op"), "opened");
    assert_int_equal(subject_number(answer, "interrupted"), 0);
    cJSON_Delete(answer);
    free(line);
}

/* It has answered: what was asked must have gone well. */
static void take_answer(struct writer *writer)
{
    cJSON *answer = subject_read(&writer->subject);
    assert_non_null(answer);
    if (writer->spawned) {
        assert_string_equal(json_string(answer, "consensus"), "agreed");
        writer->done++;
    } else {
        for (int i = 0; i < 2; i++)
            subject_expect(answer, i, "ready", NULL);
    }
    writer->spawned = !writer->spawned;
    cJSON_Delete(answer);
}

/* All at once until each has its batches;
 * returns how far the slowest was when the first was done. */
static int work(struct writer writers[], size_t count, int batches)
{
    struct pollfd fds[WRITERS];
    size_t busy = count;
    int slowest = -1;
    for (size_t i = 0; i < count; i++) {
        fds[i] = (struct pollfd){writers[i].subject.process.out, POLLIN, 0};
        ask(&writers[i]);
    }
    while (busy > 0) {
        assert_true(poll(fds, count, (int)(PATIENCE_NS / CLOCK_NS_PER_MS)) > 0);
        for (size_t i = 0; i < count; i++) {
            if (fds[i].fd < 0 || !fds[i].revents)
                continue;
            take_answer(&writers[i]);
            if (writers[i].done < batches) {
                ask(&writers[i]);
                continue;
            }
            writers[i].end_ns = clock_now_ns();
            fds[i].fd = -1;
            busy--;
            for (size_t k = 0; k < count && busy == count - 1; k++)
                slowest = slowest < 0 || writers[k].done < slowest ? writers[k].done : slowest;
        }
    }
    return slowest;
}

/* What it says of its waiting, at the end: in the file and in the log. */
static double waited_ms(struct writer *writer, int64_t *waited)
{
    cJSON *file = NULL, *writing;
    char *data = NULL;
    size_t length;
    double ms;
    assert_int_equal(text_read_file(&data, &length, writer->subject.metrics, 1 << 22, NULL), 0);
    assert_int_equal(json_parse(&file, data, length, NULL), 0);
    writing = cJSON_GetObjectItem(
        cJSON_GetObjectItem(cJSON_GetObjectItem(file, "modes"), writer->mode), "writing");
    assert_non_null(writing);
    assert_int_equal(subject_number(writing, "busy"), 0);
    *waited += subject_number(writing, "waited");
    ms = cJSON_GetNumberValue(cJSON_GetObjectItem(writing, "waited_ms"));
    cJSON_Delete(file);
    free(data);
    assert_int_equal(text_read_file(&data, &length, writer->subject.log, 1 << 22, NULL), 0);
    assert_non_null(strstr(data, "turns to write"));
    free(data);
    return ms;
}

static void close_writers(struct writer writers[], size_t count)
{
    double least_ms = 1e12, most_ms = 0;
    int64_t waited = 0;
    for (size_t i = 0; i < count; i++) {
        double ms;
        cJSON_Delete(subject_ask(&writers[i].subject, "{\"op\":\"close\"}"));
        subject_expect_exit(&writers[i].subject, 0);
        ms = waited_ms(&writers[i], &waited);
        least_ms = ms < least_ms ? ms : least_ms;
        most_ms = ms > most_ms ? ms : most_ms;
    }
    print_message("           waited %lld times, %.1f to %.1f ms in all for each writer\n",
                  (long long)waited, least_ms, most_ms);
    assert_true(waited > 0); /* else nothing was proven */
}

static void expect_all_rows(const struct subject *subject, int batches)
{
    char *agents_expected = text_format("%d", batches * 2),
         *batches_expected = text_format("%d", batches);
    subject_expect_row(subject, "SELECT count(*) FROM agent_executions WHERE state = 'completed'",
                       agents_expected);
    subject_expect_row(subject, "SELECT count(*) FROM agent_executions", agents_expected);
    subject_expect_row(subject, "SELECT count(*) FROM agent_outputs", agents_expected);
    subject_expect_row(subject, "SELECT count(*) FROM consensus_runs", batches_expected);
    subject_expect_row(subject, "PRAGMA integrity_check", "ok");
    subject_expect_row(subject, "PRAGMA foreign_key_check", "");
    free(agents_expected);
    free(batches_expected);
}

static void share_a_database(const char *const modes[WRITERS], int batches, int at_least)
{
    struct writer writers[WRITERS] = {0};
    char *folder = subject_new_folder(), *database = text_format("%s/shared.sqlite", folder);
    int64_t from_ns;
    int slowest;
    for (int i = 0; i < WRITERS; i++)
        open_writer(&writers[i], database, i, modes[i]);
    from_ns = clock_now_ns();
    slowest = work(writers, WRITERS, batches);
    print_message("           %d writers, %d batches each in %.0f ms; the slowest had done %d when "
                  "the first was done\n",
                  WRITERS, batches, (double)(clock_now_ns() - from_ns) / 1e6, slowest);
    close_writers(writers, WRITERS);
    expect_all_rows(&writers[0].subject, WRITERS * batches);
    for (int i = 0; i < WRITERS; i++)
        subject_release(&writers[i].subject);
    subject_remove_folder(folder);
    free(folder);
    free(database);
    if (slowest < at_least)
        fail_msg("one writer had done %d of %d batches when another was done", slowest, batches);
}

/* The slowest writer is at most twice as slow as the fastest: it has done half by then. */
static void eight_writers_lose_nothing_and_share_fairly(void **state)
{
    static const char *const parallel[WRITERS] = {"parallel", "parallel", "parallel", "parallel",
                                                  "parallel", "parallel", "parallel", "parallel"};
    (void)state;
    share_a_database(parallel, 50, 25);
}

/* Connections that come and go beside checkpoints of others. */
static void eight_writers_of_two_kinds_lose_nothing(void **state)
{
    static const char *const mixed[WRITERS] = {"sequential", "parallel", "sequential", "parallel",
                                               "sequential", "parallel", "sequential", "parallel"};
    (void)state;
    share_a_database(mixed, 20, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eight_writers_lose_nothing_and_share_fairly),
        cmocka_unit_test(eight_writers_of_two_kinds_lose_nothing),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
