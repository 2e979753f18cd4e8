/* When may the next block begin? Blocks spread over a declared time, so that a verdict is about
 * more than one moment of the machine. */
#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "cli/cli.h"

static bool begins_block(const struct plan *plan, size_t index)
{
    const struct plan_item *item = &plan->items[index];
    if (item->warmup)
        return false;
    return index == 0 || plan->items[index - 1].block != item->block ||
           plan->items[index - 1].value != item->value;
}

struct cli_pace pace_make(const struct plan *plan, int64_t spread_ns)
{
    int64_t blocks = 0;
    for (size_t i = 0; i < plan->count; i++) {
        blocks += begins_block(plan, i);
        if (plan->items[i].look)
            break;
    }
    return (struct cli_pace){.interval_ns = blocks > 1 ? spread_ns / (blocks - 1) : 0};
}

/* A signal ends the sleep, and the walk sees it then. */
static void sleep_until(int64_t deadline_ns)
{
    struct timespec until = {.tv_sec = deadline_ns / CLOCK_NS_PER_S,
                             .tv_nsec = deadline_ns % CLOCK_NS_PER_S};
    while (!interrupt_seen() &&
           clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        continue;
}

void pace_wait(struct cli_pace *pace, const struct plan *plan, size_t index)
{
    if (!pace->interval_ns || !begins_block(plan, index))
        return;
    if (!pace->begun_ns)
        pace->begun_ns = clock_now_ns();
    sleep_until(pace->begun_ns + pace->blocks++ * pace->interval_ns);
}
