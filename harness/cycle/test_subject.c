/* Does every question come back in time, whatever the program behind the door does? */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "cycle/subject.h"

#define LONG_NS  (60 * CLOCK_NS_PER_S)   /* for what must be answered */
#define SHORT_NS (200 * CLOCK_NS_PER_MS) /* for what never is */

static const char opened[] = "{\"op\":\"opened\",\"protocol\":1,\"name\":\"test\"}\n";

/* ---- the other side: this program, started again with the name of a behaviour ---- */

static void say(const char *words)
{
    if (write(STDOUT_FILENO, words, strlen(words)) < 0)
        _exit(9);
}

static void hear(void)
{
    char byte;
    while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n')
        ;
}

static void wait_for_ever(void)
{
    for (;;)
        pause();
}

static void answer_byte_by_byte(void)
{
    hear();
    for (const char *c = opened; *c; c++) {
        say((char[]){*c, '\0'});
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS / 2);
    }
    wait_for_ever();
}

static void drip_without_end(void)
{
    for (;;) {
        say("x");
        clock_sleep_until(clock_now_ns() + CLOCK_NS_PER_MS);
    }
}

static void answer_large(void)
{
    struct text answer = {0};
    hear();
    text_add(&answer, "{\"op\":\"opened\",\"padding\":\"");
    for (int i = 0; i < 300000; i++)
        text_add(&answer, "0123456789");
    text_add(&answer, "\"}\n");
    for (size_t sent = 0; sent < answer.length;) {
        ssize_t done = write(STDOUT_FILENO, answer.data + sent, answer.length - sent);
        if (done < 0)
            _exit(9);
        sent += (size_t)done;
    }
    wait_for_ever();
}

static void flood(void)
{
    for (;;)
        say("no newline anywhere in all these words ");
}

static void answer_twice(void)
{
    struct text both = {0};
    hear();
    text_add(&both, opened);
    text_add(&both, opened);
    say(both.data);
    wait_for_ever();
}

static void answer_then(int status)
{
    hear();
    say(opened);
    hear();
    say("{\"op\":\"closed\"}\n");
    exit(status);
}

static void refuse_to_end(void)
{
    signal(SIGTERM, SIG_IGN);
    hear();
    say(opened);
    wait_for_ever();
}

static void behave(const char *how)
{
    if (strcmp(how, "byte-by-byte") == 0)
        answer_byte_by_byte();
    if (strcmp(how, "large") == 0)
        answer_large();
    if (strcmp(how, "mute") == 0)
        wait_for_ever();
    if (strcmp(how, "twice") == 0)
        answer_twice();
    if (strcmp(how, "refuses-to-end") == 0)
        refuse_to_end();
    if (strcmp(how, "exits-1-after-close") == 0)
        answer_then(1);
    hear();
    if (strcmp(how, "drips") == 0)
        drip_without_end();
    if (strcmp(how, "floods") == 0)
        flood();
    if (strcmp(how, "closes-stdout") == 0) {
        close(STDOUT_FILENO);
        wait_for_ever();
    }
    if (strcmp(how, "half-a-line") == 0)
        say("{\"op\":\"ope");
    if (strcmp(how, "wrong-op") == 0)
        say("{\"op\":\"spawned\"}\n");
    if (strcmp(how, "says-error") == 0)
        say("{\"op\":\"error\",\"text\":\"out of \\u001b[31mluck\"}\n");
    if (strcmp(how, "array") == 0)
        say("[\"op\",\"opened\"]\n");
    if (strcmp(how, "key-twice") == 0)
        say("{\"op\":\"opened\",\"name\":\"a\",\"name\":\"b\"}\n");
    if (strcmp(how, "empty-line") == 0)
        say("\n");
    if (strcmp(how, "binary") == 0)
        say("\xff\xfe\x01\n");
    if (strcmp(how, "logs") == 0)
        fprintf(stderr, "first line\nlast \x1bwords\n");
    exit(3);
}

/* ---- this side ---- */

struct fixture {
    char folder[64];
    char *log, *self;
    struct subject subject;
    cJSON *answer;
};

static int make(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof *fixture);
    char self[4096] = "";
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/spawnbench-test-XXXXXX");
    if (!mkdtemp(fixture->folder) || readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        return -1;
    fixture->self = xstrdup(self);
    fixture->log = text_format("%s/log", fixture->folder);
    *state = fixture;
    return 0;
}

