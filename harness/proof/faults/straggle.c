/* What did an agent leave running? A program of ours, spawnbench-straggler, starts one process more
 * and becomes the agent. What it started holds a lock of a file: as long as that is taken it runs,
 * wherever the kernel has put it. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "proof/faults/faults_internal.h"

#define LOOK_NS (5 * CLOCK_NS_PER_MS)

char **straggle_command(struct injection *injection, const char *folder, size_t number,
                        char *const command[], bool daemon)
{
    char *program = process_find_beside_self("spawnbench-straggler"), **all;
    size_t count = 0;
    if (!program)
        return NULL;
    while (command[count])
        count++;
    all = xcalloc(count + 4, sizeof all[0]);
    injection->straggler = text_format("%s/straggler-%zu", folder, number);
    all[0] = program;
    all[1] = xstrdup(daemon ? "daemon" : "child");
    all[2] = xstrdup(injection->straggler);
    for (size_t i = 0; i < count; i++)
        all[3 + i] = xstrdup(command[i]);
    return all;
}

bool straggle_was_started(const struct injection *injection)
{
    return injection->straggler && access(injection->straggler, F_OK) == 0;
}

/* Its process id while it holds the lock, else 0. */
static pid_t who_holds(const char *path)
{
    char text[32] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    pid_t holder = 0;
    if (fd < 0)
        return 0;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && read(fd, text, sizeof text - 1) > 0)
        holder = (pid_t)strtol(text, NULL, 10);
    close(fd);
    return holder;
}

bool straggle_runs(const struct injection *injection, int64_t until_ns)
{
    if (!injection->straggler)
        return false;
    while (who_holds(injection->straggler)) {
        if (clock_now_ns() >= until_ns)
            return true;
        clock_sleep_until(clock_now_ns() + LOOK_NS);
    }
    return false;
}

void straggle_end(struct injection *injection)
{
    pid_t holder;
    if (!injection->straggler)
        return;
    holder = who_holds(injection->straggler);
    if (holder > 0)
        kill(holder, SIGKILL);
    unlink(injection->straggler);
    free(injection->straggler);
    injection->straggler = NULL;
}
