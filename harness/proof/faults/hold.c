/* Who else holds the write lock of the subject's database? A program of ours, spawnbench-holder:
 * locks of this process would vanish with any other look at the file (howtocorrupt.html 2.2). */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "proof/faults/faults_internal.h"

#define HOLD_MS 10000

bool hold_begin(struct injection *injection, const char *database)
{
    char *program = process_find_beside_self("spawnbench-holder"), word[8] = "";
    const char *const argv[] = {program, database, NULL};
    struct pollfd said = {.events = POLLIN};
    bool held = false;
    if (program && process_start(&injection->holder, argv, NULL, NULL, -1, NULL) == 0) {
        said.fd = injection->holder.out;
        held = poll(&said, 1, HOLD_MS) > 0 &&
               read(injection->holder.out, word, sizeof word - 1) > 0 &&
               strncmp(word, "held", 4) == 0;
    }
    free(program);
    return held;
}

bool hold_goes_on(struct injection *injection)
{
    struct process_exit ended;
    if (!injection->holder.pid)
        return false;
    if (!process_wait(&injection->holder, clock_now_ns(), &ended))
        return true;
    injection->holder = (struct process){0};
    return false;
}

/* The end of its stdin tells it to go. */
void hold_end(struct injection *injection)
{
    struct process_exit ended;
    if (!injection->holder.pid)
        return;
    close(injection->holder.in);
    injection->holder.in = -1;
    if (!process_wait(&injection->holder, clock_now_ns() + CLOCK_NS_PER_S, &ended))
        process_end(&injection->holder, CLOCK_NS_PER_S, &ended);
    injection->holder = (struct process){0};
}