/* Also the check that holds after every test: nothing is left running. */
static int unmake(void **state)
{
    struct fixture *fixture = *state;
    struct process_view left;
    size_t count;
    cJSON_Delete(fixture->answer);
    subject_stop(&fixture->subject, true, LONG_NS, NULL);
    count = process_children(getpid(), &left, 1);
    unlink(fixture->log);
    rmdir(fixture->folder);
    free(fixture->log);
    free(fixture->self);
    free(fixture);
    return count ? -1 : 0;
}

static void start(struct fixture *fixture, const char *const argv[])
{
    struct err err = {0};
    if (subject_start(&fixture->subject, argv, NULL, fixture->log, &err) < 0)
        fail_msg("%s", err.text);
}

static void start_behaviour(struct fixture *fixture, const char *how)
{
    start(fixture, (const char *const[]){fixture->self, how, NULL});
}

static enum subject_answer ask(struct fixture *fixture, const char *line, const char *op,
                               int64_t patience_ns)
{
    int64_t sent_ns = 0, answered_ns = 0;
    enum subject_answer came;
    cJSON_Delete(fixture->answer);
    came = subject_ask(&fixture->subject, line, op, clock_now_ns() + patience_ns, &sent_ns,
                       &answered_ns, &fixture->answer);
    assert_int_equal(fixture->answer != NULL, came == SUBJECT_ANSWERED);
    assert_true(answered_ns >= sent_ns);
    if (came != SUBJECT_ANSWERED && came != SUBJECT_INTERRUPTED)
        assert_true(fixture->subject.trouble[0]);
    return came;
}

static enum subject_answer ask_open(struct fixture *fixture, int64_t patience_ns)
{
    return ask(fixture, "{\"op\":\"open\",\"protocol\":1}", "opened", patience_ns);
}

static void the_null_subject_answers_everything_and_closes(void **state)
{
    struct fixture *fixture = *state;
    struct process_exit ended;
    start(fixture, (const char *const[]){BINARY_DIR "/spawnbench-null", NULL});
    assert_int_equal(ask_open(fixture, LONG_NS), SUBJECT_ANSWERED);
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(fixture->answer, "records")));
    assert_int_equal(ask(fixture, "{\"op\":\"spawn\",\"batch\":7,\"agents\":[{\"id\":\"7.0\"}]}",
                         "spawned", LONG_NS),
                     SUBJECT_ANSWERED);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(fixture->answer, "agents")), 1);
    assert_int_equal(ask(fixture, "{\"op\":\"finish\",\"batch\":7}", "finished", LONG_NS),
                     SUBJECT_ANSWERED);
    assert_true(subject_stop(&fixture->subject, false, LONG_NS, &ended));
    assert_int_equal(ended.status, 0);
}

static void what_the_null_subject_does_not_know_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, (const char *const[]){BINARY_DIR "/spawnbench-null", NULL});
    assert_int_equal(ask(fixture, "{\"op\":\"dance\"}", "danced", LONG_NS), SUBJECT_REFUSED);
    assert_string_equal(fixture->subject.trouble, "it answered with an error: unknown op");
}

static void cat_says_back_what_it_was_told_which_is_nonsense(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, (const char *const[]){"cat", NULL});
    assert_int_equal(ask_open(fixture, LONG_NS), SUBJECT_NONSENSE);
    assert_non_null(strstr(fixture->subject.trouble, "\"op\":\"opened\", got '{\"op\":\"open\""));
    assert_false(subject_stop(&fixture->subject, false, LONG_NS, NULL));
}

static void a_program_that_is_not_there_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    assert_int_equal(subject_start(&fixture->subject,
                                   (const char *const[]){"/no/such/spawner", NULL}, NULL,
                                   fixture->log, &err),
                     -1);
    assert_int_equal(err.code, ERR_UNFIT);
    assert_non_null(strstr(err.text, "'/no/such/spawner': No such file"));
}

static void a_log_that_cannot_be_written_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    assert_int_equal(subject_start(&fixture->subject, (const char *const[]){"cat", NULL}, NULL,
                                   "/no/such/folder/log", &err),
                     -1);
    assert_int_equal(err.code, ERR_SYSTEM);
    assert_non_null(strstr(err.text, "/no/such/folder/log"));
}

