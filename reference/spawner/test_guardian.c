/* Is what agents leave ended: with their batch and no other, and after SIGKILL of the spawner? */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>

#include "spawner/test_subject.h"

/* An agent that starts a daemon first, and is right otherwise. */
static char *write_agent(const struct subject *subject)
{
    char *path = text_format("%s/agent.sh", subject->folder);
    char *text = text_format("#!/bin/sh\n"
                             "(setsid sleep 300 </dev/null >/dev/null 2>&1 3>&- &)\n"
                             "exec %s\n",
                             AGENT);
    assert_int_equal(text_write_file(path, text, strlen(text), NULL), 0);
    assert_int_equal(chmod(path, 0755), 0);
    free(text);
    return path;
}

static bool is_of_agent(const struct subject *subject, pid_t pid, const char *id)
{
    char path[64], *data = NULL, *entry = text_format("SPAWNBENCH_AGENT=%s", id);
    size_t length = 0;
    bool found;
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    if (text_read_file(&data, &length, path, (size_t)4 << 20, NULL) < 0)
        length = 0;
    found = length && memmem(data, length, subject->witness, strlen(subject->witness)) &&
            memmem(data, length, entry, strlen(entry) + 1);
    free(data);
    free(entry);
    return found;
}

/* Processes that an agent is or has started, wherever they are by now. */
static size_t count_of_agent(const struct subject *subject, const char *id)
{
    struct dirent *entry;
    DIR *proc = opendir("/proc");
    size_t count = 0;
    assert_non_null(proc);
    while ((entry = readdir(proc))) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10); /* 0: no process */
        count += pid > 0 && is_of_agent(subject, pid, id);
    }
    closedir(proc);
    return count;
}

/* The agent and its daemon. One that is becoming the next program has no environment to be read. */
static void expect_two(const struct subject *subject, const char *id)
{
    int64_t until_ns = clock_now_ns() + 30 * CLOCK_NS_PER_S;
    while (count_of_agent(subject, id) != 2 && clock_now_ns() < until_ns)
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
    assert_int_equal(count_of_agent(subject, id), 2);
}

static void a_daemon_ends_with_its_batch_and_no_other(void **state)
{
    struct subject subject;
    char *path;
    (void)state;
    subject_start(&subject, "parallel", NULL);
    path = write_agent(&subject);
    for (int batch = 1; batch <= 2; batch++) {
        const struct asked one[] = {{path, NULL}};
        cJSON *answer = subject_spawn(&subject, batch, 30000, "cancel", one, 1);
        subject_expect(answer, 0, "ready", NULL);
        cJSON_Delete(answer);
    }
    expect_two(&subject, "1.0");
    cJSON_Delete(subject_finish(&subject, 1));
    assert_int_equal(count_of_agent(&subject, "1.0"), 0);
    expect_two(&subject, "2.0");
    cJSON_Delete(subject_finish(&subject, 2));
    assert_int_equal(count_of_agent(&subject, "2.0"), 0);
    free(path);
    subject_stop(&subject); /* it has no child left, see there */
}

static void a_daemon_ends_with_a_batch_that_failed(void **state)
{
    static const char *const on_failure[] = {"cancel", "degrade"};
    struct subject subject;
    (void)state;
    subject_start(&subject, "parallel", NULL);
    for (int batch = 0; batch < 2; batch++) {
        char *path = write_agent(&subject);
        const struct asked one[] = {{path, "exit"}}; /* it does not know that way */
        char id[8];
        cJSON *answer = subject_spawn(&subject, batch, 400, on_failure[batch], one, 1);
        subject_expect(answer, 0, "failed", "");
        cJSON_Delete(answer);
        snprintf(id, sizeof id, "%d.0", batch);
        assert_int_equal(count_of_agent(&subject, id), 0);
        free(path);
    }
    subject_stop(&subject);
}

static void nothing_runs_on_after_sigkill(void **state)
{
    struct subject subject;
    struct process_exit ended;
    int64_t until_ns;
    cJSON *answer;
    char *path;
    (void)state;
    subject_start(&subject, "parallel", NULL);
    path = write_agent(&subject);
    const struct asked one[] = {{path, NULL}};
    answer = subject_spawn(&subject, 1, 30000, "cancel", one, 1);
    subject_expect(answer, 0, "ready", NULL);
    cJSON_Delete(answer);
    expect_two(&subject, "1.0");
    kill(subject.process.pid, SIGKILL);
    until_ns = clock_now_ns() + 30 * CLOCK_NS_PER_S; /* so that a failure ends, too */
    assert_int_equal(process_wait(&subject.process, until_ns, &ended), 1);
    while (count_of_agent(&subject, "1.0") > 0 && clock_now_ns() < until_ns)
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
    assert_int_equal(count_of_agent(&subject, "1.0"), 0);
    free(path);
    subject_release(&subject);
}

/* An agent with a daemon that becomes the next program all the time. Both hold a pipe. */
static char *write_restless_agent(const struct subject *subject)
{
    char *path = text_format("%s/agent.sh", subject->folder);
    char *text = text_format("#!/bin/sh\n"
                             "[ \"$1\" = again ] && exec \"$0\" again\n"
                             "exec 9>%s/pipe\n"
                             "(setsid \"$0\" again </dev/null >/dev/null 2>&1 3>&- &)\n"
                             "exec %s\n",
                             subject->folder, AGENT);
    assert_int_equal(text_write_file(path, text, strlen(text), NULL), 0);
    assert_int_equal(chmod(path, 0755), 0);
    free(text);
    return path;
}

/* Each time it is met in the midst of that in about one case of twelve. */
static void what_becomes_the_next_program_is_found(void **state)
{
    (void)state;
    for (int round = 0; round < 25; round++) {
        struct subject subject;
        struct pollfd watch = {.events = POLLIN};
        subject_start(&subject, "parallel", NULL);
        char *path = write_restless_agent(&subject);
        char *pipe_path = text_format("%s/pipe", subject.folder);
        const struct asked one[] = {{path, NULL}};
        assert_int_equal(mkfifo(pipe_path, 0600), 0);
        watch.fd = open(pipe_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        assert_true(watch.fd >= 0);
        cJSON *answer = subject_spawn(&subject, 1, 30000, "cancel", one, 1);
        subject_expect(answer, 0, "ready", NULL);
        cJSON_Delete(answer);
        assert_int_equal(poll(&watch, 1, 0), 0); /* they are there */
        kill(subject.process.pid, SIGKILL);
        process_wait(&subject.process, clock_now_ns() + 30 * CLOCK_NS_PER_S, NULL);
        poll(&watch, 1, 30000);
        unlink(path); /* should the daemon have been missed, it ends with this */
        assert_int_equal(watch.revents, POLLHUP);
        close(watch.fd);
        free(path);
        free(pipe_path);
        subject_release(&subject);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_daemon_ends_with_its_batch_and_no_other),
        cmocka_unit_test(a_daemon_ends_with_a_batch_that_failed),
        cmocka_unit_test(nothing_runs_on_after_sigkill),
        cmocka_unit_test(what_becomes_the_next_program_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
