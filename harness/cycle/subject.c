/* How is the program under test asked, so that nothing it does can hang or crash us? */
#include "cycle/subject.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/json.h"

int subject_start(struct subject *out, const char *const argv[], char *const environment[],
                  const char *log_path, struct err *err)
{
    return subject_start_in(out, argv, environment, log_path, NULL, 0, err);
}

int subject_start_in(struct subject *out, const char *const argv[], char *const environment[],
                     const char *log_path, const int join[], size_t join_count, struct err *err)
{
    int rc, told;
    struct subject_log *log = subject_log_open(log_path, &told, err);
    *out = (struct subject){.process = {.pidfd = -1, .in = -1, .out = -1}};
    if (!log)
        return -1;
    rc = process_start_in(&out->process, argv, environment, told, join, join_count, err);
    close(told);
    if (rc < 0) {
        subject_log_close(log);
        return -1;
    }
    out->log = log;
    fcntl(out->process.in, F_SETFL, O_NONBLOCK);
    fcntl(out->process.out, F_SETFL, O_NONBLOCK);
    return 0;
}

static enum subject_answer ended(struct subject *subject, const char *how)
{
    snprintf(subject->trouble, sizeof subject->trouble, "%s", how);
    return SUBJECT_ENDED;
}

#define WAKE_NS (100 * CLOCK_NS_PER_MS) /* while we wait: so long a log may grow unseen */

/* How long an answer is waited for, and what happened meanwhile. */
struct patience {
    int64_t deadline_ns;
    int64_t ran_ns;            /* when we last know that we were not stopped */
    int64_t look_ns, bound_ns; /* when the onlooker is to look next, and the log to be bounded */
    int continued;             /* interrupt_continued until then */
};

/* Let the onlooker look, if it is time; how long nobody needs to be woken. */
static int64_t look_on(const struct subject *subject, int64_t *next_ns)
{
    const struct subject_onlooker *onlooker = &subject->onlooker;
    int64_t now_ns, rest_ns;
    if (!onlooker->look)
        return INT64_MAX;
    now_ns = clock_now_ns();
    if (now_ns < *next_ns)
        return *next_ns - now_ns;
    rest_ns = onlooker->look(onlooker->context);
    *next_ns = rest_ns < INT64_MAX - now_ns ? now_ns + rest_ns : INT64_MAX;
    return rest_ns;
}

/* Were we stopped since we last know that we ran? We wake up often enough that a gap tells a stop
 * from a SIGCONT that followed none: nobody puts off the deadline with those. */
static void note_stop(struct subject *subject, struct patience *patience)
{
    int64_t when_ns;
    int times = interrupt_continued(&when_ns);
    if (times != patience->continued) {
        int64_t stopped_ns = when_ns > patience->ran_ns ? when_ns - patience->ran_ns : 1;
        patience->continued = times;
        patience->deadline_ns += stopped_ns > 2 * WAKE_NS ? stopped_ns : 0;
        subject->stopped_ns += stopped_ns;
    }
    patience->ran_ns = clock_now_ns();
}

/* What there is to do while we wait. returns: for how long nobody needs to be woken, ns */
static int64_t attend(struct subject *subject, struct patience *patience)
{
    int64_t rest_ns = look_on(subject, &patience->look_ns);
    note_stop(subject, patience);
    if (patience->ran_ns >= patience->bound_ns) {
        subject_log_bound(subject->log);
        patience->bound_ns = patience->ran_ns + WAKE_NS;
    }
    if (subject->late.look && patience->ran_ns >= subject->late_ns) {
        subject->late.look(subject->late.context);
        subject->late = (struct subject_onlooker){0};
        patience->ran_ns = clock_now_ns();
    }
    return rest_ns < WAKE_NS ? rest_ns : WAKE_NS;
}

