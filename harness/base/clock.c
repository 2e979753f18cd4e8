/* What time is it? */
#include "base/clock.h"

#include <errno.h>

int64_t clock_read_ns(clockid_t id)
{
    struct timespec now;
    if (clock_gettime(id, &now) != 0)
        return -1;
    return (int64_t)now.tv_sec * CLOCK_NS_PER_S + now.tv_nsec;
}

int64_t clock_now_ns(void)
{
    return clock_read_ns(CLOCK_MONOTONIC);
}

int64_t clock_wall_ns(void)
{
    return clock_read_ns(CLOCK_REALTIME);
}

int64_t clock_believable(int64_t ns)
{
    const int64_t most = (INT64_C(1) << 61) - 1;
    return ns > most ? most : ns < -most ? -most : ns;
}

int64_t clock_sum(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return a > 0 ? INT64_MAX : INT64_MIN;
    return sum;
}

void clock_sleep_until(int64_t deadline_ns)
{
    struct timespec until = {deadline_ns / CLOCK_NS_PER_S, deadline_ns % CLOCK_NS_PER_S};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
}
