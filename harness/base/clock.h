/* clock - the clocks of the project: one to measure with, one to date with. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_NS_PER_MS INT64_C(1000000)
#define CLOCK_NS_PER_S  INT64_C(1000000000)

/* clock_now_ns - CLOCK_MONOTONIC, ns since an arbitrary start; what every duration is made of
 * source : clock_gettime(2) */
int64_t clock_now_ns(void);

/* clock_wall_ns - CLOCK_REALTIME, ns since 1970-01-01 UTC; for dates only, never for durations */
int64_t clock_wall_ns(void);

/* clock_read_ns - any clock of clock_gettime(2) in ns; -1 when there is no such clock */
int64_t clock_read_ns(clockid_t id);

/*
 * clock_believable - a time or duration as a stranger told it, held within 73 years of zero
 *
 * What an answer, a witness or a stored cycle says may be any number. A machine is not up for so
 * long, and the other clocks do not show as much before 2043, so what is beyond stays as wrong as
 * it was. Sums of up to four such numbers are defined. One that was held is not to be quoted.
 */
int64_t clock_believable(int64_t ns);

/* clock_sum - a + b, held at the edge of int64_t: for sums over as many as a stranger has stored */
int64_t clock_sum(int64_t a, int64_t b);

/* clock_sleep_until - sleep until a CLOCK_MONOTONIC instant, signals notwithstanding */
void clock_sleep_until(int64_t deadline_ns);

#endif
