/* Is what agents leave ended: with their batch and no other, and after SIGKILL of the spawner? */
#include <dirent.h>

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
    assert_int_equal(count_of_agent(&subject, "1.0"), 2);
    cJSON_Delete(subject_finish(&subject, 1));
    assert_int_equal(count_of_agent(&subject, "1.0"), 0);
    assert_int_equal(count_of_agent(&subject, "2.0"), 2);
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
    assert_int_equal(count_of_agent(&subject, "1.0"), 2);
    kill(subject.process.pid, SIGKILL);
    until_ns = clock_now_ns() + 30 * CLOCK_NS_PER_S; /* so that a failure ends, too */
    assert_int_equal(process_wait(&subject.process, until_ns, &ended), 1);
    while (count_of_agent(&subject, "1.0") > 0 && clock_now_ns() < until_ns)
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
    assert_int_equal(count_of_agent(&subject, "1.0"), 0);
    free(path);
    subject_release(&subject);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_daemon_ends_with_its_batch_and_no_other),
        cmocka_unit_test(a_daemon_ends_with_a_batch_that_failed),
        cmocka_unit_test(nothing_runs_on_after_sigkill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
