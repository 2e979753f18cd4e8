/* inherited - what a program got from whoever started it, besides descriptors: signals that are
 * ignored or blocked.
 *
 * Normal use: inherited_reset first in main. Both pass through exec: a SIGCHLD that a parent
 * ignored reaps our children for us, a SIGTERM that it ignored cannot end us. Header only: the
 * agent is built without our libraries.
 */
#ifndef BASE_INHERITED_H
#define BASE_INHERITED_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * inherited_reset - nothing is blocked, and nothing ignored but what is ignored on purpose
 *
 * That is SIGHUP, see nohup(1), and the signals of job control, which a shell without it ignores.
 * source : execve(2), signal(7), credentials(7)
 */
static inline void inherited_reset(void)
{
    static const int on_purpose[] = {SIGHUP, SIGTSTP, SIGTTIN, SIGTTOU};
    sigset_t none;
    for (int number = 1; number < NSIG; number++) {
        struct sigaction now;
        bool keep = false;
        for (size_t i = 0; i < sizeof on_purpose / sizeof on_purpose[0]; i++)
            keep = keep || on_purpose[i] == number;
        if (!keep && sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
            signal(number, SIG_DFL);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

#endif
