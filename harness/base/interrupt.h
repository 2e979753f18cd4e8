/* interrupt - SIGINT, SIGTERM and SIGHUP as something to ask for,
 * not something that happens anywhere; and SIGCONT as something to have seen. */
#ifndef BASE_INTERRUPT_H
#define BASE_INTERRUPT_H

#include <stdint.h>

#include "base/err.h"

/* interrupt_catch - from now on the first of these signals only sets what interrupt_seen tells, and
 * makes interrupt_fd readable; a second one, more than 50 ms later, ends us at once with 128 + n.
 * SIGHUP stays ignored where it was (nohup). Called once, early in main. */
void interrupt_catch(void);

/* interrupt_seen - the signal that asked us to stop, or 0 */
int interrupt_seen(void);

/*
 * interrupt_continued - how often we were told to go on (SIGCONT), as after ^Z and fg; when last
 *
 * How long we had been stopped nobody tells: at most since we last know that we ran.
 */
int interrupt_continued(int64_t *when_ns);

/* interrupt_check - 0, or -1 and ERR_INTERRUPTED when such a signal came */
int interrupt_check(struct err *err);

/* interrupt_fd - readable from the moment such a signal arrives, for poll; -1 before
 * interrupt_catch */
int interrupt_fd(void);

/* interrupt_sleep_until - sleep until this CLOCK_MONOTONIC instant or such a signal */
void interrupt_sleep_until(int64_t deadline_ns);

#endif