/* Wait until the descriptor can be used, a signal asked us to stop, or the deadline is over. */
static enum subject_answer wait_for(struct subject *subject, int fd, short events,
                                    struct patience *patience)
{
    /* the pidfd tells an end that its pipes do not, when a child of it still holds them */
    struct pollfd watch[] = {
        {fd, events, 0}, {interrupt_fd(), POLLIN, 0}, {subject->process.pidfd, POLLIN, 0}};
    for (;;) {
        int64_t rest_ns = attend(subject, patience);
        int64_t left_ns = patience->deadline_ns - clock_now_ns();
        struct timespec most = {0};
        int ready;
        rest_ns = rest_ns < left_ns ? rest_ns : left_ns;
        if (rest_ns > 0)
            most = (struct timespec){rest_ns / CLOCK_NS_PER_S, rest_ns % CLOCK_NS_PER_S};
        ready = ppoll(watch, 3, &most, NULL);
        if (ready > 0 && watch[0].revents)
            return SUBJECT_ANSWERED;
        if (ready > 0 && watch[2].revents)
            return ended(subject, "it ended before it answered");
        if (interrupt_seen())
            return SUBJECT_INTERRUPTED;
        /* only now: who was kept from running himself has not looked yet */
        if (left_ns <= 0 && ready == 0) {
            snprintf(subject->trouble, sizeof subject->trouble,
                     "it did not answer before the deadline");
            return SUBJECT_TIMED_OUT;
        }
    }
}

static enum subject_answer send_line(struct subject *subject, const char *line,
                                     struct patience *patience)
{
    struct text message = {0};
    enum subject_answer answer = SUBJECT_ANSWERED;
    size_t sent = 0;
    text_add(&message, line);
    text_add(&message, "\n");
    while (sent < message.length && answer == SUBJECT_ANSWERED) {
        ssize_t done = write(subject->process.in, message.data + sent, message.length - sent);
        if (done > 0)
            sent += (size_t)done;
        else if (done < 0 && errno == EAGAIN)
            answer = wait_for(subject, subject->process.in, POLLOUT, patience);
        else if (done < 0 && errno != EINTR)
            answer = ended(subject, "it reads no more (it exited or closed its stdin)");
    }
    text_release(&message);
    return answer;
}

/* Read until a whole line is there; *length without the newline. */
static enum subject_answer read_line(struct subject *subject, struct patience *patience,
                                     size_t *length)
{
    char block[65536];
    size_t searched = 0;
    for (;;) {
        enum subject_answer answer;
        ssize_t got;
        char *newline = subject->incoming.length > searched
                            ? memchr(subject->incoming.data + searched, '\n',
                                     subject->incoming.length - searched)
                            : NULL;
        if (newline) {
            *length = (size_t)(newline - subject->incoming.data);
            return SUBJECT_ANSWERED;
        }
        searched = subject->incoming.length;
        if (searched > SUBJECT_MOST_ANSWER_BYTES) {
            snprintf(subject->trouble, sizeof subject->trouble,
                     "it wrote more than %d bytes without a newline", SUBJECT_MOST_ANSWER_BYTES);
            return SUBJECT_NONSENSE;
        }
        got = read(subject->process.out, block, sizeof block);
        if (got > 0) {
            text_add_bytes(&subject->incoming, block, (size_t)got);
            continue;
        }
        if (got == 0)
            return ended(subject, "it ended or closed its stdout before it answered");
        if (errno != EAGAIN && errno != EINTR)
            return ended(subject, strerror(errno));
        answer = wait_for(subject, subject->process.out, POLLIN, patience);
        if (answer != SUBJECT_ANSWERED)
            return answer;
    }
}