static void every_way_to_answer_wrongly_has_its_word(void **state)
{
    static const struct {
        const char *how;
        enum subject_answer came;
        const char *told;
    } cases[] = {
        {"exits", SUBJECT_ENDED, "ended"},
        {"closes-stdout", SUBJECT_ENDED, "closed its stdout"},
        {"half-a-line", SUBJECT_ENDED, "before it answered"},
        {"wrong-op", SUBJECT_NONSENSE, "got '{\"op\":\"spawned\"}'"},
        {"says-error", SUBJECT_REFUSED, "with an error: out of ?[31mluck"},
        {"array", SUBJECT_NONSENSE, "expected one JSON object"},
        {"key-twice", SUBJECT_NONSENSE, "key 'name' is given twice"},
        {"empty-line", SUBJECT_NONSENSE, "got ''"},
        {"binary", SUBJECT_NONSENSE,
         "got '?"
         "?"
         "?'"},
        {"floods", SUBJECT_NONSENSE, "without a newline"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum subject_answer came;
        start_behaviour(fixture, cases[i].how);
        came = ask_open(fixture, LONG_NS);
        if (came != cases[i].came || !strstr(fixture->subject.trouble, cases[i].told))
            fail_msg("'%s': %d, %s", cases[i].how, came, fixture->subject.trouble);
        subject_stop(&fixture->subject, true, LONG_NS, NULL);
    }
}

static void who_never_answers_is_timed_out_and_ended(void **state)
{
    static const char *const silent[] = {"mute", "drips"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < 2; i++) {
        start_behaviour(fixture, silent[i]);
        assert_int_equal(ask_open(fixture, SHORT_NS), SUBJECT_TIMED_OUT);
        subject_stop(&fixture->subject, true, LONG_NS, NULL);
        assert_int_equal(fixture->subject.process.pid, 0);
    }
}

static void who_never_reads_a_large_request_is_timed_out(void **state)
{
    struct fixture *fixture = *state;
    char *request = xcalloc(1 << 20, 1);
    memset(request, ' ', (1 << 20) - 1);
    start_behaviour(fixture, "mute");
    assert_int_equal(ask(fixture, request, "opened", SHORT_NS), SUBJECT_TIMED_OUT);
    free(request);
}

static void a_large_request_is_read_to_its_end(void **state)
{
    struct fixture *fixture = *state;
    char *request = xcalloc(1 << 20, 1);
    size_t used = (size_t)snprintf(request, 1 << 20, "{\"op\":\"open\"}");
    memset(request + used, ' ', (1 << 20) - 1 - used);
    start(fixture, (const char *const[]){BINARY_DIR "/spawnbench-null", NULL});
    assert_int_equal(ask(fixture, request, "opened", LONG_NS), SUBJECT_ANSWERED);
    free(request);
}

static void slow_and_large_answers_are_heard_to_their_end(void **state)
{
    static const char *const patient[] = {"byte-by-byte", "large"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < 2; i++) {
        start_behaviour(fixture, patient[i]);
        assert_int_equal(ask_open(fixture, LONG_NS), SUBJECT_ANSWERED);
        subject_stop(&fixture->subject, true, LONG_NS, NULL);
    }
}

/* What an onlooker saw, and the subject it kills when it has seen enough. */
struct onlooker {
    int looks, enough;
    pid_t subject;
};

static int64_t look_on(void *context)
{
    struct onlooker *onlooker = context;
    if (++onlooker->looks == onlooker->enough)
        kill(onlooker->subject, SIGKILL);
    return onlooker->enough ? 1000 : INT64_MAX;
}

static void an_onlooker_is_asked_again_and_again_while_nobody_answers(void **state)
{
    struct fixture *fixture = *state;
    struct onlooker onlooker = {.enough = 20};
    start(fixture, (const char *const[]){"sleep", "60", NULL});
    onlooker.subject = fixture->subject.process.pid;
    fixture->subject.onlooker = (struct subject_onlooker){look_on, &onlooker};
    assert_int_equal(ask_open(fixture, LONG_NS), SUBJECT_ENDED);
    assert_true(onlooker.looks >= 20);
    subject_stop(&fixture->subject, true, LONG_NS, NULL);
    /* who wants to see no more is not asked for ever: the deadline ends it */
    onlooker = (struct onlooker){0};
    start(fixture, (const char *const[]){"sleep", "60", NULL});
    fixture->subject.onlooker = (struct subject_onlooker){look_on, &onlooker};
    assert_int_equal(ask_open(fixture, 50 * CLOCK_NS_PER_MS), SUBJECT_TIMED_OUT);
    assert_in_range(onlooker.looks, 1, 3);
}

static void an_answer_nobody_asked_for_is_nonsense(void **state)
{
    struct fixture *fixture = *state;
    start_behaviour(fixture, "twice");
    assert_int_equal(ask_open(fixture, LONG_NS), SUBJECT_ANSWERED);
    assert_int_equal(ask_open(fixture, LONG_NS), SUBJECT_NONSENSE);
    assert_non_null(strstr(fixture->subject.trouble, "nobody asked for"));
}

/* cat(1) has been told something by somebody else, and says it before it is asked. */
static void an_answer_that_waits_in_the_pipe_is_nonsense(void **state)
{
    struct fixture *fixture = *state;
    struct pollfd out;
    start(fixture, (const char *const[]){"cat", NULL});
    assert_int_equal(write(fixture->subject.process.in, opened, strlen(opened)), strlen(opened));
    out = (struct pollfd){fixture->subject.process.out, POLLIN, 0};
    assert_int_equal(poll(&out, 1, -1), 1);
    assert_int_equal(ask_open(fixture, LONG_NS), SUBJECT_NONSENSE);
    assert_non_null(strstr(fixture->subject.trouble, "nobody asked for"));
}

static void who_is_gone_cannot_be_asked(void **state)
{
    struct fixture *fixture = *state;
    start_behaviour(fixture, "exits");
    assert_int_equal(ask_open(fixture, LONG_NS), SUBJECT_ENDED);
    assert_int_equal(ask_open(fixture, LONG_NS), SUBJECT_ENDED);
}

static void closing_is_clean_only_with_exit_status_0(void **state)
{
    struct fixture *fixture = *state;
    struct process_exit ended;
    start_behaviour(fixture, "exits-1-after-close");
    assert_int_equal(ask_open(fixture, LONG_NS), SUBJECT_ANSWERED);
    assert_false(subject_stop(&fixture->subject, false, LONG_NS, &ended));
    assert_int_equal(ended.status, 1);
}

static void who_refuses_to_end_is_killed(void **state)
{
    struct fixture *fixture = *state;
    struct process_exit ended;
    start_behaviour(fixture, "refuses-to-end");
    assert_int_equal(ask_open(fixture, LONG_NS), SUBJECT_ANSWERED);
    assert_false(subject_stop(&fixture->subject, false, SHORT_NS, &ended));
    assert_int_equal(ended.signal, SIGKILL);
}

static void the_end_of_the_log_is_told_printably(void **state)
{
    struct fixture *fixture = *state;
    char *tail;
    start_behaviour(fixture, "logs");
    assert_int_equal(ask_open(fixture, LONG_NS), SUBJECT_ENDED);
    tail = subject_log_tail(&fixture->subject, 200);
    assert_string_equal(tail, "first line\nlast ?words");
    free(tail);
    tail = subject_log_tail(&fixture->subject, 6);
    assert_string_equal(tail, "words");
    free(tail);
}

/* The last one: from here on this process was asked to stop. */
static void a_signal_ends_the_waiting_also_the_second_time(void **state)
{
    struct fixture *fixture = *state;
    interrupt_catch();
    start_behaviour(fixture, "mute");
    for (int i = 0; i < 2; i++) {
        raise(SIGINT);
        assert_int_equal(ask_open(fixture, LONG_NS), SUBJECT_INTERRUPTED);
    }
    assert_int_equal(interrupt_seen(), SIGINT);
    assert_false(subject_stop(&fixture->subject, false, LONG_NS, NULL));
    assert_int_equal(fixture->subject.process.pid, 0);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(the_null_subject_answers_everything_and_closes),
        WITH_FOLDER(what_the_null_subject_does_not_know_is_an_error),
        WITH_FOLDER(cat_says_back_what_it_was_told_which_is_nonsense),
        WITH_FOLDER(a_program_that_is_not_there_is_told),
        WITH_FOLDER(a_log_that_cannot_be_written_is_told),
        WITH_FOLDER(every_way_to_answer_wrongly_has_its_word),
        WITH_FOLDER(who_never_answers_is_timed_out_and_ended),
        WITH_FOLDER(who_never_reads_a_large_request_is_timed_out),
        WITH_FOLDER(a_large_request_is_read_to_its_end),
        WITH_FOLDER(slow_and_large_answers_are_heard_to_their_end),
        WITH_FOLDER(an_onlooker_is_asked_again_and_again_while_nobody_answers),
        WITH_FOLDER(an_answer_nobody_asked_for_is_nonsense),
        WITH_FOLDER(an_answer_that_waits_in_the_pipe_is_nonsense),
        WITH_FOLDER(who_is_gone_cannot_be_asked),
        WITH_FOLDER(closing_is_clean_only_with_exit_status_0),
        WITH_FOLDER(who_refuses_to_end_is_killed),
        WITH_FOLDER(the_end_of_the_log_is_told_printably),
        WITH_FOLDER(a_signal_ends_the_waiting_also_the_second_time),
    };
    if (argc > 1)
        behave(argv[1]);
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
