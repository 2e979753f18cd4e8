/* How can a subject hold the harness up, or stop it? */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "liar.h"

/* Deaf, in another process group, and for ever: from now on only SIGKILL to itself helps. */
void lies_leave_group(struct liar *liar)
{
    static const char *const sleeper[] = {"sleep", "600", NULL};
    struct process child;
    (void)liar;
    signal(SIGTERM, SIG_IGN);
    if (process_start(&child, sleeper, NULL, NULL, -1, NULL) == 0 &&
        setpgid(0, child.pid) == 0) { /* it leads a group of its own, which is ours now */
        kill(child.pid, SIGKILL);
        process_wait(&child, INT64_MAX, NULL);
    }
    for (;;)
        pause();
}

void lies_be_deaf(struct liar *liar)
{
    (void)liar;
    signal(SIGTERM, SIG_IGN);
    close(STDIN_FILENO);
    for (;;)
        pause();
}

void lies_stop_itself(struct liar *liar)
{
    (void)liar;
    raise(SIGSTOP);
}

void lies_stop_the_harness(struct liar *liar)
{
    (void)liar;
    kill(getppid(), SIGSTOP);
    clock_sleep_until(clock_now_ns() + 100 * CLOCK_NS_PER_MS);
    kill(getppid(), SIGCONT);
}