/* One answer must be one object with the right "op"; whatever else is told with its first bytes. */
static enum subject_answer understand(struct subject *subject, size_t length, const char *op,
                                      cJSON **out)
{
    struct err err = {0};
    cJSON *message = NULL;
    const char *said = NULL;
    enum subject_answer answer = SUBJECT_NONSENSE;
    char *line = subject->incoming.data;
    line[length] = '\0';
    if (json_parse(&message, line, length, &err) == 0)
        said = json_string(message, "op");
    if (said && strcmp(said, op) == 0) {
        *out = message;
        message = NULL;
        answer = SUBJECT_ANSWERED;
    } else if (said && strcmp(said, "error") == 0) {
        const char *text = json_string(message, "text");
        snprintf(subject->trouble, sizeof subject->trouble, "it answered with an error: %s",
                 text ? text : "no text");
        answer = SUBJECT_REFUSED;
    } else {
        snprintf(subject->trouble, sizeof subject->trouble,
                 "expected one JSON object with \"op\":\"%s\"%s%.80s, got '%.120s'", op,
                 err.code ? ": " : "", err.code ? err.text : "", line);
    }
    text_make_printable(subject->trouble);
    cJSON_Delete(message);
    text_drop_front(&subject->incoming, length + 1);
    return answer;
}

/* What it wrote before it was asked, also while nobody read. Its end is met when it is asked. */
static void take_waiting(struct subject *subject)
{
    char block[4096];
    ssize_t got = read(subject->process.out, block, sizeof block);
    if (got > 0)
        text_add_bytes(&subject->incoming, block, (size_t)got);
}

enum subject_answer subject_ask(struct subject *subject, const char *line, const char *op,
                                int64_t deadline_ns, int64_t *sent_ns, int64_t *answered_ns,
                                cJSON **answer)
{
    struct patience patience = {.deadline_ns = deadline_ns};
    enum subject_answer came;
    size_t length = 0;
    int64_t end_ns;
    *answer = NULL;
    take_waiting(subject);
    subject->stopped_ns = 0;
    if (subject->incoming.length > 0) {
        snprintf(subject->trouble, sizeof subject->trouble,
                 "it wrote %zu bytes that nobody asked for", subject->incoming.length);
        return SUBJECT_NONSENSE;
    }
    patience.continued = interrupt_continued(&end_ns);
    patience.ran_ns = clock_now_ns();
    patience.bound_ns = patience.ran_ns + WAKE_NS;
    if (sent_ns)
        *sent_ns = patience.ran_ns;
    came = send_line(subject, line, &patience);
    if (came == SUBJECT_ANSWERED && subject->onlooker.look)
        subject->onlooker.look(subject->onlooker.context); /* also when the answer is there now */
    if (came == SUBJECT_ANSWERED)
        came = read_line(subject, &patience, &length);
    end_ns = clock_now_ns();
    if (answered_ns)
        *answered_ns = end_ns;
    note_stop(subject, &patience);
    subject_log_bound(subject->log);
    subject->late = (struct subject_onlooker){0};
    return came == SUBJECT_ANSWERED ? understand(subject, length, op, answer) : came;
}

bool subject_stop(struct subject *subject, bool force, int64_t grace_ns,
                  struct process_exit *out_ended)
{
    struct process_exit how = {.status = -1};
    bool closed = false;
    if (subject->process.pid) {
        if (!force) {
            cJSON *answer = NULL;
            closed = subject_ask(subject, "{\"op\":\"close\"}", "closed", clock_now_ns() + grace_ns,
                                 NULL, NULL, &answer) == SUBJECT_ANSWERED;
            cJSON_Delete(answer);
        }
        if (subject->process.in >= 0)
            close(subject->process.in);
        subject->process.in = -1;
        if (!closed || !process_wait(&subject->process, clock_now_ns() + grace_ns, &how)) {
            closed = false;
            process_end(&subject->process, grace_ns, &how);
        }
    }
    text_release(&subject->incoming);
    subject_log_close(subject->log);
    *subject = (struct subject){.process = {.pidfd = -1, .in = -1, .out = -1}};
    if (out_ended)
        *out_ended = how;
    return closed && how.status == 0;
}

char *subject_log_tail(const struct subject *subject, size_t most_bytes)
{
    return subject_log_last(subject->log, most_bytes);
}
