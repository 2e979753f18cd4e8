/* Were we asked to stop? A handler notes the signal and writes to a pipe that loops can poll. */
#include "base/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define TWICE_NS (50 * CLOCK_NS_PER_MS)

static volatile sig_atomic_t seen;
static volatile int64_t
    seen_ns; /* written before `seen`, in the handler, which nothing interrupts */
static int ends[2] = {-1, -1};
static volatile sig_atomic_t continued;
static volatile int64_t continued_ns;

/* Asked a second time, we end as we stand: what was measured is stored, subjects die with us
 * (PR_SET_PDEATHSIG). The same request may come twice at once: timeout(1) signals its child, then
 * the group. */
static void note(int signal_number)
{
    int kept = errno;
    if (seen && clock_now_ns() - seen_ns > TWICE_NS)
        _exit(128 + signal_number);
    if (!seen) {
        seen_ns = clock_now_ns();
        seen = signal_number;
    }
    if (write(ends[1], "!", 1) < 0)
        errno = kept; /* the pipe is full: it is readable already */
}

/* Nothing tells a process that it is being stopped, only that it goes on. */
static void note_continued(int signal_number)
{
    (void)signal_number;
    continued_ns = clock_now_ns();
    continued++;
}

void interrupt_catch(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = note}, before;
    struct sigaction go_on = {.sa_handler = note_continued, .sa_flags = SA_RESTART};
    if (ends[0] < 0 && pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        ends[0] = ends[1] = -1;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaddset(&action.sa_mask, signals[i]);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (signals[i] != SIGHUP || sigaction(SIGHUP, NULL, &before) != 0 ||
            before.sa_handler != SIG_IGN) /* nohup(1) */
            sigaction(signals[i], &action, NULL);
    sigemptyset(&go_on.sa_mask);
    sigaction(SIGCONT, &go_on, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int interrupt_seen(void)
{
    return seen;
}

int interrupt_continued(int64_t *when_ns)
{
    *when_ns = continued_ns;
    return continued;
}

int interrupt_check(struct err *err)
{
    if (!seen)
        return 0;
    err_set(err, ERR_INTERRUPTED, "interrupted");
    if (err)
        err->os_error = seen;
    return -1;
}

int interrupt_fd(void)
{
    return ends[0];
}

void interrupt_sleep_until(int64_t deadline_ns)
{
    struct timespec until = {.tv_sec = deadline_ns / CLOCK_NS_PER_S,
                             .tv_nsec = deadline_ns % CLOCK_NS_PER_S};
    while (!interrupt_seen() &&
           clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        continue;
}
