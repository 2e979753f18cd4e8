/* What if we are stopped while a subject works, and how long may it talk?
 *
 * The test is its own subject: started with a word, it plays that role instead of testing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "cycle/subject.h"

#define LONG_NS (60 * CLOCK_NS_PER_S)
#define MIB     (INT64_C(1) << 20)

static const char opened[] = "{\"op\":\"opened\",\"protocol\":1,\"name\":\"test\"}\n";
static char self[4096];

struct fixture {
    char folder[64];
    char *log;
    struct subject subject;
};

/* ---- the other side ---- */

static void hear(void)
{
    char byte;
    while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n')
        ;
}

static void say(int fd, const char *words, size_t length)
{
    if (write(fd, words, length) != (ssize_t)length)
        _exit(9);
}

/* Stops who asked, answers meanwhile, and lets him go on 300 ms later. */
static void stop_who_asks(void)
{
    pid_t asking = getppid();
    hear();
    kill(asking, SIGSTOP);
    say(STDOUT_FILENO, opened, strlen(opened));
    clock_sleep_until(clock_now_ns() + 300 * CLOCK_NS_PER_MS);
    kill(asking, SIGCONT);
}

/* Goes on and on telling him to go on, and never answers. */
static void nag(void)
{
    for (;;) {
        kill(getppid(), SIGCONT);
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
    }
}

/* Begins and ends with a word, and writes so much in between; then answers. */
static void talk(int64_t bytes)
{
    static char block[1 << 16];
    memset(block, 'x', sizeof block);
    hear();
    say(STDERR_FILENO, "BEGIN", 5);
    for (int64_t i = 0; i < bytes; i += (int64_t)sizeof block)
        say(STDERR_FILENO, block, sizeof block);
    say(STDERR_FILENO, "END", 3);
    say(STDOUT_FILENO, opened, strlen(opened));
    hear();
}

static void behave(const char *how)
{
    if (strcmp(how, "stops us") == 0)
        stop_who_asks();
    if (strcmp(how, "nags") == 0)
        nag();
    if (strcmp(how, "talks") == 0)
        talk(100 * MIB);
    if (strcmp(how, "talks a little") == 0)
        talk(MIB);
    hear();
    exit(0);
}

/* ---- this side ---- */

static int set_up(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/spawnbench-test-XXXXXX");
    if (!mkdtemp(fixture->folder))
        return -1;
    fixture->log = text_format("%s/subject.log", fixture->folder);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    subject_stop(&fixture->subject, true, CLOCK_NS_PER_S, NULL);
    unlink(fixture->log);
    rmdir(fixture->folder);
    free(fixture->log);
    free(fixture);
    return 0;
}

static void start(struct fixture *fixture, const char *how)
{
    const char *const argv[] = {self, how, NULL};
    struct err err = {0};
    if (subject_start(&fixture->subject, argv, NULL, fixture->log, &err) < 0)
        fail_msg("%s", err.text);
}

static enum subject_answer ask(struct fixture *fixture, int64_t patience_ns)
{
    cJSON *answer = NULL;
    enum subject_answer came = subject_ask(&fixture->subject, "{\"op\":\"open\"}", "opened",
                                           clock_now_ns() + patience_ns, NULL, NULL, &answer);
    cJSON_Delete(answer);
    return came;
}

/* Nor is an answer late that lay there when the deadline passed. */
static void that_we_were_stopped_is_noted(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, "stops us");
    assert_int_equal(ask(fixture, 100 * CLOCK_NS_PER_MS), SUBJECT_ANSWERED);
    assert_true(fixture->subject.stopped_ns >= 250 * CLOCK_NS_PER_MS);
}

static void who_was_not_stopped_notes_nothing(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, "talks a little");
    assert_int_equal(ask(fixture, LONG_NS), SUBJECT_ANSWERED);
    assert_true(fixture->subject.stopped_ns == 0);
}

static void nobody_puts_off_the_deadline_by_signals(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, "nags");
    assert_int_equal(ask(fixture, 300 * CLOCK_NS_PER_MS), SUBJECT_TIMED_OUT);
    assert_true(fixture->subject.stopped_ns > 0);
}

static int64_t length_of(const char *path)
{
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    return about.st_size;
}

static int64_t room_of(const char *path)
{
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    return (int64_t)about.st_blocks * 512;
}

static void a_log_keeps_its_beginning_and_its_end(void **state)
{
    struct fixture *fixture = *state;
    char begin[6] = "", *tail;
    int64_t cut;
    int fd;
    for (int64_t times = 1; times <= 2; times++) { /* the second one finds what the first one cut */
        start(fixture, "talks");
        assert_int_equal(ask(fixture, LONG_NS), SUBJECT_ANSWERED);
        tail = subject_log_tail(&fixture->subject, 4);
        assert_string_equal(tail, "xEND");
        free(tail);
        assert_true(room_of(fixture->log) <= SUBJECT_LOG_MOST_BYTES);
        subject_stop(&fixture->subject, true, CLOCK_NS_PER_S, NULL);
        assert_true(length_of(fixture->log) <= 2 * SUBJECT_LOG_KEPT_BYTES + 100);
        cut = subject_log_cut(fixture->log);
        assert_true(cut + length_of(fixture->log) >= times * 100 * MIB + 8);
        assert_true(cut + length_of(fixture->log) <= times * (100 * MIB + 8) + 100);
    }
    fd = open(fixture->log, O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, begin, 5), 5);
    close(fd);
    assert_string_equal(begin, "BEGIN");
}

static void a_short_log_is_left_as_it_is(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, "talks a little");
    assert_int_equal(ask(fixture, LONG_NS), SUBJECT_ANSWERED);
    subject_stop(&fixture->subject, true, CLOCK_NS_PER_S, NULL);
    assert_int_equal(length_of(fixture->log), MIB + 8);
    assert_int_equal(subject_log_cut(fixture->log), 0);
}

/* A pipe in its place would keep us waiting for somebody who reads it. */
static void a_log_is_a_regular_file(void **state)
{
    struct fixture *fixture = *state;
    const char *const argv[] = {self, "talks", NULL};
    struct err err = {0};
    assert_int_equal(mkfifo(fixture->log, 0600), 0);
    assert_int_equal(subject_start(&fixture->subject, argv, NULL, fixture->log, &err), -1);
    assert_non_null(strstr(err.text, "it is no regular file"));
    assert_int_equal(subject_log_cut(fixture->log), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(that_we_were_stopped_is_noted),
        TEST(who_was_not_stopped_notes_nothing),
        TEST(nobody_puts_off_the_deadline_by_signals),
        TEST(a_log_keeps_its_beginning_and_its_end),
        TEST(a_short_log_is_left_as_it_is),
        TEST(a_log_is_a_regular_file),
    };
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = '\0';
    if (argc > 1)
        behave(argv[1]);
    interrupt_catch();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
