/* When may the next block begin? Blocks spread over a declared time, so that a verdict is about
 * more than one moment of the machine. */
#include "base/clock.h"
#include "base/interrupt.h"
#include "runner/runner_internal.h"

static bool begins_block(const struct plan *plan, size_t index)
{
    const struct plan_item *item = &plan->items[index];
    if (item->warmup)
        return false;
    return index == 0 || plan->items[index - 1].block != item->block ||
           plan->items[index - 1].value != item->value;
}

struct runner_pace runner_pace_make(const struct plan *plan, int64_t spread_ns)
{
    int64_t blocks = 0;
    for (size_t i = 0; i < plan->count; i++) {
        blocks += begins_block(plan, i);
        if (plan->items[i].look)
            break;
    }
    return (struct runner_pace){.interval_ns = blocks > 1 ? spread_ns / (blocks - 1) : 0};
}

void runner_pace_wait(struct runner_pace *pace, const struct plan *plan, size_t index)
{
    if (!pace->interval_ns || !begins_block(plan, index))
        return;
    if (!pace->begun_ns)
        pace->begun_ns = clock_now_ns();
    interrupt_sleep_until(pace->begun_ns + pace->blocks++ * pace->interval_ns);
}
