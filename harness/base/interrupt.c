/* Were we asked to stop? A handler notes the signal and writes to a pipe that loops can poll. */
#include "base/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static volatile sig_atomic_t seen;
static int ends[2] = {-1, -1};

static void note(int signal_number)
{
    seen = signal_number;
    if (write(ends[1], "!", 1) < 0)
        return; /* the pipe is full: it is readable already */
}

void interrupt_catch(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = note};
    if (ends[0] < 0 && pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        ends[0] = ends[1] = -1;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaction(signals[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int interrupt_seen(void)
{
    return seen;
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
